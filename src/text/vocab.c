/* A vocabulary: ids to strings and back. */
#include "text/vocab.h"

#include "base/bounds.h"

#include <string.h>

/* The tag says where a slot belongs and spares most comparisons. */
struct heft_slot {
    uint32_t tag;
    uint32_t id1; /* id + 1; 0: empty */
};

/* Eight bytes at a time, the last of them filled up with zeros. */
static uint32_t tag_of(heft_str s)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t h = s.n * odd, word;
    for (; s.n >= sizeof word; s.p += sizeof word, s.n -= sizeof word) {
        memcpy(&word, s.p, sizeof word);
        h = (h ^ word) * odd;
        h ^= h >> 32;
    }
    word = 0;
    if (s.n) memcpy(&word, s.p, s.n);
    h = (h ^ word) * odd;
    h ^= h >> 29;
    return (uint32_t)(h * odd >> 32);
}

heft_str heft_vocab_str(const heft_vocab *v, int32_t id)
{
    if (id < 0 || id >= v->size) return (heft_str){ "", 0 };
    return (heft_str){ v->pool.p + v->token[id].at, v->token[id].n };
}

uint32_t heft_vocab_flags(const heft_vocab *v, int32_t id)
{
    return id < 0 || id >= v->size ? 0 : v->token[id].flags;
}

void heft_vocab_clear(heft_vocab *v)
{
    heft_buf_free(&v->pool);
    heft_free(v->token);
    heft_free(v->slot);
    *v = (heft_vocab){ 0 };
}

heft_status heft_vocab_set(heft_vocab *v, int32_t id, heft_str s, uint32_t flags, heft_error *err)
{
    if (s.n > HEFT_MAX_TOKEN_BYTES)
        return heft_fail(err, HEFT_E_FORMAT, "token %d has %zu bytes, at most %d are expected",
                         (int)id, s.n, (int)HEFT_MAX_TOKEN_BYTES);
    if (id >= v->cap) {
        int32_t cap = id < 512 ? 1024 : id > HEFT_MAX_VOCAB / 2 ? HEFT_MAX_VOCAB : 2 * id;
        heft_token *t = heft_realloc(v->token, (size_t)cap * sizeof *t);
        if (!t) return heft_nomem(err, "the vocabulary");
        v->token = t;
        v->cap = cap;
    }
    if (id >= v->size) v->size = id + 1;
    if (!v->pool.max) v->pool = heft_buf_of(UINT32_MAX);
    heft_token t = { .at = (uint32_t)v->pool.n,
                     .n = (uint32_t)s.n,
                     .flags = flags | HEFT_TOKEN_HERE };
    if (!heft_buf_str(&v->pool, s)) return heft_nomem(err, "the vocabulary");
    v->token[id] = t;
    return HEFT_OK;
}

/* The slot that holds s, or the empty one where it belongs. */
static struct heft_slot *slot_of(const heft_vocab *v, heft_str s, uint32_t tag)
{
    for (uint32_t i = tag & v->mask;; i = (i + 1) & v->mask) {
        struct heft_slot *x = &v->slot[i];
        if (!x->id1) return x;
        if (x->tag == tag && heft_str_eq(heft_vocab_str(v, (int32_t)x->id1 - 1), s)) return x;
    }
}

static heft_status grow(heft_vocab *v, heft_error *err)
{
    uint32_t n = v->slot ? 2 * (v->mask + 1) : 2048;
    struct heft_slot *old = v->slot, *slot = heft_alloc(n, sizeof *slot);
    uint32_t old_n = old ? v->mask + 1 : 0;
    if (!slot) return heft_nomem(err, "the vocabulary");
    v->slot = slot;
    v->mask = n - 1;
    for (uint32_t i = 0; i < old_n; i++) {
        uint32_t at = old[i].tag & v->mask;
        if (!old[i].id1) continue;
        while (slot[at].id1)
            at = (at + 1) & v->mask;
        slot[at] = old[i];
    }
    heft_free(old);
    return HEFT_OK;
}

heft_status heft_vocab_index(heft_vocab *v, int32_t id, int32_t *old, heft_error *err)
{
    if (!v->slot || v->used > v->mask / 2) {
        heft_status st = grow(v, err);
        if (st) return st;
    }
    heft_str s = heft_vocab_str(v, id);
    uint32_t tag = tag_of(s);
    struct heft_slot *x = slot_of(v, s, tag);
    *old = (int32_t)x->id1 - 1;
    v->used += !x->id1;
    if (*old >= 0) v->token[*old].flags &= ~(uint32_t)HEFT_TOKEN_FOUND;
    v->token[id].flags |= HEFT_TOKEN_FOUND;
    *x = (struct heft_slot){ .tag = tag, .id1 = (uint32_t)id + 1 };
    if (s.n > v->longest) v->longest = s.n;
    return HEFT_OK;
}

int32_t heft_vocab_find(const heft_vocab *v, heft_str s)
{
    if (!v->slot || s.n > v->longest) return -1;
    return (int32_t)slot_of(v, s, tag_of(s))->id1 - 1;
}

void heft_vocab_find_all(const heft_vocab *v, const heft_str *s, size_t n, int32_t *ids)
{
    enum { TOGETHER = 32 };
    uint32_t tag[TOGETHER];
    for (size_t k; n; s += k, ids += k, n -= k) {
        k = n < TOGETHER ? n : TOGETHER;
        for (size_t i = 0; i < k && v->slot; i++) {
            tag[i] = tag_of(s[i]);
            __builtin_prefetch(&v->slot[tag[i] & v->mask]);
        }
        for (size_t i = 0; i < k && v->slot; i++)
            __builtin_prefetch(&v->token[v->slot[tag[i] & v->mask].id1]);
        for (size_t i = 0; i < k; i++)
            ids[i] = v->slot ? (int32_t)slot_of(v, s[i], tag[i])->id1 - 1 : -1;
    }
}

bool heft_vocab_joins(const heft_vocab *v, int32_t id, heft_str a, heft_str b)
{
    heft_str s = heft_vocab_str(v, id);
    return s.n == a.n + b.n && (heft_vocab_flags(v, id) & HEFT_TOKEN_FOUND)
           && heft_str_eq((heft_str){ s.p, a.n }, a)
           && heft_str_eq((heft_str){ s.p + a.n, b.n }, b);
}

/* A vocabulary: ids to strings and back. */
#include "text/vocab.h"

#include "base/bounds.h"

/* The tag spares most comparisons. */
struct heft_slot {
    uint32_t tag;
    uint32_t id1; /* id + 1; 0: empty */
};

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
static struct heft_slot *slot_of(const heft_vocab *v, heft_str s, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint32_t i = (uint32_t)hash & v->mask;; i = (i + 1) & v->mask) {
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
        if (!old[i].id1) continue;
        heft_str s = heft_vocab_str(v, (int32_t)old[i].id1 - 1);
        *slot_of(v, s, heft_str_hash(s)) = old[i];
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
    uint64_t hash = heft_str_hash(s);
    struct heft_slot *x = slot_of(v, s, hash);
    *old = (int32_t)x->id1 - 1;
    v->used += !x->id1;
    *x = (struct heft_slot){ .tag = (uint32_t)(hash >> 32), .id1 = (uint32_t)id + 1 };
    if (s.n > v->longest) v->longest = s.n;
    return HEFT_OK;
}

int32_t heft_vocab_find(const heft_vocab *v, heft_str s)
{
    if (!v->slot || s.n > v->longest) return -1;
    return (int32_t)slot_of(v, s, heft_str_hash(s))->id1 - 1;
}

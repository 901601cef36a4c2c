/* A table of pieces, each in the one row that its hash names: what comes later takes its place. */
#include "text/memo.h"

#include <string.h>

enum { ROW_BITS = 14, KEY_WORDS = 4, MOST_BYTES = 8 * KEY_WORDS - 1, MOST_IDS = 7 };

/* A cache line. */
struct heft_remembered {
    uint64_t key[KEY_WORDS]; /* the bytes, zeros, and how many in the last: 0 in no key, so an
                                empty row has no piece */
    int32_t id[MOST_IDS];
    uint32_t n_ids;
};

heft_status heft_memo_open(heft_memo *m, heft_error *err)
{
    m->row = heft_alloc((size_t)1 << ROW_BITS, sizeof *m->row);
    return m->row ? HEFT_OK : heft_nomem(err, "words of a text");
}

void heft_memo_clear(heft_memo *m)
{
    heft_free(m->row);
    *m = (heft_memo){ 0 };
}

heft_place heft_memo_place(const heft_memo *m, heft_str piece)
{
    char bytes[8 * KEY_WORDS] = { 0 };
    heft_place p = { .row = NULL };
    uint64_t hash = 0;
    if (!m->row || piece.n == 0 || piece.n > MOST_BYTES) return p;
    memcpy(bytes, piece.p, piece.n);
    bytes[MOST_BYTES] = (char)piece.n;
    memcpy(p.key, bytes, sizeof p.key);
    for (int i = 0; i < KEY_WORDS; i++)
        hash = (hash ^ p.key[i] ^ hash >> 29) * UINT64_C(0x9e3779b97f4a7c15);
    p.row = &m->row[hash >> (64 - ROW_BITS)];
    return p;
}

static bool same(const uint64_t a[KEY_WORDS], const uint64_t b[KEY_WORDS])
{
    return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
}

heft_status heft_memo_recall(const heft_place *p, heft_ids *ids, bool *had, heft_error *err)
{
    heft_status st = HEFT_OK;
    *had = p->row && same(p->row->key, p->key);
    for (uint32_t i = 0; *had && i < p->row->n_ids && !st; i++)
        st = heft_ids_add(ids, p->row->id[i], err);
    return st;
}

void heft_memo_keep(const heft_place *p, const heft_ids *ids, size_t from)
{
    const size_t n = ids->n - from;
    if (!p->row || n > MOST_IDS) return;
    memcpy(p->row->key, p->key, sizeof p->key);
    memcpy(p->row->id, ids->p + from, n * sizeof *ids->p);
    p->row->n_ids = (uint32_t)n;
}

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

typedef struct {
    uint64_t word[KEY_WORDS];
} key;

static key key_of(heft_str piece)
{
    char bytes[8 * KEY_WORDS] = { 0 };
    key k;
    memcpy(bytes, piece.p, piece.n);
    bytes[MOST_BYTES] = (char)piece.n;
    memcpy(k.word, bytes, sizeof k.word);
    return k;
}

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

heft_remembered *heft_memo_row(const heft_memo *m, heft_str piece)
{
    if (!m->row || piece.n == 0 || piece.n > MOST_BYTES) return NULL;
    const key k = key_of(piece);
    uint64_t hash = 0;
    for (int i = 0; i < KEY_WORDS; i++)
        hash = (hash ^ k.word[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ hash >> 29;
    return &m->row[hash >> (64 - ROW_BITS)];
}

heft_status heft_memo_recall(const heft_remembered *row, heft_str piece, heft_ids *ids, bool *had,
                             heft_error *err)
{
    heft_status st = HEFT_OK;
    *had = false;
    if (!row) return st;
    const key k = key_of(piece);
    if (memcmp(row->key, k.word, sizeof k.word) != 0) return st;
    *had = true;
    for (uint32_t i = 0; i < row->n_ids && !st; i++)
        st = heft_ids_add(ids, row->id[i], err);
    return st;
}

void heft_memo_keep(heft_remembered *row, heft_str piece, const heft_ids *ids, size_t from)
{
    const size_t n = ids->n - from;
    if (!row || n > MOST_IDS) return;
    const key k = key_of(piece);
    memcpy(row->key, k.word, sizeof k.word);
    memcpy(row->id, ids->p + from, n * sizeof *ids->p);
    row->n_ids = (uint32_t)n;
}

/* What short pieces of a long text became: most words of a text come again. */
#ifndef HEFT_TEXT_MEMO_H
#define HEFT_TEXT_MEMO_H

#include "text/bpe.h"

/* Of one thread; about a megabyte. Zero-initialised it remembers nothing. */
typedef struct {
    struct heft_remembered *row;
} heft_memo;

heft_status heft_memo_open(heft_memo *m, heft_error *err) HEFT_MUST_CHECK;
void heft_memo_clear(heft_memo *m);

/* Where a piece belongs. */
typedef struct {
    uint64_t key[4];
    struct heft_remembered *row; /* NULL: it is too long, or nothing is remembered */
} heft_place;
heft_place heft_memo_place(const heft_memo *m, heft_str piece);
/* Append the ids if the piece is there; *had says whether. */
heft_status heft_memo_recall(const heft_place *p, heft_ids *ids, bool *had,
                             heft_error *err) HEFT_MUST_CHECK;
/* Put it there with its ids, those behind the first `from`, instead of another piece. Too many are
 * not kept. */
void heft_memo_keep(const heft_place *p, const heft_ids *ids, size_t from);

#endif

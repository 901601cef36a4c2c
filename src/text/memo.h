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

/* The row for a piece, or NULL: it is too long, or nothing is remembered. */
typedef struct heft_remembered heft_remembered;
heft_remembered *heft_memo_row(const heft_memo *m, heft_str piece);
/* Append the ids if the row has this piece; *had says whether. row may be NULL. */
heft_status heft_memo_recall(const heft_remembered *row, heft_str piece, heft_ids *ids, bool *had,
                             heft_error *err) HEFT_MUST_CHECK;
/* Put a piece and its ids, those behind the first `from`, into the row, in place of another.
 * Too many are not kept. row may be NULL. */
void heft_memo_keep(heft_remembered *row, heft_str piece, const heft_ids *ids, size_t from);

#endif

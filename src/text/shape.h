/* Patterns that most tokenizers share, by code of our own where the text is ASCII.
 *
 * They have one shape: a shortened word ('s, 're), a word, a number, signs, white space. A match
 * that ASCII alone decides is found here, in a tenth of the time; wherever another character has
 * a say, the regular expression is asked, so that no table of letters has to agree with it. */
#ifndef HEFT_TEXT_SHAPE_H
#define HEFT_TEXT_SHAPE_H

#include "base/str.h"

typedef struct heft_shape heft_shape;

/* The shape of exactly this pattern, which means the same in every dialect; NULL: it has none. */
const heft_shape *heft_shape_find(heft_str pattern);

/* The end of the match that begins at `at`, below text.n; 0: the regular expression must say. */
size_t heft_shape_match(const heft_shape *s, heft_str text, size_t at);

#endif

/* Unigram: the cut of a piece into tokens whose scores add up to the most. */
#ifndef HEFT_TEXT_UNIGRAM_H
#define HEFT_TEXT_UNIGRAM_H

#include "text/bpe.h"
#include "text/matcher.h"

typedef struct {
    const heft_vocab *vocab; /* kept */
    double *score;           /* (vocab size), natural logarithms */
    heft_matcher trie;       /* the tokens, to ids */
    int32_t unknown;         /* -1: none */
    double unknown_score;    /* of a character that has no token */
    bool single;             /* sums are kept as floats, as sentencepiece's are */
    bool byte_fallback;      /* before unknown: the bytes, as <0xXX> */
    int32_t byte[256];       /* <0xXX>, or -1 */
} heft_unigram;

/* Scratch of one thread: the best way to each position. Zero-initialise. */
typedef struct {
    struct heft_step *step;
    size_t cap;
} heft_path;
void heft_path_clear(heft_path *p);

/* Set what follows from the vocabulary, once its strings are findable and the scores are there;
 * special tokens are not found in text. */
heft_status heft_unigram_begin(heft_unigram *u, const heft_vocab *vocab,
                               heft_error *err) HEFT_MUST_CHECK;
void heft_unigram_clear(heft_unigram *u);

/* Append the ids of a piece (valid UTF-8). Cost: its bytes times the longest token that fits.
 * Of two equal sums the one with the earlier last token wins, as in the references.
 * Fails: HEFT_E_ARG naming a character without a token where there is no unknown one, HEFT_E_NOMEM.
 */
heft_status heft_unigram_encode(const heft_unigram *u, heft_path *path, heft_str piece,
                                heft_ids *ids, heft_error *err) HEFT_MUST_CHECK;

#endif

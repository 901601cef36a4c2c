/* Whole words: WordLevel, and WordPiece, which cuts a word into the longest known pieces. */
#ifndef HEFT_TEXT_WORDPIECE_H
#define HEFT_TEXT_WORDPIECE_H

#include "text/bpe.h"
#include "text/matcher.h"

typedef struct {
    const heft_vocab *vocab; /* kept */
    heft_matcher trie;       /* the pieces, to ids; unused where words are whole */
    bool whole;              /* WordLevel */
    heft_str begin, inner; /* what the first piece of a word, and every other, begins with; kept */
    size_t most;           /* characters of a word; a longer one is unknown */
    int32_t unknown;       /* -1: none */
    uint32_t at_begin, at_inner; /* nodes of the trie */
} heft_words;

/* Set what follows from the vocabulary, once its strings are findable; special tokens are not found
 * in text. */
heft_status heft_words_begin(heft_words *w, const heft_vocab *vocab,
                             heft_error *err) HEFT_MUST_CHECK;
void heft_words_clear(heft_words *w);

/* Append the ids of a word (valid UTF-8). Fails: HEFT_E_ARG naming a word that has none, where
 * there is no unknown token; HEFT_E_NOMEM. */
heft_status heft_words_encode(const heft_words *w, heft_str word, heft_ids *ids,
                              heft_error *err) HEFT_MUST_CHECK;

#endif

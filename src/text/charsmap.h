/* A precompiled map of characters: sentencepiece's way to write a normalizer into a file.
 *
 * A double array (Darts) over the strings that are replaced, and the replacements, each ended by a
 * zero byte. Source: sentencepiece, src/normalizer.cc, and Darts-clone. */
#ifndef HEFT_TEXT_CHARSMAP_H
#define HEFT_TEXT_CHARSMAP_H

#include "base/err.h"

typedef struct {
    const uint8_t *unit; /* (units) of 4 bytes, little-endian; NULL: an empty map */
    size_t units;
    heft_str texts;
} heft_charsmap;

/* Look into a blob, which is kept. Fails: HEFT_E_FORMAT, saying what of it is wrong. */
heft_status heft_charsmap_open(heft_charsmap *m, heft_str blob, heft_error *err) HEFT_MUST_CHECK;

/* The longest (or the shortest) beginning of text that has a replacement: its bytes in *n, and the
 * replacement, valid UTF-8, in *to. false: there is none. Never reads outside the blob, whatever is
 * in it. */
bool heft_charsmap_find(const heft_charsmap *m, heft_str text, bool longest, size_t *n,
                        heft_str *to);

#endif

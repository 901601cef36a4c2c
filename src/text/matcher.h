/* Many strings looked for in a text at once: added tokens, and the tokens of some models. */
#ifndef HEFT_TEXT_MATCHER_H
#define HEFT_TEXT_MATCHER_H

#include "base/buf.h"
#include "base/mem.h"

enum { HEFT_MAX_MATCHED_BYTES = 4096 }; /* of one string */

/* A trie over bytes. Zero-initialise. */
typedef struct {
    struct heft_edge *edge; /* (node, byte) to node: open addressing, at most half full */
    uint32_t mask, edges;
    uint32_t first[256]; /* the edges of the root, for a quick look */
    int32_t *value;      /* (nodes), or -1; node 0 is the root */
    uint32_t nodes, cap;
} heft_matcher;

/* Add a string; one that is already there keeps its value. Needs value >= 0.
 * Fails: HEFT_E_FORMAT (empty or longer than HEFT_MAX_MATCHED_BYTES), HEFT_E_NOMEM. */
heft_status heft_matcher_add(heft_matcher *m, heft_str s, int32_t value,
                             heft_error *err) HEFT_MUST_CHECK;
void heft_matcher_clear(heft_matcher *m);

/* The node behind another one by a byte; 0: there is none. Needs m->nodes > 0. */
uint32_t heft_matcher_step(const heft_matcher *m, uint32_t node, uint8_t byte);
/* The same by all bytes of s. */
uint32_t heft_matcher_walk(const heft_matcher *m, uint32_t node, heft_str s);

/* The longest string of the matcher at text[at], of at most `most` bytes: its value and length; -1:
 * there is none. */
int32_t heft_matcher_longest(const heft_matcher *m, heft_str text, size_t at, size_t most,
                             size_t *n);
/* The leftmost match at or after *at, the longest there; -1: none. */
int32_t heft_matcher_next(const heft_matcher *m, heft_str text, size_t *at, size_t *n);

#endif

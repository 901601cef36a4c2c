/* What tests of the engine are about: a golden model on disk, open, a text, and what the scalar
 * code says of it in one step and with one thread. Every failure fails the test. */
#ifndef HEFT_TESTS_SUBJECT_H
#define HEFT_TESTS_SUBJECT_H

#include "engine/engine.h"
#include "golden_model.h"
#include "scratch.h"

typedef struct {
    heft_golden *g;
    heft_model *model;
    char at[HEFT_SCRATCH_PATH];
    int32_t context; /* of its engines and their sequences */
    heft_cache_type cache;
    const int32_t *text; /* (T), the test's */
    int32_t T;
    float *expected; /* (T, vocab); NULL until heft_subject_expect */
} heft_subject;

/* Write the golden of this name, as a release in BF16 whose data is off its alignment or, where
 * gguf is not 0 (HEFT_F32), as a GGUF file of that type, and open it. Engines have a cache in F32
 * and a context of the golden's length; a test may set others before it opens one. */
void heft_subject_open(heft_subject *s, const char *golden, heft_dtype gguf);
void heft_subject_close(heft_subject *s);

/* An engine whose steps have at most `batch` tokens, all with logits. */
heft_engine *heft_subject_engine(const heft_subject *s, const char *isa, int32_t threads,
                                 int32_t sequences, int32_t batch);
/* A sequence as long as the engine's context. */
heft_seq *heft_subject_seq(heft_engine *e);

/* Run the text (T, at most the context), which is borrowed, for what is expected. */
void heft_subject_expect(heft_subject *s, const int32_t *text, int32_t T);
/* The last step's outputs from `first` on are those of n tokens of the text from `from` on. */
void heft_subject_rows(const heft_subject *s, const heft_engine *e, int32_t first, int32_t from,
                       int32_t n);
/* Feed text[from .. to-1] in chunks; every token's logits are the expected ones. */
void heft_subject_feed(const heft_subject *s, heft_seq *seq, int32_t from, int32_t to,
                       int32_t chunk);

#endif

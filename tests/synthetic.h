/* Models made of a hash: any shape, any format, the same bytes on every machine. For tests of what
 * does not depend on meaning: equal bits, memory, speed. */
#ifndef HEFT_TESTS_SYNTHETIC_H
#define HEFT_TESTS_SYNTHETIC_H

#include "format/write.h"

typedef struct {
    const char *arch; /* "llama", "qwen2", "qwen3", "qwen3moe", "deepseek2": GGUF's name */
    int32_t L, D, H, G, dk, F, V, ctx;
    /* Latent attention, deepseek2: what keys and values are made from (0: none), numbers of a head
     * that rotate, the last of its dk, and the width of its values. Layers are dense. */
    int32_t kv_rank, rotated, dv;
    int32_t E, top,
        F_expert;    /* a mixture: so many experts, of which a token goes to top; E 0: none */
    heft_dtype type; /* of every matrix; vectors are F32 */
    bool mixed;      /* Q6_K for the head, and v and down in half of the layers, as in Q4_K_M */
    uint64_t seed;
    bool tied;
    bool sparse;      /* all zeros, as a hole in the file */
    bool text;        /* with a tokenizer: a token for every byte, V of at least 256 */
    const char *loud; /* a matrix one of whose rows is so much larger, by its name's end; or NULL */
    int32_t loud_row;
    float loudness;
} heft_synthetic;

/* Write the model as a GGUF file. Fails: HEFT_E_IO, HEFT_E_NOMEM. */
heft_status heft_synthetic_write(const heft_synthetic *, const char *path,
                                 heft_error *) HEFT_MUST_CHECK;

/* Fill `bytes` bytes of rows of `cols` numbers with random numbers of deviation 1/sqrt(cols): any
 * format with a sum; scales are ordinary numbers. */
void heft_synthetic_fill(void *to, heft_dtype type, int64_t n, int32_t cols, uint64_t seed);
uint64_t heft_synthetic_hash(uint64_t seed, uint64_t i);

#endif

/* Golden models: what a reference library said of tiny models with known weights.
 *
 * tests/golden/NAME/ holds config.json as a release has it, golden.json and results.safetensors.
 * The weights are not stored: they are a hash of (tensor name, element, seed), made again here and
 * written as a release or as a GGUF file. tools/golden/ made the goldens; its weights.py defines
 * the hash. */
#ifndef HEFT_TESTS_GOLDEN_MODEL_H
#define HEFT_TESTS_GOLDEN_MODEL_H

#include "dtype/dtype.h"
#include "format/source.h"

/* A tensor of a golden model. */
typedef struct {
    const char *name, *gguf; /* Hugging Face's name; GGUF's, NULL where there is no GGUF form. Those
                              * of one GGUF name are one tensor there, stacked in order */
    const char *gguf_up;     /* the second of two GGUF tensors that hold it, or NULL */
    bool alternate;          /* of its axis 1 the two have even and odd places, not halves */
    bool transposed;         /* the last two axes are swapped in GGUF, before that */
    int32_t heads; /* not 0: GGUF has of each head's rows the first half, transposed, and the
                    * second half as two tensors (heads, .., ..) */
    bool plain;    /* a matrix that stays F32 in GGUF, as norms do */
    int32_t rank;
    int64_t shape[3], n; /* n: elements */
    int32_t exponent;    /* an element is offset + q * 2^-exponent, q an integer */
    float offset;
    float plus;    /* what GGUF's elements have more: it stores 1 + w where the release stores w */
    int32_t below; /* not 0: a table (rows, cols) of integers below it, I64 or I32: neighbours from
                    * one that q has drawn for the row */
    int32_t permuted; /* width of the heads whose rows GGUF has as pairs; 0: same order */
    int32_t fused[2]; /* head width, queries of a group: rows of q, k and v are by group, and GGUF's
                       * one after the other; 0: not so */
    /* Places along axis 0, or the last one, that GGUF's tensor has: a first one and how many follow
     * each other, and so on. rows_up: those of gguf_up, which has no half then. n 0: all, in order
     */
    struct heft_golden_runs {
        const int32_t *run; /* (n) */
        int32_t n;
    } rows, rows_up, cols;
    bool minus_exp; /* GGUF stores -exp(w) */
    uint64_t hash;  /* FNV-1a of the integers q, as bytes, in the reference's run */
} heft_golden_tensor;

/* Arrays are borrowed and live as long as the golden. */
typedef struct {
    const char *directory; /* .../tests/golden/NAME */
    uint64_t seed;
    const heft_golden_tensor *tensor;
    int32_t n_tensors;
    int32_t n_ids, n_greedy, n_rows, vocab, width, layers;
    /* Open sequences with this maximum: rope tables that depend on the length are those of it. */
    int32_t length;
    int32_t choices;       /* greedy tokens are chosen among ids below this */
    const int32_t *ids;    /* (n_ids) the text */
    const int32_t *greedy; /* (n_greedy) what follows it */
    const int32_t *rows;   /* (n_rows) positions of the text that `hidden` has */
    double tolerance;    /* allowed difference, as a part of the largest magnitude compared with */
    const float *logits; /* (n_ids, vocab) */
    const float *hidden; /* (layers + 1, n_rows, width): 0 the embedding, layers before the norm */
    const float *llama_cpp;     /* (n_rows, vocab) llama.cpp's logits of the GGUF file, or NULL */
    double llama_cpp_tolerance; /* as tolerance */
    const char *no_gguf;        /* why there is no GGUF form, or NULL */
    bool same_bits; /* the GGUF file gives the bits of the release: no number in it is derived */
    /* the rest is the golden's own */
    const heft_value *gguf;
    heft_source *results;
    char *text;
    heft_arena arena;
} heft_golden;

enum { HEFT_MAX_GOLDENS = 1024 };

typedef struct {
    int32_t n;
    char name[HEFT_MAX_GOLDENS][64];
} heft_golden_names;

/* The names of all goldens, sorted. Fails: HEFT_E_IO, HEFT_E_NOMEM (too many, or too long a name).
 */
heft_status heft_golden_list(heft_golden_names *out, heft_error *err) HEFT_MUST_CHECK;

/* Open the golden called name. Fails: HEFT_E_IO, HEFT_E_FORMAT, HEFT_E_NOMEM. */
heft_status heft_golden_open(const char *name, heft_golden **out, heft_error *err) HEFT_MUST_CHECK;
void heft_golden_close(heft_golden *g); /* NULL is allowed */

/* The member of an object of golden.json, of that kind; fails by name: HEFT_E_FORMAT. */
heft_status heft_golden_member(const heft_value *o, const char *key, heft_value_kind kind,
                               const heft_value **out, heft_error *err) HEFT_MUST_CHECK;

/* FNV-1a, 64 bits. */
uint64_t heft_golden_hash(const void *data, size_t n);
/* The integers q of a tensor: (t->n). Cannot fail. */
void heft_golden_grid(const heft_golden *g, const heft_golden_tensor *t, int8_t *q);
/* The weight that an integer q of the tensor stands for, exact. */
float heft_golden_value(const heft_golden_tensor *t, int8_t q);
/* out = the t->n weights of q as a file has them, in dtype; gguf: changed as GGUF changes them. */
void heft_golden_encode(const heft_golden_tensor *t, const int8_t *q, heft_dtype dtype, bool gguf,
                        uint8_t *out);
/* The weights of a tensor: (t->n), exact. Cannot fail. */
void heft_golden_values(const heft_golden *g, const heft_golden_tensor *t, float *value);

/* How a release is to be written. */
typedef struct {
    heft_dtype dtype; /* HEFT_F32, HEFT_F16 or HEFT_BF16: the same values in each */
    int32_t pad;      /* bytes that move the data off its alignment */
    int32_t shards;   /* files; 0 and 1: one */
} heft_golden_form;

/* Write a release into the directory `at`, which exists: config.json, the weights, and the
 * tokenizer if the golden has one. Fails: HEFT_E_ARG (dtype), HEFT_E_IO, HEFT_E_NOMEM. */
heft_status heft_golden_write_release(const heft_golden *g, const char *at,
                                      const heft_golden_form *form,
                                      heft_error *err) HEFT_MUST_CHECK;

/* Write a GGUF file: matrices in dtype (HEFT_F32, HEFT_F16, HEFT_BF16, or HEFT_Q8_0, which loses
 * nothing here), vectors in F32. Fails: HEFT_E_UNSUPPORTED where the golden has no GGUF form;
 * HEFT_E_ARG (dtype), HEFT_E_IO, HEFT_E_NOMEM. */
heft_status heft_golden_write_gguf(const heft_golden *g, const char *path, heft_dtype dtype,
                                   heft_error *err) HEFT_MUST_CHECK;

#endif

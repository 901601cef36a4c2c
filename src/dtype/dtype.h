/* Numbers as stored: one row per format, for files, kernels and messages alike. */
#ifndef HEFT_DTYPE_DTYPE_H
#define HEFT_DTYPE_DTYPE_H

#include "base/str.h"

/* Plain numbers first, then block formats, then formats of several tensors, which no file has an id
 * for. The order is ours; files know their own ids. */
typedef enum {
    HEFT_F32,
    HEFT_F16,
    HEFT_BF16,
    HEFT_F64,
    HEFT_I8,
    HEFT_U8,
    HEFT_I16,
    HEFT_U16,
    HEFT_I32,
    HEFT_U32,
    HEFT_I64,
    HEFT_U64,
    HEFT_BOOL,
    HEFT_C64,
    HEFT_F8_E4M3,
    HEFT_F8_E5M2,
    HEFT_F8_E8M0,
    HEFT_F4,
    HEFT_F6_E2M3,
    HEFT_F6_E3M2,
    HEFT_Q4_0,
    HEFT_Q8_0,
    HEFT_Q4_K,
    HEFT_Q5_K,
    HEFT_Q6_K,
    HEFT_Q4_1,
    HEFT_Q5_0,
    HEFT_Q5_1,
    HEFT_Q2_K,
    HEFT_Q3_K,
    HEFT_IQ4_NL,
    HEFT_IQ4_XS,
    HEFT_IQ3_XXS,
    HEFT_IQ3_S,
    HEFT_IQ2_XXS,
    HEFT_IQ2_XS,
    HEFT_IQ2_S,
    HEFT_IQ1_S,
    HEFT_IQ1_M,
    HEFT_TQ1_0,
    HEFT_TQ2_0,
    HEFT_MXFP4,
    HEFT_NVFP4,
    HEFT_Q1_0,
    HEFT_Q2_0,
    /* numbers of releases, whose scales lie in tensors beside them (heft_scales) */
    HEFT_FP8,
    HEFT_BNB4,
    HEFT_GPTQ2,
    HEFT_GPTQ4,
    HEFT_GPTQ8,
    HEFT_AWQ4,
    HEFT_INT4_ORDER,
    HEFT_INT8_ORDER,
    HEFT_INT4,
    HEFT_INT4_ZERO,
    HEFT_INT8,
    HEFT_UINT8,
    HEFT_UINT8_ZERO,
    HEFT_FP4_MX,
    HEFT_FP4_NV,
    HEFT_DTYPES
} heft_dtype;

/* Which sum of docs/sums.md a matrix of this format is multiplied by. */
typedef enum {
    HEFT_SUM_NONE, /* not a weight heft multiplies by */
    HEFT_SUM_F,    /* float weights, float activations */
    HEFT_SUM_S,    /* one scale per 32, symmetric */
    HEFT_SUM_A,    /* scale and minimum per 32 */
    HEFT_SUM_Q,    /* integer sub-scales per 16 */
    HEFT_SUM_M,    /* integer sub-scales and minima per 16 */
    HEFT_SUM_H,    /* a float scale per 16 */
} heft_sum;

typedef struct {
    const char *name;        /* as shown: "BF16", "Q4_K" */
    const char *safetensors; /* its name there, or NULL */
    int32_t gguf;            /* its type id there, or -1 */
    int32_t block;           /* numbers per block: 1, 2 (F4), 4 (F6), 32 .. 256 */
    int32_t bytes;           /* per block */
    heft_sum sum;
} heft_dtype_info;

extern const heft_dtype_info heft_dtypes[HEFT_DTYPES];

/* -1: not known. */
int32_t heft_dtype_of_safetensors(heft_str name);
int32_t heft_dtype_of_gguf(uint32_t id);

/* Bytes of n numbers; false if n is not whole blocks, is negative, or the product overflows. */
bool heft_dtype_bytes(heft_dtype t, int64_t n, uint64_t *bytes);
/* The same of a row in memory, of whole blocks. */
static inline size_t heft_row_bytes(heft_dtype t, int32_t n)
{
    return (size_t)(n / heft_dtypes[t].block) * (size_t)heft_dtypes[t].bytes;
}

#endif

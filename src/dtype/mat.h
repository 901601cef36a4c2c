/* A weight matrix, as the file has it. */
#ifndef HEFT_DTYPE_MAT_H
#define HEFT_DTYPE_MAT_H

#include "dtype/dtype.h"

/* A borrowed, read-only weight, logically (rows, cols) = (out, in). Never split or transposed in
 * memory: a slice is another heft_mat on the same bytes; by_col says that the file has it as
 * [in, out] (gpt2, llama4 experts, absorbed kv_b, AWQ). data may have any address, odd ones too. */
typedef struct {
    const uint8_t *data, *scale, *zero; /* parts of the format; data NULL = absent */
    int64_t stride, scale_stride;       /* bytes from row to row (by_col: column to column) */
    int32_t rows, cols;
    uint8_t dtype; /* heft_dtype: block layout, and which class of sum (law 3) */
    bool by_col;
    float factor; /* one factor for the tensor (FP8, NVFP4); else 1 */
} heft_mat;

#endif

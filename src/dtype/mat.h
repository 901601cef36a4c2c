/* A weight matrix, as the file has it. */
#ifndef HEFT_DTYPE_MAT_H
#define HEFT_DTYPE_MAT_H

#include "dtype/dtype.h"

/* What a release keeps beside the numbers of a matrix, in tensors of their own: borrowed from the
 * file, at any address, little-endian. Lines are what lies contiguous in the file: a row, or a
 * column of a matrix stored by columns. Scale (i, j), i = line / lines, j = place in it / group,
 * is number i * stride + j at `scale`. */
typedef struct {
    const uint8_t *scale; /* of `type` */
    const uint8_t *zero;  /* zero points, packed as the format packs its numbers; or NULL */
    const uint8_t *index; /* int32: i of every line (GPTQ), j of every place; or NULL */
    const uint8_t *code;  /* BNB4: the 16 floats that its numbers stand for */
    const uint8_t *scale2, *code2; /* BNB4: scale s is code2[s] * scale2[s's number / group2] +
                                      offset, all floats; or NULL */
    int64_t stride;
    int64_t bytes, numbers; /* of all these tensors together; weights that they belong to */
    int32_t lines, group, group2;
    float offset;
    float factor; /* of every scale; 1 */
    bool divides; /* scales are divided by it */
    uint8_t add;  /* GPTQ: to every zero point, modulo its bits */
    uint8_t type; /* heft_dtype: F32, F16, BF16, F8_E4M3, F8_E8M0; U8 with scale2 */
} heft_scales;

/* A borrowed, read-only weight, logically (rows, cols) = (out, in). Never split or transposed in
 * memory: a slice is another heft_mat on the same bytes; by_col says that the file has it as
 * [in, out] (gpt2, llama4 experts, absorbed kv_b, AWQ). data may have any address, odd ones too. */
typedef struct {
    const uint8_t *data;     /* NULL = absent */
    const heft_scales *with; /* of formats that have them; else NULL */
    int64_t stride;          /* bytes from row to row (by_col: column to column) */
    int32_t rows, cols;
    int64_t line;  /* with scales: where a slice begins in what data is: its first line ... */
    int32_t at;    /* ... and the first place in it */
    uint8_t dtype; /* heft_dtype: block layout, and which class of sum (law 3) */
    bool by_col;
} heft_mat;

#endif

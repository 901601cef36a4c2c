/* What the AVX-512 matrix kernels share. */
#ifndef HEFT_KERNELS_X86_AVX512_MAT_H
#define HEFT_KERNELS_X86_AVX512_MAT_H

#include "kernels/x86_avx2_mat.h"

/* As heft_kernels.mul, for class F; scratch: heft_avx512_float_scratch(cols) bytes, aligned to 64.
 */
void heft_avx512_mul_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                       float *const *y, void *scratch);
size_t heft_avx512_float_scratch(int32_t cols);

/* y[r] = row r of w, Q6_K by rows, times the column a, r0 <= r < r1; r1 >= 16. scratch:
 * heft_avx512_q6_k_scratch(cols) bytes, aligned to 64. */
void heft_avx512_mul_q6_k(const heft_mat *w, int32_t r0, int32_t r1, const heft_act *a, float *y,
                          void *scratch);
size_t heft_avx512_q6_k_scratch(int32_t cols);

#endif

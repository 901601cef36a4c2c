/* Float weights with AVX-512: class F. (Class C is as fast with AVX2.) */
#include "kernels/x86_avx512_mat.h"
#include "kernels/x86_vector_512.h"

enum { COLUMNS = 6, K_STEP = 6144 }; /* rows whole: sums stay in registers */

/* Weights with scales beside them as floats: what mat_float.inc asks for. */
static void floats_of(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                      int32_t at, int32_t n)
{
    heft_avx2_floats(y, apart, w, line, lines, at, n);
}

#include "kernels/mat_float.inc"

void heft_avx512_mul_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                       float *const *y, void *scratch)
{
    mul_class_f(w, r0, r1, x, n, y, scratch);
}

size_t heft_avx512_float_scratch(int32_t cols)
{
    return scratch_f(cols);
}

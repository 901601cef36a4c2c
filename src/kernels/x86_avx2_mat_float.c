/* Float weights with AVX2. */
#include "kernels/x86_avx2_mat.h"
#include "kernels/x86_vector_256.h"

enum { COLUMNS = 3, K_STEP = 1024 }; /* columns of 12 KB stay in the first cache */

/* Weights with scales beside them as floats: what mat_float.inc asks for. */
static void floats_of(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                      int32_t at, int32_t n)
{
    heft_avx2_floats(y, apart, w, line, lines, at, n);
}

#include "kernels/mat_float.inc"

void heft_avx2_mul_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, void *scratch)
{
    mul_class_f(w, r0, r1, x, n, y, scratch);
}

void heft_avx2_mul_c(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, void *scratch)
{
    if (w->with && 0 < n && n <= HEFT_AVX2_STRAIGHT && heft_avx2_has_words(w))
        r0 = heft_avx2_mul_words(w, r0, r1, x, n, y);
    if (r0 < r1) mul_class_c(w, r0, r1, x, n, y, scratch);
}

size_t heft_avx2_float_scratch(int32_t cols)
{
    const size_t f = scratch_f(cols), c = scratch_c(cols);
    return f > c ? f : c;
}

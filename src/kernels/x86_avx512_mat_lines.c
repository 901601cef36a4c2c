/* Lines with AVX-512: bits of signs are masks, and `dot` is one instruction. */
#include "kernels/x86_avx512_mat.h"
#include "kernels/x86_words_256.h"

INLINE words turned(words x, uint32_t signs)
{
    return _mm256_mask_sub_epi8(x, signs, all32(0), x);
}

#include "kernels/x86_lines.inc"

void heft_avx512_mul_lines(const heft_mat *w, int32_t r0, int32_t r1, const heft_act *const *a,
                           int32_t n, float *const *y)
{
    mul_lines(w, r0, r1, a, n, y);
}

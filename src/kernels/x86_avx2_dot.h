/* Products of granules with AVX2, for x86_rows.inc. */
#ifndef HEFT_KERNELS_X86_AVX2_DOT_H
#define HEFT_KERNELS_X86_AVX2_DOT_H

#include "kernels/x86_avx2_mat.h"

enum { SIX_BIT_CHAIN = 2 }; /* granules of six bits that one sum of add_product has room for */

/* sum + unsigned w * (granule at y), in int16: two of the four products in each. */
INLINE __m256i add_product(__m256i sum, __m256i w, const int8_t *y)
{
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(w, spread(y)));
}

/* What add_product has summed up, as int32; and times a pair of sub-scales. */
INLINE __m256i widen(__m256i sum)
{
    return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
}

INLINE __m256i times(__m256i sum, __m256i pair)
{
    return _mm256_madd_epi16(sum, pair);
}

/* sum + signed w * (granule at y), in int32; the sum has begun with begin_signed of the sums of y's
 * block. |w| is multiplied by y with w's sign: two products of 128 * 127 fit in int16. */
INLINE __m256i begin_signed(const int16_t *h)
{
    (void)h;
    return _mm256_setzero_si256();
}

INLINE __m256i add_signed(__m256i sum, __m256i w, const int8_t *y)
{
    const __m256i product =
        _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(spread(y), w));
    return _mm256_add_epi32(sum, widen(product));
}

#endif

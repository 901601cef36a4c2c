/* Products of granules by vpdpbusd of 256 bits, for x86_rows.inc, in the encoding of the file that
 * includes this: AVX-VNNI's, or that of AVX-512 with VL. What each does, x86_avx2_dot.h says. */
#ifndef HEFT_KERNELS_X86_VNNI_DOT_H
#define HEFT_KERNELS_X86_VNNI_DOT_H

#include "kernels/x86_avx2_mat.h"

/* sum + four products of unsigned and signed bytes */
INLINE __m256i dot(__m256i sum, __m256i w, __m256i y)
{
#ifdef __AVXVNNI__
    return _mm256_dpbusd_avx_epi32(sum, w, y);
#else
    return _mm256_dpbusd_epi32(sum, w, y);
#endif
}

enum { SIX_BIT_CHAIN = 4 };

INLINE __m256i add_product(__m256i sum, __m256i w, const int8_t *y)
{
    return dot(sum, w, spread(y));
}

INLINE __m256i widen(__m256i sum)
{
    return sum;
}

INLINE __m256i times(__m256i sum, __m256i pair)
{
    return _mm256_mullo_epi32(sum, _mm256_srai_epi32(pair, 16));
}

/* Signed weights are multiplied with 128 added. */
INLINE __m256i begin_signed(const int16_t *h)
{
    return _mm256_madd_epi16(spread(h), _mm256_set1_epi16(-128));
}

INLINE __m256i add_signed(__m256i sum, __m256i w, const int8_t *y)
{
    return dot(sum, _mm256_xor_si256(w, _mm256_set1_epi8(-128)), spread(y));
}

#endif

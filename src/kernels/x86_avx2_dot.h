/* Products of granules with AVX2, for x86_rows.inc. */
#ifndef HEFT_KERNELS_X86_AVX2_DOT_H
#define HEFT_KERNELS_X86_AVX2_DOT_H

#include "kernels/x86_words_256.h"

enum { SIX_BIT_CHAIN = 2 }; /* granules of six bits that one sum of add_product has room for */

/* sum + unsigned w * (granule at y), in int16: two of the four products in each. */
INLINE words add_product(words sum, words w, const int8_t *y)
{
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(w, spread(y)));
}

/* Products of 16 numbers of at most five bits, added to an int32 sum by add_product in between. */
INLINE words begin_half(words sum)
{
    (void)sum;
    return all32(0);
}

INLINE words end_half(words sum, words half)
{
    return add32(sum, madd16(half, all16(1)));
}

/* What add_product has summed up, as int32; and times a pair of sub-scales. */
INLINE words widen(words sum)
{
    return madd16(sum, all16(1));
}

INLINE words times(words sum, words pair)
{
    return madd16(sum, pair);
}

/* sum + signed w * (granule at y), in int32; the sum has begun with begin_signed of the sums of y's
 * block. |w| is multiplied by y with w's sign: two products of 128 * 127 fit in int16. */
INLINE words begin_signed(const int16_t *h)
{
    (void)h;
    return all32(0);
}

INLINE words begin_signed_half(const int16_t *h, int32_t half)
{
    (void)half;
    return begin_signed(h);
}

INLINE words add_signed(words sum, words w, const int8_t *y)
{
    const words product = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(spread(y), w));
    return add32(sum, widen(product));
}

#endif

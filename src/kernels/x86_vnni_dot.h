/* Products of granules by vpdpbusd, for x86_rows.inc. What each does, x86_avx2_dot.h says. The file
 * that includes it has included x86_words_256.h or x86_words_512.h before. */
#ifndef HEFT_KERNELS_X86_VNNI_DOT_H
#define HEFT_KERNELS_X86_VNNI_DOT_H

enum { SIX_BIT_CHAIN = 4 };

INLINE words add_product(words sum, words w, const int8_t *y)
{
    return dot(sum, w, spread(y));
}

INLINE words begin_half(words sum)
{
    return sum;
}

INLINE words end_half(words sum, words half)
{
    (void)sum;
    return half;
}

INLINE words widen(words sum)
{
    return sum;
}

INLINE words times(words sum, words pair)
{
    return mul32(sum, sar32(pair, 16));
}

/* Signed weights are multiplied with 128 added. */
INLINE words begin_signed(const int16_t *h)
{
    return madd16(spread(h), all16(-128));
}

INLINE words add_signed(words sum, words w, const int8_t *y)
{
    return dot(sum, w ^ all8(-128), spread(y));
}

#endif

/* Sixteen 32-bit lanes as one register of 512 bits, for the sources that x86_lanes_256.h serves
 * too. */
#ifndef HEFT_KERNELS_X86_LANES_512_H
#define HEFT_KERNELS_X86_LANES_512_H

#include "kernels/x86_words_512.h"

enum { TILE_COLUMNS = 8 }; /* 32 registers: two of sums for each, and weights */

typedef __m512i ints;
typedef __m512 floats;

INLINE ints load_ints(const void *p)
{
    return _mm512_load_si512(p);
}

/* Four bytes in every lane. */
INLINE ints spread_ints(const void *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm512_set1_epi32(v);
}

/* -(off0 * h[0] + off1 * h[1]) in every lane; by single numbers, which take no time of the
 * multipliers that vpdpbusd needs. */
INLINE ints take_off(const int16_t h[2], int32_t off0, int32_t off1)
{
    return _mm512_set1_epi32(-(off0 * h[0] + off1 * h[1]));
}

INLINE ints flip_bytes(ints v)
{
    return _mm512_xor_si512(v, _mm512_set1_epi8(-128));
}

/* Pairs of int16: products added. */
INLINE ints pairs_ints(ints a, ints b)
{
    return _mm512_madd_epi16(a, b);
}

/* Pairs of the lower int16 of a lane of a, and of b. */
INLINE ints pair_ints(ints a, ints b)
{
    const ints high = _mm512_slli_epi32(b, 16);
    return _mm512_mask_blend_epi16(0xaaaaaaaa, a, high);
}

/* The upper int16 of every pair, widened. */
INLINE ints upper_ints(ints v)
{
    return _mm512_srai_epi32(v, 16);
}

INLINE ints zero_ints(void)
{
    return _mm512_setzero_si512();
}

/* sum + four products of the unsigned bytes of w and the four signed bytes at y */
INLINE ints dot_granule(ints sum, ints w, const int8_t *y)
{
    return dot_spread(sum, w, y);
}

INLINE ints add_ints(ints a, ints b)
{
    return _mm512_add_epi32(a, b);
}

INLINE ints mul_ints(ints a, ints b)
{
    return _mm512_mullo_epi32(a, b);
}

INLINE floats to_floats(ints v)
{
    return _mm512_cvtepi32_ps(v);
}

INLINE floats load_floats(const float *p)
{
    return _mm512_load_ps(p);
}

INLINE void store_floats(float *p, floats v)
{
    _mm512_store_ps(p, v);
}

INLINE floats spread_float(const float *p)
{
    return _mm512_set1_ps(*p);
}

INLINE floats mul_floats(floats a, floats b)
{
    return _mm512_mul_ps(a, b);
}

INLINE floats fma_floats(floats a, floats b, floats c)
{
    return _mm512_fmadd_ps(a, b, c);
}

#endif

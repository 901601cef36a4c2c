/* Sixteen 32-bit lanes as two registers of 256 bits, for the sources that x86_lanes_512.h serves
 * too. */
#ifndef HEFT_KERNELS_X86_LANES_256_H
#define HEFT_KERNELS_X86_LANES_256_H

#include "kernels/x86_words_256.h"

enum { TILE_COLUMNS = 4 }; /* 16 registers: two of sums for each, and weights */

typedef struct {
    __m256i low, high;
} ints;

typedef struct {
    __m256 low, high;
} floats;

INLINE ints load_ints(const void *p)
{
    const __m256i *v = p;
    return (ints){ _mm256_load_si256(v), _mm256_load_si256(v + 1) };
}

/* Four bytes in every lane. */
INLINE ints spread_ints(const void *p)
{
    const __m256i v = spread(p);
    return (ints){ v, v };
}

/* -(off0 * h[0] + off1 * h[1]) in every lane; by one multiplication for both registers. */
INLINE ints take_off(const int16_t h[2], int32_t off0, int32_t off1)
{
    const uint32_t low = (uint16_t)-off0, high = (uint16_t)-off1;
    const __m256i v = _mm256_madd_epi16(spread(h), _mm256_set1_epi32((int32_t)(high << 16 | low)));
    return (ints){ v, v };
}

INLINE ints flip_bytes(ints v)
{
    const __m256i top = _mm256_set1_epi8(-128);
    return (ints){ _mm256_xor_si256(v.low, top), _mm256_xor_si256(v.high, top) };
}

/* Pairs of int16: products added. */
INLINE ints pairs_ints(ints a, ints b)
{
    return (ints){ _mm256_madd_epi16(a.low, b.low), _mm256_madd_epi16(a.high, b.high) };
}

/* Pairs of the lower int16 of a lane of a, and of b. */
INLINE ints pair_ints(ints a, ints b)
{
    return (ints){ _mm256_blend_epi16(a.low, _mm256_slli_epi32(b.low, 16), 0xaa),
                   _mm256_blend_epi16(a.high, _mm256_slli_epi32(b.high, 16), 0xaa) };
}

/* The upper int16 of every pair, widened. */
INLINE ints upper_ints(ints v)
{
    return (ints){ _mm256_srai_epi32(v.low, 16), _mm256_srai_epi32(v.high, 16) };
}

INLINE ints zero_ints(void)
{
    return (ints){ _mm256_setzero_si256(), _mm256_setzero_si256() };
}

/* sum + four products of the unsigned bytes of w and the four signed bytes at y */
INLINE ints dot_granule(ints sum, ints w, const int8_t *y)
{
    const __m256i four = spread(y);
    return (ints){ dot(sum.low, w.low, four), dot(sum.high, w.high, four) };
}

INLINE ints add_ints(ints a, ints b)
{
    return (ints){ _mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high) };
}

INLINE ints mul_ints(ints a, ints b)
{
    return (ints){ _mm256_mullo_epi32(a.low, b.low), _mm256_mullo_epi32(a.high, b.high) };
}

INLINE floats to_floats(ints v)
{
    return (floats){ _mm256_cvtepi32_ps(v.low), _mm256_cvtepi32_ps(v.high) };
}

INLINE floats load_floats(const float *p)
{
    return (floats){ _mm256_load_ps(p), _mm256_load_ps(p + 8) };
}

INLINE void store_floats(float *p, floats v)
{
    _mm256_store_ps(p, v.low);
    _mm256_store_ps(p + 8, v.high);
}

INLINE floats spread_float(const float *p)
{
    const __m256 v = _mm256_broadcast_ss(p);
    return (floats){ v, v };
}

INLINE floats mul_floats(floats a, floats b)
{
    return (floats){ _mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high) };
}

INLINE floats fma_floats(floats a, floats b, floats c)
{
    return (floats){ _mm256_fmadd_ps(a.low, b.low, c.low),
                     _mm256_fmadd_ps(a.high, b.high, c.high) };
}

#endif

/* A vector of sixteen floats, which holds the 16 partial sums of class F. For the sources that
 * x86_vector_256.h serves too. */
#ifndef HEFT_KERNELS_X86_VECTOR_512_H
#define HEFT_KERNELS_X86_VECTOR_512_H

#include "kernels/kernels.h"
#include "kernels/x86_common.h"

#include <string.h>

enum { LANES = 16, PARTS = 1 };

typedef __m512 vector;

INLINE vector zero_vector(void)
{
    return _mm512_setzero_ps();
}

INLINE vector load_vector(const float *p)
{
    return _mm512_loadu_ps(p);
}

INLINE void store_vector(float *p, vector v)
{
    _mm512_storeu_ps(p, v);
}

INLINE vector fma_vector(vector a, vector b, vector c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* Bytes of a number. */
INLINE size_t width(const int32_t t)
{
    return t == HEFT_F32 ? 4 : t == HEFT_FP8 ? 1 : 2;
}

/* Numbers at p, widened: of FP8 2^-120 times as large, and its NaN as a number. */
INLINE vector widened(const int32_t t, const uint8_t *p)
{
    const void *v = p;
    if (t == HEFT_F32) return _mm512_loadu_ps(v);
    if (t == HEFT_FP8) {
        const __m512i x = _mm512_cvtepi8_epi32(_mm_loadu_si128(v));
        return _mm512_castsi512_ps(
            _mm512_and_si512(_mm512_slli_epi32(x, 20), _mm512_set1_epi32((int32_t)0x87f00000)));
    }
    const __m256i h = _mm256_loadu_si256(v);
    if (t == HEFT_F16) return _mm512_cvtph_ps(h);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

/* Numbers of a block of Q8_0: those at q, times its scale. */
INLINE vector widened_q8(const uint8_t *d, const int8_t *q)
{
    uint16_t h;
    memcpy(&h, d, sizeof h);
    const __m512i sixteen = _mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)q));
    return _mm512_mul_ps(_mm512_cvtph_ps(_mm256_set1_epi16((int16_t)h)),
                         _mm512_cvtepi32_ps(sixteen));
}

/* v in a register: gcc would read it again for every use, and loads are what limits a tile. */
INLINE vector held(vector v)
{
    __asm__("" : "+v"(v));
    return v;
}

/* w x + sum in the first n lanes, n < 16; the others keep their sum. */
INLINE vector fma_below(int32_t n, vector w, vector x, vector sum)
{
    return _mm512_mask3_fmadd_ps(w, x, sum, (__mmask16)((1u << n) - 1));
}

/* The first step of the fold: partial sums i and i + 8 added. */
INLINE __m256 half_of_sums(const vector s[PARTS])
{
    return _mm256_add_ps(_mm512_castps512_ps256(s[0]), _mm512_extractf32x8_ps(s[0], 1));
}

INLINE float fold_vector(const vector s[PARTS])
{
    return fold_half(half_of_sums(s));
}

/* y[i] = the 16 partial sums at s + i apart, folded, i < 4. */
INLINE void fold_four(float *y, const float *s, size_t apart)
{
    __m256 half[4];
    for (size_t i = 0; i < 4; i++) {
        vector sum[PARTS];
        for (size_t h = 0; h < PARTS; h++)
            sum[h] = load_vector(s + i * apart + LANES * h);
        half[i] = half_of_sums(sum);
    }
    _mm_storeu_ps(y, fold_halves(half));
}

/* Up to a vector of floats at x, then zeros, where nothing is read; and to y. */
INLINE __mmask16 lanes_below(int32_t left)
{
    return (__mmask16)(left >= LANES ? 0xffffu : left <= 0 ? 0u : (1u << left) - 1);
}

INLINE vector load_left(const float *x, int32_t left)
{
    return _mm512_maskz_loadu_ps(lanes_below(left), x);
}

INLINE void store_left(float *y, int32_t left, vector v)
{
    _mm512_mask_storeu_ps(y, lanes_below(left), v);
}

INLINE vector spread_number(float x)
{
    return _mm512_set1_ps(x);
}

INLINE vector mul_vector(vector a, vector b)
{
    return _mm512_mul_ps(a, b);
}

INLINE vector add_vector(vector a, vector b)
{
    return _mm512_add_ps(a, b);
}

INLINE vector sub_vector(vector a, vector b)
{
    return _mm512_sub_ps(a, b);
}

INLINE vector div_vector(vector a, vector b)
{
    return _mm512_div_ps(a, b);
}

/* a > b ? a : b */
INLINE vector max_vector(vector a, vector b)
{
    return _mm512_max_ps(a, b);
}

/* first, first + 1, ... */
INLINE vector numbers_from(int32_t first)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_set1_epi32(first), lane));
}

/* a in the lanes whose bit is set, else b. */
INLINE vector where_set(uint32_t bits, vector a, vector b)
{
    return _mm512_mask_mov_ps(b, (__mmask16)bits, a);
}

/* Eight lanes with the largest of all among them. */
INLINE __m256 half_of_most(vector v)
{
    return _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
}

/* a < b ? a : b */
INLINE vector min_vector(vector a, vector b)
{
    return _mm512_min_ps(a, b);
}

INLINE vector magnitude_of(vector x)
{
    return _mm512_andnot_ps(spread_number(-0.0f), x);
}

INLINE vector with_sign(vector a, vector sign)
{
    return _mm512_or_ps(a, _mm512_and_ps(spread_number(-0.0f), sign));
}

/* a in the lanes where x is below the bound, else b. */
INLINE vector where_less(vector x, float bound, vector a, vector b)
{
    return _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(x, spread_number(bound), _CMP_LT_OQ), a);
}

/* Whole numbers in lanes, and what exp asks of them. */
typedef __m512i integers;

INLINE integers bits_of(vector v)
{
    return _mm512_castps_si512(v);
}

INLINE integers sub_integers(integers a, integers b)
{
    return _mm512_sub_epi32(a, b);
}

INLINE integers load_integers(const void *p)
{
    return _mm512_loadu_si512(p);
}

INLINE integers spread_integer(int32_t x)
{
    return _mm512_set1_epi32(x);
}

INLINE vector numbers_of(integers a)
{
    return _mm512_cvtepi32_ps(a);
}

/* a in the lanes whose integer has bit e set, else b. */
INLINE vector where_bit(integers of, int32_t e, vector a, vector b)
{
    const __m512i bit = _mm512_set1_epi32((int32_t)(1u << e));
    return _mm512_mask_mov_ps(b, _mm512_test_epi32_mask(of, bit), a);
}

INLINE integers half_of_integers(integers a)
{
    return _mm512_srai_epi32(a, 1);
}

INLINE vector power_of_two(integers e)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(e, _mm512_set1_epi32(127)), 23));
}

#endif

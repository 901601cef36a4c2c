/* Sixteen rows side by side in registers of 512 bits: the words of x86_granules.inc, x86_rows.inc
 * and x86_unpack.inc, which x86_words_256.h has for eight. */
#ifndef HEFT_KERNELS_X86_WORDS_512_H
#define HEFT_KERNELS_X86_WORDS_512_H

#include "kernels/x86_common.h"

#include <string.h>

enum {
    GROUP = 16,      /* rows side by side */
    MOST_COLUMNS = 8 /* that are multiplied with them together: 32 registers */
};

typedef __m512i words; /* 32 bits of every row; &, | and ^ are C's */
typedef __m512 reals;  /* a float of every row */

/* A byte everywhere, an int16, a word. */
INLINE words all8(int8_t v)
{
    return _mm512_set1_epi8(v);
}

INLINE words all16(int16_t v)
{
    return _mm512_set1_epi16(v);
}

INLINE words all32(int32_t v)
{
    return _mm512_set1_epi32(v);
}

/* 16 bytes for every four rows. */
INLINE words repeated(const void *p)
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128(p));
}

/* Shifts of int16 or words: left, right, right with the sign. */
INLINE words shl16(words v, int32_t n)
{
    return _mm512_slli_epi16(v, n);
}

INLINE words shr16(words v, int32_t n)
{
    return _mm512_srli_epi16(v, n);
}

INLINE words shl32(words v, int32_t n)
{
    return _mm512_slli_epi32(v, n);
}

INLINE words shr32(words v, int32_t n)
{
    return _mm512_srli_epi32(v, n);
}

/* Each row by its own n. */
INLINE words shr32_each(words v, words n)
{
    return _mm512_srlv_epi32(v, n);
}

INLINE words sar32(words v, int32_t n)
{
    return _mm512_srai_epi32(v, n);
}

/* Arithmetic of bytes, int16 and words. */
INLINE words add8(words a, words b)
{
    return _mm512_add_epi8(a, b);
}

INLINE words sub8(words a, words b)
{
    return _mm512_sub_epi8(a, b);
}

INLINE words mul16(words a, words b)
{
    return _mm512_mullo_epi16(a, b);
}

INLINE words add32(words a, words b)
{
    return _mm512_add_epi32(a, b);
}

INLINE words sub32(words a, words b)
{
    return _mm512_sub_epi32(a, b);
}

INLINE words mul32(words a, words b)
{
    return _mm512_mullo_epi32(a, b);
}

/* The sum of the products of both int16 of a word. */
INLINE words madd16(words a, words b)
{
    return _mm512_madd_epi16(a, b);
}

/* Byte i of four rows' 16 bytes, i < 16 for every byte of `index`. */
INLINE words look_up(words list, words index)
{
    return _mm512_shuffle_epi8(list, index);
}

/* The word, or the float, at p in every row. */
INLINE words spread(const void *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm512_set1_epi32(v);
}

INLINE reals spread_real(const float *p)
{
    return _mm512_set1_ps(*p);
}

INLINE reals all_reals(float v)
{
    return _mm512_set1_ps(v);
}

INLINE reals to_reals(words v)
{
    return _mm512_cvtepi32_ps(v);
}

INLINE reals as_reals(words v)
{
    return _mm512_castsi512_ps(v);
}

INLINE words as_words(reals v)
{
    return _mm512_castps_si512(v);
}

INLINE reals negated(reals v)
{
    return _mm512_xor_ps(v, _mm512_set1_ps(-0.0f));
}

INLINE reals mul_reals(reals a, reals b)
{
    return _mm512_mul_ps(a, b);
}

INLINE reals div_reals(reals a, reals b)
{
    return _mm512_div_ps(a, b);
}

INLINE reals fma_reals(reals a, reals b, reals c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* p: anywhere */
INLINE words load_words(const void *p)
{
    return _mm512_loadu_si512(p);
}

INLINE reals load_reals(const float *p)
{
    return _mm512_loadu_ps(p);
}

INLINE void store_words(void *p, words v)
{
    _mm512_storeu_si512(p, v);
}

INLINE void store_reals(float *p, reals v)
{
    _mm512_storeu_ps(p, v);
}

/* 16 bytes of rows i, i + 4, i + 8 and i + 12. */
INLINE words every_fourth(const uint8_t *p, size_t stride)
{
    __m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const void *)p));
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(p + 4 * stride)), 1);
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(p + 8 * stride)), 2);
    return _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(p + 12 * stride)), 3);
}

/* 16 bytes at `row` of every row -> t[i]: bytes 4i .. 4i + 3. */
INLINE void granules(const uint8_t *row, size_t stride, words t[4])
{
    const __m512i a = every_fourth(row, stride), b = every_fourth(row + stride, stride),
                  c = every_fourth(row + 2 * stride, stride),
                  d = every_fourth(row + 3 * stride, stride);
    const __m512i ab0 = _mm512_unpacklo_epi32(a, b), ab1 = _mm512_unpackhi_epi32(a, b);
    const __m512i cd0 = _mm512_unpacklo_epi32(c, d), cd1 = _mm512_unpackhi_epi32(c, d);
    t[0] = _mm512_unpacklo_epi64(ab0, cd0);
    t[1] = _mm512_unpackhi_epi64(ab0, cd0);
    t[2] = _mm512_unpacklo_epi64(ab1, cd1);
    t[3] = _mm512_unpackhi_epi64(ab1, cd1);
}

/* The byte at p of every row. */
INLINE words bytes_of_rows(const uint8_t *p, size_t stride)
{
    uint8_t b[16];
    for (size_t i = 0; i < 16; i++)
        b[i] = p[stride * i];
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)b));
}

/* The half at p of every row, widened. */
INLINE reals halves(const uint8_t *p, size_t stride)
{
    int16_t h[16];
    for (size_t i = 0; i < 16; i++)
        memcpy(&h[i], p + stride * i, sizeof h[i]);
    return _mm512_cvtph_ps(_mm256_setr_epi16(h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8],
                                             h[9], h[10], h[11], h[12], h[13], h[14], h[15]));
}

/* The low half of each word, widened. */
INLINE reals half_of_word(words v)
{
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v));
}

/* sum + four products of unsigned and signed bytes */
INLINE words dot(words sum, words w, words y)
{
    return _mm512_dpbusd_epi32(sum, w, y);
}

typedef struct {
    int8_t q[4];
} four_bytes;

/* The same with the four bytes at y in every row. Assembly, because gcc 12 spreads them by an
 * instruction of its own: the tiles of class S, which need little else, then waited for those (47
 * MAC/cycle, and 48 to 50 without), and so did eight columns of Q4_K. */
INLINE words dot_spread(words sum, words w, const int8_t *y)
{
    __asm__("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(w), "m"(*(const four_bytes *)y));
    return sum;
}

#endif

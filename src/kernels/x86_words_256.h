/* Eight rows side by side in registers of 256 bits: the words of x86_granules.inc, x86_rows.inc and
 * x86_unpack.inc, which x86_words_512.h has for sixteen. */
#ifndef HEFT_KERNELS_X86_WORDS_256_H
#define HEFT_KERNELS_X86_WORDS_256_H

#include "kernels/x86_common.h"

#include <string.h>

enum {
    GROUP = 8,       /* rows side by side */
    MOST_COLUMNS = 4 /* that are multiplied with them together: 16 registers */
};

typedef __m256i words; /* 32 bits of every row; &, | and ^ are C's */
typedef __m256 reals;  /* a float of every row */

/* A byte everywhere, an int16, a word. */
INLINE words all8(int8_t v)
{
    return _mm256_set1_epi8(v);
}

INLINE words all16(int16_t v)
{
    return _mm256_set1_epi16(v);
}

INLINE words all32(int32_t v)
{
    return _mm256_set1_epi32(v);
}

/* 16 bytes for every four rows. */
INLINE words repeated(const void *p)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(p));
}

/* Shifts of int16 or words: left, right, right with the sign. */
INLINE words shl16(words v, int32_t n)
{
    return _mm256_slli_epi16(v, n);
}

INLINE words shr16(words v, int32_t n)
{
    return _mm256_srli_epi16(v, n);
}

INLINE words shl32(words v, int32_t n)
{
    return _mm256_slli_epi32(v, n);
}

INLINE words shr32(words v, int32_t n)
{
    return _mm256_srli_epi32(v, n);
}

/* Each row by its own n. */
INLINE words shr32_each(words v, words n)
{
    return _mm256_srlv_epi32(v, n);
}

INLINE words sar32(words v, int32_t n)
{
    return _mm256_srai_epi32(v, n);
}

/* Arithmetic of bytes, int16 and words. */
INLINE words add8(words a, words b)
{
    return _mm256_add_epi8(a, b);
}

INLINE words sub8(words a, words b)
{
    return _mm256_sub_epi8(a, b);
}

INLINE words mul16(words a, words b)
{
    return _mm256_mullo_epi16(a, b);
}

INLINE words add32(words a, words b)
{
    return _mm256_add_epi32(a, b);
}

INLINE words sub32(words a, words b)
{
    return _mm256_sub_epi32(a, b);
}

INLINE words mul32(words a, words b)
{
    return _mm256_mullo_epi32(a, b);
}

/* The sum of the products of both int16 of a word. */
INLINE words madd16(words a, words b)
{
    return _mm256_madd_epi16(a, b);
}

/* Byte i of four rows' 16 bytes, i < 16 for every byte of `index`. */
INLINE words look_up(words list, words index)
{
    return _mm256_shuffle_epi8(list, index);
}

/* The word, or the float, at p in every row. */
INLINE words spread(const void *p)
{
    return _mm256_castps_si256(_mm256_broadcast_ss(p));
}

INLINE reals spread_real(const float *p)
{
    return _mm256_broadcast_ss(p);
}

INLINE reals all_reals(float v)
{
    return _mm256_set1_ps(v);
}

INLINE reals to_reals(words v)
{
    return _mm256_cvtepi32_ps(v);
}

INLINE reals as_reals(words v)
{
    return _mm256_castsi256_ps(v);
}

INLINE words as_words(reals v)
{
    return _mm256_castps_si256(v);
}

INLINE reals negated(reals v)
{
    return _mm256_xor_ps(v, _mm256_set1_ps(-0.0f));
}

INLINE reals mul_reals(reals a, reals b)
{
    return _mm256_mul_ps(a, b);
}

INLINE reals div_reals(reals a, reals b)
{
    return _mm256_div_ps(a, b);
}

INLINE reals fma_reals(reals a, reals b, reals c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* p: anywhere */
INLINE words load_words(const void *p)
{
    return _mm256_loadu_si256(p);
}

INLINE reals load_reals(const float *p)
{
    return _mm256_loadu_ps(p);
}

INLINE void store_words(void *p, words v)
{
    _mm256_storeu_si256(p, v);
}

INLINE void store_reals(float *p, reals v)
{
    _mm256_storeu_ps(p, v);
}

/* 16 bytes of rows i and i + 4. */
INLINE words every_fourth(const uint8_t *p, size_t stride)
{
    return _mm256_loadu2_m128i((const __m128i *)(const void *)(p + 4 * stride),
                               (const __m128i *)(const void *)p);
}

/* 16 bytes at `row` of every row -> t[i]: bytes 4i .. 4i + 3. */
INLINE void granules(const uint8_t *row, size_t stride, words t[4])
{
    const __m256i a = every_fourth(row, stride), b = every_fourth(row + stride, stride),
                  c = every_fourth(row + 2 * stride, stride),
                  d = every_fourth(row + 3 * stride, stride);
    const __m256i ab0 = _mm256_unpacklo_epi32(a, b), ab1 = _mm256_unpackhi_epi32(a, b);
    const __m256i cd0 = _mm256_unpacklo_epi32(c, d), cd1 = _mm256_unpackhi_epi32(c, d);
    t[0] = _mm256_unpacklo_epi64(ab0, cd0);
    t[1] = _mm256_unpackhi_epi64(ab0, cd0);
    t[2] = _mm256_unpacklo_epi64(ab1, cd1);
    t[3] = _mm256_unpackhi_epi64(ab1, cd1);
}

/* The byte at p of every row. */
INLINE words bytes_of_rows(const uint8_t *p, size_t stride)
{
    return _mm256_setr_epi32(p[0], p[stride], p[2 * stride], p[3 * stride], p[4 * stride],
                             p[5 * stride], p[6 * stride], p[7 * stride]);
}

/* The half at p of every row, widened. */
INLINE reals halves(const uint8_t *p, size_t stride)
{
    int16_t h[8];
    for (size_t i = 0; i < 8; i++)
        memcpy(&h[i], p + stride * i, sizeof h[i]);
    return _mm256_cvtph_ps(_mm_setr_epi16(h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]));
}

/* The low half of each word, widened. */
INLINE reals half_of_word(words v)
{
    const __m256i packed = _mm256_packus_epi32(v & all32(0xffff), _mm256_setzero_si256());
    return _mm256_cvtph_ps(_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 8)));
}

/* sum + four products of unsigned and signed bytes, in the encoding of the file that includes this:
 * AVX-VNNI's, or that of AVX-512 with VL */
#ifdef __AVXVNNI__
INLINE words dot(words sum, words w, words y)
{
    return _mm256_dpbusd_avx_epi32(sum, w, y);
}
#elif defined __AVX512VNNI__
INLINE words dot(words sum, words w, words y)
{
    return _mm256_dpbusd_epi32(sum, w, y);
}
#endif

#if defined __AVXVNNI__ || defined __AVX512VNNI__
/* The same with the four bytes at y in every row. */
INLINE words dot_spread(words sum, words w, const int8_t *y)
{
    return dot(sum, w, spread(y));
}
#endif

#endif

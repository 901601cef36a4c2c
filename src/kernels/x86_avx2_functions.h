/* Small helpers, eight floats at a time, for the files of AVX2 and what they share with AVX-512. */
#ifndef HEFT_KERNELS_X86_AVX2_FUNCTIONS_H
#define HEFT_KERNELS_X86_AVX2_FUNCTIONS_H

#include <immintrin.h>
#include <stdint.h>

/* Ones in the first `left` lanes; left may be anything. */
static inline __m256i lanes(int64_t left)
{
    int32_t n = left < 0 ? 0 : left > 8 ? 8 : (int32_t)left;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Up to 8 floats; zeros behind the first `left`, where nothing is read. */
static inline __m256 load(const float *x, int64_t left)
{
    return left >= 8 ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, lanes(left));
}

static inline void store(float *y, int64_t left, __m256 v)
{
    if (left >= 8)
        _mm256_storeu_ps(y, v);
    else
        _mm256_maskstore_ps(y, lanes(left), v);
}

/* heft_fold of the partial sums 0..7 in a, 8..15 in b. */
static inline float fold(__m256 a, __m256 b)
{
    __m256 s8 = _mm256_add_ps(a, b);
    __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_add_ss(s2, _mm_movehdup_ps(s2)));
}

/* The largest of 8, made +0 where it is -0. */
static inline float largest(__m256 a)
{
    __m128 m4 = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 m2 = _mm_max_ps(m4, _mm_movehl_ps(m4, m4));
    return _mm_cvtss_f32(_mm_max_ss(m2, _mm_movehdup_ps(m2))) + 0.0f;
}

#endif

/* The functions of functions.c and small helpers, eight floats at a time, for the AVX2 files alone.
 * Bodies stand in a header because they must be inlined; each repeats its scalar original operation
 * by operation. MAXPS and MINPS return their second operand where one is a NaN, as the scalar
 * comparisons do. */
#ifndef HEFT_KERNELS_X86_AVX2_FUNCTIONS_H
#define HEFT_KERNELS_X86_AVX2_FUNCTIONS_H

#include "kernels/polynomials.h"

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

static inline __m256 magnitude_of(__m256 x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

static inline __m256 with_sign(__m256 a, __m256 sign)
{
    return _mm256_or_ps(a, _mm256_and_ps(_mm256_set1_ps(-0.0f), sign));
}

static inline __m256 polynomial(const float *c, int32_t n, __m256 x)
{
    __m256 p = _mm256_set1_ps(c[n - 1]);
    for (int32_t i = n - 2; i >= 0; i--)
        p = _mm256_fmadd_ps(p, x, _mm256_set1_ps(c[i]));
    return p;
}

static inline __m256 power_of_two(__m256i e)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(e, _mm256_set1_epi32(127)), 23));
}

static inline __m256 exp_avx2(__m256 x)
{
    const __m256 magic = _mm256_set1_ps(heft_round_magic);
    x = _mm256_max_ps(_mm256_set1_ps(heft_exp_least), x);
    x = _mm256_min_ps(_mm256_set1_ps(heft_exp_most), x);
    __m256 shifted = _mm256_fmadd_ps(x, _mm256_set1_ps(heft_log2_e), magic);
    __m256 n = _mm256_sub_ps(shifted, magic);
    __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-heft_ln2_high), x);
    r = _mm256_fmadd_ps(n, _mm256_set1_ps(-heft_ln2_low), r);
    __m256i e = _mm256_sub_epi32(_mm256_castps_si256(shifted), _mm256_castps_si256(magic));
    __m256i half = _mm256_srai_epi32(e, 1);
    __m256 p = _mm256_mul_ps(polynomial(heft_exp_poly, 7, r), power_of_two(half));
    return _mm256_mul_ps(p, power_of_two(_mm256_sub_epi32(e, half)));
}

static inline __m256 tanh_avx2(__m256 x)
{
    const __m256 one = _mm256_set1_ps(1), two = _mm256_set1_ps(2);
    __m256 a = magnitude_of(x), z = _mm256_mul_ps(x, x);
    __m256 near = _mm256_fmadd_ps(_mm256_mul_ps(x, z), polynomial(heft_tanh_poly, 5, z), x);
    __m256 e = exp_avx2(_mm256_mul_ps(two, a));
    __m256 far = _mm256_sub_ps(one, _mm256_div_ps(two, _mm256_add_ps(e, one)));
    __m256 is_near = _mm256_cmp_ps(a, _mm256_set1_ps(heft_tanh_split), _CMP_LT_OQ);
    return _mm256_blendv_ps(with_sign(far, x), near, is_near);
}

static inline __m256 erf_avx2(__m256 x)
{
    __m256 a = magnitude_of(x), z = _mm256_mul_ps(x, x);
    __m256 near = _mm256_fmadd_ps(x, polynomial(heft_erf_poly, 7, z), x);
    __m256 is_near = _mm256_cmp_ps(a, _mm256_set1_ps(heft_erf_split), _CMP_LT_OQ);
    a = _mm256_min_ps(_mm256_set1_ps(heft_erf_most), a);
    __m256 far = _mm256_sub_ps(_mm256_set1_ps(1), exp_avx2(polynomial(heft_erfc_poly, 7, a)));
    return _mm256_blendv_ps(with_sign(far, x), near, is_near);
}

/* a / (1 + exp(by x)) */
static inline __m256 over_one_and_exp(__m256 a, __m256 x, float by)
{
    __m256 e = exp_avx2(_mm256_mul_ps(_mm256_set1_ps(by), x));
    return _mm256_div_ps(a, _mm256_add_ps(_mm256_set1_ps(1), e));
}

static inline __m256 swish_avx2(__m256 x, float by)
{
    return over_one_and_exp(x, x, by);
}

#endif

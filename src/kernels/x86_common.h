/* What every file of x86 kernels may need. */
#ifndef HEFT_KERNELS_X86_COMMON_H
#define HEFT_KERNELS_X86_COMMON_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A function that must become part of its caller, so that types and counts are constants there. */
#define INLINE static inline __attribute__((always_inline))

/* Fetch `bytes` from p on into the first cache, or else the second. Assembly, because gcc 12 takes
 * an inline function of nothing but prefetches for one without effect and drops the call. */
INLINE void fetch_to(bool first, const uint8_t *p, size_t bytes)
{
    for (size_t o = 0; o < bytes; o += 64)
        if (first)
            __asm__ volatile("prefetcht0 (%0)" ::"r"(p + o));
        else
            __asm__ volatile("prefetcht1 (%0)" ::"r"(p + o));
}

INLINE void fetch(const uint8_t *p, size_t bytes)
{
    fetch_to(false, p, bytes);
}

/* The fold of class F after its first step: i + 4, i + 2, i + 1. */
INLINE float fold_half(__m256 eight)
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* The same for four outputs at once. */
INLINE __m128 fold_halves(const __m256 v[4])
{
    __m256 s[2];
    for (int32_t i = 0; i < 2; i++) /* outputs 2 i and 2 i + 1, in a half of the register each */
        s[i] = _mm256_add_ps(_mm256_permute2f128_ps(v[2 * i], v[2 * i + 1], 0x20),
                             _mm256_permute2f128_ps(v[2 * i], v[2 * i + 1], 0x31));
    const __m256 two =
        _mm256_add_ps(_mm256_shuffle_ps(s[0], s[1], 0x44), _mm256_shuffle_ps(s[0], s[1], 0xee));
    const __m256 one = _mm256_add_ps(two, _mm256_movehdup_ps(two)); /* 0 - 2 - | 1 - 3 - */
    const __m128 even = _mm256_castps256_ps128(one), odd = _mm256_extractf128_ps(one, 1);
    return _mm_blend_ps(even, _mm_moveldup_ps(odd), 0xa);
}

#endif

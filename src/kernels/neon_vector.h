/* A vector of four floats; four hold the 16 partial sums of class F. What each function does,
 * x86_vector_256.h says. */
#ifndef HEFT_KERNELS_NEON_VECTOR_H
#define HEFT_KERNELS_NEON_VECTOR_H

#include "kernels/kernels.h"

#include <arm_neon.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 4, PARTS = 4 };

typedef float32x4_t vector;

INLINE vector zero_vector(void)
{
    return vdupq_n_f32(0);
}

INLINE vector load_vector(const float *p)
{
    return vld1q_f32(p);
}

INLINE void store_vector(float *p, vector v)
{
    vst1q_f32(p, v);
}

INLINE vector spread_number(float x)
{
    return vdupq_n_f32(x);
}

INLINE vector fma_vector(vector a, vector b, vector c)
{
    return vfmaq_f32(c, a, b);
}

/* Bytes of a number. */
INLINE size_t width(const int32_t t)
{
    return t == HEFT_F32 ? 4 : t == HEFT_FP8 ? 1 : 2;
}

/* Numbers at p, at any address, widened: of FP8 2^-120 times as large, and its NaN as a number. */
INLINE vector widened(const int32_t t, const uint8_t *p)
{
    if (t == HEFT_F32) return vreinterpretq_f32_u8(vld1q_u8(p));
    if (t == HEFT_FP8) {
        uint32_t four;
        memcpy(&four, p, sizeof four);
        const int16x4_t x = vget_low_s16(vmovl_s8(vcreate_s8(four)));
        const int32x4_t y = vshlq_n_s32(vmovl_s16(x), 20);
        return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_s32(y), vdupq_n_u32(0x87f00000)));
    }
    const uint8x8_t h = vld1_u8(p);
    if (t == HEFT_F16) return vcvt_f32_f16(vreinterpret_f16_u8(h));
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(h), 16));
}

INLINE vector held(vector v)
{
    return v;
}

INLINE vector mul_vector(vector a, vector b)
{
    return vmulq_f32(a, b);
}

INLINE vector fma_below(int32_t n, vector w, vector x, vector sum)
{
    static const int32_t lane[4] = { 0, 1, 2, 3 };
    const uint32x4_t below = vcltq_s32(vld1q_s32(lane), vdupq_n_s32(n));
    return vbslq_f32(below, vfmaq_f32(sum, w, x), sum);
}

INLINE float fold_vector(const vector s[PARTS])
{
    const vector four = vaddq_f32(vaddq_f32(s[0], s[2]), vaddq_f32(s[1], s[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

INLINE void fold_four(float *y, const float *s, size_t apart)
{
    for (size_t i = 0; i < 4; i++, s += apart) {
        const vector sum[PARTS] = { vld1q_f32(s), vld1q_f32(s + 4), vld1q_f32(s + 8),
                                    vld1q_f32(s + 12) };
        y[i] = fold_vector(sum);
    }
}

/* Fetch `bytes` from p on. */
INLINE void fetch(const uint8_t *p, size_t bytes)
{
    for (size_t o = 0; o < bytes; o += 64)
        __builtin_prefetch(p + o);
}

#endif

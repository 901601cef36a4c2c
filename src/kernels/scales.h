/* Weights whose scales lie in tensors beside them: what the scalar and the vector code share. */
#ifndef HEFT_KERNELS_SCALES_H
#define HEFT_KERNELS_SCALES_H

#include "kernels/bits.h"
#include "kernels/kernels.h"

/* Scale (i, j) of heft_scales, its factor applied: one rounding where there is a factor. */
float heft_scale(const heft_scales *s, int64_t i, int64_t j);

/* y[a * apart + b] = the number in line `line` + a, place `at` + b, of a matrix of class F or C
 * with scales: a < lines, b < n. Lines are rows of w, or its columns where it is stored by them. */
void heft_floats(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                 int32_t at, int32_t n);

/* Block b of 32 numbers of row r of w, a format of another class with scales. out holds 1 for every
 * sub-scale and 0 for the rest. */
void heft_unpack_scaled(heft_block *out, const heft_mat *w, int32_t r, int32_t b);

/* E4M3 without infinities: 0x7f and 0xff are NaNs. The bits are a float's, 120 powers of two
 * lower. */
static inline float heft_e4m3(uint8_t x)
{
    const uint32_t rest = x & 0x7fu, sign = (uint32_t)(x & 0x80u) << 24;
    const float f = heft_float_of(rest << 20) * 0x1p120f;
    return heft_float_of(sign | (rest == 0x7f ? 0x7fc00000u : heft_bits_of(f)));
}

/* 2^(e - 128): half of an E8M0, as the upper half of a float; subnormal for e < 2. */
static inline float heft_half_e8m0(uint8_t e)
{
    return heft_bf16((uint16_t)(e < 2 ? 32 << e : (e - 1) << 7));
}

#endif

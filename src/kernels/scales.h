/* Weights whose scales lie in tensors beside them: what the scalar and the vector code share. */
#ifndef HEFT_KERNELS_SCALES_H
#define HEFT_KERNELS_SCALES_H

#include "base/cursor.h"
#include "kernels/bits.h"
#include "kernels/iq_grids.h"
#include "kernels/kernels.h"

/* Scale (i, j) of heft_scales, its factor applied: one rounding where there is a factor. */
float heft_scale(const heft_scales *s, int64_t i, int64_t j);

/* y[a * apart + b] = the number in line `line` + a, place `at` + b, of a matrix of class F or C
 * with scales: a < lines, b < n. Lines are rows of w, or its columns where it is stored by them. */
void heft_floats(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                 int32_t at, int32_t n);

/* Which line of scales a line has, where groups run across lines: GPTQ, AWQ. */
static inline int64_t heft_line_group(const heft_scales *s, int64_t line)
{
    return s->index ? heft_load32(s->index + 4 * line) : line / s->lines;
}

/* AWQ: column i of the eight in a word lies at place heft_awq_at[i]. */
extern const uint8_t heft_awq_at[8];

/* Scales and zero points of that group for the places at .. at + n - 1. */
void heft_read_group(const heft_mat *w, int64_t group, int64_t at, int32_t n, float *d,
                     float *zero);

/* Zero point of a line in group g, of words of so many bits that go down along lines. */
static inline int32_t heft_zero_below(const heft_scales *s, int64_t line, int64_t g, int32_t bits)
{
    const uint64_t l = (uint64_t)line, per = 32 / (uint32_t)bits; /* a power of two */
    const uint32_t word = heft_load32(s->zero + 4 * ((int64_t)(l / per) * s->stride + g));
    return (int32_t)(word >> l % per * (uint32_t)bits & ((1u << bits) - 1));
}

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

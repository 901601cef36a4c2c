/* Every block format to canonical blocks of 32: w = d * sc * q + m * mn (docs/formats.md). */
#include "dtype/blocks.h"
#include "kernels/iq_grids.h"
#include "kernels/kernels.h"
#include "kernels/scales.h"

#include <assert.h>
#include <string.h>

/* ---- what several formats share ---- */

static float half_at(const uint8_t *p)
{
    return heft_half(heft_load16(p));
}

static void set_scale(heft_block *out, float d)
{
    out->d[0] = out->d[1] = d;
}

/* 32 nibbles in the order of Q4_0. */
static void nibbles(int8_t *restrict q, const uint8_t *restrict qs)
{
    for (int32_t i = 0; i < 16; i++)
        q[i] = (int8_t)(qs[i] & 15);
    for (int32_t i = 0; i < 16; i++)
        q[i + 16] = (int8_t)(qs[i] >> 4);
}

/* Block j of 32, two bits each in the order of Q2_K. */
static void two_bits(int8_t *restrict q, const uint8_t *restrict qs, int32_t j)
{
    for (int32_t i = 0; i < 32; i++)
        q[i] = (int8_t)(qs[32 * (j / 4) + i] >> 2 * (j % 4) & 3);
}

static void subtract(int8_t *q, int32_t offset)
{
    for (int32_t i = 0; i < 32; i++)
        q[i] = (int8_t)(q[i] - offset);
}

/* Eight numbers at once, a byte each of 64 bits. */
static const uint64_t every_byte = 0x0101010101010101u;

/* Bits, and pairs of bits, the lowest first, to bytes. */
static uint64_t bytes_of_bits(uint32_t bits)
{
    uint64_t x = bits & 255;
    x = (x | x << 28) & 0x0000000f0000000fu;
    x = (x | x << 14) & 0x0003000300030003u;
    return (x | x << 7) & every_byte;
}

static uint64_t bytes_of_pairs(uint32_t pairs)
{
    uint64_t x = pairs;
    x = (x | x << 24) & 0x000000ff000000ffu;
    x = (x | x << 12) & 0x000f000f000f000fu;
    return (x | x << 6) & 0x0303030303030303u;
}

/* Store bytes below 128, less n: 128 is added for a while, so that none borrows from the next. */
static void put_less(int8_t *q, uint64_t v, uint32_t n)
{
    v = (v + (128 - n) * every_byte) ^ 128 * every_byte;
    memcpy(q, &v, sizeof v);
}

/* ---- plain integers ---- */

static void unpack_q4_0(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q4_0 *w = (const heft_block_q4_0 *)block;
    set_scale(out, half_at(w->d));
    nibbles(out->q, w->qs);
    subtract(out->q, 8);
}

static void unpack_q4_1(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q4_1 *w = (const heft_block_q4_1 *)block;
    set_scale(out, half_at(w->d));
    out->m = half_at(w->m);
    nibbles(out->q, w->qs);
}

/* Nibbles and a fifth bit from qh, which Q5_0 and Q5_1 share. */
static void five_bits(int8_t *q, const uint8_t *qs, uint32_t qh)
{
    nibbles(q, qs);
    for (int32_t i = 0; i < 32; i += 8) {
        uint64_t v;
        memcpy(&v, q + i, sizeof v);
        v |= bytes_of_bits(qh >> i) << 4;
        memcpy(q + i, &v, sizeof v);
    }
}

static void unpack_q5_0(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q5_0 *w = (const heft_block_q5_0 *)block;
    set_scale(out, half_at(w->d));
    five_bits(out->q, w->qs, heft_load32(w->qh));
    subtract(out->q, 16);
}

static void unpack_q5_1(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q5_1 *w = (const heft_block_q5_1 *)block;
    set_scale(out, half_at(w->d));
    out->m = half_at(w->m);
    five_bits(out->q, w->qs, heft_load32(w->qh));
}

static void unpack_q8_0(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q8_0 *w = (const heft_block_q8_0 *)block;
    set_scale(out, half_at(w->d));
    memcpy(out->q, w->q, sizeof out->q);
}

static void unpack_q1_0(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q1_0 *w = (const heft_block_q1_0 *)block;
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 4; i++)
        put_less(out->q + 8 * i, 2 * bytes_of_bits(w->qs[4 * j + i]), 1);
}

static void unpack_q2_0(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q2_0 *w = (const heft_block_q2_0 *)block;
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 4; i++)
        put_less(out->q + 8 * i, bytes_of_pairs(heft_load16(w->qs + 8 * j + 2 * i)), 1);
}

static void unpack_tq2_0(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_tq2_0 *w = (const heft_block_tq2_0 *)block;
    set_scale(out, half_at(w->d));
    two_bits(out->q, w->qs, j);
    subtract(out->q, 1);
}

/* Digit n of the bytes from qs on, which is what a product of 8 bits leaves, times 3. */
static void ternary_digit(int8_t *q, const uint8_t *qs, int32_t bytes, int32_t n)
{
    static const uint8_t power[] = { 1, 3, 9, 27, 81 };
    for (int32_t i = 0; i < bytes; i++)
        q[i] = (int8_t)(((qs[i] * power[n] & 255) * 3 >> 8) - 1);
}

static void unpack_tq1_0(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_tq1_0 *w = (const heft_block_tq1_0 *)block;
    set_scale(out, half_at(w->d));
    if (j < 5) {
        ternary_digit(out->q, w->qs, 32, j);
        return;
    }
    ternary_digit(out->q, w->qs + 32, 16, 2 * (j - 5));
    if (j < 7) {
        ternary_digit(out->q + 16, w->qs + 32, 16, 2 * (j - 5) + 1);
        return;
    }
    for (int32_t n = 0; n < 4; n++)
        ternary_digit(out->q + 16 + 4 * n, w->qh, 4, n);
}

/* ---- sub-scales ---- */

/* The head that Q4_K and Q5_K share. Half times 6-bit integer: both products are exact. */
static void affine_k(heft_block *out, const heft_block_q4_k *w, int32_t j)
{
    const uint8_t *s = w->sc;
    int32_t sc = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
    int32_t mn = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
    set_scale(out, half_at(w->d) * (float)sc);
    out->m = -half_at(w->dmin) * (float)mn;
}

static void unpack_q4_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q4_k *w = (const heft_block_q4_k *)block;
    affine_k(out, w, j);
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)(w->qs[32 * (j / 2) + i] >> 4 * (j % 2) & 15);
}

static void unpack_q5_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q5_k *w = (const heft_block_q5_k *)block;
    affine_k(out, (const heft_block_q4_k *)block, j);
    for (int32_t i = 0; i < 32; i++) {
        int32_t low = w->qs[32 * (j / 2) + i] >> 4 * (j % 2) & 15;
        out->q[i] = (int8_t)(low | (w->qh[i] >> j & 1) << 4);
    }
}

static void unpack_q6_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q6_k *w = (const heft_block_q6_k *)block;
    const int32_t half = j / 4, quarter = j % 4;
    const uint8_t *ql = w->ql + 64 * half + 32 * (quarter % 2), *qh = w->qh + 32 * half;
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 2; i++)
        out->sc[i] = w->sc[2 * j + i];
    for (int32_t i = 0; i < 32; i++) {
        int32_t low = ql[i] >> 4 * (quarter / 2) & 15;
        out->q[i] = (int8_t)((low | (qh[i] >> 2 * quarter & 3) << 4) - 32);
    }
}

static void unpack_q2_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q2_k *w = (const heft_block_q2_k *)block;
    set_scale(out, half_at(w->d));
    out->m = -half_at(w->dmin);
    for (int32_t h = 0; h < 2; h++) {
        out->sc[h] = w->sc[2 * j + h] & 15;
        out->mn[h] = w->sc[2 * j + h] >> 4;
    }
    two_bits(out->q, w->qs, j);
}

static void unpack_q3_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q3_k *w = (const heft_block_q3_k *)block;
    set_scale(out, half_at(w->d));
    for (int32_t h = 0; h < 2; h++) {
        const int32_t s = 2 * j + h, low = s < 8 ? w->sc[s] & 15 : w->sc[s - 8] >> 4;
        out->sc[h] = (int16_t)((low | (w->sc[8 + s % 4] >> 2 * (s / 4) & 3) << 4) - 32);
    }
    two_bits(out->q, w->qs, j);
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)(out->q[i] - 4 + 4 * (w->hmask[i] >> j & 1));
}

/* ---- sixteen values ---- */

const int8_t heft_values_iq4[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                     1,    13,   25,  38,  53,  69,  89,  113 };
/* E2M1: sign, two bits of exponent, one of fraction; twice its value. */
const int8_t heft_values_e2m1[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };

static void pick(heft_block *out, const int8_t values[16], const uint8_t *qs)
{
    for (int32_t i = 0; i < 16; i++) {
        out->q[i] = values[qs[i] & 15];
        out->q[i + 16] = values[qs[i] >> 4];
    }
}

static void unpack_iq4_nl(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_iq4_nl *w = (const heft_block_iq4_nl *)block;
    set_scale(out, half_at(w->d));
    pick(out, heft_values_iq4, w->qs);
}

static void unpack_iq4_xs(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq4_xs *w = (const heft_block_iq4_xs *)block;
    const int32_t low = w->sc_low[j / 2] >> 4 * (j % 2) & 15;
    const int32_t high = heft_load16(w->sc_high) >> 2 * j & 3;
    set_scale(out, half_at(w->d) * (float)((low | high << 4) - 32));
    pick(out, heft_values_iq4, w->qs[j]);
}

static void unpack_mxfp4(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_mxfp4 *w = (const heft_block_mxfp4 *)block;
    set_scale(out, heft_half_e8m0(w->e));
    pick(out, heft_values_e2m1, w->qs);
}

/* E4M3 without a sign is a half but for its bias, which is 8 less. 0x7f, which would be a NaN, is
 * read as 0, and the top bit not at all. */
static float e4m3(uint8_t x)
{
    return x == 0x7f ? 0 : 256 * heft_half((uint16_t)((x & 0x7f) << 7));
}

static void unpack_nvfp4(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_nvfp4 *w = (const heft_block_nvfp4 *)block;
    for (int32_t h = 0; h < 2; h++) {
        const uint8_t *qs = w->qs[2 * j + h];
        out->d[h] = 0.5f * e4m3(w->d[2 * j + h]);
        for (int32_t i = 0; i < 8; i++) {
            out->q[16 * h + i] = heft_values_e2m1[qs[i] & 15];
            out->q[16 * h + i + 8] = heft_values_e2m1[qs[i] >> 4];
        }
    }
}

/* ---- grids ---- */

/* Store bytes of 1 .. 127, negative where a bit of signs is set. */
static void put_signed(int8_t *q, uint64_t v, uint32_t signs)
{
    const uint64_t one = bytes_of_bits(signs);
    v = (v ^ one * 255) + one;
    memcpy(q, &v, sizeof v);
}

/* Entries of four. */
static void put_fours(int8_t *q, uint32_t low, uint32_t high, uint32_t signs)
{
    put_signed(q, low | (uint64_t)high << 32, signs);
}

/* -8, 0 or 8, and 1 more, or less if bit 3 of `high` is set, whose other bits are the upper ones of
 * the index. */
static void put_iq1(int8_t *q, uint8_t low, uint32_t high)
{
    put_less(q, heft_grid_iq1[low | (high & 7) << 8], high & 8 ? 9 : 7);
}

/* The eighth sign makes the number of signs even. */
static uint32_t signs_of(uint32_t seven)
{
    seven &= 127;
    uint32_t odd = seven ^ seven >> 4;
    odd ^= odd >> 2;
    odd ^= odd >> 1;
    return seven | (odd & 1) << 7;
}

/* Sub-scale 2 s + 1 of both halves: one s, or a nibble for each. */
static void set_odd(heft_block *out, uint32_t s0, uint32_t s1)
{
    out->sc[0] = (int16_t)(2 * s0 + 1);
    out->sc[1] = (int16_t)(2 * s1 + 1);
}

static void unpack_iq2_xxs(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq2_xxs *w = (const heft_block_iq2_xxs *)block;
    const uint32_t signs = heft_load32(w->block[j].signs);
    set_scale(out, half_at(w->d) / 8);
    set_odd(out, signs >> 28, signs >> 28);
    for (int32_t i = 0; i < 4; i++)
        put_signed(out->q + 8 * i, heft_grid_iq2_xxs[w->block[j].qs[i]], signs_of(signs >> 7 * i));
}

static void unpack_iq2_xs(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq2_xs *w = (const heft_block_iq2_xs *)block;
    set_scale(out, half_at(w->d) / 8);
    set_odd(out, w->sc[j] & 15, w->sc[j] >> 4);
    for (int32_t i = 0; i < 4; i++) {
        const uint32_t q = heft_load16(w->qs[j][i]);
        put_signed(out->q + 8 * i, heft_grid_iq2_xs[q & 511], signs_of(q >> 9));
    }
}

static void unpack_iq2_s(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq2_s *w = (const heft_block_iq2_s *)block;
    set_scale(out, half_at(w->d) / 8);
    set_odd(out, w->sc[j] & 15, w->sc[j] >> 4);
    for (int32_t i = 0; i < 4; i++) {
        const int32_t index = w->qs[j][i] | (w->qh[j] >> 2 * i & 3) << 8;
        put_signed(out->q + 8 * i, heft_grid_iq2_s[index], w->signs[j][i]);
    }
}

static void unpack_iq3_xxs(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq3_xxs *w = (const heft_block_iq3_xxs *)block;
    const uint32_t signs = heft_load32(w->signs[j]);
    set_scale(out, half_at(w->d) / 4);
    set_odd(out, signs >> 28, signs >> 28);
    for (int32_t i = 0; i < 4; i++) {
        const uint8_t *index = w->qs + 8 * j + 2 * i;
        put_fours(out->q + 8 * i, heft_grid_iq3_xxs[index[0]], heft_grid_iq3_xxs[index[1]],
                  signs_of(signs >> 7 * i));
    }
}

static void unpack_iq3_s(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq3_s *w = (const heft_block_iq3_s *)block;
    const uint32_t s = w->sc[j / 2] >> 4 * (j % 2) & 15;
    set_scale(out, half_at(w->d));
    set_odd(out, s, s);
    for (int32_t i = 0; i < 4; i++) {
        const uint8_t *index = w->qs + 8 * j + 2 * i;
        const uint32_t high = (uint32_t)w->qh[j] >> 2 * i;
        put_fours(out->q + 8 * i, heft_grid_iq3_s[index[0] | (high & 1) << 8],
                  heft_grid_iq3_s[index[1] | (high >> 1 & 1) << 8], w->signs[j][i]);
    }
}

static void unpack_iq1_s(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq1_s *w = (const heft_block_iq1_s *)block;
    const uint32_t qh = heft_load16(w->qh[j]);
    set_scale(out, half_at(w->d) / 8);
    set_odd(out, qh >> 12 & 7, qh >> 12 & 7);
    for (int32_t i = 0; i < 4; i++)
        put_iq1(out->q + 8 * i, w->qs[j][i], (qh >> 3 * i & 7) | (qh >> 15) << 3);
}

static void unpack_iq1_m(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq1_m *w = (const heft_block_iq1_m *)block;
    uint32_t d = 0;
    for (int32_t i = 0; i < 4; i++)
        d |= heft_load16(w->sc[i]) >> 12 << 4 * i;
    const uint32_t s = heft_load16(w->sc[j / 2]) >> 6 * (j % 2);
    set_scale(out, heft_half((uint16_t)d) / 8);
    set_odd(out, s & 7, s >> 3 & 7);
    for (int32_t i = 0; i < 4; i++)
        put_iq1(out->q + 8 * i, w->qs[j][i], w->qh[j][i / 2] >> 4 * (i % 2) & 15);
}

/* ---- the table ---- */

/* Block j of 32 numbers within one stored block. */
typedef void unpacker(heft_block *out, const uint8_t *block, int32_t j);

static unpacker *const unpackers[HEFT_DTYPES] = {
    [HEFT_Q1_0] = unpack_q1_0,     [HEFT_Q2_0] = unpack_q2_0,     [HEFT_Q4_0] = unpack_q4_0,
    [HEFT_Q4_1] = unpack_q4_1,     [HEFT_Q5_0] = unpack_q5_0,     [HEFT_Q5_1] = unpack_q5_1,
    [HEFT_Q8_0] = unpack_q8_0,     [HEFT_Q2_K] = unpack_q2_k,     [HEFT_Q3_K] = unpack_q3_k,
    [HEFT_Q4_K] = unpack_q4_k,     [HEFT_Q5_K] = unpack_q5_k,     [HEFT_Q6_K] = unpack_q6_k,
    [HEFT_IQ1_S] = unpack_iq1_s,   [HEFT_IQ1_M] = unpack_iq1_m,   [HEFT_IQ2_XXS] = unpack_iq2_xxs,
    [HEFT_IQ2_XS] = unpack_iq2_xs, [HEFT_IQ2_S] = unpack_iq2_s,   [HEFT_IQ3_XXS] = unpack_iq3_xxs,
    [HEFT_IQ3_S] = unpack_iq3_s,   [HEFT_IQ4_NL] = unpack_iq4_nl, [HEFT_IQ4_XS] = unpack_iq4_xs,
    [HEFT_TQ1_0] = unpack_tq1_0,   [HEFT_TQ2_0] = unpack_tq2_0,   [HEFT_MXFP4] = unpack_mxfp4,
    [HEFT_NVFP4] = unpack_nvfp4,
};

void heft_unpack(heft_block *out, const heft_mat *w, int32_t r, int32_t b)
{
    const heft_dtype_info *info = &heft_dtypes[w->dtype];
    const int32_t parts = info->block / 32;
    const uint8_t *row = w->data + (ptrdiff_t)(w->stride * r);
    *out = (heft_block){ .sc = { 1, 1 }, .mn = { 1, 1 } };
    if (w->with) {
        heft_unpack_scaled(out, w, r, b);
        return;
    }
    assert(unpackers[w->dtype] && !w->by_col);
    unpackers[w->dtype](out, row + (ptrdiff_t)(b / parts) * info->bytes, b % parts);
}

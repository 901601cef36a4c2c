/* Every block format to canonical blocks of 32: w = d * sc * q + m * mn (docs/formats.md). */
#include "dtype/blocks.h"
#include "kernels/iq_grids.h"
#include "kernels/kernels.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- what several formats share ---- */

static uint32_t bits16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t bits32(const uint8_t *p)
{
    return bits16(p) | bits16(p + 2) << 16;
}

static float half_at(const uint8_t *p)
{
    return heft_half((uint16_t)bits16(p));
}

static void set_scale(heft_block *out, float d)
{
    out->d[0] = out->d[1] = d;
}

/* Nibble n of 16 bytes in the order of Q4_0. */
static int32_t nibble(const uint8_t *qs, int32_t n)
{
    return n < 16 ? qs[n] & 15 : qs[n - 16] >> 4;
}

/* Number n of block j, two bits each in the order of Q2_K. */
static int32_t two_bits(const uint8_t *qs, int32_t j, int32_t n)
{
    return qs[32 * (j / 4) + n] >> 2 * (j % 4) & 3;
}

/* ---- plain integers ---- */

static void unpack_q4_0(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q4_0 *w = (const heft_block_q4_0 *)block;
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)(nibble(w->qs, i) - 8);
}

static void unpack_q4_1(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q4_1 *w = (const heft_block_q4_1 *)block;
    set_scale(out, half_at(w->d));
    out->m = half_at(w->m);
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)nibble(w->qs, i);
}

/* Four bits of nibbles and a fifth from qh, which Q5_0 and Q5_1 share. */
static int8_t five(const uint8_t *qs, uint32_t qh, int32_t i)
{
    return (int8_t)(nibble(qs, i) | (int32_t)(qh >> i & 1) << 4);
}

static void unpack_q5_0(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q5_0 *w = (const heft_block_q5_0 *)block;
    const uint32_t qh = bits32(w->qh);
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)(five(w->qs, qh, i) - 16);
}

static void unpack_q5_1(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q5_1 *w = (const heft_block_q5_1 *)block;
    const uint32_t qh = bits32(w->qh);
    set_scale(out, half_at(w->d));
    out->m = half_at(w->m);
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = five(w->qs, qh, i);
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
    const uint32_t bits = bits32(w->qs + 4 * j);
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = bits >> i & 1 ? 1 : -1;
}

static void unpack_q2_0(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q2_0 *w = (const heft_block_q2_0 *)block;
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)((w->qs[8 * j + i / 4] >> 2 * (i % 4) & 3) - 1);
}

static void unpack_tq2_0(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_tq2_0 *w = (const heft_block_tq2_0 *)block;
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)(two_bits(w->qs, j, i) - 1);
}

static void unpack_tq1_0(heft_block *out, const uint8_t *block, int32_t j)
{
    static const uint8_t power[] = { 1, 3, 9, 27, 81 };
    const heft_block_tq1_0 *w = (const heft_block_tq1_0 *)block;
    set_scale(out, half_at(w->d));
    for (int32_t i = 0; i < 32; i++) {
        const int32_t k = 32 * j + i;
        const uint8_t byte = k < 160 ? w->qs[k % 32] : k < 240 ? w->qs[32 + k % 16] : w->qh[k % 4];
        const int32_t digit = k < 160 ? k / 32 : k < 240 ? (k - 160) / 16 : (k - 240) / 4;
        const uint8_t rest = (uint8_t)(byte * power[digit]);
        out->q[i] = (int8_t)((rest * 3 >> 8) - 1);
    }
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
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)two_bits(w->qs, j, i);
}

static void unpack_q3_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q3_k *w = (const heft_block_q3_k *)block;
    set_scale(out, half_at(w->d));
    for (int32_t h = 0; h < 2; h++) {
        const int32_t s = 2 * j + h, low = s < 8 ? w->sc[s] & 15 : w->sc[s - 8] >> 4;
        out->sc[h] = (int16_t)((low | (w->sc[8 + s % 4] >> 2 * (s / 4) & 3) << 4) - 32);
    }
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)(two_bits(w->qs, j, i) - (w->hmask[i] >> j & 1 ? 0 : 4));
}

/* ---- sixteen values ---- */

static const int8_t values_iq4[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                       1,    13,   25,  38,  53,  69,  89,  113 };
/* E2M1: sign, two bits of exponent, one of fraction; twice its value. */
static const int8_t values_e2m1[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };

static void pick(heft_block *out, const int8_t values[16], const uint8_t *qs)
{
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = values[nibble(qs, i)];
}

static void unpack_iq4_nl(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_iq4_nl *w = (const heft_block_iq4_nl *)block;
    set_scale(out, half_at(w->d));
    pick(out, values_iq4, w->qs);
}

static void unpack_iq4_xs(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq4_xs *w = (const heft_block_iq4_xs *)block;
    const int32_t low = w->sc_low[j / 2] >> 4 * (j % 2) & 15;
    const int32_t high = (int32_t)(bits16(w->sc_high) >> 2 * j & 3);
    set_scale(out, half_at(w->d) * (float)((low | high << 4) - 32));
    pick(out, values_iq4, w->qs[j]);
}

static void unpack_mxfp4(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_mxfp4 *w = (const heft_block_mxfp4 *)block;
    set_scale(out, ldexpf(0.5f, w->e - 127));
    pick(out, values_e2m1, w->qs);
}

/* E4M3 without a sign; 0x7f, which would be a NaN, is read as 0 and the top bit not at all. */
static float e4m3(uint8_t x)
{
    const int32_t exponent = x >> 3 & 15, fraction = x & 7;
    if (x == 0x7f) return 0;
    return exponent ? ldexpf((float)(8 + fraction), exponent - 10) : ldexpf((float)fraction, -9);
}

static void unpack_nvfp4(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_nvfp4 *w = (const heft_block_nvfp4 *)block;
    for (int32_t h = 0; h < 2; h++) {
        const uint8_t *qs = w->qs[2 * j + h];
        out->d[h] = 0.5f * e4m3(w->d[2 * j + h]);
        for (int32_t i = 0; i < 8; i++) {
            out->q[16 * h + i] = values_e2m1[qs[i] & 15];
            out->q[16 * h + i + 8] = values_e2m1[qs[i] >> 4];
        }
    }
}

/* ---- grids ---- */

static const int8_t values_iq2[] = { 8, 25, 43 }, values_iq1[] = { -8, 0, 8 };
static const int8_t values_iq3_xxs[] = { 4, 12, 20, 28, 36, 44, 52, 62 };
static const int8_t values_iq3_s[] = { 1, 3, 5, 7, 9, 11, 13, 15 };

/* Eight numbers of two bits, negative where a bit of signs is set. */
static void eight(int8_t *q, uint32_t entry, const int8_t *values, uint32_t signs)
{
    for (int32_t i = 0; i < 8; i++) {
        const int8_t v = values[entry >> 2 * i & 3];
        q[i] = (int8_t)(signs >> i & 1 ? -v : v);
    }
}

/* Four numbers of three bits. */
static void four(int8_t *q, uint32_t entry, const int8_t *values, uint32_t signs)
{
    for (int32_t i = 0; i < 4; i++) {
        const int8_t v = values[entry >> 3 * i & 7];
        q[i] = (int8_t)(signs >> i & 1 ? -v : v);
    }
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
    const uint32_t signs = bits32(w->block[j].signs);
    set_scale(out, half_at(w->d) / 8);
    set_odd(out, signs >> 28, signs >> 28);
    for (int32_t i = 0; i < 4; i++)
        eight(out->q + 8 * i, heft_grid_iq2_xxs[w->block[j].qs[i]], values_iq2,
              signs_of(signs >> 7 * i));
}

static void unpack_iq2_xs(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq2_xs *w = (const heft_block_iq2_xs *)block;
    set_scale(out, half_at(w->d) / 8);
    set_odd(out, w->sc[j] & 15, w->sc[j] >> 4);
    for (int32_t i = 0; i < 4; i++) {
        const uint32_t q = bits16(w->qs[j][i]);
        eight(out->q + 8 * i, heft_grid_iq2_xs[q & 511], values_iq2, signs_of(q >> 9));
    }
}

static void unpack_iq2_s(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq2_s *w = (const heft_block_iq2_s *)block;
    set_scale(out, half_at(w->d) / 8);
    set_odd(out, w->sc[j] & 15, w->sc[j] >> 4);
    for (int32_t i = 0; i < 4; i++) {
        const int32_t index = w->qs[j][i] | (w->qh[j] >> 2 * i & 3) << 8;
        eight(out->q + 8 * i, heft_grid_iq2_s[index], values_iq2, w->signs[j][i]);
    }
}

static void unpack_iq3_xxs(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq3_xxs *w = (const heft_block_iq3_xxs *)block;
    const uint32_t signs = bits32(w->signs[j]);
    set_scale(out, half_at(w->d) / 4);
    set_odd(out, signs >> 28, signs >> 28);
    for (int32_t i = 0; i < 8; i++)
        four(out->q + 4 * i, heft_grid_iq3_xxs[w->qs[8 * j + i]], values_iq3_xxs,
             signs_of(signs >> 7 * (i / 2)) >> 4 * (i % 2));
}

static void unpack_iq3_s(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq3_s *w = (const heft_block_iq3_s *)block;
    const uint32_t signs = bits32(w->signs[j]), s = w->sc[j / 2] >> 4 * (j % 2) & 15;
    set_scale(out, half_at(w->d));
    set_odd(out, s, s);
    for (int32_t i = 0; i < 8; i++) {
        const int32_t index = w->qs[8 * j + i] | (w->qh[j] >> i & 1) << 8;
        four(out->q + 4 * i, heft_grid_iq3_s[index], values_iq3_s, signs >> 4 * i);
    }
}

/* Entry i of block j of IQ1_S or IQ1_M; high: three more bits of index, then the sign of 1/8. */
static void ternary(heft_block *out, int32_t i, uint8_t low, uint32_t high)
{
    const int32_t eighth = high & 8 ? -1 : 1;
    eight(out->q + 8 * i, heft_grid_iq1[low | (high & 7) << 8], values_iq1, 0);
    for (int32_t n = 8 * i; n < 8 * i + 8; n++)
        out->q[n] = (int8_t)(out->q[n] + eighth);
}

static void unpack_iq1_s(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq1_s *w = (const heft_block_iq1_s *)block;
    const uint32_t qh = bits16(w->qh[j]);
    set_scale(out, half_at(w->d) / 8);
    set_odd(out, qh >> 12 & 7, qh >> 12 & 7);
    for (int32_t i = 0; i < 4; i++)
        ternary(out, i, w->qs[j][i], (qh >> 3 * i & 7) | (qh >> 15) << 3);
}

static void unpack_iq1_m(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_iq1_m *w = (const heft_block_iq1_m *)block;
    uint32_t d = 0;
    for (int32_t i = 0; i < 4; i++)
        d |= bits16(w->sc[i]) >> 12 << 4 * i;
    const uint32_t s = bits16(w->sc[j / 2]) >> 6 * (j % 2);
    set_scale(out, heft_half((uint16_t)d) / 8);
    set_odd(out, s & 7, s >> 3 & 7);
    for (int32_t i = 0; i < 4; i++)
        ternary(out, i, w->qs[j][i], w->qh[j][i / 2] >> 4 * (i % 2) & 15);
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
    assert(unpackers[w->dtype] && !w->by_col);
    *out = (heft_block){ .sc = { 1, 1 }, .mn = { 1, 1 } };
    unpackers[w->dtype](out, row + (ptrdiff_t)(b / parts) * info->bytes, b % parts);
}

/* Matrix products by vpdpbusd: unsigned weights x signed activations, four of them added to an
 * int32 at once, which no block can overflow.
 *
 * A source for several instruction sets: the file that includes it has included x86_vnni_dot.h, and
 * x86_lanes_512.h or x86_lanes_256.h, before. Panels and their unpackers are those of AVX2, except
 * that eight bits need no halves here. */
#ifndef HEFT_KERNELS_X86_VNNI_MAT_H
#define HEFT_KERNELS_X86_VNNI_MAT_H

#include "dtype/blocks.h"
#include "kernels/x86_rows.h"

#include <stddef.h>

/* ---- eight bits to a panel, q - 128 ---- */

static void unpack_q8_0(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_s *p = panel;
    row += (size_t)b * sizeof(heft_block_q8_0);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_q8_0))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            for (int32_t h = 0; h < 2; h++) {
                __m256i t[4];
                granules(block + offsetof(heft_block_q8_0, q) + 16 * h, stride, t);
                for (int32_t k = 0; k < 4; k++)
                    _mm256_store_si256((__m256i *)(void *)p->q[4 * h + k][g],
                                       _mm256_xor_si256(t[k], _mm256_set1_epi8(-128)));
            }
            _mm256_store_ps(p->d + g, halves(block, stride));
        }
}

static void put_s8(void *panel_block, int32_t r, const heft_block *w)
{
    panel_s *p = panel_block;
    for (int32_t i = 0; i < 32; i++)
        p->q[i / 4][r][i % 4] = (uint8_t)(w->q[i] + 128);
    p->d[r] = w->d[0];
}

static void put_q8(void *panel_block, int32_t r, const heft_block *w)
{
    panel_q *p = panel_block;
    for (int32_t i = 0; i < 32; i++)
        p->q[i / 4][r][i % 4] = (uint8_t)(w->q[i] + 128);
    for (int32_t h = 0; h < 2; h++) {
        p->sc[h][r][0] = p->sc[h][r][1] = w->sc[h];
        p->off[r][h] = (int16_t)(-128 * w->sc[h]); /* sub-scales are bytes */
    }
    p->d[r] = w->d[0];
}

/* ---- panels times columns ---- */

/* sum[c] += granules k0 .. k1 - 1 of a panel's block, which has them at q, times column x[c]. */
INLINE void add_granules(const int32_t n, const void *q, bool is_signed, int32_t k0, int32_t k1,
                         const heft_act *const *x, ints *sum)
{
    const uint8_t *granule = q;
#pragma GCC unroll 8
    for (int32_t k = k0; k < k1; k++) {
        const ints raw = load_ints(granule + (size_t)PANEL_ROWS * 4 * (size_t)k),
                   w = is_signed ? flip_bytes(raw) : raw;
        for (int32_t c = 0; c < n; c++)
            sum[c] = dot_ints(sum[c], w, spread_ints(x[c]->q + 4 * k));
    }
}

/* sum[c] = (the sums of both halves of column x[c]) x off */
INLINE void begin_tile(const int32_t n, ints off, const heft_act *const *x, ints *sum)
{
    for (int32_t c = 0; c < n; c++)
        sum[c] = pairs_ints(spread_ints(x[c]->h), off);
}

/* acc[c] = fma(d * a.d, sum[c], acc[c]) */
INLINE void flush_tile(const int32_t n, const float *d, const heft_act *const *x, const ints *sum,
                       floats *acc)
{
    const floats dw = load_floats(d);
    for (int32_t c = 0; c < n; c++)
        acc[c] = fma_floats(mul_floats(dw, spread_float(&x[c]->d)), to_floats(sum[c]), acc[c]);
}

/* One block of a panel by the step of its class. */
INLINE void step_s(const int32_t n, const panel_s *p, int16_t off, const heft_act *const *x,
                   floats *acc)
{
    ints sum[HEFT_X86_COLUMNS];
    begin_tile(n, spread_pair(off, off), x, sum);
    add_granules(n, p->q, false, 0, 8, x, sum);
    flush_tile(n, p->d, x, sum, acc);
}

INLINE void step_a(const int32_t n, const panel_a *p, const heft_act *const *x, floats *acc)
{
    ints sum[HEFT_X86_COLUMNS];
    for (int32_t c = 0; c < n; c++)
        sum[c] = zero_ints();
    add_granules(n, p->q, false, 0, 8, x, sum);
    flush_tile(n, p->d, x, sum, acc);
    const floats m = load_floats(p->m);
    for (int32_t c = 0; c < n; c++)
        acc[c] = fma_floats(m, spread_float(&x[c]->s), acc[c]);
}

/* sum[c] += the sums of both halves, each times its sub-scale */
INLINE void add_halves(const int32_t n, const void *q, bool is_signed,
                       const int16_t (*sc)[PANEL_ROWS][2], const heft_act *const *x, ints *sum)
{
    for (int32_t h = 0; h < 2; h++) {
        const ints scale = upper_ints(load_ints(sc[h]));
        ints part[HEFT_X86_COLUMNS];
        for (int32_t c = 0; c < n; c++)
            part[c] = zero_ints();
        add_granules(n, q, is_signed, 4 * h, 4 * h + 4, x, part);
        for (int32_t c = 0; c < n; c++)
            sum[c] = add_ints(sum[c], mul_ints(part[c], scale));
    }
}

INLINE void step_q(const int32_t n, const panel_q *p, const heft_act *const *x, floats *acc)
{
    ints sum[HEFT_X86_COLUMNS];
    begin_tile(n, load_ints(p->off), x, sum);
    add_halves(n, p->q, false, p->sc, x, sum);
    flush_tile(n, p->d, x, sum, acc);
}

INLINE void step_m(const int32_t n, const panel_any *p, const heft_act *const *x, floats *acc)
{
    ints sum[HEFT_X86_COLUMNS];
    begin_tile(n, minus_128_times(load_ints(p->sc[0]), load_ints(p->sc[1])), x, sum);
    add_halves(n, p->q, true, p->sc, x, sum);
    flush_tile(n, p->d[0], x, sum, acc);
    begin_tile(n, load_ints(p->mn), x, sum);
    flush_tile(n, p->m, x, sum, acc);
}

INLINE void step_h(const int32_t n, const panel_any *p, const heft_act *const *x, floats *acc)
{
    for (int32_t h = 0; h < 2; h++) {
        ints sum[HEFT_X86_COLUMNS];
        begin_tile(n, h == 0 ? spread_pair(-128, 0) : spread_pair(0, -128), x, sum);
        add_granules(n, p->q, true, 4 * h, 4 * h + 4, x, sum);
        flush_tile(n, p->d[h], x, sum, acc);
    }
}

/* Which panel and step. */
typedef enum { S4, S8, A, Q, M, H } step_kind;

INLINE void tile(const step_kind kind, const int32_t n, const void *panel, const heft_act *const *a,
                 int64_t blocks, float (*out)[PANEL_ROWS])
{
    floats acc[HEFT_X86_COLUMNS];
    const heft_act *x[HEFT_X86_COLUMNS];
    for (int32_t c = 0; c < n; c++)
        acc[c] = load_floats(out[c]);
    for (int64_t b = 0; b < blocks; b++) {
        for (int32_t c = 0; c < n; c++)
            x[c] = a[c] + b;
        switch (kind) {
        case S4: step_s(n, (const panel_s *)panel + b, -8, x, acc); break;
        case S8: step_s(n, (const panel_s *)panel + b, -128, x, acc); break;
        case A: step_a(n, (const panel_a *)panel + b, x, acc); break;
        case Q: step_q(n, (const panel_q *)panel + b, x, acc); break;
        case M: step_m(n, (const panel_any *)panel + b, x, acc); break;
        case H: step_h(n, (const panel_any *)panel + b, x, acc); break;
        }
    }
    for (int32_t c = 0; c < n; c++)
        store_floats(out[c], acc[c]);
}

/* n columns in parts of a power of two, which the compiler knows. */
INLINE void tile_n(const step_kind kind, const void *panel, const heft_act *const *a, int32_t n,
                   int64_t blocks, float (*acc)[PANEL_ROWS])
{
    int32_t c = 0;
    for (; c + TILE_COLUMNS <= n; c += TILE_COLUMNS)
        tile(kind, TILE_COLUMNS, panel, a + c, blocks, acc + c);
    for (; c + 4 <= n; c += 4)
        tile(kind, 4, panel, a + c, blocks, acc + c);
    for (; c + 2 <= n; c += 2)
        tile(kind, 2, panel, a + c, blocks, acc + c);
    if (c < n) tile(kind, 1, panel, a + c, blocks, acc + c);
}

static void tile_s4(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                    float (*acc)[PANEL_ROWS])
{
    tile_n(S4, panel, a, n, blocks, acc);
}

static void tile_s8(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                    float (*acc)[PANEL_ROWS])
{
    tile_n(S8, panel, a, n, blocks, acc);
}

static void tile_a(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                   float (*acc)[PANEL_ROWS])
{
    tile_n(A, panel, a, n, blocks, acc);
}

static void tile_q(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                   float (*acc)[PANEL_ROWS])
{
    tile_n(Q, panel, a, n, blocks, acc);
}

static void tile_m(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                   float (*acc)[PANEL_ROWS])
{
    tile_n(M, panel, a, n, blocks, acc);
}

static void tile_h(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                   float (*acc)[PANEL_ROWS])
{
    tile_n(H, panel, a, n, blocks, acc);
}

/* ---- the formats ---- */

#define PANEL_S4 sizeof(panel_s), tile_s4, heft_avx2_put_s4
#define PANEL_S8 sizeof(panel_s), tile_s8, put_s8
#define PANEL_A  sizeof(panel_a), tile_a, heft_avx2_put_a
#define PANEL_Q  sizeof(panel_q), tile_q, put_q8
#define PANEL_M  sizeof(panel_any), tile_m, heft_avx2_put_any
#define PANEL_H  sizeof(panel_any), tile_h, heft_avx2_put_any

/* clang-format off */
static const heft_x86_format formats[HEFT_DTYPES] = {
    [HEFT_Q4_0]    = { PANEL_S4, heft_avx2_unpack_q4_0, rows_q4_0 },
    [HEFT_Q8_0]    = { PANEL_S8, unpack_q8_0, rows_q8_0 },
    [HEFT_Q4_K]    = { PANEL_A, heft_avx2_unpack_q4_k, rows_q4_k },
    [HEFT_Q5_K]    = { PANEL_A, heft_avx2_unpack_q5_k, rows_q5_k },
    [HEFT_Q6_K]    = { sizeof(panel_q), tile_q, heft_avx2_put_q6, heft_avx2_unpack_q6_k,
                       rows_q6_k },
    [HEFT_Q1_0]    = { PANEL_S8, NULL, NULL },
    [HEFT_Q2_0]    = { PANEL_S8, NULL, NULL },
    [HEFT_Q4_1]    = { PANEL_A, NULL, rows_q4_1 },
    [HEFT_Q5_0]    = { PANEL_S8, NULL, rows_q5_0 },
    [HEFT_Q5_1]    = { PANEL_A, NULL, rows_q5_1 },
    [HEFT_Q2_K]    = { PANEL_M, NULL, rows_q2_k },
    [HEFT_Q3_K]    = { PANEL_Q, NULL, rows_q3_k },
    [HEFT_IQ1_S]   = { PANEL_Q, NULL, NULL },
    [HEFT_IQ1_M]   = { PANEL_Q, NULL, NULL },
    [HEFT_IQ2_XXS] = { PANEL_Q, NULL, NULL },
    [HEFT_IQ2_XS]  = { PANEL_Q, NULL, NULL },
    [HEFT_IQ2_S]   = { PANEL_Q, NULL, NULL },
    [HEFT_IQ3_XXS] = { PANEL_Q, NULL, NULL },
    [HEFT_IQ3_S]   = { PANEL_Q, NULL, NULL },
    [HEFT_IQ4_NL]  = { PANEL_S8, NULL, rows_iq4_nl },
    [HEFT_IQ4_XS]  = { PANEL_S8, NULL, rows_iq4_xs },
    [HEFT_TQ1_0]   = { PANEL_S8, NULL, NULL },
    [HEFT_TQ2_0]   = { PANEL_S8, NULL, NULL },
    [HEFT_MXFP4]   = { PANEL_S8, NULL, rows_mxfp4 },
    [HEFT_NVFP4]   = { PANEL_H, NULL, NULL },
    /* scales beside them: few columns by heft_avx2_rows_scaled */
    [HEFT_INT4]       = { PANEL_S8, NULL, NULL },
    [HEFT_INT4_ZERO]  = { PANEL_S8, NULL, NULL },
    [HEFT_INT8]       = { PANEL_S8, NULL, NULL },
    [HEFT_UINT8]      = { PANEL_S8, NULL, NULL },
    [HEFT_FP4_MX]     = { PANEL_S8, NULL, NULL },
    [HEFT_FP4_NV]     = { PANEL_H, NULL, NULL },
};
/* clang-format on */

#endif

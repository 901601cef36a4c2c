/* Matrix products with NEON and its dot products (aarch64, DotProd).
 *
 * Blocks: eight rows are unpacked to a panel of canonical blocks, with lanes as rows and granules
 * of four consecutive k, and the panel is multiplied with all columns, four at a time. Both factors
 * are signed here, so no offset is needed. */
#include "kernels/fill.h"
#include "kernels/neon_vector.h"
#include "kernels/scales.h"

#include <assert.h>

enum { COLUMNS = 6, K_STEP = 1024 };

/* Weights with scales beside them as floats: what mat_float.inc asks for. */
static void floats_of(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                      int32_t at, int32_t n)
{
    heft_floats(y, apart, w, line, lines, at, n);
}

#include "kernels/mat_float.inc"

enum { PANEL_ROWS = 8, PANEL_COLUMNS = 4 };

/* One block of 32 k of eight rows. */
typedef struct {
    int8_t q[8][PANEL_ROWS][4];
    int32_t sc[2][PANEL_ROWS], mn[2][PANEL_ROWS];
    float d[2][PANEL_ROWS], m[PANEL_ROWS];
} panel;

static void put(panel *p, int32_t r, const heft_block *w)
{
    for (int32_t k = 0; k < 8; k++)
        memcpy(p->q[k][r], w->q + 4 * k, 4);
    for (int32_t h = 0; h < 2; h++) {
        p->sc[h][r] = w->sc[h];
        p->mn[h][r] = w->mn[h];
        p->d[h][r] = w->d[h];
    }
    p->m[r] = w->m;
}

/* The sum of half h of rows g .. g + 3 times a column's block. */
INLINE int32x4_t half_sum(const panel *p, int32_t g, int32_t h, const heft_act *a)
{
    const int8x16_t y = vld1q_s8(a->q + 16 * h);
    const int8_t(*q)[PANEL_ROWS][4] = p->q + 4 * h;
    int32x4_t sum = vdupq_n_s32(0);
    sum = vdotq_laneq_s32(sum, vld1q_s8(q[0][g]), y, 0);
    sum = vdotq_laneq_s32(sum, vld1q_s8(q[1][g]), y, 1);
    sum = vdotq_laneq_s32(sum, vld1q_s8(q[2][g]), y, 2);
    return vdotq_laneq_s32(sum, vld1q_s8(q[3][g]), y, 3);
}

/* fma(d * a.d, sum, acc) */
INLINE float32x4_t scaled(const float *d, const heft_act *a, int32x4_t sum, float32x4_t acc)
{
    return vfmaq_f32(acc, vmulq_n_f32(vld1q_f32(d), a->d), vcvtq_f32_s32(sum));
}

/* acc and one block, rows g .. g + 3, by the step of its class, as the definition does it. */
INLINE float32x4_t step(const heft_sum class, const panel *p, int32_t g, const heft_act *a,
                        float32x4_t acc)
{
    const int32x4_t low = half_sum(p, g, 0, a), high = half_sum(p, g, 1, a);
    if (class == HEFT_SUM_H) return scaled(p->d[1] + g, a, high, scaled(p->d[0] + g, a, low, acc));
    int32x4_t sum = vaddq_s32(low, high);
    if (class == HEFT_SUM_Q || class == HEFT_SUM_M)
        sum = vmlaq_s32(vmulq_s32(low, vld1q_s32(p->sc[0] + g)), high, vld1q_s32(p->sc[1] + g));
    acc = scaled(p->d[0] + g, a, sum, acc);
    if (class == HEFT_SUM_A) return vfmaq_n_f32(acc, vld1q_f32(p->m + g), a->s);
    if (class != HEFT_SUM_M) return acc;
    sum = vmulq_n_s32(vld1q_s32(p->mn[0] + g), a->h[0]);
    sum = vmlaq_n_s32(sum, vld1q_s32(p->mn[1] + g), a->h[1]);
    return scaled(p->m + g, a, sum, acc);
}

/* out[c] = a panel times column a[c]; class and number of columns are known to the compiler. */
INLINE void blocks_times(const heft_sum class, const int32_t n, const panel *p, int32_t blocks,
                         const heft_act *const *a, float (*out)[PANEL_ROWS])
{
    for (int32_t g = 0; g < PANEL_ROWS; g += 4) {
        float32x4_t acc[PANEL_COLUMNS];
        for (int32_t c = 0; c < n; c++)
            acc[c] = vdupq_n_f32(0);
        for (int32_t b = 0; b < blocks; b++)
            for (int32_t c = 0; c < n; c++)
                acc[c] = step(class, p + b, g, a[c] + b, acc[c]);
        for (int32_t c = 0; c < n; c++)
            vst1q_f32(out[c] + g, acc[c]);
    }
}

/* n <= PANEL_COLUMNS columns */
INLINE void blocks_columns(const heft_sum class, const panel *p, int32_t blocks,
                           const heft_act *const *a, int32_t n, float (*out)[PANEL_ROWS])
{
    if (n == PANEL_COLUMNS) {
        blocks_times(class, PANEL_COLUMNS, p, blocks, a, out);
        return;
    }
    for (int32_t c = 0; c < n; c++)
        blocks_times(class, 1, p, blocks, a + c, out + c);
}

static void multiply(heft_sum class, const panel *p, int32_t blocks, const heft_act *const *a,
                     int32_t n, float (*out)[PANEL_ROWS])
{
    switch (class) {
    case HEFT_SUM_A: blocks_columns(HEFT_SUM_A, p, blocks, a, n, out); break;
    case HEFT_SUM_Q: blocks_columns(HEFT_SUM_Q, p, blocks, a, n, out); break;
    case HEFT_SUM_M: blocks_columns(HEFT_SUM_M, p, blocks, a, n, out); break;
    case HEFT_SUM_H: blocks_columns(HEFT_SUM_H, p, blocks, a, n, out); break;
    default: blocks_columns(HEFT_SUM_S, p, blocks, a, n, out);
    }
}

static void mul_blocks(const heft_mat *w, int32_t r0, int32_t r1, const heft_act *const *x,
                       int32_t n, float *const *y, panel *p)
{
    const int32_t blocks = w->cols / 32;
    for (int32_t r = r0; r < r1; r += PANEL_ROWS) {
        const int32_t rows = r1 - r < PANEL_ROWS ? r1 - r : PANEL_ROWS;
        for (int32_t i = 0; i < PANEL_ROWS; i++) /* a last panel is filled up */
            for (int32_t b = 0; b < blocks; b++) {
                heft_block block;
                heft_unpack(&block, w, r + (i < rows ? i : rows - 1), b);
                put(p + b, i, &block);
            }
        for (int32_t c = 0; c < n; c += PANEL_COLUMNS) {
            const int32_t nc = n - c < PANEL_COLUMNS ? n - c : PANEL_COLUMNS;
            float out[PANEL_COLUMNS][PANEL_ROWS];
            multiply(heft_dtypes[w->dtype].sum, p, blocks, x + c, nc, out);
            for (int32_t i = 0; i < nc; i++)
                memcpy(y[c + i] + r, out[i], sizeof(float) * (size_t)rows);
        }
    }
}

static void mul_neon(const heft_mat *w, int32_t r0, int32_t r1, const heft_columns *x,
                     float *const *y, void *scratch)
{
    assert(heft_dtypes[w->dtype].sum != HEFT_SUM_NONE && 0 <= r0 && r1 <= w->rows);
    if (w->by_col)
        mul_class_c(w, r0, r1, (const float *const *)x->x, x->n, y, scratch);
    else if (heft_dtypes[w->dtype].sum == HEFT_SUM_F)
        mul_class_f(w, r0, r1, (const float *const *)x->x, x->n, y, scratch);
    else if (x->n > 0)
        mul_blocks(w, r0, r1, (const heft_act *const *)x->x, x->n, y, scratch);
}

static size_t mul_scratch_neon(int32_t cols)
{
    const size_t f = scratch_f(cols), c = scratch_c(cols), floats = f > c ? f : c;
    const size_t blocks = ((size_t)cols / 32 * sizeof(panel) + 63) / 64 * 64;
    return blocks > floats ? blocks : floats;
}

void heft_kernels_neon_mat(heft_kernels *k)
{
    k->mul = mul_neon;
    k->mul_scratch = mul_scratch_neon;
}

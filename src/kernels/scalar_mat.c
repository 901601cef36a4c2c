/* Matrix products: the definition of their sums, in the order of docs/sums.md, never optimised. */
#include "kernels/fill.h"
#include "kernels/scales.h"
#include "kernels/sums.h"

#include <assert.h>
#include <math.h>

/* ---- activations of block formats ---- */

static void quantise_block(heft_act *a, const float *x)
{
    float m = 0;
    bool finite = true;
    for (int32_t i = 0; i < 32; i++) {
        m = fmaxf(m, fabsf(x[i]));
        finite &= isfinite(x[i]) != 0;
    }
    *a = (heft_act){ .d = NAN, .s = NAN };
    if (!finite) return;

    if (m < HEFT_ACT_MIN) m = 0; /* 127 / m would overflow */
    const float id = m > 0 ? 127.0f / m : 0;
    a->d = m / 127.0f;
    for (int32_t i = 0; i < 32; i++) {
        a->q[i] = (int8_t)lrintf(x[i] * id);
        a->h[i / 16] = (int16_t)(a->h[i / 16] + a->q[i]);
    }
    a->s = a->d * (float)(a->h[0] + a->h[1]);
}

static void quantise(heft_act *a, const float *x, int32_t k)
{
    assert(k % 32 == 0);
    for (int32_t b = 0; b < k / 32; b++)
        quantise_block(a + b, x + 32 * b);
}

/* ---- float weights ---- */

static float element(const heft_mat *w, int32_t r, int32_t k)
{
    if (w->with) {
        float scaled;
        heft_floats(&scaled, 1, w, w->by_col ? k : r, 1, w->by_col ? r : k, 1);
        return scaled;
    }
    const int64_t width = heft_dtypes[w->dtype].bytes;
    const int64_t at = w->by_col ? w->stride * k + width * r : w->stride * r + width * k;
    return heft_number(w->dtype, w->data + (ptrdiff_t)at);
}

/* Class F: 16 partial sums, folded in halves. */
static float sum_f(const heft_mat *w, int32_t r, const float *x)
{
    float s[16] = { 0 };
    for (int32_t k = 0; k < w->cols; k++)
        s[k % 16] = fmaf(element(w, r, k), x[k], s[k % 16]);
    return heft_fold(s);
}

/* Class C: one chain. */
static float sum_c(const heft_mat *w, int32_t r, const float *x)
{
    float acc = 0;
    for (int32_t k = 0; k < w->cols; k++)
        acc = fmaf(element(w, r, k), x[k], acc);
    return acc;
}

/* ---- block formats ---- */

/* acc and one block of 32, by the step of its class. The integers are exact, below 2^24. */
static float step(heft_sum sum, const heft_block *w, const heft_act *a, float acc)
{
    int32_t product[2] = { 0 };
    for (int32_t i = 0; i < 32; i++)
        product[i / 16] += w->q[i] * a->q[i];
    if (sum == HEFT_SUM_H) {
        acc = fmaf(w->d[0] * a->d, (float)product[0], acc);
        return fmaf(w->d[1] * a->d, (float)product[1], acc);
    }
    const int32_t total = w->sc[0] * product[0] + w->sc[1] * product[1];
    acc = fmaf(w->d[0] * a->d, (float)total, acc);
    if (sum == HEFT_SUM_A) return fmaf(w->m, a->s, acc);
    if (sum != HEFT_SUM_M) return acc;
    const int32_t minima = w->mn[0] * a->h[0] + w->mn[1] * a->h[1];
    return fmaf(w->m * a->d, (float)minima, acc);
}

static void mul_blocks(const heft_mat *w, int32_t r, const void *const *x, int32_t n,
                       float *const *y)
{
    for (int32_t c = 0; c < n; c++)
        y[c][r] = 0;
    for (int32_t b = 0; b < w->cols / 32; b++) {
        heft_block block;
        heft_unpack(&block, w, r, b);
        for (int32_t c = 0; c < n; c++) {
            const heft_act *a = x[c];
            y[c][r] = step(heft_dtypes[w->dtype].sum, &block, a + b, y[c][r]);
        }
    }
}

/* ---- the table ---- */

/* Columns are read where they are. */
static void lay(heft_act *laid, const void *const *x, int32_t n, int32_t blocks)
{
    (void)laid, (void)x, (void)n, (void)blocks;
}

static void mul(const heft_mat *w, int32_t r0, int32_t r1, const heft_columns *x, float *const *y,
                void *scratch)
{
    const heft_sum sum = heft_dtypes[w->dtype].sum;
    (void)scratch;
    assert(sum != HEFT_SUM_NONE && 0 <= r0 && r1 <= w->rows);
    for (int32_t r = r0; r < r1; r++) {
        if (sum != HEFT_SUM_F)
            mul_blocks(w, r, x->x, x->n, y);
        else
            for (int32_t c = 0; c < x->n; c++)
                y[c][r] = w->by_col ? sum_c(w, r, x->x[c]) : sum_f(w, r, x->x[c]);
    }
}

static size_t mul_scratch(int32_t cols)
{
    (void)cols;
    return 0;
}

/* The products are exact, so a row is rounded once: where the minimum is added. */
static void row(float *y, const heft_mat *w, int32_t r)
{
    if (heft_dtypes[w->dtype].sum == HEFT_SUM_F) {
        if (w->with && !w->by_col)
            heft_floats(y, 0, w, r, 1, 0, w->cols);
        else
            for (int32_t k = 0; k < w->cols; k++)
                y[k] = element(w, r, k);
        return;
    }
    for (int32_t b = 0; b < w->cols / 32; b++) {
        heft_block block;
        heft_unpack(&block, w, r, b);
        for (int32_t i = 0; i < 32; i++) {
            const int32_t half = i / 16;
            y[32 * b + i] = block.d[half] * (float)block.sc[half] * (float)block.q[i]
                            + block.m * (float)block.mn[half];
        }
    }
}

void heft_kernels_scalar_mat(heft_kernels *k)
{
    k->quantise = quantise;
    k->lay = lay;
    k->mul = mul;
    k->mul_scratch = mul_scratch;
    k->row = row;
}

/* Class F, float weights whose rows are contiguous: lanes are k, and PARTS registers hold the 16
 * partial sums of an output. Few columns: two rows times two columns straight from the file. Many:
 * ROWS rows are widened to float32 together, 16 k of each side by side, and multiplied with COLUMNS
 * columns: sums, weights and one activation fill the registers. Side by side, because rows and
 * columns of a matrix are often a power of two apart, and more than two such lines at once fight
 * for their place in the first cache: 6.5 instead of 16 MAC per cycle (measured, Zen 4).
 *
 * A source for several instruction sets: the file that includes it has defined a vector, what is
 * done with it, and ROWS, COLUMNS (a power of two), LANES, PARTS and K_STEP before. */
#ifndef HEFT_KERNELS_X86_MAT_F_H
#define HEFT_KERNELS_X86_MAT_F_H

#include "kernels/x86_avx2_mat.h"

enum {
    FEW = 8,           /* columns for which nothing is widened in advance */
    WIDENED_ROWS = 32, /* about as many are widened together */
    GROUPS = WIDENED_ROWS / ROWS,
    WIDENED_BYTES = 320 << 10 /* for the widened rows; one group always fits */
};

/* Bytes of a number. */
INLINE size_t width(const heft_dtype t)
{
    return t == HEFT_F32 ? 4 : 2;
}

typedef float sixteen[16];

/* n < 16 numbers at p, widened, then zeros. */
INLINE void widen_tail(const heft_dtype t, sixteen out, const uint8_t *p, size_t n)
{
    uint8_t bytes[64] = { 0 };
    memcpy(bytes, p, width(t) * n);
    for (size_t i = 0; i < 16; i += LANES)
        store_vector(out + i, widened(t, bytes + width(t) * i));
}

/* ---- class F: few columns ---- */

/* y[c][r ..] = R rows from w on times x[c], N columns. What lies behind the rows is fetched
 * meanwhile if it is to be multiplied next. */
INLINE void rows_times(const heft_dtype t, const int32_t R, const int32_t N, const uint8_t *w,
                       size_t stride, bool more, const float *const *x, int32_t cols,
                       float *const *y, int32_t r)
{
    const uint8_t *next = w + stride * (size_t)R;
    const int32_t whole = cols / 16 * 16;
    vector sum[2][2][PARTS];
    for (int32_t i = 0; i < R; i++)
        for (int32_t c = 0; c < N; c++)
            for (int32_t h = 0; h < PARTS; h++)
                sum[i][c][h] = zero_vector();
    for (int32_t k = 0; k < whole; k += 16) {
        if (more) fetch(next + width(t) * (size_t)(k * R), 16 * width(t) * (size_t)R);
        for (int32_t h = 0; h < PARTS; h++) {
            const int32_t at = k + LANES * h;
            vector wk[2];
            for (int32_t i = 0; i < R; i++)
                wk[i] = held(widened(t, w + stride * (size_t)i + width(t) * (size_t)at));
            for (int32_t c = 0; c < N; c++) {
                const vector xk = held(load_vector(x[c] + at));
                for (int32_t i = 0; i < R; i++)
                    sum[i][c][h] = fma_vector(wk[i], xk, sum[i][c][h]);
            }
        }
    }
    const int32_t tail = cols - whole;
    for (int32_t i = 0; i < R && tail > 0; i++) {
        sixteen wt, xt;
        widen_tail(t, wt, w + stride * (size_t)i + width(t) * (size_t)whole, (size_t)tail);
        for (int32_t c = 0; c < N; c++) {
            widen_tail(HEFT_F32, xt, (const uint8_t *)(x[c] + whole), (size_t)tail);
            for (int32_t h = 0; h < PARTS; h++)
                sum[i][c][h] = fma_below(tail - LANES * h, load_vector(wt + LANES * h),
                                         load_vector(xt + LANES * h), sum[i][c][h]);
        }
    }
    for (int32_t i = 0; i < R; i++)
        for (int32_t c = 0; c < N; c++)
            y[c][r + i] = fold(sum[i][c]);
}

INLINE void few_columns(const heft_dtype t, const heft_mat *w, int32_t r0, int32_t r1,
                        const float *const *x, int32_t n, float *const *y)
{
    const size_t stride = (size_t)w->stride;
    for (int32_t r = r0; r < r1; r += 2) {
        const uint8_t *row = w->data + stride * (size_t)r;
        const bool one = r + 1 == r1;
        int32_t c = 0;
        for (; c + 2 <= n; c += 2)
            if (one)
                rows_times(t, 1, 2, row, stride, false, x + c, w->cols, y + c, r);
            else
                rows_times(t, 2, 2, row, stride, c == 0, x + c, w->cols, y + c, r);
        if (c == n) continue;
        if (one)
            rows_times(t, 1, 1, row, stride, false, x + c, w->cols, y + c, r);
        else
            rows_times(t, 2, 1, row, stride, c == 0, x + c, w->cols, y + c, r);
    }
}

/* ---- class F: many columns ---- */

/* 16 k of a group of rows, side by side; a group is one of these per 16 k, the last filled up with
 * zeros. */
typedef struct {
    float row[ROWS][16];
} group_step;

static int32_t steps_of(int32_t cols)
{
    return (cols + 15) / 16;
}

/* How many groups of rows of that length are widened together at most. */
static int32_t groups_of(int32_t cols)
{
    const size_t one = sizeof(group_step) * (size_t)steps_of(cols);
    const size_t fit = one > 0 ? WIDENED_BYTES / one : GROUPS;
    return fit < 1 ? 1 : fit > GROUPS ? GROUPS : (int32_t)fit;
}

INLINE void widen_row(const heft_dtype t, group_step *g, int32_t r, const uint8_t *p, int32_t cols)
{
    const int32_t whole = cols / 16;
    for (int32_t i = 0; i < whole; i++, p += 16 * width(t))
        for (size_t h = 0; h < PARTS; h++)
            store_vector(g[i].row[r] + LANES * h, widened(t, p + width(t) * LANES * h));
    if (whole * 16 < cols) widen_tail(t, g[whole].row[r], p, (size_t)(cols - whole * 16));
}

/* s[r][c] += the group's row r times x[c] from k (a multiple of 16) on, `count` elements, N
 * columns. */
INLINE void tile(const int32_t N, const group_step *g, const float *const *x, int32_t k,
                 int32_t count, sixteen (*s)[COLUMNS])
{
    vector sum[ROWS][COLUMNS][PARTS];
    for (int32_t r = 0; r < ROWS; r++)
        for (int32_t c = 0; c < N; c++)
            for (int32_t h = 0; h < PARTS; h++)
                sum[r][c][h] = load_vector(s[r][c] + LANES * h);

    const int32_t whole = count / 16;
    g += k / 16;
    for (int32_t i = 0; i < whole; i++, g++)
        for (int32_t h = 0; h < PARTS; h++) {
            vector w[ROWS];
            for (int32_t r = 0; r < ROWS; r++)
                w[r] = held(load_vector(g->row[r] + LANES * h));
            for (int32_t c = 0; c < N; c++) {
                const vector xk = held(load_vector(x[c] + k + 16 * i + LANES * h));
                for (int32_t r = 0; r < ROWS; r++)
                    sum[r][c][h] = fma_vector(w[r], xk, sum[r][c][h]);
            }
        }

    const int32_t tail = count - 16 * whole;
    for (int32_t c = 0; c < N && tail > 0; c++) {
        sixteen xt;
        widen_tail(HEFT_F32, xt, (const uint8_t *)(x[c] + k + 16 * whole), (size_t)tail);
        for (int32_t r = 0; r < ROWS; r++)
            for (int32_t h = 0; h < PARTS; h++)
                sum[r][c][h] = fma_below(tail - LANES * h, load_vector(g->row[r] + LANES * h),
                                         load_vector(xt + LANES * h), sum[r][c][h]);
    }

    for (int32_t r = 0; r < ROWS; r++)
        for (int32_t c = 0; c < N; c++)
            for (int32_t h = 0; h < PARTS; h++)
                store_vector(s[r][c] + LANES * h, sum[r][c][h]);
}

/* `rows` widened rows times n <= COLUMNS columns, to rows from r on of y. */
static void groups_times(const group_step *g, int32_t rows, int32_t cols, const float *const *x,
                         int32_t n, float *const *y, int32_t r)
{
    sixteen s[GROUPS * ROWS][COLUMNS];
    memset(s, 0, sizeof s);
    for (int32_t k = 0; k < cols; k += K_STEP)
        for (int32_t i = 0; i < rows; i += ROWS) {
            const int32_t count = cols - k < K_STEP ? cols - k : K_STEP;
            const group_step *group = g + (size_t)(i / ROWS) * (size_t)steps_of(cols);
            if (n == 1)
                tile(1, group, x, k, count, s + i);
            else if (n == 2)
                tile(2, group, x, k, count, s + i);
            else
                tile(COLUMNS, group, x, k, count, s + i);
        }
    for (int32_t i = 0; i < rows; i++)
        for (int32_t c = 0; c < n; c++) {
            vector sum[PARTS];
            for (int32_t h = 0; h < PARTS; h++)
                sum[h] = load_vector(s[i][c] + LANES * h);
            y[c][r + i] = fold(sum);
        }
}

INLINE void many_columns(const heft_dtype t, const heft_mat *w, int32_t r0, int32_t r1,
                         const float *const *x, int32_t n, float *const *y, void *scratch)
{
    const size_t steps = (size_t)steps_of(w->cols), stride = (size_t)w->stride;
    const int32_t most = ROWS * groups_of(w->cols);
    group_step *g = scratch;
    for (int32_t r = r0; r < r1; r += most) {
        const int32_t rows = r1 - r < most ? r1 - r : most;
        for (int32_t i = 0; i < (rows + ROWS - 1) / ROWS * ROWS; i++) {
            const int32_t row = r + (i < rows ? i : rows - 1); /* a last group is filled up */
            widen_row(t, g + steps * (size_t)(i / ROWS), i % ROWS, w->data + stride * (size_t)row,
                      w->cols);
        }
        for (int32_t c = 0, nc; c < n; c += nc) {
            nc = n - c >= COLUMNS ? COLUMNS : n - c >= 2 ? 2 : 1;
            groups_times(g, rows, w->cols, x + c, nc, y + c, r);
        }
    }
}

INLINE void mul_f(const heft_dtype t, const heft_mat *w, int32_t r0, int32_t r1,
                  const float *const *x, int32_t n, float *const *y, void *scratch)
{
    if (n <= FEW)
        few_columns(t, w, r0, r1, x, n, y);
    else
        many_columns(t, w, r0, r1, x, n, y, scratch);
}

static void mul_class_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                        float *const *y, void *scratch)
{
    switch (w->dtype) {
    case HEFT_F32: mul_f(HEFT_F32, w, r0, r1, x, n, y, scratch); break;
    case HEFT_F16: mul_f(HEFT_F16, w, r0, r1, x, n, y, scratch); break;
    default: mul_f(HEFT_BF16, w, r0, r1, x, n, y, scratch);
    }
}

/* Bytes that mul_class_f needs. Never less for more columns: WIDENED_BYTES, where all groups would
 * need more, however much less whole groups make of it. */
static size_t scratch_f(int32_t cols)
{
    const size_t one = sizeof(group_step) * (size_t)steps_of(cols), all = GROUPS * one;
    const size_t most = one > WIDENED_BYTES ? one : WIDENED_BYTES;
    return all < most ? all : most;
}

#endif

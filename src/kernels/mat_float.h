/* Float weights: class F (rows contiguous) and class C (columns contiguous).
 *
 * Class F: lanes are k, and PARTS vectors hold the 16 partial sums of an output. Few columns: two
 * rows times two columns straight from the file. Many: ROWS rows are widened to float32 together,
 * 16 k of each side by side, and multiplied with COLUMNS columns: sums, weights and one activation
 * fill the registers. Side by side, because rows and columns of a matrix are often a power of two
 * apart, and more than two such lines at once fight for their place in the first cache: 6.5 instead
 * of 16 MAC per cycle (measured, Zen 4).
 *
 * Class C: lanes are rows, and the sums wait in y.
 *
 * Weights with scales beside them are made float32 in scratch: two rows, or a strip of columns.
 *
 * A source for several instruction sets: the file that includes it has included one of the headers
 * *_vector*.h, and defined ROWS, COLUMNS (a power of two), K_STEP and floats_of (as heft_floats),
 * before. */
#ifndef HEFT_KERNELS_MAT_FLOAT_H
#define HEFT_KERNELS_MAT_FLOAT_H

#include "kernels/kernels.h"
#include "kernels/scales.h"

enum {
    SCALED = HEFT_DTYPES, /* in place of a format: any with scales, made float32 first */
    FEW = 8,              /* columns for which nothing is widened in advance */
    WIDENED_ROWS = 32,    /* about as many are widened together */
    GROUPS = WIDENED_ROWS / ROWS,
    WIDENED_BYTES = 320 << 10 /* for the widened rows; one group always fits */
};

typedef float sixteen[16];

/* n < 16 numbers at p, widened, then zeros. */
INLINE void widen_tail(const int32_t t, sixteen out, const uint8_t *p, size_t n)
{
    uint8_t bytes[64] = { 0 };
    memcpy(bytes, p, width(t) * n);
    for (size_t i = 0; i < 16; i += LANES)
        store_vector(out + i, widened(t, bytes + width(t) * i));
}

/* ---- class F: few columns ---- */

/* y[c][r ..] = R rows from w on times x[c], N columns. What lies behind the rows is fetched
 * meanwhile if it is to be multiplied next. */
INLINE void rows_times(const int32_t t, const int32_t R, const int32_t N, const uint8_t *w,
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
            y[c][r + i] = fold_vector(sum[i][c]);
}

/* Rows r .. r + 1, where they lie or made float32 in the buffer. */
INLINE const uint8_t *rows_at(const int32_t t, const heft_mat *w, int32_t r, int32_t rows,
                              float *buffer)
{
    if (t != SCALED) return w->data + (ptrdiff_t)(w->stride * r);
    floats_of(buffer, w->cols, w, r, rows, 0, w->cols);
    return (const uint8_t *)buffer;
}

INLINE void few_columns(const int32_t format, const heft_mat *w, int32_t r0, int32_t r1,
                        const float *const *x, int32_t n, float *const *y, float *buffer)
{
    const int32_t t = format == SCALED ? HEFT_F32 : format;
    const size_t stride = format == SCALED ? sizeof(float) * (size_t)w->cols : (size_t)w->stride;
    for (int32_t r = r0; r < r1; r += 2) {
        const bool one = r + 1 == r1;
        const uint8_t *row = rows_at(format, w, r, one ? 1 : 2, buffer);
        int32_t c = 0;
        for (; c + 2 <= n; c += 2)
            if (one)
                rows_times(t, 1, 2, row, stride, false, x + c, w->cols, y + c, r);
            else
                rows_times(t, 2, 2, row, stride, c == 0 && t == format, x + c, w->cols, y + c, r);
        if (c == n) continue;
        if (one)
            rows_times(t, 1, 1, row, stride, false, x + c, w->cols, y + c, r);
        else
            rows_times(t, 2, 1, row, stride, c == 0 && t == format, x + c, w->cols, y + c, r);
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

INLINE void widen_row(const int32_t t, group_step *g, int32_t r, const uint8_t *p, int32_t cols)
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
            y[c][r + i] = fold_vector(sum);
        }
}

INLINE void many_columns(const int32_t format, const heft_mat *w, int32_t r0, int32_t r1,
                         const float *const *x, int32_t n, float *const *y, float *buffer,
                         void *scratch)
{
    const int32_t t = format == SCALED ? HEFT_F32 : format;
    const size_t steps = (size_t)steps_of(w->cols);
    const int32_t most = ROWS * groups_of(w->cols);
    group_step *g = scratch;
    for (int32_t r = r0; r < r1; r += most) {
        const int32_t rows = r1 - r < most ? r1 - r : most;
        for (int32_t i = 0; i < (rows + ROWS - 1) / ROWS * ROWS; i++) {
            const int32_t row = r + (i < rows ? i : rows - 1); /* a last group is filled up */
            widen_row(t, g + steps * (size_t)(i / ROWS), i % ROWS,
                      rows_at(format, w, row, 1, buffer), w->cols);
        }
        for (int32_t c = 0, nc; c < n; c += nc) {
            nc = n - c >= COLUMNS ? COLUMNS : n - c >= 2 ? 2 : 1;
            groups_times(g, rows, w->cols, x + c, nc, y + c, r);
        }
    }
}

/* Two rows as float32, at the beginning of scratch. */
static size_t buffer_bytes(int32_t cols)
{
    return 2 * sizeof(sixteen) * (size_t)steps_of(cols);
}

INLINE void mul_f(const int32_t t, const heft_mat *w, int32_t r0, int32_t r1, const float *const *x,
                  int32_t n, float *const *y, void *scratch)
{
    if (n <= FEW)
        few_columns(t, w, r0, r1, x, n, y, scratch);
    else
        many_columns(t, w, r0, r1, x, n, y, scratch, (uint8_t *)scratch + buffer_bytes(w->cols));
}

INLINE void mul_class_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                        float *const *y, void *scratch)
{
    switch (w->dtype) {
    case HEFT_F32: mul_f(HEFT_F32, w, r0, r1, x, n, y, scratch); break;
    case HEFT_F16: mul_f(HEFT_F16, w, r0, r1, x, n, y, scratch); break;
    case HEFT_BF16: mul_f(HEFT_BF16, w, r0, r1, x, n, y, scratch); break;
    default: mul_f(SCALED, w, r0, r1, x, n, y, scratch);
    }
}

/* Bytes that mul_class_f needs. Never less for more columns: WIDENED_BYTES, where all groups would
 * need more, however much less whole groups make of it. */
INLINE size_t scratch_f(int32_t cols)
{
    const size_t one = sizeof(group_step) * (size_t)steps_of(cols), all = GROUPS * one;
    const size_t most = one > WIDENED_BYTES ? one : WIDENED_BYTES;
    return buffer_bytes(cols) + (all < most ? all : most);
}

/* ---- class C ---- */

enum {
    CHAIN_VECTORS = 4, /* of sums for each column */
    CHAIN_ROWS = CHAIN_VECTORS * LANES,
    CHAIN_COLUMNS = 3,
    CHAIN_STEP = 16,    /* few columns: k done before the next rows, as many streams side by side */
    CHAIN_WIDENED = 128 /* more columns: k of CHAIN_ROWS rows widened together, 16 KB for 32 */
};

/* y[c][r .. r + LANES V) += `count` columns of w, the first at w, times x[c][k ..], for N columns.
 */
INLINE void chain(const int32_t t, const int32_t V, const int32_t N, const uint8_t *w,
                  size_t stride, const float *const *x, int32_t k, int32_t count, float *const *y,
                  int32_t r)
{
    vector sum[CHAIN_COLUMNS][CHAIN_VECTORS];
    for (int32_t c = 0; c < N; c++)
        for (int32_t v = 0; v < V; v++)
            sum[c][v] = load_vector(y[c] + r + LANES * v);
    for (int32_t i = 0; i < count; i++, w += stride) {
        vector xk[CHAIN_COLUMNS];
        for (int32_t c = 0; c < N; c++)
            xk[c] = spread_number(x[c][k + i]);
        for (int32_t v = 0; v < V; v++) {
            const vector wk = widened(t, w + width(t) * LANES * (size_t)v);
            for (int32_t c = 0; c < N; c++)
                sum[c][v] = fma_vector(wk, xk[c], sum[c][v]);
        }
    }
    for (int32_t c = 0; c < N; c++)
        for (int32_t v = 0; v < V; v++)
            store_vector(y[c] + r + LANES * v, sum[c][v]);
}

/* The same for all n columns. */
INLINE void chain_columns(const int32_t t, const int32_t V, const uint8_t *w, size_t stride,
                          const float *const *x, int32_t n, int32_t k, int32_t count,
                          float *const *y, int32_t r)
{
    for (int32_t c = 0; c < n; c += CHAIN_COLUMNS)
        switch (n - c) {
        case 1: chain(t, V, 1, w, stride, x + c, k, count, y + c, r); break;
        case 2: chain(t, V, 2, w, stride, x + c, k, count, y + c, r); break;
        default: chain(t, V, 3, w, stride, x + c, k, count, y + c, r);
        }
}

/* One row, for what is left of a vector. */
INLINE float chain_one(const int32_t t, const uint8_t *w, size_t stride, const float *x,
                       int32_t count, float sum)
{
    for (int32_t i = 0; i < count; i++, w += stride) {
        sixteen wide;
        widen_tail(t, wide, w, 1);
        sum = __builtin_fmaf(wide[0], x[i], sum);
    }
    return sum;
}

/* Rows r0 .. r1 - 1 of `count` columns of w, the first at w. Many columns of x: CHAIN_ROWS rows are
 * widened to scratch first, because columns of w may be a power of two apart, too. */
INLINE void chain_rows(const int32_t t, const uint8_t *w, size_t stride, int32_t r0, int32_t r1,
                       const float *const *x, int32_t n, int32_t k, int32_t count, float *const *y,
                       float (*scratch)[CHAIN_ROWS])
{
    int32_t r = r0;
    for (; r + CHAIN_ROWS <= r1; r += CHAIN_ROWS) {
        const uint8_t *p = w + width(t) * (size_t)r;
        if (n <= FEW) {
            chain_columns(t, CHAIN_VECTORS, p, stride, x, n, k, count, y, r);
            continue;
        }
        for (int32_t i = 0; i < count; i++, p += stride)
            for (size_t v = 0; v < CHAIN_ROWS; v += LANES)
                store_vector(scratch[i] + v, widened(t, p + width(t) * v));
        chain_columns(HEFT_F32, CHAIN_VECTORS, (const uint8_t *)scratch, sizeof *scratch, x, n, k,
                      count, y, r);
    }
    for (; r + LANES <= r1; r += LANES)
        chain_columns(t, 1, w + width(t) * (size_t)r, stride, x, n, k, count, y, r);
    for (; r < r1; r++)
        for (int32_t c = 0; c < n; c++)
            y[c][r] = chain_one(t, w + width(t) * (size_t)r, stride, x[c] + k, count, y[c][r]);
}

INLINE void mul_c(const int32_t t, const heft_mat *w, int32_t r0, int32_t r1, const float *const *x,
                  int32_t n, float *const *y, void *scratch)
{
    const int32_t step = n <= FEW ? CHAIN_STEP : CHAIN_WIDENED;
    for (int32_t c = 0; c < n; c++)
        memset(y[c] + r0, 0, sizeof(float) * (size_t)(r1 - r0));
    for (int32_t k = 0; k < w->cols; k += step)
        chain_rows(t, w->data + (size_t)w->stride * (size_t)k, (size_t)w->stride, r0, r1, x, n, k,
                   w->cols - k < step ? w->cols - k : step, y, scratch);
}

/* With scales: as many columns of CHAIN_ROWS rows are made float32 together, however many x has. */
INLINE void mul_c_scaled(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x,
                         int32_t n, float *const *y, float (*strip)[CHAIN_ROWS])
{
    for (int32_t c = 0; c < n; c++)
        memset(y[c] + r0, 0, sizeof(float) * (size_t)(r1 - r0));
    for (int32_t r = r0; r < r1; r += CHAIN_ROWS)
        for (int32_t k = 0; k < w->cols; k += CHAIN_WIDENED) {
            const int32_t count = w->cols - k < CHAIN_WIDENED ? w->cols - k : CHAIN_WIDENED;
            const int32_t rows = r1 - r < CHAIN_ROWS ? r1 - r : CHAIN_ROWS;
            const uint8_t *p = (const uint8_t *)strip;
            const size_t apart = sizeof *strip;
            floats_of(strip[0], CHAIN_ROWS, w, k, count, r, rows);
            if (rows == CHAIN_ROWS) {
                chain_columns(HEFT_F32, CHAIN_VECTORS, p, apart, x, n, k, count, y, r);
                continue;
            }
            int32_t i = 0;
            for (; i + LANES <= rows; i += LANES)
                chain_columns(HEFT_F32, 1, p + sizeof(float) * (size_t)i, apart, x, n, k, count, y,
                              r + i);
            for (; i < rows; i++)
                for (int32_t c = 0; c < n; c++)
                    y[c][r + i] = chain_one(HEFT_F32, p + sizeof(float) * (size_t)i, apart,
                                            x[c] + k, count, y[c][r + i]);
        }
}

INLINE void mul_class_c(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                        float *const *y, void *scratch)
{
    switch (w->dtype) {
    case HEFT_F32: mul_c(HEFT_F32, w, r0, r1, x, n, y, scratch); break;
    case HEFT_F16: mul_c(HEFT_F16, w, r0, r1, x, n, y, scratch); break;
    case HEFT_BF16: mul_c(HEFT_BF16, w, r0, r1, x, n, y, scratch); break;
    default: mul_c_scaled(w, r0, r1, x, n, y, scratch);
    }
}

/* Bytes that mul_class_c needs. */
INLINE size_t scratch_c(int32_t cols)
{
    const size_t k = (size_t)(cols < CHAIN_WIDENED ? cols : CHAIN_WIDENED);
    return sizeof(float) * CHAIN_ROWS * k;
}

#endif

/* Float weights: class F (rows contiguous) and class C (columns contiguous).
 *
 * Class F: lanes are k. Two registers hold the 16 partial sums of one output, so a tile of rows x
 * columns is that many pairs. Few columns read the file; for many, 16 rows are widened to float32
 * first, and k is cut so that the columns stay in the first cache; the partial sums wait in memory.
 *
 * Class C: lanes are rows, and the sums wait in y. */
#include "kernels/x86_avx2_mat.h"

#include <stdbool.h>

enum {
    ROWS = 16,                /* widened together */
    COLUMNS = 3,              /* 2 rows x 3 columns x 2 registers, and four to work with */
    FEW = 8,                  /* columns up to which the file is read directly */
    K_STEP = 1024,            /* 3 columns and 2 rows of that: 20 KB */
    WIDENED_BYTES = 320 << 10 /* for the widened rows; at least two always fit */
};

/* Eight numbers at p, widened. */
INLINE __m256 widened(const heft_dtype t, const uint8_t *p)
{
    const void *v = p;
    if (t == HEFT_F32) return _mm256_loadu_ps(v);
    const __m128i h = _mm_loadu_si128(v);
    if (t == HEFT_F16) return _mm256_cvtph_ps(h);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
}

/* Bytes of a number. */
INLINE size_t width(const heft_dtype t)
{
    return t == HEFT_F32 ? 4 : 2;
}

/* Lanes below n. */
INLINE __m256 lanes_below(int32_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane));
}

/* ---- class F ---- */

/* The 16 partial sums of one output. */
typedef float sums[16];

/* s[r * COLUMNS + c] += row r (stride bytes apart) times x[c] from element k on, for R rows, N
 * columns and `count` elements. Only the last call of a sum may have a count that is no multiple
 * of 16. The lanes of a tail beyond count must keep their sums: adding 0 * 0 could change -0. */
INLINE void tile(const heft_dtype t, const int32_t R, const int32_t N, const uint8_t *w,
                 size_t stride, const float *const *x, int32_t k, int32_t count, sums *s)
{
    __m256 acc[4][COLUMNS][2];
    for (int32_t r = 0; r < R; r++)
        for (int32_t c = 0; c < N; c++)
            for (int32_t h = 0; h < 2; h++)
                acc[r][c][h] = _mm256_load_ps(s[r * COLUMNS + c] + 8 * h);

    const int32_t whole = count / 16 * 16;
    for (int32_t i = 0; i < whole; i += 16)
        for (int32_t h = 0; h < 2; h++) {
            const int32_t at = k + i + 8 * h;
            __m256 v[4];
            for (int32_t r = 0; r < R; r++)
                v[r] = widened(t, w + stride * (size_t)r + width(t) * (size_t)at);
            for (int32_t c = 0; c < N; c++) {
                const __m256 xc = _mm256_loadu_ps(x[c] + at);
                for (int32_t r = 0; r < R; r++)
                    acc[r][c][h] = _mm256_fmadd_ps(v[r], xc, acc[r][c][h]);
            }
        }

    if (whole < count) {
        const size_t tail = (size_t)(count - whole);
        for (int32_t c = 0; c < N; c++) {
            float xt[16] = { 0 };
            memcpy(xt, x[c] + k + whole, sizeof(float) * tail);
            for (int32_t r = 0; r < R; r++) {
                uint8_t wt[64] = { 0 };
                memcpy(wt, w + stride * (size_t)r + width(t) * (size_t)(k + whole),
                       width(t) * tail);
                for (int32_t h = 0; h < 2; h++) {
                    const __m256 v = widened(t, wt + width(t) * 8 * (size_t)h);
                    const __m256 sum =
                        _mm256_fmadd_ps(v, _mm256_loadu_ps(xt + 8 * h), acc[r][c][h]);
                    acc[r][c][h] =
                        _mm256_blendv_ps(acc[r][c][h], sum, lanes_below((int32_t)tail - 8 * h));
                }
            }
        }
    }

    for (int32_t r = 0; r < R; r++)
        for (int32_t c = 0; c < N; c++)
            for (int32_t h = 0; h < 2; h++)
                _mm256_store_ps(s[r * COLUMNS + c] + 8 * h, acc[r][c][h]);
}

INLINE void tile_rows(const heft_dtype t, const int32_t R, int32_t n, const uint8_t *w,
                      size_t stride, const float *const *x, int32_t k, int32_t count, sums *s)
{
    switch (n) {
    case 1: tile(t, R, 1, w, stride, x, k, count, s); break;
    case 2: tile(t, R, 2, w, stride, x, k, count, s); break;
    default: tile(t, R, 3, w, stride, x, k, count, s);
    }
}

static float fold(const float *s)
{
    const __m256 eight = _mm256_add_ps(_mm256_load_ps(s), _mm256_load_ps(s + 8));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Two rows at a time (one column: four, to have eight sums under way) straight from the file. */
INLINE void few_columns(const heft_dtype t, const heft_mat *w, int32_t r0, int32_t r1,
                        const float *const *x, int32_t n, float *const *y)
{
    const int32_t group = n == 1 ? 4 : 2;
    for (int32_t r = r0; r < r1;) {
        const int32_t rows = r + group <= r1 ? group : 1;
        const uint8_t *row = w->data + (ptrdiff_t)(w->stride * r);
        for (int32_t c = 0; c < n; c += COLUMNS) {
            const int32_t nc = n - c < COLUMNS ? n - c : COLUMNS;
            sums s[4 * COLUMNS] __attribute__((aligned(32))) = { { 0 } };
            if (rows == 4)
                tile(t, 4, 1, row, (size_t)w->stride, x, 0, w->cols, s);
            else if (rows == 2)
                tile_rows(t, 2, nc, row, (size_t)w->stride, x + c, 0, w->cols, s);
            else
                tile_rows(t, 1, nc, row, (size_t)w->stride, x + c, 0, w->cols, s);
            for (int32_t i = 0; i < rows; i++)
                for (int32_t j = 0; j < nc; j++)
                    y[c + j][r + i] = fold(s[i * COLUMNS + j]);
        }
        r += rows;
    }
}

/* count numbers at p, widened, and zeros up to a multiple of 8. */
INLINE void widen_row(const heft_dtype t, float *out, const uint8_t *p, int32_t count)
{
    int32_t k = 0;
    for (; k + 8 <= count; k += 8)
        _mm256_store_ps(out + k, widened(t, p + width(t) * (size_t)k));
    if (k == count) return;
    uint8_t tail[32] = { 0 };
    memcpy(tail, p + width(t) * (size_t)k, width(t) * (size_t)(count - k));
    _mm256_store_ps(out + k, widened(t, tail));
}

/* A widened row's length: whole registers. */
static size_t widened_row(int32_t cols)
{
    return ((size_t)cols + 15) / 16 * 16;
}

/* How many rows of that length are widened together: 2 .. ROWS, even. */
static int32_t widened_rows(int32_t cols)
{
    const size_t fit = cols > 0 ? WIDENED_BYTES / (sizeof(float) * widened_row(cols)) : ROWS;
    return fit >= ROWS ? ROWS : fit < 2 ? 2 : (int32_t)fit / 2 * 2;
}

size_t heft_avx2_float_scratch(int32_t cols)
{
    return sizeof(float) * widened_row(cols) * (size_t)widened_rows(cols);
}

/* `rows` widened rows times up to three columns. The row behind the last of an odd number is
 * whatever scratch holds: computed with and dropped. */
static void widened_columns(const float *w, int32_t cols, int32_t rows, const float *const *x,
                            int32_t n, float *const *y, int32_t r)
{
    const size_t length = widened_row(cols);
    sums s[ROWS * COLUMNS] __attribute__((aligned(32))) = { { 0 } };
    for (int32_t k = 0; k < cols; k += K_STEP)
        for (int32_t i = 0; i < rows; i += 2)
            tile_rows(HEFT_F32, 2, n, (const uint8_t *)(w + length * (size_t)i),
                      sizeof(float) * length, x, k, cols - k < K_STEP ? cols - k : K_STEP,
                      s + i * COLUMNS);
    for (int32_t i = 0; i < rows; i++)
        for (int32_t c = 0; c < n; c++)
            y[c][r + i] = fold(s[i * COLUMNS + c]);
}

INLINE void many_columns(const heft_dtype t, const heft_mat *w, int32_t r0, int32_t r1,
                         const float *const *x, int32_t n, float *const *y, float *scratch)
{
    const int32_t group = widened_rows(w->cols);
    const size_t length = widened_row(w->cols);
    for (int32_t r = r0; r < r1; r += group) {
        const int32_t rows = r1 - r < group ? r1 - r : group;
        for (int32_t i = 0; i < rows; i++)
            widen_row(t, scratch + length * (size_t)i, w->data + (ptrdiff_t)(w->stride * (r + i)),
                      w->cols);
        if (rows % 2) memset(scratch + length * (size_t)rows, 0, sizeof(float) * length);
        for (int32_t c = 0; c < n; c += COLUMNS)
            widened_columns(scratch, w->cols, rows, x + c, n - c < COLUMNS ? n - c : COLUMNS, y + c,
                            r);
    }
}

INLINE void mul_f(const heft_dtype t, const heft_mat *w, int32_t r0, int32_t r1,
                  const float *const *x, int32_t n, float *const *y, float *scratch)
{
    if (n <= FEW)
        few_columns(t, w, r0, r1, x, n, y);
    else
        many_columns(t, w, r0, r1, x, n, y, scratch);
}

void heft_avx2_mul_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, float *scratch)
{
    switch (w->dtype) {
    case HEFT_F32: mul_f(HEFT_F32, w, r0, r1, x, n, y, scratch); break;
    case HEFT_F16: mul_f(HEFT_F16, w, r0, r1, x, n, y, scratch); break;
    default: mul_f(HEFT_BF16, w, r0, r1, x, n, y, scratch);
    }
}

/* ---- class C ---- */

enum {
    C_ROWS = 32, /* 4 registers of sums per column */
    C_STEP = 16, /* k done before the next rows: that many streams of the file side by side */
};

/* y[c][0 .. 8 V) += `count` columns of w, from w on, times x[c][k ..], for N columns. */
INLINE void chain(const heft_dtype t, const int32_t V, const int32_t N, const uint8_t *w,
                  size_t stride, const float *const *x, int32_t k, int32_t count, float *const *y,
                  int32_t r)
{
    __m256 acc[COLUMNS][4];
    for (int32_t c = 0; c < N; c++)
        for (int32_t v = 0; v < V; v++)
            acc[c][v] = _mm256_loadu_ps(y[c] + r + 8 * v);
    for (int32_t i = 0; i < count; i++, w += stride) {
        __m256 xc[COLUMNS];
        for (int32_t c = 0; c < N; c++)
            xc[c] = _mm256_broadcast_ss(x[c] + k + i);
        for (int32_t v = 0; v < V; v++) {
            const __m256 wv = widened(t, w + width(t) * 8 * (size_t)v);
            for (int32_t c = 0; c < N; c++)
                acc[c][v] = _mm256_fmadd_ps(wv, xc[c], acc[c][v]);
        }
    }
    for (int32_t c = 0; c < N; c++)
        for (int32_t v = 0; v < V; v++)
            _mm256_storeu_ps(y[c] + r + 8 * v, acc[c][v]);
}

/* One row, for what is left of eight. */
INLINE float chain_one(const heft_dtype t, const uint8_t *w, size_t stride, const float *x,
                       int32_t count, float acc)
{
    for (int32_t i = 0; i < count; i++, w += stride) {
        uint8_t one[32] = { 0 };
        memcpy(one, w, width(t));
        acc = __builtin_fmaf(_mm256_cvtss_f32(widened(t, one)), x[i], acc);
    }
    return acc;
}

INLINE void chain_rows(const heft_dtype t, const int32_t N, const uint8_t *w, size_t stride,
                       const float *const *x, int32_t k, int32_t count, float *const *y, int32_t r0,
                       int32_t r1)
{
    int32_t r = r0;
    for (; r + C_ROWS <= r1; r += C_ROWS)
        chain(t, 4, N, w + width(t) * (size_t)r, stride, x, k, count, y, r);
    for (; r + 8 <= r1; r += 8)
        chain(t, 1, N, w + width(t) * (size_t)r, stride, x, k, count, y, r);
    for (; r < r1; r++)
        for (int32_t c = 0; c < N; c++)
            y[c][r] = chain_one(t, w + width(t) * (size_t)r, stride, x[c] + k, count, y[c][r]);
}

INLINE void mul_c(const heft_dtype t, const heft_mat *w, int32_t r0, int32_t r1,
                  const float *const *x, int32_t n, float *const *y)
{
    const size_t stride = (size_t)w->stride;
    for (int32_t c = 0; c < n; c++)
        memset(y[c] + r0, 0, sizeof(float) * (size_t)(r1 - r0));
    for (int32_t k = 0; k < w->cols; k += C_STEP) {
        const int32_t count = w->cols - k < C_STEP ? w->cols - k : C_STEP;
        const uint8_t *column = w->data + stride * (size_t)k;
        for (int32_t c = 0; c < n; c += COLUMNS)
            switch (n - c) {
            case 1: chain_rows(t, 1, column, stride, x + c, k, count, y + c, r0, r1); break;
            case 2: chain_rows(t, 2, column, stride, x + c, k, count, y + c, r0, r1); break;
            default: chain_rows(t, 3, column, stride, x + c, k, count, y + c, r0, r1);
            }
    }
}

void heft_avx2_mul_c(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y)
{
    switch (w->dtype) {
    case HEFT_F32: mul_c(HEFT_F32, w, r0, r1, x, n, y); break;
    case HEFT_F16: mul_c(HEFT_F16, w, r0, r1, x, n, y); break;
    default: mul_c(HEFT_BF16, w, r0, r1, x, n, y);
    }
}

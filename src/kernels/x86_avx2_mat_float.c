/* Float weights with AVX2: class F (rows contiguous) and class C (columns contiguous), where lanes
 * are rows and the sums wait in y. */
#include "kernels/x86_avx2_mat.h"

enum { LANES = 8, PARTS = 2, ROWS = 3, COLUMNS = 2, K_STEP = 1024 }; /* a tile's step: 20 KB */

typedef __m256 vector;

INLINE vector zero_vector(void)
{
    return _mm256_setzero_ps();
}

INLINE vector load_vector(const float *p)
{
    return _mm256_loadu_ps(p);
}

INLINE void store_vector(float *p, vector v)
{
    _mm256_storeu_ps(p, v);
}

INLINE vector fma_vector(vector a, vector b, vector c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* Numbers at p, widened. */
INLINE vector widened(const heft_dtype t, const uint8_t *p)
{
    const void *v = p;
    if (t == HEFT_F32) return _mm256_loadu_ps(v);
    const __m128i h = _mm_loadu_si128(v);
    if (t == HEFT_F16) return _mm256_cvtph_ps(h);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
}

/* v in a register: gcc would read it again for every use, and loads are what limits a tile. */
INLINE vector held(vector v)
{
    __asm__("" : "+x"(v));
    return v;
}

/* w x + sum in the first n lanes; the others keep their sum: adding 0 * 0 to it could turn -0 into
 * +0. */
INLINE vector fma_below(int32_t n, vector w, vector x, vector sum)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i below = _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane);
    return _mm256_blendv_ps(sum, _mm256_fmadd_ps(w, x, sum), _mm256_castsi256_ps(below));
}

INLINE float fold(const vector s[PARTS])
{
    const __m256 eight = _mm256_add_ps(s[0], s[1]);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#include "kernels/x86_mat_f.h"

void heft_avx2_mul_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, void *scratch)
{
    mul_class_f(w, r0, r1, x, n, y, scratch);
}

/* ---- class C ---- */

enum {
    CHAIN_ROWS = 32, /* 4 registers of sums per column */
    CHAIN_COLUMNS = 3,
    CHAIN_STEP = 16,    /* few columns: k done before the next rows, as many streams side by side */
    CHAIN_WIDENED = 128 /* more columns: k of 32 rows widened together, 16 KB */
};

/* y[c][r .. r + 8 V) += `count` columns of w, the first at w, times x[c][k ..], for N columns. */
INLINE void chain(const heft_dtype t, const int32_t V, const int32_t N, const uint8_t *w,
                  size_t stride, const float *const *x, int32_t k, int32_t count, float *const *y,
                  int32_t r)
{
    __m256 sum[CHAIN_COLUMNS][4];
    for (int32_t c = 0; c < N; c++)
        for (int32_t v = 0; v < V; v++)
            sum[c][v] = _mm256_loadu_ps(y[c] + r + 8 * v);
    for (int32_t i = 0; i < count; i++, w += stride) {
        __m256 xk[CHAIN_COLUMNS];
        for (int32_t c = 0; c < N; c++)
            xk[c] = _mm256_broadcast_ss(x[c] + k + i);
        for (int32_t v = 0; v < V; v++) {
            const __m256 wk = widened(t, w + width(t) * 8 * (size_t)v);
            for (int32_t c = 0; c < N; c++)
                sum[c][v] = _mm256_fmadd_ps(wk, xk[c], sum[c][v]);
        }
    }
    for (int32_t c = 0; c < N; c++)
        for (int32_t v = 0; v < V; v++)
            _mm256_storeu_ps(y[c] + r + 8 * v, sum[c][v]);
}

/* The same for all n columns. */
INLINE void chain_columns(const heft_dtype t, const int32_t V, const uint8_t *w, size_t stride,
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

/* One row, for what is left of eight. */
INLINE float chain_one(const heft_dtype t, const uint8_t *w, size_t stride, const float *x,
                       int32_t count, float sum)
{
    for (int32_t i = 0; i < count; i++, w += stride) {
        sixteen wide;
        widen_tail(t, wide, w, 1);
        sum = __builtin_fmaf(wide[0], x[i], sum);
    }
    return sum;
}

/* Rows r0 .. r1 - 1 of `count` columns of w, the first at w. Many columns of x: 32 rows are widened
 * to scratch first, because columns of w may be a power of two apart, too. */
INLINE void chain_rows(const heft_dtype t, const uint8_t *w, size_t stride, int32_t r0, int32_t r1,
                       const float *const *x, int32_t n, int32_t k, int32_t count, float *const *y,
                       float (*scratch)[CHAIN_ROWS])
{
    int32_t r = r0;
    for (; r + CHAIN_ROWS <= r1; r += CHAIN_ROWS) {
        const uint8_t *p = w + width(t) * (size_t)r;
        if (n <= FEW) {
            chain_columns(t, 4, p, stride, x, n, k, count, y, r);
            continue;
        }
        for (int32_t i = 0; i < count; i++, p += stride)
            for (size_t v = 0; v < CHAIN_ROWS; v += 8)
                _mm256_storeu_ps(scratch[i] + v, widened(t, p + width(t) * v));
        chain_columns(HEFT_F32, 4, (const uint8_t *)scratch, sizeof *scratch, x, n, k, count, y, r);
    }
    for (; r + 8 <= r1; r += 8)
        chain_columns(t, 1, w + width(t) * (size_t)r, stride, x, n, k, count, y, r);
    for (; r < r1; r++)
        for (int32_t c = 0; c < n; c++)
            y[c][r] = chain_one(t, w + width(t) * (size_t)r, stride, x[c] + k, count, y[c][r]);
}

INLINE void mul_c(const heft_dtype t, const heft_mat *w, int32_t r0, int32_t r1,
                  const float *const *x, int32_t n, float *const *y, void *scratch)
{
    const int32_t step = n <= FEW ? CHAIN_STEP : CHAIN_WIDENED;
    for (int32_t c = 0; c < n; c++)
        memset(y[c] + r0, 0, sizeof(float) * (size_t)(r1 - r0));
    for (int32_t k = 0; k < w->cols; k += step)
        chain_rows(t, w->data + (size_t)w->stride * (size_t)k, (size_t)w->stride, r0, r1, x, n, k,
                   w->cols - k < step ? w->cols - k : step, y, scratch);
}

void heft_avx2_mul_c(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, void *scratch)
{
    switch (w->dtype) {
    case HEFT_F32: mul_c(HEFT_F32, w, r0, r1, x, n, y, scratch); break;
    case HEFT_F16: mul_c(HEFT_F16, w, r0, r1, x, n, y, scratch); break;
    default: mul_c(HEFT_BF16, w, r0, r1, x, n, y, scratch);
    }
}

size_t heft_avx2_float_scratch(int32_t cols)
{
    const size_t k = (size_t)(cols < CHAIN_WIDENED ? cols : CHAIN_WIDENED);
    const size_t c = sizeof(float) * CHAIN_ROWS * k, f = scratch_f(cols);
    return f > c ? f : c;
}

/* Any block format, from its canonical blocks: a panel for many columns, single rows for few.
 *
 * Weights are signed here, so |w| is multiplied by the activation with w's sign: two products of
 * 128 * 127 fit in int16, and the sub-scale widens them to int32. */
#include "kernels/x86_avx2_mat.h"
#include "kernels/x86_words_256.h"

#include "kernels/x86_granules.inc"

#include <math.h>

/* |w| * y * (sign of w), pairs added, times pairs of the sub-scale. */
INLINE __m256i product(__m256i w, __m256i y, __m256i sc)
{
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(y, w));
    return _mm256_madd_epi16(pairs, sc);
}

INLINE __m256i load(const void *p)
{
    return _mm256_load_si256(p);
}

/* ---- the panel ---- */

/* sum[c] += half h of rows g .. g + 7 of block b. */
INLINE void add_half(const int32_t n, const panel_any *p, int32_t g, int32_t h,
                     const heft_act *const *a, int64_t b, __m256i *sum)
{
    const __m256i sc = load(p->sc[h][g]);
    for (int32_t k = 4 * h; k < 4 * h + 4; k++) {
        const __m256i w = load(p->q[k][g]);
        for (int32_t c = 0; c < n; c++)
            sum[c] = _mm256_add_epi32(sum[c], product(w, spread(a[c][b].q + 4 * k), sc));
    }
}

/* acc[c] = fma(d * a.d, sum[c], acc[c]); the sums begin again. */
INLINE void flush(const int32_t n, const float *d, const heft_act *const *a, int64_t b,
                  __m256i *sum, __m256 *acc)
{
    for (int32_t c = 0; c < n; c++) {
        acc[c] = scaled(_mm256_load_ps(d), a[c] + b, sum[c], acc[c]);
        sum[c] = _mm256_setzero_si256();
    }
}

/* Rows g .. g + 7 of all blocks. Class and number of columns are known to the compiler, so the sums
 * stay in registers. */
INLINE void tile(const heft_sum class, const int32_t n, const panel_any *p, int32_t g,
                 const heft_act *const *a, int64_t blocks, float (*out)[PANEL_ROWS])
{
    __m256 acc[4];
    __m256i sum[4];
    for (int32_t c = 0; c < n; c++) {
        acc[c] = _mm256_load_ps(out[c] + g);
        sum[c] = _mm256_setzero_si256();
    }
    for (int64_t b = 0; b < blocks; b++, p++) {
        add_half(n, p, g, 0, a, b, sum);
        if (class == HEFT_SUM_H) flush(n, p->d[0] + g, a, b, sum, acc);
        add_half(n, p, g, 1, a, b, sum);
        flush(n, p->d[1] + g, a, b, sum, acc);
        if (class != HEFT_SUM_M) continue;
        for (int32_t c = 0; c < n; c++)
            sum[c] = _mm256_madd_epi16(load(p->mn[g]), spread(a[c][b].h));
        flush(n, p->m + g, a, b, sum, acc);
    }
    for (int32_t c = 0; c < n; c++)
        _mm256_store_ps(out[c] + g, acc[c]);
}

INLINE void tile_n(const heft_sum class, const void *panel, const heft_act *const *a, int32_t n,
                   int64_t blocks, float (*acc)[PANEL_ROWS])
{
    for (int32_t g = 0; g < PANEL_ROWS; g += 8)
        switch (n) {
        case 1: tile(class, 1, panel, g, a, blocks, acc); break;
        case 2: tile(class, 2, panel, g, a, blocks, acc); break;
        case 3: tile(class, 3, panel, g, a, blocks, acc); break;
        default: tile(class, 4, panel, g, a, blocks, acc);
        }
}

void heft_avx2_tile_q(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                      float (*acc)[PANEL_ROWS])
{
    tile_n(HEFT_SUM_Q, panel, a, n, blocks, acc);
}

void heft_avx2_tile_m(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                      float (*acc)[PANEL_ROWS])
{
    tile_n(HEFT_SUM_M, panel, a, n, blocks, acc);
}

void heft_avx2_tile_h(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                      float (*acc)[PANEL_ROWS])
{
    tile_n(HEFT_SUM_H, panel, a, n, blocks, acc);
}

/* ---- single rows: lanes are k, so the integers are added across them ---- */

/* Sums of four lanes of both halves. */
INLINE void sum_halves(__m256i v, int32_t sum[2])
{
    v = _mm256_add_epi32(v, _mm256_shuffle_epi32(v, 0x4e));
    v = _mm256_add_epi32(v, _mm256_shuffle_epi32(v, 0xb1));
    sum[0] = _mm256_cvtsi256_si32(v);
    sum[1] = _mm256_extract_epi32(v, 4);
}

/* acc and one block, by the step of its class, as the definition does it. */
INLINE float step(heft_sum class, const heft_block *w, __m256i q, __m256i sc, const heft_act *a,
                  float acc)
{
    int32_t sum[2];
    sum_halves(product(q, _mm256_loadu_si256((const void *)a->q), sc), sum);
    if (class == HEFT_SUM_H) {
        acc = fmaf(w->d[0] * a->d, (float)sum[0], acc);
        return fmaf(w->d[1] * a->d, (float)sum[1], acc);
    }
    acc = fmaf(w->d[0] * a->d, (float)(sum[0] + sum[1]), acc);
    if (class == HEFT_SUM_A) return fmaf(w->m, a->s, acc);
    if (class != HEFT_SUM_M) return acc;
    return fmaf(w->m * a->d, (float)(w->mn[0] * a->h[0] + w->mn[1] * a->h[1]), acc);
}

void heft_avx2_row_any(const heft_mat *w, int32_t r, const heft_act *const *a, int32_t n,
                       float *const *y)
{
    enum { AHEAD = 8 }; /* blocks unpacked before the first is read: its stores are done by then */
    const heft_sum class = heft_dtypes[w->dtype].sum;
    const int32_t blocks = w->cols / 32;
    float acc[HEFT_FEW] = { 0 };
    heft_block block[AHEAD];
    for (int32_t b = 0; b < blocks; b++) {
        if (b % AHEAD == 0)
            for (int32_t i = 0; i < AHEAD && b + i < blocks; i++)
                heft_unpack(&block[i], w, r, b + i);
        const heft_block *at = &block[b % AHEAD];
        const __m256i q = _mm256_loadu_si256((const void *)at->q);
        const __m256i sc = _mm256_set_m128i(_mm_set1_epi16(at->sc[1]), _mm_set1_epi16(at->sc[0]));
        for (int32_t c = 0; c < n; c++)
            acc[c] = step(class, at, q, sc, a[c] + b, acc[c]);
    }
    for (int32_t c = 0; c < n; c++)
        y[c][r] = acc[c];
}

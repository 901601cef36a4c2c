/* Fixed states with AVX2 and FMA: scalar_delta.c, eight numbers at a time, and four rows of a state
 * side by side, so that their chains of additions overlap. */
#include "kernels/fill.h"
#include "kernels/x86_avx2_functions.h"
#include "kernels/x86_vector_256.h"

#include "kernels/x86_functions.inc"

#include <math.h>
#include <stddef.h>

static void conv_avx2(float *y, const float *const *x, const float *w, int32_t row, int32_t taps,
                      int32_t n)
{
    for (int32_t i = 0; i < n; i += 8) {
        __m256 acc = _mm256_setzero_ps();
        for (int32_t j = 0; j < taps; j++)
            if (x[j])
                acc = _mm256_fmadd_ps(load(w + (ptrdiff_t)j * row + i, n - i),
                                      load(x[j] + i, n - i), acc);
        store(y + i, n - i, swish_vector(acc, -1));
    }
}

/* a b + acc where there are elements; the other lanes keep their sum. */
static inline __m256 add_product(__m256 a, __m256 b, __m256 acc, int64_t left)
{
    __m256 sum = _mm256_fmadd_ps(a, b, acc);
    return left >= 8 ? sum : _mm256_blendv_ps(acc, sum, _mm256_castsi256_ps(lanes(left)));
}

typedef __m256 sums[4][2]; /* of each row, the partial sums 0..7 and 8..15 */

/* What `left` numbers from k on, at most 16, and those of `rows` rows, dk apart, add to their sums.
 */
static inline void read_piece(sums acc, const float *s, const float *k, int32_t dk, int32_t left,
                              int32_t rows)
{
    for (int32_t half = 0; half < 2; half++, left -= 8) {
        if (left <= 0) return;
        const __m256 key = load(k + 8 * half, left);
        for (int32_t r = 0; r < rows; r++)
            acc[r][half] =
                add_product(load(s + (ptrdiff_t)r * dk + 8 * half, left), key, acc[r][half], left);
    }
}

/* The same when the numbers have become decay s + u k, of a query. */
static inline void write_piece(sums acc, float *s, const float *u, const heft_delta_token *t,
                               int32_t at, int32_t left, int32_t rows)
{
    const __m256 decay = _mm256_set1_ps(t->decay);
    for (int32_t half = 0; half < 2; half++, at += 8, left -= 8) {
        if (left <= 0) return;
        const __m256 key = load(t->k + at, left), query = load(t->q + at, left);
        for (int32_t r = 0; r < rows; r++) {
            float *to = s + (ptrdiff_t)r * t->dk + at;
            const __m256 kept = _mm256_mul_ps(decay, load(to, left));
            const __m256 now = _mm256_fmadd_ps(_mm256_set1_ps(u[r]), key, kept);
            store(to, left, now);
            acc[r][half] = add_product(now, query, acc[r][half], left);
        }
    }
}

static inline void clear(sums acc, int32_t rows)
{
    for (int32_t r = 0; r < rows; r++)
        acc[r][0] = acc[r][1] = _mm256_setzero_ps();
}

/* One token on `rows` rows. Whole pieces have a loop of their own, without a question. */
static inline void step(float *o, float *s, const float *v, const heft_delta_token *t, int32_t rows)
{
    const int32_t dk = t->dk, whole = dk / 16 * 16;
    sums acc;
    float u[4];
    clear(acc, rows);
    for (int32_t i = 0; i < whole; i += 16)
        read_piece(acc, s + i, t->k + i, dk, 16, rows);
    read_piece(acc, s + whole, t->k + whole, dk, dk - whole, rows);
    for (int32_t r = 0; r < rows; r++)
        u[r] = t->beta * fmaf(-t->decay, fold(acc[r][0], acc[r][1]), v[r]);
    clear(acc, rows);
    for (int32_t i = 0; i < whole; i += 16)
        write_piece(acc, s, u, t, i, 16, rows);
    write_piece(acc, s, u, t, whole, dk - whole, rows);
    for (int32_t r = 0; r < rows; r++)
        o[r] = fold(acc[r][0], acc[r][1]);
}

static void delta_avx2(float *o, float *s, const float *v, const heft_delta_token *t, int32_t n)
{
    int32_t r = 0;
    for (; r + 4 <= n; r += 4)
        step(o + r, s + (ptrdiff_t)r * t->dk, v + r, t, 4);
    for (; r < n; r++)
        step(o + r, s + (ptrdiff_t)r * t->dk, v + r, t, 1);
}

void heft_kernels_avx2_delta(heft_kernels *k)
{
    k->conv = conv_avx2;
    k->delta = delta_avx2;
}

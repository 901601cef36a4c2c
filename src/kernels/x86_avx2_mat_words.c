/* Few columns of GPTQ and AWQ, four bits, as the files have them: words of eight numbers, rows side
 * by side, a scale and a zero point for every row and `lines` k.
 *
 * A number becomes a float where it lies in its word: under the exponent that makes its lowest bit
 * 1 it is itself and a power of two. The zero point that is taken off has that power too, so that
 * w = (q - zero) * d takes an and, an or, a subtraction and a multiplication.
 * The bits are those of scales.c. */
#include "kernels/scales.h"
#include "kernels/x86_avx2_mat.h"

enum {
    ROWS = 64, /* that are done together: 8 vectors */
    VECTORS = ROWS / 8,
    PLACES = 5 /* of a word, that a float's fraction has: the other three are moved there */
};

/* Rows of a group of k. AWQ has the numbers of eight rows in a word: vector i is then what lies at
 * place i of eight words, and not rows 8i .. 8i + 7. */
typedef struct {
    float d[VECTORS][8];
    float zero[VECTORS][8];
} row_group;

/* What a place makes of a number: so much more. */
INLINE float lift(int32_t place)
{
    static const float more[PLACES] = { 0x1p23f, 0x1p19f, 0x1p15f, 0x1p11f, 0x1p7f };
    return more[place];
}

INLINE int32_t place_of(int32_t i)
{
    return i < PLACES ? i : i - 3;
}

/* Number i of eight words and lift(place_of(i)); moved: the words without their first three. */
INLINE __m256 number(__m256i words, __m256i moved, int32_t i)
{
    const int32_t place = place_of(i);
    const __m256i in =
        _mm256_and_si256(i < PLACES ? words : moved, _mm256_set1_epi32(15 << 4 * place));
    return _mm256_or_ps(_mm256_castsi256_ps(in), _mm256_set1_ps(lift(place)));
}

static void read_rows(row_group *g, const heft_mat *w, int64_t group, int32_t r)
{
    if (w->dtype == HEFT_GPTQ4) {
        heft_avx2_read_group(w, group, w->at + r, ROWS, &g->d[0][0], &g->zero[0][0]);
        return;
    }
    float d[ROWS], zero[ROWS];
    heft_avx2_read_group(w, group, w->at + r, ROWS, d, zero);
    for (int32_t i = 0; i < 8; i++)
        for (int32_t j = 0; j < 8; j++) {
            g->d[heft_awq_at[i]][j] = d[8 * j + i];
            g->zero[heft_awq_at[i]][j] = zero[8 * j + i] + lift(place_of(heft_awq_at[i]));
        }
}

/* A block of ROWS rows and some k: the words at p, columns x from k on, and what comes after. */
typedef struct {
    const uint8_t *p, *ahead;
    size_t stride;
    int32_t k, count;
    const row_group *g;
} block;

/* sum[c] += the block times column c, N columns. */
INLINE void gptq(const int32_t N, const block *b, const float *const *x, float *const *sum)
{
    __m256 zero[PLACES][VECTORS];
    for (int32_t place = 0; place < PLACES; place++)
        for (int32_t v = 0; v < VECTORS; v++)
            zero[place][v] =
                _mm256_add_ps(_mm256_loadu_ps(b->g->zero[v]), _mm256_set1_ps(lift(place)));
    const uint8_t *p = b->p, *ahead = b->ahead;
    for (int32_t k = b->k; k < b->k + b->count; k += 8, p += b->stride, ahead += b->stride) {
        fetch(ahead, 4 * ROWS);
        for (int32_t v = 0; v < VECTORS; v++) {
            const __m256i words = _mm256_loadu_si256((const void *)(p + (ptrdiff_t)(32 * v)));
            const __m256i moved = _mm256_srli_epi32(words, 12);
            const __m256 d = _mm256_loadu_ps(b->g->d[v]);
            __m256 t[HEFT_AVX2_STRAIGHT];
            for (int32_t c = 0; c < N; c++)
                t[c] = _mm256_loadu_ps(sum[c] + 8 * v);
#pragma GCC unroll 8
            for (int32_t i = 0; i < 8; i++) {
                const __m256 q = _mm256_sub_ps(number(words, moved, i), zero[place_of(i)][v]);
                const __m256 wk = _mm256_mul_ps(q, d);
                for (int32_t c = 0; c < N; c++)
                    t[c] = _mm256_fmadd_ps(wk, _mm256_broadcast_ss(x[c] + k + i), t[c]);
            }
            for (int32_t c = 0; c < N; c++)
                _mm256_storeu_ps(sum[c] + 8 * v, t[c]);
        }
    }
}

/* Vectors from `first` on, as many as have their sums in registers with N columns. */
INLINE void awq_part(const int32_t N, const int32_t first, const block *b, const float *const *x,
                     float *const *sum)
{
    enum { MOST = 8 };
    const int32_t part = N == 1 ? 8 : N == 2 ? 4 : 2;
    const uint8_t *p = b->p, *ahead = b->ahead;
    __m256 t[HEFT_AVX2_STRAIGHT][MOST];
    for (int32_t c = 0; c < N; c++)
#pragma GCC unroll 8
        for (int32_t i = 0; i < part; i++)
            t[c][i] = _mm256_loadu_ps(sum[c] + 8 * (first + i));
    for (int32_t k = b->k; k < b->k + b->count; k++, p += b->stride, ahead += b->stride) {
        const __m256i words = _mm256_loadu_si256((const void *)p);
        const __m256i moved = _mm256_srli_epi32(words, 12);
        __m256 xk[HEFT_AVX2_STRAIGHT];
        for (int32_t c = 0; c < N; c++)
            xk[c] = _mm256_broadcast_ss(x[c] + k);
        if (first == 0) fetch(ahead, 32);
#pragma GCC unroll 8
        for (int32_t i = 0; i < part; i++) {
            const __m256 zero = _mm256_loadu_ps(b->g->zero[first + i]);
            const __m256 q = _mm256_sub_ps(number(words, moved, first + i), zero);
            const __m256 wk = _mm256_mul_ps(q, _mm256_loadu_ps(b->g->d[first + i]));
            for (int32_t c = 0; c < N; c++)
                t[c][i] = _mm256_fmadd_ps(wk, xk[c], t[c][i]);
        }
    }
    for (int32_t c = 0; c < N; c++)
#pragma GCC unroll 8
        for (int32_t i = 0; i < part; i++)
            _mm256_storeu_ps(sum[c] + 8 * (first + i), t[c][i]);
}

INLINE void awq(const int32_t N, const block *b, const float *const *x, float *const *sum)
{
    awq_part(N, 0, b, x, sum);
    if (N > 2) awq_part(N, 2, b, x, sum);
    if (N > 1) awq_part(N, 4, b, x, sum);
    if (N > 2) awq_part(N, 6, b, x, sum);
}

static void times(const heft_mat *w, const block *b, const float *const *x, int32_t n,
                  float *const *sum)
{
    const bool is_awq = w->dtype == HEFT_AWQ4;
    switch (n) {
    case 1: is_awq ? awq(1, b, x, sum) : gptq(1, b, x, sum); break;
    case 2: is_awq ? awq(2, b, x, sum) : gptq(2, b, x, sum); break;
    case 3: is_awq ? awq(3, b, x, sum) : gptq(3, b, x, sum); break;
    default: is_awq ? awq(4, b, x, sum) : gptq(4, b, x, sum); break;
    }
}

/* Sums of ROWS rows in the order of awq() to that of the rows. */
static void put_in_order(float *y)
{
    float sum[VECTORS][8];
    memcpy(sum, y, sizeof sum);
    for (int32_t i = 0; i < ROWS; i++)
        y[i] = sum[heft_awq_at[i % 8]][i / 8];
}

bool heft_avx2_has_words(const heft_mat *w)
{
    const heft_scales *s = w->with;
    const int32_t k = w->dtype == HEFT_AWQ4 ? 1 : 8; /* of a word */
    return w->by_col && (w->dtype == HEFT_AWQ4 || w->dtype == HEFT_GPTQ4) && !s->index
           && s->lines % k == 0 && w->line % k == 0 && w->cols % k == 0 && w->at % 8 == 0;
}

int32_t heft_avx2_mul_words(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x,
                            int32_t n, float *const *y)
{
    const int32_t k_of_word = w->dtype == HEFT_AWQ4 ? 1 : 8, lines = w->with->lines;
    const int32_t end = r0 + (r1 - r0) / ROWS * ROWS, bytes = 4 * ROWS / (8 / k_of_word);
    float *sum[HEFT_AVX2_STRAIGHT];
    for (int32_t c = 0; c < n; c++)
        memset(y[c] + r0, 0, sizeof(float) * (size_t)(end - r0));
    for (int32_t k = 0, count; k < w->cols; k += count) {
        const int64_t line = w->line + k, group = line / lines;
        const int64_t left = (group + 1) * lines - line;
        count = left < w->cols - k ? (int32_t)left : w->cols - k;
        for (int32_t r = r0; r < end; r += ROWS) {
            row_group g;
            read_rows(&g, w, group, r);
            const int64_t row = (w->at + r) / (8 / k_of_word) * 4; /* bytes before it in a line */
            block b = { .p = w->data + (ptrdiff_t)(line / k_of_word * w->stride + row),
                        .stride = (size_t)w->stride,
                        .k = k,
                        .count = count,
                        .g = &g };
            b.ahead = r + ROWS < end ? b.p + bytes
                                     : b.p + (ptrdiff_t)(count / k_of_word * w->stride)
                                           - (ptrdiff_t)((r - r0) / ROWS * bytes);
            for (int32_t c = 0; c < n; c++)
                sum[c] = y[c] + r;
            times(w, &b, x, n, sum);
        }
    }
    for (int32_t c = 0; c < n && k_of_word == 1; c++)
        for (int32_t r = r0; r < end; r += ROWS)
            put_in_order(y[c] + r);
    return end;
}

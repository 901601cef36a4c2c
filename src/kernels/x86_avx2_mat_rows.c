/* Few columns: eight rows x 1 .. 4 columns straight from the file.
 *
 * Each function below is one format for a number of columns known to the compiler, so that the
 * sums stay in registers; while it runs, the next eight rows are fetched in order, because eight
 * streams a row apart are too many for the processor to foresee (measured: twice the speed from
 * memory). */
#include "dtype/blocks.h"
#include "kernels/iq_grids.h"
#include "kernels/x86_avx2_mat.h"

#include <stddef.h>

/* sum + w * (granule at y), in int16. */
INLINE __m256i add_product(__m256i sum, __m256i w, const int8_t *y)
{
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(w, spread(y)));
}

INLINE void clear(const int32_t n, __m256i *sum)
{
    for (int32_t c = 0; c < n; c++)
        sum[c] = _mm256_setzero_si256();
}

INLINE __m256i widen(__m256i sum)
{
    return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
}

INLINE void q4_0(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_q4_0);
    const uint8_t *next = row + 8 * stride;
    for (int32_t b = 0; b < blocks; b++, row += size, next += 8 * size) {
        __m256i t[4], sum[4];
        clear(n, sum);
        fetch(next, 8 * size);
        granules(row + offsetof(heft_block_q4_0, qs), stride, t);
        const __m256 d = halves(row, stride);
        for (int32_t k = 0; k < 4; k++)
            for (int32_t c = 0; c < n; c++)
                sum[c] = add_product(sum[c], low_nibbles(t[k]), a[c][b].q + 4 * k);
        for (int32_t k = 0; k < 4; k++)
            for (int32_t c = 0; c < n; c++)
                sum[c] = add_product(sum[c], high_nibbles(t[k]), a[c][b].q + 16 + 4 * k);
        for (int32_t c = 0; c < n; c++) {
            const __m256i off = _mm256_madd_epi16(spread(a[c][b].h), _mm256_set1_epi16(-8));
            acc[c] = scaled(d, a[c] + b, _mm256_add_epi32(widen(sum[c]), off), acc[c]);
        }
    }
}

/* |w| times the activation with w's sign: two products of 128 * 127 fit in int16, four do not. */
INLINE void q8_0(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_q8_0);
    const uint8_t *next = row + 8 * stride;
    for (int32_t b = 0; b < blocks; b++, row += size, next += 8 * size) {
        __m256i sum[4];
        clear(n, sum);
        fetch(next, 8 * size);
        for (int32_t h = 0; h < 2; h++) {
            __m256i t[4];
            granules(row + offsetof(heft_block_q8_0, q) + 16 * h, stride, t);
            for (int32_t k = 0; k < 4; k++) {
                const __m256i size_of_w = _mm256_abs_epi8(t[k]);
                for (int32_t c = 0; c < n; c++) {
                    const __m256i y = _mm256_sign_epi8(spread(a[c][b].q + 16 * h + 4 * k), t[k]);
                    const __m256i product = widen(_mm256_maddubs_epi16(size_of_w, y));
                    sum[c] = _mm256_add_epi32(sum[c], product);
                }
            }
        }
        const __m256 d = halves(row, stride);
        for (int32_t c = 0; c < n; c++)
            acc[c] = scaled(d, a[c] + b, sum[c], acc[c]);
    }
}

/* sum[c] += the block whose nibbles, in the order of Q4_0, begin at qs, times column a[c][b]; a
 * nibble is an index of `values`. */
INLINE void add_values(const int32_t n, const uint8_t *qs, size_t stride, const int8_t values[16],
                       const heft_act *const *a, int32_t b, __m256i *sum)
{
    const __m256i list =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)values));
    __m256i t[4];
    granules(qs, stride, t);
    for (int32_t k = 0; k < 8; k++) {
        const __m256i nibbles = k < 4 ? low_nibbles(t[k]) : high_nibbles(t[k - 4]);
        const __m256i w = _mm256_shuffle_epi8(list, nibbles), size_of_w = _mm256_abs_epi8(w);
        for (int32_t c = 0; c < n; c++) {
            const __m256i y = _mm256_sign_epi8(spread(a[c][b].q + 4 * k), w);
            sum[c] = _mm256_add_epi32(sum[c], widen(_mm256_maddubs_epi16(size_of_w, y)));
        }
    }
}

INLINE void iq4_nl(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                   int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_iq4_nl);
    const uint8_t *next = row + 8 * stride;
    for (int32_t b = 0; b < blocks; b++, row += size, next += 8 * size) {
        __m256i sum[4];
        clear(n, sum);
        fetch(next, 8 * size);
        add_values(n, row + offsetof(heft_block_iq4_nl, qs), stride, heft_values_iq4, a, b, sum);
        const __m256 d = halves(row, stride);
        for (int32_t c = 0; c < n; c++)
            acc[c] = scaled(d, a[c] + b, sum[c], acc[c]);
    }
}

/* 2^(e - 128) of the byte at p of eight rows: bits of a float, subnormal for e < 2. */
INLINE __m256 powers(const uint8_t *p, size_t stride)
{
    const __m256i e = _mm256_setr_epi32(p[0], p[stride], p[2 * stride], p[3 * stride],
                                        p[4 * stride], p[5 * stride], p[6 * stride], p[7 * stride]);
    const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
    const __m256i small = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
    const __m256i is_small = _mm256_cmpgt_epi32(_mm256_set1_epi32(2), e);
    return _mm256_castsi256_ps(_mm256_blendv_epi8(normal, small, is_small));
}

INLINE void mxfp4(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                  int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_mxfp4);
    const uint8_t *next = row + 8 * stride;
    for (int32_t b = 0; b < blocks; b++, row += size, next += 8 * size) {
        __m256i sum[4];
        clear(n, sum);
        fetch(next, 8 * size);
        add_values(n, row + offsetof(heft_block_mxfp4, qs), stride, heft_values_e2m1, a, b, sum);
        const __m256 d = powers(row, stride);
        for (int32_t c = 0; c < n; c++)
            acc[c] = scaled(d, a[c] + b, sum[c], acc[c]);
    }
}

INLINE void iq4_xs(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                   int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_iq4_xs);
    const uint8_t *next = row + 8 * stride;
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        __m256i head[4]; /* d and two bits of each sub-scale; four bits of each */
        granules(row, stride, head);
        const __m256 d = half_of_lane(head[0]);
        for (int32_t j = 0; j < 8; j++) {
            __m256i sum[4];
            clear(n, sum);
            fetch(next + size * (size_t)j, size);
            add_values(n, row + offsetof(heft_block_iq4_xs, qs) + 16 * j, stride, heft_values_iq4,
                       a, b + j, sum);
            const __m256i low =
                _mm256_and_si256(_mm256_srli_epi32(head[1], 4 * j), _mm256_set1_epi32(15));
            const __m256i high =
                _mm256_and_si256(_mm256_srli_epi32(head[0], 16 + 2 * j), _mm256_set1_epi32(3));
            const __m256i sc = _mm256_sub_epi32(_mm256_or_si256(low, _mm256_slli_epi32(high, 4)),
                                                _mm256_set1_epi32(32));
            const __m256 scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(sc));
            for (int32_t c = 0; c < n; c++)
                acc[c] = scaled(scale, a[c] + b + j, sum[c], acc[c]);
        }
    }
}

/* The class A step of block j. */
INLINE __m256 affine(const head_k *head, int32_t j, const heft_act *a, __m256i sum, __m256 acc)
{
    acc = scaled(scale_k(head, j), a, sum, acc);
    return _mm256_fmadd_ps(minimum_k(head, j), _mm256_broadcast_ss(&a->s), acc);
}

INLINE void q4_k(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_q4_k);
    const uint8_t *next = row + 8 * stride;
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        const head_k head = read_head_k(row, stride);
#pragma GCC unroll 4
        for (int32_t j = 0; j < 8; j += 2) { /* blocks j and j + 1 share bytes */
            __m256i low[4], high[4];
            clear(n, low);
            clear(n, high);
            fetch(next + size * (size_t)j, 2 * size);
            for (int32_t h = 0; h < 2; h++) {
                __m256i t[4];
                granules(row + offsetof(heft_block_q4_k, qs) + 16 * (j + h), stride, t);
                for (int32_t k = 0; k < 4; k++)
                    for (int32_t c = 0; c < n; c++) {
                        const heft_act *x = a[c] + b + j;
                        const int32_t at = 16 * h + 4 * k;
                        low[c] = add_product(low[c], low_nibbles(t[k]), x[0].q + at);
                        high[c] = add_product(high[c], high_nibbles(t[k]), x[1].q + at);
                    }
            }
            for (int32_t c = 0; c < n; c++) {
                const heft_act *x = a[c] + b + j;
                acc[c] = affine(&head, j, x, widen(low[c]), acc[c]);
                acc[c] = affine(&head, j + 1, x + 1, widen(high[c]), acc[c]);
            }
        }
    }
}

/* As Q4_K; five bits leave room for the sum of one half in int16. */
INLINE void q5_k(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_q5_k);
    const uint8_t *next = row + 8 * stride;
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        const head_k head = read_head_k(row, stride);
        __m256i qh[2][4];
        for (int32_t h = 0; h < 2; h++)
            granules(row + offsetof(heft_block_q5_k, qh) + 16 * h, stride, qh[h]);
#pragma GCC unroll 4
        for (int32_t j = 0; j < 8; j += 2) {
            __m256i low[4], high[4];
            clear(n, low);
            clear(n, high);
            fetch(next + size * (size_t)j, 2 * size);
            for (int32_t h = 0; h < 2; h++) {
                __m256i t[4], u[4], v[4];
                clear(n, u);
                clear(n, v);
                granules(row + offsetof(heft_block_q5_k, qs) + 16 * (j + h), stride, t);
                for (int32_t k = 0; k < 4; k++)
                    for (int32_t c = 0; c < n; c++) {
                        const int8_t *y = a[c][b + j].q + 16 * h + 4 * k;
                        const int8_t *z = a[c][b + j + 1].q + 16 * h + 4 * k;
                        const __m256i even = five_bits(low_nibbles(t[k]), qh[h][k], j);
                        const __m256i odd = five_bits(high_nibbles(t[k]), qh[h][k], j + 1);
                        u[c] = add_product(u[c], even, y);
                        v[c] = add_product(v[c], odd, z);
                    }
                for (int32_t c = 0; c < n; c++) {
                    low[c] = _mm256_add_epi32(low[c], widen(u[c]));
                    high[c] = _mm256_add_epi32(high[c], widen(v[c]));
                }
            }
            for (int32_t c = 0; c < n; c++) {
                const heft_act *x = a[c] + b + j;
                acc[c] = affine(&head, j, x, low[c], acc[c]);
                acc[c] = affine(&head, j + 1, x + 1, high[c], acc[c]);
            }
        }
    }
}

/* Four blocks of half `half`; six bits leave room for two granules in int16. */
INLINE void half_q6_k(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                      const __m256i s[4], int32_t half, __m256 d, const uint8_t *next, __m256 *acc)
{
    scales_q6 sc[4];
    __m256i sum[4][4];
    for (int32_t u = 0; u < 4; u++) {
        sc[u] = read_scales_q6(s, 4 * half + u);
        for (int32_t c = 0; c < n; c++)
            sum[c][u] = _mm256_madd_epi16(sc[u].off, spread(a[c][4 * half + u].h));
    }
    for (int32_t h = 0; h < 2; h++) {
        const uint8_t *ql = row + offsetof(heft_block_q6_k, ql) + 64 * half + 16 * h;
        __m256i qh[4], l[2][4];
        fetch(next + 2 * sizeof(heft_block_q6_k) * (size_t)(2 * half + h),
              2 * sizeof(heft_block_q6_k));
        granules(row + offsetof(heft_block_q6_k, qh) + 32 * half + 16 * h, stride, qh);
        granules(ql, stride, l[0]);
        granules(ql + 32, stride, l[1]);
        for (int32_t u = 0; u < 4; u++)
            for (int32_t k = 0; k < 4; k += 2) {
                const __m256i w0 = six_bits(l[u % 2][k], qh[k], u);
                const __m256i w1 = six_bits(l[u % 2][k + 1], qh[k + 1], u);
                for (int32_t c = 0; c < n; c++) {
                    const int8_t *y = a[c][4 * half + u].q + 16 * h + 4 * k;
                    __m256i product = _mm256_maddubs_epi16(w0, spread(y));
                    product = add_product(product, w1, y + 4);
                    product = _mm256_madd_epi16(product, sc[u].sc[h]);
                    sum[c][u] = _mm256_add_epi32(sum[c][u], product);
                }
            }
    }
    for (int32_t u = 0; u < 4; u++)
        for (int32_t c = 0; c < n; c++)
            acc[c] = scaled(d, a[c] + 4 * half + u, sum[c][u], acc[c]);
}

INLINE void q6_k(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_q6_k);
    const uint8_t *next = row + 8 * stride;
    const heft_act *x[4];
    for (int32_t c = 0; c < n; c++)
        x[c] = a[c];
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        const __m256 d = halves(row + offsetof(heft_block_q6_k, d), stride);
        __m256i s[4];
        granules(row + offsetof(heft_block_q6_k, sc), stride, s);
        half_q6_k(n, row, stride, x, s, 0, d, next, acc);
        half_q6_k(n, row, stride, x, s, 1, d, next, acc);
        for (int32_t c = 0; c < n; c++)
            x[c] += 8;
    }
}

/* One of the above. */
typedef void format(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                    int32_t blocks, __m256 *acc);

INLINE void run(format *f, const int32_t n, const uint8_t *row, size_t stride,
                const heft_act *const *a, int32_t blocks, float (*acc)[8])
{
    __m256 sum[4];
    for (int32_t c = 0; c < n; c++)
        sum[c] = _mm256_setzero_ps();
    f(n, row, stride, a, blocks, sum);
    for (int32_t c = 0; c < n; c++)
        _mm256_storeu_ps(acc[c], sum[c]);
}

INLINE void run_n(format *f, const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                  int32_t blocks, float (*acc)[8])
{
    switch (n) {
    case 1: run(f, 1, row, stride, a, blocks, acc); break;
    case 2: run(f, 2, row, stride, a, blocks, acc); break;
    case 3: run(f, 3, row, stride, a, blocks, acc); break;
    default: run(f, 4, row, stride, a, blocks, acc);
    }
}

void heft_avx2_rows_q4_0(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                         int32_t blocks, float (*acc)[8])
{
    run_n(q4_0, row, stride, a, n, blocks, acc);
}

void heft_avx2_rows_q8_0(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                         int32_t blocks, float (*acc)[8])
{
    run_n(q8_0, row, stride, a, n, blocks, acc);
}

void heft_avx2_rows_q4_k(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                         int32_t blocks, float (*acc)[8])
{
    run_n(q4_k, row, stride, a, n, blocks, acc);
}

void heft_avx2_rows_q5_k(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                         int32_t blocks, float (*acc)[8])
{
    run_n(q5_k, row, stride, a, n, blocks, acc);
}

void heft_avx2_rows_q6_k(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                         int32_t blocks, float (*acc)[8])
{
    run_n(q6_k, row, stride, a, n, blocks, acc);
}

void heft_avx2_rows_iq4_nl(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                           int32_t blocks, float (*acc)[8])
{
    run_n(iq4_nl, row, stride, a, n, blocks, acc);
}

void heft_avx2_rows_iq4_xs(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                           int32_t blocks, float (*acc)[8])
{
    run_n(iq4_xs, row, stride, a, n, blocks, acc);
}

void heft_avx2_rows_mxfp4(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                          int32_t blocks, float (*acc)[8])
{
    run_n(mxfp4, row, stride, a, n, blocks, acc);
}

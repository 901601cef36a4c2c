/* Few columns: eight rows x 1 .. 4 columns straight from the file.
 *
 * Each function below is one format for a number of columns known to the compiler, so that the
 * sums stay in registers; while it runs, the eight rows after the next are fetched in order,
 * because eight streams a row apart are too many for the processor to foresee (measured: twice the
 * speed from memory).
 *
 * A source for several instruction sets: the file that includes it has included x86_avx2_dot.h or
 * x86_vnni_dot.h before, which say how granules are multiplied. An int16 of AVX2's sums adds two
 * products per granule: 5 bits leave room for four granules, 6 bits for two. */
#ifndef HEFT_KERNELS_X86_ROWS_H
#define HEFT_KERNELS_X86_ROWS_H

#include "dtype/blocks.h"
#include "kernels/iq_grids.h"
#include "kernels/x86_avx2_mat.h"

#include <stddef.h>

/* Eight rows are fetched into the first cache while the eight before are multiplied, where both
 * fit; else the eight after those into the second. Zen 4, one core, of the speed of a plain read:
 * Q4_K of 2,048 columns 86 % and 79 %, Q8_0 54 % and 87 %. */
INLINE bool is_near(size_t stride)
{
    return 16 * stride <= 24 << 10;
}

INLINE const uint8_t *ahead_of(const uint8_t *row, size_t stride)
{
    return row + (is_near(stride) ? 8 : 16) * stride;
}

INLINE void clear(const int32_t n, __m256i *sum)
{
    for (int32_t c = 0; c < n; c++)
        sum[c] = _mm256_setzero_si256();
}

/* One stored block of eight rows times block x[c] of each column, by the step of its class. */
typedef void block_step(const int32_t n, const uint8_t *block, size_t stride,
                        const heft_act *const *x, __m256 *acc);

/* All blocks of a format that stores 32 numbers in `size` bytes. */
INLINE void every_block(block_step *step, size_t size, const int32_t n, const uint8_t *row,
                        size_t stride, const heft_act *const *a, int32_t blocks, __m256 *acc)
{
    const bool near = is_near(stride);
    const uint8_t *next = ahead_of(row, stride);
    const heft_act *x[4];
    for (int32_t b = 0; b < blocks; b++, row += size, next += 8 * size) {
        for (int32_t c = 0; c < n; c++)
            x[c] = a[c] + b;
        fetch_to(near, next, 8 * size);
        step(n, row, stride, x, acc);
    }
}

/* sum[c] = off * (the sum of column x[c]) */
INLINE void begin(const int32_t n, int16_t off, const heft_act *const *x, __m256i *sum)
{
    for (int32_t c = 0; c < n; c++)
        sum[c] = _mm256_madd_epi16(spread(x[c]->h), _mm256_set1_epi16(off));
}

INLINE void flush(const int32_t n, __m256 d, const heft_act *const *x, const __m256i *sum,
                  __m256 *acc)
{
    for (int32_t c = 0; c < n; c++)
        acc[c] = scaled(d, x[c], sum[c], acc[c]);
}

/* The class A step: flush, and m a.s. */
INLINE void flush_a(const int32_t n, __m256 d, __m256 m, const heft_act *const *x,
                    const __m256i *sum, __m256 *acc)
{
    flush(n, d, x, sum, acc);
    for (int32_t c = 0; c < n; c++)
        acc[c] = _mm256_fmadd_ps(m, _mm256_broadcast_ss(&x[c]->s), acc[c]);
}

/* sum[c] += 32 nibbles in the order of Q4_0 */
INLINE void add_nibbles(const int32_t n, const uint8_t *qs, size_t stride, const heft_act *const *x,
                        __m256i *sum)
{
    __m256i t[4], part[4];
    clear(n, part);
    granules(qs, stride, t);
    for (int32_t k = 0; k < 4; k++)
        for (int32_t c = 0; c < n; c++)
            part[c] = add_product(part[c], low_nibbles(t[k]), x[c]->q + 4 * k);
    for (int32_t k = 0; k < 4; k++)
        for (int32_t c = 0; c < n; c++)
            part[c] = add_product(part[c], high_nibbles(t[k]), x[c]->q + 16 + 4 * k);
    for (int32_t c = 0; c < n; c++)
        sum[c] = _mm256_add_epi32(sum[c], widen(part[c]));
}

INLINE void step_q4_0(const int32_t n, const uint8_t *block, size_t stride,
                      const heft_act *const *x, __m256 *acc)
{
    __m256i sum[4];
    begin(n, -8, x, sum);
    add_nibbles(n, block + offsetof(heft_block_q4_0, qs), stride, x, sum);
    flush(n, halves(block, stride), x, sum, acc);
}

INLINE void step_q4_1(const int32_t n, const uint8_t *block, size_t stride,
                      const heft_act *const *x, __m256 *acc)
{
    const __m256i head = first_granule(block, stride); /* d, m */
    __m256i sum[4];
    clear(n, sum);
    add_nibbles(n, block + offsetof(heft_block_q4_1, qs), stride, x, sum);
    flush_a(n, half_of_lane(head), half_of_lane(_mm256_srli_epi32(head, 16)), x, sum, acc);
}

/* sum[c] += 32 numbers of five bits, in the order of Q5_0 */
INLINE void add_fives(const int32_t n, const uint8_t *qh, const uint8_t *qs, size_t stride,
                      const heft_act *const *x, __m256i *sum)
{
    const __m256i fifths = first_granule(qh, stride);
    __m256i t[4];
    granules(qs, stride, t);
    for (int32_t h = 0; h < 2; h++) {
        __m256i part[4];
        clear(n, part);
        for (int32_t k = 0; k < 4; k++) {
            const __m256i four = h == 0 ? low_nibbles(t[k]) : high_nibbles(t[k]);
            const __m256i w = _mm256_or_si256(four, fifth_bits(fifths, 4 * h + k));
            for (int32_t c = 0; c < n; c++)
                part[c] = add_product(part[c], w, x[c]->q + 16 * h + 4 * k);
        }
        for (int32_t c = 0; c < n; c++)
            sum[c] = _mm256_add_epi32(sum[c], widen(part[c]));
    }
}

INLINE void step_q5_0(const int32_t n, const uint8_t *block, size_t stride,
                      const heft_act *const *x, __m256 *acc)
{
    __m256i sum[4];
    begin(n, -16, x, sum);
    add_fives(n, block + offsetof(heft_block_q5_0, qh), block + offsetof(heft_block_q5_0, qs),
              stride, x, sum);
    flush(n, halves(block, stride), x, sum, acc);
}

INLINE void step_q5_1(const int32_t n, const uint8_t *block, size_t stride,
                      const heft_act *const *x, __m256 *acc)
{
    const __m256i head = first_granule(block, stride); /* d, m */
    __m256i sum[4];
    clear(n, sum);
    add_fives(n, block + offsetof(heft_block_q5_1, qh), block + offsetof(heft_block_q5_1, qs),
              stride, x, sum);
    flush_a(n, half_of_lane(head), half_of_lane(_mm256_srli_epi32(head, 16)), x, sum, acc);
}

INLINE void begin_all_signed(const int32_t n, const heft_act *const *x, __m256i *sum)
{
    for (int32_t c = 0; c < n; c++)
        sum[c] = begin_signed(x[c]->h);
}

INLINE void step_q8_0(const int32_t n, const uint8_t *block, size_t stride,
                      const heft_act *const *x, __m256 *acc)
{
    __m256i sum[4];
    begin_all_signed(n, x, sum);
    for (int32_t h = 0; h < 2; h++) {
        __m256i t[4];
        granules(block + offsetof(heft_block_q8_0, q) + 16 * h, stride, t);
        for (int32_t k = 0; k < 4; k++)
            for (int32_t c = 0; c < n; c++)
                sum[c] = add_signed(sum[c], t[k], x[c]->q + 16 * h + 4 * k);
    }
    flush(n, halves(block, stride), x, sum, acc);
}

/* sum[c] = the block whose nibbles, in the order of Q4_0, begin at qs, times column x[c]; a nibble
 * is an index of `values`. */
INLINE void sum_values(const int32_t n, const uint8_t *qs, size_t stride, const int8_t values[16],
                       const heft_act *const *x, __m256i *sum)
{
    const __m256i list =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)values));
    __m256i t[4];
    granules(qs, stride, t);
    begin_all_signed(n, x, sum);
    for (int32_t k = 0; k < 8; k++) {
        const __m256i nibbles = k < 4 ? low_nibbles(t[k]) : high_nibbles(t[k - 4]);
        const __m256i w = _mm256_shuffle_epi8(list, nibbles);
        for (int32_t c = 0; c < n; c++)
            sum[c] = add_signed(sum[c], w, x[c]->q + 4 * k);
    }
}

INLINE void step_iq4_nl(const int32_t n, const uint8_t *block, size_t stride,
                        const heft_act *const *x, __m256 *acc)
{
    __m256i sum[4];
    sum_values(n, block + offsetof(heft_block_iq4_nl, qs), stride, heft_values_iq4, x, sum);
    flush(n, halves(block, stride), x, sum, acc);
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

INLINE void step_mxfp4(const int32_t n, const uint8_t *block, size_t stride,
                       const heft_act *const *x, __m256 *acc)
{
    __m256i sum[4];
    sum_values(n, block + offsetof(heft_block_mxfp4, qs), stride, heft_values_e2m1, x, sum);
    flush(n, powers(block, stride), x, sum, acc);
}

INLINE void q4_0(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    every_block(step_q4_0, sizeof(heft_block_q4_0), n, row, stride, a, blocks, acc);
}

INLINE void q4_1(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    every_block(step_q4_1, sizeof(heft_block_q4_1), n, row, stride, a, blocks, acc);
}

INLINE void q5_0(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    every_block(step_q5_0, sizeof(heft_block_q5_0), n, row, stride, a, blocks, acc);
}

INLINE void q5_1(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    every_block(step_q5_1, sizeof(heft_block_q5_1), n, row, stride, a, blocks, acc);
}

INLINE void q8_0(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    every_block(step_q8_0, sizeof(heft_block_q8_0), n, row, stride, a, blocks, acc);
}

INLINE void iq4_nl(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                   int32_t blocks, __m256 *acc)
{
    every_block(step_iq4_nl, sizeof(heft_block_iq4_nl), n, row, stride, a, blocks, acc);
}

INLINE void mxfp4(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                  int32_t blocks, __m256 *acc)
{
    every_block(step_mxfp4, sizeof(heft_block_mxfp4), n, row, stride, a, blocks, acc);
}

INLINE void iq4_xs(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                   int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_iq4_xs);
    const bool near = is_near(stride);
    const uint8_t *next = ahead_of(row, stride);
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        __m256i head[4]; /* d and two bits of each sub-scale; four bits of each */
        granules(row, stride, head);
        const __m256 d = half_of_lane(head[0]);
        for (int32_t j = 0; j < 8; j++) {
            __m256i sum[4];
            const heft_act *x[4];
            for (int32_t c = 0; c < n; c++)
                x[c] = a[c] + b + j;
            fetch_to(near, next + size * (size_t)j, size);
            sum_values(n, row + offsetof(heft_block_iq4_xs, qs) + 16 * j, stride, heft_values_iq4,
                       x, sum);
            const __m256i low =
                _mm256_and_si256(_mm256_srli_epi32(head[1], 4 * j), _mm256_set1_epi32(15));
            const __m256i high =
                _mm256_and_si256(_mm256_srli_epi32(head[0], 16 + 2 * j), _mm256_set1_epi32(3));
            const __m256i sc = _mm256_sub_epi32(_mm256_or_si256(low, _mm256_slli_epi32(high, 4)),
                                                _mm256_set1_epi32(32));
            const __m256 scale = _mm256_mul_ps(d, _mm256_cvtepi32_ps(sc));
            flush(n, scale, x, sum, acc);
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
    const bool near = is_near(stride);
    const uint8_t *next = ahead_of(row, stride);
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        const head_k head = read_head_k(row, stride);
#pragma GCC unroll 4
        for (int32_t j = 0; j < 8; j += 2) { /* blocks j and j + 1 share bytes */
            __m256i low[4], high[4];
            clear(n, low);
            clear(n, high);
            fetch_to(near, next + size * (size_t)j, 2 * size);
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
    const bool near = is_near(stride);
    const uint8_t *next = ahead_of(row, stride);
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
            fetch_to(near, next + size * (size_t)j, 2 * size);
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
                      const __m256i s[4], int32_t half, __m256 d, bool near, const uint8_t *next,
                      __m256 *acc)
{
    scales_16 sc[4];
    __m256i sum[4][4];
    for (int32_t u = 0; u < 4; u++) {
        sc[u] = read_scales(s, 4 * half + u, -32);
        for (int32_t c = 0; c < n; c++)
            sum[c][u] = _mm256_madd_epi16(sc[u].off, spread(a[c][4 * half + u].h));
    }
    for (int32_t h = 0; h < 2; h++) {
        const uint8_t *ql = row + offsetof(heft_block_q6_k, ql) + 64 * half + 16 * h;
        __m256i qh[4], l[2][4];
        fetch_to(near, next + 2 * sizeof(heft_block_q6_k) * (size_t)(2 * half + h),
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
                    __m256i product = add_product(_mm256_setzero_si256(), w0, y);
                    product = add_product(product, w1, y + 4);
                    sum[c][u] = _mm256_add_epi32(sum[c][u], times(product, sc[u].sc[h]));
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
    const bool near = is_near(stride);
    const uint8_t *next = ahead_of(row, stride);
    const heft_act *x[4];
    for (int32_t c = 0; c < n; c++)
        x[c] = a[c];
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        const __m256 d = halves(row + offsetof(heft_block_q6_k, d), stride);
        __m256i s[4];
        granules(row + offsetof(heft_block_q6_k, sc), stride, s);
        half_q6_k(n, row, stride, x, s, 0, d, near, next, acc);
        half_q6_k(n, row, stride, x, s, 1, d, near, next, acc);
        for (int32_t c = 0; c < n; c++)
            x[c] += 8;
    }
}

/* Sub-scale and minimum of both halves of block j of Q2_K, as pairs; s: their 16 bytes. */
INLINE __m256i pair_of_bytes(__m256i v, int32_t shift)
{
    const __m256i four = _mm256_set1_epi32(15);
    const __m256i low = _mm256_and_si256(_mm256_srli_epi32(v, shift), four);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(v, shift + 8), four);
    return _mm256_or_si256(low, _mm256_slli_epi32(high, 16));
}

/* sum[c] += half h of block j in the order of Q2_K, the granules of whose bytes are t, and whose
 * third bit, if there is one, is bit j of the bytes at top. */
INLINE void add_twos(const int32_t n, const __m256i t[4], const __m256i *top, int32_t j, int32_t h,
                     __m256i sc, const heft_act *const *x, __m256i *sum)
{
    __m256i part[4];
    clear(n, part);
    for (int32_t k = 0; k < 4; k++) {
        __m256i w = _mm256_and_si256(_mm256_srli_epi16(t[k], 2 * (j % 4)), _mm256_set1_epi8(3));
        if (top) {
            const __m256i bit =
                j < 2 ? _mm256_slli_epi16(top[k], 2 - j) : _mm256_srli_epi16(top[k], j - 2);
            w = _mm256_or_si256(w, _mm256_and_si256(bit, _mm256_set1_epi8(4)));
        }
        for (int32_t c = 0; c < n; c++)
            part[c] = add_product(part[c], w, x[c]->q + 16 * h + 4 * k);
    }
    for (int32_t c = 0; c < n; c++)
        sum[c] = _mm256_add_epi32(sum[c], times(part[c], sc));
}

INLINE void q2_k(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_q2_k);
    const bool near = is_near(stride);
    const uint8_t *next = ahead_of(row, stride);
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        __m256i s[4], t[2][4];
        granules(row, stride, s);
        const __m256 d = halves(row + offsetof(heft_block_q2_k, d), stride);
        const __m256 dmin = halves(row + offsetof(heft_block_q2_k, dmin), stride);
        const __m256 m = _mm256_xor_ps(dmin, _mm256_set1_ps(-0.0f));
#pragma GCC unroll 8
        for (int32_t j = 0; j < 8; j++) {
            const heft_act *x[4];
            __m256i sum[4], minima[4];
            const __m256i v = _mm256_srli_epi32(s[j / 2], j % 2 * 16), sc = pair_of_bytes(v, 0);
            fetch_to(near, next + size * (size_t)j, size);
            for (int32_t h = 0; j % 4 == 0 && h < 2; h++)
                granules(row + offsetof(heft_block_q2_k, qs) + 8 * j + 16 * h, stride, t[h]);
            for (int32_t c = 0; c < n; c++) {
                x[c] = a[c] + b + j;
                minima[c] = _mm256_madd_epi16(spread(x[c]->h), pair_of_bytes(v, 4));
            }
            clear(n, sum);
            for (int32_t h = 0; h < 2; h++)
                add_twos(n, t[h], NULL, j, h, twice(sc, h), x, sum);
            flush(n, d, x, sum, acc);
            flush(n, m, x, minima, acc);
        }
    }
}

/* The 16 bytes of Q3_K's sub-scales, from the 16 bytes that end with the block: 12 of scales
 * between two bytes of others and d. */
INLINE void read_scales_q3(const __m256i end[4], __m256i s[4])
{
    __m256i w[3];
    for (int32_t i = 0; i < 3; i++)
        w[i] = _mm256_or_si256(_mm256_srli_epi32(end[i], 16), _mm256_slli_epi32(end[i + 1], 16));
    for (int32_t i = 0; i < 4; i++) {
        const __m256i low = i < 2 ? low_nibbles(w[i]) : high_nibbles(w[i - 2]);
        const __m256i two = _mm256_and_si256(_mm256_srli_epi16(w[2], 2 * i), _mm256_set1_epi8(3));
        s[i] =
            _mm256_sub_epi8(_mm256_or_si256(low, _mm256_slli_epi16(two, 4)), _mm256_set1_epi8(32));
    }
}

INLINE void q3_k(const int32_t n, const uint8_t *row, size_t stride, const heft_act *const *a,
                 int32_t blocks, __m256 *acc)
{
    const size_t size = sizeof(heft_block_q3_k);
    const bool near = is_near(stride);
    const uint8_t *next = ahead_of(row, stride);
    for (int32_t b = 0; b < blocks; b += 8, row += size, next += 8 * size) {
        __m256i end[4], s[4], top[2][4], t[2][4];
        granules(row + size - 16, stride, end);
        read_scales_q3(end, s);
        const __m256 d = half_of_lane(_mm256_srli_epi32(end[3], 16));
        for (int32_t h = 0; h < 2; h++)
            granules(row + offsetof(heft_block_q3_k, hmask) + 16 * h, stride, top[h]);
#pragma GCC unroll 8
        for (int32_t j = 0; j < 8; j++) {
            const heft_act *x[4];
            __m256i sum[4];
            const scales_16 sc = read_scales(s, j, -4);
            fetch_to(near, next + size * (size_t)j, size);
            for (int32_t h = 0; j % 4 == 0 && h < 2; h++)
                granules(row + offsetof(heft_block_q3_k, qs) + 8 * j + 16 * h, stride, t[h]);
            for (int32_t c = 0; c < n; c++) {
                x[c] = a[c] + b + j;
                sum[c] = _mm256_madd_epi16(spread(x[c]->h), sc.off);
            }
            for (int32_t h = 0; h < 2; h++)
                add_twos(n, t[h], top[h], j, h, sc.sc[h], x, sum);
            flush(n, d, x, sum, acc);
        }
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

/* n columns in parts of a power of two, which the compiler knows. */
INLINE void run_n(format *f, const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                  int32_t blocks, float (*acc)[8])
{
    if (n == 4) {
        run(f, 4, row, stride, a, blocks, acc);
        return;
    }
    if (n >= 2) run(f, 2, row, stride, a, blocks, acc);
    if (n % 2) run(f, 1, row, stride, a + n - 1, blocks, acc + n - 1);
}

static void rows_q4_0(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q4_0, row, stride, a, n, blocks, acc);
}

static void rows_q8_0(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q8_0, row, stride, a, n, blocks, acc);
}

static void rows_q4_1(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q4_1, row, stride, a, n, blocks, acc);
}

static void rows_q5_0(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q5_0, row, stride, a, n, blocks, acc);
}

static void rows_q5_1(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q5_1, row, stride, a, n, blocks, acc);
}

static void rows_q2_k(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q2_k, row, stride, a, n, blocks, acc);
}

static void rows_q3_k(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q3_k, row, stride, a, n, blocks, acc);
}

static void rows_q4_k(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q4_k, row, stride, a, n, blocks, acc);
}

static void rows_q5_k(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q5_k, row, stride, a, n, blocks, acc);
}

static void rows_q6_k(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                      int32_t blocks, float (*acc)[8])
{
    run_n(q6_k, row, stride, a, n, blocks, acc);
}

static void rows_iq4_nl(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                        int32_t blocks, float (*acc)[8])
{
    run_n(iq4_nl, row, stride, a, n, blocks, acc);
}

static void rows_iq4_xs(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                        int32_t blocks, float (*acc)[8])
{
    run_n(iq4_xs, row, stride, a, n, blocks, acc);
}

static void rows_mxfp4(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                       int32_t blocks, float (*acc)[8])
{
    run_n(mxfp4, row, stride, a, n, blocks, acc);
}

#endif

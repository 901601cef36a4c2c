/* 16 rows of the file to a panel. Granules are transposed while still packed, two or four numbers
 * to a byte, which halves the shuffles. */
#include "dtype/blocks.h"
#include "kernels/iq_grids.h"
#include "kernels/x86_avx2_mat.h"
#include "kernels/x86_words_256.h"

#include "kernels/x86_granules.inc"

#include <stddef.h>

static void put(void *p, __m256i v)
{
    _mm256_store_si256(p, v);
}

void heft_avx2_unpack_q4_0(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_s *p = panel;
    row += (size_t)b * sizeof(heft_block_q4_0);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_q4_0))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            __m256i t[4];
            granules(block + offsetof(heft_block_q4_0, qs), stride, t);
            for (int32_t k = 0; k < 4; k++) {
                put(p->q[k][g], low_nibbles(t[k]));
                put(p->q[k + 4][g], high_nibbles(t[k]));
            }
            _mm256_store_ps(p->d + g, halves(block, stride));
        }
}

void heft_avx2_unpack_q8_0(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_s8 *p = panel;
    row += (size_t)b * sizeof(heft_block_q8_0);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_q8_0))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            for (int32_t h = 0; h < 2; h++) {
                __m256i t[4];
                granules(block + offsetof(heft_block_q8_0, q) + 16 * h, stride, t);
                for (int32_t k = 0; k < 4; k++) {
                    const __m256i u = _mm256_xor_si256(t[k], _mm256_set1_epi8(-128));
                    put(p->q[0][4 * h + k][g], low_nibbles(u));
                    put(p->q[1][4 * h + k][g], high_nibbles(u));
                }
            }
            _mm256_store_ps(p->d + g, halves(block, stride));
        }
}

void heft_x86_unpack_q8_0(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_s *p = panel;
    row += (size_t)b * sizeof(heft_block_q8_0);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_q8_0))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            for (int32_t h = 0; h < 2; h++) {
                __m256i t[4];
                granules(block + offsetof(heft_block_q8_0, q) + 16 * h, stride, t);
                for (int32_t k = 0; k < 4; k++)
                    put(p->q[4 * h + k][g], _mm256_xor_si256(t[k], _mm256_set1_epi8(-128)));
            }
            _mm256_store_ps(p->d + g, halves(block, stride));
        }
}

void heft_avx2_unpack_q4_1(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_a *p = panel;
    row += (size_t)b * sizeof(heft_block_q4_1);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_q4_1))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            const __m256i head = first_granule(block, stride); /* d, m */
            __m256i t[4];
            granules(block + offsetof(heft_block_q4_1, qs), stride, t);
            for (int32_t k = 0; k < 4; k++) {
                put(p->q[k][g], low_nibbles(t[k]));
                put(p->q[k + 4][g], high_nibbles(t[k]));
            }
            _mm256_store_ps(p->d + g, half_of_word(head));
            _mm256_store_ps(p->m + g, half_of_word(_mm256_srli_epi32(head, 16)));
        }
}

/* 32 numbers of five bits in the order of Q5_0, `add` added. */
static void put_fives(uint8_t (*q)[PANEL_ROWS][4], int32_t g, const uint8_t *qh, const uint8_t *qs,
                      size_t stride, int8_t add)
{
    const __m256i fifths = first_granule(qh, stride);
    __m256i t[4];
    granules(qs, stride, t);
    for (int32_t k = 0; k < 8; k++) {
        const __m256i four = k < 4 ? low_nibbles(t[k]) : high_nibbles(t[k - 4]);
        const __m256i five = _mm256_or_si256(four, fifth_bits(fifths, k));
        put(q[k][g], _mm256_add_epi8(five, _mm256_set1_epi8(add)));
    }
}

/* 16 less in the file: `add` is what the panel has more than that. */
INLINE void unpack_q5_0(int8_t add, void *panel, const uint8_t *row, size_t stride, int32_t b,
                        int32_t n)
{
    panel_s *p = panel;
    row += (size_t)b * sizeof(heft_block_q5_0);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_q5_0))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            put_fives(p->q, g, block + offsetof(heft_block_q5_0, qh),
                      block + offsetof(heft_block_q5_0, qs), stride, add);
            _mm256_store_ps(p->d + g, halves(block, stride));
        }
}

void heft_avx2_unpack_q5_0(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_q5_0(0, panel, row, stride, b, n);
}

void heft_x86_unpack_q5_0(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_q5_0(128 - 16, panel, row, stride, b, n);
}

void heft_avx2_unpack_q5_1(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_a *p = panel;
    row += (size_t)b * sizeof(heft_block_q5_1);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_q5_1))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            const __m256i head = first_granule(block, stride); /* d, m */
            put_fives(p->q, g, block + offsetof(heft_block_q5_1, qh),
                      block + offsetof(heft_block_q5_1, qs), stride, 0);
            _mm256_store_ps(p->d + g, half_of_word(head));
            _mm256_store_ps(p->m + g, half_of_word(_mm256_srli_epi32(head, 16)));
        }
}

/* A list of 16 values, for shuffles. */
static __m256i list_of(const int8_t values[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)values));
}

/* 32 indices of a list in the order of Q4_0, looked up. */
static void put_listed(uint8_t (*q)[PANEL_ROWS][4], int32_t g, const uint8_t *qs, size_t stride,
                       __m256i list)
{
    __m256i t[4];
    granules(qs, stride, t);
    for (int32_t k = 0; k < 4; k++) {
        put(q[k][g], look_up(list, low_nibbles(t[k])));
        put(q[k + 4][g], look_up(list, high_nibbles(t[k])));
    }
}

INLINE void unpack_mxfp4(int8_t add, void *panel, const uint8_t *row, size_t stride, int32_t b,
                         int32_t n)
{
    const __m256i list = add8(list_of(heft_values_e2m1), all8(add));
    panel_s *p = panel;
    row += (size_t)b * sizeof(heft_block_mxfp4);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_mxfp4))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            put_listed(p->q, g, block + offsetof(heft_block_mxfp4, qs), stride, list);
            _mm256_store_ps(p->d + g, powers(block, stride));
        }
}

void heft_avx2_unpack_mxfp4(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_mxfp4(16, panel, row, stride, b, n);
}

void heft_x86_unpack_mxfp4(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_mxfp4(-128, panel, row, stride, b, n);
}

/* 32 numbers of IQ4 of eight rows to block i of a panel, panel_s8 or panel_s; where their scales
 * belong. */
INLINE float *put_iq4(const bool nibbles, void *panel, int32_t i, int32_t g, const uint8_t *qs,
                      size_t stride)
{
    const __m256i list = add8(list_of(heft_values_iq4), all8(-128));
    if (!nibbles) {
        panel_s *p = (panel_s *)panel + i;
        put_listed(p->q, g, qs, stride, list);
        return p->d + g;
    }
    panel_s8 *p = (panel_s8 *)panel + i;
    put_listed(p->q[0], g, qs, stride, low_nibbles(list));
    put_listed(p->q[1], g, qs, stride, high_nibbles(list));
    return p->d + g;
}

INLINE void unpack_iq4_nl(const bool nibbles, void *panel, const uint8_t *row, size_t stride,
                          int32_t b, int32_t n)
{
    row += (size_t)b * sizeof(heft_block_iq4_nl);
    for (int32_t i = 0; i < n; i++, row += sizeof(heft_block_iq4_nl))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            const uint8_t *qs = block + offsetof(heft_block_iq4_nl, qs);
            _mm256_store_ps(put_iq4(nibbles, panel, i, g, qs, stride), halves(block, stride));
        }
}

INLINE void unpack_iq4_xs(const bool nibbles, void *panel, const uint8_t *row, size_t stride,
                          int32_t b, int32_t n)
{
    row += (size_t)(b / 8) * sizeof(heft_block_iq4_xs);
    for (int32_t i = 0; i < n; i += 8, row += sizeof(heft_block_iq4_xs))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            __m256i head[4];
            granules(block, stride, head);
            const __m256 d = half_of_word(head[0]);
            for (int32_t j = 0; j < 8; j++) {
                const uint8_t *qs = block + offsetof(heft_block_iq4_xs, qs) + 16 * j;
                _mm256_store_ps(put_iq4(nibbles, panel, i + j, g, qs, stride),
                                _mm256_mul_ps(d, scale_xs(head, j)));
            }
        }
}

void heft_avx2_unpack_iq4_nl(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_iq4_nl(true, panel, row, stride, b, n);
}

void heft_x86_unpack_iq4_nl(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_iq4_nl(false, panel, row, stride, b, n);
}

void heft_avx2_unpack_iq4_xs(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_iq4_xs(true, panel, row, stride, b, n);
}

void heft_x86_unpack_iq4_xs(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_iq4_xs(false, panel, row, stride, b, n);
}

/* E4M3 without a sign in byte j of every lane, times 1/2: a half but for its bias, which is 8 less.
 * 0x7f, which would be a NaN, is read as 0; of others the top bit is not read. */
static __m256 half_e4m3(__m256i bytes, int32_t j)
{
    const __m256i x = _mm256_and_si256(_mm256_srli_epi32(bytes, 8 * j), _mm256_set1_epi32(255));
    const __m256i is_nan = _mm256_cmpeq_epi32(x, _mm256_set1_epi32(0x7f));
    const __m256i half = _mm256_and_si256(_mm256_slli_epi32(x, 7), _mm256_set1_epi32(0x3f80));
    return _mm256_mul_ps(half_of_word(_mm256_andnot_si256(is_nan, half)), _mm256_set1_ps(128));
}

void heft_avx2_unpack_nvfp4(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_any *p = panel;
    const __m256i list = list_of(heft_values_e2m1);
    row += (size_t)(b / 2) * sizeof(heft_block_nvfp4);
    for (int32_t i = 0; i < n; i += 2, p += 2, row += sizeof(heft_block_nvfp4))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            const __m256i scales = first_granule(block, stride);
            for (int32_t j = 0; j < 2; j++) {
                __m256i t[4]; /* two of each half */
                granules(block + offsetof(heft_block_nvfp4, qs) + 16 * j, stride, t);
                for (int32_t h = 0; h < 2; h++) {
                    for (int32_t k = 0; k < 2; k++) {
                        const __m256i v = t[2 * h + k];
                        put(p[j].q[4 * h + k][g], _mm256_shuffle_epi8(list, low_nibbles(v)));
                        put(p[j].q[4 * h + k + 2][g], _mm256_shuffle_epi8(list, high_nibbles(v)));
                    }
                    put(p[j].sc[h][g], _mm256_set1_epi16(1));
                    _mm256_store_ps(p[j].d[h] + g, half_e4m3(scales, 2 * j + h));
                }
            }
        }
}

/* Scales and minima of the eight blocks of a Q4_K or Q5_K block. */
static void put_head_k(panel_a *p, int32_t g, const uint8_t *block, size_t stride)
{
    const head_k head = read_head_k(block, stride);
    for (int32_t j = 0; j < 8; j++) {
        _mm256_store_ps(p[j].d + g, scale_k(&head, j));
        _mm256_store_ps(p[j].m + g, minimum_k(&head, j));
    }
}

void heft_avx2_unpack_q4_k(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_a *p = panel;
    row += (size_t)(b / 8) * sizeof(heft_block_q4_k);
    for (int32_t i = 0; i < n; i += 8, p += 8, row += sizeof(heft_block_q4_k))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            put_head_k(p, g, block, stride);
            for (int32_t j = 0; j < 8; j++) { /* half j % 2 of blocks 2 (j / 2) and the next */
                panel_a *pair = p + j / 2 * 2;
                __m256i t[4];
                granules(block + offsetof(heft_block_q4_k, qs) + 16 * j, stride, t);
                for (int32_t k = 0; k < 4; k++) {
                    put(pair[0].q[j % 2 * 4 + k][g], low_nibbles(t[k]));
                    put(pair[1].q[j % 2 * 4 + k][g], high_nibbles(t[k]));
                }
            }
        }
}

void heft_avx2_unpack_q5_k(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_a *p = panel;
    row += (size_t)(b / 8) * sizeof(heft_block_q5_k);
    for (int32_t i = 0; i < n; i += 8, p += 8, row += sizeof(heft_block_q5_k))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            put_head_k(p, g, block, stride);
            for (int32_t h = 0; h < 2; h++) { /* half h of all eight blocks */
                __m256i qh[4], t[4];
                granules(block + offsetof(heft_block_q5_k, qh) + 16 * h, stride, qh);
                for (int32_t j = 0; j < 8; j += 2) {
                    granules(block + offsetof(heft_block_q5_k, qs) + 16 * (j + h), stride, t);
                    for (int32_t k = 0; k < 4; k++) {
                        put(p[j].q[4 * h + k][g], five_bits(low_nibbles(t[k]), qh[k], j));
                        put(p[j + 1].q[4 * h + k][g], five_bits(high_nibbles(t[k]), qh[k], j + 1));
                    }
                }
            }
        }
}

void heft_avx2_unpack_q2_k(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_any *p = panel;
    row += (size_t)(b / 8) * sizeof(heft_block_q2_k);
    for (int32_t i = 0; i < n; i += 8, p += 8, row += sizeof(heft_block_q2_k))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            const __m256 d = halves(block + offsetof(heft_block_q2_k, d), stride),
                         dmin = halves(block + offsetof(heft_block_q2_k, dmin), stride);
            __m256i s[4], t[4];
            granules(block + offsetof(heft_block_q2_k, sc), stride, s);
            for (int32_t j = 0; j < 8; j++) {
                const __m256i v = _mm256_srli_epi32(s[j / 2], j % 2 * 16);
                for (int32_t h = 0; h < 2; h++) {
                    put(p[j].sc[h][g], twice(pair_of_bytes(v, 0), h));
                    _mm256_store_ps(p[j].d[h] + g, d);
                }
                put(p[j].mn[g], pair_of_bytes(v, 4));
                _mm256_store_ps(p[j].m + g, _mm256_xor_ps(dmin, _mm256_set1_ps(-0.0f)));
            }
            for (int32_t h = 0; h < 4; h++) { /* half h % 2 of four blocks */
                granules(block + offsetof(heft_block_q2_k, qs) + 16 * h, stride, t);
                for (int32_t u = 0; u < 4; u++)
                    for (int32_t k = 0; k < 4; k++)
                        put(p[h / 2 * 4 + u].q[h % 2 * 4 + k][g], two_bits(t[k], u));
            }
        }
}

void heft_avx2_unpack_q3_k(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_q *p = panel;
    row += (size_t)(b / 8) * sizeof(heft_block_q3_k);
    for (int32_t i = 0; i < n; i += 8, p += 8, row += sizeof(heft_block_q3_k))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            __m256i end[4], s[4], top[2][4], t[4];
            granules(block + sizeof(heft_block_q3_k) - 16, stride, end);
            read_scales_q3(end, s);
            for (int32_t j = 0; j < 8; j++) {
                const scales_16 sc = read_scales(s, j, -32);
                put(p[j].sc[0][g], sc.sc[0]);
                put(p[j].sc[1][g], sc.sc[1]);
                put(p[j].off[g], sc.off);
                _mm256_store_ps(p[j].d + g, half_of_word(_mm256_srli_epi32(end[3], 16)));
            }
            for (int32_t h = 0; h < 2; h++)
                granules(block + offsetof(heft_block_q3_k, hmask) + 16 * h, stride, top[h]);
            for (int32_t h = 0; h < 4; h++) { /* half h % 2 of four blocks */
                granules(block + offsetof(heft_block_q3_k, qs) + 16 * h, stride, t);
                for (int32_t u = 0; u < 4; u++)
                    for (int32_t k = 0; k < 4; k++) {
                        const int32_t j = h / 2 * 4 + u;
                        const __m256i three =
                            _mm256_or_si256(two_bits(t[k], u), third_bit(top[h % 2][k], j));
                        put(p[j].q[h % 2 * 4 + k][g],
                            _mm256_add_epi8(three, _mm256_set1_epi8(32 - 4)));
                    }
            }
        }
}

/* Half `half` of a Q6_K block: four blocks from p on. */
static void put_half_q6(panel_q *p, int32_t g, const uint8_t *block, size_t stride, int32_t half)
{
    for (int32_t h = 0; h < 2; h++) {
        const uint8_t *ql = block + offsetof(heft_block_q6_k, ql) + 64 * half + 16 * h;
        __m256i qh[4], even[4], odd[4];
        granules(block + offsetof(heft_block_q6_k, qh) + 32 * half + 16 * h, stride, qh);
        granules(ql, stride, even);
        granules(ql + 32, stride, odd);
        for (int32_t k = 0; k < 4; k++) {
            put(p[0].q[4 * h + k][g], six_bits(even[k], qh[k], 0));
            put(p[1].q[4 * h + k][g], six_bits(odd[k], qh[k], 1));
            put(p[2].q[4 * h + k][g], six_bits(even[k], qh[k], 2));
            put(p[3].q[4 * h + k][g], six_bits(odd[k], qh[k], 3));
        }
    }
}

void heft_avx2_unpack_q6_k(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_q *p = panel;
    row += (size_t)(b / 8) * sizeof(heft_block_q6_k);
    for (int32_t i = 0; i < n; i += 8, p += 8, row += sizeof(heft_block_q6_k))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            const __m256 d = halves(block + offsetof(heft_block_q6_k, d), stride);
            __m256i s[4];
            granules(block + offsetof(heft_block_q6_k, sc), stride, s);
            for (int32_t j = 0; j < 8; j++) {
                const scales_16 sc = read_scales(s, j, -32);
                put(p[j].sc[0][g], sc.sc[0]);
                put(p[j].sc[1][g], sc.sc[1]);
                put(p[j].off[g], sc.off);
                _mm256_store_ps(p[j].d + g, d);
            }
            put_half_q6(p, g, block, stride, 0);
            put_half_q6(p + 4, g, block, stride, 1);
        }
}

/* ---- any format, from canonical blocks ---- */

/* The 32 numbers of 16 blocks to the granules q, `add` added to each. */
static void put_granules(uint8_t (*q)[PANEL_ROWS][4], const heft_block *w, int8_t add)
{
    for (int32_t g = 0; g < PANEL_ROWS; g += 8)
        for (int32_t h = 0; h < 2; h++) {
            __m256i t[4];
            granules((const uint8_t *)w[g].q + 16 * h, sizeof *w, t);
            for (int32_t k = 0; k < 4; k++)
                put(q[4 * h + k][g], _mm256_add_epi8(t[k], _mm256_set1_epi8(add)));
        }
}

static void put_s(void *panel_block, const heft_block *w, int8_t add)
{
    panel_s *p = panel_block;
    put_granules(p->q, w, add);
    for (int32_t r = 0; r < PANEL_ROWS; r++)
        p->d[r] = w[r].d[0];
}

void heft_avx2_put_s4(void *panel_block, const heft_block *w)
{
    put_s(panel_block, w, 8);
}

void heft_avx2_put_s5(void *panel_block, const heft_block *w)
{
    put_s(panel_block, w, 16);
}

void heft_x86_put_s(void *panel_block, const heft_block *w)
{
    put_s(panel_block, w, -128);
}

void heft_avx2_put_s8(void *panel_block, const heft_block *w)
{
    panel_s8 *p = panel_block;
    put_granules(p->q[0], w, -128);
    for (int32_t k = 0; k < 8; k++)
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const __m256i u = _mm256_load_si256((const void *)p->q[0][k][g]);
            put(p->q[0][k][g], low_nibbles(u));
            put(p->q[1][k][g], high_nibbles(u));
        }
    for (int32_t r = 0; r < PANEL_ROWS; r++)
        p->d[r] = w[r].d[0];
}

void heft_avx2_put_a(void *panel_block, const heft_block *w)
{
    panel_a *p = panel_block;
    put_granules(p->q, w, 0);
    for (int32_t r = 0; r < PANEL_ROWS; r++) {
        p->d[r] = w[r].d[0];
        p->m[r] = w[r].m;
    }
}

static void put_q(void *panel_block, const heft_block *w, int32_t add)
{
    panel_q *p = panel_block;
    put_granules(p->q, w, (int8_t)add);
    for (int32_t r = 0; r < PANEL_ROWS; r++) {
        for (int32_t h = 0; h < 2; h++) {
            p->sc[h][r][0] = p->sc[h][r][1] = w[r].sc[h];
            p->off[r][h] = (int16_t)(-add * w[r].sc[h]); /* sub-scales are bytes */
        }
        p->d[r] = w[r].d[0];
    }
}

void heft_avx2_put_q6(void *panel_block, const heft_block *w)
{
    put_q(panel_block, w, 32);
}

void heft_x86_put_q(void *panel_block, const heft_block *w)
{
    put_q(panel_block, w, 128);
}

void heft_avx2_put_any(void *panel_block, const heft_block *w)
{
    panel_any *p = panel_block;
    put_granules(p->q, w, 0);
    for (int32_t r = 0; r < PANEL_ROWS; r++) {
        for (int32_t h = 0; h < 2; h++) {
            p->sc[h][r][0] = p->sc[h][r][1] = w[r].sc[h];
            p->mn[r][h] = w[r].mn[h];
            p->d[h][r] = w[r].d[h];
        }
        p->m[r] = w[r].m;
    }
}

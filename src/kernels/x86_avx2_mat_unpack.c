/* 16 rows of the file to a panel. Granules are transposed while still packed, two or four numbers
 * to a byte, which halves the shuffles. */
#include "dtype/blocks.h"
#include "kernels/x86_avx2_mat.h"

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

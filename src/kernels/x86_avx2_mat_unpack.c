/* 16 rows of the file to a panel of AVX2. */
#include "kernels/x86_words_256.h"
#include "kernels/x86_unpack.inc"

void heft_avx2_unpack_q4_0(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_q4_0(panel, row, stride, b, n);
}

void heft_avx2_unpack_q4_k(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_q4_k(panel, row, stride, b, n);
}

void heft_avx2_unpack_q5_k(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_q5_k(panel, row, stride, b, n);
}

void heft_avx2_unpack_q6_k(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    unpack_q6_k(panel, row, stride, b, n);
}

void heft_avx2_unpack_q8_0(void *panel, const uint8_t *row, size_t stride, int32_t b, int32_t n)
{
    panel_s8 *p = panel;
    row += (size_t)b * sizeof(heft_block_q8_0);
    for (int32_t i = 0; i < n; i++, p++, row += sizeof(heft_block_q8_0))
        for (int32_t g = 0; g < PANEL_ROWS; g += 8) {
            const uint8_t *block = row + stride * (size_t)g;
            for (int32_t h = 0; h < 2; h++) {
                words t[4];
                granules(block + offsetof(heft_block_q8_0, q) + 16 * h, stride, t);
                for (int32_t k = 0; k < 4; k++) {
                    const words u = t[k] ^ all8(-128);
                    store_words(p->q[0][4 * h + k][g], low_nibbles(u));
                    store_words(p->q[1][4 * h + k][g], high_nibbles(u));
                }
            }
            store_reals(p->d + g, halves(block, stride));
        }
}

/* ---- any format, from canonical blocks ---- */

void heft_avx2_put_a(void *panel_block, int32_t r, const heft_block *w)
{
    panel_a *p = panel_block;
    for (int32_t i = 0; i < 32; i++)
        p->q[i / 4][r][i % 4] = (uint8_t)w->q[i];
    p->d[r] = w->d[0];
    p->m[r] = w->m;
}

void heft_avx2_put_s4(void *panel_block, int32_t r, const heft_block *w)
{
    panel_s *p = panel_block;
    for (int32_t i = 0; i < 32; i++)
        p->q[i / 4][r][i % 4] = (uint8_t)(w->q[i] + 8);
    p->d[r] = w->d[0];
}

void heft_avx2_put_s8(void *panel_block, int32_t r, const heft_block *w)
{
    panel_s8 *p = panel_block;
    for (int32_t i = 0; i < 32; i++) {
        const int32_t u = w->q[i] + 128;
        p->q[0][i / 4][r][i % 4] = (uint8_t)(u & 15);
        p->q[1][i / 4][r][i % 4] = (uint8_t)(u >> 4);
    }
    p->d[r] = w->d[0];
}

void heft_avx2_put_q6(void *panel_block, int32_t r, const heft_block *w)
{
    panel_q *p = panel_block;
    for (int32_t i = 0; i < 32; i++)
        p->q[i / 4][r][i % 4] = (uint8_t)(w->q[i] + 32);
    for (int32_t h = 0; h < 2; h++) {
        p->sc[h][r][0] = p->sc[h][r][1] = w->sc[h];
        p->off[r][h] = (int16_t)(-32 * w->sc[h]);
    }
    p->d[r] = w->d[0];
}

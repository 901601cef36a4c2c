/* Every block format to canonical blocks of 32: w = d * sc[half] * q + m. */
#include "dtype/blocks.h"
#include "kernels/kernels.h"

#include <assert.h>
#include <string.h>

static float half_at(const uint8_t *p)
{
    uint16_t h;
    memcpy(&h, p, sizeof h);
    return heft_half(h);
}

static void unpack_q4_0(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q4_0 *w = (const heft_block_q4_0 *)block;
    out->d = half_at(w->d);
    for (int32_t i = 0; i < 16; i++) {
        out->q[i] = (int8_t)((w->qs[i] & 15) - 8);
        out->q[i + 16] = (int8_t)((w->qs[i] >> 4) - 8);
    }
}

static void unpack_q8_0(heft_block *out, const uint8_t *block, int32_t j)
{
    (void)j;
    const heft_block_q8_0 *w = (const heft_block_q8_0 *)block;
    out->d = half_at(w->d);
    memcpy(out->q, w->q, sizeof out->q);
}

/* The head that Q4_K and Q5_K share. Half times 6-bit integer: both products are exact. */
static void affine_k(heft_block *out, const heft_block_q4_k *w, int32_t j)
{
    const uint8_t *s = w->sc;
    int32_t sc = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
    int32_t mn = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
    out->d = half_at(w->d) * (float)sc;
    out->m = -half_at(w->dmin) * (float)mn;
}

static void unpack_q4_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q4_k *w = (const heft_block_q4_k *)block;
    affine_k(out, w, j);
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)(w->qs[32 * (j / 2) + i] >> 4 * (j % 2) & 15);
}

static void unpack_q5_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q5_k *w = (const heft_block_q5_k *)block;
    affine_k(out, (const heft_block_q4_k *)block, j);
    for (int32_t i = 0; i < 32; i++) {
        int32_t low = w->qs[32 * (j / 2) + i] >> 4 * (j % 2) & 15;
        out->q[i] = (int8_t)(low | (w->qh[i] >> j & 1) << 4);
    }
}

static void unpack_q6_k(heft_block *out, const uint8_t *block, int32_t j)
{
    const heft_block_q6_k *w = (const heft_block_q6_k *)block;
    const int32_t half = j / 4, quarter = j % 4;
    const uint8_t *ql = w->ql + 64 * half + 32 * (quarter % 2), *qh = w->qh + 32 * half;
    out->d = half_at(w->d);
    for (int32_t i = 0; i < 2; i++)
        out->sc[i] = w->sc[2 * j + i];
    for (int32_t i = 0; i < 32; i++) {
        int32_t low = ql[i] >> 4 * (quarter / 2) & 15;
        out->q[i] = (int8_t)((low | (qh[i] >> 2 * quarter & 3) << 4) - 32);
    }
}

/* Block j of 32 numbers within one stored block. */
typedef void unpacker(heft_block *out, const uint8_t *block, int32_t j);

static unpacker *const unpackers[HEFT_DTYPES] = {
    [HEFT_Q4_0] = unpack_q4_0, [HEFT_Q8_0] = unpack_q8_0, [HEFT_Q4_K] = unpack_q4_k,
    [HEFT_Q5_K] = unpack_q5_k, [HEFT_Q6_K] = unpack_q6_k,
};

void heft_unpack(heft_block *out, const heft_mat *w, int32_t r, int32_t b)
{
    const heft_dtype_info *info = &heft_dtypes[w->dtype];
    const int32_t parts = info->block / 32;
    const uint8_t *row = w->data + (ptrdiff_t)(w->stride * r);
    assert(unpackers[w->dtype] && !w->by_col);
    *out = (heft_block){ .sc = { 1, 1 } };
    unpackers[w->dtype](out, row + (ptrdiff_t)(b / parts) * info->bytes, b % parts);
}

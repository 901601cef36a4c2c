/* Random weights and activations for the tests and the bench of the matrix kernels. */
#include "random_mat.h"

#include "dtype/blocks.h"
#include "kernels/kernels.h"

#include <stddef.h>
#include <string.h>

uint32_t random_bits(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

float random_float(uint64_t *state)
{
    return (float)(random_bits(state) >> 8) * 0x1p-23f - 1;
}

void random_activations(float *x, int32_t n, uint64_t *state)
{
    for (int32_t i = 0; i < n; i++) {
        uint32_t luck = random_bits(state) % 512;
        x[i] = random_float(state) + random_float(state);
        if (luck == 0) x[i] *= 40;
        if (luck == 1) x[i] = 0;
        if (luck == 2) x[i] = -0.0f;
    }
    for (int32_t b = 0; b + 32 <= n; b += 32) {
        uint32_t luck = random_bits(state) % 32;
        for (int32_t i = b; i < b + 32; i++) {
            if (luck == 0) x[i] = 0;
            if (luck == 1) x[i] *= 0x1p-124f;
            if (luck == 2) x[i] = (float)(int32_t)(x[i] * 100) / 2;
        }
        if (luck == 2) x[b] = -127;
    }
}

static void random_half(uint8_t *p, uint64_t *state)
{
    uint32_t bits = random_bits(state);
    uint16_t h = (uint16_t)(0x1c00 + bits % 0x0c00); /* 0.004 .. 0.03 */
    if (bits >> 26 == 0) h = (uint16_t)(bits & 0x3ff);
    if (bits >> 16 & 1) h |= 0x8000;
    memcpy(p, &h, sizeof h);
}

static void random_number(uint8_t *p, heft_dtype dtype, uint64_t *state)
{
    float f = random_float(state);
    uint32_t luck = random_bits(state) % 64;
    if (luck == 0) f *= 0x1p-20f;
    if (luck == 1) f = 0;
    uint16_t h = dtype == HEFT_F16 ? heft_to_half(f) : heft_to_bf16(f);
    if (dtype == HEFT_F32)
        memcpy(p, &f, sizeof f);
    else
        memcpy(p, &h, sizeof h);
}

/* Where the halves of a block are; -1: none. */
static const struct {
    int16_t d, m;
} halves[HEFT_DTYPES] = {
    [HEFT_Q1_0] = { offsetof(heft_block_q1_0, d), -1 },
    [HEFT_Q2_0] = { offsetof(heft_block_q2_0, d), -1 },
    [HEFT_Q4_0] = { offsetof(heft_block_q4_0, d), -1 },
    [HEFT_Q4_1] = { offsetof(heft_block_q4_1, d), offsetof(heft_block_q4_1, m) },
    [HEFT_Q5_0] = { offsetof(heft_block_q5_0, d), -1 },
    [HEFT_Q5_1] = { offsetof(heft_block_q5_1, d), offsetof(heft_block_q5_1, m) },
    [HEFT_Q8_0] = { offsetof(heft_block_q8_0, d), -1 },
    [HEFT_Q2_K] = { offsetof(heft_block_q2_k, d), offsetof(heft_block_q2_k, dmin) },
    [HEFT_Q3_K] = { offsetof(heft_block_q3_k, d), -1 },
    [HEFT_Q4_K] = { offsetof(heft_block_q4_k, d), offsetof(heft_block_q4_k, dmin) },
    [HEFT_Q5_K] = { offsetof(heft_block_q5_k, d), offsetof(heft_block_q5_k, dmin) },
    [HEFT_Q6_K] = { offsetof(heft_block_q6_k, d), -1 },
    [HEFT_IQ1_S] = { offsetof(heft_block_iq1_s, d), -1 },
    [HEFT_IQ1_M] = { -1, -1 },
    [HEFT_IQ2_XXS] = { offsetof(heft_block_iq2_xxs, d), -1 },
    [HEFT_IQ2_XS] = { offsetof(heft_block_iq2_xs, d), -1 },
    [HEFT_IQ2_S] = { offsetof(heft_block_iq2_s, d), -1 },
    [HEFT_IQ3_XXS] = { offsetof(heft_block_iq3_xxs, d), -1 },
    [HEFT_IQ3_S] = { offsetof(heft_block_iq3_s, d), -1 },
    [HEFT_IQ4_NL] = { offsetof(heft_block_iq4_nl, d), -1 },
    [HEFT_IQ4_XS] = { offsetof(heft_block_iq4_xs, d), -1 },
    [HEFT_TQ1_0] = { offsetof(heft_block_tq1_0, d), -1 },
    [HEFT_TQ2_0] = { offsetof(heft_block_tq2_0, d), -1 },
    [HEFT_MXFP4] = { -1, -1 },
    [HEFT_NVFP4] = { -1, -1 },
};

static void random_block(uint8_t *block, heft_dtype dtype, uint64_t *state)
{
    uint8_t half[2];
    for (int32_t i = 0; i < heft_dtypes[dtype].bytes; i++)
        block[i] = (uint8_t)random_bits(state);
    if (halves[dtype].d >= 0) random_half(block + halves[dtype].d, state);
    if (halves[dtype].m >= 0) random_half(block + halves[dtype].m, state);
    if (dtype == HEFT_IQ1_M) { /* its half lies in four nibbles */
        random_half(half, state);
        for (int32_t i = 0; i < 4; i++) {
            uint8_t *top = block + offsetof(heft_block_iq1_m, sc) + 2 * i + 1;
            *top = (uint8_t)((*top & 15) | (half[i / 2] >> 4 * (i % 2)) << 4);
        }
    }
    if (dtype == HEFT_MXFP4) /* 2^-8 .. 2^-5; one in 64: subnormal, or 2^-126 */
        block[0] = (uint8_t)(block[0] % 64 ? 119 + block[0] % 4 : block[1] % 3);
}

void random_weights(uint8_t *data, heft_dtype dtype, int64_t rows, int64_t cols, uint64_t *state)
{
    const heft_dtype_info *info = &heft_dtypes[dtype];
    for (int64_t i = 0; i < rows * cols / info->block; i++, data += info->bytes)
        if (info->sum == HEFT_SUM_F)
            random_number(data, dtype, state);
        else
            random_block(data, dtype, state);
}

heft_mat mat_on(const uint8_t *data, heft_dtype dtype, int32_t rows, int32_t cols, bool by_col)
{
    const heft_dtype_info *info = &heft_dtypes[dtype];
    return (heft_mat){ .data = data,
                       .stride = (int64_t)(by_col ? rows : cols) / info->block * info->bytes,
                       .rows = rows,
                       .cols = cols,
                       .dtype = (uint8_t)dtype,
                       .by_col = by_col };
}

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

void random_weights(uint8_t *data, heft_dtype dtype, int64_t rows, int64_t cols, uint64_t *state)
{
    /* where the one or two halves of a block are; -1: none */
    static const struct {
        int16_t d, dmin;
    } scales[HEFT_DTYPES] = {
        [HEFT_Q4_0] = { offsetof(heft_block_q4_0, d), -1 },
        [HEFT_Q8_0] = { offsetof(heft_block_q8_0, d), -1 },
        [HEFT_Q4_K] = { offsetof(heft_block_q4_k, d), offsetof(heft_block_q4_k, dmin) },
        [HEFT_Q5_K] = { offsetof(heft_block_q5_k, d), offsetof(heft_block_q5_k, dmin) },
        [HEFT_Q6_K] = { offsetof(heft_block_q6_k, d), -1 },
    };
    const heft_dtype_info *info = &heft_dtypes[dtype];
    for (int64_t i = 0; i < rows * cols / info->block; i++, data += info->bytes) {
        if (info->sum == HEFT_SUM_F) {
            random_number(data, dtype, state);
            continue;
        }
        for (int32_t j = 0; j < info->bytes; j++)
            data[j] = (uint8_t)random_bits(state);
        random_half(data + scales[dtype].d, state);
        if (scales[dtype].dmin >= 0) random_half(data + scales[dtype].dmin, state);
    }
}

heft_mat mat_on(const uint8_t *data, heft_dtype dtype, int32_t rows, int32_t cols, bool by_col)
{
    const heft_dtype_info *info = &heft_dtypes[dtype];
    return (heft_mat){ .data = data,
                       .stride = (int64_t)(by_col ? rows : cols) / info->block * info->bytes,
                       .rows = rows,
                       .cols = cols,
                       .dtype = (uint8_t)dtype,
                       .by_col = by_col,
                       .factor = 1 };
}

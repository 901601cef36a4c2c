/* Random weights whose scales lie in tensors beside them, for the tests and the benches. */
#include "scaled_mat.h"

#include "kernels/kernels.h"
#include "random_mat.h"

#include <string.h>

/* clang-format off */
const scaled_layout scaled_layouts[SCALED_LAYOUTS] = {
    { .dtype = HEFT_FP8, .type = HEFT_F32, .lines = 24, .group = 40 },
    { .dtype = HEFT_FP8, .type = HEFT_F32, .lines = 24, .group = 48 },
    { .dtype = HEFT_FP8, .type = HEFT_BF16, .lines = 1, .group = INT32_MAX },
    { .dtype = HEFT_FP8, .type = HEFT_F8_E8M0, .lines = INT32_MAX, .group = INT32_MAX },
    { .dtype = HEFT_FP8, .by_col = true, .type = HEFT_F16, .lines = 16, .group = 24 },
    { .dtype = HEFT_BNB4, .type = HEFT_F32, .lines = 1, .group = 64 },
    { .dtype = HEFT_BNB4, .type = HEFT_U8, .lines = 1, .group = 64, .nested = true },
    { .dtype = HEFT_BNB4, .by_col = true, .type = HEFT_U8, .lines = 1, .group = 64, .nested = true },
    { .dtype = HEFT_GPTQ2,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 32,
      .group = 1,
      .zero_bits = 2 },
    { .dtype = HEFT_GPTQ4,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 48,
      .group = 1,
      .zero_bits = 4 },
    { .dtype = HEFT_GPTQ4,
      .type = HEFT_BF16,
      .lines = 16,
      .group = 1,
      .zero_bits = 4,
      .index = true },
    { .dtype = HEFT_GPTQ4,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 16,
      .group = 1,
      .zero_bits = 4,
      .index = true },
    { .dtype = HEFT_GPTQ8,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 16,
      .group = 1,
      .zero_bits = 8 },
    { .dtype = HEFT_AWQ4,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 32,
      .group = 1,
      .zero_bits = 4 },
    { .dtype = HEFT_AWQ4, .type = HEFT_F16, .lines = 32, .group = 1, .zero_bits = 4 },
    { .dtype = HEFT_INT4_ORDER,
      .type = HEFT_BF16,
      .lines = 1,
      .group = 32,
      .zero_bits = 4,
      .index = true },
    { .dtype = HEFT_INT8_ORDER, .type = HEFT_BF16, .lines = 1, .group = 32, .index = true },
    { .dtype = HEFT_INT4, .type = HEFT_BF16, .lines = 1, .group = 32 },
    { .dtype = HEFT_INT4, .type = HEFT_F16, .lines = 1, .group = INT32_MAX },
    { .dtype = HEFT_INT4_ZERO, .type = HEFT_BF16, .lines = 1, .group = 64, .zero_bits = 4 },
    { .dtype = HEFT_INT8, .type = HEFT_F32, .lines = 1, .group = INT32_MAX },
    { .dtype = HEFT_UINT8, .type = HEFT_BF16, .lines = 1, .group = 32 },
    { .dtype = HEFT_UINT8_ZERO, .type = HEFT_BF16, .lines = 1, .group = 32, .zero_bits = 8 },
    { .dtype = HEFT_FP4_MX, .type = HEFT_F8_E8M0, .lines = 1, .group = 32 },
    { .dtype = HEFT_FP4_NV, .type = HEFT_F8_E4M3, .lines = 1, .group = 16 },
};
/* clang-format on */

static int64_t parts(int64_t n, int64_t of)
{
    return (n + of - 1) / of;
}

/* Scales of one line, lines of scales, and all of them. */
typedef struct {
    int64_t places, lines, all;
} counts;

static counts count(const scaled_layout *l, int64_t lines, int64_t places)
{
    const bool words = l->group == 1;
    counts n = { .places = words ? places : parts(places, l->group),
                 .lines = words && l->index ? 3 : parts(lines, l->lines) };
    n.all = l->dtype == HEFT_BNB4 ? parts(lines * places, l->group) : n.lines * n.places;
    return n;
}

void scaled_sizes(const scaled_layout *l, int64_t lines, int64_t places,
                  size_t bytes[SCALED_TENSORS])
{
    const heft_dtype_info *info = &heft_dtypes[l->dtype];
    const counts n = count(l, lines, places);
    const int64_t per = l->zero_bits ? 32 / l->zero_bits : 1;
    const bool words = l->group == 1;
    const int64_t zeros = words ? n.lines * places / per : parts(lines, per) * n.places;
    bytes[SCALED_DATA] = (size_t)(lines * places / info->block * info->bytes);
    bytes[SCALED_SCALE] = (size_t)(n.all * heft_dtypes[l->type].bytes);
    bytes[SCALED_ZERO] = l->zero_bits ? (size_t)(4 * zeros) : 0;
    bytes[SCALED_INDEX] = l->index ? (size_t)(4 * (words ? lines : places)) : 0;
    bytes[SCALED_SCALE2] = l->nested ? (size_t)(4 * parts(n.all, 32)) : 0;
}

static void fill_scales(uint8_t *p, heft_dtype type, int64_t n, uint64_t *seed)
{
    for (int64_t i = 0; i < n; i++) {
        const float f = random_float(seed) / 64;
        const uint32_t luck = random_bits(seed);
        const uint16_t half = type == HEFT_F16 ? heft_to_half(f) : heft_to_bf16(f);
        switch (heft_dtypes[type].bytes) {
        case 4: memcpy(p + 4 * i, &f, 4); break;
        case 2: memcpy(p + 2 * i, &half, 2); break;
        default: p[i] = (uint8_t)luck;
        }
        if (type == HEFT_F8_E8M0) p[i] = (uint8_t)(luck % 64 ? 115 + luck % 6 : luck >> 8 & 1);
        if (type == HEFT_F8_E4M3) p[i] = (uint8_t)(luck % 0x60 | (luck >> 8 & 0x80));
    }
}

void scaled_fill(scaled *t, const scaled_layout *l, int64_t lines, int64_t places,
                 uint8_t *const tensor[SCALED_TENSORS], uint64_t *seed)
{
    const heft_dtype_info *info = &heft_dtypes[l->dtype];
    const counts n = count(l, lines, places);
    const bool words = l->group == 1, awq = l->dtype == HEFT_AWQ4;
    size_t bytes[SCALED_TENSORS];
    scaled_sizes(l, lines, places, bytes);
    for (int32_t i = 0; i < SCALED_TENSORS; i++)
        for (size_t k = 0; k < bytes[i]; k++)
            tensor[i][k] = (uint8_t)random_bits(seed);
    for (size_t i = 0; i < bytes[SCALED_DATA] && l->dtype == HEFT_FP8; i++)
        if ((tensor[SCALED_DATA][i] & 127) == 127) tensor[SCALED_DATA][i] ^= 1;
    fill_scales(tensor[SCALED_SCALE], l->type, n.all, seed);
    const uint32_t groups = (uint32_t)(words ? n.lines : n.places);
    for (size_t i = 0; i < bytes[SCALED_INDEX]; i += 4) {
        const uint32_t g = random_bits(seed) % groups;
        memcpy(tensor[SCALED_INDEX] + i, &g, sizeof g);
    }
    for (int32_t i = 0; i < 256; i++)
        t->code[i % 16] = t->code2[i] = random_float(seed);
    for (size_t i = 0; i < bytes[SCALED_SCALE2]; i += 4)
        memcpy(tensor[SCALED_SCALE2] + i, &t->code2[i / 4 % 256], sizeof(float));
    t->s = (heft_scales){ .scale = tensor[SCALED_SCALE],
                          .zero = l->zero_bits ? tensor[SCALED_ZERO] : NULL,
                          .index = l->index ? tensor[SCALED_INDEX] : NULL,
                          .code = (const uint8_t *)t->code,
                          .scale2 = l->nested ? tensor[SCALED_SCALE2] : NULL,
                          .code2 = (const uint8_t *)t->code2,
                          .stride = n.places,
                          .lines = l->lines,
                          .group = l->group,
                          .group2 = 32,
                          .offset = 0.125f,
                          .factor = l->dtype == HEFT_FP4_NV ? 0.3f : 1,
                          .divides = l->dtype == HEFT_FP4_NV,
                          .add = words && !awq,
                          .type = (uint8_t)l->type };
    t->w = (heft_mat){
        .data = tensor[SCALED_DATA], .with = &t->s, .dtype = (uint8_t)l->dtype, .by_col = l->by_col
    };
    t->w.stride = words && !awq ? 4 * places : places * info->bytes / info->block;
}

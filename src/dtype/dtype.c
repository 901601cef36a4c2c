/* Numbers as stored: one row per format.
 *
 * Sources: the safetensors format description (dtype names); the GGUF specification, "ggml_type".
 */
#include "dtype/dtype.h"

/* clang-format off */
const heft_dtype_info heft_dtypes[HEFT_DTYPES] = {
    /*                  name       safetensors gguf block bytes sum */
    [HEFT_F32]     = { "F32",     "F32",       0,   1,   4, HEFT_SUM_F },
    [HEFT_F16]     = { "F16",     "F16",       1,   1,   2, HEFT_SUM_F },
    [HEFT_BF16]    = { "BF16",    "BF16",     30,   1,   2, HEFT_SUM_F },
    [HEFT_F64]     = { "F64",     "F64",      28,   1,   8, HEFT_SUM_NONE },
    [HEFT_I8]      = { "I8",      "I8",       24,   1,   1, HEFT_SUM_NONE },
    [HEFT_U8]      = { "U8",      "U8",       -1,   1,   1, HEFT_SUM_NONE },
    [HEFT_I16]     = { "I16",     "I16",      25,   1,   2, HEFT_SUM_NONE },
    [HEFT_U16]     = { "U16",     "U16",      -1,   1,   2, HEFT_SUM_NONE },
    [HEFT_I32]     = { "I32",     "I32",      26,   1,   4, HEFT_SUM_NONE },
    [HEFT_U32]     = { "U32",     "U32",      -1,   1,   4, HEFT_SUM_NONE },
    [HEFT_I64]     = { "I64",     "I64",      27,   1,   8, HEFT_SUM_NONE },
    [HEFT_U64]     = { "U64",     "U64",      -1,   1,   8, HEFT_SUM_NONE },
    [HEFT_BOOL]    = { "BOOL",    "BOOL",     -1,   1,   1, HEFT_SUM_NONE },
    [HEFT_C64]     = { "C64",     "C64",      -1,   1,   8, HEFT_SUM_NONE },
    [HEFT_F8_E4M3] = { "F8_E4M3", "F8_E4M3",  -1,   1,   1, HEFT_SUM_NONE },
    [HEFT_F8_E5M2] = { "F8_E5M2", "F8_E5M2",  -1,   1,   1, HEFT_SUM_NONE },
    [HEFT_F8_E8M0] = { "F8_E8M0", "F8_E8M0",  -1,   1,   1, HEFT_SUM_NONE },
    [HEFT_F4]      = { "F4",      "F4",       -1,   2,   1, HEFT_SUM_NONE },
    [HEFT_F6_E2M3] = { "F6_E2M3", "F6_E2M3",  -1,   4,   3, HEFT_SUM_NONE },
    [HEFT_F6_E3M2] = { "F6_E3M2", "F6_E3M2",  -1,   4,   3, HEFT_SUM_NONE },
    [HEFT_Q4_0]    = { "Q4_0",    NULL,        2,  32,  18, HEFT_SUM_S },
    [HEFT_Q8_0]    = { "Q8_0",    NULL,        8,  32,  34, HEFT_SUM_S },
    [HEFT_Q4_K]    = { "Q4_K",    NULL,       12, 256, 144, HEFT_SUM_A },
    [HEFT_Q5_K]    = { "Q5_K",    NULL,       13, 256, 176, HEFT_SUM_A },
    [HEFT_Q6_K]    = { "Q6_K",    NULL,       14, 256, 210, HEFT_SUM_Q },
    [HEFT_Q4_1]    = { "Q4_1",    NULL,       3,  32,  20, HEFT_SUM_A },
    [HEFT_Q5_0]    = { "Q5_0",    NULL,       6,  32,  22, HEFT_SUM_S },
    [HEFT_Q5_1]    = { "Q5_1",    NULL,       7,  32,  24, HEFT_SUM_A },
    [HEFT_Q2_K]    = { "Q2_K",    NULL,      10, 256,  84, HEFT_SUM_M },
    [HEFT_Q3_K]    = { "Q3_K",    NULL,      11, 256, 110, HEFT_SUM_Q },
    [HEFT_IQ4_NL]  = { "IQ4_NL",  NULL,      20,  32,  18, HEFT_SUM_S },
    [HEFT_IQ4_XS]  = { "IQ4_XS",  NULL,      23, 256, 136, HEFT_SUM_S },
    [HEFT_IQ3_XXS] = { "IQ3_XXS", NULL,      18, 256,  98, HEFT_SUM_Q },
    [HEFT_IQ3_S]   = { "IQ3_S",   NULL,      21, 256, 110, HEFT_SUM_Q },
    [HEFT_IQ2_XXS] = { "IQ2_XXS", NULL,      16, 256,  66, HEFT_SUM_Q },
    [HEFT_IQ2_XS]  = { "IQ2_XS",  NULL,      17, 256,  74, HEFT_SUM_Q },
    [HEFT_IQ2_S]   = { "IQ2_S",   NULL,      22, 256,  82, HEFT_SUM_Q },
    [HEFT_IQ1_S]   = { "IQ1_S",   NULL,      19, 256,  50, HEFT_SUM_Q },
    [HEFT_IQ1_M]   = { "IQ1_M",   NULL,      29, 256,  56, HEFT_SUM_Q },
    [HEFT_TQ1_0]   = { "TQ1_0",   NULL,      34, 256,  54, HEFT_SUM_S },
    [HEFT_TQ2_0]   = { "TQ2_0",   NULL,      35, 256,  66, HEFT_SUM_S },
    [HEFT_MXFP4]   = { "MXFP4",   NULL,      39,  32,  17, HEFT_SUM_S },
    [HEFT_NVFP4]   = { "NVFP4",   NULL,      40,  64,  36, HEFT_SUM_H },
    [HEFT_Q1_0]    = { "Q1_0",    NULL,      41, 128,  18, HEFT_SUM_S },
    [HEFT_Q2_0]    = { "Q2_0",    NULL,      42,  64,  18, HEFT_SUM_S },
    [HEFT_FP8]        = { "FP8",        NULL, -1,  1,  1, HEFT_SUM_F },
    [HEFT_BNB4]       = { "BNB4",       NULL, -1,  2,  1, HEFT_SUM_F },
    [HEFT_GPTQ2]      = { "GPTQ2",      NULL, -1, 16,  4, HEFT_SUM_F },
    [HEFT_GPTQ4]      = { "GPTQ4",      NULL, -1,  8,  4, HEFT_SUM_F },
    [HEFT_GPTQ8]      = { "GPTQ8",      NULL, -1,  4,  4, HEFT_SUM_F },
    [HEFT_AWQ4]       = { "AWQ4",       NULL, -1,  8,  4, HEFT_SUM_F },
    [HEFT_INT4_ORDER] = { "INT4_ORDER", NULL, -1,  8,  4, HEFT_SUM_F },
    [HEFT_INT8_ORDER] = { "INT8_ORDER", NULL, -1,  4,  4, HEFT_SUM_F },
    [HEFT_INT4]       = { "INT4",       NULL, -1, 32, 16, HEFT_SUM_S },
    [HEFT_INT4_ZERO]  = { "INT4_ZERO",  NULL, -1, 32, 16, HEFT_SUM_S },
    [HEFT_INT8]       = { "INT8",       NULL, -1, 32, 32, HEFT_SUM_S },
    [HEFT_UINT8]      = { "UINT8",      NULL, -1, 32, 32, HEFT_SUM_S },
    [HEFT_UINT8_ZERO] = { "UINT8_ZERO", NULL, -1, 32, 32, HEFT_SUM_M },
    [HEFT_FP4_MX]     = { "FP4_MX",     NULL, -1, 32, 16, HEFT_SUM_S },
    [HEFT_FP4_NV]     = { "FP4_NV",     NULL, -1, 32, 16, HEFT_SUM_H },
};
/* clang-format on */

int32_t heft_dtype_of_safetensors(heft_str name)
{
    for (int32_t t = 0; t < HEFT_DTYPES; t++)
        if (heft_dtypes[t].safetensors && heft_str_is(name, heft_dtypes[t].safetensors)) return t;
    return -1;
}

int32_t heft_dtype_of_gguf(uint32_t id)
{
    for (int32_t t = 0; t < HEFT_DTYPES; t++)
        if (heft_dtypes[t].gguf >= 0 && (uint32_t)heft_dtypes[t].gguf == id) return t;
    return -1;
}

bool heft_dtype_bytes(heft_dtype t, int64_t n, uint64_t *bytes)
{
    const heft_dtype_info *d = &heft_dtypes[t];
    if (n < 0 || n % d->block) return false;
    uint64_t blocks = (uint64_t)(n / d->block);
    *bytes = blocks * (uint64_t)d->bytes;
    return *bytes / (uint64_t)d->bytes == blocks;
}

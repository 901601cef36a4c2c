/* The numbers of golden models, in the number formats of files. */
#include "golden_model.h"

#include <assert.h>
#include <math.h>
#include <string.h>

float heft_golden_value(const heft_golden_tensor *t, int8_t q)
{
    return t->offset + ldexpf((float)q, -t->exponent);
}

/* Exact by construction of the weights: asserted, not rounded. Written here and not borrowed from
 * the kernels, which these files are to test. */
static uint16_t bfloat(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    assert((bits & 0xFFFF) == 0);
    return (uint16_t)(bits >> 16);
}

static uint16_t half(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000;
    if (f == 0) return (uint16_t)sign;
    const uint32_t exponent = (bits >> 23 & 0xFF) - 127 + 15;
    assert(exponent >= 1 && exponent <= 30 && (bits & 0x1FFF) == 0);
    return (uint16_t)(sign | exponent << 10 | (bits >> 13 & 0x3FF));
}

static void encode_q8_0(const heft_golden_tensor *t, const int8_t *q, uint8_t *out)
{
    const uint16_t scale = half(ldexpf(1, -t->exponent));
    for (int64_t i = 0; i < t->n; i += 32, out += 34) {
        memcpy(out, &scale, sizeof scale);
        memcpy(out + 2, q + i, 32);
    }
}

static void encode_integers(const heft_golden_tensor *t, const int8_t *q, heft_dtype dtype,
                            uint8_t *out)
{
    const int64_t cols = t->shape[1];
    for (int64_t i = 0; i < t->n; i++) {
        const int64_t value = (q[i - i % cols] + 127 + i % cols) % t->below;
        const int32_t narrow = (int32_t)value;
        if (dtype == HEFT_I64)
            memcpy(out + 8 * i, &value, sizeof value);
        else
            memcpy(out + 4 * i, &narrow, sizeof narrow);
    }
}

void heft_golden_encode(const heft_golden_tensor *t, const int8_t *q, heft_dtype dtype, bool gguf,
                        uint8_t *out)
{
    if (t->below) {
        encode_integers(t, q, dtype, out);
        return;
    }
    if (dtype == HEFT_Q8_0) {
        encode_q8_0(t, q, out);
        return;
    }
    for (int64_t i = 0; i < t->n; i++) {
        float value = heft_golden_value(t, q[i]);
        if (gguf) value = t->minus_exp ? (float)-exp((double)value) : value + t->plus;
        if (dtype == HEFT_F32) {
            memcpy(out + 4 * i, &value, sizeof value);
        } else {
            const uint16_t bits = dtype == HEFT_F16 ? half(value) : bfloat(value);
            memcpy(out + 2 * i, &bits, sizeof bits);
        }
    }
}

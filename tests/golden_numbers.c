/* The numbers of golden models: a hash, and in the number formats of files. */
#include "golden_model.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Not heft_str_hash: that one may change, these weights may not. */
uint64_t heft_golden_hash(const void *data, size_t n)
{
    const uint8_t *byte = data;
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ byte[i]) * UINT64_C(0x100000001B3);
    return h;
}

/* The finaliser of splitmix64 (Steele, Lea and Flood, 2014; Vigna's constants). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static uint64_t draw(uint64_t base, uint64_t i)
{
    return mix(base + (i + 1) * UINT64_C(0x9E3779B97F4A7C15));
}

/* Uniform in -R .. R; without an offset one element of every 32 is +-R = +-127, so that a Q8_0
 * block has the scale 2^-exponent and loses nothing. */
void heft_golden_grid(const heft_golden *g, const heft_golden_tensor *t, int8_t *q)
{
    const uint64_t base = heft_golden_hash(t->name, strlen(t->name)) ^ mix(g->seed);
    const bool peaks = t->offset == 0;
    const uint64_t reach = peaks ? 127 : 63;
    for (int64_t i = 0; i < t->n; i++) {
        const uint64_t number = (draw(base, (uint64_t)i) >> 32) * (2 * reach + 1) >> 32;
        q[i] = (int8_t)((int64_t)number - (int64_t)reach);
    }
    for (int64_t i = 0; peaks && i < t->n; i += 32) {
        const uint64_t p = draw(base, (uint64_t)i / 32 + (UINT64_C(1) << 32));
        const int64_t at = i + (int64_t)(p & 31);
        if (at < t->n) q[at] = p & 32 ? -127 : 127;
    }
}

void heft_golden_values(const heft_golden *g, const heft_golden_tensor *t, float *value)
{
    /* The integers go to the end of the same memory: value i is written after q i was read. */
    int8_t *q = (int8_t *)value + 3 * t->n;
    heft_golden_grid(g, t, q);
    for (int64_t i = 0; i < t->n; i++)
        value[i] = heft_golden_value(t, q[i]);
}

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

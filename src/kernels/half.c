/* The two 16-bit floats, to and from float32: exact one way, nearest even the other. */
#include "kernels/bits.h"
#include "kernels/kernels.h"

#include <math.h>

/* 1 sign, 5 exponent (bias 15), 10 fraction. A NaN keeps its payload and becomes quiet, as the
 * processor's own conversion does it. */
float heft_half(uint16_t h)
{
    uint32_t sign = (h & 0x8000u) << 16, rest = h & 0x7fffu;
    if (rest > 0x7c00) return heft_float_of(sign | 0x7fc00000u | rest << 13);
    if (rest == 0x7c00) return heft_float_of(sign | 0x7f800000u);
    if (rest < 0x0400) return heft_float_of(sign | heft_bits_of((float)rest * 0x1p-24f));
    return heft_float_of(sign | ((rest << 13) + ((127u - 15u) << 23)));
}

uint16_t heft_to_half(float f)
{
    uint32_t bits = heft_bits_of(f), sign = bits >> 16 & 0x8000u, rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (rest >> 13 & 0x3ffu));
    if (rest >= heft_bits_of(65520.0f)) return (uint16_t)(sign | 0x7c00u);
    if (rest < heft_bits_of(0x1p-14f))
        return (uint16_t)(sign | (uint32_t)lrintf(heft_float_of(rest) * 0x1p24f));
    rest += 0xfffu + (rest >> 13 & 1u);
    return (uint16_t)(sign | ((rest >> 13) - ((127u - 15u) << 10)));
}

uint16_t heft_to_half_up(float f)
{
    const uint16_t h = heft_to_half(f);
    return (uint16_t)(heft_half(h) < f ? h + 1 : h);
}

float heft_bf16(uint16_t h)
{
    return heft_float_of((uint32_t)h << 16);
}

uint16_t heft_to_bf16(float f)
{
    uint32_t bits = heft_bits_of(f);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

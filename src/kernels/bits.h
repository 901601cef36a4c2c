/* The bits of a float, and the float of bits. */
#ifndef HEFT_KERNELS_BITS_H
#define HEFT_KERNELS_BITS_H

#include <stdint.h>
#include <string.h>

static inline float heft_float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t heft_bits_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

#endif

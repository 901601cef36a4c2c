/* Pieces of the definition that several scalar files share. */
#include "kernels/sums.h"

#include <string.h>

float heft_fold(const float part[16])
{
    float s[16];
    memcpy(s, part, sizeof s);
    for (int32_t half = 8; half > 0; half /= 2)
        for (int32_t i = 0; i < half; i++)
            s[i] += s[i + half];
    return s[0];
}

float heft_number(uint8_t dtype, const uint8_t *p)
{
    if (dtype == HEFT_F32) {
        float f;
        memcpy(&f, p, sizeof f);
        return f;
    }
    uint16_t h;
    memcpy(&h, p, sizeof h);
    return dtype == HEFT_F16 ? heft_half(h) : heft_bf16(h);
}

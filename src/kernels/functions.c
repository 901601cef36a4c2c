/* Functions from IEEE operations alone: the same bits on every machine, whatever its libm. */
#include "kernels/bits.h"
#include "kernels/kernels.h"
#include "kernels/polynomials.h"

#include <math.h>
#include <string.h>

/* c[0] + c[1] x + ... + c[n-1] x^(n-1), from the highest power down. */
static float polynomial(const float *c, int32_t n, float x)
{
    float p = c[n - 1];
    for (int32_t i = n - 2; i >= 0; i--)
        p = fmaf(p, x, c[i]);
    return p;
}

/* 2^e for a normal result; anything for another e. */
static float power_of_two(uint32_t e)
{
    return heft_float_of((e + 127) << 23);
}

/* x = n ln(2) + r. 2^n is applied in two halves, so that the result overflows and becomes subnormal
 * by the rounding of one multiplication. The comparisons let a NaN through. */
float heft_exp(float x)
{
    x = heft_exp_least > x ? heft_exp_least : x;
    x = heft_exp_most < x ? heft_exp_most : x;
    float shifted = fmaf(x, heft_log2_e, heft_round_magic);
    float n = shifted - heft_round_magic;
    float r = fmaf(n, -heft_ln2_high, x);
    r = fmaf(n, -heft_ln2_low, r);
    int32_t e = (int32_t)(heft_bits_of(shifted) - heft_bits_of(heft_round_magic));
    uint32_t half = (uint32_t)(e >> 1);
    return polynomial(heft_exp_poly, 7, r) * power_of_two(half) * power_of_two((uint32_t)e - half);
}

/* Near 0 an odd polynomial, elsewhere 1 - 2 / (exp(2x) + 1). */
float heft_tanh(float x)
{
    float a = fabsf(x), z = x * x;
    float near = fmaf(x * z, polynomial(heft_tanh_poly, 5, z), x);
    float far = 1 - 2 / (heft_exp(2 * a) + 1);
    return a < heft_tanh_split ? near : copysignf(far, x);
}

/* Near 0 an odd polynomial, elsewhere 1 - exp(polynomial). */
float heft_erf(float x)
{
    float a = fabsf(x), z = x * x;
    float near = fmaf(x, polynomial(heft_erf_poly, 7, z), x);
    a = heft_erf_most < a ? heft_erf_most : a;
    float far = 1 - heft_exp(polynomial(heft_erfc_poly, 7, a));
    return a < heft_erf_split ? near : copysignf(far, x);
}

/* x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)). */
float heft_ln(float x)
{
    if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
    if (x == INFINITY) return x;
    bool tiny = x < 0x1p-126f;
    uint32_t bits = heft_bits_of(tiny ? x * 0x1p24f : x);
    int32_t e = (int32_t)(bits - heft_bits_of(heft_sqrt_half)) >> 23;
    float f = heft_float_of(bits - ((uint32_t)e << 23)) - 1;
    float n = (float)(tiny ? e - 24 : e);
    float r = fmaf(f * f, fmaf(f, polynomial(heft_log_poly, 8, f), -0.5f), f);
    return fmaf(n, heft_ln2_high, fmaf(n, heft_ln2_low, r));
}

/* max(x, 0) + ln(1 + e), e = exp(-|x|): what 1 + e loses of e by rounding is added again. */
float heft_softplus(float x)
{
    float e = heft_exp(-fabsf(x)), u = 1 + e;
    return (0 > x ? 0 : x) + (heft_ln(u) + (e - (u - 1)) / u);
}

/* ---- rope ---- */

/* Sine and cosine of a, |a| <= 2^27 (any other a gives some number, or NaN), to 2^-50.
 *
 * a = n pi/2 + r. pi/2 is the sum of three doubles: n times the first is subtracted without
 * rounding, because all bits of the difference fit one double; the other two only add what is
 * missing. Then the Taylor series of |r| <= pi/4, whose last terms are below 2^-50. */
static void sine_cosine(double a, double *s, double *c)
{
    static const double sine[] = { -1. / 6,        1. / 120,        -1. / 5040,         1. / 362880,
                                   -1. / 39916800, 1. / 6227020800, -1. / 1307674368000 };
    static const double cosine[] = { -1. / 2,           1. / 24,
                                     -1. / 720,         1. / 40320,
                                     -1. / 3628800,     1. / 479001600,
                                     -1. / 87178291200, 1. / 20922789888000 };
    static const double magic = 0x1.8p52; /* leaves the nearest integer in the low bits */
    double shifted = fma(a, 0x1.45f306dc9c883p-1, magic), n = shifted - magic;
    double r = fma(n, -0x1.921fb54442d18p+0, a);
    r = fma(n, -0x1.1a62633145c07p-54, r);
    r = fma(n, 0x1.f1976b7ed8fbcp-110, r);

    double z = r * r, odd = sine[6], even = cosine[7];
    for (int32_t i = 5; i >= 0; i--)
        odd = fma(odd, z, sine[i]);
    for (int32_t i = 6; i >= 0; i--)
        even = fma(even, z, cosine[i]);
    odd = fma(odd * z, r, r);
    even = fma(even, z, 1);

    uint64_t quarter; /* sin and cos of n pi/2 + r are +-sin or +-cos of r */
    memcpy(&quarter, &shifted, sizeof quarter);
    *s = quarter & 1 ? even : odd;
    *c = quarter & 1 ? odd : even;
    if (quarter & 2) *s = -*s;
    if ((quarter + 1) & 2) *c = -*c;
}

void heft_rope_table(float *cs, int64_t pos, const float *inv, float magnitude, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        double s, c;
        sine_cosine((double)((float)pos * inv[i]), &s, &c);
        cs[2 * i] = (float)c * magnitude;
        cs[2 * i + 1] = (float)s * magnitude;
    }
}

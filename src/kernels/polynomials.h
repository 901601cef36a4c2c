/* Coefficients of our own functions, lowest power first: one table for every instruction set.
 *
 * Minimax fits made for this file (Remez exchange, 40 digits, rounded to float); the error named
 * is the fit's own, before rounding in the evaluation. */
#ifndef HEFT_KERNELS_POLYNOMIALS_H
#define HEFT_KERNELS_POLYNOMIALS_H

/* clang-format off */

/* exp(r), |r| <= ln(2) / 2: relative 2^-28.2. */
static const float heft_exp_poly[7] = {
    1, 1, 0x1.fffffcp-2f, 0x1.55549p-3f, 0x1.5558f4p-5f, 0x1.123a6ap-7f, 0x1.6a234ap-10f,
};
/* Below, exp is 0; above, infinity. */
static const float heft_exp_least = -104, heft_exp_most = 89;
static const float heft_log2_e = 0x1.715476p+0f;
static const float heft_ln2_high = 0x1.62e43p-1f, heft_ln2_low = -0x1.05c61p-29f;
/* Added to a float of magnitude below 2^22 it leaves the nearest integer in the low bits. */
static const float heft_round_magic = 0x1.8p23f;

/* (tanh(x) / x - 1) / z, z = x^2, |x| < 0.6: relative 2^-28.4 of tanh. */
static const float heft_tanh_poly[5] = {
    -0x1.55553ep-2f, 0x1.1109aep-3f, -0x1.b898dcp-5f, 0x1.54b89ap-6f, -0x1.82583ap-8f,
};
static const float heft_tanh_split = 0.6f;

/* erf(x) / x - 1 in z = x^2, |x| < 1: relative 2^-29.6 of erf. */
static const float heft_erf_poly[7] = {
    0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2cf8p-4f, -0x1.b7f90cp-6f,
    0x1.5405b2p-8f, -0x1.a3f7p-11f, 0x1.496a34p-14f,
};
/* ln(1 - erf(x)), 1 <= x <= 4: relative 2^-29.8 of erf. */
static const float heft_erfc_poly[7] = {
    -0x1.6631ecp-12f, -0x1.2088e6p+0f, -0x1.46bafcp-1f, -0x1.a652dp-4f,
    0x1.65caa2p-6f, -0x1.825958p-9f, 0x1.86daf2p-13f,
};
static const float heft_erf_split = 1, heft_erf_most = 4;

/* (ln(1 + f) - f + f^2 / 2) / f^3, 1 + f in [sqrt(1/2), sqrt(2)): relative 2^-27.3 of ln. */
static const float heft_log_poly[8] = {
    0x1.555554p-2f, -0x1.000226p-2f, 0x1.99a008p-3f, -0x1.547246p-3f,
    0x1.22da1ep-3f, -0x1.0d8532p-3f, 0x1.055b6p-3f, -0x1.38b5bep-4f,
};

/* gelu: sqrt(2 / pi), its cubic term, sqrt(1 / 2). */
static const float heft_sqrt_2_pi = 0x1.988454p-1f, heft_gelu_cubic = 0.044715f;
static const float heft_sqrt_half = 0x1.6a09e6p-1f;

/* clang-format on */

#endif

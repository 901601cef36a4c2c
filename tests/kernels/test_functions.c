/* Our own functions: their error against double precision, and what the ends of the range give. */
#include "kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%.17g, expected %.17g", got, want);
}

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* The largest relative error of f over every 1009th float of [from, to], results below 2^-126 left
 * out. */
static double worst(float (*f)(float), double (*exact)(double), float from, float to)
{
    double most = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1009) {
        const float x = float_of((uint32_t)bits);
        if (!(x >= from && x <= to)) continue;
        const double y = exact((double)x);
        if (fabs(y) < 0x1p-126) continue;
        const double error = fabs((double)f(x) - y) / fabs(y);
        if (!(error <= most)) most = error;
    }
    return most;
}

static void exp_is_within_two_to_the_minus_23_6(void **state)
{
    (void)state;
    assert_true(worst(heft_exp, exp, -200, 88.7228f) < 0x1p-23 * 0.65);
}

static void exp_of_small_results_is_the_nearest_subnormal_or_its_neighbour(void **state)
{
    (void)state;
    for (float x = -87.3f; x > -104; x -= 0.0371f)
        assert_true(fabs((double)heft_exp(x) - exp((double)x)) < 0x1p-149);
}

static void exp_has_its_values_at_zero_and_the_ends(void **state)
{
    (void)state;
    assert_true(heft_exp(0) == 1 && heft_exp(-0.0f) == 1);
    assert_true(heft_exp(INFINITY) == INFINITY && heft_exp(89) == INFINITY);
    assert_true(heft_exp(1e30f) == INFINITY && isfinite(heft_exp(88.722f)));
    assert_true(heft_exp(-INFINITY) == 0 && heft_exp(-1e30f) == 0 && heft_exp(-104) == 0);
    assert_true(heft_exp(-103) == 0x1p-149f && isnan(heft_exp(NAN)));
}

static void tanh_is_within_two_to_the_minus_22_6_and_odd(void **state)
{
    (void)state;
    assert_true(worst(heft_tanh, tanh, -INFINITY, INFINITY) < 0x1p-22 * 0.66);
    assert_true(heft_tanh(INFINITY) == 1 && heft_tanh(-INFINITY) == -1 && isnan(heft_tanh(NAN)));
    assert_true(heft_tanh(0) == 0 && heft_tanh(-0.0f) == 0);
    assert_true(heft_tanh(-0.7f) == -heft_tanh(0.7f) && heft_tanh(0x1p-149f) == 0x1p-149f);
}

static void erf_is_within_two_to_the_minus_23_6_and_odd(void **state)
{
    (void)state;
    assert_true(worst(heft_erf, erf, -INFINITY, INFINITY) < 0x1p-23 * 0.65);
    assert_true(heft_erf(INFINITY) == 1 && heft_erf(-INFINITY) == -1 && isnan(heft_erf(NAN)));
    assert_true(heft_erf(4) == 1 && heft_erf(-2) == -heft_erf(2));
}

static void ln_is_within_two_to_the_minus_23_5(void **state)
{
    (void)state;
    assert_true(worst(heft_ln, log, 0x1p-149f, 3e38f) < 0x1p-23 * 0.70);
    assert_true(heft_ln(1) == 0 && heft_ln(INFINITY) == INFINITY && heft_ln(0) == -INFINITY);
    assert_true(isnan(heft_ln(-1)) && isnan(heft_ln(NAN)));
}

static double softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

/* Down to where exp(x) is smaller than what 1 can hold: there it is exp(x) still. */
static void softplus_is_within_two_to_the_minus_22_4(void **state)
{
    (void)state;
    assert_true(worst(heft_softplus, softplus, -87, 3e38f) < 0x1p-22 * 0.76);
    assert_true(heft_softplus(INFINITY) == INFINITY && heft_softplus(-INFINITY) == 0);
    assert_true(isnan(heft_softplus(NAN)) && heft_softplus(40) == 40);
}

/* Positions and frequencies as models have them, up to angles of 2^27. Two in a million may round
 * the other way. */
static void rope_angles_have_rounded_sines_and_cosines(void **state)
{
    (void)state;
    enum { PAIRS = 64 };
    float inv[PAIRS], cs[2 * PAIRS];
    int32_t wrong = 0;
    for (int32_t i = 0; i < PAIRS; i++)
        inv[i] = (float)pow(10000, -i / (double)PAIRS);
    for (int64_t pos = 0; pos < 1 << 27; pos = pos * 9 / 8 + 1) {
        heft_rope_table(cs, pos, inv, 1, PAIRS);
        for (int32_t i = 0; i < PAIRS; i++) {
            const double angle = (double)((float)pos * inv[i]);
            assert_near((double)cs[2 * i], cos(angle), 0x1p-25 * 1.01);
            assert_near((double)cs[2 * i + 1], sin(angle), 0x1p-25 * 1.01);
            wrong += cs[2 * i] != (float)cos(angle) || cs[2 * i + 1] != (float)sin(angle);
        }
    }
    assert_int_equal(wrong, 0);
}

static void rope_angles_hold_near_multiples_of_a_quarter_turn(void **state)
{
    (void)state;
    for (int32_t n = 1; n < 20000; n++) {
        const float near = (float)(n * 1.5707963267948966), one = 1;
        float cs[2];
        for (int32_t way = 0; way < 3; way++) {
            const float angle = way == 0 ? near : nextafterf(near, way == 1 ? 0 : INFINITY);
            heft_rope_table(cs, 1, &angle, one, 1);
            assert_true(cs[0] == (float)cos((double)angle));
            assert_true(cs[1] == (float)sin((double)angle));
        }
    }
}

static void rope_multiplies_by_the_magnitude_and_survives_any_number(void **state)
{
    (void)state;
    const float any[] = { 0.5f, INFINITY, NAN, 3e38f, -2 };
    float cs[10];
    heft_rope_table(cs, 3, any, 1.25f, 5);
    assert_true(cs[0] == (float)cos(1.5) * 1.25f && cs[1] == (float)sin(1.5) * 1.25f);
    assert_true(isnan(cs[2]) && isnan(cs[4]));
    assert_true(cs[8] == (float)cos(6) * 1.25f && cs[9] == (float)sin(-6) * 1.25f);
    heft_rope_table(cs, 0, any, 1, 1);
    assert_true(cs[0] == 1 && cs[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_two_to_the_minus_23_6),
        cmocka_unit_test(exp_of_small_results_is_the_nearest_subnormal_or_its_neighbour),
        cmocka_unit_test(exp_has_its_values_at_zero_and_the_ends),
        cmocka_unit_test(tanh_is_within_two_to_the_minus_22_6_and_odd),
        cmocka_unit_test(erf_is_within_two_to_the_minus_23_6_and_odd),
        cmocka_unit_test(ln_is_within_two_to_the_minus_23_5),
        cmocka_unit_test(softplus_is_within_two_to_the_minus_22_4),
        cmocka_unit_test(rope_angles_have_rounded_sines_and_cosines),
        cmocka_unit_test(rope_angles_hold_near_multiples_of_a_quarter_turn),
        cmocka_unit_test(rope_multiplies_by_the_magnitude_and_survives_any_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

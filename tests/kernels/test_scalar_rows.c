/* The scalar row kernels: what they compute is what their papers say, in double precision, and the
 * order of their sums is the one of docs/sums.md. */
#include "dtype/blocks.h"
#include "fence.h"
#include "kernels/fill.h"
#include "random_mat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%.17g, expected %.17g", got, want);
}

static heft_kernels k;
enum { N = 77 };

static int set_up(void **state)
{
    (void)state;
    heft_kernels_init(&k, 0);
    return 0;
}

static void fill(float *x, int32_t n, uint64_t seed)
{
    for (int32_t i = 0; i < n; i++)
        x[i] = 3 * random_float(&seed) + 0.5f;
}

static void norm_rms_divides_by_the_root_of_the_mean_square(void **state)
{
    (void)state;
    float x[N], w[N], y[N];
    double squares = 0;
    fill(x, N, 1);
    fill(w, N, 2);
    for (int32_t i = 0; i < N; i++)
        squares += (double)x[i] * (double)x[i];
    const double r = 1 / sqrt(squares / N + 0.25);
    k.norm_rms(y, x, w, 0.25f, N);
    for (int32_t i = 0; i < N; i++)
        assert_near((double)y[i], (double)w[i] * (double)x[i] * r, 2e-6);
    k.norm_rms(x, x, NULL, 0.25f, N);
    for (int32_t i = 0; i < N; i++)
        assert_true(y[i] == w[i] * x[i]); /* the weight is applied last, by one product */
}

static void norm_layer_takes_the_mean_off_first(void **state)
{
    (void)state;
    float x[N], w[N], b[N], y[N];
    double mean = 0, squares = 0;
    fill(x, N, 3);
    fill(w, N, 4);
    fill(b, N, 5);
    for (int32_t i = 0; i < N; i++)
        x[i] += 1000; /* sum of squares minus square of the sum would lose all here */
    for (int32_t i = 0; i < N; i++)
        mean += (double)x[i] / N;
    for (int32_t i = 0; i < N; i++)
        squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    const double r = 1 / sqrt(squares / N + 0.01);
    for (int32_t way = 0; way < 4; way++) {
        k.norm_layer(y, x, way & 1 ? w : NULL, way & 2 ? b : NULL, 0.01f, N);
        for (int32_t i = 0; i < N; i++)
            assert_near((double)y[i],
                        ((double)x[i] - mean) * r * (way & 1 ? (double)w[i] : 1)
                            + (way & 2 ? (double)b[i] : 0),
                        1e-3);
    }
}

/* Element i goes to partial sum i mod 16; 2^24 and 1 meet only where the order says so. */
static void sums_have_sixteen_parts_folded_in_halves(void **state)
{
    (void)state;
    float x[32] = { 0 }, p[32], sum, want;
    for (int32_t i = 0; i < 32; i++)
        x[i] = -4 * (float)i;
    (void)k.softmax(p, x, 32, &sum);
    float part[16] = { 0 };
    for (int32_t i = 0; i < 32; i++)
        part[i % 16] += p[i];
    for (int32_t half = 8; half > 0; half /= 2)
        for (int32_t i = 0; i < half; i++)
            part[i] += part[i + half];
    assert_true(sum == part[0]);

    for (int32_t i = 0; i < 32; i++)
        x[i] = i == 0 ? 4096 : 1; /* 2^24 + 1 is lost, 2^24 + 2 is not */
    k.norm_rms(p, x, NULL, 0, 32);
    want = 1 / sqrtf((0x1p24f + 30) / 32); /* its own partial sum loses one, the others bring 30 */
    assert_true(p[1] == want);
}

static void add_and_scale_do_one_rounding_each(void **state)
{
    (void)state;
    const float a[2] = { 1, -1 }, b[2] = { 0x1.000002p0f, 3 };
    float y[2];
    k.add(y, a, b, 0x1.000002p0f, 2);
    assert_true(y[0] == fmaf(0x1.000002p0f, 0x1.000002p0f, 1) && y[1] == 0x1.000003p1f - 0);
    k.scale(y, b, 2, 0, 2);
    assert_true(y[0] == 2 * b[0] && y[1] == 6);
    k.scale(y, b, 20, 30, 2);
    assert_near((double)y[1], 30 * tanh(2), 1e-5);
}

static double wanted(heft_act_kind fn, double x)
{
    switch (fn) {
    case HEFT_ACT_SILU: return x / (1 + exp(-x));
    case HEFT_ACT_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
    case HEFT_ACT_GELU_ERF: return 0.5 * x * (1 + erf(x / sqrt(2)));
    case HEFT_ACT_RELU: return x > 0 ? x : 0;
    case HEFT_ACT_RELU_SQUARED: return x > 0 ? x * x : 0;
    case HEFT_ACT_SIGMOID_1702: return x / (1 + exp(-1.702 * x));
    case HEFT_ACT_SIGMOID: return 1 / (1 + exp(-x));
    }
    return (double)NAN;
}

static void activations_follow_their_formulas(void **state)
{
    (void)state;
    for (int32_t fn = 0; fn <= HEFT_ACT_SIGMOID; fn++)
        for (float x = -12; x < 12; x += 0.0173f) {
            float y;
            const heft_glu g = { .fn = (heft_act_kind)fn, .gate = &x, .gate_step = 1 };
            k.glu(&y, &g, 1);
            const double want = wanted((heft_act_kind)fn, (double)x);
            assert_near((double)y, want, 1.5e-6 * fmax(1, fabs(want) / 12));
        }
}

static void a_gated_unit_limits_the_gate_above_and_up_on_both_sides(void **state)
{
    (void)state;
    const float x[8] = { 9, 5, -9, -5, 1, 0.5f, NAN, 1 }; /* gate, up, gate, up ... */
    float y[4];
    heft_glu g = { .fn = HEFT_ACT_RELU, .gate_max = 7, .up_abs = 3, .up_add = 1 };
    g.gate = x;
    g.up = x + 1;
    g.gate_step = g.up_step = 2;
    k.glu(y, &g, 4);
    assert_true(y[0] == 7 * 4 && y[1] == 0 && y[2] == 1.5f && isnan(y[3]));
    g.fn = HEFT_ACT_SILU;
    k.glu(y, &g, 2);
    assert_near((double)y[1], wanted(HEFT_ACT_SILU, -9) * (-3 + 1), 1e-6);
}

static void rotation_turns_pairs_or_halves_and_keeps_lengths(void **state)
{
    (void)state;
    const float turn[4] = { 0, 1, 0.6f, 0.8f }; /* a quarter, and 3-4-5 */
    float a[4] = { 1, 2, 5, 10 }, b[4] = { 1, 5, 2, 10 };
    k.rotate(a, turn, 4, true);
    assert_true(a[0] == -2 && a[1] == 1);
    assert_near((double)a[2], 5 * 0.6 - 10 * 0.8, 1e-6);
    assert_near((double)a[3], 10 * 0.6 + 5 * 0.8, 1e-6);
    k.rotate(b, turn, 4, false);
    assert_true(b[0] == a[0] && b[2] == a[1] && b[1] == a[2] && b[3] == a[3]);
}

static void narrowing_says_when_a_number_does_not_fit(void **state)
{
    (void)state;
    const float fits[4] = { 65504, INFINITY, -INFINITY, 1 }, big[2] = { 1, -65520 };
    uint16_t h[4];
    assert_true(k.narrow(h, HEFT_F16, fits, 4));
    assert_int_equal(h[0], 0x7bff);
    assert_int_equal(h[1], 0x7c00);
    assert_false(k.narrow(h, HEFT_F16, big, 2));
    assert_true(k.narrow(h, HEFT_BF16, big, 2));
    const float huge = 0x1.ffp127f;
    assert_false(k.narrow(h, HEFT_BF16, &huge, 1));
    float copy;
    assert_true(k.narrow(&copy, HEFT_F32, &huge, 1));
    assert_true(copy == huge);
}

/* Number i of blocks. */
static float stored(const heft_block_q8_0 *b, int32_t i)
{
    uint16_t d;
    memcpy(&d, b[i / 32].d, sizeof d);
    return heft_half(d) * (float)b[i / 32].q[i % 32];
}

static void blocks_of_a_cache_are_within_half_a_step_however_small_their_numbers(void **state)
{
    (void)state;
    enum { BLOCKS = 3 };
    heft_block_q8_0 b[BLOCKS];
    for (int32_t power = -40; power <= 20; power++) {
        float x[32 * BLOCKS];
        for (int32_t i = 0; i < 32 * BLOCKS;
             i++) /* the largest first, and then smaller ones of both signs */
            x[i] =
                ldexpf((i % 2 ? -1.0f : 1.0f) * (1 - (float)(i * i % 131) / 131), power + i / 32);
        assert_true(k.narrow(b, HEFT_Q8_0, x, 32 * BLOCKS));
        for (int32_t i = 0; i < 32 * BLOCKS; i++) {
            /* a 254th of the largest, and a scale that rounding up made larger; or half of the
             * least half */
            const double step = ldexp(1.0 / 254, power + i / 32) * (1 + 0x1p-10) + 0x1p-25;
            assert_near((double)stored(b, i), (double)x[i], step);
            assert_true(abs(b[i / 32].q[i % 32]) <= 127);
        }
        if (power >= -6) assert_int_equal(b[0].q[0], 127);
    }
}

static void blocks_of_a_cache_say_what_they_cannot_hold(void **state)
{
    (void)state;
    heft_block_q8_0 b[2];
    float x[64] = { 3, -1.5f };
    assert_true(k.narrow(b, HEFT_Q8_0, x, 64));
    assert_true(stored(b, 31) == 0 && stored(b, 32) == 0); /* 0 too is a block's largest number */
    x[40] = 127 * 65504.0f;
    assert_true(k.narrow(b, HEFT_Q8_0, x, 64));
    assert_true(stored(b, 40) == x[40]);
    x[40] *= 1.001f; /* its scale is no half */
    assert_false(k.narrow(b, HEFT_Q8_0, x, 64));
    x[40] = INFINITY;
    x[5] = NAN;
    assert_true(k.narrow(b, HEFT_Q8_0, x, 64));
    for (int32_t i = 0; i < 64; i++)
        assert_true(isnan(stored(b, i)) && b[i / 32].q[i % 32] == 0);
}

static void condensing_weighs_every_number_by_a_softmax_of_its_own(void **state)
{
    (void)state;
    const float value[3][2] = { { 1, 10 }, { 2, 20 }, { 4, 40 } };
    const float gate[3][2] = { { 0, 300 }, { 0, 100 }, { 0, 200 } }, bias[2] = { 50, -250 };
    heft_share s[3];
    for (int32_t r = 0; r < 3; r++)
        s[r] = (heft_share){ value[r], gate[r], r == 0 ? bias : NULL };
    float y[2];
    k.condense(y, s + 1, 2, 2);
    assert_true(y[0] == 3 && y[1] == 40); /* equal gates; the larger alone */
    k.condense(y, s, 3, 2);
    assert_true(y[0] == 1 && y[1] == 40); /* the bias raises the first, and lowers it */
}

static void softmax_gives_weights_their_sum_and_the_maximum(void **state)
{
    (void)state;
    const float x[4] = { 100, 98, -INFINITY, 100.5f };
    float p[4], sum;
    assert_true(k.softmax(p, x, 4, &sum) == 100.5f);
    assert_true(p[3] == 1 && p[2] == 0 && p[0] == heft_exp(-0.5f));
    assert_near((double)sum, 1 + exp(-0.5) + exp(-2.5), 1e-6);
    const float zero[2] = { -0.0f, -0.0f };
    assert_false(signbit(k.softmax(p, zero, 2, &sum)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norm_rms_divides_by_the_root_of_the_mean_square),
        cmocka_unit_test(norm_layer_takes_the_mean_off_first),
        cmocka_unit_test(sums_have_sixteen_parts_folded_in_halves),
        cmocka_unit_test(add_and_scale_do_one_rounding_each),
        cmocka_unit_test(activations_follow_their_formulas),
        cmocka_unit_test(a_gated_unit_limits_the_gate_above_and_up_on_both_sides),
        cmocka_unit_test(rotation_turns_pairs_or_halves_and_keeps_lengths),
        cmocka_unit_test(narrowing_says_when_a_number_does_not_fit),
        cmocka_unit_test(blocks_of_a_cache_are_within_half_a_step_however_small_their_numbers),
        cmocka_unit_test(blocks_of_a_cache_say_what_they_cannot_hold),
        cmocka_unit_test(condensing_weighs_every_number_by_a_softmax_of_its_own),
        cmocka_unit_test(softmax_gives_weights_their_sum_and_the_maximum),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}

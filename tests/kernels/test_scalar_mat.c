/* The definition of the matrix sums: that it is what docs/sums.md says, and that it never moves. */
#include "base/mem.h"
#include "dtype/blocks.h"
#include "kernels/fill.h"
#include "random_mat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static heft_kernels scalar;

/* ---- activations ---- */

static heft_act quantised(const float x[32])
{
    heft_act a;
    scalar.quantise(&a, x, 32);
    return a;
}

static void the_largest_number_of_a_block_becomes_127(void **state)
{
    (void)state;
    float x[32] = { 0 };
    x[5] = -3;
    x[20] = 1.5f;
    heft_act a = quantised(x);
    assert_true(a.d == 3.0f / 127.0f);
    assert_int_equal(a.q[5], -127);
    assert_int_equal(a.q[20], 64); /* 63.5, a tie */
    assert_int_equal(a.h[0], -127);
    assert_int_equal(a.h[1], 64);
    assert_true(a.s == a.d * -63.0f);
}

static void ties_go_to_the_even_number(void **state)
{
    (void)state;
    float x[32] = { 127 };
    for (int32_t i = 1; i < 32; i++)
        x[i] = (float)i - 16.5f;
    heft_act a = quantised(x);
    for (int32_t i = 1; i < 32; i++)
        assert_int_equal(a.q[i] % 2, 0);
    assert_int_equal(a.q[16], 0);  /* -0.5 */
    assert_int_equal(a.q[18], 2);  /* 1.5 */
    assert_int_equal(a.q[15], -2); /* -1.5 */
}

static void zero_and_tiny_blocks_are_zero(void **state)
{
    (void)state;
    float x[32] = { 0 };
    static const heft_act zero = { 0 };
    heft_act a = quantised(x);
    assert_memory_equal(&a, &zero, sizeof a);
    for (int32_t i = 0; i < 32; i++)
        x[i] = nextafterf(HEFT_ACT_MIN, 0);
    a = quantised(x);
    assert_memory_equal(&a, &zero, sizeof a);
    x[31] = HEFT_ACT_MIN;
    a = quantised(x);
    assert_int_equal(a.q[31], 127);
    assert_int_equal(a.h[1], 16 * 127);
}

static void a_block_with_infinity_or_nan_poisons_its_sums(void **state)
{
    (void)state;
    const float bad[] = { INFINITY, -INFINITY, NAN };
    for (size_t b = 0; b < 3; b++)
        for (int32_t at = 0; at < 32; at += 31) {
            float x[32] = { 1, 2, 3 };
            x[at] = bad[b];
            heft_act a = quantised(x);
            assert_true(isnan(a.d) && isnan(a.s));
            for (int32_t i = 0; i < 32; i++)
                assert_int_equal(a.q[i], 0);
            assert_true(a.h[0] == 0 && a.h[1] == 0);
        }
}

/* ---- the steps, spelt out on a few blocks ---- */

static void put_half(uint8_t *p, float f)
{
    uint16_t h = heft_to_half(f);
    memcpy(p, &h, sizeof h);
}

static float product(const heft_mat *w, const heft_act *a)
{
    float y = NAN, *yp = &y;
    const void *x = a;
    scalar.mul(w, 0, 1, &(heft_columns){ .x = &x, .n = 1 }, &yp, NULL);
    return y;
}

static void class_s_adds_block_after_block(void **state)
{
    (void)state;
    heft_block_q8_0 w[2] = { { .q = { [0] = -128, [31] = 3 } }, { .q = { [16] = 127 } } };
    const heft_act a[2] = { { .d = 0.1f, .q = { [0] = 100, [31] = -7 } },
                            { .d = 0.3f, .q = { [16] = -127 } } };
    put_half(w[0].d, 0.7f);
    put_half(w[1].d, -0.2f);
    const heft_mat m = mat_on((const uint8_t *)w, HEFT_Q8_0, 1, 64, false);
    const float d0 = heft_half(heft_to_half(0.7f)), d1 = heft_half(heft_to_half(-0.2f));
    float y = fmaf(d0 * 0.1f, -12821, 0);
    y = fmaf(d1 * 0.3f, -16129, y);
    assert_true(product(&m, a) == y);
}

static void class_a_adds_the_product_then_the_minimum(void **state)
{
    (void)state;
    /* blocks 0 and 4 of a Q4_K block: scales 5 and 17, minima 33 and 50 */
    heft_block_q4_k w = { .sc = { [0] = 5 | 1 << 6, [4] = 33 | 3 << 6, [8] = 1 | 2 << 4 },
                          .qs = { [2] = 9, [64] = 15 } };
    heft_act a[8] = { [0] = { .d = 0.01f, .s = 0.77f, .q = { [2] = 50 } },
                      [4] = { .d = 0.03f, .s = -1.3f, .q = { [0] = -127 } } };
    put_half(w.d, 0.013f);
    put_half(w.dmin, 0.21f);
    const heft_mat m = mat_on((const uint8_t *)&w, HEFT_Q4_K, 1, 256, false);
    const float d = heft_half(heft_to_half(0.013f)), dmin = heft_half(heft_to_half(0.21f));
    float y = fmaf(d * 5 * 0.01f, 450, 0);
    y = fmaf(-dmin * 33, 0.77f, y);
    y = fmaf(d * 17 * 0.03f, -1905, y);
    y = fmaf(-dmin * 50, -1.3f, y);
    assert_true(product(&m, a) == y);
}

static void class_q_multiplies_halves_by_their_scales_in_integers(void **state)
{
    (void)state;
    /* every q is -32, except number 16 of block 0, which is 31 */
    heft_block_q6_k w = { .ql = { [16] = 15 }, .qh = { [16] = 3 }, .sc = { 3, -128 } };
    heft_act a[8] = { [0] = { .d = 0.01f, .q = { [1] = 127, [16] = 127, [17] = -1 } } };
    put_half(w.d, 0.013f);
    const heft_mat m = mat_on((const uint8_t *)&w, HEFT_Q6_K, 1, 256, false);
    const float d = heft_half(heft_to_half(0.013f));
    const int32_t total = 3 * (-32 * 127) + -128 * (31 * 127 + 32);
    assert_true(product(&m, a) == fmaf(d * 0.01f, (float)total, 0));
}

static void class_m_multiplies_minima_by_sums_in_integers(void **state)
{
    (void)state;
    /* block 1: number 32 + 3 is 2, number 32 + 16 is 3; sub-scales 5 and 9, minima 7 and 15 */
    heft_block_q2_k w = { .sc = { [2] = 5 | 7 << 4, [3] = 9 | 15 << 4 },
                          .qs = { [3] = 2 << 2, [16] = 3 << 2 } };
    heft_act a[8] = { [1] = {
                          .d = 0.01f, .s = 99, .h = { 30, -44 }, .q = { [3] = 30, [16] = -44 } } };
    put_half(w.d, 0.013f);
    put_half(w.dmin, 0.21f);
    const heft_mat m = mat_on((const uint8_t *)&w, HEFT_Q2_K, 1, 256, false);
    const float d = heft_half(heft_to_half(0.013f)), dmin = heft_half(heft_to_half(0.21f));
    float y = fmaf(d * 0.01f, 5 * 2 * 30 - 9 * 3 * 44, 0);
    y = fmaf(-dmin * 0.01f, 7 * 30 - 15 * 44, y);
    assert_true(product(&m, a) == y);
}

static void class_h_adds_half_after_half(void **state)
{
    (void)state;
    /* scales 1.75 and 2^-9 (the smallest) of block 1; numbers 4 and -6 */
    heft_block_nvfp4 w = { .d = { [2] = 0x3e, [3] = 1 },
                           .qs = { [2] = { [1] = 6 }, [3] = { [7] = 15 << 4 } } };
    heft_act a[2] = { [1] = { .d = 0.3f, .q = { [1] = 100, [31] = 77 } } };
    const heft_mat m = mat_on((const uint8_t *)&w, HEFT_NVFP4, 1, 64, false);
    float y = fmaf(0.875f * 0.3f, 8 * 100, 0);
    y = fmaf(0x1p-10f * 0.3f, -12 * 77, y);
    assert_true(product(&m, a) == y);
}

static void class_f_keeps_sixteen_sums_and_folds_them(void **state)
{
    (void)state;
    uint64_t seed = 16;
    for (int32_t k = 0; k <= 70; k++) {
        float w[70], x[70], lane[16], y = NAN, *yp = &y;
        const void *xp = x;
        random_activations(x, k, &seed);
        for (int32_t i = 0; i < k; i++)
            w[i] = random_float(&seed);
        for (int32_t l = 0; l < 16; l++) {
            lane[l] = 0;
            for (int32_t i = l; i < k; i += 16)
                lane[l] = fmaf(w[i], x[i], lane[l]);
        }
        for (int32_t l = 0; l < 8; l++)
            lane[l] += lane[l + 8];
        const float expected = ((lane[0] + lane[4]) + (lane[2] + lane[6]))
                               + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
        const heft_mat m = mat_on((const uint8_t *)w, HEFT_F32, 1, k, false);
        scalar.mul(&m, 0, 1, &(heft_columns){ .x = &xp, .n = 1 }, &yp, NULL);
        assert_true(y == expected);
    }
}

static void class_c_is_one_chain(void **state)
{
    (void)state;
    /* [in, out] = [3, 2] */
    const float w[6] = { 1e8f, 1, 1, 2, -1e8f, 3 }, x[3] = { 1, 1, 1 };
    float y[2], *yp = y;
    const void *xp = x;
    const heft_mat m = mat_on((const uint8_t *)w, HEFT_F32, 2, 3, true);
    scalar.mul(&m, 0, 2, &(heft_columns){ .x = &xp, .n = 1 }, &yp, NULL);
    assert_true(y[0] == 0); /* 1e8 + 1 rounds to 1e8 */
    assert_true(y[1] == 6);
}

/* ---- all formats at once ---- */

typedef struct {
    heft_dtype dtype;
    bool by_col;
    uint64_t hash; /* of the results of `all` below: the bits every machine must give */
} known;

static const known formats[] = {
    { HEFT_F32, false, 0xae1f822621a6ee8f },     { HEFT_F16, false, 0x755f8202655c049d },
    { HEFT_BF16, false, 0xf407e09df8c7992c },    { HEFT_F32, true, 0xf02877c59acc3532 },
    { HEFT_F16, true, 0x985a7c998b8e65ef },      { HEFT_BF16, true, 0x963fa27e82849196 },
    { HEFT_Q4_0, false, 0xf7d1b96ad2f7482b },    { HEFT_Q8_0, false, 0xf5763276488e592d },
    { HEFT_Q4_K, false, 0x602467a9efd3788a },    { HEFT_Q5_K, false, 0xdb62ac5acac28718 },
    { HEFT_Q6_K, false, 0x48c619b169efa2ea },    { HEFT_Q1_0, false, 0x502275cc9e002f1d },
    { HEFT_Q2_0, false, 0x201423b075177ca5 },    { HEFT_Q4_1, false, 0x0d27fb54e8a8b150 },
    { HEFT_Q5_0, false, 0xd5128161cf31ad0f },    { HEFT_Q5_1, false, 0x481cb12cad0f3462 },
    { HEFT_Q2_K, false, 0x2dd9915ce114f044 },    { HEFT_Q3_K, false, 0x1f2530f489cf4e19 },
    { HEFT_IQ1_S, false, 0x5f0763b9a3911177 },   { HEFT_IQ1_M, false, 0x19c13208011307df },
    { HEFT_IQ2_XXS, false, 0x3202fcb075644931 }, { HEFT_IQ2_XS, false, 0xd469ab5c792bb15f },
    { HEFT_IQ2_S, false, 0x891de862956e0b5f },   { HEFT_IQ3_XXS, false, 0xbe93f5bdd3ac4a4e },
    { HEFT_IQ3_S, false, 0xfe4d600c5316535e },   { HEFT_IQ4_NL, false, 0x442faf0e020f7bfb },
    { HEFT_IQ4_XS, false, 0x088c89aaf4124444 },  { HEFT_TQ1_0, false, 0xd8faee059d55430e },
    { HEFT_TQ2_0, false, 0x9fa36583ff59dcac },   { HEFT_MXFP4, false, 0xa33261185f653b64 },
    { HEFT_NVFP4, false, 0xf8ff1a30511c7c97 },
};

enum { ROWS = 5, COLS = 768, N = 3 };

typedef struct {
    uint8_t weights[1 + ROWS * COLS * 4];
    heft_mat w;
    float x[N][COLS];
    heft_act a[N][COLS / 32];
    float y[N][ROWS];
} all;

static void make_all(all *t, const known *f)
{
    uint64_t seed = 1234567 + f->dtype;
    t->w = mat_on(t->weights + 1, f->dtype, ROWS, COLS, f->by_col);
    random_weights(t->weights + 1, f->dtype, ROWS, COLS, &seed);
    const void *x[N];
    float *y[N];
    for (int32_t c = 0; c < N; c++) {
        random_activations(t->x[c], COLS, &seed);
        scalar.quantise(t->a[c], t->x[c], COLS);
        x[c] = heft_dtypes[f->dtype].sum == HEFT_SUM_F ? (const void *)t->x[c] : t->a[c];
        y[c] = t->y[c];
    }
    scalar.mul(&t->w, 0, ROWS, &(heft_columns){ .x = x, .n = N }, y, NULL);
}

/* Rounding errors only: every sum is near the product of what `row` and the activations say. */
static void every_sum_is_the_product(void **state)
{
    (void)state;
    static all t;
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        const bool floats = heft_dtypes[formats[f].dtype].sum == HEFT_SUM_F;
        make_all(&t, &formats[f]);
        for (int32_t r = 0; r < ROWS; r++) {
            float w[COLS];
            scalar.row(w, &t.w, r);
            for (int32_t c = 0; c < N; c++) {
                double sum = 0, size = 0;
                for (int32_t k = 0; k < COLS; k++) {
                    const heft_act *a = &t.a[c][k / 32];
                    double x = floats ? (double)t.x[c][k] : (double)a->d * a->q[k % 32];
                    sum += (double)w[k] * x;
                    size += fabs((double)w[k] * x);
                }
                assert_true(fabs((double)t.y[c][r] - sum) <= size * 0x1p-20);
            }
        }
    }
}

static void the_definition_has_not_moved(void **state)
{
    (void)state;
    static all t;
    int32_t moved = 0;
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        make_all(&t, &formats[f]);
        uint64_t hash = heft_str_hash((heft_str){ (const char *)t.y, sizeof t.y });
        if (hash == formats[f].hash) continue;
        print_error("%s%s: 0x%016llx\n", heft_dtypes[formats[f].dtype].name,
                    formats[f].by_col ? " by column" : "", (unsigned long long)hash);
        moved++;
    }
    assert_int_equal(moved, 0);
}

static void no_columns_and_no_rows_write_nothing(void **state)
{
    (void)state;
    static all t;
    make_all(&t, &formats[0]);
    float y = 42, *yp = &y;
    const void *x = t.x[0];
    scalar.mul(&t.w, 0, ROWS, &(heft_columns){ .x = &x, .n = 0 }, &yp, NULL);
    scalar.mul(&t.w, 0, 0, &(heft_columns){ .x = &x, .n = 1 }, &yp, NULL);
    assert_true(y == 42);
    t.w.cols = 0;
    scalar.mul(&t.w, 0, 1, &(heft_columns){ .x = &x, .n = 1 }, &yp, NULL);
    assert_true(y == 0);
}

int main(void)
{
    heft_kernels_scalar_mat(&scalar);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_number_of_a_block_becomes_127),
        cmocka_unit_test(ties_go_to_the_even_number),
        cmocka_unit_test(zero_and_tiny_blocks_are_zero),
        cmocka_unit_test(a_block_with_infinity_or_nan_poisons_its_sums),
        cmocka_unit_test(class_s_adds_block_after_block),
        cmocka_unit_test(class_a_adds_the_product_then_the_minimum),
        cmocka_unit_test(class_q_multiplies_halves_by_their_scales_in_integers),
        cmocka_unit_test(class_m_multiplies_minima_by_sums_in_integers),
        cmocka_unit_test(class_h_adds_half_after_half),
        cmocka_unit_test(class_f_keeps_sixteen_sums_and_folds_them),
        cmocka_unit_test(class_c_is_one_chain),
        cmocka_unit_test(every_sum_is_the_product),
        cmocka_unit_test(the_definition_has_not_moved),
        cmocka_unit_test(no_columns_and_no_rows_write_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

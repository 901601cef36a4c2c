/* Fixed states: what the scalar kernels compute is what their papers say, in double precision;
 * every instruction set this machine has gives their bytes, for any width, and touches nothing
 * beside. */
#include "fence.h"
#include "kernels/fill.h"
#include "random_mat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTHS = 150, ROWS = 9, TAPS = 4 };
enum { O, S, V, Q, K, W, X };

static void fill(float *x, int32_t n, uint64_t seed)
{
    for (int32_t i = 0; i < n; i++)
        x[i] = random_float(&seed);
}

static void a_state_forgets_corrects_itself_and_is_read(void **state)
{
    (void)state;
    enum { DK = 37, DV = 5 };
    heft_kernels k;
    heft_kernels_init(&k, 0);
    float s[DV][DK], q[DK], key[DK], v[DV], o[DV];
    double want[DV][DK];
    fill(&s[0][0], DV * DK, 1);
    fill(q, DK, 2);
    fill(key, DK, 3);
    fill(v, DV, 4);
    for (int32_t r = 0; r < DV; r++) {
        double read = 0;
        for (int32_t i = 0; i < DK; i++)
            read += 0.875 * (double)s[r][i] * (double)key[i];
        for (int32_t i = 0; i < DK; i++)
            want[r][i] = 0.875 * (double)s[r][i] + 0.25 * ((double)v[r] - read) * (double)key[i];
    }
    k.delta(o, &s[0][0], v,
            &(heft_delta_token){ .q = q, .k = key, .decay = 0.875f, .beta = 0.25f, .dk = DK }, DV);
    for (int32_t r = 0; r < DV; r++) {
        double read = 0;
        for (int32_t i = 0; i < DK; i++) {
            assert_true(fabs((double)s[r][i] - want[r][i]) < 1e-6);
            read += want[r][i] * (double)q[i];
        }
        assert_true(fabs((double)o[r] - read) < 4e-6);
    }
}

static void a_convolution_leaves_out_taps_without_a_token(void **state)
{
    (void)state;
    enum { N = 19, WIDE = 23 };
    heft_kernels k;
    heft_kernels_init(&k, 0);
    float w[TAPS * WIDE], x[TAPS][N], y[N];
    const float *at[TAPS];
    fill(w, TAPS * WIDE, 5);
    fill(&x[0][0], TAPS * N, 6);
    for (int32_t missing = 0; missing < TAPS; missing++) {
        for (int32_t j = 0; j < TAPS; j++)
            at[j] = j < missing ? NULL : x[j];
        k.conv(y, at, w, WIDE, TAPS, N);
        for (int32_t i = 0; i < N; i++) {
            double sum = 0;
            for (int32_t j = missing; j < TAPS; j++)
                sum += (double)w[j * WIDE + i] * (double)x[j][i];
            assert_true(fabs((double)y[i] - sum / (1 + exp(-sum))) < 1e-6);
        }
    }
}

static void assert_same(const float *got, const float *want, int32_t n, const char *what)
{
    for (int32_t i = 0; i < n; i++)
        if (!same_float(got[i], want[i]))
            fail_msg("%s: number %d of %d is %a, scalar %a", what, i, n, (double)got[i],
                     (double)want[i]);
}

static void compare_delta(const heft_kernels *k, const heft_kernels *scalar, int32_t dk, int32_t n)
{
    static float s[ROWS * WIDTHS], o[ROWS];
    uint64_t seed = 77u * (uint64_t)(dk + 1000 * n) + 1;
    const size_t row = sizeof(float) * (size_t)dk, rows = sizeof(float) * (size_t)n;
    float *state = fenced(S, row * (size_t)n), *out = fenced(O, rows), *v = fenced(V, rows);
    heft_delta_token t = { .decay = random_float(&seed), .beta = random_float(&seed), .dk = dk };
    float *q = fenced(Q, row), *key = fenced(K, row);
    random_floats(q, dk, &seed);
    random_floats(key, dk, &seed);
    random_floats(v, n, &seed);
    random_floats(state, n * dk, &seed);
    memcpy(s, state, row * (size_t)n);
    t.q = q;
    t.k = key;
    scalar->delta(o, s, v, &t, n);
    k->delta(out, state, v, &t, n);
    assert_same(out, o, n, "what is read of a state");
    assert_same(state, s, n * dk, "a state");
    assert_true(fence_intact(S, row * (size_t)n) && fence_intact(O, rows));
}

static void compare_conv(const heft_kernels *k, const heft_kernels *scalar, int32_t n, int32_t gone)
{
    static float want[WIDTHS];
    uint64_t seed = 99u * (uint64_t)(n + 1000 * gone) + 1;
    const int32_t row = n + 3;
    const size_t bytes = sizeof(float) * (size_t)n;
    float *w = fenced(W, sizeof(float) * (size_t)(row * (TAPS - 1) + n));
    float *y = fenced(O, bytes);
    const float *at[TAPS];
    random_floats(w, row * (TAPS - 1) + n, &seed);
    for (int32_t j = 0; j < TAPS; j++) {
        float *x = fenced(X + j, bytes);
        random_floats(x, n, &seed);
        at[j] = gone >> j & 1 ? NULL : x;
    }
    scalar->conv(want, at, w, row, TAPS, n);
    k->conv(y, at, w, row, TAPS, n);
    assert_same(y, want, n, "a convolution");
    assert_true(fence_intact(O, bytes));
}

/* Products that round to -0: who adds 0 * 0 where there is no element turns that into +0. */
static void compare_negative_zeros(const heft_kernels *k, const heft_kernels *scalar)
{
    enum { DK = 37 };
    float s[DK], key[DK] = { 0 }, q[DK], v = 0, want, got;
    for (int32_t i = 0; i < DK; i++) {
        s[i] = -1e-30f;
        q[i] = 1e-30f;
    }
    const heft_delta_token t = { .q = q, .k = key, .decay = 1, .beta = 0, .dk = DK };
    scalar->delta(&want, s, &v, &t, 1);
    k->delta(&got, s, &v, &t, 1);
    assert_true(want == 0 && signbit(want));
    assert_same(&got, &want, 1, "a sum of negative zeros");
}

static void every_set_gives_the_bytes_of_the_scalar_code(void **state)
{
    (void)state;
    const char *const names[] = { "avx2", "avx512", "neon" };
    heft_kernels scalar, k;
    heft_kernels_init(&scalar, 0);
    for (int32_t i = 0; i < 3; i++) {
        unsigned isa;
        if (!heft_isa_named(names[i], &isa)) continue;
        if (isa & ~heft_isa_detect()) {
            print_message("not run: this machine has no %s\n", names[i]);
            continue;
        }
        heft_kernels_init(&k, isa);
        compare_negative_zeros(&k, &scalar);
        for (int32_t n = 0; n < WIDTHS; n++) {
            for (int32_t rows = 0; rows < ROWS; rows++)
                compare_delta(&k, &scalar, n, rows);
            for (int32_t gone = 0; gone < 1 << TAPS; gone++)
                compare_conv(&k, &scalar, n, gone);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_forgets_corrects_itself_and_is_read),
        cmocka_unit_test(a_convolution_leaves_out_taps_without_a_token),
        cmocka_unit_test(every_set_gives_the_bytes_of_the_scalar_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

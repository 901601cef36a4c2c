/* Hyper-connections: the definition of docs/sums.md in double precision, on small streams. */
#include "ops/cpu.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { N = 3, D = 40, T = 5, ROWS = N * (N + 2) };

static const heft_streams by = { .n = N, .rounds = 4, .eps = 0.01f };

static float gain[3] = { 1.5f, -0.75f, 2 }, base[ROWS];
static const heft_hyper all = { .fn = { .w = { .rows = ROWS } }, .base = base, .gain = gain };
static const heft_hyper end = { .fn = { .w = { .rows = N } }, .base = base, .gain = gain };

static heft_device *open_device(int32_t threads)
{
    heft_error err = { 0 };
    heft_device *d = NULL;
    const heft_device_need need = { .threads = threads,
                                    .rows = T,
                                    .cols = 32,
                                    .blocks = T,
                                    .heads = 1,
                                    .dv = 1,
                                    .group = 1,
                                    .context = 1 };
    assert_ok(heft_cpu_open(&need, heft_isa_detect(), &d, &err), &err);
    return d;
}

/* Numbers of about -1 to 1, another for every seed. */
static void fill(float *x, int32_t n, uint32_t seed)
{
    for (int32_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) * 0x1p-23f - 1;
    }
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void divide(double *m, int32_t step)
{
    double sum = (double)by.eps;
    for (int32_t i = 0; i < N; i++)
        sum += m[i * step];
    for (int32_t i = 0; i < N; i++)
        m[i * step] /= sum;
}

/* What row x of a connection's matrix blends by. */
static void blend(double *c, const float *x)
{
    double *m = c + (ptrdiff_t)2 * N;
    for (int32_t i = 0; i < ROWS; i++) {
        c[i] = (double)gain[i < N ? 0 : i < 2 * N ? 1 : 2] * (double)x[i] + (double)base[i];
        if (i < 2 * N) c[i] = i < N ? sigmoid(c[i]) + (double)by.eps : 2 * sigmoid(c[i]);
    }
    for (int32_t j = 0; j < N; j++) {
        double sum = 0;
        for (int32_t k = 0; k < N; k++)
            sum += exp(m[j * N + k]);
        for (int32_t k = 0; k < N; k++)
            m[j * N + k] = exp(m[j * N + k]) / sum + (double)by.eps;
    }
    for (int32_t round = 0; round < by.rounds; round++) {
        for (int32_t j = 0; round > 0 && j < N; j++)
            divide(m + (ptrdiff_t)j * N, 1);
        for (int32_t k = 0; k < N; k++)
            divide(m + k, N);
    }
}

static void streams_are_read_written_and_mixed_by_what_the_page_says(void **state)
{
    (void)state;
    float raw[T * ROWS], c[T * ROWS];
    fill(raw, T * ROWS, 1);
    fill(base, ROWS, 2);
    heft_device *d = open_device(2);
    heft_ops_cpu.blend(d, c, raw, &all, &by, T);
    for (int32_t t = 0; t < T; t++) {
        double want[ROWS];
        blend(want, raw + (ptrdiff_t)t * ROWS);
        for (int32_t i = 0; i < ROWS; i++)
            assert_true(fabs((double)c[t * ROWS + i] - want[i]) < 1e-6);
    }
    float read[T * N];
    heft_ops_cpu.blend(d, read, raw, &end, &by, T); /* rows of N: the sigmoids alone */
    for (int32_t i = 0; i < T * N; i++) {
        const double v = (double)gain[0] * (double)raw[i] + (double)base[i % N];
        assert_true(fabs((double)read[i] - sigmoid(v) - (double)by.eps) < 1e-6);
    }
    heft_cpu_close(d);
}

/* After many rounds rows and columns sum to one: the manifold the name speaks of. */
static void mixing_neither_grows_nor_shrinks_the_streams(void **state)
{
    (void)state;
    float raw[ROWS], c[ROWS];
    const heft_streams often = { .n = N, .rounds = 50, .eps = 1e-6f };
    fill(raw, ROWS, 3);
    heft_device *d = open_device(1);
    heft_ops_cpu.blend(d, c, raw, &all, &often, 1);
    heft_cpu_close(d);
    for (int32_t i = 0; i < N; i++) {
        const float *m = c + 2 * N;
        assert_true(fabsf(m[i * N] + m[i * N + 1] + m[i * N + 2] - 1) < 1e-4f);
        assert_true(fabsf(m[i] + m[N + i] + m[2 * N + i] - 1) < 1e-4f);
    }
}

static void the_matrix_is_used_transposed_and_threads_change_no_bit(void **state)
{
    (void)state;
    static float x[T * N * D], o[T * D], c[T * ROWS], y[2][T * D], z[2][T * N * D];
    fill(x, T * N * D, 4);
    fill(o, T * D, 5);
    fill(c, T * ROWS, 6);
    for (int32_t i = 0; i < 2; i++) {
        heft_device *d = open_device(1 + 2 * i);
        heft_ops_cpu.collapse(d, y[i], x, c, ROWS, N, T, D);
        heft_ops_cpu.expand(d, z[i], x, o, c, N, T, D);
        heft_cpu_close(d);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    assert_memory_equal(z[0], z[1], sizeof z[0]);
    for (int32_t t = 0; t < T; t++) {
        const float *w = c + (ptrdiff_t)t * ROWS, *in = x + (ptrdiff_t)t * N * D;
        for (int32_t i = 0; i < D; i++) {
            float sum = w[0] * in[i];
            for (int32_t j = 1; j < N; j++)
                sum = fmaf(w[j], in[j * D + i], sum);
            assert_true(y[0][t * D + i] == sum);
            for (int32_t k = 0; k < N; k++) {
                sum = w[N + k] * o[t * D + i];
                for (int32_t j = 0; j < N; j++)
                    sum = fmaf(w[2 * N + j * N + k], in[j * D + i], sum);
                assert_true(z[0][(t * N + k) * D + i] == sum);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_read_written_and_mixed_by_what_the_page_says),
        cmocka_unit_test(mixing_neither_grows_nor_shrinks_the_streams),
        cmocka_unit_test(the_matrix_is_used_transposed_and_threads_change_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

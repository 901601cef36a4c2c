/* Gated delta rules and convolutions on whole steps: the algebra that takes tokens by the chunk
 * says the same, a step may be cut anywhere, and who has no past reads none. */
#include "ops/cpu.h"
#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { T = 37, CHUNK = 8, HK = 2, HV = 4, DK = 12, DV = 40, TAPS = 4 };
enum { QK = T * HK * DK, OUT = T * HV * DV, STATE = HV * DV * DK, N = 5, CHANNELS = 2 * N };

static uint32_t seed = 1;

static float any(void)
{
    seed = seed * 1664525 + 1013904223;
    return (float)(int32_t)seed / 0x1p31f;
}

static void fill(float *x, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        x[i] = any();
}

static heft_device *open_device(void)
{
    heft_error err = { 0 };
    heft_device *d = NULL;
    const heft_device_need need = { .threads = 2,
                                    .rows = T,
                                    .cols = 64,
                                    .blocks = T,
                                    .heads = 1,
                                    .dv = 1,
                                    .group = 1,
                                    .context = 1 };
    assert_ok(heft_cpu_open(&need, heft_isa_detect(), &d, &err), &err);
    return d;
}

/* Rows from .. from+n-1 of one sequence, in slot 1. */
typedef struct {
    int32_t first[2], past[1], slot[1], pos[T], seq[T];
    heft_batch b;
} step;

static void begin(step *s, int32_t from, int32_t n)
{
    *s = (step){ .first = { 0, n }, .past = { from }, .slot = { 1 } };
    for (int32_t i = 0; i < n; i++)
        s->pos[i] = from + i;
    s->b = (heft_batch){ .T = n,
                         .S = 1,
                         .pos = s->pos,
                         .seq = s->seq,
                         .first = s->first,
                         .past = s->past,
                         .slot = s->slot };
}

static float q[QK], k[QK], v[OUT], decay[T * HV], beta[T * HV], states[2 * STATE];

static void make_rule(void)
{
    fill(q, QK);
    fill(k, QK);
    fill(v, OUT);
    for (int32_t i = 0; i < QK; i++)
        k[i] /= 2; /* about the length that a norm leaves */
    for (int32_t i = 0; i < T * HV; i++) {
        decay[i] = 0.75f + any() / 4;
        beta[i] = 0.5f + any() / 2;
    }
}

/* The rule on the first T tokens, in two steps. */
static void run_rule(float *o, bool tiled, int32_t cut)
{
    const heft_delta g = { .Hk = HK, .Hv = HV, .dk = DK, .dv = DV, .tiled = tiled };
    const heft_state state = { states, STATE };
    heft_device *d = open_device();
    step s;
    for (int32_t i = 0; i < 2 * STATE; i++)
        states[i] = 1e30f; /* of who had the slot before */
    for (int32_t from = 0, n = cut; from < T; from += n, n = T - from) {
        const heft_delta_rows in = { .q = q + from * HK * DK,
                                     .k = k + from * HK * DK,
                                     .v = v + from * HV * DV,
                                     .decay = decay + from * HV,
                                     .beta = beta + from * HV };
        begin(&s, from, n);
        heft_ops_cpu.delta(d, o + from * HV * DV, &in, &g, &state, &s.b);
    }
    heft_cpu_close(d);
}

/* ---- by the chunk, in double precision: arXiv:2412.06464, section 3.3 ---- */

typedef struct {
    double k[CHUNK][DK], q[CHUNK][DK], v[CHUNK][DV], beta[CHUNK], sum[CHUNK]; /* sum of ln(decay) */
} chunk;

static int32_t load(chunk *c, int32_t from, int32_t h, int32_t key)
{
    const int32_t n = T - from < CHUNK ? T - from : CHUNK;
    double sum = 0;
    for (int32_t i = 0; i < n; i++) {
        const int32_t t = from + i;
        for (int32_t j = 0; j < DK; j++) {
            c->q[i][j] = (double)q[(t * HK + key) * DK + j];
            c->k[i][j] = (double)k[(t * HK + key) * DK + j];
        }
        for (int32_t j = 0; j < DV; j++)
            c->v[i][j] = (double)v[(t * HV + h) * DV + j];
        c->beta[i] = (double)beta[t * HV + h];
        c->sum[i] = sum += log((double)decay[t * HV + h]);
    }
    return n;
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int32_t i = 0; i < DK; i++)
        sum += a[i] * b[i];
    return sum;
}

/* u_i = beta_i (v_i - e^G_i S k_i - sum over j < i of e^(G_i - G_j) (k_i k_j) u_j) */
static void correct(const chunk *c, int32_t n, double s[DV][DK], double u[CHUNK][DV])
{
    for (int32_t i = 0; i < n; i++)
        for (int32_t r = 0; r < DV; r++) {
            double known = exp(c->sum[i]) * dot(s[r], c->k[i]);
            for (int32_t j = 0; j < i; j++)
                known += exp(c->sum[i] - c->sum[j]) * dot(c->k[i], c->k[j]) * u[j][r];
            u[i][r] = c->beta[i] * (c->v[i][r] - known);
        }
}

static void by_chunks(double *o, int32_t h, int32_t key)
{
    static double s[DV][DK], u[CHUNK][DV];
    static chunk c;
    memset(s, 0, sizeof s);
    for (int32_t from = 0, n; from < T; from += n) {
        n = load(&c, from, h, key);
        correct(&c, n, s, u);
        for (int32_t i = 0; i < n; i++)
            for (int32_t r = 0; r < DV; r++) {
                double read = exp(c.sum[i]) * dot(s[r], c.q[i]);
                for (int32_t j = 0; j <= i; j++)
                    read += exp(c.sum[i] - c.sum[j]) * dot(c.q[i], c.k[j]) * u[j][r];
                o[((from + i) * HV + h) * DV + r] = read;
            }
        for (int32_t r = 0; r < DV; r++)
            for (int32_t j = 0; j < DK; j++) {
                s[r][j] *= exp(c.sum[n - 1]);
                for (int32_t i = 0; i < n; i++)
                    s[r][j] += exp(c.sum[n - 1] - c.sum[i]) * u[i][r] * c.k[i][j];
            }
    }
}

static void the_recurrence_says_what_the_algebra_of_chunks_says(void **state)
{
    (void)state;
    static float o[OUT];
    static double want[OUT];
    make_rule();
    for (int32_t tiled = 0; tiled < 2; tiled++) {
        run_rule(o, tiled, T);
        double difference = 0, largest = 0;
        for (int32_t h = 0; h < HV; h++)
            by_chunks(want, h, tiled ? h % HK : h / (HV / HK));
        for (int32_t i = 0; i < OUT; i++) {
            difference = fmax(difference, fabs((double)o[i] - want[i]));
            largest = fmax(largest, fabs(want[i]));
        }
        assert_true(difference < 1e-5 * largest);
        assert_true(largest > 1 && states[0] == 1e30f); /* of slot 0 nothing was touched */
    }
}

static void a_rule_may_be_cut_anywhere(void **state)
{
    (void)state;
    static float whole[OUT], o[OUT], kept[STATE];
    make_rule();
    run_rule(whole, false, T);
    memcpy(kept, states + STATE, sizeof kept);
    for (int32_t cut = 1; cut < T; cut++) {
        memset(o, 0, sizeof o);
        run_rule(o, false, cut);
        assert_memory_equal(o, whole, sizeof o);
        assert_memory_equal(states + STATE, kept, sizeof kept);
    }
}

/* Two heads of N channels that lie apart in rows of 4 N, the second before the first. */
static void a_convolution_may_be_cut_anywhere(void **state)
{
    (void)state;
    static float x[T * 4 * N], w[TAPS * (CHANNELS + 3)], y[T * CHANNELS];
    float inputs[2 * (TAPS - 1) * (CHANNELS + 3)];
    heft_device *d = open_device();
    const heft_mat m = { .data = (const uint8_t *)w,
                         .stride = TAPS * sizeof *w,
                         .rows = CHANNELS + 3,
                         .cols = TAPS,
                         .dtype = HEFT_F32 };
    const heft_taps taps = { &m, 3 };
    const size_t each = (TAPS - 1) * (CHANNELS + 3);
    fill(x, T * 4 * N);
    fill(w, TAPS * (CHANNELS + 3));
    for (int32_t cut = 1; cut <= T; cut++) {
        step s;
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
            inputs[i] = NAN;
        for (int32_t from = 0; from < T; from += cut) {
            const int32_t n = T - from < cut ? T - from : cut;
            const heft_slice slice = { x + from * 4 * N, 4 * N, 2, N, { 2 * N, 2, 0, -2 * N } };
            begin(&s, from, n);
            heft_ops_cpu.conv(d, y + from * CHANNELS, &slice, &taps, &(heft_state){ inputs, each },
                              &s.b);
        }
        for (int32_t t = 0; t < T; t++)
            for (int32_t c = 0; c < CHANNELS; c++) {
                float acc = 0;
                for (int32_t j = 0; j < TAPS; j++)
                    if (t - TAPS + 1 + j >= 0)
                        acc =
                            fmaf(w[(3 + c) * TAPS + j],
                                 x[(t - TAPS + 1 + j) * 4 * N + (c < N ? 2 * N + c : c - N)], acc);
                assert_true(y[t * CHANNELS + c] == acc / (1 + heft_exp(-acc)));
            }
        assert_true(isnan(inputs[0]) && isnan(inputs[each]) && !isnan(inputs[each + 3]));
    }
    heft_cpu_close(d);
}

static void gates_decay_and_correct(void **state)
{
    (void)state;
    enum { HEADS = 4 };
    /* of two groups: b b a a */
    static const float row[2 * HEADS] = { 1, -2, 3, -40, 0.5f, 2, 0, 50 };
    static const float rate[HEADS] = { -1, -0.25f, -2, -0.5f }, dt[HEADS] = { 0.5f, 0, -1, 1 };
    static const float b[HEADS] = { 1, -2, 0.5f, 2 }, a[HEADS] = { 3, -40, 0, 50 };
    const heft_slice at_b = { row, 2 * HEADS, HEADS, 1, { 0, 2, 4, 1 } },
                     at_a = { row, 2 * HEADS, HEADS, 1, { 2, 2, 4, 1 } };
    float left[HEADS], much[HEADS];
    heft_device *d = open_device();
    heft_ops_cpu.delta_gates(d, left, much, &at_a, &at_b, rate, dt, 1);
    for (int32_t h = 0; h < HEADS; h++) {
        const double softplus = log1p(exp((double)a[h] + (double)dt[h]));
        assert_true(fabs((double)left[h] / exp((double)rate[h] * softplus) - 1) < 1e-5);
        assert_true(fabs((double)much[h] - 1 / (1 + exp(-(double)b[h]))) < 1e-6);
    }
    heft_cpu_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recurrence_says_what_the_algebra_of_chunks_says),
        cmocka_unit_test(a_rule_may_be_cut_anywhere),
        cmocka_unit_test(a_convolution_may_be_cut_anywhere),
        cmocka_unit_test(gates_decay_and_correct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

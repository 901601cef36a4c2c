/* Row kernels: every instruction set this machine has gives the bytes of the scalar code, for
 * every length from 0 to 300 and any address, and reads and writes nothing beside. */
#include "fence.h"
#include "kernels/fill.h"
#include "random_mat.h"
#include "sets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LENGTHS = 301, Y = 0, X, W, B, EXTRA };

/* One run of a kernel on n numbers made from the seed: the output, n floats in fence Y; in extra,
 * what it said besides. `way` numbers the forms a kernel has. */
typedef struct {
    const char *name;
    int32_t ways;
    const float *(*run)(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                        float extra[EXTRA]);
} kernel;

static float *make(int32_t fence, int32_t n, uint64_t *seed, bool any)
{
    float *x = fenced(fence, sizeof(float) * (size_t)n);
    (any ? random_any_floats : random_floats)(x, n, seed);
    return x;
}

static float *output(int32_t n)
{
    return fenced(Y, sizeof(float) * (size_t)n);
}

static const float *run_norm_rms(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                                 float extra[EXTRA])
{
    (void)extra;
    float *y = output(n), *x = make(X, n, &seed, false), *w = make(W, n, &seed, false);
    if (way & 2) x = memcpy(y, x, sizeof(float) * (size_t)n);
    k->norm_rms(y, x, way & 1 ? w : NULL, 1e-5f, n);
    return y;
}

static const float *run_norm_layer(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                                   float extra[EXTRA])
{
    (void)extra;
    float *y = output(n), *x = make(X, n, &seed, false);
    float *w = make(W, n, &seed, false), *b = make(B, n, &seed, false);
    if (way & 4) x = memcpy(y, x, sizeof(float) * (size_t)n);
    k->norm_layer(y, x, way & 1 ? w : NULL, way & 2 ? b : NULL, 1e-5f, n);
    return y;
}

static const float *run_add(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                            float extra[EXTRA])
{
    (void)extra;
    float *y = output(n), *a = make(X, n, &seed, true), *b = make(B, n, &seed, true);
    if (way & 1) a = memcpy(y, a, sizeof(float) * (size_t)n);
    k->add(y, a, b, way & 2 ? 1 : 0.37f, n);
    return y;
}

static const float *run_scale(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                              float extra[EXTRA])
{
    (void)extra;
    float *y = output(n), *x = make(X, n, &seed, true);
    if (way & 1) x = memcpy(y, x, sizeof(float) * (size_t)n);
    k->scale(y, x, 1.7f, way & 2 ? 30 : 0, n);
    return y;
}

enum { FUNCTIONS = HEFT_ACT_SIGMOID + 1 };

/* Gate and up side by side, or interleaved: then the last number read is the last of all. */
static const float *run_glu(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                            float extra[EXTRA])
{
    (void)extra;
    const int32_t form = way / FUNCTIONS, step = 1 + (form & 1);
    float *y = output(n), *x = make(X, 2 * n, &seed, true);
    heft_glu g = { .fn = (heft_act_kind)(way % FUNCTIONS), .gate = x, .gate_step = step };
    g.up = step == 2 ? x + 1 : x + n;
    g.up_step = step;
    if (form & 2) g.gate_max = 7, g.up_abs = 6, g.up_add = 1;
    if (form & 4) g.up = NULL;
    k->glu(y, &g, n);
    return y;
}

static const float *run_rotate(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                               float extra[EXTRA])
{
    (void)extra;
    float *x = make(Y, n, &seed, false), *cs = make(W, n / 2 * 2, &seed, false);
    k->rotate(x, cs, n / 2 * 2, way);
    return x;
}

/* The entries are left in front of zeros, so that bytes are compared as floats. */
static const float *run_narrow(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                               float extra[EXTRA])
{
    const heft_dtype types[] = { HEFT_F32, HEFT_F16, HEFT_BF16, HEFT_Q8_0 }, type = types[way % 4];
    const int32_t whole = n / heft_dtypes[type].block * heft_dtypes[type].block;
    const size_t bytes = heft_row_bytes(type, whole);
    float *y = output(n), *x = make(X, n, &seed, way >= 4);
    uint8_t *entries = fenced(B, bytes);
    extra[0] = k->narrow(entries, type, x, whole);
    memset(y, 0, sizeof(float) * (size_t)n);
    if (bytes) memcpy(y, entries, bytes);
    extra[1] = fence_intact(B, bytes);
    return y;
}

/* One share, or five: with a bias or without, in three fences. */
static const float *run_condense(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                                 float extra[EXTRA])
{
    (void)extra;
    float *y = output(n), *x = make(X, n, &seed, false), *w = make(W, n, &seed, false);
    float *b = make(B, n, &seed, false);
    heft_share s[5];
    for (int32_t r = 0; r < 5; r++)
        s[r] = (heft_share){ .value = r % 2 ? w : x,
                             .gate = r % 3 ? x : w,
                             .bias = way & 1 && r < 4 ? b : NULL };
    k->condense(y, s, way & 2 ? 5 : 1, n);
    return y;
}

static const float *run_softmax(const heft_kernels *k, int32_t n, int32_t way, uint64_t seed,
                                float extra[EXTRA])
{
    float *y = output(n), *x = make(X, n, &seed, false);
    if (n == 0) return y;
    for (int32_t i = 0; i < n; i++) {
        if (way == 1) x[i] = random_bits(&seed) % 2 ? 0 : -0.0f;
        if (way == 2 && i % 3) x[i] = -1e30f;
    }
    extra[0] = k->softmax(y, x, n, extra + 1);
    return y;
}

static const kernel kernels[] = {
    { "norm_rms", 4, run_norm_rms },
    { "norm_layer", 8, run_norm_layer },
    { "add", 4, run_add },
    { "scale", 4, run_scale },
    { "glu", 8 * FUNCTIONS, run_glu },
    { "rotate", 2, run_rotate },
    { "narrow", 8, run_narrow },
    { "softmax", 3, run_softmax },
    { "condense", 4, run_condense },
};

static void compare(const heft_kernels *k, const kernel *of, int32_t n, int32_t way)
{
    static float expected[LENGTHS];
    const size_t bytes = sizeof(float) * (size_t)n;
    const uint64_t seed = 0x9e3779b97f4a7c15u * (uint64_t)(n + 1000 * way + 1);
    float want[EXTRA] = { 0 }, got[EXTRA] = { 0 };
    heft_kernels scalar;
    heft_kernels_init(&scalar, 0);

    memcpy(expected, of->run(&scalar, n, way, seed, want), bytes);
    const float *y = of->run(k, n, way, seed, got);
    for (int32_t i = 0; i < n; i++)
        if (!same_float(expected[i], y[i]))
            fail_msg("%s, way %d, %s: number %d of %d is %a, scalar %a", of->name, way, k->name, i,
                     n, (double)y[i], (double)expected[i]);
    for (int32_t i = 0; i < EXTRA; i++)
        if (!same_float(want[i], got[i]))
            fail_msg("%s, way %d, %s, %d numbers: returns %a, scalar %a", of->name, way, k->name, n,
                     (double)got[i], (double)want[i]);
    assert_true(fence_intact(Y, bytes));
}

static void every_set_gives_the_bytes_of_the_scalar_code(void **state)
{
    (void)state;
    heft_kernels sets[MAX_SETS];
    const int32_t count = sets_here(sets);
    for (int32_t s = 0; s < count; s++)
        for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
            for (int32_t way = 0; way < kernels[i].ways; way++)
                for (int32_t n = 0; n < LENGTHS; n++)
                    compare(&sets[s], &kernels[i], n, way);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_gives_the_bytes_of_the_scalar_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

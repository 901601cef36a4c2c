/* Rows of floats: the definition of norms, activations, rotation and softmax, in the order of
 * docs/sums.md, never optimised. */
#include "dtype/blocks.h"
#include "kernels/fill.h"
#include "kernels/polynomials.h"
#include "kernels/sums.h"

#include <math.h>
#include <string.h>

/* ---- norms ---- */

static float sum(const float *x, int32_t n)
{
    float s[16] = { 0 };
    for (int32_t i = 0; i < n; i++)
        s[i % 16] += x[i];
    return heft_fold(s);
}

static float sum_squares(const float *x, int32_t n)
{
    float s[16] = { 0 };
    for (int32_t i = 0; i < n; i++)
        s[i % 16] = fmaf(x[i], x[i], s[i % 16]);
    return heft_fold(s);
}

/* 1 / sqrt(mean(x^2) + eps) */
static float inverse_rms(const float *x, float eps, int32_t n)
{
    return 1 / sqrtf(sum_squares(x, n) / (float)n + eps);
}

static void norm_rms(float *y, const float *x, const float *w, float eps, int32_t n)
{
    float r = inverse_rms(x, eps, n);
    for (int32_t i = 0; i < n; i++)
        y[i] = w ? w[i] * (x[i] * r) : x[i] * r;
}

static void norm_layer(float *y, const float *x, const float *w, const float *b, float eps,
                       int32_t n)
{
    float mean = sum(x, n) / (float)n;
    for (int32_t i = 0; i < n; i++)
        y[i] = x[i] - mean;
    float r = inverse_rms(y, eps, n);
    for (int32_t i = 0; i < n; i++) {
        float t = y[i] * r;
        if (b)
            y[i] = fmaf(t, w ? w[i] : 1, b[i]);
        else
            y[i] = w ? w[i] * t : t;
    }
}

/* ---- elements ---- */

static void add(float *y, const float *a, const float *b, float s, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = fmaf(s, b[i], a[i]);
}

static void scale(float *y, const float *x, float s, float cap, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        float t = s * x[i];
        y[i] = cap > 0 ? cap * heft_tanh(t / cap) : t;
    }
}

static float act(heft_act_kind fn, float x)
{
    switch (fn) {
    case HEFT_ACT_SILU: return x / (1 + heft_exp(-x));
    case HEFT_ACT_GELU_TANH:
        return 0.5f * x * (1 + heft_tanh(heft_sqrt_2_pi * fmaf(heft_gelu_cubic, x * x * x, x)));
    case HEFT_ACT_GELU_ERF: return 0.5f * x * (1 + heft_erf(x * heft_sqrt_half));
    case HEFT_ACT_RELU: return 0 > x ? 0 : x;
    case HEFT_ACT_RELU_SQUARED: return 0 > x ? 0 : x * x;
    case HEFT_ACT_SIGMOID_1702: return x / (1 + heft_exp(-1.702f * x));
    case HEFT_ACT_SIGMOID: return 1 / (1 + heft_exp(-x));
    }
    return x;
}

/* The comparisons let a NaN through. */
static void glu(float *y, const heft_glu *g, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        float gate = g->gate[(ptrdiff_t)i * g->gate_step];
        if (g->gate_max > 0) gate = g->gate_max < gate ? g->gate_max : gate;
        y[i] = act(g->fn, gate);
        if (!g->up) continue;
        float up = g->up[(ptrdiff_t)i * g->up_step];
        if (g->up_abs > 0) {
            up = g->up_abs < up ? g->up_abs : up;
            up = -g->up_abs > up ? -g->up_abs : up;
        }
        y[i] *= up + g->up_add;
    }
}

static void rotate(float *x, const float *cs, int32_t width, bool pairs)
{
    int32_t apart = pairs ? 1 : width / 2;
    for (int32_t i = 0; i < width / 2; i++) {
        float *a = x + (pairs ? 2 * i : i), *b = a + apart;
        float c = cs[2 * i], s = cs[2 * i + 1];
        float turned = fmaf(*a, c, -(*b * s));
        *b = fmaf(*b, c, *a * s);
        *a = turned;
    }
}

/* 32 numbers as a block of Q8_0. */
static bool narrow_block(heft_block_q8_0 *b, const float *x)
{
    float m = 0;
    for (int32_t i = 0; i < 32; i++) {
        if (!isfinite(x[i])) {
            *b = (heft_block_q8_0){ .d = { 0x00, 0x7e } }; /* a NaN */
            return true;
        }
        m = fabsf(x[i]) > m ? fabsf(x[i]) : m;
    }
    const uint16_t h = heft_to_half_up(m / 127);
    const float d = heft_half(h), id = d > 0 ? 1 / d : 0;
    memcpy(b->d, &h, sizeof h);
    for (int32_t i = 0; i < 32; i++)
        b->q[i] = (int8_t)lrintf(x[i] * id);
    return !isinf(d);
}

static bool narrow_blocks(heft_block_q8_0 *y, const float *x, int32_t n)
{
    bool fits = true;
    for (int32_t i = 0; i < n / 32; i++)
        fits &= narrow_block(y + i, x + 32 * (ptrdiff_t)i);
    return fits;
}

static bool narrow(void *y, heft_dtype t, const float *x, int32_t n)
{
    if (t == HEFT_F32) {
        memcpy(y, x, (size_t)n * sizeof *x);
        return true;
    }
    if (t == HEFT_Q8_0) return narrow_blocks(y, x, n);
    uint8_t *p = y;
    bool fits = true;
    for (int32_t i = 0; i < n; i++) {
        uint16_t h = t == HEFT_F16 ? heft_to_half(x[i]) : heft_to_bf16(x[i]);
        memcpy(p + 2 * (size_t)i, &h, sizeof h);
        fits &=
            !isfinite(x[i]) || (t == HEFT_F16 ? (h & 0x7c00) != 0x7c00 : (h & 0x7f80) != 0x7f80);
    }
    return fits;
}

/* The maximum is made +0 where it is -0, so that its sign does not depend on the order. */
static float softmax(float *p, const float *x, int32_t n, float *total)
{
    float max = x[0];
    for (int32_t i = 1; i < n; i++)
        max = x[i] > max ? x[i] : max;
    max += 0.0f;
    for (int32_t i = 0; i < n; i++)
        p[i] = heft_exp(x[i] - max);
    *total = sum(p, n);
    return max;
}

static float gate_of(const heft_share *s, int32_t i)
{
    return s->bias ? s->gate[i] + s->bias[i] : s->gate[i];
}

static void condense(float *y, const heft_share *s, int32_t rows, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        float max = gate_of(s, i), l = 0, o = 0;
        for (int32_t r = 1; r < rows; r++)
            max = gate_of(s + r, i) > max ? gate_of(s + r, i) : max;
        max += 0.0f;
        for (int32_t r = 0; r < rows; r++) {
            const float p = heft_exp(gate_of(s + r, i) - max);
            l += p;
            o = fmaf(p, s[r].value[i], o);
        }
        y[i] = o / l;
    }
}

void heft_kernels_scalar_rows(heft_kernels *k)
{
    k->norm_rms = norm_rms;
    k->norm_layer = norm_layer;
    k->add = add;
    k->scale = scale;
    k->glu = glu;
    k->rotate = rotate;
    k->narrow = narrow;
    k->softmax = softmax;
    k->condense = condense;
}

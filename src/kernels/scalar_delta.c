/* Fixed states: the definition of a convolution's and a gated delta rule's step, in the order of
 * docs/sums.md, never optimised. */
#include "kernels/fill.h"
#include "kernels/sums.h"

#include <math.h>

static float dot(const float *a, const float *b, int32_t n)
{
    float s[16] = { 0 };
    for (int32_t i = 0; i < n; i++)
        s[i % 16] = fmaf(a[i], b[i], s[i % 16]);
    return heft_fold(s);
}

static void conv(float *y, const float *const *x, const float *w, int32_t row, int32_t taps,
                 int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        float acc = 0;
        for (int32_t j = 0; j < taps; j++)
            if (x[j]) acc = fmaf(w[(ptrdiff_t)j * row + i], x[j][i], acc);
        y[i] = acc / (1 + heft_exp(-acc));
    }
}

static void delta(float *o, float *s, const float *v, const heft_delta_token *t, int32_t n)
{
    for (int32_t r = 0; r < n; r++, s += t->dk) {
        float u = t->beta * fmaf(-t->decay, dot(s, t->k, t->dk), v[r]);
        for (int32_t i = 0; i < t->dk; i++)
            s[i] = fmaf(u, t->k[i], t->decay * s[i]);
        o[r] = dot(s, t->q, t->dk);
    }
}

void heft_kernels_scalar_delta(heft_kernels *k)
{
    k->conv = conv;
    k->delta = delta;
}

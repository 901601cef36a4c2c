/* Gated delta rules: what a layer keeps of a sequence is a matrix for each of its value heads,
 * which every token corrects towards its own key and value.
 *
 *     [q | k | v | z] = x Wm^T,  [b | a] = x Wb^T                one projection or two, by key head
 *     q, k, v = silu(conv(q, k, v))                              each channel over its last tokens
 *     q = q / |q| / sqrt(dk),  k = k / |k|,  |x|^2 = x x + 1e-6
 *     S = exp(rate softplus(a + dt)) S;  S = S + sigmoid(b) (v - S k) k^T;  o = S q    (dv, dk)
 *     y = concat(norm(o) * silu(z)) Wo^T                         (T, D)
 *
 * A length of 1 is an RMS norm over sqrt(dk). A sequence's state is what the convolution needs of
 * its last tokens, then the matrices.
 * Source: arXiv:2412.06464, sections 3.1 and 3.4. */
#include "model/run.h"

#include <math.h>

static int64_t kept_inputs(const heft_delta *g)
{
    return (int64_t)(g->taps - 1) * (2 * g->Hk * g->dk + g->Hv * g->dv);
}

static int32_t caches_delta(const heft_spec *s, int32_t layer, heft_cache_decl out[HEFT_MAX_CACHE])
{
    const heft_delta *g = &s->layer[layer].delta;
    out[0] = (heft_cache_decl){ .state = kept_inputs(g) + (int64_t)g->Hv * g->dv * g->dk };
    return 1;
}

/* The part of a layer's state that begins at a float. */
static heft_state part_of(const heft_run *r, const heft_layer *l, int64_t at)
{
    heft_state s = { 0 };
    if (!r->state) return s;
    s = r->state[(l - r->m->layer) * HEFT_MAX_CACHE];
    s.base += at;
    return s;
}

/* n heads of `width` of the projection, convolved: channels from `first` on. */
static float *convolved(heft_run *r, const heft_layer *l, const float *p, heft_heads at, int32_t n,
                        int32_t width, int32_t first)
{
    const heft_slice s = { p, l->mix.w.rows, n, width, at };
    const heft_taps taps = { &l->conv, first };
    const heft_state inputs = part_of(r, l, 0);
    float *y = heft_tmp(r, (int64_t)r->b->T * n * width);
    r->ops->conv(r->dev, y, &s, &taps, &inputs, r->b);
    return y;
}

/* Keys or queries x (T,Hk,dk), each normed to the length sqrt(dk), times `factor`. */
static float *normed(heft_run *r, const float *x, const heft_delta *g, float factor)
{
    const heft_norm unit = { .kind = HEFT_NORM_RMS, .eps = 1e-6f / (float)g->dk };
    const int32_t T = r->b->T, keys = g->Hk * g->dk;
    float *n = heft_tmp(r, (int64_t)T * keys), *y = heft_tmp(r, (int64_t)T * keys);
    r->ops->norm(r->dev, n, x, &unit, T * g->Hk, g->dk);
    r->ops->scale(r->dev, y, n, factor, 0, T, keys);
    return y;
}

/* What the gates say of every row and value head: p (T,b), and apart (T,a) or p again. */
static void gates(heft_run *r, const heft_layer *l, const float *p, const float *apart,
                  heft_delta_rows *in)
{
    const heft_delta *g = &l->s->delta;
    const heft_slice b = { p, l->beta.w.rows, g->Hv, 1, g->b },
                     a = { apart, l->alpha.w.data ? g->Hv : l->beta.w.rows, g->Hv, 1, g->a };
    float *decay = heft_tmp(r, (int64_t)r->b->T * g->Hv),
          *beta = heft_tmp(r, (int64_t)r->b->T * g->Hv);
    r->ops->delta_gates(r->dev, decay, beta, &a, &b, l->rate, l->dt, r->b->T);
    in->decay = decay;
    in->beta = beta;
}

/* norm(o) * silu(z), z in rows of p. */
static float *gated(heft_run *r, const heft_layer *l, const float *o, const float *p, int32_t row)
{
    static const heft_norm none = { 0 };
    static const heft_act_spec silu = { .fn = HEFT_ACT_SILU, .gated = true };
    const heft_delta *g = &l->s->delta;
    const int32_t T = r->b->T, width = g->Hv * g->dv;
    const heft_slice s = { p, row, g->Hv, g->dv, g->z };
    float *n = heft_tmp(r, (int64_t)T * width), *z = heft_tmp(r, (int64_t)T * width),
          *y = heft_tmp(r, (int64_t)T * width);
    r->ops->norm(r->dev, n, o, &l->read_norm, T * g->Hv, g->dv);
    r->ops->heads(r->dev, z, &s, &l->s->attn, &none, NULL, NULL, T);
    r->ops->act(r->dev, y, z, n, width, &silu, T, width);
    return y;
}

static float *forward_delta(heft_run *r, const heft_layer *l, const float *h)
{
    const heft_delta *g = &l->s->delta;
    const int32_t T = r->b->T, keys = g->Hk * g->dk;
    const heft_lin *all[] = { &l->mix, &l->beta, &l->z, &l->alpha }, *w[4];
    float *p[4], *of[4];
    int32_t n = 0;
    for (int32_t i = 0; i < 4; i++) {
        of[i] = i < 2 ? NULL : of[i - 2]; /* fused into the projection before */
        if (!all[i]->w.data) continue;
        w[n] = all[i];
        of[i] = p[n++] = heft_tmp(r, (int64_t)T * all[i]->w.rows);
    }
    r->ops->linear(r->dev, n, p, w, h, T);

    const float *q = convolved(r, l, of[0], g->q, g->Hk, g->dk, 0),
                *k = convolved(r, l, of[0], g->k, g->Hk, g->dk, keys);
    heft_delta_rows in = { .q = normed(r, q, g, 1 / (float)g->dk),
                           .k = normed(r, k, g, 1 / sqrtf((float)g->dk)),
                           .v = convolved(r, l, of[0], g->v, g->Hv, g->dv, 2 * keys) };
    gates(r, l, of[1], of[3], &in);
    const heft_state matrices = part_of(r, l, kept_inputs(g));
    float *o = heft_tmp(r, (int64_t)T * g->Hv * g->dv), *y = heft_tmp(r, (int64_t)T * r->m->spec.D);
    r->ops->delta(r->dev, o, &in, g, &matrices, r->b);
    o = gated(r, l, o, of[2], l->z.w.data ? l->z.w.rows : l->mix.w.rows);
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ &l->o }, o, T);
    return y;
}

const heft_mixer heft_mixer_delta = { .name = "delta",
                                      .caches = caches_delta,
                                      .forward = forward_delta };

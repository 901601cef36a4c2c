/* The forward pass of a decoder.
 *
 *     x = embed(tokens)                          (T, D), or several streams of it
 *     for each layer:  x = wire(x, mixer, ffn)
 *     logits = head(norm(x[rows wanted]))        (N, V)
 *
 * A wiring says how the two sublayers of a layer join the residual stream. */
#include "model/run.h"

#include <math.h>

static float *serial(heft_run *r, const heft_layer *l, float *x)
{
    float *o = l->s->mixer->forward(r, l, heft_run_norm(r, &l->n1, x));
    x = heft_run_join(r, l, x, heft_run_norm(r, &l->n2, o));
    float *f = l->s->ffn->forward(r, l, heft_run_norm(r, &l->n3, x), x);
    return heft_run_join(r, l, x, heft_run_norm(r, &l->n4, f));
}

static float *parallel(heft_run *r, const heft_layer *l, float *x)
{
    float *a = heft_run_norm(r, &l->n1, x);
    float *b = l->n3.kind ? heft_run_norm(r, &l->n3, x) : a;
    float *o = l->s->mixer->forward(r, l, a);
    return heft_run_join(r, l, heft_run_join(r, l, x, o), l->s->ffn->forward(r, l, b, x));
}

static float *post(heft_run *r, const heft_layer *l, float *x) /* OPT-350m */
{
    x = heft_run_norm(r, &l->n1, heft_run_join(r, l, x, l->s->mixer->forward(r, l, x)));
    return heft_run_norm(r, &l->n3, heft_run_join(r, l, x, l->s->ffn->forward(r, l, x, x)));
}

/* Streams x (T, n, D) that each block reads a sum of and writes back into: arXiv:2512.24880 */
static float *hyper(heft_run *r, const heft_layer *l, float *x)
{
    const heft_mix a = heft_run_split(r, &l->hyper[0], x, r->b->T);
    x = heft_run_merge(r, &a, x, l->s->mixer->forward(r, l, heft_run_norm(r, &l->n1, a.in)));
    const heft_mix b = heft_run_split(r, &l->hyper[1], x, r->b->T);
    return heft_run_merge(r, &b, x, l->s->ffn->forward(r, l, heft_run_norm(r, &l->n3, b.in), b.in));
}

static float *(*const wirings[])(heft_run *, const heft_layer *, float *) = {
    [HEFT_WIRE_SERIAL] = serial,
    [HEFT_WIRE_PARALLEL] = parallel,
    [HEFT_WIRE_POST] = post,
    [HEFT_WIRE_HYPER] = hyper,
};

/* From the embedding's width to the model's or back (OPT-350m); elsewhere x itself. */
static float *project(heft_run *r, const heft_lin *w, float *x, int32_t n)
{
    if (!w->w.data) return x;
    float *y = heft_tmp(r, (int64_t)n * w->w.rows);
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ w }, x, n);
    return y;
}

static float *embed(heft_run *r)
{
    const heft_net *m = r->m;
    const int32_t T = r->b->T;
    float *x = heft_tmp(r, (int64_t)T * m->g.embed.cols);
    r->ops->embed(r->dev, x, &m->g.embed, m->spec.embed_scale, r->b);
    x = project(r, &m->g.in, x, T);
    if (m->g.pos.data) {
        float *placed = heft_tmp(r, (int64_t)T * m->spec.D);
        r->ops->place(r->dev, placed, x, &m->g.pos, m->spec.pos_offset, r->b);
        x = placed;
    }
    return heft_run_norm(r, &m->g.embed_norm, x);
}

/* Every stream begins as the embedding. */
static float *streams(heft_run *r, float *x)
{
    static const heft_norm none = { 0 };
    const heft_spec *s = &r->m->spec;
    const int32_t n = s->streams.n;
    if (n == 1) return x;
    const heft_slice same = { x, s->D, n, s->D, { 0, n, 0, 0 } };
    float *y = heft_tmp(r, (int64_t)r->b->T * n * s->D);
    r->ops->heads(r->dev, y, &same, &s->layer[0].attn, &none, NULL, NULL, r->b->T);
    return y;
}

/* What every layer gets of its own (T, L, own), from the token and from what it was embedded to:
 *
 *     (norm(x W^T / sqrt(D)) + sqrt(own) E'[token]) / sqrt(2)                (Gemma 4) */
static float *own_inputs(heft_run *r, const float *x)
{
    const heft_net *m = r->m;
    const int32_t T = r->b->T, L = m->spec.L, P = m->spec.own;
    float *p[6];
    for (int32_t i = 0; i < 6; i++)
        p[i] = heft_tmp(r, (int64_t)T * L * P);
    r->ops->linear(r->dev, 1, &p[0], (const heft_lin *const[]){ &m->g.own_model }, x, T);
    r->ops->scale(r->dev, p[1], p[0], 1 / sqrtf((float)m->spec.D), 0, T, L * P);
    r->ops->norm(r->dev, p[2], p[1], &m->g.own_norm, T * L, P);
    r->ops->embed(r->dev, p[3], &m->g.own_embed, sqrtf((float)P), r->b);
    r->ops->add(r->dev, p[4], p[2], p[3], 1, T, L * P);
    r->ops->scale(r->dev, p[5], p[4], sqrtf(0.5f), 0, T, L * P);
    return p[5];
}

/* x + norm((act(x Wg^T) * own) Wo^T), own the layer's part of all inputs. */
static float *own_input(heft_run *r, const heft_layer *l, float *x, const float *inputs)
{
    static const heft_norm none = { 0 };
    const int32_t T = r->b->T, P = r->m->spec.own, D = r->m->spec.D;
    const int32_t layer = (int32_t)(l - r->m->layer);
    const heft_slice part = { inputs, r->m->spec.L * P, 1, P, { layer * P, 1, 0, P } };
    float *own = heft_tmp(r, (int64_t)T * P), *g = heft_tmp(r, (int64_t)T * P);
    float *a = heft_tmp(r, (int64_t)T * P), *y = heft_tmp(r, (int64_t)T * D);
    r->ops->heads(r->dev, own, &part, &l->s->attn, &none, NULL, NULL, T);
    r->ops->linear(r->dev, 1, &g, (const heft_lin *const[]){ &l->own_gate }, x, T);
    r->ops->act(r->dev, a, g, own, P, &l->s->act, T, P);
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ &l->own_out }, a, T);
    return heft_run_join(r, l, x, heft_run_norm(r, &l->own_norm, y));
}

static void head(heft_run *r, const float *x, float *logits)
{
    const heft_spec *s = &r->m->spec;
    const int32_t N = r->b->N, V = r->m->g.head.w.rows;
    if (N == 0) return;
    const int32_t W = s->streams.n * s->D;
    float *h = heft_tmp(r, (int64_t)N * W), *y = logits;
    r->ops->pick(r->dev, h, x, r->b->out, N, W);
    if (s->streams.n > 1) h = heft_run_split(r, &r->m->g.hyper, h, N).in;
    if (r->m->g.out_norm.kind) {
        float *n = heft_tmp(r, (int64_t)N * s->D);
        r->ops->norm(r->dev, n, h, &r->m->g.out_norm, N, s->D);
        h = n;
    }
    h = project(r, &r->m->g.out, h, N);
    bool scaled = s->logit_scale != 1 || s->logit_cap > 0;
    if (scaled) y = heft_tmp(r, (int64_t)N * V);
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ &r->m->g.head }, h, N);
    if (scaled) r->ops->scale(r->dev, logits, y, s->logit_scale, s->logit_cap, N, V);
}

/* Keys that a row chooses at most, in any layer. */
static int32_t most_chosen(const heft_spec *s)
{
    int32_t most = 0;
    for (int32_t i = 0; i < s->L; i++)
        if (s->layer[i].attn.index.top > most) most = s->layer[i].attn.index.top;
    return most;
}

void heft_forward(heft_run *r, float *logits)
{
    const heft_spec *s = &r->m->spec;
    const int32_t W = s->streams.n * s->D;
    const int64_t TW = (int64_t)r->b->T * W;
    r->used = 0;
    for (int32_t i = 0; i < s->n_rope; i++) {
        r->cs[i] = heft_tmp(r, (int64_t)r->b->T * s->rope[i].r.width);
        r->ops->rope(r->dev, r->cs[i], &s->rope[i].r, i, r->b);
    }
    r->chosen = (void *)heft_tmp(r, (int64_t)r->b->T * most_chosen(s));
    float *stream[2] = { heft_tmp(r, TW), heft_tmp(r, TW) }, *x = streams(r, embed(r));
    if (r->capture) r->capture(r->to, 0, x);
    const float *own = s->own ? own_inputs(r, x) : NULL;
    const size_t kept = r->used;
    for (int32_t i = 0; i < s->L; i++) {
        const heft_layer *l = &r->m->layer[i];
        x = wirings[s->wire](r, l, x);
        if (own) x = own_input(r, l, x, own);
        r->ops->scale(r->dev, stream[i & 1], x, l->scale, 0, r->b->T, W);
        x = stream[i & 1]; /* all else that the layer used is free again */
        r->used = kept;
        if (r->capture) r->capture(r->to, i + 1, x);
    }
    head(r, x, logits);
}

/* A mixture of experts: a feed-forward block that reads only the experts a row goes to.
 *
 *     w, e = route(x Wr^T)                             `top` of E, by score or by token
 *     y = sum over k of w_k expert_{e_k}(x)  [+ shared(x)  or  + sigmoid(x wg^T) shared(x)]
 *
 * An expert is gated: (act(x Wg^T) * (x Wu^T)) Wd^T, its gate and up perhaps one matrix. The shared
 * expert is the layer's plain feed-forward block. Router and experts may read norms of their own of
 * the stream instead of x, and both outputs may be normed before they are added (gemma4).
 * Source: arXiv:1701.06538, section 2; shared experts arXiv:2401.06066, section 3.2. */
#include "model/run.h"

static heft_route routes_of(heft_run *r, const heft_router *to)
{
    const int64_t pairs = (int64_t)r->b->T * to->top;
    return (heft_route){
        .expert = (void *)heft_tmp(r, pairs),
        .weight = heft_tmp(r, pairs),
        .pair = (void *)heft_tmp(r, pairs),
        .start = (void *)heft_tmp(r, to->E + 1),
    };
}

/* The chosen experts on x, one row for each pair: (T*top, D). */
static float *experts(heft_run *r, const heft_layer *l, const float *x, bool each,
                      const heft_route *to)
{
    const heft_router *route = &l->s->route;
    const int32_t T = r->b->T, F = l->s->F_expert;
    const int64_t pairs = (int64_t)T * route->top;
    const heft_experts *w[2] = { &l->e_gate, &l->e_up };
    const int32_t n = l->e_up.w ? 2 : 1;
    float *p[2], *f = heft_tmp(r, pairs * F), *y = heft_tmp(r, pairs * r->m->spec.D);
    for (int32_t i = 0; i < n; i++)
        p[i] = heft_tmp(r, pairs * w[i]->w->rows);
    r->ops->experts(r->dev, n, p, w, x, each, to, route, T);
    r->ops->act(r->dev, f, p[0], l->s->expert_act.gated ? p[n - 1] : NULL, w[0]->w->rows,
                &l->s->expert_act, (int32_t)pairs, F);
    r->ops->experts(r->dev, 1, &y, (const heft_experts *const[]){ &l->e_down }, f, true, to, route,
                    T);
    return y;
}

static float *shared(heft_run *r, const heft_layer *l, const float *h, const float *residual)
{
    const int32_t T = r->b->T, D = r->m->spec.D;
    float *y = heft_ffn_mlp.forward(r, l, h, residual);
    if (!l->shared_gate.w.data) return y;
    float *gate = heft_tmp(r, T), *gated = heft_tmp(r, (int64_t)T * D);
    r->ops->linear(r->dev, 1, &gate, (const heft_lin *const[]){ &l->shared_gate }, h, T);
    r->ops->gate(r->dev, gated, y, gate, T, D);
    return gated;
}

/* What a part of the block reads: x, or a norm of its own of the stream. */
static const float *input(heft_run *r, const heft_norm *own, const float *x, const float *stream)
{
    if (own->kind == HEFT_NORM_NONE) return x;
    float *y = heft_tmp(r, (int64_t)r->b->T * r->m->spec.D);
    r->ops->norm(r->dev, y, stream, own, r->b->T, r->m->spec.D);
    return y;
}

static float *forward_moe(heft_run *r, const heft_layer *l, const float *h, const float *residual)
{
    const heft_router *route = &l->s->route;
    const int32_t T = r->b->T, D = r->m->spec.D;
    float *logits = heft_tmp(r, (int64_t)T * route->E), *y = heft_tmp(r, (int64_t)T * D);
    r->ops->linear(r->dev, 1, &logits, (const heft_lin *const[]){ &l->router },
                   input(r, &l->router_in, h, residual), T);
    heft_route to = routes_of(r, route);
    if (route->by_token)
        r->ops->look_up(r->dev, &to, logits, &l->by_token, route, r->b);
    else
        r->ops->route(r->dev, &to, logits, l->choice, l->e_scale, route, T);
    const float *x = input(r, &l->e_in, h, residual);
    if (route->weigh_input) {
        float *each = heft_tmp(r, (int64_t)T * route->top * D);
        r->ops->spread(r->dev, each, x, &to, route, T, D);
        x = each;
    }
    r->ops->mix(r->dev, y, experts(r, l, x, route->weigh_input, &to), &to, route, T, D);
    y = heft_run_norm(r, &l->e_out, y);
    if (l->s->F == 0) return y;
    float *sum = heft_tmp(r, (int64_t)T * D), *all = shared(r, l, h, residual);
    r->ops->add(r->dev, sum, y, heft_run_norm(r, &l->shared_out, all), 1, T, D);
    return sum;
}

const heft_ffn heft_ffn_moe = { .name = "moe", .forward = forward_moe };

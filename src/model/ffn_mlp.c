/* The feed-forward block.
 *
 *     gated:  y = (act(x Wg^T) * (x Wu^T)) Wd^T       arXiv:2002.05202
 *     plain:  y = act(x Wu^T) Wd^T
 *
 * Gate and up may be one matrix (phi3, glm): then only l->gate is there, twice as tall. */
#include "model/run.h"

static float *forward_mlp(heft_run *r, const heft_layer *l, const float *h, const float *residual)
{
    (void)residual;
    const int64_t T = r->b->T;
    const int32_t F = l->s->F;
    const heft_lin *w[2];
    float *p[2];
    int32_t n = 0;
    for (int32_t i = 0; i < 2; i++) {
        const heft_lin *each = i == 0 ? &l->gate : &l->up;
        if (!each->w.data) continue;
        w[n] = each;
        p[n++] = heft_tmp(r, T * each->w.rows);
    }
    r->ops->linear(r->dev, n, p, w, h, r->b->T);
    float *f = heft_tmp(r, T * F), *y = heft_tmp(r, T * r->m->spec.D);
    r->ops->act(r->dev, f, p[0], l->s->act.gated ? p[n - 1] : NULL, w[0]->w.rows, &l->s->act,
                r->b->T, F);
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ &l->down }, f, r->b->T);
    return y;
}

const heft_ffn heft_ffn_mlp = { .name = "mlp", .forward = forward_mlp };

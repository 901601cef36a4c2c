/* Multi-head latent attention.
 *
 *     q = [qn | qr]  of each head,  from x Wq^T or norm(x Wqa^T) Wqb^T;  qr rotated
 *     [c | kr] = x Wkva^T,  c = norm(c),  kr rotated: one for all heads, appended to the cache
 *     a head's key is [K_h c | kr], its value V_h c:  K (nope, rank), V (dv, rank)
 *
 * so that  q k = (qn K_h) c + qr kr  and  sum p V_h c = V_h sum p c.  Queries go through K_h,
 * outputs through V_h, and the cache is that of one key/value head of rank + rotated numbers, whose
 * value lies in its key. A prompt goes the same way, because other sums would be other bits.
 * Source: arXiv:2405.04434, section 2.1. */
#include "model/run.h"

static heft_attn latent_of(const heft_attn *a)
{
    heft_attn latent = *a;
    latent.dk = a->kv_rank + a->dk - a->nope;
    latent.dv = a->kv_rank;
    return latent;
}

static int32_t caches_mla(const heft_spec *s, int32_t layer, heft_cache_decl out[HEFT_MAX_CACHE])
{
    const heft_attn a = latent_of(&s->layer[layer].attn);
    out[0] = (heft_cache_decl){ .G = 1, .dk = a.dk, .dv = a.dv, .v_in_k = true };
    return 1;
}

/* The part of n heads of `whole` numbers in rows of x that begins at `at`: (T,n,width). */
static float *part(heft_run *r, const heft_layer *l, const float *x, int32_t n, int32_t whole,
                   int32_t at, int32_t width, const heft_norm *norm, bool rotated)
{
    static const heft_norm none = { 0 };
    const heft_attn *a = &l->s->attn;
    const heft_slice s = { x, n * whole, n, width, { at, n, 0, whole } };
    float *y = heft_tmp(r, (int64_t)r->b->T * n * width);
    const heft_rotation *rot = rotated && a->rope >= 0 ? &r->m->spec.rope[a->rope].r : NULL;
    r->ops->heads(r->dev, y, &s, a, norm ? norm : &none, rot, rot ? r->cs[a->rope] : NULL, r->b->T);
    return y;
}

/* a (n,wa) beside b (n,wb) */
static float *beside(heft_run *r, const float *a, const float *b, int64_t n, int32_t wa, int32_t wb)
{
    float *y = heft_tmp(r, n * (wa + wb));
    r->ops->beside(r->dev, y, a, b, (int32_t)n, wa, wb);
    return y;
}

/* Queries by the rows of h, and [c | kr]. */
static void project(heft_run *r, const heft_layer *l, const float *h, float **q, float **kv)
{
    const int64_t T = r->b->T;
    const heft_lin *w[2] = { l->q_a.w.data ? &l->q_a : &l->q, &l->kv_a };
    float *p[2] = { heft_tmp(r, T * w[0]->w.rows), heft_tmp(r, T * w[1]->w.rows) };
    r->ops->linear(r->dev, 2, p, w, h, r->b->T);
    if (l->q_a.w.data) {
        const int32_t rank = l->s->attn.q_rank;
        float *low = heft_tmp(r, T * rank), *full = heft_tmp(r, T * l->q.w.rows);
        r->ops->norm(r->dev, low, p[0], &l->q_latent, r->b->T, rank);
        r->ops->linear(r->dev, 1, &full, (const heft_lin *const[]){ &l->q }, low, r->b->T);
        p[0] = full;
    }
    *q = p[0];
    *kv = p[1];
}

static float *forward_mla(heft_run *r, const heft_layer *l, const float *h)
{
    const heft_attn *a = &l->s->attn, latent = latent_of(a);
    const int32_t rank = a->kv_rank, rotated = a->dk - a->nope;
    const int64_t T = r->b->T, pairs = T * a->H;
    const heft_kv *kv = heft_run_kv(r, a->kv_from, 0);
    float *q, *ckr;
    project(r, l, h, &q, &ckr);

    const float *qn = part(r, l, q, a->H, a->dk, 0, a->nope, NULL, false),
                *qr = part(r, l, q, a->H, a->dk, a->nope, rotated, NULL, true),
                *c = part(r, l, ckr, 1, latent.dk, 0, rank, &l->kv_latent, false),
                *kr = part(r, l, ckr, 1, latent.dk, rank, rotated, NULL, true);
    r->ops->store(r->dev, kv, beside(r, c, kr, T, rank, rotated), NULL, r->b);

    float *qc = heft_tmp(r, pairs * rank), *oc = heft_tmp(r, pairs * rank),
          *o = heft_tmp(r, pairs * a->dv), *y = heft_tmp(r, T * r->m->spec.D);
    r->ops->linear_each(r->dev, qc, l->k_up, a->H, qn, r->b->T);
    r->ops->attend(r->dev, oc, beside(r, qc, qr, pairs, rank, rotated), kv, NULL, NULL, NULL, NULL,
                   &latent, r->b);
    r->ops->linear_each(r->dev, o, l->v_up, a->H, oc, r->b->T);
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ &l->o }, o, r->b->T);
    return y;
}

const heft_mixer heft_mixer_mla = { .name = "mla", .caches = caches_mla, .forward = forward_mla };

/* Grouped-query attention.
 *
 *     q = rotate(norm(x Wq^T))   (T, H, dk)    times a temperature by position (llama4)
 *     k = rotate(norm(x Wk^T))   (T, G, dk)    appended to the cache
 *     v = x Wv^T                 (T, G, dv)    appended to the cache
 *     o_h = softmax(scale q_h k_g^T) v_g,  g = h / (H / G),  causal, within the window
 *     y = concat(o) Wo^T         (T, D)
 *
 * Fused projections are read through head descriptors: one matrix gives q, k and v (phi3, neox,
 * bloom, falcon), two where v is k (gemma4), one without a cache of its own where the keys are
 * another layer's.
 * Source: arXiv:1706.03762, section 3.2; groups arXiv:2305.13245; rotation arXiv:2104.09864. */
#include "model/run.h"

static int32_t caches_gqa(const heft_spec *s, int32_t layer, heft_cache_decl out[HEFT_MAX_CACHE])
{
    const heft_attn *a = &s->layer[layer].attn;
    if (a->kv_from != layer) return 0;
    int32_t keep = a->window && a->chunk ? (a->window < a->chunk ? a->window : a->chunk)
                                         : a->window + a->chunk;
    out[0] = (heft_cache_decl){ .G = a->G, .dk = a->dk, .dv = a->dv, .keep = keep };
    return 1;
}

static float *forward_gqa(heft_run *r, const heft_layer *l, const float *h)
{
    static const heft_norm none = { 0 };
    const heft_attn *a = &l->s->attn;
    const int64_t T = r->b->T;
    const heft_lin *w[3];
    float *p[3];
    int32_t n = 0, last = 0; /* projections present, the one v lies in */
    for (int32_t i = 0; i < 3; i++) {
        const heft_lin *each = i == 0 ? &l->q : i == 1 ? &l->k : &l->v;
        if (!each->w.data) continue;
        w[n] = each;
        p[n++] = heft_tmp(r, T * each->w.rows);
    }
    r->ops->linear(r->dev, n, p, w, h, r->b->T);

    const heft_rotation *rot = a->rope < 0 ? NULL : &r->m->spec.rope[a->rope].r;
    const float *cs = a->rope < 0 ? NULL : r->cs[a->rope];
    const heft_kv *kv = heft_run_kv(r, a->kv_from, 0);
    const heft_norm *q_norm = a->qk_norm ? &l->q_norm : &none,
                    *k_norm = a->qk_norm ? &l->k_norm : &none;
    const heft_slice sq = { p[0], w[0]->w.rows, a->H, a->dk, a->q };
    float *q = heft_tmp(r, T * a->H * a->dk), *o = heft_tmp(r, T * a->H * a->dv);
    r->ops->heads(r->dev, q, &sq, a, q_norm, rot, cs, r->b->T);
    if (a->temp != 0) {
        float *warm = heft_tmp(r, T * a->H * a->dk);
        r->ops->temper(r->dev, warm, q, a, a->H * a->dk, r->b);
        q = warm;
    }
    if (a->kv_from == (int32_t)(l - r->m->layer)) {
        const int32_t key = n > 1;
        last = n - 1;
        const heft_slice sk = { p[key], w[key]->w.rows, a->G, a->dk, a->k };
        const heft_slice sv = { p[last], w[last]->w.rows, a->G, a->dv, a->v };
        const heft_norm weightless = { .kind = HEFT_NORM_RMS, .eps = l->k_norm.eps };
        float *k = heft_tmp(r, T * a->G * a->dk), *v = heft_tmp(r, T * a->G * a->dv);
        r->ops->heads(r->dev, k, &sk, a, k_norm, rot, cs, r->b->T);
        r->ops->heads(r->dev, v, &sv, a, a->v_norm ? &weightless : &none, NULL, NULL, r->b->T);
        r->ops->store(r->dev, kv, k, v, r->b);
    }
    r->ops->attend(r->dev, o, q, kv, NULL, l->sinks, a->alibi > 0 ? l->slopes : NULL, NULL, a,
                   r->b);
    float *y = heft_tmp(r, T * r->m->spec.D);
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ &l->o }, o, r->b->T);
    return y;
}

const heft_mixer heft_mixer_gqa = { .name = "gqa", .caches = caches_gqa, .forward = forward_gqa };

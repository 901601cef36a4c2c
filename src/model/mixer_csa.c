/* Compressed sparse attention: a window of tokens, and behind it entries of several tokens.
 *
 *     q = rotate(unit(norm(x Wqa^T) Wqb^T))      (T, H, dk)
 *     k = rotate(norm(x Wk^T))                   (T, dk), key and value of all heads, appended
 *     c = x Wc^T,  a = x Wa^T                    (T, w), appended: what tokens bring to entries
 *     e = rotate(norm(sum of softmax(a + ape) c))    one for every block of tokens, appended
 *     o_h = softmax(scale q_h [k of the window | e of blocks that are over | sink]) of the same
 *     y = concat over groups of (concat of a group's turned back o_h) A_g^T, through Wo^T   (T, D)
 *
 * A value is its key, the rotated numbers too, so what comes out is turned back by the row's own
 * position: what is left depends on the distance. Where blocks are short, a row attends to some of
 * the entries only, chosen by an index, whose keys are entries of their own:
 *
 *     iq = rotate(norm(x Wqa^T) Wiq^T),  iw = x Wiw^T,  ik from ic, ia as e from c, a
 *
 * A layer without blocks has the window alone.
 * Source: the report of DeepSeek-V4, sections 2.3.1 and 2.3.2. */
#include "model/run.h"

/* What a layer keeps, in the order of its caches. */
enum { WINDOW, PARTS, ENTRIES, IX_PARTS, IX_ENTRIES };

static bool has_blocks(const heft_attn *a)
{
    return a->index.every > 1;
}

static bool has_index(const heft_attn *a)
{
    return has_blocks(a) && a->index.heads > 0 && a->index.top > 0;
}

/* Entries of `width` numbers and what tokens bring to them: of the block at hand, and of the one
 * before it where they overlap. */
static void declare(const heft_attn *a, int32_t width, heft_cache_decl out[2])
{
    const int32_t half = a->overlap ? 2 : 1;
    out[0] = (heft_cache_decl){
        .G = 1, .dk = half * width, .dv = half * width, .keep = half * a->index.every, .exact = true
    };
    out[1] = (heft_cache_decl){
        .G = 1, .dk = width, .dv = width, .every = a->index.every, .v_in_k = true
    };
}

static int32_t caches_csa(const heft_spec *s, int32_t layer, heft_cache_decl out[HEFT_MAX_CACHE])
{
    const heft_attn *a = &s->layer[layer].attn;
    out[WINDOW] =
        (heft_cache_decl){ .G = 1, .dk = a->dk, .dv = a->dk, .keep = a->window, .v_in_k = true };
    if (has_blocks(a)) declare(a, a->dk, out + PARTS);
    if (has_index(a)) declare(a, a->index.width, out + IX_PARTS);
    return has_index(a) ? IX_ENTRIES + 1 : has_blocks(a) ? ENTRIES + 1 : WINDOW + 1;
}

/* n heads of `width` in rows of x, normed and rotated: (T,n,width). rope: index of spec.rope. */
static float *turned(heft_run *r, const heft_layer *l, const float *x, int32_t n, int32_t width,
                     const heft_norm *norm, int32_t rope)
{
    const heft_slice s = { x, n * width, n, width, { 0, n, 0, width } };
    float *y = heft_tmp(r, (int64_t)r->b->T * n * width);
    r->ops->heads(r->dev, y, &s, &l->s->attn, norm, &r->m->spec.rope[rope].r, r->cs[rope], r->b->T);
    return y;
}

/* Keep what the rows bring, and make the entries that they complete; `nth` of the layer's caches
 * are the parts, the next the entries. Returns those. */
static const heft_kv *compress(heft_run *r, const heft_layer *l, const heft_compress *c,
                               int32_t nth, const float *values, const float *gates)
{
    const int32_t layer = (int32_t)(l - r->m->layer);
    const heft_kv *parts = heft_run_kv(r, layer, nth), *to = heft_run_kv(r, layer, nth + 1);
    const heft_attn *a = &l->s->attn;
    r->ops->store(r->dev, parts, values, gates, r->b);
    r->ops->compress(r->dev, to, parts, c, a, &r->m->spec.rope[a->rope].r, r->b);
    return to;
}

/* What the rows attend to by the index; queries are made from `low`. */
static const int32_t *choose(heft_run *r, const heft_layer *l, const float *h, const float *low)
{
    static const heft_norm none = { 0 };
    const heft_index *x = &l->s->attn.index;
    const int64_t T = r->b->T;
    const heft_lin *w[] = { &l->ix_comp.kv, &l->ix_comp.gate, &l->ix_w };
    float *q = heft_tmp(r, T * l->ix_q.w.rows), *p[3];
    for (int32_t i = 0; i < 3; i++)
        p[i] = heft_tmp(r, T * w[i]->w.rows);
    r->ops->linear(r->dev, 3, p, w, h, r->b->T);
    r->ops->linear(r->dev, 1, &q, (const heft_lin *const[]){ &l->ix_q }, low, r->b->T);
    const heft_kv *keys = compress(r, l, &l->ix_comp, IX_PARTS, p[0], p[1]);
    r->ops->select(r->dev, r->chosen, turned(r, l, q, x->heads, x->width, &none, x->rope), p[2],
                   keys, x, r->b);
    return r->chosen;
}

/* From heads o (T,H,dk) to the stream: turned back, each group through its rank. */
static float *leave(heft_run *r, const heft_layer *l, const float *o)
{
    static const heft_norm none = { 0 };
    const heft_attn *a = &l->s->attn;
    const int64_t T = r->b->T;
    float *low = heft_tmp(r, T * a->o_groups * a->o_rank), *y = heft_tmp(r, T * r->m->spec.D);
    r->ops->linear_each(r->dev, low, l->o_a, a->o_groups,
                        turned(r, l, o, a->H, a->dk, &none, a->unturn), r->b->T);
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ &l->o }, low, r->b->T);
    return y;
}

static float *forward_csa(heft_run *r, const heft_layer *l, const float *h)
{
    const heft_attn *a = &l->s->attn;
    const int64_t T = r->b->T;
    const heft_lin *w[] = { &l->q_a, &l->k, &l->comp.kv, &l->comp.gate };
    const int32_t n = has_blocks(a) ? 4 : 2;
    float *p[4], *low = heft_tmp(r, T * a->q_rank), *q = heft_tmp(r, T * a->H * a->dk),
                 *o = heft_tmp(r, T * a->H * a->dk);
    for (int32_t i = 0; i < n; i++)
        p[i] = heft_tmp(r, T * w[i]->w.rows);
    r->ops->linear(r->dev, n, p, w, h, r->b->T);
    r->ops->norm(r->dev, low, p[0], &l->q_latent, r->b->T, a->q_rank);
    r->ops->linear(r->dev, 1, &q, (const heft_lin *const[]){ &l->q }, low, r->b->T);

    const heft_kv *kv = heft_run_kv(r, (int32_t)(l - r->m->layer), WINDOW), *more = NULL;
    r->ops->store(r->dev, kv, turned(r, l, p[1], 1, a->dk, &l->k_norm, a->rope), NULL, r->b);
    if (has_blocks(a)) more = compress(r, l, &l->comp, PARTS, p[2], p[3]);
    const int32_t *chosen = has_index(a) ? choose(r, l, h, low) : NULL;
    r->ops->attend(r->dev, o, turned(r, l, q, a->H, a->dk, &l->q_norm, a->rope), kv, more, l->sinks,
                   NULL, chosen, a, r->b);
    return leave(r, l, o);
}

const heft_mixer heft_mixer_csa = { .name = "csa", .caches = caches_csa, .forward = forward_csa };

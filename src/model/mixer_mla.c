/* Multi-head latent attention.
 *
 *     q = [qn | qr]  of each head,  from x Wq^T or norm(x Wqa^T) Wqb^T;  qr rotated
 *     [c | kr] = x Wkva^T,  c = norm(c),  kr rotated: one for all heads, appended to the cache
 *     a head's key is [K_h c | kr], its value V_h c:  K (nope, rank), V (dv, rank)
 *
 * so that  q k = (qn K_h) c + qr kr  and  sum p V_h c = V_h sum p c.  Queries go through K_h,
 * outputs through V_h, and the cache is that of one key/value head of rank + rotated numbers, whose
 * value lies in its key. A prompt goes the same way, because other sums would be other bits; or,
 * where that is asked for, the keys and values of its rows are made: less work for many rows.
 *
 * With an index a row attends to `top` keys only:
 *
 *     iq = norm(x Wqa^T) Wiq^T  of each of its heads,  ik = norm(x Wik^T),  iw = x Wiw^T
 *     the keys with the largest  sum of iw max(iq ik, 0);  the first numbers of iq and ik rotated
 *
 * ik is appended to a cache of its own. A layer without may take the choice of the layer before.
 * Source: arXiv:2405.04434, section 2.1; the index arXiv:2512.02556, section 2.1. */
#include "model/run.h"

static heft_attn latent_of(const heft_attn *a)
{
    heft_attn latent = *a;
    latent.dk = a->kv_rank + a->dk - a->nope;
    latent.dv = a->kv_rank;
    return latent;
}

static bool has_index(const heft_attn *a)
{
    return a->index.heads > 0 && a->index.top > 0;
}

static int32_t caches_mla(const heft_spec *s, int32_t layer, heft_cache_decl out[HEFT_MAX_CACHE])
{
    const heft_attn a = latent_of(&s->layer[layer].attn);
    out[0] = (heft_cache_decl){ .G = 1, .dk = a.dk, .dv = a.dv, .v_in_k = true };
    out[1] = (heft_cache_decl){ .G = 1, .dk = a.index.width, .v_in_k = true };
    return has_index(&a) ? 2 : 1;
}

/* The part of n heads of `whole` numbers in rows of x that begins at `at`: (T,n,width). rope: of
 * the table that rotates it, or -1. */
static float *part(heft_run *r, const heft_layer *l, const float *x, int32_t n, int32_t whole,
                   int32_t at, int32_t width, const heft_norm *norm, int32_t rope)
{
    static const heft_norm none = { 0 };
    const heft_slice s = { x, n * whole, n, width, { at, n, 0, whole } };
    float *y = heft_tmp(r, (int64_t)r->b->T * n * width);
    const heft_rotation *rot = rope < 0 ? NULL : &r->m->spec.rope[rope].r;
    r->ops->heads(r->dev, y, &s, &l->s->attn, norm ? norm : &none, rot, rot ? r->cs[rope] : NULL,
                  r->b->T);
    return y;
}

/* a (n,wa) beside b (n,wb) */
static float *beside(heft_run *r, const float *a, const float *b, int64_t n, int32_t wa, int32_t wb)
{
    float *y = heft_tmp(r, n * (wa + wb));
    r->ops->beside(r->dev, y, a, b, (int32_t)n, wa, wb);
    return y;
}

/* Queries by the rows of h, what they are made from where they have a rank, and [c | kr]. */
static void project(heft_run *r, const heft_layer *l, const float *h, float **q, float **low,
                    float **kv)
{
    const int64_t T = r->b->T;
    const heft_lin *w[2] = { l->q_a.w.data ? &l->q_a : &l->q, &l->kv_a };
    float *p[2] = { heft_tmp(r, T * w[0]->w.rows), heft_tmp(r, T * w[1]->w.rows) };
    r->ops->linear(r->dev, 2, p, w, h, r->b->T);
    if (l->q_a.w.data) {
        const int32_t rank = l->s->attn.q_rank;
        float *full = heft_tmp(r, T * l->q.w.rows);
        *low = heft_tmp(r, T * rank);
        r->ops->norm(r->dev, *low, p[0], &l->q_latent, r->b->T, rank);
        r->ops->linear(r->dev, 1, &full, (const heft_lin *const[]){ &l->q }, *low, r->b->T);
        p[0] = full;
    }
    *q = p[0];
    *kv = p[1];
}

/* What the rows of h attend to; NULL: everything. */
static const int32_t *choose(heft_run *r, const heft_layer *l, const float *h, const float *low)
{
    const heft_index *x = &l->s->attn.index;
    const int64_t T = r->b->T;
    if (!has_index(&l->s->attn)) return x->top > 0 ? r->chosen : NULL;
    const heft_kv *keys = heft_run_kv(r, (int32_t)(l - r->m->layer), 1);
    float *q = heft_tmp(r, T * l->ix_q.w.rows), *k = heft_tmp(r, T * x->width),
          *w = heft_tmp(r, T * x->heads), *normed = heft_tmp(r, T * x->width);
    r->ops->linear(r->dev, 1, &q, (const heft_lin *const[]){ &l->ix_q }, low, r->b->T);
    r->ops->linear(r->dev, 2, (float *const[]){ k, w },
                   (const heft_lin *const[]){ &l->ix_k, &l->ix_w }, h, r->b->T);
    r->ops->norm(r->dev, normed, k, &l->ix_norm, r->b->T, x->width);
    const float *iq = part(r, l, q, x->heads, x->width, 0, x->width, NULL, x->rope),
                *ik = part(r, l, normed, 1, x->width, 0, x->width, NULL, x->rope);
    r->ops->store(r->dev, keys, ik, NULL, r->b);
    r->ops->select(r->dev, r->chosen, iq, w, keys, x, r->b);
    return r->chosen;
}

/* What rows attend by, whichever way they take: (T,H,...) each. */
typedef struct {
    float *qn, *qr; /* nope; rotated */
    float *q;       /* the first, or what comes of it, beside the second: of one way at a time */
    float *qc, *oc; /* kv_rank */
    float *o;       /* dv */
    const heft_kv *kv;
    const int32_t *chosen;
} latent_rows;

/* Sequences s .. next - 1 of the batch, whose rows take the same way; returns next. */
static int32_t same_way(const heft_batch *b, int32_t s, heft_batch *part)
{
    int32_t next = b->expanded ? s + 1 : b->S;
    while (next < b->S && b->expanded[next] == b->expanded[s])
        next++;
    *part = *b;
    part->S = next - s;
    if (b->first) part->first = b->first + s;
    return next;
}

/* Do the rows of sequence s go this way? A plan of SOME has both. */
static bool goes(const heft_run *r, int32_t s, bool expanded)
{
    if (r->expand != HEFT_EXPAND_SOME) return (r->expand == HEFT_EXPAND_ALL) == expanded;
    return !r->b->expanded || r->b->expanded[s] == expanded;
}

/* Row `row` of x (T,H,width); NULL while planning. */
static float *of_row(const heft_attn *a, float *x, int64_t row, int32_t width)
{
    return x ? x + row * a->H * width : NULL;
}

/* Queries and outputs go through the matrices of their heads. */
static void absorbed(heft_run *r, const heft_layer *l, const latent_rows *x, const heft_batch *b)
{
    const heft_attn *a = &l->s->attn, latent = latent_of(a);
    const int32_t rank = a->kv_rank, first = b->first ? b->first[0] : 0,
                  n = b->first ? b->first[b->S] - first : b->T;
    float *qc = of_row(a, x->qc, first, rank);
    r->ops->linear_each(r->dev, qc, l->k_up, a->H, of_row(a, x->qn, first, a->nope), n);
    r->ops->beside(r->dev, of_row(a, x->q, first, latent.dk), qc,
                   of_row(a, x->qr, first, latent.dk - rank), n * a->H, rank, latent.dk - rank);
    r->ops->attend(r->dev, x->oc, x->q, x->kv, NULL, NULL, NULL, x->chosen, &latent, b);
    r->ops->linear_each(r->dev, of_row(a, x->o, first, a->dv), l->v_up, a->H,
                        of_row(a, x->oc, first, rank), n);
}

/* Keys and values of the heads are made. */
static void expanded(heft_run *r, const heft_layer *l, const latent_rows *x, const heft_batch *b)
{
    const heft_attn *a = &l->s->attn;
    const int32_t first = b->first ? b->first[0] : 0, n = b->first ? b->first[b->S] - first : b->T;
    r->ops->beside(r->dev, of_row(a, x->q, first, a->dk), of_row(a, x->qn, first, a->nope),
                   of_row(a, x->qr, first, a->dk - a->nope), n * a->H, a->nope, a->dk - a->nope);
    r->ops->attend_expanded(r->dev, x->o, x->q, x->kv, l->k_up, l->v_up, a, b);
}

static float *forward_mla(heft_run *r, const heft_layer *l, const float *h)
{
    const heft_attn *a = &l->s->attn, latent = latent_of(a);
    const int32_t rank = a->kv_rank, rotated = a->dk - a->nope;
    const int64_t T = r->b->T, pairs = T * a->H;
    const heft_kv *kv = heft_run_kv(r, a->kv_from, 0);
    float *q, *low = NULL, *ckr;
    project(r, l, h, &q, &low, &ckr);
    const int32_t *chosen = choose(r, l, h, low);

    float *qn = part(r, l, q, a->H, a->dk, 0, a->nope, NULL, -1),
          *qr = part(r, l, q, a->H, a->dk, a->nope, rotated, NULL, a->rope),
          *c = part(r, l, ckr, 1, latent.dk, 0, rank, &l->kv_latent, -1),
          *kr = part(r, l, ckr, 1, latent.dk, rank, rotated, NULL, a->rope);
    r->ops->store(r->dev, kv, beside(r, c, kr, T, rank, rotated), NULL, r->b);

    const int32_t width[] = { [HEFT_EXPAND_NONE] = latent.dk,
                              [HEFT_EXPAND_SOME] = latent.dk > a->dk ? latent.dk : a->dk,
                              [HEFT_EXPAND_ALL] = a->dk };
    const bool all = r->expand == HEFT_EXPAND_ALL;
    const latent_rows x = { .qn = qn,
                            .qr = qr,
                            .q = heft_tmp(r, pairs * width[r->expand]),
                            .qc = all ? NULL : heft_tmp(r, pairs * rank),
                            .oc = all ? NULL : heft_tmp(r, pairs * rank),
                            .o = heft_tmp(r, pairs * a->dv),
                            .kv = kv,
                            .chosen = chosen };
    float *y = heft_tmp(r, T * r->m->spec.D);
    heft_batch part;
    for (int32_t s = 0, next; s < r->b->S; s = next) {
        next = same_way(r->b, s, &part);
        if (goes(r, s, false)) absorbed(r, l, &x, &part);
        if (goes(r, s, true)) expanded(r, l, &x, &part);
    }
    r->ops->linear(r->dev, 1, &y, (const heft_lin *const[]){ &l->o }, x.o, r->b->T);
    return y;
}

const heft_mixer heft_mixer_mla = { .name = "mla", .caches = caches_mla, .forward = forward_mla };

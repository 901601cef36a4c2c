/* Attention over one tile, and the joining of results: the definition, never optimised. */
#include "dtype/blocks.h"
#include "kernels/fill.h"
#include "kernels/sums.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- joining ---- */

/* How much of each of two partial results goes into the joined one. */
typedef struct {
    float m, l;
    float mine, theirs; /* factors of the values */
    bool first;         /* there was nothing before: the values are theirs, bit for bit */
} joint;

static joint join(const heft_partial *a, float m, float l)
{
    if (a->l == 0) return (joint){ .m = m, .l = l, .first = true };
    joint j = { .m = a->m > m ? a->m : m };
    j.mine = heft_exp(a->m - j.m);
    j.theirs = heft_exp(m - j.m);
    j.l = fmaf(a->l, j.mine, l * j.theirs);
    return j;
}

static float joined(const joint *j, float mine, float theirs)
{
    return j->first ? theirs : fmaf(mine, j->mine, theirs * j->theirs);
}

static void merge(heft_partial *a, const heft_partial *b, int32_t dv)
{
    if (b->l == 0) return;
    joint j = join(a, b->m, b->l);
    for (int32_t d = 0; d < dv; d++)
        a->o[d] = joined(&j, a->o[d], b->o[d]);
    a->m = j.m;
    a->l = j.l;
}

/* ---- one tile ---- */

/* Number i of a stored entry, widened exactly: of Q8_0, d * q. */
static float number(heft_dtype t, const uint8_t *entry, int32_t i)
{
    if (t != HEFT_Q8_0)
        return heft_number((uint8_t)t, entry + (size_t)heft_dtypes[t].bytes * (size_t)i);
    const heft_block_q8_0 *b = (const heft_block_q8_0 *)entry + i / 32;
    return heft_number(HEFT_F16, b->d) * (float)b->q[i % 32];
}

static float dot(const heft_tile *t, int32_t e, const float *q)
{
    const uint8_t *k = t->k + (size_t)e * t->k_stride;
    float s[16] = { 0 };
    for (int32_t i = 0; i < t->dk; i++)
        s[i % 16] = fmaf(q[i], number(t->dtype, k, i), s[i % 16]);
    return heft_fold(s);
}

static float score(const heft_tile *t, int32_t e, const heft_query *q)
{
    float s = t->scale * dot(t, e, q->q);
    if (t->softcap > 0) s = t->softcap * heft_tanh(s / t->softcap);
    return q->slope == 0 ? s : fmaf(q->slope, (float)(t->pos + e - q->pos), s);
}

static bool sees(const heft_query *q, int32_t e)
{
    return !(q->skip >> e & 1);
}

/* sum over e of p[e] v[e][d], e ascending */
static float weigh(const heft_tile *t, const heft_query *q, const float *p, int32_t d)
{
    float o = 0;
    for (int32_t e = q->lo; e < q->hi; e++)
        if (sees(q, e)) o = fmaf(p[e], number(t->dtype, t->v + (size_t)e * t->v_stride, d), o);
    return o;
}

static void attend_one(const heft_tile *t, const heft_query *q)
{
    float p[HEFT_TILE], part[16] = { 0 };
    float m = -INFINITY;
    for (int32_t e = q->lo; e < q->hi; e++) {
        if (!sees(q, e)) continue;
        p[e] = score(t, e, q);
        m = p[e] > m ? p[e] : m;
    }
    m += 0.0f; /* -0 would depend on the order */
    for (int32_t e = q->lo; e < q->hi; e++) {
        if (!sees(q, e)) continue;
        p[e] = heft_exp(p[e] - m);
        part[e % 16] += p[e];
    }
    joint j = join(q->state, m, heft_fold(part));
    for (int32_t d = 0; d < t->dv; d++)
        q->state->o[d] = joined(&j, q->state->o[d], weigh(t, q, p, d));
    q->state->m = j.m;
    q->state->l = j.l;
}

static void lay_panel(float *panel, const heft_query *q, int32_t nq, int32_t dk)
{
    memset(panel, 0, sizeof *panel * heft_panel_floats(nq, dk));
    for (int32_t i = 0; i < nq; i++) {
        float *lane = panel + heft_panel_floats(i / HEFT_PANEL * HEFT_PANEL, dk) + i % HEFT_PANEL;
        for (int32_t d = 0; d < dk; d++)
            lane[d * HEFT_PANEL] = q[i].q[d];
    }
}

static void attend(const heft_tile *t, const heft_query *q, int32_t nq, const float *panel)
{
    (void)panel;
    for (int32_t i = 0; i < nq; i++) {
        if (q[i].lo >= q[i].hi) continue;
        assert(q[i].lo >= 0 && q[i].hi <= HEFT_TILE);
        attend_one(t, q + i);
    }
}

/* ---- choosing keys ---- */

static void index_keys(const heft_tile *t, float *score, const float *q, const float *w,
                       int32_t heads, int32_t n)
{
    for (int32_t e = 0; e < n; e++) {
        score[e] = 0;
        for (int32_t h = 0; h < heads; h++) {
            const float product = dot(t, e, q + (size_t)h * (size_t)t->dk);
            score[e] = fmaf(w[h], product > 0 ? product : 0, score[e]);
        }
    }
}

void heft_kernels_scalar_attend(heft_kernels *k)
{
    k->lay_panel = lay_panel;
    k->attend = attend;
    k->index = index_keys;
    k->merge = merge;
}

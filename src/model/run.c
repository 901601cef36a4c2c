/* Memory of a step, and the spellings that blocks share. */
#include "model/run.h"

#include <assert.h>

float *heft_tmp(heft_run *r, int64_t n)
{
    size_t at = r->used;
    r->used += ((size_t)n + 15) / 16 * 16; /* whole cache lines */
    if (r->used > r->peak) r->peak = r->used;
    return r->arena ? r->arena + at : NULL;
}

const heft_kv *heft_run_kv(const heft_run *r, int32_t layer, int32_t nth)
{
    return r->kv ? &r->kv[layer * HEFT_MAX_CACHE + nth] : NULL;
}

float *heft_run_norm(heft_run *r, const heft_norm *n, float *x)
{
    if (n->kind == HEFT_NORM_NONE) return x;
    int32_t D = r->m->spec.D;
    float *y = heft_tmp(r, (int64_t)r->b->T * D);
    r->ops->norm(r->dev, y, x, n, r->b->T, D);
    return y;
}

float *heft_run_join(heft_run *r, const heft_layer *l, const float *x, const float *y)
{
    int32_t D = r->m->spec.D;
    float *z = heft_tmp(r, (int64_t)r->b->T * D);
    r->ops->add(r->dev, z, x, y, l->s->out_scale, r->b->T, D);
    return z;
}

heft_mix heft_run_split(heft_run *r, const heft_hyper *h, const float *x, int32_t T)
{
    const heft_streams *s = &r->m->spec.streams;
    const int32_t D = r->m->spec.D, rows = h->fn.w.rows;
    float *n = heft_tmp(r, (int64_t)T * s->n * D), *raw = heft_tmp(r, (int64_t)T * rows);
    heft_mix m = { .in = heft_tmp(r, (int64_t)T * D), .c = heft_tmp(r, (int64_t)T * rows) };
    r->ops->norm(r->dev, n, x, &h->norm, T, s->n * D);
    r->ops->linear(r->dev, 1, &raw, (const heft_lin *const[]){ &h->fn }, n, T);
    r->ops->blend(r->dev, m.c, raw, h, s, T);
    r->ops->collapse(r->dev, m.in, x, m.c, rows, s->n, T, D);
    return m;
}

float *heft_run_merge(heft_run *r, const heft_mix *m, const float *x, const float *y)
{
    const int32_t n = r->m->spec.streams.n, D = r->m->spec.D;
    float *z = heft_tmp(r, (int64_t)r->b->T * n * D);
    r->ops->expand(r->dev, z, x, y, m->c, n, r->b->T, D);
    return z;
}

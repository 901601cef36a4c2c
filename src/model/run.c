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

/* Counting instead of running: the operations as a plan sees them. */
#include "ops/ops.h"

static heft_plan_device *counts(heft_device *d)
{
    return (heft_plan_device *)d;
}

static void most(int32_t *to, int32_t value)
{
    if (value > *to) *to = value;
}

/* Stored bytes of a matrix: whole rows as they lie, whatever lies between them. */
static uint64_t stored(const heft_mat *w, int32_t rows)
{
    const heft_dtype_info *t = &heft_dtypes[w->dtype];
    return (uint64_t)rows * (uint64_t)(w->cols / t->block) * (uint64_t)t->bytes;
}

static heft_status sync_plan(heft_device *d, heft_error *err)
{
    (void)d, (void)err;
    return HEFT_OK;
}

static void embed_plan(heft_device *d, float *x, const heft_mat *e, float scale,
                       const heft_batch *b)
{
    (void)x, (void)scale;
    counts(d)->weight_bytes += stored(e, b->T);
    most(&counts(d)->need.rows, b->T);
}

static void place_plan(heft_device *d, float *y, const float *x, const heft_mat *p, int32_t offset,
                       const heft_batch *b)
{
    (void)y, (void)x, (void)offset;
    counts(d)->weight_bytes += stored(p, b->T);
}

static void pick_plan(heft_device *d, float *y, const float *x, const int32_t *row, int32_t n,
                      int32_t D)
{
    (void)d, (void)y, (void)x, (void)row, (void)n, (void)D;
}

static void linear_plan(heft_device *d, int32_t n, float *const *y, const heft_lin *const *w,
                        const float *x, int32_t T)
{
    (void)y, (void)x;
    for (int32_t i = 0; i < n; i++) {
        const heft_mat *m = &w[i]->w;
        counts(d)->weight_bytes +=
            stored(m, m->rows) + (w[i]->bias ? sizeof(float) * (uint64_t)m->rows : 0);
        counts(d)->macs += (uint64_t)m->rows * (uint64_t)m->cols * (uint64_t)T;
        most(&counts(d)->need.cols, m->cols);
    }
}

static void norm_plan(heft_device *d, float *y, const float *x, const heft_norm *n, int32_t rows,
                      int32_t width)
{
    (void)y, (void)x, (void)rows;
    if (n->w) counts(d)->weight_bytes += sizeof(float) * (uint64_t)width;
    if (n->b) counts(d)->weight_bytes += sizeof(float) * (uint64_t)width;
}

static void add_plan(heft_device *d, float *y, const float *a, const float *b, float s, int32_t T,
                     int32_t width)
{
    (void)d, (void)y, (void)a, (void)b, (void)s, (void)T, (void)width;
}

static void scale_plan(heft_device *d, float *y, const float *x, float s, float cap, int32_t T,
                       int32_t width)
{
    (void)d, (void)y, (void)x, (void)s, (void)cap, (void)T, (void)width;
}

static void act_plan(heft_device *d, float *y, const float *gate, const float *up, int32_t row,
                     const heft_act_spec *a, int32_t T, int32_t F)
{
    (void)d, (void)y, (void)gate, (void)up, (void)row, (void)a, (void)T, (void)F;
}

static void rope_plan(heft_device *d, float *cs, const heft_rotation *r, int32_t rope,
                      const heft_batch *b)
{
    (void)d, (void)cs, (void)r, (void)rope, (void)b;
}

static void heads_plan(heft_device *d, float *y, const heft_slice *s, const heft_attn *a,
                       const heft_norm *n, const heft_rotation *r, const float *cs, int32_t T)
{
    (void)y, (void)r, (void)cs, (void)T;
    bool own = a->qk_norm == HEFT_QKN_HEAD_OWN || a->qk_norm == HEFT_QKN_ROW;
    if (n->w)
        counts(d)->weight_bytes += sizeof(float) * (uint64_t)s->width * (uint64_t)(own ? s->n : 1);
}

static void store_plan(heft_device *d, const heft_kv *kv, const float *k, const float *v,
                       const heft_batch *b)
{
    (void)d, (void)kv, (void)k, (void)v, (void)b;
}

static void attend_plan(heft_device *d, float *o, const float *q, const heft_kv *kv,
                        const float *sinks, const float *slopes, const heft_attn *a,
                        const heft_batch *b)
{
    (void)o, (void)q, (void)kv, (void)sinks, (void)slopes, (void)b;
    most(&counts(d)->need.heads, a->H);
    most(&counts(d)->need.dv, a->dv);
    most(&counts(d)->need.group, a->H / a->G);
}

const heft_ops heft_ops_plan = {
    .name = "plan",
    .sync = sync_plan,
    .embed = embed_plan,
    .place = place_plan,
    .pick = pick_plan,
    .linear = linear_plan,
    .norm = norm_plan,
    .add = add_plan,
    .scale = scale_plan,
    .act = act_plan,
    .rope = rope_plan,
    .heads = heads_plan,
    .store = store_plan,
    .attend = attend_plan,
};

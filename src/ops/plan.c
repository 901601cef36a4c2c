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

/* A matrix is multiplied by that many rows of an input. */
static void reads(heft_device_need *n, int32_t rows, int32_t cols)
{
    const int64_t blocks = (int64_t)rows * (cols / 32);
    most(&n->rows, rows);
    most(&n->cols, cols);
    if (blocks > n->blocks) n->blocks = blocks;
}

/* Stored bytes of a matrix: whole rows as they lie, whatever lies between them, and their part of
 * the scales beside it. */
static uint64_t stored(const heft_mat *w, int32_t rows)
{
    const heft_dtype_info *t = &heft_dtypes[w->dtype];
    const uint64_t numbers = (uint64_t)rows * (uint64_t)w->cols;
    const double part = w->with ? (double)w->with->bytes / (double)w->with->numbers : 0;
    return numbers / (uint64_t)t->block * (uint64_t)t->bytes + (uint64_t)(part * (double)numbers);
}

/* Matrices like m, `bytes` in all, are multiplied by `columns` columns in all. */
static void multiplies(heft_plan_device *c, const heft_mat *m, int32_t matrices, uint64_t bytes,
                       int32_t columns)
{
    const uint64_t macs = (uint64_t)m->rows * (uint64_t)m->cols * (uint64_t)columns;
    c->weight_bytes += bytes;
    c->macs += macs;
    if (columns / matrices < HEFT_FEW_COLUMNS)
        c->few_bytes[m->dtype] += bytes;
    else
        c->many_macs[m->dtype] += macs;
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
        multiplies(counts(d), m, 1, stored(m, m->rows), T);
        if (w[i]->bias) counts(d)->weight_bytes += sizeof(float) * (uint64_t)m->rows;
        reads(&counts(d)->need, T, m->cols);
    }
}

static void linear_each_plan(heft_device *d, float *y, const heft_mat *w, int32_t H, const float *x,
                             int32_t T)
{
    (void)y, (void)x;
    for (int32_t h = 0; h < H; h++)
        multiplies(counts(d), &w[h], 1, stored(&w[h], w[h].rows), T);
    reads(&counts(d)->need, T * H, w->cols);
    most(&counts(d)->need.cols, w->rows); /* a row as it is stored */
}

static void beside_plan(heft_device *d, float *y, const float *a, const float *b, int32_t n,
                        int32_t wa, int32_t wb)
{
    (void)d, (void)y, (void)a, (void)b, (void)n, (void)wa, (void)wb;
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

static void temper_plan(heft_device *d, float *y, const float *x, const heft_attn *a, int32_t width,
                        const heft_batch *b)
{
    (void)d, (void)y, (void)x, (void)a, (void)width, (void)b;
}

static void store_plan(heft_device *d, const heft_kv *kv, const float *k, const float *v,
                       const heft_batch *b)
{
    (void)d, (void)kv, (void)k, (void)v, (void)b;
}

static void select_plan(heft_device *d, int32_t *chosen, const float *q, const float *w,
                        const heft_kv *kv, const heft_index *x, const heft_batch *b)
{
    (void)chosen, (void)q, (void)w, (void)kv, (void)x, (void)b;
    counts(d)->need.selects = true;
}

/* Rows from .. to-1 of a batch are those that attend. */
static void attending(const heft_batch *b, int32_t *from, int32_t *to)
{
    *from = b->first ? b->first[0] : 0;
    *to = b->first ? b->first[b->S] : b->T;
}

static int32_t position(const heft_plan_device *c, const heft_batch *b, int32_t t)
{
    return b->pos ? b->pos[t] : c->past + t;
}

/* Is it the last row of its sequence? */
static bool is_last(const heft_batch *b, int32_t t)
{
    return t == b->T - 1 || (b->seq && b->seq[t + 1] != b->seq[t]);
}

/* Entries that a row at this position attends to: keys, and those of several tokens. */
static int64_t seen(const heft_attn *a, int32_t pos)
{
    int64_t near = (int64_t)pos + 1, far = a->index.every > 1 ? near / a->index.every : 0;
    if (a->chunk && pos % a->chunk + 1 < near) near = pos % a->chunk + 1;
    if (a->window && a->window < near) near = a->window;
    int64_t *chosen = a->index.every > 1 ? &far : &near;
    if (a->index.top > 0 && a->index.top < *chosen) *chosen = a->index.top;
    return near + far;
}

static void attend_plan(heft_device *d, float *o, const float *q, const heft_kv *kv,
                        const heft_kv *more, const float *sinks, const float *slopes,
                        const int32_t *chosen, const heft_attn *a, const heft_batch *b)
{
    (void)o, (void)q, (void)kv, (void)more, (void)sinks, (void)slopes, (void)chosen;
    heft_plan_device *c = counts(d);
    const int32_t width = a->dk + a->dv;
    const bool apart = a->kv_rank == 0 && a->o_groups == 0; /* else values lie in keys */
    int32_t from, to;
    attending(b, &from, &to);
    for (int32_t t = from; t < to; t++) {
        const uint64_t n = (uint64_t)seen(a, position(c, b, t));
        c->attend_macs += n * (uint64_t)a->H * (uint64_t)width;
        if (is_last(b, t))
            c->cache_bytes += n * (uint64_t)a->G * heft_row_bytes(c->cache, apart ? width : a->dk);
    }
    most(&c->need.heads, a->H);
    most(&c->need.dk, a->dk);
    most(&c->need.dv, a->dv);
    most(&c->need.group, a->H / a->G);
}

/* Every entry that a sequence sees is made a key and a value of every head, once for its rows. */
static void attend_expanded_plan(heft_device *d, float *o, const float *q, const heft_kv *kv,
                                 const heft_mat *k_up, const heft_mat *v_up, const heft_attn *a,
                                 const heft_batch *b)
{
    (void)o, (void)q, (void)kv;
    heft_plan_device *c = counts(d);
    const int32_t latent = a->kv_rank + a->dk - a->nope;
    int32_t from, to;
    attending(b, &from, &to);
    for (int32_t t = from; t < to; t++) {
        const int32_t n = position(c, b, t) + 1;
        c->attend_macs += (uint64_t)n * (uint64_t)a->H * (uint64_t)(a->dk + a->dv);
        if (!is_last(b, t)) continue;
        c->cache_bytes += (uint64_t)n * heft_row_bytes(c->cache, latent);
        for (int32_t h = 0; h < a->H; h++) {
            multiplies(c, &k_up[h], 1, stored(&k_up[h], k_up[h].rows), n);
            multiplies(c, &v_up[h], 1, stored(&v_up[h], v_up[h].rows), n);
        }
    }
    reads(&c->need, HEFT_SPAN, a->kv_rank);
    most(&c->need.cols, a->nope); /* a row of k_up as it is stored */
    most(&c->need.latent, latent);
    most(&c->need.made, a->dk + a->dv);
    if ((int64_t)b->T * a->H > c->need.states) c->need.states = (int64_t)b->T * a->H;
    most(&c->need.dk, a->dk);
    most(&c->need.dv, a->dv);
    most(&c->need.group, 1);
}

static void conv_plan(heft_device *d, float *y, const heft_slice *s, const heft_taps *w,
                      const heft_state *state, const heft_batch *b)
{
    (void)y, (void)state, (void)b;
    counts(d)->weight_bytes += stored(w->w, s->n * s->width);
    most(&counts(d)->need.cols, 2 * s->width * w->w->cols); /* as stored, and by tap */
}

static void delta_gates_plan(heft_device *d, float *decay, float *beta, const heft_slice *a,
                             const heft_slice *b, const float *rate, const float *dt, int32_t T)
{
    (void)decay, (void)beta, (void)b, (void)rate, (void)dt, (void)T;
    counts(d)->weight_bytes += 2 * sizeof(float) * (uint64_t)a->n;
}

static void delta_plan(heft_device *d, float *o, const heft_delta_rows *in, const heft_delta *g,
                       const heft_state *state, const heft_batch *b)
{
    (void)d, (void)o, (void)in, (void)g, (void)state, (void)b;
}

static void blend_plan(heft_device *d, float *c, const float *x, const heft_hyper *h,
                       const heft_streams *s, int32_t T)
{
    (void)c, (void)x, (void)s, (void)T;
    counts(d)->weight_bytes += sizeof(float) * (uint64_t)h->fn.w.rows; /* the base */
}

static void collapse_plan(heft_device *d, float *y, const float *x, const float *c, int32_t row,
                          int32_t n, int32_t T, int32_t D)
{
    (void)d, (void)y, (void)x, (void)c, (void)row, (void)n, (void)T, (void)D;
}

static void expand_plan(heft_device *d, float *z, const float *x, const float *y, const float *c,
                        int32_t n, int32_t T, int32_t D)
{
    (void)d, (void)z, (void)x, (void)y, (void)c, (void)n, (void)T, (void)D;
}

static void compress_plan(heft_device *d, const heft_kv *to, const heft_kv *parts,
                          const heft_compress *c, const heft_attn *a, const heft_rotation *r,
                          const heft_batch *b)
{
    const int32_t every = a->index.every, half = a->overlap ? 2 : 1;
    (void)to, (void)parts, (void)r;
    counts(d)->weight_bytes += sizeof(float) * (uint64_t)c->kv.w.rows
                               * (uint64_t)(b->T < every ? b->T : every); /* ape, of their places */
    most(&counts(d)->need.entry, c->kv.w.rows / half);
    most(&counts(d)->need.block, every * half);
}

static void route_plan(heft_device *d, heft_route *to, const float *logits, const float *bias,
                       const float *scale, const heft_router *r, int32_t T)
{
    (void)to, (void)logits;
    if (bias) counts(d)->weight_bytes += sizeof(float) * (uint64_t)r->E;
    if (scale) counts(d)->weight_bytes += sizeof(float) * (uint64_t)r->E;
    most(&counts(d)->need.experts, r->E);
    most(&counts(d)->need.rows, T * r->top);
}

static void look_up_plan(heft_device *d, heft_route *to, const float *logits, const heft_mat *table,
                         const heft_router *r, const heft_batch *b)
{
    (void)to, (void)logits;
    counts(d)->weight_bytes += stored(table, b->T);
    most(&counts(d)->need.experts, r->E);
    most(&counts(d)->need.rows, b->T * r->top);
}

static void spread_plan(heft_device *d, float *y, const float *x, const heft_route *to,
                        const heft_router *r, int32_t T, int32_t D)
{
    (void)d, (void)y, (void)x, (void)to, (void)r, (void)T, (void)D;
}

/* Every pair may go to another expert: one row reads `top` of them, many rows all. */
static void experts_plan(heft_device *d, int32_t n, float *const *y, const heft_experts *const *w,
                         const float *x, bool each, const heft_route *to, const heft_router *r,
                         int32_t T)
{
    (void)y, (void)x, (void)to;
    const int32_t pairs = T * r->top, chosen = pairs < r->E ? pairs : r->E;
    for (int32_t i = 0; i < n; i++) {
        const heft_mat *m = w[i]->w, *bias = &w[i]->bias;
        uint64_t bytes = 0;
        for (int32_t e = 0; e < chosen; e++) {
            bytes += stored(&m[e], m[e].rows);
            if (bias->data) counts(d)->weight_bytes += stored(bias, 1);
        }
        multiplies(counts(d), m, chosen, bytes, pairs);
        reads(&counts(d)->need, each ? pairs : T, m->cols);
        if (bias->data) most(&counts(d)->need.cols, bias->cols);
    }
}

static void mix_plan(heft_device *d, float *y, const float *z, const heft_route *to,
                     const heft_router *r, int32_t T, int32_t D)
{
    (void)d, (void)y, (void)z, (void)to, (void)r, (void)T, (void)D;
}

static void gate_plan(heft_device *d, float *y, const float *x, const float *gate, int32_t T,
                      int32_t width)
{
    (void)d, (void)y, (void)x, (void)gate, (void)T, (void)width;
}

const heft_ops heft_ops_plan = {
    .name = "plan",
    .sync = sync_plan,
    .embed = embed_plan,
    .place = place_plan,
    .pick = pick_plan,
    .linear = linear_plan,
    .linear_each = linear_each_plan,
    .norm = norm_plan,
    .beside = beside_plan,
    .add = add_plan,
    .scale = scale_plan,
    .act = act_plan,
    .rope = rope_plan,
    .heads = heads_plan,
    .temper = temper_plan,
    .store = store_plan,
    .select = select_plan,
    .attend = attend_plan,
    .attend_expanded = attend_expanded_plan,
    .conv = conv_plan,
    .delta_gates = delta_gates_plan,
    .delta = delta_plan,
    .compress = compress_plan,
    .blend = blend_plan,
    .collapse = collapse_plan,
    .expand = expand_plan,
    .route = route_plan,
    .look_up = look_up_plan,
    .spread = spread_plan,
    .experts = experts_plan,
    .mix = mix_plan,
    .gate = gate_plan,
};

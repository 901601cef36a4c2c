/* Timing: every operation is counted by the plan, passed on, and its time kept. */
#include "base/system.h"
#include "ops/ops.h"

#include <stddef.h>

/* An operation added to the table needs its number here, a name and a wrapper. */
_Static_assert(sizeof(heft_ops)
                   == offsetof(heft_ops, embed) + HEFT_OPERATIONS * sizeof(heft_ops_plan.scale),
               "operations and their numbers");

static heft_timer *timer(heft_device *d)
{
    return (heft_timer *)d;
}

static heft_device *counts(heft_device *d)
{
    return (heft_device *)&timer(d)->counts;
}

/* A call ends that began then: keep its time and what was counted. */
static void keep(heft_device *d, int32_t op, double began)
{
    heft_op_time *t = &timer(d)->op[op];
    heft_plan_device *c = &timer(d)->counts;
    t->seconds += heft_seconds() - began;
    t->calls++;
    t->bytes += c->weight_bytes + c->cache_bytes;
    t->macs += c->macs + c->attend_macs;
    c->weight_bytes = c->cache_bytes = c->macs = c->attend_macs = 0;
}

static heft_status sync_timer(heft_device *d, heft_error *err)
{
    return timer(d)->ops->sync(timer(d)->device, err);
}

static void embed_timer(heft_device *d, float *x, const heft_mat *e, float scale,
                        const heft_batch *b)
{
    heft_ops_plan.embed(counts(d), x, e, scale, b);
    const double began = heft_seconds();
    timer(d)->ops->embed(timer(d)->device, x, e, scale, b);
    keep(d, HEFT_OP_EMBED, began);
}

static void place_timer(heft_device *d, float *y, const float *x, const heft_mat *p, int32_t offset,
                        const heft_batch *b)
{
    heft_ops_plan.place(counts(d), y, x, p, offset, b);
    const double began = heft_seconds();
    timer(d)->ops->place(timer(d)->device, y, x, p, offset, b);
    keep(d, HEFT_OP_PLACE, began);
}

static void pick_timer(heft_device *d, float *y, const float *x, const int32_t *row, int32_t n,
                       int32_t D)
{
    heft_ops_plan.pick(counts(d), y, x, row, n, D);
    const double began = heft_seconds();
    timer(d)->ops->pick(timer(d)->device, y, x, row, n, D);
    keep(d, HEFT_OP_PICK, began);
}

static void linear_timer(heft_device *d, int32_t n, float *const *y, const heft_lin *const *w,
                         const float *x, int32_t T)
{
    heft_ops_plan.linear(counts(d), n, y, w, x, T);
    const double began = heft_seconds();
    timer(d)->ops->linear(timer(d)->device, n, y, w, x, T);
    keep(d, HEFT_OP_LINEAR, began);
}

static void linear_each_timer(heft_device *d, float *y, const heft_mat *w, int32_t H,
                              const float *x, int32_t T)
{
    heft_ops_plan.linear_each(counts(d), y, w, H, x, T);
    const double began = heft_seconds();
    timer(d)->ops->linear_each(timer(d)->device, y, w, H, x, T);
    keep(d, HEFT_OP_LINEAR_EACH, began);
}

static void norm_timer(heft_device *d, float *y, const float *x, const heft_norm *norm, int32_t n,
                       int32_t width)
{
    heft_ops_plan.norm(counts(d), y, x, norm, n, width);
    const double began = heft_seconds();
    timer(d)->ops->norm(timer(d)->device, y, x, norm, n, width);
    keep(d, HEFT_OP_NORM, began);
}

static void beside_timer(heft_device *d, float *y, const float *a, const float *b, int32_t n,
                         int32_t wa, int32_t wb)
{
    heft_ops_plan.beside(counts(d), y, a, b, n, wa, wb);
    const double began = heft_seconds();
    timer(d)->ops->beside(timer(d)->device, y, a, b, n, wa, wb);
    keep(d, HEFT_OP_BESIDE, began);
}

static void add_timer(heft_device *d, float *y, const float *a, const float *b, float s, int32_t T,
                      int32_t width)
{
    heft_ops_plan.add(counts(d), y, a, b, s, T, width);
    const double began = heft_seconds();
    timer(d)->ops->add(timer(d)->device, y, a, b, s, T, width);
    keep(d, HEFT_OP_ADD, began);
}

static void scale_timer(heft_device *d, float *y, const float *x, float s, float cap, int32_t T,
                        int32_t width)
{
    heft_ops_plan.scale(counts(d), y, x, s, cap, T, width);
    const double began = heft_seconds();
    timer(d)->ops->scale(timer(d)->device, y, x, s, cap, T, width);
    keep(d, HEFT_OP_SCALE, began);
}

static void act_timer(heft_device *d, float *y, const float *gate, const float *up, int32_t row,
                      const heft_act_spec *a, int32_t T, int32_t F)
{
    heft_ops_plan.act(counts(d), y, gate, up, row, a, T, F);
    const double began = heft_seconds();
    timer(d)->ops->act(timer(d)->device, y, gate, up, row, a, T, F);
    keep(d, HEFT_OP_ACT, began);
}

static void rope_timer(heft_device *d, float *cs, const heft_rotation *r, int32_t rope,
                       const heft_batch *b)
{
    heft_ops_plan.rope(counts(d), cs, r, rope, b);
    const double began = heft_seconds();
    timer(d)->ops->rope(timer(d)->device, cs, r, rope, b);
    keep(d, HEFT_OP_ROPE, began);
}

static void heads_timer(heft_device *d, float *y, const heft_slice *s, const heft_attn *a,
                        const heft_norm *norm, const heft_rotation *r, const float *cs, int32_t T)
{
    heft_ops_plan.heads(counts(d), y, s, a, norm, r, cs, T);
    const double began = heft_seconds();
    timer(d)->ops->heads(timer(d)->device, y, s, a, norm, r, cs, T);
    keep(d, HEFT_OP_HEADS, began);
}

static void temper_timer(heft_device *d, float *y, const float *x, const heft_attn *a,
                         int32_t width, const heft_batch *b)
{
    heft_ops_plan.temper(counts(d), y, x, a, width, b);
    const double began = heft_seconds();
    timer(d)->ops->temper(timer(d)->device, y, x, a, width, b);
    keep(d, HEFT_OP_TEMPER, began);
}

static void store_timer(heft_device *d, const heft_kv *kv, const float *k, const float *v,
                        const heft_batch *b)
{
    heft_ops_plan.store(counts(d), kv, k, v, b);
    const double began = heft_seconds();
    timer(d)->ops->store(timer(d)->device, kv, k, v, b);
    keep(d, HEFT_OP_STORE, began);
}

static void select_timer(heft_device *d, int32_t *chosen, const float *q, const float *w,
                         const heft_kv *kv, const heft_index *ix, const heft_batch *b)
{
    heft_ops_plan.select(counts(d), chosen, q, w, kv, ix, b);
    const double began = heft_seconds();
    timer(d)->ops->select(timer(d)->device, chosen, q, w, kv, ix, b);
    keep(d, HEFT_OP_SELECT, began);
}

static void attend_timer(heft_device *d, float *o, const float *q, const heft_kv *kv,
                         const heft_kv *more, const float *sinks, const float *slopes,
                         const int32_t *chosen, const heft_attn *a, const heft_batch *b)
{
    timer(d)->counts.cache = kv->dtype;
    heft_ops_plan.attend(counts(d), o, q, kv, more, sinks, slopes, chosen, a, b);
    const double began = heft_seconds();
    timer(d)->ops->attend(timer(d)->device, o, q, kv, more, sinks, slopes, chosen, a, b);
    keep(d, HEFT_OP_ATTEND, began);
}

static void attend_expanded_timer(heft_device *d, float *o, const float *q, const heft_kv *kv,
                                  const heft_mat *k_up, const heft_mat *v_up, const heft_attn *a,
                                  const heft_batch *b)
{
    timer(d)->counts.cache = kv->dtype;
    heft_ops_plan.attend_expanded(counts(d), o, q, kv, k_up, v_up, a, b);
    const double began = heft_seconds();
    timer(d)->ops->attend_expanded(timer(d)->device, o, q, kv, k_up, v_up, a, b);
    keep(d, HEFT_OP_ATTEND_EXPANDED, began);
}

static void compress_timer(heft_device *d, const heft_kv *to, const heft_kv *parts,
                           const heft_compress *c, const heft_attn *a, const heft_rotation *r,
                           const heft_batch *b)
{
    heft_ops_plan.compress(counts(d), to, parts, c, a, r, b);
    const double began = heft_seconds();
    timer(d)->ops->compress(timer(d)->device, to, parts, c, a, r, b);
    keep(d, HEFT_OP_COMPRESS, began);
}

static void blend_timer(heft_device *d, float *c, const float *x, const heft_hyper *h,
                        const heft_streams *s, int32_t T)
{
    heft_ops_plan.blend(counts(d), c, x, h, s, T);
    const double began = heft_seconds();
    timer(d)->ops->blend(timer(d)->device, c, x, h, s, T);
    keep(d, HEFT_OP_BLEND, began);
}

static void collapse_timer(heft_device *d, float *y, const float *x, const float *c, int32_t row,
                           int32_t n, int32_t T, int32_t D)
{
    heft_ops_plan.collapse(counts(d), y, x, c, row, n, T, D);
    const double began = heft_seconds();
    timer(d)->ops->collapse(timer(d)->device, y, x, c, row, n, T, D);
    keep(d, HEFT_OP_COLLAPSE, began);
}

static void expand_timer(heft_device *d, float *z, const float *x, const float *y, const float *c,
                         int32_t n, int32_t T, int32_t D)
{
    heft_ops_plan.expand(counts(d), z, x, y, c, n, T, D);
    const double began = heft_seconds();
    timer(d)->ops->expand(timer(d)->device, z, x, y, c, n, T, D);
    keep(d, HEFT_OP_EXPAND, began);
}

static void conv_timer(heft_device *d, float *y, const heft_slice *s, const heft_taps *w,
                       const heft_state *state, const heft_batch *b)
{
    heft_ops_plan.conv(counts(d), y, s, w, state, b);
    const double began = heft_seconds();
    timer(d)->ops->conv(timer(d)->device, y, s, w, state, b);
    keep(d, HEFT_OP_CONV, began);
}

static void delta_gates_timer(heft_device *d, float *decay, float *beta, const heft_slice *a,
                              const heft_slice *b, const float *rate, const float *dt, int32_t T)
{
    heft_ops_plan.delta_gates(counts(d), decay, beta, a, b, rate, dt, T);
    const double began = heft_seconds();
    timer(d)->ops->delta_gates(timer(d)->device, decay, beta, a, b, rate, dt, T);
    keep(d, HEFT_OP_DELTA_GATES, began);
}

static void delta_timer(heft_device *d, float *o, const heft_delta_rows *in, const heft_delta *g,
                        const heft_state *state, const heft_batch *b)
{
    heft_ops_plan.delta(counts(d), o, in, g, state, b);
    const double began = heft_seconds();
    timer(d)->ops->delta(timer(d)->device, o, in, g, state, b);
    keep(d, HEFT_OP_DELTA, began);
}

static void route_timer(heft_device *d, heft_route *to, const float *logits, const float *bias,
                        const float *scale, const heft_router *r, int32_t T)
{
    heft_ops_plan.route(counts(d), to, logits, bias, scale, r, T);
    const double began = heft_seconds();
    timer(d)->ops->route(timer(d)->device, to, logits, bias, scale, r, T);
    keep(d, HEFT_OP_ROUTE, began);
}

static void look_up_timer(heft_device *d, heft_route *to, const float *logits,
                          const heft_mat *table, const heft_router *r, const heft_batch *b)
{
    heft_ops_plan.look_up(counts(d), to, logits, table, r, b);
    const double began = heft_seconds();
    timer(d)->ops->look_up(timer(d)->device, to, logits, table, r, b);
    keep(d, HEFT_OP_LOOK_UP, began);
}

static void spread_timer(heft_device *d, float *y, const float *x, const heft_route *to,
                         const heft_router *r, int32_t T, int32_t D)
{
    heft_ops_plan.spread(counts(d), y, x, to, r, T, D);
    const double began = heft_seconds();
    timer(d)->ops->spread(timer(d)->device, y, x, to, r, T, D);
    keep(d, HEFT_OP_SPREAD, began);
}

static void experts_timer(heft_device *d, int32_t n, float *const *y, const heft_experts *const *w,
                          const float *x, bool each, const heft_route *to, const heft_router *r,
                          int32_t T)
{
    heft_ops_plan.experts(counts(d), n, y, w, x, each, to, r, T);
    const double began = heft_seconds();
    timer(d)->ops->experts(timer(d)->device, n, y, w, x, each, to, r, T);
    keep(d, HEFT_OP_EXPERTS, began);
}

static void mix_timer(heft_device *d, float *y, const float *z, const heft_route *to,
                      const heft_router *r, int32_t T, int32_t D)
{
    heft_ops_plan.mix(counts(d), y, z, to, r, T, D);
    const double began = heft_seconds();
    timer(d)->ops->mix(timer(d)->device, y, z, to, r, T, D);
    keep(d, HEFT_OP_MIX, began);
}

static void gate_timer(heft_device *d, float *y, const float *x, const float *gate, int32_t T,
                       int32_t width)
{
    heft_ops_plan.gate(counts(d), y, x, gate, T, width);
    const double began = heft_seconds();
    timer(d)->ops->gate(timer(d)->device, y, x, gate, T, width);
    keep(d, HEFT_OP_GATE, began);
}

const heft_ops heft_ops_timer = {
    .name = "timer",
    .sync = sync_timer,
    .embed = embed_timer,
    .place = place_timer,
    .pick = pick_timer,
    .linear = linear_timer,
    .linear_each = linear_each_timer,
    .norm = norm_timer,
    .beside = beside_timer,
    .add = add_timer,
    .scale = scale_timer,
    .act = act_timer,
    .rope = rope_timer,
    .heads = heads_timer,
    .temper = temper_timer,
    .store = store_timer,
    .select = select_timer,
    .attend = attend_timer,
    .attend_expanded = attend_expanded_timer,
    .compress = compress_timer,
    .blend = blend_timer,
    .collapse = collapse_timer,
    .expand = expand_timer,
    .conv = conv_timer,
    .delta_gates = delta_gates_timer,
    .delta = delta_timer,
    .route = route_timer,
    .look_up = look_up_timer,
    .spread = spread_timer,
    .experts = experts_timer,
    .mix = mix_timer,
    .gate = gate_timer,
};

const char *heft_op_name(int32_t op)
{
    static const char *const name[HEFT_OPERATIONS] = {
        [HEFT_OP_EMBED] = "embed",
        [HEFT_OP_PLACE] = "place",
        [HEFT_OP_PICK] = "pick",
        [HEFT_OP_LINEAR] = "linear",
        [HEFT_OP_LINEAR_EACH] = "linear_each",
        [HEFT_OP_NORM] = "norm",
        [HEFT_OP_BESIDE] = "beside",
        [HEFT_OP_ADD] = "add",
        [HEFT_OP_SCALE] = "scale",
        [HEFT_OP_ACT] = "act",
        [HEFT_OP_ROPE] = "rope",
        [HEFT_OP_HEADS] = "heads",
        [HEFT_OP_TEMPER] = "temper",
        [HEFT_OP_STORE] = "store",
        [HEFT_OP_SELECT] = "select",
        [HEFT_OP_ATTEND] = "attend",
        [HEFT_OP_ATTEND_EXPANDED] = "attend_expanded",
        [HEFT_OP_COMPRESS] = "compress",
        [HEFT_OP_BLEND] = "blend",
        [HEFT_OP_COLLAPSE] = "collapse",
        [HEFT_OP_EXPAND] = "expand",
        [HEFT_OP_CONV] = "conv",
        [HEFT_OP_DELTA_GATES] = "delta_gates",
        [HEFT_OP_DELTA] = "delta",
        [HEFT_OP_ROUTE] = "route",
        [HEFT_OP_LOOK_UP] = "look_up",
        [HEFT_OP_SPREAD] = "spread",
        [HEFT_OP_EXPERTS] = "experts",
        [HEFT_OP_MIX] = "mix",
        [HEFT_OP_GATE] = "gate",
    };
    return name[op];
}

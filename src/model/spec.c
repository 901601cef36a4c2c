/* The resolved spec: defaults, relations, and a walk over its numbers. */
#include "model/spec.h"

#include "model/run.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

void heft_spec_default(heft_spec *s)
{
    *s = (heft_spec){
        .wire = HEFT_WIRE_SERIAL,
        .streams = { .n = 1, .rounds = 1, .eps = 1e-6f },
        .norm = HEFT_NORM_RMS,
        .eps = 1e-6f,
        .latent_eps = 1e-6f,
        .embed_scale = 1,
        .logit_scale = 1,
        .qkv_bias = HEFT_MAYBE,
        .o_bias = HEFT_MAYBE,
        .mlp_bias = HEFT_MAYBE,
        .head_bias = HEFT_MAYBE,
        .tied = HEFT_MAYBE,
    };
}

void heft_layer_default(heft_layer_spec *l)
{
    *l = (heft_layer_spec){
        .mixer = &heft_mixer_gqa,
        .ffn = &heft_ffn_mlp,
        .attn = { .rope = -1,
                  .unturn = -1,
                  .scale = 1,
                  .alibi_scale = 1,
                  .index = { .every = 1, .rope = -1 } },
        .act = { .fn = HEFT_ACT_SILU, .gated = true },
        .route = { .top = 1, .groups = 1, .keep = 1, .vote = 2, .floor = 1e-12f, .factor = 1 },
        .expert_act = { .fn = HEFT_ACT_SILU, .gated = true },
        .out_scale = 1,
    };
}

void heft_heads_joined(heft_attn *a)
{
    const int32_t q = a->H * a->dk, k = a->G * a->dk;
    a->q = (heft_heads){ 0, a->H, 0, a->dk };
    a->k = (heft_heads){ q, a->G, 0, a->dk };
    a->v = (heft_heads){ q + k, a->G, 0, a->dv };
}

void heft_heads_grouped(heft_attn *a)
{
    const int32_t r = a->G > 0 && a->H >= a->G ? a->H / a->G : 1; /* checked later */
    const int32_t q = r * a->dk, all = q + a->dk + a->dv;
    a->q = (heft_heads){ 0, r, all, a->dk };
    a->k = (heft_heads){ q, 1, all, 0 };
    a->v = (heft_heads){ q + a->dk, 1, all, 0 };
}

/* ---- relations -------------------------------------------------------- */

static heft_status within(heft_error *err, const char *what, int64_t layer, int64_t value,
                          int64_t least, int64_t most)
{
    if (value >= least && value <= most) return HEFT_OK;
    if (layer >= 0)
        return heft_fail(err, HEFT_E_FORMAT, "layer %lld: the %s is %lld, expected %lld to %lld",
                         (long long)layer, what, (long long)value, (long long)least,
                         (long long)most);
    return heft_fail(err, HEFT_E_FORMAT, "the %s is %lld, expected %lld to %lld", what,
                     (long long)value, (long long)least, (long long)most);
}

static heft_status positive(heft_error *err, const char *what, float value)
{
    if (isfinite(value) && value > 0) return HEFT_OK;
    return heft_fail(err, HEFT_E_FORMAT, "the %s is %g, expected a number above 0", what,
                     (double)value);
}

static heft_status check_rope(const heft_rope *r, heft_error *err)
{
    heft_status st = within(err, "rotated width of a head", -1, r->r.width, 2, HEFT_MAX_HEAD_WIDTH);
    if (!st && r->r.width % 2)
        st = heft_fail(err, HEFT_E_FORMAT,
                       "the rotated width of a head is %d, expected an even number", r->r.width);
    if (!st) st = positive(err, "rope magnitude", r->r.magnitude);
    const float *table[2] = { r->inv, r->inv_long };
    for (int32_t t = 0; t < 2 && !st; t++)
        for (int32_t i = 0; i < r->r.width / 2 && table[t] && !st; i++)
            if (!isfinite(table[t][i]) || table[t][i] < 0)
                st = heft_fail(err, HEFT_E_FORMAT,
                               "the rope frequency %d is %g, expected a number of at least 0", i,
                               (double)table[t][i]);
    return st;
}

static heft_status check_latent(const heft_spec *s, int32_t i, heft_error *err)
{
    const heft_attn *a = &s->layer[i].attn;
    heft_status st = within(err, "rank of keys and values", i, a->kv_rank, 1, HEFT_MAX_HEAD_WIDTH);
    if (!st) st = within(err, "rank of queries", i, a->q_rank, 0, HEFT_MAX_WIDTH);
    if (!st) st = within(err, "width of a head that does not rotate", i, a->nope, 1, a->dk - 1);
    const int32_t rotated = a->dk - a->nope;
    if (!st && a->rope >= 0)
        st = within(err, "rotated width of a head", i, s->rope[a->rope].r.width, rotated, rotated);
    if (!st)
        st = within(err, "width of a latent key", i, (int64_t)a->kv_rank + rotated, 1,
                    HEFT_MAX_HEAD_WIDTH);
    if (!st)
        st = within(err, "width of all latent queries", i, (int64_t)a->H * (a->kv_rank + rotated),
                    1, HEFT_MAX_WIDTH);
    return st;
}

static heft_status check_compressed(const heft_spec *s, int32_t i, heft_error *err)
{
    const heft_attn *a = &s->layer[i].attn;
    const heft_index *x = &a->index;
    heft_status st = within(err, "window", i, a->window, 1, HEFT_MAX_CONTEXT);
    if (!st) st = within(err, "number of key/value heads", i, a->G, 1, 1);
    if (!st) st = within(err, "width of a value", i, a->dv, a->dk, a->dk);
    if (!st) st = within(err, "rank of queries", i, a->q_rank, 1, HEFT_MAX_WIDTH);
    if (!st) st = within(err, "rope table", i, a->rope, 0, s->n_rope - 1);
    if (!st) st = within(err, "rope table of outputs", i, a->unturn, 0, s->n_rope - 1);
    if (!st) st = within(err, "rotated width of outputs", i, s->rope[a->unturn].r.width, 2, a->dk);
    if (!st) st = within(err, "number of groups of outputs", i, a->o_groups, 1, a->H);
    if (!st && a->H % a->o_groups)
        st = heft_fail(err, HEFT_E_FORMAT, "layer %d: %d heads cannot form %d groups of equal size",
                       i, a->H, a->o_groups);
    if (!st)
        st = within(err, "rank of all groups of outputs", i, (int64_t)a->o_groups * a->o_rank, 1,
                    HEFT_MAX_WIDTH);
    if (!st) st = within(err, "number of tokens of an entry", i, x->every, 1, HEFT_MAX_BLOCK);
    return st || x->heads == 0
               ? st
               : within(err, "rope table of the index", i, x->rope, 0, s->n_rope - 1);
}

/* The choice that layer i takes is that of the last layer with an index before it, or its own. */
static heft_status check_index(const heft_spec *s, int32_t i, heft_error *err)
{
    const heft_index *x = &s->layer[i].attn.index;
    heft_status st =
        within(err, "number of keys that a token attends to", i, x->top, 0, HEFT_MAX_CONTEXT);
    if (st || x->top == 0) return st;
    int32_t from = i;
    while (from > 0 && s->layer[from].attn.index.heads == 0)
        from--;
    const heft_index *y = &s->layer[from].attn.index;
    st = within(err, "number of heads of the index", from, y->heads, 1, HEFT_MAX_HEADS);
    if (!st) st = within(err, "number of keys that a token attends to", i, x->top, y->top, y->top);
    if (st || from < i) return st;
    st = within(err, "width of the index's keys", i, x->width, 1, HEFT_MAX_HEAD_WIDTH);
    if (!st)
        st = within(err, "width of the index's queries", i, (int64_t)x->heads * x->width, 1,
                    HEFT_MAX_WIDTH);
    if (!st) st = within(err, "number of tokens of a key", i, x->every, 1, HEFT_MAX_CONTEXT);
    if (!st) st = within(err, "rank of queries", i, s->layer[i].attn.q_rank, 1, HEFT_MAX_WIDTH);
    if (!st) st = within(err, "rope table of the index", i, x->rope, -1, s->n_rope - 1);
    if (!st && x->rope >= 0)
        st = within(err, "rotated width of the index", i, s->rope[x->rope].r.width, 2, x->width);
    return st;
}

static heft_status check_attention(const heft_spec *s, int32_t i, heft_error *err)
{
    const heft_attn *a = &s->layer[i].attn;
    heft_status st = within(err, "number of heads", i, a->H, 1, HEFT_MAX_HEADS);
    if (!st) st = within(err, "number of key/value heads", i, a->G, 1, a->H);
    if (!st && a->H % a->G)
        st = heft_fail(err, HEFT_E_FORMAT,
                       "layer %d: %d heads cannot share %d key/value heads evenly", i, a->H, a->G);
    if (!st) st = within(err, "head width", i, a->dk, 1, HEFT_MAX_HEAD_WIDTH);
    if (!st) st = within(err, "width of a value head", i, a->dv, 1, HEFT_MAX_HEAD_WIDTH);
    if (!st) st = within(err, "width of all heads", i, (int64_t)a->H * a->dk, 1, HEFT_MAX_WIDTH);
    if (!st) st = within(err, "window", i, a->window, 0, HEFT_MAX_CONTEXT);
    if (!st) st = within(err, "chunk", i, a->chunk, 0, HEFT_MAX_CONTEXT);
    if (!st) st = within(err, "layer whose keys it reads", i, a->kv_from, 0, i);
    const heft_attn *keys = &s->layer[a->kv_from].attn;
    if (!st
        && (keys->kv_from != a->kv_from || keys->G != a->G || keys->dk != a->dk || keys->dv != a->dv
            || keys->window != a->window))
        st = heft_fail(err, HEFT_E_FORMAT,
                       "layer %d cannot read the keys of layer %d: %d heads of %d, window %d, "
                       "expected %d heads of %d, window %d of its own",
                       i, a->kv_from, keys->G, keys->dk, keys->window, a->G, a->dk, a->window);
    if (!st) st = within(err, "rope table", i, a->rope, -1, s->n_rope - 1);
    if (!st && a->rope >= 0)
        st = within(err, "rotated width of a head", i, s->rope[a->rope].r.width, 2, a->dk);
    if (!st) st = positive(err, "attention scale", a->scale);
    if (!st && s->layer[i].mixer == &heft_mixer_csa) st = check_compressed(s, i, err);
    if (!st) st = check_index(s, i, err);
    return st || a->kv_rank == 0 ? st : check_latent(s, i, err);
}

static heft_status check_ffn(const heft_spec *s, int32_t i, heft_error *err)
{
    const heft_layer_spec *l = &s->layer[i];
    const heft_router *r = &l->route;
    if (l->ffn != &heft_ffn_moe)
        return within(err, "feed-forward width", i, l->F, 1, HEFT_MAX_WIDTH);
    heft_status st = within(err, "width of the shared expert", i, l->F, 0, HEFT_MAX_WIDTH);
    if (!st) st = within(err, "number of experts", i, r->E, 1, HEFT_MAX_EXPERTS);
    if (!st) st = within(err, "width of an expert", i, l->F_expert, 1, HEFT_MAX_WIDTH);
    if (!st)
        st = within(err, "number of experts of a token", i, r->top, 1,
                    r->E < HEFT_MAX_CHOSEN ? r->E : HEFT_MAX_CHOSEN);
    if (!st && r->by_token && r->score == HEFT_BY_SPARSEMIX)
        st = heft_fail(err, HEFT_E_UNSUPPORTED,
                       "layer %d: a sparse mix does not take experts by token", i);
    if (!st) st = within(err, "number of groups of experts", i, r->groups, 1, r->E);
    if (!st && r->E % r->groups)
        st = heft_fail(err, HEFT_E_FORMAT,
                       "layer %d: %d experts cannot form %d groups of equal size", i, r->E,
                       r->groups);
    int32_t size = r->E / (r->groups ? r->groups : 1);
    if (!st)
        st = within(err, "number of groups of experts of a token", i, r->keep,
                    (r->top + size - 1) / size, r->groups);
    if (!st) st = positive(err, "factor of the experts' weights", r->factor);
    if (!st) st = positive(err, "least sum of the experts' weights", r->floor);
    return st;
}

static heft_status check_streams(const heft_spec *s, heft_error *err)
{
    const bool hyper = s->wire == HEFT_WIRE_HYPER;
    heft_status st = within(err, "number of residual streams", -1, s->streams.n, hyper ? 2 : 1,
                            hyper ? HEFT_MAX_STREAMS : 1);
    if (!st)
        st = within(err, "width of all residual streams", -1, (int64_t)s->streams.n * s->D, 1,
                    HEFT_MAX_WIDTH);
    if (!st)
        st = within(err, "number of rounds that balance what streams are mixed by", -1,
                    s->streams.rounds, 1, HEFT_MAX_ROUNDS);
    if (!st) st = positive(err, "epsilon of residual streams", s->streams.eps);
    if (!st && hyper)
        st = within(err, "width of a layer's own input beside residual streams", -1, s->own, 0, 0);
    return st;
}

heft_status heft_spec_check(const heft_spec *s, heft_error *err)
{
    heft_status st = within(err, "number of layers", -1, s->L, 1, HEFT_MAX_LAYERS);
    if (!st) st = within(err, "number of layers that draft", -1, s->drafts, 0, HEFT_MAX_DRAFTS);
    if (!st) st = within(err, "hidden width", -1, s->D, 1, HEFT_MAX_WIDTH);
    if (!st) st = within(err, "embedding width", -1, s->D_embed, 1, HEFT_MAX_WIDTH);
    if (!st) st = within(err, "vocabulary size", -1, s->V, 1, HEFT_MAX_VOCAB);
    if (!st) st = within(err, "context length", -1, s->ctx, 1, HEFT_MAX_CONTEXT);
    if (!st) st = within(err, "width of a layer's own input", -1, s->own, 0, HEFT_MAX_WIDTH);
    if (!st)
        st = within(err, "width of all layers' own inputs", -1, (int64_t)s->own * s->L, 0,
                    HEFT_MAX_WIDTH);
    if (!st) st = positive(err, "norm epsilon", s->eps);
    if (!st) st = check_streams(s, err);
    if (!st) st = positive(err, "embedding scale", s->embed_scale);
    if (!st) st = positive(err, "logit scale", s->logit_scale);
    for (int32_t i = 0; i < s->n_rope && !st; i++)
        st = check_rope(&s->rope[i], err);
    for (int32_t i = 0; i < s->L && !st; i++) {
        st = check_ffn(s, i, err);
        if (!st) st = check_attention(s, i, err);
    }
    return st;
}

/* ---- the walk: every number but extents, which the weights themselves decide ---- */

#define SPEC(field, kind)                                                                          \
    {                                                                                              \
#field, offsetof(heft_spec, field), HEFT_FIELD_##kind, 0                                   \
    }
#define LAYER(field, kind)                                                                         \
    {                                                                                              \
#field, offsetof(heft_layer_spec, field), HEFT_FIELD_##kind, 1                             \
    }
#define ROPE(field, kind)                                                                          \
    {                                                                                              \
#field, offsetof(heft_rope, field), HEFT_FIELD_##kind, 2                                   \
    }
const heft_field heft_fields[] = {
    SPEC(wire, ENUM),
    SPEC(streams.rounds, INT),
    SPEC(streams.eps, FLOAT),
    SPEC(own, INT),
    SPEC(pos_offset, INT),
    SPEC(norm, ENUM),
    SPEC(eps, FLOAT),
    SPEC(latent_eps, FLOAT),
    SPEC(embed_scale, FLOAT),
    SPEC(logit_scale, FLOAT),
    SPEC(logit_cap, FLOAT),
    SPEC(weightless, BOOL),
    LAYER(attn.k.at, INT),
    LAYER(attn.v.at, INT),
    LAYER(attn.window, INT),
    LAYER(attn.chunk, INT),
    LAYER(attn.kv_from, INT),
    LAYER(attn.rope, INT),
    LAYER(attn.unturn, INT),
    LAYER(attn.scale, FLOAT),
    LAYER(attn.softcap, FLOAT),
    LAYER(attn.clip, FLOAT),
    LAYER(attn.alibi, FLOAT),
    LAYER(attn.alibi_scale, FLOAT),
    LAYER(attn.temp, FLOAT),
    LAYER(attn.temp_floor, FLOAT),
    LAYER(attn.qk_norm, ENUM),
    LAYER(attn.index.heads, INT),
    LAYER(attn.index.top, INT),
    LAYER(attn.index.every, INT),
    LAYER(attn.index.rope, INT),
    LAYER(attn.norm_after_rope, BOOL),
    LAYER(attn.v_norm, BOOL),
    LAYER(act.fn, ENUM),
    LAYER(act.gated, BOOL),
    LAYER(act.up.at, INT),
    LAYER(act.gate_max, FLOAT),
    LAYER(act.up_abs, FLOAT),
    LAYER(act.up_add, FLOAT),
    LAYER(route.score, ENUM),
    LAYER(route.top, INT),
    LAYER(route.groups, INT),
    LAYER(route.keep, INT),
    LAYER(route.vote, INT),
    LAYER(route.normalise, BOOL),
    LAYER(route.by_token, BOOL),
    LAYER(route.weigh_input, BOOL),
    LAYER(route.floor, FLOAT),
    LAYER(route.factor, FLOAT),
    LAYER(route.jitter, FLOAT),
    LAYER(expert_act.fn, ENUM),
    LAYER(expert_act.gated, BOOL),
    LAYER(expert_act.up.at, INT),
    LAYER(expert_act.gate_max, FLOAT),
    LAYER(expert_act.up_abs, FLOAT),
    LAYER(expert_act.up_add, FLOAT),
    LAYER(out_scale, FLOAT),
    ROPE(r.pairs, BOOL),
    ROPE(r.last, BOOL),
    ROPE(r.back, BOOL),
    ROPE(r.magnitude, FLOAT),
    ROPE(kind, ENUM),
    ROPE(original, INT),
};
const int32_t heft_n_fields = sizeof heft_fields / sizeof *heft_fields;

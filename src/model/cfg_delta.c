/* Reading the configuration of models that have gated delta rules on most layers. */
#include "model/cfg.h"
#include "model/run.h"

/* Where rows of the projections begin. Numbers that cannot be are refused later. */
static void lay_out(heft_delta *g, bool z_within, bool a_within)
{
    if (g->Hk < 1 || g->Hv < g->Hk || g->Hv > HEFT_MAX_HEADS) return;
    if (g->dk < 1 || g->dv < 1 || g->dk > HEFT_MAX_HEAD_WIDTH || g->dv > HEFT_MAX_HEAD_WIDTH)
        return;
    const int32_t r = g->Hv / g->Hk, keys = g->Hk * g->dk;
    const int32_t values = r * g->dv, all = 2 * g->dk + 2 * values;
    if (z_within) { /* of each key head: query, key, values, gates */
        g->q = (heft_heads){ 0, 1, all, 0 };
        g->k = (heft_heads){ g->dk, 1, all, 0 };
        g->v = (heft_heads){ 2 * g->dk, r, all, g->dv };
        g->z = (heft_heads){ 2 * g->dk + values, r, all, g->dv };
    } else {
        g->q = (heft_heads){ 0, g->Hk, 0, g->dk };
        g->k = (heft_heads){ keys, g->Hk, 0, g->dk };
        g->v = (heft_heads){ 2 * keys, g->Hv, 0, g->dv };
        g->z = (heft_heads){ 0, g->Hv, 0, g->dv };
    }
    g->b = a_within ? (heft_heads){ 0, r, 2 * r, 1 } : (heft_heads){ 0, g->Hv, 0, 1 };
    g->a = a_within ? (heft_heads){ r, r, 2 * r, 1 } : g->b;
}

static heft_delta read_delta(struct heft_cfg *c, bool fused)
{
    heft_delta g = {
        .Hk = heft_cfg_int(c, "linear_num_key_heads", "ssm.group_count",
                           c->gguf ? HEFT_REQUIRED : 16),
        .Hv = heft_cfg_int(c, "linear_num_value_heads", "ssm.time_step_rank",
                           c->gguf ? HEFT_REQUIRED : 32),
        .dk =
            heft_cfg_int(c, "linear_key_head_dim", "ssm.state_size", c->gguf ? HEFT_REQUIRED : 128),
        .dv = heft_cfg_int(c, "linear_value_head_dim", NULL, 128),
        .taps = heft_cfg_int(c, "linear_conv_kernel_dim", "ssm.conv_kernel",
                             c->gguf ? HEFT_REQUIRED : 4),
        .tiled = c->gguf && !fused,
    };
    if (c->gguf) {
        const int32_t all = heft_cfg_int(c, NULL, "ssm.inner_size", HEFT_REQUIRED);
        if (g.Hv < 1 || all % g.Hv)
            heft_cfg_refuse(c, HEFT_E_FORMAT,
                            "ssm.inner_size is %d, expected a multiple of ssm.time_step_rank, %d",
                            all, g.Hv);
        else
            g.dv = all / g.Hv;
    }
    lay_out(&g, fused && (!c->gguf || heft_cfg_has_tensor(c, "blk.0.ssm_in.weight")), fused);
    return g;
}

/* Does layer i attend? */
static bool attends(struct heft_cfg *c, int32_t i, bool absent)
{
    if (c->gguf) return heft_cfg_int_at(c, NULL, "attention.recurrent_layers", i, !absent) == 0;
    static const char *const words[] = { "linear_attention", "full_attention", NULL };
    return heft_cfg_layer_type(c, i, words, absent);
}

void heft_cfg_delta(struct heft_cfg *c, heft_spec *s, bool fused)
{
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    s->drafts = heft_cfg_int(c, NULL, "nextn_predict_layers", 0);
    s->L -= s->drafts; /* block_count has them */
    const heft_delta g = read_delta(c, fused);
    const int32_t every =
        heft_cfg_every(c, "full_attention_interval", "full_attention_interval", 4);
    const int32_t rope =
        heft_cfg_rope(c, s, NULL, 10000, heft_cfg_rotated(c, s, "partial_rotary_factor", 0.25));
    heft_layer_spec none;
    heft_layer_default(&none);
    for (int32_t i = 0; !c->failed && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        const int32_t dk = l->attn.dk;
        if (attends(c, i, (i + 1) % every == 0)) {
            l->attn.rope = rope;
            l->attn.qk_norm = HEFT_QKN_HEAD;
            l->attn.q = (heft_heads){ 0, 1, 2 * dk, 0 };
            l->attn.gate = (heft_heads){ dk, 1, 2 * dk, 0 };
        } else {
            l->mixer = &heft_mixer_delta;
            l->delta = g;
            l->attn = none.attn;
            l->attn.kv_from = i;
        }
    }
}

void heft_cfg_delta_experts(struct heft_cfg *c, heft_spec *s, int32_t experts, int32_t top)
{
    const int32_t shared = heft_cfg_int(c, "shared_expert_intermediate_size",
                                        "expert_shared_feed_forward_length", 512);
    const bool normalise = heft_cfg_bool(c, "norm_topk_prob", NULL, true);
    heft_cfg_qwen_experts(c, s, experts, top, 512, normalise, shared);
    for (int32_t i = 0; s->layer && i < s->L; i++)
        s->layer[i].route.normalise = s->layer[i].route.E && normalise;
}

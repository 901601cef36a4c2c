/* DeepSeek V3, V3.1, R1; Kimi K2; Moonlight: latent attention, experts chosen by sigmoids with a
 * correction from the best groups, and one that all share. Layers that draft further tokens are not
 * run. A GGUF file of one says what its router is, else that of deepseek_v2.
 * Source: arXiv:2412.19437, section 2.1. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
static const heft_weight own[] = {
    { offsetof(heft_layer, choice), HEFT_SLOT_VEC, HEFT_AXIS_E, HEFT_AXIS_ONE, HEFT_IF_EXPERTS, 0, 0,
      "layers.{}.mlp.gate.e_score_correction_bias", "blk.{}.exp_probs_b.bias" },
    { 0 },
};
/* clang-format on */

static bool claims(struct heft_cfg *c)
{
    return !heft_cfg_is_gguf(c) || heft_cfg_int(c, NULL, "expert_gating_func", 1) == 2;
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    const bool gguf = heft_cfg_is_gguf(c);
    heft_cfg_llama(c, s);
    s->mlp_bias = HEFT_NO;
    s->drafts = heft_cfg_int(c, "num_nextn_predict_layers", "nextn_predict_layers", 0);
    if (gguf && s->drafts > 0 && s->drafts < s->L) s->L -= s->drafts; /* its block_count has them */
    heft_cfg_latent(c, s, 1536);
    heft_router r =
        heft_cfg_router(c, HEFT_BY_SIGMOID, "n_routed_experts", 256, "num_experts_per_tok", 8);
    r.groups = heft_cfg_int(c, "n_group", "expert_group_count", gguf ? 1 : 8);
    r.keep = heft_cfg_int(c, "topk_group", "expert_group_used_count", gguf ? 1 : 4);
    r.normalise = heft_cfg_bool(c, "norm_topk_prob", "expert_weights_norm", !gguf);
    r.factor = heft_cfg_real(c, "routed_scaling_factor", "expert_weights_scale", gguf ? 1 : 2.5);
    const int32_t F = heft_cfg_int(c, "moe_intermediate_size", "expert_feed_forward_length", 2048);
    const int32_t shared = heft_cfg_int(c, "n_shared_experts", "expert_shared_count", 1);
    const int32_t dense =
        heft_cfg_int(c, "first_k_dense_replace", "leading_dense_block_count", gguf ? 0 : 3);
    for (int32_t i = dense > 0 ? dense : 0; s->layer && i < s->L; i++)
        heft_cfg_mixture(&s->layer[i], &r, F, heft_cfg_times(c, F, shared));
}

static const char *const types[] = { "deepseek_v3", "kimi_k2", NULL };
static const char *const archs[] = { "deepseek2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = {
    heft_names_llama, heft_names_latent, heft_names_experts, heft_names_shared_experts, own, NULL
};
static const char *const harmless[] = { "aux_loss_alpha", "ep_size", "seq_aux", NULL };
static const heft_must_be must_be[] = {
    { "attention_bias", "false" },
    { "moe_layer_freq", "1" },
    { "scoring_func", "\"sigmoid\"" },
    { "topk_method", "\"noaux_tc\"" },
    { NULL, NULL },
};
extern const heft_family heft_family_deepseek_v3;
const heft_family heft_family_deepseek_v3 = {
    .name = "deepseek_v3",
    .source = "arXiv:2412.19437",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .claims = claims,
    .harmless = harmless,
    .must_be = must_be,
    .context = 4096,
    .configure = configure,
};

/* GLM 4.5, 4.6 and 4.7: half of each head rotates, experts are chosen by sigmoids with a
 * correction, the first layers are dense. Layers that draft further tokens are not run. Source:
 * arXiv:2508.06471, section 2.1; the router arXiv:2412.19437, section 2.1.2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define NORM(slot, axis, hf, gguf) { offsetof(heft_layer, slot), HEFT_SLOT_NORM, axis, HEFT_AXIS_ONE, HEFT_IF_QK_NORM, \
    0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = {
    { offsetof(heft_layer, n3), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0,
      "layers.{}.post_attention_layernorm.weight", "blk.{}.post_attention_norm.weight" },
    NORM(q_norm, HEFT_AXIS_HEAD, "self_attn.q_norm", "attn_q_norm"),
    NORM(k_norm, HEFT_AXIS_HEAD, "self_attn.k_norm", "attn_k_norm"),
    { offsetof(heft_layer, choice), HEFT_SLOT_VEC, HEFT_AXIS_E, HEFT_AXIS_ONE, HEFT_IF_EXPERTS, 0, 0,
      "layers.{}.mlp.gate.e_score_correction_bias", "blk.{}.exp_probs_b.bias" },
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->o_bias = s->mlp_bias = HEFT_NO;
    bool norms = heft_cfg_has_tensor(c, "blk.0.attn_q_norm.weight")
                 || heft_cfg_has_tensor(c, "blk.0.attn_k_norm.weight");
    if (!heft_cfg_is_gguf(c)) {
        s->qkv_bias = heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
        norms = heft_cfg_bool(c, "use_qk_norm", NULL, false);
    }
    s->drafts = heft_cfg_int(c, "num_nextn_predict_layers", "nextn_predict_layers", 0);
    if (heft_cfg_is_gguf(c)) s->L -= s->drafts; /* its block_count has them */
    heft_router r =
        heft_cfg_router(c, HEFT_BY_SIGMOID, "n_routed_experts", 128, "num_experts_per_tok", 8);
    r.groups = heft_cfg_int(c, "n_group", "expert_group_count", 1);
    r.keep = heft_cfg_int(c, "topk_group", "expert_group_used_count", 1);
    r.normalise = heft_cfg_bool(c, "norm_topk_prob", "expert_weights_norm", true);
    r.factor = heft_cfg_real(c, "routed_scaling_factor", "expert_weights_scale", 1);
    int32_t F = heft_cfg_int(c, "moe_intermediate_size", "expert_feed_forward_length", 1408);
    int32_t shared = heft_cfg_int(c, "n_shared_experts", "expert_shared_count", 1);
    int32_t dense = heft_cfg_int(c, "first_k_dense_replace", "leading_dense_block_count", 1);
    int32_t rope =
        heft_cfg_rope(c, s, NULL, 10000, heft_cfg_rotated(c, s, "partial_rotary_factor", 0.5));
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        l->attn.rope = rope;
        l->attn.qk_norm = norms ? HEFT_QKN_HEAD : HEFT_QKN_NONE;
        if (i >= dense) heft_cfg_mixture(l, &r, F, heft_cfg_times(c, F, shared));
    }
}

static const char *const types[] = { "glm4_moe", NULL };
static const char *const archs[] = { "glm4moe", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts,
                                             heft_names_shared_experts, own, NULL };
static const char *const harmless[] = { "expert_gating_func", NULL };
static const heft_must_be must_be[] = { { "scoring_func", "\"sigmoid\"" },
                                        { "topk_method", "\"noaux_tc\"" },
                                        { NULL, NULL } };
extern const heft_family heft_family_glm4_moe;
const heft_family heft_family_glm4_moe = {
    .name = "glm4_moe",
    .source = "arXiv:2508.06471",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .kv_heads = 8,
    .context = 131072,
    .eps = 1e-5f,
    .configure = configure,
};

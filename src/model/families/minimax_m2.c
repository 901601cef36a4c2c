/* MiniMax M2, M2.1, M2.5: norms over all of a row's queries and of its keys, the first half of each
 * head rotates, experts chosen by sigmoids with a correction.
 * Source: the release's own description of MiniMaxAI/MiniMax-M2; the router
 * arXiv:2412.19437, 2.1.2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define NORM(slot, axis, hf, gguf) { offsetof(heft_layer, slot), HEFT_SLOT_NORM, axis, HEFT_AXIS_ONE, HEFT_ALWAYS, \
    0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = {
    NORM(q_norm, HEFT_AXIS_Q, "self_attn.q_norm", "attn_q_norm"),
    NORM(k_norm, HEFT_AXIS_K, "self_attn.k_norm", "attn_k_norm"),
    { offsetof(heft_layer, choice), HEFT_SLOT_VEC, HEFT_AXIS_E, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0,
      "layers.{}.block_sparse_moe.e_score_correction_bias", "blk.{}.exp_probs_b.bias" },
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    heft_router r =
        heft_cfg_router(c, HEFT_BY_SIGMOID, "num_local_experts", 256, "num_experts_per_tok", 8);
    r.normalise = true;
    int32_t dk = s->layer ? s->layer[0].attn.dk : 2;
    int32_t rotated = heft_cfg_int(c, "rotary_dim", NULL, dk);
    int32_t rope = heft_cfg_rope(c, s, NULL, 5000000, rotated);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        int32_t F = heft_cfg_int(c, NULL, "expert_feed_forward_length", l->F);
        l->attn.rope = rope;
        l->attn.qk_norm = HEFT_QKN_ROW;
        heft_cfg_mixture(l, &r, F, 0);
    }
}

static const char *const types[] = { "minimax_m2", NULL };
static const char *const archs[] = { "minimax-m2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts,
                                             heft_names_mixtral, own, NULL };
static const char *const harmless[] = {
    "attn_type_list",
    "expert_gating_func",
    "layernorm_full_attention_beta",
    "layernorm_linear_attention_beta",
    "layernorm_mlp_beta",
    "mtp_transformer_layers",
    "num_mtp_modules",
    "output_router_logits",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "use_mtp",
    "max_model_len",
    "swa_rope_theta",
    NULL,
};
static const heft_must_be must_be[] = {
    { "scoring_func", "\"sigmoid\"" },
    { "use_routing_bias", "true" },
    { "use_qk_norm", "true" },
    { "qk_norm_type", "\"per_layer\"" },
    { "shared_intermediate_size", "0" },
    { "sliding_window", "null" },
    { NULL, NULL },
};
extern const heft_family heft_family_minimax_m2;
const heft_family heft_family_minimax_m2 = {
    .name = "minimax_m2",
    .source = "MiniMaxAI/MiniMax-M2",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .kv_heads = 8,
    .context = 196608,
    .configure = configure,
};

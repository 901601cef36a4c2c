/* ERNIE 4.5, mixtures (21B-A3B, 300B-A47B): adjacent pairs rotate, experts are chosen by corrected
 * probabilities, layers from a start to an end are mixtures. What drafts further tokens is not run.
 * Source: the ERNIE 4.5 technical report, section 2.2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
static const heft_weight own[] = {
    { offsetof(heft_layer, choice), HEFT_SLOT_VEC, HEFT_AXIS_ONE, HEFT_AXIS_E, HEFT_IF_EXPERTS, 0, 0,
      "layers.{}.mlp.moe_statics.e_score_correction_bias", "blk.{}.exp_probs_b.bias" },
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    heft_router r = heft_cfg_router(c, HEFT_BY_SOFTMAX, "moe_num_experts", 64, "moe_k", 6);
    r.normalise = true;
    r.floor = heft_cfg_real(c, "moe_norm_min", NULL, (double)r.floor);
    int32_t F = heft_cfg_int(c, "moe_intermediate_size", "expert_feed_forward_length", 1536);
    int32_t n = heft_cfg_int(c, "moe_num_shared_experts", NULL, 2);
    int32_t shared = heft_cfg_int(c, NULL, "expert_shared_feed_forward_length",
                                  heft_cfg_is_gguf(c) ? 0 : heft_cfg_times(c, F, n));
    int32_t first = heft_cfg_int(c, "moe_layer_start_index", "leading_dense_block_count", 1);
    int32_t last = heft_cfg_int(c, "moe_layer_end_index", NULL, -1);
    int32_t every = heft_cfg_every(c, "moe_layer_interval", "interleave_moe_layer_step", 1);
    int32_t rope = heft_cfg_rope(c, s, NULL, 500000, s->layer ? s->layer[0].attn.dk : 2);
    s->rope[rope].r.pairs = true;
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        l->attn.rope = rope;
        if (i >= first && (last < 0 || i <= last) && (i + 1) % every == 0)
            heft_cfg_mixture(l, &r, F, shared);
    }
}

static const char *const types[] = { "ernie4_5_moe", NULL };
static const char *const archs[] = { "ernie4_5-moe", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts,
                                             heft_names_shared_experts, own, NULL };
static const char *const harmless[] = {
    "expert_shared_count",
    "num_nextn_predict_layers",
    "output_router_logits",
    "router_aux_loss_coef",
    "moe_capacity",
    "moe_gate",
    "moe_use_aux_free",
    "moe_group",
    "moe_layer_interval_is_last",
    "multi_token_pred_lambda",
    NULL,
};
static const char *const not_run[] = { "model.mtp_", NULL };
static const heft_must_be must_be[] = { { "use_bias", "false" }, { NULL, NULL } };
extern const heft_family heft_family_ernie4_5_moe;
const heft_family heft_family_ernie4_5_moe = {
    .name = "ernie4_5_moe",
    .source = "ERNIE 4.5 technical report",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .kv_heads = 4,
    .context = 131072,
    .not_run = not_run,
    .eps = 1e-5f,
    .tied = true,
    .configure = configure,
};

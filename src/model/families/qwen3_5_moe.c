/* Qwen 3.5 and 3.6, mixtures (35B-A3B to 397B-A17B): qwen3_5's mixers, experts of two tensors in a
 * release, and one that all share.
 * Source: the model card of Qwen3.5-35B-A3B; the rule arXiv:2412.06464. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define EXPERTS(slot, rows, cols, hf, gguf) \
    { offsetof(heft_layer, slot), HEFT_SLOT_EXPERTS, rows, cols, HEFT_IF_EXPERTS, 0, 0, hf, gguf }
static const heft_weight own[] = {
    EXPERTS(e_gate, HEFT_AXIS_2FE, HEFT_AXIS_D,  "layers.{}.mlp.experts.gate_up_proj", NULL),
    EXPERTS(e_gate, HEFT_AXIS_FE,  HEFT_AXIS_D,  NULL, "blk.{}.ffn_gate_exps.weight"),
    EXPERTS(e_up,   HEFT_AXIS_FE,  HEFT_AXIS_D,  NULL, "blk.{}.ffn_up_exps.weight"),
    EXPERTS(e_down, HEFT_AXIS_D,   HEFT_AXIS_FE, "layers.{}.mlp.experts.down_proj", "blk.{}.ffn_down_exps.weight"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    heft_cfg_delta(c, s, false);
    heft_cfg_delta_experts(c, s, 256, 8);
    for (int32_t i = 0; s->layer && i < s->L && !heft_cfg_is_gguf(c); i++)
        s->layer[i].expert_act.up.at = s->layer[i].F_expert; /* gate above up */
}

static const char *const types[] = { "qwen3_5_moe_text", "qwen3_5_moe", NULL };
static const char *const archs[] = { "qwen35moe", NULL };
static const heft_weight *const globals[] = { heft_names_globals, heft_names_globals_add_one,
                                              NULL };
static const heft_weight *const layers[] = {
    heft_names_llama,
    heft_names_experts,
    heft_names_delta,
    heft_names_shared_expert,
    heft_names_shared_gate,
    own,
    NULL,
};
static const char *const not_run[] = { "model.visual.", "mtp.", NULL };
static const char *const harmless[] = {
    "image_token_id",        "language_model_only",
    "mrope_interleaved",     "mrope_section",
    "mtp_num_hidden_layers", "mtp_use_dedicated_embeddings",
    "output_router_logits",  "rope.dimension_sections",
    "router_aux_loss_coef",  "video_token_id",
    "vision_config",         "vision_end_token_id",
    "vision_start_token_id", NULL,
};
static const heft_must_be must_be[] = { { "attention_bias", "false" },
                                        { "attn_output_gate", "true" },
                                        { "mamba_ssm_dtype", "\"float32\"" },
                                        { "norm_topk_prob", "true" },
                                        { NULL, NULL } };
extern const heft_family heft_family_qwen3_5_moe;
const heft_family heft_family_qwen3_5_moe = {
    .name = "qwen3_5_moe",
    .source = "the model card of Qwen3.5-35B-A3B",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .not_run = not_run,
    .keys = { .ff = "moe_intermediate_size" },
    .context = 32768,
    .heads = 16,
    .kv_heads = 2,
    .head_width = 256,
    .vocab = 248320,
    .configure = configure,
};

/* Llama 4 Scout and Maverick, the text part: blocks of attention on layers that rotate, queries
 * that grow with the position on those that do not, one expert whose weight multiplies its input.
 * Source: Meta's model card of Llama 4 and the reference's code; arXiv:2501.19399 for the growth.
 */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define L(slot) offsetof(heft_layer, slot)
#define MLP(slot, rows, cols, need, hf, gguf) \
    { L(slot), HEFT_SLOT_LIN, rows, cols, need, 0, 0, "layers.{}.feed_forward." hf ".weight", "blk.{}." gguf ".weight" }
#define EXPERTS(slot, rows, cols, rule, hf, gguf) \
    { L(slot), HEFT_SLOT_EXPERTS, rows, cols, HEFT_IF_EXPERTS, rule, 0, hf, gguf }
static const heft_weight own[] = {
    MLP(gate, HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_DENSE,  "gate_proj",               "ffn_gate"),
    MLP(gate, HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_SHARED, "shared_expert.gate_proj", "ffn_gate_shexp"),
    MLP(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_DENSE,  "up_proj",                 "ffn_up"),
    MLP(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_SHARED, "shared_expert.up_proj",   "ffn_up_shexp"),
    MLP(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_DENSE,  "down_proj",               "ffn_down"),
    MLP(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_SHARED, "shared_expert.down_proj", "ffn_down_shexp"),
    MLP(router, HEFT_AXIS_E, HEFT_AXIS_D, HEFT_IF_EXPERTS, "router", "ffn_gate_inp"),
    EXPERTS(e_gate, HEFT_AXIS_2FE, HEFT_AXIS_D,  HEFT_BY_COL, "layers.{}.feed_forward.experts.gate_up_proj", NULL),
    EXPERTS(e_gate, HEFT_AXIS_FE,  HEFT_AXIS_D,  0,           NULL, "blk.{}.ffn_gate_exps.weight"),
    EXPERTS(e_up,   HEFT_AXIS_FE,  HEFT_AXIS_D,  0,           NULL, "blk.{}.ffn_up_exps.weight"),
    EXPERTS(e_down, HEFT_AXIS_D,   HEFT_AXIS_FE, HEFT_BY_COL, "layers.{}.feed_forward.experts.down_proj", "blk.{}.ffn_down_exps.weight"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    const bool gguf = heft_cfg_is_gguf(c);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    heft_router r =
        heft_cfg_router(c, HEFT_BY_TOP_SIGMOID, "num_local_experts", 16, "num_experts_per_tok", 1);
    r.weigh_input = true;
    int32_t F = heft_cfg_int(c, "intermediate_size", "expert_feed_forward_length", 8192);
    int32_t dense = heft_cfg_int(c, "intermediate_size_mlp", "feed_forward_length", 16384);
    int32_t step = heft_cfg_every(c, "interleave_moe_layer_step", "interleave_moe_layer_step", 1);
    int32_t chunk = heft_cfg_int_or_null(c, "attention_chunk_size", NULL, 8192, 0);
    bool norm = heft_cfg_bool(c, "use_qk_norm", NULL, !gguf || r.E != 128); /* Maverick has none */
    bool grows = heft_cfg_truth(c, "attn_temperature_tuning", true);
    float temp = heft_cfg_real(c, "attn_scale", NULL, 0.1);
    float temp_floor = heft_cfg_real(c, "floor_scale", NULL, 8192);
    int32_t rope = heft_cfg_rope(c, s, NULL, 500000, s->layer ? s->layer[0].attn.dk : 2);
    s->rope[rope].r.pairs = true;
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        bool rotates = heft_cfg_flag(c, "no_rope_layers", i, "no_rope_layer_interval", 4);
        l->attn.rope = rotates ? rope : -1;
        l->attn.chunk = heft_cfg_full(c, i, !rotates) ? 0 : chunk;
        l->attn.qk_norm = norm && rotates ? HEFT_QKN_UNIT : HEFT_QKN_NONE;
        l->attn.temp = grows && !rotates ? temp : 0;
        l->attn.temp_floor = l->attn.temp != 0 ? temp_floor : 0;
        l->F = dense;
        bool mixed = (i + 1) % step == 0;
        if (!heft_cfg_lists(c, "moe_layers", i, mixed)) continue;
        heft_cfg_mixture(l, &r, F, F);
        l->expert_act.up.at = gguf ? 0 : F;
    }
}

static const char *const types[] = { "llama4_text", "llama4", NULL };
static const char *const archs[] = { "llama4", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, own, NULL };
static const char *const harmless[] = {
    "boi_token_index",     "eoi_token_index",      "for_llm_compressor",
    "image_token_index",   "output_router_logits", "router_aux_loss_coef",
    "router_jitter_noise", "vision_config",        NULL,
};
static const char *const not_run[] = { "vision_model.", "multi_modal_projector.", NULL };
static const heft_must_be must_be[] = { { "attention_bias", "false" }, { NULL, NULL } };
extern const heft_family heft_family_llama4;
const heft_family heft_family_llama4 = {
    .name = "llama4",
    .source = "Meta, Llama 4 model card",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .kv_heads = 8,
    .head_width = 128,
    .context = 131072,
    .not_run = not_run,
    .eps = 1e-5f,
    .configure = configure,
};

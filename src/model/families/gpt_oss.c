/* gpt-oss 20b and 120b: sinks, a window on every other layer, experts with biases whose activation
 * is limited. Experts of a release lie as [in, out], gate and up in turn. A GGUF file cannot say
 * that yarn's range is not rounded: there it is, as llama.cpp has it.
 * Source: arXiv:2508.10925, section 2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define L(slot) offsetof(heft_layer, slot)
#define EXPERTS(slot, rows, cols, hf_rule, hf, gguf) \
    { L(slot), HEFT_SLOT_EXPERTS, rows, cols, HEFT_ALWAYS, hf_rule, 0, hf, gguf }
#define BIASES(slot, cols, hf, gguf) \
    { L(slot), HEFT_SLOT_EXPERT_BIAS, HEFT_AXIS_E, cols, HEFT_ALWAYS, 0, 0, hf, gguf }
static const heft_weight own[] = {
    { L(n3), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0,
      "layers.{}.post_attention_layernorm.weight", "blk.{}.post_attention_norm.weight" },
    { L(sinks), HEFT_SLOT_VEC, HEFT_AXIS_H, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0,
      "layers.{}.self_attn.sinks", "blk.{}.attn_sinks.weight" },
    { L(router), HEFT_SLOT_LIN, HEFT_AXIS_E, HEFT_AXIS_D, HEFT_ALWAYS, 0, 0,
      "layers.{}.mlp.router.weight", "blk.{}.ffn_gate_inp.weight" },
    { L(router), HEFT_SLOT_BIAS, HEFT_AXIS_E, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0,
      "layers.{}.mlp.router.bias", "blk.{}.ffn_gate_inp.bias" },
    EXPERTS(e_gate, HEFT_AXIS_2FE, HEFT_AXIS_D,  HEFT_BY_COL, "layers.{}.mlp.experts.gate_up_proj", NULL),
    EXPERTS(e_gate, HEFT_AXIS_FE,  HEFT_AXIS_D,  0,           NULL, "blk.{}.ffn_gate_exps.weight"),
    EXPERTS(e_up,   HEFT_AXIS_FE,  HEFT_AXIS_D,  0,           NULL, "blk.{}.ffn_up_exps.weight"),
    EXPERTS(e_down, HEFT_AXIS_D,   HEFT_AXIS_FE, HEFT_BY_COL, "layers.{}.mlp.experts.down_proj", "blk.{}.ffn_down_exps.weight"),
    BIASES(e_gate, HEFT_AXIS_2FE, "layers.{}.mlp.experts.gate_up_proj_bias", NULL),
    BIASES(e_gate, HEFT_AXIS_FE,  NULL, "blk.{}.ffn_gate_exps.bias"),
    BIASES(e_up,   HEFT_AXIS_FE,  NULL, "blk.{}.ffn_up_exps.bias"),
    BIASES(e_down, HEFT_AXIS_D,   "layers.{}.mlp.experts.down_proj_bias", "blk.{}.ffn_down_exps.bias"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    const bool gguf = heft_cfg_is_gguf(c);
    s->qkv_bias = s->o_bias = HEFT_YES;
    s->mlp_bias = HEFT_NO;
    if (!gguf && !heft_cfg_has(c, "rope_scaling|rope_parameters", NULL))
        heft_cfg_refuse(c, HEFT_E_FORMAT, "rope_scaling is missing, expected that of a release");
    heft_router r = heft_cfg_router(c, HEFT_BY_TOP_SOFTMAX, "num_local_experts", 128,
                                    "num_experts_per_tok|experts_per_token", 4);
    int32_t window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 128);
    int32_t rope = heft_cfg_rope(c, s, NULL, 150000, s->layer ? s->layer[0].attn.dk : 2);
    int32_t F = heft_cfg_int(c, NULL, "expert_feed_forward_length", s->layer ? s->layer[0].F : 1);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        l->attn.rope = rope;
        l->attn.window = heft_cfg_full(c, i, i % 2) ? 0 : window;
        heft_cfg_mixture(l, &r, F, 0);
        l->expert_act = (heft_act_spec){ .fn = HEFT_ACT_SIGMOID_1702,
                                         .gated = true,
                                         .gate_max = 7,
                                         .up_abs = 7,
                                         .up_add = 1,
                                         .gate = { .group = gguf ? 1 : 2 },
                                         .up = { .at = !gguf, .group = gguf ? 1 : 2 } };
    }
}

static const char *const types[] = { "gpt_oss", NULL };
static const char *const archs[] = { "gpt-oss", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts, own, NULL };
static const char *const harmless[] = { "initial_context_length", "output_router_logits",
                                        "router_aux_loss_coef", NULL };
static const heft_must_be must_be[] = {
    { "attention_bias", "true" },
    { "hidden_act", "\"silu\"" },
    { "swiglu_limit", "7" },
    { NULL, NULL },
};
extern const heft_family heft_family_gpt_oss;
const heft_family heft_family_gpt_oss = {
    .name = "gpt_oss",
    .source = "arXiv:2508.10925",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .kv_heads = 8,
    .head_width = 64,
    .context = 131072,
    .eps = 1e-5f,
    .configure = configure,
};

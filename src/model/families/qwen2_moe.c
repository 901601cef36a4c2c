/* Qwen 1.5 MoE and Qwen 2 57B-A14B: qwen2's attention, experts, and one that all share, which has a
 * sigmoid gate for each token.
 * Source: arXiv:2407.10671, section 2.2.2. */
#include "model/run.h"

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = heft_cfg_bool(c, "qkv_bias", NULL, true) ? HEFT_YES : HEFT_NO;
    s->o_bias = s->mlp_bias = HEFT_NO;
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++)
        s->layer[i].attn.rope = rope;
    int32_t shared = heft_cfg_int(c, "shared_expert_intermediate_size",
                                  "expert_shared_feed_forward_length", 5632);
    heft_cfg_qwen_experts(c, s, 60, 4, 1408, false, shared);
}

static const char *const types[] = { "qwen2_moe", NULL };
static const char *const archs[] = { "qwen2moe", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts,
                                             heft_names_shared_expert, heft_names_shared_gate,
                                             NULL };
static const char *const harmless[] = {
    "output_router_logits", "router_aux_loss_coef", "sliding_window", "max_window_layers", NULL,
};
static const heft_must_be must_be[] = { { "use_sliding_window", "false" }, { NULL, NULL } };
extern const heft_family heft_family_qwen2_moe;
const heft_family heft_family_qwen2_moe = {
    .name = "qwen2_moe",
    .source = "arXiv:2407.10671",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 32768,
    .kv_heads = 16,
    .configure = configure,
};

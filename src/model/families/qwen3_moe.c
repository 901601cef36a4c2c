/* Qwen 3, mixtures (30B-A3B, 235B-A22B, Coder): qwen3's attention, experts without a shared one.
 * Source: arXiv:2505.09388, section 2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define NORM(slot, hf, gguf) { offsetof(heft_layer, slot), HEFT_SLOT_NORM, HEFT_AXIS_HEAD, HEFT_AXIS_ONE, HEFT_ALWAYS, \
    0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = {
    NORM(q_norm, "self_attn.q_norm", "attn_q_norm"),
    NORM(k_norm, "self_attn.k_norm", "attn_k_norm"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->mlp_bias = HEFT_NO;
    if (!heft_cfg_is_gguf(c))
        s->qkv_bias = s->o_bias =
            heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.qk_norm = HEFT_QKN_HEAD;
    }
    heft_cfg_qwen_experts(c, s, 128, 8, 768, true, 0);
}

static const char *const types[] = { "qwen3_moe", NULL };
static const char *const archs[] = { "qwen3moe", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts, own, NULL };
static const char *const harmless[] = {
    "output_router_logits", "router_aux_loss_coef", "sliding_window", "max_window_layers", NULL,
};
static const heft_must_be must_be[] = { { "use_sliding_window", "false" }, { NULL, NULL } };
extern const heft_family heft_family_qwen3_moe;
const heft_family heft_family_qwen3_moe = {
    .name = "qwen3_moe",
    .source = "arXiv:2505.09388",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 32768,
    .kv_heads = 4,
    .configure = configure,
};

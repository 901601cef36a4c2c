/* Phi-3.5-MoE: layer norms with biases, biases in attention and head, and two of 16 experts, each
 * weighted among the experts whose logits are near its own.
 * Source: arXiv:2404.14219; the router arXiv:2310.00811 and the model card. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define NORM(slot, hf, gguf) \
    { offsetof(heft_layer, slot), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }, \
    { offsetof(heft_layer, slot), HEFT_SLOT_NORM_BIAS, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "layers.{}." hf ".bias", "blk.{}." gguf ".bias" }
static const heft_weight own[] = {
    NORM(n1, "input_layernorm", "attn_norm"),
    NORM(n3, "post_attention_layernorm", "ffn_norm"),
    { 0 },
};
static const heft_weight own_globals[] = {
    { offsetof(heft_globals, out_norm), HEFT_SLOT_NORM_BIAS, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "norm.bias", "output_norm.bias" },
    { offsetof(heft_globals, head), HEFT_SLOT_BIAS, HEFT_AXIS_V, HEFT_AXIS_ONE, HEFT_IF_HEAD_BIAS, 0, 0, "^lm_head.bias", "output.bias" },
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->norm = HEFT_NORM_LAYER;
    s->mlp_bias = HEFT_NO;
    if (!heft_cfg_is_gguf(c)) {
        s->qkv_bias = s->o_bias =
            heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
        s->head_bias = heft_cfg_bool(c, "lm_head_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    }
    heft_router r =
        heft_cfg_router(c, HEFT_BY_SPARSEMIX, "num_local_experts", 16, "num_experts_per_tok", 2);
    r.jitter = heft_cfg_real(c, "router_jitter_noise", NULL, 0.01);
    if (r.top != 2)
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "num_experts_per_tok is %d; heft runs phimoe with 2 only", r.top);
    int32_t window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 0);
    int32_t rope = heft_cfg_rope(c, s, NULL, 1000000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        l->attn.rope = rope;
        l->attn.window = window;
        heft_cfg_mixture(l, &r, l->F, 0);
    }
}

static const char *const types[] = { "phimoe", NULL };
static const char *const archs[] = { "phimoe", NULL };
static const heft_weight *const globals[] = { heft_names_globals, own_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts,
                                             heft_names_mixtral, own, NULL };
static const char *const harmless[] = {
    "input_jitter_noise",
    "output_router_logits",
    "router_aux_loss_coef",
    NULL,
};
extern const heft_family heft_family_phimoe;
const heft_family heft_family_phimoe = {
    .name = "phimoe",
    .source = "arXiv:2404.14219",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .kv_heads = 8,
    .context = 131072,
    .eps = 1e-5f,
    .configure = configure,
};

/* Nemotron 3 and 4, Minitron 4B and 8B: layer norms whose weights a release stores less 1, a
 * feed-forward block of squared ReLU without a gate, half of each head rotated.
 * Source: arXiv:2402.16819, section 2. */
#include "model/rows.h"

/* clang-format off */
#define ADD_ONE_NORM(owner, slot, hf, gguf) \
    { offsetof(owner, slot), HEFT_SLOT_NORM,      HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, HEFT_ADD_ONE, HEFT_AS_IS, hf ".weight", gguf ".weight" }, \
    { offsetof(owner, slot), HEFT_SLOT_NORM_BIAS, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, HEFT_AS_IS,   HEFT_AS_IS, hf ".bias",   gguf ".bias" }
static const heft_weight own_globals[] = { /* beside heft_names_globals */
    ADD_ONE_NORM(heft_globals, out_norm, "norm", "output_norm"),
    { 0 },
};
static const heft_weight own_layers[] = { /* beside heft_names_llama */
    ADD_ONE_NORM(heft_layer, n1, "layers.{}.input_layernorm",          "blk.{}.attn_norm"),
    ADD_ONE_NORM(heft_layer, n3, "layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"),
    { .at = offsetof(heft_layer, gate), .slot = HEFT_SLOT_LIN },
    { .at = offsetof(heft_layer, gate), .slot = HEFT_SLOT_BIAS },
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    if (!heft_cfg_is_gguf(c)) { /* which says nothing of biases */
        s->qkv_bias = s->o_bias =
            heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
        s->mlp_bias = heft_cfg_bool(c, "mlp_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    }
    int32_t width = heft_cfg_rotated(c, s, "partial_rotary_factor", 0.5);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, width);
    for (int32_t i = 0; s->layer && i < s->L; i++)
        s->layer[i].attn.rope = rope;
}

static const char *const types[] = { "nemotron", NULL };
static const char *const archs[] = { "nemotron", NULL };
static const heft_weight *const globals[] = { heft_names_globals, own_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, own_layers, NULL };
static const char *const harmless[] = { "kv_channels", NULL }; /* the reference reads head_dim */
static const heft_must_be must_be[] = { { "rope_scaling", "null" }, { NULL, NULL } };
extern const heft_family heft_family_nemotron;
const heft_family heft_family_nemotron = {
    .name = "nemotron",
    .source = "arXiv:2402.16819",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 4096,
    .eps = 1e-5f,
    .act = HEFT_ACT_RELU_SQUARED,
    .keys = { .eps = "norm_eps" },
    .configure = configure,
};

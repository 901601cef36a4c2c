/* StableLM 3B, 2 1.6B and 2 12B: a part of each head rotates; the 12B reads one norm with both
 * blocks and has a norm of its own on every head of q and k, each a tensor in a release.
 * Source: arXiv:2402.17834, section 3.2. */
#include "model/rows.h"

/* clang-format off */
#define OWN_NORM(slot, heads, hf, gguf) \
    { offsetof(heft_layer, slot), HEFT_SLOT_NORM, heads, HEFT_AXIS_HEAD, HEFT_IF_QK_NORM, HEFT_STACK, 0, \
      "layers.{}.self_attn." hf ".norms.{e}.weight", "blk.{}." gguf ".weight" }
static const heft_weight own_globals[] = { /* beside heft_names_globals */
    HEFT_GLOBAL_NORM(out_norm, "norm", "output_norm"),
    { 0 },
};
static const heft_weight own_layers[] = { /* beside heft_names_llama */
    HEFT_LAYER_NORM(n1, HEFT_AXIS_D, HEFT_ALWAYS,      "layers.{}.input_layernorm",          "blk.{}.attn_norm"),
    HEFT_LAYER_NORM(n3, HEFT_AXIS_D, HEFT_IF_SERIAL,   "layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"),
    OWN_NORM(q_norm, HEFT_AXIS_H, "q_layernorm", "attn_q_norm"),
    OWN_NORM(k_norm, HEFT_AXIS_G, "k_layernorm", "attn_k_norm"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    const bool gguf = heft_cfg_is_gguf(c);
    s->norm = HEFT_NORM_LAYER;
    s->o_bias = s->mlp_bias = HEFT_NO;
    s->qkv_bias = gguf                                            ? HEFT_MAYBE
                  : heft_cfg_bool(c, "use_qkv_bias", NULL, false) ? HEFT_YES
                                                                  : HEFT_NO;
    bool parallel = heft_cfg_bool(c, "use_parallel_residual", "use_parallel_residual", false);
    bool normed = heft_cfg_bool(c, "qk_layernorm", NULL, false);
    if (gguf) { /* its use_parallel_residual says true of every model */
        parallel = !heft_cfg_has_either(c, "blk.0.ffn_norm.weight", "blk.0.ffn_norm.bias");
        normed = heft_cfg_has_either(c, "blk.0.attn_q_norm.weight", "blk.0.attn_k_norm.weight");
    }
    s->wire = parallel ? HEFT_WIRE_PARALLEL : HEFT_WIRE_SERIAL;
    int32_t width = heft_cfg_rotated(c, s, "partial_rotary_factor|rope_pct", 0.25);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, width);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.qk_norm = normed ? HEFT_QKN_HEAD_OWN : HEFT_QKN_NONE;
    }
}

static const char *const types[] = { "stablelm", "stablelm_epoch", NULL };
static const char *const archs[] = { "stablelm", NULL };
static const heft_weight *const globals[] = { heft_names_globals, own_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, own_layers, NULL };
static const heft_must_be must_be[] = { { "rotary_scaling_factor", "1" }, { NULL, NULL } };
extern const heft_family heft_family_stablelm;
const heft_family heft_family_stablelm = {
    .name = "stablelm",
    .source = "arXiv:2402.17834",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .must_be = must_be,
    .context = 4096,
    .kv_heads = 32,
    .eps = 1e-5f,
    .keys = { .eps = "layer_norm_eps|norm_eps" },
    .configure = configure,
};

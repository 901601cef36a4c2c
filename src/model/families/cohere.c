/* Command R, R+ and Aya 23: both blocks read one norm without bias; R+ has a norm of its own on
 * every head of q and k; logits are multiplied by a constant.
 * Source: the model cards of Cohere's c4ai-command-r-v01 and c4ai-command-r-plus. */
#include "model/rows.h"

/* clang-format off */
#define OWN_NORM(slot, heads, hf, gguf) \
    { offsetof(heft_layer, slot), HEFT_SLOT_NORM, heads, HEFT_AXIS_HEAD, HEFT_IF_QK_NORM, 0, 0, \
      "layers.{}.self_attn." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = { /* beside heft_names_llama */
    OWN_NORM(q_norm, HEFT_AXIS_H, "q_norm", "attn_q_norm"),
    OWN_NORM(k_norm, HEFT_AXIS_G, "k_norm", "attn_k_norm"),
    { .at = offsetof(heft_layer, n3), .slot = HEFT_SLOT_NORM }, /* it has none */
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    const bool gguf = heft_cfg_is_gguf(c);
    s->wire = HEFT_WIRE_PARALLEL;
    s->norm = HEFT_NORM_LAYER;
    s->logit_scale = heft_cfg_real(c, "logit_scale", "logit_scale", 0.0625);
    s->mlp_bias = HEFT_NO;
    s->qkv_bias = s->o_bias = heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    bool normed =
        gguf ? heft_cfg_has_either(c, "blk.0.attn_q_norm.weight", "blk.0.attn_k_norm.weight")
             : heft_cfg_bool(c, "use_qk_norm", NULL, false);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    s->rope[rope].r.pairs = true;
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.qk_norm = normed ? HEFT_QKN_HEAD_OWN : HEFT_QKN_NONE;
    }
}

static const char *const types[] = { "cohere", NULL };
static const char *const archs[] = { "command-r", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, own, NULL };
static const char *const harmless[] = { "model_max_length", "use_embedding_sharing",
                                        "use_parallel_embedding", NULL };
static const heft_must_be must_be[] = { { "use_gated_activation", "true" },
                                        { "use_parallel_block", "true" },
                                        { "rotary_pct", "1" },
                                        { NULL, NULL } };
extern const heft_family heft_family_cohere;
const heft_family heft_family_cohere = {
    .name = "cohere",
    .source = "model cards of c4ai-command-r-v01, c4ai-command-r-plus",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 8192,
    .eps = 1e-5f,
    .tied = true,
    .keys = { .eps = "layer_norm_eps" },
    .configure = configure,
};

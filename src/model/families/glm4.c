/* GLM-4-0414 and GLM-Z1: GLM-4 with norms after both blocks too.
 * Source: arXiv:2406.12793, section 2; the release notes of GLM-4-0414. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define NORM(slot, hf, gguf) { offsetof(heft_layer, slot), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, \
    0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = { /* beside heft_names_llama */
    NORM(n2, "post_self_attn_layernorm", "post_attention_norm"),
    NORM(n4, "post_mlp_layernorm", "post_ffw_norm"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->o_bias = s->mlp_bias = HEFT_NO;
    s->qkv_bias = heft_cfg_is_gguf(c)                              ? HEFT_MAYBE
                  : heft_cfg_bool(c, "attention_bias", NULL, true) ? HEFT_YES
                                                                   : HEFT_NO;
    int32_t rope =
        heft_cfg_rope(c, s, NULL, 10000, heft_cfg_rotated(c, s, "partial_rotary_factor", 0.5));
    s->rope[rope].r.pairs = true;
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].act.up.at = s->layer[i].F;
    }
}

static const char *const types[] = { "glm4", NULL };
static const char *const archs[] = { "glm4", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_gate_up, own, NULL };
extern const heft_family heft_family_glm4;
const heft_family heft_family_glm4 = {
    .name = "glm4",
    .source = "arXiv:2406.12793",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .context = 131072,
    .kv_heads = 2,
    .head_width = 128,
    .eps = 1.5625e-7f,
    .configure = configure,
};

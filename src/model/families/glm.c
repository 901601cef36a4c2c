/* GLM-4-9B as its second release has it: biases on q, k and v, gate and up in one matrix, half of a
 * head rotated, in pairs. A GGUF file may have q, k and v in one matrix too.
 * Source: arXiv:2406.12793, section 2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define L(slot) offsetof(heft_layer, slot)
#define ONE(slot, axis, hf, gguf) \
    { L(slot), HEFT_SLOT_LIN,  axis, HEFT_AXIS_D,   HEFT_SEPARATE,    0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }, \
    { L(slot), HEFT_SLOT_BIAS, axis, HEFT_AXIS_ONE, HEFT_IF_QKV_BIAS, 0, 0, "layers.{}." hf ".bias",   "blk.{}." gguf ".bias" }
static const heft_weight own[] = { /* beside heft_names_llama */
    ONE(q, HEFT_AXIS_Q,   "self_attn.q_proj", "attn_q"),
    ONE(k, HEFT_AXIS_K,   "self_attn.k_proj", "attn_k"),
    ONE(v, HEFT_AXIS_VAL, "self_attn.v_proj", "attn_v"),
    { L(q), HEFT_SLOT_LIN,  HEFT_AXIS_QKV, HEFT_AXIS_D,   HEFT_FUSED,       0, 0, NULL, "blk.{}.attn_qkv.weight" },
    { L(q), HEFT_SLOT_BIAS, HEFT_AXIS_QKV, HEFT_AXIS_ONE, HEFT_IF_QKV_BIAS, 0, 0, NULL, "blk.{}.attn_qkv.bias" },
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
    bool fused = heft_cfg_is_gguf(c) && heft_cfg_has_tensor(c, "blk.0.attn_qkv.weight");
    int32_t rope =
        heft_cfg_rope(c, s, NULL, 10000, heft_cfg_rotated(c, s, "partial_rotary_factor", 0.5));
    s->rope[rope].r.pairs = true;
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        if (fused) heft_heads_joined(&l->attn);
        l->attn.rope = rope;
        l->act.up.at = l->F;
    }
}

static const char *const types[] = { "glm", NULL };
static const char *const archs[] = { "chatglm", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_gate_up, own, NULL };
extern const heft_family heft_family_glm;
const heft_family heft_family_glm = {
    .name = "glm",
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

/* Phi 3, 3.5, 4 and 4-mini: llama with q, k, v in one matrix and gate, up in another.
 * Source: arXiv:2404.14219, section 2; arXiv:2412.08905; longrope arXiv:2402.13753. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define L(slot) offsetof(heft_layer, slot)
static const heft_weight own[] = { /* beside heft_names_llama */
    { L(q), HEFT_SLOT_LIN, HEFT_AXIS_QKV, HEFT_AXIS_D, HEFT_ALWAYS, 0, 0, "layers.{}.self_attn.qkv_proj.weight", "blk.{}.attn_qkv.weight" },
    { .at = L(q), .slot = HEFT_SLOT_BIAS },
    { .at = L(k), .slot = HEFT_SLOT_LIN },
    { .at = L(k), .slot = HEFT_SLOT_BIAS },
    { .at = L(v), .slot = HEFT_SLOT_LIN },
    { .at = L(v), .slot = HEFT_SLOT_BIAS },
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->o_bias = s->mlp_bias = HEFT_NO;
    int32_t window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 0);
    int32_t rope =
        heft_cfg_rope(c, s, NULL, 10000, heft_cfg_rotated(c, s, "partial_rotary_factor", 1));
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        heft_heads_joined(&l->attn);
        l->attn.window = window;
        l->attn.rope = rope;
        l->act.up.at = l->F;
    }
}

static const char *const types[] = { "phi3", NULL };
static const char *const archs[] = { "phi3", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_gate_up, own, NULL };
static const heft_must_be must_be[] = {
    { "attention_bias", "false" }, { "full_attn_mod", "1" }, { "interpolate_factor", "1" },
    { "lm_head_bias", "false" },   { "mlp_bias", "false" },  { NULL, NULL },
};
extern const heft_family heft_family_phi3;
const heft_family heft_family_phi3 = {
    .name = "phi3",
    .source = "arXiv:2404.14219, arXiv:2412.08905",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .must_be = must_be,
    .context = 4096,
    .original = 4096,
    .eps = 1e-5f,
    .configure = configure,
};

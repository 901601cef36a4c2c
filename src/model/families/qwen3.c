/* Qwen 3, dense: a norm on every head of q and k, a head width of its own.
 * Source: arXiv:2505.09388, section 2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define NORM(slot, hf, gguf) { offsetof(heft_layer, slot), HEFT_SLOT_NORM, HEFT_AXIS_HEAD, HEFT_AXIS_ONE, HEFT_ALWAYS, \
    0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = { /* beside heft_names_llama */
    NORM(q_norm, "self_attn.q_norm", "attn_q_norm"),
    NORM(k_norm, "self_attn.k_norm", "attn_k_norm"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = HEFT_MAYBE;
    if (!heft_cfg_is_gguf(c))
        s->qkv_bias = s->o_bias =
            heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    s->mlp_bias = HEFT_NO;
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    heft_cfg_upper_windows(c, s, rope);
    for (int32_t i = 0; s->layer && i < s->L; i++)
        s->layer[i].attn.qk_norm = HEFT_QKN_HEAD;
}

static const char *const types[] = { "qwen3", NULL };
static const char *const archs[] = { "qwen3", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, own, NULL };
extern const heft_family heft_family_qwen3;
const heft_family heft_family_qwen3 = {
    .name = "qwen3",
    .source = "arXiv:2505.09388",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .head_width = 128,
    .context = 32768,
    .kv_heads = 32,
    .configure = configure,
};

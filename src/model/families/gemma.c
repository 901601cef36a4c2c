/* Gemma 1: llama with norms of 1 + w, a scaled embedding, gelu, and heads wider than D / H.
 * Source: arXiv:2403.08295, section 2. */
#include "model/run.h"

#include <math.h>
#include <stddef.h>

/* clang-format off */
#define NORM(slot, hf, gguf) { offsetof(heft_layer, slot), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, \
    HEFT_ADD_ONE, HEFT_AS_IS, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = { /* beside heft_names_llama; GGUF has the 1 added already */
    NORM(n1, "input_layernorm", "attn_norm"),
    NORM(n3, "post_attention_layernorm", "ffn_norm"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    s->embed_scale = sqrtf((float)s->D);
    /* The first releases say "gelu"; all were trained with its tanh form. */
    heft_act_kind act = heft_cfg_act(c, "hidden_act", HEFT_ACT_GELU_TANH);
    if (act == HEFT_ACT_GELU_ERF) act = HEFT_ACT_GELU_TANH;
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].act.fn = act;
        s->layer[i].attn.rope = rope;
    }
}

static const char *const types[] = { "gemma", NULL };
static const char *const archs[] = { "gemma", NULL };
static const heft_weight *const globals[] = { heft_names_globals, heft_names_globals_add_one,
                                              NULL };
static const heft_weight *const layers[] = { heft_names_llama, own, NULL };
static const heft_must_be must_be[] = {
    { "attention_bias", "false" },
    { "hidden_activation", "\"gelu_pytorch_tanh\"" }, /* no release differs */
    { NULL, NULL },
};
extern const heft_family heft_family_gemma;
const heft_family heft_family_gemma = {
    .name = "gemma",
    .source = "arXiv:2403.08295",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .must_be = must_be,
    .context = 8192,
    .heads = 16,
    .kv_heads = 16,
    .head_width = 256,
    .vocab = 256000,
    .tied = true,
    .configure = configure,
};

/* Granite 3, dense: llama with four multipliers.
 * Source: the Granite 3.0 report; arXiv:2203.03466 for why. */
#include "model/run.h"

#include <math.h>

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_MAYBE;
    if (!heft_cfg_is_gguf(c)) {
        s->qkv_bias = s->o_bias =
            heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
        s->mlp_bias = heft_cfg_bool(c, "mlp_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    }
    s->embed_scale = heft_cfg_real(c, "embedding_multiplier", "embedding_scale", 1);
    s->logit_scale = 1 / heft_cfg_real(c, "logits_scaling", "logit_scale", 1);
    float out = heft_cfg_real(c, "residual_multiplier", "residual_scale", 1);
    int32_t dk = s->layer ? s->layer[0].attn.dk : 2;
    double usual = heft_cfg_is_gguf(c) ? 1 / sqrt((double)dk) : 1;
    float scale = heft_cfg_real(c, "attention_multiplier", "attention.scale", usual);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, dk);
    s->rope[rope].r.pairs = heft_cfg_is_gguf(c); /* its rows of q and k are permuted to pairs */
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.scale = scale;
        s->layer[i].out_scale = out;
    }
}

static const char *const types[] = { "granite", NULL };
static const char *const archs[] = { "granite", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, NULL };
extern const heft_family heft_family_granite;
const heft_family heft_family_granite = {
    .name = "granite",
    .source = "Granite 3.0 report, arXiv:2203.03466",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .context = 2048,
    .configure = configure,
};

/* Gemma 2: norms before and after both blocks, every other layer slides, two soft caps.
 * Source: arXiv:2408.00118, section 2. */
#include "model/run.h"

#include <math.h>

static void configure(struct heft_cfg *c, heft_spec *s)
{
    static const char attn[] = "attn_logit_softcapping", last[] = "final_logit_softcapping";
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    s->embed_scale = sqrtf((float)s->D);
    /* null is no cap; a missing key is the usual one */
    s->logit_cap = heft_cfg_real(c, last, last, heft_cfg_has(c, last, last) ? 0 : 30);
    float cap = heft_cfg_real(c, attn, attn, heft_cfg_has(c, attn, attn) ? 0 : 50);
    int32_t window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 4096);
    heft_act_kind act = heft_cfg_act(c, "hidden_activation", HEFT_ACT_GELU_TANH);
    float scalar = heft_cfg_real(c, "query_pre_attn_scalar", NULL, 256);
    if (heft_cfg_is_gguf(c) && s->layer) /* which does not say it: the 27B has 46 layers */
        scalar = (float)(s->L == 46 ? s->D / s->layer[0].attn.H : s->layer[0].attn.dk);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        l->attn.window = heft_cfg_full(c, i, i % 2 == 1) ? 0 : window;
        l->attn.rope = rope;
        l->attn.scale = 1 / sqrtf(scalar);
        l->attn.softcap = cap;
        l->act.fn = act;
    }
}

static const char *const types[] = { "gemma2", NULL };
static const char *const archs[] = { "gemma2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, heft_names_globals_add_one,
                                              NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_add_one, NULL };
static const char *const harmless[] = { "cache_implementation", "hidden_act", NULL };
static const heft_must_be must_be[] = { { "attention_bias", "false" }, { NULL, NULL } };
extern const heft_family heft_family_gemma2;
const heft_family heft_family_gemma2 = {
    .name = "gemma2",
    .source = "arXiv:2408.00118",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 8192,
    .heads = 8,
    .kv_heads = 4,
    .head_width = 256,
    .vocab = 256000,
    .tied = true,
    .configure = configure,
};

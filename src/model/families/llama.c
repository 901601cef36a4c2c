/* Llama 1, 2 and 3, and what is shaped like them: Yi, TinyLlama, Vicuna, the R1 distills.
 * Source: arXiv:2302.13971, section 2.2; arXiv:2407.21783, section 3.2. */
#include "model/run.h"

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = HEFT_MAYBE;
    if (!heft_cfg_is_gguf(c)) {
        s->qkv_bias = s->o_bias =
            heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
        s->mlp_bias = heft_cfg_bool(c, "mlp_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    }
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    s->rope[rope].r.pairs = heft_cfg_is_gguf(c); /* its rows of q and k are permuted to pairs */
    for (int32_t i = 0; s->layer && i < s->L; i++)
        s->layer[i].attn.rope = rope;
}

static const char *const types[] = { "llama", NULL };
static const char *const archs[] = { "llama", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, NULL };
extern const heft_family heft_family_llama;
const heft_family heft_family_llama = {
    .name = "llama",
    .source = "arXiv:2302.13971, arXiv:2407.21783",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .context = 2048,
    .configure = configure,
};

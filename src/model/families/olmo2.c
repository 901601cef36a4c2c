/* OLMo 2: norms of what a block gives, not of what it takes, and of all queries and keys at once.
 * Source: arXiv:2501.00656, section 2. */
#include "model/run.h"

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->mlp_bias = HEFT_NO;
    s->qkv_bias = s->o_bias = heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.qk_norm = HEFT_QKN_ROW;
    }
}

static const char *const types[] = { "olmo2", NULL };
static const char *const archs[] = { "olmo2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_outputs, NULL };
extern const heft_family heft_family_olmo2;
const heft_family heft_family_olmo2 = {
    .name = "olmo2",
    .source = "arXiv:2501.00656",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .context = 2048,
    .eps = 1e-5f,
    .configure = configure,
};

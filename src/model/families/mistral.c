/* Mistral 7B, Nemo, Small, Codestral and Magistral: llama with a sliding window. A GGUF file of
 * one says that it is a llama.
 * Source: arXiv:2310.06825, section 2. */
#include "model/run.h"

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    int32_t window = heft_cfg_int_or_null(c, "sliding_window", NULL, 4096, 0);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.window = window;
    }
}

static const char *const types[] = { "mistral", NULL };
static const char *const archs[] = { NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, NULL };
extern const heft_family heft_family_mistral;
const heft_family heft_family_mistral = {
    .name = "mistral",
    .source = "arXiv:2310.06825",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .context = 131072,
    .kv_heads = 8,
    .configure = configure,
};

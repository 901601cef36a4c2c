/* OLMo 1 and 1.7: layer norms without weights; 1.7 clips queries, keys and values.
 * Source: arXiv:2402.00838, section 2.1. */
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = { /* beside heft_names_globals */
    { .at = offsetof(heft_globals, out_norm), .slot = HEFT_SLOT_NORM },
    { 0 },
};
static const heft_weight own_layers[] = { /* beside heft_names_llama */
    { .at = offsetof(heft_layer, n1), .slot = HEFT_SLOT_NORM },
    { .at = offsetof(heft_layer, n3), .slot = HEFT_SLOT_NORM },
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    const bool gguf = heft_cfg_is_gguf(c);
    s->norm = HEFT_NORM_LAYER;
    s->weightless = true;
    s->mlp_bias = HEFT_NO;
    s->qkv_bias = s->o_bias = heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    float clip = heft_cfg_real(c, "clip_qkv", "attention.clamp_kqv", 0);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    s->rope[rope].r.pairs = gguf; /* its rows of q and k are permuted to pairs */
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.clip = clip;
    }
}

static const char *const types[] = { "olmo", NULL };
static const char *const archs[] = { "olmo", NULL };
static const heft_weight *const globals[] = { heft_names_globals, own_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, own_layers, NULL };
extern const heft_family heft_family_olmo;
const heft_family heft_family_olmo = {
    .name = "olmo",
    .source = "arXiv:2402.00838",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .context = 2048,
    .eps = 1e-5f, /* no config of the family has another */
    .configure = configure,
};

/* OLMo 3: OLMo 2 with three sliding layers to a full one. Only full layers have their rotation
 * scaled. A GGUF file of one says that it is an olmo2, with a window.
 * Source: arXiv:2512.13961. */
#include "model/run.h"

static bool claims(struct heft_cfg *c)
{
    return !heft_cfg_is_gguf(c) || heft_cfg_has(c, NULL, "attention.sliding_window");
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->mlp_bias = HEFT_NO;
    s->qkv_bias = s->o_bias = heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    int32_t window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 4096);
    int32_t dk = s->layer ? s->layer[0].attn.dk : 2;
    int32_t far = heft_cfg_rope(c, s, "full_attention", 10000, dk);
    int32_t near = heft_cfg_rope_unscaled(c, s, "sliding_attention", "rope_theta", "rope.freq_base",
                                          10000, dk);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        bool full = heft_cfg_full(c, i, (i + 1) % 4 == 0);
        a->window = full ? 0 : window;
        a->rope = full ? far : near;
        a->qk_norm = HEFT_QKN_ROW;
    }
}

static const char *const types[] = { "olmo3", NULL };
static const char *const archs[] = { "olmo2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_outputs, NULL };
extern const heft_family heft_family_olmo3;
const heft_family heft_family_olmo3 = {
    .name = "olmo3",
    .source = "arXiv:2512.13961",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .claims = claims,
    .context = 2048,
    .eps = 1e-5f,
    .configure = configure,
};

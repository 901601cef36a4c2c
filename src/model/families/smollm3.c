/* SmolLM 3: llama without rotation on every fourth layer.
 * Source: the release notes of SmolLM3; arXiv:2501.18795 for why. */
#include "model/run.h"

#include <string.h>

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_MAYBE;
    if (!heft_cfg_is_gguf(c)) {
        s->qkv_bias = s->o_bias =
            heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
        s->mlp_bias = heft_cfg_bool(c, "mlp_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    }
    int32_t every = heft_cfg_every(c, "no_rope_layer_interval", NULL, 4);
    bool slides = heft_cfg_bool(c, "use_sliding_window", NULL, false);
    int32_t window = heft_cfg_int(c, "sliding_window", NULL, 0);
    int32_t rope = heft_cfg_rope(c, s, NULL, 2e6, s->layer ? s->layer[0].attn.dk : 2);
    int32_t still = -1;
    if (heft_cfg_is_gguf(c) && s->layer) {
        /* All rows of q and k are permuted to pairs there. Turned by no angle, those of a layer
         * without rotation are put in order too: the same sums as the release's. */
        s->rope[rope].r.pairs = true;
        still = heft_cfg_rope_unscaled(c, s, NULL, NULL, NULL, 10000, s->rope[rope].r.width);
        s->rope[still].r.pairs = true;
        memset(s->rope[still].inv, 0, sizeof(float) * (size_t)(s->rope[still].r.width / 2));
    }
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        /* A 1 in no_rope_layers says that the layer does rotate. */
        bool rotates = heft_cfg_int_at(c, "no_rope_layers", NULL, i, (i + 1) % every != 0) != 0;
        a->rope = rotates ? rope : still;
        a->window = slides && !heft_cfg_full(c, i, rotates) ? window : 0;
    }
}

static const char *const types[] = { "smollm3", NULL };
static const char *const archs[] = { "smollm3", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, NULL };
static const char *const harmless[] = { "layer_types", "max_window_layers", NULL };
extern const heft_family heft_family_smollm3;
const heft_family heft_family_smollm3 = {
    .name = "smollm3",
    .source = "release notes of SmolLM3, arXiv:2501.18795",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless, /* layer_types: where use_sliding_window is false */
    .context = 32768,
    .heads = 16,
    .kv_heads = 4,
    .vocab = 128256,
    .tied = true,
    .configure = configure,
};

/* Command R7B and Command A: both blocks read the same norm, three sliding layers rotate, every
 * fourth sees everything and does not.
 * Source: arXiv:2504.00698. */
#include "model/run.h"

#include <stddef.h>

static const heft_weight own[] = {
    /* beside heft_names_llama */
    { .at = offsetof(heft_layer, n3), .slot = HEFT_SLOT_NORM },
    { 0 },
};

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->wire = HEFT_WIRE_PARALLEL;
    s->norm = HEFT_NORM_LAYER;
    s->eps = heft_cfg_real(c, "layer_norm_eps", "attention.layer_norm_epsilon", 1e-5);
    s->logit_scale = heft_cfg_real(c, "logit_scale", "logit_scale", 0.0625);
    s->mlp_bias = HEFT_NO;
    s->qkv_bias = s->o_bias = heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    int32_t window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 4096);
    int32_t every = heft_cfg_every(c, "sliding_window_pattern|_sliding_window_pattern", NULL, 4);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    s->rope[rope].r.pairs = true;
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        bool full = heft_cfg_full(c, i, (i + 1) % every == 0);
        a->window = full ? 0 : window;
        a->rope = full ? -1 : rope;
    }
}

static const char *const types[] = { "cohere2", NULL };
static const char *const archs[] = { "cohere2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, own, NULL };
static const char *const harmless[] = { "cache_implementation", "use_embedding_sharing",
                                        "use_parallel_embedding", NULL };
static const heft_must_be must_be[] = {
    { "layer_switch", "4" },
    { "order_of_interleaved_layers", "\"local_attn_first\"" },
    { "position_embedding_type", "\"rope_gptj\"" },
    { "rotary_pct", "1" },
    { "use_gated_activation", "true" },
    { "use_parallel_block", "true" },
    { "use_qk_norm", "false" },
    { NULL, NULL },
};
extern const heft_family heft_family_cohere2;
const heft_family heft_family_cohere2 = {
    .name = "cohere2",
    .source = "arXiv:2504.00698",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 8192,
    .heads = 64,
    .vocab = 256000,
    .tied = true,
    .configure = configure,
};

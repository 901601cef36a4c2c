/* Qwen 1.5, 2, 2.5 and QwQ: biases on q, k and v; a window, if it is on, on the upper layers.
 * Source: arXiv:2407.10671, section 2.2; arXiv:2412.15115. */
#include "model/run.h"

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = HEFT_YES;
    s->o_bias = s->mlp_bias = HEFT_NO;
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    heft_cfg_upper_windows(c, s, rope);
}

static const char *const types[] = { "qwen2", NULL };
static const char *const archs[] = { "qwen2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, NULL };
static const heft_must_be must_be[] = { { "use_mrope", "false" }, { NULL, NULL } };
extern const heft_family heft_family_qwen2;
const heft_family heft_family_qwen2 = {
    .name = "qwen2",
    .source = "arXiv:2407.10671",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .must_be = must_be,
    .context = 32768,
    .kv_heads = 32,
    .configure = configure,
};

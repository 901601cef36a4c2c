/* Qwen 3 Next (80B-A3B): gated delta rules on three layers of four, gated attention on the fourth,
 * a mixture with an expert that all share. Layers that draft further tokens are not run. Source:
 * the model card of Qwen3-Next-80B-A3B; the rule arXiv:2412.06464. */
#include "model/run.h"

#include <stddef.h>

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    heft_cfg_delta(c, s, true);
    heft_cfg_delta_experts(c, s, 512, 10);
}

static const char *const types[] = { "qwen3_next", NULL };
static const char *const archs[] = { "qwen3next", NULL };
static const heft_weight *const globals[] = { heft_names_globals, heft_names_globals_add_one,
                                              NULL };
static const heft_weight *const layers[] = {
    heft_names_llama,         heft_names_experts,     heft_names_delta,
    heft_names_shared_expert, heft_names_shared_gate, NULL,
};
static const char *const not_run[] = { "mtp.", NULL };
static const char *const harmless[] = { "output_router_logits", "router_aux_loss_coef", NULL };
static const heft_must_be must_be[] = { { "attention_bias", "false" },
                                        { "use_sliding_window", "false" },
                                        { NULL, NULL } };
extern const heft_family heft_family_qwen3_next;
const heft_family heft_family_qwen3_next = {
    .name = "qwen3_next",
    .source = "the model card of Qwen3-Next-80B-A3B",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .not_run = not_run,
    .context = 32768,
    .heads = 16,
    .kv_heads = 2,
    .head_width = 256,
    .vocab = 151936,
    .configure = configure,
};

/* Qwen 3.5 and 3.6, dense (0.8B to 27B): gated delta rules on three layers of four, gated attention
 * on the fourth. Of a text alone, the three positions that a rotation may have are the same. The
 * tower of images and the layers that draft further tokens are not run.
 * Source: the model card of Qwen3.5-27B; the rule arXiv:2412.06464. */
#include "model/run.h"

#include <stddef.h>

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    heft_cfg_delta(c, s, false);
}

static const char *const types[] = { "qwen3_5_text", "qwen3_5", NULL };
static const char *const archs[] = { "qwen35", NULL };
static const heft_weight *const globals[] = { heft_names_globals, heft_names_globals_add_one,
                                              NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_delta, NULL };
static const char *const not_run[] = { "model.visual.", "mtp.", NULL };
static const char *const harmless[] = {
    "image_token_id",
    "language_model_only",
    "mlp_only_layers",
    "mrope_interleaved",
    "mrope_section",
    "mtp_num_hidden_layers",
    "mtp_use_dedicated_embeddings",
    "rope.dimension_sections",
    "video_token_id",
    "vision_config",
    "vision_end_token_id",
    "vision_start_token_id",
    NULL,
};
static const heft_must_be must_be[] = { { "attention_bias", "false" },
                                        { "attn_output_gate", "true" },
                                        { "mamba_ssm_dtype", "\"float32\"" },
                                        { NULL, NULL } };
extern const heft_family heft_family_qwen3_5;
const heft_family heft_family_qwen3_5 = {
    .name = "qwen3_5",
    .source = "the model card of Qwen3.5-27B",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .not_run = not_run,
    .context = 32768,
    .heads = 16,
    .kv_heads = 4,
    .head_width = 256,
    .vocab = 248320,
    .configure = configure,
};

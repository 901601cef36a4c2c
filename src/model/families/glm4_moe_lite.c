/* GLM 4.7 Flash: DeepSeek V3 with other numbers. A GGUF file of one is of deepseek_v3.
 * Source: arXiv:2412.19437, section 2.1; its numbers: the transformers library, Glm4MoeLiteConfig.
 */
#include "model/run.h"

static void configure(struct heft_cfg *c, heft_spec *s)
{
    static const heft_latent_absent absent = {
        .q_rank = 768,
        .nope = 192,
        .dv = 256,
        .experts = 64,
        .top = 4,
        .groups = 1,
        .keep = 1,
        .F_expert = 1536,
        .dense = 1,
        .factor = 1.8f,
    };
    heft_cfg_deepseek(c, s, &absent);
}

static const char *const types[] = { "glm4_moe_lite", NULL };
static const char *const archs[] = { NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama,      heft_names_latent,
                                             heft_names_experts,    heft_names_shared_experts,
                                             heft_names_correction, NULL };
static const char *const harmless[] = { "ep_size", "output_router_logits", "qk_head_dim", NULL };
static const heft_must_be must_be[] = {
    { "attention_bias", "false" },
    { "first_k_dense_replace", "1" },
    { "mlp_bias", "false" },
    { "moe_layer_freq", "1" },
    { "scoring_func", "\"sigmoid\"" },
    { "topk_method", "\"noaux_tc\"" },
    { NULL, NULL },
};
extern const heft_family heft_family_glm4_moe_lite;
const heft_family heft_family_glm4_moe_lite = {
    .name = "glm4_moe_lite",
    .source = "arXiv:2412.19437",
    .context = 202752,
    .eps = 1e-5f,
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .configure = configure,
};

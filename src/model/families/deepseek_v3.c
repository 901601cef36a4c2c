/* DeepSeek V3, V3.1, R1; Kimi K2, K2.5; Moonlight: latent attention, experts chosen by sigmoids
 * with a correction from the best groups, and one that all share. Layers that draft further tokens,
 * and the part of Kimi K2.5 that sees, are not run. A GGUF file of one says what its router is,
 * else that of deepseek_v2. Source: arXiv:2412.19437, section 2.1. */
#include "model/run.h"

static bool claims(struct heft_cfg *c)
{
    return !heft_cfg_is_gguf(c) || heft_cfg_int(c, NULL, "expert_gating_func", 1) == 2;
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    static const heft_latent_absent absent = {
        .q_rank = 1536,
        .nope = 128,
        .dv = 128,
        .experts = 256,
        .top = 8,
        .groups = 8,
        .keep = 4,
        .F_expert = 2048,
        .dense = 3,
        .factor = 2.5f,
    };
    heft_cfg_deepseek(c, s, &absent);
}

static const char *const types[] = { "deepseek_v3", "kimi_k2", "kimi_k25", NULL };
static const char *const archs[] = { "deepseek2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama,      heft_names_latent,
                                             heft_names_experts,    heft_names_shared_experts,
                                             heft_names_correction, NULL };
static const char *const harmless[] = {
    "aux_loss_alpha",
    "ep_size",
    "ignore_index",
    "image_token_id",
    "seq_aux",
    "media_placeholder_token_id",
    "video_placeholder",
    "vision_config",
    "use_unified_vision_chunk",
    "video_token_id",
    NULL,
};
static const char *const seeing[] = { "vision_tower.", "mm_projector.", NULL };
static const heft_must_be must_be[] = {
    { "attention_bias", "false" },
    { "moe_layer_freq", "1" },
    { "scoring_func", "\"sigmoid\"" },
    { "topk_method", "\"noaux_tc\"" },
    { NULL, NULL },
};
extern const heft_family heft_family_deepseek_v3;
const heft_family heft_family_deepseek_v3 = {
    .name = "deepseek_v3",
    .source = "arXiv:2412.19437",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .claims = claims,
    .harmless = harmless,
    .must_be = must_be,
    .not_run = seeing,
    .context = 4096,
    .configure = configure,
};

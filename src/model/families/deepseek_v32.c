/* DeepSeek V3.2: V3, whose every layer chooses the 2048 keys that a token attends to by an index of
 * its own. The index rotates halves, the heads adjacent pairs. Its publisher multiplies queries and
 * keys of the index by a Hadamard matrix and rounds them to 8 bits: the first changes no product,
 * the second is no part of the model as the reference library has it.
 * Source: arXiv:2512.02556, section 2.1. */
#include "model/run.h"

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
        .index_heads = 64,
    };
    heft_cfg_deepseek(c, s, &absent);
    heft_cfg_index(c, s, &absent);
}

static const char *const types[] = { "deepseek_v32", NULL };
static const char *const archs[] = { "deepseek32", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama,
                                             heft_names_latent,
                                             heft_names_experts,
                                             heft_names_shared_experts,
                                             heft_names_correction,
                                             heft_names_index,
                                             NULL };
static const char *const harmless[] = { "aux_loss_alpha", "ep_size", "output_router_logits",
                                        "qk_head_dim",    "seq_aux", NULL };
static const heft_must_be must_be[] = {
    { "attention_bias", "false" },     { "mlp_bias", "false" },           { "moe_layer_freq", "1" },
    { "scoring_func", "\"sigmoid\"" }, { "topk_method", "\"noaux_tc\"" }, { NULL, NULL },
};
extern const heft_family heft_family_deepseek_v32;
const heft_family heft_family_deepseek_v32 = {
    .name = "deepseek_v32",
    .source = "arXiv:2512.02556",
    .context = 163840,
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .configure = configure,
};

/* DeepSeek V2, V2-Lite, V2.5: latent attention, many small experts chosen by softmax, in the large
 * ones from the best groups only, and experts that all share.
 * Source: arXiv:2405.04434; its groups: section 2.2.2. */
#include "model/cfg.h"
#include "model/run.h"

static heft_router router(struct heft_cfg *c)
{
    heft_router r =
        heft_cfg_router(c, HEFT_BY_SOFTMAX, "n_routed_experts", 64, "num_experts_per_tok", 6);
    r.factor = heft_cfg_real(c, "routed_scaling_factor", "expert_weights_scale", 1);
    const heft_str method = heft_cfg_str(c, "topk_method", NULL, "greedy");
    const int32_t groups = heft_cfg_int(c, "n_group", "expert_group_count", 1),
                  keep = heft_cfg_int(c, "topk_group", "expert_group_used_count", 1);
    if (heft_cfg_is_gguf(c) || heft_str_is(method, "group_limited_greedy")) {
        r.groups = groups;
        r.keep = keep;
        r.vote = 1;
    } else if (!heft_str_is(method, "greedy")) {
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "topk_method is \"%s\", expected greedy or group_limited_greedy",
                        heft_show(method).text);
    }
    return r;
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->mlp_bias = HEFT_NO;
    heft_cfg_latent(c, s, &(heft_latent_absent){ .q_rank = 1536, .nope = 128, .dv = 128 });
    const heft_router r = router(c);
    const int32_t F = heft_cfg_int(c, "moe_intermediate_size", "expert_feed_forward_length", 1407);
    const int32_t shared = heft_cfg_int(c, "n_shared_experts", "expert_shared_count", 2);
    const int32_t dense = heft_cfg_int(c, "first_k_dense_replace", "leading_dense_block_count", 0);
    for (int32_t i = dense > 0 ? dense : 0; s->layer && i < s->L; i++)
        heft_cfg_mixture(&s->layer[i], &r, F, heft_cfg_times(c, F, shared));
}

static const char *const types[] = { "deepseek_v2", NULL };
static const char *const archs[] = { "deepseek2", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_latent,
                                             heft_names_experts, heft_names_shared_experts, NULL };
static const char *const harmless[] = {
    "aux_loss_alpha", "ep_size", "seq_aux", "expert_gating_func", "expert_weights_norm", NULL
};
static const heft_must_be must_be[] = {
    { "attention_bias", "false" }, { "mlp_bias", "false" },           { "moe_layer_freq", "1" },
    { "norm_topk_prob", "false" }, { "scoring_func", "\"softmax\"" }, { NULL, NULL },
};
extern const heft_family heft_family_deepseek_v2;
const heft_family heft_family_deepseek_v2 = {
    .name = "deepseek_v2",
    .source = "arXiv:2405.04434",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 2048,
    .configure = configure,
};

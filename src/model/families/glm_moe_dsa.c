/* GLM 5, 5.1 and 5.2: latent attention with an index as in DeepSeek V3.2, which rotates adjacent
 * pairs. In 5.2 most layers have none and take the choice of the last one that has.
 * Source: arXiv:2602.15763; one choice for several layers arXiv:2603.12201. */
#include "model/cfg.h"
#include "model/run.h"

/* The letter of a layer in index_topk_pattern. */
static bool by_letter(struct heft_cfg *c, heft_str pattern, int32_t i)
{
    const char letter = i < (int64_t)pattern.n ? pattern.p[i] : 0;
    if (letter != 'F' && letter != 'S')
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "index_topk_pattern is \"%s\", expected F or S for each layer",
                        heft_show(pattern).text);
    return letter == 'F';
}

/* Does layer i choose by itself? A GGUF file that does not say is of 5.2 if its context is. */
static bool has_index(struct heft_cfg *c, const heft_spec *s, int32_t i)
{
    static const char *const words[] = { "shared", "full", NULL };
    const bool gguf = heft_cfg_is_gguf(c), later = gguf && s->ctx >= 1 << 20;
    const int32_t every = heft_cfg_every(c, "index_topk_freq", NULL, later ? 4 : 1),
                  skip = heft_cfg_int(c, "index_skip_topk_offset", NULL, later ? 3 : 2);
    const heft_value *pattern = heft_cfg_find(c, "index_topk_pattern", NULL);
    bool own = i < skip || ((int64_t)i - skip + 1) % every == 0;
    if (gguf) return heft_cfg_int_at(c, NULL, "attention.indexer.types", i, own) != 0;
    const bool listed = heft_cfg_has(c, "indexer_types", NULL);
    if (!listed && pattern && pattern->kind == HEFT_V_STRING)
        own = by_letter(c, pattern->str, i);
    else if (!listed)
        own = heft_cfg_which(c, "index_topk_pattern", i, words, own);
    return heft_cfg_which(c, "indexer_types", i, words, own);
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    static const heft_latent_absent absent = {
        .q_rank = 2048,
        .nope = 192,
        .dv = 256,
        .experts = 256,
        .top = 8,
        .groups = 1,
        .keep = 1,
        .F_expert = 2048,
        .dense = 3,
        .factor = 2.5f,
        .index_heads = 32,
        .index_pairs = true,
    };
    heft_cfg_deepseek(c, s, &absent);
    heft_cfg_index(c, s, &absent);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_index *x = &s->layer[i].attn.index;
        if (!has_index(c, s, i)) *x = (heft_index){ .top = x->top, .every = 1, .rope = -1 };
    }
}

static const char *const types[] = { "glm_moe_dsa", NULL };
static const char *const archs[] = { "glm-dsa", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama,
                                             heft_names_latent,
                                             heft_names_experts,
                                             heft_names_shared_experts,
                                             heft_names_correction,
                                             heft_names_index,
                                             NULL };
static const char *const harmless[] = { "ep_size", "output_router_logits", "qk_head_dim", NULL };
static const heft_must_be must_be[] = {
    { "attention_bias", "false" },     { "mlp_bias", "false" },           { "moe_layer_freq", "1" },
    { "scoring_func", "\"sigmoid\"" }, { "topk_method", "\"noaux_tc\"" }, { NULL, NULL },
};
extern const heft_family heft_family_glm_moe_dsa;
const heft_family heft_family_glm_moe_dsa = {
    .name = "glm_moe_dsa",
    .source = "arXiv:2602.15763",
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

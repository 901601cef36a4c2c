/* Mixtral 8x7B and 8x22B: mistral with eight experts on every layer, two for each token. A GGUF
 * file of one says that it is a llama; the number of experts tells. Source: arXiv:2401.04088,
 * section 2. */
#include "model/run.h"

static bool claims(struct heft_cfg *c)
{
    return !heft_cfg_is_gguf(c) || heft_cfg_int(c, NULL, "expert_count", 0) > 0;
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    heft_router r =
        heft_cfg_router(c, HEFT_BY_SOFTMAX, "num_local_experts", 8, "num_experts_per_tok", 2);
    r.normalise = true;
    int32_t window = heft_cfg_int(c, "sliding_window", NULL, 0);
    int32_t rope = heft_cfg_rope(c, s, NULL, 1000000, s->layer ? s->layer[0].attn.dk : 2);
    s->rope[rope].r.pairs = heft_cfg_is_gguf(c); /* its rows of q and k are permuted to pairs */
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        l->attn.rope = rope;
        l->attn.window = window;
        heft_cfg_mixture(l, &r, l->F, 0);
    }
}

static const char *const types[] = { "mixtral", NULL };
static const char *const archs[] = { "llama", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts,
                                             heft_names_mixtral, NULL };
static const char *const harmless[] = {
    "output_router_logits",
    "router_aux_loss_coef",
    "router_jitter_noise",
    NULL,
};
extern const heft_family heft_family_mixtral;
const heft_family heft_family_mixtral = {
    .name = "mixtral",
    .source = "arXiv:2401.04088",
    .model_type = types,
    .gguf_arch = archs,
    .claims = claims,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .context = 131072,
    .kv_heads = 8,
    .eps = 1e-5f,
    .configure = configure,
};

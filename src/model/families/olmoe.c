/* OLMoE: norms over all of a row's queries and of its keys, 64 experts on every layer whose weights
 * keep their probabilities.
 * Source: arXiv:2409.02060, section 2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define NORM(slot, axis, hf, gguf) { offsetof(heft_layer, slot), HEFT_SLOT_NORM, axis, HEFT_AXIS_ONE, HEFT_ALWAYS, \
    0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = {
    NORM(q_norm, HEFT_AXIS_Q, "self_attn.q_norm", "attn_q_norm"),
    NORM(k_norm, HEFT_AXIS_K, "self_attn.k_norm", "attn_k_norm"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->mlp_bias = HEFT_NO;
    if (!heft_cfg_is_gguf(c))
        s->qkv_bias = heft_cfg_bool(c, "attention_bias", NULL, false) ? HEFT_YES : HEFT_NO;
    s->o_bias = s->qkv_bias;
    heft_router r =
        heft_cfg_router(c, HEFT_BY_SOFTMAX, "num_experts", 64, "num_experts_per_tok", 8);
    r.normalise = heft_cfg_bool(c, "norm_topk_prob", NULL, false);
    float clip = heft_cfg_real(c, "clip_qkv", NULL, 0);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        l->attn.rope = rope;
        l->attn.qk_norm = HEFT_QKN_ROW;
        l->attn.clip = clip;
        heft_cfg_mixture(l, &r, l->F, 0);
    }
}

static const char *const types[] = { "olmoe", NULL };
static const char *const archs[] = { "olmoe", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_experts, own, NULL };
static const char *const harmless[] = {
    "output_router_logits",
    "router_aux_loss_coef",
    NULL,
};
extern const heft_family heft_family_olmoe;
const heft_family heft_family_olmoe = {
    .name = "olmoe",
    .source = "arXiv:2409.02060",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .context = 4096,
    .eps = 1e-5f,
    .configure = configure,
};

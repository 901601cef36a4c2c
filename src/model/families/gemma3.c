/* Gemma 3, its text part: norms before and after both blocks and of every head, five sliding layers
 * to a full one, a rotary table for either kind.
 * Source: arXiv:2503.19786, section 2. */
#include "model/run.h"

#include <math.h>
#include <stddef.h>

/* clang-format off */
#define NORM(slot, hf, gguf) { offsetof(heft_layer, slot), HEFT_SLOT_NORM, HEFT_AXIS_HEAD, HEFT_AXIS_ONE, HEFT_ALWAYS, \
    HEFT_ADD_ONE, HEFT_AS_IS, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = { /* beside heft_names_llama and heft_names_add_one */
    NORM(q_norm, "self_attn.q_norm", "attn_q_norm"),
    NORM(k_norm, "self_attn.k_norm", "attn_k_norm"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    static const char attn[] = "attn_logit_softcapping", last[] = "final_logit_softcapping";
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    s->embed_scale = sqrtf((float)s->D);
    s->logit_cap = heft_cfg_real(c, last, last, 0);
    float cap = heft_cfg_real(c, attn, attn, 0);
    int32_t window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 4096);
    int32_t every = heft_cfg_every(c, "sliding_window_pattern|_sliding_window_pattern", NULL, 6);
    heft_act_kind act = heft_cfg_act(c, "hidden_activation", HEFT_ACT_GELU_TANH);
    float scalar = heft_cfg_real(c, "query_pre_attn_scalar", NULL, 256);
    int32_t dk = s->layer ? s->layer[0].attn.dk : 2;
    if (heft_cfg_is_gguf(c) && s->layer) /* which does not say it: the 27B has 62 layers */
        scalar = (float)(s->L == 62 ? s->D / s->layer[0].attn.H : dk);
    int32_t far = heft_cfg_rope(c, s, "full_attention", 1e6, dk);
    int32_t near = heft_cfg_rope_unscaled(c, s, "sliding_attention", "rope_local_base_freq",
                                          "rope.freq_base_swa", 1e4, dk);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        bool full = heft_cfg_full(c, i, (i + 1) % every == 0);
        l->attn.window = full ? 0 : window;
        l->attn.rope = full ? far : near;
        l->attn.scale = 1 / sqrtf(scalar);
        l->attn.softcap = cap;
        l->attn.qk_norm = HEFT_QKN_HEAD;
        l->act.fn = act;
    }
}

static const char *const types[] = { "gemma3_text", "gemma3", NULL };
static const char *const archs[] = { "gemma3", NULL };
static const heft_weight *const globals[] = { heft_names_globals, heft_names_globals_add_one,
                                              NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_add_one, own, NULL };
static const char *const towers[] = { "vision_tower.", "multi_modal_projector.",
                                      "model.vision_tower.", "model.multi_modal_projector.", NULL };
static const char *const harmless[] = {
    "boi_token_index",   "cache_implementation", "eoi_token_index", "hidden_act",
    "image_token_index", "mm_tokens_per_image",  "vision_config",   NULL,
};
static const heft_must_be must_be[] = { { "attention_bias", "false" },
                                        { "use_bidirectional_attention", "false" },
                                        { NULL, NULL } };
extern const heft_family heft_family_gemma3;
const heft_family heft_family_gemma3 = {
    .name = "gemma3",
    .source = "arXiv:2503.19786",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .not_run = towers,
    .context = 131072,
    .heads = 8,
    .kv_heads = 4,
    .head_width = 256,
    .vocab = 262208,
    .tied = true,
    .configure = configure,
};

/* Gemma 4's text part: wide heads on full layers, keys that are shared or values too, normed
 * values, an input of its own for every layer, experts beside the feed-forward block. Source: the
 * Gemma 4 model card. */
#include "model/run.h"

#include <math.h>
#include <stddef.h>

/* clang-format off */
#define G(slot) offsetof(heft_globals, slot)
#define L(slot) offsetof(heft_layer, slot)
#define NAME(hf, gguf) "layers.{}." hf ".weight", "blk.{}." gguf ".weight"
static const heft_weight own_globals[] = { /* beside heft_names_globals */
    { G(own_embed), HEFT_SLOT_MAT,  HEFT_AXIS_V,    HEFT_AXIS_OWNS, HEFT_IF_OWN, 0, 0, "embed_tokens_per_layer.weight",     "per_layer_token_embd.weight" },
    { G(own_model), HEFT_SLOT_LIN,  HEFT_AXIS_OWNS, HEFT_AXIS_D,    HEFT_IF_OWN, 0, 0, "per_layer_model_projection.weight", "per_layer_model_proj.weight" },
    { G(own_norm),  HEFT_SLOT_NORM, HEFT_AXIS_OWN,  HEFT_AXIS_ONE,  HEFT_IF_OWN, 0, 0, "per_layer_projection_norm.weight",  "per_layer_proj_norm.weight" },
    { 0 },
};
static const heft_weight own[] = { /* beside heft_names_llama */
    { L(n2),       HEFT_SLOT_NORM, HEFT_AXIS_D,    HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, NAME("post_attention_layernorm", "post_attention_norm") },
    { L(n3),       HEFT_SLOT_NORM, HEFT_AXIS_D,    HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, NAME("pre_feedforward_layernorm", "ffn_norm") },
    { L(n4),       HEFT_SLOT_NORM, HEFT_AXIS_D,    HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, NAME("post_feedforward_layernorm", "post_ffw_norm") },
    { L(q_norm),   HEFT_SLOT_NORM, HEFT_AXIS_HEAD, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, NAME("self_attn.q_norm", "attn_q_norm") },
    { L(k_norm),   HEFT_SLOT_NORM, HEFT_AXIS_HEAD, HEFT_AXIS_ONE, HEFT_OWN_K,  0, 0, NAME("self_attn.k_norm", "attn_k_norm") },
    { L(k),        HEFT_SLOT_LIN,  HEFT_AXIS_K,    HEFT_AXIS_D,   HEFT_OWN_K,  0, 0, NAME("self_attn.k_proj", "attn_k") },
    { L(v),        HEFT_SLOT_LIN,  HEFT_AXIS_VAL,  HEFT_AXIS_D,   HEFT_OWN_V,  0, 0, NAME("self_attn.v_proj", "attn_v") },
    { L(own_gate), HEFT_SLOT_LIN,  HEFT_AXIS_OWN,  HEFT_AXIS_D,   HEFT_IF_OWN, 0, 0, NAME("per_layer_input_gate", "inp_gate") },
    { L(own_out),  HEFT_SLOT_LIN,  HEFT_AXIS_D,    HEFT_AXIS_OWN, HEFT_IF_OWN, 0, 0, NAME("per_layer_projection", "proj") },
    { L(own_norm), HEFT_SLOT_NORM, HEFT_AXIS_D,    HEFT_AXIS_ONE, HEFT_IF_OWN, 0, 0, NAME("post_per_layer_input_norm", "post_norm") },
    { L(scale), HEFT_SLOT_NUMBER, HEFT_AXIS_ONE, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "layers.{}.layer_scalar", "blk.{}.layer_output_scale.weight" },
    { 0 },
};
/* clang-format on */

/* The last of the layers before `first_shared` that is of layer i's kind. */
static int32_t keys_of(const heft_spec *s, int32_t i, int32_t first_shared)
{
    int32_t from = i < first_shared ? i : first_shared - 1;
    while (from > 0 && (s->layer[from].attn.window > 0) != (s->layer[i].attn.window > 0))
        from--;
    return from < 0 ? 0 : from;
}

/* Experts beside the block of every layer. */
static void mix(struct heft_cfg *c, heft_spec *s)
{
    if (heft_cfg_is_gguf(c) ? heft_cfg_int(c, NULL, "expert_count", 0) == 0
                            : !heft_cfg_bool(c, "enable_moe_block", NULL, false))
        return;
    heft_router r = heft_cfg_router(c, HEFT_BY_SOFTMAX, "num_experts", HEFT_REQUIRED,
                                    "top_k_experts", HEFT_REQUIRED);
    r.normalise = true;
    int32_t F =
        heft_cfg_int(c, "moe_intermediate_size", "expert_feed_forward_length", HEFT_REQUIRED);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_cfg_mixture(&s->layer[i], &r, F, s->layer[i].F);
        s->layer[i].expert_act.up.at = F;
    }
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    const bool gguf = heft_cfg_is_gguf(c);
    if (!gguf && !heft_cfg_has(c, "rope_parameters", NULL))
        heft_cfg_refuse(c, HEFT_E_FORMAT, "rope_parameters is missing, expected an object");
    heft_cfg_llama(c, s);
    s->own = heft_cfg_int_or_null(c, "hidden_size_per_layer_input",
                                  "embedding_length_per_layer_input", gguf ? 0 : 256, 0);
    s->embed_scale = sqrtf((float)s->D);
    s->logit_cap = heft_cfg_real(c, "final_logit_softcapping", "final_logit_softcapping", 0);
    int32_t window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 512);
    int32_t shared = heft_cfg_int(c, "num_kv_shared_layers", "attention.shared_kv_layers", 0);
    int32_t dk = s->layer ? s->layer[0].attn.dk : 2;
    int32_t near_dk = heft_cfg_int(c, NULL, "attention.key_length_swa", dk);
    int32_t far_dk = heft_cfg_int(c, "global_head_dim", NULL, gguf ? dk : 512);
    bool keys = gguf ? !heft_cfg_full_has(c, s, "attn_v")
                     : heft_cfg_bool(c, "attention_k_eq_v", NULL, false);
    int32_t few = heft_cfg_int(c, "num_global_key_value_heads", NULL, 0);
    int32_t times = heft_cfg_bool(c, "use_double_wide_mlp", NULL, false) ? 2 : 1;
    int32_t far = heft_cfg_rope(c, s, "full_attention", 1e6, far_dk);
    int32_t near =
        heft_cfg_rope_unscaled(c, s, "sliding_attention", NULL, "rope.freq_base_swa", 1e4, near_dk);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        heft_attn *a = &l->attn;
        bool full = heft_cfg_full(c, i, (i + 1) % 6 == 0) || i + 1 == s->L;
        a->window = full ? 0 : window;
        a->rope = full ? far : near;
        a->dk = a->dv = full ? far_dk : near_dk;
        if (full && keys && few) a->G = few;
        a->kv_from = keys_of(s, i, s->L - shared);
        a->v_from_k = full && keys;
        a->v_norm = a->kv_from == i;
        a->qk_norm = HEFT_QKN_HEAD;
        a->scale = 1;
        a->q = (heft_heads){ 0, a->H, 0, a->dk };
        a->k = a->v = (heft_heads){ 0, a->G, 0, a->dk };
        if (a->kv_from != i && l->F <= HEFT_MAX_WIDTH) l->F *= times;
    }
    mix(c, s);
}

/* clang-format off */
static const char *const types[] = { "gemma4_text", "gemma4", NULL }, *const archs[] = { "gemma4", NULL };
static const heft_weight *const globals[] = { heft_names_globals, own_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_beside, own, NULL };
static const char *const not_run[] = { "model.vision_tower.", "model.audio_tower.", "model.embed_vision.", "model.embed_audio.", NULL };
static const char *const harmless[] = {
    "attention.value_length_swa", "audio_config", "audio_token_id", "boa_token_id", "boi_token_id", "eoa_token_id", "eoi_token_id", "image_token_id",
    "moe_intermediate_size", "num_experts", "top_k_experts", "video_token_id", "vision_config", "vision_soft_tokens_per_image", "vocab_size_per_layer_input", "per_layer_config" /* as other keys */, NULL,
};
static const heft_must_be must_be[] = { { "attention_bias", "false" }, { "use_bidirectional_attention", "\"vision\"" }, { NULL, NULL } };
extern const heft_family heft_family_gemma4;
const heft_family heft_family_gemma4 = {
    .name = "gemma4", .source = "the Gemma 4 model card", .model_type = types, .gguf_arch = archs,
    .globals = globals, .layers = layers, .harmless = harmless, .must_be = must_be, .not_run = not_run,
    .keys = { .act = "hidden_activation" }, .act = HEFT_ACT_GELU_TANH, .context = 131072, .heads = 8,
    .kv_heads = 4, .head_width = 256, .vocab = 262144, .tied = true, .configure = configure,
};
/* clang-format on */

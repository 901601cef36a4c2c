/* Phi-1, 1.5 and 2: both blocks read one norm, a part of each head rotates, the head has a bias.
 * Source: arXiv:2309.05463, section 2.1. */
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "embed_tokens", "token_embd"),
    HEFT_GLOBAL_NORM(out_norm, "final_layernorm", "output_norm"),
    HEFT_HEAD_ROW("^lm_head"),
    { offsetof(heft_globals, head), HEFT_SLOT_BIAS, HEFT_AXIS_V, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "^lm_head.bias", "output.bias" },
    { 0 },
};
#define HF "layers.{}."
#define GGUF "blk.{}."
static const heft_weight own_layers[] = {
    HEFT_LAYER_NORM(n1, HEFT_AXIS_D, HEFT_ALWAYS, HF "input_layernorm", GGUF "attn_norm"),
    HEFT_LINEAR(q, HEFT_AXIS_Q,   HEFT_AXIS_D, HEFT_ALWAYS, HF "self_attn.q_proj", GGUF "attn_q"),
    HEFT_LINEAR(k, HEFT_AXIS_K,   HEFT_AXIS_D, HEFT_ALWAYS, HF "self_attn.k_proj", GGUF "attn_k"),
    HEFT_LINEAR(v, HEFT_AXIS_VAL, HEFT_AXIS_D, HEFT_ALWAYS, HF "self_attn.v_proj", GGUF "attn_v"),
    HEFT_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_ALWAYS, HF "self_attn.dense", GGUF "attn_output"),
    HEFT_LAYER_NORM(q_norm, HEFT_AXIS_HEAD, HEFT_IF_QK_NORM, HF "self_attn.q_layernorm", GGUF "attn_q_norm"),
    HEFT_LAYER_NORM(k_norm, HEFT_AXIS_HEAD, HEFT_IF_QK_NORM, HF "self_attn.k_layernorm", GGUF "attn_k_norm"),
    HEFT_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_ALWAYS, HF "mlp.fc1", GGUF "ffn_up"),
    HEFT_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_ALWAYS, HF "mlp.fc2", GGUF "ffn_down"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    s->wire = HEFT_WIRE_PARALLEL;
    bool normed = heft_cfg_bool(c, "qk_layernorm", NULL, false);
    int32_t width = heft_cfg_rotated(c, s, "partial_rotary_factor", 0.5);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, width);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.qk_norm = normed ? HEFT_QKN_HEAD : HEFT_QKN_NONE;
    }
}

static const char *const types[] = { "phi", NULL };
static const char *const archs[] = { "phi2", NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
extern const heft_family heft_family_phi;
const heft_family heft_family_phi = {
    .name = "phi",
    .source = "arXiv:2309.05463",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .context = 2048,
    .eps = 1e-5f,
    .act = HEFT_ACT_GELU_TANH,
    .keys = { .eps = "layer_norm_eps" },
    .configure = configure,
};

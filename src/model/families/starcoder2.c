/* StarCoder 2: biases everywhere, a window on every layer. A GGUF file has no window.
 * Source: arXiv:2402.19173, section 5.1. */
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "embed_tokens", "token_embd"),
    HEFT_GLOBAL_NORM(out_norm, "norm", "output_norm"),
    HEFT_HEAD_ROW("^lm_head"),
    { 0 },
};
#define HF "layers.{}."
#define GGUF "blk.{}."
static const heft_weight own_layers[] = {
    HEFT_LAYER_NORM(n1, HEFT_AXIS_D, HEFT_ALWAYS, HF "input_layernorm", GGUF "attn_norm"),
    HEFT_LINEAR(q, HEFT_AXIS_Q,   HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "self_attn.q_proj", GGUF "attn_q"),
    HEFT_LINEAR(k, HEFT_AXIS_K,   HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "self_attn.k_proj", GGUF "attn_k"),
    HEFT_LINEAR(v, HEFT_AXIS_VAL, HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "self_attn.v_proj", GGUF "attn_v"),
    HEFT_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_IF_O_BIAS, HF "self_attn.o_proj", GGUF "attn_output"),
    HEFT_LAYER_NORM(n3, HEFT_AXIS_D, HEFT_ALWAYS, HF "post_attention_layernorm", GGUF "ffn_norm"),
    HEFT_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_MLP_BIAS, HF "mlp.c_fc", GGUF "ffn_up"),
    HEFT_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_MLP_BIAS, HF "mlp.c_proj", GGUF "ffn_down"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    bool biased = heft_cfg_bool(c, "use_bias", NULL, true);
    s->qkv_bias = s->o_bias = s->mlp_bias = biased ? HEFT_YES : HEFT_NO;
    int32_t window = heft_cfg_int_or_null(c, "sliding_window", NULL, 0, 0);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.window = window;
    }
}

static const char *const types[] = { "starcoder2", NULL };
static const char *const archs[] = { "starcoder2", NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const char *const harmless[] = {
    "activation_function", /* the reference reads hidden_act */
    "attention_softmax_in_fp32", "embedding_dropout",
    "layer_norm_epsilon", /* the reference reads norm_epsilon */
    "residual_dropout",          "scale_attention_softmax_in_fp32",
    "scale_attn_weights",        NULL
};
static const heft_must_be must_be[] = { { "mlp_type", "\"default\"" },
                                        { "norm_type", "\"layer_norm\"" },
                                        { NULL, NULL } };
extern const heft_family heft_family_starcoder2;
const heft_family heft_family_starcoder2 = {
    .name = "starcoder2",
    .source = "arXiv:2402.19173",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 4096,
    .kv_heads = 2,
    .eps = 1e-5f,
    .tied = true,
    .act = HEFT_ACT_GELU_TANH,
    .keys = { .eps = "norm_epsilon" },
    .configure = configure,
};

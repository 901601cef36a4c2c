/* BLOOM: no positions but ALiBi, a norm on the embedding. A release has the rows of q, k and v by
 * head, a GGUF file one after the other.
 * Source: arXiv:2211.05100, section 3.2. */
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "word_embeddings", "token_embd"),
    HEFT_GLOBAL_NORM(embed_norm, "word_embeddings_layernorm", "token_embd_norm"),
    HEFT_GLOBAL_NORM(out_norm, "ln_f", "output_norm"),
    HEFT_HEAD_ROW("^lm_head"),
    { 0 },
};
#define HF "h.{}."
#define GGUF "blk.{}."
static const heft_weight own_layers[] = {
    HEFT_LAYER_NORM(n1, HEFT_AXIS_D, HEFT_ALWAYS, HF "input_layernorm", GGUF "attn_norm"),
    HEFT_LINEAR(q, HEFT_AXIS_QKV, HEFT_AXIS_D, HEFT_ALWAYS, HF "self_attention.query_key_value", GGUF "attn_qkv"),
    HEFT_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_ALWAYS, HF "self_attention.dense", GGUF "attn_output"),
    HEFT_LAYER_NORM(n3, HEFT_AXIS_D, HEFT_ALWAYS, HF "post_attention_layernorm", GGUF "ffn_norm"),
    HEFT_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_ALWAYS, HF "mlp.dense_h_to_4h", GGUF "ffn_up"),
    HEFT_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_ALWAYS, HF "mlp.dense_4h_to_h", GGUF "ffn_down"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        a->G = a->H;
        a->alibi = 8;
        if (heft_cfg_is_gguf(c))
            heft_heads_joined(a);
        else
            heft_heads_grouped(a);
    }
}

static const char *const types[] = { "bloom", NULL };
static const char *const archs[] = { "bloom", NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const char *const harmless[] = { "attention_softmax_in_fp32",
                                        "bias_dropout_fusion",
                                        "masked_softmax_fusion",
                                        "offset_alibi",
                                        "seq_length_trained",
                                        "skip_bias_add",
                                        "skip_bias_add_qkv",
                                        "slow_but_exact",
                                        NULL };
static const heft_must_be must_be[] = { { "apply_residual_connection_post_layernorm", "false" },
                                        { NULL, NULL } };
extern const heft_family heft_family_bloom;
const heft_family heft_family_bloom = {
    .name = "bloom",
    .source = "arXiv:2211.05100",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 2048,
    .widen = 4,
    .eps = 1e-5f,
    .tied = true,
    .act = HEFT_ACT_GELU_TANH,
    .keys = { .layers = "n_layer|num_hidden_layers",
              .width = "n_embed|hidden_size",
              .heads = "n_head|num_attention_heads",
              .context = "seq_length",
              .eps = "layer_norm_epsilon" },
    .configure = configure,
};

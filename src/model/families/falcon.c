/* Falcon: RW (ALiBi, one block after the other), 7B (one key head; both blocks read one norm), 40B
 * and 180B (rows of q, k and v by group; a norm for each block), Falcon 2 11B (by group, one norm).
 * A GGUF file has all queries, keys and values one after the other, and is of one of the last
 * three. Source: arXiv:2311.16867, section 4. */
#include "model/cfg.h"
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "word_embeddings", "token_embd"),
    HEFT_GLOBAL_NORM(out_norm, "ln_f", "output_norm"),
    HEFT_HEAD_ROW("^lm_head"),
    { 0 },
};
#define HF "h.{}."
#define GGUF "blk.{}."
static const heft_weight own_layers[] = {
    HEFT_LAYER_NORM(n1, HEFT_AXIS_D, HEFT_IF_TWO_NORMS, HF "ln_attn",         GGUF "attn_norm_2"),
    HEFT_LAYER_NORM(n1, HEFT_AXIS_D, HEFT_IF_ONE_NORM,  HF "input_layernorm", GGUF "attn_norm"),
    HEFT_LINEAR(q, HEFT_AXIS_QKV, HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "self_attention.query_key_value", GGUF "attn_qkv"),
    HEFT_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_IF_QKV_BIAS, HF "self_attention.dense", GGUF "attn_output"),
    HEFT_LAYER_NORM(n3, HEFT_AXIS_D, HEFT_IF_TWO_NORMS, HF "ln_mlp", GGUF "attn_norm"),
    HEFT_HF_LAYER_NORM(n3, HEFT_IF_SERIAL, HF "post_attention_layernorm"),
    HEFT_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "mlp.dense_h_to_4h", GGUF "ffn_up"),
    HEFT_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_QKV_BIAS, HF "mlp.dense_4h_to_h", GGUF "ffn_down"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    const bool gguf = heft_cfg_is_gguf(c), bias = heft_cfg_bool(c, "bias", NULL, false);
    bool grouped = heft_cfg_bool(c, "new_decoder_architecture", NULL, false);
    bool one_key = heft_cfg_bool(c, "multi_query", NULL, true) && !grouped && !gguf;
    bool parallel = heft_cfg_bool(c, "parallel_attn", NULL, true);
    bool alibi = heft_cfg_bool(c, "alibi", NULL, false);
    int32_t norms = heft_cfg_int(c, "num_ln_in_parallel_attn", NULL, grouped ? 2 : 1);
    heft_str layout = heft_cfg_str(c, NULL, "tensor_data_layout", "jploski");
    if (!heft_str_is(layout, "jploski"))
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "tensor_data_layout is \"%s\"; heft runs falcon with \"jploski\" only",
                        heft_show(layout).text);
    if (grouped && (alibi || !parallel))
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "new_decoder_architecture is true; heft runs that without alibi and with "
                        "parallel_attn only");
    if (gguf)
        norms = heft_cfg_has_either(c, "blk.0.attn_norm_2.weight", "blk.0.attn_norm_2.bias") + 1;
    s->wire = parallel ? HEFT_WIRE_PARALLEL : HEFT_WIRE_SERIAL;
    s->two_norms = parallel && norms == 2;
    s->qkv_bias = bias ? HEFT_YES : HEFT_NO;
    int32_t rope =
        alibi ? -1 : heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        a->G = one_key ? 1 : grouped || gguf ? a->G : a->H;
        a->rope = rope;
        a->alibi = alibi ? 8 : 0;
        a->alibi_scale = alibi ? a->scale : 1;
        if (gguf)
            heft_heads_joined(a);
        else
            heft_heads_grouped(a);
    }
}

static const char *const types[] = { "falcon", "RefinedWeb", "RefinedWebModel", NULL };
static const char *const archs[] = { "falcon", NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const heft_must_be must_be[] = { { "apply_residual_connection_post_layernorm", "false" },
                                        { NULL, NULL } };
extern const heft_family heft_family_falcon;
const heft_family heft_family_falcon = {
    .name = "falcon",
    .source = "arXiv:2311.16867",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .must_be = must_be,
    .context = 2048,
    .widen = 4,
    .eps = 1e-5f,
    .tied = true,
    .act = HEFT_ACT_GELU_ERF,
    .keys = { .layers = "num_hidden_layers|n_layer",
              .width = "hidden_size|n_embed",
              .heads = "num_attention_heads|n_head",
              .kv_heads = "num_kv_heads|n_head_kv",
              .ff = "ffn_hidden_size",
              .eps = "layer_norm_epsilon",
              .act = "activation" },
    .configure = configure,
};

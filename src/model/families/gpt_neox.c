/* GPT-NeoX, Pythia, RedPajama: both blocks read the stream, each through a norm of its own; a part
 * of each head rotates. A release has the rows of q, k and v by head, a GGUF file one after the
 * other.
 * Source: arXiv:2204.06745, section 2; arXiv:2304.01373, section 2.1. */
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "embed_in", "token_embd"),
    HEFT_GLOBAL_NORM(out_norm, "final_layer_norm", "output_norm"),
    HEFT_HEAD_ROW("^embed_out"),
    { 0 },
};
#define HF "layers.{}."
#define GGUF "blk.{}."
static const heft_weight own_layers[] = {
    HEFT_LAYER_NORM(n1, HEFT_AXIS_D, HEFT_ALWAYS, HF "input_layernorm", GGUF "attn_norm"),
    HEFT_LINEAR(q, HEFT_AXIS_QKV, HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "attention.query_key_value", GGUF "attn_qkv"),
    HEFT_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_IF_O_BIAS, HF "attention.dense", GGUF "attn_output"),
    HEFT_LAYER_NORM(n3, HEFT_AXIS_D, HEFT_ALWAYS, HF "post_attention_layernorm", GGUF "ffn_norm"),
    HEFT_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_ALWAYS, HF "mlp.dense_h_to_4h", GGUF "ffn_up"),
    HEFT_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_ALWAYS, HF "mlp.dense_4h_to_h", GGUF "ffn_down"),
    HEFT_BUFFER(HF "attention.bias"), /* the causal mask, and what rope computes anyway */
    HEFT_BUFFER(HF "attention.masked_bias"),
    HEFT_BUFFER(HF "attention.rotary_emb.inv_freq"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    const bool gguf = heft_cfg_is_gguf(c);
    if (heft_cfg_bool(c, "use_parallel_residual", "use_parallel_residual", true))
        s->wire = HEFT_WIRE_PARALLEL;
    s->qkv_bias = s->o_bias = gguf                                             ? HEFT_MAYBE
                              : heft_cfg_bool(c, "attention_bias", NULL, true) ? HEFT_YES
                                                                               : HEFT_NO;
    double theta = (double)heft_cfg_real(c, "rotary_emb_base", NULL, 10000);
    int32_t rope = heft_cfg_rope(c, s, NULL, theta, heft_cfg_rotated(c, s, "rotary_pct", 0.25));
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        a->G = a->H;
        a->rope = rope;
        if (gguf)
            heft_heads_joined(a);
        else
            heft_heads_grouped(a);
    }
}

static const char *const types[] = { "gpt_neox", NULL };
static const char *const archs[] = { "gptneox", NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const char *const harmless[] = { "classifier_dropout", NULL };
extern const heft_family heft_family_gpt_neox;
const heft_family heft_family_gpt_neox = {
    .name = "gpt_neox",
    .source = "arXiv:2204.06745",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .context = 2048,
    .eps = 1e-5f,
    .act = HEFT_ACT_GELU_ERF,
    .keys = { .eps = "layer_norm_eps" },
    .configure = configure,
};

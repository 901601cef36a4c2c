/* MPT: no positions but ALiBi, norms without bias, q, k and v in one matrix and, in some, clipped.
 * Source: MosaicML, "Introducing MPT-7B" and "MPT-30B"; arXiv:2108.12409. */
#include "model/cfg.h"
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "wte", "token_embd"),
    { offsetof(heft_globals, out_norm), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "norm_f.weight", "output_norm.weight" },
    HEFT_HEAD_ROW("^lm_head"),
    { 0 },
};
#define HF "blocks.{}."
#define GGUF "blk.{}."
static const heft_weight own_layers[] = {
    HEFT_NORM_ROW(n1, HEFT_AXIS_D, HEFT_ALWAYS, HF "norm_1", GGUF "attn_norm"),
    HEFT_LINEAR(q, HEFT_AXIS_QKV, HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "attn.Wqkv", GGUF "attn_qkv"),
    HEFT_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_IF_O_BIAS, HF "attn.out_proj", GGUF "attn_output"),
    HEFT_NORM_ROW(n3, HEFT_AXIS_D, HEFT_ALWAYS, HF "norm_2", GGUF "ffn_norm"),
    HEFT_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_MLP_BIAS, HF "ffn.up_proj", GGUF "ffn_up"),
    HEFT_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_MLP_BIAS, HF "ffn.down_proj", GGUF "ffn_down"),
    { 0 },
};
/* clang-format on */

/* What attn_config must say, or nothing: heft runs no other. */
static void refuse_others(struct heft_cfg *c)
{
    heft_str type = heft_cfg_str(c, "attn_type", NULL, "multihead_attention");
    if (!heft_cfg_bool(c, "alibi", NULL, true) || heft_cfg_bool(c, "prefix_lm", NULL, false)
        || heft_cfg_bool(c, "qk_ln", NULL, false)
        || heft_cfg_bool(c, "attn_uses_sequence_id", NULL, false)
        || !heft_str_is(type, "multihead_attention"))
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "attn_config: heft runs mpt with attn_type multihead_attention, alibi true "
                        "and prefix_lm, qk_ln and attn_uses_sequence_id false only");
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    const bool nested = heft_cfg_enter(c, "attn_config");
    if (nested) refuse_others(c);
    /* attn_config is about attention alone: its keys are those of no other object */
    float most = heft_cfg_real(c, nested ? "alibi_bias_max" : NULL, "attention.max_alibi_bias", 8);
    float clip = heft_cfg_real(c, nested ? "clip_qkv" : NULL, "attention.clamp_kqv", 0);
    float scale = heft_cfg_real(c, nested ? "softmax_scale" : NULL, NULL, 0);
    if (nested) heft_cfg_leave(c);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        a->G = a->H;
        a->alibi = most;
        a->clip = clip;
        if (scale > 0) a->scale = scale;
        heft_heads_joined(a);
    }
}

static const char *const types[] = { "mpt", NULL };
static const char *const archs[] = { "mpt", NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const char *const harmless[] = {
    "attn_impl", "emb_pdrop",       "embedding_fraction", "init_config", "init_device",
    "norm_type", "learned_pos_emb", "tokenizer_name",     "verbose",     "fan_mode",
    NULL
};
static const heft_must_be must_be[] = {
    { "expansion_ratio", "4" }, { "logit_scale", "null" }, { "no_bias", "true" }, { NULL, NULL }
};
extern const heft_family heft_family_mpt;
const heft_family heft_family_mpt = {
    .name = "mpt",
    .source = "MosaicML 2023, Introducing MPT-7B",
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
    .act = HEFT_ACT_GELU_ERF,
    .keys = { .layers = "n_layers",
              .width = "d_model",
              .heads = "n_heads",
              .context = "max_seq_len",
              .eps = "layer_norm_epsilon" },
    .configure = configure,
};

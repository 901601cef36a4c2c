/* GPT-Neo 125M to 2.7B: every other layer sees a window, scores are not scaled. There is no GGUF
 * form of it.
 * Source: Black et al., "GPT-Neo: Large Scale Autoregressive Language Modeling with
 * Mesh-Tensorflow". */
#include "model/cfg.h"
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "wte", "token_embd"),
    HEFT_TABLE(pos,   HEFT_AXIS_P, "wpe", "position_embd"),
    HEFT_GLOBAL_NORM(out_norm, "ln_f", "output_norm"),
    HEFT_HEAD_ROW("^lm_head"),
    { 0 },
};
#define HF "h.{}."
static const heft_weight own_layers[] = {
    HEFT_HF_LAYER_NORM(n1, HEFT_ALWAYS, HF "ln_1"),
    HEFT_HF_LINEAR(q, HEFT_AXIS_Q,   HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "attn.attention.q_proj"),
    HEFT_HF_LINEAR(k, HEFT_AXIS_K,   HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "attn.attention.k_proj"),
    HEFT_HF_LINEAR(v, HEFT_AXIS_VAL, HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "attn.attention.v_proj"),
    HEFT_HF_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_ALWAYS,      HF "attn.attention.out_proj"),
    HEFT_HF_LAYER_NORM(n3, HEFT_ALWAYS, HF "ln_2"),
    HEFT_HF_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_ALWAYS, HF "mlp.c_fc"),
    HEFT_HF_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_ALWAYS, HF "mlp.c_proj"),
    HEFT_BUFFER(HF "attn.attention.bias"), /* the causal mask */
    HEFT_BUFFER(HF "attn.attention.masked_bias"),
    { 0 },
};
/* clang-format on */

/* "global" or "local": attention_layers lists the layers; attention_types has patterns, and how
 * often each is repeated. */
static const heft_value *kind_of(struct heft_cfg *c, int64_t i)
{
    const heft_value *list = heft_cfg_find(c, "attention_layers", NULL);
    const heft_value *types = heft_cfg_find(c, "attention_types", NULL);
    if (list && list->kind == HEFT_V_ARRAY) return heft_value_at(list, i);
    if (!types || types->kind != HEFT_V_ARRAY) return NULL;
    for (const heft_value *e = types->child; e && e->kind == HEFT_V_ARRAY; e = e->next) {
        const heft_value *pattern = heft_value_at(e, 0), *times = heft_value_at(e, 1);
        if (!pattern || pattern->kind != HEFT_V_ARRAY || pattern->n < 1 || !times
            || times->kind != HEFT_V_INT || times->n < 0 || times->n > HEFT_MAX_LAYERS)
            return NULL;
        if (i < pattern->n * times->n) return heft_value_at(pattern, i % pattern->n);
        i -= pattern->n * times->n;
    }
    return NULL;
}

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    s->qkv_bias = HEFT_NO;
    int32_t window = heft_cfg_int(c, "window_size", NULL, 256);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        const heft_value *kind = kind_of(c, i);
        const heft_str name = kind && kind->kind == HEFT_V_STRING ? kind->str : heft_str_of("");
        const bool local = heft_str_is(name, "local");
        if (!local && !heft_str_is(name, "global"))
            heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                            "attention_types: layer %d is \"%s\", expected global or local", i,
                            heft_show(name).text);
        s->layer[i].attn.scale = 1;
        s->layer[i].attn.window = local ? window : 0;
    }
}

static const char *const types[] = { "gpt_neo", NULL };
static const char *const archs[] = { NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const char *const harmless[] = {
    "classifier_dropout", "embed_dropout",         "resid_dropout",
    "summary_activation", "summary_first_dropout", "summary_proj_to_labels",
    "summary_type",       "summary_use_proj",      NULL
};
extern const heft_family heft_family_gpt_neo;
const heft_family heft_family_gpt_neo = {
    .name = "gpt_neo",
    .source = "Black et al. 2021, GPT-Neo",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .context = 2048,
    .widen = 4,
    .eps = 1e-5f,
    .tied = true,
    .act = HEFT_ACT_GELU_TANH,
    .keys = { .layers = "num_layers",
              .heads = "num_heads",
              .eps = "layer_norm_epsilon",
              .act = "activation_function" },
    .configure = configure,
};

/* GPT-J 6B: both blocks read one norm, the first numbers of a head rotate in pairs, the head has a
 * bias. There is no GGUF form of it.
 * Source: Wang and Komatsuzaki, "GPT-J-6B: A 6 Billion Parameter Autoregressive Language Model". */
#include "model/rows.h"

/* clang-format off */
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "wte", "token_embd"),
    HEFT_GLOBAL_NORM(out_norm, "ln_f", "output_norm"),
    HEFT_HEAD_ROW("^lm_head"),
    { offsetof(heft_globals, head), HEFT_SLOT_BIAS, HEFT_AXIS_V, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "^lm_head.bias", NULL },
    { 0 },
};
#define HF "h.{}."
static const heft_weight own_layers[] = {
    HEFT_HF_LAYER_NORM(n1, HEFT_ALWAYS, HF "ln_1"),
    HEFT_HF_LINEAR(q, HEFT_AXIS_Q,   HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "attn.q_proj"),
    HEFT_HF_LINEAR(k, HEFT_AXIS_K,   HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "attn.k_proj"),
    HEFT_HF_LINEAR(v, HEFT_AXIS_VAL, HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "attn.v_proj"),
    HEFT_HF_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_IF_QKV_BIAS, HF "attn.out_proj"),
    HEFT_HF_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_ALWAYS, HF "mlp.fc_in"),
    HEFT_HF_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_ALWAYS, HF "mlp.fc_out"),
    HEFT_BUFFER(HF "attn.bias"), /* the causal mask */
    HEFT_BUFFER(HF "attn.masked_bias"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    s->wire = HEFT_WIRE_PARALLEL;
    s->qkv_bias = HEFT_NO;
    /* null is refused: the reference takes the width of all heads for it, which does not run */
    int32_t width = heft_cfg_int_or_null(c, "rotary_dim", NULL, 64, 0);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, width);
    s->rope[rope].r.pairs = true;
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        s->layer[i].attn.G = s->layer[i].attn.H;
        s->layer[i].attn.rope = rope;
    }
}

static const char *const types[] = { "gptj", NULL };
static const char *const archs[] = { NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const char *const harmless[] = { "rotary",
                                        "scale_attn_weights", /* the reference always scales */
                                        "summary_activation",
                                        "summary_first_dropout",
                                        "summary_proj_to_labels",
                                        "summary_type",
                                        "summary_use_proj",
                                        NULL };
extern const heft_family heft_family_gptj;
const heft_family heft_family_gptj = {
    .name = "gptj",
    .source = "Wang and Komatsuzaki 2021, GPT-J-6B",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .context = 2048,
    .widen = 4,
    .eps = 1e-5f,
    .act = HEFT_ACT_GELU_TANH,
    .keys = { .layers = "n_layer",
              .width = "n_embd",
              .heads = "n_head",
              .ff = "n_inner",
              .context = "n_positions",
              .eps = "layer_norm_epsilon",
              .act = "activation_function" },
    .configure = configure,
};

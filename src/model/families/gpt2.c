/* GPT-2 and what was trained in its shape. A release stores its matrices transposed; a GGUF file
 * does not.
 * Source: Radford et al., "Language Models are Unsupervised Multitask Learners", section 2.3. */
#include "model/rows.h"

/* clang-format off */
#define CONV(slot, rows, cols, hf, gguf) \
    { offsetof(heft_layer, slot), HEFT_SLOT_LIN,  rows, cols,          HEFT_ALWAYS, HEFT_BY_COL, 0, "h.{}." hf ".weight", "blk.{}." gguf ".weight" }, \
    { offsetof(heft_layer, slot), HEFT_SLOT_BIAS, rows, HEFT_AXIS_ONE, HEFT_ALWAYS, 0,           0, "h.{}." hf ".bias",   "blk.{}." gguf ".bias" }
static const heft_weight own_globals[] = {
    HEFT_TABLE(embed, HEFT_AXIS_V, "wte", "token_embd"),
    HEFT_TABLE(pos,   HEFT_AXIS_P, "wpe", "position_embd"),
    HEFT_GLOBAL_NORM(out_norm, "ln_f", "output_norm"),
    HEFT_HEAD_ROW("^lm_head"),
    { 0 },
};
static const heft_weight own_layers[] = {
    HEFT_LAYER_NORM(n1, HEFT_AXIS_D, HEFT_ALWAYS, "h.{}.ln_1", "blk.{}.attn_norm"),
    CONV(q, HEFT_AXIS_QKV, HEFT_AXIS_D, "attn.c_attn", "attn_qkv"),
    CONV(o, HEFT_AXIS_D,   HEFT_AXIS_O, "attn.c_proj", "attn_output"),
    HEFT_LAYER_NORM(n3, HEFT_AXIS_D, HEFT_ALWAYS, "h.{}.ln_2", "blk.{}.ffn_norm"),
    CONV(up,   HEFT_AXIS_F, HEFT_AXIS_D, "mlp.c_fc",   "ffn_up"),
    CONV(down, HEFT_AXIS_D, HEFT_AXIS_F, "mlp.c_proj", "ffn_down"),
    HEFT_BUFFER("h.{}.attn.bias"), /* the causal mask */
    HEFT_BUFFER("h.{}.attn.masked_bias"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    bool scaled = heft_cfg_bool(c, "scale_attn_weights", NULL, true);
    bool by_layer = heft_cfg_bool(c, "scale_attn_by_inverse_layer_idx", NULL, false);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        a->G = a->H;
        a->scale = (scaled ? a->scale : 1) / (float)(by_layer ? i + 1 : 1);
        heft_heads_joined(a);
    }
}

static const char *const types[] = { "gpt2", NULL };
static const char *const archs[] = { "gpt2", NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const char *const harmless[] = { "n_ctx", /* what n_positions was called */
                                        "reorder_and_upcast_attn",
                                        "summary_activation",
                                        "summary_first_dropout",
                                        "summary_proj_to_labels",
                                        "summary_type",
                                        "summary_use_proj",
                                        NULL };
static const heft_must_be must_be[] = { { "add_cross_attention", "false" }, { NULL, NULL } };
extern const heft_family heft_family_gpt2;
const heft_family heft_family_gpt2 = {
    .name = "gpt2",
    .source = "Radford et al. 2019, Language Models are Unsupervised Multitask Learners",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 1024,
    .widen = 4,
    .eps = 1e-5f,
    .tied = true,
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

/* OPT 125M to 66B and Galactica. The 350M norms what each block gives, has no last norm, and an
 * embedding of its own width. There is no GGUF form of it.
 * Source: arXiv:2205.01068, section 2.1. */
#include "model/rows.h"

/* clang-format off */
#define PROJECT(slot, rows, cols, hf) \
    { offsetof(heft_globals, slot), HEFT_SLOT_LIN, rows, cols, HEFT_IF_PROJECTED, 0, 0, hf, NULL }
#define LAST_NORM(slot, hf) \
    { offsetof(heft_globals, out_norm), slot, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_IF_OUT_NORM, 0, 0, hf, NULL }
static const heft_weight own_globals[] = {
    { offsetof(heft_globals, embed), HEFT_SLOT_MAT, HEFT_AXIS_V, HEFT_AXIS_DE, HEFT_ALWAYS, 0, 0, "embed_tokens.weight", NULL },
    { offsetof(heft_globals, pos),   HEFT_SLOT_MAT, HEFT_AXIS_P, HEFT_AXIS_D,  HEFT_ALWAYS, 0, 0, "embed_positions.weight", NULL },
    PROJECT(in,  HEFT_AXIS_D,  HEFT_AXIS_DE, "project_in.weight"),
    PROJECT(out, HEFT_AXIS_DE, HEFT_AXIS_D,  "project_out.weight"),
    LAST_NORM(HEFT_SLOT_NORM,      "final_layer_norm.weight"),
    LAST_NORM(HEFT_SLOT_NORM_BIAS, "final_layer_norm.bias"),
    { offsetof(heft_globals, head), HEFT_SLOT_LIN, HEFT_AXIS_V, HEFT_AXIS_DE, HEFT_HEAD, 0, 0, "^lm_head.weight", NULL },
    { 0 },
};
#define HF "layers.{}."
static const heft_weight own_layers[] = {
    HEFT_HF_LAYER_NORM(n1, HEFT_ALWAYS, HF "self_attn_layer_norm"),
    HEFT_HF_LINEAR(q, HEFT_AXIS_Q,   HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "self_attn.q_proj"),
    HEFT_HF_LINEAR(k, HEFT_AXIS_K,   HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "self_attn.k_proj"),
    HEFT_HF_LINEAR(v, HEFT_AXIS_VAL, HEFT_AXIS_D, HEFT_IF_QKV_BIAS, HF "self_attn.v_proj"),
    HEFT_HF_LINEAR(o, HEFT_AXIS_D,   HEFT_AXIS_O, HEFT_IF_O_BIAS,   HF "self_attn.out_proj"),
    HEFT_HF_LAYER_NORM(n3, HEFT_ALWAYS, HF "final_layer_norm"),
    HEFT_HF_LINEAR(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_MLP_BIAS, HF "fc1"),
    HEFT_HF_LINEAR(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_MLP_BIAS, HF "fc2"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_classic(c, s);
    bool before = heft_cfg_bool(c, "do_layer_norm_before", NULL, true);
    bool removed = heft_cfg_bool(c, "_remove_final_layer_norm", NULL, false);
    bool biased = heft_cfg_bool(c, "enable_bias", NULL, true);
    s->wire = before ? HEFT_WIRE_SERIAL : HEFT_WIRE_POST;
    s->out_norm = before && !removed ? HEFT_YES : HEFT_NO;
    s->qkv_bias = s->o_bias = s->mlp_bias = biased ? HEFT_YES : HEFT_NO;
    s->D_embed = heft_cfg_int_or_null(c, "word_embed_proj_dim", NULL, s->D, s->D);
    s->pos_offset = 2;
    for (int32_t i = 0; s->layer && i < s->L; i++)
        s->layer[i].attn.G = s->layer[i].attn.H;
}

static const char *const types[] = { "opt", NULL };
static const char *const archs[] = { NULL };
static const heft_weight *const globals[] = { own_globals, NULL };
static const heft_weight *const layers[] = { own_layers, NULL };
static const char *const harmless[] = { "activation_dropout", "dropout", "init_std", "layerdrop",
                                        NULL };
static const heft_must_be must_be[] = { { "layer_norm_elementwise_affine", "true" },
                                        { NULL, NULL } };
extern const heft_family heft_family_opt;
const heft_family heft_family_opt = {
    .name = "opt",
    .source = "arXiv:2205.01068",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .context = 2048,
    .eps = 1e-5f, /* no config of the family has another */
    .tied = true,
    .act = HEFT_ACT_RELU,
    .keys = { .ff = "ffn_dim", .act = "activation_function" },
    .configure = configure,
};

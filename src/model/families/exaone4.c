/* EXAONE 4: norms of what a block gives, and of every head; where some layers slide, the others do
 * not rotate. Source: arXiv:2507.11407. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define NORM(slot, hf, gguf) \
    { offsetof(heft_layer, slot), HEFT_SLOT_NORM, HEFT_AXIS_HEAD, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }
static const heft_weight own[] = {
    NORM(q_norm, "self_attn.q_norm", "attn_q_norm"),
    NORM(k_norm, "self_attn.k_norm", "attn_k_norm"),
    { 0 },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->qkv_bias = s->o_bias = s->mlp_bias = HEFT_NO;
    int32_t window = heft_cfg_int_or_null(c, "sliding_window", "attention.sliding_window",
                                          heft_cfg_is_gguf(c) ? 0 : 4096, 0);
    /* Beside layer_types releases say it again, in letters. */
    int32_t every = heft_cfg_has(c, "layer_types", NULL)
                        ? 4
                        : heft_cfg_every(c, "sliding_window_pattern", NULL, 4);
    int32_t rope = heft_cfg_rope(c, s, NULL, 10000, s->layer ? s->layer[0].attn.dk : 2);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        bool full = heft_cfg_full(c, i, window == 0 || (i + 1) % every == 0);
        a->window = full ? 0 : window;
        a->rope = window && full ? -1 : rope;
        a->qk_norm = HEFT_QKN_HEAD;
    }
}

static const char *const types[] = { "exaone4", NULL };
static const char *const archs[] = { "exaone4", NULL };
static const heft_weight *const globals[] = { heft_names_globals, NULL };
static const heft_weight *const layers[] = { heft_names_llama, heft_names_outputs, own, NULL };
static const char *const harmless[] = { "sliding_window_pattern", NULL };
extern const heft_family heft_family_exaone4;
const heft_family heft_family_exaone4 = {
    .name = "exaone4",
    .source = "arXiv:2507.11407",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .heads = 32,
    .kv_heads = 32,
    .context = 2048,
    .vocab = 102400,
    .eps = 1e-5f,
    .configure = configure,
};

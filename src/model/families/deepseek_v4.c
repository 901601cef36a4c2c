/* DeepSeek V4, Flash and Pro: several residual streams; a window of tokens and behind it entries of
 * several, on some layers chosen by an index; experts by the roots of softplus with a correction,
 * on the first layers by a table of tokens, and one that all share. Layers that draft are not run.
 * Names are those of the publisher. Source: the report of DeepSeek-V4, section 2. */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define L(slot) offsetof(heft_layer, slot)
#define G(slot) offsetof(heft_globals, slot)
#define ROW(slot, kind, rows, cols, need, hf, gguf) \
    { L(slot), HEFT_SLOT_##kind, HEFT_AXIS_##rows, HEFT_AXIS_##cols, HEFT_##need, 0, 0, "layers.{}." hf, "blk.{}." gguf }
#define ENTRIES(slot, part, width, need, hf, gguf) \
    ROW(slot.kv,   LIN,  part,  D,    need, hf "wkv.weight",   gguf "_kv.weight"), \
    ROW(slot.gate, LIN,  part,  D,    need, hf "wgate.weight", gguf "_gate.weight"), \
    ROW(slot.ape,  VEC,  BLOCK, part, need, hf "ape",          gguf "_ape.weight"), \
    ROW(slot.norm, NORM, width, ONE,  need, hf "norm.weight",  gguf "_norm.weight")

static const heft_weight global[] = {
    { G(embed),    HEFT_SLOT_MAT,  HEFT_AXIS_V, HEFT_AXIS_D,   HEFT_ALWAYS, 0, 0, "embed.weight", "token_embd.weight" },
    { G(out_norm), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "norm.weight",  "output_norm.weight" },
    { G(head),     HEFT_SLOT_LIN,  HEFT_AXIS_V, HEFT_AXIS_D,   HEFT_HEAD,   0, 0, "head.weight",  "output.weight" },
    { 0 },
};
static const heft_weight layer[] = {
    ROW(n1,       NORM,   D,   ONE,    ALWAYS, "attn_norm.weight",   "attn_norm.weight"),
    ROW(q_a,      LIN,    QR,  D,      ALWAYS, "attn.wq_a.weight",   "attn_q_a.weight"),
    ROW(q_latent, NORM,   QR,  ONE,    ALWAYS, "attn.q_norm.weight", "attn_q_a_norm.weight"),
    ROW(q,        LIN,    Q,   QR,     ALWAYS, "attn.wq_b.weight",   "attn_q_b.weight"),
    ROW(k,        LIN,    K,   D,      ALWAYS, "attn.wkv.weight",    "attn_kv.weight"),
    ROW(k_norm,   NORM,   HEAD, ONE,   ALWAYS, "attn.kv_norm.weight", "attn_kv_a_norm.weight"),
    ROW(sinks,    VEC,    H,   ONE,    ALWAYS, "attn.attn_sink",     "attn_sinks.weight"),
    ROW(o_a,      GROUPS, OR,  OGROUP, ALWAYS, "attn.wo_a.weight",   "attn_output_a.weight"),
    ROW(o,        LIN,    D,   ORS,    ALWAYS, "attn.wo_b.weight",   "attn_output_b.weight"),
    ENTRIES(comp,    PART,   HEAD, IF_BLOCKS, "attn.compressor.",         "attn_compressor"),
    ENTRIES(ix_comp, IXPART, IX,   IF_CHOOSES,  "attn.indexer.compressor.", "indexer_compressor"),
    ROW(ix_q,     LIN,    IXQ, QR,     IF_CHOOSES, "attn.indexer.wq_b.weight",         "indexer.attn_q_b.weight"),
    ROW(ix_w,     LIN,    IXH, D,      IF_CHOOSES, "attn.indexer.weights_proj.weight", "indexer.proj.weight"),
    ROW(n3,       NORM,    D,  ONE, ALWAYS,      "ffn_norm.weight",      "ffn_norm.weight"),
    ROW(router,   LIN,     E,  D,   ALWAYS,      "ffn.gate.weight",      "ffn_gate_inp.weight"),
    ROW(choice,   VEC,     E,  ONE, IF_CHOSEN,   "ffn.gate.bias",        "exp_probs_b.bias"),
    ROW(by_token, TABLE,   V,  TOP, IF_BY_TOKEN, "ffn.gate.tid2eid",     "ffn_gate_tid2eid.weight"),
    ROW(e_gate,   EXPERTS, FE, D,   ALWAYS,      "ffn.experts.{e}.w1.weight",    "ffn_gate_exps.weight"),
    ROW(e_up,     EXPERTS, FE, D,   ALWAYS,      "ffn.experts.{e}.w3.weight",    "ffn_up_exps.weight"),
    ROW(e_down,   EXPERTS, D,  FE,  ALWAYS,      "ffn.experts.{e}.w2.weight",    "ffn_down_exps.weight"),
    ROW(gate,     LIN,     F,  D,   IF_SHARED,   "ffn.shared_experts.w1.weight", "ffn_gate_shexp.weight"),
    ROW(up,       LIN,     F,  D,   IF_SHARED,   "ffn.shared_experts.w3.weight", "ffn_up_shexp.weight"),
    ROW(down,     LIN,     D,  F,   IF_SHARED,   "ffn.shared_experts.w2.weight", "ffn_down_shexp.weight"),
    { 0 },
};

static const char *const harmless[] = {
    "dspark_block_size", "dspark_markov_rank", "dspark_noise_token_id", "dspark_target_layer_ids", "expert_dtype",
    "feed_forward_length", "num_nextn_predict_layers", "output_router_logits", "router_aux_loss_coef",
    "router_jitter_noise", NULL,
};
static const heft_must_be must_be[] = {
    { "attention_bias", "false" },   { "hidden_act", "\"silu\"" },            { "mlp_bias", "false" },
    { "norm_topk_prob", "true" },    { "scoring_func", "\"sqrtsoftplus\"" },  { "topk_method", "\"noaux_tc\"" },
    { NULL, NULL },
};
/* clang-format on */

static void configure(struct heft_cfg *c, heft_spec *s)
{
    const bool gguf = heft_cfg_is_gguf(c);
    heft_cfg_llama(c, s);
    s->mlp_bias = HEFT_NO;
    s->drafts = heft_cfg_int(c, NULL, "nextn_predict_layers", 0);
    if (s->drafts > 0 && s->drafts < s->L) s->L -= s->drafts; /* its block_count has them */
    heft_cfg_streams(c, s);
    heft_cfg_compressed(c, s);
    heft_router r = heft_cfg_router(c, HEFT_BY_SQRT_SOFTPLUS, "n_routed_experts", 256,
                                    "num_experts_per_tok", 6);
    r.normalise = heft_cfg_bool(c, NULL, "expert_weights_norm", !gguf);
    r.factor = heft_cfg_real(c, "routed_scaling_factor", "expert_weights_scale", gguf ? 1 : 1.5);
    const int32_t F = heft_cfg_int(c, "moe_intermediate_size", "expert_feed_forward_length", 2048),
                  shared = heft_cfg_int(c, "n_shared_experts", "expert_shared_count", 1),
                  hashed = heft_cfg_int(c, "num_hash_layers", "hash_layer_count", gguf ? 0 : 3);
    if (heft_cfg_int(c, NULL, "expert_gating_func", 4) != 4)
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED, "expert_gating_func is not 4, the root of softplus");
    static const char *const kinds[] = { "moe", "hash_moe", NULL };
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        r.by_token = heft_cfg_which(c, "mlp_layer_types", i, kinds, i < hashed);
        heft_cfg_mixture(l, &r, F, heft_cfg_times(c, F, shared));
        l->expert_act.gate_max = l->expert_act.up_abs =
            heft_cfg_real_at(c, "swiglu_limit", "swiglu_clamp_exp", i, gguf ? 0 : 10);
        l->act.gate_max = l->act.up_abs = heft_cfg_real_at(c, "swiglu_limit", "swiglu_clamp_shexp",
                                                           i, (double)l->expert_act.up_abs);
    }
}

static const char *const types[] = { "deepseek_v4", NULL };
static const char *const archs[] = { "deepseek4", NULL };
static const heft_weight *const globals[] = { global, heft_names_streams_end, NULL };
static const heft_weight *const layers[] = { layer, heft_names_streams, NULL };
static const char *const not_run[] = { "mtp.", NULL };
extern const heft_family heft_family_deepseek_v4;
const heft_family heft_family_deepseek_v4 = {
    .name = "deepseek_v4",
    .source = "DeepSeek-V4: the publisher's report, 2026",
    .model_type = types,
    .gguf_arch = archs,
    .globals = globals,
    .layers = layers,
    .harmless = harmless,
    .must_be = must_be,
    .not_run = not_run,
    .keys = { .ff = "moe_intermediate_size" },
    .kv_heads = 1,
    .head_width = 512,
    .context = 1048576,
    .heads = 64,
    .widen = 1,
    .configure = configure,
};

/* Names of weights that families share. Sources: the transformers library's llama module names;
 * the GGUF specification, "Standardized tensor names". */
#include "model/run.h"

#include <stddef.h>

/* clang-format off */
#define G(slot) offsetof(heft_globals, slot)
#define L(slot) offsetof(heft_layer, slot)

const heft_weight heft_names_globals[] = {
    { G(embed),    HEFT_SLOT_MAT,  HEFT_AXIS_V, HEFT_AXIS_D,   HEFT_ALWAYS, 0, 0, "embed_tokens.weight", "token_embd.weight" },
    { G(out_norm), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "norm.weight",         "output_norm.weight" },
    { G(head),     HEFT_SLOT_LIN,  HEFT_AXIS_V, HEFT_AXIS_D,   HEFT_HEAD,   0, 0, "^lm_head.weight",     "output.weight" },
    { 0 },
};

#define LIN(slot, rows, cols, hf, gguf, bias) \
    { L(slot), HEFT_SLOT_LIN,  rows, cols,          HEFT_ALWAYS, 0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }, \
    { L(slot), HEFT_SLOT_BIAS, rows, HEFT_AXIS_ONE, bias,        0, 0, "layers.{}." hf ".bias",   "blk.{}." gguf ".bias" }
#define NORM(slot, axis, need, hf, gguf) \
    { L(slot), HEFT_SLOT_NORM, axis, HEFT_AXIS_ONE, need, 0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }

const heft_weight heft_names_llama[] = {
    NORM(n1, HEFT_AXIS_D, HEFT_ALWAYS, "input_layernorm", "attn_norm"),
    LIN(q, HEFT_AXIS_Q,   HEFT_AXIS_D, "self_attn.q_proj", "attn_q",      HEFT_IF_QKV_BIAS),
    LIN(k, HEFT_AXIS_K,   HEFT_AXIS_D, "self_attn.k_proj", "attn_k",      HEFT_IF_QKV_BIAS),
    LIN(v, HEFT_AXIS_VAL, HEFT_AXIS_D, "self_attn.v_proj", "attn_v",      HEFT_IF_QKV_BIAS),
    LIN(o, HEFT_AXIS_D,   HEFT_AXIS_O, "self_attn.o_proj", "attn_output", HEFT_IF_O_BIAS),
    NORM(n3, HEFT_AXIS_D, HEFT_ALWAYS, "post_attention_layernorm", "ffn_norm"),
    LIN(gate, HEFT_AXIS_F, HEFT_AXIS_D, "mlp.gate_proj", "ffn_gate", HEFT_IF_MLP_BIAS),
    LIN(up,   HEFT_AXIS_F, HEFT_AXIS_D, "mlp.up_proj",   "ffn_up",   HEFT_IF_MLP_BIAS),
    LIN(down, HEFT_AXIS_D, HEFT_AXIS_F, "mlp.down_proj", "ffn_down", HEFT_IF_MLP_BIAS),
    /* a buffer of old releases: what configure() computes anyway */
    { 0, HEFT_SLOT_NONE, 0, 0, HEFT_IF_THERE, 0, 0, "layers.{}.self_attn.rotary_emb.inv_freq", NULL },
    { 0 },
};

const heft_weight heft_names_gate_up[] = {
    { L(gate), HEFT_SLOT_LIN,  HEFT_AXIS_2F, HEFT_AXIS_D,   HEFT_ALWAYS,      0, 0, "layers.{}.mlp.gate_up_proj.weight", "blk.{}.ffn_up.weight" },
    { .at = L(up), .slot = HEFT_SLOT_LIN },
    { .at = L(gate), .slot = HEFT_SLOT_BIAS },
    { .at = L(up), .slot = HEFT_SLOT_BIAS },
    { 0 },
};

const heft_weight heft_names_outputs[] = {
    { .at = L(n1), .slot = HEFT_SLOT_NORM },
    NORM(n2, HEFT_AXIS_D, HEFT_ALWAYS, "post_attention_layernorm", "post_attention_norm"),
    { .at = L(n3), .slot = HEFT_SLOT_NORM },
    NORM(n4, HEFT_AXIS_D, HEFT_ALWAYS, "post_feedforward_layernorm", "post_ffw_norm"),
    NORM(q_norm, HEFT_AXIS_Q, HEFT_ALWAYS, "self_attn.q_norm", "attn_q_norm"),
    NORM(k_norm, HEFT_AXIS_K, HEFT_ALWAYS, "self_attn.k_norm", "attn_k_norm"),
    { 0 },
};

/* A release of Gemma 1, 2 or 3 stores a norm's weight less 1, a GGUF file the weight itself. */
const heft_weight heft_names_globals_add_one[] = {
    { G(out_norm), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, HEFT_ADD_ONE, HEFT_AS_IS, "norm.weight", "output_norm.weight" },
    { 0 },
};
const heft_weight heft_names_add_one[] = {
    { L(n1), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, HEFT_ADD_ONE, HEFT_AS_IS, "layers.{}.input_layernorm.weight",            "blk.{}.attn_norm.weight" },
    { L(n2), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, HEFT_ADD_ONE, HEFT_AS_IS, "layers.{}.post_attention_layernorm.weight",   "blk.{}.post_attention_norm.weight" },
    { L(n3), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, HEFT_ADD_ONE, HEFT_AS_IS, "layers.{}.pre_feedforward_layernorm.weight",  "blk.{}.ffn_norm.weight" },
    { L(n4), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, HEFT_ADD_ONE, HEFT_AS_IS, "layers.{}.post_feedforward_layernorm.weight", "blk.{}.post_ffw_norm.weight" },
    { 0 },
};

/* A file may have the rows that make keys and values in one matrix, as two of heads, or both ways. */
#define HEADS(slot, kind, rows, cols, need, hf, gguf) \
    { L(slot), HEFT_SLOT_##kind, rows, cols, need, 0, 0, hf, gguf }
const heft_weight heft_names_latent[] = {
    HEADS(q,   LIN, HEFT_AXIS_Q,  HEFT_AXIS_D,  HEFT_IF_FULL_Q, "layers.{}.self_attn.q_proj.weight",   "blk.{}.attn_q.weight"),
    HEADS(q_a, LIN, HEFT_AXIS_QR, HEFT_AXIS_D,  HEFT_IF_LOW_Q,  "layers.{}.self_attn.q_a_proj.weight", "blk.{}.attn_q_a.weight"),
    NORM(q_latent, HEFT_AXIS_QR, HEFT_IF_LOW_Q, "self_attn.q_a_layernorm", "attn_q_a_norm"),
    HEADS(q,   LIN, HEFT_AXIS_Q,  HEFT_AXIS_QR, HEFT_IF_LOW_Q,  "layers.{}.self_attn.q_b_proj.weight", "blk.{}.attn_q_b.weight"),
    HEADS(kv_a, LIN, HEFT_AXIS_KVA, HEFT_AXIS_D, HEFT_ALWAYS, "layers.{}.self_attn.kv_a_proj_with_mqa.weight", "blk.{}.attn_kv_a_mqa.weight"),
    NORM(kv_latent, HEFT_AXIS_KVR, HEFT_ALWAYS, "self_attn.kv_a_layernorm", "attn_kv_a_norm"),
    HEADS(k_up, EACH,  HEFT_AXIS_KVR, HEFT_AXIS_NOPE, HEFT_IF_UP_APART, NULL, "blk.{}.attn_k_b.weight"),
    HEADS(k_up, KV_UP, HEFT_AXIS_UP,  HEFT_AXIS_KVR,  HEFT_ALWAYS, "layers.{}.self_attn.kv_b_proj.weight", "blk.{}.attn_kv_b.weight"),
    HEADS(v_up, EACH,  HEFT_AXIS_DV,  HEFT_AXIS_KVR,  HEFT_ALWAYS, NULL, "blk.{}.attn_v_b.weight"),
    HEADS(n1,   NONE,  0, 0, HEFT_IF_THERE, NULL, "blk.{}.attn_kv_b.weight"),
    { .at = L(k), .slot = HEFT_SLOT_LIN },
    { .at = L(v), .slot = HEFT_SLOT_LIN },
    { .at = L(q), .slot = HEFT_SLOT_BIAS },
    { .at = L(k), .slot = HEFT_SLOT_BIAS },
    { .at = L(v), .slot = HEFT_SLOT_BIAS },
    { 0 },
};

const heft_weight heft_names_index[] = {
    HEADS(ix_q, LIN, HEFT_AXIS_IXQ, HEFT_AXIS_QR, HEFT_IF_INDEX, "layers.{}.self_attn.indexer.wq_b.weight", "blk.{}.indexer.attn_q_b.weight"),
    HEADS(ix_k, LIN, HEFT_AXIS_IX,  HEFT_AXIS_D,  HEFT_IF_INDEX, "layers.{}.self_attn.indexer.wk.weight",   "blk.{}.indexer.attn_k.weight"),
    HEADS(ix_w, LIN, HEFT_AXIS_IXH, HEFT_AXIS_D,  HEFT_IF_INDEX, "layers.{}.self_attn.indexer.weights_proj.weight", "blk.{}.indexer.proj.weight"),
    NORM(ix_norm, HEFT_AXIS_IX, HEFT_IF_INDEX, "self_attn.indexer.k_norm", "indexer.k_norm"),
    HEADS(ix_norm, NORM_BIAS, HEFT_AXIS_IX, HEFT_AXIS_ONE, HEFT_IF_INDEX, "layers.{}.self_attn.indexer.k_norm.bias", "blk.{}.indexer.k_norm.bias"),
    { 0 },
};

#define FFN(slot, rows, cols, need, hf, gguf) \
    { L(slot), HEFT_SLOT_LIN, rows, cols, need, 0, 0, "layers.{}.mlp." hf ".weight", gguf }
#define EXPERTS(slot, rows, cols, hf, gguf) \
    { L(slot), HEFT_SLOT_EXPERTS, rows, cols, HEFT_IF_EXPERTS, 0, 0, "layers.{}." hf ".weight", "blk.{}." gguf ".weight" }

/* The block of a layer without experts, and the expert that all share in one with. */
#define SHARED(hf) \
    FFN(gate, HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_DENSE,  "gate_proj",    "blk.{}.ffn_gate.weight"), \
    FFN(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_DENSE,  "up_proj",      "blk.{}.ffn_up.weight"), \
    FFN(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_DENSE,  "down_proj",    "blk.{}.ffn_down.weight"), \
    FFN(gate, HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_SHARED, hf "gate_proj", "blk.{}.ffn_gate_shexp.weight"), \
    FFN(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_SHARED, hf "up_proj",   "blk.{}.ffn_up_shexp.weight"), \
    FFN(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_SHARED, hf "down_proj", "blk.{}.ffn_down_shexp.weight")
const heft_weight heft_names_shared_expert[] = { SHARED("shared_expert."), { 0 } };
const heft_weight heft_names_shared_experts[] = { SHARED("shared_experts."), { 0 } };

const heft_weight heft_names_experts[] = {
    FFN(gate, HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_DENSE, "gate_proj", "blk.{}.ffn_gate.weight"),
    FFN(up,   HEFT_AXIS_F, HEFT_AXIS_D, HEFT_IF_DENSE, "up_proj",   "blk.{}.ffn_up.weight"),
    FFN(down, HEFT_AXIS_D, HEFT_AXIS_F, HEFT_IF_DENSE, "down_proj", "blk.{}.ffn_down.weight"),
    FFN(router, HEFT_AXIS_E, HEFT_AXIS_D, HEFT_IF_EXPERTS, "gate", "blk.{}.ffn_gate_inp.weight"),
    EXPERTS(e_gate, HEFT_AXIS_FE, HEFT_AXIS_D,  "mlp.experts.{e}.gate_proj", "ffn_gate_exps"),
    EXPERTS(e_up,   HEFT_AXIS_FE, HEFT_AXIS_D,  "mlp.experts.{e}.up_proj",   "ffn_up_exps"),
    EXPERTS(e_down, HEFT_AXIS_D,  HEFT_AXIS_FE, "mlp.experts.{e}.down_proj", "ffn_down_exps"),
    { 0 },
};

const heft_weight heft_names_correction[] = {
    { L(choice), HEFT_SLOT_VEC, HEFT_AXIS_E, HEFT_AXIS_ONE, HEFT_IF_EXPERTS, 0, 0,
      "layers.{}.mlp.gate.e_score_correction_bias", "blk.{}.exp_probs_b.bias" },
    { 0 },
};

#define PAIR(hf, gguf) "layers.{}." hf ".weight", "blk.{}." gguf ".weight"
const heft_weight heft_names_beside[] = {
    { L(router),     HEFT_SLOT_LIN,  HEFT_AXIS_E, HEFT_AXIS_D,   HEFT_IF_EXPERTS, 0, 0, PAIR("router.proj", "ffn_gate_inp") },
    { L(router_in),  HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_IF_EXPERTS, HEFT_OVER_ROOT, HEFT_OVER_ROOT, "layers.{}.router.scale", "blk.{}.ffn_gate_inp.scale" },
    { L(e_scale),    HEFT_SLOT_VEC,  HEFT_AXIS_E, HEFT_AXIS_ONE, HEFT_IF_EXPERTS, 0, 0, "layers.{}.router.per_expert_scale", "blk.{}.ffn_down_exps.scale" },
    { L(e_in),       HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_IF_EXPERTS, 0, 0, PAIR("pre_feedforward_layernorm_2", "pre_ffw_norm_2") },
    { L(e_out),      HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_IF_EXPERTS, 0, 0, PAIR("post_feedforward_layernorm_2", "post_ffw_norm_2") },
    { L(shared_out), HEFT_SLOT_NORM, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_IF_EXPERTS, 0, 0, PAIR("post_feedforward_layernorm_1", "post_ffw_norm_1") },
    { L(e_gate), HEFT_SLOT_EXPERTS, HEFT_AXIS_2FE, HEFT_AXIS_D,  HEFT_IF_EXPERTS, 0, 0, "layers.{}.experts.gate_up_proj", "blk.{}.ffn_gate_up_exps.weight" },
    { L(e_down), HEFT_SLOT_EXPERTS, HEFT_AXIS_D,   HEFT_AXIS_FE, HEFT_IF_EXPERTS, 0, 0, "layers.{}.experts.down_proj",    "blk.{}.ffn_down_exps.weight" },
    { 0 },
};

#define HYPER(i, name) \
    { L(hyper[i].fn),   HEFT_SLOT_LIN, HEFT_AXIS_BLEND, HEFT_AXIS_ALL, HEFT_ALWAYS, 0, 0, "layers.{}.hc_" name "_fn",    "blk.{}.hc_" name "_fn.weight" }, \
    { L(hyper[i].base), HEFT_SLOT_VEC, HEFT_AXIS_BLEND, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "layers.{}.hc_" name "_base",  "blk.{}.hc_" name "_base.weight" }, \
    { L(hyper[i].gain), HEFT_SLOT_VEC, HEFT_AXIS_THREE, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "layers.{}.hc_" name "_scale", "blk.{}.hc_" name "_scale.weight" }
const heft_weight heft_names_streams[] = { HYPER(0, "attn"), HYPER(1, "ffn"), { 0 } };
const heft_weight heft_names_streams_end[] = {
    { G(hyper.fn),   HEFT_SLOT_LIN, HEFT_AXIS_STREAMS, HEFT_AXIS_ALL, HEFT_ALWAYS, 0, 0, "hc_head_fn",    "output_hc_fn.weight" },
    { G(hyper.base), HEFT_SLOT_VEC, HEFT_AXIS_STREAMS, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "hc_head_base",  "output_hc_base.weight" },
    { G(hyper.gain), HEFT_SLOT_VEC, HEFT_AXIS_ONE,     HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, "hc_head_scale", "output_hc_scale.weight" },
    { 0 },
};

const heft_weight heft_names_mixtral[] = {
    { L(router), HEFT_SLOT_LIN, HEFT_AXIS_E, HEFT_AXIS_D, HEFT_IF_EXPERTS, 0, 0,
      "layers.{}.block_sparse_moe.gate.weight", "blk.{}.ffn_gate_inp.weight" },
    EXPERTS(e_gate, HEFT_AXIS_FE, HEFT_AXIS_D,  "block_sparse_moe.experts.{e}.w1", "ffn_gate_exps"),
    EXPERTS(e_gate, HEFT_AXIS_FE, HEFT_AXIS_D,  "block_sparse_moe.experts.{e}.w1", "ffn_gate.{e}"), /* of old files */
    EXPERTS(e_up,   HEFT_AXIS_FE, HEFT_AXIS_D,  "block_sparse_moe.experts.{e}.w3", "ffn_up_exps"),
    EXPERTS(e_up,   HEFT_AXIS_FE, HEFT_AXIS_D,  "block_sparse_moe.experts.{e}.w3", "ffn_up.{e}"),
    EXPERTS(e_down, HEFT_AXIS_D,  HEFT_AXIS_FE, "block_sparse_moe.experts.{e}.w2", "ffn_down_exps"),
    EXPERTS(e_down, HEFT_AXIS_D,  HEFT_AXIS_FE, "block_sparse_moe.experts.{e}.w2", "ffn_down.{e}"),
    { 0 },
};
/* clang-format on */

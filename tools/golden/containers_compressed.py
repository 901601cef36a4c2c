"""How DeepSeek V4 is said in a GGUF file."""

import re

# What stands behind the layer, in a release and in GGUF.
NAMES = {
    "attn_norm.weight": "attn_norm.weight",
    "attn.wq_a.weight": "attn_q_a.weight",
    "attn.q_norm.weight": "attn_q_a_norm.weight",
    "attn.wq_b.weight": "attn_q_b.weight",
    "attn.wkv.weight": "attn_kv.weight",
    "attn.kv_norm.weight": "attn_kv_a_norm.weight",
    "attn.attn_sink": "attn_sinks.weight",
    "attn.wo_a.weight": "attn_output_a.weight",
    "attn.wo_b.weight": "attn_output_b.weight",
    "attn.indexer.wq_b.weight": "indexer.attn_q_b.weight",
    "attn.indexer.weights_proj.weight": "indexer.proj.weight",
    "ffn_norm.weight": "ffn_norm.weight",
    "ffn.gate.weight": "ffn_gate_inp.weight",
    "ffn.gate.bias": "exp_probs_b.bias",
    "ffn.gate.tid2eid": "ffn_gate_tid2eid.weight",
}
for own, theirs in (("w1", "gate"), ("w3", "up"), ("w2", "down")):
    NAMES[f"ffn.experts.*.{own}.weight"] = f"ffn_{theirs}_exps.weight"
    NAMES[f"ffn.shared_experts.{own}.weight"] = f"ffn_{theirs}_shexp.weight"
for own, theirs in (("wkv.weight", "kv"), ("wgate.weight", "gate"), ("ape", "ape"), ("norm.weight", "norm")):
    NAMES["attn.compressor." + own] = f"attn_compressor_{theirs}.weight"
    NAMES["attn.indexer.compressor." + own] = f"indexer_compressor_{theirs}.weight"

GLOBALS = {"embed.weight": "token_embd.weight", "norm.weight": "output_norm.weight", "head.weight": "output.weight"}


def tensor_name(name: str) -> str:
    if name in GLOBALS:
        return GLOBALS[name]
    if name.startswith("hc_head_"):
        return f"output_hc_{name.removeprefix('hc_head_')}.weight"
    layer, rest = re.fullmatch(r"layers\.(\d+)\.(.*)", name).groups()
    rest = re.sub(r"\.experts\.\d+\.", ".experts.*.", rest)
    return f"blk.{layer}." + (rest + ".weight" if rest.startswith("hc_") else NAMES[rest])


def metadata(c) -> list:
    rate = {"sliding_attention": 0} | c.compress_rates
    scaling = c.rope_parameters["compress"]
    entries = [
        ("attention.q_lora_rank", "u32", c.q_lora_rank),
        ("attention.sliding_window", "u32", c.sliding_window),
        ("attention.output_group_count", "u32", c.o_groups),
        ("attention.output_lora_rank", "u32", c.o_lora_rank),
        ("attention.compress_ratios", "i32s", [rate[kind] for kind in c.layer_types]),
        ("attention.compress_rope_freq_base", "f32", float(scaling["rope_theta"])),
        ("attention.indexer.head_count", "u32", c.index_n_heads),
        ("attention.indexer.key_length", "u32", c.index_head_dim),
        ("attention.indexer.top_k", "u32", c.index_topk),
        ("expert_count", "u32", c.n_routed_experts),
        ("expert_used_count", "u32", c.num_experts_per_tok),
        ("expert_feed_forward_length", "u32", c.moe_intermediate_size),
        ("expert_shared_count", "u32", c.n_shared_experts),
        ("expert_weights_scale", "f32", float(c.routed_scaling_factor)),
        ("expert_weights_norm", "bool", True),
        ("expert_gating_func", "u32", 4),
        ("hash_layer_count", "u32", c.mlp_layer_types.count("hash_moe")),
        ("swiglu_clamp_exp", "f32s", [float(c.swiglu_limit)] * c.num_hidden_layers),
        ("hyper_connection.count", "u32", c.hc_mult),
        ("hyper_connection.sinkhorn_iterations", "u32", c.hc_sinkhorn_iters),
        ("hyper_connection.epsilon", "f32", c.hc_eps),
        ("rope.dimension_count", "u32", c.qk_rope_head_dim),
        ("rope.freq_base", "f32", float(c.rope_parameters["main"]["rope_theta"])),
    ]
    if scaling["rope_type"] == "yarn":
        entries += [
            ("rope.scaling.type", "string", "yarn"),
            ("rope.scaling.factor", "f32", float(scaling["factor"])),
            ("rope.scaling.original_context_length", "u32", scaling["original_max_position_embeddings"]),
        ]
        entries += [
            (f"rope.scaling.yarn_{key}", "f32", float(scaling[key])) for key in ("beta_fast", "beta_slow") if key in scaling
        ]
    return entries


FAMILIES = {
    "deepseek_v4": {
        "architecture": "deepseek4",
        "tensor_name": tensor_name,
        "metadata": metadata,
        "extra": lambda _: [],
    },
}

"""How mixtures of experts are said in a GGUF file: what differs from the llama kind."""

L = "model.layers.{}."
B = "blk.{}."

EXPERTS = {
    L + "mlp.gate": B + "ffn_gate_inp",
    L + "mlp.experts.*.gate_proj": B + "ffn_gate_exps",
    L + "mlp.experts.*.up_proj": B + "ffn_up_exps",
    L + "mlp.experts.*.down_proj": B + "ffn_down_exps",
}
MIXTRAL = {
    L + "block_sparse_moe.gate": B + "ffn_gate_inp",
    L + "block_sparse_moe.experts.*.w1": B + "ffn_gate_exps",
    L + "block_sparse_moe.experts.*.w3": B + "ffn_up_exps",
    L + "block_sparse_moe.experts.*.w2": B + "ffn_down_exps",
}
SHARED_EXPERTS = {L + f"mlp.shared_experts.{k}_proj": B + f"ffn_{k}_shexp" for k in ("gate", "up", "down")}
POST = {L + "post_attention_layernorm": B + "post_attention_norm"}
LLAMA4 = {
    L + "feed_forward.router": B + "ffn_gate_inp",
    L + "feed_forward.experts.gate_up_proj": B + "ffn_gate_exps.weight",
    L + "feed_forward.experts.down_proj": B + "ffn_down_exps.weight",
} | {
    L + f"feed_forward.{shared}{k}_proj": B + f"ffn_{k}{suffix}"
    for shared, suffix in (("", ""), ("shared_expert.", "_shexp"))
    for k in ("gate", "up", "down")
}
SHARED = {L + f"mlp.shared_expert.{k}_proj": B + f"ffn_{k}_shexp" for k in ("gate", "up", "down")}


GPT_OSS = {
    L + "post_attention_layernorm": B + "post_attention_norm",
    L + "self_attn.sinks": B + "attn_sinks.weight",
    L + "mlp.router": B + "ffn_gate_inp",
    L + "mlp.experts.gate_up_proj": B + "ffn_gate_exps.weight",
    L + "mlp.experts.gate_up_proj_bias": B + "ffn_gate_exps.bias",
    L + "mlp.experts.down_proj": B + "ffn_down_exps.weight",
    L + "mlp.experts.down_proj_bias": B + "ffn_down_exps.bias",
}


def gpt_oss(name: str) -> dict:
    """Matrices [in, out]; gate and up in turn."""
    found = {"transposed": True} if name.endswith("experts.down_proj") else {}
    if ".gate_up_proj" in name:
        found |= {"gguf_up": True, "alternate": True}
        if not name.endswith("_bias"):
            found["transposed"] = True
    return found


def llama4(name: str) -> dict:
    """Matrices [in, out], gate above up."""
    found = {"transposed": True} if ".experts." in name else {}
    return found | ({"gguf_up": True} if ".gate_up_proj" in name else {})


def glm4_moe(c) -> list:
    return experts(c.n_routed_experts, c.num_experts_per_tok, c.moe_intermediate_size) + [
        ("expert_shared_count", "u32", c.n_shared_experts),
        ("leading_dense_block_count", "u32", c.first_k_dense_replace),
        ("expert_gating_func", "u32", 2),
        ("expert_weights_scale", "f32", c.routed_scaling_factor),
        ("expert_weights_norm", "bool", c.norm_topk_prob),
    ]


def ernie(c) -> list:
    shared = c.moe_intermediate_size * c.moe_num_shared_experts
    return experts(c.moe_num_experts, c.moe_k, c.moe_intermediate_size, shared) + [
        ("expert_shared_count", "u32", c.moe_num_shared_experts),
        ("interleave_moe_layer_step", "u32", c.moe_layer_interval),
        ("leading_dense_block_count", "u32", c.moe_layer_start_index),
    ]


def experts(count: int, used: int, width: int = 0, shared: int = 0) -> list:
    entries = [("expert_count", "u32", count), ("expert_used_count", "u32", used)]
    if width:
        entries.append(("expert_feed_forward_length", "u32", width))
    if shared:
        entries.append(("expert_shared_feed_forward_length", "u32", shared))
    return entries


# By model type: the architecture, names that differ, metadata beyond the usual, layout of tensors.
FAMILIES = {
    "mixtral": {
        "architecture": "llama",
        "names": MIXTRAL,
        "metadata": lambda c: experts(c.num_local_experts, c.num_experts_per_tok),
    },
    "qwen3_moe": {
        "architecture": "qwen3moe",
        "names": EXPERTS,
        "metadata": lambda c: experts(c.num_experts, c.num_experts_per_tok, c.moe_intermediate_size),
    },
    "qwen2_moe": {
        "architecture": "qwen2moe",
        "names": EXPERTS | SHARED | {L + "mlp.shared_expert_gate": B + "ffn_gate_inp_shexp"},
        "metadata": lambda c: experts(
            c.num_experts, c.num_experts_per_tok, c.moe_intermediate_size, c.shared_expert_intermediate_size
        ),
    },
    "gpt_oss": {
        "architecture": "gpt-oss",
        "names": GPT_OSS,
        "layout": gpt_oss,
        "metadata": lambda c: experts(c.num_local_experts, c.num_experts_per_tok, c.intermediate_size)
        + [("attention.sliding_window", "u32", c.sliding_window)],
    },
    "phimoe": {
        "architecture": "phimoe",
        "names": MIXTRAL,
        "metadata": lambda c: experts(c.num_local_experts, c.num_experts_per_tok)
        + [("attention.sliding_window", "u32", c.sliding_window or 0)],
    },
    "glm4_moe": {
        "architecture": "glm4moe",
        "names": EXPERTS
        | SHARED_EXPERTS
        | POST
        | {L + "mlp.gate.e_score_correction_bias": B + "exp_probs_b.bias"},
        "metadata": glm4_moe,
    },
    "minimax_m2": {
        "architecture": "minimax-m2",
        "names": MIXTRAL | {L + "block_sparse_moe.e_score_correction_bias": B + "exp_probs_b.bias"},
        "metadata": lambda c: experts(c.num_local_experts, c.num_experts_per_tok, c.intermediate_size)
        + [("expert_gating_func", "u32", 2)],
    },
    "ernie4_5_moe": {
        "architecture": "ernie4_5-moe",
        "names": EXPERTS
        | SHARED_EXPERTS
        | {L + "mlp.moe_statics.e_score_correction_bias": B + "exp_probs_b.bias"},
        "metadata": ernie,
    },
    "llama4_text": {
        "architecture": "llama4",
        "names": LLAMA4,
        "layout": llama4,
        "metadata": lambda c: experts(c.num_local_experts, c.num_experts_per_tok, c.intermediate_size)
        + [("interleave_moe_layer_step", "u32", c.interleave_moe_layer_step)],
        "feed_forward_length": "intermediate_size_mlp",
    },
    "olmoe": {
        "architecture": "olmoe",
        "names": EXPERTS,
        "metadata": lambda c: experts(c.num_experts, c.num_experts_per_tok),
    },
}

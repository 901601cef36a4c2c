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
    "olmoe": {
        "architecture": "olmoe",
        "names": EXPERTS,
        "metadata": lambda c: experts(c.num_experts, c.num_experts_per_tok),
    },
}

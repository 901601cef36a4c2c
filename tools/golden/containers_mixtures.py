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
    "olmoe": {
        "architecture": "olmoe",
        "names": EXPERTS,
        "metadata": lambda c: experts(c.num_experts, c.num_experts_per_tok),
    },
}

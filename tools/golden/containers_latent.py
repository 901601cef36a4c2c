"""How models with latent attention are said in a GGUF file: what differs from the llama kind."""

from containers_mixtures import EXPERTS, B, L

NAMES = EXPERTS | {
    L + "mlp.gate.e_score_correction_bias": B + "exp_probs_b.bias",
    L + "self_attn.q_a_proj": B + "attn_q_a",
    L + "self_attn.q_a_layernorm": B + "attn_q_a_norm",
    L + "self_attn.q_b_proj": B + "attn_q_b",
    L + "self_attn.kv_a_proj_with_mqa": B + "attn_kv_a_mqa",
    L + "self_attn.kv_a_layernorm": B + "attn_kv_a_norm",
    L + "self_attn.kv_b_proj": B + "attn_kv_b",
} | {L + f"mlp.shared_experts.{k}_proj": B + f"ffn_{k}_shexp" for k in ("gate", "up", "down")}  # fmt: skip


def metadata(c, by_heads: bool, dense: int | None = None) -> list:
    """by_heads: k_b and v_b, with the widths of the latent key; else kv_b, with those of a head.
    dense: how many layers, where the configuration does not number them."""
    rotated, rank = c.qk_rope_head_dim, c.kv_lora_rank
    whole = c.qk_nope_head_dim + rotated
    entries = [
        ("attention.kv_lora_rank", "u32", rank),
        ("attention.head_count_kv", "u32", 1 if by_heads else c.num_key_value_heads),
        ("attention.key_length", "u32", rank + rotated if by_heads else whole),
        ("attention.value_length", "u32", rank if by_heads else c.v_head_dim),
        ("leading_dense_block_count", "u32", c.first_k_dense_replace if dense is None else dense),
        ("expert_count", "u32", c.n_routed_experts),
        ("expert_used_count", "u32", c.num_experts_per_tok),
        ("expert_feed_forward_length", "u32", c.moe_intermediate_size),
        ("expert_shared_count", "u32", c.n_shared_experts),
        ("expert_weights_scale", "f32", float(c.routed_scaling_factor)),
        ("expert_weights_norm", "bool", c.norm_topk_prob),
        ("expert_gating_func", "u32", 1 if c.model_type == "deepseek_v2" else 2),
    ]
    if by_heads:
        entries += [("attention.key_length_mla", "u32", whole), ("attention.value_length_mla", "u32", c.v_head_dim)]
    if c.q_lora_rank:
        entries.append(("attention.q_lora_rank", "u32", c.q_lora_rank))
    if (c.n_group or 1) > 1:
        entries += [("expert_group_count", "u32", c.n_group), ("expert_group_used_count", "u32", c.topk_group)]
    return entries


def by_heads(name: str) -> dict:
    """Keys and values of each head as two tensors, those of keys [in, out]."""
    return {"gguf_up": "k_b", "heads": 4} if ".kv_b_proj." in name else {}


FAMILIES = {
    "deepseek_v2": {
        "architecture": "deepseek2",
        "names": NAMES,
        "metadata": lambda c: metadata(c, False),
    },
    "deepseek_v3": {
        "architecture": "deepseek2",
        "names": NAMES | {L + "self_attn.kv_b_proj": B + "attn_k_b"},
        "layout": by_heads,
        "metadata": lambda c: metadata(c, True),
    },
}

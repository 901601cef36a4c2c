"""DeepSeek V4 in its publisher's words: the reference library has others for the same tensors."""

import re

# (pattern in the reference, what a release has), in order.
NAMES = [
    (r"^model\.", ""),
    (r"^lm_head\.", "head."),
    (r"^embed_tokens\.", "embed."),
    (r"^hc_head\.hc_", "hc_head_"),
    (r"\.(attn|ffn)_hc\.", r".hc_\1_"),
    (r"\.input_layernorm\.", ".attn_norm."),
    (r"\.post_attention_layernorm\.", ".ffn_norm."),
    (r"\.self_attn\.", ".attn."),
    (r"\.mlp\.", ".ffn."),
    (r"\.compressor\.indexer\.(kv_proj|gate_proj|kv_norm|position_bias)", r".indexer.compressor.\1"),
    (r"\.compressor\.indexer\.", ".indexer."),
    (r"\.scorer\.", "."),
    (r"\.compressor\.kv_norm\.", ".compressor.norm."),
    (r"\.shared_experts\.gate_proj\.", ".shared_experts.w1."),
    (r"\.shared_experts\.down_proj\.", ".shared_experts.w2."),
    (r"\.shared_experts\.up_proj\.", ".shared_experts.w3."),
    (r"\.position_bias$", ".ape"),
    (r"\.q_a_norm\.", ".q_norm."),
    (r"\.sinks$", ".attn_sink"),
    (r"\.(q_a|q_b|kv|o_a|o_b)_proj\.", r".w\1."),
    (r"\.gate_proj\.", ".wgate."),
    (r"\.e_score_correction_bias$", ".bias"),
]


def parts(name: str, tensor):
    """(name in a release, the part of the tensor)."""
    fused = re.fullmatch(r"model\.(.*)\.mlp\.experts\.(gate_up|down)_proj", name)
    if not fused:
        for pattern, own in NAMES:
            name = re.sub(pattern, own, name)
        yield name, tensor
        return
    for e, expert in enumerate(tensor):
        at = f"{fused[1]}.ffn.experts.{e}."
        if fused[2] == "down":
            yield at + "w2.weight", expert
            continue
        gate, up = expert.chunk(2)
        yield at + "w1.weight", gate
        yield at + "w3.weight", up

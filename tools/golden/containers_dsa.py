"""How models that choose what they attend to are said in a GGUF file."""

import containers_latent
from containers_mixtures import B, L

I = "self_attn.indexer."
NAMES = containers_latent.FAMILIES["deepseek_v3"]["names"] | {
    L + I + "wq_b": B + "indexer.attn_q_b",
    L + I + "wk": B + "indexer.attn_k",
    L + I + "k_norm": B + "indexer.k_norm",
    L + I + "weights_proj": B + "indexer.proj",
}


def rotation(c) -> list:
    rope = c.rope_parameters
    entries = [
        ("rope.dimension_count", "u32", c.qk_rope_head_dim),
        ("rope.freq_base", "f32", float(rope["rope_theta"])),
    ]
    if rope["rope_type"] == "yarn":
        entries += [
            ("rope.scaling.type", "string", "yarn"),
            ("rope.scaling.factor", "f32", float(rope["factor"])),
            ("rope.scaling.original_context_length", "u32", rope["original_max_position_embeddings"]),
            ("rope.scaling.yarn_log_multiplier", "f32", 0.1 * rope["mscale_all_dim"]),
        ]
    return entries


def index(c) -> list:
    entries = [
        ("attention.indexer.head_count", "u32", c.index_n_heads),
        ("attention.indexer.key_length", "u32", c.index_head_dim),
        ("attention.indexer.top_k", "u32", c.index_topk),
    ]
    types = getattr(c, "indexer_types", [])
    return entries + ([("attention.indexer.types", "bools", [t == "full" for t in types])] if types else [])


def metadata(c) -> list:
    dense = c.mlp_layer_types.count("dense")
    entries = containers_latent.metadata(c, True, dense) + rotation(c)
    return entries + (index(c) if hasattr(c, "index_topk") else [])


def family(architecture: str) -> dict:
    return {
        "architecture": architecture,
        "names": NAMES,
        "layout": containers_latent.by_heads,
        "metadata": metadata,
        "extra": lambda c: [],
    }


FAMILIES = {
    "deepseek_v32": family("deepseek32"),
    "glm_moe_dsa": family("glm-dsa"),
    "glm4_moe_lite": family("deepseek2"),
}

"""How the dense families beside llama are said in a GGUF file: what differs from the llama kind."""

L = "model.layers.{}."
B = "blk.{}."

SANDWICH = {
    L + "post_attention_layernorm": B + "post_attention_norm",
    L + "pre_feedforward_layernorm": B + "ffn_norm",
    L + "post_feedforward_layernorm": B + "post_ffw_norm",
}
GATE_UP = {L + "mlp.gate_up_proj": B + "ffn_up"}


def phi3(config) -> list:
    return [("attention.sliding_window", "u32", config.sliding_window or 0)]


def gemma2(config) -> list:
    return [
        ("attention.sliding_window", "u32", config.sliding_window),
        ("attn_logit_softcapping", "f32", config.attn_logit_softcapping),
        ("final_logit_softcapping", "f32", config.final_logit_softcapping),
    ]


def gemma3(config) -> list:
    return [("attention.sliding_window", "u32", config.sliding_window)]


def olmo3(config) -> list:
    return [
        ("attention.sliding_window", "u32", config.sliding_window),
        ("attention.sliding_window_pattern", "bools", [t == "sliding_attention" for t in config.layer_types]),
    ]


def cohere2(config) -> list:
    return [
        ("attention.layer_norm_epsilon", "f32", config.layer_norm_eps),
        ("attention.sliding_window", "u32", config.sliding_window),
        ("logit_scale", "f32", config.logit_scale),
    ]


def granite(config) -> list:
    return [
        ("attention.scale", "f32", config.attention_multiplier),
        ("embedding_scale", "f32", config.embedding_multiplier),
        ("residual_scale", "f32", config.residual_multiplier),
        ("logit_scale", "f32", config.logits_scaling),
    ]


# By model type: the architecture, names that differ, metadata beyond the usual.
FAMILIES = {
    "phi3": {
        "architecture": "phi3",
        "names": GATE_UP | {L + "self_attn.qkv_proj": B + "attn_qkv"},
        "metadata": phi3,
    },
    "gemma": {"architecture": "gemma"},
    "gemma2": {"architecture": "gemma2", "names": SANDWICH, "metadata": gemma2},
    "gemma3_text": {"architecture": "gemma3", "names": SANDWICH, "metadata": gemma3},
    "olmo2": {"architecture": "olmo2", "names": SANDWICH},
    "olmo3": {"architecture": "olmo2", "names": SANDWICH, "metadata": olmo3},
    "glm": {"architecture": "chatglm", "names": GATE_UP},
    "glm4": {
        "architecture": "glm4",
        "names": GATE_UP
        | {
            L + "post_self_attn_layernorm": B + "post_attention_norm",
            L + "post_mlp_layernorm": B + "post_ffw_norm",
        },
    },
    "granite": {"architecture": "granite", "metadata": granite},
    "smollm3": {"architecture": "smollm3"},
    "cohere2": {"architecture": "cohere2", "metadata": cohere2},
}

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


def exaone4(config) -> list:
    return olmo3(config) if config.sliding_window else []


def cohere2(config) -> list:
    return [
        ("attention.layer_norm_epsilon", "f32", config.layer_norm_eps),
        ("attention.sliding_window", "u32", config.sliding_window),
        ("logit_scale", "f32", config.logit_scale),
    ]


def nemotron(config) -> list:
    return [("attention.layer_norm_epsilon", "f32", config.norm_eps)]


def granite(config) -> list:
    return [
        ("attention.scale", "f32", config.attention_multiplier),
        ("embedding_scale", "f32", config.embedding_multiplier),
        ("residual_scale", "f32", config.residual_multiplier),
        ("logit_scale", "f32", config.logits_scaling),
    ]


def gemma4(config) -> list:
    full = [t == "full_attention" for t in config.layer_types]
    shared = config.num_hidden_layers - config.num_kv_shared_layers
    wide = [i >= shared and config.use_double_wide_mlp for i in range(config.num_hidden_layers)]
    layer = [config.per_layer_config[i] for i in range(config.num_hidden_layers)]
    near, far = layer[full.index(False)].head_dim, layer[full.index(True)].head_dim
    theta = {k: config.rope_parameters[k]["rope_theta"] for k in ("full_attention", "sliding_attention")}
    return [
        ("feed_forward_length", "i32s", [config.intermediate_size * (1 + w) for w in wide]),
        ("attention.head_count_kv", "i32s", [each.num_key_value_heads for each in layer]),
        ("attention.key_length", "u32", far),
        ("attention.value_length", "u32", far),
        ("attention.key_length_swa", "u32", near),
        ("attention.value_length_swa", "u32", near),
        ("attention.sliding_window", "u32", config.sliding_window),
        ("attention.sliding_window_pattern", "bools", [not f for f in full]),
        ("attention.shared_kv_layers", "u32", config.num_kv_shared_layers),
        ("embedding_length_per_layer_input", "u32", config.hidden_size_per_layer_input),
        ("final_logit_softcapping", "f32", config.final_logit_softcapping),
        ("rope.freq_base", "f32", theta["full_attention"]),
        ("rope.freq_base_swa", "f32", theta["sliding_attention"]),
        ("rope.dimension_count", "u32", far),
        ("rope.dimension_count_swa", "u32", near),
    ] + (mixture(config) if config.enable_moe_block else [])


def mixture(config) -> list:
    return [
        ("expert_count", "u32", config.num_experts),
        ("expert_used_count", "u32", config.top_k_experts),
        ("expert_feed_forward_length", "u32", config.moe_intermediate_size),
    ]


def gemma4_extra(config) -> list:
    """Divisors of the full layers' frequencies: those beyond the rotated part are made to stand still."""
    n = config.per_layer_config[config.layer_types.index("full_attention")].head_dim // 2
    live = int(config.rope_parameters["full_attention"]["partial_rotary_factor"] * n)
    return [{"name": "rope_freqs.weight", "values": [1.0] * live + [1e30] * (n - live)}]


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
    "gemma4_text": {
        "architecture": "gemma4",
        "names": SANDWICH
        | {
            "model.embed_tokens_per_layer": "per_layer_token_embd",
            "model.per_layer_model_projection": "per_layer_model_proj",
            "model.per_layer_projection_norm": "per_layer_proj_norm",
            L + "per_layer_input_gate": B + "inp_gate",
            L + "per_layer_projection": B + "proj",
            L + "post_per_layer_input_norm": B + "post_norm",
            L + "layer_scalar": B + "layer_output_scale.weight",
            L + "router.proj": B + "ffn_gate_inp",
            L + "router.scale": B + "ffn_gate_inp.scale",
            L + "router.per_expert_scale": B + "ffn_down_exps.scale",
            L + "pre_feedforward_layernorm_2": B + "pre_ffw_norm_2",
            L + "post_feedforward_layernorm_1": B + "post_ffw_norm_1",
            L + "post_feedforward_layernorm_2": B + "post_ffw_norm_2",
            L + "experts.gate_up_proj": B + "ffn_gate_up_exps.weight",
            L + "experts.down_proj": B + "ffn_down_exps.weight",
        },
        "metadata": gemma4,
        "extra": gemma4_extra,
    },
    "exaone4": {"architecture": "exaone4", "names": SANDWICH, "metadata": exaone4},
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
    "nemotron": {"architecture": "nemotron", "metadata": nemotron},
}

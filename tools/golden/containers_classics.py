"""How the families older than llama are said in a GGUF file."""

L, B = "model.layers.{}.", "blk.{}."


def blocks(layer: str, names: dict) -> dict:
    return {layer + hf: B + gguf for hf, gguf in names.items()}


LLAMA = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
} | blocks(
    L,
    {
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm",
        "self_attn.k_norm": "attn_k_norm",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
    },
)
MEGATRON = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attention.query_key_value": "attn_qkv",
    "self_attention.dense": "attn_output",
    "attention.query_key_value": "attn_qkv",
    "attention.dense": "attn_output",
    "mlp.dense_h_to_4h": "ffn_up",
    "mlp.dense_4h_to_h": "ffn_down",
    "ln_attn": "attn_norm_2",
    "ln_mlp": "attn_norm",
}


def gpt_neox(config) -> list:
    return rotated(config, config.rotary_pct) + [
        ("rope.freq_base", "f32", float(config.rotary_emb_base)),
        ("use_parallel_residual", "bool", config.use_parallel_residual)
    ]


def rotated(config, part: float) -> list:
    width = config.hidden_size // config.num_attention_heads
    return [("rope.dimension_count", "u32", int(width * part))]


def based(config) -> list:
    return rotated(config, 1) + [("rope.freq_base", "f32", float(config.rope_theta))]


def falcon(config) -> list:
    return based(config) + [("tensor_data_layout", "string", "jploski")]


def phi(config) -> list:
    base = [("rope.freq_base", "f32", float(config.rope_theta))]
    return rotated(config, config.partial_rotary_factor) + base


def cohere(config) -> list:
    return based(config) + [("logit_scale", "f32", config.logit_scale)]


def olmo(config) -> list:
    clip = [("attention.clamp_kqv", "f32", config.clip_qkv)] if config.clip_qkv else []
    return based(config) + clip


def stablelm(config) -> list:
    return phi(config) + [("use_parallel_residual", "bool", True)]


def mpt(config) -> list:
    attention = config.attn_config
    clip = [("attention.clamp_kqv", "f32", attention.clip_qkv)] if attention.clip_qkv else []
    return clip + [("attention.max_alibi_bias", "f32", float(attention.alibi_bias_max))]


# By model type: architecture, names, metadata beyond the usual; fused: the rows of q, k and v are
# by head or group in a release and one after the other in GGUF; permuted: the rows of q and k turn
# halves into pairs; transposed: as a release has the matrices.
CLASSICS = {
    "gpt2": {
        "architecture": "gpt2",
        "transposed": r"\.(c_attn|c_proj|c_fc)\.weight$",
        "names": {
            "transformer.wte": "token_embd",
            "transformer.wpe": "position_embd",
            "transformer.ln_f": "output_norm",
            "lm_head": "output",
        }
        | blocks(
            "transformer.h.{}.",
            {
                "ln_1": "attn_norm",
                "ln_2": "ffn_norm",
                "attn.c_attn": "attn_qkv",
                "attn.c_proj": "attn_output",
                "mlp.c_fc": "ffn_up",
                "mlp.c_proj": "ffn_down",
            },
        ),
    },
    "gpt_neox": {
        "architecture": "gptneox",
        "fused": r"query_key_value\.",
        "metadata": gpt_neox,
        "names": {
            "gpt_neox.embed_in": "token_embd",
            "gpt_neox.final_layer_norm": "output_norm",
            "embed_out": "output",
        }
        | blocks("gpt_neox.layers.{}.", MEGATRON),
    },
    "bloom": {
        "architecture": "bloom",
        "fused": r"query_key_value\.",
        "names": {
            "transformer.word_embeddings": "token_embd",
            "transformer.word_embeddings_layernorm": "token_embd_norm",
            "transformer.ln_f": "output_norm",
            "lm_head": "output",
        }
        | blocks("transformer.h.{}.", MEGATRON),
    },
    "falcon": {
        "architecture": "falcon",
        "fused": r"query_key_value\.",
        "metadata": falcon,
        "names": {
            "transformer.word_embeddings": "token_embd",
            "transformer.ln_f": "output_norm",
            "lm_head": "output",
        }
        | blocks("transformer.h.{}.", MEGATRON | {"input_layernorm": "attn_norm"}),
    },
    "phi": {
        "architecture": "phi2",
        "metadata": phi,
        "names": LLAMA
        | {"model.final_layernorm": "output_norm"}
        | blocks(L, {"self_attn.dense": "attn_output", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down"}),
    },
    "starcoder2": {
        "architecture": "starcoder2",
        "metadata": based,
        "names": LLAMA | blocks(L, {"mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}),
    },
    "cohere": {"architecture": "command-r", "metadata": cohere, "names": LLAMA},
    "olmo": {
        "architecture": "olmo",
        "metadata": olmo,
        "names": LLAMA,
        "permuted": r"\.[qk]_proj\.",
    },
    "stablelm": {
        "architecture": "stablelm",
        "metadata": stablelm,
        "names": LLAMA
        | {
            f"{L}self_attn.{x}_layernorm.norms.{h}": f"{B}attn_{x}_norm"
            for x in "qk"
            for h in range(16)
        },
    },
    "mpt": {
        "architecture": "mpt",
        "metadata": mpt,
        "names": {
            "transformer.wte": "token_embd",
            "transformer.norm_f": "output_norm",
            "lm_head": "output",
        }
        | blocks(
            "transformer.blocks.{}.",
            {
                "norm_1": "attn_norm",
                "norm_2": "ffn_norm",
                "attn.Wqkv": "attn_qkv",
                "attn.out_proj": "attn_output",
                "ffn.up_proj": "ffn_up",
                "ffn.down_proj": "ffn_down",
            },
        ),
    },
}


def key_heads(config) -> int:
    if config.model_type == "falcon":
        if config.new_decoder_architecture:
            return config.num_kv_heads
        return 1 if config.multi_query else config.num_attention_heads
    return getattr(config, "num_key_value_heads", None) or config.num_attention_heads


def feed_forward(config) -> int:
    own = (getattr(config, k, None) for k in ("intermediate_size", "n_inner", "ffn_hidden_size"))
    return next((width for width in own if width), 4 * config.hidden_size)


def entries(config) -> list:
    """Metadata as (key, type, value), less the tokenizer."""
    family = CLASSICS[config.model_type]
    positions = ("max_position_embeddings", "max_seq_len", "seq_length")
    eps = ("norm_epsilon", "layer_norm_eps", "layer_norm_epsilon")
    first = lambda names, absent: next((getattr(config, n) for n in names if hasattr(config, n)), absent)
    own = [
        ("vocab_size", "u32", config.vocab_size),
        ("context_length", "u32", first(positions, 2048)),
        ("embedding_length", "u32", config.hidden_size),
        ("block_count", "u32", config.num_hidden_layers),
        ("feed_forward_length", "u32", feed_forward(config)),
        ("attention.head_count", "u32", config.num_attention_heads),
        ("attention.head_count_kv", "u32", key_heads(config)),
        ("attention.layer_norm_epsilon", "f32", first(eps, 1e-5)),
    ] + family.get("metadata", lambda _: [])(config)
    arch = family["architecture"]
    named = [(f"{arch}.{key}", kind, value) for key, kind, value in own]
    return [("general.architecture", "string", arch)] + named

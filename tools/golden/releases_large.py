"""More published releases, most of them sizes of families that releases.py has in another size.

FROM_MEMORY names those whose configuration was written down without the file at hand: they are
tested like the others but count as evidence for nothing."""

from releases import LLAMA3, RELEASES, V3, layer_norms, llama, qwen3_5, sliding


def of(release: str, **more) -> dict:
    """A release that differs from another in these keys; None takes a key away."""
    return {k: v for k, v in (RELEASES[release] | more).items() if v is not None}


def qwen2(D: int, F: int, L: int, H: int, G: int, V: int = 152064, ctx: int = 131072, theta: float = 1000000.0, **more) -> dict:
    """A dense Qwen 2.5."""
    own = {"rms_norm_eps": 1e-05 if L > 36 else 1e-06, "use_sliding_window": False}
    return llama("qwen2", D, F, L, H, G, V, ctx, theta) | own | more


def qwen3(D: int, F: int, L: int, H: int, **more) -> dict:
    """A dense Qwen 3."""
    own = {"attention_bias": False, "head_dim": 128, "rms_norm_eps": 1e-06}
    return llama("qwen3", D, F, L, H, 8, 151936, 40960, 1000000) | own | more


def gemma3(D: int, F: int, L: int, H: int, G: int, **more) -> dict:
    """The text part of a Gemma 3 that sees images."""
    own = {"rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024, "max_position_embeddings": 131072}
    shape = {"hidden_size": D, "intermediate_size": F, "num_hidden_layers": L, "num_attention_heads": H}
    return of("gemma-3-1b-it", **shape, num_key_value_heads=G, vocab_size=262208, **own) | more


def mistral(D: int, F: int, L: int, H: int, V: int, ctx: int, theta: float) -> dict:
    """A Mistral without windows, of heads of 128."""
    return llama("mistral", D, F, L, H, 8, V, ctx, theta, head_dim=128, sliding_window=None)


def bloom(D: int, L: int, H: int) -> dict:
    return of("bloom-7b1", hidden_size=D, n_layer=L, n_head=H)


LLAMA32 = LLAMA3 | {"factor": 32.0}
SCALED = {"beta_fast": 1.0, "beta_slow": 1.0, "factor": 64.0, "mscale": 1.0, "mscale_all_dim": 1.0}

MORE = {
    "Llama-2-70b-hf": llama("llama", 8192, 28672, 80, 64, 8, 32000, 4096, 10000.0),
    "Llama-3.1-70B": llama("llama", 8192, 28672, 80, 64, 8, 128256, 131072, 500000.0, rope_scaling=LLAMA3),
    "Llama-3.1-405B": llama("llama", 16384, 53248, 126, 128, 8, 128256, 131072, 500000.0, rope_scaling=LLAMA3),
    "Llama-3.2-1B": llama("llama", 2048, 8192, 16, 32, 8, 128256, 131072, 500000.0)
    | {"head_dim": 64, "rope_scaling": LLAMA32, "tie_word_embeddings": True},
    "Llama-3.2-3B": llama("llama", 3072, 8192, 28, 24, 8, 128256, 131072, 500000.0)
    | {"head_dim": 128, "rope_scaling": LLAMA32, "tie_word_embeddings": True},
    "Yi-34B-200K": llama("llama", 7168, 20480, 60, 56, 8, 64000, 200000, 5000000.0),
    "Mixtral-8x22B-v0.1": of(
        "Mixtral-8x7B-v0.1",
        hidden_size=6144,
        intermediate_size=16384,
        num_hidden_layers=56,
        num_attention_heads=48,
        max_position_embeddings=65536,
    ),
    "Codestral-22B-v0.1": mistral(6144, 16384, 56, 48, 32768, 32768, 1000000.0),
    "Mistral-Large-Instruct-2407": mistral(12288, 28672, 88, 96, 32768, 131072, 1000000.0),
    "Magistral-Small-2506": mistral(5120, 32768, 40, 32, 131072, 40960, 1000000000.0),
    "Qwen2.5-0.5B": qwen2(896, 4864, 24, 14, 2, 151936, 32768, tie_word_embeddings=True),
    "Qwen2.5-1.5B": qwen2(1536, 8960, 28, 12, 2, 151936, tie_word_embeddings=True),
    "Qwen2.5-3B": qwen2(2048, 11008, 36, 16, 2, 151936, 32768, tie_word_embeddings=True),
    "Qwen2.5-14B": qwen2(5120, 13824, 48, 40, 8),
    "Qwen2.5-32B": qwen2(5120, 27648, 64, 40, 8),
    "Qwen2.5-72B": qwen2(8192, 29568, 80, 64, 8),
    "QwQ-32B-Preview": qwen2(5120, 27648, 64, 40, 8, ctx=32768),
    "Qwen3-0.6B": qwen3(1024, 3072, 28, 16, tie_word_embeddings=True),
    "Qwen3-4B": qwen3(2560, 9728, 36, 32, tie_word_embeddings=True),
    "Qwen3-14B": qwen3(5120, 17408, 40, 40),
    "Qwen3-32B": qwen3(5120, 25600, 64, 64),
    "Qwen3-235B-A22B": of(
        "Qwen3-30B-A3B",
        hidden_size=4096,
        intermediate_size=12288,
        moe_intermediate_size=1536,
        num_hidden_layers=94,
        num_attention_heads=64,
    ),
    "Qwen3.5-4B": qwen3_5("qwen3_5_text", 2560, 32, 16, 4, intermediate_size=9216, tie_word_embeddings=True),
    "Qwen3.5-9B": qwen3_5("qwen3_5_text", 4096, 32, 16, 4, intermediate_size=12288),
    "Qwen3.5-397B-A17B": qwen3_5(
        "qwen3_5_moe_text",
        4096,
        60,
        32,
        2,
        linear_num_value_heads=64,
        moe_intermediate_size=1024,
        num_experts=512,
        num_experts_per_tok=10,
        shared_expert_intermediate_size=1024,
    ),
    "gpt-oss-120b": of("gpt-oss-20b", num_hidden_layers=36, num_local_experts=128),
    "Llama-4-Maverick-17B-128E": of(
        "Llama-4-Scout-17B-16E",
        interleave_moe_layer_step=2,
        max_position_embeddings=1048576,
        num_local_experts=128,
        use_qk_norm=False,
    ),
    "GLM-4.5": of(
        "GLM-4.5-Air",
        first_k_dense_replace=3,
        hidden_size=5120,
        intermediate_size=12288,
        moe_intermediate_size=1536,
        n_routed_experts=160,
        num_hidden_layers=92,
        routed_scaling_factor=2.5,
        use_qk_norm=True,
    ),
    "DeepSeek-R1": V3,
    "DeepSeek-R1-Distill-Qwen-1.5B": qwen2(1536, 8960, 28, 12, 2, 151936, 131072, 10000.0),
    "DeepSeek-R1-Distill-Qwen-7B": qwen2(3584, 18944, 28, 28, 4, 152064, 131072, 10000.0),
    "DeepSeek-R1-Distill-Qwen-14B": qwen2(5120, 13824, 48, 40, 8),
    "DeepSeek-R1-Distill-Qwen-32B": qwen2(5120, 27648, 64, 40, 8),
    "DeepSeek-R1-Distill-Llama-8B": llama("llama", 4096, 14336, 32, 32, 8, 128256, 131072, 500000.0, rope_scaling=LLAMA3),
    "DeepSeek-R1-Distill-Llama-70B": llama("llama", 8192, 28672, 80, 64, 8, 128256, 131072, 500000.0, rope_scaling=LLAMA3),
    "Kimi-K2-Thinking": of(
        "Kimi-K2-Instruct",
        max_position_embeddings=262144,
        rms_norm_eps=1e-05,
        rope_scaling=SCALED | {"original_max_position_embeddings": 4096, "type": "yarn"},
    ),
    "Minitron-8B-Base": of("Minitron-4B-Base", hidden_size=4096, intermediate_size=16384, num_attention_heads=48),
    "phi-4-reasoning-plus": of("phi-4", max_position_embeddings=32768, rope_theta=500000),
    "gemma-2b": of(
        "gemma-7b", hidden_size=2048, intermediate_size=16384, num_hidden_layers=18, num_attention_heads=8, num_key_value_heads=1
    ),
    "gemma-2-2b": of(
        "gemma-2-27b",
        head_dim=256,
        hidden_size=2304,
        intermediate_size=9216,
        num_attention_heads=8,
        num_hidden_layers=26,
        num_key_value_heads=4,
        query_pre_attn_scalar=256,
    ),
    "gemma-2-9b": of(
        "gemma-2-27b",
        head_dim=256,
        hidden_size=3584,
        intermediate_size=14336,
        num_attention_heads=16,
        num_hidden_layers=42,
        num_key_value_heads=8,
        query_pre_attn_scalar=256,
    ),
    "gemma-3-4b": gemma3(2560, 10240, 34, 8, 4),
    "gemma-3-12b": gemma3(3840, 15360, 48, 16, 8),
    "gemma-3-27b": gemma3(5376, 21504, 62, 32, 16, head_dim=128, query_pre_attn_scalar=168),
    "gemma-4-31B": of(
        "gemma-4-26B-A4B",
        enable_moe_block=False,
        hidden_size=5376,
        intermediate_size=21504,
        layer_types=sliding(6, 60),
        moe_intermediate_size=None,
        num_attention_heads=32,
        num_experts=None,
        num_global_key_value_heads=4,
        num_hidden_layers=60,
        num_key_value_heads=16,
        top_k_experts=None,
    ),
    "OLMo-2-1124-13B": of("OLMo-2-1124-7B", hidden_size=5120, intermediate_size=13824)
    | {"num_attention_heads": 40, "num_hidden_layers": 40, "num_key_value_heads": 40},
    "OLMo-2-0325-32B": of("OLMo-2-1124-7B", hidden_size=5120, intermediate_size=27648)
    | {"num_attention_heads": 40, "num_hidden_layers": 64, "num_key_value_heads": 8},
    "Olmo-3-1125-32B": of("Olmo-3-1025-7B", hidden_size=5120, intermediate_size=27648, layer_types=sliding(4, 64))
    | {"num_attention_heads": 40, "num_hidden_layers": 64, "num_key_value_heads": 8},
    "bloom": bloom(14336, 70, 112),
    "bloomz": bloom(14336, 70, 112),
    "falcon-180B": of("falcon-40b", hidden_size=14848, num_attention_heads=232, num_hidden_layers=80),
    "c4ai-command-r-plus": layer_norms(of(
        "c4ai-command-r-v01",
        hidden_size=12288,
        intermediate_size=33792,
        logit_scale=0.8333333333333334,
        max_position_embeddings=131072,
        num_attention_heads=96,
        num_hidden_layers=64,
        num_key_value_heads=8,
        rope_theta=75000000.0,
        use_qk_norm=True,
    )),
}

# Kimi K2.5 is K2-Thinking behind a wrapper: the part that writes text, and one that sees.
MORE["Kimi-K2.5"] = {
    "model_type": "kimi_k25",
    "media_placeholder_token_id": 163605,
    "text_config": MORE["Kimi-K2-Thinking"],
    "tie_word_embeddings": False,
    "vision_config": {
        "init_pos_emb_height": 64,
        "init_pos_emb_time": 4,
        "init_pos_emb_width": 64,
        "merge_kernel_size": [2, 2],
        "mm_hidden_size": 1152,
        "model_type": "kimi_k25_vision",
        "patch_size": 14,
        "vt_hidden_size": 1152,
        "vt_intermediate_size": 4304,
        "vt_num_attention_heads": 16,
        "vt_num_hidden_layers": 27,
    },
}

# Shapes that the publishers' or the reference library's own pages, read while the families were
# written, do not give.
FROM_MEMORY = {
    "Codestral-22B-v0.1",
    "DeepSeek-R1-Distill-Qwen-1.5B",
    "DeepSeek-R1-Distill-Qwen-7B",
    "DeepSeek-R1-Distill-Qwen-14B",
    "DeepSeek-R1-Distill-Qwen-32B",
    "DeepSeek-R1-Distill-Llama-8B",
    "DeepSeek-R1-Distill-Llama-70B",
    "Kimi-K2-Thinking",
    "Kimi-K2.5",
    "Magistral-Small-2506",
    "Mistral-Large-Instruct-2407",
    "Minitron-8B-Base",
    "Mixtral-8x22B-v0.1",
    "Olmo-3-1125-32B",
    "QwQ-32B-Preview",
    "Qwen3.5-397B-A17B",
    "Yi-34B-200K",
    "bloomz",
    "c4ai-command-r-plus",
    "phi-4-reasoning-plus",
}

RELEASES |= MORE

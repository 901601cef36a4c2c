"""Configurations of published releases: the numbers that decide shapes and families, as their
config.json has them. Weights of quantised releases are listed as plain numbers."""


def llama(kind: str, D: int, F: int, L: int, H: int, G: int, V: int, ctx: int, theta: float, **more) -> dict:
    """The keys that a llama-like release has."""
    return {
        "model_type": kind,
        "hidden_size": D,
        "intermediate_size": F,
        "num_hidden_layers": L,
        "num_attention_heads": H,
        "num_key_value_heads": G,
        "vocab_size": V,
        "max_position_embeddings": ctx,
        "rope_theta": theta,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-05,
        "tie_word_embeddings": False,
    } | more


def layer_norms(release: dict) -> dict:
    """The same with layer norms, whose epsilon is another key or fixed."""
    return {k: v for k, v in release.items() if k != "rms_norm_eps"}


RULES = {
    "attention_bias": False,
    "full_attention_interval": 4,
    "head_dim": 256,
    "linear_conv_kernel_dim": 4,
    "linear_key_head_dim": 128,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "linear_value_head_dim": 128,
    "rms_norm_eps": 1e-06,
}


def qwen3_5(kind: str, D: int, L: int, H: int, G: int, **more) -> dict:
    """The text part of a Qwen 3.5."""
    rope = {
        "mrope_interleaved": True,
        "mrope_section": [11, 11, 10],
        "partial_rotary_factor": 0.25,
        "rope_theta": 10000000,
        "rope_type": "default",
    }
    release = llama(kind, D, 0, L, H, G, 248320, 262144, 0) | RULES
    del release["rope_theta"], release["intermediate_size"]
    layers = ["linear_attention"] * 3 + ["full_attention"]
    own = {"attn_output_gate": True, "layer_types": layers * (L // 4), "mamba_ssm_dtype": "float32"}
    return release | own | {"rope_parameters": rope} | more


LLAMA3 = {
    "factor": 8.0,
    "high_freq_factor": 4.0,
    "low_freq_factor": 1.0,
    "original_max_position_embeddings": 8192,
    "rope_type": "llama3",
}
V3 = llama("deepseek_v3", 7168, 18432, 61, 128, 128, 129280, 163840, 10000) | {
    "first_k_dense_replace": 3,
    "kv_lora_rank": 512,
    "moe_intermediate_size": 2048,
    "n_group": 8,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_experts_per_tok": 8,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "rms_norm_eps": 1e-06,
    "rope_scaling": {
        "beta_fast": 32,
        "beta_slow": 1,
        "factor": 40,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "original_max_position_embeddings": 4096,
        "type": "yarn",
    },
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "topk_group": 4,
    "topk_method": "noaux_tc",
    "v_head_dim": 128,
}
GEMMA4 = {
    "full_attention": {"partial_rotary_factor": 0.25, "rope_theta": 1000000.0, "rope_type": "proportional"},
    "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"},
}


def sliding(period: int, layers: int) -> list:
    """layer_types of a model whose every so manyth layer, and the last, attends to everything."""
    kinds = ["full_attention" if (i + 1) % period == 0 else "sliding_attention" for i in range(layers)]
    return kinds[:-1] + ["full_attention"]


# By the release's name: its config.json.
V4 = {
    "architectures": ["DeepseekV4ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 0,
    "compress_rope_theta": 160000,
    "eos_token_id": 1,
    "expert_dtype": "fp4",
    "hc_eps": 1e-06,
    "hc_mult": 4,
    "hc_sinkhorn_iters": 20,
    "head_dim": 512,
    "hidden_act": "silu",
    "hidden_size": 4096,
    "index_head_dim": 128,
    "index_n_heads": 64,
    "index_topk": 512,
    "initializer_range": 0.02,
    "max_position_embeddings": 1048576,
    "model_type": "deepseek_v4",
    "moe_intermediate_size": 2048,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_attention_heads": 64,
    "num_experts_per_tok": 6,
    "num_hash_layers": 3,
    "num_hidden_layers": 43,
    "num_key_value_heads": 1,
    "num_nextn_predict_layers": 1,
    "o_groups": 8,
    "o_lora_rank": 1024,
    "q_lora_rank": 1024,
    "qk_rope_head_dim": 64,
    "rms_norm_eps": 1e-06,
    "rope_scaling": {
        "beta_fast": 32,
        "beta_slow": 1,
        "factor": 16,
        "original_max_position_embeddings": 65536,
        "type": "yarn",
    },
    "rope_theta": 10000,
    "routed_scaling_factor": 1.5,
    "scoring_func": "sqrtsoftplus",
    "sliding_window": 128,
    "swiglu_limit": 10.0,
    "tie_word_embeddings": False,
    "topk_method": "noaux_tc",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.57.1",
    "use_cache": True,
    "vocab_size": 129280,
}

RELEASES = {
    "Llama-3.1-8B": llama("llama", 4096, 14336, 32, 32, 8, 128256, 131072, 500000.0, rope_scaling=LLAMA3),
    "Llama-2-7b-hf": llama("llama", 4096, 11008, 32, 32, 32, 32000, 4096, 10000.0),
    "Mistral-7B-v0.1": llama("mistral", 4096, 14336, 32, 32, 8, 32000, 32768, 10000.0, sliding_window=4096),
    "Mistral-Nemo-Base-2407": llama(
        "mistral", 5120, 14336, 40, 32, 8, 131072, 131072, 1000000.0, head_dim=128, sliding_window=None
    ),
    "Mixtral-8x7B-v0.1": llama(
        "mixtral", 4096, 14336, 32, 32, 8, 32000, 32768, 1e6, num_local_experts=8, num_experts_per_tok=2, sliding_window=None
    ),
    "Qwen2.5-7B": llama("qwen2", 3584, 18944, 28, 28, 4, 152064, 131072, 1000000.0, use_sliding_window=False),
    "Qwen3-8B": llama("qwen3", 4096, 12288, 36, 32, 8, 151936, 40960, 1000000, head_dim=128, attention_bias=False),
    "Qwen3-30B-A3B": llama("qwen3_moe", 2048, 6144, 48, 32, 4, 151936, 40960, 1000000.0, head_dim=128)
    | {
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
        "moe_intermediate_size": 768,
        "norm_topk_prob": True,
        "num_experts": 128,
        "num_experts_per_tok": 8,
    },
    "Qwen1.5-MoE-A2.7B": llama("qwen2_moe", 2048, 5632, 24, 16, 16, 151936, 8192, 1000000.0)
    | {
        "decoder_sparse_step": 1,
        "moe_intermediate_size": 1408,
        "norm_topk_prob": False,
        "num_experts": 60,
        "num_experts_per_tok": 4,
        "shared_expert_intermediate_size": 5632,
    },
    "OLMoE-1B-7B-0924": llama(
        "olmoe", 2048, 1024, 16, 16, 16, 50304, 4096, 10000.0, num_experts=64, num_experts_per_tok=8, norm_topk_prob=False
    ),
    "Phi-3.5-MoE-instruct": llama("phimoe", 4096, 6400, 32, 32, 8, 32064, 131072, 10000.0)
    | {
        "attention_bias": True,
        "lm_head_bias": True,
        "num_experts_per_tok": 2,
        "num_local_experts": 16,
        "original_max_position_embeddings": 4096,
        "rope_scaling": {
            "long_factor": [1.0 + i for i in range(64)],
            "long_mscale": 1.243163121016122,
            "original_max_position_embeddings": 4096,
            "short_factor": [1.0] * 64,
            "short_mscale": 1.243163121016122,
            "type": "longrope",
        },
        "sliding_window": 131072,
    },
    "gpt-oss-20b": llama("gpt_oss", 2880, 2880, 24, 64, 8, 201088, 131072, 150000)
    | {
        "attention_bias": True,
        "head_dim": 64,
        "num_experts_per_tok": 4,
        "num_local_experts": 32,
        "rope_scaling": {
            "beta_fast": 32.0,
            "beta_slow": 1.0,
            "factor": 32.0,
            "original_max_position_embeddings": 4096,
            "rope_type": "yarn",
            "truncate": False,
        },
        "sliding_window": 128,
        "swiglu_limit": 7.0,
    },
    "Llama-4-Scout-17B-16E": llama("llama4_text", 5120, 8192, 48, 40, 8, 202048, 10485760, 500000.0)
    | {
        "attention_chunk_size": 8192,
        "attn_temperature_tuning": True,
        "head_dim": 128,
        "interleave_moe_layer_step": 1,
        "intermediate_size_mlp": 16384,
        "num_experts_per_tok": 1,
        "num_local_experts": 16,
        "use_qk_norm": True,
    },
    "GLM-4.5-Air": llama("glm4_moe", 4096, 10944, 46, 96, 8, 151552, 131072, 1000000)
    | {
        "attention_bias": True,
        "first_k_dense_replace": 1,
        "head_dim": 128,
        "moe_intermediate_size": 1408,
        "n_group": 1,
        "n_routed_experts": 128,
        "n_shared_experts": 1,
        "norm_topk_prob": True,
        "num_experts_per_tok": 8,
        "partial_rotary_factor": 0.5,
        "routed_scaling_factor": 1.0,
        "topk_group": 1,
        "use_qk_norm": False,
    },
    "MiniMax-M2": llama("minimax_m2", 3072, 1536, 62, 48, 8, 200064, 196608, 5000000)
    | {
        "head_dim": 128,
        "num_experts_per_tok": 8,
        "num_local_experts": 256,
        "qk_norm_type": "per_layer",
        "rms_norm_eps": 1e-06,
        "rotary_dim": 64,
        "scoring_func": "sigmoid",
        "use_qk_norm": True,
        "use_routing_bias": True,
    },
    "ERNIE-4.5-21B-A3B-PT": llama("ernie4_5_moe", 2560, 12288, 28, 20, 4, 103424, 131072, 500000)
    | {
        "head_dim": 128,
        "moe_intermediate_size": 1536,
        "moe_k": 6,
        "moe_layer_end_index": 29,
        "moe_layer_interval": 1,
        "moe_layer_start_index": 1,
        "moe_num_experts": 64,
        "moe_num_shared_experts": 2,
        "tie_word_embeddings": True,
        "use_bias": False,
    },
    "DeepSeek-V2-Lite": llama("deepseek_v2", 2048, 10944, 27, 16, 16, 102400, 163840, 10000)
    | {
        "first_k_dense_replace": 1,
        "kv_lora_rank": 512,
        "moe_intermediate_size": 1408,
        "n_group": 1,
        "n_routed_experts": 64,
        "n_shared_experts": 2,
        "norm_topk_prob": False,
        "num_experts_per_tok": 6,
        "q_lora_rank": None,
        "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64,
        "rms_norm_eps": 1e-06,
        "routed_scaling_factor": 1.0,
        "topk_group": 1,
        "topk_method": "greedy",
        "v_head_dim": 128,
    },
    "DeepSeek-V3": V3,
    "Kimi-K2-Instruct": V3
    | {
        "first_k_dense_replace": 1,
        "max_position_embeddings": 131072,
        "model_type": "kimi_k2",
        "n_group": 1,
        "n_routed_experts": 384,
        "num_attention_heads": 64,
        "num_key_value_heads": 64,
        "rope_theta": 50000.0,
        "routed_scaling_factor": 2.827,
        "topk_group": 1,
        "vocab_size": 163840,
    },
    "Phi-3-mini-4k-instruct": llama("phi3", 3072, 8192, 32, 32, 32, 32064, 4096, 10000.0, sliding_window=2047),
    "phi-4": llama("phi3", 5120, 17920, 40, 40, 10, 100352, 16384, 250000, sliding_window=None),
    "gemma-7b": llama("gemma", 3072, 24576, 28, 16, 16, 256000, 8192, 10000.0)
    | {"head_dim": 256, "hidden_act": "gelu_pytorch_tanh", "tie_word_embeddings": True},
    "gemma-2-27b": llama("gemma2", 4608, 36864, 46, 32, 16, 256000, 8192, 10000.0)
    | {
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
        "head_dim": 128,
        "hidden_activation": "gelu_pytorch_tanh",
        "query_pre_attn_scalar": 144,
        "sliding_window": 4096,
        "tie_word_embeddings": True,
    },
    "gemma-3-1b-it": llama("gemma3_text", 1152, 6912, 26, 4, 1, 262144, 32768, 1000000)
    | {
        "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh",
        "query_pre_attn_scalar": 256,
        "rope_local_base_freq": 10000,
        "sliding_window": 512,
        "sliding_window_pattern": 6,
        "tie_word_embeddings": True,
    },
    "gemma-4-26B-A4B": {
        "attention_k_eq_v": True,
        "enable_moe_block": True,
        "final_logit_softcapping": 30.0,
        "global_head_dim": 512,
        "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": 2816,
        "hidden_size_per_layer_input": 0,
        "intermediate_size": 2112,
        "layer_types": sliding(6, 30),
        "max_position_embeddings": 262144,
        "model_type": "gemma4_text",
        "moe_intermediate_size": 704,
        "num_attention_heads": 16,
        "num_experts": 128,
        "num_global_key_value_heads": 2,
        "num_hidden_layers": 30,
        "num_key_value_heads": 8,
        "num_kv_shared_layers": 0,
        "rms_norm_eps": 1e-06,
        "rope_parameters": GEMMA4,
        "sliding_window": 1024,
        "tie_word_embeddings": True,
        "top_k_experts": 8,
        "vocab_size": 262144,
    },
    "gemma-4-E4B": {
        "attention_k_eq_v": False,
        "enable_moe_block": False,
        "final_logit_softcapping": 30.0,
        "global_head_dim": 512,
        "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": 2560,
        "hidden_size_per_layer_input": 256,
        "intermediate_size": 10240,
        "layer_types": sliding(6, 42),
        "max_position_embeddings": 131072,
        "model_type": "gemma4_text",
        "num_attention_heads": 8,
        "num_hidden_layers": 42,
        "num_key_value_heads": 2,
        "num_kv_shared_layers": 18,
        "rms_norm_eps": 1e-06,
        "rope_parameters": GEMMA4,
        "sliding_window": 512,
        "tie_word_embeddings": True,
        "vocab_size": 262144,
        "vocab_size_per_layer_input": 262144,
    },
    "glm-4-9b-hf": llama("glm", 4096, 13696, 40, 32, 2, 151552, 8192, 10000.0)
    | {"attention_bias": True, "head_dim": 128, "partial_rotary_factor": 0.5, "rms_norm_eps": 1.5625e-07},
    "GLM-4-9B-0414": llama("glm4", 4096, 13696, 40, 32, 2, 151552, 32768, 10000.0)
    | {"attention_bias": True, "head_dim": 128, "partial_rotary_factor": 0.5},
    "OLMo-7B-hf": layer_norms(llama("olmo", 4096, 11008, 32, 32, 32, 50304, 2048, 10000.0, clip_qkv=None)),
    "OLMo-2-1124-7B": llama("olmo2", 4096, 11008, 32, 32, 32, 100352, 4096, 500000),
    "Olmo-3-1025-7B": llama("olmo3", 4096, 11008, 32, 32, 32, 100278, 65536, 500000)
    | {
        "layer_types": sliding(4, 32),
        "rope_scaling": {
            "attention_factor": 1.2079441541679836,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
            "factor": 8.0,
            "original_max_position_embeddings": 8192,
            "rope_type": "yarn",
        },
        "sliding_window": 4096,
    },
    "stablelm-2-12b": layer_norms(llama("stablelm", 5120, 13824, 40, 32, 8, 100352, 4096, 10000)
    | {
        "layer_norm_eps": 1e-05,
        "partial_rotary_factor": 0.25,
        "qk_layernorm": True,
        "use_parallel_residual": True,
        "use_qkv_bias": False,
    }),
    "starcoder2-7b": layer_norms(llama("starcoder2", 4608, 18432, 32, 36, 4, 49152, 16384, 1000000)
    | {
        "hidden_act": "gelu_pytorch_tanh",
        "norm_epsilon": 1e-05,
        "sliding_window": 4096,
        "tie_word_embeddings": True,
        "use_bias": True,
    }),
    "c4ai-command-r-v01": layer_norms(llama("cohere", 8192, 22528, 40, 64, 64, 256000, 8192, 8000000.0)
    | {"layer_norm_eps": 1e-05, "logit_scale": 0.0625, "tie_word_embeddings": True}),
    "c4ai-command-r7b-12-2024": layer_norms(llama("cohere2", 4096, 14336, 32, 32, 8, 256000, 8192, 50000)
    | {
        "layer_norm_eps": 1e-05,
        "logit_scale": 0.25,
        "sliding_window": 4096,
        "sliding_window_pattern": 4,
        "tie_word_embeddings": True,
    }),
    "granite-3.3-8b-base": llama("granite", 4096, 12800, 40, 32, 8, 49159, 131072, 10000000.0)
    | {
        "attention_multiplier": 0.0078125,
        "embedding_multiplier": 12.0,
        "logits_scaling": 16.0,
        "residual_multiplier": 0.22,
        "tie_word_embeddings": True,
    },
    "SmolLM3-3B": llama("smollm3", 2048, 11008, 36, 16, 4, 128256, 65536, 5000000.0)
    | {"no_rope_layer_interval": 4, "tie_word_embeddings": True},
    "mpt-7b": {
        "attn_config": {"alibi": True, "alibi_bias_max": 8, "attn_type": "multihead_attention", "clip_qkv": None},
        "d_model": 4096,
        "expansion_ratio": 4,
        "max_seq_len": 2048,
        "model_type": "mpt",
        "n_heads": 32,
        "n_layers": 32,
        "no_bias": True,
        "vocab_size": 50432,
    },
    "gpt2-xl": {"model_type": "gpt2", "n_ctx": 1024, "n_embd": 1600, "n_head": 25, "n_layer": 48, "n_positions": 1024, "torch_dtype": "float32", "vocab_size": 50257},
    "gpt-neo-2.7B": {
        "attention_types": [[["global", "local"], 16]],
        "hidden_size": 2560,
        "intermediate_size": None,
        "max_position_embeddings": 2048,
        "model_type": "gpt_neo",
        "num_heads": 20,
        "num_layers": 32,
        "torch_dtype": "float32",
        "vocab_size": 50257,
        "window_size": 256,
    },
    "gpt-neox-20b": {
        "hidden_act": "gelu_fast",
        "hidden_size": 6144,
        "intermediate_size": 24576,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 2048,
        "model_type": "gpt_neox",
        "num_attention_heads": 64,
        "num_hidden_layers": 44,
        "rotary_emb_base": 10000,
        "rotary_pct": 0.25,
        "tie_word_embeddings": False,
        "use_parallel_residual": True,
        "vocab_size": 50432,
    },
    "gpt-j-6b": {
        "activation_function": "gelu_new",
        "model_type": "gptj",
        "n_embd": 4096,
        "n_head": 16,
        "n_layer": 28,
        "n_positions": 2048,
        "rotary_dim": 64,
        "tie_word_embeddings": False,
        "vocab_size": 50400,
    },
    "bloom-7b1": {
        "hidden_size": 4096,
        "layer_norm_epsilon": 1e-05,
        "model_type": "bloom",
        "n_head": 32,
        "n_layer": 30,
        "vocab_size": 250880,
    },
    "opt-6.7b": {
        "activation_function": "relu",
        "do_layer_norm_before": True,
        "ffn_dim": 16384,
        "hidden_size": 4096,
        "max_position_embeddings": 2048,
        "model_type": "opt",
        "num_attention_heads": 32,
        "num_hidden_layers": 32,
        "vocab_size": 50272,
        "word_embed_proj_dim": 4096,
    },
    "falcon-7b": {
        "alibi": False,
        "bias": False,
        "hidden_size": 4544,
        "model_type": "falcon",
        "multi_query": True,
        "new_decoder_architecture": False,
        "num_attention_heads": 71,
        "num_hidden_layers": 32,
        "parallel_attn": True,
        "vocab_size": 65024,
    },
    "falcon-40b": {
        "alibi": False,
        "bias": False,
        "hidden_size": 8192,
        "model_type": "falcon",
        "new_decoder_architecture": True,
        "num_attention_heads": 128,
        "num_hidden_layers": 60,
        "num_kv_heads": 8,
        "parallel_attn": True,
        "vocab_size": 65024,
    },
    "phi-2": {
        "hidden_act": "gelu_new",
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 2048,
        "model_type": "phi",
        "num_attention_heads": 32,
        "num_hidden_layers": 32,
        "num_key_value_heads": 32,
        "partial_rotary_factor": 0.4,
        "qk_layernorm": False,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "vocab_size": 51200,
    },
    "DeepSeek-V4-Flash": V4
    | {
        "compress_ratios": [0, 0, *[4, 128] * 20, 4, 0, 0, 0],
        "dspark_block_size": 5,
        "dspark_markov_rank": 256,
        "dspark_noise_token_id": 128799,
        "dspark_target_layer_ids": [40, 41, 42],
    },
    "DeepSeek-V4-Pro": V4
    | {
        "compress_ratios": [128, 128, *[4, 128] * 29, 4, 0],
        "hidden_size": 7168,
        "index_topk": 1024,
        "moe_intermediate_size": 3072,
        "n_routed_experts": 384,
        "num_attention_heads": 128,
        "num_hidden_layers": 61,
        "o_groups": 16,
        "q_lora_rank": 1536,
        "routed_scaling_factor": 2.5,
    },
    "Qwen3-Next-80B-A3B-Instruct": llama("qwen3_next", 2048, 5120, 48, 16, 2, 151936, 262144, 10000000)
    | RULES
    | {
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
        "moe_intermediate_size": 512,
        "norm_topk_prob": True,
        "num_experts": 512,
        "num_experts_per_tok": 10,
        "partial_rotary_factor": 0.25,
        "shared_expert_intermediate_size": 512,
    },
    "Qwen3.5-0.8B": qwen3_5("qwen3_5_text", 1024, 24, 8, 2, intermediate_size=3584, tie_word_embeddings=True)
    | {"linear_num_value_heads": 16},
    "Qwen3.5-27B": qwen3_5("qwen3_5_text", 5120, 64, 24, 4, intermediate_size=17408) | {"linear_num_value_heads": 48},
    "Qwen3.5-35B-A3B": qwen3_5(
        "qwen3_5_moe_text",
        2048,
        40,
        16,
        2,
        moe_intermediate_size=512,
        num_experts=256,
        num_experts_per_tok=8,
        shared_expert_intermediate_size=512,
    ),
}

"""Golden mixtures of experts: see cases.py. `what` names the numbered traps of the design notes that
a case covers (part B of the sheet of mixtures: T1 ... T36)."""

from change import but, rope

LONG = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0]
SHORT = [1.0, 1.0, 1.125, 1.125, 1.25, 1.25, 1.5, 1.5]

BASE = {
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 64,
    "initializer_range": 0.02,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 0.015625,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.51.0",
    "use_cache": True,
    "vocab_size": 96,
}

MIXTRAL = BASE | {
    "architectures": ["MixtralForCausalLM"],
    "model_type": "mixtral",
    "attention_dropout": 0.0,
    "num_experts_per_tok": 2,
    "num_local_experts": 4,
    "output_router_logits": False,
    "router_aux_loss_coef": 0.02,
    "sliding_window": None,
}

QWEN3_MOE = BASE | {
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "attention_bias": False,
    "attention_dropout": 0.0,
    "decoder_sparse_step": 1,
    "head_dim": 32,
    "intermediate_size": 96,
    "max_window_layers": 2,
    "mlp_only_layers": [],
    "moe_intermediate_size": 32,
    "norm_topk_prob": True,
    "num_experts": 8,
    "num_experts_per_tok": 3,
    "output_router_logits": False,
    "rope_scaling": None,
    "router_aux_loss_coef": 0.001,
    "sliding_window": None,
    "use_sliding_window": False,
}

QWEN2_MOE = BASE | {
    "architectures": ["Qwen2MoeForCausalLM"],
    "model_type": "qwen2_moe",
    "attention_dropout": 0.0,
    "decoder_sparse_step": 1,
    "intermediate_size": 96,
    "max_window_layers": 2,
    "moe_intermediate_size": 32,
    "norm_topk_prob": False,
    "num_experts": 6,
    "num_experts_per_tok": 2,
    "output_router_logits": False,
    "router_aux_loss_coef": 0.001,
    "shared_expert_intermediate_size": 64,
    "sliding_window": 32768,
    "use_sliding_window": False,
}

OLMOE = BASE | {
    "architectures": ["OlmoeForCausalLM"],
    "model_type": "olmoe",
    "attention_bias": False,
    "attention_dropout": 0.0,
    "clip_qkv": None,
    "norm_topk_prob": False,
    "num_experts": 6,
    "num_experts_per_tok": 3,
    "output_router_logits": False,
    "rope_scaling": None,
    "router_aux_loss_coef": 0.01,
}

GPT_OSS = BASE | {
    "architectures": ["GptOssForCausalLM"],
    "model_type": "gpt_oss",
    "attention_bias": True,
    "attention_dropout": 0.0,
    "experts_per_token": 3,
    "head_dim": 16,
    "initial_context_length": 4096,
    "layer_types": ["sliding_attention", "full_attention"],
    "num_experts_per_tok": 3,
    "num_local_experts": 5,
    "output_router_logits": False,
    "rope_scaling": {
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "factor": 32.0,
        "original_max_position_embeddings": 4096,
        "rope_type": "yarn",
        "truncate": False,
    },
    "rope_theta": 150000,
    "router_aux_loss_coef": 0.9,
    "sliding_window": 8,
    "swiglu_limit": 7.0,
}

PHIMOE = BASE | {
    "architectures": ["PhimoeForCausalLM"],
    "model_type": "phimoe",
    "attention_bias": True,
    "attention_dropout": 0.0,
    "input_jitter_noise": 0.01,
    "lm_head_bias": True,
    "num_experts_per_tok": 2,
    "num_local_experts": 6,
    "output_router_logits": False,
    "rope_scaling": None,
    "router_aux_loss_coef": 0.0,
    "router_jitter_noise": 0.25,
    "sliding_window": 131072,
}

GLM4_MOE = BASE | {
    "architectures": ["Glm4MoeForCausalLM"],
    "model_type": "glm4_moe",
    "attention_bias": True,
    "attention_dropout": 0.0,
    "first_k_dense_replace": 1,
    "head_dim": 32,
    "intermediate_size": 96,
    "moe_intermediate_size": 32,
    "n_group": 1,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_experts_per_tok": 3,
    "num_hidden_layers": 3,
    "partial_rotary_factor": 0.5,
    "rope_scaling": None,
    "routed_scaling_factor": 1.5,
    "topk_group": 1,
    "use_qk_norm": True,
}

MINIMAX_M2 = BASE | {
    "architectures": ["MiniMaxM2ForCausalLM"],
    "model_type": "minimax_m2",
    "head_dim": 32,
    "num_experts_per_tok": 3,
    "num_local_experts": 6,
    "qk_norm_type": "per_layer",
    "rope_theta": 5000000,
    "rotary_dim": 16,
    "scoring_func": "sigmoid",
    "use_qk_norm": True,
    "use_routing_bias": True,
}

ERNIE = BASE | {
    "architectures": ["Ernie4_5_MoeForCausalLM"],
    "model_type": "ernie4_5_moe",
    "head_dim": 32,
    "intermediate_size": 96,
    "moe_capacity": [64, 64, 64],
    "moe_gate": "topk",
    "moe_intermediate_size": 32,
    "moe_k": 3,
    "moe_layer_end_index": -1,
    "moe_layer_interval": 1,
    "moe_layer_start_index": 1,
    "moe_norm_min": 0.875,
    "moe_num_experts": 8,
    "moe_num_shared_experts": 2,
    "num_hidden_layers": 3,
    "rope_theta": 500000.0,
    "tie_word_embeddings": True,
    "use_bias": False,
}

LLAMA4 = BASE | {
    "architectures": ["Llama4ForCausalLM"],
    "model_type": "llama4_text",
    "attention_bias": False,
    "attention_chunk_size": 12,
    "attention_dropout": 0.0,
    "attn_scale": 0.1,
    "attn_temperature_tuning": 4,
    "floor_scale": 8,
    "head_dim": 32,
    "hidden_size": 32,
    "interleave_moe_layer_step": 1,
    "intermediate_size": 32,
    "intermediate_size_mlp": 64,
    "no_rope_layers": [1, 0, 1],
    "num_experts_per_tok": 1,
    "num_hidden_layers": 3,
    "num_local_experts": 4,
    "output_router_logits": False,
    "rope_scaling": None,
    "rope_theta": 500000.0,
    "router_aux_loss_coef": 0.001,
    "router_jitter_noise": 0.0,
    "use_qk_norm": True,
    "vocab_size": 64,
}

DENSE_LAYERS = "a GGUF file of this architecture has experts on every layer"
INERT = ["output_router_logits", "router_aux_loss_coef", "sliding_window", "max_window_layers"]
NO_DENSE = ["intermediate_size", *INERT]

MIXTURES = {
    "mixtral_plain": {
        "what": "two experts of four, weights that sum to one (T5); a GGUF file says it is a llama (T32)",
        "config": MIXTRAL,
        "llama_cpp": True,
        "inert": INERT,
    },
    "mixtral_window": {
        "what": "a window; three experts of five; keys left out: head width, theta (1e6)",
        "config": but(
            MIXTRAL,
            "rope_theta",
            sliding_window=8,
            num_local_experts=5,
            num_experts_per_tok=3,
        ),
        "no_gguf": "a GGUF file of this architecture has no sliding window",
        "inert": INERT[:2],
    },
    "mixtral_release": {
        "what": "a whole release as the reference library saves it; one tensor for each expert (T25)",
        "config": but(
            MIXTRAL, hidden_size=32, intermediate_size=32, vocab_size=64, num_attention_heads=2, num_key_value_heads=1
        ),
        "release": "bfloat16",
        "inert": INERT,
    },
    "qwen3_moe_plain": {
        "what": "norms of heads, wide heads, weights that sum to one (T5, T30)",
        "config": QWEN3_MOE,
        "llama_cpp": True,
        "inert": NO_DENSE,
    },
    "qwen3_moe_dense_layers": {
        "what": "dense layers by decoder_sparse_step and mlp_only_layers; biases; weights as they are",
        "config": but(
            QWEN3_MOE,
            "norm_topk_prob",
            attention_bias=True,
            num_hidden_layers=4,
            decoder_sparse_step=2,
            mlp_only_layers=[3],
        ),
        "no_gguf": DENSE_LAYERS,
        "inert": INERT,
    },
    "qwen3_moe_yarn": {
        "what": "yarn, a tied head, one key head",
        "config": but(
            rope(QWEN3_MOE, rope_type="yarn", factor=4.0, original_max_position_embeddings=32),
            tie_word_embeddings=True,
            num_key_value_heads=1,
        ),
        "inert": NO_DENSE,
    },
    "qwen2_moe_plain": {
        "what": "a shared expert behind a sigmoid gate; weights as they are (T5); biases of q, k and v",
        "config": QWEN2_MOE,
        "llama_cpp": True,
        "inert": NO_DENSE,
    },
    "qwen2_moe_normalised": {
        "what": "norm_topk_prob true; a dense layer in front",
        "config": but(QWEN2_MOE, norm_topk_prob=True, num_hidden_layers=3, mlp_only_layers=[0]),
        "no_gguf": DENSE_LAYERS,
        "inert": INERT,
    },
    "gpt_oss_plain": {
        "what": "sinks; a window that counts the token itself (T17); yarn as a release has it (T15); experts "
        "[in, out], as wide as the model, gate and up in turn, with limits and biases (T3, T9, T26)",
        "config": GPT_OSS,
        "no_gguf": "a GGUF file cannot say that the correction range of yarn is not rounded",
        "hot": {"score": (5, 40), "feed_forward": (7, 30)},  # yarn multiplies scores by 1.8; limits of 7
        "inert": [*INERT[:2], "experts_per_token", "attention_bias", "initial_context_length", "swiglu_limit",
                  "layer_types", "rope_scaling.beta_fast", "rope_scaling.beta_slow"],
    },
    "gpt_oss_gguf": {
        "what": "a correction range that rounding does not change; no layer_types; three layers, wide heads",
        "config": but(
            rope(GPT_OSS, "layer_types", rope_type="yarn", factor=4.0, truncate=False,
                 original_max_position_embeddings=32),
            rope_theta=2.0, num_hidden_layers=3, head_dim=32, num_experts_per_tok=2, experts_per_token=2,
        ),
        "llama_cpp": True,
        "hot": {"score": (5, 40), "feed_forward": (7, 30)},  # yarn multiplies scores by 1.8; limits of 7
        "inert": [*INERT[:2], "experts_per_token", "attention_bias", "initial_context_length", "swiglu_limit",
                  "rope_scaling.truncate", "rope_scaling.original_max_position_embeddings"],
    },
    "phimoe_plain": {
        "what": "layer norms with biases, a head with a bias, experts weighted among near ones (T6)",
        "config": PHIMOE,
        "no_gguf": "a GGUF file cannot say which logits are near",
        "inert": [*INERT, "input_jitter_noise"],
    },
    "phimoe_gguf": {
        "what": "the usual nearness among 16 experts, one key head",
        "config": but(PHIMOE, "router_jitter_noise", num_local_experts=16, num_key_value_heads=1),
        "llama_cpp_differs": "llama.cpp weights the two experts by a softmax over all",
        "inert": [*INERT, "input_jitter_noise"],
    },
    "phimoe_long": {
        "what": "longrope with its own magnitudes, a window, keys left out, no biases, the usual nearness",
        "config": but(
            rope(PHIMOE, "router_jitter_noise", "attention_bias", "lm_head_bias", type="longrope",
                 long_factor=LONG, short_factor=SHORT, long_mscale=1.25, short_mscale=1.25,
                 original_max_position_embeddings=32),
            sliding_window=8,
        ),
        "no_gguf": "a GGUF file of this architecture has no sliding window",
        "inert": [*INERT[:2], "input_jitter_noise", "rope_scaling.short_factor", "rope_scaling.short_mscale"],
    },
    "glm4_moe_plain": {
        "what": "half of a head rotates; sigmoids chosen with a correction that weights do not have (T1); a dense layer",
        "config": GLM4_MOE,
        "llama_cpp": True,
        "inert": ["n_group", "topk_group"],
    },
    "glm4_moe_groups": {
        "what": "two of four groups (T2); two shared experts in one; no norms of heads; weights as they are",
        "config": but(GLM4_MOE, "use_qk_norm", num_experts_per_tok=2, n_group=4, topk_group=2, n_shared_experts=2, norm_topk_prob=False,
                      attention_bias=False, first_k_dense_replace=2, tie_word_embeddings=True),
        "no_gguf": "llama.cpp has no groups of experts for this architecture",
    },
    "minimax_m2_plain": {
        "what": "norms over all heads (T14), half of a head rotates, sigmoids chosen with a correction (T1)",
        "config": MINIMAX_M2,
        "llama_cpp": True,
        "inert": ["qk_norm_type", "scoring_func", "use_qk_norm", "use_routing_bias"],
    },
    "ernie4_5_moe_plain": {
        "what": "adjacent pairs (T10, T32); a correction of probabilities (T1, T33); a least sum; two shared experts",
        "config": ERNIE,
        "no_gguf": "a GGUF file cannot say the least sum of the weights",
        "inert": ["moe_capacity", "moe_gate", "use_bias", "moe_layer_end_index", "moe_layer_interval"],
    },
    "ernie4_5_moe_gguf": {
        "what": "the usual least sum, wide heads; every layer a mixture but the first; untied",
        "config": but(ERNIE, "moe_norm_min", tie_word_embeddings=False, moe_num_shared_experts=1),
        "llama_cpp": True,
        "inert": ["moe_capacity", "moe_gate", "use_bias", "moe_layer_end_index", "moe_layer_interval"],
    },
    "ernie4_5_moe_some": {
        "what": "mixtures on every other layer of a range, without shared experts",
        "config": but(ERNIE, moe_layer_start_index=2, moe_layer_interval=2, moe_layer_end_index=4,
                      moe_num_shared_experts=0, num_hidden_layers=6),
        "no_gguf": "llama.cpp has no last layer of the mixtures",
        "inert": ["moe_capacity", "moe_gate", "use_bias"],
    },
    "llama4_plain": {
        "what": "blocks by absolute position, a layer that does not rotate and warms (T18), adjacent pairs (T10, T32), "
        "weights on the input (T4), experts [in, out] and square (T26)",
        "config": LLAMA4,
        "no_gguf": "a GGUF file cannot say the blocks, the layers that rotate and the growth of queries",
        "inert": [*INERT[:2], "router_jitter_noise", "attention_bias", "attn_temperature_tuning", "use_qk_norm",
                  "interleave_moe_layer_step", "intermediate_size_mlp"],
    },
    "llama4_dense": {
        "what": "mixtures on every other layer, dense layers of their own width (T4), no norms, no growth, llama3 scaling",
        "config": but(
            rope(LLAMA4, "no_rope_layers", rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                 original_max_position_embeddings=32),
            interleave_moe_layer_step=2, no_rope_layer_interval=2, num_hidden_layers=4, use_qk_norm=False,
            attn_temperature_tuning=False, num_experts_per_tok=2, rope_theta=500.0,
        ),
        "no_gguf": "a GGUF file cannot say the blocks, the layers that rotate and the growth of queries",
        "inert": [*INERT[:2], "router_jitter_noise", "attention_bias", "attn_scale", "floor_scale"],
    },
    "llama4_gguf": {
        "what": "what a GGUF file can say: every fourth layer does not rotate, blocks longer than the text; a list of mixtures",
        "config": but(
            LLAMA4, "no_rope_layers", "attention_chunk_size", "floor_scale", "attn_scale", "attn_temperature_tuning",
            num_hidden_layers=4, interleave_moe_layer_step=2,
        ),
        "llama_cpp": True,
        "inert": [*INERT[:2], "router_jitter_noise", "attention_bias"],
    },
    "olmoe_plain": {
        "what": "norms over all heads (T14), six experts of which three, weights as they are (T5)",
        "config": but(OLMOE, num_key_value_heads=4),
        "llama_cpp": True,
        "inert": INERT,
    },
    "olmoe_clip": {
        "what": "q, k and v limited after the norms; grouped keys; weights that sum to one",
        "config": but(OLMOE, clip_qkv=1.5, norm_topk_prob=True, attention_bias=True),
        "no_gguf": "a GGUF file of this architecture has no limit of q, k and v",
        "inert": INERT,
    },
}

"""Golden mixtures of experts: see cases.py. `what` names the numbered traps of the design notes that
a case covers (part B of the sheet of mixtures: T1 ... T36)."""

from change import but, rope

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
        "what": "a window; three experts of five; keys left out: head width, theta (1e6), epsilon (1e-5)",
        "config": but(
            MIXTRAL,
            "rope_theta",
            "rms_norm_eps",
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
        "inert": [*INERT[:2], "experts_per_token", "attention_bias", "initial_context_length", "swiglu_limit",
                  "rope_scaling.truncate"],
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

"""Golden models with latent attention: see cases.py. `what` names the numbered traps of the design
notes that a case covers (part B of the sheet of mixtures: T1 ... T36)."""

from change import but, rope

BASE = {
    "attention_bias": False,
    "attention_dropout": 0.0,
    "aux_loss_alpha": 0.001,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "first_k_dense_replace": 1,
    "hidden_act": "silu",
    "hidden_size": 64,
    "initializer_range": 0.02,
    "intermediate_size": 96,
    "kv_lora_rank": 32,
    "max_position_embeddings": 128,
    "moe_intermediate_size": 32,
    "moe_layer_freq": 1,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "num_key_value_heads": 4,
    "pretraining_tp": 1,
    "q_lora_rank": None,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "rms_norm_eps": 0.015625,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "seq_aux": True,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.39.3",
    "use_cache": True,
    "v_head_dim": 24,
    "vocab_size": 96,
}

V2 = BASE | {
    "architectures": ["DeepseekV2ForCausalLM"],
    "model_type": "deepseek_v2",
    "n_group": 1,
    "n_routed_experts": 6,
    "n_shared_experts": 2,
    "norm_topk_prob": False,
    "num_experts_per_tok": 3,
    "routed_scaling_factor": 1.0,
    "scoring_func": "softmax",
    "topk_group": 1,
    "topk_method": "greedy",
}

V3 = BASE | {
    "architectures": ["DeepseekV3ForCausalLM"],
    "ep_size": 1,
    "model_type": "deepseek_v3",
    "n_group": 4,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_experts_per_tok": 3,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 32,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "topk_group": 2,
    "topk_method": "noaux_tc",
}

INERT = ["aux_loss_alpha", "ep_size", "moe_layer_freq", "num_nextn_predict_layers", "scoring_func", "seq_aux",
         "topk_method", "num_key_value_heads", "norm_topk_prob"]  # fmt: skip
V2_INERT = [*INERT, "n_group", "topk_group", "routed_scaling_factor"]
YARN = {"type": "yarn", "factor": 40, "original_max_position_embeddings": 32, "beta_fast": 2, "beta_slow": 0.5}
LITE = "llama.cpp knows queries without a rank by the number of layers, 26 or 27"
EPSILON = "llama.cpp gives the norms of the ranks the epsilon of the others"

LATENT = {
    "deepseek_v2_lite": {
        "what": "queries without a rank; adjacent pairs rotate (T10); norms of the ranks have epsilon 1e-6 (T13); "
        "a dense layer, then experts by softmax with weights as they are (T5), two shared as one",
        "config": V2,
        "llama_cpp_refuses": LITE,
        "inert": V2_INERT,
    },
    "deepseek_v2_gguf": {
        "what": "epsilon left out; keys and values of GGUF as one matrix",
        "config": but(V2, "rms_norm_eps", q_lora_rank=32),
        "llama_cpp": True,
        "inert": V2_INERT,
    },
    "deepseek_v2_groups": {
        "what": "a rank of queries; a group is worth its best (T2); a factor of weights",
        "config": but(
            V2,
            q_lora_rank=32,
            topk_method="group_limited_greedy",
            n_routed_experts=8,
            n_group=4,
            topk_group=2,
            routed_scaling_factor=1.5,
        ),
        "llama_cpp_differs": "llama.cpp takes a group's two best",
        "inert": INERT,
    },
    "deepseek_v2_yarn": {
        "what": "yarn whose mscale_all_dim goes squared into the scale of scores (T15, T23)",
        "config": but(rope(V2, **YARN, mscale=0.707, mscale_all_dim=0.707), "rms_norm_eps", q_lora_rank=32, rope_theta=10.0),
        "inert": [*V2_INERT, "rope_scaling.mscale"],
    },
}

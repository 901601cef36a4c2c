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
    "n_routed_experts": 12,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_experts_per_tok": 3,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 32,
    "qk_nope_head_dim": 32,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "topk_group": 2,
    "topk_method": "noaux_tc",
    "v_head_dim": 32,
}

INERT = ["aux_loss_alpha", "ep_size", "moe_layer_freq", "num_nextn_predict_layers", "scoring_func", "seq_aux",
         "topk_method", "num_key_value_heads", "norm_topk_prob"]  # fmt: skip
V2_INERT = [*INERT, "n_group", "topk_group", "routed_scaling_factor"]
YARN = {"type": "yarn", "factor": 40, "original_max_position_embeddings": 32}
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
            n_routed_experts=12,
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
        "llama_cpp": True,
        "inert": [*V2_INERT, "rope_scaling.mscale"],
    },
    "deepseek_v3_plain": {
        "what": "experts by sigmoid plus a correction that weights do not have (T1), from groups by their two best "
        "(T2), with weights that sum to one, times a factor; values as wide as keys",
        "config": V3,
        "llama_cpp_differs": EPSILON,
        "inert": INERT[:-1],
    },
    "deepseek_v3_apart": {
        "what": "yarn as a release has it (T15); keys and values of GGUF by heads, pairs as in the release (T32)",
        "config": but(
            rope(V3, **YARN, mscale=1.0, mscale_all_dim=1.0), "rms_norm_eps", rope_theta=10.0, norm_topk_prob=False,
            routed_scaling_factor=1.25,
        ),
        "llama_cpp": True,
        "inert": [*INERT, "rope_scaling.mscale"],
    },
    "deepseek_v3_defaults": {
        "what": "keys left out: groups (8, of which 4), experts of a token (8), their normalising and factor, dense "
        "layers (3), theta; queries without a rank; a tied head",
        "config": but(
            V3,
            "n_group",
            "topk_group",
            "num_experts_per_tok",
            "norm_topk_prob",
            "routed_scaling_factor",
            "first_k_dense_replace",
            "rope_theta",
            "rms_norm_eps",
            n_routed_experts=24,
            num_hidden_layers=4,
            q_lora_rank=None,
            tie_word_embeddings=True,
        ),
        "llama_cpp_refuses": LITE,
        "inert": INERT,
    },
    "deepseek_v3_halves": {
        "what": "rope_interleave false; heads whose values are narrower than their keys; two magnitudes of yarn",
        "config": but(
            rope(V3, **YARN, mscale=1.0, mscale_all_dim=0.5),
            rope_interleave=False,
            rope_theta=10.0,
            qk_nope_head_dim=16,
            v_head_dim=24,
        ),
        "no_gguf": "a GGUF file of this architecture has adjacent pairs, and equal magnitudes of yarn",
        "inert": INERT[:-1],
    },
    "kimi_k2_plain": {
        "what": "the numbers of Kimi K2: one group, a correction range of yarn that is one step (T15)",
        "config": but(
            rope(V3, **YARN, beta_fast=1.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0),
            architectures=["DeepseekV3ForCausalLM"],
            model_type="kimi_k2",
            n_group=1,
            topk_group=1,
            num_nextn_predict_layers=0,
            rms_norm_eps=0.015625,
            rope_theta=10.0,
            routed_scaling_factor=2.827,
        ),
        "llama_cpp_differs": EPSILON + "; it takes the betas of yarn from its caller",
        "inert": [*INERT[:-1], "n_group", "topk_group", "rope_scaling.mscale", "rope_scaling.beta_slow"],
    },
}

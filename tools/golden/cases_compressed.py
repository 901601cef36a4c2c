"""Golden models of DeepSeek V4: see cases.py. `what` names the numbered traps of the design notes that a case covers
(part B of the sheet of mixtures: T1 ... T36).

The reference has words for the layers (`config`), a release numbers (`released`)."""

from change import but, rope

WINDOW, CHOSEN, HEAVY = "sliding_attention", "compressed_sparse_attention", "heavily_compressed_attention"

BASE = {
    "architectures": ["DeepseekV4ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 0,
    "compress_rope_theta": 40.0,
    "eos_token_id": 1,
    "hc_eps": 0.015625,
    "hc_mult": 4,
    "hc_sinkhorn_iters": 3,
    "head_dim": 32,
    "hidden_act": "silu",
    "hidden_size": 32,
    "index_head_dim": 32,
    "index_n_heads": 8,
    "index_topk": 3,
    "initializer_range": 0.02,
    "max_position_embeddings": 128,
    "model_type": "deepseek_v4",
    "moe_intermediate_size": 32,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_attention_heads": 4,
    "num_experts_per_tok": 3,
    "num_hidden_layers": 4,
    "num_hash_layers": 1,
    "num_key_value_heads": 1,
    "num_nextn_predict_layers": 1,
    "o_groups": 2,
    "o_lora_rank": 32,
    "q_lora_rank": 32,
    "qk_rope_head_dim": 8,
    "rms_norm_eps": 0.015625,
    "rope_theta": 10.0,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sqrtsoftplus",
    "sliding_window": 7,
    "swiglu_limit": 1.5,
    "tie_word_embeddings": False,
    "topk_method": "noaux_tc",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.57.1",
    "use_cache": True,
    "vocab_size": 96,
}

YARN = {"type": "yarn", "factor": 16, "original_max_position_embeddings": 16}
INERT = ["num_key_value_heads", "num_nextn_predict_layers", "norm_topk_prob", "topk_method", "scoring_func", "hc_mult",
         "n_shared_experts"]  # fmt: skip


def layers(config: dict, *kinds: str, short: int = 4, long: int = 8) -> dict:
    """What the reference reads, and what a release says: numbers, with one more for each layer that drafts."""
    rates = {CHOSEN: short, HEAVY: long}
    read = but(config, num_hidden_layers=len(kinds), layer_types=list(kinds), compress_rates=rates)
    said = but(config, num_hidden_layers=len(kinds), compress_ratios=[rates.get(k, 0) for k in kinds] + [0])
    return {"config": read, "released": said}


MAIN = {"rope_type": "default", "rope_theta": 10.0, "partial_rotary_factor": 0.25}
FLAT = {"rope_type": "default", "rope_theta": 40.0, "partial_rotary_factor": 0.25}

COMPRESSED = {
    "deepseek_v4_plain": {
        "what": "every kind of layer: a window (T17), entries of four that overlap (T20) and are chosen, entries of eight, "
        "with two rope tables, turned back (T15, T19); streams; experts by token (T8), else by a correction (T1), limits (T9)",
        **layers(rope(BASE, **YARN, beta_fast=1, beta_slow=0.25), WINDOW, CHOSEN, HEAVY, CHOSEN),
        "llama_cpp_refuses": "llama.cpp knows entries of 4 and 128 tokens only",
        "transformers": "5.23.0",
        "inert": INERT,
    },
    "deepseek_v4_words": {
        "what": "layers and rope tables in the words of transformers 5: entries of three that overlap, of twelve, whose "
        "blocks lie across pages; no yarn; heavy layers first, as in Pro; three streams; two shared experts",
        "config": but(
            BASE,
            "num_hash_layers",
            "compress_rope_theta",
            "qk_rope_head_dim",
            hc_mult=3,
            num_hidden_layers=3,
            layer_types=[HEAVY, CHOSEN, WINDOW],
            compress_rates={CHOSEN: 3, HEAVY: 12},
            mlp_layer_types=["hash_moe", "hash_moe", "moe"],
            partial_rotary_factor=0.25,
            rope_parameters={"main": MAIN, "compress": FLAT},
        ),
        "no_gguf": "in a GGUF file entries that overlap are those of four tokens",
        "transformers": "5.23.0",
        "inert": [*INERT, "rope_theta", "partial_rotary_factor"],
    },
    "deepseek_v4_gguf": {
        "what": "what llama.cpp runs: a window, entries of four, entries of 128, of which the text completes none; the "
        "usual betas of yarn, which it takes from its caller",
        **layers(rope(but(BASE, head_dim=64, index_head_dim=64), **YARN), WINDOW, CHOSEN, HEAVY, long=128),
        "llama_cpp": True,
        "transformers": "5.23.0",
        "inert": INERT,
    },
    "deepseek_v4_defaults": {
        "what": "keys left out: streams, their rounds and epsilon, the window, limits, experts of a token, those by token "
        "(on three layers), their factor",
        **layers(
            but(
                BASE,
                "hc_mult",
                "hc_sinkhorn_iters",
                "hc_eps",
                "sliding_window",
                "swiglu_limit",
                "num_experts_per_tok",
                "num_hash_layers",
                "routed_scaling_factor",
                "rope_theta",
                "compress_rope_theta",
                "qk_rope_head_dim",
                head_dim=64,
            ),
            CHOSEN, HEAVY, WINDOW, CHOSEN,
        ),
        "llama_cpp_refuses": "llama.cpp knows entries of 4 and 128 tokens only",
        "transformers": "5.23.0",
        "inert": INERT,
    },
}

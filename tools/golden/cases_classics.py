"""Golden models of the families older than llama."""

from change import but

COMMON = {
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.02,
    "torch_dtype": "float32",
    "transformers_version": "4.40.0",
    "use_cache": True,
    "vocab_size": 96,
}
WIDE = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
}

# Where llama.cpp's gelu shows: its table of halves, and the tanh form where the release says erf.
GELU = {
    "llama_cpp_tolerance": 5e-4,
    "llama_cpp_reason": "llama.cpp takes gelu's tanh form from a table of halves",
}

GPT2 = COMMON | {
    "activation_function": "gelu_new",
    "architectures": ["GPT2LMHeadModel"],
    "attn_pdrop": 0.1,
    "embd_pdrop": 0.1,
    "layer_norm_epsilon": 0.015625,
    "model_type": "gpt2",
    "n_ctx": 128,
    "n_embd": 64,
    "n_head": 4,
    "n_layer": 2,
    "n_positions": 128,
    "resid_pdrop": 0.1,
    "summary_activation": None,
    "summary_first_dropout": 0.1,
    "summary_proj_to_labels": True,
    "summary_type": "cls_index",
    "summary_use_proj": True,
}

GPT_NEOX = (
    COMMON
    | WIDE
    | {
        "architectures": ["GPTNeoXForCausalLM"],
        "hidden_act": "gelu",
        "layer_norm_eps": 0.015625,
        "model_type": "gpt_neox",
        "rotary_emb_base": 10000,
        "rotary_pct": 0.25,
        "tie_word_embeddings": False,
        "use_parallel_residual": True,
    }
)

BLOOM = COMMON | {
    "apply_residual_connection_post_layernorm": False,
    "architectures": ["BloomForCausalLM"],
    "attention_softmax_in_fp32": True,
    "hidden_dropout": 0.0,
    "layer_norm_epsilon": 0.015625,
    "model_type": "bloom",
    "n_embed": 64,
    "n_layer": 2,
    "num_attention_heads": 4,
    "pretraining_tp": 1,
    "seq_length": 128,
    "skip_bias_add": True,
}

FALCON = but(
    COMMON | WIDE,
    "intermediate_size",
    "max_position_embeddings",
    alibi=False,
    architectures=["FalconForCausalLM"],
    attention_dropout=0.0,
    bias=False,
    hidden_dropout=0.0,
    layer_norm_epsilon=0.015625,
    model_type="falcon",
    multi_query=True,
    new_decoder_architecture=False,
    num_kv_heads=4,
    parallel_attn=True,
)

PHI = (
    COMMON
    | WIDE
    | {
        "architectures": ["PhiForCausalLM"],
        "attention_dropout": 0.0,
        "embd_pdrop": 0.0,
        "hidden_act": "gelu_new",
        "layer_norm_eps": 0.015625,
        "model_type": "phi",
        "num_key_value_heads": None,
        "partial_rotary_factor": 0.375,
        "qk_layernorm": False,
        "resid_pdrop": 0.0,
        "rope_scaling": None,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
    }
)

STARCODER2 = (
    COMMON
    | WIDE
    | {
        "activation_function": "gelu",
        "architectures": ["Starcoder2ForCausalLM"],
        "attention_dropout": 0.1,
        "attention_softmax_in_fp32": True,
        "embedding_dropout": 0.1,
        "hidden_act": "gelu_pytorch_tanh",
        "layer_norm_epsilon": 1e-05,
        "mlp_type": "default",
        "model_type": "starcoder2",
        "norm_epsilon": 0.015625,
        "norm_type": "layer_norm",
        "num_key_value_heads": 2,
        "residual_dropout": 0.1,
        "rope_theta": 999999.4420358813,
        "scale_attention_softmax_in_fp32": True,
        "scale_attn_weights": True,
        "sliding_window": None,
        "use_bias": True,
    }
)

COHERE = (
    COMMON
    | WIDE
    | {
        "architectures": ["CohereForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "layer_norm_eps": 0.015625,
        "logit_scale": 1.5,
        "model_max_length": 128,
        "model_type": "cohere",
        "num_key_value_heads": 2,
        "rope_theta": 8000000.0,
        "use_qk_norm": False,
    }
)

OLMO = (
    COMMON
    | WIDE
    | {
        "architectures": ["OlmoForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "clip_qkv": None,
        "hidden_act": "silu",
        "model_type": "olmo",
        "num_key_value_heads": 4,
        "rope_scaling": None,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
    }
)

STABLELM = (
    COMMON
    | WIDE
    | {
        "architectures": ["StableLmForCausalLM"],
        "hidden_act": "silu",
        "layer_norm_eps": 0.015625,
        "model_type": "stablelm",
        "num_key_value_heads": 4,
        "partial_rotary_factor": 0.25,
        "rope_theta": 10000,
        "tie_word_embeddings": False,
        "use_qkv_bias": False,
    }
)

MPT = COMMON | {
    "architectures": ["MptForCausalLM"],
    "attn_config": {
        "alibi": True,
        "alibi_bias_max": 8,
        "attn_impl": "torch",
        "attn_pdrop": 0,
        "attn_type": "multihead_attention",
        "attn_uses_sequence_id": False,
        "clip_qkv": None,
        "prefix_lm": False,
        "qk_ln": False,
        "softmax_scale": None,
    },
    "d_model": 64,
    "emb_pdrop": 0.0,
    "embedding_fraction": 1.0,
    "expansion_ratio": 4,
    "init_device": "cpu",
    "layer_norm_epsilon": 0.015625,
    "learned_pos_emb": True,
    "logit_scale": None,
    "max_seq_len": 128,
    "model_type": "mpt",
    "n_heads": 4,
    "n_layers": 2,
    "no_bias": True,
    "norm_type": "low_precision_layernorm",
    "resid_pdrop": 0.0,
    "verbose": 0,
}


def attention(**changes) -> dict:
    return but(MPT, attn_config=MPT["attn_config"] | changes)


GPTJ = but(
    GPT2,
    "n_ctx",
    architectures=["GPTJForCausalLM"],
    model_type="gptj",
    rotary=True,
    rotary_dim=8,
    scale_attn_weights=True,
    tie_word_embeddings=False,
)

GPT_NEO = but(
    COMMON | WIDE,
    "intermediate_size",
    "num_attention_heads",
    "num_hidden_layers",
    activation_function="gelu_new",
    architectures=["GPTNeoForCausalLM"],
    attention_dropout=0,
    attention_layers=["global", "local", "global", "local"],
    attention_types=[[["global", "local"], 2]],
    embed_dropout=0,
    intermediate_size=None,
    layer_norm_epsilon=0.015625,
    model_type="gpt_neo",
    num_heads=4,
    num_layers=4,
    resid_dropout=0,
    window_size=8,
)

OPT = but(
    COMMON | WIDE,
    "intermediate_size",
    _remove_final_layer_norm=False,
    activation_dropout=0.0,
    activation_function="relu",
    architectures=["OPTForCausalLM"],
    attention_dropout=0.0,
    do_layer_norm_before=True,
    dropout=0.1,
    ffn_dim=96,
    layerdrop=0.0,
    model_type="opt",
    prefix="</s>",
    word_embed_proj_dim=64,
)

TINY = {"hidden_size": 32, "num_attention_heads": 2, "vocab_size": 64}

NO_GGUF = "GGUF has no runnable architecture for it"

UNREAD = {"inert": ["activation_function", "layer_norm_epsilon", "scale_attn_weights"]}

CLASSICS = {
    "gpt2_plain": {
        "what": "transposed matrices, learned positions, a tied head (traps 9 and 10)",
        "config": GPT2,
        "llama_cpp": True,
    }
    | GELU,
    "gpt2_hub": {
        "what": "names without `transformer.`, as the first release; n_inner, and a third layer",
        "config": but(GPT2, n_inner=96, n_layer=3),
        "left_out": "transformer.",
    }
    | GELU,
    "gpt2_scales": {
        "what": "scores divided by the number of the layer too, and not by the head's width",
        "config": but(
            GPT2,
            scale_attn_by_inverse_layer_idx=True,
            scale_attn_weights=False,
            n_layer=3,
            n_head=16,
        ),
        "no_gguf": "a GGUF file cannot say how scores are scaled",
    },
    "gpt2_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(GPT2, n_embd=32, n_head=2, vocab_size=64),
        "release": "float16",
    }
    | GELU,
    "gpt_neox_parallel": {
        "what": "two norms of one input, a quarter of a head rotated (traps 4, 10, 34 and 38)",
        "config": GPT_NEOX,
        "llama_cpp": True,
    }
    | GELU,
    "gpt_neox_serial": {
        "what": "one block after the other (RedPajama), another base, another part of a head",
        "config": but(
            GPT_NEOX, use_parallel_residual=False, rotary_emb_base=500, rotary_pct=0.375
        ),
    }
    | GELU,
    "gpt_neox_no_bias": {
        "what": "attention_bias false, a tied head, a whole head rotated, linear scaling",
        "config": but(
            GPT_NEOX,
            attention_bias=False,
            tie_word_embeddings=True,
            rotary_pct=1.0,
            rope_scaling={"type": "linear", "factor": 4.0},
        ),
        "no_gguf": "llama.cpp's form of it is tested with llama",
    },
    "gpt_neox_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(GPT_NEOX, **TINY),
        "release": "float16",
    }
    | GELU,
    "falcon_7b": {
        "what": "one key head whatever num_kv_heads says, one norm for both blocks (traps 23, 38)",
        "config": FALCON,
        "llama_cpp": True,
        "inert": ["num_kv_heads"],
    }
    | GELU,
    "falcon_40b": {
        "what": "rows by group, a norm for each block, whose names GGUF swaps (traps 8, 10 and 21)",
        "config": but(FALCON, "multi_query", new_decoder_architecture=True, num_kv_heads=2),
        "llama_cpp": True,
        "inert": ["parallel_attn"],
    }
    | GELU,
    "falcon_11b": {
        "what": "rows by group, one norm for both blocks, a head of its own, ffn_hidden_size",
        "config": but(
            FALCON,
            new_decoder_architecture=True,
            num_kv_heads=2,
            num_ln_in_parallel_attn=1,
            rope_theta=500042.0,
            ffn_hidden_size=128,
            tie_word_embeddings=False,
            activation="gelu",
        ),
    }
    | GELU,
    "falcon_rw": {
        "what": "ALiBi divided by the width of a head too, rows by head, biases, serial (trap 22)",
        "config": but(FALCON, alibi=True, multi_query=False, parallel_attn=False, bias=True),
        "hot": {"score": (0, 24)},  # not seen: the function that runs tells no scores
        "no_gguf": "a GGUF file of this architecture has no ALiBi",
        "inert": ["num_kv_heads"],
    },
    "falcon_old_names": {
        "what": "the words of the first release, whose own code read them (trap 6)",
        "config": FALCON,
        "released": but(
            FALCON,
            "num_attention_heads",
            "num_hidden_layers",
            "num_kv_heads",
            "parallel_attn",
            architectures=["RWForCausalLM"],
            apply_residual_connection_post_layernorm=False,
            model_type="RefinedWebModel",
            n_head=4,
            n_layer=2,
        ),
        "inert": ["num_kv_heads"],
    }
    | GELU,
    "falcon_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(FALCON, **TINY),
        "release": "bfloat16",
        "inert": ["num_kv_heads"],
    }
    | GELU,
    "bloom_plain": {
        "what": "ALiBi, a norm on the embedding, rows of q, k and v by head (trap 10)",
        "config": BLOOM,
        "llama_cpp": True,
    }
    | GELU,
    "bloom_six_heads": {
        "what": "slopes of heads that are no power of two (trap 22); names without `transformer.`",
        "config": but(BLOOM, "num_attention_heads", n_embed=96, n_head=6),
        "hot": {"score": (5, 48)},  # the slopes are among the scores
        "left_out": "transformer.",
    }
    | GELU,
    "bloom_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(BLOOM, n_embed=32, num_attention_heads=2, vocab_size=64),
        "release": "float16",
    }
    | GELU,
    "phi_plain": {
        "what": "one norm for both blocks, a head with a bias, part of a head rotated (traps 4, 17)",
        "config": PHI,
        "llama_cpp": True,
    }
    | GELU,
    "phi_norms": {
        "what": "norms of queries and keys with biases, fewer key heads, another base",
        "config": but(PHI, qk_layernorm=True, num_key_value_heads=2, rope_theta=500.0),
        "no_gguf": "a GGUF file of this architecture has no norms of queries and keys",
    },
    "phi_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(PHI, **TINY),
        "release": "float16",
    }
    | GELU,
    "starcoder2_window": {
        "what": "a window on every layer (trap 20); activation_function that nobody reads",
        "config": but(STARCODER2, sliding_window=8),
        "no_gguf": "a GGUF file of this architecture has no sliding window",
    }
    | UNREAD,
    "starcoder2_full": {
        "what": "no window, biases everywhere, a head of its own",
        "config": but(STARCODER2, tie_word_embeddings=False),
        "llama_cpp": True,
    }
    | UNREAD
    | GELU,
    "starcoder2_no_bias": {
        "what": "use_bias false; a key head for every query",
        "config": but(STARCODER2, use_bias=False, num_key_value_heads=4),
        "no_gguf": "llama.cpp reads no file of this architecture without biases",
    }
    | UNREAD,
    "starcoder2_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(STARCODER2, **TINY),
        "release": "bfloat16",
    }
    | UNREAD
    | GELU,
    "cohere_plain": {
        "what": "one norm without bias for both blocks, pairs, scaled logits (traps 24, 37, 38)",
        "config": COHERE,
        "llama_cpp": True,
    },
    "cohere_norms": {
        "what": "R+: a norm for every head of q and k (trap 13); no keys for key heads",
        "config": but(COHERE, "num_key_value_heads", use_qk_norm=True, rope_theta=10000.0),
        "no_gguf": "llama.cpp reads these norms where there are 64 layers or more",
    },
    "cohere_biases": {
        "what": "attention biases, a head of its own, the scale of the first release",
        "config": but(
            COHERE, attention_bias=True, tie_word_embeddings=False, logit_scale=0.6875
        ),
        "no_gguf": "llama.cpp reads no biases of this architecture",
    },
    "cohere_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(COHERE, **TINY, rope_theta=10000.0),
        "release": "float16",
    },
    "olmo_plain": {
        "what": "norms without weights (trap 39)",
        "config": OLMO,
        "llama_cpp": True,
    },
    "olmo_clip": {
        "what": "OLMo 1.7: queries, keys and values clipped, fewer key heads",
        "config": but(OLMO, clip_qkv=1.5, num_key_value_heads=2, rope_theta=500.0),
        "llama_cpp": True,
    },
    "olmo_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(OLMO, **TINY, num_key_value_heads=2),
        "release": "bfloat16",
    },
    "stablelm_plain": {
        "what": "serial, a quarter of a head rotated, no biases but those of norms",
        "config": STABLELM,
        "llama_cpp": True,
    },
    "stablelm_biases": {
        "what": "2 1.6B: biases of q, k and v",
        "config": but(STABLELM, use_qkv_bias=True, partial_rotary_factor=0.5, rope_theta=500),
    },
    "stablelm_12b": {
        "what": "parallel, one norm, a norm for every head, each a tensor of its own (trap 13)",
        "config": but(
            STABLELM, use_parallel_residual=True, qk_layernorm=True, num_key_value_heads=2
        ),
        "llama_cpp": True,
    },
    "stablelm_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(STABLELM, **TINY, num_key_value_heads=2),
        "release": "float16",
    },
    "mpt_plain": {
        "what": "ALiBi, norms without bias, one matrix of q, k and v (traps 10, 34)",
        "config": MPT,
        "llama_cpp": True,
    }
    | GELU,
    "mpt_clip": {
        "what": "clipped queries, keys and values, another scale, six heads",
        "config": but(
            attention(clip_qkv=1.5, softmax_scale=0.375), d_model=96, n_heads=6
        ),
        "hot": {"score": (5, 48)},  # the slopes are among the scores
        "no_gguf": "a GGUF file of this architecture cannot say another scale",
    },
    "mpt_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(MPT, d_model=32, n_heads=2, vocab_size=64),
        "release": "bfloat16",
    }
    | GELU,
    "gptj_plain": {
        "what": "one norm for both blocks, half of a head rotated in pairs, a head with a bias",
        "config": GPTJ,
        "inert": ["scale_attn_weights"],
        "no_gguf": NO_GGUF,
    },
    "gptj_whole_head": {
        "what": "the whole head rotated; n_inner (traps 4, 17, 24 and 38)",
        "config": but(GPTJ, rotary_dim=32, n_inner=96, n_head=2),
        "inert": ["scale_attn_weights"],
        "no_gguf": NO_GGUF,
    },
    "gptj_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(GPTJ, n_embd=32, n_head=2, vocab_size=64),
        "inert": ["scale_attn_weights"],
        "no_gguf": NO_GGUF,
        "release": "float16",
    },
    "gpt_neo_layers": {
        "what": "windows on every other layer, scores not scaled (traps 9, 18 and 20)",
        "config": GPT_NEO,
        "no_gguf": NO_GGUF,
        "inert": ["attention_layers"],
    },
    "gpt_neo_types": {
        "what": "attention_types alone, of two patterns; a feed-forward width of its own",
        "config": but(
            GPT_NEO,
            "attention_layers",
            attention_types=[[["local"], 1], [["global", "local"], 1]],
            intermediate_size=96,
            num_layers=3,
        ),
        "no_gguf": NO_GGUF,
    },
    "gpt_neo_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(GPT_NEO, hidden_size=32, num_heads=2, vocab_size=64),
        "no_gguf": NO_GGUF,
        "release": "float16",
        "inert": ["attention_layers"],
    },
    "opt_plain": {
        "what": "position 0 is row 2, the norm before the feed-forward block is final_layer_norm",
        "config": OPT,
        "no_gguf": NO_GGUF,
    },
    "opt_350m": {
        "what": "norms behind the blocks, an embedding of its own width, no last norm (trap 16)",
        "config": but(OPT, do_layer_norm_before=False, word_embed_proj_dim=32),
        "no_gguf": NO_GGUF,
    },
    "opt_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(OPT, **TINY, word_embed_proj_dim=32),
        "no_gguf": NO_GGUF,
        "release": "float16",
    },
}

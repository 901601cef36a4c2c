"""The golden models: one entry each. A new family is new entries here, and its names in
containers.py if they are not those of the llama kind.

    config    config.json as a release writes it, keys left out where releases leave them out
    what      what the case is for
    no_gguf   why the model cannot be said in a GGUF file (then none is written)
    llama_cpp record llama.cpp's logits too (once per family)
    tokens    the release has a tokenizer of so many tokens, fewer than the rows of the embedding
    release   also committed as the reference library saves it, in this dtype (keep it tiny)
    transformers  the release that runs it, where it is not that of requirements.txt
    hot       other bounds on what makes the weights hot
    inert     keys of config that do not change the result here, and need not
    llama_cpp_refuses  why llama.cpp does not load the GGUF file
    llama_cpp_differs  why llama.cpp makes something else of the GGUF file
    hot       bounds of HOT in make.py that differ, where a family's own numbers are larger
    tolerance above 1e-5, with tolerance_reason
    released  config.json where the release writes it in words the reference does not know
    left_out  the prefix of names that the release leaves out
    llama_cpp_tolerance  what llama.cpp's logits may differ by, with llama_cpp_reason
"""

from cases_classics import CLASSICS
from cases_compressed import COMPRESSED
from cases_dense import DENSE
from cases_dsa import DSA
from cases_latent import LATENT
from cases_mixtures import MIXTURES
from cases_rest import REST
from change import but, rope

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 64,
    "initializer_range": 0.02,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "model_type": "llama",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "pretraining_tp": 1,
    "rms_norm_eps": 0.015625,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.40.0",
    "use_cache": True,
    "vocab_size": 96,
}

MISTRAL = {
    "architectures": ["MistralForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 64,
    "initializer_range": 0.02,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "model_type": "mistral",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 0.015625,
    "rope_theta": 10000.0,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.42.0",
    "use_cache": True,
    "vocab_size": 96,
}

QWEN2 = {
    "architectures": ["Qwen2ForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 64,
    "initializer_range": 0.02,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "max_window_layers": 1,
    "model_type": "qwen2",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 0.015625,
    "rope_theta": 1000000.0,
    "sliding_window": 8,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.43.1",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 96,
}

QWEN3 = {
    "architectures": ["Qwen3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "head_dim": 32,
    "hidden_act": "silu",
    "hidden_size": 64,
    "initializer_range": 0.02,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "max_window_layers": 2,
    "model_type": "qwen3",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 0.015625,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.51.0",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 96,
}

TINY = {"hidden_size": 32, "intermediate_size": 64, "vocab_size": 64}

NO_WINDOW = "a GGUF file of this architecture has no sliding window"


LONG = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0]
SHORT = [1.0, 1.0, 1.125, 1.125, 1.25, 1.25, 1.5, 1.5]

CASES = {
    "llama_first": {
        "what": "a key head per query; keys that the first releases leave out, scaling and tie too",
        "config": but(
            LLAMA,
            "num_key_value_heads",
            "rope_theta",
            "rope_scaling",
            "tie_word_embeddings",
            "pretraining_tp",
            "rms_norm_eps",
        ),
    },
    "llama_grouped": {
        "what": "two queries to a key head",
        "config": LLAMA,
        "llama_cpp": True,
    },
    "llama_biases": {
        "what": "biases everywhere, heads wider than hidden/heads, an epsilon that shows",
        "config": but(LLAMA, attention_bias=True, mlp_bias=True, head_dim=32, rms_norm_eps=0.125),
    },
    "llama_one_key_head": {
        "what": "one key head for all queries, a tied head, three layers",
        "config": but(LLAMA, num_key_value_heads=1, tie_word_embeddings=True, num_hidden_layers=3),
    },
    "llama_many_heads": {
        "what": "four queries to a key head, heads narrower than hidden/heads, a small theta",
        "config": but(
            LLAMA, num_attention_heads=8, num_key_value_heads=2, head_dim=16, rope_theta=100.0
        ),
    },
    "llama_llama3": {
        "what": "rope scaling of Llama 3.1 and later",
        "config": but(
            rope(
                LLAMA,
                rope_type="llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=32,
            ),
            attention_bias=False,
            mlp_bias=False,
            head_dim=16,
            rope_theta=500.0,
        ),
    },
    "llama_linear": {
        "what": "linear rope scaling, named by the older key `type`",
        "config": rope(LLAMA, type="linear", factor=4.0),
    },
    "llama_dynamic": {
        "what": "dynamic rope scaling, for a sequence longer than the positions trained",
        "config": but(rope(LLAMA, type="dynamic", factor=4.0), max_position_embeddings=24),
        "no_gguf": "a GGUF file has no dynamic rope scaling",
    },
    "llama_yarn": {
        "what": "yarn with everything derived, and both ends of its range within the head",
        "config": but(
            rope(LLAMA, rope_type="yarn", factor=4.0, original_max_position_embeddings=512),
            head_dim=32,
            max_position_embeddings=2048,
            rope_theta=100.0,
        ),
    },
    "llama_yarn_factor": {
        "what": "yarn with attention_factor, which replaces the derived one",
        "config": rope(
            LLAMA,
            rope_type="yarn",
            factor=4.0,
            original_max_position_embeddings=32,
            attention_factor=0.75,
        ),
    },
    "llama_yarn_mscale": {
        "what": "yarn with mscale and mscale_all_dim; the original length is the longest",
        "config": but(
            rope(LLAMA, rope_type="yarn", factor=8.0, mscale=2.0, mscale_all_dim=0.5),
            max_position_embeddings=64,
        ),
    },
    "llama_yarn_untruncated": {
        "what": "yarn with its own betas and truncate false: the range is not rounded",
        "config": but(
            rope(
                LLAMA,
                rope_type="yarn",
                factor=4.0,
                original_max_position_embeddings=64,
                beta_fast=3.0,
                beta_slow=0.75,
                truncate=False,
            ),
            head_dim=32,
            rope_theta=100.0,
        ),
        "no_gguf": "a GGUF file cannot say that the correction range of yarn is not rounded",
    },
    "llama_longrope_long": {
        "what": "longrope beyond the original length: the long factors",
        "config": but(
            rope(LLAMA, type="longrope", long_factor=LONG, short_factor=SHORT),
            original_max_position_embeddings=32,
        ),
        "inert": ["rope_scaling.short_factor"],
    },
    "llama_longrope_short": {
        "what": "longrope within the original length: short factors, still the attention factor",
        "config": but(
            rope(LLAMA, rope_type="longrope", long_factor=LONG, short_factor=SHORT),
            original_max_position_embeddings=256,
            max_position_embeddings=2048,
        ),
        "inert": ["rope_scaling.long_factor"],
    },
    "llama_longrope_factor": {
        "what": "longrope without an original length: `factor` gives the attention factor",
        "config": but(
            rope(LLAMA, rope_type="longrope", factor=8.0, long_factor=LONG, short_factor=SHORT),
            max_position_embeddings=256,
        ),
        "inert": ["rope_scaling.long_factor"],
    },
    "llama_extra_rows": {
        "what": "more rows in the embedding than the tokenizer has tokens; those are never chosen",
        "config": LLAMA,
        "tokens": 80,
    },
    "llama_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(LLAMA, **TINY, num_attention_heads=2, num_key_value_heads=1),
        "release": "bfloat16",
    },
    "mistral_window": {
        "what": "a window shorter than the text, on every layer",
        "config": but(MISTRAL, sliding_window=8),
        "no_gguf": NO_WINDOW,
    },
    "mistral_wide_heads": {
        "what": "window null: none; heads wider than hidden/heads",
        "config": but(MISTRAL, head_dim=32, rope_theta=1000000.0),
        "llama_cpp": True,
    },
    "mistral_defaults": {
        "what": "keys left out: window (4096), key heads (8), theta (10000), epsilon, tie",
        "config": but(
            MISTRAL,
            "sliding_window",
            "num_key_value_heads",
            "rope_theta",
            "rms_norm_eps",
            "tie_word_embeddings",
            num_attention_heads=16,
            head_dim=8,
        ),
    },
    "mistral_nulls": {
        "what": "keys that say null, which is not leaving them out: a key head per query",
        "config": but(MISTRAL, num_key_value_heads=None, head_dim=None, sliding_window=None),
    },
    "mistral_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(MISTRAL, **TINY, num_attention_heads=2, num_key_value_heads=1),
        "release": "bfloat16",
    },
    "qwen2_plain": {
        "what": "biases on q, k, v; a tied head; a window that use_sliding_window leaves off",
        "config": but(QWEN2, tie_word_embeddings=True),
        "llama_cpp": True,
        "inert": ["sliding_window", "max_window_layers"],
    },
    "qwen2_window": {
        "what": "a window on the layers from max_window_layers up",
        "config": but(QWEN2, use_sliding_window=True, num_hidden_layers=3),
        "no_gguf": NO_WINDOW,
    },
    "qwen2_layer_types": {
        "what": "layer_types wins over max_window_layers",
        "config": but(
            QWEN2,
            use_sliding_window=True,
            num_hidden_layers=3,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
        "no_gguf": NO_WINDOW,
        "inert": ["max_window_layers"],
    },
    "qwen2_yarn": {
        "what": "yarn as the release cards tell to add it; no window keys; one key head",
        "config": but(
            rope(
                QWEN2,
                "sliding_window",
                "max_window_layers",
                "use_sliding_window",
                factor=4.0,
                original_max_position_embeddings=32,
                type="yarn",
            ),
            num_key_value_heads=1,
        ),
    },
    "qwen2_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(QWEN2, **TINY, num_attention_heads=2, num_key_value_heads=1),
        "release": "float16",
        "inert": ["sliding_window", "max_window_layers"],
    },
    "qwen3_plain": {
        "what": "norms of queries and keys per head; heads wider than hidden/heads; a tied head",
        "config": but(QWEN3, tie_word_embeddings=True, rms_norm_eps=0.0625),
        "llama_cpp": True,
        "inert": ["max_window_layers"],
    },
    "qwen3_biases": {
        "what": "attention biases, and a window on the upper layers",
        "config": but(
            QWEN3,
            attention_bias=True,
            use_sliding_window=True,
            sliding_window=8,
            max_window_layers=1,
        ),
        "no_gguf": NO_WINDOW,
    },
    "qwen3_layer_types": {
        "what": "layer_types, with yarn on top",
        "config": but(
            rope(
                QWEN3, rope_type="yarn", factor=4.0, original_max_position_embeddings=32
            ),
            use_sliding_window=True,
            sliding_window=8,
            layer_types=["sliding_attention", "full_attention"],
        ),
        "no_gguf": NO_WINDOW,
        "inert": ["max_window_layers"],
    },
    "qwen3_defaults": {
        "what": "keys left out: head width (128), theta (10000), epsilon, biases, tie, window",
        "config": but(
            QWEN3,
            "head_dim",
            "rope_theta",
            "rms_norm_eps",
            "attention_bias",
            "tie_word_embeddings",
            "use_sliding_window",
            "sliding_window",
            "max_window_layers",
            "rope_scaling",
            num_attention_heads=2,
            num_key_value_heads=1,
        ),
    },
    "qwen3_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(QWEN3, **TINY, num_attention_heads=2, num_key_value_heads=1, head_dim=16),
        "release": "float32",
        "inert": ["max_window_layers"],
    },
} | DENSE | MIXTURES | CLASSICS | LATENT | REST | DSA | COMPRESSED

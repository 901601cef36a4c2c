"""The golden models of the dense families beside llama: what cases.py has, for them."""

from change import but, rope

BASE = {
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 64,
    "initializer_range": 0.02,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "rms_norm_eps": 0.015625,
    "rope_theta": 10000.0,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.51.3",
    "use_cache": True,
    "vocab_size": 96,
}

GEMMA = but(
    BASE,
    architectures=["GemmaForCausalLM"],
    attention_bias=False,
    head_dim=32,
    hidden_act="gelu_pytorch_tanh",
    hidden_activation=None,
    model_type="gemma",
    num_key_value_heads=1,
    rope_scaling=None,
    rms_norm_eps=0.5,
)

GEMMA2 = but(
    BASE,
    architectures=["Gemma2ForCausalLM"],
    attention_bias=False,
    attn_logit_softcapping=50.0,
    cache_implementation="hybrid",
    final_logit_softcapping=30.0,
    head_dim=32,
    hidden_act="gelu_pytorch_tanh",
    hidden_activation="gelu_pytorch_tanh",
    model_type="gemma2",
    num_hidden_layers=3,
    query_pre_attn_scalar=32,
    sliding_window=8,
    rms_norm_eps=0.5,
)

GEMMA3 = but(
    BASE,
    architectures=["Gemma3ForCausalLM"],
    attention_bias=False,
    attn_logit_softcapping=None,
    cache_implementation="hybrid",
    final_logit_softcapping=None,
    head_dim=32,
    hidden_activation="gelu_pytorch_tanh",
    model_type="gemma3_text",
    num_hidden_layers=7,
    num_key_value_heads=1,
    query_pre_attn_scalar=32,
    rope_local_base_freq=100.0,
    rope_scaling=None,
    rope_theta=1000000.0,
    sliding_window=8,
    sliding_window_pattern=6,
    rms_norm_eps=0.5,
)

PHI3 = but(
    BASE,
    architectures=["Phi3ForCausalLM"],
    attention_bias=False,
    embd_pdrop=0.0,
    model_type="phi3",
    original_max_position_embeddings=128,
    resid_pdrop=0.0,
    rope_scaling=None,
    sliding_window=None,
    tie_word_embeddings=False,
)

OLMO2 = but(
    BASE,
    architectures=["Olmo2ForCausalLM"],
    attention_bias=False,
    model_type="olmo2",
    rope_scaling=None,
    rope_theta=500000.0,
    tie_word_embeddings=False,
)

OLMO3 = but(
    OLMO2,
    architectures=["Olmo3ForCausalLM"],
    layer_types=["sliding_attention", "sliding_attention", "sliding_attention", "full_attention"],
    model_type="olmo3",
    num_hidden_layers=4,
    rope_scaling={
        "attention_factor": 1.2079441541679836,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "factor": 8.0,
        "original_max_position_embeddings": 32,
        "rope_type": "yarn",
    },
    rope_theta=500.0,
    sliding_window=8,
)

GLM = but(
    BASE,
    architectures=["GlmForCausalLM"],
    attention_bias=True,
    eos_token_id=[2, 3],
    head_dim=32,
    model_type="glm",
    partial_rotary_factor=0.5,
    tie_word_embeddings=False,
)

GLM4 = but(GLM, architectures=["Glm4ForCausalLM"], model_type="glm4")

GRANITE = but(
    BASE,
    architectures=["GraniteForCausalLM"],
    attention_bias=False,
    attention_multiplier=0.3125,
    embedding_multiplier=6.0,
    logits_scaling=1.75,
    mlp_bias=False,
    model_type="granite",
    residual_multiplier=0.75,
    rope_scaling=None,
    tie_word_embeddings=True,
)

SMOLLM3 = but(
    BASE,
    architectures=["SmolLM3ForCausalLM"],
    attention_bias=False,
    max_window_layers=28,
    mlp_bias=False,
    model_type="smollm3",
    no_rope_layer_interval=4,
    no_rope_layers=[1, 1, 1, 0],
    num_hidden_layers=4,
    rope_scaling=None,
    sliding_window=None,
    tie_word_embeddings=True,
    use_sliding_window=False,
)

COHERE2 = but(
    BASE,
    "rms_norm_eps",
    architectures=["Cohere2ForCausalLM"],
    attention_bias=False,
    cache_implementation="hybrid",
    head_dim=16,
    layer_norm_eps=0.015625,
    layer_switch=4,
    logit_scale=1.25,
    model_type="cohere2",
    num_hidden_layers=4,
    order_of_interleaved_layers="local_attn_first",
    position_embedding_type="rope_gptj",
    rope_scaling=None,
    rotary_pct=1.0,
    sliding_window=8,
    sliding_window_pattern=4,
    use_embedding_sharing=True,
    use_gated_activation=True,
    use_parallel_block=True,
    use_parallel_embedding=True,
    use_qk_norm=False,
)

LONG = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0]
SHORT = [1.0, 1.0, 1.125, 1.125, 1.25, 1.25, 1.5, 1.5]
NO_SCALAR = "a GGUF file of this architecture does not say query_pre_attn_scalar"
TINY = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 64,
}

DENSE = {
    "gemma_plain": {
        "what": "norms of 1 + w, a scaled embedding, tied without a key that says so, heads wider than "
        "hidden/heads (traps 1, 2, 12, 34, 36)",
        "config": GEMMA,
        "llama_cpp": True,
    },
    "gemma_defaults": {
        "what": "keys left out: head width (256), theta, epsilon, activation",
        "config": but(
            GEMMA,
            "head_dim",
            "rope_theta",
            "rms_norm_eps",
            "hidden_act",
            "hidden_activation",
            "attention_bias",
            num_attention_heads=2,
        ),
    },
    "gemma_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(GEMMA, **TINY, head_dim=32),
        "release": "bfloat16",
    },
    "gemma2_plain": {
        "what": "four norms a layer, even layers slide, both soft caps (traps 8, 18, 19, 20)",
        "config": GEMMA2,
        "llama_cpp": True,
    },
    "gemma2_scalar": {
        "what": "a query_pre_attn_scalar that is not the head width, one key head, caps that bite",
        "config": but(
            GEMMA2,
            query_pre_attn_scalar=18,
            num_key_value_heads=1,
            attn_logit_softcapping=8.0,
            final_logit_softcapping=24.0,
            rope_theta=100.0,
        ),
        "no_gguf": NO_SCALAR,
    },
    "gemma2_layer_types": {
        "what": "layer_types wins over every other layer (trap 7); null: no soft cap",
        "config": but(
            GEMMA2,
            attn_logit_softcapping=None,
            final_logit_softcapping=None,
            layer_types=["full_attention", "full_attention", "sliding_attention"],
        ),
        "no_gguf": "a GGUF file of this architecture has every other layer slide",
    },
    "gemma2_defaults": {
        "what": "keys left out: head width, its scale, both caps, window (4096), theta, activation, epsilon",
        "config": but(
            GEMMA2,
            "head_dim",
            "query_pre_attn_scalar",
            "attn_logit_softcapping",
            "final_logit_softcapping",
            "sliding_window",
            "rope_theta",
            "hidden_activation",
            "hidden_act",
            "rms_norm_eps",
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
        ),
    },
    "gemma2_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(GEMMA2, **TINY, attn_logit_softcapping=12.0, num_hidden_layers=2, head_dim=16, query_pre_attn_scalar=16),
        "release": "float32",
    },
    "gemma3_plain": {
        "what": "five sliding layers to a full one, a rotary table for either, norms of queries and keys "
        "(traps 8, 12, 13, 18, 20, 36)",
        "config": but(GEMMA3, rope_local_base_freq=10000.0),
        "llama_cpp": True,
        "inert": ["rope_local_base_freq", "sliding_window_pattern"],
    },
    "gemma3_linear": {
        "what": "linear scaling of full layers only, a local base of its own, another scale (trap 33)",
        "config": but(
            rope(GEMMA3, rope_type="linear", factor=8.0), query_pre_attn_scalar=21, num_hidden_layers=3,
            sliding_window_pattern=3
        ),
        "no_gguf": NO_SCALAR,
    },
    "gemma3_linear_gguf": {
        "what": "linear scaling of full layers only, as a GGUF file says it; layer_types",
        "config": but(
            rope(GEMMA3, "sliding_window_pattern", rope_type="linear", factor=8.0),
            layer_types=["sliding_attention"] * 5 + ["full_attention"],
            num_hidden_layers=6,
            rope_local_base_freq=10000.0,
        ),
        "inert": ["rope_local_base_freq", "layer_types"],
    },
    "gemma3_defaults": {
        "what": "keys left out as text_config of the larger releases does: heads (8), key heads (4), head width, "
        "vocabulary is kept small; window (4096), thetas, pattern, scale (trap 1)",
        "config": but(
            GEMMA3,
            "num_attention_heads",
            "num_key_value_heads",
            "head_dim",
            "query_pre_attn_scalar",
            "rope_theta",
            "rope_local_base_freq",
            "rope_scaling",
            "sliding_window",
            "sliding_window_pattern",
            "rms_norm_eps",
            "hidden_activation",
            "attn_logit_softcapping",
            "final_logit_softcapping",
            hidden_size=32,
            num_hidden_layers=6,
        ),
    },
    "gemma3_tower": {
        "what": "a release with a tower: text_config leaves out heads (8), key heads (4), head width (256) and more "
        "(trap 1), names with language_model in them, the tower known and not run",
        "config": {
            "architectures": ["Gemma3ForConditionalGeneration"],
            "boi_token_index": 90,
            "eoi_token_index": 91,
            "eos_token_id": [1, 2],
            "image_token_index": 92,
            "initializer_range": 0.02,
            "mm_tokens_per_image": 4,
            "model_type": "gemma3",
            "text_config": {
                "hidden_size": 32,
                "intermediate_size": 64,
                "model_type": "gemma3_text",
                "num_hidden_layers": 6,
                "rms_norm_eps": 0.5,
                "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
                "sliding_window": 8,
                "vocab_size": 96,
            },
            "torch_dtype": "bfloat16",
            "transformers_version": "4.50.0.dev0",
            "vision_config": {
                "hidden_size": 16,
                "image_size": 28,
                "intermediate_size": 32,
                "model_type": "siglip_vision_model",
                "num_attention_heads": 2,
                "num_hidden_layers": 1,
                "patch_size": 7,
                "vision_use_head": False,
            },
        },
        "no_gguf": "a GGUF file has its tower in a file beside it",
        "inert": ["text_config", "vision_config", "boi_token_index", "eoi_token_index", "image_token_index",
                  "mm_tokens_per_image"],
    },
    "gemma3_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(
            GEMMA3, **but(TINY, hidden_size=32), num_hidden_layers=2, head_dim=16, query_pre_attn_scalar=16,
            sliding_window_pattern=2
        ),
        "release": "bfloat16",
        "no_gguf": "a GGUF file of this architecture has every sixth layer full",
    },
    "phi3_plain": {
        "what": "q, k and v in one matrix, gate and up in another, no scaling (traps 10, 11)",
        "config": PHI3,
        "llama_cpp": True,
        "inert": ["original_max_position_embeddings"],
    },
    "phi3_window": {
        "what": "a window on every layer (trap 20); a key head per head, as null says",
        "config": but(PHI3, sliding_window=8, num_key_value_heads=None),
        "llama_cpp_differs": "llama.cpp runs phi3 without its window",
        "inert": ["original_max_position_embeddings"],
    },
    "phi3_long": {
        "what": "longrope beyond the original length on three quarters of a head, a tied head (traps 26, 29)",
        "config": but(
            rope(PHI3, type="longrope", long_factor=LONG[:6], short_factor=SHORT[:6]),
            max_position_embeddings=1024,
            original_max_position_embeddings=32,
            partial_rotary_factor=0.75,
            tie_word_embeddings=True,
        ),
        "inert": ["rope_scaling.short_factor"],
    },
    "phi3_short": {
        "what": "longrope within the original length, by its first name",
        "config": but(
            rope(PHI3, type="su", long_factor=LONG, short_factor=SHORT),
            max_position_embeddings=8192,
            original_max_position_embeddings=256,
        ),
        "inert": ["rope_scaling.long_factor"],
    },
    "phi3_yarn": {
        "what": "longrope that calls itself yarn; original length (4096) and theta left out",
        "config": but(
            rope(
                PHI3,
                "original_max_position_embeddings",
                "rope_theta",
                type="yarn",
                long_factor=LONG,
                short_factor=SHORT,
            ),
            max_position_embeddings=131072,
        ),
        "inert": ["rope_scaling.long_factor"],
    },
    "phi3_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(PHI3, **TINY),
        "release": "bfloat16",
        "inert": ["original_max_position_embeddings"],
    },
    "olmo2_plain": {
        "what": "norms of what blocks give, and of all queries and all keys at once (traps 8, 13)",
        "config": OLMO2,
        "llama_cpp": True,
    },
    "olmo2_defaults": {
        "what": "keys left out: key heads, theta, tie; attention biases",
        "config": but(
            OLMO2,
            "num_key_value_heads",
            "rope_theta",
            "tie_word_embeddings",
            attention_bias=True,
            num_hidden_layers=3,
        ),
        "no_gguf": "a GGUF file of this architecture has no biases",
    },
    "olmo2_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(OLMO2, **TINY),
        "release": "float32",
    },
    "olmo3_plain": {
        "what": "three sliding layers to a full one, yarn on the full one only (trap 28)",
        "config": OLMO3,
        "llama_cpp": True,
        "inert": ["layer_types", "rope_scaling.beta_fast", "rope_scaling.beta_slow", "rope_scaling.attention_factor"],
    },
    "olmo3_layer_types": {
        "what": "layer_types that are not the usual ones, no scaling",
        "config": but(
            OLMO3,
            layer_types=["full_attention", "sliding_attention"],
            num_hidden_layers=2,
            rope_scaling=None,
        ),
    },
    "glm_plain": {
        "what": "biases on q, k and v, half of a head rotated in pairs, gate and up in one matrix (traps 11, 24, 26)",
        "config": but(GLM, head_dim=16),
        "llama_cpp": True,
    },
    "glm_defaults": {
        "what": "keys left out: biases (there), part (a half), head width (128), key heads (2)",
        "config": but(
            GLM,
            "attention_bias",
            "partial_rotary_factor",
            "head_dim",
            "num_key_value_heads",
            "rope_theta",
            "tie_word_embeddings",
            num_attention_heads=2,
        ),
        "no_gguf": "llama.cpp refuses this architecture where the heads together are not as wide as the model",
    },
    "glm4_plain": {
        "what": "norms after both blocks too (trap 8)",
        "config": GLM4,
        "llama_cpp": True,
    },
    "glm4_no_bias": {
        "what": "no biases, a quarter of a head rotated, three layers",
        "config": but(GLM4, attention_bias=False, partial_rotary_factor=0.25, num_hidden_layers=3),
    },
    "glm4_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(GLM4, **TINY, head_dim=16),
        "release": "bfloat16",
    },
    "granite_plain": {
        "what": "four multipliers: embedding, attention, residual, and the logits divided (traps 18, 37)",
        "config": GRANITE,
        "llama_cpp": True,
    },
    "granite_defaults": {
        "what": "keys left out: each multiplier means 1, the scale of attention too; biases of the feed-forward block",
        "config": but(
            GRANITE,
            "attention_multiplier",
            "embedding_multiplier",
            "logits_scaling",
            "residual_multiplier",
            "rope_theta",
            "rms_norm_eps",
            "tie_word_embeddings",
            mlp_bias=True,
            head_dim=4,
        ),
        "hot": {"score": (5, 50)},  # of a scale of 1
        "no_gguf": "a scale of 1 cannot be left out there, nor has it these biases",
    },
    "granite_biases": {
        "what": "biases of attention, a head of its own, two queries more to a key head",
        "config": but(
            GRANITE,
            attention_bias=True,
            num_key_value_heads=1,
            tie_word_embeddings=False,
            attention_multiplier=0.25,
        ),
        "no_gguf": "a GGUF file of this architecture has no biases",
    },
    "smollm3_plain": {
        "what": "every fourth layer without rotation, by a list in which 1 means rotation (trap 27)",
        "config": SMOLLM3,
        "llama_cpp": True,
        "inert": ["no_rope_layers", "no_rope_layer_interval"],
    },
    "smollm3_interval": {
        "what": "keys left out: the list, theta (2e6), epsilon; every other layer without rotation, which slides",
        "config": but(
            SMOLLM3,
            "no_rope_layers",
            "rope_theta",
            "rms_norm_eps",
            "tie_word_embeddings",
            no_rope_layer_interval=2,
            num_hidden_layers=2,
            use_sliding_window=True,
            sliding_window=8,
        ),
        "no_gguf": "a GGUF file of this architecture has every fourth layer without rotation",
            },
    "smollm3_list": {
        "what": "a list of its own, layer_types that say which layers slide",
        "config": but(
            SMOLLM3,
            layer_types=["sliding_attention", "full_attention"],
            no_rope_layers=[0, 1],
            num_hidden_layers=2,
            use_sliding_window=True,
            sliding_window=8,
        ),
        "no_gguf": "a GGUF file of this architecture has every fourth layer without rotation",
        "inert": ["no_rope_layer_interval"],
    },
    "smollm3_biases": {
        "what": "biases everywhere; every layer rotates, for the bias of keys shows nowhere else",
        "config": but(
            SMOLLM3,
            "tie_word_embeddings",
            attention_bias=True,
            mlp_bias=True,
            no_rope_layers=[1, 1],
            num_hidden_layers=2,
        ),
        "no_gguf": "a GGUF file of this architecture has no biases",
        "inert": ["no_rope_layer_interval", "no_rope_layers"],
    },
    "cohere2_plain": {
        "what": "both blocks read one norm, a layer norm without bias; pairs on sliding layers, no rotation on full "
        "ones; logits multiplied (traps 24, 27, 37, 38)",
        "config": COHERE2,
        "llama_cpp": True,
        "inert": ["head_dim", "sliding_window_pattern"],
    },
    "cohere2_defaults": {
        "what": "keys left out: theta (10000), window (4096), pattern (4), tie; a "
        "key head per head",
        "config": but(
            COHERE2,
            "rope_theta",
            "sliding_window",
            "sliding_window_pattern",
            "num_key_value_heads",
        ),
        "inert": ["head_dim"],
    },
    "cohere2_biases": {
        "what": "biases of attention; layer_types wins over the pattern (trap 7)",
        "config": but(
            COHERE2,
            attention_bias=True,
            layer_types=["sliding_attention"] * 2,
            num_hidden_layers=2,
            tie_word_embeddings=False,
        ),
        "no_gguf": "a GGUF file of this architecture has no biases",
        "inert": ["head_dim", "sliding_window_pattern", "layer_types"],
    },
    "cohere2_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(COHERE2, **TINY, num_hidden_layers=2, sliding_window_pattern=2),
        "release": "float32",
        "no_gguf": "a GGUF file of this architecture has every fourth layer full",
        "inert": ["head_dim"],
    },
}

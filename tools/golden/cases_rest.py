"""Golden models of what stands between the groups: see cases.py."""

from cases_classics import OPT
from cases_dense import BASE, GEMMA4, TINY
from change import but

EXAONE4 = but(
    BASE,
    architectures=["Exaone4ForCausalLM"],
    head_dim=32,
    layer_types=["sliding_attention", "full_attention", "sliding_attention"],
    model_type="exaone4",
    num_hidden_layers=3,
    rope_scaling={
        "factor": 4.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 32,
        "rope_type": "llama3",
    },
    sliding_window=8,
    sliding_window_pattern="LLLG",
    tie_word_embeddings=False,
)

NEMOTRON = but(
    BASE,
    "pad_token_id",
    "rms_norm_eps",
    architectures=["NemotronForCausalLM"],
    attention_bias=False,
    head_dim=16,
    hidden_act="relu2",
    mlp_bias=False,
    model_type="nemotron",
    norm_eps=0.015625,
    partial_rotary_factor=0.5,
    tie_word_embeddings=False,
)

REST = {
    "exaone4_plain": {
        "what": "norms of outputs and of heads, heads wider than hidden/heads, layers that slide and rotate, a full one that does not (traps 13, 37)",
        "config": EXAONE4,
        "llama_cpp_refuses": "llama.cpp takes the width of all heads for the model's, and has sliding layers in models of 64 layers only",
        "inert": ["sliding_window_pattern"],
    },
    "exaone4_full": {
        "what": "no layer slides: all rotate; keys left out: head width, theta, tie",
        "config": but(
            EXAONE4,
            "head_dim",
            "rope_scaling",
            "rope_theta",
            "tie_word_embeddings",
            layer_types=["full_attention"] * 2,
            num_hidden_layers=2,
            sliding_window=None,
            sliding_window_pattern=None,
        ),
        "llama_cpp": True,
    },
    "exaone4_pattern": {
        "what": "no layer_types: every second layer is full",
        "config": but(
            EXAONE4, "layer_types", "rope_scaling", num_hidden_layers=2, sliding_window_pattern=2, tie_word_embeddings=True
        ),
        "no_gguf": "a GGUF file of this architecture has a list of layers",
        "inert": ["head_dim"],
    },
    "gemma4_experts": {
        "what": "experts beside the feed-forward block, chosen by a norm of the stream and scaled one by one; full "
        "layers with fewer heads whose keys are their values (traps 7, 11, 14 of the dense and 7, 26 of the mixtures)",
        "config": but(
            GEMMA4,
            attention_k_eq_v=True,
            enable_moe_block=True,
            hidden_size_per_layer_input=0,
            layer_types=["sliding_attention", "full_attention"],
            moe_intermediate_size=32,
            num_experts=6,
            num_global_key_value_heads=1,
            num_hidden_layers=2,
            num_key_value_heads=2,
            num_kv_shared_layers=0,
            top_k_experts=2,
            use_double_wide_mlp=False,
        ),
        "transformers": "5.23.0",
        "llama_cpp": True,
        "inert": ["vocab_size_per_layer_input"],
    },
    "nemotron_plain": {
        "what": "layer norms of weights less 1, squared ReLU without a gate, half of a head rotated",
        "config": NEMOTRON,
        "llama_cpp": True,
        "inert": ["head_dim"],
    },
    "nemotron_wide": {
        "what": "heads wider than hidden/heads, as those of Minitron 8B; a tied head",
        "config": but(NEMOTRON, head_dim=24, tie_word_embeddings=True),
        "llama_cpp_refuses": "llama.cpp takes the width of all heads for the model's, and has no such model without a head",
    },
    "nemotron_biases": {
        "what": "biases of all matrices, a quarter of a head rotated, head width left out",
        "config": but(
            NEMOTRON,
            "head_dim",
            attention_bias=True,
            mlp_bias=True,
            num_hidden_layers=3,
            partial_rotary_factor=0.25,
            rope_theta=500.0,
        ),
    },
    "nemotron_defaults": {
        "what": "keys left out: head width, rotated part, theta, activation, biases, tie",
        "config": but(
            NEMOTRON,
            "attention_bias",
            "head_dim",
            "hidden_act",
            "mlp_bias",
            "partial_rotary_factor",
            "rope_theta",
            "tie_word_embeddings",
            num_key_value_heads=4,
        ),
    },
    "nemotron_release": {
        "what": "a whole release as the reference library saves it",
        "config": but(NEMOTRON, **TINY, head_dim=16),
        "release": "bfloat16",
    },
    "opt_no_bias": {
        "what": "linears without biases, norms with them",
        "config": but(OPT, enable_bias=False),
        "no_gguf": "llama.cpp has no such architecture",
    },
}

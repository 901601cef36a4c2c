"""Golden models of what stands between the groups: see cases.py."""

from cases_dense import GEMMA4
from change import but

REST = {
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
}

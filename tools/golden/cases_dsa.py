"""Golden models whose layers choose what they attend to, and others of transformers 5 with latent
attention: see cases.py. `what` names the numbered traps of the design notes that a case covers (part
B of the sheet of mixtures: T1 ... T36)."""

from cases_latent import EPSILON, INERT, V3, YARN
from change import but, rope

VERSION = "5.23.0"

V32 = but(
    V3,
    architectures=["DeepseekV32ForCausalLM"],
    index_head_dim=64,
    index_n_heads=16,
    index_topk=8,
    model_type="deepseek_v32",
    rope_theta=10.0,
)

GLM = but(
    V3,
    "aux_loss_alpha",
    "rope_scaling",
    "rope_theta",
    "seq_aux",
    "torch_dtype",
    architectures=["GlmMoeDsaForCausalLM"],
    dtype="bfloat16",
    head_dim=8,
    index_head_dim=32,
    index_n_heads=16,
    index_topk=8,
    indexer_rope_interleave=True,
    model_type="glm_moe_dsa",
    n_group=1,
    qk_head_dim=40,
    rope_interleave=True,
    rope_parameters={"rope_theta": 10.0, "rope_type": "default"},
    topk_group=1,
)

LITE = but(
    GLM,
    "index_head_dim",
    "index_n_heads",
    "index_topk",
    "indexer_rope_interleave",
    architectures=["Glm4MoeLiteForCausalLM"],
    model_type="glm4_moe_lite",
    routed_scaling_factor=1.25,
)

V5_INERT = [*INERT[:-1], "dtype", "head_dim", "indexer_rope_interleave", "qk_head_dim", "rope_interleave"]
GLM_INERT = [*V5_INERT, "n_group", "topk_group"]

DSA = {
    "deepseek_v32_plain": {
        "what": "8 keys of up to 40 chosen by an index of its own in every layer (T22), which rotates halves where "
        "heads rotate adjacent pairs (T10); yarn whose magnitude goes into the scale of heads",
        "config": but(rope(V32, **YARN, mscale=1.0, mscale_all_dim=1.0), "rms_norm_eps"),
        "transformers": VERSION,
        "llama_cpp": True,
        "inert": [*V5_INERT, "rope_scaling.mscale"],
    },
    "deepseek_v32_defaults": {
        "what": "keys left out: heads of the index (64) and their width (128), groups (8, of which 4), experts of a "
        "token (8), their normalising and factor, dense layers (3), theta",
        "config": but(
            V32,
            "first_k_dense_replace",
            "index_head_dim",
            "index_n_heads",
            "n_group",
            "norm_topk_prob",
            "num_experts_per_tok",
            "rms_norm_eps",
            "rope_theta",
            "routed_scaling_factor",
            "topk_group",
            n_routed_experts=24,
            num_hidden_layers=4,
        ),
        "transformers": VERSION,
        "inert": V5_INERT,
    },
    "glm_moe_dsa_plain": {
        "what": "GLM 5: an index that rotates adjacent pairs (T10), rope_parameters (T30)",
        "config": but(GLM, index_head_dim=64, rms_norm_eps=1e-6),
        "transformers": VERSION,
        "llama_cpp": True,
        "inert": [*GLM_INERT, "rms_norm_eps"],
    },
    "glm_moe_dsa_shared": {
        "what": "GLM 5.2: layers that take the choice of the last one with an index (T22), which layers are dense by "
        "a list, norms of ranks and of the index with an epsilon of their own (T13)",
        "config": but(
            GLM,
            "first_k_dense_replace",
            index_n_heads=13,
            indexer_types=["full", "shared", "full", "shared", "shared"],
            mlp_layer_types=["dense", "sparse", "dense", "sparse", "sparse"],
            num_hidden_layers=5,
        ),
        "transformers": VERSION,
        "inert": GLM_INERT,
        "no_gguf": "a GGUF file of this architecture has its dense layers first",
    },
    "glm_moe_dsa_schedule": {
        "what": "which layers share by index_topk_freq and index_skip_topk_offset; keys left out: groups, experts of a "
        "token (8), their factor, dense layers (3)",
        "config": but(
            GLM,
            "first_k_dense_replace",
            "n_group",
            "norm_topk_prob",
            "num_experts_per_tok",
            "routed_scaling_factor",
            "topk_group",
            index_head_dim=64,
            index_skip_topk_offset=1,
            index_topk_freq=2,
            num_hidden_layers=5,
        ),
        "transformers": VERSION,
        "llama_cpp_differs": EPSILON,
        "inert": GLM_INERT,
    },
    "glm4_moe_lite_plain": {
        "what": "GLM 4.7 Flash: latent attention without an index",
        "config": but(LITE, rms_norm_eps=1e-6),
        "transformers": VERSION,
        "llama_cpp": True,
        "inert": [*GLM_INERT, "first_k_dense_replace", "rms_norm_eps"],
    },
    "glm4_moe_lite_defaults": {
        "what": "keys left out: experts of a token (4), their factor (1.8) and normalising, dense layers (1)",
        "config": but(
            LITE,
            "first_k_dense_replace",
            "n_group",
            "norm_topk_prob",
            "num_experts_per_tok",
            "routed_scaling_factor",
            "topk_group",
        ),
        "transformers": VERSION,
        "llama_cpp_differs": EPSILON,
        "inert": GLM_INERT,
    },
}

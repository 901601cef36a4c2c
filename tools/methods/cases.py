"""The releases that make.py makes: a config as published, and how each weight is stored."""

from functools import partial

import torch

import layouts as how

PLAIN = {
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 64,
    "intermediate_size": 96,
    "max_position_embeddings": 64,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "vocab_size": 64,
}
LLAMA = PLAIN | {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
MOE = PLAIN | {
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "head_dim": 32,
    "moe_intermediate_size": 32,
    "norm_topk_prob": True,
    "num_experts": 4,
    "num_experts_per_tok": 2,
}
GPT_OSS = PLAIN | {
    "architectures": ["GptOssForCausalLM"],
    "model_type": "gpt_oss",
    "attention_bias": True,
    "head_dim": 32,
    "intermediate_size": 64,
    "num_experts_per_tok": 2,
    "num_local_experts": 3,
    "rope_scaling": {
        "rope_type": "yarn",
        "factor": 4.0,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "truncate": False,
        "original_max_position_embeddings": 32,
    },
    "sliding_window": 8,
    "layer_types": ["sliding_attention"],
}
LATENT = PLAIN | {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "attention_bias": False,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 32,
    "moe_intermediate_size": 32,
    "n_group": 1,
    "n_routed_experts": 2,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_experts_per_tok": 1,
    "q_lora_rank": 32,
    "qk_nope_head_dim": 24,
    "qk_rope_head_dim": 8,
    "routed_scaling_factor": 1.0,
    "scoring_func": "sigmoid",
    "topk_group": 1,
    "topk_method": "noaux_tc",
    "v_head_dim": 32,
}

LINEAR = r"_proj|_a_proj_with_mqa"
EXPERTS = r"experts\.\d+\."


def case(what, base, quant, store, kind, form, **more):
    return {
        "what": what,
        "config": base | {"quantization_config": quant},
        "store": store,
        "class": kind,
        "format": form,
    } | more


def fp8(**more):
    return {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8"} | more


def compressed(form, weights, ignore=("lm_head",), inputs=None):
    group = {"input_activations": inputs, "output_activations": None, "targets": ["Linear"]}
    defaults = {"block_structure": None, "dynamic": False, "observer": "minmax", "observer_kwargs": {}}
    return {
        "config_groups": {"group_0": group | {"weights": defaults | weights}},
        "format": form,
        "global_compression_ratio": None,
        "ignore": list(ignore),
        "kv_cache_scheme": None,
        "quant_method": "compressed-tensors",
        "quantization_status": "compressed",
    }


def integers(bits, strategy="group", group=32, symmetric=True, **more):
    return {
        "actorder": None,
        "group_size": group if strategy == "group" else None,
        "num_bits": bits,
        "strategy": strategy,
        "symmetric": symmetric,
        "type": "int",
    } | more


def floats(bits, strategy, **more):
    return {"num_bits": bits, "strategy": strategy, "symmetric": True, "type": "float"} | more


def gptq(bits, group, **more):
    return {
        "bits": bits,
        "checkpoint_format": "gptq",
        "damp_percent": 0.1,
        "desc_act": False,
        "group_size": group,
        "quant_method": "gptq",
        "sym": False,
        "true_sequential": True,
    } | more


def bnb(**more):
    return {
        "_load_in_4bit": True,
        "_load_in_8bit": False,
        "bnb_4bit_compute_dtype": "bfloat16",
        "bnb_4bit_quant_storage": "uint8",
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": False,
        "llm_int8_enable_fp32_cpu_offload": False,
        "llm_int8_has_fp16_weight": False,
        "llm_int8_skip_modules": ["lm_head"],
        "llm_int8_threshold": 6.0,
        "load_in_4bit": True,
        "load_in_8bit": False,
        "quant_method": "bitsandbytes",
    } | more


ONE = torch.ones(())
AWQ = {
    "bits": 4,
    "group_size": 32,
    "modules_to_not_convert": None,
    "quant_method": "awq",
    "version": "gemm",
    "zero_point": True,
}
MODELOPT = {
    "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "float"}}},
    "ignore": ["lm_head", "model.layers.0.self_attn*"],
    "kv_cache_scheme": {"dynamic": False, "num_bits": 8, "type": "float"},
    "producer": {"name": "modelopt", "version": "0.29.0"},
    "quant_algo": "NVFP4",
    "quant_method": "modelopt",
}


def shuffled(cols, group):
    g = torch.Generator().manual_seed(cols)
    return (torch.arange(cols) // group)[torch.randperm(cols, generator=g)]


def ordered(make, group, **more):
    return lambda w: make(w, group, order=shuffled(w.shape[1], group), **more)


CASES = {
    "fp8_block": case(
        "blocks that neither rows nor columns are whole multiples of",
        LLAMA, fp8(weight_block_size=[40, 48], modules_to_not_convert=["lm_head", "mlp.gate"]),
        [(LINEAR, partial(how.fp8, block=[40, 48]))], "F", "FP8",
    ),
    "fp8_latent": case(
        "DeepSeek-V3: heads of a block's odd part; scales in BF16",
        LATENT, fp8(weight_block_size=[16, 16]),
        [(LINEAR, partial(how.fp8, block=[16, 16], kind=torch.bfloat16))], "F", "FP8",
    ),
    "fp8_fp4": case(
        "DeepSeek-V4: scales of powers of two, experts of four bits",
        MOE, fp8(weight_block_size=[32, 32], scale_fmt="ue8m0"),
        [(EXPERTS, how.fp4_deepseek),
         (LINEAR, partial(how.fp8, block=[32, 32], kind=torch.float8_e8m0fnu, suffix="scale"))], "Q", "FP4_MX",
    ),
    "fp8_static": case(
        "one scale for a matrix, and one for activations, which is not used",
        LLAMA, fp8(activation_scheme="static"),
        [(LINEAR, partial(how.fp8, block=[0, 0], suffix="weight_scale", shape=[]))], "F", "FP8",
        beside={"input_scale": ONE},
    ),
    "fbgemm_fp8": case(
        "a scale for every row",
        LLAMA, {"activation_scale_ub": 1200.0, "modules_to_not_convert": ["lm_head"], "quant_method": "fbgemm_fp8"},
        [(LINEAR, partial(how.fp8, block=[1, 0], suffix="weight_scale"))], "F", "FP8",
    ),
    "mxfp4": case(
        "gpt-oss: all experts in one tensor, gate and up in turn",
        GPT_OSS,
        {"modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router",
                                    "model.embed_tokens", "lm_head"], "quant_method": "mxfp4"},
        [(r"experts\.(gate_up|down)_proj$", how.mxfp4)], "Q", "FP4_MX",
    ),
    "modelopt_fp8": case(
        "one scale for a matrix",
        LLAMA, MODELOPT | {"quant_algo": "FP8", "ignore": ["lm_head"]},
        [(LINEAR, partial(how.fp8, block=[0, 0], suffix="weight_scale", shape=[]))], "F", "FP8",
    ),
    "modelopt_nvfp4": case(
        "a scale for 16 and one for all; attention is left out",
        LLAMA, MODELOPT, [(r"mlp", partial(how.nvfp4, divides=False))], "Q", "FP4_NV",
        beside={"input_scale": ONE},
    ),
    "ct_int4": case(
        "Kimi K2 Thinking: experts alone, by patterns of what is ignored",
        MOE, compressed("pack-quantized", integers(4), ["lm_head", "re:.*self_attn.*", r"re:.*mlp\.gate$"]),
        [(EXPERTS, partial(how.packed, group=32))], "Q", "INT4",
    ),
    "ct_int4_latent": case(
        "keys' matrices in blocks, turned round",
        LATENT, compressed("pack-quantized", integers(4, "channel")),
        [(LINEAR, partial(how.packed, group=0))], "Q", "INT4",
    ),
    "ct_int4_zero": case(
        "zero points", LLAMA, compressed("pack-quantized", integers(4, symmetric=False)),
        [(LINEAR, partial(how.packed, group=32, symmetric=False, kind=torch.float16))], "Q", "INT4_ZERO",
    ),
    "ct_int4_order": case(
        "groups of inputs in order of importance",
        LLAMA, compressed("pack-quantized", integers(4, actorder="group")),
        [(LINEAR, ordered(how.packed, 32))], "F", "INT4_ORDER",
    ),
    "ct_int8": case(
        "bytes in words", LLAMA, compressed("pack-quantized", integers(8, "channel")),
        [(LINEAR, partial(how.packed, group=0, bits=8))], "Q", "UINT8",
    ),
    "ct_int8_zero": case(
        "bytes less bytes", LLAMA, compressed("pack-quantized", integers(8, symmetric=False)),
        [(LINEAR, partial(how.packed, group=32, bits=8, symmetric=False))], "Q", "UINT8_ZERO",
    ),
    "ct_int8_order": case(
        "bytes, in order of importance",
        LLAMA, compressed("pack-quantized", integers(8, actorder="group", symmetric=False)),
        [(LINEAR, ordered(how.packed, 32, bits=8, symmetric=False))], "F", "INT8_ORDER",
    ),
    "ct_w8a8": case(
        "bytes, a scale for every row",
        LLAMA, compressed("int-quantized", integers(8, "channel"), inputs={"dynamic": True, "num_bits": 8}),
        [(LINEAR, how.int8_rows)], "Q", "INT8",
    ),
    "ct_fp8": case(
        "a scale for every row",
        LLAMA, compressed("float-quantized", floats(8, "channel"), inputs={"dynamic": True, "num_bits": 8}),
        [(LINEAR, partial(how.fp8, block=[1, 0], kind=torch.bfloat16, suffix="weight_scale"))], "F", "FP8",
    ),
    "ct_fp8_block": case(
        "a scale for every block",
        LLAMA, compressed("float-quantized", floats(8, "block", block_structure=[32, 32])),
        [(LINEAR, partial(how.fp8, block=[32, 32], kind=torch.bfloat16, suffix="weight_scale"))], "F", "FP8",
    ),
    "ct_nvfp4": case(
        "a scale for 16, divided by one for all",
        LLAMA, compressed("nvfp4-pack-quantized", floats(4, "tensor_group", group_size=16)),
        [(LINEAR, partial(how.nvfp4, divides=True))], "Q", "FP4_NV", beside={"input_global_scale": ONE},
    ),
    "ct_mxfp4": case(
        "a power of two for 32",
        LLAMA, compressed("mxfp4-pack-quantized", floats(4, "group", group_size=32)),
        [(LINEAR, how.ct_mxfp4)], "Q", "FP4_MX",
    ),
    "awq": case("eight columns to a word", LLAMA, AWQ, [(LINEAR, partial(how.awq, group=32))], "F", "AWQ4"),
    "awq_latent": case(
        "heads of matrices stored by columns", LATENT, AWQ, [(LINEAR, partial(how.awq, group=32))], "F", "AWQ4",
    ),
    "gptq": case("zero points less 1", LLAMA, gptq(4, 32), [(LINEAR, partial(how.gptq, group=32))], "F", "GPTQ4"),
    "gptq_v2": case(
        "zero points as they are, one group", LLAMA, gptq(4, -1, checkpoint_format="gptq_v2"),
        [(LINEAR, partial(how.gptq, group=0, old=False))], "F", "GPTQ4",
    ),
    "gptq_8": case("bytes", LLAMA, gptq(8, 32, sym=True), [(LINEAR, partial(how.gptq, group=32, bits=8, symmetric=True))],
                   "F", "GPTQ8"),
    "gptq_2": case("two bits", LLAMA, gptq(2, 16), [(LINEAR, partial(how.gptq, group=16, bits=2))], "F", "GPTQ2"),
    "gptq_order": case(
        "groups of inputs in order of importance", LLAMA, gptq(4, 32, desc_act=True),
        [(LINEAR, ordered(how.gptq, 32))], "F", "GPTQ4",
    ),
    "gptq_latent": case(
        "heads of matrices stored by columns", LATENT, gptq(4, 16), [(LINEAR, partial(how.gptq, group=16))], "F", "GPTQ4",
    ),
    "bnb_nf4": case("64 numbers of a codebook", LLAMA, bnb(), [(LINEAR, partial(how.bnb4, kind="nf4", double=False))],
                    "F", "BNB4"),
    "bnb_nf4_double": case(
        "scales that are themselves quantised", LLAMA, bnb(bnb_4bit_use_double_quant=True),
        [(LINEAR, partial(how.bnb4, kind="nf4", double=True))], "F", "BNB4",
    ),
    "bnb_fp4": case("another codebook", LLAMA, bnb(bnb_4bit_quant_type="fp4"),
                    [(LINEAR, partial(how.bnb4, kind="fp4", double=False))], "F", "BNB4"),
    "bnb_int8": case(
        "bytes, the largest of every row", LLAMA,
        bnb(load_in_4bit=False, load_in_8bit=True, _load_in_4bit=False, _load_in_8bit=True),
        [(LINEAR, how.bnb8)], "Q", "INT8",
    ),
}  # fmt: skip

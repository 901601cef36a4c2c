"""How a golden model is said in a GGUF file: names, metadata, tensors that only GGUF has."""

import math
import re

import containers_compressed
import containers_dense
import containers_dsa
import containers_hybrids
import containers_latent
import containers_mixtures
from containers_classics import CLASSICS, key_heads
from containers_classics import entries as classic_entries

FAMILIES = containers_dense.FAMILIES | containers_mixtures.FAMILIES | containers_latent.FAMILIES
FAMILIES |= containers_dsa.FAMILIES | containers_compressed.FAMILIES | containers_hybrids.FAMILIES

# Hugging Face module name -> GGUF name; {} is the number of the layer.
NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "model.layers.{}.input_layernorm": "blk.{}.attn_norm",
    "model.layers.{}.post_attention_layernorm": "blk.{}.ffn_norm",
    "model.layers.{}.self_attn.q_proj": "blk.{}.attn_q",
    "model.layers.{}.self_attn.k_proj": "blk.{}.attn_k",
    "model.layers.{}.self_attn.v_proj": "blk.{}.attn_v",
    "model.layers.{}.self_attn.o_proj": "blk.{}.attn_output",
    "model.layers.{}.self_attn.q_norm": "blk.{}.attn_q_norm",
    "model.layers.{}.self_attn.k_norm": "blk.{}.attn_k_norm",
    "model.layers.{}.mlp.gate_proj": "blk.{}.ffn_gate",
    "model.layers.{}.mlp.up_proj": "blk.{}.ffn_up",
    "model.layers.{}.mlp.down_proj": "blk.{}.ffn_down",
}

ARCHITECTURES = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}

# Architectures whose files have the rows of q and k in the order that turns halves into pairs.
PERMUTED = {"llama", "granite", "smollm3"}


def tensor_name(name: str, kind_of_model: str = "") -> str:
    own = FAMILIES.get(kind_of_model, {}).get("tensor_name")
    if own:
        return own(name)
    name = name.replace("model.language_model.", "model.")
    layer = re.search(r"\.(\d+)\.", name)
    pattern, kind = (name.replace(f".{layer[1]}.", ".{}.", 1) if layer else name).rsplit(".", 1)
    classic = CLASSICS.get(kind_of_model, {}).get("names")
    names = classic or NAMES | FAMILIES.get(kind_of_model, {}).get("names", {})
    pattern = re.sub(r"\.experts\.\d+\.", ".experts.*.", pattern)
    whole = f"{pattern}.{kind}" # stacked experts have no .weight
    if whole in names:
        return names[whole].format(layer[1])
    if pattern not in names:
        raise KeyError(f"no name in GGUF for {pattern} of {kind_of_model}: see FAMILIES in containers*.py")
    return names[pattern].format(*([layer[1]] if layer else [])) + "." + kind


def layout(t: dict, kind_of_model: str) -> dict:
    """What else GGUF does to a tensor of the table: see heft_golden_tensor."""
    found = dict(FAMILIES.get(kind_of_model, {}).get("layout", lambda name: {})(t["name"]))
    if found.get("gguf_up") is True:
        found["gguf_up"] = t["gguf"].replace("gate", "up").replace("attn_k_b", "attn_v_b")
    biases = len(t["shape"]) == 2 and t["gguf"].endswith(".bias")
    exact = biases or re.search(r"ffn_gate_inp\.|_ape\.|hc_\w+_fn|tid2eid|ssm_conv1d", t["gguf"])
    return found | {"plain": bool(exact)}


def order(config, architecture: str, name: str, width: int) -> dict:
    """How GGUF's tensor has the numbers of the release's in another order; width: of a head."""
    if architecture in PERMUTED and re.search(r"\.[qk]_proj\.", name):
        return {"permuted": width}
    if config.model_type in containers_hybrids.FAMILIES:
        return containers_hybrids.order(config, name)
    family = CLASSICS.get(config.model_type, {})
    if re.search(family.get("transposed", "$^"), name):
        return {"transposed": True}
    if re.search(family.get("fused", "$^"), name):
        return {"fused": [width, config.num_attention_heads // key_heads(config)]}
    if re.search(family.get("permuted", "$^"), name):
        return {"permuted": width}
    return {}


def rotary(model):
    """The rotary table that scaling is for."""
    named = {k: m for k, m in model.named_modules() if hasattr(m, "original_inv_freq")}
    return next((m for k, m in named.items() if "full_attention" in k), None) or next(iter(named.values()), None)


def rotated(model) -> int:
    """Rotated numbers of a head; 0: the model does not say."""
    table = rotary(model)
    return 2 * len(table.original_inv_freq) if table else 0


def rope_scaling(arch: str, config, model) -> tuple:
    """Metadata entries and extra tensors of config's rope scaling."""
    scaling = getattr(config, "rope_scaling", None)
    if not scaling:
        return [], []
    kind = scaling.get("rope_type") or scaling["type"]
    prefix = arch + ".rope.scaling."
    inverse = rotary(model).original_inv_freq.double()
    width = 2 * len(inverse)
    if kind == "llama3":
        plain = [config.rope_theta ** (-2 * m / width) for m in range(len(inverse))]
        divisors = [p / float(i) for p, i in zip(plain, inverse)]
        return [], [{"name": "rope_freqs.weight", "values": divisors}]
    if kind == "linear":
        entries = [
            (prefix + "type", "string", "linear"),
            (prefix + "factor", "f32", scaling["factor"]),
        ]
        return entries, []
    factor = rotary(model).attention_scaling
    original = scaling.get("original_max_position_embeddings") or config.max_position_embeddings
    if kind == "yarn":
        all_dim = scaling.get("mscale_all_dim", 0)
        # A reader multiplies by 1 + 0.1 ln(factor) of its own accord, unless it knows mscale_all_dim.
        extra = factor / (1 + 0.1 * math.log(scaling["factor"]))
        entries = [
            (prefix + "type", "string", "yarn"),
            (prefix + "factor", "f32", scaling["factor"]),
            (prefix + "original_context_length", "u32", original),
        ]
        entries += [
            (prefix + "yarn_" + key, "f32", float(scaling[key])) for key in ("beta_fast", "beta_slow") if key in scaling
        ]
        if all_dim:
            entries.append((prefix + "yarn_log_multiplier", "f32", 0.1 * all_dim))
        elif abs(extra - 1) > 1e-9:
            entries.append((prefix + "attn_factor", "f32", extra))
        return entries, []
    if kind == "longrope":
        longest = config.max_position_embeddings
        original = getattr(config, "original_max_position_embeddings", longest)
        entries = [
            (prefix + "type", "string", "longrope"),
            (prefix + "original_context_length", "u32", original),
            (prefix + "attn_factor", "f32", factor),
        ]
        return entries, [
            {"name": "rope_factors_long.weight", "values": scaling["long_factor"]},
            {"name": "rope_factors_short.weight", "values": scaling["short_factor"]},
        ]
    raise ValueError(f"no GGUF form of rope scaling {kind}")


def vocabulary(config, tokens) -> list:
    """Metadata of the tokenizer: none, or `tokens` (the last of two characters, so that there is a
    merge) and unused ids up to the embedding."""
    if not tokens:
        return [("tokenizer.ggml.model", "string", "no_vocab")]
    unused = range(len(tokens), config.vocab_size)
    return [
        ("tokenizer.ggml.model", "string", "gpt2"),
        ("tokenizer.ggml.pre", "string", "default"),
        ("tokenizer.ggml.tokens", "strings", tokens + [f"[PAD{i}]" for i in unused]),
        ("tokenizer.ggml.token_type", "i32s", [1] * len(tokens) + [5] * len(unused)),
        ("tokenizer.ggml.merges", "strings", [" ".join(tokens[-1])]),
        ("tokenizer.ggml.bos_token_id", "u32", config.bos_token_id),
        ("tokenizer.ggml.eos_token_id", "u32", config.eos_token_id),
        ("tokenizer.ggml.add_bos_token", "bool", False),
    ]


def metadata(config, model, head_width: int, tokens) -> tuple:
    """All entries as (key, type, value), and the tensors that only GGUF has."""
    if config.model_type in CLASSICS:
        return classic_entries(config) + vocabulary(config, tokens), []
    family = FAMILIES.get(config.model_type, {})
    arch = family.get("architecture") or ARCHITECTURES.get(config.model_type)
    if not arch:
        raise KeyError(f"no architecture in GGUF for {config.model_type}: see FAMILIES in containers*.py, or no_gguf")
    own = family.get("metadata", lambda config: [])(config)
    by_layer = "attention.head_count_kv" in {key for key, _, _ in own}
    heads = None if by_layer else config.num_key_value_heads
    if "extra" in family:
        scaling, extra = [], family["extra"](config)
    else:
        scaling, extra = rope_scaling(arch, config, model)
        scaling += [
            (f"{arch}.rope.dimension_count", "u32", rotated(model) or head_width),
            (f"{arch}.rope.freq_base", "f32", float(config.rope_theta)),
        ]
    entries = [
        ("general.architecture", "string", arch),
        (f"{arch}.vocab_size", "u32", config.vocab_size),
        (f"{arch}.context_length", "u32", config.max_position_embeddings),
        (f"{arch}.embedding_length", "u32", config.hidden_size),
        (f"{arch}.block_count", "u32", config.num_hidden_layers),
        (f"{arch}.feed_forward_length", "u32", getattr(config, family.get("feed_forward_length", "intermediate_size"))),
        (f"{arch}.attention.head_count", "u32", config.num_attention_heads),
        (f"{arch}.attention.head_count_kv", "u32", heads),
        (f"{arch}.attention.key_length", "u32", head_width),
        (f"{arch}.attention.value_length", "u32", head_width),
    ]
    if hasattr(config, "rms_norm_eps"):
        entries.append((f"{arch}.attention.layer_norm_rms_epsilon", "f32", config.rms_norm_eps))
    own = [(f"{arch}.{key}", kind, value) for key, kind, value in own]
    entries = [e for e in entries if e[0] not in {key for key, _, _ in own}] + own
    return entries + scaling + vocabulary(config, tokens), extra

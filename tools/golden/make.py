"""Make golden models: what a reference library says of tiny models with known weights.

    python tools/golden/make.py [CASE...]        all of cases.py, or those named

writes tests/golden/CASE/: config.json as a release has it, golden.json (the table of weights, the
text, the greedy tokens, what made it and how exact it is), results.safetensors (logits and hidden
states), and release/ where the case asks for one. Weights are not stored; weights.py says how they
are made. Needs the packages of requirements.txt; nothing else in this repository does.
"""

import importlib.metadata
import json
import pathlib
import re
import sys
import tempfile

import numpy as np
import torch
from safetensors.numpy import save_file

import chosen
import containers
import reference
import weights
from cases import CASES

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
TEXT, GREEDY = 40, 16
TOLERANCE = 1e-5
SEEDS = 64
TRANSFORMERS = "4.57.6"  # where a case names no other
STEP = 3  # from one of the rows whose hidden states are kept, and llama.cpp's logits, to the next
# How large numbers get: smaller ones would not show that a scale, a mask or a bias is missing,
# larger ones leave nothing of softmax but its maximum.
HOT = {"score": (5, 24), "feed_forward": (2.5, 16), "logit": (20, 100)}
# Keys that never change a result.
SILENT = {
    "architectures", "attention_dropout", "bos_token_id", "eos_token_id", "initializer_range",
    "max_position_embeddings", "pretraining_tp", "tie_word_embeddings", "torch_dtype",
    "transformers_version", "use_cache", "use_sliding_window", "model_type", "hidden_act",
    "activation_dropout", "dropout", "embed_dropout", "layerdrop", "prefix", "resid_dropout",
    "attention_softmax_in_fp32", "attn_pdrop", "emb_pdrop", "embd_pdrop", "embedding_dropout",
    "embedding_fraction", "expansion_ratio", "hidden_dropout", "init_device", "learned_pos_emb",
    "mlp_type", "model_max_length", "max_seq_len", "n_ctx", "n_positions", "no_bias", "rotary", "norm_type", "resid_pdrop",
    "residual_dropout", "scale_attention_softmax_in_fp32", "seq_length", "skip_bias_add",
    "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type",
    "summary_use_proj", "verbose",
    "attention_bias", "cache_implementation", "embd_pdrop", "hidden_activation", "layer_switch", "max_window_layers",
    "order_of_interleaved_layers", "pad_token_id", "position_embedding_type", "resid_pdrop", "rotary_pct",
    "use_embedding_sharing", "use_gated_activation", "use_parallel_block", "use_parallel_embedding",
    "use_qk_norm",
}  # fmt: skip


# What helps where no seed does.
ADVICE = (
    "In tools/golden/reference.py GAINS makes the matrices that a name matches hotter or colder, and scale says where "
    "other tensors lie; `hot` in the case moves the bounds, with a reason."
)
NOT_THE_SAME = (
    "Do containers*.py say its names and metadata, and ONE_PLUS of reference.py that its norms multiply by 1 + w? "
    "llama_cpp_differs in the case says why it must."
)


class Unfit(Exception):
    """This seed does not make a golden."""


def mutations(config: dict):
    """config with one key left out, by the key's name; keys of rope_scaling too."""
    for key in config:
        if key not in SILENT and config[key] is not None:
            yield key, {k: v for k, v in config.items() if k != key}
    scaling = config.get("rope_scaling") or {}
    for key in scaling:
        if key not in ("type", "rope_type"):
            rest = {k: v for k, v in scaling.items() if k != key}
            yield "rope_scaling." + key, config | {"rope_scaling": rest}


def blind(case: dict, seed: int, text: list, logits: np.ndarray, limit: float) -> list:
    """Keys of the config that could be lost without a trace in the logits."""
    found = []
    for key, config in mutations(case["config"]):
        if key in case.get("inert", []):
            continue
        try:
            model = reference.load(config)
            original = reference.load(case["config"])
            same = {k: v.shape for k, v in model.state_dict().items()} == {
                k: v.shape for k, v in original.state_dict().items()
            }
            if not same or model.config.to_diff_dict() == original.config.to_diff_dict():
                continue
            with torch.no_grad():
                reference.tensors(model, seed, case.get("left_out", ""))
            other, _ = reference.forward(model, text)
        except Exception:
            continue  # the reference cannot do without it either
        if np.abs(other[: len(logits)] - logits).max() < limit:
            found.append(key)
    return found


def tokenizer(tokens: list) -> dict:
    """A tokenizer.json of single characters, and one pair at the end."""
    bytes_as_letters = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": bytes_as_letters | {"use_regex": True},
        "post_processor": None,
        "decoder": bytes_as_letters | {"use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {t: i for i, t in enumerate(tokens)},
            "merges": [" ".join(tokens[-1])],
        },
    }


def hot(seen: dict, case: dict) -> None:
    for what, (low, high) in (HOT | case.get("hot", {})).items():
        if not low <= seen[what] <= high:
            raise Unfit(f"largest {what} is {seen[what]:.3g}, not {low} to {high}")


def steady(model, text: list, limit: float) -> bool:
    """Do all tokens keep their experts when their embeddings change by ten tolerances? Another expert
    is a jump of the logits, whatever the router."""
    weight = model.get_input_embeddings().weight
    kept, logits = weight.detach().clone(), reference.forward(model, text)[0]
    moved = 0.0
    with torch.no_grad():
        for seed in range(8):
            sign = torch.randint(0, 2, kept.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1
            weight.copy_(kept * (1 + 10 * TOLERANCE * sign))
            moved = max(moved, float(np.abs(reference.forward(model, text)[0] - logits).max()))
        weight.copy_(kept)
    return moved < 200 * limit


def attempt(name: str, case: dict, seed: int) -> tuple:
    """golden.json and the result arrays of one seed."""
    tolerance = case.get("tolerance", TOLERANCE)
    model = reference.load(case["config"])
    vocab = model.config.get_text_config().vocab_size
    choices = case.get("tokens", vocab)
    left_out = case.get("left_out", "")
    with torch.no_grad():
        table = reference.tensors(model, seed, left_out) + reference.beside(case.get("not_run", {}), seed)
    given = case.get("text", TEXT)
    rows = list(range(0, given, case.get("step", STEP)))
    ids = weights.text(seed, given, choices)
    with reference.largest(model) as seen:
        text, margin = reference.greedy(model, ids, GREEDY, choices)
        logits, hidden = reference.forward(model, text)
    seen["logit"] = float(np.abs(logits).max())
    hot(seen, case)
    limit = tolerance * float(np.abs(logits[:given]).max())
    if margin < 10 * limit:
        raise Unfit(f"a greedy token leads by {margin:.3g} only")
    if choices < vocab and (logits[given - 1 : -1].argmax(1) < choices).all():
        raise Unfit("no row beyond the tokenizer would be chosen")
    wide = reference.load(case["config"], torch.float64)
    with torch.no_grad():
        reference.tensors(wide, seed, left_out)
    noise = float(np.abs(reference.forward(wide, text)[0] - logits)[:given].max())
    if noise > limit / 2:
        raise Unfit(f"the reference itself is uncertain by {noise:.3g}, tolerance {limit:.3g}")
    lead = chosen.least_lead(lambda: reference.forward(model, text))
    if lead < 10 * TOLERANCE:
        raise Unfit(f"of two keys, one chosen and one not, the first leads by {lead:.2g} only")
    if any("expert" in t["name"] for t in table) and not steady(model, text, limit):
        raise Unfit("a token almost goes to another expert")
    found = blind(case, seed, text, logits[:given], 10 * limit)
    if found:
        sys.exit(f"{name}: blind to {', '.join(found)}, and that is no matter of the seed")

    golden = {
        "name": name,
        "what": case["what"],
        "seed": seed,
        "made_by": {
            "reference": reference.made_by(case["config"]),
            "torch": importlib.metadata.version("torch"),
            "attention": model.config._attn_implementation,
            "dtype": "float32",
        },
        "tolerance": tolerance,
        "tolerance_reason": case.get("tolerance_reason"),
        "measured": {
            "largest_score": round(seen["score"], 2),
            "largest_feed_forward": round(seen["feed_forward"], 2),
            "largest_logit": round(seen["logit"], 2),
            "float64_differs_by": float(f"{noise:.2g}"),
            "smallest_lead": float(f"{margin:.3g}"),
        },
        "length": len(text),
        "choices": choices,
        "ids": text[:given],
        "greedy": text[given:],
        "rows": rows,
        "gguf": None,
        "tensors": table,
    }
    arrays = {"logits": logits[:given], "hidden": hidden[:, rows]}
    characters = [chr(ord("!") + i) for i in range(case.get("tokens", 1) - 1)]
    characters += ["ab"] if characters else []
    add_gguf(golden, arrays, case, model, characters)
    return golden, arrays, model, characters


def add_gguf(golden: dict, arrays: dict, case: dict, model, characters: list) -> None:
    """Say the model as GGUF, and compare with llama.cpp."""
    config, table = model.config.get_text_config(), golden["tensors"]
    if "no_gguf" in case:
        golden["gguf"] = {"none": case["no_gguf"]}
        return
    attention = reference.attention(model)
    width = getattr(attention, "head_dim", config.hidden_size // config.num_attention_heads)
    entries, extra = containers.metadata(config, model, width, characters)
    for t in table:
        name = case.get("left_out", "") + t["name"]
        t["gguf"] = containers.tensor_name(name, config.model_type)
        one_plus = config.model_type in reference.ONE_PLUS and not re.search(reference.NOT_ONE_PLUS, t["gguf"])
        if one_plus and t["gguf"].endswith("norm.weight"):
            t["plus"] = 1.0
        t |= containers.layout(t, config.model_type)
        t |= containers.order(config, entries[0][2], name, width)
    golden["gguf"] = {
        # Rope factors stored as divisors or quotients come back rounded once more; a matrix stored
        # [in, out] is multiplied by another class of sum.
        "same_bits": not extra
        and not any(key.endswith("attn_factor") for key, _, _ in entries)
        and not any(t.get("transposed") or "heads" in t or "cols" in t for t in table),
        "metadata": [list(e) for e in entries],
        "extra": extra,
    }
    if "llama_cpp_refuses" in case:
        golden["gguf"]["llama_cpp_refuses"] = case["llama_cpp_refuses"]
        return
    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        reference.write_gguf(file.name, entries, table, extra)
        theirs = reference.llama_cpp(file.name, golden["ids"], config.vocab_size, golden["length"])
    differs = float(np.abs(theirs - arrays["logits"]).max())
    golden["gguf"] = {
        "llama_cpp": "llama-cpp-python " + importlib.metadata.version("llama-cpp-python"),
        "llama_cpp_differs_by": float(f"{differs:.2g}"),
    } | golden["gguf"]
    allowed = case.get("llama_cpp_tolerance", 1e-3)
    if "llama_cpp_differs" in case:
        golden["gguf"]["llama_cpp_runs_another_model"] = case["llama_cpp_differs"]
    elif differs > allowed * float(np.abs(arrays["logits"]).max()):
        sys.exit(f"llama.cpp makes another model of the GGUF file: a logit differs by {differs:.3g}. {NOT_THE_SAME}")
    if config.model_type in reference.TABLED:
        golden["gguf"]["llama_cpp_tolerance"] = reference.TABLED_TOLERANCE
        golden["gguf"]["llama_cpp_tolerance_reason"] = "llama.cpp looks gelu up in a table of half precision"
    if case.get("llama_cpp"):
        arrays["llama_cpp"] = theirs[golden["rows"]]
        if "llama_cpp_tolerance" in case:
            golden["gguf"]["llama_cpp_tolerance"] = allowed
            golden["gguf"]["llama_cpp_tolerance_reason"] = case["llama_cpp_reason"]


def lines(value, indent: str = " ") -> str:
    """JSON with one line per entry, two levels deep."""
    if isinstance(value, dict):
        body = (f"{indent}{json.dumps(k)}: {nested(k, v, indent)}" for k, v in value.items())
        return "{\n" + ",\n".join(body) + "\n" + indent[1:] + "}"
    return json.dumps(value)


def nested(key: str, value, indent: str) -> str:
    if key in ("made_by", "measured", "gguf") and isinstance(value, dict):
        return lines(value, indent + " ")
    if key in ("tensors", "metadata", "extra") and value:
        body = ",\n".join(f"{indent} {json.dumps(v)}" for v in value)
        return "[\n" + body + "\n" + indent + "]"
    return json.dumps(value)


def save(name: str, case: dict, golden: dict, arrays: dict, model, characters: list) -> int:
    at = OUT / name
    at.mkdir(parents=True, exist_ok=True)
    (at / "config.json").write_text(json.dumps(case.get("released", case["config"]), indent=2) + "\n")
    for t in golden["tensors"]:
        t["hash"] = f"{weights.fnv1a(t.pop('q').tobytes()):016x}"
        for key in [k for k in ("offset", "permuted", "plus", "plain") if not t.get(k)]:
            t.pop(key, None)
    golden = {k: v for k, v in golden.items() if v is not None}
    (at / "golden.json").write_text(lines(golden) + "\n")
    arrays = {k: np.ascontiguousarray(v, np.float32) for k, v in arrays.items()}
    save_file(arrays, at / "results.safetensors")
    if characters:
        (at / "tokenizer.json").write_text(json.dumps(tokenizer(characters)) + "\n")
    if "release" in case:
        model.to(getattr(torch, case["release"])).save_pretrained(at / "release")
    return sum(f.stat().st_size for f in at.rglob("*") if f.is_file())


def make(name: str, case: dict) -> None:
    installed = importlib.metadata.version("transformers")
    if installed != case.get("transformers", TRANSFORMERS):
        print(f"{name}: left as it is: made by transformers {case.get('transformers', TRANSFORMERS)}")
        return
    first = weights.fnv1a(name.encode()) % 1000000
    for seed in range(first, first + SEEDS):
        try:
            golden, arrays, model, characters = attempt(name, case, seed)
        except Unfit as reason:
            print(f"  {name}: seed {seed}: {reason}", file=sys.stderr)
            continue
        size = save(name, case, golden, arrays, model, characters)
        measured = " ".join(f"{k} {v}" for k, v in golden["measured"].items())
        theirs = golden["gguf"].get("llama_cpp_differs_by", "-")
        print(f"{name}: seed {seed}, {size} bytes, {measured}, llama.cpp {theirs}")
        return
    sys.exit(f"{name}: none of {SEEDS} seeds is fit. {ADVICE}")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or CASES:
        make(wanted, CASES[wanted])

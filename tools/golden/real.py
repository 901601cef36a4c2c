"""List the tensors that releases have: names and shapes, as the reference library names and shapes
them, without a weight.

    python tools/golden/real.py [RELEASE...]      all of releases.py and releases_large.py, or those named

writes tests/real/RELEASE.json: config.json, what listed the tensors, and a line for each name, with
{} for the layer and {e} for the expert: shape, the layers as [first, beyond] pairs, the experts.
Where a GGUF file has the same matrices under other names, its metadata and names too.
"""

import importlib.metadata
import json
import pathlib
import re
import sys

import torch

import apart
import containers
import hybrids
import latent
import mixtures
import not_run
import reference
from releases_large import FROM_MEMORY, RELEASES
from transformers import AutoConfig, AutoModelForCausalLM

# Model types that transformers 5 runs.
FIVE = {"gemma4_text", "deepseek_v4", "qwen3_5_text", "qwen3_5_moe_text"}
OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "real"


def load(config: dict):
    """The reference's model, of shapes only."""
    with torch.device("meta"), reference.no_init_weights():
        if config["model_type"] in mixtures.OWN:
            return mixtures.OWN[config["model_type"]](config, torch.bfloat16)
        own = dict(latent.known(config))
        kind = own.pop("model_type")
        known = hybrids.model_class(config) or AutoModelForCausalLM
        return known.from_config(AutoConfig.for_model(kind, **own), dtype=torch.bfloat16)


def ranges(numbers: list) -> list:
    """Ascending numbers as [first, beyond] pairs."""
    found = []
    for n in sorted(set(numbers)):
        if found and found[-1][1] == n:
            found[-1][1] = n + 1
        else:
            found.append([n, n + 1])
    return found


def listed(named: list) -> list:
    """(name, shape) of every tensor, folded into a row for each kind of layer."""
    rows = {}
    for name, shape in named:
        layer = re.search(r"(?<=\.)(\d+)(?=\.)|(?<=^h\.)(\d+)(?=\.)", name)
        pattern = name[: layer.start()] + "{}" + name[layer.end() :] if layer else name
        expert = re.search(r"(?<=experts\.)(\d+)(?=\.)", pattern)
        if expert:
            pattern = pattern[: expert.start()] + "{e}" + pattern[expert.end() :]
        row = rows.setdefault((pattern, tuple(shape)), ([], []))
        row[0].extend([int(layer[0])] if layer else [])
        row[1].extend([int(expert[0])] if expert else [])
    found = []
    for (pattern, shape), (layers, experts) in rows.items():
        row = {"name": pattern, "shape": list(shape)}
        row |= {"layers": ranges(layers)} if layers else {}
        row |= {"experts": max(experts) + 1} if experts else {}
        row |= {"integers": True} if "tid2eid" in pattern else {}
        found.append(row)
    return found


def in_gguf(config, model, named: list) -> dict:
    """Metadata and tensors of the GGUF file, where matrices are as the release has them."""
    attention = reference.attention(model)
    width = getattr(attention, "head_dim", config.hidden_size // config.num_attention_heads)
    entries, extra = containers.metadata(config, model, width, None)
    tensors = {}
    for name, shape in named:
        t = {"name": name, "shape": shape, "gguf": containers.tensor_name(name, config.model_type)}
        layout = containers.layout(t, config.model_type)
        if set(layout) - {"plain"} or containers.order(config, entries[0][2], name, width).get("transposed"):
            return {}
        tensors.setdefault(t["gguf"], []).append(shape)
    stacked = [(n, s[0] if len(s) == 1 else [len(s), *s[0]]) for n, s in tensors.items()]
    stacked += [(t["name"], [len(t["values"])]) for t in extra]
    return {"gguf": [list(e) for e in entries], "gguf_tensors": listed(stacked)}


def beside(config: dict, rows: list) -> list:
    """All tensors of the release: those of the model, and what heft does not run."""
    text = config.get("text_config", config)
    rows = rows + not_run.drafts(text, rows)
    if text is not config:
        rows = [row | {"name": "language_model." + row["name"]} for row in rows]
    return rows + not_run.tower(config.get("vision_config"), text["hidden_size"])


def make(release: str) -> None:
    config = RELEASES[release]
    text = config.get("text_config", config)
    model = load(text)
    tied = set(model._tied_weights_keys or []) if model.config.tie_word_embeddings else set()
    kind = model.config.model_type
    kept = [(n, p) for n, p in model.state_dict().items() if n not in tied and p.dim()]
    named = [(own, list(part.shape)) for n, p in kept for own, part in apart.parts(kind, n, p)]
    described = {
        "release": release,
        "listed_by": reference.made_by(text),
        "config": config,
        "tensors": beside(config, listed(named)),
    } | ({"from_memory": True} if release in FROM_MEMORY else {})
    try:
        described |= in_gguf(model.config, model, named) if text is config else {}
    except (KeyError, RuntimeError, AttributeError, ValueError) as missing:
        print(f"  {release}: no GGUF: {missing!r}"[:160])
    rows = []
    for key, value in described.items():
        if key in ("tensors", "gguf", "gguf_tensors"):
            rows.append(f" {json.dumps(key)}: [\n" + ",\n".join(f"  {json.dumps(v)}" for v in value) + "\n ]")
        else:
            rows.append(f" {json.dumps(key)}: {json.dumps(value)}")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{release}.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
    print(release, sum(p.numel() for n, p in model.state_dict().items() if n not in tied))


if __name__ == "__main__":
    installed = int(importlib.metadata.version("transformers").split(".")[0])
    for wanted in sys.argv[1:] or RELEASES:
        if (RELEASES[wanted]["model_type"] in FIVE | apart.TYPES) == (installed == 5):
            make(wanted)

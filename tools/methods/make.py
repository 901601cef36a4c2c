"""Make tiny releases in every number format that releases come in, and what a reference says of them.

    python tools/methods/make.py [CASE...]

writes tests/methods/CASE/: config.json and model.safetensors as published, golden.json (the weights
with the hash of their float32 numbers, the text, what made it) and logits.f32 (float32, a row for
each token of the text): the transformers library in float32 on the dequantised weights. Needs the
packages of requirements.txt; nothing else in this repository does.
"""

import importlib.metadata
import json
import pathlib
import re
import sys

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

import layouts as how
from cases import CASES

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "methods"
TEXT = 12
GAIN = {"F": 1.5, "Q": 1.0}  # activations of 8 bits differ by 0.9 % from those of the reference
LEAD = {"F": 1e-3, "Q": 2.5e-2}  # of the largest logit: well above what a sum of that class may differ by


def fnv1a(data: bytes) -> str:
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & (1 << 64) - 1
    return f"{h:016x}"


def weights(model, seed, gain):
    """Random weights: matrices so large that scores and activations are, norms around 1."""
    g = torch.Generator().manual_seed(seed)
    for name, p in sorted(model.named_parameters()):
        x = torch.randn(p.shape, generator=g)
        if p.dim() == 1:
            x = x * 0.2 + (1 if "norm" in name else 0)
        elif "embed" in name:
            x = x * 0.7
        else:
            x = x * gain / p.shape[-1] ** 0.5
        p.data = x.to(torch.bfloat16).float()


def store(case, model):
    """The release's tensors; the model's own weights become what they mean."""
    tensors, matrices, said = {}, [], set()
    for name, p in list(model.named_parameters()):
        make = next((m for pattern, m in case["store"] if re.search(pattern, name)), None)
        if name == "lm_head.weight" and case["config"].get("tie_word_embeddings"):
            continue
        if make is None:
            tensors[name] = p.data.to(torch.bfloat16)
            continue
        fused = p.dim() == 3  # gpt-oss has experts as (in, out)
        w = p.data.transpose(1, 2).contiguous() if fused else p.data
        parts, numbers, by = make(w)
        numbers = (numbers + 0.0).contiguous()
        p.data = numbers.transpose(1, 2).contiguous() if fused else numbers
        stem = name[: -len("weight")] if name.endswith(".weight") else name + "_"
        for suffix, t in parts.items():
            tensors[stem + suffix] = t.contiguous().clone()
        for suffix, t in case.get("beside", {}).items():
            tensors[stem + suffix] = t.clone()
        said.update(by)
        shape = list(numbers.shape)
        matrices.append(
            {
                "name": name,
                "experts": shape[0] if fused else 0,
                "rows": shape[-2],
                "cols": shape[-1],
                "numbers": numbers,
            }
        )
    return tensors, matrices, sorted(said)


def attempt(case, seed):
    """A release of random weights, and what the reference makes of it."""
    config = {k: v for k, v in case["config"].items() if k not in ("quantization_config", "model_type")}
    parsed = transformers.AutoConfig.for_model(case["config"]["model_type"], **config)
    parsed._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(parsed, dtype=torch.float32).eval()
    weights(model, seed, GAIN[case["class"]])
    tensors, matrices, said = store(case, model)
    for buffer, t in model.named_buffers():
        if buffer.endswith("e_score_correction_bias"):
            tensors[buffer] = t.float()
    ids = torch.randint(0, config["vocab_size"], (1, TEXT), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        logits = model(ids).logits[0].float().numpy()
    assert np.isfinite(logits).all()
    top = np.sort(logits, 1)
    lead = float((top[:, -1] - top[:, -2]).min() / np.abs(logits).max())
    return tensors, matrices, said, ids, logits, lead


def make(name, case):
    for seed in range(1, 200):
        tensors, matrices, said, ids, logits, lead = attempt(case, seed)
        if lead > LEAD[case["class"]]:
            break
    else:
        sys.exit(f"{name}: no seed with a clear choice of every token")
    for m in matrices:
        m["hash"] = fnv1a(m.pop("numbers").numpy().astype("<f4").tobytes())
    at = OUT / name
    at.mkdir(parents=True, exist_ok=True)
    save_file(tensors, at / "model.safetensors", metadata={"format": "pt"})
    (at / "config.json").write_text(json.dumps(case["config"], indent=1) + "\n")
    (at / "logits.f32").write_bytes(logits.astype("<f4").tobytes())
    golden = {
        "what": case["what"],
        "made_by": [how.version("transformers"), how.version("torch")],
        "same_numbers": said,
        "class": case["class"],
        "format": case["format"],
        "idle": len(case.get("beside", {})) * len(matrices),
        "seed": seed,
        "smallest_lead": float(f"{lead:.2g}"),
    }
    lines = ",\n  ".join(json.dumps(m) for m in matrices)
    text = json.dumps(golden, indent=1)[:-2] + f',\n "ids": {ids[0].tolist()},\n "matrices": [\n  {lines}\n ]\n}}\n'
    (at / "golden.json").write_text(text)
    print(f"{name:20} {case['class']} lead {lead:.3f} largest {np.abs(logits).max():.1f} "
          f"{sum(f.stat().st_size for f in at.iterdir())} bytes; {', '.join(said)}")  # fmt: skip


if __name__ == "__main__":
    assert importlib.metadata.version("transformers") == "4.57.6"
    for name in sys.argv[1:] or CASES:
        make(name, CASES[name])

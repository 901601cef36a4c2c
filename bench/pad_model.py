#!/usr/bin/env python3
"""A model that says what another says and is as slow as a large one: its feed-forward blocks are
padded with zeros, which add nothing.

    bench/pad_model.py MODEL OUT WIDTH

MODEL is a Llama-shaped release in one safetensors file, WIDTH the feed-forward width of OUT.
"""
import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file


def main():
    model, out, width = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    shutil.copytree(model, out, dirs_exist_ok=True)
    config = json.loads((model / "config.json").read_text())
    more = width - config["intermediate_size"]
    tensors = load_file(model / "model.safetensors")
    for name, t in tensors.items():
        if name.endswith(("gate_proj.weight", "up_proj.weight")):
            tensors[name] = torch.nn.functional.pad(t, (0, 0, 0, more))
        if name.endswith("down_proj.weight"):
            tensors[name] = torch.nn.functional.pad(t, (0, more))
    config["intermediate_size"] = width
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})


main()

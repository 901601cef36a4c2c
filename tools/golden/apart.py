"""What the reference library holds in one tensor and a release in several, or under other names."""

import re

import compressed

# Model types of transformers 5 whose releases have the names of transformers 4.
TYPES = {"deepseek_v32", "glm_moe_dsa", "glm4_moe_lite"}


def parts(kind: str, name: str, tensor):
    """(name in a release, the part of the tensor) of a tensor of a model type."""
    if kind == "deepseek_v4":
        yield from compressed.parts(name, tensor)
        return
    fused = re.fullmatch(r"(.*\.experts)\.(gate_up|down)_proj", name) if kind in TYPES else None
    if not fused:
        yield name, tensor
        return
    for e, expert in enumerate(tensor):
        if fused[2] == "down":
            yield f"{fused[1]}.{e}.down_proj.weight", expert
            continue
        gate, up = expert.chunk(2)
        yield f"{fused[1]}.{e}.gate_proj.weight", gate
        yield f"{fused[1]}.{e}.up_proj.weight", up

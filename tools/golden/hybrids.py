"""Models whose layers differ in kind: what their weights are, and which class runs them."""

KINDS = {"qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_5", "qwen3_5_moe"}

# (exponent, offset): decays that keep some of a state for tens of tokens, taps of about 1/2.
SCALES = {"A_log": (6, -2.0), "conv1d.weight": (7, 0.0), "linear_attn.norm.weight": (7, 1.0)}


def scale(name: str):
    return next((own for end, own in SCALES.items() if name.endswith(end)), None)


def model_class(config: dict):
    """The class of a model with a tower, which the library does not choose of itself."""
    if config["model_type"] not in KINDS or "vision_config" not in config:
        return None
    from transformers import AutoModelForImageTextToText

    return AutoModelForImageTextToText

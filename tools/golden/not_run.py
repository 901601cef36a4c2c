"""What published releases have beside the model that the reference library lists, by the names they
have in the release: layers that draft further tokens, and towers that see. heft knows and counts it.

Sources: the safetensors index of DeepSeek-V3; the names that transformers 5.23.0 renames when it
loads kimi_k25.
"""


def drafts(config: dict, rows: list) -> list:
    """The layers behind the last: one like it, and what joins it to the model (arXiv:2412.19437,
    section 2.2). Embedding and head are those of the model, once more."""
    L, n = config["num_hidden_layers"], config.get("num_nextn_predict_layers", 0)
    D, V = config["hidden_size"], config["vocab_size"]
    if not n:
        return []
    joined = {
        "embed_tokens": [V, D],
        "enorm": [D],
        "hnorm": [D],
        "eh_proj": [D, 2 * D],
        "shared_head.norm": [D],
        "shared_head.head": [V, D],
    }
    found = [{**row, "layers": [[L, L + n]]} for row in rows if row.get("layers", [[0, 0]])[-1][1] == L]
    found += [{"name": f"model.layers.{{}}.{k}.weight", "shape": s, "layers": [[L, L + n]]} for k, s in joined.items()]
    return [row | {"not_run": True} for row in found]


def tower(config: dict, D: int) -> list:
    """The part of Kimi K2.5 that sees: a patch embedding, blocks, and two linears behind them."""
    if not config:
        return []
    W, F, patch = config["vt_hidden_size"], config["vt_intermediate_size"], config["patch_size"]
    merged = W * config["merge_kernel_size"][0] * config["merge_kernel_size"][1]
    blocks = [[0, config["vt_num_hidden_layers"]]]
    each = {"norm0": [W], "norm1": [W], "wqkv": [3 * W, W], "wo": [W, W], "mlp.fc0": [F, W], "mlp.fc1": [W, F]}
    once = {
        "vision_tower.patch_embed.proj": [W, 3, patch, patch],
        "vision_tower.encoder.final_layernorm": [W],
        "mm_projector.pre_norm": [W],
        "mm_projector.proj.0": [merged, merged],
        "mm_projector.proj.2": [D, merged],
    }
    position = [config["init_pos_emb_height"], config["init_pos_emb_width"], W]
    found = [{"name": "vision_tower.patch_embed.pos_emb.weight", "shape": position}]
    for name, shape in once.items():
        found += [{"name": name + ".weight", "shape": shape}, {"name": name + ".bias", "shape": shape[:1]}]
    for name, shape in each.items():
        stem = "vision_tower.encoder.blocks.{}." + name
        found += [{"name": f"{stem}.weight", "shape": shape, "layers": blocks}]
        found += [{"name": f"{stem}.bias", "shape": shape[:1], "layers": blocks}]
    return [row | {"not_run": True} for row in found]

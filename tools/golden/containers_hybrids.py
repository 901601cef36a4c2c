"""How models with gated delta rules are said in a GGUF file: what differs from the llama kind."""

from containers_mixtures import EXPERTS, SHARED, B, L, experts

RULES = {
    L + "post_attention_layernorm": B + "post_attention_norm",
    L + "linear_attn.A_log": B + "ssm_a",
    L + "linear_attn.dt_bias": B + "ssm_dt.bias",
    L + "linear_attn.conv1d": B + "ssm_conv1d",
    L + "linear_attn.norm": B + "ssm_norm",
    L + "linear_attn.out_proj": B + "ssm_out",
    L + "linear_attn.in_proj_qkvz": B + "attn_qkv",
    L + "linear_attn.in_proj_ba": B + "ssm_ba",
    L + "linear_attn.in_proj_qkv": B + "attn_qkv",
    L + "linear_attn.in_proj_z": B + "attn_gate",
    L + "linear_attn.in_proj_b": B + "ssm_beta",
    L + "linear_attn.in_proj_a": B + "ssm_alpha",
}
MIXTURE = EXPERTS | SHARED | {L + "mlp.shared_expert_gate": B + "ffn_gate_inp_shexp"}


def layout(name: str) -> dict:
    found = {"minus_exp": True} if name.endswith("A_log") else {}
    return found | ({"gguf_up": True} if name.endswith("experts.gate_up_proj") else {})


def runs(places: list) -> list:
    """[first, count, first, count, ...] of a list of places."""
    found = []
    for place in places:
        if found and place == found[-2] + found[-1]:
            found[-1] += 1
        else:
            found += [place, 1]
    return found


def order(config, name: str) -> dict:
    """Rows of a fused projection, or of value heads that lie by key head in a release."""
    keys, values = config.linear_num_key_heads, config.linear_num_value_heads
    dk, dv = config.linear_key_head_dim, config.linear_value_head_dim
    each = values // keys
    if name.endswith("in_proj_qkvz.weight"):
        group = 2 * dk + 2 * each * dv
        parts = [(0, dk), (dk, dk), (2 * dk, each * dv), (2 * dk + each * dv, each * dv)]
        rows = [[h * group + at + i for h in range(keys) for i in range(n)] for at, n in parts]
        layer = name.split(".")[2]
        return {
            "rows": runs(rows[0] + rows[1] + rows[2]),
            "rows_up": runs(rows[3]),
            "gguf_up": f"blk.{layer}.attn_gate.weight",
        }
    if config.model_type == "qwen3_next" or each == 1:
        return {}

    def tiled(first: int, width: int) -> list:
        return [first + (k * each + j) * width + i for j in range(each) for k in range(keys) for i in range(width)]

    kept = list(range(2 * keys * dk))
    rows = {
        "in_proj_qkv.weight": kept + tiled(len(kept), dv),
        "conv1d.weight": kept + tiled(len(kept), dv),
        "in_proj_z.weight": tiled(0, dv),
        "in_proj_b.weight": tiled(0, 1),
        "in_proj_a.weight": tiled(0, 1),
        "A_log": tiled(0, 1),
        "dt_bias": tiled(0, 1),
    }
    for end, places in rows.items():
        if name.endswith(end):
            return {"rows": runs(places)}
    return {"cols": runs(tiled(0, dv))} if name.endswith("linear_attn.out_proj.weight") else {}


def metadata(c) -> list:
    entries = [
        ("ssm.conv_kernel", "u32", c.linear_conv_kernel_dim),
        ("ssm.state_size", "u32", c.linear_key_head_dim),
        ("ssm.group_count", "u32", c.linear_num_key_heads),
        ("ssm.time_step_rank", "u32", c.linear_num_value_heads),
        ("ssm.inner_size", "u32", c.linear_num_value_heads * c.linear_value_head_dim),
        ("full_attention_interval", "u32", c.layer_types.index("full_attention") + 1),
    ]
    if hasattr(c, "num_experts"):
        entries += experts(
            c.num_experts, c.num_experts_per_tok, c.moe_intermediate_size, c.shared_expert_intermediate_size
        )
    return entries


def rotated(c) -> list:
    """The same of newer models: three positions, of which a text has one."""
    rope, width = c.rope_parameters, int(c.head_dim * c.rope_parameters["partial_rotary_factor"])
    return metadata(c) + [
        ("rope.freq_base", "f32", float(rope["rope_theta"])),
        ("rope.dimension_count", "u32", width),
        ("rope.dimension_sections", "i32s", [*rope["mrope_section"], 0]),
    ]


FAMILIES = {
    "qwen3_next": {"architecture": "qwen3next", "names": RULES | MIXTURE, "metadata": metadata, "layout": layout},
    "qwen3_5_text": {
        "architecture": "qwen35",
        "names": RULES,
        "metadata": rotated,
        "layout": layout,
        "extra": lambda c: [],
    },
    "qwen3_5_moe_text": {
        "architecture": "qwen35moe",
        "names": RULES
        | MIXTURE
        | {
            L + "mlp.experts.gate_up_proj": B + "ffn_gate_exps.weight",
            L + "mlp.experts.down_proj": B + "ffn_down_exps.weight",
        },
        "metadata": rotated,
        "layout": layout,
        "extra": lambda c: [],
        "feed_forward_length": "moe_intermediate_size",
    },
}

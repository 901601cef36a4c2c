"""Where the reference library's latent attention is not that of the publishers' own code."""

import math
import types

import torch


def without_lost_groups(self, scores):
    """A group that is not kept has no chance, even where the corrected scores of others are negative."""
    choice = scores.view(-1, self.n_routed_experts) + self.e_score_correction_bias
    groups = choice.view(len(choice), self.n_group, -1)
    kept = groups.topk(2, -1).values.sum(-1).topk(self.topk_group, -1).indices
    lost = torch.ones(groups.shape[:2], dtype=torch.bool).scatter(1, kept, False)
    return groups.masked_fill(lost[..., None], -math.inf).view(choice.shape).topk(self.top_k, -1).indices


def known(config: dict) -> dict:
    """kimi_k2 is deepseek_v3 with other numbers, and the library knows it by that name only."""
    return config | {"model_type": "deepseek_v3"} if config.get("model_type") == "kimi_k2" else config


def correct(model) -> None:
    """deepseek_v2: yarn's mscale_all_dim goes squared into the scale. deepseek_v3: the mask of groups."""
    config = model.config
    scaling = getattr(config, "rope_scaling", None) or {}
    if config.model_type == "deepseek_v2" and scaling.get("mscale_all_dim"):
        magnitude = 0.1 * scaling["mscale_all_dim"] * math.log(scaling["factor"]) + 1
        for layer in model.model.layers:
            layer.self_attn.scaling *= magnitude**2
    for name, module in model.named_modules():
        if type(module).__name__ == "DeepseekV3TopkRouter":
            module.get_topk_indices = types.MethodType(without_lost_groups, module)

"""Mixtures that the reference library does not run, written from their publishers' descriptions."""

import torch
from torch import nn
from transformers import MixtralConfig
from transformers.models.mixtral import modeling_mixtral as mixtral


class MiniMaxM2Attention(mixtral.MixtralAttention):
    """Norms over all of a row's queries and of its keys; the first rotary_dim numbers of a head rotate."""

    def __init__(self, config, layer_idx):
        super().__init__(config, layer_idx)
        self.q_norm = mixtral.MixtralRMSNorm(config.num_attention_heads * self.head_dim, config.rms_norm_eps)
        self.k_norm = mixtral.MixtralRMSNorm(config.num_key_value_heads * self.head_dim, config.rms_norm_eps)

    def forward(self, hidden_states, position_embeddings, attention_mask, **rest):
        rows, width = hidden_states.shape[:-1], position_embeddings[0].shape[-1]
        q, k, v = self.q_norm(self.q_proj(hidden_states)), self.k_norm(self.k_proj(hidden_states)), self.v_proj(hidden_states)
        q, k, v = (t.view(*rows, -1, self.head_dim).transpose(1, 2) for t in (q, k, v))
        turned = mixtral.apply_rotary_pos_emb(q[..., :width], k[..., :width], *position_embeddings)
        q, k = (torch.cat((t, whole[..., width:]), -1) for t, whole in zip(turned, (q, k)))
        o, scores = mixtral.eager_attention_forward(self, q, k, v, attention_mask, scaling=self.scaling)
        return self.o_proj(o.reshape(*rows, -1)), scores


class MiniMaxM2Mixture(nn.Module):
    """Chosen by the sigmoid plus a correction, weighted by the sigmoids, which sum to one."""

    def __init__(self, config):
        super().__init__()
        self.top = config.num_experts_per_tok
        self.gate = nn.Linear(config.hidden_size, config.num_local_experts, bias=False)
        self.experts = nn.ModuleList(mixtral.MixtralBlockSparseTop2MLP(config) for _ in range(config.num_local_experts))
        self.register_buffer("e_score_correction_bias", torch.zeros(config.num_local_experts))

    def forward(self, hidden_states):
        score = self.gate(hidden_states).sigmoid()
        chosen = (score + self.e_score_correction_bias).topk(self.top, -1).indices
        kept = torch.zeros_like(score).scatter(-1, chosen, score.gather(-1, chosen))
        kept = kept / kept.sum(-1, keepdim=True)
        each = torch.stack([expert(hidden_states) for expert in self.experts], -1)
        return (each * kept.unsqueeze(-2)).sum(-1), score


def minimax_m2(config: dict, dtype):
    own = MixtralConfig(**{k: v for k, v in config.items() if k != "model_type"})
    own._attn_implementation = "eager"
    kept = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    model = mixtral.MixtralForCausalLM(own)
    for i, layer in enumerate(model.model.layers):
        layer.self_attn = MiniMaxM2Attention(own, i)
        layer.block_sparse_moe = MiniMaxM2Mixture(own)
    torch.set_default_dtype(kept)
    width = config.get("rotary_dim", own.head_dim)
    inverse = 1 / (own.rope_theta ** (torch.arange(0, width, 2).float() / width))
    model.model.rotary_emb.inv_freq = model.model.rotary_emb.original_inv_freq = inverse
    own.model_type = "minimax_m2"
    return model.eval()


OWN = {"minimax_m2": minimax_m2}

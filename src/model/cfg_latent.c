/* Reading a configuration: latent attention, its index, and the experts of DeepSeek V3's kind. */
#include "model/cfg.h"
#include "model/run.h"

#include <math.h>

void heft_cfg_latent(struct heft_cfg *c, heft_spec *s, const heft_latent_absent *absent)
{
    static const char *const whole[] = { "attention.key_length_mla|attention.key_length",
                                         "attention.value_length_mla|attention.value_length" };
    const int32_t q_rank = heft_cfg_int_or_null(c, "q_lora_rank", "attention.q_lora_rank",
                                                c->gguf ? 0 : absent->q_rank, 0);
    const int32_t rank = heft_cfg_int(c, "kv_lora_rank", "attention.kv_lora_rank",
                                      c->gguf ? HEFT_REQUIRED : 512),
                  rotated = heft_cfg_int(c, "qk_rope_head_dim", "rope.dimension_count",
                                         c->gguf ? HEFT_REQUIRED : 64);
    int64_t nope = heft_cfg_int(c, "qk_nope_head_dim", NULL, absent->nope);
    if (c->gguf) nope = (int64_t)heft_cfg_int(c, NULL, whole[0], HEFT_REQUIRED) - rotated;
    const int32_t dv =
        heft_cfg_int(c, "v_head_dim", whole[1], c->gguf ? HEFT_REQUIRED : absent->dv);
    const bool pairs = heft_cfg_bool(c, "rope_interleave", NULL, true);
    if (!c->failed && (rank < 1 || nope < 1 || nope + rotated > HEFT_MAX_HEAD_WIDTH))
        heft_cfg_refuse(
            c, HEFT_E_FORMAT,
            "keys have rank %d and heads %lld numbers that do not rotate, expected both "
            "above 0, and heads of at most %d",
            rank, (long long)nope, HEFT_MAX_HEAD_WIDTH);
    const bool apart = heft_cfg_has(c, NULL, "attention.key_length_mla");
    const int32_t rope = heft_cfg_rope(c, s, NULL, 10000, rotated);
    const double sharper = (double)heft_cfg_yarn_scale(c, s);
    s->rope[rope].r.pairs = pairs;
    s->qkv_bias = s->o_bias = HEFT_NO;
    for (int32_t i = 0; !c->failed && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        s->layer[i].mixer = &heft_mixer_mla;
        a->G = 1; /* all heads read the same latent keys */
        a->dk = (int32_t)nope + rotated;
        a->dv = dv;
        a->q_rank = q_rank;
        a->kv_rank = rank;
        a->up_apart = apart;
        a->nope = (int32_t)nope;
        a->rope = rope;
        a->scale = (float)(sharper / sqrt((double)a->dk));
    }
}

void heft_cfg_deepseek(struct heft_cfg *c, heft_spec *s, const heft_latent_absent *absent)
{
    const bool gguf = c->gguf;
    heft_cfg_llama(c, s);
    s->mlp_bias = HEFT_NO;
    s->drafts = heft_cfg_int(c, "num_nextn_predict_layers", "nextn_predict_layers", 0);
    if (gguf && s->drafts > 0 && s->drafts < s->L) s->L -= s->drafts; /* its block_count has them */
    heft_cfg_latent(c, s, absent);
    heft_router r = heft_cfg_router(c, HEFT_BY_SIGMOID, "n_routed_experts", absent->experts,
                                    "num_experts_per_tok", absent->top);
    r.groups = heft_cfg_int(c, "n_group", "expert_group_count", gguf ? 1 : absent->groups);
    r.keep = heft_cfg_int(c, "topk_group", "expert_group_used_count", gguf ? 1 : absent->keep);
    if (gguf && absent->groups > 1 && r.E == absent->experts
        && !heft_cfg_has(c, NULL, "expert_group_count"))
        heft_warn(
            c->log,
            "metadata says nothing of groups of experts: all %d are one group, while a release "
            "of as many has %d",
            r.E, absent->groups);
    r.normalise = heft_cfg_bool(c, "norm_topk_prob", "expert_weights_norm", !gguf);
    r.factor = heft_cfg_real(c, "routed_scaling_factor", "expert_weights_scale",
                             gguf ? 1 : (double)absent->factor);
    const int32_t scored = heft_cfg_int(c, NULL, "expert_gating_func", 2);
    if (scored != 2)
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED, "expert_gating_func is %d, expected 2 (sigmoids)",
                        scored);
    const int32_t F = heft_cfg_int(c, "moe_intermediate_size", "expert_feed_forward_length",
                                   absent->F_expert),
                  shared = heft_cfg_int(c, "n_shared_experts", "expert_shared_count", 1),
                  dense = heft_cfg_int(c, "first_k_dense_replace", "leading_dense_block_count",
                                       gguf ? 0 : absent->dense);
    static const char *const kinds[] = { "dense", "sparse", NULL };
    for (int32_t i = 0; s->layer && i < s->L; i++)
        if (heft_cfg_which(c, "mlp_layer_types", i, kinds, i >= dense))
            heft_cfg_mixture(&s->layer[i], &r, F, heft_cfg_times(c, F, shared));
}

/* The rotary table of the heads, and with the other pairing of numbers where that is meant. */
static int32_t index_rope(heft_spec *s, bool pairs)
{
    const int32_t heads = s->layer[0].attn.rope;
    if (s->rope[heads].r.pairs == pairs || s->n_rope == HEFT_MAX_ROPE) return heads;
    s->rope[s->n_rope] = s->rope[heads];
    s->rope[s->n_rope].r.pairs = pairs;
    return s->n_rope++;
}

void heft_cfg_index(struct heft_cfg *c, heft_spec *s, const heft_latent_absent *absent)
{
    heft_index x = {
        .heads = heft_cfg_int(c, "index_n_heads", "attention.indexer.head_count",
                              c->gguf ? HEFT_REQUIRED : absent->index_heads),
        .width = heft_cfg_int(c, "index_head_dim", "attention.indexer.key_length",
                              c->gguf ? HEFT_REQUIRED : 128),
        .top = heft_cfg_int(c, "index_topk", "attention.indexer.top_k",
                            c->gguf ? HEFT_REQUIRED : 2048),
        .every = 1,
    };
    const bool pairs = heft_cfg_bool(c, "indexer_rope_interleave", NULL, absent->index_pairs);
    if (!c->failed && (x.heads < 1 || x.top < 1))
        heft_cfg_refuse(c, HEFT_E_FORMAT,
                        "the index has %d heads and chooses %d keys, expected both above 0",
                        x.heads, x.top);
    if (c->failed) return;
    x.rope = index_rope(s, pairs);
    static const char *const only[] = { "indexed_attention", NULL };
    for (int32_t i = 0; i < s->L; i++) {
        s->layer[i].attn.index = x;
        (void)heft_cfg_layer_type(c, i, only, 0);
    }
}

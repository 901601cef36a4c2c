/* Reading the configuration of compressed attention and of hyper-connections. */
#include "model/cfg.h"
#include "model/run.h"

void heft_cfg_streams(struct heft_cfg *c, heft_spec *s)
{
    const bool gguf = c->gguf;
    s->wire = HEFT_WIRE_HYPER;
    s->streams.n = heft_cfg_int(c, "hc_mult", "hyper_connection.count", gguf ? HEFT_REQUIRED : 4);
    s->streams.rounds = heft_cfg_int(c, "hc_sinkhorn_iters", "hyper_connection.sinkhorn_iterations",
                                     gguf ? HEFT_REQUIRED : 20);
    s->streams.eps = heft_cfg_real(c, "hc_eps", "hyper_connection.epsilon", 1e-6);
}

enum { SHORT = 4 }; /* tokens of a block whose entries overlap and are chosen */

/* Tokens of an entry of a layer; *chosen: they overlap, and an index chooses among them. Words go
 * before numbers, which go before nothing: what a release without either means, it does not say. */
static int32_t block_of(struct heft_cfg *c, int32_t layer, const int32_t rate[3], bool *chosen)
{
    static const char *const words[] = { "sliding_attention", "compressed_sparse_attention",
                                         "heavily_compressed_attention", NULL };
    static const char hf[] = "compress_ratios", gguf[] = "attention.compress_ratios";
    const int32_t ratio = heft_cfg_int_at(c, hf, gguf, layer, HEFT_REQUIRED),
                  word = heft_cfg_layer_type(c, layer, words, -1);
    *chosen = word < 0 ? ratio == SHORT : word == 1;
    if (word >= 0) return rate[word];
    if (ratio == 0 || ratio > 1) return ratio ? ratio : 1;
    if (ratio == HEFT_REQUIRED)
        heft_cfg_refuse(c, HEFT_E_FORMAT, "%s is missing, expected that of a release",
                        c->gguf ? gguf : hf);
    else
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED, "%s[%d] is %d, expected 0 or at least 2",
                        c->gguf ? gguf : hf, layer, ratio);
    return 1;
}

/* Tokens of an entry of layers that layer_types has words for. */
static void read_rates(struct heft_cfg *c, int32_t rate[3])
{
    rate[1] = heft_cfg_int(c, "compress_rate_csa", NULL, SHORT);
    rate[2] = heft_cfg_int(c, "compress_rate_hca", NULL, 128);
    if (c->gguf || !heft_cfg_enter(c, "compress_rates")) return;
    rate[1] = heft_cfg_int(c, "compressed_sparse_attention", NULL, rate[1]);
    rate[2] = heft_cfg_int(c, "heavily_compressed_attention", NULL, rate[2]);
    heft_cfg_leave(c);
}

/* The tables of layers with entries and without, and both of them turning back. Yarn changes the
 * frequencies and no magnitude. */
static void read_ropes(struct heft_cfg *c, heft_spec *s, int32_t rope[4])
{
    const int32_t dk = s->layer ? s->layer[0].attn.dk : 8;
    int32_t width = heft_cfg_int(c, "qk_rope_head_dim", "rope.dimension_count", dk / 8);
    if (heft_cfg_has(c, "partial_rotary_factor", NULL))
        width = heft_cfg_rotated(c, s, "partial_rotary_factor", 0.125);
    rope[0] = heft_cfg_rope_unscaled(c, s, "main", "rope_theta", "rope.freq_base", 10000, width);
    rope[1] = heft_cfg_rope_of(c, s, "compress", "compress_rope_theta",
                               "attention.compress_rope_freq_base", 160000, width);
    for (int32_t i = 0; i < s->n_rope; i++) {
        s->rope[i].r.pairs = s->rope[i].r.last = true;
        s->rope[i].r.magnitude = 1;
    }
    rope[2] = heft_cfg_rope_back(c, s, rope[0]);
    rope[3] = heft_cfg_rope_back(c, s, rope[1]);
}

void heft_cfg_compressed(struct heft_cfg *c, heft_spec *s)
{
    int32_t rate[3] = { 1, SHORT, 128 }, rope[4] = { 0 };
    const bool gguf = c->gguf;
    const int32_t q_rank = heft_cfg_int(c, "q_lora_rank", "attention.q_lora_rank", 1024),
                  window = heft_cfg_int(c, "sliding_window", "attention.sliding_window", 128),
                  groups = heft_cfg_int(c, "o_groups", "attention.output_group_count", 8),
                  rank = heft_cfg_int(c, "o_lora_rank", "attention.output_lora_rank", 1024);
    heft_index x = {
        .heads = heft_cfg_int(c, "index_n_heads", "attention.indexer.head_count", 64),
        .width = heft_cfg_int(c, "index_head_dim", "attention.indexer.key_length", 128),
        .top = heft_cfg_int(c, "index_topk", "attention.indexer.top_k", gguf ? HEFT_REQUIRED : 512),
    };
    read_rates(c, rate);
    read_ropes(c, s, rope);
    s->qkv_bias = s->o_bias = HEFT_NO;
    s->latent_eps = s->eps;
    for (int32_t i = 0; !c->failed && i < s->L; i++) {
        heft_attn *a = &s->layer[i].attn;
        bool chosen;
        x.every = block_of(c, i, rate, &chosen);
        x.rope = rope[1];
        s->layer[i].mixer = &heft_mixer_csa;
        a->qk_norm = HEFT_QKN_UNIT;
        a->dv = a->dk;
        a->q_rank = q_rank;
        a->window = window;
        a->o_groups = groups;
        a->o_rank = rank;
        a->overlap = chosen;
        a->rope = rope[x.every > 1];
        a->unturn = rope[2 + (x.every > 1)];
        a->index = chosen ? x : (heft_index){ .every = x.every, .rope = -1 };
    }
}

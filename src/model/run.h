/* A bound model, and one step of it in progress. */
#ifndef HEFT_MODEL_RUN_H
#define HEFT_MODEL_RUN_H

#include "model/family.h"
#include "ops/ops.h"

typedef struct { /* a layer: one flat struct, so that offsetof names every slot */
    const heft_layer_spec *s;
    heft_norm n1, n2, n3, n4; /* before and after the mixer; before and after the ffn */
    heft_norm q_norm, k_norm;
    heft_norm q_latent, kv_latent;
    heft_lin q, k, v, o, gate, up, down;
    heft_lin q_a, kv_a;        /* latent attention: to the ranks; kv_a to the rotated key too */
    heft_mat *k_up, *v_up;     /* (H) of each head: (kv_rank, nope) and (dv, kv_rank), or NULL */
    heft_lin ix_q, ix_k, ix_w; /* an index: queries from their rank; a key, and weights of heads */
    heft_norm ix_norm;         /* of keys: a layer norm */
    heft_compress comp, ix_comp; /* of entries, of the index's keys */
    heft_mat *o_a;               /* (o_groups): (o_rank, H dk / o_groups) */
    const float *sinks, *slopes;
    /* Gated delta rule: what the convolution reads and perhaps the gate, the gate, strengths and
     * perhaps decays, decays; o is its output too. */
    heft_lin mix, z, beta, alpha;
    heft_mat conv;          /* (channels, taps) */
    const float *rate, *dt; /* (Hv) */
    heft_norm read_norm;    /* (dv)  of what is read */
    heft_lin router, shared_gate;
    const float *choice;  /* (E) added to what experts are chosen by, or NULL */
    const float *e_scale; /* (E) times the weights of experts, or NULL */
    heft_mat by_token;    /* (V, top) integers: every token's experts, where they are not chosen */
    heft_experts e_gate, e_up, e_down;
    /* Where a router, experts and what all share do not read and give the same: norms of what the
     * first two read, and of what the last two give. */
    heft_norm router_in, e_in, e_out, shared_out;
    heft_lin own_gate, own_out; /* what the layer makes of an input of its own */
    heft_norm own_norm;
    heft_hyper hyper[2]; /* of the mixer, of the ffn */
    float scale;         /* of what the layer gives; 1 */
} heft_layer;

typedef struct {
    heft_mat embed, pos;
    heft_lin head, in, out; /* in, out: where the embedding has a width of its own */
    heft_norm embed_norm, out_norm;
    heft_mat own_embed; /* (V, L own) */
    heft_lin own_model; /* (L own, D) */
    heft_norm own_norm; /* (own) */
    heft_hyper hyper;   /* what residual streams end in */
} heft_globals;

/* The network: what a file's weights are, found and checked. Weights are borrowed from the source.
 */
typedef struct {
    heft_spec spec;
    heft_globals g;
    heft_layer *layer; /* (L) */
    heft_arena arena;
    bool *used;  /* (n_tensors) of the source */
    uint8_t *as; /* (n_tensors)  heft_dtype: the tensor's own, or of the weight it is part of */
    int64_t parameters, parameters_active, copied_bytes, unused_tensors, unused_bytes;
} heft_net;

/* Configure and bind: every tensor of the source is bound, or known and counted as not run, or an
 * error. The source must outlive the network. Close after a failure is not needed. */
heft_status heft_net_open(heft_net *, const heft_source *, bool strict, const heft_log *,
                          heft_error *) HEFT_MUST_CHECK;
void heft_net_close(heft_net *);
/* Give every norm that is there the kind and epsilon of the spec: part of opening, and again
 * where a test has changed the spec. */
void heft_net_set_norms(heft_net *);

/* Which rows of a step let latent attention make keys and values for every head. A plan of SOME
 * has room for any of them. */
typedef enum { HEFT_EXPAND_NONE, HEFT_EXPAND_SOME, HEFT_EXPAND_ALL } heft_expand;

typedef struct {
    const heft_net *m;
    heft_device *dev;
    const heft_ops *ops; /* the device's; or one that records, counts or times, and passes on */
    const heft_batch *b;
    const heft_kv *kv;       /* (L, HEFT_MAX_CACHE); NULL while planning */
    const heft_state *state; /* the same */
    heft_expand expand;      /* SOME: those of the sequences that the batch says */
    float *cs[HEFT_MAX_ROPE];
    int32_t *chosen;   /* (T, top) what rows attend to by the last index, where there are any */
    float *arena;      /* outputs of operations; NULL while planning */
    size_t room;       /* floats of the arena: what planning found */
    size_t used, peak; /* floats */
    void (*capture)(void *to, int32_t layer,
                    const float *x); /* x (T, streams, D) after `layer` layers; or NULL */
    void *to;
} heft_run;

/* Logits (N,V) of the rows that want them. */
void heft_forward(heft_run *, float *logits);

/* Blocks return a buffer (T, D) of the arena; residual is the stream before the block's norm. */
typedef struct heft_mixer {
    const char *name;
    int32_t (*caches)(const heft_spec *, int32_t layer, heft_cache_decl out[HEFT_MAX_CACHE]);
    float *(*forward)(heft_run *, const heft_layer *, const float *h);
} heft_mixer;
typedef struct heft_ffn {
    const char *name;
    float *(*forward)(heft_run *, const heft_layer *, const float *h, const float *residual);
} heft_ffn;
extern const heft_mixer heft_mixer_gqa, heft_mixer_mla, heft_mixer_csa, heft_mixer_delta;
extern const heft_ffn heft_ffn_mlp, heft_ffn_moe;

/* The spellings forward.c and the blocks use: run.c takes memory and calls r->ops. */
float *heft_tmp(heft_run *, int64_t n); /* n floats of the arena */
/* What a layer's mixer declared as its nth cache; NULL while planning. */
const heft_kv *heft_run_kv(const heft_run *, int32_t layer, int32_t nth);
float *heft_run_norm(heft_run *, const heft_norm *, float *x); /* (T,D); NONE: x itself */
float *heft_run_join(heft_run *, const heft_layer *, const float *x,
                     const float *y); /* x + out_scale y */
/* What a block reads of T rows of residual streams x (T,n,D), and what it and they are written back
 * by. */
typedef struct {
    float *in, *c; /* (T,D); (T, rows of the hyper-connection) */
} heft_mix;
heft_mix heft_run_split(heft_run *, const heft_hyper *, const float *x, int32_t T);
float *heft_run_merge(heft_run *, const heft_mix *, const float *x, const float *y); /* (T,n,D) */

#endif

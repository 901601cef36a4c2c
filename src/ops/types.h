/* What operations work on: weights as the file has them, one layer's parameters, one step.
 *
 * Dimensions, everywhere in model/ and ops/: T rows of this step, S sequences, N rows that want
 * logits, L layers, D model width, V rows of the embedding, H query heads, G key/value heads, dk
 * and dv their widths, F feed-forward width, E experts. */
#ifndef HEFT_OPS_TYPES_H
#define HEFT_OPS_TYPES_H

#include "dtype/mat.h"
#include "kernels/kernels.h"

typedef struct { /* y = x w^T + bias. Vectors are float copies, always */
    heft_mat w;
    const float *bias; /* (w.rows) or NULL */
} heft_lin;

typedef enum { HEFT_NORM_NONE, HEFT_NORM_RMS, HEFT_NORM_LAYER } heft_norm_kind;
typedef struct { /* NONE is the identity; w NULL is ones (olmo 1) */
    heft_norm_kind kind;
    const float *w, *b;
    float eps;
} heft_norm;

/* Where head h starts in a projected row: at + (h / per) * group + (h % per) * head.
 * Says every fused layout there is, on the activation side: no fused weight is copied apart.
 * Separate projections: { 0, H, 0, width }. */
typedef struct {
    int32_t at, per, group, head;
} heft_heads;

typedef enum {
    HEFT_QKN_NONE,
    HEFT_QKN_HEAD,     /* weights that all heads share */
    HEFT_QKN_HEAD_OWN, /* each head its own */
    HEFT_QKN_ROW,      /* over all heads together */
    HEFT_QKN_UNIT      /* each head, without weights: before or after the rotation is the same */
} heft_qk_norm;

/* Which entries of a cache a row attends to: the best by a small attention of its own, as
 * docs/sums.md says. arXiv:2512.02556, section 2.1. */
typedef struct {
    int32_t heads, width; /* its queries; one key of `width` for all. heads 0: it has none, and
                           * takes the choice of the layer before */
    int32_t top;          /* entries of a row at most; 0: all, without a choice */
    int32_t every; /* tokens that an entry stands for: a row sees (pos + 1) / every of them */
    int32_t rope;  /* of its queries and keys: index of spec.rope or -1 */
} heft_index;

typedef struct {          /* one layer's attention */
    int32_t H, G, dk, dv; /* heads, key/value heads, their widths */
    heft_heads q, k, v;
    heft_heads gate;       /* in the rows of q: outputs times its sigmoid; group 0: none */
    int32_t window, chunk; /* keys a query sees, itself included; blocks of positions; 0 = all */
    int32_t kv_from, rope; /* layer whose cache it reads; index of spec.rope or -1 */
    int32_t unturn;        /* index of the rope that turns what is read of values back, or -1 */
    /* Latent attention: ranks of what queries (0: none) and keys and values are made from, and the
     * numbers of a head that do not rotate, its first ones. kv_rank 0: not latent. */
    int32_t q_rank, kv_rank, nope;
    bool up_apart; /* latent: a file says that k_up and v_up are tensors of their own */
    float scale, softcap, clip; /* final values; softcap, clip 0 = none */
    float temp, temp_floor;     /* of queries by position (heft_ops.temper); temp 0 = none */
    float alibi;                /* exponent range (8) of the slopes of arXiv:2108.12409; 0 = none */
    float alibi_scale;          /* times the slopes; 1 */
    heft_index index;
    heft_qk_norm qk_norm;
    bool norm_after_rope, v_norm, v_from_k;
    bool overlap;             /* an entry is made of the block before its own too */
    int32_t o_groups, o_rank; /* heads go to the output in groups, each through a rank of its own */
} heft_attn;

typedef struct {            /* one layer's gated delta rule: arXiv:2412.06464 */
    int32_t Hk, Hv, dk, dv; /* key heads, value heads, their widths; Hv 0: none */
    int32_t taps;           /* of the convolution before it */
    heft_heads q, k, v, z;  /* in the rows of one projection; z.at 0: gates have their own */
    heft_heads b, a;        /* the same of strengths and decays; a.at 0: decays have their own */
    bool tiled;             /* value head h reads key head h % Hk; else h / (Hv / Hk) */
} heft_delta;

typedef struct {     /* pairing is a field: permuting rows instead would copy all of q and k */
    bool pairs;      /* (2i, 2i+1); else (i, i + width/2) */
    bool last;       /* the last numbers of a head rotate; else its first ones */
    bool back;       /* by minus the angle */
    int32_t width;   /* rotated numbers of a head */
    float magnitude; /* times cosine and sine (yarn, longrope) */
} heft_rotation;

typedef struct {
    heft_act_kind fn;
    bool gated;
    float gate_max, up_abs, up_add; /* heft_glu */
    heft_heads gate, up; /* fused halves or interleaved: heads of width 1 in the gate's row */
} heft_act_spec;

/* Hyper-connections: a token's residual is n streams, and the matrix that mixes them has its rows
 * and columns divided by their sums so many times. Source: arXiv:2512.24880, section 4. */
typedef struct {
    int32_t n, rounds; /* n 1: one stream, as everywhere else */
    float eps;         /* on what is read by, and under every division */
} heft_streams;

/* How a block reads and writes n streams: rows of fn are n to read by, n to write by, n n to mix
 * by; or n alone, where streams end. */
typedef struct {
    heft_norm norm;           /* of all streams together, without weights */
    heft_lin fn;              /* (n (n + 2), n D) or (n, n D) */
    const float *base, *gain; /* (fn.w.rows), (3 or 1): gain x + base; NULL: 0, 1 */
} heft_hyper;

/* What makes an entry of several tokens: values and gates of w numbers, w the entry's or, where
 * blocks overlap, twice as many: first those that go to the block behind. */
typedef struct {
    heft_lin kv, gate; /* (w, D) */
    const float *ape;  /* (every, w) added to gates by place in the block; NULL: 0 */
    heft_norm norm;    /* of an entry */
} heft_compress;

typedef enum {
    HEFT_BY_SOFTMAX,       /* the softmax of all logits */
    HEFT_BY_SIGMOID,       /* each logit's sigmoid */
    HEFT_BY_TOP_SOFTMAX,   /* chosen by logits; the softmax of those chosen */
    HEFT_BY_TOP_SIGMOID,   /* chosen by logits; the sigmoid of each */
    HEFT_BY_SQRT_SOFTPLUS, /* the root of each logit's softplus */
    HEFT_BY_SPARSEMIX      /* two, each by the softmax of the logits near it: arXiv:2310.00811 */
} heft_score;

typedef struct { /* which experts a row goes to, and with what weights: arXiv:1701.06538 */
    heft_score score;
    int32_t E, top;       /* experts; a row goes to `top` of them. E 0: no experts */
    int32_t groups, keep; /* only the `keep` best of so many equal groups; 1 */
    int32_t vote;         /* a group is worth the sum of so many of its best: 1 or 2 */
    bool normalise;       /* weights are divided by their sum, or by `floor` if that is more */
    bool by_token;        /* they are not chosen: a table has them for every token */
    bool weigh_input;     /* weights multiply what experts read, not what they give */
    float floor, factor;  /* weights are multiplied by `factor` at last */
    float jitter;         /* SPARSEMIX: half the distance that is near */
} heft_router;

/* One matrix of every expert. */
typedef struct {
    heft_mat *w;   /* (E) of one shape, or NULL */
    heft_mat bias; /* (E, w->rows), plain numbers in place; data NULL: none */
} heft_experts;

/* Where the rows of a step go. A pair is a row and one of its experts: number t * top + k, with the
 * row's experts in ascending order. All of it lies on the device. */
typedef struct {
    int32_t *expert; /* (T,top) */
    float *weight;   /* (T,top) */
    int32_t *pair;   /* (T*top)  pairs by expert, and by row for each */
    int32_t *start;  /* (E+1)  those of expert e are pair[start[e]] .. pair[start[e+1]-1] */
} heft_route;

/* One step. Rows of a sequence are adjacent and in order; arrays lie on the device. Attention is
 * over the rows of the sequences, first[0] .. first[S]-1, which may be some of the rows. */
typedef struct {
    int32_t T, S, N;      /* rows, sequences, rows that want logits */
    const int32_t *token; /* (T)  -1: the row is the next of `inject` */
    const int32_t *pos;   /* (T) */
    const int32_t *seq;   /* (T)  0 .. S-1 */
    const int32_t
        *span; /* (T)  last position it may see ahead (inside an image), or NULL: causal */
    const int32_t *first;       /* (S+1)  rows of sequence s are first[s] .. first[s+1]-1 */
    const int32_t *past;        /* (S)  its tokens before this step */
    const bool *expanded;       /* (S)  its rows take heft_ops.attend_expanded; NULL: none or all */
    const int32_t *out;         /* (N)  rows that want logits, ascending */
    const float *inject;        /* (.., D)  embeddings from elsewhere, or NULL */
    const float *const *inv;    /* [rope * S + s] (width/2) inverse frequencies of sequence s */
    const int32_t *const *page; /* [cache group] (slots, pages) page numbers by position / 32 */
    const int32_t *slot;        /* (S)  its row of those tables */
    int32_t pages;              /* length of such a row */
} heft_batch;

/* One layer's keys and values: pages of 32 entries, keys of all heads (G, 32, dk), then values. */
typedef struct {
    uint8_t *base;
    size_t page_bytes;
    heft_dtype dtype;
    int32_t G, dk, dv, group, layer;
    bool v_in_k; /* no values are kept: a key's first dv numbers are its value */
} heft_kv;

/* What one layer keeps of every sequence, whatever its length: floats, of slot i from
 * base + i * each on. Before the first token they count as zeros, and need not be. */
typedef struct {
    float *base;
    size_t each;
} heft_state;

/* A convolution of channels first .. of all `channels`. */
typedef struct {
    const heft_mat *w; /* (channels, taps)  plain numbers, the present token's last */
    int32_t first;
} heft_taps;

/* What a step brings to a gated delta rule: queries and keys (T,Hk,dk), values (T,Hv,dv), and of
 * each value head what is left of its state and how much is corrected (T,Hv). */
typedef struct {
    const float *q, *k, *v, *decay, *beta;
} heft_delta_rows;

/* n heads of `width` in rows of x that are `row` floats apart. */
typedef struct {
    const float *x;
    int32_t row, n, width;
    heft_heads at;
} heft_slice;

#endif

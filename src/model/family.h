/* A family: names of weights as data, and one function for what only code can say.
 *
 * To add one, copy the page of its nearest relative in families/, change what differs, and list it
 * in families.c. docs/add-a-family.md walks through it. */
#ifndef HEFT_MODEL_FAMILY_H
#define HEFT_MODEL_FAMILY_H

#include "format/source.h"
#include "model/spec.h"

/* Extents of weights, in the letters of ops/types.h. */
typedef enum {
    HEFT_AXIS_ONE, /* no such axis: a vector */
    HEFT_AXIS_D,
    HEFT_AXIS_DE, /* width of the embedding, where it is not D */
    HEFT_AXIS_V,
    HEFT_AXIS_P, /* positions */
    HEFT_AXIS_Q,
    HEFT_AXIS_K,
    HEFT_AXIS_VAL,
    HEFT_AXIS_QKV,
    HEFT_AXIS_O,    /* H dv */
    HEFT_AXIS_HEAD, /* dk */
    HEFT_AXIS_H,
    HEFT_AXIS_G,
    HEFT_AXIS_F,
    HEFT_AXIS_2F,
    HEFT_AXIS_E,
    HEFT_AXIS_FE, /* width of an expert */
    HEFT_AXIS_2FE,
    HEFT_AXIS_QR,  /* rank of queries */
    HEFT_AXIS_KVR, /* rank of keys and values */
    HEFT_AXIS_KVA, /* and a rotated key */
    HEFT_AXIS_UP,  /* H (nope + dv) */
    HEFT_AXIS_NOPE,
    HEFT_AXIS_DV,
    HEFT_AXIS_OWN,    /* width of a layer's own input */
    HEFT_AXIS_OWNS,   /* of all layers' */
    HEFT_AXIS_BLOCK,  /* tokens of an entry */
    HEFT_AXIS_PART,   /* what a token brings to entries */
    HEFT_AXIS_IXPART, /* and to the index's */
    HEFT_AXIS_OR,     /* rank of a group of outputs */
    HEFT_AXIS_OGROUP, /* heads of a group */
    HEFT_AXIS_ORS,    /* the ranks of all groups */
    HEFT_AXIS_TOP,    /* experts of a token */
    HEFT_AXIS_QG,     /* queries, and the gates of what they bring */
    HEFT_AXIS_CONV,   /* channels of a convolution: queries, keys and values of a delta rule */
    HEFT_AXIS_TAPS,
    HEFT_AXIS_MIX,   /* the channels, and gates where those have no projection of their own */
    HEFT_AXIS_READ,  /* what is read of all states: Hv dv */
    HEFT_AXIS_HV,    /* value heads */
    HEFT_AXIS_BA,    /* strengths, and decays where those have no projection of their own */
    HEFT_AXIS_STATE, /* dv of a delta rule */
    HEFT_AXIS_STREAMS,
    HEFT_AXIS_BLEND, /* what streams are read, written and mixed by */
    HEFT_AXIS_ALL,   /* all streams' width */
    HEFT_AXIS_THREE, /* reading, writing and mixing */
    HEFT_AXIS_IX,    /* width of an index's key */
    HEFT_AXIS_IXH,   /* its heads */
    HEFT_AXIS_IXQ,   /* all its queries */
} heft_axis;

typedef enum {
    HEFT_SLOT_LIN,  /* the matrix of a heft_lin, in place */
    HEFT_SLOT_BIAS, /* its bias: a float copy */
    HEFT_SLOT_MAT,  /* a table of rows (heft_mat), in place */
    HEFT_SLOT_NORM, /* the weight of a heft_norm: a float copy */
    HEFT_SLOT_NORM_BIAS,
    HEFT_SLOT_NUMBER,  /* a vector of one: a float of the slot's own */
    HEFT_SLOT_VEC,     /* a float copy */
    HEFT_SLOT_EXPERTS, /* a matrix of every expert: one tensor (E, rows, cols), or one for each */
    HEFT_SLOT_EXPERT_BIAS, /* their biases (E, rows), plain numbers, in place */
    HEFT_SLOT_EACH,        /* one tensor (H, rows, cols): a matrix of every head */
    HEFT_SLOT_GROUPS,      /* one matrix (o_groups rows, cols) for a list of them */
    HEFT_SLOT_TABLE,       /* experts by token: integers, in place */
    HEFT_SLOT_TAPS,  /* a table of rows that a release has as (channels, 1, taps); plain numbers */
    HEFT_SLOT_KV_UP, /* k_up and v_up as one matrix: of each head nope rows, then dv */
    HEFT_SLOT_NONE   /* known, not run, counted */
} heft_slot;

typedef enum {
    HEFT_AS_IS,
    HEFT_BY_COL /* stored [in, out] */,
    HEFT_ADD_ONE /* w + 1 */,
    HEFT_OVER_ROOT /* w / sqrt(n), of n numbers */,
    HEFT_STACK /* a vector for each row, a tensor each */,
    HEFT_MINUS_EXP /* -exp(w) */
} heft_rule;

typedef enum {
    HEFT_ALWAYS,
    HEFT_IF_THERE,
    HEFT_HEAD,  /* by spec.tied: the embedding where there is none */
    HEFT_FUSED, /* q, k and v are one matrix: attn.k begins beyond attn.q */
    HEFT_SEPARATE,
    HEFT_OWN_K,  /* known, not run and counted where the keys are another layer's */
    HEFT_OWN_V,  /* the same; and there is none where keys are the values */
    HEFT_IF_OWN, /* spec.own */
    HEFT_IF_OUT_NORM,
    HEFT_IF_SERIAL,   /* one block after the other */
    HEFT_IF_ONE_NORM, /* by spec.two_norms */
    HEFT_IF_TWO_NORMS,
    HEFT_IF_QK_NORM,   /* a layer that normalises queries and keys */
    HEFT_IF_PROJECTED, /* DE is not D */
    HEFT_IF_QKV_BIAS,
    HEFT_IF_O_BIAS,
    HEFT_IF_MLP_BIAS,
    HEFT_IF_DENSE,    /* a layer without experts */
    HEFT_IF_EXPERTS,  /* a layer with experts */
    HEFT_IF_LOW_Q,    /* latent attention whose queries have a rank */
    HEFT_IF_UP_APART, /* one whose file says so */
    HEFT_IF_FULL_Q,   /* and one whose have none */
    HEFT_IF_SHARED,   /* a layer with experts and one that all share */
    HEFT_IF_CHOOSES,  /* a layer with an index of its own, or none */
    HEFT_IF_BLOCKS,   /* a layer with entries of several tokens */
    HEFT_IF_BY_TOKEN, /* experts by token, or not */
    HEFT_IF_CHOSEN,
    HEFT_IF_ATTENDS,
    HEFT_IF_DELTA,    /* a gated delta rule instead */
    HEFT_IF_Z_WITHIN, /* whose gates are rows of its projection, or of one of their own */
    HEFT_IF_Z_APART,
    HEFT_IF_A_WITHIN, /* the same of its decays */
    HEFT_IF_A_APART,
    HEFT_IF_INDEX, /* a layer with an index; not run and counted where it takes another's choice */
    HEFT_IF_HEAD_BIAS
} heft_need;

/* Several rows may name one slot: the first whose tensor exists is it. Rows of extent ONE: a vector
 * of cols, or a matrix of one row. */
typedef struct {
    uint16_t at; /* offsetof(heft_layer or heft_globals, ...) */
    uint8_t slot, rows, cols, need, hf_rule, gguf_rule;
    /* {} = the layer, {e} = the expert, or the row of a stack. hf is behind the release's prefix
     * ("model."); a leading ^ means beside it ("^lm_head.weight"). NULL = not in that container. */
    const char *hf, *gguf;
} heft_weight;

/* The extent of an axis in a layer, or -1: of the whole. */
int64_t heft_extent(const heft_spec *, int32_t layer, heft_axis);
/* Must a weight of that need be in a layer, or -1: in the whole? */
heft_presence heft_presence_of(const heft_spec *, int32_t layer, heft_need);

struct heft_cfg;

/* What a family's config.json calls the numbers that every decoder has; NULL: as llama does. */
typedef struct {
    const char *layers, *width, *heads, *kv_heads, *ff, *context, *eps, *act;
} heft_keys;

typedef struct {
    const char *key, *only; /* config.json must say this, or nothing: "false", "1", "null" */
} heft_must_be;

typedef struct heft_family {
    const char *name, *source;                        /* source: the paper or report */
    const char *const *model_type, *const *gguf_arch; /* NULL-ended; an arch may be shared */
    bool (*claims)(struct heft_cfg *); /* which of a shared arch is it? NULL: this one */
    const heft_weight *const *globals, *const *layers; /* NULL-ended; a later table's rows win */
    const char *const *harmless; /* config keys that change nothing; or NULL */
    const heft_must_be *must_be; /* ended by a NULL key; or NULL */
    const char *const *not_run;  /* how names begin of tensors that are known, not run and counted
                                  * (towers), prefix and all; NULL-ended; or NULL */
    heft_keys keys;
    /* Where config.json is silent. 0: H, D / H, required; required, required; D / H is trained */
    int32_t kv_heads, head_width, context, heads, vocab, original;
    int32_t widen;                                     /* F in hidden widths; 0: required */
    float eps;                                         /* 0: 1e-6 */
    bool tied;                                         /* tie_word_embeddings */
    heft_act_kind act;                                 /* in GGUF files too */
    void (*configure)(struct heft_cfg *, heft_spec *); /* at most 40 lines */
} heft_family;

extern const heft_family *const heft_families[]; /* NULL-ended */

/* Tables that families share: names.c. A row without names takes its slot away from an earlier
 * table. gate_up: one matrix of gate above up. add_one: the four norms of Gemma 2 and 3.
 * outputs: norms of what a block gives, not of what it takes, and of all queries and keys. */
extern const heft_weight heft_names_globals[], heft_names_llama[], heft_names_gate_up[],
    heft_names_globals_add_one[], heft_names_add_one[], heft_names_outputs[];
/* Behind heft_names_llama: routers, experts of one tensor each in a release, and the feed-forward
 * blocks of layers without. Behind that: one expert that all share, or several in one; the gate of
 * such an expert; experts under "block_sparse_moe". */
extern const heft_weight heft_names_experts[], heft_names_shared_expert[],
    heft_names_shared_experts[], heft_names_shared_gate[], heft_names_mixtral[];
/* Behind heft_names_llama: gated delta rules beside gated attention, norms stored less 1. */
extern const heft_weight heft_names_delta[];
/* Behind heft_names_llama: experts beside the feed-forward block, with norms of their own. */
extern const heft_weight heft_names_beside[];
/* Behind heft_names_llama: latent attention; its index; what experts' sigmoids are corrected by. */
extern const heft_weight heft_names_latent[], heft_names_index[], heft_names_correction[];
/* What residual streams are read, written and mixed by; what they end in. */
extern const heft_weight heft_names_streams[], heft_names_streams_end[];

/* ---- reading a configuration (cfg.c) ---------------------------------- */

enum { HEFT_REQUIRED = INT32_MIN }; /* as `absent`: the key must be there */

/* config.json or GGUF metadata behind typed getters that mark what was read (law 2) and remember
 * the first error, so that a page handles none. hf and gguf name the key in either container (GGUF
 * without "<arch>."); "a|b" tries a, then b; NULL: not in that container. null counts as absent. */
int32_t heft_cfg_int(struct heft_cfg *, const char *hf, const char *gguf, int32_t absent);
float heft_cfg_real(struct heft_cfg *, const char *hf, const char *gguf, double absent);
bool heft_cfg_bool(struct heft_cfg *, const char *hf, const char *gguf, bool absent);
/* The same, with another value where the key is there and says null. */
int32_t heft_cfg_int_or_null(struct heft_cfg *, const char *hf, const char *gguf, int32_t absent,
                             int32_t null);
/* Is the key there (null counts)? */
bool heft_cfg_has(struct heft_cfg *, const char *hf, const char *gguf);
bool heft_cfg_is_gguf(const struct heft_cfg *);
/* Is a tensor of this name in the file? */
bool heft_cfg_has_tensor(const struct heft_cfg *, const char *name);
/* Does any layer of a GGUF file that attends to everything have this weight? */
bool heft_cfg_full_has(struct heft_cfg *, const heft_spec *, const char *weight);
/* Or one of these? */
bool heft_cfg_has_either(const struct heft_cfg *, const char *a, const char *b);

/* Element i of an array of integers or booleans (true is 1), or the number itself for all i. */
int32_t heft_cfg_int_at(struct heft_cfg *, const char *hf, const char *gguf, int32_t i,
                        int32_t absent);
/* A period: every so manyth layer, at least 1. */
int32_t heft_cfg_every(struct heft_cfg *, const char *hf, const char *gguf, int32_t absent);
/* Read in the object under the key of config.json until heft_cfg_leave; false: there is none. */
bool heft_cfg_enter(struct heft_cfg *, const char *key);
void heft_cfg_leave(struct heft_cfg *);

/* The dozen keys of a llama-like model; allocates s->layer. Every getter below needs that. */
void heft_cfg_llama(struct heft_cfg *, heft_spec *);
/* The same for families older than llama: layer norms, a feed-forward block without a gate. */
void heft_cfg_classic(struct heft_cfg *, heft_spec *);
/* Add a rotary table as rope_theta, rope_scaling, rope_parameters (of layer_type where nested; or
 * NULL) and GGUF's rope.* say; returns its index in s->rope. width: rotated numbers of a head,
 * where GGUF's rope.dimension_count does not say it. */
int32_t heft_cfg_rope(struct heft_cfg *, heft_spec *, const char *layer_type, double theta,
                      int32_t width);
/* The same for layers that no scaling is meant for: of the base that hf or gguf names, and plain
 * unless rope_parameters has an object for layer_type. */
int32_t heft_cfg_rope_unscaled(struct heft_cfg *, heft_spec *, const char *layer_type,
                               const char *hf, const char *gguf, double theta, int32_t width);
/* The same as heft_cfg_rope, of the base that hf or gguf names. */
int32_t heft_cfg_rope_of(struct heft_cfg *, heft_spec *, const char *layer_type, const char *hf,
                         const char *gguf, double theta, int32_t width);
/* The table of index `rope` once more, turning back; returns its index. */
int32_t heft_cfg_rope_back(struct heft_cfg *, heft_spec *, int32_t rope);
/* Hyper-connections: the wiring, the number of streams, their rounds and epsilon. */
void heft_cfg_streams(struct heft_cfg *, heft_spec *);
/* Compressed sparse attention on every layer: its ranks, groups, window, rope tables, index, and
 * how many tokens an entry of each layer stands for: layer_types or compress_ratios. */
void heft_cfg_compressed(struct heft_cfg *, heft_spec *);
/* What config.json means where it is silent: latent attention, the experts behind it, its index. */
typedef struct {
    int32_t q_rank, nope, dv;
    int32_t experts, top, groups, keep, F_expert, dense;
    float factor;
    int32_t index_heads;
    bool index_pairs; /* indexer_rope_interleave */
} heft_latent_absent;
/* Latent attention on every layer, its ranks and widths, the rope table (of adjacent pairs, unless
 * rope_interleave is false), and the scale with what yarn's mscale_all_dim makes of it. */
void heft_cfg_latent(struct heft_cfg *, heft_spec *, const heft_latent_absent *);
/* All of a model like DeepSeek V3: latent attention, layers that draft, and, behind the dense
 * layers or where mlp_layer_types says so, experts by sigmoids in groups with one that all share.
 */
void heft_cfg_deepseek(struct heft_cfg *, heft_spec *, const heft_latent_absent *);
/* The index of latent attention on every layer: its heads, width and how many keys it chooses. It
 * rotates as the heads do, but for the pairing of numbers. */
void heft_cfg_index(struct heft_cfg *, heft_spec *, const heft_latent_absent *);
/* What attention scales are multiplied by where yarn has mscale_all_dim: its magnitude squared. */
float heft_cfg_yarn_scale(struct heft_cfg *, const heft_spec *);
/* Rotated numbers of a head: its width times the part under the key ("partial_rotary_factor", of
 * rope_parameters too), rounded down. */
int32_t heft_cfg_rotated(struct heft_cfg *, const heft_spec *, const char *key, double absent);
/* The rope table for every layer, and the window of qwen: use_sliding_window, sliding_window, on
 * the layers from max_window_layers, or as layer_types says. */
void heft_cfg_upper_windows(struct heft_cfg *, heft_spec *, int32_t rope);
/* The router of a mixture: its experts, and those of a token, under the keys of config.json, else
 * as absent here. Everything else is the default of a layer. */
heft_router heft_cfg_router(struct heft_cfg *, heft_score, const char *hf_experts, int32_t experts,
                            const char *hf_top, int32_t top);
/* Turn a layer into a mixture: experts of width F_expert chosen by the router, and one of width F
 * that all share, or 0. */
void heft_cfg_mixture(heft_layer_spec *, const heft_router *, int32_t F_expert, int32_t F);
/* Qwen's mixtures: the keys num_experts, num_experts_per_tok (else as absent here),
 * moe_intermediate_size, norm_topk_prob, and, which layers are: decoder_sparse_step,
 * mlp_only_layers. normalise: what GGUF's architecture implies. shared: as F of a mixture. */
void heft_cfg_qwen_experts(struct heft_cfg *, heft_spec *, int32_t experts, int32_t top,
                           int32_t F_expert, bool normalise, int32_t shared);
/* Which of the words, ended by NULL, is element i of a list of them? absent: there is no list. */
int32_t heft_cfg_which(struct heft_cfg *, const char *hf, int32_t i, const char *const *words,
                       int32_t absent);
/* The same of layer_types, which has as many as there are layers. */
int32_t heft_cfg_layer_type(struct heft_cfg *, int32_t layer, const char *const *words,
                            int32_t absent);
/* Element i of an array of numbers, or the number itself for all i. */
float heft_cfg_real_at(struct heft_cfg *, const char *hf, const char *gguf, int32_t i,
                       double absent);
/* true, or a number that is not 0. */
bool heft_cfg_truth(struct heft_cfg *, const char *hf, bool absent);
/* Is n in the list of integers under the key? */
bool heft_cfg_lists(struct heft_cfg *, const char *hf, int32_t n, bool absent);
/* Element i of a list of 0 and 1. Where there is none, or an empty one: 0 on every so manyth layer,
 * as the number under `interval` (else as absent here) says. */
bool heft_cfg_flag(struct heft_cfg *, const char *hf, int32_t i, const char *interval,
                   int32_t absent);
/* a * b, a width; refused where it is beyond all bounds. */
int32_t heft_cfg_times(struct heft_cfg *, int32_t a, int32_t b);
/* Gated delta rules on the layers that are not full, as layer_types says or an interval (4).
 * Queries of the others have gates, and the first numbers (a quarter) of their heads rotate. fused:
 * a release has the rows of projections by key head, in two of them, and a GGUF file the value
 * heads in a release's order. */
void heft_cfg_delta(struct heft_cfg *, heft_spec *, bool fused);
/* The experts of such models, as of qwen's mixtures, and one that all share, which has a gate. */
void heft_cfg_delta_experts(struct heft_cfg *, heft_spec *, int32_t experts, int32_t top);
/* Does layer i attend to everything? From layer_types where there is such a list; from GGUF's
 * attention.sliding_window_pattern: a period, or a list of the layers that do not. */
bool heft_cfg_full(struct heft_cfg *, int32_t layer, bool absent);
/* The activation named under the key ("silu", "gelu", ...). */
heft_act_kind heft_cfg_act(struct heft_cfg *, const char *hf, heft_act_kind absent);
/* Refuse this configuration: one line, names what was found and what was expected. */
void heft_cfg_refuse(struct heft_cfg *, heft_status, const char *fmt, ...) HEFT_PRINTF(3, 4);

/* Find the family of a source and resolve its spec. `used` (n_tensors) is set for tensors that the
 * configuration itself read (rope factors). Arena: the spec's tables.
 * Fails: HEFT_E_UNSUPPORTED (no such family, an unknown value), HEFT_E_FORMAT. */
heft_status heft_configure(const heft_source *, bool strict, const heft_log *, heft_arena *,
                           bool *used, heft_spec *, heft_error *) HEFT_MUST_CHECK;

#endif

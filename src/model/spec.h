/* What a model is, resolved: every number the forward pass reads, per layer, known after the
 * config and before any weight. `plan` and `show` need no more than this.
 *
 * After configure() nobody can tell which family a model has: nothing here names one. */
#ifndef HEFT_MODEL_SPEC_H
#define HEFT_MODEL_SPEC_H

#include "base/bounds.h"
#include "base/mem.h"
#include "model/methods.h"
#include "ops/types.h"

enum { HEFT_MAX_ROPE = 4, HEFT_MAX_CACHE = 5 };

struct heft_mixer;
struct heft_ffn;
struct heft_family;

/* What a layer keeps of a sequence; layers with equal `keep` and `every` share one page table. */
typedef struct {
    int32_t G, dk, dv; /* an entry: keys and values of G heads */
    int32_t keep;      /* tokens a later row can still see (window, chunk); 0 = all */
    int32_t every;     /* tokens that an entry stands for, once all of them are there; 0: one */
    bool v_in_k;       /* a key's first dv numbers are its value: only keys are kept */
    bool exact;        /* F32 whatever the cache's type */
} heft_cache_decl;

typedef enum { HEFT_ROPE_FIXED, HEFT_ROPE_DYNAMIC, HEFT_ROPE_LONG } heft_rope_kind;

/* A rotary table. FIXED: `inv` for every sequence. The others depend on the longest position a
 * sequence may reach: LONG takes inv_long where that is above `original`; DYNAMIC (NTK) computes
 * its own base. */
typedef struct {
    heft_rotation r;
    heft_rope_kind kind;
    float *inv, *inv_long; /* (r.width/2) angle per position, scaling applied */
    int32_t original;      /* positions the model was trained on */
    double theta, factor;  /* DYNAMIC */
} heft_rope;

typedef struct {
    const struct heft_mixer *mixer;
    const struct heft_ffn *ffn;
    heft_attn attn;
    int32_t F; /* width of the feed-forward block, or of the expert that all share; 0: none */
    heft_act_spec act;
    heft_router route;        /* E 0: no experts */
    int32_t F_expert;         /* of each */
    heft_act_spec expert_act; /* theirs */
    float out_scale;          /* of both sublayers' outputs (granite); 1 */
} heft_layer_spec;

typedef enum { HEFT_WIRE_SERIAL, HEFT_WIRE_PARALLEL, HEFT_WIRE_POST, HEFT_WIRE_HYPER } heft_wire;

/* Must a bias, or a head of its own, be in the file? */
typedef enum { HEFT_MAYBE, HEFT_NO, HEFT_YES } heft_presence;

typedef struct {
    const struct heft_family *family;
    heft_quant quant; /* how the release has its matrices; binding asks, and nobody else */
    heft_wire wire;
    heft_streams streams; /* of HYPER; elsewhere one */
    int32_t L, D, V, D_embed, ctx;
    int32_t own;        /* width of the input that each layer has of its own; 0: none */
    int32_t drafts;     /* layers beyond L that predict further tokens: known, not run */
    int32_t pos_offset; /* row of the position table for position 0 */
    int32_t n_rope;
    heft_norm_kind norm;
    float eps, latent_eps, embed_scale, logit_scale, logit_cap;
    heft_presence qkv_bias, o_bias, mlp_bias, head_bias, tied;
    heft_presence out_norm; /* the last norm */
    bool two_norms;         /* parallel blocks have a norm each, where not all of the family have */
    bool weightless;        /* n1, n3 and out_norm are there without weights (olmo 1) */
    heft_rope rope[HEFT_MAX_ROPE];
    heft_layer_spec *layer; /* (L) */
} heft_spec;

/* Defaults, in one place; layer i's too once s->layer is there. A family changes what differs. */
void heft_spec_default(heft_spec *s);
void heft_layer_default(heft_layer_spec *l);

/* Say that q, k and v are rows of one matrix: all queries, all keys, all values; or for each
 * key/value head its queries, its key and its value. Needs H, G, dk and dv. */
void heft_heads_joined(heft_attn *);
void heft_heads_grouped(heft_attn *);

/* Every relation the forward pass relies on. Names the number that is wrong, found and expected. */
heft_status heft_spec_check(const heft_spec *s, heft_error *err) HEFT_MUST_CHECK;

/* Inverse frequencies for a sequence that may grow to `length` tokens: one of the rope's own
 * tables, or `own` (r.width/2), filled. */
const float *heft_rope_inv(const heft_rope *r, int32_t length, float *own);

/* ---- a walk over every number of a spec that no weight's shape would contradict: the mutation
 * test resets each ---- */

typedef enum { HEFT_FIELD_INT, HEFT_FIELD_FLOAT, HEFT_FIELD_BOOL, HEFT_FIELD_ENUM } heft_field_kind;
typedef struct {
    const char *name;
    uint16_t at; /* offset in heft_spec, heft_layer_spec or heft_rope */
    uint8_t kind;
    uint8_t scope; /* 0 spec, 1 layer, 2 rope */
} heft_field;
extern const heft_field heft_fields[];
extern const int32_t heft_n_fields;

#endif

/* The objects behind heft.h: a loaded model, an engine, its sequences. */
#ifndef HEFT_ENGINE_ENGINE_H
#define HEFT_ENGINE_ENGINE_H

#include "model/cache.h"
#include "text/tokenizer.h"

struct heft_model {
    heft_source *source;
    heft_net net;
    heft_tokenizer *tokenizer; /* NULL: the release has none */
    heft_model_facts facts;
    heft_format_bytes format[HEFT_DTYPES];
    heft_log log;
    int64_t private_bytes; /* that opening allocated and keeps */
};

/* Earlier states of a sequence that it can go back to, where its model forgets. */
enum { HEFT_CHECKPOINTS = 2, HEFT_CHECKPOINT_TOKENS = 512 };

/* Tokens of a generation that are run before they are chosen, at most. */
enum { HEFT_GUESSES = 7 };

struct heft_seq {
    heft_engine *e;
    int32_t slot, length, max_length;
    int32_t checkpoint[HEFT_CHECKPOINTS]; /* their lengths; 0: none */
    bool open;
    bool stale;     /* a step failed: what fixed states hold is not of these tokens */
    int32_t *token; /* (engine's context) */
    float *own;     /* (n_rope, widest/2)  tables of ropes that depend on the length */
    const float *inv[HEFT_MAX_ROPE];
};

enum { HEFT_TOKEN_TEXT, HEFT_TOKEN_ABSENT, HEFT_TOKEN_END };

/* A candidate of sampling. */
typedef struct {
    float p; /* logit, later probability */
    int32_t id;
} heft_candidate;

struct heft_engine {
    const heft_model *m;
    heft_engine_options o; /* resolved */
    heft_device_need need;
    heft_device *device;
    heft_timer timer; /* of the device, where ops of a step are timed */
    bool timed;
    heft_cache cache;
    size_t arena_floats;

    /* allocated together: engine.c, parts_of */
    heft_seq *seq;                  /* (sequences) */
    int32_t *seq_tokens;            /* (sequences, context) */
    float *seq_inv;                 /* (sequences, n_rope, widest/2) */
    float *arena, *logits;          /* (arena_floats), (outputs, vocab) */
    float *hidden;                  /* (layers + 1, batch, streams D), or empty */
    int32_t *token, *pos, *row_seq; /* (batch) */
    int32_t *first, *past, *slot;   /* (sequences + 1) */
    bool *expanded;                 /* (sequences) */
    int32_t *out;                   /* (outputs) */
    const float **inv;              /* (n_rope, sequences) */
    heft_candidate *candidate;      /* (vocab) */
    int32_t *count;                 /* (vocab)  times a token occurs in the penalties' window */
    uint8_t *kind;                  /* (vocab)  HEFT_TOKEN_*, as the tokenizer has it */
    char *text;                     /* (heft_text_room)  of a generation */

    int32_t rows; /* of the last step */
};

/* Are all parameters in range? Fails: HEFT_E_ARG, naming the one that is not. */
heft_status heft_sampling_check(const heft_sampling *s, heft_error *err) HEFT_MUST_CHECK;

/* Numbers of a row's hidden state: all its residual streams. */
size_t heft_hidden_width(const heft_engine *e);

/* The options as an engine resolves them. Fails: as heft_engine_plan. */
heft_status heft_engine_resolve(const heft_model *m, const heft_engine_options *given,
                                heft_engine_options *out, heft_error *err) HEFT_MUST_CHECK;

/* *name (NULL: the best here) as it is called, and its bits. Fails: HEFT_E_ARG, naming it. */
heft_status heft_engine_isa(const char **name, unsigned *isa, heft_error *err) HEFT_MUST_CHECK;

/* The numbers of such a cache. */
heft_dtype heft_cache_dtype(heft_cache_type);

/* What one step of `rows` tokens of one sequence after `past` others reads and multiplies, the last
 * row's logits among it, with the options' cache; by fast_prefill, if they have that, where
 * `prompt` is set. */
heft_plan_device heft_engine_rehearse(const heft_model *m, const heft_engine_options *o,
                                      int32_t rows, int32_t past, bool prompt);

/* heft_seq_feed of a prompt, or of something else, however many tokens it has. */
heft_status heft_seq_feed_as(heft_seq *s, const int32_t *token, int32_t n, heft_logits_want logits,
                             bool prompt, heft_error *err) HEFT_MUST_CHECK;

/* Bytes that a generation's text buffer holds: the longest stop string and one token's text. */
size_t heft_text_room(const heft_model *m);

#endif

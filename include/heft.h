/* heft - the public interface. Everything here is stable; nothing else is.
 *
 * Conventions, said once:
 * - A function that can fail returns heft_status and takes `heft_error *err` last; err may be
 *   NULL. After a failure the outputs are untouched unless the comment says otherwise.
 * - Pointers are borrowed for the call. "Kept" means borrowed until the object is closed.
 * - Every close accepts NULL.
 * - Objects are not locked: one thread at a time may use one heft_engine and its sequences.
 *   A heft_model and a heft_tokenizer are read-only once open and may be shared. */
#ifndef HEFT_H
#define HEFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HEFT_API        __attribute__((visibility("default")))
#define HEFT_MUST_CHECK __attribute__((warn_unused_result))
#else
#define HEFT_API
#define HEFT_MUST_CHECK
#endif

/* ---- errors ----------------------------------------------------------- */

/* What went wrong, for code. The numbers are part of the ABI. */
typedef enum {
    HEFT_OK = 0,
    HEFT_E_ARG = 1,         /* the caller asked for something impossible */
    HEFT_E_NOMEM = 2,       /* an allocation failed, or would not fit this machine */
    HEFT_E_IO = 3,          /* the system or the network refused */
    HEFT_E_FORMAT = 4,      /* a file is not what it claims to be */
    HEFT_E_UNSUPPORTED = 5, /* well formed, but heft cannot run it */
    HEFT_E_INTEGRITY = 6,   /* a hash or a signature does not match */
    HEFT_E_CANCELLED = 7,   /* a callback asked to stop */
} heft_status;

/* What went wrong, for people. Zero-initialise; no cleanup needed. */
typedef struct {
    heft_status code;
    char text[400]; /* one line, no trailing newline or full stop */
} heft_error;

/* A short name for a status ("format"). Never NULL, static storage. */
HEFT_API const char *heft_status_name(heft_status code);

/* "0.1.0". */
HEFT_API const char *heft_version(void);

/* A warning: one line without newline. Called from the thread that called heft. */
typedef struct {
    void (*warn)(void *to, const char *line); /* NULL: warnings are dropped */
    void *to;
} heft_log;

/* Free an array that heft handed out (heft_tokenize, ...). NULL is allowed. */
HEFT_API void heft_release(void *array);

/* Turn a fault in a mapped model file (it shrank, its disk failed) into HEFT_E_IO naming the
 * file, instead of a signal. Installs a SIGBUS handler for the process that passes every other
 * fault on to the handler before it; for programs, optional for embedders. Call once, first. */
HEFT_API void heft_guard_mappings(void);

/* ---- text and tokens -------------------------------------------------- */

typedef struct heft_tokenizer heft_tokenizer;

/* Open the tokenizer of a release: a directory with tokenizer.json, tekken.json, a SentencePiece
 * tokenizer.model or a tiktoken file, or a GGUF file (its tensors may be absent). Fails: HEFT_E_IO,
 * HEFT_E_FORMAT, HEFT_E_UNSUPPORTED (by name), HEFT_E_NOMEM. */
HEFT_API heft_status heft_tokenizer_open(const char *path, const heft_log *log,
                                         heft_tokenizer **out, heft_error *err) HEFT_MUST_CHECK;
HEFT_API void heft_tokenizer_close(heft_tokenizer *t);

enum {
    HEFT_TOKENIZE_NO_SPECIAL = 1,    /* do not add what the tokenizer adds (BOS, EOS) */
    HEFT_TOKENIZE_PARSE_SPECIAL = 2, /* text that spells a special token becomes that token */
};

/* Text (n bytes, any bytes) to ids. *ids is new; release it. flags: HEFT_TOKENIZE_*. */
HEFT_API heft_status heft_tokenize(const heft_tokenizer *t, const char *text, size_t n,
                                   unsigned flags, int32_t **ids, size_t *n_ids,
                                   heft_error *err) HEFT_MUST_CHECK;

/* Ids to bytes. special: write special tokens too. *text is new, has a NUL after its *n bytes;
 * release it. Fails: HEFT_E_ARG for an id the tokenizer does not have. */
HEFT_API heft_status heft_detokenize(const heft_tokenizer *t, const int32_t *ids, size_t n_ids,
                                     bool special, char **text, size_t *n,
                                     heft_error *err) HEFT_MUST_CHECK;

/* The ids of a text that goes on from one whose ids are held: `ids`, but where both spell the same
 * by other ids, and none of `ids` there is special, those that are held. What a model wrote need
 * not be how a tokenizer would write it, and may stay. *out is new; release it. */
HEFT_API heft_status heft_align(const heft_tokenizer *t, const int32_t *held, size_t n_held,
                                const int32_t *ids, size_t n, int32_t **out, size_t *n_out,
                                heft_error *err) HEFT_MUST_CHECK;

/* Ids are 0 .. size-1; some may be unused. */
HEFT_API int32_t heft_tokenizer_size(const heft_tokenizer *t);
/* Beginning of text, or -1. */
HEFT_API int32_t heft_tokenizer_bos(const heft_tokenizer *t);
/* Does this id end a generation (EOS, end of turn)? */
HEFT_API bool heft_tokenizer_is_end(const heft_tokenizer *t, int32_t id);

/* Does this id stand for control and not for text (BOS, end of turn)? */
HEFT_API bool heft_tokenizer_is_special(const heft_tokenizer *t, int32_t id);

/* ---- conversations ---------------------------------------------------- */

/* Bytes of a prompt up to `end`, from the end of the range before. */
typedef struct {
    size_t end;
    bool data; /* from the caller, not from the template */
} heft_origin;

/* A prompt, and who wrote which part of it. Zero-initialise; heft_prompt_clear releases it. */
typedef struct {
    char *text; /* a NUL follows */
    size_t n;
    heft_origin *range; /* ascending, neighbours differ, the last ends at n */
    size_t n_ranges;
} heft_prompt;
HEFT_API void heft_prompt_clear(heft_prompt *p);

/* heft_tokenize for a prompt: text that spells a special token becomes it only where the template
 * wrote every byte of it, or with HEFT_TOKENIZE_PARSE_SPECIAL. */
HEFT_API heft_status heft_tokenize_prompt(const heft_tokenizer *t, const heft_prompt *p,
                                          unsigned flags, int32_t **ids, size_t *n_ids,
                                          heft_error *err) HEFT_MUST_CHECK;

/* How a release writes conversations: its chat templates (Jinja), or what stands in for them. */
typedef struct heft_chat heft_chat;

/* Whose template; both NULL: the release's own. */
typedef struct {
    const char *format; /* a built-in format of heft_chat_format, by name */
    const char *source; /* the text of a template */
    const char *name;   /* what messages call that text; NULL: "template" */
} heft_chat_options;

/* The built-in formats, by number: name and, where they are not NULL, summary and Jinja text. NULL
 * beyond the last. */
HEFT_API const char *heft_chat_format(int32_t i, const char **summary, const char **text);

/* Open a release's chat templates and the tokens they write: a directory, a file in it, or a GGUF
 * file; weights are not needed. path NULL: no release, and options must say whose template.
 * Fails: HEFT_E_UNSUPPORTED where there is no template, naming the built-in formats; HEFT_E_ARG (no
 * such format); HEFT_E_FORMAT, HEFT_E_IO, HEFT_E_NOMEM. */
HEFT_API heft_status heft_chat_open(const char *path, const heft_chat_options *options,
                                    const heft_log *log, heft_chat **out,
                                    heft_error *err) HEFT_MUST_CHECK;
HEFT_API void heft_chat_close(heft_chat *c);

/* What a release's template is, and what can be told it. */
typedef struct {
    const char *from;        /* "chat_template.jinja", "chatml (built in)", ... */
    const char *const *name; /* (n_names) its templates: "default", "tool_use", ... */
    const char *const *knob; /* (n_knobs, at most 64) variables it reads beyond a conversation */
    int32_t n_names, n_knobs;
    bool tools, documents; /* they appear in the prompt: tried with one */
    bool system, user;     /* so does such a message */
    /* what opens and closes reasoning in a reply, and what a reply without may begin with, or NULL
     */
    const char *think[3]; /* what opens and closes reasoning in a reply, or NULL */
    const char *thought;  /* the key of a message that holds its reasoning, or NULL */
} heft_chat_facts;

/* Of the template that a plain conversation uses; of none, where the release has several and no
 * default, only from and names. Borrowed; lives as long as c. */
HEFT_API const heft_chat_facts *heft_chat_describe(const heft_chat *c);

/* A conversation: JSON texts, NULL where there is none. */
typedef struct {
    const char *messages, *tools, *documents; /* arrays */
    const char *kwargs;                       /* an object: more variables, switches */
    const char *which;         /* name of the template; NULL: tool_use with tools, else default */
    const char *bos, *eos;     /* instead of the release's tokens */
    const char *now;           /* "2025-03-07T09:05:03" for templates that ask; NULL: the clock */
    bool no_generation_prompt; /* do not begin the assistant's turn */
} heft_conversation;

/* The prompt of a conversation. Fails: HEFT_E_ARG with the template's own words where it refuses
 * the conversation, or where there is no such template; HEFT_E_FORMAT, HEFT_E_UNSUPPORTED with line
 * and column; HEFT_E_NOMEM beyond a bound. */
HEFT_API heft_status heft_chat_prompt(const heft_chat *c, const heft_conversation *talk,
                                      heft_prompt *out, heft_error *err) HEFT_MUST_CHECK;

/* Does the template leave out a message's text? *first is the first such message, or -1. Only texts
 * are looked at; a template that refuses other texts than these is not asked twice. */
HEFT_API heft_status heft_chat_dropped(const heft_chat *c, const heft_conversation *talk,
                                       int32_t *first, heft_error *err) HEFT_MUST_CHECK;

/* The prompt's ids by the release's tokenizer: what it adds in front of a text is added where the
 * container's reference does so for conversations (GGUF, built-in formats), once.
 * flags: HEFT_TOKENIZE_PARSE_SPECIAL. */
HEFT_API heft_status heft_chat_tokenize(const heft_chat *c, const heft_tokenizer *t,
                                        const heft_prompt *p, unsigned flags, int32_t **ids,
                                        size_t *n_ids, heft_error *err) HEFT_MUST_CHECK;

/* The special token that the template writes behind an assistant's text and that ends a reply; -1:
 * none, so that a reply may end by the tokenizer's ends alone. */
HEFT_API int32_t heft_chat_turn_end(const heft_chat *c, const heft_tokenizer *t);

/* ---- a model: files, mapped and understood ---------------------------- */

typedef struct heft_model heft_model;

typedef struct {
    bool strict;  /* an unknown config key is an error, not a warning */
    heft_log log; /* where warnings go, during open and later */
} heft_model_options;

/* Open a release directory or a GGUF file: map it, validate it, find its family, bind every
 * tensor, open its tokenizer. Reads headers and small vectors only. options may be NULL. */
HEFT_API heft_status heft_model_open(const char *path, const heft_model_options *options,
                                     heft_model **out, heft_error *err) HEFT_MUST_CHECK;
HEFT_API void heft_model_close(heft_model *m); /* after every engine on it */

/* Bytes stored in one number format. */
typedef struct {
    const char *name; /* "BF16", "Q4_K" */
    int64_t tensors, bytes;
} heft_format_bytes;

typedef struct {
    const char *path, *name; /* as opened; as the release calls itself, or "" */
    const char *container;   /* "safetensors" or "gguf" */
    const char *family, *source;
    int64_t parameters, parameters_active; /* numbers in all bound weights; used for one token */
    int64_t tensors, bytes;                /* in the files */
    int64_t copied_bytes;                  /* of weights that could not be used in place */
    int64_t unused_tensors, unused_bytes;  /* known and not run */
    int32_t context, vocab, width, layers, heads, kv_heads, head_width, ffn_width;
    int32_t streams; /* of the residual, each `width` wide; 1 but for hyper-connections */
    int32_t tokens;  /* ids of the tokenizer, at most vocab; 0: it has none */
    int32_t window;  /* smallest sliding window of any layer; 0 = none */
    const heft_format_bytes *formats;
    int32_t n_formats;
} heft_model_facts;

/* Borrowed; lives as long as the model. */
HEFT_API const heft_model_facts *heft_model_describe(const heft_model *m);
HEFT_API const heft_tokenizer *heft_model_tokenizer(const heft_model *m); /* NULL if it has none */

/* A number that tells this model from others, of the names, formats and shapes of its tensors, the
 * ends of their data, and the vocabulary's size. Reads two pages of every tensor. Fails: HEFT_E_IO.
 */
HEFT_API heft_status heft_model_fingerprint(const heft_model *m, uint64_t *out,
                                            heft_error *err) HEFT_MUST_CHECK;

/* The sampling a release recommends (generation_config.json). A field it does not give keeps its
 * value in *s; false if it gives none. */
struct heft_sampling;
HEFT_API bool heft_model_sampling(const heft_model *m, struct heft_sampling *s);

typedef struct {
    const char *name, *format, *file;
    int32_t rank;
    int64_t shape[8]; /* outermost first, both containers */
    int64_t bytes;
    bool used; /* bound, or known and not run */
} heft_tensor_info;

/* Tensor i of facts->tensors, in file order. Needs 0 <= i < tensors. */
HEFT_API void heft_model_tensor(const heft_model *m, int64_t i, heft_tensor_info *out);

/* ---- families --------------------------------------------------------- */

typedef struct {
    const char *name, *source;                          /* source: the paper or report */
    const char *const *model_types, *const *gguf_archs; /* of config.json and of GGUF; NULL-ended */
} heft_family_facts;

/* Family number i, from 0; false: there are no more. Borrowed, static. */
HEFT_API bool heft_family_describe(int32_t i, heft_family_facts *out);

/* What can be shown of a family, and what shows it. */
typedef enum {
    HEFT_SHAPES,     /* a published release, whose tensors all bind with their shapes */
    HEFT_EXACT,      /* a tiny model: heft gives what the reference library gives */
    HEFT_EXACT_GGUF, /* one that does so as a GGUF file too */
    HEFT_RAN         /* a model of real weights that the tests run */
} heft_shown_how;

/* The name of the i-th of them, from 0; NULL: there are no more. */
HEFT_API const char *heft_family_shown(const heft_family_facts *f, heft_shown_how how, int32_t i);

/* ---- an engine: a model on this machine ------------------------------- */

typedef struct heft_engine heft_engine;

/* Q8_0: blocks of 32 numbers with a scale; every width that a layer keeps is a multiple of 32. */
typedef enum {
    HEFT_CACHE_F16,
    HEFT_CACHE_BF16,
    HEFT_CACHE_F32,
    HEFT_CACHE_Q8_0,
    HEFT_CACHE_TYPES
} heft_cache_type;

typedef struct {
    int32_t threads;       /* 0: the cores this process may use */
    const char *isa;       /* NULL: the best here; "scalar", "avx2", "avx512", ... */
    int32_t context;       /* longest sequence in tokens; 0: min(model's, 4096) */
    int32_t sequences;     /* sequences that may be full at once; 0: 1 */
    int32_t batch;         /* rows of one step; 0: 512 */
    int32_t outputs;       /* rows of one step that may want logits; 0: 8, or all sequences */
    heft_cache_type cache; /* keys and values */
    bool hidden;           /* keep the hidden state after every layer (heft_engine_hidden) */
    bool force;            /* run even if the plan does not fit this machine */
    /* Latent attention makes the keys and values of a prompt's rows (heft_feed.prompt) for every
     * head: faster, and other sums than the definition's, so other bits. docs/sums.md. */
    bool fast_prefill;
} heft_engine_options;

typedef struct { /* bytes */
    int64_t weights_mapped, weights_copied;
    int64_t cache_per_token, cache; /* one sequence's growth; all pages and states reserved */
    int64_t work;                   /* buffers of a step, tables, scratch of the threads */
    int64_t total_private;          /* what heft allocates: copies, tables, cache, work */
    int64_t available;              /* min(MemAvailable, cgroup limit), or -1 unknown */
    int64_t bytes_per_token;        /* weight bytes that one decoded token reads */
} heft_plan;

/* What an engine with these options needs. Allocates nothing that lasts. Fails: HEFT_E_ARG (an
 * option out of range; fast_prefill of a model without latent attention, or whose rows choose the
 * keys they attend to). */
HEFT_API heft_status heft_engine_plan(const heft_model *m, const heft_engine_options *options,
                                      heft_plan *out, heft_error *err) HEFT_MUST_CHECK;

/* The model must outlive the engine. Fails with HEFT_E_NOMEM, before allocating, where the plan's
 * private bytes exceed what is available and force is off. */
HEFT_API heft_status heft_engine_open(const heft_model *m, const heft_engine_options *options,
                                      heft_engine **out, heft_error *err) HEFT_MUST_CHECK;
HEFT_API void heft_engine_close(heft_engine *e); /* after its sequences */
/* As resolved: no zeros left, isa by name. */
HEFT_API const heft_engine_options *heft_engine_resolved(const heft_engine *e);

/* ---- sequences and steps ---------------------------------------------- */

typedef struct heft_seq heft_seq;

/* A sequence of at most max_length tokens (0: the engine's context). Its rope table is fixed here.
 */
HEFT_API heft_status heft_seq_open(heft_engine *e, int32_t max_length, heft_seq **out,
                                   heft_error *err) HEFT_MUST_CHECK;
/* A second sequence with the same tokens so far; full pages are shared. */
HEFT_API heft_status heft_seq_fork(const heft_seq *s, heft_seq **out,
                                   heft_error *err) HEFT_MUST_CHECK;
HEFT_API void heft_seq_close(heft_seq *s);
HEFT_API int32_t heft_seq_length(const heft_seq *s);
/* The tokens so far. Borrowed until the next step. */
HEFT_API const int32_t *heft_seq_tokens(const heft_seq *s);
/* Forget tokens from `length` on. What follows gives the bits a fresh sequence would give. */
HEFT_API heft_status heft_seq_rewind(heft_seq *s, int32_t length, heft_error *err) HEFT_MUST_CHECK;

typedef enum { HEFT_LOGITS_NONE, HEFT_LOGITS_LAST, HEFT_LOGITS_ALL } heft_logits_want;

/* One sequence's part of a step. */
typedef struct {
    heft_seq *seq;
    const int32_t *token; /* (n), each in [0, rows of the embedding) */
    int32_t n;
    heft_logits_want logits;
    bool prompt; /* the rows go by fast_prefill, where the engine has that */
} heft_feed;

/* So many tokens at least are a prompt to heft_seq_feed: after a long text fewer could be read
 * slower by fast_prefill, which makes keys and values of all that text for them alone. */
enum { HEFT_PROMPT_LEAST = 128 };

/* Run one step: the n_feeds sequences (each at most once) advance together by at most
 * options.batch rows. On failure no sequence has changed. Allocates nothing. */
HEFT_API heft_status heft_engine_step(heft_engine *e, const heft_feed *feed, int32_t n_feeds,
                                      heft_error *err) HEFT_MUST_CHECK;
/* Logits (heft_engine_vocab floats) of the i-th row that wanted them, in the order of the feeds.
 * Borrowed until the next step. */
HEFT_API const float *heft_engine_logits(const heft_engine *e, int32_t i);
HEFT_API int32_t heft_engine_vocab(const heft_engine *e); /* rows of the head */
/* Hidden states of the last step, (rows of the step, streams, width) after `layer` layers (0:
 * embedding, layers: before the final norm). Needs options.hidden. Borrowed until the next step. */
HEFT_API const float *heft_engine_hidden(const heft_engine *e, int32_t layer);

/* Feed n tokens in as many steps as it takes: a prompt, if they are at least HEFT_PROMPT_LEAST,
 * whatever the steps. logits LAST: those of the last token are at 0. */
HEFT_API heft_status heft_seq_feed(heft_seq *s, const int32_t *token, int32_t n,
                                   heft_logits_want logits, heft_error *err) HEFT_MUST_CHECK;

/* ---- where the time of a step goes ------------------------------------ */

/* One operation of the steps: its calls, the seconds they took, and the bytes of weights, keys and
 * values and the multiplications that they are counted as by the plan. */
typedef struct {
    const char *name; /* "linear", "attend", ... */
    double seconds;
    int64_t calls, bytes, macs;
} heft_operation_time;

/* Time the operations of every step from now on, from zero; or no longer. The results of steps are
 * the same bits. */
HEFT_API void heft_engine_time(heft_engine *e, bool on);
/* Operation i, from 0, since heft_engine_time; false: there are no more. */
HEFT_API bool heft_engine_timed(const heft_engine *e, int32_t i, heft_operation_time *out);

/* ---- choosing tokens -------------------------------------------------- */

typedef struct heft_sampling {
    float temperature;                                         /* 0: greedy */
    int32_t top_k;                                             /* 0: off */
    float top_p;                                               /* 1: off */
    float min_p;                                               /* 0: off */
    float repeat_penalty, presence_penalty, frequency_penalty; /* 1, 0, 0: off */
    int32_t repeat_last_n; /* tokens the penalties look back on, prompt included; -1: all */
    uint64_t seed;         /* the draw is a function of (seed, position) */
    bool no_end;           /* never choose a token that ends a generation */
} heft_sampling;

/* temperature 0.8, top_k 40, top_p 0.95, min_p 0.05, penalties off over 64 tokens, seed 0. */
HEFT_API heft_sampling heft_sampling_default(void);

/* Choose the token that follows `history` (n of them) given logits (vocab). Never an id the
 * tokenizer does not have. Allocates nothing. Fails: HEFT_E_ARG (a parameter out of range),
 * HEFT_E_FORMAT (a logit is not a number). */
HEFT_API heft_status heft_sample(heft_engine *e, const float *logits, const int32_t *history,
                                 int32_t n, const heft_sampling *s, int32_t *token,
                                 heft_error *err) HEFT_MUST_CHECK;

/* ---- generating ------------------------------------------------------- */

typedef enum {
    HEFT_DONE_END,
    HEFT_DONE_STOP,
    HEFT_DONE_COUNT,
    HEFT_DONE_LENGTH,
    HEFT_DONE_CANCELLED
} heft_done;

typedef struct {
    heft_sampling sampling;
    int32_t max_tokens;      /* tokens to generate at most; -1: until the context is full */
    const char *const *stop; /* (n_stop) strings that end the text and are not part of it */
    int32_t n_stop;
    const int32_t *end; /* (n_end) tokens that end the text, beside the tokenizer's own */
    int32_t n_end;
    bool special;         /* special tokens are part of the text */
    const int32_t *shown; /* (n_shown) special tokens that are part of it in any case */
    int32_t n_shown;
    bool no_lookup; /* do not guess that text repeats itself; the text is the same either way */
    /* Receives text as soon as it is certain: whole characters, never part of a stop string.
     * Return false to cancel. */
    bool (*text)(void *to, const char *text, size_t n);
    void *to;
} heft_generation;

typedef struct {
    heft_done why;
    int32_t prompt_tokens, generated; /* tokens; one that ends the text is not counted */
    int32_t last;                     /* the token chosen last, which is not fed yet; -1: none */
    int32_t guessed, right; /* tokens run before they were chosen; of them, those then chosen */
    double prompt_seconds, decode_seconds;
    const char *stop; /* the stop string that was met, or NULL */
} heft_generated;

/* Continue `s` with the prompt's ids and then with chosen tokens; the last one chosen is not fed to
 * it yet. (Where why is HEFT_DONE_END, that one is no part of the text.) A prompt that does not fit
 * the sequence is HEFT_E_ARG. `out` may be NULL. */
HEFT_API heft_status heft_generate(heft_seq *s, const int32_t *prompt, int32_t n,
                                   const heft_generation *g, heft_generated *out,
                                   heft_error *err) HEFT_MUST_CHECK;

/* ---- measuring -------------------------------------------------------- */

/* How well a model foretells a text, in natural logarithms of probability unless said. Beside a
 * reference: how far its probabilities p are from the model's q. */
typedef struct {
    int32_t windows;
    int64_t tokens, bytes;               /* foretold, and the bytes of text they stand for */
    double perplexity, perplexity_error; /* exp of the mean of -ln q(token); its standard error */
    double bits_per_byte;
    double reference_perplexity;
    double kl, kl_error; /* mean of KL = sum p ln(p / q) over the vocabulary; standard error */
    double kl_50, kl_90, kl_99, kl_most; /* percentiles of KL, and the largest */
    double same_top; /* share of tokens where both find the same token most probable */
} heft_evaluation;

typedef struct {
    int32_t window;  /* tokens; 0: 512, or the engine's context where that is less */
    int32_t windows; /* at most; 0: as many as the text fills */
    /* Called after each window of `all`, with the score so far. Return false to cancel. */
    bool (*progress)(void *to, const heft_evaluation *so_far, int32_t all);
    void *to;
} heft_eval_options;

/* Score a text (n bytes) in windows of consecutive tokens. Every window is a text of its own, its
 * first token replaced by BOS where the tokenizer begins texts with it; the tokens of its second
 * half are foretold. (This is the rule of llama.cpp's perplexity tool: figures compare.) reference:
 * an engine whose model has the same vocabulary, or NULL; what needs it is 0 then. Fails:
 * HEFT_E_ARG (a text shorter than a window, another vocabulary), HEFT_E_CANCELLED, as a step. */
HEFT_API heft_status heft_eval_text(heft_engine *e, heft_engine *reference, const char *text,
                                    size_t n, const heft_eval_options *options,
                                    heft_evaluation *out, heft_error *err) HEFT_MUST_CHECK;

/* ---- how fast this machine is, and what that means for a model -------- */

enum {
    HEFT_MACHINE_FORMATS = 64,
    HEFT_MACHINE_GROUP = 4 /* query heads for each key/value head, where attention is measured */
};

/* A second's work. */
typedef struct {
    char name[16]; /* of the number format */
    double bytes;  /* of weights, or of keys and values, where one row at a time needs them */
    double macs;   /* multiply-accumulates with 512 rows at a time */
} heft_format_speed;

/* A machine profile: how fast a processor is with so many threads of an instruction set. */
typedef struct {
    char processor[128], isa[16];
    int32_t threads;
    double read; /* bytes per second of memory that is only read */
    heft_format_speed format[HEFT_MACHINE_FORMATS];
    int32_t n_formats;
    heft_format_speed cache[HEFT_CACHE_TYPES]; /* by heft_cache_type: attention */
} heft_machine;

/* Measure this machine, in some seconds: every number format that needs no scales beside it.
 * threads 0: the cores this process may use; isa NULL: the best here. Fails: HEFT_E_ARG,
 * HEFT_E_NOMEM (it takes 256 MiB), HEFT_E_IO. */
HEFT_API heft_status heft_machine_measure(int32_t threads, const char *isa, heft_machine *out,
                                          heft_error *err) HEFT_MUST_CHECK;
/* Write a profile, as JSON, atomically, or read one. Fails: HEFT_E_IO; reading HEFT_E_FORMAT,
 * naming what is wrong, where. */
HEFT_API heft_status heft_machine_save(const heft_machine *machine, const char *path,
                                       heft_error *err) HEFT_MUST_CHECK;
HEFT_API heft_status heft_machine_load(const char *path, heft_machine *out,
                                       heft_error *err) HEFT_MUST_CHECK;

/* Tokens per second. */
typedef struct {
    int32_t prompt;                      /* tokens read: 512, or the context where that is less */
    int32_t depth;                       /* tokens before the last of the context */
    double prefill, decode, decode_deep; /* reading prompt; writing at depth 0, and at depth */
} heft_prediction;

/* What an engine with these options should reach on a machine: the times of its matrices and its
 * attention, as the plan counts them, by the profile. Nothing else that a step does is in it, and
 * weights come from memory: models that fit the processor's caches are faster. Fails:
 * HEFT_E_UNSUPPORTED where the profile is of another processor, instruction set or number of
 * threads, or has no speed of one of the model's formats; as heft_engine_plan. */
HEFT_API heft_status heft_engine_predict(const heft_model *m, const heft_engine_options *options,
                                         const heft_machine *machine, heft_prediction *out,
                                         heft_error *err) HEFT_MUST_CHECK;

/* ---- writing results -------------------------------------------------- */

typedef struct {
    const char *name, *dtype; /* "F32", "I32" */
    int32_t rank;
    int64_t shape[8];
    const void *data;
} heft_array;

/* Write a safetensors file, atomically. */
HEFT_API heft_status heft_write_safetensors(const char *path, const heft_array *array, int32_t n,
                                            heft_error *err) HEFT_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif

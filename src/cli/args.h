/* The command line: one table of options per verb drives parsing and help. */
#ifndef HEFT_CLI_ARGS_H
#define HEFT_CLI_ARGS_H

#include "base/bounds.h"
#include "base/buf.h"

/* What an option sets in the verb's options, at offset `at`. */
typedef enum {
    HEFT_ARG_FLAG,   /* bool: true */
    HEFT_ARG_INT,    /* int32_t in [min, max] */
    HEFT_ARG_REAL,   /* float in [min, max] */
    HEFT_ARG_SEED,   /* uint64_t, all of them */
    HEFT_ARG_TEXT,   /* const char *, borrowed from argv */
    HEFT_ARG_TEXTS,  /* heft_texts: may be given again */
    HEFT_ARG_CHOICE, /* an enumeration of int's size: which of the words of `value`, from 0 */
} heft_arg_kind;

typedef struct {
    const char *text[HEFT_MAX_STOPS];
    int32_t n;
} heft_texts;

typedef struct {
    char letter;      /* 'n', or 0 */
    const char *name; /* "tokens", never NULL */
    heft_arg_kind kind;
    size_t at;
    const char *value; /* what help calls the value: "N"; for a choice its words: "f16|bf16" */
    double min, max;   /* INT, REAL */
    const char *help;
} heft_arg;

/* The start of a row of a verb's table: S is the struct of its options. */
#define HEFT_ARG(S, short, long, what, field, shown)                                               \
    .letter = short, .name = long, .kind = HEFT_ARG_##what, .at = offsetof(S, field), .value = shown

/* A call of a verb, as parsed. */
typedef struct heft_call heft_call;

typedef struct {
    const char *name, *operands; /* "run", "[MODEL]" */
    int32_t least, most;         /* operands; most -1: any number */
    const char *summary;         /* one line without a full stop */
    const char *notes;           /* more for the verb's own help, or NULL */
    const char *example;         /* whole command lines */
    const heft_arg *arg;
    int32_t n_args;
    const void *defaults; /* (size) the verb's options before parsing */
    size_t size;
    /* What parsing cannot see: options that exclude each other, ... A failure is wrong usage.
     * May be NULL. */
    heft_status (*check)(const heft_call *call, heft_error *err);
    heft_status (*run)(const heft_call *call, heft_error *err);
} heft_verb;

struct heft_call {
    const heft_verb *verb;
    int argc; /* after the verb */
    const char *const *argv;
    void *options;        /* (verb->size) */
    const char **operand; /* (n_operands), room for argc */
    int32_t n_operands;
    bool help;                /* --help was given; nothing else is sure then */
    const char *models;       /* $HEFT_MODELS, or NULL */
    const char *cache, *home; /* $XDG_CACHE_HOME and $HOME, or NULL */
    heft_log log;
};

/* Parse call->argv by call->verb into options (defaults copied in first), operand, n_operands and
 * help. Repeated options: the last one counts. `--` ends options; a lone `-` is an operand.
 * Fails: HEFT_E_ARG, naming the option and, for an unknown one, the nearest. */
heft_status heft_args_parse(heft_call *call, heft_error *err) HEFT_MUST_CHECK;

/* Set one option from the text of its value; a flag needs none. Fails: HEFT_E_ARG, naming it. */
heft_status heft_arg_set(const heft_arg *a, const char *text, void *options,
                         heft_error *err) HEFT_MUST_CHECK;

/* Parse once more, over options that hold other defaults (what a release recommends). Needs a
 * heft_args_parse that succeeded. */
void heft_args_again(const heft_call *call, void *options);

/* The page that `heft VERB --help` prints. */
void heft_args_help(const heft_verb *v, heft_buf *out);

/* The name nearest to `word` among n, or NULL if none is near. */
const char *heft_nearest(const char *word, const char *const *name, size_t n);

#endif

/* What the verbs share. */
#ifndef HEFT_CLI_CLI_H
#define HEFT_CLI_CLI_H

#include "cli/args.h"

#include <stdio.h>

/* The verbs, each in its own file. */
extern const heft_verb heft_verb_run, heft_verb_show, heft_verb_plan, heft_verb_tokenize,
    heft_verb_detokenize, heft_verb_logits, heft_verb_bench, heft_verb_prompt, heft_verb_eval,
    heft_verb_chat;

/* Rows of a verb's table for the engine options that every engine has. S is the verb's options,
 * with a heft_engine_options named engine. */
/* clang-format off */
#define HEFT_ENGINE_ARGS(S)                                                                        \
    { HEFT_ARG(S, 't', "threads", INT, engine.threads, "N"), .min = 1, .max = HEFT_MAX_THREADS,    \
      .help = "threads (the cores this process may use)" },                                        \
    { HEFT_ARG(S, 0, "ctk", CHOICE, engine.cache, "f16|bf16|f32|q8_0"),                                 \
      .help = "number format of cached keys and values (f16)" },                                   \
    { HEFT_ARG(S, 0, "isa", TEXT, engine.isa, "NAME"),                                             \
      .help = "instruction set: scalar, avx2, ... (the best here)" },                              \
    { HEFT_ARG(S, 0, "fast-prefill", FLAG, engine.fast_prefill, NULL),                             \
      .help = "read prompts by latent attention faster, and by other sums" },                      \
    { HEFT_ARG(S, 0, "force", FLAG, engine.force, NULL),                                           \
      .help = "run even if the memory seems too small" }

/* The same for how tokens are chosen: S has a heft_sampling named sampling. */
#define HEFT_SAMPLING_ARGS(S)                                                                      \
    { HEFT_ARG(S, 0, "temp", REAL, sampling.temperature, "T"), .max = 100,                         \
      .help = "temperature; 0: always the likeliest token (0.8)" },                                \
    { HEFT_ARG(S, 0, "top-k", INT, sampling.top_k, "K"), .max = INT32_MAX,                         \
      .help = "only the K likeliest tokens; 0: off (40)" },                                        \
    { HEFT_ARG(S, 0, "top-p", REAL, sampling.top_p, "P"), .max = 1,                                \
      .help = "only the likeliest tokens that together reach P; 1: off (0.95)" },                  \
    { HEFT_ARG(S, 0, "min-p", REAL, sampling.min_p, "P"), .max = 1,                                \
      .help = "only tokens at least P times as likely as the likeliest; 0: off (0.05)" },          \
    { HEFT_ARG(S, 0, "repeat-penalty", REAL, sampling.repeat_penalty, "R"),                        \
      .min = 0.01, .max = 100,                                                                     \
      .help = "make tokens that occurred less likely; 1: off (1)" },                               \
    { HEFT_ARG(S, 0, "repeat-last-n", INT, sampling.repeat_last_n, "N"),                           \
      .min = -1, .max = INT32_MAX,                                                                 \
      .help = "tokens that penalties look back on; -1: all (64)" },                                \
    { HEFT_ARG(S, 0, "presence-penalty", REAL, sampling.presence_penalty, "X"),                    \
      .min = -100, .max = 100,                                                                     \
      .help = "subtracted from the logit of a token that occurred (0)" },                          \
    { HEFT_ARG(S, 0, "frequency-penalty", REAL, sampling.frequency_penalty, "X"),                  \
      .min = -100, .max = 100,                                                                     \
      .help = "subtracted for each time it occurred (0)" },                                        \
    { HEFT_ARG(S, 0, "seed", SEED, sampling.seed, "S"),                                            \
      .help = "the same seed gives the same text (random)" }
/* clang-format on */

/* Write n bytes to standard output, now. Fails: HEFT_E_IO; HEFT_E_CANCELLED with an empty text
 * where the reader has gone, which is no failure of heft's. */
heft_status heft_emit(const void *data, size_t n, heft_error *err) HEFT_MUST_CHECK;
/* The same for a buffer that must not have failed, which is freed. */
heft_status heft_emit_buf(heft_buf *b, heft_error *err) HEFT_MUST_CHECK;

/* Ids on one line, separated by spaces. */
heft_status heft_emit_ids(const int32_t *ids, size_t n, heft_error *err) HEFT_MUST_CHECK;

/* All bytes of an open file. Free *text with heft_free; it has a NUL behind it. */
heft_status heft_read_stream(FILE *f, const char *name, char **text, size_t *n,
                             heft_error *err) HEFT_MUST_CHECK;

/* Open the model at path, its warnings going to call->log. */
heft_status heft_open_model(const heft_call *call, const char *path, heft_model **out,
                            heft_error *err) HEFT_MUST_CHECK;
/* Where the model that ships is: $HEFT_MODELS/fable, or ../share/heft/models/fable as seen from
 * the program. Fails: HEFT_E_IO naming the place, HEFT_E_ARG. */
heft_status heft_shipped_model(const heft_call *call, char *out, size_t size,
                               heft_error *err) HEFT_MUST_CHECK;
/* Open an engine; a warning says what it costs if the weights do not fit into memory. */
heft_status heft_open_engine(const heft_call *call, const heft_model *m,
                             const heft_engine_options *options, heft_engine **out,
                             heft_error *err) HEFT_MUST_CHECK;
/* That warning: nothing where the mapped weights fit, or where what is available is unknown. */
void heft_warn_mapped(const heft_call *call, const heft_plan *plan);

/* Sampling as the release recommends (*recommended: it does) over heft's own, with a seed that
 * nobody knows yet. What a verb's command line says goes over it by heft_args_again. */
heft_status heft_start_sampling(const heft_model *m, heft_sampling *out, bool *recommended,
                                heft_error *err) HEFT_MUST_CHECK;
/* Say on a terminal's standard error that the release recommended this. */
void heft_say_sampling(const heft_sampling *s);

/* A growing list of token ids. Zero-initialise; free id with heft_free. */
typedef struct {
    int32_t *id;
    size_t n, cap;
} heft_ids;
/* Add the ids in a text: whole numbers separated by white space. Fails: HEFT_E_ARG, HEFT_E_NOMEM.
 */
heft_status heft_ids_parse(heft_ids *ids, const char *text, heft_error *err) HEFT_MUST_CHECK;

/* Write the table of families, or a JSON array of them. Fails: HEFT_E_NOMEM, as heft_emit. */
heft_status heft_show_families(bool json, heft_error *err) HEFT_MUST_CHECK;

/* Where the machine profile is: $XDG_CACHE_HOME/heft/machine.json, or ~/.cache/heft/machine.json
 * where that is not set to an absolute path. Fails: HEFT_E_IO where there is no home either. */
heft_status heft_machine_path(const heft_call *call, char *out, size_t size,
                              heft_error *err) HEFT_MUST_CHECK;
/* Measure this machine, write its profile there, show it. Of the options: threads and isa. */
heft_status heft_bench_machine(const heft_call *call, const heft_engine_options *o, bool json,
                               heft_error *err) HEFT_MUST_CHECK;

/* Where the time of steps went: the operations that were called, the longest first. */
enum { HEFT_MOST_TIMES = 64 };
typedef struct {
    heft_operation_time op[HEFT_MOST_TIMES];
    int32_t n;
    double seconds; /* of the steps in all */
} heft_times;
void heft_take_times(const heft_engine *e, double seconds, heft_times *out);
/* As a table headed `what`, or as the JSON member of that name. */
void heft_show_times(heft_buf *b, const char *what, const heft_times *t, bool json);

/* From now on the first interrupt (Ctrl-C) sets a flag and the second ends the program. ends_read:
 * it also ends a read that waits (EINTR). */
void heft_catch_interrupt(bool ends_read);
bool heft_interrupted(void);
/* The interrupt was answered: the next one is a first one again. */
void heft_forget_interrupt(void);

/* "1.50 GiB", and "1.24 billion" (below a million: all digits). */
typedef struct {
    char text[32];
} heft_amount;
heft_amount heft_show_bytes(int64_t bytes);
heft_amount heft_show_count(int64_t count);

#endif

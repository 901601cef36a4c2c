/* What the verbs share. */
#ifndef HEFT_CLI_CLI_H
#define HEFT_CLI_CLI_H

#include "cli/args.h"

#include <stdio.h>

/* The verbs, each in its own file. */
extern const heft_verb heft_verb_run, heft_verb_show, heft_verb_plan, heft_verb_tokenize,
    heft_verb_detokenize, heft_verb_logits, heft_verb_bench, heft_verb_prompt, heft_verb_eval;

/* Rows of a verb's table for the engine options that every engine has. S is the verb's options,
 * with a heft_engine_options named engine. */
/* clang-format off */
#define HEFT_ENGINE_ARGS(S)                                                                        \
    { HEFT_ARG(S, 't', "threads", INT, engine.threads, "N"), .min = 1, .max = HEFT_MAX_THREADS,    \
      .help = "threads (the cores this process may use)" },                                        \
    { HEFT_ARG(S, 0, "ctk", CHOICE, engine.cache, "f16|bf16|f32"),                                 \
      .help = "number format of cached keys and values (f16)" },                                   \
    { HEFT_ARG(S, 0, "isa", TEXT, engine.isa, "NAME"),                                             \
      .help = "instruction set: scalar, avx2, ... (the best here)" },                              \
    { HEFT_ARG(S, 0, "force", FLAG, engine.force, NULL),                                           \
      .help = "run even if the memory seems too small" }
/* clang-format on */

/* Write n bytes to standard output, now. Fails: HEFT_E_IO; HEFT_E_CANCELLED with an empty text
 * where the reader has gone, which is no failure of heft's. */
heft_status heft_emit(const void *data, size_t n, heft_error *err) HEFT_MUST_CHECK;
/* The same for a buffer that must not have failed, which is freed. */
heft_status heft_emit_buf(heft_buf *b, heft_error *err) HEFT_MUST_CHECK;

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

/* From now on the first interrupt (Ctrl-C) sets a flag and the second ends the program. */
void heft_catch_interrupt(void);
bool heft_interrupted(void);

/* "1.50 GiB", and "1.24 billion" (below a million: all digits). */
typedef struct {
    char text[32];
} heft_amount;
heft_amount heft_show_bytes(int64_t bytes);
heft_amount heft_show_count(int64_t count);

#endif

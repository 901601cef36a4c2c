/* heft run: continue a text. */
#define _DEFAULT_SOURCE /* isatty */
#include "cli/cli.h"

#include "base/file.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *prompt, *file;
    heft_engine_options engine;
    heft_sampling sampling;
    heft_texts stop;
    int32_t tokens;
    bool parse_special, echo, no_lookup;
} options;

static const options defaults = {
    .tokens = 256, /* sampling: see resolve_sampling */
};

static const heft_arg args[] = {
    { HEFT_ARG(options, 'p', "prompt", TEXT, prompt, "TEXT"), .help = "what to continue" },
    { HEFT_ARG(options, 'f', "file", TEXT, file, "FILE"), .help = "a file with what to continue" },
    { HEFT_ARG(options, 'n', "tokens", INT, tokens, "N"), .min = -1, .max = HEFT_MAX_CONTEXT,
      .help = "tokens to generate at most; -1: until the context is full (256)" },
    { HEFT_ARG(options, 'c', "context", INT, engine.context, "N"), .min = 1,
      .max = HEFT_MAX_CONTEXT,
      .help = "longest text in tokens, prompt included (4096, or the model's limit)" },
    HEFT_ENGINE_ARGS(options),
    HEFT_SAMPLING_ARGS(options),
    { HEFT_ARG(options, 0, "stop", TEXTS, stop, "TEXT"),
      .help = "end before this text; may be given again" },
    { HEFT_ARG(options, 0, "no-lookup", FLAG, no_lookup, NULL),
      .help = "do not guess that text repeats itself: the same text, slower where it does" },
    { HEFT_ARG(options, 0, "ignore-eos", FLAG, sampling.no_end, NULL),
      .help = "do not let the model end the text" },
    { HEFT_ARG(options, 0, "parse-special", FLAG, parse_special, NULL),
      .help = "a special token's spelling in the prompt is that token" },
    { HEFT_ARG(options, 0, "echo", FLAG, echo, NULL),
      .help = "write the prompt before what follows it" },
};

/* ---- what to continue ---- */

typedef struct {
    char *text;
    size_t n;
    bool ours; /* nobody gave it: it is the beginning heft chose */
} prompt;

/* An empty standard input counts as none: a job without a terminal has it that way. */
static heft_status read_prompt(const options *o, bool shipped, prompt *out, heft_error *err)
{
    heft_status st = HEFT_OK;
    if (o->file) {
        st = heft_read_file(o->file, HEFT_MAX_TOKENIZER_BYTES, &out->text, &out->n, err);
    } else if (!o->prompt && !isatty(STDIN_FILENO)) {
        st = heft_read_stream(stdin, "standard input", &out->text, &out->n, err);
    }
    if (st || o->file || out->n) return st;

    heft_free(out->text);
    out->text = NULL;
    out->ours = !o->prompt;
    if (out->ours && !shipped)
        return heft_fail(err, HEFT_E_ARG,
                         "there is no prompt: give -p, -f, or text on standard input");
    heft_str text = heft_str_of(out->ours ? "Once upon a time" : o->prompt);
    out->text = heft_strdup(text);
    out->n = text.n;
    return out->text ? HEFT_OK : heft_nomem(err, "the prompt");
}

/* ---- generating ---- */

typedef struct {
    heft_status st; /* of the last write */
    heft_error err;
    char last; /* byte written, or 0 */
} output;

static bool take_text(void *to, const char *text, size_t n)
{
    output *out = to;
    out->st = heft_emit(text, n, &out->err);
    if (n) out->last = text[n - 1];
    return !out->st && !heft_interrupted();
}

/* What the reader of a terminal wants to know at the end. */
static void report(const heft_generated *g, const options *o, const heft_engine *e)
{
    if (g->why == HEFT_DONE_LENGTH)
        (void)fprintf(stderr,
                      "heft: the context of %d tokens is full (length): %d of the prompt, %d "
                      "generated; -c sets another\n",
                      heft_engine_resolved(e)->context, g->prompt_tokens, g->generated);
    if (!isatty(STDERR_FILENO)) return;
    (void)fprintf(
        stderr, "heft: prompt %d tokens in %.2f s, then %d tokens at %.1f per second, seed %llu\n",
        g->prompt_tokens, g->prompt_seconds, g->generated,
        g->decode_seconds > 0 ? g->generated / g->decode_seconds : 0.0,
        (unsigned long long)o->sampling.seed);
}

static heft_status generate(const options *o, heft_engine *e, const prompt *p, const int32_t *ids,
                            size_t n, heft_error *err)
{
    heft_seq *seq = NULL;
    heft_generated result;
    output out = { .st = HEFT_OK };
    heft_generation g = {
        .sampling = o->sampling,
        .max_tokens = o->tokens,
        .stop = o->stop.text,
        .n_stop = o->stop.n,
        .no_lookup = o->no_lookup,
        .text = take_text,
        .to = &out,
    };
    if (n > HEFT_MAX_CONTEXT)
        return heft_fail(err, HEFT_E_ARG, "the prompt has %zu tokens, the most is %d", n,
                         HEFT_MAX_CONTEXT);
    heft_status st = heft_seq_open(e, 0, &seq, err);
    if (!st && (o->echo || p->ours) && !take_text(&out, p->text, p->n)) st = HEFT_E_CANCELLED;
    if (!st) st = heft_generate(seq, ids, (int32_t)n, &g, &result, err);
    heft_seq_close(seq);
    bool open_line = out.last && out.last != '\n' && !out.st;
    if (open_line && isatty(STDOUT_FILENO)) (void)take_text(&out, "\n", 1);
    if (out.st) {
        if (err) *err = out.err;
        return out.st;
    }
    if (st) return st;
    report(&result, o, e);
    return heft_interrupted() ? heft_fail(err, HEFT_E_CANCELLED, "%s", "") : HEFT_OK;
}

/* Sampling under what the command line says. */
static heft_status resolve_sampling(const heft_call *call, const heft_model *m, options *o,
                                    heft_error *err)
{
    options fresh = defaults;
    bool recommended;
    heft_status st = heft_start_sampling(m, &fresh.sampling, &recommended, err);
    if (st) return st;
    heft_args_again(call, &fresh);
    *o = fresh;
    if (recommended) heft_say_sampling(&o->sampling);
    return HEFT_OK;
}

static heft_status run(const heft_call *call, heft_error *err)
{
    options o = *(const options *)call->options;
    bool shipped = call->n_operands == 0;
    char place[PATH_MAX];
    const char *path = shipped ? place : call->operand[0];
    prompt p = { .text = NULL };
    heft_model *m = NULL;
    heft_engine *e = NULL;
    int32_t *ids = NULL;
    size_t n = 0;

    heft_status st = shipped ? heft_shipped_model(call, place, sizeof place, err) : HEFT_OK;
    if (!st) st = read_prompt(&o, shipped, &p, err);
    if (!st) st = heft_open_model(call, path, &m, err);
    if (st) goto done;
    if (shipped)
        (void)fprintf(stderr,
                      "heft: this is fable (%s parameters), the model that ships with heft; for "
                      "another: heft run MODEL -p PROMPT\n",
                      heft_show_count(heft_model_describe(m)->parameters).text);
    st = resolve_sampling(call, m, &o, err);
    if (st) goto done;
    if (!heft_model_tokenizer(m)) {
        st = heft_fail(err, HEFT_E_UNSUPPORTED, "%s: has no tokenizer, so no text", path);
        goto done;
    }
    st = heft_tokenize(heft_model_tokenizer(m), p.text, p.n,
                       o.parse_special ? HEFT_TOKENIZE_PARSE_SPECIAL : 0, &ids, &n, err);
    if (!st) st = heft_open_engine(call, m, &o.engine, &e, err);
    if (st) goto done;
    heft_catch_interrupt(false);
    st = generate(&o, e, &p, ids, n, err);
done:
    heft_engine_close(e);
    heft_release(ids);
    heft_model_close(m);
    heft_free(p.text);
    return st;
}

static heft_status check(const heft_call *call, heft_error *err)
{
    const options *o = call->options;
    if (o->prompt && o->file)
        return heft_fail(err, HEFT_E_ARG, "run: -p and -f exclude each other");
    bool asked = o->prompt || o->file || !isatty(STDIN_FILENO);
    if (!asked && call->n_operands)
        return heft_fail(err, HEFT_E_ARG,
                         "run: there is no prompt: give -p, -f, or text on standard input");
    return HEFT_OK;
}

const heft_verb heft_verb_run = {
    .name = "run",
    .operands = "[MODEL]",
    .most = 1,
    .summary = "continue a text; without MODEL, with the small model that ships with heft",
    .notes =
        "  The text comes from -p, -f or standard input and is taken as it is, byte for byte.\n"
        "  Standard output is what was generated and nothing else. Sampling is as the release\n"
        "  recommends where it does; options come first.\n",
    .example = "  heft run\n"
               "  heft run path/to/model -p \"The capital of France is\" -n 16 --temp 0\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .check = check,
    .run = run,
};

/* heft eval: how well a model foretells a text, and how far it is from a reference. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/mem.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    heft_engine_options engine;
    const char *reference;
    int32_t windows;
    bool json;
} options;

enum { WINDOW = 512, ROWS = 64, MOST_BYTES = 1 << 30 };

static const options defaults = { .engine = { .outputs = ROWS } };

static const heft_arg args[] = {
    { HEFT_ARG(options, 'c', "context", INT, engine.context, "N"), .min = 4,
      .max = HEFT_MAX_CONTEXT, .help = "tokens of a window (512, or the model's limit)" },
    { HEFT_ARG(options, 0, "windows", INT, windows, "N"), .min = 1, .max = INT32_MAX,
      .help = "windows at most (as many as the text fills)" },
    { HEFT_ARG(options, 0, "reference", TEXT, reference, "MODEL"),
      .help = "compare probabilities with this model's: KL divergence, same first choice" },
    HEFT_ENGINE_ARGS(options),
    { HEFT_ARG(options, 0, "json", FLAG, json, NULL), .help = "one JSON object" },
};

static bool progress(void *to, const heft_evaluation *s, int32_t all)
{
    const bool *terminal = to;
    if (*terminal)
        (void)fprintf(stderr, "\r%d of %d windows, perplexity %.4f ", s->windows, all,
                      s->perplexity);
    if (*terminal && s->windows == all) (void)fputc('\n', stderr);
    return !heft_interrupted();
}

/* What is printed, in this order. */
static const struct {
    const char *key, *shown;
    int32_t digits;
    size_t at;
    bool compared; /* only beside a reference */
} line[] = {
    { "perplexity", "perplexity", 4, offsetof(heft_evaluation, perplexity), false },
    { "perplexity_error", "  standard error", 4, offsetof(heft_evaluation, perplexity_error),
      false },
    { "bits_per_byte", "bits per byte", 4, offsetof(heft_evaluation, bits_per_byte), false },
    { "reference_perplexity", "perplexity of the reference", 4,
      offsetof(heft_evaluation, reference_perplexity), true },
    { "kl", "KL divergence, mean", 6, offsetof(heft_evaluation, kl), true },
    { "kl_error", "  standard error", 6, offsetof(heft_evaluation, kl_error), true },
    { "kl_50", "  half of the tokens below", 6, offsetof(heft_evaluation, kl_50), true },
    { "kl_90", "  90 % below", 6, offsetof(heft_evaluation, kl_90), true },
    { "kl_99", "  99 % below", 6, offsetof(heft_evaluation, kl_99), true },
    { "kl_most", "  largest", 6, offsetof(heft_evaluation, kl_most), true },
    { "same_top", "same first choice, share", 4, offsetof(heft_evaluation, same_top), true },
};
enum { LINES = sizeof line / sizeof line[0] };

static heft_status print(const options *o, int32_t window, const heft_evaluation *s,
                         heft_error *err)
{
    heft_buf b = heft_buf_of(1 << 16);
    if (o->json) {
        heft_json_begin(&b, '{');
        heft_json_key(&b, "windows");
        heft_json_int(&b, s->windows);
        heft_json_key(&b, "tokens");
        heft_json_int(&b, s->tokens);
        heft_json_key(&b, "bytes");
        heft_json_int(&b, s->bytes);
    } else {
        heft_buf_printf(&b, "%-28s %d windows of %d tokens, %lld foretold\n", "text", s->windows,
                        window, (long long)s->tokens);
    }
    for (int32_t i = 0; i < LINES; i++) {
        const double value = *(const double *)((const char *)s + line[i].at);
        if (line[i].compared && !o->reference) continue;
        if (o->json) {
            heft_json_key(&b, line[i].key);
            heft_json_real(&b, value);
        } else {
            heft_buf_printf(&b, "%-28s %12.*f\n", line[i].shown, line[i].digits, value);
        }
    }
    if (o->json) {
        heft_json_end(&b, '}');
        heft_buf_z(&b, "\n");
    }
    return heft_emit_buf(&b, err);
}

static heft_status read_text(const char *path, char **text, size_t *n, heft_error *err)
{
    if (strcmp(path, "-") == 0) return heft_read_stream(stdin, "standard input", text, n, err);
    return heft_read_file(path, MOST_BYTES, text, n, err);
}

static heft_status run(const heft_call *call, heft_error *err)
{
    options o = *(const options *)call->options;
    const char *path[2] = { call->operand[0], o.reference };
    heft_model *m[2] = { NULL, NULL };
    heft_engine *e[2] = { NULL, NULL };
    char *text = NULL;
    size_t n = 0;
    heft_evaluation score;
    bool terminal = isatty(STDERR_FILENO) == 1;
    heft_eval_options scoring = { .windows = o.windows, .progress = progress, .to = &terminal };

    heft_status st = read_text(call->operand[2], &text, &n, err);
    for (int32_t i = 0; i < 2 && !st; i++) {
        if (!path[i]) continue;
        st = heft_open_model(call, path[i], &m[i], err);
        if (!st && !o.engine.context) {
            const int32_t limit = heft_model_describe(m[i])->context;
            o.engine.context = limit < WINDOW ? limit : WINDOW;
        }
        if (i == 1) { /* what others are measured by is exact */
            o.engine.cache = HEFT_CACHE_F32;
            o.engine.fast_prefill = false;
        }
        if (!st) st = heft_open_engine(call, m[i], &o.engine, &e[i], err);
    }
    scoring.window = o.engine.context;
    heft_catch_interrupt(false);
    if (!st) st = heft_eval_text(e[0], e[1], text, n, &scoring, &score, err);
    if (!st) st = print(&o, scoring.window, &score, err);
    for (int32_t i = 0; i < 2; i++) {
        heft_engine_close(e[i]);
        heft_model_close(m[i]);
    }
    heft_free(text);
    return st;
}

static heft_status check(const heft_call *call, heft_error *err)
{
    if (strcmp(call->operand[1], "perplexity") == 0) return HEFT_OK;
    return heft_fail(err, HEFT_E_ARG, "eval: there is no task '%s', expected perplexity",
                     heft_show_z(call->operand[1]).text);
}

const heft_verb heft_verb_eval = {
    .name = "eval",
    .operands = "MODEL perplexity FILE",
    .least = 3,
    .most = 3,
    .summary = "measure how well a model foretells a text, or how far it is from another",
    .notes =
        "  FILE is plain text; - is standard input. The text is cut into windows; the tokens of\n"
        "  each window's second half are foretold (llama.cpp's rule, so that figures compare).\n"
        "  With --reference the two models must have the same vocabulary; the reference has an\n"
        "  f32 cache and no --fast-prefill, so that a model beside itself shows what they cost.\n",
    .example =
        "  heft eval path/to/model-Q4_K_M.gguf perplexity text.txt --reference path/to/model\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .check = check,
    .run = run,
};

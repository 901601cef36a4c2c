/* heft plan: what running a model here needs. */
#define _POSIX_C_SOURCE 200809L /* PATH_MAX */
#include "cli/cli.h"

#include "base/file.h"

#include <limits.h>
#include <math.h>

typedef struct {
    heft_engine_options engine;
    bool json;
} options;

static const options defaults = { .json = false };

static const heft_arg args[] = {
    { HEFT_ARG(options, 'c', "context", INT, engine.context, "N"), .min = 1,
      .max = HEFT_MAX_CONTEXT, .help = "longest text in tokens (4096, or the model's limit)" },
    HEFT_ENGINE_ARGS(options),
    { HEFT_ARG(options, 0, "json", FLAG, json, NULL),
      .help = "one JSON object, in bytes and tokens/s" },
};

/* The lines of the plan, in the order they are shown. */
static const struct {
    const char *key, *shown;
    size_t at; /* of an int64_t in heft_plan */
} line[] = {
    { "weights_mapped", "weights, used in the file", offsetof(heft_plan, weights_mapped) },
    { "weights_copied", "weights, copied", offsetof(heft_plan, weights_copied) },
    { "cache_per_token", "keys and values, per token", offsetof(heft_plan, cache_per_token) },
    { "cache", "keys and values, all", offsetof(heft_plan, cache) },
    { "work", "work", offsetof(heft_plan, work) },
    { "total_private", "private memory in all", offsetof(heft_plan, total_private) },
    { "available", "available here", offsetof(heft_plan, available) },
    { "bytes_per_token", "weights read per token", offsetof(heft_plan, bytes_per_token) },
};
enum { LINES = sizeof line / sizeof line[0] };

/* What speed to expect, or why that is not known. */
typedef struct {
    heft_prediction p;
    char unknown[sizeof((heft_error *)0)->text]; /* empty: it is */
} expected;

static heft_status expect(const heft_call *call, const heft_model *m, expected *x, heft_error *err)
{
    const options *o = call->options;
    char path[PATH_MAX];
    heft_machine machine;
    heft_error why = { 0 };
    *x = (expected){ .unknown = "" };
    heft_status st = heft_machine_path(call, path, sizeof path, &why);
    if (!st && !heft_is_file(path))
        st = heft_fail(&why, HEFT_E_IO, "there is no machine profile (heft bench makes one)");
    if (!st) st = heft_machine_load(path, &machine, &why);
    if (!st) st = heft_engine_predict(m, &o->engine, &machine, &x->p, &why);
    if (st == HEFT_E_NOMEM || st == HEFT_E_ARG) return heft_fail(err, st, "%s", why.text);
    (void)snprintf(x->unknown, sizeof x->unknown, "%s", why.text);
    return HEFT_OK;
}

static void print_expected(heft_buf *b, const expected *x, bool json)
{
    const struct {
        const char *key, *shown;
        int32_t tokens;
        double speed;
    } row[] = {
        { "prefill_expected", "reading, tokens", x->p.prompt, x->p.prefill },
        { "decode_expected", "writing, after tokens", 0, x->p.decode },
        { "decode_expected_deep", "writing, after tokens", x->p.depth, x->p.decode_deep },
    };
    if (!json && x->unknown[0]) heft_buf_printf(b, "expected speed: %s\n", x->unknown);
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        if (json) {
            heft_json_key(b, row[i].key);
            heft_json_real(b, x->unknown[0] ? (double)NAN : row[i].speed); /* null */
        } else if (!x->unknown[0]) {
            heft_buf_printf(b, "%-21s %6d %12.1f tokens/s, expected\n", row[i].shown, row[i].tokens,
                            row[i].speed);
        }
    }
    if (json && x->unknown[0]) {
        heft_json_key(b, "expected_unknown");
        heft_json_str(b, heft_str_of(x->unknown));
    }
}

static heft_status print(const options *o, const heft_plan *plan, const expected *x,
                         heft_error *err)
{
    heft_buf b = heft_buf_of(1 << 16);
    if (o->json) heft_json_begin(&b, '{');
    for (int32_t i = 0; i < LINES; i++) {
        int64_t bytes = *(const int64_t *)((const char *)plan + line[i].at);
        if (o->json) {
            heft_json_key(&b, line[i].key);
            heft_json_int(&b, bytes);
        } else {
            heft_buf_printf(&b, "%-28s %12s\n", line[i].shown,
                            bytes < 0 ? "unknown" : heft_show_bytes(bytes).text);
        }
    }
    print_expected(&b, x, o->json);
    if (o->json) heft_json_end(&b, '}');
    if (o->json) heft_buf_z(&b, "\n");
    return heft_emit_buf(&b, err);
}

static heft_status run(const heft_call *call, heft_error *err)
{
    const options *o = call->options;
    heft_model *m = NULL;
    heft_plan plan;
    expected x;
    heft_status st = heft_open_model(call, call->operand[0], &m, err);
    if (!st) st = heft_engine_plan(m, &o->engine, &plan, err);
    if (!st) st = expect(call, m, &x, err);
    heft_model_close(m);
    if (!st) st = print(o, &plan, &x, err);
    if (st) return st;

    bool fits = plan.available < 0 || plan.total_private <= plan.available;
    if (!fits && !o->engine.force)
        return heft_fail(err, HEFT_E_NOMEM,
                         "this needs %s of private memory and %s are available: try a smaller -c, "
                         "or --force",
                         heft_show_bytes(plan.total_private).text,
                         heft_show_bytes(plan.available).text);
    heft_warn_mapped(call, &plan);
    return HEFT_OK;
}

const heft_verb heft_verb_plan = {
    .name = "plan",
    .operands = "MODEL",
    .least = 1,
    .most = 1,
    .summary = "say what running a model here needs",
    .notes =
        "  Weights are used where they lie in the file and cost no private memory. The exit code\n"
        "  is 1 where the private memory exceeds what is available. The speed is the one that\n"
        "  matrices and attention allow by this machine's profile: heft bench makes it.\n",
    .example = "  heft plan path/to/model -c 8192\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run,
};

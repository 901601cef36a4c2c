/* heft bench: how fast a model reads and writes here. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/system.h"

#include <stdlib.h>

typedef struct {
    heft_engine_options engine;
    int32_t prompt, tokens, depth, repeats;
    bool profile, json;
} options;

enum { MOST_REPEATS = 1000, MOST_TOKENS = 1 << 24 };

static const options defaults = { .prompt = 512, .tokens = 128, .repeats = 5 };

static const heft_arg args[] = {
    { HEFT_ARG(options, 'p', "prompt", INT, prompt, "N"), .min = 1, .max = MOST_TOKENS,
      .help = "tokens to read (512)" },
    { HEFT_ARG(options, 'n', "tokens", INT, tokens, "N"), .min = 1, .max = MOST_TOKENS,
      .help = "tokens to write, one by one (128)" },
    { HEFT_ARG(options, 'd', "depth", INT, depth, "N"), .max = MOST_TOKENS,
      .help = "tokens already there when either begins (0)" },
    { HEFT_ARG(options, 'r', "repeats", INT, repeats, "N"), .min = 1, .max = MOST_REPEATS,
      .help = "times each is measured; the median counts (5)" },
    { HEFT_ARG(options, 0, "profile", FLAG, profile, NULL),
      .help = "where the time goes, by operation, in one more run of each" },
    HEFT_ENGINE_ARGS(options),
    { HEFT_ARG(options, 0, "json", FLAG, json, NULL), .help = "one JSON object" },
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, int32_t n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return n % 2 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

/* Tokens per second of reading o->prompt tokens, and of writing o->tokens. */
typedef struct {
    double prefill, decode;
} speed;

static heft_status once(const options *o, heft_seq *seq, const int32_t *ids, speed *out,
                        heft_error *err)
{
    heft_status st = heft_seq_rewind(seq, o->depth, err);
    if (st) return st;
    double begin = heft_seconds();
    st = heft_seq_feed(seq, ids, o->prompt, HEFT_LOGITS_LAST, err);
    out->prefill = o->prompt / (heft_seconds() - begin);
    if (!st) st = heft_seq_rewind(seq, o->depth, err);
    begin = heft_seconds();
    for (int32_t i = 0; !st && i < o->tokens; i++)
        st = heft_seq_feed(seq, ids + i, 1, HEFT_LOGITS_LAST, err);
    out->decode = o->tokens / (heft_seconds() - begin);
    if (!st && heft_interrupted()) st = heft_fail(err, HEFT_E_CANCELLED, "interrupted");
    return st;
}

static heft_status measure(const options *o, heft_engine *e, const int32_t *ids, speed *out,
                           heft_error *err)
{
    double prefill[MOST_REPEATS], decode[MOST_REPEATS];
    heft_seq *seq = NULL;
    speed s;
    heft_status st = heft_seq_open(e, 0, &seq, err);
    if (!st && o->depth) st = heft_seq_feed(seq, ids, o->depth, HEFT_LOGITS_NONE, err);
    if (!st) st = once(o, seq, ids, &s, err); /* brings the weights in; not counted */
    for (int32_t i = 0; !st && i < o->repeats; i++) {
        st = once(o, seq, ids, &s, err);
        prefill[i] = s.prefill;
        decode[i] = s.decode;
    }
    heft_seq_close(seq);
    if (st) return st;
    *out = (speed){ .prefill = median(prefill, o->repeats), .decode = median(decode, o->repeats) };
    return HEFT_OK;
}

/* Read the prompt, or write the tokens, once more, every operation timed. */
static heft_status profile(const options *o, heft_engine *e, const int32_t *ids, bool decode,
                           heft_times *out, heft_error *err)
{
    heft_seq *seq = NULL;
    heft_status st = heft_seq_open(e, 0, &seq, err);
    if (!st && o->depth) st = heft_seq_feed(seq, ids, o->depth, HEFT_LOGITS_NONE, err);
    heft_engine_time(e, true);
    const double begin = heft_seconds();
    if (!st && !decode) st = heft_seq_feed(seq, ids, o->prompt, HEFT_LOGITS_LAST, err);
    for (int32_t i = 0; decode && !st && i < o->tokens; i++)
        st = heft_seq_feed(seq, ids + i, 1, HEFT_LOGITS_LAST, err);
    heft_take_times(e, heft_seconds() - begin, out);
    heft_engine_time(e, false);
    heft_seq_close(seq);
    return st;
}

/* What is printed of a model. */
typedef struct {
    heft_plan plan;
    speed speed;
    heft_times prefill, decode; /* with --profile */
} result;

static heft_status print(const heft_call *call, const heft_engine *e, const result *r,
                         heft_error *err)
{
    const heft_plan *plan = &r->plan;
    const speed *s = &r->speed;
    const options *o = call->options;
    const heft_engine_options *used = heft_engine_resolved(e);
    double gbps = s->decode * (double)plan->bytes_per_token * 1e-9;
    heft_buf b = heft_buf_of(1 << 16);
    if (o->json) {
        heft_json_begin(&b, '{');
        heft_json_key(&b, "prefill");
        heft_json_real(&b, s->prefill);
        heft_json_key(&b, "decode");
        heft_json_real(&b, s->decode);
        heft_json_key(&b, "bytes_per_token");
        heft_json_int(&b, plan->bytes_per_token);
        heft_json_key(&b, "gbps");
        heft_json_real(&b, gbps);
        heft_json_key(&b, "model");
        heft_json_str(&b, heft_str_of(call->operand[0]));
        heft_json_key(&b, "threads");
        heft_json_int(&b, used->threads);
        heft_json_key(&b, "isa");
        heft_json_str(&b, heft_str_of(used->isa));
        if (o->profile) {
            heft_json_key(&b, "profile");
            heft_json_begin(&b, '{');
        }
    } else {
        heft_buf_printf(&b, "%s: %d threads, %s, median of %d, after %d tokens\n", call->operand[0],
                        used->threads, used->isa, o->repeats, o->depth);
        heft_buf_printf(&b, "  prefill %6d tokens %10.1f tokens/s\n", o->prompt, s->prefill);
        heft_buf_printf(&b, "  decode  %6d tokens %10.1f tokens/s %8.2f GB/s (%s per token)\n",
                        o->tokens, s->decode, gbps, heft_show_bytes(plan->bytes_per_token).text);
    }
    if (o->profile) {
        heft_show_times(&b, "prefill", &r->prefill, o->json);
        heft_show_times(&b, "decode", &r->decode, o->json);
    }
    if (o->json && o->profile) heft_json_end(&b, '}');
    if (o->json) heft_json_end(&b, '}');
    if (o->json) heft_buf_z(&b, "\n");
    return heft_emit_buf(&b, err);
}

/* Without a model there is nothing that most options could be about. */
static heft_status check(const heft_call *call, heft_error *err)
{
    const options *o = call->options;
    if (call->n_operands > 0) return HEFT_OK;
    if (o->prompt != defaults.prompt || o->tokens != defaults.tokens || o->depth != defaults.depth
        || o->repeats != defaults.repeats || o->profile || o->engine.cache || o->engine.force)
        return heft_fail(err, HEFT_E_ARG,
                         "bench: without MODEL this machine is measured: only --threads, --isa and "
                         "--json are about that");
    return HEFT_OK;
}

static heft_status run(const heft_call *call, heft_error *err)
{
    if (call->n_operands == 0) {
        const options *o = call->options;
        return heft_bench_machine(call, &o->engine, o->json, err);
    }
    options o = *(const options *)call->options;
    heft_model *m = NULL;
    heft_engine *e = NULL;
    result r;
    int32_t *ids = NULL, longest = o.prompt > o.tokens ? o.prompt : o.tokens;
    int32_t n = longest > o.depth ? longest : o.depth;

    o.engine.context = o.depth + longest;
    heft_status st = heft_open_model(call, call->operand[0], &m, err);
    if (!st) st = heft_engine_plan(m, &o.engine, &r.plan, err);
    if (!st) st = heft_open_engine(call, m, &o.engine, &e, err);
    if (st) goto done;
    ids = heft_alloc((size_t)n, sizeof *ids);
    if (!ids) {
        st = heft_nomem(err, "the tokens");
        goto done;
    }
    uint32_t vocab = (uint32_t)heft_model_describe(m)->vocab, x = 1;
    for (int32_t i = 0; i < n; i++) { /* any tokens do, as long as they are not all one */
        x = x * 1664525u + 1013904223u;
        ids[i] = (int32_t)((x >> 8) % vocab);
    }
    heft_catch_interrupt(false);
    st = measure(&o, e, ids, &r.speed, err);
    if (!st && o.profile) st = profile(&o, e, ids, false, &r.prefill, err);
    if (!st && o.profile) st = profile(&o, e, ids, true, &r.decode, err);
    if (!st) st = print(call, e, &r, err);
done:
    heft_free(ids);
    heft_engine_close(e);
    heft_model_close(m);
    return st;
}

const heft_verb heft_verb_bench = {
    .name = "bench",
    .operands = "[MODEL]",
    .most = 1,
    .summary = "measure how fast a model reads (prefill) and writes (decode) here, or this machine",
    .notes =
        "  Without MODEL the memory, every number format and attention are measured, which takes\n"
        "  some seconds. The profile is kept in $XDG_CACHE_HOME/heft/machine.json, or under\n"
        "  ~/.cache; heft plan says by it what speed to expect.\n",
    .example = "  heft bench path/to/model -p 512 -n 128 --json\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .check = check,
    .run = run,
};

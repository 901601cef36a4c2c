/* heft bench: how fast a model reads and writes here. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "cli/cli.h"

#include "base/mem.h"

#include <stdlib.h>
#include <time.h>

typedef struct {
    heft_engine_options engine;
    int32_t prompt, tokens, depth, repeats;
    bool json;
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
    HEFT_ENGINE_ARGS(options),
    { HEFT_ARG(options, 0, "json", FLAG, json, NULL), .help = "one JSON object" },
};

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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
    double begin = now();
    st = heft_seq_feed(seq, ids, o->prompt, HEFT_LOGITS_LAST, err);
    out->prefill = o->prompt / (now() - begin);
    if (!st) st = heft_seq_rewind(seq, o->depth, err);
    begin = now();
    for (int32_t i = 0; !st && i < o->tokens; i++)
        st = heft_seq_feed(seq, ids + i, 1, HEFT_LOGITS_LAST, err);
    out->decode = o->tokens / (now() - begin);
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

static heft_status print(const heft_call *call, const heft_engine *e, const heft_plan *plan,
                         const speed *s, heft_error *err)
{
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
        heft_json_end(&b, '}');
        heft_buf_z(&b, "\n");
    } else {
        heft_buf_printf(&b, "%s: %d threads, %s, median of %d, after %d tokens\n", call->operand[0],
                        used->threads, used->isa, o->repeats, o->depth);
        heft_buf_printf(&b, "  prefill %6d tokens %10.1f tokens/s\n", o->prompt, s->prefill);
        heft_buf_printf(&b, "  decode  %6d tokens %10.1f tokens/s %8.2f GB/s (%s per token)\n",
                        o->tokens, s->decode, gbps, heft_show_bytes(plan->bytes_per_token).text);
    }
    return heft_emit_buf(&b, err);
}

static heft_status run(const heft_call *call, heft_error *err)
{
    options o = *(const options *)call->options;
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_plan plan;
    int32_t *ids = NULL, longest = o.prompt > o.tokens ? o.prompt : o.tokens;
    int32_t n = longest > o.depth ? longest : o.depth;
    speed s;

    o.engine.context = o.depth + longest;
    heft_status st = heft_open_model(call, call->operand[0], &m, err);
    if (!st) st = heft_engine_plan(m, &o.engine, &plan, err);
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
    st = measure(&o, e, ids, &s, err);
    if (!st) st = print(call, e, &plan, &s, err);
done:
    heft_free(ids);
    heft_engine_close(e);
    heft_model_close(m);
    return st;
}

const heft_verb heft_verb_bench = {
    .name = "bench",
    .operands = "MODEL",
    .least = 1,
    .most = 1,
    .summary = "measure how fast a model reads (prefill) and writes (decode) here",
    .example = "  heft bench path/to/model -p 512 -n 128 --json\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .run = run,
};

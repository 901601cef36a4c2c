/* heft bench: how fast a model reads and writes here. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/system.h"

#include <stdlib.h>

typedef struct {
    heft_engine_options engine;
    int32_t prompt, tokens, depth, batch, repeats;
    bool profile, json;
} options;

enum { MOST_REPEATS = 1000, MOST_TOKENS = 1 << 24 };

static const options defaults = { .prompt = 512, .tokens = 128, .batch = 1, .repeats = 5 };

static const heft_arg args[] = {
    { HEFT_ARG(options, 'p', "prompt", INT, prompt, "N"), .min = 1, .max = MOST_TOKENS,
      .help = "tokens to read (512)" },
    { HEFT_ARG(options, 'n', "tokens", INT, tokens, "N"), .min = 1, .max = MOST_TOKENS,
      .help = "tokens to write, one by one (128)" },
    { HEFT_ARG(options, 'd', "depth", INT, depth, "N"), .max = MOST_TOKENS,
      .help = "tokens already there when either begins (0)" },
    { HEFT_ARG(options, 0, "batch", INT, batch, "N"), .min = 1, .max = HEFT_MAX_SEQUENCES,
      .help = "sequences that write together, each its own tokens (1)" },
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

/* What is measured: sequences with their tokens of the depth, and what they are fed. */
typedef struct {
    const options *o;
    heft_engine *e;
    const int32_t *ids; /* (n) */
    int32_t n;
    heft_feed *feed; /* (batch) */
} bench;

/* Sequence s is s tokens ahead in a ring of them. */
static const int32_t *token_of(const bench *b, int32_t s, int32_t i)
{
    return &b->ids[(s + i) % b->n];
}

static void close_all(const bench *b)
{
    for (int32_t s = 0; s < b->o->batch; s++)
        heft_seq_close(b->feed[s].seq);
}

static heft_status open_all(const bench *b, heft_error *err)
{
    heft_status st = HEFT_OK;
    for (int32_t s = 0; s < b->o->batch; s++)
        b->feed[s] = (heft_feed){ .n = 1, .logits = HEFT_LOGITS_LAST };
    for (int32_t s = 0; s < b->o->batch && !st; s++) {
        st = heft_seq_open(b->e, 0, &b->feed[s].seq, err);
        if (!st && b->o->depth)
            st = heft_seq_feed(b->feed[s].seq, b->ids, b->o->depth, HEFT_LOGITS_NONE, err);
    }
    return st;
}

static heft_status rewind_all(const bench *b, heft_error *err)
{
    heft_status st = HEFT_OK;
    for (int32_t s = 0; s < b->o->batch && !st; s++)
        st = heft_seq_rewind(b->feed[s].seq, b->o->depth, err);
    return st;
}

/* The first sequence reads the prompt. */
static heft_status prefill(const bench *b, heft_error *err)
{
    return heft_seq_feed(b->feed[0].seq, b->ids, b->o->prompt, HEFT_LOGITS_LAST, err);
}

/* All of them write, a token each in a step. */
static heft_status decode(const bench *b, heft_error *err)
{
    heft_status st = HEFT_OK;
    for (int32_t i = 0; i < b->o->tokens && !st; i++) {
        for (int32_t s = 0; s < b->o->batch; s++)
            b->feed[s].token = token_of(b, s, i);
        st = heft_engine_step(b->e, b->feed, b->o->batch, err);
    }
    return st;
}

/* Tokens per second of reading o->prompt tokens, and of writing o->tokens of every sequence. */
typedef struct {
    double prefill, decode;
} speed;

static heft_status once(const bench *b, speed *out, heft_error *err)
{
    heft_status st = rewind_all(b, err);
    double begin = heft_seconds();
    if (!st) st = prefill(b, err);
    out->prefill = b->o->prompt / (heft_seconds() - begin);
    if (!st) st = rewind_all(b, err);
    begin = heft_seconds();
    if (!st) st = decode(b, err);
    out->decode = (double)b->o->tokens * b->o->batch / (heft_seconds() - begin);
    if (!st && heft_interrupted()) st = heft_fail(err, HEFT_E_CANCELLED, "interrupted");
    return st;
}

static heft_status measure(const bench *b, speed *out, heft_error *err)
{
    double prefill[MOST_REPEATS], decode[MOST_REPEATS];
    const options *o = b->o;
    speed s;
    heft_status st = open_all(b, err);
    if (!st) st = once(b, &s, err); /* brings the weights in; not counted */
    for (int32_t i = 0; !st && i < o->repeats; i++) {
        st = once(b, &s, err);
        prefill[i] = s.prefill;
        decode[i] = s.decode;
    }
    close_all(b);
    if (st) return st;
    *out = (speed){ .prefill = median(prefill, o->repeats), .decode = median(decode, o->repeats) };
    return HEFT_OK;
}

/* Read the prompt, or write the tokens, once more, every operation timed. */
static heft_status profile(const bench *b, heft_status (*what)(const bench *, heft_error *),
                           heft_times *out, heft_error *err)
{
    heft_status st = open_all(b, err);
    heft_engine_time(b->e, true);
    const double begin = heft_seconds();
    if (!st) st = what(b, err);
    heft_take_times(b->e, heft_seconds() - begin, out);
    heft_engine_time(b->e, false);
    close_all(b);
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
    /* a step reads the weights once, whatever the batch; of a mixture, more experts than these */
    double gbps = s->decode / o->batch * (double)plan->bytes_per_token * 1e-9;
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
        heft_json_key(&b, "fast_prefill");
        heft_json_bool(&b, used->fast_prefill);
        heft_json_key(&b, "batch");
        heft_json_int(&b, o->batch);
        if (o->profile) {
            heft_json_key(&b, "profile");
            heft_json_begin(&b, '{');
        }
    } else {
        heft_buf_printf(&b, "%s: %d threads, %s, median of %d, after %d tokens%s\n",
                        call->operand[0], used->threads, used->isa, o->repeats, o->depth,
                        used->fast_prefill ? ", --fast-prefill" : "");
        heft_buf_printf(&b, "  prefill %6d tokens %10.1f tokens/s\n", o->prompt, s->prefill);
        heft_buf_printf(&b, "  decode  %6d tokens %10.1f tokens/s %8.2f GB/s (%s per %s)\n",
                        o->tokens, s->decode, gbps, heft_show_bytes(plan->bytes_per_token).text,
                        o->batch > 1 ? "step" : "token");
        if (o->batch > 1)
            heft_buf_printf(&b, "          of %d sequences, %.1f tokens/s each\n", o->batch,
                            s->decode / o->batch);
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
        || o->batch != defaults.batch || o->repeats != defaults.repeats || o->profile
        || o->engine.cache || o->engine.fast_prefill || o->engine.force)
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
    bench b = { .o = &o, .n = longest > o.depth ? longest : o.depth };

    o.engine.context = o.depth + longest;
    o.engine.sequences = o.batch;
    heft_status st = heft_open_model(call, call->operand[0], &m, err);
    if (!st) st = heft_engine_plan(m, &o.engine, &r.plan, err);
    if (!st) st = heft_open_engine(call, m, &o.engine, &e, err);
    if (st) goto done;
    ids = heft_alloc((size_t)b.n, sizeof *ids);
    b.feed = heft_alloc((size_t)o.batch, sizeof *b.feed);
    b.ids = ids;
    b.e = e;
    if (!ids || !b.feed) {
        st = heft_nomem(err, "the tokens");
        goto done;
    }
    uint32_t vocab = (uint32_t)heft_model_describe(m)->vocab, x = 1;
    for (int32_t i = 0; i < b.n; i++) { /* any tokens do, as long as they are not all one */
        x = x * 1664525u + 1013904223u;
        ids[i] = (int32_t)((x >> 8) % vocab);
    }
    heft_catch_interrupt(false);
    st = measure(&b, &r.speed, err);
    if (!st && o.profile) st = profile(&b, prefill, &r.prefill, err);
    if (!st && o.profile) st = profile(&b, decode, &r.decode, err);
    if (!st) st = print(call, e, &r, err);
done:
    heft_free(ids);
    heft_free(b.feed);
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

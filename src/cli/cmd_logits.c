/* heft logits: what the model says after every token of a text, written to a file. */
#include "cli/cli.h"

#include "base/mem.h"

#include <string.h>

typedef struct {
    const char *ids, *text, *out;
    heft_engine_options engine;
    bool hidden;
} options;

enum { CHUNK = 512 };

static const options defaults = { .engine = { .batch = CHUNK } };

static const heft_arg args[] = {
    { HEFT_ARG(options, 0, "ids", TEXT, ids, "\"ID...\""), .help = "the tokens, by number" },
    { HEFT_ARG(options, 0, "text", TEXT, text, "TEXT"), .help = "the tokens, as a text" },
    { HEFT_ARG(options, 'o', "out", TEXT, out, "FILE"), .help = "the safetensors file to write" },
    { HEFT_ARG(options, 0, "hidden", FLAG, hidden, NULL),
      .help = "write the hidden state after every layer too" },
    { HEFT_ARG(options, 0, "chunk", INT, engine.batch, "N"), .min = 1, .max = HEFT_MAX_BATCH,
      .help = "tokens in one step (512)" },
    HEFT_ENGINE_ARGS(options),
};

/* Everything that ends in the file; one row per token. */
typedef struct {
    int32_t n, vocab, width, layers; /* tokens; floats of a row; floats of a state; layers */
    float *logits;                   /* (n, vocab) */
    float *hidden;                   /* (layers + 1, n, width of all streams), or NULL */
} result;

static heft_status get_ids(const heft_call *call, const heft_model *m, heft_ids *ids,
                           heft_error *err)
{
    const options *o = call->options;
    if (o->ids) return heft_ids_parse(ids, o->ids, err);
    const heft_tokenizer *t = heft_model_tokenizer(m);
    if (!t)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: has no tokenizer; give --ids",
                         call->operand[0]);
    int32_t *id = NULL;
    heft_status st = heft_tokenize(t, o->text, strlen(o->text), 0, &id, &ids->n, err);
    if (st) return st;
    ids->id = heft_alloc(ids->n, sizeof *id);
    if (ids->id) memcpy(ids->id, id, ids->n * sizeof *id);
    heft_release(id);
    return ids->id ? HEFT_OK : heft_nomem(err, "the ids");
}

/* One step: tokens at .. at + n. */
static heft_status step(heft_engine *e, heft_seq *seq, const int32_t *ids, int32_t at, int32_t n,
                        const result *r, heft_error *err)
{
    heft_feed feed = {
        .seq = seq, .token = ids + at, .n = n, .logits = HEFT_LOGITS_ALL, .prompt = true
    };
    heft_status st = heft_engine_step(e, &feed, 1, err);
    if (st) return st;
    size_t vocab = (size_t)r->vocab, width = (size_t)r->width;
    for (int32_t i = 0; i < n; i++)
        memcpy(r->logits + (size_t)(at + i) * vocab, heft_engine_logits(e, i),
               vocab * sizeof(float));
    for (int32_t l = 0; r->hidden && l <= r->layers; l++)
        memcpy(r->hidden + ((size_t)l * (size_t)r->n + (size_t)at) * width,
               heft_engine_hidden(e, l), (size_t)n * width * sizeof(float));
    return HEFT_OK;
}

static heft_status all_steps(heft_engine *e, const int32_t *ids, const result *r, heft_error *err)
{
    heft_seq *seq = NULL;
    heft_status st = heft_seq_open(e, 0, &seq, err);
    int32_t batch = heft_engine_resolved(e)->batch;
    for (int32_t at = 0; !st && at < r->n; at += batch) {
        if (heft_interrupted())
            st = heft_fail(err, HEFT_E_CANCELLED, "interrupted after %d of %d tokens", at, r->n);
        else
            st = step(e, seq, ids, at, r->n - at < batch ? r->n - at : batch, r, err);
    }
    heft_seq_close(seq);
    return st;
}

static heft_status write_result(const char *path, const int32_t *ids, const result *r,
                                heft_error *err)
{
    const heft_array array[] = {
        { .name = "ids", .dtype = "I32", .rank = 1, .shape = { r->n }, .data = ids },
        { .name = "logits",
          .dtype = "F32",
          .rank = 2,
          .shape = { r->n, r->vocab },
          .data = r->logits },
        { .name = "hidden",
          .dtype = "F32",
          .rank = 3,
          .shape = { r->layers + 1, r->n, r->width },
          .data = r->hidden },
    };
    return heft_write_safetensors(path, array, r->hidden ? 3 : 2, err);
}

static heft_status run(const heft_call *call, heft_error *err)
{
    options o = *(const options *)call->options;
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_ids ids = { .n = 0 };
    result r = { .n = 0 };

    heft_status st = heft_open_model(call, call->operand[0], &m, err);
    if (!st) st = get_ids(call, m, &ids, err);
    if (st) goto done;
    if (ids.n == 0 || ids.n > HEFT_MAX_CONTEXT) {
        st = heft_fail(err, HEFT_E_ARG, "%zu tokens, expected 1 to %d", ids.n, HEFT_MAX_CONTEXT);
        goto done;
    }
    r.n = (int32_t)ids.n;
    if (o.engine.batch > r.n) o.engine.batch = r.n;
    o.engine.outputs = o.engine.batch;
    o.engine.context = r.n;
    o.engine.hidden = o.hidden;
    st = heft_open_engine(call, m, &o.engine, &e, err);
    if (st) goto done;

    r.vocab = heft_engine_vocab(e);
    r.width = heft_model_describe(m)->width * heft_model_describe(m)->streams;
    r.layers = heft_model_describe(m)->layers;
    r.logits = heft_alloc(ids.n * (size_t)r.vocab, sizeof(float));
    if (o.hidden)
        r.hidden = heft_alloc(ids.n * (size_t)(r.layers + 1) * (size_t)r.width, sizeof(float));
    if (!r.logits || (o.hidden && !r.hidden)) {
        st = heft_nomem(err, "the results");
        goto done;
    }
    heft_catch_interrupt(false);
    st = all_steps(e, ids.id, &r, err);
    if (!st) st = write_result(o.out, ids.id, &r, err);
done:
    heft_free(r.hidden);
    heft_free(r.logits);
    heft_free(ids.id);
    heft_engine_close(e);
    heft_model_close(m);
    return st;
}

static heft_status check(const heft_call *call, heft_error *err)
{
    const options *o = call->options;
    if (!o->ids == !o->text)
        return heft_fail(err, HEFT_E_ARG, "logits: give either --ids or --text");
    if (!o->out) return heft_fail(err, HEFT_E_ARG, "logits: --out FILE is missing");
    return HEFT_OK;
}

const heft_verb heft_verb_logits = {
    .name = "logits",
    .operands = "MODEL",
    .least = 1,
    .most = 1,
    .summary = "write the logits that follow each token, and hidden states, to a file",
    .notes =
        "  The file holds ids I32 (T), logits F32 (T, rows of the head) and, with --hidden,\n"
        "  hidden F32 (layers + 1, T, width): the embedding, then the state after each layer;\n"
        "  all residual streams of a token, where a model has several.\n",
    .example = "  heft logits path/to/model --text \"Once upon a time\" --out logits.safetensors\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .check = check,
    .run = run,
};

/* Generating: feed, sample, stream, stop. */
#define _POSIX_C_SOURCE 200809L
#include "engine/engine.h"

#include <string.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Text on its way to the caller. What could still become a stop string is held back. */
typedef struct {
    const heft_generation *g;
    heft_stream stream;
    char *text; /* held back */
    size_t n;
    const char *stop;
    bool cancelled;
} outlet;

/* Could text[at ..] of the n bytes begin a stop string? Sets o->stop where it is one, however many
 * longer ones it might still become. */
static bool matches(outlet *o, size_t at)
{
    bool begins = false;
    for (int32_t i = 0; i < o->g->n_stop && !o->stop; i++) {
        size_t length = strlen(o->g->stop[i]), here = o->n - at;
        size_t both = length < here ? length : here;
        if (memcmp(o->text + at, o->g->stop[i], both) != 0) continue;
        if (length <= here) o->stop = o->g->stop[i];
        begins = true;
    }
    return begins;
}

static void send(outlet *o, size_t n)
{
    if (n && o->g->text && !o->g->text(o->g->to, o->text, n)) o->cancelled = true;
    memmove(o->text, o->text + n, o->n - n);
    o->n -= n;
}

/* Pass on what is certain, now that more text is there. */
static void advance(outlet *o, bool finished)
{
    size_t certain = 0;
    while (certain < o->n && !matches(o, certain))
        certain++;
    /* a whole match ends the text; a beginning of one waits for more, unless there is none */
    if (!o->stop && finished) {
        for (size_t at = certain; at < o->n && !o->stop; at++)
            if (matches(o, at) && o->stop) certain = at;
        if (!o->stop) certain = o->n;
    }
    send(o, certain);
}

static heft_status check(const heft_seq *s, int32_t n, const heft_generation *g, heft_error *err)
{
    if (!s->e->m->tokenizer && (g->text || g->n_stop))
        return heft_fail(err, HEFT_E_ARG, "the model has no tokenizer: there is no text to give");
    if (g->n_stop < 0 || g->n_stop > HEFT_MAX_STOPS)
        return heft_fail(err, HEFT_E_ARG, "%d stop strings were given, at most %d are taken",
                         g->n_stop, HEFT_MAX_STOPS);
    for (int32_t i = 0; i < g->n_stop; i++)
        if (!*g->stop[i] || strlen(g->stop[i]) > HEFT_MAX_STOP_BYTES / 2)
            return heft_fail(err, HEFT_E_ARG, "a stop string is %zu bytes long, expected 1 to %d",
                             strlen(g->stop[i]), HEFT_MAX_STOP_BYTES / 2);
    if (g->max_tokens < -1)
        return heft_fail(err, HEFT_E_ARG, "%d tokens were asked for, expected at least -1",
                         g->max_tokens);
    if (n < 1) return heft_fail(err, HEFT_E_ARG, "the prompt is empty");
    if (n > s->max_length - s->length)
        return heft_fail(err, HEFT_E_ARG,
                         "the prompt of %lld tokens does not fit the context of %d",
                         (long long)s->length + n, s->max_length);
    return heft_sampling_check(&g->sampling, err);
}

static bool among(const int32_t *id, int32_t n, int32_t token)
{
    for (int32_t i = 0; i < n; i++)
        if (id[i] == token) return true;
    return false;
}

static bool ends(const heft_seq *s, const heft_generation *g, int32_t token)
{
    return s->e->kind[token] == HEFT_TOKEN_END
           || (!g->sampling.no_end && among(g->end, g->n_end, token));
}

static heft_status run(heft_seq *s, const heft_generation *g, outlet *o, heft_generated *r,
                       heft_error *err)
{
    const int32_t most = g->max_tokens < 0 ? INT32_MAX : g->max_tokens;
    for (;;) {
        int32_t token;
        if (r->generated == most) return r->why = HEFT_DONE_COUNT, HEFT_OK;
        heft_status st =
            heft_sample(s->e, s->e->logits, s->token, s->length, &g->sampling, &token, err);
        if (st) return st;
        r->last = token;
        if (ends(s, g, token)) return r->why = HEFT_DONE_END, HEFT_OK;
        r->generated++;
        if (s->e->m->tokenizer) {
            o->stream.special = g->special || among(g->shown, g->n_shown, token);
            o->n += heft_stream_next(&o->stream, token, o->text + o->n);
            advance(o, false);
        }
        if (o->cancelled) return r->why = HEFT_DONE_CANCELLED, HEFT_OK;
        if (o->stop) return r->why = HEFT_DONE_STOP, HEFT_OK;
        if (s->length == s->max_length) return r->why = HEFT_DONE_LENGTH, HEFT_OK;
        if (r->generated == most) continue;
        st = heft_seq_feed(s, &token, 1, HEFT_LOGITS_LAST, err);
        if (st) return st;
    }
}

heft_status heft_generate(heft_seq *s, const int32_t *prompt, int32_t n, const heft_generation *g,
                          heft_generated *out, heft_error *err)
{
    heft_generated r = { .prompt_tokens = n, .last = -1 };
    outlet o = { .g = g,
                 .stream = { .t = s->e->m->tokenizer, .special = g->special },
                 .text = s->e->text };
    heft_status st = check(s, n, g, err);
    if (st) return st;
    double begin = seconds();
    st = heft_seq_feed(s, prompt, n, HEFT_LOGITS_LAST, err);
    double middle = seconds();
    if (!st) st = run(s, g, &o, &r, err);
    if (!st && !o.stop && !o.cancelled && s->e->m->tokenizer) {
        o.n += heft_stream_end(&o.stream, o.text + o.n);
        advance(&o, true);
        if (o.stop) r.why = HEFT_DONE_STOP;
        if (o.cancelled) r.why = HEFT_DONE_CANCELLED;
    }
    r.stop = o.stop;
    r.prompt_seconds = middle - begin;
    r.decode_seconds = seconds() - middle;
    if (!st && out) *out = r;
    return st;
}

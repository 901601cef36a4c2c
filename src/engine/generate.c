/* Generating: feed, sample, stream, stop. */
#include "base/system.h"
#include "engine/engine.h"

#include <string.h>

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

/* ---- guessing --------------------------------------------------------- */

/* Text repeats itself: a summary quotes, an edit copies. The tokens that followed the last few
 * where they stood before are guessed to follow again and run in one step; each that the model then
 * chooses anyway cost next to nothing (arXiv:2304.04487). By law 3 the text is the same without.
 *
 * A guess is paid from a credit counted in steps. Each right one earns the step it saved. What
 * cannot be paid is foretold all the same, for nothing, and earns or loses the cost of a row: so
 * text that repeats itself is seen before anything is spent on it, and other text costs nothing. */
typedef struct {
    float credit;
    int32_t most, next; /* guessed tokens: at most; of the next guess */
    int32_t foretold;   /* the token that would have been guessed; -1: none */
} guesser;

static const float MOST_CREDIT = 8, ROW_COST = 0.25f;
enum { SHORTEST_MATCH = 3, LONGEST_MATCH = 8, FIRST_GUESS = 3 };

/* A wrong guess is taken back; a state cannot be, but by running tokens again from a checkpoint. */
static guesser guesser_of(const heft_engine *e, const heft_generation *g)
{
    guesser u = { .next = FIRST_GUESS, .foretold = -1 };
    if (g->no_lookup || e->cache.n_states) return u;
    u.most = e->o.outputs < e->o.batch ? e->o.outputs - 1 : e->o.batch - 1;
    if (u.most > HEFT_GUESSES) u.most = HEFT_GUESSES;
    return u;
}

/* fed[1 ..] = up to `most` tokens that may follow fed[0], which follows the n tokens of h: those
 * behind its latest occurrence among the ones with the longest match before them. Returns how many.
 * A match may reach into the guess itself: then the text is guessed to go round. */
static int32_t look_up(const int32_t *h, int32_t n, int32_t *fed, int32_t most)
{
    int32_t best = SHORTEST_MATCH - 1, at = -1;
    for (int32_t i = n - 1; i >= 0 && best < LONGEST_MATCH; i--) {
        int32_t m = 1;
        if (h[i] != fed[0]) continue;
        while (m < LONGEST_MATCH && m <= i && h[i - m] == h[n - m])
            m++;
        if (m <= best) continue;
        best = m;
        at = i + 1;
    }
    if (at < 0) return 0;
    for (int32_t i = 0; i < most; i++, at++)
        fed[1 + i] = at < n ? h[at] : fed[at - n];
    return most;
}

static int32_t guess(guesser *u, const heft_seq *s, int32_t left, int32_t *fed)
{
    int32_t most = u->next < u->most ? u->next : u->most;
    const int32_t room = s->max_length - s->length - 1;
    if (most > left) most = left;
    if (most > room) most = room;
    u->foretold = -1;
    if (most < 1) return 0;
    const int32_t n = look_up(s->token, s->length, fed, most);
    const float cost = ROW_COST * (float)n;
    if (u->credit < cost) {
        u->foretold = fed[1];
        return 0;
    }
    u->credit -= cost;
    return n;
}

/* So many of the guessed tokens were right, and then came `token`. */
static void judge(guesser *u, int32_t guessed, int32_t right, int32_t token)
{
    u->credit += (float)right;
    if (u->foretold >= 0) u->credit += u->foretold == token ? ROW_COST : -ROW_COST;
    if (u->credit < 0) u->credit = 0;
    if (u->credit > MOST_CREDIT) u->credit = MOST_CREDIT;
    if (guessed) u->next = right == guessed ? 2 * guessed + 1 : FIRST_GUESS;
}

/* ---- choosing --------------------------------------------------------- */

/* Pass a token on; false: the generation ends with it. */
static bool emit(heft_seq *s, const heft_generation *g, outlet *o, heft_generated *r, int32_t token)
{
    r->last = token;
    if (ends(s, g, token)) {
        r->why = HEFT_DONE_END;
        return false;
    }
    r->generated++;
    if (s->e->m->tokenizer) {
        o->stream.special = g->special || among(g->shown, g->n_shown, token);
        o->n += heft_stream_next(&o->stream, token, o->text + o->n);
        advance(o, false);
    }
    r->why = o->cancelled ? HEFT_DONE_CANCELLED : HEFT_DONE_STOP;
    return !o->cancelled && !o->stop;
}

/* The logits of the sequence's last token are at 0. Of its tokens `sure` are fed for good; those
 * behind them are guesses, and the logits that follow each stand in the next row. */
static heft_status run(heft_seq *s, const heft_generation *g, outlet *o, heft_generated *r,
                       heft_error *err)
{
    const int32_t most = g->max_tokens < 0 ? INT32_MAX : g->max_tokens;
    guesser u = guesser_of(s->e, g);
    int32_t fed[1 + HEFT_GUESSES], sure = s->length, row = 0, guessed = 0;
    heft_status st = HEFT_OK;
    for (;;) {
        r->why = HEFT_DONE_COUNT;
        if (r->generated == most) break;
        st = heft_sample(s->e, heft_engine_logits(s->e, row), s->token, sure, &g->sampling, fed,
                         err);
        if (st || !emit(s, g, o, r, fed[0])) break;
        r->why = HEFT_DONE_LENGTH;
        if (sure == s->max_length) break;
        if (r->generated == most) continue;
        if (row < guessed && s->token[sure] == fed[0]) {
            sure++;
            row++;
            continue;
        }
        judge(&u, guessed, row, fed[0]);
        r->guessed += guessed;
        r->right += row;
        st = heft_seq_rewind(s, sure, err);
        if (st) break;
        guessed = guess(&u, s, most - r->generated - 1, fed);
        st = heft_seq_feed_as(s, fed, 1 + guessed, guessed ? HEFT_LOGITS_ALL : HEFT_LOGITS_LAST,
                              false, err);
        if (st) break;
        sure++;
        row = 0;
    }
    return st ? st : heft_seq_rewind(s, sure, err);
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
    double begin = heft_seconds();
    st = heft_seq_feed(s, prompt, n, HEFT_LOGITS_LAST, err);
    double middle = heft_seconds();
    if (!st) st = run(s, g, &o, &r, err);
    if (!st && !o.stop && !o.cancelled && s->e->m->tokenizer) {
        o.n += heft_stream_end(&o.stream, o.text + o.n);
        advance(&o, true);
        if (o.stop) r.why = HEFT_DONE_STOP;
        if (o.cancelled) r.why = HEFT_DONE_CANCELLED;
    }
    r.stop = o.stop;
    r.prompt_seconds = middle - begin;
    r.decode_seconds = heft_seconds() - middle;
    if (!st && out) *out = r;
    return st;
}

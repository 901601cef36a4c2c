/* Sequences, and the step that advances several of them together. */
#include "engine/engine.h"

#include <string.h>

/* ---- opening, forking, rewinding --------------------------------------- */

/* The cache slot of checkpoint k. */
static int32_t slot_of(const heft_seq *s, int32_t k)
{
    return s->e->o.sequences + s->slot * HEFT_CHECKPOINTS + k;
}

/* Drop the checkpoints that lie beyond `length`. */
static void drop_checkpoints(heft_seq *s, int32_t length)
{
    for (int32_t k = 0; k < HEFT_CHECKPOINTS; k++) {
        if (s->checkpoint[k] <= length) continue;
        heft_cache_clear(&s->e->cache, slot_of(s, k));
        s->checkpoint[k] = 0;
    }
}

/* Keep the state of now, in place of the earliest kept. */
static void take_checkpoint(heft_seq *s)
{
    int32_t k = 0;
    for (int32_t i = 1; i < HEFT_CHECKPOINTS; i++)
        if (s->checkpoint[i] < s->checkpoint[k]) k = i;
    heft_cache_clear(&s->e->cache, slot_of(s, k));
    heft_cache_fork(&s->e->cache, s->slot, slot_of(s, k));
    s->checkpoint[k] = s->length;
}

static void clear(heft_seq *s)
{
    drop_checkpoints(s, 0);
    heft_cache_clear(&s->e->cache, s->slot);
    s->length = 0;
    s->open = s->stale = false;
}

static heft_status take(heft_engine *e, int32_t max_length, heft_seq **out, heft_error *err)
{
    if (max_length < 1 || max_length > e->o.context)
        return heft_fail(err, HEFT_E_ARG,
                         "a sequence of %d tokens was asked for; the engine's context is %d",
                         max_length, e->o.context);
    for (int32_t i = 0; i < e->o.sequences; i++) {
        heft_seq *s = &e->seq[i];
        if (s->open) continue;
        s->open = true;
        s->length = 0;
        s->max_length = max_length;
        const heft_spec *spec = &e->m->net.spec;
        for (int32_t r = 0; r < spec->n_rope; r++)
            s->inv[r] = heft_rope_inv(&spec->rope[r], max_length,
                                      s->own + (size_t)r * (size_t)spec->rope[r].r.width / 2);
        *out = s;
        return HEFT_OK;
    }
    return heft_fail(err, HEFT_E_ARG, "all %d sequences of the engine are open", e->o.sequences);
}

heft_status heft_seq_open(heft_engine *e, int32_t max_length, heft_seq **out, heft_error *err)
{
    return take(e, max_length ? max_length : e->o.context, out, err);
}

heft_status heft_seq_fork(const heft_seq *s, heft_seq **out, heft_error *err)
{
    heft_seq *copy;
    heft_status st = take(s->e, s->max_length, &copy, err);
    if (st) return st;
    heft_cache_fork(&s->e->cache, s->slot, copy->slot);
    for (int32_t k = 0; k < HEFT_CHECKPOINTS; k++) {
        copy->checkpoint[k] = s->checkpoint[k];
        if (s->checkpoint[k]) heft_cache_fork(&s->e->cache, slot_of(s, k), slot_of(copy, k));
    }
    memcpy(copy->token, s->token, (size_t)s->length * sizeof *s->token);
    copy->length = s->length;
    copy->stale = s->stale;
    *out = copy;
    return HEFT_OK;
}

void heft_seq_close(heft_seq *s)
{
    if (s) clear(s);
}

int32_t heft_seq_length(const heft_seq *s)
{
    return s->length;
}

const int32_t *heft_seq_tokens(const heft_seq *s)
{
    return s->token;
}

/* Run the tokens up to `length` anew from the last checkpoint, or the beginning: something that a
 * window or a state had let go is needed again. The bits are the same (law 3). */
static heft_status replay(heft_seq *s, int32_t length, heft_error *err)
{
    heft_cache *c = &s->e->cache;
    drop_checkpoints(s, length);
    heft_cache_clear(c, s->slot);
    s->length = 0;
    s->stale = false;
    for (int32_t k = 0; k < HEFT_CHECKPOINTS; k++) {
        if (s->checkpoint[k] <= s->length) continue;
        heft_cache_clear(c, s->slot);
        heft_cache_fork(c, slot_of(s, k), s->slot);
        s->length = s->checkpoint[k];
    }
    const int32_t from = s->length;
    if (from == length) return HEFT_OK;
    return heft_seq_feed(s, s->token + from, length - from, HEFT_LOGITS_NONE, err);
}

heft_status heft_seq_rewind(heft_seq *s, int32_t length, heft_error *err)
{
    if (length < 0 || length > s->length)
        return heft_fail(err, HEFT_E_ARG, "a sequence of %d tokens cannot be rewound to %d",
                         s->length, length);
    heft_cache *c = &s->e->cache;
    const bool states = !c->n_states || (length == s->length && !s->stale);
    if (!states || !heft_cache_intact(c, s->slot, length)) return replay(s, length, err);
    s->length = length;
    drop_checkpoints(s, length);
    heft_cache_trim(c, s->slot, length);
    return HEFT_OK;
}

/* ---- a step ------------------------------------------------------------ */

static heft_status check_tokens(const heft_seq *s, const int32_t *token, int32_t n, heft_error *err)
{
    const int32_t V = s->e->m->net.spec.V;
    if (n < 1)
        return heft_fail(err, HEFT_E_ARG, "a sequence is fed %d tokens, expected at least 1", n);
    if (n > s->max_length - s->length)
        return heft_fail(err, HEFT_E_ARG,
                         "%d more tokens after %d do not fit a sequence of at most %d", n,
                         s->length, s->max_length);
    for (int32_t i = 0; i < n; i++)
        if (token[i] < 0 || token[i] >= V)
            return heft_fail(err, HEFT_E_ARG, "token %d is %d, expected 0 to %d", i, token[i],
                             V - 1);
    return HEFT_OK;
}

static heft_status check_feed(const heft_engine *e, const heft_feed *f, int32_t *rows,
                              int32_t *outputs, heft_error *err)
{
    if (f->seq->e != e || !f->seq->open)
        return heft_fail(err, HEFT_E_ARG, "a sequence is not open on this engine");
    heft_status st = check_tokens(f->seq, f->token, f->n, err);
    if (st) return st;
    *rows += f->n;
    *outputs += f->logits == HEFT_LOGITS_ALL ? f->n : f->logits == HEFT_LOGITS_LAST;
    if (*rows > e->o.batch)
        return heft_fail(err, HEFT_E_ARG, "a step of more than %d rows was asked for", e->o.batch);
    if (*outputs > e->o.outputs)
        return heft_fail(err, HEFT_E_ARG, "logits of more than %d rows were asked for",
                         e->o.outputs);
    return HEFT_OK;
}

static heft_status check_feeds(const heft_engine *e, const heft_feed *feed, int32_t n,
                               heft_error *err)
{
    int32_t rows = 0, outputs = 0;
    heft_status st = HEFT_OK;
    if (n < 1 || n > e->o.sequences)
        return heft_fail(err, HEFT_E_ARG, "a step of %d sequences was asked for, expected 1 to %d",
                         n, e->o.sequences);
    for (int32_t i = 0; i < n && !st; i++) {
        for (int32_t j = 0; j < i; j++)
            if (feed[j].seq == feed[i].seq)
                return heft_fail(err, HEFT_E_ARG, "a sequence is fed twice in one step");
        st = check_feed(e, &feed[i], &rows, &outputs, err);
    }
    return st;
}

/* Pages for every row, or none changed hands that anyone could see. */
static heft_status reserve(heft_engine *e, const heft_feed *feed, int32_t n, heft_error *err)
{
    for (int32_t i = 0; i < n; i++) {
        const heft_seq *s = feed[i].seq;
        heft_status st =
            heft_cache_reserve(&e->cache, s->slot, s->length, s->length + feed[i].n, err);
        if (!st) continue;
        for (int32_t j = 0; j < i; j++)
            heft_cache_trim(&e->cache, feed[j].seq->slot, feed[j].seq->length);
        return st;
    }
    return HEFT_OK;
}

static heft_batch make_batch(heft_engine *e, const heft_feed *feed, int32_t n)
{
    heft_batch b = { .S = n,
                     .token = e->token,
                     .pos = e->pos,
                     .seq = e->row_seq,
                     .first = e->first,
                     .past = e->past,
                     .out = e->out,
                     .inv = e->inv,
                     .page = e->cache.table,
                     .slot = e->slot,
                     .pages = e->cache.pages };
    const int32_t ropes = e->m->net.spec.n_rope;
    for (int32_t s = 0; s < n; s++) {
        const heft_feed *f = &feed[s];
        e->first[s] = b.T;
        e->past[s] = f->seq->length;
        e->slot[s] = f->seq->slot;
        e->expanded[s] = f->prompt;
        for (int32_t r = 0; r < ropes; r++)
            e->inv[(size_t)r * (size_t)n + (size_t)s] = f->seq->inv[r];
        for (int32_t i = 0; i < f->n; i++, b.T++) {
            e->token[b.T] = f->token[i];
            e->pos[b.T] = f->seq->length + i;
            e->row_seq[b.T] = s;
            if (f->logits == HEFT_LOGITS_ALL || (f->logits == HEFT_LOGITS_LAST && i == f->n - 1))
                e->out[b.N++] = b.T;
        }
    }
    e->first[n] = b.T;
    return b;
}

/* Which rows of a step go by fast_prefill. */
static heft_expand expand_of(const heft_engine *e, const heft_feed *feed, int32_t n)
{
    int32_t prompts = 0;
    for (int32_t i = 0; e->o.fast_prefill && i < n; i++)
        prompts += feed[i].prompt;
    return prompts == 0 ? HEFT_EXPAND_NONE : prompts == n ? HEFT_EXPAND_ALL : HEFT_EXPAND_SOME;
}

static void keep_hidden(void *to, int32_t layer, const float *x)
{
    heft_engine *e = to;
    const size_t W = heft_hidden_width(e);
    memcpy(e->hidden + (size_t)layer * (size_t)e->o.batch * W, x, (size_t)e->rows * W * sizeof *x);
}

/* The rows of a step are part of their sequence. Where the model forgets, the end of a prompt and
 * every so many tokens are places to come back to. */
static void commit(const heft_feed *f)
{
    heft_seq *s = f->seq;
    const int32_t before = s->length / HEFT_CHECKPOINT_TOKENS;
    memmove(s->token + s->length, f->token, (size_t)f->n * sizeof *s->token);
    s->length += f->n;
    heft_cache_trim(&s->e->cache, s->slot, s->length);
    const bool prompt_ends = f->n > 1 && f->logits == HEFT_LOGITS_LAST;
    if (s->e->cache.shape.checkpoints
        && (prompt_ends || s->length / HEFT_CHECKPOINT_TOKENS != before))
        take_checkpoint(s);
}

/* Bring the states of the sequences back to their last tokens, where an earlier step had failed. */
static heft_status refresh(const heft_feed *feed, int32_t n, heft_error *err)
{
    heft_status st = HEFT_OK;
    for (int32_t i = 0; i < n && !st; i++) {
        heft_seq *s = feed[i].seq;
        const int32_t length = s->length;
        if (!s->stale) continue;
        st = replay(s, length, err);
        s->length = length;
        s->stale = st != HEFT_OK;
    }
    return st;
}

heft_status heft_engine_step(heft_engine *e, const heft_feed *feed, int32_t n, heft_error *err)
{
    heft_status st = check_feeds(e, feed, n, err);
    if (!st) st = refresh(feed, n, err);
    if (!st) st = reserve(e, feed, n, err);
    if (st) return st;
    const heft_expand expand = expand_of(e, feed, n);
    heft_batch b = make_batch(e, feed, n);
    if (expand == HEFT_EXPAND_SOME) b.expanded = e->expanded;
    e->rows = b.T;
    heft_run r = { .m = &e->m->net,
                   .dev = e->timed ? (heft_device *)&e->timer : e->device,
                   .ops = e->timed ? &heft_ops_timer : &heft_ops_cpu,
                   .b = &b,
                   .expand = expand,
                   .kv = e->cache.kv,
                   .state = e->cache.state,
                   .arena = e->arena,
                   .room = e->arena_floats,
                   .capture = e->o.hidden ? keep_hidden : NULL,
                   .to = e };
    heft_forward(&r, e->logits);
    st = heft_ops_cpu.sync(e->device, err);
    if (!st) st = heft_source_check(e->m->source, err);
    for (int32_t i = 0; i < n; i++) {
        if (!st) {
            commit(&feed[i]);
            continue;
        }
        heft_cache_trim(&e->cache, feed[i].seq->slot, feed[i].seq->length);
        feed[i].seq->stale = e->cache.n_states > 0;
    }
    return st;
}

heft_status heft_seq_feed_as(heft_seq *s, const int32_t *token, int32_t n, heft_logits_want logits,
                             bool prompt, heft_error *err)
{
    if (logits == HEFT_LOGITS_ALL && n > s->e->o.batch)
        return heft_fail(err, HEFT_E_ARG,
                         "logits of all of %d tokens were asked for; one step has %d rows", n,
                         s->e->o.batch);
    heft_status st = check_tokens(s, token, n, err); /* all, before a step changes anything */
    for (int32_t done = 0, part; done < n && !st; done += part) {
        part = n - done < s->e->o.batch ? n - done : s->e->o.batch;
        bool last = done + part == n;
        heft_feed f = { s, token + done, part,
                        last || logits == HEFT_LOGITS_ALL ? logits : HEFT_LOGITS_NONE, prompt };
        st = heft_engine_step(s->e, &f, 1, err);
    }
    return st;
}

heft_status heft_seq_feed(heft_seq *s, const int32_t *token, int32_t n, heft_logits_want logits,
                          heft_error *err)
{
    return heft_seq_feed_as(s, token, n, logits, n >= HEFT_PROMPT_LEAST, err);
}

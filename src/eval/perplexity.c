/* How well a model foretells a text, and how far it is from a reference. */
#include "base/bounds.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The tokens to score, and room for what scoring needs. */
typedef struct {
    heft_engine *e, *ref; /* ref NULL: none */
    heft_kernels k;
    int32_t *token; /* (windows, window) */
    int32_t n, window, windows;
    float *p, *q; /* (vocab)  probabilities of the reference and the model, times their sums */
    float *kl;    /* (windows, foretold of a window) */
    /* Sums over the tokens foretold so far. */
    int64_t tokens, bytes, same;
    double nll, nll2, ref_nll, kl_sum, kl2;
} scorer;

/* ---- tokens ----------------------------------------------------------- */

/* Does the tokenizer begin a text with BOS? Sets *bos, -1: no. */
static heft_status begins_with(const heft_tokenizer *t, int32_t *bos, heft_error *err)
{
    int32_t *ids = NULL;
    size_t n = 0;
    heft_status st = heft_tokenize(t, "", 0, 0, &ids, &n, err);
    if (st) return st;
    *bos = n && ids[0] == heft_tokenizer_bos(t) ? ids[0] : -1;
    heft_release(ids);
    return HEFT_OK;
}

static heft_status check_vocabulary(const heft_engine *e, const heft_engine *ref, const char *text,
                                    size_t n, const int32_t *ids, size_t n_ids, heft_error *err)
{
    int32_t *other = NULL;
    size_t n_other = 0;
    if (!ref->m->tokenizer)
        return heft_fail(err, HEFT_E_ARG, "the reference has no tokenizer to compare");
    if (heft_engine_vocab(ref) != heft_engine_vocab(e))
        return heft_fail(err, HEFT_E_ARG,
                         "the reference gives logits of %d tokens, the model of %d: they do not "
                         "share a vocabulary",
                         heft_engine_vocab(ref), heft_engine_vocab(e));
    heft_status st =
        heft_tokenize(ref->m->tokenizer, text, n, HEFT_TOKENIZE_NO_SPECIAL, &other, &n_other, err);
    if (st) return st;
    size_t same = 0;
    while (same < n_ids && same < n_other && ids[same] == other[same])
        same++;
    heft_release(other);
    if (same == n_ids && same == n_other) return HEFT_OK;
    return heft_fail(err, HEFT_E_ARG,
                     "the reference and the model cut the text into different tokens, from token "
                     "%zu on: they do not share a vocabulary",
                     same);
}

/* The windows of the text, each begun by BOS where texts are: that token is in the stream once, at
 * its very beginning, and takes the place of the first token of every later window. */
static heft_status cut(scorer *s, const heft_eval_options *o, const int32_t *ids, size_t n,
                       int32_t bos, heft_error *err)
{
    const size_t before = bos >= 0, all = n + before, window = (size_t)s->window;
    if (all < window)
        return heft_fail(err, HEFT_E_ARG, "the text is %zu tokens long; a window has %d", all,
                         s->window);
    if (all > INT32_MAX)
        return heft_fail(err, HEFT_E_ARG, "the text is %zu tokens long, at most %d are scored", all,
                         INT32_MAX);
    s->windows = (int32_t)(all / window);
    if (o->windows && o->windows < s->windows) s->windows = o->windows;
    size_t kept = (size_t)s->windows * window;
    s->token = heft_alloc(kept, sizeof *s->token);
    if (!s->token) return heft_nomem(err, "the tokens");
    memcpy(s->token + before, ids, (kept - before) * sizeof *ids);
    for (size_t i = 0; bos >= 0 && i < kept; i += window)
        s->token[i] = bos;
    return HEFT_OK;
}

static heft_status prepare(scorer *s, const heft_eval_options *o, const char *text, size_t n,
                           heft_error *err)
{
    const heft_tokenizer *t = s->e->m->tokenizer;
    int32_t *ids = NULL, bos = -1;
    size_t n_ids = 0;
    if (!t)
        return heft_fail(err, HEFT_E_ARG, "the model has no tokenizer: a text cannot be scored");
    heft_status st = begins_with(t, &bos, err);
    if (!st) st = heft_tokenize(t, text, n, HEFT_TOKENIZE_NO_SPECIAL, &ids, &n_ids, err);
    if (!st && s->ref) st = check_vocabulary(s->e, s->ref, text, n, ids, n_ids, err);
    if (!st) st = cut(s, o, ids, n_ids, bos, err);
    heft_release(ids);
    if (st) return st;
    const size_t vocab = (size_t)heft_engine_vocab(s->e);
    const size_t foretold = (size_t)s->windows * (size_t)(s->window - s->window / 2);
    s->q = heft_alloc(vocab, sizeof *s->q);
    if (s->ref) s->p = heft_alloc(vocab, sizeof *s->p);
    if (s->ref) s->kl = heft_alloc(foretold, sizeof *s->kl);
    return s->q && (!s->ref || (s->p && s->kl)) ? HEFT_OK : heft_nomem(err, "the scores");
}

/* ---- scoring ---------------------------------------------------------- */

/* p[i] = exp(x[i] - max); returns the logarithm by which x[i] exceeds ln of its probability. */
static double spread(const scorer *s, float *p, const float *x, int32_t vocab, double *sum)
{
    float total;
    const float max = s->k.softmax(p, x, vocab, &total);
    *sum = (double)total;
    return (double)max + log((double)total);
}

static int32_t largest(const float *x, int32_t n)
{
    int32_t best = 0;
    for (int32_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

/* The token that followed, given the logits x of the model and those of the reference, or NULL. */
static heft_status score_token(scorer *s, const float *x, const float *ref, int32_t token,
                               heft_error *err)
{
    const int32_t vocab = heft_engine_vocab(s->e);
    double sum;
    const double base = spread(s, s->q, x, vocab, &sum), nll = base - (double)x[token];
    if (!isfinite(nll))
        return heft_fail(err, HEFT_E_FORMAT,
                         "the probability of token %d is 0 or not a number: the weights or the "
                         "cache type are at fault",
                         token);
    s->nll += nll;
    s->nll2 += nll * nll;
    if (ref) {
        double ref_sum, kl = 0;
        const double ref_base = spread(s, s->p, ref, vocab, &ref_sum);
        for (int32_t i = 0; i < vocab; i++)
            if (s->p[i] > 0)
                kl += (double)s->p[i] * (((double)ref[i] - ref_base) - ((double)x[i] - base));
        kl /= ref_sum;
        s->ref_nll += ref_base - (double)ref[token];
        s->kl[s->tokens] = (float)kl;
        s->kl_sum += kl;
        s->kl2 += kl * kl;
        s->same += largest(x, vocab) == largest(ref, vocab);
    }
    s->tokens++;
    return HEFT_OK;
}

/* Rows of a window through one engine: all of it is a prompt. */
static heft_status feed(heft_seq *q, const int32_t *token, int32_t n, heft_logits_want want,
                        heft_error *err)
{
    return q ? heft_seq_feed_as(q, token, n, want, true, err) : HEFT_OK;
}

static heft_status score_window(scorer *s, const int32_t *token, heft_seq *q, heft_seq *ref,
                                heft_error *err)
{
    const int32_t first = s->window / 2, last = s->window - 1;
    const int32_t room = s->e->o.outputs, other = s->ref ? s->ref->o.outputs : room;
    const int32_t rows = other < room ? other : room;
    heft_status st = feed(q, token, first, HEFT_LOGITS_NONE, err);
    if (!st) st = feed(ref, token, first, HEFT_LOGITS_NONE, err);
    for (int32_t at = first, n; at < last && !st; at += n) {
        n = last - at < rows ? last - at : rows;
        st = feed(q, token + at, n, HEFT_LOGITS_ALL, err);
        if (!st) st = feed(ref, token + at, n, HEFT_LOGITS_ALL, err);
        for (int32_t i = 0; i < n && !st; i++)
            st = score_token(s, heft_engine_logits(s->e, i),
                             ref ? heft_engine_logits(s->ref, i) : NULL, token[at + i + 1], err);
    }
    char *text = NULL;
    size_t bytes = 0;
    if (!st)
        st = heft_detokenize(s->e->m->tokenizer, token + first + 1, (size_t)(last - first), false,
                             &text, &bytes, err);
    heft_release(text);
    s->bytes += (int64_t)bytes;
    return st;
}

static double deviation(double sum, double squares, int64_t n)
{
    const double mean = sum / (double)n, variance = squares / (double)n - mean * mean;
    return n > 1 && variance > 0 ? sqrt(variance / (double)(n - 1)) : 0;
}

static heft_evaluation so_far(const scorer *s, int32_t windows)
{
    const double n = (double)s->tokens;
    heft_evaluation r = {
        .windows = windows, .tokens = s->tokens, .bytes = s->bytes, .perplexity = exp(s->nll / n)
    };
    r.perplexity_error = deviation(s->nll, s->nll2, s->tokens) * r.perplexity;
    r.bits_per_byte = s->bytes ? s->nll / (log(2.0) * (double)s->bytes) : 0;
    if (!s->ref) return r;
    r.reference_perplexity = exp(s->ref_nll / n);
    r.kl = s->kl_sum / n;
    r.kl_error = deviation(s->kl_sum, s->kl2, s->tokens);
    r.same_top = (double)s->same / n;
    return r;
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void add_percentiles(const scorer *s, heft_evaluation *r)
{
    const struct {
        double share, *to;
    } wanted[] = {
        { 0.5, &r->kl_50 }, { 0.9, &r->kl_90 }, { 0.99, &r->kl_99 }, { 1, &r->kl_most }
    };
    qsort(s->kl, (size_t)s->tokens, sizeof *s->kl, ascending);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        *wanted[i].to = (double)s->kl[(int64_t)(wanted[i].share * (double)(s->tokens - 1))];
}

static heft_status score_all(scorer *s, const heft_eval_options *o, heft_seq *q, heft_seq *ref,
                             heft_evaluation *out, heft_error *err)
{
    heft_status st = HEFT_OK;
    heft_evaluation r = { 0 };
    for (int32_t w = 0; w < s->windows && !st; w++) {
        st = heft_seq_rewind(q, 0, err);
        if (!st && ref) st = heft_seq_rewind(ref, 0, err);
        if (!st) st = score_window(s, s->token + (size_t)w * (size_t)s->window, q, ref, err);
        if (st) return st;
        r = so_far(s, w + 1);
        if (o->progress && !o->progress(o->to, &r, s->windows))
            return heft_fail(err, HEFT_E_CANCELLED, "cancelled after %d of %d windows", w + 1,
                             s->windows);
    }
    if (ref) add_percentiles(s, &r);
    *out = r;
    return HEFT_OK;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

heft_status heft_eval_text(heft_engine *e, heft_engine *reference, const char *text, size_t n,
                           const heft_eval_options *options, heft_evaluation *out, heft_error *err)
{
    const heft_eval_options o = options ? *options : (heft_eval_options){ 0 };
    int32_t most = e->o.context;
    if (reference) most = smaller(most, reference->o.context);
    scorer s = { .e = e, .ref = reference, .window = o.window ? o.window : smaller(512, most) };
    heft_seq *q = NULL, *ref = NULL;
    if (s.window < 4 || s.window > most)
        return heft_fail(err, HEFT_E_ARG, "a window of %d tokens was asked for, expected 4 to %d",
                         s.window, most);
    if (o.windows < 0)
        return heft_fail(err, HEFT_E_ARG, "%d windows were asked for, expected at least 0",
                         o.windows);
    unsigned isa = 0;
    (void)heft_isa_named(e->o.isa, &isa); /* resolved: there is such a set */
    heft_kernels_init(&s.k, isa);
    heft_status st = prepare(&s, &o, text, n, err);
    if (!st) st = heft_seq_open(e, s.window, &q, err);
    if (!st && reference) st = heft_seq_open(reference, s.window, &ref, err);
    if (!st) st = score_all(&s, &o, q, ref, out, err);
    heft_seq_close(ref);
    heft_seq_close(q);
    heft_free(s.token);
    heft_free(s.p);
    heft_free(s.q);
    heft_free(s.kl);
    return st;
}

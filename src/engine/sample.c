/* Choosing the next token.
 *
 * In this order: penalties on the logits, temperature, then of the most probable tokens those that
 * top_k, top_p and min_p leave, in the order of their probability (of equals, the lower id first),
 * then one draw. The draw is a function of (seed, position), so that it does not depend on what
 * was computed before, or elsewhere. */
#include "engine/engine.h"

#include <math.h>

heft_sampling heft_sampling_default(void)
{
    return (heft_sampling){ .temperature = 0.8f,
                            .top_k = 40,
                            .top_p = 0.95f,
                            .min_p = 0.05f,
                            .repeat_penalty = 1,
                            .repeat_last_n = 64 };
}

static heft_status out_of_range(heft_error *err, const char *what, float value,
                                const char *expected)
{
    return heft_fail(err, HEFT_E_ARG, "%s is %g, expected %s", what, (double)value, expected);
}

heft_status heft_sampling_check(const heft_sampling *s, heft_error *err)
{
    if (!(s->temperature >= 0) || !isfinite(s->temperature))
        return out_of_range(err, "the temperature", s->temperature, "a number of at least 0");
    if (s->top_k < 0) return out_of_range(err, "top-k", (float)s->top_k, "at least 0");
    if (!(s->top_p > 0 && s->top_p <= 1))
        return out_of_range(err, "top-p", s->top_p, "above 0 and at most 1");
    if (!(s->min_p >= 0 && s->min_p <= 1)) return out_of_range(err, "min-p", s->min_p, "0 to 1");
    if (!(s->repeat_penalty > 0) || !isfinite(s->repeat_penalty))
        return out_of_range(err, "the repeat penalty", s->repeat_penalty, "a number above 0");
    if (!isfinite(s->presence_penalty))
        return out_of_range(err, "the presence penalty", s->presence_penalty, "a finite number");
    if (!isfinite(s->frequency_penalty))
        return out_of_range(err, "the frequency penalty", s->frequency_penalty, "a finite number");
    if (s->repeat_last_n < -1)
        return out_of_range(err, "the window of the penalties", (float)s->repeat_last_n,
                            "at least -1");
    return HEFT_OK;
}

/* A logit with the penalties for a token that occurred `count` times in the window.
 * repeat: arXiv:1909.05858, section 4.1; presence and frequency as the OpenAI API defines them. */
static float penalised(float logit, const heft_sampling *s, int32_t count)
{
    if (count == 0) return logit;
    logit = logit > 0 ? logit / s->repeat_penalty : logit * s->repeat_penalty;
    return logit - s->presence_penalty - s->frequency_penalty * (float)count;
}

static bool comes_before(heft_candidate a, heft_candidate b)
{
    return a.p > b.p || (a.p == b.p && a.id < b.id);
}

/* A heap of candidates whose first element comes before all others. */
static void sift(heft_candidate *c, int32_t n, int32_t i)
{
    for (;;) {
        int32_t best = i;
        for (int32_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (comes_before(c[child], c[best])) best = child;
        if (best == i) return;
        heft_candidate t = c[i];
        c[i] = c[best];
        c[best] = t;
        i = best;
    }
}

/* Uniform in [0, 1): 53 bits of splitmix64 of the seed, advanced to the position. */
static double uniform(uint64_t seed, int64_t position)
{
    uint64_t z = seed + 0x9e3779b97f4a7c15u * ((uint64_t)position + 1);
    for (int32_t i = 0; i < 2; i++) {
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z ^= z >> 31;
    }
    return (double)(z >> 11) * 0x1p-53;
}

/* Draw one of n candidates (their logits penalised). The best that top_k and min_p leave are taken
 * from the heap in order and gathered at the end of the array, their probabilities relative to the
 * first in place of the logits; top_p then cuts that row. */
static int32_t draw(heft_candidate *c, int32_t n, const heft_sampling *s, int64_t position)
{
    for (int32_t i = n / 2 - 1; i >= 0; i--)
        sift(c, n, i);
    if (s->temperature == 0) return c[0].id;
    const float top = c[0].p;
    const int32_t most = s->top_k && s->top_k < n ? s->top_k : n;
    int32_t taken = 0;
    double sum = 0;
    while (taken < most) {
        heft_candidate best = c[0];
        best.p = heft_exp((best.p - top) / s->temperature);
        if (best.p < s->min_p) break;
        taken++;
        c[0] = c[n - taken];
        c[n - taken] = best;
        sift(c, n - taken, 0);
        sum += (double)best.p;
    }
    const double share = (double)s->top_p * sum;
    int32_t left = 0;
    for (sum = 0; left < taken && (left == 0 || sum < share);)
        sum += (double)c[n - ++left].p;
    double u = uniform(s->seed, position) * sum;
    for (int32_t i = 1; i < left; i++) {
        u -= (double)c[n - i].p;
        if (u < 0) return c[n - i].id;
    }
    return c[n - left].id;
}

/* Of the n tokens of the history, the first that the penalties look at; n: none. */
static int32_t window_of(const heft_sampling *s, int32_t n)
{
    if (s->repeat_penalty == 1 && s->presence_penalty == 0 && s->frequency_penalty == 0) return n;
    return s->repeat_last_n >= 0 && n > s->repeat_last_n ? n - s->repeat_last_n : 0;
}

heft_status heft_sample(heft_engine *e, const float *logits, const int32_t *history, int32_t n,
                        const heft_sampling *s, int32_t *token, heft_error *err)
{
    const int32_t V = heft_engine_vocab(e), from = window_of(s, n);
    heft_status st = heft_sampling_check(s, err);
    for (int32_t i = from; i < n && !st; i++)
        if (history[i] < 0 || history[i] >= V)
            st = heft_fail(err, HEFT_E_ARG, "token %d of the history is %d, expected 0 to %d", i,
                           history[i], V - 1);
    if (st) return st;
    for (int32_t i = from; i < n; i++)
        e->count[history[i]]++;
    int32_t candidates = 0, bad = -1, beyond = -1;
    for (int32_t i = 0; i < V; i++) {
        if (isnan(logits[i]) || logits[i] == INFINITY) bad = i;
        if (e->kind[i] == HEFT_TOKEN_ABSENT || (e->kind[i] == HEFT_TOKEN_END && s->no_end))
            continue;
        if (logits[i] == -INFINITY) continue;
        heft_candidate *c = &e->candidate[candidates++];
        *c = (heft_candidate){ penalised(logits[i], s, e->count[i]), i };
        if (!isfinite(c->p)) beyond = i;
    }
    for (int32_t i = from; i < n; i++)
        e->count[history[i]] = 0;
    if (bad >= 0)
        return heft_fail(err, HEFT_E_FORMAT,
                         "the logit of token %d is %g: the weights or the cache type are at fault",
                         bad, (double)logits[bad]);
    if (beyond >= 0)
        return heft_fail(err, HEFT_E_ARG, "the penalties take the logit of token %d out of range",
                         beyond);
    if (candidates == 0)
        return heft_fail(err, HEFT_E_FORMAT, "the model gives every token a probability of 0");
    *token = draw(e->candidate, candidates, s, n);
    return HEFT_OK;
}

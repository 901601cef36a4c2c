/* Choosing keys on the processor.
 *
 *     s[e] = sum over h of w_h max(q_h . k_e, 0)     e < n;  the `top` largest, the lower of equals
 *
 * A row's keys may be very many and rows of a step few, so rows are worked on as many at a time as
 * there are threads: first the scores of all their spans, then, a row a thread, the choice. The
 * least score that is chosen is found digit by digit from counts: exact, in a number of passes that
 * does not depend on the scores, without sorting. Source: arXiv:2512.02556, section 2.1. */
#include "kernels/bits.h"
#include "ops/cpu.h"

#include <assert.h>
#include <math.h>

typedef struct {
    heft_device *d;
    int32_t *chosen;
    const float *q, *w;
    const heft_kv *kv;
    const heft_index *x;
    const heft_batch *b;
    int32_t first, spans; /* the rows under way begin at `first`; spans: of the longest of them */
} select_args;

size_t heft_select_scores(const heft_device_need *n)
{
    return n->selects ? (size_t)n->threads * (size_t)n->context : 0;
}

/* Entries that row t has to choose from. */
static int32_t entries_of(const select_args *a, int32_t t)
{
    return (a->b->pos[t] + 1) / a->x->every;
}

static float *scores_of(const select_args *a, int32_t t)
{
    return a->d->score + (size_t)(t - a->first) * (size_t)a->d->need.context;
}

/* The scores of one span of one row. */
static void score_span(void *arg, int32_t part, int32_t thread)
{
    (void)thread;
    const select_args *a = arg;
    const int32_t t = a->first + part / a->spans, from = part % a->spans * HEFT_SPAN;
    int32_t to = entries_of(a, t);
    if (to <= a->x->top) return; /* all of them are chosen */
    if (to > from + HEFT_SPAN) to = from + HEFT_SPAN;
    const float *w = a->w + (size_t)t * (size_t)a->x->heads,
                *q = a->q + (size_t)t * (size_t)a->x->heads * (size_t)a->x->width;
    for (int32_t e = from; e < to; e += HEFT_TILE) {
        const heft_tile keys = heft_tile_cpu(a->kv, a->b, a->b->seq[t], 0, e / HEFT_TILE);
        a->d->k.index(&keys, scores_of(a, t) + e, q, w, a->x->heads,
                      to - e < HEFT_TILE ? to - e : HEFT_TILE);
    }
}

/* Floats in their order as integers. -0 and 0 are the same; a NaN is below all. */
static uint32_t rank_of(float score)
{
    if (isnan(score)) return 0;
    const uint32_t bits = heft_bits_of(score + 0.0f);
    return bits >> 31 ? ~bits : bits | 1u << 31;
}

/* The rank of the least of the `top` largest of n scores; *left: how many of those have it. */
static uint32_t least_chosen(const float *score, int32_t n, int32_t top, int32_t *left)
{
    uint32_t least = 0, known = 0;
    *left = top;
    for (int32_t shift = 24; shift >= 0; shift -= 8) {
        int32_t count[256] = { 0 }, digit = 255;
        for (int32_t e = 0; e < n; e++) {
            const uint32_t rank = rank_of(score[e]);
            if ((rank & known) == least) count[rank >> shift & 255]++;
        }
        for (; count[digit] < *left; digit--)
            *left -= count[digit];
        least |= (uint32_t)digit << shift;
        known |= 255u << shift;
    }
    return least;
}

static void choose(void *arg, int32_t part, int32_t thread)
{
    (void)thread;
    const select_args *a = arg;
    const int32_t t = a->first + part, n = entries_of(a, t), top = a->x->top;
    const float *score = scores_of(a, t);
    int32_t *chosen = a->chosen + (size_t)t * (size_t)top, left = 0, many = 0;
    const bool all = n <= top; /* and there are no scores */
    const uint32_t least = all ? 0 : least_chosen(score, n, top, &left);
    for (int32_t e = 0; e < n && many < top; e++) {
        const uint32_t rank = all ? 0 : rank_of(score[e]);
        if (all || rank > least || (rank == least && left-- > 0)) chosen[many++] = e;
    }
    for (; many < top; many++)
        chosen[many] = -1;
}

void heft_select_cpu(heft_device *d, int32_t *chosen, const float *q, const float *w,
                     const heft_kv *kv, const heft_index *x, const heft_batch *b)
{
    assert(x->heads > 0 && x->top > 0 && x->every > 0 && x->width == kv->dk && kv->G == 1);
    select_args a = { .d = d, .chosen = chosen, .q = q, .w = w, .kv = kv, .x = x, .b = b };
    for (; a.first < b->T; a.first += d->need.threads) {
        int32_t rows = b->T - a.first < d->need.threads ? b->T - a.first : d->need.threads, n = 0;
        for (int32_t t = a.first; t < a.first + rows; t++)
            if (entries_of(&a, t) > n) n = entries_of(&a, t);
        assert(n <= d->need.context);
        a.spans = (n + HEFT_SPAN - 1) / HEFT_SPAN;
        if (n > x->top) heft_pool_run(d->pool, score_span, &a, rows * a.spans);
        heft_pool_run(d->pool, choose, &a, rows);
    }
}

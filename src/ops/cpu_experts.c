/* Mixtures of experts on the processor.
 *
 *     y = sum over a row's experts e, in ascending order, of w_e expert_e(x)
 *
 * Rows that go to one expert are its columns: their addresses are listed, nothing is gathered, and
 * each expert's matrix is read once for all of them. A row's sums do not depend on who else goes
 * where (docs/sums.md). Source: arXiv:1701.06538. */
#include "base/cursor.h"
#include "ops/cpu.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- choosing --------------------------------------------------------- */

typedef struct {
    heft_device *d;
    heft_route *to;
    const float *logits, *bias, *scale;
    const heft_router *r;
    const heft_mat *table; /* NULL: experts are chosen */
    const int32_t *token;
} route_args;

/* What a thread keeps of one row: (E) each. */
typedef struct {
    float *p, *c; /* what weights come from; what experts are chosen by */
    bool *taken;
} choice;

size_t heft_route_scratch(const heft_device_need *n)
{
    return (size_t)n->experts * (2 * sizeof(float) + sizeof(bool));
}

static choice choice_of(const heft_device *d, int32_t thread)
{
    float *p = (void *)(d->scratch + (size_t)thread * d->scratch_bytes);
    const size_t E = (size_t)d->need.experts;
    return (choice){ .p = p, .c = p + E, .taken = (void *)(p + 2 * E) };
}

/* The place of the largest number that is not taken, the first of equals. */
static int32_t best(const float *c, const bool *taken, int32_t from, int32_t to)
{
    int32_t at = -1;
    for (int32_t e = from; e < to; e++)
        if (!taken[e] && (at < 0 || c[e] > c[at])) at = e;
    return at;
}

/* The largest n of c, their numbers ascending. Marks them taken. */
static void choose(const choice *h, int32_t n, int32_t E, int32_t *expert)
{
    for (int32_t k = 0; k < n; k++) {
        const int32_t e = best(h->c, h->taken, 0, E);
        int32_t at = k;
        for (; at > 0 && expert[at - 1] > e; at--)
            expert[at] = expert[at - 1];
        expert[at] = e;
        h->taken[e] = true;
    }
}

/* The experts of a token in a table of integers, ascending. */
static void read_experts(const heft_mat *table, int32_t token, int32_t n, int32_t *expert)
{
    const uint8_t *row = table->data + (ptrdiff_t)(token * table->stride);
    for (int32_t k = 0; k < n; k++) {
        const int32_t e = (int32_t)(table->dtype == HEFT_I64 ? heft_load64(row + 8 * (size_t)k)
                                                             : heft_load32(row + 4 * (size_t)k));
        int32_t at = k;
        for (; at > 0 && expert[at - 1] > e; at--)
            expert[at] = expert[at - 1];
        expert[at] = e;
    }
}

/* Groups that are not among the best lose their chance. Source: arXiv:2412.19437, 2.1.2. */
static void keep_groups(const heft_router *r, const choice *h)
{
    const int32_t size = r->E / r->groups;
    for (int32_t left = r->groups; left > r->keep; left--) {
        int32_t worst = -1;
        float least = 0;
        for (int32_t g = r->groups - 1; g >= 0; g--) {
            const int32_t from = g * size, first = best(h->c, h->taken, from, from + size);
            if (first < 0) continue; /* lost already */
            h->taken[first] = true;
            const int32_t second = r->vote > 1 ? best(h->c, h->taken, from, from + size) : -1;
            h->taken[first] = false;
            const float sum = h->c[first] + (second < 0 ? 0 : h->c[second]);
            if (worst < 0 || sum < least) {
                worst = g;
                least = sum;
            }
        }
        memset(h->taken + worst * size, true, (size_t)size * sizeof *h->taken);
    }
}

static void score(const route_args *a, const choice *h, const float *logit)
{
    const heft_router *r = a->r;
    float sum = 1;
    if (r->score == HEFT_BY_SOFTMAX) a->d->k.softmax(h->p, logit, r->E, &sum);
    for (int32_t e = 0; e < r->E; e++) {
        if (r->score == HEFT_BY_SOFTMAX)
            h->p[e] /= sum;
        else
            h->p[e] = r->score == HEFT_BY_SIGMOID         ? heft_sigmoid(logit[e])
                      : r->score == HEFT_BY_SQRT_SOFTPLUS ? sqrtf(heft_softplus(logit[e]))
                                                          : logit[e];
        h->c[e] = a->bias ? h->p[e] + a->bias[e] : h->p[e];
        h->taken[e] = false;
    }
}

static void weigh(const route_args *a, const choice *h, const int32_t *expert, float *weight)
{
    const heft_router *r = a->r;
    float sum = 0;
    for (int32_t k = 0; k < r->top; k++) {
        weight[k] = h->p[expert[k]];
        if (r->score == HEFT_BY_TOP_SIGMOID) weight[k] = heft_sigmoid(weight[k]);
    }
    if (r->score == HEFT_BY_TOP_SOFTMAX) {
        a->d->k.softmax(h->c, weight, r->top, &sum);
        for (int32_t k = 0; k < r->top; k++)
            weight[k] = h->c[k] / sum;
    }
    sum = 0;
    for (int32_t k = 0; k < r->top; k++)
        sum += weight[k];
    if (sum < r->floor) sum = r->floor;
    for (int32_t k = 0; k < r->top; k++)
        weight[k] = (r->normalise ? weight[k] / sum : weight[k]) * r->factor;
}

/* Scales that experts have of their own. */
static void rescale(const route_args *a, const int32_t *expert, float *weight)
{
    for (int32_t k = 0; a->scale && k < a->r->top; k++)
        weight[k] *= a->scale[expert[k]];
}

/* Two experts, each the best of those left, weighted by the softmax of the logits no further below
 * it than 2 jitter times the larger of it and their own size. */
static void sparsemix(const route_args *a, const choice *h, const float *logit, int32_t *expert,
                      float *weight)
{
    const int32_t E = a->r->E;
    memset(h->taken, 0, (size_t)E * sizeof *h->taken);
    for (int32_t k = 0; k < a->r->top; k++) {
        const int32_t first = best(logit, h->taken, 0, E);
        const float most = logit[first];
        for (int32_t e = 0; e < E; e++) {
            const float size = fabsf(logit[e]) > most ? fabsf(logit[e]) : most;
            const bool far = (most - logit[e]) / size > 2 * a->r->jitter;
            h->c[e] = far || h->taken[e] ? -INFINITY : logit[e];
        }
        float sum;
        a->d->k.softmax(h->p, h->c, E, &sum);
        int32_t at = k;
        for (; at > 0 && expert[at - 1] > first; at--) {
            expert[at] = expert[at - 1];
            weight[at] = weight[at - 1];
        }
        expert[at] = first;
        weight[at] = h->p[first] / sum;
        h->taken[first] = true;
    }
}

static void route_row(void *arg, int32_t t, int32_t thread)
{
    const route_args *a = arg;
    const heft_router *r = a->r;
    const choice h = choice_of(a->d, thread);
    const float *logit = a->logits + (size_t)t * (size_t)r->E;
    int32_t *expert = a->to->expert + (size_t)t * (size_t)r->top;
    float *weight = a->to->weight + (size_t)t * (size_t)r->top;
    if (r->score == HEFT_BY_SPARSEMIX) {
        sparsemix(a, &h, logit, expert, weight);
    } else {
        score(a, &h, logit);
        if (r->keep < r->groups) keep_groups(r, &h);
        if (a->table)
            read_experts(a->table, a->token[t], r->top, expert);
        else
            choose(&h, r->top, r->E, expert);
        weigh(a, &h, expert, weight);
    }
    rescale(a, expert, weight);
}

/* What each expert's pairs are, by their experts. */
static void list_pairs(heft_route *to, const heft_router *r, int32_t pairs)
{
    memset(to->start, 0, (size_t)(r->E + 1) * sizeof *to->start);
    for (int32_t p = 0; p < pairs; p++)
        to->start[to->expert[p] + 1]++;
    for (int32_t e = 0; e < r->E; e++)
        to->start[e + 1] += to->start[e];
    for (int32_t p = 0; p < pairs; p++) /* start[e] runs to where e + 1 starts ... */
        to->pair[to->start[to->expert[p]]++] = p;
    memmove(to->start + 1, to->start, (size_t)r->E * sizeof *to->start); /* ... and goes there */
    to->start[0] = 0;
}

void heft_route_cpu(heft_device *d, heft_route *to, const float *logits, const float *bias,
                    const float *scale, const heft_router *r, int32_t T)
{
    assert(r->E <= d->need.experts && r->top <= r->E);
    route_args a = { .d = d, .to = to, .logits = logits, .bias = bias, .scale = scale, .r = r };
    heft_pool_run(d->pool, route_row, &a, T);
    list_pairs(to, r, T * r->top);
}

void heft_look_up_cpu(heft_device *d, heft_route *to, const float *logits, const heft_mat *table,
                      const heft_router *r, const heft_batch *b)
{
    assert(r->E <= d->need.experts && table->cols >= r->top);
    route_args a = { .d = d, .to = to, .logits = logits, .r = r, .table = table };
    a.token = b->token;
    heft_pool_run(d->pool, route_row, &a, b->T);
    list_pairs(to, r, b->T * r->top);
}

/* ---- multiplying ------------------------------------------------------ */

typedef struct {
    heft_device *d;
    const heft_experts *const *w;
    const heft_route *to;
    int32_t chunk, n;
    int32_t first[HEFT_MAX_LINEAR + 1]; /* part of an expert at which its matrix i begins */
} experts_args;

/* y[c][r] += bias[e][r], r0 <= r < r1 */
static void add_bias(heft_device *d, const heft_mat *bias, int32_t e, int32_t r0, int32_t r1,
                     float *const *y, int32_t n, int32_t thread)
{
    float *row = (void *)(d->scratch + (size_t)thread * d->scratch_bytes);
    heft_mat part = *bias;
    part.data += (ptrdiff_t)(e * bias->stride + (int64_t)r0 * heft_dtypes[bias->dtype].bytes);
    part.rows = 1;
    part.cols = r1 - r0;
    d->k.row(row, &part, 0);
    for (int32_t c = 0; c < n; c++)
        d->k.add(y[c] + r0, y[c] + r0, row, 1, r1 - r0);
}

static void experts_chunk(void *arg, int32_t nth, int32_t thread)
{
    const experts_args *a = arg;
    heft_device *d = a->d;
    const int32_t e = d->active[nth / a->first[a->n]], part = nth % a->first[a->n];
    int32_t i = 0;
    while (part >= a->first[i + 1])
        i++;
    const heft_mat *w = &a->w[i]->w[e], *bias = &a->w[i]->bias;
    int32_t r0 = (part - a->first[i]) * a->chunk, r1 = r0 + a->chunk;
    if (r1 > w->rows) r1 = w->rows;
    const int32_t from = a->to->start[e], n = a->to->start[e + 1] - from;
    float *const *y = d->y + (size_t)i * (size_t)d->need.rows + from;
    const heft_columns x = { (heft_reads_floats(w) ? d->x : d->x_act) + from, n, NULL };
    d->k.mul(w, r0, r1, &x, y, d->scratch + (size_t)thread * d->scratch_bytes);
    if (bias->data) add_bias(d, bias, e, r0, r1, y, n, thread);
}

/* Columns in order of expert: where each pair's input lies and its outputs go. */
static void list_columns(heft_device *d, int32_t n, float *const *y, const heft_experts *const *w,
                         const float *x, bool each, const heft_route *to, const heft_router *r,
                         int32_t T)
{
    const size_t cols = (size_t)w[0]->w->cols;
    for (int32_t at = 0; at < T * r->top; at++) {
        const int32_t p = to->pair[at];
        const size_t row = (size_t)(each ? p : p / r->top);
        d->x[at] = x + row * cols;
        d->x_act[at] = d->act + row * (cols / 32);
        for (int32_t i = 0; i < n; i++)
            d->y[(size_t)i * (size_t)d->need.rows + (size_t)at] =
                y[i] + (size_t)p * (size_t)w[i]->w->rows;
    }
}

void heft_experts_cpu(heft_device *d, int32_t n, float *const *y, const heft_experts *const *w,
                      const float *x, bool each, const heft_route *to, const heft_router *r,
                      int32_t T)
{
    assert(n <= HEFT_MAX_LINEAR && T * r->top <= d->need.rows && w[0]->w->cols <= d->need.cols);
    experts_args a = { .d = d, .w = w, .to = to, .n = n };
    int32_t rows = 0, active = 0;
    bool quantise = false;
    for (int32_t e = 0; e < r->E; e++)
        if (to->start[e + 1] > to->start[e]) d->active[active++] = e;
    for (int32_t i = 0; i < n; i++) {
        rows += w[i]->w->rows;
        for (int32_t k = 0; k < active; k++)
            quantise |= !heft_reads_floats(&w[i]->w[d->active[k]]);
    }
    list_columns(d, n, y, w, x, each, to, r, T);
    if (quantise) heft_quantise_cpu(d, x, each ? T * r->top : T, w[0]->w->cols);
    a.chunk = heft_chunk_rows((int64_t)rows * active, d->need.threads);
    for (int32_t i = 0; i < n; i++) {
        if (a.chunk > w[i]->w->rows) a.chunk = (w[i]->w->rows + 15) / 16 * 16;
    }
    for (int32_t i = 0; i < n; i++)
        a.first[i + 1] = a.first[i] + (w[i]->w->rows + a.chunk - 1) / a.chunk;
    heft_pool_run(d->pool, experts_chunk, &a, active * a.first[n]);
}

/* ---- rows ------------------------------------------------------------- */

typedef struct {
    const heft_kernels *k;
    float *y;
    const float *x;
    const float *weight; /* of pairs (mix: NULL where they were the inputs'), or gates of rows */
    int32_t top, width;
} mix_args;

static void spread_pair(void *arg, int32_t p, int32_t thread)
{
    (void)thread;
    const mix_args *a = arg;
    const size_t width = (size_t)a->width;
    a->k->scale(a->y + (size_t)p * width, a->x + (size_t)(p / a->top) * width, a->weight[p], 0,
                a->width);
}

void heft_spread_cpu(heft_device *d, float *y, const float *x, const heft_route *to,
                     const heft_router *r, int32_t T, int32_t D)
{
    mix_args a = { &d->k, y, x, to->weight, r->top, D };
    heft_pool_run(d->pool, spread_pair, &a, T * r->top);
}

static void mix_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const mix_args *a = arg;
    const size_t width = (size_t)a->width;
    float *y = a->y + (size_t)t * width;
    memset(y, 0, width * sizeof *y);
    for (int32_t p = t * a->top; p < (t + 1) * a->top; p++)
        a->k->add(y, y, a->x + (size_t)p * width, a->weight ? a->weight[p] : 1, a->width);
}

void heft_mix_cpu(heft_device *d, float *y, const float *z, const heft_route *to,
                  const heft_router *r, int32_t T, int32_t D)
{
    mix_args a = { &d->k, y, z, r->weigh_input ? NULL : to->weight, r->top, D };
    heft_pool_run(d->pool, mix_row, &a, T);
}

static void gate_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const mix_args *a = arg;
    const size_t at = (size_t)t * (size_t)a->width;
    a->k->scale(a->y + at, a->x + at, heft_sigmoid(a->weight[t]), 0, a->width);
}

void heft_gate_cpu(heft_device *d, float *y, const float *x, const float *gate, int32_t T,
                   int32_t width)
{
    mix_args a = { &d->k, y, x, gate, 1, width };
    heft_pool_run(d->pool, gate_row, &a, T);
}

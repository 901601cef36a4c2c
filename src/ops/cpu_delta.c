/* Fixed states on the processor: sequences, heads and rows of states are parts; a part takes the
 * tokens of its sequence one after the other, so that its state stays in the nearest cache. */
#include "ops/cpu.h"

#include "base/bounds.h"

#include <assert.h>
#include <string.h>

static float *state_of(const heft_state *state, const heft_batch *b, int32_t seq)
{
    return state->base + (size_t)b->slot[seq] * state->each;
}

static const float *head_of(const heft_slice *s, int32_t t, int32_t h)
{
    const heft_heads *at = &s->at;
    return s->x + (size_t)t * (size_t)s->row + at->at + h / at->per * at->group
           + h % at->per * at->head;
}

/* ---- convolution -------------------------------------------------------- */

typedef struct {
    heft_device *d;
    float *y;
    const heft_slice *s;
    const heft_taps *w;
    const heft_state *state;
    const heft_batch *b;
} conv_args;

/* The last inputs of the sequence, those of this step among them, oldest first. */
static void keep_inputs(const conv_args *a, float *kept, int32_t seq, int32_t h)
{
    const int32_t first = a->b->first[seq], n = a->b->first[seq + 1] - first;
    const int32_t keep = a->w->w->cols - 1;
    const size_t row = (size_t)a->w->w->rows;
    for (int32_t i = 0; i < keep; i++) {
        const float *from =
            i + n < keep ? kept + (size_t)(i + n) * row : head_of(a->s, first + i + n - keep, h);
        memcpy(kept + (size_t)i * row, from, (size_t)a->s->width * sizeof *kept);
    }
}

/* The weights of a head's channels, from the file, as (taps, width). */
static float *taps_of(const conv_args *a, int32_t channel, int32_t thread)
{
    const int32_t taps = a->w->w->cols, width = a->s->width;
    float *by_channel = (void *)(a->d->scratch + (size_t)thread * a->d->scratch_bytes);
    float *w = by_channel + (size_t)width * (size_t)taps;
    heft_mat head = *a->w->w; /* its rows as one */
    head.data += (int64_t)channel * head.stride;
    head.rows = 1;
    head.cols = width * taps;
    a->d->k.row(by_channel, &head, 0);
    for (int32_t i = 0; i < width; i++)
        for (int32_t j = 0; j < taps; j++)
            w[j * width + i] = by_channel[i * taps + j];
    return w;
}

static void conv_head(void *arg, int32_t nth, int32_t thread)
{
    const conv_args *a = arg;
    const int32_t seq = nth / a->s->n, h = nth % a->s->n, width = a->s->width;
    const int32_t channel = a->w->first + h * width, taps = a->w->w->cols;
    const int32_t first = a->b->first[seq];
    const float *w = taps_of(a, channel, thread), *x[HEFT_MAX_TAPS];
    float *kept = state_of(a->state, a->b, seq) + channel;
    for (int32_t t = first; t < a->b->first[seq + 1]; t++) {
        for (int32_t j = 0; j < taps; j++) {
            const int32_t ago = taps - 1 - j, before = ago - (t - first);
            x[j] = ago > a->b->pos[t] ? NULL
                   : before > 0       ? kept + (size_t)(taps - 1 - before) * (size_t)a->w->w->rows
                                      : head_of(a->s, t - ago, h);
        }
        a->d->k.conv(a->y + ((size_t)t * (size_t)a->s->n + (size_t)h) * (size_t)width, x, w, width,
                     taps, width);
    }
    keep_inputs(a, kept, seq, h);
}

void heft_conv_cpu(heft_device *d, float *y, const heft_slice *s, const heft_taps *w,
                   const heft_state *state, const heft_batch *b)
{
    assert(w->w->cols <= HEFT_MAX_TAPS && 2 * s->width * w->w->cols <= d->need.cols);
    conv_args a = { d, y, s, w, state, b };
    heft_pool_run(d->pool, conv_head, &a, b->S * s->n);
}

/* ---- the delta rule ----------------------------------------------------- */

typedef struct {
    float *decay, *beta;
    const heft_slice *a, *b;
    const float *rate, *dt;
} gates_args;

static void gates_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const gates_args *g = arg;
    for (int32_t h = 0; h < g->a->n; h++) {
        const size_t at = (size_t)t * (size_t)g->a->n + (size_t)h;
        const float a = *head_of(g->a, t, h), b = *head_of(g->b, t, h);
        g->decay[at] = heft_exp(g->rate[h] * heft_softplus(a + g->dt[h]));
        g->beta[at] = 1 / (1 + heft_exp(-b));
    }
}

void heft_delta_gates_cpu(heft_device *d, float *decay, float *beta, const heft_slice *a,
                          const heft_slice *b, const float *rate, const float *dt, int32_t T)
{
    gates_args g = { decay, beta, a, b, rate, dt };
    heft_pool_run(d->pool, gates_row, &g, T);
}

typedef struct {
    const heft_kernels *k;
    float *o;
    const heft_delta_rows *in;
    const heft_delta *g;
    const heft_state *state;
    const heft_batch *b;
    int32_t parts; /* of a head */
} delta_args;

enum { STATE_ROWS = 32 }; /* of a part: 16 kB where keys are 128 wide */

static void delta_rows(void *arg, int32_t nth, int32_t thread)
{
    (void)thread;
    const delta_args *a = arg;
    const heft_delta *g = a->g;
    const int32_t seq = nth / a->parts / g->Hv, h = nth / a->parts % g->Hv;
    const int32_t row = nth % a->parts * STATE_ROWS;
    const int32_t n = g->dv - row < STATE_ROWS ? g->dv - row : STATE_ROWS;
    const int32_t key = g->tiled ? h % g->Hk : h / (g->Hv / g->Hk);
    const size_t dk = (size_t)g->dk, dv = (size_t)g->dv;
    float *s = state_of(a->state, a->b, seq) + ((size_t)h * dv + (size_t)row) * dk;
    if (a->b->past[seq] == 0) memset(s, 0, (size_t)n * dk * sizeof *s);
    for (int32_t t = a->b->first[seq]; t < a->b->first[seq + 1]; t++) {
        const size_t at = (size_t)t * (size_t)g->Hv + (size_t)h;
        const size_t from = ((size_t)t * (size_t)g->Hk + (size_t)key) * dk;
        const heft_delta_token token = { .q = a->in->q + from,
                                         .k = a->in->k + from,
                                         .decay = a->in->decay[at],
                                         .beta = a->in->beta[at],
                                         .dk = g->dk };
        a->k->delta(a->o + at * dv + row, s, a->in->v + at * dv + row, &token, n);
    }
}

void heft_delta_cpu(heft_device *d, float *o, const heft_delta_rows *in, const heft_delta *g,
                    const heft_state *state, const heft_batch *b)
{
    delta_args a = { &d->k, o, in, g, state, b, (g->dv + STATE_ROWS - 1) / STATE_ROWS };
    heft_pool_run(d->pool, delta_rows, &a, b->S * g->Hv * a.parts);
}

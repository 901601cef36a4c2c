/* Operations on whole matrices, on the processor: split over threads, done by row kernels. */
#include "ops/cpu.h"

#include "base/bounds.h"
#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* ---- opening ---------------------------------------------------------- */

enum { PARTS = 15 };

static size_t scratch_bytes(const heft_device_need *n, const heft_kernels *k)
{
    size_t mul = k->mul_scratch(n->cols), attend = heft_attend_scratch(n),
           row = (size_t)n->cols * sizeof(float), route = heft_route_scratch(n),
           entry = heft_compress_scratch(n);
    size_t most = mul > attend ? mul : attend;
    if (row > most) most = row;
    if (entry > most) most = entry;
    return heft_mem_cost(1, route > most ? route : most);
}

static void parts_of(heft_device *d, const heft_device_need *n, size_t scratch, heft_part p[PARTS])
{
    size_t rows = (size_t)n->rows, partials = heft_attend_partials(n);
    p[0] = (heft_part){ &d->act, (size_t)n->blocks, sizeof *d->act };
    p[1] = (heft_part){ &d->x, rows, sizeof *d->x };
    p[2] = (heft_part){ &d->x_act, rows, sizeof *d->x_act };
    p[3] = (heft_part){ &d->y, HEFT_MAX_LINEAR * rows, sizeof *d->y };
    p[4] = (heft_part){ &d->scratch, (size_t)n->threads, scratch };
    p[5] = (heft_part){ &d->block, rows + 1, sizeof *d->block };
    p[6] = (heft_part){ &d->partial, partials, sizeof *d->partial };
    p[7] = (heft_part){ &d->partial_o, partials, (size_t)n->dv * sizeof *d->partial_o };
    p[8] = (heft_part){ &d->active, (size_t)n->experts, sizeof *d->active };
    p[9] = (heft_part){ &d->score, heft_select_scores(n), sizeof *d->score };
    const size_t span = n->latent ? HEFT_SPAN : 0, spans = span * (size_t)n->threads;
    p[10] = (heft_part){ &d->entry, span, (size_t)n->latent * sizeof *d->entry };
    p[11] = (heft_part){ &d->made, spans, (size_t)n->made * sizeof *d->made };
    p[12] = (heft_part){ &d->made_at, spans, sizeof *d->made_at };
    p[13] = (heft_part){ &d->state, (size_t)n->states, sizeof *d->state };
    p[14] = (heft_part){ &d->laid, (size_t)n->cols / 32 * HEFT_FEW, sizeof *d->laid };
}

/* Scratch for the widest instruction set, so that the bytes do not depend on which one runs. */
static size_t most_scratch(const heft_device_need *n)
{
    heft_kernels best;
    heft_kernels_init(&best, heft_isa_detect());
    return scratch_bytes(n, &best);
}

size_t heft_cpu_bytes(const heft_device_need *n)
{
    heft_device none;
    heft_part p[PARTS];
    parts_of(&none, n, most_scratch(n), p);
    return heft_mem_cost(1, sizeof none) + heft_pool_bytes(n->threads) + heft_parts_bytes(p, PARTS);
}

heft_status heft_cpu_open(const heft_device_need *need, unsigned isa, heft_device **out,
                          heft_error *err)
{
    heft_device *d = heft_alloc(1, sizeof *d);
    if (!d) return heft_nomem(err, "a device");
    d->need = *need;
    d->scratch_bytes = most_scratch(need);
    heft_kernels_init(&d->k, isa);
    heft_part p[PARTS];
    parts_of(d, need, d->scratch_bytes, p);
    heft_status st = heft_pool_open(need->threads, &d->pool, err);
    if (!st && !heft_parts_alloc(p, PARTS)) st = heft_nomem(err, "the buffers of a step");
    if (st) {
        heft_cpu_close(d);
        return st;
    }
    for (size_t i = 0; i < heft_attend_partials(need); i++)
        d->partial[i].o = d->partial_o + i * (size_t)need->dv;
    *out = d;
    return HEFT_OK;
}

void heft_cpu_close(heft_device *d)
{
    if (!d) return;
    heft_part p[PARTS];
    parts_of(d, &d->need, 0, p);
    heft_parts_free(p, PARTS);
    heft_pool_close(d->pool);
    heft_free(d);
}

const heft_kernels *heft_cpu_kernels(const heft_device *d)
{
    return &d->k;
}

static heft_status sync_cpu(heft_device *d, heft_error *err)
{
    heft_error first = d->error;
    d->error = (heft_error){ 0 };
    if (err && first.code) *err = first;
    return first.code;
}

/* ---- rows in and out -------------------------------------------------- */

typedef struct {
    heft_device *d;
    float *x;
    const heft_mat *e;
    float scale;
    const heft_batch *b;
} embed_args;

static void embed_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const embed_args *a = arg;
    const heft_batch *b = a->b;
    const size_t D = (size_t)a->e->cols;
    float *x = a->x + (size_t)t * D;
    if (b->token[t] >= 0) {
        a->d->k.row(x, a->e, b->token[t]);
    } else {
        size_t nth = 0; /* rows injected before this one */
        for (int32_t i = 0; i < t; i++)
            nth += b->token[i] < 0;
        memcpy(x, b->inject + nth * D, D * sizeof *x);
    }
    if (a->scale != 1.0f) a->d->k.scale(x, x, a->scale, 0, (int64_t)D);
}

static void embed_cpu(heft_device *d, float *x, const heft_mat *e, float scale, const heft_batch *b)
{
    embed_args a = { d, x, e, scale, b };
    heft_pool_run(d->pool, embed_row, &a, b->T);
}

typedef struct {
    const heft_kernels *k;
    float *y;
    const float *x;
    const heft_mat *p;
    int32_t offset;
    const heft_batch *b;
} place_args;

static void place_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const place_args *a = arg;
    const size_t D = (size_t)a->p->cols;
    float *y = a->y + (size_t)t * D;
    a->k->row(y, a->p, a->b->pos[t] + a->offset);
    a->k->add(y, a->x + (size_t)t * D, y, 1, (int64_t)D);
}

static void place_cpu(heft_device *d, float *y, const float *x, const heft_mat *p, int32_t offset,
                      const heft_batch *b)
{
    place_args a = { &d->k, y, x, p, offset, b };
    heft_pool_run(d->pool, place_row, &a, b->T);
}

static void pick_cpu(heft_device *d, float *y, const float *x, const int32_t *row, int32_t n,
                     int32_t D)
{
    (void)d;
    for (int32_t i = 0; i < n; i++)
        memcpy(y + (size_t)i * (size_t)D, x + (size_t)row[i] * (size_t)D, (size_t)D * sizeof *y);
}

/* ---- linear ----------------------------------------------------------- */

typedef struct {
    heft_device *d;
    const float *x;
    int32_t cols;
} quantise_args;

static void quantise_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const quantise_args *a = arg;
    a->d->k.quantise(a->d->act + (size_t)t * (size_t)(a->cols / 32),
                     a->x + (size_t)t * (size_t)a->cols, a->cols);
}

float heft_sigmoid(float x)
{
    return 1 / (1 + heft_exp(-x));
}

void heft_quantise_cpu(heft_device *d, const float *x, int32_t rows, int32_t cols)
{
    assert((int64_t)rows * (cols / 32) <= d->need.blocks);
    heft_pool_run(d->pool, quantise_row, &(quantise_args){ d, x, cols }, rows);
}

typedef struct {
    heft_device *d;
    const heft_lin *const *w;
    int32_t chunk, T;
    const heft_act *laid;               /* the columns, if they are few */
    int32_t first[HEFT_MAX_LINEAR + 1]; /* part at which matrix i begins */
} linear_args;

bool heft_reads_floats(const heft_mat *w)
{
    return w->by_col || heft_dtypes[w->dtype].sum == HEFT_SUM_F;
}

static void linear_chunk(void *arg, int32_t nth, int32_t thread)
{
    const linear_args *a = arg;
    heft_device *d = a->d;
    int32_t i = 0;
    while (nth >= a->first[i + 1])
        i++;
    const heft_lin *l = a->w[i];
    int32_t r0 = (nth - a->first[i]) * a->chunk, r1 = r0 + a->chunk;
    if (r1 > l->w.rows) r1 = l->w.rows;
    float *const *y = d->y + (size_t)i * (size_t)d->need.rows;
    const heft_columns x = { heft_reads_floats(&l->w) ? d->x : d->x_act, a->T, a->laid };
    d->k.mul(&l->w, r0, r1, &x, y, d->scratch + (size_t)thread * d->scratch_bytes);
    for (int32_t c = 0; l->bias && c < a->T; c++)
        d->k.add(y[c] + r0, y[c] + r0, l->bias + r0, 1, r1 - r0);
}

int32_t heft_chunk_rows(int64_t rows, int32_t threads)
{
    int64_t chunk = (rows + 16 * threads - 1) / (16 * threads);
    chunk = (chunk + 15) / 16 * 16;
    return chunk < HEFT_MAX_WIDTH ? (int32_t)chunk : HEFT_MAX_WIDTH;
}

static void linear_cpu(heft_device *d, int32_t n, float *const *y, const heft_lin *const *w,
                       const float *x, int32_t T)
{
    assert(n <= HEFT_MAX_LINEAR && T <= d->need.rows);
    linear_args a = { .d = d, .w = w, .T = T };
    int32_t rows = 0, cols = w[0]->w.cols;
    bool quantise = false;
    for (int32_t i = 0; i < n; i++) {
        assert(w[i]->w.cols == cols && cols <= d->need.cols);
        rows += w[i]->w.rows;
        quantise |= !heft_reads_floats(&w[i]->w);
        for (int32_t t = 0; t < T; t++)
            d->y[(size_t)i * (size_t)d->need.rows + (size_t)t] =
                y[i] + (size_t)t * (size_t)w[i]->w.rows;
    }
    for (int32_t t = 0; t < T; t++) {
        d->x[t] = x + (size_t)t * (size_t)cols;
        d->x_act[t] = d->act + (size_t)t * (size_t)(cols / 32);
    }
    if (quantise) {
        heft_quantise_cpu(d, x, T, cols);
        if (1 < T && T <= HEFT_FEW) {
            d->k.lay(d->laid, d->x_act, T, cols / 32);
            a.laid = d->laid;
        }
    }
    a.chunk = heft_chunk_rows(rows, d->need.threads);
    for (int32_t i = 0; i < n; i++)
        a.first[i + 1] = a.first[i] + (w[i]->w.rows + a.chunk - 1) / a.chunk;
    heft_pool_run(d->pool, linear_chunk, &a, a.first[n]);
}

typedef struct {
    heft_device *d;
    const heft_mat *w;
    int32_t T, chunk, chunks; /* chunks: of a head's rows */
} each_args;

bool heft_blocks_by_col(const heft_mat *w)
{
    return w->by_col && heft_dtypes[w->dtype].sum != HEFT_SUM_F;
}

/* Blocks along columns: every column, unpacked, is added to each output it belongs to. */
static void mul_blocks_by_col(const heft_kernels *k, const heft_mat *w, const void *const *x,
                              int32_t n, float *const *y, float *column)
{
    heft_mat stored = *w;
    stored.rows = w->cols;
    stored.cols = w->rows;
    stored.by_col = false;
    for (int32_t c = 0; c < n; c++)
        memset(y[c], 0, (size_t)w->rows * sizeof *y[c]);
    for (int32_t i = 0; i < w->cols; i++) {
        k->row(column, &stored, i);
        for (int32_t c = 0; c < n; c++)
            k->add(y[c], y[c], column, ((const float *)x[c])[i], w->rows);
    }
}

void heft_mul_cpu(heft_device *d, const heft_mat *w, int32_t r0, int32_t r1, const void *const *x,
                  const void *const *x_act, int32_t n, float *const *y, int32_t thread)
{
    void *scratch = d->scratch + (size_t)thread * d->scratch_bytes;
    if (!heft_blocks_by_col(w)) {
        const heft_columns columns = { heft_reads_floats(w) ? x : x_act, n, NULL };
        d->k.mul(w, r0, r1, &columns, y, scratch);
        return;
    }
    assert(r0 == 0 && r1 == w->rows);
    mul_blocks_by_col(&d->k, w, x, n, y, scratch);
}

static void each_chunk(void *arg, int32_t nth, int32_t thread)
{
    const each_args *a = arg;
    heft_device *d = a->d;
    const int32_t h = nth / a->chunks, first = h * a->T;
    const heft_mat *w = &a->w[h];
    int32_t r0 = nth % a->chunks * a->chunk, r1 = r0 + a->chunk;
    if (r1 > w->rows) r1 = w->rows;
    heft_mul_cpu(d, w, r0, r1, d->x + first, d->x_act + first, a->T, d->y + first, thread);
}

static void linear_each_cpu(heft_device *d, float *y, const heft_mat *w, int32_t H, const float *x,
                            int32_t T)
{
    assert((int64_t)T * H <= d->need.rows && w->cols <= d->need.cols && w->rows <= d->need.cols);
    const size_t rows = (size_t)w->rows, cols = (size_t)w->cols;
    for (int32_t i = 0; i < H * T; i++) { /* columns lie by head */
        const size_t from = (size_t)(i % T) * (size_t)H + (size_t)(i / T);
        d->x[i] = x + from * cols;
        d->x_act[i] = d->act + from * (cols / 32);
        d->y[i] = y + from * rows;
    }
    if (!heft_reads_floats(w)) heft_quantise_cpu(d, x, T * H, w->cols);
    each_args a = { .d = d, .w = w, .T = T };
    a.chunk =
        heft_blocks_by_col(w) ? w->rows : heft_chunk_rows((int64_t)w->rows * H, d->need.threads);
    a.chunks = (w->rows + a.chunk - 1) / a.chunk;
    heft_pool_run(d->pool, each_chunk, &a, H * a.chunks);
}

/* ---- rows ------------------------------------------------------------- */

typedef struct {
    const heft_kernels *k;
    float *y;
    const float *a, *b;
    const heft_norm *norm;
    float s, cap;
    int32_t width;
} row_args;

static void norm_one(const heft_kernels *k, float *y, const float *x, const heft_norm *n,
                     const float *w, int32_t width)
{
    if (n->kind == HEFT_NORM_RMS)
        k->norm_rms(y, x, w, n->eps, width);
    else
        k->norm_layer(y, x, w, n->b, n->eps, width);
}

static void norm_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const row_args *a = arg;
    size_t at = (size_t)t * (size_t)a->width;
    norm_one(a->k, a->y + at, a->a + at, a->norm, a->norm->w, a->width);
}

static void norm_cpu(heft_device *d, float *y, const float *x, const heft_norm *n, int32_t rows,
                     int32_t width)
{
    assert(n->kind != HEFT_NORM_NONE);
    row_args a = { .k = &d->k, .y = y, .a = x, .norm = n, .width = width };
    heft_pool_run(d->pool, norm_row, &a, rows);
}

typedef struct {
    float *y;
    const float *a, *b;
    size_t wa, wb;
} beside_args;

static void beside_row(void *arg, int32_t i, int32_t thread)
{
    (void)thread;
    const beside_args *p = arg;
    float *y = p->y + (size_t)i * (p->wa + p->wb);
    memcpy(y, p->a + (size_t)i * p->wa, p->wa * sizeof *y);
    memcpy(y + p->wa, p->b + (size_t)i * p->wb, p->wb * sizeof *y);
}

static void beside_cpu(heft_device *d, float *y, const float *a, const float *b, int32_t n,
                       int32_t wa, int32_t wb)
{
    beside_args p = { y, a, b, (size_t)wa, (size_t)wb };
    heft_pool_run(d->pool, beside_row, &p, n);
}

static void add_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const row_args *a = arg;
    size_t at = (size_t)t * (size_t)a->width;
    a->k->add(a->y + at, a->a + at, a->b + at, a->s, a->width);
}

static void add_cpu(heft_device *d, float *y, const float *x, const float *b, float s, int32_t T,
                    int32_t width)
{
    row_args a = { .k = &d->k, .y = y, .a = x, .b = b, .s = s, .width = width };
    heft_pool_run(d->pool, add_row, &a, T);
}

static void scale_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const row_args *a = arg;
    size_t at = (size_t)t * (size_t)a->width;
    a->k->scale(a->y + at, a->a + at, a->s, a->cap, a->width);
}

static void scale_cpu(heft_device *d, float *y, const float *x, float s, float cap, int32_t T,
                      int32_t width)
{
    row_args a = { .k = &d->k, .y = y, .a = x, .s = s, .cap = cap, .width = width };
    heft_pool_run(d->pool, scale_row, &a, T);
}

typedef struct {
    const heft_kernels *k;
    float *y;
    heft_glu g;
    int32_t row, F, chunks;
} act_args;

enum { ACT_CHUNK = 2048 }; /* numbers of a row that are one part: about 10 us */

static void act_chunk(void *arg, int32_t nth, int32_t thread)
{
    (void)thread;
    const act_args *a = arg;
    int32_t t = nth / a->chunks, from = nth % a->chunks * ACT_CHUNK;
    int32_t n = a->F - from < ACT_CHUNK ? a->F - from : ACT_CHUNK;
    heft_glu g = a->g;
    g.gate += (size_t)t * (size_t)a->row + (size_t)from * (size_t)g.gate_step;
    if (g.up) g.up += (size_t)t * (size_t)a->row + (size_t)from * (size_t)g.up_step;
    a->k->glu(a->y + (size_t)t * (size_t)a->F + from, &g, n);
}

static void act_cpu(heft_device *d, float *y, const float *gate, const float *up, int32_t row,
                    const heft_act_spec *s, int32_t T, int32_t F)
{
    act_args a = {
        .k = &d->k, .y = y, .row = row, .F = F, .chunks = (F + ACT_CHUNK - 1) / ACT_CHUNK
    };
    a.g = (heft_glu){
        .fn = s->fn, .gate_max = s->gate_max, .up_abs = s->up_abs, .up_add = s->up_add
    };
    a.g.gate = gate + s->gate.at;
    a.g.gate_step = s->gate.group > 1 ? s->gate.group : 1;
    if (s->gated) {
        a.g.up = up + s->up.at;
        a.g.up_step = s->up.group > 1 ? s->up.group : 1;
    }
    heft_pool_run(d->pool, act_chunk, &a, T * a.chunks);
}

/* ---- attention's surroundings ----------------------------------------- */

typedef struct {
    heft_device *d;
    float *cs;
    const heft_rotation *r;
    int32_t rope;
    const heft_batch *b;
} rope_args;

void heft_turns_cpu(float *cs, const heft_rotation *r, int32_t pos, const float *inv)
{
    heft_rope_table(cs, pos, inv, r->magnitude, r->width / 2);
    for (int32_t i = 1; r->back && i < r->width; i += 2)
        cs[i] = -cs[i];
}

void heft_rotate_cpu(const heft_kernels *k, float *x, int32_t width, const heft_rotation *r,
                     const float *cs, bool pairs)
{
    k->rotate(r->last ? x + width - r->width : x, cs, r->width, pairs);
}

static void rope_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const rope_args *a = arg;
    const float *inv = a->b->inv[(size_t)a->rope * (size_t)a->b->S + (size_t)a->b->seq[t]];
    heft_turns_cpu(a->cs + (size_t)t * (size_t)a->r->width, a->r, a->b->pos[t], inv);
}

static void rope_cpu(heft_device *d, float *cs, const heft_rotation *r, int32_t rope,
                     const heft_batch *b)
{
    rope_args a = { d, cs, r, rope, b };
    heft_pool_run(d->pool, rope_row, &a, b->T);
}

typedef struct {
    const heft_kernels *k;
    float *y;
    const heft_slice *s;
    const heft_attn *a;
    const heft_norm *norm;
    const heft_rotation *r;
    const float *cs;
} heads_args;

static void norm_heads(const heads_args *h, float *y)
{
    int32_t n = h->s->n, width = h->s->width;
    if (h->a->qk_norm == HEFT_QKN_ROW && h->norm->w) {
        norm_one(h->k, y, y, h->norm, h->norm->w, n * width);
        return;
    }
    bool own = h->a->qk_norm == HEFT_QKN_HEAD_OWN;
    for (int32_t i = 0; i < n; i++) {
        const float *w = h->norm->w ? h->norm->w + (own ? (size_t)i * (size_t)width : 0) : NULL;
        norm_one(h->k, y + (size_t)i * (size_t)width, y + (size_t)i * (size_t)width, h->norm, w,
                 width);
    }
}

static void rotate_heads(const heads_args *h, float *y, int32_t t, bool pairs)
{
    const float *cs = h->cs + (size_t)t * (size_t)h->r->width;
    for (int32_t i = 0; i < h->s->n; i++)
        heft_rotate_cpu(h->k, y + (size_t)i * (size_t)h->s->width, h->s->width, h->r, cs, pairs);
}

/* Copy a head of `width` numbers; its first `paired`, adjacent pairs, become halves. */
static void copy_head(float *y, const float *x, int32_t width, int32_t paired)
{
    for (int32_t m = 0; m < paired / 2; m++) {
        y[m] = x[2 * m];
        y[m + paired / 2] = x[2 * m + 1];
    }
    memcpy(y + paired, x + paired, (size_t)(width - paired) * sizeof *y);
}

static void heads_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const heads_args *h = arg;
    const heft_slice *s = h->s;
    const float *x = s->x + (size_t)t * (size_t)s->row;
    float *y = h->y + (size_t)t * (size_t)(s->n * s->width);
    /* A GGUF file may have the rows of q and k permuted to pairs. As halves the scores are the same
     * sums in the same order as those of the release; a norm has its weights in the file's order.
     */
    const bool halve = h->cs && h->r->pairs && !h->r->last && h->norm->kind == HEFT_NORM_NONE;
    for (int32_t i = 0; i < s->n; i++) {
        int32_t at = s->at.at + i / s->at.per * s->at.group + i % s->at.per * s->at.head;
        copy_head(y + (size_t)i * (size_t)s->width, x + at, s->width, halve ? h->r->width : 0);
    }
    if (h->norm->kind != HEFT_NORM_NONE && !h->a->norm_after_rope) norm_heads(h, y);
    for (int32_t i = 0; h->a->clip > 0 && i < s->n * s->width; i++)
        y[i] = y[i] > h->a->clip ? h->a->clip : y[i] < -h->a->clip ? -h->a->clip : y[i];
    if (h->cs) rotate_heads(h, y, t, h->r->pairs && !halve);
    if (h->norm->kind != HEFT_NORM_NONE && h->a->norm_after_rope) norm_heads(h, y);
}

static void heads_cpu(heft_device *d, float *y, const heft_slice *s, const heft_attn *a,
                      const heft_norm *n, const heft_rotation *r, const float *cs, int32_t T)
{
    heads_args h = { &d->k, y, s, a, n, r, cs };
    heft_pool_run(d->pool, heads_row, &h, T);
}

static void temper_cpu(heft_device *d, float *y, const float *x, const heft_attn *a, int32_t width,
                       const heft_batch *b)
{
    for (int32_t t = 0; t < b->T; t++) {
        size_t at = (size_t)t * (size_t)width;
        float steps = floorf((float)(b->pos[t] + 1) / a->temp_floor);
        d->k.scale(y + at, x + at, fmaf(a->temp, heft_ln(1 + steps), 1), 0, width);
    }
}

typedef struct {
    heft_device *d;
    const heft_kv *kv;
    const float *k, *v;
    const heft_batch *b;
    atomic_bool lost; /* a finite number became infinite */
} store_args;

static void store_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    store_args *a = arg;
    const heft_batch *b = a->b;
    const heft_kv *kv = a->kv;
    const size_t dk = (size_t)kv->dk, dv = (size_t)kv->dv;
    const size_t key = heft_row_bytes(kv->dtype, kv->dk), value = heft_row_bytes(kv->dtype, kv->dv);
    const size_t values = (size_t)kv->G * HEFT_TILE * key; /* where a page's values begin */
    const int32_t *table = b->page[kv->group] + (size_t)b->slot[b->seq[t]] * (size_t)b->pages;
    uint8_t *page = kv->base + (size_t)table[b->pos[t] / HEFT_TILE] * kv->page_bytes;
    const size_t e = (size_t)(b->pos[t] % HEFT_TILE);
    bool fits = true;
    for (size_t g = 0; g < (size_t)kv->G; g++) {
        size_t row = (size_t)t * (size_t)kv->G + g, entry = g * HEFT_TILE + e;
        fits &= a->d->k.narrow(page + entry * key, kv->dtype, a->k + row * dk, kv->dk);
        if (kv->v_in_k) continue;
        fits &= a->d->k.narrow(page + values + entry * value, kv->dtype, a->v + row * dv, kv->dv);
    }
    if (!fits) atomic_store(&a->lost, true);
}

static void store_cpu(heft_device *d, const heft_kv *kv, const float *k, const float *v,
                      const heft_batch *b)
{
    store_args a = { .d = d, .kv = kv, .k = k, .v = v, .b = b };
    heft_pool_run(d->pool, store_row, &a, b->T);
    if (atomic_load(&a.lost) && !d->error.code)
        (void)heft_fail(&d->error, HEFT_E_UNSUPPORTED,
                        "layer %d: a key or value is too large for a cache of "
                        "type %s; use --ctk bf16 or f32",
                        kv->layer, heft_dtypes[kv->dtype].name);
}

const heft_ops heft_ops_cpu = {
    .name = "cpu",
    .sync = sync_cpu,
    .embed = embed_cpu,
    .place = place_cpu,
    .pick = pick_cpu,
    .linear = linear_cpu,
    .linear_each = linear_each_cpu,
    .norm = norm_cpu,
    .beside = beside_cpu,
    .add = add_cpu,
    .scale = scale_cpu,
    .act = act_cpu,
    .rope = rope_cpu,
    .heads = heads_cpu,
    .temper = temper_cpu,
    .store = store_cpu,
    .select = heft_select_cpu,
    .attend = heft_attend_cpu,
    .attend_expanded = heft_attend_expanded_cpu,
    .conv = heft_conv_cpu,
    .delta_gates = heft_delta_gates_cpu,
    .delta = heft_delta_cpu,
    .compress = heft_compress_cpu,
    .blend = heft_blend_cpu,
    .collapse = heft_collapse_cpu,
    .expand = heft_expand_cpu,
    .route = heft_route_cpu,
    .look_up = heft_look_up_cpu,
    .spread = heft_spread_cpu,
    .experts = heft_experts_cpu,
    .mix = heft_mix_cpu,
    .gate = heft_gate_cpu,
};

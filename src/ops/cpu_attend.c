/* Attention on the processor.
 *
 *     o_h = softmax(scale q_h K_g^T [softcap, alibi, mask]) V_g       g = h / (H / G)
 *
 * The order of the sums (docs/sums.md): keys lie in tiles of 32 by absolute position, and tiles in
 * spans of 512. A tile has its own maximum, sum and output; tiles are merged in order within their
 * span, spans in order after that, a sink last. So it does not matter whether one thread walks all
 * spans of a query or each span has its own thread, which decode with few heads needs.
 *
 * A block is a run of rows of one sequence; its queries on one key/value head are worked on
 * together, so that a tile is read once for all of them.
 *
 * Keys and values of heads can be made from latent entries on the way: of one span at a time, by
 * the thread that lets its rows attend to them, so that they stay in its cache. */
#include "ops/cpu.h"

#include <assert.h>
#include <string.h>

typedef struct {
    heft_device *d;
    float *o;
    const float *q, *sinks, *slopes;
    const int32_t *chosen; /* (T, index.top) or NULL */
    const heft_kv *kv, *more;
    const heft_attn *a;
    const heft_batch *b;
    int32_t blocks, group; /* group: query heads of a key/value head */
    int32_t spans, near;   /* of a split decode: the most any sequence has; those of its tokens */
} attend_args;

/* What one thread needs for one block and head. */
typedef struct {
    heft_query *query;          /* (queries) and what they see of the tile at hand ... */
    float *panel;               /* ... side by side */
    heft_partial *span, *total; /* (queries) */
    float *zero;                /* (dv) */
    const float *made; /* of the head and span at hand: keys (HEFT_SPAN, dk), values; NULL: those
                        * of the cache */
} workspace;

static int32_t queries_of(int32_t group)
{
    return group > HEFT_QUERIES ? group : HEFT_QUERIES;
}

static int32_t block_rows(int32_t group)
{
    return group > HEFT_QUERIES ? 1 : HEFT_QUERIES / group;
}

static size_t lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

size_t heft_attend_scratch(const heft_device_need *n)
{
    const int32_t queries = queries_of(n->group);
    const size_t q = (size_t)queries, dv = (size_t)n->dv;
    return sizeof(float) * heft_panel_floats(queries, n->dk) + lines(q * sizeof(heft_query))
           + lines(2 * q * sizeof(heft_partial)) + (2 * q + 1) * lines(dv * sizeof(float));
}

size_t heft_attend_partials(const heft_device_need *n)
{
    size_t spans = ((size_t)n->context + HEFT_SPAN - 1) / HEFT_SPAN;
    if (n->block > 0) spans += ((size_t)n->context / 2 + HEFT_SPAN - 1) / HEFT_SPAN; /* entries */
    return n->threads > 1 ? 2 * (size_t)n->threads * spans * (size_t)n->group : 0;
}

static workspace workspace_of(const heft_device *d, int32_t thread)
{
    const int32_t queries = queries_of(d->need.group);
    const size_t q = (size_t)queries, o = lines((size_t)d->need.dv * sizeof(float));
    uint8_t *at = d->scratch + (size_t)thread * d->scratch_bytes;
    workspace w = { .panel = (void *)at };
    at += sizeof(float) * heft_panel_floats(queries, d->need.dk);
    w.query = (void *)at;
    at += lines(q * sizeof(heft_query));
    w.span = (void *)at;
    w.total = w.span + q;
    at += lines(2 * q * sizeof(heft_partial));
    for (size_t i = 0; i < 2 * q; i++)
        w.span[i] = (heft_partial){ .o = (void *)(at + i * o) };
    w.zero = (void *)(at + 2 * q * o);
    memset(w.zero, 0, (size_t)d->need.dv * sizeof(float));
    return w;
}

/* Positions that row t may see, or entries of several tokens: from <= position < to. */
static void visible(const attend_args *args, bool entries, int32_t t, int32_t *from, int32_t *to)
{
    const heft_attn *a = args->a;
    const heft_batch *b = args->b;
    int32_t pos = b->pos[t];
    if (entries) {
        *from = 0;
        *to = (pos + 1) / a->index.every;
        return;
    }
    *from = a->window && pos - a->window + 1 > 0 ? pos - a->window + 1 : 0;
    if (a->chunk && pos / a->chunk * a->chunk > *from) *from = pos / a->chunk * a->chunk;
    *to = (b->span && b->span[t] > pos ? b->span[t] : pos) + 1;
}

/* What row t sees of a tile: entries lo <= e < hi, without those of skip. */
typedef struct {
    int32_t lo, hi;
    uint32_t skip;
} sight;

/* The part of an ascending list of n entries, perhaps with -1 behind them, that lies in a tile. */
static sight chosen_in(const int32_t *chosen, int32_t n, int32_t tile)
{
    const uint32_t first = (uint32_t)(tile * HEFT_TILE);
    int32_t from = 0;
    for (int32_t step = n; step > 0;) { /* the first entry of the tile or behind it */
        const int32_t half = step / 2;
        const bool before = (uint32_t)chosen[from + half] < first; /* -1 is beyond all */
        from += before ? half + 1 : 0;
        step = before ? step - half - 1 : half;
    }
    sight s = { .lo = 0, .hi = 0, .skip = UINT32_MAX };
    for (int32_t i = from; i < n && (uint32_t)chosen[i] - first < HEFT_TILE; i++) {
        const int32_t e = (int32_t)((uint32_t)chosen[i] - first);
        if (s.hi == 0) s.lo = e;
        s.hi = e + 1;
        s.skip &= ~(1u << e);
    }
    return s;
}

static sight sight_of(const attend_args *a, bool entries, int32_t t, int32_t tile)
{
    const int32_t top = a->a->index.top, pos = tile * HEFT_TILE;
    if (a->chosen && entries == (a->more != NULL))
        return chosen_in(a->chosen + (size_t)t * (size_t)top, top, tile);
    int32_t from, to;
    visible(a, entries, t, &from, &to);
    return (sight){ .lo = from > pos ? from - pos : 0,
                    .hi = to < pos + HEFT_TILE ? to - pos : HEFT_TILE };
}

heft_tile heft_tile_cpu(const heft_kv *kv, const heft_batch *b, int32_t seq, int32_t g,
                        int32_t tile)
{
    const size_t key = heft_row_bytes(kv->dtype, kv->dk), value = heft_row_bytes(kv->dtype, kv->dv);
    const int32_t *table = b->page[kv->group] + (size_t)b->slot[seq] * (size_t)b->pages;
    const uint8_t *page = kv->base + (size_t)table[tile] * kv->page_bytes,
                  *k = page + (size_t)g * HEFT_TILE * key;
    return (heft_tile){
        .k = k,
        .v = kv->v_in_k ? k : page + ((size_t)kv->G * key + (size_t)g * value) * HEFT_TILE,
        .k_stride = key,
        .v_stride = kv->v_in_k ? key : value,
        .dtype = kv->dtype,
        .dk = kv->dk,
        .dv = kv->dv,
        .pos = tile * HEFT_TILE,
    };
}

/* Positions, or entries, that any row of a block may see: first <= position < last. */
static void block_sees(const attend_args *a, bool entries, int32_t block, int32_t *first,
                       int32_t *last)
{
    int32_t from, to;
    *first = INT32_MAX;
    *last = 0;
    for (int32_t t = a->d->block[block]; t < a->d->block[block + 1]; t++) {
        visible(a, entries, t, &from, &to);
        if (from < *first) *first = from;
        if (to > *last) *last = to;
    }
}

/* Lay out the queries of a block on one head, whose results are merged into state (rows of the
 * block, group). */
static void lay_queries(const attend_args *a, int32_t block, int32_t g, const workspace *w,
                        heft_partial *state)
{
    const int32_t r0 = a->d->block[block], n = (a->d->block[block + 1] - r0) * a->group;
    for (int32_t i = 0; i < n; i++) {
        const int32_t t = r0 + i / a->group, h = g * a->group + i % a->group;
        w->query[i] = (heft_query){
            .q = a->q + ((size_t)t * (size_t)a->a->H + (size_t)h) * (size_t)a->a->dk,
            .pos = a->b->pos[t],
            .slope = a->slopes ? a->slopes[h] * a->a->alibi_scale : 0,
            .state = &state[i],
        };
    }
    if (n >= HEFT_CROWD) a->d->k.lay_panel(w->panel, w->query, n, a->a->dk);
}

static heft_tile tile_of(const attend_args *a, bool entries, int32_t seq, int32_t g, int32_t tile,
                         const workspace *w)
{
    if (!w->made) return heft_tile_cpu(entries ? a->more : a->kv, a->b, seq, g, tile);
    const size_t dk = (size_t)a->a->dk, dv = (size_t)a->a->dv,
                 e = (size_t)(tile * HEFT_TILE % HEFT_SPAN);
    return (heft_tile){
        .k = (const uint8_t *)(w->made + e * dk),
        .v = (const uint8_t *)(w->made + HEFT_SPAN * dk + e * dv),
        .k_stride = dk * sizeof(float),
        .v_stride = dv * sizeof(float),
        .dtype = HEFT_F32,
        .dk = a->a->dk,
        .dv = a->a->dv,
        .pos = tile * HEFT_TILE,
    };
}

/* Merge into their states what the queries of a block see in span `span` of the tokens, or of the
 * entries. */
static void run_span(const attend_args *a, bool entries, int32_t block, int32_t g, int32_t span,
                     const workspace *w)
{
    const heft_batch *b = a->b;
    int32_t r0 = a->d->block[block], r1 = a->d->block[block + 1], first, last;
    block_sees(a, entries, block, &first, &last);
    if (first < span * HEFT_SPAN) first = span * HEFT_SPAN;
    if (last > (span + 1) * HEFT_SPAN) last = (span + 1) * HEFT_SPAN;
    for (int32_t tile = first / HEFT_TILE; tile * HEFT_TILE < last; tile++) {
        heft_tile k = tile_of(a, entries, b->seq[r0], g, tile, w);
        k.scale = a->a->scale;
        k.softcap = a->a->softcap;
        if (!w->made && (tile + 1) * HEFT_TILE < last) {
            const heft_tile next = tile_of(a, entries, b->seq[r0], g, tile + 1, w);
            k.next = next.k - k.k;
        }
        heft_query *q = w->query;
        for (int32_t t = r0; t < r1; t++) {
            const sight s = sight_of(a, entries, t, tile);
            for (int32_t i = 0; i < a->group; i++, q++) {
                q->lo = s.lo;
                q->hi = s.hi;
                q->skip = s.skip;
            }
        }
        a->d->k.attend(&k, w->query, (r1 - r0) * a->group, w->panel);
    }
}

/* o = the finished state of head h in row t, its sink joined. */
static void finish(const attend_args *a, heft_partial *state, int32_t t, int32_t h, float *zero)
{
    int32_t dv = a->a->dv;
    float *o = a->o + ((size_t)t * (size_t)a->a->H + (size_t)h) * (size_t)dv;
    if (a->sinks) a->d->k.merge(state, &(heft_partial){ a->sinks[h], 1, zero }, dv);
    for (int32_t i = 0; i < dv; i++)
        o[i] = state->o[i] / state->l;
}

/* All spans of one block and head, in order. */
static void attend_block(void *arg, int32_t part, int32_t thread)
{
    const attend_args *a = arg;
    int32_t block = part / a->a->G, g = part % a->a->G;
    int32_t r0 = a->d->block[block], first, last;
    int32_t queries = (a->d->block[block + 1] - r0) * a->group;
    workspace w = workspace_of(a->d, thread);
    lay_queries(a, block, g, &w, w.span);
    for (int32_t entries = 0; entries <= (a->more != NULL); entries++) {
        block_sees(a, entries, block, &first, &last);
        for (int32_t span = first / HEFT_SPAN; span * HEFT_SPAN < last; span++) {
            for (int32_t i = 0; i < queries; i++)
                w.span[i].l = 0;
            run_span(a, entries, block, g, span, &w);
            for (int32_t i = 0; i < queries; i++)
                if (w.span[i].l > 0) a->d->k.merge(&w.total[i], &w.span[i], a->a->dv);
        }
    }
    for (int32_t i = 0; i < queries; i++)
        finish(a, &w.total[i], r0 + i / a->group, g * a->group + i % a->group, w.zero);
}

/* One span of one row and head; the results wait in d->partial. */
static void attend_span(void *arg, int32_t part, int32_t thread)
{
    const attend_args *a = arg;
    int32_t span = part % a->spans, head = part / a->spans;
    heft_partial *state = a->d->partial + (size_t)part * (size_t)a->group;
    for (int32_t i = 0; i < a->group; i++)
        state[i].l = 0;
    workspace w = workspace_of(a->d, thread);
    const bool entries = span >= a->near;
    lay_queries(a, head / a->a->G, head % a->a->G, &w, state);
    run_span(a, entries, head / a->a->G, head % a->a->G, entries ? span - a->near : span, &w);
}

static void attend_join(void *arg, int32_t head, int32_t thread)
{
    const attend_args *a = arg;
    workspace w = workspace_of(a->d, thread);
    for (int32_t i = 0; i < a->group; i++) {
        for (int32_t span = 0; span < a->spans; span++) {
            const heft_partial *s =
                a->d->partial + ((size_t)head * (size_t)a->spans + (size_t)span) * (size_t)a->group;
            if (s[i].l > 0) a->d->k.merge(&w.total[i], &s[i], a->a->dv);
        }
        finish(a, &w.total[i], a->d->block[head / a->a->G], head % a->a->G * a->group + i, w.zero);
    }
}

/* The rows of sequence s in blocks, behind those that are there. */
static void add_blocks(attend_args *a, int32_t s)
{
    const int32_t rows = block_rows(a->group), to = a->b->first[s + 1];
    int32_t *block = a->d->block;
    if (a->blocks == 0) block[0] = a->b->first[s];
    for (int32_t t = a->b->first[s]; t < to; t = block[a->blocks])
        block[++a->blocks] = t + rows < to ? t + rows : to;
}

void heft_attend_cpu(heft_device *d, float *o, const float *q, const heft_kv *kv,
                     const heft_kv *more, const float *sinks, const float *slopes,
                     const int32_t *chosen, const heft_attn *attn, const heft_batch *b)
{
    attend_args a = { .d = d,
                      .o = o,
                      .q = q,
                      .sinks = sinks,
                      .slopes = slopes,
                      .chosen = chosen,
                      .kv = kv,
                      .more = more,
                      .a = attn,
                      .b = b };
    a.group = attn->H / attn->G;
    assert(a.group <= d->need.group && attn->dk <= d->need.dk && attn->dv <= d->need.dv);
    assert(!chosen || more || (attn->window == 0 && attn->chunk == 0));
    int32_t longest = 0;
    for (int32_t s = 0; s < b->S; s++)
        add_blocks(&a, s);
    for (int32_t t = b->first[0]; t < b->first[b->S]; t++)
        if (b->pos[t] >= longest) longest = b->pos[t] + 1;
    a.spans = a.near = (longest + HEFT_SPAN - 1) / HEFT_SPAN;
    if (more) a.spans += (longest / attn->index.every + HEFT_SPAN - 1) / HEFT_SPAN;
    bool single = true; /* one row each: their queries fit d->partial */
    for (int32_t i = 0; single && i < a.blocks; i++)
        single = d->block[i + 1] - d->block[i] == 1;
    if (single && d->need.threads > 1 && a.spans > 1 && a.blocks * attn->G <= 2 * d->need.threads) {
        heft_pool_run(d->pool, attend_span, &a, a.blocks * attn->G * a.spans);
        heft_pool_run(d->pool, attend_join, &a, a.blocks * attn->G);
    } else {
        heft_pool_run(d->pool, attend_block, &a, a.blocks * attn->G);
    }
}

/* ---- over keys and values made of latent entries ---- */

typedef struct {
    attend_args a; /* of one sequence */
    const heft_mat *k_up, *v_up;
    int32_t seq, span;
    int32_t first, last; /* of the span, as far as any of its rows sees: first <= position < last */
    int32_t split;       /* parts of the rows, for more threads than heads */
    bool quantise;       /* what makes keys, or values, reads blocks */
} expanded_args;

/* One tile's entries as floats, and what makes keys and values of them quantised. */
static void widen_tile(void *arg, int32_t part, int32_t thread)
{
    (void)thread;
    const expanded_args *x = arg;
    const heft_kv *kv = x->a.kv;
    heft_device *d = x->a.d;
    const int32_t tile = x->first / HEFT_TILE + part, rank = x->a.a->kv_rank;
    const heft_tile t = heft_tile_cpu(kv, x->a.b, x->seq, 0, tile);
    const heft_mat entries = { .data = t.k,
                               .stride = (int64_t)t.k_stride,
                               .rows = HEFT_TILE,
                               .cols = kv->dk,
                               .dtype = (uint8_t)t.dtype };
    for (int32_t e = 0; e < HEFT_TILE && t.pos + e < x->last; e++) {
        const size_t nth = (size_t)(t.pos + e - x->first);
        float *entry = d->entry + nth * (size_t)kv->dk;
        heft_act *act = d->act + nth * (size_t)(rank / 32);
        d->k.row(entry, &entries, e);
        if (x->quantise) d->k.quantise(act, entry, rank);
        d->x[nth] = entry;
        d->x_act[nth] = act;
    }
}

/* What makes the keys of a head, (nope, rank): it is there for queries, which go the other way. */
static heft_mat keys_of(const heft_mat *k_up)
{
    heft_mat w = *k_up;
    w.rows = k_up->cols;
    w.cols = k_up->rows;
    w.by_col = !k_up->by_col;
    return w;
}

/* Keys and values of head h from the entries 0 .. n-1 of the span. */
static void make_head(const expanded_args *x, int32_t h, int32_t n, float *made, int32_t thread)
{
    const heft_attn *a = x->a.a;
    heft_device *d = x->a.d;
    float **at = d->made_at + (size_t)thread * HEFT_SPAN, *v = made + HEFT_SPAN * (size_t)a->dk;
    const heft_mat keys = keys_of(&x->k_up[h]);
    for (int32_t e = 0; e < n; e++)
        at[e] = made + (size_t)e * (size_t)a->dk;
    heft_mul_cpu(d, &keys, 0, a->nope, d->x, d->x_act, n, at, thread);
    for (int32_t e = 0; e < n; e++)
        memcpy(at[e] + a->nope, (const float *)d->x[e] + a->kv_rank,
               (size_t)(a->dk - a->nope) * sizeof *made);
    for (int32_t e = 0; e < n; e++)
        at[e] = v + (size_t)e * (size_t)a->dv;
    heft_mul_cpu(d, &x->v_up[h], 0, a->dv, d->x, d->x_act, n, at, thread);
}

/* One span of one head: its keys and values, and what the rows of some blocks see of them. */
static void attend_made(void *arg, int32_t part, int32_t thread)
{
    const expanded_args *x = arg;
    const attend_args *a = &x->a;
    heft_device *d = a->d;
    const int32_t h = part / x->split, nth = part % x->split, H = a->a->H;
    const int32_t from = a->blocks * nth / x->split, to = a->blocks * (nth + 1) / x->split;
    int32_t n = 0; /* entries that they see */
    for (int32_t block = from; block < to; block++) {
        int32_t first, last;
        block_sees(a, false, block, &first, &last);
        if (last > x->last) last = x->last;
        if (last - x->first > n) n = last - x->first;
    }
    if (n == 0) return;
    float *made = d->made + (size_t)thread * HEFT_SPAN * (size_t)d->need.made;
    make_head(x, h, n, made, thread);
    workspace w = workspace_of(d, thread);
    w.made = made;
    for (int32_t block = from; block < to; block++) {
        const int32_t r0 = d->block[block], rows = d->block[block + 1] - r0;
        for (int32_t i = 0; i < rows; i++)
            w.span[i].l = 0;
        lay_queries(a, block, h, &w, w.span);
        run_span(a, false, block, h, x->span, &w);
        for (int32_t i = 0; i < rows; i++)
            d->k.merge(&d->state[(size_t)(r0 + i) * (size_t)H + (size_t)h], &w.span[i], a->a->dv);
    }
}

static void finish_row(void *arg, int32_t nth, int32_t thread)
{
    (void)thread;
    const attend_args *a = &((const expanded_args *)arg)->a;
    const int32_t t = a->d->block[0] + nth;
    for (int32_t h = 0; h < a->a->H; h++)
        finish(a, &a->d->state[(size_t)t * (size_t)a->a->H + (size_t)h], t, h, NULL);
}

/* All rows of one sequence, span by span: the sums are those of attend_block. */
static void attend_sequence(expanded_args *x, int32_t s)
{
    attend_args *a = &x->a;
    heft_device *d = a->d;
    const int32_t H = a->a->H, threads = d->need.threads;
    int32_t to = 0;
    a->blocks = 0;
    add_blocks(a, s);
    x->seq = a->b->seq[d->block[0]];
    x->split = threads / H > 1 ? threads / H : 1;
    for (int32_t t = d->block[0]; t < d->block[a->blocks]; t++) {
        int32_t first, last;
        visible(a, false, t, &first, &last);
        if (last > to) to = last;
        for (int32_t h = 0; h < H; h++) {
            const size_t nth = (size_t)t * (size_t)H + (size_t)h;
            d->state[nth] = (heft_partial){ .o = a->o + nth * (size_t)a->a->dv };
        }
    }
    for (x->span = 0; x->span * HEFT_SPAN < to; x->span++) {
        x->first = x->span * HEFT_SPAN;
        x->last = x->first + HEFT_SPAN < to ? x->first + HEFT_SPAN : to;
        heft_pool_run(d->pool, widen_tile, x, (x->last - x->first + HEFT_TILE - 1) / HEFT_TILE);
        heft_pool_run(d->pool, attend_made, x, H * x->split);
    }
    heft_pool_run(d->pool, finish_row, x, d->block[a->blocks] - d->block[0]);
}

void heft_attend_expanded_cpu(heft_device *d, float *o, const float *q, const heft_kv *kv,
                              const heft_mat *k_up, const heft_mat *v_up, const heft_attn *attn,
                              const heft_batch *b)
{
    const heft_mat keys = keys_of(k_up);
    expanded_args x = {
        .a = { .d = d, .o = o, .q = q, .kv = kv, .a = attn, .b = b, .group = 1 },
        .k_up = k_up,
        .v_up = v_up,
        .quantise = !heft_reads_floats(&keys) || !heft_reads_floats(v_up),
    };
    assert(attn->dk <= d->need.dk && kv->dk <= d->need.latent);
    assert(attn->dk + attn->dv <= d->need.made);
    assert((int64_t)b->T * attn->H <= d->need.states && attn->window == 0 && attn->chunk == 0);
    for (int32_t s = 0; s < b->S; s++)
        attend_sequence(&x, s);
}

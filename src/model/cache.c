/* Paged caches: what sequences keep of their tokens. */
#include "model/cache.h"

#include <assert.h>
#include <string.h>

enum { NONE = -1 };

static int32_t pages_of(int64_t tokens)
{
    return (int32_t)((tokens + HEFT_TILE - 1) / HEFT_TILE);
}

static size_t lines(size_t bytes)
{
    return heft_mem_cost(1, bytes);
}

static size_t rows_of(const heft_cache_shape *s)
{
    return (size_t)s->slots + (size_t)s->checkpoints;
}

/* Places of heft_cache.kv: what each layer keeps, several things side by side. */
static int32_t places_of(const heft_spec *s)
{
    return s->L * HEFT_MAX_CACHE;
}

/* What is kept in a place; false: nothing. */
static bool decl_of(const heft_spec *s, int32_t place, heft_cache_decl *d)
{
    const int32_t layer = place / HEFT_MAX_CACHE, nth = place % HEFT_MAX_CACHE;
    heft_cache_decl all[HEFT_MAX_CACHE] = { 0 };
    const int32_t n = s->layer[layer].mixer->caches(s, layer, all);
    assert(n <= HEFT_MAX_CACHE);
    *d = all[nth];
    return nth < n;
}

static heft_dtype type_of(const heft_cache_decl *d, heft_dtype type)
{
    return d->exact ? HEFT_F32 : type;
}

static int32_t every_of(const heft_cache_decl *d)
{
    return d->every > 1 ? d->every : 1;
}

/* Bytes of an entry. */
static size_t entry_bytes(const heft_cache_decl *d, heft_dtype type)
{
    const heft_dtype t = type_of(d, type);
    const size_t values = d->v_in_k ? 0 : heft_row_bytes(t, d->dv);
    return (size_t)d->G * (heft_row_bytes(t, d->dk) + values);
}

/* Floats of a slot's state, in whole cache lines. */
static size_t state_floats(const heft_cache_decl *d)
{
    return lines((size_t)d->state * sizeof(float)) / sizeof(float);
}

/* Does what is kept of an early token go before a sequence of so many tokens ends? */
static bool goes(const heft_cache_decl *d, int32_t context)
{
    return d->keep && d->keep < context;
}

static size_t layer_page_bytes(const heft_cache_decl *d, heft_dtype type)
{
    return lines((size_t)HEFT_TILE * entry_bytes(d, type));
}

/* Pages a sequence holds at most: all of its positions; with a reach, those that the rows of one
 * step can see or are. */
static int32_t pages_each(const heft_cache_shape *s, const heft_cache_decl *d)
{
    int32_t all = pages_of(s->context / every_of(d));
    int32_t some = d->keep ? pages_of((int64_t)d->keep - 1 + HEFT_CACHE_BACK + s->batch) + 1 : all;
    return some < all ? some : all;
}

static int32_t find_group(const heft_cache *c, const heft_cache_decl *d)
{
    int32_t g = 0;
    while (g < c->n_groups && (c->group[g].keep != d->keep || c->group[g].every != every_of(d)))
        g++;
    return g;
}

/* Every key and every value is whole blocks; where values lie in keys, that part of them too. */
static heft_status check_widths(const heft_cache_decl *d, heft_dtype type, int32_t layer,
                                heft_error *err)
{
    const heft_dtype_info *t = &heft_dtypes[type_of(d, type)];
    const int32_t odd = d->dk % t->block ? d->dk : d->dv % t->block ? d->dv : 0;
    if (odd == 0) return HEFT_OK;
    return heft_fail(err, HEFT_E_UNSUPPORTED,
                     "layer %d: it keeps %d numbers of a head; a cache of type %s needs a multiple "
                     "of %d. Use --ctk f16, bf16 or f32",
                     layer, odd, t->name, t->block);
}

/* Groups, pages and pool size, without memory. */
static heft_status lay_out(heft_cache *c, const heft_cache_shape *shape, heft_error *err)
{
    *c = (heft_cache){ .shape = *shape, .pages = pages_of(shape->context) };
    if ((int64_t)shape->slots * c->pages > INT32_MAX)
        return heft_fail(err, HEFT_E_NOMEM,
                         "%d sequences of %d tokens are more than a cache can number", shape->slots,
                         shape->context);
    for (int32_t i = 0; i < places_of(shape->spec); i++) {
        heft_cache_decl d;
        if (!decl_of(shape->spec, i, &d)) continue;
        c->n_states += rows_of(shape) * state_floats(&d);
        if (d.state) continue;
        heft_status st = check_widths(&d, shape->type, i / HEFT_MAX_CACHE, err);
        if (st) return st;
        assert(every_of(&d) == 1 || d.keep == 0);
        int32_t g = find_group(c, &d);
        if (g == HEFT_MAX_GROUPS)
            return heft_fail(err, HEFT_E_UNSUPPORTED,
                             "layer %d: its window of %d tokens is the model's %dth; heft keeps "
                             "at most %d different ones",
                             i / HEFT_MAX_CACHE, d.keep, g + 1, HEFT_MAX_GROUPS);
        if (g == c->n_groups) {
            c->group[g].keep = d.keep;
            c->group[g].every = every_of(&d);
            c->n_groups++;
            /* A checkpoint holds on to a window; of what is never forgotten it shares all but the
             * page that the sequence goes on in. */
            c->group[g].n_pages =
                shape->slots * pages_each(shape, &d)
                + shape->checkpoints * (goes(&d, shape->context) ? pages_each(shape, &d) : 1);
        }
        c->group[g].page_bytes += layer_page_bytes(&d, shape->type);
        c->pool_bytes += (size_t)c->group[g].n_pages * layer_page_bytes(&d, shape->type);
    }
    return HEFT_OK;
}

enum { PARTS = 4 + 3 * HEFT_MAX_GROUPS };

static int32_t parts_of(heft_cache *c, heft_part p[PARTS])
{
    int32_t n = 0;
    p[n++] = (heft_part){ &c->kv, (size_t)places_of(c->shape.spec), sizeof *c->kv };
    p[n++] = (heft_part){ &c->pool, c->pool_bytes, 1 };
    p[n++] = (heft_part){ &c->state, (size_t)places_of(c->shape.spec), sizeof *c->state };
    p[n++] = (heft_part){ &c->states, c->n_states, sizeof *c->states };
    for (int32_t g = 0; g < c->n_groups; g++) {
        heft_cache_group *k = &c->group[g];
        p[n++] = (heft_part){ &k->table, rows_of(&c->shape) * (size_t)c->pages, sizeof *k->table };
        p[n++] = (heft_part){ &k->refs, (size_t)k->n_pages, sizeof *k->refs };
        p[n++] = (heft_part){ &k->free, (size_t)k->n_pages, sizeof *k->free };
    }
    return n;
}

bool heft_cache_forgets(const heft_spec *s, int32_t context)
{
    heft_cache_decl d;
    for (int32_t i = 0; i < places_of(s); i++)
        if (decl_of(s, i, &d) && (goes(&d, context) || d.state)) return true;
    return false;
}

heft_status heft_cache_bytes(const heft_cache_shape *shape, size_t *bytes, heft_error *err)
{
    heft_cache c;
    heft_part p[PARTS];
    heft_status st = lay_out(&c, shape, err);
    if (!st) *bytes = heft_parts_bytes(p, parts_of(&c, p));
    return st;
}

size_t heft_cache_token_bytes(const heft_spec *s, heft_dtype type)
{
    size_t bytes = 0;
    for (int32_t i = 0; i < places_of(s); i++) {
        heft_cache_decl d;
        if (decl_of(s, i, &d))
            bytes += (entry_bytes(&d, type) + (size_t)every_of(&d) - 1) / (size_t)every_of(&d);
    }
    return bytes;
}

heft_status heft_cache_open(heft_cache *c, const heft_cache_shape *shape, heft_error *err)
{
    heft_part p[PARTS];
    heft_status st = lay_out(c, shape, err);
    if (st) return st;
    if (!heft_parts_alloc(p, parts_of(c, p))) return heft_nomem(err, "the cache");
    for (int32_t g = 0; g < c->n_groups; g++) {
        heft_cache_group *k = &c->group[g];
        c->table[g] = k->table;
        for (size_t i = 0; i < rows_of(shape) * (size_t)c->pages; i++)
            k->table[i] = NONE;
        for (k->n_free = 0; k->n_free < k->n_pages; k->n_free++)
            k->free[k->n_free] = k->n_pages - 1 - k->n_free; /* low pages go first */
    }
    uint8_t *at = c->pool;
    float *state = c->states;
    for (int32_t i = 0; i < places_of(shape->spec); i++) {
        heft_cache_decl d;
        if (!decl_of(shape->spec, i, &d)) continue;
        if (d.state) {
            c->state[i] = (heft_state){ state, state_floats(&d) };
            state += rows_of(shape) * c->state[i].each;
            continue;
        }
        int32_t g = find_group(c, &d);
        c->kv[i] = (heft_kv){ .base = at,
                              .page_bytes = layer_page_bytes(&d, shape->type),
                              .dtype = type_of(&d, shape->type),
                              .G = d.G,
                              .dk = d.dk,
                              .dv = d.dv,
                              .v_in_k = d.v_in_k,
                              .group = g,
                              .layer = i / HEFT_MAX_CACHE };
        at += (size_t)c->group[g].n_pages * c->kv[i].page_bytes;
    }
    return HEFT_OK;
}

void heft_cache_close(heft_cache *c)
{
    heft_part p[PARTS];
    if (!c->shape.spec) return;
    heft_parts_free(p, parts_of(c, p));
    *c = (heft_cache){ 0 };
}

static int32_t *row_of(const heft_cache *c, int32_t g, int32_t slot)
{
    return c->group[g].table + (size_t)slot * (size_t)c->pages;
}

static void drop(heft_cache_group *k, int32_t *entry)
{
    if (*entry == NONE) return;
    if (--k->refs[*entry] == 0) k->free[k->n_free++] = *entry;
    *entry = NONE;
}

static void copy_page(heft_cache *c, int32_t g, int32_t from, int32_t to)
{
    for (int32_t i = 0; i < places_of(c->shape.spec); i++) {
        const heft_kv *kv = &c->kv[i];
        if (!kv->base || kv->group != g) continue;
        memcpy(kv->base + (size_t)to * kv->page_bytes, kv->base + (size_t)from * kv->page_bytes,
               kv->page_bytes);
    }
}

/* Pages first <= page < last hold the entries that positions from .. to-1 complete. */
typedef struct {
    int32_t first, last;
} page_range;

static page_range pages_for(const heft_cache_group *k, int32_t from, int32_t to)
{
    const int32_t entry = from / k->every, end = to / k->every;
    return (page_range){ entry / HEFT_TILE, end > entry ? pages_of(end) : 0 };
}

/* Of those, how many are missing or shared. */
static int32_t wanted(const heft_cache *c, int32_t g, int32_t slot, int32_t from, int32_t to)
{
    const int32_t *row = row_of(c, g, slot);
    const page_range r = pages_for(&c->group[g], from, to);
    int32_t n = 0;
    for (int32_t p = r.first; p < r.last; p++)
        n += row[p] == NONE || c->group[g].refs[row[p]] > 1;
    return n;
}

heft_status heft_cache_reserve(heft_cache *c, int32_t slot, int32_t from, int32_t to,
                               heft_error *err)
{
    for (int32_t g = 0; g < c->n_groups; g++)
        if (wanted(c, g, slot, from, to) > c->group[g].n_free)
            return heft_fail(err, HEFT_E_NOMEM,
                             "the cache is full: %d pages of %d tokens are left, %d are needed",
                             c->group[g].n_free, HEFT_TILE * c->group[g].every,
                             wanted(c, g, slot, from, to));
    for (int32_t g = 0; g < c->n_groups; g++) {
        heft_cache_group *k = &c->group[g];
        int32_t *row = row_of(c, g, slot);
        const page_range r = pages_for(k, from, to);
        for (int32_t p = r.first; p < r.last; p++) {
            int32_t old = row[p];
            if (old != NONE && k->refs[old] == 1) continue;
            row[p] = k->free[--k->n_free];
            k->refs[row[p]] = 1;
            if (old == NONE) continue;
            k->refs[old]--; /* another slot still has it */
            copy_page(c, g, old, row[p]);
        }
    }
    return HEFT_OK;
}

/* First position that a token at `length` can see in group g. */
static int32_t first_seen(const heft_cache *c, int32_t g, int32_t length)
{
    int32_t keep = c->group[g].keep;
    return keep && length - keep + 1 > 0 ? length - keep + 1 : 0;
}

void heft_cache_trim(heft_cache *c, int32_t slot, int32_t length)
{
    for (int32_t g = 0; g < c->n_groups; g++) {
        int32_t *row = row_of(c, g, slot);
        const int32_t first = first_seen(c, g, length - HEFT_CACHE_BACK) / HEFT_TILE;
        for (int32_t p = first - 1; p >= 0 && row[p] != NONE; p--)
            drop(&c->group[g], &row[p]);
        /* to the end: where a window let go of all that lies before, a gap comes first */
        for (int32_t p = pages_of(length / c->group[g].every); p < c->pages; p++)
            drop(&c->group[g], &row[p]);
    }
}

bool heft_cache_intact(const heft_cache *c, int32_t slot, int32_t length)
{
    for (int32_t g = 0; g < c->n_groups; g++) {
        const int32_t *row = row_of(c, g, slot);
        const int32_t entries = length / c->group[g].every;
        for (int32_t p = first_seen(c, g, length) / HEFT_TILE; p * HEFT_TILE < entries; p++)
            if (row[p] == NONE) return false;
    }
    return true;
}

void heft_cache_fork(heft_cache *c, int32_t from, int32_t to)
{
    for (int32_t g = 0; g < c->n_groups; g++) {
        const int32_t *row = row_of(c, g, from);
        int32_t *copy = row_of(c, g, to);
        for (int32_t p = 0; p < c->pages; p++) {
            copy[p] = row[p];
            if (row[p] != NONE) c->group[g].refs[row[p]]++;
        }
    }
    for (int32_t i = 0; c->n_states && i < places_of(c->shape.spec); i++) {
        const heft_state *s = &c->state[i];
        if (s->base)
            memcpy(s->base + (size_t)to * s->each, s->base + (size_t)from * s->each,
                   s->each * sizeof *s->base);
    }
}

void heft_cache_clear(heft_cache *c, int32_t slot)
{
    for (int32_t g = 0; g < c->n_groups; g++) {
        int32_t *row = row_of(c, g, slot);
        for (int32_t p = 0; p < c->pages; p++)
            drop(&c->group[g], &row[p]);
    }
}

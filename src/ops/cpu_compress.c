/* Entries of several tokens on the processor.
 *
 *     entry = rotate(norm(sum over a block's tokens of softmax(gate + ape) value))
 *
 * each number of it for itself. A row that is the last of its block makes the entry: what the
 * tokens before it brought is in the cache of parts, whichever step they came in, so that chunks,
 * forks and rewinds change nothing. Source: the report of DeepSeek-V4, section 2.3. */
#include "base/mem.h"
#include "ops/cpu.h"

#include <assert.h>
#include <stdatomic.h>

typedef struct {
    heft_device *d;
    const heft_kv *to, *parts;
    const heft_compress *c;
    const heft_attn *a;
    const heft_rotation *r;
    const heft_batch *b;
    atomic_bool lost; /* a number did not fit the cache's type */
} compress_args;

static size_t lines(size_t bytes)
{
    return heft_mem_cost(1, bytes);
}

size_t heft_compress_scratch(const heft_device_need *n)
{
    return lines((size_t)n->block * sizeof(heft_share))
           + 2 * lines((size_t)n->entry * sizeof(float));
}

/* Where the cache has what position pos of row t's sequence left; keys, or values behind them. */
static uint8_t *entry_of(const heft_kv *kv, const heft_batch *b, int32_t t, int32_t pos, bool value)
{
    const int32_t *table = b->page[kv->group] + (size_t)b->slot[b->seq[t]] * (size_t)b->pages;
    const size_t key = heft_row_bytes(kv->dtype, kv->dk), e = (size_t)(pos % HEFT_TILE);
    uint8_t *page = kv->base + (size_t)table[pos / HEFT_TILE] * kv->page_bytes;
    return page + (value ? HEFT_TILE * key + e * heft_row_bytes(kv->dtype, kv->dv) : e * key);
}

/* The shares of n tokens from position `first` on, from number `at` of what they brought. */
static int32_t shares(const compress_args *a, heft_share *s, int32_t t, int32_t first, int32_t at)
{
    const int32_t every = a->a->index.every, w = a->parts->dk;
    for (int32_t i = 0; i < every; i++)
        s[i] = (heft_share){
            .value =
                (const float *)(const void *)entry_of(a->parts, a->b, t, first + i, false) + at,
            .gate = (const float *)(const void *)entry_of(a->parts, a->b, t, first + i, true) + at,
            .bias = a->c->ape ? a->c->ape + (size_t)i * (size_t)w + at : NULL,
        };
    return every;
}

static void make_entry(void *arg, int32_t t, int32_t thread)
{
    compress_args *a = arg;
    const int32_t every = a->a->index.every, width = a->to->dk, pos = a->b->pos[t];
    if ((pos + 1) % every != 0) return;
    const heft_batch *b = a->b;
    const heft_kernels *k = &a->d->k;
    uint8_t *scratch = a->d->scratch + (size_t)thread * a->d->scratch_bytes;
    heft_share *s = (void *)scratch;
    float *y = (void *)(scratch + lines((size_t)a->d->need.block * sizeof *s)),
          *cs = (void *)((uint8_t *)y + lines((size_t)a->d->need.entry * sizeof *y));
    const int32_t first = pos + 1 - every;
    int32_t n = 0;
    if (a->a->overlap && first > 0) n = shares(a, s, t, first - every, 0);
    n += shares(a, s + n, t, first, a->a->overlap ? width : 0);
    k->condense(y, s, n, width);
    k->norm_rms(y, y, a->c->norm.w, a->c->norm.eps, width);
    heft_turns_cpu(cs, a->r, first, b->inv[(size_t)a->a->rope * (size_t)b->S + (size_t)b->seq[t]]);
    heft_rotate_cpu(k, y, width, a->r, cs, a->r->pairs);
    if (!k->narrow(entry_of(a->to, b, t, pos / every, false), a->to->dtype, y, width))
        atomic_store(&a->lost, true);
}

void heft_compress_cpu(heft_device *d, const heft_kv *to, const heft_kv *parts,
                       const heft_compress *c, const heft_attn *attn, const heft_rotation *r,
                       const heft_batch *b)
{
    assert(to->G == 1 && parts->G == 1 && parts->dtype == HEFT_F32 && parts->dk == parts->dv);
    assert(parts->dk == (attn->overlap ? 2 : 1) * to->dk && to->dk <= d->need.entry);
    assert(r->width <= to->dk && attn->index.every * (attn->overlap ? 2 : 1) <= d->need.block);
    compress_args a = { .d = d, .to = to, .parts = parts, .c = c, .a = attn, .r = r, .b = b };
    heft_pool_run(d->pool, make_entry, &a, b->T);
    if (a.lost && !d->error.code)
        (void)heft_fail(&d->error, HEFT_E_UNSUPPORTED,
                        "layer %d: an entry of several tokens is too large for a cache of type %s; "
                        "use --ctk bf16 or f32",
                        to->layer, heft_dtypes[to->dtype].name);
}

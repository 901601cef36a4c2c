/* Memory: every byte heft allocates goes through here, and is counted.
 *
 * The counters are the one mutable global of the library: memory belongs to the process. */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* In front of every block, HEFT_ALIGN bytes of which this is the end. */
typedef struct {
    void *base; /* what calloc gave */
    size_t bytes;
} head;

static atomic_size_t now, top;
static atomic_uint_fast64_t calls;
static _Thread_local int64_t mine;

bool heft_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    *out = a * b;
    return a == 0 || *out / a == b;
}

bool heft_add(uint64_t a, uint64_t b, uint64_t *out)
{
    *out = a + b;
    return *out >= a;
}

static head *head_of(void *p)
{
    return (head *)p - 1;
}

static void count(size_t bytes)
{
    size_t sum = atomic_fetch_add(&now, bytes) + bytes;
    size_t peak = atomic_load(&top);
    while (sum > peak && !atomic_compare_exchange_weak(&top, &peak, sum)) {
    }
    atomic_fetch_add(&calls, 1);
    mine += (int64_t)bytes;
}

/* Rounded up, so that a plan in whole cache lines is exact. */
size_t heft_mem_cost(size_t n, size_t size)
{
    uint64_t bytes;
    if (!heft_mul(n, size, &bytes) || bytes > PTRDIFF_MAX - 4 * HEFT_ALIGN) return SIZE_MAX;
    return ((size_t)bytes + HEFT_ALIGN - 1) / HEFT_ALIGN * HEFT_ALIGN;
}

void *heft_alloc(size_t n, size_t size)
{
    size_t cost = heft_mem_cost(n, size);
    if (cost == SIZE_MAX) return NULL;
    char *base = calloc(1, cost + 2 * HEFT_ALIGN);
    if (!base) return NULL;
    char *p = base + 2 * HEFT_ALIGN - (uintptr_t)base % HEFT_ALIGN;
    *head_of(p) = (head){ .base = base, .bytes = cost };
    count(cost);
    return p;
}

void heft_free(void *p)
{
    if (!p) return;
    head *h = head_of(p);
    atomic_fetch_sub(&now, h->bytes);
    mine -= (int64_t)h->bytes;
    free(h->base);
}

void *heft_realloc(void *p, size_t bytes)
{
    void *q = heft_alloc(1, bytes);
    if (q && p) {
        size_t old = head_of(p)->bytes;
        memcpy(q, p, old < bytes ? old : bytes);
        heft_free(p);
    }
    return q;
}

char *heft_strdup(heft_str s)
{
    char *p = heft_alloc(s.n + 1, 1);
    if (p && s.n) memcpy(p, s.p, s.n);
    return p;
}

heft_mem_stats heft_mem(void)
{
    return (heft_mem_stats){ atomic_load(&now), atomic_load(&top), atomic_load(&calls) };
}

void heft_mem_reset_peak(void)
{
    atomic_store(&top, atomic_load(&now));
}

int64_t heft_mem_mine(void)
{
    return mine;
}

size_t heft_parts_bytes(const heft_part *p, int32_t n)
{
    uint64_t sum = 0;
    for (int32_t i = 0; i < n; i++)
        if (!heft_add(sum, heft_mem_cost(p[i].n, p[i].size), &sum)) return SIZE_MAX;
    return sum;
}

/* The pointer variables have many types; memcpy is how to write one without knowing it. */
bool heft_parts_alloc(const heft_part *p, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        void *block = heft_alloc(p[i].n, p[i].size);
        memcpy(p[i].to, &block, sizeof block);
        if (!block) {
            heft_parts_free(p, i);
            return false;
        }
    }
    return true;
}

void heft_parts_free(const heft_part *p, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        void *block;
        memcpy(&block, p[i].to, sizeof block);
        heft_free(block);
        block = NULL;
        memcpy(p[i].to, &block, sizeof block);
    }
}

void heft_release(void *array)
{
    heft_free(array);
}

struct heft_arena_block {
    struct heft_arena_block *next;
    size_t used, size;
    _Alignas(max_align_t) char at[];
};

void *heft_arena_alloc(heft_arena *a, size_t n, size_t size)
{
    enum { BLOCK = 16384 - sizeof(struct heft_arena_block) };
    uint64_t want;
    if (!heft_mul(n, size, &want) || want > SIZE_MAX / 2) return NULL;
    want = (want + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    struct heft_arena_block *b = a->block;
    if (!b || b->size - b->used < want) {
        size_t room = want > BLOCK ? (size_t)want : BLOCK;
        b = heft_alloc(1, sizeof *b + room);
        if (!b) return NULL;
        b->size = room;
        a->bytes += heft_mem_cost(1, sizeof *b + room);
        if (a->block && room > BLOCK) { /* a big block goes behind, the current one stays open */
            b->next = a->block->next;
            a->block->next = b;
        } else {
            b->next = a->block;
            a->block = b;
        }
    }
    void *p = b->at + b->used;
    b->used += (size_t)want;
    return p;
}

char *heft_arena_strdup(heft_arena *a, heft_str s)
{
    char *p = heft_arena_alloc(a, s.n + 1, 1);
    if (p && s.n) memcpy(p, s.p, s.n);
    return p;
}

void heft_arena_clear(heft_arena *a)
{
    for (struct heft_arena_block *b = a->block, *next; b; b = next) {
        next = b->next;
        heft_free(b);
    }
    *a = (heft_arena){ 0 };
}

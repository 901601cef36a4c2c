/* A pool of threads for short parallel loops.
 *
 * One counter holds how many parts nobody has claimed yet. A thread claims by taking one off, and
 * only who has claimed reads what the loop is: the next loop cannot begin before every part of
 * this one is done, so a thread that comes late finds either nothing or a part of the newer loop,
 * and both are right.
 *
 * Which part it is: every thread has an equal share of the parts and goes through it in order, so
 * that what it fetched behind one part it needs in the next. Whose share is done takes the last
 * part of another's. */
#define _POSIX_C_SOURCE 200809L
#include "base/pool.h"

#include "base/bounds.h"
#include "base/mem.h"
#include "base/system.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    SPINS = 2000, /* pauses before sleeping: some 20 to 60 us, the serial stretches of a step */
    STACK = 1 << 20,
};

typedef struct {
    heft_pool *pool;
    pthread_t id;
    int32_t index;
    _Alignas(HEFT_ALIGN) uint64_t done; /* written by its thread before the loop ends */
    _Atomic uint64_t share; /* parts first .. end - 1: first, and end in the upper half */
} worker;

struct heft_pool {
    heft_task *task;
    void *arg;
    int32_t threads, spins;
    atomic_bool running, closing;
    _Alignas(HEFT_ALIGN) atomic_int unclaimed;
    _Alignas(HEFT_ALIGN) atomic_int undone;
    _Alignas(HEFT_ALIGN) atomic_int sleepers; /* workers in, or about to enter, a wait */
    atomic_bool caller_sleeps;
    pthread_mutex_t lock;
    pthread_cond_t work, finished;
    worker workers[]; /* [0] is the caller */
};

static void pause_core(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static uint64_t share_of(uint64_t first, uint64_t end)
{
    return end << 32 | first;
}

/* The first part of a share, or its last; -1: it is empty. */
static int32_t take(worker *w, bool last)
{
    uint64_t share = atomic_load(&w->share);
    for (;;) {
        const uint64_t first = share & UINT32_MAX, end = share >> 32;
        if (first == end) return -1;
        const uint64_t rest = last ? share_of(first, end - 1) : share_of(first + 1, end);
        if (atomic_compare_exchange_weak(&w->share, &share, rest))
            return (int32_t)(last ? end - 1 : first);
    }
}

/* The part claimed, or -1. */
static int32_t claim(heft_pool *p, worker *w)
{
    int left = atomic_load(&p->unclaimed);
    while (left > 0 && !atomic_compare_exchange_weak(&p->unclaimed, &left, left - 1))
        ;
    if (left <= 0) return -1;
    int32_t part = take(w, false);
    for (int32_t i = w->index; part < 0;) { /* one of them has a part */
        i = (i + 1) % p->threads;
        part = take(&p->workers[i], true);
    }
    return part;
}

static void wake_caller(heft_pool *p)
{
    if (!atomic_load(&p->caller_sleeps)) return;
    (void)pthread_mutex_lock(&p->lock);
    (void)pthread_cond_signal(&p->finished);
    (void)pthread_mutex_unlock(&p->lock);
}

static void work(heft_pool *p, worker *w)
{
    for (int32_t part = claim(p, w); part >= 0; part = claim(p, w)) {
        p->task(p->arg, part, w->index);
        w->done++;
        if (atomic_fetch_sub(&p->undone, 1) == 1) wake_caller(p);
    }
}

static bool has_work(heft_pool *p)
{
    return atomic_load(&p->unclaimed) > 0 || atomic_load(&p->closing);
}

/* Whoever goes to sleep says so first and looks once more; whoever has news publishes it first and
 * then looks for sleepers: one of the two always sees the other. */
static void wait_for_work(heft_pool *p)
{
    for (int32_t i = 0; i < p->spins; i++) {
        if (has_work(p)) return;
        pause_core();
    }
    (void)pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleepers, 1);
    while (!has_work(p))
        (void)pthread_cond_wait(&p->work, &p->lock);
    atomic_fetch_sub(&p->sleepers, 1);
    (void)pthread_mutex_unlock(&p->lock);
}

static void wait_for_end(heft_pool *p)
{
    for (int32_t i = 0; i < p->spins; i++) {
        if (atomic_load(&p->undone) == 0) return;
        pause_core();
    }
    (void)pthread_mutex_lock(&p->lock);
    atomic_store(&p->caller_sleeps, true);
    while (atomic_load(&p->undone) > 0)
        (void)pthread_cond_wait(&p->finished, &p->lock);
    atomic_store(&p->caller_sleeps, false);
    (void)pthread_mutex_unlock(&p->lock);
}

static void wake_workers(heft_pool *p)
{
    if (atomic_load(&p->sleepers) == 0) return;
    (void)pthread_mutex_lock(&p->lock);
    (void)pthread_cond_broadcast(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
}

static void *thread_main(void *arg)
{
    worker *w = arg;
    heft_pool *p = w->pool;
    while (!atomic_load(&p->closing)) {
        work(p, w);
        wait_for_work(p);
    }
    return NULL;
}

void heft_pool_run(heft_pool *p, heft_task *task, void *arg, int32_t parts)
{
    if (parts <= 0) return;
    bool nested = atomic_exchange(&p->running, true);
    assert(!nested && "a loop inside a loop");
    (void)nested;
    if (parts == 1 || p->threads == 1) {
        for (int32_t part = 0; part < parts; part++)
            task(arg, part, 0);
        p->workers[0].done += (uint64_t)parts;
    } else {
        p->task = task;
        p->arg = arg;
        for (int64_t i = 0; i < p->threads; i++)
            atomic_store(&p->workers[i].share, share_of((uint64_t)(parts * i / p->threads),
                                                        (uint64_t)(parts * (i + 1) / p->threads)));
        atomic_store(&p->undone, parts);
        atomic_store(&p->unclaimed, parts);
        wake_workers(p);
        work(p, &p->workers[0]);
        wait_for_end(p);
    }
    atomic_store(&p->running, false);
}

heft_status heft_pool_open(int32_t threads, heft_pool **out, heft_error *err)
{
    assert(threads >= 1 && threads <= HEFT_MAX_THREADS);
    heft_pool *p = heft_alloc(1, sizeof *p + (size_t)threads * sizeof p->workers[0]);
    if (!p) return heft_nomem(err, "threads");
    p->threads = 1; /* those that run, so that closing a half-opened pool is right */
    p->spins = threads <= heft_cores() ? SPINS : 0; /* spinning would keep a working thread out */
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->work, NULL);
    (void)pthread_cond_init(&p->finished, NULL);

    pthread_attr_t attr;
    int failed = pthread_attr_init(&attr);
    if (!failed) failed = pthread_attr_setstacksize(&attr, STACK);
    for (; !failed && p->threads < threads; p->threads += !failed) {
        worker *w = &p->workers[p->threads];
        w->pool = p;
        w->index = p->threads;
        failed = pthread_create(&w->id, &attr, thread_main, w);
    }
    (void)pthread_attr_destroy(&attr);
    if (failed) {
        int32_t running = p->threads;
        heft_pool_close(p);
        return heft_fail(err, HEFT_E_IO, "the system gives %d threads of %d: %s", running, threads,
                         strerror(failed));
    }
    *out = p;
    return HEFT_OK;
}

void heft_pool_close(heft_pool *p)
{
    if (!p) return;
    atomic_store(&p->closing, true);
    wake_workers(p);
    for (int32_t i = 1; i < p->threads; i++)
        (void)pthread_join(p->workers[i].id, NULL);
    (void)pthread_cond_destroy(&p->finished);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_mutex_destroy(&p->lock);
    heft_free(p);
}

int32_t heft_pool_threads(const heft_pool *p)
{
    return p->threads;
}

uint64_t heft_pool_done(const heft_pool *p, int32_t thread)
{
    assert(thread >= 0 && thread < p->threads);
    return p->workers[thread].done;
}

size_t heft_pool_bytes(int32_t threads)
{
    return heft_mem_cost(1, sizeof(heft_pool) + (size_t)threads * sizeof(worker));
}

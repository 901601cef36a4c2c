/* A pool of threads for short parallel loops. */
#ifndef HEFT_BASE_POOL_H
#define HEFT_BASE_POOL_H

#include "base/err.h"

typedef struct heft_pool heft_pool;

/* One part of a loop. part is 0 .. parts-1, each done exactly once by some thread; thread is
 * 0 .. threads-1, for scratch memory. Which thread does which part must not matter. */
typedef void heft_task(void *arg, int32_t part, int32_t thread);

/* The caller is thread 0; threads - 1 are started. 1 <= threads <= HEFT_MAX_THREADS.
 * Fails: HEFT_E_NOMEM, HEFT_E_IO (the system gives no thread). */
heft_status heft_pool_open(int32_t threads, heft_pool **out, heft_error *err) HEFT_MUST_CHECK;
void heft_pool_close(heft_pool *p);
int32_t heft_pool_threads(const heft_pool *p);

/* Do parts 0 .. parts-1 and return when all are done. Every thread goes through an equal share of
 * consecutive parts in order; who is done takes parts of others, from their ends. A waiting thread
 * spins a short while, then sleeps, so that more threads than cores is only slow. Allocates
 * nothing. Not reentrant. */
void heft_pool_run(heft_pool *p, heft_task *task, void *arg, int32_t parts);

/* Parts done so far by a thread: a test shows with it that all threads worked. */
uint64_t heft_pool_done(const heft_pool *p, int32_t thread);

/* Bytes that heft_pool_open allocates. */
size_t heft_pool_bytes(int32_t threads);

#endif

/* Did threads really share the work? */
#ifndef HEFT_TESTS_WORKERS_H
#define HEFT_TESTS_WORKERS_H

#include "base/pool.h"

/* On a busy machine a thread may come late to everything; a test goes on for so many rounds. */
enum { MOST_TRIES = 400 };

/* Has every thread of the pool done a part? */
static inline bool heft_all_worked(const heft_pool *p)
{
    for (int32_t t = 0; t < heft_pool_threads(p); t++)
        if (heft_pool_done(p, t) == 0) return false;
    return true;
}

#endif

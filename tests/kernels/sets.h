/* The instruction sets that a test of kernels goes through. */
#ifndef HEFT_TESTS_KERNELS_SETS_H
#define HEFT_TESTS_KERNELS_SETS_H

#include "kernels/kernels.h"

enum { MAX_SETS = 8 };

/* Every set of this heft that this machine can run, but the scalar one: how many. Says in a line
 * which it can not run. */
int32_t sets_here(heft_kernels sets[MAX_SETS]);

#endif

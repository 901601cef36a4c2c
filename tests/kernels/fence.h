/* Memory whose end is the end of a page: reading or writing one byte further is a fault. */
#ifndef HEFT_TESTS_KERNELS_FENCE_H
#define HEFT_TESTS_KERNELS_FENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FENCES = 20, FENCED_BYTES = 1 << 20 };

/* The last `bytes` bytes of fence number `which`; they lie at any address, as bytes has it. The
 * bytes in front of them, down to the start of the page, are 0xa5. Valid until the next call with
 * the same number. */
void *fenced(int32_t which, size_t bytes);
/* Are the 64 bytes in front still 0xa5? */
bool fence_intact(int32_t which, size_t bytes);

/* The same bits, or both NaN. */
bool same_float(float a, float b);

/* n floats of all sizes: around 1, now and then huge, tiny, a zero of either sign. */
void random_floats(float *x, int32_t n, uint64_t *state);
/* Bits of any kind, infinities, subnormals and NaN too. */
void random_any_floats(float *x, int32_t n, uint64_t *state);

#endif

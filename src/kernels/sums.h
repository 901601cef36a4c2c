/* Pieces of the definition that several scalar files share. */
#ifndef HEFT_KERNELS_SUMS_H
#define HEFT_KERNELS_SUMS_H

#include "kernels/kernels.h"

/* The end of every sum of class F: partial sums i and i + 8, then i + 4, i + 2, i + 1 are added. */
float heft_fold(const float part[16]);

/* The number of type F32, F16 or BF16 at p (any address), widened exactly. */
float heft_number(uint8_t dtype, const uint8_t *p);

#endif

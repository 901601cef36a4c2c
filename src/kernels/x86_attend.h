/* Attention that one instruction set's file leaves to another's. */
#ifndef HEFT_KERNELS_X86_ATTEND_H
#define HEFT_KERNELS_X86_ATTEND_H

#include "kernels/kernels.h"

/* attend of the table, with AVX-512 in registers of 256 bits. */
void heft_attend_avx512vl(const heft_tile *t, const heft_query *q, int32_t nq, const float *panel);

#endif

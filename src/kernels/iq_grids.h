/* What the indices of a format stand for.
 *
 * The grids of the IQ formats: an index stands for four or eight numbers, a byte each, the first
 * lowest. unpack.c has the lists of 16 values. */
#ifndef HEFT_KERNELS_IQ_GRIDS_H
#define HEFT_KERNELS_IQ_GRIDS_H

#include <stdint.h>

extern const uint64_t heft_grid_iq2_xxs[256], heft_grid_iq2_xs[512], heft_grid_iq2_s[1024];
extern const uint32_t heft_grid_iq3_xxs[256], heft_grid_iq3_s[512];
extern const uint64_t heft_grid_iq1[2048]; /* IQ1_S and IQ1_M; 8 more than the number */

extern const int8_t heft_values_iq4[16];  /* IQ4_NL and IQ4_XS */
extern const int8_t heft_values_e2m1[16]; /* MXFP4 and NVFP4: twice the 4-bit float */

#endif

/* What the indices of a format stand for.
 *
 * The grids of the IQ formats: an index stands for four or eight numbers. An entry packs the
 * numbers as indices of a list of values, lowest bits first: eight of 2 bits, or four of 3.
 * unpack.c has the lists, and those of 16 values. */
#ifndef HEFT_KERNELS_IQ_GRIDS_H
#define HEFT_KERNELS_IQ_GRIDS_H

#include <stdint.h>

extern const uint16_t heft_grid_iq2_xxs[256], heft_grid_iq2_xs[512], heft_grid_iq2_s[1024];
extern const uint16_t heft_grid_iq3_xxs[256], heft_grid_iq3_s[512];
extern const uint16_t heft_grid_iq1[2048]; /* IQ1_S and IQ1_M */

extern const int8_t heft_values_iq4[16];  /* IQ4_NL and IQ4_XS */
extern const int8_t heft_values_e2m1[16]; /* MXFP4 and NVFP4: twice the 4-bit float */

#endif

/* Who fills which slots of the kernel table; only select.c and tests of one file call these. */
#ifndef HEFT_KERNELS_FILL_H
#define HEFT_KERNELS_FILL_H

#include "kernels/kernels.h"

/* The definition: together they fill every slot. */
void heft_kernels_scalar_mat(heft_kernels *k);
void heft_kernels_scalar_rows(heft_kernels *k);
void heft_kernels_scalar_attend(heft_kernels *k);
void heft_kernels_scalar_delta(heft_kernels *k);

/* x86-64 with AVX2, FMA and F16C: they overwrite slots. */
void heft_kernels_avx2_mat(heft_kernels *k);
void heft_kernels_avx2_rows(heft_kernels *k);
void heft_kernels_avx2_attend(heft_kernels *k);
void heft_kernels_avx2_delta(heft_kernels *k);

/* On top of AVX2: AVX-VNNI; AVX-512 with VL and VNNI, in registers of 256 and of 512 bits. */
void heft_kernels_avxvnni_mat(heft_kernels *k);
void heft_kernels_avx512vl_mat(heft_kernels *k);
void heft_kernels_avx512vl_attend(heft_kernels *k);
void heft_kernels_avx512_mat(heft_kernels *k);
void heft_kernels_avx512_attend(heft_kernels *k);

/* aarch64 with dot products. */
void heft_kernels_neon_mat(heft_kernels *k);

#endif

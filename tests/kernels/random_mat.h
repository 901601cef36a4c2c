/* Random weights and activations for the tests and the bench of the matrix kernels. */
#ifndef HEFT_TESTS_KERNELS_RANDOM_MAT_H
#define HEFT_TESTS_KERNELS_RANDOM_MAT_H

#include "dtype/mat.h"

/* The next 32 random bits; *state is anything but 0 (xorshift: G. Marsaglia 2003, "Xorshift RNGs").
 */
uint32_t random_bits(uint64_t *state);
/* -1 <= x < 1. */
float random_float(uint64_t *state);

/* n activations around 1: now and then an outlier, a zero or a negative zero, and per block of 32
 * now and then all zero, all tiny, or multiples of half a step of the quantised scale (ties). */
void random_activations(float *x, int32_t n, uint64_t *state);

/* Bytes of a matrix of that format: any q, scales ordinary halves around 0.01, one in 64
 * subnormal or zero. Float formats: about +-1, one in 64 zero or tiny. */
void random_weights(uint8_t *data, heft_dtype dtype, int64_t rows, int64_t cols, uint64_t *state);

/* A matrix of that shape on data, its rows back to back. */
heft_mat mat_on(const uint8_t *data, heft_dtype dtype, int32_t rows, int32_t cols, bool by_col);

#endif

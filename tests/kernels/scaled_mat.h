/* Random weights whose scales lie in tensors beside them, for the tests and the benches. */
#ifndef HEFT_TESTS_KERNELS_SCALED_MAT_H
#define HEFT_TESTS_KERNELS_SCALED_MAT_H

#include "dtype/mat.h"

/* How a format lays out a matrix of `lines` times `places`. Sizes in bits or numbers. */
typedef struct {
    heft_dtype dtype;
    bool by_col;
    heft_dtype type;      /* of scales */
    int32_t lines, group; /* that share one */
    int32_t zero_bits;    /* of a zero point; 0: none */
    bool index, nested;
} scaled_layout;

/* Every format, and every way of scales that a method has. */
extern const scaled_layout scaled_layouts[];
enum { SCALED_LAYOUTS = 25 };

/* The tensors of a weight. */
enum { SCALED_DATA, SCALED_SCALE, SCALED_ZERO, SCALED_INDEX, SCALED_SCALE2, SCALED_TENSORS };

typedef struct {
    float code[16], code2[256];
    heft_scales s;
    heft_mat w; /* rows and columns are the caller's to set */
} scaled;

/* Bytes of each tensor of a matrix of `lines` times `places`; 0: it has none. */
void scaled_sizes(const scaled_layout *l, int64_t lines, int64_t places,
                  size_t bytes[SCALED_TENSORS]);
/* Any numbers but NaNs, scales up to 1/64. `tensor` has those bytes; t keeps them. */
void scaled_fill(scaled *t, const scaled_layout *l, int64_t lines, int64_t places,
                 uint8_t *const tensor[SCALED_TENSORS], uint64_t *seed);

#endif

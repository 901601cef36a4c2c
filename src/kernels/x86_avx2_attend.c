/* Attention with AVX2, FMA and F16C. */
#include "kernels/fill.h"
#include "kernels/x86_vector_256.h"

enum { DOT_QUERIES = 2, DOT_KEYS = 3, FOUR_VECTORS = 2 };

#include "kernels/x86_attend.inc"

void heft_kernels_avx2_attend(heft_kernels *k)
{
    k->attend = attend_queries;
    k->index = index_keys;
    k->merge = merge_partials;
}

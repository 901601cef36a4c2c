/* Attention with AVX-512. */
#include "kernels/fill.h"
#include "kernels/x86_vector_512.h"

enum { DOT_QUERIES = 4, DOT_KEYS = 4, FOUR_VECTORS = 4 };
enum { CROWD_KEYS = 4, CROWD_SUMS = 4, CROWD_QUERIES = 8, CROWD_VECTORS = 2 };

#include "kernels/x86_attend.inc"

void heft_kernels_avx512_attend(heft_kernels *k)
{
    k->attend = attend_queries;
    k->index = index_keys;
    k->merge = merge_partials;
}

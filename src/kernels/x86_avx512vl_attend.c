/* Attention with AVX-512 in registers of 256 bits: twice as many as AVX2 has. */
#include "kernels/fill.h"
#include "kernels/x86_vector_256.h"

enum { DOT_QUERIES = 4, DOT_KEYS = 3, FOUR_VECTORS = 4 };
enum { CROWD_KEYS = 4, CROWD_SUMS = 4, CROWD_QUERIES = 8, CROWD_VECTORS = 2 };

#include "kernels/x86_attend.inc"

void heft_kernels_avx512vl_attend(heft_kernels *k)
{
    k->attend = attend_queries;
    k->index = index_keys;
    k->merge = merge_partials;
}

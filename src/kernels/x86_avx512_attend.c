/* Attention with AVX-512. */
#include "kernels/fill.h"
#include "kernels/x86_attend.h"
#include "kernels/x86_vector_512.h"

enum { DOT_QUERIES = 4, DOT_KEYS = 4, FOUR_VECTORS = 4 };
enum { CROWD_KEYS = 4, CROWD_SUMS = 4, CROWD_QUERIES = 8, CROWD_VECTORS = 2 };

#include "kernels/x86_attend.inc"

/* Fewer queries than lanes leave half of a wide register empty. */
static void attend_any(const heft_tile *t, const heft_query *q, int32_t nq, const float *panel)
{
    if (nq <= LANES / 2 && nq >= HEFT_CROWD)
        heft_attend_avx512vl(t, q, nq, panel);
    else
        attend_queries(t, q, nq, panel);
}

void heft_kernels_avx512_attend(heft_kernels *k)
{
    k->attend = attend_any;
    k->index = index_keys;
    k->merge = merge_partials;
}

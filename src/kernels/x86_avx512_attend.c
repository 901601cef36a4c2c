/* Attention with AVX-512. */
#include "kernels/fill.h"
#include "kernels/polynomials.h"
#include "kernels/x86_vector_512.h"

enum { DOT_QUERIES = 4, DOT_KEYS = 4, FOUR_VECTORS = 4 };

INLINE vector polynomial_of_16(const float *c, int32_t n, vector x)
{
    vector p = spread_number(c[n - 1]);
    for (int32_t i = n - 2; i >= 0; i--)
        p = fma_vector(p, x, spread_number(c[i]));
    return p;
}

INLINE vector power_of_two_16(__m512i e)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(e, _mm512_set1_epi32(127)), 23));
}

/* As exp_avx2 and tanh_avx2, sixteen at a time. */
INLINE vector exp_vector(vector x)
{
    const vector magic = spread_number(heft_round_magic);
    x = _mm512_max_ps(spread_number(heft_exp_least), x);
    x = _mm512_min_ps(spread_number(heft_exp_most), x);
    const vector shifted = fma_vector(x, spread_number(heft_log2_e), magic);
    const vector n = sub_vector(shifted, magic);
    vector r = fma_vector(n, spread_number(-heft_ln2_high), x);
    r = fma_vector(n, spread_number(-heft_ln2_low), r);
    const __m512i e = _mm512_sub_epi32(_mm512_castps_si512(shifted), _mm512_castps_si512(magic));
    const __m512i half = _mm512_srai_epi32(e, 1);
    const vector p = mul_vector(polynomial_of_16(heft_exp_poly, 7, r), power_of_two_16(half));
    return mul_vector(p, power_of_two_16(_mm512_sub_epi32(e, half)));
}

INLINE vector tanh_vector(vector x)
{
    const vector one = spread_number(1), two = spread_number(2), sign = spread_number(-0.0f);
    const vector a = _mm512_andnot_ps(sign, x), z = mul_vector(x, x);
    const vector near = fma_vector(mul_vector(x, z), polynomial_of_16(heft_tanh_poly, 5, z), x);
    const vector e = exp_vector(mul_vector(two, a));
    const vector far = sub_vector(one, div_vector(two, add_vector(e, one)));
    const __mmask16 is_near = _mm512_cmp_ps_mask(a, spread_number(heft_tanh_split), _CMP_LT_OQ);
    return _mm512_mask_mov_ps(_mm512_or_ps(far, _mm512_and_ps(sign, x)), is_near, near);
}

#include "kernels/x86_attend.inc"

void heft_kernels_avx512_attend(heft_kernels *k)
{
    k->attend = attend_queries;
    k->index = index_keys;
    k->merge = merge_partials;
}

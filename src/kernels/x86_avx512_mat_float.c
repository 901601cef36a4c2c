/* Float weights with AVX-512: class F. (Class C is as fast with AVX2.) */
#include "kernels/x86_avx512_mat.h"

enum { LANES = 16, PARTS = 1, ROWS = 4, COLUMNS = 4, K_STEP = 512 }; /* a tile's step: 16 KB */

typedef __m512 vector;

INLINE vector zero_vector(void)
{
    return _mm512_setzero_ps();
}

INLINE vector load_vector(const float *p)
{
    return _mm512_loadu_ps(p);
}

INLINE void store_vector(float *p, vector v)
{
    _mm512_storeu_ps(p, v);
}

INLINE vector fma_vector(vector a, vector b, vector c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* Numbers at p, widened. */
INLINE vector widened(const heft_dtype t, const uint8_t *p)
{
    const void *v = p;
    if (t == HEFT_F32) return _mm512_loadu_ps(v);
    const __m256i h = _mm256_loadu_si256(v);
    if (t == HEFT_F16) return _mm512_cvtph_ps(h);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

/* v in a register: gcc would read it again for every use, and loads are what limits a tile. */
INLINE vector held(vector v)
{
    __asm__("" : "+v"(v));
    return v;
}

/* w x + sum in the first n lanes, n < 16; the others keep their sum. */
INLINE vector fma_below(int32_t n, vector w, vector x, vector sum)
{
    return _mm512_mask3_fmadd_ps(w, x, sum, (__mmask16)((1u << n) - 1));
}

INLINE float fold(const vector s[PARTS])
{
    const __m256 eight =
        _mm256_add_ps(_mm512_castps512_ps256(s[0]), _mm512_extractf32x8_ps(s[0], 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#include "kernels/x86_mat_f.h"

void heft_avx512_mul_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                       float *const *y, void *scratch)
{
    mul_class_f(w, r0, r1, x, n, y, scratch);
}

size_t heft_avx512_float_scratch(int32_t cols)
{
    return scratch_f(cols);
}

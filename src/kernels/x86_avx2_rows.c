/* Rows of floats with AVX2 and FMA: scalar_rows.c, eight numbers at a time. */
#include "dtype/blocks.h"
#include "kernels/fill.h"
#include "kernels/x86_avx2_functions.h"
#include "kernels/x86_vector_256.h"

#include "kernels/x86_functions.inc"

#include <math.h>
#include <string.h>

/* ---- norms ---- */

/* Zeros behind the end add nothing: no partial sum is ever -0. */
static float sum(const float *x, int32_t n)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0;
    for (int32_t i = 0; i < n; i += 16) {
        s0 = _mm256_add_ps(s0, load(x + i, n - i));
        if (n - i > 8) s1 = _mm256_add_ps(s1, load(x + i + 8, n - i - 8));
    }
    return fold(s0, s1);
}

static float inverse_rms(const float *x, float eps, int32_t n)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0;
    for (int32_t i = 0; i < n; i += 16) {
        __m256 a = load(x + i, n - i);
        s0 = _mm256_fmadd_ps(a, a, s0);
        if (n - i <= 8) break;
        __m256 b = load(x + i + 8, n - i - 8);
        s1 = _mm256_fmadd_ps(b, b, s1);
    }
    return 1 / sqrtf(fold(s0, s1) / (float)n + eps);
}

static void norm_rms_avx2(float *y, const float *x, const float *w, float eps, int32_t n)
{
    const __m256 r = _mm256_set1_ps(inverse_rms(x, eps, n));
    for (int32_t i = 0; i < n; i += 8) {
        __m256 t = _mm256_mul_ps(load(x + i, n - i), r);
        store(y + i, n - i, w ? _mm256_mul_ps(load(w + i, n - i), t) : t);
    }
}

static void norm_layer_avx2(float *y, const float *x, const float *w, const float *b, float eps,
                            int32_t n)
{
    const __m256 one = _mm256_set1_ps(1), mean = _mm256_set1_ps(sum(x, n) / (float)n);
    for (int32_t i = 0; i < n; i += 8)
        store(y + i, n - i, _mm256_sub_ps(load(x + i, n - i), mean));
    const __m256 r = _mm256_set1_ps(inverse_rms(y, eps, n));
    for (int32_t i = 0; i < n; i += 8) {
        __m256 t = _mm256_mul_ps(load(y + i, n - i), r);
        __m256 by = w ? load(w + i, n - i) : one;
        store(y + i, n - i, b ? _mm256_fmadd_ps(t, by, load(b + i, n - i)) : _mm256_mul_ps(by, t));
    }
}

/* ---- elements ---- */

static void add_avx2(float *y, const float *a, const float *b, float s, int64_t n)
{
    const __m256 by = _mm256_set1_ps(s);
    for (int64_t i = 0; i < n; i += 8)
        store(y + i, n - i, _mm256_fmadd_ps(by, load(b + i, n - i), load(a + i, n - i)));
}

static void scale_avx2(float *y, const float *x, float s, float cap, int64_t n)
{
    const __m256 by = _mm256_set1_ps(s), c = _mm256_set1_ps(cap);
    for (int64_t i = 0; i < n; i += 8) {
        __m256 t = _mm256_mul_ps(by, load(x + i, n - i));
        if (cap > 0) t = _mm256_mul_ps(c, tanh_vector(_mm256_div_ps(t, c)));
        store(y + i, n - i, t);
    }
}

/* x / 2 (1 + t) */
static __m256 half_of(__m256 x, __m256 t)
{
    return _mm256_mul_ps(_mm256_mul_ps(_mm256_set1_ps(0.5f), x),
                         _mm256_add_ps(_mm256_set1_ps(1), t));
}

static __m256 act(heft_act_kind fn, __m256 x)
{
    switch (fn) {
    case HEFT_ACT_SILU: return swish_vector(x, -1);
    case HEFT_ACT_GELU_TANH: {
        __m256 cube = _mm256_mul_ps(_mm256_mul_ps(x, x), x);
        __m256 t = _mm256_fmadd_ps(_mm256_set1_ps(heft_gelu_cubic), cube, x);
        return half_of(x, tanh_vector(_mm256_mul_ps(_mm256_set1_ps(heft_sqrt_2_pi), t)));
    }
    case HEFT_ACT_GELU_ERF:
        return half_of(x, erf_vector(_mm256_mul_ps(x, _mm256_set1_ps(heft_sqrt_half))));
    case HEFT_ACT_RELU: return _mm256_max_ps(_mm256_setzero_ps(), x);
    case HEFT_ACT_RELU_SQUARED: {
        __m256 above = _mm256_max_ps(_mm256_setzero_ps(), x);
        return _mm256_mul_ps(above, above);
    }
    case HEFT_ACT_SIGMOID_1702: return swish_vector(x, -1.702f);
    case HEFT_ACT_SIGMOID: return over_one_and_exp(_mm256_set1_ps(1), x, -1);
    }
    return x;
}

static __m256 load_step(const float *x, int32_t step, int64_t left)
{
    if (step == 1) return load(x, left);
    __m256i at =
        _mm256_mullo_epi32(_mm256_set1_epi32(step), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return _mm256_mask_i32gather_ps(_mm256_setzero_ps(), x, at, _mm256_castsi256_ps(lanes(left)),
                                    sizeof(float));
}

static void glu_avx2(float *y, const heft_glu *g, int32_t n)
{
    const __m256 most = _mm256_set1_ps(g->gate_max), add = _mm256_set1_ps(g->up_add);
    const __m256 up_max = _mm256_set1_ps(g->up_abs), up_min = _mm256_set1_ps(-g->up_abs);
    for (int32_t i = 0; i < n; i += 8) {
        __m256 gate = load_step(g->gate + (ptrdiff_t)i * g->gate_step, g->gate_step, n - i);
        if (g->gate_max > 0) gate = _mm256_min_ps(most, gate);
        __m256 t = act(g->fn, gate);
        if (g->up) {
            __m256 up = load_step(g->up + (ptrdiff_t)i * g->up_step, g->up_step, n - i);
            if (g->up_abs > 0) up = _mm256_max_ps(up_min, _mm256_min_ps(up_max, up));
            t = _mm256_mul_ps(t, _mm256_add_ps(up, add));
        }
        store(y + i, n - i, t);
    }
}

static void rotate_pairs(float *x, const float *cs, int32_t n)
{
    for (int32_t i = 0; i < n; i += 8) {
        __m256 v = load(x + i, n - i), turn = load(cs + i, n - i);
        __m256 other = _mm256_mul_ps(_mm256_permute_ps(v, 0xb1), _mm256_movehdup_ps(turn));
        store(x + i, n - i, _mm256_fmaddsub_ps(v, _mm256_moveldup_ps(turn), other));
    }
}

static void rotate_halves(float *x, const float *cs, int32_t half)
{
    for (int32_t i = 0; i < half; i += 8) {
        int32_t left = half - i;
        __m256 t0 = load(cs + 2 * i, 2 * left);
        __m256 t1 = left > 4 ? load(cs + 2 * i + 8, 2 * left - 8) : t0;
        __m256 c = _mm256_shuffle_ps(t0, t1, 0x88), s = _mm256_shuffle_ps(t0, t1, 0xdd);
        c = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(c), 0xd8));
        s = _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(s), 0xd8));
        __m256 a = load(x + i, left), b = load(x + half + i, left);
        store(x + i, left, _mm256_fmsub_ps(a, c, _mm256_mul_ps(b, s)));
        store(x + half + i, left, _mm256_fmadd_ps(b, c, _mm256_mul_ps(a, s)));
    }
}

static void rotate_avx2(float *x, const float *cs, int32_t width, bool pairs)
{
    if (pairs)
        rotate_pairs(x, cs, width / 2 * 2);
    else
        rotate_halves(x, cs, width / 2);
}

/* ---- cache entries ---- */

static __m128i to_bf16(__m256 x)
{
    __m256i bits = _mm256_castps_si256(x), high = _mm256_srli_epi32(bits, 16);
    __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
    __m256i up = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    __m256i h = _mm256_blendv_epi8(_mm256_srli_epi32(up, 16), quiet, nan);
    return _mm_packus_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
}

static __m256 from_bf16(__m128i h)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
}

/* 32 numbers as a block of Q8_0. Magnitudes are compared as integers, which puts infinities and
 * NaNs above all else. */
static bool narrow_block(heft_block_q8_0 *b, const float *x)
{
    const __m256i positive = _mm256_set1_epi32(0x7fffffff);
    __m256 v[4];
    __m256i most = _mm256_setzero_si256();
    for (int32_t i = 0; i < 4; i++) {
        v[i] = _mm256_loadu_ps(x + 8 * i);
        most = _mm256_max_epu32(most, _mm256_and_si256(_mm256_castps_si256(v[i]), positive));
    }
    const __m256i beyond = _mm256_cmpgt_epi32(most, _mm256_set1_epi32(0x7f7fffff));
    if (!_mm256_testz_si256(beyond, beyond)) {
        *b = (heft_block_q8_0){ .d = { 0x00, 0x7e } }; /* a NaN */
        return true;
    }
    const uint16_t h = heft_to_half_up(largest(_mm256_castsi256_ps(most)) / 127);
    const float d = heft_half(h);
    const __m256 id = _mm256_set1_ps(d > 0 ? 1 / d : 0);
    __m256i q[4];
    for (int32_t i = 0; i < 4; i++)
        q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], id));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i all =
        _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    memcpy(b->d, &h, sizeof h);
    _mm256_storeu_si256((void *)b->q, _mm256_permutevar8x32_epi32(all, order));
    return !isinf(d);
}

static bool narrow_blocks(heft_block_q8_0 *y, const float *x, int32_t n)
{
    bool fits = true;
    for (int32_t i = 0; i < n / 32; i++)
        fits &= narrow_block(y + i, x + 32 * (ptrdiff_t)i);
    return fits;
}

static bool narrow_avx2(void *y, heft_dtype t, const float *x, int32_t n)
{
    if (t == HEFT_F32) {
        memcpy(y, x, (size_t)n * sizeof *x);
        return true;
    }
    if (t == HEFT_Q8_0) return narrow_blocks(y, x, n);
    const __m256 infinity = _mm256_set1_ps(INFINITY);
    __m256 lost = _mm256_setzero_ps();
    for (int32_t i = 0; i < n; i += 8) {
        __m256 v = load(x + i, n - i);
        __m128i h = t == HEFT_F16 ? _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT) : to_bf16(v);
        __m256 back = magnitude_of(t == HEFT_F16 ? _mm256_cvtph_ps(h) : from_bf16(h));
        __m256 finite = _mm256_cmp_ps(magnitude_of(v), infinity, _CMP_LT_OQ);
        __m256 infinite = _mm256_cmp_ps(back, infinity, _CMP_EQ_OQ);
        lost = _mm256_or_ps(lost, _mm256_and_ps(finite, infinite));
        memcpy((uint8_t *)y + 2 * (size_t)i, &h, n - i < 8 ? 2 * (size_t)(n - i) : sizeof h);
    }
    return _mm256_movemask_ps(lost) == 0;
}

static float softmax_avx2(float *p, const float *x, int32_t n, float *total)
{
    __m256 most = _mm256_set1_ps(x[0]), s[2] = { _mm256_setzero_ps(), _mm256_setzero_ps() };
    for (int32_t i = 0; i < n; i += 8) {
        __m256 v = load(x + i, n - i);
        if (n - i < 8) v = _mm256_blendv_ps(most, v, _mm256_castsi256_ps(lanes(n - i)));
        most = _mm256_max_ps(v, most);
    }
    float max = largest(most);
    for (int32_t i = 0; i < n; i += 8) {
        __m256 e = exp_vector(_mm256_sub_ps(load(x + i, n - i), _mm256_set1_ps(max)));
        store(p + i, n - i, e);
        if (n - i < 8) e = _mm256_and_ps(e, _mm256_castsi256_ps(lanes(n - i)));
        s[i / 8 % 2] = _mm256_add_ps(s[i / 8 % 2], e);
    }
    *total = fold(s[0], s[1]);
    return max;
}

static __m256 gate_of(const heft_share *s, int32_t i, int32_t left)
{
    const __m256 gate = load(s->gate + i, left);
    return s->bias ? _mm256_add_ps(gate, load(s->bias + i, left)) : gate;
}

static void condense_avx2(float *y, const heft_share *s, int32_t rows, int32_t n)
{
    for (int32_t i = 0; i < n; i += 8) {
        __m256 max = gate_of(s, i, n - i), l = _mm256_setzero_ps(), o = l;
        for (int32_t r = 1; r < rows; r++)
            max = _mm256_max_ps(gate_of(s + r, i, n - i), max);
        max = _mm256_add_ps(max, _mm256_setzero_ps());
        for (int32_t r = 0; r < rows; r++) {
            const __m256 p = exp_vector(_mm256_sub_ps(gate_of(s + r, i, n - i), max));
            l = _mm256_add_ps(l, p);
            o = _mm256_fmadd_ps(p, load(s[r].value + i, n - i), o);
        }
        store(y + i, n - i, _mm256_div_ps(o, l));
    }
}

void heft_kernels_avx2_rows(heft_kernels *k)
{
    k->norm_rms = norm_rms_avx2;
    k->norm_layer = norm_layer_avx2;
    k->add = add_avx2;
    k->scale = scale_avx2;
    k->glu = glu_avx2;
    k->rotate = rotate_avx2;
    k->narrow = narrow_avx2;
    k->softmax = softmax_avx2;
    k->condense = condense_avx2;
}

/* Few columns of BNB4 straight from the file, with AVX2: what mat_float.inc does with rows made
 * float32 first, without them. */
#include "kernels/scales.h"
#include "kernels/x86_avx2_functions.h"
#include "kernels/x86_avx2_mat.h"

/* Eight codes at p, the first of each byte on top, looked up in 16 floats. */
INLINE __m256 looked_up(const uint8_t *p, __m256 low, __m256 high)
{
    const __m256i q = _mm256_srlv_epi32(_mm256_set1_epi32((int32_t)heft_load32(p)),
                                        _mm256_setr_epi32(4, 0, 12, 8, 20, 16, 28, 24));
    const __m256 top = _mm256_castsi256_ps(_mm256_slli_epi32(q, 28));
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, q), _mm256_permutevar8x32_ps(high, q),
                            top);
}

INLINE float float_at(const uint8_t *p)
{
    return heft_float_of(heft_load32(p));
}

/* heft_scale() of these, without a call for every group. */
INLINE float scale_of(const heft_scales *s, int64_t group)
{
    if (!s->scale2) return float_at(s->scale + 4 * group);
    return float_at(s->code2 + 4 * s->scale[group]) * float_at(s->scale2 + 4 * (group / s->group2))
           + s->offset;
}

/* y[c][r ..] = R rows of w from r on times x[c], N columns. */
INLINE void rows_times(const int32_t R, const int32_t N, const heft_mat *w, int32_t r,
                       const float *const *x, float *const *y)
{
    const heft_scales *s = w->with;
    const __m256 low = _mm256_loadu_ps((const void *)s->code),
                 high = _mm256_loadu_ps((const void *)(s->code + 32));
    const uint8_t *p = w->data + (ptrdiff_t)((w->line + r) * w->stride + w->at / 2);
    const int64_t groups = 2 * w->stride / s->group; /* of a line */
    int64_t group = (w->line + r) * groups + w->at / s->group;
    int64_t next = s->group - w->at % s->group;
    __m256 sum[2][2][2];
    for (int32_t i = 0; i < R; i++)
        for (int32_t c = 0; c < N; c++)
            sum[i][c][0] = sum[i][c][1] = _mm256_setzero_ps();
    for (int32_t k = 0; k < w->cols; group++, next += s->group) {
        const int32_t end = next < w->cols ? (int32_t)next : w->cols;
        __m256 d[2];
        for (int32_t i = 0; i < R; i++)
            d[i] = _mm256_set1_ps(scale_of(s, group + i * groups));
        for (; k < end; k += 16) {
            fetch(p + R * w->stride + k / 2 * R, (size_t)(8 * R));
            for (int32_t h = 0; h < 2; h++) {
                __m256 xk[2];
                for (int32_t c = 0; c < N; c++)
                    xk[c] = _mm256_loadu_ps(x[c] + k + 8 * h);
                for (int32_t i = 0; i < R; i++) {
                    const uint8_t *at = p + i * w->stride + k / 2 + 4 * h;
                    const __m256 v = _mm256_mul_ps(looked_up(at, low, high), d[i]);
                    for (int32_t c = 0; c < N; c++)
                        sum[i][c][h] = _mm256_fmadd_ps(v, xk[c], sum[i][c][h]);
                }
            }
        }
    }
    for (int32_t i = 0; i < R; i++)
        for (int32_t c = 0; c < N; c++)
            y[c][r + i] = fold(sum[i][c][0], sum[i][c][1]);
}

INLINE void rows_times_all(const int32_t R, const heft_mat *w, int32_t r, const float *const *x,
                           int32_t n, float *const *y)
{
    int32_t c = 0;
    for (; c + 2 <= n; c += 2)
        rows_times(R, 2, w, r, x + c, y + c);
    if (c < n) rows_times(R, 1, w, r, x + c, y + c);
}

bool heft_avx2_has_codes(const heft_mat *w)
{
    if (w->dtype != HEFT_BNB4) return false;
    const heft_scales *s = w->with;
    return s->group % 16 == 0 && 2 * w->stride % s->group == 0 && w->at % 16 == 0
           && w->cols % 16 == 0 && s->factor == 1;
}

void heft_avx2_mul_codes(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x,
                         int32_t n, float *const *y)
{
    int32_t r = r0;
    for (; r + 2 <= r1; r += 2)
        rows_times_all(2, w, r, x, n, y);
    if (r < r1) rows_times_all(1, w, r, x, n, y);
}

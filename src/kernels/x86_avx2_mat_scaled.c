/* Weights whose scales lie in tensors beside them: to floats, eight at a time, and 16 rows of
 * blocks to a panel.
 *
 * Bits are those of scales.c. What a format seldom has (an odd beginning, inputs in an order of
 * their own) is left to that. */
#include "kernels/scales.h"
#include "kernels/sums.h"
#include "kernels/x86_avx2_mat.h"
#include "kernels/x86_words_256.h"

#include "kernels/x86_granules.inc"

/* ---- floats ----------------------------------------------------------- */

enum { STRIP = 32 };

/* Eight E4M3 at p: a half but for its bias, which is 8 less. 0x7f becomes a NaN. */
INLINE __m256 eight_e4m3(const uint8_t *p)
{
    const __m128i x = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(const void *)p));
    const __m128i rest = _mm_and_si128(x, _mm_set1_epi16(0x7f));
    const __m128i nan = _mm_cmpeq_epi16(rest, _mm_set1_epi16(0x7f));
    const __m128i sign = _mm_slli_epi16(_mm_and_si128(x, _mm_set1_epi16(0x80)), 8);
    __m128i half = _mm_or_si128(_mm_slli_epi16(rest, 7), sign);
    half = _mm_or_si128(half, _mm_and_si128(nan, _mm_set1_epi16(0x7e00)));
    return _mm256_mul_ps(_mm256_cvtph_ps(half), _mm256_set1_ps(256));
}

static void floats_fp8(float *y, const heft_mat *w, int64_t line, int64_t at, int32_t n)
{
    const heft_scales *s = w->with;
    const uint8_t *p = w->data + (ptrdiff_t)(line * w->stride + at);
    for (int32_t i = 0, end; i < n; i = end) {
        const int64_t group = (at + i) / s->group, next = (group + 1) * s->group - at;
        const float d = heft_scale(s, line / s->lines, group);
        const __m256 d8 = _mm256_set1_ps(d);
        end = next < n ? (int32_t)next : n;
        int32_t k = i;
        for (; k + 8 <= end; k += 8)
            _mm256_storeu_ps(y + k, _mm256_mul_ps(eight_e4m3(p + k), d8));
        for (; k < end; k++)
            y[k] = heft_e4m3(p[k]) * d;
    }
}

/* Eight codes, the first of each byte on top, looked up in 16 floats. Needs an even beginning. */
static void floats_bnb4(float *y, const heft_mat *w, int64_t first, int32_t n)
{
    const heft_scales *s = w->with;
    const __m256 low = _mm256_loadu_ps((const void *)s->code),
                 high = _mm256_loadu_ps((const void *)(s->code + 32));
    const __m256i shift = _mm256_setr_epi32(4, 0, 12, 8, 20, 16, 28, 24);
    for (int32_t i = 0, end; i < n; i = end) {
        const int64_t group = (first + i) / s->group, next = (group + 1) * s->group - first;
        const float d = heft_scale(s, 0, group);
        end = next < n ? (int32_t)next : n;
        int32_t k = i;
        for (; k + 8 <= end && (first + k) % 2 == 0; k += 8) {
            int32_t four;
            memcpy(&four, w->data + (first + k) / 2, sizeof four);
            const __m256i q = _mm256_srlv_epi32(_mm256_set1_epi32(four), shift);
            const __m256 a = _mm256_permutevar8x32_ps(low, q),
                         b = _mm256_permutevar8x32_ps(high, q);
            const __m256 top = _mm256_castsi256_ps(_mm256_slli_epi32(q, 28));
            _mm256_storeu_ps(y + k, _mm256_mul_ps(_mm256_blendv_ps(a, b, top), _mm256_set1_ps(d)));
        }
        for (; k < end; k++) {
            const int32_t q = w->data[(first + k) / 2] >> ((first + k) % 2 ? 0 : 4) & 15;
            y[k] = heft_number(HEFT_F32, s->code + (ptrdiff_t)(4 * q)) * d;
        }
    }
}

void heft_avx2_read_group(const heft_mat *w, int64_t g, int64_t at, int32_t n, float *d,
                          float *zero)
{
    const heft_scales *s = w->with;
    const bool awq = w->dtype == HEFT_AWQ4;
    if (s->type != HEFT_F16 || at % 8 || (!awq && w->dtype != HEFT_GPTQ4)) {
        heft_read_group(w, g, at, n, d, zero);
        return;
    }
    const uint8_t *p = s->scale + 2 * (ptrdiff_t)(g * s->stride + at);
    const uint8_t *z = s->zero + (ptrdiff_t)((g * s->stride + at) / 2);
    const __m256i shift = awq ? _mm256_setr_epi32(0, 16, 4, 20, 8, 24, 12, 28)
                              : _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
    for (int32_t i = 0; i < n; i += 8) {
        const __m256i word = _mm256_set1_epi32((int32_t)heft_load32(z + i / 2));
        const __m256i q =
            _mm256_add_epi32(_mm256_srlv_epi32(word, shift), _mm256_set1_epi32(s->add));
        const __m256 f = _mm256_cvtepi32_ps(_mm256_and_si256(q, _mm256_set1_epi32(15)));
        _mm256_storeu_ps(zero + i, f);
        _mm256_storeu_ps(d + i, _mm256_cvtph_ps(_mm_loadu_si128((const void *)(p + 2 * i))));
    }
}

/* n <= STRIP places, a multiple of 8, of lines in words; AWQ: at a multiple of 8. */
static void floats_words(float *y, int64_t apart, const heft_mat *w, int64_t line, int32_t lines,
                         int64_t at, int32_t n)
{
    const heft_scales *s = w->with;
    const bool awq = w->dtype == HEFT_AWQ4;
    const int32_t per = awq ? 8 : heft_dtypes[w->dtype].block, bits = 32 / per;
    const __m256i mask = _mm256_set1_epi32((1 << bits) - 1),
                  across = _mm256_setr_epi32(0, 16, 4, 20, 8, 24, 12, 28);
    float d[STRIP], zero[STRIP];
    int64_t have = -1;
    for (int32_t k = 0; k < lines; k++, y += apart) {
        const int64_t l = line + k, g = heft_line_group(s, l);
        if (g != have) heft_avx2_read_group(w, g, at, n, d, zero);
        have = g;
        const uint8_t *p = w->data + (ptrdiff_t)((awq ? l : l / per) * w->stride);
        const __m128i shift = _mm_cvtsi32_si128((int32_t)(l % per) * bits);
        for (int32_t i = 0; i < n; i += 8) {
            __m256i q;
            if (awq) {
                int32_t word;
                memcpy(&word, p + (at + i) / 2, sizeof word);
                q = _mm256_srlv_epi32(_mm256_set1_epi32(word), across);
            } else {
                q = _mm256_srl_epi32(_mm256_loadu_si256((const void *)(p + 4 * (at + i))), shift);
            }
            const __m256 f = _mm256_cvtepi32_ps(_mm256_and_si256(q, mask));
            const __m256 less = _mm256_sub_ps(f, _mm256_loadu_ps(zero + i));
            _mm256_storeu_ps(y + i, _mm256_mul_ps(less, _mm256_loadu_ps(d + i)));
        }
    }
}

void heft_avx2_floats(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                      int32_t at, int32_t n)
{
    const int64_t l = line + w->line, a = (int64_t)at + w->at;
    const bool by_words = w->with->group == 1 && !(w->dtype == HEFT_AWQ4 && a % 8);
    if (by_words) {
        const int32_t whole = n / 8 * 8;
        for (int32_t i = 0; i < whole; i += STRIP)
            floats_words(y + i, apart, w, l, lines, a + i, whole - i < STRIP ? whole - i : STRIP);
        if (whole < n) heft_floats(y + whole, apart, w, line, lines, at + whole, n - whole);
    } else if (w->dtype == HEFT_FP8) {
        for (int32_t k = 0; k < lines; k++, y += apart)
            floats_fp8(y, w, l + k, a, n);
    } else if (w->dtype == HEFT_BNB4) {
        for (int32_t k = 0; k < lines; k++, y += apart)
            floats_bnb4(y, w, 2 * (l + k) * w->stride + a, n);
    } else {
        heft_floats(y, apart, w, line, lines, at, n);
    }
}

/* ---- sixteen rows of blocks to a panel -------------------------------- */

/* Scale j of eight rows, whose scales begin at `row`. */
INLINE __m256 eight_scales(const heft_scales *s, const int64_t row[8], int64_t j)
{
    float d[8];
    for (int32_t i = 0; i < 8; i++)
        d[i] = s->type == HEFT_BF16
                   ? heft_float_of((uint32_t)heft_load16(s->scale + 2 * (row[i] + j)) << 16)
                   : heft_scale(s, 0, row[i] + j);
    return _mm256_loadu_ps(d);
}

/* Zero points of group g of the rows from `line` on. */
INLINE __m256i eight_zeros(const heft_mat *w, int64_t line, int64_t g)
{
    int32_t zero[8];
    for (int32_t i = 0; i < 8; i++)
        zero[i] = heft_zero_below(w->with, line + i, g, 4);
    return _mm256_loadu_si256((const void *)zero);
}

/* What eight rows have in common for as long as a group lasts. */
typedef struct {
    int64_t row[8]; /* where their scales begin */
    __m256 d, d2;   /* scales; of the second half */
    __m256i zero;
} group_of_rows;

/* Where eight rows from `line` on have their scales. */
INLINE group_of_rows begin_groups(const heft_mat *w, int64_t line)
{
    group_of_rows g = { .d = _mm256_setzero_ps() };
    for (int32_t i = 0; i < 8; i++)
        g.row[i] = (line + i) / w->with->lines * w->with->stride;
    return g;
}

/* The group of number k. */
INLINE void read_groups(const heft_dtype t, const heft_mat *w, int64_t line, int64_t k,
                        group_of_rows *g)
{
    const heft_scales *s = w->with;
    const int64_t j = k / s->group;
    if (t == HEFT_FP4_MX) {
        float d[8];
        for (int32_t i = 0; i < 8; i++)
            d[i] = heft_half_e8m0(s->scale[g->row[i] + j]);
        g->d = _mm256_loadu_ps(d);
        return;
    }
    g->d = eight_scales(s, g->row, j);
    if (t == HEFT_FP4_NV) g->d = _mm256_mul_ps(g->d, _mm256_set1_ps(0.5f));
    if (t == HEFT_FP4_NV)
        g->d2 = _mm256_mul_ps(eight_scales(s, g->row, j + 1), _mm256_set1_ps(0.5f));
    if (t == HEFT_INT4_ZERO) g->zero = eight_zeros(w, line, j);
}

/* Whether block b has other scales than the one before. */
INLINE bool begins_group(const heft_dtype t, const heft_mat *w, int32_t b)
{
    return t == HEFT_FP4_NV || 32 * (int64_t)b % w->with->group == 0;
}

/* Granules 2k and 2k + 1 of eight rows from lanes of their even and odd numbers. */
INLINE void put_pairs(uint8_t (*q)[PANEL_ROWS][4], int32_t g, int32_t k, __m256i even, __m256i odd)
{
    const __m256 a = _mm256_castsi256_ps(_mm256_unpacklo_epi8(even, odd)),
                 b = _mm256_castsi256_ps(_mm256_unpackhi_epi8(even, odd));
    _mm256_store_ps((void *)q[2 * k][g], _mm256_shuffle_ps(a, b, 0x88));
    _mm256_store_ps((void *)q[2 * k + 1][g], _mm256_shuffle_ps(a, b, 0xdd));
}

/* One block at p of eight rows to the granules q, rows g .. g + 7; 128 added, but for FP4_NV. */
INLINE void put_block(const heft_dtype t, uint8_t (*q)[PANEL_ROWS][4], int32_t g, const uint8_t *p,
                      size_t stride, __m256i zero)
{
    const bool table = t == HEFT_FP4_MX || t == HEFT_FP4_NV;
    const __m256i top = _mm256_set1_epi8(t == HEFT_FP4_NV ? 0 : -128);
    const __m256i values =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)heft_values_e2m1));
    const __m256i list = _mm256_xor_si256(values, top), add = _mm256_sub_epi8(top, zero);
    __m256i b[4];
    if (t == HEFT_INT8 || t == HEFT_UINT8) {
        for (int32_t k = 0; k < 8; k++) {
            if (k % 4 == 0) granules(p + 4 * k, stride, b);
            const __m256i v = t == HEFT_INT8 ? _mm256_xor_si256(b[k % 4], top) : b[k % 4];
            _mm256_store_si256((void *)q[k][g], v);
        }
        return;
    }
    granules(p, stride, b);
    for (int32_t k = 0; k < 4; k++) {
        const __m256i even = low_nibbles(b[k]), odd = high_nibbles(b[k]);
        if (table)
            put_pairs(q, g, k, _mm256_shuffle_epi8(list, even), _mm256_shuffle_epi8(list, odd));
        else
            put_pairs(q, g, k, _mm256_add_epi8(even, add), _mm256_add_epi8(odd, add));
    }
}

INLINE void unpack_scaled(const heft_dtype t, uint8_t *panel, size_t size, const heft_mat *w,
                          int32_t first, int32_t b, int32_t n)
{
    for (int32_t r = 0; r < PANEL_ROWS; r += 8) {
        const int64_t line = first + r + w->line;
        const int32_t bytes = heft_dtypes[t].bytes;
        const uint8_t *p = w->data + (ptrdiff_t)(line * w->stride + (int64_t)b * bytes);
        group_of_rows g = begin_groups(w, line);
        g.zero = _mm256_set1_epi8(8); /* of INT4 */
        for (int32_t i = 0; i < n; i++, p += bytes) {
            void *block = panel + size * (size_t)i;
            if (i == 0 || begins_group(t, w, b + i)) {
                read_groups(t, w, line, 32 * (int64_t)(b + i), &g);
                if (t == HEFT_INT4_ZERO)
                    g.zero = _mm256_mullo_epi32(g.zero, _mm256_set1_epi32(0x01010101));
            }
            if (t == HEFT_FP4_NV) {
                panel_any *any = block;
                put_block(t, any->q, r, p, (size_t)w->stride, g.zero);
                for (int32_t h = 0; h < 2; h++) {
                    _mm256_store_si256((void *)any->sc[h][r], _mm256_set1_epi16(1));
                    _mm256_store_ps(any->d[h] + r, h == 0 ? g.d : g.d2);
                }
            } else {
                panel_s *eight = block;
                put_block(t, eight->q, r, p, (size_t)w->stride, g.zero);
                _mm256_store_ps(eight->d + r, g.d);
            }
        }
    }
}

void heft_x86_unpack_scaled(void *panel, const heft_mat *w, int32_t first, int32_t b, int32_t n)
{
    const size_t s = sizeof(panel_s);
    switch (w->dtype) {
    case HEFT_INT4: unpack_scaled(HEFT_INT4, panel, s, w, first, b, n); break;
    case HEFT_INT4_ZERO: unpack_scaled(HEFT_INT4_ZERO, panel, s, w, first, b, n); break;
    case HEFT_INT8: unpack_scaled(HEFT_INT8, panel, s, w, first, b, n); break;
    case HEFT_UINT8: unpack_scaled(HEFT_UINT8, panel, s, w, first, b, n); break;
    case HEFT_FP4_MX: unpack_scaled(HEFT_FP4_MX, panel, s, w, first, b, n); break;
    default: unpack_scaled(HEFT_FP4_NV, panel, sizeof(panel_any), w, first, b, n);
    }
}

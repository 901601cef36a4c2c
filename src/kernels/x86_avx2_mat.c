/* AVX2 matrix products: which kernel multiplies what, and the quantiser of activations. */
#include "kernels/fill.h"
#include "kernels/x86_avx2_dot.h"
#include "kernels/x86_rows.inc"
#include "kernels/x86_scaled_rows.inc"
#include "kernels/x86_words_256.h"

#include <assert.h>
#include <math.h>

/* ---- activations ---- */

INLINE __m256i absolute_bits(__m256 x)
{
    return _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffffff));
}

/* Largest of eight; the bits of floats without a sign are in the order of their values, with
 * infinity and the NaNs on top. */
INLINE int32_t largest(__m256i v)
{
    __m128i m = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1));
    return _mm_cvtsi128_si32(m);
}

/* Sum of 16 bytes. */
INLINE int16_t sum_bytes(__m128i q)
{
    const __m128i flipped = _mm_xor_si128(q, _mm_set1_epi8(-128));
    const __m128i sums = _mm_sad_epu8(flipped, _mm_setzero_si128());
    return (int16_t)(_mm_cvtsi128_si32(sums) + _mm_extract_epi16(sums, 4) - 16 * 128);
}

static void quantise_block(heft_act *a, const float *x)
{
    const __m256 v[4] = { _mm256_loadu_ps(x), _mm256_loadu_ps(x + 8), _mm256_loadu_ps(x + 16),
                          _mm256_loadu_ps(x + 24) };
    const __m256i m01 = _mm256_max_epi32(absolute_bits(v[0]), absolute_bits(v[1]));
    const __m256i m23 = _mm256_max_epi32(absolute_bits(v[2]), absolute_bits(v[3]));
    const int32_t bits = largest(_mm256_max_epi32(m01, m23));
    float m;
    memcpy(&m, &bits, sizeof m);
    if (!isfinite(m)) {
        *a = (heft_act){ .d = NAN, .s = NAN };
        return;
    }

    if (m < HEFT_ACT_MIN) m = 0;
    const __m256 id = _mm256_set1_ps(m > 0 ? 127.0f / m : 0);
    __m256i q[4];
    for (int32_t i = 0; i < 4; i++)
        q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], id));
    const __m256i words01 = _mm256_packs_epi32(q[0], q[1]),
                  words23 = _mm256_packs_epi32(q[2], q[3]);
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(words01, words23),
                                                      _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(void *)a->q, bytes);
    a->d = m / 127.0f;
    a->h[0] = sum_bytes(_mm256_castsi256_si128(bytes));
    a->h[1] = sum_bytes(_mm256_extracti128_si256(bytes, 1));
    a->s = a->d * (float)(a->h[0] + a->h[1]);
}

static void quantise_avx2(heft_act *a, const float *x, int32_t k)
{
    assert(k % 32 == 0);
    for (int32_t b = 0; b < k / 32; b++)
        quantise_block(a + b, x + 32 * b);
}

/* ---- blocks ---- */

enum {
    /* Bytes of a panel that stay in the second cache while every column passes. More k than that
     * are done in several passes, with the sums waiting in y. */
    PANEL_BYTES = 320 << 10,
    /* The same as heft_x86_set.few, where a panel must be filled by heft_unpack. */
    FEW_WITHOUT_UNPACKER = 128,
};

/* ---- few columns ---- */

/* As many of n columns as are multiplied together. */
static int32_t part_of(int32_t n, int32_t most)
{
    while (most > n)
        most /= 2;
    return most;
}

/* Even numbers of a block, then its odd ones. */
INLINE void part_pairs(int8_t q[32])
{
    const __m256i order = _mm256_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15, 0,
                                           2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    const __m256i v = _mm256_shuffle_epi8(_mm256_loadu_si256((const void *)q), order);
    _mm256_storeu_si256((void *)q, _mm256_permute4x64_epi64(v, 0xd8));
}

/* Side by side, as rowers read them, part for part. */
void heft_x86_lay(heft_act *laid, const void *const *x, int32_t n, int32_t blocks, int32_t most)
{
    for (int32_t c = 0, part; c < n; c += part) {
        part = part_of(n - c, most);
        for (int32_t b = 0; b < blocks; b++)
            for (int32_t i = 0; i < part; i++)
                *laid++ = ((const heft_act *)x[c + i])[b];
    }
}

static void lay_avx2(heft_act *laid, const void *const *x, int32_t n, int32_t blocks)
{
    heft_x86_lay(laid, x, n, blocks, MOST_COLUMNS);
}

/* The columns as a rower of w reads them: in `room`, unless they lie so already. */
static const heft_act *side_by_side(const heft_mat *w, const heft_columns *x, int32_t most,
                                    heft_act *room)
{
    const bool pairs = w->with && heft_dtypes[w->dtype].bytes == 16;
    const int32_t blocks = w->cols / 32;
    if (!pairs && x->n == 1) return x->x[0];
    if (!pairs && x->laid) return x->laid;
    heft_x86_lay(room, x->x, x->n, blocks, most);
    for (int32_t i = 0; pairs && i < x->n * blocks; i++)
        part_pairs(room[i].q);
    return room;
}

/* Rows r .. r1 - 1 of y from what their group has, which begins with row `first`. */
static void put_rows(float *const *y, int32_t r, int32_t first, int32_t group, int32_t n,
                     float (*acc)[PANEL_ROWS])
{
    for (int32_t i = 0; i < n; i++)
        memcpy(y[i] + r, acc[i] + (r - first), sizeof(float) * (size_t)(first + group - r));
}

/* At most HEFT_FEW columns. Needs r1 >= the set's group: the last group ends at r1 and may begin
 * before r0; what lies before is computed and dropped. */
static void mul_rows(const heft_x86_set *set, const heft_mat *w, int32_t r0, int32_t r1,
                     const heft_columns *x, float *const *y, heft_act *room)
{
    const int32_t blocks = w->cols / 32, group = set->group, n = x->n;
    const heft_act *a = side_by_side(w, x, set->most, room);
    for (int32_t r = r0; r < r1; r += group) {
        const int32_t first = r + group <= r1 ? r : r1 - group;
        const uint8_t *row = w->data + (ptrdiff_t)(w->stride * first);
        float acc[HEFT_FEW][PANEL_ROWS];
        for (int32_t c = 0, part; c < n; c += part) {
            const heft_act *columns = a + (ptrdiff_t)c * blocks;
            part = part_of(n - c, set->most);
            if (w->with)
                set->scaled_rows(w, first, columns, part, acc + c);
            else
                set->format[w->dtype].rows(row, (size_t)w->stride, columns, part, blocks, acc + c);
        }
        put_rows(y, r, first, group, n, acc);
    }
}

/* ---- many columns ---- */

static bool has_unpacker(const heft_x86_set *set, const heft_mat *w)
{
    return w->with ? set->scaled != NULL : set->format[w->dtype].unpack != NULL;
}

/* Blocks b .. b + n - 1 of the 16 rows from `first` on to the panel, through heft_unpack: several
 * of each row before the first is read, because its stores are done by then. */
static void put_blocks(const heft_x86_format *f, uint8_t *panel, const heft_mat *w, int32_t first,
                       int32_t b, int32_t n)
{
    enum { AHEAD = 8 }; /* as many as a line */
    const bool lines = heft_avx2_has_lines(w->dtype);
    heft_block block[AHEAD][PANEL_ROWS];
    for (int32_t i = 0; i < n; i += AHEAD) {
        const int32_t part = n - i < AHEAD ? n - i : AHEAD;
        for (int32_t r = 0; r < PANEL_ROWS; r++) {
            const int32_t row = first + r < w->rows ? first + r : w->rows - 1;
            if (lines) heft_avx2_unpack_line(&block[0][r], PANEL_ROWS, w, row, b + i);
            for (int32_t j = 0; j < part && !lines; j++)
                heft_unpack(&block[j][r], w, row, b + i + j);
        }
        for (int32_t j = 0; j < part; j++)
            f->put(panel + f->block * (size_t)(i + j), block[j]);
    }
}

/* The same, by the format's unpacker where it has one. */
static void fill_panel(const heft_x86_set *set, void *panel, const heft_mat *w, int32_t first,
                       int32_t b, int32_t n)
{
    const heft_x86_format *f = &set->format[w->dtype];
    const heft_dtype_info *info = &heft_dtypes[w->dtype];
    const uint8_t *row = w->data + (ptrdiff_t)(w->stride * first);
    if (!has_unpacker(set, w) || first + PANEL_ROWS > w->rows) {
        put_blocks(f, panel, w, first, b, n);
        return;
    }
    if (w->with) row += (ptrdiff_t)(w->stride * w->line);
    for (int32_t i = 0; i < n; i += 8) { /* 256 k here, and as much of the next rows fetched */
        uint8_t *to = (uint8_t *)panel + f->block * (size_t)i;
        const int32_t part = n - i < 8 ? n - i : 8;
        const size_t at = (size_t)(b + i) * 32 / (size_t)info->block * (size_t)info->bytes;
        const size_t bytes = (size_t)part * 32 / (size_t)info->block * (size_t)info->bytes;
        fetch(row + PANEL_ROWS * ((size_t)w->stride + at), PANEL_ROWS * bytes);
        if (w->with)
            set->scaled(to, w, first, b + i, part);
        else
            f->unpack(to, row, (size_t)w->stride, b + i, part);
    }
}

/* Numbers of a column that a panel has; most panels are whole, and the compiler knows how many that
 * are. */
static void copy_rows(float *to, const float *from, int32_t n)
{
    if (n == PANEL_ROWS)
        memcpy(to, from, PANEL_ROWS * sizeof *to);
    else
        memcpy(to, from, (size_t)n * sizeof *to);
}

/* The panel's blocks from b on times all columns; rows r .. r1 - 1 of y, which the panel has from
 * its row `skip` on. */
static void mul_panel(heft_x86_tiler *tile, int32_t columns, const void *panel, int32_t b,
                      int32_t blocks, const heft_act *const *x, int32_t n, float *const *y,
                      int32_t r, int32_t r1, int32_t skip)
{
    for (int32_t c = 0; c < n; c += columns) {
        const int32_t nc = n - c < columns ? n - c : columns;
        float acc[HEFT_X86_COLUMNS][PANEL_ROWS] __attribute__((aligned(64))) = { { 0 } };
        const heft_act *a[HEFT_X86_COLUMNS];
        for (int32_t i = 0; i < nc; i++) {
            a[i] = x[c + i] + b;
            if (b > 0) copy_rows(acc[i] + skip, y[c + i] + r, r1 - r);
        }
        if (blocks > 0) tile(panel, a, nc, blocks, acc);
        for (int32_t i = 0; i < nc; i++)
            copy_rows(y[c + i] + r, acc[i] + skip, r1 - r);
    }
}

static void mul_panels(const heft_x86_set *set, const heft_mat *w, int32_t r0, int32_t r1,
                       const heft_act *const *x, int32_t n, float *const *y, void *scratch)
{
    const heft_x86_format *f = &set->format[w->dtype];
    const int32_t all = w->cols / 32, most = (int32_t)(PANEL_BYTES / f->block) / 8 * 8;
    const int32_t passes = all > most ? (all + most - 1) / most : 1;
    const int32_t step = (all + 8 * passes - 1) / (8 * passes) * 8;
    for (int32_t r = r0; r < r1; r += PANEL_ROWS) {
        const int32_t end = r + PANEL_ROWS < r1 ? r + PANEL_ROWS : r1;
        const int32_t first = end >= PANEL_ROWS ? end - PANEL_ROWS : 0;
        for (int32_t pass = 0, b = 0; pass < passes; pass++, b += step) {
            const int32_t blocks = all - b < step ? all - b : step;
            fill_panel(set, scratch, w, first, b, blocks);
            mul_panel(f->tile, set->columns, scratch, b, blocks, x, n, y, r, end, r - first);
        }
    }
}

/* ---- the table ---- */

void heft_x86_mul(const heft_x86_set *set, const heft_mat *w, int32_t r0, int32_t r1,
                  const heft_columns *x, float *const *y, void *scratch)
{
    assert(heft_dtypes[w->dtype].sum != HEFT_SUM_NONE && 0 <= r0 && r1 <= w->rows);
    const heft_act *const *a = (const heft_act *const *)x->x;
    const float *const *floats = (const float *const *)x->x;
    const int32_t n = x->n;
    const heft_x86_format *f = &set->format[w->dtype];
    const int32_t few = has_unpacker(set, w) ? set->few : FEW_WITHOUT_UNPACKER;
    if (w->by_col)
        set->mul_c(w, r0, r1, floats, n, y, scratch);
    else if (n <= HEFT_AVX2_STRAIGHT && heft_avx2_has_codes(w))
        heft_avx2_mul_codes(w, r0, r1, floats, n, y);
    else if (heft_dtypes[w->dtype].sum == HEFT_SUM_F)
        set->mul_f(w, r0, r1, floats, n, y, scratch);
    else if (n <= few && (f->rows || w->with) && r1 >= set->group && w->cols > 0)
        for (int32_t c = 0; c < n; c += HEFT_FEW) {
            const int32_t part = n - c < HEFT_FEW ? n - c : HEFT_FEW;
            mul_rows(set, w, r0, r1, &(heft_columns){ x->x + c, part, x->laid }, y + c, scratch);
        }
    else if (0 < n && n <= HEFT_FEW && heft_avx2_has_lines(w->dtype))
        set->lines(w, r0, r1, a, n, y);
    else if (0 < n && n <= HEFT_FEW && !has_unpacker(set, w))
        for (int32_t r = r0; r < r1; r++)
            heft_avx2_row_any(w, r, a, n, y);
    else
        mul_panels(set, w, r0, r1, a, n, y, scratch);
}

size_t heft_x86_mul_scratch(int32_t cols)
{
    const size_t blocks = (size_t)cols / 32, panel = blocks * PANEL_BLOCK_MAX;
    const size_t need[] = {
        panel < PANEL_BYTES ? panel : PANEL_BYTES,
        blocks * HEFT_FEW * sizeof(heft_act),
        heft_avx2_float_scratch(cols),
    };
    size_t most = 0;
    for (size_t i = 0; i < sizeof need / sizeof *need; i++)
        if (need[i] > most) most = need[i];
    return most;
}

/* clang-format off */
static const heft_x86_format formats[HEFT_DTYPES] = {
    [HEFT_Q4_0] = { sizeof(panel_s), heft_avx2_tile_s4, heft_avx2_put_s4,
                    heft_avx2_unpack_q4_0, rows_q4_0 },
    [HEFT_Q8_0] = { sizeof(panel_s8), heft_avx2_tile_s8, heft_avx2_put_s8,
                    heft_avx2_unpack_q8_0, rows_q8_0 },
    [HEFT_Q4_K] = { sizeof(panel_a), heft_avx2_tile_a4, heft_avx2_put_a,
                    heft_avx2_unpack_q4_k, rows_q4_k },
    [HEFT_Q5_K] = { sizeof(panel_a), heft_avx2_tile_a5, heft_avx2_put_a,
                    heft_avx2_unpack_q5_k, rows_q5_k },
    [HEFT_Q6_K] = { sizeof(panel_q), heft_avx2_tile_q6, heft_avx2_put_q6,
                    heft_avx2_unpack_q6_k, rows_q6_k },
    /* panels through heft_unpack; those whose q fits a narrower panel take that */
    [HEFT_Q1_0]    = { sizeof(panel_s), heft_avx2_tile_s4, heft_avx2_put_s4, NULL, NULL },
    [HEFT_Q2_0]    = { sizeof(panel_s), heft_avx2_tile_s4, heft_avx2_put_s4, NULL, NULL },
    [HEFT_Q4_1]    = { sizeof(panel_a), heft_avx2_tile_a4, heft_avx2_put_a,
                     heft_avx2_unpack_q4_1, rows_q4_1 },
    [HEFT_Q5_0]    = { sizeof(panel_s), heft_avx2_tile_s5, heft_avx2_put_s5,
                     heft_avx2_unpack_q5_0, rows_q5_0 },
    [HEFT_Q5_1]    = { sizeof(panel_a), heft_avx2_tile_a5, heft_avx2_put_a,
                     heft_avx2_unpack_q5_1, rows_q5_1 },
    [HEFT_Q2_K]    = { sizeof(panel_any), heft_avx2_tile_m, heft_avx2_put_any,
                     heft_avx2_unpack_q2_k, rows_q2_k },
    [HEFT_Q3_K]    = { sizeof(panel_q), heft_avx2_tile_q6, heft_avx2_put_q6,
                     heft_avx2_unpack_q3_k, rows_q3_k },
    [HEFT_IQ1_S]   = { sizeof(panel_q), heft_avx2_tile_q6, heft_avx2_put_q6, NULL, NULL },
    [HEFT_IQ1_M]   = { sizeof(panel_q), heft_avx2_tile_q6, heft_avx2_put_q6, NULL, NULL },
    [HEFT_IQ2_XXS] = { sizeof(panel_any), heft_avx2_tile_q, heft_avx2_put_any, NULL, NULL },
    [HEFT_IQ2_XS]  = { sizeof(panel_any), heft_avx2_tile_q, heft_avx2_put_any, NULL, NULL },
    [HEFT_IQ2_S]   = { sizeof(panel_any), heft_avx2_tile_q, heft_avx2_put_any, NULL, NULL },
    [HEFT_IQ3_XXS] = { sizeof(panel_any), heft_avx2_tile_q, heft_avx2_put_any, NULL, NULL },
    [HEFT_IQ3_S]   = { sizeof(panel_q), heft_avx2_tile_q6, heft_avx2_put_q6, NULL, NULL },
    [HEFT_IQ4_NL]  = { sizeof(panel_s8), heft_avx2_tile_s8, heft_avx2_put_s8,
                     heft_avx2_unpack_iq4_nl, rows_iq4_nl },
    [HEFT_IQ4_XS]  = { sizeof(panel_s8), heft_avx2_tile_s8, heft_avx2_put_s8,
                     heft_avx2_unpack_iq4_xs, rows_iq4_xs },
    [HEFT_TQ1_0]   = { sizeof(panel_s), heft_avx2_tile_s4, heft_avx2_put_s4, NULL, NULL },
    [HEFT_TQ2_0]   = { sizeof(panel_s), heft_avx2_tile_s4, heft_avx2_put_s4, NULL, NULL },
    [HEFT_MXFP4]   = { sizeof(panel_s), heft_avx2_tile_s5, heft_avx2_put_s5,
                     heft_avx2_unpack_mxfp4, rows_mxfp4 },
    [HEFT_NVFP4]   = { sizeof(panel_any), heft_avx2_tile_h, heft_avx2_put_any,
                     heft_avx2_unpack_nvfp4, NULL },
    /* scales beside them: few columns by a set's scaled_rows */
    [HEFT_INT4]       = { sizeof(panel_s), heft_avx2_tile_s4, heft_avx2_put_s4, NULL, NULL },
    [HEFT_INT4_ZERO]  = { sizeof(panel_s), heft_avx2_tile_s5, heft_avx2_put_s5, NULL, NULL },
    [HEFT_INT8]       = { sizeof(panel_s8), heft_avx2_tile_s8, heft_avx2_put_s8, NULL, NULL },
    [HEFT_UINT8]      = { sizeof(panel_s8), heft_avx2_tile_s8, heft_avx2_put_s8, NULL, NULL },
    [HEFT_FP4_MX]     = { sizeof(panel_s), heft_avx2_tile_s5, heft_avx2_put_s5, NULL, NULL },
    [HEFT_FP4_NV]     = { sizeof(panel_any), heft_avx2_tile_h, heft_avx2_put_any, NULL, NULL },
};
/* clang-format on */

static const heft_x86_set avx2 = {
    .columns = 4,
    .group = GROUP,
    .most = MOST_COLUMNS,
    .few = 8,
    .mul_f = heft_avx2_mul_f,
    .mul_c = heft_avx2_mul_c,
    .scaled_rows = rows_scaled,
    .lines = heft_avx2_mul_lines,
    .format = formats,
};

static void mul_avx2(const heft_mat *w, int32_t r0, int32_t r1, const heft_columns *x,
                     float *const *y, void *scratch)
{
    heft_x86_mul(&avx2, w, r0, r1, x, y, scratch);
}

void heft_kernels_avx2_mat(heft_kernels *k)
{
    k->quantise = quantise_avx2;
    k->lay = lay_avx2;
    k->mul = mul_avx2;
    k->mul_scratch = heft_x86_mul_scratch;
}

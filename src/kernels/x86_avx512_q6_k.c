/* One column of Q6_K, with AVX-512: rows one after another, in the order of the file.
 *
 * Rows side by side (x86_rows.inc) keep 16 streams open and move every number across lanes before
 * it is multiplied: with six bits that takes longer than memory does. Here 256 numbers of a row
 * become the integer sums of their eight blocks where they lie, which wait until 16 rows have
 * theirs, and are turned about then, so that lanes are rows. Formats of four, five and eight bits
 * gain nothing by it. */
#include "dtype/blocks.h"
#include "kernels/x86_avx512_mat.h"
#include "kernels/x86_words_512.h"

#include "kernels/x86_granules.inc"

#include <stddef.h>

enum {
    ROWS = 16,
    LINE = 256,       /* numbers of a stored block */
    BLOCKS = 8,       /* of 32 numbers in it */
    AHEAD = 16 << 10, /* bytes that are fetched ahead of where rows are read */
};

/* 256 numbers of the column: y[i] has those of blocks i and i + 4; and 32 times the sum of every
 * half block, in the order of sum_halves(). */
typedef struct {
    words y[4], halves;
} column;

/* What waits of 256 numbers of 16 rows. */
typedef struct {
    int32_t sum[ROWS][BLOCKS];
    uint16_t d[ROWS];
} waiting;

/* 32 bytes at p and at q */
INLINE words two(const void *p, const void *q)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(p)), _mm256_loadu_si256(q),
                              1);
}

/* Word 4 L + i: the sum of half L % 2 of block i + L / 2 * 4. Four products of six bits fit in
 * int16, and eight do not. */
INLINE words sum_halves(const words w[4], const words y[4])
{
    words s[4];
    reals pairs[2];
    for (int32_t i = 0; i < 4; i++)
        s[i] = dot(all32(0), w[i], y[i]);
    for (int32_t i = 0; i < 2; i++)
        pairs[i] = as_reals(madd16(_mm512_packs_epi32(s[2 * i], s[2 * i + 1]), all16(1)));
    return add32(_mm512_castps_si512(_mm512_shuffle_ps(pairs[0], pairs[1], 0x88)),
                 _mm512_castps_si512(_mm512_shuffle_ps(pairs[0], pairs[1], 0xdd)));
}

/* Lanes 0 and 1 of 128 bits together, then 2 and 3. */
INLINE __m256i add_lanes(words v)
{
    return _mm512_castsi512_si256(
        add32(_mm512_shuffle_i32x4(v, v, 0x88), _mm512_shuffle_i32x4(v, v, 0xdd)));
}

/* w[i]: blocks i and i + 4 */
INLINE void read_numbers(const uint8_t *p, words w[4])
{
    const uint8_t *ql = p + offsetof(heft_block_q6_k, ql);
    const words qh = _mm512_loadu_si512(p + offsetof(heft_block_q6_k, qh));
    const words even = two(ql, ql + 64), odd = two(ql + 32, ql + 96);
    for (int32_t u = 0; u < 4; u++)
        w[u] = six_bits(u % 2 ? odd : even, qh, u);
}

/* Sums of halves without 32, times their sub-scales. */
INLINE words weigh(const uint8_t *p, words halves, const column *x)
{
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
    const __m128i sc = _mm_loadu_si128((const void *)(p + offsetof(heft_block_q6_k, sc)));
    return mul32(sub32(halves, x->halves), _mm512_cvtepi8_epi32(_mm_shuffle_epi8(sc, order)));
}

INLINE void read_column(column *x, const heft_act *a, int32_t lines)
{
    for (int32_t s = 0; s < lines; s++, a += BLOCKS) {
        int32_t halves[ROWS];
        for (int32_t i = 0; i < 4; i++) {
            x[s].y[i] = two(a[i].q, a[i + 4].q);
            for (int32_t lane = 0; lane < 4; lane++)
                halves[4 * lane + i] = 32 * a[i + lane / 2 * 4].h[lane % 2];
        }
        x[s].halves = _mm512_loadu_si512(halves);
    }
}

INLINE void sum_row(const uint8_t *p, const column *x, int32_t lines, int32_t row, waiting *to)
{
    for (int32_t s = 0; s < lines; s++, p += sizeof(heft_block_q6_k)) {
        words w[4];
        fetch(p + AHEAD, sizeof(heft_block_q6_k));
        read_numbers(p, w);
        const words halves = weigh(p, sum_halves(w, x[s].y), &x[s]);
        _mm256_storeu_si256((void *)to[s].sum[row], add_lanes(halves));
        memcpy(&to[s].d[row], p + offsetof(heft_block_q6_k, d), sizeof to[s].d[row]);
    }
}

/* The sums of 16 rows, which waited, times d and the column's scales. */
INLINE reals join(const waiting *x, int32_t lines, const heft_act *a)
{
    reals acc = all_reals(0);
    for (int32_t s = 0; s < lines; s++, a += BLOCKS) {
        words sum[BLOCKS];
        const reals d = _mm512_cvtph_ps(_mm256_loadu_si256((const void *)x[s].d));
        granules((const void *)x[s].sum[0], sizeof x[s].sum[0], sum);
        granules((const void *)(x[s].sum[0] + 4), sizeof x[s].sum[0], sum + 4);
        for (int32_t j = 0; j < BLOCKS; j++)
            acc = scaled(d, a + j, sum[j], acc);
    }
    return acc;
}

/* The last 16 rows end at r1 and may begin before r0; what lies before is computed and dropped. */
void heft_avx512_mul_q6_k(const heft_mat *w, int32_t r0, int32_t r1, const heft_act *a, float *y,
                          void *scratch)
{
    const int32_t lines = w->cols / LINE;
    column *x = scratch;
    waiting *wait = (waiting *)(void *)(x + lines);
    read_column(x, a, lines);
    for (int32_t r = r0; r < r1; r += ROWS) {
        const int32_t first = r + ROWS <= r1 ? r : r1 - ROWS;
        for (int32_t i = 0; i < ROWS; i++)
            sum_row(w->data + (ptrdiff_t)(w->stride * (first + i)), x, lines, i, wait);
        float out[ROWS];
        store_reals(out, join(wait, lines, a));
        memcpy(y + r, out + (r - first), sizeof *y * (size_t)(first + ROWS - r));
    }
}

size_t heft_avx512_q6_k_scratch(int32_t cols)
{
    return (size_t)cols / LINE * (sizeof(column) + sizeof(waiting));
}

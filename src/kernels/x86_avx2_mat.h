/* The pieces of the x86 matrix kernels, and what they share: AVX2, and what AVX-VNNI and AVX-512
 * put in its place.
 *
 * Lanes are rows, so there is no sum across lanes. Weights are handled in granules of four
 * consecutive k (32 bits): one register holds a granule of eight rows, and vpmaddubsw multiplies
 * it with one granule of the activations, broadcast.
 *
 * Few columns: rows.h multiplies eight rows at a time straight from the file.
 * Many columns: unpack.c writes 16 rows into a panel, a tile kernel multiplies it with a few
 * columns at a time. A format without kernels of its own reaches the panel through heft_unpack;
 * any.c has the panel that takes every canonical block, and multiplies few columns by canonical
 * blocks. */
#ifndef HEFT_KERNELS_X86_AVX2_MAT_H
#define HEFT_KERNELS_X86_AVX2_MAT_H

#include "kernels/kernels.h"
#include "kernels/x86_common.h"

#include <immintrin.h>
#include <string.h>

/* ---- panels ---- */

enum { PANEL_ROWS = 16 };

/* One block of 32 k of 16 rows; q[i] is granule i. Numbers are unsigned, at most as wide as the
 * name says; what was added to make them so is taken off in the integer sum. */
typedef struct { /* class A, 4 or 5 bits */
    uint8_t q[8][PANEL_ROWS][4];
    float d[PANEL_ROWS], m[PANEL_ROWS];
} panel_a;

typedef struct { /* class S: q - 8, 4 bits, or q - 128, by the kernel that reads it */
    uint8_t q[8][PANEL_ROWS][4];
    float d[PANEL_ROWS];
} panel_s;

typedef struct { /* class S, 8 bits: q[0] + 16 q[1] - 128, two nibbles */
    uint8_t q[2][8][PANEL_ROWS][4];
    float d[PANEL_ROWS];
} panel_s8;

typedef struct { /* class Q: q - 32, 6 bits, or q - 128 */
    uint8_t q[8][PANEL_ROWS][4];
    int16_t sc[2][PANEL_ROWS][2]; /* the scale of half h, twice, for vpmaddwd */
    int16_t off[PANEL_ROWS][2];   /* -32 or -128 times the scales of both halves */
    float d[PANEL_ROWS];
} panel_q;

typedef struct { /* any class but A: signed q */
    uint8_t q[8][PANEL_ROWS][4];
    int16_t sc[2][PANEL_ROWS][2]; /* the sub-scale of half h, twice, for vpmaddwd */
    int16_t mn[PANEL_ROWS][2];
    float d[2][PANEL_ROWS], m[PANEL_ROWS];
} panel_any;

enum { PANEL_BLOCK_MAX = sizeof(panel_s8) };
_Static_assert(sizeof(panel_any) <= PANEL_BLOCK_MAX, "panel_any");

/* Blocks b .. b + n - 1 (b and n multiples of the format's stored block) of the 16 rows from
 * `row` on, `stride` bytes apart, to a panel. */
typedef void heft_x86_unpacker(void *panel, const uint8_t *row, size_t stride, int32_t b,
                               int32_t n);
heft_x86_unpacker heft_avx2_unpack_q4_0, heft_avx2_unpack_q8_0, heft_avx2_unpack_q4_1,
    heft_avx2_unpack_q5_1, heft_avx2_unpack_q2_k, heft_avx2_unpack_q3_k, heft_avx2_unpack_q4_k,
    heft_avx2_unpack_q5_k, heft_avx2_unpack_q6_k, heft_avx2_unpack_nvfp4;
/* to panel_s, q - 128 */
heft_x86_unpacker heft_x86_unpack_q8_0, heft_x86_unpack_q5_0, heft_x86_unpack_iq4_nl,
    heft_x86_unpack_iq4_xs, heft_x86_unpack_mxfp4;

/* The same for blocks with scales beside them, rows from `first` of w on: to panel_s, q - 128; of
 * FP4_NV to panel_any. */
typedef void heft_x86_scaled_unpacker(void *panel, const heft_mat *w, int32_t first, int32_t b,
                                      int32_t n);
heft_x86_scaled_unpacker heft_x86_unpack_scaled;

/* The same for one canonical block of each of the rows. */
typedef void heft_x86_putter(void *panel_block, const heft_block w[PANEL_ROWS]);
heft_x86_putter heft_avx2_put_a, heft_avx2_put_s4, heft_avx2_put_s8, heft_avx2_put_q6,
    heft_avx2_put_any;
heft_x86_putter heft_x86_put_s, heft_x86_put_q; /* q - 128 */

/* acc[c] += a panel of `blocks` blocks times column a[c], c < n, 1 <= n <= the set's `columns`. acc
 * is 64-byte aligned. */
typedef void heft_x86_tiler(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                            float (*acc)[PANEL_ROWS]);
heft_x86_tiler heft_avx2_tile_a4, heft_avx2_tile_a5, heft_avx2_tile_s4, heft_avx2_tile_s8,
    heft_avx2_tile_q6;
/* panel_any, by the steps of the classes S and Q, M, H */
heft_x86_tiler heft_avx2_tile_q, heft_avx2_tile_m, heft_avx2_tile_h;

/* ---- rows ---- */

/* acc[c] = the eight rows from `row` on, of `blocks` blocks, times column a[c], c < n,
 * 1 <= n <= 4. */
typedef void heft_x86_rower(const uint8_t *row, size_t stride, const heft_act *const *a, int32_t n,
                            int32_t blocks, float (*acc)[8]);

/* Row r of w, any block format, through heft_unpack: y[c][r] for columns c < n,
 * 1 <= n <= HEFT_X86_FEW. */
enum { HEFT_X86_FEW = 8 };
void heft_avx2_row_any(const heft_mat *w, int32_t r, const heft_act *const *a, int32_t n,
                       float *const *y);

/* ---- an instruction set ---- */

/* What multiplies one block format. */
typedef struct {
    size_t block; /* bytes of one block of the panel */
    heft_x86_tiler *tile;
    heft_x86_putter *put;
    heft_x86_unpacker *unpack; /* NULL: through heft_unpack and put */
    heft_x86_rower *rows;      /* NULL: through heft_unpack */
} heft_x86_format;

enum { HEFT_X86_COLUMNS = 8 }; /* most columns of a tile */

/* What multiplies with one instruction set. */
typedef struct {
    int32_t columns; /* of a tile */
    int32_t few;     /* columns up to which rows straight from the file beat a panel */
    void (*mul_f)(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                  float *const *y, void *scratch);
    void (*mul_c)(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                  float *const *y, void *scratch);
    heft_x86_scaled_unpacker *scaled; /* NULL: through heft_unpack */
    const heft_x86_format *format;    /* HEFT_DTYPES of them */
} heft_x86_set;

/* heft_kernels.mul with the pieces of a set, and the scratch it needs with those of AVX2. */
void heft_x86_mul(const heft_x86_set *set, const heft_mat *w, int32_t r0, int32_t r1,
                  const void *const *x, int32_t n, float *const *y, void *scratch);
size_t heft_x86_mul_scratch(int32_t cols);

/* Eight rows from r on of w, blocks with scales beside them, times columns a[c], c < n,
 * 1 <= n <= 4. */
void heft_avx2_rows_scaled(const heft_mat *w, int32_t r, const heft_act *const *a, int32_t n,
                           float (*acc)[8]);
/* As heft_floats. */
void heft_avx2_floats(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                      int32_t at, int32_t n);

/* ---- float weights ---- */

/* As heft_kernels.mul, for class F and class C. scratch: heft_avx2_float_scratch(cols) bytes,
 * aligned to 64. */
void heft_avx2_mul_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, void *scratch);
void heft_avx2_mul_c(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, void *scratch);
size_t heft_avx2_float_scratch(int32_t cols);

/* ---- what rows.c, any.c and unpack.c share ---- */

/* A granule of the activations in every lane. */
INLINE __m256i spread(const void *p)
{
    return _mm256_castps_si256(_mm256_broadcast_ss(p));
}

/* fma(d * a.d, sum, acc) */
INLINE __m256 scaled(__m256 d, const heft_act *a, __m256i sum, __m256 acc)
{
    const __m256 scale = _mm256_mul_ps(d, _mm256_broadcast_ss(&a->d));
    return _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(sum), acc);
}

/* ---- eight rows of the file in registers ---- */

INLINE __m256i low_nibbles(__m256i v)
{
    return _mm256_and_si256(v, _mm256_set1_epi8(15));
}

INLINE __m256i high_nibbles(__m256i v)
{
    return low_nibbles(_mm256_srli_epi16(v, 4));
}

/* 16 bytes of rows i and i + 4. */
INLINE __m256i two_rows(const uint8_t *p, size_t stride)
{
    return _mm256_loadu2_m128i((const __m128i *)(const void *)(p + 4 * stride),
                               (const __m128i *)(const void *)p);
}

/* 16 bytes at `row` of eight rows -> t[i]: bytes 4i .. 4i + 3 of rows 0 .. 7. */
INLINE void granules(const uint8_t *row, size_t stride, __m256i t[4])
{
    const __m256i a = two_rows(row, stride), b = two_rows(row + stride, stride);
    const __m256i c = two_rows(row + 2 * stride, stride), d = two_rows(row + 3 * stride, stride);
    const __m256i ab0 = _mm256_unpacklo_epi32(a, b), ab1 = _mm256_unpackhi_epi32(a, b);
    const __m256i cd0 = _mm256_unpacklo_epi32(c, d), cd1 = _mm256_unpackhi_epi32(c, d);
    t[0] = _mm256_unpacklo_epi64(ab0, cd0);
    t[1] = _mm256_unpackhi_epi64(ab0, cd0);
    t[2] = _mm256_unpacklo_epi64(ab1, cd1);
    t[3] = _mm256_unpackhi_epi64(ab1, cd1);
}

/* The first of them; 16 bytes are read all the same. */
INLINE __m256i first_granule(const uint8_t *row, size_t stride)
{
    __m256i t[4];
    granules(row, stride, t);
    return t[0];
}

/* The half at p of eight rows, widened. */
INLINE __m256 halves(const uint8_t *p, size_t stride)
{
    int16_t h[8];
    for (size_t i = 0; i < 8; i++)
        memcpy(&h[i], p + stride * i, sizeof h[i]);
    return _mm256_cvtph_ps(_mm_setr_epi16(h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]));
}

/* The low half of each lane, widened. */
INLINE __m256 half_of_lane(__m256i v)
{
    const __m256i low = _mm256_and_si256(v, _mm256_set1_epi32(0xffff));
    const __m256i packed = _mm256_packus_epi32(low, _mm256_setzero_si256());
    return _mm256_cvtph_ps(_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 8)));
}

INLINE __m256 byte_of_lane(__m256i v, int32_t j)
{
    const __m256i byte = _mm256_and_si256(_mm256_srli_epi32(v, 8 * j), _mm256_set1_epi32(255));
    return _mm256_cvtepi32_ps(byte);
}

/* The head of a Q4_K or Q5_K block: scales and minima as bytes, blocks 0-3 and 4-7. */
typedef struct {
    __m256 d, minus_dmin;
    __m256i sc[2], mn[2];
} head_k;

INLINE head_k read_head_k(const uint8_t *block, size_t stride)
{
    const __m256i six = _mm256_set1_epi8(63), upper = _mm256_set1_epi8(0x30);
    __m256i h[4]; /* d and dmin; bytes 0-3, 4-7 and 8-11 of the scales */
    granules(block, stride, h);
    return (head_k){
        .d = half_of_lane(h[0]),
        .minus_dmin =
            _mm256_xor_ps(half_of_lane(_mm256_srli_epi32(h[0], 16)), _mm256_set1_ps(-0.0f)),
        .sc = { _mm256_and_si256(h[1], six),
                _mm256_or_si256(low_nibbles(h[3]),
                                _mm256_and_si256(_mm256_srli_epi16(h[1], 2), upper)) },
        .mn = { _mm256_and_si256(h[2], six),
                _mm256_or_si256(high_nibbles(h[3]),
                                _mm256_and_si256(_mm256_srli_epi16(h[2], 2), upper)) },
    };
}

INLINE __m256 scale_k(const head_k *h, int32_t j)
{
    return _mm256_mul_ps(h->d, byte_of_lane(h->sc[j / 4], j % 4));
}

INLINE __m256 minimum_k(const head_k *h, int32_t j)
{
    return _mm256_mul_ps(h->minus_dmin, byte_of_lane(h->mn[j / 4], j % 4));
}

/* Q5_K: a granule of block j from its nibbles and the granule of fifth bits. */
INLINE __m256i five_bits(__m256i nibbles, __m256i qh, int32_t j)
{
    const __m256i bit = j < 4 ? _mm256_slli_epi16(qh, 4 - j) : _mm256_srli_epi16(qh, j - 4);
    return _mm256_or_si256(nibbles, _mm256_and_si256(bit, _mm256_set1_epi8(16)));
}

/* Q6_K: a granule of quarter u from its byte of ql and of qh. */
INLINE __m256i six_bits(__m256i ql, __m256i qh, int32_t u)
{
    const __m256i low = u < 2 ? low_nibbles(ql) : high_nibbles(ql);
    const __m256i top = u < 2 ? _mm256_slli_epi16(qh, 4 - 2 * u) : _mm256_srli_epi16(qh, 2 * u - 4);
    return _mm256_or_si256(low, _mm256_and_si256(top, _mm256_set1_epi8(0x30)));
}

/* Granule k of the fifth bits of Q5_0, which are a bit of the lane for each number: 16 where it is
 * set. */
INLINE __m256i fifth_bits(__m256i bits, int32_t k)
{
    const __m256i byte = _mm256_set1_epi32(0x01010101 * (k / 2));
    const __m256i lane = _mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c, 0, 0x04040404,
                                           0x08080808, 0x0c0c0c0c);
    const __m256i one = _mm256_set1_epi32(k % 2 ? (int32_t)0x80402010 : 0x08040201);
    const __m256i four =
        _mm256_and_si256(_mm256_shuffle_epi8(bits, _mm256_add_epi8(byte, lane)), one);
    return _mm256_and_si256(_mm256_cmpeq_epi8(four, one), _mm256_set1_epi8(16));
}

/* A pair of the half h of every pair. */
INLINE __m256i twice(__m256i pairs, int32_t h)
{
    const __m256i low = _mm256_set1_epi32(0xffff);
    const __m256i one = h == 0 ? _mm256_and_si256(pairs, low) : _mm256_srli_epi32(pairs, 16);
    return _mm256_or_si256(one, _mm256_slli_epi32(one, 16));
}

/* The two scales of block j as int16 pairs (s0, s0), (s1, s1), and offset (s0, s1); s: the 16 bytes
 * of scales. */
typedef struct {
    __m256i sc[2], off;
} scales_16;

INLINE scales_16 read_scales(const __m256i s[4], int32_t j, int16_t offset)
{
    const __m256i low = _mm256_set1_epi32(0xffff);
    const __m256i v = j % 2 ? s[j / 2] : _mm256_slli_epi32(s[j / 2], 16); /* s1 s0 0 0 */
    const __m256i s0 = _mm256_srai_epi32(_mm256_slli_epi32(v, 8), 24),
                  s1 = _mm256_srai_epi32(v, 24);
    const __m256i s0_low = _mm256_and_si256(s0, low), s1_high = _mm256_slli_epi32(s1, 16);
    return (scales_16){
        .sc = { _mm256_or_si256(s0_low, _mm256_slli_epi32(s0, 16)),
                _mm256_or_si256(s1_high, _mm256_and_si256(s1, low)) },
        .off = _mm256_mullo_epi16(_mm256_or_si256(s0_low, s1_high), _mm256_set1_epi16(offset)),
    };
}

/* IQ4_XS: the sub-scale of block j; head: d and two bits of each, four bits of each. */
INLINE __m256 scale_xs(const __m256i head[2], int32_t j)
{
    const __m256i low = _mm256_and_si256(_mm256_srli_epi32(head[1], 4 * j), _mm256_set1_epi32(15));
    const __m256i high =
        _mm256_and_si256(_mm256_srli_epi32(head[0], 16 + 2 * j), _mm256_set1_epi32(3));
    const __m256i six = _mm256_or_si256(low, _mm256_slli_epi32(high, 4));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(six, _mm256_set1_epi32(32)));
}

/* 2^(e - 128) of the byte at p of eight rows: bits of a float, subnormal for e < 2. */
INLINE __m256 powers(const uint8_t *p, size_t stride)
{
    const __m256i e = _mm256_setr_epi32(p[0], p[stride], p[2 * stride], p[3 * stride],
                                        p[4 * stride], p[5 * stride], p[6 * stride], p[7 * stride]);
    const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
    const __m256i small = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
    const __m256i is_small = _mm256_cmpgt_epi32(_mm256_set1_epi32(2), e);
    return _mm256_castsi256_ps(_mm256_blendv_epi8(normal, small, is_small));
}

/* Q2_K and Q3_K: a granule of block j from its bytes; Q3_K's third bit. */
INLINE __m256i two_bits(__m256i bytes, int32_t j)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 2 * (j % 4)), _mm256_set1_epi8(3));
}

INLINE __m256i third_bit(__m256i hmask, int32_t j)
{
    const __m256i bit = j < 2 ? _mm256_slli_epi16(hmask, 2 - j) : _mm256_srli_epi16(hmask, j - 2);
    return _mm256_and_si256(bit, _mm256_set1_epi8(4));
}

/* Sub-scale and minimum of both halves of block j of Q2_K, as pairs; s: their 16 bytes. */
INLINE __m256i pair_of_bytes(__m256i v, int32_t shift)
{
    const __m256i four = _mm256_set1_epi32(15);
    const __m256i low = _mm256_and_si256(_mm256_srli_epi32(v, shift), four);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(v, shift + 8), four);
    return _mm256_or_si256(low, _mm256_slli_epi32(high, 16));
}

/* The 16 bytes of Q3_K's sub-scales, from the 16 bytes that end with the block: 12 of scales
 * between two bytes of others and d. */
INLINE void read_scales_q3(const __m256i end[4], __m256i s[4])
{
    __m256i w[3];
    for (int32_t i = 0; i < 3; i++)
        w[i] = _mm256_or_si256(_mm256_srli_epi32(end[i], 16), _mm256_slli_epi32(end[i + 1], 16));
    for (int32_t i = 0; i < 4; i++) {
        const __m256i low = i < 2 ? low_nibbles(w[i]) : high_nibbles(w[i - 2]);
        const __m256i two = _mm256_and_si256(_mm256_srli_epi16(w[2], 2 * i), _mm256_set1_epi8(3));
        s[i] =
            _mm256_sub_epi8(_mm256_or_si256(low, _mm256_slli_epi16(two, 4)), _mm256_set1_epi8(32));
    }
}

#endif

/* The pieces of the x86 matrix kernels, and what they share: AVX2, and what AVX-VNNI and AVX-512
 * put in its place.
 *
 * Lanes are rows, so there is no sum across lanes. Weights are handled in granules of four
 * consecutive k (32 bits): one register holds a granule of eight rows (x86_words_256.h), or of
 * sixteen (x86_words_512.h), and vpmaddubsw or vpdpbusd multiplies it with one granule of the
 * activations, broadcast.
 *
 * Few columns: x86_rows.inc multiplies such a group of rows straight from the file, and
 * x86_scaled_rows.inc one whose scales lie beside its numbers. One column of Q6_K has a kernel of
 * its own with AVX-512, x86_avx512_q6_k.c; IQ1 to IQ3 and TQ go row by row, x86_lines.inc. Of
 * weights that are multiplied as floats, GPTQ and AWQ, which go down the columns, have
 * x86_avx2_mat_words.c, and BNB4 has x86_avx2_mat_codes.c.
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

typedef struct { /* class S: q - 8, 4 bits, q - 16, 5 bits, or q - 128, by who reads it */
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
/* to panel_s, q - 16; to panel_s8 */
heft_x86_unpacker heft_avx2_unpack_q5_0, heft_avx2_unpack_mxfp4;
heft_x86_unpacker heft_avx2_unpack_iq4_nl, heft_avx2_unpack_iq4_xs;
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
heft_x86_putter heft_avx2_put_a, heft_avx2_put_s4, heft_avx2_put_s5, heft_avx2_put_s8,
    heft_avx2_put_q6, heft_avx2_put_any;
heft_x86_putter heft_x86_put_s, heft_x86_put_q; /* q - 128 */

/* acc[c] += a panel of `blocks` blocks times column a[c], c < n, 1 <= n <= the set's `columns`. acc
 * is 64-byte aligned. */
typedef void heft_x86_tiler(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                            float (*acc)[PANEL_ROWS]);
heft_x86_tiler heft_avx2_tile_a4, heft_avx2_tile_a5, heft_avx2_tile_s4, heft_avx2_tile_s5,
    heft_avx2_tile_s8, heft_avx2_tile_q6;
/* panel_any, by the steps of the classes S and Q, M, H */
heft_x86_tiler heft_avx2_tile_q, heft_avx2_tile_m, heft_avx2_tile_h;

/* ---- rows ---- */

/* acc[c] = the rows of a set's group from `row` on, of `blocks` blocks, times column c < n. The
 * columns lie side by side, block b of column c at a[n * b + c]; n is 1, 2, 4 or 8, and at most the
 * set's `most`. */
typedef void heft_x86_rower(const uint8_t *row, size_t stride, const heft_act *a, int32_t n,
                            int32_t blocks, float (*acc)[PANEL_ROWS]);

/* The same of rows r ... of w, which has scales beside its numbers. Of four-bit numbers the columns
 * come with the even numbers of a block first, and its odd ones then. */
typedef void heft_x86_scaled_rower(const heft_mat *w, int32_t r, const heft_act *a, int32_t n,
                                   float (*acc)[PANEL_ROWS]);

/* Formats of which 256 numbers of a row are read together; they have no scales beside them. */
bool heft_avx2_has_lines(uint8_t dtype);
/* heft_unpack of blocks b .. b + 7, a stored block, to to[0], to[apart], ... to[7 * apart]. */
void heft_avx2_unpack_line(heft_block *to, int32_t apart, const heft_mat *w, int32_t r, int32_t b);
/* y[c][r] for rows r0 .. r1 - 1 of w and columns c < n, n <= HEFT_FEW. */
typedef void heft_x86_liner(const heft_mat *w, int32_t r0, int32_t r1, const heft_act *const *a,
                            int32_t n, float *const *y);
heft_x86_liner heft_avx2_mul_lines, heft_avx512_mul_lines;

/* Row r of w, any block format, through heft_unpack: y[c][r] for columns c < n,
 * 1 <= n <= HEFT_FEW. */
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
    int32_t group;   /* rows that are multiplied together straight from the file */
    int32_t most;    /* columns that they are multiplied with at a time: 4 or 8 */
    int32_t few;     /* columns up to which that beats a panel, at most HEFT_FEW */
    void (*mul_f)(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                  float *const *y, void *scratch);
    void (*mul_c)(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                  float *const *y, void *scratch);
    heft_x86_scaled_rower *scaled_rows;
    heft_x86_liner *lines;
    heft_x86_scaled_unpacker *scaled; /* NULL: through heft_unpack */
    const heft_x86_format *format;    /* HEFT_DTYPES of them */
} heft_x86_set;

/* heft_kernels.lay for sets of that `most`. */
void heft_x86_lay(heft_act *laid, const void *const *x, int32_t n, int32_t blocks, int32_t most);
/* heft_kernels.mul with the pieces of a set, and the scratch it needs with those of AVX2. */
void heft_x86_mul(const heft_x86_set *set, const heft_mat *w, int32_t r0, int32_t r1,
                  const heft_columns *x, float *const *y, void *scratch);
size_t heft_x86_mul_scratch(int32_t cols);

/* As heft_floats. */
void heft_avx2_floats(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                      int32_t at, int32_t n);
/* As heft_read_group, where a word has the zero points of eight places. */
void heft_avx2_read_group(const heft_mat *w, int64_t group, int64_t at, int32_t n, float *d,
                          float *zero);

/* ---- float weights ---- */

/* What goes straight from the file with 1 <= n <= HEFT_AVX2_STRAIGHT columns: GPTQ and AWQ of four
 * bits, of which rows r0 .. the result - 1 are done, less than 64 short of r1; and BNB4 by rows. */
enum { HEFT_AVX2_STRAIGHT = 4 };
bool heft_avx2_has_words(const heft_mat *w);
int32_t heft_avx2_mul_words(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x,
                            int32_t n, float *const *y);
bool heft_avx2_has_codes(const heft_mat *w);
void heft_avx2_mul_codes(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x,
                         int32_t n, float *const *y);

/* As heft_kernels.mul, for class F and class C. scratch: heft_avx2_float_scratch(cols) bytes,
 * aligned to 64. */
void heft_avx2_mul_f(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, void *scratch);
void heft_avx2_mul_c(const heft_mat *w, int32_t r0, int32_t r1, const float *const *x, int32_t n,
                     float *const *y, void *scratch);
size_t heft_avx2_float_scratch(int32_t cols);

#endif

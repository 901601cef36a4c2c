/* Block formats, byte for byte as in a GGUF file.
 *
 * Blocks lie at any address, so every field is bytes and the structs have no alignment; numbers
 * of 16 bits are little-endian halves. A block holds numbers in order k = 0, 1, ... of one row.
 *
 * Source: the GGUF specification and the reference decoders of the gguf Python package. */
#ifndef HEFT_DTYPE_BLOCKS_H
#define HEFT_DTYPE_BLOCKS_H

#include <stdint.h>

/* 32 numbers: d * (q - 8). qs[i]: q of number i low, of number i + 16 high. */
typedef struct {
    uint8_t d[2], qs[16];
} heft_block_q4_0;
_Static_assert(sizeof(heft_block_q4_0) == 18, "Q4_0 block");

/* 32 numbers: d * q. */
typedef struct {
    uint8_t d[2];
    int8_t q[32];
} heft_block_q8_0;
_Static_assert(sizeof(heft_block_q8_0) == 34, "Q8_0 block");

/* 256 numbers in 8 blocks of 32: d * sc[j] * q - dmin * mn[j]. sc holds eight 6-bit scales and
 * eight 6-bit minima: bytes 0-3 scales 0-3, bytes 4-7 minima 0-3; byte 8 + j the low four bits of
 * scale 4 + j (low) and minimum 4 + j (high), their upper two bits on top of bytes j and 4 + j.
 * qs[32 p + i]: number i of block 2p low, of block 2p + 1 high. */
typedef struct {
    uint8_t d[2], dmin[2], sc[12], qs[128];
} heft_block_q4_k;
_Static_assert(sizeof(heft_block_q4_k) == 144, "Q4_K block");

/* As Q4_K, with a fifth bit: bit j of qh[i] belongs to number i of block j. */
typedef struct {
    uint8_t d[2], dmin[2], sc[12], qh[32], qs[128];
} heft_block_q5_k;
_Static_assert(sizeof(heft_block_q5_k) == 176, "Q5_K block");

/* 256 numbers in 16 blocks of 16: d * sc[j] * (q - 32). Each half h of 128 numbers has four
 * quarters of 32: low bits of number i in ql[64 h + i] (quarters 0 low, 2 high) and
 * ql[64 h + 32 + i] (1 low, 3 high), upper bits of quarter u at bit 2 u of qh[32 h + i]. */
typedef struct {
    uint8_t ql[128], qh[64];
    int8_t sc[16];
    uint8_t d[2];
} heft_block_q6_k;
_Static_assert(sizeof(heft_block_q6_k) == 210, "Q6_K block");

/* 32 numbers: d * q + m, in the order of Q4_0. */
typedef struct {
    uint8_t d[2], m[2], qs[16];
} heft_block_q4_1;
_Static_assert(sizeof(heft_block_q4_1) == 20, "Q4_1 block");

/* 32 numbers: d * (q - 16). Four bits in the order of Q4_0; bit i of qh (32 bits, little-endian)
 * is the fifth of number i. */
typedef struct {
    uint8_t d[2], qh[4], qs[16];
} heft_block_q5_0;
_Static_assert(sizeof(heft_block_q5_0) == 22, "Q5_0 block");

/* As Q5_0: d * q + m. */
typedef struct {
    uint8_t d[2], m[2], qh[4], qs[16];
} heft_block_q5_1;
_Static_assert(sizeof(heft_block_q5_1) == 24, "Q5_1 block");

/* 256 numbers in 16 blocks of 16: d * (sc[j] & 15) * q - dmin * (sc[j] >> 4). Number i of block b
 * of 32: bits 2 (b % 4) of qs[32 (b / 4) + i]. */
typedef struct {
    uint8_t sc[16], qs[64], d[2], dmin[2];
} heft_block_q2_k;
_Static_assert(sizeof(heft_block_q2_k) == 84, "Q2_K block");

/* 256 numbers in 16 blocks of 16: d * (sc[j] - 32) * q. Two bits of q as in Q2_K; 4 less where bit
 * b of hmask[i] is 0. Sub-scales of 6 bits: the low four of j and j + 8 share byte j < 8, the upper
 * two lie at bit 2 (j / 4) of byte 8 + j % 4. */
typedef struct {
    uint8_t hmask[32], qs[64], sc[12], d[2];
} heft_block_q3_k;
_Static_assert(sizeof(heft_block_q3_k) == 110, "Q3_K block");

/* 32 numbers: d times one of 16 values, indices in the order of Q4_0. */
typedef struct {
    uint8_t d[2], qs[16];
} heft_block_iq4_nl;
_Static_assert(sizeof(heft_block_iq4_nl) == 18, "IQ4_NL block");

/* 256 numbers in 8 blocks of 32: d * (sc[b] - 32) times one of IQ4_NL's values, indices of each
 * block in the order of Q4_0. Sub-scales of 6 bits: four in nibble b of sc_low, two at bit 2 b of
 * sc_high. */
typedef struct {
    uint8_t d[2], sc_high[2], sc_low[4], qs[8][16];
} heft_block_iq4_xs;
_Static_assert(sizeof(heft_block_iq4_xs) == 136, "IQ4_XS block");

/* The next seven: numbers in groups that are entries of a grid (kernels/iq_grids.h), with signs. */

/* 256 numbers: d / 4 * (2 s + 1) * grid, groups of four. Per block of 32, 32 bits of `signs`: 7
 * bits for every eight numbers, the eighth sign makes their count even; s on top. */
typedef struct {
    uint8_t d[2], qs[64], signs[8][4];
} heft_block_iq3_xxs;
_Static_assert(sizeof(heft_block_iq3_xxs) == 98, "IQ3_XXS block");

/* 256 numbers: d * (2 s + 1) * grid, groups of four; bit i of qh[b] is the ninth of index i of
 * block b; a bit of sign for each number; s in nibble b of sc. */
typedef struct {
    uint8_t d[2], qs[64], qh[8], signs[8][4], sc[4];
} heft_block_iq3_s;
_Static_assert(sizeof(heft_block_iq3_s) == 110, "IQ3_S block");

/* 256 numbers: d / 8 * (2 s + 1) * grid, groups of eight; signs and s as in IQ3_XXS. */
typedef struct {
    uint8_t d[2];
    struct {
        uint8_t qs[4], signs[4];
    } block[8];
} heft_block_iq2_xxs;
_Static_assert(sizeof(heft_block_iq2_xxs) == 66, "IQ2_XXS block");

/* The same, with 9 bits of index below 7 of signs; s for every 16 numbers, a nibble of sc. */
typedef struct {
    uint8_t d[2], qs[8][4][2], sc[8];
} heft_block_iq2_xs;
_Static_assert(sizeof(heft_block_iq2_xs) == 74, "IQ2_XS block");

/* The same, with 8 bits of index in qs, two at bit 2 i of qh[b], and a bit of sign per number. */
typedef struct {
    uint8_t d[2], qs[8][4], signs[8][4], qh[8], sc[8];
} heft_block_iq2_s;
_Static_assert(sizeof(heft_block_iq2_s) == 82, "IQ2_S block");

/* 256 numbers: d * (2 s + 1) * (grid +- 1/8), groups of eight. qh[b], 16 bits: three more bits for
 * each of four indices, s of three bits, and on top the sign of the eighth. */
typedef struct {
    uint8_t d[2], qs[8][4], qh[8][2];
} heft_block_iq1_s;
_Static_assert(sizeof(heft_block_iq1_s) == 50, "IQ1_S block");

/* The same, with a nibble of qh per index: three more bits and the sign of the eighth; s for every
 * 16 numbers, four times three bits in each 16 bits of sc. Their top nibbles, lowest first, are d.
 */
typedef struct {
    uint8_t qs[8][4], qh[8][2], sc[4][2];
} heft_block_iq1_m;
_Static_assert(sizeof(heft_block_iq1_m) == 56, "IQ1_M block");

/* 256 numbers: d * (t - 1), five digits t of base 3 per byte: digit n of byte b is the integer part
 * of 3 frac(3^n b / 256). Number 32 n + i in qs[i], i < 32; 160 + 16 n + i in qs[32 + i];
 * 240 + 4 n + i in qh[i]. */
typedef struct {
    uint8_t qs[48], qh[4], d[2];
} heft_block_tq1_0;
_Static_assert(sizeof(heft_block_tq1_0) == 54, "TQ1_0 block");

/* 256 numbers: d * (q - 1), in the order of Q2_K. */
typedef struct {
    uint8_t qs[64], d[2];
} heft_block_tq2_0;
_Static_assert(sizeof(heft_block_tq2_0) == 66, "TQ2_0 block");

/* 32 numbers of 4-bit float (E2M1), in the order of Q4_0, times 2^(e - 127). */
typedef struct {
    uint8_t e, qs[16];
} heft_block_mxfp4;
_Static_assert(sizeof(heft_block_mxfp4) == 17, "MXFP4 block");

/* 64 numbers of 4-bit float (E2M1) in 4 blocks of 16, each times d[s], an E4M3 without a sign.
 * qs[s][i]: number i of the block low, i + 8 high. */
typedef struct {
    uint8_t d[4], qs[4][8];
} heft_block_nvfp4;
_Static_assert(sizeof(heft_block_nvfp4) == 36, "NVFP4 block");

/* 128 numbers: d where the bit is 1, else -d; lowest bit first. */
typedef struct {
    uint8_t d[2], qs[16];
} heft_block_q1_0;
_Static_assert(sizeof(heft_block_q1_0) == 18, "Q1_0 block");

/* 64 numbers: d * (q - 1), four to a byte, lowest bits first. */
typedef struct {
    uint8_t d[2], qs[16];
} heft_block_q2_0;
_Static_assert(sizeof(heft_block_q2_0) == 18, "Q2_0 block");

#endif

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

#endif

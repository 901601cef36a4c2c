/* Panels times columns: 16 rows x 1 .. 4 columns, unsigned weights x signed activations.
 *
 * Assembly, because gcc 12 spills the integer sums: 22 MAC per cycle from intrinsics, 36 from this
 * (4-bit weights, four columns, Zen 3). Each loop does one block of 32 k:
 *
 *   ymm0, ymm1          a granule of weights, rows 0-7 and 8-15
 *   ymm4 .. ymm11       integer sums, two registers per column
 *   ymm2, 3, 12, 13     temporary; ymm14, 15 constants of the kind
 *
 * The float sums stay in acc: they are touched once per block. In the operands below, s is a
 * granule, c a column, A and B the registers of its sums, off an offset in the panel's block. */
#include "kernels/x86_avx2_mat.h"

#include <stddef.h>

/* offsets the text below relies on */
_Static_assert(offsetof(heft_act, s) == 4 && offsetof(heft_act, h) == 8
                   && offsetof(heft_act, q) == 12,
               "heft_act");
_Static_assert(offsetof(panel_a, d) == 512 && offsetof(panel_a, m) == 576 && sizeof(panel_a) == 640,
               "panel_a");
_Static_assert(offsetof(panel_s, d) == 512 && sizeof(panel_s) == 576, "panel_s");
_Static_assert(offsetof(panel_s8, d) == 1024 && sizeof(panel_s8) == 1088, "panel_s8");
_Static_assert(offsetof(panel_q, sc) == 512 && offsetof(panel_q, off) == 640
                   && offsetof(panel_q, d) == 704 && sizeof(panel_q) == 768,
               "panel_q");

/* clang-format off */
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define R(n) "%%ymm" TEXT(n)
#define OP2(name, a, b) name " " a "," b "\n\t"
#define OP3(name, a, b, c) name " " a "," b "," c "\n\t"
#define PANEL(off) TEXT(off) "(%[w])"
#define ACT(off, c) TEXT(off) "(%[a" TEXT(c) "])"
#define ACC(off, c) TEXT(off) "+64*" TEXT(c) "(%[acc])"
#define PARKED(off, c) TEXT(off) "+64*" TEXT(c) "(%[park])"

/* X for each column of a tile: its number and the registers of its sums */
#define COLUMNS1(X, ...) X(__VA_ARGS__, 0, 4, 5)
#define COLUMNS2(X, ...) COLUMNS1(X, __VA_ARGS__) X(__VA_ARGS__, 1, 6, 7)
#define COLUMNS3(X, ...) COLUMNS2(X, __VA_ARGS__) X(__VA_ARGS__, 2, 8, 9)
#define COLUMNS4(X, ...) COLUMNS3(X, __VA_ARGS__) X(__VA_ARGS__, 3, 10, 11)

/* ---- products in int16 ---- */

#define WEIGHTS(off, lo, hi) \
    OP2("vmovdqa", PANEL(off), R(lo)) OP2("vmovdqa", PANEL(32+off), R(hi))
#define GRANULE(s, c, reg) OP2("vpbroadcastd", ACT(12+4*s, c), R(reg))
#define BEGIN(s, c, A, B) GRANULE(s, c, 2) \
    OP3("vpmaddubsw", R(2), R(0), R(A)) OP3("vpmaddubsw", R(2), R(1), R(B))
#define ADD(s, c, A, B) GRANULE(s, c, 2) \
    OP3("vpmaddubsw", R(2), R(0), R(3)) OP3("vpmaddubsw", R(2), R(1), R(12)) \
    OP3("vpaddw", R(3), R(A), R(A)) OP3("vpaddw", R(12), R(B), R(B))

/* An int16 adds two products per granule: four granules of 5 bits reach 8 * 31 * 127 = 31,496,
 * eight of 4 bits 16 * 15 * 127 = 30,480; two of 6 bits (below) 4 * 63 * 127 = 32,004. */
#define CHAIN4(N, off, s0, s1, s2, s3) \
    WEIGHTS(off, 0, 1) COLUMNS##N(BEGIN, s0) WEIGHTS(off+64, 0, 1) COLUMNS##N(ADD, s1) \
    WEIGHTS(off+128, 0, 1) COLUMNS##N(ADD, s2) WEIGHTS(off+192, 0, 1) COLUMNS##N(ADD, s3)
#define CHAIN8(N, off) CHAIN4(N, off, 0, 1, 2, 3) \
    WEIGHTS(off+256, 0, 1) COLUMNS##N(ADD, 4) WEIGHTS(off+320, 0, 1) COLUMNS##N(ADD, 5) \
    WEIGHTS(off+384, 0, 1) COLUMNS##N(ADD, 6) WEIGHTS(off+448, 0, 1) COLUMNS##N(ADD, 7)

/* ---- int16 to int32 to float ---- */

/* pairs added, times the constant in register k */
#define WIDEN(k, c, A, B) OP3("vpmaddwd", R(k), R(A), R(A)) OP3("vpmaddwd", R(k), R(B), R(B))
/* sums of one part of the block wait in memory while the other is made */
#define PARK(off, c, A, B) OP2("vmovdqa", R(A), PARKED(0, c)) OP2("vmovdqa", R(B), PARKED(32, c))
#define UNPARK(off, c, A, B) \
    OP3("vpaddd", PARKED(0, c), R(A), R(A)) OP3("vpaddd", PARKED(32, c), R(B), R(B))
/* the offset's part: the constant in register k times both sums of q */
#define OFFSET(k, c, A, B) \
    OP2("vpbroadcastd", ACT(8, c), R(2)) OP3("vpmaddwd", R(k), R(2), R(2)) \
    OP3("vpaddd", R(2), R(A), R(A)) OP3("vpaddd", R(2), R(B), R(B))
/* ymm3, 12 = fma(d * a.d, sum, acc); d of the panel lies at off */
#define SCALE(off, c, A, B) \
    OP2("vbroadcastss", ACT(0, c), R(2)) \
    OP3("vmulps", PANEL(off), R(2), R(3)) OP3("vmulps", PANEL(32+off), R(2), R(12)) \
    OP2("vcvtdq2ps", R(A), R(A)) OP2("vcvtdq2ps", R(B), R(B)) \
    OP3("vfmadd213ps", ACC(0, c), R(A), R(3)) OP3("vfmadd213ps", ACC(32, c), R(B), R(12))
/* ymm3, 12 = fma(m, a.s, ymm3, 12); m lies at off */
#define MINIMUM(off, c) \
    OP2("vbroadcastss", ACT(4, c), R(2)) \
    OP3("vfmadd231ps", PANEL(off), R(2), R(3)) OP3("vfmadd231ps", PANEL(32+off), R(2), R(12))
#define STORE(c) OP2("vmovaps", R(3), ACC(0, c)) OP2("vmovaps", R(12), ACC(32, c))

/* ---- the loop ---- */

/* register r = int16 ones; then shifted */
#define ONES(r) OP3("vpcmpeqw", R(r), R(r), R(r)) OP3("vpsrlw", "$15", R(r), R(r))
#define MINUS_POWER(n, r) OP3("vpcmpeqw", R(r), R(r), R(r)) OP3("vpsllw", "$" #n, R(r), R(r))
#define POWER(n, r) ONES(r) OP3("vpsllw", "$" #n, R(r), R(r))

#define NEXT1 "add $44,%[a0]\n\t"
#define NEXT2 NEXT1 "add $44,%[a1]\n\t"
#define NEXT3 NEXT2 "add $44,%[a2]\n\t"
#define NEXT4 NEXT3 "add $44,%[a3]\n\t"

#define RUN(t, constants, body, size, N) \
    __asm__ volatile(constants ".p2align 6\n1:\n\t" body \
                     "add $" #size ",%[w]\n\t" NEXT##N "dec %[n]\n\tjnz 1b\n\t" \
                     : [w] "+r"((t)->w), [n] "+r"((t)->blocks), [a0] "+r"((t)->a[0]), \
                       [a1] "+r"((t)->a[1]), [a2] "+r"((t)->a[2]), [a3] "+r"((t)->a[3]) \
                     : [acc] "r"((t)->acc), [park] "r"((t)->park) \
                     : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", \
                       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")
#define TILE(t, n, constants, BODY, size) \
    switch (n) { \
    case 1: RUN(t, constants, BODY(1), size, 1); break; \
    case 2: RUN(t, constants, BODY(2), size, 2); break; \
    case 3: RUN(t, constants, BODY(3), size, 3); break; \
    default: RUN(t, constants, BODY(4), size, 4); \
    }
/* clang-format on */

/* What the loop works on. Columns a tile does not have point to the first. */
typedef struct {
    const void *w;
    const heft_act *a[4];
    int64_t blocks;
    float (*acc)[PANEL_ROWS];
    int32_t (*park)[PANEL_ROWS]; /* 4 columns, 32-byte aligned */
} tile;

static tile tile_of(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                    float (*acc)[PANEL_ROWS], int32_t (*park)[PANEL_ROWS])
{
    tile t = { .w = panel, .blocks = blocks, .acc = acc, .park = park };
    for (int32_t c = 0; c < 4; c++)
        t.a[c] = a[c < n ? c : 0];
    return t;
}

/* ---- class A, 4 bits ---- */

#define FLUSH_A(off, c, A, B) SCALE(off, c, A, B) MINIMUM(576, c) STORE(c)
#define BODY_A4(N)            CHAIN8(N, 0) COLUMNS##N(WIDEN, 15) COLUMNS##N(FLUSH_A, 512)

void heft_avx2_tile_a4(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                       float (*acc)[PANEL_ROWS])
{
    tile t = tile_of(panel, a, n, blocks, acc, NULL);
    TILE(&t, n, ONES(15), BODY_A4, 640);
}

/* ---- class A, 5 bits: two halves ---- */

#define TWO_HALVES(N)                                                                              \
    CHAIN4(N, 0, 0, 1, 2, 3)                                                                       \
    COLUMNS##N(WIDEN, 15) COLUMNS##N(PARK, 0) CHAIN4(N, 256, 4, 5, 6, 7) COLUMNS##N(WIDEN, 15)     \
        COLUMNS##N(UNPARK, 0)
#define BODY_A5(N) TWO_HALVES(N) COLUMNS##N(FLUSH_A, 512)

void heft_avx2_tile_a5(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                       float (*acc)[PANEL_ROWS])
{
    int32_t park[4][PANEL_ROWS] __attribute__((aligned(32)));
    tile t = tile_of(panel, a, n, blocks, acc, park);
    TILE(&t, n, ONES(15), BODY_A5, 640);
}

/* ---- class S, 4 bits: sum - 8 * sum of q ---- */

#define CONSTANTS_S4          ONES(15) MINUS_POWER(3, 14)
#define FLUSH_S(off, c, A, B) SCALE(off, c, A, B) STORE(c)
#define BODY_S4(N)                                                                                 \
    CHAIN8(N, 0) COLUMNS##N(WIDEN, 15) COLUMNS##N(OFFSET, 14) COLUMNS##N(FLUSH_S, 512)

void heft_avx2_tile_s4(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                       float (*acc)[PANEL_ROWS])
{
    tile t = tile_of(panel, a, n, blocks, acc, NULL);
    TILE(&t, n, CONSTANTS_S4, BODY_S4, 576);
}

/* ---- class S, 5 bits: two halves; sum - 16 * sum of q ---- */

#define CONSTANTS_S5 ONES(15) MINUS_POWER(4, 14)
#define BODY_S5(N)   TWO_HALVES(N) COLUMNS##N(OFFSET, 14) COLUMNS##N(FLUSH_S, 512)

void heft_avx2_tile_s5(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                       float (*acc)[PANEL_ROWS])
{
    int32_t park[4][PANEL_ROWS] __attribute__((aligned(32)));
    tile t = tile_of(panel, a, n, blocks, acc, park);
    TILE(&t, n, CONSTANTS_S5, BODY_S5, 576);
}

/* ---- class S, 8 bits: low nibbles + 16 * high nibbles - 128 * sum of q ---- */

#define CONSTANTS_S8 ONES(15) POWER(4, 14) MINUS_POWER(7, 13)
#define BODY_S8(N)                                                                                 \
    CHAIN8(N, 0)                                                                                   \
    COLUMNS##N(WIDEN, 15) COLUMNS##N(PARK, 0) CHAIN8(N, 512) COLUMNS##N(WIDEN, 14)                 \
        COLUMNS##N(UNPARK, 0) COLUMNS##N(OFFSET, 13) COLUMNS##N(FLUSH_S, 1024)

void heft_avx2_tile_s8(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                       float (*acc)[PANEL_ROWS])
{
    int32_t park[4][PANEL_ROWS] __attribute__((aligned(32)));
    tile t = tile_of(panel, a, n, blocks, acc, park);
    TILE(&t, n, CONSTANTS_S8, BODY_S8, 1088);
}

/* ---- class Q, 6 bits: int16 holds two granules, then each half's scale widens them ----
 * ymm0, 1 and 14, 15 hold the weights of the two; the sums are int32 and begin with the offset's
 * part. */

/* clang-format off */
#define BEGIN_Q(off, c, A, B) OP2("vpbroadcastd", ACT(8, c), R(2)) \
    OP3("vpmaddwd", PANEL(off), R(2), R(A)) OP3("vpmaddwd", PANEL(32+off), R(2), R(B))
#define ADD_Q(s, sc, c, A, B) GRANULE(s, c, 2) \
    OP3("vpmaddubsw", R(2), R(0), R(3)) OP3("vpmaddubsw", R(2), R(1), R(12)) \
    OP2("vpbroadcastd", ACT(16+4*s, c), R(2)) \
    OP3("vpmaddubsw", R(2), R(14), R(13)) OP3("vpmaddubsw", R(2), R(15), R(2)) \
    OP3("vpaddw", R(13), R(3), R(3)) OP3("vpaddw", R(2), R(12), R(12)) \
    OP3("vpmaddwd", PANEL(sc), R(3), R(3)) OP3("vpmaddwd", PANEL(32+sc), R(12), R(12)) \
    OP3("vpaddd", R(3), R(A), R(A)) OP3("vpaddd", R(12), R(B), R(B))
#define PAIR_Q(N, off, s, sc) \
    WEIGHTS(off, 0, 1) WEIGHTS(off+64, 14, 15) COLUMNS##N(ADD_Q, s, sc)
#define BODY_Q6(N) COLUMNS##N(BEGIN_Q, 640) \
    PAIR_Q(N, 0, 0, 512) PAIR_Q(N, 128, 2, 512) PAIR_Q(N, 256, 4, 576) PAIR_Q(N, 384, 6, 576) \
    COLUMNS##N(FLUSH_S, 704)
/* clang-format on */

void heft_avx2_tile_q6(const void *panel, const heft_act *const *a, int32_t n, int64_t blocks,
                       float (*acc)[PANEL_ROWS])
{
    tile t = tile_of(panel, a, n, blocks, acc, NULL);
    TILE(&t, n, "", BODY_Q6, 768);
}

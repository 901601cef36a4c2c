/* Row and tile kernels: the few inner loops where the time goes.
 *
 * scalar_*.c fills every slot and is the definition of every sum (docs/sums.md, law 3). Each other
 * file in this folder is compiled for one instruction set and overwrites the slots it improves;
 * tests compare it with the scalar code byte for byte. Nothing outside this folder may include an
 * intrinsics header.
 *
 * Kernels never allocate, never fail, know no threads and look at no mutable globals. Weights and
 * cache entries may have any address; float arrays need the alignment of float. Counts may be 0.
 * Outputs never alias inputs unless a comment says so. */
#ifndef HEFT_KERNELS_KERNELS_H
#define HEFT_KERNELS_KERNELS_H

#include "dtype/mat.h"

/* 32 activations, quantised: x ~ d * q (docs/sums.md). */
typedef struct {
    float d, s;   /* scale; d * (h[0] + h[1]) */
    int16_t h[2]; /* sums of q[0..15] and q[16..31] */
    int8_t q[32];
} heft_act;
_Static_assert(sizeof(heft_act) == 44, "heft_act");

/* Blocks whose largest number is smaller count as zero: 127 / m must not overflow. */
#define HEFT_ACT_MIN 0x1p-120f

/* 32 weights of one row in canonical form: what every quantised format unpacks to. For each half
 * of 16, w = d * sc * q + m * mn. */
typedef struct {
    float d[2];           /* the scale; both the same but in class H */
    float m;              /* class A: minus the minimum; class M: minus its scale; else 0 */
    int16_t sc[2], mn[2]; /* classes Q and M; else 1 */
    int8_t q[32];         /* the format's offset is taken off (classes A, M: from 0 on) */
} heft_block;

/* What a matrix is multiplied with: each column is (cols/32) heft_act for blocks, and (cols) float
 * for F and by_col. */
typedef struct {
    const void *const *x; /* (n) */
    int32_t n;
    const heft_act *laid; /* the same by kernels.lay, which mul need not do then; or NULL */
} heft_columns;

enum { HEFT_FEW = 8 }; /* most columns that kernels.lay takes */

enum {
    HEFT_TILE = 32,  /* keys of one attention tile, by absolute position; a cache page */
    HEFT_SPAN = 512, /* keys whose tiles are merged first, by absolute position */
};

typedef enum {
    HEFT_ACT_SILU,
    HEFT_ACT_GELU_TANH,
    HEFT_ACT_GELU_ERF,
    HEFT_ACT_RELU,
    HEFT_ACT_RELU_SQUARED,
    HEFT_ACT_SIGMOID_1702,
    HEFT_ACT_SIGMOID
} heft_act_kind;

/* act(min(gate, gate_max)) * (clamp(up, +-up_abs) + up_add); gate_max and up_abs 0 = no limit;
 * up NULL = act(gate) alone. Strides in floats let fused projections be read in place. */
typedef struct {
    heft_act_kind fn;
    float gate_max, up_abs, up_add;
    const float *gate, *up;
    int32_t gate_step, up_step; /* from one number to the next: 1, or 2 where they interleave */
} heft_glu;

/* One tile of at most HEFT_TILE cache entries of one key/value head. */
typedef struct {
    const uint8_t *k, *v; /* entry e lies e * stride bytes further */
    ptrdiff_t next; /* bytes from here to the tile that follows, to be fetched meanwhile; 0: none */
    size_t k_stride, v_stride;
    heft_dtype dtype; /* F32, F16, BF16; Q8_0 where dk and dv are multiples of 32 */
    int32_t dk, dv;
    int32_t pos;          /* absolute position of entry 0 */
    float scale, softcap; /* softcap 0: none */
} heft_tile;

/* What attention has seen of one query so far: maximum, sum and weighted values. Empty: l = 0. */
typedef struct {
    float m, l;
    float *o; /* (dv) */
} heft_partial;

typedef struct {
    const float *q;      /* (dk) */
    int32_t lo, hi;      /* entries of the tile it may see: lo <= e < hi; none if lo >= hi */
    uint32_t skip;       /* bit e: but not this one. lo and hi - 1 are not skipped */
    int32_t pos;         /* its own position, for alibi */
    float slope;         /* alibi: + slope * (entry position - pos); 0: none */
    heft_partial *state; /* the tile's result is merged into it */
} heft_query;

enum {
    HEFT_PANEL = 16, /* queries side by side */
    HEFT_CROWD = 12, /* so many queries are quicker side by side than one by one */
};

/* Floats of a panel of n queries of width dk; n * dk was checked. */
static inline size_t heft_panel_floats(int32_t n, int32_t dk)
{
    const size_t queries = ((size_t)n + HEFT_PANEL - 1) / HEFT_PANEL * HEFT_PANEL;
    return queries * (((size_t)dk + 15) / 16 * 16);
}

/* What a token brings to one head of a gated delta rule. */
typedef struct {
    const float *q, *k; /* (dk) */
    float decay, beta;
    int32_t dk;
} heft_delta_token;

/* What one token brings to an entry of several: (n) each; bias may be NULL. */
typedef struct {
    const float *value, *gate, *bias;
} heft_share;

typedef struct heft_kernels {
    const char *name; /* of the instruction set, as heft_isa_named takes it */

    /* ---- matrices ---- */

    /* a (k/32) = x (k). Needs k % 32 == 0. A block with an infinity or a NaN gets d = s = NaN and
     * q = 0, so that every sum it enters becomes NaN. */
    void (*quantise)(heft_act *a, const float *x, int32_t k);

    /* laid (n * blocks) = n <= HEFT_FEW columns of `blocks` heft_act, as mul reads them best. */
    void (*lay)(heft_act *laid, const void *const *x, int32_t n, int32_t blocks);
    /* y[c][r] = sum_k w[r][k] x[c][k] for rows r0 <= r < r1 and columns c < n, by the sum of w's
     * class. scratch holds mul_scratch(cols) bytes, aligned to 64. */
    void (*mul)(const heft_mat *w, int32_t r0, int32_t r1, const heft_columns *x, float *const *y,
                void *scratch);
    /* A multiple of 64; never less for more columns. */
    size_t (*mul_scratch)(int32_t cols);

    /* y (cols) = row r of w as floats, exactly as stored (by_col too). */
    void (*row)(float *y, const heft_mat *w, int32_t r);

    /* ---- rows of floats ---- */

    /* y = w x / sqrt(mean(x^2) + eps); w NULL: ones. y may be x. arXiv:1910.07467, eq. 4. */
    void (*norm_rms)(float *y, const float *x, const float *w, float eps, int32_t n);
    /* y = w (x - mean) / sqrt(var + eps) + b; w, b may be NULL. y may be x. arXiv:1607.06450. */
    void (*norm_layer)(float *y, const float *x, const float *w, const float *b, float eps,
                       int32_t n);
    /* y = a + s b, one fma each. y may be a. */
    void (*add)(float *y, const float *a, const float *b, float s, int64_t n);
    /* y = s x, then cap tanh(y / cap) if cap > 0. y may be x. */
    void (*scale)(float *y, const float *x, float s, float cap, int64_t n);
    void (*glu)(float *y, const heft_glu *g, int32_t n);
    /* Rotate one head in place: pairs (2i, 2i+1) or (i, i + width/2) of x by the angle whose cosine
     * and sine are cs[2i], cs[2i+1], i < width/2. arXiv:2104.09864. */
    void (*rotate)(float *x, const float *cs, int32_t width, bool pairs);
    /* Store n floats as cache entries of type F32, F16, BF16 (nearest even) or Q8_0 (n % 32 == 0).
     * Returns false if a finite value became infinite. */
    bool (*narrow)(void *y, heft_dtype t, const float *x, int32_t n);
    /* p = exp(x - max) and the sum of p in *sum (class F); returns max. Needs n > 0. */
    float (*softmax)(float *p, const float *x, int32_t n, float *sum);
    /* y[i] = the values of `rows` shares, weighted by the softmax of gate + bias over the rows,
     * each i < n for itself. Needs rows > 0. */
    void (*condense)(float *y, const heft_share *s, int32_t rows, int32_t n);

    /* ---- attention ---- */

    /* panel = nq queries of width dk side by side: number d of query i lies at
     * heft_panel_floats(i / HEFT_PANEL * HEFT_PANEL, dk) + d * HEFT_PANEL + i % HEFT_PANEL, with
     * zeros for queries and numbers that there are not. Aligned to 64. */
    void (*lay_panel)(float *panel, const heft_query *q, int32_t nq, int32_t dk);
    /* One tile for nq queries that share its head: each query's own result, merged into its state.
     * panel: of the same queries in the same order, which serves for all tiles that they see; not
     * looked at below HEFT_CROWD of them. */
    void (*attend)(const heft_tile *t, const heft_query *q, int32_t nq, const float *panel);
    /* score[e] = sum over h of w[h] max(q[h] . k[e], 0), e < n, of a tile's keys: what they are
     * chosen by. q (heads, t->dk), w (heads); n <= HEFT_TILE. arXiv:2512.02556, eq. 1. */
    void (*index)(const heft_tile *t, float *score, const float *q, const float *w, int32_t heads,
                  int32_t n);
    /* a = a joined with b, in order of position. Sizes (dv). */
    void (*merge)(heft_partial *a, const heft_partial *b, int32_t dv);

    /* ---- fixed states ---- */

    /* y[i] = silu(sum_j w[j * row + i] x[j][i]), i < n, over the taps j whose x[j] is not NULL: a
     * causal convolution of every channel for itself, the latest tap last. */
    void (*conv)(float *y, const float *const *x, const float *w, int32_t row, int32_t taps,
                 int32_t n);
    /* n rows of a head's state s (n, dk), each by its own number of v (n), and what a query reads
     * of them, o (n): u = beta (v - decay s k), s = decay s + u k, o = s q. arXiv:2412.06464,
     * eq. 10, the state transposed. */
    void (*delta)(float *o, float *s, const float *v, const heft_delta_token *t, int32_t n);
} heft_kernels;

enum {
    HEFT_ISA_AVX2 = 1u << 0,     /* AVX2 + FMA + F16C */
    HEFT_ISA_AVXVNNI = 1u << 1,  /* vpdpbusd of 256 bits, without AVX-512 */
    HEFT_ISA_AVX512VL = 1u << 2, /* AVX-512 F, BW, DQ, VL, VNNI, used in 256 bits */
    HEFT_ISA_AVX512 = 1u << 3,   /* the same, in 512 */
    HEFT_ISA_NEON = 1u << 4,     /* aarch64 with dot products */
};

/* What heft has kernels for and this processor and operating system can run. */
unsigned heft_isa_detect(void);
/* The name of the i-th set this heft has, from the scalar one, 0, to the best; NULL: no more. */
const char *heft_isa_name(int32_t i);
/* "scalar", "avx2", "avxvnni", "avx512vl", "avx512", "neon" -> the bits of that set and of those it
 * builds on; false if this heft has no such set. */
bool heft_isa_named(const char *name, unsigned *isa);
/* Fill *k with the best kernels allowed by isa, a subset of heft_isa_detect(); 0: scalar. */
void heft_kernels_init(heft_kernels *k, unsigned isa);

/* Unpack 32-number block b of row r of w, a block format: its one decoder. */
void heft_unpack(heft_block *out, const heft_mat *w, int32_t r, int32_t b);

/* ---- functions: our own polynomials in fma form, equal in every instruction set ---- */
/* Largest relative errors against double precision, measured over every seventh float (results
 * below 2^-126 apart, which are right to 1 unit in the last place). A NaN gives a NaN. */
float heft_exp(float x);      /* 2^-23.6; exp(0) = 1, exp(-inf) = 0, infinity from 88.73 on */
float heft_tanh(float x);     /* 2^-22.6 */
float heft_erf(float x);      /* 2^-23.7 */
float heft_ln(float x);       /* 2^-23.5; ln(0) = -inf, below 0 NaN */
float heft_softplus(float x); /* ln(1 + exp(x)), 2^-22.4 */
float heft_half(uint16_t h);  /* fp16 to float, exact */
uint16_t heft_to_half(float f);
uint16_t heft_to_half_up(float f); /* the least that is not below f; f >= 0 */
float heft_bf16(uint16_t h);
uint16_t heft_to_bf16(float f);
/* cs[2i], cs[2i+1] = magnitude * cos, sin of the float angle (float)pos * inv[i], i < n. Cosine and
 * sine are those in double precision rounded to float (angles up to 2^27; beyond, some number or
 * NaN), then one float product. */
void heft_rope_table(float *cs, int64_t pos, const float *inv, float magnitude, int32_t n);

#endif

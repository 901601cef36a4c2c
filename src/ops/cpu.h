/* The processor as a device: what its operations share. */
#ifndef HEFT_OPS_CPU_H
#define HEFT_OPS_CPU_H

#include "base/pool.h"
#include "ops/ops.h"

enum {
    HEFT_MAX_LINEAR = 4, /* matrices multiplied in one call */
    HEFT_QUERIES = 64,   /* queries of one key/value head worked on together, if a group allows */
};

struct heft_device {
    heft_kernels k;
    heft_device_need need;
    heft_pool *pool;
    heft_error error; /* the first failure since sync */

    heft_act *act;      /* (blocks)  a linear's input, quantised ... */
    heft_act *laid;     /* (HEFT_FEW, cols/32)  ... and laid out, if it has few rows */
    const void **x;     /* (rows)  columns of a linear as floats ... */
    const void **x_act; /* (rows)  ... and quantised */
    float **y;          /* (HEFT_MAX_LINEAR, rows) */
    int32_t *active;    /* (experts)  those that rows of this step go to */
    float *score;       /* (threads, context)  what rows choose entries by, if they do */
    uint8_t *scratch;   /* (threads, scratch_bytes) */
    size_t scratch_bytes;
    int32_t *block;        /* (rows + 1)  first row of each block of queries */
    heft_partial *partial; /* (2 threads, spans, group)  of a decode split over spans */
    float *partial_o;      /* the same, (dv) each */
    float *entry;          /* (HEFT_SPAN, latent)  entries that keys and values are made from */
    float *made;           /* (threads, HEFT_SPAN, made)  keys, then values, of one head */
    float **made_at;       /* (threads, HEFT_SPAN)  of each of them */
    heft_partial *state;   /* (states)  of rows and heads that attend to them */
};

/* 1 / (1 + exp(-x)) */
float heft_sigmoid(float x);
/* Does the matrix read floats, not quantised blocks? */
bool heft_reads_floats(const heft_mat *);
/* Is the matrix in blocks along its columns? Then no rows of it can be multiplied apart. */
bool heft_blocks_by_col(const heft_mat *);
/* kernels.mul of rows r0 .. r1-1 of any matrix, all of them if its blocks lie along columns: by the
 * columns as floats or as they were quantised, whichever it reads. */
void heft_mul_cpu(heft_device *, const heft_mat *, int32_t r0, int32_t r1, const void *const *x,
                  const void *const *x_act, int32_t n, float *const *y, int32_t thread);
/* x (rows, cols) quantised: row t is at act + t * (cols / 32). */
void heft_quantise_cpu(heft_device *, const float *x, int32_t rows, int32_t cols);
/* Parts of a multiple of 16 rows (a panel), about eight for each thread: enough to even out, few
 * enough to cost nothing. */
int32_t heft_chunk_rows(int64_t rows, int32_t threads);

void heft_blend_cpu(heft_device *, float *c, const float *x, const heft_hyper *,
                    const heft_streams *, int32_t T);
void heft_collapse_cpu(heft_device *, float *y, const float *x, const float *c, int32_t row,
                       int32_t n, int32_t T, int32_t D);
void heft_expand_cpu(heft_device *, float *z, const float *x, const float *y, const float *c,
                     int32_t n, int32_t T, int32_t D);
void heft_route_cpu(heft_device *, heft_route *to, const float *logits, const float *bias,
                    const float *scale, const heft_router *, int32_t T);
void heft_look_up_cpu(heft_device *, heft_route *to, const float *logits, const heft_mat *table,
                      const heft_router *, const heft_batch *);
void heft_spread_cpu(heft_device *, float *y, const float *x, const heft_route *,
                     const heft_router *, int32_t T, int32_t D);
void heft_experts_cpu(heft_device *, int32_t n, float *const *y, const heft_experts *const *w,
                      const float *x, bool each, const heft_route *, const heft_router *,
                      int32_t T);
void heft_mix_cpu(heft_device *, float *y, const float *z, const heft_route *, const heft_router *,
                  int32_t T, int32_t D);
void heft_gate_cpu(heft_device *, float *y, const float *x, const float *gate, int32_t T,
                   int32_t width);
/* Scratch of one thread for routing. */
size_t heft_route_scratch(const heft_device_need *);

void heft_conv_cpu(heft_device *, float *y, const heft_slice *, const heft_taps *,
                   const heft_state *, const heft_batch *);
void heft_delta_gates_cpu(heft_device *, float *decay, float *beta, const heft_slice *a,
                          const heft_slice *b, const float *rate, const float *dt, int32_t T);
void heft_delta_cpu(heft_device *, float *o, const heft_delta_rows *, const heft_delta *,
                    const heft_state *, const heft_batch *);

/* The keys, and values, of one tile of a sequence's cache: all but scale and cap. */
heft_tile heft_tile_cpu(const heft_kv *, const heft_batch *, int32_t seq, int32_t g, int32_t tile);
void heft_select_cpu(heft_device *, int32_t *chosen, const float *q, const float *w,
                     const heft_kv *, const heft_index *, const heft_batch *);
/* Scores of the rows that choose at a time: how many. */
size_t heft_select_scores(const heft_device_need *);
void heft_attend_cpu(heft_device *, float *o, const float *q, const heft_kv *, const heft_kv *more,
                     const float *sinks, const float *slopes, const int32_t *chosen,
                     const heft_attn *, const heft_batch *);
void heft_attend_expanded_cpu(heft_device *, float *o, const float *q, const heft_kv *,
                              const heft_mat *k_up, const heft_mat *v_up, const heft_attn *,
                              const heft_batch *);
void heft_compress_cpu(heft_device *, const heft_kv *to, const heft_kv *parts,
                       const heft_compress *, const heft_attn *, const heft_rotation *,
                       const heft_batch *);
/* Scratch of one thread for entries of several tokens. */
size_t heft_compress_scratch(const heft_device_need *);
/* cs (width) = cosines and sines of a position. */
void heft_turns_cpu(float *cs, const heft_rotation *, int32_t pos, const float *inv);
/* Rotate a head of `width` numbers in place; pairs: as in kernels. */
void heft_rotate_cpu(const heft_kernels *, float *x, int32_t width, const heft_rotation *,
                     const float *cs, bool pairs);
/* Scratch of one thread for attention. */
size_t heft_attend_scratch(const heft_device_need *);
/* Partial results that a split decode keeps: how many. */
size_t heft_attend_partials(const heft_device_need *);

#endif

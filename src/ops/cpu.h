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

    heft_act *act;      /* (blocks)  a linear's input, quantised */
    const void **x;     /* (rows)  columns of a linear as floats ... */
    const void **x_act; /* (rows)  ... and quantised */
    float **y;          /* (HEFT_MAX_LINEAR, rows) */
    int32_t *active;    /* (experts)  those that rows of this step go to */
    uint8_t *scratch;   /* (threads, scratch_bytes) */
    size_t scratch_bytes;
    int32_t *block;        /* (rows + 1)  first row of each block of queries */
    heft_partial *partial; /* (2 threads, spans, group)  of a decode split over spans */
    float *partial_o;      /* the same, (dv) each */
};

/* Does the matrix read floats, not quantised blocks? */
bool heft_reads_floats(const heft_mat *);
/* x (rows, cols) quantised: row t is at act + t * (cols / 32). */
void heft_quantise_cpu(heft_device *, const float *x, int32_t rows, int32_t cols);
/* Parts of a multiple of 16 rows (a panel), about eight for each thread: enough to even out, few
 * enough to cost nothing. */
int32_t heft_chunk_rows(int64_t rows, int32_t threads);

void heft_route_cpu(heft_device *, heft_route *to, const float *logits, const float *bias,
                    const heft_router *, int32_t T);
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

void heft_attend_cpu(heft_device *, float *o, const float *q, const heft_kv *, const float *sinks,
                     const float *slopes, const heft_attn *, const heft_batch *);
/* Scratch of one thread for attention. */
size_t heft_attend_scratch(const heft_device_need *);
/* Partial results that a split decode keeps: how many. */
size_t heft_attend_partials(const heft_device_need *);

#endif

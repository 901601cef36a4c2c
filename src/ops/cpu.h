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

    heft_act *act;      /* (rows, cols/32)  a linear's input, quantised */
    const void **x;     /* (rows)  columns of a linear as floats ... */
    const void **x_act; /* (rows)  ... and quantised */
    float **y;          /* (HEFT_MAX_LINEAR, rows) */
    uint8_t *scratch;   /* (threads, scratch_bytes) */
    size_t scratch_bytes;
    int32_t *block;        /* (rows + 1)  first row of each block of queries */
    heft_partial *partial; /* (2 threads, spans, group)  of a decode split over spans */
    float *partial_o;      /* the same, (dv) each */
};

void heft_attend_cpu(heft_device *, float *o, const float *q, const heft_kv *, const float *sinks,
                     const float *slopes, const heft_attn *, const heft_batch *);
/* Scratch of one thread for attention. */
size_t heft_attend_scratch(const heft_device_need *);
/* Partial results that a split decode keeps: how many. */
size_t heft_attend_partials(const heft_device_need *);

#endif

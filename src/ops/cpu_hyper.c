/* Hyper-connections on the processor: residual streams that blocks read sums of, and write into.
 *
 *     read_j = sigmoid(g0 x_j + b_j) + eps        write_k = 2 sigmoid(g1 x_{n+k} + b_{n+k})
 *     mix    = balanced(softmax over k of g2 x_{2n+jn+k} + b_{2n+jn+k})
 *
 * Balancing divides columns by their sums, then rows and columns in turn, until both are about 1
 * (Sinkhorn and Knopp). Source: arXiv:2512.24880, section 4. */
#include "ops/cpu.h"

#include "base/bounds.h"

#include <assert.h>
#include <math.h>

typedef struct {
    const heft_kernels *k;
    float *y;
    const float *x, *given, *c; /* given: what a block gave */
    const heft_hyper *h;
    const heft_streams *s;
    int32_t row, n, D; /* row: from one row of c to the next */
} hyper_args;

/* Divide n numbers, `step` apart, by their sum. */
static void divide_by_sum(float *m, int32_t n, int32_t step, float eps)
{
    float sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += m[i * step];
    for (int32_t i = 0; i < n; i++)
        m[i * step] /= sum + eps;
}

/* m (n,n): rows are exponentials of what they were, then all is balanced. */
static void balance(const heft_kernels *k, float *m, const heft_streams *s)
{
    const int32_t n = s->n;
    for (int32_t j = 0; j < n; j++) {
        float p[HEFT_MAX_STREAMS], sum;
        k->softmax(p, m + j * n, n, &sum);
        for (int32_t i = 0; i < n; i++)
            m[j * n + i] = p[i] / sum + s->eps;
    }
    for (int32_t round = 0; round < s->rounds; round++) {
        for (int32_t j = 0; round > 0 && j < n; j++)
            divide_by_sum(m + j * n, n, 1, s->eps);
        for (int32_t i = 0; i < n; i++)
            divide_by_sum(m + i, n, n, s->eps);
    }
}

static void blend_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const hyper_args *a = arg;
    const heft_hyper *h = a->h;
    const int32_t rows = a->row, n = a->s->n;
    const float *x = a->x + (size_t)t * (size_t)rows;
    float *c = a->y + (size_t)t * (size_t)rows;
    for (int32_t i = 0; i < rows; i++) {
        const int32_t part = i < n ? 0 : i < 2 * n ? 1 : 2;
        c[i] = fmaf(h->gain ? h->gain[part] : 1, x[i], h->base ? h->base[i] : 0);
        if (part == 0) c[i] = heft_sigmoid(c[i]) + a->s->eps;
        if (part == 1) c[i] = 2 * heft_sigmoid(c[i]);
    }
    if (rows > n) balance(a->k, c + 2 * n, a->s);
}

void heft_blend_cpu(heft_device *d, float *c, const float *x, const heft_hyper *h,
                    const heft_streams *s, int32_t T)
{
    const int32_t rows = h->fn.w.rows;
    assert(s->n <= HEFT_MAX_STREAMS && (rows == s->n || rows == s->n * (s->n + 2)));
    hyper_args a = { .k = &d->k, .y = c, .x = x, .h = h, .s = s, .row = rows };
    heft_pool_run(d->pool, blend_row, &a, T);
}

static void collapse_row(void *arg, int32_t t, int32_t thread)
{
    (void)thread;
    const hyper_args *a = arg;
    const float *c = a->c + (size_t)t * (size_t)a->row;
    const float *x = a->x + (size_t)t * (size_t)a->n * (size_t)a->D;
    float *y = a->y + (size_t)t * (size_t)a->D;
    a->k->scale(y, x, c[0], 0, a->D);
    for (int32_t j = 1; j < a->n; j++)
        a->k->add(y, y, x + (size_t)j * (size_t)a->D, c[j], a->D);
}

void heft_collapse_cpu(heft_device *d, float *y, const float *x, const float *c, int32_t row,
                       int32_t n, int32_t T, int32_t D)
{
    hyper_args a = { .k = &d->k, .y = y, .x = x, .c = c, .row = row, .n = n, .D = D };
    heft_pool_run(d->pool, collapse_row, &a, T);
}

/* One stream of one row. */
static void expand_stream(void *arg, int32_t nth, int32_t thread)
{
    (void)thread;
    const hyper_args *a = arg;
    const int32_t n = a->n, t = nth / n, k = nth % n;
    const size_t D = (size_t)a->D;
    const float *c = a->c + (size_t)t * (size_t)a->row;
    const float *x = a->x + (size_t)t * (size_t)n * D;
    float *z = a->y + (size_t)nth * D;
    a->k->scale(z, a->given + (size_t)t * D, c[n + k], 0, a->D);
    for (int32_t j = 0; j < n; j++)
        a->k->add(z, z, x + (size_t)j * D, c[2 * n + j * n + k], a->D);
}

void heft_expand_cpu(heft_device *d, float *z, const float *x, const float *y, const float *c,
                     int32_t n, int32_t T, int32_t D)
{
    hyper_args a = { .k = &d->k, .y = z, .x = x, .given = y, .c = c, .n = n, .D = D };
    a.row = n * (n + 2);
    heft_pool_run(d->pool, expand_stream, &a, T * n);
}

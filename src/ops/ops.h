/* The operations of a forward pass: one table per device.
 *
 * Pure: an output never aliases an input and nothing else is written but caches, so the same calls
 * can be recorded and played backwards (train), counted without running (plan) or timed (bench):
 * more tables that the model knows nothing of.
 * Void: shapes are asserted; a device that can fail remembers its first failure until sync.
 * Exact (law 3): a row of an output depends on that row and on its own sequence only, and the
 * order of every sum is the one of docs/sums.md, whatever T, the batch and the threads.
 * Float pointers are memory of the device. T rows, row-major. */
#ifndef HEFT_OPS_OPS_H
#define HEFT_OPS_OPS_H

#include "base/err.h"
#include "ops/types.h"

typedef struct heft_device heft_device;

typedef struct heft_ops {
    const char *name;

    /* The first failure since the last sync, if any. */
    heft_status (*sync)(heft_device *, heft_error *);

    /* x (T,D) = scale * E[token]. Token -1: next row of inject. */
    void (*embed)(heft_device *, float *x, const heft_mat *e, float scale, const heft_batch *);
    /* y (T,D) = x + P[pos + offset] */
    void (*place)(heft_device *, float *y, const float *x, const heft_mat *p, int32_t offset,
                  const heft_batch *);
    /* y (n,D) = x[row] */
    void (*pick)(heft_device *, float *y, const float *x, const int32_t *row, int32_t n, int32_t D);
    /* y[i] (T, w[i]->w.rows), n of them from one x (T, cols), quantised once: q k v, gate up */
    void (*linear)(heft_device *, int32_t n, float *const *y, const heft_lin *const *w,
                   const float *x, int32_t T);
    /* y (T,H,rows) = x (T,H,cols) w[h]^T: every head by its own of H matrices of one shape */
    void (*linear_each)(heft_device *, float *y, const heft_mat *w, int32_t H, const float *x,
                        int32_t T);
    /* y (n,width) = norm(x); the kind is not NONE */
    void (*norm)(heft_device *, float *y, const float *x, const heft_norm *, int32_t n,
                 int32_t width);
    /* y (n,wa+wb) = a (n,wa) beside b (n,wb) */
    void (*beside)(heft_device *, float *y, const float *a, const float *b, int32_t n, int32_t wa,
                   int32_t wb);
    /* y = a + s b */
    void (*add)(heft_device *, float *y, const float *a, const float *b, float s, int32_t T,
                int32_t width);
    /* y = s x, then cap tanh(y / cap) if cap > 0 */
    void (*scale)(heft_device *, float *y, const float *x, float s, float cap, int32_t T,
                  int32_t width);
    /* y (T,F) = act(gate) * up; rows of gate and up are `row` apart; not gated: act(gate) */
    void (*act)(heft_device *, float *y, const float *gate, const float *up, int32_t row,
                const heft_act_spec *, int32_t T, int32_t F);

    /* cs (T,width) = cosines and sines of every row's position */
    void (*rope)(heft_device *, float *cs, const heft_rotation *, int32_t rope, const heft_batch *);
    /* Heads of a projected row -> y (T,n,width): norm, clip, rotate (or rotate, norm). cs NULL: no
     * rotation. `norm` of kind NONE: none; HEAD: w (width); HEAD_OWN: w (n,width); ROW: w (n*width)
     */
    void (*heads)(heft_device *, float *y, const heft_slice *, const heft_attn *, const heft_norm *,
                  const heft_rotation *, const float *cs, int32_t T);
    /* y (T,width) = (1 + a->temp ln(1 + floor((pos + 1) / a->temp_floor))) x */
    void (*temper)(heft_device *, float *y, const float *x, const heft_attn *a, int32_t width,
                   const heft_batch *);
    /* Append k (T,G,dk) and v (T,G,dv) to the cache at the rows' positions; no v where it lies in
     * k.
     */
    void (*store)(heft_device *, const heft_kv *, const float *k, const float *v,
                  const heft_batch *);
    /* chosen (T,top): the entries that each row attends to, ascending, then -1 up to `top`: of the
     * first (pos + 1) / every those with the largest sum over h of w[h] max(q[h] . k, 0), of equals
     * the lower ones. q (T,heads,width), w (T,heads); the keys are a cache of one head without
     * values, whose page table numbers entries. Needs heads > 0. */
    void (*select)(heft_device *, int32_t *chosen, const float *q, const float *w, const heft_kv *,
                   const heft_index *, const heft_batch *);
    /* o (T,H,dv): softmax(scale q k^T ...) v in tiles of 32 keys by absolute position, each with
     * its own maximum and sums, merged in order. sinks (H), slopes (H, of alibi, times alibi_scale)
     * or NULL. more: entries of index.every tokens each, seen behind the keys; or NULL. chosen
     * (T,index.top): what each row sees of them, as `select` leaves it, or, without them, of the
     * keys, and then there is no window and no chunk; NULL: all. */
    void (*attend)(heft_device *, float *o, const float *q, const heft_kv *, const heft_kv *more,
                   const float *sinks, const float *slopes, const int32_t *chosen,
                   const heft_attn *, const heft_batch *);
    /* The same over keys and values of every head, made for the rows of this call from a latent
     * cache whose entries are [c | kr]: a key [k_up[h]^T c | kr], a value v_up[h] c. q (T,H,dk) is
     * that of the heads; no window, no chunk. */
    void (*attend_expanded)(heft_device *, float *o, const float *q, const heft_kv *,
                            const heft_mat *k_up, const heft_mat *v_up, const heft_attn *,
                            const heft_batch *);
    /* Append to `to` the entries of index.every tokens that rows of this step complete, from
     * `parts`, values as keys and gates as values of the tokens so far. */
    void (*compress)(heft_device *, const heft_kv *to, const heft_kv *parts, const heft_compress *,
                     const heft_attn *, const heft_rotation *, const heft_batch *);

    /* c (T,rows) = what a block reads, writes and mixes n streams by, from x (T,rows), rows of fn:
     * n sigmoids + eps; then n twice a sigmoid, and a matrix (n,n) of exponentials, balanced. */
    void (*blend)(heft_device *, float *c, const float *x, const heft_hyper *, const heft_streams *,
                  int32_t T);
    /* y (T,D) = sum_j c[j] x[j] of streams x (T,n,D); rows of c are `row` apart */
    void (*collapse)(heft_device *, float *y, const float *x, const float *c, int32_t row,
                     int32_t n, int32_t T, int32_t D);
    /* z (T,n,D): z[k] = c[n + k] y + sum_j c[2n + jn + k] x[j]: the matrix is used transposed */
    void (*expand)(heft_device *, float *z, const float *x, const float *y, const float *c,
                   int32_t n, int32_t T, int32_t D);

    /* y (T,n,width) = silu(convolution of the slice's channels over a sequence's last tokens). The
     * state (taps - 1, all channels) has the inputs of the tokens before this step, and gets those
     * before the next. */
    void (*conv)(heft_device *, float *y, const heft_slice *, const heft_taps *, const heft_state *,
                 const heft_batch *);
    /* decay (T,n) = exp(rate softplus(a + dt)), beta (T,n) = sigmoid(b), of n heads of width 1 */
    void (*delta_gates)(heft_device *, float *decay, float *beta, const heft_slice *a,
                        const heft_slice *b, const float *rate, const float *dt, int32_t T);
    /* o (T,Hv,dv): what queries read of states (Hv,dv,dk) that every token of a sequence corrects
     * in its turn */
    void (*delta)(heft_device *, float *o, const heft_delta_rows *, const heft_delta *,
                  const heft_state *, const heft_batch *);

    /* Choose every row's experts by its logits (T,E): fills `to`. bias (E) is added to what experts
     * are chosen by and to nothing else, scale (E) multiplies their weights at last; NULL: none. Of
     * equals the lower number is chosen. */
    void (*route)(heft_device *, heft_route *to, const float *logits, const float *bias,
                  const float *scale, const heft_router *, int32_t T);
    /* The same by a table (V,top) of integers, each row's experts by its token. */
    void (*look_up)(heft_device *, heft_route *to, const float *logits, const heft_mat *table,
                    const heft_router *, const heft_batch *);
    /* y (T*top,D): the row of every pair times its weight */
    void (*spread)(heft_device *, float *y, const float *x, const heft_route *, const heft_router *,
                   int32_t T, int32_t D);
    /* y[i] (T*top, rows of w[i]), n of them: every pair by its expert. x has a row for each of the
     * T rows, or (each) for each pair; it is quantised once. Only chosen experts are read. */
    void (*experts)(heft_device *, int32_t n, float *const *y, const heft_experts *const *w,
                    const float *x, bool each, const heft_route *, const heft_router *, int32_t T);
    /* y (T,D): a row's pairs z (T*top,D) times their weights, in order of expert */
    void (*mix)(heft_device *, float *y, const float *z, const heft_route *, const heft_router *,
                int32_t T, int32_t D);
    /* y (T,width) = sigmoid(gate) x, with a gate (T,1) for each row */
    void (*gate)(heft_device *, float *y, const float *x, const float *gate, int32_t T,
                 int32_t width);
} heft_ops;

/* ---- the processor ---------------------------------------------------- */

/* What the operations of one step need beside their outputs; ops_plan adds it up. */
typedef struct {
    int32_t threads;
    int32_t rows;          /* of a step at most, or pairs of rows and experts or heads */
    int32_t cols;          /* widest input of a linear */
    int64_t blocks;        /* of 32 numbers that the largest input of a linear has */
    int32_t experts;       /* most experts of a layer */
    int32_t heads, dk, dv; /* most query heads, widest key and value head */
    int32_t group;         /* most query heads per key/value head */
    int32_t context;       /* longest sequence */
    int32_t entry, block;  /* widest entry of several tokens; most tokens it is made of */
    int32_t latent;        /* widest latent entry that keys and values of heads are made from */
    int32_t made;          /* numbers of the widest such key and value together */
    int64_t states;        /* most rows times heads that attend to them */
    bool selects;          /* do rows choose what they attend to? */
} heft_device_need;

heft_status heft_cpu_open(const heft_device_need *, unsigned isa, heft_device **,
                          heft_error *) HEFT_MUST_CHECK;
void heft_cpu_close(heft_device *);
size_t heft_cpu_bytes(const heft_device_need *); /* that opening allocates, its threads included */
const heft_kernels *heft_cpu_kernels(const heft_device *);
extern const heft_ops heft_ops_cpu;

/* ---- counting instead of running -------------------------------------- */

/* A matrix with fewer columns is read from memory for little work: its bytes tell its time. With
 * more, its multiplications do. */
enum { HEFT_FEW_COLUMNS = 8 };

/* A device that adds up what a step would need: `heft plan` cannot drift from the forward pass.
 * Pointers to numbers are never followed. The caller zeroes it, sets what is set, and reads it. */
typedef struct {
    int32_t past;     /* set: tokens before the step, where the batch has no positions */
    heft_dtype cache; /* set: what keys and values are kept as */
    heft_device_need need;
    uint64_t weight_bytes; /* read, each matrix once; of the embedding, the rows of the step */
    uint64_t macs;         /* multiply-accumulates in matrices */
    /* of matrices with few columns, and with more, by heft_dtype */
    uint64_t few_bytes[HEFT_DTYPES], many_macs[HEFT_DTYPES];
    uint64_t cache_bytes; /* of keys and values that attention reads, once for all rows */
    uint64_t attend_macs; /* multiply-accumulates of attention */
} heft_plan_device;
extern const heft_ops heft_ops_plan; /* its heft_device * is a heft_plan_device * */

/* ---- timing ----------------------------------------------------------- */

/* The operations by number, in the order of the table but for sync, which is not timed. */
enum {
    HEFT_OP_EMBED,
    HEFT_OP_PLACE,
    HEFT_OP_PICK,
    HEFT_OP_LINEAR,
    HEFT_OP_LINEAR_EACH,
    HEFT_OP_NORM,
    HEFT_OP_BESIDE,
    HEFT_OP_ADD,
    HEFT_OP_SCALE,
    HEFT_OP_ACT,
    HEFT_OP_ROPE,
    HEFT_OP_HEADS,
    HEFT_OP_TEMPER,
    HEFT_OP_STORE,
    HEFT_OP_SELECT,
    HEFT_OP_ATTEND,
    HEFT_OP_ATTEND_EXPANDED,
    HEFT_OP_COMPRESS,
    HEFT_OP_BLEND,
    HEFT_OP_COLLAPSE,
    HEFT_OP_EXPAND,
    HEFT_OP_CONV,
    HEFT_OP_DELTA_GATES,
    HEFT_OP_DELTA,
    HEFT_OP_ROUTE,
    HEFT_OP_LOOK_UP,
    HEFT_OP_SPREAD,
    HEFT_OP_EXPERTS,
    HEFT_OP_MIX,
    HEFT_OP_GATE,
    HEFT_OPERATIONS
};

/* What the calls of one operation took, and what they read and multiplied by the plan's count:
 * matrices, keys and values. */
typedef struct {
    double seconds;
    uint64_t calls, bytes, macs;
} heft_op_time;

/* A device that passes every operation on to another and keeps the time. The caller zeroes it and
 * sets ops and device. */
typedef struct {
    const heft_ops *ops;
    heft_device *device;
    heft_op_time op[HEFT_OPERATIONS];
    heft_plan_device counts; /* of the call at hand */
} heft_timer;
extern const heft_ops heft_ops_timer; /* its heft_device * is a heft_timer * */
const char *heft_op_name(int32_t op); /* 0 .. HEFT_OPERATIONS-1 */

#endif

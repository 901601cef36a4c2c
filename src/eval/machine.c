/* Measuring a machine: the operations that models spend their time in, on numbers of no meaning. */
#include "base/bounds.h"
#include "base/pool.h"
#include "base/system.h"
#include "engine/engine.h"

#include <string.h>

enum {
    STORE = 256 << 20, /* bytes that are read round and round: no cache's size */
    COLS = 2048,       /* of matrices */
    ROWS = 4096,       /* of one that is read for one row of activations */
    MANY = 512,        /* rows of activations where multiplications count */
    H = 8 * HEFT_MACHINE_GROUP,
    G = 8,
    WIDTH = 128, /* heads, key/value heads, their width */
    DEPTH = 4096,
    PAGES = DEPTH / HEFT_TILE, /* tokens that one row attends to */
    BLOCK = 1 << 20,           /* bytes that a thread reads at a time */
    TURNS = 3,
};

/* A turn lasts so long at least; after so long there is no other. */
static const double turn_seconds = 0.02, enough_seconds = 0.25;

typedef struct {
    heft_timer timer;
    int32_t rows; /* of matrices where multiplications count: work for every thread */
    size_t at;    /* what of the store is read next */

    uint8_t *store;             /* (STORE) */
    float *x, *y;               /* inputs and outputs */
    int32_t *pos, *seq, *table; /* (MANY), (MANY), (PAGES) */
    uint64_t *sum;              /* (STORE / BLOCK) */

    /* what is measured */
    heft_mat w;
    heft_kv kv;
    int32_t T;
} bench;

enum { PARTS = 7 };

static void parts_of(bench *m, heft_part p[PARTS])
{
    const size_t y = (size_t)m->rows * MANY, o = (size_t)H * WIDTH * MANY;
    p[0] = (heft_part){ &m->store, STORE, 1 };
    p[1] = (heft_part){ &m->x, (size_t)H * WIDTH * MANY, sizeof *m->x };
    p[2] = (heft_part){ &m->y, y > o ? y : o, sizeof *m->y };
    p[3] = (heft_part){ &m->pos, MANY, sizeof *m->pos };
    p[4] = (heft_part){ &m->seq, MANY, sizeof *m->seq };
    p[5] = (heft_part){ &m->table, PAGES, sizeof *m->table };
    p[6] = (heft_part){ &m->sum, STORE / BLOCK, sizeof *m->sum };
}

/* Bytes of which every format makes ordinary numbers: no infinity, and none so small that it is
 * slow. */
static void fill(bench *m)
{
    enum { LEAST = 0x30, VALUES = 12, PERIOD = 1 << 16 };
    uint32_t seed = 1;
    for (size_t i = 0; i < PERIOD; i++) {
        seed = seed * 1664525u + 1013904223u;
        m->store[i] = (uint8_t)(LEAST + (seed >> 16) % VALUES);
    }
    for (size_t i = PERIOD; i < STORE; i += PERIOD)
        memcpy(m->store + i, m->store, PERIOD);
    for (size_t i = 0; i < (size_t)H * WIDTH * MANY; i++) {
        seed = seed * 1664525u + 1013904223u;
        m->x[i] = (float)(int32_t)seed * 0x1p-31f;
    }
    for (int32_t p = 0; p < PAGES; p++)
        m->table[p] = p;
}

/* The next n bytes of the store, which were read longest ago. */
static uint8_t *next(bench *m, size_t n)
{
    if (n > STORE - m->at) m->at = 0;
    uint8_t *p = m->store + m->at;
    m->at += n;
    return p;
}

/* ---- reading ---- */

static void read_block(void *arg, int32_t part, int32_t thread)
{
    (void)thread;
    enum { SUMS = 8 }; /* in flight at once */
    const bench *m = arg;
    const uint64_t *p = (const void *)(m->store + (size_t)part * BLOCK);
    uint64_t sum[SUMS] = { 0 };
    for (size_t i = 0; i < BLOCK / sizeof *p; i += SUMS)
        for (size_t k = 0; k < SUMS; k++)
            sum[k] += p[i + k];
    m->sum[part] = 0;
    for (size_t k = 0; k < SUMS; k++)
        m->sum[part] += sum[k];
}

static heft_status measure_read(bench *m, int32_t threads, double *out, heft_error *err)
{
    heft_pool *pool;
    heft_status st = heft_pool_open(threads, &pool, err);
    if (st) return st;
    *out = 0;
    for (int32_t turn = 0; turn < TURNS; turn++) {
        const double began = heft_seconds();
        heft_pool_run(pool, read_block, m, STORE / BLOCK);
        const double rate = STORE / (heft_seconds() - began);
        if (rate > *out) *out = rate;
    }
    heft_pool_close(pool);
    return HEFT_OK;
}

/* ---- operations ---- */

static void multiply(bench *m)
{
    const heft_dtype_info *t = &heft_dtypes[m->w.dtype];
    m->w.stride = (int64_t)COLS / t->block * t->bytes;
    m->w.rows = m->T == 1 ? ROWS : m->rows;
    m->w.cols = COLS;
    m->w.data = next(m, (size_t)m->w.stride * (size_t)m->w.rows);
    const heft_lin lin = { .w = m->w };
    heft_ops_timer.linear((heft_device *)&m->timer, 1, &m->y, (const heft_lin *const[]){ &lin },
                          m->x, m->T);
}

static void attend(bench *m)
{
    const int32_t first[2] = { 0, m->T }, slot = 0, past = m->T == 1 ? DEPTH - 1 : 0;
    const int32_t *const tables[1] = { m->table };
    const heft_attn a = { .H = H, .G = G, .dk = WIDTH, .dv = WIDTH, .scale = 1.0f / WIDTH };
    const heft_batch b = { .T = m->T,
                           .S = 1,
                           .pos = m->pos,
                           .seq = m->seq,
                           .first = first,
                           .past = &past,
                           .page = tables,
                           .slot = &slot,
                           .pages = PAGES };
    for (int32_t t = 0; t < m->T; t++)
        m->pos[t] = past + t;
    m->kv.base = next(m, PAGES * m->kv.page_bytes);
    heft_ops_timer.attend((heft_device *)&m->timer, m->y, m->x, &m->kv, NULL, NULL, NULL, NULL, &a,
                          &b);
}

/* Bytes, or multiplications, of a second of calls: those of the best turn. */
static double best(bench *m, void (*call)(bench *), int32_t op, int32_t rows)
{
    const heft_op_time *t = &m->timer.op[op];
    const double began = heft_seconds();
    double best = 0;
    m->T = rows;
    for (int32_t turn = 0; turn < TURNS; turn++) {
        m->timer.op[op] = (heft_op_time){ 0 };
        while (t->seconds < turn_seconds)
            call(m);
        const double rate = (double)(rows == 1 ? t->bytes : t->macs) / t->seconds;
        if (rate > best) best = rate;
        if (heft_seconds() - began > enough_seconds) break;
    }
    return best;
}

static heft_format_speed speed_of(bench *m, heft_dtype t, void (*call)(bench *), int32_t op)
{
    heft_format_speed s;
    (void)snprintf(s.name, sizeof s.name, "%s", heft_dtypes[t].name);
    s.bytes = best(m, call, op, 1);
    s.macs = best(m, call, op, MANY);
    return s;
}

static void measure_formats(bench *m, heft_machine *out)
{
    for (int32_t t = 0; t < HEFT_DTYPES; t++) {
        if (heft_dtypes[t].sum == HEFT_SUM_NONE || heft_dtypes[t].gguf < 0) continue;
        m->w.dtype = (uint8_t)t;
        out->format[out->n_formats++] = speed_of(m, (heft_dtype)t, multiply, HEFT_OP_LINEAR);
    }
}

static void measure_caches(bench *m, heft_machine *out)
{
    for (int32_t i = 0; i < HEFT_CACHE_TYPES; i++) {
        const heft_dtype type = heft_cache_dtype((heft_cache_type)i);
        m->kv = (heft_kv){ .page_bytes = (size_t)G * HEFT_TILE * 2 * heft_row_bytes(type, WIDTH),
                           .dtype = type,
                           .G = G,
                           .dk = WIDTH,
                           .dv = WIDTH };
        out->cache[i] = speed_of(m, type, attend, HEFT_OP_ATTEND);
    }
}

heft_status heft_machine_measure(int32_t threads, const char *isa, heft_machine *out,
                                 heft_error *err)
{
    heft_machine r = { .threads = threads ? threads : heft_cores() };
    bench m = { .timer = { .ops = &heft_ops_cpu } };
    heft_part parts[PARTS];
    unsigned bits;
    if (r.threads < 1 || r.threads > HEFT_MAX_THREADS)
        return heft_fail(err, HEFT_E_ARG, "the number of threads is %d, expected 1 to %d",
                         r.threads, HEFT_MAX_THREADS);
    heft_status st = heft_engine_isa(&isa, &bits, err);
    if (st) return st;
    (void)snprintf(r.isa, sizeof r.isa, "%s", isa);
    heft_processor(r.processor, sizeof r.processor);
    m.rows = 128 * r.threads < 512 ? 512 : 128 * r.threads < ROWS ? 128 * r.threads : ROWS;
    const heft_device_need need = { .threads = r.threads,
                                    .rows = MANY,
                                    .cols = COLS,
                                    .blocks = (int64_t)MANY * (COLS / 32),
                                    .experts = 1,
                                    .heads = H,
                                    .dk = WIDTH,
                                    .dv = WIDTH,
                                    .group = H / G,
                                    .context = DEPTH };
    parts_of(&m, parts);
    if (!heft_parts_alloc(parts, PARTS)) return heft_nomem(err, "what is measured with");
    fill(&m);
    st = measure_read(&m, r.threads, &r.read, err);
    if (!st) st = heft_cpu_open(&need, bits, &m.timer.device, err);
    if (!st) {
        measure_formats(&m, &r);
        measure_caches(&m, &r);
        heft_cpu_close(m.timer.device);
        *out = r;
    }
    heft_parts_free(parts, PARTS);
    return st;
}

/* Speed of the matrix kernels: per format, instruction set and number of columns, one thread.
 *
 *   bench_kernels [FORMAT | attend]
 *
 * Up to 8 columns the weights come from memory (parts of 128 MB in turn) and GB/s of weights is
 * what counts; from 32 on they stay in the cache, as in a prompt, and MAC/cycle counts. The sets
 * take turns, and so does a plain read of the same memory: a figure is the median of its turns, to
 * be compared with those of the same format only. Nothing is asserted. */
#define _POSIX_C_SOURCE 200809L
#include "base/mem.h"
#include "kernels/kernels.h"
#include "kernels/random_mat.h"
#include "kernels/scaled_mat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLS = 2048, MAX_COLUMNS = 512, PART_BYTES = 16 << 20, PARTS = 8, FEW = HEFT_FEW };
enum { MAX_SETS = 8, MOST_ROUNDS = 201 };

static const int32_t columns[] = { 1, 2, 4, 8, 32, 512 };
enum { COUNTS = sizeof columns / sizeof columns[0] };

/* Time this thread has had: others may be using the machine. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Cycles per second: a chain of dependent additions does one each cycle. */
static double clock_hz(void)
{
    enum { STEPS = 1000000 };
    double best = 0;
    for (int32_t i = 0; i < 50; i++) {
        uint64_t x = 1;
        const double start = now();
        for (int32_t k = 0; k < STEPS / 10; k++) {
#pragma GCC unroll 10
            for (int32_t j = 0; j < 10; j++) {
                x += x;
                __asm__ volatile("" : "+r"(x));
            }
        }
        const double hz = STEPS / (now() - start);
        if (hz > best) best = hz;
    }
    return best;
}

/* Read it all. */
static void add_up(const uint8_t *data, size_t bytes)
{
    uint64_t sum[8] = { 0 };
    for (size_t o = 0; o + 64 <= bytes; o += 64)
        for (size_t j = 0; j < 8; j++) {
            uint64_t v;
            memcpy(&v, data + o + 8 * j, sizeof v);
            sum[j] += v;
        }
    for (size_t j = 0; j < 8; j++)
        __asm__ volatile("" ::"r"(sum[j]));
}

/* What one format is measured on. */
typedef struct {
    heft_mat part[PARTS];
    scaled scales; /* of formats that have them */
    const void *x[MAX_COLUMNS];
    float *y[MAX_COLUMNS];
    heft_act *laid; /* (FEW, COLS / 32) */
    void *scratch;
} work;

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int32_t n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return x[n / 2];
}

/* seconds[s]: a multiplication of n columns with set s; seconds[count]: a read of its weights. */
static void measure(const heft_kernels *sets, int32_t count, const work *w, int32_t rows, int32_t n,
                    double *seconds)
{
    static double took[MAX_SETS + 1][MOST_ROUNDS];
    const double start = now();
    heft_columns x = { .x = w->x, .n = n };
    int32_t rounds = 0, part = 0;
    for (; rounds < MOST_ROUNDS && (rounds < 5 || now() - start < 0.6 * count); rounds++)
        for (int32_t s = 0; s <= count; s++) {
            const heft_mat *m = &w->part[n <= FEW ? part++ % PARTS : 0];
            const bool lay =
                s < count && 1 < n && n <= FEW && heft_dtypes[m->dtype].sum != HEFT_SUM_F;
            if (lay) sets[s].lay(w->laid, w->x, n, m->cols / 32); /* once for many parts of rows */
            x.laid = lay ? w->laid : NULL;
            const double begin = now();
            if (s < count)
                sets[s].mul(m, 0, rows, &x, w->y, w->scratch);
            else if (n <= FEW)
                add_up(m->data, (size_t)m->stride * (size_t)(m->by_col ? m->cols : rows));
            took[s][rounds] = now() - begin;
        }
    for (int32_t s = 0; s <= count; s++)
        seconds[s] = median(took[s], rounds);
}

static void bench(const heft_kernels *sets, int32_t count, const work *w, double hz)
{
    const heft_mat *m = &w->part[0];
    const heft_dtype_info *info = &heft_dtypes[m->dtype];
    double seconds[COUNTS][MAX_SETS + 1];
    int32_t rows[COUNTS];
    for (int32_t i = 0; i < COUNTS; i++) {
        rows[i] = columns[i] <= FEW ? m->rows : 64;
        measure(sets, count, w, rows[i], columns[i], seconds[i]);
    }
    for (int32_t s = 0; s <= count; s++) {
        printf("%-10s%-2s%-9s", info->name, m->by_col ? "T" : "",
               s < count ? sets[s].name : "(read)");
        for (int32_t i = 0; i < COUNTS; i++) {
            const double numbers = (double)rows[i] * COLS, t = seconds[i][s];
            const double speed = numbers / info->block * info->bytes / t * 1e-9;
            if (s < count)
                printf("  %5.2f (%4.1f)", numbers * columns[i] / t / hz, speed);
            else if (columns[i] <= FEW)
                printf("        (%4.1f)", speed);
        }
        printf("\n");
    }
    fflush(stdout);
}

static void give_columns(work *w, int32_t rows, const heft_kernels *k, float *x, heft_act *a,
                         float *y)
{
    const bool floats = w->part[0].by_col || heft_dtypes[w->part[0].dtype].sum == HEFT_SUM_F;
    for (int32_t c = 0; c < MAX_COLUMNS; c++) {
        k->quantise(a + (size_t)c * COLS / 32, x + (size_t)c * COLS, COLS);
        if (floats)
            w->x[c] = x + (size_t)c * COLS;
        else
            w->x[c] = a + (size_t)c * COLS / 32;
        w->y[c] = y + (size_t)(c % FEW) * (size_t)rows;
    }
    /* columns beyond FEW are multiplied with few rows only */
    for (int32_t c = FEW; c < MAX_COLUMNS; c++)
        w->y[c] = y + 64 * (size_t)c;
}

/* Attention over tiles of one head: MAC/cycle of scores and values together, with so many queries.
 */
static void bench_attend(const heft_kernels *sets, int32_t count, heft_dtype type, int32_t width,
                         uint8_t *data, float *x, double hz)
{
    enum { WIDEST = 128, TILES = 16, MOST = 64, COUNT = 4 };
    static const int32_t queries[COUNT] = { 1, 4, 8, 64 };
    static double took[COUNT][MAX_SETS][MOST_ROUNDS];
    static float o[MOST][WIDEST];
    static _Alignas(64) float panel[MOST * WIDEST];
    heft_partial state[MOST];
    heft_query q[MOST];
    uint64_t seed = 4;
    const size_t row = heft_row_bytes(type, width), bytes = row * HEFT_TILE;
    random_weights(data, type, 2 * TILES * HEFT_TILE, width, &seed);
    for (int32_t r = 0; r < MOST_ROUNDS; r++)
        for (int32_t i = 0; i < COUNT; i++)
            for (int32_t s = 0; s < count; s++) {
                for (int32_t j = 0; j < queries[i]; j++) {
                    state[j] = (heft_partial){ .o = o[j] };
                    q[j] = (heft_query){ .q = x + width * j, .hi = HEFT_TILE, .state = &state[j] };
                }
                const double begin = now();
                if (queries[i] >= HEFT_CROWD) sets[s].lay_panel(panel, q, queries[i], width);
                for (size_t t = 0; t < TILES; t++) {
                    const heft_tile tile = { .k = data + 2 * t * bytes,
                                             .v = data + (2 * t + 1) * bytes,
                                             .k_stride = row,
                                             .v_stride = row,
                                             .dtype = type,
                                             .dk = width,
                                             .dv = width,
                                             .pos = (int32_t)t * HEFT_TILE,
                                             .scale = 0.1f };
                    sets[s].attend(&tile, q, queries[i], panel);
                }
                took[i][s][r] = now() - begin;
            }
    for (int32_t s = 0; s < count; s++) {
        printf("attend %-5s %3d %-9s", heft_dtypes[type].name, width, sets[s].name);
        for (int32_t i = 0; i < COUNT; i++)
            printf("  %d queries: %5.2f", queries[i],
                   2.0 * width * HEFT_TILE * TILES * queries[i] / median(took[i][s], MOST_ROUNDS)
                       / hz);
        printf("\n");
    }
}

static void make(work *w, heft_dtype dtype, bool by_col, const heft_kernels *k, uint8_t *data,
                 float *x, heft_act *a, float *y)
{
    uint64_t row, seed = 1;
    if (!heft_dtype_bytes(dtype, COLS, &row)) abort();
    const int32_t rows = (int32_t)(PART_BYTES / row);
    for (int32_t i = 0; i < PARTS; i++) {
        uint8_t *part = data + (size_t)i * PART_BYTES;
        if (i == 0)
            random_weights(part, dtype, rows, COLS, &seed);
        else
            memcpy(part, data, PART_BYTES);
        w->part[i] = mat_on(part, dtype, rows, COLS, by_col);
    }
    give_columns(w, rows, k, x, a, y);
}

/* The same with scales beside the numbers: one set for all parts, as it is small. */
static void make_scaled(work *w, const scaled_layout *l, const heft_kernels *k, uint8_t *data,
                        uint8_t *beside, float *x, heft_act *a, float *y)
{
    size_t bytes[SCALED_TENSORS];
    uint64_t seed = 1;
    const heft_dtype_info *info = &heft_dtypes[l->dtype];
    const int32_t rows = PART_BYTES / (COLS / info->block * info->bytes);
    const int64_t lines = l->by_col ? COLS : rows, places = l->by_col ? rows : COLS;
    uint8_t *tensor[SCALED_TENSORS] = { data };
    scaled_sizes(l, lines, places, bytes);
    for (int32_t i = 1; i < SCALED_TENSORS; i++) {
        tensor[i] = beside;
        beside += bytes[i];
    }
    scaled_fill(&w->scales, l, lines, places, tensor, &seed);
    w->scales.w.rows = rows;
    w->scales.w.cols = COLS;
    for (int32_t i = 0; i < PARTS; i++) {
        w->part[i] = w->scales.w;
        w->part[i].data = data + (size_t)i * PART_BYTES;
        if (i > 0) memcpy(data + (size_t)i * PART_BYTES, data, PART_BYTES);
    }
    give_columns(w, rows, k, x, a, y);
}

int main(int argc, char **argv)
{
    static const struct {
        heft_dtype dtype;
        bool by_col;
    } formats[] = {
        { HEFT_F32, false },     { HEFT_F16, false },    { HEFT_BF16, false },
        { HEFT_BF16, true },     { HEFT_Q4_0, false },   { HEFT_Q8_0, false },
        { HEFT_Q4_K, false },    { HEFT_Q5_K, false },   { HEFT_Q6_K, false },
        { HEFT_Q1_0, false },    { HEFT_Q2_0, false },   { HEFT_Q4_1, false },
        { HEFT_Q5_0, false },    { HEFT_Q5_1, false },   { HEFT_Q2_K, false },
        { HEFT_Q3_K, false },    { HEFT_IQ1_S, false },  { HEFT_IQ1_M, false },
        { HEFT_IQ2_XXS, false }, { HEFT_IQ2_XS, false }, { HEFT_IQ2_S, false },
        { HEFT_IQ3_XXS, false }, { HEFT_IQ3_S, false },  { HEFT_IQ4_NL, false },
        { HEFT_IQ4_XS, false },  { HEFT_TQ1_0, false },  { HEFT_TQ2_0, false },
        { HEFT_MXFP4, false },   { HEFT_NVFP4, false },
    };
    heft_kernels scalar, sets[MAX_SETS];
    int32_t count = 0;
    heft_kernels_init(&scalar, 0);
    for (int32_t i = 1; heft_isa_name(i); i++) {
        unsigned isa;
        if (heft_isa_named(heft_isa_name(i), &isa) && !(isa & ~heft_isa_detect()))
            heft_kernels_init(&sets[count++], isa);
    }
    if (count == 0) sets[count++] = scalar;

    const size_t bytes = (size_t)PART_BYTES * PARTS;
    const int32_t numbers = COLS * MAX_COLUMNS;
    uint8_t *data = heft_alloc(bytes, 1), *beside = heft_alloc(2 * (size_t)PART_BYTES, 1);
    float *x = heft_alloc((size_t)numbers, sizeof *x);
    heft_act *a = heft_alloc((size_t)numbers / 32, sizeof *a);
    /* the narrowest format has 1/5 byte for a number */
    float *y = heft_alloc((size_t)PART_BYTES / COLS * 6 * FEW, sizeof *y);
    work w = { .scratch = heft_alloc(sets[count - 1].mul_scratch(COLS), 1),
               .laid = heft_alloc((size_t)COLS / 32 * FEW, sizeof *w.laid) };
    if (!data || !beside || !x || !a || !y || !w.scratch || !w.laid) return 1;

    uint64_t seed = 3;
    memset(data, 1, bytes);
    random_activations(x, numbers, &seed);
    const double hz = clock_hz();
    printf("clock %.2f GHz, K = %d; MAC/cycle (GB/s of weights) for N columns\n", hz * 1e-9, COLS);
    printf("%-21s  %12s  %12s  %12s  %12s  %12s  %12s\n", "", "N = 1", "2", "4", "8", "32", "512");
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        if (argc > 1 && strcmp(argv[1], heft_dtypes[formats[f].dtype].name) != 0) continue;
        make(&w, formats[f].dtype, formats[f].by_col, &scalar, data, x, a, y);
        bench(sets, count, &w, hz);
    }
    for (int32_t f = 0; f < SCALED_LAYOUTS; f++) {
        if (argc > 1 && strcmp(argv[1], heft_dtypes[scaled_layouts[f].dtype].name) != 0) continue;
        make_scaled(&w, &scaled_layouts[f], &scalar, data, beside, x, a, y);
        bench(sets, count, &w, hz);
    }
    heft_free(beside);
    static const heft_dtype caches[] = { HEFT_F16, HEFT_Q8_0 };
    for (int32_t i = 0; i < 4 && (argc < 2 || strcmp(argv[1], "attend") == 0); i++)
        bench_attend(sets, count, caches[i % 2], 64 << i / 2, data, x, hz);
    heft_free(data);
    heft_free(x);
    heft_free(a);
    heft_free(y);
    heft_free(w.laid);
    heft_free(w.scratch);
    return 0;
}

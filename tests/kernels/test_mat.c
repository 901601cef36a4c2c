/* Matrix kernels: every instruction set of this machine gives the bytes of the scalar code, for
 * any shape, any columns together, any split of the rows, and reads and writes nothing else. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "base/mem.h"
#include "kernels/kernels.h"
#include "random_mat.h"
#include "sets.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static heft_kernels scalar, simd;

enum { MAX_COLUMNS = 101 };

/* ---- memory that ends where a page ends, as a mapped file does ---- */

typedef struct {
    uint8_t *data; /* the bytes asked for; the next one faults */
    void *pages;
    size_t size;
} guarded;

static guarded guarded_new(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page) / page * page;
    guarded g = { .size = whole + page };
    g.pages = mmap(NULL, g.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.pages != MAP_FAILED);
    assert_int_equal(mprotect((uint8_t *)g.pages + whole, page, PROT_NONE), 0);
    g.data = (uint8_t *)g.pages + whole - bytes;
    return g;
}

static void guarded_free(guarded *g)
{
    munmap(g->pages, g->size);
}

/* ---- one shape ---- */

typedef struct {
    heft_dtype dtype;
    bool by_col;
    int32_t rows, cols, n;
    size_t shift; /* bytes between the weights and the end of their pages: any address */
} shape;

typedef struct {
    guarded weights, x[MAX_COLUMNS], scratch;
    bool lay; /* the columns, if they are few, before they are multiplied */
    heft_mat w;
    const void *xs[MAX_COLUMNS];
    float *expected, *got; /* n columns of rows + 2: one untouched number at either end */
} setup;

static const uint32_t untouched = 0xffabcdef;

static float *columns_new(const shape *s)
{
    const size_t count = (size_t)(s->rows + 2) * (size_t)s->n;
    float *y = heft_alloc(count, sizeof(float));
    assert_non_null(y);
    return y;
}

static void columns_clear(const shape *s, float *y)
{
    for (size_t i = 0; i < (size_t)(s->rows + 2) * (size_t)s->n; i++)
        memcpy(y + i, &untouched, sizeof untouched);
}

static void setup_new(setup *t, const shape *s, uint64_t *seed)
{
    const bool floats = heft_dtypes[s->dtype].sum == HEFT_SUM_F;
    uint64_t bytes;
    float *x = heft_alloc((size_t)s->cols, sizeof(float));
    assert_non_null(x);
    assert_true(heft_dtype_bytes(s->dtype, (int64_t)s->rows * s->cols, &bytes));
    t->weights = guarded_new(bytes + s->shift);
    random_weights(t->weights.data, s->dtype, s->rows, s->cols, seed);
    t->w = mat_on(t->weights.data, s->dtype, s->rows, s->cols, s->by_col);
    for (int32_t c = 0; c < s->n; c++) {
        random_activations(x, s->cols, seed);
        const size_t size =
            floats ? (size_t)s->cols * sizeof(float) : (size_t)s->cols / 32 * sizeof(heft_act);
        t->x[c] = guarded_new(size);
        if (floats)
            memcpy(t->x[c].data, x, size);
        else
            scalar.quantise((heft_act *)(void *)t->x[c].data, x, s->cols);
        t->xs[c] = t->x[c].data;
    }
    heft_free(x);
    /* scratch is aligned to 64, so its end may lie a little before the end of its page */
    t->scratch = guarded_new((simd.mul_scratch(s->cols) + 63) / 64 * 64);
    t->lay = false;
    t->expected = columns_new(s);
    t->got = columns_new(s);
}

static void setup_free(setup *t, const shape *s)
{
    guarded_free(&t->weights);
    guarded_free(&t->scratch);
    for (int32_t c = 0; c < s->n; c++)
        guarded_free(&t->x[c]);
    heft_free(t->expected);
    heft_free(t->got);
}

/* Rows r0 .. r1 - 1 of columns c0 .. c1 - 1 into y. */
static void part(const heft_kernels *k, setup *t, const shape *s, float *y, int32_t r0, int32_t r1,
                 int32_t c0, int32_t c1)
{
    float *ys[MAX_COLUMNS];
    for (int32_t c = c0; c < c1; c++)
        ys[c] = y + (size_t)(s->rows + 2) * (size_t)c + 1;
    heft_columns x = { .x = t->xs + c0, .n = c1 - c0 };
    const bool lay = t->lay && x.n <= HEFT_FEW && heft_dtypes[s->dtype].sum != HEFT_SUM_F;
    guarded laid = guarded_new(lay ? (size_t)(x.n * s->cols / 32) * sizeof(heft_act) : 0);
    if (lay) {
        k->lay((heft_act *)(void *)laid.data, x.x, x.n, s->cols / 32);
        x.laid = (const heft_act *)(const void *)laid.data;
    }
    k->mul(&t->w, r0, r1, &x, ys + c0, t->scratch.data);
    guarded_free(&laid);
}

static void must_be_equal(const setup *t, const shape *s, const char *what)
{
    const size_t count = (size_t)(s->rows + 2) * (size_t)s->n;
    if (memcmp(t->got, t->expected, count * sizeof(float)) == 0) return;
    size_t i = 0;
    while (memcmp(t->got + i, t->expected + i, sizeof(float)) == 0)
        i++;
    fail_msg("%s: %s%s %d x %d, %d columns: column %d row %d is %a, scalar says %a", what,
             heft_dtypes[s->dtype].name, s->by_col ? " by column" : "", s->rows, s->cols, s->n,
             (int)(i / (size_t)(s->rows + 2)), (int)(i % (size_t)(s->rows + 2)) - 1,
             (double)t->got[i], (double)t->expected[i]);
}

static void one_shape(const shape *s, uint64_t *seed)
{
    setup t;
    setup_new(&t, s, seed);
    columns_clear(s, t.expected);
    part(&scalar, &t, s, t.expected, 0, s->rows, 0, s->n);

    columns_clear(s, t.got);
    part(&simd, &t, s, t.got, 0, s->rows, 0, s->n);
    must_be_equal(&t, s, "whole");

    columns_clear(s, t.got);
    for (int32_t c = 0; c < s->n; c++)
        part(&simd, &t, s, t.got, 0, s->rows, c, c + 1);
    must_be_equal(&t, s, "column by column");

    columns_clear(s, t.got);
    for (int32_t c = 0, size = 1; c < s->n; c += size, size = 2 * size + 1)
        part(&simd, &t, s, t.got, 0, s->rows, c, c + size < s->n ? c + size : s->n);
    must_be_equal(&t, s, "columns in groups");

    t.lay = true;
    columns_clear(s, t.got);
    part(&simd, &t, s, t.got, 0, s->rows, 0, s->n);
    must_be_equal(&t, s, "laid");

    columns_clear(s, t.got);
    for (int32_t r = 0, next; r < s->rows; r = next) {
        next = r + 1 + (int32_t)(random_bits(seed) % 24);
        if (next > s->rows) next = s->rows;
        part(&simd, &t, s, t.got, r, next, 0, s->n);
    }
    must_be_equal(&t, s, "laid, rows in parts");
    setup_free(&t, s);
}

/* ---- the formats ---- */

typedef struct {
    heft_dtype dtype;
    bool by_col;
} format;

static void every_shape_of_a_format_is_equal(void **state)
{
    const format *f = *state;
    static const int32_t rows[] = { 1, 3, 7, 8, 9, 15, 16, 17, 33, 40 };
    static const int32_t columns[] = { 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 16, 23, 40 };
    static const int32_t tails[] = { 0, 1, 7, 8, 9, 15, 16, 17, 31, 100, 127 };
    const heft_dtype_info *info = &heft_dtypes[f->dtype];
    uint64_t seed = 99 + f->dtype;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t j = 0; j < sizeof columns / sizeof columns[0]; j++) {
            const uint32_t luck = random_bits(&seed);
            int32_t cols = info->block * (1 + (int32_t)(luck % 3));
            if (info->sum == HEFT_SUM_F) cols = (int32_t)(luck % 3) * 128 + tails[luck / 3 % 11];
            const shape s = { f->dtype, f->by_col, rows[i], cols, columns[j], luck >> 28 };
            one_shape(&s, &seed);
        }
}

/* Panels are cut at 320 KB: sums wait in y. Float tiles are cut at 1,024 k, and rows of more than
 * 6,144 into shares. */
static void long_rows_are_equal(void **state)
{
    const format *f = *state;
    uint64_t seed = 7 + f->dtype;
    const bool floats = heft_dtypes[f->dtype].sum == HEFT_SUM_F;
    const int32_t cols[] = { floats ? 6019 : 10240, floats ? 45003 : 20480 };
    for (size_t i = 0; i < 2; i++) {
        const shape s = { f->dtype, f->by_col, 21, cols[i], 10, 1 };
        one_shape(&s, &seed);
    }
}

/* Every activation is the largest, with the sign of the weight that it meets in one of the rows:
 * what partial sums of integers must hold. */
static void the_largest_sums_are_equal(void **state)
{
    const format *f = *state;
    enum { COLS = 512 };
    uint64_t seed = 31 + f->dtype;
    const shape s = { f->dtype, f->by_col, 17, COLS, 16, 0 };
    if (heft_dtypes[f->dtype].sum == HEFT_SUM_F) return;
    setup t;
    setup_new(&t, &s, &seed);
    for (int32_t c = 0; c < s.n; c++) {
        float x[COLS];
        for (int32_t b = 0; b < COLS / 32; b++) {
            heft_block w;
            heft_unpack(&w, &t.w, c, b);
            for (int32_t i = 0; i < 32; i++)
                x[32 * b + i] = w.q[i] < 0 ? -1 : 1;
        }
        scalar.quantise((heft_act *)(void *)t.x[c].data, x, COLS);
    }
    columns_clear(&s, t.expected);
    part(&scalar, &t, &s, t.expected, 0, s.rows, 0, s.n);
    columns_clear(&s, t.got);
    part(&simd, &t, &s, t.got, 0, s.rows, 0, s.n);
    must_be_equal(&t, &s, "largest sums");
    setup_free(&t, &s);
}

/* Floats: more rows than are widened together, and more columns than wait for the next share. */
static void many_rows_and_columns_are_equal(void **state)
{
    (void)state;
    uint64_t seed = 3;
    static const shape shapes[] = {
        { HEFT_F16, false, 70, 333, 19, 1 },
        { HEFT_BF16, false, 70, 5001, 11, 1 },
        { HEFT_F32, false, 67, 6151, MAX_COLUMNS, 1 },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        one_shape(&shapes[i], &seed);
}

/* ---- activations ---- */

static void activations_are_equal(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int32_t i = 0; i < 4000; i++) {
        float x[96];
        heft_act expected[4], got[4];
        const int32_t n = 32 * (int32_t)(random_bits(&seed) % 4);
        memset(expected, 0x5a, sizeof expected);
        memset(got, 0x5a, sizeof got);
        random_activations(x, n, &seed);
        if (n > 0 && i % 50 == 0) x[random_bits(&seed) % (uint32_t)n] = i % 100 ? NAN : -INFINITY;
        if (n > 0 && i % 50 == 1) x[random_bits(&seed) % (uint32_t)n] = 3e38f;
        if (n > 0 && i % 50 == 2)
            for (int32_t k = 0; k < n; k++)
                x[k] *= 0x1p-120f;
        scalar.quantise(expected, x, n);
        simd.quantise(got, x, n);
        assert_memory_equal(got, expected, sizeof got);
    }
}

/* Products below the smallest number make partial sums of -0; lanes that a tail does not reach must
 * not add +0 to them. */
static void minus_zero_survives_the_tail(void **state)
{
    (void)state;
    enum { COLS = 40, ROWS = 5, N = 10 };
    float w[ROWS * COLS], x[COLS], y[N][ROWS], *ys[N];
    const void *xs[N];
    void *scratch = heft_alloc(simd.mul_scratch(COLS), 1);
    assert_non_null(scratch);
    for (int32_t i = 0; i < ROWS * COLS; i++)
        w[i] = -0x1p-100f;
    for (int32_t i = 0; i < COLS; i++)
        x[i] = 0x1p-100f;
    for (int32_t c = 0; c < N; c++) {
        xs[c] = x;
        ys[c] = y[c];
    }
    for (int32_t cols = 1; cols <= COLS; cols++)
        for (int32_t n = 1; n <= N; n++) {
            const heft_mat m = mat_on((const uint8_t *)w, HEFT_F32, ROWS, cols, false);
            memset(y, 0x5a, sizeof y);
            simd.mul(&m, 0, ROWS, &(heft_columns){ .x = xs, .n = n }, ys, scratch);
            for (int32_t c = 0; c < n; c++)
                for (int32_t r = 0; r < ROWS; r++)
                    assert_true(y[c][r] == 0 && (signbit(y[c][r]) != 0) == (cols >= 16));
        }
    heft_free(scratch);
}

static void nothing_is_read_of_a_matrix_without_columns(void **state)
{
    (void)state;
    enum { ROWS = 17, N = 8 };
    static const heft_dtype dtypes[] = { HEFT_Q4_0, HEFT_Q8_0,  HEFT_Q4_K,
                                         HEFT_Q6_K, HEFT_IQ2_S, HEFT_F16 };
    static float y[N][ROWS];
    float *ys[N];
    const void *xs[N] = { NULL };
    void *scratch = heft_alloc(simd.mul_scratch(0) + 1, 1);
    assert_non_null(scratch);
    for (int32_t c = 0; c < N; c++)
        ys[c] = y[c];
    for (size_t f = 0; f < sizeof dtypes / sizeof *dtypes; f++)
        for (int32_t n = 1; n <= N; n++) {
            const heft_mat w = { .dtype = (uint8_t)dtypes[f], .rows = ROWS };
            memset(y, 0x5a, sizeof y);
            simd.mul(&w, 0, ROWS, &(heft_columns){ .x = xs, .n = n }, ys, scratch);
            for (int32_t c = 0; c < n; c++)
                for (int32_t r = 0; r < ROWS; r++)
                    assert_true(y[c][r] == 0);
        }
    heft_free(scratch);
}

/* A device asks once, for its widest matrix. */
static void scratch_for_more_columns_is_never_less(void **state)
{
    (void)state;
    size_t before = 0;
    for (int32_t cols = 0; cols < 70000; cols++) {
        size_t bytes = simd.mul_scratch(cols);
        assert_true(bytes >= before && bytes % 64 == 0);
        before = bytes;
    }
}

int main(void)
{
    static format formats[] = {
        { HEFT_F32, false },    { HEFT_F16, false },    { HEFT_BF16, false },
        { HEFT_F32, true },     { HEFT_F16, true },     { HEFT_BF16, true },
        { HEFT_Q4_0, false },   { HEFT_Q8_0, false },   { HEFT_Q4_K, false },
        { HEFT_Q5_K, false },   { HEFT_Q6_K, false },   { HEFT_Q1_0, false },
        { HEFT_Q2_0, false },   { HEFT_Q4_1, false },   { HEFT_Q5_0, false },
        { HEFT_Q5_1, false },   { HEFT_Q2_K, false },   { HEFT_Q3_K, false },
        { HEFT_IQ1_S, false },  { HEFT_IQ1_M, false },  { HEFT_IQ2_XXS, false },
        { HEFT_IQ2_XS, false }, { HEFT_IQ2_S, false },  { HEFT_IQ3_XXS, false },
        { HEFT_IQ3_S, false },  { HEFT_IQ4_NL, false }, { HEFT_IQ4_XS, false },
        { HEFT_TQ1_0, false },  { HEFT_TQ2_0, false },  { HEFT_MXFP4, false },
        { HEFT_NVFP4, false },
    };
    enum { FORMATS = sizeof formats / sizeof formats[0] };
    heft_kernels_init(&scalar, 0);
    heft_kernels sets[MAX_SETS];
    const int32_t count = sets_here(sets);
    struct CMUnitTest tests[3 * FORMATS + 5] = {
        cmocka_unit_test(activations_are_equal),
        cmocka_unit_test(minus_zero_survives_the_tail),
        cmocka_unit_test(nothing_is_read_of_a_matrix_without_columns),
        cmocka_unit_test(scratch_for_more_columns_is_never_less),
        cmocka_unit_test(many_rows_and_columns_are_equal),
    };
    for (size_t f = 0; f < FORMATS; f++) {
        tests[3 * f + 5] = (struct CMUnitTest)cmocka_unit_test_prestate(
            every_shape_of_a_format_is_equal, &formats[f]);
        tests[3 * f + 6] =
            (struct CMUnitTest)cmocka_unit_test_prestate(long_rows_are_equal, &formats[f]);
        tests[3 * f + 7] =
            (struct CMUnitTest)cmocka_unit_test_prestate(the_largest_sums_are_equal, &formats[f]);
    }
    int failed = 0;
    for (int32_t i = 0; i < count; i++) {
        simd = sets[i];
        printf("set %s\n", simd.name);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}

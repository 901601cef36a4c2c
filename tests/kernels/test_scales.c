/* Weights whose scales lie in tensors beside them: what single numbers are, and that the machine's
 * best instructions give the bits of the scalar code for every shape, part and slice. What whole
 * matrices are is tested against other programs' numbers in tests/model/test_methods.c. */
#include "base/mem.h"
#include "fence.h"
#include "kernels/scales.h"
#include "random_mat.h"
#include "scaled_mat.h"
#include "sets.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_COLUMNS = 10, SCRATCH = SCALED_TENSORS, LAID, COLUMN }; /* and numbers of fences */

static heft_kernels scalar, best; /* best: the set being tested */

/* ---- single numbers --------------------------------------------------- */

static void e4m3_is_what_its_bits_say(void **state)
{
    (void)state;
    for (int32_t x = 0; x < 256; x++) {
        const int32_t exponent = x >> 3 & 15, fraction = x & 7;
        double v = exponent ? ldexp(8 + fraction, exponent - 10) : ldexp(fraction, -9);
        if (x & 128) v = -v;
        const float f = heft_e4m3((uint8_t)x);
        if ((x & 127) == 127)
            assert_true(isnan(f));
        else
            assert_true((double)f == v && (signbit(f) != 0) == (x >> 7));
    }
}

static void scales_of_powers_of_two_reach_from_subnormals_to_nan(void **state)
{
    (void)state;
    for (int32_t e = 0; e < 256; e++) {
        const uint8_t byte = (uint8_t)e;
        const heft_scales s = { .scale = &byte, .factor = 1, .type = HEFT_F8_E8M0 };
        const float d = heft_scale(&s, 0, 0);
        if (e == 255)
            assert_true(isnan(d));
        else
            assert_true((double)d == ldexp(1, e - 127));
        if (e < 255) assert_true((double)heft_half_e8m0(byte) == ldexp(1, e - 128));
    }
}

static void a_factor_multiplies_or_divides_every_scale_with_one_rounding(void **state)
{
    (void)state;
    const uint8_t byte = 0x35; /* 1.625 * 2^-1 */
    heft_scales s = { .scale = &byte, .factor = 0.3f, .type = HEFT_F8_E4M3 };
    assert_true(heft_scale(&s, 0, 0) == 0.8125f * 0.3f);
    s.divides = true;
    assert_true(heft_scale(&s, 0, 0) == 0.8125f / 0.3f);
}

/* ---- matrices --------------------------------------------------------- */

/* A matrix of `lines` times `places`, its tensors ending where memory does. */
static void scaled_new(scaled *t, const scaled_layout *l, int64_t lines, int64_t places,
                       uint64_t *seed)
{
    size_t bytes[SCALED_TENSORS];
    uint8_t *tensor[SCALED_TENSORS];
    scaled_sizes(l, lines, places, bytes);
    for (int32_t i = 0; i < SCALED_TENSORS; i++)
        tensor[i] = fenced(i, bytes[i]);
    scaled_fill(t, l, lines, places, tensor, seed);
}

/* Rows r0 .. r1 - 1 times n columns, by both: equal bits, and nothing else is written. */
static void compare(const heft_mat *w, int32_t r0, int32_t r1, int32_t n, uint64_t *seed)
{
    const bool floats = w->by_col || heft_dtypes[w->dtype].sum == HEFT_SUM_F;
    const size_t rows = (size_t)w->rows, cols = (size_t)w->cols;
    float *x = heft_alloc(cols, sizeof *x), *y = heft_alloc(2 * rows * (size_t)n, sizeof *y);
    void *scratch = fenced(SCRATCH, best.mul_scratch(w->cols));
    const void *xs[MOST_COLUMNS];
    float *a[MOST_COLUMNS], *b[MOST_COLUMNS];
    assert_true(x && y && n <= MOST_COLUMNS);
    for (int32_t c = 0; c < n; c++) {
        random_activations(x, w->cols, seed);
        void *column = fenced(COLUMN + c, floats ? cols * sizeof *x : cols / 32 * sizeof(heft_act));
        if (floats)
            memcpy(column, x, cols * sizeof *x);
        else
            scalar.quantise(column, x, w->cols);
        xs[c] = column;
        a[c] = y + rows * (size_t)c;
        b[c] = y + rows * (size_t)(n + c);
    }
    const heft_act *laid = NULL;
    if (!floats && n <= HEFT_FEW && random_bits(seed) % 2) {
        heft_act *to = fenced(LAID, cols / 32 * (size_t)n * sizeof *to);
        best.lay(to, xs, n, w->cols / 32);
        laid = to;
    }
    scalar.mul(w, r0, r1, &(heft_columns){ .x = xs, .n = n }, a, NULL);
    best.mul(w, r0, r1, &(heft_columns){ xs, n, laid }, b, scratch);
    if (memcmp(a[0], b[0], rows * (size_t)n * sizeof *y) != 0)
        fail_msg("%s%s %d x %d from line %d and place %d, rows %d to %d, %d columns",
                 heft_dtypes[w->dtype].name, w->by_col ? " by column" : "", w->rows, w->cols,
                 (int)w->line, w->at, r0, r1, n);
    heft_free(x);
    heft_free(y);
}

static void every_shape_part_and_slice_is_equal(void **state)
{
    const scaled_layout *l = *state;
    const bool blocks = heft_dtypes[l->dtype].sum != HEFT_SUM_F;
    static const int32_t columns[] = { 1, 2, 3, 4, 7, 8, 9, MOST_COLUMNS };
    uint64_t seed = 77 + l->dtype;
    for (int32_t i = 0; i < 48; i++) {
        scaled t;
        const int32_t lines = 16 * (1 + (int32_t)(random_bits(&seed) % 9));
        const int32_t most = blocks ? 40 : 9; /* more scales than a vector reads at once */
        const int32_t places =
            (blocks ? 32 : 16) * (1 + (int32_t)(random_bits(&seed) % (uint32_t)most));
        scaled_new(&t, l, lines, places, &seed);
        /* the whole, then any slice of it; blocks begin where lines do */
        for (int32_t part = 0; part < 3; part++) {
            heft_mat w = t.w;
            int32_t n = lines, m = places;
            if (part) {
                w.line = random_bits(&seed) % (uint32_t)lines;
                n = 1 + (int32_t)(random_bits(&seed) % (uint32_t)(lines - w.line));
                if (!blocks) w.at = (int32_t)(random_bits(&seed) % (uint32_t)places);
                if (!blocks) m = 1 + (int32_t)(random_bits(&seed) % (uint32_t)(places - w.at));
                if (!blocks && i % 2) w.at = w.at / 16 * 16; /* as those of releases are */
                if (!blocks && i % 2) m = (m + 15) / 16 * 16;
            }
            w.rows = w.by_col ? m : n;
            w.cols = w.by_col ? n : m;
            const int32_t r0 = part < 2 ? 0 : (int32_t)(random_bits(&seed) % (uint32_t)w.rows);
            compare(&w, r0, w.rows, columns[random_bits(&seed) % 8], &seed);
        }
    }
}

/* What few columns of FP8 leave to others: a row with a NaN, and scales from 128 on. */
static void rows_with_a_nan_and_large_scales_are_equal(void **state)
{
    (void)state;
    enum { LINES = 23, PLACES = 96 };
    const scaled_layout l = { .dtype = HEFT_FP8, .type = HEFT_F32, .lines = 1, .group = 32 };
    uint64_t seed = 6;
    scaled t;
    scaled_new(&t, &l, LINES, PLACES, &seed);
    t.w.rows = LINES;
    t.w.cols = PLACES;
    float *scale = fenced(SCALED_SCALE, sizeof *scale * LINES * PLACES / 32);
    for (int32_t i = 0; i < LINES * PLACES / 32; i++)
        scale[i] = ldexpf(random_float(&seed), i % 11 == 0 ? 100 : 0);
    for (int32_t n = 1; n <= 8; n++)
        compare(&t.w, 0, LINES, n, &seed);
    uint8_t *data = fenced(SCALED_DATA, LINES * PLACES);
    memset(data, 0x38, LINES * PLACES); /* 1 */
    for (int32_t i = 0; i < LINES * PLACES / 32; i++)
        scale[i] = 1;
    data[7 * PLACES + 5] = 0x7f;
    data[(LINES - 1) * PLACES + PLACES - 1] = 0xff;
    float x[PLACES], y[LINES], *yp = y;
    const void *xp = x;
    for (int32_t k = 0; k < PLACES; k++)
        x[k] = 1;
    void *scratch = fenced(SCRATCH, best.mul_scratch(PLACES));
    best.mul(&t.w, 0, LINES, &(heft_columns){ .x = &xp, .n = 1 }, &yp, scratch);
    for (int32_t r = 0; r < LINES; r++)
        assert_true(r == 7 || r == LINES - 1 ? isnan(y[r]) : y[r] == PLACES);
}

/* Of formats that read floats: activations of 8 bits are not 1. */
static void a_row_read_and_a_row_multiplied_by_one_are_the_same(void **state)
{
    const scaled_layout *l = *state;
    uint64_t seed = 5 + l->dtype;
    scaled t;
    scaled_new(&t, l, 96, 64, &seed);
    t.w.rows = l->by_col ? 64 : 96;
    t.w.cols = l->by_col ? 96 : 64;
    float row[96], one[96], y[96], *yp = y;
    for (int32_t r = 0; r < t.w.rows; r += 7) {
        scalar.row(row, &t.w, r);
        for (int32_t k = 0; k < t.w.cols; k += 5) {
            const void *x = one;
            memset(one, 0, sizeof one);
            one[k] = 1;
            scalar.mul(&t.w, r, r + 1, &(heft_columns){ .x = &x, .n = 1 }, &yp, NULL);
            assert_true(y[r] == row[k]);
        }
    }
}

int main(void)
{
    enum { FIRST = 4 };
    struct CMUnitTest tests[FIRST + 2 * SCALED_LAYOUTS] = {
        cmocka_unit_test(e4m3_is_what_its_bits_say),
        cmocka_unit_test(scales_of_powers_of_two_reach_from_subnormals_to_nan),
        cmocka_unit_test(a_factor_multiplies_or_divides_every_scale_with_one_rounding),
        cmocka_unit_test(rows_with_a_nan_and_large_scales_are_equal),
    };
    static scaled_layout copies[SCALED_LAYOUTS];
    heft_kernels_init(&scalar, 0);
    size_t n = FIRST; /* cmocka passes over empty entries */
    for (size_t i = 0; i < SCALED_LAYOUTS; i++) {
        copies[i] = scaled_layouts[i];
        tests[n++] = (struct CMUnitTest)cmocka_unit_test_prestate(
            every_shape_part_and_slice_is_equal, &copies[i]);
        if (heft_dtypes[copies[i].dtype].sum == HEFT_SUM_F)
            tests[n++] = (struct CMUnitTest)cmocka_unit_test_prestate(
                a_row_read_and_a_row_multiplied_by_one_are_the_same, &copies[i]);
    }
    heft_kernels sets[MAX_SETS];
    const int32_t count = sets_here(sets);
    int failed = 0;
    best = scalar;
    for (int32_t i = 0; i < count || i == 0; i++) {
        if (count) best = sets[i];
        printf("%s:\n", best.name);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}

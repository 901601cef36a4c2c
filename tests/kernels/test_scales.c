/* Weights whose scales lie in tensors beside them: what single numbers are, and that the machine's
 * best instructions give the bits of the scalar code for every shape, part and slice. What whole
 * matrices are is tested against other programs' numbers in tests/model/test_methods.c. */
#include "base/mem.h"
#include "fence.h"
#include "kernels/scales.h"
#include "random_mat.h"
#include "sets.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_COLUMNS = 10, DATA = 0, SCALE, ZERO, INDEX, SCALE2, SCRATCH, COLUMN }; /* fences */

static heft_kernels scalar, best;

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

/* How a format lays out a matrix of `lines` times `places`. Sizes in bits or numbers. */
typedef struct {
    heft_dtype dtype;
    bool by_col;
    heft_dtype type;      /* of scales */
    int32_t lines, group; /* that share one */
    int32_t zero_bits;    /* of a zero point; 0: none */
    bool index, nested;
} layout;

static const layout layouts[] = {
    { .dtype = HEFT_FP8, .type = HEFT_F32, .lines = 24, .group = 40 },
    { .dtype = HEFT_FP8, .type = HEFT_BF16, .lines = 1, .group = INT32_MAX },
    { .dtype = HEFT_FP8, .type = HEFT_F8_E8M0, .lines = INT32_MAX, .group = INT32_MAX },
    { .dtype = HEFT_FP8, .by_col = true, .type = HEFT_F16, .lines = 16, .group = 24 },
    { .dtype = HEFT_BNB4, .type = HEFT_F32, .lines = 1, .group = 64 },
    { .dtype = HEFT_BNB4, .by_col = true, .type = HEFT_U8, .group = 64, .nested = true },
    { .dtype = HEFT_GPTQ2,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 32,
      .group = 1,
      .zero_bits = 2 },
    { .dtype = HEFT_GPTQ4,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 48,
      .group = 1,
      .zero_bits = 4 },
    { .dtype = HEFT_GPTQ4,
      .type = HEFT_BF16,
      .lines = 16,
      .group = 1,
      .zero_bits = 4,
      .index = true },
    { .dtype = HEFT_GPTQ4,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 16,
      .group = 1,
      .zero_bits = 4,
      .index = true },
    { .dtype = HEFT_GPTQ8,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 16,
      .group = 1,
      .zero_bits = 8 },
    { .dtype = HEFT_AWQ4,
      .by_col = true,
      .type = HEFT_F16,
      .lines = 32,
      .group = 1,
      .zero_bits = 4 },
    { .dtype = HEFT_AWQ4, .type = HEFT_F16, .lines = 32, .group = 1, .zero_bits = 4 },
    { .dtype = HEFT_INT4_ORDER,
      .type = HEFT_BF16,
      .lines = 1,
      .group = 32,
      .zero_bits = 4,
      .index = true },
    { .dtype = HEFT_INT8_ORDER, .type = HEFT_BF16, .lines = 1, .group = 32, .index = true },
    { .dtype = HEFT_INT4, .type = HEFT_BF16, .lines = 1, .group = 32 },
    { .dtype = HEFT_INT4, .type = HEFT_F16, .lines = 1, .group = INT32_MAX },
    { .dtype = HEFT_INT4_ZERO, .type = HEFT_BF16, .lines = 1, .group = 64, .zero_bits = 4 },
    { .dtype = HEFT_INT8, .type = HEFT_F32, .lines = 1, .group = INT32_MAX },
    { .dtype = HEFT_UINT8, .type = HEFT_BF16, .lines = 1, .group = 32 },
    { .dtype = HEFT_UINT8_ZERO, .type = HEFT_BF16, .lines = 1, .group = 32, .zero_bits = 8 },
    { .dtype = HEFT_FP4_MX, .type = HEFT_F8_E8M0, .lines = 1, .group = 32 },
    { .dtype = HEFT_FP4_NV, .type = HEFT_F8_E4M3, .lines = 1, .group = 16 },
};

typedef struct {
    float code[16], code2[256];
    heft_scales s;
    heft_mat w;
} scaled;

static uint8_t *bytes_of(int32_t fence, int64_t n, uint64_t *seed)
{
    uint8_t *p = fenced(fence, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        p[i] = (uint8_t)random_bits(seed);
    return p;
}

static int64_t parts(int64_t n, int64_t of)
{
    return (n + of - 1) / of;
}

static void fill_scales(scaled *t, const layout *l, int64_t n, uint64_t *seed)
{
    const int32_t bytes = heft_dtypes[l->type].bytes;
    uint8_t *p = fenced(SCALE, (size_t)(n * bytes));
    for (int64_t i = 0; i < n; i++) {
        const float f = random_float(seed) / 64;
        const uint32_t luck = random_bits(seed);
        const uint16_t half = l->type == HEFT_F16 ? heft_to_half(f) : heft_to_bf16(f);
        if (bytes == 4) memcpy(p + 4 * i, &f, 4);
        if (bytes == 2) memcpy(p + 2 * i, &half, 2);
        if (l->type == HEFT_F8_E8M0) p[i] = (uint8_t)(115 + luck % 6);
        if (l->type == HEFT_F8_E4M3) p[i] = (uint8_t)(luck % 0x60);
        if (l->type == HEFT_U8) p[i] = (uint8_t)luck;
    }
    t->s.scale = p;
}

/* A matrix of `lines` times `places`, its tensors ending where memory does. */
static void scaled_new(scaled *t, const layout *l, int64_t lines, int64_t places, uint64_t *seed)
{
    const heft_dtype_info *info = &heft_dtypes[l->dtype];
    const bool words = l->group == 1, flat = l->dtype == HEFT_BNB4;
    const bool awq = l->dtype == HEFT_AWQ4;
    const int64_t groups = words && l->index ? 3 : parts(lines, l->lines ? l->lines : 1);
    *t = (scaled){
        .s = { .factor = 1, .lines = l->lines, .group = l->group, .type = (uint8_t)l->type }
    };
    t->w = (heft_mat){ .with = &t->s, .dtype = (uint8_t)l->dtype, .by_col = l->by_col };
    const int64_t per_word = info->block; /* of GPTQ: numbers along the lines */
    t->w.stride = words && !awq ? 4 * places : places * info->bytes / info->block;
    const int64_t stored = words && !awq ? lines / per_word : lines;
    uint8_t *data = bytes_of(DATA, stored * t->w.stride, seed);
    t->w.data = data;
    if (l->dtype == HEFT_FP8) /* no NaN, whose sign and payload are not defined */
        for (int64_t i = 0; i < lines * places; i++)
            if ((data[i] & 127) == 127) data[i] ^= 1;
    t->s.stride = words ? places : parts(places, l->group);
    const int64_t scales = flat ? parts(lines * places, l->group) : groups * t->s.stride;
    fill_scales(t, l, scales, seed);
    if (l->zero_bits) {
        const int64_t n = words ? groups * places / (32 / l->zero_bits) * 4
                                : parts(lines, 32 / l->zero_bits) * 4 * t->s.stride;
        t->s.zero = bytes_of(ZERO, n, seed);
        t->s.add = words && !awq;
    }
    if (l->index) {
        const int64_t n = words ? lines : places, of = words ? groups : t->s.stride;
        uint8_t *index = fenced(INDEX, (size_t)(4 * n));
        for (int64_t i = 0; i < n; i++) {
            const uint32_t g = random_bits(seed) % (uint32_t)of;
            memcpy(index + 4 * i, &g, 4);
        }
        t->s.index = index;
    }
    for (int32_t i = 0; i < 256; i++)
        t->code[i % 16] = t->code2[i] = random_float(seed);
    t->s.code = (const uint8_t *)t->code;
    if (!l->nested) return;
    uint8_t *scale2 = fenced(SCALE2, (size_t)(4 * parts(scales, 32)));
    for (int64_t i = 0; i < parts(scales, 32); i++)
        memcpy(scale2 + 4 * i, &t->code2[i % 256], 4);
    t->s.code2 = (const uint8_t *)t->code2;
    t->s.scale2 = scale2;
    t->s.group2 = 32;
    t->s.offset = 0.125f;
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
    scalar.mul(w, r0, r1, xs, n, a, NULL);
    best.mul(w, r0, r1, xs, n, b, scratch);
    if (memcmp(a[0], b[0], rows * (size_t)n * sizeof *y) != 0)
        fail_msg("%s%s %d x %d from line %d and place %d, rows %d to %d, %d columns",
                 heft_dtypes[w->dtype].name, w->by_col ? " by column" : "", w->rows, w->cols,
                 (int)w->line, w->at, r0, r1, n);
    heft_free(x);
    heft_free(y);
}

static void every_shape_part_and_slice_is_equal(void **state)
{
    const layout *l = *state;
    const bool blocks = heft_dtypes[l->dtype].sum != HEFT_SUM_F;
    static const int32_t columns[] = { 1, 2, 3, 4, 7, 8, 9, MOST_COLUMNS };
    uint64_t seed = 77 + l->dtype;
    for (int32_t i = 0; i < 48; i++) {
        scaled t;
        const int32_t lines = 16 * (1 + (int32_t)(random_bits(&seed) % 9));
        const int32_t places = (blocks ? 32 : 16) * (1 + (int32_t)(random_bits(&seed) % 9));
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
            }
            w.rows = w.by_col ? m : n;
            w.cols = w.by_col ? n : m;
            const int32_t r0 = part < 2 ? 0 : (int32_t)(random_bits(&seed) % (uint32_t)w.rows);
            compare(&w, r0, w.rows, columns[random_bits(&seed) % 8], &seed);
        }
    }
}

/* Of formats that read floats: activations of 8 bits are not 1. */
static void a_row_read_and_a_row_multiplied_by_one_are_the_same(void **state)
{
    const layout *l = *state;
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
            scalar.mul(&t.w, r, r + 1, &x, 1, &yp, NULL);
            assert_true(y[r] == row[k]);
        }
    }
}

int main(void)
{
    enum { LAYOUTS = sizeof layouts / sizeof *layouts, FIRST = 3 };
    struct CMUnitTest tests[FIRST + 2 * LAYOUTS] = {
        cmocka_unit_test(e4m3_is_what_its_bits_say),
        cmocka_unit_test(scales_of_powers_of_two_reach_from_subnormals_to_nan),
        cmocka_unit_test(a_factor_multiplies_or_divides_every_scale_with_one_rounding),
    };
    static layout copies[LAYOUTS];
    heft_kernels_init(&scalar, 0);
    heft_kernels sets[MAX_SETS];
    const int32_t count = sets_here(sets);
    size_t n = FIRST; /* cmocka passes over empty entries */
    for (size_t i = 0; i < LAYOUTS; i++) {
        copies[i] = layouts[i];
        tests[n++] = (struct CMUnitTest)cmocka_unit_test_prestate(
            every_shape_part_and_slice_is_equal, &copies[i]);
        if (heft_dtypes[layouts[i].dtype].sum == HEFT_SUM_F)
            tests[n++] = (struct CMUnitTest)cmocka_unit_test_prestate(
                a_row_read_and_a_row_multiplied_by_one_are_the_same, &copies[i]);
    }
    int failed = 0;
    for (int32_t i = 0; i < count; i++) {
        best = sets[i];
        printf("set %s\n", best.name);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}

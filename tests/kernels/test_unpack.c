/* Every block format against what ggml reads in the same bytes (blocks.bin, written by
 * tools/kernels/make_blocks.py). */
#include "base/file.h"
#include "kernels/fill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 2, COLS = 256 };

/* One format's part of the file; the bytes are moved to an odd address. */
typedef struct {
    heft_mat w;
    uint8_t bytes[1 + ROWS * COLS * 2];
    float expected[ROWS * COLS];
} part;

static void read_part(part *p, const char **at)
{
    uint32_t id;
    memcpy(&id, *at, sizeof id);
    *at += sizeof id;
    const int32_t dtype = heft_dtype_of_gguf(id);
    assert_true(dtype >= 0);
    const heft_dtype_info *info = &heft_dtypes[dtype];
    const size_t size = (size_t)(ROWS * COLS / info->block * info->bytes);
    uint8_t *odd = p->bytes + (((uintptr_t)p->bytes & 1) == 0);
    memcpy(odd, *at, size);
    *at += size;
    memcpy(p->expected, *at, sizeof p->expected);
    *at += sizeof p->expected;
    p->w = (heft_mat){ .data = odd,
                       .stride = (int64_t)size / ROWS,
                       .rows = ROWS,
                       .cols = COLS,
                       .dtype = (uint8_t)dtype };
}

static void rows_are_what_the_reference_reads(void **state)
{
    (void)state;
    heft_kernels k;
    char *text;
    size_t n;
    heft_kernels_scalar_mat(&k);
    assert_int_equal(
        heft_read_file(HEFT_SOURCE_DIR "/tests/kernels/blocks.bin", 1 << 20, &text, &n, NULL),
        HEFT_OK);
    const char *at = text;
    bool seen[HEFT_DTYPES] = { false };
    while (at < text + n) {
        part p;
        read_part(&p, &at);
        seen[p.w.dtype] = true;
        for (int32_t r = 0; r < ROWS; r++) {
            float y[COLS];
            k.row(y, &p.w, r);
            for (int32_t i = 0; i < COLS; i++)
                if (!(y[i] == p.expected[COLS * r + i]))
                    fail_msg("%s: number %d of row %d is %a, expected %a",
                             heft_dtypes[p.w.dtype].name, (int)i, (int)r, (double)y[i],
                             (double)p.expected[COLS * r + i]);
        }
    }
    for (int32_t t = 0; t < HEFT_DTYPES; t++)
        assert_true(seen[t] == (heft_dtypes[t].sum > HEFT_SUM_F && heft_dtypes[t].gguf >= 0));
    heft_free(text);
}

/* What the integer sums rely on: sizes of q and of integer scales, and which fields a class leaves
 * alone. */
static const struct {
    heft_dtype dtype;
    int32_t low, high;       /* of q */
    int32_t sc_low, sc_high; /* of sc; 1, 1: it has none */
} ranges[] = {
    { HEFT_Q1_0, -1, 1, 1, 1 },       { HEFT_Q2_0, -1, 2, 1, 1 },
    { HEFT_Q4_0, -8, 7, 1, 1 },       { HEFT_Q4_1, 0, 15, 1, 1 },
    { HEFT_Q5_0, -16, 15, 1, 1 },     { HEFT_Q5_1, 0, 31, 1, 1 },
    { HEFT_Q8_0, -128, 127, 1, 1 },   { HEFT_Q2_K, 0, 3, 0, 15 },
    { HEFT_Q3_K, -4, 3, -32, 31 },    { HEFT_Q4_K, 0, 15, 1, 1 },
    { HEFT_Q5_K, 0, 31, 1, 1 },       { HEFT_Q6_K, -32, 31, -128, 127 },
    { HEFT_IQ1_S, -9, 9, 1, 15 },     { HEFT_IQ1_M, -9, 9, 1, 15 },
    { HEFT_IQ2_XXS, -43, 43, 1, 31 }, { HEFT_IQ2_XS, -43, 43, 1, 31 },
    { HEFT_IQ2_S, -43, 43, 1, 31 },   { HEFT_IQ3_XXS, -62, 62, 1, 31 },
    { HEFT_IQ3_S, -15, 15, 1, 31 },   { HEFT_IQ4_NL, -127, 113, 1, 1 },
    { HEFT_IQ4_XS, -127, 113, 1, 1 }, { HEFT_TQ1_0, -1, 1, 1, 1 },
    { HEFT_TQ2_0, -1, 2, 1, 1 },      { HEFT_MXFP4, -12, 12, 1, 1 },
    { HEFT_NVFP4, -12, 12, 1, 1 },
};

typedef struct {
    int32_t low, high;
} range;

static void widen(range *r, int32_t v)
{
    if (v < r->low) r->low = v;
    if (v > r->high) r->high = v;
}

static void fields_are_those_of_the_class(const heft_block *b, heft_sum sum, range *mn)
{
    if (sum != HEFT_SUM_A && sum != HEFT_SUM_M) assert_true(b->m == 0);
    if (sum != HEFT_SUM_H) assert_memory_equal(&b->d[0], &b->d[1], sizeof b->d[0]);
    if (sum != HEFT_SUM_M) assert_true(b->mn[0] == 1 && b->mn[1] == 1);
    widen(mn, b->mn[0]);
    widen(mn, b->mn[1]);
}

static void canonical_blocks_keep_to_the_ranges_of_their_class(void **state)
{
    (void)state;
    static uint8_t bytes[256 * 256];
    for (size_t i = 0; i < sizeof bytes; i++) /* the high bits of products: all values occur */
        bytes[i] = (uint8_t)((uint32_t)i * 2654435761u * (uint32_t)(i / 97 + 1) >> 24);
    for (size_t f = 0; f < sizeof ranges / sizeof ranges[0]; f++) {
        const heft_dtype_info *info = &heft_dtypes[ranges[f].dtype];
        const int32_t blocks = (int32_t)sizeof bytes / info->bytes * (info->block / 32);
        heft_mat w = { .data = bytes,
                       .rows = 1,
                       .cols = 32 * blocks,
                       .dtype = (uint8_t)ranges[f].dtype };
        range q = { 127, -128 }, sc = { 127, -128 }, mn = { 127, -128 };
        for (int32_t b = 0; b < blocks; b++) {
            heft_block out;
            heft_unpack(&out, &w, 0, b);
            for (int32_t i = 0; i < 32; i++)
                widen(&q, out.q[i]);
            widen(&sc, out.sc[0]);
            widen(&sc, out.sc[1]);
            fields_are_those_of_the_class(&out, info->sum, &mn);
        }
        assert_int_equal(q.low, ranges[f].low);
        assert_int_equal(q.high, ranges[f].high);
        assert_int_equal(sc.low, ranges[f].sc_low);
        assert_int_equal(sc.high, ranges[f].sc_high);
        assert_int_equal(mn.high, info->sum == HEFT_SUM_M ? 15 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_what_the_reference_reads),
        cmocka_unit_test(canonical_blocks_keep_to_the_ranges_of_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every block format against what the gguf package reads in the same bytes (blocks.bin, written by
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

static const heft_dtype formats[] = { HEFT_Q4_0, HEFT_Q8_0, HEFT_Q4_K, HEFT_Q5_K, HEFT_Q6_K };

static void read_part(part *p, heft_dtype dtype, const char **at)
{
    const heft_dtype_info *info = &heft_dtypes[dtype];
    const size_t size = (size_t)(ROWS * COLS / info->block * info->bytes);
    uint32_t id;
    memcpy(&id, *at, sizeof id);
    assert_int_equal(id, info->gguf);
    *at += sizeof id;
    uint8_t *odd = p->bytes + (((uintptr_t)p->bytes & 1) == 0);
    memcpy(odd, *at, size);
    *at += size;
    memcpy(p->expected, *at, sizeof p->expected);
    *at += sizeof p->expected;
    p->w = (heft_mat){ .data = odd,
                       .stride = (int64_t)size / ROWS,
                       .rows = ROWS,
                       .cols = COLS,
                       .dtype = (uint8_t)dtype,
                       .factor = 1 };
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
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        part p;
        read_part(&p, formats[f], &at);
        for (int32_t r = 0; r < ROWS; r++) {
            float y[COLS];
            k.row(y, &p.w, r);
            for (int32_t i = 0; i < COLS; i++)
                assert_true(y[i] == p.expected[COLS * r + i]);
        }
    }
    assert_int_equal(at - text, n);
    heft_free(text);
}

/* What the integer sums rely on: sizes of q and sub-scales, and which fields a class leaves alone.
 */
static void canonical_blocks_keep_to_the_ranges_of_their_class(void **state)
{
    (void)state;
    static const struct {
        heft_dtype dtype;
        int32_t low, high;
        bool minimum, scales;
    } ranges[] = {
        { HEFT_Q4_0, -8, 7, false, false },  { HEFT_Q8_0, -128, 127, false, false },
        { HEFT_Q4_K, 0, 15, true, false },   { HEFT_Q5_K, 0, 31, true, false },
        { HEFT_Q6_K, -32, 31, false, true },
    };
    static uint8_t bytes[256 * 256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i * 7 + i / 251);
    for (size_t f = 0; f < sizeof ranges / sizeof ranges[0]; f++) {
        const heft_dtype_info *info = &heft_dtypes[ranges[f].dtype];
        const int32_t blocks = (int32_t)sizeof bytes / info->bytes * (info->block / 32);
        heft_mat w = { .data = bytes,
                       .rows = 1,
                       .cols = 32 * blocks,
                       .dtype = (uint8_t)ranges[f].dtype,
                       .factor = 1 };
        int32_t low = 0, high = 0;
        for (int32_t b = 0; b < blocks; b++) {
            heft_block out;
            heft_unpack(&out, &w, 0, b);
            for (int32_t i = 0; i < 32; i++) {
                if (out.q[i] < low) low = out.q[i];
                if (out.q[i] > high) high = out.q[i];
            }
            if (!ranges[f].minimum) assert_true(out.m == 0);
            if (!ranges[f].scales) assert_true(out.sc[0] == 1 && out.sc[1] == 1);
        }
        assert_int_equal(low, ranges[f].low);
        assert_int_equal(high, ranges[f].high);
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

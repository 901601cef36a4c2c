/* Memory: aligned, zeroed, counted to the byte, and no overflow is taken for a small size. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool zeros(const void *p, size_t n)
{
    const char *c = p;
    for (size_t i = 0; i < n; i++)
        if (c[i]) return false;
    return true;
}

static void blocks_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    char *p[200];
    for (size_t i = 0; i < 200; i++) {
        p[i] = heft_alloc(i, 7);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % HEFT_ALIGN, 0);
        assert_true(zeros(p[i], i * 7));
        memset(p[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < i * 7; j++)
            assert_int_equal((uint8_t)p[i][j], i);
        heft_free(p[i]);
    }
    void *a = heft_alloc(0, 8), *b = heft_alloc(8, 0);
    assert_true(a && b && a != b);
    heft_free(a);
    heft_free(b);
    heft_free(NULL);
}

static void products_and_sums_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_null(heft_alloc(SIZE_MAX, 1));
    assert_null(heft_alloc(SIZE_MAX / 2, 3));
    assert_null(heft_alloc((size_t)1 << 32, (size_t)1 << 32));
    assert_null(heft_alloc(PTRDIFF_MAX, 1));
    assert_true(heft_mem_cost((size_t)1 << 32, (size_t)1 << 32) == SIZE_MAX);
    assert_true(heft_mem_cost(SIZE_MAX, 1) == SIZE_MAX);
    uint64_t v;
    assert_true(heft_mul(0, UINT64_MAX, &v) && v == 0);
    assert_true(heft_mul(UINT64_MAX, 1, &v) && v == UINT64_MAX);
    assert_true(heft_mul(UINT32_MAX, UINT32_MAX, &v) && v == 0xfffffffe00000001u);
    assert_false(heft_mul((uint64_t)1 << 32, (uint64_t)1 << 32, &v));
    assert_false(heft_mul(UINT64_MAX, 2, &v));
    assert_true(heft_add(UINT64_MAX, 0, &v) && v == UINT64_MAX);
    assert_false(heft_add(UINT64_MAX, 1, &v));
    assert_false(heft_add((uint64_t)1 << 63, (uint64_t)1 << 63, &v));
}

static void every_byte_is_counted_and_the_peak_kept(void **state)
{
    (void)state;
    const heft_mem_stats before = heft_mem();
    const int64_t mine = heft_mem_mine();
    heft_mem_reset_peak();
    assert_int_equal(heft_mem().peak, before.bytes);
    assert_int_equal(heft_mem_cost(1, 0), 0);
    assert_int_equal(heft_mem_cost(1, 64), 64);
    assert_int_equal(heft_mem_cost(13, 5), 128);
    void *a = heft_alloc(13, 5), *b = heft_alloc(1, 1);
    assert_int_equal(heft_mem().bytes - before.bytes, 128 + 64);
    assert_int_equal(heft_mem().calls - before.calls, 2);
    assert_int_equal(heft_mem_mine() - mine, 128 + 64);
    heft_free(a);
    heft_free(b);
    assert_int_equal(heft_mem().bytes, before.bytes);
    assert_int_equal(heft_mem().peak - before.bytes, 128 + 64);
    assert_int_equal(heft_mem_mine(), mine);
}

static void changing_a_size_keeps_what_fits_and_zeroes_what_is_new(void **state)
{
    (void)state;
    const size_t before = heft_mem().bytes;
    char *p = heft_realloc(NULL, 10);
    assert_true(p && zeros(p, 10));
    memset(p, 7, 10);
    p = heft_realloc(p, 1000);
    assert_true(p && p[9] == 7 && zeros(p + 10, 990));
    memset(p, 7, 1000);
    p = heft_realloc(p, 3);
    assert_true(p && p[2] == 7);
    p = heft_realloc(p, 500);
    assert_true(p && p[2] == 7 && zeros(p + 3, 497)); /* what was cut off does not come back */
    assert_null(heft_realloc(p, SIZE_MAX));
    assert_int_equal(p[2], 7); /* and the block is still there */
    heft_free(p);
    assert_int_equal(heft_mem().bytes, before);
}

static void parts_are_made_all_or_none(void **state)
{
    (void)state;
    char *a = NULL;
    double *b = NULL;
    heft_part parts[] = { { &a, 3, 5 }, { &b, 10, sizeof *b }, { &a, SIZE_MAX, 2 } };
    const size_t before = heft_mem().bytes;
    assert_int_equal(heft_parts_bytes(parts, 2), 64 + 128);
    assert_true(heft_parts_bytes(parts, 3) == SIZE_MAX);
    assert_true(heft_parts_alloc(parts, 2));
    assert_true(a && b && b[9] == 0);
    assert_int_equal(heft_mem().bytes - before, 64 + 128);
    heft_parts_free(parts, 2);
    assert_true(!a && !b && heft_mem().bytes == before);
    parts[2].to = &(void *){ NULL };
    assert_false(heft_parts_alloc(parts, 3));
    assert_true(!a && !b && heft_mem().bytes == before);
}

static void an_arena_gives_small_and_big_things_and_takes_all_back(void **state)
{
    (void)state;
    const size_t before = heft_mem().bytes;
    heft_arena arena = { 0 };
    char *seen[3000];
    for (size_t i = 0; i < 3000; i++) {
        const size_t n = i % 100 == 50 ? 20000 + i : i % 37;
        seen[i] = heft_arena_alloc(&arena, n, 1);
        assert_true(seen[i] && zeros(seen[i], n));
        assert_int_equal((uintptr_t)seen[i] % _Alignof(max_align_t), 0);
        memset(seen[i], (int)(i % 251 + 1), n);
    }
    for (size_t i = 0; i < 3000; i++) {
        const size_t n = i % 100 == 50 ? 20000 + i : i % 37;
        for (size_t j = 0; j < n; j++)
            assert_int_equal((uint8_t)seen[i][j], i % 251 + 1);
    }
    assert_int_equal(arena.bytes, heft_mem().bytes - before);
    assert_null(heft_arena_alloc(&arena, SIZE_MAX / 2, 3));
    assert_null(heft_arena_alloc(&arena, SIZE_MAX, 1));
    assert_string_equal(heft_arena_strdup(&arena, (heft_str){ "abcdef", 3 }), "abc");
    assert_string_equal(heft_arena_strdup(&arena, (heft_str){ NULL, 0 }), "");
    heft_arena_clear(&arena);
    heft_arena_clear(&arena);
    assert_true(heft_mem().bytes == before && arena.bytes == 0);
}

/* A big thing must not close the block that small things are put in. */
static void a_big_thing_in_an_arena_leaves_the_open_block_open(void **state)
{
    (void)state;
    heft_arena arena = { 0 };
    char *a = heft_arena_alloc(&arena, 16, 1);
    (void)heft_arena_alloc(&arena, 100000, 1);
    char *b = heft_arena_alloc(&arena, 16, 1);
    assert_ptr_equal(b, a + 16);
    heft_arena_clear(&arena);
}

static void a_copy_ends_in_a_zero_and_may_hold_any_bytes(void **state)
{
    (void)state;
    char *p = heft_strdup((heft_str){ "a\0bc", 3 }), *none = heft_strdup((heft_str){ NULL, 0 });
    assert_memory_equal(p, "a\0b", 4);
    assert_string_equal(none, "");
    heft_release(p);
    heft_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_zeroed_and_apart),
        cmocka_unit_test(products_and_sums_that_overflow_are_refused),
        cmocka_unit_test(every_byte_is_counted_and_the_peak_kept),
        cmocka_unit_test(changing_a_size_keeps_what_fits_and_zeroes_what_is_new),
        cmocka_unit_test(parts_are_made_all_or_none),
        cmocka_unit_test(an_arena_gives_small_and_big_things_and_takes_all_back),
        cmocka_unit_test(a_big_thing_in_an_arena_leaves_the_open_block_open),
        cmocka_unit_test(a_copy_ends_in_a_zero_and_may_hold_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The cursor: nothing is read past the end, and a bad cursor stays bad. */
#include "base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t data[] = { 1, 2, 3, 4, 5, 6, 7, 8, 0xf9, 0xfa };

static void numbers_are_little_endian_at_any_address(void **state)
{
    (void)state;
    heft_cursor c = { .p = data, .n = sizeof data };
    assert_true(heft_cursor_uint(&c, 1) == 1);
    assert_true(heft_cursor_uint(&c, 2) == 0x0302);
    assert_true(heft_cursor_uint(&c, 4) == 0x07060504);
    assert_int_equal(heft_cursor_left(&c), 3);
    c.at = 2;
    assert_true(heft_cursor_uint(&c, 8) == 0xfaf9080706050403u);
    assert_true(!c.bad && heft_cursor_left(&c) == 0);
    assert_int_equal(heft_load16(data + 8), 0xfaf9);
    assert_true(heft_load32(data + 5) == 0xf9080706u && heft_load32(data + 6) == 0xfaf90807u);
    assert_true(heft_load64(data + 1) == 0xf908070605040302u);
}

static void reading_past_the_end_gives_nothing_ever_after(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof data; n++) {
        heft_cursor c = { .p = data, .n = n };
        assert_ptr_equal(heft_cursor_bytes(&c, n), data);
        assert_null(heft_cursor_bytes(&c, 1));
        assert_true(c.bad && c.at == n);
        assert_null(heft_cursor_bytes(&c, 0));
        c.at = 0;
        assert_true(heft_cursor_uint(&c, 1) == 0 && c.at == 0);
    }
}

static void lengths_near_the_largest_number_do_not_wrap(void **state)
{
    (void)state;
    const uint64_t lengths[] = { 8, UINT64_MAX, UINT64_MAX - 2, (uint64_t)1 << 63 };
    for (size_t i = 0; i < 4; i++) {
        heft_cursor c = { .p = data, .n = sizeof data, .at = 3 };
        assert_null(heft_cursor_bytes(&c, lengths[i]));
        assert_true(c.bad && c.at == 3);
    }
    heft_cursor c = { .p = data, .n = sizeof data, .at = 3 };
    assert_ptr_equal(heft_cursor_bytes(&c, 7), data + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian_at_any_address),
        cmocka_unit_test(reading_past_the_end_gives_nothing_ever_after),
        cmocka_unit_test(lengths_near_the_largest_number_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

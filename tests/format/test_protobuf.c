/* Protocol buffer messages: every kind of field, and messages that lie about themselves. */
#include "format/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static heft_cursor message(const char *bytes, size_t n)
{
    return (heft_cursor){ .p = (const uint8_t *)bytes, .n = n };
}

#define MESSAGE(bytes) message(bytes, sizeof(bytes) - 1)

static void every_kind_of_field_is_read(void **state)
{
    heft_cursor c = MESSAGE("\x08\x96\x01"
                            "\x12\x03"
                            "abc"
                            "\x1d\x01\x02\x03\x04"
                            "\xa1\x06\x01\0\0\0\0\0\0\x80");
    heft_pb_field f;
    (void)state;
    assert_true(heft_pb_next(&c, &f));
    assert_true(f.number == 1 && f.wire == HEFT_PB_VARINT && f.value == 150);
    assert_true(heft_pb_next(&c, &f));
    assert_true(f.number == 2 && f.wire == HEFT_PB_BYTES && heft_str_is(f.bytes, "abc"));
    assert_true(heft_pb_next(&c, &f));
    assert_true(f.number == 3 && f.wire == HEFT_PB_32 && f.value == 0x04030201);
    assert_true(heft_pb_next(&c, &f));
    assert_true(f.number == 100 && f.wire == HEFT_PB_64 && f.value == 0x8000000000000001);
    assert_false(heft_pb_next(&c, &f));
    assert_false(c.bad);
}

static void the_largest_number_has_64_bits(void **state)
{
    heft_cursor c = MESSAGE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    heft_pb_field f;
    (void)state;
    assert_true(heft_pb_next(&c, &f));
    assert_true(f.value == UINT64_MAX);
}

static void a_message_that_lies_about_itself_is_bad(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } row[] = {
        { "\x08", 1 },                                              /* no number */
        { "\x08\x96", 2 },                                          /* cut short */
        { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 },     /* 65 bits */
        { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 }, /* 11 bytes */
        { "\x12\x04"
          "abc",
          5 }, /* longer than the file */
        { "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
          "a",
          12 },                    /* 2^64 - 1 bytes */
        { "\x1d\x01\x02\x03", 4 }, /* three of four bytes */
        { "\x0b\x08\x01\x0c", 4 }, /* a group */
        { "\x0f", 1 },             /* no kind of field */
        { "\x02\x01"
          "a",
          3 },                                 /* number 0 */
        { "\x88\x80\x80\x80\x80\x01\x01", 7 }, /* a number of a field beyond 2^29 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_cursor c = message(row[i].bytes, row[i].n);
        heft_pb_field f;
        if (heft_pb_next(&c, &f) || !c.bad) fail_msg("row %zu is taken for a message", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_field_is_read),
        cmocka_unit_test(the_largest_number_has_64_bits),
        cmocka_unit_test(a_message_that_lies_about_itself_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

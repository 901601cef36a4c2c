/* Base64: the examples of RFC 4648, and what is not Base64. */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void every_length_decodes_with_and_without_padding(void **state)
{
    static const struct {
        const char *text, *bytes;
    } row[] = {
        { "", "" },
        { "Zg==", "f" },
        { "Zg", "f" },
        { "Zm8=", "fo" },
        { "Zm8", "fo" },
        { "Zm9v", "foo" },
        { "Zm9vYg==", "foob" },
        { "Zm9vYmE=", "fooba" },
        { "Zm9vYmFy", "foobar" },
        { "+/+/", "\xfb\xff\xbf" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_buf b = heft_buf_of(64);
        assert_true(heft_base64_decode(heft_str_of(row[i].text), &b));
        assert_int_equal(b.n, strlen(row[i].bytes));
        if (b.n) assert_memory_equal(b.p, row[i].bytes, b.n);
        heft_buf_free(&b);
    }
}

static void what_is_not_base64_is_refused(void **state)
{
    static const char *const row[] = { "Z", "Zm9vY", "Zm9=v", "Zg=", "Zg===",
                                       "=", "Zm 9v", "Zm-v",  "Zh",  "Zm9" };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_buf b = heft_buf_of(64);
        bool ok = heft_base64_decode(heft_str_of(row[i]), &b);
        heft_buf_free(&b);
        if (ok) fail_msg("%s is taken for Base64", row[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_decodes_with_and_without_padding),
        cmocka_unit_test(what_is_not_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

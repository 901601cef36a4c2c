/* The growing buffer: its maximum holds, failure is sticky, and the JSON it writes is JSON. */
#include "base/buf.h"

#include "base/mem.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void additions_follow_each_other_and_end_in_a_zero(void **state)
{
    (void)state;
    const size_t before = heft_mem().bytes;
    heft_buf b = heft_buf_of(1 << 20);
    for (int32_t i = 0; i < 10000; i++) {
        assert_true(heft_buf_printf(&b, "%d,", i % 10));
        assert_true(b.p[b.n] == 0 && b.n == 2 * (size_t)(i + 1) && b.n < b.cap);
    }
    assert_memory_equal(b.p, "0,1,2,3,4,5,6,7,8,9,0,1,", 24);
    assert_true(heft_buf_str(&b, (heft_str){ "x\0y", 3 }) && heft_buf_z(&b, ""));
    assert_memory_equal(b.p + 20000, "x\0y", 4);
    assert_true(heft_buf_add(&b, NULL, 0));
    assert_int_equal(heft_buf_check(&b, "test", NULL), HEFT_OK);
    heft_buf_free(&b);
    assert_true(b.p == NULL && b.n == 0 && b.max == 1 << 20 && heft_mem().bytes == before);
}

static void the_maximum_is_reached_but_not_passed(void **state)
{
    (void)state;
    heft_error err = { 0 };
    for (size_t max = 0; max < 200; max++) {
        heft_buf b = heft_buf_of(max);
        for (size_t i = 0; i < max; i++)
            assert_true(heft_buf_z(&b, "x") && b.n < b.cap);
        assert_false(b.failed);
        assert_false(heft_buf_z(&b, "x"));
        assert_true(b.failed && b.n == max);
        assert_false(heft_buf_add(&b, NULL, 0)); /* sticky */
        assert_false(heft_buf_printf(&b, "%s", ""));
        assert_int_equal(heft_buf_check(&b, "an answer", &err), HEFT_E_NOMEM);
        assert_non_null(strstr(err.text, "an answer"));
        heft_buf_free(&b);
    }
    for (size_t n = 0; n < 200; n++) { /* room for the zero, also where one addition fills it */
        char text[200] = { 0 };
        heft_buf b = heft_buf_of(n);
        assert_true(heft_buf_add(&b, text, n) && b.n < b.cap);
        heft_buf_free(&b);
    }
    heft_buf b = heft_buf_of(5);
    assert_false(heft_buf_printf(&b, "%d", 123456));
    assert_true(b.n == 0 && b.failed);
    heft_buf_free(&b);
}

static void sizes_near_the_largest_number_do_not_wrap(void **state)
{
    (void)state;
    const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 2, SIZE_MAX / 2, PTRDIFF_MAX };
    for (size_t i = 0; i < 5; i++) {
        heft_buf b = heft_buf_of(SIZE_MAX);
        assert_true(heft_buf_z(&b, "x"));
        assert_false(heft_buf_reserve(&b, sizes[i]));
        assert_true(b.failed && b.n == 1 && b.p[0] == 'x');
        heft_buf_free(&b);
        b = heft_buf_of(SIZE_MAX);
        assert_false(heft_buf_reserve(&b, sizes[i]));
        heft_buf_free(&b);
    }
}

static void assert_written(heft_buf *b, const char *want)
{
    assert_string_equal(b->p, want);
    b->n = 0;
}

static void json_sets_its_own_commas(void **state)
{
    (void)state;
    heft_buf b = heft_buf_of(1000);
    heft_json_begin(&b, '{');
    heft_json_key(&b, "a");
    heft_json_begin(&b, '[');
    heft_json_end(&b, ']');
    heft_json_key(&b, "b");
    heft_json_begin(&b, '[');
    heft_json_int(&b, INT64_MIN);
    heft_json_bool(&b, true);
    heft_json_str(&b, heft_str_of("["));
    heft_json_begin(&b, '{');
    heft_json_end(&b, '}');
    heft_json_real(&b, -2.5);
    heft_json_bool(&b, false);
    heft_json_end(&b, ']');
    heft_json_key(&b, "c:");
    heft_json_str(&b, heft_str_of(""));
    heft_json_end(&b, '}');
    assert_written(&b,
                   "{\"a\":[],\"b\":[-9223372036854775808,true,\"[\",{},-2.5,false],\"c:\":\"\"}");
    heft_json_int(&b, 1); /* lines, and the field of an event */
    heft_buf_z(&b, "\ndata: ");
    heft_json_begin(&b, '[');
    heft_json_end(&b, ']');
    assert_written(&b, "1\ndata: []");
    heft_buf_free(&b);
}

static void json_strings_are_escaped_and_always_utf8(void **state)
{
    (void)state;
    heft_buf b = heft_buf_of(1000);
    heft_json_str(&b, heft_str_of("a\"b\\c\n\x1f\x7f\xc3\xa9\xf0\x9f\x98\x80/"));
    assert_written(&b, "\"a\\\"b\\\\c\\u000a\\u001f\\u007f\xc3\xa9\xf0\x9f\x98\x80/\"");
    heft_json_str(&b, (heft_str){ "\0\xff\xed\xa0\x80\xc3", 6 });
    assert_written(&b, "\"\\u0000\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"");
    heft_json_key(&b, "k\"");
    assert_written(&b, "\"k\\\"\":");
    heft_buf_free(&b);
}

static void json_reals_come_back_as_the_same_number(void **state)
{
    (void)state;
    heft_buf b = heft_buf_of(1000);
    static const struct {
        double value;
        const char *text;
    } cases[] = { { 0.1, "0.1" },
                  { 1, "1" },
                  { -0.0, "-0" },
                  { 1e300, "1e+300" },
                  { (double)NAN, "null" },
                  { (double)INFINITY, "null" },
                  { -(double)INFINITY, "null" },
                  { 1.5e-7, "1.5e-07" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        heft_json_real(&b, cases[i].value);
        assert_written(&b, cases[i].text);
    }
    double x = 1.0 / 3;
    for (int32_t i = 0; i < 2000; i++, x = -x * 1.37) {
        heft_json_real(&b, x);
        assert_true(strtod(b.p, NULL) == x);
        b.n = 0;
    }
    heft_buf_free(&b);
}

static void json_reals_have_a_point_in_every_locale(void **state)
{
    (void)state;
    static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8",
                                         "ps_AF.UTF-8" };
    heft_buf b = heft_buf_of(1000);
    bool set = false;
    for (size_t i = 0; i < 4; i++) {
        if (!setlocale(LC_NUMERIC, names[i])) continue;
        set = true;
        heft_json_real(&b, -1.25e-300);
        assert_written(&b, "-1.25e-300");
        heft_json_real(&b, 1e22);
        assert_written(&b, "1e+22");
    }
    (void)setlocale(LC_NUMERIC, "C");
    heft_buf_free(&b);
    if (!set) skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(additions_follow_each_other_and_end_in_a_zero),
        cmocka_unit_test(the_maximum_is_reached_but_not_passed),
        cmocka_unit_test(sizes_near_the_largest_number_do_not_wrap),
        cmocka_unit_test(json_sets_its_own_commas),
        cmocka_unit_test(json_strings_are_escaped_and_always_utf8),
        cmocka_unit_test(json_reals_come_back_as_the_same_number),
        cmocka_unit_test(json_reals_have_a_point_in_every_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

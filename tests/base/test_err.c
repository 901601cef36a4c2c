/* Errors: one line, context in front, names from files made harmless. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_failure_fills_the_error_and_returns_its_code(void **state)
{
    (void)state;
    heft_error err = { 0 };
    assert_int_equal(heft_fail(&err, HEFT_E_FORMAT, "%s: found %d", "x", 3), HEFT_E_FORMAT);
    assert_int_equal(err.code, HEFT_E_FORMAT);
    assert_string_equal(err.text, "x: found 3");
    assert_int_equal(heft_fail(NULL, HEFT_E_IO, "dropped"), HEFT_E_IO);
    assert_int_equal(heft_context(NULL, HEFT_E_IO, "dropped"), HEFT_E_IO);
    assert_int_equal(heft_nomem(&err, "a thing"), HEFT_E_NOMEM);
    assert_string_equal(err.text, "out of memory for a thing");
}

static void context_comes_in_front_and_a_long_message_is_cut(void **state)
{
    (void)state;
    heft_error err = { 0 };
    (void)heft_fail(&err, HEFT_E_FORMAT, "shape is 3x4");
    assert_int_equal(heft_context(&err, HEFT_E_INTEGRITY, "tensor %d", 12), HEFT_E_INTEGRITY);
    assert_int_equal(err.code, HEFT_E_INTEGRITY);
    assert_string_equal(err.text, "tensor 12: shape is 3x4");
    char name[1000];
    memset(name, 'n', sizeof name);
    name[999] = 0;
    for (int32_t i = 0; i < 500; i++)
        (void)heft_context(&err, HEFT_E_FORMAT, "level %d", i);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_memory_equal(err.text, "level 499: level 498: ", 22);
    (void)heft_fail(&err, HEFT_E_FORMAT, "%s", name);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    (void)heft_context(&err, HEFT_E_FORMAT, "%s", name);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int32_t i = 0; i <= HEFT_E_CANCELLED; i++)
        for (int32_t j = 0; j < i; j++)
            assert_string_not_equal(heft_status_name((heft_status)i),
                                    heft_status_name((heft_status)j));
    assert_string_equal(heft_status_name((heft_status)99), "unknown");
    assert_true(strlen(heft_version()) >= 5);
}

static void names_from_files_cannot_write_to_the_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shown;
    } cases[] = {
        { "model.embed", "model.embed" },
        { "caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac" },
        { "a\nb\x1b[31m", "a\\x0ab\\x1b[31m" },
        { "\x7f", "\\x7f" },
        { "\xc2\x9b"
          "31m",
          "\\xc2\\x9b31m" }, /* C1: an escape sequence of its own */
        { "\xff\xc3", "\\xff\\xc3" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(heft_show_z(cases[i].name).text, cases[i].shown);
    assert_string_equal(heft_show((heft_str){ "a\0b", 3 }).text, "a\\x00b");
    assert_string_equal(heft_show_z(NULL).text, "");
}

static void long_names_are_cut_between_characters(void **state)
{
    (void)state;
    char name[300];
    for (size_t n = 0; n < sizeof name; n++) {
        for (size_t i = 0; i < n; i++)
            name[i] = "\xf0\x9f\x98\x80"[i % 4];
        const heft_shown s = heft_show((heft_str){ name, n });
        const size_t len = strlen(s.text);
        assert_true(len < sizeof s.text && heft_utf8_valid((heft_str){ s.text, len }));
        if (n <= 96 && n % 4 == 0) assert_memory_equal(s.text, name, n);
        if (n > 96) assert_non_null(strstr(s.text, "..."));
    }
    memset(name, 'a', 200);
    memcpy(name + 190, "file.gguf\n", 11);
    assert_string_equal(heft_show_z(name).text + 32 + 3 + 64 - 13, "file.gguf\\x0a");
    memset(name, 1, 40);
    assert_int_equal(strlen(heft_show((heft_str){ name, 40 }).text), 32 + 3 + 64);
}

typedef struct {
    char line[600];
    int32_t lines;
} sink;

static void keep(void *to, const char *line)
{
    sink *s = to;
    (void)snprintf(s->line, sizeof s->line, "%s", line);
    s->lines++;
}

static void warnings_reach_the_sink_or_nobody(void **state)
{
    (void)state;
    sink s = { .lines = 0 };
    heft_warn(NULL, "dropped");
    heft_warn(&(heft_log){ .warn = NULL }, "dropped");
    heft_warn(&(heft_log){ .warn = keep, .to = &s }, "key %s is not known", "x");
    assert_int_equal(s.lines, 1);
    assert_string_equal(s.line, "key x is not known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_fills_the_error_and_returns_its_code),
        cmocka_unit_test(context_comes_in_front_and_a_long_message_is_cut),
        cmocka_unit_test(every_status_has_a_name_of_its_own),
        cmocka_unit_test(names_from_files_cannot_write_to_the_terminal),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(warnings_reach_the_sink_or_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

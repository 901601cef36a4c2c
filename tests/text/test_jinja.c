/* The template language against the reference: a set of small templates over one set of variables,
 * with what jinja2 makes of each (tools/jinja/make_conformance.py). */
#include "base/file.h"
#include "testing.h"
#include "text/template.h"

#include <stdlib.h>
#include <string.h>

static const struct tm now = { .tm_year = 125,
                               .tm_mon = 2,
                               .tm_mday = 7,
                               .tm_hour = 9,
                               .tm_min = 5,
                               .tm_sec = 3,
                               .tm_wday = 5,
                               .tm_yday = 65 };

/* Render one template. The text, or what went wrong. */
static heft_status make(const char *source, size_t n, json_t *data, heft_prompt *out,
                        heft_error *err)
{
    heft_template *t = NULL;
    heft_status st = heft_template_open((heft_str){ source, n }, "t", &t, err);
    if (!st) st = heft_template_render(t, data, NULL, &now, out, err);
    heft_template_close(t);
    return st;
}

/* Where a template is ASCII and makes no characters of numbers, what is not ASCII in its result is
 * the data's. */
static bool origins_hold(const char *source, size_t n, const heft_prompt *out)
{
    static const char *const makes[] = { "\\", "c}", "c'", "c]", "chr", "translate" };
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)source[i] > 127) return true;
    for (size_t i = 0; i < sizeof makes / sizeof *makes; i++)
        if (strstr(source, makes[i])) return true;
    for (size_t i = 0, at = 0; i < out->n_ranges; at = out->range[i++].end)
        for (size_t k = at; k < out->range[i].end; k++)
            if ((unsigned char)out->text[k] > 127 && !out->range[i].data) return false;
    return true;
}

static bool row_holds(json_t *row, json_t *data)
{
    json_t *source = json_array_get(row, 0), *expected = json_array_get(row, 1);
    json_t *raised = json_array_get(row, 2);
    heft_prompt out = { .n = 0 };
    heft_error err = { .code = HEFT_OK };
    const char *text = json_string_value(source);
    heft_status st = make(text, json_string_length(source), data, &out, &err);
    bool good = json_is_string(expected)
                    ? !st && out.n == json_string_length(expected)
                          && memcmp(out.text, json_string_value(expected), out.n) == 0
                    : st != HEFT_OK;
    if (good && !st && !origins_hold(text, json_string_length(source), &out)) {
        print_error("%s\n  loses what came from the caller\n", text);
        good = false;
    }
    if (good && raised) good = strcmp(err.text, json_string_value(raised)) == 0;
    if (good && st) good = st != HEFT_E_NOMEM && st != HEFT_E_IO;
    if (!good)
        print_error("%s\n  gives    %s\n  expected %s\n", text, st ? err.text : out.text,
                    expected && json_is_string(expected) ? json_string_value(expected)
                    : raised                             ? json_string_value(raised)
                                                         : "a failure");
    heft_free(out.text);
    heft_free(out.range);
    return good;
}

static void every_snippet_gives_what_the_reference_gives(void **state)
{
    json_error_t error;
    const char *path = getenv("HEFT_JINJA"); /* rows of tools/jinja/generate.py */
    json_t *rows = json_load_file(path ? path : HEFT_SOURCE_DIR "/tests/text/golden/jinja.json",
                                  JSON_ALLOW_NUL, &error);
    size_t wrong = 0;
    (void)state;
    if (!rows) fail_msg("jinja.json:%d: %s", error.line, error.text);
    assert_true(json_array_size(rows) > 1000);
    for (size_t i = 1; i < json_array_size(rows); i++)
        wrong += !row_holds(json_array_get(rows, i), json_array_get(rows, 0));
    json_decref(rows);
    if (wrong) fail_msg("%zu templates differ", wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_snippet_gives_what_the_reference_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

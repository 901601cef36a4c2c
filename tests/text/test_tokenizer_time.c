/* Long texts of one kind: the time must grow with the length, not with its square. */
#include "base/file.h"
#include "base/mem.h"
#include "text/pipeline.h"
#include "texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SHORT = 100 * 1000, LONG = 10 * SHORT };

/* Of this process alone: the machine may be busy with other things. */
static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Seconds for n bytes of `unit` again and again, the best of a few runs. */
static double time_of(const heft_tokenizer *t, const char *unit, size_t n, int runs)
{
    double best = 1e9;
    size_t step = strlen(unit), bytes = n / step * step;
    char *text = heft_alloc(bytes, 1);
    assert_non_null(text);
    for (size_t i = 0; i < bytes; i++)
        text[i] = unit[i % step];
    for (int i = 0; i < runs; i++) {
        heft_error err = { 0 };
        int32_t *ids = NULL;
        size_t n_ids = 0;
        double begin = seconds();
        if (heft_tokenize(t, text, bytes, 0, &ids, &n_ids, &err))
            fail_msg("%s: %s", unit, err.text);
        double taken = seconds() - begin;
        if (taken < best) best = taken;
        heft_release(ids);
    }
    heft_free(text);
    return best;
}

static void check(const char *name)
{
    static const char *const units[] = { "a",         " ",      "7",   "😀", "donaudampfschifffahrt",
                                         "e\xcc\x81", "<tool_", "\xff" };
    char path[1024], *spec = NULL;
    size_t n;
    heft_error err = { 0 };
    (void)snprintf(path, sizeof path, HEFT_SOURCE_DIR "/tests/text/golden/%s.json", name);
    if (heft_read_file(path, 1 << 22, &spec, &n, &err)) fail_msg("%s", err.text);
    heft_tokenizer *t = open_tokenizer(release_with(spec));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i][0] == '\xff' && !strcmp(name, "metaspace"))
            continue; /* it has no tokens for bytes */
        double few = time_of(t, units[i], SHORT, 3), many = time_of(t, units[i], LONG, 2);
        /* Ten is linear, a hundred quadratic; below a millisecond a clock says nothing. */
        assert_true(many < 40 * (few > 1e-3 ? few : 1e-3));
    }
    heft_tokenizer_close(t);
    heft_free(spec);
}

static void byte_level_time_grows_with_the_text(void **state)
{
    (void)state;
    check("qwen2");
    check("deepseek");
}

static void sentencepiece_time_grows_with_the_text(void **state)
{
    (void)state;
    check("llama2");
    check("metaspace");
}

/* Seconds for all matches of the pattern in n bytes of `unit` again and again. */
static double time_of_pattern(const heft_regex *r, const char *unit, size_t n)
{
    static char text[LONG];
    heft_error err = { 0 };
    heft_matching *m = NULL;
    size_t step = strlen(unit), bytes = n / step * step;
    for (size_t i = 0; i < bytes; i++)
        text[i] = unit[i % step];
    if (heft_matching_open(&m, &err)) fail_msg("%s", err.text);
    double begun = seconds();
    for (size_t at = 0, begin = 0, end; at < bytes; at = end) {
        bool found;
        if (heft_regex_find(r, m, (heft_str){ text, bytes }, at, false, &found, &begin, &end, &err))
            fail_msg("%s", err.text);
        if (!found) break;
    }
    double taken = seconds() - begun;
    heft_matching_close(m);
    return taken;
}

/* Ten is linear, a hundred quadratic. A busy machine is given three chances. */
static bool grows_evenly(const heft_regex *r, const char *unit)
{
    for (int i = 0; i < 3; i++) {
        double few = time_of_pattern(r, unit, SHORT), many = time_of_pattern(r, unit, LONG);
        if (many <= 15 * (few > 2e-3 ? few : 2e-3)) return true;
    }
    return false;
}

static void check_pattern(const char *pattern, heft_regex_dialect dialect)
{
    static const char *const units[] = {
        "a", " ", "\t", "7", "\n", "😀", "e\u0301", "\u0301", "donaudampfschifffahrt",
    };
    heft_error err = { 0 };
    heft_regex *r = NULL;
    if (heft_regex_open(heft_str_of(pattern), dialect, &r, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        /* White space of jais-2 is looked through to its end at every 512 characters. */
        if (strstr(pattern, "{512}") && (*units[i] == ' ' || *units[i] == '\t')) continue;
        if (!grows_evenly(r, units[i])) fail_msg("%s of \"%s\"", pattern, units[i]);
    }
    heft_regex_close(r);
}

static void the_time_of_every_pattern_grows_with_the_text(void **state)
{
    (void)state;
    for (size_t i = 0; gguf_names[i]; i++) {
        const heft_gguf_pre *pre = heft_gguf_pre_find(heft_str_of(gguf_names[i]));
        for (int p = 0; p < 6 && pre->pattern[p]; p++)
            check_pattern(pre->pattern[p], HEFT_REGEX_RUST);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_level_time_grows_with_the_text),
        cmocka_unit_test(sentencepiece_time_grows_with_the_text),
        cmocka_unit_test(the_time_of_every_pattern_grows_with_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

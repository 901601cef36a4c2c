/* Long texts of one kind: the time must grow with the length, not with its square. */
#include "base/file.h"
#include "base/mem.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_level_time_grows_with_the_text),
        cmocka_unit_test(sentencepiece_time_grows_with_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Measuring a machine: no figure is asserted, but that there is one for everything. */
#include "base/system.h"
#include "dtype/dtype.h"
#include "testing.h"

#include <string.h>

static void every_format_of_a_gguf_file_has_a_speed(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_machine m;
    char here[128];
    int32_t n = 0;
    heft_processor(here, sizeof here);
    assert_ok(heft_machine_measure(2, NULL, &m, &err), &err);
    assert_int_equal(m.threads, 2);
    assert_string_equal(m.processor, here);
    assert_true(m.isa[0] != 0);
    assert_true(m.read > 1e6);
    for (int32_t t = 0; t < HEFT_DTYPES; t++) {
        if (heft_dtypes[t].sum == HEFT_SUM_NONE || heft_dtypes[t].gguf < 0) continue;
        assert_true(n < m.n_formats);
        assert_string_equal(m.format[n].name, heft_dtypes[t].name);
        assert_true(m.format[n].bytes > 1e3 && m.format[n].macs > 1e3);
        n++;
    }
    assert_int_equal(n, m.n_formats);
    for (int32_t i = 0; i < HEFT_CACHE_TYPES; i++)
        assert_true(m.cache[i].bytes > 1e3 && m.cache[i].macs > 1e3);
}

static void what_cannot_be_measured_is_refused(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_machine m;
    assert_int_equal(heft_machine_measure(257, NULL, &m, &err), HEFT_E_ARG);
    assert_non_null(strstr(err.text, "257, expected 1 to 256"));
    assert_int_equal(heft_machine_measure(1, "sse", &m, &err), HEFT_E_ARG);
    assert_non_null(strstr(err.text, "\"sse\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_of_a_gguf_file_has_a_speed),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

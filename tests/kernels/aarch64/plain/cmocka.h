/* As much of cmocka's interface as the tests of kernels use, for a processor that has no cmocka: a
 * test that fails ends the program. */
#ifndef HEFT_TESTS_PLAIN_CMOCKA_H
#define HEFT_TESTS_PLAIN_CMOCKA_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
    void *initial;
};

static inline void plain_require(int holds, const char *what, const char *file, int line)
{
    if (holds) return;
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    exit(1);
}

static inline int plain_run(const struct CMUnitTest *tests, size_t n, int (*set_up)(void **state))
{
    void *group = NULL;
    plain_require(!set_up || set_up(&group) == 0, "set up", __FILE__, __LINE__);
    size_t passed = 0;
    for (size_t i = 0; i < n; i++) {
        void *state = tests[i].initial;
        if (!tests[i].run) continue;
        tests[i].run(&state);
        passed++;
    }
    printf("%zu passed\n", passed);
    return 0;
}

#define cmocka_unit_test(f)                                                                        \
    {                                                                                              \
#f, f, NULL                                                                                \
    }
#define cmocka_unit_test_prestate(f, p)                                                            \
    {                                                                                              \
#f, f, p                                                                                   \
    }
#define cmocka_run_group_tests(tests, set_up, tear_down)                                           \
    plain_run(tests, sizeof(tests) / sizeof((tests)[0]), set_up)

#define assert_true(x)            plain_require((x) != 0, #x, __FILE__, __LINE__)
#define assert_false(x)           plain_require(!(x), "not " #x, __FILE__, __LINE__)
#define assert_non_null(p)        plain_require((p) != NULL, #p, __FILE__, __LINE__)
#define assert_null(p)            plain_require((p) == NULL, "no " #p, __FILE__, __LINE__)
#define assert_int_equal(a, b)    plain_require((a) == (b), #a " == " #b, __FILE__, __LINE__)
#define assert_string_equal(a, b) plain_require(strcmp(a, b) == 0, #a " is " #b, __FILE__, __LINE__)
#define assert_memory_equal(a, b, n)                                                               \
    plain_require(memcmp(a, b, n) == 0, #a " is " #b, __FILE__, __LINE__)
#define fail_msg(...)      (fprintf(stderr, __VA_ARGS__), plain_require(0, "failed", __FILE__, __LINE__))
#define print_message(...) printf(__VA_ARGS__)
#define print_error(...)   fprintf(stderr, __VA_ARGS__)

#endif

/* What the machine has: limits of control groups, as files of both versions state them. */
#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#include "base/system.h"

#include "base/bounds.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static char root[] = "/tmp/heft-system-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(path, 0755);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

static int64_t limit(int64_t (*of)(const char *self, const char *mount))
{
    char self[512];
    (void)snprintf(self, sizeof self, "%s/self", root);
    return of(self, root);
}

static int64_t cores(void)
{
    return limit(heft_group_cores);
}

static int64_t memory(void)
{
    return limit(heft_group_memory);
}

static void a_quota_of_any_group_above_counts_in_both_versions(void **state)
{
    (void)state;
    assert_int_equal(cores(), -1); /* no file at all */
    put("self", "0::/a/b\n");
    assert_int_equal(cores(), -1);
    put("a/b/cpu.max", "max 100000\n");
    assert_int_equal(cores(), -1);
    put("a/cpu.max", "350000 100000\n");
    assert_int_equal(cores(), 4);
    put("cpu.max", "150000 100000\n");
    assert_int_equal(cores(), 2);
    put("a/b/cpu.max", "1000 100000\n");
    assert_int_equal(cores(), 1);

    put("self", "5:memory:/x\n4:cpu,cpuacct:/y\n1:name=systemd:/z\n");
    assert_int_equal(cores(), -1);
    put("cpu/y/cpu.cfs_quota_us", "-1\n");
    put("cpu/y/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cores(), -1);
    put("cpu/y/cpu.cfs_quota_us", "300000\n");
    assert_int_equal(cores(), 3);
    put("self", "5:cpuset:/y\n"); /* another controller */
    assert_int_equal(cores(), -1);
    put("self", "4:cpu:/host/only\n"); /* a container sees the host's path */
    put("cpu/cpu.cfs_quota_us", "200000\n");
    put("cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cores(), 2);
}

static void a_quota_that_makes_no_sense_is_no_quota(void **state)
{
    (void)state;
    static const char *const bad[] = { "",         "0 100000", "-5 100000", "100000",
                                       "100000 0", "x y",      "100 -100",  "max" };
    put("self", "0::/\n");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put("cpu.max", bad[i]);
        assert_int_equal(cores(), -1);
    }
    put("self", "nonsense\n::\n0::\n");
    put("cpu.max", "100000 100000");
    assert_int_equal(cores(), 1);
}

static void a_limit_of_memory_is_found_in_both_versions(void **state)
{
    (void)state;
    put("self", "0::/m/n\n");
    assert_int_equal(memory(), -1);
    put("m/n/memory.max", "max\n");
    put("m/memory.max", "9000000000\n");
    put("memory.max", "10000000000\n");
    assert_int_equal(memory(), 9000000000);
    put("self", "3:cpu,memory:/o\n");
    assert_int_equal(memory(), -1);
    put("memory/o/memory.limit_in_bytes", "4096\n");
    assert_int_equal(memory(), 4096);
    put("self", "3:hugememory:/o\n");
    assert_int_equal(memory(), -1);
}

static void this_machine_has_a_core_and_memory(void **state)
{
    (void)state;
    assert_in_range(heft_cores(), 1, HEFT_MAX_THREADS);
    assert_true(heft_memory_available() > 1 << 20);
}

static void the_processor_has_a_name_and_seconds_pass(void **state)
{
    (void)state;
    char name[128], cut[4] = "xxx";
    heft_processor(name, sizeof name);
    heft_processor(cut, sizeof cut);
    assert_true(strlen(name) > 0 && strchr(name, '\n') == NULL && name[0] != ' ');
    assert_int_equal(strlen(cut), strlen(name) < 3 ? strlen(name) : 3);
    assert_memory_equal(cut, name, strlen(cut));
    const double before = heft_seconds();
    const struct timespec some = { .tv_nsec = 2000000 };
    assert_int_equal(nanosleep(&some, NULL), 0);
    const double passed = heft_seconds() - before;
    assert_true(passed >= 0.002 && passed < 60);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s;
    (void)type;
    (void)at;
    return remove(path);
}

static int clean_up(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void a_secret_is_another_each_time(void **state)
{
    (void)state;
    assert_true(heft_secret() != heft_secret());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_of_any_group_above_counts_in_both_versions),
        cmocka_unit_test(a_quota_that_makes_no_sense_is_no_quota),
        cmocka_unit_test(a_limit_of_memory_is_found_in_both_versions),
        cmocka_unit_test(a_secret_is_another_each_time),
        cmocka_unit_test(this_machine_has_a_core_and_memory),
        cmocka_unit_test(the_processor_has_a_name_and_seconds_pass),
    };
    return cmocka_run_group_tests(tests, set_up, clean_up);
}

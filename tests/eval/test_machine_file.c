/* Machine profiles as files: what was written is read again, and nothing else is. */
#include "base/buf.h"
#include "base/file.h"
#include "scratch.h"
#include "testing.h"

#include <string.h>

static char scratch[HEFT_SCRATCH_PATH];

static const heft_machine sample = {
    .processor = "a \"processor\"",
    .isa = "avx2",
    .threads = 3,
    .read = 1.25e10,
    .format = { { "F32", 1e10, 3e10 }, { "Q4_K", 1.0 / 3 * 1e10, 1e11 } },
    .n_formats = 2,
    .cache = { { "F16", 6e9, 3e10 },
               { "BF16", 5e9, 4e10 },
               { "F32", 7e9, 2e10 },
               { "Q8_0", 4e9, 3e10 } },
};

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_machine m;
    char path[512];
    memset(&m, 0xff, sizeof m);
    heft_scratch_file(scratch, "machine.json", path, sizeof path);
    assert_ok(heft_machine_save(&sample, path, &err), &err);
    assert_ok(heft_machine_load(path, &m, &err), &err);
    assert_memory_equal(&m, &sample, sizeof m);
}

/* The good file with one text of it replaced. */
static char *changed(const char *good, const char *from, const char *to)
{
    const char *at = strstr(good, from);
    assert_non_null(at);
    heft_buf b = heft_buf_of(1 << 16);
    heft_buf_add(&b, good, (size_t)(at - good));
    heft_buf_z(&b, to);
    heft_buf_z(&b, at + strlen(from));
    assert_false(b.failed);
    return b.p;
}

static void a_broken_profile_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *said;
    } broken[] = {
        { "\"version\":1", "\"version\":2", "version is 2, expected 1 to 1" },
        { "\"version\":1", "\"version\":\"1\"", "version is a string, expected an integer" },
        { "\"threads\":3", "\"threads\":0", "threads is 0, expected 1 to 256" },
        { "\"threads\":3,", "", "threads is missing" },
        { "\"isa\":\"avx2\"", "\"isa\":\"a very long name of a set\"", "expected at most 15" },
        { "\"isa\":\"avx2\"", "\"isa\":\"a\\u0000b\"", "expected at most 15" },
        { "\"read\":", "\"read\":-", "read is -1.25e+10, expected 1 to 1e+18" },
        { "\"read\":", "\"red\":0,\"read\":", "unknown key red" },
        { "\"Q4_K\"", "\"Q4_X\"", "unknown key Q4_X" },
        { "\"macs\"", "\"mac\"", "F32: macs is missing, expected a number" },
        { "\"caches\":{\"F16\"", "\"caches\":{\"F17\"", "F16 is missing, expected an object" },
        { "\"Q8_0\"", "\"Q8_1\"", "Q8_0 is missing, expected an object" },
        { "\"caches\"", "\"cache\"", "caches is missing" },
        { "\"formats\":{", "\"formats\":[{", "machine.json: line 1, column " },
        { "}\n", "", "machine.json: line 1, column " },
    };
    heft_error err = { 0 };
    char path[512], *good;
    size_t n;
    heft_scratch_file(scratch, "machine.json", path, sizeof path);
    assert_ok(heft_machine_save(&sample, path, &err), &err);
    assert_ok(heft_read_file(path, 1 << 16, &good, &n, &err), &err);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        heft_machine m = { .threads = 77 };
        heft_out out;
        char *text = changed(good, broken[i].from, broken[i].to);
        assert_ok(heft_out_open(&out, path, &err), &err);
        assert_ok(heft_out_write(&out, text, strlen(text), &err), &err);
        assert_ok(heft_out_commit(&out, &err), &err);
        if (heft_machine_load(path, &m, &err) != HEFT_E_FORMAT) fail_msg("taken: %s", broken[i].to);
        if (!strstr(err.text, "machine.json") || !strstr(err.text, broken[i].said))
            fail_msg("%s: %s", broken[i].said, err.text);
        assert_int_equal(m.threads, 77);
        heft_free(text);
    }
    heft_free(good);
}

static void a_profile_that_is_not_there_is_no_profile(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_machine m;
    assert_int_equal(heft_machine_load("/nonexistent/machine.json", &m, &err), HEFT_E_IO);
    assert_int_equal(heft_machine_save(&sample, "/nonexistent/machine.json", &err), HEFT_E_IO);
    assert_non_null(strstr(err.text, "/nonexistent/machine.json"));
}

static int open_scratch(void **state)
{
    (void)state;
    heft_scratch_open(scratch);
    return 0;
}

static int close_scratch(void **state)
{
    (void)state;
    heft_scratch_close(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(a_broken_profile_is_refused_by_name),
        cmocka_unit_test(a_profile_that_is_not_there_is_no_profile),
    };
    return cmocka_run_group_tests(tests, open_scratch, close_scratch);
}

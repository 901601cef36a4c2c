/* A source as a whole: large, sparse and changing files, shapes as text. */
#define _POSIX_C_SOURCE 200809L
#include "format/source.h"
#include "format/write.h"
#include "model_files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t resident_bytes(void)
{
    long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return 0;
    assert_int_equal(fscanf(f, "%ld %ld", &total, &resident), 2);
    (void)fclose(f);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static void opening_a_gigabyte_touches_the_header_alone(void **state)
{
    (void)state;
    static const heft_write_tensor t[] = {
        { .name = "a", .dtype = HEFT_F32, .rank = 2, .shape = { 16384, 8192 } },
        { .name = "b", .dtype = HEFT_BF16, .rank = 2, .shape = { 16384, 16384 } },
    };
    put("config.json", "{}");
    assert_int_equal(heft_safetensors_write("big.safetensors", t, 2, NULL, 0, 0, NULL), HEFT_OK);
    assert_int_equal(heft_gguf_write("big.gguf", 3, 32, NULL, 0, t, 2, NULL), HEFT_OK);
    static const char *const paths[] = { "big.safetensors", "big.gguf" };
    for (int i = 0; i < 2; i++) {
        int64_t before = resident_bytes();
        size_t allocated = heft_mem().bytes;
        heft_source *s = opened(paths[i]);
        assert_int_equal(s->tensor[1].bytes, 512 << 20);
        assert_in_range(resident_bytes() - before + (1 << 20), 0, 5 << 20);
        assert_in_range(heft_mem().bytes - allocated, 0, 100000);
        heft_source_close(s);
        assert_int_equal(heft_mem().bytes, allocated);
    }
    assert_int_equal(unlink("big.safetensors"), 0);
    assert_int_equal(unlink("big.gguf"), 0);
}

/* Where anything were quadratic, this would not end within the time a test has. */
static void a_header_of_200000_tensors_is_read(void **state)
{
    (void)state;
    enum { N = 200000, NAME = 56 };
    char *name = heft_alloc(N, NAME);
    heft_write_tensor *t = heft_alloc(N, sizeof *t);
    for (int i = 0; i < N; i++) {
        char *z = name + (size_t)i * NAME;
        (void)snprintf(z, NAME, "model.layers.%d.mlp.experts.%d.down_proj.weight", i / 2000,
                       i % 2000);
        t[i] = (heft_write_tensor){ .name = z, .dtype = HEFT_I8, .rank = 1, .shape = { 1 } };
    }
    put("config.json", "{}");
    assert_int_equal(heft_safetensors_write("many.safetensors", t, N, NULL, 0, 0, NULL), HEFT_OK);
    assert_int_equal(heft_gguf_write("many.gguf", 3, 1, NULL, 0, t, N, NULL), HEFT_OK);
    static const char *const paths[] = { "many.safetensors", "many.gguf" };
    for (int i = 0; i < 2; i++) {
        heft_source *s = opened(paths[i]);
        assert_int_equal(s->n_tensors, N);
        for (int k = 0; k < N; k++)
            assert_ptr_equal(heft_source_find(s, heft_str_of(t[k].name)), &s->tensor[k]);
        heft_source_close(s);
    }
    heft_free(t);
    heft_free(name);
}

/* The header itself goes while it is read: any error, but no crash and no success. */
static void read_a_header_that_shrank(void)
{
    reader *const readers[] = { read_safetensors, read_gguf };
    for (int i = 0; i < 2; i++) {
        heft_buf b = bytes_of(i ? "'GGUF d3 q0 q1 sk d8 q9000 z9000" : "q9000 '{ z8999");
        put_bytes("h", &b);
        heft_buf_free(&b);
        heft_source s = { 0 };
        heft_error err;
        assert_int_equal(heft_source_files(&s, 1, NULL), HEFT_OK);
        assert_int_equal(heft_map_open(&s.file[0], "h", NULL), HEFT_OK);
        s.n_files = 1;
        assert_int_equal(truncate("h", 0), 0);
        assert_int_equal(readers[i](&s, &err), HEFT_E_FORMAT);
        assert_int_equal(heft_source_check(&s, &err), HEFT_E_IO);
        heft_map_close(&s.file[0]);
        heft_free(s.tensor);
        heft_arena_clear(&s.arena);
    }
}

static void truncate_first_part(void *to, const char *line)
{
    (void)line;
    *(bool *)to = true;
    assert_int_equal(truncate("p-00001-of-00002.gguf", 0), 0);
}

/* The second part has a byte too many, so that a warning comes while the set is being opened: what
 * the first part then seems to say is not the error. */
static void open_a_set_whose_first_part_shrinks(void)
{
    static const char *const words[] = {
        "'GGUF d3 q0 q3 ssplit.no d2 u0 ssplit.count d2 u2 ssplit.tensors.count d5 d0 p32",
        "'GGUF d3 q0 q2 ssplit.no d2 u1 ssplit.count d2 u2 p32 b1",
    };
    bool warned = false;
    const heft_log log = { truncate_first_part, &warned };
    heft_source *s;
    heft_error err;
    for (int i = 0; i < 2; i++) {
        heft_buf b = bytes_of(words[i]);
        put_bytes(i ? "p-00002-of-00002.gguf" : "p-00001-of-00002.gguf", &b);
        heft_buf_free(&b);
    }
    heft_source_close(opened("p-00001-of-00002.gguf"));
    assert_int_equal(heft_source_open("p-00001-of-00002.gguf", &log, &s, &err), HEFT_E_IO);
    assert_true(warned);
    assert_true(
        heft_str_begins(heft_str_of(err.text), "p-00001-of-00002.gguf: a part of the file"));
}

static void b20_a_file_that_shrinks_while_mapped_is_named(void **state)
{
    (void)state;
    static const heft_write_tensor t = {
        .name = "a", .dtype = HEFT_U8, .rank = 1, .shape = { 1 << 16 }
    };
    heft_guard_mappings(); /* here, and once: cmocka sets its own handler before each test */
    put("config.json", "{}");
    assert_int_equal(heft_safetensors_write("s.safetensors", &t, 1, NULL, 0, 0, NULL), HEFT_OK);
    heft_source *s = opened("s.safetensors");
    heft_error err;
    assert_int_equal(heft_source_check(s, &err), HEFT_OK);
    assert_int_equal(truncate("s.safetensors", 4096), 0);
    const volatile uint8_t *last = s->tensor[0].data + (1 << 16) - 1;
    assert_int_equal(*last, 0);
    assert_int_equal(heft_source_check(s, &err), HEFT_E_IO);
    assert_string_equal(err.text,
                        "./s.safetensors: a part of the file that was 65608 bytes long when it "
                        "was opened can no longer be read; was it changed or truncated while in "
                        "use?");
    heft_source_close(s);
    read_a_header_that_shrank();
    open_a_set_whose_first_part_shrinks();
}

static void shapes_have_a_text(void **state)
{
    (void)state;
    static const int64_t one[] = { 7 }, two[] = { 32, 64 },
                         most[] = { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX,
                                    INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX };
    assert_string_equal(heft_show_shape(NULL, 0).text, "scalar");
    assert_string_equal(heft_show_shape(one, 1).text, "7");
    assert_string_equal(heft_show_shape(two, 2).text, "32 x 64");
    assert_int_equal(strlen(heft_show_shape(most, 8).text), 8 * 19 + 7 * 3);
}

static void closing_nothing_is_allowed(void **state)
{
    (void)state;
    heft_source_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_a_gigabyte_touches_the_header_alone),
        cmocka_unit_test(a_header_of_200000_tensors_is_read),
        cmocka_unit_test(b20_a_file_that_shrinks_while_mapped_is_named),
        cmocka_unit_test(shapes_have_a_text),
        cmocka_unit_test(closing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}

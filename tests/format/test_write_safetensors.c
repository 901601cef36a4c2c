/* safetensors files, written and read back. */
#define _POSIX_C_SOURCE 200809L
#include "format/write.h"
#include "model_files.h"

#include <string.h>
#include <unistd.h>

static const float numbers[] = { 1, 2, 3, 4, 5, 6 };
static const heft_write_tensor three[] = {
    { .name = "w", .dtype = HEFT_F32, .rank = 2, .shape = { 2, 3 }, .data = numbers },
    { .name = "hole \"\xc3\xa9\\", .dtype = HEFT_BF16, .rank = 1, .shape = { 5000 } },
    { .name = "s", .dtype = HEFT_U8, .rank = 0, .data = "!" },
};

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const char *const metadata[] = { "format", "pt", "note", "a \"b\"" };
    put("config.json", "{}");
    for (int32_t pad = 0; pad < 8; pad++) {
        assert_int_equal(heft_safetensors_write("a.safetensors", three, 3, metadata, 2, pad, NULL),
                         HEFT_OK);
        heft_source *s = opened("a.safetensors");
        const heft_tensor *w = heft_source_find(s, heft_str_of("w"));
        const heft_tensor *hole = heft_source_find(s, heft_str_of(three[1].name));
        assert_int_equal((uintptr_t)w->data % 8, pad);
        assert_memory_equal(w->data, numbers, sizeof numbers);
        assert_int_equal(hole->bytes, 10000);
        for (int i = 0; i < 10000; i++)
            assert_int_equal(hole->data[i], 0);
        assert_int_equal(*heft_source_find(s, heft_str_of("s"))->data, '!');
        assert_non_null(strstr((const char *)s->file[0].data + 8,
                               "{\"__metadata__\":{\"format\":\"pt\",\"note\":\"a \\\"b\\\"\"},"));
        heft_source_close(s);
    }
}

static void a_file_of_no_tensors_is_a_file(void **state)
{
    (void)state;
    put("config.json", "{}");
    assert_int_equal(heft_safetensors_write("a.safetensors", NULL, 0, NULL, 0, 0, NULL), HEFT_OK);
    heft_source_close(opened("a.safetensors"));
}

static void the_public_writer_knows_dtypes_by_name(void **state)
{
    (void)state;
    const int32_t ids[] = { 7, -8 };
    const heft_array arrays[] = {
        { .name = "logits", .dtype = "F32", .rank = 2, .shape = { 3, 2 }, .data = numbers },
        { .name = "ids", .dtype = "I32", .rank = 1, .shape = { 2 }, .data = ids },
    };
    put("config.json", "{}");
    assert_int_equal(heft_write_safetensors("b.safetensors", arrays, 2, NULL), HEFT_OK);
    heft_source *s = opened("b.safetensors");
    assert_memory_equal(heft_source_find(s, heft_str_of("ids"))->data, ids, sizeof ids);
    assert_int_equal(heft_source_find(s, heft_str_of("logits"))->shape[0], 3);
    heft_source_close(s);
    heft_error err;
    const heft_array odd = { .name = "x", .dtype = "Q4_K", .rank = 1, .shape = { 256 } };
    assert_int_equal(heft_write_safetensors("c.safetensors", &odd, 1, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "array x: safetensors have no dtype Q4_K");
}

static void what_the_format_cannot_hold_is_refused_and_leaves_no_file(void **state)
{
    (void)state;
    static const struct {
        heft_write_tensor t;
        const char *message;
    } rows[] = {
        { { .name = "q", .dtype = HEFT_Q4_K, .rank = 1, .shape = { 256 } },
          "tensor q: safetensors cannot hold Q4_K of rank 1, 256" },
        { { .name = "q", .dtype = HEFT_F4, .rank = 1, .shape = { 3 } },
          "tensor q: safetensors cannot hold F4 of rank 1, 3" },
        { { .name = "q", .dtype = HEFT_F32, .rank = 2, .shape = { 3, -1 } },
          "tensor q: safetensors cannot hold F32 of rank 2, 3 x -1" },
        { { .name = "q", .dtype = HEFT_F32, .rank = 9 },
          "tensor q: safetensors cannot hold F32 of rank 9, scalar" },
        { { .name = "q", .dtype = HEFT_F32, .rank = 2, .shape = { INT64_MAX, 2 } },
          "tensor q: safetensors cannot hold F32 of rank 2, 9223372036854775807 x 2" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        heft_error err;
        assert_int_equal(heft_safetensors_write("no.safetensors", &rows[i].t, 1, NULL, 0, 0, &err),
                         HEFT_E_ARG);
        assert_string_equal(err.text, rows[i].message);
        assert_int_equal(access("no.safetensors", F_OK), -1);
    }
    heft_error err;
    assert_int_equal(heft_safetensors_write("none/a.safetensors", three, 3, NULL, 0, 0, &err),
                     HEFT_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_file_of_no_tensors_is_a_file),
        cmocka_unit_test(the_public_writer_knows_dtypes_by_name),
        cmocka_unit_test(what_the_format_cannot_hold_is_refused_and_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}

/* GGUF files, written and read back. */
#define _POSIX_C_SOURCE 200809L
#include "base/cursor.h"
#include "format/gguf.h"
#include "format/write.h"
#include "model_files.h"

#include <string.h>
#include <unistd.h>

static const float numbers[] = { 1, 2, 3, 4, 5, 6 };
static const uint8_t blocks[144] = { 9 };
static const heft_write_tensor three[] = {
    { .name = "w", .dtype = HEFT_F32, .rank = 2, .shape = { 2, 3 }, .data = numbers },
    { .name = "hole", .dtype = HEFT_BF16, .rank = 1, .shape = { 5001 } },
    { .name = "q", .dtype = HEFT_Q4_K, .rank = 3, .shape = { 1, 1, 256 }, .data = blocks },
};

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const int32_t alignments[] = { 32, 1, 8, 4096 };
    for (size_t i = 0; i < 8; i++) {
        int32_t alignment = alignments[i / 2];
        heft_error err;
        assert_int_equal(
            heft_gguf_write("a.gguf", 2 + (int32_t)(i % 2), alignment, NULL, 0, three, 3, &err),
            HEFT_OK);
        heft_source *s = opened("a.gguf");
        assert_int_equal(heft_load32(s->file[0].data + 4), 2 + i % 2);
        assert_int_equal(s->file[0].size % (size_t)alignment, 0);
        assert_string_equal(warnings, "");
        const heft_tensor *w = &s->tensor[0], *hole = &s->tensor[1], *q = &s->tensor[2];
        assert_true(w->shape[0] == 2 && w->shape[1] == 3);
        assert_memory_equal(w->data, numbers, sizeof numbers);
        assert_int_equal((uintptr_t)hole->data % (uintptr_t)alignment, 0);
        for (int k = 0; k < 10002; k++)
            assert_int_equal(hole->data[k], 0);
        assert_true(q->rank == 3 && q->shape[2] == 256 && q->dtype == HEFT_Q4_K);
        assert_memory_equal(q->data, blocks, sizeof blocks);
        assert_true((heft_value_get(s->config, "general.alignment") != NULL) == (alignment != 32));
        heft_source_close(s);
    }
}

static void metadata_of_every_kind_is_written(void **state)
{
    (void)state;
    static const heft_str pieces[] = { { "a", 1 }, { "\xff\0", 2 } };
    static const int32_t ints[] = { 1, -2, 3 };
    static const heft_write_kv kv[] = {
        { .key = "general.architecture", .type = HEFT_GGUF_STRING, .v.str = "llama" },
        { .key = "u16", .type = HEFT_GGUF_U16, .v.u = 65535 },
        { .key = "u32", .type = HEFT_GGUF_U32, .v.u = 4294967295 },
        { .key = "i32", .type = HEFT_GGUF_I32, .v.u = (uint64_t)-5 },
        { .key = "u64", .type = HEFT_GGUF_U64, .v.u = 1ULL << 40 },
        { .key = "f32", .type = HEFT_GGUF_F32, .v.f = 0.25f },
        { .key = "yes", .type = HEFT_GGUF_BOOL, .v.u = 1 },
        { .key = "ints",
          .type = HEFT_GGUF_ARRAY,
          .element = HEFT_GGUF_I32,
          .n = 3,
          .v.array = ints },
        { .key = "pieces",
          .type = HEFT_GGUF_ARRAY,
          .element = HEFT_GGUF_STRING,
          .n = 2,
          .v.array = pieces },
        { .key = "none", .type = HEFT_GGUF_ARRAY, .element = HEFT_GGUF_F32 },
    };
    assert_int_equal(heft_gguf_write("a.gguf", 3, 32, kv, 10, NULL, 0, NULL), HEFT_OK);
    heft_source *s = opened("a.gguf");
    const heft_value *c = s->config;
    assert_int_equal(c->n, 10);
    assert_true(heft_str_is(heft_value_get(c, "general.architecture")->str, "llama"));
    assert_int_equal(heft_value_get(c, "u16")->n, 65535);
    assert_int_equal(heft_value_get(c, "u32")->n, 4294967295);
    assert_int_equal(heft_value_get(c, "i32")->n, -5);
    assert_int_equal(heft_value_get(c, "u64")->n, 1LL << 40);
    assert_true(heft_value_get(c, "f32")->real == 0.25);
    assert_true(heft_value_get(c, "yes")->kind == HEFT_V_BOOL && heft_value_get(c, "yes")->n == 1);
    assert_int_equal(heft_value_at(heft_value_get(c, "ints"), 1)->n, -2);
    assert_true(heft_str_eq(heft_value_at(heft_value_get(c, "pieces"), 1)->str, pieces[1]));
    assert_int_equal(heft_value_get(c, "none")->n, 0);
    heft_source_close(s);
}

static void what_the_format_cannot_hold_is_refused_and_leaves_no_file(void **state)
{
    (void)state;
    static const struct {
        heft_write_tensor t;
        const char *message;
    } rows[] = {
        { { .name = "q", .dtype = HEFT_Q4_K, .rank = 2, .shape = { 256, 1 } },
          "tensor q: GGUF cannot hold Q4_K of rank 2, 256 x 1" },
        { { .name = "q", .dtype = HEFT_U64, .rank = 1, .shape = { 3 } },
          "tensor q: GGUF cannot hold U64 of rank 1, 3" },
        { { .name = "q", .dtype = HEFT_F32, .rank = 2, .shape = { 3, 0 } },
          "tensor q: GGUF cannot hold F32 of rank 2, 3 x 0" },
        { { .name = "q", .dtype = HEFT_F32, .rank = 0 },
          "tensor q: GGUF cannot hold F32 of rank 0, scalar" },
        { { .name = "q", .dtype = HEFT_F32, .rank = 5, .shape = { 1, 1, 1, 1, 1 } },
          "tensor q: GGUF cannot hold F32 of rank 5, 1 x 1 x 1 x 1 x 1" },
    };
    heft_error err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(heft_gguf_write("no.gguf", 3, 32, NULL, 0, &rows[i].t, 1, &err),
                         HEFT_E_ARG);
        assert_string_equal(err.text, rows[i].message);
        assert_int_equal(access("no.gguf", F_OK), -1);
    }
    static const heft_write_kv nested = { .key = "k",
                                          .type = HEFT_GGUF_ARRAY,
                                          .element = HEFT_GGUF_ARRAY };
    assert_int_equal(heft_gguf_write("no.gguf", 3, 32, &nested, 1, NULL, 0, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "metadata k: type 9 is not written");
    assert_int_equal(heft_gguf_write("no.gguf", 1, 32, NULL, 0, NULL, 0, &err), HEFT_E_ARG);
    assert_int_equal(heft_gguf_write("no.gguf", 3, 33, NULL, 0, NULL, 0, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "GGUF version 3 with alignment 33 is not written");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(metadata_of_every_kind_is_written),
        cmocka_unit_test(what_the_format_cannot_hold_is_refused_and_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}

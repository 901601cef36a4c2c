/* The header of a GGUF file: what it may say (B01 to B14). */
#define _POSIX_C_SOURCE 200809L
#include "base/bounds.h"
#include "format/gguf.h"
#include "model_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beginnings: version 3, tensors, metadata entries. */
#define ONE_KV     "'GGUF d3 q0 q1 "
#define TWO_KV     "'GGUF d3 q0 q2 "
#define ONE_TENSOR "'GGUF d3 q1 q0 "
#define TWO_TENSOR "'GGUF d3 q2 q0 "

static void put_words(const char *path, const char *words)
{
    heft_buf b = bytes_of(words);
    put_bytes(path, &b);
    heft_buf_free(&b);
}

static const char every_kind[] =
    "'GGUF d3 q2 q15 "
    "su8 d0 b255 si8 d1 b255 su16 d2 u65535 si16 d3 u65535 su32 d4 d4294967295 "
    "si32 d5 d4294967295 sf32 d6 f-1.5 sbool d7 b1 sstr d8 shello "
    "sarr d9 d5 q3 d1 d2 d4294967295 su64 d10 q0xffffffffffffffff si64 d11 q0xffffffffffffffff "
    "sf64 d12 x000000000000f83f sempty d9 d8 q0 sstrs d9 d8 q2 sone s "
    "sw d2 q3 q2 d0 q0 sv d1 q4 d1 q32 "
    "p32 f0 f1 f2 f3 f4 f5 p32 u1 u2 u3 u4";

static void metadata_becomes_one_flat_object(void **state)
{
    (void)state;
    put_words("a.gguf", every_kind);
    heft_source *s = opened("a.gguf");
    const heft_value *c = s->config;
    assert_int_equal(s->container, HEFT_GGUF);
    assert_int_equal(c->kind, HEFT_V_OBJECT);
    assert_int_equal(c->n, 15);
    assert_int_equal(heft_value_get(c, "u8")->n, 255);
    assert_int_equal(heft_value_get(c, "i8")->n, -1);
    assert_true(heft_value_get(c, "i8")->real == -1.0);
    assert_int_equal(heft_value_get(c, "u16")->n, 65535);
    assert_int_equal(heft_value_get(c, "i16")->n, -1);
    assert_int_equal(heft_value_get(c, "u32")->n, 4294967295);
    assert_int_equal(heft_value_get(c, "i32")->n, -1);
    assert_true(heft_value_get(c, "f32")->real == -1.5);
    assert_int_equal(heft_value_get(c, "bool")->kind, HEFT_V_BOOL);
    assert_true(heft_str_is(heft_value_get(c, "str")->str, "hello"));
    assert_int_equal(heft_value_get(c, "i64")->n, -1);
    const heft_value *big = heft_value_get(c, "u64");
    assert_true(big->kind == HEFT_V_REAL && big->inexact && big->real == 18446744073709551616.0);
    assert_true(heft_value_get(c, "f64")->real == 1.5);
    const heft_value *arr = heft_value_get(c, "arr");
    assert_true(arr->kind == HEFT_V_ARRAY && arr->n == 3 && arr->child->next->next->n == -1);
    assert_null(arr->child->next->next->next);
    assert_true(heft_value_get(c, "empty")->n == 0 && !heft_value_get(c, "empty")->child);
    assert_true(heft_str_is(heft_value_get(c, "strs")->child->str, "one"));
    assert_int_equal(heft_value_get(c, "strs")->child->next->str.n, 0);
    heft_source_close(s);
}

static void shapes_are_turned_round_and_data_found(void **state)
{
    (void)state;
    put_words("a.gguf", every_kind);
    heft_source *s = opened("a.gguf");
    const heft_tensor *w = heft_source_find(s, heft_str_of("w"));
    assert_true(w->rank == 2 && w->shape[0] == 2 && w->shape[1] == 3 && w->dtype == HEFT_F32);
    assert_int_equal((w->data - s->file[0].data) % 32, 0);
    float five;
    memcpy(&five, w->data + 20, 4);
    assert_true(five == 5.0f);
    const heft_tensor *v = heft_source_find(s, heft_str_of("v"));
    assert_true(v->rank == 1 && v->dtype == HEFT_F16 && v->bytes == 8);
    assert_ptr_equal(v->data, w->data + 32);
    heft_source_close(s);
}

static void version_2_alignment_and_a_file_without_tensors_are_read(void **state)
{
    (void)state;
    put_words("a.gguf", "'GGUF d2 q0 q0");
    heft_source *s = opened("a.gguf");
    assert_int_equal(s->n_tensors, 0);
    assert_null(heft_source_find(s, heft_str_of("a")));
    heft_source_close(s);
    put_words("a.gguf", "'GGUF d3 q2 q1 sgeneral.alignment d4 d8 "
                        "sa d1 q1 d24 q0 sb d1 q1 d24 q8 p8 b7 p8 b9");
    s = opened("a.gguf");
    assert_int_equal(s->tensor[0].data[0], 7);
    assert_int_equal(s->tensor[1].data[0], 9);
    assert_string_equal(warnings, "");
    heft_source_close(s);
}

static void bytes_behind_the_last_tensor_are_named(void **state)
{
    (void)state;
    put_words("a.gguf", ONE_TENSOR "sa d1 q1 d24 q0 p32 b1 z31 b5 b6");
    heft_source *s = opened("a.gguf");
    assert_string_equal(warnings, "a.gguf: the last 2 bytes belong to no tensor\n");
    heft_source_close(s);
}

static void long_arrays_are_read_where_they_lie(void **state)
{
    (void)state;
    enum { N = HEFT_MAX_ARRAY_IN_TREE + 1 };
    heft_buf b = bytes_of("'GGUF d3 q0 q3 sshort d9 d5 q2 d7 d4294967295 sf d9 d6 q");
    b.n -= 8; /* the count that the words cannot say */
    uint64_t n = N;
    (void)heft_buf_add(&b, &n, 8);
    for (int i = 0; i < N; i++) {
        float f = (float)i;
        (void)heft_buf_add(&b, &f, 4);
    }
    heft_buf words = bytes_of("stext d9 d8");
    (void)heft_buf_add(&b, words.p, words.n);
    (void)heft_buf_add(&b, &n, 8);
    for (int i = 0; i < N; i++) {
        uint64_t len = 2;
        (void)heft_buf_add(&b, &len, 8);
        (void)heft_buf_add(&b, "\xff!", 2); /* pieces need not be text */
    }
    put_bytes("a.gguf", &b);
    heft_source *s = opened("a.gguf");
    heft_gguf_array a;
    heft_str str;
    int64_t i;
    double d;
    assert_false(heft_gguf_array_open(s, "none", &a));
    assert_int_equal(heft_value_get(s->config, "f")->kind, HEFT_V_LONG_ARRAY);
    assert_int_equal(heft_value_get(s->config, "f")->n, N);
    assert_true(heft_gguf_array_open(s, "f", &a));
    assert_int_equal(a.type, HEFT_GGUF_F32);
    assert_false(heft_gguf_next_int(&a, &i));
    assert_false(heft_gguf_next_str(&a, &str));
    for (int k = 0; k < N; k++)
        assert_true(heft_gguf_next_real(&a, &d) && d == k);
    assert_false(heft_gguf_next_real(&a, &d));
    assert_true(heft_gguf_array_open(s, "text", &a));
    for (int k = 0; k < N; k++)
        assert_true(heft_gguf_next_str(&a, &str) && heft_str_is(str, "\xff!"));
    assert_false(heft_gguf_next_str(&a, &str));
    assert_true(heft_gguf_array_open(s, "short", &a)); /* kept as values, and read the same way */
    assert_true(heft_gguf_next_int(&a, &i) && i == 7);
    assert_false(heft_gguf_next_real(&a, &d));
    assert_true(heft_gguf_next_int(&a, &i) && i == -1);
    assert_false(heft_gguf_next_int(&a, &i));
    assert_true(heft_value_get(s->config, "short")->read);
    heft_source_close(s);
    heft_buf_free(&words);
    heft_buf_free(&b);
}

typedef struct {
    const char *words;
    heft_status status;
    const char *message; /* behind "a.gguf: " */
} bad;

static void check_bad(const bad *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char message[512];
        (void)snprintf(message, sizeof message, "a.gguf: %s", rows[i].message);
        put_words("a.gguf", rows[i].words);
        refused("a.gguf", rows[i].status, message);
    }
}

static void b01_other_magics_and_versions_are_refused(void **state)
{
    (void)state;
    static const bad rows[] = {
        { "'GGUF d1 q0 q0", HEFT_E_UNSUPPORTED, "is GGUF version 1; heft reads 2 and 3" },
        { "'GGUF d4 q0 q0", HEFT_E_UNSUPPORTED, "is GGUF version 4; heft reads 2 and 3" },
        { "'GGUF d0 q0 q0", HEFT_E_UNSUPPORTED, "is GGUF version 0; heft reads 2 and 3" },
        { "'GGUF x00000003 q0 q0", HEFT_E_UNSUPPORTED,
          "is a big-endian GGUF file; heft reads little-endian ones" },
        { "'GGUG d3 q0 q0", HEFT_E_FORMAT,
          "is neither a .safetensors file nor does it begin with GGUF, but with GGUG" },
        { "", HEFT_E_FORMAT,
          "is neither a .safetensors file nor does it begin with GGUF, but with nothing" },
        { "'tjgg d3", HEFT_E_UNSUPPORTED,
          "is a GGML file from before GGUF; heft reads safetensors and GGUF files" },
        { "'GGUF", HEFT_E_FORMAT, "ends inside the first 24 bytes" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b02_counts_beyond_the_file_are_refused(void **state)
{
    (void)state;
    static const bad rows[] = {
        { "'GGUF d3 q0 q0x8000000000000000 z64", HEFT_E_FORMAT,
          "says it has 9223372036854775808 metadata entries in 64 bytes, at most 65536" },
        { "'GGUF d3 q0 q4294967295 z64", HEFT_E_FORMAT,
          "says it has 4294967295 metadata entries in 64 bytes, at most 65536" },
        { "'GGUF d3 q0 q5 z64", HEFT_E_FORMAT,
          "says it has 5 metadata entries in 64 bytes, at most 65536" },
        { "'GGUF d3 q0 q65537 z917518", HEFT_E_FORMAT,
          "says it has 65537 metadata entries in 917518 bytes, at most 65536" },
        { "'GGUF d3 q4294967296 q0 z64", HEFT_E_FORMAT,
          "says it has 4294967296 tensors in 64 bytes, at most 1048576" },
        { "'GGUF d3 q2 q0 z64", HEFT_E_FORMAT,
          "says it has 2 tensors in 64 bytes, at most 1048576" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b02_more_tensors_than_the_bound_are_refused(void **state)
{
    (void)state;
    put_words("a.gguf", "'GGUF d3 q1048577 q0");
    assert_int_equal(truncate("a.gguf", 24 + 33 * 1048577), 0);
    refused("a.gguf", HEFT_E_FORMAT,
            "a.gguf: says it has 1048577 tensors in 34603041 bytes, at most 1048576");
}

static void b03_b04_strings_and_keys_are_checked(void **state)
{
    (void)state;
    static const bad rows[] = {
        { ONE_KV "q100 'abc d4 d0 z20", HEFT_E_FORMAT,
          "metadata entry 1 of 1: a string of 100 bytes where the file has 31 left" },
        { ONE_KV "q0xffffffffffffffff 'abc z20", HEFT_E_FORMAT,
          "metadata entry 1 of 1: a string of 18446744073709551615 bytes where the file has 23 "
          "left" },
        { ONE_KV "q0xffffffffffffffe0 'abc z20", HEFT_E_FORMAT,
          "metadata entry 1 of 1: a string of 18446744073709551584 bytes where the file has 23 "
          "left" },
        { ONE_KV "sk d8 q17 'abc z13", HEFT_E_FORMAT,
          "metadata k: a string of 17 bytes where the file has 16 left" },
        { ONE_KV "s d4 d0 z20", HEFT_E_FORMAT,
          "metadata entry 1 of 1: its name has 0 bytes, expected 1 to 65535" },
        { ONE_KV "q65536 z65536 d4 d0", HEFT_E_FORMAT,
          "metadata entry 1 of 1: its name has 65536 bytes, expected 1 to 65535" },
        { ONE_KV "q3 'a z1 'b d4 d0", HEFT_E_FORMAT,
          "metadata entry 1 of 1: its name a\\x00b has a NUL or is not UTF-8" },
        { ONE_KV "q2 xc080 d4 d0", HEFT_E_FORMAT,
          "metadata entry 1 of 1: its name \\xc0\\x80 has a NUL or is not UTF-8" },
        { ONE_KV "sk d8 q1 xff", HEFT_E_FORMAT, "metadata k: its string is not UTF-8" },
        { ONE_KV "sk d7 b2 z9", HEFT_E_FORMAT, "metadata k: a boolean is 2, expected 0 or 1" },
        { ONE_KV "sk d9 d7 q2 b1 b3", HEFT_E_FORMAT,
          "metadata k: a boolean is 3, expected 0 or 1" },
        { ONE_KV "sk d13 z9", HEFT_E_FORMAT, "metadata k: value type 13 is unknown" },
        { ONE_KV "sk d0xffffffff z9", HEFT_E_FORMAT,
          "metadata k: value type 4294967295 is unknown" },
        { ONE_KV "sk d10 d1", HEFT_E_FORMAT, "metadata k: the file ends inside it, at byte 41" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b05_duplicates_are_refused(void **state)
{
    (void)state;
    static const bad rows[] = {
        { TWO_KV "sk d4 d0 sk d4 d0", HEFT_E_FORMAT, "metadata k occurs twice" },
        { TWO_TENSOR "sa d1 q1 d24 q0 sa d1 q1 d24 q32 p32 z33", HEFT_E_FORMAT,
          "tensor a occurs twice" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b06_b07_arrays_are_checked(void **state)
{
    (void)state;
    static const bad rows[] = {
        { ONE_KV "sk d9 d9 q1 d9 q1 d9 q1", HEFT_E_UNSUPPORTED,
          "metadata k: is an array of arrays, which heft does not read" },
        { ONE_KV "sk d9 d13 q1 z9", HEFT_E_FORMAT, "metadata k: element type 13 is unknown" },
        { ONE_KV "sk d9 d5 q0x4000000000000001 d1", HEFT_E_FORMAT,
          "metadata k: an array of 4611686018427387905 elements where the file has 4 bytes left" },
        { ONE_KV "sk d9 d8 q0x2000000000000001 q0", HEFT_E_FORMAT,
          "metadata k: an array of 2305843009213693953 elements where the file has 8 bytes left" },
        { ONE_KV "sk d9 d5 q2 d1", HEFT_E_FORMAT,
          "metadata k: an array of 2 elements where the file has 4 bytes left" },
        { ONE_KV "sk d9 d8 q2 sabc q9", HEFT_E_FORMAT,
          "metadata k: a string of 9 bytes where the file has 0 left" },
        { TWO_KV "stokenizer.ggml.tokens d9 d8 q2 sa sb stokenizer.ggml.scores d9 d6 q1 f0",
          HEFT_E_FORMAT, "tokenizer.ggml.scores has 1 elements, tokenizer.ggml.tokens 2" },
        { TWO_KV "stokenizer.ggml.token_type d9 d5 q2 d1 d1 stokenizer.ggml.tokens d9 d8 q1 sa",
          HEFT_E_FORMAT, "tokenizer.ggml.token_type has 2 elements, tokenizer.ggml.tokens 1" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b06_ten_thousand_nested_arrays_are_refused(void **state)
{
    (void)state;
    heft_buf b = bytes_of(ONE_KV "sk d9");
    heft_buf level = bytes_of("d9 q1");
    heft_error err;
    for (int i = 0; i < 10000; i++)
        (void)heft_buf_add(&b, level.p, level.n);
    assert_int_equal(read_memory(b.p, b.n, read_gguf, &err), HEFT_E_UNSUPPORTED);
    heft_buf_free(&b);
    heft_buf_free(&level);
}

static void b08_b09_b10_shapes_are_checked(void **state)
{
    (void)state;
    static const bad rows[] = {
        { ONE_TENSOR "sa d0 d0 q0 z32", HEFT_E_FORMAT,
          "tensor a: has 0 dimensions, expected 1 to 4" },
        { ONE_TENSOR "sa d5 q1 q1 q1 q1 q1 d0 q0 z32", HEFT_E_FORMAT,
          "tensor a: has 5 dimensions, expected 1 to 4" },
        { ONE_TENSOR "sa d0x80000000 z64", HEFT_E_FORMAT,
          "tensor a: has 2147483648 dimensions, expected 1 to 4" },
        { ONE_TENSOR "sa d2 q4 q0 d0 q0 z32", HEFT_E_FORMAT,
          "tensor a: dimension 1 is 0, expected 1 to 2^63-1" },
        { ONE_TENSOR "sa d1 q0xffffffffffffffff d0 q0 z32", HEFT_E_FORMAT,
          "tensor a: dimension 0 is 18446744073709551615, expected 1 to 2^63-1" },
        { ONE_TENSOR "sa d2 q0x7fffffffffffffff q2 d0 q0 z32", HEFT_E_FORMAT,
          "tensor a: 2 x 9223372036854775807 of F32 is more than can be counted" },
        { ONE_TENSOR "sa d3 q0x100000000 q0x100000000 q4 d24 q0 z32", HEFT_E_FORMAT,
          "tensor a: 4 x 4294967296 x 4294967296 of I8 is more than can be counted" },
        { ONE_TENSOR "sa d1 q0x7fffffffffffffff d0 q0 z32", HEFT_E_FORMAT,
          "tensor a: 9223372036854775807 of F32 is more than can be counted" },
        { ONE_TENSOR "sa d2 q16 q2 d8 q0 z64", HEFT_E_FORMAT,
          "tensor a: rows of 16 numbers are not whole blocks of Q8_0, which has 32" },
        { ONE_TENSOR "sa d1 q300 d12 q0 z64", HEFT_E_FORMAT,
          "tensor a: rows of 300 numbers are not whole blocks of Q4_K, which has 256" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b11_types_are_refused_by_name(void **state)
{
    (void)state;
    static const bad rows[] = {
        { ONE_TENSOR "sa d1 q256 d9 q0 z999", HEFT_E_UNSUPPORTED,
          "tensor a: type 9 (Q8_1) is for activations, not for stored tensors" },
        { ONE_TENSOR "sa d1 q256 d15 q0 z999", HEFT_E_UNSUPPORTED,
          "tensor a: type 15 (Q8_K) is for activations, not for stored tensors" },
        { ONE_TENSOR "sa d1 q256 d4 q0 z999", HEFT_E_UNSUPPORTED,
          "tensor a: type 4 (Q4_2) was removed from GGUF" },
        { ONE_TENSOR "sa d1 q256 d33 q0 z999", HEFT_E_UNSUPPORTED,
          "tensor a: type 33 (Q4_0_8_8) was removed from GGUF" },
        { ONE_TENSOR "sa d1 q256 d137 q0 z999", HEFT_E_UNSUPPORTED,
          "tensor a: type 137 belongs to ik_llama.cpp; heft reads the types of ggml" },
        { ONE_TENSOR "sa d1 q256 d43 q0 z999", HEFT_E_FORMAT, "tensor a: type 43 is unknown" },
        { ONE_TENSOR "sa d1 q256 d0xffffffff q0 z999", HEFT_E_FORMAT,
          "tensor a: type 4294967295 is unknown" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b12_b14_data_must_follow_on_data(void **state)
{
    (void)state;
    static const bad rows[] = {
        { TWO_TENSOR "sa d1 q1 d0 q0 sb d1 q1 d0 q8 p32 z64", HEFT_E_FORMAT,
          "tensor b: its data begin at byte 8, expected 32, right behind the tensor before it" },
        { TWO_TENSOR "sa d1 q1 d0 q32 sb d1 q1 d0 q0 p32 z64", HEFT_E_FORMAT,
          "tensor a: its data begin at byte 32, expected 0, right behind the tensor before it" },
        { TWO_TENSOR "sa d1 q1 d0 q0 sb d1 q1 d0 q64 p32 z96", HEFT_E_FORMAT,
          "tensor b: its data begin at byte 64, expected 32, right behind the tensor before it" },
        { TWO_TENSOR "sa d1 q9 d0 q0 sb d1 q1 d0 q32 p32 z96", HEFT_E_FORMAT,
          "tensor b: its data begin at byte 32, expected 64, right behind the tensor before it" },
        { ONE_TENSOR "sa d1 q9 d0 q0xffffffffffffffe0 p32 z96", HEFT_E_FORMAT,
          "tensor a: its data begin at byte 18446744073709551584, expected 0, right behind the "
          "tensor before it" },
        { ONE_TENSOR "sa d1 q9 d0 q0 p32 z35", HEFT_E_FORMAT,
          "tensor a: has 36 bytes of data from byte 64 on, the file ends at byte 99" },
        { ONE_TENSOR "sa d1 q1 d0 q0", HEFT_E_FORMAT,
          "tensor a: has 4 bytes of data from byte 64 on, the file ends at byte 57" },
        { TWO_TENSOR "sa d1 q0x4000000000000000 d25 q0 sb d1 q0x4000000000000000 d25 "
                     "q0x8000000000000000 p32 z64",
          HEFT_E_FORMAT, "tensor b: its data end beyond 2^64 bytes" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b13_alignments_are_powers_of_two(void **state)
{
    (void)state;
    static const bad rows[] = {
        { ONE_KV "sgeneral.alignment d4 d0", HEFT_E_FORMAT,
          "general.alignment is 0, expected a power of two up to 1048576" },
        { ONE_KV "sgeneral.alignment d4 d3", HEFT_E_FORMAT,
          "general.alignment is 3, expected a power of two up to 1048576" },
        { ONE_KV "sgeneral.alignment d4 d0x80000000", HEFT_E_FORMAT,
          "general.alignment is 2147483648, expected a power of two up to 1048576" },
        { ONE_KV "sgeneral.alignment d5 d0xffffffff", HEFT_E_FORMAT,
          "general.alignment is -1, expected a power of two up to 1048576" },
        { ONE_KV "sgeneral.alignment d8 s32", HEFT_E_FORMAT,
          "general.alignment is a string, expected an integer" },
        { ONE_KV "sgeneral.alignment d6 f32", HEFT_E_FORMAT,
          "general.alignment is a real number, expected an integer" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b20_a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    heft_buf b = bytes_of(every_kind);
    heft_error err;
    assert_int_equal(read_memory(b.p, b.n, read_gguf, &err), HEFT_OK);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(read_memory(b.p, n, read_gguf, &err), HEFT_E_FORMAT);
    heft_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_becomes_one_flat_object),
        cmocka_unit_test(shapes_are_turned_round_and_data_found),
        cmocka_unit_test(version_2_alignment_and_a_file_without_tensors_are_read),
        cmocka_unit_test(bytes_behind_the_last_tensor_are_named),
        cmocka_unit_test(long_arrays_are_read_where_they_lie),
        cmocka_unit_test(b01_other_magics_and_versions_are_refused),
        cmocka_unit_test(b02_counts_beyond_the_file_are_refused),
        cmocka_unit_test(b02_more_tensors_than_the_bound_are_refused),
        cmocka_unit_test(b03_b04_strings_and_keys_are_checked),
        cmocka_unit_test(b05_duplicates_are_refused),
        cmocka_unit_test(b06_b07_arrays_are_checked),
        cmocka_unit_test(b06_ten_thousand_nested_arrays_are_refused),
        cmocka_unit_test(b08_b09_b10_shapes_are_checked),
        cmocka_unit_test(b11_types_are_refused_by_name),
        cmocka_unit_test(b12_b14_data_must_follow_on_data),
        cmocka_unit_test(b13_alignments_are_powers_of_two),
        cmocka_unit_test(b20_a_file_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}

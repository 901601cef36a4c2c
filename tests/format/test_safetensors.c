/* The header of a safetensors file: what it may say (B22 to B26). */
#include "model_files.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY(dtype, shape, begin, end)                                                            \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

/* A source of the file x.safetensors with this header; closed by the caller. */
static heft_source *source_of(const char *header, size_t n)
{
    put_safetensors("x.safetensors", header, n);
    put("config.json", "{}");
    return opened("x.safetensors");
}

static void tensors_are_found_where_they_lie(void **state)
{
    (void)state;
    heft_source *s = source_of(
        "{\"__metadata__\":{\"format\":\"pt\"},\"b\":" ENTRY("F32", "[2,1]", 6, 14) ",\"a\":" ENTRY(
            "BF16", "[3]", 0, 6) ",\"c\":" ENTRY("U8", "[]", 14, 15) ",\"e\":" ENTRY("F32", "[0,4]",
                                                                                     15, 15) "}  ",
        15);
    assert_int_equal(s->n_tensors, 4);
    assert_int_equal(s->container, HEFT_SAFETENSORS);
    assert_true(heft_str_is(s->tensor[0].name, "a")); /* in the order of their data */
    const heft_tensor *b = heft_source_find(s, heft_str_of("b"));
    assert_ptr_equal(b, &s->tensor[1]);
    assert_int_equal(b->dtype, HEFT_F32);
    assert_int_equal(b->rank, 2);
    assert_int_equal(b->shape[0], 2);
    assert_int_equal(b->bytes, 8);
    assert_int_equal(b->data[0], 6); /* put_safetensors numbers the bytes */
    assert_ptr_equal(b->data, s->file[0].data + s->file[0].size - 9);
    assert_int_equal(heft_source_find(s, heft_str_of("c"))->rank, 0);
    assert_int_equal(heft_source_find(s, heft_str_of("e"))->bytes, 0);
    assert_null(heft_source_find(s, heft_str_of("__metadata__")));
    assert_null(heft_source_find(s, heft_str_of("")));
    heft_source_close(s);
}

static void an_empty_tensor_may_stand_anywhere(void **state)
{
    (void)state;
    heft_source *s = source_of(
        "{\"z\":" ENTRY("F32", "[0]", 2, 2) ",\"a\":" ENTRY("U8", "[2]", 0, 2) ",\"b\":" ENTRY(
            "U8", "[1]", 2, 3) ",\"f\":" ENTRY("U8", "[0]", 0, 0) "}",
        3);
    assert_int_equal(s->n_tensors, 4);
    assert_int_equal(heft_source_find(s, heft_str_of("b"))->data[0], 2);
    heft_source_close(s);
}

static void every_dtype_of_the_format_has_its_size(void **state)
{
    (void)state;
    static const struct {
        const char *dtype;
        int bytes; /* of 8 numbers */
    } rows[] = {
        { "BOOL", 8 },  { "U8", 8 },      { "I8", 8 },   { "F8_E5M2", 8 }, { "F8_E4M3", 8 },
        { "F4", 4 },    { "F8_E8M0", 8 }, { "I16", 16 }, { "U16", 16 },    { "F16", 16 },
        { "BF16", 16 }, { "I32", 32 },    { "U32", 32 }, { "F32", 32 },    { "C64", 64 },
        { "F64", 64 },  { "I64", 64 },    { "U64", 64 }, { "F6_E2M3", 6 }, { "F6_E3M2", 6 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[128];
        (void)snprintf(header, sizeof header,
                       "{\"t\":{\"dtype\":\"%s\",\"shape\":[2,4],\"data_offsets\":[0,%d]}}",
                       rows[i].dtype, rows[i].bytes);
        heft_source *s = source_of(header, (size_t)rows[i].bytes);
        assert_string_equal(heft_dtypes[s->tensor[0].dtype].safetensors, rows[i].dtype);
        heft_source_close(s);
    }
}

typedef struct {
    const char *header;
    size_t n; /* bytes of data */
    heft_status status;
    const char *message; /* behind "x: " */
} bad;

static void check_bad(const bad *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char message[512];
        (void)snprintf(message, sizeof message, "./x.safetensors: %s", rows[i].message);
        put_safetensors("x.safetensors", rows[i].header, rows[i].n);
        put("config.json", "{}");
        refused("x.safetensors", rows[i].status, message);
    }
}

static void b22_a_wrong_header_length_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *message;
    } rows[] = {
        { "", "has 0 bytes, a safetensors file has at least 10" },
        { "z7", "has 7 bytes, a safetensors file has at least 10" },
        { "q0 '{}", "the header's length is 0, expected 2 to 2" },
        { "q1 '{}", "the header's length is 1, expected 2 to 2" },
        { "q3 '{}", "the header's length is 3, expected 2 to 2" },
        { "q0xffffffffffffffff '{}",
          "the header's length is 18446744073709551615, expected 2 to 2" },
        { "q0x8000000000000000 '{}",
          "the header's length is 9223372036854775808, expected 2 to 2" },
    };
    put("config.json", "{}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char message[512];
        (void)snprintf(message, sizeof message, "./x.safetensors: %s", rows[i].message);
        heft_buf b = bytes_of(rows[i].bytes);
        put_bytes("x.safetensors", &b);
        heft_buf_free(&b);
        refused("x.safetensors", HEFT_E_FORMAT, message);
    }
}

static void b22_a_header_of_over_100_mib_is_refused(void **state)
{
    (void)state;
    heft_out o;
    static const char length[] = "\1\0\x40\6\0\0\0\0{"; /* one more than 100 MiB */
    put("config.json", "{}");
    assert_int_equal(heft_out_open(&o, "x.safetensors", NULL), HEFT_OK);
    assert_int_equal(heft_out_write(&o, length, 9, NULL), HEFT_OK);
    assert_int_equal(heft_out_hole(&o, 200 << 20, NULL), HEFT_OK);
    assert_int_equal(heft_out_commit(&o, NULL), HEFT_OK);
    refused("x.safetensors", HEFT_E_FORMAT,
            "./x.safetensors: the header's length is 104857601, expected 2 to 104857600");
}

static void b23_what_is_not_strict_json_is_refused(void **state)
{
    (void)state;
    static const bad rows[] = {
        { "  ", 0, HEFT_E_FORMAT, "the header begins with byte 0x20, expected {" },
        { " {}", 0, HEFT_E_FORMAT, "the header begins with byte 0x20, expected {" },
        { "\xef\xbb\xbf{}", 0, HEFT_E_FORMAT, "the header begins with byte 0xef, expected {" },
        { "[]", 0, HEFT_E_FORMAT, "the header begins with byte 0x5b, expected {" },
        { "{}\n", 0, HEFT_E_FORMAT, "the header ends with byte 0x0a, expected }" },
        { "{} x", 0, HEFT_E_FORMAT, "the header ends with byte 0x78, expected }" },
        { "{}{}", 0, HEFT_E_FORMAT,
          "header: line 1, column 3: found {, expected nothing behind the document" },
        { "{\"a\":}", 0, HEFT_E_FORMAT,
          "tensor a: header: line 1, column 6: found }, expected a value" },
        { "{\"a\":" ENTRY("U8", "[1]", 0, 1) ",}", 1, HEFT_E_FORMAT,
          "header: line 1, column 54: found }, expected a key in quotes" },
        { "{\"\xff\":1}", 0, HEFT_E_FORMAT, "header: line 1, column 3: invalid UTF-8 in a string" },
        { "{\"a\":" ENTRY("U8", "[1]", 0, 1) ",\"a\":" ENTRY("U8", "[1]", 1, 2) "}", 2,
          HEFT_E_FORMAT, "tensor a occurs twice" },
        { "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, HEFT_E_FORMAT,
          "tensor a: dtype occurs twice" },
        { "{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"}}", 0, HEFT_E_FORMAT,
          "__metadata__: the key x occurs twice" },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, HEFT_E_FORMAT,
          "__metadata__ occurs twice" },
        { "{\"__metadata__\":{\"x\":1}}", 0, HEFT_E_FORMAT, "__metadata__: x is not a string" },
        { "{\"__metadata__\":[]}", 0, HEFT_E_FORMAT, "__metadata__ is not an object" },
        { "{\"__metadata__\":{\"x\":}}", 0, HEFT_E_FORMAT,
          "header: line 1, column 22: found }, expected a value" },
        { "{\"a\":[1]}", 0, HEFT_E_FORMAT, "tensor a: its entry is not an object" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, HEFT_E_FORMAT,
          "tensor a: has no data_offsets" },
        { "{\"a\":{}}", 1, HEFT_E_FORMAT, "tensor a: has no dtype" },
        { "{\"a\":{\"stride\":[1]}}", 1, HEFT_E_FORMAT, "tensor a: the key stride is unknown" },
        { "{\"\":" ENTRY("U8", "[1]", 0, 1) "}", 1, HEFT_E_FORMAT,
          "tensor : its name has 0 bytes, expected 1 to 65535" },
        { "{\"a\\u0000\":" ENTRY("U8", "[1]", 0, 1) "}", 1, HEFT_E_FORMAT,
          "tensor a\\x00: its name has a NUL or is not UTF-8" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b24_data_offsets_must_tile_the_file(void **state)
{
    (void)state;
    static const bad rows[] = {
        { "{\"a\":" ENTRY("U8", "[1]", 1, 0) "}", 1, HEFT_E_FORMAT,
          "tensor a: its data are bytes 1 to 0, the file has 1" },
        { "{\"a\":" ENTRY("U8", "[2]", 0, 2) "}", 1, HEFT_E_FORMAT,
          "tensor a: its data are bytes 0 to 2, the file has 1" },
        { "{\"a\":" ENTRY("U8", "[2]", 9007199254740993, 9007199254740995) "}", 1, HEFT_E_FORMAT,
          "tensor a: its data are bytes 9007199254740993 to 9007199254740995, the file has 1" },
        { "{\"a\":" ENTRY("F32", "[3]", 0, 8) "}", 8, HEFT_E_FORMAT,
          "tensor a: 3 of F32 has 12 bytes, data_offsets give 8" },
        { "{\"a\":" ENTRY("U8", "[2]", 0, 2) ",\"b\":" ENTRY("U8", "[2]", 1, 3) "}", 3,
          HEFT_E_FORMAT, "tensor b begins at byte 1 of the data, inside tensor a" },
        { "{\"a\":" ENTRY("U8", "[2]", 0, 2) ",\"b\":" ENTRY("U8", "[2]", 0, 2) "}", 2,
          HEFT_E_FORMAT, "tensor b begins at byte 0 of the data, inside tensor a" },
        { "{\"a\":" ENTRY("U8", "[4]", 0, 4) ",\"b\":" ENTRY("U8", "[0]", 2, 2) "}", 4,
          HEFT_E_FORMAT, "tensor b begins at byte 2 of the data, inside tensor a" },
        { "{\"a\":" ENTRY("U8", "[2]", 0, 2) ",\"b\":" ENTRY("U8", "[1]", 3, 4) "}", 4,
          HEFT_E_FORMAT, "bytes 2 to 3 of the data, before tensor b, belong to no tensor" },
        { "{\"a\":" ENTRY("U8", "[1]", 1, 2) "}", 2, HEFT_E_FORMAT,
          "bytes 0 to 1 of the data, before tensor a, belong to no tensor" },
        { "{\"a\":" ENTRY("U8", "[2]", 0, 2) "}", 5, HEFT_E_FORMAT,
          "the last 3 of 5 bytes of data belong to no tensor" },
        { "{}", 5, HEFT_E_FORMAT, "the last 5 of 5 bytes of data belong to no tensor" },
        { "{\"a\":" ENTRY("U8", "[1]", -1, 0) "}", 1, HEFT_E_FORMAT,
          "tensor a: data_offsets[0] is not an integer from 0" },
        { "{\"a\":" ENTRY("U8", "[1]", 0, 1e0) "}", 1, HEFT_E_FORMAT,
          "tensor a: data_offsets[1] is not an integer from 0" },
        { "{\"a\":" ENTRY("U8", "[1]", 0, 18446744073709551616) "}", 1, HEFT_E_FORMAT,
          "tensor a: header: line 1, column 50: an integer beyond 64 bits" },
        { "{\"a\":{\"data_offsets\":[0]}}", 1, HEFT_E_FORMAT,
          "tensor a: data_offsets has 1 numbers, expected 2" },
        { "{\"a\":{\"data_offsets\":[0,1,2]}}", 1, HEFT_E_FORMAT,
          "tensor a: data_offsets has more than 2 numbers" },
        { "{\"a\":{\"data_offsets\":{}}}", 1, HEFT_E_FORMAT,
          "tensor a: data_offsets is not a list" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
}

static void b25_b26_dtypes_and_shapes_are_checked(void **state)
{
    (void)state;
    static const bad rows[] = {
        { "{\"a\":" ENTRY("F7", "[1]", 0, 1) "}", 1, HEFT_E_UNSUPPORTED,
          "tensor a: dtype F7 is not one that heft knows" },
        { "{\"a\":" ENTRY("f32", "[1]", 0, 4) "}", 4, HEFT_E_UNSUPPORTED,
          "tensor a: dtype f32 is not one that heft knows" },
        { "{\"a\":{\"dtype\":32}}", 4, HEFT_E_FORMAT, "tensor a: dtype is not a string" },
        { "{\"a\":" ENTRY("F4", "[5,5]", 0, 13) "}", 13, HEFT_E_FORMAT,
          "tensor a: 5 x 5 of F4 is not a multiple of 2 numbers" },
        { "{\"a\":" ENTRY("F6_E2M3", "[2]", 0, 2) "}", 2, HEFT_E_FORMAT,
          "tensor a: 2 of F6_E2M3 is not a multiple of 4 numbers" },
        { "{\"a\":" ENTRY("U8", "[-1]", 0, 1) "}", 1, HEFT_E_FORMAT,
          "tensor a: shape[0] is not an integer from 0" },
        { "{\"a\":" ENTRY("U8", "[1,2.0]", 0, 1) "}", 1, HEFT_E_FORMAT,
          "tensor a: shape[1] is not an integer from 0" },
        { "{\"a\":" ENTRY("U8", "[9223372036854775808]", 0, 1) "}", 1, HEFT_E_FORMAT,
          "tensor a: header: line 1, column 29: an integer beyond 64 bits" },
        { "{\"a\":" ENTRY("F32", "[4611686018427387904,4]", 0, 0) "}", 1, HEFT_E_FORMAT,
          "tensor a: 4611686018427387904 x 4 of F32 is more than can be counted" },
        { "{\"a\":" ENTRY("F32", "[4294967296,4294967296,0]", 0, 0) "}", 1, HEFT_E_FORMAT,
          "tensor a: 4294967296 x 4294967296 x 0 of F32 is more than can be counted" },
        { "{\"a\":" ENTRY("F64", "[9223372036854775807]", 0, 0) "}", 1, HEFT_E_FORMAT,
          "tensor a: 9223372036854775807 of F64 is more than can be counted" },
        { "{\"a\":" ENTRY("U8", "[1,1,1,1,1,1,1,1,1]", 0, 1) "}", 1, HEFT_E_FORMAT,
          "tensor a: shape has more than 8 numbers" },
        { "{\"a\":" ENTRY("U8", "3", 0, 3) "}", 3, HEFT_E_FORMAT, "tensor a: shape is not a list" },
    };
    check_bad(rows, sizeof rows / sizeof *rows);
    heft_source *s = source_of("{\"a\":" ENTRY("F32", "[7,0]", 0, 0) "}", 0);
    assert_int_equal(s->tensor[0].bytes, 0);
    heft_source_close(s);
}

static void b20_a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static const char header[] = "{\"__metadata__\":{\"a\":\"\\u00e9\"},\"b\":" ENTRY(
        "F32", "[2,1]", 6, 14) ",\"a\":" ENTRY("BF16", "[3]", 0, 6) "}  ";
    heft_buf b = bytes_of("q0");
    b.p[0] = (char)(sizeof header - 1);
    (void)heft_buf_add(&b, header, sizeof header - 1);
    (void)heft_buf_add(&b, "01234567890123", 14);
    heft_error err;
    assert_int_equal(read_memory(b.p, b.n, read_safetensors, &err), HEFT_OK);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(read_memory(b.p, n, read_safetensors, &err), HEFT_E_FORMAT);
    /* the header cut, with its length made to agree */
    for (size_t n = 0; n < sizeof header - 1; n++) {
        b.p[0] = (char)n;
        assert_int_equal(read_memory(b.p, 8 + n, read_safetensors, &err), HEFT_E_FORMAT);
    }
    heft_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_found_where_they_lie),
        cmocka_unit_test(an_empty_tensor_may_stand_anywhere),
        cmocka_unit_test(every_dtype_of_the_format_has_its_size),
        cmocka_unit_test(b22_a_wrong_header_length_is_refused),
        cmocka_unit_test(b22_a_header_of_over_100_mib_is_refused),
        cmocka_unit_test(b23_what_is_not_strict_json_is_refused),
        cmocka_unit_test(b24_data_offsets_must_tile_the_file),
        cmocka_unit_test(b25_b26_dtypes_and_shapes_are_checked),
        cmocka_unit_test(b20_a_file_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}

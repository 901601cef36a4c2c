/* The JSON reader: what it takes, what it refuses, and where it says so. */
#include "format/json.h"
#include "model_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Events as text: "{k:'a' 1 }" and so on. */
static void read_all(const char *text, size_t n, unsigned flags, char *out, size_t size)
{
    char *copy = malloc(n);
    heft_json j;
    heft_error err = { 0 };
    size_t at = 0;
    assert_true(copy || !n);
    if (n) memcpy(copy, text, n);
    heft_json_open(&j, copy, n, flags);
    out[0] = 0;
    for (heft_json_event e; (e = heft_json_next(&j)) != HEFT_J_END;) {
        char word[256] = "";
        switch (e) {
        case HEFT_J_NULL: (void)snprintf(word, sizeof word, "null "); break;
        case HEFT_J_TRUE: (void)snprintf(word, sizeof word, "true "); break;
        case HEFT_J_FALSE: (void)snprintf(word, sizeof word, "false "); break;
        case HEFT_J_INT: (void)snprintf(word, sizeof word, "%lld ", (long long)j.i); break;
        case HEFT_J_REAL:
            (void)snprintf(word, sizeof word, "%s%.17g ", j.inexact ? "~" : "", j.real);
            break;
        case HEFT_J_STRING:
            (void)snprintf(word, sizeof word, "'%s' ", heft_show(j.str).text);
            break;
        case HEFT_J_KEY: (void)snprintf(word, sizeof word, "%s: ", heft_show(j.str).text); break;
        case HEFT_J_BEGIN_OBJECT: (void)snprintf(word, sizeof word, "{ "); break;
        case HEFT_J_END_OBJECT: (void)snprintf(word, sizeof word, "} "); break;
        case HEFT_J_BEGIN_ARRAY: (void)snprintf(word, sizeof word, "[ "); break;
        case HEFT_J_END_ARRAY: (void)snprintf(word, sizeof word, "] "); break;
        case HEFT_J_ERROR:
            (void)heft_json_fail(&j, "f", NULL, &err);
            (void)snprintf(out, size, "%s", err.text);
            assert_int_equal(heft_json_next(&j), HEFT_J_ERROR);
            break;
        case HEFT_J_END: break;
        }
        if (e == HEFT_J_ERROR) break;
        at += (size_t)snprintf(out + at, size - at, "%s", word);
    }
    free(copy);
}

typedef struct {
    const char *text, *expected;
} row;

static void check_rows(const row *r, size_t n, unsigned flags)
{
    for (size_t i = 0; i < n; i++) {
        char out[1024];
        read_all(r[i].text, strlen(r[i].text), flags, out, sizeof out);
        assert_string_equal(out, r[i].expected);
    }
}

static void documents_become_events(void **state)
{
    (void)state;
    static const row rows[] = {
        { "{}", "{ } " },
        { " [ ] ", "[ ] " },
        { "null", "null " },
        { "[true,false,null]", "[ true false null ] " },
        { "{\"a\":1,\"b\":[2,{\"c\":\"d\"}]}", "{ a: 1 b: [ 2 { c: 'd' } ] } " },
        { "\r\n\t{ \"a\" : -5 , \"a\" : 0 }\n", "{ a: -5 a: 0 } " },
        { "9223372036854775807", "9223372036854775807 " },
        { "-9223372036854775808", "-9223372036854775808 " },
        { "-0", "0 " },
        { "[0.5,-1e3,2E+2,25e-1]", "[ 0.5 -1000 200 2.5 ] " },
        { "1e-400", "0 " },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "'\"\\/\\x08\\x0c\\x0a\\x0d\\x09' " },
        { "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00!\"", "'A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!' " },
        { "\"\\u0000\"", "'\\x00' " },
        { "\"\xc4\xa0the\"", "'\xc4\xa0the' " },
        { "{\"\\u0000\":\"\"}", "{ \\x00: '' } " },
        { "\"\x7f\"", "'\\x7f' " },
    };
    check_rows(rows, sizeof rows / sizeof *rows, 0);
    check_rows(rows, sizeof rows / sizeof *rows, HEFT_JSON_PYTHON);
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const row rows[] = {
        { "", "f: line 1, column 1: found the end, expected a value" },
        { "{", "f: line 1, column 2: found the end, expected a key in quotes" },
        { "[1", "f: line 1, column 3: found the end, expected , or ]" },
        { "[1,]", "f: line 1, column 4: found ], expected a value" },
        { "[,1]", "f: line 1, column 2: found ,, expected a value" },
        { "[1}", "f: line 1, column 3: found }, expected , or ]" },
        { "{\"a\":1]", "f: line 1, column 7: found ], expected , or }" },
        { "{\"a\":1,}", "f: line 1, column 8: found }, expected a key in quotes" },
        { "{\n\"a\"\n\n  1}", "f: line 4, column 3: found 1, expected : behind a key" },
        { "{a:1}", "f: line 1, column 2: found a, expected a key in quotes" },
        { "{} {}", "f: line 1, column 4: found {, expected nothing behind the document" },
        { "{}\n\n\x01",
          "f: line 3, column 1: found byte 0x01, expected nothing behind the document" },
        { "'a'", "f: line 1, column 1: found ', expected a value" },
        { "nul", "f: line 1, column 1: found n, expected a value" },
        { "truefalse", "f: line 1, column 5: found f, expected nothing behind the document" },
        { "// x\n1", "f: line 1, column 1: found /, expected a value" },
        { "\xef\xbb\xbf{}", "f: line 1, column 1: a byte order mark" },
        { "01", "f: line 1, column 2: found 1, expected nothing behind the document" },
        { "[1.]", "f: line 1, column 4: found ], expected a digit behind the point" },
        { ".5", "f: line 1, column 1: found ., expected a value" },
        { "+1", "f: line 1, column 1: found +, expected a value" },
        { "[-]", "f: line 1, column 3: found ], expected a digit behind the minus sign" },
        { "1e+", "f: line 1, column 4: found the end, expected a digit of the exponent" },
        { "1e400", "f: line 1, column 1: a number beyond the range of a double" },
        { "-1e99999999999", "f: line 1, column 1: a number beyond the range of a double" },
        { "\"abc", "f: line 1, column 5: the text ends inside a string" },
        { "\"abc\\", "f: line 1, column 5: an unknown escape in a string" },
        { "\"\\x41\"", "f: line 1, column 2: an unknown escape in a string" },
        { "\"a\\u12g4\"", "f: line 1, column 3: \\u without four hexadecimal digits" },
        { "\"\\u12", "f: line 1, column 2: \\u without four hexadecimal digits" },
        { "\"\\ud800\"", "f: line 1, column 2: half a surrogate pair" },
        { "\"\\udc00\"", "f: line 1, column 2: half a surrogate pair" },
        { "\"\\ud800\\u0041\"", "f: line 1, column 2: half a surrogate pair" },
        { "\"\\ud800\\n\"", "f: line 1, column 2: half a surrogate pair" },
        { "\"\x1f\"", "f: line 1, column 2: a control character in a string" },
        { "\"a\nb\"", "f: line 1, column 3: a control character in a string" },
        { "[\"\\n\\u00e9\",\n \"\xff\"]", "f: line 2, column 3: invalid UTF-8 in a string" },
        { "\"\xc0\x80\"", "f: line 1, column 2: invalid UTF-8 in a string" },
        { "\"\xed\xa0\x80\"", "f: line 1, column 2: invalid UTF-8 in a string" },
        { "\"\xf4\x90\x80\x80\"", "f: line 1, column 2: invalid UTF-8 in a string" },
        { "\"\xe2\x82\"", "f: line 1, column 2: invalid UTF-8 in a string" },
    };
    check_rows(rows, sizeof rows / sizeof *rows, 0);
}

static void what_python_writes_needs_the_flag(void **state)
{
    (void)state;
    static const row with[] = {
        { "[NaN,Infinity,-Infinity]", "[ nan inf -inf ] " },
        { "1000000000000000019884624838656", "~1e+30 " },
        { "9223372036854775808", "~9.2233720368547758e+18 " },
        { "-9223372036854775809", "~-9.2233720368547758e+18 " },
        { "18446744073709551616", "~1.8446744073709552e+19 " },
        { "[1,1.0]", "[ 1 1 ] " },
        { "-Inf", "f: line 1, column 2: found I, expected a digit behind the minus sign" },
    };
    static const row without[] = {
        { "NaN", "f: line 1, column 1: found N, expected a value" },
        { "[1,Infinity]", "f: line 1, column 4: found I, expected a value" },
        { "-Infinity", "f: line 1, column 2: found I, expected a digit behind the minus sign" },
        { "[9223372036854775808]", "f: line 1, column 2: an integer beyond 64 bits" },
        { "-9223372036854775809", "f: line 1, column 1: an integer beyond 64 bits" },
    };
    check_rows(with, sizeof with / sizeof *with, HEFT_JSON_PYTHON);
    check_rows(without, sizeof without / sizeof *without, 0);
}

static void reals_are_the_nearest_doubles(void **state)
{
    (void)state;
    static const char *const hard[] = {
        "0.1",
        "1e22",
        "1e23",
        "8.5e22",
        "9007199254740993",
        "9007199254740993.0",
        "2.2250738585072014e-308",
        "4.9e-324",
        "1.7976931348623157e308",
        "123456789012345678901234567890.5",
        "0.000000000000000000000000000000000001",
        "6.0221407600000000000000000000000001e23",
    };
    uint64_t seed = 1;
    for (size_t i = 0; i < 20000; i++) {
        char text[64];
        double d;
        if (i < sizeof hard / sizeof *hard) {
            (void)snprintf(text, sizeof text, "%s", hard[i]);
        } else {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t bits = seed ^ seed >> 29;
            memcpy(&d, &bits, sizeof d);
            if (!isfinite(d)) continue;
            (void)snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.6e", d);
            if (!strpbrk(text, ".e")) continue; /* an integer, which is another event */
        }
        heft_json j;
        double expected = strtod(text, NULL);
        heft_json_open(&j, text, strlen(text), HEFT_JSON_PYTHON);
        heft_json_event e = heft_json_next(&j);
        assert_true(e == HEFT_J_REAL || e == HEFT_J_INT);
        assert_memory_equal(&j.real, &expected, sizeof expected);
    }
}

static void nesting_ends_at_64(void **state)
{
    (void)state;
    char text[130], out[512];
    memset(text, '[', 65);
    memset(text + 64, ']', 64);
    read_all(text, 128, 0, out, sizeof out);
    assert_int_equal(strlen(out), 2 * 128);
    text[64] = '[';
    read_all(text, 65, 0, out, sizeof out);
    assert_string_equal(out, "f: line 1, column 65: nested more than 64 deep");
}

static void a_number_of_1001_characters_is_refused(void **state)
{
    (void)state;
    static char text[1001];
    char out[1024];
    memset(text, '0', sizeof text);
    memcpy(text, "0.", 2);
    text[sizeof text - 1] = '1';
    read_all(text, sizeof text, 0, out, sizeof out);
    assert_string_equal(out, "f: line 1, column 1: a number of over 1000 characters");
    memset(text, '1', sizeof text);
    memcpy(text + 300, ".", 1);
    read_all(text, sizeof text - 1, 0, out, sizeof out);
    assert_string_equal(out, "1.1111111111111112e+299 ");
}

/* Found by fuzzing: what follows a number once ran over the room for its digits. */
static void a_number_ends_where_its_grammar_does(void **state)
{
    (void)state;
    static char text[3000];
    char out[1024];
    memset(text, '7', sizeof text);
    memcpy(text, "[1.00000000000000000000000001.", 30);
    read_all(text, sizeof text, 0, out, sizeof out);
    assert_string_equal(out, "f: line 1, column 30: found ., expected , or ]");
}

static void skip_passes_over_whole_values(void **state)
{
    (void)state;
    char text[] = "{\"a\":[1,[2,{}]],\"b\":{\"x\":[]},\"c\":3,\"d\":[4],\"e\":5}";
    heft_json j;
    heft_json_open(&j, text, sizeof text - 1, 0);
    assert_int_equal(heft_json_next(&j), HEFT_J_BEGIN_OBJECT);
    for (int i = 0; i < 3; i++) { /* after the key */
        assert_int_equal(heft_json_next(&j), HEFT_J_KEY);
        assert_true(heft_json_skip(&j));
    }
    assert_int_equal(heft_json_next(&j), HEFT_J_KEY);
    assert_int_equal(heft_json_next(&j), HEFT_J_BEGIN_ARRAY); /* after the bracket */
    assert_true(heft_json_skip(&j));
    assert_int_equal(heft_json_next(&j), HEFT_J_KEY);
    assert_true(heft_str_is(j.str, "e"));
    assert_int_equal(heft_json_next(&j), HEFT_J_INT);
    assert_true(heft_json_skip(&j)); /* a scalar is passed already */
    assert_int_equal(j.i, 5);
    assert_int_equal(heft_json_next(&j), HEFT_J_END_OBJECT);
    assert_int_equal(heft_json_next(&j), HEFT_J_END);

    char bad[] = "{\"a\":[1,[2,x";
    heft_json_open(&j, bad, sizeof bad - 1, 0);
    (void)heft_json_next(&j);
    (void)heft_json_next(&j);
    assert_false(heft_json_skip(&j));
}

/* Strings are passed over in steps of eight bytes. */
static void a_byte_that_is_not_plain_is_seen_wherever_it_stands(void **state)
{
    (void)state;
    enum { N = 20 };
    for (int at = 0; at < N; at++)
        for (int c = 0; c < 256; c++) {
            char text[N + 4] = "[", out[1024], expected[64];
            for (int i = 0; i < N; i++)
                text[1 + i] = (char)(0x20 + (i * 13 + c) % 2 * 0x5f); /* space and delete */
            text[1] = text[N] = '"';
            text[N + 1] = ']';
            if (at == 0 || at == N - 1 || (at == N - 2 && c == '\\')) continue; /* the quotes */
            text[1 + at] = (char)c;
            read_all(text, N + 2, 0, out, sizeof out);
            (void)snprintf(expected, sizeof expected, "f: line 1, column %d: ", 2 + at);
            const bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
            if (plain)
                assert_true(heft_str_begins(heft_str_of(out), "[ '"));
            else if (c == '"')
                assert_int_equal(strncmp(out, "f: line 1, column ", 18), 0);
            else
                assert_int_equal(strncmp(out, expected, strlen(expected)), 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_become_events),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(what_python_writes_needs_the_flag),
        cmocka_unit_test(reals_are_the_nearest_doubles),
        cmocka_unit_test(nesting_ends_at_64),
        cmocka_unit_test(a_number_of_1001_characters_is_refused),
        cmocka_unit_test(a_number_ends_where_its_grammar_does),
        cmocka_unit_test(skip_passes_over_whole_values),
        cmocka_unit_test(a_byte_that_is_not_plain_is_seen_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

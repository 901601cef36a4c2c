/* Views and UTF-8: every byte sequence is either one of the characters or refused. */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static heft_str bytes(const char *p, size_t n)
{
    return (heft_str){ p, n };
}

static void views_compare_by_bytes_and_length(void **state)
{
    (void)state;
    const heft_str none = { NULL, 0 }, a = bytes("a\0b", 3), b = bytes("a\0c", 3);
    assert_true(heft_str_eq(none, heft_str_of("")) && heft_str_eq(none, heft_str_of(NULL)));
    assert_true(heft_str_eq(a, a) && !heft_str_eq(a, b) && !heft_str_eq(a, bytes("a", 1)));
    assert_false(heft_str_is(a, "a"));
    assert_true(heft_str_cmp(a, b) < 0 && heft_str_cmp(b, a) > 0 && heft_str_cmp(a, a) == 0);
    assert_true(heft_str_cmp(none, a) < 0 && heft_str_cmp(bytes("a", 1), a) < 0);
    assert_true(heft_str_cmp(bytes("\x7f", 1), bytes("\x80", 1)) < 0);
    assert_true(heft_str_cmp(none, none) == 0);
}

static void beginnings_and_ends_are_found_and_the_empty_one_is_everywhere(void **state)
{
    (void)state;
    const heft_str s = heft_str_of("model.safetensors"), none = { NULL, 0 };
    assert_true(heft_str_begins(s, "model.") && !heft_str_begins(s, "models"));
    assert_true(heft_str_ends(s, ".safetensors") && !heft_str_ends(s, "safetensor"));
    assert_true(heft_str_begins(s, "model.safetensors") && heft_str_ends(s, "model.safetensors"));
    assert_false(heft_str_begins(s, "model.safetensors2")
                 || heft_str_ends(s, "2model.safetensors"));
    assert_true(heft_str_begins(s, "") && heft_str_ends(s, ""));
    assert_true(heft_str_begins(none, "") && heft_str_ends(none, "") && !heft_str_ends(none, "x"));
}

static void two_equal_names_are_found_wherever_they_stand(void **state)
{
    (void)state;
    heft_str s[4] = { heft_str_of("d"), heft_str_of("b"), heft_str_of(""), heft_str_of("a") };
    assert_null(heft_str_twice(s, 4));
    assert_true(s[0].n == 0 && heft_str_is(s[3], "d")); /* sorted */
    s[0] = heft_str_of("d");
    assert_true(heft_str_is(*heft_str_twice(s, 4), "d"));
    assert_null(heft_str_twice(NULL, 0));
    assert_null(heft_str_twice(s, 1));
}

static void hashes_see_every_byte(void **state)
{
    (void)state;
    char a[20] = { 0 };
    const uint64_t zero = heft_str_hash(bytes(a, 20));
    for (int32_t i = 0; i < 160; i++) {
        a[i / 8] ^= (char)(1 << i % 8);
        assert_true(heft_str_hash(bytes(a, 20)) != zero);
        a[i / 8] ^= (char)(1 << i % 8);
    }
    assert_true(heft_str_hash(bytes(a, 19)) != zero);
    assert_true(heft_str_hash(heft_str_of(NULL)) == heft_str_hash(heft_str_of("")));
}

/* As the definition has it, in arithmetic that cannot overflow. */
static uint64_t digit_by_digit(heft_str a, uint64_t key)
{
    const uint64_t prime = ((uint64_t)1 << 61) - 1;
    uint64_t h = a.n % prime;
    for (size_t i = 0; i == 0 || i < a.n; i += 7) {
        uint64_t digit = 0, product = 0;
        for (size_t k = 0; k < 7 && i + k < a.n; k++)
            digit |= (uint64_t)(uint8_t)a.p[i + k] << 8 * k;
        for (int32_t bit = 60; bit >= 0; bit--) {
            product = product * 2 % prime;
            if (key % prime >> bit & 1) product = (product + h) % prime;
        }
        h = (product + digit) % prime;
    }
    return h;
}

static void a_keyed_hash_is_the_polynomial_of_its_definition(void **state)
{
    (void)state;
    static const uint64_t keys[] = { 0, 1, 0x123456789abcdef, UINT64_MAX, ((uint64_t)1 << 61) - 1 };
    char a[64];
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = (char)(i * 37 ^ 0xff);
    for (size_t n = 0; n <= sizeof a; n++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            assert_true(heft_str_hash_keyed(bytes(a, n), keys[k])
                        == digit_by_digit(bytes(a, n), keys[k]));
}

static void a_name_grows_until_it_is_full(void **state)
{
    (void)state;
    heft_name name = { .n = 0 };
    heft_name_add(&name, heft_str_of("layers."));
    heft_name_number(&name, 0);
    heft_name_number(&name, INT32_MAX);
    heft_name_number(&name, INT32_MIN);
    heft_name_add(&name, heft_str_of(NULL));
    assert_string_equal(name.z, "layers.02147483647-2147483648");
    assert_int_equal(name.n, strlen(name.z));
    for (int32_t i = 0; i < 100; i++)
        heft_name_add(&name, heft_str_of("abc"));
    assert_int_equal(name.n, sizeof name.z - 1);
    assert_int_equal(strlen(name.z), sizeof name.z - 1);
    assert_true(heft_str_ends(heft_name_str(&name), "bca"));
}

static void every_code_point_is_encoded_and_decoded_to_itself(void **state)
{
    (void)state;
    for (int32_t cp = 0; cp <= 0x10ffff; cp++) {
        if (cp >= 0xd800 && cp < 0xe000) continue;
        char p[4];
        int32_t back;
        const size_t n = heft_utf8_encode(cp, p);
        const size_t want = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
        assert_int_equal(n, want);
        assert_int_equal(heft_utf8_decode(p, n, &back), n);
        assert_int_equal(back, cp);
        for (size_t cut = 1; cut < n; cut++) {
            assert_int_equal(heft_utf8_decode(p, cut, &back), 1);
            assert_int_equal(back, -1);
            assert_int_equal(heft_utf8_whole(bytes(p, cut)), 0);
        }
        assert_int_equal(heft_utf8_whole(bytes(p, n)), n);
    }
}

/* A second opinion: is u a character, by the table of the Unicode Standard (table 3-7)? */
static bool well_formed(const uint8_t u[4], size_t n)
{
    static const struct {
        uint8_t n, first[2], second[2];
    } rows[] = {
        { 1, { 0x00, 0x7f }, { 0, 0 } },       { 2, { 0xc2, 0xdf }, { 0x80, 0xbf } },
        { 3, { 0xe0, 0xe0 }, { 0xa0, 0xbf } }, { 3, { 0xe1, 0xec }, { 0x80, 0xbf } },
        { 3, { 0xed, 0xed }, { 0x80, 0x9f } }, { 3, { 0xee, 0xef }, { 0x80, 0xbf } },
        { 4, { 0xf0, 0xf0 }, { 0x90, 0xbf } }, { 4, { 0xf1, 0xf3 }, { 0x80, 0xbf } },
        { 4, { 0xf4, 0xf4 }, { 0x80, 0x8f } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].n != n || u[0] < rows[i].first[0] || u[0] > rows[i].first[1]) continue;
        if (n > 1 && (u[1] < rows[i].second[0] || u[1] > rows[i].second[1])) continue;
        return (n < 3 || (u[2] & 0xc0) == 0x80) && (n < 4 || (u[3] & 0xc0) == 0x80);
    }
    return false;
}

/* Bytes at and around every border of that table. */
static const uint8_t borders[] = { 0x00, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0,
                                   0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                   0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
enum { BORDERS = sizeof borders };

static void any_four_bytes_decode_to_the_one_character_they_begin_with_or_none(void **state)
{
    (void)state;
    for (int32_t i = 0; i < BORDERS * BORDERS * BORDERS * BORDERS; i++) {
        uint8_t u[4];
        size_t want = 0;
        for (int32_t j = 0, rest = i; j < 4; j++, rest /= BORDERS)
            u[j] = borders[rest % BORDERS];
        for (size_t n = 1; n <= 4; n++)
            if (well_formed(u, n)) want = n;
        int32_t cp;
        const size_t n = heft_utf8_decode((const char *)u, 4, &cp);
        if (n != (want ? want : 1) || (cp >= 0) != (want > 0))
            fail_msg("%02x %02x %02x %02x: %zu bytes, code point %d", u[0], u[1], u[2], u[3], n,
                     cp);
    }
}

/* Could the n bytes at u be the beginning of a longer character? By trying. */
static bool extends(const uint8_t *u, size_t n)
{
    if (u[0] < 0xc0) return false;
    uint8_t full[4];
    for (size_t len = n + 1; len <= 4; len++)
        for (int32_t second = 0x80; second < 0xc0; second += 0x10) {
            memset(full, 0x80, 4);
            full[1] = (uint8_t)second;
            memcpy(full, u, n);
            if (well_formed(full, len)) return true;
        }
    return false;
}

static void what_is_held_back_is_exactly_an_unfinished_character(void **state)
{
    (void)state;
    for (int32_t i = 0; i < BORDERS * BORDERS * BORDERS * BORDERS; i++) {
        uint8_t u[5] = { 'x' };
        for (int32_t j = 1, rest = i; j < 5; j++, rest /= BORDERS)
            u[j] = borders[rest % BORDERS];
        size_t want = 5;
        for (size_t at = 0; at < 5;) {
            int32_t cp;
            if (extends(u + at, 5 - at)) {
                want = at;
                break;
            }
            at += heft_utf8_decode((const char *)u + at, 5 - at, &cp);
        }
        if (heft_utf8_whole(bytes((const char *)u, 5)) != want)
            fail_msg("x %02x %02x %02x %02x: %zu bytes are whole, expected %zu", u[1], u[2], u[3],
                     u[4], heft_utf8_whole(bytes((const char *)u, 5)), want);
    }
    assert_int_equal(heft_utf8_whole(bytes(NULL, 0)), 0);
}

static void validity_is_that_of_every_character(void **state)
{
    (void)state;
    assert_true(heft_utf8_valid(bytes(NULL, 0)));
    assert_true(heft_utf8_valid(heft_str_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")));
    assert_true(heft_utf8_valid(bytes("a\0b", 3)));
    static const char *const bad[] = { "\x80",         "a\xc3",        "\xc0\xaf",
                                       "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "\xf0\x9f\x98", "\xff" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(heft_utf8_valid(heft_str_of(bad[i])));
    for (int i = 0; i < 24; i++) { /* anywhere among plain letters */
        char text[] = "abcdefghijklmnopqrstuvwxyz";
        text[i] = '\xc3';
        assert_false(heft_utf8_valid(heft_str_of(text)));
        text[i + 1] = '\xa9';
        assert_true(heft_utf8_valid(heft_str_of(text)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_bytes_and_length),
        cmocka_unit_test(beginnings_and_ends_are_found_and_the_empty_one_is_everywhere),
        cmocka_unit_test(two_equal_names_are_found_wherever_they_stand),
        cmocka_unit_test(hashes_see_every_byte),
        cmocka_unit_test(a_keyed_hash_is_the_polynomial_of_its_definition),
        cmocka_unit_test(a_name_grows_until_it_is_full),
        cmocka_unit_test(every_code_point_is_encoded_and_decoded_to_itself),
        cmocka_unit_test(any_four_bytes_decode_to_the_one_character_they_begin_with_or_none),
        cmocka_unit_test(what_is_held_back_is_exactly_an_unfinished_character),
        cmocka_unit_test(validity_is_that_of_every_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

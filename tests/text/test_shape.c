/* Patterns matched by code of our own: the regular expression says the same, everywhere. */
#include "text/shape.h"

#include "text/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* As the files of the releases spell them. */
static const char *const spelled[] = {
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+"
    "[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+"
    "[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}|"
    " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
    "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
};

/* As tokenizer.ggml.pre names them. */
static const char *const named[] = { "llama3", "qwen2", "qwen35", "gpt-4o", "tekken", "gpt-2" };

static const char *const unit[] = {
    "a",      "b",      "Z",      "don",    "'",      "s",          "S",        "T",      "re",
    "lL",     "V",      "e",      "m",      "d",      "1",          "23",       "0",      " ",
    " ",      "  ",     "\t",     "\n",     "\r",     "/",          ".",        "-",      "\x1c",
    "\x7f",   "\v",     "\x01",   "é",      "\u017f", "\u212a",     "一",       "\u00a0", "\u3000",
    "\u0661", "\u0301", "\u2019", "\u01c5", "😀",      "\U00010d50", "\xc2\x85", "!",
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static heft_str random_text(uint32_t *state, char *room)
{
    size_t n = 0;
    for (uint32_t left = 1 + next_random(state) % 10; left; left--) {
        char any[2] = { (char)(next_random(state) % 128), 0 };
        bool one = next_random(state) % 4 == 0;
        const char *u = one ? any : unit[next_random(state) % (sizeof unit / sizeof *unit)];
        memcpy(room + n, u, strlen(u));
        n += strlen(u);
    }
    return (heft_str){ room, n };
}

/* Every match of both in the text is the same; how many were decided without the expression. */
static size_t compare(const heft_shape *shape, const heft_regex *r, heft_matching *m, heft_str text)
{
    heft_error err = { 0 };
    size_t decided = 0;
    for (size_t at = 0, begin, end; at < text.n; at = end) {
        bool found;
        if (heft_regex_find(r, m, text, at, true, &found, &begin, &end, &err))
            fail_msg("%s", err.text);
        size_t known = heft_shape_match(shape, text, at);
        decided += known > 0;
        if (known && (!found || begin != at || end != known))
            fail_msg("%s from %zu: %zu, the expression says %zu to %zu", heft_show(text).text, at,
                     known, found ? begin : 0, found ? end : 0);
        if (!found) break;
    }
    return decided;
}

static void check(const char *pattern, heft_regex_dialect dialect)
{
    enum { TEXTS = 20000 };
    char grouped[2048], room[128];
    heft_error err = { 0 };
    heft_regex *r = NULL;
    heft_matching *m = NULL;
    uint32_t state = 1;
    size_t decided = 0;
    const heft_shape *shape = heft_shape_find(heft_str_of(pattern));
    if (!shape) fail_msg("%s has no shape", pattern);
    /* The same in other words, which has none: PCRE2 alone matches it. */
    (void)snprintf(grouped, sizeof grouped, "(?:%s)", pattern);
    assert_null(heft_shape_find(heft_str_of(grouped)));
    if (heft_regex_open(heft_str_of(grouped), dialect, &r, &err)) fail_msg("%s", err.text);
    if (heft_matching_open(&m, &err)) fail_msg("%s", err.text);
    for (int i = 0; i < TEXTS; i++)
        decided += compare(shape, r, m, random_text(&state, room));
    assert_true(decided > TEXTS);
    heft_matching_close(m);
    heft_regex_close(r);
}

static void a_shape_matches_what_its_pattern_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++)
        check(spelled[i], HEFT_REGEX_ONIGURUMA);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        check(heft_gguf_pre_find(heft_str_of(named[i]))->pattern[0], HEFT_REGEX_RUST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shape_matches_what_its_pattern_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

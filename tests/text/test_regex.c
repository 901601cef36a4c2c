/* Patterns of tokenizers: what they match, and what is refused. */
#include "text/pipeline.h"
#include "texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* All matches of the pattern in text, in brackets; the rest as it is. */
static const char *matched(heft_regex_dialect dialect, const char *pattern, const char *text)
{
    static char out[1024];
    heft_error err = { 0 };
    heft_regex *r = NULL;
    heft_matching *m = NULL;
    size_t from = 0, n = 0, length = strlen(text);
    if (heft_regex_open(heft_str_of(pattern), dialect, &r, &err)) fail_msg("%s", err.text);
    assert_int_equal(heft_matching_open(&m, &err), HEFT_OK);
    for (;;) {
        bool found;
        size_t begin = length, end = length;
        heft_status st = heft_regex_find(r, m, (heft_str){ text, length }, from, true, &found,
                                         &begin, &end, &err);
        if (st) fail_msg("%s", err.text);
        if (!found || begin == end) {
            (void)snprintf(out + n, sizeof out - n, "%s", text + from);
            break;
        }
        n += (size_t)snprintf(out + n, sizeof out - n, "%.*s[%.*s]", (int)(begin - from),
                              text + from, (int)(end - begin), text + begin);
        from = end;
    }
    heft_matching_close(m);
    heft_regex_close(r);
    return out;
}

static void patterns_mean_what_their_publisher_means(void **state)
{
    static const struct {
        heft_regex_dialect dialect;
        const char *pattern, *text, *expected;
    } row[] = {
        { HEFT_REGEX_ONIGURUMA, "\\s", "a b\u180e\u3000c", "a[ ]b\u180e[\u3000]c" },
        { HEFT_REGEX_ONIGURUMA, "\\S+", " a\u180e ", " [a\u180e] " },
        { HEFT_REGEX_ONIGURUMA, "[^\\S\\n]", " \n\t", "[ ]\n[\t]" },
        { HEFT_REGEX_ONIGURUMA, "\\p{Han}+", "一、二", "[一]、[二]" },
        { HEFT_REGEX_ONIGURUMA, "\\p{^Han}", "一a", "一[a]" },
        { HEFT_REGEX_ONIGURUMA, "\\w+", "é\u0301_٣-²", "[é\u0301_٣]-[²]" },
        { HEFT_REGEX_RUST, "\\w+", "a\u200d-²", "[a\u200d]-²" },
        { HEFT_REGEX_ONIGURUMA, "[\\w]+", "a²", "[a]²" },
        { HEFT_REGEX_ONIGURUMA, "a{1,2}+", "aaaab", "[aaaa]b" },
        { HEFT_REGEX_RUST, "(?:a{1,2}+)b", "aaab", "a[aab]" },
        { HEFT_REGEX_RUST, "a{1,2}+a", "aaa", "[aaa]" },
        { HEFT_REGEX_ONIGURUMA, "a$", "a\na", "[a]\n[a]" },
        { HEFT_REGEX_RUST, "a$", "a\na\n", "a\na\n" },
        { HEFT_REGEX_RUST, "a$", "a\na", "a\n[a]" },
        { HEFT_REGEX_ONIGURUMA, "^a", "a\na", "[a]\n[a]" },
        { HEFT_REGEX_RUST, "^a", "a\na", "[a]\na" },
        { HEFT_REGEX_ONIGURUMA, "\\h+", "xfFg", "x[fF]g" },
        { HEFT_REGEX_ONIGURUMA, "[a[b-c]]+", "xabcx", "x[abc]x" },
        { HEFT_REGEX_ONIGURUMA, "(?i:'s|'ll)", "'S 'Ll '\u017f", "['S] ['Ll] ['\u017f]" },
        { HEFT_REGEX_ONIGURUMA, "\\u4e00|\\x41|\\x{1f600}", "一A😀", "[一][A][😀]" },
        { HEFT_REGEX_ONIGURUMA, "\\p{L}+", "a\U00010d50\U00031350", "[a\U00010d50\U00031350]" },
        { HEFT_REGEX_ONIGURUMA, "[^\\p{L}]+", "a\U00010d50-", "a\U00010d50[-]" },
        { HEFT_REGEX_ONIGURUMA, "\\P{L}+", "a\U00010d50-", "a\U00010d50[-]" },
        { HEFT_REGEX_ONIGURUMA, "\\bno\\b", "no nobody", "[no] nobody" },
        { HEFT_REGEX_ONIGURUMA, "a{,2}b", "aaab", "a[aab]" },
        { HEFT_REGEX_ONIGURUMA, "[!-/\\]\\-x]+", "!.]-xy", "[!.]-x]y" },
        { HEFT_REGEX_ONIGURUMA, ".", "\r\n", "[\r]\n" },
        { HEFT_REGEX_ONIGURUMA, "[a-f&&[^c]]+", "abcd", "[ab]c[d]" },
        { HEFT_REGEX_ONIGURUMA, "[a-f&&c-z&&[^d]]+", "abcdef", "ab[c]d[ef]" },
        { HEFT_REGEX_ONIGURUMA, "[^a-f&&c-z]+", "abcx", "[ab]c[x]" },
        { HEFT_REGEX_ONIGURUMA, "[\\p{L}\\p{M}&&[^\\p{Han}]]+", "a\u0301一b1", "[a\u0301]一[b]1" },
        { HEFT_REGEX_ONIGURUMA, "[\\p{L}&&[^x]]+", "-a\U00010d50\U0010fffe",
          "-[a\U00010d50]\U0010fffe" },
        { HEFT_REGEX_ONIGURUMA, "[\\P{L}]+", "a\U00010d50-", "a\U00010d50[-]" },
        { HEFT_REGEX_ONIGURUMA, "[\\P{Han}a]+", "一-", "一[-]" },
        { HEFT_REGEX_ONIGURUMA, "\\p{C}+", "a\U00010d50\u200b\U0010fffe",
          "a\U00010d50[\u200b\U0010fffe]" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_string_equal(matched(row[i].dialect, row[i].pattern, row[i].text), row[i].expected);
}

static void what_the_translator_does_not_know_is_refused_by_name(void **state)
{
    static const struct {
        heft_regex_dialect dialect;
        const char *pattern, *expected;
    } row[] = {
        { HEFT_REGEX_ONIGURUMA, "[a&&]", "an empty class" },
        { HEFT_REGEX_ONIGURUMA, "[a[b&&c]]", "&& in a class inside a class" },
        { HEFT_REGEX_ONIGURUMA, "[a&&[^b]c]", "a negated class inside a class" },
        { HEFT_REGEX_ONIGURUMA, "[[:alpha:]]", "a class [:...:]" },
        { HEFT_REGEX_ONIGURUMA, "\\p{Klingon}",
          "property Klingon at byte 3 is not one heft knows" },
        { HEFT_REGEX_ONIGURUMA, "\\p{L", "a property without }" },
        { HEFT_REGEX_ONIGURUMA, "\\pL", "a property without {" },
        { HEFT_REGEX_RUST, "[\\W]", "\\W inside a class" },
        { HEFT_REGEX_ONIGURUMA, "(?i:\\p{Lu})", "a property of case where case is ignored" },
        { HEFT_REGEX_ONIGURUMA, "[a[^b]]", "a negated class inside a class" },
        { HEFT_REGEX_ONIGURUMA, "[]a]", "an empty class" },
        { HEFT_REGEX_ONIGURUMA, "[a", "a class without ]" },
        { HEFT_REGEX_ONIGURUMA, "[b-a]", "a range that runs backwards" },
        { HEFT_REGEX_ONIGURUMA, "[a-\\d]", "a range that ends in a set" },
        { HEFT_REGEX_ONIGURUMA, "(a", "a group without )" },
        { HEFT_REGEX_ONIGURUMA, "a)", "a ) without (" },
        { HEFT_REGEX_ONIGURUMA, "(?<name>a)", "a kind of group heft does not know" },
        { HEFT_REGEX_ONIGURUMA, "a(?i)b", "a kind of group heft does not know" },
        { HEFT_REGEX_ONIGURUMA, "(a)\\1", "an escape heft does not know" },
        { HEFT_REGEX_ONIGURUMA, "\\X", "an escape heft does not know" },
        { HEFT_REGEX_ONIGURUMA, "\\xg", "a bad hexadecimal character" },
        { HEFT_REGEX_ONIGURUMA, "\\x{d800}", "a bad hexadecimal character" },
        { HEFT_REGEX_ONIGURUMA, "*a", "a repetition of nothing" },
        { HEFT_REGEX_ONIGURUMA, "a**", "a repeated repetition" },
        { HEFT_REGEX_ONIGURUMA, "a{2}?", "{n}?" },
        { HEFT_REGEX_ONIGURUMA, "a{2,1}", "a repetition {...}" },
        { HEFT_REGEX_RUST, "a{,2}", "a repetition {...}" },
        { HEFT_REGEX_ONIGURUMA, "(?=a)*", "a repeated look-around" },
        { HEFT_REGEX_ONIGURUMA, "a\xff", "not UTF-8" },
        { HEFT_REGEX_ONIGURUMA, "", "empty" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_regex *r = NULL;
        heft_error err = { 0 };
        heft_status st = heft_regex_open(heft_str_of(row[i].pattern), row[i].dialect, &r, &err);
        if (!st || !strstr(err.text, row[i].expected))
            fail_msg("%s: \"%s\"", row[i].pattern, err.text);
    }
}

static void a_text_that_is_too_hard_for_a_pattern_is_a_named_error(void **state)
{
    enum { N = 40 };
    char text[N + 1] = { 0 };
    heft_error err = { 0 };
    heft_regex *r = NULL;
    heft_matching *m = NULL;
    bool found;
    size_t begin, end;
    (void)state;
    memset(text, 'a', N);
    memcpy(text + N - 2, "-c", 2); /* else the missing c ends the search at once */
    assert_int_equal(heft_regex_open(heft_str_of("(?:a|a|aa)+c"), HEFT_REGEX_ONIGURUMA, &r, &err),
                     HEFT_OK);
    assert_int_equal(heft_matching_open(&m, &err), HEFT_OK);
    assert_int_equal(
        heft_regex_find(r, m, (heft_str){ text, N }, 0, false, &found, &begin, &end, &err),
        HEFT_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "(?:a|a|aa)+c"));
    heft_matching_close(m);
    heft_regex_close(r);
}

static void every_pattern_behind_a_gguf_name_takes_long_texts(void **state)
{
    enum { N = 200 * 1000 };
    static char text[N];
    static const char fill[] = "aA 7\n-";
    (void)state;
    for (size_t i = 0; gguf_names[i]; i++) {
        const heft_gguf_pre *pre = heft_gguf_pre_find(heft_str_of(gguf_names[i]));
        if (!pre) fail_msg("%s is not in the table", gguf_names[i]);
        for (int p = 0; p < 6 && pre->pattern[p]; p++) {
            heft_error err = { 0 };
            heft_regex *r = NULL;
            heft_matching *m = NULL;
            if (heft_regex_open(heft_str_of(pre->pattern[p]), HEFT_REGEX_RUST, &r, &err))
                fail_msg("%s", err.text);
            assert_int_equal(heft_matching_open(&m, &err), HEFT_OK);
            for (const char *c = fill; *c; c++) {
                bool found;
                size_t begin, end;
                memset(text, *c, N);
                if (heft_regex_find(r, m, (heft_str){ text, N }, 0, true, &found, &begin, &end,
                                    &err))
                    fail_msg("%s: %s", gguf_names[i], err.text);
            }
            heft_matching_close(m);
            heft_regex_close(r);
        }
    }
    assert_null(heft_gguf_pre_find(heft_str_of("llama")));
    assert_null(heft_gguf_pre_find(heft_str_of("llama3 llama-v3")));
    assert_null(heft_gguf_pre_find(heft_str_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_mean_what_their_publisher_means),
        cmocka_unit_test(what_the_translator_does_not_know_is_refused_by_name),
        cmocka_unit_test(every_pattern_behind_a_gguf_name_takes_long_texts),
        cmocka_unit_test(a_text_that_is_too_hard_for_a_pattern_is_a_named_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

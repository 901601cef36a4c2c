/* tokenizer.json against the reference library, on thousands of texts
 * (tools/make_tokenizer_fixtures.py). A .sum line is FNV-1a of what the reference made of a text;
 * ours is made the same way. */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "format/json.h"
#include "texts.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN HEFT_SOURCE_DIR "/tests/text/golden/"

enum { MAX_FILE = 1 << 22, TEXTS = 5200 };

static char *read_golden(const char *name, const char *suffix, size_t *n)
{
    char path[1024], *text = NULL;
    heft_error err = { 0 };
    (void)snprintf(path, sizeof path, GOLDEN "%s%s", name, suffix);
    if (heft_read_file(path, MAX_FILE, &text, n, &err)) fail_msg("%s", err.text);
    return text;
}

static void add_ids(heft_buf *b, const int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        heft_buf_printf(b, i ? " %d" : "%d", (int)ids[i]);
}

static void add_text(heft_buf *b, const heft_tokenizer *t, const int32_t *ids, size_t n,
                     bool special)
{
    heft_error err = { 0 };
    char *text = NULL;
    size_t bytes = 0;
    if (heft_detokenize(t, ids, n, special, &text, &bytes, &err)) fail_msg("%s", err.text);
    heft_buf_z(b, "|");
    heft_buf_add(b, text, bytes);
    heft_release(text);
}

/* What the .sum line is the hash of. */
static void describe(heft_buf *b, const heft_tokenizer *t, heft_str text)
{
    const unsigned bare = HEFT_TOKENIZE_NO_SPECIAL;
    heft_error err = { 0 };
    int32_t *parsed = NULL, *plain = NULL;
    size_t n_parsed = 0, n_plain = 0;
    b->n = 0;
    heft_status st = heft_tokenize(t, text.p, text.n, bare | HEFT_TOKENIZE_PARSE_SPECIAL, &parsed,
                                   &n_parsed, &err);
    if (!st) st = heft_tokenize(t, text.p, text.n, bare, &plain, &n_plain, &err);
    if (st) fail_msg("\"%.*s\": %s", (int)text.n, text.p, err.text);
    add_ids(b, parsed, n_parsed);
    heft_buf_z(b, "|");
    add_ids(b, plain, n_plain);
    add_text(b, t, parsed, n_parsed, true);
    add_text(b, t, parsed, n_parsed, false);
    assert_false(b->failed);
    heft_release(parsed);
    heft_release(plain);
}

static uint32_t fnv(const heft_buf *b)
{
    uint32_t h = 0x811c9dc5;
    for (size_t i = 0; i < b->n; i++)
        h = (h ^ (uint8_t)b->p[i]) * 0x01000193;
    return h;
}

static void check(const char *name)
{
    size_t n, n_sums;
    heft_json j;
    char *spec = read_golden(name, ".json", &n), *texts = read_golden("texts", ".json", &n);
    char *sums = read_golden(name, ".sum", &n_sums), *sum = sums;
    heft_tokenizer *t = open_tokenizer(release_with(spec));
    heft_buf b = heft_buf_of(MAX_FILE);
    int different = 0, i = 0;
    heft_json_open(&j, texts, n, 0);
    assert_int_equal(heft_json_next(&j), HEFT_J_BEGIN_ARRAY);
    for (; heft_json_next(&j) == HEFT_J_STRING; i++) {
        uint32_t expected = (uint32_t)strtoul(sum, &sum, 16);
        describe(&b, t, j.str);
        if (fnv(&b) == expected) continue;
        if (different++ < 5)
            print_error("%s, text %d: \"%.*s\" gives %.*s\n", name, i, (int)j.str.n, j.str.p,
                        (int)b.n, b.p);
    }
    assert_int_equal(i, TEXTS);
    assert_int_equal(different, 0);
    heft_buf_free(&b);
    heft_tokenizer_close(t);
    heft_free(spec);
    heft_free(texts);
    heft_free(sums);
}

static void byte_level_with_the_pattern_of_gpt2_equals_the_reference(void **state)
{
    (void)state;
    check("gpt2");
}

static void a_split_pattern_and_ignored_merges_equal_the_reference(void **state)
{
    (void)state;
    check("llama3");
}

static void nfc_and_every_kind_of_added_token_equal_the_reference(void **state)
{
    (void)state;
    check("qwen2");
}

static void byte_fallback_behind_prepend_and_replace_equals_the_reference(void **state)
{
    (void)state;
    check("llama2");
}

static void metaspace_at_the_first_word_equals_the_reference(void **state)
{
    (void)state;
    check("metaspace");
}

static void fused_unknowns_and_no_decoder_equal_the_reference(void **state)
{
    (void)state;
    check("fused");
}

static void a_sequence_of_splits_and_digits_equals_the_reference(void **state)
{
    (void)state;
    check("deepseek");
}

static void punctuation_and_a_prefix_space_equal_the_reference(void **state)
{
    (void)state;
    check("falcon");
}

static void every_behaviour_of_split_equals_the_reference(void **state)
{
    (void)state;
    check("mixed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_level_with_the_pattern_of_gpt2_equals_the_reference),
        cmocka_unit_test(a_split_pattern_and_ignored_merges_equal_the_reference),
        cmocka_unit_test(nfc_and_every_kind_of_added_token_equal_the_reference),
        cmocka_unit_test(byte_fallback_behind_prepend_and_replace_equals_the_reference),
        cmocka_unit_test(metaspace_at_the_first_word_equals_the_reference),
        cmocka_unit_test(fused_unknowns_and_no_decoder_equal_the_reference),
        cmocka_unit_test(a_sequence_of_splits_and_digits_equals_the_reference),
        cmocka_unit_test(punctuation_and_a_prefix_space_equal_the_reference),
        cmocka_unit_test(every_behaviour_of_split_equals_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tokenizers of every kind against their own reference libraries
 * (tools/make_tokenizer_fixtures.py), on 20,000 texts. A line of a .sum is FNV-1a of what the
 * reference made of 50 of them; ours is made the same way. Without the argument "all" every kind
 * sees a quarter of the texts, others each. */
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

enum { MAX_FILE = 1 << 22, LISTED = 5200, TEXTS = 20000, BLOCK = 50 };

static heft_str *texts; /* (TEXTS) */
static bool every;      /* text for every kind */

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

/* What the reference says of one text, in our words. */
static void describe(heft_buf *b, const heft_tokenizer *t, heft_str text, bool parse)
{
    const unsigned bare = HEFT_TOKENIZE_NO_SPECIAL;
    heft_error err = { 0 };
    int32_t *parsed = NULL, *plain = NULL;
    size_t n_parsed = 0, n_plain = 0;
    heft_status st =
        heft_tokenize(t, text.p, text.n, parse ? bare | HEFT_TOKENIZE_PARSE_SPECIAL : bare, &parsed,
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

static void compare(const char *name, const char *dir, bool parse)
{
    static int kind;
    size_t n;
    char *sums = read_golden(name, ".sum", &n), *sum = sums;
    heft_tokenizer *t = open_tokenizer(dir);
    heft_buf b = heft_buf_of(MAX_FILE);
    int different = 0;
    kind++;
    for (int block = 0; block < TEXTS / BLOCK; block++) {
        uint32_t expected = (uint32_t)strtoul(sum, &sum, 16);
        if (!every && (block + kind) % 4) continue;
        b.n = 0;
        for (int i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
            if (i % BLOCK) heft_buf_z(&b, "\n");
            describe(&b, t, texts[i], parse);
        }
        if (fnv(&b) == expected) continue;
        if (different++ < 2)
            print_error("%s, texts from %d on, the first \"%.*s\", give %.*s\n", name,
                        block * BLOCK, (int)texts[block * BLOCK].n, texts[block * BLOCK].p,
                        (int)b.n, b.p);
    }
    assert_int_equal(different, 0);
    heft_buf_free(&b);
    heft_tokenizer_close(t);
    heft_free(sums);
}

static void check(const char *name)
{
    size_t n;
    char *spec = read_golden(name, ".json", &n);
    compare(name, release_with(spec), true);
    heft_free(spec);
}

/* A file of another container, under the name it has in releases. */
static void check_file(const char *name, const char *suffix, const char *file, bool has_config)
{
    size_t n, n_config = 0;
    bool is_model = strcmp(suffix, ".model") == 0, is_tekken = strcmp(suffix, ".tekken") == 0;
    char *text = read_golden(name, suffix, &n),
         *config = has_config ? read_golden(name, ".config", &n_config) : NULL;
    const char *dir = release_empty();
    release_add_bytes(file, (heft_str){ text, n });
    if (config) release_add("tokenizer_config.json", config);
    compare(name, dir, !is_model && !is_tekken);
    heft_free(text);
    heft_free(config);
}

/* The texts of the list, and those joined from them as the tool joins them. */
static int make_texts(void **state)
{
    static heft_json j;
    size_t n;
    uint32_t number = 1;
    (void)state;
    char *list = read_golden("texts", ".json", &n);
    texts = heft_alloc(TEXTS, sizeof *texts);
    heft_json_open(&j, list, n, 0);
    if (!texts || heft_json_next(&j) != HEFT_J_BEGIN_ARRAY) return -1;
    for (int i = 0; i < LISTED; i++) {
        if (heft_json_next(&j) != HEFT_J_STRING) return -1;
        texts[i] = j.str;
    }
    for (int i = LISTED; i < TEXTS; i++) {
        heft_buf b = heft_buf_of(MAX_FILE);
        number = number * 1664525 + 1013904223;
        for (uint32_t left = 2 + (number >> 8) % 3; left; left--) {
            number = number * 1664525 + 1013904223;
            heft_buf_str(&b, texts[(number >> 8) % LISTED]);
        }
        if (heft_buf_check(&b, "a text", NULL)) return -1;
        texts[i] = (heft_str){ b.n ? b.p : "", b.n };
    }
    return 0;
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

static void words_of_bert_equal_the_reference(void **state)
{
    (void)state;
    check("bert");
}

static void words_of_bert_with_capitals_equal_the_reference(void **state)
{
    (void)state;
    check("bert-cased");
}

static void words_without_accents_and_long_words_equal_the_reference(void **state)
{
    (void)state;
    check("bert-accents");
}

static void whole_words_in_compatible_lower_case_equal_the_reference(void **state)
{
    (void)state;
    check("wordlevel");
}

static void stripped_accents_and_removed_punctuation_equal_the_reference(void **state)
{
    (void)state;
    check("folded");
}

static void a_precompiled_map_and_unigram_equal_the_reference(void **state)
{
    (void)state;
    check("t5");
}

static void unigram_behind_white_space_equals_the_reference(void **state)
{
    (void)state;
    check("xlmr");
}

static void unigram_with_bytes_behind_scripts_equals_the_reference(void **state)
{
    (void)state;
    check("albert");
}

static void a_pattern_and_a_strip_in_decoders_equal_the_reference(void **state)
{
    (void)state;
    check("scripts");
}

static void ends_of_words_and_their_decoder_equal_the_reference(void **state)
{
    (void)state;
    check("openai-gpt");
}

static void ends_of_byte_level_words_equal_the_reference(void **state)
{
    (void)state;
    check("clip");
}

static void letters_and_the_decoder_of_speech_equal_the_reference(void **state)
{
    (void)state;
    check("ctc");
}

static void delimiters_and_fixed_lengths_equal_the_reference(void **state)
{
    (void)state;
    check("delimited");
}

static void punctuation_with_what_is_before_equals_the_reference(void **state)
{
    (void)state;
    check("punctuation0");
}

static void punctuation_with_what_follows_equals_the_reference(void **state)
{
    (void)state;
    check("punctuation1");
}

static void runs_of_punctuation_equal_the_reference(void **state)
{
    (void)state;
    check("punctuation2");
}

static void intersections_of_classes_equal_the_reference(void **state)
{
    (void)state;
    check("kimi");
}

static void complements_of_classes_equal_the_reference(void **state)
{
    (void)state;
    check("classes");
}

static void bytes_before_the_split_equal_the_reference(void **state)
{
    (void)state;
    check("bytes-first");
}

static void sentencepiece_unigram_with_a_map_equals_the_reference(void **state)
{
    (void)state;
    check_file("spm-unigram", ".model", "tokenizer.model", false);
}

static void sentencepiece_unigram_with_bytes_equals_the_reference(void **state)
{
    (void)state;
    check_file("spm-bytes", ".model", "tokenizer.model", false);
}

static void sentencepiece_bpe_equals_the_reference(void **state)
{
    (void)state;
    check_file("spm-bpe", ".model", "tokenizer.model", false);
}

static void sentencepiece_bpe_with_user_defined_pieces_equals_the_reference(void **state)
{
    (void)state;
    check_file("spm-llama", ".model", "tokenizer.model", false);
}

static void sentencepiece_with_spaces_behind_words_equals_the_reference(void **state)
{
    (void)state;
    check_file("spm-suffix", ".model", "tokenizer.model", false);
}

static void the_tiktoken_file_of_qwen_equals_the_reference(void **state)
{
    (void)state;
    check_file("qwen", ".tiktoken", "qwen.tiktoken", true);
}

static void the_tiktoken_file_of_kimi_equals_the_reference(void **state)
{
    (void)state;
    check_file("kimi-k2", ".tiktoken", "tiktoken.model", true);
}

static void tekken_equals_the_reference(void **state)
{
    (void)state;
    check_file("tekken", ".tekken", "tekken.json", false);
}

int main(int argc, char **argv)
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
        cmocka_unit_test(words_of_bert_equal_the_reference),
        cmocka_unit_test(words_of_bert_with_capitals_equal_the_reference),
        cmocka_unit_test(words_without_accents_and_long_words_equal_the_reference),
        cmocka_unit_test(whole_words_in_compatible_lower_case_equal_the_reference),
        cmocka_unit_test(stripped_accents_and_removed_punctuation_equal_the_reference),
        cmocka_unit_test(a_precompiled_map_and_unigram_equal_the_reference),
        cmocka_unit_test(unigram_behind_white_space_equals_the_reference),
        cmocka_unit_test(unigram_with_bytes_behind_scripts_equals_the_reference),
        cmocka_unit_test(a_pattern_and_a_strip_in_decoders_equal_the_reference),
        cmocka_unit_test(ends_of_words_and_their_decoder_equal_the_reference),
        cmocka_unit_test(ends_of_byte_level_words_equal_the_reference),
        cmocka_unit_test(letters_and_the_decoder_of_speech_equal_the_reference),
        cmocka_unit_test(delimiters_and_fixed_lengths_equal_the_reference),
        cmocka_unit_test(punctuation_with_what_is_before_equals_the_reference),
        cmocka_unit_test(punctuation_with_what_follows_equals_the_reference),
        cmocka_unit_test(runs_of_punctuation_equal_the_reference),
        cmocka_unit_test(intersections_of_classes_equal_the_reference),
        cmocka_unit_test(complements_of_classes_equal_the_reference),
        cmocka_unit_test(bytes_before_the_split_equal_the_reference),
        cmocka_unit_test(sentencepiece_unigram_with_a_map_equals_the_reference),
        cmocka_unit_test(sentencepiece_unigram_with_bytes_equals_the_reference),
        cmocka_unit_test(sentencepiece_bpe_equals_the_reference),
        cmocka_unit_test(sentencepiece_bpe_with_user_defined_pieces_equals_the_reference),
        cmocka_unit_test(sentencepiece_with_spaces_behind_words_equals_the_reference),
        cmocka_unit_test(the_tiktoken_file_of_qwen_equals_the_reference),
        cmocka_unit_test(the_tiktoken_file_of_kimi_equals_the_reference),
        cmocka_unit_test(tekken_equals_the_reference),
    };
    every = argc == 2 && strcmp(argv[1], "all") == 0;
    return cmocka_run_group_tests(tests, make_texts, NULL);
}

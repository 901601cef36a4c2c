/* Tokenizers through the public functions: special tokens, invalid text, streams, refusals. */
#include "text/tokenizer.h"

#include "base/mem.h"
#include "texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BARE  HEFT_TOKENIZE_NO_SPECIAL
#define PARSE (HEFT_TOKENIZE_NO_SPECIAL | HEFT_TOKENIZE_PARSE_SPECIAL)

/* A file of which a test names the sections that matter; NULL: the usual ones. */
typedef struct {
    const char *added, *normalizer, *pre_tokenizer, *post_processor, *decoder, *model, *more;
} spec;

#define MODEL(members, vocab, merges)                                                              \
    "{\"type\":\"BPE\"," members "\"vocab\":{" vocab "},\"merges\":[" merges "]}"
#define VOCAB                                                                                      \
    "\"a\":0,\"b\":1,\"c\":2,\"ab\":3,\"abc\":4,\"<0xC3>\":5,\"<0xA9>\":6,\"<0xFF>\":7,"           \
    "\"\u2581\":8,\"\u2581a\":9"
#define MERGES "\"a b\",[\"ab\",\"c\"],\"\u2581 a\""
#define ADDED                                                                                      \
    "[{\"id\":10,\"content\":\"<s>\",\"special\":true},{\"id\":11,\"content\":\"</"                \
    "s>\",\"special\":true},"                                                                      \
    "{\"id\":12,\"content\":\"<tool>\",\"special\":false,\"normalized\":false}]"

#define TEMPLATE(token, id)                                                                        \
    "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"" token              \
    "\",\"type_id\":0}},"                                                                          \
    "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{\"" token        \
    "\":{\"id\":\"" token "\",\"ids\":[" id "],\"tokens\":[]}}}"

static const char *release(spec s)
{
    static char text[8192];
    (void)snprintf(
        text, sizeof text,
        "{\"version\":\"1.0\",%s\"added_tokens\":%s,\"normalizer\":%s,\"pre_tokenizer\":%s,"
        "\"post_processor\":%s,\"decoder\":%s,\"model\":%s}",
        s.more ? s.more : "", s.added ? s.added : ADDED, s.normalizer ? s.normalizer : "null",
        s.pre_tokenizer ? s.pre_tokenizer : "null", s.post_processor ? s.post_processor : "null",
        s.decoder ? s.decoder
                  : "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":"
                    "\"Fuse\"}]}",
        s.model ? s.model : MODEL("\"byte_fallback\":true,", VOCAB, MERGES));
    return release_with(text);
}

static heft_tokenizer *tokenizer(spec s)
{
    return open_tokenizer(release(s));
}

#define ids(t, text, flags, expected)                                                              \
    assert_ids(t, (heft_str){ text, sizeof text - 1 }, flags, expected)

static void text_that_spells_a_special_token_is_text(void **state)
{
    (void)state;
    heft_tokenizer *t =
        tokenizer((spec){ .model = MODEL("", "\"<\":0,\"s\":1,\">\":2,\"a\":3", "") });
    ids(t, "a<s>a", BARE, "3 0 1 2 3");
    ids(t, "a<s>a", PARSE, "3 10 3");
    ids(t, "a<tool>a", BARE, "3 12 3");
    assert_text(t, "3 10 12", false, heft_str_of("a<tool>"));
    assert_text(t, "3 10 12", true, heft_str_of("a<s><tool>"));
    heft_tokenizer_close(t);
}

static void a_special_token_in_the_vocabulary_is_not_found_by_text(void **state)
{
    (void)state;
    heft_tokenizer *t = tokenizer(
        (spec){ .added = "[{\"id\":3,\"content\":\"ab\",\"special\":true}]",
                .model = MODEL("\"ignore_merges\":true,", "\"a\":0,\"b\":1,\"ab\":3", "") });
    ids(t, "ab", BARE, "0 1");
    ids(t, "ab", PARSE, "3");
    heft_tokenizer_close(t);
}

static void no_model_finds_a_special_token_in_text(void **state)
{
    static const struct {
        const char *model, *text;
    } row[] = {
        { MODEL("\"unk_token\":\"?\",", "\"a\":0,\"b\":1,\"?\":2,\"ab\":3", "\"a b\""), "0 1" },
        { MODEL("\"unk_token\":\"?\",\"ignore_merges\":true,", "\"a\":0,\"b\":1,\"?\":2,\"ab\":3",
                "\"a b\""),
          "0 1" },
        { "{\"type\":\"WordPiece\",\"unk_token\":\"?\",\"vocab\":{\"a\":0,\"##b\":1,\"?\":2,\"ab\":"
          "3}}",
          "0 1" },
        { "{\"type\":\"WordLevel\",\"unk_token\":\"?\",\"vocab\":{\"a\":0,\"b\":1,\"?\":2,\"ab\":3}"
          "}",
          "2" },
        { "{\"type\":\"Unigram\",\"unk_id\":2,\"vocab\":[[\"a\",-1],[\"b\",-1],[\"?\",-9],[\"ab\","
          "0]]}",
          "0 1" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_tokenizer *t = tokenizer((spec){
            .added = "[{\"id\":3,\"content\":\"ab\",\"special\":true}]", .model = row[i].model });
        ids(t, "ab", BARE, row[i].text);
        ids(t, "ab", PARSE, "3");
        heft_tokenizer_close(t);
    }
    heft_tokenizer *t =
        tokenizer((spec){ .added = "[{\"id\":0,\"content\":\"a\",\"special\":true},"
                                   "{\"id\":1,\"content\":\"一\",\"special\":true}]",
                          .model = MODEL("\"unk_token\":\"?\",", "\"a\":0,\"一\":1,\"?\":2", "") });
    ids(t, "a?一", BARE, "2 2 2");
    ids(t, "a?一", PARSE, "0 2 1");
    heft_tokenizer_close(t);
}

static void what_the_tokenizer_adds_is_added_once(void **state)
{
    static const char template[] =
        "{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\",\"trim_offsets\":true},"
        "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_"
        "id\":0}},"
        "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"</"
        "s>\",\"type_id\":0}}],"
        "\"pair\":[],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[10],\"tokens\":[\"<s>\"]}"
        ","
        "\"</s>\":{\"id\":\"</s>\",\"ids\":[11],\"tokens\":[\"</s>\"]}}}]}";
    (void)state;
    heft_tokenizer *t = tokenizer((spec){ .post_processor = template });
    ids(t, "abc", 0, "10 4 11");
    ids(t, "", 0, "10 11");
    ids(t, "abc", BARE, "4");
    ids(t, "", BARE, "");
    heft_tokenizer_close(t);
}

static void the_files_beside_name_the_beginning_and_the_end(void **state)
{
    (void)state;
    const char *dir = release((spec){ 0 });
    release_add(
        "tokenizer_config.json",
        "{\"bos_token\":{\"content\":\"<s>\"},\"eos_token\":\"</s>\",\"add_bos_token\":true,"
        "\"model_max_length\":1000000000000000019884624838656}");
    release_add("generation_config.json", "{\"eos_token_id\":[4,12]}");
    heft_tokenizer *t = open_tokenizer(dir);
    assert_int_equal(heft_tokenizer_bos(t), 10);
    ids(t, "a", 0, "10 0");
    for (int32_t id = -1; id < 14; id++)
        assert_int_equal(heft_tokenizer_is_end(t, id), id == 11 || id == 4 || id == 12);
    assert_int_equal(heft_tokenizer_size(t), 13);
    heft_tokenizer_close(t);
}

static void bytes_that_are_not_utf8_are_units_of_their_own(void **state)
{
    (void)state;
    heft_tokenizer *t = tokenizer((spec){ 0 });
    ids(t,
        "ab\xff"
        "c",
        BARE, "3 7 2");
    ids(t, "a\xc3", BARE, "0 5");
    ids(t, "\u00e9", BARE, "5 6");
    assert_text(t, "3 7 2", false,
                (heft_str){ "ab\xff"
                            "c",
                            4 });
    heft_tokenizer_close(t);
    /* What a normalizer puts in front of a section is not put behind such a byte. */
    t = tokenizer((spec){ .normalizer = "{\"type\":\"Prepend\",\"prepend\":\"\u2581\"}" });
    ids(t,
        "a\xff"
        "a",
        BARE, "9 7 0");
    ids(t, "a<tool>a", BARE, "9 12 9");
    heft_tokenizer_close(t);
}

static void a_stream_never_splits_a_character(void **state)
{
    (void)state;
    heft_tokenizer *t = tokenizer((spec){ 0 });
    heft_stream s = { .t = t };
    char out[64];
    assert_true(heft_stream_max(t) <= sizeof out);
    assert_int_equal(heft_stream_next(&s, 0, out), 1);
    assert_int_equal(heft_stream_next(&s, 5, out), 0);
    assert_int_equal(heft_stream_next(&s, 6, out), 2);
    assert_memory_equal(out, "\u00e9", 2);
    assert_int_equal(heft_stream_next(&s, 5, out), 0);
    assert_int_equal(heft_stream_end(&s, out), 3);
    assert_memory_equal(out, "\ufffd", 3);
    assert_int_equal(heft_stream_end(&s, out), 0);
    assert_int_equal(heft_stream_next(&s, 99, out), 0);
    heft_tokenizer_close(t);
}

static void an_id_the_tokenizer_lacks_has_no_text(void **state)
{
    (void)state;
    heft_tokenizer *t = tokenizer((spec){ .added = "[{\"id\":20,\"content\":\"x\"}]" });
    static const int32_t wrong[] = { -1, 15, 21 };
    for (size_t i = 0; i < 3; i++) {
        heft_error err = { 0 };
        char *text = NULL;
        size_t n = 0;
        assert_false(heft_tokenizer_has(t, wrong[i]));
        assert_int_equal(heft_detokenize(t, &wrong[i], 1, true, &text, &n, &err), HEFT_E_ARG);
        assert_null(text);
    }
    assert_true(heft_tokenizer_has(t, 20));
    heft_tokenizer_close(t);
}

static void a_character_without_a_token_is_an_error_not_a_gap(void **state)
{
    (void)state;
    heft_tokenizer *t = tokenizer((spec){ 0 });
    heft_error err = { 0 };
    int32_t *out = NULL;
    size_t n = 0;
    assert_int_equal(heft_tokenize(t, "az", 2, 0, &out, &n, &err), HEFT_E_ARG);
    assert_non_null(strstr(err.text, "z (U+007A)"));
    assert_null(out);
    heft_tokenizer_close(t);
}

static void unknown_characters_become_the_unknown_token(void **state)
{
    (void)state;
    heft_tokenizer *t = tokenizer(
        (spec){ .model = MODEL("\"unk_token\":\"c\",\"fuse_unk\":false,", VOCAB, MERGES) });
    ids(t, "azza", BARE, "0 2 2 0");
    heft_tokenizer_close(t);
    t = tokenizer(
        (spec){ .model = MODEL("\"unk_token\":\"c\",\"fuse_unk\":true,", VOCAB, MERGES) });
    ids(t, "azza", BARE, "0 2 0");
    heft_tokenizer_close(t);
}

static void affixes_of_words_are_part_of_their_characters(void **state)
{
    (void)state;
    heft_tokenizer *t = tokenizer(
        (spec){ .model = MODEL("\"continuing_subword_prefix\":\"#\",\"end_of_word_suffix\":\"$\",",
                               "\"a\":0,\"#b\":1,\"#b$\":2,\"ab$\":3,\"a$\":4,\"ab\":5",
                               "\"a #b$\",\"a #b\"") });
    ids(t, "ab", BARE, "3");
    ids(t, "a", BARE, "4");
    ids(t, "abb", BARE, "5 2");
    heft_tokenizer_close(t);
}

/* Each of these was asked of the reference library too. */
static void corners_are_as_the_reference_has_them(void **state)
{
    static const struct {
        spec s;
        unsigned flags;
        const char *text, *expected;
    } row[] = {
        /* a pair that is listed twice takes the later rank */
        { { .added = "[]",
            .model =
                MODEL("", "\"a\":0,\"b\":1,\"c\":2,\"ab\":3,\"bc\":4", "\"a b\",\"b c\",\"a b\"") },
          BARE,
          "abc",
          "0 4" },
        /* a joiner is a part of a word, a hyphen is not */
        { { .added = "[{\"id\":5,\"content\":\"wo\",\"single_word\":true,\"normalized\":false}]",
            .model = MODEL("", "\"a\":0,\"\u200d\":1,\"w\":2,\"o\":3,\"-\":4", "") },
          BARE,
          "wo\u200dwo-wo",
          "2 3 1 2 3 4 5" },
        /* a special token that is text hides the tokens inside it */
        { { .added = "[{\"id\":5,\"content\":\"<sab>\",\"special\":true},{\"id\":6,\"content\":"
                     "\"ab\",\"normalized\":false}]",
            .model = MODEL("", "\"<\":0,\">\":1,\"s\":2,\"a\":3,\"b\":4", "") },
          BARE,
          "<sab>ab",
          "0 2 3 4 1 6" },
        /* the later processor stands outside */
        { { .post_processor = "{\"type\":\"Sequence\",\"processors\":[" TEMPLATE(
                "a", "0") "," TEMPLATE("b", "1") "]}" },
          0,
          "c",
          "1 0 2" },
        /* only the piece that begins the text is the first */
        { { .added = "[]",
            .model = MODEL("", "\"\u2581\":0,\"a\":1,\"-\":2", ""),
            .pre_tokenizer = "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\","
                             "\"pattern\":{\"String\":\"-\"},"
                             "\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"Metaspace\","
                             "\"replacement\":"
                             "\"\u2581\",\"prepend_scheme\":\"first\",\"split\":false}]}" },
          BARE,
          "a-a",
          "0 1 2 1" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_tokenizer *t = tokenizer(row[i].s);
        assert_ids(t, heft_str_of(row[i].text), row[i].flags, row[i].expected);
        heft_tokenizer_close(t);
    }
}

static char warning[512];

static void keep(void *to, const char *line)
{
    (void)to;
    (void)snprintf(warning, sizeof warning, "%s", line);
}

static void a_truncation_section_is_a_warning_and_not_applied(void **state)
{
    (void)state;
    const heft_log log = { keep, NULL };
    heft_error err = { 0 };
    heft_tokenizer *t = NULL;
    const char *dir = release((spec){ .more = "\"truncation\":{\"max_length\":1}," });
    release_add("generation_config.json", "{\"eos_token_id\":11}");
    if (heft_tokenizer_open(dir, &log, &t, &err)) fail_msg("%s", err.text);
    assert_string_equal(warning, "tokenizer.json: truncation is not applied");
    ids(t, "cc", BARE, "2 2");
    heft_tokenizer_close(t);
}

static void what_heft_does_not_understand_is_refused_by_name(void **state)
{
    static const struct {
        spec s;
        const char *expected;
    } row[] = {
        { { .normalizer = "{\"type\":\"Nfc\"}" },
          "normalizer has the type Nfc, which heft does not know" },
        { { .normalizer = "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"A=A=\"}" },
          "Precompiled.precompiled_charsmap is not Base64" },
        { { .normalizer = "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/////w==\"}" },
          "Precompiled: a precompiled map of 4 bytes says that 4294967295 of them are its array" },
        { { .normalizer = "{\"type\":\"NFC\",\"x\":1}" }, "NFC has the key x" },
        { { .normalizer = "{\"type\":\"Sequence\"}" }, "normalizer.normalizers is missing" },
        { { .normalizer =
                "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"x\"}" },
          "pattern is empty" },
        { { .pre_tokenizer = "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[a&&]\"},\"behavior\":"
                             "\"Isolated\"}" },
          "Split: pattern [a&&]: an empty class" },
        { { .pre_tokenizer =
                "{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"Merged\"}" },
          "Split.behavior is Merged" },
        { { .pre_tokenizer = "{\"type\":\"Metaspace\",\"replacement\":\"ab\"}" },
          "one character is expected" },
        { { .pre_tokenizer = "{\"type\":\"FixedLength\",\"length\":0}" },
          "FixedLength.length is 0" },
        { { .pre_tokenizer = "{\"type\":\"Tomorrow\"}" }, "the type Tomorrow" },
        { { .post_processor =
                "{\"type\":\"RobertaProcessing\",\"sep\":[\"x\",99],\"cls\":[\"<s>\",10]}" },
          "adds a token that the vocabulary does not have" },
        { { .post_processor =
                "{\"type\":\"TemplateProcessing\",\"single\":[],\"special_tokens\":{}}" },
          "does not hold the text once" },
        { { .decoder = "{\"type\":\"Piece\"}" }, "the type Piece" },
        { { .decoder = "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":"
                       "\"CTC\"}]}" },
          "decoder CTC after another" },
        { { .decoder = "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"CTC\"},{\"type\":"
                       "\"ByteFallback\"}]}" },
          "decoder ByteFallback after CTC" },
        { { .decoder = "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":"
                       "\"ByteFallback\"}]}" },
          "decoder ByteFallback after Fuse" },
        { { .added = "[{\"id\":1,\"content\":\"x\"}]" },
          "added token x has id 1, which is the token b" },
        { { .added = "[{\"id\":1,\"content\":\"a\"}]" },
          "added token a has id 1, the vocabulary says 0" },
        { { .added = "[{\"id\":-1,\"content\":\"x\"}]" }, "added_tokens.id is -1" },
        { { .added = "[{\"id\":10}]" }, "added_tokens.content is missing" },
        { { .model = "{\"type\":\"Word\",\"vocab\":{},\"merges\":[]}" },
          "model.type is Word, heft knows BPE, WordPiece, WordLevel and Unigram" },
        { { .model = "{\"type\":\"WordPiece\",\"vocab\":{},\"merges\":[]}" },
          "model.merges does not belong to a model of type WordPiece" },
        { { .model = "{\"type\":\"WordLevel\",\"vocab\":[]}" },
          "model.vocab does not belong to a model of type WordLevel" },
        { { .model = "{\"type\":\"Unigram\",\"vocab\":[[\"a\",\"b\"]]}" },
          "an element of model.vocab is not a token and its score" },
        { { .model = "{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1.5]],\"unk_id\":1}" },
          "model.unk_id is 1, 0 to 0 is expected" },
        { { .model = "{\"type\":\"BPE\",\"vocab\":{}}" }, "model.merges is missing" },
        { { .model = MODEL("\"dropout\":0.1,", VOCAB, "") }, "model.dropout is set" },
        { { .model = MODEL("\"new_key\":1,", VOCAB, "") }, "model has the key new_key" },
        { { .model = MODEL("", "\"a\":0,\"b\":0", "") }, "an id of model.vocab stands twice" },
        { { .model = MODEL("", "\"a\":0,\"a\":1", "") }, "a token of model.vocab stands twice" },
        { { .model = MODEL("", "\"a\":-1", "") }, "an id of model.vocab is out of range" },
        { { .model = MODEL("", "\"a\":99999999", "") }, "an id of model.vocab is out of range" },
        { { .model = MODEL("", "\"a\":0.5", "") }, "an id of model.vocab is not an integer" },
        { { .model = MODEL("", VOCAB, "\"a z\"") },
          "merge 0 (a + z): the right part is not in the vocabulary" },
        { { .model = MODEL("", VOCAB, "\"b a\"") }, "the whole is not in the vocabulary" },
        { { .model = MODEL("", VOCAB, "\"ab\"") }, "a merge is not two tokens" },
        { { .model = MODEL("", VOCAB, "[\"a\"]") }, "a merge is neither" },
        { { .model = MODEL("", VOCAB, "") ",\"model\":{}" }, "model stands twice" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *message = refusal(release(row[i].s));
        if (!strstr(message, row[i].expected))
            fail_msg("%zu: \"%s\" lacks \"%s\"", i, message, row[i].expected);
    }
    assert_non_null(strstr(refusal(release_with("{}")), "model is missing"));
    assert_non_null(strstr(refusal(release_with("[]")), "not an object"));
    assert_non_null(strstr(refusal(release_with("")), "tokenizer.json"));
}

static void opening_and_closing_leaves_no_memory_behind(void **state)
{
    (void)state;
    const char *dir = release((spec){ 0 });
    size_t before = heft_mem().bytes;
    heft_tokenizer *t = open_tokenizer(dir);
    assert_true(heft_tokenizer_bytes(t) > 0);
    ids(t, "abcabc", PARSE, "4 4");
    heft_tokenizer_close(t);
    assert_int_equal(heft_mem().bytes, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_spells_a_special_token_is_text),
        cmocka_unit_test(a_special_token_in_the_vocabulary_is_not_found_by_text),
        cmocka_unit_test(no_model_finds_a_special_token_in_text),
        cmocka_unit_test(what_the_tokenizer_adds_is_added_once),
        cmocka_unit_test(the_files_beside_name_the_beginning_and_the_end),
        cmocka_unit_test(bytes_that_are_not_utf8_are_units_of_their_own),
        cmocka_unit_test(a_stream_never_splits_a_character),
        cmocka_unit_test(an_id_the_tokenizer_lacks_has_no_text),
        cmocka_unit_test(a_character_without_a_token_is_an_error_not_a_gap),
        cmocka_unit_test(unknown_characters_become_the_unknown_token),
        cmocka_unit_test(affixes_of_words_are_part_of_their_characters),
        cmocka_unit_test(corners_are_as_the_reference_has_them),
        cmocka_unit_test(a_truncation_section_is_a_warning_and_not_applied),
        cmocka_unit_test(what_heft_does_not_understand_is_refused_by_name),
        cmocka_unit_test(opening_and_closing_leaves_no_memory_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SentencePiece, tiktoken and tekken files: what is refused, what stands beside them; and inputs
 * made to hurt. */
#include "text/tokenizer.h"

#include "base/buf.h"
#include "base/mem.h"
#include "texts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BARE HEFT_TOKENIZE_NO_SPECIAL

/* ---- messages ---- */

static void put_varint(heft_buf *b, uint64_t v)
{
    for (; v > 0x7f; v >>= 7)
        heft_buf_add(b, &(uint8_t){ (uint8_t)(v | 0x80) }, 1);
    heft_buf_add(b, &(uint8_t){ (uint8_t)v }, 1);
}

static void put_bytes(heft_buf *b, uint32_t number, heft_str s)
{
    put_varint(b, number << 3 | 2);
    put_varint(b, s.n);
    heft_buf_str(b, s);
}

static void put_number(heft_buf *b, uint32_t number, uint64_t v)
{
    put_varint(b, number << 3);
    put_varint(b, v);
}

typedef struct {
    const char *text;
    float score;
    uint64_t type;
} piece;

enum { NORMAL = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE };

static void put_piece(heft_buf *b, piece p)
{
    heft_buf one = heft_buf_of(1 << 16);
    put_bytes(&one, 1, heft_str_of(p.text));
    put_varint(&one, 2 << 3 | 5);
    heft_buf_add(&one, &p.score, sizeof p.score);
    put_number(&one, 3, p.type);
    put_bytes(b, 1, (heft_str){ one.p, one.n });
    heft_buf_free(&one);
}

static const piece small[] = {
    { "<unk>", 0, UNKNOWN },   { "<s>", 0, CONTROL },  { "</s>", 0, CONTROL },
    { "\u2581", -3, NORMAL },  { "a", -2, NORMAL },    { "b", -2, NORMAL },
    { "\u2581a", -1, NORMAL }, { "ab", 0.5F, NORMAL },
};

/* A directory with the pieces and one more, as a model of this type. */
static const char *model_of(piece more, uint64_t type)
{
    heft_buf b = heft_buf_of(1 << 16), settings = heft_buf_of(64);
    const char *dir = release_empty();
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        put_piece(&b, small[i]);
    if (more.text) put_piece(&b, more);
    put_number(&settings, 3, type);
    put_bytes(&b, 2, (heft_str){ settings.p, settings.n });
    release_add_bytes("tokenizer.model", (heft_str){ b.p, b.n });
    heft_buf_free(&settings);
    heft_buf_free(&b);
    return dir;
}

static const piece no_more = { NULL, 0, 0 };

static void both_models_of_sentencepiece_cut_by_their_scores(void **state)
{
    (void)state;
    heft_tokenizer *t = open_tokenizer(model_of(no_more, 1));
    assert_ids(t, heft_str_of("ab a"), BARE, "3 7 6");
    assert_ids(t, heft_str_of(" a  zz "), BARE, "6 3 0");
    assert_ids(t,
               (heft_str){ "a\xff"
                           "a",
                           3 },
               BARE, "6 0 4");
    assert_text(t, "3 7 6 1 2", false, heft_str_of("ab a"));
    assert_text(t, "4 0", false, heft_str_of("a \u2047 "));
    assert_int_equal(heft_tokenizer_bos(t), 1);
    assert_true(heft_tokenizer_is_end(t, 2));
    heft_tokenizer_close(t);
    t = open_tokenizer(model_of(no_more, 2));
    assert_ids(t, heft_str_of("ab"), BARE, "3 7");
    assert_ids(t, heft_str_of("<s>a"), BARE | HEFT_TOKENIZE_PARSE_SPECIAL, "1 6");
    heft_tokenizer_close(t);
}

static void what_stands_beside_a_model_is_added(void **state)
{
    (void)state;
    const char *dir = model_of(no_more, 2);
    release_add(
        "tokenizer_config.json",
        "{\"tokenizer_class\":\"LlamaTokenizerFast\",\"added_tokens_decoder\":{\"1\":{"
        "\"content\":\"<s>\",\"special\":true},\"9\":{\"content\":\"<tool>\",\"special\":true}}}");
    release_add("added_tokens.json", "{\"<x>\":10}");
    heft_tokenizer *t = open_tokenizer(dir);
    assert_ids(t, heft_str_of("a"), 0, "1 6");
    assert_ids(t, heft_str_of("<tool><x>"), BARE | HEFT_TOKENIZE_PARSE_SPECIAL, "9 10");
    assert_false(heft_tokenizer_has(t, 8));
    heft_tokenizer_close(t);
    release_add(
        "tokenizer_config.json",
        "{\"tokenizer_class\":\"LlamaTokenizer\",\"add_bos_token\":false,\"add_eos_token\":true}");
    t = open_tokenizer(dir);
    assert_ids(t, heft_str_of("a"), 0, "6 2");
    heft_tokenizer_close(t);
}

static void a_model_that_is_not_understood_is_refused_by_name(void **state)
{
    static const struct {
        piece more;
        uint64_t type;
        const char *expected;
    } row[] = {
        { { "x", 0, NORMAL }, 3, "model_type is 3, heft knows unigram (1) and bpe (2)" },
        { { "x", 0, 7 }, 1, "piece 8 is not a string, a finite score and a type" },
        { { "", 0, NORMAL }, 1, "piece 8 is not a string" },
        { { "a\xff", 0, NORMAL }, 1, "piece 8 is not a string" },
        { { "x", INFINITY, NORMAL }, 1, "piece 8 is not a string" },
        { { "a", 0, NORMAL }, 1, "pieces 4 and 8 are both a" },
        { { "x", 0, UNKNOWN }, 1, "two pieces are the unknown one" },
        { { "x", 0, UNUSED }, 2, "piece 8 (x) is unused, which heft does not know in a BPE model" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *message = refusal(model_of(row[i].more, row[i].type));
        if (!strstr(message, row[i].expected))
            fail_msg("%zu: \"%s\" lacks \"%s\"", i, message, row[i].expected);
    }
}

/* B33 */
static void a_hostile_sentencepiece_file_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *expected;
    } row[] = {
        { "\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "cut short" },
        { "\n\xff\xff\xff\xff\x0f", 6, "cut short" },
        { "\n\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 11, "cut short" },
        { "\n\x05\n\xff\xff\xff\x7f", 7, "piece 0 is not a string" },
        { "\x12\x02\x18\x01", 4, "there are no pieces" },
        { "\n\x03\n\x01"
          "a",
          5, "no piece is the unknown one" },
    };
    (void)state;
    const char *dir = release_empty();
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        release_add_bytes("tokenizer.model", (heft_str){ row[i].bytes, row[i].n });
        const char *message = refusal(dir);
        if (!strstr(message, row[i].expected))
            fail_msg("%zu: \"%s\" lacks \"%s\"", i, message, row[i].expected);
    }
}

/* ---- tiktoken and tekken ---- */

static void a_tiktoken_file_that_is_not_understood_is_refused_by_name(void **state)
{
    static const struct {
        const char *text, *class, *expected;
    } row[] = {
        { "YQ== 0\n", "FutureTokenizer", "its pattern is that of the class FutureTokenizer" },
        { "YQ== 0\nYQ= 1\n", "QWenTokenizer", "qwen.tiktoken: line 2: YQ= 1 is not a token" },
        { "YQ==\n", "QWenTokenizer", "line 1: YQ== is not a token in Base64 and its rank" },
        { "YQ== -1\n", "QWenTokenizer", "is not a token in Base64 and its rank" },
        { "YQ== 99999999\n", "QWenTokenizer", "is not a token in Base64 and its rank" },
        { "YQ== 0\nYg== 0\n", "QWenTokenizer", "line 2: rank 0 stands twice" },
        { "YQ== 0\nYQ== 1\n", "QWenTokenizer", "tokens 0 and 1 are the same bytes" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char config[128];
        const char *dir = release_empty();
        (void)snprintf(config, sizeof config, "{\"tokenizer_class\":\"%s\"}", row[i].class);
        release_add("tokenizer_config.json", config);
        release_add("qwen.tiktoken", row[i].text);
        const char *message = refusal(dir);
        if (!strstr(message, row[i].expected))
            fail_msg("%zu: \"%s\" lacks \"%s\"", i, message, row[i].expected);
    }
}

static void a_tekken_file_that_is_not_understood_is_refused_by_name(void **state)
{
#define CONFIG                                                                                     \
    "{\"config\":{\"pattern\":\"a\",\"default_vocab_size\":5,\"default_num_special_tokens\":4}"
    static const struct {
        const char *text, *expected;
    } row[] = {
        { "{}", "config.pattern is missing" },
        { "{\"config\":{\"pattern\":\"a\"}}", "config.default_num_special_tokens is missing" },
        { CONFIG "}", "vocab is missing" },
        { CONFIG ",\"vocab\":[]}", "vocab, of the size that config names, is missing" },
        { CONFIG ",\"vocab\":[{\"rank\":1,\"token_bytes\":\"YQ==\"}]}",
          "element 0 of vocab is not rank 0" },
        { CONFIG ",\"vocab\":[{\"rank\":0,\"token_bytes\":\"YQ\u00e9\"}]}", "bytes in Base64" },
        { CONFIG ",\"special_tokens\":[{\"rank\":4,\"token_str\":\"x\"}],\"vocab\":[]}",
          "an element of special_tokens is missing" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *dir = release_empty();
        release_add("tekken.json", row[i].text);
        const char *message = refusal(dir);
        if (!strstr(message, row[i].expected))
            fail_msg("%zu: \"%s\" lacks \"%s\"", i, message, row[i].expected);
    }
    const char *dir = release_empty();
    release_add("tekken.json", CONFIG ",\"vocab\":[{\"rank\":0,\"token_bytes\":\"YQ==\"}]}");
    heft_tokenizer *t = open_tokenizer(dir);
    assert_ids(t, heft_str_of("aa"), 0, "1 4 4");
    assert_text(t, "3 4", true, heft_str_of("[INST]a"));
    heft_tokenizer_close(t);
#undef CONFIG
}

/* ---- B32: tokenizer.json made to hurt ---- */

#define MODEL "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"\u00e9\":2},\"merges\":[]}"

static void deep_and_wrong_files_are_refused_by_name(void **state)
{
    static const struct {
        const char *text, *expected;
    } row[] = {
        { "{" MODEL ",\"added_tokens\":[{\"id\":2147483647,\"content\":\"x\"}]}",
          "added_tokens.id is 2147483647, 0 to" },
        { "{" MODEL ",\"added_tokens\":[{\"id\":3,\"content\":\"\\ud800\"}]}", "surrogate" },
        { "{" MODEL ",\"added_tokens\":[{\"id\":3,\"content\":\"\xff\"}]}", "UTF-8" },
    };
    heft_buf b = heft_buf_of(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *message = refusal(release_with(row[i].text));
        if (!strstr(message, row[i].expected))
            fail_msg("%zu: \"%s\" lacks \"%s\"", i, message, row[i].expected);
    }
    heft_buf_z(&b, "{" MODEL ",\"normalizer\":");
    for (int i = 0; i < 1000; i++)
        heft_buf_z(&b, "{\"type\":\"Sequence\",\"normalizers\":[");
    assert_non_null(strstr(refusal(release_with(b.p)), "deep"));
    b.n = 0;
    heft_buf_z(&b, "{" MODEL
                   ",\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"}");
    for (int i = 0; i < 100; i++)
        heft_buf_z(&b, ",{\"type\":\"NFC\"}");
    heft_buf_z(&b, "]}}");
    assert_non_null(strstr(refusal(release_with(b.p)), "more than 32 normalizers"));
    heft_buf_free(&b);
}

static void an_added_token_without_text_is_none(void **state)
{
    (void)state;
    heft_tokenizer *t = open_tokenizer(release_with(
        "{" MODEL ",\"added_tokens\":[{\"id\":3,\"content\":\"\",\"special\":true}]}"));
    assert_ids(t, heft_str_of("ab"), BARE | HEFT_TOKENIZE_PARSE_SPECIAL, "0 1");
    assert_false(heft_tokenizer_has(t, 3));
    heft_tokenizer_close(t);
}

static void a_pattern_that_backtracks_for_ever_is_a_named_error(void **state)
{
    char text[64];
    heft_error err = { 0 };
    int32_t *ids = NULL;
    size_t n = 0;
    (void)state;
    heft_tokenizer *t = open_tokenizer(release_with(
        "{" MODEL ",\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a|a|aa)+$\"},"
        "\"behavior\":\"Isolated\"}}"));
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 'b';
    assert_int_equal(heft_tokenize(t, text, sizeof text, 0, &ids, &n, &err), HEFT_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "(a|a|aa)+$"));
    heft_tokenizer_close(t);
}

static void a_hundred_thousand_added_tokens_are_one_look(void **state)
{
    enum { N = 100 * 1000 };
    heft_buf b = heft_buf_of(1 << 24);
    (void)state;
    heft_buf_z(&b, "{" MODEL ",\"added_tokens\":[");
    for (int i = 0; i < N; i++)
        heft_buf_printf(&b, "%s{\"id\":%d,\"content\":\"<%d>\",\"special\":true}", i ? "," : "",
                        i + 3, i);
    heft_buf_z(&b, "]}");
    heft_tokenizer *t = open_tokenizer(release_with(b.p));
    assert_ids(t, heft_str_of("a<99999>b"), BARE | HEFT_TOKENIZE_PARSE_SPECIAL, "0 100002 1");
    heft_tokenizer_close(t);
    heft_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_models_of_sentencepiece_cut_by_their_scores),
        cmocka_unit_test(what_stands_beside_a_model_is_added),
        cmocka_unit_test(a_model_that_is_not_understood_is_refused_by_name),
        cmocka_unit_test(a_hostile_sentencepiece_file_is_refused),
        cmocka_unit_test(a_tiktoken_file_that_is_not_understood_is_refused_by_name),
        cmocka_unit_test(a_tekken_file_that_is_not_understood_is_refused_by_name),
        cmocka_unit_test(deep_and_wrong_files_are_refused_by_name),
        cmocka_unit_test(an_added_token_without_text_is_none),
        cmocka_unit_test(a_pattern_that_backtracks_for_ever_is_a_named_error),
        cmocka_unit_test(a_hundred_thousand_added_tokens_are_one_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* GGUF vocabularies of real models, against the ids their own reference gives. */
#include "base/file.h"
#include "base/mem.h"
#include "format/write.h"
#include "texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_FILE = 1 << 20, TEXTS = 46 };

static char *read_shared(const char *name, size_t *n)
{
    char *text = NULL;
    heft_error err = { 0 };
    if (heft_read_file(shared_data(name), MAX_FILE, &text, n, &err)) fail_msg("%s", err.text);
    return text;
}

/* Every text of NAME.gguf.inp gives the ids of the same line of NAME.gguf.out; where the vocabulary
 * can say every text, they give it back. */
static void check(const char *name, bool round)
{
    static const char mark[] = "\n__ggml_vocab_test__\n";
    char path[256];
    size_t n_in, n_out;
    (void)snprintf(path, sizeof path, "tokenizers/ggml-vocab-%s.gguf", name);
    heft_tokenizer *t = open_tokenizer(shared_data(path));
    (void)snprintf(path, sizeof path, "tokenizers/ggml-vocab-%s.gguf.inp", name);
    char *in = read_shared(path, &n_in);
    (void)snprintf(path, sizeof path, "tokenizers/ggml-vocab-%s.gguf.out", name);
    char *out = read_shared(path, &n_out), *line = out;
    int texts = 0;
    for (char *p = in, *next; p; p = next, texts++) {
        next = strstr(p, mark);
        heft_str text = { p, next ? (size_t)(next - p) : strlen(p) };
        if (next) next += strlen(mark);
        if (!text.n && !next) break; /* what follows the last mark */
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = 0;
        while (*line == ' ')
            line++;
        assert_ids(t, text, HEFT_TOKENIZE_NO_SPECIAL, line);
        if (round) assert_text(t, line, false, text);
        line = end + 1;
    }
    assert_int_equal(texts, TEXTS);
    heft_free(in);
    heft_free(out);
    heft_tokenizer_close(t);
}

static void the_llama_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("llama-spm", true);
}

static void the_gpt2_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("gpt-2", true);
}

static void the_deepseek_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("deepseek-llm", true);
}

static void the_starcoder_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("starcoder", true);
}

static void the_bert_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("bert-bge", false);
}

static void the_mpt_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("mpt", true);
}

/* ---- files of our own ---- */

enum { U32 = 4, I32 = 5, F32 = 6, BOOL = 7, STRING = 8, ARRAY = 9, MAX_TOKENS = 32, MAX_KV = 16 };
enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, BYTE = 6 };

typedef struct {
    const char *text;
    int32_t type;
    float score;
} token;

/* A small file: tokens end with a NULL text, merges with a NULL. */
typedef struct {
    const char *model, *pre;
    token token[MAX_TOKENS];
    const char *merge[MAX_TOKENS];
    int32_t bos, eos;                  /* -1: none */
    int32_t add_bos, add_space_prefix; /* -1: not said */
} vocabulary;

static heft_write_kv array_of(const char *key, uint32_t element, uint64_t n, const void *array)
{
    return (
        heft_write_kv){ .key = key, .type = ARRAY, .element = element, .n = n, .v.array = array };
}

/* The path of the file. Static storage. */
static const char *written(const vocabulary *v)
{
    static char path[512];
    heft_str text[MAX_TOKENS], merge[MAX_TOKENS];
    int32_t type[MAX_TOKENS];
    float score[MAX_TOKENS];
    uint64_t n = 0, n_merges = 0;
    for (; v->token[n].text; n++) {
        text[n] = heft_str_of(v->token[n].text);
        type[n] = v->token[n].type;
        score[n] = v->token[n].score;
    }
    for (; v->merge[n_merges]; n_merges++)
        merge[n_merges] = heft_str_of(v->merge[n_merges]);
    heft_write_kv kv[MAX_KV] = {
        { .key = "general.architecture", .type = STRING, .v.str = "llama" },
        { .key = "tokenizer.ggml.model", .type = STRING, .v.str = v->model },
        array_of("tokenizer.ggml.tokens", STRING, n, text),
        array_of("tokenizer.ggml.token_type", I32, n, type),
        array_of("tokenizer.ggml.scores", F32, n, score),
        array_of("tokenizer.ggml.merges", STRING, n_merges, merge),
    };
    int64_t k = 6;
    if (v->pre)
        kv[k++] = (heft_write_kv){ .key = "tokenizer.ggml.pre", .type = STRING, .v.str = v->pre };
    if (v->bos >= 0)
        kv[k++] = (heft_write_kv){ .key = "tokenizer.ggml.bos_token_id",
                                   .type = U32,
                                   .v.u = (uint64_t)v->bos };
    if (v->eos >= 0)
        kv[k++] = (heft_write_kv){ .key = "tokenizer.ggml.eos_token_id",
                                   .type = U32,
                                   .v.u = (uint64_t)v->eos };
    if (v->add_bos >= 0)
        kv[k++] = (heft_write_kv){ .key = "tokenizer.ggml.add_bos_token",
                                   .type = BOOL,
                                   .v.u = (uint64_t)v->add_bos };
    if (v->add_space_prefix >= 0)
        kv[k++] = (heft_write_kv){ .key = "tokenizer.ggml.add_space_prefix",
                                   .type = BOOL,
                                   .v.u = (uint64_t)v->add_space_prefix };
    heft_error err = { 0 };
    (void)snprintf(path, sizeof path, "%s/vocabulary-%d.gguf", HEFT_BINARY_DIR, (int)getpid());
    if (heft_gguf_write(path, 3, 32, kv, k, NULL, 0, &err)) fail_msg("%s", err.text);
    return path;
}

static const vocabulary small_llama = {
    .model = "llama",
    .token = { { "<unk>", UNKNOWN, 0 },
               { "<s>", CONTROL, 0 },
               { "</s>", CONTROL, 0 },
               { "<", NORMAL, -9 },
               { "s", NORMAL, -9 },
               { ">", NORMAL, -9 },
               { "<s", NORMAL, -1 },
               { "\u2581", NORMAL, -9 },
               { "a", NORMAL, -9 },
               { "b", NORMAL, -9 },
               { "ab", NORMAL, -2 },
               { "ba", NORMAL, -1 },
               { "bab", NORMAL, -3 },
               { "<0xFF>", BYTE, 0 },
               { "<tool>", USER_DEFINED, 0 },
               { "<|im_end|>", CONTROL, 0 } },
    .bos = 1,
    .eos = 2,
    .add_bos = -1,
    .add_space_prefix = -1,
};

static const vocabulary small_gpt2 = {
    .model = "gpt2",
    .pre = "gpt-2",
    .token = { { "a", NORMAL, 0 },
               { "b", NORMAL, 0 },
               { "ab", NORMAL, 0 },
               { "Ġ", NORMAL, 0 },
               { "Ġa", NORMAL, 0 },
               { "ÿ", NORMAL, 0 },
               { "<|endoftext|>", CONTROL, 0 },
               { "  x", USER_DEFINED, 0 },
               { "bb", NORMAL, 0 } },
    .merge = { "a b", "Ġ a", "b b" },
    .bos = -1,
    .eos = 6,
    .add_bos = -1,
    .add_space_prefix = -1,
};

static void the_best_score_merges_first_then_the_leftmost(void **state)
{
    (void)state;
    heft_tokenizer *t = open_tokenizer(written(&small_llama));
    assert_ids(t, heft_str_of("abab"), HEFT_TOKENIZE_NO_SPECIAL, "7 8 12");
    assert_ids(t, heft_str_of("baba"), 0, "1 7 11 11");
    assert_text(t, "1 7 11 11", false, heft_str_of("baba"));
    assert_text(t, "7 7 8", false, heft_str_of(" a"));
    heft_tokenizer_close(t);
}

static void text_never_merges_into_a_control_token(void **state)
{
    (void)state;
    heft_tokenizer *t = open_tokenizer(written(&small_llama));
    assert_ids(t, heft_str_of("<s>"), HEFT_TOKENIZE_NO_SPECIAL, "7 6 5");
    assert_ids(t, heft_str_of("<s>a"), HEFT_TOKENIZE_NO_SPECIAL | HEFT_TOKENIZE_PARSE_SPECIAL,
               "1 7 8");
    assert_ids(t, heft_str_of("a<tool>a"), HEFT_TOKENIZE_NO_SPECIAL, "7 8 14 7 8");
    assert_ids(t,
               (heft_str){ "a\xff"
                           "a",
                           3 },
               HEFT_TOKENIZE_NO_SPECIAL, "7 8 13 8");
    heft_tokenizer_close(t);
}

static void a_positive_score_is_better_than_a_negative_one(void **state)
{
    (void)state;
    vocabulary v = small_llama;
    v.token[10].score = 2;  /* ab */
    v.token[11].score = 1;  /* ba */
    v.token[12].score = -1; /* bab */
    heft_tokenizer *t = open_tokenizer(written(&v));
    assert_ids(t, heft_str_of("baba"), HEFT_TOKENIZE_NO_SPECIAL, "7 12 8");
    heft_tokenizer_close(t);
}

static void what_the_file_says_of_spaces_and_bos_is_done(void **state)
{
    (void)state;
    vocabulary v = small_llama;
    v.add_bos = 0;
    v.add_space_prefix = 0;
    heft_tokenizer *t = open_tokenizer(written(&v));
    assert_ids(t, heft_str_of("a a"), 0, "8 7 8");
    assert_text(t, "7 8", false, heft_str_of(" a"));
    assert_int_equal(heft_tokenizer_bos(t), 1);
    heft_tokenizer_close(t);
}

static void end_of_text_and_end_of_turn_end_a_generation(void **state)
{
    (void)state;
    heft_tokenizer *t = open_tokenizer(written(&small_llama));
    for (int32_t id = 0; id < heft_tokenizer_size(t); id++)
        assert_int_equal(heft_tokenizer_is_end(t, id), id == 2 || id == 15);
    heft_tokenizer_close(t);
}

static void byte_level_files_decode_to_the_bytes(void **state)
{
    (void)state;
    heft_tokenizer *t = open_tokenizer(written(&small_gpt2));
    assert_ids(t, heft_str_of("ab a abb"), 0, "2 4 3 2 1");
    assert_ids(t, heft_str_of("a  xb"), 0, "0 7 1");
    assert_ids(t, (heft_str){ "b\xff", 2 }, 0, "1 5");
    assert_text(t, "2 4 7 5", false, (heft_str){ "ab a  x\xff", 8 });
    assert_text(t, "0 6", false, heft_str_of("a"));
    assert_text(t, "0 6", true, heft_str_of("a<|endoftext|>"));
    heft_tokenizer_close(t);
}

static void a_vocabulary_that_is_not_understood_is_refused_by_name(void **state)
{
    (void)state;
    vocabulary v = small_gpt2;
    v.pre = "pre-of-the-future";
    assert_non_null(strstr(refusal(written(&v)),
                           "tokenizer.ggml.pre is pre-of-the-future, which heft does not know"));
    v = small_gpt2;
    v.model = "rwkv";
    assert_non_null(
        strstr(refusal(written(&v)),
               "tokenizer.ggml.model is rwkv, heft knows gpt2, gemma4, llama, bert and t5"));
    v = small_gpt2;
    v.eos = 99;
    assert_non_null(strstr(refusal(written(&v)),
                           "tokenizer.ggml.eos_token_id is 99, an id below 9 is expected"));
    v = small_gpt2;
    v.add_bos = 1;
    assert_non_null(strstr(refusal(written(&v)), "tokenizer.ggml.bos_token_id is missing"));
    v = small_gpt2;
    v.merge[1] = "a z";
    assert_non_null(
        strstr(refusal(written(&v)), "merge 1 (a + z): the right part is not in the vocabulary"));
    v = small_gpt2;
    v.token[0].type = 77;
    assert_non_null(strstr(refusal(written(&v)), "element 0 of tokenizer.ggml.token_type"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_llama_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_gpt2_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_deepseek_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_starcoder_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_bert_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_mpt_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_best_score_merges_first_then_the_leftmost),
        cmocka_unit_test(a_positive_score_is_better_than_a_negative_one),
        cmocka_unit_test(text_never_merges_into_a_control_token),
        cmocka_unit_test(what_the_file_says_of_spaces_and_bos_is_done),
        cmocka_unit_test(end_of_text_and_end_of_turn_end_a_generation),
        cmocka_unit_test(byte_level_files_decode_to_the_bytes),
        cmocka_unit_test(a_vocabulary_that_is_not_understood_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

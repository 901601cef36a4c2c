/* GGUF vocabularies of real models, against the ids their own reference gives. */
#include "base/file.h"
#include "base/mem.h"
#include "texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_FILE = 1 << 20, TEXTS = 46 };

static char *read_shared(const char *name, size_t *n)
{
    char *text = NULL;
    heft_error err = { 0 };
    if (heft_read_file(shared_data(name), MAX_FILE, &text, n, &err)) fail_msg("%s", err.text);
    return text;
}

/* Every text of NAME.gguf.inp gives the ids of the same line of NAME.gguf.out, and they give the
 * text back. */
static void check(const char *name)
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
        assert_text(t, line, false, text);
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
    check("llama-spm");
}

static void the_gpt2_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("gpt-2");
}

static void the_deepseek_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("deepseek-llm");
}

static void the_starcoder_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("starcoder");
}

static void the_mpt_vocabulary_gives_the_reference_ids(void **state)
{
    (void)state;
    check("mpt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_llama_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_gpt2_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_deepseek_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_starcoder_vocabulary_gives_the_reference_ids),
        cmocka_unit_test(the_mpt_vocabulary_gives_the_reference_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

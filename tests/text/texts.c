/* What the tests of tokenizers share. */
#include "texts.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "text/tokenizer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

const char *const gguf_names[] = {
    "default",        "llama-bpe",   "dbrx",         "qwen2",
    "qwen35",         "laguna",      "ufakzeka",     "seed-coder",
    "bailingmoe",     "minicpm5",    "deepseek-llm", "falcon",
    "poro-chat",      "deepseek-v3", "starcoder",    "gpt-2",
    "deepseek-coder", "viking",      "tekken",       "gpt-4o",
    "chameleon",      "glm5",        "jais-2",       "granite-embed-multi-97m",
    "tiny_aya",       "youtu",       "afmoe",        "kimi-k2",
    "superbpe",       "gemma4",      "sarvam-moe",   "whitespace",
    "spark2_5",       "exaone-moe",  NULL,
};

const char *shared_data(const char *name)
{
    static char path[4096];
    const char *root = getenv("HEFT_TEST_DATA");
    (void)snprintf(path, sizeof path, "%s/%s", root ? root : HEFT_SOURCE_DIR "/../shared/data",
                   name);
    if (!heft_is_file(path)) {
        print_message("skipped: %s is not there (set HEFT_TEST_DATA)\n", path);
        skip();
    }
    return path;
}

static const char *const known[] = {
    "tokenizer.json", "tokenizer_config.json", "generation_config.json",
    "config.json",    "added_tokens.json",     "tokenizer.model",
    "tiktoken.model", "qwen.tiktoken",         "tekken.json"
};

static const char *release_dir(void)
{
    static char dir[512];
    (void)snprintf(dir, sizeof dir, "%s/release-%d", HEFT_BINARY_DIR, (int)getpid());
    return dir;
}

void release_add_bytes(const char *name, heft_str content)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", release_dir(), name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content.p, 1, content.n, f), content.n);
    assert_int_equal(fclose(f), 0);
}

void release_add(const char *name, const char *content)
{
    release_add_bytes(name, heft_str_of(content));
}

const char *release_empty(void)
{
    char path[600];
    assert_true(mkdir(release_dir(), 0777) == 0 || errno == EEXIST);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", release_dir(), known[i]);
        (void)remove(path);
    }
    return release_dir();
}

const char *release_with(const char *tokenizer_json)
{
    (void)release_empty();
    release_add("tokenizer.json", tokenizer_json);
    return release_dir();
}

heft_tokenizer *open_tokenizer(const char *path)
{
    heft_tokenizer *t = NULL;
    heft_error err = { 0 };
    if (heft_tokenizer_open(path, NULL, &t, &err)) fail_msg("%s: %s", path, err.text);
    return t;
}

const char *refusal(const char *path)
{
    static heft_error err;
    heft_tokenizer *t = NULL;
    err = (heft_error){ 0 };
    heft_status st = heft_tokenizer_open(path, NULL, &t, &err);
    heft_tokenizer_close(t);
    assert_int_not_equal(st, HEFT_OK);
    assert_int_equal(st, err.code);
    return err.text;
}

static void print_ids(heft_buf *b, const int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        heft_buf_printf(b, i ? " %d" : "%d", (int)ids[i]);
    heft_buf_z(b, "");
}

void assert_ids(const heft_tokenizer *t, heft_str text, unsigned flags, const char *ids)
{
    heft_error err = { 0 };
    int32_t *got = NULL;
    size_t n = 0;
    heft_buf b = heft_buf_of(SIZE_MAX / 4);
    if (heft_tokenize(t, text.p, text.n, flags, &got, &n, &err))
        fail_msg("\"%.*s\": %s", (int)text.n, text.p, err.text);
    print_ids(&b, got, n);
    if (strcmp(b.p, ids) != 0)
        fail_msg("\"%.*s\" gives\n    %s\nand should give\n    %s", (int)text.n, text.p, b.p, ids);
    heft_buf_free(&b);
    heft_release(got);
}

/* Decimal ids; free with free. */
static int32_t *parse_ids(const char *text, size_t *n)
{
    int32_t *ids = calloc(strlen(text) / 2 + 1, sizeof *ids);
    char *end;
    assert_non_null(ids);
    for (*n = 0;; text = end) {
        long id = strtol(text, &end, 10);
        if (end == text) return ids;
        ids[(*n)++] = (int32_t)id;
    }
}

void assert_text(const heft_tokenizer *t, const char *ids, bool special, heft_str text)
{
    heft_error err = { 0 };
    char *got = NULL;
    size_t n = 0, n_ids, n_streamed = 0;
    int32_t *id = parse_ids(ids, &n_ids);
    if (heft_detokenize(t, id, n_ids, special, &got, &n, &err)) fail_msg("%s: %s", ids, err.text);
    if (n != text.n || memcmp(got, text.p, n) != 0)
        fail_msg("%s give \"%s\" and should give \"%.*s\"", ids, got, (int)text.n, text.p);
    assert_int_equal(got[n], 0);
    heft_stream s = { .t = t, .special = special };
    char *out = malloc(n + 2 * heft_stream_max(t));
    assert_non_null(out);
    for (size_t i = 0; i < n_ids; i++) {
        n_streamed += heft_stream_next(&s, id[i], out + n_streamed);
        assert_true(heft_utf8_whole((heft_str){ out, n_streamed }) == n_streamed);
    }
    if (heft_utf8_valid(text)) n_streamed += heft_stream_end(&s, out + n_streamed);
    if (heft_utf8_valid(text) && (n_streamed != n || memcmp(out, got, n) != 0))
        fail_msg("%s stream as \"%.*s\", at once they are \"%s\"", ids, (int)n_streamed, out, got);
    free(out);
    free(id);
    heft_release(got);
}

/* Long texts of one kind: the time must grow with the length, not with its square. Without the
 * argument "all" whole tokenizers see texts of a fifth of the length, patterns the full one. */
#include "base/file.h"
#include "base/mem.h"
#include "text/pipeline.h"
#include "texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SHORT = 100 * 1000, LONG = 10 * SHORT, TIMES = 15, CHANCES = 4 };

static size_t part = 5; /* of these lengths that whole tokenizers see */

/* Again and again, and what comes then: some patterns look for it from every place before. */
typedef struct {
    const char *unit, *end;
} filling;

static const filling fillings[] = {
    { "a", "" },
    { "A", "1" },
    { " ", "" },
    { " ", "a" },
    { " ", "中" },
    { "\t", "." },
    { "\u3000", "x" },
    { "\n", "" },
    { " \n", "a" },
    { "7", "" },
    { "7", "a" },
    { "٣", "²" },
    { "😀", "" },
    { "e\u0301", "" },
    { "\u0301", "" },
    { "中", "a" },
    { "'", "s" },
    { "aB", "" },
    { "donaudampfschifffahrt", "" },
    { "a ", "" },
};

enum { FILLINGS = sizeof fillings / sizeof *fillings };

/* Of this process alone: the machine may be busy with other things. */
static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Up to n bytes of the filling. Static storage. */
static heft_str text_of(const filling *f, size_t n)
{
    static char text[LONG];
    const size_t step = strlen(f->unit), end = strlen(f->end), bytes = (n - end) / step * step;
    for (size_t i = 0; i < bytes; i++)
        text[i] = f->unit[i % step];
    memcpy(text + bytes, f->end, end);
    return (heft_str){ text, bytes + end };
}

/* Ten is linear, a hundred quadratic; below a millisecond a clock says nothing. */
static bool grew_evenly(double few, double many)
{
    return many <= TIMES * (few > 1e-3 ? few : 1e-3);
}

/* ---- whole tokenizers ---- */

/* Seconds for n bytes; negative where the vocabulary cannot express them. */
static double time_of(const heft_tokenizer *t, const filling *f, size_t n)
{
    const heft_str text = text_of(f, n);
    heft_error err = { 0 };
    int32_t *ids = NULL;
    size_t n_ids = 0;
    double begin = seconds();
    heft_status st = heft_tokenize(t, text.p, text.n, 0, &ids, &n_ids, &err);
    double taken = seconds() - begin;
    if (st && st != HEFT_E_ARG) fail_msg("\"%s\": %s", f->unit, err.text);
    heft_release(ids);
    return st ? -1 : taken;
}

static bool tokenizes_evenly(const heft_tokenizer *t, const filling *f)
{
    for (int i = 0; i < CHANCES; i++) {
        double few = time_of(t, f, SHORT / part);
        if (few < 0 || grew_evenly(few, time_of(t, f, LONG / part))) return true;
    }
    return false;
}

static void check(const char *name, heft_tokenizer *t)
{
    static const filling more[] = { { "<tool_", "" }, { "\xff", "" } };
    for (size_t i = 0; i < FILLINGS; i++)
        if (!tokenizes_evenly(t, &fillings[i]))
            fail_msg("%s: \"%s\" and \"%s\"", name, fillings[i].unit, fillings[i].end);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (!tokenizes_evenly(t, &more[i])) fail_msg("%s: \"%s\"", name, more[i].unit);
    heft_tokenizer_close(t);
}

static char *read_golden(const char *name, const char *suffix, size_t *n)
{
    char path[1024], *text = NULL;
    heft_error err = { 0 };
    (void)snprintf(path, sizeof path, HEFT_SOURCE_DIR "/tests/text/golden/%s%s", name, suffix);
    if (heft_read_file(path, 1 << 22, &text, n, &err)) fail_msg("%s", err.text);
    return text;
}

static void the_time_of_every_kind_of_tokenizer_grows_with_the_text(void **state)
{
    static const char *const names[] = {
        "gpt2",         "llama3",       "qwen2",        "llama2",      "metaspace",  "fused",
        "deepseek",     "falcon",       "mixed",        "bert",        "bert-cased", "bert-accents",
        "wordlevel",    "folded",       "t5",           "xlmr",        "albert",     "scripts",
        "openai-gpt",   "clip",         "ctc",          "delimited",   "kimi",       "classes",
        "punctuation0", "punctuation1", "punctuation2", "bytes-first",
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n;
        char *spec = read_golden(names[i], ".json", &n);
        check(names[i], open_tokenizer(release_with(spec)));
        heft_free(spec);
    }
}

static void the_time_of_every_other_container_grows_with_the_text(void **state)
{
    static const struct {
        const char *name, *suffix, *file;
        bool has_config;
    } kinds[] = {
        { "spm-unigram", ".model", "tokenizer.model", false },
        { "spm-bytes", ".model", "tokenizer.model", false },
        { "spm-bpe", ".model", "tokenizer.model", false },
        { "spm-llama", ".model", "tokenizer.model", false },
        { "spm-suffix", ".model", "tokenizer.model", false },
        { "qwen", ".tiktoken", "qwen.tiktoken", true },
        { "kimi-k2", ".tiktoken", "tiktoken.model", true },
        { "tekken", ".tekken", "tekken.json", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n, n_config;
        char *file = read_golden(kinds[i].name, kinds[i].suffix, &n), *config = NULL;
        const char *dir = release_empty();
        if (kinds[i].has_config) config = read_golden(kinds[i].name, ".config", &n_config);
        if (config) release_add("tokenizer_config.json", config);
        release_add_bytes(kinds[i].file, (heft_str){ file, n });
        check(kinds[i].name, open_tokenizer(dir));
        heft_free(file);
        heft_free(config);
    }
}

static void the_time_of_published_gguf_vocabularies_grows_with_the_text(void **state)
{
    static const char *const names[] = { "bert-bge",  "deepseek-llm", "gpt-2",    "gpt-neox",
                                         "llama-spm", "mpt",          "starcoder" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "tokenizers/ggml-vocab-%s.gguf", names[i]);
        check(names[i], open_tokenizer(shared_data(name)));
    }
}

/* ---- patterns alone ---- */

/* Seconds for all matches in n bytes. */
static double time_of_pattern(const heft_pattern *p, const filling *f, size_t n)
{
    heft_run r = { .newer = false };
    heft_spans spans = heft_spans_of(p, text_of(f, n));
    heft_error err = { 0 };
    double begun = seconds();
    for (bool more = true, match; more;) {
        heft_str span;
        if (heft_spans_next(&spans, &r, &more, &span, &match, &err)) fail_msg("%s", err.text);
    }
    double taken = seconds() - begun;
    heft_run_clear(&r);
    return taken;
}

static bool matches_evenly(const heft_pattern *p, const filling *f)
{
    for (int i = 0; i < CHANCES; i++)
        if (grew_evenly(time_of_pattern(p, f, SHORT), time_of_pattern(p, f, LONG))) return true;
    return false;
}

static void check_pattern(const char *pattern, heft_regex_dialect dialect)
{
    heft_error err = { 0 };
    heft_pattern p = { .literal = heft_str_of(pattern) };
    if (heft_regex_open(p.literal, dialect, &p.regex, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < FILLINGS; i++)
        if (!matches_evenly(&p, &fillings[i]))
            fail_msg("%s of \"%s\" and \"%s\"", pattern, fillings[i].unit, fillings[i].end);
    heft_regex_close(p.regex);
}

static void the_time_of_every_pattern_behind_a_gguf_name_grows_with_the_text(void **state)
{
    (void)state;
    for (size_t i = 0; gguf_names[i]; i++) {
        const heft_gguf_pre *pre = heft_gguf_pre_find(heft_str_of(gguf_names[i]));
        for (int p = 0; p < 6 && pre->pattern[p]; p++)
            check_pattern(pre->pattern[p], HEFT_REGEX_RUST);
    }
}

/* What releases split at, and no golden tokenizer does. */
static void the_time_of_published_patterns_grows_with_the_text(void **state)
{
    static const char *const patterns[] = {
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| "
        "?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s{512}(?!\\\\S)|"
        "\\\\s{256}(?!\\\\S)|\\\\s{128}(?!\\\\S)|\\\\s{64}(?!\\\\S)|\\\\s{32}(?!\\\\S)|"
        "\\\\s{16}(?!\\\\S)|\\\\s{8}(?!\\\\S)|\\\\s{4}(?!\\\\S)|\\\\s{1,2}(?!\\\\S)|\\\\s{1}",
        "\\\\d{1,3}(?=(?:\\\\d{3})*\\\\b)", "(?=(\\\\d{3})+(?!\\\\d))", "\\\\s+$"
    };
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        char spec[2048];
        (void)snprintf(spec, sizeof spec,
                       "{\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"%s\"},"
                       " \"behavior\": \"Isolated\", \"invert\": false},"
                       " \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [],"
                       " \"unk_token\": \"a\", \"fuse_unk\": true}}",
                       patterns[i]);
        check(patterns[i], open_tokenizer(release_with(spec)));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_of_every_kind_of_tokenizer_grows_with_the_text),
        cmocka_unit_test(the_time_of_every_other_container_grows_with_the_text),
        cmocka_unit_test(the_time_of_published_gguf_vocabularies_grows_with_the_text),
        cmocka_unit_test(the_time_of_every_pattern_behind_a_gguf_name_grows_with_the_text),
        cmocka_unit_test(the_time_of_published_patterns_grows_with_the_text),
    };
    if (argc == 2 && strcmp(argv[1], "all") == 0) part = 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

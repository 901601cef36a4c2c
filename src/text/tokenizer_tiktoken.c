/* Reading tiktoken files and Mistral's tekken.json: byte-level BPE whose ids are the ranks.
 *
 * A merge is allowed where its result is a token, and the token with the lowest id is made first,
 * so the score of a token is its negated id. The references are tiktoken and mistral-common. */
#include "text/pipeline.h"

#include "base/base64.h"
#include "base/bounds.h"
#include "base/file.h"
#include "format/json.h"

#include <stdio.h>
#include <string.h>

/* ---- what both have ---- */

/* Give a token its bytes, each as the character that stands for it. */
static heft_status add_token(heft_tokenizer *t, int32_t id, heft_str bytes, heft_error *err)
{
    heft_buf text = heft_buf_of(2 * (size_t)HEFT_MAX_TOKEN_BYTES);
    int32_t old = -1;
    for (size_t i = 0; i < bytes.n; i++) {
        char utf8[4];
        heft_buf_add(&text, utf8, heft_utf8_encode(heft_char_of_byte((uint8_t)bytes.p[i]), utf8));
    }
    heft_status st = heft_buf_check(&text, "a token", err);
    if (!st) st = heft_vocab_set(&t->vocab, id, (heft_str){ text.p, text.n }, 0, err);
    if (!st) st = heft_vocab_index(&t->vocab, id, &old, err);
    if (!st && old >= 0)
        st =
            heft_fail(err, HEFT_E_FORMAT, "tokens %d and %d are the same bytes", (int)old, (int)id);
    heft_buf_free(&text);
    return st;
}

static heft_status add_special(heft_tokenizer *t, int32_t id, heft_str s, heft_error *err)
{
    heft_status st = heft_vocab_set(&t->vocab, id, s, HEFT_TOKEN_LITERAL, err);
    return st ? st : heft_add_added(t, (heft_added){ .id = id, .special = true }, err);
}

static heft_status finish(heft_tokenizer *t, heft_str pattern, heft_error *err)
{
    heft_bpe *b = &t->bpe;
    heft_bpe_begin(b, &t->vocab);
    b->ignore_merges = true;
    b->score = heft_alloc((size_t)t->vocab.size, sizeof *b->score);
    if (!b->score) return heft_nomem(err, "scores");
    for (int32_t id = 0; id < t->vocab.size; id++)
        b->score[id] = (float)-id; /* exact: HEFT_MAX_VOCAB is below 2^24 */
    t->byte_level = true;
    heft_status st = heft_add_regex(t, pattern, HEFT_REGEX_RUST, HEFT_ISOLATED, false, err);
    if (!st) st = heft_add_split(t, (heft_split){ .run = heft_split_bytes }, err);
    return st ? st : heft_add_undo(t, (heft_undo){ .apply = heft_undo_bytes }, err);
}

/* ---- tiktoken ---- */

#define SHORT "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define HEAD  "[^\\r\\n\\p{L}\\p{N}]?"
#define TAIL  " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]"

/* The programs that come with tiktoken files, by the name of their class. */
typedef struct {
    const char *class;
    const char *pattern;
    const char *special[4]; /* the first ids behind the ranks, ended by NULL ... */
    const char *more;       /* ... then these, each with its number and "|>" */
    int32_t n_more;
    bool by_id; /* numbered by their ids, not from 0 */
    bool cuts;  /* long runs are cut before the pattern sees them */
} program;

static const program programs[] = {
    { .class = "QWenTokenizer",
      .pattern = SHORT "|" HEAD "\\p{L}+|\\p{N}|" TAIL,
      .special = { "<|endoftext|>", "<|im_start|>", "<|im_end|>" },
      .more = "<|extra_",
      .n_more = 205 },
    { .class = "TikTokenTokenizer",
      .pattern = "[\\p{Han}]+|" HEAD UPPER "*" LOWER "+" SHORT "?|" HEAD UPPER "+" LOWER "*" SHORT
                 "?|\\p{N}{1,3}|" TAIL,
      .more = "<|reserved_token_",
      .n_more = 258,
      .by_id = true,
      .cuts = true },
};

/* One line: Base64, a space, the rank. */
static heft_status read_line(heft_tokenizer *t, heft_str line, heft_buf *bytes, heft_error *err)
{
    const char *space = memchr(line.p, ' ', line.n);
    size_t n = space ? (size_t)(space - line.p) : line.n;
    int64_t rank = 0;
    bool ok = space && n + 1 < line.n && line.n - n <= 9;
    for (size_t i = n + 1; i < line.n && ok; i++) {
        ok = line.p[i] >= '0' && line.p[i] <= '9';
        rank = 10 * rank + (line.p[i] - '0');
    }
    bytes->n = 0;
    ok = ok && heft_base64_decode((heft_str){ line.p, n }, bytes) && bytes->n;
    if (!ok || rank >= HEFT_MAX_VOCAB)
        return heft_fail(err, HEFT_E_FORMAT, "%s is not a token in Base64 and its rank",
                         heft_show(line).text);
    if (heft_vocab_flags(&t->vocab, (int32_t)rank))
        return heft_fail(err, HEFT_E_FORMAT, "rank %d stands twice", (int)rank);
    heft_status st = heft_buf_check(bytes, "a token", err);
    return st ? st : add_token(t, (int32_t)rank, (heft_str){ bytes->p, bytes->n }, err);
}

static heft_status read_lines(heft_tokenizer *t, heft_str text, const char *name, heft_error *err)
{
    heft_buf bytes = heft_buf_of(HEFT_MAX_TOKEN_BYTES);
    heft_status st = HEFT_OK;
    for (int32_t line = 1; text.n && !st; line++) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        if (n) st = read_line(t, (heft_str){ text.p, n }, &bytes, err);
        if (st) st = heft_context(err, st, "%s: line %d", name, (int)line);
        text.p += n + (end != NULL);
        text.n -= n + (end != NULL);
    }
    heft_buf_free(&bytes);
    return st;
}

/* The program whose class tokenizer_config.json names. */
static heft_status find_program(const char *dir, const char *name, const program **out,
                                heft_error *err)
{
    heft_arena arena = { 0 };
    heft_value *config = NULL;
    heft_status st = heft_tokenizer_beside(&arena, dir, "tokenizer_config.json", &config, err);
    const heft_value *class = heft_value_get(config, "tokenizer_class");
    heft_str s = class && class->kind == HEFT_V_STRING ? class->str : heft_str_of("(not named)");
    *out = NULL;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (heft_str_is(s, programs[i].class)) *out = &programs[i];
    if (!st && !*out)
        st = heft_fail(err, HEFT_E_UNSUPPORTED,
                       "%s: its pattern is that of the class %s, heft knows those of QWenTokenizer "
                       "and TikTokenTokenizer",
                       name, heft_show(s).text);
    heft_arena_clear(&arena);
    return st;
}

/* The special tokens that stand in the program; the ids behind the ranks that have none yet. */
static heft_status add_specials(heft_tokenizer *t, const program *p, int32_t first, heft_error *err)
{
    heft_status st = HEFT_OK;
    int32_t named = 0;
    while (named < 4 && p->special[named])
        named++;
    for (int32_t i = 0; i < named + p->n_more && !st; i++) {
        char text[48];
        int32_t id = first + i;
        if (heft_vocab_flags(&t->vocab, id)) continue;
        if (i < named)
            (void)snprintf(text, sizeof text, "%s", p->special[i]);
        else
            (void)snprintf(text, sizeof text, "%s%d|>", p->more, (int)(p->by_id ? id : i - named));
        st = add_special(t, id, heft_str_of(text), err);
    }
    return st;
}

heft_status heft_tokenizer_read_tiktoken(heft_tokenizer *t, const char *dir, const char *name,
                                         const heft_log *log, heft_error *err)
{
    char path[4096];
    char *text = NULL;
    size_t n = 0;
    const program *p = NULL;
    heft_status st = heft_path_join(path, sizeof path, dir, heft_str_of(name), err);
    if (!st) st = heft_read_file(path, HEFT_MAX_TOKENIZER_BYTES, &text, &n, err);
    if (!st) st = find_program(dir, name, &p, err);
    if (!st) st = read_lines(t, (heft_str){ text, n }, name, err);
    heft_free(text);
    int32_t ranks = t->vocab.size;
    if (!st && ranks + p->n_more + 4 > HEFT_MAX_VOCAB)
        st = heft_fail(err, HEFT_E_FORMAT, "%s: there are too many tokens", name);
    if (!st && p->cuts) st = heft_add_split(t, (heft_split){ .run = heft_split_runs }, err);
    if (!st) st = finish(t, heft_str_of(p->pattern), err);
    if (!st) st = heft_tokenizer_read_beside(t, dir, name, false, log, err);
    return st ? st : add_specials(t, p, ranks, err);
}

/* ---- tekken.json ---- */

static heft_status missing(const char *what, heft_error *err)
{
    return heft_fail(err, HEFT_E_FORMAT, "tekken.json: %s is missing, or not what it should be",
                     what);
}

static bool is_id(const heft_value *v)
{
    return v && v->kind == HEFT_V_INT && v->n >= 0 && v->n < HEFT_MAX_VOCAB;
}

/* Special tokens: by the file, or those of its first version, and fillers for the rest. */
static heft_status add_control(heft_tokenizer *t, const heft_value *list, int32_t n,
                               heft_error *err)
{
    static const char *const old[] = {
        "<unk>",
        "<s>",
        "</s>",
        "[INST]",
        "[/INST]",
        "[AVAILABLE_TOOLS]",
        "[/AVAILABLE_TOOLS]",
        "[TOOL_RESULTS]",
        "[/TOOL_RESULTS]",
        "[TOOL_CALLS]",
        "[IMG]",
        "<pad>",
        "[IMG_BREAK]",
        "[IMG_END]",
        "[PREFIX]",
        "[MIDDLE]",
        "[SUFFIX]",
        "[SYSTEM_PROMPT]",
        "[/SYSTEM_PROMPT]",
        "[TOOL_CONTENT]",
    };
    bool given = list && list->kind == HEFT_V_ARRAY;
    heft_status st = HEFT_OK;
    for (const heft_value *v = given ? list->child : NULL; v && !st; v = v->next) {
        const heft_value *rank = heft_value_get(v, "rank"), *s = heft_value_get(v, "token_str");
        if (!is_id(rank) || rank->n >= n || !s || s->kind != HEFT_V_STRING || !s->str.n)
            return missing("an element of special_tokens", err);
        if (heft_vocab_flags(&t->vocab, (int32_t)rank->n))
            return missing("a rank of special_tokens of its own", err);
        st = add_special(t, (int32_t)rank->n, s->str, err);
    }
    for (int32_t id = 0; id < n && !st; id++) {
        char text[32];
        if (heft_vocab_flags(&t->vocab, id)) continue;
        bool known = !given && id < (int32_t)(sizeof old / sizeof *old);
        (void)snprintf(text, sizeof text, "<SPECIAL_%d>", (int)id);
        if (known) (void)snprintf(text, sizeof text, "%s", old[id]);
        st = add_special(t, id, heft_str_of(text), err);
    }
    return st;
}

static heft_status add_vocab(heft_tokenizer *t, const heft_value *list, int32_t special, int32_t n,
                             heft_error *err)
{
    heft_buf bytes = heft_buf_of(HEFT_MAX_TOKEN_BYTES);
    heft_status st = HEFT_OK;
    int32_t i = 0;
    for (const heft_value *v = list->child; v && i < n && !st; v = v->next, i++) {
        const heft_value *rank = heft_value_get(v, "rank"), *s = heft_value_get(v, "token_bytes");
        bytes.n = 0;
        bool ok = is_id(rank) && rank->n == i && s && s->kind == HEFT_V_STRING
                  && heft_base64_decode(s->str, &bytes) && bytes.n;
        if (!ok)
            st = heft_fail(err, HEFT_E_FORMAT,
                           "tekken.json: element %d of vocab is not rank %d and bytes in Base64",
                           (int)i, (int)i);
        if (!st) st = heft_buf_check(&bytes, "a token", err);
        if (!st) st = add_token(t, special + i, (heft_str){ bytes.p, bytes.n }, err);
    }
    heft_buf_free(&bytes);
    return !st && i < n ? missing("vocab, of the size that config names,", err) : st;
}

static heft_status read_tekken(heft_tokenizer *t, const heft_value *root, heft_error *err)
{
    const heft_value *config = heft_value_get(root, "config"),
                     *vocab = heft_value_get(root, "vocab");
    const heft_value *pattern = heft_value_get(config, "pattern"),
                     *size = heft_value_get(config, "default_vocab_size"),
                     *special = heft_value_get(config, "default_num_special_tokens");
    if (!pattern || pattern->kind != HEFT_V_STRING) return missing("config.pattern", err);
    if (!is_id(special) || special->n < 3) return missing("config.default_num_special_tokens", err);
    if (!is_id(size) || size->n <= special->n) return missing("config.default_vocab_size", err);
    if (!vocab || vocab->kind != HEFT_V_ARRAY) return missing("vocab", err);
    int32_t n = (int32_t)special->n;
    heft_status st = add_control(t, heft_value_get(root, "special_tokens"), n, err);
    if (!st) st = add_vocab(t, vocab, n, (int32_t)size->n - n, err);
    if (!st) st = finish(t, pattern->str, err);
    for (int32_t i = 0; i < t->n_added && !st; i++) {
        heft_str s = heft_vocab_str(&t->vocab, t->added[i].id);
        if (heft_str_is(s, "<s>")) t->bos = t->added[i].id;
        if (heft_str_is(s, "</s>")) st = heft_add_end(t, t->added[i].id, err);
    }
    return st || t->bos < 0 ? st : heft_ids_add(&t->before, t->bos, err);
}

heft_status heft_tokenizer_read_tekken(heft_tokenizer *t, const char *dir, const char *name,
                                       const heft_log *log, heft_error *err)
{
    char path[4096];
    char *text = NULL;
    size_t n = 0;
    heft_arena arena = { 0 };
    heft_value *root = NULL;
    heft_status st = heft_path_join(path, sizeof path, dir, heft_str_of(name), err);
    if (!st) st = heft_read_file(path, HEFT_MAX_TOKENIZER_BYTES, &text, &n, err);
    if (!st) st = heft_json_tree(&arena, text, n, 0, name, &root, err);
    if (!st) st = read_tekken(t, root, err);
    heft_arena_clear(&arena);
    heft_free(text);
    return st ? st : heft_tokenizer_read_beside(t, dir, name, true, log, err);
}

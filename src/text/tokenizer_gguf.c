/* Reading the tokenizer of a GGUF file: models "gpt2" and "gemma4" (BPE by merges), "llama" (BPE by
 * scores), "bert" (words) and "t5" (Unigram).
 *
 * The reference is llama.cpp. Where it would let text become a control token (one that pieces of
 * text merge into), heft does not: control tokens cannot be found by the model. Where it takes the
 * beginning of a user-defined token of t5 for the whole of it, so that a character map skips what
 * follows, heft does not either. */
#include "text/pipeline.h"

#include "base/bounds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KEY(name) "tokenizer.ggml." name

/* The values of tokenizer.ggml.token_type. */
enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5, BYTE = 6 };

static heft_status get_bool(const heft_source *s, const char *key, bool *out, heft_error *err)
{
    const heft_value *v = heft_value_get(s->config, key);
    if (!v) return HEFT_OK;
    if (v->kind != HEFT_V_BOOL)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is %s, a boolean is expected", s->path, key,
                         heft_value_kind_name(v->kind));
    *out = v->n != 0;
    return HEFT_OK;
}

/* Absent: *out is untouched. */
static heft_status get_id(const heft_source *s, const heft_tokenizer *t, const char *key,
                          int32_t *out, heft_error *err)
{
    const heft_value *v = heft_value_get(s->config, key);
    if (!v) return HEFT_OK;
    if (v->kind != HEFT_V_INT || v->n < 0 || v->n >= t->vocab.size)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is %lld, an id below %d is expected", s->path,
                         key, (long long)v->n, (int)t->vocab.size);
    *out = (int32_t)v->n;
    return HEFT_OK;
}

/* An array of exactly n elements. */
static heft_status open_array(const heft_source *s, const char *key, uint64_t n, heft_gguf_array *a,
                              heft_error *err)
{
    if (!heft_gguf_array_open(s, key, a))
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is missing", s->path, key);
    if (a->n != n)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s has %llu elements, the vocabulary %llu",
                         s->path, key, (unsigned long long)a->n, (unsigned long long)n);
    return HEFT_OK;
}

static heft_status wrong_element(const heft_source *s, const char *key, uint64_t i, heft_error *err)
{
    return heft_fail(err, HEFT_E_FORMAT, "%s: element %llu of %s is not of its kind or range",
                     s->path, (unsigned long long)i, key);
}

/* ---- the vocabulary ---- */

static heft_status read_tokens(heft_tokenizer *t, const heft_source *s, heft_error *err)
{
    heft_gguf_array a;
    if (!heft_gguf_array_open(s, KEY("tokens"), &a))
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is missing", s->path, KEY("tokens"));
    if (a.n == 0 || a.n > HEFT_MAX_VOCAB)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s has %llu elements, 1 to %d are expected",
                         s->path, KEY("tokens"), (unsigned long long)a.n, (int)HEFT_MAX_VOCAB);
    heft_status st = HEFT_OK;
    int32_t n = (int32_t)a.n;
    for (int32_t id = 0; id < n && !st; id++) {
        heft_str text;
        if (!heft_gguf_next_str(&a, &text))
            return wrong_element(s, KEY("tokens"), (uint64_t)id, err);
        st = heft_vocab_set(&t->vocab, id, text, 0, err);
    }
    return st;
}

static uint32_t flags_of(int64_t type)
{
    switch (type) {
    case UNKNOWN:
    case CONTROL: return HEFT_TOKEN_SPECIAL | HEFT_TOKEN_ADDED | HEFT_TOKEN_LITERAL;
    case USER_DEFINED: return HEFT_TOKEN_ADDED | HEFT_TOKEN_LITERAL;
    case BYTE: return HEFT_TOKEN_BYTE;
    default: return 0;
    }
}

/* Converters fill the vocabulary up to the rows of the embedding with "[PAD" id "]". The release
 * has no such tokens, so neither has heft. */
static bool is_filler(const heft_vocab *v, int32_t id)
{
    char filler[32];
    (void)snprintf(filler, sizeof filler, "[PAD%d]", (int)id);
    return heft_str_is(heft_vocab_str(v, id), filler);
}

static heft_status read_types(heft_tokenizer *t, const heft_source *s, heft_error *err)
{
    heft_gguf_array a;
    int32_t size = t->vocab.size;
    int64_t type;
    if (!heft_value_get(s->config, KEY("token_type"))) return HEFT_OK; /* all are normal */
    heft_status st = open_array(s, KEY("token_type"), (uint64_t)size, &a, err);
    for (int32_t id = 0; id < size && !st; id++) {
        if (!heft_gguf_next_int(&a, &type) || type < 0 || type > BYTE)
            return wrong_element(s, KEY("token_type"), (uint64_t)id, err);
        if (type == UNUSED && is_filler(&t->vocab, id)) t->vocab.token[id].flags = 0;
        t->vocab.token[id].flags |= flags_of(type);
        t->n_added += (t->vocab.token[id].flags & HEFT_TOKEN_ADDED) != 0;
    }
    return st;
}

/* Added tokens, and what the model may find: everything but control tokens. */
static heft_status index_tokens(heft_tokenizer *t, heft_error *err)
{
    heft_status st = HEFT_OK;
    t->added = heft_alloc((size_t)t->n_added, sizeof *t->added);
    if (!t->added) return heft_nomem(err, "added tokens");
    t->n_added = 0;
    for (int32_t id = 0; id < t->vocab.size && !st; id++) {
        uint32_t flags = heft_vocab_flags(&t->vocab, id);
        bool special = flags & HEFT_TOKEN_SPECIAL;
        int32_t old; /* of two equal strings the later is found */
        if (!special && flags) st = heft_vocab_index(&t->vocab, id, &old, err);
        if ((flags & HEFT_TOKEN_ADDED) && heft_vocab_str(&t->vocab, id).n)
            t->added[t->n_added++] = (heft_added){ .id = id, .special = special };
    }
    return st;
}

/* What follows what a model says of itself. */
typedef struct {
    bool add_bos, add_eos, add_sep;
    int32_t eos, sep; /* defaults; -1: none */
} habits;

static heft_status read_scores(const heft_tokenizer *t, const heft_source *s, float **out,
                               heft_error *err)
{
    heft_gguf_array a;
    heft_status st = open_array(s, KEY("scores"), (uint64_t)t->vocab.size, &a, err);
    if (st) return st;
    *out = heft_alloc((size_t)t->vocab.size, sizeof **out);
    if (!*out) return heft_nomem(err, "scores");
    for (int32_t id = 0; id < t->vocab.size; id++) {
        double score;
        if (!heft_gguf_next_real(&a, &score) || !isfinite(score))
            return wrong_element(s, KEY("scores"), (uint64_t)id, err);
        (*out)[id] = (float)score;
    }
    return HEFT_OK;
}

static heft_status read_merges(heft_tokenizer *t, const heft_source *s, heft_error *err)
{
    enum { AT_ONCE = 256 };
    heft_gguf_array a;
    heft_str line, pair[2 * AT_ONCE];
    heft_status st = HEFT_OK;
    if (!heft_gguf_array_open(s, KEY("merges"), &a))
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is missing", s->path, KEY("merges"));
    for (uint64_t i = 0, n = a.n; i < n && !st;) {
        size_t k = 0;
        for (; k < AT_ONCE && i < n; k++, i++) {
            if (!heft_gguf_next_str(&a, &line)) return wrong_element(s, KEY("merges"), i, err);
            /* A token may begin with a space in vocabularies that do not stand for bytes. */
            const char *space = line.n ? memchr(line.p + 1, ' ', line.n - 1) : NULL;
            if (!space) return wrong_element(s, KEY("merges"), i, err);
            pair[2 * k] = (heft_str){ line.p, (size_t)(space - line.p) };
            pair[2 * k + 1] = (heft_str){ space + 1, line.n - pair[2 * k].n - 1 };
        }
        st = heft_bpe_merge(&t->bpe, pair, k, false, err);
    }
    return st ? heft_context(err, st, "%s", s->path) : HEFT_OK;
}

/* ---- the models ---- */

static const char mark[] = "\xe2\x96\x81"; /* U+2581, a space in a vocabulary */

/* Spaces become marks, and back. */
static heft_status add_marks(heft_tokenizer *t, heft_error *err)
{
    const heft_str space = heft_str_of(" ");
    const heft_rewrite escape = { .apply = heft_rewrite_replace,
                                  .pattern = { .literal = space },
                                  .content = heft_str_of(mark) };
    const heft_undo unescape = { .apply = heft_undo_replace,
                                 .pattern = { .literal = heft_str_of(mark) },
                                 .to = space };
    heft_status st = heft_add_rewrite(t, escape, err);
    return st ? st : heft_add_undo(t, unescape, err);
}

static heft_status add_byte_level(heft_tokenizer *t, heft_error *err)
{
    t->byte_level = true;
    heft_status st = heft_add_split(t, (heft_split){ .run = heft_split_bytes }, err);
    return st ? st : heft_add_undo(t, (heft_undo){ .apply = heft_undo_bytes }, err);
}

static heft_status add_pre(heft_tokenizer *t, const heft_gguf_pre *pre, heft_error *err)
{
    static const heft_range ascii[] = { { '0', '9' } };
    static const heft_ranges ascii_digits = { "0-9", ascii, 1 };
    const heft_split thousands = {
        .run = heft_split_thousands,
        .pattern = { .set = pre->digits == HEFT_CUT_WHOLE ? &ascii_digits : &heft_unicode_numeric },
        .grouping = pre->digits
    };
    heft_status st = pre->escapes ? add_marks(t, err) : HEFT_OK;
    if (!st && pre->digits) st = heft_add_split(t, thousands, err);
    for (size_t i = 0; i < sizeof pre->pattern / sizeof *pre->pattern && pre->pattern[i] && !st;
         i++)
        st = heft_add_regex(t, heft_str_of(pre->pattern[i]), HEFT_REGEX_RUST, HEFT_ISOLATED, false,
                            err);
    if (!st && !pre->raw) st = add_byte_level(t, err);
    if (!st && pre->raw)
        st = heft_add_undo(t, (heft_undo){ .apply = heft_undo_byte_fallback }, err);
    t->bpe.byte_fallback = pre->raw;
    t->bpe.ignore_merges = pre->ignore_merges;
    t->bpe.whole_lines = pre->whole_lines;
    return st;
}

static heft_status read_bpe(heft_tokenizer *t, const heft_source *s, heft_str pre_name, habits *h,
                            heft_error *err)
{
    const heft_gguf_pre *pre = heft_gguf_pre_find(pre_name);
    if (!pre)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s is %s, which heft does not know", s->path,
                         KEY("pre"), heft_show(pre_name).text);
    heft_bpe_begin(&t->bpe, &t->vocab);
    heft_status st = read_merges(t, s, err);
    h->add_bos = pre->add_bos;
    return st ? st : add_pre(t, pre, err);
}

static heft_status read_gpt2(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                             habits *h, heft_error *err)
{
    const heft_value *v = heft_value_get(s->config, KEY("pre"));
    if (!v)
        heft_warn(log, "%s: %s is missing: text is split as \"default\" says", s->path, KEY("pre"));
    return read_bpe(t, s, v && v->kind == HEFT_V_STRING ? v->str : heft_str_of("default"), h, err);
}

static heft_status read_gemma4(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                               habits *h, heft_error *err)
{
    (void)log;
    return read_bpe(t, s, heft_str_of("gemma4"), h, err);
}

static heft_status read_llama(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                              habits *h, heft_error *err)
{
    bool prefix = true;
    const heft_rewrite prepend = { .apply = heft_rewrite_prepend, .content = heft_str_of(mark) };
    (void)log;
    heft_bpe_begin(&t->bpe, &t->vocab);
    heft_status st = read_scores(t, s, &t->bpe.score, err);
    if (!st) st = get_bool(s, KEY("add_space_prefix"), &prefix, err);
    if (!st && prefix) st = heft_add_rewrite(t, prepend, err);
    if (!st) st = add_marks(t, err);
    if (!st) st = heft_add_undo(t, (heft_undo){ .apply = heft_undo_byte_fallback }, err);
    t->strip = heft_str_of(" ");
    t->n_strip = prefix;
    t->bpe.byte_fallback = true;
    h->add_bos = true;
    return st;
}

static heft_status read_bert(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                             habits *h, heft_error *err)
{
    enum { CLS = 101, SEP = 102, UNK = 100 }; /* where a file does not say */
    bool lower = true, accents;
    const heft_split space = { .run = heft_split_pattern,
                               .pattern = { .set = &heft_unicode_space },
                               .behaviour = HEFT_REMOVED };
    const heft_undo unescape = { .apply = heft_undo_replace,
                                 .pattern = { .literal = heft_str_of(mark) },
                                 .to = heft_str_of(" ") };
    (void)log;
    t->model = HEFT_MODEL_WORDS;
    t->words.begin = heft_str_of(mark);
    t->words.most = SIZE_MAX;
    t->words.unknown = UNK < t->vocab.size ? UNK : -1;
    t->bos = CLS < t->vocab.size ? CLS : -1;
    t->replaces_invalid = true;
    t->strip = heft_str_of(" ");
    t->n_strip = 1;
    *h = (habits){ .add_bos = true, .add_sep = true, .eos = -1, .sep = SEP };
    heft_status st = get_bool(s, KEY("normalizer.lowercase"), &lower, err);
    accents = lower;
    if (!st) st = get_bool(s, KEY("normalizer.strip_accents"), &accents, err);
    const heft_rewrite words = { .apply = heft_rewrite_words, .left = lower, .right = accents };
    if (!st) st = heft_add_rewrite(t, words, err);
    if (!st) st = heft_add_split(t, space, err);
    if (!st) st = heft_add_undo(t, unescape, err);
    if (!st) st = get_id(s, t, KEY("cls_token_id"), &t->bos, err);
    return st ? st : heft_words_begin(&t->words, &t->vocab, err);
}

/* The bytes of tokenizer.ggml.precompiled_charsmap, in the arena. */
static heft_status read_charsmap(heft_tokenizer *t, const heft_source *s, heft_charsmap *map,
                                 heft_error *err)
{
    heft_gguf_array a;
    int64_t byte;
    if (!heft_gguf_array_open(s, KEY("precompiled_charsmap"), &a)) return HEFT_OK;
    if (a.n > HEFT_MAX_TOKENIZER_BYTES)
        return wrong_element(s, KEY("precompiled_charsmap"), a.n, err);
    size_t n = (size_t)a.n;
    char *blob = heft_arena_alloc(&t->arena, n, 1);
    if (!blob) return heft_nomem(err, "a map of characters");
    for (size_t i = 0; i < n; i++) {
        if (!heft_gguf_next_int(&a, &byte))
            return wrong_element(s, KEY("precompiled_charsmap"), i, err);
        blob[i] = (char)byte;
    }
    heft_status st = heft_charsmap_open(map, (heft_str){ blob, n }, err);
    return st ? heft_context(err, st, "%s", s->path) : HEFT_OK;
}

/* Scores of t5: as in the file; a user-defined token's is 0, an unknown character's below all. */
static heft_status read_unigram_scores(heft_tokenizer *t, const heft_source *s, heft_error *err)
{
    enum { PENALTY = 10 };
    float *score = NULL, worst = INFINITY;
    heft_status st = read_scores(t, s, &score, err);
    if (!st) {
        t->unigram.score = heft_alloc((size_t)t->vocab.size, sizeof *t->unigram.score);
        if (!t->unigram.score) st = heft_nomem(err, "scores");
    }
    for (int32_t id = 0; id < t->vocab.size && !st; id++) {
        uint32_t flags = heft_vocab_flags(&t->vocab, id);
        bool user = (flags & HEFT_TOKEN_ADDED) && !(flags & HEFT_TOKEN_SPECIAL);
        t->unigram.score[id] = user ? 0 : (double)score[id];
        if (flags == HEFT_TOKEN_HERE) worst = fminf(worst, score[id]);
    }
    t->unigram.unknown_score = (double)(worst - PENALTY);
    heft_free(score);
    return st;
}

static heft_status read_t5(heft_tokenizer *t, const heft_source *s, const heft_log *log, habits *h,
                           heft_error *err)
{
    enum { EOS = 1, UNK = 2 }; /* where a file does not say */
    bool prefix = false, squeeze = false;
    heft_charsmap *map = heft_arena_alloc(&t->arena, 1, sizeof *map);
    heft_status st = map ? read_charsmap(t, s, map, err) : heft_nomem(err, "a map of characters");
    (void)log;
    t->model = HEFT_MODEL_UNIGRAM;
    t->replaces_invalid = true;
    t->unigram.unknown = UNK < t->vocab.size ? UNK : -1;
    *h = (habits){ .add_eos = true, .eos = EOS, .sep = -1 };
    if (!st) st = get_bool(s, KEY("add_space_prefix"), &prefix, err);
    if (!st) st = get_bool(s, KEY("remove_extra_whitespaces"), &squeeze, err);
    const heft_rewrite w = { .apply = heft_rewrite_sentencepiece,
                             .map = map,
                             .sp = { .prefix = prefix || squeeze,
                                     .squeeze = squeeze,
                                     .late = true,
                                     .space = heft_str_of(mark) } };
    const heft_undo unescape = { .apply = heft_undo_replace,
                                 .pattern = { .literal = heft_str_of(mark) },
                                 .to = heft_str_of(" ") };
    if (!st) st = heft_add_rewrite(t, w, err);
    if (!st) st = heft_add_undo(t, unescape, err);
    t->strip = heft_str_of(" ");
    t->n_strip = prefix || squeeze;
    if (!st) st = read_unigram_scores(t, s, err);
    return st ? st : heft_unigram_begin(&t->unigram, &t->vocab, err);
}

/* ---- beginning and end ---- */

/* Control tokens that end a turn in the templates of their families. */
static const char *const turn_ends[] = {
    "<|eot_id|>",        "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
    "<|end_of_text|>",   "<|eom_id|>", "<|eot|>", "<|eom|>",       "<EOT>",
    "< EOT >",           "<_EOT>",     "<turn|>", "<|return|>",    "<｜end▁of▁sentence｜>",
    "<end_of_utterance>"
};

static heft_status read_ends(heft_tokenizer *t, const heft_source *s, heft_error *err)
{
    static const char *const keys[] = { KEY("eos_token_id"), KEY("eot_token_id"),
                                        KEY("eom_token_id") };
    heft_status st = HEFT_OK;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !st; i++) {
        int32_t id = -1;
        st = get_id(s, t, keys[i], &id, err);
        if (!st && id >= 0) st = heft_add_end(t, id, err);
    }
    for (int32_t i = 0; i < t->n_added && !st; i++) {
        if (!t->added[i].special) continue;
        heft_str text = heft_vocab_str(&t->vocab, t->added[i].id);
        for (size_t k = 0; k < sizeof turn_ends / sizeof *turn_ends && !st; k++)
            if (heft_str_is(text, turn_ends[k])) st = heft_add_end(t, t->added[i].id, err);
    }
    return st;
}

/* The unknown token of the model that is used. */
static int32_t *unknown_of(heft_tokenizer *t)
{
    switch (t->model) {
    case HEFT_MODEL_BPE: break;
    case HEFT_MODEL_WORDS: return &t->words.unknown;
    case HEFT_MODEL_UNIGRAM: return &t->unigram.unknown;
    }
    return &t->bpe.unknown;
}

/* Add one token before or after, which must be there. */
static heft_status add_around(const heft_source *s, const char *key, bool wanted, int32_t id,
                              heft_ids *to, heft_error *err)
{
    if (!wanted) return HEFT_OK;
    if (id >= 0) return heft_ids_add(to, id, err);
    return heft_fail(err, HEFT_E_FORMAT, "%s: the tokenizer adds a token, and %s is missing",
                     s->path, key);
}

static heft_status read_ids(heft_tokenizer *t, const heft_source *s, habits h, heft_error *err)
{
    /* Words have their classifying token and their separator whatever the file says of BOS and EOS.
     */
    bool words = t->model == HEFT_MODEL_WORDS;
    int32_t eos = h.eos < t->vocab.size ? h.eos : -1, sep = h.sep < t->vocab.size ? h.sep : -1;
    heft_status st = get_id(s, t, KEY("bos_token_id"), &t->bos, err);
    if (!st) st = get_id(s, t, KEY("eos_token_id"), &eos, err);
    if (!st) st = get_id(s, t, KEY("seperator_token_id"), &sep, err);
    if (!st) st = get_id(s, t, KEY("unknown_token_id"), unknown_of(t), err);
    if (!st && !words) st = get_bool(s, KEY("add_bos_token"), &h.add_bos, err);
    if (!st && !words) st = get_bool(s, KEY("add_eos_token"), &h.add_eos, err);
    if (!st) st = add_around(s, KEY("bos_token_id"), h.add_bos, t->bos, &t->before, err);
    if (!st) st = add_around(s, KEY("eos_token_id"), h.add_eos, eos, &t->after, err);
    if (!st) st = add_around(s, KEY("seperator_token_id"), h.add_sep, sep, &t->after, err);
    return st ? st : read_ends(t, s, err);
}

heft_status heft_tokenizer_read_gguf(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                                     heft_error *err)
{
    static const struct {
        const char *name;
        heft_status (*read)(heft_tokenizer *t, const heft_source *s, const heft_log *log, habits *h,
                            heft_error *err);
    } known[] = { { "gpt2", read_gpt2 },
                  { "gemma4", read_gemma4 },
                  { "llama", read_llama },
                  { "bert", read_bert },
                  { "t5", read_t5 } };
    const heft_value *v = heft_value_get(s->config, KEY("model"));
    heft_str model = v && v->kind == HEFT_V_STRING ? v->str : heft_str_of("");
    habits h = { .eos = -1, .sep = -1 };
    size_t i = 0, n = sizeof known / sizeof *known;
    while (i < n && !heft_str_is(model, known[i].name))
        i++;
    if (i == n)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "%s: %s is %s, heft knows gpt2, gemma4, llama, bert and t5", s->path,
                         KEY("model"), heft_show(model).text);
    heft_status st = read_tokens(t, s, err);
    if (!st) st = read_types(t, s, err);
    if (!st) st = index_tokens(t, err);
    if (!st) st = known[i].read(t, s, log, &h, err);
    return st ? st : read_ids(t, s, h, err);
}

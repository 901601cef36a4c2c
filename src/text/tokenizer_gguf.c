/* Reading the tokenizer of a GGUF file: models "gpt2" (byte-level BPE) and "llama" (SentencePiece
 * BPE by scores).
 *
 * The reference is llama.cpp. Where it would let text become a control token (one that pieces of
 * text merge into), heft does not: control tokens cannot be found by the model. */
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

static heft_status read_scores(heft_tokenizer *t, const heft_source *s, heft_error *err)
{
    heft_gguf_array a;
    heft_status st = open_array(s, KEY("scores"), (uint64_t)t->vocab.size, &a, err);
    if (st) return st;
    t->bpe.score = heft_alloc((size_t)t->vocab.size, sizeof *t->bpe.score);
    if (!t->bpe.score) return heft_nomem(err, "scores");
    for (int32_t id = 0; id < t->vocab.size; id++) {
        double score;
        if (!heft_gguf_next_real(&a, &score) || !isfinite(score))
            return wrong_element(s, KEY("scores"), (uint64_t)id, err);
        t->bpe.score[id] = (float)score;
    }
    return HEFT_OK;
}

static heft_status read_merges(heft_tokenizer *t, const heft_source *s, heft_error *err)
{
    heft_gguf_array a;
    heft_str line;
    if (!heft_gguf_array_open(s, KEY("merges"), &a))
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is missing", s->path, KEY("merges"));
    for (uint64_t i = 0, n = a.n; i < n; i++) {
        if (!heft_gguf_next_str(&a, &line)) return wrong_element(s, KEY("merges"), i, err);
        /* A token may begin with a space in the vocabularies that do not stand for bytes. */
        const char *space = line.n ? memchr(line.p + 1, ' ', line.n - 1) : NULL;
        if (!space) return wrong_element(s, KEY("merges"), i, err);
        heft_str left = { line.p, (size_t)(space - line.p) },
                 right = { space + 1, line.n - left.n - 1 };
        heft_status st = heft_bpe_merge(&t->bpe, left, right, false, err);
        if (st) return heft_context(err, st, "%s", s->path);
    }
    return HEFT_OK;
}

/* ---- the two models ---- */

static heft_status read_gpt2(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                             bool *add_bos, heft_error *err)
{
    const heft_value *v = heft_value_get(s->config, KEY("pre"));
    heft_str name = v && v->kind == HEFT_V_STRING ? v->str : heft_str_of("default");
    if (!v)
        heft_warn(log, "%s: %s is missing: text is split as \"default\" says", s->path, KEY("pre"));
    const heft_gguf_pre *pre = heft_gguf_pre_find(name);
    if (!pre)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s is %s, which heft does not know", s->path,
                         KEY("pre"), heft_show(name).text);
    heft_status st = read_merges(t, s, err);
    for (size_t i = 0; i < sizeof pre->pattern / sizeof *pre->pattern && pre->pattern[i] && !st;
         i++)
        st = heft_add_regex(t, heft_str_of(pre->pattern[i]), HEFT_REGEX_RUST, HEFT_ISOLATED, false,
                            err);
    if (!st) st = heft_add_split(t, (heft_split){ .run = heft_split_bytes }, err);
    if (!st) st = heft_add_undo(t, (heft_undo){ .apply = heft_undo_bytes }, err);
    t->byte_level = true;
    t->bpe.ignore_merges = pre->ignore_merges;
    *add_bos = pre->add_bos;
    return st;
}

static heft_status read_llama(heft_tokenizer *t, const heft_source *s, bool *add_bos,
                              heft_error *err)
{
    const heft_str mark = heft_str_of("\xe2\x96\x81"), space = heft_str_of(" ");
    bool prefix = true;
    heft_rewrite prepend = { .apply = heft_rewrite_prepend, .content = mark };
    heft_rewrite replace = { .apply = heft_rewrite_replace,
                             .pattern = { .literal = space },
                             .content = mark };
    heft_status st = read_scores(t, s, err);
    if (!st) st = get_bool(s, KEY("add_space_prefix"), &prefix, err);
    if (!st && prefix) st = heft_add_rewrite(t, prepend, err);
    if (!st) st = heft_add_rewrite(t, replace, err);
    if (!st)
        st = heft_add_undo(
            t,
            (heft_undo){ .apply = heft_undo_replace, .pattern = { .literal = mark }, .to = space },
            err);
    if (!st) st = heft_add_undo(t, (heft_undo){ .apply = heft_undo_byte_fallback }, err);
    t->strip = space;
    t->n_strip = prefix;
    t->bpe.byte_fallback = true;
    *add_bos = true;
    return st;
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

static heft_status read_ids(heft_tokenizer *t, const heft_source *s, bool add_bos, heft_error *err)
{
    int32_t eos = -1;
    bool add_eos = false;
    heft_status st = get_id(s, t, KEY("bos_token_id"), &t->bos, err);
    if (!st) st = get_id(s, t, KEY("eos_token_id"), &eos, err);
    if (!st) st = get_id(s, t, KEY("unknown_token_id"), &t->bpe.unknown, err);
    if (!st) st = get_bool(s, KEY("add_bos_token"), &add_bos, err);
    if (!st) st = get_bool(s, KEY("add_eos_token"), &add_eos, err);
    if (st) return st;
    if ((add_bos && t->bos < 0) || (add_eos && eos < 0))
        return heft_fail(err, HEFT_E_FORMAT, "%s: the tokenizer adds a token, and %s is missing",
                         s->path,
                         add_bos && t->bos < 0 ? KEY("bos_token_id") : KEY("eos_token_id"));
    if (add_bos) st = heft_ids_add(&t->before, t->bos, err);
    if (!st && add_eos) st = heft_ids_add(&t->after, eos, err);
    return st ? st : read_ends(t, s, err);
}

heft_status heft_tokenizer_read_gguf(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                                     heft_error *err)
{
    const heft_value *v = heft_value_get(s->config, KEY("model"));
    heft_str model = v && v->kind == HEFT_V_STRING ? v->str : heft_str_of("");
    bool gpt2 = heft_str_is(model, "gpt2"), add_bos = false;
    if (!gpt2 && !heft_str_is(model, "llama"))
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s is %s, heft knows gpt2 and llama",
                         s->path, KEY("model"), heft_show(model).text);
    heft_status st = read_tokens(t, s, err);
    if (!st) st = read_types(t, s, err);
    if (!st) st = index_tokens(t, err);
    if (st) return st;
    heft_bpe_begin(&t->bpe, &t->vocab);
    st = gpt2 ? read_gpt2(t, s, log, &add_bos, err) : read_llama(t, s, &add_bos, err);
    return st ? st : read_ids(t, s, add_bos, err);
}

/* What the files beside a tokenizer say: tokenizer_config.json, added_tokens.json,
 * generation_config.json, config.json. */
#include "text/tokenizer_json.h"

#include "base/bounds.h"
#include "base/file.h"
#include "format/json.h"

#include <stdlib.h>
#include <string.h>

heft_status heft_tokenizer_beside(heft_arena *arena, const char *dir, const char *name,
                                  heft_value **out, heft_error *err)
{
    char path[4096];
    char *text = NULL;
    size_t n = 0;
    *out = NULL;
    heft_status st = heft_path_join(path, sizeof path, dir, heft_str_of(name), err);
    if (st || !heft_is_file(path)) return st;
    st = heft_read_file(path, HEFT_MAX_CONFIG_BYTES, &text, &n, err);
    /* Strings of the tree lie in the text, so the arena keeps a copy of it. */
    char *kept = st ? NULL : heft_arena_alloc(arena, n + 1, 1);
    if (!st && !kept) st = heft_nomem(err, name);
    if (!st) memcpy(kept, text, n);
    if (!st) st = heft_json_tree(arena, kept, n, HEFT_JSON_PYTHON, name, out, err);
    heft_free(text);
    return st;
}

/* The id of a token by its text, added tokens included; -1. */
static int32_t id_of(const heft_tokenizer *t, heft_str s)
{
    int32_t id = heft_vocab_find(&t->vocab, s);
    for (int32_t i = 0; i < t->n_added && id < 0; i++)
        if (heft_str_eq(heft_vocab_str(&t->vocab, t->added[i].id), s)) id = t->added[i].id;
    return id;
}

/* A token named in tokenizer_config.json: "</s>", or {"content": "</s>"}. */
static int32_t named_token(const heft_tokenizer *t, const heft_value *config, const char *key)
{
    const heft_value *v = heft_value_get(config, key);
    if (v && v->kind == HEFT_V_OBJECT) v = heft_value_get(v, "content");
    return v && v->kind == HEFT_V_STRING ? id_of(t, v->str) : -1;
}

/* ---- added tokens of containers that have none themselves ---- */

static heft_status add_known(heft_json_loader *l, const heft_value *o, const char *where,
                             heft_str digits, heft_error *err)
{
    char number[16] = { 0 }, *end = number;
    if (digits.n < sizeof number) memcpy(number, digits.p, digits.n);
    unsigned long id = strtoul(number, &end, 10);
    if (end == number || *end || id >= HEFT_MAX_VOCAB)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s has the id %s", l->file, where,
                         heft_show(digits).text);
    if (heft_vocab_flags(&l->t->vocab, (int32_t)id) & HEFT_TOKEN_ADDED) {
        heft_value_mark(o); /* the container knows it */
        return HEFT_OK;
    }
    return heft_json_added_token(l, o, where, (int32_t)id, err);
}

/* "added_tokens_decoder": {"32000": {"content": ..., "special": ...}, ...} */
static heft_status read_decoder(heft_json_loader *l, const heft_value *config, heft_error *err)
{
    static const char where[] = "added_tokens_decoder";
    const heft_value *table = heft_value_get(config, where);
    heft_status st = HEFT_OK;
    if (!table || table->kind == HEFT_V_NULL) return HEFT_OK;
    if (table->kind != HEFT_V_OBJECT)
        return heft_json_wrong(l, "tokenizer_config", where, table, "an object", err);
    for (const heft_value *v = table->child; v && !st; v = v->next)
        st = v->kind == HEFT_V_OBJECT ? add_known(l, v, where, v->key, err)
                                      : heft_json_wrong(l, where, "token", v, "an object", err);
    return st;
}

/* added_tokens.json: {"<tool>": 32000, ...}, not special. */
static heft_status read_added(heft_json_loader *l, const heft_value *table, heft_error *err)
{
    heft_status st = HEFT_OK;
    for (const heft_value *v = table ? table->child : NULL; v && !st; v = v->next) {
        if (v->kind != HEFT_V_INT || v->n < 0 || v->n >= HEFT_MAX_VOCAB)
            return heft_fail(err, HEFT_E_FORMAT, "%s: the id of %s is not one", l->file,
                             heft_show(v->key).text);
        int32_t id = (int32_t)v->n;
        if (heft_vocab_flags(&l->t->vocab, id) & HEFT_TOKEN_ADDED) continue;
        if (heft_vocab_flags(&l->t->vocab, id)
            && !heft_str_eq(heft_vocab_str(&l->t->vocab, id), v->key))
            return heft_fail(err, HEFT_E_FORMAT, "%s: %s has id %d, which is the token %s", l->file,
                             heft_show(v->key).text, (int)id,
                             heft_show(heft_vocab_str(&l->t->vocab, id)).text);
        if (!heft_vocab_flags(&l->t->vocab, id))
            st = heft_vocab_set(&l->t->vocab, id, v->key, 0, err);
        if (!st) st = heft_add_added(l->t, (heft_added){ .id = id }, err);
    }
    return st;
}

/* ---- beginning and end ---- */

/* What the publishers' classes add where a file does not say. */
static const struct {
    const char *class;
    bool bos, eos;
} habits[] = {
    { "LlamaTokenizer", true, false },     { "GemmaTokenizer", true, false },
    { "CodeLlamaTokenizer", true, false }, { "InternLM2Tokenizer", true, false },
    { "InternLMTokenizer", true, false },  { "T5Tokenizer", false, true },
    { "MT5Tokenizer", false, true },       { "BaichuanTokenizer", false, false },
    { "QWenTokenizer", false, false },     { "TikTokenTokenizer", false, false },
    { "Qwen2Tokenizer", false, false },    { "OrionTokenizer", true, false },
    { "XLMRobertaTokenizer", true, true }, { "CamembertTokenizer", true, true },
};

/* Does the tokenizer add BOS, EOS? */
static void read_habits(const heft_value *config, const char *name, const heft_log *log, bool *bos,
                        bool *eos)
{
    const heft_value *class = heft_value_get(config, "tokenizer_class"),
                     *b = heft_value_get(config, "add_bos_token"),
                     *e = heft_value_get(config, "add_eos_token");
    bool known = b && b->kind == HEFT_V_BOOL;
    for (size_t i = 0; i < sizeof habits / sizeof *habits && class; i++) {
        heft_str s = class->kind == HEFT_V_STRING ? class->str : heft_str_of("");
        if (heft_str_ends(s, "Fast")) s.n -= 4;
        if (!heft_str_is(s, habits[i].class)) continue;
        *bos = habits[i].bos;
        *eos = habits[i].eos;
        known = true;
    }
    if (b && b->kind == HEFT_V_BOOL) *bos = b->n != 0;
    if (e && e->kind == HEFT_V_BOOL) *eos = e->n != 0;
    if (!known)
        heft_warn(log, "%s: no file beside it says which tokens stand around a text: none do",
                  name);
}

static heft_status read_config(heft_json_loader *l, const heft_value *config, bool complete,
                               heft_error *err)
{
    heft_tokenizer *t = l->t;
    heft_status st = complete ? HEFT_OK : read_decoder(l, config, err);
    int32_t named = named_token(t, config, "bos_token"), eos = named_token(t, config, "eos_token");
    if (named >= 0) t->bos = named;
    if (!st && eos >= 0) st = heft_add_end(t, eos, err);
    if (st || t->before.n || t->after.n) return st; /* the tokenizer itself says what is added */
    const heft_value *b = heft_value_get(config, "add_bos_token"),
                     *e = heft_value_get(config, "add_eos_token");
    bool add_bos = b && b->kind == HEFT_V_BOOL && b->n,
         add_eos = e && e->kind == HEFT_V_BOOL && e->n;
    if (!complete) read_habits(config, l->file, l->log, &add_bos, &add_eos);
    if (!complete && eos < 0 && t->end.n) eos = t->end.p[0];
    if (t->bos >= 0 && add_bos) st = heft_ids_add(&t->before, t->bos, err);
    if (!st && eos >= 0 && add_eos) st = heft_ids_add(&t->after, eos, err);
    return st;
}

/* eos_token_id and bos_token_id of generation_config.json or config.json. */
static heft_status read_ids(heft_tokenizer *t, const heft_value *config, heft_error *err)
{
    const heft_value *eos = heft_value_get(config, "eos_token_id"),
                     *bos = heft_value_get(config, "bos_token_id");
    heft_status st = HEFT_OK;
    bool list = eos && eos->kind == HEFT_V_ARRAY;
    if (t->bos < 0 && bos && bos->kind == HEFT_V_INT && bos->n >= 0 && bos->n < t->vocab.size)
        t->bos = (int32_t)bos->n;
    for (const heft_value *v = list ? eos->child : eos; v && !st; v = list ? v->next : NULL)
        if (v->kind == HEFT_V_INT && v->n >= 0 && v->n < t->vocab.size)
            st = heft_add_end(t, (int32_t)v->n, err);
    return st;
}

heft_status heft_tokenizer_read_beside(heft_tokenizer *t, const char *dir, const char *name,
                                       bool complete, const heft_log *log, heft_error *err)
{
    heft_json_loader l = { .t = t, .file = name, .log = log };
    heft_arena arena = { 0 };
    heft_value *config, *added = NULL, *generation, *model;
    heft_status st = heft_tokenizer_beside(&arena, dir, "tokenizer_config.json", &config, err);
    if (!st && !complete) st = heft_tokenizer_beside(&arena, dir, "added_tokens.json", &added, err);
    if (!st) st = read_config(&l, config, complete, err);
    if (!st) st = read_added(&l, added, err);
    if (!st) st = heft_tokenizer_beside(&arena, dir, "generation_config.json", &generation, err);
    if (!st && generation) st = read_ids(t, generation, err);
    if (!st) st = heft_tokenizer_beside(&arena, dir, "config.json", &model, err);
    if (!st && model) st = read_ids(t, model, err);
    if (!st && !t->end.n) heft_warn(log, "%s: no end-of-text token is named beside it", name);
    heft_arena_clear(&arena);
    return st;
}

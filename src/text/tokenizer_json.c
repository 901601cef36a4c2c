/* Reading tokenizer.json: the file, its model and its added tokens.
 *
 * The file is read in one pass. Vocabulary and merges go straight from the reader into their
 * tables; the small sections are kept as trees until the vocabulary is there. */
#include "text/tokenizer_json.h"

#include "base/bounds.h"
#include "base/file.h"
#include "format/json.h"

#include <math.h>
#include <string.h>

/* The file, as far as it is needed until the tokenizer is complete. */
typedef struct {
    heft_json_loader l;
    heft_json json;
    heft_arena arena;
    const heft_value *added, *normalizer, *pre_tokenizer, *post_processor, *decoder;
    heft_str *merge; /* (2 n_merges): pairs of views into the text */
    size_t n_merges, cap;
    double *score; /* (ids so far), of a vocabulary that is a list */
    size_t n_scores, score_cap;
    heft_value model;                               /* scalar members of the model, as an object */
    bool has_model, has_vocab, has_merges, is_list; /* the last: of tokens and scores */
} file;

static heft_status bad(file *f, const char *what, heft_error *err)
{
    return heft_json_fail(&f->json, f->l.file, what, err);
}

/* ---- the model ---- */

/* {"token": id, ...} */
static heft_status read_ids_of_tokens(file *f, heft_error *err)
{
    heft_tokenizer *t = f->l.t;
    for (;;) {
        heft_json_event e = heft_json_next(&f->json);
        heft_str s = f->json.str;
        int32_t old;
        if (e == HEFT_J_END_OBJECT) return HEFT_OK;
        if (e == HEFT_J_ERROR) return bad(f, NULL, err);
        if (heft_json_next(&f->json) != HEFT_J_INT)
            return bad(f, "an id of model.vocab is not an integer", err);
        int64_t id = f->json.i;
        if (id < 0 || id >= HEFT_MAX_VOCAB)
            return bad(f, "an id of model.vocab is out of range", err);
        if (heft_vocab_flags(&t->vocab, (int32_t)id))
            return bad(f, "an id of model.vocab stands twice", err);
        heft_status st = heft_vocab_set(&t->vocab, (int32_t)id, s, 0, err);
        if (!st) st = heft_vocab_index(&t->vocab, (int32_t)id, &old, err);
        if (st) return st;
        if (old >= 0) return bad(f, "a token of model.vocab stands twice", err);
    }
}

static heft_status add_score(file *f, double score, heft_error *err)
{
    if (f->n_scores == f->score_cap) {
        size_t cap = f->score_cap ? 2 * f->score_cap : 4096;
        double *p = heft_realloc(f->score, cap * sizeof *p);
        if (!p) return heft_nomem(err, f->l.file);
        f->score = p;
        f->score_cap = cap;
    }
    f->score[f->n_scores++] = score;
    return HEFT_OK;
}

/* [["token", score], ...]: ids are the places in the list; of equal tokens the later is found. */
static heft_status read_scored_tokens(file *f, heft_error *err)
{
    heft_tokenizer *t = f->l.t;
    for (;;) {
        heft_json_event e = heft_json_next(&f->json);
        int32_t id = (int32_t)f->n_scores, old;
        if (e == HEFT_J_END_ARRAY) return HEFT_OK;
        bool ok = e == HEFT_J_BEGIN_ARRAY && heft_json_next(&f->json) == HEFT_J_STRING;
        heft_str s = f->json.str;
        if (ok) e = heft_json_next(&f->json);
        double score = f->json.real;
        ok = ok && (e == HEFT_J_INT || e == HEFT_J_REAL) && isfinite(score);
        if (!ok || heft_json_next(&f->json) != HEFT_J_END_ARRAY)
            return bad(f, "an element of model.vocab is not a token and its score", err);
        if (id >= HEFT_MAX_VOCAB) return bad(f, "model.vocab has too many tokens", err);
        heft_status st = heft_vocab_set(&t->vocab, id, s, 0, err);
        if (!st) st = heft_vocab_index(&t->vocab, id, &old, err);
        if (!st) st = add_score(f, score, err);
        if (st) return st;
    }
}

static heft_status read_vocab(file *f, heft_error *err)
{
    if (f->has_vocab) return bad(f, "model.vocab stands twice", err);
    f->has_vocab = true;
    heft_json_event e = heft_json_next(&f->json);
    f->is_list = e == HEFT_J_BEGIN_ARRAY;
    if (e == HEFT_J_BEGIN_OBJECT) return read_ids_of_tokens(f, err);
    if (f->is_list) return read_scored_tokens(f, err);
    return bad(f, "model.vocab is neither an object nor an array", err);
}

static heft_status add_merge(file *f, heft_str left, heft_str right, heft_error *err)
{
    if (f->n_merges == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 4096;
        heft_str *m = heft_realloc(f->merge, 2 * cap * sizeof *m);
        if (!m) return heft_nomem(err, f->l.file);
        f->merge = m;
        f->cap = cap;
    }
    f->merge[2 * f->n_merges] = left;
    f->merge[2 * f->n_merges + 1] = right;
    f->n_merges++;
    return HEFT_OK;
}

/* One merge: "a b", or ["a", "b"]. */
static heft_status read_merge(file *f, heft_json_event e, heft_error *err)
{
    heft_str left = f->json.str, right;
    if (e == HEFT_J_STRING) {
        const char *space = memchr(left.p, ' ', left.n);
        if (space) {
            right = (heft_str){ space + 1, left.n - (size_t)(space + 1 - left.p) };
            left.n = (size_t)(space - left.p);
        }
        if (!space || memchr(right.p, ' ', right.n))
            return bad(f, "a merge is not two tokens with a space between", err);
        return add_merge(f, left, right, err);
    }
    bool ok = e == HEFT_J_BEGIN_ARRAY && heft_json_next(&f->json) == HEFT_J_STRING;
    left = f->json.str;
    ok = ok && heft_json_next(&f->json) == HEFT_J_STRING;
    right = f->json.str;
    if (!ok || heft_json_next(&f->json) != HEFT_J_END_ARRAY)
        return bad(f, "a merge is neither a string nor a pair of strings", err);
    return add_merge(f, left, right, err);
}

static heft_status read_merges(file *f, heft_error *err)
{
    if (f->has_merges) return bad(f, "model.merges stands twice", err);
    f->has_merges = true;
    if (heft_json_next(&f->json) != HEFT_J_BEGIN_ARRAY)
        return bad(f, "model.merges is not an array", err);
    for (;;) {
        heft_json_event e = heft_json_next(&f->json);
        if (e == HEFT_J_END_ARRAY) return HEFT_OK;
        heft_status st = read_merge(f, e, err);
        if (st) return st;
    }
}

/* Keep the value that follows as a tree. */
static heft_status read_tree(file *f, heft_value **out, heft_error *err)
{
    return heft_json_value(&f->json, &f->arena, f->l.file, out, err);
}

static heft_status read_model(file *f, heft_error *err)
{
    f->model.kind = HEFT_V_OBJECT;
    f->has_model = true;
    if (heft_json_next(&f->json) != HEFT_J_BEGIN_OBJECT)
        return bad(f, "model is not an object", err);
    for (;;) {
        heft_json_event e = heft_json_next(&f->json);
        heft_str key = f->json.str;
        heft_status st;
        if (e == HEFT_J_END_OBJECT) return HEFT_OK;
        if (e == HEFT_J_ERROR) return bad(f, NULL, err);
        if (heft_str_is(key, "vocab")) {
            st = read_vocab(f, err);
        } else if (heft_str_is(key, "merges")) {
            st = read_merges(f, err);
        } else {
            heft_value *v = NULL;
            if (heft_value_get_str(&f->model, key))
                return bad(f, "a key of model stands twice", err);
            st = read_tree(f, &v, err);
            if (st) return st;
            v->read = false;
            v->key = key;
            v->next = f->model.child;
            f->model.child = v;
        }
        if (st) return st;
    }
}

/* The models: what each needs, and its scalar members, all of which must be understood. */

static heft_status finish_bpe(file *f, heft_error *err)
{
    heft_json_loader *l = &f->l;
    heft_bpe *b = &l->t->bpe;
    heft_str unknown = { 0 };
    const heft_value *dropout = heft_value_get(&f->model, "dropout");
    if (dropout && dropout->kind != HEFT_V_NULL
        && !(dropout->kind != HEFT_V_STRING && dropout->real == 0))
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "%s: model.dropout is set, merging at random is for training", l->file);
    heft_status st =
        heft_json_get_bool(l, &f->model, "model", "fuse_unk", false, &b->fuse_unknown, err);
    if (!st)
        st = heft_json_get_bool(l, &f->model, "model", "byte_fallback", false, &b->byte_fallback,
                                err);
    if (!st)
        st = heft_json_get_bool(l, &f->model, "model", "ignore_merges", false, &b->ignore_merges,
                                err);
    if (!st) st = heft_json_get_str(l, &f->model, "model", "unk_token", false, &unknown, err);
    if (!st)
        st = heft_json_get_str(l, &f->model, "model", "continuing_subword_prefix", false,
                               &b->prefix, err);
    if (!st)
        st = heft_json_get_str(l, &f->model, "model", "end_of_word_suffix", false, &b->suffix, err);
    if (st) return st;
    heft_bpe_begin(b, &l->t->vocab);
    st = heft_bpe_merge(b, f->merge, f->n_merges, true, err);
    if (st) return heft_context(err, st, "%s", l->file);
    /* An unknown token that the vocabulary lacks is an error where the reference first needs it. */
    b->unknown = unknown.p ? heft_vocab_find(&l->t->vocab, unknown) : -1;
    return HEFT_OK;
}

static heft_status finish_words(file *f, bool whole, heft_error *err)
{
    heft_json_loader *l = &f->l;
    heft_words *w = &l->t->words;
    heft_str unknown = heft_str_of(whole ? "<unk>" : "[UNK]");
    int32_t most = 100; /* characters of a word, where the file does not say */
    heft_status st = heft_json_get_str(l, &f->model, "model", "unk_token", false, &unknown, err);
    l->t->model = HEFT_MODEL_WORDS;
    w->whole = whole;
    w->inner = heft_str_of("##");
    if (!st && !whole)
        st = heft_json_get_str(l, &f->model, "model", "continuing_subword_prefix", false, &w->inner,
                               err);
    if (!st && !whole && heft_json_member(&f->model, "max_input_chars_per_word"))
        st = heft_json_get_int(l, &f->model, "model", "max_input_chars_per_word", INT32_MAX, &most,
                               err);
    w->most = (size_t)most;
    w->unknown = heft_vocab_find(&l->t->vocab, unknown);
    return st;
}

static heft_status finish_wordpiece(file *f, heft_error *err)
{
    return finish_words(f, false, err);
}

static heft_status finish_wordlevel(file *f, heft_error *err)
{
    return finish_words(f, true, err);
}

static heft_status finish_unigram(file *f, heft_error *err)
{
    enum { PENALTY = 10 }; /* of an unknown character, below the worst token */
    heft_json_loader *l = &f->l;
    heft_unigram *u = &l->t->unigram;
    double worst = HUGE_VAL;
    heft_status st = HEFT_OK;
    l->t->model = HEFT_MODEL_UNIGRAM;
    if (heft_json_member(&f->model, "unk_id"))
        st = heft_json_get_int(l, &f->model, "model", "unk_id", l->t->vocab.size - 1, &u->unknown,
                               err);
    if (!st)
        st = heft_json_get_bool(l, &f->model, "model", "byte_fallback", false, &u->byte_fallback,
                                err);
    for (size_t i = 0; i < f->n_scores; i++)
        worst = fmin(worst, f->score[i]);
    u->unknown_score = worst - PENALTY;
    u->score = f->score; /* taken */
    f->score = NULL;
    return st;
}

/* What the vocabulary of a model without a type looks like. */
static const char *likely_type(const file *f)
{
    if (f->is_list) return "Unigram";
    if (f->has_merges) return "BPE";
    return heft_value_get(&f->model, "max_input_chars_per_word") ? "WordPiece" : "WordLevel";
}

static heft_status finish_model(file *f, heft_error *err)
{
    static const struct {
        const char *type;
        bool is_list, has_merges;
        heft_status (*finish)(file *f, heft_error *err);
    } known[] = {
        { "BPE", false, true, finish_bpe },
        { "WordPiece", false, false, finish_wordpiece },
        { "WordLevel", false, false, finish_wordlevel },
        { "Unigram", true, false, finish_unigram },
    };
    heft_json_loader *l = &f->l;
    heft_str type = heft_str_of(likely_type(f));
    heft_status st = heft_json_get_str(l, &f->model, "model", "type", false, &type, err);
    size_t i = 0, n = sizeof known / sizeof *known;
    while (i < n && !heft_str_is(type, known[i].type))
        i++;
    if (st) return st;
    if (i == n)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "%s: model.type is %s, heft knows BPE, WordPiece, WordLevel and Unigram",
                         l->file, heft_show(type).text);
    if (!f->has_vocab || f->has_merges < known[i].has_merges)
        return heft_fail(err, HEFT_E_FORMAT, "%s: model.%s is missing", l->file,
                         f->has_vocab ? "merges" : "vocab");
    if (f->is_list != known[i].is_list || f->has_merges != known[i].has_merges)
        return heft_fail(err, HEFT_E_FORMAT, "%s: model.%s does not belong to a model of type %s",
                         l->file, f->is_list != known[i].is_list ? "vocab" : "merges",
                         known[i].type);
    st = known[i].finish(f, err);
    return st ? st : heft_json_all_read(l, &f->model, "model", err);
}

/* What can only follow when it is known which tokens are special. */
static heft_status build_model(heft_tokenizer *t, heft_error *err)
{
    switch (t->model) {
    case HEFT_MODEL_BPE: return HEFT_OK;
    case HEFT_MODEL_WORDS: return heft_words_begin(&t->words, &t->vocab, err);
    case HEFT_MODEL_UNIGRAM: return heft_unigram_begin(&t->unigram, &t->vocab, err);
    }
    return HEFT_OK;
}

static heft_status add_tokens(heft_json_loader *l, const heft_value *list, heft_error *err)
{
    static const char where[] = "added_tokens";
    heft_status st = HEFT_OK;
    if (!list || list->kind == HEFT_V_NULL) return HEFT_OK;
    if (list->kind != HEFT_V_ARRAY)
        return heft_fail(err, HEFT_E_FORMAT, "%s: added_tokens is not an array", l->file);
    for (const heft_value *v = list->child; v && !st; v = v->next) {
        int32_t id = 0;
        st = heft_json_get_int(l, v, where, "id", HEFT_MAX_VOCAB - 1, &id, err);
        if (!st) st = heft_json_added_token(l, v, where, id, err);
    }
    return st;
}

/* ---- the file ---- */

static heft_status read_sections(file *f, heft_error *err)
{
    const struct {
        const char *key;
        const heft_value **to;
    } known[] = { { "added_tokens", &f->added },
                  { "normalizer", &f->normalizer },
                  { "pre_tokenizer", &f->pre_tokenizer },
                  { "post_processor", &f->post_processor },
                  { "decoder", &f->decoder } };
    if (heft_json_next(&f->json) != HEFT_J_BEGIN_OBJECT)
        return bad(f, "the file is not an object", err);
    for (;;) {
        heft_json_event e = heft_json_next(&f->json);
        heft_str key = f->json.str;
        heft_value *v = NULL;
        heft_status st;
        if (e == HEFT_J_END_OBJECT) break;
        if (e == HEFT_J_ERROR) return bad(f, NULL, err);
        if (heft_str_is(key, "model")) {
            if (f->has_model) return bad(f, "model stands twice", err);
            st = read_model(f, err);
        } else {
            st = read_tree(f, &v, err);
        }
        if (st) return st;
        if (!v) continue;
        size_t i = 0, n = sizeof known / sizeof *known;
        while (i < n && !heft_str_is(key, known[i].key))
            i++;
        if (i < n && *known[i].to) return bad(f, "a section stands twice", err);
        if (i < n) *known[i].to = v;
        bool quiet = i < n || heft_str_is(key, "version") || v->kind == HEFT_V_NULL;
        if (!quiet) heft_warn(f->l.log, "%s: %s is not applied", f->l.file, heft_show(key).text);
    }
    if (heft_json_next(&f->json) != HEFT_J_END) return bad(f, "something follows the object", err);
    return HEFT_OK;
}

heft_status heft_tokenizer_parse_json(heft_tokenizer *t, char *text, size_t n, const heft_log *log,
                                      heft_error *err)
{
    file f = { .l = { .t = t, .file = "tokenizer.json", .log = log } };
    heft_json_open(&f.json, text, n, 0);
    heft_status st = read_sections(&f, err);
    if (!st && !f.has_model) st = heft_fail(err, HEFT_E_FORMAT, "%s: model is missing", f.l.file);
    if (!st) st = finish_model(&f, err);
    if (!st) st = add_tokens(&f.l, f.added, err);
    if (!st) st = build_model(t, err);
    if (!st) st = heft_json_normalizer(&f.l, f.normalizer, err);
    if (!st) st = heft_json_pre_tokenizer(&f.l, f.pre_tokenizer, err);
    if (!st) st = heft_json_post_processor(&f.l, f.post_processor, err);
    if (!st) st = heft_json_decoder(&f.l, f.decoder, err);
    heft_free(f.merge);
    heft_free(f.score);
    heft_arena_clear(&f.arena);
    return st;
}

heft_status heft_tokenizer_read_json(heft_tokenizer *t, const char *dir, const char *name,
                                     const heft_log *log, heft_error *err)
{
    char path[4096];
    char *text = NULL;
    size_t n = 0;
    heft_status st = heft_path_join(path, sizeof path, dir, heft_str_of(name), err);
    if (!st) st = heft_read_file(path, HEFT_MAX_TOKENIZER_BYTES, &text, &n, err);
    if (!st) st = heft_tokenizer_parse_json(t, text, n, log, err);
    heft_free(text);
    return st ? st : heft_tokenizer_read_beside(t, dir, name, true, log, err);
}

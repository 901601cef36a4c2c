/* Reading tokenizer.model: SentencePiece, BPE and Unigram.
 *
 * The reference is the sentencepiece library. Source of the fields: its sentencepiece_model.proto.
 */
#include "text/pipeline.h"

#include "base/bounds.h"
#include "base/file.h"
#include "format/protobuf.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { NORMAL = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE }; /* types of a piece */
enum { UNIGRAM = 1, BPE };                                         /* models */

static const char mark[] = "\xe2\x96\x81"; /* U+2581, a space in a vocabulary */

/* The file, as far as it matters to encoding and decoding. */
typedef struct {
    heft_tokenizer *t;
    const char *name;
    float *score; /* (cap) */
    int32_t n, cap;
    uint8_t *type; /* (cap) */
    uint64_t model, suffix, byte_fallback, prefix, squeeze, escape;
    heft_str map, surface, denormalizer;
    int32_t unknown;
} file;

static heft_status bad(const file *f, const char *what, heft_error *err)
{
    return heft_fail(err, HEFT_E_FORMAT, "%s: %s", f->name, what);
}

static heft_cursor cursor_of(heft_str s)
{
    return (heft_cursor){ .p = (const uint8_t *)s.p, .n = s.n };
}

/* ---- the pieces ---- */

static heft_status grow(file *f, heft_error *err)
{
    int32_t cap = f->cap ? 2 * f->cap : 4096;
    float *score = heft_realloc(f->score, (size_t)cap * sizeof *score);
    if (score) f->score = score;
    uint8_t *type = heft_realloc(f->type, (size_t)cap);
    if (type) f->type = type;
    if (!score || !type) return heft_nomem(err, f->name);
    f->cap = cap;
    return HEFT_OK;
}

static heft_status read_piece(file *f, heft_str message, heft_error *err)
{
    heft_cursor c = cursor_of(message);
    heft_pb_field field;
    heft_str text = { 0 };
    uint64_t type = NORMAL;
    float score = 0;
    while (heft_pb_next(&c, &field)) {
        uint32_t bits = (uint32_t)field.value;
        if (field.number == 1 && field.wire == HEFT_PB_BYTES) text = field.bytes;
        if (field.number == 2 && field.wire == HEFT_PB_32) memcpy(&score, &bits, sizeof score);
        if (field.number == 3 && field.wire == HEFT_PB_VARINT) type = field.value;
    }
    if (c.bad || text.n == 0 || !heft_utf8_valid(text) || !isfinite(score) || type < NORMAL
        || type > BYTE)
        return heft_fail(err, HEFT_E_FORMAT,
                         "%s: piece %d is not a string, a finite score and a type", f->name,
                         (int)f->n);
    if (f->n == HEFT_MAX_VOCAB) return bad(f, "there are too many pieces", err);
    heft_status st = f->n == f->cap ? grow(f, err) : HEFT_OK;
    if (!st) st = heft_vocab_set(&f->t->vocab, f->n, text, 0, err);
    if (st) return st;
    f->score[f->n] = score;
    f->type[f->n++] = (uint8_t)type;
    return HEFT_OK;
}

/* What a piece is, by its type. Control and unknown pieces are not found in text. */
static heft_status place_piece(file *f, int32_t id, heft_error *err)
{
    static const uint32_t flags[] = {
        [CONTROL] = HEFT_TOKEN_SPECIAL | HEFT_TOKEN_LITERAL,
        [UNKNOWN] = HEFT_TOKEN_LITERAL,
        [UNUSED] = HEFT_TOKEN_UNUSED,
        [BYTE] = HEFT_TOKEN_BYTE,
    };
    heft_tokenizer *t = f->t;
    heft_str s = heft_vocab_str(&t->vocab, id);
    int32_t type = f->type[id], old = -1;
    heft_status st = HEFT_OK;
    t->vocab.token[id].flags |= type == NORMAL || type == USER_DEFINED ? 0 : flags[type];
    if (type == UNKNOWN) {
        if (f->unknown >= 0) return bad(f, "two pieces are the unknown one", err);
        f->unknown = id;
        return heft_vocab_set(&t->vocab, id, f->surface, HEFT_TOKEN_LITERAL, err);
    }
    if (type == UNUSED && f->model == BPE)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "%s: piece %d (%s) is unused, which heft does not know in a BPE model",
                         f->name, (int)id, heft_show(s).text);
    if (type == CONTROL) return heft_add_added(t, (heft_added){ .id = id, .special = true }, err);
    st = heft_vocab_index(&t->vocab, id, &old, err);
    if (!st && old >= 0)
        st = heft_fail(err, HEFT_E_FORMAT, "%s: pieces %d and %d are both %s", f->name, (int)old,
                       (int)id, heft_show(s).text);
    if (!st && type == USER_DEFINED) st = heft_matcher_add(&t->symbols, s, id, err);
    return st;
}

/* ---- the settings ---- */

static heft_status read_settings(file *f, const heft_pb_field *part, heft_error *err)
{
    heft_cursor c = cursor_of(part->bytes);
    heft_pb_field x;
    const struct {
        uint32_t part, number;
        uint64_t *value;
        heft_str *bytes;
    } known[] = {
        { 2, 3, &f->model, NULL },
        { 2, 24, &f->suffix, NULL },
        { 2, 35, &f->byte_fallback, NULL },
        { 2, 44, NULL, &f->surface },
        { 3, 2, NULL, &f->map },
        { 3, 3, &f->prefix, NULL },
        { 3, 4, &f->squeeze, NULL },
        { 3, 5, &f->escape, NULL },
        { 5, 2, NULL, &f->denormalizer },
    };
    while (heft_pb_next(&c, &x)) {
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            if (part->number != known[i].part || x.number != known[i].number) continue;
            if (known[i].value && x.wire == HEFT_PB_VARINT) *known[i].value = x.value;
            if (known[i].bytes && x.wire == HEFT_PB_BYTES) *known[i].bytes = x.bytes;
        }
    }
    return c.bad ? bad(f, "its settings are cut short or not a message", err) : HEFT_OK;
}

static heft_status read_file(file *f, heft_str text, heft_error *err)
{
    heft_cursor c = cursor_of(text);
    heft_pb_field part;
    heft_status st = HEFT_OK;
    while (!st && heft_pb_next(&c, &part)) {
        if (part.wire != HEFT_PB_BYTES) continue;
        if (part.number == 1) st = read_piece(f, part.bytes, err);
        if (part.number == 2 || part.number == 3 || part.number == 5)
            st = read_settings(f, &part, err);
    }
    if (!st && c.bad) st = bad(f, "the file is cut short, or not a SentencePiece model", err);
    if (!st && !f->n) st = bad(f, "there are no pieces", err);
    if (!st && f->model != UNIGRAM && f->model != BPE)
        st = heft_fail(err, HEFT_E_UNSUPPORTED,
                       "%s: model_type is %llu, heft knows unigram (1) and bpe (2)", f->name,
                       (unsigned long long)f->model);
    if (!st && f->denormalizer.n)
        st = heft_fail(err, HEFT_E_UNSUPPORTED, "%s: a denormalizer is not known to heft", f->name);
    return st;
}

/* ---- the models ---- */

static void finish_bpe(file *f)
{
    heft_bpe *b = &f->t->bpe;
    heft_bpe_begin(b, &f->t->vocab);
    b->score = f->score; /* taken */
    f->score = NULL;
    b->unknown = f->unknown;
    b->fuse_unknown = true;
    b->byte_fallback = f->byte_fallback != 0;
    b->symbols = f->t->symbols.nodes ? &f->t->symbols : NULL;
}

/* A user-defined piece is worth more than whatever it could be cut into: a tenth for every byte but
 * the first. */
static heft_status finish_unigram(file *f, heft_error *err)
{
    const float penalty = 10;
    heft_unigram *u = &f->t->unigram;
    float worst = FLT_MAX;
    f->t->model = HEFT_MODEL_UNIGRAM;
    u->score = heft_alloc((size_t)f->n, sizeof *u->score);
    if (!u->score) return heft_nomem(err, f->name);
    for (int32_t id = 0; id < f->n; id++) {
        double others = (double)heft_vocab_str(&f->t->vocab, id).n - 1;
        bool user = f->type[id] == USER_DEFINED;
        u->score[id] = (double)(user ? (float)(0.1 * others) : f->score[id]);
        if (f->type[id] == NORMAL) worst = fminf(worst, f->score[id]);
    }
    u->unknown = f->unknown;
    u->unknown_score = (double)(worst - penalty);
    u->single = true;
    u->byte_fallback = f->byte_fallback != 0;
    return heft_unigram_begin(u, &f->t->vocab, err);
}

static heft_status add_steps(file *f, heft_error *err)
{
    heft_tokenizer *t = f->t;
    heft_charsmap *map = heft_arena_alloc(&t->arena, 1, sizeof *map);
    char *blob = heft_arena_alloc(&t->arena, f->map.n + 1, 1);
    if (!map || !blob) return heft_nomem(err, f->name);
    if (f->map.n) memcpy(blob, f->map.p, f->map.n);
    heft_status st = heft_charsmap_open(map, (heft_str){ blob, f->map.n }, err);
    if (st) return heft_context(err, st, "%s", f->name);
    const heft_rewrite w = {
        .apply = heft_rewrite_sentencepiece,
        .map = map,
        .sp = { .symbols = t->symbols.nodes ? &t->symbols : NULL,
                .prefix = f->prefix && !f->suffix,
                .suffix = f->prefix && f->suffix,
                .squeeze = f->squeeze != 0,
                .space = heft_str_of(f->escape ? mark : " ") },
    };
    const heft_undo unescape = { .apply = heft_undo_replace,
                                 .pattern = { .literal = heft_str_of(mark) },
                                 .to = heft_str_of(" ") };
    st = heft_add_rewrite(t, w, err);
    if (!st) st = heft_add_undo(t, unescape, err);
    if (!st) st = heft_add_undo(t, (heft_undo){ .apply = heft_undo_byte_fallback }, err);
    t->replaces_invalid = true;
    t->strip = heft_str_of(" ");
    t->n_strip = f->prefix || f->squeeze;
    t->strip_each = f->squeeze != 0;
    return st;
}

/* The control pieces that sentencepiece itself names the beginning and the end. */
static heft_status name_ends(file *f, heft_error *err)
{
    heft_tokenizer *t = f->t;
    heft_status st = HEFT_OK;
    for (int32_t i = 0; i < t->n_added && !st; i++) {
        heft_str s = heft_vocab_str(&t->vocab, t->added[i].id);
        if (heft_str_is(s, "<s>")) t->bos = t->added[i].id;
        if (heft_str_is(s, "</s>")) st = heft_add_end(t, t->added[i].id, err);
    }
    return st;
}

heft_status heft_tokenizer_parse_model(heft_tokenizer *t, heft_str text, const char *name,
                                       const heft_log *log, heft_error *err)
{
    file f = { .t = t,
               .name = name,
               .model = UNIGRAM,
               .prefix = true,
               .squeeze = true,
               .escape = true,
               .surface = heft_str_of(" \u2047 "),
               .unknown = -1 };
    heft_status st = read_file(&f, text, err);
    (void)log;
    for (int32_t id = 0; id < f.n && !st; id++)
        st = place_piece(&f, id, err);
    if (!st && f.unknown < 0) st = bad(&f, "no piece is the unknown one", err);
    if (!st) st = add_steps(&f, err);
    if (!st && f.model == BPE) finish_bpe(&f);
    if (!st && f.model == UNIGRAM) st = finish_unigram(&f, err);
    if (!st) st = name_ends(&f, err);
    heft_free(f.score);
    heft_free(f.type);
    return st;
}

heft_status heft_tokenizer_read_model(heft_tokenizer *t, const char *dir, const char *name,
                                      const heft_log *log, heft_error *err)
{
    char path[4096];
    char *text = NULL;
    size_t n = 0;
    heft_status st = heft_path_join(path, sizeof path, dir, heft_str_of(name), err);
    if (!st) st = heft_read_file(path, HEFT_MAX_TOKENIZER_BYTES, &text, &n, err);
    /* Some releases have a tiktoken file under this name. No message begins with a letter, a digit
     * or a sign of Base64. */
    bool is_message = !st && n && (text[0] == '\n' || text[0] == 0x12 || text[0] == 0x1a);
    if (!st && is_message)
        st = heft_tokenizer_parse_model(t, (heft_str){ text, n }, name, log, err);
    heft_free(text);
    if (!st && !is_message) return heft_tokenizer_read_tiktoken(t, dir, name, log, err);
    return st ? st : heft_tokenizer_read_beside(t, dir, name, false, log, err);
}

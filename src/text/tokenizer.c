/* Tokenizers: the run through the steps, and the public functions. */
#include "text/tokenizer.h"

#include "base/bounds.h"
#include "base/file.h"
#include "text/pipeline.h"
#include "text/unicode.h"

#include <string.h>

void heft_run_clear(heft_run *r)
{
    heft_matching_close(r->matching);
    heft_word_clear(&r->word);
    heft_free(r->ids.p);
    for (size_t i = 0; i < sizeof r->text / sizeof *r->text; i++) {
        heft_buf_free(&r->text[i]);
        heft_buf_free(&r->origin[i]);
    }
    for (size_t i = 0; i < HEFT_MAX_STEPS; i++)
        heft_buf_free(&r->level[i]);
    *r = (heft_run){ 0 };
}

/* ---- text to ids ---- */

typedef heft_status section_fn(heft_run *r, heft_piece p, heft_error *err);

/* A word character as the reference means it here: \w of Rust, which has the two joiners. */
static bool is_word(int32_t cp)
{
    return cp == 0x200c || cp == 0x200d || heft_ranges_have(&heft_unicode_word, cp);
}

static bool word_before(heft_str s, size_t at)
{
    int32_t cp = -1;
    size_t begin = at;
    while (begin > 0 && at - begin < 4 && ((uint8_t)s.p[begin - 1] & 0xc0) == 0x80)
        begin--;
    if (begin > 0) (void)heft_utf8_decode(s.p + begin - 1, at - begin + 1, &cp);
    return is_word(cp);
}

static bool word_after(heft_str s, size_t at)
{
    int32_t cp = -1;
    if (at < s.n) (void)heft_utf8_decode(s.p + at, s.n - at, &cp);
    return is_word(cp);
}

/* Where the white space that ends at `at` begins; not before `least`. */
static size_t space_before(heft_str s, size_t least, size_t at)
{
    for (;;) {
        size_t begin = at;
        do {
            if (begin <= least) return at;
            begin--;
        } while (((uint8_t)s.p[begin] & 0xc0) == 0x80);
        int32_t cp;
        size_t n = heft_utf8_decode(s.p + begin, at - begin, &cp);
        if (n != at - begin || !heft_ranges_have(&heft_unicode_space, cp)) return at;
        at = begin;
    }
}

static size_t space_after(heft_str s, size_t at)
{
    while (at < s.n) {
        int32_t cp;
        size_t n = heft_utf8_decode(s.p + at, s.n - at, &cp);
        if (!heft_ranges_have(&heft_unicode_space, cp)) break;
        at += n;
    }
    return at;
}

static heft_piece part(heft_piece p, size_t begin, size_t end)
{
    return (heft_piece){ { p.s.p + begin, end - begin }, p.first && begin == 0 };
}

/* May this added token be matched at s, where it is spelled? */
static bool allowed(const heft_run *r, const heft_added *a, heft_str s)
{
    if (!a->special || r->parse_special) return true;
    return r->data && !memchr(r->data + (s.p - r->base), 1, s.n);
}

/* The added token at or after *at, as heft_matcher_next. Where it is known who wrote the text, what
 * the caller spelled hides nothing: a shorter or later token of the template's is still found. */
static int32_t next_added(const heft_run *r, const heft_matcher *m, heft_str s, size_t *at,
                          size_t *n)
{
    if (!r->data) return heft_matcher_next(m, s, at, n);
    for (size_t i = *at; m->nodes && i < s.n; i++) {
        size_t most = s.n;
        for (int32_t k; (k = heft_matcher_longest(m, s, i, most, n)) >= 0; most = *n - 1) {
            if (!allowed(r, &r->t->added[k], (heft_str){ s.p + i, *n })) continue;
            *at = i;
            return k;
        }
    }
    return -1;
}

/* Find the added tokens of m in p; what lies between goes to `between`. A token that is found but
 * may not stand there hides others under it: the reference does so. */
static heft_status extract(heft_run *r, const heft_matcher *m, heft_piece p, section_fn *between,
                           heft_error *err)
{
    heft_status st = HEFT_OK;
    size_t done = 0, at = 0, n = 0;
    for (int32_t i; !st && (i = next_added(r, m, p.s, &at, &n)) >= 0;) {
        const heft_added *a = &r->t->added[i];
        size_t begin = at, end = at + n;
        at = end;
        if (!allowed(r, a, (heft_str){ p.s.p + begin, n })) continue;
        if (a->word && (word_before(p.s, begin) || word_after(p.s, end))) continue;
        if (a->left) begin = space_before(p.s, done, begin);
        if (a->right) end = space_after(p.s, end);
        if (begin > done) st = between(r, part(p, done, begin), err);
        if (!st) st = heft_ids_add(&r->ids, a->id, err);
        r->continues = false;
        done = end;
    }
    return st || done >= p.s.n ? st : between(r, part(p, done, p.s.n), err);
}

static heft_status rewritten_section(heft_run *r, heft_piece p, heft_error *err)
{
    return heft_split_on(r, 0, p, err);
}

static heft_status valid_section(heft_run *r, heft_piece p, heft_error *err)
{
    if (p.s.n == 0) return HEFT_OK;
    r->newer = heft_unicode_has_newer(p.s);
    const char *base = r->base;
    const uint8_t *data = r->data;
    heft_status st = heft_rewrite_all(r, p.s, &p.s, err);
    if (!st) st = extract(r, &r->t->rewritten, p, rewritten_section, err);
    r->base = base;
    r->data = data;
    return st;
}

/* A byte that is not UTF-8 is a unit of its own: the token of that byte. */
static heft_status invalid_byte(heft_run *r, uint8_t byte, heft_error *err)
{
    const heft_bpe *b = &r->t->bpe;
    int32_t id = r->t->byte_level ? b->direct[heft_char_of_byte(byte)] : b->byte[byte];
    if (id < 0)
        return heft_fail(
            err, HEFT_E_ARG,
            "byte 0x%02x of the text is not UTF-8, and the vocabulary has no token for it", byte);
    r->continues = true;
    return heft_ids_add(&r->ids, id, err);
}

static heft_status raw_section(heft_run *r, heft_piece p, heft_error *err)
{
    size_t done = 0;
    for (size_t i = 0, n; i < p.s.n; i += n) {
        int32_t cp;
        n = heft_utf8_decode(p.s.p + i, p.s.n - i, &cp);
        if (cp >= 0) continue;
        heft_status st = valid_section(r, part(p, done, i), err);
        if (!st) st = invalid_byte(r, (uint8_t)p.s.p[i], err);
        if (st) return st;
        done = i + 1;
    }
    return valid_section(r, part(p, done, p.s.n), err);
}

static heft_status add_all(heft_ids *to, const heft_ids *from, heft_error *err)
{
    heft_status st = HEFT_OK;
    for (size_t i = 0; i < from->n && !st; i++)
        st = heft_ids_add(to, from->p[i], err);
    return st;
}

/* data: as heft_run has it. */
static heft_status tokenize(const heft_tokenizer *t, heft_str text, const uint8_t *data,
                            unsigned flags, int32_t **ids, size_t *n_ids, heft_error *err)
{
    if (text.n > HEFT_MAX_TEXT_BYTES)
        return heft_fail(err, HEFT_E_ARG,
                         "the text has %zu bytes, at most %d can be tokenized at once", text.n,
                         (int)HEFT_MAX_TEXT_BYTES);
    heft_run r = {
        .t = t, .parse_special = flags & HEFT_TOKENIZE_PARSE_SPECIAL, .data = data, .base = text.p
    };
    bool bare = flags & HEFT_TOKENIZE_NO_SPECIAL;
    heft_status st = bare ? HEFT_OK : add_all(&r.ids, &t->before, err);
    if (!st && text.n) st = extract(&r, &t->raw, (heft_piece){ text, true }, raw_section, err);
    if (!st && !bare) st = add_all(&r.ids, &t->after, err);
    if (!st && !r.ids.p) {
        r.ids.p = heft_alloc(1, sizeof *r.ids.p);
        if (!r.ids.p) st = heft_nomem(err, "ids");
    }
    if (!st) {
        *ids = r.ids.p;
        *n_ids = r.ids.n;
        r.ids.p = NULL;
    }
    heft_run_clear(&r);
    return st;
}

heft_status heft_tokenize(const heft_tokenizer *t, const char *text, size_t n, unsigned flags,
                          int32_t **ids, size_t *n_ids, heft_error *err)
{
    return tokenize(t, (heft_str){ text, n }, NULL, flags, ids, n_ids, err);
}

heft_status heft_tokenize_prompt(const heft_tokenizer *t, const heft_prompt *p, unsigned flags,
                                 int32_t **ids, size_t *n_ids, heft_error *err)
{
    uint8_t *data = heft_alloc(p->n, 1);
    if (!data) return heft_nomem(err, "a prompt");
    for (size_t i = 0, at = 0; i < p->n_ranges; at = p->range[i++].end)
        memset(data + at, p->range[i].data, p->range[i].end - at);
    heft_status st = tokenize(t, (heft_str){ p->text, p->n }, data, flags, ids, n_ids, err);
    heft_free(data);
    return st;
}

void heft_prompt_clear(heft_prompt *p)
{
    heft_free(p->text);
    heft_free(p->range);
    *p = (heft_prompt){ .n = 0 };
}

/* ---- ids to text ---- */

static heft_str spelling_of(const heft_tokenizer *t, int32_t id, bool first)
{
    const heft_spelling *s = &t->spelling[first && t->spelling[1].at];
    return (heft_str){ s->pool.p + s->at[id], s->at[id + 1] - s->at[id] };
}

heft_str heft_stream_bytes(heft_stream *s, int32_t id)
{
    const heft_tokenizer *t = s->t;
    if (!heft_tokenizer_has(t, id)) return (heft_str){ "", 0 };
    if (!s->special && (heft_vocab_flags(&t->vocab, id) & HEFT_TOKEN_SPECIAL))
        return (heft_str){ "", 0 };
    heft_str text = spelling_of(t, id, !s->begun);
    s->begun = true;
    while (text.n && s->stripped < t->n_strip) {
        if (text.n < t->strip.n || memcmp(text.p, t->strip.p, t->strip.n) != 0) {
            s->stripped = t->n_strip;
            break;
        }
        text.p += t->strip.n;
        text.n -= t->strip.n;
        s->stripped++;
    }
    return text;
}

heft_status heft_detokenize(const heft_tokenizer *t, const int32_t *ids, size_t n_ids, bool special,
                            char **text, size_t *n, heft_error *err)
{
    heft_stream s = { .t = t, .special = special };
    heft_buf out = heft_buf_of(SIZE_MAX / 4);
    heft_status st = HEFT_OK;
    for (size_t i = 0; i < n_ids && !st; i++) {
        if (heft_tokenizer_has(t, ids[i]))
            heft_buf_str(&out, heft_stream_bytes(&s, ids[i]));
        else
            st = heft_fail(err, HEFT_E_ARG, "token %zu is %d, the tokenizer has 0 to %d%s", i,
                           (int)ids[i], (int)t->vocab.size - 1,
                           ids[i] >= 0 && ids[i] < t->vocab.size ? ", but not this one" : "");
    }
    if (!st) heft_buf_z(&out, "");
    if (!st) st = heft_buf_check(&out, "a text", err);
    if (st) {
        heft_buf_free(&out);
        return st;
    }
    *text = out.p;
    *n = out.n;
    return HEFT_OK;
}

size_t heft_stream_max(const heft_tokenizer *t)
{
    return t->longest + sizeof((heft_stream *)0)->held;
}

size_t heft_stream_next(heft_stream *s, int32_t id, char *out)
{
    heft_str text = heft_stream_bytes(s, id);
    size_t n = (size_t)s->n_held;
    memcpy(out, s->held, n);
    if (text.n) memcpy(out + n, text.p, text.n);
    n += text.n;
    size_t whole = heft_utf8_whole((heft_str){ out, n });
    s->n_held = (int32_t)(n - whole);
    memcpy(s->held, out + whole, n - whole);
    return whole;
}

size_t heft_stream_end(heft_stream *s, char *out)
{
    bool held = s->n_held > 0;
    s->n_held = 0;
    return held ? heft_utf8_encode(0xfffd, out) : 0;
}

/* ---- filling the rows ---- */

static heft_status too_many(const char *what, heft_error *err)
{
    return heft_fail(err, HEFT_E_UNSUPPORTED, "more than %d %s", (int)HEFT_MAX_STEPS, what);
}

heft_status heft_add_rewrite(heft_tokenizer *t, heft_rewrite w, heft_error *err)
{
    if (t->n_rewrites == HEFT_MAX_STEPS) {
        heft_regex_close(w.pattern.regex);
        return too_many("normalizers", err);
    }
    t->rewrite[t->n_rewrites++] = w;
    return HEFT_OK;
}

heft_status heft_add_split(heft_tokenizer *t, heft_split s, heft_error *err)
{
    if (t->n_splits == HEFT_MAX_STEPS) {
        heft_regex_close(s.pattern.regex);
        return too_many("pre-tokenizers", err);
    }
    t->split[t->n_splits++] = s;
    return HEFT_OK;
}

heft_status heft_add_undo(heft_tokenizer *t, heft_undo u, heft_error *err)
{
    if (t->n_undos == HEFT_MAX_STEPS) return too_many("decoders", err);
    t->undo[t->n_undos++] = u;
    return HEFT_OK;
}

heft_status heft_add_regex(heft_tokenizer *t, heft_str pattern, heft_regex_dialect dialect,
                           heft_behaviour behaviour, bool invert, heft_error *err)
{
    heft_regex *regex = NULL;
    heft_status st = heft_regex_open(pattern, dialect, &regex, err);
    if (st) return st;
    heft_split s = { .run = heft_split_pattern,
                     .pattern = { .regex = regex },
                     .behaviour = behaviour,
                     .invert = invert };
    return heft_add_split(t, s, err);
}

heft_status heft_add_end(heft_tokenizer *t, int32_t id, heft_error *err)
{
    return heft_tokenizer_is_end(t, id) ? HEFT_OK : heft_ids_add(&t->end, id, err);
}

/* ---- opening and closing ---- */

/* The bytes of one token, through all undo steps. */
static bool spell(const heft_tokenizer *t, int32_t id, bool first, heft_buf *scratch, heft_buf *out)
{
    heft_str s = heft_vocab_str(&t->vocab, id);
    bool literal = heft_vocab_flags(&t->vocab, id) & HEFT_TOKEN_LITERAL;
    for (int32_t i = 0; i < t->n_undos && !literal; i++) {
        heft_buf *to = &scratch[i % 2];
        to->n = 0;
        if (!heft_buf_z(to, "") || !t->undo[i].apply(&t->undo[i], s, first, to)) return false;
        s = (heft_str){ to->p, to->n };
    }
    return heft_buf_str(out, s);
}

static heft_status spell_all(heft_tokenizer *t, bool first, heft_error *err)
{
    heft_buf scratch[2] = { heft_buf_of(SIZE_MAX / 4), heft_buf_of(SIZE_MAX / 4) };
    heft_spelling *s = &t->spelling[first];
    s->pool = heft_buf_of(UINT32_MAX);
    s->at = heft_alloc((size_t)t->vocab.size + 1, sizeof *s->at);
    bool ok = s->at && heft_buf_z(&s->pool, "");
    for (int32_t id = 0; id < t->vocab.size && ok; id++) {
        ok = spell(t, id, first, scratch, &s->pool);
        s->at[id + 1] = (uint32_t)s->pool.n;
        size_t n = s->at[id + 1] - s->at[id];
        if (n > t->longest) t->longest = n;
    }
    heft_buf_free(&scratch[0]);
    heft_buf_free(&scratch[1]);
    return ok ? HEFT_OK : heft_nomem(err, "the spelling of tokens");
}

static heft_status match_rewritten(heft_tokenizer *t, heft_error *err)
{
    heft_run r = { .t = t, .newer = true };
    heft_status st = HEFT_OK;
    for (int32_t i = 0; i < t->n_added && !st; i++) {
        heft_str s = heft_vocab_str(&t->vocab, t->added[i].id);
        if (!t->added[i].rewritten) {
            st = heft_matcher_add(&t->raw, s, i, err);
            continue;
        }
        st = heft_rewrite_all(&r, s, &s, err);
        if (!st && s.n) st = heft_matcher_add(&t->rewritten, s, i, err);
    }
    heft_run_clear(&r);
    return st;
}

heft_status heft_tokenizer_finish(heft_tokenizer *t, heft_error *err)
{
    bool by_position = false;
    for (int32_t i = 0; i < t->n_undos; i++)
        by_position |= t->undo[i].by_position;
    heft_status st = match_rewritten(t, err);
    if (!st) st = spell_all(t, false, err);
    if (!st && by_position) st = spell_all(t, true, err);
    return st;
}

void heft_tokenizer_close(heft_tokenizer *t)
{
    if (!t) return;
    for (int32_t i = 0; i < t->n_rewrites; i++)
        heft_regex_close(t->rewrite[i].pattern.regex);
    for (int32_t i = 0; i < t->n_splits; i++)
        heft_regex_close(t->split[i].pattern.regex);
    for (int32_t i = 0; i < 2; i++) {
        heft_buf_free(&t->spelling[i].pool);
        heft_free(t->spelling[i].at);
    }
    heft_matcher_clear(&t->raw);
    heft_matcher_clear(&t->rewritten);
    heft_bpe_clear(&t->bpe);
    heft_vocab_clear(&t->vocab);
    heft_free(t->added);
    heft_free(t->before.p);
    heft_free(t->after.p);
    heft_free(t->end.p);
    heft_arena_clear(&t->arena);
    heft_free(t);
}

/* Open from a directory, or from a GGUF source. */
static heft_status open_from(const char *dir, const heft_source *gguf, const heft_log *log,
                             heft_tokenizer **out, heft_error *err)
{
    heft_tokenizer *t = heft_alloc(1, sizeof *t);
    if (!t) return heft_nomem(err, "a tokenizer");
    t->bos = t->bpe.unknown = -1;
    heft_status st = gguf ? heft_tokenizer_read_gguf(t, gguf, log, err)
                          : heft_tokenizer_read_json(t, dir, log, err);
    if (!st) st = heft_tokenizer_finish(t, err);
    if (st) {
        heft_tokenizer_close(t);
        return st;
    }
    *out = t;
    return HEFT_OK;
}

/* The directory of a release given as a directory or as a file in it. */
static heft_status directory_of(const char *path, char *dir, size_t size, heft_error *err)
{
    const char *slash = strrchr(path, '/');
    if (heft_is_directory(path)) return heft_path_join(dir, size, path, heft_str_of("."), err);
    if (!slash) return heft_path_join(dir, size, ".", heft_str_of("."), err);
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    if (n >= size)
        return heft_fail(err, HEFT_E_ARG, "%s: the path is too long", heft_show_z(path).text);
    memcpy(dir, path, n);
    dir[n] = 0;
    return HEFT_OK;
}

heft_status heft_tokenizer_of(const heft_source *s, const heft_log *log, heft_tokenizer **out,
                              heft_error *err)
{
    char dir[4096], file[4096];
    *out = NULL;
    if (s->container == HEFT_GGUF) {
        const heft_value *model = heft_value_get(s->config, "tokenizer.ggml.model");
        bool none = !model || (model->kind == HEFT_V_STRING && heft_str_is(model->str, "no_vocab"));
        return none ? HEFT_OK : open_from(NULL, s, log, out, err);
    }
    heft_status st = directory_of(s->path, dir, sizeof dir, err);
    if (!st) st = heft_path_join(file, sizeof file, dir, heft_str_of("tokenizer.json"), err);
    return st || !heft_is_file(file) ? st : open_from(dir, NULL, log, out, err);
}

heft_status heft_tokenizer_open(const char *path, const heft_log *log, heft_tokenizer **out,
                                heft_error *err)
{
    if (heft_is_directory(path)) return open_from(path, NULL, log, out, err);
    heft_source *s = NULL;
    heft_tokenizer *t = NULL;
    heft_status st = heft_source_open(path, log, &s, err);
    if (!st) st = heft_tokenizer_of(s, log, &t, err);
    if (!st && !t)
        st = heft_fail(err, HEFT_E_FORMAT, "%s: there is no tokenizer in it",
                       heft_show_z(path).text);
    heft_source_close(s);
    if (!st) *out = t;
    return st;
}

/* ---- facts ---- */

int32_t heft_tokenizer_size(const heft_tokenizer *t)
{
    return t->vocab.size;
}

int32_t heft_tokenizer_bos(const heft_tokenizer *t)
{
    return t->bos;
}

bool heft_tokenizer_is_end(const heft_tokenizer *t, int32_t id)
{
    for (size_t i = 0; i < t->end.n; i++)
        if (t->end.p[i] == id) return true;
    return false;
}

bool heft_tokenizer_is_special(const heft_tokenizer *t, int32_t id)
{
    return heft_vocab_flags(&t->vocab, id) & HEFT_TOKEN_SPECIAL;
}

bool heft_tokenizer_adds_bos(const heft_tokenizer *t)
{
    return t->bos >= 0 && t->before.n && t->before.p[0] == t->bos;
}

bool heft_tokenizer_has(const heft_tokenizer *t, int32_t id)
{
    return heft_vocab_flags(&t->vocab, id) & HEFT_TOKEN_HERE;
}

size_t heft_tokenizer_bytes(const heft_tokenizer *t)
{
    size_t slots = ((size_t)t->vocab.mask + 1) * sizeof(uint64_t),
           merges = ((size_t)t->bpe.mask + 1) * 16;
    size_t tokens = (size_t)t->vocab.cap * sizeof *t->vocab.token
                    + (t->bpe.score ? (size_t)t->vocab.size * 4 : 0);
    size_t spellings = t->vocab.pool.cap;
    for (int32_t i = 0; i < 2; i++)
        if (t->spelling[i].at)
            spellings += t->spelling[i].pool.cap + ((size_t)t->vocab.size + 1) * 4;
    return sizeof *t + slots + merges + tokens + spellings + t->arena.bytes
           + (size_t)t->n_added * sizeof *t->added;
}

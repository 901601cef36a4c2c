/* Tokenizers: the run through the steps, and the public functions. */
#include "text/tokenizer.h"

#include "base/bounds.h"
#include "base/file.h"
#include "text/pipeline.h"

#include <stdio.h>
#include <string.h>

void heft_run_clear(heft_run *r)
{
    heft_matching_close(r->matching);
    heft_word_clear(&r->word);
    heft_path_clear(&r->path);
    heft_memo_clear(&r->memo);
    heft_free(r->ids.p);
    heft_buf_free(&r->clean);
    heft_buf_free(&r->clean_origin);
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
    int32_t id = r->t->byte[byte];
    if (id < 0)
        return heft_fail(
            err, HEFT_E_ARG,
            "byte 0x%02x of the text is not UTF-8, and the vocabulary has no token for it", byte);
    r->continues = true;
    return heft_ids_add(&r->ids, id, err);
}

/* The section with every byte that is not UTF-8 as U+FFFD, which has the origin of the byte. */
static heft_status replaced_section(heft_run *r, heft_piece p, heft_error *err)
{
    heft_buf *b = &r->clean, *o = &r->clean_origin;
    const char *base = r->base;
    const uint8_t *data = r->data;
    b->n = o->n = 0;
    b->max = o->max = SIZE_MAX / 4;
    for (size_t i = 0, n; i < p.s.n; i += n) {
        int32_t cp;
        n = heft_utf8_decode(p.s.p + i, p.s.n - i, &cp);
        heft_str c = cp < 0 ? heft_str_of("\ufffd") : (heft_str){ p.s.p + i, n };
        heft_buf_str(b, c);
        for (size_t k = 0; k < c.n && data; k++)
            heft_buf_add(o, data + (p.s.p - base) + i, 1);
    }
    heft_status st = heft_buf_check(b, "a text", err);
    if (!st) st = heft_buf_check(o, "a text", err);
    if (st) return st;
    r->base = b->p;
    r->data = data ? (const uint8_t *)o->p : NULL;
    st = valid_section(r, (heft_piece){ { b->p, b->n }, p.first }, err);
    r->base = base;
    r->data = data;
    return st;
}

static heft_status raw_section(heft_run *r, heft_piece p, heft_error *err)
{
    size_t done = 0;
    if (r->t->replaces_invalid && !heft_utf8_valid(p.s)) return replaced_section(r, p, err);
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

enum { WORTH_A_MEMO = 4096 }; /* bytes of a text; below, clearing it takes longer than it saves */

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
    heft_status st = text.n < WORTH_A_MEMO ? HEFT_OK : heft_memo_open(&r.memo, err);
    if (!st && !bare) st = add_all(&r.ids, &t->before, err);
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

static heft_str spelling_of(const heft_tokenizer *t, int32_t id, unsigned place)
{
    const heft_spelling *s = &t->spelling[place & t->places];
    return (heft_str){ s->pool.p + s->at[id], s->at[id + 1] - s->at[id] };
}

/* Take off the beginning of the text what the decoder does not write there. */
static heft_str stripped(heft_stream *s, heft_str text)
{
    const heft_tokenizer *t = s->t;
    for (int32_t here = 0; text.n && s->stripped < t->n_strip; here++) {
        bool has = text.n >= t->strip.n && memcmp(text.p, t->strip.p, t->strip.n) == 0;
        if (!has || (here && t->strip_each)) {
            s->stripped = t->n_strip;
            break;
        }
        text.p += t->strip.n;
        text.n -= t->strip.n;
        s->stripped += !t->strip_each;
    }
    return text;
}

/* The bytes of one token that is written. */
static heft_str token_bytes(heft_stream *s, int32_t id, unsigned place)
{
    heft_str text = spelling_of(s->t, id, place | (s->begun ? 0 : HEFT_AT_BEGIN));
    uint32_t flags = heft_vocab_flags(&s->t->vocab, id);
    s->begun = true;
    if ((flags & HEFT_TOKEN_LITERAL) && !(flags & HEFT_TOKEN_ADDED)) { /* the unknown token */
        s->stripped = s->t->n_strip;
        return text;
    }
    return stripped(s, text);
}

/* Where the last token of a text is written otherwise, a token waits for the next. */
heft_str heft_stream_bytes(heft_stream *s, int32_t id)
{
    const heft_tokenizer *t = s->t;
    int32_t waiting = s->waiting1 - 1;
    if (!heft_tokenizer_has(t, id)) return (heft_str){ "", 0 };
    if (!s->special && (heft_vocab_flags(&t->vocab, id) & HEFT_TOKEN_SPECIAL))
        return (heft_str){ "", 0 };
    if (t->joins_repeats && s->last1 == id + 1) return (heft_str){ "", 0 };
    s->last1 = id + 1;
    if (!(t->places & HEFT_AT_END)) return token_bytes(s, id, 0);
    s->waiting1 = id + 1;
    return waiting < 0 ? (heft_str){ "", 0 } : token_bytes(s, waiting, 0);
}

/* The bytes of the token that waits, if one does: it was the last. */
static heft_str last_bytes(heft_stream *s)
{
    int32_t waiting = s->waiting1 - 1;
    s->waiting1 = 0;
    return waiting < 0 ? (heft_str){ "", 0 } : token_bytes(s, waiting, HEFT_AT_END);
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
    heft_buf_str(&out, last_bytes(&s));
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

/* Write what is held and text; hold back an unfinished character. */
static size_t write_whole(heft_stream *s, heft_str text, char *out)
{
    size_t n = (size_t)s->n_held;
    memcpy(out, s->held, n);
    if (text.n) memcpy(out + n, text.p, text.n);
    n += text.n;
    size_t whole = heft_utf8_whole((heft_str){ out, n });
    s->n_held = (int32_t)(n - whole);
    memcpy(s->held, out + whole, n - whole);
    return whole;
}

size_t heft_stream_next(heft_stream *s, int32_t id, char *out)
{
    return write_whole(s, heft_stream_bytes(s, id), out);
}

size_t heft_stream_end(heft_stream *s, char *out)
{
    size_t n = write_whole(s, last_bytes(s), out);
    if (s->n_held) n += heft_utf8_encode(0xfffd, out + n);
    s->n_held = 0;
    return n;
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
    if (t->n_undos == HEFT_MAX_STEPS) {
        heft_regex_close(u.pattern.regex);
        return too_many("decoders", err);
    }
    t->undo[t->n_undos++] = u;
    t->places |= u.places;
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

heft_status heft_add_added(heft_tokenizer *t, heft_added a, heft_error *err)
{
    int32_t n = t->n_added;
    if ((n & (n - 1)) == 0) { /* room for twice as many, at every power of two */
        size_t cap = n ? 2 * (size_t)n : 1;
        heft_added *p = heft_realloc(t->added, cap * sizeof *p);
        if (!p) return heft_nomem(err, "added tokens");
        t->added = p;
    }
    t->added[t->n_added++] = a;
    t->vocab.token[a.id].flags |= HEFT_TOKEN_ADDED | (a.special ? HEFT_TOKEN_SPECIAL : 0);
    return HEFT_OK;
}

heft_status heft_add_end(heft_tokenizer *t, int32_t id, heft_error *err)
{
    return heft_tokenizer_is_end(t, id) ? HEFT_OK : heft_ids_add(&t->end, id, err);
}

/* ---- opening and closing ---- */

/* The bytes of one token, through all undo steps. */
static heft_status spell(heft_run *r, int32_t id, unsigned place, heft_buf *out, heft_error *err)
{
    const heft_tokenizer *t = r->t;
    heft_str s = heft_vocab_str(&t->vocab, id);
    bool literal = heft_vocab_flags(&t->vocab, id) & HEFT_TOKEN_LITERAL;
    for (int32_t i = 0; i < t->n_undos && !literal; i++) {
        heft_buf *to = &r->text[i % 2];
        to->n = 0;
        to->max = SIZE_MAX / 4;
        heft_buf_z(to, "");
        heft_status st = t->undo[i].apply(&t->undo[i], r, s, place, to, err);
        if (!st) st = heft_buf_check(to, "the spelling of a token", err);
        if (st) return st;
        s = (heft_str){ to->p, to->n };
    }
    heft_buf_str(out, s);
    return HEFT_OK;
}

static heft_status spell_all(heft_tokenizer *t, unsigned place, heft_error *err)
{
    heft_run r = { .t = t };
    heft_spelling *s = &t->spelling[place];
    s->pool = heft_buf_of(UINT32_MAX);
    s->at = heft_alloc((size_t)t->vocab.size + 1, sizeof *s->at);
    heft_buf_z(&s->pool, "");
    heft_status st = s->at ? HEFT_OK : heft_nomem(err, "the spelling of tokens");
    for (int32_t id = 0; id < t->vocab.size && !st; id++) {
        st = spell(&r, id, place, &s->pool, err);
        if (!st) st = heft_buf_check(&s->pool, "the spelling of tokens", err);
        if (st) break;
        s->at[id + 1] = (uint32_t)s->pool.n;
        size_t n = s->at[id + 1] - s->at[id];
        if (n > t->longest) t->longest = n;
    }
    heft_run_clear(&r);
    return st;
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

/* The token of each byte: of the character that stands for it, or <0xXX>. */
static void find_bytes(heft_tokenizer *t)
{
    for (int32_t i = 0; i < 256; i++) {
        char name[8];
        size_t n = t->byte_level ? heft_utf8_encode(heft_char_of_byte((uint8_t)i), name)
                                 : (size_t)snprintf(name, sizeof name, "<0x%02X>", (unsigned)i);
        t->byte[i] = heft_vocab_find(&t->vocab, (heft_str){ name, n });
    }
}

heft_status heft_tokenizer_finish(heft_tokenizer *t, heft_error *err)
{
    find_bytes(t);
    heft_status st = heft_bpe_finish(&t->bpe, heft_ends_in_bytes(t) ? t->byte : NULL, err);
    if (!st) st = match_rewritten(t, err);
    for (unsigned place = 0; place < HEFT_PLACES && !st; place++)
        if ((place & t->places) == place) st = spell_all(t, place, err);
    return st;
}

heft_tokenizer *heft_tokenizer_new(void)
{
    heft_tokenizer *t = heft_alloc(1, sizeof *t);
    if (t) t->bos = t->bpe.unknown = t->words.unknown = t->unigram.unknown = -1;
    return t;
}

void heft_tokenizer_close(heft_tokenizer *t)
{
    if (!t) return;
    for (int32_t i = 0; i < t->n_rewrites; i++)
        heft_regex_close(t->rewrite[i].pattern.regex);
    for (int32_t i = 0; i < t->n_splits; i++)
        heft_regex_close(t->split[i].pattern.regex);
    for (int32_t i = 0; i < t->n_undos; i++)
        heft_regex_close(t->undo[i].pattern.regex);
    for (unsigned i = 0; i < HEFT_PLACES; i++) {
        heft_buf_free(&t->spelling[i].pool);
        heft_free(t->spelling[i].at);
    }
    heft_matcher_clear(&t->raw);
    heft_matcher_clear(&t->rewritten);
    heft_matcher_clear(&t->symbols);
    heft_bpe_clear(&t->bpe);
    heft_words_clear(&t->words);
    heft_unigram_clear(&t->unigram);
    heft_vocab_clear(&t->vocab);
    heft_free(t->added);
    heft_free(t->before.p);
    heft_free(t->after.p);
    heft_free(t->end.p);
    heft_arena_clear(&t->arena);
    heft_free(t);
}

/* What a release may have, the first of them that is there is read. */
static const struct {
    const char *name;
    heft_tokenizer_reader *read;
} containers[] = {
    { "tokenizer.json", heft_tokenizer_read_json },
    { "tekken.json", heft_tokenizer_read_tekken },
    { "tokenizer.model", heft_tokenizer_read_model },
    { "tiktoken.model", heft_tokenizer_read_tiktoken },
    { "qwen.tiktoken", heft_tokenizer_read_tiktoken },
};

enum { CONTAINERS = sizeof containers / sizeof *containers };

/* The index of the container in dir; CONTAINERS: there is none. */
static heft_status find_container(const char *dir, size_t *out, heft_error *err)
{
    char path[4096];
    for (*out = 0; *out < CONTAINERS; ++*out) {
        heft_status st =
            heft_path_join(path, sizeof path, dir, heft_str_of(containers[*out].name), err);
        if (st || heft_is_file(path)) return st;
    }
    return HEFT_OK;
}

/* Open from a container in a directory, or from a GGUF source. */
static heft_status open_from(const char *dir, size_t container, const heft_source *gguf,
                             const heft_log *log, heft_tokenizer **out, heft_error *err)
{
    heft_tokenizer *t = heft_tokenizer_new();
    if (!t) return heft_nomem(err, "a tokenizer");
    heft_status st = gguf
                         ? heft_tokenizer_read_gguf(t, gguf, log, err)
                         : containers[container].read(t, dir, containers[container].name, log, err);
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
    char dir[4096];
    size_t i = CONTAINERS;
    *out = NULL;
    if (s->container == HEFT_GGUF) {
        const heft_value *model = heft_value_get(s->config, "tokenizer.ggml.model");
        bool none = !model || (model->kind == HEFT_V_STRING && heft_str_is(model->str, "no_vocab"));
        return none ? HEFT_OK : open_from(NULL, 0, s, log, out, err);
    }
    heft_status st = directory_of(s->path, dir, sizeof dir, err);
    if (!st) st = find_container(dir, &i, err);
    return st || i == CONTAINERS ? st : open_from(dir, i, NULL, log, out, err);
}

heft_status heft_tokenizer_open(const char *path, const heft_log *log, heft_tokenizer **out,
                                heft_error *err)
{
    heft_source *s = NULL;
    heft_tokenizer *t = NULL;
    heft_status st;
    if (heft_is_directory(path)) {
        size_t i;
        st = find_container(path, &i, err);
        /* Without any, the message names the one that is usual. */
        return st ? st : open_from(path, i == CONTAINERS ? 0 : i, NULL, log, out, err);
    }
    st = heft_source_open(path, log, &s, err);
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

static size_t matcher_bytes(const heft_matcher *m)
{
    return m->nodes ? ((size_t)m->mask + 1) * sizeof(uint64_t) + (size_t)m->cap * 4 : 0;
}

size_t heft_tokenizer_bytes(const heft_tokenizer *t)
{
    size_t slots = ((size_t)t->vocab.mask + 1) * sizeof(uint64_t), merges = heft_bpe_bytes(&t->bpe),
           tries = matcher_bytes(&t->words.trie) + matcher_bytes(&t->unigram.trie);
    size_t tokens = (size_t)t->vocab.cap * sizeof *t->vocab.token
                    + (t->bpe.score ? (size_t)t->vocab.size * 4 : 0)
                    + (t->unigram.score ? (size_t)t->vocab.size * 8 : 0);
    size_t spellings = t->vocab.pool.cap;
    for (int32_t i = 0; i < HEFT_PLACES; i++)
        if (t->spelling[i].at)
            spellings += t->spelling[i].pool.cap + ((size_t)t->vocab.size + 1) * 4;
    return sizeof *t + slots + merges + tries + tokens + spellings + t->arena.bytes
           + (size_t)t->n_added * sizeof *t->added;
}

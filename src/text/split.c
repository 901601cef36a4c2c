/* Splits: what a tokenizer calls its pre-tokenizer. */
#include "text/pipeline.h"

#include <string.h>

static heft_status encode(heft_run *r, heft_str piece, heft_error *err)
{
    const heft_tokenizer *t = r->t;
    switch (t->model) {
    case HEFT_MODEL_BPE: return heft_bpe_encode(&t->bpe, &r->word, piece, &r->ids, err);
    case HEFT_MODEL_WORDS: return heft_words_encode(&t->words, piece, &r->ids, err);
    case HEFT_MODEL_UNIGRAM: return heft_unigram_encode(&t->unigram, &r->path, piece, &r->ids, err);
    }
    return HEFT_OK;
}

/* Does nothing but the piece itself say what becomes of it from here on? */
static bool nearly_there(const heft_tokenizer *t, int32_t level)
{
    return level == t->n_splits || (level + 1 == t->n_splits && heft_ends_in_bytes(t));
}

static heft_status go_on(heft_run *r, int32_t level, heft_piece p, heft_error *err)
{
    if (level == r->t->n_splits) return encode(r, p.s, err);
    const heft_split *s = &r->t->split[level];
    return s->run(s, r, level, p, err);
}

heft_status heft_split_on(heft_run *r, int32_t level, heft_piece p, heft_error *err)
{
    if (p.s.n == 0) return HEFT_OK;
    if (!nearly_there(r->t, level)) return go_on(r, level, p, err);
    const heft_place place = heft_memo_place(&r->memo, p.s);
    const size_t before = r->ids.n;
    bool had;
    heft_status st = heft_memo_recall(&place, &r->ids, &had, err);
    if (st || had) return st;
    st = go_on(r, level, p, err);
    if (!st) heft_memo_keep(&place, &r->ids, before);
    return st;
}

/* Does a span join the one before it? */
static bool joins(heft_behaviour b, bool before, bool now)
{
    switch (b) {
    case HEFT_REMOVED:
    case HEFT_ISOLATED: return false;
    case HEFT_WITH_PREVIOUS: return now && !before;
    case HEFT_WITH_NEXT: return before && !now;
    case HEFT_CONTIGUOUS: return before == now;
    }
    return false;
}

heft_status heft_split_pattern(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                               heft_error *err)
{
    heft_spans spans = heft_spans_of(&s->pattern, p.s);
    heft_piece held = { { p.s.p, 0 }, false };
    bool held_match = false, any = false;
    for (;;) {
        heft_str span;
        bool more, match;
        heft_status st = heft_spans_next(&spans, r, &more, &span, &match, err);
        if (st) return st;
        if (!more) break;
        match ^= s->invert;
        if (match && s->behaviour == HEFT_REMOVED) continue;
        if (any && joins(s->behaviour, held_match, match)) {
            held.s.n += span.n;
        } else {
            st = heft_split_on(r, level + 1, held, err);
            if (st) return st;
            held = (heft_piece){ span, p.first && span.p == p.s.p };
        }
        held_match = match;
        any = true;
    }
    return heft_split_on(r, level + 1, held, err);
}

static heft_status rewritten(heft_run *r, int32_t level, bool first, heft_error *err)
{
    const heft_buf *b = &r->level[level];
    heft_status st = heft_buf_check(b, "a piece", err);
    if (st) return st;
    return heft_split_on(r, level + 1, (heft_piece){ { b->p, b->n }, first }, err);
}

static heft_buf *cleared(heft_run *r, int32_t level)
{
    heft_buf *b = &r->level[level];
    b->n = 0;
    b->max = SIZE_MAX / 4;
    return b;
}

static bool needs_prefix(const heft_split *s, const heft_run *r, heft_piece p, heft_str text)
{
    bool wanted = s->prefix == HEFT_PREFIX_ALWAYS || (s->prefix == HEFT_PREFIX_FIRST && p.first);
    bool there = text.n >= s->content.n && memcmp(text.p, s->content.p, s->content.n) == 0;
    return wanted && !there && !r->continues;
}

heft_status heft_split_prefix(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                              heft_error *err)
{
    if (!needs_prefix(s, r, p, p.s)) return heft_split_on(r, level + 1, p, err);
    heft_buf *b = cleared(r, level);
    heft_buf_str(b, s->content);
    heft_buf_str(b, p.s);
    return rewritten(r, level, p.first, err);
}

heft_status heft_split_metaspace(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                                 heft_error *err)
{
    heft_buf *b = cleared(r, level);
    heft_str begin = p.s.p[0] == ' ' ? s->content : p.s;
    if (needs_prefix(s, r, p, begin)) heft_buf_str(b, s->content);
    for (size_t i = 0, run; i < p.s.n; i += run) {
        for (run = 0; i + run < p.s.n && p.s.p[i + run] != ' ';)
            run++;
        heft_buf_add(b, p.s.p + i, run);
        if (i + run == p.s.n) break;
        heft_buf_str(b, s->content);
        run++;
    }
    return rewritten(r, level, p.first, err);
}

bool heft_ends_in_bytes(const heft_tokenizer *t)
{
    return t->n_splits && t->split[t->n_splits - 1].run == heft_split_bytes;
}

heft_status heft_split_bytes(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                             heft_error *err)
{
    (void)s;
    const heft_bpe *bpe = &r->t->bpe;
    if (level + 1 == r->t->n_splits && heft_bpe_by_bytes(bpe))
        return heft_bpe_encode_bytes(bpe, &r->word, p.s, &r->ids, err);
    heft_buf *b = cleared(r, level);
    if (heft_buf_reserve(b, 2 * p.s.n)) {
        for (size_t i = 0; i < p.s.n; i++)
            b->n += heft_utf8_encode(heft_char_of_byte((uint8_t)p.s.p[i]), b->p + b->n);
    }
    return rewritten(r, level, p.first, err);
}

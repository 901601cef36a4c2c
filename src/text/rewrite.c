/* Rewrites: what a tokenizer calls its normalizer. */
#include "text/pipeline.h"
#include "text/unicode.h"

#include <string.h>

/* ---- patterns ---- */

heft_spans heft_spans_of(const heft_pattern *p, heft_str text)
{
    return (heft_spans){ .text = text, .pattern = p, .last_end = SIZE_MAX };
}

static bool find_literal(heft_str text, size_t from, heft_str what, size_t *begin)
{
    while (what.n <= text.n - from) {
        const char *p = memchr(text.p + from, what.p[0], text.n - from - what.n + 1);
        if (!p) return false;
        from = (size_t)(p - text.p);
        if (memcmp(p, what.p, what.n) == 0) {
            *begin = from;
            return true;
        }
        from++;
    }
    return false;
}

static bool find_member(heft_str text, size_t from, const heft_ranges *set, size_t *begin,
                        size_t *end)
{
    for (size_t n; from < text.n; from += n) {
        int32_t cp;
        n = heft_utf8_decode(text.p + from, text.n - from, &cp);
        if (!heft_ranges_have(set, cp)) continue;
        *begin = from;
        *end = from + n;
        return true;
    }
    return false;
}

static heft_status find(const heft_spans *s, heft_run *r, bool *found, size_t *begin, size_t *end,
                        heft_error *err)
{
    if (s->pattern->set) {
        *found = find_member(s->text, s->from, s->pattern->set, begin, end);
        return HEFT_OK;
    }
    if (!s->pattern->regex) {
        *found = find_literal(s->text, s->from, s->pattern->literal, begin);
        if (*found) *end = *begin + s->pattern->literal.n;
        return HEFT_OK;
    }
    if (!r->matching) {
        heft_status st = heft_matching_open(&r->matching, err);
        if (st) return st;
    }
    return heft_regex_find(s->pattern->regex, r->matching, s->text, s->from, r->newer, found, begin,
                           end, err);
}

/* The next match as the reference iterates: an empty one right behind the last match is none, and
 * the search goes on one character further. */
static heft_status next_match(heft_spans *s, heft_run *r, bool *found, heft_error *err)
{
    while (s->from <= s->text.n) {
        size_t begin = 0, end = 0;
        heft_status st = find(s, r, found, &begin, &end, err);
        if (st || !*found) return st;
        if (begin == end && end == s->last_end) {
            int32_t cp;
            s->from += s->from < s->text.n
                           ? heft_utf8_decode(s->text.p + s->from, s->text.n - s->from, &cp)
                           : 1;
            continue;
        }
        s->match_begin = begin;
        s->from = s->match_end = s->last_end = end;
        return HEFT_OK;
    }
    *found = false;
    return HEFT_OK;
}

static heft_str slice(heft_str s, size_t begin, size_t end)
{
    return (heft_str){ s.p + begin, end - begin };
}

heft_status heft_spans_next(heft_spans *s, heft_run *r, bool *more, heft_str *span, bool *match,
                            heft_error *err)
{
    if (!s->waiting && !s->finished) {
        bool found;
        heft_status st = next_match(s, r, &found, err);
        if (st) return st;
        s->waiting = found;
        s->finished = !found;
        size_t gap = found ? s->match_begin : s->text.n;
        if (gap > s->done) {
            *span = slice(s->text, s->done, gap);
            s->done = gap;
            *match = false;
            *more = true;
            return HEFT_OK;
        }
    }
    *more = s->waiting;
    if (!s->waiting) return HEFT_OK;
    *span = slice(s->text, s->match_begin, s->match_end);
    s->done = s->match_end;
    s->waiting = false;
    *match = true;
    return HEFT_OK;
}

/* ---- origins ---- */

/* The origins of `in` where the run has any: r->data is parallel to the text being rewritten. */
static const uint8_t *origins(const heft_run *r, heft_str in)
{
    return r->data ? r->data + (in.p - r->base) : NULL;
}

void heft_rewrite_keep(heft_run *r, heft_buf *out, heft_str in)
{
    heft_buf_str(out, in);
    if (r->data) heft_buf_add(r->made, origins(r, in), in.n);
}

void heft_rewrite_replaced(heft_run *r, heft_str in, heft_str by)
{
    const uint8_t *was = origins(r, in);
    size_t least = in.n < by.n ? in.n : by.n, head = 0, tail = 0;
    if (!was) return;
    while (head < least && in.p[head] == by.p[head])
        head++;
    while (tail < least - head && in.p[in.n - 1 - tail] == by.p[by.n - 1 - tail])
        tail++;
    const uint8_t data = memchr(was + head, 1, in.n - head - tail) != NULL;
    heft_buf_add(r->made, was, head);
    for (size_t i = head; i < by.n - tail; i++)
        heft_buf_add(r->made, &data, 1);
    heft_buf_add(r->made, was + in.n - tail, tail);
}

/* ---- the rewrites ---- */

heft_status heft_rewrite_prepend(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                                 heft_error *err)
{
    (void)err;
    if (in.n && !r->continues) {
        heft_buf_str(out, w->content);
        heft_rewrite_replaced(r, slice(in, 0, 0), w->content);
    }
    heft_rewrite_keep(r, out, in);
    return HEFT_OK;
}

heft_status heft_rewrite_replace(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                                 heft_error *err)
{
    heft_spans spans = heft_spans_of(&w->pattern, in);
    for (;;) {
        heft_str span;
        bool more, match;
        heft_status st = heft_spans_next(&spans, r, &more, &span, &match, err);
        if (st || !more) return st;
        if (!match) {
            heft_rewrite_keep(r, out, span);
            continue;
        }
        heft_buf_str(out, w->content);
        heft_rewrite_replaced(r, span, w->content);
    }
}

heft_status heft_rewrite_strip(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                               heft_error *err)
{
    (void)err;
    size_t begin = 0, end = 0, any = 0;
    for (size_t i = 0; i < in.n;) {
        int32_t cp;
        size_t n = heft_utf8_decode(in.p + i, in.n - i, &cp);
        bool space = heft_ranges_have(&heft_unicode_space, cp);
        if (!space && !any++) begin = i;
        i += n;
        if (!space) end = i;
    }
    if (!w->left) begin = 0;
    if (!w->right) end = in.n;
    if (!any && (w->left || w->right)) begin = end = 0;
    heft_rewrite_keep(r, out, slice(in, begin, end));
    return HEFT_OK;
}

heft_status heft_rewrite_all(heft_run *r, heft_str in, heft_str *out, heft_error *err)
{
    *out = in;
    for (int32_t i = 0; i < r->t->n_rewrites; i++) {
        heft_buf *to = &r->text[i % 2];
        to->n = 0;
        to->max = SIZE_MAX / 4;
        r->made = &r->origin[i % 2];
        r->made->n = 0;
        r->made->max = SIZE_MAX / 4;
        heft_status st = r->t->rewrite[i].apply(&r->t->rewrite[i], r, *out, to, err);
        if (!st) st = heft_buf_check(to, "a rewritten text", err);
        if (!st && r->made->n != to->n) { /* a rewrite that does not say what became what */
            r->made->n = 0;
            heft_rewrite_replaced(r, *out, (heft_str){ to->p, to->n });
        }
        if (!st) st = heft_buf_check(r->made, "a rewritten text", err);
        if (st) return st;
        *out = (heft_str){ to->n ? to->p : "", to->n };
        r->base = out->p;
        if (r->data) r->data = (const uint8_t *)r->made->p;
    }
    return HEFT_OK;
}

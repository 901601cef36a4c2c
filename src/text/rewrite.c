/* Rewrites: what a tokenizer calls its normalizer. */
#include "text/pipeline.h"
#include "text/unicode.h"

#include <string.h>
#include <utf8proc.h>

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

static heft_status find(const heft_spans *s, heft_run *r, bool *found, size_t *begin, size_t *end,
                        heft_error *err)
{
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

/* Bytes of the text being rewritten, as they are. */
static void keep(heft_run *r, heft_buf *out, heft_str in)
{
    heft_buf_str(out, in);
    if (r->data) heft_buf_add(r->made, origins(r, in), in.n);
}

/* What took the place of `in` in out. Its bytes at the ends that are as they were keep their
 * origin; the others are data if any byte they came from is. */
static void replaced(heft_run *r, heft_str in, heft_str by)
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
        replaced(r, slice(in, 0, 0), w->content);
    }
    keep(r, out, in);
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
            keep(r, out, span);
            continue;
        }
        heft_buf_str(out, w->content);
        replaced(r, span, w->content);
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
    keep(r, out, slice(in, begin, end));
    return HEFT_OK;
}

/* Compose a stretch of text that holds no character the reference's older Unicode lacks. */
static heft_status compose(heft_run *r, heft_str in, heft_buf *out, heft_error *err)
{
    const size_t before = out->n;
    /* A character of 2 bytes becomes up to 3, one of 3 up to 4. */
    size_t most = 2 * in.n + 4;
    utf8proc_int32_t *cp = heft_alloc(most, sizeof *cp);
    if (!cp) return heft_nomem(err, "a normalised text");
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)in.p, (utf8proc_ssize_t)in.n,
                                            cp, (utf8proc_ssize_t)most, options);
    if (n >= 0 && (size_t)n <= most) n = utf8proc_normalize_utf32(cp, n, options);
    heft_status st =
        n < 0 || (size_t)n > most
            ? heft_fail(err, HEFT_E_FORMAT, "normalising a text: %s", utf8proc_errmsg(n))
            : HEFT_OK;
    for (utf8proc_ssize_t i = 0; i < n && !st; i++) {
        char utf8[4];
        heft_buf_add(out, utf8, heft_utf8_encode(cp[i], utf8));
    }
    heft_free(cp);
    if (!st && !out->failed) replaced(r, in, (heft_str){ out->p + before, out->n - before });
    return st;
}

static bool barrier(heft_str in, size_t at, size_t *n)
{
    int32_t cp;
    *n = heft_utf8_decode(in.p + at, in.n - at, &cp);
    return heft_ranges_have(&heft_unicode_nfc_exception, cp);
}

/* ASCII is its own normal form, so only stretches of other characters are composed, each with the
 * ASCII character before it, which may take a mark. The reference knows Unicode 9: what came later
 * is unassigned to it, neither composes nor reorders, and ends a stretch. */
heft_status heft_rewrite_nfc(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                             heft_error *err)
{
    (void)w;
    heft_status st = HEFT_OK;
    for (size_t i = 0, n; i < in.n && !st;) {
        size_t plain = i;
        while (plain < in.n && (uint8_t)in.p[plain] < 0x80)
            plain++;
        size_t begin = plain == in.n || plain == i ? plain : plain - 1;
        keep(r, out, slice(in, i, begin));
        for (i = plain; i < in.n && (uint8_t)in.p[i] >= 0x80 && !barrier(in, i, &n); i += n)
            continue;
        if (i > begin) st = compose(r, slice(in, begin, i), out, err);
        if (!st && i < in.n && (uint8_t)in.p[i] >= 0x80) {
            (void)barrier(in, i, &n);
            keep(r, out, slice(in, i, i + n));
            i += n;
        }
    }
    return st;
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
            replaced(r, *out, (heft_str){ to->p, to->n });
        }
        if (!st) st = heft_buf_check(r->made, "a rewritten text", err);
        if (st) return st;
        *out = (heft_str){ to->n ? to->p : "", to->n };
        r->base = out->p;
        if (r->data) r->data = (const uint8_t *)r->made->p;
    }
    return HEFT_OK;
}

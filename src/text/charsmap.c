/* Precompiled maps of characters: the lookup, and the two rewrites that use them. */
#include "text/charsmap.h"

#include "base/cursor.h"
#include "text/pipeline.h"

#include <string.h>
#include <utf8proc.h>

/* ---- the double array ----
 *
 * A node's children lie at its offset, exclusive-or their byte; a child knows its byte as its
 * label. A node that ends a string has, at its offset, a unit with the value. */

static uint32_t offset_of(uint32_t unit)
{
    return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}

static uint32_t label_of(uint32_t unit)
{
    return unit & (1u << 31 | 0xff);
}

static bool ends_string(uint32_t unit)
{
    return unit >> 8 & 1;
}

static uint32_t value_of(uint32_t unit)
{
    return unit & ~(1u << 31);
}

heft_status heft_charsmap_open(heft_charsmap *m, heft_str blob, heft_error *err)
{
    *m = (heft_charsmap){ 0 };
    if (blob.n == 0) return HEFT_OK;
    uint32_t bytes = blob.n >= 4 ? heft_load32(blob.p) : 0;
    if (blob.n < 4 || bytes > blob.n - 4 || bytes % 4 || bytes == 0)
        return heft_fail(err, HEFT_E_FORMAT,
                         "a precompiled map of %zu bytes says that %u of them are its array",
                         blob.n, (unsigned)bytes);
    m->unit = (const uint8_t *)blob.p + 4;
    m->units = bytes / 4;
    m->texts = (heft_str){ blob.p + 4 + bytes, blob.n - 4 - bytes };
    return HEFT_OK;
}

static bool unit_at(const heft_charsmap *m, uint32_t i, uint32_t *unit)
{
    if (i >= m->units) return false;
    *unit = heft_load32(m->unit + 4 * (size_t)i);
    return true;
}

static bool text_at(const heft_charsmap *m, uint32_t at, heft_str *to)
{
    const char *end = at < m->texts.n ? memchr(m->texts.p + at, 0, m->texts.n - at) : NULL;
    if (!end) return false;
    *to = (heft_str){ m->texts.p + at, (size_t)(end - m->texts.p) - at };
    return heft_utf8_valid(*to);
}

bool heft_charsmap_find(const heft_charsmap *m, heft_str text, bool longest, size_t *n,
                        heft_str *to)
{
    bool found = false;
    uint32_t unit, value, node = 0;
    if (!unit_at(m, 0, &unit)) return false;
    node = offset_of(unit);
    for (size_t i = 0; i < text.n && text.p[i] && (longest || !found); i++) {
        uint8_t byte = (uint8_t)text.p[i];
        node ^= byte;
        if (!unit_at(m, node, &unit) || label_of(unit) != byte) break;
        node ^= offset_of(unit);
        if (!ends_string(unit) || !unit_at(m, node, &value)) continue;
        if (!text_at(m, value_of(value), to)) continue;
        found = true;
        *n = i + 1;
    }
    return found;
}

/* ---- tokenizer.json ---- */

enum { LONGEST_CLUSTER = 5 }; /* bytes of a grapheme that is looked up as a whole */

/* Bytes of the extended grapheme cluster at the beginning of text, which is not empty. Marks that
 * utf8proc does not know (newer) stay with what is before them. */
static size_t cluster_of(heft_str text, const heft_ranges *newer)
{
    int32_t before, cp, state = 0;
    size_t at = heft_utf8_decode(text.p, text.n, &before);
    if (before < 0x80 && before != '\r' && at < text.n && (uint8_t)text.p[at] < 0x80) return at;
    for (size_t n; at < text.n; at += n, before = cp) {
        n = heft_utf8_decode(text.p + at, text.n - at, &cp);
        if (heft_ranges_have(newer, cp)) cp = 0x301;
        if (utf8proc_grapheme_break_stateful(before, cp, &state)) break;
    }
    return at;
}

/* A short cluster of which any beginning is in the map becomes the replacement of the shortest
 * such; else its characters are looked up, each likewise. So does the reference. */
heft_status heft_rewrite_precompiled(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                                     heft_error *err)
{
    (void)r;
    (void)err;
    const heft_ranges *newer = heft_ranges_find(heft_unicode_newer, heft_str_of("M"));
    for (size_t i = 0, n; i < in.n; i += n) {
        heft_str cluster = { in.p + i, 0 }, to;
        size_t some;
        cluster.n = n = cluster_of((heft_str){ in.p + i, in.n - i }, newer);
        if (n <= LONGEST_CLUSTER && heft_charsmap_find(w->map, cluster, false, &some, &to)) {
            heft_buf_str(out, to);
            continue;
        }
        for (size_t k = 0, bytes; k < n; k += bytes) {
            int32_t cp;
            bytes = heft_utf8_decode(cluster.p + k, n - k, &cp);
            heft_str part = { cluster.p + k, bytes };
            heft_buf_str(out, heft_charsmap_find(w->map, part, false, &some, &to) ? to : part);
        }
    }
    return HEFT_OK;
}

/* ---- sentencepiece ---- */

/* What the next *n bytes of text, which is not empty, become. */
static heft_str next_unit(const heft_rewrite *w, heft_str text, size_t *n)
{
    heft_str to;
    int32_t cp;
    const heft_matcher *symbols = w->sp.symbols;
    if (symbols && heft_matcher_longest(symbols, text, 0, text.n, n) >= 0)
        return (heft_str){ text.p, *n };
    if (w->map && heft_charsmap_find(w->map, text, true, n, &to)) return to;
    *n = heft_utf8_decode(text.p, text.n, &cp);
    return (heft_str){ text.p, *n };
}

/* Write a unit with its spaces as the vocabulary has them. */
static void add_unit(const heft_sentencepiece *sp, heft_str unit, heft_buf *out)
{
    while (unit.n) {
        const char *space = memchr(unit.p, ' ', unit.n);
        size_t n = space ? (size_t)(space - unit.p) : unit.n;
        heft_buf_add(out, unit.p, n);
        if (!space) return;
        heft_buf_str(out, sp->space);
        unit.p += n + 1;
        unit.n -= n + 1;
    }
}

static bool ends_in(const heft_buf *b, heft_str s)
{
    return b->n >= s.n && memcmp(b->p + b->n - s.n, s.p, s.n) == 0;
}

heft_status heft_rewrite_sentencepiece(const heft_rewrite *w, heft_run *r, heft_str in,
                                       heft_buf *out, heft_error *err)
{
    (void)r;
    (void)err;
    const heft_sentencepiece *sp = &w->sp;
    bool after_space = sp->squeeze, words = false;
    size_t i = 0, n;
    while (sp->squeeze && i < in.n
           && heft_str_is(next_unit(w, (heft_str){ in.p + i, in.n - i }, &n), " "))
        i += n;
    if (i == in.n) return HEFT_OK;
    if (sp->prefix) heft_buf_str(out, sp->space);
    for (; i < in.n; i += n) {
        heft_str unit = next_unit(w, (heft_str){ in.p + i, in.n - i }, &n);
        while (after_space && heft_str_begins(unit, " ")) {
            unit.p++;
            unit.n--;
        }
        add_unit(sp, unit, out);
        for (size_t k = 0; k < unit.n && !words; k++)
            words = unit.p[k] != ' ';
        if (unit.n) after_space = sp->squeeze && heft_str_ends(unit, " ");
    }
    while (sp->squeeze && ends_in(out, sp->space))
        out->n -= sp->space.n;
    if (sp->late && sp->prefix && !words && ends_in(out, sp->space)) out->n -= sp->space.n;
    if (sp->suffix) heft_buf_str(out, sp->space);
    return HEFT_OK;
}

/* Undo steps: what a tokenizer calls its decoder. */
#include "text/pipeline.h"

#include <string.h>

heft_status heft_undo_bytes(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                            heft_buf *out, heft_error *err)
{
    (void)u, (void)r, (void)place, (void)err;
    size_t begin = out->n;
    if (!heft_buf_reserve(out, in.n)) return HEFT_OK;
    for (size_t i = 0; i < in.n;) {
        int32_t cp;
        i += heft_utf8_decode(in.p + i, in.n - i, &cp);
        int32_t byte = heft_byte_of_char(cp);
        if (byte < 0) { /* not in the alphabet: the token is text */
            out->n = begin;
            heft_buf_str(out, in);
            return HEFT_OK;
        }
        out->p[out->n++] = (char)byte;
    }
    out->p[out->n] = 0;
    return HEFT_OK;
}

static int32_t hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

heft_status heft_undo_byte_fallback(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                                    heft_buf *out, heft_error *err)
{
    (void)u, (void)r, (void)place, (void)err;
    bool form = in.n == 6 && heft_str_begins(in, "<0x") && in.p[5] == '>';
    if (!form || hex_digit(in.p[3]) < 0 || hex_digit(in.p[4]) < 0) {
        heft_buf_str(out, in);
        return HEFT_OK;
    }
    char byte = (char)(hex_digit(in.p[3]) * 16 + hex_digit(in.p[4]));
    heft_buf_add(out, &byte, 1);
    return HEFT_OK;
}

/* Write in with every `from` as `to`; an empty one is nowhere. */
static void replace(heft_str in, heft_str from, heft_str to, heft_buf *out)
{
    for (size_t i = 0; i < in.n;) {
        bool here = from.n && in.n - i >= from.n && memcmp(in.p + i, from.p, from.n) == 0;
        heft_buf_str(out, here ? to : (heft_str){ in.p + i, 1 });
        i += here ? from.n : 1;
    }
}

heft_status heft_undo_replace(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                              heft_buf *out, heft_error *err)
{
    (void)place;
    heft_spans spans = heft_spans_of(&u->pattern, in);
    r->newer = true;
    for (;;) {
        heft_str span;
        bool more, match;
        heft_status st = heft_spans_next(&spans, r, &more, &span, &match, err);
        if (st || !more) return st;
        heft_buf_str(out, match ? u->to : span);
    }
}

heft_status heft_undo_metaspace(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                                heft_buf *out, heft_error *err)
{
    (void)r, (void)err;
    bool first = place & u->places & HEFT_AT_BEGIN;
    replace(in, u->from, first ? heft_str_of("") : u->to, out);
    return HEFT_OK;
}

heft_status heft_undo_strip(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                            heft_buf *out, heft_error *err)
{
    (void)r, (void)place, (void)err;
    for (int32_t i = 0; i < u->left && in.n >= u->from.n && memcmp(in.p, u->from.p, u->from.n) == 0;
         i++) {
        in.p += u->from.n;
        in.n -= u->from.n;
    }
    for (int32_t i = 0; i < u->right && in.n >= u->from.n; i++) {
        if (memcmp(in.p + in.n - u->from.n, u->from.p, u->from.n) != 0) break;
        in.n -= u->from.n;
    }
    heft_buf_str(out, in);
    return HEFT_OK;
}

heft_status heft_undo_join(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                           heft_buf *out, heft_error *err)
{
    (void)u, (void)r, (void)err;
    if (!(place & HEFT_AT_BEGIN)) heft_buf_z(out, " ");
    heft_buf_str(out, in);
    return HEFT_OK;
}

/* The spaces that splitting English put where none were: out from `begin` on, each rule over the
 * whole before the next one. Source: the reference's clean-up, itself that of BERT's decoders. */
static heft_status clean_up(heft_buf *out, size_t begin, heft_error *err)
{
    static const char *const rule[][2] = {
        { " .", "." },   { " ?", "?" },     { " !", "!" },     { " ,", "," },
        { " ' ", "'" },  { " n't", "n't" }, { " 'm", "'m" },   { " do not", " don't" },
        { " 's", "'s" }, { " 've", "'ve" }, { " 're", "'re" },
    };
    heft_buf copy = heft_buf_of(SIZE_MAX / 4);
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        copy.n = 0;
        if (out->n > begin) heft_buf_add(&copy, out->p + begin, out->n - begin);
        out->n = begin;
        replace((heft_str){ copy.p, copy.n }, heft_str_of(rule[i][0]), heft_str_of(rule[i][1]),
                out);
    }
    heft_status st = heft_buf_check(&copy, "a token's text", err);
    heft_buf_free(&copy);
    return st;
}

heft_status heft_undo_wordpiece(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                                heft_buf *out, heft_error *err)
{
    (void)r;
    size_t begin = out->n;
    bool inner = in.n >= u->from.n && memcmp(in.p, u->from.p, u->from.n) == 0;
    if (!(place & HEFT_AT_BEGIN)) {
        if (inner)
            in = (heft_str){ in.p + u->from.n, in.n - u->from.n };
        else
            heft_buf_z(out, " ");
    }
    heft_buf_str(out, in);
    return u->clean ? clean_up(out, begin, err) : HEFT_OK;
}

heft_status heft_undo_suffix(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                             heft_buf *out, heft_error *err)
{
    (void)r, (void)err;
    replace(in, u->from, heft_str_of(place & HEFT_AT_END ? "" : " "), out);
    return HEFT_OK;
}

heft_status heft_undo_ctc(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                          heft_buf *out, heft_error *err)
{
    (void)r, (void)place;
    size_t begin = out->n;
    replace(in, u->from, heft_str_of(""), out);
    if (!u->clean) return HEFT_OK;
    heft_status st = clean_up(out, begin, err);
    heft_buf copy = heft_buf_of(SIZE_MAX / 4);
    if (!st && out->n > begin) heft_buf_add(&copy, out->p + begin, out->n - begin);
    out->n = begin;
    replace((heft_str){ copy.p, copy.n }, u->to, heft_str_of(" "), out);
    if (!st) st = heft_buf_check(&copy, "a token's text", err);
    heft_buf_free(&copy);
    return st;
}

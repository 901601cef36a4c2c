/* Characters and lines as Python sees them, and values as text: str() and repr(). */
#include "text/jinja.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- characters ------------------------------------------------------- */

size_t heft_jchars(heft_jinja *j, heft_jval s)
{
    size_t n = 0;
    heft_jinja_step(j, s.s.n / 32);
    for (size_t i = 0; i < s.s.n; i++)
        n += ((unsigned char)s.s.p[i] & 0xc0) != 0x80;
    return n;
}

size_t heft_jchar_at(heft_jinja *j, heft_jval s, size_t at)
{
    size_t i = 0;
    heft_jinja_step(j, s.s.n / 32);
    for (; i < s.s.n; i++)
        if (((unsigned char)s.s.p[i] & 0xc0) != 0x80 && at-- == 0) return i;
    return s.s.n;
}

bool heft_jspace(int32_t cp)
{
    if (cp < 0x80) return (cp >= 9 && cp <= 13) || (cp >= 0x1c && cp <= 0x20);
    return cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a)
           || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

bool heft_jline_end(int32_t cp)
{
    return (cp >= 10 && cp <= 13) || (cp >= 0x1c && cp <= 0x1e) || cp == 0x85 || cp == 0x2028
           || cp == 0x2029;
}

/* ---- case ------------------------------------------------------------- */

/* Where one character becomes several (Unicode's SpecialCasing.txt). */
static const struct {
    int32_t from;
    const char *upper, *title;
} several[] = {
    { 0xdf, "SS", "Ss" },
    { 0x149, "\u02bcN", "\u02bcN" },
    { 0x1f0, "J\u030c", "J\u030c" },
    { 0x390, "\u0399\u0308\u0301", "\u0399\u0308\u0301" },
    { 0x3b0, "\u03a5\u0308\u0301", "\u03a5\u0308\u0301" },
    { 0x587, "\u0535\u0552", "\u0535\u0582" },
    { 0x1e96, "H\u0331", "H\u0331" },
    { 0x1e97, "T\u0308", "T\u0308" },
    { 0x1e98, "W\u030a", "W\u030a" },
    { 0x1e99, "Y\u030a", "Y\u030a" },
    { 0x1e9a, "A\u02be", "A\u02be" },
    { 0xfb00, "FF", "Ff" },
    { 0xfb01, "FI", "Fi" },
    { 0xfb02, "FL", "Fl" },
    { 0xfb03, "FFI", "Ffi" },
    { 0xfb04, "FFL", "Ffl" },
    { 0xfb05, "ST", "St" },
    { 0xfb06, "ST", "St" },
};

static bool cased(int32_t cp)
{
    return utf8proc_isupper(cp) || utf8proc_islower(cp)
           || utf8proc_category(cp) == UTF8PROC_CATEGORY_LT;
}

/* A capital sigma at byte `at` is written in its final form at the end of a word. */
static bool final_sigma(heft_jval s, size_t at)
{
    size_t before = at;
    int32_t cp;
    if (!at) return false;
    do
        before--;
    while (before && ((unsigned char)s.s.p[before] & 0xc0) == 0x80);
    (void)heft_utf8_decode(s.s.p + before, at - before, &cp);
    if (!cased(cp)) return false;
    if (at + 2 >= s.s.n) return true;
    (void)heft_utf8_decode(s.s.p + at + 2, s.s.n - at - 2, &cp);
    return !cased(cp);
}

/* The text of one character in another case; its length. */
static size_t change(heft_jval s, size_t at, int32_t cp, heft_jcase how, char out[12])
{
    if (how == J_LOWER) {
        if (cp == 0x130) return (size_t)snprintf(out, 12, "i\u0307");
        if (cp == 0x3a3) return heft_utf8_encode(final_sigma(s, at) ? 0x3c2 : 0x3c3, out);
        return heft_utf8_encode(utf8proc_tolower(cp), out);
    }
    for (size_t i = 0; cp >= 0xdf && i < sizeof several / sizeof *several; i++)
        if (several[i].from == cp)
            return (size_t)snprintf(out, 12, "%s",
                                    how == J_UPPER ? several[i].upper : several[i].title);
    return heft_utf8_encode(how == J_UPPER ? utf8proc_toupper(cp) : utf8proc_totitle(cp), out);
}

void heft_jbuf_case(heft_jinja *j, heft_jbuf *b, heft_jval s, size_t at, size_t count,
                    heft_jcase how)
{
    int32_t cp;
    char out[12];
    for (size_t n, end = at + count; at < end; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        heft_jbuf_bytes(j, b, out, change(s, at, cp, how, out),
                        heft_jfrom_data(heft_jpart(s, at, n)));
    }
}

heft_jval heft_jcased(heft_jinja *j, heft_jval s, heft_jcase how)
{
    heft_jbuf b = { .safe = s.safe };
    heft_jbuf_case(j, &b, s, 0, s.s.n, how);
    return heft_jbuf_end(j, &b);
}

/* ---- parts ------------------------------------------------------------ */

size_t heft_jfind(heft_jinja *j, heft_jval s, heft_jval what, size_t at)
{
    heft_jinja_step(j, s.s.n / 32);
    if (!what.s.n) return at <= s.s.n ? at : SIZE_MAX;
    while (at < s.s.n && what.s.n <= s.s.n - at) {
        const char *p = memchr(s.s.p + at, what.s.p[0], s.s.n - at - what.s.n + 1);
        if (!p) return SIZE_MAX;
        at = (size_t)(p - s.s.p);
        if (memcmp(p, what.s.p, what.s.n) == 0) return at;
        heft_jinja_step(j, what.s.n / 32 + 1);
        at++;
    }
    return SIZE_MAX;
}

static bool strips(heft_jinja *j, heft_jval character, int32_t cp, const heft_jval *which)
{
    return which ? heft_jfind(j, *which, character, 0) != SIZE_MAX : heft_jspace(cp);
}

heft_jval heft_jstrip(heft_jinja *j, heft_jval s, const heft_jval *which, int ends)
{
    int32_t cp;
    while ((ends & 1) && s.s.n) {
        size_t n = heft_utf8_decode(s.s.p, s.s.n, &cp);
        if (!strips(j, heft_jpart(s, 0, n), cp, which)) break;
        s = heft_jpart(s, n, s.s.n - n);
    }
    while ((ends & 2) && s.s.n) {
        size_t at = s.s.n - 1;
        while (at && ((unsigned char)s.s.p[at] & 0xc0) == 0x80)
            at--;
        (void)heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        if (!strips(j, heft_jpart(s, at, s.s.n - at), cp, which)) break;
        s.s.n = at;
    }
    return s;
}

heft_jval heft_jreplace(heft_jinja *j, heft_jval s, heft_jval old, heft_jval new, int64_t most)
{
    heft_jbuf b = { .safe = s.safe };
    size_t at = 0;
    int32_t cp;
    for (; most; most--) {
        size_t found = heft_jfind(j, s, old, at);
        if (found == SIZE_MAX) break;
        heft_jbuf_str(j, &b, heft_jpart(s, at, found - at));
        heft_jbuf_str(j, &b, new);
        heft_jinja_step(j, 1);
        at = found + old.s.n;
        if (old.s.n) continue;
        if (at == s.s.n) return heft_jbuf_end(j, &b);
        size_t n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        heft_jbuf_str(j, &b, heft_jpart(s, at, n));
        at += n;
    }
    heft_jbuf_str(j, &b, heft_jpart(s, at, s.s.n - at));
    return heft_jbuf_end(j, &b);
}

heft_jval heft_jjoin(heft_jinja *j, heft_jval separator, const heft_jval *item, size_t n)
{
    heft_jbuf b = { .safe = separator.safe };
    for (size_t i = 0; i < n; i++) {
        if (item[i].type != J_STR)
            heft_jinja_fail(j, HEFT_E_FORMAT, "join needs strings, item %zu is %s", i,
                            heft_jtype_name(item[i]));
        heft_jinja_step(j, 1);
        if (i) heft_jbuf_str(j, &b, separator);
        heft_jbuf_str(j, &b, item[i]);
    }
    return heft_jbuf_end(j, &b);
}

heft_jval heft_jlines(heft_jinja *j, heft_jval s, bool keep)
{
    size_t lines = 0, start = 0, n;
    int32_t cp;
    for (size_t at = 0; at < s.s.n; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        lines += heft_jline_end(cp);
    }
    heft_jval *item = heft_jinja_alloc(j, lines + 1, sizeof *item);
    lines = 0;
    for (size_t at = 0; at < s.s.n; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        if (!heft_jline_end(cp)) continue;
        size_t end = at;
        if (cp == '\r' && at + 1 < s.s.n && s.s.p[at + 1] == '\n') n = 2;
        item[lines++] = heft_jpart(s, start, (keep ? end + n : end) - start);
        start = at + n;
    }
    if (start < s.s.n) item[lines++] = heft_jpart(s, start, s.s.n - start);
    return heft_jseq_of(j, J_LIST, item, lines);
}

/* ---- str and repr ----------------------------------------------------- */

void heft_jfloat_repr(double f, char out[40])
{
    char digits[40];
    int precision = 1;
    if (!isfinite(f)) {
        (void)snprintf(out, 40, "%s", isnan(f) ? "nan" : f < 0 ? "-inf" : "inf");
        return;
    }
    do
        (void)snprintf(digits, sizeof digits, "%.*e", precision - 1, f);
    while (strtod(digits, NULL) != f && ++precision <= 17);
    int exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
    if (exponent < -4 || exponent >= 16)
        (void)snprintf(out, 40, "%s", digits);
    else if (exponent >= precision - 1)
        (void)snprintf(out, 40, "%.1f", f);
    else
        (void)snprintf(out, 40, "%.*f", precision - 1 - exponent, f);
}

bool heft_jprintable(int32_t cp)
{
    if (cp < 0x7f) return cp >= 0x20;
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS: return false;
    default: return true;
    }
}

static void repr_string(heft_jinja *j, heft_jbuf *b, heft_jval s)
{
    static const char plain[] = "\n\r\t\\", letter[] = "nrt\\";
    bool data = heft_jfrom_data(s);
    char quote = s.s.n && memchr(s.s.p, '\'', s.s.n) && !memchr(s.s.p, '"', s.s.n) ? '"' : '\'';
    int32_t cp;
    if (s.safe) heft_jbuf_z(j, b, "Markup(", data);
    heft_jbuf_bytes(j, b, &quote, 1, data);
    for (size_t at = 0, n; at < s.s.n; at += n) {
        char out[16] = { '\\', quote };
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        heft_jval part = heft_jpart(s, at, n);
        const char *known = cp > 0 && cp < 128 ? strchr(plain, cp) : NULL;
        part.safe = b->safe;
        if (cp != quote && !known && heft_jprintable(cp)) {
            heft_jbuf_str(j, b, part);
            continue;
        }
        if (known)
            out[1] = letter[known - plain];
        else if (cp != quote)
            (void)snprintf(out, sizeof out,
                           cp < 0x100     ? "\\x%02x"
                           : cp < 0x10000 ? "\\u%04x"
                                          : "\\U%08x",
                           (unsigned)cp);
        heft_jbuf_z(j, b, out, heft_jfrom_data(part));
    }
    heft_jbuf_bytes(j, b, &quote, 1, data);
    if (s.safe) heft_jbuf_z(j, b, ")", data);
}

static void repr_items(heft_jinja *j, heft_jbuf *b, const heft_jseq *seq, const char *brackets,
                       bool data)
{
    heft_jbuf_bytes(j, b, brackets, 1, data);
    for (size_t i = 0; i < seq->n; i++) {
        if (i) heft_jbuf_z(j, b, ", ", data);
        heft_jbuf_repr(j, b, seq->item[i]);
    }
    heft_jbuf_bytes(j, b, brackets + 1, 1, data);
}

static void repr_dict(heft_jinja *j, heft_jbuf *b, const heft_jdict *d, bool data)
{
    heft_jbuf_z(j, b, "{", data);
    for (size_t i = 0; i < d->n; i++) {
        if (i) heft_jbuf_z(j, b, ", ", data);
        heft_jbuf_repr(j, b, d->entry[i].key);
        heft_jbuf_z(j, b, ": ", data);
        heft_jbuf_repr(j, b, d->entry[i].value);
    }
    heft_jbuf_z(j, b, "}", data);
}

static void repr_inside(heft_jinja *j, heft_jbuf *b, heft_jval v)
{
    char text[96];
    switch (v.type) {
    case J_NONE: heft_jbuf_z(j, b, "None", v.data); return;
    case J_BOOL: heft_jbuf_z(j, b, v.b ? "True" : "False", v.data); return;
    case J_INT:
        (void)snprintf(text, sizeof text, "%lld", (long long)v.i);
        heft_jbuf_z(j, b, text, v.data);
        return;
    case J_FLOAT:
        heft_jfloat_repr(v.f, text);
        heft_jbuf_z(j, b, text, v.data);
        return;
    case J_UNDEFINED: heft_jbuf_z(j, b, "Undefined", v.data); return;
    case J_STR: repr_string(j, b, v); return;
    case J_LIST: repr_items(j, b, v.seq, "[]", v.data); return;
    case J_TUPLE:
        if (v.seq->n == 1) {
            heft_jbuf_z(j, b, "(", v.data);
            heft_jbuf_repr(j, b, v.seq->item[0]);
            heft_jbuf_z(j, b, ",)", v.data);
            return;
        }
        repr_items(j, b, v.seq, "()", v.data);
        return;
    case J_VIEW:
        heft_jbuf_z(j, b, v.seq->name, v.data);
        heft_jbuf_z(j, b, "(", v.data);
        repr_items(j, b, v.seq, "[]", v.data);
        heft_jbuf_z(j, b, ")", v.data);
        return;
    case J_RANGE:
        if (v.seq->from[2] == 1)
            (void)snprintf(text, sizeof text, "range(%lld, %lld)", (long long)v.seq->from[0],
                           (long long)v.seq->from[1]);
        else
            (void)snprintf(text, sizeof text, "range(%lld, %lld, %lld)", (long long)v.seq->from[0],
                           (long long)v.seq->from[1], (long long)v.seq->from[2]);
        heft_jbuf_z(j, b, text, v.data);
        return;
    case J_DICT: repr_dict(j, b, v.dict, v.data); return;
    case J_NAMESPACE:
        heft_jbuf_z(j, b, "<Namespace ", v.data);
        repr_dict(j, b, v.dict, v.data);
        heft_jbuf_z(j, b, ">", v.data);
        return;
    case J_ABSENT:
    case J_GENERATOR:
    case J_LOOP:
    case J_MACRO:
    case J_FUNCTION:
    case J_METHOD:
    case J_CYCLER:
    case J_JOINER: /* the reference prints an address */
        heft_jinja_fail(j, HEFT_E_FORMAT, "a %s has no text", heft_jtype_name(v));
    }
}

void heft_jbuf_repr(heft_jinja *j, heft_jbuf *b, heft_jval v)
{
    heft_jinja_step(j, 1);
    heft_jinja_enter(j);
    repr_inside(j, b, v);
    j->depth--;
}

heft_jval heft_jtext(heft_jinja *j, heft_jval v)
{
    heft_jbuf b = { .n = 0 };
    if (v.type == J_STR) return v;
    if (v.type == J_UNDEFINED) return heft_jz("");
    heft_jbuf_repr(j, &b, v);
    return heft_jbuf_end(j, &b);
}

bool heft_jalnum(int32_t cp)
{
    int c = utf8proc_category(cp);
    return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO)
           || (c >= UTF8PROC_CATEGORY_ND && c <= UTF8PROC_CATEGORY_NO);
}

bool heft_jidentifier(int32_t cp, bool first)
{
    if (cp < 128)
        return cp == '_' || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z')
               || (!first && cp >= '0' && cp <= '9');
    int c = utf8proc_category(cp);
    bool letter =
        (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO) || c == UTF8PROC_CATEGORY_NL;
    return letter
           || (!first
               && (c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_MC
                   || c == UTF8PROC_CATEGORY_ND || c == UTF8PROC_CATEGORY_PC));
}

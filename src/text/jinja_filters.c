/* Filters on single values, and the table of all filters. */
#include "text/jinja.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- arguments -------------------------------------------------------- */

static bool truth(heft_jinja *j, heft_jval v, bool absent)
{
    return v.type == J_ABSENT ? absent : heft_jtrue(j, v);
}

static heft_jval plain(heft_jval s)
{
    s.safe = false;
    return s;
}

static heft_jval string_or(heft_jinja *j, heft_jval v, const char *absent)
{
    if (v.type == J_ABSENT) return heft_jz(absent);
    if (v.type != J_STR)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a string is needed, found %s", heft_jtype_name(v));
    return v;
}

static double real_of(heft_jinja *j, heft_jval v)
{
    if (!heft_jnumber(v))
        heft_jinja_fail(j, HEFT_E_FORMAT, "a number is needed, found %s", heft_jtype_name(v));
    return v.type == J_FLOAT ? v.f : v.type == J_BOOL ? (double)v.b : (double)v.i;
}

/* ---- text ------------------------------------------------------------- */

static heft_jval f_string(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jtext(j, v);
}

static heft_jval f_upper(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jcased(j, heft_jtext(j, v), J_UPPER);
}

static heft_jval f_lower(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jcased(j, heft_jtext(j, v), J_LOWER);
}

static heft_jval f_capitalize(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    heft_jval s = heft_jtext(j, v);
    size_t n = heft_jchar_at(j, s, 1);
    heft_jbuf b = { .safe = s.safe };
    heft_jbuf_case(j, &b, s, 0, n, J_TITLE);
    heft_jbuf_case(j, &b, s, n, s.s.n - n, J_LOWER);
    return heft_jbuf_end(j, &b);
}

/* Is the character at a byte one behind which a word begins? */
static bool begins_words(heft_jval s, size_t at)
{
    int32_t cp;
    (void)heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
    return cp == '-' || heft_jspace(cp) || (cp < 128 && cp && strchr("({[<", cp));
}

static heft_jval f_title(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval s = heft_jtext(j, v);
    heft_jbuf b = { .n = 0 };
    (void)a, (void)all;
    for (size_t at = 0; at < s.s.n;) {
        size_t first = heft_jchar_at(j, heft_jpart(s, at, s.s.n - at), 1), end = at + first;
        if (!begins_words(s, at))
            while (end < s.s.n && !begins_words(s, end))
                end += heft_jchar_at(j, heft_jpart(s, end, s.s.n - end), 1);
        heft_jval rest = heft_jpart(s, at + first, end - at - first); /* a word of its own */
        heft_jbuf_case(j, &b, s, at, first, J_UPPER);
        heft_jbuf_case(j, &b, rest, 0, rest.s.n, J_LOWER);
        at = end;
    }
    return heft_jbuf_end(j, &b);
}

static heft_jval f_trim(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    if (heft_jgiven(a[0])) (void)string_or(j, a[0], "");
    return heft_jstrip(j, heft_jtext(j, v), heft_jgiven(a[0]) ? &a[0] : NULL, 3);
}

static heft_jval f_replace(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jreplace(j, plain(heft_jtext(j, v)), plain(heft_jtext(j, a[0])),
                         plain(heft_jtext(j, a[1])),
                         a[2].type == J_NONE ? -1 : heft_jwhole(j, a[2], -1));
}

static heft_jval f_center(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval s = heft_jtext(j, v);
    int64_t width = heft_jwhole(j, a[0], 80), fill = width - (int64_t)heft_jchars(j, s);
    heft_jbuf b = { .safe = s.safe };
    (void)all;
    if (fill <= 0) return s;
    size_t left = (size_t)(fill / 2 + (fill & width & 1)); /* Python's choice */
    heft_jbuf_fill(j, &b, heft_jz(" "), left);
    heft_jbuf_str(j, &b, s);
    heft_jbuf_fill(j, &b, heft_jz(" "), (size_t)fill - left);
    return heft_jbuf_end(j, &b);
}

static heft_jval f_indent(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    heft_jval s = string_or(j, v, "");
    heft_jbuf with = { .n = 0 }, b = { .safe = s.safe }, pad = { .n = 0 };
    heft_jval width = a[0].type == J_STR ? a[0] : heft_jz("");
    int64_t columns = a[0].type == J_STR ? 0 : heft_jwhole(j, a[0], 4);
    if (a[0].type != J_STR) {
        heft_jbuf_fill(j, &pad, heft_jz(" "), columns > 0 ? (size_t)columns : 0);
        width = heft_jbuf_end(j, &pad);
    }
    width.safe = s.safe;
    heft_jval newline = heft_jz("\n");
    newline.safe = s.safe;
    with.safe = s.safe;
    heft_jbuf_str(j, &with, s);
    heft_jbuf_str(j, &with, newline);
    heft_jseq lines = heft_jwalk(j, heft_jlines(j, heft_jbuf_end(j, &with), false));
    for (size_t i = 0; i < lines.n; i++) {
        if (i) heft_jbuf_str(j, &b, newline);
        bool fill = i ? lines.item[i].s.n || truth(j, a[2], false) : truth(j, a[1], false);
        if (fill) heft_jbuf_str(j, &b, width);
        heft_jbuf_str(j, &b, lines.item[i]);
    }
    return heft_jbuf_end(j, &b);
}

static heft_jval f_truncate(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval s = string_or(j, v, ""), end = string_or(j, a[2], "...");
    int64_t length = heft_jwhole(j, a[0], 255),
            leeway = heft_jgiven(a[3]) ? heft_jwhole(j, a[3], 5) : 5;
    int64_t end_n = (int64_t)heft_jchars(j, end);
    heft_jbuf b = { .safe = s.safe };
    (void)all;
    if (length < end_n || leeway < 0)
        heft_jinja_fail(j, HEFT_E_FORMAT, "truncate: the length is below that of its end");
    if ((int64_t)heft_jchars(j, s) - leeway <= length) return s;
    heft_jval kept = heft_jpart(s, 0, heft_jchar_at(j, s, (size_t)(length - end_n)));
    if (!truth(j, a[1], false)) {
        size_t n = kept.s.n;
        while (n && kept.s.p[n - 1] != ' ')
            n--;
        if (n) kept.s.n = n - 1;
    }
    heft_jbuf_str(j, &b, kept);
    heft_jbuf_str(j, &b, end);
    return heft_jbuf_end(j, &b);
}

static heft_jval f_wordcount(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval s = heft_jtext(j, v);
    int64_t words = 0;
    bool inside = false;
    int32_t cp;
    (void)a, (void)all;
    for (size_t at = 0; at < s.s.n;) {
        at += heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        bool letter = cp >= 0 && (cp == '_' || heft_jalnum(cp));
        words += letter && !inside;
        inside = letter;
    }
    return heft_jint(words);
}

static heft_jval f_format(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval s = heft_jtext(j, v);
    (void)a;
    if (all->n && all->n_named)
        heft_jinja_fail(j, HEFT_E_FORMAT, "format takes values in order or by name, not both");
    if (!all->n_named) return heft_jpercent(j, s, heft_jseq_of(j, J_TUPLE, all->arg, all->n));
    heft_jval dict = heft_jdict_of(j);
    for (size_t i = 0; i < all->n_named; i++)
        heft_jdict_set(j, dict.dict, all->named[i].key, all->named[i].value);
    return heft_jpercent(j, s, dict);
}

/* A value as part of an address; query: behind its '?', where a blank is a plus. */
static void encode(heft_jinja *j, heft_jbuf *b, heft_jval v, bool query)
{
    heft_jval s = heft_jtext(j, v);
    for (size_t i = 0; i < s.s.n; i++) {
        char c = s.s.p[i], out[8];
        bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                    || (c && strchr(query ? "_.-~" : "_.-~/", c));
        if (query && c == ' ')
            (void)snprintf(out, sizeof out, "+");
        else
            (void)snprintf(out, sizeof out, keep ? "%c" : "%%%02X", (unsigned char)c);
        heft_jbuf_z(j, b, out, heft_jfrom_data(heft_jpart(s, i, 1)));
    }
}

/* The pairs of a dict. */
static heft_jval as_items(heft_jinja *j, heft_jval v)
{
    heft_jargs none = { .n = 0 };
    return heft_jcall_row(j, heft_jfilter(heft_str_of("items")), v, &none);
}

static heft_jval f_urlencode(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jbuf b = { .n = 0 };
    (void)a, (void)all;
    if (v.type != J_DICT && !heft_jhas_seq(v)) {
        encode(j, &b, v, false);
        return heft_jbuf_end(j, &b);
    }
    heft_jseq seq = heft_jwalk(j, v.type == J_DICT ? as_items(j, v) : v);
    for (size_t i = 0; i < seq.n; i++) {
        heft_jseq two = heft_jwalk(j, seq.item[i]);
        if (two.n != 2) heft_jinja_fail(j, HEFT_E_FORMAT, "urlencode needs pairs");
        if (i) heft_jbuf_z(j, &b, "&", false);
        encode(j, &b, two.item[0], true);
        heft_jbuf_z(j, &b, "=", false);
        encode(j, &b, two.item[1], true);
    }
    return heft_jbuf_end(j, &b);
}

static heft_jval f_safe(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval s = heft_jtext(j, v);
    (void)a, (void)all;
    s.safe = true;
    return s;
}

static heft_jval f_escape(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jescape(j, heft_jtext(j, v));
}

static heft_jval f_forceescape(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jescape(j, plain(heft_jtext(j, v)));
}

static heft_jval f_tojson(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jjson how = { .ascii = truth(j, a[0], false), .sort = truth(j, a[3], false) };
    heft_jbuf pad = { .n = 0 };
    heft_jval indent = a[1];
    (void)all;
    how.comma = heft_jz(heft_jgiven(indent) ? "," : ", ");
    how.colon = heft_jz(": ");
    if (heft_jgiven(indent)) {
        if (indent.type != J_STR) {
            int64_t n = heft_jwhole(j, indent, 0);
            heft_jbuf_fill(j, &pad, heft_jz(" "), n > 0 ? (size_t)n : 0);
            indent = heft_jbuf_end(j, &pad);
        }
        how.indent = &indent;
    }
    if (heft_jgiven(a[2])) {
        heft_jseq parts = heft_jwalk(j, a[2]);
        if (parts.n != 2) heft_jinja_fail(j, HEFT_E_FORMAT, "tojson: separators are two strings");
        how.comma = string_or(j, parts.item[0], "");
        how.colon = string_or(j, parts.item[1], "");
    }
    return heft_jto_json(j, v, &how);
}

/* ---- numbers ---------------------------------------------------------- */

/* The text with every digit of another script as the one of ASCII. */
static heft_jval ascii_digits(heft_jinja *j, heft_jval s)
{
    heft_jbuf b = { .n = 0 };
    int32_t cp;
    for (size_t at = 0, n; at < s.s.n; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        int digit = cp < 128 ? -1 : heft_jdigit(cp);
        if (digit < 0)
            heft_jbuf_str(j, &b, heft_jpart(s, at, n));
        else
            heft_jbuf_bytes(j, &b, &"0123456789"[digit], 1, s.data);
    }
    return heft_jbuf_end(j, &b);
}

/* A Python number's text, without underscores: false if it is none. */
static bool number_text(heft_jinja *j, heft_jval s, char out[64])
{
    size_t n = 0;
    s = ascii_digits(j, heft_jstrip(j, s, NULL, 3));
    for (size_t i = 0; i < s.s.n; i++) {
        bool between = i && i + 1 < s.s.n && s.s.p[i - 1] >= '0' && s.s.p[i - 1] <= '9'
                       && s.s.p[i + 1] >= '0' && s.s.p[i + 1] <= '9';
        if (s.s.p[i] == '_' && between) continue;
        if (s.s.p[i] == '_' || n + 1 == 64) return false;
        out[n++] = s.s.p[i];
    }
    out[n] = 0;
    return n != 0;
}

static heft_jval parse_real(heft_jinja *j, heft_jval s)
{
    char text[64], *end;
    if (!number_text(j, s, text) || strpbrk(text, "(xX")) return (heft_jval){ .type = J_ABSENT };
    double f = strtod(text, &end);
    return *end || end == text ? (heft_jval){ .type = J_ABSENT } : heft_jreal(f);
}

static heft_jval cut(heft_jinja *j, double f)
{
    if (isnan(f) || isinf(f)) return (heft_jval){ .type = J_ABSENT };
    if (!(f > -9.2e18 && f < 9.2e18))
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "a whole number beyond 64 bits");
    return heft_jint((int64_t)f);
}

static heft_jval parse_whole(heft_jinja *j, heft_jval s, int base)
{
    char text[64];
    uint64_t u = 0;
    s = heft_jstrip(j, s, NULL, 3);
    bool negative = s.s.n && s.s.p[0] == '-';
    if (s.s.n && (s.s.p[0] == '-' || s.s.p[0] == '+')) s = heft_jpart(s, 1, s.s.n - 1);
    char kind = base == 16 ? 'x' : base == 8 ? 'o' : base == 2 ? 'b' : 0;
    if (kind && s.s.n > 2 && s.s.p[0] == '0' && (s.s.p[1] | 32) == kind)
        s = heft_jpart(s, 2, s.s.n - 2);
    if (!number_text(j, s, text)) return (heft_jval){ .type = J_ABSENT };
    for (const char *p = text; *p; p++) {
        int c = *p | 32, d = *p >= '0' && *p <= '9' ? *p - '0'
                             : c >= 'a' && c <= 'z' ? c - 'a' + 10
                                                    : 99;
        if (d >= base) return (heft_jval){ .type = J_ABSENT };
        if (!heft_mul(u, (uint64_t)base, &u) || !heft_add(u, (uint64_t)d, &u) || u > INT64_MAX)
            heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "a whole number beyond 64 bits");
    }
    return heft_jint(negative ? -(int64_t)u : (int64_t)u);
}

static void check_defined(heft_jinja *j, heft_jval v)
{
    if (v.type == J_UNDEFINED) heft_jinja_fail(j, HEFT_E_FORMAT, "an undefined value is no number");
}

static heft_jval f_int(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    int64_t base = heft_jwhole(j, a[1], 10);
    heft_jval out = { .type = J_ABSENT };
    (void)all;
    check_defined(j, v);
    if (base < 2 || base > 36)
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "int: a base of %d", (int)base);
    if (v.type == J_STR) {
        out = parse_whole(j, v, (int)base);
        if (out.type == J_ABSENT) {
            heft_jval real = parse_real(j, v);
            if (real.type == J_FLOAT) out = cut(j, real.f);
        }
    } else if (v.type == J_FLOAT) {
        out = cut(j, v.f);
    } else if (heft_jnumber(v)) {
        out = heft_jint(heft_jwhole(j, v, 0));
    }
    if (out.type == J_ABSENT) return a[0].type == J_ABSENT ? heft_jint(0) : a[0];
    out.data = heft_jfrom_data(v);
    return out;
}

static heft_jval f_float(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval out = { .type = J_ABSENT };
    (void)all;
    check_defined(j, v);
    if (v.type == J_STR) out = parse_real(j, v);
    if (heft_jnumber(v)) out = heft_jreal(real_of(j, v));
    if (out.type == J_ABSENT) return a[0].type == J_ABSENT ? heft_jreal(0) : a[0];
    out.data = heft_jfrom_data(v);
    return out;
}

static heft_jval f_abs(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    double f = real_of(j, v);
    (void)a, (void)all;
    heft_jval out = v;
    if (v.type == J_FLOAT) out.f = fabs(f);
    if (v.type == J_BOOL) out = heft_jint(v.b);
    if (v.type == J_INT && v.i < 0) out = heft_jbinary(j, T_MINUS, heft_jint(0), v);
    return out;
}

/* f with `digits` decimals, half to even as decimal text has it. */
static double round_common(double f, int64_t digits)
{
    char text[512];
    if (!isfinite(f) || digits > 300) return f;
    if (digits >= 0) {
        (void)snprintf(text, sizeof text, "%.*f", (int)digits, f);
        return strtod(text, NULL);
    }
    if (digits < -300) return 0 * f;
    double scale = pow(10, (double)-digits);
    return nearbyint(f / scale) * scale;
}

static heft_jval f_round(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    int64_t digits = heft_jwhole(j, a[0], 0);
    heft_jval method = string_or(j, a[1], "common");
    (void)all;
    double f = real_of(j, v), scale;
    heft_jval out;
    if (heft_jis(method, "common")) {
        out = v.type == J_FLOAT ? heft_jreal(round_common(f, digits))
              : digits >= 0     ? heft_jint(heft_jwhole(j, v, 0))
                                : heft_jint((int64_t)round_common(f, digits));
    } else if (heft_jis(method, "ceil") || heft_jis(method, "floor")) {
        scale = pow(10, (double)digits);
        f = heft_jis(method, "ceil") ? ceil(f * scale) : floor(f * scale);
        out = heft_jreal((f + 0.0) / scale); /* Python's floor is a whole number: never -0 */
    } else {
        heft_jinja_fail(j, HEFT_E_FORMAT, "round: the method is common, ceil or floor");
    }
    out.data = v.data;
    return out;
}

static heft_jval f_filesizeformat(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    static const char *const two[] = { "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi" };
    static const char *const ten[] = { "k", "M", "G", "T", "P", "E", "Z", "Y" };
    bool binary = truth(j, a[0], false);
    const heft_jval none = { .type = J_NONE };
    heft_jval n = f_float(j, v, &none, all);
    if (n.type != J_FLOAT) heft_jinja_fail(j, HEFT_E_FORMAT, "filesizeformat needs a number");
    double base = binary ? 1024 : 1000, unit = base;
    char text[400];
    if (n.f == 1) return heft_jz("1 Byte");
    if (n.f < base) {
        (void)snprintf(text, sizeof text, "%.0f Bytes", trunc(n.f));
    } else {
        size_t i = 0;
        for (; i < 7 && n.f >= unit * base; i++)
            unit *= base;
        (void)snprintf(text, sizeof text, "%.1f %sB", n.f / unit, binary ? two[i] : ten[i]);
    }
    heft_jbuf b = { .n = 0 };
    heft_jbuf_z(j, &b, text, n.data);
    return heft_jbuf_end(j, &b);
}

/* ---- any -------------------------------------------------------------- */

static heft_jval f_default(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    bool replace = v.type == J_UNDEFINED || (truth(j, a[1], false) && !heft_jtrue(j, v));
    if (!replace) return v;
    return a[0].type == J_ABSENT ? heft_jz("") : a[0];
}

static heft_jval f_length(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jint(heft_jlength(j, v));
}

static heft_jval f_attr(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    heft_jval name = heft_jtext(j, a[0]);
    if (v.type == J_DICT || v.type == J_STR || heft_jhas_seq(v)) {
        const heft_jrow *row = heft_jmethod_of(v, heft_jview(name));
        if (!row) return heft_jundefined("attr");
    }
    return heft_jget_attr(j, v, name);
}

const heft_jrow heft_jfilters[] = {
    { "abs", "", 0, f_abs },
    { "attr", "name", 1, f_attr },
    { "capitalize", "", 0, f_capitalize },
    { "center", "width", 0, f_center },
    { "count", "", 0, f_length },
    { "d", "default_value boolean", 0, f_default },
    { "default", "default_value boolean", 0, f_default },
    { "e", "", 0, f_escape },
    { "escape", "", 0, f_escape },
    { "filesizeformat", "binary", 0, f_filesizeformat },
    { "float", "default", 0, f_float },
    { "forceescape", "", 0, f_forceescape },
    { "format", "*", 0, f_format },
    { "indent", "width first blank", 0, f_indent },
    { "int", "default base", 0, f_int },
    { "length", "", 0, f_length },
    { "lower", "", 0, f_lower },
    { "replace", "old new count", 2, f_replace },
    { "round", "precision method", 0, f_round },
    { "safe", "", 0, f_safe },
    { "string", "", 0, f_string },
    { "title", "", 0, f_title },
    { "tojson", "ensure_ascii indent separators sort_keys", 0, f_tojson },
    { "trim", "chars", 0, f_trim },
    { "truncate", "length killwords end leeway", 0, f_truncate },
    { "upper", "", 0, f_upper },
    { "urlencode", "", 0, f_urlencode },
    { "wordcount", "", 0, f_wordcount },
    { .name = NULL },
};

static const heft_jrow *find(const heft_jrow *table, heft_str name)
{
    for (; table->name; table++)
        if (heft_str_is(name, table->name)) return table;
    return NULL;
}

const heft_jrow *heft_jfilter(heft_str name)
{
    const heft_jrow *row = find(heft_jfilters, name);
    return row ? row : find(heft_jlist_filters, name);
}

const heft_jrow *heft_jtest(heft_str name)
{
    return find(heft_jtests, name);
}

const heft_jrow *heft_jglobal(heft_str name)
{
    return find(heft_jglobals, name);
}

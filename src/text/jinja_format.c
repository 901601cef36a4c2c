/* Python's two ways to format: "..." % values, and "...".format(values). */
#include "text/jinja.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 500 }; /* of a width or a precision */

typedef struct {
    heft_jval fill; /* one character */
    char align;     /* '<', '>', '^', '=' or 0 */
    char sign;      /* '+', ' ' or 0 */
    char comma;     /* ',', '_' or 0 */
    char type;      /* or 0 */
    bool alternate;
    int width, precision; /* precision -1: none */
} spec;

/* A cursor over a format string. */
typedef struct {
    heft_jinja *j;
    heft_jval s;
    size_t at;
} reader;

static char peek(const reader *r)
{
    return r->at < r->s.s.n ? r->s.s.p[r->at] : 0;
}

static _Noreturn void bad(reader *r, const char *what)
{
    heft_jinja_fail(r->j, HEFT_E_FORMAT, "format string: %s", what);
}

static int small_number(reader *r)
{
    int n = 0;
    while (peek(r) >= '0' && peek(r) <= '9') {
        n = n * 10 + (peek(r) - '0');
        r->at++;
        if (n > MOST_DIGITS)
            heft_jinja_fail(r->j, HEFT_E_UNSUPPORTED, "a width or precision above %d",
                            (int)MOST_DIGITS);
    }
    return n;
}

/* ---- one value -------------------------------------------------------- */

/* Write text with fill on its sides; `sign` leading bytes stay in front of a '=' fill. */
static void pad(heft_jinja *j, heft_jbuf *b, heft_jval text, const spec *f, size_t sign, char align)
{
    size_t chars = heft_jchars(j, text), fill = 0, left = 0;
    if ((size_t)f->width > chars) fill = (size_t)f->width - chars;
    if (align == '>') left = fill;
    if (align == '^') left = fill / 2;
    if (align == '=') {
        heft_jbuf_str(j, b, heft_jpart(text, 0, sign));
        text = heft_jpart(text, sign, text.s.n - sign);
        left = fill;
    }
    heft_jbuf_fill(j, b, f->fill, left);
    heft_jbuf_str(j, b, text);
    heft_jbuf_fill(j, b, f->fill, fill - left);
}

/* Digits of v in a base, without sign. */
static void whole_digits(heft_jbuf *b, heft_jinja *j, int64_t v, const spec *f)
{
    char out[72];
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    size_t n = sizeof out;
    unsigned base = f->type == 'x' || f->type == 'X' ? 16
                    : f->type == 'o'                 ? 8
                    : f->type == 'b'                 ? 2
                                                     : 10;
    const char *digit = f->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    do
        out[--n] = digit[u % base];
    while (u /= base);
    if (f->alternate && base != 10) {
        out[--n] = f->type;
        out[--n] = '0';
    }
    heft_jbuf_bytes(j, b, out + n, sizeof out - n, false);
}

static void real_digits(heft_jbuf *b, heft_jinja *j, double v, const spec *f)
{
    char out[1024];
    if (v < 0) v = -v;
    int precision = f->precision < 0 ? 6 : f->precision;
    switch (f->type) {
    case 'e': (void)snprintf(out, sizeof out, "%.*e", precision, v); break;
    case 'E': (void)snprintf(out, sizeof out, "%.*E", precision, v); break;
    case 'f':
    case 'F': (void)snprintf(out, sizeof out, "%.*f", precision, v); break;
    case 'g': (void)snprintf(out, sizeof out, "%.*g", precision, v); break;
    case 'G': (void)snprintf(out, sizeof out, "%.*G", precision, v); break;
    case '%': (void)snprintf(out, sizeof out, "%.*f%%", precision, v * 100); break;
    default:
        if (f->precision < 0)
            heft_jfloat_repr(v, out);
        else
            (void)snprintf(out, sizeof out, "%.*g", precision ? precision : 1, v);
        if (f->precision >= 0 && !strpbrk(out, ".en")) memcpy(out + strlen(out), ".0", 3);
    }
    heft_jbuf_z(j, b, out, false);
}

/* `digits` with separators between groups of three, before any '.' or exponent. */
static heft_jval grouped(heft_jinja *j, heft_jval digits, char comma)
{
    heft_jbuf b = { .n = 0 };
    size_t whole = 0;
    while (whole < digits.s.n && digits.s.p[whole] >= '0' && digits.s.p[whole] <= '9')
        whole++;
    for (size_t i = 0; i < digits.s.n; i++) {
        if (i && i < whole && (whole - i) % 3 == 0) heft_jbuf_bytes(j, &b, &comma, 1, false);
        heft_jbuf_bytes(j, &b, digits.s.p + i, 1, false);
    }
    return heft_jbuf_end(j, &b);
}

static double real_of(heft_jval v)
{
    return v.type == J_FLOAT ? v.f : v.type == J_BOOL ? (double)v.b : (double)v.i;
}

static void format_number(heft_jinja *j, heft_jbuf *b, heft_jval v, const spec *f)
{
    heft_jbuf digits = { .n = 0 }, text = { .n = 0 };
    bool real = v.type == J_FLOAT || (f->type && strchr("eEfFgG%", f->type));
    bool negative = real ? real_of(v) < 0 || (real_of(v) == 0 && 1 / real_of(v) < 0)
                         : v.type == J_INT && v.i < 0;
    if (real)
        real_digits(&digits, j, real_of(v), f);
    else
        whole_digits(&digits, j, v.type == J_BOOL ? v.b : v.i, f);
    heft_jval d = heft_jbuf_end(j, &digits);
    if (f->comma) d = grouped(j, d, f->comma);
    if (negative || f->sign) heft_jbuf_bytes(j, &text, negative ? "-" : &f->sign, 1, v.data);
    size_t sign = text.n;
    if (!real && f->precision > 0 && (size_t)f->precision > d.s.n) /* only % has it */
        heft_jbuf_fill(j, &text, heft_jz("0"), (size_t)f->precision - d.s.n);
    heft_jbuf_bytes(j, &text, d.s.p, d.s.n, v.data);
    if (f->alternate && f->type && strchr("xXob", f->type)) sign += 2;
    pad(j, b, heft_jbuf_end(j, &text), f, sign, f->align ? f->align : '>');
}

static void format_text(heft_jinja *j, heft_jbuf *b, heft_jval text, const spec *f)
{
    if (f->precision >= 0) text = heft_jpart(text, 0, heft_jchar_at(j, text, (size_t)f->precision));
    pad(j, b, text, f, 0, f->align ? f->align : '<');
}

/* ---- % ---------------------------------------------------------------- */

static heft_jval next_value(reader *r, heft_jval with, size_t *used)
{
    if (with.type != J_TUPLE) {
        if ((*used)++) bad(r, "not enough values");
        return with;
    }
    if (*used == with.seq->n) bad(r, "not enough values");
    return with.seq->item[(*used)++];
}

static spec percent_spec(reader *r)
{
    spec f = { .fill = heft_jz(" "), .precision = -1 };
    for (;; r->at++) {
        char c = peek(r);
        if (c == '-')
            f.align = '<';
        else if (c == '0' && f.align != '<')
            f.fill = heft_jz("0");
        else if (c == '+')
            f.sign = '+';
        else if (c == ' ')
            f.sign = f.sign ? f.sign : ' ';
        else if (c == '#')
            f.alternate = true;
        else if (c != '0')
            break;
    }
    if (f.align == '<') f.fill = heft_jz(" ");
    f.width = small_number(r);
    if (peek(r) == '.') {
        r->at++;
        f.precision = small_number(r);
    }
    while (peek(r) == 'l' || peek(r) == 'h' || peek(r) == 'L')
        r->at++;
    f.type = peek(r);
    if (!f.type) bad(r, "it ends inside a format");
    r->at++;
    return f;
}

static void percent_value(reader *r, heft_jbuf *b, heft_jval v, spec f)
{
    heft_jbuf text = { .safe = false };
    if (f.type == 's' || f.type == 'r' || f.type == 'a' || f.type == 'c') {
        f.fill = heft_jz(" ");
        if (!f.align) f.align = '>';
        if (f.type == 'r')
            heft_jbuf_repr(r->j, &text, v);
        else if (f.type == 's' || (v.type == J_STR && heft_jchars(r->j, v) == 1))
            text.n = 0;
        else
            bad(r, f.type == 'c' ? "%c needs one character" : "%a is not supported");
        heft_jval shown = f.type == 'r' ? heft_jbuf_end(r->j, &text) : heft_jtext(r->j, v);
        if (b->safe) f.fill.safe = true;
        format_text(r->j, b, b->safe ? heft_jescape(r->j, shown) : shown, &f);
        return;
    }
    if (!heft_jnumber(v)) bad(r, "a number is needed");
    if (strchr("diu", f.type)) {
        if (v.type == J_FLOAT) {
            if (!(v.f > -9e18 && v.f < 9e18)) bad(r, "a number beyond 64 bits");
            bool data = v.data;
            v = heft_jint((int64_t)v.f);
            v.data = data;
        }
        f.type = 'd';
    } else if (!strchr("xXoeEfFgG", f.type)) {
        bad(r, "an unknown type");
    } else if (strchr("xXo", f.type) && v.type == J_FLOAT) {
        bad(r, "a whole number is needed");
    }
    if (heft_jis(f.fill, "0")) f.align = '=';
    format_number(r->j, b, v, &f);
}

heft_jval heft_jpercent(heft_jinja *j, heft_jval s, heft_jval with)
{
    reader r = { .j = j, .s = s };
    heft_jbuf b = { .safe = s.safe };
    size_t used = 0;
    bool by_name = false;
    while (r.at < s.s.n) {
        size_t at = heft_jfind(j, s, heft_jz("%"), r.at);
        if (at == SIZE_MAX) at = s.s.n;
        heft_jbuf_str(j, &b, heft_jpart(s, r.at, at - r.at));
        r.at = at + 1;
        if (at == s.s.n) break;
        if (peek(&r) == '%') {
            heft_jbuf_str(j, &b, heft_jpart(s, r.at++, 1));
            continue;
        }
        heft_jval v = { .type = J_ABSENT };
        if (peek(&r) == '(') {
            size_t end = heft_jfind(j, s, heft_jz(")"), r.at);
            if (end == SIZE_MAX || with.type != J_DICT) bad(&r, "a name needs a dict");
            v = heft_jget_item(j, with, heft_jpart(s, r.at + 1, end - r.at - 1));
            if (v.type == J_UNDEFINED) bad(&r, "a name that the dict does not have");
            r.at = end + 1;
            by_name = true;
        }
        spec f = percent_spec(&r);
        if (v.type == J_ABSENT) v = next_value(&r, with, &used);
        percent_value(&r, &b, v, f);
    }
    bool all = with.type == J_TUPLE ? used == with.seq->n
                                    : used || by_name || with.type == J_DICT || with.type == J_LIST;
    if (!all) bad(&r, "not all values are used");
    return heft_jbuf_end(j, &b);
}

/* ---- format() --------------------------------------------------------- */

static spec brace_spec(reader *r)
{
    spec f = { .fill = heft_jz(" "), .precision = -1 };
    int32_t cp;
    size_t left = r->s.s.n - r->at;
    size_t n = left ? heft_utf8_decode(r->s.s.p + r->at, left, &cp) : 0;
    if (left > n && strchr("<>^=", r->s.s.p[r->at + n]) && n) {
        f.fill = heft_jpart(r->s, r->at, n);
        f.align = r->s.s.p[r->at + n];
        r->at += n + 1;
    } else if (peek(r) && strchr("<>^=", peek(r))) {
        f.align = r->s.s.p[r->at++];
    }
    if (peek(r) == '+' || peek(r) == '-' || peek(r) == ' ') {
        f.sign = peek(r) == '-' ? 0 : peek(r);
        r->at++;
    }
    if (peek(r) == '#') f.alternate = (r->at++, true);
    if (peek(r) == '0' && !f.align) {
        f.fill = heft_jz("0");
        f.align = '=';
    }
    f.width = small_number(r);
    if (peek(r) == ',' || peek(r) == '_') f.comma = r->s.s.p[r->at++];
    if (peek(r) == '.') {
        r->at++;
        f.precision = small_number(r);
    }
    if (peek(r) && peek(r) != '}') f.type = r->s.s.p[r->at++];
    return f;
}

/* The value that a field names: "", "0", "name", then ".attr" and "[key]". */
static heft_jval field(reader *r, const heft_jargs *args, size_t *next)
{
    size_t start = r->at;
    heft_jval v = { .type = J_ABSENT };
    while (peek(r) && !strchr(".[:!}", peek(r)))
        r->at++;
    heft_jval name = heft_jpart(r->s, start, r->at - start);
    bool number = name.s.n && strspn(name.s.p, "0123456789") >= name.s.n;
    if (!name.s.n || number) {
        size_t i = (*next)++;
        if (number) {
            r->at = start;
            i = (size_t)small_number(r);
        }
        if (i >= args->n) bad(r, "not enough values");
        v = args->arg[i];
    }
    for (size_t i = 0; v.type == J_ABSENT && i < args->n_named; i++)
        if (heft_str_eq(heft_jview(args->named[i].key), heft_jview(name))) v = args->named[i].value;
    if (v.type == J_ABSENT) bad(r, "a name that was not given");
    while (peek(r) == '.' || peek(r) == '[') {
        bool item = r->s.s.p[r->at++] == '[';
        start = r->at;
        while (peek(r) && !strchr(item ? "]" : ".[:!}", peek(r)))
            r->at++;
        heft_jval key = heft_jpart(r->s, start, r->at - start);
        if (item && key.s.n && strspn(key.s.p, "0123456789") >= key.s.n)
            key = heft_jint(strtoll(key.s.p, NULL, 10));
        v = item ? heft_jget_item(r->j, v, key) : heft_jget_attr(r->j, v, key);
        if (v.type == J_UNDEFINED) bad(r, "a part that is not there");
        if (item && peek(r) == ']') r->at++;
    }
    return v;
}

static void brace_value(reader *r, heft_jbuf *b, heft_jval v, const spec *f)
{
    if (v.type == J_STR || !heft_jnumber(v) || (v.type == J_BOOL && !f->type)) {
        if (f->type && f->type != 's') bad(r, "the type does not fit the value");
        bool plain = !f->width && f->precision < 0 && !f->align;
        if (v.type != J_STR && !plain && v.type != J_BOOL && v.type != J_UNDEFINED)
            bad(r, "this value takes no width");
        if (f->align == '=') bad(r, "'=' needs a number");
        heft_jval text = heft_jtext(r->j, v);
        format_text(r->j, b, b->safe ? heft_jescape(r->j, text) : text, f);
        return;
    }
    if (f->type && !strchr(v.type == J_FLOAT ? "eEfFgG%n" : "dxXobeEfFgG%nc", f->type))
        bad(r, "the type does not fit the value");
    if (f->type == 'n' || f->type == 'c') bad(r, "the types n and c are not supported");
    if (v.type != J_FLOAT && f->precision >= 0 && (!f->type || strchr("dxXob", f->type)))
        bad(r, "a whole number takes no precision");
    format_number(r->j, b, v, f);
}

heft_jval heft_jformat(heft_jinja *j, heft_jval s, const heft_jargs *args)
{
    reader r = { .j = j, .s = s };
    heft_jbuf b = { .safe = s.safe };
    size_t next = 0;
    while (r.at < s.s.n) {
        char c = peek(&r);
        size_t start = r.at;
        if (c != '{' && c != '}') {
            while (r.at < s.s.n && peek(&r) != '{' && peek(&r) != '}')
                r.at++;
            heft_jbuf_str(j, &b, heft_jpart(s, start, r.at - start));
            continue;
        }
        r.at++;
        if (peek(&r) == c) {
            heft_jbuf_str(j, &b, heft_jpart(s, r.at++, 1));
            continue;
        }
        if (c == '}') bad(&r, "a '}' alone");
        heft_jval v = field(&r, args, &next);
        if (peek(&r) == '!') {
            char how = r.at + 1 < s.s.n ? s.s.p[r.at + 1] : 0;
            heft_jbuf text = { .n = 0 };
            if (how != 's' && how != 'r') bad(&r, "an unknown conversion");
            if (how == 'r') heft_jbuf_repr(j, &text, v);
            v = how == 'r' ? heft_jbuf_end(j, &text) : heft_jtext(j, v);
            r.at += 2;
        }
        spec f = { .fill = heft_jz(" "), .precision = -1 };
        if (peek(&r) == ':') {
            r.at++;
            f = brace_spec(&r);
        }
        if (peek(&r) != '}') bad(&r, "'}' is missing, or a field nests");
        r.at++;
        brace_value(&r, &b, v, &f);
    }
    return heft_jbuf_end(j, &b);
}

/* Python's two ways to format: "..." % values, and "...".format(values). */
#include "text/jinja.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WIDTH = 100000, MAX_PRECISION = 500 };

typedef struct {
    heft_jval fill; /* one character */
    char align;     /* '<', '>', '^', '=' or 0 */
    char sign;      /* '+', ' ' or 0 */
    char comma;     /* ',', '_' or 0 */
    char type;      /* or 0 */
    bool alternate;
    bool no_minus_zero;
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

static int at_most(reader *r, int64_t n, int most)
{
    if (n > most)
        heft_jinja_fail(r->j, HEFT_E_UNSUPPORTED,
                        "format string: a width, precision or index above %d", most);
    return (int)n;
}

static int small_number(reader *r, int most)
{
    int n = 0;
    for (; peek(r) >= '0' && peek(r) <= '9'; r->at++)
        n = at_most(r, n * 10 + (peek(r) - '0'), most);
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
    heft_jbuf_bytes(j, b, out + n, sizeof out - n, false);
}

/* Without a type: as repr has it; with a precision the shorter of two forms, never as a whole
 * number. */
static void plain_real(char *out, size_t size, double v, const spec *f)
{
    int precision = f->precision ? f->precision : 1;
    if (f->precision < 0) {
        heft_jfloat_repr(v, out);
        return;
    }
    (void)snprintf(out, size, f->alternate ? "%#.*e" : "%.*e", precision - 1, v);
    const char *exponent = strchr(out, 'e');
    bool large = exponent && strtol(exponent + 1, NULL, 10) >= precision - 1;
    if (!large)
        (void)snprintf(out, size, f->alternate ? "%#.*g" : "%.*g", precision, v);
    else if (!f->alternate && precision > 1) { /* 1.20e+05 is 1.2e+05 */
        char *end = out + (exponent - out), *keep = end;
        while (keep[-1] == '0')
            keep--;
        memmove(keep - (keep[-1] == '.'), end, strlen(end) + 1);
    }
    if (!strpbrk(out, ".en")) memcpy(out + strlen(out), ".0", 3);
}

static void real_digits(heft_jbuf *b, heft_jinja *j, double v, const spec *f)
{
    char out[1024];
    bool a = f->alternate;
    v = fabs(v);
    int precision = f->precision < 0 ? 6 : f->precision;
    switch (f->type) {
    case 'e': (void)snprintf(out, sizeof out, a ? "%#.*e" : "%.*e", precision, v); break;
    case 'E': (void)snprintf(out, sizeof out, a ? "%#.*E" : "%.*E", precision, v); break;
    case 'f': (void)snprintf(out, sizeof out, a ? "%#.*f" : "%.*f", precision, v); break;
    case 'F': (void)snprintf(out, sizeof out, a ? "%#.*F" : "%.*F", precision, v); break;
    case 'n': /* by the locale's rules, which are those of C here */
    case 'g': (void)snprintf(out, sizeof out, a ? "%#.*g" : "%.*g", precision, v); break;
    case 'G': (void)snprintf(out, sizeof out, a ? "%#.*G" : "%.*G", precision, v); break;
    case '%': (void)snprintf(out, sizeof out, a ? "%#.*f%%" : "%.*f%%", precision, v * 100); break;
    default: plain_real(out, sizeof out, v, f);
    }
    heft_jbuf_z(j, b, out, false);
}

/* `digits`, of which the first `whole` stand before any '.' or exponent, with separators between
 * groups of so many; with zeros in front up to a width of `least`, where no separator is first. */
static heft_jval grouped(heft_jinja *j, heft_jval digits, size_t whole, const spec *f, size_t least)
{
    const size_t group = f->type && strchr("xXob", f->type) ? 4 : 3, rest = digits.s.n - whole;
    size_t places = whole;
    heft_jbuf b = { .n = 0 };
    while (whole && places + (places - 1) / group + rest < least)
        places++;
    for (size_t i = places; i; i--) {
        heft_jbuf_bytes(j, &b, i > whole ? "0" : digits.s.p + whole - i, 1, false);
        if (i > 1 && (i - 1) % group == 0) heft_jbuf_bytes(j, &b, &f->comma, 1, false);
    }
    heft_jbuf_bytes(j, &b, digits.s.p + whole, rest, false);
    return heft_jbuf_end(j, &b);
}

static double real_of(heft_jval v)
{
    return v.type == J_FLOAT ? v.f : v.type == J_BOOL ? (double)v.b : (double)v.i;
}

/* Zero, or about to be written as zero? */
static bool shows_zero(heft_jval digits)
{
    return strspn(digits.s.p, "0.") >= digits.s.n || digits.s.p[strspn(digits.s.p, "0.")] == 'e';
}

static void format_number(heft_jinja *j, heft_jbuf *b, heft_jval v, const spec *f)
{
    heft_jbuf digits = { .n = 0 }, text = { .n = 0 };
    bool real = v.type == J_FLOAT || (f->type && strchr("eEfFgG%", f->type));
    bool negative = real ? real_of(v) < 0 || (real_of(v) == 0 && 1 / real_of(v) < 0)
                         : v.type == J_INT && v.i < 0;
    bool based = f->alternate && f->type && strchr("xXob", f->type);
    if (real)
        real_digits(&digits, j, real_of(v), f);
    else
        whole_digits(&digits, j, v.type == J_BOOL ? v.b : v.i, f);
    heft_jbuf_bytes(j, &digits, "", 1, false); /* the string functions stop there */
    digits.n--;
    heft_jval d = heft_jbuf_end(j, &digits);
    if (f->no_minus_zero && shows_zero(d)) negative = false;
    if (negative || f->sign) heft_jbuf_bytes(j, &text, negative ? "-" : &f->sign, 1, v.data);
    if (based) heft_jbuf_bytes(j, &text, (const char[]){ '0', f->type }, 2, v.data);
    const size_t before = text.n, width = (size_t)f->width;
    if (f->comma) {
        bool zeros = f->align == '=' && heft_jis(f->fill, "0") && width > before;
        size_t whole = real ? strspn(d.s.p, "0123456789") : d.s.n;
        d = grouped(j, d, whole, f, zeros ? width - before : 0);
    }
    if (!real && f->precision > 0 && (size_t)f->precision > d.s.n) /* only % has it */
        heft_jbuf_fill(j, &text, heft_jz("0"), (size_t)f->precision - d.s.n);
    heft_jbuf_bytes(j, &text, d.s.p, d.s.n, v.data);
    pad(j, b, heft_jbuf_end(j, &text), f, before, f->align ? f->align : '>');
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

/* A width or precision: digits, or '*', which takes a value. */
static int number_or_star(reader *r, heft_jval with, size_t *used, int most)
{
    if (peek(r) != '*') return small_number(r, most);
    heft_jval v = next_value(r, with, used);
    r->at++;
    if (v.type != J_INT || v.i < -most) bad(r, "'*' needs a small whole number");
    return at_most(r, v.i, most);
}

static spec percent_spec(reader *r, heft_jval with, size_t *used)
{
    spec f = { .fill = heft_jz(" "), .precision = -1 };
    bool zero = false;
    for (;; r->at++) {
        char c = peek(r);
        if (c == '-')
            f.align = '<';
        else if (c == '0')
            zero = true;
        else if (c == '+')
            f.sign = '+';
        else if (c == ' ')
            f.sign = f.sign ? f.sign : ' ';
        else if (c == '#')
            f.alternate = true;
        else
            break;
    }
    f.width = number_or_star(r, with, used, MAX_WIDTH);
    if (f.width < 0) {
        f.width = -f.width;
        f.align = '<';
    }
    if (zero && f.align != '<') f.fill = heft_jz("0");
    if (peek(r) == '.') {
        r->at++;
        f.precision = number_or_star(r, with, used, MAX_PRECISION);
        if (f.precision < 0) f.precision = 0;
    }
    while (peek(r) == 'l' || peek(r) == 'h' || peek(r) == 'L')
        r->at++;
    f.type = peek(r);
    if (!f.type) bad(r, "it ends inside a format");
    r->at++;
    return f;
}

/* repr(v); ascii: with an escape for every character beyond ASCII. */
static heft_jval repr(heft_jinja *j, heft_jval v, bool ascii)
{
    heft_jbuf b = { .n = 0 }, out = { .n = 0 };
    heft_jbuf_repr(j, &b, v);
    heft_jval s = heft_jbuf_end(j, &b);
    for (size_t at = 0, n; ascii && at < s.s.n; at += n) {
        int32_t cp;
        char escape[16];
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        heft_jval part = heft_jpart(s, at, n);
        (void)snprintf(escape, sizeof escape,
                       cp < 0x100     ? "\\x%02x"
                       : cp < 0x10000 ? "\\u%04x"
                                      : "\\U%08x",
                       (unsigned)cp);
        if (cp < 128)
            heft_jbuf_str(j, &out, part);
        else
            heft_jbuf_z(j, &out, escape, heft_jfrom_data(part));
    }
    return ascii ? heft_jbuf_end(j, &out) : s;
}

/* The character that a whole number stands for. */
static heft_jval character(reader *r, heft_jval v)
{
    heft_jbuf b = { .n = 0 };
    char out[4];
    int64_t cp = heft_jwhole(r->j, v, 0);
    if (cp < 0 || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)) bad(r, "no character's number");
    heft_jbuf_bytes(r->j, &b, out, heft_utf8_encode((int32_t)cp, out), v.data);
    return heft_jbuf_end(r->j, &b);
}

static heft_jval percent_text(reader *r, heft_jval v, char type)
{
    if (type == 'r' || type == 'a') return repr(r->j, v, type == 'a');
    if (type == 's') return heft_jtext(r->j, v);
    if (v.type == J_INT || v.type == J_BOOL) return character(r, v);
    if (v.type != J_STR || heft_jchars(r->j, v) != 1) bad(r, "%c needs one character");
    return v;
}

static void percent_value(reader *r, heft_jbuf *b, heft_jval v, spec f)
{
    if (strchr("srac", f.type)) {
        f.fill = heft_jz(" ");
        if (!f.align) f.align = '>';
        heft_jval shown = percent_text(r, v, f.type);
        if (f.type == 'c') f.precision = -1;
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
            const heft_jval *found =
                heft_jdict_find(j, with.dict, heft_jpart(s, r.at + 1, end - r.at - 1));
            if (!found) bad(&r, "a name that the dict does not have");
            v = *found;
            r.at = end + 1;
            by_name = true;
        }
        spec f = percent_spec(&r, with, &used);
        if (v.type == J_ABSENT) v = next_value(&r, with, &used);
        percent_value(&r, &b, v, f);
    }
    bool all = with.type == J_TUPLE ? used == with.seq->n
                                    : used || by_name || with.type == J_DICT || with.type == J_LIST;
    if (!all) bad(&r, "not all values are used");
    return heft_jbuf_end(j, &b);
}

/* ---- format() --------------------------------------------------------- */

/* Where fields find their values. */
typedef struct {
    const heft_jargs *args;
    size_t next;
    enum { UNSAID, COUNTED, NUMBERED } way;
} values;

static spec brace_spec(reader *r)
{
    spec f = { .fill = heft_jz(" "), .precision = -1 };
    bool filled = false;
    int32_t cp;
    size_t left = r->s.s.n - r->at;
    size_t n = left ? heft_utf8_decode(r->s.s.p + r->at, left, &cp) : 0;
    if (left > n && strchr("<>^=", r->s.s.p[r->at + n]) && n) {
        f.fill = heft_jpart(r->s, r->at, n);
        filled = true;
        f.align = r->s.s.p[r->at + n];
        r->at += n + 1;
    } else if (peek(r) && strchr("<>^=", peek(r))) {
        f.align = r->s.s.p[r->at++];
    }
    if (peek(r) == '+' || peek(r) == '-' || peek(r) == ' ') f.sign = r->s.s.p[r->at++];
    if (peek(r) == 'z') f.no_minus_zero = (r->at++, true);
    if (peek(r) == '#') f.alternate = (r->at++, true);
    if (peek(r) == '0') {
        if (!filled) f.fill = heft_jz("0");
        if (!f.align) f.align = '0'; /* '=' for numbers */
    }
    f.width = small_number(r, MAX_WIDTH);
    if (peek(r) == ',' || peek(r) == '_') f.comma = r->s.s.p[r->at++];
    if (peek(r) == '.') {
        r->at++;
        if (peek(r) < '0' || peek(r) > '9') bad(r, "a precision is missing");
        f.precision = small_number(r, MAX_PRECISION);
    }
    if (r->at < r->s.s.n) f.type = r->s.s.p[r->at++];
    if (r->at < r->s.s.n) bad(r, "no such format");
    return f;
}

static bool all_digits(heft_jval s)
{
    size_t n = 0;
    while (n < s.s.n && s.s.p[n] >= '0' && s.s.p[n] <= '9')
        n++;
    return n && n == s.s.n;
}

/* The value that a field begins with: "", "0", "name". alone: the field has nothing else. */
static heft_jval first_value(reader *r, heft_jval name, bool alone, values *from)
{
    const bool counted = alone && !name.s.n, numbered = all_digits(name);
    if (counted || (numbered && alone)) {
        if ((from->way == COUNTED && numbered) || (from->way == NUMBERED && counted))
            bad(r, "fields with and without a number");
        from->way = counted ? COUNTED : NUMBERED;
    }
    if (counted || numbered) {
        size_t i = from->next;
        reader digits = { .j = r->j, .s = name };
        if (numbered)
            i = (size_t)small_number(&digits, MAX_WIDTH);
        else
            from->next++;
        if (i >= from->args->n) bad(r, "not enough values");
        return from->args->arg[i];
    }
    for (size_t i = 0; i < from->args->n_named; i++)
        if (heft_str_eq(heft_jview(from->args->named[i].key), heft_jview(name)))
            return from->args->named[i].value;
    bad(r, "a name that was not given");
}

/* What a field names: a value, then ".attr" and "[key]". */
static heft_jval field(reader *r, values *from)
{
    size_t start = r->at;
    while (peek(r) && !strchr(".[:!}{", peek(r)))
        r->at++;
    heft_jval name = heft_jpart(r->s, start, r->at - start);
    heft_jval v = first_value(r, name, peek(r) != '.' && peek(r) != '[', from);
    while (peek(r) == '.' || peek(r) == '[') {
        bool item = r->s.s.p[r->at++] == '[';
        start = r->at;
        while (peek(r) && !strchr(item ? "]" : ".[:!}{", peek(r)))
            r->at++;
        heft_jval key = heft_jpart(r->s, start, r->at - start);
        if (!key.s.n || (item && peek(r) != ']')) bad(r, "an attribute without a name");
        reader digits = { .j = r->j, .s = key };
        if (item && all_digits(key)) key = heft_jint(small_number(&digits, MAX_WIDTH));
        v = item ? heft_jget_item(r->j, v, key) : heft_jget_attr(r->j, v, key);
        if (item) r->at++;
    }
    return v;
}

static void check_number_spec(reader *r, heft_jval v, const spec *f)
{
    const bool real = v.type == J_FLOAT;
    const bool whole = !real && (!f->type || strchr("dxXobcn", f->type));
    if (f->type && !strchr(real ? "eEfFgG%n" : "dxXobeEfFgG%nc", f->type))
        bad(r, "the type does not fit the value");
    if (whole && f->precision >= 0) bad(r, "a whole number takes no precision");
    if (whole && f->no_minus_zero) bad(r, "z is for numbers with a fraction");
    if (f->comma && f->type && strchr(f->comma == ',' ? "xXobcn" : "cn", f->type))
        bad(r, "this type has no groups of digits");
    if (f->type == 'c' && (f->sign || f->alternate)) bad(r, "a character has no sign");
}

static void brace_value(reader *r, heft_jbuf *b, heft_jval v, spec f, bool empty)
{
    if (heft_jnumber(v) && !(empty && v.type == J_BOOL)) {
        check_number_spec(r, v, &f);
        if (f.align == '0') f.align = '=';
        if (f.sign == '-') f.sign = 0;
        if (f.type == 'c') {
            if (!f.align) f.align = '>';
            format_text(r->j, b, character(r, v), &f);
        } else {
            format_number(r->j, b, v, &f);
        }
        return;
    }
    if (v.type != J_STR && !empty) bad(r, "this value takes no format");
    if (f.type && f.type != 's') bad(r, "the type does not fit the value");
    if (f.align == '=') bad(r, "'=' needs a number");
    if (f.sign || f.comma || f.alternate || f.no_minus_zero)
        bad(r, "a string has no sign, groups of digits or other form");
    if (f.align == '0') f.align = '<';
    heft_jval text = heft_jtext(r->j, v);
    format_text(r->j, b, b->safe ? heft_jescape(r->j, text) : text, &f);
}

static heft_jval formatted(heft_jinja *j, heft_jval s, values *from, int deep);

/* The format behind a ':', up to its '}', with the fields that it holds filled in. */
static heft_jval spec_text(reader *r, values *from, int deep)
{
    size_t start = r->at, open = 1;
    bool nested = false;
    for (; r->at < r->s.s.n; r->at++) {
        open += peek(r) == '{';
        nested |= peek(r) == '{';
        if (peek(r) == '}' && --open == 0) break;
    }
    if (open) bad(r, "'}' is missing");
    heft_jval text = heft_jpart(r->s, start, r->at - start);
    return nested ? formatted(r->j, text, from, deep - 1) : text;
}

static void one_field(reader *r, heft_jbuf *b, values *from, int deep)
{
    heft_jval v = field(r, from), how = heft_jz("");
    if (peek(r) == '!') {
        char kind = r->at + 1 < r->s.s.n ? r->s.s.p[r->at + 1] : 0;
        if (kind != 's' && kind != 'r' && kind != 'a') bad(r, "an unknown conversion");
        v = kind == 's' ? heft_jtext(r->j, v) : repr(r->j, v, kind == 'a');
        r->at += 2;
    }
    if (peek(r) == ':') {
        r->at++;
        how = spec_text(r, from, deep);
    }
    if (peek(r) != '}') bad(r, "'}' is missing");
    r->at++;
    reader inner = { .j = r->j, .s = how };
    brace_value(r, b, v, brace_spec(&inner), !how.s.n);
}

static heft_jval formatted(heft_jinja *j, heft_jval s, values *from, int deep)
{
    reader r = { .j = j, .s = s };
    heft_jbuf b = { .safe = s.safe };
    if (deep < 0) bad(&r, "fields nest too deeply");
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
        one_field(&r, &b, from, deep);
    }
    return heft_jbuf_end(j, &b);
}

heft_jval heft_jformat(heft_jinja *j, heft_jval s, const heft_jargs *args)
{
    values from = { .args = args };
    return formatted(j, s, &from, 1);
}

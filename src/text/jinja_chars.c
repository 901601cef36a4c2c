/* Methods of strings that look at each character by itself, and those of numbers. */
#include "text/jinja.h"

#include <math.h>
#include <string.h>
#include <utf8proc.h>

/* ---- kinds of characters ---------------------------------------------- */
/* ---- strings: kinds of characters ------------------------------------- */

static bool is_alpha(int32_t cp)
{
    int c = utf8proc_category(cp);
    return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}

static bool is_decimal(int32_t cp)
{
    return utf8proc_category(cp) == UTF8PROC_CATEGORY_ND;
}

static bool is_digit(int32_t cp)
{
    return is_decimal(cp) || cp == 0xb2 || cp == 0xb3 || cp == 0xb9 || cp == 0x2070
           || (cp >= 0x2074 && cp <= 0x2079) || (cp >= 0x2080 && cp <= 0x2089)
           || (cp >= 0x2460 && cp <= 0x2468);
}

static bool is_ascii(int32_t cp)
{
    return cp < 128;
}

static heft_jval all_are(heft_jval s, bool (*is)(int32_t cp), bool empty)
{
    int32_t cp;
    if (!s.s.n) return heft_jbool(empty);
    for (size_t at = 0; at < s.s.n;) {
        at += heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        if (!is(cp)) return heft_jbool(false);
    }
    return heft_jbool(true);
}

static heft_jval s_isalpha(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return all_are(s, is_alpha, false);
}

static heft_jval s_isalnum(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return all_are(s, heft_jalnum, false);
}

static heft_jval s_isdigit(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return all_are(s, is_digit, false);
}

static heft_jval s_isdecimal(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return all_are(s, is_decimal, false);
}

static heft_jval s_isspace(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return all_are(s, heft_jspace, false);
}

static heft_jval s_isascii(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return all_are(s, is_ascii, true);
}

static heft_jval cased_as(heft_jval s, bool upper)
{
    bool any = false;
    int32_t cp;
    for (size_t at = 0; at < s.s.n;) {
        at += heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        bool up = utf8proc_isupper(cp), low = utf8proc_islower(cp);
        if (upper ? low : up) return heft_jbool(false);
        any |= upper ? up : low;
    }
    return heft_jbool(any);
}

static heft_jval s_isupper(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return cased_as(s, true);
}

static heft_jval s_islower(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return cased_as(s, false);
}

static heft_jval s_isprintable(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return all_are(s, heft_jprintable, true);
}

static heft_jval s_isidentifier(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    bool first = true;
    int32_t cp;
    (void)j, (void)a, (void)all;
    for (size_t at = 0; at < s.s.n; first = false) {
        at += heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        if (!heft_jidentifier(cp, first)) return heft_jbool(false);
    }
    return heft_jbool(!first);
}

/* Does each word begin with a capital, and go on without? */
static heft_jval s_istitle(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    bool inside = false, any = false;
    int32_t cp;
    (void)j, (void)a, (void)all;
    for (size_t at = 0; at < s.s.n;) {
        at += heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        bool low = utf8proc_islower(cp);
        bool up = utf8proc_isupper(cp) || utf8proc_category(cp) == UTF8PROC_CATEGORY_LT;
        if ((up && inside) || (low && !inside)) return heft_jbool(false);
        inside = up || low;
        any |= inside;
    }
    return heft_jbool(any);
}

int heft_jdigit(int32_t cp)
{
    int32_t zero = cp;
    if (cp < 128) return cp >= '0' && cp <= '9' ? cp - '0' : -1;
    if (!is_decimal(cp)) return -1;
    while (is_decimal(zero - 1)) /* digits come in tens from a zero on */
        zero--;
    return (cp - zero) % 10;
}

/* ---- each character as another ---------------------------------------- */

static heft_jval s_casefold(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    heft_jbuf b = { .safe = s.safe };
    int32_t cp, to[8];
    char out[4];
    (void)a, (void)all;
    for (size_t at = 0, n; at < s.s.n; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        bool data = heft_jfrom_data(heft_jpart(s, at, n));
        utf8proc_ssize_t many = utf8proc_decompose_char(cp, to, 8, UTF8PROC_CASEFOLD, NULL);
        for (utf8proc_ssize_t i = 0; i < many && i < 8; i++)
            heft_jbuf_bytes(j, &b, out, heft_utf8_encode(to[i], out), data);
    }
    return heft_jbuf_end(j, &b);
}

static heft_jval s_expandtabs(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    const int64_t size = heft_jwhole(j, a[0], 8);
    heft_jbuf b = { .safe = s.safe };
    int64_t column = 0;
    int32_t cp;
    (void)all;
    for (size_t at = 0, n; at < s.s.n; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        int64_t wide = size > 0 ? size - column % size : 0;
        if (cp == '\t') {
            heft_jbuf_fill(j, &b, heft_jz(" "), (size_t)wide);
            column += wide;
            continue;
        }
        heft_jbuf_str(j, &b, heft_jpart(s, at, n));
        column = cp == '\n' || cp == '\r' ? 0 : column + 1;
    }
    return heft_jbuf_end(j, &b);
}

/* The character of a whole number. */
static heft_jval character(heft_jinja *j, heft_jval v)
{
    heft_jbuf b = { .n = 0 };
    char out[4];
    if (v.i < 0 || v.i > 0x10ffff || (v.i >= 0xd800 && v.i < 0xe000))
        heft_jinja_fail(j, HEFT_E_FORMAT, "%lld is no character", (long long)v.i);
    heft_jbuf_bytes(j, &b, out, heft_utf8_encode((int32_t)v.i, out), v.data);
    return heft_jbuf_end(j, &b);
}

static heft_jval s_translate(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    heft_jbuf b = { .safe = s.safe };
    int32_t cp;
    (void)all;
    if (a[0].type != J_DICT)
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "translate by a %s", heft_jtype_name(a[0]));
    for (size_t at = 0, n; at < s.s.n; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        const heft_jval *to = heft_jdict_find(j, a[0].dict, heft_jint(cp));
        if (!to)
            heft_jbuf_str(j, &b, heft_jpart(s, at, n));
        else if (to->type == J_STR)
            heft_jbuf_str(j, &b, *to);
        else if (to->type == J_INT)
            heft_jbuf_str(j, &b, character(j, *to));
        else if (to->type != J_NONE)
            heft_jinja_fail(j, HEFT_E_FORMAT, "translate: a %s is no character",
                            heft_jtype_name(*to));
    }
    return heft_jbuf_end(j, &b);
}

/* The number of a string's character at byte *at, which is moved behind it. */
static heft_jval number_at(heft_jval s, size_t *at)
{
    int32_t cp;
    size_t n = heft_utf8_decode(s.s.p + *at, s.s.n - *at, &cp);
    heft_jval v = heft_jint(cp);
    v.data = heft_jfrom_data(heft_jpart(s, *at, n));
    *at += n;
    return v;
}

static heft_jval s_maketrans(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    heft_jval table = heft_jdict_of(j);
    (void)s, (void)all;
    if (a[1].type == J_ABSENT && a[0].type == J_DICT) {
        for (size_t i = 0, at = 0; i < a[0].dict->n; i++, at = 0) {
            const heft_jentry *e = &a[0].dict->entry[i];
            bool letter = e->key.type == J_STR && heft_jchars(j, e->key) == 1;
            if (!letter && e->key.type != J_INT)
                heft_jinja_fail(j, HEFT_E_FORMAT, "maketrans needs characters as keys");
            heft_jdict_set(j, table.dict, letter ? number_at(e->key, &at) : e->key, e->value);
        }
        return table;
    }
    for (int i = 0; i < 3; i++)
        if (a[i].type != J_STR && (i < 2 || a[i].type != J_ABSENT))
            heft_jinja_fail(j, HEFT_E_FORMAT, "maketrans needs strings or a dict");
    if (heft_jchars(j, a[0]) != heft_jchars(j, a[1]))
        heft_jinja_fail(j, HEFT_E_FORMAT, "maketrans needs strings of equal length");
    for (size_t from = 0, to = 0; from < a[0].s.n;) {
        heft_jval key = number_at(a[0], &from);
        heft_jdict_set(j, table.dict, key, number_at(a[1], &to));
    }
    for (size_t at = 0; a[2].type == J_STR && at < a[2].s.n;)
        heft_jdict_set(j, table.dict, number_at(a[2], &at), heft_jnone());
    return table;
}

/* ---- numbers ---------------------------------------------------------- */

static heft_jval n_conjugate(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return v.type == J_BOOL ? heft_jint(v.b) : v;
}

static heft_jval n_bit_length(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    int64_t i = heft_jwhole(j, v, 0), bits = 0;
    (void)a, (void)all;
    for (uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i; u; u >>= 1)
        bits++;
    return heft_jint(bits);
}

static heft_jval n_is_integer(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(isfinite(v.f) && v.f == floor(v.f));
}

/* ---- tables ----------------------------------------------------------- */

const heft_jrow heft_jchar_methods[] = {
    { "casefold", "", 0, s_casefold },        { "expandtabs", "tabsize", 0, s_expandtabs },
    { "isalnum", "", 0, s_isalnum },          { "isalpha", "", 0, s_isalpha },
    { "isascii", "", 0, s_isascii },          { "isdecimal", "", 0, s_isdecimal },
    { "isdigit", "", 0, s_isdigit },          { "isidentifier", "", 0, s_isidentifier },
    { "islower", "", 0, s_islower },          { "isprintable", "", 0, s_isprintable },
    { "isspace", "", 0, s_isspace },          { "istitle", "", 0, s_istitle },
    { "isupper", "", 0, s_isupper },          { "maketrans", "x y z", 1, s_maketrans },
    { "translate", "table", 1, s_translate }, { .name = NULL },
};

const heft_jrow heft_jint_methods[] = {
    { "as_integer_ratio", "", 0, NULL },
    { "bit_count", "", 0, NULL },
    { "bit_length", "", 0, n_bit_length },
    { "conjugate", "", 0, n_conjugate },
    { "from_bytes", "*", 0, NULL },
    { "to_bytes", "*", 0, NULL },
    { .name = NULL },
};

const heft_jrow heft_jfloat_methods[] = {
    { "as_integer_ratio", "", 0, NULL },   { "conjugate", "", 0, n_conjugate },
    { "fromhex", "*", 0, NULL },           { "hex", "", 0, NULL },
    { "is_integer", "", 0, n_is_integer }, { .name = NULL },
};

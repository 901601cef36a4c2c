/* Tests (`x is odd`) and global functions. */
#include "text/jinja.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- tests ------------------------------------------------------------ */

static bool cased_as(heft_jinja *j, heft_jval v, bool upper)
{
    const heft_jrow *row = heft_jmethod_of(heft_jz(""), heft_str_of(upper ? "isupper" : "islower"));
    heft_jargs none = { .n = 0 };
    return heft_jcall_row(j, row, heft_jtext(j, v), &none).b;
}

static bool ordered(heft_jinja *j, heft_jval a, heft_jval b, int least, int most)
{
    bool unordered;
    if (a.type == J_UNDEFINED || b.type == J_UNDEFINED)
        heft_jinja_fail(j, HEFT_E_FORMAT, "undefined values have no order");
    int order = heft_jcompare(j, a, b, &unordered);
    int sign = (order > 0) - (order < 0);
    return !unordered && sign >= least && sign <= most;
}

static bool divides(heft_jinja *j, heft_jval v, heft_jval by)
{
    return !heft_jtrue(j, heft_jbinary(j, T_MODULO, v, by));
}

static bool remainder_is(heft_jinja *j, heft_jval v, int64_t what)
{
    return heft_jequal(j, heft_jbinary(j, T_MODULO, v, heft_jint(2)), heft_jint(what));
}

static bool same(heft_jval a, heft_jval b)
{
    if (a.type != b.type) return false;
    switch ((int)a.type) {
    case J_UNDEFINED:
    case J_NONE: return true;
    case J_BOOL: return a.b == b.b;
    case J_INT: return a.i == b.i;
    case J_FLOAT: return a.f == b.f;
    case J_STR: return heft_str_eq(heft_jview(a), heft_jview(b));
    default: return a.seq == b.seq;
    }
}

static bool callable(heft_jval v)
{
    return v.type == J_MACRO || v.type == J_FUNCTION || v.type == J_METHOD || v.type == J_LOOP
           || v.type == J_JOINER || v.type == J_UNDEFINED; /* it has a __call__ that raises */
}

static heft_jval t_defined(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type != J_UNDEFINED);
}

static heft_jval t_undefined(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_UNDEFINED);
}

static heft_jval t_none(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_NONE);
}

static heft_jval t_true(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_BOOL && v.b);
}

static heft_jval t_false(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_BOOL && !v.b);
}

static heft_jval t_boolean(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_BOOL);
}

static heft_jval t_integer(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_INT);
}

static heft_jval t_float(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_FLOAT);
}

static heft_jval t_number(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(heft_jnumber(v));
}

static heft_jval t_string(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_STR);
}

static heft_jval t_mapping(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_DICT);
}

static heft_jval t_sequence(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_STR || v.type == J_LIST || v.type == J_TUPLE || v.type == J_RANGE
                      || v.type == J_DICT || v.type == J_UNDEFINED);
}

static heft_jval t_iterable(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_STR || heft_jhas_seq(v) || v.type == J_DICT
                      || v.type == J_UNDEFINED || v.type == J_LOOP);
}

static heft_jval t_callable(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(callable(v));
}

static heft_jval t_escaped(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return heft_jbool(v.type == J_STR && v.safe);
}

static heft_jval t_upper(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jbool(cased_as(j, v, true));
}

static heft_jval t_lower(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jbool(cased_as(j, v, false));
}

static heft_jval t_odd(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jbool(remainder_is(j, v, 1));
}

static heft_jval t_even(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jbool(remainder_is(j, v, 0));
}

static heft_jval t_divisibleby(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jbool(divides(j, v, a[0]));
}

static heft_jval t_sameas(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)all;
    return heft_jbool(same(v, a[0]));
}

static heft_jval t_in(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jbool(heft_jcontains(j, a[0], v));
}

static heft_jval t_eq(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jbool(heft_jequal(j, v, a[0]));
}

static heft_jval t_ne(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jbool(!heft_jequal(j, v, a[0]));
}

static heft_jval t_lt(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jbool(ordered(j, v, a[0], -1, -1));
}

static heft_jval t_le(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jbool(ordered(j, v, a[0], -1, 0));
}

static heft_jval t_gt(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jbool(ordered(j, v, a[0], 1, 1));
}

static heft_jval t_ge(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jbool(ordered(j, v, a[0], 0, 1));
}

/* Could it be a name? Fails for what could not even be a key. */
static bool is_named(heft_jinja *j, heft_jval v)
{
    const heft_jdict none = { .n = 0 };
    (void)heft_jdict_find(j, &none, v);
    return v.type == J_STR;
}

static heft_jval t_filter(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jbool(is_named(j, v) && heft_jfilter(heft_jview(v)));
}

static heft_jval t_test(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jbool(is_named(j, v) && heft_jtest(heft_jview(v)));
}

const heft_jrow heft_jtests[] = {
    { "!=", "other", 1, t_ne },
    { "<", "other", 1, t_lt },
    { "<=", "other", 1, t_le },
    { "==", "other", 1, t_eq },
    { ">", "other", 1, t_gt },
    { ">=", "other", 1, t_ge },
    { "boolean", "", 0, t_boolean },
    { "callable", "", 0, t_callable },
    { "defined", "", 0, t_defined },
    { "divisibleby", "num", 1, t_divisibleby },
    { "eq", "other", 1, t_eq },
    { "equalto", "other", 1, t_eq },
    { "escaped", "", 0, t_escaped },
    { "even", "", 0, t_even },
    { "false", "", 0, t_false },
    { "filter", "", 0, t_filter },
    { "float", "", 0, t_float },
    { "ge", "other", 1, t_ge },
    { "greaterthan", "other", 1, t_gt },
    { "gt", "other", 1, t_gt },
    { "in", "seq", 1, t_in },
    { "integer", "", 0, t_integer },
    { "iterable", "", 0, t_iterable },
    { "le", "other", 1, t_le },
    { "lessthan", "other", 1, t_lt },
    { "lower", "", 0, t_lower },
    { "lt", "other", 1, t_lt },
    { "mapping", "", 0, t_mapping },
    { "ne", "other", 1, t_ne },
    { "none", "", 0, t_none },
    { "number", "", 0, t_number },
    { "odd", "", 0, t_odd },
    { "sameas", "other", 1, t_sameas },
    { "sequence", "", 0, t_sequence },
    { "string", "", 0, t_string },
    { "test", "", 0, t_test },
    { "true", "", 0, t_true },
    { "undefined", "", 0, t_undefined },
    { "upper", "", 0, t_upper },
    { .name = NULL },
};

/* ---- globals ---------------------------------------------------------- */

static heft_jval g_range(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    bool one = a[1].type == J_ABSENT;
    int64_t start = one ? 0 : heft_jwhole(j, a[0], 0), stop = heft_jwhole(j, a[one ? 0 : 1], 0);
    int64_t step = a[2].type == J_ABSENT ? 1 : heft_jwhole(j, a[2], 0);
    (void)v, (void)all;
    if (!step) heft_jinja_fail(j, HEFT_E_FORMAT, "range needs a step other than 0");
    double count = ceil(((double)stop - (double)start) / (double)step);
    if (count > HEFT_MAX_TEMPLATE_RANGE)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a range of more than %d numbers",
                        (int)HEFT_MAX_TEMPLATE_RANGE);
    size_t n = count > 0 ? (size_t)count : 0;
    heft_jval *item = heft_jinja_alloc(j, n, sizeof *item);
    for (size_t i = 0; i < n; i++)
        item[i] = heft_jint(start + (int64_t)i * step);
    heft_jval out = heft_jseq_of(j, J_RANGE, item, n);
    out.seq->from[0] = start;
    out.seq->from[1] = stop;
    out.seq->from[2] = step;
    return out;
}

/* dict(...) and namespace(...): pairs or another dict, then names. */
static heft_jval entries(heft_jinja *j, const heft_jargs *all)
{
    heft_jval out = heft_jdict_of(j);
    if (all->n > 1 || (all->n && all->arg[0].type == J_UNDEFINED))
        heft_jinja_fail(j, HEFT_E_FORMAT, "dict takes one value, then names");
    if (all->n && all->arg[0].type == J_DICT) {
        const heft_jdict *d = all->arg[0].dict;
        for (size_t i = 0; i < d->n; i++)
            heft_jdict_set(j, out.dict, d->entry[i].key, d->entry[i].value);
    } else if (all->n) {
        heft_jseq seq = heft_jwalk(j, all->arg[0]);
        for (size_t i = 0; i < seq.n; i++) {
            heft_jseq two = heft_jwalk(j, seq.item[i]);
            if (two.n != 2) heft_jinja_fail(j, HEFT_E_FORMAT, "dict needs pairs");
            heft_jdict_set(j, out.dict, two.item[0], two.item[1]);
        }
    }
    for (size_t i = 0; i < all->n_named; i++)
        heft_jdict_set(j, out.dict, all->named[i].key, all->named[i].value);
    return out;
}

static heft_jval g_dict(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)v, (void)a;
    return entries(j, all);
}

static heft_jval g_namespace(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval out = entries(j, all);
    (void)v, (void)a;
    out.type = J_NAMESPACE;
    return out;
}

static heft_jval cycle(heft_jinja *j, heft_jtype type, heft_jval *item, size_t n)
{
    struct heft_jcycle *c = heft_jinja_alloc(j, 1, sizeof *c);
    c->item = item;
    c->n = n;
    return (heft_jval){ .type = type, .cycle = c };
}

static heft_jval g_cycler(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)v, (void)a;
    if (!all->n) heft_jinja_fail(j, HEFT_E_FORMAT, "cycler needs values");
    return cycle(j, J_CYCLER, all->arg, all->n);
}

static heft_jval g_joiner(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval *separator = heft_jinja_alloc(j, 1, sizeof *separator);
    (void)v, (void)all;
    *separator = a[0].type == J_ABSENT ? heft_jz(", ") : a[0];
    return cycle(j, J_JOINER, separator, 1);
}

static heft_jval g_raise(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)v, (void)all;
    heft_jinja_raise(j, heft_jtext(j, a[0]));
}

/* strftime with a format that is no literal, made of what g_strftime lets through. */
static size_t one_field(char *out, size_t size, const char *format, const struct tm *now)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return strftime(out, size, format, now);
#pragma GCC diagnostic pop
}

/* How many bytes at p are a field: '%', flags, a width, a letter; 0: none that is known. */
static size_t field_length(const char *p, size_t n)
{
    static const char known[] = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYZzf%";
    size_t at = 1, digits = 0;
    while (at < n && p[at] && strchr("-_0^#", p[at]))
        at++;
    for (; at < n && p[at] >= '0' && p[at] <= '9'; digits++)
        at++;
    if (at < n && (p[at] == 'E' || p[at] == 'O')) at++;
    return at < n && digits < 3 && p[at] && strchr(known, p[at]) ? at + 1 : 0;
}

/* The local time by a format of strftime; what is no field of it stands for itself. */
static heft_jval g_strftime(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jbuf b = { .n = 0 };
    heft_jval s = a[0];
    char format[24], out[1024];
    (void)v, (void)all;
    if (s.type != J_STR)
        heft_jinja_fail(j, HEFT_E_FORMAT, "strftime_now needs a string, found %s",
                        heft_jtype_name(s));
    for (size_t i = 0, n; i < s.s.n; i += n) {
        n = s.s.p[i] == '%' ? field_length(s.s.p + i, s.s.n - i) : 0;
        bool data = heft_jfrom_data(heft_jpart(s, i, n));
        char letter = n ? s.s.p[i + n - 1] : 0;
        if (!n || n >= sizeof format) {
            n = 1;
            heft_jbuf_str(j, &b, heft_jpart(s, i, n));
        } else if (letter == 'f') { /* the clock has whole seconds */
            heft_jbuf_z(j, &b, "000000", data);
        } else if (letter != 'Z' && letter != 'z') { /* a time without a zone */
            memcpy(format, s.s.p + i, n);
            format[n] = 0;
            heft_jbuf_bytes(j, &b, out, one_field(out, sizeof out, format, &j->now), data);
        }
    }
    return heft_jbuf_end(j, &b);
}

const heft_jrow heft_jglobals[] = {
    { "cycler", "*", 0, g_cycler },
    { "dict", "*", 0, g_dict },
    { "joiner", "sep", 0, g_joiner },
    { "lipsum", "", 0, NULL },
    { "namespace", "*", 0, g_namespace },
    { "raise_exception", "message", 1, g_raise },
    { "range", "start stop step", 1, g_range },
    { "strftime_now", "format", 1, g_strftime },
    { .name = NULL },
};

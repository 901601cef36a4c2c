/* Methods of strings, dicts, lists and loops, by Python's names. */
#include "text/jinja.h"

#include <string.h>
#include <utf8proc.h>

/* ---- arguments -------------------------------------------------------- */

static heft_jval string(heft_jinja *j, heft_jval v)
{
    if (v.type != J_STR)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a string is needed, found %s", heft_jtype_name(v));
    return v;
}

static heft_jval *pair_of(heft_jinja *j, size_t n)
{
    return heft_jinja_alloc(j, n, sizeof(heft_jval));
}

/* ---- strings: whole --------------------------------------------------- */

/* A method that is a filter too. */
static heft_jval as_filter(heft_jinja *j, heft_jval s, const char *name)
{
    heft_jargs none = { .n = 0 };
    return heft_jcall_row(j, heft_jfilter(heft_str_of(name)), s, &none);
}

static heft_jval s_upper(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jcased(j, s, J_UPPER);
}

static heft_jval s_lower(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return heft_jcased(j, s, J_LOWER);
}

static heft_jval s_capitalize(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return as_filter(j, s, "capitalize");
}

/* Each character by itself: what precedes it is a letter or not. */
static heft_jval each(heft_jinja *j, heft_jval s, bool swap)
{
    heft_jbuf b = { .safe = s.safe };
    bool inside = false;
    int32_t cp;
    for (size_t at = 0, n; at < s.s.n; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        bool upper = utf8proc_isupper(cp), letter = upper || utf8proc_islower(cp);
        heft_jcase how = swap ? (upper ? J_LOWER : J_UPPER) : inside ? J_LOWER : J_TITLE;
        heft_jbuf_case(j, &b, s, at, n, how);
        inside = letter;
    }
    return heft_jbuf_end(j, &b);
}

static heft_jval s_title(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return each(j, s, false);
}

static heft_jval s_swapcase(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return each(j, s, true);
}

static heft_jval strip(heft_jinja *j, heft_jval s, heft_jargv a, int ends)
{
    if (heft_jgiven(a[0])) (void)string(j, a[0]);
    return heft_jstrip(j, s, heft_jgiven(a[0]) ? &a[0] : NULL, ends);
}

static heft_jval s_strip(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return strip(j, s, a, 3);
}

static heft_jval s_lstrip(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return strip(j, s, a, 1);
}

static heft_jval s_rstrip(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return strip(j, s, a, 2);
}

static heft_jval s_replace(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jreplace(j, s, string(j, a[0]), string(j, a[1]), heft_jwhole(j, a[2], -1));
}

static heft_jval s_join(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    heft_jseq seq = heft_jwalk(j, a[0]);
    return heft_jjoin(j, s, seq.item, seq.n);
}

static heft_jval s_format(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)a;
    return heft_jformat(j, s, all);
}

static heft_jval s_format_map(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    heft_jargs args = { .n = 0 };
    (void)all;
    if (a[0].type != J_DICT)
        heft_jinja_fail(j, HEFT_E_FORMAT, "format_map needs a dict, found %s",
                        heft_jtype_name(a[0]));
    args.named = heft_jinja_alloc(j, a[0].dict->n, sizeof *args.named);
    for (size_t i = 0; i < a[0].dict->n; i++)
        if (a[0].dict->entry[i].key.type == J_STR) args.named[args.n_named++] = a[0].dict->entry[i];
    return heft_jformat(j, s, &args);
}

static heft_jval fill(heft_jinja *j, heft_jval s, heft_jargv a, bool left, bool right)
{
    heft_jval with = a[1].type == J_ABSENT ? heft_jz(" ") : string(j, a[1]);
    int64_t width = heft_jwhole(j, a[0], 0), missing = width - (int64_t)heft_jchars(j, s);
    heft_jbuf b = { .safe = s.safe };
    if (heft_jchars(j, with) != 1) heft_jinja_fail(j, HEFT_E_FORMAT, "fill with one character");
    if (missing <= 0) return s;
    size_t n = (size_t)missing, before = left && right ? n / 2 + (n & (size_t)width & 1)
                                         : left        ? n
                                                       : 0;
    heft_jbuf_fill(j, &b, with, before);
    heft_jbuf_str(j, &b, s);
    heft_jbuf_fill(j, &b, with, n - before);
    return heft_jbuf_end(j, &b);
}

static heft_jval s_center(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return fill(j, s, a, true, true);
}

static heft_jval s_ljust(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return fill(j, s, a, false, true);
}

static heft_jval s_rjust(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return fill(j, s, a, true, false);
}

static heft_jval s_zfill(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    size_t sign = s.s.n && (s.s.p[0] == '-' || s.s.p[0] == '+') ? 1 : 0;
    int64_t missing = heft_jwhole(j, a[0], 0) - (int64_t)heft_jchars(j, s);
    heft_jbuf b = { .safe = s.safe };
    (void)all;
    heft_jbuf_str(j, &b, heft_jpart(s, 0, sign));
    heft_jbuf_fill(j, &b, heft_jz("0"), missing > 0 ? (size_t)missing : 0);
    heft_jbuf_str(j, &b, heft_jpart(s, sign, s.s.n - sign));
    return heft_jbuf_end(j, &b);
}

/* ---- strings: parts --------------------------------------------------- */

typedef struct {
    heft_jval *item;
    size_t n, cap;
} growing;

static void push(heft_jinja *j, growing *g, heft_jval v)
{
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 8;
        heft_jval *grown = heft_jinja_alloc(j, cap, sizeof *grown);
        if (g->n) memcpy(grown, g->item, g->n * sizeof *grown);
        g->item = grown;
        g->cap = cap;
    }
    g->item[g->n++] = v;
}

static heft_jval split_words(heft_jinja *j, heft_jval s, int64_t most)
{
    growing g = { .n = 0 };
    int32_t cp;
    for (;;) {
        s = heft_jstrip(j, s, NULL, 1);
        if (!s.s.n) break;
        if (most-- == 0) {
            push(j, &g, s);
            break;
        }
        size_t n = 0, one;
        while (n < s.s.n && (one = heft_utf8_decode(s.s.p + n, s.s.n - n, &cp), !heft_jspace(cp)))
            n += one;
        push(j, &g, heft_jpart(s, 0, n));
        s = heft_jpart(s, n, s.s.n - n);
    }
    return heft_jseq_of(j, J_LIST, g.item, g.n);
}

static heft_jval s_split(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    int64_t most = heft_jwhole(j, a[1], -1);
    growing g = { .n = 0 };
    size_t at = 0;
    (void)all;
    if (!heft_jgiven(a[0])) return split_words(j, s, most);
    if (!string(j, a[0]).s.n) heft_jinja_fail(j, HEFT_E_FORMAT, "split: an empty separator");
    for (size_t found; most && (found = heft_jfind(j, s, a[0], at)) != SIZE_MAX; most--) {
        push(j, &g, heft_jpart(s, at, found - at));
        at = found + a[0].s.n;
    }
    push(j, &g, heft_jpart(s, at, s.s.n - at));
    return heft_jseq_of(j, J_LIST, g.item, g.n);
}

/* Last occurrence of `what` that ends at or before byte `end`; SIZE_MAX: none. */
static size_t find_last(heft_jinja *j, heft_jval s, heft_jval what, size_t end)
{
    heft_jinja_step(j, s.s.n / 32 + 1);
    for (size_t at = end + 1; at-- > what.s.n;) {
        const char *p = s.s.p + at - what.s.n;
        if (!what.s.n) return at;
        if (*p != what.s.p[0]) continue;
        if (memcmp(p, what.s.p, what.s.n) == 0) return at - what.s.n;
        heft_jinja_step(j, what.s.n / 32 + 1);
    }
    return what.s.n == 0 ? 0 : SIZE_MAX;
}

/* The words of s, the last first, at most so many; then what is before them. */
static void last_words(heft_jinja *j, growing *g, heft_jval s, int64_t most)
{
    for (s = heft_jstrip(j, s, NULL, 2); s.s.n; s = heft_jstrip(j, s, NULL, 2)) {
        size_t at = s.s.n, back;
        int32_t cp;
        while (most && at) {
            for (back = at - 1; back && ((unsigned char)s.s.p[back] & 0xc0) == 0x80;)
                back--;
            (void)heft_utf8_decode(s.s.p + back, at - back, &cp);
            if (heft_jspace(cp)) break;
            at = back;
        }
        if (most-- == 0) at = 0;
        push(j, g, heft_jpart(s, at, s.s.n - at));
        s.s.n = at;
    }
}

static heft_jval s_rsplit(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    int64_t most = heft_jwhole(j, a[1], -1);
    growing g = { .n = 0 };
    size_t end = s.s.n;
    (void)all;
    if (heft_jgiven(a[0]) && !string(j, a[0]).s.n)
        heft_jinja_fail(j, HEFT_E_FORMAT, "rsplit: an empty separator");
    for (size_t found; heft_jgiven(a[0]) && most; most--) {
        if ((found = find_last(j, s, a[0], end)) == SIZE_MAX) break;
        push(j, &g, heft_jpart(s, found + a[0].s.n, end - found - a[0].s.n));
        end = found;
    }
    if (heft_jgiven(a[0]))
        push(j, &g, heft_jpart(s, 0, end));
    else
        last_words(j, &g, s, most);
    for (size_t i = 0; i < g.n / 2; i++) {
        heft_jval other = g.item[i];
        g.item[i] = g.item[g.n - 1 - i];
        g.item[g.n - 1 - i] = other;
    }
    return heft_jseq_of(j, J_LIST, g.item, g.n);
}

static heft_jval s_splitlines(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jlines(j, s, a[0].type != J_ABSENT && heft_jtrue(j, a[0]));
}

static heft_jval three(heft_jinja *j, heft_jval s, size_t at, size_t n, bool last)
{
    heft_jval *part = pair_of(j, 3);
    part[0] = part[1] = part[2] = heft_jpart(s, 0, 0);
    if (at == SIZE_MAX) {
        part[last ? 2 : 0] = s;
    } else {
        part[0] = heft_jpart(s, 0, at);
        part[1] = heft_jpart(s, at, n);
        part[2] = heft_jpart(s, at + n, s.s.n - at - n);
    }
    return heft_jseq_of(j, J_TUPLE, part, 3);
}

static heft_jval s_partition(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    if (!string(j, a[0]).s.n) heft_jinja_fail(j, HEFT_E_FORMAT, "partition: an empty separator");
    return three(j, s, heft_jfind(j, s, a[0], 0), a[0].s.n, false);
}

static heft_jval s_rpartition(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    if (!string(j, a[0]).s.n) heft_jinja_fail(j, HEFT_E_FORMAT, "rpartition: an empty separator");
    return three(j, s, find_last(j, s, a[0], s.s.n), a[0].s.n, true);
}

static bool begins(heft_jval s, heft_jval with)
{
    return s.s.n >= with.s.n && (!with.s.n || memcmp(s.s.p, with.s.p, with.s.n) == 0);
}

static bool ends(heft_jval s, heft_jval with)
{
    return s.s.n >= with.s.n
           && (!with.s.n || memcmp(s.s.p + s.s.n - with.s.n, with.s.p, with.s.n) == 0);
}

/* Narrow s to its part between characters a[0] and a[1]; false: there is none, not even an empty
 * one. */
static bool window(heft_jinja *j, heft_jval *s, heft_jargv a)
{
    const heft_jval part[3] = { a[0], a[1], { .type = J_ABSENT } };
    if (!heft_jgiven(a[0]) && !heft_jgiven(a[1])) return true;
    int64_t n = (int64_t)heft_jchars(j, *s), bound[2] = { 0, n };
    for (int i = 0; i < 2; i++) {
        if (heft_jgiven(a[i])) bound[i] = heft_jwhole(j, a[i], 0);
        if (bound[i] < 0) bound[i] = bound[i] < -n ? 0 : bound[i] + n;
    }
    if (bound[0] > (bound[1] < n ? bound[1] : n)) return false;
    *s = heft_jslice(j, *s, part);
    return true;
}

static heft_jval at_end(heft_jinja *j, heft_jval s, heft_jargv a,
                        bool (*meets)(heft_jval, heft_jval))
{
    bool there = window(j, &s, a + 1), found = false;
    if (a[0].type != J_TUPLE) return heft_jbool(meets(s, string(j, a[0])) && there);
    for (size_t i = 0; i < a[0].seq->n; i++)
        found |= meets(s, string(j, a[0].seq->item[i]));
    return heft_jbool(found && there);
}

static heft_jval s_startswith(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return at_end(j, s, a, begins);
}

static heft_jval s_endswith(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return at_end(j, s, a, ends);
}

static heft_jval s_removeprefix(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    size_t n = begins(s, string(j, a[0])) ? a[0].s.n : 0;
    return heft_jpart(s, n, s.s.n - n);
}

static heft_jval s_removesuffix(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jpart(s, 0, s.s.n - (ends(s, string(j, a[0])) ? a[0].s.n : 0));
}

/* ---- strings: searching ----------------------------------------------- */

static int64_t found_at(heft_jinja *j, heft_jval s, heft_jargv a, bool last)
{
    heft_jval part = s, what = string(j, a[0]);
    if (!window(j, &part, a + 1)) return -1;
    size_t at = last ? find_last(j, part, what, part.s.n) : heft_jfind(j, part, what, 0);
    if (at == SIZE_MAX) return -1;
    return (int64_t)heft_jchars(j, heft_jpart(s, 0, (size_t)(part.s.p - s.s.p) + at));
}

static heft_jval s_find(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jint(found_at(j, s, a, false));
}

static heft_jval s_rfind(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return heft_jint(found_at(j, s, a, true));
}

static heft_jval must_find(heft_jinja *j, heft_jval s, heft_jargv a, bool last)
{
    int64_t at = found_at(j, s, a, last);
    if (at < 0) heft_jinja_fail(j, HEFT_E_FORMAT, "index: the part is not there");
    return heft_jint(at);
}

static heft_jval s_index(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return must_find(j, s, a, false);
}

static heft_jval s_rindex(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    (void)all;
    return must_find(j, s, a, true);
}

static heft_jval s_count(heft_jinja *j, heft_jval s, heft_jargv a, heft_jrest all)
{
    heft_jval part = s, what = string(j, a[0]);
    int64_t n = 0;
    (void)all;
    if (!window(j, &part, a + 1)) return heft_jint(0);
    if (!what.s.n) return heft_jint((int64_t)heft_jchars(j, part) + 1);
    for (size_t at = 0; (at = heft_jfind(j, part, what, at)) != SIZE_MAX; at += what.s.n)
        n++;
    return heft_jint(n);
}

/* ---- dicts ------------------------------------------------------------ */

static heft_jval view(heft_jinja *j, heft_jval d, const char *name, bool keys, bool values)
{
    size_t n = d.dict->n;
    heft_jval *item = heft_jinja_alloc(j, n, sizeof *item);
    for (size_t i = 0; i < n; i++) {
        const heft_jentry *e = &d.dict->entry[i];
        item[i] = keys ? e->key : e->value;
        if (!keys || !values) continue;
        heft_jval *two = pair_of(j, 2);
        two[0] = e->key;
        two[1] = e->value;
        item[i] = heft_jseq_of(j, J_TUPLE, two, 2);
    }
    heft_jval v = heft_jseq_of(j, J_VIEW, item, n);
    v.seq->name = name;
    return v;
}

static heft_jval d_items(heft_jinja *j, heft_jval d, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return view(j, d, "dict_items", true, true);
}

static heft_jval d_keys(heft_jinja *j, heft_jval d, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return view(j, d, "dict_keys", true, false);
}

static heft_jval d_values(heft_jinja *j, heft_jval d, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return view(j, d, "dict_values", false, true);
}

static heft_jval d_get(heft_jinja *j, heft_jval d, heft_jargv a, heft_jrest all)
{
    const heft_jval *found = heft_jdict_find(j, d.dict, a[0]);
    (void)all;
    if (found) return *found;
    return a[1].type == J_ABSENT ? heft_jnone() : a[1];
}

static heft_jval d_copy(heft_jinja *j, heft_jval d, heft_jargv a, heft_jrest all)
{
    heft_jval out = heft_jdict_of(j);
    (void)a, (void)all;
    for (size_t i = 0; i < d.dict->n; i++)
        heft_jdict_set(j, out.dict, d.dict->entry[i].key, d.dict->entry[i].value);
    return out;
}

/* ---- lists ------------------------------------------------------------ */

static heft_jval l_index(heft_jinja *j, heft_jval l, heft_jargv a, heft_jrest all)
{
    (void)all;
    const heft_jval part[3] = { a[1], a[2], { .type = J_ABSENT } };
    int64_t start = heft_jwhole(j, a[1], 0), n = (int64_t)l.seq->n;
    heft_jseq seq = heft_jwalk(j, heft_jslice(j, l, part));
    start = start < 0 ? (start + n < 0 ? 0 : start + n) : start;
    for (size_t i = 0; i < seq.n; i++)
        if (heft_jequal(j, seq.item[i], a[0])) return heft_jint(start + (int64_t)i);
    heft_jinja_fail(j, HEFT_E_FORMAT, "index: the value is not in the list");
}

static heft_jval l_count(heft_jinja *j, heft_jval l, heft_jargv a, heft_jrest all)
{
    int64_t n = 0;
    (void)all;
    for (size_t i = 0; i < l.seq->n; i++)
        n += heft_jequal(j, l.seq->item[i], a[0]);
    return heft_jint(n);
}

static heft_jval l_copy(heft_jinja *j, heft_jval l, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    return l;
}

/* What would change a value that the sandbox keeps as it is. */
static heft_jval blocked(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    heft_jinja_fail(j, HEFT_E_FORMAT, "a template may not change a %s", heft_jtype_name(v));
}

/* ---- loops and cyclers ------------------------------------------------ */

static heft_jval o_cycle(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a;
    return heft_jloop_cycle(j, v.loop, all);
}

static heft_jval o_changed(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a;
    return heft_jloop_changed(j, v.loop, all);
}

static heft_jval c_next(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    struct heft_jcycle *c = v.cycle;
    (void)j, (void)a, (void)all;
    heft_jval out = c->item[c->at];
    c->at = (c->at + 1) % c->n;
    return out;
}

static heft_jval c_reset(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)j, (void)a, (void)all;
    v.cycle->at = 0;
    return heft_jnone();
}

/* ---- tables ----------------------------------------------------------- */

static const heft_jrow of_string[] = {
    { "capitalize", "", 0, s_capitalize },
    { "center", "width fillchar", 1, s_center },
    { "count", "sub start end", 1, s_count },
    { "encode", "encoding errors", 0, NULL },
    { "endswith", "suffix start end", 1, s_endswith },
    { "find", "sub start end", 1, s_find },
    { "format", "*", 0, s_format },
    { "format_map", "map", 1, s_format_map },
    { "index", "sub start end", 1, s_index },
    { "isnumeric", "", 0, NULL },
    { "join", "iterable", 1, s_join },
    { "ljust", "width fillchar", 1, s_ljust },
    { "lower", "", 0, s_lower },
    { "lstrip", "chars", 0, s_lstrip },
    { "partition", "sep", 1, s_partition },
    { "removeprefix", "prefix", 1, s_removeprefix },
    { "removesuffix", "suffix", 1, s_removesuffix },
    { "replace", "old new count", 2, s_replace },
    { "rfind", "sub start end", 1, s_rfind },
    { "rindex", "sub start end", 1, s_rindex },
    { "rjust", "width fillchar", 1, s_rjust },
    { "rpartition", "sep", 1, s_rpartition },
    { "rsplit", "sep maxsplit", 0, s_rsplit },
    { "rstrip", "chars", 0, s_rstrip },
    { "split", "sep maxsplit", 0, s_split },
    { "splitlines", "keepends", 0, s_splitlines },
    { "startswith", "prefix start end", 1, s_startswith },
    { "strip", "chars", 0, s_strip },
    { "swapcase", "", 0, s_swapcase },
    { "title", "", 0, s_title },
    { "upper", "", 0, s_upper },
    { "zfill", "width", 1, s_zfill },
    { .name = NULL },
};

static const heft_jrow of_dict[] = {
    { "clear", "*", 0, blocked },      { "copy", "", 0, d_copy },
    { "fromkeys", "*", 0, NULL },      { "get", "key default", 1, d_get },
    { "items", "", 0, d_items },       { "keys", "", 0, d_keys },
    { "pop", "*", 0, blocked },        { "popitem", "*", 0, blocked },
    { "setdefault", "*", 0, blocked }, { "update", "*", 0, blocked },
    { "values", "", 0, d_values },     { .name = NULL },
};

static const heft_jrow of_list[] = {
    { "append", "*", 0, blocked }, { "clear", "*", 0, blocked },
    { "copy", "", 0, l_copy },     { "count", "value", 1, l_count },
    { "extend", "*", 0, blocked }, { "index", "value start stop", 1, l_index },
    { "insert", "*", 0, blocked }, { "pop", "*", 0, blocked },
    { "remove", "*", 0, blocked }, { "reverse", "*", 0, blocked },
    { "sort", "*", 0, blocked },   { .name = NULL },
};

static const heft_jrow of_tuple[] = {
    { "count", "value", 1, l_count },
    { "index", "value start stop", 1, l_index },
    { .name = NULL },
};

static const heft_jrow of_loop[] = {
    { "changed", "*", 0, o_changed },
    { "cycle", "*", 0, o_cycle },
    { .name = NULL },
};

static const heft_jrow of_cycler[] = {
    { "next", "", 0, c_next },
    { "reset", "", 0, c_reset },
    { .name = NULL },
};

static const heft_jrow *const tables[] = {
    [J_BOOL] = heft_jint_methods, [J_INT] = heft_jint_methods, [J_FLOAT] = heft_jfloat_methods,
    [J_STR] = of_string,          [J_DICT] = of_dict,          [J_LIST] = of_list,
    [J_TUPLE] = of_tuple,         [J_RANGE] = of_tuple,        [J_LOOP] = of_loop,
    [J_CYCLER] = of_cycler,       [J_JOINER] = NULL,
};

static const heft_jrow *find(const heft_jrow *table, heft_str name)
{
    for (; table && table->name; table++)
        if (heft_str_is(name, table->name)) return table;
    return NULL;
}

const heft_jrow *heft_jmethod_of(heft_jval self, heft_str name)
{
    const heft_jrow *row = self.type == J_STR ? find(heft_jchar_methods, name) : NULL;
    return row ? row : find(tables[self.type], name);
}

bool heft_jmethod_somewhere(heft_str name, bool *known)
{
    *known = false;
    if (find(heft_jchar_methods, name)) return true;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const heft_jrow *row = find(tables[i], name);
        if (row && row->call) return true;
        *known |= row != NULL;
    }
    return false;
}

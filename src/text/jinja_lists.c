/* Filters on lists and dicts. What the reference computes while it is walked is computed at once.
 */
#include "text/jinja.h"

#include <stdlib.h>
#include <string.h>

static bool truth(heft_jinja *j, heft_jval v, bool absent)
{
    return v.type == J_ABSENT ? absent : heft_jtrue(j, v);
}

static heft_jval generator(heft_jinja *j, heft_jval *item, size_t n)
{
    return heft_jseq_of(j, J_GENERATOR, item, n);
}

static heft_jval pair(heft_jinja *j, heft_jval a, heft_jval b)
{
    heft_jval *two = heft_jinja_alloc(j, 2, sizeof *two);
    two[0] = a;
    two[1] = b;
    return heft_jseq_of(j, J_TUPLE, two, 2);
}

/* ---- attributes and order --------------------------------------------- */

/* v.a.b.0 for "a.b.0"; without a path, v. */
static heft_jval follow(heft_jinja *j, heft_jval v, heft_jval path, const heft_jval *absent)
{
    if (!heft_jgiven(path)) return v;
    if (path.type != J_STR) {
        v = heft_jget_item(j, v, path);
        return v.type == J_UNDEFINED && absent ? *absent : v;
    }
    for (size_t at = 0; at <= path.s.n;) {
        size_t end = at;
        while (end < path.s.n && path.s.p[end] != '.')
            end++;
        heft_jval key = heft_jpart(path, at, end - at);
        size_t digits = 0;
        while (digits < key.s.n && digits < 18 && key.s.p[digits] >= '0' && key.s.p[digits] <= '9')
            digits++;
        if (key.s.n && digits == key.s.n) {
            int64_t i = 0;
            for (size_t k = 0; k < digits; k++)
                i = i * 10 + (key.s.p[k] - '0');
            key = heft_jint(i);
        }
        v = heft_jget_item(j, v, key);
        if (v.type == J_UNDEFINED && absent) v = *absent;
        at = end + 1;
    }
    return v;
}

/* What values are compared by: strings in lower case unless case counts. */
static heft_jval sort_key(heft_jinja *j, heft_jval v, bool case_sensitive)
{
    return v.type == J_STR && !case_sensitive ? heft_jcased(j, v, J_LOWER) : v;
}

typedef struct {
    heft_jval key, value;
} keyed;

static bool before(heft_jinja *j, heft_jval a, heft_jval b)
{
    bool unordered;
    if (a.type == J_UNDEFINED || b.type == J_UNDEFINED)
        heft_jinja_fail(j, HEFT_E_FORMAT, "undefined values have no order");
    return heft_jcompare(j, a, b, &unordered) < 0 && !unordered;
}

/* Stable; reverse keeps equal ones in their order. */
static void merge_sort(heft_jinja *j, keyed *p, keyed *scratch, size_t n, bool reverse)
{
    if (n < 2) return;
    size_t half = n / 2, a = 0, b = half;
    merge_sort(j, p, scratch, half, reverse);
    merge_sort(j, p + half, scratch, n - half, reverse);
    for (size_t i = 0; i < n; i++) {
        bool right = a == half;
        if (a < half && b < n)
            right = reverse ? before(j, p[a].key, p[b].key) : before(j, p[b].key, p[a].key);
        scratch[i] = right ? p[b++] : p[a++];
    }
    memcpy(p, scratch, n * sizeof *p);
}

static heft_jval key_of(heft_jinja *j, heft_jval v, heft_jval path, bool case_sensitive)
{
    return sort_key(j, follow(j, v, path, NULL), case_sensitive);
}

/* The values of "a.b,c" of an item, as a list: what sort compares. */
static heft_jval keys_of(heft_jinja *j, heft_jval v, heft_jval path, bool case_sensitive)
{
    size_t n = 1, at = 0;
    if (path.type != J_STR) {
        heft_jval *one = heft_jinja_alloc(j, 1, sizeof *one);
        *one = key_of(j, v, path, case_sensitive);
        return heft_jseq_of(j, J_LIST, one, 1);
    }
    for (size_t i = 0; i < path.s.n; i++)
        n += path.s.p[i] == ',';
    heft_jval *part = heft_jinja_alloc(j, n, sizeof *part);
    for (size_t i = 0; i < n; i++) {
        size_t end = at;
        while (end < path.s.n && path.s.p[end] != ',')
            end++;
        part[i] = sort_key(j, follow(j, v, heft_jpart(path, at, end - at), NULL), case_sensitive);
        at = end + 1;
    }
    return heft_jseq_of(j, J_LIST, part, n);
}

static keyed *sorted(heft_jinja *j, heft_jseq seq, heft_jval path, bool case_sensitive,
                     bool reverse,
                     heft_jval (*key)(heft_jinja *j, heft_jval v, heft_jval path, bool cased))
{
    keyed *p = heft_jinja_alloc(j, seq.n, sizeof *p);
    for (size_t i = 0; i < seq.n; i++)
        p[i] = (keyed){ key(j, seq.item[i], path, case_sensitive), seq.item[i] };
    merge_sort(j, p, heft_jinja_alloc(j, seq.n, sizeof *p), seq.n, reverse);
    return p;
}

static heft_jval *values(heft_jinja *j, const keyed *p, size_t n)
{
    heft_jval *item = heft_jinja_alloc(j, n, sizeof *item);
    for (size_t i = 0; i < n; i++)
        item[i] = p[i].value;
    return item;
}

static heft_jval f_sort(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    heft_jseq seq = heft_jwalk(j, v);
    keyed *p = sorted(j, seq, a[2], truth(j, a[1], false), truth(j, a[0], false), keys_of);
    return heft_jseq_of(j, J_LIST, values(j, p, seq.n), seq.n);
}

static heft_jval pairs(heft_jinja *j, heft_jval v, heft_jtype type)
{
    if (v.type != J_DICT)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a dict is needed, found %s", heft_jtype_name(v));
    heft_jval *item = heft_jinja_alloc(j, v.dict->n, sizeof *item);
    for (size_t i = 0; i < v.dict->n; i++)
        item[i] = pair(j, v.dict->entry[i].key, v.dict->entry[i].value);
    return heft_jseq_of(j, type, item, v.dict->n);
}

static heft_jval f_items(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    return v.type == J_UNDEFINED ? generator(j, NULL, 0) : pairs(j, v, J_GENERATOR);
}

static heft_jval f_dictsort(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    bool by_value = a[1].type == J_STR && heft_jis(a[1], "value");
    (void)all;
    if (a[1].type != J_ABSENT && !by_value && !heft_jis(a[1], "key"))
        heft_jinja_fail(j, HEFT_E_FORMAT, "dictsort: by is 'key' or 'value'");
    heft_jseq seq = *pairs(j, v, J_LIST).seq;
    keyed *p =
        sorted(j, seq, heft_jint(by_value), truth(j, a[0], false), truth(j, a[2], false), key_of);
    return heft_jseq_of(j, J_LIST, values(j, p, seq.n), seq.n);
}

static heft_jval extreme(heft_jinja *j, heft_jval v, heft_jargv a, bool most)
{
    heft_jseq seq = heft_jwalk(j, v);
    if (!seq.n) return heft_jundefined("No aggregated item, sequence was empty.");
    bool case_sensitive = truth(j, a[0], false);
    size_t best = 0;
    heft_jval best_key = key_of(j, seq.item[0], a[1], case_sensitive);
    for (size_t i = 1; i < seq.n; i++) {
        heft_jval key = key_of(j, seq.item[i], a[1], case_sensitive);
        if (most ? !before(j, best_key, key) : !before(j, key, best_key)) continue;
        best = i;
        best_key = key;
    }
    return seq.item[best];
}

static heft_jval f_max(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return extreme(j, v, a, true);
}

static heft_jval f_min(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    return extreme(j, v, a, false);
}

static heft_jval f_unique(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jseq seq = heft_jwalk(j, v);
    heft_jval seen = heft_jdict_of(j), *item = heft_jinja_alloc(j, seq.n, sizeof *item);
    size_t n = 0;
    (void)all;
    for (size_t i = 0; i < seq.n; i++) {
        heft_jval key = key_of(j, seq.item[i], a[1], truth(j, a[0], false));
        if (heft_jdict_find(j, seen.dict, key)) continue;
        heft_jdict_set(j, seen.dict, key, heft_jbool(true));
        item[n++] = seq.item[i];
    }
    return generator(j, item, n);
}

static heft_jval f_groupby(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    bool case_sensitive = truth(j, a[2], false);
    heft_jseq seq = heft_jwalk(j, v);
    const heft_jval *absent = heft_jgiven(a[1]) ? &a[1] : NULL;
    (void)all;
    keyed *p = heft_jinja_alloc(j, seq.n, sizeof *p);
    for (size_t i = 0; i < seq.n; i++)
        p[i] = (keyed){ sort_key(j, follow(j, seq.item[i], a[0], absent), case_sensitive),
                        seq.item[i] };
    merge_sort(j, p, heft_jinja_alloc(j, seq.n, sizeof *p), seq.n, false);
    heft_jval *group = heft_jinja_alloc(j, seq.n, sizeof *group);
    size_t groups = 0;
    for (size_t i = 0, end; i < seq.n; i = end) {
        for (end = i + 1; end < seq.n && heft_jequal(j, p[i].key, p[end].key);)
            end++;
        heft_jval name = case_sensitive ? p[i].key : follow(j, p[i].value, a[0], absent);
        heft_jval items = heft_jseq_of(j, J_LIST, values(j, p + i, end - i), end - i);
        group[groups] = pair(j, name, items);
        group[groups++].seq->name = "grouper";
    }
    return heft_jseq_of(j, J_LIST, group, groups);
}

/* ---- map, select, reject ---------------------------------------------- */

/* The arguments behind the first `skip`. */
static heft_jargs behind(const heft_jargs *all, size_t skip)
{
    heft_jargs args = *all;
    args.arg += skip;
    args.n -= skip;
    return args;
}

static const heft_jrow *row_named(heft_jinja *j, heft_jval name,
                                  const heft_jrow *(*find)(heft_str name), const char *what)
{
    const heft_jrow *row = name.type == J_STR ? find(heft_jview(name)) : NULL;
    if (!row)
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "heft does not have the %s '%s'", what,
                        name.type == J_STR ? heft_show(heft_jview(name)).text
                                           : heft_jtype_name(name));
    return row;
}

/* What is false, even None or 0, has no items for these filters. */
static heft_jseq walk_true(heft_jinja *j, heft_jval v)
{
    return heft_jwalk(j, heft_jtrue(j, v) ? v : heft_jundefined(""));
}

static heft_jval f_map(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    heft_jval path = { .type = J_ABSENT }, absent = { .type = J_ABSENT };
    const heft_jrow *row = NULL;
    heft_jargs args = { .n = 0 };
    (void)a;
    for (size_t i = 0; !all->n && i < all->n_named; i++) {
        if (heft_jis(all->named[i].key, "attribute"))
            path = all->named[i].value;
        else if (heft_jis(all->named[i].key, "default"))
            absent = all->named[i].value;
        else
            heft_jinja_fail(j, HEFT_E_FORMAT, "map has no argument '%s'",
                            heft_show(heft_jview(all->named[i].key)).text);
    }
    if (!all->n && path.type == J_ABSENT)
        heft_jinja_fail(j, HEFT_E_FORMAT, "map needs a filter or an attribute");
    if (all->n) {
        row = row_named(j, all->arg[0], heft_jfilter, "filter");
        args = behind(all, 1);
    }
    heft_jseq seq = walk_true(j, v);
    heft_jval *item = heft_jinja_alloc(j, seq.n, sizeof *item);
    for (size_t i = 0; i < seq.n; i++)
        item[i] = row ? heft_jcall_row(j, row, seq.item[i], &args)
                      : follow(j, seq.item[i], path, heft_jgiven(absent) ? &absent : NULL);
    return generator(j, item, seq.n);
}

/* Items whose test, or truth, is `wanted`; by_attr: of an attribute, named first. */
static heft_jval choose(heft_jinja *j, heft_jval v, const heft_jargs *all, bool wanted,
                        bool by_attr)
{
    heft_jval path = { .type = J_ABSENT };
    heft_jargs args = *all;
    const heft_jrow *row = NULL;
    size_t n = 0;
    if (by_attr) {
        if (!all->n) heft_jinja_fail(j, HEFT_E_FORMAT, "an attribute's name is needed");
        path = all->arg[0];
        args = behind(all, 1);
    }
    if (args.n) {
        row = row_named(j, args.arg[0], heft_jtest, "test");
        args = behind(&args, 1);
    }
    heft_jseq seq = walk_true(j, v);
    heft_jval *item = heft_jinja_alloc(j, seq.n, sizeof *item);
    for (size_t i = 0; i < seq.n; i++) {
        heft_jval of = follow(j, seq.item[i], path, NULL);
        if (row) of = heft_jcall_row(j, row, of, &args);
        if (heft_jtrue(j, of) == wanted) item[n++] = seq.item[i];
    }
    return generator(j, item, n);
}

static heft_jval f_select(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a;
    return choose(j, v, all, true, false);
}

static heft_jval f_reject(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a;
    return choose(j, v, all, false, false);
}

static heft_jval f_selectattr(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a;
    return choose(j, v, all, true, true);
}

static heft_jval f_rejectattr(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a;
    return choose(j, v, all, false, true);
}

/* ---- parts ------------------------------------------------------------ */

static heft_jval f_first(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    if (v.type == J_GENERATOR && v.seq->at < v.seq->n) return v.seq->item[v.seq->at++];
    heft_jseq seq = heft_jwalk(j, v);
    return seq.n ? seq.item[0] : heft_jundefined("No first item, sequence was empty.");
}

static heft_jval f_last(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    if (v.type == J_GENERATOR)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a generator cannot be walked backwards");
    heft_jseq seq = heft_jwalk(j, v);
    return seq.n ? seq.item[seq.n - 1] : heft_jundefined("No last item, sequence was empty.");
}

static heft_jval f_list(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    heft_jseq seq = heft_jwalk(j, v);
    heft_jval out = heft_jseq_of(j, J_LIST, seq.item, seq.n);
    out.data = v.data;
    return out;
}

static heft_jval f_reverse(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)a, (void)all;
    heft_jseq seq = heft_jwalk(j, v);
    heft_jval *item = heft_jinja_alloc(j, seq.n, sizeof *item);
    for (size_t i = 0; i < seq.n; i++)
        item[i] = seq.item[seq.n - 1 - i];
    if (v.type != J_STR) return generator(j, item, seq.n);
    heft_jbuf b = { .n = 0 };
    for (size_t i = 0; i < seq.n; i++)
        heft_jbuf_str(j, &b, item[i]);
    return heft_jbuf_end(j, &b);
}

static heft_jval f_join(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    heft_jval separator = a[0].type == J_ABSENT ? heft_jz("") : heft_jtext(j, a[0]);
    heft_jseq seq = heft_jwalk(j, v);
    heft_jval *text = heft_jinja_alloc(j, seq.n, sizeof *text);
    separator.safe = false;
    for (size_t i = 0; i < seq.n; i++) {
        text[i] = heft_jtext(j, follow(j, seq.item[i], a[1], NULL));
        text[i].safe = false;
    }
    return heft_jjoin(j, separator, text, seq.n);
}

static heft_jval f_sum(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    (void)all;
    heft_jval total = a[1].type == J_ABSENT ? heft_jint(0) : a[1];
    if (total.type == J_STR) heft_jinja_fail(j, HEFT_E_FORMAT, "sum does not join strings");
    heft_jseq seq = heft_jwalk(j, v);
    for (size_t i = 0; i < seq.n; i++)
        total = heft_jbinary(j, T_PLUS, total, follow(j, seq.item[i], a[0], NULL));
    return total;
}

/* `n` lists, list i of items from[i] .. from[i + 1], filled up to `size` where fill is given. */
static heft_jval filled(heft_jinja *j, const heft_jval *item, size_t n, size_t size, heft_jval fill)
{
    size_t want = heft_jgiven(fill) && n < size ? size : n;
    heft_jval *out = heft_jinja_alloc(j, want, sizeof *out);
    for (size_t i = 0; i < want; i++)
        out[i] = i < n ? item[i] : fill;
    return heft_jseq_of(j, J_LIST, out, want);
}

static heft_jval f_batch(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    int64_t size = heft_jwhole(j, a[0], 0);
    heft_jseq seq = heft_jwalk(j, v);
    (void)all;
    if (size < 1 || size > HEFT_MAX_TEMPLATE_RANGE)
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "batch: a size of %lld", (long long)size);
    size_t n = (size_t)size, batches = (seq.n + n - 1) / n;
    heft_jval *out = heft_jinja_alloc(j, batches, sizeof *out);
    for (size_t i = 0; i < batches; i++)
        out[i] = filled(j, seq.item + i * n, i + 1 < batches ? n : seq.n - i * n, n, a[1]);
    return generator(j, out, batches);
}

static heft_jval f_slice(heft_jinja *j, heft_jval v, heft_jargv a, heft_jrest all)
{
    int64_t slices = heft_jwhole(j, a[0], 0);
    heft_jseq seq = heft_jwalk(j, v);
    size_t at = 0;
    (void)all;
    if (slices < 1 || slices > HEFT_MAX_TEMPLATE_RANGE)
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "slice: %lld slices", (long long)slices);
    size_t n = (size_t)slices, each = seq.n / n, longer = seq.n % n;
    heft_jval *out = heft_jinja_alloc(j, n, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        size_t count = each + (i < longer);
        out[i] = filled(j, seq.item + at, count, i < longer ? count : count + 1, a[1]);
        at += count;
    }
    return generator(j, out, n);
}

const heft_jrow heft_jlist_filters[] = {
    { "batch", "linecount fill_with", 1, f_batch },
    { "dictsort", "case_sensitive by reverse", 0, f_dictsort },
    { "first", "", 0, f_first },
    { "groupby", "attribute default case_sensitive", 1, f_groupby },
    { "items", "", 0, f_items },
    { "join", "d attribute", 0, f_join },
    { "last", "", 0, f_last },
    { "list", "", 0, f_list },
    { "map", "*", 0, f_map },
    { "max", "case_sensitive attribute", 0, f_max },
    { "min", "case_sensitive attribute", 0, f_min },
    { "reject", "*", 0, f_reject },
    { "rejectattr", "*", 0, f_rejectattr },
    { "reverse", "", 0, f_reverse },
    { "select", "*", 0, f_select },
    { "selectattr", "*", 0, f_selectattr },
    { "slice", "slices fill_with", 1, f_slice },
    { "sort", "reverse case_sensitive attribute", 0, f_sort },
    { "sum", "attribute start", 0, f_sum },
    { "unique", "case_sensitive attribute", 0, f_unique },
    { .name = NULL },
};

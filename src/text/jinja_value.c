/* The interpreter's values: memory, failing, strings that know their origin, Python's comparing. */
#include "text/jinja.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- memory, steps, failing ------------------------------------------- */

void heft_jinja_fail(heft_jinja *j, heft_status code, const char *fmt, ...)
{
    char text[sizeof j->err->text];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    j->status = heft_fail(j->err, code, "%s:%d:%d: %s", j->name, j->at ? (int)j->at->line : 1,
                          j->at ? (int)j->at->column : 1, text);
    longjmp(j->failed, 1);
}

void heft_jinja_raise(heft_jinja *j, heft_jval message)
{
    static const char hex[] = "0123456789abcdef";
    char text[sizeof j->err->text];
    size_t n = 0;
    for (size_t i = 0; i < message.s.n && n + 5 < sizeof text; i++) {
        unsigned char c = (unsigned char)message.s.p[i];
        if (c >= 0x20 && c != 0x7f) {
            text[n++] = (char)c;
            continue;
        }
        text[n++] = '\\';
        text[n++] = 'x';
        text[n++] = hex[c >> 4];
        text[n++] = hex[c & 15];
    }
    text[n] = 0;
    j->status = heft_fail(j->err, HEFT_E_ARG, "%s", text);
    longjmp(j->failed, 1);
}

void heft_jinja_step(heft_jinja *j, size_t n)
{
    j->steps += n;
    if (j->steps > HEFT_MAX_TEMPLATE_STEPS)
        heft_jinja_fail(j, HEFT_E_NOMEM, "the template takes more than %d steps",
                        (int)HEFT_MAX_TEMPLATE_STEPS);
}

void heft_jinja_enter(heft_jinja *j)
{
    if (++j->depth > HEFT_MAX_TEMPLATE_DEPTH)
        heft_jinja_fail(j, HEFT_E_NOMEM, "the template nests more than %d deep",
                        (int)HEFT_MAX_TEMPLATE_DEPTH);
}

void *heft_jinja_alloc(heft_jinja *j, size_t n, size_t size)
{
    uint64_t bytes, total;
    void *p = NULL;
    if (heft_mul(n, size, &bytes) && heft_add(bytes, j->bytes, &total)
        && total <= HEFT_MAX_TEMPLATE_MEMORY) {
        heft_jinja_step(j, bytes / 32);
        p = heft_arena_alloc(&j->arena, n, size);
    }
    if (!p)
        heft_jinja_fail(j, HEFT_E_NOMEM, "the template takes more than %d MiB",
                        (int)(HEFT_MAX_TEMPLATE_MEMORY >> 20));
    j->bytes += bytes;
    return p;
}

/* ---- making ----------------------------------------------------------- */

heft_jval heft_jbool(bool b)
{
    return (heft_jval){ .type = J_BOOL, .b = b };
}

heft_jval heft_jint(int64_t i)
{
    return (heft_jval){ .type = J_INT, .i = i };
}

heft_jval heft_jreal(double f)
{
    return (heft_jval){ .type = J_FLOAT, .f = f };
}

heft_jval heft_jnone(void)
{
    return (heft_jval){ .type = J_NONE };
}

heft_jval heft_jundefined(const char *name)
{
    return (heft_jval){ .type = J_UNDEFINED, .s = { name, strlen(name), NULL } };
}

heft_jval heft_jz(const char *z)
{
    return (heft_jval){ .type = J_STR, .s = { z, strlen(z), NULL } };
}

heft_jval heft_jpart(heft_jval s, size_t at, size_t n)
{
    s.s.p += at;
    s.s.n = n;
    if (s.s.from) s.s.from += at;
    return s;
}

static heft_jval no_items[1]; /* so that an empty sequence has a place to count from */

heft_jval heft_jseq_of(heft_jinja *j, heft_jtype type, heft_jval *item, size_t n)
{
    heft_jseq *seq = heft_jinja_alloc(j, 1, sizeof *seq);
    seq->item = item ? item : no_items;
    seq->n = n;
    return (heft_jval){ .type = type, .seq = seq };
}

heft_jval heft_jdict_of(heft_jinja *j)
{
    return (heft_jval){ .type = J_DICT, .dict = heft_jinja_alloc(j, 1, sizeof(heft_jdict)) };
}

heft_str heft_jview(heft_jval s)
{
    return (heft_str){ s.s.p, s.s.n };
}

bool heft_jis(heft_jval s, const char *z)
{
    return s.type == J_STR && heft_str_is(heft_jview(s), z);
}

bool heft_jnumber(heft_jval v)
{
    return v.type == J_BOOL || v.type == J_INT || v.type == J_FLOAT;
}

bool heft_jgiven(heft_jval v)
{
    return v.type != J_ABSENT && v.type != J_NONE;
}

int64_t heft_jwhole(heft_jinja *j, heft_jval v, int64_t absent)
{
    if (v.type == J_ABSENT) return absent;
    if (v.type != J_INT && v.type != J_BOOL)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a whole number is needed, found %s", heft_jtype_name(v));
    return v.type == J_INT ? v.i : v.b;
}

bool heft_jhas_seq(heft_jval v)
{
    return v.type >= J_LIST && v.type <= J_GENERATOR;
}

bool heft_jfrom_data(heft_jval v)
{
    if (v.type != J_STR || !v.s.from) return v.data;
    return memchr(v.s.from, 1, v.s.n) != NULL;
}

/* ---- strings ---------------------------------------------------------- */

static void room(heft_jinja *j, heft_jbuf *b, size_t more)
{
    if (more <= b->cap - b->n) return;
    if (more > HEFT_MAX_TEMPLATE_MEMORY)
        heft_jinja_fail(j, HEFT_E_NOMEM, "a string of %zu bytes is too long", more);
    size_t cap = b->n + more > 2 * b->cap ? b->n + more : 2 * b->cap;
    if (cap < 32) cap = 32;
    char *p = heft_jinja_alloc(j, cap, 1);
    uint8_t *from = heft_jinja_alloc(j, cap, 1);
    if (b->n) {
        memcpy(p, b->p, b->n);
        memcpy(from, b->from, b->n);
    }
    b->p = p;
    b->from = from;
    b->cap = cap;
}

void heft_jbuf_bytes(heft_jinja *j, heft_jbuf *b, const char *p, size_t n, bool data)
{
    if (!n) return;
    heft_jinja_step(j, n / 32 + 1);
    room(j, b, n);
    memcpy(b->p + b->n, p, n);
    memset(b->from + b->n, data, n);
    b->n += n;
}

void heft_jbuf_z(heft_jinja *j, heft_jbuf *b, const char *z, bool data)
{
    heft_jbuf_bytes(j, b, z, strlen(z), data);
}

void heft_jbuf_str(heft_jinja *j, heft_jbuf *b, heft_jval s)
{
    if (b->safe && !s.safe) s = heft_jescape(j, s);
    size_t at = b->n;
    heft_jbuf_bytes(j, b, s.s.p, s.s.n, s.data);
    if (s.s.n && s.s.from) memcpy(b->from + at, s.s.from, s.s.n);
}

void heft_jbuf_fill(heft_jinja *j, heft_jbuf *b, heft_jval s, size_t times)
{
    uint64_t n;
    if (!heft_mul(s.s.n, times, &n) || n > HEFT_MAX_TEMPLATE_MEMORY)
        heft_jinja_fail(j, HEFT_E_NOMEM, "a string repeated %zu times is too long", times);
    if (!n) return;
    room(j, b, n);
    for (size_t i = 0; i < times; i++)
        heft_jbuf_str(j, b, s);
}

heft_jval heft_jbuf_end(heft_jinja *j, const heft_jbuf *b)
{
    (void)j;
    heft_jval s = { .type = J_STR, .safe = b->safe, .s = { b->n ? b->p : "", b->n, NULL } };
    if (!b->n) return s;
    s.data = b->from[0];
    if (memchr(b->from, !s.data, b->n)) s.s.from = b->from;
    return s;
}

heft_jval heft_jescape(heft_jinja *j, heft_jval s)
{
    static const char plain[] = "&<>\"'";
    static const char *const escaped[] = { "&amp;", "&lt;", "&gt;", "&#34;", "&#39;" };
    heft_jbuf b = { .n = 0 };
    if (s.safe) return s;
    for (size_t i = 0; i < s.s.n; i++) {
        const char *c = s.s.p[i] ? strchr(plain, s.s.p[i]) : NULL;
        heft_jval part = heft_jpart(s, i, 1);
        if (c)
            heft_jbuf_z(j, &b, escaped[c - plain], heft_jfrom_data(part));
        else
            heft_jbuf_str(j, &b, part);
    }
    b.safe = true;
    return heft_jbuf_end(j, &b);
}

/* ---- truth, equality, order ------------------------------------------- */

const char *heft_jtype_name(heft_jval v)
{
    static const char *const name[] = {
        [J_ABSENT] = "nothing",
        [J_UNDEFINED] = "undefined",
        [J_NONE] = "None",
        [J_BOOL] = "bool",
        [J_INT] = "int",
        [J_FLOAT] = "float",
        [J_STR] = "str",
        [J_LIST] = "list",
        [J_TUPLE] = "tuple",
        [J_RANGE] = "range",
        [J_VIEW] = "view of a dict",
        [J_GENERATOR] = "generator",
        [J_DICT] = "dict",
        [J_NAMESPACE] = "namespace",
        [J_LOOP] = "loop",
        [J_MACRO] = "macro",
        [J_FUNCTION] = "function",
        [J_METHOD] = "method",
        [J_CYCLER] = "cycler",
        [J_JOINER] = "joiner",
    };
    return name[v.type];
}

bool heft_jtrue(heft_jinja *j, heft_jval v)
{
    (void)j;
    switch (v.type) {
    case J_ABSENT:
    case J_UNDEFINED:
    case J_NONE: return false;
    case J_BOOL: return v.b;
    case J_INT: return v.i != 0;
    case J_FLOAT: return v.f != 0;
    case J_STR: return v.s.n != 0;
    case J_LIST:
    case J_TUPLE:
    case J_RANGE:
    case J_VIEW: return v.seq->n != 0;
    case J_DICT: return v.dict->n != 0;
    case J_GENERATOR:
    case J_NAMESPACE:
    case J_LOOP:
    case J_MACRO:
    case J_FUNCTION:
    case J_METHOD:
    case J_CYCLER:
    case J_JOINER: return true;
    }
    return false;
}

static int64_t whole(heft_jval v)
{
    return v.type == J_BOOL ? v.b : v.i;
}

/* Exactly, also where a double cannot hold the whole number. */
static int compare_numbers(heft_jval a, heft_jval b, bool *unordered)
{
    if (a.type != J_FLOAT && b.type != J_FLOAT)
        return (whole(a) > whole(b)) - (whole(a) < whole(b));
    if (a.type == J_FLOAT && b.type == J_FLOAT) {
        *unordered = isnan(a.f) || isnan(b.f);
        return (a.f > b.f) - (a.f < b.f);
    }
    if (a.type == J_FLOAT) return -compare_numbers(b, a, unordered);
    *unordered = isnan(b.f) != 0;
    if (b.f >= 9223372036854775808.0) return -1;
    if (b.f < -9223372036854775808.0) return 1;
    int64_t i = whole(a), cut = isnan(b.f) ? 0 : (int64_t)b.f;
    if (i != cut) return i < cut ? -1 : 1;
    double rest = b.f - (double)cut;
    return (0 > rest) - (0 < rest);
}

static bool equal_seqs(heft_jinja *j, heft_jseq a, heft_jseq b)
{
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (!heft_jequal(j, a.item[i], b.item[i])) return false;
    return true;
}

static bool equal_dicts(heft_jinja *j, const heft_jdict *a, const heft_jdict *b)
{
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++) {
        const heft_jval *other = heft_jdict_find(j, b, a->entry[i].key);
        if (!other || !heft_jequal(j, a->entry[i].value, *other)) return false;
    }
    return true;
}

static bool equal_inside(heft_jinja *j, heft_jval a, heft_jval b)
{
    bool unordered = false;
    if (heft_jnumber(a) && heft_jnumber(b))
        return compare_numbers(a, b, &unordered) == 0 && !unordered;
    if (a.type != b.type) return false;
    switch (a.type) {
    case J_STR: heft_jinja_step(j, a.s.n / 32); return heft_str_eq(heft_jview(a), heft_jview(b));
    case J_LIST:
    case J_TUPLE:
    case J_RANGE: return equal_seqs(j, *a.seq, *b.seq);
    case J_DICT: return equal_dicts(j, a.dict, b.dict);
    case J_NONE:
    case J_UNDEFINED: return true;
    case J_FUNCTION: return a.row == b.row;
    case J_ABSENT:
    case J_BOOL:
    case J_INT:
    case J_FLOAT:
    case J_VIEW:
    case J_GENERATOR:
    case J_NAMESPACE:
    case J_LOOP:
    case J_MACRO:
    case J_METHOD:
    case J_CYCLER:
    case J_JOINER: return a.seq == b.seq; /* the same object */
    }
    return false;
}

bool heft_jequal(heft_jinja *j, heft_jval a, heft_jval b)
{
    heft_jinja_step(j, 1);
    heft_jinja_enter(j);
    bool same = equal_inside(j, a, b);
    j->depth--;
    return same;
}

int heft_jcompare(heft_jinja *j, heft_jval a, heft_jval b, bool *unordered)
{
    heft_jinja_step(j, 1);
    *unordered = false;
    if (heft_jnumber(a) && heft_jnumber(b)) return compare_numbers(a, b, unordered);
    if (a.type == J_STR && b.type == J_STR) { /* the order of code points is that of the bytes */
        size_t n = a.s.n < b.s.n ? a.s.n : b.s.n;
        heft_jinja_step(j, n / 32);
        int order = n ? memcmp(a.s.p, b.s.p, n) : 0;
        return order ? order : (a.s.n > b.s.n) - (a.s.n < b.s.n);
    }
    if (a.type != b.type || (a.type != J_LIST && a.type != J_TUPLE))
        heft_jinja_fail(j, HEFT_E_FORMAT, "%s and %s have no order", heft_jtype_name(a),
                        heft_jtype_name(b));
    heft_jinja_enter(j);
    int order = (a.seq->n > b.seq->n) - (a.seq->n < b.seq->n);
    for (size_t i = 0; i < a.seq->n && i < b.seq->n; i++) {
        if (heft_jequal(j, a.seq->item[i], b.seq->item[i])) continue;
        order = heft_jcompare(j, a.seq->item[i], b.seq->item[i], unordered);
        break;
    }
    j->depth--;
    return order;
}

bool heft_jcontains(heft_jinja *j, heft_jval in, heft_jval v)
{
    if (in.type == J_STR) {
        if (v.type != J_STR)
            heft_jinja_fail(j, HEFT_E_FORMAT, "'in <string>' needs a string, found %s",
                            heft_jtype_name(v));
        return heft_jfind(j, in, v, 0) != SIZE_MAX;
    }
    if (in.type == J_DICT) return heft_jdict_find(j, in.dict, v) != NULL;
    if (in.type == J_UNDEFINED) return false;
    if (!heft_jhas_seq(in))
        heft_jinja_fail(j, HEFT_E_FORMAT, "%s contains nothing", heft_jtype_name(in));
    heft_jseq *seq = in.seq;
    for (size_t i = in.type == J_GENERATOR ? seq->at : 0; i < seq->n; i++) {
        if (in.type == J_GENERATOR) seq->at = i + 1;
        if (heft_jequal(j, seq->item[i], v)) return true;
    }
    return false;
}

/* ---- dicts and sequences ---------------------------------------------- */

static void check_key(heft_jinja *j, heft_jval key)
{
    if (key.type == J_LIST || key.type == J_DICT)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a %s cannot be a key", heft_jtype_name(key));
    for (size_t i = 0; key.type == J_TUPLE && i < key.seq->n; i++)
        check_key(j, key.seq->item[i]);
}

heft_jval *heft_jdict_find(heft_jinja *j, const heft_jdict *d, heft_jval key)
{
    heft_jinja_step(j, d->n / 8);
    if (key.type != J_STR) check_key(j, key);
    for (size_t i = 0; i < d->n; i++) {
        const heft_jval *k = &d->entry[i].key;
        if (key.type == J_STR && k->type == J_STR) {
            if (k->s.n == key.s.n && memcmp(k->s.p, key.s.p, key.s.n) == 0)
                return &d->entry[i].value;
        } else if (heft_jequal(j, *k, key)) {
            return &d->entry[i].value;
        }
    }
    return NULL;
}

void heft_jdict_set(heft_jinja *j, heft_jdict *d, heft_jval key, heft_jval value)
{
    heft_jval *old = heft_jdict_find(j, d, key);
    if (old) {
        *old = value;
        return;
    }
    if (d->n == d->cap) {
        size_t cap = d->cap ? 2 * d->cap : 4;
        heft_jentry *grown = heft_jinja_alloc(j, cap, sizeof *grown);
        if (d->n) memcpy(grown, d->entry, d->n * sizeof *grown);
        d->entry = grown;
        d->cap = cap;
    }
    d->entry[d->n++] = (heft_jentry){ .key = key, .value = value };
}

static heft_jseq walk_string(heft_jinja *j, heft_jval s)
{
    size_t n = heft_jchars(j, s), at = 0;
    int32_t cp;
    heft_jseq seq = { .item = heft_jinja_alloc(j, n, sizeof *seq.item), .n = n };
    for (size_t i = 0; i < n; i++) {
        size_t bytes = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        seq.item[i] = heft_jpart(s, at, bytes);
        seq.item[i].safe = false;
        at += bytes;
    }
    return seq;
}

heft_jseq heft_jwalk(heft_jinja *j, heft_jval v)
{
    heft_jseq seq = { .item = no_items };
    if (v.type == J_UNDEFINED) return seq;
    if (v.type == J_STR) return walk_string(j, v);
    if (v.type == J_DICT) {
        seq.n = v.dict->n;
        seq.item = heft_jinja_alloc(j, seq.n, sizeof *seq.item);
        for (size_t i = 0; i < seq.n; i++)
            seq.item[i] = v.dict->entry[i].key;
        return seq;
    }
    if (!heft_jhas_seq(v))
        heft_jinja_fail(j, HEFT_E_FORMAT, "%s cannot be walked through", heft_jtype_name(v));
    seq = *v.seq;
    seq.item += seq.at;
    seq.n -= seq.at;
    seq.at = 0;
    if (v.type == J_GENERATOR) v.seq->at = v.seq->n;
    return seq;
}

int64_t heft_jlength(heft_jinja *j, heft_jval v)
{
    if (v.type == J_UNDEFINED) return 0;
    if (v.type == J_STR) return (int64_t)heft_jchars(j, v);
    if (v.type == J_DICT) return (int64_t)v.dict->n;
    if (v.type == J_LOOP) return heft_jloop_length(j, v.loop);
    if (!heft_jhas_seq(v) || v.type == J_GENERATOR)
        heft_jinja_fail(j, HEFT_E_FORMAT, "%s has no length", heft_jtype_name(v));
    return (int64_t)v.seq->n;
}

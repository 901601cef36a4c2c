/* JSON into values, and values as JSON the way Python's json module writes it. */
#include "text/jinja.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- reading ---------------------------------------------------------- */

static heft_jval text_of(const char *p, size_t n, bool data)
{
    return (heft_jval){ .type = J_STR, .data = data, .s = { p, n, NULL } };
}

static heft_jval object(heft_jinja *j, json_t *v, bool data)
{
    heft_jval out = heft_jdict_of(j);
    heft_jdict *d = out.dict;
    d->cap = json_object_size(v);
    d->entry = heft_jinja_alloc(j, d->cap, sizeof *d->entry);
    for (void *at = json_object_iter(v); at; at = json_object_iter_next(v, at)) {
        heft_jval *value = &d->entry[d->n].value;
        d->entry[d->n++].key =
            text_of(json_object_iter_key(at), json_object_iter_key_len(at), data);
        *value = heft_jfrom_json(j, json_object_iter_value(at), data);
    }
    return out;
}

static heft_jval array(heft_jinja *j, json_t *v, bool data)
{
    size_t n = json_array_size(v);
    heft_jval *item = heft_jinja_alloc(j, n, sizeof *item);
    for (size_t i = 0; i < n; i++)
        item[i] = heft_jfrom_json(j, json_array_get(v, i), data);
    return heft_jseq_of(j, J_LIST, item, n);
}

heft_jval heft_jfrom_json(heft_jinja *j, json_t *v, bool data)
{
    heft_jval out = heft_jnone();
    heft_jinja_step(j, 1);
    heft_jinja_enter(j);
    switch (json_typeof(v)) {
    case JSON_OBJECT: out = object(j, v, data); break;
    case JSON_ARRAY: out = array(j, v, data); break;
    case JSON_STRING: out = text_of(json_string_value(v), json_string_length(v), data); break;
    case JSON_INTEGER: out = heft_jint(json_integer_value(v)); break;
    case JSON_REAL: out = heft_jreal(json_real_value(v)); break;
    case JSON_TRUE: out = heft_jbool(true); break;
    case JSON_FALSE: out = heft_jbool(false); break;
    case JSON_NULL: break;
    }
    j->depth--;
    out.data = data;
    return out;
}

/* ---- writing ---------------------------------------------------------- */

static void value(heft_jinja *j, heft_jbuf *b, heft_jval v, const heft_jjson *how, int level);

static void line(heft_jinja *j, heft_jbuf *b, const heft_jjson *how, int level)
{
    if (!how->indent) return;
    heft_jbuf_z(j, b, "\n", false);
    heft_jbuf_fill(j, b, *how->indent, (size_t)level);
}

static void escape(heft_jinja *j, heft_jbuf *b, int32_t cp, bool data)
{
    static const char plain[] = "\"\\\n\r\t\b\f", letter[] = "\"\\nrtbf";
    const char *known = cp && cp < 128 ? strchr(plain, cp) : NULL;
    char out[16] = "\\";
    if (known)
        out[1] = letter[known - plain];
    else if (cp < 0x10000)
        (void)snprintf(out, sizeof out, "\\u%04x", (unsigned)cp);
    else
        (void)snprintf(out, sizeof out, "\\u%04x\\u%04x",
                       0xd800u + (unsigned)((cp - 0x10000) >> 10),
                       0xdc00u + (unsigned)((cp - 0x10000) & 0x3ff));
    heft_jbuf_z(j, b, out, data);
}

static void string(heft_jinja *j, heft_jbuf *b, heft_jval s, const heft_jjson *how)
{
    bool data = heft_jfrom_data(s);
    size_t kept = 0;
    int32_t cp;
    heft_jbuf_z(j, b, "\"", data);
    for (size_t at = 0, n; at < s.s.n; at += n) {
        n = heft_utf8_decode(s.s.p + at, s.s.n - at, &cp);
        if (cp >= 0x20 && cp != '"' && cp != '\\' && (!how->ascii || cp < 0x7f)) continue;
        heft_jbuf_str(j, b, heft_jpart(s, kept, at - kept));
        escape(j, b, cp, heft_jfrom_data(heft_jpart(s, at, n)));
        kept = at + n;
    }
    heft_jbuf_str(j, b, heft_jpart(s, kept, s.s.n - kept));
    heft_jbuf_z(j, b, "\"", data);
}

static void number(heft_jinja *j, heft_jbuf *b, heft_jval v)
{
    char text[40];
    if (v.type == J_FLOAT && isnan(v.f))
        (void)snprintf(text, sizeof text, "NaN");
    else if (v.type == J_FLOAT && isinf(v.f))
        (void)snprintf(text, sizeof text, v.f < 0 ? "-Infinity" : "Infinity");
    else if (v.type == J_FLOAT)
        heft_jfloat_repr(v.f, text);
    else
        (void)snprintf(text, sizeof text, "%lld", (long long)v.i);
    heft_jbuf_z(j, b, text, v.data);
}

static void list(heft_jinja *j, heft_jbuf *b, heft_jval v, const heft_jjson *how, int level)
{
    heft_jbuf_z(j, b, "[", v.data);
    for (size_t i = 0; i < v.seq->n; i++) {
        if (i) heft_jbuf_str(j, b, how->comma);
        line(j, b, how, level + 1);
        value(j, b, v.seq->item[i], how, level + 1);
    }
    if (v.seq->n) line(j, b, how, level);
    heft_jbuf_z(j, b, "]", v.data);
}

static void key(heft_jinja *j, heft_jbuf *b, heft_jval k, const heft_jjson *how)
{
    heft_jbuf text = { .n = 0 };
    if (k.type != J_STR && k.type != J_NONE && !heft_jnumber(k))
        heft_jinja_fail(j, HEFT_E_FORMAT, "tojson: a %s cannot be a key", heft_jtype_name(k));
    if (k.type != J_STR) {
        value(j, &text, k, how, 0);
        k = heft_jbuf_end(j, &text);
    }
    string(j, b, k, how);
}

/* The entries of d in the order of their keys. */
static heft_jentry *sorted(heft_jinja *j, const heft_jdict *d)
{
    heft_jentry *e = heft_jinja_alloc(j, d->n, sizeof *e);
    bool unordered;
    for (size_t i = 0; i < d->n; i++) {
        size_t at = i;
        for (; at && heft_jcompare(j, d->entry[i].key, e[at - 1].key, &unordered) < 0; at--)
            e[at] = e[at - 1];
        e[at] = d->entry[i];
    }
    return e;
}

static void dict(heft_jinja *j, heft_jbuf *b, heft_jval v, const heft_jjson *how, int level)
{
    const heft_jentry *e = how->sort ? sorted(j, v.dict) : v.dict->entry;
    heft_jbuf_z(j, b, "{", v.data);
    for (size_t i = 0; i < v.dict->n; i++) {
        if (i) heft_jbuf_str(j, b, how->comma);
        line(j, b, how, level + 1);
        key(j, b, e[i].key, how);
        heft_jbuf_str(j, b, how->colon);
        value(j, b, e[i].value, how, level + 1);
    }
    if (v.dict->n) line(j, b, how, level);
    heft_jbuf_z(j, b, "}", v.data);
}

static void value(heft_jinja *j, heft_jbuf *b, heft_jval v, const heft_jjson *how, int level)
{
    heft_jinja_step(j, 1);
    heft_jinja_enter(j);
    if (v.type == J_NONE)
        heft_jbuf_z(j, b, "null", v.data);
    else if (v.type == J_BOOL)
        heft_jbuf_z(j, b, v.b ? "true" : "false", v.data);
    else if (heft_jnumber(v))
        number(j, b, v);
    else if (v.type == J_STR)
        string(j, b, v, how);
    else if (v.type == J_LIST || v.type == J_TUPLE)
        list(j, b, v, how, level);
    else if (v.type == J_DICT)
        dict(j, b, v, how, level);
    else
        heft_jinja_fail(j, HEFT_E_FORMAT, "tojson cannot write %s", heft_jtype_name(v));
    j->depth--;
}

heft_jval heft_jto_json(heft_jinja *j, heft_jval v, const heft_jjson *how)
{
    heft_jbuf b = { .n = 0 };
    value(j, &b, v, how, 0);
    return heft_jbuf_end(j, &b);
}

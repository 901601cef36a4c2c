/* Machine profiles as files: JSON, read strictly. */
#include "base/bounds.h"
#include "base/buf.h"
#include "base/file.h"
#include "engine/engine.h"
#include "format/json.h"

#include <string.h>

enum { VERSION = 1, MOST_BYTES = 1 << 16 };

/* More in a second than any machine will do, and less than any has done. */
static const double most = 1e18, least = 1;

/* ---- writing ---- */

static void write_speeds(heft_buf *b, const char *key, const heft_format_speed *s, int32_t n)
{
    heft_json_key(b, key);
    heft_json_begin(b, '{');
    for (int32_t i = 0; i < n; i++) {
        heft_json_key(b, s[i].name);
        heft_json_begin(b, '{');
        heft_json_key(b, "bytes");
        heft_json_real(b, s[i].bytes);
        heft_json_key(b, "macs");
        heft_json_real(b, s[i].macs);
        heft_json_end(b, '}');
    }
    heft_json_end(b, '}');
}

heft_status heft_machine_save(const heft_machine *m, const char *path, heft_error *err)
{
    heft_out out;
    heft_buf b = heft_buf_of(MOST_BYTES);
    heft_json_begin(&b, '{');
    heft_json_key(&b, "version");
    heft_json_int(&b, VERSION);
    heft_json_key(&b, "processor");
    heft_json_str(&b, heft_str_of(m->processor));
    heft_json_key(&b, "isa");
    heft_json_str(&b, heft_str_of(m->isa));
    heft_json_key(&b, "threads");
    heft_json_int(&b, m->threads);
    heft_json_key(&b, "read");
    heft_json_real(&b, m->read);
    write_speeds(&b, "formats", m->format, m->n_formats);
    write_speeds(&b, "caches", m->cache, HEFT_CACHE_TYPES);
    heft_json_end(&b, '}');
    heft_buf_z(&b, "\n");
    heft_status st = heft_buf_check(&b, "the machine profile", err);
    if (!st) st = heft_out_open(&out, path, err);
    if (!st) {
        st = heft_out_write(&out, b.p, b.n, err);
        if (!st) st = heft_out_commit(&out, err);
        heft_out_abandon(&out);
    }
    heft_buf_free(&b);
    return st;
}

/* ---- reading ---- */

static heft_status missing(const char *where, const char *key, const heft_value *v,
                           const char *expected, heft_error *err)
{
    return heft_fail(err, HEFT_E_FORMAT, "%s: %s is %s, expected %s", where, key,
                     v ? heft_value_kind_name(v->kind) : "missing", expected);
}

static heft_status take_text(const heft_value *o, const char *path, const char *key, char *out,
                             size_t size, heft_error *err)
{
    const heft_value *v = heft_value_get(o, key);
    if (!v || v->kind != HEFT_V_STRING) return missing(path, key, v, "a string", err);
    if (v->str.n >= size || memchr(v->str.p, 0, v->str.n))
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is \"%s\", expected at most %zu bytes of text",
                         path, key, heft_show(v->str).text, size - 1);
    memcpy(out, v->str.p, v->str.n);
    out[v->str.n] = 0;
    return HEFT_OK;
}

/* An integer from 1 to `to`. */
static heft_status take_int(const heft_value *o, const char *path, const char *key, int32_t to,
                            int32_t *out, heft_error *err)
{
    const heft_value *v = heft_value_get(o, key);
    if (!v || v->kind != HEFT_V_INT) return missing(path, key, v, "an integer", err);
    if (v->n < 1 || v->n > to)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is %lld, expected 1 to %d", path, key,
                         (long long)v->n, to);
    *out = (int32_t)v->n;
    return HEFT_OK;
}

static heft_status take_speed(const heft_value *o, const char *where, const char *key, double *out,
                              heft_error *err)
{
    const heft_value *v = heft_value_get(o, key);
    if (!v || (v->kind != HEFT_V_INT && v->kind != HEFT_V_REAL))
        return missing(where, key, v, "a number", err);
    if (!(v->real >= least && v->real <= most))
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is %g, expected %g to %g", where, key, v->real,
                         least, most);
    *out = v->real;
    return HEFT_OK;
}

/* Refuse what nothing has asked for: a profile is wholly understood, or not used. */
static heft_status all_read(const heft_value *o, const char *where, heft_error *err)
{
    for (const heft_value *v = o->child; v; v = v->next)
        if (!v->read)
            return heft_fail(err, HEFT_E_FORMAT, "%s: unknown key %s", where,
                             heft_show(v->key).text);
    return HEFT_OK;
}

static heft_status take_format(const heft_value *v, const char *path, heft_format_speed *s,
                               heft_error *err)
{
    char where[512];
    (void)snprintf(where, sizeof where, "%s: %s", path, s->name);
    if (v->kind != HEFT_V_OBJECT) return missing(path, s->name, v, "an object", err);
    heft_status st = take_speed(v, where, "bytes", &s->bytes, err);
    if (!st) st = take_speed(v, where, "macs", &s->macs, err);
    return st ? st : all_read(v, where, err);
}

static heft_status take_formats(const heft_value *o, const char *path, heft_machine *m,
                                heft_error *err)
{
    const heft_value *all = heft_value_get(o, "formats");
    if (!all || all->kind != HEFT_V_OBJECT) return missing(path, "formats", all, "an object", err);
    for (int32_t t = 0; t < HEFT_DTYPES; t++) {
        const heft_value *v = heft_value_get(all, heft_dtypes[t].name);
        if (!v) continue;
        heft_format_speed *s = &m->format[m->n_formats++];
        (void)snprintf(s->name, sizeof s->name, "%s", heft_dtypes[t].name);
        heft_status st = take_format(v, path, s, err);
        if (st) return st;
    }
    return all_read(all, path, err);
}

static heft_status take_caches(const heft_value *o, const char *path, heft_machine *m,
                               heft_error *err)
{
    const heft_value *all = heft_value_get(o, "caches");
    if (!all || all->kind != HEFT_V_OBJECT) return missing(path, "caches", all, "an object", err);
    for (int32_t i = 0; i < HEFT_CACHE_TYPES; i++) {
        const char *name = heft_dtypes[heft_cache_dtype((heft_cache_type)i)].name;
        const heft_value *v = heft_value_get(all, name);
        if (!v) return missing(path, name, v, "an object", err);
        (void)snprintf(m->cache[i].name, sizeof m->cache[i].name, "%s", name);
        heft_status st = take_format(v, path, &m->cache[i], err);
        if (st) return st;
    }
    return all_read(all, path, err);
}

static heft_status take_machine(const heft_value *o, const char *path, heft_machine *m,
                                heft_error *err)
{
    int32_t version;
    if (o->kind != HEFT_V_OBJECT) return missing(path, "the profile", o, "an object", err);
    heft_status st = take_int(o, path, "version", VERSION, &version, err);
    if (!st) st = take_text(o, path, "processor", m->processor, sizeof m->processor, err);
    if (!st) st = take_text(o, path, "isa", m->isa, sizeof m->isa, err);
    if (!st) st = take_int(o, path, "threads", HEFT_MAX_THREADS, &m->threads, err);
    if (!st) st = take_speed(o, path, "read", &m->read, err);
    if (!st) st = take_formats(o, path, m, err);
    if (!st) st = take_caches(o, path, m, err);
    return st ? st : all_read(o, path, err);
}

heft_status heft_machine_load(const char *path, heft_machine *out, heft_error *err)
{
    heft_arena arena = { 0 };
    heft_machine m = { 0 };
    heft_value *tree;
    char *text;
    size_t n;
    _Static_assert((int)HEFT_DTYPES <= (int)HEFT_MACHINE_FORMATS, "a speed for every format");
    heft_status st = heft_read_file(path, MOST_BYTES, &text, &n, err);
    if (st) return st;
    st = heft_json_tree(&arena, text, n, 0, path, &tree, err);
    if (!st) st = take_machine(tree, path, &m, err);
    if (!st) *out = m;
    heft_arena_clear(&arena);
    heft_free(text);
    return st;
}

/* A source: a thing with named tensors and metadata. */
#include "format/source.h"
#include "format/container.h"

#include "base/system.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- under construction ----------------------------------------------- */

heft_status heft_source_files(heft_source *s, int32_t n, heft_error *err)
{
    s->file = heft_arena_alloc(&s->arena, (size_t)n, sizeof *s->file);
    return s->file ? HEFT_OK : heft_nomem(err, "the list of files");
}

/* Bytes of the tensor's numbers, which must be few enough to count. */
static heft_status size_of(heft_tensor *t, heft_error *err)
{
    uint64_t n = 1;
    bool fits = true;
    for (int32_t i = 0; i < t->rank; i++)
        fits = fits && heft_mul(n, (uint64_t)t->shape[i], &n) && n <= INT64_MAX;
    if (fits && heft_dtype_bytes(t->dtype, (int64_t)n, &t->bytes)) return HEFT_OK;
    const heft_dtype_info *d = &heft_dtypes[t->dtype];
    heft_shape_text shape = heft_show_shape(t->shape, t->rank);
    if (fits && n % (uint64_t)d->block)
        return heft_fail(err, HEFT_E_FORMAT, "%s of %s is not a multiple of %d numbers", shape.text,
                         d->name, d->block);
    return heft_fail(err, HEFT_E_FORMAT, "%s of %s is more than can be counted", shape.text,
                     d->name);
}

heft_status heft_source_expect(heft_source *s, int64_t n, heft_error *err)
{
    if (n > HEFT_MAX_TENSORS) n = HEFT_MAX_TENSORS;
    if (n <= s->room) return HEFT_OK;
    heft_tensor *more = heft_realloc(s->tensor, (size_t)n * sizeof *more);
    if (!more) return heft_nomem(err, "the list of tensors");
    s->tensor = more;
    s->room = n;
    return HEFT_OK;
}

heft_status heft_source_add(heft_source *s, heft_tensor t, heft_tensor **out, heft_error *err)
{
    if (t.name.n == 0 || t.name.n > HEFT_MAX_NAME)
        return heft_fail(err, HEFT_E_FORMAT, "its name has %zu bytes, expected 1 to %d", t.name.n,
                         HEFT_MAX_NAME);
    if (memchr(t.name.p, 0, t.name.n) || !heft_utf8_valid(t.name))
        return heft_fail(err, HEFT_E_FORMAT, "its name has a NUL or is not UTF-8");
    if (s->n_tensors == HEFT_MAX_TENSORS)
        return heft_fail(err, HEFT_E_FORMAT, "is one more than %d tensors", HEFT_MAX_TENSORS);
    heft_status st = size_of(&t, err);
    if (st) return st;
    if (s->n_tensors == s->room) st = heft_source_expect(s, s->room ? 2 * s->room : 256, err);
    if (st) return st;
    *out = &s->tensor[s->n_tensors++];
    **out = t;
    return HEFT_OK;
}

/* The tensor of the name, whose hash is known, or NULL. */
static const heft_tensor *named(const heft_source *s, uint64_t hash, heft_str name)
{
    const heft_names *names = &s->names;
    for (uint32_t i = names->first[hash & names->mask]; i; i = names->of[i - 1].next) {
        const heft_tensor *t = &s->tensor[i - 1];
        if (names->of[i - 1].tag == (uint32_t)(hash >> 29) && heft_str_eq(t->name, name)) return t;
    }
    return NULL;
}

static heft_status refuse_twice(const heft_source *s, const heft_tensor *a, const heft_tensor *b,
                                heft_error *err)
{
    heft_shown name = heft_show(a->name), file = heft_show_z(s->file[a->file].path);
    if (a->file == b->file)
        return heft_fail(err, HEFT_E_FORMAT, "%s: tensor %s occurs twice", file.text, name.text);
    return heft_fail(err, HEFT_E_FORMAT, "%s: tensor %s is also in %s", file.text, name.text,
                     heft_show_z(s->file[b->file].path).text);
}

heft_status heft_source_seal(heft_source *s, heft_error *err)
{
    heft_names *names = &s->names;
    uint32_t size = 1;
    while (size < s->n_tensors)
        size *= 2;
    *names = (heft_names){ .key = heft_secret(), .mask = size - 1 };
    names->first = heft_alloc(size, sizeof *names->first);
    names->of = heft_alloc((size_t)s->n_tensors, sizeof *names->of);
    if (!names->first || !names->of) return heft_nomem(err, "the list of tensors");
    for (int64_t i = 0; i < s->n_tensors; i++) {
        const heft_tensor *t = &s->tensor[i];
        const uint64_t hash = heft_str_hash_keyed(t->name, names->key);
        const heft_tensor *same = named(s, hash, t->name);
        if (same) return refuse_twice(s, same, t, err);
        uint32_t *first = &names->first[hash & names->mask];
        names->of[i] = (heft_named){ .tag = (uint32_t)(hash >> 29), .next = *first };
        *first = (uint32_t)i + 1;
    }
    return HEFT_OK;
}

void heft_source_unseal(heft_source *s)
{
    heft_free(s->names.first);
    heft_free(s->names.of);
    s->names = (heft_names){ 0 };
}

/* ---- opened ----------------------------------------------------------- */

/* What a file that is no model file seems to be, by its first bytes. */
static const struct {
    const char *magic, *what;
    size_t n;
} strangers[] = {
    { "PK\3\4", "a zip archive, which is how PyTorch stores pickles", 4 },
    { "\x80\2", "a Python pickle", 2 },
    { "\x80\3", "a Python pickle", 2 },
    { "\x80\4", "a Python pickle", 2 },
    { "\x80\5", "a Python pickle", 2 },
    { "ggjt", "a GGML file from before GGUF", 4 },
    { "tjgg", "a GGML file from before GGUF", 4 },
    { "lmgg", "a GGML file from before GGUF", 4 },
    { "fmgg", "a GGML file from before GGUF", 4 },
};

static heft_status refuse_stranger(const char *path, const heft_map *m, heft_error *err)
{
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        if (m->size >= strangers[i].n && memcmp(m->data, strangers[i].magic, strangers[i].n) == 0)
            return heft_fail(err, HEFT_E_UNSUPPORTED,
                             "%s: is %s; heft reads safetensors and GGUF files",
                             heft_show_z(path).text, strangers[i].what);
    heft_str magic = { (const char *)m->data, m->size < 4 ? m->size : 4 };
    return heft_fail(err, HEFT_E_FORMAT,
                     "%s: is neither a .safetensors file nor does it begin with GGUF, but with %s",
                     heft_show_z(path).text, magic.n ? heft_show(magic).text : "nothing");
}

static heft_status open_file(heft_source *s, const heft_log *log, heft_error *err)
{
    heft_map m;
    heft_status st = heft_map_open(&m, s->path, err);
    if (st) return st;
    bool gguf = m.size >= 4 && memcmp(m.data, "GGUF", 4) == 0;
    bool safetensors = heft_str_ends(heft_str_of(s->path), ".safetensors");
    if (!gguf && !safetensors) st = refuse_stranger(s->path, &m, err);
    heft_map_close(&m);
    if (st) return st;
    if (gguf) return heft_gguf_open(s, s->path, log, err);
    heft_directory dir;
    const char *name;
    st = heft_directory_of(&dir, s->path, &name, err);
    return st ? st : heft_release_open(s, &dir, name, log, err);
}

static heft_status open_directory(heft_source *s, const heft_log *log, heft_error *err)
{
    heft_directory dir;
    heft_status st = heft_directory_open(&dir, s->path, err);
    return st ? st : heft_release_open(s, &dir, NULL, log, err);
}

heft_status heft_source_open(const char *path, const heft_log *log, heft_source **out,
                             heft_error *err)
{
    heft_source *s = heft_alloc(1, sizeof *s);
    if (!s) return heft_nomem(err, "a source");
    s->path = heft_arena_strdup(&s->arena, heft_str_of(path));
    heft_status st = s->path ? HEFT_OK : heft_nomem(err, "a path");
    if (!st) st = heft_is_directory(path) ? open_directory(s, log, err) : open_file(s, log, err);
    /* a file that shrank reads as zeros; what is wrong with zeros is not what is wrong */
    if (heft_source_check(s, NULL)) st = heft_source_check(s, err);
    if (st)
        heft_source_close(s);
    else
        *out = s;
    return st;
}

void heft_source_close(heft_source *s)
{
    if (!s) return;
    for (int32_t i = 0; i < s->n_files; i++)
        heft_map_close(&s->file[i]);
    heft_free(s->tensor);
    heft_source_unseal(s);
    heft_arena_clear(&s->arena);
    heft_free(s);
}

const heft_tensor *heft_source_find(const heft_source *s, heft_str name)
{
    return named(s, heft_str_hash_keyed(name, s->names.key), name);
}

heft_status heft_source_check(const heft_source *s, heft_error *err)
{
    for (int32_t i = 0; i < s->n_files; i++) {
        heft_status st = heft_map_check(&s->file[i], err);
        if (st) return st;
    }
    return HEFT_OK;
}

heft_shape_text heft_show_shape(const int64_t *shape, int32_t rank)
{
    heft_shape_text s = { "scalar" };
    size_t n = 0;
    for (int32_t i = 0; i < rank && n < sizeof s.text; i++)
        n +=
            (size_t)snprintf(s.text + n, sizeof s.text - n, "%s%" PRId64, i ? " x " : "", shape[i]);
    return s;
}

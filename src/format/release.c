/* A release as its publisher ships it: a directory with config.json and safetensors shards. */
#define _POSIX_C_SOURCE 200809L
#include "base/buf.h"
#include "format/container.h"
#include "format/json.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char index_name[] = "model.safetensors.index.json";
static const char single_name[] = "model.safetensors";

typedef enum { SAFETENSORS, PICKLE, GGUF, JSON, KINDS } kind;

static const struct {
    const char *suffix;
    kind kind;
} suffixes[] = {
    { ".safetensors", SAFETENSORS },
    { ".bin", PICKLE },
    { ".pt", PICKLE },
    { ".pth", PICKLE },
    { ".ckpt", PICKLE },
    { ".pkl", PICKLE },
    { ".gguf", GGUF },
    { ".json", JSON },
};

typedef struct {
    heft_str name;
    kind kind;
    bool read;
} entry;

/* A line of the index's weight_map. */
typedef struct {
    heft_str tensor, shard;
} line;

/* A release being opened. */
typedef struct {
    heft_source *s;
    const heft_log *log;
    const heft_directory *dir;
    heft_buf list;   /* of entry, sorted */
    heft_str *shard; /* (n_shards) file names, sorted */
    int32_t n_shards;
    char *index_text;
    heft_buf index;     /* of line; empty: there is none, or it does not matter */
    int64_t total_size; /* as it says, or -1 */
} release;

static const line *index_lines(const release *r, size_t *n)
{
    *n = r->index.n / sizeof(line);
    return (const line *)(const void *)r->index.p;
}

static entry *entries(const release *r, size_t *n)
{
    *n = r->list.n / sizeof(entry);
    return (entry *)(void *)r->list.p;
}

static int by_entry_name(const void *a, const void *b)
{
    return heft_str_cmp(((const entry *)a)->name, ((const entry *)b)->name);
}

/* Note the files whose names say something. Hidden ones are some other system's business. */
static heft_status list(release *r, heft_error *err)
{
    DIR *dir = opendir(r->dir->path);
    if (!dir)
        return heft_fail(err, HEFT_E_IO, "%s: %s", heft_show_z(r->dir->path).text, strerror(errno));
    r->list = heft_buf_of(HEFT_MAX_CONFIG_BYTES);
    for (const struct dirent *e; (e = readdir(dir));) {
        heft_str name = heft_str_of(e->d_name);
        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && e->d_name[0] != '.'; i++) {
            if (!heft_str_ends(name, suffixes[i].suffix)) continue;
            entry x = { { heft_arena_strdup(&r->s->arena, name), name.n },
                        suffixes[i].kind,
                        false };
            if (!x.name.p) r->list.failed = true;
            (void)heft_buf_add(&r->list, &x, sizeof x);
        }
    }
    (void)closedir(dir);
    size_t n;
    entry *x = entries(r, &n);
    if (n) qsort(x, n, sizeof *x, by_entry_name);
    return heft_buf_check(&r->list, "the list of files", err);
}

static entry *listed(const release *r, heft_str name)
{
    size_t n;
    entry *x = entries(r, &n), key = { .name = name };
    return n ? bsearch(&key, x, n, sizeof *x, by_entry_name) : NULL;
}

/* How many files of a kind are there that nobody reads, and the first of them. Adapters are no
 * part of a model and are not counted. */
static size_t unread(const release *r, kind k, heft_str *first)
{
    size_t n, count = 0;
    const entry *x = entries(r, &n);
    for (size_t i = 0; i < n; i++) {
        if (x[i].kind != k || x[i].read || heft_str_begins(x[i].name, "adapter_model.")) continue;
        if (count++ == 0) *first = x[i].name;
    }
    return count;
}

/* ---- JSON files of a release ------------------------------------------ */

/* A JSON file as a tree in the source's arena; it must hold an object. */
static heft_status read_json(release *r, const char *name, const heft_value **out, heft_error *err)
{
    char path[4096], *text = NULL, *kept;
    size_t n;
    heft_value *v;
    heft_status st = heft_directory_file(r->dir, heft_str_of(name), path, sizeof path, err);
    if (!st) st = heft_read_file(path, HEFT_MAX_CONFIG_BYTES, &text, &n, err);
    if (st) return st;
    kept = heft_arena_strdup(&r->s->arena, (heft_str){ text, n });
    heft_free(text);
    if (!kept) return heft_nomem(err, name);
    st = heft_json_tree(&r->s->arena, kept, n, HEFT_JSON_PYTHON, path, &v, err);
    if (st) return st;
    if (v->kind != HEFT_V_OBJECT)
        return heft_fail(err, HEFT_E_FORMAT, "%s: is %s, expected an object",
                         heft_show_z(path).text, heft_value_kind_name(v->kind));
    *out = v;
    return HEFT_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return heft_str_cmp(*(const heft_str *)a, *(const heft_str *)b);
}

/* ---- the index, which has a line for every tensor ---------------------- */

/* The object under weight_map, its key just read: tensors and their files, into r->index. */
static heft_status read_weight_map(release *r, heft_json *j, const char *path, heft_error *err)
{
    line x = { 0 };
    heft_json_event event = heft_json_next(j);
    if (event == HEFT_J_ERROR) return heft_json_fail(j, path, NULL, err);
    if (event != HEFT_J_BEGIN_OBJECT)
        return heft_fail(err, HEFT_E_FORMAT, "%s: weight_map is not an object",
                         heft_show_z(path).text);
    while ((event = heft_json_next(j)) == HEFT_J_KEY) {
        x.tensor = j->str;
        event = heft_json_next(j);
        if (event == HEFT_J_ERROR) break;
        if (event != HEFT_J_STRING)
            return heft_fail(err, HEFT_E_FORMAT, "%s: the shard of %s is not a string",
                             heft_show_z(path).text, heft_show(x.tensor).text);
        if (r->index.n == r->index.max)
            return heft_fail(err, HEFT_E_FORMAT, "%s: names more than %d tensors",
                             heft_show_z(path).text, HEFT_MAX_TENSORS);
        if (!heft_str_eq(x.shard, j->str)) x.shard = j->str;
        (void)heft_buf_add(&r->index, &x, sizeof x);
    }
    return event == HEFT_J_ERROR ? heft_json_fail(j, path, NULL, err)
                                 : heft_buf_check(&r->index, path, err);
}

/* The whole document. What stands beside weight_map is short and kept as values. */
static heft_status read_index_text(release *r, heft_json *j, const char *path, heft_error *err)
{
    heft_value root = { .kind = HEFT_V_OBJECT }, **end = &root.child;
    heft_status st;
    heft_json_event event = heft_json_next(j);
    if (event != HEFT_J_ERROR && event != HEFT_J_BEGIN_OBJECT)
        return heft_fail(err, HEFT_E_FORMAT, "%s: is not an object", heft_show_z(path).text);
    while (event != HEFT_J_ERROR && (event = heft_json_next(j)) == HEFT_J_KEY) {
        const heft_str key = j->str;
        if (heft_str_is(key, "weight_map")) {
            *end = heft_arena_alloc(&r->s->arena, 1, sizeof **end);
            st = *end ? read_weight_map(r, j, path, err) : heft_nomem(err, path);
        } else {
            st = heft_json_value(j, &r->s->arena, path, end, err);
        }
        if (st) return st;
        (*end)->key = key;
        end = &(*end)->next;
        root.n++;
    }
    if (event == HEFT_J_ERROR || heft_json_next(j) != HEFT_J_END)
        return heft_json_fail(j, path, NULL, err);
    const heft_value *total = heft_value_get(heft_value_get(&root, "metadata"), "total_size");
    r->total_size = total && total->kind == HEFT_V_INT ? total->n : -1;
    heft_str twice;
    st = heft_value_unique(&root, &twice, err);
    if (!st && twice.p)
        st = heft_fail(err, HEFT_E_FORMAT, "%s: the key %s occurs twice", heft_show_z(path).text,
                       heft_show(twice).text);
    return st;
}

/* The files that the index names, each once. */
static heft_status list_shards(release *r, const char *path, heft_error *err)
{
    size_t lines, n = 0, unique = 0;
    const line *x = index_lines(r, &lines);
    if (!lines)
        return heft_fail(err, HEFT_E_FORMAT, "%s: has no weight_map that names tensors",
                         heft_show_z(path).text);
    r->shard = heft_arena_alloc(&r->s->arena, lines, sizeof *r->shard);
    if (!r->shard) return heft_nomem(err, index_name);
    for (size_t i = 0; i < lines; i++)
        if (i == 0 || x[i].shard.p != x[i - 1].shard.p) r->shard[n++] = x[i].shard;
    qsort(r->shard, n, sizeof *r->shard, by_bytes);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !heft_str_eq(r->shard[i], r->shard[i - 1])) r->shard[unique++] = r->shard[i];
    if (unique > HEFT_MAX_SHARDS)
        return heft_fail(err, HEFT_E_FORMAT, "%s: names %zu shards, at most %d are read",
                         heft_show_z(path).text, unique, HEFT_MAX_SHARDS);
    r->n_shards = (int32_t)unique;
    return heft_source_expect(r->s, (int64_t)lines, err);
}

static heft_status read_index(release *r, heft_error *err)
{
    char path[4096];
    size_t n;
    heft_json j;
    heft_status st = heft_directory_file(r->dir, heft_str_of(index_name), path, sizeof path, err);
    if (!st) st = heft_read_file(path, HEFT_MAX_CONFIG_BYTES, &r->index_text, &n, err);
    if (st) return st;
    heft_json_open(&j, r->index_text, n, HEFT_JSON_PYTHON);
    (void)heft_buf_reserve(&r->index, n / 4); /* a line has some hundred bytes of text */
    st = read_index_text(r, &j, path, err);
    return st ? st : list_shards(r, path, err);
}

/* The tensor of a name. An index is mostly in the order of the files: what lies behind the tensor
 * that was found last is tried first. */
static const heft_tensor *find(const heft_source *s, const heft_tensor *last, heft_str name)
{
    const heft_tensor *next = last ? last + 1 : s->tensor;
    if (next < s->tensor + s->n_tensors && heft_str_eq(next->name, name)) return next;
    return heft_source_find(s, name);
}

/* Index and shards agree: every tensor is where the index says, and none is elsewhere. */
static heft_status check_index(const release *r, heft_error *err)
{
    const heft_source *s = r->s;
    heft_shown dir = heft_show_z(r->dir->path);
    heft_status st = HEFT_OK;
    size_t lines;
    const line *x = index_lines(r, &lines);
    uint64_t bytes = 0;
    const heft_tensor *t = NULL;
    bool *named = heft_alloc((size_t)s->n_tensors, sizeof *named);
    if (!named) return heft_nomem(err, index_name);
    for (size_t i = 0; i < lines && !st; i++) {
        t = find(s, t, x[i].tensor);
        if (!t)
            st = heft_fail(err, HEFT_E_FORMAT, "%s/%s: tensor %s is not in %s", dir.text,
                           index_name, heft_show(x[i].tensor).text, heft_show(x[i].shard).text);
        else if (named[t - s->tensor])
            st = heft_fail(err, HEFT_E_FORMAT, "%s/%s: names tensor %s twice", dir.text, index_name,
                           heft_show(x[i].tensor).text);
        else if (!heft_str_eq(x[i].shard, r->shard[t->file]))
            st = heft_fail(err, HEFT_E_FORMAT, "%s/%s: tensor %s is in %s, the index says %s",
                           dir.text, index_name, heft_show(x[i].tensor).text,
                           heft_show(r->shard[t->file]).text, heft_show(x[i].shard).text);
        else
            named[t - s->tensor] = true;
    }
    for (int64_t i = 0; i < s->n_tensors && !st; i++) {
        bytes += s->tensor[i].bytes;
        if (!named[i])
            st = heft_fail(err, HEFT_E_FORMAT, "%s/%s: does not name tensor %s of %s", dir.text,
                           index_name, heft_show(s->tensor[i].name).text,
                           heft_show(r->shard[s->tensor[i].file]).text);
    }
    heft_free(named);
    if (!st && r->total_size >= 0 && (uint64_t)r->total_size != bytes)
        heft_warn(r->log, "%s/%s: total_size is %" PRId64 ", the tensors have %" PRIu64 " bytes",
                  dir.text, index_name, r->total_size, bytes);
    return st;
}

/* ---- which files make the model --------------------------------------- */

static heft_status no_model(const release *r, heft_error *err)
{
    heft_str first = { 0 };
    heft_shown dir = heft_show_z(r->dir->path);
    if (unread(r, PICKLE, &first))
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "%s: has only pickles (%s), which heft does not read; the release may "
                         "exist as safetensors",
                         dir.text, heft_show(first).text);
    if (unread(r, GGUF, &first))
        return heft_fail(err, HEFT_E_ARG, "%s: is a directory with GGUF files; name one, as %s",
                         dir.text, heft_show(first).text);
    if (listed(r, heft_str_of("adapter_model.safetensors")))
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: holds an adapter, not a model", dir.text);
    return heft_fail(err, HEFT_E_FORMAT, "%s: has no .safetensors file", dir.text);
}

/* The one file of a model that is not sharded. */
static heft_status choose_single(release *r, const char *only, heft_error *err)
{
    heft_str first = { 0 };
    size_t n = unread(r, SAFETENSORS, &first);
    heft_str chosen = only                                  ? heft_str_of(only)
                      : listed(r, heft_str_of(single_name)) ? heft_str_of(single_name)
                                                            : first;
    if (!chosen.n) return no_model(r, err);
    if (n > 1 && !only && chosen.p == first.p)
        return heft_fail(err, HEFT_E_FORMAT,
                         "%s: has %zu .safetensors files (%s, ...) and neither %s nor %s; which is "
                         "the model? name one",
                         heft_show_z(r->dir->path).text, n, heft_show(first).text, single_name,
                         index_name);
    r->shard = heft_arena_alloc(&r->s->arena, 1, sizeof *r->shard);
    if (!r->shard) return heft_nomem(err, "the list of files");
    *r->shard = chosen;
    r->n_shards = 1;
    return HEFT_OK;
}

static bool is_shard(const release *r, heft_str name)
{
    return bsearch(&name, r->shard, (size_t)r->n_shards, sizeof name, by_bytes) != NULL;
}

static heft_status choose(release *r, const char *only, heft_error *err)
{
    if (!listed(r, heft_str_of(index_name))) return choose_single(r, only, err);
    heft_status st = read_index(r, err);
    if (st) return st;
    if (only && !is_shard(r, heft_str_of(only))) {
        r->index.n = 0;
        return choose_single(r, only, err);
    }
    heft_str single = heft_str_of(single_name);
    if (!only && listed(r, single) && !is_shard(r, single))
        return heft_fail(
            err, HEFT_E_FORMAT,
            "%s: has %s and %s, which does not name it; which is the model? name a file",
            heft_show_z(r->dir->path).text, single_name, index_name);
    return HEFT_OK;
}

static heft_status open_shards(release *r, heft_error *err)
{
    heft_source *s = r->s;
    heft_status st = heft_source_files(s, r->n_shards, err);
    for (int32_t i = 0; i < r->n_shards && !st; i++) {
        char path[4096];
        st = heft_directory_file(r->dir, r->shard[i], path, sizeof path, err);
        if (!st && !heft_str_ends(r->shard[i], ".safetensors"))
            st = heft_fail(err, HEFT_E_FORMAT, "%s: is not a .safetensors file",
                           heft_show(r->shard[i]).text);
        if (!st) st = heft_map_open(&s->file[i], path, err);
        if (st && r->index.n)
            return heft_context(err, st, "%s/%s", heft_show_z(r->dir->path).text, index_name);
        if (st) return st;
        s->n_files = i + 1;
        entry *e = listed(r, r->shard[i]);
        if (e) e->read = true;
        st = heft_safetensors_read(s, i, err);
    }
    return st ? st : heft_source_seal(s, err);
}

static void warn_unread(const release *r)
{
    static const struct {
        kind kind;
        const char *what;
    } row[] = { { PICKLE, "pickles are not read" },
                { SAFETENSORS, "safetensors files are no part of the model and are not read" } };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_str first;
        size_t n = unread(r, row[i].kind, &first);
        if (n)
            heft_warn(r->log, "%s: %zu %s: %s%s", heft_show_z(r->dir->path).text, n, row[i].what,
                      heft_show(first).text, n > 1 ? ", ..." : "");
    }
}

heft_status heft_release_open(heft_source *s, const heft_directory *dir, const char *only,
                              const heft_log *log, heft_error *err)
{
    release r = { .s = s, .log = log, .dir = dir, .total_size = -1 };
    r.index = heft_buf_of((size_t)HEFT_MAX_TENSORS * sizeof(line));
    s->container = HEFT_SAFETENSORS;
    heft_status st = list(&r, err);
    if (!st) st = choose(&r, only, err);
    if (!st && !listed(&r, heft_str_of("config.json")))
        st = heft_fail(err, HEFT_E_FORMAT, "%s: has no config.json, which says what the model is",
                       heft_show_z(r.dir->path).text);
    if (!st) st = read_json(&r, "config.json", &s->config, err);
    if (!st && listed(&r, heft_str_of("generation_config.json")))
        st = read_json(&r, "generation_config.json", &s->generation, err);
    if (!st) st = open_shards(&r, err);
    if (!st && r.index.n) st = check_index(&r, err);
    if (!st && !only) warn_unread(&r);
    heft_buf_free(&r.list);
    heft_buf_free(&r.index);
    heft_free(r.index_text);
    return st;
}

/* A GGUF model in one file or in a split set.
 *
 * Source: llama.cpp, tools/gguf-split: parts are named NAME-00001-of-00003.gguf; each says
 * split.no (from 0) and split.count, the first holds the metadata and split.tensors.count. */
#include "format/container.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where a path stands in a set. */
typedef struct {
    heft_str name; /* file name up to the numbers */
    int32_t no, count;
} place;

enum { TAIL = sizeof "-00001-of-00003.gguf" - 1 };

/* A number of five digits at p, or -1. */
static int32_t five(const char *p)
{
    int32_t v = 0;
    for (int i = 0; i < 5; i++) {
        if (p[i] < '0' || p[i] > '9') return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

/* One file is a set of one. */
static place place_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    heft_str file = heft_str_of(slash ? slash + 1 : path);
    place alone = { .name = file, .no = 1, .count = 1 };
    if (file.n < TAIL) return alone;
    const char *tail = file.p + file.n - TAIL;
    place p = { { file.p, file.n - TAIL }, five(tail + 1), five(tail + 10) };
    bool split = tail[0] == '-' && memcmp(tail + 6, "-of-", 4) == 0
                 && memcmp(tail + 15, ".gguf", 5) == 0 && p.no >= 1 && p.no <= p.count;
    return split && p.count > 1 ? p : alone;
}

static int64_t integer(const heft_value *metadata, const char *key, int64_t otherwise)
{
    const heft_value *v = heft_value_get(metadata, key);
    return v && v->kind == HEFT_V_INT ? v->n : otherwise;
}

/* Part i of the set says that it is. */
static heft_status check_part(const heft_source *s, int32_t i, int32_t count,
                              const heft_value *metadata, const heft_log *log, heft_error *err)
{
    const char *path = s->file[i].path;
    int64_t says = integer(metadata, "split.count", 1), no = integer(metadata, "split.no", 0);
    if (count == 1 && says > 1)
        return heft_fail(err, HEFT_E_FORMAT,
                         "%s: split.count is %" PRId64 ", but the file is not named "
                         "NAME-00001-of-%05" PRId64 ".gguf, so its other parts cannot be found",
                         heft_show_z(path).text, says, says);
    if (says != count || no != i)
        return heft_fail(err, HEFT_E_FORMAT,
                         "%s: split.no is %" PRId64 " and split.count %" PRId64
                         ", expected %d and %d",
                         heft_show_z(path).text, no, says, i, count);
    for (const heft_value *v = i ? metadata->child : NULL; v; v = v->next) {
        if (heft_str_begins(v->key, "split.") || heft_str_is(v->key, "general.alignment")) continue;
        heft_warn(log, "%s: metadata %s is not read, only that of the first part",
                  heft_show_z(path).text, heft_show(v->key).text);
        break;
    }
    return HEFT_OK;
}

static heft_status open_part(heft_source *s, const char *path, const heft_directory *dir,
                             const place *p, int32_t i, heft_error *err)
{
    char name[512], other[4096];
    if (i != p->no - 1) {
        int n = snprintf(name, sizeof name, "%.*s-%05d-of-%05d.gguf", (int)p->name.n, p->name.p,
                         i + 1, p->count);
        heft_str file = { name, (size_t)n < sizeof name ? (size_t)n : sizeof name - 1 };
        heft_status st = heft_directory_file(dir, file, other, sizeof other, err);
        if (st)
            return heft_context(err, st, "%s: part %d of %d", heft_show_z(path).text, i + 1,
                                p->count);
        path = other;
    }
    heft_status st = heft_map_open(&s->file[i], path, err);
    if (!st) s->n_files = i + 1;
    return st;
}

heft_status heft_gguf_open(heft_source *s, const char *path, const heft_log *log, heft_error *err)
{
    place p = place_of(path);
    heft_directory dir;
    s->container = HEFT_GGUF;
    if (p.count > HEFT_MAX_SHARDS)
        return heft_fail(err, HEFT_E_FORMAT, "%s: is one of %d parts, at most %d are read",
                         heft_show_z(path).text, p.count, HEFT_MAX_SHARDS);
    heft_status st = heft_source_files(s, p.count, err);
    if (!st && p.count > 1) st = heft_directory_of(&dir, path, NULL, err);
    for (int32_t i = 0; i < p.count && !st; i++) {
        heft_value *metadata;
        st = open_part(s, path, &dir, &p, i, err);
        if (!st) st = heft_gguf_read(s, i, log, &metadata, err);
        if (!st) st = check_part(s, i, p.count, metadata, log, err);
        if (!st && i == 0) s->config = metadata;
    }
    if (st) return st;
    int64_t total = integer(s->config, "split.tensors.count", p.count > 1 ? -1 : s->n_tensors);
    if (total != s->n_tensors)
        return heft_fail(err, HEFT_E_FORMAT,
                         "%s: split.tensors.count is %" PRId64 ", the parts have %" PRId64
                         " tensors",
                         heft_show_z(s->file[0].path).text, total, s->n_tensors);
    return heft_source_seal(s, err);
}

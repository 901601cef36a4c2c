/* How long opening the largest releases takes, beside parsing the JSON that they consist of.
 *
 *     bench_open tests/real/Kimi-K2-Instruct.json [N]
 *
 * The argument is a release as tests/real has it. It is written as its publisher ships it: matrices
 * in FP8 with a tensor of scales for each block of 128 x 128, every expert by its own names, a
 * shard for each layer, an index; all of it a hole on the disk. Then, N times in turn (11): the
 * model is opened as `heft run` does; the same config.json, index and headers are read by heft's
 * reader of JSON, event by event; and by jansson. Files are in the page cache; medians are printed.
 */
#define _POSIX_C_SOURCE 200809L
#include "heft.h"
#include "scratch.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/system.h"
#include "format/json.h"
#include "format/source.h"
#include "format/write.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 101, BLOCK = 128, RUNS = 4 };

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

_Noreturn static void quit(const char *what)
{
    (void)fprintf(stderr, "bench_open: %s\n", what);
    exit(1);
}

static void must(heft_status st, const heft_error *err)
{
    if (st) quit(err->text);
}

/* ---- the release --------------------------------------------------------- */

typedef struct {
    char at[HEFT_SCRATCH_PATH];
    heft_arena arena;
    const heft_value *tree;
    heft_buf shard; /* of heft_write_tensor: the one being filled */
    heft_buf index;
    int32_t shards;
    int64_t tensors;
} maker;

static void add(maker *m, const char *name, heft_dtype dtype, const int64_t *shape, int32_t rank)
{
    heft_write_tensor t = { .dtype = dtype, .rank = rank };
    t.name = heft_arena_strdup(&m->arena, heft_str_of(name));
    if (!t.name) quit("out of memory");
    memcpy(t.shape, shape, (size_t)rank * sizeof *shape);
    (void)heft_buf_add(&m->shard, &t, sizeof t);
    heft_json_key(&m->index, name);
    (void)heft_buf_printf(&m->index, "\"model-%05d.safetensors\"", (int)m->shards);
    m->tensors++;
}

/* A row's tensor of a layer and an expert, and its scales where it is a matrix of the layers. */
static void add_row(maker *m, const heft_value *row, int64_t layer, int64_t expert)
{
    const heft_value *of = heft_value_get(row, "shape");
    const heft_str pattern = heft_value_get(row, "name")->str;
    const int32_t rank = (int32_t)of->n;
    int64_t shape[2] = { 0 };
    heft_buf name = heft_buf_of(HEFT_MAX_NAME);
    if (rank > 2) quit("a tensor of more than two dimensions");
    for (int32_t i = 0; i < rank; i++)
        shape[i] = heft_value_at(of, i)->n;
    for (size_t i = 0; i < pattern.n; i++) {
        const bool hole = pattern.p[i] == '{', of_expert = hole && pattern.p[i + 1] == 'e';
        if (hole)
            (void)heft_buf_printf(&name, "%lld", (long long)(of_expert ? expert : layer));
        else
            (void)heft_buf_add(&name, &pattern.p[i], 1);
        if (hole) i += of_expert ? 2 : 1;
    }
    (void)heft_buf_add(&name, "", 1);
    if (name.failed) quit("out of memory");
    const bool scaled =
        heft_str_ends(pattern, "_proj.weight") || heft_str_ends(pattern, "_proj_with_mqa.weight");
    add(m, name.p, scaled ? HEFT_F8_E4M3 : HEFT_BF16, shape, rank);
    if (scaled) {
        name.n--;
        (void)heft_buf_add(&name, "_scale_inv", sizeof "_scale_inv");
        for (int32_t i = 0; i < rank; i++)
            shape[i] = (shape[i] + BLOCK - 1) / BLOCK;
        add(m, name.p, HEFT_F32, shape, rank);
    }
    heft_buf_free(&name);
}

/* Does the row have the layer? -1: what is in none. */
static bool has(const heft_value *row, int64_t layer)
{
    const heft_value *layers = heft_value_get(row, "layers");
    if (!layers) return layer < 0;
    for (const heft_value *part = layers->child; part; part = part->next)
        if (layer >= heft_value_at(part, 0)->n && layer < heft_value_at(part, 1)->n) return true;
    return false;
}

static void write_shard(maker *m)
{
    char name[64], path[HEFT_SCRATCH_PATH + 64];
    heft_error err = { 0 };
    (void)snprintf(name, sizeof name, "model-%05d.safetensors", (int)m->shards++);
    heft_scratch_file(m->at, name, path, sizeof path);
    must(heft_safetensors_write(path, (const heft_write_tensor *)(void *)m->shard.p,
                                (int64_t)(m->shard.n / sizeof(heft_write_tensor)), NULL, 0, 0,
                                &err),
         &err);
    m->shard.n = 0;
}

static void write_text(const maker *m, const char *name, const heft_buf *b)
{
    char path[HEFT_SCRATCH_PATH + 64];
    heft_scratch_file(m->at, name, path, sizeof path);
    FILE *f = b->failed ? NULL : fopen(path, "wb");
    if (!f || fwrite(b->p, 1, b->n, f) != b->n || fclose(f)) quit("a file cannot be written");
}

/* config.json: the line of the release's file, and how it is quantised. */
static void write_config(const maker *m, const char *text)
{
    static const char key[] = "\n \"config\": {";
    const char *from = strstr(text, key), *to = from ? strchr(from + 1, '\n') : NULL;
    if (!to || to[-1] != ',') quit("the release has no line with its config");
    heft_buf b = heft_buf_of(HEFT_MAX_CONFIG_BYTES);
    (void)heft_buf_z(&b, "{\"quantization_config\": {\"activation_scheme\": \"dynamic\", "
                         "\"fmt\": \"e4m3\", \"quant_method\": \"fp8\", "
                         "\"weight_block_size\": [128, 128]}, ");
    from += sizeof key - 1;
    (void)heft_buf_add(&b, from, (size_t)(to - 1 - from));
    write_text(m, "config.json", &b);
    heft_buf_free(&b);
}

static void make(maker *m, const char *release)
{
    heft_error err = { 0 };
    heft_value *tree = NULL;
    char *text;
    size_t n;
    must(heft_read_file(release, HEFT_MAX_CONFIG_BYTES, &text, &n, &err), &err);
    write_config(m, text);
    must(heft_json_tree(&m->arena, text, n, HEFT_JSON_PYTHON, release, &tree, &err), &err);
    m->shard = m->index = heft_buf_of(HEFT_MAX_HEADER_BYTES);
    heft_json_begin(&m->index, '{');
    heft_json_key(&m->index, "weight_map");
    heft_json_begin(&m->index, '{');
    const heft_value *config = heft_value_get(tree, "config");
    const heft_value *layers = heft_value_get(config, "num_hidden_layers");
    if (!layers) quit("the config has no num_hidden_layers");
    for (int64_t l = -1; l < layers->n; l++) {
        for (const heft_value *r = heft_value_get(tree, "tensors")->child; r; r = r->next) {
            const heft_value *experts = heft_value_get(r, "experts");
            for (int64_t e = 0; has(r, l) && e < (experts ? experts->n : 1); e++)
                add_row(m, r, l, e);
        }
        write_shard(m);
    }
    heft_json_end(&m->index, '}');
    heft_json_end(&m->index, '}');
    write_text(m, "model.safetensors.index.json", &m->index);
    heft_free(text);
}

/* ---- what is timed ------------------------------------------------------- */

typedef struct {
    heft_str *text; /* config, index, headers */
    int32_t n;
    size_t bytes;
} texts;

static void keep(texts *all, const char *at, const char *name, bool header)
{
    char path[HEFT_SCRATCH_PATH + 64];
    heft_error err = { 0 };
    heft_map map;
    uint64_t length = 0;
    heft_scratch_file(at, name, path, sizeof path);
    must(heft_map_open(&map, path, &err), &err);
    for (size_t i = 0; header && i < 8; i++)
        length |= (uint64_t)map.data[i] << 8 * i;
    const size_t n = header ? (size_t)length : map.size;
    char *copy = heft_alloc(n, 1);
    if (!copy) quit("out of memory");
    memcpy(copy, map.data + (header ? 8 : 0), n);
    all->text[all->n++] = (heft_str){ copy, n };
    all->bytes += n;
    heft_map_close(&map);
}

static double open_model(const maker *m, const texts *all)
{
    (void)all;
    heft_error err = { 0 };
    heft_model *model;
    const double begin = heft_seconds();
    must(heft_model_open(m->at, NULL, &model, &err), &err);
    const double took = heft_seconds() - begin;
    heft_model_close(model);
    return took;
}

static double open_source(const maker *m, const texts *all)
{
    (void)all;
    heft_error err = { 0 };
    heft_source *source;
    const double begin = heft_seconds();
    must(heft_source_open(m->at, NULL, &source, &err), &err);
    const double took = heft_seconds() - begin;
    heft_source_close(source);
    return took;
}

static double own_reader(const maker *m, const texts *all)
{
    (void)m;
    const double begin = heft_seconds();
    for (int32_t i = 0; i < all->n; i++) {
        heft_json j;
        heft_json_event e;
        char *copy = heft_alloc(all->text[i].n, 1); /* the reader writes */
        if (!copy) quit("out of memory");
        memcpy(copy, all->text[i].p, all->text[i].n);
        heft_json_open(&j, copy, all->text[i].n, 0);
        do
            e = heft_json_next(&j);
        while (e != HEFT_J_END && e != HEFT_J_ERROR);
        if (e == HEFT_J_ERROR) quit(j.wrong);
        heft_free(copy);
    }
    return heft_seconds() - begin;
}

static double by_jansson(const maker *m, const texts *all)
{
    (void)m;
    double took = 0;
    for (int32_t i = 0; i < all->n; i++) {
        json_error_t wrong;
        const double begin = heft_seconds();
        json_t *j = json_loadb(all->text[i].p, all->text[i].n, JSON_REJECT_DUPLICATES, &wrong);
        took += heft_seconds() - begin;
        if (!j) quit(wrong.text);
        json_decref(j);
    }
    return took;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        double (*run)(const maker *, const texts *);
    } row[RUNS] = { { "open the model", open_model },
                    { "open its files", open_source },
                    { "JSON, heft", own_reader },
                    { "JSON, jansson", by_jansson } };
    const int32_t n = argc > 2 ? (int32_t)strtol(argv[2], NULL, 10) : 11;
    if (argc < 2 || n < 1 || n > MOST) {
        (void)fprintf(stderr, "usage: bench_open RELEASE.json [N]\n");
        return 2;
    }
    static double took[RUNS][MOST];
    maker m = { 0 };
    heft_scratch_open(m.at);
    make(&m, argv[1]);
    texts all = { .text = heft_alloc((size_t)m.shards + 2, sizeof *all.text) };
    if (!all.text) quit("out of memory");
    keep(&all, m.at, "config.json", false);
    keep(&all, m.at, "model.safetensors.index.json", false);
    for (int32_t i = 0; i < m.shards; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "model-%05d.safetensors", (int)i);
        keep(&all, m.at, name, true);
    }
    for (int32_t i = 0; i < n; i++)
        for (int32_t k = 0; k < RUNS; k++)
            took[k][i] = row[k].run(&m, &all);
    heft_scratch_close(m.at);
    (void)printf("%lld tensors in %d files, %.1f MB of JSON\n", (long long)m.tensors, (int)m.shards,
                 1e-6 * (double)all.bytes);
    for (int32_t k = 0; k < RUNS; k++) {
        qsort(took[k], (size_t)n, sizeof(double), ascending);
        (void)printf("%-16s %8.1f ms\n", row[k].name, 1e3 * took[k][n / 2]);
    }
    const double own = took[2][n / 2], other = took[3][n / 2], faster = own < other ? own : other;
    (void)printf("%-16s %8.2f\n", "open / faster", took[0][n / 2] / faster);
    for (int32_t i = 0; i < all.n; i++)
        heft_free((void *)(uintptr_t)all.text[i].p);
    heft_free(all.text);
    heft_buf_free(&m.shard);
    heft_buf_free(&m.index);
    heft_arena_clear(&m.arena);
    return 0;
}

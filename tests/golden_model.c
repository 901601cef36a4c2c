/* Golden models: read from tests/golden, and written as releases and GGUF files. */
#define _POSIX_C_SOURCE 200809L
#include "golden_model.h"

#include "base/buf.h"
#include "format/json.h"
#include "format/write.h"

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the weights -------------------------------------------------------- */

/* Not heft_str_hash: that one may change, these weights may not. */
uint64_t heft_golden_hash(const void *data, size_t n)
{
    const uint8_t *byte = data;
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ byte[i]) * UINT64_C(0x100000001B3);
    return h;
}

/* The finaliser of splitmix64 (Steele, Lea and Flood, 2014; Vigna's constants). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static uint64_t draw(uint64_t base, uint64_t i)
{
    return mix(base + (i + 1) * UINT64_C(0x9E3779B97F4A7C15));
}

/* Uniform in -R .. R; without an offset one element of every 32 is +-R = +-127, so that a Q8_0
 * block has the scale 2^-exponent and loses nothing. */
void heft_golden_grid(const heft_golden *g, const heft_golden_tensor *t, int8_t *q)
{
    const uint64_t base = heft_golden_hash(t->name, strlen(t->name)) ^ mix(g->seed);
    const bool peaks = t->offset == 0;
    const uint64_t reach = peaks ? 127 : 63;
    for (int64_t i = 0; i < t->n; i++) {
        const uint64_t number = (draw(base, (uint64_t)i) >> 32) * (2 * reach + 1) >> 32;
        q[i] = (int8_t)((int64_t)number - (int64_t)reach);
    }
    for (int64_t i = 0; peaks && i < t->n; i += 32) {
        const uint64_t p = draw(base, (uint64_t)i / 32 + (UINT64_C(1) << 32));
        const int64_t at = i + (int64_t)(p & 31);
        if (at < t->n) q[at] = p & 32 ? -127 : 127;
    }
}

void heft_golden_values(const heft_golden *g, const heft_golden_tensor *t, float *value)
{
    /* The integers go to the end of the same memory: value i is written after q i was read. */
    int8_t *q = (int8_t *)value + 3 * t->n;
    heft_golden_grid(g, t, q);
    for (int64_t i = 0; i < t->n; i++)
        value[i] = heft_golden_value(t, q[i]);
}

/* ---- reading ------------------------------------------------------------ */

/* The member of that kind; fails by name. */
static heft_status member(const heft_value *o, const char *key, heft_value_kind kind,
                          const heft_value **out, heft_error *err)
{
    const heft_value *v = heft_value_get(o, key);
    if (!v) return heft_fail(err, HEFT_E_FORMAT, "key %s is missing", key);
    if (v->kind != kind)
        return heft_fail(err, HEFT_E_FORMAT, "key %s is %s, expected %s", key,
                         heft_value_kind_name(v->kind), heft_value_kind_name(kind));
    *out = v;
    return HEFT_OK;
}

static heft_status read_integer(const heft_value *o, const char *key, int32_t *out, heft_error *err)
{
    const heft_value *v = NULL;
    const heft_status st = member(o, key, HEFT_V_INT, &v, err);
    if (st) return st;
    if (v->n < 0 || v->n > INT32_MAX)
        return heft_fail(err, HEFT_E_FORMAT, "key %s is %" PRId64 ", out of range", key, v->n);
    *out = (int32_t)v->n;
    return HEFT_OK;
}

/* A list of integers that are zero or more. */
static heft_status read_integers(heft_golden *g, const heft_value *o, const char *key,
                                 const int32_t **out, int32_t *n, heft_error *err)
{
    const heft_value *list = NULL;
    const heft_status st = member(o, key, HEFT_V_ARRAY, &list, err);
    if (st) return st;
    int32_t *number = heft_arena_alloc(&g->arena, (size_t)list->n, sizeof *number);
    if (!number) return heft_nomem(err, "a golden");
    int32_t i = 0;
    for (const heft_value *v = list->child; v; v = v->next) {
        if (v->kind != HEFT_V_INT || v->n < 0 || v->n > INT32_MAX)
            return heft_fail(err, HEFT_E_FORMAT, "key %s: element %d is not a token or a row", key,
                             i);
        number[i++] = (int32_t)v->n;
    }
    *out = number;
    *n = i;
    return HEFT_OK;
}

static heft_status read_string(heft_golden *g, const heft_value *o, const char *key,
                               const char **out, heft_error *err)
{
    const heft_value *v = NULL;
    const heft_status st = member(o, key, HEFT_V_STRING, &v, err);
    if (st) return st;
    *out = heft_arena_strdup(&g->arena, v->str);
    return *out ? HEFT_OK : heft_nomem(err, "a golden");
}

static heft_status read_shape(const heft_value *row, heft_golden_tensor *t, heft_error *err)
{
    const heft_value *shape = NULL;
    const heft_status st = member(row, "shape", HEFT_V_ARRAY, &shape, err);
    if (st) return st;
    if (shape->n < 1 || shape->n > 3)
        return heft_fail(err, HEFT_E_FORMAT, "shape has %" PRId64 " dimensions", shape->n);
    t->rank = (int32_t)shape->n;
    t->n = 1;
    for (int32_t i = 0; i < t->rank; i++) {
        const heft_value *v = heft_value_at(shape, i);
        if (v->kind != HEFT_V_INT || v->n < 1 || v->n > HEFT_MAX_WIDTH)
            return heft_fail(err, HEFT_E_FORMAT, "dimension %d of shape is out of range", i);
        t->shape[i] = v->n;
        t->n *= v->n;
    }
    return HEFT_OK;
}

static heft_status read_runs(heft_golden *g, const heft_value *row, const char *key,
                             struct heft_golden_runs *out, heft_error *err)
{
    if (!heft_value_get(row, key)) return HEFT_OK;
    return read_integers(g, row, key, &out->run, &out->n, err);
}

static heft_status read_tensor(heft_golden *g, const heft_value *row, heft_golden_tensor *t,
                               heft_error *err)
{
    heft_status st = read_string(g, row, "name", &t->name, err);
    if (!st) st = read_shape(row, t, err);
    if (!st) st = read_integer(row, "exponent", &t->exponent, err);
    if (!st && heft_value_get(row, "permuted"))
        st = read_integer(row, "permuted", &t->permuted, err);
    if (!st && heft_value_get(row, "gguf")) st = read_string(g, row, "gguf", &t->gguf, err);
    struct heft_golden_runs fused = { 0 };
    if (!st) st = read_runs(g, row, "fused", &fused, err);
    if (fused.n == 2) memcpy(t->fused, fused.run, sizeof t->fused);
    if (!st) st = read_runs(g, row, "rows", &t->rows, err);
    if (!st) st = read_runs(g, row, "rows_up", &t->rows_up, err);
    if (!st) st = read_runs(g, row, "cols", &t->cols, err);
    t->minus_exp = heft_value_get(row, "minus_exp") != NULL;
    if (!st && heft_value_get(row, "gguf_up"))
        st = read_string(g, row, "gguf_up", &t->gguf_up, err);
    t->alternate = heft_value_get(row, "alternate") != NULL;
    const heft_value *heads = heft_value_get(row, "heads");
    t->heads = heads ? (int32_t)heads->n : 0;
    t->transposed = heft_value_get(row, "transposed") != NULL;
    t->plain = heft_value_get(row, "plain") != NULL;
    if (!st && heft_value_get(row, "below")) st = read_integer(row, "below", &t->below, err);
    if (!st && t->below && t->rank != 2)
        st = heft_fail(err, HEFT_E_FORMAT, "a table of integers has %d dimensions", t->rank);
    const char *hash = NULL;
    if (!st) st = read_string(g, row, "hash", &hash, err);
    if (st) return st;
    const heft_value *offset = heft_value_get(row, "offset"), *plus = heft_value_get(row, "plus");
    t->offset = offset ? (float)offset->real : 0;
    t->plus = plus ? (float)plus->real : 0;
    t->hash = strtoull(hash, NULL, 16);
    return HEFT_OK;
}

static heft_status read_tensors(heft_golden *g, const heft_value *root, heft_error *err)
{
    const heft_value *list = NULL;
    heft_status st = member(root, "tensors", HEFT_V_ARRAY, &list, err);
    if (st) return st;
    heft_golden_tensor *tensor = heft_arena_alloc(&g->arena, (size_t)list->n, sizeof *tensor);
    if (!tensor) return heft_nomem(err, "a golden");
    g->tensor = tensor;
    for (const heft_value *row = list->child; row; row = row->next) {
        st = read_tensor(g, row, &tensor[g->n_tensors], err);
        if (st) return heft_context(err, st, "tensor %d", g->n_tensors);
        g->n_tensors++;
    }
    return HEFT_OK;
}

static heft_status read_description(heft_golden *g, heft_error *err)
{
    char path[4096];
    size_t n;
    heft_status st =
        heft_path_join(path, sizeof path, g->directory, heft_str_of("golden.json"), err);
    if (!st) st = heft_read_file(path, HEFT_MAX_CONFIG_BYTES, &g->text, &n, err);
    heft_value *root = NULL;
    if (!st) st = heft_json_tree(&g->arena, g->text, n, 0, path, &root, err);
    if (st) return st;

    const heft_value *seed = NULL, *tolerance = NULL;
    st = member(root, "seed", HEFT_V_INT, &seed, err);
    if (!st) st = member(root, "tolerance", HEFT_V_REAL, &tolerance, err);
    if (!st) st = member(root, "gguf", HEFT_V_OBJECT, &g->gguf, err);
    if (!st) st = read_integer(root, "length", &g->length, err);
    if (!st) st = read_integer(root, "choices", &g->choices, err);
    if (!st) st = read_integers(g, root, "ids", &g->ids, &g->n_ids, err);
    if (!st) st = read_integers(g, root, "greedy", &g->greedy, &g->n_greedy, err);
    if (!st) st = read_integers(g, root, "rows", &g->rows, &g->n_rows, err);
    if (!st) st = read_tensors(g, root, err);
    if (!st && heft_value_get(g->gguf, "none"))
        st = read_string(g, g->gguf, "none", &g->no_gguf, err);
    const heft_value *same = NULL;
    if (!st && !g->no_gguf) st = member(g->gguf, "same_bits", HEFT_V_BOOL, &same, err);
    if (st) return heft_context(err, st, "%s", path);
    g->same_bits = same && same->n;
    g->seed = (uint64_t)seed->n;
    g->tolerance = tolerance->real;
    const heft_value *theirs = heft_value_get(g->gguf, "llama_cpp_tolerance");
    g->llama_cpp_tolerance = theirs ? theirs->real : g->tolerance;
    return HEFT_OK;
}

/* A float32 array of the results; NULL in *out if there is none of that name and rank. */
static const heft_tensor *result(const heft_golden *g, const char *name, int32_t rank,
                                 const float **out)
{
    const heft_tensor *t = heft_source_find(g->results, heft_str_of(name));
    if (!t || t->dtype != HEFT_F32 || t->rank != rank) return NULL;
    *out = (const float *)(const void *)t->data;
    return t;
}

static heft_status read_results(heft_golden *g, heft_error *err)
{
    const heft_status st = heft_source_open(g->directory, NULL, &g->results, err);
    if (st) return st;
    const heft_tensor *logits = result(g, "logits", 2, &g->logits);
    const heft_tensor *hidden = result(g, "hidden", 3, &g->hidden);
    if (!logits || !hidden)
        return heft_fail(err, HEFT_E_FORMAT, "%s: no float32 logits and hidden states",
                         g->directory);
    if (logits->shape[0] != g->n_ids || hidden->shape[1] != g->n_rows)
        return heft_fail(err, HEFT_E_FORMAT, "%s: results of other rows than golden.json says",
                         g->directory);
    g->vocab = (int32_t)logits->shape[1];
    g->layers = (int32_t)hidden->shape[0] - 1;
    g->width = (int32_t)hidden->shape[2];
    const heft_tensor *theirs = result(g, "llama_cpp", 2, &g->llama_cpp);
    if (theirs && (theirs->shape[0] != g->n_rows || theirs->shape[1] != g->vocab))
        return heft_fail(err, HEFT_E_FORMAT, "%s: llama_cpp has another shape than the rows",
                         g->directory);
    return HEFT_OK;
}

heft_status heft_golden_open(const char *name, heft_golden **out, heft_error *err)
{
    heft_golden *g = heft_alloc(1, sizeof *g);
    if (!g) return heft_nomem(err, "a golden");
    char path[4096];
    heft_status st =
        heft_path_join(path, sizeof path, HEFT_SOURCE_DIR "/tests/golden", heft_str_of(name), err);
    if (!st) {
        g->directory = heft_arena_strdup(&g->arena, heft_str_of(path));
        if (!g->directory) st = heft_nomem(err, "a golden");
    }
    if (!st) st = read_description(g, err);
    if (!st) st = read_results(g, err);
    if (st) {
        heft_golden_close(g);
        return st;
    }
    *out = g;
    return HEFT_OK;
}

void heft_golden_close(heft_golden *g)
{
    if (!g) return;
    if (g->results) heft_source_close(g->results);
    heft_arena_clear(&g->arena);
    heft_free(g->text);
    heft_free(g);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

heft_status heft_golden_list(heft_golden_names *out, heft_error *err)
{
    DIR *dir = opendir(HEFT_SOURCE_DIR "/tests/golden");
    if (!dir)
        return heft_fail(err, HEFT_E_IO, "%s: cannot be listed", HEFT_SOURCE_DIR "/tests/golden");
    heft_status st = HEFT_OK;
    out->n = 0;
    for (const struct dirent *e = readdir(dir); e && !st; e = readdir(dir)) {
        if (e->d_name[0] == '.') continue;
        const size_t n = strlen(e->d_name);
        if (out->n == HEFT_MAX_GOLDENS || n >= sizeof out->name[0])
            st = heft_fail(err, HEFT_E_NOMEM, "golden %s: too many, or too long a name", e->d_name);
        else
            memcpy(out->name[out->n++], e->d_name, n + 1);
    }
    closedir(dir);
    qsort(out->name, (size_t)out->n, sizeof out->name[0], by_name);
    return st;
}

/* ---- writing ------------------------------------------------------------ */

/* Fill *out with the tensor in dtype; its data is in the arena. */
static heft_status make_tensor(const heft_golden *g, const heft_golden_tensor *t, heft_dtype dtype,
                               heft_arena *arena, heft_write_tensor *out, heft_error *err)
{
    uint64_t bytes;
    if (t->below) dtype = HEFT_I64;
    if (!heft_dtype_bytes(dtype, t->n, &bytes)) return heft_nomem(err, "a golden's weights");
    int8_t *q = heft_arena_alloc(arena, (size_t)t->n, sizeof *q);
    uint8_t *data = heft_arena_alloc(arena, bytes, 1);
    if (!q || !data) return heft_nomem(err, "a golden's weights");
    heft_golden_grid(g, t, q);
    heft_golden_encode(t, q, dtype, false, data);
    *out = (heft_write_tensor){ .name = t->name, .dtype = dtype, .rank = t->rank, .data = data };
    memcpy(out->shape, t->shape, (size_t)t->rank * sizeof t->shape[0]);
    return HEFT_OK;
}

static heft_status write_text(const char *at, const char *name, const char *text, size_t n,
                              heft_error *err)
{
    char path[4096];
    heft_out file;
    heft_status st = heft_path_join(path, sizeof path, at, heft_str_of(name), err);
    if (!st) st = heft_out_open(&file, path, err);
    if (st) return st;
    st = heft_out_write(&file, text, n, err);
    if (!st) st = heft_out_commit(&file, err);
    heft_out_abandon(&file);
    return st;
}

/* Copy a file of the golden, if it has it. */
static heft_status copy_file(const heft_golden *g, const char *name, const char *at,
                             heft_error *err)
{
    char path[4096], *text = NULL;
    size_t n;
    heft_status st = heft_path_join(path, sizeof path, g->directory, heft_str_of(name), err);
    if (st || !heft_is_file(path)) return st;
    st = heft_read_file(path, HEFT_MAX_CONFIG_BYTES, &text, &n, err);
    if (!st) st = write_text(at, name, text, n, err);
    heft_free(text);
    return st;
}

static void shard_name(char *out, size_t size, int32_t i, int32_t shards)
{
    if (shards == 1)
        snprintf(out, size, "model.safetensors");
    else
        snprintf(out, size, "model-%05d-of-%05d.safetensors", i + 1, shards);
}

/* Tensors are dealt out in order: shard i has those from first(i) to first(i + 1). */
static int32_t first_of_shard(int32_t n_tensors, int32_t i, int32_t shards)
{
    return (int32_t)((int64_t)n_tensors * i / shards);
}

static heft_status write_index(const heft_write_tensor *t, int32_t n, int32_t shards,
                               const char *at, heft_error *err)
{
    heft_buf b = heft_buf_of(HEFT_MAX_CONFIG_BYTES);
    uint64_t total = 0;
    heft_json_begin(&b, '{');
    heft_json_key(&b, "weight_map");
    heft_json_begin(&b, '{');
    for (int32_t i = 0, shard = 0; i < n; i++) {
        while (i >= first_of_shard(n, shard + 1, shards))
            shard++;
        char file[64];
        shard_name(file, sizeof file, shard, shards);
        heft_json_key(&b, t[i].name);
        heft_json_str(&b, heft_str_of(file));
        uint64_t bytes = 0;
        int64_t elements = 1;
        for (int32_t k = 0; k < t[i].rank; k++)
            elements *= t[i].shape[k];
        if (heft_dtype_bytes(t[i].dtype, elements, &bytes)) total += bytes;
    }
    heft_json_end(&b, '}');
    heft_json_key(&b, "metadata");
    heft_json_begin(&b, '{');
    heft_json_key(&b, "total_size");
    heft_json_int(&b, (int64_t)total);
    heft_json_end(&b, '}');
    heft_json_end(&b, '}');
    heft_status st = heft_buf_check(&b, "the index", err);
    if (!st) st = write_text(at, "model.safetensors.index.json", b.p, b.n, err);
    heft_buf_free(&b);
    return st;
}

heft_status heft_golden_write_release(const heft_golden *g, const char *at,
                                      const heft_golden_form *form, heft_error *err)
{
    if (form->dtype != HEFT_F32 && form->dtype != HEFT_F16 && form->dtype != HEFT_BF16)
        return heft_fail(err, HEFT_E_ARG, "a release in %s: expected F32, F16 or BF16",
                         heft_dtypes[form->dtype].name);
    static const char *const metadata[] = { "format", "pt" };
    const int32_t shards = form->shards > 1 ? form->shards : 1;
    heft_arena arena = { 0 };
    heft_status st = copy_file(g, "config.json", at, err);
    if (!st) st = copy_file(g, "tokenizer.json", at, err);
    heft_write_tensor *t = heft_arena_alloc(&arena, (size_t)g->n_tensors, sizeof *t);
    if (!st && !t) st = heft_nomem(err, "a golden's weights");
    for (int32_t i = 0; !st && i < g->n_tensors; i++)
        st = make_tensor(g, &g->tensor[i], form->dtype, &arena, &t[i], err);
    for (int32_t i = 0; !st && i < shards; i++) {
        char name[64], path[4096];
        const int32_t first = first_of_shard(g->n_tensors, i, shards);
        shard_name(name, sizeof name, i, shards);
        st = heft_path_join(path, sizeof path, at, heft_str_of(name), err);
        if (!st)
            st = heft_safetensors_write(path, t + first,
                                        first_of_shard(g->n_tensors, i + 1, shards) - first,
                                        metadata, 1, form->pad, err);
    }
    if (!st && shards > 1) st = write_index(t, g->n_tensors, shards, at, err);
    heft_arena_clear(&arena);
    return st;
}

/* ---- GGUF --------------------------------------------------------------- */

/* The release's row that is row r in a GGUF file. */
static int64_t row_of(const heft_golden_tensor *t, int64_t r)
{
    if (t->permuted) { /* row 2 m + s of a head was s * width / 2 + m */
        const int64_t width = t->permuted, of_head = r % width;
        return r - of_head + of_head % 2 * (width / 2) + of_head / 2;
    }
    if (t->fused[0]) { /* head h of all queries, then of keys, then of values */
        const int64_t width = t->fused[0], queries = t->fused[1], h = r / width;
        const int64_t groups = t->shape[0] / width / (queries + 2), other = h - groups * queries;
        const int64_t from = other < 0 ? h / queries * (queries + 2) + h % queries
                                       : other % groups * (queries + 2) + queries + other / groups;
        return from * width + r % width;
    }
    return r;
}

/* Put the rows of a tensor into GGUF's order. */
static heft_status permute(const heft_golden_tensor *t, int8_t *q, heft_error *err)
{
    const int64_t row_bytes = t->n / t->shape[0];
    int8_t *kept = heft_alloc((size_t)t->n, 1);
    if (!kept) return heft_nomem(err, "a golden's weights");
    memcpy(kept, q, (size_t)t->n);
    for (int64_t r = 0; r < t->shape[0]; r++)
        memcpy(q + r * row_bytes, kept + row_of(t, r) * row_bytes, (size_t)row_bytes);
    heft_free(kept);
    return HEFT_OK;
}

/* A GGUF tensor in the making. */
typedef struct {
    int8_t *q;
    int32_t rank;
    int64_t shape[3];
} grid;

static int64_t size_of(const grid *d)
{
    int64_t n = 1;
    for (int32_t i = 0; i < d->rank; i++)
        n *= d->shape[i];
    return n;
}

static bool same_gguf(const heft_golden_tensor *a, const heft_golden_tensor *b)
{
    return strcmp(a->gguf, b->gguf) == 0;
}

/* All tensors of the GGUF name of number `first`, the first of them. An axis of 1 is dropped. */
static heft_status stack(const heft_golden *g, int32_t first, heft_arena *arena, grid *out,
                         heft_error *err)
{
    const heft_golden_tensor *t = &g->tensor[first];
    int64_t count = 0;
    for (int32_t i = first; i < g->n_tensors; i++)
        count += same_gguf(t, &g->tensor[i]);
    *out = (grid){ .q = heft_arena_alloc(arena, (size_t)(count * t->n), 1) };
    if (!out->q) return heft_nomem(err, "a golden's weights");
    if (count > 1) out->shape[out->rank++] = count;
    for (int32_t i = 0; i < t->rank; i++)
        if (t->rank == 1 || t->shape[i] != 1) out->shape[out->rank++] = t->shape[i];
    int8_t *q = out->q;
    heft_status st = HEFT_OK;
    for (int32_t i = first; i < g->n_tensors && !st; i++) {
        if (!same_gguf(t, &g->tensor[i])) continue;
        heft_golden_grid(g, &g->tensor[i], q);
        if (t->permuted || t->fused[0]) st = permute(t, q, err);
        q += t->n;
    }
    return st;
}

/* The last two axes swapped. */
static heft_status transpose(grid *d, heft_arena *arena, heft_error *err)
{
    int64_t *shape = &d->shape[d->rank - 2];
    const int64_t rows = shape[0], cols = shape[1];
    int8_t *q = heft_arena_alloc(arena, (size_t)size_of(d), 1);
    if (!q) return heft_nomem(err, "a golden's weights");
    for (int64_t i = 0; i < size_of(d); i++)
        q[i / (rows * cols) * rows * cols + i % cols * rows + i / cols % rows] = d->q[i];
    d->q = q;
    shape[0] = cols;
    shape[1] = rows;
    return HEFT_OK;
}

/* The first or second part of axis 1. */
static heft_status split(grid *d, bool alternate, bool second, heft_arena *arena, heft_error *err)
{
    const int64_t n = d->shape[1] / 2, inner = d->rank == 3 ? d->shape[2] : 1;
    int8_t *q = heft_arena_alloc(arena, (size_t)size_of(d) / 2, 1);
    if (!q) return heft_nomem(err, "a golden's weights");
    for (int64_t i = 0; i < d->shape[0] * n; i++) {
        const int64_t place = alternate ? 2 * (i % n) + second : i % n + second * n;
        memcpy(q + i * inner, d->q + (i / n * 2 * n + place) * inner, (size_t)inner);
    }
    d->q = q;
    d->shape[1] = n;
    return HEFT_OK;
}

/* The places of an axis that the runs name. */
static heft_status choose(grid *d, int32_t axis, const struct heft_golden_runs *runs,
                          heft_arena *arena, heft_error *err)
{
    int64_t inner = 1, outer = 1, chosen = 0;
    for (int32_t i = 0; i < d->rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : d->shape[i];
    for (int32_t i = 0; i < runs->n; i += 2)
        chosen += runs->run[i + 1];
    int8_t *q = heft_arena_alloc(arena, (size_t)(outer * chosen * inner), 1), *to = q;
    if (!q) return heft_nomem(err, "a golden's weights");
    for (int64_t o = 0; o < outer; o++)
        for (int32_t i = 0; i < runs->n; to += runs->run[i + 1] * inner, i += 2)
            memcpy(to, d->q + (o * d->shape[axis] + runs->run[i]) * inner,
                   (size_t)(runs->run[i + 1] * inner));
    d->q = q;
    d->shape[axis] = chosen;
    return HEFT_OK;
}

/* A matrix (heads rows, cols) as (heads, rows, cols). */
static void part_heads(grid *d, int32_t heads)
{
    d->shape[2] = d->shape[1];
    d->shape[1] = d->shape[0] / heads;
    d->shape[0] = heads;
    d->rank = 3;
}

/* Fill *out with the GGUF tensor that number `first` begins: its first part or its second. */
static heft_status make_gguf_tensor(const heft_golden *g, int32_t first, bool second,
                                    heft_dtype dtype, heft_arena *arena, heft_write_tensor *out,
                                    heft_error *err)
{
    heft_golden_tensor t = g->tensor[first];
    grid d;
    heft_status st = stack(g, first, arena, &d, err);
    if (!st && t.transposed) st = transpose(&d, arena, err);
    if (t.heads) part_heads(&d, t.heads);
    if (!st && t.gguf_up && !t.rows.n) st = split(&d, t.alternate, second, arena, err);
    if (!st && t.rows.n) st = choose(&d, 0, second ? &t.rows_up : &t.rows, arena, err);
    if (!st && t.cols.n) st = choose(&d, d.rank - 1, &t.cols, arena, err);
    if (!st && t.heads && !second) st = transpose(&d, arena, err);
    if (st) return st;
    if (d.rank == 1 || t.plain || t.offset != 0) dtype = HEFT_F32;
    if (t.below) dtype = HEFT_I32;
    uint64_t bytes;
    t.n = size_of(&d);
    if (!heft_dtype_bytes(dtype, t.n, &bytes) || (dtype == HEFT_Q8_0 && d.shape[d.rank - 1] % 32))
        return heft_fail(err, HEFT_E_ARG, "tensor %s: its rows are not whole blocks of %s", t.name,
                         heft_dtypes[dtype].name);
    uint8_t *data = heft_arena_alloc(arena, bytes, 1);
    if (!data) return heft_nomem(err, "a golden's weights");
    heft_golden_encode(&t, d.q, dtype, true, data);
    *out = (heft_write_tensor){
        .name = second ? t.gguf_up : t.gguf, .dtype = dtype, .rank = d.rank, .data = data
    };
    memcpy(out->shape, d.shape, sizeof d.shape);
    return HEFT_OK;
}

/* Is there one of the same GGUF name before number i? */
static bool stacked_already(const heft_golden *g, int32_t i)
{
    for (int32_t k = 0; k < i; k++)
        if (same_gguf(&g->tensor[k], &g->tensor[i])) return true;
    return false;
}

static heft_status make_gguf_tensors(const heft_golden *g, heft_dtype dtype, heft_arena *arena,
                                     heft_write_tensor *t, int64_t *n, heft_error *err)
{
    heft_status st = HEFT_OK;
    for (int32_t i = 0; i < g->n_tensors && !st; i++) {
        if (stacked_already(g, i)) continue;
        st = make_gguf_tensor(g, i, false, dtype, arena, &t[(*n)++], err);
        if (!st && g->tensor[i].gguf_up)
            st = make_gguf_tensor(g, i, true, dtype, arena, &t[(*n)++], err);
    }
    return st;
}

/* The kinds of metadata that golden.json names, with GGUF's type ids. */
static const struct {
    const char *name;
    uint32_t type, element;
} kinds[] = {
    { "u32", 4, 0 },  { "f32", 6, 0 },  { "bool", 7, 0 },  { "string", 8, 0 },
    { "i32s", 9, 5 }, { "f32s", 9, 6 }, { "bools", 9, 7 }, { "strings", 9, 8 },
};

static heft_status make_array(const heft_value *list, heft_arena *arena, heft_write_kv *out,
                              heft_error *err)
{
    const size_t width = out->element == 8   ? sizeof(heft_str)
                         : out->element == 7 ? sizeof(uint8_t)
                                             : sizeof(int32_t);
    uint8_t *array = heft_arena_alloc(arena, (size_t)list->n, width);
    if (!array) return heft_nomem(err, "metadata");
    out->n = (uint64_t)list->n;
    out->v.array = array;
    for (const heft_value *v = list->child; v; v = v->next, array += width) {
        const int32_t number = (int32_t)v->n;
        const float real = (float)v->real;
        if (out->element == 8)
            memcpy(array, &v->str, width);
        else if (out->element == 6)
            memcpy(array, &real, width);
        else if (out->element == 7)
            *array = v->n != 0;
        else
            memcpy(array, &number, width);
    }
    return HEFT_OK;
}

/* One row of `metadata`: [key, kind, value]. */
static heft_status make_kv(const heft_value *row, heft_arena *arena, heft_write_kv *out,
                           heft_error *err)
{
    const heft_value *key = heft_value_at(row, 0), *kind = heft_value_at(row, 1);
    const heft_value *value = heft_value_at(row, 2);
    if (!value) return heft_fail(err, HEFT_E_FORMAT, "a row of metadata is not [key, kind, value]");
    size_t k = 0;
    while (k < sizeof kinds / sizeof kinds[0] && !heft_str_is(kind->str, kinds[k].name))
        k++;
    if (k == sizeof kinds / sizeof kinds[0])
        return heft_fail(err, HEFT_E_FORMAT, "metadata of kind %s", heft_show(kind->str).text);
    *out = (heft_write_kv){ .type = kinds[k].type, .element = kinds[k].element };
    out->key = heft_arena_strdup(arena, key->str);
    if (!out->key) return heft_nomem(err, "metadata");
    switch (out->type) {
    case 6: out->v.f = (float)value->real; return HEFT_OK;
    case 8:
        out->v.str = heft_arena_strdup(arena, value->str);
        return out->v.str ? HEFT_OK : heft_nomem(err, "metadata");
    case 9: return make_array(value, arena, out, err);
    default: out->v.u = (uint64_t)value->n; return HEFT_OK;
    }
}

/* A tensor that only GGUF has, with its values in golden.json (rope factors). */
static heft_status make_extra(const heft_value *row, heft_arena *arena, heft_write_tensor *out,
                              heft_error *err)
{
    const heft_value *name = NULL, *values = NULL;
    heft_status st = member(row, "name", HEFT_V_STRING, &name, err);
    if (!st) st = member(row, "values", HEFT_V_ARRAY, &values, err);
    if (st) return st;
    float *data = heft_arena_alloc(arena, (size_t)values->n, sizeof *data);
    *out = (heft_write_tensor){ .name = heft_arena_strdup(arena, name->str),
                                .dtype = HEFT_F32,
                                .rank = 1,
                                .shape = { values->n },
                                .data = data };
    if (!data || !out->name) return heft_nomem(err, "a golden's weights");
    for (const heft_value *v = values->child; v; v = v->next)
        *data++ = (float)v->real;
    return HEFT_OK;
}

heft_status heft_golden_write_gguf(const heft_golden *g, const char *path, heft_dtype dtype,
                                   heft_error *err)
{
    if (g->no_gguf) return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s", g->directory, g->no_gguf);
    if (dtype != HEFT_F32 && dtype != HEFT_F16 && dtype != HEFT_BF16 && dtype != HEFT_Q8_0)
        return heft_fail(err, HEFT_E_ARG,
                         "a golden GGUF file in %s: expected F32, F16, BF16 or Q8_0",
                         heft_dtypes[dtype].name);
    const heft_value *metadata = NULL, *extra = NULL;
    heft_status st = member(g->gguf, "metadata", HEFT_V_ARRAY, &metadata, err);
    if (!st) st = member(g->gguf, "extra", HEFT_V_ARRAY, &extra, err);
    if (st) return heft_context(err, st, "%s", g->directory);
    heft_arena arena = { 0 };
    const size_t most = 2 * (size_t)g->n_tensors + (size_t)extra->n;
    int64_t n = 0;
    heft_write_kv *kv = heft_arena_alloc(&arena, (size_t)metadata->n, sizeof *kv);
    heft_write_tensor *t = heft_arena_alloc(&arena, most, sizeof *t);
    if (!kv || !t) st = heft_nomem(err, "a golden's weights");
    int64_t i = 0;
    for (const heft_value *row = metadata->child; !st && row; row = row->next)
        st = make_kv(row, &arena, &kv[i++], err);
    if (!st) st = make_gguf_tensors(g, dtype, &arena, t, &n, err);
    for (const heft_value *row = extra->child; !st && row; row = row->next)
        st = make_extra(row, &arena, &t[n++], err);
    if (!st) st = heft_gguf_write(path, 3, 32, kv, metadata->n, t, n, err);
    heft_arena_clear(&arena);
    return st;
}

/* Golden models, read from tests/golden. */
#define _POSIX_C_SOURCE 200809L
#include "golden_model.h"

#include "format/json.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

heft_status heft_golden_member(const heft_value *o, const char *key, heft_value_kind kind,
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
    const heft_status st = heft_golden_member(o, key, HEFT_V_INT, &v, err);
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
    const heft_status st = heft_golden_member(o, key, HEFT_V_ARRAY, &list, err);
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
    const heft_status st = heft_golden_member(o, key, HEFT_V_STRING, &v, err);
    if (st) return st;
    *out = heft_arena_strdup(&g->arena, v->str);
    return *out ? HEFT_OK : heft_nomem(err, "a golden");
}

static heft_status read_shape(const heft_value *row, heft_golden_tensor *t, heft_error *err)
{
    const heft_value *shape = NULL;
    const heft_status st = heft_golden_member(row, "shape", HEFT_V_ARRAY, &shape, err);
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
    heft_status st = heft_golden_member(root, "tensors", HEFT_V_ARRAY, &list, err);
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
    st = heft_golden_member(root, "seed", HEFT_V_INT, &seed, err);
    if (!st) st = heft_golden_member(root, "tolerance", HEFT_V_REAL, &tolerance, err);
    if (!st) st = heft_golden_member(root, "gguf", HEFT_V_OBJECT, &g->gguf, err);
    if (!st) st = read_integer(root, "length", &g->length, err);
    if (!st) st = read_integer(root, "choices", &g->choices, err);
    if (!st) st = read_integers(g, root, "ids", &g->ids, &g->n_ids, err);
    if (!st) st = read_integers(g, root, "greedy", &g->greedy, &g->n_greedy, err);
    if (!st) st = read_integers(g, root, "rows", &g->rows, &g->n_rows, err);
    if (!st) st = read_tensors(g, root, err);
    if (!st && heft_value_get(g->gguf, "none"))
        st = read_string(g, g->gguf, "none", &g->no_gguf, err);
    const heft_value *same = NULL;
    if (!st && !g->no_gguf) st = heft_golden_member(g->gguf, "same_bits", HEFT_V_BOOL, &same, err);
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

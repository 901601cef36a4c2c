/* Golden models, written as releases and GGUF files. */
#include "golden_model.h"

#include "base/buf.h"
#include "format/json.h"
#include "format/write.h"

#include <stdio.h>
#include <string.h>

/* ---- a release ---------------------------------------------------------- */

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

/* ---- a GGUF file -------------------------------------------------------- */

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
    heft_status st = heft_golden_member(row, "name", HEFT_V_STRING, &name, err);
    if (!st) st = heft_golden_member(row, "values", HEFT_V_ARRAY, &values, err);
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
    heft_status st = heft_golden_member(g->gguf, "metadata", HEFT_V_ARRAY, &metadata, err);
    if (!st) st = heft_golden_member(g->gguf, "extra", HEFT_V_ARRAY, &extra, err);
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

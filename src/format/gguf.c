/* GGUF: a header of metadata and tensor descriptions, then the data.
 *
 * Source: the GGUF specification of the ggml project (docs/gguf.md). heft reads versions 2 and 3,
 * little-endian. As ggml's own reader asks, each tensor's data begin right behind those of the
 * tensor before it, padded to the alignment: so there is no overlap and no hole. */
#include "format/gguf.h"
#include "base/cursor.h"
#include "format/container.h"

#include <inttypes.h>
#include <string.h>

const uint8_t heft_gguf_width[HEFT_GGUF_TYPES] = {
    [HEFT_GGUF_U8] = 1,  [HEFT_GGUF_I8] = 1,  [HEFT_GGUF_U16] = 2, [HEFT_GGUF_I16] = 2,
    [HEFT_GGUF_U32] = 4, [HEFT_GGUF_I32] = 4, [HEFT_GGUF_F32] = 4, [HEFT_GGUF_BOOL] = 1,
    [HEFT_GGUF_U64] = 8, [HEFT_GGUF_I64] = 8, [HEFT_GGUF_F64] = 8,
};

/* One header being read. */
typedef struct {
    heft_source *s;
    const heft_log *log;
    heft_cursor c;
    heft_value *metadata;
    uint64_t n_kv, n_tensors, alignment;
    uint64_t values; /* in the tree so far */
    int32_t file;
} header;

/* The least a metadata entry (key, type, one byte) and a tensor description (name, rank, one
 * dimension, type, offset) take: a count beyond what fits is refused before anything is made. */
enum { LEAST_KV = 8 + 1 + 4 + 1, LEAST_TENSOR = 8 + 1 + 4 + 8 + 4 + 8 };

static heft_status ends(const header *h, heft_error *err)
{
    return heft_fail(err, HEFT_E_FORMAT, "the file ends inside it, at byte %zu", h->c.n);
}

/* ---- values ----------------------------------------------------------- */

/* The value of a fixed width whose bytes are `raw`. */
static heft_value number(uint32_t type, uint64_t raw)
{
    heft_value v = { .kind = HEFT_V_INT };
    unsigned unused = type < HEFT_GGUF_TYPES ? 64u - 8u * heft_gguf_width[type] : 0;
    uint32_t low = (uint32_t)raw;
    float single;
    switch (type) {
    case HEFT_GGUF_I8:
    case HEFT_GGUF_I16:
    case HEFT_GGUF_I32:
    case HEFT_GGUF_I64: v.n = (int64_t)(raw << unused) >> unused; break;
    case HEFT_GGUF_F32:
        memcpy(&single, &low, sizeof single);
        v.kind = HEFT_V_REAL;
        v.real = (double)single;
        return v;
    case HEFT_GGUF_F64:
        memcpy(&v.real, &raw, sizeof v.real);
        v.kind = HEFT_V_REAL;
        return v;
    case HEFT_GGUF_BOOL:
        v.kind = HEFT_V_BOOL;
        v.n = (int64_t)raw;
        return v;
    default:
        v.n = (int64_t)raw;
        if (raw <= INT64_MAX) break;
        return (heft_value){ .kind = HEFT_V_REAL, .real = (double)raw, .inexact = true };
    }
    v.real = (double)v.n;
    return v;
}

static heft_status read_str(header *h, heft_str *out, heft_error *err)
{
    uint64_t n = heft_cursor_uint(&h->c, 8);
    if (h->c.bad) return ends(h, err);
    size_t left = heft_cursor_left(&h->c);
    const uint8_t *p = heft_cursor_bytes(&h->c, n);
    if (!p)
        return heft_fail(err, HEFT_E_FORMAT,
                         "a string of %" PRIu64 " bytes where the file has %zu left", n, left);
    *out = (heft_str){ (const char *)p, (size_t)n };
    return HEFT_OK;
}

/* A key or a name: text that may stand in a message and in a C string. */
static heft_status read_name(header *h, heft_str *out, heft_error *err)
{
    heft_status st = read_str(h, out, err);
    if (st) return st;
    if (out->n == 0 || out->n > HEFT_MAX_NAME)
        return heft_fail(err, HEFT_E_FORMAT, "its name has %zu bytes, expected 1 to %d", out->n,
                         HEFT_MAX_NAME);
    if (memchr(out->p, 0, out->n) || !heft_utf8_valid(*out))
        return heft_fail(err, HEFT_E_FORMAT, "its name %s has a NUL or is not UTF-8",
                         heft_show(*out).text);
    return HEFT_OK;
}

/* A value that is no array. Strings in arrays are pieces of a vocabulary and may be any bytes. */
static heft_status read_scalar(header *h, uint32_t type, bool in_array, heft_value *v,
                               heft_error *err)
{
    if (type == HEFT_GGUF_STRING) {
        v->kind = HEFT_V_STRING;
        heft_status st = read_str(h, &v->str, err);
        if (!st && !in_array && !heft_utf8_valid(v->str))
            st = heft_fail(err, HEFT_E_FORMAT, "its string is not UTF-8");
        return st;
    }
    uint64_t raw = heft_cursor_uint(&h->c, heft_gguf_width[type]);
    if (h->c.bad) return ends(h, err);
    if (type == HEFT_GGUF_BOOL && raw > 1)
        return heft_fail(err, HEFT_E_FORMAT, "a boolean is %" PRIu64 ", expected 0 or 1", raw);
    *v = number(type, raw);
    return HEFT_OK;
}

/* Elements too many to keep: walk over them. */
static heft_status check_elements(header *h, uint32_t type, uint64_t n, heft_error *err)
{
    heft_value v;
    heft_status st = HEFT_OK;
    if (type != HEFT_GGUF_STRING && type != HEFT_GGUF_BOOL)
        (void)heft_cursor_bytes(&h->c, n * heft_gguf_width[type]); /* n fits the file */
    else
        for (uint64_t i = 0; i < n && !st; i++)
            st = read_scalar(h, type, true, &v, err);
    return st;
}

static heft_status keep_elements(header *h, uint32_t type, heft_value *v, heft_error *err)
{
    h->values += (uint64_t)v->n;
    if (h->values > HEFT_MAX_VALUES)
        return heft_fail(err, HEFT_E_FORMAT, "has more values than heft keeps of one file, %d",
                         HEFT_MAX_VALUES);
    heft_value *element = heft_arena_alloc(&h->s->arena, (size_t)v->n, sizeof *element);
    if (!element) return heft_nomem(err, "an array of metadata");
    heft_status st = HEFT_OK;
    for (int64_t i = 0; i < v->n && !st; i++) {
        st = read_scalar(h, type, true, &element[i], err);
        if (i > 0) element[i - 1].next = &element[i];
    }
    v->child = v->n ? element : NULL;
    return st;
}

/* v->str becomes the array as stored, from its element type on: what heft_gguf_array reads. */
static heft_status read_array(header *h, heft_value *v, heft_error *err)
{
    size_t begin = h->c.at;
    uint32_t type = (uint32_t)heft_cursor_uint(&h->c, 4);
    uint64_t n = heft_cursor_uint(&h->c, 8);
    if (h->c.bad) return ends(h, err);
    if (type == HEFT_GGUF_ARRAY)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "is an array of arrays, which heft does not read");
    if (type >= HEFT_GGUF_TYPES)
        return heft_fail(err, HEFT_E_FORMAT, "element type %" PRIu32 " is unknown", type);
    uint64_t least = type == HEFT_GGUF_STRING ? 8 : heft_gguf_width[type];
    if (n > heft_cursor_left(&h->c) / least)
        return heft_fail(err, HEFT_E_FORMAT,
                         "an array of %" PRIu64 " elements where the file has %zu bytes left", n,
                         heft_cursor_left(&h->c));
    v->kind = n > HEFT_MAX_ARRAY_IN_TREE ? HEFT_V_LONG_ARRAY : HEFT_V_ARRAY;
    v->n = (int64_t)n;
    heft_status st =
        v->kind == HEFT_V_ARRAY ? keep_elements(h, type, v, err) : check_elements(h, type, n, err);
    v->str = (heft_str){ (const char *)h->c.p + begin, h->c.at - begin };
    return st;
}

static heft_status read_value(header *h, heft_value *v, heft_error *err)
{
    uint32_t type = (uint32_t)heft_cursor_uint(&h->c, 4);
    heft_str key = v->key;
    if (h->c.bad) return ends(h, err);
    if (type >= HEFT_GGUF_TYPES)
        return heft_fail(err, HEFT_E_FORMAT, "value type %" PRIu32 " is unknown", type);
    heft_status st =
        type == HEFT_GGUF_ARRAY ? read_array(h, v, err) : read_scalar(h, type, false, v, err);
    v->key = key;
    return st;
}

/* ---- metadata --------------------------------------------------------- */

static heft_status read_metadata(header *h, heft_error *err)
{
    heft_value *all = heft_arena_alloc(&h->s->arena, (size_t)h->n_kv + 1, sizeof *all);
    if (!all) return heft_nomem(err, "the metadata");
    h->values = h->n_kv;
    h->metadata = all;
    *all = (heft_value){ .kind = HEFT_V_OBJECT, .n = (int64_t)h->n_kv };
    for (uint64_t i = 1; i <= h->n_kv; i++) {
        heft_value *v = &all[i];
        heft_status st = read_name(h, &v->key, err);
        if (st) return heft_context(err, st, "metadata entry %" PRIu64 " of %" PRIu64, i, h->n_kv);
        st = read_value(h, v, err);
        if (st) return heft_context(err, st, "metadata %s", heft_show(v->key).text);
        if (i == 1)
            all->child = v;
        else
            all[i - 1].next = v;
    }
    heft_str twice;
    heft_status st = heft_value_unique(all, &twice, err);
    if (!st && twice.p)
        st = heft_fail(err, HEFT_E_FORMAT, "metadata %s occurs twice", heft_show(twice).text);
    return st;
}

/* What the reader itself must know, and what would mislead every reader of the vocabulary. */
static heft_status check_metadata(header *h, heft_error *err)
{
    static const char *const parallel[] = { "tokenizer.ggml.scores", "tokenizer.ggml.token_type" };
    const heft_value *v = heft_value_get(h->metadata, "general.alignment");
    h->alignment = HEFT_GGUF_ALIGNMENT;
    if (v) {
        if (v->kind != HEFT_V_INT)
            return heft_fail(err, HEFT_E_FORMAT, "general.alignment is %s, expected an integer",
                             heft_value_kind_name(v->kind));
        if (v->n < 1 || v->n > HEFT_MAX_ALIGNMENT || v->n & (v->n - 1))
            return heft_fail(err, HEFT_E_FORMAT,
                             "general.alignment is %" PRId64 ", expected a power of two up to %d",
                             v->n, HEFT_MAX_ALIGNMENT);
        h->alignment = (uint64_t)v->n;
    }
    for (size_t i = 0; i < sizeof parallel / sizeof *parallel; i++) {
        const heft_value *tokens = NULL;
        for (v = h->metadata->child; v; v = v->next) /* not _get: nobody has used them yet */
            if (heft_str_is(v->key, "tokenizer.ggml.tokens")) tokens = v;
        for (v = h->metadata->child; v && tokens; v = v->next)
            if (heft_str_is(v->key, parallel[i]) && v->n != tokens->n)
                return heft_fail(err, HEFT_E_FORMAT,
                                 "%s has %" PRId64 " elements, tokenizer.ggml.tokens %" PRId64,
                                 parallel[i], v->n, tokens->n);
    }
    return HEFT_OK;
}

/* ---- tensors ---------------------------------------------------------- */

/* Types heft has no row for, for the message alone. ggml keeps activations in Q8_1 and Q8_K, and
 * has no reader for them as weights. */
static const struct {
    const char *name;
    bool gone;
} other_types[] = {
    [4] = { "Q4_2", true },        [5] = { "Q4_3", true },        [9] = { "Q8_1", false },
    [15] = { "Q8_K", false },      [31] = { "Q4_0_4_4", true },   [32] = { "Q4_0_4_8", true },
    [33] = { "Q4_0_8_8", true },   [36] = { "IQ4_NL_4_4", true }, [37] = { "IQ4_NL_4_8", true },
    [38] = { "IQ4_NL_8_8", true },
};
enum { OTHER_TYPES = sizeof other_types / sizeof *other_types, FIRST_IK_TYPE = 97 };

static heft_status refuse_type(uint32_t type, heft_error *err)
{
    if (type >= FIRST_IK_TYPE && type < 400)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "type %" PRIu32 " belongs to ik_llama.cpp; heft reads the types of ggml",
                         type);
    if (type >= OTHER_TYPES || !other_types[type].name)
        return heft_fail(err, HEFT_E_FORMAT, "type %" PRIu32 " is unknown", type);
    return heft_fail(err, HEFT_E_UNSUPPORTED, "type %" PRIu32 " (%s) %s", type,
                     other_types[type].name,
                     other_types[type].gone ? "was removed from GGUF"
                                            : "is for activations, not for stored tensors");
}

/* The dimensions, which the file gives innermost first. */
static heft_status read_shape(header *h, heft_tensor *t, heft_error *err)
{
    uint32_t rank = (uint32_t)heft_cursor_uint(&h->c, 4);
    if (h->c.bad) return ends(h, err);
    if (rank < 1 || rank > HEFT_GGUF_RANK)
        return heft_fail(err, HEFT_E_FORMAT, "has %" PRIu32 " dimensions, expected 1 to %d", rank,
                         HEFT_GGUF_RANK);
    t->rank = (int32_t)rank;
    for (int32_t i = t->rank - 1; i >= 0; i--) {
        uint64_t n = heft_cursor_uint(&h->c, 8);
        if (h->c.bad) return ends(h, err);
        if (n < 1 || n > INT64_MAX)
            return heft_fail(err, HEFT_E_FORMAT,
                             "dimension %d is %" PRIu64 ", expected 1 to 2^63-1", t->rank - 1 - i,
                             n);
        t->shape[i] = (int64_t)n;
    }
    return HEFT_OK;
}

/* The description of one tensor. Its data must begin at *place, which moves behind them. */
static heft_status read_tensor(header *h, heft_tensor t, uint64_t *place, heft_error *err)
{
    heft_tensor *added;
    heft_status st = read_shape(h, &t, err);
    if (st) return st;
    uint32_t type = (uint32_t)heft_cursor_uint(&h->c, 4);
    uint64_t offset = heft_cursor_uint(&h->c, 8), end;
    if (h->c.bad) return ends(h, err);
    int32_t dtype = heft_dtype_of_gguf(type);
    if (dtype < 0) return refuse_type(type, err);
    t.dtype = (heft_dtype)dtype;
    int64_t row = t.shape[t.rank - 1];
    if (row % heft_dtypes[dtype].block)
        return heft_fail(err, HEFT_E_FORMAT,
                         "rows of %" PRId64 " numbers are not whole blocks of %s, which has %d",
                         row, heft_dtypes[dtype].name, heft_dtypes[dtype].block);
    st = heft_source_add(h->s, t, &added, err);
    if (st) return st;
    if (offset != *place)
        return heft_fail(err, HEFT_E_FORMAT,
                         "its data begin at byte %" PRIu64 ", expected %" PRIu64
                         ", right behind the tensor before it",
                         offset, *place);
    if (!heft_add(offset, added->bytes, &end) || !heft_add(end, h->alignment - 1, &end))
        return heft_fail(err, HEFT_E_FORMAT, "its data end beyond 2^64 bytes");
    *place = end & ~(h->alignment - 1);
    return HEFT_OK;
}

static heft_status read_tensors(header *h, heft_error *err)
{
    int64_t first = h->s->n_tensors;
    uint64_t place = 0;
    heft_status st = heft_source_expect(h->s, first + (int64_t)h->n_tensors, err);
    if (st) return st;
    for (uint64_t i = 1; i <= h->n_tensors; i++) {
        heft_tensor t = { .file = h->file };
        st = read_name(h, &t.name, err);
        if (st) return heft_context(err, st, "tensor %" PRIu64 " of %" PRIu64, i, h->n_tensors);
        t.name.p = heft_arena_strdup(&h->s->arena, t.name);
        if (!t.name.p) return heft_nomem(err, "the name of a tensor");
        st = read_tensor(h, t, &place, err);
        if (st) return heft_context(err, st, "tensor %s", heft_show(t.name).text);
    }
    uint64_t begin = (h->c.at + h->alignment - 1) & ~(h->alignment - 1), at = begin;
    for (int64_t i = first; i < h->s->n_tensors; i++) {
        heft_tensor *t = &h->s->tensor[i];
        if (at > h->c.n || t->bytes > h->c.n - at)
            return heft_fail(err, HEFT_E_FORMAT,
                             "tensor %s: has %" PRIu64 " bytes of data from byte %" PRIu64
                             " on, the file ends at byte %zu",
                             heft_show(t->name).text, t->bytes, at, h->c.n);
        t->data = h->c.p + at;
        at = (at + t->bytes + h->alignment - 1) & ~(h->alignment - 1);
    }
    if (h->c.n > at)
        heft_warn(h->log, "%s: the last %" PRIu64 " bytes belong to no tensor",
                  heft_show_z(h->s->file[h->file].path).text, h->c.n - at);
    return HEFT_OK;
}

/* ---- the file --------------------------------------------------------- */

static heft_status read_preamble(header *h, heft_error *err)
{
    const uint8_t *magic = heft_cursor_bytes(&h->c, 4);
    uint32_t version = (uint32_t)heft_cursor_uint(&h->c, 4);
    h->n_tensors = heft_cursor_uint(&h->c, 8);
    h->n_kv = heft_cursor_uint(&h->c, 8);
    if (magic && memcmp(magic, "GGUF", 4) != 0)
        return heft_fail(err, HEFT_E_FORMAT, "begins with %s, expected GGUF",
                         heft_show((heft_str){ (const char *)magic, 4 }).text);
    if (h->c.bad) return heft_fail(err, HEFT_E_FORMAT, "ends inside the first 24 bytes");
    if (version && (version & 0xffff) == 0)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "is a big-endian GGUF file; heft reads little-endian ones");
    if (version != 2 && version != 3)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "is GGUF version %" PRIu32 "; heft reads 2 and 3",
                         version);
    size_t left = heft_cursor_left(&h->c);
    if (h->n_kv > HEFT_MAX_KV || h->n_kv > left / LEAST_KV)
        return heft_fail(err, HEFT_E_FORMAT,
                         "says it has %" PRIu64 " metadata entries in %zu bytes, at most %d",
                         h->n_kv, left, HEFT_MAX_KV);
    if (h->n_tensors > HEFT_MAX_TENSORS || h->n_tensors > left / LEAST_TENSOR)
        return heft_fail(err, HEFT_E_FORMAT,
                         "says it has %" PRIu64 " tensors in %zu bytes, at most %d", h->n_tensors,
                         left, HEFT_MAX_TENSORS);
    return HEFT_OK;
}

heft_status heft_gguf_read(heft_source *s, int32_t file, const heft_log *log, heft_value **metadata,
                           heft_error *err)
{
    const heft_map *m = &s->file[file];
    header h = { .s = s, .log = log, .file = file, .c = { .p = m->data, .n = m->size } };
    heft_status st = read_preamble(&h, err);
    if (!st) st = read_metadata(&h, err);
    if (!st) st = check_metadata(&h, err);
    if (!st) st = read_tensors(&h, err);
    if (st) return heft_context(err, st, "%s", heft_show_z(m->path).text);
    *metadata = h.metadata;
    return HEFT_OK;
}

/* ---- long arrays ------------------------------------------------------ */

/* The file was checked when it was opened, but it may have changed since: every length is
 * checked again. */
bool heft_gguf_array_open(const heft_source *s, const char *key, heft_gguf_array *out)
{
    const heft_value *v = s->container == HEFT_GGUF ? heft_value_get(s->config, key) : NULL;
    if (!v || (v->kind != HEFT_V_ARRAY && v->kind != HEFT_V_LONG_ARRAY)) return false;
    const uint8_t *p = (const uint8_t *)v->str.p;
    *out = (heft_gguf_array){
        .type = heft_load32(p), .n = (uint64_t)v->n, .p = p + 12, .end = p + v->str.n
    };
    return true;
}

static bool next_number(heft_gguf_array *a, heft_value *out)
{
    uint32_t width = a->type < HEFT_GGUF_TYPES ? heft_gguf_width[a->type] : 0;
    if (!a->n || !width || (size_t)(a->end - a->p) < width) return false;
    heft_cursor c = { .p = a->p, .n = width };
    *out = number(a->type, heft_cursor_uint(&c, width));
    a->p += width;
    a->n--;
    return true;
}

bool heft_gguf_next_str(heft_gguf_array *a, heft_str *out)
{
    if (!a->n || a->type != HEFT_GGUF_STRING || a->end - a->p < 8) return false;
    uint64_t n = heft_load64(a->p);
    if (n > (uint64_t)(a->end - a->p - 8)) return false;
    *out = (heft_str){ (const char *)a->p + 8, (size_t)n };
    a->p += 8 + n;
    a->n--;
    return true;
}

bool heft_gguf_next_int(heft_gguf_array *a, int64_t *out)
{
    heft_gguf_array after = *a;
    heft_value v;
    if (!next_number(&after, &v) || v.kind == HEFT_V_REAL) return false;
    *out = v.n;
    *a = after;
    return true;
}

bool heft_gguf_next_real(heft_gguf_array *a, double *out)
{
    heft_gguf_array after = *a;
    heft_value v;
    if (!next_number(&after, &v) || v.kind != HEFT_V_REAL || v.inexact) return false;
    *out = v.real;
    *a = after;
    return true;
}

/* safetensors: 8 bytes of header length, a JSON header, the data.
 *
 * Source: the format section of the safetensors project's README. heft is as strict as the text:
 * the header begins with {, only spaces follow it, no key occurs twice, and the tensors tile the
 * data area exactly. Data may begin at any address: nothing promises alignment. */
#include "base/buf.h"
#include "base/cursor.h"
#include "format/container.h"
#include "format/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One header being read. */
typedef struct {
    heft_source *s;
    heft_json j;
    const uint8_t *data;
    uint64_t data_bytes;
    int32_t file;
} header;

/* Members of a tensor's object, in the order of `member` below. */
enum { DTYPE, SHAPE, OFFSETS, MEMBERS };
static const char *const member[MEMBERS] = { "dtype", "shape", "data_offsets" };

static heft_status broken(const header *h, heft_error *err)
{
    return heft_json_fail(&h->j, "header", NULL, err);
}

/* Integers in brackets, at most max of them. */
static heft_status integers(header *h, const char *what, int64_t *out, int32_t max, int32_t *n,
                            heft_error *err)
{
    heft_json_event event = heft_json_next(&h->j);
    if (event == HEFT_J_ERROR) return broken(h, err);
    if (event != HEFT_J_BEGIN_ARRAY) return heft_fail(err, HEFT_E_FORMAT, "%s is not a list", what);
    for (*n = 0; (event = heft_json_next(&h->j)) != HEFT_J_END_ARRAY; ++*n) {
        if (event == HEFT_J_ERROR) return broken(h, err);
        if (event != HEFT_J_INT || h->j.i < 0)
            return heft_fail(err, HEFT_E_FORMAT, "%s[%d] is not an integer from 0", what, *n);
        if (*n == max)
            return heft_fail(err, HEFT_E_FORMAT, "%s has more than %d numbers", what, max);
        out[*n] = h->j.i;
    }
    return HEFT_OK;
}

static heft_status read_dtype(header *h, heft_dtype *out, heft_error *err)
{
    heft_json_event event = heft_json_next(&h->j);
    if (event == HEFT_J_ERROR) return broken(h, err);
    if (event != HEFT_J_STRING) return heft_fail(err, HEFT_E_FORMAT, "dtype is not a string");
    int32_t dtype = heft_dtype_of_safetensors(h->j.str);
    if (dtype < 0)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "dtype %s is not one that heft knows",
                         heft_show(h->j.str).text);
    *out = (heft_dtype)dtype;
    return HEFT_OK;
}

/* One member of a tensor's object, its key just read. */
static heft_status read_member(header *h, heft_tensor *t, int64_t offsets[2], unsigned *seen,
                               heft_error *err)
{
    unsigned m = 0;
    int32_t n;
    while (m < MEMBERS && !heft_str_is(h->j.str, member[m]))
        m++;
    if (m == MEMBERS)
        return heft_fail(err, HEFT_E_FORMAT, "the key %s is unknown", heft_show(h->j.str).text);
    if (*seen & 1u << m) return heft_fail(err, HEFT_E_FORMAT, "%s occurs twice", member[m]);
    *seen |= 1u << m;
    if (m == DTYPE) return read_dtype(h, &t->dtype, err);
    if (m == SHAPE) return integers(h, member[m], t->shape, HEFT_MAX_RANK, &t->rank, err);
    heft_status st = integers(h, member[m], offsets, 2, &n, err);
    if (!st && n != 2)
        st = heft_fail(err, HEFT_E_FORMAT, "%s has %d numbers, expected 2", member[m], n);
    return st;
}

/* The object of one tensor, its key just read. */
static heft_status read_tensor(header *h, heft_str name, heft_error *err)
{
    heft_tensor t = { .name = name, .file = h->file }, *added;
    int64_t offsets[2] = { 0 };
    unsigned seen = 0;
    heft_json_event event = heft_json_next(&h->j);
    if (event != HEFT_J_ERROR && event != HEFT_J_BEGIN_OBJECT)
        return heft_fail(err, HEFT_E_FORMAT, "its entry is not an object");
    while (event != HEFT_J_ERROR && (event = heft_json_next(&h->j)) == HEFT_J_KEY) {
        heft_status st = read_member(h, &t, offsets, &seen, err);
        if (st) return st;
    }
    if (event == HEFT_J_ERROR) return broken(h, err);
    for (int m = 0; m < MEMBERS; m++)
        if (!(seen & 1u << m)) return heft_fail(err, HEFT_E_FORMAT, "has no %s", member[m]);
    heft_status st = heft_source_add(h->s, t, &added, err);
    if (st) return st;
    uint64_t begin = (uint64_t)offsets[0], end = (uint64_t)offsets[1];
    if (end < begin || end > h->data_bytes)
        return heft_fail(err, HEFT_E_FORMAT,
                         "its data are bytes %" PRIu64 " to %" PRIu64 ", the file has %" PRIu64,
                         begin, end, h->data_bytes);
    if (end - begin != added->bytes)
        return heft_fail(err, HEFT_E_FORMAT,
                         "%s of %s has %" PRIu64 " bytes, data_offsets give %" PRIu64,
                         heft_show_shape(t.shape, t.rank).text, heft_dtypes[t.dtype].name,
                         added->bytes, end - begin);
    added->data = h->data + begin;
    return HEFT_OK;
}

/* __metadata__, its key just read: strings only. heft uses none of them, but a file must be
 * right in every part to be trusted in any. */
static heft_status read_metadata(header *h, heft_error *err)
{
    heft_status st = HEFT_OK;
    heft_buf keys = heft_buf_of(HEFT_MAX_HEADER_BYTES);
    heft_json_event event = heft_json_next(&h->j);
    if (event != HEFT_J_ERROR && event != HEFT_J_BEGIN_OBJECT)
        return heft_fail(err, HEFT_E_FORMAT, "__metadata__ is not an object");
    while (!st && event != HEFT_J_ERROR && (event = heft_json_next(&h->j)) == HEFT_J_KEY) {
        heft_str key = h->j.str;
        (void)heft_buf_add(&keys, &key, sizeof key);
        event = heft_json_next(&h->j);
        if (event != HEFT_J_ERROR && event != HEFT_J_STRING)
            st = heft_fail(err, HEFT_E_FORMAT, "__metadata__: %s is not a string",
                           heft_show(key).text);
    }
    if (event == HEFT_J_ERROR) st = broken(h, err);
    if (!st) st = heft_buf_check(&keys, "__metadata__", err);
    const heft_str *twice =
        st ? NULL : heft_str_twice((heft_str *)(void *)keys.p, keys.n / sizeof(heft_str));
    if (twice)
        st = heft_fail(err, HEFT_E_FORMAT, "__metadata__: the key %s occurs twice",
                       heft_show(*twice).text);
    heft_buf_free(&keys);
    return st;
}

static heft_status read_entries(header *h, heft_error *err)
{
    bool metadata = false;
    heft_json_event event = heft_json_next(&h->j);
    while (event != HEFT_J_ERROR && (event = heft_json_next(&h->j)) == HEFT_J_KEY) {
        heft_str name = h->j.str;
        heft_status st;
        if (!heft_str_is(name, "__metadata__")) {
            st = read_tensor(h, name, err);
            if (st) return heft_context(err, st, "tensor %s", heft_show(name).text);
        } else if (metadata) {
            return heft_fail(err, HEFT_E_FORMAT, "__metadata__ occurs twice");
        } else {
            metadata = true;
            st = read_metadata(h, err);
            if (st) return st;
        }
    }
    if (event != HEFT_J_ERROR) event = heft_json_next(&h->j);
    return event == HEFT_J_ERROR ? broken(h, err) : HEFT_OK;
}

/* Empty tensors come before what else begins at their place. */
static int by_place(const void *a, const void *b)
{
    const heft_tensor *x = a, *y = b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return heft_str_cmp(x->name, y->name);
}

/* The tensors from `first` on cover the data once each, without a gap. */
static heft_status check_tiling(const header *h, int64_t first, heft_error *err)
{
    heft_tensor *t = h->s->tensor;
    int64_t n = h->s->n_tensors;
    uint64_t at = 0;
    bool sorted = true; /* as most writers leave them */
    for (int64_t i = first + 1; i < n && sorted; i++)
        sorted = by_place(&t[i - 1], &t[i]) <= 0;
    if (!sorted) qsort(t + first, (size_t)(n - first), sizeof *t, by_place);
    for (int64_t i = first; i < n; i++) {
        uint64_t begin = (uint64_t)(t[i].data - h->data);
        if (begin < at)
            return heft_fail(err, HEFT_E_FORMAT,
                             "tensor %s begins at byte %" PRIu64 " of the data, inside tensor %s",
                             heft_show(t[i].name).text, begin, heft_show(t[i - 1].name).text);
        if (begin > at)
            return heft_fail(err, HEFT_E_FORMAT,
                             "bytes %" PRIu64 " to %" PRIu64 " of the data, before tensor %s, "
                             "belong to no tensor",
                             at, begin, heft_show(t[i].name).text);
        at += t[i].bytes;
    }
    if (at == h->data_bytes) return HEFT_OK;
    return heft_fail(err, HEFT_E_FORMAT,
                     "the last %" PRIu64 " of %" PRIu64 " bytes of data belong to no tensor",
                     h->data_bytes - at, h->data_bytes);
}

/* Find the header in the file and copy it: the reader writes, and the tensors' names stay in it. */
static heft_status open_header(header *h, const heft_map *m, heft_error *err)
{
    if (m->size < 8)
        return heft_fail(err, HEFT_E_FORMAT, "has %zu bytes, a safetensors file has at least 10",
                         m->size);
    uint64_t n = heft_load64(m->data);
    if (n > HEFT_MAX_HEADER_BYTES || n > m->size - 8 || n < 2)
        return heft_fail(err, HEFT_E_FORMAT,
                         "the header's length is %" PRIu64 ", expected 2 to %" PRIu64, n,
                         m->size - 8 < HEFT_MAX_HEADER_BYTES ? (uint64_t)(m->size - 8)
                                                             : (uint64_t)HEFT_MAX_HEADER_BYTES);
    const uint8_t *text = m->data + 8;
    if (*text != '{')
        return heft_fail(err, HEFT_E_FORMAT, "the header begins with byte 0x%02x, expected {",
                         *text);
    h->data = text + n;
    h->data_bytes = m->size - 8 - n;
    while (text[n - 1] == ' ')
        n--;
    if (text[n - 1] != '}')
        return heft_fail(err, HEFT_E_FORMAT, "the header ends with byte 0x%02x, expected }",
                         text[n - 1]);
    char *copy = heft_arena_alloc(&h->s->arena, (size_t)n, 1);
    if (!copy) return heft_nomem(err, "the header");
    memcpy(copy, text, (size_t)n);
    heft_json_open(&h->j, copy, (size_t)n, 0);
    return HEFT_OK;
}

heft_status heft_safetensors_read(heft_source *s, int32_t file, heft_error *err)
{
    header h = { .s = s, .file = file };
    int64_t first = s->n_tensors;
    heft_status st = open_header(&h, &s->file[file], err);
    if (!st) st = read_entries(&h, err);
    if (!st) st = check_tiling(&h, first, err);
    if (st) st = heft_context(err, st, "%s", heft_show_z(s->file[file].path).text);
    return st;
}

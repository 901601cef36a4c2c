/* safetensors files, written. The data stand in the order given. */
#include "base/buf.h"
#include "base/file.h"
#include "format/write.h"

#include <inttypes.h>
#include <string.h>

/* Bytes of t; HEFT_E_ARG for what the format cannot hold. */
static heft_status size_of(const heft_write_tensor *t, uint64_t *bytes, heft_error *err)
{
    uint64_t n = 1;
    bool fits = t->rank >= 0 && t->rank <= HEFT_MAX_RANK && heft_dtypes[t->dtype].safetensors;
    for (int32_t i = 0; fits && i < t->rank; i++)
        fits = t->shape[i] >= 0 && heft_mul(n, (uint64_t)t->shape[i], &n) && n <= INT64_MAX;
    if (fits && heft_dtype_bytes(t->dtype, (int64_t)n, bytes)) return HEFT_OK;
    int32_t shown = t->rank < 0 || t->rank > HEFT_MAX_RANK ? 0 : t->rank;
    return heft_fail(err, HEFT_E_ARG, "tensor %s: safetensors cannot hold %s of rank %d, %s",
                     heft_show_z(t->name).text, heft_dtypes[t->dtype].name, t->rank,
                     heft_show_shape(t->shape, shown).text);
}

static heft_status add_entry(heft_buf *b, const heft_write_tensor *t, uint64_t *at, heft_error *err)
{
    uint64_t bytes, end;
    heft_status st = size_of(t, &bytes, err);
    if (st) return st;
    if (!heft_add(*at, bytes, &end) || end > INT64_MAX)
        return heft_fail(err, HEFT_E_ARG, "tensor %s: ends beyond 2^63 bytes",
                         heft_show_z(t->name).text);
    heft_json_key(b, t->name);
    heft_json_begin(b, '{');
    heft_json_key(b, "dtype");
    heft_json_str(b, heft_str_of(heft_dtypes[t->dtype].safetensors));
    heft_json_key(b, "shape");
    heft_json_begin(b, '[');
    for (int32_t i = 0; i < t->rank; i++)
        heft_json_int(b, t->shape[i]);
    heft_json_end(b, ']');
    heft_json_key(b, "data_offsets");
    heft_json_begin(b, '[');
    heft_json_int(b, (int64_t)*at);
    heft_json_int(b, (int64_t)end);
    heft_json_end(b, ']');
    heft_json_end(b, '}');
    *at = end;
    return HEFT_OK;
}

static heft_status make_header(heft_buf *b, const heft_write_tensor *t, int64_t n,
                               const char *const *metadata, int32_t n_metadata, int32_t pad,
                               heft_error *err)
{
    uint64_t at = 0;
    heft_json_begin(b, '{');
    if (n_metadata) {
        heft_json_key(b, "__metadata__");
        heft_json_begin(b, '{');
        for (int32_t i = 0; i < n_metadata; i++) {
            heft_json_key(b, metadata[2 * i]);
            heft_json_str(b, heft_str_of(metadata[2 * i + 1]));
        }
        heft_json_end(b, '}');
    }
    for (int64_t i = 0; i < n; i++) {
        heft_status st = add_entry(b, &t[i], &at, err);
        if (st) return st;
    }
    heft_json_end(b, '}');
    for (size_t spaces = (8 - b->n % 8) % 8 + (size_t)pad; spaces > 0; spaces--)
        (void)heft_buf_add(b, " ", 1);
    return heft_buf_check(b, "a safetensors header", err);
}

heft_status heft_safetensors_write(const char *path, const heft_write_tensor *t, int64_t n,
                                   const char *const *metadata, int32_t n_metadata, int32_t pad,
                                   heft_error *err)
{
    heft_out o = { 0 };
    heft_buf b = heft_buf_of(HEFT_MAX_HEADER_BYTES);
    uint8_t length[8];
    heft_status st = make_header(&b, t, n, metadata, n_metadata, pad, err);
    for (size_t i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)b.n >> 8 * i);
    if (!st) st = heft_out_open(&o, path, err);
    if (!st) st = heft_out_write(&o, length, sizeof length, err);
    if (!st) st = heft_out_write(&o, b.p, b.n, err);
    for (int64_t i = 0; i < n && !st; i++) {
        uint64_t bytes;
        st = size_of(&t[i], &bytes, err);
        if (!st)
            st = t[i].data ? heft_out_write(&o, t[i].data, (size_t)bytes, err)
                           : heft_out_hole(&o, bytes, err);
    }
    if (!st) st = heft_out_commit(&o, err);
    heft_out_abandon(&o);
    heft_buf_free(&b);
    return st;
}

heft_status heft_write_safetensors(const char *path, const heft_array *array, int32_t n,
                                   heft_error *err)
{
    heft_status st = HEFT_OK;
    heft_write_tensor *t = heft_alloc((size_t)n, sizeof *t);
    if (!t) return heft_nomem(err, "a list of tensors");
    for (int32_t i = 0; i < n && !st; i++) {
        const heft_array *a = &array[i];
        int32_t dtype = heft_dtype_of_safetensors(heft_str_of(a->dtype));
        if (dtype < 0)
            st = heft_fail(err, HEFT_E_ARG, "array %s: safetensors have no dtype %s",
                           heft_show_z(a->name).text, heft_show_z(a->dtype).text);
        t[i] = (heft_write_tensor){ .name = a->name,
                                    .dtype = (heft_dtype)(dtype < 0 ? 0 : dtype),
                                    .rank = a->rank,
                                    .data = a->data };
        memcpy(t[i].shape, a->shape, sizeof t[i].shape);
    }
    if (!st) st = heft_safetensors_write(path, t, n, NULL, 0, 0, err);
    heft_free(t);
    return st;
}

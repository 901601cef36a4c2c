/* GGUF files, written. The data stand in the order given, each padded to the alignment. */
#include "base/buf.h"
#include "base/file.h"
#include "format/gguf.h"
#include "format/write.h"

#include <inttypes.h>
#include <string.h>

static void add_uint(heft_buf *b, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = (char)(v >> 8 * i & 0xff);
        (void)heft_buf_add(b, &c, 1);
    }
}

static void add_str(heft_buf *b, heft_str s)
{
    add_uint(b, s.n, 8);
    (void)heft_buf_str(b, s);
}

static void add_array(heft_buf *b, const heft_write_kv *kv)
{
    add_uint(b, kv->element, 4);
    add_uint(b, kv->n, 8);
    if (kv->element != HEFT_GGUF_STRING) {
        (void)heft_buf_add(b, kv->v.array, (size_t)kv->n * heft_gguf_width[kv->element]);
        return;
    }
    const heft_str *s = kv->v.array;
    for (uint64_t i = 0; i < kv->n; i++)
        add_str(b, s[i]);
}

static heft_status add_kv(heft_buf *b, const heft_write_kv *kv, heft_error *err)
{
    bool array = kv->type == HEFT_GGUF_ARRAY;
    uint32_t type = array ? kv->element : kv->type;
    if (type >= HEFT_GGUF_TYPES || type == HEFT_GGUF_ARRAY || (!array && type == HEFT_GGUF_F64))
        return heft_fail(err, HEFT_E_ARG, "metadata %s: type %" PRIu32 " is not written",
                         heft_show_z(kv->key).text, type);
    add_str(b, heft_str_of(kv->key));
    add_uint(b, kv->type, 4);
    if (array) {
        add_array(b, kv);
    } else if (type == HEFT_GGUF_STRING) {
        add_str(b, heft_str_of(kv->v.str));
    } else if (type == HEFT_GGUF_F32) {
        uint32_t bits;
        memcpy(&bits, &kv->v.f, sizeof bits);
        add_uint(b, bits, 4);
    } else {
        add_uint(b, kv->v.u, heft_gguf_width[type]);
    }
    return HEFT_OK;
}

/* Bytes of t; HEFT_E_ARG for what the format cannot hold. */
static heft_status size_of(const heft_write_tensor *t, uint64_t *bytes, heft_error *err)
{
    const heft_dtype_info *d = &heft_dtypes[t->dtype];
    uint64_t n = 1;
    bool fits = t->rank >= 1 && t->rank <= HEFT_GGUF_RANK && d->gguf >= 0
                && t->shape[t->rank - 1] % d->block == 0;
    for (int32_t i = 0; fits && i < t->rank; i++)
        fits = t->shape[i] > 0 && heft_mul(n, (uint64_t)t->shape[i], &n) && n <= INT64_MAX;
    if (fits && heft_dtype_bytes(t->dtype, (int64_t)n, bytes)) return HEFT_OK;
    int32_t shown = t->rank < 0 || t->rank > HEFT_MAX_RANK ? 0 : t->rank;
    return heft_fail(err, HEFT_E_ARG, "tensor %s: GGUF cannot hold %s of rank %d, %s",
                     heft_show_z(t->name).text, d->name, t->rank,
                     heft_show_shape(t->shape, shown).text);
}

static uint64_t padded(uint64_t n, int32_t alignment)
{
    uint64_t mask = (uint64_t)alignment - 1;
    return (n + mask) & ~mask;
}

/* Everything before the data. */
static heft_status make_header(heft_buf *b, int32_t version, int32_t alignment,
                               const heft_write_kv *kv, int64_t n_kv, const heft_write_tensor *t,
                               int64_t n, heft_error *err)
{
    const heft_write_kv aligned = { .key = "general.alignment",
                                    .type = HEFT_GGUF_U32,
                                    .v.u = (uint64_t)alignment };
    bool usual = alignment == HEFT_GGUF_ALIGNMENT;
    uint64_t at = 0, bytes;
    heft_status st = HEFT_OK;
    (void)heft_buf_z(b, "GGUF");
    add_uint(b, (uint64_t)version, 4);
    add_uint(b, (uint64_t)n, 8);
    add_uint(b, (uint64_t)n_kv + !usual, 8);
    if (!usual) st = add_kv(b, &aligned, err);
    for (int64_t i = 0; i < n_kv && !st; i++)
        st = add_kv(b, &kv[i], err);
    for (int64_t i = 0; i < n && !st; i++) {
        st = size_of(&t[i], &bytes, err);
        if (st) return st;
        add_str(b, heft_str_of(t[i].name));
        add_uint(b, (uint64_t)t[i].rank, 4);
        for (int32_t d = t[i].rank - 1; d >= 0; d--)
            add_uint(b, (uint64_t)t[i].shape[d], 8);
        add_uint(b, (uint64_t)heft_dtypes[t[i].dtype].gguf, 4);
        add_uint(b, at, 8);
        if (bytes > INT64_MAX - at - (uint64_t)alignment)
            return heft_fail(err, HEFT_E_ARG, "tensor %s: ends beyond 2^63 bytes",
                             heft_show_z(t[i].name).text);
        at = padded(at + bytes, alignment);
    }
    while (!st && b->n % (size_t)alignment && heft_buf_add(b, "", 1)) {
    }
    return st ? st : heft_buf_check(b, "a GGUF header", err);
}

heft_status heft_gguf_write(const char *path, int32_t version, int32_t alignment,
                            const heft_write_kv *kv, int64_t n_kv, const heft_write_tensor *t,
                            int64_t n, heft_error *err)
{
    if (version < 2 || version > 3 || alignment < 1 || alignment > HEFT_MAX_ALIGNMENT
        || alignment & (alignment - 1))
        return heft_fail(err, HEFT_E_ARG, "GGUF version %d with alignment %d is not written",
                         version, alignment);
    heft_out o = { 0 };
    heft_buf b = heft_buf_of(HEFT_MAX_TOKENIZER_BYTES);
    heft_status st = make_header(&b, version, alignment, kv, n_kv, t, n, err);
    if (!st) st = heft_out_open(&o, path, err);
    if (!st) st = heft_out_write(&o, b.p, b.n, err);
    for (int64_t i = 0; i < n && !st; i++) {
        uint64_t bytes;
        st = size_of(&t[i], &bytes, err);
        if (!st)
            st = t[i].data ? heft_out_write(&o, t[i].data, (size_t)bytes, err)
                           : heft_out_hole(&o, bytes, err);
        if (!st) st = heft_out_hole(&o, padded(bytes, alignment) - bytes, err);
    }
    if (!st) st = heft_out_commit(&o, err);
    heft_out_abandon(&o);
    heft_buf_free(&b);
    return st;
}

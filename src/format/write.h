/* Model files, written: safetensors and GGUF v3. Atomic: a file appears when it is complete. */
#ifndef HEFT_FORMAT_WRITE_H
#define HEFT_FORMAT_WRITE_H

#include "format/source.h"

/* A tensor to be written; shape outermost first in both containers. */
typedef struct {
    const char *name;
    heft_dtype dtype;
    int32_t rank;
    int64_t shape[HEFT_MAX_RANK];
    const void *data; /* heft_dtype_bytes of it; NULL: zeros, as a hole where the system can */
} heft_write_tensor;

/* One GGUF metadata entry. */
typedef struct {
    const char *key;
    uint32_t type;    /* GGUF id: 4 u32, 5 i32, 6 f32, 7 bool, 8 string, 9 array, 10 u64 */
    uint32_t element; /* of an array */
    uint64_t n;       /* elements of an array */
    union {
        uint64_t u; /* u32, i32, bool, u64 */
        float f;
        const char *str;
        const void *array; /* (n) numbers of the element's width, or (n) heft_str */
    } v;
} heft_write_kv;

/* pad: bytes of header padding beyond the usual multiple of 8 (tests want data at odd addresses).
 * metadata: (2 n_metadata) strings, key and value in turn; may be NULL. */
heft_status heft_safetensors_write(const char *path, const heft_write_tensor *t, int64_t n,
                                   const char *const *metadata, int32_t n_metadata, int32_t pad,
                                   heft_error *err) HEFT_MUST_CHECK;
/* version 2 or 3; alignment a power of two, written as general.alignment where it is not 32. */
heft_status heft_gguf_write(const char *path, int32_t version, int32_t alignment,
                            const heft_write_kv *kv, int64_t n_kv, const heft_write_tensor *t,
                            int64_t n, heft_error *err) HEFT_MUST_CHECK;

#endif

/* Facts of the GGUF format that its reader and its writer share.
 *
 * Source: the GGUF specification of the ggml project (docs/gguf.md), "gguf_metadata_value_type". */
#ifndef HEFT_FORMAT_GGUF_H
#define HEFT_FORMAT_GGUF_H

#include <stdint.h>

enum {
    HEFT_GGUF_U8,
    HEFT_GGUF_I8,
    HEFT_GGUF_U16,
    HEFT_GGUF_I16,
    HEFT_GGUF_U32,
    HEFT_GGUF_I32,
    HEFT_GGUF_F32,
    HEFT_GGUF_BOOL,
    HEFT_GGUF_STRING,
    HEFT_GGUF_ARRAY,
    HEFT_GGUF_U64,
    HEFT_GGUF_I64,
    HEFT_GGUF_F64,
    HEFT_GGUF_TYPES
};

enum {
    HEFT_GGUF_RANK = 4,       /* dimensions of a tensor at most */
    HEFT_GGUF_ALIGNMENT = 32, /* where general.alignment does not say otherwise */
};

/* Bytes of a value; 0: it has no fixed width. */
extern const uint8_t heft_gguf_width[HEFT_GGUF_TYPES];

#endif

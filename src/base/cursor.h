/* A checked reader of little-endian bytes. Once a read runs off the end the cursor is bad and
 * every later read gives 0, so a parser may check once per record. */
#ifndef HEFT_BASE_CURSOR_H
#define HEFT_BASE_CURSOR_H

#include "base/str.h"

typedef struct {
    const uint8_t *p;
    size_t n, at;
    bool bad;
} heft_cursor;

/* n bytes at the cursor, or NULL. */
const uint8_t *heft_cursor_bytes(heft_cursor *c, uint64_t n);
uint64_t heft_cursor_uint(heft_cursor *c, size_t bytes); /* 1, 2, 4 or 8 */
size_t heft_cursor_left(const heft_cursor *c);

/* Unaligned little-endian loads, for data whose bounds are known. */
static inline uint16_t heft_load16(const void *p)
{
    return (uint16_t)(((const uint8_t *)p)[0] | ((const uint8_t *)p)[1] << 8);
}
static inline uint32_t heft_load32(const void *p)
{
    return heft_load16(p) | (uint32_t)heft_load16((const uint8_t *)p + 2) << 16;
}
static inline uint64_t heft_load64(const void *p)
{
    return heft_load32(p) | (uint64_t)heft_load32((const uint8_t *)p + 4) << 32;
}

#endif

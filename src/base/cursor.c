/* A checked reader of little-endian bytes. */
#include "base/cursor.h"

const uint8_t *heft_cursor_bytes(heft_cursor *c, uint64_t n)
{
    if (c->bad || n > c->n - c->at) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->p + c->at;
    c->at += (size_t)n;
    return p;
}

uint64_t heft_cursor_uint(heft_cursor *c, size_t bytes)
{
    const uint8_t *p = heft_cursor_bytes(c, bytes);
    uint64_t v = 0;
    for (size_t i = 0; p && i < bytes; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

size_t heft_cursor_left(const heft_cursor *c)
{
    return c->n - c->at;
}

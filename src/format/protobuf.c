/* Protocol buffer messages, one field after another. */
#include "format/protobuf.h"

static uint64_t varint(heft_cursor *c)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = heft_cursor_uint(c, 1);
        if (shift == 63 && byte > 1) break; /* more than 64 bits */
        value |= (byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    c->bad = true;
    return 0;
}

bool heft_pb_next(heft_cursor *c, heft_pb_field *f)
{
    if (c->bad || heft_cursor_left(c) == 0) return false;
    uint64_t tag = varint(c);
    *f = (heft_pb_field){ .number = (uint32_t)(tag >> 3), .wire = (heft_pb_wire)(tag & 7) };
    if (tag >> 3 == 0 || tag >> 32) c->bad = true;
    switch (f->wire) {
    case HEFT_PB_VARINT: f->value = varint(c); break;
    case HEFT_PB_64: f->value = heft_cursor_uint(c, 8); break;
    case HEFT_PB_32: f->value = heft_cursor_uint(c, 4); break;
    case HEFT_PB_BYTES: {
        uint64_t n = varint(c);
        const uint8_t *p = c->bad ? NULL : heft_cursor_bytes(c, n);
        if (p) f->bytes = (heft_str){ (const char *)p, (size_t)n };
        break;
    }
    default: c->bad = true;
    }
    return !c->bad;
}

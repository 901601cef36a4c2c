/* Protocol buffer messages, one field after another, as they lie in memory.
 *
 * Source: the encoding of protocol buffers ("Encoding", varints, tags, length-delimited fields).
 * Groups, which no file heft reads has, are not known. */
#ifndef HEFT_FORMAT_PROTOBUF_H
#define HEFT_FORMAT_PROTOBUF_H

#include "base/cursor.h"

typedef enum { HEFT_PB_VARINT, HEFT_PB_64, HEFT_PB_BYTES, HEFT_PB_32 = 5 } heft_pb_wire;

typedef struct {
    uint32_t number;
    heft_pb_wire wire;
    uint64_t value; /* VARINT, 64, 32: the bits */
    heft_str bytes; /* BYTES: borrowed from the message */
} heft_pb_field;

/* The next field. false: there is none, or c->bad: the message is cut short, a number has more than
 * 64 bits, or a kind of field is not one of the four. */
bool heft_pb_next(heft_cursor *c, heft_pb_field *f);

#endif

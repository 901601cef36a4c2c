/* Values: what a configuration file says. One tree for config.json and for GGUF metadata, so that
 * what reads a configuration need not know which container it came from. */
#ifndef HEFT_FORMAT_VALUE_H
#define HEFT_FORMAT_VALUE_H

#include "base/mem.h"

typedef enum {
    HEFT_V_NULL,
    HEFT_V_BOOL,
    HEFT_V_INT,
    HEFT_V_REAL,
    HEFT_V_STRING,
    HEFT_V_ARRAY,
    HEFT_V_OBJECT,
    HEFT_V_LONG_ARRAY, /* a GGUF array too long to be kept as values; heft_gguf_array reads it */
} heft_value_kind;

typedef struct heft_value {
    heft_value_kind kind;
    bool read;                       /* somebody asked for it (DESIGN law 2) */
    bool inexact;                    /* an integer beyond int64, kept in `real` */
    int64_t n;                       /* bool, integer, or number of children */
    double real;                     /* of INT too */
    heft_str key, str;               /* key: within its object. UTF-8 */
    struct heft_value *child, *next; /* in file order */
} heft_value;

/* The member, or NULL; marks it read. o may be NULL or not an object. */
const heft_value *heft_value_get(const heft_value *o, const char *key);
const heft_value *heft_value_get_str(const heft_value *o, heft_str key);
/* Element i, or NULL; marks it read. */
const heft_value *heft_value_at(const heft_value *array, int64_t i);
/* Mark v and everything below it read. For walking an array: heft_value_at is linear. */
void heft_value_mark(const heft_value *v);
/* "a string", "an integer": for messages. */
const char *heft_value_kind_name(heft_value_kind k);
/* *twice: a key that two members of the object have, or empty (p NULL). Fails: HEFT_E_NOMEM. */
heft_status heft_value_unique(const heft_value *object, heft_str *twice,
                              heft_error *err) HEFT_MUST_CHECK;

#endif

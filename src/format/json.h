/* JSON of release files: a strict streaming reader, and a tree on top of it.
 *
 * RFC 8259, UTF-8, duplicate keys refused (by the tree), depth bounded. HEFT_JSON_PYTHON also takes
 * what Python's json writes into real releases: NaN, Infinity, -Infinity, and integers beyond
 * int64 (given as reals). */
#ifndef HEFT_FORMAT_JSON_H
#define HEFT_FORMAT_JSON_H

#include "format/value.h"

typedef enum {
    HEFT_J_END,
    HEFT_J_NULL,
    HEFT_J_TRUE,
    HEFT_J_FALSE,
    HEFT_J_INT,
    HEFT_J_REAL,
    HEFT_J_STRING,
    HEFT_J_KEY,
    HEFT_J_BEGIN_OBJECT,
    HEFT_J_END_OBJECT,
    HEFT_J_BEGIN_ARRAY,
    HEFT_J_END_ARRAY,
    HEFT_J_ERROR
} heft_json_event;

enum { HEFT_JSON_PYTHON = 1 };

/* A pull reader. Fields are the reader's own but for those of the last event. */
typedef struct {
    /* the last event */
    heft_str str; /* KEY, STRING: unescaped, a NUL follows; valid as long as the text */
    int64_t i;    /* INT */
    double real;  /* INT, REAL */
    bool inexact; /* REAL written as an integer beyond int64 */
    size_t at;    /* byte offset where the event began */
    size_t line;  /* of `at`, from 1 */
    /* state */
    char *p;
    size_t n, next, line_at; /* line_at: where the line begins */
    heft_json_event last;
    unsigned flags;
    int32_t depth;
    uint8_t stack[64]; /* HEFT_MAX_JSON_DEPTH */
    int32_t expect;
    const char *wrong; /* after ERROR: what, for the message */
} heft_json;

/* Read n bytes at text. They are changed: strings are unescaped in place. Kept until done. */
void heft_json_open(heft_json *j, char *text, size_t n, unsigned flags);
heft_json_event heft_json_next(heft_json *j);
/* Skip the value that the last event began; after a KEY, its value. false: an error. */
bool heft_json_skip(heft_json *j);
/* "NAME: line 3, column 7: ..." (columns count bytes): `what` at the last event, or, where it is
 * NULL, the reader's own error. Returns HEFT_E_FORMAT. */
heft_status heft_json_fail(const heft_json *j, const char *name, const char *what, heft_error *err);

/* The value that comes next (after a KEY, its value) as a tree in the arena; at the end of an array
 * or object, which has no value, the caller must not ask. name is for messages. */
heft_status heft_json_value(heft_json *j, heft_arena *arena, const char *name, heft_value **out,
                            heft_error *err) HEFT_MUST_CHECK;

/* The whole document as a tree in the arena. text is changed and kept. name is for messages. */
heft_status heft_json_tree(heft_arena *arena, char *text, size_t n, unsigned flags,
                           const char *name, heft_value **out, heft_error *err) HEFT_MUST_CHECK;

#endif

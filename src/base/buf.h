/* A growing buffer with a maximum given at birth. */
#ifndef HEFT_BASE_BUF_H
#define HEFT_BASE_BUF_H

#include "base/err.h"

typedef struct {
    char *p;       /* a NUL follows the n bytes once anything was added */
    size_t n, cap; /* bytes */
    size_t max;    /* adding beyond it fails */
    bool failed;   /* sticky: an addition failed, and nothing was added since */
} heft_buf;

/* Zero-initialise or use this; no memory is taken until something is added. */
heft_buf heft_buf_of(size_t max);
void heft_buf_free(heft_buf *b);
/* These return false, and set failed, where the maximum or the memory ends. */
bool heft_buf_reserve(heft_buf *b, size_t more);
bool heft_buf_add(heft_buf *b, const void *data, size_t n);
bool heft_buf_str(heft_buf *b, heft_str s);
bool heft_buf_z(heft_buf *b, const char *z);
bool heft_buf_printf(heft_buf *b, const char *fmt, ...) HEFT_PRINTF(2, 3);
/* Ends a chain of additions: HEFT_E_NOMEM naming `what` if any of them failed. */
heft_status heft_buf_check(const heft_buf *b, const char *what, heft_error *err);

/* JSON into a buffer: commas are set by themselves, also between values at the top; text before the
 * first value must not end in a letter, a digit or a quote. Strings must be UTF-8; invalid bytes
 * become U+FFFD. Reals are written with 17 significant digits where they need them. */
void heft_json_begin(heft_buf *b, char open); /* '{' or '[' */
void heft_json_end(heft_buf *b, char close);  /* '}' or ']' */
void heft_json_key(heft_buf *b, const char *key);
void heft_json_str(heft_buf *b, heft_str value);
void heft_json_int(heft_buf *b, int64_t value);
void heft_json_real(heft_buf *b, double value); /* not finite: null */
void heft_json_bool(heft_buf *b, bool value);

#endif

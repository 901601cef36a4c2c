/* Model files, good and bad, for the tests of format/. */
#ifndef HEFT_TESTS_FORMAT_MODEL_FILES_H
#define HEFT_TESTS_FORMAT_MODEL_FILES_H

#include "base/buf.h"
#include "format/container.h"

/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* An empty directory to work in; group fixtures. Messages then name files by short paths. */
int enter_scratch(void **state);
int leave_scratch(void **state);

/* Bytes from a text of words: bN uN dN qN a number of 1, 2, 4, 8 bytes; fX a float32; 'abc the
 * bytes as they are; sabc a GGUF string: length and bytes; xHH.. bytes in
 * hexadecimal; zN N zero bytes; pN zeros up to a multiple of N. */
heft_buf bytes_of(const char *words);

void put(const char *path, const char *text);
void put_bytes(const char *path, const heft_buf *b);
/* A safetensors file with this header and n bytes of data. */
void put_safetensors(const char *path, const char *header, size_t n);

/* Opening path gives this status and this message. */
void refused(const char *path, heft_status status, const char *message);
/* Opening path works. Warnings come to `warnings`, one line each; close the source. */
heft_source *opened(const char *path);
extern char warnings[1024];

/* A source of one file that lies in memory, in a block of its own that ends where the file does,
 * so that the address sanitizer sees a read beyond it. */
typedef heft_status reader(heft_source *s, heft_error *err);
heft_status read_memory(const void *data, size_t n, reader *read, heft_error *err);
reader read_safetensors, read_gguf;

#endif

/* String views and UTF-8. A view is borrowed bytes, not terminated, any content. */
#ifndef HEFT_BASE_STR_H
#define HEFT_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *p;
    size_t n;
} heft_str;

heft_str heft_str_of(const char *z); /* NULL gives the empty view */
static inline bool heft_str_eq(heft_str a, heft_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool heft_str_is(heft_str a, const char *z)
{
    return heft_str_eq(a, (heft_str){ z, strlen(z) });
}
bool heft_str_begins(heft_str a, const char *z);
bool heft_str_ends(heft_str a, const char *z);
/* Order by bytes, shorter first: for qsort and bsearch. */
int heft_str_cmp(heft_str a, heft_str b);
/* Sort n views by bytes; one that equals another, or NULL. */
const heft_str *heft_str_twice(heft_str *s, size_t n);
/* FNV-1a, 64 bits, for hash tables in memory. */
uint64_t heft_str_hash(heft_str a);
/* A hash for names that a stranger may have chosen: of two that differ, at most n / 7 + 1 keys in
 * 2^61 give the same one, so nobody who does not know the key can make a table slow. */
uint64_t heft_str_hash_keyed(heft_str a, uint64_t key);

/* A name being put together. What does not fit is left out. */
typedef struct {
    char z[256]; /* a NUL behind the n bytes */
    size_t n;
} heft_name;
void heft_name_add(heft_name *to, heft_str s);
void heft_name_number(heft_name *to, int32_t n); /* in decimal */
static inline heft_str heft_name_str(const heft_name *a)
{
    return (heft_str){ a->z, a->n };
}

/* Decode one code point. Returns its length in bytes (1..4) and sets *cp; for invalid UTF-8
 * (overlong, surrogate, above U+10FFFF, cut short) sets *cp = -1 and returns 1. Needs n > 0. */
size_t heft_utf8_decode(const char *p, size_t n, int32_t *cp);
/* Encode cp (0 .. U+10FFFF, no surrogate) into out[4]; returns the length. */
size_t heft_utf8_encode(int32_t cp, char out[4]);
bool heft_utf8_valid(heft_str s);
/* Length of the longest prefix that does not end inside a character. An invalid byte counts as a
 * character of its own, so at most 3 bytes are ever held back. */
size_t heft_utf8_whole(heft_str s);

#endif

/* String views and UTF-8. */
#include "base/str.h"

#include "base/cursor.h"

#include <stdlib.h>
#include <string.h>

heft_str heft_str_of(const char *z)
{
    return (heft_str){ z ? z : "", z ? strlen(z) : 0 };
}

bool heft_str_begins(heft_str a, const char *z)
{
    size_t n = strlen(z);
    return a.n >= n && heft_str_eq((heft_str){ a.p, n }, (heft_str){ z, n });
}

bool heft_str_ends(heft_str a, const char *z)
{
    size_t n = strlen(z);
    return a.n >= n && heft_str_eq((heft_str){ a.p + (a.n - n), n }, (heft_str){ z, n });
}

int heft_str_cmp(heft_str a, heft_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int by_bytes(const void *a, const void *b)
{
    return heft_str_cmp(*(const heft_str *)a, *(const heft_str *)b);
}

/* Sorted rather than hashed: names are chosen by whoever wrote the file, and a hash they can
 * compute would let them make this quadratic. */
const heft_str *heft_str_twice(heft_str *s, size_t n)
{
    if (n) qsort(s, n, sizeof *s, by_bytes);
    for (size_t i = 1; i < n; i++)
        if (heft_str_eq(s[i - 1], s[i])) return &s[i];
    return NULL;
}

uint64_t heft_str_hash(heft_str a)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < a.n; i++)
        h = (h ^ (uint8_t)a.p[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

enum { DIGIT = 7, PRIME_BITS = 61 };
static const uint64_t prime = ((uint64_t)1 << PRIME_BITS) - 1;

/* h * key + digit modulo the prime, but for one prime too many. */
static uint64_t append_digit(uint64_t h, uint64_t key, uint64_t digit)
{
    __extension__ typedef unsigned __int128 product;
    const product p = (product)h * key;
    h = ((uint64_t)p & prime) + (uint64_t)(p >> PRIME_BITS) + digit;
    return (h & prime) + (h >> PRIME_BITS);
}

/* The length and then the bytes, seven to a digit, as a number in base `key` modulo the prime
 * 2^61 - 1: J. L. Carter and M. N. Wegman, Universal classes of hash functions, 1979. */
uint64_t heft_str_hash_keyed(heft_str a, uint64_t key)
{
    uint64_t h = a.n, rest = 0;
    key %= prime;
    for (; a.n > DIGIT; a.p += DIGIT, a.n -= DIGIT)
        h = append_digit(h, key, heft_load64((const uint8_t *)a.p) & (UINT64_MAX >> 8));
    if (a.n) memcpy(&rest, a.p, a.n);
    h = append_digit(h, key, rest);
    return h < prime ? h : h - prime;
}

void heft_name_add(heft_name *to, heft_str s)
{
    const size_t left = sizeof to->z - 1 - to->n, n = s.n < left ? s.n : left;
    if (n) memcpy(to->z + to->n, s.p, n);
    to->n += n;
    to->z[to->n] = 0;
}

void heft_name_number(heft_name *to, int32_t n)
{
    char digits[11];
    size_t at = sizeof digits;
    uint32_t left = n < 0 ? 0 - (uint32_t)n : (uint32_t)n;
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0) digits[--at] = '-';
    heft_name_add(to, (heft_str){ digits + at, sizeof digits - at });
}

/* Bytes a lead byte asks for; 0: it cannot lead. */
static size_t asked(uint8_t c)
{
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

size_t heft_utf8_decode(const char *p, size_t n, int32_t *cp)
{
    static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *u = (const uint8_t *)p;
    size_t len = asked(u[0]);
    *cp = -1;
    if (len == 1) {
        *cp = u[0];
        return 1;
    }
    if (len == 0 || len > n) return 1;
    int32_t v = u[0] & (0x7f >> len);
    for (size_t i = 1; i < len; i++) {
        if ((u[i] & 0xc0) != 0x80) return 1;
        v = v << 6 | (u[i] & 0x3f);
    }
    if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000)) return 1;
    *cp = v;
    return len;
}

size_t heft_utf8_encode(int32_t cp, char out[4])
{
    uint32_t c = (uint32_t)cp;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00u >> n & 0xf0) | c); /* 110xxxxx, 1110xxxx, 11110xxx */
    return n;
}

/* Eight bytes of ASCII, the usual content, are passed over at once. */
bool heft_utf8_valid(heft_str s)
{
    for (size_t i = 0; i < s.n;) {
        uint64_t eight;
        int32_t cp;
        if (s.n - i >= sizeof eight) {
            memcpy(&eight, s.p + i, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        i += heft_utf8_decode(s.p + i, s.n - i, &cp);
        if (cp < 0) return false;
    }
    return true;
}

/* Could n bytes at u begin a valid character of more than n bytes? */
static bool unfinished(const uint8_t *u, size_t n)
{
    char full[4] = { 0 };
    size_t len = asked(u[0]);
    int32_t cp;
    if (len <= n) return false;
    for (size_t i = 1; i < n; i++)
        if ((u[i] & 0xc0) != 0x80) return false;
    for (int32_t fill = 0x80; fill <= 0xbf; fill += 0x3f) { /* the second byte decides validity */
        memcpy(full, u, n);
        memset(full + n, fill, len - n);
        (void)heft_utf8_decode(full, len, &cp);
        if (cp >= 0) return true;
    }
    return false;
}

size_t heft_utf8_whole(heft_str s)
{
    for (size_t back = 1; back <= 3 && back <= s.n; back++) {
        const uint8_t *u = (const uint8_t *)s.p + s.n - back;
        if ((*u & 0xc0) == 0x80) continue;
        return unfinished(u, back) ? s.n - back : s.n;
    }
    return s.n;
}

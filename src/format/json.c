/* JSON of release files: the reader. Source of the grammar: RFC 8259.
 *
 * A string is unescaped where it stands: its escapes never grow, so writing never overtakes
 * reading. Line ends are counted where white space is skipped, the only place a document may
 * have one. */
#include "format/json.h"
#include "base/bounds.h"
#include "base/cursor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE, FIRST_VALUE, KEY, FIRST_KEY, COLON, AFTER, NOTHING, BROKEN }; /* heft_json.expect */
enum { IN_ARRAY, IN_OBJECT };

void heft_json_open(heft_json *j, char *text, size_t n, unsigned flags)
{
    *j = (heft_json){ .p = text, .n = n, .flags = flags, .expect = VALUE, .line = 1 };
}

/* Fail at byte `at`. The reader stays failed. Returns false. */
static bool refuse(heft_json *j, size_t at, const char *what)
{
    j->at = at;
    j->wrong = what;
    j->expect = BROKEN;
    return false;
}

static heft_json_event wrong(heft_json *j, size_t at, const char *what)
{
    (void)refuse(j, at, what);
    return HEFT_J_ERROR;
}

/* Skip white space; the byte that follows begins an event. -1: the text ends. */
static int peek(heft_json *j)
{
    const char *p = j->p + j->next, *end = j->p + j->n;
    for (; p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'); p++) {
        if (*p != '\n') continue;
        j->line++;
        j->line_at = (size_t)(p + 1 - j->p);
    }
    j->next = j->at = (size_t)(p - j->p);
    return p < end ? (uint8_t)*p : -1;
}

/* What follows a value that is complete. */
static heft_json_event done(heft_json *j, heft_json_event event)
{
    j->expect = j->depth ? AFTER : NOTHING;
    return event;
}

/* ---- strings ---------------------------------------------------------- */

/* Four hexadecimal digits, or -1. */
static int32_t hex4(const char *p)
{
    int32_t v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0) return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* The code point of an escape \uHHHH or of a pair of them in n bytes at p; *used: how long it is.
 * -1: the digits are wrong; -2: half a pair. */
static int32_t escaped(const char *p, size_t n, size_t *used)
{
    int32_t high = n >= 6 ? hex4(p + 2) : -1;
    *used = 6;
    if (high < 0xd800 || high >= 0xe000) return high;
    if (high >= 0xdc00 || n < 12 || p[6] != '\\' || p[7] != 'u') return -2;
    int32_t low = hex4(p + 8);
    *used = 12;
    return low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00) : -2;
}

/* Unescape what stands at *r into *w and move both on. NULL, or what is wrong with it. */
static const char *unescape(char **r, const char *end, char **w)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char letter = end - *r > 1 ? (*r)[1] : 0;
    const char *known = letter ? strchr(from, letter) : NULL;
    if (known) {
        *(*w)++ = to[known - from];
        *r += 2;
        return NULL;
    }
    if (letter != 'u') return "an unknown escape in a string";
    size_t used;
    int32_t cp = escaped(*r, (size_t)(end - *r), &used);
    if (cp == -1) return "\\u without four hexadecimal digits";
    if (cp == -2) return "half a surrogate pair";
    *w += heft_utf8_encode(cp, *w);
    *r += used;
    return NULL;
}

static bool is_plain(char c)
{
    return (uint8_t)c >= 0x20 && (uint8_t)c < 0x80 && c != '"' && c != '\\';
}

/* Are the eight bytes at p plain? The top bit of a byte of `odd` is set where the byte's own is, or
 * where a subtraction borrowed: of 1 from what is 0 for " or \, of 0x20 from a control character. A
 * borrow spoils what lies behind the first byte that is not plain, and matters no more. */
static bool all_plain(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), b = heft_load64((const uint8_t *)p);
    const uint64_t quotes = (b ^ ones * '"') - ones, slashes = (b ^ ones * '\\') - ones;
    const uint64_t odd = b | quotes | slashes | (b - ones * 0x20);
    return (odd & ones * 0x80) == 0;
}

/* The string whose quote stands at j->next, into j->str. */
static bool string(heft_json *j)
{
    char *begin = j->p + j->next + 1, *end = j->p + j->n, *r = begin;
    while (end - r >= 8 && all_plain(r))
        r += 8;
    while (r < end && is_plain(*r))
        r++;
    char *w = r;
    while (r < end && *r != '"') {
        const char *what = NULL;
        if (is_plain(*r)) {
            *w++ = *r++;
        } else if (*r == '\\') {
            what = unescape(&r, end, &w);
        } else {
            int32_t cp;
            size_t len = heft_utf8_decode(r, (size_t)(end - r), &cp);
            if (cp < 0)
                what = "invalid UTF-8 in a string";
            else if (cp < 0x20)
                what = "a control character in a string";
            for (; !what && len > 0; len--)
                *w++ = *r++;
        }
        if (what) return refuse(j, (size_t)(r - j->p), what);
    }
    if (r == end) return refuse(j, j->n, "the text ends inside a string");
    *w = 0; /* the closing quote has been read */
    j->str = (heft_str){ begin, (size_t)(w - begin) };
    j->next = (size_t)(r + 1 - j->p);
    return true;
}

static heft_json_event key(heft_json *j, int c)
{
    if (c != '"') return wrong(j, j->at, "expected a key in quotes");
    if (!string(j)) return HEFT_J_ERROR;
    j->expect = COLON;
    return HEFT_J_KEY;
}

/* ---- numbers ---------------------------------------------------------- */

/* A number as written: m x 10^scale, m without what did not fit. */
typedef struct {
    bool negative, whole, cut; /* cut: m does not have all digits */
    uint64_t m;
    int32_t scale;
} decimal;

static bool is_digit(const heft_json *j, size_t i)
{
    return i < j->n && j->p[i] >= '0' && j->p[i] <= '9';
}

static size_t digits(const heft_json *j, size_t i, decimal *d)
{
    uint64_t m = d->m;
    for (; is_digit(j, i); i++) {
        if (m > (UINT64_MAX - 9) / 10)
            d->cut = true;
        else
            m = m * 10 + (uint64_t)(j->p[i] - '0');
    }
    d->m = m;
    return i;
}

/* Any magnitude beyond this is zero or out of range; it keeps the sums small. */
enum { MAX_EXPONENT = 100000, MAX_NUMBER = 1000 };

/* Scan the number at j->at, whose sign and first digit are there, and move behind it. */
static bool scan(heft_json *j, decimal *d)
{
    size_t i = j->at + d->negative;
    i = j->p[i] == '0' ? i + 1 : digits(j, i, d);
    if (i < j->n && j->p[i] == '.') {
        size_t begin = i + 1;
        i = digits(j, begin, d);
        if (i == begin) return refuse(j, i, "expected a digit behind the point");
        d->whole = false;
        d->scale = i - begin > MAX_NUMBER ? -MAX_NUMBER : -(int32_t)(i - begin);
    }
    if (i < j->n && (j->p[i] == 'e' || j->p[i] == 'E')) {
        bool minus = ++i < j->n && j->p[i] == '-';
        if (minus || (i < j->n && j->p[i] == '+')) i++;
        if (!is_digit(j, i)) return refuse(j, i, "expected a digit of the exponent");
        int32_t e = 0;
        for (; is_digit(j, i); i++)
            if (e < MAX_EXPONENT) e = e * 10 + (j->p[i] - '0');
        d->whole = false;
        d->scale += minus ? -e : e;
    }
    if (i - j->at > MAX_NUMBER) return refuse(j, j->at, "a number of over 1000 characters");
    j->next = i;
    return true;
}

/* The nearest double to the number that stands from j->at to j->next. Few digits and a small power
 * of ten are one exact operation; else strtod, which gets digits without a point because its point
 * depends on the locale. */
static double nearest(const heft_json *j, const decimal *d)
{
    static const double power[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    double sign = d->negative ? -1.0 : 1.0;
    if (!d->cut && d->m >> 53 == 0 && d->scale >= -22 && d->scale <= 22) {
        double m = sign * (double)d->m;
        return d->scale < 0 ? m / power[-d->scale] : m * power[d->scale];
    }
    char text[MAX_NUMBER + 16];
    size_t n = 0;
    for (size_t i = j->at + d->negative; i < j->next && j->p[i] != 'e' && j->p[i] != 'E'; i++)
        if (j->p[i] != '.') text[n++] = j->p[i];
    (void)snprintf(text + n, sizeof text - n, "e%d", (int)d->scale);
    return sign * strtod(text, NULL);
}

static heft_json_event number(heft_json *j)
{
    decimal d = { .negative = j->p[j->at] == '-', .whole = true };
    if (!is_digit(j, j->at + d.negative))
        return wrong(j, j->at + d.negative, "expected a digit behind the minus sign");
    if (!scan(j, &d)) return HEFT_J_ERROR;
    j->real = nearest(j, &d);
    uint64_t most = (uint64_t)INT64_MAX + d.negative;
    j->inexact = d.whole && (d.cut || d.m > most);
    if (j->inexact && !(j->flags & HEFT_JSON_PYTHON))
        return wrong(j, j->at, "an integer beyond 64 bits");
    if (!isfinite(j->real)) return wrong(j, j->at, "a number beyond the range of a double");
    if (!d.whole || j->inexact) return done(j, HEFT_J_REAL);
    /* two's complement, so that INT64_MIN needs no case of its own */
    j->i = (int64_t)(d.negative ? 0 - d.m : d.m);
    return done(j, HEFT_J_INT);
}

/* ---- values ----------------------------------------------------------- */

/* Words that are values. Those that only Python's json writes are reals. */
static const struct {
    const char *text;
    heft_json_event event;
    double real;
} words[] = {
    { "null", HEFT_J_NULL, 0 },
    { "true", HEFT_J_TRUE, 0 },
    { "false", HEFT_J_FALSE, 0 },
    { "NaN", HEFT_J_REAL, (double)NAN },
    { "Infinity", HEFT_J_REAL, HUGE_VAL },
    { "-Infinity", HEFT_J_REAL, -HUGE_VAL },
};

static heft_json_event word(heft_json *j)
{
    heft_str rest = { j->p + j->at, j->n - j->at };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!heft_str_begins(rest, words[i].text)) continue;
        if (words[i].event == HEFT_J_REAL && !(j->flags & HEFT_JSON_PYTHON)) break;
        j->next += strlen(words[i].text);
        j->real = words[i].real;
        j->inexact = false;
        return done(j, words[i].event);
    }
    if (heft_str_begins(rest, "\xef\xbb\xbf")) return wrong(j, j->at, "a byte order mark");
    if (rest.n && *rest.p == '-') return number(j);
    return wrong(j, j->at, "expected a value");
}

static heft_json_event begin(heft_json *j, int in)
{
    if (j->depth == HEFT_MAX_JSON_DEPTH) return wrong(j, j->at, "nested more than 64 deep");
    j->stack[j->depth++] = (uint8_t)in;
    j->next++;
    j->expect = in == IN_OBJECT ? FIRST_KEY : FIRST_VALUE;
    return in == IN_OBJECT ? HEFT_J_BEGIN_OBJECT : HEFT_J_BEGIN_ARRAY;
}

static heft_json_event end(heft_json *j)
{
    int in = j->stack[--j->depth];
    j->next++;
    return done(j, in == IN_OBJECT ? HEFT_J_END_OBJECT : HEFT_J_END_ARRAY);
}

static heft_json_event value(heft_json *j, int c)
{
    if (c == '"') return string(j) ? done(j, HEFT_J_STRING) : HEFT_J_ERROR;
    if (c == '{') return begin(j, IN_OBJECT);
    if (c == '[') return begin(j, IN_ARRAY);
    return c >= '0' && c <= '9' ? number(j) : word(j);
}

static heft_json_event step(heft_json *j)
{
    if (j->expect == BROKEN) return HEFT_J_ERROR;
    int c = peek(j);
    if (j->expect == NOTHING)
        return c < 0 ? HEFT_J_END : wrong(j, j->at, "expected nothing behind the document");
    bool object = j->depth && j->stack[j->depth - 1] == IN_OBJECT;
    bool may_end = j->expect == AFTER || j->expect == FIRST_KEY || j->expect == FIRST_VALUE;
    if (may_end && c == (object ? '}' : ']')) return end(j);
    if (j->expect == COLON) {
        if (c != ':') return wrong(j, j->at, "expected : behind a key");
        j->next++;
        c = peek(j);
    } else if (j->expect == AFTER) {
        if (c != ',') return wrong(j, j->at, object ? "expected , or }" : "expected , or ]");
        j->next++;
        c = peek(j);
        j->expect = object ? KEY : VALUE;
    }
    return j->expect == KEY || j->expect == FIRST_KEY ? key(j, c) : value(j, c);
}

heft_json_event heft_json_next(heft_json *j)
{
    j->last = step(j);
    return j->last;
}

bool heft_json_skip(heft_json *j)
{
    if (j->last == HEFT_J_KEY) (void)heft_json_next(j);
    if (j->last != HEFT_J_BEGIN_OBJECT && j->last != HEFT_J_BEGIN_ARRAY)
        return j->last != HEFT_J_ERROR;
    int32_t outside = j->depth - 1;
    while (j->depth > outside && j->last != HEFT_J_ERROR)
        (void)heft_json_next(j);
    return j->last != HEFT_J_ERROR;
}

heft_status heft_json_fail(const heft_json *j, const char *name, const char *what, heft_error *err)
{
    char found[32] = "";
    if (!what) {
        int c = j->at < j->n ? (uint8_t)j->p[j->at] : -1;
        what = j->wrong;
        if (!heft_str_begins(heft_str_of(what), "expected "))
            found[0] = 0;
        else if (c < 0)
            (void)snprintf(found, sizeof found, "found the end, ");
        else if (c > 0x20 && c < 0x7f)
            (void)snprintf(found, sizeof found, "found %c, ", c);
        else
            (void)snprintf(found, sizeof found, "found byte 0x%02x, ", (unsigned)c);
    }
    return heft_fail(err, HEFT_E_FORMAT, "%s: line %zu, column %zu: %s%s", heft_show_z(name).text,
                     j->line, j->at - j->line_at + 1, found, what);
}

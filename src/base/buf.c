/* A growing buffer with a maximum given at birth. */
#include "base/buf.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

heft_buf heft_buf_of(size_t max)
{
    return (heft_buf){ .max = max };
}

void heft_buf_free(heft_buf *b)
{
    heft_free(b->p);
    *b = heft_buf_of(b->max);
}

bool heft_buf_reserve(heft_buf *b, size_t more)
{
    if (b->failed) return false;
    if (b->n < b->cap && more < b->cap - b->n && more <= b->max - b->n) return true;
    b->failed = true; /* until proved otherwise */
    if (more > b->max - b->n || more > PTRDIFF_MAX - b->n) return false;
    size_t cap = b->n + more + 1; /* the NUL */
    if (cap < 2 * b->cap) cap = 2 * b->cap;
    if (cap < 64) cap = 64;
    char *p = heft_realloc(b->p, cap);
    if (!p) return false;
    b->p = p;
    b->cap = cap;
    b->failed = false;
    return true;
}

bool heft_buf_add(heft_buf *b, const void *data, size_t n)
{
    if (!heft_buf_reserve(b, n)) return false;
    if (n) memcpy(b->p + b->n, data, n);
    b->n += n;
    b->p[b->n] = 0;
    return true;
}

bool heft_buf_str(heft_buf *b, heft_str s)
{
    return heft_buf_add(b, s.p, s.n);
}

bool heft_buf_z(heft_buf *b, const char *z)
{
    return heft_buf_add(b, z, strlen(z));
}

bool heft_buf_printf(heft_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    bool ok = n >= 0 && heft_buf_reserve(b, (size_t)n);
    if (ok) b->n += (size_t)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    va_end(again);
    return ok;
}

heft_status heft_buf_check(const heft_buf *b, const char *what, heft_error *err)
{
    return b->failed ? heft_nomem(err, what) : HEFT_OK;
}

/* A comma is due where a value has just ended: not after an opening, a name or other text. */
static void separate(heft_buf *b)
{
    char last = b->n ? b->p[b->n - 1] : 0;
    bool word = (last >= '0' && last <= '9') || (last >= 'a' && last <= 'z');
    if (word || last == '"' || last == '}' || last == ']') heft_buf_z(b, ",");
}

void heft_json_begin(heft_buf *b, char open)
{
    separate(b);
    heft_buf_add(b, &open, 1);
}

void heft_json_end(heft_buf *b, char close)
{
    heft_buf_add(b, &close, 1);
}

static void quoted(heft_buf *b, heft_str s)
{
    heft_buf_z(b, "\"");
    for (size_t i = 0; i < s.n;) {
        int32_t cp;
        size_t len = heft_utf8_decode(s.p + i, s.n - i, &cp);
        if (cp < 0)
            heft_buf_z(b, "\\ufffd");
        else if (cp == '"' || cp == '\\')
            heft_buf_printf(b, "\\%c", (char)cp);
        else if (cp < 0x20 || cp == 0x7f)
            heft_buf_printf(b, "\\u%04x", (unsigned)cp);
        else
            heft_buf_add(b, s.p + i, len);
        i += len;
    }
    heft_buf_z(b, "\"");
}

void heft_json_key(heft_buf *b, const char *key)
{
    separate(b);
    quoted(b, heft_str_of(key));
    heft_buf_z(b, ":");
}

void heft_json_str(heft_buf *b, heft_str value)
{
    separate(b);
    quoted(b, value);
}

void heft_json_int(heft_buf *b, int64_t value)
{
    separate(b);
    heft_buf_printf(b, "%" PRId64, value);
}

void heft_json_real(heft_buf *b, double value)
{
    separate(b);
    if (!isfinite(value)) {
        heft_buf_z(b, "null");
        return;
    }
    char text[40];
    (void)snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value) (void)snprintf(text, sizeof text, "%.17g", value);
    size_t whole = strspn(text, "-0123456789"); /* then the locale's own decimal point */
    size_t rest = whole + strcspn(text + whole, "0123456789");
    bool fraction = rest > whole && text[whole] != 'e';
    heft_buf_add(b, text, whole);
    if (fraction) heft_buf_z(b, ".");
    heft_buf_z(b, text + (fraction ? rest : whole));
}

void heft_json_bool(heft_buf *b, bool value)
{
    separate(b);
    heft_buf_z(b, value ? "true" : "false");
}

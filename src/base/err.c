/* Errors: how functions in this program fail. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *heft_status_name(heft_status code)
{
    switch (code) {
    case HEFT_OK: return "ok";
    case HEFT_E_ARG: return "argument";
    case HEFT_E_NOMEM: return "memory";
    case HEFT_E_IO: return "io";
    case HEFT_E_FORMAT: return "format";
    case HEFT_E_UNSUPPORTED: return "unsupported";
    case HEFT_E_INTEGRITY: return "integrity";
    case HEFT_E_CANCELLED: return "cancelled";
    }
    return "unknown";
}

const char *heft_version(void)
{
    return HEFT_VERSION;
}

heft_status heft_fail(heft_error *err, heft_status code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        err->code = code;
        (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    return code;
}

heft_status heft_context(heft_error *err, heft_status code, const char *fmt, ...)
{
    if (err) {
        char inner[sizeof err->text];
        memcpy(inner, err->text, sizeof inner);
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n < sizeof err->text)
            (void)snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", inner);
        err->code = code;
    }
    return code;
}

heft_status heft_nomem(heft_error *err, const char *what)
{
    return heft_fail(err, HEFT_E_NOMEM, "out of memory for %s", what);
}

void heft_warn(const heft_log *log, const char *fmt, ...)
{
    if (!log || !log->warn) return;
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    log->warn(log->to, line);
}

/* Write as much of s as fits `room` bytes; *used of it were shown. Returns the bytes written. */
static size_t escape(char *out, size_t room, heft_str s, size_t *used)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0, at = 0;
    while (at < s.n) {
        int32_t cp;
        size_t len = heft_utf8_decode(s.p + at, s.n - at, &cp);
        bool plain = cp >= 0x20 && (cp < 0x7f || cp >= 0xa0); /* not invalid (-1), C0, DEL, C1 */
        if (n + (plain ? len : 4) > room) break;
        if (plain) {
            memcpy(out + n, s.p + at, len);
            n += len;
            at += len;
        } else {
            const uint8_t c = (uint8_t)s.p[at++];
            memcpy(out + n, (const char[4]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
            n += 4;
        }
    }
    *used = at;
    return n;
}

/* The end of a path says more than its middle. */
heft_shown heft_show(heft_str name)
{
    enum { SHOWN = 96, HEAD = 32, TAIL = SHOWN - HEAD };
    heft_shown s = { 0 };
    size_t used, tail, n = escape(s.text, SHOWN, name, &used);
    if (used == name.n) return s;
    n = escape(s.text, HEAD, name, &used);
    memcpy(s.text + n, "...", 3);
    n += 3;
    for (size_t from = name.n > TAIL ? name.n - TAIL : used;; from++) {
        if (from < name.n && ((uint8_t)name.p[from] & 0xc0) == 0x80)
            continue; /* inside a character */
        tail = escape(s.text + n, TAIL, (heft_str){ name.p + from, name.n - from }, &used);
        if (used == name.n - from) break;
    }
    s.text[n + tail] = 0;
    return s;
}

heft_shown heft_show_z(const char *name)
{
    return heft_show(heft_str_of(name));
}

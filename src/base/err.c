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

heft_shown heft_show(heft_str name)
{
    static const char hex[] = "0123456789abcdef";
    enum { SHOWN = 96 };
    heft_shown s;
    size_t out = 0, in = 0;
    while (in < name.n && out + 4 <= SHOWN) {
        int32_t cp;
        size_t len = heft_utf8_decode(name.p + in, name.n - in, &cp);
        if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) { /* invalid (-1), C0, DEL, C1 */
            uint8_t c = (uint8_t)name.p[in++];
            s.text[out++] = '\\';
            s.text[out++] = 'x';
            s.text[out++] = hex[c >> 4];
            s.text[out++] = hex[c & 15];
        } else {
            memcpy(s.text + out, name.p + in, len);
            out += len;
            in += len;
        }
    }
    (void)snprintf(s.text + out, sizeof s.text - out, "%s", in < name.n ? "..." : "");
    return s;
}

heft_shown heft_show_z(const char *name)
{
    return heft_show(heft_str_of(name));
}

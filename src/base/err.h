/* Errors: how functions in this program fail. */
#ifndef HEFT_BASE_ERR_H
#define HEFT_BASE_ERR_H

#include "base/str.h"
#include "heft.h"

#if defined(__GNUC__)
#define HEFT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define HEFT_PRINTF(fmt, args)
#endif

/* Fill *err (err may be NULL) and return code, so that a failure is one line:
 *     return heft_fail(err, HEFT_E_FORMAT, "%s: bad magic", path); */
heft_status heft_fail(heft_error *err, heft_status code, const char *fmt, ...) HEFT_PRINTF(3, 4);

/* Put context in front of the message already in *err and return code:
 * "tensor 12" + "shape is 3x4" -> "tensor 12: shape is 3x4". */
heft_status heft_context(heft_error *err, heft_status code, const char *fmt, ...) HEFT_PRINTF(3, 4);

/* The one spelling of an allocation that failed. */
heft_status heft_nomem(heft_error *err, const char *what);

/* Send one warning line to log (NULL or without a sink: dropped). */
void heft_warn(const heft_log *log, const char *fmt, ...) HEFT_PRINTF(2, 3);

/* A name that came from a file, fit for a message: control characters and invalid UTF-8 as \xHH,
 * what does not fit 96 bytes cut out of the middle. Use: heft_fail(..., heft_show(s).text). */
typedef struct {
    char text[128];
} heft_shown;
heft_shown heft_show(heft_str name);
heft_shown heft_show_z(const char *name);

#endif

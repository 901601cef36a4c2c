/* Base64 (RFC 4648, section 4). */
#ifndef HEFT_BASE_BASE64_H
#define HEFT_BASE_BASE64_H

#include "base/buf.h"

/* Append what text stands for; padding may be left out. false: it is not Base64, and out may have
 * grown; memory that is lacking shows in out. */
bool heft_base64_decode(heft_str text, heft_buf *out);

#endif

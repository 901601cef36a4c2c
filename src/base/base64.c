/* Base64 (RFC 4648, section 4). */
#include "base/base64.h"

static int32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

bool heft_base64_decode(heft_str text, heft_buf *out)
{
    uint32_t bits = 0;
    int32_t n = 0;
    size_t padding = 0;
    while (padding < 2 && text.n && text.p[text.n - 1] == '=') {
        text.n--;
        padding++;
    }
    if (text.n % 4 == 1 || (padding && (text.n + padding) % 4)) return false;
    heft_buf_reserve(out, text.n / 4 * 3 + 3);
    for (size_t i = 0; i < text.n; i++) {
        int32_t value = value_of(text.p[i]);
        if (value < 0) return false;
        bits = bits << 6 | (uint32_t)value;
        n += 6;
        if (n < 8) continue;
        n -= 8;
        char byte = (char)(bits >> n & 0xff);
        heft_buf_add(out, &byte, 1);
    }
    return (bits & ((1u << n) - 1)) == 0; /* what is left over must be nothing */
}

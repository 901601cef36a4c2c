/* Undo steps: what a tokenizer calls its decoder. */
#include "text/pipeline.h"

#include <string.h>

bool heft_undo_bytes(const heft_undo *u, heft_str in, bool first, heft_buf *out)
{
    (void)u;
    (void)first;
    size_t begin = out->n;
    for (size_t i = 0; i < in.n;) {
        int32_t cp;
        i += heft_utf8_decode(in.p + i, in.n - i, &cp);
        int32_t byte = heft_byte_of_char(cp);
        if (byte < 0) { /* not in the alphabet: the token is text */
            out->n = begin;
            return heft_buf_str(out, in);
        }
        char c = (char)byte;
        if (!heft_buf_add(out, &c, 1)) return false;
    }
    return true;
}

static int32_t hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool heft_undo_byte_fallback(const heft_undo *u, heft_str in, bool first, heft_buf *out)
{
    (void)u;
    (void)first;
    bool form = in.n == 6 && heft_str_begins(in, "<0x") && in.p[5] == '>';
    if (!form || hex_digit(in.p[3]) < 0 || hex_digit(in.p[4]) < 0) return heft_buf_str(out, in);
    char byte = (char)(hex_digit(in.p[3]) * 16 + hex_digit(in.p[4]));
    return heft_buf_add(out, &byte, 1);
}

/* Write in with every `from` as `to`. */
static bool replace(heft_str in, heft_str from, heft_str to, heft_buf *out)
{
    bool ok = true;
    for (size_t i = 0; i < in.n && ok;) {
        bool here = in.n - i >= from.n && memcmp(in.p + i, from.p, from.n) == 0;
        ok = here ? heft_buf_str(out, to) : heft_buf_add(out, in.p + i, 1);
        i += here ? from.n : 1;
    }
    return ok;
}

bool heft_undo_replace(const heft_undo *u, heft_str in, bool first, heft_buf *out)
{
    (void)first;
    return replace(in, u->from, u->to, out);
}

bool heft_undo_metaspace(const heft_undo *u, heft_str in, bool first, heft_buf *out)
{
    return replace(in, u->from, first && u->by_position ? heft_str_of("") : u->to, out);
}

bool heft_undo_strip(const heft_undo *u, heft_str in, bool first, heft_buf *out)
{
    (void)first;
    for (int32_t i = 0; i < u->left && in.n >= u->from.n && memcmp(in.p, u->from.p, u->from.n) == 0;
         i++) {
        in.p += u->from.n;
        in.n -= u->from.n;
    }
    for (int32_t i = 0; i < u->right && in.n >= u->from.n; i++) {
        if (memcmp(in.p + in.n - u->from.n, u->from.p, u->from.n) != 0) break;
        in.n -= u->from.n;
    }
    return heft_buf_str(out, in);
}

bool heft_undo_join(const heft_undo *u, heft_str in, bool first, heft_buf *out)
{
    (void)u;
    return (first || heft_buf_z(out, " ")) && heft_buf_str(out, in);
}

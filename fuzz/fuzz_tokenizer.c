/* tokenizer.json, or tokenizer.model where the first byte is no brace: whatever opens must take any
 * text, give back ids it has, and stream what it decodes at once. */
#include "base/mem.h"
#include "fuzz.h"
#include "text/pipeline.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 1 << 16 };

static void stream(const heft_tokenizer *t, const int32_t *ids, size_t n)
{
    char *text = NULL, *out;
    size_t bytes = 0, at = 0;
    heft_error err;
    heft_stream s = { .t = t, .special = true };
    if (heft_detokenize(t, ids, n, true, &text, &bytes, &err)) return;
    out = malloc(bytes + 2 * heft_stream_max(t));
    for (size_t i = 0; i < n && out; i++)
        at += heft_stream_next(&s, ids[i], out + at);
    if (out) at += heft_stream_end(&s, out + at);
    if (out && heft_utf8_valid((heft_str){ text, bytes }) && (at != bytes || memcmp(out, text, at)))
        abort();
    free(out);
    heft_release(text);
}

static void use(const heft_tokenizer *t, heft_str text)
{
    for (unsigned flags = 0; flags < 4; flags++) {
        int32_t *ids = NULL;
        size_t n = 0;
        heft_error err;
        if (heft_tokenize(t, text.p, text.n, flags, &ids, &n, &err)) continue;
        for (size_t i = 0; i < n; i++)
            if (!heft_tokenizer_has(t, ids[i])) abort();
        stream(t, ids, n);
        heft_release(ids);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char any[] = "Hello  world\xff \u00e9e\u0301 12345 \u4e00\u4e8c\n\n<s> a\u200db";
    heft_error err;
    if (n > MAX_FILE) return 0;
    heft_tokenizer *t = heft_tokenizer_new();
    char *text = malloc(n + 1);
    if (t && text) {
        if (n) memcpy(text, data, n);
        heft_status st = n && data[0] == '{' ? heft_tokenizer_parse_json(t, text, n, NULL, &err)
                                             : heft_tokenizer_parse_model(t, (heft_str){ text, n },
                                                                          "input", NULL, &err);
        if (!st) st = heft_tokenizer_finish(t, &err);
        if (!st) {
            use(t, (heft_str){ any, sizeof any - 1 });
            use(t, (heft_str){ (const char *)data, n < 512 ? n : 512 });
        }
    }
    heft_tokenizer_close(t);
    free(text);
    return 0;
}

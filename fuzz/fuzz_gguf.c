/* The header of a GGUF file; of a good one, every tensor and every array. */
#include "fuzz.h"
#include "memory_source.h"

#include <stdlib.h>

static void read_array(const heft_source *s, const heft_value *v)
{
    heft_gguf_array a;
    heft_str str;
    int64_t i, n = 0;
    double d;
    if (v->kind != HEFT_V_ARRAY && v->kind != HEFT_V_LONG_ARRAY) return;
    char *key = heft_strdup(v->key);
    if (!key || !heft_gguf_array_open(s, key, &a)) abort();
    while (heft_gguf_next_str(&a, &str) || heft_gguf_next_int(&a, &i)
           || heft_gguf_next_real(&a, &d))
        n++;
    if (n != v->n && a.type != 10) abort(); /* a uint64 beyond int64 fits no kind */
    heft_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    heft_source s;
    heft_value *metadata;
    heft_error err;
    memory_source_init(&s, data, n);
    s.container = HEFT_GGUF;
    if (heft_gguf_read(&s, 0, NULL, &metadata, &err) == HEFT_OK
        && heft_source_seal(&s, &err) == HEFT_OK) {
        s.config = metadata;
        memory_source_read(&s);
        for (const heft_value *v = metadata->child; v; v = v->next)
            read_array(&s, v);
        heft_value_mark(metadata);
    }
    memory_source_clear(&s);
    return 0;
}

/* config.json and its like: the tree in Python's dialect, looked up and marked. */
#include "format/json.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static int64_t count(const heft_value *v)
{
    int64_t n = 1, children = 0;
    for (const heft_value *c = v->child; c; c = c->next, children++) {
        n += count(c);
        if (v->kind == HEFT_V_OBJECT && heft_value_get_str(v, c->key) != c) abort();
    }
    if ((v->kind == HEFT_V_OBJECT || v->kind == HEFT_V_ARRAY) && children != v->n) abort();
    if (v->kind == HEFT_V_ARRAY && v->n && !heft_value_at(v, v->n - 1)) abort();
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n);
    heft_arena arena = { 0 };
    heft_value *v = NULL;
    heft_error err;
    if (!text && n) return 0;
    if (n) memcpy(text, data, n);
    if (heft_json_tree(&arena, text, n, HEFT_JSON_PYTHON, "input", &v, &err) == HEFT_OK) {
        (void)count(v);
        heft_value_mark(v);
    }
    heft_arena_clear(&arena);
    free(text);
    return 0;
}

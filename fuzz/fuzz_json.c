/* The JSON reader, strict: events, skipping, and the tree, which must agree with each other. */
#include "format/json.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* Read to the end, skipping the values that `skip` picks. true: no error. */
static bool read_all(char *text, size_t n, unsigned skip)
{
    heft_json j;
    heft_error err;
    heft_json_open(&j, text, n, 0);
    for (unsigned i = 0;; i++) {
        heft_json_event e = heft_json_next(&j);
        if (e == HEFT_J_END) return true;
        if (e == HEFT_J_ERROR) {
            (void)heft_json_fail(&j, "input", NULL, &err);
            return false;
        }
        if ((e == HEFT_J_STRING || e == HEFT_J_KEY) && !heft_utf8_valid(j.str)) abort();
        if (skip && i % skip == 0) (void)heft_json_skip(&j);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n);
    heft_arena arena = { 0 };
    heft_value *v;
    heft_error err;
    if (!text && n) return 0;
    if (n) memcpy(text, data, n);
    bool good = read_all(text, n, 0);
    for (unsigned skip = 1; skip < 4; skip++) {
        if (n) memcpy(text, data, n);
        if (read_all(text, n, skip) != good) abort();
    }
    if (n) memcpy(text, data, n);
    if (heft_json_tree(&arena, text, n, 0, "input", &v, &err) == HEFT_OK && !good) abort();
    heft_arena_clear(&arena);
    free(text);
    return 0;
}

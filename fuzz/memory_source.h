/* A source of one file that lies in memory. */
#ifndef HEFT_FUZZ_MEMORY_SOURCE_H
#define HEFT_FUZZ_MEMORY_SOURCE_H

#include "format/container.h"

/* data is kept. Aborts without memory. Close with memory_source_clear. */
static inline void memory_source_init(heft_source *s, const uint8_t *data, size_t n)
{
    static char path[] = "input";
    *s = (heft_source){ .path = path, .n_files = 1 };
    if (heft_source_files(s, 1, NULL)) __builtin_trap();
    s->file[0] = (heft_map){ .data = data, .size = n, .slot = -1, .path = path };
}

/* Every tensor can be found, and every byte of it read. */
static inline void memory_source_read(const heft_source *s)
{
    volatile uint8_t sum = 0;
    for (int64_t i = 0; i < s->n_tensors; i++) {
        const heft_tensor *t = &s->tensor[i];
        if (heft_source_find(s, t->name) != t) __builtin_trap();
        for (uint64_t k = 0; k < t->bytes; k++)
            sum = (uint8_t)(sum + t->data[k]);
    }
}

static inline void memory_source_clear(heft_source *s)
{
    heft_free(s->tensor);
    heft_source_unseal(s);
    heft_arena_clear(&s->arena);
}

#endif

/* Memory: every byte heft allocates goes through here, and is counted. */
#ifndef HEFT_BASE_MEM_H
#define HEFT_BASE_MEM_H

#include "base/err.h"

enum { HEFT_ALIGN = 64 }; /* of every allocation: a cache line, and the widest vector */

/* n * size zeroed bytes, 64-byte aligned; NULL if that overflows or there is no memory. n or size
 * may be 0: a unique pointer. Release with heft_free. */
void *heft_alloc(size_t n, size_t size);
/* Change a block's size, keeping its content; what is new is zero. p may be NULL. NULL on
 * failure, and then p is still valid. */
void *heft_realloc(void *p, size_t bytes);
void heft_free(void *p); /* NULL is allowed */
/* A NUL-terminated copy. */
char *heft_strdup(heft_str s);

typedef struct {
    size_t bytes, peak; /* asked for, without the allocator's own overhead */
    uint64_t calls;     /* allocations made so far */
} heft_mem_stats;
heft_mem_stats heft_mem(void);
void heft_mem_reset_peak(void); /* peak = bytes */
/* What heft_alloc(n, size) adds to stats.bytes: plans are added up with it. SIZE_MAX: more than
 * there can be. */
size_t heft_mem_cost(size_t n, size_t size);

/* Bytes this thread has allocated minus those it has freed: what opening something keeps is the
 * difference of two calls. */
int64_t heft_mem_mine(void);

/* Several allocations that an object makes together, so that their size can be told without making
 * them. `to` is the address of a pointer variable of any type. */
typedef struct {
    void *to;
    size_t n, size;
} heft_part;
size_t heft_parts_bytes(const heft_part *p, int32_t n); /* SIZE_MAX: more than there can be */
/* All or none; false: out of memory. */
bool heft_parts_alloc(const heft_part *p, int32_t n);
void heft_parts_free(const heft_part *p, int32_t n);

/* An arena: many small things that die together. Zero-initialise. */
typedef struct heft_arena {
    struct heft_arena_block *block;
    size_t bytes; /* held, unused tails included */
} heft_arena;

/* Zeroed, aligned for any type; NULL on failure or overflow. */
void *heft_arena_alloc(heft_arena *a, size_t n, size_t size);
/* A NUL-terminated copy. */
char *heft_arena_strdup(heft_arena *a, heft_str s);
void heft_arena_clear(heft_arena *a);

/* a * b or a + b in *out; false on overflow. */
bool heft_mul(uint64_t a, uint64_t b, uint64_t *out);
bool heft_add(uint64_t a, uint64_t b, uint64_t *out);

#endif

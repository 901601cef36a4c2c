/* Models in memory: configurations made of strings, sources with a tensor more or less. */
#ifndef HEFT_TESTS_MODEL_IN_MEMORY_H
#define HEFT_TESTS_MODEL_IN_MEMORY_H

#include "model/run.h"
#include "testing.h"

/* A key of a configuration and its value as JSON writes it. A list ends with a NULL key. */
typedef struct {
    const char *key, *value; /* value NULL: the key is left out */
} heft_entry;

enum { HEFT_ENTRIES = 8, HEFT_FACTORS = 64 };

/* A tensor of rope factors in a GGUF file. */
typedef struct {
    const char *name;
    int32_t n;
    float factor[HEFT_FACTORS];
} heft_factors;

/* What came of configuring. Zero-initialise; clear it afterwards. */
typedef struct {
    heft_status st;
    heft_error err;
    heft_spec spec;
    char warned[2048]; /* the warnings, each ended by a newline */
    bool used[4];      /* of the factors */
    heft_arena arena;
} heft_configured;

/* The shortest configurations that heft takes: llama, in either container; 8 heads of 16, V 96,
 * 128 positions. GGUF metadata is a flat object here too. */
extern const heft_entry heft_base_release[], heft_base_gguf[];

/* Configure what `base` says, with the entries of `change` in place of its own. factors: ended by
 * a NULL name, or NULL. */
void heft_configure_text(heft_configured *c, heft_container container, const heft_entry *base,
                         const heft_entry *change, const heft_factors *factors, bool strict);
void heft_configured_clear(heft_configured *c);

/* A log that collects warnings in *text (size 2048), each ended by a newline. */
heft_log heft_collect(char *text);

/* A copy of a source with room for one tensor more; its arrays are its own, the rest is borrowed.
 * Change tensors, then seal. */
heft_source heft_copy_source(const heft_source *s);
/* After tensors were changed: find them by their names as they are now. */
void heft_seal_copy(heft_source *copy);
void heft_free_copy(heft_source *copy);

#endif

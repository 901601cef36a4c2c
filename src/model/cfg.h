/* A configuration being read: what the getters of family.h share. */
#ifndef HEFT_MODEL_CFG_H
#define HEFT_MODEL_CFG_H

#include "base/cursor.h"
#include "model/family.h"

#include <string.h>

struct heft_cfg {
    const heft_source *src;
    const heft_value *root; /* what the getters read: config.json, an object in it, or metadata */
    const heft_family *family;
    bool gguf, failed;
    int32_t layers;     /* known once heft_cfg_llama has run */
    heft_str arch;      /* GGUF: what stands before the dot of its keys */
    const char *inside; /* "rope_scaling.": what messages put before a key; or NULL */
    heft_arena *arena;
    bool *used;       /* (n_tensors) */
    heft_error error; /* the first; valid where failed */
};

/* A value, or none, as messages and must_be lists write it. */
heft_shown heft_cfg_text(const heft_value *v);
heft_str heft_cfg_str(struct heft_cfg *, const char *hf, const char *gguf, const char *absent);
/* The value itself, marked read; NULL: absent. */
const heft_value *heft_cfg_find(struct heft_cfg *, const char *hf, const char *gguf);

#endif

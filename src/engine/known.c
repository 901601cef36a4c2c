/* The families, as the public interface shows them. */
#include "heft.h"
#include "model/evidence.h"
#include "model/family.h"

#include <string.h>

bool heft_family_describe(int32_t i, heft_family_facts *out)
{
    static const char *const none[] = { NULL };
    for (int32_t k = 0; k < i; k++)
        if (!heft_families[k]) return false;
    const heft_family *f = i < 0 ? NULL : heft_families[i];
    if (!f) return false;
    *out = (heft_family_facts){ .name = f->name,
                                .source = f->source,
                                .model_types = f->model_type,
                                .gguf_archs = f->gguf_arch ? f->gguf_arch : none };
    return true;
}

static bool is_type(const char *const *types, const char *type)
{
    for (; *types; types++)
        if (strcmp(*types, type) == 0) return true;
    return false;
}

const char *heft_family_shown(const heft_family_facts *f, heft_shown_how how, int32_t i)
{
    for (const heft_evidence *e = heft_evidence_table; e->model_type; e++)
        if (e->how == how && is_type(f->model_types, e->model_type) && i-- == 0) return e->by;
    return NULL;
}

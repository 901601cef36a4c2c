/* Chat templates: any source over one conversation. */
#include "base/mem.h"
#include "fuzz.h"
#include "text/template.h"

#include <stdlib.h>

static const char conversation[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"<a> "
                                   "b\"},{\"role\":\"assistant\",\"n\":[1,2.5,null]}],"
                                   "\"s\":\"text\",\"add_generation_prompt\":true}";

static bool count(void *to, heft_str name)
{
    *(size_t *)to += name.n;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    heft_template *t = NULL;
    heft_prompt out = { .n = 0 };
    heft_error err;
    json_t *variables = json_loads(conversation, 0, NULL);
    if (!variables) return 0;
    if (heft_template_open((heft_str){ (const char *)data, n }, "input", &t, &err) == HEFT_OK
        && heft_template_render(t, variables, NULL, NULL, &out, &err) == HEFT_OK) {
        size_t end = 0;
        for (size_t i = 0; i < out.n_ranges; i++) {
            if (out.range[i].end <= end) abort();
            end = out.range[i].end;
        }
        if (end != out.n) abort();
    }
    size_t letters = 0;
    if (t && heft_template_variables(t, count, &letters, &err) == HEFT_OK && letters > n) abort();
    heft_free(out.text);
    heft_free(out.range);
    heft_template_close(t);
    json_decref(variables);
    return 0;
}

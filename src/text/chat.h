/* How a release writes conversations, from the inside: what chat.c and chat_files.c share. */
#ifndef HEFT_TEXT_CHAT_H
#define HEFT_TEXT_CHAT_H

#include "base/bounds.h"
#include "text/template.h"
#include "text/tokenizer.h"

typedef struct {
    const char *name;
    heft_str source;
    heft_template *t; /* NULL: not parsed yet, or it cannot be */
} heft_named_template;

struct heft_chat {
    heft_arena arena;
    const char *from;              /* where the templates stand */
    heft_named_template *template; /* (n), in the arena */
    int32_t n;
    json_t *tokens; /* bos_token, ...: what the reference hands to a template */
    bool add_bos;   /* the tokenizer's own beginning goes in front of a prompt */
    heft_chat_facts facts;
};

/* Add a template; a name that is there gets the new source. Both are copied. Fails: HEFT_E_FORMAT
 * (more than HEFT_MAX_TEMPLATES), HEFT_E_NOMEM. */
heft_status heft_chat_add(heft_chat *c, heft_str name, heft_str source,
                          heft_error *err) HEFT_MUST_CHECK;

/* Read templates and tokens of a release. None found is no failure. */
heft_status heft_chat_read(heft_chat *c, const char *path, const heft_log *log,
                           heft_error *err) HEFT_MUST_CHECK;

#endif

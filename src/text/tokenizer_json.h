/* Reading tokenizer.json: what its two files share. */
#ifndef HEFT_TEXT_TOKENIZER_JSON_H
#define HEFT_TEXT_TOKENIZER_JSON_H

#include "text/pipeline.h"

typedef struct {
    heft_tokenizer *t;
    const char *file; /* for messages */
    const heft_log *log;
    bool fused; /* the decoders so far join the tokens */
} heft_json_loader;

/* Read the sections of the same names; v may be NULL or null. */
heft_status heft_json_normalizer(heft_json_loader *l, const heft_value *v,
                                 heft_error *err) HEFT_MUST_CHECK;
heft_status heft_json_pre_tokenizer(heft_json_loader *l, const heft_value *v,
                                    heft_error *err) HEFT_MUST_CHECK;
heft_status heft_json_post_processor(heft_json_loader *l, const heft_value *v,
                                     heft_error *err) HEFT_MUST_CHECK;
heft_status heft_json_decoder(heft_json_loader *l, const heft_value *v,
                              heft_error *err) HEFT_MUST_CHECK;

/* Members of an object, by kind. Absent or null: *out keeps its value where `needed` is false.
 * where names the object in messages. Strings are copied into the tokenizer's arena. */
heft_status heft_json_get_bool(heft_json_loader *l, const heft_value *o, const char *where,
                               const char *key, bool needed, bool *out,
                               heft_error *err) HEFT_MUST_CHECK;
heft_status heft_json_get_int(heft_json_loader *l, const heft_value *o, const char *where,
                              const char *key, int32_t most, int32_t *out,
                              heft_error *err) HEFT_MUST_CHECK;
heft_status heft_json_get_str(heft_json_loader *l, const heft_value *o, const char *where,
                              const char *key, bool needed, heft_str *out,
                              heft_error *err) HEFT_MUST_CHECK;
/* Refuse a member of o that nobody asked for. */
heft_status heft_json_all_read(heft_json_loader *l, const heft_value *o, const char *where,
                               heft_error *err) HEFT_MUST_CHECK;

#endif

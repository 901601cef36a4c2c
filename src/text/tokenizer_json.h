/* Reading tokenizer.json: what its files share. */
#ifndef HEFT_TEXT_TOKENIZER_JSON_H
#define HEFT_TEXT_TOKENIZER_JSON_H

#include "text/pipeline.h"

typedef struct {
    heft_tokenizer *t;
    const char *file; /* for messages */
    const heft_log *log;
    bool fused; /* the decoders so far join the tokens */
    bool alone; /* the decoder so far is one that may have no other behind it */
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

/* How the Metaspace o puts its mark in front, a heft_prefix, in the words of newer and of older
 * files. */
heft_status heft_json_metaspace_scheme(heft_json_loader *l, const heft_value *o, int32_t *scheme,
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
heft_status heft_json_get_char(heft_json_loader *l, const heft_value *o, const char *where,
                               const char *key, heft_str *out, heft_error *err) HEFT_MUST_CHECK;
/* The member "pattern": {"String": ...} or {"Regex": ...}. */
heft_status heft_json_get_pattern(heft_json_loader *l, const heft_value *o, const char *where,
                                  heft_pattern *out, heft_error *err) HEFT_MUST_CHECK;
/* One of names, ended by NULL: its index. */
heft_status heft_json_get_choice(heft_json_loader *l, const heft_value *o, const char *where,
                                 const char *key, const char *const *names, int32_t *out,
                                 heft_error *err) HEFT_MUST_CHECK;
/* The member of o, or NULL where it is absent or null. */
const heft_value *heft_json_member(const heft_value *o, const char *key);
/* "FILE: where.key is V, `expected` is expected". */
heft_status heft_json_wrong(heft_json_loader *l, const char *where, const char *key,
                            const heft_value *v, const char *expected, heft_error *err);
/* Refuse a member of o that nobody asked for. */
heft_status heft_json_all_read(heft_json_loader *l, const heft_value *o, const char *where,
                               heft_error *err) HEFT_MUST_CHECK;

/* An added token: content, special, normalized, lstrip, rstrip, single_word. An id that has a
 * string must have this one. Fails: HEFT_E_FORMAT, HEFT_E_UNSUPPORTED (a key heft does not know).
 */
heft_status heft_json_added_token(heft_json_loader *l, const heft_value *o, const char *where,
                                  int32_t id, heft_error *err) HEFT_MUST_CHECK;

/* A component of a section: a row of a table that ends with a NULL type. */
typedef struct {
    const char *type;
    heft_status (*read)(heft_json_loader *l, const heft_value *o, heft_error *err);
} heft_json_kind;

typedef struct {
    const char *name, *members; /* of the section; of a Sequence in it */
    const heft_json_kind *kind;
} heft_json_section;

/* Read a component, or a Sequence of them; o may be NULL or null. depth: 0 at the top. */
heft_status heft_json_component(heft_json_loader *l, const heft_value *o,
                                const heft_json_section *s, int32_t depth,
                                heft_error *err) HEFT_MUST_CHECK;

#endif

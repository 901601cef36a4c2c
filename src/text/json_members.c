/* Reading tokenizer.json: members of objects, and sections of components.
 *
 * Each section is one component or a Sequence of them. A component is a row of a table: its type
 * and the function that turns it into steps. Every key must be understood; what is not is refused
 * by name. */
#include "text/tokenizer_json.h"

#include "base/bounds.h"

#include <string.h>

/* ---- members ---- */

heft_status heft_json_wrong(heft_json_loader *l, const char *where, const char *key,
                            const heft_value *v, const char *expected, heft_error *err)
{
    return heft_fail(err, HEFT_E_FORMAT, "%s: %s.%s is %s, %s is expected", l->file, where, key,
                     v ? heft_value_kind_name(v->kind) : "missing", expected);
}

const heft_value *heft_json_member(const heft_value *o, const char *key)
{
    const heft_value *v = heft_value_get(o, key);
    return v && v->kind == HEFT_V_NULL ? NULL : v;
}

heft_status heft_json_get_bool(heft_json_loader *l, const heft_value *o, const char *where,
                               const char *key, bool needed, bool *out, heft_error *err)
{
    const heft_value *v = heft_json_member(o, key);
    if (!v && !needed) return HEFT_OK;
    if (!v || v->kind != HEFT_V_BOOL)
        return heft_json_wrong(l, where, key, v, "true or false", err);
    *out = v->n != 0;
    return HEFT_OK;
}

heft_status heft_json_get_int(heft_json_loader *l, const heft_value *o, const char *where,
                              const char *key, int32_t most, int32_t *out, heft_error *err)
{
    const heft_value *v = heft_json_member(o, key);
    if (!v || v->kind != HEFT_V_INT) return heft_json_wrong(l, where, key, v, "an integer", err);
    if (v->n < 0 || v->n > most)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s.%s is %lld, 0 to %d is expected", l->file,
                         where, key, (long long)v->n, (int)most);
    *out = (int32_t)v->n;
    return HEFT_OK;
}

heft_status heft_json_get_str(heft_json_loader *l, const heft_value *o, const char *where,
                              const char *key, bool needed, heft_str *out, heft_error *err)
{
    const heft_value *v = heft_json_member(o, key);
    if (!v && !needed) return HEFT_OK;
    if (!v || v->kind != HEFT_V_STRING) return heft_json_wrong(l, where, key, v, "a string", err);
    char *copy = heft_arena_strdup(&l->t->arena, v->str);
    if (!copy) return heft_nomem(err, l->file);
    *out = (heft_str){ copy, v->str.n };
    return HEFT_OK;
}

heft_status heft_json_all_read(heft_json_loader *l, const heft_value *o, const char *where,
                               heft_error *err)
{
    for (const heft_value *v = o->child; v; v = v->next)
        if (!v->read)
            return heft_fail(err, HEFT_E_UNSUPPORTED,
                             "%s: %s has the key %s, which heft does not know", l->file, where,
                             heft_show(v->key).text);
    return HEFT_OK;
}

heft_status heft_json_get_char(heft_json_loader *l, const heft_value *o, const char *where,
                               const char *key, heft_str *out, heft_error *err)
{
    heft_status st = heft_json_get_str(l, o, where, key, true, out, err);
    if (st) return st;
    int32_t cp;
    if (out->n == 0 || heft_utf8_decode(out->p, out->n, &cp) != out->n)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s.%s is %s, one character is expected", l->file,
                         where, key, heft_show(*out).text);
    return HEFT_OK;
}

heft_status heft_json_get_pattern(heft_json_loader *l, const heft_value *o, const char *where,
                                  heft_pattern *out, heft_error *err)
{
    const heft_value *v = heft_json_member(o, "pattern");
    heft_str s = { 0 };
    bool regex = v && heft_value_get(v, "Regex");
    if (!v || v->kind != HEFT_V_OBJECT)
        return heft_json_wrong(l, where, "pattern", v, "an object", err);
    heft_status st = heft_json_get_str(l, v, where, regex ? "Regex" : "String", true, &s, err);
    if (!st) st = heft_json_all_read(l, v, where, err);
    if (st) return st;
    if (s.n == 0)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s.pattern is empty", l->file, where);
    out->literal = s;
    if (!regex) return HEFT_OK;
    st = heft_regex_open(s, HEFT_REGEX_ONIGURUMA, &out->regex, err);
    return st ? heft_context(err, st, "%s: %s", l->file, where) : HEFT_OK;
}

heft_status heft_json_get_choice(heft_json_loader *l, const heft_value *o, const char *where,
                                 const char *key, const char *const *names, int32_t *out,
                                 heft_error *err)
{
    heft_str s = { 0 };
    heft_status st = heft_json_get_str(l, o, where, key, true, &s, err);
    if (st) return st;
    for (int32_t i = 0; names[i]; i++)
        if (heft_str_is(s, names[i])) {
            *out = i;
            return HEFT_OK;
        }
    return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s.%s is %s, which heft does not know", l->file,
                     where, key, heft_show(s).text);
}

/* ---- components ---- */

heft_status heft_json_component(heft_json_loader *l, const heft_value *o,
                                const heft_json_section *s, int32_t depth, heft_error *err)
{
    heft_str type = { 0 };
    if (!o || o->kind == HEFT_V_NULL) return HEFT_OK;
    if (o->kind != HEFT_V_OBJECT) return heft_json_wrong(l, s->name, "type", o, "an object", err);
    heft_status st = heft_json_get_str(l, o, s->name, "type", true, &type, err);
    if (st) return st;
    if (heft_str_is(type, "Sequence")) {
        const heft_value *list = heft_json_member(o, s->members);
        if (!list || list->kind != HEFT_V_ARRAY)
            return heft_json_wrong(l, s->name, s->members, list, "an array", err);
        if (depth > HEFT_MAX_STEPS)
            return heft_fail(err, HEFT_E_FORMAT, "%s: %s is nested too deeply", l->file, s->name);
        for (const heft_value *v = list->child; v && !st; v = v->next)
            st = heft_json_component(l, v, s, depth + 1, err);
        return st ? st : heft_json_all_read(l, o, s->name, err);
    }
    for (const heft_json_kind *k = s->kind; k->type; k++) {
        if (!heft_str_is(type, k->type)) continue;
        st = k->read(l, o, err);
        return st ? st : heft_json_all_read(l, o, k->type, err);
    }
    return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s has the type %s, which heft does not know",
                     l->file, s->name, heft_show(type).text);
}

/* ---- added tokens ---- */

heft_status heft_json_added_token(heft_json_loader *l, const heft_value *o, const char *where,
                                  int32_t id, heft_error *err)
{
    heft_tokenizer *t = l->t;
    heft_str s = { 0 };
    heft_added a = { .id = id };
    heft_status st = heft_json_get_str(l, o, where, "content", true, &s, err);
    if (!st) st = heft_json_get_bool(l, o, where, "special", false, &a.special, err);
    a.rewritten = !a.special;
    if (!st) st = heft_json_get_bool(l, o, where, "normalized", false, &a.rewritten, err);
    if (!st) st = heft_json_get_bool(l, o, where, "lstrip", false, &a.left, err);
    if (!st) st = heft_json_get_bool(l, o, where, "rstrip", false, &a.right, err);
    if (!st) st = heft_json_get_bool(l, o, where, "single_word", false, &a.word, err);
    if (!st) st = heft_json_all_read(l, o, where, err);
    if (st || s.n == 0) { /* the reference takes no notice of an empty one */
        if (!st) heft_warn(l->log, "%s: added token %d is empty: it is left out", l->file, (int)id);
        return st;
    }
    int32_t known = heft_vocab_find(&t->vocab, s);
    if (known >= 0 && known != id)
        return heft_fail(err, HEFT_E_FORMAT, "%s: added token %s has id %d, the vocabulary says %d",
                         l->file, heft_show(s).text, (int)id, (int)known);
    bool taken = heft_vocab_flags(&t->vocab, id) && !heft_str_eq(heft_vocab_str(&t->vocab, id), s);
    if (known < 0 && taken)
        return heft_fail(err, HEFT_E_FORMAT, "%s: added token %s has id %d, which is the token %s",
                         l->file, heft_show(s).text, (int)id,
                         heft_show(heft_vocab_str(&t->vocab, id)).text);
    if (known < 0) st = heft_vocab_set(&t->vocab, id, s, heft_vocab_flags(&t->vocab, id), err);
    return st ? st : heft_add_added(t, a, err);
}

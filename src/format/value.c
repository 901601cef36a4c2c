/* Values: what a configuration file says. */
#include "format/value.h"

/* Values are made in an arena, never const there; whoever asks for one marks it. */
static const heft_value *marked(const heft_value *v)
{
    if (v) ((heft_value *)(uintptr_t)v)->read = true; /* NOLINT(performance-no-int-to-ptr) */
    return v;
}

const heft_value *heft_value_get_str(const heft_value *o, heft_str key)
{
    if (!o || o->kind != HEFT_V_OBJECT) return NULL;
    const heft_value *v = o->child;
    while (v && !heft_str_eq(v->key, key))
        v = v->next;
    return marked(v);
}

const heft_value *heft_value_get(const heft_value *o, const char *key)
{
    return heft_value_get_str(o, heft_str_of(key));
}

const heft_value *heft_value_at(const heft_value *array, int64_t i)
{
    if (!array || array->kind != HEFT_V_ARRAY || i < 0) return NULL;
    const heft_value *v = array->child;
    while (v && i-- > 0)
        v = v->next;
    return marked(v);
}

/* Recursion is bounded by HEFT_MAX_JSON_DEPTH, the depth of every tree. */
void heft_value_mark(const heft_value *v)
{
    if (!v) return;
    for (const heft_value *c = marked(v)->child; c; c = c->next)
        heft_value_mark(c);
}

const char *heft_value_kind_name(heft_value_kind k)
{
    switch (k) {
    case HEFT_V_NULL: return "null";
    case HEFT_V_BOOL: return "a boolean";
    case HEFT_V_INT: return "an integer";
    case HEFT_V_REAL: return "a real number";
    case HEFT_V_STRING: return "a string";
    case HEFT_V_ARRAY: return "an array";
    case HEFT_V_OBJECT: return "an object";
    case HEFT_V_LONG_ARRAY: return "a long array";
    }
    return "unknown";
}

heft_status heft_value_unique(const heft_value *object, heft_str *twice, heft_error *err)
{
    *twice = (heft_str){ 0 };
    if (object->n < 2) return HEFT_OK;
    heft_str *key = heft_alloc((size_t)object->n, sizeof *key);
    if (!key) return heft_nomem(err, "the keys of an object");
    size_t n = 0;
    for (const heft_value *v = object->child; v; v = v->next)
        key[n++] = v->key;
    const heft_str *found = heft_str_twice(key, n);
    if (found) *twice = *found;
    heft_free(key);
    return HEFT_OK;
}

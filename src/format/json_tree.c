/* A JSON document as a tree of values. */
#include "base/bounds.h"
#include "format/json.h"

#include <stdio.h>

/* An object or array being filled. */
typedef struct {
    heft_value *value, **tail;
} level;

typedef struct {
    heft_arena *arena;
    heft_json *j;
    const char *name;
    level level[HEFT_MAX_JSON_DEPTH + 1]; /* 0: the document itself, a list of one */
    int32_t depth, n;                     /* n: values so far */
} tree;

/* What a scalar event says, or where the members of a composite one will go. */
static heft_value value_of(const heft_json *j, heft_json_event event, heft_str key)
{
    heft_value v = { .key = key };
    switch (event) {
    case HEFT_J_NULL: v.kind = HEFT_V_NULL; break;
    case HEFT_J_TRUE:
    case HEFT_J_FALSE:
        v.kind = HEFT_V_BOOL;
        v.n = event == HEFT_J_TRUE;
        break;
    case HEFT_J_INT:
        v.kind = HEFT_V_INT;
        v.n = j->i;
        v.real = j->real;
        break;
    case HEFT_J_REAL:
        v.kind = HEFT_V_REAL;
        v.real = j->real;
        v.inexact = j->inexact;
        break;
    case HEFT_J_STRING:
        v.kind = HEFT_V_STRING;
        v.str = j->str;
        break;
    case HEFT_J_BEGIN_OBJECT: v.kind = HEFT_V_OBJECT; break;
    case HEFT_J_BEGIN_ARRAY: v.kind = HEFT_V_ARRAY; break;
    case HEFT_J_END:
    case HEFT_J_KEY:
    case HEFT_J_END_OBJECT:
    case HEFT_J_END_ARRAY:
    case HEFT_J_ERROR: break;
    }
    return v;
}

static heft_status append(tree *t, heft_json_event event, heft_str key, heft_error *err)
{
    if (t->n++ == HEFT_MAX_VALUES)
        return heft_json_fail(t->j, t->name, "more values than heft keeps of one file", err);
    heft_value *v = heft_arena_alloc(t->arena, 1, sizeof *v);
    if (!v) return heft_nomem(err, t->name);
    *v = value_of(t->j, event, key);
    level *in = &t->level[t->depth];
    *in->tail = v;
    in->tail = &v->next;
    in->value->n++;
    if (event == HEFT_J_BEGIN_OBJECT || event == HEFT_J_BEGIN_ARRAY)
        t->level[++t->depth] = (level){ v, &v->child };
    return HEFT_OK;
}

static heft_status close_level(tree *t, heft_error *err)
{
    const heft_value *v = t->level[t->depth--].value;
    heft_str twice;
    if (v->kind != HEFT_V_OBJECT) return HEFT_OK;
    heft_status st = heft_value_unique(v, &twice, err);
    if (st || !twice.p) return st;
    char what[192];
    (void)snprintf(what, sizeof what, "the object that ends here has the key %s twice",
                   heft_show(twice).text);
    return heft_json_fail(t->j, t->name, what, err);
}

heft_status heft_json_value(heft_json *j, heft_arena *arena, const char *name, heft_value **out,
                            heft_error *err)
{
    heft_value document = { 0 };
    tree t = { .arena = arena, .j = j, .name = name, .level = { { &document, &document.child } } };
    heft_str key = { 0 };
    do {
        heft_status st = HEFT_OK;
        heft_json_event event = heft_json_next(j);
        if (event == HEFT_J_ERROR) return heft_json_fail(j, name, NULL, err);
        if (event == HEFT_J_KEY) {
            key = j->str;
            continue;
        }
        if (event == HEFT_J_END_OBJECT || event == HEFT_J_END_ARRAY) {
            st = close_level(&t, err);
        } else {
            st = append(&t, event, key, err);
            key = (heft_str){ 0 };
        }
        if (st) return st;
    } while (t.depth > 0);
    *out = document.child;
    return HEFT_OK;
}

heft_status heft_json_tree(heft_arena *arena, char *text, size_t n, unsigned flags,
                           const char *name, heft_value **out, heft_error *err)
{
    heft_json j;
    heft_value *document;
    heft_json_open(&j, text, n, flags);
    heft_status st = heft_json_value(&j, arena, name, &document, err);
    if (st) return st;
    if (heft_json_next(&j) != HEFT_J_END) return heft_json_fail(&j, name, NULL, err);
    *out = document;
    return HEFT_OK;
}

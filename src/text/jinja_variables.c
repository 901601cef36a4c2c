/* Which variables a template reads: a walk over its syntax tree. */
#include "text/jinja.h"
#include "text/template.h"

enum { MAX_NAMES = 1024 }; /* of one template; the rest is not listed */

typedef struct {
    heft_str read[MAX_NAMES], set[MAX_NAMES];
    heft_str here[MAX_NAMES]; /* parameters and loop variables around this place */
    bool asked[MAX_NAMES];    /* parallel to read: by `is defined` or `default`, before any set */
    size_t n_read, n_set, n_here;
} names;

static size_t index_of(const heft_str *list, size_t n, heft_str name)
{
    size_t i = 0;
    while (i < n && !heft_str_eq(list[i], name))
        i++;
    return i;
}

static void note_set(names *v, heft_jval name)
{
    heft_str s = heft_jview(name);
    if (v->n_set < MAX_NAMES && index_of(v->set, v->n_set, s) == v->n_set) v->set[v->n_set++] = s;
}

static void note_read(names *v, heft_jval name, bool asked)
{
    static const char *const own[] = { "loop", "caller", "varargs", "kwargs", "self" };
    heft_str s = heft_jview(name);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (heft_str_is(s, own[i])) return;
    size_t i = index_of(v->read, v->n_read, s);
    if (heft_jglobal(s) || i == MAX_NAMES || index_of(v->here, v->n_here, s) < v->n_here) return;
    if (i == v->n_read) v->read[v->n_read++] = s;
    v->asked[i] |= asked && index_of(v->set, v->n_set, s) == v->n_set;
}

static void note_here(names *v, heft_jval name)
{
    if (v->n_here < MAX_NAMES) v->here[v->n_here++] = heft_jview(name);
}

/* The names on an assignment's left side. A namespace's field is no variable. */
static void targets(names *v, const heft_jnode *n, void (*note)(names *v, heft_jval name))
{
    if (n->kind == N_NAME) note(v, n->value);
    for (size_t i = 0; n->kind == N_TUPLE && i < n->n; i++)
        targets(v, n->list[i], note);
}

static bool asks(const heft_jnode *n)
{
    static const char *const rows[] = { "defined", "undefined", "default", "d" };
    for (size_t i = 0; i < 4 && n->row; i++)
        if (n->kind == (i < 2 ? N_TEST : N_FILTER)
            && heft_str_is(heft_str_of(n->row->name), rows[i]))
            return n->a && n->a->kind == N_NAME;
    return false;
}

static void walk(names *v, const heft_jnode *n, int32_t depth);

static void walk_list(names *v, const heft_jnode *n, int32_t depth)
{
    for (size_t i = 0; i < n->n; i++)
        walk(v, n->list[i], depth);
}

static void walk_macro(names *v, const heft_jnode *n, int32_t depth)
{
    const size_t outside = v->n_here;
    note_set(v, n->value);
    for (size_t i = 0; i < n->n; i++)
        walk(v, n->list[i]->a, depth);
    for (size_t i = 0; i < n->n; i++)
        note_here(v, n->list[i]->value);
    walk(v, n->b, depth);
    v->n_here = outside;
}

static void walk_loop(names *v, const heft_jnode *n, int32_t depth)
{
    const size_t outside = v->n_here;
    walk(v, n->b, depth);
    targets(v, n->a, note_here);
    walk(v, n->c, depth);
    walk_list(v, n, depth);
    v->n_here = outside;
}

/* In the order of the text. What lies deeper than any evaluation reaches is not walked. */
static void walk(names *v, const heft_jnode *n, int32_t depth)
{
    if (!n || depth++ == HEFT_MAX_TEMPLATE_DEPTH) return;
    if (asks(n)) note_read(v, n->a->value, true);
    switch (n->kind) {
    case N_NAME: note_read(v, n->value, false); return;
    case N_MACRO: walk_macro(v, n, depth); return;
    case N_FOR: walk_loop(v, n, depth); return;
    case N_NS_TARGET: return;
    default: break;
    }
    bool sets = n->kind == N_SET || n->kind == N_SET_BLOCK;
    if (!sets) walk(v, n->a, depth);
    walk_list(v, n, depth);
    walk(v, n->b, depth);
    walk(v, n->c, depth);
    if (sets) targets(v, n->a, note_set);
}

heft_status heft_jinja_variables(const heft_jnode *body, bool (*take)(void *to, heft_str name),
                                 void *to, heft_error *err)
{
    names *v = heft_alloc(1, sizeof *v);
    if (!v) return heft_nomem(err, "the names of a template");
    walk(v, body, 0);
    for (size_t i = 0; i < v->n_read; i++)
        if ((v->asked[i] || index_of(v->set, v->n_set, v->read[i]) == v->n_set)
            && !take(to, v->read[i]))
            break;
    heft_free(v);
    return HEFT_OK;
}

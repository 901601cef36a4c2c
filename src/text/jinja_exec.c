/* Statements: output, branches, loops, assignments, macros. */
#include "text/jinja.h"

#include <string.h>

typedef enum { GO_ON, BREAK, CONTINUE } flow;

struct heft_jloop {
    const heft_jnode *node;
    heft_jseq source; /* everything, before the condition */
    size_t next;      /* of source, to be fetched */
    heft_jval ahead;  /* fetched and not yet used, or J_ABSENT */
    heft_jval before, now;
    int64_t index; /* of now, from 0 */
    int64_t depth; /* of recursion */
    heft_jscope *scope;
    heft_jval changed; /* what changed() saw last */
};

static flow run(heft_jinja *j, const heft_jnode *n);

/* ---- scopes ----------------------------------------------------------- */

static heft_jscope *scope_in(heft_jinja *j, heft_jscope *up)
{
    heft_jscope *s = heft_jinja_alloc(j, 1, sizeof *s);
    s->up = up;
    return s;
}

/* Run a body in a scope with its output apart; the output. *how: does the loop around it go on? */
static heft_jval captured(heft_jinja *j, const heft_jnode *body, heft_jscope *scope, flow *how)
{
    heft_jbuf b = { .n = 0 }, *out = j->out;
    heft_jscope *outer = j->scope;
    j->out = &b;
    j->scope = scope;
    *how = run(j, body);
    j->scope = outer;
    j->out = out;
    return heft_jbuf_end(j, &b);
}

static void assign(heft_jinja *j, const heft_jnode *to, heft_jval v)
{
    if (to->kind == N_NAME) {
        heft_jdict_set(j, &j->scope->vars, to->value, v);
        return;
    }
    if (to->kind == N_NS_TARGET) {
        heft_jval ns = heft_jeval(j, to->a);
        if (ns.type != J_NAMESPACE)
            heft_jinja_fail(j, HEFT_E_FORMAT,
                            "cannot set an attribute of a %s, only of a namespace",
                            heft_jtype_name(ns));
        heft_jdict_set(j, ns.dict, to->value, v);
        return;
    }
    heft_jseq seq = heft_jwalk(j, v);
    if (seq.n != to->n) heft_jinja_fail(j, HEFT_E_FORMAT, "%zu values for %zu names", seq.n, to->n);
    for (size_t i = 0; i < to->n; i++)
        assign(j, to->list[i], seq.item[i]);
}

/* ---- loops ------------------------------------------------------------ */

/* The next item that meets the loop's condition, or J_ABSENT. */
static heft_jval fetch(heft_jinja *j, struct heft_jloop *l)
{
    while (l->next < l->source.n) {
        heft_jval v = l->source.item[l->next++];
        if (!l->node->c) return v;
        heft_jscope *outer = j->scope;
        j->scope = scope_in(j, l->scope);
        assign(j, l->node->a, v);
        bool meets = heft_jtrue(j, heft_jeval(j, l->node->c));
        j->scope = outer;
        if (meets) return v;
    }
    return (heft_jval){ .type = J_ABSENT };
}

static heft_jval look_ahead(heft_jinja *j, struct heft_jloop *l)
{
    if (l->ahead.type == J_ABSENT) l->ahead = fetch(j, l);
    return l->ahead;
}

/* How many items the loop has in all. */
int64_t heft_jloop_length(heft_jinja *j, struct heft_jloop *l)
{
    if (!l->node->c) return (int64_t)l->source.n;
    heft_jval *rest = heft_jinja_alloc(j, l->source.n + 1, sizeof *rest);
    size_t n = 0;
    for (heft_jval v; v = look_ahead(j, l), v.type != J_ABSENT; l->ahead.type = J_ABSENT)
        rest[n++] = v;
    /* what is left has met the condition: it stays, and is asked no more */
    heft_jnode *plain = heft_jinja_alloc(j, 1, sizeof *plain);
    *plain = *l->node;
    plain->c = NULL;
    l->node = plain;
    size_t done = (size_t)l->index + 1;
    heft_jval *all = heft_jinja_alloc(j, done + n, sizeof *all);
    if (n) memcpy(all + done, rest, n * sizeof *all);
    l->source = (heft_jseq){ .item = all, .n = done + n };
    l->next = done;
    return (int64_t)(done + n);
}

heft_jval heft_jloop_attr(heft_jinja *j, struct heft_jloop *l, heft_str name)
{
    if (heft_str_is(name, "index")) return heft_jint(l->index + 1);
    if (heft_str_is(name, "index0")) return heft_jint(l->index);
    if (heft_str_is(name, "first")) return heft_jbool(l->index == 0);
    if (heft_str_is(name, "last")) return heft_jbool(look_ahead(j, l).type == J_ABSENT);
    if (heft_str_is(name, "length")) return heft_jint(heft_jloop_length(j, l));
    if (heft_str_is(name, "revindex")) return heft_jint(heft_jloop_length(j, l) - l->index);
    if (heft_str_is(name, "revindex0")) return heft_jint(heft_jloop_length(j, l) - l->index - 1);
    if (heft_str_is(name, "depth")) return heft_jint(l->depth + 1);
    if (heft_str_is(name, "depth0")) return heft_jint(l->depth);
    if (heft_str_is(name, "previtem"))
        return l->index ? l->before : heft_jundefined("there is no previous item");
    if (heft_str_is(name, "nextitem")) {
        heft_jval v = look_ahead(j, l);
        return v.type == J_ABSENT ? heft_jundefined("there is no next item") : v;
    }
    return (heft_jval){ .type = J_ABSENT };
}

heft_jval heft_jloop_cycle(heft_jinja *j, struct heft_jloop *l, const heft_jargs *args)
{
    if (!args->n) heft_jinja_fail(j, HEFT_E_FORMAT, "cycle needs values");
    return args->arg[(size_t)l->index % args->n];
}

heft_jval heft_jloop_changed(heft_jinja *j, struct heft_jloop *l, const heft_jargs *args)
{
    heft_jval now = heft_jseq_of(j, J_TUPLE, args->arg, args->n);
    if (l->changed.type != J_ABSENT && heft_jequal(j, l->changed, now)) return heft_jbool(false);
    l->changed = now;
    return heft_jbool(true);
}

static flow loop_over(heft_jinja *j, const heft_jnode *n, heft_jval over, int64_t depth)
{
    struct heft_jloop *l = heft_jinja_alloc(j, 1, sizeof *l);
    heft_jscope *outer = j->scope;
    *l = (struct heft_jloop){
        .node = n, .source = heft_jwalk(j, over), .index = -1, .depth = depth, .scope = outer
    };
    flow how = GO_ON;
    bool through = false; /* a body ended where it ends: then `else` is not for this loop */
    while (how != BREAK) {
        heft_jval v = look_ahead(j, l);
        l->ahead.type = J_ABSENT;
        if (v.type == J_ABSENT) break;
        heft_jinja_step(j, 1);
        l->before = l->now;
        l->now = v;
        l->index++;
        j->scope = scope_in(j, outer);
        assign(j, n->a, v);
        heft_jdict_set(j, &j->scope->vars, heft_jz("loop"),
                       (heft_jval){ .type = J_LOOP, .loop = l });
        how = run(j, n->list[0]);
        through |= how == GO_ON;
        j->scope = outer;
    }
    if (!through && n->list[1]) {
        j->scope = scope_in(j, outer);
        how = run(j, n->list[1]);
        j->scope = outer;
        return how; /* of the loop around */
    }
    return GO_ON;
}

heft_jval heft_jcall_loop(heft_jinja *j, struct heft_jloop *l, const heft_jargs *args)
{
    heft_jbuf b = { .n = 0 }, *out = j->out;
    heft_jscope *outer = j->scope;
    if (!l->node->op || args->n != 1)
        heft_jinja_fail(j, HEFT_E_FORMAT, "loop() needs a recursive loop and one value");
    heft_jinja_enter(j);
    j->out = &b;
    j->scope = l->scope;
    (void)loop_over(j, l->node, args->arg[0], l->depth + 1);
    j->scope = outer;
    j->out = out;
    j->depth--;
    return heft_jbuf_end(j, &b);
}

/* ---- macros ----------------------------------------------------------- */

/* Named arguments that no parameter takes: a dict; `caller` goes by itself. */
static heft_jval surplus_named(heft_jinja *j, const heft_jmacro *m, const heft_jargs *args,
                               heft_jval *caller)
{
    heft_jval rest = heft_jdict_of(j);
    for (size_t i = 0; i < args->n_named; i++) {
        const heft_jentry *e = &args->named[i];
        size_t at = 0;
        while (at < m->node->n
               && !heft_str_eq(heft_jview(m->node->list[at]->value), heft_jview(e->key)))
            at++;
        if (at < m->node->n) {
            if (at < args->n)
                heft_jinja_fail(j, HEFT_E_FORMAT, "macro '%s' is given '%s' twice",
                                heft_show(heft_jview(m->node->value)).text,
                                heft_show(heft_jview(e->key)).text);
            continue;
        }
        if (heft_jis(e->key, "caller") && (m->node->op & J_USES_CALLER)) {
            *caller = e->value;
            continue;
        }
        if (!(m->node->op & J_USES_KWARGS))
            heft_jinja_fail(j, HEFT_E_FORMAT, "macro '%s' has no parameter '%s'",
                            heft_show(heft_jview(m->node->value)).text,
                            heft_show(heft_jview(e->key)).text);
        heft_jdict_set(j, rest.dict, e->key, e->value);
    }
    return rest;
}

static heft_jval argument(const heft_jargs *args, size_t i, heft_jval name)
{
    if (i < args->n) return args->arg[i];
    for (size_t k = 0; k < args->n_named; k++)
        if (heft_str_eq(heft_jview(args->named[k].key), heft_jview(name)))
            return args->named[k].value;
    return (heft_jval){ .type = J_ABSENT };
}

/* A name that a macro's body uses without its being a parameter. */
static void imply(heft_jinja *j, heft_jscope *scope, const char *name, heft_jval v)
{
    if (!heft_jdict_find(j, &scope->vars, heft_jz(name)))
        heft_jdict_set(j, &scope->vars, heft_jz(name), v);
}

heft_jval heft_jcall_macro(heft_jinja *j, const heft_jmacro *m, const heft_jargs *args)
{
    const heft_jnode *n = m->node;
    heft_jscope *scope = scope_in(j, m->scope), *outer = j->scope;
    heft_jval caller = heft_jundefined("No caller defined");
    heft_jinja_enter(j);
    if (args->n > n->n && !(n->op & J_USES_VARARGS))
        heft_jinja_fail(j, HEFT_E_FORMAT, "macro '%s' takes %zu arguments, found %zu",
                        heft_show(heft_jview(n->value)).text, n->n, args->n);
    heft_jval rest = surplus_named(j, m, args, &caller);
    for (size_t i = 0; i < n->n; i++) {
        heft_jval v = argument(args, i, n->list[i]->value);
        if (v.type == J_ABSENT && n->list[i]->a) {
            j->scope = scope;
            v = heft_jeval(j, n->list[i]->a);
            j->scope = outer;
        } else if (v.type == J_ABSENT) {
            v = heft_jundefined("a parameter that was not provided");
        }
        heft_jdict_set(j, &scope->vars, n->list[i]->value, v);
    }
    size_t extra = args->n > n->n ? args->n - n->n : 0;
    if (n->op & J_USES_CALLER) imply(j, scope, "caller", caller);
    if (n->op & J_USES_KWARGS) imply(j, scope, "kwargs", rest);
    if (n->op & J_USES_VARARGS)
        imply(j, scope, "varargs",
              heft_jseq_of(j, J_TUPLE, extra ? args->arg + n->n : NULL, extra));
    flow how;
    heft_jval out = captured(j, n->b, scope, &how);
    j->depth--;
    return out;
}

heft_jval heft_jmacro_attr(heft_jinja *j, const heft_jmacro *m, heft_str name)
{
    const heft_jnode *n = m->node;
    if (heft_str_is(name, "name")) return n->value;
    if (heft_str_is(name, "catch_kwargs")) return heft_jbool(n->op & J_USES_KWARGS);
    if (heft_str_is(name, "catch_varargs")) return heft_jbool(n->op & J_USES_VARARGS);
    if (heft_str_is(name, "caller")) return heft_jbool(n->op & J_USES_CALLER);
    if (!heft_str_is(name, "arguments")) return (heft_jval){ .type = J_ABSENT };
    heft_jval *item = heft_jinja_alloc(j, n->n, sizeof *item);
    for (size_t i = 0; i < n->n; i++)
        item[i] = n->list[i]->value;
    return heft_jseq_of(j, J_TUPLE, item, n->n);
}

static heft_jval macro_value(heft_jinja *j, const heft_jnode *n)
{
    heft_jmacro *m = heft_jinja_alloc(j, 1, sizeof *m);
    m->node = n;
    m->scope = j->scope;
    return (heft_jval){ .type = J_MACRO, .macro = m };
}

/* A call with `caller` as one more named argument. */
static heft_jval call_with_caller(heft_jinja *j, const heft_jnode *n)
{
    const heft_jnode *call = n->a;
    heft_jnode caller_value = { .kind = N_LITERAL, .value = macro_value(j, n->b) };
    heft_jnode caller = { .kind = N_NAMED, .value = heft_jz("caller"), .a = &caller_value };
    heft_jnode with = *call;
    with.list = heft_jinja_alloc(j, call->n + 1, sizeof *with.list);
    if (call->n) memcpy(with.list, call->list, call->n * sizeof *with.list);
    with.list[with.n++] = &caller;
    heft_jval v = heft_jeval(j, &with);
    j->at = n; /* `with` is gone soon */
    return v;
}

/* ---- statements ------------------------------------------------------- */

/* A chain of filters over a value: the innermost filter has no operand. */
static heft_jval filtered(heft_jinja *j, const heft_jnode *chain, heft_jval v)
{
    heft_jnode operand = { .kind = N_LITERAL, .value = chain->a ? filtered(j, chain->a, v) : v };
    heft_jnode f = *chain;
    f.a = &operand;
    heft_jval out = heft_jeval(j, &f);
    j->at = chain;
    return out;
}

static void output(heft_jinja *j, heft_jval v)
{
    heft_jbuf_str(j, j->out, heft_jtext(j, v));
}

static flow with(heft_jinja *j, const heft_jnode *n)
{
    heft_jscope *outer = j->scope, *inner = scope_in(j, outer);
    for (size_t i = 0; i < n->n; i++) { /* values are those outside */
        heft_jval v = heft_jeval(j, n->list[i]->b);
        j->scope = inner;
        assign(j, n->list[i]->a, v);
        j->scope = outer;
    }
    j->scope = inner;
    flow how = run(j, n->b);
    j->scope = outer;
    return how;
}

static flow body(heft_jinja *j, const heft_jnode *n)
{
    flow how = GO_ON;
    for (size_t i = 0; how == GO_ON && i < n->n; i++)
        how = run(j, n->list[i]);
    return how;
}

/* A set block or a filter block. What it held is lost where it leaves the loop around it. */
static flow block_of_text(heft_jinja *j, const heft_jnode *n)
{
    const heft_jnode *chain = n->kind == N_SET_BLOCK ? n->c : n->a;
    flow how;
    heft_jval v = captured(j, n->b, scope_in(j, j->scope), &how);
    if (how != GO_ON) return how;
    if (chain) v = filtered(j, chain, v);
    if (n->kind == N_SET_BLOCK)
        assign(j, n->a, v);
    else if (v.type == J_STR)
        output(j, v);
    else
        heft_jinja_fail(j, HEFT_E_FORMAT, "a filter block needs a string, found %s",
                        heft_jtype_name(v));
    return GO_ON;
}

static flow block(heft_jinja *j, const heft_jnode *n)
{
    heft_jscope *outer = j->scope;
    j->scope = scope_in(j, n->op ? outer : j->top);
    (void)run(j, n->b);
    j->scope = outer;
    return GO_ON;
}

static flow run_inside(heft_jinja *j, const heft_jnode *n)
{
    switch ((int)n->kind) {
    case N_BODY: return body(j, n);
    case N_TEXT: heft_jbuf_str(j, j->out, n->value); return GO_ON;
    case N_OUTPUT: output(j, heft_jeval(j, n->a)); return GO_ON;
    case N_IF:
        if (heft_jtrue(j, heft_jeval(j, n->a))) return run(j, n->b);
        return n->c ? run(j, n->c) : GO_ON;
    case N_FOR: return loop_over(j, n, heft_jeval(j, n->b), 0);
    case N_SET: assign(j, n->a, heft_jeval(j, n->b)); return GO_ON;
    case N_SET_BLOCK:
    case N_FILTER_BLOCK: return block_of_text(j, n);
    case N_MACRO: heft_jdict_set(j, &j->scope->vars, n->value, macro_value(j, n)); return GO_ON;
    case N_CALL_BLOCK: output(j, call_with_caller(j, n)); return GO_ON;
    case N_WITH: return with(j, n);
    case N_BLOCK: return block(j, n);
    case N_BREAK: return BREAK;
    default: return CONTINUE;
    }
}

static flow run(heft_jinja *j, const heft_jnode *n)
{
    heft_jinja_step(j, 1);
    heft_jinja_enter(j);
    j->at = n;
    flow how = run_inside(j, n);
    j->depth--;
    return how;
}

void heft_jexec(heft_jinja *j, const heft_jnode *n)
{
    j->scope = j->top = scope_in(j, NULL);
    (void)run(j, n);
}

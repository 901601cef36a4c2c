/* Tokens to a syntax tree, by recursive descent.
 *
 * What heft does not have is refused here, with line and column, not when a conversation first
 * reaches it. As in the reference, names inside an if are looked up when they are reached: a
 * template may ask what it runs on. */
#include "text/jinja.h"

#include <string.h>

typedef struct {
    heft_jinja *j;
    const heft_jtoken *t; /* the current one */
    int nesting;
    int soft;            /* inside this many ifs */
    int loops;           /* inside this many loops */
    int uses;            /* J_USES_* of the macro being parsed */
    heft_jdict bound;    /* every name that the template gives a value */
    heft_jnode **called; /* calls of plain names, checked at the end */
    size_t n_called, cap_called;
} parser;

static heft_jnode *expression(parser *p);
static heft_jnode *tuple(parser *p, bool condition, const char *end);
static heft_jnode *unary(parser *p, bool filters);
static heft_jnode *body_until(parser *p, const char *const *ends);

/* ---- tokens and nodes ------------------------------------------------- */

static _Noreturn void fail_at(parser *p, const heft_jtoken *t, heft_status code, const char *what,
                              heft_str name)
{
    heft_jnode here = { .line = t->line, .column = t->column };
    p->j->at = &here;
    if (name.p) heft_jinja_fail(p->j, code, "%s '%s'", what, heft_show(name).text);
    heft_jinja_fail(p->j, code, "%s", what);
}

static _Noreturn void expected(parser *p, const char *what)
{
    heft_jnode here = { .line = p->t->line, .column = p->t->column };
    p->j->at = &here;
    if (p->t->type == T_NAME)
        heft_jinja_fail(p->j, HEFT_E_FORMAT, "expected %s, found '%s'", what,
                        heft_show(heft_jview(p->t->value)).text);
    heft_jinja_fail(p->j, HEFT_E_FORMAT, "expected %s, found %s", what,
                    heft_jtoken_name(p->t->type));
}

static bool is(const parser *p, heft_jtoken_type type)
{
    return p->t->type == type;
}

static bool is_word(const parser *p, const char *word)
{
    return is(p, T_NAME) && heft_jis(p->t->value, word);
}

static bool skip(parser *p, heft_jtoken_type type)
{
    if (!is(p, type)) return false;
    p->t++;
    return true;
}

static bool skip_word(parser *p, const char *word)
{
    if (!is_word(p, word)) return false;
    p->t++;
    return true;
}

static void need(parser *p, heft_jtoken_type type)
{
    if (!skip(p, type)) expected(p, heft_jtoken_name(type));
}

static heft_jval need_name(parser *p)
{
    if (!is(p, T_NAME)) expected(p, "a name");
    return (p->t++)->value;
}

static heft_jnode *node(parser *p, const heft_jtoken *at, heft_jkind kind)
{
    heft_jnode *n = heft_jinja_alloc(p->j, 1, sizeof *n);
    n->kind = kind;
    n->line = at->line;
    n->column = at->column;
    return n;
}

static void add(parser *p, heft_jnode *to, heft_jnode *child)
{
    if ((to->n & (to->n - 1)) == 0) { /* full: 0, 1, 2, 4, ... */
        heft_jnode **grown = heft_jinja_alloc(p->j, to->n ? 2 * to->n : 1, sizeof(heft_jnode *));
        if (to->n) memcpy(grown, to->list, to->n * sizeof *grown);
        to->list = grown;
    }
    to->list[to->n++] = child;
}

static void enter(parser *p)
{
    if (++p->nesting > HEFT_MAX_TEMPLATE_NESTING)
        fail_at(p, p->t, HEFT_E_UNSUPPORTED, "statements and expressions nest too deeply",
                (heft_str){ .n = 0 });
}

static void bind(parser *p, heft_jval name)
{
    heft_jdict_set(p->j, &p->bound, name, heft_jbool(true));
}

/* ---- primary expressions ---------------------------------------------- */

static heft_jnode *literal(parser *p, const heft_jtoken *at, heft_jval v)
{
    heft_jnode *n = node(p, at, N_LITERAL);
    n->value = v;
    return n;
}

static heft_jnode *strings(parser *p)
{
    const heft_jtoken *at = p->t;
    heft_jbuf b = { .n = 0 };
    while (is(p, T_STRING))
        heft_jbuf_str(p->j, &b, (p->t++)->value);
    return literal(p, at, heft_jbuf_end(p->j, &b));
}

static heft_jnode *name_or_constant(parser *p)
{
    static const struct {
        const char *name;
        int flag;
    } special[] = { { "caller", J_USES_CALLER },
                    { "varargs", J_USES_VARARGS },
                    { "kwargs", J_USES_KWARGS } };
    const heft_jtoken *at = p->t++;
    if (heft_jis(at->value, "true") || heft_jis(at->value, "True"))
        return literal(p, at, heft_jbool(true));
    if (heft_jis(at->value, "false") || heft_jis(at->value, "False"))
        return literal(p, at, heft_jbool(false));
    if (heft_jis(at->value, "none") || heft_jis(at->value, "None"))
        return literal(p, at, heft_jnone());
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (heft_jis(at->value, special[i].name)) p->uses |= special[i].flag;
    heft_jnode *n = node(p, at, N_NAME);
    n->value = at->value;
    return n;
}

static heft_jnode *list(parser *p)
{
    heft_jnode *n = node(p, p->t++, N_LIST);
    while (!skip(p, T_CLOSE_SQUARE)) {
        if (n->n) {
            need(p, T_COMMA);
            if (skip(p, T_CLOSE_SQUARE)) break;
        }
        add(p, n, expression(p));
    }
    return n;
}

static heft_jnode *dict(parser *p)
{
    heft_jnode *n = node(p, p->t++, N_DICT);
    while (!skip(p, T_CLOSE_CURLY)) {
        if (n->n) {
            need(p, T_COMMA);
            if (skip(p, T_CLOSE_CURLY)) break;
        }
        add(p, n, expression(p));
        need(p, T_COLON);
        add(p, n, expression(p));
    }
    return n;
}

static heft_jnode *parenthesis(parser *p)
{
    const heft_jtoken *at = p->t++;
    if (skip(p, T_CLOSE_ROUND)) return node(p, at, N_TUPLE);
    heft_jnode *n = tuple(p, true, NULL);
    need(p, T_CLOSE_ROUND);
    return n;
}

static heft_jnode *primary(parser *p)
{
    switch ((int)p->t->type) {
    case T_NAME: return name_or_constant(p);
    case T_STRING: return strings(p);
    case T_INT:
    case T_FLOAT: p->t++; return literal(p, p->t - 1, p->t[-1].value);
    case T_OPEN_ROUND: return parenthesis(p);
    case T_OPEN_SQUARE: return list(p);
    case T_OPEN_CURLY: return dict(p);
    default: expected(p, "an expression");
    }
}

/* ---- what follows a primary ------------------------------------------- */

/* Arguments in round brackets, into n->list. */
static void arguments(parser *p, heft_jnode *n)
{
    bool named = false;
    need(p, T_OPEN_ROUND);
    for (bool first = true; !skip(p, T_CLOSE_ROUND); first = false) {
        if (!first) {
            need(p, T_COMMA);
            if (skip(p, T_CLOSE_ROUND)) break;
        }
        if (is(p, T_TIMES) || is(p, T_POWER))
            fail_at(p, p->t, HEFT_E_UNSUPPORTED, "arguments with * or ** are not supported",
                    (heft_str){ .n = 0 });
        if (is(p, T_NAME) && p->t[1].type == T_ASSIGN) {
            heft_jnode *arg = node(p, p->t, N_NAMED);
            arg->value = need_name(p);
            p->t++;
            arg->a = expression(p);
            add(p, n, arg);
            named = true;
        } else {
            if (named) expected(p, "an argument with a name");
            add(p, n, expression(p));
        }
    }
}

static void check_method(parser *p, const heft_jtoken *at, heft_str name)
{
    bool known;
    if (p->soft || heft_jmethod_somewhere(name, &known) || !known) return;
    fail_at(p, at, HEFT_E_UNSUPPORTED, "heft does not have the method", name);
}

static heft_jnode *call(parser *p, heft_jnode *callee)
{
    heft_jnode *n = node(p, p->t, N_CALL);
    n->a = callee;
    arguments(p, n);
    if (callee->kind == N_ATTR) check_method(p, p->t, heft_jview(callee->value));
    if (callee->kind == N_NAME && !p->soft) {
        if ((p->n_called & (p->n_called - 1)) == 0) {
            heft_jnode **grown =
                heft_jinja_alloc(p->j, p->n_called ? 2 * p->n_called : 1, sizeof(heft_jnode *));
            if (p->n_called) memcpy(grown, p->called, p->n_called * sizeof *grown);
            p->called = grown;
        }
        p->called[p->n_called++] = callee;
    }
    return n;
}

/* One of `a:b:c`, or an index, up to the closing bracket. */
static heft_jnode *subscript(parser *p, heft_jnode *of)
{
    heft_jnode *part[3] = { NULL, NULL, NULL };
    const heft_jtoken *at = p->t++;
    int colons = 0;
    for (; !is(p, T_CLOSE_SQUARE);) {
        if (skip(p, T_COLON)) {
            if (++colons > 2) expected(p, "']'");
        } else {
            if (part[colons]) expected(p, "':' or ']'");
            part[colons] = expression(p);
        }
    }
    need(p, T_CLOSE_SQUARE);
    heft_jnode *n = node(p, at, colons ? N_SLICE : N_ITEM);
    n->a = of;
    if (!colons) {
        if (!part[0]) expected(p, "an index before ']'");
        n->b = part[0];
        return n;
    }
    n->list = heft_jinja_alloc(p->j, 3, sizeof(heft_jnode *));
    memcpy(n->list, part, sizeof part);
    n->n = 3;
    return n;
}

static heft_jnode *postfix(parser *p, heft_jnode *of)
{
    for (;;) {
        if (is(p, T_DOT)) {
            heft_jnode *n = node(p, p->t++, N_ATTR);
            n->a = of;
            if (is(p, T_INT)) {
                n->kind = N_ITEM;
                n->b = literal(p, p->t, p->t->value);
                p->t++;
            } else {
                n->value = need_name(p);
            }
            of = n;
        } else if (is(p, T_OPEN_SQUARE)) {
            of = subscript(p, of);
        } else if (is(p, T_OPEN_ROUND)) {
            of = call(p, of);
        } else {
            return of;
        }
    }
}

/* map, select and their kin name another filter or test: if it is written out, it is looked up. */
static void check_named(parser *p, const heft_jnode *n)
{
    static const struct {
        const char *name;
        size_t at;
        const heft_jrow *(*find)(heft_str name);
    } naming[] = { { "map", 0, heft_jfilter },
                   { "select", 0, heft_jtest },
                   { "reject", 0, heft_jtest },
                   { "selectattr", 1, heft_jtest },
                   { "rejectattr", 1, heft_jtest } };
    for (size_t i = 0; !p->soft && i < sizeof naming / sizeof *naming; i++) {
        if (!heft_jis(n->value, naming[i].name) || n->n <= naming[i].at) continue;
        const heft_jnode *arg = n->list[naming[i].at];
        if (arg->kind != N_LITERAL || arg->value.type != J_STR) continue;
        if (!naming[i].find(heft_jview(arg->value)))
            fail_at(p, p->t - 1, HEFT_E_UNSUPPORTED, "heft does not have the filter or test",
                    heft_jview(arg->value));
    }
}

static heft_jnode *filter(parser *p, heft_jnode *of)
{
    heft_jnode *n = node(p, p->t, N_FILTER);
    n->a = of;
    n->value = need_name(p);
    n->row = heft_jfilter(heft_jview(n->value));
    if (!p->soft && (!n->row || !n->row->call))
        fail_at(p, p->t - 1, HEFT_E_UNSUPPORTED, "heft does not have the filter",
                heft_jview(n->value));
    if (is(p, T_OPEN_ROUND)) arguments(p, n);
    check_named(p, n);
    return n;
}

/* Can the current token begin the argument of a test without brackets? */
static bool begins_argument(const parser *p)
{
    switch ((int)p->t->type) {
    case T_NAME: return !is_word(p, "else") && !is_word(p, "or") && !is_word(p, "and");
    case T_STRING:
    case T_INT:
    case T_FLOAT:
    case T_OPEN_SQUARE:
    case T_OPEN_CURLY: return true;
    default: return false;
    }
}

static heft_jnode *test(parser *p, heft_jnode *of)
{
    heft_jnode *n = node(p, p->t, N_TEST), *outer = n;
    n->a = of;
    if (skip_word(p, "not")) {
        outer = node(p, p->t, N_NOT);
        outer->a = n;
    }
    n->value = need_name(p);
    n->row = heft_jtest(heft_jview(n->value));
    if (!p->soft && !n->row)
        fail_at(p, p->t - 1, HEFT_E_UNSUPPORTED, "heft does not have the test",
                heft_jview(n->value));
    if (is(p, T_OPEN_ROUND)) {
        arguments(p, n);
    } else if (begins_argument(p)) {
        if (is_word(p, "is")) expected(p, "one test");
        heft_jnode *arg = primary(p);
        add(p, n, postfix(p, arg));
    }
    return outer;
}

static heft_jnode *filters_and_tests(parser *p, heft_jnode *of)
{
    for (;;) {
        if (skip(p, T_PIPE))
            of = filter(p, of);
        else if (skip_word(p, "is"))
            of = test(p, of);
        else if (is(p, T_OPEN_ROUND))
            of = call(p, of);
        else
            return of;
    }
}

/* ---- operators, loosest last ------------------------------------------ */

static heft_jnode *binary(parser *p, const heft_jtoken *at, heft_jnode *a, heft_jnode *b)
{
    heft_jnode *n = node(p, at, N_BINARY);
    n->op = (int)at->type;
    n->a = a;
    n->b = b;
    return n;
}

static heft_jnode *unary(parser *p, bool filters)
{
    heft_jnode *n;
    enter(p);
    if (is(p, T_MINUS) || is(p, T_PLUS)) {
        n = node(p, p->t, N_UNARY);
        n->op = (int)(p->t++)->type;
        n->a = unary(p, false);
    } else {
        n = primary(p);
    }
    n = postfix(p, n);
    if (filters) n = filters_and_tests(p, n);
    p->nesting--;
    return n;
}

static heft_jnode *power(parser *p)
{
    heft_jnode *n = unary(p, true);
    for (const heft_jtoken *at; at = p->t, skip(p, T_POWER);)
        n = binary(p, at, n, unary(p, true));
    return n;
}

static heft_jnode *product(parser *p)
{
    heft_jnode *n = power(p);
    for (const heft_jtoken *at;
         at = p->t, skip(p, T_TIMES) || skip(p, T_DIVIDE) || skip(p, T_FLOOR) || skip(p, T_MODULO);)
        n = binary(p, at, n, power(p));
    return n;
}

static heft_jnode *concat(parser *p)
{
    heft_jnode *first = product(p);
    if (!is(p, T_TILDE)) return first;
    heft_jnode *n = node(p, p->t, N_CONCAT);
    add(p, n, first);
    while (skip(p, T_TILDE))
        add(p, n, product(p));
    return n;
}

static heft_jnode *sum(parser *p)
{
    heft_jnode *n = concat(p);
    for (const heft_jtoken *at; at = p->t, skip(p, T_PLUS) || skip(p, T_MINUS);)
        n = binary(p, at, n, concat(p));
    return n;
}

/* A comparing operator here, or T_END. */
static heft_jtoken_type comparing(parser *p)
{
    heft_jtoken_type type = p->t->type;
    if (type >= T_EQUAL && type <= T_GREATER_EQUAL) {
        p->t++;
        return type;
    }
    if (skip_word(p, "in")) return T_IN;
    if (is_word(p, "not") && p->t[1].type == T_NAME && heft_jis(p->t[1].value, "in")) {
        p->t += 2;
        return T_NOT_IN;
    }
    return T_END;
}

static heft_jnode *comparison(parser *p)
{
    heft_jnode *first = sum(p), *n = NULL;
    for (;;) {
        heft_jtoken at = *p->t;
        at.type = comparing(p);
        if (at.type == T_END) return n ? n : first;
        if (!n) {
            n = node(p, &at, N_COMPARE);
            n->a = first;
        }
        heft_jnode *step = binary(p, &at, NULL, NULL);
        step->b = sum(p);
        add(p, n, step);
    }
}

static heft_jnode *negation(parser *p)
{
    if (!is_word(p, "not")) return comparison(p);
    enter(p);
    heft_jnode *n = node(p, p->t++, N_NOT);
    n->a = negation(p);
    p->nesting--;
    return n;
}

static heft_jnode *conjunction(parser *p)
{
    heft_jnode *a = negation(p);
    while (is_word(p, "and")) {
        heft_jnode *n = node(p, p->t++, N_AND);
        n->a = a;
        n->b = negation(p);
        a = n;
    }
    return a;
}

static heft_jnode *disjunction(parser *p)
{
    heft_jnode *a = conjunction(p);
    while (is_word(p, "or")) {
        heft_jnode *n = node(p, p->t++, N_OR);
        n->a = a;
        n->b = conjunction(p);
        a = n;
    }
    return a;
}

static heft_jnode *expression(parser *p)
{
    enter(p);
    p->soft++; /* the value may turn out to be chosen by an if */
    const heft_jtoken *start = p->t;
    heft_jnode *a = disjunction(p);
    p->soft--;
    if (!is_word(p, "if") && !p->soft) { /* it is not: once more, strictly */
        p->t = start;
        a = disjunction(p);
    }
    while (is_word(p, "if")) {
        heft_jnode *n = node(p, p->t++, N_IF_EXPR);
        n->b = a;
        p->soft++;
        n->a = disjunction(p);
        if (skip_word(p, "else")) n->c = expression(p);
        p->soft--;
        a = n;
    }
    p->nesting--;
    return a;
}

/* Is this the end of a tuple? `end`: a word that ends it, or NULL. */
static bool tuple_ends(const parser *p, const char *end)
{
    return is(p, T_OUTPUT_END) || is(p, T_BLOCK_END) || is(p, T_CLOSE_ROUND)
           || (end && is_word(p, end));
}

static heft_jnode *tuple(parser *p, bool condition, const char *end)
{
    const heft_jtoken *at = p->t;
    heft_jnode *first = condition ? expression(p) : disjunction(p);
    if (!is(p, T_COMMA)) return first;
    heft_jnode *n = node(p, at, N_TUPLE);
    add(p, n, first);
    while (skip(p, T_COMMA) && !tuple_ends(p, end))
        add(p, n, condition ? expression(p) : disjunction(p));
    return n;
}

/* ---- statements ------------------------------------------------------- */

static void end_block(parser *p)
{
    need(p, T_BLOCK_END);
}

/* `{% word ...` up to a block that begins with the word, which is passed and must be bare. */
static heft_jnode *body_to(parser *p, const char *word)
{
    const char *const ends[] = { word, NULL };
    end_block(p);
    heft_jnode *n = body_until(p, ends);
    p->t++;
    return n;
}

static heft_jnode *name_target(parser *p)
{
    const heft_jtoken *at = p->t;
    heft_jnode *n = node(p, at, N_NAME);
    n->value = need_name(p);
    static const char *const constants[] = { "true", "True", "false", "False", "none", "None" };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (heft_jis(n->value, constants[i]))
            fail_at(p, at, HEFT_E_FORMAT, "cannot assign to", heft_jview(n->value));
    bind(p, n->value);
    return n;
}

static heft_jnode *one_target(parser *p)
{
    if (skip(p, T_OPEN_ROUND)) {
        heft_jnode *n = node(p, p->t, N_TUPLE);
        do
            add(p, n, name_target(p));
        while (skip(p, T_COMMA) && !is(p, T_CLOSE_ROUND));
        need(p, T_CLOSE_ROUND);
        return n;
    }
    return name_target(p);
}

/* What a for or a set assigns to. */
static heft_jnode *target(parser *p, bool attribute)
{
    const heft_jtoken *at = p->t;
    if (attribute && is(p, T_NAME) && p->t[1].type == T_DOT) {
        heft_jnode *n = node(p, at, N_NS_TARGET);
        n->a = name_target(p);
        p->t++;
        n->value = need_name(p);
        bind(p, n->value);
        return n;
    }
    heft_jnode *first = one_target(p);
    if (!is(p, T_COMMA)) return first;
    heft_jnode *n = node(p, at, N_TUPLE);
    add(p, n, first);
    while (skip(p, T_COMMA) && is(p, T_NAME) && !is_word(p, "in"))
        add(p, n, one_target(p));
    return n;
}

static heft_jnode *statement_if(parser *p, const heft_jtoken *at)
{
    static const char *const ends[] = { "elif", "else", "endif", NULL };
    enter(p);
    p->soft++;
    heft_jnode *n = node(p, at, N_IF);
    n->a = tuple(p, false, NULL);
    end_block(p);
    n->b = body_until(p, ends);
    const heft_jtoken *word = p->t++;
    if (heft_jis(word->value, "elif"))
        n->c = statement_if(p, word);
    else if (heft_jis(word->value, "else"))
        n->c = body_to(p, "endif");
    p->soft--;
    p->nesting--;
    return n;
}

static heft_jnode *statement_for(parser *p, const heft_jtoken *at)
{
    static const char *const ends[] = { "endfor", "else", NULL };
    heft_jnode *n = node(p, at, N_FOR), *otherwise = NULL;
    n->a = target(p, false);
    if (!skip_word(p, "in")) expected(p, "'in'");
    n->b = tuple(p, false, "recursive");
    if (skip_word(p, "if")) n->c = expression(p);
    n->op = skip_word(p, "recursive");
    bind(p, heft_jz("loop"));
    end_block(p);
    p->loops++;
    heft_jnode *inner = body_until(p, ends);
    p->loops--;
    if (heft_jis((p->t++)->value, "else")) otherwise = body_to(p, "endfor");
    add(p, n, inner);
    add(p, n, otherwise);
    return n;
}

static heft_jnode *statement_set(parser *p, const heft_jtoken *at)
{
    heft_jnode *n = node(p, at, N_SET);
    n->a = target(p, true);
    if (skip(p, T_ASSIGN)) {
        n->b = tuple(p, true, NULL);
        return n;
    }
    n->kind = N_SET_BLOCK;
    while (skip(p, T_PIPE))
        n->c = filter(p, n->c);
    n->b = body_to(p, "endset");
    return n;
}

/* Parameters in round brackets, and a body, into a macro's node. */
static void parameters(parser *p, heft_jnode *n)
{
    need(p, T_OPEN_ROUND);
    for (bool first = true; !skip(p, T_CLOSE_ROUND); first = false) {
        if (!first) {
            need(p, T_COMMA);
            if (skip(p, T_CLOSE_ROUND)) break;
        }
        heft_jnode *param = name_target(p);
        bool had = n->n && n->list[n->n - 1]->a;
        if (skip(p, T_ASSIGN))
            param->a = expression(p);
        else if (had)
            expected(p, "a default, as the parameter before has one");
        add(p, n, param);
    }
}

static void macro_body(parser *p, heft_jnode *n, const char *end)
{
    int outer_uses = p->uses, outer_loops = p->loops;
    p->uses = 0;
    p->loops = 0;
    n->b = body_to(p, end);
    n->op = p->uses;
    p->uses = outer_uses;
    p->loops = outer_loops;
}

static heft_jnode *statement_macro(parser *p, const heft_jtoken *at)
{
    heft_jnode *n = node(p, at, N_MACRO);
    n->value = name_target(p)->value;
    static const char *const implied[] = { "caller", "varargs", "kwargs" };
    for (size_t i = 0; i < sizeof implied / sizeof *implied; i++)
        bind(p, heft_jz(implied[i]));
    parameters(p, n);
    macro_body(p, n, "endmacro");
    return n;
}

static heft_jnode *statement_call(parser *p, const heft_jtoken *at)
{
    heft_jnode *n = node(p, at, N_CALL_BLOCK), *caller = node(p, at, N_MACRO);
    caller->value = heft_jz("caller");
    if (is(p, T_OPEN_ROUND)) parameters(p, caller);
    n->a = expression(p);
    if (n->a->kind != N_CALL) expected(p, "a call");
    macro_body(p, caller, "endcall");
    n->b = caller;
    return n;
}

static heft_jnode *statement_filter(parser *p, const heft_jtoken *at)
{
    heft_jnode *n = node(p, at, N_FILTER_BLOCK);
    do
        n->a = filter(p, n->a);
    while (skip(p, T_PIPE));
    n->b = body_to(p, "endfilter");
    return n;
}

static heft_jnode *statement_with(parser *p, const heft_jtoken *at)
{
    heft_jnode *n = node(p, at, N_WITH);
    while (!is(p, T_BLOCK_END)) {
        if (n->n) need(p, T_COMMA);
        heft_jnode *set = node(p, p->t, N_SET);
        set->a = one_target(p);
        need(p, T_ASSIGN);
        set->b = expression(p);
        add(p, n, set);
    }
    n->b = body_to(p, "endwith");
    return n;
}

static heft_jnode *statement_print(parser *p, const heft_jtoken *at)
{
    heft_jnode *n = node(p, at, N_OUTPUT);
    n->a = tuple(p, true, NULL);
    return n;
}

/* What the trainer's marks enclose is rendered as it is, in a scope of its own. */
static heft_jnode *statement_generation(parser *p, const heft_jtoken *at)
{
    heft_jnode *n = node(p, at, N_WITH);
    int loops = p->loops;
    p->loops = 0;
    n->b = body_to(p, "endgeneration");
    p->loops = loops;
    return n;
}

static heft_jnode *leave_loop(parser *p, const heft_jtoken *at)
{
    if (!p->loops) fail_at(p, at, HEFT_E_FORMAT, "outside a loop:", heft_jview(at->value));
    return node(p, at, heft_jis(at->value, "break") ? N_BREAK : N_CONTINUE);
}

static const struct {
    const char *word;
    heft_jnode *(*parse)(parser *p, const heft_jtoken *at);
} statements[] = {
    { "if", statement_if },     { "for", statement_for },
    { "set", statement_set },   { "macro", statement_macro },
    { "call", statement_call }, { "filter", statement_filter },
    { "with", statement_with }, { "print", statement_print },
    { "break", leave_loop },    { "generation", statement_generation },
    { "continue", leave_loop },
};

static heft_jnode *statement(parser *p)
{
    const heft_jtoken *at = p->t;
    if (!is(p, T_NAME)) expected(p, "a statement");
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (!skip_word(p, statements[i].word)) continue;
        enter(p);
        heft_jnode *n = statements[i].parse(p, at);
        p->nesting--;
        end_block(p);
        return n;
    }
    fail_at(p, at, HEFT_E_UNSUPPORTED, "heft does not have the statement", heft_jview(at->value));
}

/* Everything up to a block that begins with one of the words; p->t is then at the word. Without
 * words: to the end. */
static heft_jnode *body_until(parser *p, const char *const *ends)
{
    heft_jnode *n = node(p, p->t, N_BODY);
    for (;;) {
        if (is(p, T_END)) {
            if (!ends) return n;
            expected(p, ends[1] ? "the end of a statement" : ends[0]);
        } else if (is(p, T_DATA)) {
            heft_jnode *text = node(p, p->t, N_TEXT);
            text->value = (p->t++)->value;
            add(p, n, text);
        } else if (skip(p, T_OUTPUT_BEGIN)) {
            add(p, n, statement_print(p, p->t));
            need(p, T_OUTPUT_END);
        } else {
            need(p, T_BLOCK_BEGIN);
            for (size_t i = 0; ends && ends[i]; i++)
                if (is_word(p, ends[i])) return n;
            add(p, n, statement(p));
        }
    }
}

heft_jnode *heft_jparse(heft_jinja *j, heft_str source)
{
    size_t n;
    parser p = { .j = j };
    p.t = heft_jlex(j, source, &n);
    heft_jnode *body = body_until(&p, NULL);
    for (size_t i = 0; i < p.n_called; i++) {
        const heft_jnode *c = p.called[i];
        const heft_jrow *row = heft_jglobal(heft_jview(c->value));
        if ((row && row->call) || heft_jdict_find(j, &p.bound, c->value)) continue;
        j->at = c;
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "heft does not have the function '%s'",
                        heft_show(heft_jview(c->value)).text);
    }
    return body;
}

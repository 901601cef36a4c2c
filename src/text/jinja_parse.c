/* Tokens to a syntax tree, by recursive descent: expressions.
 *
 * What heft does not have is refused here, with line and column, not when a conversation first
 * reaches it. As in the reference, names inside an if are looked up when they are reached: a
 * template may ask what it runs on. */
#include "text/jinja_parse.h"

#include <string.h>

static heft_jnode *unary(heft_jparser *p, bool filters);

/* ---- tokens and nodes ------------------------------------------------- */

_Noreturn void heft_jp_fail_at(heft_jparser *p, const heft_jtoken *t, heft_status code,
                               const char *what, heft_str name)
{
    heft_jnode here = { .line = t->line, .column = t->column };
    p->j->at = &here;
    if (name.p) heft_jinja_fail(p->j, code, "%s '%s'", what, heft_show(name).text);
    heft_jinja_fail(p->j, code, "%s", what);
}

_Noreturn void heft_jp_expected(heft_jparser *p, const char *what)
{
    heft_jnode here = { .line = p->t->line, .column = p->t->column };
    p->j->at = &here;
    if (p->t->type == T_NAME)
        heft_jinja_fail(p->j, HEFT_E_FORMAT, "expected %s, found '%s'", what,
                        heft_show(heft_jview(p->t->value)).text);
    heft_jinja_fail(p->j, HEFT_E_FORMAT, "expected %s, found %s", what,
                    heft_jtoken_name(p->t->type));
}

bool heft_jp_is(const heft_jparser *p, heft_jtoken_type type)
{
    return p->t->type == type;
}

bool heft_jp_is_word(const heft_jparser *p, const char *word)
{
    return heft_jp_is(p, T_NAME) && heft_jis(p->t->value, word);
}

bool heft_jp_skip(heft_jparser *p, heft_jtoken_type type)
{
    if (!heft_jp_is(p, type)) return false;
    p->t++;
    return true;
}

bool heft_jp_skip_word(heft_jparser *p, const char *word)
{
    if (!heft_jp_is_word(p, word)) return false;
    p->t++;
    return true;
}

void heft_jp_need(heft_jparser *p, heft_jtoken_type type)
{
    if (!heft_jp_skip(p, type)) heft_jp_expected(p, heft_jtoken_name(type));
}

heft_jval heft_jp_need_name(heft_jparser *p)
{
    if (!heft_jp_is(p, T_NAME)) heft_jp_expected(p, "a name");
    return (p->t++)->value;
}

heft_jnode *heft_jp_node(heft_jparser *p, const heft_jtoken *at, heft_jkind kind)
{
    heft_jnode *n = heft_jinja_alloc(p->j, 1, sizeof *n);
    n->kind = kind;
    n->line = at->line;
    n->column = at->column;
    return n;
}

void heft_jp_add(heft_jparser *p, heft_jnode *to, heft_jnode *child)
{
    if ((to->n & (to->n - 1)) == 0) { /* full: 0, 1, 2, 4, ... */
        heft_jnode **grown = heft_jinja_alloc(p->j, to->n ? 2 * to->n : 1, sizeof(heft_jnode *));
        if (to->n) memcpy(grown, to->list, to->n * sizeof *grown);
        to->list = grown;
    }
    to->list[to->n++] = child;
}

void heft_jp_enter(heft_jparser *p)
{
    if (++p->nesting > HEFT_MAX_TEMPLATE_NESTING)
        heft_jp_fail_at(p, p->t, HEFT_E_UNSUPPORTED, "statements and expressions nest too deeply",
                        (heft_str){ .n = 0 });
}

void heft_jp_bind(heft_jparser *p, heft_jval name)
{
    heft_jdict_set(p->j, &p->bound, name, heft_jbool(true));
}

/* ---- primary expressions ---------------------------------------------- */

static heft_jnode *literal(heft_jparser *p, const heft_jtoken *at, heft_jval v)
{
    heft_jnode *n = heft_jp_node(p, at, N_LITERAL);
    n->value = v;
    return n;
}

static heft_jnode *strings(heft_jparser *p)
{
    const heft_jtoken *at = p->t;
    heft_jbuf b = { .n = 0 };
    while (heft_jp_is(p, T_STRING))
        heft_jbuf_str(p->j, &b, (p->t++)->value);
    return literal(p, at, heft_jbuf_end(p->j, &b));
}

static heft_jnode *name_or_constant(heft_jparser *p)
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
    heft_jnode *n = heft_jp_node(p, at, N_NAME);
    n->value = at->value;
    return n;
}

static heft_jnode *list(heft_jparser *p)
{
    heft_jnode *n = heft_jp_node(p, p->t++, N_LIST);
    while (!heft_jp_skip(p, T_CLOSE_SQUARE)) {
        if (n->n) {
            heft_jp_need(p, T_COMMA);
            if (heft_jp_skip(p, T_CLOSE_SQUARE)) break;
        }
        heft_jp_add(p, n, heft_jp_expression(p));
    }
    return n;
}

static heft_jnode *dict(heft_jparser *p)
{
    heft_jnode *n = heft_jp_node(p, p->t++, N_DICT);
    while (!heft_jp_skip(p, T_CLOSE_CURLY)) {
        if (n->n) {
            heft_jp_need(p, T_COMMA);
            if (heft_jp_skip(p, T_CLOSE_CURLY)) break;
        }
        heft_jp_add(p, n, heft_jp_expression(p));
        heft_jp_need(p, T_COLON);
        heft_jp_add(p, n, heft_jp_expression(p));
    }
    return n;
}

static heft_jnode *parenthesis(heft_jparser *p)
{
    const heft_jtoken *at = p->t++;
    if (heft_jp_skip(p, T_CLOSE_ROUND)) return heft_jp_node(p, at, N_TUPLE);
    heft_jnode *n = heft_jp_tuple(p, true, NULL);
    heft_jp_need(p, T_CLOSE_ROUND);
    return n;
}

static heft_jnode *primary(heft_jparser *p)
{
    switch ((int)p->t->type) {
    case T_NAME: return name_or_constant(p);
    case T_STRING: return strings(p);
    case T_INT:
    case T_FLOAT: p->t++; return literal(p, p->t - 1, p->t[-1].value);
    case T_OPEN_ROUND: return parenthesis(p);
    case T_OPEN_SQUARE: return list(p);
    case T_OPEN_CURLY: return dict(p);
    default: heft_jp_expected(p, "an expression");
    }
}

/* ---- what follows a primary ------------------------------------------- */

/* `*values` or `**names`. */
static heft_jnode *spread(heft_jparser *p, bool names)
{
    heft_jnode *n = heft_jp_node(p, p->t++, N_SPREAD);
    n->op = names;
    n->a = heft_jp_expression(p);
    return n;
}

/* Arguments in round brackets, into n->list: without names, then `*`, then with names, then `**`;
 * what has a name may stand before `*` too. */
static void arguments(heft_jparser *p, heft_jnode *n)
{
    bool named = false, some = false, all = false;
    heft_jp_need(p, T_OPEN_ROUND);
    for (bool first = true; !heft_jp_skip(p, T_CLOSE_ROUND); first = false) {
        if (!first) {
            heft_jp_need(p, T_COMMA);
            if (heft_jp_skip(p, T_CLOSE_ROUND)) break;
        }
        if (all) heft_jp_expected(p, "')' behind **");
        if (heft_jp_is(p, T_POWER)) {
            heft_jp_add(p, n, spread(p, true));
            all = true;
        } else if (heft_jp_is(p, T_TIMES) && !some) {
            heft_jp_add(p, n, spread(p, false));
            some = true;
        } else if (heft_jp_is(p, T_NAME) && p->t[1].type == T_ASSIGN) {
            heft_jnode *arg = heft_jp_node(p, p->t, N_NAMED);
            arg->value = heft_jp_need_name(p);
            p->t++;
            arg->a = heft_jp_expression(p);
            heft_jp_add(p, n, arg);
            named = true;
        } else {
            if (named || some) heft_jp_expected(p, "an argument with a name");
            heft_jp_add(p, n, heft_jp_expression(p));
        }
    }
}

static void check_method(heft_jparser *p, const heft_jtoken *at, heft_str name)
{
    bool known;
    if (p->soft || heft_jmethod_somewhere(name, &known) || !known) return;
    heft_jp_fail_at(p, at, HEFT_E_UNSUPPORTED, "heft does not have the method", name);
}

static heft_jnode *call(heft_jparser *p, heft_jnode *callee)
{
    heft_jnode *n = heft_jp_node(p, p->t, N_CALL);
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
static heft_jnode *subscript(heft_jparser *p, heft_jnode *of)
{
    heft_jnode *part[3] = { NULL, NULL, NULL };
    const heft_jtoken *at = p->t++;
    int colons = 0;
    for (; !heft_jp_is(p, T_CLOSE_SQUARE);) {
        if (heft_jp_skip(p, T_COLON)) {
            if (++colons > 2) heft_jp_expected(p, "']'");
        } else {
            if (part[colons]) heft_jp_expected(p, "':' or ']'");
            part[colons] = heft_jp_expression(p);
        }
    }
    heft_jp_need(p, T_CLOSE_SQUARE);
    heft_jnode *n = heft_jp_node(p, at, colons ? N_SLICE : N_ITEM);
    n->a = of;
    if (!colons) {
        if (!part[0]) heft_jp_expected(p, "an index before ']'");
        n->b = part[0];
        return n;
    }
    n->list = heft_jinja_alloc(p->j, 3, sizeof(heft_jnode *));
    memcpy(n->list, part, sizeof part);
    n->n = 3;
    return n;
}

static heft_jnode *postfix(heft_jparser *p, heft_jnode *of)
{
    for (;;) {
        if (heft_jp_is(p, T_DOT)) {
            heft_jnode *n = heft_jp_node(p, p->t++, N_ATTR);
            n->a = of;
            if (heft_jp_is(p, T_INT)) {
                n->kind = N_ITEM;
                n->b = literal(p, p->t, p->t->value);
                p->t++;
            } else {
                n->value = heft_jp_need_name(p);
            }
            of = n;
        } else if (heft_jp_is(p, T_OPEN_SQUARE)) {
            of = subscript(p, of);
        } else if (heft_jp_is(p, T_OPEN_ROUND)) {
            of = call(p, of);
        } else {
            return of;
        }
    }
}

/* map, select and their kin name another filter or test: if it is written out, it is looked up. */
static void check_named(heft_jparser *p, const heft_jnode *n)
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
            heft_jp_fail_at(p, p->t - 1, HEFT_E_UNSUPPORTED,
                            "heft does not have the filter or test", heft_jview(arg->value));
    }
}

heft_jnode *heft_jp_filter(heft_jparser *p, heft_jnode *of)
{
    heft_jnode *n = heft_jp_node(p, p->t, N_FILTER);
    n->a = of;
    n->value = heft_jp_need_name(p);
    n->row = heft_jfilter(heft_jview(n->value));
    if (!p->soft && (!n->row || !n->row->call))
        heft_jp_fail_at(p, p->t - 1, HEFT_E_UNSUPPORTED, "heft does not have the filter",
                        heft_jview(n->value));
    if (heft_jp_is(p, T_OPEN_ROUND)) arguments(p, n);
    check_named(p, n);
    return n;
}

/* Can the current token begin the argument of a test without brackets? */
static bool begins_argument(const heft_jparser *p)
{
    switch ((int)p->t->type) {
    case T_NAME:
        return !heft_jp_is_word(p, "else") && !heft_jp_is_word(p, "or")
               && !heft_jp_is_word(p, "and");
    case T_STRING:
    case T_INT:
    case T_FLOAT:
    case T_OPEN_SQUARE:
    case T_OPEN_CURLY: return true;
    default: return false;
    }
}

static heft_jnode *test(heft_jparser *p, heft_jnode *of)
{
    heft_jnode *n = heft_jp_node(p, p->t, N_TEST), *outer = n;
    n->a = of;
    if (heft_jp_skip_word(p, "not")) {
        outer = heft_jp_node(p, p->t, N_NOT);
        outer->a = n;
    }
    n->value = heft_jp_need_name(p);
    n->row = heft_jtest(heft_jview(n->value));
    if (!p->soft && !n->row)
        heft_jp_fail_at(p, p->t - 1, HEFT_E_UNSUPPORTED, "heft does not have the test",
                        heft_jview(n->value));
    if (heft_jp_is(p, T_OPEN_ROUND)) {
        arguments(p, n);
    } else if (begins_argument(p)) {
        if (heft_jp_is_word(p, "is")) heft_jp_expected(p, "one test");
        heft_jnode *arg = primary(p);
        heft_jp_add(p, n, postfix(p, arg));
    }
    return outer;
}

static heft_jnode *filters_and_tests(heft_jparser *p, heft_jnode *of)
{
    for (;;) {
        if (heft_jp_skip(p, T_PIPE))
            of = heft_jp_filter(p, of);
        else if (heft_jp_skip_word(p, "is"))
            of = test(p, of);
        else if (heft_jp_is(p, T_OPEN_ROUND))
            of = call(p, of);
        else
            return of;
    }
}

/* ---- operators, loosest last ------------------------------------------ */

static heft_jnode *binary(heft_jparser *p, const heft_jtoken *at, heft_jnode *a, heft_jnode *b)
{
    heft_jnode *n = heft_jp_node(p, at, N_BINARY);
    n->op = (int)at->type;
    n->a = a;
    n->b = b;
    return n;
}

static heft_jnode *unary(heft_jparser *p, bool filters)
{
    heft_jnode *n;
    heft_jp_enter(p);
    if (heft_jp_is(p, T_MINUS) || heft_jp_is(p, T_PLUS)) {
        n = heft_jp_node(p, p->t, N_UNARY);
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

static heft_jnode *power(heft_jparser *p)
{
    heft_jnode *n = unary(p, true);
    for (const heft_jtoken *at; at = p->t, heft_jp_skip(p, T_POWER);)
        n = binary(p, at, n, unary(p, true));
    return n;
}

static heft_jnode *product(heft_jparser *p)
{
    heft_jnode *n = power(p);
    for (const heft_jtoken *at; at = p->t, heft_jp_skip(p, T_TIMES) || heft_jp_skip(p, T_DIVIDE)
                                               || heft_jp_skip(p, T_FLOOR)
                                               || heft_jp_skip(p, T_MODULO);)
        n = binary(p, at, n, power(p));
    return n;
}

static heft_jnode *concat(heft_jparser *p)
{
    heft_jnode *first = product(p);
    if (!heft_jp_is(p, T_TILDE)) return first;
    heft_jnode *n = heft_jp_node(p, p->t, N_CONCAT);
    heft_jp_add(p, n, first);
    while (heft_jp_skip(p, T_TILDE))
        heft_jp_add(p, n, product(p));
    return n;
}

static heft_jnode *sum(heft_jparser *p)
{
    heft_jnode *n = concat(p);
    for (const heft_jtoken *at; at = p->t, heft_jp_skip(p, T_PLUS) || heft_jp_skip(p, T_MINUS);)
        n = binary(p, at, n, concat(p));
    return n;
}

/* A comparing operator here, or T_END. */
static heft_jtoken_type comparing(heft_jparser *p)
{
    heft_jtoken_type type = p->t->type;
    if (type >= T_EQUAL && type <= T_GREATER_EQUAL) {
        p->t++;
        return type;
    }
    if (heft_jp_skip_word(p, "in")) return T_IN;
    if (heft_jp_is_word(p, "not") && p->t[1].type == T_NAME && heft_jis(p->t[1].value, "in")) {
        p->t += 2;
        return T_NOT_IN;
    }
    return T_END;
}

static heft_jnode *comparison(heft_jparser *p)
{
    heft_jnode *first = sum(p), *n = NULL;
    for (;;) {
        heft_jtoken at = *p->t;
        at.type = comparing(p);
        if (at.type == T_END) return n ? n : first;
        if (!n) {
            n = heft_jp_node(p, &at, N_COMPARE);
            n->a = first;
        }
        heft_jnode *step = binary(p, &at, NULL, NULL);
        step->b = sum(p);
        heft_jp_add(p, n, step);
    }
}

static heft_jnode *negation(heft_jparser *p)
{
    if (!heft_jp_is_word(p, "not")) return comparison(p);
    heft_jp_enter(p);
    heft_jnode *n = heft_jp_node(p, p->t++, N_NOT);
    n->a = negation(p);
    p->nesting--;
    return n;
}

static heft_jnode *conjunction(heft_jparser *p)
{
    heft_jnode *a = negation(p);
    while (heft_jp_is_word(p, "and")) {
        heft_jnode *n = heft_jp_node(p, p->t++, N_AND);
        n->a = a;
        n->b = negation(p);
        a = n;
    }
    return a;
}

static heft_jnode *disjunction(heft_jparser *p)
{
    heft_jnode *a = conjunction(p);
    while (heft_jp_is_word(p, "or")) {
        heft_jnode *n = heft_jp_node(p, p->t++, N_OR);
        n->a = a;
        n->b = conjunction(p);
        a = n;
    }
    return a;
}

heft_jnode *heft_jp_expression(heft_jparser *p)
{
    heft_jp_enter(p);
    p->soft++; /* the value may turn out to be chosen by an if */
    const heft_jtoken *start = p->t;
    heft_jnode *a = disjunction(p);
    p->soft--;
    if (!heft_jp_is_word(p, "if") && !p->soft) { /* it is not: once more, strictly */
        p->t = start;
        a = disjunction(p);
    }
    while (heft_jp_is_word(p, "if")) {
        heft_jnode *n = heft_jp_node(p, p->t++, N_IF_EXPR);
        n->b = a;
        p->soft++;
        n->a = disjunction(p);
        if (heft_jp_skip_word(p, "else")) n->c = heft_jp_expression(p);
        p->soft--;
        a = n;
    }
    p->nesting--;
    return a;
}

/* Is this the end of a tuple? `end`: a word that ends it, or NULL. */
static bool tuple_ends(const heft_jparser *p, const char *end)
{
    return heft_jp_is(p, T_OUTPUT_END) || heft_jp_is(p, T_BLOCK_END) || heft_jp_is(p, T_CLOSE_ROUND)
           || (end && heft_jp_is_word(p, end));
}

heft_jnode *heft_jp_tuple(heft_jparser *p, bool condition, const char *end)
{
    const heft_jtoken *at = p->t;
    heft_jnode *first = condition ? heft_jp_expression(p) : disjunction(p);
    if (!heft_jp_is(p, T_COMMA)) return first;
    heft_jnode *n = heft_jp_node(p, at, N_TUPLE);
    heft_jp_add(p, n, first);
    while (heft_jp_skip(p, T_COMMA) && !tuple_ends(p, end))
        heft_jp_add(p, n, condition ? heft_jp_expression(p) : disjunction(p));
    return n;
}

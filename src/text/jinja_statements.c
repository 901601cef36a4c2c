/* Tokens to a syntax tree, by recursive descent: statements and the whole template. */
#include "text/jinja_parse.h"

#include <string.h>

static heft_jnode *body_until(heft_jparser *p, const char *const *ends);

static void end_block(heft_jparser *p)
{
    heft_jp_need(p, T_BLOCK_END);
}

/* `{% word ...` up to a block that begins with the word, which is passed and must be bare. */
static heft_jnode *body_to(heft_jparser *p, const char *word)
{
    const char *const ends[] = { word, NULL };
    end_block(p);
    heft_jnode *n = body_until(p, ends);
    p->t++;
    return n;
}

static heft_jnode *name_target(heft_jparser *p)
{
    const heft_jtoken *at = p->t;
    heft_jnode *n = heft_jp_node(p, at, N_NAME);
    n->value = heft_jp_need_name(p);
    static const char *const constants[] = { "true", "True", "false", "False", "none", "None" };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (heft_jis(n->value, constants[i]))
            heft_jp_fail_at(p, at, HEFT_E_FORMAT, "cannot assign to", heft_jview(n->value));
    if (p->loops && heft_jis(n->value, "loop"))
        heft_jp_fail_at(p, at, HEFT_E_FORMAT, "cannot assign in a loop to", heft_jview(n->value));
    heft_jp_bind(p, n->value);
    return n;
}

/* A name, names in round brackets, or a namespace's attribute. */
static heft_jnode *one_target(heft_jparser *p, bool attribute)
{
    const heft_jtoken *at = p->t;
    if (heft_jp_skip(p, T_OPEN_ROUND)) {
        heft_jnode *n = heft_jp_node(p, at, N_TUPLE);
        heft_jp_enter(p);
        do
            heft_jp_add(p, n, one_target(p, false));
        while (heft_jp_skip(p, T_COMMA) && !heft_jp_is(p, T_CLOSE_ROUND));
        p->nesting--;
        heft_jp_need(p, T_CLOSE_ROUND);
        return n;
    }
    heft_jnode *name = name_target(p);
    if (!attribute || !heft_jp_skip(p, T_DOT)) return name;
    heft_jnode *n = heft_jp_node(p, at, N_NS_TARGET);
    n->a = name;
    n->value = heft_jp_need_name(p);
    heft_jp_bind(p, n->value);
    return n;
}

/* What a for, a set or a with assigns to. */
static heft_jnode *target(heft_jparser *p, bool attribute)
{
    const heft_jtoken *at = p->t;
    heft_jnode *first = one_target(p, attribute);
    if (!heft_jp_is(p, T_COMMA)) return first;
    heft_jnode *n = heft_jp_node(p, at, N_TUPLE);
    heft_jp_add(p, n, first);
    while (heft_jp_skip(p, T_COMMA))
        heft_jp_add(p, n, one_target(p, attribute));
    return n;
}

static heft_jnode *statement_if(heft_jparser *p, const heft_jtoken *at)
{
    static const char *const ends[] = { "elif", "else", "endif", NULL };
    heft_jp_enter(p);
    p->soft++;
    heft_jnode *n = heft_jp_node(p, at, N_IF);
    n->a = heft_jp_tuple(p, false, NULL);
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

static heft_jnode *statement_for(heft_jparser *p, const heft_jtoken *at)
{
    static const char *const ends[] = { "endfor", "else", NULL };
    heft_jnode *n = heft_jp_node(p, at, N_FOR), *otherwise = NULL;
    n->a = target(p, false);
    if (!heft_jp_skip_word(p, "in")) heft_jp_expected(p, "'in'");
    n->b = heft_jp_tuple(p, false, "recursive");
    if (heft_jp_skip_word(p, "if")) n->c = heft_jp_expression(p);
    n->op = heft_jp_skip_word(p, "recursive");
    heft_jp_bind(p, heft_jz("loop"));
    end_block(p);
    p->loops++;
    heft_jnode *inner = body_until(p, ends);
    p->loops--;
    if (heft_jis((p->t++)->value, "else")) otherwise = body_to(p, "endfor");
    heft_jp_add(p, n, inner);
    heft_jp_add(p, n, otherwise);
    return n;
}

static heft_jnode *statement_set(heft_jparser *p, const heft_jtoken *at)
{
    heft_jnode *n = heft_jp_node(p, at, N_SET);
    n->a = target(p, true);
    if (heft_jp_skip(p, T_ASSIGN)) {
        n->b = heft_jp_tuple(p, true, NULL);
        return n;
    }
    n->kind = N_SET_BLOCK;
    while (heft_jp_skip(p, T_PIPE))
        n->c = heft_jp_filter(p, n->c);
    n->b = body_to(p, "endset");
    return n;
}

/* Parameters in round brackets, and a body, into a macro's node. */
static void parameters(heft_jparser *p, heft_jnode *n)
{
    heft_jp_need(p, T_OPEN_ROUND);
    for (bool first = true; !heft_jp_skip(p, T_CLOSE_ROUND); first = false) {
        if (!first) {
            heft_jp_need(p, T_COMMA);
            if (heft_jp_skip(p, T_CLOSE_ROUND)) break;
        }
        heft_jnode *param = name_target(p);
        bool had = n->n && n->list[n->n - 1]->a;
        if (heft_jp_skip(p, T_ASSIGN))
            param->a = heft_jp_expression(p);
        else if (had)
            heft_jp_expected(p, "a default, as the parameter before has one");
        for (size_t i = 0; i < n->n; i++)
            if (heft_str_eq(heft_jview(n->list[i]->value), heft_jview(param->value)))
                heft_jp_fail_at(p, p->t - 1, HEFT_E_FORMAT, "two parameters are called",
                                heft_jview(param->value));
        heft_jp_add(p, n, param);
    }
}

static void macro_body(heft_jparser *p, heft_jnode *n, const char *end)
{
    int outer_uses = p->uses, outer_loops = p->loops;
    p->uses = 0;
    p->loops = 0;
    n->b = body_to(p, end);
    n->op = p->uses;
    p->uses = outer_uses;
    p->loops = outer_loops;
    for (size_t i = 0; i < n->n; i++)
        if ((n->op & J_USES_CALLER) && heft_jis(n->list[i]->value, "caller") && !n->list[i]->a)
            heft_jp_expected(p, "a default for the parameter 'caller'");
}

static heft_jnode *statement_macro(heft_jparser *p, const heft_jtoken *at)
{
    heft_jnode *n = heft_jp_node(p, at, N_MACRO);
    n->value = name_target(p)->value;
    static const char *const implied[] = { "caller", "varargs", "kwargs" };
    for (size_t i = 0; i < sizeof implied / sizeof *implied; i++)
        heft_jp_bind(p, heft_jz(implied[i]));
    parameters(p, n);
    macro_body(p, n, "endmacro");
    return n;
}

static heft_jnode *statement_call(heft_jparser *p, const heft_jtoken *at)
{
    heft_jnode *n = heft_jp_node(p, at, N_CALL_BLOCK), *caller = heft_jp_node(p, at, N_MACRO);
    caller->value = heft_jz("caller");
    if (heft_jp_is(p, T_OPEN_ROUND)) parameters(p, caller);
    n->a = heft_jp_expression(p);
    if (n->a->kind != N_CALL) heft_jp_expected(p, "a call");
    macro_body(p, caller, "endcall");
    n->b = caller;
    return n;
}

static heft_jnode *statement_filter(heft_jparser *p, const heft_jtoken *at)
{
    heft_jnode *n = heft_jp_node(p, at, N_FILTER_BLOCK);
    do
        n->a = heft_jp_filter(p, n->a);
    while (heft_jp_skip(p, T_PIPE));
    n->b = body_to(p, "endfilter");
    return n;
}

static heft_jnode *statement_with(heft_jparser *p, const heft_jtoken *at)
{
    heft_jnode *n = heft_jp_node(p, at, N_WITH);
    while (!heft_jp_is(p, T_BLOCK_END)) {
        if (n->n) heft_jp_need(p, T_COMMA);
        heft_jnode *set = heft_jp_node(p, p->t, N_SET);
        set->a = one_target(p, false);
        heft_jp_need(p, T_ASSIGN);
        set->b = heft_jp_expression(p);
        heft_jp_add(p, n, set);
    }
    n->b = body_to(p, "endwith");
    return n;
}

static heft_jnode *output(heft_jparser *p, heft_jnode *value)
{
    heft_jnode *n = heft_jp_node(p, p->t, N_OUTPUT);
    n->a = value;
    return n;
}

static heft_jnode *statement_print(heft_jparser *p, const heft_jtoken *at)
{
    heft_jnode *n = heft_jp_node(p, at, N_BODY);
    while (!heft_jp_is(p, T_BLOCK_END)) {
        if (n->n) heft_jp_need(p, T_COMMA);
        heft_jp_add(p, n, output(p, heft_jp_expression(p)));
    }
    return n;
}

/* Nothing here extends another template, so that a block is rendered where it stands. */
static heft_jnode *statement_block(heft_jparser *p, const heft_jtoken *at)
{
    heft_jnode *n = heft_jp_node(p, at, N_BLOCK);
    int loops = p->loops;
    n->value = heft_jp_need_name(p);
    if (heft_jdict_find(p->j, &p->blocks, n->value))
        heft_jp_fail_at(p, p->t - 1, HEFT_E_FORMAT, "there are two blocks", heft_jview(n->value));
    heft_jdict_set(p->j, &p->blocks, n->value, heft_jbool(true));
    n->op = heft_jp_skip_word(p, "scoped");
    p->loops = 0;
    n->b = body_to(p, "endblock");
    p->loops = loops;
    if (heft_jp_is(p, T_NAME) && heft_str_eq(heft_jview(p->t->value), heft_jview(n->value))) p->t++;
    return n;
}

/* What the trainer's marks enclose is rendered as it is, in a scope of its own. */
static heft_jnode *statement_generation(heft_jparser *p, const heft_jtoken *at)
{
    heft_jnode *n = heft_jp_node(p, at, N_WITH);
    int loops = p->loops;
    p->loops = 0;
    n->b = body_to(p, "endgeneration");
    p->loops = loops;
    return n;
}

static heft_jnode *leave_loop(heft_jparser *p, const heft_jtoken *at)
{
    if (!p->loops) heft_jp_fail_at(p, at, HEFT_E_FORMAT, "outside a loop:", heft_jview(at->value));
    return heft_jp_node(p, at, heft_jis(at->value, "break") ? N_BREAK : N_CONTINUE);
}

static const struct {
    const char *word;
    heft_jnode *(*parse)(heft_jparser *p, const heft_jtoken *at);
} statements[] = {
    { "if", statement_if },     { "for", statement_for },
    { "set", statement_set },   { "macro", statement_macro },
    { "call", statement_call }, { "filter", statement_filter },
    { "with", statement_with }, { "print", statement_print },
    { "break", leave_loop },    { "generation", statement_generation },
    { "continue", leave_loop }, { "block", statement_block },
};

static heft_jnode *statement(heft_jparser *p)
{
    const heft_jtoken *at = p->t;
    if (!heft_jp_is(p, T_NAME)) heft_jp_expected(p, "a statement");
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (!heft_jp_skip_word(p, statements[i].word)) continue;
        heft_jp_enter(p);
        heft_jnode *n = statements[i].parse(p, at);
        p->nesting--;
        end_block(p);
        return n;
    }
    heft_jp_fail_at(p, at, HEFT_E_UNSUPPORTED, "heft does not have the statement",
                    heft_jview(at->value));
}

/* Everything up to a block that begins with one of the words; p->t is then at the word. Without
 * words: to the end. */
static heft_jnode *body_until(heft_jparser *p, const char *const *ends)
{
    heft_jnode *n = heft_jp_node(p, p->t, N_BODY);
    for (;;) {
        if (heft_jp_is(p, T_END)) {
            if (!ends) return n;
            heft_jp_expected(p, ends[1] ? "the end of a statement" : ends[0]);
        } else if (heft_jp_is(p, T_DATA)) {
            heft_jnode *text = heft_jp_node(p, p->t, N_TEXT);
            text->value = (p->t++)->value;
            heft_jp_add(p, n, text);
        } else if (heft_jp_skip(p, T_OUTPUT_BEGIN)) {
            heft_jp_add(p, n, output(p, heft_jp_tuple(p, true, NULL)));
            heft_jp_need(p, T_OUTPUT_END);
        } else {
            heft_jp_need(p, T_BLOCK_BEGIN);
            for (size_t i = 0; ends && ends[i]; i++)
                if (heft_jp_is_word(p, ends[i])) return n;
            heft_jp_add(p, n, statement(p));
        }
    }
}

heft_jnode *heft_jparse(heft_jinja *j, heft_str source)
{
    size_t n;
    heft_jparser p = { .j = j };
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

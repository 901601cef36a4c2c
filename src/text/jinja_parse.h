/* What the two halves of the parser share: tokens, nodes, and expressions for statements. */
#ifndef HEFT_TEXT_JINJA_PARSE_H
#define HEFT_TEXT_JINJA_PARSE_H

#include "text/jinja.h"

typedef struct {
    heft_jinja *j;
    const heft_jtoken *t; /* the current one */
    int nesting;
    int soft;            /* inside this many ifs */
    int loops;           /* inside this many loops */
    int uses;            /* J_USES_* of the macro being parsed */
    heft_jdict bound;    /* every name that the template gives a value */
    heft_jdict blocks;   /* every name of a block */
    heft_jnode **called; /* calls of plain names, checked at the end */
    size_t n_called, cap_called;
} heft_jparser;

/* Each ends the parse with an error at the token: these do not return. */
_Noreturn void heft_jp_fail_at(heft_jparser *p, const heft_jtoken *t, heft_status code,
                               const char *what, heft_str name);
_Noreturn void heft_jp_expected(heft_jparser *p, const char *what);

/* Is the current token this? skip: then pass it; need: or fail. */
bool heft_jp_is(const heft_jparser *p, heft_jtoken_type type);
bool heft_jp_is_word(const heft_jparser *p, const char *word);
bool heft_jp_skip(heft_jparser *p, heft_jtoken_type type);
bool heft_jp_skip_word(heft_jparser *p, const char *word);
void heft_jp_need(heft_jparser *p, heft_jtoken_type type);
heft_jval heft_jp_need_name(heft_jparser *p);

/* A new node at a token, a child added to one, one more level of nesting, a name given a value. */
heft_jnode *heft_jp_node(heft_jparser *p, const heft_jtoken *at, heft_jkind kind);
void heft_jp_add(heft_jparser *p, heft_jnode *to, heft_jnode *child);
void heft_jp_enter(heft_jparser *p);
void heft_jp_bind(heft_jparser *p, heft_jval name);

/* An expression; expressions with commas up to `end` (condition: an if may follow); a filter of
 * one. */
heft_jnode *heft_jp_expression(heft_jparser *p);
heft_jnode *heft_jp_tuple(heft_jparser *p, bool condition, const char *end);
heft_jnode *heft_jp_filter(heft_jparser *p, heft_jnode *of);

#endif

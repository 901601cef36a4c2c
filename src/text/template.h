/* Chat templates: a conversation as JSON becomes the prompt that the release's template makes. */
#ifndef HEFT_TEXT_TEMPLATE_H
#define HEFT_TEXT_TEMPLATE_H

#include "base/err.h"

#include <jansson.h>
#include <time.h>

typedef struct heft_template heft_template;

/* Understand a template. source is kept; name is for messages and copied. Fails: HEFT_E_FORMAT (not
 * Jinja), HEFT_E_UNSUPPORTED (a filter, test, function, method or statement heft does not have),
 * both as "name:line:column: ..."; HEFT_E_NOMEM. What stands inside an if is looked up when it is
 * reached, as the language has it. */
heft_status heft_template_open(heft_str source, const char *name, heft_template **out,
                               heft_error *err) HEFT_MUST_CHECK;
void heft_template_close(heft_template *t);

/* Render with two JSON objects of variables: what a caller says (messages, tools, documents,
 * switches), which is data in the prompt and goes first where both have a name, but for the usual
 * words in the role of a message, which templates build special tokens of; and what the release
 * says (bos_token, eos_token, ...), which counts as the template's own text. Either may be NULL.
 * now: for strftime_now; NULL: the local time. Fails: HEFT_E_ARG with the template's own words
 * where it calls raise_exception; HEFT_E_FORMAT where it makes no sense for these values;
 * HEFT_E_UNSUPPORTED; HEFT_E_NOMEM beyond a bound. */
heft_status heft_template_render(const heft_template *t, json_t *data, json_t *tokens,
                                 const struct tm *now, heft_prompt *out,
                                 heft_error *err) HEFT_MUST_CHECK;

/* The variables that a template reads and does not set itself, each once, in the order of the text;
 * those it asks for by `is defined` or `default` are among them even where it sets them too.
 * Functions are no variables. Stops where `take` returns false. Fails: HEFT_E_NOMEM. */
heft_status heft_template_variables(const heft_template *t, bool (*take)(void *to, heft_str name),
                                    void *to, heft_error *err) HEFT_MUST_CHECK;

#endif

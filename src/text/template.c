/* Chat templates: opening and rendering around the interpreter. */
#define _DEFAULT_SOURCE /* localtime_r */
#include "text/template.h"

#include "text/jinja.h"

#include <string.h>

struct heft_template {
    heft_arena arena;
    char *name;
    const heft_jnode *body;
};

/* ---- opening ---------------------------------------------------------- */

/* The tree of a source; NULL: j->status. */
static heft_jnode *parsed(heft_jinja *j, heft_str source)
{
    if (setjmp(j->failed)) return NULL;
    return heft_jparse(j, source);
}

heft_status heft_template_open(heft_str source, const char *name, heft_template **out,
                               heft_error *err)
{
    heft_error unseen;
    if (source.n > HEFT_MAX_TEMPLATE_BYTES)
        return heft_fail(err, HEFT_E_FORMAT, "%s: the template has %zu bytes, at most %d", name,
                         source.n, (int)HEFT_MAX_TEMPLATE_BYTES);
    if (!heft_utf8_valid(source))
        return heft_fail(err, HEFT_E_FORMAT, "%s: the template is not UTF-8", name);
    heft_template *t = heft_alloc(1, sizeof *t);
    heft_jinja *j = heft_alloc(1, sizeof *j);
    char *copy = heft_strdup(heft_str_of(name));
    heft_status st = HEFT_OK;
    if (!t || !j || !copy) {
        st = heft_nomem(err, "a template");
        heft_free(copy);
        heft_free(t);
        heft_free(j);
        return st;
    }
    j->name = t->name = copy;
    j->err = err ? err : &unseen;
    t->body = parsed(j, source);
    st = j->status;
    t->arena = j->arena;
    heft_free(j);
    if (st) {
        heft_template_close(t);
        return st;
    }
    *out = t;
    return HEFT_OK;
}

void heft_template_close(heft_template *t)
{
    if (!t) return;
    heft_arena_clear(&t->arena);
    heft_free(t->name);
    heft_free(t);
}

heft_status heft_template_variables(const heft_template *t, bool (*take)(void *to, heft_str name),
                                    void *to, heft_error *err)
{
    return heft_jinja_variables(t->body, take, to, err);
}

/* ---- rendering -------------------------------------------------------- */

/* Templates write special tokens with a role inside: '<|' + message.role + '|>'. So a role out of
 * this list counts as the template's own word; any other is text that a caller made up. */
static void trust_role(heft_jinja *j, heft_jval message)
{
    static const char *const roles[] = { "system",      "user",          "assistant",   "tool",
                                         "developer",   "function",      "ipython",     "model",
                                         "observation", "tool_response", "environment", "context" };
    heft_jval *role =
        message.type == J_DICT ? heft_jdict_find(j, message.dict, heft_jz("role")) : NULL;
    for (size_t i = 0; role && i < sizeof roles / sizeof *roles; i++)
        if (heft_jis(*role, roles[i])) *role = heft_jz(roles[i]);
}

static void add_variables(heft_jinja *j, json_t *object, bool data)
{
    if (!object) return;
    if (!json_is_object(object))
        heft_jinja_fail(j, HEFT_E_FORMAT, "the variables are not a JSON object");
    heft_jval v = heft_jfrom_json(j, object, data);
    for (size_t i = 0; i < v.dict->n; i++)
        heft_jdict_set(j, j->variables, v.dict->entry[i].key, v.dict->entry[i].value);
    const heft_jval *messages = heft_jdict_find(j, v.dict, heft_jz("messages"));
    for (size_t i = 0; messages && messages->type == J_LIST && i < messages->seq->n; i++)
        trust_role(j, messages->seq->item[i]);
}

static void render(heft_jinja *j, const heft_jnode *body, json_t *data, json_t *tokens)
{
    if (setjmp(j->failed)) return;
    j->variables = heft_jdict_of(j).dict;
    add_variables(j, tokens, false);
    add_variables(j, data, true);
    heft_jexec(j, body);
}

/* What was written, as text and ranges. */
static heft_status finish(const heft_jbuf *b, heft_prompt *out, heft_error *err)
{
    size_t ranges = 0;
    for (size_t i = 0; i < b->n; i++)
        ranges += i == 0 || b->from[i] != b->from[i - 1];
    char *text = heft_alloc(b->n + 1, 1);
    heft_origin *range = heft_alloc(ranges, sizeof *range);
    if (!text || !range) {
        heft_free(text);
        heft_free(range);
        return heft_nomem(err, "a prompt");
    }
    if (b->n) memcpy(text, b->p, b->n);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (i == 0 || b->from[i] != b->from[i - 1]) range[n++].data = b->from[i];
        range[n - 1].end = i + 1;
    }
    *out = (heft_prompt){ .text = text, .n = b->n, .range = range, .n_ranges = ranges };
    return HEFT_OK;
}

heft_status heft_template_render(const heft_template *t, json_t *data, json_t *tokens,
                                 const struct tm *now, heft_prompt *out, heft_error *err)
{
    heft_error unseen;
    heft_jbuf b = { .n = 0 };
    time_t clock = time(NULL);
    heft_jinja *j = heft_alloc(1, sizeof *j);
    if (!j) return heft_nomem(err, "a rendering");
    j->name = t->name;
    j->err = err ? err : &unseen;
    j->out = &b;
    if (now)
        j->now = *now;
    else
        (void)localtime_r(&clock, &j->now);
    render(j, t->body, data, tokens);
    heft_status st = j->status;
    if (!st) st = finish(&b, out, err);
    heft_arena_clear(&j->arena);
    heft_free(j);
    return st;
}

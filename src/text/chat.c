/* Conversations through a release's chat template: opening, rendering, trying it out. */
#include "text/chat.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

/* ---- a conversation as variables --------------------------------------- */

static heft_status no_room(heft_error *err)
{
    return heft_nomem(err, "a conversation");
}

/* Put a JSON text into object under key; `otherwise` where it is NULL. key NULL: its members. */
static heft_status put(json_t *object, const char *key, const char *text, json_t *otherwise,
                       heft_error *err)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
    const char *what = key ? key : "kwargs";
    json_error_t error;
    json_t *v = text ? json_loads(text, flags, &error) : otherwise;
    if (!v && !text) return no_room(err);
    if (!v)
        return heft_fail(err, HEFT_E_FORMAT, "%s:%d:%d: %s", what, error.line, error.column,
                         heft_show_z(error.text).text);
    bool good = key || json_is_object(v);
    int failed = key ? json_object_set_new(object, key, v) : json_object_update(object, v);
    if (!key) json_decref(v);
    if (!good) return heft_fail(err, HEFT_E_FORMAT, "kwargs is not a JSON object");
    return failed ? no_room(err) : HEFT_OK;
}

/* What the caller says. */
static heft_status variables(const heft_conversation *talk, json_t **out, heft_error *err)
{
    json_t *data = json_object();
    heft_status st = data ? HEFT_OK : no_room(err);
    if (!st) st = put(data, "messages", talk->messages, json_array(), err);
    if (!st) st = put(data, "tools", talk->tools, json_null(), err);
    if (!st) st = put(data, "documents", talk->documents, json_null(), err);
    if (!st)
        st = put(data, "add_generation_prompt", NULL, json_boolean(!talk->no_generation_prompt),
                 err);
    if (!st && talk->kwargs) st = put(data, NULL, talk->kwargs, NULL, err);
    if (st)
        json_decref(data);
    else
        *out = data;
    return st;
}

/* "2025-03-07T09:05:03" or its date alone. */
static heft_status parse_time(const char *text, struct tm *out, heft_error *err)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    int n = sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second);
    if ((n != 3 && n != 6) || year < 1900 || month < 1 || month > 12 || day < 1 || day > 31
        || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return heft_fail(err, HEFT_E_ARG, "'%s' is no time like 2025-03-07T09:05:03",
                         heft_show_z(text).text);
    *out = (struct tm){ .tm_year = year - 1900,
                        .tm_mon = month - 1,
                        .tm_mday = day,
                        .tm_hour = hour,
                        .tm_min = minute,
                        .tm_sec = second,
                        .tm_isdst = -1 };
    (void)mktime(out); /* the day of the week */
    return HEFT_OK;
}

/* ---- rendering ---------------------------------------------------------- */

static const heft_named_template *named(const heft_chat *c, const char *name)
{
    for (int32_t i = 0; i < c->n; i++)
        if (strcmp(c->template[i].name, name) == 0) return &c->template[i];
    return NULL;
}

/* The template that the reference would take. */
static heft_status choose(const heft_chat *c, const heft_conversation *talk, bool tools,
                          const heft_named_template **out, heft_error *err)
{
    heft_buf names = heft_buf_of(300);
    *out = talk->which                     ? named(c, talk->which)
           : tools && named(c, "tool_use") ? named(c, "tool_use")
                                           : named(c, "default");
    if (*out) return HEFT_OK;
    for (int32_t i = 0; i < c->n; i++)
        heft_buf_printf(&names, "%s%s", i ? ", " : "", heft_show_z(c->template[i].name).text);
    heft_status st = heft_fail(err, HEFT_E_ARG, "there is no chat template '%s', but %s",
                               talk->which ? heft_show_z(talk->which).text : "default",
                               names.n ? names.p : "others");
    heft_buf_free(&names);
    return st;
}

static heft_status tokens_of(const heft_chat *c, const heft_conversation *talk, json_t **out,
                             heft_error *err)
{
    json_t *tokens = json_copy(c->tokens);
    heft_status st = tokens ? HEFT_OK : no_room(err);
    if (!st && talk->bos) st = put(tokens, "bos_token", NULL, json_string(talk->bos), err);
    if (!st && talk->eos) st = put(tokens, "eos_token", NULL, json_string(talk->eos), err);
    if (st)
        json_decref(tokens);
    else
        *out = tokens;
    return st;
}

static heft_status render(const heft_chat *c, const heft_conversation *talk, json_t *data,
                          heft_prompt *out, heft_error *err)
{
    const heft_named_template *which = NULL;
    struct tm now;
    heft_template *parsed = NULL;
    json_t *tokens = NULL;
    heft_status st = choose(c, talk, !json_is_null(json_object_get(data, "tools")), &which, err);
    if (!st) st = tokens_of(c, talk, &tokens, err);
    if (!st && talk->now) st = parse_time(talk->now, &now, err);
    /* one that could not be parsed says why when it is wanted */
    if (!st && !which->t) st = heft_template_open(which->source, which->name, &parsed, err);
    if (!st)
        st = heft_template_render(which->t ? which->t : parsed, data, tokens,
                                  talk->now ? &now : NULL, out, err);
    heft_template_close(parsed);
    json_decref(tokens);
    return st;
}

heft_status heft_chat_prompt(const heft_chat *c, const heft_conversation *talk, heft_prompt *out,
                             heft_error *err)
{
    json_t *data = NULL;
    heft_status st = variables(talk, &data, err);
    if (!st) st = render(c, talk, data, out, err);
    json_decref(data);
    return st;
}

heft_status heft_chat_tokenize(const heft_chat *c, const heft_tokenizer *t, const heft_prompt *p,
                               unsigned flags, int32_t **ids, size_t *n_ids, heft_error *err)
{
    int32_t *id = NULL, bos = heft_tokenizer_bos(t);
    size_t n = 0;
    heft_status st = heft_tokenize_prompt(t, p, flags | HEFT_TOKENIZE_NO_SPECIAL, &id, &n, err);
    if (!st && c->add_bos && heft_tokenizer_adds_bos(t) && !(n && id[0] == bos)) {
        int32_t *more = heft_realloc(id, (n + 1) * sizeof *id);
        if (!more) {
            heft_free(id);
            return heft_nomem(err, "ids");
        }
        id = more;
        memmove(id + 1, id, n++ * sizeof *id);
        id[0] = bos;
    }
    if (st) return st;
    *ids = id;
    *n_ids = n;
    return HEFT_OK;
}

/* ---- trying a template out ---------------------------------------------- */

/* A word that no template and no message has by itself. */
#define CANARY "heftcanary"

#define USER(text)      "{\"role\":\"user\",\"content\":\"" text "\"}"
#define ASSISTANT(more) "{\"role\":\"assistant\",\"content\":" more "}"

/* Is the word in what the template makes of this conversation? behind: what follows it, released
 * with heft_free; may be NULL. A template that refuses the conversation has it not. */
static bool appears_in(const heft_chat *c, heft_conversation talk, char **behind)
{
    heft_prompt out = { .n = 0 };
    talk.no_generation_prompt = true;
    talk.now = "2025-03-07T09:05:03";
    if (heft_chat_prompt(c, &talk, &out, NULL)) return false;
    const char *at = strstr(out.text, CANARY);
    if (at && behind) *behind = heft_strdup(heft_str_of(at + strlen(CANARY)));
    heft_prompt_clear(&out);
    return at != NULL;
}

static bool appears(const heft_chat *c, const char *messages)
{
    return appears_in(c, (heft_conversation){ .messages = messages }, NULL);
}

heft_status heft_chat_dropped(const heft_chat *c, const heft_conversation *talk, int32_t *first,
                              heft_error *err)
{
    json_t *data = NULL, *message;
    heft_prompt out = { .n = 0 };
    char word[32];
    size_t i;
    heft_status st = variables(talk, &data, err);
    if (st) return st;
    json_t *messages = json_object_get(data, "messages");
    json_array_foreach(messages, i, message)
    {
        (void)snprintf(word, sizeof word, CANARY "%zux", i);
        if (json_string_length(json_object_get(message, "content")))
            (void)json_object_set_new(message, "content", json_string(word));
    }
    st = render(c, talk, data, &out, err);
    *first = -1;
    json_array_foreach(messages, i, message)
    {
        const char *text = json_string_value(json_object_get(message, "content"));
        if (!st && *first < 0 && text && *text && !strstr(out.text, text)) *first = (int32_t)i;
    }
    heft_prompt_clear(&out);
    json_decref(data);
    return st == HEFT_E_NOMEM ? st : HEFT_OK;
}

/* The first special token of a text that the template wrote, white space passed over; -1. */
static int32_t special_first(const heft_tokenizer *t, const char *text)
{
    int32_t *id = NULL, found = -1;
    size_t n = 0;
    text += strspn(text, " \n");
    if (heft_tokenize(t, text, strlen(text), HEFT_TOKENIZE_NO_SPECIAL | HEFT_TOKENIZE_PARSE_SPECIAL,
                      &id, &n, NULL))
        return -1;
    if (n && heft_tokenizer_is_special(t, id[0])) found = id[0];
    heft_free(id);
    return found;
}

int32_t heft_chat_turn_end(const heft_chat *c, const heft_tokenizer *t)
{
    char *behind = NULL;
    const char *messages = "[" USER("a") "," ASSISTANT("\"" CANARY "\"") "]";
    if (!appears_in(c, (heft_conversation){ .messages = messages }, &behind) || !behind) return -1;
    int32_t end = special_first(t, behind);
    heft_free(behind);
    /* what closes reasoning too is followed by the reply */
    const char *close = c->facts.think[1];
    return end >= 0 && close && special_first(t, close) == end ? -1 : end;
}

/* What opens and closes reasoning, by family. */
static const char *const thinking[][3] = {
    { "<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>",
      "<|channel|>final<|message|>" },
    { "<|channel>thought\n", "<channel|>", NULL },
    { "<|START_THINKING|>", "<|END_THINKING|>", NULL },
    { "<|inner_prefix|>", "<|inner_suffix|>", NULL },
    { "<seed:think>", "</seed:think>", NULL },
    { "[THINK]", "[/THINK]", NULL },
    { "<think>", "</think>", NULL },
};

/* Keys under which conversations carry reasoning. */
static const char *const thoughts[] = { "reasoning_content", "reasoning", "thinking" };

static void find_thinking(heft_chat *c, const heft_named_template *d)
{
    char messages[256];
    for (size_t i = 0; i < sizeof thinking / sizeof *thinking && !c->facts.think[0]; i++) {
        /* a marker's line end is written as an escape, if at all */
        size_t n = strcspn(thinking[i][0], "\n");
        heft_str open = { thinking[i][0], n };
        for (size_t at = 0; at + n <= d->source.n && !c->facts.think[0]; at++)
            if (heft_str_eq((heft_str){ d->source.p + at, n }, open))
                memcpy(c->facts.think, thinking[i], sizeof c->facts.think);
    }
    for (size_t i = 0; i < sizeof thoughts / sizeof *thoughts && !c->facts.thought; i++) {
        (void)snprintf(messages, sizeof messages,
                       "[" USER("a") "," ASSISTANT("\"b\",\"%s\":\"" CANARY "\"") "]", thoughts[i]);
        if (appears(c, messages)) c->facts.thought = thoughts[i];
    }
}

/* ---- opening ------------------------------------------------------------ */

typedef struct {
    heft_chat *c;
    const char **knob;
    int32_t n;
    bool failed;
} knobs;

enum { MAX_KNOBS = 64 };

static bool take_variable(void *to, heft_str name)
{
    static const char *const usual[] = { "messages", "add_generation_prompt", "tools", "documents",
                                         "additional_special_tokens" };
    knobs *k = to;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (heft_str_is(name, usual[i])) return true;
    if (heft_str_ends(name, "_token")) return true;
    k->knob[k->n] = heft_arena_strdup(&k->c->arena, name);
    if (!k->knob[k->n++]) k->failed = true;
    return !k->failed && k->n < MAX_KNOBS;
}

static heft_status describe(heft_chat *c, heft_error *err)
{
    const heft_named_template *d = named(c, "default");
    knobs k = { .c = c };
    const char **name = heft_arena_alloc(&c->arena, (size_t)c->n, sizeof *name);
    k.knob = heft_arena_alloc(&c->arena, MAX_KNOBS, sizeof *k.knob);
    if (!name || !k.knob) return heft_nomem(err, "a chat template");
    for (int32_t i = 0; i < c->n; i++)
        name[i] = c->template[i].name;
    c->facts.from = c->from;
    c->facts.name = name;
    c->facts.n_names = c->n;
    if (!d) return HEFT_OK;
    heft_status st = heft_template_variables(d->t, take_variable, &k, err);
    if (!st && k.failed) st = heft_nomem(err, "a chat template");
    if (st) return st;
    c->facts.knob = k.knob;
    c->facts.n_knobs = k.n;
    c->facts.user = appears(c, "[" USER(CANARY) "]");
    c->facts.system =
        appears(c, "[{\"role\":\"system\",\"content\":\"" CANARY "\"}," USER("a") "]");
    heft_conversation with = { .messages = "[" USER("a") "]",
                               .tools = "[{\"type\":\"function\",\"function\":{\"name\":\"" CANARY
                                        "\",\"description\":\"a\",\"parameters\":{\"type\":"
                                        "\"object\",\"properties\":{}}}}]" };
    c->facts.tools = appears_in(c, with, NULL);
    with.tools = NULL;
    with.documents = "[{\"title\":\"a\",\"text\":\"" CANARY "\"}]";
    c->facts.documents = appears_in(c, with, NULL);
    find_thinking(c, d);
    return HEFT_OK;
}

/* The names of all built-in formats. */
static heft_status list_formats(heft_buf *b, heft_error *err)
{
    const char *name;
    for (int32_t i = 0; (name = heft_chat_format(i, NULL, NULL)); i++)
        heft_buf_printf(b, "%s%s", i ? ", " : "", name);
    return heft_buf_check(b, "the list of formats", err);
}

static heft_status add_format(heft_chat *c, const char *format, heft_error *err)
{
    const char *name, *text;
    char from[64];
    for (int32_t i = 0; (name = heft_chat_format(i, NULL, &text)); i++) {
        if (strcmp(name, format) != 0) continue;
        (void)snprintf(from, sizeof from, "%s (built in)", name);
        c->from = heft_arena_strdup(&c->arena, heft_str_of(from));
        c->add_bos = true;
        c->n = 0; /* instead of the release's */
        if (!c->from) return heft_nomem(err, "a chat template");
        return heft_chat_add(c, heft_str_of("default"), heft_str_of(text), err);
    }
    heft_buf names = heft_buf_of(400);
    heft_status st = list_formats(&names, err);
    if (!st)
        st = heft_fail(err, HEFT_E_ARG, "there is no chat format '%s', but %s",
                       heft_show_z(format).text, names.p);
    heft_buf_free(&names);
    return st;
}

static heft_status none(const char *path, heft_error *err)
{
    heft_buf names = heft_buf_of(400);
    heft_status st = list_formats(&names, err);
    if (!st)
        st = heft_fail(err, HEFT_E_UNSUPPORTED,
                       "%s: ships no chat template; if you know how it was trained, name a chat "
                       "format: %s",
                       heft_show_z(path ? path : "").text, names.p);
    heft_buf_free(&names);
    return st;
}

static heft_status fill(heft_chat *c, const char *path, const heft_chat_options *o,
                        const heft_log *log, heft_error *err)
{
    c->tokens = json_object();
    heft_status st = c->tokens ? HEFT_OK : heft_nomem(err, "a chat template");
    if (!st && path) st = heft_chat_read(c, path, log, err);
    if (!st && o && o->format) st = add_format(c, o->format, err);
    if (!st && o && o->source) {
        c->n = 0;
        c->from = heft_arena_strdup(&c->arena, heft_str_of(o->name ? o->name : "template"));
        st = c->from ? heft_chat_add(c, heft_str_of("default"), heft_str_of(o->source), err)
                     : heft_nomem(err, "a chat template");
    }
    if (!st && !c->n) st = none(path, err);
    for (int32_t i = 0; i < c->n && !st; i++) {
        heft_named_template *t = &c->template[i];
        bool must = strcmp(t->name, "default") == 0;
        const char *called = must ? c->from : t->name;
        st = heft_template_open(t->source, called, &t->t, must ? err : NULL);
        if (!must && st != HEFT_E_NOMEM) st = HEFT_OK;
    }
    return st ? st : describe(c, err);
}

heft_status heft_chat_open(const char *path, const heft_chat_options *options, const heft_log *log,
                           heft_chat **out, heft_error *err)
{
    heft_chat *c = heft_alloc(1, sizeof *c);
    if (!c) return heft_nomem(err, "a chat template");
    heft_status st = fill(c, path, options, log, err);
    if (st)
        heft_chat_close(c);
    else
        *out = c;
    return st;
}

void heft_chat_close(heft_chat *c)
{
    if (!c) return;
    for (int32_t i = 0; i < c->n; i++)
        heft_template_close(c->template[i].t);
    json_decref(c->tokens);
    heft_arena_clear(&c->arena);
    heft_free(c);
}

const heft_chat_facts *heft_chat_describe(const heft_chat *c)
{
    return &c->facts;
}

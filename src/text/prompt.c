/* A conversation as JSON texts through a chat template: the public way in. */
#include "text/template.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Put a JSON text into object under key; `otherwise` where it is NULL. key NULL: its members. */
static heft_status put(json_t *object, const char *key, const char *text, json_t *otherwise,
                       heft_error *err)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
    const char *what = key ? key : "kwargs";
    json_error_t error;
    json_t *v = text ? json_loads(text, flags, &error) : otherwise;
    if (!v && !text) return heft_nomem(err, "a conversation");
    if (!v)
        return heft_fail(err, HEFT_E_FORMAT, "%s:%d:%d: %s", what, error.line, error.column,
                         heft_show_z(error.text).text);
    bool good = key || json_is_object(v);
    int failed = key ? json_object_set_new(object, key, v) : json_object_update(object, v);
    if (!key) json_decref(v);
    if (!good) return heft_fail(err, HEFT_E_FORMAT, "kwargs is not a JSON object");
    return failed ? heft_nomem(err, "a conversation") : HEFT_OK;
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

heft_status heft_chat_prompt(const char *source, size_t n, const char *name, const heft_chat *chat,
                             char **text, size_t *n_text, heft_error *err)
{
    heft_template *t = NULL;
    heft_prompt out = { .n = 0 };
    struct tm now;
    json_t *data = json_object(), *tokens = json_object();
    heft_status st = data && tokens ? HEFT_OK : heft_nomem(err, "a conversation");
    if (!st) st = put(data, "messages", chat->messages, json_array(), err);
    if (!st) st = put(data, "tools", chat->tools, json_null(), err);
    if (!st) st = put(data, "documents", chat->documents, json_null(), err);
    if (!st)
        st = put(data, "add_generation_prompt", NULL, json_boolean(!chat->no_generation_prompt),
                 err);
    if (!st && chat->kwargs) st = put(data, NULL, chat->kwargs, NULL, err);
    if (!st && chat->bos) st = put(tokens, "bos_token", NULL, json_string(chat->bos), err);
    if (!st && chat->eos) st = put(tokens, "eos_token", NULL, json_string(chat->eos), err);
    if (!st && chat->now) st = parse_time(chat->now, &now, err);
    if (!st) st = heft_template_open((heft_str){ source, n }, name, &t, err);
    if (!st) st = heft_template_render(t, data, tokens, chat->now ? &now : NULL, &out, err);
    if (!st) {
        *text = out.text;
        *n_text = out.n;
    }
    heft_free(out.range);
    heft_template_close(t);
    json_decref(data);
    json_decref(tokens);
    return st;
}

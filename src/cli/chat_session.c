/* A conversation saved, and resumed exactly: messages, ids, settings and the model they belong to.
 */
#include "cli/chat.h"

#include "base/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

const heft_arg *heft_setting(const heft_talk *k, int32_t i)
{
    const heft_verb *v = k->call->verb;
    for (int32_t j = 0; j < v->n_args; j++)
        if (v->arg[j].at >= offsetof(heft_chat_settings, sampling) && i-- == 0) return &v->arg[j];
    return NULL;
}

/* ---- settings as JSON ----------------------------------------------------- */

static json_t *setting_value(const heft_arg *a, const heft_chat_settings *o)
{
    const void *at = (const char *)o + a->at;
    char seed[32];
    int32_t number;
    switch (a->kind) {
    case HEFT_ARG_FLAG: return json_boolean(*(const bool *)at);
    case HEFT_ARG_REAL: return json_real((double)*(const float *)at);
    case HEFT_ARG_SEED: /* beyond what a number in JSON can be trusted with */
        (void)snprintf(seed, sizeof seed, "%" PRIu64, *(const uint64_t *)at);
        return json_string(seed);
    default: memcpy(&number, at, sizeof number); return json_integer(number);
    }
}

/* The reverse; false: it is no such value. */
static bool take_setting(const heft_arg *a, const json_t *v, heft_chat_settings *o)
{
    void *at = (char *)o + a->at;
    double n = json_number_value(v);
    int32_t number = 0;
    switch (a->kind) {
    case HEFT_ARG_FLAG: *(bool *)at = json_is_true(v); return json_is_boolean(v);
    case HEFT_ARG_REAL:
        *(float *)at = (float)n;
        return json_is_number(v) && n >= a->min && n <= a->max;
    case HEFT_ARG_SEED:
        return json_is_string(v) && heft_arg_set(a, json_string_value(v), o, NULL) == HEFT_OK;
    case HEFT_ARG_CHOICE: /* -1: nothing was said; the words are low in number */
        if (!json_is_integer(v) || n < -1 || n > 16) return false;
        break;
    default:
        if (!json_is_integer(v) || n < a->min || n > a->max) return false;
    }
    number = (int32_t)json_integer_value(v);
    memcpy(at, &number, sizeof number);
    return true;
}

static json_t *settings_json(const heft_talk *k)
{
    json_t *all = json_object();
    const heft_arg *a;
    for (int32_t i = 0; (a = heft_setting(k, i)); i++)
        if (json_object_set_new(all, a->name, setting_value(a, &k->o))) break;
    if (!a) return all;
    json_decref(all);
    return NULL;
}

/* ---- saving ----------------------------------------------------------------- */

static void show_fingerprint(uint64_t h, char out[17])
{
    (void)snprintf(out, 17, "%016" PRIx64, h);
}

static json_t *session_json(const heft_talk *k, const char *fingerprint)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < k->n_ids; i++)
        if (json_array_append_new(ids, json_integer(k->id[i]))) return json_decref(ids), NULL;
    return json_pack("{s:i,s:s,s:s,s:s,s:o,s:O,s:O,s:o}", "heft_session", VERSION, "model",
                     heft_model_describe(k->m)->path, "fingerprint", fingerprint, "template",
                     heft_chat_describe(k->c)->from, "settings", settings_json(k), "kwargs",
                     k->kwargs, "messages", k->messages, "ids", ids);
}

heft_status heft_session_save(const heft_talk *k, const char *path, heft_error *err)
{
    char fingerprint[17];
    uint64_t h;
    heft_out out = { .f = NULL };
    heft_status st = heft_model_fingerprint(k->m, &h, err);
    if (st) return st;
    show_fingerprint(h, fingerprint);
    json_t *session = session_json(k, fingerprint);
    char *text = session ? json_dumps(session, JSON_INDENT(1)) : NULL;
    if (!text) st = heft_nomem(err, "the session");
    if (!st) st = heft_out_open(&out, path, err);
    if (!st) st = heft_out_write(&out, text, strlen(text), err);
    if (!st) st = heft_out_write(&out, "\n", 1, err);
    if (!st) st = heft_out_commit(&out, err);
    heft_out_abandon(&out);
    free(text); /* jansson's own */
    json_decref(session);
    return st;
}

/* ---- loading ------------------------------------------------------------------ */

static heft_status wrong(const char *path, const char *what, heft_error *err)
{
    return heft_fail(err, HEFT_E_FORMAT, "%s: %s", heft_show_z(path).text, what);
}

static heft_status check_messages(const json_t *messages, const char *path, heft_error *err)
{
    size_t i;
    const json_t *m;
    if (!json_is_array(messages)) return wrong(path, "messages is not an array", err);
    json_array_foreach(messages, i, m)
    {
        if (json_is_string(json_object_get(m, "role"))
            && json_is_string(json_object_get(m, "content")))
            continue;
        return heft_fail(err, HEFT_E_FORMAT, "%s: message %zu has no role and content",
                         heft_show_z(path).text, i);
    }
    return HEFT_OK;
}

static heft_status read_ids(const heft_talk *k, const json_t *list, const char *path, int32_t **out,
                            size_t *n, heft_error *err)
{
    const int32_t size = heft_tokenizer_size(k->t);
    if (!json_is_array(list)) return wrong(path, "ids is not an array", err);
    *n = json_array_size(list);
    *out = heft_alloc(*n, sizeof **out);
    if (!*out) return heft_nomem(err, path);
    for (size_t i = 0; i < *n; i++) {
        const json_t *v = json_array_get(list, i);
        json_int_t id = json_is_integer(v) ? json_integer_value(v) : -1;
        if (id < 0 || id >= size)
            return heft_fail(err, HEFT_E_FORMAT, "%s: id %zu is none of 0 to %d",
                             heft_show_z(path).text, i, size - 1);
        (*out)[i] = (int32_t)id;
    }
    return HEFT_OK;
}

static heft_status read_settings(const heft_talk *k, const json_t *all, const char *path,
                                 heft_chat_settings *o, heft_error *err)
{
    const heft_arg *a;
    *o = k->o;
    for (int32_t i = 0; (a = heft_setting(k, i)); i++)
        if (!take_setting(a, json_object_get(all, a->name), o))
            return heft_fail(err, HEFT_E_FORMAT, "%s: settings.%s is missing or no such value",
                             heft_show_z(path).text, a->name);
    return heft_talk_check_think(k, o->think, err);
}

static heft_status check_model(const heft_talk *k, const json_t *session, const char *path,
                               heft_error *err)
{
    const char *found = json_string_value(json_object_get(session, "fingerprint"));
    const char *from = json_string_value(json_object_get(session, "template"));
    const char *model = json_string_value(json_object_get(session, "model"));
    char here[17];
    uint64_t h;
    if (json_integer_value(json_object_get(session, "heft_session")) != VERSION)
        return wrong(path, "is no session of this version (heft_session is not 1)", err);
    heft_status st = heft_model_fingerprint(k->m, &h, err);
    if (st) return st;
    show_fingerprint(h, here);
    if (!found || strcmp(found, here) != 0)
        return heft_fail(err, HEFT_E_ARG,
                         "%s: belongs to another model (%s, fingerprint %s; this one has %s)",
                         heft_show_z(path).text, heft_show_z(model ? model : "unnamed").text,
                         heft_show_z(found ? found : "missing").text, here);
    if (!from || strcmp(from, heft_chat_describe(k->c)->from) != 0)
        return heft_fail(err, HEFT_E_ARG, "%s: was written with the chat template %s, not %s",
                         heft_show_z(path).text, heft_show_z(from ? from : "missing").text,
                         heft_chat_describe(k->c)->from);
    return HEFT_OK;
}

/* Everything is there and good: it becomes the conversation. */
static void replace(heft_talk *k, const json_t *session, const heft_chat_settings *o, int32_t *id,
                    size_t n)
{
    json_decref(k->messages);
    json_decref(k->kwargs);
    k->messages = json_incref(json_object_get(session, "messages"));
    k->kwargs = json_incref(json_object_get(session, "kwargs"));
    heft_free(k->id);
    k->id = id;
    k->n_ids = n;
    k->o = *o;
    k->attached.n = 0;
}

heft_status heft_session_load(heft_talk *k, const char *path, heft_error *err)
{
    char *text = NULL;
    size_t n_text = 0, n = 0;
    int32_t *id = NULL;
    heft_chat_settings o;
    json_error_t error;
    heft_status st = heft_read_file(path, HEFT_MAX_CONFIG_BYTES, &text, &n_text, err);
    if (st) return st;
    json_t *session = json_loadb(text, n_text, JSON_REJECT_DUPLICATES, &error);
    heft_free(text);
    if (!session)
        return heft_fail(err, HEFT_E_FORMAT, "%s:%d:%d: %s", heft_show_z(path).text, error.line,
                         error.column, heft_show_z(error.text).text);
    st = check_model(k, session, path, err);
    if (!st) st = check_messages(json_object_get(session, "messages"), path, err);
    if (!st && !json_is_object(json_object_get(session, "kwargs")))
        st = wrong(path, "kwargs is not an object", err);
    if (!st) st = read_settings(k, json_object_get(session, "settings"), path, &o, err);
    if (!st) st = read_ids(k, json_object_get(session, "ids"), path, &id, &n, err);
    if (!st)
        replace(k, session, &o, id, n);
    else
        heft_free(id);
    json_decref(session);
    return st;
}

/* What can be typed into a conversation beside messages: lines that begin with a slash. */
#include "cli/chat.h"

#include "base/file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name, *operand, *help;
    heft_status (*run)(heft_talk *k, const char *operand, heft_error *err);
} command;

enum { COMMANDS = 9 };
static const command commands[COMMANDS];

static heft_status help(heft_talk *k, const char *operand, heft_error *err)
{
    (void)k, (void)operand, (void)err;
    for (size_t i = 0; i < COMMANDS; i++)
        (void)fprintf(stderr, "  /%-7s %-12s %s\n", commands[i].name, commands[i].operand,
                      commands[i].help);
    (void)fputs(
        "  A line that ends in a backslash goes on in the next one; \"\"\" opens and closes a\n"
        "  message of many lines. Ctrl-C stops an answer; twice at the prompt, it leaves.\n",
        stderr);
    return HEFT_OK;
}

static heft_status system_message(heft_talk *k, const char *operand, heft_error *err)
{
    if (!*operand) {
        const char *now = heft_talk_system(k);
        heft_note(now ? "the system message is: %s" : "there is no system message", now);
        return HEFT_OK;
    }
    return heft_talk_set_system(k, strcmp(operand, "-") == 0 ? "" : operand, err);
}

static heft_status need(const char *operand, const char *name, heft_error *err)
{
    return *operand ? HEFT_OK
                    : heft_fail(err, HEFT_E_ARG, "/%s: the name of a file is missing", name);
}

static heft_status save(heft_talk *k, const char *operand, heft_error *err)
{
    heft_status st = need(operand, "save", err);
    if (!st) st = heft_session_save(k, operand, err);
    if (!st) heft_note("saved in %s", operand);
    return st;
}

static heft_status load(heft_talk *k, const char *operand, heft_error *err)
{
    heft_status st = need(operand, "load", err);
    if (!st) st = heft_session_load(k, operand, err);
    if (!st)
        heft_note("%zu messages, %zu tokens, seed %llu", json_array_size(k->messages), k->n_ids,
                  (unsigned long long)k->o.sampling.seed);
    return st;
}

static heft_status attach(heft_talk *k, const char *operand, heft_error *err)
{
    char *text = NULL;
    size_t n = 0;
    heft_status st = need(operand, "file", err);
    if (!st) st = heft_read_file(operand, HEFT_MAX_CONFIG_BYTES, &text, &n, err);
    if (!st && (!heft_utf8_valid((heft_str){ text, n }) || memchr(text, 0, n)))
        st = heft_fail(err, HEFT_E_FORMAT, "%s: is not a text in UTF-8", heft_show_z(operand).text);
    if (!st) {
        const size_t before = k->attached.n;
        const char *slash = strrchr(operand, '/');
        heft_buf_printf(&k->attached, "File %s:\n\n%s%s\n", slash ? slash + 1 : operand, text,
                        n && text[n - 1] == '\n' ? "" : "\n");
        st = heft_buf_check(&k->attached, "the files of a message", err);
        if (st)
            k->attached =
                (heft_buf){ k->attached.p, before, k->attached.cap, k->attached.max, false };
    }
    if (!st) heft_note("%s (%zu bytes) goes with the next message", operand, n);
    heft_free(text);
    return st;
}

static heft_status clear(heft_talk *k, const char *operand, heft_error *err)
{
    (void)operand;
    return heft_talk_clear(k, err);
}

static heft_status again(heft_talk *k, const char *operand, heft_error *err)
{
    (void)operand;
    return heft_talk_again(k, err);
}

static heft_status leave(heft_talk *k, const char *operand, heft_error *err)
{
    (void)operand, (void)err;
    k->leave = true;
    return HEFT_OK;
}

/* ---- settings ---------------------------------------------------------------- */

static void show_setting(const heft_arg *a, const heft_chat_settings *o)
{
    const void *at = (const char *)o + a->at;
    int32_t number;
    switch (a->kind) {
    case HEFT_ARG_FLAG:
        (void)fprintf(stderr, "  %-18s %s\n", a->name, *(const bool *)at ? "on" : "off");
        break;
    case HEFT_ARG_REAL:
        (void)fprintf(stderr, "  %-18s %g\n", a->name, (double)*(const float *)at);
        break;
    case HEFT_ARG_SEED:
        (void)fprintf(stderr, "  %-18s %llu\n", a->name, (unsigned long long)*(const uint64_t *)at);
        break;
    case HEFT_ARG_CHOICE: {
        memcpy(&number, at, sizeof number);
        const char *word = a->value;
        for (int32_t i = 0; i < number; i++)
            word = strchr(word, '|') + 1;
        (void)fprintf(stderr, "  %-18s %.*s\n", a->name, number < 0 ? 1 : (int)strcspn(word, "|"),
                      number < 0 ? "-" : word);
        break;
    }
    default:
        memcpy(&number, at, sizeof number);
        (void)fprintf(stderr, "  %-18s %d\n", a->name, number);
    }
}

static heft_status show_settings(const heft_talk *k)
{
    const heft_chat_facts *f = heft_chat_describe(k->c);
    const heft_arg *a;
    for (int32_t i = 0; (a = heft_setting(k, i)); i++)
        show_setting(a, &k->o);
    for (int32_t i = 0; i < f->n_knobs; i++) {
        const json_t *v = json_object_get(k->kwargs, f->knob[i]);
        char *text = v ? json_dumps(v, JSON_ENCODE_ANY) : NULL;
        (void)fprintf(stderr, "  %-18s %s\n", heft_show_z(f->knob[i]).text, text ? text : "-");
        free(text); /* jansson's own */
    }
    return HEFT_OK;
}

/* A switch of the template: a JSON value, or else a text. */
static heft_status set_knob(heft_talk *k, const char *name, const char *text, heft_error *err)
{
    json_t *v = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!v) v = json_string(text);
    return v && json_object_set_new(k->kwargs, name, v) == 0
               ? HEFT_OK
               : heft_fail(err, HEFT_E_ARG, "/set: '%s' is no text", heft_show_z(text).text);
}

static heft_status set_option(heft_talk *k, const heft_arg *a, const char *text, heft_error *err)
{
    heft_chat_settings o = k->o;
    heft_status st = HEFT_OK;
    if (a->kind != HEFT_ARG_FLAG)
        st = heft_arg_set(a, text, &o, err);
    else if (strcmp(text, "on") == 0 || strcmp(text, "off") == 0)
        *(bool *)((char *)&o + a->at) = text[1] == 'n';
    else
        st = heft_fail(err, HEFT_E_ARG, "/set: %s is on or off, not '%s'", a->name,
                       heft_show_z(text).text);
    if (!st) st = heft_talk_check_think(k, o.think, err);
    if (!st) k->o = o;
    return st;
}

static heft_status set(heft_talk *k, const char *operand, heft_error *err)
{
    const heft_chat_facts *f = heft_chat_describe(k->c);
    char name[64];
    const heft_arg *a;
    size_t n = strcspn(operand, " ");
    const char *text = operand + n + strspn(operand + n, " ");
    if (!n) return show_settings(k);
    if (!*text || n >= sizeof name)
        return heft_fail(err, HEFT_E_ARG, "/set: give a name and a value; /set alone shows all");
    memcpy(name, operand, n);
    name[n] = 0;
    for (int32_t i = 0; (a = heft_setting(k, i)); i++)
        if (strcmp(a->name, name) == 0) return set_option(k, a, text, err);
    for (int32_t i = 0; i < f->n_knobs; i++)
        if (strcmp(f->knob[i], name) == 0) return set_knob(k, name, text, err);
    return heft_fail(err, HEFT_E_ARG,
                     "/set: there is no setting '%s', and the template has no such switch; /set "
                     "alone shows all",
                     heft_show_z(name).text);
}

/* ---- the table ------------------------------------------------------------------ */

static const command commands[COMMANDS] = {
    { "help", "", "this list", help },
    { "system", "[TEXT|-]", "show, set or take away the system message", system_message },
    { "file", "PATH", "a text that goes with the next message", attach },
    { "regen", "", "the last answer anew, by the next seed", again },
    { "set", "[NAME VALUE]", "show or change how tokens are chosen, and the template's switches",
      set },
    { "save", "PATH", "save the conversation", save },
    { "load", "PATH", "go on with one that was saved", load },
    { "clear", "", "forget the conversation but for the system message", clear },
    { "bye", "", "leave; so does Ctrl-D", leave },
};

heft_status heft_command(heft_talk *k, char *line, heft_error *err)
{
    const char *names[COMMANDS];
    size_t n = strcspn(line + 1, " \t"), end = strlen(line);
    while (end && isspace((unsigned char)line[end - 1]))
        line[--end] = 0;
    const char *operand = line + 1 + n;
    operand += strspn(operand, " \t");
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
        if (n != strlen(names[i]) || memcmp(line + 1, names[i], n) != 0) continue;
        if (*operand && !*commands[i].operand)
            return heft_fail(err, HEFT_E_ARG, "/%s takes nothing behind it", names[i]);
        return commands[i].run(k, operand, err);
    }
    line[n + 1] = 0;
    const char *near = heft_nearest(line + 1, names, COMMANDS);
    return heft_fail(err, HEFT_E_ARG, "there is no %s%s%s; /help lists what there is",
                     heft_show_z(line).text, near ? ", nearest is /" : "", near ? near : "");
}

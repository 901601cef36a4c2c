/* A conversation: what was said, what the model last saw of it, and the next answer. */
#define _DEFAULT_SOURCE /* isatty */
#include "cli/chat.h"

#include "base/file.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

void heft_note(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fputs("heft: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

static heft_status no_room(heft_error *err)
{
    return heft_nomem(err, "the conversation");
}

/* ---- messages ------------------------------------------------------------- */

/* Text as JSON has it: what is not UTF-8, as a model may write, becomes U+FFFD. */
static json_t *text_value(heft_str s)
{
    heft_buf b = heft_buf_of(4 * (size_t)HEFT_MAX_TEXT_BYTES);
    heft_buf_z(&b, "");
    for (size_t i = 0, n; i < s.n; i += n) {
        int32_t cp;
        n = heft_utf8_decode(s.p + i, s.n - i, &cp);
        heft_buf_str(&b, cp < 0 ? heft_str_of("\xef\xbf\xbd") : (heft_str){ s.p + i, n });
    }
    json_t *v = b.failed ? NULL : json_stringn(b.p, b.n);
    heft_buf_free(&b);
    return v;
}

/* Add a message; NULL: out of memory. Borrowed from the conversation. */
static json_t *add_message(heft_talk *k, const char *role, heft_str content)
{
    json_t *m = json_pack("{s:s,s:o}", "role", role, "content", text_value(content));
    return json_array_append_new(k->messages, m) ? NULL : m;
}

static const char *role_of(const json_t *message)
{
    const char *role = json_string_value(json_object_get(message, "role"));
    return role ? role : "";
}

const char *heft_talk_system(const heft_talk *k)
{
    const json_t *first = json_array_get(k->messages, 0);
    return strcmp(role_of(first), "system") == 0
               ? json_string_value(json_object_get(first, "content"))
               : NULL;
}

heft_status heft_talk_set_system(heft_talk *k, const char *text, heft_error *err)
{
    if (*text && !heft_chat_describe(k->c)->system)
        return heft_fail(err, HEFT_E_ARG,
                         "the chat template (%s) has no place for a system message",
                         heft_chat_describe(k->c)->from);
    if (heft_talk_system(k)) (void)json_array_remove(k->messages, 0);
    if (!*text) return HEFT_OK;
    json_t *m = json_pack("{s:s,s:s}", "role", "system", "content", text);
    if (!m || json_array_insert_new(k->messages, 0, m)) return no_room(err);
    return HEFT_OK;
}

heft_status heft_talk_clear(heft_talk *k, heft_error *err)
{
    for (size_t n = json_array_size(k->messages); n > (heft_talk_system(k) ? 1 : 0); n--)
        (void)json_array_remove(k->messages, n - 1);
    k->attached.n = 0;
    k->n_ids = 0;
    return heft_seq_rewind(k->seq, 0, err);
}

/* ---- thinking --------------------------------------------------------------- */

static bool has_knob(const heft_talk *k, const char *name)
{
    const heft_chat_facts *f = heft_chat_describe(k->c);
    for (int32_t i = 0; i < f->n_knobs; i++)
        if (strcmp(f->knob[i], name) == 0) return true;
    return false;
}

/* The first of these switches that the template has, or NULL. */
static const char *knob_of(const heft_talk *k, bool effort)
{
    static const char *const names[2][3] = { { "enable_thinking", "thinking", "think" },
                                             { "reasoning_effort", "thinking_effort", "effort" } };
    for (size_t i = 0; i < 3; i++)
        if (has_knob(k, names[effort][i])) return names[effort][i];
    return NULL;
}

heft_status heft_talk_check_think(const heft_talk *k, int think, heft_error *err)
{
    const heft_chat_facts *f = heft_chat_describe(k->c);
    if (think == HEFT_THINK_UNSAID || knob_of(k, think >= HEFT_THINK_EFFORT)) return HEFT_OK;
    heft_buf names = heft_buf_of(240);
    for (int32_t i = 0; i < f->n_knobs; i++)
        heft_buf_printf(&names, "%s%s", i ? ", " : "", heft_show_z(f->knob[i]).text);
    heft_status st = heft_fail(err, HEFT_E_ARG,
                               "--think: the chat template (%s) has no switch for %s; "
                               "it has %s",
                               f->from, think >= HEFT_THINK_EFFORT ? "the effort" : "thinking",
                               names.n ? names.p : "none");
    heft_buf_free(&names);
    return st;
}

/* The switches as the template gets them. Free with free; NULL: out of memory. */
static char *switches(const heft_talk *k)
{
    static const char *const effort[] = { "low", "medium", "high" };
    const int think = k->o.think;
    json_t *all = json_copy(k->kwargs);
    json_t *v = think >= HEFT_THINK_EFFORT   ? json_string(effort[think - HEFT_THINK_EFFORT])
                : think != HEFT_THINK_UNSAID ? json_boolean(think == HEFT_THINK_ON)
                                             : NULL;
    if (v) (void)json_object_set_new(all, knob_of(k, think >= HEFT_THINK_EFFORT), v);
    char *text = json_dumps(all, 0);
    json_decref(all);
    return text;
}

/* ---- an answer ---------------------------------------------------------------- */

typedef struct {
    heft_talk *k;
    heft_thinking thinking;
    heft_buf raw; /* the whole text of the reply */
    bool thought; /* the last text written was reasoning, and how it looks is still on */
    bool begun;   /* something of the part that is being written was not white space */
    char last;
    heft_status st;
    heft_error err;
} answer;

static bool emit(answer *a, const char *text, size_t n)
{
    if (n && !a->st) a->st = heft_emit(text, n, &a->err);
    return !a->st;
}

/* Switch between reasoning, dimmed on a terminal, and the answer. */
static void turn(answer *a, bool thought)
{
    bool terminal = isatty(STDOUT_FILENO);
    if (a->thought && !thought && !a->k->o.hide_thinking) {
        if (terminal) (void)emit(a, "\033[0m\n\n", 6);
        if (!terminal) (void)fputs("\n", stderr);
    }
    if (thought && terminal && !a->k->o.hide_thinking) (void)emit(a, "\033[2m", 4);
    a->thought = thought;
    a->begun = false;
}

static bool put(void *to, const char *text, size_t n, bool thought)
{
    answer *a = to;
    if (thought != a->thought) turn(a, thought);
    size_t space = 0;
    while (!a->begun && space < n && (text[space] == '\n' || text[space] == ' '))
        space++;
    text += space;
    n -= space;
    if (!n) return true;
    a->begun = true;
    if (thought && a->k->o.hide_thinking) return true;
    if (thought && !isatty(STDOUT_FILENO)) return (void)fwrite(text, 1, n, stderr), true;
    a->last = text[n - 1];
    return emit(a, text, n);
}

static bool take_text(void *to, const char *text, size_t n)
{
    answer *a = to;
    heft_buf_add(&a->raw, text, n);
    return heft_thinking_add(&a->thinking, text, n) && !heft_interrupted();
}

/* Does the prompt end within reasoning that it opened itself? */
static bool opens_thinking(const heft_prompt *p, const char *mark)
{
    size_t n = p->n, length = mark ? strcspn(mark, "\n") : 0;
    while (n && (p->text[n - 1] == '\n' || p->text[n - 1] == ' '))
        n--;
    return length && n >= length && memcmp(p->text + n - length, mark, length) == 0;
}

/* The answer as a message: with its reasoning under the template's key for it, or as it was written
 * where the template takes that apart by itself. */
static heft_status keep_message(answer *a, heft_error *err)
{
    const char *key = heft_chat_describe(a->k->c)->thought;
    heft_thinking *t = &a->thinking;
    bool apart = key && t->part[1].n;
    const heft_buf *content = t->part[1].n && !key ? &a->raw : &t->part[0];
    json_t *m = add_message(a->k, "assistant", (heft_str){ content->p, content->n });
    if (m && apart
        && json_object_set_new(m, key, text_value((heft_str){ t->part[1].p, t->part[1].n })))
        m = NULL;
    return m ? HEFT_OK : no_room(err);
}

/* The ids that the model has seen, with the last of the reply, which it was not fed. */
static heft_status keep_ids(heft_talk *k, const heft_generated *r, heft_error *err)
{
    size_t n = (size_t)heft_seq_length(k->seq);
    int32_t *id = heft_alloc(n + 1, sizeof *id);
    if (!id) return no_room(err);
    if (n) memcpy(id, heft_seq_tokens(k->seq), n * sizeof *id);
    if (r->why != HEFT_DONE_END && r->last >= 0) id[n++] = r->last;
    heft_free(k->id);
    k->id = id;
    k->n_ids = n;
    return HEFT_OK;
}

static void report(const heft_talk *k, const heft_generated *r, int32_t kept)
{
    if (r->why == HEFT_DONE_LENGTH)
        heft_note("the context of %d tokens is full: %d before this answer, %d of it (length); "
                  "/clear begins anew, -c N at the start makes it longer",
                  heft_engine_resolved(k->e)->context, kept + r->prompt_tokens, r->generated);
    if (r->why == HEFT_DONE_COUNT)
        heft_note("the answer has reached %d tokens; /set tokens N allows more", r->generated);
    if (k->o.verbose)
        heft_note("%d tokens kept, %d read in %.2f s, %d written at %.1f per second, seed %llu",
                  kept, r->prompt_tokens, r->prompt_seconds, r->generated,
                  r->decode_seconds > 0 ? r->generated / r->decode_seconds : 0.0,
                  (unsigned long long)k->o.sampling.seed);
}

/* Feed all of a prompt but its last step's worth, so that it can be stopped on its way. */
static heft_status feed(heft_talk *k, const int32_t *ids, int32_t n, int32_t *fed, heft_error *err)
{
    const int32_t step = heft_engine_resolved(k->e)->batch;
    heft_status st = HEFT_OK;
    for (; n - *fed > step && !st && !heft_interrupted(); *fed += step)
        st = heft_seq_feed(k->seq, ids + *fed, step, HEFT_LOGITS_NONE, err);
    if (!st && heft_interrupted())
        st = heft_fail(err, HEFT_E_ARG,
                       "stopped before the answer began; the message is taken back");
    return st;
}

/* Generate behind the prompt's ids. What the sequence shares with them stays. */
static heft_status generate(answer *a, const int32_t *ids, size_t n, heft_error *err)
{
    heft_talk *k = a->k;
    const int32_t context = heft_engine_resolved(k->e)->context, *held = heft_seq_tokens(k->seq);
    heft_generated r = { .last = -1 };
    heft_generation g = { .sampling = k->o.sampling,
                          .max_tokens = k->o.tokens,
                          .end = &k->turn_end,
                          .n_end = k->turn_end >= 0,
                          .shown = k->shown,
                          .n_shown = k->n_shown,
                          .text = take_text,
                          .to = a };
    if (n >= (size_t)context)
        return heft_fail(err, HEFT_E_ARG,
                         "the conversation has %zu tokens with this message, the context is %d and "
                         "an answer needs room: /clear begins anew, /save keeps this one, -c N at "
                         "the start makes the context longer",
                         n, context);
    int32_t kept = 0;
    while (kept < heft_seq_length(k->seq) && (size_t)kept + 1 < n && held[kept] == ids[kept])
        kept++;
    heft_status st = heft_seq_rewind(k->seq, kept, err);
    int32_t fed = 0;
    if (!st) st = feed(k, ids + kept, (int32_t)n - kept, &fed, err);
    if (!st) st = heft_generate(k->seq, ids + kept + fed, (int32_t)n - kept - fed, &g, &r, err);
    if (st) return st;
    r.prompt_tokens += fed;
    if (!heft_thinking_end(&a->thinking)) st = a->st;
    if (a->thought) turn(a, false);
    if (!a->st && (a->last != '\n' || r.why == HEFT_DONE_CANCELLED)) (void)emit(a, "\n", 1);
    if (a->st) {
        if (err) *err = a->err;
        return a->st;
    }
    if (!st) st = keep_message(a, err);
    if (!st) st = keep_ids(k, &r, err);
    if (!st) report(k, &r, kept);
    if (heft_interrupted()) heft_note("the answer was stopped; what there is of it was kept");
    return st;
}

/* A message that the template leaves out is an error if it was just typed, else a warning. */
static heft_status check_dropped(const heft_talk *k, const heft_conversation *talk, heft_error *err)
{
    int32_t first = -1;
    heft_status st = heft_chat_dropped(k->c, talk, &first, err);
    if (st || first < 0) return st;
    if ((size_t)first + 1 == json_array_size(k->messages))
        return heft_fail(err, HEFT_E_UNSUPPORTED, "the chat template (%s) leaves out what was said",
                         heft_chat_describe(k->c)->from);
    heft_warn(&k->call->log, "the chat template leaves out message %d of the conversation (%s)",
              first, role_of(json_array_get(k->messages, (size_t)first)));
    return HEFT_OK;
}

static heft_status reply(heft_talk *k, heft_error *err)
{
    const heft_chat_facts *f = heft_chat_describe(k->c);
    char *messages = json_dumps(k->messages, 0), *kwargs = switches(k);
    heft_conversation talk = { .messages = messages, .kwargs = kwargs };
    answer a = { .k = k,
                 .thinking = { .mark = f->think, .put = put, .to = &a },
                 .raw = heft_buf_of(HEFT_MAX_TEXT_BYTES) };
    heft_prompt p = { .n = 0 };
    int32_t *ids = NULL, *aligned = NULL;
    size_t n = 0, n_aligned = 0;
    heft_status st = messages && kwargs ? HEFT_OK : no_room(err);
    if (!st) st = check_dropped(k, &talk, err);
    if (!st) st = heft_chat_prompt(k->c, &talk, &p, err);
    if (!st) st = heft_chat_tokenize(k->c, k->t, &p, 0, &ids, &n, err);
    if (!st) st = heft_align(k->t, k->id, k->n_ids, ids, n, &aligned, &n_aligned, err);
    if (!st && opens_thinking(&p, f->think[0])) a.thinking.state = HEFT_THINKING;
    if (!st) st = generate(&a, aligned, n_aligned, err);
    heft_release(aligned);
    heft_release(ids);
    heft_prompt_clear(&p);
    heft_thinking_clear(&a.thinking);
    heft_buf_free(&a.raw);
    free(messages); /* jansson's own */
    free(kwargs);
    return st;
}

/* Take the messages from `n` on away. */
static void shorten(heft_talk *k, size_t n)
{
    while (json_array_size(k->messages) > n)
        (void)json_array_remove(k->messages, json_array_size(k->messages) - 1);
}

heft_status heft_talk_say(heft_talk *k, const char *text, heft_error *err)
{
    size_t before = json_array_size(k->messages);
    heft_buf b = heft_buf_of(HEFT_MAX_TEXT_BYTES);
    heft_buf_str(&b, (heft_str){ k->attached.p, k->attached.n });
    heft_buf_z(&b, text);
    heft_status st = heft_buf_check(&b, "a message", err);
    if (!st && !add_message(k, "user", (heft_str){ b.p, b.n })) st = no_room(err);
    if (!st) st = reply(k, err);
    if (st)
        shorten(k, before);
    else
        k->attached.n = 0;
    heft_buf_free(&b);
    return st;
}

heft_status heft_talk_again(heft_talk *k, heft_error *err)
{
    size_t n = json_array_size(k->messages);
    json_t *last = n ? json_array_get(k->messages, n - 1) : NULL;
    if (strcmp(role_of(last), "assistant") != 0)
        return heft_fail(err, HEFT_E_ARG, "/regen: there is no answer yet");
    json_incref(last);
    shorten(k, n - 1);
    k->o.sampling.seed++;
    heft_note("seed %llu", (unsigned long long)k->o.sampling.seed);
    heft_status st = reply(k, err);
    if (st) {
        shorten(k, n - 1);
        (void)json_array_append(k->messages, last);
    }
    json_decref(last);
    return st;
}

/* ---- opening --------------------------------------------------------------------- */

/* The special tokens in the marks of reasoning, which a reply's text must show. */
static heft_status find_shown(heft_talk *k, heft_error *err)
{
    const char *const *mark = heft_chat_describe(k->c)->think;
    heft_status st = HEFT_OK;
    for (size_t i = 0; i < 3 && mark[i] && !st; i++) {
        int32_t *id = NULL;
        size_t n = 0;
        st = heft_tokenize(k->t, mark[i], strlen(mark[i]),
                           HEFT_TOKENIZE_NO_SPECIAL | HEFT_TOKENIZE_PARSE_SPECIAL, &id, &n, err);
        int32_t *more =
            st ? NULL : heft_realloc(k->shown, ((size_t)k->n_shown + n) * sizeof *more + 1);
        if (!st && !more) st = no_room(err);
        if (more) k->shown = more;
        for (size_t j = 0; j < n && !st; j++)
            if (heft_tokenizer_is_special(k->t, id[j])) k->shown[k->n_shown++] = id[j];
        heft_release(id);
    }
    return st;
}

/* The options as they hold: sampling as the release recommends, under the command line. */
static heft_status resolve(heft_talk *k, heft_error *err)
{
    heft_chat_settings fresh = *(const heft_chat_settings *)k->call->verb->defaults;
    bool recommended;
    heft_status st = heft_start_sampling(k->m, &fresh.sampling, &recommended, err);
    if (st) return st;
    heft_args_again(k->call, &fresh);
    k->o = fresh;
    if (recommended) heft_say_sampling(&k->o.sampling);
    return HEFT_OK;
}

static heft_status open_template(heft_talk *k, const char *path, heft_error *err)
{
    heft_chat_options how = k->o.how;
    char *source = NULL;
    size_t n = 0;
    heft_status st = HEFT_OK;
    if (k->o.template)
        st = heft_read_file(k->o.template, HEFT_MAX_TEMPLATE_BYTES, &source, &n, err);
    how.source = source;
    how.name = k->o.template;
    if (!st) st = heft_chat_open(path, &how, &k->call->log, &k->c, err);
    if (st == HEFT_E_UNSUPPORTED) st = heft_context(err, st, "chat");
    heft_free(source);
    if (st) return st;
    const heft_chat_facts *f = heft_chat_describe(k->c);
    if (!f->user)
        heft_warn(&k->call->log, "the chat template (%s) leaves out what the user says", f->from);
    k->turn_end = heft_chat_turn_end(k->c, k->t);
    if (k->turn_end < 0 && !f->think[2])
        heft_warn(&k->call->log,
                  "the chat template (%s) closes an answer with no special token: an answer ends "
                  "where the model says so by itself",
                  f->from);
    return HEFT_OK;
}

static heft_status open_switches(heft_talk *k, heft_error *err)
{
    json_error_t error;
    k->kwargs =
        k->o.kwargs ? json_loads(k->o.kwargs, JSON_REJECT_DUPLICATES, &error) : json_object();
    if (!k->kwargs && k->o.kwargs)
        return heft_fail(err, HEFT_E_ARG, "--kwargs: column %d: %s", error.column,
                         heft_show_z(error.text).text);
    if (!k->kwargs) return no_room(err);
    if (!json_is_object(k->kwargs))
        return heft_fail(err, HEFT_E_ARG, "--kwargs: is not a JSON object");
    return heft_talk_check_think(k, k->o.think, err);
}

heft_status heft_talk_open(heft_talk *k, const heft_call *call, heft_error *err)
{
    char place[PATH_MAX];
    bool shipped = call->n_operands == 0;
    const char *path = shipped ? place : call->operand[0];
    *k = (heft_talk){ .call = call,
                      .messages = json_array(),
                      .turn_end = -1,
                      .attached = heft_buf_of(HEFT_MAX_CONFIG_BYTES) };
    heft_status st = k->messages ? HEFT_OK : no_room(err);
    if (!st && shipped) st = heft_shipped_model(call, place, sizeof place, err);
    if (!st) st = heft_open_model(call, path, &k->m, err);
    if (!st) st = resolve(k, err);
    if (st) return st;
    k->t = heft_model_tokenizer(k->m);
    if (!k->t) return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: has no tokenizer, so no text", path);
    st = open_template(k, path, err);
    if (!st) st = open_switches(k, err);
    if (!st) st = find_shown(k, err);
    if (!st && k->o.system) st = heft_talk_set_system(k, k->o.system, err);
    if (!st) st = heft_open_engine(call, k->m, &k->o.engine, &k->e, err);
    return st ? st : heft_seq_open(k->e, 0, &k->seq, err);
}

void heft_talk_close(heft_talk *k)
{
    heft_seq_close(k->seq);
    heft_engine_close(k->e);
    heft_chat_close(k->c);
    heft_model_close(k->m);
    json_decref(k->messages);
    json_decref(k->kwargs);
    heft_buf_free(&k->attached);
    heft_free(k->shown);
    heft_free(k->id);
}

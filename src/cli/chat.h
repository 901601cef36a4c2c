/* heft chat from the inside: a conversation, what is typed, what is answered. */
#ifndef HEFT_CLI_CHAT_H
#define HEFT_CLI_CHAT_H

#include "cli/cli.h"

#include <jansson.h>

typedef enum {
    HEFT_THINK_UNSAID = -1,
    HEFT_THINK_OFF,
    HEFT_THINK_ON,
    HEFT_THINK_EFFORT
} heft_think;

typedef struct {
    const char *system, *template, *load, *kwargs;
    heft_chat_options how;
    heft_engine_options engine;
    /* from here on, what /set can change and a session keeps */
    heft_sampling sampling;
    int32_t tokens;
    int think; /* heft_think, and further words of --think behind HEFT_THINK_EFFORT */
    bool hide_thinking, verbose;
} heft_chat_settings;

/* ---- chat_think.c: a reply's reasoning and its answer ------------------ */

/* Text of a reply on its way. Zero-initialise but for the first three; clear it. */
typedef struct {
    const char *const *mark; /* (3) as heft_chat_facts.think */
    bool (*put)(void *to, const char *text, size_t n, bool thought);
    void *to;
    enum { HEFT_BEFORE, HEFT_THINKING, HEFT_ANSWERING } state;
    heft_buf held;    /* what may yet become a mark */
    heft_buf part[2]; /* the answer; the reasoning */
} heft_thinking;

/* More text; false: put wants no more. */
bool heft_thinking_add(heft_thinking *t, const char *text, size_t n);
/* The reply has ended. */
bool heft_thinking_end(heft_thinking *t);
void heft_thinking_clear(heft_thinking *t);

/* ---- chat_talk.c: a conversation ---------------------------------------- */

typedef struct {
    const heft_call *call;
    heft_chat_settings o; /* as they are now */
    heft_model *m;
    const heft_tokenizer *t;
    heft_engine *e;
    heft_seq *seq;
    heft_chat *c;
    json_t *messages, *kwargs; /* an array; an object of switches */
    int32_t *id;               /* (n_ids) the conversation as the model last saw it */
    size_t n_ids;
    int32_t turn_end; /* or -1 */
    int32_t *shown;   /* (n_shown) special tokens that are part of a reply's text */
    int32_t n_shown;
    heft_buf attached; /* files that go with the next message */
    bool leave;
} heft_talk;

/* A line for the one who types, on standard error. */
void heft_note(const char *fmt, ...) HEFT_PRINTF(1, 2);

/* Open everything; the conversation begins with options.system if there is one. */
heft_status heft_talk_open(heft_talk *k, const heft_call *call, heft_error *err) HEFT_MUST_CHECK;
void heft_talk_close(heft_talk *k);
/* Forget all messages but a system message. */
heft_status heft_talk_clear(heft_talk *k, heft_error *err) HEFT_MUST_CHECK;
/* The system message, or NULL; set it ("" takes it away). */
const char *heft_talk_system(const heft_talk *k);
heft_status heft_talk_set_system(heft_talk *k, const char *text, heft_error *err) HEFT_MUST_CHECK;
/* Does the template take these settings? Fails: HEFT_E_ARG, naming the switches that it has. */
heft_status heft_talk_check_think(const heft_talk *k, int think, heft_error *err) HEFT_MUST_CHECK;

/* Say something, and have the answer written. On failure the conversation is as before. */
heft_status heft_talk_say(heft_talk *k, const char *text, heft_error *err) HEFT_MUST_CHECK;
/* The last answer anew, by the next seed. Fails: HEFT_E_ARG where there is none. */
heft_status heft_talk_again(heft_talk *k, heft_error *err) HEFT_MUST_CHECK;

/* ---- chat_session.c ------------------------------------------------------- */

/* Save the conversation and what is needed to go on exactly; load it into a talk with the same
 * model. A failed load changes nothing. */
heft_status heft_session_save(const heft_talk *k, const char *path,
                              heft_error *err) HEFT_MUST_CHECK;
heft_status heft_session_load(heft_talk *k, const char *path, heft_error *err) HEFT_MUST_CHECK;
/* Option i of those that can be changed while a conversation goes on, or NULL. */
const heft_arg *heft_setting(const heft_talk *k, int32_t i);

/* ---- chat_input.c ----------------------------------------------------------- */

typedef struct heft_input heft_input;
typedef enum { HEFT_TYPED, HEFT_TYPED_NOTHING, HEFT_TYPED_INTERRUPT, HEFT_TYPED_END } heft_typed;

/* Standard input: with line editing and history where it is a terminal. */
heft_status heft_input_open(heft_input **out, heft_error *err) HEFT_MUST_CHECK;
void heft_input_close(heft_input *in);
/* The next message or command in text, which is emptied first: a line; lines that end in a
 * backslash and the one behind them; or what stands between two """. Fails: HEFT_E_NOMEM,
 * HEFT_E_FORMAT (not UTF-8). */
heft_status heft_input_next(heft_input *in, heft_buf *text, heft_typed *what,
                            heft_error *err) HEFT_MUST_CHECK;

/* ---- chat_commands.c --------------------------------------------------------- */

/* Do what a line that begins with a slash says. Failures leave the conversation as it was. */
heft_status heft_command(heft_talk *k, char *line, heft_error *err) HEFT_MUST_CHECK;

#endif

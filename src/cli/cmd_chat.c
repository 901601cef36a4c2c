/* heft chat: a conversation in the terminal. */
#define _DEFAULT_SOURCE /* isatty */
#include "cli/chat.h"

#include <unistd.h>

static const heft_chat_settings defaults = {
    .tokens = -1, .think = HEFT_THINK_UNSAID, /* sampling: as the release recommends */
};

static const heft_arg args[] = {
    { HEFT_ARG(heft_chat_settings, 0, "system", TEXT, system, "TEXT"),
      .help = "a system message to begin with" },
    { HEFT_ARG(heft_chat_settings, 0, "load", TEXT, load, "FILE"),
      .help = "go on with a conversation that /save wrote" },
    { HEFT_ARG(heft_chat_settings, 0, "chat-format", TEXT, how.format, "NAME"),
      .help = "a built-in format instead of the release's template: chatml, ..." },
    { HEFT_ARG(heft_chat_settings, 0, "template", TEXT, template, "FILE"),
      .help = "a chat template instead of the release's" },
    { HEFT_ARG(heft_chat_settings, 0, "kwargs", TEXT, kwargs, "JSON"),
      .help = "an object of switches that the template reads; heft show names them" },
    { HEFT_ARG(heft_chat_settings, 0, "think", CHOICE, think, "off|on|low|medium|high"),
      .help = "reason before answering, where the template has a switch for it" },
    { HEFT_ARG(heft_chat_settings, 0, "hide-thinking", FLAG, hide_thinking, NULL),
      .help = "do not show reasoning" },
    { HEFT_ARG(heft_chat_settings, 'n', "tokens", INT, tokens, "N"), .min = -1,
      .max = HEFT_MAX_CONTEXT,
      .help = "tokens of an answer at most; -1: until the context is full (-1)" },
    { HEFT_ARG(heft_chat_settings, 'c', "context", INT, engine.context, "N"), .min = 1,
      .max = HEFT_MAX_CONTEXT,
      .help = "longest conversation in tokens (4096, or the model's limit)" },
    HEFT_ENGINE_ARGS(heft_chat_settings),
    HEFT_SAMPLING_ARGS(heft_chat_settings),
    { HEFT_ARG(heft_chat_settings, 0, "verbose", FLAG, verbose, NULL),
      .help = "after each answer, say what was read and written, and how fast" },
};

static heft_status check(const heft_call *call, heft_error *err)
{
    const heft_chat_settings *o = call->options;
    if (o->template && o->how.format)
        return heft_fail(err, HEFT_E_ARG, "chat: --template and --chat-format exclude each other");
    return HEFT_OK;
}

/* What failed within the conversation is said, and it goes on. */
static heft_status survive(heft_status st, const heft_error *err)
{
    if (!st || st == HEFT_E_CANCELLED) return st;
    heft_note("%s", err->text);
    return HEFT_OK;
}

static heft_status talk(heft_talk *k, heft_input *in, heft_error *err)
{
    heft_buf text = heft_buf_of(HEFT_MAX_CONFIG_BYTES);
    heft_status st = HEFT_OK;
    bool warned = false; /* the last thing typed was an interrupt */
    while (!st && !k->leave) {
        heft_error within = { HEFT_OK, "" };
        heft_typed what = HEFT_TYPED_NOTHING;
        heft_forget_interrupt();
        heft_status typed = heft_input_next(in, &text, &what, &within);
        if (!typed && what == HEFT_TYPED_END) break;
        if (what == HEFT_TYPED_INTERRUPT && warned) {
            st = heft_fail(err, HEFT_E_CANCELLED, "%s", "");
            break;
        }
        if (what == HEFT_TYPED_INTERRUPT) (void)fputs("\n", stderr);
        if (what == HEFT_TYPED_INTERRUPT) heft_note("Ctrl-C once more, Ctrl-D or /bye leaves");
        warned = what == HEFT_TYPED_INTERRUPT;
        heft_forget_interrupt();
        if (!typed && what == HEFT_TYPED)
            typed = text.p[0] == '/' ? heft_command(k, text.p, &within)
                                     : heft_talk_say(k, text.p, &within);
        st = survive(typed, &within);
    }
    if (!st && isatty(STDIN_FILENO) && !k->leave) (void)fputs("\n", stderr);
    heft_buf_free(&text);
    return st;
}

static heft_status run(const heft_call *call, heft_error *err)
{
    const char *load = ((const heft_chat_settings *)call->options)->load;
    heft_talk k;
    heft_input *in = NULL;
    heft_status st = heft_talk_open(&k, call, err);
    if (!st && load) st = heft_session_load(&k, load, err);
    if (!st) heft_catch_interrupt(true);
    if (!st) st = heft_input_open(&in, err);
    if (!st && isatty(STDIN_FILENO))
        heft_note("%s, a context of %d tokens; /help says what else can be typed",
                  heft_show_z(heft_model_describe(k.m)->path).text,
                  heft_engine_resolved(k.e)->context);
    if (!st) st = talk(&k, in, err);
    heft_input_close(in);
    heft_talk_close(&k);
    return st;
}

const heft_verb heft_verb_chat = {
    .name = "chat",
    .operands = "[MODEL]",
    .most = 1,
    .summary = "a conversation; without MODEL, with the small model that ships with heft",
    .notes = "  The release's chat template makes the prompt, and what you type is text in it, "
             "whatever\n"
             "  it spells. Standard output carries the answers; reasoning is dimmed there on a "
             "terminal,\n"
             "  and goes to standard error from a pipe. /help lists the commands.\n",
    .example = "  heft chat\n"
               "  heft chat path/to/model --system \"Answer in one sentence.\"\n"
               "  echo \"What is a fox?\" | heft chat path/to/model --seed 1\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .check = check,
    .run = run,
};

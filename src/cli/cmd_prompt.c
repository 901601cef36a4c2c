/* heft prompt: the prompt that a chat template makes of a conversation. */
#include "cli/cli.h"

#include "base/file.h"

typedef struct {
    const char *template, *messages, *tools, *documents;
    heft_chat chat;
} prompt_options;

static const prompt_options defaults = { .template = NULL };

static const heft_arg args[] = {
    { HEFT_ARG(prompt_options, 0, "template", TEXT, template, "FILE"),
      .help = "the chat template" },
    { HEFT_ARG(prompt_options, 0, "messages", TEXT, messages, "FILE"),
      .help = "the conversation, a JSON array" },
    { HEFT_ARG(prompt_options, 0, "tools", TEXT, tools, "FILE"), .help = "tools, a JSON array" },
    { HEFT_ARG(prompt_options, 0, "documents", TEXT, documents, "FILE"),
      .help = "documents, a JSON array" },
    { HEFT_ARG(prompt_options, 0, "kwargs", TEXT, chat.kwargs, "JSON"),
      .help = "an object of switches that the template reads" },
    { HEFT_ARG(prompt_options, 0, "bos", TEXT, chat.bos, "TOKEN"), .help = "beginning of text" },
    { HEFT_ARG(prompt_options, 0, "eos", TEXT, chat.eos, "TOKEN"), .help = "end of text" },
    { HEFT_ARG(prompt_options, 0, "now", TEXT, chat.now, "TIME"),
      .help = "the time for templates that ask, as 2025-03-07T09:05:03" },
    { HEFT_ARG(prompt_options, 0, "no-generation-prompt", FLAG, chat.no_generation_prompt, NULL),
      .help = "do not begin the assistant's turn" },
};

static heft_status check(const heft_call *call, heft_error *err)
{
    const prompt_options *o = call->options;
    if (!o->template) return heft_fail(err, HEFT_E_ARG, "--template is missing");
    if (!o->messages) return heft_fail(err, HEFT_E_ARG, "--messages is missing");
    return HEFT_OK;
}

/* The text of a file that an option names, or NULL where it was not given. */
static heft_status text_of(const char *path, char **text, size_t *n, heft_error *err)
{
    if (!path) return HEFT_OK;
    return heft_read_file(path, HEFT_MAX_CONFIG_BYTES, text, n, err);
}

static heft_status prompt(const heft_call *call, heft_error *err)
{
    const prompt_options *o = call->options;
    heft_chat chat = o->chat;
    char *source = NULL, *messages = NULL, *tools = NULL, *documents = NULL, *text = NULL;
    size_t n = 0, n_text = 0, n_json;
    heft_status st = text_of(o->template, &source, &n, err);
    if (!st) st = text_of(o->messages, &messages, &n_json, err);
    if (!st) st = text_of(o->tools, &tools, &n_json, err);
    if (!st) st = text_of(o->documents, &documents, &n_json, err);
    chat.messages = messages;
    chat.tools = tools;
    chat.documents = documents;
    if (!st) st = heft_chat_prompt(source, n, o->template, &chat, &text, &n_text, err);
    if (!st) st = heft_emit(text, n_text, err);
    heft_release(text);
    heft_free(documents);
    heft_free(tools);
    heft_free(messages);
    heft_free(source);
    return st;
}

const heft_verb heft_verb_prompt = {
    .name = "prompt",
    .operands = "",
    .least = 0,
    .most = 0,
    .summary = "show the prompt that a chat template makes",
    .example = "  heft prompt --template chat_template.jinja --messages messages.json\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .check = check,
    .run = prompt,
};

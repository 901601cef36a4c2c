/* heft prompt: the prompt that a chat template makes of a conversation. */
#include "cli/cli.h"

#include "base/file.h"

#include <string.h>

typedef struct {
    const char *template, *messages, *tools, *documents;
    heft_chat_options chat;
    heft_conversation talk;
    bool ids, parse_special;
} prompt_options;

static const prompt_options defaults = { .template = NULL };

static const heft_arg args[] = {
    { HEFT_ARG(prompt_options, 0, "messages", TEXT, messages, "FILE"),
      .help = "the conversation, a JSON array" },
    { HEFT_ARG(prompt_options, 0, "tools", TEXT, tools, "FILE"), .help = "tools, a JSON array" },
    { HEFT_ARG(prompt_options, 0, "documents", TEXT, documents, "FILE"),
      .help = "documents, a JSON array" },
    { HEFT_ARG(prompt_options, 0, "kwargs", TEXT, talk.kwargs, "JSON"),
      .help = "an object of switches that the template reads; heft show names them" },
    { HEFT_ARG(prompt_options, 0, "no-generation-prompt", FLAG, talk.no_generation_prompt, NULL),
      .help = "do not begin the assistant's turn" },
    { HEFT_ARG(prompt_options, 0, "now", TEXT, talk.now, "TIME"),
      .help = "the time for templates that ask, as 2025-03-07T09:05:03" },
    { HEFT_ARG(prompt_options, 0, "template-name", TEXT, talk.which, "NAME"),
      .help = "which of the release's templates (tool_use with tools, else default)" },
    { HEFT_ARG(prompt_options, 0, "chat-format", TEXT, chat.format, "NAME"),
      .help = "a built-in format instead of the release's template: chatml, ..." },
    { HEFT_ARG(prompt_options, 0, "template", TEXT, template, "FILE"),
      .help = "a chat template instead of the release's" },
    { HEFT_ARG(prompt_options, 0, "bos", TEXT, talk.bos, "TOKEN"),
      .help = "beginning of text, instead of the release's" },
    { HEFT_ARG(prompt_options, 0, "eos", TEXT, talk.eos, "TOKEN"),
      .help = "end of text, instead of the release's" },
    { HEFT_ARG(prompt_options, 0, "ids", FLAG, ids, NULL), .help = "show the prompt's ids" },
    { HEFT_ARG(prompt_options, 0, "parse-special", FLAG, parse_special, NULL),
      .help = "with --ids: special tokens in the messages' texts become those tokens" },
};

static heft_status check(const heft_call *call, heft_error *err)
{
    const prompt_options *o = call->options;
    if (!o->messages) return heft_fail(err, HEFT_E_ARG, "prompt: --messages FILE is missing");
    if (o->template && o->chat.format)
        return heft_fail(err, HEFT_E_ARG,
                         "prompt: --template and --chat-format exclude each other");
    if (!call->n_operands && !o->template && !o->chat.format)
        return heft_fail(err, HEFT_E_ARG, "prompt: give MODEL, --template or --chat-format");
    if (!call->n_operands && o->ids)
        return heft_fail(err, HEFT_E_ARG, "prompt: --ids needs MODEL, for its tokenizer");
    return HEFT_OK;
}

/* The text of a file that an option names, or NULL where it was not given. */
static heft_status text_of(const char *path, char **text, heft_error *err)
{
    size_t n;
    if (!path) return HEFT_OK;
    heft_status st = heft_read_file(path, HEFT_MAX_CONFIG_BYTES, text, &n, err);
    if (!st && strlen(*text) != n)
        st = heft_fail(err, HEFT_E_FORMAT, "%s: has a zero byte", heft_show_z(path).text);
    return st;
}

static heft_status print_ids(const heft_call *call, const heft_chat *c, const heft_prompt *p,
                             heft_error *err)
{
    const prompt_options *o = call->options;
    heft_tokenizer *t = NULL;
    int32_t *ids = NULL;
    size_t n = 0;
    heft_status st = heft_tokenizer_open(call->operand[0], &call->log, &t, err);
    if (!st)
        st = heft_chat_tokenize(c, t, p, o->parse_special ? HEFT_TOKENIZE_PARSE_SPECIAL : 0, &ids,
                                &n, err);
    if (!st) st = heft_emit_ids(ids, n, err);
    heft_release(ids);
    heft_tokenizer_close(t);
    return st;
}

/* What the template makes of it; a message that it leaves out is named. */
static heft_status show(const heft_call *call, const heft_chat *c, const heft_conversation *talk,
                        heft_error *err)
{
    const prompt_options *o = call->options;
    heft_prompt p = { .n = 0 };
    int32_t dropped = -1;
    heft_status st = heft_chat_prompt(c, talk, &p, err);
    if (!st) st = heft_chat_dropped(c, talk, &dropped, err);
    if (!st && dropped >= 0)
        heft_warn(&call->log, "the template leaves out message %d of the conversation", dropped);
    if (!st) st = o->ids ? print_ids(call, c, &p, err) : heft_emit(p.text, p.n, err);
    heft_prompt_clear(&p);
    return st;
}

static heft_status prompt(const heft_call *call, heft_error *err)
{
    const prompt_options *o = call->options;
    heft_chat_options how = o->chat;
    heft_conversation talk = o->talk;
    heft_chat *c = NULL;
    char *template = NULL, *messages = NULL, *tools = NULL, *documents = NULL;
    heft_status st = text_of(o->template, &template, err);
    if (!st) st = text_of(o->messages, &messages, err);
    if (!st) st = text_of(o->tools, &tools, err);
    if (!st) st = text_of(o->documents, &documents, err);
    how.source = template;
    how.name = o->template;
    talk.messages = messages;
    talk.tools = tools;
    talk.documents = documents;
    if (!st)
        st = heft_chat_open(call->n_operands ? call->operand[0] : NULL, &how, &call->log, &c, err);
    if (!st) st = show(call, c, &talk, err);
    heft_chat_close(c);
    heft_free(documents);
    heft_free(tools);
    heft_free(messages);
    heft_free(template);
    return st;
}

const heft_verb heft_verb_prompt = {
    .name = "prompt",
    .operands = "[MODEL]",
    .most = 1,
    .summary = "show the prompt that a chat template makes",
    .notes = "  The weights are not needed: tokenizer and configuration files will do. What the\n"
             "  messages say is text in the prompt, whatever it spells.\n",
    .example = "  heft prompt path/to/model --messages messages.json\n"
               "  heft prompt path/to/model --messages messages.json --tools tools.json --ids\n"
               "  heft prompt --template chat_template.jinja --messages messages.json\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .check = check,
    .run = prompt,
};

/* heft tokenize and heft detokenize: text to ids, ids to text. */
#include "cli/cli.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The words after MODEL are missing or a lone "-": standard input stands for them. */
static bool from_stdin(const heft_call *call)
{
    return call->n_operands == 1 || (call->n_operands == 2 && strcmp(call->operand[1], "-") == 0);
}

/* ---- tokenize ---- */

typedef struct {
    bool no_special, parse_special;
} to_ids;

static const to_ids to_ids_defaults = { .no_special = false };

static const heft_arg to_ids_args[] = {
    { HEFT_ARG(to_ids, 0, "no-special", FLAG, no_special, NULL),
      .help = "do not add what the tokenizer adds (beginning and end of text)" },
    { HEFT_ARG(to_ids, 0, "parse-special", FLAG, parse_special, NULL),
      .help = "text that spells a special token becomes that token" },
};

static heft_status tokenize(const heft_call *call, heft_error *err)
{
    const to_ids *o = call->options;
    heft_tokenizer *t = NULL;
    char *read = NULL;
    int32_t *ids = NULL;
    size_t n_ids = 0;
    heft_str text = { .n = 0 };

    heft_status st = heft_tokenizer_open(call->operand[0], &call->log, &t, err);
    if (st) goto done;
    if (from_stdin(call)) {
        st = heft_read_stream(stdin, "standard input", &read, &text.n, err);
        if (st) goto done;
        text.p = read;
    } else {
        text = heft_str_of(call->operand[1]);
    }
    st = heft_tokenize(t, text.p, text.n,
                       (o->no_special ? HEFT_TOKENIZE_NO_SPECIAL : 0u)
                           | (o->parse_special ? HEFT_TOKENIZE_PARSE_SPECIAL : 0u),
                       &ids, &n_ids, err);
    if (!st) st = heft_emit_ids(ids, n_ids, err);
done:
    heft_release(ids);
    heft_free(read);
    heft_tokenizer_close(t);
    return st;
}

const heft_verb heft_verb_tokenize = {
    .name = "tokenize",
    .operands = "MODEL [TEXT|-]",
    .least = 1,
    .most = 2,
    .summary = "show the ids of a text",
    .notes =
        "  Without TEXT, or with -, standard input is read, byte for byte. MODEL may be a GGUF\n"
        "  file that holds a vocabulary and no tensors.\n",
    .example = "  heft tokenize path/to/model \"Once upon a time\"\n",
    .arg = to_ids_args,
    .n_args = sizeof to_ids_args / sizeof to_ids_args[0],
    .defaults = &to_ids_defaults,
    .size = sizeof to_ids_defaults,
    .run = tokenize,
};

/* ---- detokenize ---- */

typedef struct {
    bool special;
} to_text;

static const to_text to_text_defaults = { .special = false };

static const heft_arg to_text_args[] = {
    { HEFT_ARG(to_text, 0, "special", FLAG, special, NULL), .help = "write special tokens too" },
};

static heft_status detokenize(const heft_call *call, heft_error *err)
{
    const to_text *o = call->options;
    heft_tokenizer *t = NULL;
    heft_ids ids = { .n = 0 };
    char *text = NULL, *read = NULL;
    size_t n = 0;

    heft_status st = heft_tokenizer_open(call->operand[0], &call->log, &t, err);
    if (st) goto done;
    if (from_stdin(call)) {
        st = heft_read_stream(stdin, "standard input", &read, &n, err);
        if (!st) st = heft_ids_parse(&ids, read, err);
    }
    for (int32_t i = 1; !st && !read && i < call->n_operands; i++)
        st = heft_ids_parse(&ids, call->operand[i], err);
    if (!st) st = heft_detokenize(t, ids.id, ids.n, o->special, &text, &n, err);
    if (!st) st = heft_emit(text, n, err);
done:
    heft_release(text);
    heft_free(read);
    heft_free(ids.id);
    heft_tokenizer_close(t);
    return st;
}

const heft_verb heft_verb_detokenize = {
    .name = "detokenize",
    .operands = "MODEL [ID...|-]",
    .least = 1,
    .most = -1,
    .summary = "write the text of ids, exactly its bytes",
    .notes = "  Without an ID, or with -, ids are read from standard input.\n",
    .example = "  heft detokenize path/to/model 12 7 1024\n"
               "  heft tokenize path/to/model < book | heft detokenize path/to/model\n",
    .arg = to_text_args,
    .n_args = sizeof to_text_args / sizeof to_text_args[0],
    .defaults = &to_text_defaults,
    .size = sizeof to_text_defaults,
    .run = detokenize,
};

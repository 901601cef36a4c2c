/* heft show: what a model is, and which families there are. */
#include "cli/cli.h"

typedef struct {
    bool tensors, json, families;
} options;

static const options defaults = { .json = false };

static const heft_arg args[] = {
    { HEFT_ARG(options, 0, "tensors", FLAG, tensors, NULL), .help = "list every tensor" },
    { HEFT_ARG(options, 0, "families", FLAG, families, NULL),
      .help = "instead: every family, and what was shown of it" },
    { HEFT_ARG(options, 0, "json", FLAG, json, NULL), .help = "as JSON" },
};

/* ---- facts, by kind ---- */

typedef struct {
    const char *key;
    size_t at; /* in heft_model_facts */
} fact;

#define FACT(field)                                                                                \
    {                                                                                              \
#field, offsetof(heft_model_facts, field)                                                  \
    }

static const fact texts[] = { FACT(name), FACT(path), FACT(container), FACT(family), FACT(source) };
static const fact amounts[] = {
    FACT(parameters),   FACT(parameters_active), FACT(tensors),      FACT(bytes),
    FACT(copied_bytes), FACT(unused_tensors),    FACT(unused_bytes),
};
static const fact numbers[] = {
    FACT(context), FACT(vocab),    FACT(tokens),     FACT(width),     FACT(layers),
    FACT(heads),   FACT(kv_heads), FACT(head_width), FACT(ffn_width), FACT(window),
};

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof(array)[0]))

static const void *in(const heft_model_facts *f, const fact *which)
{
    return (const char *)f + which->at;
}

/* The release's chat template, or NULL and in *err why there is none that can be used. */
static heft_chat *open_chat(const heft_call *call, const heft_model *m, heft_error *err)
{
    heft_chat *c = NULL;
    if (heft_chat_open(heft_model_describe(m)->path, NULL, &call->log, &c, err)) return NULL;
    return c;
}

/* ---- as JSON ---- */

static void names_json(heft_buf *b, const char *key, const char *const *name, int32_t n)
{
    heft_json_key(b, key);
    heft_json_begin(b, '[');
    for (int32_t i = 0; i < n; i++)
        heft_json_str(b, heft_str_of(name[i]));
    heft_json_end(b, ']');
}

static void chat_json(const heft_call *call, const heft_model *m, heft_buf *b)
{
    heft_error err = { HEFT_OK, "" };
    heft_chat *c = open_chat(call, m, &err);
    const heft_chat_facts *f = c ? heft_chat_describe(c) : NULL;
    heft_json_key(b, "chat");
    heft_json_begin(b, '{');
    heft_json_key(b, f ? "from" : "none");
    heft_json_str(b, heft_str_of(f ? f->from : err.text));
    if (f) {
        names_json(b, "templates", f->name, f->n_names);
        names_json(b, "switches", f->knob, f->n_knobs);
        heft_json_key(b, "tools");
        heft_json_bool(b, f->tools);
        heft_json_key(b, "documents");
        heft_json_bool(b, f->documents);
        heft_json_key(b, "system");
        heft_json_bool(b, f->system);
        heft_json_key(b, "reasoning");
        heft_json_str(b, heft_str_of(f->think[0]));
    }
    heft_json_end(b, '}');
    heft_chat_close(c);
}

static void tensors_json(const heft_model *m, heft_buf *b)
{
    heft_tensor_info t;
    int64_t n = heft_model_describe(m)->tensors;
    heft_json_key(b, "tensor_list");
    heft_json_begin(b, '[');
    for (int64_t i = 0; i < n; i++) {
        heft_model_tensor(m, i, &t);
        heft_json_begin(b, '{');
        heft_json_key(b, "name");
        heft_json_str(b, heft_str_of(t.name));
        heft_json_key(b, "format");
        heft_json_str(b, heft_str_of(t.format));
        heft_json_key(b, "shape");
        heft_json_begin(b, '[');
        for (int32_t d = 0; d < t.rank; d++)
            heft_json_int(b, t.shape[d]);
        heft_json_end(b, ']');
        heft_json_key(b, "bytes");
        heft_json_int(b, t.bytes);
        heft_json_key(b, "file");
        heft_json_str(b, heft_str_of(t.file));
        heft_json_key(b, "used");
        heft_json_bool(b, t.used);
        heft_json_end(b, '}');
    }
    heft_json_end(b, ']');
}

static void facts_json(const heft_call *call, const heft_model *m, const options *o, heft_buf *b)
{
    const heft_model_facts *f = heft_model_describe(m);
    heft_json_begin(b, '{');
    for (int32_t i = 0; i < COUNT(texts); i++) {
        heft_json_key(b, texts[i].key);
        heft_json_str(b, heft_str_of(*(const char *const *)in(f, &texts[i])));
    }
    for (int32_t i = 0; i < COUNT(amounts); i++) {
        heft_json_key(b, amounts[i].key);
        heft_json_int(b, *(const int64_t *)in(f, &amounts[i]));
    }
    for (int32_t i = 0; i < COUNT(numbers); i++) {
        heft_json_key(b, numbers[i].key);
        heft_json_int(b, *(const int32_t *)in(f, &numbers[i]));
    }
    heft_json_key(b, "formats");
    heft_json_begin(b, '{');
    for (int32_t i = 0; i < f->n_formats; i++) {
        heft_json_key(b, f->formats[i].name);
        heft_json_int(b, f->formats[i].bytes);
    }
    heft_json_end(b, '}');
    chat_json(call, m, b);
    if (o->tensors) tensors_json(m, b);
    heft_json_end(b, '}');
    heft_buf_z(b, "\n");
}

/* ---- as a page ---- */

static void tensors_page(const heft_model *m, heft_buf *b)
{
    heft_tensor_info t;
    int64_t n = heft_model_describe(m)->tensors;
    for (int64_t i = 0; i < n; i++) {
        heft_model_tensor(m, i, &t);
        heft_buf_printf(b, "%-48s %-6s %10s  ", heft_show_z(t.name).text, t.format,
                        heft_show_bytes(t.bytes).text);
        for (int32_t d = 0; d < t.rank; d++)
            heft_buf_printf(b, d ? " x %lld" : "%lld", (long long)t.shape[d]);
        heft_buf_z(b, t.used ? "\n" : " (not run)\n");
    }
}

static void facts_page(const heft_model *m, heft_buf *b)
{
    const heft_model_facts *f = heft_model_describe(m);
    heft_buf_printf(b, "%s\n", heft_show_z(f->name[0] ? f->name : f->path).text);
    heft_buf_printf(b, "  family      %s, from %s\n", f->family, f->container);
    heft_buf_printf(b, "  parameters  %s", heft_show_count(f->parameters).text);
    if (f->parameters_active != f->parameters)
        heft_buf_printf(b, ", %s for one token", heft_show_count(f->parameters_active).text);
    heft_buf_printf(b, "\n  context     %d tokens", f->context);
    if (f->window) heft_buf_printf(b, ", a window of %d in some layers", f->window);
    heft_buf_printf(b, "\n  vocabulary  %d%s", f->vocab, f->tokens ? "" : ", no tokenizer");
    if (f->tokens && f->tokens < f->vocab)
        heft_buf_printf(b, ", of which the tokenizer has %d", f->tokens);
    heft_buf_z(b, "\n");
    heft_buf_printf(b, "  shape       %d layers, width %d, feed-forward %d\n", f->layers, f->width,
                    f->ffn_width);
    heft_buf_printf(b, "  attention   %d heads of %d over %d\n", f->heads, f->head_width,
                    f->kv_heads);
    heft_buf_printf(b, "  tensors     %lld, %s", (long long)f->tensors,
                    heft_show_bytes(f->bytes).text);
    if (f->n_formats == 1) heft_buf_printf(b, ", all %s", f->formats[0].name);
    for (int32_t i = 0; f->n_formats > 1 && i < f->n_formats; i++)
        heft_buf_printf(b, "%s%s %s", i ? ", " : ": ", f->formats[i].name,
                        heft_show_bytes(f->formats[i].bytes).text);
    heft_buf_z(b, "\n");
    if (f->unused_tensors)
        heft_buf_printf(b, "  not run     %lld tensors, %s\n", (long long)f->unused_tensors,
                        heft_show_bytes(f->unused_bytes).text);
    heft_buf_printf(b, "  memory      %s used in the file, %s copied\n",
                    heft_show_bytes(f->bytes - f->unused_bytes - f->copied_bytes).text,
                    heft_show_bytes(f->copied_bytes).text);
}

static void chat_page(const heft_call *call, const heft_model *m, heft_buf *b)
{
    heft_error err = { HEFT_OK, "" };
    heft_chat *c = open_chat(call, m, &err);
    if (!c) {
        heft_buf_printf(b, "  chat        %s\n",
                        err.code == HEFT_E_UNSUPPORTED ? "no template" : err.text);
        return;
    }
    const heft_chat_facts *f = heft_chat_describe(c);
    heft_buf_printf(b, "  chat        template in %s", f->from);
    for (int32_t i = 0; f->n_names > 1 && i < f->n_names; i++)
        heft_buf_printf(b, "%s%s", i ? ", " : ": ", heft_show_z(f->name[i]).text);
    const struct {
        bool it;
        const char *said;
    } more[] = { { f->tools, ", tools" },
                 { f->documents, ", documents" },
                 { f->think[0] != NULL, ", reasoning" },
                 { !f->system, ", no system message" } };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        heft_buf_z(b, more[i].it ? more[i].said : "");
    heft_buf_z(b, "\n");
    for (int32_t i = 0; i < f->n_knobs; i++)
        heft_buf_printf(b, "%s%s%s", i ? ", " : "  switches    ", heft_show_z(f->knob[i]).text,
                        i + 1 == f->n_knobs ? "\n" : "");
    heft_chat_close(c);
}

static heft_status run(const heft_call *call, heft_error *err)
{
    const options *o = call->options;
    heft_model *m = NULL;
    if (o->families) return heft_show_families(o->json, err);
    heft_status st = heft_open_model(call, call->operand[0], &m, err);
    if (st) return st;
    heft_buf b = heft_buf_of(SIZE_MAX / 2);
    if (o->json) {
        facts_json(call, m, o, &b);
    } else {
        facts_page(m, &b);
        chat_page(call, m, &b);
        if (o->tensors) tensors_page(m, &b);
    }
    st = heft_emit_buf(&b, err);
    heft_model_close(m);
    return st;
}

/* A model, or --families alone. */
static heft_status check(const heft_call *call, heft_error *err)
{
    const options *o = call->options;
    if (o->families && (call->n_operands || o->tensors))
        return heft_fail(err, HEFT_E_ARG, "show: --families is about no model");
    if (!o->families && call->n_operands == 0)
        return heft_fail(err, HEFT_E_ARG,
                         "show: something is missing, the use is: heft show MODEL [option...]");
    return HEFT_OK;
}

const heft_verb heft_verb_show = {
    .name = "show",
    .operands = "[MODEL]",
    .most = 1,
    .summary = "say what a model is: family, sizes, formats, memory",
    .example = "  heft show path/to/model\n"
               "  heft show path/to/model --tensors --json\n"
               "  heft show --families\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
    .check = check,
    .run = run,
};

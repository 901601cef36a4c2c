/* The program heft: finds the verb, parses its options, runs it, says how it ended. */
#define _DEFAULT_SOURCE /* sigaction */
#include "cli/cli.h"

#include "base/mem.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, FAILED = 1, WRONG_USAGE = 2, INTERRUPTED = 130 };

static const heft_verb *const verbs[] = {
    &heft_verb_run,      &heft_verb_chat,       &heft_verb_show,   &heft_verb_plan,
    &heft_verb_tokenize, &heft_verb_detokenize, &heft_verb_logits, &heft_verb_bench,
    &heft_verb_eval,     &heft_verb_prompt,
};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

/* Warnings already given, so that each appears once. */
typedef struct {
    uint64_t hash[256];
    size_t n;
} warned;

static void warn_once(void *to, const char *line)
{
    warned *w = to;
    uint64_t hash = heft_str_hash(heft_str_of(line));
    for (size_t i = 0; i < w->n; i++)
        if (w->hash[i] == hash) return;
    if (w->n < sizeof w->hash / sizeof w->hash[0]) w->hash[w->n++] = hash;
    (void)fprintf(stderr, "heft: warning: %s\n", line);
}

static int failed(heft_status st, const heft_error *err)
{
    if (err->text[0]) (void)fprintf(stderr, "heft: %s\n", err->text);
    if (st != HEFT_E_CANCELLED) return FAILED;
    return heft_interrupted() ? INTERRUPTED : DONE; /* cancelled by nobody: the reader has gone */
}

/* ---- help ---- */

static void overview(heft_buf *out)
{
    heft_buf_z(out, "heft runs open-weight language models on your own hardware.\n\n");
    for (size_t i = 0; i < N_VERBS; i++)
        heft_buf_printf(out, "  heft %-11s %s\n", verbs[i]->name, verbs[i]->summary);
    heft_buf_z(out, "\n  heft VERB --help says more; heft --version says which heft this is.\n"
                    "  MODEL is a directory as its publisher ships it, or a GGUF file.\n");
}

/* Print a page on standard output. */
static int page(heft_buf *text)
{
    heft_error err = { 0 };
    heft_status st = heft_emit_buf(text, &err);
    return st ? failed(st, &err) : DONE;
}

/* ---- verbs ---- */

static const heft_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < N_VERBS; i++)
        if (strcmp(verbs[i]->name, name) == 0) return verbs[i];
    return NULL;
}

static int unknown_verb(const char *name)
{
    const char *names[N_VERBS];
    for (size_t i = 0; i < N_VERBS; i++)
        names[i] = verbs[i]->name;
    const char *near = heft_nearest(name, names, N_VERBS);
    (void)fprintf(stderr, "heft: there is no verb '%s'%s%s (see heft --help)\n",
                  heft_show_z(name).text, near ? ", nearest is " : "", near ? near : "");
    return WRONG_USAGE;
}

static int run_parsed(heft_call *call)
{
    heft_error err = { 0 };
    heft_status st = heft_args_parse(call, &err);
    if (!st && call->help) {
        heft_buf text = heft_buf_of(1 << 16);
        heft_args_help(call->verb, &text);
        return page(&text);
    }
    if (!st && call->verb->check) st = call->verb->check(call, &err);
    if (st) {
        (void)fprintf(stderr, "heft: %s\n", err.text);
        return WRONG_USAGE;
    }
    st = call->verb->run(call, &err);
    return st ? failed(st, &err) : DONE;
}

static int run_verb(const heft_verb *v, int argc, const char *const *argv)
{
    warned seen = { .n = 0 };
    heft_call call = {
        .verb = v,
        .argc = argc,
        .argv = argv,
        .options = heft_alloc(1, v->size),
        .operand = heft_alloc((size_t)argc, sizeof(char *)),
        .models = getenv("HEFT_MODELS"),
        .cache = getenv("XDG_CACHE_HOME"),
        .home = getenv("HOME"),
        .log = { .warn = warn_once, .to = &seen },
    };
    int code = FAILED;
    if (call.options && call.operand) {
        memcpy(call.options, v->defaults, v->size);
        code = run_parsed(&call);
    } else {
        (void)fputs("heft: out of memory\n", stderr);
    }
    heft_free(call.options);
    heft_free(call.operand);
    return code;
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is seen, and named, where it is written to */
    heft_guard_mappings();
    heft_buf text = heft_buf_of(1 << 16);
    if (argc < 2) {
        overview(&text);
        (void)fputs(text.p ? text.p : "", stderr);
        heft_buf_free(&text);
        return WRONG_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        heft_buf_printf(&text, "heft %s\n", heft_version());
        return page(&text);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0
        || strcmp(argv[1], "help") == 0) {
        overview(&text);
        return page(&text);
    }
    const heft_verb *v = find_verb(argv[1]);
    if (!v) return unknown_verb(argv[1]);
    return run_verb(v, argc - 2, (const char *const *)argv + 2);
}

/* The program from outside: words in; standard output, standard error and an exit code out. */
#define _GNU_SOURCE /* posix_openpt, F_SETPIPE_SZ */
#include "cli/program.h"

#include "base/buf.h"
#include "base/file.h"
#include "heft.h"
#include "scratch.h"
#include "synthetic.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FABLE HEFT_SOURCE_DIR "/models/fable"
#define ONCE  "Once upon a time"

static const char *const verbs[] = { "run",      "chat",       "show",   "plan",
                                     "tokenize", "detokenize", "logits", "bench" };
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static char scratch[HEFT_SCRATCH_PATH];

/* name in the scratch folder; valid until the call after the next. */
static const char *path_of(const char *name)
{
    static char path[2][512];
    static int turn;
    turn = !turn;
    heft_scratch_file(scratch, name, path[turn], sizeof path[turn]);
    return path[turn];
}

/* ---- help and usage ---- */

static void help_goes_to_standard_output(void **state)
{
    (void)state;
    ran r = RUN("", "--version");
    assert_int_equal(r.code, 0);
    char version[64];
    (void)snprintf(version, sizeof version, "heft %s\n", heft_version());
    assert_string_equal(r.out, version);
    program_free(&r);

    r = RUN("", "--help");
    assert_int_equal(r.code, 0);
    for (int i = 0; i < VERBS; i++)
        assert_true(says(r.out, verbs[i]));
    program_free(&r);

    for (int i = 0; i < VERBS; i++) {
        r = RUN("", verbs[i], "--help");
        assert_int_equal(r.code, 0);
        assert_true(begins(r.out, "heft "));
        assert_true(says(r.out, "\nExample:\n  heft "));
        assert_int_equal(r.n_err, 0);
        program_free(&r);
    }
}

static void wrong_usage_is_exit_code_2_and_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *word[8], *said;
    } wrong[] = {
        { { "rum" }, "heft: there is no verb 'rum', nearest is run (see heft --help)\n" },
        { { "show" },
          "heft: show: something is missing, the use is: heft show MODEL [option...]\n" },
        { { "show", FABLE, "--jsno" },
          "heft: show: unknown option --jsno, nearest is --json (see heft show --help)\n" },
        { { "run", FABLE, "-n", "-2" }, "heft: --tokens: -2 is not in -1 to 134217728\n" },
        { { "run", FABLE, "-p", "a", "-f", "b" }, "heft: run: -p and -f exclude each other\n" },
        { { "run", FABLE, "--ctk", "q8" }, "heft: --ctk: 'q8' is none of f16|bf16|f32|q8_0\n" },
        { { "logits", FABLE }, "heft: logits: give either --ids or --text\n" },
        { { "logits", FABLE, "--ids", "1" }, "heft: logits: --out FILE is missing\n" },
        { { "eval", FABLE, "arithmetic", "text" },
          "heft: eval: there is no task 'arithmetic', expected perplexity\n" },
        { { "bench", FABLE, "-r", "0" }, "heft: --repeats: 0 is not in 1 to 1000\n" },
        { { "bench", "--profile" },
          "heft: bench: without MODEL this machine is measured: only --threads, --isa and --json "
          "are about that\n" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ran r = program_run("", 0, wrong[i].word);
        assert_string_equal(r.err, wrong[i].said);
        assert_int_equal(r.code, 2);
        assert_int_equal(r.n_out, 0);
        program_free(&r);
    }
    ran r = program_run("", 0, (const char *const[]){ NULL });
    assert_int_equal(r.code, 2);
    assert_int_equal(r.n_out, 0);
    program_free(&r);
}

static void a_failure_is_exit_code_1_and_names_what_failed(void **state)
{
    (void)state;
    static const char nowhere[] = "/nonexistent/model";
    for (int i = 0; i < VERBS; i++) {
        bool logits = strcmp(verbs[i], "logits") == 0;
        ran r = logits ? RUN("1", verbs[i], nowhere, "--ids", "1", "--out", "/nonexistent/out")
                       : RUN("1", verbs[i], nowhere);
        assert_int_equal(r.code, 1);
        assert_int_equal(r.n_out, 0);
        assert_true(begins(r.err, "heft: "));
        assert_true(says(r.err, nowhere));
        assert_ptr_equal(strchr(r.err, '\n'), r.err + r.n_err - 1);
        program_free(&r);
    }
}

/* ---- run ---- */

static void standard_output_is_the_text_alone(void **state)
{
    (void)state;
    ran plain = RUN("", "run", FABLE, "-p", ONCE, "-n", "16", "--seed", "7");
    assert_int_equal(plain.code, 0);
    assert_true(plain.n_out > 0);
    assert_false(begins(plain.out, ONCE));
    assert_int_equal(plain.n_err, 0); /* not a terminal: nothing to say */

    ran echo = RUN("", "run", FABLE, "-p", ONCE, "-n", "16", "--seed", "7", "--echo");
    assert_true(begins(echo.out, ONCE));
    assert_string_equal(echo.out + strlen(ONCE), plain.out);
    program_free(&plain);
    program_free(&echo);
}

static void without_a_model_the_one_that_ships_speaks_and_says_so(void **state)
{
    (void)state;
    ran r = RUN("", "run", "-n", "8");
    assert_int_equal(r.code, 0);
    assert_true(begins(r.out, ONCE)); /* the beginning is heft's own, so it is part of the tale */
    assert_true(r.n_out > strlen(ONCE));
    assert_true(says(r.err, "fable"));
    assert_true(says(r.err, "heft run MODEL"));
    assert_ptr_equal(strchr(r.err, '\n'), r.err + r.n_err - 1);
    program_free(&r);
}

static void a_prompt_comes_from_an_option_a_file_or_standard_input(void **state)
{
    (void)state;
    static const char text[] = "The fox said:\n";
    const char *file = path_of("prompt");
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    ran a = RUN("", "run", FABLE, "-p", text, "-n", "8", "--temp", "0");
    ran b = RUN("", "run", FABLE, "-f", file, "-n", "8", "--temp", "0");
    ran c = RUN(text, "run", FABLE, "-n", "8", "--temp", "0");
    assert_int_equal(a.code, 0);
    assert_true(a.n_out > 0);
    assert_string_equal(a.out, b.out);
    assert_string_equal(a.out, c.out);
    program_free(&a);
    program_free(&b);
    program_free(&c);

    a = RUN("", "run", FABLE);
    assert_int_equal(a.code, 1);
    assert_true(says(a.err, "there is no prompt"));
    program_free(&a);
}

static void a_terminal_is_not_read_as_a_prompt(void **state)
{
    (void)state;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) skip();
    int typed = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    if (typed < 0) skip();
    int code =
        program_wait(program_start(typed, -1, -1, (const char *const[]){ "run", "-n", "4", NULL }));
    assert_int_equal(code, 0);
    code = program_wait(program_start(typed, -1, -1, (const char *const[]){ "run", FABLE, NULL }));
    assert_int_equal(code, 2);
    (void)close(typed);
    (void)close(terminal);
}

static void a_seed_decides_and_none_draws_one(void **state)
{
    (void)state;
    ran r[5];
    static const char *const seed[] = { "--seed=1", "--seed=1", "--seed=2", "--echo", "--echo" };
    for (int i = 0; i < 5; i++)
        r[i] =
            RUN("", "run", FABLE, "-p", ONCE, "-n", "48", "--temp", "1.5", "--ignore-eos", seed[i]);
    assert_string_equal(r[0].out, r[1].out);
    assert_string_not_equal(r[0].out, r[2].out);
    assert_string_not_equal(r[3].out, r[4].out);
    for (int i = 0; i < 5; i++)
        program_free(&r[i]);
}

static void a_text_ends_before_a_stop_and_at_the_count(void **state)
{
    (void)state;
    ran whole = RUN("", "run", FABLE, "-p", ONCE, "-n", "24", "--temp", "0");
    assert_int_equal(whole.code, 0);
    assert_true(whole.n_out > 24);
    char stop[9] = { 0 };
    memcpy(stop, whole.out + 12, sizeof stop - 1);
    ran cut = RUN("", "run", FABLE, "-p", ONCE, "-n", "24", "--temp", "0", "--stop", "no such text",
                  "--stop", stop);
    assert_int_equal(cut.code, 0);
    size_t before = (size_t)(strstr(whole.out, stop) - whole.out);
    assert_int_equal(cut.n_out, before);
    assert_memory_equal(cut.out, whole.out, before);
    ran none = RUN("", "run", FABLE, "-p", ONCE, "-n", "0");
    assert_int_equal(none.code, 0);
    assert_int_equal(none.n_out, 0);
    program_free(&whole);
    program_free(&cut);
    program_free(&none);
}

static void a_full_context_ends_the_text_and_says_both_numbers(void **state)
{
    (void)state;
    ran r = RUN("", "run", FABLE, "-p", ONCE, "-n", "-1", "-c", "32", "--ignore-eos");
    assert_int_equal(r.code, 0);
    assert_true(r.n_out > 0);
    assert_true(begins(r.err, "heft: the context of 32 tokens is full (length): "));
    assert_true(says(r.err, " generated; -c sets another\n"));
    program_free(&r);
}

static void a_prompt_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    ran r = RUN("", "run", FABLE, "-p", ONCE ", and a time after that one", "-c", "3");
    assert_int_equal(r.code, 1);
    assert_int_equal(r.n_out, 0);
    assert_true(says(r.err, "3"));
    program_free(&r);
}

static void the_models_folder_can_be_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(setenv("HEFT_MODELS", HEFT_SOURCE_DIR "/models", 1), 0);
    ran r = RUN("", "run", "-n", "1");
    assert_int_equal(r.code, 0);
    program_free(&r);
    assert_int_equal(setenv("HEFT_MODELS", "/nonexistent", 1), 0);
    r = RUN("", "run", "-n", "1");
    assert_int_equal(r.code, 1);
    assert_true(says(r.err, "/nonexistent/fable"));
    program_free(&r);
    assert_int_equal(unsetenv("HEFT_MODELS"), 0);
}

/* ---- endings ---- */

static void a_full_disk_is_a_failure(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    if (full < 0) skip();
    static const char *const word[][5] = {
        { "run", "-n", "4" }, { "show", FABLE }, { "--version" }, { "tokenize", FABLE, "a" }
    };
    for (int i = 0; i < 4; i++)
        assert_int_equal(program_wait(program_start(-1, full, -1, word[i])), 1);
    (void)close(full);
}

static void a_closed_pipe_ends_quietly(void **state)
{
    (void)state;
    int out[2], err[2];
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    (void)close(out[0]);
    pid_t pid =
        program_start(-1, out[1], err[1],
                      (const char *const[]){ "run", FABLE, "-p", ONCE, "--ignore-eos", NULL });
    (void)close(out[1]);
    (void)close(err[1]);
    char said[64];
    assert_int_equal(read(err[0], said, sizeof said), 0);
    assert_int_equal(program_wait(pid), 0);
    (void)close(err[0]);
}

static void an_interrupt_finishes_the_token_and_ends_with_130(void **state)
{
    (void)state;
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t pid = program_start(-1, out[1], -1,
                              (const char *const[]){ "run", FABLE, "-p", ONCE, "-n", "-1",
                                                     "--ignore-eos", "--echo", NULL });
    (void)close(out[1]);
    char text[1 << 12];
    assert_true(read(out[0], text, sizeof text) > 0);
    assert_int_equal(kill(pid, SIGINT), 0);
    size_t n = 0;
    for (ssize_t got; (got = read(out[0], text, sizeof text)) > 0;)
        n += (size_t)got;
    assert_int_equal(program_wait(pid), 130);
    assert_true(n < 2000); /* the whole context would be more */
    (void)close(out[0]);
}

static void a_second_interrupt_ends_at_once(void **state)
{
    (void)state;
#ifdef HEFT_SANITIZED
    skip(); /* the thread sanitizer keeps a signal back until the write ends */
#endif
    enum { PIPE = 4096, PROMPT = 2 * PIPE };
    char prompt[PROMPT + 1];
    memset(prompt, ' ', PROMPT);
    prompt[PROMPT] = 0;
    int out[2];
    assert_int_equal(pipe(out), 0);
    if (fcntl(out[1], F_SETPIPE_SZ, PIPE) != PIPE) skip();
    pid_t pid = program_start(-1, out[1], -1,
                              (const char *const[]){ "run", FABLE, "-p", prompt, "--echo", NULL });
    (void)close(out[1]);
    char first;
    assert_int_equal(read(out[0], &first, 1), 1); /* it now waits in a write that cannot end */
    assert_int_equal(kill(pid, SIGINT), 0);
    (void)usleep(50000); /* two at the same time would count as one */
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(program_wait(pid), 130);
    (void)close(out[0]);
}

/* ---- tokens ---- */

static void tokens_and_bytes_are_each_others_inverse(void **state)
{
    (void)state;
    static const char text[] = " A fox,\n\n\ta h\xc3\xa9ron \xf0\x9f\xa6\x8a and 12345 grapes. \n";
    ran ids = RUN(text, "tokenize", FABLE);
    assert_int_equal(ids.code, 0);
    assert_int_equal(strspn(ids.out, "0123456789 "), ids.n_out - 1);
    assert_int_equal(ids.out[ids.n_out - 1], '\n');
    assert_false(says(ids.out, "  "));
    ran dash = RUN(text, "tokenize", FABLE, "-");
    ran word = RUN("", "tokenize", FABLE, "--", text);
    assert_string_equal(ids.out, dash.out);
    assert_string_equal(ids.out, word.out);

    ran back = RUN(ids.out, "detokenize", FABLE);
    assert_int_equal(back.code, 0);
    assert_string_equal(back.out, text);
    program_free(&ids);
    program_free(&dash);
    program_free(&word);
    program_free(&back);
}

static void ids_are_words_of_the_command_line(void **state)
{
    (void)state;
    ran special = RUN("", "tokenize", FABLE, "--no-special", "--parse-special", "<|end|>");
    assert_string_equal(special.out, "4\n");
    ran text = RUN("", "tokenize", FABLE, "--no-special", "<|end|>");
    assert_string_not_equal(text.out, "4\n");
    ran hidden = RUN("", "detokenize", FABLE, "4", "4");
    ran shown = RUN("", "detokenize", FABLE, "--special", "4", "4");
    assert_string_equal(hidden.out, "");
    assert_string_equal(shown.out, "<|end|><|end|>");
    ran wrong = RUN("", "detokenize", FABLE, "4", "many");
    assert_int_equal(wrong.code, 1);
    assert_string_equal(wrong.err, "heft: 'many' is not a token id\n");
    ran beyond = RUN("", "detokenize", FABLE, "2048");
    assert_int_equal(beyond.code, 1);
    assert_true(says(beyond.err, "2048"));
    ran *all[] = { &special, &text, &hidden, &shown, &wrong, &beyond };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        program_free(all[i]);
}

/* ---- looking at a model ---- */

static void show_says_what_the_model_is(void **state)
{
    (void)state;
    ran r = RUN("", "show", FABLE, "--json");
    assert_int_equal(r.code, 0);
    static const char *const part[] = {
        "\"family\":\"llama\"", "\"parameters\":",   "\"parameters_active\":",
        "\"context\":1024",     "\"vocab\":2048",    "\"tensors\":",
        "\"bytes\":",           "\"copied_bytes\":", "\"formats\":{\"BF16\":"
    };
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        assert_true(says(r.out, part[i]));
    assert_false(says(r.out, "model.norm.weight"));
    program_free(&r);
    r = RUN("", "show", FABLE, "--json", "--tensors");
    assert_true(says(r.out, "{\"name\":\"model.norm.weight\",\"format\":\"BF16\",\"shape\":[256]"));
    program_free(&r);
    r = RUN("", "show", FABLE, "--tensors");
    assert_true(says(r.out, "family      llama, from safetensors\n"));
    assert_true(says(r.out, "model.norm.weight"));
    program_free(&r);
}

static void every_family_is_shown_with_what_shows_it(void **state)
{
    (void)state;
    ran r = RUN("", "show", "--families", "--json");
    assert_int_equal(r.code, 0);
    int32_t n = 0;
    heft_family_facts f;
    for (; heft_family_describe(n, &f); n++) {
        char entry[128];
        (void)snprintf(entry, sizeof entry, "{\"family\":\"%s\",\"source\":", f.name);
        assert_true(says(r.out, entry));
        /* a family is here only because it is exact on a tiny model */
        if (!heft_family_shown(&f, HEFT_EXACT, 0)) fail_msg("%s: no golden", f.name);
        if (*f.gguf_archs && !heft_family_shown(&f, HEFT_EXACT_GGUF, 0))
            fail_msg("%s: no golden as a GGUF file", f.name);
    }
    assert_true(n > 40);
    assert_false(heft_family_describe(-1, &f));
    assert_true(says(r.out, "\"ran\":[\"fable\"]"));
    program_free(&r);
    r = RUN("", "show", FABLE, "--families");
    assert_int_equal(r.code, 2);
    assert_string_equal(r.err, "heft: show: --families is about no model\n");
    program_free(&r);
}

static void plan_gives_bytes(void **state)
{
    (void)state;
    ran r = RUN("", "plan", FABLE, "--json");
    assert_int_equal(r.code, 0);
    assert_true(begins(r.out, "{\"weights_mapped\":"));
    static const char *const key[] = { "weights_copied", "cache_per_token", "cache",
                                       "work",           "total_private",   "available" };
    for (size_t i = 0; i < sizeof key / sizeof key[0]; i++)
        assert_true(says(r.out, key[i]));
    program_free(&r);
    r = RUN("", "plan", FABLE);
    assert_true(begins(r.out, "weights, used in the file        5.50 MiB\n"));
    program_free(&r);
}

/* Zeros that take no room on the disk: half a terabyte of weights, and up to 4 TiB of cache. */
static const heft_synthetic huge = {
    .arch = "llama",
    .L = 1,
    .D = 1 << 15,
    .H = 64,
    .G = 64,
    .dk = 128,
    .F = 256,
    .V = 1 << 23,
    .ctx = HEFT_MAX_CONTEXT,
    .type = HEFT_F16,
    .tied = true,
    .sparse = true,
};

static void what_does_not_fit_is_refused_or_warned_about(void **state)
{
    (void)state;
    heft_error err = { 0 };
    const char *file = path_of("huge.gguf");
    if (heft_synthetic_write(&huge, file, &err)) skip(); /* no such file on this disk */
    ran r = RUN("", "plan", file, "--json");
    const char *available = strstr(r.out, "\"available\":");
    assert_non_null(available);
    int64_t bytes = strtoll(available + strlen("\"available\":"), NULL, 10);
    bool small = bytes >= 0 && bytes < INT64_C(400) << 30;
    program_free(&r);
    if (!small) skip();

    r = RUN("", "plan", file);
    assert_int_equal(r.code, 0);
    assert_true(begins(r.err, "heft: warning: the weights (514 GiB) exceed the memory"));
    program_free(&r);

    r = RUN("", "plan", file, "-c", "134217728", "--json");
    assert_int_equal(r.code, 1);
    assert_true(begins(r.out, "{"));
    assert_true(begins(r.err, "heft: this needs "));
    program_free(&r);
    r = RUN("", "plan", file, "-c", "134217728", "--json", "--force");
    assert_int_equal(r.code, 0);
    program_free(&r);

    r = RUN("", "bench", file, "-d", "16777216", "-p", "16777216");
    assert_int_equal(r.code, 1);
    assert_int_equal(r.n_out, 0);
    program_free(&r);
}

static void copy(const char *from, const char *to, const char *begin)
{
    char *text;
    size_t n;
    assert_int_equal(heft_read_file(from, 1 << 24, &text, &n, NULL), HEFT_OK);
    FILE *f = fopen(to, "w");
    assert_non_null(f);
    size_t skipped = *begin ? 1 : 0; /* `begin` stands for the first byte */
    assert_true(fputs(begin, f) >= 0);
    assert_int_equal(fwrite(text + skipped, 1, n - skipped, f), n - skipped);
    assert_int_equal(fclose(f), 0);
    heft_free(text);
}

static void a_warning_appears_once_on_standard_error(void **state)
{
    (void)state;
    static const char *const part[] = { "model.safetensors", "tokenizer.json", "config.json" };
    for (int i = 0; i < 3; i++) {
        char from[512];
        (void)snprintf(from, sizeof from, "%s/%s", FABLE, part[i]);
        copy(from, path_of(part[i]), i == 2 ? "{ \"wobble_factor\": 3," : "");
    }
    ran r = RUN("", "run", scratch, "-p", ONCE, "-n", "2");
    assert_int_equal(r.code, 0);
    const char *first = strstr(r.err, "wobble_factor");
    assert_non_null(first);
    assert_null(strstr(first + 1, "wobble_factor"));
    assert_true(begins(r.err, "heft: warning: "));
    program_free(&r);
}

static void logits_are_the_same_whatever_the_chunk(void **state)
{
    (void)state;
    char *text[2];
    size_t n[2];
    static const char *const chunk[] = { "--chunk=1", "--chunk=7" };
    for (int i = 0; i < 2; i++) {
        const char *file = path_of(chunk[i]);
        ran r = RUN("", "logits", FABLE, "--ids", "5 6 7 8 9 10 11 12 13", "--hidden", chunk[i],
                    "--out", file);
        assert_int_equal(r.code, 0);
        assert_int_equal(r.n_out + r.n_err, 0);
        program_free(&r);
        assert_int_equal(heft_read_file(file, 1 << 24, &text[i], &n[i], NULL), HEFT_OK);
    }
    assert_true(says(text[0] + 8, "\"ids\":{\"dtype\":\"I32\",\"shape\":[9]"));
    assert_true(says(text[0] + 8, "\"logits\":{\"dtype\":\"F32\",\"shape\":[9,2048]"));
    assert_true(says(text[0] + 8, "\"hidden\":{\"dtype\":\"F32\",\"shape\":[4,9,256]"));
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(text[0], text[1], n[0]);
    heft_free(text[0]);
    heft_free(text[1]);
}

static int open_scratch(void **state)
{
    (void)state;
    heft_scratch_open(scratch);
    return setenv("XDG_CACHE_HOME", scratch, 1); /* not the profile of whoever runs this */
}

static int close_scratch(void **state)
{
    (void)state;
    heft_scratch_close(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_goes_to_standard_output),
        cmocka_unit_test(wrong_usage_is_exit_code_2_and_one_line),
        cmocka_unit_test(a_failure_is_exit_code_1_and_names_what_failed),
        cmocka_unit_test(standard_output_is_the_text_alone),
        cmocka_unit_test(without_a_model_the_one_that_ships_speaks_and_says_so),
        cmocka_unit_test(a_prompt_comes_from_an_option_a_file_or_standard_input),
        cmocka_unit_test(a_terminal_is_not_read_as_a_prompt),
        cmocka_unit_test(a_seed_decides_and_none_draws_one),
        cmocka_unit_test(a_text_ends_before_a_stop_and_at_the_count),
        cmocka_unit_test(a_full_context_ends_the_text_and_says_both_numbers),
        cmocka_unit_test(a_prompt_that_does_not_fit_is_an_error),
        cmocka_unit_test(the_models_folder_can_be_elsewhere),
        cmocka_unit_test(a_full_disk_is_a_failure),
        cmocka_unit_test(a_closed_pipe_ends_quietly),
        cmocka_unit_test(an_interrupt_finishes_the_token_and_ends_with_130),
        cmocka_unit_test(a_second_interrupt_ends_at_once),
        cmocka_unit_test(tokens_and_bytes_are_each_others_inverse),
        cmocka_unit_test(ids_are_words_of_the_command_line),
        cmocka_unit_test(show_says_what_the_model_is),
        cmocka_unit_test(every_family_is_shown_with_what_shows_it),
        cmocka_unit_test(plan_gives_bytes),
        cmocka_unit_test(what_does_not_fit_is_refused_or_warned_about),
        cmocka_unit_test(a_warning_appears_once_on_standard_error),
        cmocka_unit_test(logits_are_the_same_whatever_the_chunk),
    };
    return cmocka_run_group_tests(tests, open_scratch, close_scratch);
}

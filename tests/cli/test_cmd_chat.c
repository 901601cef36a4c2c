/* A conversation as a person has it: through a terminal, and through pipes. */
#define _GNU_SOURCE /* posix_openpt */
#include "cli/program.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "heft.h"
#include "scratch.h"
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FABLE HEFT_SOURCE_DIR "/models/fable"

static char scratch[HEFT_SCRATCH_PATH];

static const char *path_of(const char *name)
{
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    heft_scratch_file(scratch, name, path[turn], sizeof path[turn]);
    return path[turn];
}

static void write_file(const char *name, const char *content)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, strlen(content), f), strlen(content));
    assert_int_equal(fclose(f), 0);
}

/* ---- a terminal ---------------------------------------------------------- */

typedef struct {
    int fd;
    pid_t pid;
    heft_buf out; /* what was shown, without carriage returns */
    size_t seen;  /* of it, when something was last typed */
} terminal;

static void sit_down(terminal *t, const char *const *words)
{
    struct winsize size = { .ws_row = 40, .ws_col = 200 };
    *t = (terminal){ .out = heft_buf_of(1 << 20) };
    heft_buf_z(&t->out, "");
    t->fd = posix_openpt(O_RDWR | O_NOCTTY);
    int slave = -1;
    if (t->fd >= 0 && grantpt(t->fd) == 0 && unlockpt(t->fd) == 0)
        slave = open(ptsname(t->fd), O_RDWR | O_NOCTTY);
    if (slave < 0) {
        print_message("there is no terminal to type into: not run\n");
        skip();
    }
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    t->pid = program_start(slave, slave, slave, words);
    (void)close(slave);
}

/* Read a piece; false: nothing more comes. */
static bool read_piece(terminal *t)
{
    struct pollfd p = { .fd = t->fd, .events = POLLIN };
    char piece[4096];
    if (poll(&p, 1, 60000) != 1) fail_msg("a minute of silence after: %s", t->out.p);
    ssize_t got = read(t->fd, piece, sizeof piece);
    for (ssize_t i = 0; i < got; i++)
        if (piece[i] != '\r') heft_buf_add(&t->out, &piece[i], 1);
    return got > 0;
}

/* Read until a prompt waits that was not there when something was last done. */
static void read_prompt(terminal *t)
{
    heft_str s;
    do
        s = (heft_str){ t->out.p, t->out.n };
    while (!(s.n > t->seen && (heft_str_ends(s, "\n> ") || heft_str_ends(s, "\n. ")))
           && read_piece(t));
}

/* Read until this was shown since something was last done. */
static void read_text(terminal *t, const char *text)
{
    while (!strstr(t->out.p + t->seen, text) && read_piece(t))
        continue;
}

static void type(terminal *t, const char *text)
{
    t->seen = t->out.n;
    assert_int_equal(write(t->fd, text, strlen(text)), strlen(text));
}

static void interrupt(terminal *t)
{
    t->seen = t->out.n;
    assert_int_equal(kill(t->pid, SIGINT), 0);
}

static int stand_up(terminal *t)
{
    while (read_piece(t))
        continue;
    int code = program_wait(t->pid);
    (void)close(t->fd);
    return code;
}

/* ---- the transcript of the page ------------------------------------------------ */

/* The words of "$ heft chat ...", at most 15. */
static void split_words(char *line, const char *words[16])
{
    size_t n = 0;
    for (char *save = NULL, *w = strtok_r(line, " ", &save); w && n < 15;
         w = strtok_r(NULL, " ", &save))
        words[n++] = w;
    words[n] = NULL;
}

/* Type what a block of the page types, and show what it should show. */
static void replay(char *block, heft_buf *shown)
{
    terminal t;
    const char *words[16];
    char *save = NULL, command[256];
    char *line = strtok_r(block, "\n", &save);
    (void)snprintf(command, sizeof command, "%s", line);
    heft_buf_printf(shown, "%s\n", command);
    split_words(command + strlen("$ heft "), words);
    sit_down(&t, words);
    while ((line = strtok_r(NULL, "\n", &save))) {
        if (strncmp(line, "> ", 2) != 0 && strncmp(line, ". ", 2) != 0) continue;
        char typed[256];
        (void)snprintf(typed, sizeof typed, "%s\n", line + 2);
        read_prompt(&t);
        type(&t, typed);
    }
    assert_int_equal(stand_up(&t), 0);
    heft_buf_str(shown, (heft_str){ t.out.p, t.out.n });
    heft_buf_free(&t.out);
}

static void the_page_shows_what_is_shown(void **state)
{
    static const char begin[] = "```console\n", end[] = "```\n";
    char *page = NULL, here[4096];
    size_t n;
    heft_error err = { 0 };
    (void)state;
    assert_ok(heft_read_file(HEFT_SOURCE_DIR "/docs/chat.md", 1 << 20, &page, &n, &err), &err);
    heft_buf now = heft_buf_of(1 << 20);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(symlink(HEFT_SOURCE_DIR "/models", path_of("models")), 0);
    assert_int_equal(chdir(scratch), 0);
    const char *at = page;
    for (const char *block; (block = strstr(at, begin));) {
        block += sizeof begin - 1;
        const char *after = strstr(block, end);
        char *text = heft_strdup((heft_str){ block, (size_t)(after - block) });
        heft_buf_str(&now, (heft_str){ at, (size_t)(block - at) });
        replay(text, &now);
        heft_free(text);
        at = after;
    }
    heft_buf_z(&now, at);
    assert_int_equal(chdir(here), 0);
    bool same = now.n == n && memcmp(now.p, page, n) == 0;
    FILE *f = same ? NULL : fopen(HEFT_BINARY_DIR "/chat.md", "wb");
    if (f) assert_int_equal(fwrite(now.p, 1, now.n, f), now.n);
    if (f) assert_int_equal(fclose(f), 0);
    if (!same)
        fail_msg(
            "docs/chat.md shows something else than heft does: compare it with %s/chat.md, and "
            "take that over if it is right",
            HEFT_BINARY_DIR);
    heft_buf_free(&now);
    heft_free(page);
}

static void an_interrupt_stops_an_answer_and_two_at_the_prompt_leave(void **state)
{
    (void)state;
    terminal t;
    sit_down(&t, (const char *const[]){ "chat", FABLE, "--seed", "1", "--temp", "0", NULL });
    read_prompt(&t);
    type(&t, "Tell me all.\n");
    read_text(&t, " a ");
    interrupt(&t);
    read_prompt(&t);
    assert_true(says(t.out.p, "the answer was stopped"));
    type(&t, "half a li");
    read_text(&t, "half a li");
    interrupt(&t);
    read_prompt(&t);
    assert_true(says(t.out.p + t.seen, "Ctrl-C once more"));
    type(&t, "/system\n"); /* something in between: it counts from one again */
    read_prompt(&t);
    assert_true(says(t.out.p + t.seen, "there is no system message"));
    interrupt(&t);
    read_prompt(&t);
    assert_true(says(t.out.p + t.seen, "Ctrl-C once more"));
    interrupt(&t);
    assert_int_equal(stand_up(&t), 130);
    heft_buf_free(&t.out);
}

/* What a terminal marks as pasted is one message, with its lines and tabs. */
static void what_is_pasted_is_one_message(void **state)
{
    (void)state;
    terminal t;
    char save[600];
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    sit_down(&t, (const char *const[]){ "chat", FABLE, "--seed", "1", "-n", "4", NULL });
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    read_text(&t, "\033[?2004h");
    type(&t, "See: \033[200~one\r\ttwo\001\033[Athree\r\033[201~end\n");
    read_text(&t, "the answer has reached");
    read_text(&t, "\033[?2004h");
    (void)snprintf(save, sizeof save, "/save %s\n", path_of("pasted.json"));
    type(&t, save);
    read_text(&t, "saved in");
    type(&t, "/bye\n");
    assert_int_equal(stand_up(&t), 0);
    assert_true(says(t.out.p, "\033[?2004l"));
    heft_buf_free(&t.out);
    json_t *session = json_load_file(path_of("pasted.json"), 0, NULL);
    json_t *said = json_array_get(json_object_get(session, "messages"), 0);
    assert_string_equal(json_string_value(json_object_get(said, "content")),
                        "See: one\n\ttwo\001\033[Athree\nend");
    json_decref(session);
}

/* ---- pipes ------------------------------------------------------------------------ */

/* The number behind the k-th "heft: " line that has these words. */
static long number_before(const char *text, const char *words, int k)
{
    const char *at = text;
    for (int i = 0; i <= k; i++) {
        at = strstr(at + (i > 0), words);
        if (!at) fail_msg("%d times only \"%s\" in: %s", i, words, text);
    }
    while (at > text && (at[-1] == ' ' || (at[-1] >= '0' && at[-1] <= '9')))
        at--;
    return strtol(at, NULL, 10);
}

static void a_turn_reads_only_what_is_new(void **state)
{
    (void)state;
    ran r = RUN("Tell me a tale.\nAnd on.\nAnd on.\n", "chat", FABLE, "--seed", "5", "-n", "24",
                "--verbose");
    assert_int_equal(r.code, 0);
    long read0 = number_before(r.err, " read in", 0), before = 0;
    assert_int_equal(number_before(r.err, " tokens kept", 0), 0);
    for (int k = 1; k < 3; k++) {
        long kept = number_before(r.err, " tokens kept", k);
        /* all but the last token of the answer before, which was chosen and not fed */
        before += number_before(r.err, " read in", k - 1) + 24 - 1;
        assert_int_equal(kept, before);
        assert_true(number_before(r.err, " read in", k) < read0);
    }
    program_free(&r);
}

/* A template that leaves the answers of earlier turns out: what is common stays. */
static void a_template_that_rewrites_costs_what_is_behind_the_place(void **state)
{
    (void)state;
    write_file("short.jinja",
               "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' or loop.last %}"
               "{{ '<|user|>' ~ m.content ~ '<|end|>' }}{% endif %}{% endfor %}"
               "{% if add_generation_prompt %}<|assistant|>{% endif %}");
    ran r = RUN("Tell me a tale.\nAnd on.\n", "chat", FABLE, "--seed", "5", "-n", "24", "--verbose",
                "--template", path_of("short.jinja"));
    assert_int_equal(r.code, 0);
    /* <|assistant|> closes the first prompt and not its part of the second */
    assert_int_equal(number_before(r.err, " tokens kept", 1),
                     number_before(r.err, " read in", 0) - 1);
    assert_true(says(r.err, "leaves out message 1 of the conversation (assistant)"));
    program_free(&r);
}

static void a_saved_conversation_goes_on_exactly(void **state)
{
    (void)state;
    const char *session = path_of("s.json");
    char input[1024];
    ran whole = RUN("Once.\nTwice.\n/regen\nThrice.\n", "chat", FABLE, "--seed", "7", "-n", "20");
    (void)snprintf(input, sizeof input, "Once.\nTwice.\n/regen\n/save %s\n", session);
    ran first = RUN(input, "chat", FABLE, "--seed", "7", "-n", "20");
    ran second = RUN("Thrice.\n", "chat", FABLE, "--load", session);
    assert_int_equal(second.code, 0);
    assert_true(second.n_out > 0);
    (void)snprintf(input, sizeof input, "%s%s", first.out, second.out);
    assert_string_equal(input, whole.out);
    program_free(&first);
    program_free(&second);

    char *text = NULL;
    size_t n;
    heft_error err = { 0 };
    assert_ok(heft_read_file(session, 1 << 20, &text, &n, &err), &err);
    static const struct {
        const char *from, *to, *said;
    } broken[] = {
        { "\"fingerprint\": \"", "\"fingerprint\": \"0", "belongs to another model" },
        { "\"heft_session\": 1", "\"heft_session\": 2", "is no session of this version" },
        { "\"ids\": [", "\"ids\": [\n 2048,", "id 0 is none of 0 to 2047" },
        { "\"seed\": \"8\"", "\"seed\": \"x\"", "settings.seed is missing or no such value" },
        { "\"role\": \"user\"", "\"role\": 1", "message 0 has no role and content" },
        { "{", "{{", "s.json:1:" },
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *at = strstr(text, broken[i].from);
        assert_non_null(at);
        heft_buf b = heft_buf_of(1 << 20);
        heft_buf_str(&b, (heft_str){ text, (size_t)(at - text) });
        heft_buf_printf(&b, "%s%s", broken[i].to, at + strlen(broken[i].from));
        write_file("s.json", b.p);
        ran r = RUN("Thrice.\n", "chat", FABLE, "--load", session);
        assert_int_equal(r.code, 1);
        assert_int_equal(r.n_out, 0);
        if (!says(r.err, broken[i].said)) fail_msg("%s", r.err);
        program_free(&r);
        heft_buf_free(&b);
    }
    heft_free(text);
    program_free(&whole);
}

static void what_goes_wrong_is_said_and_the_conversation_goes_on(void **state)
{
    (void)state;
    write_file("note.txt", "A fox is an animal.");
    char input[2048];
    (void)snprintf(
        input, sizeof input,
        "/nope\n/regne\n/regen\n/set tokens x\n/set nope 1\n/set think on\n/load %s\n/file "
        "%s\n/file /nonexistent/x\n/bye now\n/system\n/system Be kind.\n/system\nTell.\n",
        path_of("missing.json"), path_of("note.txt"));
    ran r = RUN(input, "chat", FABLE, "--seed", "1", "-n", "5", "--verbose");
    static const char *const said[] = {
        "heft: there is no /nope; /help lists what there is\n",
        "heft: there is no /regne, nearest is /regen; /help lists what there is\n",
        "heft: /regen: there is no answer yet\n",
        "heft: --tokens: 'x' is not a whole number\n",
        "heft: /set: there is no setting 'nope', and the template has no such switch",
        "(tokenizer_config.json) has no switch for thinking; it has none\n",
        "missing.json: No such file or directory\n",
        "note.txt (19 bytes) goes with the next message\n",
        "heft: /nonexistent/x: No such file or directory\n",
        "heft: /bye takes nothing behind it\n",
        "heft: there is no system message\n",
        "heft: the system message is: Be kind.\n",
        "5 written at",
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (!says(r.err, said[i])) fail_msg("\"%s\" is not in: %s", said[i], r.err);
    assert_int_equal(r.code, 0);
    assert_true(r.n_out > 0);
    program_free(&r);
}

static void a_file_goes_with_the_next_message(void **state)
{
    (void)state;
    write_file("note.txt", "A fox is an animal.");
    char input[1024];
    (void)snprintf(input, sizeof input, "/file %s\n/file -\nTell.\n/file %s\nTell.\n/save %s\n",
                   path_of("note.txt"), path_of("note.txt"), path_of("s.json"));
    ran r = RUN(input, "chat", FABLE, "--seed", "1", "-n", "5");
    char *text = NULL;
    size_t n;
    heft_error err = { 0 };
    assert_ok(heft_read_file(path_of("s.json"), 1 << 20, &text, &n, &err), &err);
    assert_true(says(text, "\"content\": \"Tell.\""));
    assert_true(says(text, "\"content\": \"File note.txt:\\n\\nA fox is an animal.\\n\\nTell.\""));
    heft_free(text);
    program_free(&r);
}

static void thinking_is_switched_and_shown_apart(void **state)
{
    (void)state;
    write_file("say.jinja", "{% if reasoning_effort is defined %}{{ raise_exception('effort ' ~ "
                            "reasoning_effort) }}{% endif %}{% if enable_thinking is defined %}"
                            "{{ raise_exception('thinking ' ~ enable_thinking) }}{% endif %}"
                            "{% for m in messages %}{{ m.content }}{% endfor %}");
    static const char *const row[][2] = { { "off", "heft: thinking False\n" },
                                          { "on", "heft: thinking True\n" },
                                          { "low", "heft: effort low\n" },
                                          { "high", "heft: effort high\n" } };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        ran r =
            RUN("Hi.\n", "chat", FABLE, "--template", path_of("say.jinja"), "--think", row[i][0]);
        if (!says(r.err, row[i][1])) fail_msg("%s", r.err);
        program_free(&r);
    }
    write_file("open.jinja",
               "{% for m in messages %}{{ '<|user|>' ~ m.content ~ '<|end|>' }}"
               "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}<think>"
               "{{ ' \\n\\n' }}{% endif %}");
    ran r =
        RUN("Hi.\n", "chat", FABLE, "--template", path_of("open.jinja"), "--seed", "1", "-n", "9");
    ran hidden = RUN("Hi.\n", "chat", FABLE, "--template", path_of("open.jinja"), "--seed", "1",
                     "-n", "9", "--hide-thinking");
    assert_string_equal(r.out, "\n"); /* it never ends: all of it is reasoning */
    assert_string_equal(hidden.out, "\n");
    assert_true(r.n_err > hidden.n_err + 10);
    program_free(&r);
    program_free(&hidden);
}

static void a_conversation_too_long_is_an_error_with_both_numbers(void **state)
{
    (void)state;
    ran r = RUN("Tell me a long tale of a fox and a wolf who went into the wood.\n/clear\nHi.\n",
                "chat", FABLE, "--seed", "1", "-c", "16", "-n", "4");
    assert_int_equal(r.code, 0);
    assert_int_equal(number_before(r.err, " tokens with this message, the context is 16", 0), 23);
    assert_true(says(r.err, "/clear begins anew"));
    assert_true(r.n_out > 0); /* the second one fits */
    program_free(&r);
}

static void a_model_without_a_template_is_refused_and_can_be_told_a_format(void **state)
{
    (void)state;
    static const char *const files[] = { "config.json", "model.safetensors", "tokenizer.json",
                                         "generation_config.json" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char from[512], *text = NULL;
        size_t n;
        heft_error err = { 0 };
        (void)snprintf(from, sizeof from, FABLE "/%s", files[i]);
        assert_ok(heft_read_file(from, 1 << 26, &text, &n, &err), &err);
        FILE *f = fopen(path_of(files[i]), "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, n, f), n);
        assert_int_equal(fclose(f), 0);
        heft_free(text);
    }
    ran r = RUN("Hi.\n", "chat", scratch);
    assert_int_equal(r.code, 1);
    assert_int_equal(r.n_out, 0);
    assert_true(says(r.err, "ships no chat template"));
    assert_true(says(r.err, "chatml, llama2, llama3, mistral, "));
    program_free(&r);
    r = RUN("Hi.\n", "chat", scratch, "--chat-format", "alpaca", "--seed", "1", "-n", "4");
    assert_int_equal(r.code, 0);
    assert_true(r.n_out > 0);
    assert_true(says(r.err, "closes an answer with no special token"));
    program_free(&r);
    r = RUN("", "show", scratch);
    assert_true(says(r.out, "  chat        no template\n"));
    program_free(&r);
}

/* ---- heft prompt --------------------------------------------------------------------- */

static void prompt_shows_text_and_ids_in_which_typed_tokens_are_text(void **state)
{
    (void)state;
    write_file("m.json", "[{\"role\":\"user\",\"content\":\"Hi <|end|>\"}]");
    const char *m = path_of("m.json");
    ran r = RUN("", "prompt", FABLE, "--messages", m);
    assert_string_equal(r.out, "<|endoftext|><|user|>Hi <|end|><|end|><|assistant|>");
    program_free(&r);
    r = RUN("", "prompt", FABLE, "--messages", m, "--no-generation-prompt", "--bos", "<|system|>");
    assert_string_equal(r.out, "<|system|><|user|>Hi <|end|><|end|>");
    program_free(&r);
    r = RUN("", "prompt", FABLE, "--messages", m, "--ids");
    assert_true(says(r.out, "0 2 "));
    assert_true(heft_str_ends(heft_str_of(r.out), " 4 3\n"));
    assert_false(says(r.out, " 4 4 3\n"));
    program_free(&r);
    r = RUN("", "prompt", FABLE, "--messages", m, "--ids", "--parse-special");
    assert_true(says(r.out, " 4 4 3\n"));
    program_free(&r);
    r = RUN("", "prompt", "--messages", m, "--chat-format", "chatml");
    assert_string_equal(r.out, "<|im_start|>user\nHi <|end|><|im_end|>\n<|im_start|>assistant\n");
    program_free(&r);
    write_file("t.jinja", "{{ strftime_now('%Y-%m-%d %H') }}{{ x }}");
    r = RUN("", "prompt", "--messages", m, "--template", path_of("t.jinja"), "--now",
            "2025-03-07T09:05:03", "--kwargs", "{\"x\":1}");
    assert_string_equal(r.out, "2025-03-07 091");
    assert_true(says(r.err, "heft: warning: the template leaves out message 0"));
    program_free(&r);
    static const struct {
        const char *word[8], *said;
    } wrong[] = {
        { { "prompt", FABLE }, "heft: prompt: --messages FILE is missing\n" },
        { { "prompt", "--messages", "x" },
          "heft: prompt: give MODEL, --template or --chat-format\n" },
        { { "prompt", "--messages", "x", "--template", "y", "--ids" },
          "heft: prompt: --ids needs MODEL, for its tokenizer\n" },
        { { "prompt", "--messages", "x", "--template", "y", "--chat-format", "z" },
          "heft: prompt: --template and --chat-format exclude each other\n" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        r = program_run("", 0, wrong[i].word);
        assert_string_equal(r.err, wrong[i].said);
        assert_int_equal(r.code, 2);
        program_free(&r);
    }
}

static int begin(void **state)
{
    (void)state;
    heft_scratch_open(scratch);
    return setenv("TERM", "dumb", 1);
}

static int end(void **state)
{
    (void)state;
    heft_scratch_close(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_page_shows_what_is_shown, begin, end),
        cmocka_unit_test_setup_teardown(an_interrupt_stops_an_answer_and_two_at_the_prompt_leave,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_is_pasted_is_one_message, begin, end),
        cmocka_unit_test_setup_teardown(a_turn_reads_only_what_is_new, begin, end),
        cmocka_unit_test_setup_teardown(a_template_that_rewrites_costs_what_is_behind_the_place,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_saved_conversation_goes_on_exactly, begin, end),
        cmocka_unit_test_setup_teardown(what_goes_wrong_is_said_and_the_conversation_goes_on, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_file_goes_with_the_next_message, begin, end),
        cmocka_unit_test_setup_teardown(thinking_is_switched_and_shown_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_conversation_too_long_is_an_error_with_both_numbers,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_model_without_a_template_is_refused_and_can_be_told_a_format, begin, end),
        cmocka_unit_test_setup_teardown(prompt_shows_text_and_ids_in_which_typed_tokens_are_text,
                                        begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is typed into a conversation: lines, with editing and history on a terminal. */
#include "cli/talk.h"

#include "base/mem.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

struct heft_input {
    EditLine *edit; /* NULL: standard input is no terminal */
    History *history;
    const char *prompt;
    heft_buf line; /* without an editor */
    bool marks;    /* the terminal marks what is pasted */
    bool pasting;
    char ahead[8]; /* (n_ahead) bytes that may yet become a mark */
    size_t n_ahead;
    wchar_t quoted; /* the next character, to be taken as it is; 0: none */
};

/* A terminal that is asked to (bracketed paste, an xterm convention that the others took over)
 * sends these around what is pasted, whose line ends are then no Enter key. */
static const char *const paste_marks[2] = { "\033[200~", "\033[201~" };
static const char *const ask_for_marks[2] = { "\033[?2004l", "\033[?2004h" };

static char *prompt_of(EditLine *edit)
{
    static char shown[8];
    void *data = NULL;
    (void)el_get(edit, EL_CLIENTDATA, &data);
    (void)snprintf(shown, sizeof shown, "%s", ((const heft_input *)data)->prompt);
    return shown;
}

/* The next byte that is typed. 1: it is there; 0: no more, or an interrupt; -1: a failure. The wait
 * is short, since an interrupt may come just before it. */
static int read_byte(char *byte)
{
    struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
    int ready = 0;
    while (ready <= 0) {
        if (heft_interrupted()) return 0;
        ready = poll(&p, 1, 100);
        if (ready < 0 && errno != EINTR) return -1;
    }
    return (int)read(STDIN_FILENO, byte, 1);
}

static int next_byte(heft_input *in, char *byte)
{
    if (!in->n_ahead) return read_byte(byte);
    *byte = in->ahead[0];
    memmove(in->ahead, in->ahead + 1, --in->n_ahead);
    return 1;
}

/* After an escape character: does the rest of a mark follow? Then it is passed. */
static bool pass_mark(heft_input *in, const char *mark)
{
    const size_t n = strlen(mark) - 1;
    for (size_t i = 0; i < n; i++) {
        if (i == in->n_ahead && read_byte(&in->ahead[in->n_ahead++]) <= 0)
            return in->n_ahead--, false;
        if (in->ahead[i] != mark[i + 1]) return false;
    }
    in->n_ahead -= n;
    memmove(in->ahead, in->ahead + n, in->n_ahead);
    return true;
}

static int read_code_point(heft_input *in, int32_t *cp)
{
    char byte[4];
    size_t n = 0;
    do {
        int got = next_byte(in, &byte[n]);
        if (got <= 0) return got;
        (void)heft_utf8_decode(byte, ++n, cp);
    } while (*cp < 0 && heft_utf8_whole((heft_str){ byte, n }) == 0);
    return 1;
}

/* One character for the editor, whose own reader does not end at an interrupt. Line ends, tabs and
 * their like in what is pasted come behind a Ctrl-V, which takes them as they are. */
static int read_char(EditLine *edit, wchar_t *out)
{
    enum { ESCAPE = 27, QUOTE = 'V' - '@' };
    void *data = NULL;
    int32_t cp = -1;
    (void)el_get(edit, EL_CLIENTDATA, &data);
    heft_input *in = data;
    *out = in->quoted;
    in->quoted = 0;
    if (*out) return 1;
    do {
        int got = read_code_point(in, &cp);
        if (got <= 0) return got;
    } while (in->marks && cp == ESCAPE && pass_mark(in, paste_marks[in->pasting])
             && (in->pasting = !in->pasting, true));
    *out = (wchar_t)(cp < 0 ? 0xfffd : cp);
    if (!in->pasting || cp < 0 || cp >= ' ') return 1;
    in->quoted = cp == '\r' ? L'\n' : *out;
    *out = QUOTE;
    return 1;
}

static bool start_editing(heft_input *in)
{
    HistEvent event;
    FILE *shown = isatty(STDOUT_FILENO) ? stdout : stderr;
    const char *kind = "dumb";
    in->edit = el_init("heft", stdin, shown, stderr);
    in->history = history_init();
    if (!in->edit || !in->history) return false;
    (void)history(in->history, &event, H_SETSIZE, 1000);
    (void)el_set(in->edit, EL_CLIENTDATA, in);
    (void)el_set(in->edit, EL_PROMPT, prompt_of);
    (void)el_set(in->edit, EL_EDITOR, "emacs");
    (void)el_set(in->edit, EL_HIST, history, in->history);
    (void)el_set(in->edit, EL_GETCFN, read_char);
    (void)el_get(in->edit, EL_TERMINAL, &kind);
    in->marks = isatty(STDERR_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
    return true;
}

heft_status heft_input_open(heft_input **out, heft_error *err)
{
    heft_input *in = heft_alloc(1, sizeof *in);
    bool terminal = isatty(STDIN_FILENO);
    if (terminal && !setlocale(LC_CTYPE, "C.UTF-8")) (void)setlocale(LC_CTYPE, "");
    if (!in || (terminal && !start_editing(in))) {
        heft_input_close(in);
        return heft_nomem(err, "line editing");
    }
    *out = in;
    return HEFT_OK;
}

void heft_input_close(heft_input *in)
{
    if (!in) return;
    if (in->edit) el_end(in->edit);
    if (in->history) history_end(in->history);
    heft_buf_free(&in->line);
    heft_free(in);
}

/* The next line of a pipe or a file, with its end; NULL: there is none. */
static const char *read_line(heft_input *in, size_t *n)
{
    int byte = 0;
    in->line.n = 0;
    in->line.max = HEFT_MAX_CONFIG_BYTES;
    while (byte != '\n' && (byte = getc(stdin)) != EOF)
        heft_buf_add(&in->line, &(char){ (char)byte }, 1);
    *n = in->line.n;
    return *n ? in->line.p : NULL;
}

/* One line without its end; NULL: there is none, or it was interrupted. */
static const char *next_line(heft_input *in, const char *prompt, size_t *n)
{
    const char *line;
    in->prompt = prompt;
    if (in->edit) {
        int count = 0;
        el_resize(in->edit);
        (void)el_set(in->edit, EL_PREP_TERM, 1); /* before the prompt: no key is echoed twice */
        if (in->marks) (void)fputs(ask_for_marks[1], stderr);
        line = el_gets(in->edit, &count);
        if (in->marks) (void)fputs(ask_for_marks[0], stderr);
        in->pasting = false;
        *n = count > 0 ? strlen(line) : 0;
        if (!line || !*n) line = NULL;
    } else {
        line = read_line(in, n);
    }
    if (heft_interrupted()) return NULL;
    if (line && line[*n - 1] == '\n') --*n;
    return line;
}

static const char quotes[] = "\"\"\"";
enum { QUOTES = sizeof quotes - 1 };

/* A message while its lines come in. */
typedef struct {
    heft_buf *text;
    size_t lines; /* that are part of it */
    bool block;   /* it stands between quotes */
} message;

/* Take a line. True: the message goes on behind it. */
static bool take_line(message *m, heft_str line, bool first)
{
    bool opens = first && heft_str_begins(line, quotes);
    if (opens) {
        m->block = true;
        line.p += QUOTES;
        line.n -= QUOTES;
    }
    bool closes = m->block && heft_str_ends(line, quotes);
    bool slash = !m->block && heft_str_ends(line, "\\");
    line.n -= closes ? QUOTES : slash;
    if (line.n || !(opens || closes)) { /* quotes on a line of their own are no part of it */
        if (m->lines++) heft_buf_z(m->text, "\n");
        heft_buf_str(m->text, line);
    }
    return m->block ? !closes : slash;
}

heft_status heft_input_next(heft_input *in, heft_buf *text, heft_typed *what, heft_error *err)
{
    message m = { .text = text };
    bool goes_on = true;
    text->n = 0;
    heft_buf_z(text, "");
    for (bool first = true; goes_on; first = false) {
        size_t n;
        const char *line = next_line(in, first ? "> " : ". ", &n);
        if (in->line.failed) return heft_buf_check(&in->line, "a line", err);
        if (heft_interrupted()) {
            *what = HEFT_TYPED_INTERRUPT;
            return HEFT_OK;
        }
        if (!line && first) {
            *what = HEFT_TYPED_END;
            return HEFT_OK;
        }
        if (!line) break;
        goes_on = take_line(&m, (heft_str){ line, n }, first);
    }
    heft_status st = heft_buf_check(text, "a message", err);
    if (st) return st;
    if (!heft_utf8_valid((heft_str){ text->p, text->n }) || memchr(text->p, 0, text->n))
        return heft_fail(err, HEFT_E_FORMAT, "what was typed is not UTF-8 text");
    *what = text->n ? HEFT_TYPED : HEFT_TYPED_NOTHING;
    HistEvent event;
    if (in->edit && text->n) (void)history(in->history, &event, H_ENTER, text->p);
    return HEFT_OK;
}

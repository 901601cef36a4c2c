/* What is typed into a conversation: lines, with editing and history on a terminal. */
#define _DEFAULT_SOURCE /* getline, isatty */
#include "cli/chat.h"

#include "base/mem.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

struct heft_input {
    EditLine *edit; /* NULL: standard input is no terminal */
    History *history;
    const char *prompt;
    char *line; /* of getline */
    size_t room;
};

static char *prompt_of(EditLine *edit)
{
    static char shown[8];
    void *data = NULL;
    (void)el_get(edit, EL_CLIENTDATA, &data);
    (void)snprintf(shown, sizeof shown, "%s", ((const heft_input *)data)->prompt);
    return shown;
}

/* One character for the editor. The library's own reader begins again after an interrupt; this one
 * ends the line. */
static int read_char(EditLine *edit, wchar_t *out)
{
    char byte[4];
    size_t n = 0;
    int32_t cp = -1;
    (void)edit;
    while (cp < 0 && n < sizeof byte) {
        ssize_t got = read(STDIN_FILENO, byte + n, 1);
        if (got < 0 && errno == EINTR && !heft_interrupted()) continue;
        if (got <= 0) return got < 0 && !heft_interrupted() ? -1 : 0;
        n++;
        size_t length = heft_utf8_decode(byte, n, &cp);
        bool wrong = cp < 0 && heft_utf8_whole((heft_str){ byte, n }) == n;
        if (cp >= 0 && length == n) break;
        if (wrong) cp = 0xfffd;
    }
    *out = (wchar_t)(cp < 0 ? 0xfffd : cp);
    return 1;
}

static bool start_editing(heft_input *in)
{
    HistEvent event;
    FILE *shown = isatty(STDOUT_FILENO) ? stdout : stderr;
    in->edit = el_init("heft", stdin, shown, stderr);
    in->history = history_init();
    if (!in->edit || !in->history) return false;
    (void)history(in->history, &event, H_SETSIZE, 1000);
    (void)el_set(in->edit, EL_CLIENTDATA, in);
    (void)el_set(in->edit, EL_PROMPT, prompt_of);
    (void)el_set(in->edit, EL_EDITOR, "emacs");
    (void)el_set(in->edit, EL_HIST, history, in->history);
    (void)el_set(in->edit, EL_GETCFN, read_char);
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
    free(in->line); /* getline's own */
    heft_free(in);
}

/* One line without its end; NULL: there is none, or it was interrupted. */
static const char *next_line(heft_input *in, const char *prompt, size_t *n)
{
    const char *line;
    in->prompt = prompt;
    if (in->edit) {
        int count = 0;
        el_resize(in->edit);
        line = el_gets(in->edit, &count);
        *n = count > 0 ? strlen(line) : 0;
        if (!line || !*n) line = NULL;
    } else {
        errno = 0;
        ssize_t got = getline(&in->line, &in->room, stdin);
        line = got > 0 ? in->line : NULL;
        *n = got > 0 ? (size_t)got : 0;
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

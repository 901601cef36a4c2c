/* A reply in two parts, while it is written: reasoning between two marks, then the answer. */
#include "cli/chat.h"

#include <string.h>

static bool give(heft_thinking *t, size_t n, bool thought)
{
    heft_buf *held = &t->held;
    bool more = true;
    if (n) {
        heft_buf_add(&t->part[thought], held->p, n);
        more = t->put(t->to, held->p, n, thought);
        memmove(held->p, held->p + n, held->n - n + 1);
        held->n -= n;
    }
    return more;
}

static void drop(heft_thinking *t, size_t n)
{
    memmove(t->held.p, t->held.p + n, t->held.n - n + 1);
    t->held.n -= n;
}

typedef enum { NO, PERHAPS, YES } match;

static match begins(const char *text, size_t n, const char *mark)
{
    size_t length = mark ? strlen(mark) : 0;
    if (!length || memcmp(text, mark, n < length ? n : length) != 0) return NO;
    return n < length ? PERHAPS : YES;
}

/* Before anything else: reasoning begins, or the answer does. Only white space may come first. */
static bool decide(heft_thinking *t, bool ended)
{
    size_t space = strspn(t->held.p, " \n"), n = t->held.n - space;
    match open = begins(t->held.p + space, n, t->mark[0]);
    match plain = begins(t->held.p + space, n, t->mark[2]);
    if (open != YES && plain != YES && (open == PERHAPS || plain == PERHAPS) && !ended)
        return false;
    if (open == YES) drop(t, space + strlen(t->mark[0]));
    if (open != YES && plain == YES) drop(t, space + strlen(t->mark[2]));
    t->state = open == YES ? HEFT_THINKING : HEFT_ANSWERING;
    return true;
}

/* Reasoning goes out up to its end, or up to what may become that. */
static bool think(heft_thinking *t, bool ended)
{
    size_t at = 0;
    match close = NO;
    while (at < t->held.n && (close = begins(t->held.p + at, t->held.n - at, t->mark[1])) == NO)
        at++;
    if (close == PERHAPS && ended) at = t->held.n;
    if (!give(t, at, true)) return false;
    if (close == YES) {
        drop(t, strlen(t->mark[1]));
        t->state = HEFT_ANSWERING;
    }
    return true;
}

static bool advance(heft_thinking *t, bool ended)
{
    if (!t->held.n) return true;
    if (t->state == HEFT_BEFORE && !decide(t, ended)) return true;
    if (t->state == HEFT_THINKING && !think(t, ended)) return false;
    return t->state != HEFT_ANSWERING || give(t, t->held.n, false);
}

bool heft_thinking_add(heft_thinking *t, const char *text, size_t n)
{
    t->held.max = t->part[0].max = t->part[1].max = HEFT_MAX_TEXT_BYTES;
    return heft_buf_add(&t->held, text, n) && advance(t, false);
}

bool heft_thinking_end(heft_thinking *t)
{
    return advance(t, true);
}

void heft_thinking_clear(heft_thinking *t)
{
    heft_buf_free(&t->held);
    heft_buf_free(&t->part[0]);
    heft_buf_free(&t->part[1]);
}

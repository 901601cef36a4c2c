/* Regular expressions of compressed-tensors' lists of modules, matched as Python's re.match does:
 * from the beginning of a name on, not necessarily to its end.
 *
 * What such lists hold: letters, dots, classes, groups, alternatives and repetitions. Matching
 * goes back where it must, for a bounded number of steps. */
#include "model/methods_bind.h"

/* What is to be matched after the current part of a pattern. */
typedef struct rest {
    const char *p, *end;
    const struct rest *then;
    /* of a repeated group: its body again, so many times more at least and at most */
    const char *body, *close;
    int32_t least, most;
} rest;

typedef struct {
    const char *end; /* of the text */
    const char *start;
    int32_t steps, depth;
    bool bad; /* a pattern heft does not know, or too many steps */
} matcher;

enum { STEPS = 1 << 14, DEPTH = 1000, LONGEST = 1000 };

static bool match(matcher *m, const char *p, const char *end, const char *s, const rest *then);

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The escape \c as a class; *known false: another one. */
static bool escape_has(char c, char text, bool *known)
{
    *known = true;
    switch (c) {
    case 'd': return text >= '0' && text <= '9';
    case 'D': return !(text >= '0' && text <= '9');
    case 'w': return is_word(text);
    case 'W': return !is_word(text);
    case 's': return text == ' ' || (text >= '\t' && text <= '\r');
    default: break;
    }
    *known = !is_word(c);
    return c == text;
}

/* The end of the atom at p: a letter, an escape, a class or a group. NULL: it has none. */
static const char *atom_end(const char *p, const char *end)
{
    if (*p == '\\') return p + 1 < end ? p + 2 : NULL;
    if (*p == '[') {
        for (p += p + 1 < end && p[1] == '^' ? 3 : 2; p < end && *p != ']'; p++)
            if (*p == '\\') p++;
        return p < end ? p + 1 : NULL;
    }
    if (*p != '(') return p + 1;
    for (p++; p < end && *p != ')';) {
        p = atom_end(p, end);
        if (!p) return NULL;
    }
    return p < end ? p + 1 : NULL;
}

static bool class_has(matcher *m, const char *p, const char *end, char c)
{
    const bool no = p < end && *p == '^';
    bool has = false;
    for (p += no; p < end; p++) {
        bool known = true;
        if (*p == '\\' && p + 1 < end) {
            has |= escape_has(*++p, c, &known);
            m->bad |= !known;
        } else if (p + 2 < end && p[1] == '-') {
            has |= c >= p[0] && c <= p[2];
            p += 2;
        } else {
            has |= c == *p;
        }
    }
    return has != no;
}

/* One letter of the text against an atom that is no group. */
static bool atom_has(matcher *m, const char *p, const char *end, char c)
{
    bool known = true, has;
    switch (*p) {
    case '.': return true;
    case '[': return class_has(m, p + 1, end - 1, c);
    case '\\':
        has = escape_has(p[1], c, &known);
        m->bad |= !known;
        return has;
    default: return *p == c;
    }
}

/* The repetition behind an atom; returns where it ends. Lazy ones find the same names. */
static const char *repetition(matcher *m, const char *p, const char *end, int32_t *least,
                              int32_t *most)
{
    *least = *most = 1;
    if (p == end) return p;
    if (*p == '*' || *p == '?') *least = 0;
    if (*p == '*' || *p == '+') *most = INT32_MAX;
    if (*p == '{') m->bad = true;
    if (*p != '*' && *p != '+' && *p != '?') return p;
    p++;
    return p < end && *p == '?' ? p + 1 : p;
}

static bool resume(matcher *m, const char *s, const rest *r)
{
    if (!r) return true;
    if (!r->body) return match(m, r->p, r->end, s, r->then);
    if (r->most > 0) {
        rest again = *r;
        again.least -= again.least > 0;
        again.most -= again.most < INT32_MAX;
        if (match(m, r->body, r->close, s, &again) && !m->bad) return true;
    }
    return r->least == 0 && match(m, r->p, r->end, s, r->then);
}

/* The end of the alternative at p: a | outside of groups, or the end. */
static const char *alternative_end(const char *p, const char *end)
{
    while (p && p < end && *p != '|')
        p = atom_end(p, end);
    return p;
}

/* The atom at p and what follows it. */
static bool match_atom(matcher *m, const char *p, const char *end, const char *s, const rest *then)
{
    int32_t least, most, n = 0;
    const char *const close = atom_end(p, end);
    const char *const next = repetition(m, close, end, &least, &most);
    if (*p == '(') {
        p++;
        if (p + 1 < close && p[0] == '?' && p[1] == ':')
            p += 2;
        else
            m->bad |= *p == '?';
        const rest group = { next, end, then, p, close - 1, least, most };
        return !m->bad && resume(m, s, &group);
    }
    while (n < most && s + n < m->end && atom_has(m, p, close, s[n]))
        n++;
    for (; n >= least && !m->bad; n--)
        if (match(m, next, end, s + n, then)) return true;
    return false;
}

static bool match_one(matcher *m, const char *p, const char *end, const char *s, const rest *then)
{
    if (p == end) return resume(m, s, then);
    if (*p == '^') return s == m->start && match_one(m, p + 1, end, s, then);
    if (*p == '$') return s == m->end && match_one(m, p + 1, end, s, then);
    m->bad |= *p == '*' || *p == '+' || *p == '?' || *p == '{' || *p == ')';
    return !m->bad && match_atom(m, p, end, s, then);
}

/* Any alternative of p. */
static bool match(matcher *m, const char *p, const char *end, const char *s, const rest *then)
{
    bool is = false;
    if (++m->steps > STEPS || ++m->depth > DEPTH) m->bad = true;
    while (!m->bad && !is) {
        const char *stop = alternative_end(p, end);
        m->bad |= !stop;
        if (m->bad) break;
        is = match_one(m, p, stop, s, then);
        if (stop == end) break;
        p = stop + 1;
    }
    m->depth--;
    return is && !m->bad;
}

heft_status heft_pattern_match(heft_str pattern, heft_str text, bool *matches, heft_error *err)
{
    matcher m = { .start = text.p, .end = text.p + text.n, .bad = pattern.n > LONGEST };
    *matches = match(&m, pattern.p, pattern.p + pattern.n, text.p, NULL);
    if (!m.bad) return HEFT_OK;
    return heft_fail(err, HEFT_E_UNSUPPORTED,
                     "config.json: the pattern \"%s\" of quantization_config is one that heft does "
                     "not know",
                     heft_show(pattern).text);
}

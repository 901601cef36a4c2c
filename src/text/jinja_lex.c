/* Template source to tokens: text, and what stands between the braces.
 *
 * White space follows trim_blocks and lstrip_blocks: a block or comment at the start of a line
 * loses the blanks before it, a line end after it goes too; `-` takes all white space on its side,
 * `+` keeps it. A line end is \n, \r\n or \r and becomes \n; one at the very end is dropped. */
#include "text/jinja.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    heft_jinja *j;
    const char *p, *end, *line_start;
    int32_t line;
    bool line_starting; /* nothing but removed things since the last line end */
    heft_jtoken *token;
    size_t n, cap;
} lexer;

static const char *const names[] = {
    [T_END] = "the end of the template",
    [T_DATA] = "text",
    [T_OUTPUT_BEGIN] = "'{{'",
    [T_OUTPUT_END] = "'}}'",
    [T_BLOCK_BEGIN] = "'{%'",
    [T_BLOCK_END] = "'%}'",
    [T_NAME] = "a name",
    [T_STRING] = "a string",
    [T_INT] = "a whole number",
    [T_FLOAT] = "a number",
    [T_PLUS] = "'+'",
    [T_MINUS] = "'-'",
    [T_TIMES] = "'*'",
    [T_DIVIDE] = "'/'",
    [T_FLOOR] = "'//'",
    [T_MODULO] = "'%'",
    [T_POWER] = "'**'",
    [T_TILDE] = "'~'",
    [T_OPEN_ROUND] = "'('",
    [T_CLOSE_ROUND] = "')'",
    [T_OPEN_SQUARE] = "'['",
    [T_CLOSE_SQUARE] = "']'",
    [T_OPEN_CURLY] = "'{'",
    [T_CLOSE_CURLY] = "'}'",
    [T_EQUAL] = "'=='",
    [T_NOT_EQUAL] = "'!='",
    [T_LESS] = "'<'",
    [T_LESS_EQUAL] = "'<='",
    [T_GREATER] = "'>'",
    [T_GREATER_EQUAL] = "'>='",
    [T_ASSIGN] = "'='",
    [T_DOT] = "'.'",
    [T_COLON] = "':'",
    [T_PIPE] = "'|'",
    [T_COMMA] = "','",
    [T_SEMICOLON] = "';'",
    [T_IN] = "'in'",
    [T_NOT_IN] = "'not in'",
};

const char *heft_jtoken_name(heft_jtoken_type type)
{
    return names[type];
}

static const struct {
    char text[3];
    heft_jtoken_type type;
} operators[] = {
    /* the longer first */
    { "**", T_POWER },       { "//", T_FLOOR },         { "==", T_EQUAL },
    { "!=", T_NOT_EQUAL },   { ">=", T_GREATER_EQUAL }, { "<=", T_LESS_EQUAL },
    { "+", T_PLUS },         { "-", T_MINUS },          { "*", T_TIMES },
    { "/", T_DIVIDE },       { "%", T_MODULO },         { "~", T_TILDE },
    { "(", T_OPEN_ROUND },   { ")", T_CLOSE_ROUND },    { "[", T_OPEN_SQUARE },
    { "]", T_CLOSE_SQUARE }, { "{", T_OPEN_CURLY },     { "}", T_CLOSE_CURLY },
    { "<", T_LESS },         { ">", T_GREATER },        { "=", T_ASSIGN },
    { ".", T_DOT },          { ":", T_COLON },          { "|", T_PIPE },
    { ",", T_COMMA },        { ";", T_SEMICOLON },
};

/* ---- small steps ------------------------------------------------------ */

static heft_jtoken *push(lexer *x, heft_jtoken_type type)
{
    if (x->n == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 64;
        heft_jtoken *grown = heft_jinja_alloc(x->j, cap, sizeof *grown);
        if (x->n) memcpy(grown, x->token, x->n * sizeof *grown);
        x->token = grown;
        x->cap = cap;
    }
    heft_jtoken *t = &x->token[x->n++];
    *t = (heft_jtoken){ .type = type,
                        .line = x->line,
                        .column = (int32_t)(x->p - x->line_start) + 1 };
    return t;
}

static _Noreturn void fail(lexer *x, const char *what)
{
    heft_jnode here = { .line = x->line, .column = (int32_t)(x->p - x->line_start) + 1 };
    x->j->at = &here;
    heft_jinja_fail(x->j, HEFT_E_FORMAT, "%s", what);
}

static void advance(lexer *x, size_t n)
{
    for (; n; n--, x->p++) {
        if (*x->p != '\n') continue;
        x->line++;
        x->line_start = x->p + 1;
    }
}

static bool at(const lexer *x, const char *z)
{
    size_t n = strlen(z);
    return (size_t)(x->end - x->p) >= n && memcmp(x->p, z, n) == 0;
}

static size_t space_here(const char *p, const char *end)
{
    int32_t cp;
    if (p == end) return 0;
    size_t n = heft_utf8_decode(p, (size_t)(end - p), &cp);
    return heft_jspace(cp) ? n : 0;
}

static void skip_space(lexer *x)
{
    for (size_t n; (n = space_here(x->p, x->end));)
        advance(x, n);
}

/* Bytes of white space at the end of n bytes at p. */
static size_t space_before(const char *p, size_t n)
{
    size_t keep = n;
    while (keep) {
        size_t back = 1;
        while (back < 4 && back < keep && ((unsigned char)p[keep - back] & 0xc0) == 0x80)
            back++;
        if (space_here(p + keep - back, p + keep) != back) break;
        keep -= back;
    }
    return n - keep;
}

/* ---- text ------------------------------------------------------------- */

/* Text of n bytes here, before a construct whose sign is `sign`; strip: it takes the blanks before
 * it at the start of a line. */
static void text(lexer *x, size_t n, char sign, bool strip)
{
    size_t keep = n;
    if (sign == '-') {
        keep = n - space_before(x->p, n);
    } else if (sign != '+' && strip) {
        size_t blanks = space_before(x->p, n), start = n;
        while (start && x->p[start - 1] != '\n')
            start--;
        if ((start || x->line_starting) && n - start <= blanks) keep = start;
    }
    if (keep) push(x, T_DATA)->value = (heft_jval){ .type = J_STR, .s = { x->p, keep, NULL } };
    advance(x, n);
}

/* After what ends a block, comment or raw part: `-` was there, or `+`, or the line end goes. */
static void after_block(lexer *x, char sign)
{
    if (sign == '-')
        skip_space(x);
    else if (sign != '+' && x->p < x->end && *x->p == '\n')
        advance(x, 1);
    x->line_starting = x->p > x->line_start ? false : true;
}

static char sign_here(const lexer *x)
{
    return x->p < x->end && (*x->p == '-' || *x->p == '+') ? *x->p : 0;
}

/* The end of a comment, from its inside. */
static void comment(lexer *x)
{
    const char *p = x->p;
    while (x->end - p >= 2 && memcmp(p, "#}", 2) != 0)
        p++;
    if (x->end - p < 2) fail(x, "a comment has no end ('#}')");
    char sign = p > x->p && (p[-1] == '-' || p[-1] == '+') ? p[-1] : 0;
    advance(x, (size_t)(p + 2 - x->p));
    after_block(x, sign);
}

/* Is `{% word %}` here? Its length up to and with the end, its signs. */
static size_t bare_block(const lexer *x, const char *p, const char *word, char *first, char *last)
{
    const char *const begin = p;
    if (x->end - p < 2 || memcmp(p, "{%", 2) != 0) return 0;
    p += 2;
    *first = p < x->end && (*p == '-' || *p == '+') ? *p++ : 0;
    for (size_t n; (n = space_here(p, x->end));)
        p += n;
    size_t n = strlen(word);
    if ((size_t)(x->end - p) < n || memcmp(p, word, n) != 0) return 0;
    p += n;
    for (; (n = space_here(p, x->end));)
        p += n;
    *last = p < x->end && (*p == '-' || *p == '+') ? *p++ : 0;
    if (x->end - p < 2 || memcmp(p, "%}", 2) != 0) return 0;
    return (size_t)(p + 2 - begin);
}

/* The inside of a raw part, and its end. */
static void raw(lexer *x)
{
    for (const char *p = x->p; p < x->end; p++) {
        char first, last;
        size_t n = bare_block(x, p, "endraw", &first, &last);
        if (!n) continue;
        text(x, (size_t)(p - x->p), first, true);
        advance(x, n);
        after_block(x, last);
        return;
    }
    fail(x, "a raw part has no end ('{% endraw %}')");
}

/* ---- between braces --------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool name_char(const char *p, const char *end, size_t *n)
{
    int32_t cp;
    *n = heft_utf8_decode(p, (size_t)(end - p), &cp);
    return heft_jidentifier(cp, false);
}

/* Digits with single underscores between; a run of them at p. */
static const char *digits(const char *p, const char *end)
{
    const char *good = p;
    while (p < end
           && (is_digit(*p)
               || (*p == '_' && p > good - 1 && p + 1 < end && is_digit(p[1]) && p > good)))
        p++;
    return p;
}

static int digit_value(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* The base of a number that begins with 0x, 0o or 0b here; 10 for another. */
static int base_of(const lexer *x)
{
    static const char sign[] = "xob";
    static const int base[] = { 16, 8, 2 };
    if (x->end - x->p < 3 || x->p[0] != '0') return 10;
    const char *found = x->p[1] ? strchr(sign, x->p[1] | 32) : NULL;
    size_t first = x->p[2] == '_' && x->end - x->p > 3 ? 3 : 2;
    return found && digit_value(x->p[first]) < base[found - sign] ? base[found - sign] : 10;
}

/* A whole number in another base than ten. */
static void based_number(lexer *x, int base)
{
    const char *p = x->p + 2;
    uint64_t v = 0;
    for (; p < x->end; p++) {
        bool joins = *p == '_' && p + 1 < x->end && digit_value(p[1]) < base;
        if (joins) continue;
        if (digit_value(*p) >= base) break;
        if (!heft_mul(v, (uint64_t)base, &v) || !heft_add(v, (uint64_t)digit_value(*p), &v)
            || v > INT64_MAX)
            fail(x, "a whole number beyond 64 bits");
    }
    push(x, T_INT)->value = heft_jint((int64_t)v);
    advance(x, (size_t)(p - x->p));
}

static void number(lexer *x)
{
    char copy[64];
    size_t n = 0;
    const char *p = digits(x->p, x->end);
    bool real = false, item = x->p[-1] == '.'; /* the 0 of a.0.1 */
    if (!item && x->end - p >= 2 && *p == '.' && is_digit(p[1])) {
        real = true;
        p = digits(p + 1, x->end);
    }
    if (!item && p < x->end && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1;
        if (q < x->end && (*q == '+' || *q == '-')) q++;
        if (q < x->end && is_digit(*q)) {
            real = true;
            p = digits(q, x->end);
        }
    }
    for (const char *q = x->p; q < p; q++) {
        if (*q == '_') continue;
        if (n + 1 == sizeof copy) fail(x, "a number of more than 63 digits");
        copy[n++] = *q;
    }
    copy[n] = 0;
    if (!real && n > 1 && copy[0] == '0' && strspn(copy, "0") != n)
        fail(x, "a whole number that begins with 0");
    heft_jtoken *t = push(x, real ? T_FLOAT : T_INT);
    if (real) {
        t->value = heft_jreal(strtod(copy, NULL));
    } else {
        uint64_t v = 0;
        for (size_t i = 0; i < n; i++)
            if (!heft_mul(v, 10, &v) || !heft_add(v, (uint64_t)(copy[i] - '0'), &v)
                || v > INT64_MAX)
                fail(x, "a whole number beyond 64 bits");
        t->value = heft_jint((int64_t)v);
    }
    advance(x, (size_t)(p - x->p));
}

/* The number of n <= 8 hexadecimal digits at p; -1: beyond Unicode. */
static int32_t hex(lexer *x, const char *p, int n)
{
    uint32_t v = 0;
    for (int i = 0; i < n; i++) {
        int d = p + i < x->end ? digit_value(p[i]) : 99;
        if (d > 15) fail(x, "an escape in a string lacks hexadecimal digits");
        v = v * 16 + (uint32_t)d;
    }
    return v > 0x10ffff ? -1 : (int32_t)v;
}

/* The escape after a backslash at p; its length. */
static size_t escape(lexer *x, heft_jbuf *b, const char *p)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    const char *known = *p ? strchr(from, *p) : NULL;
    char out[4];
    int32_t cp;
    size_t used = 1;
    if (*p == '\n') return 1;
    if (known) {
        heft_jbuf_bytes(x->j, b, &to[known - from], 1, false);
        return 1;
    }
    if (*p == 'x' || *p == 'u' || *p == 'U') {
        int n = *p == 'x' ? 2 : *p == 'u' ? 4 : 8;
        cp = hex(x, p + 1, n);
        used = (size_t)n + 1;
    } else if (*p >= '0' && *p <= '7') {
        cp = 0;
        for (used = 0; used < 3 && p[used] >= '0' && p[used] <= '7'; used++)
            cp = cp * 8 + (p[used] - '0');
    } else if (*p == 'N') {
        fail(x, "\\N{...} in a string is not supported");
    } else { /* an unknown escape is two characters */
        heft_jbuf_bytes(x->j, b, "\\", 1, false);
        return 0;
    }
    if (cp < 0 || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
        fail(x, "an escape in a string is no character");
    heft_jbuf_bytes(x->j, b, out, heft_utf8_encode(cp, out), false);
    return used;
}

static void string(lexer *x)
{
    char quote = *x->p;
    const char *p = x->p + 1;
    heft_jbuf b = { .n = 0 };
    while (p < x->end && *p != quote) {
        const char *q = p;
        while (q < x->end && *q != quote && *q != '\\')
            q++;
        heft_jbuf_bytes(x->j, &b, p, (size_t)(q - p), false);
        p = q;
        if (p < x->end && *p == '\\') {
            if (++p == x->end) break;
            p += escape(x, &b, p);
        }
    }
    if (p == x->end) fail(x, "a string has no end");
    push(x, T_STRING)->value = heft_jbuf_end(x->j, &b);
    advance(x, (size_t)(p + 1 - x->p));
}

static void name(lexer *x)
{
    const char *p = x->p;
    int32_t cp;
    (void)heft_utf8_decode(p, (size_t)(x->end - p), &cp);
    if (!heft_jidentifier(cp, true)) fail(x, "a character that begins no name");
    for (size_t n; p < x->end && name_char(p, x->end, &n);)
        p += n;
    push(x, T_NAME)->value = (heft_jval){ .type = J_STR, .s = { x->p, (size_t)(p - x->p), NULL } };
    advance(x, (size_t)(p - x->p));
}

/* An operator; *open counts brackets, whose inside ends no block. */
static void operator_(lexer *x, char *open, size_t *n_open)
{
    enum { MOST = HEFT_MAX_TEMPLATE_NESTING };
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const char *op = operators[i].text;
        if (!at(x, op)) continue;
        if (!op[1] && strchr("([{", *op)) {
            if (*n_open == MOST) fail(x, "brackets nest too deeply");
            open[(*n_open)++] = *op == '(' ? ')' : *op == '[' ? ']' : '}';
        } else if (!op[1] && strchr(")]}", *op)) {
            if (!*n_open || open[--*n_open] != *op) fail(x, "a bracket closes nothing");
        }
        push(x, operators[i].type);
        advance(x, strlen(op));
        return;
    }
    fail(x, "a character that has no meaning here");
}

/* From behind the opening braces to behind the closing ones. */
static void inside(lexer *x, const char *close, heft_jtoken_type type)
{
    char open[HEFT_MAX_TEMPLATE_NESTING];
    size_t n_open = 0, word;
    for (;;) {
        skip_space(x);
        if (x->p == x->end) fail(x, "the template ends inside braces");
        char sign = sign_here(x);
        if (!n_open && sign && x->end - x->p >= 3 && memcmp(x->p + 1, close, 2) == 0
            && (sign == '-' || type == T_BLOCK_END)) {
            push(x, type);
            advance(x, 3);
            if (type == T_BLOCK_END || sign == '-') after_block(x, sign);
            return;
        }
        if (!n_open && at(x, close)) {
            push(x, type);
            advance(x, 2);
            if (type == T_BLOCK_END)
                after_block(x, 0);
            else
                x->line_starting = false;
            return;
        }
        if (is_digit(*x->p) && base_of(x) != 10)
            based_number(x, base_of(x));
        else if (is_digit(*x->p))
            number(x);
        else if (*x->p == '\'' || *x->p == '"')
            string(x);
        else if (name_char(x->p, x->end, &word))
            name(x);
        else
            operator_(x, open, &n_open);
    }
}

/* The next "{%", "{{" or "{#", or the end. */
static const char *next_brace(const lexer *x)
{
    const char *p = x->p;
    while (x->end - p >= 2 && !(p[0] == '{' && (p[1] == '%' || p[1] == '{' || p[1] == '#')))
        p++;
    return x->end - p >= 2 ? p : x->end;
}

/* One stretch of text and the construct behind it. */
static void stretch(lexer *x)
{
    const char *brace = next_brace(x);
    char first = 0, last = 0;
    if (brace == x->end) {
        text(x, (size_t)(brace - x->p), 0, false);
        return;
    }
    char what = brace[1], sign = x->end - brace > 2 ? brace[2] : 0;
    size_t signed_ = sign == '-' || sign == '+' ? 1 : 0;
    size_t raw_n = bare_block(x, brace, "raw", &first, &last);
    if (raw_n && last == '+') raw_n = 0;
    if (what == '{' && sign == '+') signed_ = 1;
    text(x, (size_t)(brace - x->p), signed_ ? sign : 0, what != '{');
    if (raw_n) {
        advance(x, raw_n);
        if (last == '-') skip_space(x);
        x->line_starting = x->p == x->line_start;
        raw(x);
        return;
    }
    if (what != '#') push(x, what == '{' ? T_OUTPUT_BEGIN : T_BLOCK_BEGIN);
    advance(x, 2 + signed_);
    x->line_starting = false;
    if (what == '#')
        comment(x);
    else if (what == '{')
        inside(x, "}}", T_OUTPUT_END);
    else
        inside(x, "%}", T_BLOCK_END);
}

/* The source with every line end as \n, without one at the end. */
static heft_str normal(heft_jinja *j, heft_str source)
{
    char *p = heft_jinja_alloc(j, source.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < source.n; i++) {
        if (source.p[i] == '\r' && i + 1 < source.n && source.p[i + 1] == '\n') continue;
        p[n++] = source.p[i] == '\r' ? '\n' : source.p[i];
    }
    if (n && p[n - 1] == '\n') n--;
    return (heft_str){ p, n };
}

heft_jtoken *heft_jlex(heft_jinja *j, heft_str source, size_t *n)
{
    source = normal(j, source);
    lexer x = { .j = j,
                .p = source.p,
                .end = source.p + source.n,
                .line_start = source.p,
                .line = 1,
                .line_starting = true };
    while (x.p < x.end)
        stretch(&x);
    push(&x, T_END);
    *n = x.n;
    return x.token;
}

/* Patterns that most tokenizers share: what they match in ASCII. */
#include "text/shape.h"

typedef enum { CASE_NONE, CASE_SMALL, CASE_ANY } letter_case;

struct heft_shape {
    const char *pattern;
    letter_case shortened; /* 's 't 're 've 'm 'll 'd, before all else */
    letter_case tail;      /* ... behind a word */
    bool cased;            /* a word is capitals, then small letters */
    /* GPT-2's: one space goes before a word or a number of any length, where newer ones let a word
     * have any sign or space, a number none, and part white space behind its last line ending. */
    bool old;
    bool gaps;          /* without a last \s+: some white space matches nothing */
    size_t digits;      /* of a number at most, if not old */
    const char *behind; /* what signs take behind them */
};

#define OLD        "| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"
#define SHORT      "'s|'t|'re|'ve|'m|'ll|'d"
#define SHORT_SETS "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
#define HEAD       "[^\\r\\n\\p{L}\\p{N}]?"
#define SIGNS      "| ?[^\\s\\p{L}\\p{N}]+"
#define SPACES     "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define UPPER      "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER      "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define NOT_SMALL  "[\\p{L}&&[^a-z]]"
#define NOT_LARGE  "[\\p{L}&&[^A-Z]]"

/* A word that begins anew at a capital. */
#define CASED(u, l, tail) HEAD u "*" l "+" tail "|" HEAD u "+" l "*" tail
/* What follows a shortened word, with so many digits in a number; and with marks in words. */
#define PLAIN(digits) "|" HEAD "\\p{L}+|\\p{N}" digits SIGNS "[\\r\\n]*" SPACES
#define MARKED(digits)                                                                             \
    "|" HEAD "[\\p{L}\\p{M}]+|\\p{N}" digits "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" SPACES

/* Sources: the files of the releases that have them (Llama 3, Qwen 2 and 3.5, GPT-4o, Mistral's
 * Tekken, GPT-2), and llama.cpp's spelling of the same. */
static const heft_shape table[] = {
    { "(?i:" SHORT ")" PLAIN("{1,3}"), .shortened = CASE_ANY, .digits = 3, .behind = "\r\n" },
    { "(?:" SHORT_SETS ")" PLAIN("{1,3}"), .shortened = CASE_ANY, .digits = 3, .behind = "\r\n" },
    { "(?i:" SHORT ")" PLAIN(""), .shortened = CASE_ANY, .digits = 1, .behind = "\r\n" },
    { "(?:" SHORT_SETS ")" PLAIN(""), .shortened = CASE_ANY, .digits = 1, .behind = "\r\n" },
    { "(?i:" SHORT ")" MARKED(""), .shortened = CASE_ANY, .digits = 1, .behind = "\r\n" },
    { "(?:" SHORT_SETS ")" MARKED(""), .shortened = CASE_ANY, .digits = 1, .behind = "\r\n" },
    { CASED(UPPER, LOWER, "(?i:" SHORT ")?") "|\\p{N}{1,3}" SIGNS "[\\r\\n/]*" SPACES,
      .tail = CASE_ANY, .cased = true, .digits = 3, .behind = "\r\n/" },
    { CASED(NOT_SMALL, NOT_LARGE, "(?:" SHORT_SETS ")?") "|\\p{N}{1,3}" SIGNS "[\\r\\n/]*" SPACES,
      .tail = CASE_ANY, .cased = true, .digits = 3, .behind = "\r\n/" },
    { CASED(UPPER, LOWER, "") "|\\p{N}" SIGNS "[\\r\\n/]*" SPACES, .cased = true, .digits = 1,
      .behind = "\r\n/" },
    { CASED(NOT_SMALL, NOT_LARGE, "") "|\\p{N}" SIGNS "[\\r\\n/]*" SPACES, .cased = true,
      .digits = 1, .behind = "\r\n/" },
    { "'(?:[sdmt]|ll|ve|re)" OLD "|\\s+", .shortened = CASE_SMALL, .old = true, .behind = "" },
    { SHORT OLD, .shortened = CASE_SMALL, .old = true, .gaps = true, .behind = "" },
};

const heft_shape *heft_shape_find(heft_str pattern)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (heft_str_is(pattern, table[i].pattern)) return &table[i];
    return NULL;
}

/* ---- what a byte is ---- */

enum {
    SMALL = 1,
    CAPITAL = 2,
    LETTER = SMALL | CAPITAL,
    DIGIT = 4,
    SPACE = 8,
    SIGN = 16,
    ELSE = 32
};

/* clang-format off */
#define TEN(k) k, k, k, k, k, k, k, k, k, k
#define LETTERS(k) TEN(k), TEN(k), k, k, k, k, k, k
static const uint8_t kinds[128] = {
    SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, /* to the tab */
    SPACE, SPACE, SPACE, SPACE, SPACE,
    TEN(SIGN), SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, /* to the space */
    SPACE,
    TEN(SIGN), SIGN, SIGN, SIGN, SIGN, SIGN, /* to 0 */
    TEN(DIGIT),
    SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, /* to A */
    LETTERS(CAPITAL),
    SIGN, SIGN, SIGN, SIGN, SIGN, SIGN, /* to a */
    LETTERS(SMALL),
    SIGN, SIGN, SIGN, SIGN, SIGN,
};
/* clang-format on */

/* The kind of text[at]; 0 at the end. */
static unsigned kind_at(heft_str text, size_t at)
{
    if (at >= text.n) return 0;
    uint8_t byte = (uint8_t)text.p[at];
    return byte < sizeof kinds ? kinds[byte] : ELSE;
}

/* Where the run of this kind that goes on at `at` ends. */
static size_t run_of(heft_str text, size_t at, unsigned kind)
{
    while (kind_at(text, at) & kind)
        at++;
    return at;
}

/* An end that the character behind it could move: 0 if that is not ASCII. */
static size_t decided(heft_str text, size_t end)
{
    return kind_at(text, end) == ELSE ? 0 : end;
}

/* ---- the parts ---- */

static bool is_at(heft_str text, size_t at, letter_case c, char letter)
{
    if (at >= text.n) return false;
    char found = text.p[at];
    return (c == CASE_ANY && found >= 'A' && found <= 'Z' ? found + 32 : found) == letter;
}

/* Bytes of the shortened word whose apostrophe is at `at`; 0: there is none. */
static size_t shortened(heft_str text, size_t at, letter_case c)
{
    static const char pair[3][2] = { "re", "ve", "ll" }, one[] = "stmd";
    if (c == CASE_NONE || at >= text.n || text.p[at] != '\'') return 0;
    for (size_t i = 0; one[i]; i++)
        if (is_at(text, at + 1, c, one[i])) return 2;
    for (size_t i = 0; i < 3; i++)
        if (is_at(text, at + 1, c, pair[i][0]) && is_at(text, at + 2, c, pair[i][1])) return 3;
    return 0;
}

/* May a character that is not ASCII be one of its letters? Where case does not matter, some are. */
static bool unclear(heft_str text, size_t at, letter_case c)
{
    return c != CASE_NONE && at < text.n && text.p[at] == '\''
           && (kind_at(text, at + 1) == ELSE || kind_at(text, at + 2) == ELSE);
}

/* The end of the word whose letters begin at `at`. */
static size_t word(const heft_shape *s, heft_str text, size_t at)
{
    size_t end =
        s->cased ? run_of(text, run_of(text, at, CAPITAL), SMALL) : run_of(text, at, LETTER);
    if (unclear(text, end, s->tail)) return 0;
    return decided(text, end) ? end + shortened(text, end, s->tail) : 0;
}

static size_t number(const heft_shape *s, heft_str text, size_t at)
{
    const size_t most = s->old ? SIZE_MAX : s->digits;
    size_t end = at;
    while (end - at < most && kind_at(text, end) == DIGIT)
        end++;
    return end - at < most ? decided(text, end) : end;
}

static bool has(const char *set, char c)
{
    while (*set && *set != c)
        set++;
    return *set;
}

static size_t signs(const heft_shape *s, heft_str text, size_t at)
{
    size_t end = decided(text, run_of(text, at, SIGN));
    while (end && end < text.n && text.p[end] && has(s->behind, text.p[end]))
        end++;
    return end;
}

static size_t spaces(const heft_shape *s, heft_str text, size_t at)
{
    size_t end = decided(text, run_of(text, at, SPACE)), line = end;
    if (!end) return 0;
    while (!s->old && line > at && text.p[line - 1] != '\r' && text.p[line - 1] != '\n')
        line--;
    if (!s->old && line > at) return line;
    if (end == text.n) return end;
    if (end - at > 1) return end - 1; /* the last one is for what follows */
    return s->gaps ? 0 : end;
}

size_t heft_shape_match(const heft_shape *s, heft_str text, size_t at)
{
    const unsigned kind = kind_at(text, at), next = kind_at(text, at + 1);
    const bool space = text.p[at] == ' ', line = text.p[at] == '\r' || text.p[at] == '\n';
    if (kind == ELSE) return 0;
    const size_t n = shortened(text, at, s->shortened);
    if (n) return at + n;
    if (kind & LETTER) return word(s, text, at);
    if (kind == DIGIT) return number(s, text, at);
    if ((s->old ? space : !line) && (next & LETTER)) return word(s, text, at + 1);
    if (space && s->old && next == DIGIT) return number(s, text, at + 1);
    if (space && next == SIGN) return signs(s, text, at + 1);
    return kind == SIGN ? signs(s, text, at) : spaces(s, text, at);
}

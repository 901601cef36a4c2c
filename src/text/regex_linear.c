/* Patterns whose time grows with the square of some texts, and the same without that. */
#include "text/regex.h"

#define WORDS_SETS "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
#define WORDS      "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define HEAD       "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
#define LINES      "\\s*[\\r\\n]+"
#define HALVES                                                                                     \
    "|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!"    \
    "\\S)"                                                                                         \
    "|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}"
/* Nothing but `HALVES` ends behind a space, and only where no line does in the white space that
 * goes on: so behind one, LINES matches nothing and need not look. */
#define NEW_LINES "(?<![^\\S\\r\\n])" LINES

static const struct {
    const char *written, *linear;
} table[] = {
    /* DeepSeek. White space that does not end a line from its beginning does not from any later
     * place. */
    { "\\s+$", "(?<!\\s)\\s+$" },
    /* Jais 2, and llama.cpp's spelling of it. */
    { WORDS HEAD LINES HALVES, WORDS HEAD NEW_LINES HALVES },
    { WORDS_SETS HEAD LINES HALVES, WORDS_SETS HEAD NEW_LINES HALVES },
};

heft_str heft_regex_linear(heft_str pattern)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (heft_str_is(pattern, table[i].written)) return heft_str_of(table[i].linear);
    return pattern;
}

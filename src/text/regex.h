/* Regular expressions of tokenizers: translated, then run by PCRE2.
 *
 * An untranslated pattern compiles and silently means something else, so every pattern is parsed
 * and written anew in PCRE2's terms; what the translator does not know it refuses by name. */
#ifndef HEFT_TEXT_REGEX_H
#define HEFT_TEXT_REGEX_H

#include "base/buf.h"
#include "base/mem.h"

/* Whose pattern it is. They differ in $, ^ and X{n,m}+. */
typedef enum {
    HEFT_REGEX_ONIGURUMA, /* tokenizer.json */
    HEFT_REGEX_RUST,      /* tiktoken, and the patterns behind tokenizer.ggml.pre */
} heft_regex_dialect;

/* Write pattern in PCRE2's terms to out. newer: every category has the code points that PCRE2 does
 * not know (slower, and needed only for text that contains one of them).
 * Fails: HEFT_E_FORMAT (not a pattern), HEFT_E_UNSUPPORTED (not known to heft), HEFT_E_NOMEM. */
heft_status heft_regex_translate(heft_str pattern, heft_regex_dialect dialect, bool newer,
                                 heft_buf *out, heft_error *err) HEFT_MUST_CHECK;

/* A pattern that finds the same matches, one after another from the beginning of a text, in a time
 * that grows with the text, where this one's would with its square; else this one. */
heft_str heft_regex_linear(heft_str pattern);

/* Is it a character of a word to \b of Oniguruma? */
bool heft_regex_is_word(int32_t cp);

/* A compiled pattern; read-only once open. */
typedef struct heft_regex heft_regex;
heft_status heft_regex_open(heft_str pattern, heft_regex_dialect dialect, heft_regex **out,
                            heft_error *err) HEFT_MUST_CHECK;
void heft_regex_close(heft_regex *r);

/* What one thread needs to match. */
typedef struct heft_matching heft_matching;
heft_status heft_matching_open(heft_matching **out, heft_error *err) HEFT_MUST_CHECK;
void heft_matching_close(heft_matching *m);

/* The first match at or after `from`: 0, or where the search is to go on behind the match before.
 * text is valid UTF-8; newer: heft_unicode_has_newer of it, or
 * of something longer. *found false: there is none, and *begin, *end are untouched.
 * Fails: HEFT_E_UNSUPPORTED naming the limit that the pattern exceeds on this text. */
heft_status heft_regex_find(const heft_regex *r, heft_matching *m, heft_str text, size_t from,
                            bool newer, bool *found, size_t *begin, size_t *end,
                            heft_error *err) HEFT_MUST_CHECK;

#endif

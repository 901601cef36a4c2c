/* Unicode data of our own: what the references know and our libraries do not.
 *
 * The reference of tokenizer.json uses Unicode 16 in its regular expressions, PCRE2 10.42 knows
 * Unicode 14, so a translated pattern gets the missing ranges appended. The tables are generated
 * by tools/make_unicode.py, which names its source. */
#ifndef HEFT_TEXT_UNICODE_H
#define HEFT_TEXT_UNICODE_H

#include "base/str.h"

typedef struct {
    int32_t first, last;
} heft_range;

typedef struct {
    const char *name;
    const heft_range *range; /* (n), ascending, disjoint */
    int32_t n;
} heft_ranges;

/* Per general category and per script, ended by a NULL name: what PCRE2 does not have in it. A name
 * that is not listed is one heft does not know. */
extern const heft_ranges heft_unicode_newer[], heft_unicode_script[];
extern const heft_ranges heft_unicode_newer_any;     /* all of them together */
extern const heft_ranges heft_unicode_space;         /* White_Space */
extern const heft_ranges heft_unicode_word;          /* \w of Oniguruma */
extern const heft_ranges heft_unicode_punctuation;   /* of the pre-tokenizer Punctuation */
extern const heft_ranges heft_unicode_nfc_exception; /* unassigned to the reference's NFC */

/* The row called name, or NULL. */
const heft_ranges *heft_ranges_find(const heft_ranges *table, heft_str name);
bool heft_ranges_have(const heft_ranges *r, int32_t cp);
/* Does the text (valid UTF-8) contain a code point of heft_unicode_newer_any? */
bool heft_unicode_has_newer(heft_str text);

#endif

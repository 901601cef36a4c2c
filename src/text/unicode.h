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

/* A name that is in neither of these, each ended by a NULL name, is one heft does not know: per
 * general category what PCRE2 does not have in it; per script all of it. */
extern const heft_ranges heft_unicode_newer[], heft_unicode_script[];
extern const heft_ranges heft_unicode_newer_any;   /* everything that PCRE2 does not know */
extern const heft_ranges heft_unicode_unassigned;  /* Cn of Oniguruma */
extern const heft_ranges heft_unicode_space;       /* White_Space */
extern const heft_ranges heft_unicode_word;        /* \w of Oniguruma */
extern const heft_ranges heft_unicode_punctuation; /* of the pre-tokenizers Punctuation and Bert */
extern const heft_ranges heft_unicode_numeric;     /* of the pre-tokenizer Digits */
extern const heft_ranges heft_unicode_decimal;     /* \d of Oniguruma */
/* Of the normalizers: unassigned to the normal forms, so that it stands for itself; BertNormalizer
 * drops, makes a space, sets between spaces, drops as an accent; StripAccents drops; Nmt drops and
 * makes a space. */
extern const heft_ranges heft_unicode_form_exception, heft_unicode_bert_dropped,
    heft_unicode_bert_space, heft_unicode_bert_alone, heft_unicode_bert_accent,
    heft_unicode_combining, heft_unicode_nmt_dropped, heft_unicode_nmt_space;

/* Rows of tables, ascending: the scripts of the pre-tokenizer UnicodeScripts, numbered as they
 * come; code points in steps whose lower case is `by` away. */
typedef struct {
    int32_t first, last, script;
} heft_script_row;
typedef struct {
    int32_t first, last, step, by;
} heft_case_row;
extern const heft_script_row heft_unicode_scripts[];
extern const heft_case_row heft_unicode_lower[];
extern const int32_t heft_unicode_scripts_n, heft_unicode_lower_n;

/* The number of the script of cp; -1: it goes with whatever is around it. */
int32_t heft_unicode_script_of(int32_t cp);
/* The full lower case of a code point, by itself: 1 or 2 code points in out; returns how many. */
int32_t heft_unicode_to_lower(int32_t cp, int32_t out[2]);

/* The row called name, or NULL. */
const heft_ranges *heft_ranges_find(const heft_ranges *table, heft_str name);
bool heft_ranges_have(const heft_ranges *r, int32_t cp);
/* Does the text (valid UTF-8) contain a code point of heft_unicode_newer_any? */
bool heft_unicode_has_newer(heft_str text);

/* The character that stands for a byte in byte-level vocabularies, and back (-1: it stands for
 * none). Source: GPT-2. */
int32_t heft_char_of_byte(uint8_t byte);
int32_t heft_byte_of_char(int32_t cp);

#endif

/* Splits by code: where no pattern says it, or where a pattern would take too long. */
#include "text/pipeline.h"

/* What every cut does: hand the piece from *begin to end on, and go on behind it. */
static heft_status cut(heft_run *r, int32_t level, heft_piece p, size_t *begin, size_t end,
                       heft_error *err)
{
    heft_piece part = { { p.s.p + *begin, end - *begin }, p.first && *begin == 0 };
    *begin = end;
    return heft_split_on(r, level + 1, part, err);
}

heft_status heft_split_scripts(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                               heft_error *err)
{
    (void)s;
    size_t begin = p.s.n;
    int32_t last = -1;
    heft_status st = HEFT_OK;
    for (size_t i = 0, n; i < p.s.n && !st; i += n) {
        int32_t cp;
        n = heft_utf8_decode(p.s.p + i, p.s.n - i, &cp);
        int32_t script = heft_unicode_script_of(cp);
        if (script < 0 || script == last) continue;
        if (last < 0)
            begin = i;
        else
            st = cut(r, level, p, &begin, i, err);
        last = script;
    }
    return st ? st : cut(r, level, p, &begin, p.s.n, err);
}

heft_status heft_split_length(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                              heft_error *err)
{
    size_t begin = 0;
    int32_t chars = 0;
    heft_status st = HEFT_OK;
    for (size_t i = 0; i < p.s.n && !st; chars++) {
        int32_t cp;
        if (chars == s->length) {
            st = cut(r, level, p, &begin, i, err);
            chars = 0;
        }
        i += heft_utf8_decode(p.s.p + i, p.s.n - i, &cp);
    }
    return st ? st : cut(r, level, p, &begin, p.s.n, err);
}

heft_status heft_split_runs(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                            heft_error *err)
{
    enum { MAX_RUN = 25000, MAX_BLOCK = 400000 };
    size_t begin = 0;
    int32_t run = 0, block = 0;
    bool was_space = false;
    heft_status st = HEFT_OK;
    (void)s;
    for (size_t i = 0, n; i < p.s.n && !st; i += n, run++, block++) {
        int32_t cp;
        n = heft_utf8_decode(p.s.p + i, p.s.n - i, &cp);
        /* Python's isspace, which has four separators more */
        bool space = (cp >= 0x1c && cp <= 0x1f) || heft_ranges_have(&heft_unicode_space, cp);
        if (space != was_space) run = 0;
        was_space = space;
        if (block < MAX_BLOCK && run < MAX_RUN) continue;
        st = cut(r, level, p, &begin, i, err);
        run = 0;
        if (block == MAX_BLOCK) block = 0;
    }
    return st ? st : cut(r, level, p, &begin, p.s.n, err);
}

/* Bytes and characters of the run of digits at `at`. */
static size_t digits_at(const heft_ranges *digit, heft_str text, size_t at, size_t *chars)
{
    size_t i = at, n;
    for (*chars = 0; i < text.n; i += n, ++*chars) {
        int32_t cp;
        n = heft_utf8_decode(text.p + i, text.n - i, &cp);
        if (!heft_ranges_have(digit, cp)) break;
    }
    return i - at;
}

/* Is the run of so many characters that ends at `end` one to cut? */
static bool is_cut(const heft_split *s, heft_str text, size_t end, size_t chars)
{
    int32_t cp;
    if (!chars || !(s->grouping & HEFT_CUT_FREE) || end == text.n) return chars > 0;
    (void)heft_utf8_decode(text.p + end, text.n - end, &cp);
    return !heft_regex_is_word(cp);
}

/* Is it cut off what precedes it? */
static bool is_cut_before(const heft_split *s, size_t chars)
{
    return (s->grouping & HEFT_CUT_BEFORE) || ((s->grouping & HEFT_CUT_WHOLE) && chars % 3 == 0);
}

heft_status heft_split_thousands(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                                 heft_error *err)
{
    size_t begin = 0, chars;
    heft_status st = HEFT_OK;
    for (size_t i = 0; i < p.s.n && !st;) {
        int32_t cp;
        size_t run = digits_at(s->pattern.set, p.s, i, &chars), end = i + run;
        if (!is_cut(s, p.s, end, chars)) {
            i += run ? run : heft_utf8_decode(p.s.p + i, p.s.n - i, &cp);
            continue;
        }
        if (is_cut_before(s, chars)) st = cut(r, level, p, &begin, i, err);
        for (; i < end && !st; chars--) {
            if (chars % 3 == 0 && i > end - run) st = cut(r, level, p, &begin, i, err);
            i += heft_utf8_decode(p.s.p + i, p.s.n - i, &cp);
        }
        if (!st && (s->grouping & HEFT_CUT_BEHIND)) st = cut(r, level, p, &begin, end, err);
    }
    return st ? st : cut(r, level, p, &begin, p.s.n, err);
}

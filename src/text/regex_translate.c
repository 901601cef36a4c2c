/* Regular expressions: from the publisher's dialect to PCRE2's.
 *
 * A recursive descent over the pattern that writes as it reads. The differences it bridges were
 * found by comparing all code points: \s of PCRE2 has U+180E, \p{Han} means script extensions,
 * nested sets and && compile to something else, X{n,m}+ is possessive, $ matches before a last
 * newline, \w has neither marks nor all letters. */
#include "text/regex.h"

#include "text/unicode.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

typedef struct {
    heft_str in;
    size_t at;
    heft_regex_dialect dialect;
    bool newer;
    int32_t caseless; /* groups around us that ignore case */
    int32_t depth;
    uint64_t categories; /* of the class that is read: all it has, but for ... */
    bool others;         /* ... anything else */
    heft_buf *out;
    heft_error *err;
} parser;

static heft_status refuse(parser *p, heft_status code, const char *what)
{
    return heft_fail(p->err, code, "pattern %s: %s at byte %zu", heft_show(p->in).text, what,
                     p->at);
}

static bool more(const parser *p)
{
    return p->at < p->in.n;
}

static char peek(const parser *p)
{
    return more(p) ? p->in.p[p->at] : 0;
}

static bool peek_any(const parser *p, const char *set)
{
    return peek(p) && strchr(set, peek(p));
}

static bool looking_at(const parser *p, const char *z)
{
    return heft_str_begins((heft_str){ p->in.p + p->at, p->in.n - p->at }, z);
}

static bool take(parser *p, const char *z)
{
    if (!looking_at(p, z)) return false;
    p->at += strlen(z);
    return true;
}

static void write_char(parser *p, int32_t cp)
{
    bool plain = (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z');
    if (plain)
        heft_buf_printf(p->out, "%c", (char)cp);
    else
        heft_buf_printf(p->out, "\\x{%x}", (unsigned)cp);
}

static void write_range(parser *p, int32_t first, int32_t last)
{
    write_char(p, first);
    if (last == first) return;
    heft_buf_z(p->out, "-");
    write_char(p, last);
}

static void write_ranges(parser *p, const heft_ranges *r)
{
    for (int32_t i = 0; i < r->n; i++)
        write_range(p, r->range[i].first, r->range[i].last);
}

static void write_complement(parser *p, const heft_ranges *r)
{
    int32_t next = 0;
    for (int32_t i = 0; i < r->n; i++) {
        if (r->range[i].first > next) write_range(p, next, r->range[i].first - 1);
        next = r->range[i].last + 1;
    }
    write_range(p, next, 0x10ffff);
}

/* ---- sets of characters: \s, \p{..}, ... ---- */

/* General categories as bits: those of two letters by their row in heft_unicode_newer. */
#define UNASSIGNED (UINT64_C(1) << 63)

typedef struct {
    const heft_ranges *all;   /* the whole set, or NULL: ... */
    uint64_t categories;      /* ... these categories */
    const heft_ranges *extra; /* members that \w has in addition here */
    bool negated;
} set;

/* The categories whose names begin with these letters; 0: there are none. */
static uint64_t categories_of(heft_str name)
{
    uint64_t mask = heft_str_is(name, "C") || heft_str_is(name, "Cn") ? UNASSIGNED : 0;
    for (int32_t i = 0; heft_unicode_newer[i].name; i++) {
        heft_str row = heft_str_of(heft_unicode_newer[i].name);
        if (row.n == 2 && name.n && name.n <= 2 && memcmp(row.p, name.p, name.n) == 0)
            mask |= UINT64_C(1) << i;
    }
    return mask;
}

/* The inside of a class that means these categories, a whole family by its one letter. With newer
 * code points PCRE2's unassigned ones are not the reference's. */
static void write_categories(parser *p, uint64_t mask)
{
    for (int32_t i = 0; heft_unicode_newer[i].name; i++) {
        const heft_ranges *row = &heft_unicode_newer[i];
        uint64_t these = categories_of(heft_str_of(row->name));
        if (!these || (mask & these) != these) continue;
        mask &= ~these;
        heft_buf_printf(p->out, "\\p{%s}", row->name);
        if (p->newer) write_ranges(p, row);
    }
    if (!(mask & UNASSIGNED)) return;
    if (p->newer)
        write_ranges(p, &heft_unicode_unassigned);
    else
        heft_buf_z(p->out, "\\p{Cn}");
}

static uint64_t every_category(void)
{
    uint64_t mask = UNASSIGNED;
    for (int32_t i = 0; heft_unicode_newer[i].name; i++)
        mask |= categories_of(heft_str_of(heft_unicode_newer[i].name));
    return mask;
}

/* The inside of a class that means the set, as if it were not negated. */
static void write_set(parser *p, const set *s)
{
    if (!s->all) {
        p->categories |= s->categories;
        write_categories(p, s->categories);
        return;
    }
    p->others = true;
    write_ranges(p, s->all);
    if (s->extra) write_ranges(p, s->extra);
}

static heft_status read_property(parser *p, set *s)
{
    static const struct {
        const char *name, *category;
    } longer[] = { { "Letter", "L" }, { "Number", "N" }, { "Punctuation", "P" },
                   { "Symbol", "S" }, { "Mark", "M" },   { "Separator", "Z" },
                   { "Other", "C" } };
    if (take(p, "^")) s->negated = !s->negated;
    size_t begin = p->at;
    while (more(p) && peek(p) != '}')
        p->at++;
    heft_str name = { p->in.p + begin, p->at - begin };
    if (!take(p, "}")) return refuse(p, HEFT_E_FORMAT, "a property without }");
    for (size_t i = 0; i < sizeof longer / sizeof *longer; i++)
        if (heft_str_is(name, longer[i].name)) name = heft_str_of(longer[i].category);
    s->categories = categories_of(name);
    if (!s->categories) s->all = heft_ranges_find(heft_unicode_script, name);
    if (!s->categories && !s->all)
        return heft_fail(p->err, HEFT_E_UNSUPPORTED,
                         "pattern %s: property %s at byte %zu is not one heft knows (general "
                         "categories, common scripts)",
                         heft_show(p->in).text, heft_show(name).text, begin);
    if (p->caseless && s->categories && name.n == 2 && name.p[0] == 'L')
        return refuse(p, HEFT_E_UNSUPPORTED, "a property of case where case is ignored");
    return HEFT_OK;
}

/* What \w has beyond the table: Oniguruma's takes six signs of Latin-1, though not inside a class;
 * Rust's takes the two joiners. */
static const heft_range sign[] = { { 0xb2, 0xb3 }, { 0xb9, 0xb9 }, { 0xbc, 0xbe } };
static const heft_range joiner[] = { { 0x200c, 0x200d } };
static const heft_ranges signs = { "signs", sign, 3 }, joiners = { "joiners", joiner, 1 };

bool heft_regex_is_word(int32_t cp)
{
    return heft_ranges_have(&heft_unicode_word, cp) || heft_ranges_have(&signs, cp);
}

static const heft_ranges *word_extra(const parser *p, bool in_class)
{
    if (p->dialect == HEFT_REGEX_RUST) return &joiners;
    return in_class ? NULL : &signs;
}

/* After a backslash: is it a set? *is says; if so it is consumed. */
static heft_status read_set(parser *p, bool in_class, set *s, bool *is)
{
    bool ruby = p->dialect == HEFT_REGEX_ONIGURUMA;
    static const heft_range hex[] = { { '0', '9' }, { 'A', 'F' }, { 'a', 'f' } };
    static const heft_ranges hex_digit = { "hex", hex, 3 };
    char c = peek(p);
    *s = (set){ .negated = c == 'S' || c == 'D' || c == 'W' || c == 'P' };
    *is = true;
    if (c == 's' || c == 'S')
        s->all = &heft_unicode_space;
    else if (c == 'w' || c == 'W') {
        s->all = &heft_unicode_word;
        s->extra = word_extra(p, in_class);
    } else if (c == 'd' || c == 'D')
        s->categories = categories_of(heft_str_of("Nd"));
    else if (c == 'h' && ruby)
        s->all = &hex_digit;
    else if (c == 'p' || c == 'P') {
        p->at++;
        if (take(p, "{")) return read_property(p, s);
        return refuse(p, HEFT_E_UNSUPPORTED, "a property without {");
    } else {
        *is = false;
        return HEFT_OK;
    }
    p->at++;
    return HEFT_OK;
}

/* ---- single characters ---- */

static int32_t hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 1 to `most` hexadecimal digits, exactly `most` unless closed by '}'. */
static heft_status read_hex(parser *p, int32_t most, bool closed, int32_t *cp)
{
    int32_t n = 0;
    *cp = 0;
    for (; n < most && hex_value(peek(p)) >= 0; n++, p->at++)
        *cp = *cp * 16 + hex_value(peek(p));
    bool ok = closed ? n > 0 && take(p, "}") : n == most;
    if (!ok || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
        return refuse(p, HEFT_E_FORMAT, "a bad hexadecimal character");
    return HEFT_OK;
}

/* One character, after its backslash if it had one. */
static heft_status read_escape(parser *p, int32_t *cp)
{
    static const char name[] = "nrtfvae0", value[] = "\n\r\t\f\v\a\033\0";
    char c = peek(p);
    const char *known = c ? strchr(name, c) : NULL;
    if (known) {
        *cp = value[known - name];
        p->at++;
        if (c == '0' && peek(p) >= '0' && peek(p) <= '7')
            return refuse(p, HEFT_E_UNSUPPORTED, "an octal character");
        return HEFT_OK;
    }
    if (take(p, "x{")) return read_hex(p, 6, true, cp);
    if (take(p, "x")) return read_hex(p, 2, false, cp);
    if (take(p, "u")) return read_hex(p, 4, false, cp);
    bool word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (!more(p) || word || (c & 0x80))
        return refuse(p, HEFT_E_UNSUPPORTED, "an escape heft does not know");
    *cp = c;
    p->at++;
    return HEFT_OK;
}

static heft_status read_char(parser *p, int32_t *cp)
{
    if (take(p, "\\")) return read_escape(p, cp);
    p->at += heft_utf8_decode(p->in.p + p->at, p->in.n - p->at, cp);
    return HEFT_OK;
}

/* ---- classes ---- */

static heft_status read_items(parser *p);

/* A set that stands in a class. */
static heft_status add_set(parser *p, const set *s)
{
    if (!s->negated) {
        write_set(p, s);
        return HEFT_OK;
    }
    if (s->extra) return refuse(p, HEFT_E_UNSUPPORTED, "\\W inside a class");
    if (s->all) {
        p->others = true;
        write_complement(p, s->all);
    } else {
        const set rest = { .categories = every_category() & ~s->categories };
        write_set(p, &rest);
    }
    return HEFT_OK;
}

/* A class inside a class is united with the one around it, as the dialects say. */
static heft_status read_inner_class(parser *p)
{
    if (peek(p) == '^') return refuse(p, HEFT_E_UNSUPPORTED, "a negated class inside a class");
    if (++p->depth > MAX_DEPTH) return refuse(p, HEFT_E_FORMAT, "too deeply nested");
    heft_status st = read_items(p);
    if (st) return st;
    if (!take(p, "]")) return refuse(p, HEFT_E_UNSUPPORTED, "&& in a class inside a class");
    p->depth--;
    return HEFT_OK;
}

/* A set, or a character, or a range of them. */
static heft_status read_class_item(parser *p)
{
    set s;
    bool is;
    if (looking_at(p, "[:")) return refuse(p, HEFT_E_UNSUPPORTED, "a class [:...:]");
    if (take(p, "[")) return read_inner_class(p);
    if (take(p, "\\")) {
        heft_status st = read_set(p, true, &s, &is);
        if (st || is) return st ? st : add_set(p, &s);
        p->at--;
    }
    int32_t first, last;
    p->others = true;
    heft_status st = read_char(p, &first);
    if (st) return st;
    last = first;
    if (peek(p) == '-' && !looking_at(p, "-]") && !looking_at(p, "-&&")) {
        p->at++;
        size_t here = p->at;
        is = false;
        if (peek(p) == '[') return refuse(p, HEFT_E_UNSUPPORTED, "a range that ends in a class");
        if (take(p, "\\")) {
            st = read_set(p, true, &s, &is);
            if (st) return st;
        }
        if (is) return refuse(p, HEFT_E_UNSUPPORTED, "a range that ends in a set");
        p->at = here;
        st = read_char(p, &last);
        if (st) return st;
    }
    if (last < first) return refuse(p, HEFT_E_FORMAT, "a range that runs backwards");
    write_range(p, first, last);
    return HEFT_OK;
}

/* Up to a ']' or "&&", which stays. */
static heft_status read_items(parser *p)
{
    if (peek(p) == ']' || looking_at(p, "&&"))
        return refuse(p, HEFT_E_UNSUPPORTED, "an empty class");
    while (more(p) && peek(p) != ']' && !looking_at(p, "&&")) {
        heft_status st = read_class_item(p);
        if (st) return st;
    }
    return more(p) ? HEFT_OK : refuse(p, HEFT_E_FORMAT, "a class without ]");
}

/* One side of "&&": the inside of a class. */
typedef struct {
    heft_buf items;
    bool negated;
    uint64_t categories; /* all it consists of; 0: it has other things too */
} operand;

static heft_status read_operand(parser *p, operand *o)
{
    heft_buf *out = p->out;
    o->items = heft_buf_of(out->max);
    o->negated = take(p, "[^");
    p->out = &o->items;
    p->categories = 0;
    p->others = false;
    heft_status st = read_items(p);
    if (!st && o->negated && !take(p, "]"))
        st = refuse(p, HEFT_E_UNSUPPORTED, "&& in a class inside a class");
    if (!st && o->negated && peek(p) != ']' && !looking_at(p, "&&"))
        st = refuse(p, HEFT_E_UNSUPPORTED, "a negated class inside a class");
    o->categories = p->others ? 0 : p->categories;
    p->out = out;
    return st;
}

static void write_operand(parser *p, const operand *o)
{
    heft_buf_z(p->out, o->negated ? "[^" : "[");
    heft_buf_add(p->out, o->items.p, o->items.n);
    heft_buf_z(p->out, "]");
}

/* Categories without the members of other classes are one class: what is in no other category and
 * in none of those. It matches as fast as any, where the general form looks ahead at every
 * character. */
static bool write_as_one(parser *p, const operand *o, int32_t n)
{
    bool fits = o[0].categories && !o[0].negated;
    for (int32_t i = 1; i < n; i++)
        fits = fits && o[i].negated;
    if (!fits) return false;
    heft_buf_z(p->out, "[^");
    write_categories(p, every_category() & ~o[0].categories);
    for (int32_t i = 1; i < n; i++)
        heft_buf_add(p->out, o[i].items.p, o[i].items.n);
    heft_buf_z(p->out, "]");
    return true;
}

static void write_intersection(parser *p, const operand *o, int32_t n, bool negated)
{
    if (!negated && write_as_one(p, o, n)) return;
    heft_buf_z(p->out, negated ? "(?:(?!" : "(?:");
    for (int32_t i = 1; i < n; i++) {
        heft_buf_z(p->out, "(?=");
        write_operand(p, &o[i]);
        heft_buf_z(p->out, ")");
    }
    write_operand(p, &o[0]);
    heft_buf_z(p->out, negated ? ")[\\x{0}-\\x{10ffff}])" : ")");
}

/* After '['. */
static heft_status read_class(parser *p)
{
    enum { MAX_OPERANDS = 8 };
    operand o[MAX_OPERANDS] = { 0 };
    int32_t n = 0;
    bool negated = take(p, "^");
    heft_status st = HEFT_OK;
    do {
        if (n == MAX_OPERANDS) st = refuse(p, HEFT_E_UNSUPPORTED, "too many &&");
        if (!st) st = read_operand(p, &o[n++]);
    } while (!st && take(p, "&&"));
    if (!st && !take(p, "]")) st = refuse(p, HEFT_E_FORMAT, "a class without ]");
    for (int32_t i = 0; i < n && !st; i++)
        st = heft_buf_check(&o[i].items, "a pattern", p->err);
    if (!st && n == 1) {
        o[0].negated ^= negated;
        write_operand(p, &o[0]);
    } else if (!st) {
        write_intersection(p, o, n, negated);
    }
    for (int32_t i = 0; i < n; i++)
        heft_buf_free(&o[i].items);
    return st;
}

/* ---- atoms, groups, repetition ---- */

static heft_status read_alternatives(parser *p);

/* After '('. *look: it was a look-around. */
static heft_status read_group(parser *p, bool *look)
{
    static const struct {
        const char *in, *out;
        bool look, caseless;
    } kind[] = {
        { "?:", "(?:", false, false },  { "?=", "(?=", true, false },
        { "?!", "(?!", true, false },   { "?<=", "(?<=", true, false },
        { "?<!", "(?<!", true, false }, { "?>", "(?>", false, false },
        { "?i:", "(?i:", false, true },
    };
    size_t i = 0, n = sizeof kind / sizeof *kind;
    while (i < n && !take(p, kind[i].in))
        i++;
    if (i == n && peek(p) == '?')
        return refuse(p, HEFT_E_UNSUPPORTED, "a kind of group heft does not know");
    if (i == n) i = 0; /* what a group captures is of no use here */
    *look = kind[i].look;
    if (++p->depth > MAX_DEPTH) return refuse(p, HEFT_E_FORMAT, "too deeply nested");
    heft_buf_z(p->out, kind[i].out);
    p->caseless += kind[i].caseless;
    heft_status st = read_alternatives(p);
    if (st) return st;
    p->caseless -= kind[i].caseless;
    p->depth--;
    if (!take(p, ")")) return refuse(p, HEFT_E_FORMAT, "a group without )");
    heft_buf_z(p->out, ")");
    return HEFT_OK;
}

static void write_word_boundary(parser *p, bool negated)
{
    static const char *const part[2][4] = { { "(?:(?<=[", "])(?![", "])|(?<![", "])(?=[" },
                                            { "(?:(?<=[", "])(?=[", "])|(?<![", "])(?![" } };
    const set word = { .all = &heft_unicode_word, .extra = word_extra(p, false) };
    for (int32_t i = 0; i < 4; i++) {
        heft_buf_z(p->out, part[negated][i]);
        write_set(p, &word);
    }
    heft_buf_z(p->out, "]))");
}

/* After a backslash outside a class. *look: nothing to repeat. */
static heft_status read_escaped_atom(parser *p, bool *look)
{
    set s;
    bool is;
    char c = peek(p);
    *look = c == 'b' || c == 'B' || c == 'A' || c == 'z';
    if (*look) {
        p->at++;
        if (c == 'A' || c == 'z')
            heft_buf_printf(p->out, "\\%c", c);
        else
            write_word_boundary(p, c == 'B');
        return HEFT_OK;
    }
    heft_status st = read_set(p, false, &s, &is);
    if (st) return st;
    if (is) {
        heft_buf_z(p->out, s.negated ? "[^" : "[");
        write_set(p, &s);
        heft_buf_z(p->out, "]");
        return HEFT_OK;
    }
    int32_t cp;
    st = read_escape(p, &cp);
    if (!st) write_char(p, cp);
    return st;
}

static heft_status read_atom(parser *p, bool *look)
{
    bool ruby = p->dialect == HEFT_REGEX_ONIGURUMA;
    *look = false;
    if (take(p, "(")) return read_group(p, look);
    if (take(p, "[")) return read_class(p);
    if (take(p, "\\")) return read_escaped_atom(p, look);
    if (take(p, ".")) {
        heft_buf_z(p->out, ".");
        return HEFT_OK;
    }
    if (take(p, "$") || take(p, "^")) {
        bool begin = p->in.p[p->at - 1] == '^';
        *look = true;
        heft_buf_z(p->out, ruby ? begin ? "(?m:^)" : "(?m:$)" : begin ? "\\A" : "\\z");
        return HEFT_OK;
    }
    if (peek_any(p, "*+?{}"))
        return refuse(p, HEFT_E_UNSUPPORTED, "a repetition of nothing, or a bare brace");
    int32_t cp;
    heft_status st = read_char(p, &cp);
    if (!st) write_char(p, cp);
    return st;
}

static bool read_number(parser *p, int32_t *n)
{
    size_t begin = p->at;
    *n = 0;
    for (; peek(p) >= '0' && peek(p) <= '9' && *n < 65536; p->at++)
        *n = *n * 10 + peek(p) - '0';
    return p->at > begin && *n < 65536;
}

/* {n}, {n,}, {n,m} and Oniguruma's {,m} behind an atom written from `begin` on. */
static heft_status read_counts(parser *p, size_t begin)
{
    bool ruby = p->dialect == HEFT_REGEX_ONIGURUMA;
    int32_t least = 0, most = -1;
    bool has_least = read_number(p, &least), comma = take(p, ","),
         has_most = comma && read_number(p, &most);
    bool ok = has_least || (ruby && has_most);
    if (!ok || !take(p, "}") || (has_most && most < least))
        return refuse(p, HEFT_E_FORMAT, "a repetition {...} heft does not know");
    heft_buf_printf(p->out, "{%d", (int)least);
    if (comma) heft_buf_z(p->out, ",");
    if (has_most) heft_buf_printf(p->out, "%d", (int)most);
    heft_buf_z(p->out, "}");
    if (ruby && !comma && peek(p) == '?') return refuse(p, HEFT_E_UNSUPPORTED, "{n}?");
    if (!ruby || !take(p, "+")) return HEFT_OK;
    /* In Oniguruma X{n,m}+ is (?:X{n,m})+, not possessive. */
    if (p->out->failed || !heft_buf_z(p->out, "(?:")) return heft_nomem(p->err, "a pattern");
    memmove(p->out->p + begin + 3, p->out->p + begin, p->out->n - begin - 3);
    memcpy(p->out->p + begin, "(?:", 3);
    heft_buf_z(p->out, ")+");
    return HEFT_OK;
}

static heft_status read_repeated(parser *p)
{
    bool look;
    size_t begin = p->out->n;
    heft_status st = read_atom(p, &look);
    if (st || !peek_any(p, "*+?{")) return st;
    if (look) return refuse(p, HEFT_E_UNSUPPORTED, "a repeated look-around");
    if (take(p, "{")) {
        st = read_counts(p, begin);
        if (st) return st;
    } else {
        heft_buf_add(p->out, p->in.p + p->at++, 1);
    }
    if (take(p, "?"))
        heft_buf_z(p->out, "?");
    else if (take(p, "+"))
        heft_buf_z(p->out, "+");
    if (peek_any(p, "*+?{")) return refuse(p, HEFT_E_UNSUPPORTED, "a repeated repetition");
    return HEFT_OK;
}

static heft_status read_alternatives(parser *p)
{
    while (more(p) && peek(p) != ')') {
        if (take(p, "|")) {
            heft_buf_z(p->out, "|");
            continue;
        }
        heft_status st = read_repeated(p);
        if (st) return st;
    }
    return HEFT_OK;
}

heft_status heft_regex_translate(heft_str pattern, heft_regex_dialect dialect, bool newer,
                                 heft_buf *out, heft_error *err)
{
    parser p = { .in = pattern, .dialect = dialect, .newer = newer, .out = out, .err = err };
    if (!heft_utf8_valid(pattern)) return refuse(&p, HEFT_E_FORMAT, "not UTF-8");
    if (pattern.n == 0) return refuse(&p, HEFT_E_UNSUPPORTED, "empty");
    if (take(&p, "(?i)")) { /* elsewhere the dialects disagree how far it reaches */
        heft_buf_z(out, "(?i)");
        p.caseless = 1;
    }
    heft_status st = read_alternatives(&p);
    if (st) return st;
    if (more(&p)) return refuse(&p, HEFT_E_FORMAT, "a ) without (");
    return heft_buf_check(out, "a pattern", err);
}

/* The command line: parsing, help and suggestions from a verb's table of options. */
#include "cli/args.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the nearest name ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace) that turn a into b; only words of up to 31 bytes are compared. */
static size_t edits(const char *a, const char *b)
{
    enum { LONGEST = 31 };
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) return SIZE_MAX;
    size_t row[LONGEST + 1]; /* row[j]: edits from a's first i bytes to b's first j */
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[m];
}

const char *heft_nearest(const char *word, const char *const *name, size_t n)
{
    const char *best = NULL;
    size_t best_edits = 3; /* more is another word */
    for (size_t i = 0; i < n; i++) {
        size_t e = edits(word, name[i]);
        if (e < best_edits && e < strlen(name[i])) {
            best = name[i];
            best_edits = e;
        }
    }
    return best;
}

/* ---- values ---- */

static heft_status set_int(const heft_arg *a, const char *text, void *at, heft_error *err)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end)
        return heft_fail(err, HEFT_E_ARG, "--%s: '%s' is not a whole number", a->name,
                         heft_show_z(text).text);
    if (errno || (double)v < a->min || (double)v > a->max)
        return heft_fail(err, HEFT_E_ARG, "--%s: %s is not in %.0f to %.0f", a->name,
                         heft_show_z(text).text, a->min, a->max);
    int32_t narrow = (int32_t)v;
    memcpy(at, &narrow, sizeof narrow);
    return HEFT_OK;
}

static heft_status set_real(const heft_arg *a, const char *text, void *at, heft_error *err)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end)
        return heft_fail(err, HEFT_E_ARG, "--%s: '%s' is not a number", a->name,
                         heft_show_z(text).text);
    if (!(v >= a->min && v <= a->max)) /* NaN is outside too */
        return heft_fail(err, HEFT_E_ARG, "--%s: %s is not in %g to %g", a->name,
                         heft_show_z(text).text, a->min, a->max);
    float narrow = (float)v;
    memcpy(at, &narrow, sizeof narrow);
    return HEFT_OK;
}

static heft_status set_seed(const heft_arg *a, const char *text, void *at, heft_error *err)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (end == text || *end || errno || !(*text >= '0' && *text <= '9'))
        return heft_fail(err, HEFT_E_ARG, "--%s: '%s' is not a whole number of 64 bits", a->name,
                         heft_show_z(text).text);
    uint64_t seed = v;
    memcpy(at, &seed, sizeof seed);
    return HEFT_OK;
}

static heft_status set_choice(const heft_arg *a, const char *text, void *at, heft_error *err)
{
    size_t n = strlen(text);
    int index = 0;
    for (const char *word = a->value; word; index++) {
        const char *bar = strchr(word, '|');
        size_t length = bar ? (size_t)(bar - word) : strlen(word);
        if (n == length && memcmp(word, text, n) == 0) {
            memcpy(at, &index, sizeof index);
            return HEFT_OK;
        }
        word = bar ? bar + 1 : NULL;
    }
    return heft_fail(err, HEFT_E_ARG, "--%s: '%s' is none of %s", a->name, heft_show_z(text).text,
                     a->value);
}

static heft_status add_text(const heft_arg *a, const char *text, void *at, heft_error *err)
{
    heft_texts *texts = at;
    if (texts->n == HEFT_MAX_STOPS)
        return heft_fail(err, HEFT_E_ARG, "--%s: given more than %d times", a->name,
                         HEFT_MAX_STOPS);
    texts->text[texts->n++] = text;
    return HEFT_OK;
}

heft_status heft_arg_set(const heft_arg *a, const char *text, void *options, heft_error *err)
{
    void *at = (char *)options + a->at;
    switch (a->kind) {
    case HEFT_ARG_FLAG: *(bool *)at = true; return HEFT_OK;
    case HEFT_ARG_INT: return set_int(a, text, at, err);
    case HEFT_ARG_REAL: return set_real(a, text, at, err);
    case HEFT_ARG_SEED: return set_seed(a, text, at, err);
    case HEFT_ARG_TEXT: *(const char **)at = text; return HEFT_OK;
    case HEFT_ARG_TEXTS: return add_text(a, text, at, err);
    case HEFT_ARG_CHOICE: return set_choice(a, text, at, err);
    }
    return HEFT_OK;
}

/* ---- words ---- */

static const heft_arg *find(const heft_verb *v, heft_str word)
{
    for (int32_t i = 0; i < v->n_args; i++) {
        const heft_arg *a = &v->arg[i];
        bool is_letter = word.n == 2 && word.p[1] == a->letter;
        bool is_name = heft_str_begins(word, "--")
                       && heft_str_is((heft_str){ word.p + 2, word.n - 2 }, a->name);
        if (is_letter || is_name) return a;
    }
    return NULL;
}

static heft_status unknown(const heft_verb *v, heft_str word, heft_error *err)
{
    enum { MOST = 64 };
    const char *name[MOST];
    char given[64] = "";
    size_t n = 0, dashes = heft_str_begins(word, "--") ? 2 : 1;
    for (int32_t i = 0; i < v->n_args && n < MOST; i++)
        name[n++] = v->arg[i].name;
    if (word.n - dashes < sizeof given) memcpy(given, word.p + dashes, word.n - dashes);
    const char *near = heft_nearest(given, name, n);
    return heft_fail(err, HEFT_E_ARG, "%s: unknown option %s%s%s (see heft %s --help)", v->name,
                     heft_show(word).text, near ? ", nearest is --" : "", near ? near : "",
                     v->name);
}

/* Parse the option at argv[*i], and its value if that is the next word. */
static heft_status parse_option(heft_call *call, int *i, heft_error *err)
{
    const char *whole = call->argv[*i];
    const char *equals = heft_str_begins(heft_str_of(whole), "--") ? strchr(whole, '=') : NULL;
    heft_str word = { whole, equals ? (size_t)(equals - whole) : strlen(whole) };
    const heft_arg *a = find(call->verb, word);
    if (!a) return unknown(call->verb, word, err);

    const char *text = equals ? equals + 1 : NULL;
    if (a->kind == HEFT_ARG_FLAG) {
        if (text) return heft_fail(err, HEFT_E_ARG, "--%s takes no value", a->name);
    } else if (!text) {
        if (*i + 1 == call->argc)
            return heft_fail(err, HEFT_E_ARG, "--%s needs a value (%s)", a->name, a->value);
        text = call->argv[++*i];
    }
    return heft_arg_set(a, text, call->options, err);
}

heft_status heft_args_parse(heft_call *call, heft_error *err)
{
    const heft_verb *v = call->verb;
    bool options = true;
    call->n_operands = 0;
    for (int i = 0; i < call->argc; i++) {
        heft_str word = heft_str_of(call->argv[i]);
        if (options && heft_str_is(word, "--")) {
            options = false;
        } else if (options && (heft_str_is(word, "--help") || heft_str_is(word, "-h"))) {
            call->help = true;
            return HEFT_OK;
        } else if (options && word.n > 1 && word.p[0] == '-') {
            heft_status st = parse_option(call, &i, err);
            if (st) return st;
        } else {
            call->operand[call->n_operands++] = word.p;
        }
    }
    if (call->n_operands < v->least || (v->most >= 0 && call->n_operands > v->most))
        return heft_fail(err, HEFT_E_ARG, "%s: %s, the use is: heft %s %s [option...]", v->name,
                         call->n_operands < v->least ? "something is missing" : "too many words",
                         v->name, v->operands);
    return HEFT_OK;
}

void heft_args_again(const heft_call *call, void *options)
{
    heft_call again = *call;
    again.options = options;
    heft_status st = heft_args_parse(&again, NULL);
    assert(st == HEFT_OK);
    (void)st;
}

/* ---- help ---- */

/* Left column of an option: "  -n, --tokens N". */
static void left_column(const heft_arg *a, heft_buf *out)
{
    if (a->letter)
        heft_buf_printf(out, "  -%c, --%s", a->letter, a->name);
    else
        heft_buf_printf(out, "      --%s", a->name);
    if (a->value) heft_buf_printf(out, " %s", a->value);
}

void heft_args_help(const heft_verb *v, heft_buf *out)
{
    enum { COLUMN = 28 };
    heft_buf_printf(out, "heft %s%s%s%s\n  %s.\n", v->name, *v->operands ? " " : "", v->operands,
                    v->n_args ? " [option...]" : "", v->summary);
    if (v->notes) heft_buf_printf(out, "\n%s", v->notes);
    heft_buf_z(out, v->n_args ? "\n" : "");
    for (int32_t i = 0; i < v->n_args; i++) {
        size_t before = out->n;
        left_column(&v->arg[i], out);
        size_t width = out->n - before;
        if (width + 2 > COLUMN) {
            heft_buf_z(out, "\n");
            width = 0;
        }
        heft_buf_printf(out, "%*s%s\n", (int)(COLUMN - width), "", v->arg[i].help);
    }
    heft_buf_printf(out, "\nExample:\n%s", v->example);
}

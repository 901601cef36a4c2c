/* Regular expressions: compiled and run by PCRE2 with its JIT.
 *
 * Every pattern is compiled twice, with and without the code points that PCRE2 does not know; the
 * slower form runs only on text that has one. Matching is bounded by a JIT stack of our own, a heap
 * limit and a match limit, because patterns and text both come from outside. */
#include "text/regex.h"

#include "text/shape.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    JIT_STACK_BYTES = 64 << 20, /* reserved, not used: pages appear as they are touched */
    HEAP_LIMIT_KIB = 256 << 10,
    MATCH_LIMIT = 100 * 1000 * 1000,
    MAX_PATTERN_BYTES = 1 << 20, /* translated */
};

struct heft_regex {
    pcre2_code *code[2];     /* [newer] */
    const heft_shape *shape; /* or NULL */
    char *shown;
};

struct heft_matching {
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
};

static void *give(size_t n, void *unused)
{
    (void)unused;
    return heft_alloc(1, n);
}

static void take_back(void *p, void *unused)
{
    (void)unused;
    heft_free(p);
}

static heft_status compile(heft_str pattern, heft_regex_dialect dialect, bool newer,
                           pcre2_general_context *general, pcre2_code **out, heft_error *err)
{
    heft_buf text = heft_buf_of(MAX_PATTERN_BYTES);
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    int code = 0;
    PCRE2_SIZE at = 0;
    heft_status st = heft_regex_translate(heft_regex_linear(pattern), dialect, newer, &text, err);
    if (st) goto done;
    st = heft_nomem(err, "a pattern");
    if (!context) goto done;
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    *out = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code,
                         &at, context);
    if (*out) {
        /* Without JIT (a build of PCRE2 may lack it) the interpreter gives the same matches. */
        (void)pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE);
        st = HEFT_OK;
    } else {
        PCRE2_UCHAR why[120] = { 0 };
        (void)pcre2_get_error_message(code, why, sizeof why);
        st = heft_fail(err, HEFT_E_FORMAT, "pattern %s: %s", heft_show(pattern).text,
                       (const char *)why);
    }
done:
    pcre2_compile_context_free(context);
    heft_buf_free(&text);
    return st;
}

heft_status heft_regex_open(heft_str pattern, heft_regex_dialect dialect, heft_regex **out,
                            heft_error *err)
{
    heft_status st = heft_nomem(err, "a pattern");
    pcre2_general_context *general = pcre2_general_context_create(give, take_back, NULL);
    heft_regex *r = heft_alloc(1, sizeof *r);
    if (!general || !r) goto done;
    r->shape = heft_shape_find(pattern);
    r->shown = heft_strdup(heft_str_of(heft_show(pattern).text));
    if (!r->shown) goto done;
    for (int newer = 0; newer < 2; newer++) {
        st = compile(pattern, dialect, newer, general, &r->code[newer], err);
        if (st) goto done;
    }
    *out = r;
    r = NULL;
done:
    heft_regex_close(r);
    pcre2_general_context_free(general);
    return st;
}

void heft_regex_close(heft_regex *r)
{
    if (!r) return;
    for (int newer = 0; newer < 2; newer++)
        pcre2_code_free(r->code[newer]);
    heft_free(r->shown);
    heft_free(r);
}

heft_status heft_matching_open(heft_matching **out, heft_error *err)
{
    heft_matching *m = heft_alloc(1, sizeof *m);
    if (!m) return heft_nomem(err, "matching");
    m->general = pcre2_general_context_create(give, take_back, NULL);
    if (m->general) {
        m->context = pcre2_match_context_create(m->general);
        m->data = pcre2_match_data_create(1, m->general);
        m->stack = pcre2_jit_stack_create(1 << 15, JIT_STACK_BYTES, m->general);
    }
    if (!m->context || !m->data) {
        heft_matching_close(m);
        return heft_nomem(err, "matching");
    }
    /* Without a stack (no JIT in this PCRE2) the default one is used. */
    if (m->stack) pcre2_jit_stack_assign(m->context, NULL, m->stack);
    pcre2_set_heap_limit(m->context, HEAP_LIMIT_KIB);
    pcre2_set_match_limit(m->context, MATCH_LIMIT);
    *out = m;
    return HEFT_OK;
}

void heft_matching_close(heft_matching *m)
{
    if (!m) return;
    pcre2_jit_stack_free(m->stack);
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_general_context_free(m->general);
    heft_free(m);
}

heft_status heft_regex_find(const heft_regex *r, heft_matching *m, heft_str text, size_t from,
                            bool newer, bool *found, size_t *begin, size_t *end, heft_error *err)
{
    size_t known = r->shape && from < text.n ? heft_shape_match(r->shape, text, from) : 0;
    if (known) {
        *found = true;
        *begin = from;
        *end = known;
        return HEFT_OK;
    }
    int n = pcre2_match(r->code[newer], (PCRE2_SPTR)text.p, text.n, from, PCRE2_NO_UTF_CHECK,
                        m->data, m->context);
    *found = n >= 0;
    if (n >= 0) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
        *begin = at[0];
        *end = at[1];
        return HEFT_OK;
    }
    if (n == PCRE2_ERROR_NOMATCH) return HEFT_OK;
    PCRE2_UCHAR why[120] = { 0 };
    (void)pcre2_get_error_message(n, why, sizeof why);
    return heft_fail(err, HEFT_E_UNSUPPORTED,
                     "pattern %s: %s in a text of %zu bytes, after byte %zu", r->shown,
                     (const char *)why, text.n, from);
}

/* Rewrites of characters: by class, to lower case, to a normal form, to stand for bytes. */
#include "text/pipeline.h"

#include <utf8proc.h>

static void add_char(heft_buf *out, int32_t cp)
{
    char utf8[4];
    heft_buf_add(out, utf8, heft_utf8_encode(cp, utf8));
}

static bool in(const heft_ranges *r, int32_t cp)
{
    return r && heft_ranges_have(r, cp);
}

heft_status heft_rewrite_chars(const heft_rewrite *w, heft_run *r, heft_str text, heft_buf *out,
                               heft_error *err)
{
    (void)err;
    const heft_str blank = heft_str_of(" ");
    for (size_t i = 0, n; i < text.n; i += n) {
        int32_t cp;
        n = heft_utf8_decode(text.p + i, text.n - i, &cp);
        heft_str c = { text.p + i, n }, none = { c.p, 0 };
        if (in(w->drop, cp)) continue;
        bool alone = in(w->alone, cp), space = in(w->space, cp);
        if (alone || space) {
            heft_buf_str(out, blank);
            heft_rewrite_replaced(r, space ? c : none, blank);
        }
        if (!space) heft_rewrite_keep(r, out, c);
        if (alone) {
            heft_buf_str(out, blank);
            heft_rewrite_replaced(r, none, blank);
        }
    }
    return HEFT_OK;
}

heft_status heft_rewrite_lower(const heft_rewrite *w, heft_run *r, heft_str text, heft_buf *out,
                               heft_error *err)
{
    (void)w;
    (void)r;
    (void)err;
    for (size_t i = 0; i < text.n;) {
        int32_t cp, to[2];
        i += heft_utf8_decode(text.p + i, text.n - i, &cp);
        int32_t n = heft_unicode_to_lower(cp, to);
        for (int32_t k = 0; k < n; k++)
            add_char(out, to[k]);
    }
    return HEFT_OK;
}

heft_status heft_rewrite_bytes(const heft_rewrite *w, heft_run *r, heft_str text, heft_buf *out,
                               heft_error *err)
{
    (void)w;
    (void)r;
    (void)err;
    for (size_t i = 0; i < text.n; i++)
        add_char(out, heft_char_of_byte((uint8_t)text.p[i]));
    return HEFT_OK;
}

/* ---- words of GGUF files ---- */

/* The first character of the canonical decomposition: a letter without its accents. */
static int32_t without_accents(int32_t cp)
{
    enum { LONGEST = 8 };
    utf8proc_int32_t to[LONGEST];
    int unused = 0;
    utf8proc_ssize_t n =
        utf8proc_decompose_char(cp, to, LONGEST, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &unused);
    return n > 0 ? to[0] : cp;
}

typedef enum { CHAR_GOES, CHAR_SPACE, CHAR_ALONE, CHAR_OF_WORD } char_kind;

static char_kind kind_of(int32_t cp, bool accents)
{
    if (heft_ranges_have(&heft_unicode_space, cp)) return CHAR_SPACE;
    if (cp == 0 || cp == 0xfffd) return CHAR_GOES;
    if (heft_ranges_have(&heft_unicode_bert_alone, cp)) return CHAR_ALONE;
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO: return CHAR_GOES;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return accents ? CHAR_GOES : CHAR_OF_WORD;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return CHAR_ALONE;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO: return cp < 0x7f ? CHAR_ALONE : CHAR_OF_WORD;
    default: return CHAR_OF_WORD;
    }
}

heft_status heft_rewrite_words(const heft_rewrite *w, heft_run *r, heft_str text, heft_buf *out,
                               heft_error *err)
{
    (void)r;
    (void)err;
    for (size_t i = 0; i < text.n;) {
        int32_t cp;
        i += heft_utf8_decode(text.p + i, text.n - i, &cp);
        if (w->right) cp = without_accents(cp);
        char_kind kind = kind_of(cp, w->right);
        if (kind == CHAR_GOES) continue;
        if (kind != CHAR_OF_WORD) heft_buf_z(out, " ");
        if (kind != CHAR_SPACE) add_char(out, w->left ? utf8proc_tolower(cp) : cp);
        if (kind == CHAR_ALONE) heft_buf_z(out, " ");
    }
    return HEFT_OK;
}

/* ---- normal forms ---- */

/* Put a stretch into a form; it holds no character the reference's older Unicode lacks. */
static heft_status normalise(heft_run *r, heft_str in, heft_form form, heft_buf *out,
                             heft_error *err)
{
    const size_t before = out->n;
    static const utf8proc_option_t options[] = {
        [HEFT_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [HEFT_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
        [HEFT_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
        [HEFT_NFKD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
    };
    const utf8proc_uint8_t *text = (const utf8proc_uint8_t *)in.p;
    utf8proc_ssize_t bytes = (utf8proc_ssize_t)in.n,
                     n = utf8proc_decompose(text, bytes, NULL, 0, options[form]);
    if (n < 0) return heft_fail(err, HEFT_E_FORMAT, "normalising: %s", utf8proc_errmsg(n));
    utf8proc_int32_t *cp = heft_alloc((size_t)n + 1, sizeof *cp);
    if (!cp) return heft_nomem(err, "a normalised text");
    n = utf8proc_decompose(text, bytes, cp, n, options[form]);
    if (n >= 0) n = utf8proc_normalize_utf32(cp, n, options[form]);
    for (utf8proc_ssize_t i = 0; i < n; i++)
        add_char(out, cp[i]);
    heft_free(cp);
    if (n >= 0 && !out->failed)
        heft_rewrite_replaced(r, in, (heft_str){ out->p + before, out->n - before });
    return n < 0 ? heft_fail(err, HEFT_E_FORMAT, "normalising: %s", utf8proc_errmsg(n)) : HEFT_OK;
}

static bool barrier(heft_str in, size_t at, size_t *n)
{
    int32_t cp;
    *n = heft_utf8_decode(in.p + at, in.n - at, &cp);
    return heft_ranges_have(&heft_unicode_form_exception, cp);
}

/* ASCII is its own normal form, so only stretches of other characters are looked at, each with the
 * ASCII character before it, which may take a mark. The reference knows Unicode 9: what came later
 * is unassigned to it, neither decomposes nor composes nor reorders, and ends a stretch. */
heft_status heft_rewrite_form(const heft_rewrite *w, heft_run *r, heft_str text, heft_buf *out,
                              heft_error *err)
{
    heft_status st = HEFT_OK;
    for (size_t i = 0, n; i < text.n && !st;) {
        size_t plain = i;
        while (plain < text.n && (uint8_t)text.p[plain] < 0x80)
            plain++;
        size_t begin = plain == text.n || plain == i ? plain : plain - 1;
        heft_rewrite_keep(r, out, (heft_str){ text.p + i, begin - i });
        for (i = plain; i < text.n && (uint8_t)text.p[i] >= 0x80 && !barrier(text, i, &n); i += n)
            continue;
        if (i > begin)
            st = normalise(r, (heft_str){ text.p + begin, i - begin }, w->form, out, err);
        if (!st && i < text.n && (uint8_t)text.p[i] >= 0x80) {
            (void)barrier(text, i, &n);
            heft_rewrite_keep(r, out, (heft_str){ text.p + i, n });
            i += n;
        }
    }
    return st;
}

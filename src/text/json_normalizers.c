/* Reading tokenizer.json: normalizers. */
#include "text/tokenizer_json.h"

#include "base/base64.h"
#include "base/bounds.h"

#include <string.h>

static heft_status normalizer_prepend(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_rewrite w = { .apply = heft_rewrite_prepend };
    heft_status st = heft_json_get_str(l, o, "Prepend", "prepend", true, &w.content, err);
    return st ? st : heft_add_rewrite(l->t, w, err);
}

static heft_status normalizer_replace(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_rewrite w = { .apply = heft_rewrite_replace };
    heft_status st = heft_json_get_str(l, o, "Replace", "content", true, &w.content, err);
    if (!st) st = heft_json_get_pattern(l, o, "Replace", &w.pattern, err);
    return st ? st : heft_add_rewrite(l->t, w, err);
}

static heft_status normalizer_strip(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_rewrite w = { .apply = heft_rewrite_strip };
    heft_status st = heft_json_get_bool(l, o, "Strip", "strip_left", true, &w.left, err);
    if (!st) st = heft_json_get_bool(l, o, "Strip", "strip_right", true, &w.right, err);
    return st ? st : heft_add_rewrite(l->t, w, err);
}

/* Components without members. */
static heft_status add(heft_json_loader *l, heft_rewrite w, heft_error *err)
{
    return heft_add_rewrite(l->t, w, err);
}

static heft_status normalizer_nfc(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return add(l, (heft_rewrite){ .apply = heft_rewrite_form, .form = HEFT_NFC }, err);
}

static heft_status normalizer_nfd(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return add(l, (heft_rewrite){ .apply = heft_rewrite_form, .form = HEFT_NFD }, err);
}

static heft_status normalizer_nfkc(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return add(l, (heft_rewrite){ .apply = heft_rewrite_form, .form = HEFT_NFKC }, err);
}

static heft_status normalizer_nfkd(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return add(l, (heft_rewrite){ .apply = heft_rewrite_form, .form = HEFT_NFKD }, err);
}

static heft_status normalizer_lowercase(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return add(l, (heft_rewrite){ .apply = heft_rewrite_lower }, err);
}

static heft_status normalizer_accents(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    const heft_rewrite w = { .apply = heft_rewrite_chars, .drop = &heft_unicode_combining };
    (void)o;
    return add(l, w, err);
}

static heft_status normalizer_nmt(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    const heft_rewrite w = { .apply = heft_rewrite_chars,
                             .drop = &heft_unicode_nmt_dropped,
                             .space = &heft_unicode_nmt_space };
    (void)o;
    return add(l, w, err);
}

static heft_status normalizer_byte_level(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    l->t->byte_level = true;
    return add(l, (heft_rewrite){ .apply = heft_rewrite_bytes }, err);
}

/* One after the other: clean, set apart, strip accents, lower. */
static heft_status normalizer_bert(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    static const char where[] = "BertNormalizer";
    bool clean = true, alone = true, lower = true;
    heft_status st = heft_json_get_bool(l, o, where, "clean_text", false, &clean, err);
    if (!st) st = heft_json_get_bool(l, o, where, "handle_chinese_chars", false, &alone, err);
    if (!st) st = heft_json_get_bool(l, o, where, "lowercase", false, &lower, err);
    bool accents = lower;
    if (!st) st = heft_json_get_bool(l, o, where, "strip_accents", false, &accents, err);
    const struct {
        bool wanted;
        heft_rewrite w;
    } step[] = {
        { clean,
          { .apply = heft_rewrite_chars,
            .drop = &heft_unicode_bert_dropped,
            .space = &heft_unicode_bert_space } },
        { alone, { .apply = heft_rewrite_chars, .alone = &heft_unicode_bert_alone } },
        { accents, { .apply = heft_rewrite_form, .form = HEFT_NFD } },
        { accents, { .apply = heft_rewrite_chars, .drop = &heft_unicode_bert_accent } },
        { lower, { .apply = heft_rewrite_lower } },
    };
    for (size_t i = 0; i < sizeof step / sizeof *step && !st; i++)
        if (step[i].wanted) st = add(l, step[i].w, err);
    return st;
}

static heft_status normalizer_precompiled(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    static const char where[] = "Precompiled", key[] = "precompiled_charsmap";
    heft_str text = { 0 };
    heft_buf blob = heft_buf_of(HEFT_MAX_TOKENIZER_BYTES);
    heft_arena *arena = &l->t->arena;
    heft_charsmap *map = heft_arena_alloc(arena, 1, sizeof *map);
    heft_status st = heft_json_get_str(l, o, where, key, false, &text, err);
    if (!st && !heft_base64_decode(text, &blob))
        st = heft_fail(err, HEFT_E_FORMAT, "%s: %s.%s is not Base64", l->file, where, key);
    if (!st) st = heft_buf_check(&blob, where, err);
    char *kept = heft_arena_alloc(arena, blob.n, 1);
    if (!st && (!map || !kept)) st = heft_nomem(err, where);
    if (!st && blob.n) memcpy(kept, blob.p, blob.n);
    if (!st) st = heft_charsmap_open(map, (heft_str){ kept, blob.n }, err);
    if (st) st = heft_context(err, st, "%s: %s", l->file, where);
    heft_buf_free(&blob);
    return st ? st : add(l, (heft_rewrite){ .apply = heft_rewrite_precompiled, .map = map }, err);
}

heft_status heft_json_normalizer(heft_json_loader *l, const heft_value *v, heft_error *err)
{
    static const heft_json_kind kinds[] = {
        { "Prepend", normalizer_prepend },
        { "Replace", normalizer_replace },
        { "Strip", normalizer_strip },
        { "NFC", normalizer_nfc },
        { "NFD", normalizer_nfd },
        { "NFKC", normalizer_nfkc },
        { "NFKD", normalizer_nfkd },
        { "Lowercase", normalizer_lowercase },
        { "StripAccents", normalizer_accents },
        { "Nmt", normalizer_nmt },
        { "ByteLevel", normalizer_byte_level },
        { "BertNormalizer", normalizer_bert },
        { "Precompiled", normalizer_precompiled },
        { NULL, NULL },
    };
    static const heft_json_section s = { "normalizer", "normalizers", kinds };
    return heft_json_component(l, v, &s, 0, err);
}

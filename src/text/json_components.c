/* Reading tokenizer.json: normalizers, pre-tokenizers, post-processors and decoders.
 *
 * Each section is one component or a Sequence of them. A component is a row of a table: its type
 * and the function that turns it into steps. Every key must be understood; what is not is refused
 * by name. */
#include "text/tokenizer_json.h"

#include "base/bounds.h"
#include "text/unicode.h"

#include <string.h>

/* ---- members ---- */

static heft_status wrong(heft_json_loader *l, const char *where, const char *key,
                         const heft_value *v, const char *expected, heft_error *err)
{
    return heft_fail(err, HEFT_E_FORMAT, "%s: %s.%s is %s, %s is expected", l->file, where, key,
                     v ? heft_value_kind_name(v->kind) : "missing", expected);
}

static const heft_value *member(const heft_value *o, const char *key)
{
    const heft_value *v = heft_value_get(o, key);
    return v && v->kind == HEFT_V_NULL ? NULL : v;
}

heft_status heft_json_get_bool(heft_json_loader *l, const heft_value *o, const char *where,
                               const char *key, bool needed, bool *out, heft_error *err)
{
    const heft_value *v = member(o, key);
    if (!v && !needed) return HEFT_OK;
    if (!v || v->kind != HEFT_V_BOOL) return wrong(l, where, key, v, "true or false", err);
    *out = v->n != 0;
    return HEFT_OK;
}

heft_status heft_json_get_int(heft_json_loader *l, const heft_value *o, const char *where,
                              const char *key, int32_t most, int32_t *out, heft_error *err)
{
    const heft_value *v = member(o, key);
    if (!v || v->kind != HEFT_V_INT) return wrong(l, where, key, v, "an integer", err);
    if (v->n < 0 || v->n > most)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s.%s is %lld, 0 to %d is expected", l->file,
                         where, key, (long long)v->n, (int)most);
    *out = (int32_t)v->n;
    return HEFT_OK;
}

heft_status heft_json_get_str(heft_json_loader *l, const heft_value *o, const char *where,
                              const char *key, bool needed, heft_str *out, heft_error *err)
{
    const heft_value *v = member(o, key);
    if (!v && !needed) return HEFT_OK;
    if (!v || v->kind != HEFT_V_STRING) return wrong(l, where, key, v, "a string", err);
    char *copy = heft_arena_strdup(&l->t->arena, v->str);
    if (!copy) return heft_nomem(err, l->file);
    *out = (heft_str){ copy, v->str.n };
    return HEFT_OK;
}

heft_status heft_json_all_read(heft_json_loader *l, const heft_value *o, const char *where,
                               heft_error *err)
{
    for (const heft_value *v = o->child; v; v = v->next)
        if (!v->read)
            return heft_fail(err, HEFT_E_UNSUPPORTED,
                             "%s: %s has the key %s, which heft does not know", l->file, where,
                             heft_show(v->key).text);
    return HEFT_OK;
}

/* One character, as a string. */
static heft_status get_char(heft_json_loader *l, const heft_value *o, const char *where,
                            const char *key, heft_str *out, heft_error *err)
{
    heft_status st = heft_json_get_str(l, o, where, key, true, out, err);
    if (st) return st;
    int32_t cp;
    if (out->n == 0 || heft_utf8_decode(out->p, out->n, &cp) != out->n)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s.%s is %s, one character is expected", l->file,
                         where, key, heft_show(*out).text);
    return HEFT_OK;
}

/* {"String": ...} or {"Regex": ...}. */
static heft_status get_pattern(heft_json_loader *l, const heft_value *o, const char *where,
                               bool regex_allowed, heft_pattern *out, heft_error *err)
{
    const heft_value *v = member(o, "pattern");
    heft_str s = { 0 };
    bool regex = v && heft_value_get(v, "Regex");
    if (!v || v->kind != HEFT_V_OBJECT) return wrong(l, where, "pattern", v, "an object", err);
    if (regex && !regex_allowed)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "%s: %s.pattern is a Regex, heft reads a String there", l->file, where);
    heft_status st = heft_json_get_str(l, v, where, regex ? "Regex" : "String", true, &s, err);
    if (!st) st = heft_json_all_read(l, v, where, err);
    if (st) return st;
    if (s.n == 0)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s.pattern is empty", l->file, where);
    out->literal = s;
    if (!regex) return HEFT_OK;
    st = heft_regex_open(s, HEFT_REGEX_ONIGURUMA, &out->regex, err);
    return st ? heft_context(err, st, "%s: %s", l->file, where) : HEFT_OK;
}

static heft_status get_choice(heft_json_loader *l, const heft_value *o, const char *where,
                              const char *key, const char *const *names, int32_t *out,
                              heft_error *err)
{
    heft_str s = { 0 };
    heft_status st = heft_json_get_str(l, o, where, key, true, &s, err);
    if (st) return st;
    for (int32_t i = 0; names[i]; i++)
        if (heft_str_is(s, names[i])) {
            *out = i;
            return HEFT_OK;
        }
    return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s.%s is %s, which heft does not know", l->file,
                     where, key, heft_show(s).text);
}

/* ---- components ---- */

typedef struct {
    const char *type; /* ended by NULL */
    heft_status (*read)(heft_json_loader *l, const heft_value *o, heft_error *err);
} kind;

typedef struct {
    const char *name, *members; /* of the section; of a Sequence in it */
    const kind *kind;
} section;

static heft_status read_component(heft_json_loader *l, const heft_value *o, const section *s,
                                  int32_t depth, heft_error *err)
{
    heft_str type = { 0 };
    if (!o || o->kind == HEFT_V_NULL) return HEFT_OK;
    if (o->kind != HEFT_V_OBJECT) return wrong(l, s->name, "type", o, "an object", err);
    heft_status st = heft_json_get_str(l, o, s->name, "type", true, &type, err);
    if (st) return st;
    if (heft_str_is(type, "Sequence")) {
        const heft_value *list = member(o, s->members);
        if (!list || list->kind != HEFT_V_ARRAY)
            return wrong(l, s->name, s->members, list, "an array", err);
        if (depth > HEFT_MAX_STEPS)
            return heft_fail(err, HEFT_E_FORMAT, "%s: %s is nested too deeply", l->file, s->name);
        for (const heft_value *v = list->child; v && !st; v = v->next)
            st = read_component(l, v, s, depth + 1, err);
        return st ? st : heft_json_all_read(l, o, s->name, err);
    }
    for (const kind *k = s->kind; k->type; k++) {
        if (!heft_str_is(type, k->type)) continue;
        st = k->read(l, o, err);
        return st ? st : heft_json_all_read(l, o, k->type, err);
    }
    return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: %s has the type %s, which heft does not know",
                     l->file, s->name, heft_show(type).text);
}

/* ---- normalizers ---- */

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
    if (!st) st = get_pattern(l, o, "Replace", true, &w.pattern, err);
    return st ? st : heft_add_rewrite(l->t, w, err);
}

static heft_status normalizer_strip(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_rewrite w = { .apply = heft_rewrite_strip };
    heft_status st = heft_json_get_bool(l, o, "Strip", "strip_left", true, &w.left, err);
    if (!st) st = heft_json_get_bool(l, o, "Strip", "strip_right", true, &w.right, err);
    return st ? st : heft_add_rewrite(l->t, w, err);
}

static heft_status normalizer_nfc(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return heft_add_rewrite(l->t, (heft_rewrite){ .apply = heft_rewrite_nfc }, err);
}

heft_status heft_json_normalizer(heft_json_loader *l, const heft_value *v, heft_error *err)
{
    static const kind kinds[] = {
        { "Prepend", normalizer_prepend },
        { "Replace", normalizer_replace },
        { "Strip", normalizer_strip },
        { "NFC", normalizer_nfc },
        { NULL, NULL },
    };
    static const section s = { "normalizer", "normalizers", kinds };
    return read_component(l, v, &s, 0, err);
}

/* ---- pre-tokenizers ---- */

static const char *const behaviours[] = { "Removed",        "Isolated",   "MergedWithPrevious",
                                          "MergedWithNext", "Contiguous", NULL };

static heft_status pre_byte_level(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    /* The pattern of GPT-2. */
    static const char gpt2[] =
        "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    bool prefix = true, trim = true, regex = true; /* trim_offsets does not touch ids */
    heft_split space = { .run = heft_split_prefix,
                         .prefix = HEFT_PREFIX_ALWAYS,
                         .content = heft_str_of(" ") };
    heft_status st = heft_json_get_bool(l, o, "ByteLevel", "add_prefix_space", false, &prefix, err);
    if (!st) st = heft_json_get_bool(l, o, "ByteLevel", "trim_offsets", false, &trim, err);
    if (!st) st = heft_json_get_bool(l, o, "ByteLevel", "use_regex", false, &regex, err);
    if (!st && prefix) st = heft_add_split(l->t, space, err);
    if (!st && regex)
        st = heft_add_regex(l->t, heft_str_of(gpt2), HEFT_REGEX_ONIGURUMA, HEFT_ISOLATED, false,
                            err);
    l->t->byte_level = true;
    return st ? st : heft_add_split(l->t, (heft_split){ .run = heft_split_bytes }, err);
}

static heft_status pre_split(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_split s = { .run = heft_split_pattern };
    int32_t behaviour = 0;
    heft_status st = get_choice(l, o, "Split", "behavior", behaviours, &behaviour, err);
    if (!st) st = heft_json_get_bool(l, o, "Split", "invert", false, &s.invert, err);
    if (!st) st = get_pattern(l, o, "Split", true, &s.pattern, err);
    s.behaviour = (heft_behaviour)behaviour;
    return st ? st : heft_add_split(l->t, s, err);
}

static heft_status pre_digits(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    bool single = false;
    heft_status st = heft_json_get_bool(l, o, "Digits", "individual_digits", false, &single, err);
    if (st) return st;
    return heft_add_regex(l->t, heft_str_of("\\p{N}"), HEFT_REGEX_ONIGURUMA,
                          single ? HEFT_ISOLATED : HEFT_CONTIGUOUS, false, err);
}

static heft_status pre_punctuation(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    int32_t behaviour = HEFT_ISOLATED;
    heft_buf class = heft_buf_of(1 << 16);
    heft_status st = HEFT_OK;
    if (member(o, "behavior"))
        st = get_choice(l, o, "Punctuation", "behavior", behaviours, &behaviour, err);
    heft_buf_z(&class, "[");
    for (int32_t i = 0; i < heft_unicode_punctuation.n; i++)
        heft_buf_printf(&class, "\\x{%x}-\\x{%x}",
                        (unsigned)heft_unicode_punctuation.range[i].first,
                        (unsigned)heft_unicode_punctuation.range[i].last);
    heft_buf_z(&class, "]");
    if (!st) st = heft_buf_check(&class, "a pattern", err);
    if (!st)
        st = heft_add_regex(l->t, (heft_str){ class.p, class.n }, HEFT_REGEX_ONIGURUMA,
                            (heft_behaviour)behaviour, false, err);
    heft_buf_free(&class);
    return st;
}

/* How Metaspace puts its mark in front, in the words of newer and of older files. */
static heft_status metaspace_scheme(heft_json_loader *l, const heft_value *o, int32_t *scheme,
                                    heft_error *err)
{
    static const char *const names[] = { "never", "first", "always", NULL };
    bool prefix = true;
    heft_status st = heft_json_get_bool(l, o, "Metaspace", "add_prefix_space", false, &prefix, err);
    bool given = member(o, "prepend_scheme");
    *scheme = prefix ? HEFT_PREFIX_ALWAYS : HEFT_PREFIX_NEVER;
    if (!st && given) st = get_choice(l, o, "Metaspace", "prepend_scheme", names, scheme, err);
    if (!st && !prefix && *scheme != HEFT_PREFIX_NEVER)
        st = heft_fail(err, HEFT_E_FORMAT,
                       "%s: Metaspace.add_prefix_space is false and prepend_scheme is %s", l->file,
                       names[*scheme]);
    (void)heft_value_get(o, "str_rep"); /* the replacement again */
    return st;
}

static heft_status pre_metaspace(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_split mark = { .run = heft_split_metaspace };
    bool split = true;
    int32_t scheme = 0;
    heft_status st = get_char(l, o, "Metaspace", "replacement", &mark.content, err);
    if (!st) st = metaspace_scheme(l, o, &scheme, err);
    if (!st) st = heft_json_get_bool(l, o, "Metaspace", "split", false, &split, err);
    mark.prefix = (heft_prefix)scheme;
    if (!st) st = heft_add_split(l->t, mark, err);
    if (st || !split) return st;
    heft_split at_mark = { .run = heft_split_pattern,
                           .pattern = { .literal = mark.content },
                           .behaviour = HEFT_WITH_NEXT };
    return heft_add_split(l->t, at_mark, err);
}

heft_status heft_json_pre_tokenizer(heft_json_loader *l, const heft_value *v, heft_error *err)
{
    static const kind kinds[] = {
        { "ByteLevel", pre_byte_level },    { "Split", pre_split },
        { "Digits", pre_digits },           { "Metaspace", pre_metaspace },
        { "Punctuation", pre_punctuation }, { NULL, NULL },
    };
    static const section s = { "pre_tokenizer", "pretokenizers", kinds };
    return read_component(l, v, &s, 0, err);
}

/* ---- post-processors: what is added before and after ---- */

static heft_status known_id(heft_json_loader *l, const char *where, const heft_value *v,
                            int32_t *id, heft_error *err)
{
    if (!v || v->kind != HEFT_V_INT || v->n < 0 || v->n >= l->t->vocab.size)
        return heft_fail(err, HEFT_E_FORMAT,
                         "%s: %s adds a token that the vocabulary does not have", l->file, where);
    *id = (int32_t)v->n;
    return HEFT_OK;
}

/* The processor applied later adds its tokens outside those of the one before. */
static heft_status wrap(heft_json_loader *l, const heft_ids *before, const heft_ids *after,
                        heft_error *err)
{
    heft_ids inner = l->t->before;
    heft_status st = HEFT_OK;
    l->t->before = (heft_ids){ 0 };
    for (size_t i = 0; i < before->n + inner.n && !st; i++)
        st =
            heft_ids_add(&l->t->before, i < before->n ? before->p[i] : inner.p[i - before->n], err);
    for (size_t i = 0; i < after->n && !st; i++)
        st = heft_ids_add(&l->t->after, after->p[i], err);
    heft_free(inner.p);
    return st;
}

/* The ids of one {"SpecialToken": {"id": name}} of a template. */
static heft_status template_token(heft_json_loader *l, const heft_value *table,
                                  const heft_value *token, heft_ids *to, heft_error *err)
{
    static const char where[] = "TemplateProcessing";
    heft_str name = { 0 };
    heft_status st = heft_json_get_str(l, token, where, "id", true, &name, err);
    if (st) return st;
    const heft_value *entry = heft_value_get_str(table, name), *ids = heft_value_get(entry, "ids");
    if (!ids || ids->kind != HEFT_V_ARRAY)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s.special_tokens has no ids for %s", l->file,
                         where, heft_show(name).text);
    for (const heft_value *v = ids->child; v && !st; v = v->next) {
        int32_t id = 0;
        st = known_id(l, where, v, &id, err);
        if (!st) st = heft_ids_add(to, id, err);
    }
    return st;
}

static heft_status post_template(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    const heft_value *single = member(o, "single"), *table = member(o, "special_tokens");
    heft_ids before = { 0 }, after = { 0 };
    int32_t texts = 0;
    heft_status st = HEFT_OK;
    (void)heft_value_get(o, "pair"); /* heft has one text at a time */
    if (!single || single->kind != HEFT_V_ARRAY)
        return wrong(l, "TemplateProcessing", "single", single, "an array", err);
    for (const heft_value *v = single->child; v && !st; v = v->next) {
        const heft_value *token = heft_value_get(v, "SpecialToken");
        if (token)
            st = template_token(l, table, token, texts ? &after : &before, err);
        else
            texts += heft_value_get(v, "Sequence") ? 1 : 2;
    }
    if (!st && texts != 1)
        st = heft_fail(err, HEFT_E_UNSUPPORTED,
                       "%s: TemplateProcessing.single does not hold the text once", l->file);
    if (!st) st = wrap(l, &before, &after, err);
    heft_free(before.p);
    heft_free(after.p);
    return st;
}

/* ["</s>", 2] under key. */
static heft_status add_pair(heft_json_loader *l, const heft_value *o, const char *key, heft_ids *to,
                            heft_error *err)
{
    int32_t id = 0;
    heft_status st = known_id(l, key, heft_value_at(heft_value_get(o, key), 1), &id, err);
    return st ? st : heft_ids_add(to, id, err);
}

static heft_status post_bert(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_ids before = { 0 }, after = { 0 };
    heft_status st = add_pair(l, o, "cls", &before, err);
    if (!st) st = add_pair(l, o, "sep", &after, err);
    if (!st) st = wrap(l, &before, &after, err);
    (void)heft_value_get(o, "trim_offsets"); /* offsets only */
    (void)heft_value_get(o, "add_prefix_space");
    heft_free(before.p);
    heft_free(after.p);
    return st;
}

static heft_status post_byte_level(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)l;
    (void)err;
    heft_value_mark(o); /* offsets only */
    return HEFT_OK;
}

heft_status heft_json_post_processor(heft_json_loader *l, const heft_value *v, heft_error *err)
{
    static const kind kinds[] = {
        { "TemplateProcessing", post_template },
        { "ByteLevel", post_byte_level },
        { "RobertaProcessing", post_bert },
        { "BertProcessing", post_bert },
        { NULL, NULL },
    };
    static const section s = { "post_processor", "processors", kinds };
    return read_component(l, v, &s, 0, err);
}

/* ---- decoders ---- */

static heft_status add_undo(heft_json_loader *l, const char *type, heft_undo u, heft_error *err)
{
    if (l->fused)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: decoder %s after Fuse is not known to heft",
                         l->file, type);
    return heft_add_undo(l->t, u, err);
}

static heft_status decoder_byte_level(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_value_mark(o); /* its keys are those of the pre-tokenizer */
    heft_status st = add_undo(l, "ByteLevel", (heft_undo){ .apply = heft_undo_bytes }, err);
    l->fused = true;
    return st;
}

static heft_status decoder_byte_fallback(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return add_undo(l, "ByteFallback", (heft_undo){ .apply = heft_undo_byte_fallback }, err);
}

static heft_status decoder_fuse(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    (void)err;
    l->fused = true;
    return HEFT_OK;
}

static heft_status decoder_strip(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_undo u = { .apply = heft_undo_strip };
    heft_status st = get_char(l, o, "Strip", "content", &u.from, err);
    if (!st) st = heft_json_get_int(l, o, "Strip", "start", HEFT_MAX_STEPS, &u.left, err);
    if (!st) st = heft_json_get_int(l, o, "Strip", "stop", HEFT_MAX_STEPS, &u.right, err);
    if (st || !l->fused) return st ? st : heft_add_undo(l->t, u, err);
    if (u.right || l->t->n_strip)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "%s: a decoder Strip of the end of the text is not known to heft",
                         l->file);
    l->t->strip = u.from;
    l->t->n_strip = u.left;
    return HEFT_OK;
}

static heft_status decoder_replace(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_undo u = { .apply = heft_undo_replace };
    heft_pattern p = { 0 };
    heft_status st = get_pattern(l, o, "Replace", false, &p, err);
    if (!st) st = heft_json_get_str(l, o, "Replace", "content", true, &u.to, err);
    u.from = p.literal;
    return st ? st : add_undo(l, "Replace", u, err);
}

static heft_status decoder_metaspace(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_undo u = { .apply = heft_undo_metaspace, .to = heft_str_of(" ") };
    int32_t scheme = 0;
    heft_status st = get_char(l, o, "Metaspace", "replacement", &u.from, err);
    if (!st) st = metaspace_scheme(l, o, &scheme, err);
    (void)heft_value_get(o, "split");
    u.by_position = scheme != HEFT_PREFIX_NEVER;
    return st ? st : add_undo(l, "Metaspace", u, err);
}

heft_status heft_json_decoder(heft_json_loader *l, const heft_value *v, heft_error *err)
{
    static const kind kinds[] = {
        { "ByteLevel", decoder_byte_level },
        { "ByteFallback", decoder_byte_fallback },
        { "Fuse", decoder_fuse },
        { "Strip", decoder_strip },
        { "Replace", decoder_replace },
        { "Metaspace", decoder_metaspace },
        { NULL, NULL },
    };
    static const section s = { "decoder", "decoders", kinds };
    if (v && v->kind != HEFT_V_NULL) return read_component(l, v, &s, 0, err);
    return heft_add_undo(l->t, (heft_undo){ .apply = heft_undo_join, .by_position = true }, err);
}

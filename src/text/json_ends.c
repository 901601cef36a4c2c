/* Reading tokenizer.json: post-processors and decoders. */
#include "text/tokenizer_json.h"

/* ---- post-processors: what is added before and after ---- */

static heft_status known_id(heft_json_loader *l, const char *where, const heft_value *v,
                            int32_t *id, heft_error *err)
{
    if (!v || v->kind != HEFT_V_INT || v->n < 0 || v->n >= l->t->vocab.size
        || !heft_vocab_flags(&l->t->vocab, (int32_t)v->n))
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
    const heft_value *single = heft_json_member(o, "single"),
                     *table = heft_json_member(o, "special_tokens");
    heft_ids before = { 0 }, after = { 0 };
    int32_t texts = 0;
    heft_status st = HEFT_OK;
    (void)heft_value_get(o, "pair"); /* heft has one text at a time */
    if (!single || single->kind != HEFT_V_ARRAY)
        return heft_json_wrong(l, "TemplateProcessing", "single", single, "an array", err);
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
    static const heft_json_kind kinds[] = {
        { "TemplateProcessing", post_template },
        { "ByteLevel", post_byte_level },
        { "RobertaProcessing", post_bert },
        { "BertProcessing", post_bert },
        { NULL, NULL },
    };
    static const heft_json_section s = { "post_processor", "processors", kinds };
    return heft_json_component(l, v, &s, 0, err);
}

/* ---- decoders ---- */

static heft_status add_undo(heft_json_loader *l, const char *type, heft_undo u, heft_error *err)
{
    if (l->fused || l->alone) {
        heft_regex_close(u.pattern.regex);
        return heft_fail(err, HEFT_E_UNSUPPORTED, "%s: decoder %s after %s is not known to heft",
                         l->file, type, l->fused ? "Fuse" : "CTC");
    }
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
    heft_status st = heft_json_get_char(l, o, "Strip", "content", &u.from, err);
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
    heft_status st = heft_json_get_str(l, o, "Replace", "content", true, &u.to, err);
    if (!st) st = heft_json_get_pattern(l, o, "Replace", &u.pattern, err);
    return st ? st : add_undo(l, "Replace", u, err);
}

static heft_status decoder_wordpiece(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_undo u = { .apply = heft_undo_wordpiece, .places = HEFT_AT_BEGIN, .clean = true };
    u.from = heft_str_of("##");
    heft_status st = heft_json_get_str(l, o, "WordPiece", "prefix", false, &u.from, err);
    if (!st) st = heft_json_get_bool(l, o, "WordPiece", "cleanup", false, &u.clean, err);
    return st ? st : add_undo(l, "WordPiece", u, err);
}

static heft_status decoder_bpe(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_undo u = { .apply = heft_undo_suffix, .places = HEFT_AT_END };
    u.from = heft_str_of("</w>");
    heft_status st = heft_json_get_str(l, o, "BPEDecoder", "suffix", false, &u.from, err);
    return st ? st : add_undo(l, "BPEDecoder", u, err);
}

static heft_status decoder_ctc(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_undo u = { .apply = heft_undo_ctc, .clean = true };
    u.from = heft_str_of("<pad>");
    u.to = heft_str_of("|");
    heft_status st = heft_json_get_str(l, o, "CTC", "pad_token", false, &u.from, err);
    if (!st) st = heft_json_get_str(l, o, "CTC", "word_delimiter_token", false, &u.to, err);
    if (!st) st = heft_json_get_bool(l, o, "CTC", "cleanup", false, &u.clean, err);
    if (!st && l->t->n_undos)
        st = heft_fail(err, HEFT_E_UNSUPPORTED,
                       "%s: decoder CTC after another is not known to heft", l->file);
    if (!st) st = add_undo(l, "CTC", u, err);
    l->alone = l->t->joins_repeats = true;
    return st;
}

static heft_status decoder_metaspace(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_undo u = { .apply = heft_undo_metaspace, .to = heft_str_of(" ") };
    int32_t scheme = 0;
    heft_status st = heft_json_get_char(l, o, "Metaspace", "replacement", &u.from, err);
    if (!st) st = heft_json_metaspace_scheme(l, o, &scheme, err);
    (void)heft_value_get(o, "split");
    if (scheme != HEFT_PREFIX_NEVER) u.places = HEFT_AT_BEGIN;
    return st ? st : add_undo(l, "Metaspace", u, err);
}

heft_status heft_json_decoder(heft_json_loader *l, const heft_value *v, heft_error *err)
{
    static const heft_json_kind kinds[] = {
        { "ByteLevel", decoder_byte_level },
        { "ByteFallback", decoder_byte_fallback },
        { "Fuse", decoder_fuse },
        { "Strip", decoder_strip },
        { "Replace", decoder_replace },
        { "Metaspace", decoder_metaspace },
        { "WordPiece", decoder_wordpiece },
        { "BPEDecoder", decoder_bpe },
        { "CTC", decoder_ctc },
        { NULL, NULL },
    };
    static const heft_json_section s = { "decoder", "decoders", kinds };
    if (v && v->kind != HEFT_V_NULL) return heft_json_component(l, v, &s, 0, err);
    return heft_add_undo(l->t, (heft_undo){ .apply = heft_undo_join, .places = HEFT_AT_BEGIN },
                         err);
}

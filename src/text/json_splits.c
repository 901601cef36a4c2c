/* Reading tokenizer.json: pre-tokenizers. */
#include "text/tokenizer_json.h"

#include "base/bounds.h"

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

/* Two patterns look at all digits behind every three: of a long number their time is a square, so
 * what they mean is done by code. */
static void by_code(heft_split *s)
{
    /* Tiny Aya, AFMoE: groups of three from the right, of a number that ends a word. */
    static const char groups[] = "\\d{1,3}(?=(?:\\d{3})*\\b)";
    /* SuperBPE: the places between such groups, of any number. */
    static const char places[] = "(?=(\\d{3})+(?!\\d))";
    const heft_str written = s->pattern.literal;
    if (!s->pattern.regex || s->invert) return;
    if (heft_str_is(written, groups) && s->behaviour == HEFT_ISOLATED)
        s->grouping = HEFT_CUT_BEFORE | HEFT_CUT_BEHIND | HEFT_CUT_FREE;
    else if (heft_str_is(written, places))
        s->grouping = HEFT_CUT_WHOLE;
    else
        return;
    heft_regex_close(s->pattern.regex);
    s->pattern = (heft_pattern){ .set = &heft_unicode_decimal };
    s->run = heft_split_thousands;
}

static heft_status pre_split(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_split s = { .run = heft_split_pattern };
    int32_t behaviour = 0;
    heft_status st = heft_json_get_choice(l, o, "Split", "behavior", behaviours, &behaviour, err);
    if (!st) st = heft_json_get_bool(l, o, "Split", "invert", false, &s.invert, err);
    if (!st) st = heft_json_get_pattern(l, o, "Split", &s.pattern, err);
    s.behaviour = (heft_behaviour)behaviour;
    if (!st) by_code(&s);
    return st ? st : heft_add_split(l->t, s, err);
}

/* A split at the characters of a set. */
static heft_status add_set(heft_json_loader *l, const heft_ranges *set, heft_behaviour behaviour,
                           heft_error *err)
{
    const heft_split s = { .run = heft_split_pattern,
                           .pattern = { .set = set },
                           .behaviour = behaviour };
    return heft_add_split(l->t, s, err);
}

static heft_status pre_digits(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    bool single = false;
    heft_status st = heft_json_get_bool(l, o, "Digits", "individual_digits", false, &single, err);
    if (st) return st;
    return add_set(l, &heft_unicode_numeric, single ? HEFT_ISOLATED : HEFT_CONTIGUOUS, err);
}

static heft_status pre_punctuation(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    int32_t behaviour = HEFT_ISOLATED;
    heft_status st = HEFT_OK;
    if (heft_json_member(o, "behavior"))
        st = heft_json_get_choice(l, o, "Punctuation", "behavior", behaviours, &behaviour, err);
    return st ? st : add_set(l, &heft_unicode_punctuation, (heft_behaviour)behaviour, err);
}

static heft_status pre_whitespace_split(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return add_set(l, &heft_unicode_space, HEFT_REMOVED, err);
}

static heft_status pre_bert(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_status st = pre_whitespace_split(l, o, err);
    return st ? st : add_set(l, &heft_unicode_punctuation, HEFT_ISOLATED, err);
}

static heft_status pre_whitespace(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return heft_add_regex(l->t, heft_str_of("\\w+|[^\\w\\s]+"), HEFT_REGEX_RUST, HEFT_REMOVED, true,
                          err);
}

static heft_status pre_scripts(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    (void)o;
    return heft_add_split(l->t, (heft_split){ .run = heft_split_scripts }, err);
}

static heft_status pre_delimiter(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_split s = { .run = heft_split_pattern, .behaviour = HEFT_REMOVED };
    heft_status st =
        heft_json_get_char(l, o, "CharDelimiterSplit", "delimiter", &s.pattern.literal, err);
    return st ? st : heft_add_split(l->t, s, err);
}

static heft_status pre_length(heft_json_loader *l, const heft_value *o, heft_error *err)
{
    heft_split s = { .run = heft_split_length };
    heft_status st =
        heft_json_get_int(l, o, "FixedLength", "length", HEFT_MAX_TEXT_BYTES, &s.length, err);
    if (!st && s.length == 0)
        st = heft_fail(err, HEFT_E_FORMAT, "%s: FixedLength.length is 0", l->file);
    return st ? st : heft_add_split(l->t, s, err);
}

heft_status heft_json_metaspace_scheme(heft_json_loader *l, const heft_value *o, int32_t *scheme,
                                       heft_error *err)
{
    static const char *const names[] = { "never", "first", "always", NULL };
    bool prefix = true;
    heft_status st = heft_json_get_bool(l, o, "Metaspace", "add_prefix_space", false, &prefix, err);
    bool given = heft_json_member(o, "prepend_scheme");
    *scheme = prefix ? HEFT_PREFIX_ALWAYS : HEFT_PREFIX_NEVER;
    if (!st && given)
        st = heft_json_get_choice(l, o, "Metaspace", "prepend_scheme", names, scheme, err);
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
    heft_status st = heft_json_get_char(l, o, "Metaspace", "replacement", &mark.content, err);
    if (!st) st = heft_json_metaspace_scheme(l, o, &scheme, err);
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
    static const heft_json_kind kinds[] = {
        { "ByteLevel", pre_byte_level },
        { "Split", pre_split },
        { "Digits", pre_digits },
        { "Metaspace", pre_metaspace },
        { "Punctuation", pre_punctuation },
        { "Whitespace", pre_whitespace },
        { "WhitespaceSplit", pre_whitespace_split },
        { "BertPreTokenizer", pre_bert },
        { "UnicodeScripts", pre_scripts },
        { "CharDelimiterSplit", pre_delimiter },
        { "FixedLength", pre_length },
        { NULL, NULL },
    };
    static const heft_json_section s = { "pre_tokenizer", "pretokenizers", kinds };
    return heft_json_component(l, v, &s, 0, err);
}

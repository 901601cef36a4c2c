/* What a tokenizer is made of: four rows of small steps around a model.
 *
 *   text -> added tokens | sections -> rewrites -> splits -> pieces -> model -> ids
 *   ids  -> token strings -> undo steps -> bytes
 *
 * A container's reader (tokenizer_json.c, tokenizer_gguf.c) fills the rows; adding a kind is a
 * function here and a row there. */
#ifndef HEFT_TEXT_PIPELINE_H
#define HEFT_TEXT_PIPELINE_H

#include "text/bpe.h"
#include "text/matcher.h"
#include "text/regex.h"
#include "text/tokenizer.h"

enum { HEFT_MAX_STEPS = 32 }; /* of each row */

/* What one call needs. Zero-initialise. */
typedef struct {
    const heft_tokenizer *t;
    bool parse_special;
    /* Who wrote the text: 1 for a byte of the caller's, or NULL: nobody asked. Parallel to the text
     * at `base`, which is the whole one or, while a section is under way, that section rewritten.
     */
    const uint8_t *data;
    const char *base;
    heft_buf origin[2], *made; /* origins while they are rewritten */
    bool newer;                /* heft_unicode_has_newer of the section */
    bool continues;            /* the section follows a byte that is not UTF-8: it gets no prefix */
    heft_matching *matching;   /* opened when first needed */
    heft_word word;
    heft_ids ids;
    heft_buf text[2];               /* rewrites, in turn */
    heft_buf level[HEFT_MAX_STEPS]; /* splits that rewrite */
} heft_run;
void heft_run_clear(heft_run *r);

/* A string or a regular expression to look for. */
typedef struct {
    heft_str literal; /* kept; not empty, unless ... */
    heft_regex *regex;
} heft_pattern;

/* The spans of a text that match a pattern and those between, in order. Start with text, pattern
 * and no_match = SIZE_MAX set. */
typedef struct {
    heft_str text;
    const heft_pattern *pattern;
    size_t from, done, last_end; /* search from; spans given; end of the last match */
    size_t match_begin, match_end;
    bool waiting, finished; /* a match was found and its gap given; no more matches */
} heft_spans;
heft_spans heft_spans_of(const heft_pattern *p, heft_str text);
/* *more false: there are no more. A span may be empty. */
heft_status heft_spans_next(heft_spans *s, heft_run *r, bool *more, heft_str *span, bool *match,
                            heft_error *err) HEFT_MUST_CHECK;

/* ---- rewrites: a section to a section ---- */

typedef struct heft_rewrite {
    heft_status (*apply)(const struct heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                         heft_error *err);
    heft_pattern pattern;
    heft_str content;
    bool left, right;
} heft_rewrite;

heft_status heft_rewrite_prepend(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                                 heft_error *err);
heft_status heft_rewrite_replace(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                                 heft_error *err);
heft_status heft_rewrite_strip(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                               heft_error *err);
heft_status heft_rewrite_nfc(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                             heft_error *err);

/* All rewrites of the tokenizer; *out is in r or is `in`. r->base and r->data follow it. */
heft_status heft_rewrite_all(heft_run *r, heft_str in, heft_str *out,
                             heft_error *err) HEFT_MUST_CHECK;

/* ---- splits: a section to pieces, each handed on as soon as it is known ---- */

typedef struct {
    heft_str s;
    bool first; /* it begins the text */
} heft_piece;

typedef enum {
    HEFT_REMOVED,
    HEFT_ISOLATED,
    HEFT_WITH_PREVIOUS,
    HEFT_WITH_NEXT,
    HEFT_CONTIGUOUS
} heft_behaviour;
typedef enum { HEFT_PREFIX_NEVER, HEFT_PREFIX_FIRST, HEFT_PREFIX_ALWAYS } heft_prefix;

typedef struct heft_split {
    heft_status (*run)(const struct heft_split *s, heft_run *r, int32_t level, heft_piece p,
                       heft_error *err);
    heft_pattern pattern;
    heft_behaviour behaviour;
    bool invert;
    heft_prefix prefix;
    heft_str content; /* what spaces become, what a prefix is */
} heft_split;

heft_status heft_split_pattern(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                               heft_error *err);
/* Put content in front of a piece that does not begin with it. */
heft_status heft_split_prefix(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                              heft_error *err);
/* Spaces become content, then as heft_split_prefix. */
heft_status heft_split_metaspace(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                                 heft_error *err);
/* Every byte becomes the character that stands for it in byte-level vocabularies. */
heft_status heft_split_bytes(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                             heft_error *err);

/* Hand a piece to the split at `level`, or to the model. */
heft_status heft_split_on(heft_run *r, int32_t level, heft_piece p,
                          heft_error *err) HEFT_MUST_CHECK;

/* The character that stands for a byte, and back (-1: it stands for none). Source: GPT-2. */
int32_t heft_char_of_byte(uint8_t byte);
int32_t heft_byte_of_char(int32_t cp);

/* ---- undo steps: the string of a token to its bytes ---- */

typedef struct heft_undo {
    bool (*apply)(const struct heft_undo *u, heft_str in, bool first,
                  heft_buf *out); /* false: no memory */
    bool by_position;             /* the first token of a text differs */
    heft_str from, to;
    int32_t left, right; /* characters */
} heft_undo;

bool heft_undo_bytes(const heft_undo *u, heft_str in, bool first, heft_buf *out);
bool heft_undo_byte_fallback(const heft_undo *u, heft_str in, bool first, heft_buf *out);
bool heft_undo_replace(const heft_undo *u, heft_str in, bool first, heft_buf *out);
bool heft_undo_metaspace(const heft_undo *u, heft_str in, bool first, heft_buf *out);
bool heft_undo_strip(const heft_undo *u, heft_str in, bool first, heft_buf *out);
bool heft_undo_join(const heft_undo *u, heft_str in, bool first, heft_buf *out);

/* ---- the tokenizer ---- */

typedef struct {
    int32_t id;
    bool special, rewritten; /* control, not text; looked for in rewritten sections */
    bool left, right, word;  /* takes the white space there too; only as a whole word */
} heft_added;

/* The bytes that each token decodes to. */
typedef struct {
    heft_buf pool;
    uint32_t *at; /* (size + 1) */
} heft_spelling;

struct heft_tokenizer {
    heft_arena arena; /* every kept string */
    heft_vocab vocab;
    heft_bpe bpe;
    heft_added *added; /* (n_added), in the order of the file */
    int32_t n_added;
    heft_matcher raw, rewritten; /* to indices of added: in the text, in rewritten sections */
    heft_rewrite rewrite[HEFT_MAX_STEPS];
    heft_split split[HEFT_MAX_STEPS];
    heft_undo undo[HEFT_MAX_STEPS];
    int32_t n_rewrites, n_splits, n_undos;
    bool byte_level;           /* the model sees characters that stand for bytes */
    heft_str strip;            /* a character taken off the beginning of a decoded text ... */
    int32_t n_strip;           /* ... at most so often */
    heft_spelling spelling[2]; /* [first] */
    heft_ids before, after;    /* what it adds: BOS, EOS */
    heft_ids end;
    int32_t bos;
    size_t longest; /* bytes of the longest spelling */
};

/* Compute what follows from the rest: matchers, spellings. */
heft_status heft_tokenizer_finish(heft_tokenizer *t, heft_error *err) HEFT_MUST_CHECK;

/* Append a step; HEFT_E_UNSUPPORTED where there are too many, and then what it owns is freed. */
heft_status heft_add_rewrite(heft_tokenizer *t, heft_rewrite w, heft_error *err) HEFT_MUST_CHECK;
heft_status heft_add_split(heft_tokenizer *t, heft_split s, heft_error *err) HEFT_MUST_CHECK;
heft_status heft_add_undo(heft_tokenizer *t, heft_undo u, heft_error *err) HEFT_MUST_CHECK;
/* A split by a regular expression. */
heft_status heft_add_regex(heft_tokenizer *t, heft_str pattern, heft_regex_dialect dialect,
                           heft_behaviour behaviour, bool invert, heft_error *err) HEFT_MUST_CHECK;
heft_status heft_add_end(heft_tokenizer *t, int32_t id, heft_error *err) HEFT_MUST_CHECK;

/* The readers of the containers fill a zeroed tokenizer. dir: with tokenizer.json. */
heft_status heft_tokenizer_read_json(heft_tokenizer *t, const char *dir, const heft_log *log,
                                     heft_error *err) HEFT_MUST_CHECK;
heft_status heft_tokenizer_read_gguf(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                                     heft_error *err) HEFT_MUST_CHECK;

/* What stands behind a name in tokenizer.ggml.pre. */
typedef struct {
    const char *names; /* separated by spaces */
    bool ignore_merges, add_bos;
    const char *pattern[6]; /* each splits the pieces of the one before; NULL-terminated if fewer */
} heft_gguf_pre;
/* NULL: heft does not know it. */
const heft_gguf_pre *heft_gguf_pre_find(heft_str name);

#endif

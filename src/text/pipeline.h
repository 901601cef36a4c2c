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
#include "text/charsmap.h"
#include "text/matcher.h"
#include "text/memo.h"
#include "text/regex.h"
#include "text/tokenizer.h"
#include "text/unicode.h"
#include "text/unigram.h"
#include "text/wordpiece.h"

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
    heft_path path;
    heft_ids ids;
    heft_memo memo;                 /* of pieces on their way to the model, in long texts */
    heft_buf clean, clean_origin;   /* a text whose bytes that are not UTF-8 were replaced */
    heft_buf text[2];               /* rewrites, in turn */
    heft_buf level[HEFT_MAX_STEPS]; /* splits that rewrite */
} heft_run;
void heft_run_clear(heft_run *r);

/* What to look for: a character of a set, a match of a regular expression, or a string. */
typedef struct {
    heft_str literal; /* kept; not empty, unless there is one of ... */
    heft_regex *regex;
    const heft_ranges *set;
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

typedef enum { HEFT_NFC, HEFT_NFD, HEFT_NFKC, HEFT_NFKD } heft_form;

/* sentencepiece's own normalizer. */
typedef struct {
    const heft_matcher *symbols; /* are left as they are; may be NULL */
    bool prefix, suffix;         /* a space before, or behind, the text */
    bool squeeze;                /* runs of spaces become one, at the ends none */
    bool late;                   /* a text of spaces gets no prefix */
    heft_str space;              /* what a space becomes */
} heft_sentencepiece;

typedef struct heft_rewrite {
    heft_status (*apply)(const struct heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                         heft_error *err);
    heft_pattern pattern;
    heft_str content;
    bool left, right;
    const heft_ranges *drop, *space, *alone; /* NULL: none */
    heft_form form;
    const heft_charsmap *map; /* kept; may be NULL */
    heft_sentencepiece sp;
} heft_rewrite;

typedef heft_status heft_rewrite_fn(const heft_rewrite *w, heft_run *r, heft_str in, heft_buf *out,
                                    heft_error *err);
heft_rewrite_fn heft_rewrite_prepend;
heft_rewrite_fn heft_rewrite_replace;
heft_rewrite_fn heft_rewrite_strip; /* white space on the left, on the right */
/* Characters of `drop` go, those of `space` become one, those of `alone` get one on either side. */
heft_rewrite_fn heft_rewrite_chars;
heft_rewrite_fn heft_rewrite_lower;
heft_rewrite_fn heft_rewrite_form;
heft_rewrite_fn heft_rewrite_bytes;         /* as heft_split_bytes */
heft_rewrite_fn heft_rewrite_precompiled;   /* map, as tokenizer.json's Precompiled applies it */
heft_rewrite_fn heft_rewrite_sentencepiece; /* map and sp */
/* As llama.cpp prepares text for words; left: to lower case, right: without accents. */
heft_rewrite_fn heft_rewrite_words;

/* How a rewrite says what became what, where it is asked who wrote the text; one that does not is
 * looked at as a whole. Bytes of the text being rewritten go to out as they are. */
void heft_rewrite_keep(heft_run *r, heft_buf *out, heft_str in);
/* `by`, which is at the end of out, took the place of `in`. Its bytes at the ends that are as they
 * were keep their origin; the others are data if any byte they came from is. */
void heft_rewrite_replaced(heft_run *r, heft_str in, heft_str by);

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
    heft_str content;  /* what spaces become, what a prefix is */
    int32_t length;    /* characters of a piece */
    unsigned grouping; /* HEFT_CUT_* */
} heft_split;

enum {
    HEFT_CUT_WHOLE = 1,  /* a run of whole groups is cut off what precedes it */
    HEFT_CUT_BEFORE = 2, /* every run is */
    HEFT_CUT_BEHIND = 4, /* a run is cut off what follows it */
    HEFT_CUT_FREE = 8,   /* a run that a word character follows is not cut at all */
};

typedef heft_status heft_split_fn(const heft_split *s, heft_run *r, int32_t level, heft_piece p,
                                  heft_error *err);
heft_split_fn heft_split_pattern;
heft_split_fn heft_split_prefix;    /* content goes before a piece that does not begin with it */
heft_split_fn heft_split_metaspace; /* spaces become content, then as heft_split_prefix */
/* Every byte becomes the character that stands for it in byte-level vocabularies. */
heft_split_fn heft_split_bytes;
bool heft_ends_in_bytes(const heft_tokenizer *t); /* is it the last split? */
/* Where the script changes. White space at the beginning is lost, as in the reference. */
heft_split_fn heft_split_scripts;
heft_split_fn heft_split_length; /* after every `length` characters */
/* As the program of Kimi's release cuts a text before its pattern does: after 400,000 characters,
 * and runs of white or of other characters after 25,000. */
heft_split_fn heft_split_runs;
/* Runs of digits (of pattern.set) in threes, of which the first may have fewer. */
heft_split_fn heft_split_thousands;

/* Hand a piece to the split at `level`, or to the model. */
heft_status heft_split_on(heft_run *r, int32_t level, heft_piece p,
                          heft_error *err) HEFT_MUST_CHECK;

/* ---- undo steps: the string of a token to its bytes ---- */

/* Where a token stands. */
enum { HEFT_AT_BEGIN = 1, HEFT_AT_END = 2, HEFT_PLACES = 4 };

typedef struct heft_undo {
    heft_status (*apply)(const struct heft_undo *u, heft_run *r, heft_str in, unsigned place,
                         heft_buf *out, heft_error *err); /* out's own failure is the caller's */
    unsigned places;                                      /* bits of `place` that matter to it */
    heft_pattern pattern;
    heft_str from, to;
    int32_t left, right; /* characters */
    bool clean;          /* the spaces before punctuation go, that words were split at */
} heft_undo;

typedef heft_status heft_undo_fn(const heft_undo *u, heft_run *r, heft_str in, unsigned place,
                                 heft_buf *out, heft_error *err);
heft_undo_fn heft_undo_bytes;
heft_undo_fn heft_undo_byte_fallback;
heft_undo_fn heft_undo_replace; /* pattern by to */
heft_undo_fn heft_undo_metaspace;
heft_undo_fn heft_undo_strip;
heft_undo_fn heft_undo_join;      /* a space before every token but the first */
heft_undo_fn heft_undo_wordpiece; /* the same, unless it begins with from, which goes */
heft_undo_fn heft_undo_suffix;    /* from becomes a space, and at the end nothing */
heft_undo_fn heft_undo_ctc;       /* from goes; to becomes a space, if clean */

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

typedef enum { HEFT_MODEL_BPE, HEFT_MODEL_WORDS, HEFT_MODEL_UNIGRAM } heft_model_kind;

struct heft_tokenizer {
    heft_arena arena; /* every kept string */
    heft_vocab vocab;
    heft_model_kind model; /* which of the next three is used */
    heft_bpe bpe;
    heft_words words;
    heft_unigram unigram;
    heft_charsmap map;    /* of the rewrite that has one */
    heft_matcher symbols; /* matched inside the text, by sentencepiece */
    heft_added *added;    /* (n_added), in the order of the file */
    int32_t n_added;
    heft_matcher raw, rewritten; /* to indices of added: in the text, in rewritten sections */
    heft_rewrite rewrite[HEFT_MAX_STEPS];
    heft_split split[HEFT_MAX_STEPS];
    heft_undo undo[HEFT_MAX_STEPS];
    int32_t n_rewrites, n_splits, n_undos;
    bool byte_level;       /* the model sees characters that stand for bytes */
    bool replaces_invalid; /* bytes that are not UTF-8 are U+FFFD to the reference */
    int32_t byte[256];     /* else: the token of a byte, or -1 */
    heft_str strip;        /* a character taken off the beginning of a decoded text ... */
    int32_t n_strip;       /* ... at most so often */
    bool strip_each;       /* ... once of every token before other text */
    bool joins_repeats;    /* a token that follows itself is written once */
    unsigned places;       /* those that matter to an undo step */
    heft_spelling spelling[HEFT_PLACES];
    heft_ids before, after; /* what it adds: BOS, EOS */
    heft_ids end;
    int32_t bos;
    size_t longest; /* bytes of the longest spelling */
};

/* An empty tokenizer for a reader to fill; NULL: no memory. */
heft_tokenizer *heft_tokenizer_new(void);
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

/* Add an added token; its id gets the flags that follow. */
heft_status heft_add_added(heft_tokenizer *t, heft_added a, heft_error *err) HEFT_MUST_CHECK;

/* The readers of the containers fill a zeroed tokenizer: the file called name in dir. */
typedef heft_status heft_tokenizer_reader(heft_tokenizer *t, const char *dir, const char *name,
                                          const heft_log *log, heft_error *err);
heft_tokenizer_reader heft_tokenizer_read_json;
heft_tokenizer_reader heft_tokenizer_read_model;    /* SentencePiece, or tiktoken under that name */
heft_tokenizer_reader heft_tokenizer_read_tiktoken; /* the pattern follows from what is beside it */
heft_tokenizer_reader heft_tokenizer_read_tekken;
heft_status heft_tokenizer_read_gguf(heft_tokenizer *t, const heft_source *s, const heft_log *log,
                                     heft_error *err) HEFT_MUST_CHECK;
/* The same from memory. text is changed. */
heft_status heft_tokenizer_parse_json(heft_tokenizer *t, char *text, size_t n, const heft_log *log,
                                      heft_error *err) HEFT_MUST_CHECK;
heft_status heft_tokenizer_parse_model(heft_tokenizer *t, heft_str file, const char *name,
                                       const heft_log *log, heft_error *err) HEFT_MUST_CHECK;

/* What the files beside a tokenizer say: BOS, tokens that end a text; unless `complete`, which is
 * what tokenizer.json is, added tokens too and what stands around a text. name: of the tokenizer's
 * file, for messages. */
heft_status heft_tokenizer_read_beside(heft_tokenizer *t, const char *dir, const char *name,
                                       bool complete, const heft_log *log,
                                       heft_error *err) HEFT_MUST_CHECK;
/* A JSON file in dir as a tree in the arena; *out is NULL where there is none. */
heft_status heft_tokenizer_beside(heft_arena *arena, const char *dir, const char *name,
                                  heft_value **out, heft_error *err) HEFT_MUST_CHECK;

/* What stands behind a name in tokenizer.ggml.pre. */
typedef struct {
    const char *names; /* separated by spaces */
    bool ignore_merges, add_bos;
    bool raw;               /* the vocabulary has text, not characters that stand for bytes */
    bool escapes;           /* spaces become U+2581 */
    bool whole_lines;       /* newlines that are one token are it */
    unsigned digits;        /* HEFT_CUT_*: runs of digits are cut first; 0: they are not */
    const char *pattern[6]; /* each splits the pieces of the one before; NULL-terminated if fewer */
} heft_gguf_pre;
/* NULL: heft does not know it. */
const heft_gguf_pre *heft_gguf_pre_find(heft_str name);

#endif

/* Tokenizers: text to ids and back, as the publisher's own file says.
 *
 * One interface in front of the models (BPE now; Unigram, WordPiece later) and containers
 * (tokenizer.json, GGUF metadata). The public functions of heft.h (heft_tokenize, ...) are
 * implemented here. */
#ifndef HEFT_TEXT_TOKENIZER_H
#define HEFT_TEXT_TOKENIZER_H

#include "base/bounds.h"
#include "format/source.h"

/* Open from an open source: GGUF metadata, or tokenizer.json in its directory. *out is NULL, and
 * HEFT_OK, if the release has no tokenizer. */
heft_status heft_tokenizer_of(const heft_source *s, const heft_log *log, heft_tokenizer **out,
                              heft_error *err) HEFT_MUST_CHECK;

/* Streaming detokenisation: bytes of one id after another, whole characters only. */
typedef struct {
    const heft_tokenizer *t;
    bool special;     /* write special tokens */
    bool begun;       /* the first token is behind us */
    int32_t stripped; /* characters that the decoder took off the beginning so far */
    char held[8];     /* bytes of an unfinished character */
    int32_t n_held;
} heft_stream;

/* Write the bytes that become certain with this id to out, which holds heft_stream_max(t) bytes;
 * returns how many. Allocates nothing. */
size_t heft_stream_max(const heft_tokenizer *t);
size_t heft_stream_next(heft_stream *s, int32_t id, char *out);
/* What is still held back, at the end: an unfinished character as U+FFFD. */
size_t heft_stream_end(heft_stream *s, char *out);

/* The bytes of the next id, an unfinished character's too: instead of heft_stream_next. Borrowed
 * from the tokenizer; none for an id it does not have. */
heft_str heft_stream_bytes(heft_stream *s, int32_t id);

/* Does the tokenizer have this id (a hole in the vocabulary is not one)? */
bool heft_tokenizer_has(const heft_tokenizer *t, int32_t id);
/* Does it put its beginning of text in front of a text? */
bool heft_tokenizer_adds_bos(const heft_tokenizer *t);
/* Bytes of its vocabulary, merges and spellings, for plans; patterns and matchers, some tens of
 * kilobytes, are not counted. */
size_t heft_tokenizer_bytes(const heft_tokenizer *t);

#endif

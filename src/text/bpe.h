/* Byte-pair encoding: pieces of text to ids by merging neighbours, best pair first.
 *
 * Two ways to say which pair is best: a list of merges in order (tokenizer.json, GGUF "gpt2"), or
 * the score of the token that the pair makes (SentencePiece, GGUF "llama"). Ties go to the left. */
#ifndef HEFT_TEXT_BPE_H
#define HEFT_TEXT_BPE_H

#include "text/matcher.h"
#include "text/vocab.h"

struct heft_merge {
    int32_t left1, right; /* left1: left + 1; 0: empty */
    int32_t result;       /* -1: it would be a special token, so they do not merge */
    uint32_t rank;
};

typedef struct {
    const heft_vocab *vocab;  /* kept */
    struct heft_merge *merge; /* (left, right) to rank and result: open addressing */
    uint32_t mask, merges;
    uint64_t *maybe; /* (2^maybe_bits bits): every pair that merges has its bit */
    uint32_t maybe_bits;
    int32_t *whole, *begin;  /* of bpe_chars.c; NULL: pieces are not bytes */
    int32_t last;            /* made by the last merge */
    heft_buf joined;         /* scratch of heft_bpe_merge */
    float *score;            /* (vocab size): by score; NULL: by the list */
    int32_t unknown;         /* stands for a character that has no token, or -1 */
    bool fuse_unknown;       /* one for a run of them */
    bool byte_fallback;      /* before unknown: the bytes, as <0xXX> */
    bool ignore_merges;      /* a piece that is a token (not a special one) is it */
    bool whole_lines;        /* ... if it is newlines only */
    heft_str prefix, suffix; /* of all characters but the first, of the last; kept, mostly empty */
    const heft_matcher *symbols; /* to ids: strings that are one symbol and never merge; or NULL */
    bool cut_at_mark;       /* no token goes on with U+2581 after anything else: words part there */
    int32_t byte[256];      /* <0xXX>, or -1 */
    const int32_t *of_byte; /* as heft_bpe_finish was given it; kept */
    int32_t direct[1024];   /* code points below it to ids, or -1 */
} heft_bpe;

/* Set what follows from the vocabulary, once its strings are findable. */
void heft_bpe_begin(heft_bpe *b, const heft_vocab *vocab);
/* Append n merges, of the strings pair[2 i] and pair[2 i + 1]; ranks are their order. last_wins: a
 * pair listed twice takes the later rank. Quicker with many at once.
 * Fails: HEFT_E_FORMAT naming the token that the vocabulary lacks, HEFT_E_NOMEM. */
heft_status heft_bpe_merge(heft_bpe *b, const heft_str *pair, size_t n, bool last_wins,
                           heft_error *err) HEFT_MUST_CHECK;
/* Set what follows from all merges and from which tokens are special. byte: the tokens of the bytes
 * where pieces are to be bytes, for heft_bpe_encode_bytes; kept; or NULL. */
heft_status heft_bpe_finish(heft_bpe *b, const int32_t byte[256], heft_error *err) HEFT_MUST_CHECK;
void heft_bpe_clear(heft_bpe *b);
/* Bytes of memory that its tables have. */
size_t heft_bpe_bytes(const heft_bpe *b);

/* How two tokens merge, or NULL. */
const struct heft_merge *heft_bpe_find(const heft_bpe *b, int32_t left, int32_t right);
/* What characters begin as, where every byte has a token: for heft_bpe_finish. */
enum { HEFT_BPE_WHOLE = 1 << 16, HEFT_BPE_BEGIN = 1 << 12 }; /* sizes of these two tables */
heft_status heft_bpe_learn_chars(heft_bpe *b, const int32_t byte[256],
                                 heft_error *err) HEFT_MUST_CHECK;
/* The token that a byte of the piece, or the bytes of a character from it on, surely become: *id;
 * returns how many bytes. Needs at < piece.n. */
size_t heft_bpe_char(const heft_bpe *b, heft_str piece, size_t at, int32_t *id);

/* A growing array of ids. */
typedef struct {
    int32_t *p;
    size_t n, cap;
} heft_ids;
heft_status heft_ids_add(heft_ids *ids, int32_t id, heft_error *err) HEFT_MUST_CHECK;

/* Scratch of one thread. Zero-initialise. */
typedef struct {
    struct heft_symbol *symbol;
    uint64_t *first; /* rank, then position, of what merges at the beginning; twice the room */
    uint64_t *heap;  /* ... of what came later */
    size_t n, cap, n_first, queued, heap_cap;
    heft_buf spelling;
} heft_word;
void heft_word_clear(heft_word *w);

/* Append the ids of a piece (valid UTF-8, below 2 GiB). Cost: n log n.
 * Fails: HEFT_E_ARG naming a character that the vocabulary cannot express, HEFT_E_NOMEM. */
heft_status heft_bpe_encode(const heft_bpe *b, heft_word *w, heft_str piece, heft_ids *ids,
                            heft_error *err) HEFT_MUST_CHECK;
/* The same of a piece whose bytes have not yet become the characters that stand for them. Needs
 * heft_bpe_by_bytes and a piece that is not empty. */
heft_status heft_bpe_encode_bytes(const heft_bpe *b, heft_word *w, heft_str piece, heft_ids *ids,
                                  heft_error *err) HEFT_MUST_CHECK;
static inline bool heft_bpe_by_bytes(const heft_bpe *b)
{
    return b->whole != NULL;
}

#endif

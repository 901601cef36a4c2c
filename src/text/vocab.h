/* A vocabulary: ids to strings and back. */
#ifndef HEFT_TEXT_VOCAB_H
#define HEFT_TEXT_VOCAB_H

#include "base/buf.h"
#include "base/mem.h"

/* What a token is, beyond its text. */
enum {
    HEFT_TOKEN_HERE = 1,     /* the id exists */
    HEFT_TOKEN_SPECIAL = 2,  /* control, not text */
    HEFT_TOKEN_ADDED = 4,    /* matched in the text before the model sees it */
    HEFT_TOKEN_BYTE = 8,     /* <0xXX>: one byte of a character the vocabulary lacks */
    HEFT_TOKEN_LITERAL = 16, /* decodes to its text as it stands */
    HEFT_TOKEN_UNUSED = 32,  /* not found in text */
    HEFT_TOKEN_FOUND = 64,   /* its string finds this id */
};

typedef struct {
    uint32_t at, n; /* bytes of the pool */
    uint32_t flags;
} heft_token;

typedef struct {
    heft_buf pool;
    heft_token *token; /* (size), by id */
    int32_t size, cap;
    struct heft_slot *slot; /* string to id: open addressing, at most half full */
    uint32_t mask, used;
    size_t longest; /* bytes, of the strings that can be found */
} heft_vocab;

/* Give id its string (copied) and flags; an id that has one keeps nothing of it. The string is not
 * yet findable. Needs 0 <= id < HEFT_MAX_VOCAB. Fails: HEFT_E_FORMAT (too long), HEFT_E_NOMEM. */
heft_status heft_vocab_set(heft_vocab *v, int32_t id, heft_str s, uint32_t flags,
                           heft_error *err) HEFT_MUST_CHECK;
/* Make the string of id findable. *old is the id that had the same string before, or -1; the new
 * one takes its place. */
heft_status heft_vocab_index(heft_vocab *v, int32_t id, int32_t *old,
                             heft_error *err) HEFT_MUST_CHECK;
void heft_vocab_clear(heft_vocab *v);

/* The id of a string, or -1. */
int32_t heft_vocab_find(const heft_vocab *v, heft_str s);
/* The same of n strings, at once: one waits for memory while the others do. */
void heft_vocab_find_all(const heft_vocab *v, const heft_str *s, size_t n, int32_t *ids);
/* Does heft_vocab_find of a and b, one behind the other, find this id? Spares the search where that
 * is guessed. */
bool heft_vocab_joins(const heft_vocab *v, int32_t id, heft_str a, heft_str b);
/* The string of an id; empty where there is none. */
heft_str heft_vocab_str(const heft_vocab *v, int32_t id);
/* HEFT_TOKEN_*; 0 where there is none. */
uint32_t heft_vocab_flags(const heft_vocab *v, int32_t id);

#endif

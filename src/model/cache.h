/* Paged caches: what sequences keep of their tokens.
 *
 * What a layer keeps has a pool of pages of HEFT_TILE entries. An entry is a token's, or that of a
 * block of `every` tokens, which is there when all of them are. What has the same reach and the
 * same blocks forms a group, which has one page table per sequence (slot): page p of a group is
 * page p of every layer in it. Pages are shared by reference count after a fork, copied before a
 * shared one is written, and given back when no later token can see them.
 *
 * A layer may keep a state of fixed size instead, one for every slot, copied at a fork. It is that
 * of the slot's last token and cannot go back: only a checkpoint can. */
#ifndef HEFT_MODEL_CACHE_H
#define HEFT_MODEL_CACHE_H

#include "model/run.h"

/* A sequence may go back this many tokens (those it was fed as guesses) and find all that it kept,
 * windows or not. */
enum { HEFT_MAX_GROUPS = 8, HEFT_CACHE_BACK = 8 };

typedef struct {
    int32_t keep;    /* tokens a later one can still see; 0 = all */
    int32_t every;   /* tokens of an entry; more than one only where all are kept */
    int32_t n_pages; /* in every layer's pool */
    int32_t n_free;
    int32_t *table;    /* (slots + checkpoints, pages)  page of each 32 entries, or -1 */
    int32_t *refs;     /* (n_pages) */
    int32_t *free;     /* (n_pages)  a stack of n_free */
    size_t page_bytes; /* of all its layers together */
} heft_cache_group;

typedef struct {
    const heft_spec *spec;
    heft_dtype type;     /* F32, F16, BF16, Q8_0 */
    int32_t slots;       /* sequences */
    int32_t checkpoints; /* further slots, which hold earlier states of sequences */
    int32_t context;     /* longest sequence */
    int32_t batch;       /* rows of one step at most */
} heft_cache_shape;

typedef struct {
    heft_cache_shape shape;
    int32_t pages; /* of a row of the tables */
    int32_t n_groups;
    heft_cache_group group[HEFT_MAX_GROUPS];
    const int32_t *table[HEFT_MAX_GROUPS]; /* for heft_batch.page */
    heft_kv *kv;                           /* (L, HEFT_MAX_CACHE)  base NULL: nothing is kept */
    uint8_t *pool;
    size_t pool_bytes;
    heft_state *state; /* the same */
    float *states;
    size_t n_states; /* floats of all layers and slots */
} heft_cache;

/* Does a layer forget something of a sequence of `context` tokens (a window or chunk shorter than
 * that, a state), so that going back may need a checkpoint? */
bool heft_cache_forgets(const heft_spec *, int32_t context);

/* Bytes that opening allocates; fails with HEFT_E_UNSUPPORTED where layers have more than
 * HEFT_MAX_GROUPS different reaches, or what they keep is no whole blocks of the type. */
heft_status heft_cache_bytes(const heft_cache_shape *, size_t *bytes, heft_error *) HEFT_MUST_CHECK;
/* Bytes one more token takes, while no window is full. */
size_t heft_cache_token_bytes(const heft_spec *, heft_dtype);

heft_status heft_cache_open(heft_cache *, const heft_cache_shape *, heft_error *) HEFT_MUST_CHECK;
void heft_cache_close(heft_cache *);

/* Make every page of positions from .. to-1 present and private to the slot. Fails with
 * HEFT_E_NOMEM where the pool is used up, and then the slot is as before. Allocates nothing. */
heft_status heft_cache_reserve(heft_cache *, int32_t slot, int32_t from, int32_t to,
                               heft_error *) HEFT_MUST_CHECK;
/* Give back the pages that no token from position `length` on can see, nor one of the few before it
 * (HEFT_CACHE_BACK), and those behind it. */
void heft_cache_trim(heft_cache *, int32_t slot, int32_t length);
/* Are all entries there that a token at position `length` can see? */
bool heft_cache_intact(const heft_cache *, int32_t slot, int32_t length);
/* `to` (empty) gets what `from` has: a second sequence, a checkpoint, or the way back from one. */
void heft_cache_fork(heft_cache *, int32_t from, int32_t to);
void heft_cache_clear(heft_cache *, int32_t slot);

#endif

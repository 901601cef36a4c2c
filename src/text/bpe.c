/* Byte-pair encoding: pieces of text to ids by merging neighbours, best pair first.
 *
 * A piece is a doubly linked list of symbols in an array; a heap holds the pairs that can merge,
 * by rank, then position; those there at the beginning are sorted instead, so that of a long piece
 * they are read one after another. An entry is stale when its left symbol is gone or no longer
 * merges at that rank; stale entries are dropped as they come up, so a piece of n characters costs
 * n log n.
 *
 * Where symbols are bytes, most characters begin as fewer of them: see bpe_chars.c. */
#include "text/bpe.h"

#include "base/bounds.h"
#include "text/unicode.h"

#include <stdio.h>
#include <string.h>

enum { NONE = -1, FROZEN = -2, GONE = -2 };

struct heft_symbol {
    int32_t id;    /* NONE: a character without a token, by score only */
    uint32_t at;   /* where it begins in the piece, for scores: there one begins where one ends */
    int32_t prev;  /* or NONE */
    int32_t next;  /* or NONE; GONE: merged into its left neighbour */
    int32_t made;  /* by it and the next, while they merge; or NONE; FROZEN: it never merges */
    uint32_t rank; /* of that merge */
};

static const char mark[] = "\xe2\x96\x81"; /* U+2581, SentencePiece's space */

enum { MARK_BYTES = sizeof mark - 1 };

/* ---- the model ---- */

static bool mark_at(heft_str s, size_t at)
{
    return s.n - at >= MARK_BYTES && memcmp(s.p + at, mark, MARK_BYTES) == 0;
}

/* Where the first word of s ends: before a mark that does not follow one. */
static size_t word_end(heft_str s)
{
    size_t at = 0;
    while (mark_at(s, at))
        at += MARK_BYTES;
    while (at < s.n && !mark_at(s, at))
        at++;
    return at;
}

/* Without a token that reaches over the beginning of a word, no merge does, and a long text is many
 * short words instead of one long one. */
static bool words_part(const heft_vocab *v)
{
    if (heft_vocab_find(v, heft_str_of(mark)) < 0) return false;
    for (int32_t id = 0; id < v->size; id++) {
        heft_str s = heft_vocab_str(v, id);
        if (word_end(s) < s.n && heft_vocab_find(v, s) == id) return false;
    }
    return true;
}

void heft_bpe_begin(heft_bpe *b, const heft_vocab *vocab)
{
    b->vocab = vocab;
    b->cut_at_mark = words_part(vocab);
    for (int32_t i = 0; i < 256; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "<0x%02X>", (unsigned)i);
        b->byte[i] = heft_vocab_find(vocab, heft_str_of(name));
    }
    for (int32_t cp = 0; cp < 1024; cp++) {
        char utf8[4];
        b->direct[cp] = heft_vocab_find(vocab, (heft_str){ utf8, heft_utf8_encode(cp, utf8) });
    }
}

void heft_bpe_clear(heft_bpe *b)
{
    heft_free(b->merge);
    heft_free(b->maybe);
    heft_free(b->whole);
    heft_free(b->begin);
    heft_free(b->score);
    heft_buf_free(&b->joined);
    *b = (heft_bpe){ 0 };
}

static uint64_t hash_of(int32_t left, int32_t right)
{
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    return key * UINT64_C(0x9e3779b97f4a7c15);
}

/* Where the search for a pair begins. */
static uint32_t home_of(const heft_bpe *b, uint64_t hash)
{
    return (uint32_t)(hash >> 32) & b->mask;
}

static struct heft_merge *slot_of(const heft_bpe *b, int32_t left, int32_t right, uint64_t hash)
{
    uint32_t i = home_of(b, hash);
    while (b->merge[i].left1 && (b->merge[i].left1 != left + 1 || b->merge[i].right != right))
        i = (i + 1) & b->mask;
    return &b->merge[i];
}

/* A bit for every pair that merges, and by chance for one of ten others: most of what is asked for
 * is not there, and the bits fit a nearer cache than the table. */
static uint64_t *maybe_of(const heft_bpe *b, uint64_t hash, uint64_t *bit)
{
    uint64_t i = hash >> (64 - b->maybe_bits);
    *bit = UINT64_C(1) << i % 64;
    return &b->maybe[i / 64];
}

const struct heft_merge *heft_bpe_find(const heft_bpe *b, int32_t left, int32_t right)
{
    uint64_t hash = hash_of(left, right), bit;
    if (!b->merge || !(*maybe_of(b, hash, &bit) & bit)) return NULL;
    const struct heft_merge *m = slot_of(b, left, right, hash);
    return m->left1 && m->result >= 0 ? m : NULL;
}

static void put(heft_bpe *b, const struct heft_merge *m)
{
    uint64_t hash = hash_of(m->left1 - 1, m->right), bit, *maybe = maybe_of(b, hash, &bit);
    *slot_of(b, m->left1 - 1, m->right, hash) = *m;
    *maybe |= bit;
}

/* Make room for so many merges in all. */
static heft_status reserve(heft_bpe *b, size_t merges, heft_error *err)
{
    enum { LEAST = 11, EACH = 2 }; /* two to the EACH bits for a slot */
    const heft_bpe old = *b;
    uint32_t old_n = old.merge ? old.mask + 1 : 0, bits = LEAST;
    if (merges > UINT32_MAX / 4) return heft_fail(err, HEFT_E_FORMAT, "too many merges");
    while ((size_t)1 << bits < 2 * merges || (uint32_t)1 << bits < old_n)
        bits++;
    if ((uint32_t)1 << bits == old_n) return HEFT_OK;
    struct heft_merge *merge = heft_alloc((size_t)1 << bits, sizeof *merge);
    uint64_t *maybe = heft_alloc((size_t)1 << (bits + EACH - 6), sizeof *maybe);
    if (!merge || !maybe) {
        heft_free(merge);
        heft_free(maybe);
        return heft_nomem(err, "merges");
    }
    b->merge = merge;
    b->maybe = maybe;
    b->mask = ((uint32_t)1 << bits) - 1;
    b->maybe_bits = bits + EACH;
    for (uint32_t i = 0; i < old_n; i++)
        if (old.merge[i].left1) put(b, &old.merge[i]);
    heft_free(old.merge);
    heft_free(old.maybe);
    return HEFT_OK;
}

/* The id of left + right, without the prefix that right carries inside a word. Most vocabularies
 * have their tokens in the order of the merges that make them. */
static heft_status joined(heft_bpe *b, heft_str left, heft_str right, int32_t *id, heft_error *err)
{
    heft_buf *text = &b->joined;
    size_t skip = right.n < b->prefix.n ? right.n : b->prefix.n;
    right = (heft_str){ right.p + skip, right.n - skip };
    *id = b->last + 1;
    if (heft_vocab_joins(b->vocab, *id, left, right)) return HEFT_OK;
    text->n = 0;
    text->max = 2 * (size_t)HEFT_MAX_TOKEN_BYTES;
    heft_buf_str(text, left);
    heft_buf_str(text, right);
    heft_status st = heft_buf_check(text, "a merge", err);
    if (!st) *id = heft_vocab_find(b->vocab, (heft_str){ text->p, text->n });
    return st;
}

/* Up to TOGETHER merges: room for them is there. */
enum { TOGETHER = 32 };

static heft_status merge_some(heft_bpe *b, const heft_str *pair, size_t n, bool last_wins,
                              heft_error *err)
{
    int32_t id[2 * TOGETHER], result;
    heft_vocab_find_all(b->vocab, pair, 2 * n, id);
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(&b->merge[home_of(b, hash_of(id[2 * i], id[2 * i + 1]))]);
    for (size_t i = 0; i < n; i++) {
        int32_t left = id[2 * i], right = id[2 * i + 1];
        heft_status st = joined(b, pair[2 * i], pair[2 * i + 1], &result, err);
        if (st) return st;
        if (left < 0 || right < 0 || result < 0)
            return heft_fail(err, HEFT_E_FORMAT, "merge %u (%s + %s): %s is not in the vocabulary",
                             (unsigned)b->merges, heft_show(pair[2 * i]).text,
                             heft_show(pair[2 * i + 1]).text,
                             left < 0    ? "the left part"
                             : right < 0 ? "the right part"
                                         : "the whole");
        uint32_t rank = b->merges++;
        b->last = result;
        if (last_wins || !heft_bpe_find(b, left, right))
            put(b, &(struct heft_merge){ left + 1, right, result, rank });
    }
    return HEFT_OK;
}

heft_status heft_bpe_merge(heft_bpe *b, const heft_str *pair, size_t n, bool last_wins,
                           heft_error *err)
{
    heft_status st = reserve(b, b->merges + n, err);
    for (size_t k; n && !st; pair += 2 * k, n -= k) {
        k = n < TOGETHER ? n : TOGETHER;
        st = merge_some(b, pair, k, last_wins, err);
    }
    return st;
}

static bool is_special(const heft_bpe *b, int32_t id)
{
    return heft_vocab_flags(b->vocab, id) & HEFT_TOKEN_SPECIAL;
}

/* Text never becomes a special token, so nothing makes one, and no character is one. */
static void forget_special(heft_bpe *b)
{
    bool any = false;
    for (int32_t id = 0; id < b->vocab->size && !any; id++)
        any = is_special(b, id) && (heft_vocab_flags(b->vocab, id) & HEFT_TOKEN_FOUND);
    for (uint32_t i = 0; any && b->merge && i <= b->mask; i++)
        if (is_special(b, b->merge[i].result)) b->merge[i].result = NONE;
    for (int32_t cp = 0; any && cp < 1024; cp++)
        if (is_special(b, b->direct[cp])) b->direct[cp] = NONE;
}

heft_status heft_bpe_finish(heft_bpe *b, const int32_t byte[256], heft_error *err)
{
    if (b->vocab) forget_special(b);
    bool plain = byte && b->merge && !b->score && !b->prefix.n && !b->suffix.n && !b->symbols;
    for (int32_t i = 0; i < 256 && plain; i++)
        plain = i == 0xc0 || i == 0xc1 || i > 0xf4 /* no UTF-8 has these */
                || (byte[i] >= 0 && !is_special(b, byte[i]));
    return plain ? heft_bpe_learn_chars(b, byte, err) : HEFT_OK;
}

size_t heft_bpe_bytes(const heft_bpe *b)
{
    size_t merges = b->merge ? ((size_t)b->mask + 1) * sizeof *b->merge : 0,
           maybe = b->maybe ? (size_t)1 << (b->maybe_bits - 3) : 0,
           chars = b->whole ? (HEFT_BPE_WHOLE + HEFT_BPE_BEGIN) * sizeof *b->whole : 0;
    return merges + maybe + chars;
}

/* ---- growing things ---- */

heft_status heft_ids_add(heft_ids *ids, int32_t id, heft_error *err)
{
    if (ids->n == ids->cap) {
        size_t cap = ids->cap ? 2 * ids->cap : 64;
        int32_t *p = heft_realloc(ids->p, cap * sizeof *p);
        if (!p) return heft_nomem(err, "ids");
        ids->p = p;
        ids->cap = cap;
    }
    ids->p[ids->n++] = id;
    return HEFT_OK;
}

void heft_word_clear(heft_word *w)
{
    heft_free(w->symbol);
    heft_free(w->first);
    heft_free(w->heap);
    heft_buf_free(&w->spelling);
    *w = (heft_word){ 0 };
}

/* Make the word empty, with room for n symbols. */
static heft_status make_room(heft_word *w, size_t n, heft_error *err)
{
    w->n = 0;
    if (n <= w->cap) return HEFT_OK;
    size_t cap = n > 2 * w->cap ? n : 2 * w->cap;
    heft_free(w->symbol);
    heft_free(w->first);
    w->cap = 0;
    w->symbol = heft_alloc(cap, sizeof *w->symbol);
    w->first = heft_alloc(cap, 2 * sizeof *w->first);
    if (!w->symbol || !w->first) return heft_nomem(err, "a word");
    w->cap = cap;
    return HEFT_OK;
}

/* Needs room. */
static void add_symbol(heft_word *w, int32_t id, size_t at)
{
    int32_t i = (int32_t)w->n++;
    w->symbol[i] = (struct heft_symbol){
        .id = id, .at = (uint32_t)at, .prev = i - 1, .next = NONE, .made = NONE
    };
    if (i) w->symbol[i - 1].next = i;
}

/* ---- characters to symbols ---- */

/* The id of the character at piece[at], spelt as the model spells it there. -1: none. */
static heft_status id_of_char(const heft_bpe *b, heft_word *w, heft_str piece, size_t at, size_t n,
                              int32_t cp, int32_t *id, heft_error *err)
{
    heft_str s = { piece.p + at, n };
    bool prefixed = at > 0 && b->prefix.n, suffixed = at + n == piece.n && b->suffix.n;
    if (prefixed || suffixed) {
        w->spelling.n = 0;
        w->spelling.max = 3 * (size_t)HEFT_MAX_TOKEN_BYTES;
        if (prefixed) heft_buf_str(&w->spelling, b->prefix);
        heft_buf_str(&w->spelling, s);
        if (suffixed) heft_buf_str(&w->spelling, b->suffix);
        heft_status st = heft_buf_check(&w->spelling, "a word", err);
        if (st) return st;
        s = (heft_str){ w->spelling.p, w->spelling.n };
    } else if (cp < 1024) {
        *id = b->direct[cp];
        return HEFT_OK;
    }
    *id = heft_vocab_find(b->vocab, s);
    if (is_special(b, *id)) *id = NONE;
    return HEFT_OK;
}

static bool has_bytes(const heft_bpe *b, heft_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (b->byte[(uint8_t)s.p[i]] < 0) return false;
    return true;
}

/* Every character is a symbol, or its bytes are, or it is one of a run of unknown ones. */
static heft_status read_chars(const heft_bpe *b, heft_word *w, heft_str piece, heft_error *err)
{
    bool waiting = false; /* an unknown character, for others to fuse with */
    heft_status st = make_room(w, piece.n, err);
    for (size_t at = 0, n; at < piece.n && !st; at += n) {
        int32_t cp, id;
        if (b->symbols && (id = heft_matcher_longest(b->symbols, piece, at, piece.n, &n)) >= 0) {
            add_symbol(w, id, at);
            w->symbol[w->n - 1].made = FROZEN;
            continue;
        }
        n = heft_utf8_decode(piece.p + at, piece.n - at, &cp);
        st = id_of_char(b, w, piece, at, n, cp, &id, err);
        if (st) return st;
        if (id >= 0 || b->score) { /* by score, what has no token may still be part of one */
            if (waiting) add_symbol(w, b->unknown, at);
            waiting = false;
            add_symbol(w, id, at);
            continue;
        }
        heft_str s = { piece.p + at, n };
        if (b->byte_fallback && has_bytes(b, s)) {
            for (size_t i = 0; i < n; i++)
                add_symbol(w, b->byte[(uint8_t)s.p[i]], at + i);
            continue;
        }
        if (b->unknown < 0)
            return heft_fail(err, HEFT_E_ARG,
                             "the vocabulary has no token for %s (U+%04X) and none for the unknown",
                             heft_show(s).text, (unsigned)cp);
        if (waiting && !b->fuse_unknown) add_symbol(w, b->unknown, at);
        waiting = true;
    }
    if (!st && waiting) add_symbol(w, b->unknown, 0);
    return st;
}

/* ---- the heap: four below each, so that a step down is about one cache line ---- */

static heft_status push(heft_word *w, uint64_t order, heft_error *err)
{
    if (w->queued == w->heap_cap) {
        size_t cap = w->heap_cap ? 2 * w->heap_cap : 256;
        uint64_t *h = heft_realloc(w->heap, cap * sizeof *h);
        if (!h) return heft_nomem(err, "a word");
        w->heap = h;
        w->heap_cap = cap;
    }
    size_t i = w->queued++;
    for (size_t up; i > 0 && w->heap[up = (i - 1) / 4] > order; i = up)
        w->heap[i] = w->heap[up];
    w->heap[i] = order;
    return HEFT_OK;
}

/* Needs queued > 0. */
static uint64_t pop(heft_word *w)
{
    const uint64_t top = w->heap[0], last = w->heap[--w->queued];
    size_t i = 0;
    for (size_t down; (down = 4 * i + 1) < w->queued; i = down) {
        size_t end = down + 4 < w->queued ? down + 4 : w->queued;
        for (size_t k = down + 1; k < end; k++)
            if (w->heap[k] < w->heap[down]) down = k;
        if (w->heap[down] >= last) break;
        w->heap[i] = w->heap[down];
    }
    w->heap[i] = last;
    return top;
}

/* ---- merging ---- */

/* A score as a number that sorts the other way round: the best score comes first. */
static uint32_t rank_of_score(float score)
{
    uint32_t bits;
    score += 0.0f; /* -0 is 0 */
    memcpy(&bits, &score, sizeof bits);
    return bits >> 31 ? bits : ~bits & 0x7fffffff;
}

/* Where a symbol ends in the piece, by score. */
static size_t end_of(const heft_word *w, const struct heft_symbol *s, heft_str piece)
{
    return s->next < 0 ? piece.n : w->symbol[s->next].at;
}

/* Find out what the symbols at l and its next neighbour make. */
static void look(const heft_bpe *b, heft_word *w, heft_str piece, int32_t l)
{
    struct heft_symbol *left = &w->symbol[l];
    if (left->made == FROZEN) return;
    left->made = NONE;
    if (left->next < 0) return;
    const struct heft_symbol *right = &w->symbol[left->next];
    if (right->made == FROZEN) return;
    if (b->score) {
        const heft_str both = { piece.p + left->at, end_of(w, right, piece) - left->at };
        left->made = heft_vocab_find(b->vocab, both);
        if (left->made >= 0) left->rank = rank_of_score(b->score[left->made]);
        return;
    }
    const struct heft_merge *m = heft_bpe_find(b, left->id, right->id);
    if (!m) return;
    left->made = m->result;
    left->rank = m->rank;
}

static uint64_t order_of(const heft_word *w, int32_t l)
{
    return (uint64_t)w->symbol[l].rank << 32 | (uint32_t)l;
}

/* Look, and queue what was found. */
static heft_status queue(const heft_bpe *b, heft_word *w, heft_str piece, int32_t l,
                         heft_error *err)
{
    look(b, w, piece, l);
    return w->symbol[l].made < 0 ? HEFT_OK : push(w, order_of(w, l), err);
}

/* By rank; what is equal stays in its order. `other` has room for n: four passes end in `order`. */
static void sort_orders(uint64_t *order, uint64_t *other, size_t n)
{
    enum { FEW = 48, DIGIT = 8 };
    if (n <= FEW) {
        for (size_t i = 1; i < n; i++) {
            const uint64_t x = order[i];
            size_t k = i;
            for (; k > 0 && order[k - 1] > x; k--)
                order[k] = order[k - 1];
            order[k] = x;
        }
        return;
    }
    uint64_t *from = order, *to = other;
    for (int32_t shift = 32; shift < 64; shift += DIGIT) {
        const uint64_t mask = (1 << DIGIT) - 1;
        size_t begin[(1 << DIGIT) + 1] = { 0 };
        for (size_t i = 0; i < n; i++)
            begin[(from[i] >> shift & mask) + 1]++;
        for (size_t i = 0; i < mask; i++)
            begin[i + 1] += begin[i];
        for (size_t i = 0; i < n; i++)
            to[begin[from[i] >> shift & mask]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
}

/* The pairs that can merge at the beginning, sorted, in w->first. */
static void look_at_all(const heft_bpe *b, heft_word *w, heft_str piece)
{
    w->n_first = 0;
    for (size_t i = 0; i + 1 < w->n; i++) {
        look(b, w, piece, (int32_t)i);
        if (w->symbol[i].made >= 0) w->first[w->n_first++] = order_of(w, (int32_t)i);
    }
    sort_orders(w->first, w->first + w->cap, w->n_first);
}

static heft_status merge_all(const heft_bpe *b, heft_word *w, heft_str piece, heft_error *err)
{
    enum { AHEAD = 8 }; /* symbols of a long piece do not fit a near cache */
    heft_status st = HEFT_OK;
    w->queued = 0;
    look_at_all(b, w, piece);
    for (size_t next = 0; (w->queued || next < w->n_first) && !st;) {
        const bool heap = w->queued && (next == w->n_first || w->heap[0] < w->first[next]);
        const uint64_t order = heap ? pop(w) : w->first[next++];
        int32_t l = (int32_t)(uint32_t)order;
        if (next + AHEAD < w->n_first)
            __builtin_prefetch(&w->symbol[(uint32_t)w->first[next + AHEAD]]);
        struct heft_symbol *left = &w->symbol[l];
        if (left->next < 0 || left->made < 0 || left->rank != order >> 32) continue;
        struct heft_symbol *right = &w->symbol[left->next];
        left->id = left->made;
        left->next = right->next;
        right->next = GONE;
        if (left->next >= 0) w->symbol[left->next].prev = l;
        if (left->prev >= 0) st = queue(b, w, piece, left->prev, err);
        if (!st) st = queue(b, w, piece, l, err);
    }
    return st;
}

/* What stayed without a token, by score only: its bytes, or the unknown token. */
static heft_status fall_back(const heft_bpe *b, heft_str s, heft_ids *ids, heft_error *err)
{
    heft_status st = HEFT_OK;
    if (!b->byte_fallback || !has_bytes(b, s)) {
        if (b->unknown >= 0) return heft_ids_add(ids, b->unknown, err);
        return heft_fail(err, HEFT_E_ARG,
                         "the vocabulary has no token for %s and none for its bytes",
                         heft_show(s).text);
    }
    for (size_t i = 0; i < s.n && !st; i++)
        st = heft_ids_add(ids, b->byte[(uint8_t)s.p[i]], err);
    return st;
}

static heft_status encode_word(const heft_bpe *b, heft_word *w, heft_str word, heft_ids *ids,
                               heft_error *err)
{
    heft_status st = read_chars(b, w, word, err);
    if (!st) st = merge_all(b, w, word, err);
    bool was_unknown = false;
    for (int32_t i = w->n ? 0 : NONE; i >= 0 && !st; i = w->symbol[i].next) {
        const struct heft_symbol *s = &w->symbol[i];
        if (s->id >= 0) {
            was_unknown = false;
            st = heft_ids_add(ids, s->id, err);
            continue;
        }
        heft_str text = { word.p + s->at, end_of(w, s, word) - s->at };
        bool unknown = !(b->byte_fallback && has_bytes(b, text));
        if (!unknown || !was_unknown || !b->fuse_unknown) st = fall_back(b, text, ids, err);
        was_unknown = unknown;
    }
    return st;
}

static bool only_newlines(heft_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\n') return false;
    return true;
}

heft_status heft_bpe_encode(const heft_bpe *b, heft_word *w, heft_str piece, heft_ids *ids,
                            heft_error *err)
{
    heft_status st = HEFT_OK;
    if (b->ignore_merges || (b->whole_lines && only_newlines(piece))) {
        int32_t id = heft_vocab_find(b->vocab, piece);
        if (id >= 0 && !is_special(b, id)) return heft_ids_add(ids, id, err);
    }
    if (!b->cut_at_mark || b->prefix.n || b->suffix.n) return encode_word(b, w, piece, ids, err);
    for (size_t n; piece.n && !st; piece.p += n, piece.n -= n) {
        n = word_end(piece);
        st = encode_word(b, w, (heft_str){ piece.p, n }, ids, err);
    }
    return st;
}

/* ---- bytes ---- */

/* The token that is the whole piece, as vocabularies of bytes spell it; -1: none. */
static heft_status whole_piece(const heft_bpe *b, heft_word *w, heft_str piece, int32_t *id,
                               heft_error *err)
{
    heft_buf *spelt = &w->spelling;
    *id = -1;
    if (piece.n > b->vocab->longest) return HEFT_OK;
    spelt->n = 0;
    spelt->max = SIZE_MAX / 4;
    if (heft_buf_reserve(spelt, 2 * piece.n))
        for (size_t i = 0; i < piece.n; i++)
            spelt->n +=
                heft_utf8_encode(heft_char_of_byte((uint8_t)piece.p[i]), spelt->p + spelt->n);
    *id = heft_vocab_find(b->vocab, (heft_str){ spelt->p, spelt->n });
    if (is_special(b, *id)) *id = NONE;
    return heft_buf_check(spelt, "a word", err);
}

heft_status heft_bpe_encode_bytes(const heft_bpe *b, heft_word *w, heft_str piece, heft_ids *ids,
                                  heft_error *err)
{
    heft_status st = HEFT_OK;
    int32_t id = -1;
    if (b->ignore_merges) st = whole_piece(b, w, piece, &id, err);
    if (st) return st;
    if (id >= 0) return heft_ids_add(ids, id, err);
    st = make_room(w, piece.n, err);
    for (size_t at = 0; at < piece.n && !st;) {
        const size_t begin = at;
        at += heft_bpe_char(b, piece, at, &id);
        add_symbol(w, id, begin);
    }
    if (!st) st = merge_all(b, w, piece, err);
    for (int32_t i = 0; i >= 0 && !st; i = w->symbol[i].next)
        st = heft_ids_add(ids, w->symbol[i].id, err);
    return st;
}

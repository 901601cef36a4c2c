/* Unigram: Viterbi's search for the best cut.
 *
 *   best(0) = 0;  best(j) = max over tokens t that end at j:  best(j - |t|) + score(t)
 *
 * A character that no token spells alone may also be unknown, at a score below all others.
 * Neighbours that are unknown become one. Source: Kudo 2018, arXiv 1804.10959, section 3.2; the
 * order of comparisons is that of sentencepiece, which decides between equal sums. */
#include "text/unigram.h"

#include <stdio.h>
#include <string.h>

struct heft_step {
    double score;
    size_t begin; /* of the last token on the way; SIZE_MAX: there is no way yet */
    int32_t id;
};

void heft_path_clear(heft_path *p)
{
    heft_free(p->step);
    *p = (heft_path){ 0 };
}

heft_status heft_unigram_begin(heft_unigram *u, const heft_vocab *vocab, heft_error *err)
{
    heft_status st = HEFT_OK;
    u->vocab = vocab;
    for (int32_t id = 0; id < vocab->size && !st; id++) {
        heft_str s = heft_vocab_str(vocab, id);
        uint32_t flags = heft_vocab_flags(vocab, id);
        bool text =
            flags && !(flags & (HEFT_TOKEN_SPECIAL | HEFT_TOKEN_BYTE | HEFT_TOKEN_UNUSED)) && s.n;
        if (text && heft_vocab_find(vocab, s) == id) st = heft_matcher_add(&u->trie, s, id, err);
    }
    for (int32_t i = 0; i < 256; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "<0x%02X>", (unsigned)i);
        u->byte[i] = heft_vocab_find(vocab, heft_str_of(name));
    }
    return st;
}

void heft_unigram_clear(heft_unigram *u)
{
    heft_matcher_clear(&u->trie);
    heft_free(u->score);
    *u = (heft_unigram){ 0 };
}

/* The way over `from` to `to` by one token, if it is the best so far. */
static void offer(const heft_unigram *u, struct heft_step *step, size_t from, size_t to, int32_t id,
                  double score)
{
    double sum =
        u->single ? (double)((float)step[from].score + (float)score) : step[from].score + score;
    if (step[to].begin != SIZE_MAX && sum <= step[to].score) return;
    step[to] = (struct heft_step){ sum, from, id };
}

/* Floats become coarse as they grow, so far from zero sentencepiece counts anew from the sum at i:
 * of it and of the places up to `last` that have a way. */
static void count_anew(struct heft_step *step, size_t i, size_t last)
{
    const float far = 100000, offset = (float)step[i].score;
    if (offset >= -far && offset <= far) return;
    for (size_t k = i; k <= last; k++)
        if (step[k].begin != SIZE_MAX) step[k].score = (double)((float)step[k].score - offset);
}

static heft_status no_token(heft_str s, heft_error *err)
{
    return heft_fail(err, HEFT_E_ARG, "the vocabulary has no token for %s and none for the unknown",
                     heft_show(s).text);
}

static heft_status search(const heft_unigram *u, struct heft_step *step, heft_str piece,
                          heft_error *err)
{
    const heft_matcher *m = &u->trie;
    step[0] = (struct heft_step){ 0, 0, -1 };
    for (size_t i = 1; i <= piece.n; i++)
        step[i].begin = SIZE_MAX;
    for (size_t i = 0, last = 0, bytes; i < piece.n; i += bytes) {
        int32_t cp;
        bool alone = false;
        bytes = heft_utf8_decode(piece.p + i, piece.n - i, &cp);
        if (u->single) count_anew(step, i, last);
        uint32_t node = 0;
        for (size_t k = i; k < piece.n && m->nodes; k++) {
            node = heft_matcher_step(m, node, (uint8_t)piece.p[k]);
            if (node == 0) break;
            int32_t id = m->value[node];
            if (id < 0) continue;
            if (k + 1 > last) last = k + 1;
            offer(u, step, i, k + 1, id, u->score[id]);
            alone |= k + 1 == i + bytes;
        }
        if (alone) continue;
        if (u->unknown < 0 && step[i + bytes].begin == SIZE_MAX)
            return no_token((heft_str){ piece.p + i, bytes }, err);
        if (u->unknown >= 0) offer(u, step, i, i + bytes, u->unknown, u->unknown_score);
        if (i + bytes > last) last = i + bytes;
    }
    return HEFT_OK;
}

/* A stretch of unknown characters, backwards. */
static heft_status add_unknown(const heft_unigram *u, heft_str s, heft_ids *ids, heft_error *err)
{
    heft_status st = HEFT_OK;
    int32_t id = heft_vocab_find(u->vocab, s);
    bool bytes = u->byte_fallback;
    if (id >= 0 && !(heft_vocab_flags(u->vocab, id) & HEFT_TOKEN_SPECIAL))
        return heft_ids_add(ids, id, err);
    for (size_t i = 0; i < s.n && bytes; i++)
        bytes = u->byte[(uint8_t)s.p[i]] >= 0;
    if (!bytes) return heft_ids_add(ids, u->unknown, err);
    for (size_t i = s.n; i-- > 0 && !st;)
        st = heft_ids_add(ids, u->byte[(uint8_t)s.p[i]], err);
    return st;
}

heft_status heft_unigram_encode(const heft_unigram *u, heft_path *path, heft_str piece,
                                heft_ids *ids, heft_error *err)
{
    size_t first = ids->n;
    if (path->cap <= piece.n) {
        size_t cap = 2 * piece.n + 64;
        struct heft_step *step = heft_realloc(path->step, cap * sizeof *step);
        if (!step) return heft_nomem(err, "a piece of text");
        path->step = step;
        path->cap = cap;
    }
    const struct heft_step *step = path->step;
    heft_status st = search(u, path->step, piece, err);
    for (size_t end = piece.n; end > 0 && !st;) {
        size_t begin = step[end].begin;
        bool unknown = step[end].id == u->unknown;
        while (unknown && begin > 0 && step[begin].id == u->unknown)
            begin = step[begin].begin;
        heft_str s = { piece.p + begin, end - begin };
        st = unknown ? add_unknown(u, s, ids, err) : heft_ids_add(ids, step[end].id, err);
        end = begin;
    }
    for (size_t i = first, k = ids->n; i + 1 < k; i++) {
        int32_t id = ids->p[i];
        ids->p[i] = ids->p[--k];
        ids->p[k] = id;
    }
    return st;
}

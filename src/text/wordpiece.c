/* Whole words: WordLevel and WordPiece.
 *
 * The pieces are a trie, so the longest one that fits is found in one walk. Pieces inside a word
 * carry a prefix ("##") in the vocabulary; their walk begins behind it. */
#include "text/wordpiece.h"

heft_status heft_words_begin(heft_words *w, const heft_vocab *vocab, heft_error *err)
{
    heft_status st = HEFT_OK;
    w->vocab = vocab;
    for (int32_t id = 0; id < vocab->size && !w->whole && !st; id++) {
        heft_str s = heft_vocab_str(vocab, id);
        bool text = !(heft_vocab_flags(vocab, id) & HEFT_TOKEN_SPECIAL) && s.n;
        if (text && heft_vocab_find(vocab, s) == id) st = heft_matcher_add(&w->trie, s, id, err);
    }
    w->at_begin = heft_matcher_walk(&w->trie, 0, w->begin);
    w->at_inner = heft_matcher_walk(&w->trie, 0, w->inner);
    return st;
}

void heft_words_clear(heft_words *w)
{
    heft_matcher_clear(&w->trie);
    *w = (heft_words){ 0 };
}

static heft_status unknown(const heft_words *w, heft_str word, heft_ids *ids, heft_error *err)
{
    if (w->unknown >= 0) return heft_ids_add(ids, w->unknown, err);
    return heft_fail(err, HEFT_E_ARG, "the vocabulary has no token for %s and none for the unknown",
                     heft_show(word).text);
}

static bool is_longer(heft_str word, size_t most)
{
    size_t chars = 0;
    for (size_t i = 0; i < word.n && chars <= most; i++)
        chars += ((uint8_t)word.p[i] & 0xc0) != 0x80;
    return chars > most;
}

/* The longest piece from a node on; -1: none. */
static int32_t longest(const heft_matcher *m, uint32_t node, heft_str text, size_t *n)
{
    int32_t best = -1;
    for (size_t i = 0; i < text.n; i++) {
        node = heft_matcher_step(m, node, (uint8_t)text.p[i]);
        if (node == 0) break;
        if (m->value[node] < 0) continue;
        best = m->value[node];
        *n = i + 1;
    }
    return best;
}

static heft_status pieces(const heft_words *w, heft_str word, heft_ids *ids, heft_error *err)
{
    const heft_matcher *m = &w->trie;
    size_t before = ids->n, i = 0, n = 0;
    heft_status st = HEFT_OK;
    bool begun = w->begin.n == 0 || w->at_begin != 0, inner = w->inner.n == 0 || w->at_inner != 0;
    while (i < word.n && !st) {
        uint32_t node = i ? w->at_inner : w->at_begin;
        heft_str rest = { word.p + i, word.n - i };
        int32_t id = m->nodes && (i ? inner : begun) ? longest(m, node, rest, &n) : -1;
        if (id < 0 && i == 0 && w->at_begin && m->value[w->at_begin] >= 0) {
            /* The mark alone is a piece, and the word goes on behind it. */
            st = heft_ids_add(ids, m->value[w->at_begin], err);
            id = longest(m, w->at_inner, rest, &n);
        }
        if (id < 0) {
            ids->n = before;
            return unknown(w, word, ids, err);
        }
        if (!st) st = heft_ids_add(ids, id, err);
        i += n;
    }
    return st;
}

heft_status heft_words_encode(const heft_words *w, heft_str word, heft_ids *ids, heft_error *err)
{
    if (!w->whole && is_longer(word, w->most)) return unknown(w, word, ids, err);
    if (!w->whole) return pieces(w, word, ids, err);
    int32_t id = heft_vocab_find(w->vocab, word);
    bool text = id >= 0 && !(heft_vocab_flags(w->vocab, id) & HEFT_TOKEN_SPECIAL);
    return text ? heft_ids_add(ids, id, err) : unknown(w, word, ids, err);
}

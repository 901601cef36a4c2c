/* Byte-pair encoding of bytes: what a character's bytes become before anything else can happen.
 *
 * Two neighbours x y merge at rank r, whatever stands around them, if no merge with x on its right
 * or with y on its left has a rank of r or below: nothing can take x or y first. So a character
 * whose merges are all like that may begin as the token it becomes, and one whose first two bytes
 * are like that as two symbols. In a text the character's own bytes are known, and only what may
 * stand beside it is not: before it anything, behind it no byte that goes on with a character. */
#include "text/bpe.h"

#include "text/unicode.h"

#include <string.h>

enum { FOLLOWERS = 64, MOST_BYTES = 3 };

/* The lowest ranks of the merges of a token of one or two bytes: with anything on its left; with
 * anything on its right; with what begins with a character, on its right. */
typedef struct {
    uint32_t before, behind, crossing;
} rivals;

/* What there is to know of every token, small enough for a near cache. */
enum { GOES_ON = 1, SHORT = 2 }; /* its first byte goes on with a character; it has two at most */

static void lower(uint32_t *least, uint32_t rank)
{
    if (rank < *least) *least = rank;
}

static uint8_t kind_of(const heft_vocab *v, int32_t id)
{
    heft_str s = heft_vocab_str(v, id);
    int32_t cp = -1;
    if (s.n) (void)heft_utf8_decode(s.p, s.n, &cp);
    bool goes_on = (heft_byte_of_char(cp) & ~0x3f) == 0x80;
    return (uint8_t)((goes_on ? GOES_ON : 0) | (s.n <= 4 ? SHORT : 0));
}

static void find_rivals(const heft_bpe *b, rivals *of, uint8_t *kind)
{
    for (int32_t id = 0; id < b->vocab->size; id++) {
        of[id] = (rivals){ UINT32_MAX, UINT32_MAX, UINT32_MAX };
        kind[id] = kind_of(b->vocab, id);
    }
    for (uint32_t i = 0; i <= b->mask; i++) {
        const struct heft_merge *m = &b->merge[i];
        if (!m->left1) continue;
        const int32_t left = m->left1 - 1;
        if (kind[m->right] & SHORT) lower(&of[m->right].before, m->rank);
        if (!(kind[left] & SHORT)) continue;
        lower(&of[left].behind, m->rank);
        if (!(kind[m->right] & GOES_ON)) lower(&of[left].crossing, m->rank);
    }
}

/* The token that n bytes of a character surely become; -1: not surely one. */
static int32_t becomes(const heft_bpe *b, const rivals *of, const char *bytes, size_t n)
{
    int32_t id[MOST_BYTES];
    for (size_t i = 0; i < n; i++)
        id[i] = b->of_byte[(uint8_t)bytes[i]];
    for (; n > 1; n--) {
        const struct heft_merge *best = NULL;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            const struct heft_merge *m = heft_bpe_find(b, id[i], id[i + 1]);
            if (!m || (best && best->rank <= m->rank)) continue;
            best = m;
            at = i;
        }
        if (!best || of[id[0]].before <= best->rank || of[id[n - 1]].crossing <= best->rank)
            return -1;
        id[at] = best->result;
        memmove(&id[at + 1], &id[at + 2], (n - at - 2) * sizeof *id);
    }
    return id[0];
}

/* Characters that have tokens: others are not worth a look. */
static void learn_whole(heft_bpe *b, const rivals *of)
{
    for (int32_t id = 0; id < b->vocab->size; id++) {
        heft_str s = heft_vocab_str(b->vocab, id);
        char bytes[MOST_BYTES];
        size_t n = 0;
        if (s.n > 2 * MOST_BYTES) continue;
        for (size_t i = 0; i < s.n && n < MOST_BYTES; n++) {
            int32_t cp;
            i += heft_utf8_decode(s.p + i, s.n - i, &cp);
            bytes[n] = (char)heft_byte_of_char(cp);
        }
        int32_t cp = -1;
        if (n < 2 || heft_utf8_decode(bytes, n, &cp) != n || cp < 0) continue;
        b->whole[cp] = becomes(b, of, bytes, n) + 1;
    }
}

static void learn_begin(heft_bpe *b, const rivals *of)
{
    for (int32_t i = 0; i < HEFT_BPE_BEGIN; i++) {
        int32_t lead = b->of_byte[0xc0 + i / FOLLOWERS], next = b->of_byte[0x80 + i % FOLLOWERS];
        const struct heft_merge *m = lead < 0 ? NULL : heft_bpe_find(b, lead, next);
        if (m && m->rank < of[lead].before && m->rank < of[next].behind)
            b->begin[i] = m->result + 1;
    }
}

heft_status heft_bpe_learn_chars(heft_bpe *b, const int32_t byte[256], heft_error *err)
{
    size_t size = (size_t)b->vocab->size;
    rivals *of = heft_alloc(size, sizeof *of);
    uint8_t *kind = heft_alloc(size, 1);
    b->of_byte = byte;
    b->whole = heft_alloc(HEFT_BPE_WHOLE, sizeof *b->whole);
    b->begin = heft_alloc(HEFT_BPE_BEGIN, sizeof *b->begin);
    heft_status st = of && kind && b->whole && b->begin ? HEFT_OK : heft_nomem(err, "merges");
    if (!st) {
        find_rivals(b, of, kind);
        learn_whole(b, of);
        learn_begin(b, of);
    }
    heft_free(of);
    heft_free(kind);
    return st;
}

size_t heft_bpe_char(const heft_bpe *b, heft_str piece, size_t at, int32_t *id)
{
    const uint8_t *u = (const uint8_t *)piece.p + at;
    size_t left = piece.n - at;
    *id = b->of_byte[*u];
    if (*u < 0xc0 || left < 2) return 1;
    if (*u < 0xe0) {
        int32_t whole = b->whole[(*u & 0x1f) << 6 | (u[1] & 0x3f)];
        if (whole) *id = whole - 1;
        return whole ? 2 : 1;
    }
    int32_t whole = *u < 0xf0 && left > 2
                        ? b->whole[(*u & 0xf) << 12 | (u[1] & 0x3f) << 6 | (u[2] & 0x3f)]
                        : 0,
            begin = b->begin[(*u - 0xc0) * FOLLOWERS + (u[1] & 0x3f)];
    if (whole || begin) *id = (whole ? whole : begin) - 1;
    return whole ? 3 : begin ? 2 : 1;
}

/* Attention over one tile: scalar_attend.c, many queries at a time.
 *
 * A tile is small (32 entries), so it is kept in the nearest cache while all queries pass over it:
 * scores of up to 64 queries, their weights, then the weighted values, column block by column
 * block, each joined with what the query has seen so far as it leaves the registers. 16-bit entries
 * are widened once into a small buffer, except for a few queries (decode), where widening in the
 * registers is cheaper.
 *
 * A source for several instruction sets: the file that includes it has included x86_vector_256.h or
 * x86_vector_512.h, and defined before: DOT_QUERIES and DOT_KEYS, how many of each are
 * multiplied in registers, and FOUR_VECTORS, how many vectors of values with four queries. */
#ifndef HEFT_KERNELS_X86_ATTEND_H
#define HEFT_KERNELS_X86_ATTEND_H

#include "base/bounds.h"
#include "kernels/x86_avx2_functions.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    QUERIES = 64, /* at a time */
    FEW = 8,
    WIDE = 8192, /* floats of the widened buffer */
    SPARE = 8,   /* scores are written eight at a time, from any entry on */
};
_Static_assert((int)HEFT_MAX_HEAD_WIDTH <= (int)WIDE, "one key must fit the buffer");

/* How much of each of two partial results goes into the joined one: join() of scalar_attend.c. */
typedef struct {
    float m, l, mine, theirs;
    bool first;
} joint;

/* What one pass works on. */
typedef struct {
    const heft_tile *tile;
    const heft_query *query[QUERIES];
    joint joint[QUERIES];
    int32_t n;                                        /* queries that see anything */
    int32_t lo, hi;                                   /* entries that any of them sees ... */
    uint32_t seen;                                    /* ... bit e: really */
    _Alignas(64) float p[QUERIES][HEFT_TILE + SPARE]; /* scores, then weights */
    _Alignas(64) float wide[WIDE];
} pass;

/* Entries in memory, as they are stored or widened; entry e lies (e - first) strides behind at. */
typedef struct {
    const uint8_t *at;
    size_t stride;
    int32_t first;
    heft_dtype dtype;
} entries;

static inline const uint8_t *entry(const entries *x, int32_t e)
{
    return x->at + (size_t)(e - x->first) * x->stride;
}

/* n in whole steps of 16. */
static inline int32_t padded(int32_t n)
{
    return (n + 15) / 16 * 16;
}

/* ---- widening ---- */

INLINE void widen_step(const heft_dtype t, float *y, const uint8_t *p)
{
    for (int32_t part = 0; part < PARTS; part++)
        store_vector(y + LANES * part, widened(t, p + LANES * width(t) * (size_t)part));
}

INLINE void widen_entry(const heft_dtype t, float *y, const uint8_t *p, int32_t n)
{
    int32_t i = 0;
    for (; i + 16 <= n; i += 16, p += 16 * width(t))
        widen_step(t, y + i, p);
    if (i == n) return;
    uint8_t last[64] = { 0 };
    memcpy(last, p, width(t) * (size_t)(n - i));
    widen_step(t, y + i, last);
}

/* The first n numbers of the entries lo .. hi-1 that are seen as floats in the pass's buffer, with
 * zeros up to padded(n). */
static entries widen(pass *w, const entries *from, int32_t lo, int32_t hi, int32_t n)
{
    const int32_t step = padded(n);
    assert((hi - lo) * step <= WIDE);
    for (int32_t e = lo; e < hi; e++) {
        if (!(w->seen >> e & 1)) continue;
        float *y = w->wide + (ptrdiff_t)(e - lo) * step;
        switch (from->dtype) {
        case HEFT_F16: widen_entry(HEFT_F16, y, entry(from, e), n); break;
        case HEFT_BF16: widen_entry(HEFT_BF16, y, entry(from, e), n); break;
        default: widen_entry(HEFT_F32, y, entry(from, e), n); break;
        }
    }
    return (entries){ (const uint8_t *)w->wide, sizeof(float) * (size_t)step, lo, HEFT_F32 };
}

/* May entries of n numbers be read where they are? Whole vectors only; and widening in the
 * registers, again for every few queries, costs more than the buffer from FEW queries on. */
static bool in_place(const pass *w, int32_t n)
{
    return n % 16 == 0 && (w->tile->dtype == HEFT_F32 || w->n <= FEW);
}

/* ---- scores ---- */

/* Dot products with partial sums i and i + 8 already added: half[i][e] of query i and key e.
 * Products of zeros behind the end may turn a sum of -0 into +0, which no weight can show. */
INLINE void dots(const heft_dtype t, const int32_t nq, const int32_t nk, const float *const *q,
                 const entries *k, int32_t e, int32_t n, __m256 (*half)[HEFT_TILE + SPARE])
{
    vector sum[DOT_QUERIES][DOT_KEYS][PARTS];
    const uint8_t *at = entry(k, e);
    for (int32_t i = 0; i < nq; i++)
        for (int32_t j = 0; j < nk; j++)
            for (int32_t p = 0; p < PARTS; p++)
                sum[i][j][p] = zero_vector();
    for (int32_t d = 0; d < n; d += 16)
        for (int32_t p = 0; p < PARTS; p++) {
            const int32_t from = d + LANES * p;
            vector x[DOT_QUERIES];
            for (int32_t i = 0; i < nq; i++)
                x[i] = d + 16 <= n ? load_vector(q[i] + from) : load_left(q[i] + from, n - from);
            for (int32_t j = 0; j < nk; j++) {
                const uint8_t *key = at + (size_t)j * k->stride + width(t) * (size_t)from;
                const vector y = held(widened(t, key));
                for (int32_t i = 0; i < nq; i++)
                    sum[i][j][p] = fma_vector(x[i], y, sum[i][j][p]);
            }
        }
    for (int32_t i = 0; i < nq; i++)
        for (int32_t j = 0; j < nk; j++)
            half[i][e + j] = half_of_sums(sum[i][j]);
}

INLINE void dots_all(const heft_dtype t, const int32_t nq, const float *const *q, const entries *k,
                     int32_t lo, int32_t hi, int32_t n, __m256 (*half)[HEFT_TILE + SPARE])
{
    int32_t e = lo;
    for (; e + DOT_KEYS <= hi; e += DOT_KEYS)
        dots(t, nq, DOT_KEYS, q, k, e, n, half);
    for (; e < hi; e++)
        dots(t, nq, 1, q, k, e, n, half);
}

static void dots_of_one(const float *const *q, const entries *k, int32_t lo, int32_t hi, int32_t n,
                        __m256 (*half)[HEFT_TILE + SPARE])
{
    switch (k->dtype) {
    case HEFT_F16: dots_all(HEFT_F16, 1, q, k, lo, hi, n, half); break;
    case HEFT_BF16: dots_all(HEFT_BF16, 1, q, k, lo, hi, n, half); break;
    default: dots_all(HEFT_F32, 1, q, k, lo, hi, n, half); break;
    }
}

static void dots_of_several(const float *const *q, const entries *k, int32_t lo, int32_t hi,
                            int32_t n, __m256 (*half)[HEFT_TILE + SPARE])
{
    switch (k->dtype) {
    case HEFT_F16: dots_all(HEFT_F16, DOT_QUERIES, q, k, lo, hi, n, half); break;
    case HEFT_BF16: dots_all(HEFT_BF16, DOT_QUERIES, q, k, lo, hi, n, half); break;
    default: dots_all(HEFT_F32, DOT_QUERIES, q, k, lo, hi, n, half); break;
    }
}

/* The rest of heft_fold for 8 dot products at once: i + 4, i + 2, i + 1. */
static __m256 fold_eight(const __m256 v[8])
{
    __m256 s[4];
    for (int32_t i = 0; i < 4; i++)
        s[i] = _mm256_add_ps(_mm256_permute2f128_ps(v[i], v[i + 4], 0x20),
                             _mm256_permute2f128_ps(v[i], v[i + 4], 0x31));
    __m256 a =
        _mm256_add_ps(_mm256_shuffle_ps(s[0], s[1], 0x44), _mm256_shuffle_ps(s[0], s[1], 0xee));
    __m256 b =
        _mm256_add_ps(_mm256_shuffle_ps(s[2], s[3], 0x44), _mm256_shuffle_ps(s[2], s[3], 0xee));
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xdd));
}

/* p[i][e] = q[i] . k[e] for every query and lo <= e < hi; what lies beside is overwritten. */
static void score(pass *w, const entries *k, int32_t lo, int32_t hi)
{
    __m256 half[DOT_QUERIES][HEFT_TILE + SPARE];
    memset(half, 0, sizeof half);
    for (int32_t i = 0, nq; i < w->n; i += nq) {
        const float *q[DOT_QUERIES];
        nq = i + DOT_QUERIES <= w->n ? DOT_QUERIES : 1;
        for (int32_t j = 0; j < nq; j++)
            q[j] = w->query[i + j]->q;
        (nq > 1 ? dots_of_several : dots_of_one)(q, k, lo, hi, w->tile->dk, half);
        for (int32_t j = 0; j < nq; j++)
            for (int32_t e = lo; e < hi; e += 8)
                _mm256_storeu_ps(w->p[i + j] + e, fold_eight(half[j] + e));
    }
}

/* Entries of a run, of which there is none that nobody sees. */
static void score_run(pass *w, int32_t from, int32_t to)
{
    const heft_tile *t = w->tile;
    const entries k = { t->k, t->k_stride, 0, t->dtype };
    if (in_place(w, t->dk)) {
        score(w, &k, from, to);
        return;
    }
    const int32_t room = t->dk > 0 ? WIDE / padded(t->dk) : HEFT_TILE;
    for (int32_t lo = from; lo < to; lo += room) {
        const int32_t hi = lo + room < to ? lo + room : to;
        const entries wide = widen(w, &k, lo, hi, t->dk);
        score(w, &wide, lo, hi);
    }
}

/* Runs in ascending order: what a score overwrites behind its run is unseen, or comes later. */
static void score_tile(pass *w)
{
    for (int32_t lo = w->lo, hi; lo < w->hi; lo = hi + 1) {
        for (hi = lo; hi < w->hi && w->seen >> hi & 1;)
            hi++;
        if (lo < hi) score_run(w, lo, hi);
    }
}

/* ---- weights ---- */

static joint join(const heft_partial *a, float m, float l)
{
    if (a->l == 0) return (joint){ .m = m, .l = l, .first = true };
    joint j = { .m = a->m > m ? a->m : m };
    __m256 both = exp_avx2(_mm256_setr_ps(a->m - j.m, m - j.m, 0, 0, 0, 0, 0, 0));
    j.mine = _mm256_cvtss_f32(both);
    j.theirs = _mm256_cvtss_f32(_mm256_permute_ps(both, 1));
    j.l = fmaf(a->l, j.mine, l * j.theirs);
    return j;
}

/* Scale, cap, alibi, then the maximum of what the query may see, and exp. What it may not see
 * weighs 0 in the sum, and is not looked at after it. */
static void weights(pass *w, int32_t i)
{
    const heft_tile *t = w->tile;
    const heft_query *q = w->query[i];
    const __m256 nothing = _mm256_set1_ps(-INFINITY), cap = _mm256_set1_ps(t->softcap);
    __m256 s[4], most = nothing;
    for (int32_t j = 0; j < 4; j++) {
        const __m256i e =
            _mm256_add_epi32(_mm256_set1_epi32(8 * j), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        s[j] = _mm256_mul_ps(_mm256_set1_ps(t->scale), _mm256_load_ps(w->p[i] + 8 * j));
        if (t->softcap > 0) s[j] = _mm256_mul_ps(cap, tanh_avx2(_mm256_div_ps(s[j], cap)));
        if (q->slope != 0) {
            __m256i far = _mm256_add_epi32(e, _mm256_set1_epi32(t->pos - q->pos));
            s[j] = _mm256_fmadd_ps(_mm256_set1_ps(q->slope), _mm256_cvtepi32_ps(far), s[j]);
        }
        __m256i seen = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(q->lo), e),
                                           _mm256_cmpgt_epi32(_mm256_set1_epi32(q->hi), e));
        __m256i skipped = _mm256_and_si256(
            _mm256_srlv_epi32(_mm256_set1_epi32((int32_t)q->skip), e), _mm256_set1_epi32(1));
        seen = _mm256_andnot_si256(_mm256_cmpgt_epi32(skipped, _mm256_setzero_si256()), seen);
        s[j] = _mm256_blendv_ps(nothing, s[j], _mm256_castsi256_ps(seen));
        most = _mm256_max_ps(s[j], most);
    }
    const float m = largest(most);
    for (int32_t j = 0; j < 4; j++) {
        s[j] = exp_avx2(_mm256_sub_ps(s[j], _mm256_set1_ps(m)));
        _mm256_store_ps(w->p[i] + 8 * j, s[j]);
    }
    w->joint[i] = join(q->state, m, fold(_mm256_add_ps(s[0], s[2]), _mm256_add_ps(s[1], s[3])));
}

/* ---- values ---- */

/* nv vectors of columns, from c on, of the n of v for nq queries from the i-th on, which see the
 * same entries, joined with columns at + c ... of their states. */
INLINE void weigh(const heft_dtype t, const int32_t nq, const int32_t nv, const pass *w, int32_t i,
                  const entries *v, int32_t at, int32_t c, int32_t n)
{
    vector o[4][8];
    for (int32_t r = 0; r < nq; r++)
        for (int32_t j = 0; j < nv; j++)
            o[r][j] = zero_vector();
    const int32_t lo = w->query[i]->lo, hi = w->query[i]->hi;
    const uint32_t skip = w->query[i]->skip;
    const uint8_t *row = entry(v, lo) + width(t) * (size_t)c;
    for (int32_t e = lo; e < hi; e++, row += v->stride) {
        if (skip >> e & 1) continue;
        vector p[4];
        for (int32_t r = 0; r < nq; r++)
            p[r] = spread_number(w->p[i + r][e]);
        for (int32_t j = 0; j < nv; j++) {
            const vector x = widened(t, row + LANES * width(t) * (size_t)j);
            for (int32_t r = 0; r < nq; r++)
                o[r][j] = fma_vector(p[r], x, o[r][j]);
        }
    }
    for (int32_t r = 0; r < nq; r++) {
        const joint *join = &w->joint[i + r];
        for (int32_t j = 0; j < nv; j++) {
            float *y = w->query[i + r]->state->o + at + c + LANES * j;
            const int32_t left = n - c - LANES * j;
            if (!join->first) {
                const vector theirs = mul_vector(o[r][j], spread_number(join->theirs));
                o[r][j] = fma_vector(load_left(y, left), spread_number(join->mine), theirs);
            }
            store_left(y, left, o[r][j]);
        }
    }
}

/* All n columns of v: at least eight sums at a time, so that additions need not wait for each
 * other. */
INLINE void weigh_all(const heft_dtype t, const int32_t nq, const pass *w, int32_t i,
                      const entries *v, int32_t at, int32_t n)
{
    const int32_t many = nq == 4 ? FOUR_VECTORS : 8;
    int32_t c = 0;
    for (; c + LANES * many <= n; c += LANES * many)
        weigh(t, nq, many, w, i, v, at, c, n);
    for (; c < n; c += 16)
        weigh(t, nq, PARTS, w, i, v, at, c, n);
}

static void weigh_one(const pass *w, int32_t i, const entries *v, int32_t at, int32_t n)
{
    switch (v->dtype) {
    case HEFT_F16: weigh_all(HEFT_F16, 1, w, i, v, at, n); break;
    case HEFT_BF16: weigh_all(HEFT_BF16, 1, w, i, v, at, n); break;
    default: weigh_all(HEFT_F32, 1, w, i, v, at, n); break;
    }
}

static void weigh_four(const pass *w, int32_t i, const entries *v, int32_t at, int32_t n)
{
    switch (v->dtype) {
    case HEFT_F16: weigh_all(HEFT_F16, 4, w, i, v, at, n); break;
    case HEFT_BF16: weigh_all(HEFT_BF16, 4, w, i, v, at, n); break;
    default: weigh_all(HEFT_F32, 4, w, i, v, at, n); break;
    }
}

/* Do the four queries from the i-th on see the same entries? Only then can they go together. */
static bool same_four(const pass *w, int32_t i)
{
    const heft_query *const *q = w->query + i;
    if (i + 4 > w->n) return false;
    for (int32_t r = 1; r < 4; r++)
        if (q[r]->lo != q[0]->lo || q[r]->hi != q[0]->hi || q[r]->skip != q[0]->skip) return false;
    return true;
}

static void weigh_tile(pass *w)
{
    const heft_tile *t = w->tile;
    const bool as_is = in_place(w, t->dv);
    const int32_t room = as_is ? t->dv : WIDE / HEFT_TILE;
    for (int32_t at = 0; at < t->dv; at += room) {
        const int32_t n = t->dv - at < room ? t->dv - at : room;
        entries v = { t->v + width(t->dtype) * (size_t)at, t->v_stride, 0, t->dtype };
        if (!as_is) v = widen(w, &v, w->lo, w->hi, n);
        for (int32_t i = 0; i < w->n;) {
            const bool four = same_four(w, i);
            (four ? weigh_four : weigh_one)(w, i, &v, at, n);
            i += four ? 4 : 1;
        }
    }
}

/* ---- choosing keys ---- */

/* score[e] of the keys lo .. hi-1. */
static void index_run(const entries *k, float *score, const float *q, const float *w, int32_t heads,
                      int32_t lo, int32_t hi, int32_t dk)
{
    const __m256 nothing = _mm256_setzero_ps();
    __m256 half[DOT_QUERIES][HEFT_TILE + SPARE];
    __m256 sum[HEFT_TILE / 8] = { nothing, nothing, nothing, nothing };
    memset(half, 0, sizeof half);
    for (int32_t h = 0, nq; h < heads; h += nq) {
        const float *at[DOT_QUERIES];
        nq = h + DOT_QUERIES <= heads ? DOT_QUERIES : 1;
        for (int32_t i = 0; i < nq; i++)
            at[i] = q + (size_t)(h + i) * (size_t)dk;
        (nq > 1 ? dots_of_several : dots_of_one)(at, k, lo, hi, dk, half);
        for (int32_t i = 0; i < nq; i++) {
            const __m256 weight = _mm256_set1_ps(w[h + i]);
            for (int32_t e = lo; e < hi; e += 8) {
                const __m256 product = _mm256_max_ps(fold_eight(half[i] + e), nothing);
                sum[(e - lo) / 8] = _mm256_fmadd_ps(weight, product, sum[(e - lo) / 8]);
            }
        }
    }
    for (int32_t e = lo; e < hi; e += 8)
        store(score + e, hi - e, sum[(e - lo) / 8]);
}

static void index_keys(const heft_tile *t, float *score, const float *q, const float *w,
                       int32_t heads, int32_t n)
{
    pass p;
    p.tile = t;
    p.n = heads;
    p.seen = UINT32_MAX;
    const entries k = { t->k, t->k_stride, 0, t->dtype };
    const bool as_is = in_place(&p, t->dk);
    const int32_t room = as_is ? HEFT_TILE : WIDE / padded(t->dk);
    for (int32_t lo = 0; lo < n; lo += room) {
        const int32_t hi = lo + room < n ? lo + room : n;
        const entries keys = as_is ? k : widen(&p, &k, lo, hi, t->dk);
        index_run(&keys, score, q, w, heads, lo, hi, t->dk);
    }
}

/* ---- the table ---- */

static void attend_pass(pass *w)
{
    score_tile(w);
    for (int32_t i = 0; i < w->n; i++)
        weights(w, i);
    weigh_tile(w);
    for (int32_t i = 0; i < w->n; i++) {
        w->query[i]->state->m = w->joint[i].m;
        w->query[i]->state->l = w->joint[i].l;
    }
}

/* Bits lo .. hi-1; lo < hi. */
static uint32_t within(int32_t lo, int32_t hi)
{
    return UINT32_MAX << lo & UINT32_MAX >> (HEFT_TILE - hi);
}

static void attend_queries(const heft_tile *t, const heft_query *q, int32_t nq)
{
    pass w;
    w.tile = t;
    for (int32_t i = 0; i < nq;) {
        w.n = 0;
        w.lo = HEFT_TILE;
        w.hi = 0;
        w.seen = 0;
        for (; i < nq && w.n < QUERIES; i++) {
            if (q[i].lo >= q[i].hi) continue;
            assert(q[i].lo >= 0 && q[i].hi <= HEFT_TILE);
            w.lo = q[i].lo < w.lo ? q[i].lo : w.lo;
            w.hi = q[i].hi > w.hi ? q[i].hi : w.hi;
            w.seen |= within(q[i].lo, q[i].hi) & ~q[i].skip;
            w.query[w.n++] = q + i;
        }
        if (w.n > 0) attend_pass(&w);
    }
}

static void merge_partials(heft_partial *a, const heft_partial *b, int32_t dv)
{
    if (b->l == 0) return;
    const joint j = join(a, b->m, b->l);
    const __m256 mine = _mm256_set1_ps(j.mine), theirs = _mm256_set1_ps(j.theirs);
    for (int32_t d = 0; d < dv; d += 8) {
        __m256 o = load(b->o + d, dv - d);
        if (!j.first) o = _mm256_fmadd_ps(load(a->o + d, dv - d), mine, _mm256_mul_ps(o, theirs));
        store(a->o + d, dv - d, o);
    }
    a->m = j.m;
    a->l = j.l;
}

#endif

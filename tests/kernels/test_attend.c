/* Attention over tiles: what the scalar code computes is softmax attention, and every instruction
 * set this machine has gives its bytes, whatever is masked and whatever lies in masked entries. */
#include "fence.h"
#include "kernels/fill.h"
#include "random_mat.h"
#include "sets.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%.17g, expected %.17g", got, want);
}

enum { MAX_QUERIES = 70, MAX_WIDTH = 640, TILES = 3 };
enum { KEYS, VALUES, QUERY, PANEL, OUTPUT };

/* Which entries a query sees: all; up to its own (causal, four queries a position); any range; some
 * of a range (chosen, four queries a position). */
typedef enum { SEES_ALL, SEES_CAUSAL, SEES_ANY, SEES_SOME, SEES } sight;

typedef struct {
    heft_dtype dtype;
    int32_t dk, dv, nq, skew; /* skew: bytes more than needed between entries */
    sight sight;
    float softcap, slope;
    uint64_t seed;
} shape;

/* Queries with their states after some tiles. */
typedef struct {
    heft_query q[MAX_QUERIES];
    heft_partial state[MAX_QUERIES];
} crowd;

/* Entries with gaps, few or many; none, now and then. */
static void choose_some(uint64_t *seed, heft_query *q)
{
    const uint32_t luck = random_bits(seed);
    uint32_t seen = random_bits(seed);
    if (luck & 1) seen &= random_bits(seed);
    if (luck & 2) seen &= random_bits(seed) & random_bits(seed);
    if (luck >> 29 == 0) seen = 0;
    q->skip = ~seen;
    q->lo = q->hi = 0;
    for (int32_t e = HEFT_TILE - 1; e >= 0; e--) {
        if (!(seen >> e & 1)) continue;
        if (q->hi == 0) q->hi = e + 1;
        q->lo = e;
    }
}

static void range(const shape *s, int32_t i, uint64_t *seed, heft_query *q)
{
    q->lo = 0;
    q->hi = HEFT_TILE;
    if (s->sight == SEES_CAUSAL) q->hi = i / 4 < HEFT_TILE ? i / 4 + 1 : HEFT_TILE;
    if (s->sight == SEES_ANY) {
        q->lo = (int32_t)(random_bits(seed) % (HEFT_TILE + 1));
        q->hi = (int32_t)(random_bits(seed) % (HEFT_TILE + 1)); /* often nothing */
    }
    if (s->sight == SEES_SOME) {
        uint64_t of_four = s->seed + (uint64_t)(i / 4) * 3;
        choose_some(i / 4 % 2 ? seed : &of_four, q);
    }
}

/* Entries of the tile, each with HEFT_TILE of them; those nobody sees are NaN. */
static uint8_t *entries(int32_t fence, const shape *s, int32_t n, size_t *stride, const crowd *c,
                        uint64_t *seed)
{
    const size_t row = heft_row_bytes(s->dtype, n);
    *stride = row + (size_t)s->skew;
    const size_t bytes = *stride * (HEFT_TILE - 1) + row;
    uint8_t *p = fenced(fence, bytes);
    for (int32_t e = 0; e < HEFT_TILE; e++) {
        bool seen = false;
        for (int32_t i = 0; i < s->nq; i++)
            seen |= c->q[i].lo <= e && e < c->q[i].hi && !(c->q[i].skip >> e & 1);
        if (seen)
            random_weights(p + *stride * (size_t)e, s->dtype, 1, n, seed);
        else
            memset(p + *stride * (size_t)e, 0xff, row);
    }
    return p;
}

/* Let the queries see TILES tiles one after the other; o of query i lies in o + i dv. */
static void run(const heft_kernels *k, const shape *s, crowd *c, float *o)
{
    uint64_t seed = s->seed;
    float *q = fenced(QUERY, sizeof(float) * (size_t)(s->nq * s->dk));
    for (int32_t i = 0; i < s->nq * s->dk; i++)
        q[i] = random_float(&seed);
    for (int32_t i = 0; i < s->nq; i++) {
        c->state[i] = (heft_partial){ .o = o + i * s->dv };
        c->q[i] = (heft_query){ .q = q + i * s->dk,
                                .pos = 1000 + i / 4,
                                .slope = i % 2 ? s->slope : 0,
                                .state = &c->state[i] };
    }
    float *panel = NULL;
    if (s->nq >= HEFT_CROWD) {
        panel = fenced(PANEL, sizeof(float) * heft_panel_floats(s->nq, s->dk));
        k->lay_panel(panel, c->q, s->nq, s->dk);
    }
    for (int32_t tile = 0; tile < TILES; tile++) {
        for (int32_t i = 0; i < s->nq; i++)
            range(s, i, &seed, &c->q[i]);
        heft_tile t = { .dtype = s->dtype,
                        .dk = s->dk,
                        .dv = s->dv,
                        .next = tile % 2 * 4096, /* only ever asked for */
                        .pos = 960 + HEFT_TILE * tile,
                        .scale = s->dk ? 4 / sqrtf((float)s->dk) : 1,
                        .softcap = s->softcap };
        t.k = entries(KEYS, s, s->dk, &t.k_stride, c, &seed);
        t.v = entries(VALUES, s, s->dv, &t.v_stride, c, &seed);
        k->attend(&t, c->q, s->nq, panel);
    }
}

static float expected[MAX_QUERIES * MAX_WIDTH]; /* what the scalar code says */
static crowd wanted;

static void compare(const heft_kernels *k, const shape *s)
{
    static crowd got;
    const size_t n = (size_t)(s->nq * s->dv);
    float *o = fenced(OUTPUT, sizeof(float) * n);
    run(k, s, &got, o);
    for (int32_t i = 0; i < s->nq; i++) {
        if (wanted.state[i].l != got.state[i].l || wanted.state[i].m != got.state[i].m)
            fail_msg("%s: %s dk %d dv %d nq %d sight %d: query %d has m %a l %a, scalar %a %a",
                     k->name, heft_dtypes[s->dtype].name, s->dk, s->dv, s->nq, s->sight, i,
                     (double)got.state[i].m, (double)got.state[i].l, (double)wanted.state[i].m,
                     (double)wanted.state[i].l);
        if (memcmp(expected + i * s->dv, o + i * s->dv, sizeof(float) * (size_t)s->dv) != 0)
            fail_msg("%s: %s dk %d dv %d nq %d sight %d: the values of query %d differ", k->name,
                     heft_dtypes[s->dtype].name, s->dk, s->dv, s->nq, s->sight, i);
    }
    assert_true(fence_intact(OUTPUT, sizeof(float) * n));
}

static void every_set_gives_the_bytes_of_the_scalar_code(void **state)
{
    (void)state;
    static const struct {
        int32_t dk, dv;
    } widths[] = { { 64, 64 },   { 128, 128 }, { 80, 80 },   { 576, 512 },
                   { 192, 128 }, { 1, 1 },     { 15, 7 },    { 17, 33 },
                   { 40, 24 },   { 0, 5 },     { 5, 0 },     { 300, 290 },
                   { 100, 600 }, { 8, 8 },     { 256, 256 }, { 72, 72 } };
    static const int32_t queries[] = { 0, 1, 2, 3, 4, 5, 8, 9, 12, 17, 65, 70 };
    static const heft_dtype types[] = { HEFT_F32, HEFT_F16, HEFT_BF16, HEFT_Q8_0 };
    heft_kernels scalar, sets[MAX_SETS];
    const int32_t count = sets_here(sets);
    heft_kernels_init(&scalar, 0);
    uint64_t seed = 7;
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
        for (size_t n = 0; n < sizeof queries / sizeof queries[0]; n++)
            for (int32_t way = 0; way < 4 * SEES; way++) {
                if (queries[n] > 9 && widths[w].dk > 128 && way % 2) continue; /* slow in scalar */
                if (way % 4 == 3 && (widths[w].dk % 32 || widths[w].dv % 32)) continue;
                shape s = { .dtype = types[way % 4],
                            .sight = (sight)(way / 4),
                            .dk = widths[w].dk,
                            .dv = widths[w].dv,
                            .nq = queries[n],
                            .skew = (int32_t)(random_bits(&seed) % 3 * 5),
                            .softcap = random_bits(&seed) % 3 ? 0 : 5,
                            .slope = random_bits(&seed) % 3 ? 0 : 0.03f,
                            .seed = seed };
                memset(expected, 0xa5, sizeof expected);
                run(&scalar, &s, &wanted, expected);
                for (int32_t i = 0; i < count; i++)
                    compare(&sets[i], &s);
            }
}

static void every_set_lays_queries_side_by_side_alike(void **state)
{
    (void)state;
    enum { WIDTH = 37, MOST = 35 };
    static float numbers[MOST][WIDTH];
    static heft_query q[MOST];
    heft_kernels scalar, sets[MAX_SETS];
    const int32_t count = sets_here(sets);
    heft_kernels_init(&scalar, 0);
    uint64_t seed = 8;
    random_floats(numbers[0], MOST * WIDTH, &seed);
    for (int32_t i = 0; i < MOST; i++)
        q[i].q = numbers[i];
    for (int32_t n = 0; n <= MOST; n++)
        for (int32_t dk = 0; dk <= WIDTH; dk++)
            for (int32_t s = 0; s <= count; s++) {
                const size_t floats = heft_panel_floats(n, dk), width = ((size_t)dk + 15) / 16 * 16;
                float *panel = fenced(PANEL, sizeof(float) * floats);
                memset(panel, 0xff, sizeof(float) * floats);
                (s < count ? &sets[s] : &scalar)->lay_panel(panel, q, n, dk);
                for (size_t at = 0; at < floats; at++) {
                    const size_t i = at / (width * HEFT_PANEL) * HEFT_PANEL + at % HEFT_PANEL,
                                 d = at / HEFT_PANEL % width;
                    const bool there = i < (size_t)n && d < (size_t)dk;
                    assert_true(panel[at] == (there ? numbers[i][d] : 0));
                }
                assert_true(fence_intact(PANEL, sizeof(float) * floats));
            }
}

/* ---- the scalar code is softmax attention ---- */

/* Number i of a stored entry. */
static double number(heft_dtype t, const uint8_t *p, int32_t i)
{
    const uint8_t *at = p + heft_row_bytes(t, i);
    float f;
    uint16_t h;
    memcpy(&f, at, t == HEFT_F32 ? 4 : 0);
    memcpy(&h, at, t == HEFT_F32 ? 0 : 2);
    if (t == HEFT_Q8_0) return (double)heft_half(h) * (int8_t)at[2 + i % 32];
    return (double)(t == HEFT_F32 ? f : t == HEFT_F16 ? heft_half(h) : heft_bf16(h));
}

enum { D = 64, MANY = 3 * HEFT_TILE };

/* o = sum softmax(score) v over the entries lo .. hi-1 of a sequence, in double. */
static void reference(double *o, const uint8_t *k, const uint8_t *v, heft_dtype t, const float *q,
                      int32_t lo, int32_t hi, float scale, float softcap, float slope, int32_t pos)
{
    const size_t row = heft_row_bytes(t, D);
    double sum = 0;
    memset(o, 0, D * sizeof *o);
    for (int32_t e = lo; e < hi; e++) {
        double s = 0;
        for (int32_t d = 0; d < D; d++)
            s += (double)q[d] * number(t, k + row * (size_t)e, d);
        s *= (double)scale;
        if (softcap > 0) s = (double)softcap * tanh(s / (double)softcap);
        s = exp(s + (double)slope * (e - pos)); /* small enough to do without the maximum */
        sum += s;
        for (int32_t d = 0; d < D; d++)
            o[d] += s * number(t, v + row * (size_t)e, d);
    }
    for (int32_t d = 0; d < D; d++)
        o[d] /= sum;
}

static heft_tile tile_at(const uint8_t *k, const uint8_t *v, heft_dtype t, int32_t tile)
{
    const size_t stride = heft_row_bytes(t, D), skip = stride * HEFT_TILE * (size_t)tile;
    return (heft_tile){ .k = k + skip,
                        .v = v + skip,
                        .k_stride = stride,
                        .v_stride = stride,
                        .dtype = t,
                        .dk = D,
                        .dv = D,
                        .pos = HEFT_TILE * tile };
}

static void attention_is_softmax_of_scaled_capped_biased_scores_over_what_is_seen(void **state)
{
    (void)state;
    static uint8_t k[MANY * D * 4], v[MANY * D * 4];
    uint64_t seed = 99;
    heft_kernels scalar;
    heft_kernels_init(&scalar, 0);
    static const heft_dtype types[] = { HEFT_F32, HEFT_F16, HEFT_BF16, HEFT_Q8_0 };
    for (int32_t way = 0; way < 16; way++) {
        const heft_dtype t = types[way % 4];
        const float softcap = way / 4 & 1 ? 2.0f : 0, slope = way / 8 ? 0.05f : 0;
        const float scale = t == HEFT_Q8_0 ? 1.4f : 0.6f; /* random blocks are smaller */
        const int32_t lo = 11, hi = 80, pos = 79; /* part of the first and of the third tile */
        float q[D], o[D];
        double want[D];
        random_weights(k, t, MANY, D, &seed);
        random_weights(v, t, MANY, D, &seed);
        for (int32_t d = 0; d < D; d++)
            q[d] = random_float(&seed);
        reference(want, k, v, t, q, lo, hi, scale, softcap, slope, pos);

        heft_partial seen = { .o = o };
        for (int32_t tile = 0; tile < 3; tile++) {
            heft_tile x = tile_at(k, v, t, tile);
            x.scale = scale;
            x.softcap = softcap;
            const int32_t first = HEFT_TILE * tile;
            heft_query one = { .q = q,
                               .lo = lo > first ? lo - first : 0,
                               .hi = hi < first + HEFT_TILE ? hi - first : HEFT_TILE,
                               .pos = pos,
                               .slope = slope,
                               .state = &seen };
            scalar.attend(&x, &one, 1, NULL);
        }
        for (int32_t d = 0; d < D; d++)
            assert_near((double)(o[d] / seen.l), want[d], 2e-6);
    }
}

static void an_entry_that_is_skipped_is_as_if_it_were_not_there(void **state)
{
    (void)state;
    static uint8_t k[HEFT_TILE * D * 4], v[HEFT_TILE * D * 4], k2[2 * D * 4], v2[2 * D * 4];
    uint64_t seed = 31;
    heft_kernels scalar;
    heft_kernels_init(&scalar, 0);
    random_weights(k, HEFT_F32, HEFT_TILE, D, &seed);
    random_weights(v, HEFT_F32, HEFT_TILE, D, &seed);
    float q[D], o[D];
    for (int32_t d = 0; d < D; d++)
        q[d] = random_float(&seed);
    const int32_t entry[2] = { 3, 17 };
    for (int32_t i = 0; i < 2; i++) {
        memcpy(k2 + i * D * 4, k + entry[i] * D * 4, D * 4);
        memcpy(v2 + i * D * 4, v + entry[i] * D * 4, D * 4);
    }
    double want[D];
    reference(want, k2, v2, HEFT_F32, q, 0, 2, 0.6f, 0, 0, 0);
    heft_tile x = tile_at(k, v, HEFT_F32, 0);
    x.scale = 0.6f;
    heft_partial seen = { .o = o };
    const heft_query one = {
        .q = q, .lo = 3, .hi = 18, .skip = ~(1u << 3 | 1u << 17), .state = &seen
    };
    scalar.attend(&x, &one, 1, NULL);
    for (int32_t d = 0; d < D; d++)
        assert_near((double)(o[d] / seen.l), want[d], 2e-6);
}

/* ---- choosing keys ---- */

static void a_key_is_worth_the_weighted_sum_of_its_positive_products(void **state)
{
    (void)state;
    enum { HEADS = 3, WIDTH = 2 };
    static const float k[] = { 1, 0, 0, 1, -1, 2, NAN, 0 },
                       q[HEADS * WIDTH] = { 2, 0, 0, -3, 1, 1 }, w[HEADS] = { 0.5f, 10, -4 };
    /* products by key: 2 0 1; 0 -3 1; -2 -6 1; NaN NaN NaN */
    static const float want[] = { -3, -4, -4, 0 };
    heft_kernels scalar;
    heft_kernels_init(&scalar, 0);
    const heft_tile t = {
        .k = (const uint8_t *)k, .k_stride = sizeof(float) * WIDTH, .dtype = HEFT_F32, .dk = WIDTH
    };
    float score[5] = { [4] = 7 };
    scalar.index(&t, score, q, w, HEADS, 4);
    for (int32_t e = 0; e < 4; e++)
        assert_true(score[e] == want[e]);
    assert_true(score[4] == 7);
}

/* One set's scores of n keys are those that are wanted. */
static void scores_alike(const heft_kernels *k, const heft_tile *t, const float *want,
                         const float *q, const float *w, int32_t heads, int32_t n)
{
    float *got = fenced(OUTPUT, sizeof(float) * (size_t)n);
    k->index(t, got, q, w, heads, n);
    if (memcmp(want, got, sizeof(float) * (size_t)n) != 0)
        fail_msg("%s: %s: width %d, %d heads, %d keys: scores differ", k->name,
                 heft_dtypes[t->dtype].name, t->dk, heads, n);
    assert_true(fence_intact(OUTPUT, sizeof(float) * (size_t)n));
}

static void every_set_scores_keys_alike(void **state)
{
    (void)state;
    static const int32_t widths[] = { 128, 64, 1, 15, 17, 40, 300, 640 },
                         heads[] = { 1, 2, 3, 8, 9, 64 }, entries[] = { 1, 7, 8, 9, 31, 32 };
    static float q[64 * MAX_WIDTH], w[64];
    heft_kernels scalar, sets[MAX_SETS];
    const int32_t count = sets_here(sets);
    heft_kernels_init(&scalar, 0);
    uint64_t seed = 21;
    random_floats(q, 64 * MAX_WIDTH, &seed);
    random_floats(w, 64, &seed);
    for (int32_t way = 0; way < 4 * 8 * 6 * 6; way++) {
        const heft_dtype type = way % 4 == 3 ? HEFT_Q8_0 : (heft_dtype)(way % 4);
        const int32_t dk = widths[way / 4 % 8], H = heads[way / 32 % 6], n = entries[way / 192 % 6];
        if (dk % heft_dtypes[type].block) continue;
        uint8_t *keys = fenced(KEYS, heft_row_bytes(type, dk) * (size_t)n);
        random_weights(keys, type, n, dk, &seed);
        const heft_tile t = {
            .k = keys, .k_stride = heft_row_bytes(type, dk), .dtype = type, .dk = dk
        };
        float want[HEFT_TILE];
        scalar.index(&t, want, q, w, H, n);
        for (int32_t i = 0; i < count; i++)
            scores_alike(&sets[i], &t, want, q, w, H, n);
    }
}

static void a_merge_joins_two_parts_in_order_and_an_empty_part_changes_nothing(void **state)
{
    (void)state;
    heft_kernels k;
    heft_kernels_init(&k, 0);
    float oa[2] = { 1, -2 }, ob[2] = { 10, 20 };
    heft_partial a = { .o = oa }, b = { .m = 3, .l = 2, .o = ob }, none = { .m = 9, .o = NULL };
    oa[0] = NAN; /* of an empty part nothing is read */
    k.merge(&a, &b, 2);
    assert_true(a.m == 3 && a.l == 2 && oa[0] == 10 && oa[1] == 20);
    k.merge(&a, &none, 2);
    assert_true(a.m == 3 && a.l == 2 && oa[0] == 10 && oa[1] == 20);

    b.m = 4;
    k.merge(&a, &b, 2);
    const float f = heft_exp(-1);
    assert_true(a.m == 4 && a.l == fmaf(2, f, 2));
    assert_true(oa[0] == fmaf(10, f, 10) && oa[1] == fmaf(20, f, 20));

    b.m = -200; /* weighs nothing beside what is there */
    k.merge(&a, &b, 2);
    assert_true(a.m == 4 && a.l == fmaf(2, f, 2) && oa[0] == fmaf(10, f, 10));
}

static void every_set_merges_alike(void **state)
{
    (void)state;
    heft_kernels scalar, sets[MAX_SETS];
    const int32_t count = sets_here(sets);
    heft_kernels_init(&scalar, 0);
    uint64_t seed = 5;
    for (int32_t n = 0; n < 300; n++) {
        float a[300] = { 0 }, b[300], before[300];
        random_floats(a, n, &seed);
        random_floats(b, n, &seed);
        memcpy(before, a, sizeof before);
        heft_partial mine = { .m = random_float(&seed), .l = (float)(n % 3), .o = a };
        heft_partial theirs = { .m = random_float(&seed), .l = (float)(n % 5), .o = b };
        const heft_partial start = mine;
        scalar.merge(&mine, &theirs, n);
        for (int32_t i = 0; i < count; i++) {
            float *y = fenced(OUTPUT, sizeof(float) * (size_t)n);
            heft_partial got = start;
            memcpy(y, before, sizeof(float) * (size_t)n);
            got.o = y;
            sets[i].merge(&got, &theirs, n);
            assert_memory_equal(a, y, sizeof(float) * (size_t)n);
            assert_true(mine.m == got.m && mine.l == got.l);
            assert_true(fence_intact(OUTPUT, sizeof(float) * (size_t)n));
        }
    }
}

static void a_query_gives_the_same_bytes_alone_and_in_a_crowd(void **state)
{
    (void)state;
    enum { CROWD = 67 };
    static uint8_t k[HEFT_TILE * D * 2], v[HEFT_TILE * D * 2];
    static float q[CROWD][D], together[CROWD][D], alone[D];
    static heft_query queries[CROWD];
    static heft_partial states[CROWD];
    uint64_t seed = 12;
    heft_kernels best;
    heft_kernels_init(&best, heft_isa_detect());
    random_weights(k, HEFT_F16, HEFT_TILE, D, &seed);
    random_weights(v, HEFT_F16, HEFT_TILE, D, &seed);
    heft_tile t = tile_at(k, v, HEFT_F16, 0);
    t.scale = 1;
    for (int32_t i = 0; i < CROWD; i++) {
        for (int32_t d = 0; d < D; d++)
            q[i][d] = random_float(&seed);
        states[i].o = together[i];
        queries[i] = (heft_query){ .q = q[i], .hi = i % 33, .state = &states[i] };
    }
    static _Alignas(64) float panel[D * (CROWD + HEFT_PANEL)];
    best.lay_panel(panel, queries, CROWD, D);
    best.attend(&t, queries, CROWD, panel);
    for (int32_t i = 0; i < CROWD; i++) {
        heft_partial seen = { .o = alone };
        heft_query one = queries[i];
        one.state = &seen;
        best.attend(&t, &one, 1, NULL);
        assert_true(seen.l == states[i].l && seen.m == states[i].m);
        if (one.hi > 0) assert_memory_equal(alone, together[i], sizeof alone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_is_softmax_of_scaled_capped_biased_scores_over_what_is_seen),
        cmocka_unit_test(an_entry_that_is_skipped_is_as_if_it_were_not_there),
        cmocka_unit_test(a_key_is_worth_the_weighted_sum_of_its_positive_products),
        cmocka_unit_test(every_set_scores_keys_alike),
        cmocka_unit_test(a_merge_joins_two_parts_in_order_and_an_empty_part_changes_nothing),
        cmocka_unit_test(every_set_gives_the_bytes_of_the_scalar_code),
        cmocka_unit_test(every_set_merges_alike),
        cmocka_unit_test(every_set_lays_queries_side_by_side_alike),
        cmocka_unit_test(a_query_gives_the_same_bytes_alone_and_in_a_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

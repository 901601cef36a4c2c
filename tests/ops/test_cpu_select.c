/* What rows attend to where they choose: the definition of docs/sums.md, spelt out on small cases.
 */
#include "ops/cpu.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 4, CONTEXT = 1600, PAGES = CONTEXT / HEFT_TILE, MOST = 8 };

/* A cache of keys whose pages lie in the reverse order, and a step over it. */
typedef struct {
    float keys[PAGES * HEFT_TILE * WIDTH];
    int32_t table[PAGES], pos[MOST], seq[MOST], slot[1];
    const int32_t *tables[1];
    heft_kv kv;
    heft_batch b;
} bench;

static bench at;

static void lay_out(void)
{
    at.tables[0] = at.table;
    for (int32_t p = 0; p < PAGES; p++)
        at.table[p] = PAGES - 1 - p;
    at.kv = (heft_kv){ .base = (uint8_t *)at.keys,
                       .page_bytes = sizeof(float) * HEFT_TILE * WIDTH,
                       .dtype = HEFT_F32,
                       .G = 1,
                       .dk = WIDTH,
                       .v_in_k = true };
    at.b = (heft_batch){
        .S = 1, .pos = at.pos, .seq = at.seq, .page = at.tables, .slot = at.slot, .pages = PAGES
    };
}

static float *key(int32_t e)
{
    const int32_t page = at.table[e / HEFT_TILE];
    return at.keys + (page * HEFT_TILE + e % HEFT_TILE) * WIDTH;
}

/* A key whose product with {1, 0, 0, 0} is `score`. */
static void set_score(int32_t e, float score)
{
    memset(key(e), 0, sizeof(float) * WIDTH);
    key(e)[0] = score;
}

static void select_rows(int32_t *chosen, const float *q, const float *w, const heft_index *x,
                        int32_t threads, const int32_t *pos, int32_t T)
{
    heft_error err = { 0 };
    heft_device *d = NULL;
    const heft_device_need need = { .threads = threads,
                                    .rows = MOST,
                                    .cols = 32,
                                    .blocks = MOST,
                                    .experts = 1,
                                    .heads = 1,
                                    .dv = 1,
                                    .group = 1,
                                    .context = CONTEXT,
                                    .selects = true };
    memcpy(at.pos, pos, (size_t)T * sizeof *pos);
    at.b.T = T;
    assert_ok(heft_cpu_open(&need, heft_isa_detect(), &d, &err), &err);
    heft_ops_cpu.select(d, chosen, q, w, &at.kv, x, &at.b);
    heft_cpu_close(d);
}

static void assert_chosen(const int32_t *chosen, const int32_t *want, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (chosen[i] != want[i])
            fail_msg("place %d has entry %d, expected %d", i, chosen[i], want[i]);
}

static const float unit[WIDTH] = { 1 }, one = 1;

static void a_row_with_few_entries_takes_all_and_one_with_more_the_best_of_them(void **state)
{
    (void)state;
    static const float score[] = { 5, 1, 9, 2, 7, 3 };
    static const int32_t pos[] = { 0, 2, 5 }, want[] = { 0, -1, -1, 0, 1, 2, 0, 2, 4 };
    lay_out();
    for (int32_t e = 0; e < 6; e++)
        set_score(e, score[e]);
    const float q[3 * WIDTH] = { [0] = 1, [WIDTH] = 1, [2 * WIDTH] = 1 }, w[] = { 1, 1, 1 };
    int32_t chosen[9];
    const heft_index x = { .heads = 1, .width = WIDTH, .top = 3, .every = 1 };
    select_rows(chosen, q, w, &x, 2, pos, 3);
    assert_chosen(chosen, want, 9);
}

static void of_equal_scores_the_lower_entry_is_chosen_and_minus_zero_is_zero(void **state)
{
    (void)state;
    static const float score[] = { 4, 6, 4, 6, 4, 8, 4 };
    lay_out();
    for (int32_t e = 0; e < 7; e++)
        set_score(e, score[e]);
    int32_t chosen[4];
    const heft_index x = { .heads = 1, .width = WIDTH, .top = 4, .every = 1 };
    const int32_t pos = 6, ties[] = { 0, 1, 3, 5 };
    select_rows(chosen, unit, &one, &x, 1, &pos, 1);
    assert_chosen(chosen, ties, 4);

    /* By a weight below zero the scores are -1 0 -1 -0 -2 0: the sum of -0 and a product of 0 */
    static const float mixed[] = { 1, 0, 1, -3, 2, 0 };
    for (int32_t e = 0; e < 6; e++)
        set_score(e, mixed[e]);
    const float minus = -1;
    const int32_t five = 5, zeros[] = { 0, 1, 3, 5 };
    select_rows(chosen, unit, &minus, &x, 1, &five, 1);
    assert_chosen(chosen, zeros, 4);
}

static void what_is_no_number_is_chosen_last(void **state)
{
    (void)state;
    /* a key of NaN is worth 0; a weight of infinity makes NaN of 0 and infinity of what is above */
    static const float score[] = { NAN, 1, 0, 2, 0 };
    lay_out();
    for (int32_t e = 0; e < 5; e++)
        set_score(e, score[e]);
    const float w = INFINITY;
    int32_t chosen[3];
    const heft_index x = { .heads = 1, .width = WIDTH, .top = 3, .every = 1 };
    const int32_t pos = 4, want[] = { 0, 1, 3 };
    select_rows(chosen, unit, &w, &x, 1, &pos, 1);
    assert_chosen(chosen, want, 3);
}

static void an_entry_of_four_tokens_is_seen_when_the_fourth_has_come(void **state)
{
    (void)state;
    lay_out();
    for (int32_t e = 0; e < 8; e++)
        set_score(e, (float)e + 1);
    static const int32_t pos[] = { 2, 3, 14, 15 }, want[] = { -1, -1, 0, -1, 1, 2, 2, 3 };
    float q[4 * WIDTH] = { 0 }, w[] = { 1, 1, 1, 1 };
    for (int32_t t = 0; t < 4; t++)
        q[t * WIDTH] = 1;
    int32_t chosen[8];
    const heft_index x = { .heads = 1, .width = WIDTH, .top = 2, .every = 4 };
    select_rows(chosen, q, w, &x, 1, pos, 4);
    assert_chosen(chosen, want, 8);
}

/* The definition, spelt out: an entry is chosen if fewer than `top` are better. */
static bool is_chosen(const float *score, int32_t n, int32_t e, int32_t top)
{
    int32_t better = 0;
    for (int32_t o = 0; o < n; o++)
        better += score[o] > score[e] || (score[o] == score[e] && o < e);
    return better < top;
}

static void
long_rows_choose_what_the_definition_says_whatever_the_threads_and_neighbours(void **state)
{
    (void)state;
    enum { HEADS = 5, TOP = 97 };
    static const int32_t pos[MOST] = { 1599, 40, 511, 512, 1023, 96, 97, 1300 };
    static float q[MOST * HEADS * WIDTH], w[MOST * HEADS], score[CONTEXT];
    static int32_t together[MOST * TOP], alone[TOP];
    uint32_t seed = 1;
    lay_out();
    for (int32_t i = 0; i < CONTEXT * WIDTH; i++) /* few different numbers: many equals */
        at.keys[i] = (float)((int32_t)((seed = seed * 1664525u + 1013904223u) >> 29) - 3);
    for (int32_t i = 0; i < MOST * HEADS * WIDTH; i++)
        q[i] = (float)((int32_t)((seed = seed * 1664525u + 1013904223u) >> 29) - 4);
    for (int32_t i = 0; i < MOST * HEADS; i++)
        w[i] = (float)((int32_t)((seed = seed * 1664525u + 1013904223u) >> 30) - 1);
    const heft_index x = { .heads = HEADS, .width = WIDTH, .top = TOP, .every = 1 };
    for (int32_t threads = 1; threads <= 3; threads++) {
        select_rows(together, q, w, &x, threads, pos, MOST);
        for (int32_t t = 0; t < MOST; t++) {
            select_rows(alone, q + t * HEADS * WIDTH, w + t * HEADS, &x, threads, pos + t, 1);
            assert_memory_equal(alone, together + t * TOP, sizeof alone);
        }
    }
    for (int32_t t = 0; t < MOST; t++) {
        const int32_t n = pos[t] + 1;
        for (int32_t e = 0; e < n; e++) {
            score[e] = 0;
            for (int32_t h = 0; h < HEADS; h++) {
                float product = 0;
                for (int32_t d = 0; d < WIDTH; d++)
                    product += q[(t * HEADS + h) * WIDTH + d] * key(e)[d];
                score[e] += w[t * HEADS + h] * (product > 0 ? product : 0);
            }
        }
        int32_t many = 0;
        for (int32_t e = 0; e < n; e++)
            if (is_chosen(score, n, e, TOP)) assert_int_equal(together[t * TOP + many++], e);
        for (; many < TOP; many++)
            assert_int_equal(together[t * TOP + many], -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_with_few_entries_takes_all_and_one_with_more_the_best_of_them),
        cmocka_unit_test(of_equal_scores_the_lower_entry_is_chosen_and_minus_zero_is_zero),
        cmocka_unit_test(what_is_no_number_is_chosen_last),
        cmocka_unit_test(an_entry_of_four_tokens_is_seen_when_the_fourth_has_come),
        cmocka_unit_test(
            long_rows_choose_what_the_definition_says_whatever_the_threads_and_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Where rows go: the definition of docs/sums.md, spelt out on small cases. */
#include "ops/cpu.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { E = 6, T = 2, TOP = 3 };

typedef struct {
    int32_t expert[T * TOP], pair[T * TOP], start[E + 1];
    float weight[T * TOP];
} routes;

static const heft_router plain = {
    .E = E, .top = TOP, .groups = 1, .keep = 1, .floor = 1e-12f, .factor = 1
};

static heft_device *open_device(void)
{
    heft_error err = { 0 };
    heft_device *d = NULL;
    const heft_device_need need = { .threads = 2,
                                    .rows = T * TOP,
                                    .cols = 32,
                                    .blocks = T * TOP,
                                    .experts = E,
                                    .heads = 1,
                                    .dv = 1,
                                    .group = 1,
                                    .context = 1 };
    assert_ok(heft_cpu_open(&need, heft_isa_detect(), &d, &err), &err);
    return d;
}

static routes route_scaled(const heft_router *r, const float *logits, const float *bias,
                           const float *scale, int32_t rows)
{
    heft_device *d = open_device();
    routes out = { 0 };
    heft_route to = { out.expert, out.weight, out.pair, out.start };
    heft_ops_cpu.route(d, &to, logits, bias, scale, r, rows);
    heft_cpu_close(d);
    return out;
}

static routes route(const heft_router *r, const float *logits, const float *bias, int32_t rows)
{
    return route_scaled(r, logits, bias, NULL, rows);
}

static void assert_experts(const int32_t *expert, int32_t a, int32_t b, int32_t c)
{
    assert_int_equal(expert[0], a);
    assert_int_equal(expert[1], b);
    assert_int_equal(expert[2], c);
}

static void of_equal_logits_the_lower_expert_is_chosen_and_order_is_by_number(void **state)
{
    (void)state;
    static const float logits[E] = { 1, 2, 5, 2, 2, 4 };
    routes r = route(&plain, logits, NULL, 1);
    assert_experts(r.expert, 1, 2, 5); /* not 2, 5, 1 */
    float sum = 0, p[E];
    for (int32_t e = 0; e < E; e++)
        sum += p[e] = expf(logits[e] - 5);
    for (int32_t k = 0; k < TOP; k++)
        assert_true(fabsf(r.weight[k] - p[r.expert[k]] / sum) < 1e-6f);
}

static void an_experts_own_scale_multiplies_its_weight_at_last(void **state)
{
    (void)state;
    static const float logits[E] = { 1, 2, 5, 2, 2, 4 }, scale[E] = { 9, 0.5f, 3, 9, 9, -0.25f };
    heft_router by = plain;
    for (by.score = HEFT_BY_SOFTMAX; by.score <= HEFT_BY_TOP_SIGMOID; by.score++) {
        by.normalise = true; /* the sum is that of plain weights */
        const routes whole = route(&by, logits, NULL, 1),
                     own = route_scaled(&by, logits, NULL, scale, 1);
        assert_experts(own.expert, 1, 2, 5);
        for (int32_t k = 0; k < TOP; k++)
            assert_true(own.weight[k] == whole.weight[k] * scale[own.expert[k]]);
    }
}

static void pairs_are_listed_by_expert_and_then_by_row(void **state)
{
    (void)state;
    static const float logits[T * E] = { 9, 0, 8, 0, 7, 0, 0, 0, 9, 8, 7, 0 };
    static const int32_t start[E + 1] = { 0, 1, 1, 3, 4, 6, 6 },
                                   pair[T * TOP] = { 0, 1, 3, 4, 2, 5 };
    routes r = route(&plain, logits, NULL, T);
    assert_experts(r.expert, 0, 2, 4);
    assert_experts(r.expert + TOP, 2, 3, 4);
    assert_memory_equal(r.start, start, sizeof start);
    assert_memory_equal(r.pair, pair, sizeof pair);
}

/* Tables of releases are I64, those of GGUF files I32. */
static void a_table_has_the_experts_of_every_token(void **state)
{
    (void)state;
    static const int64_t wide[] = { 0, 1, 2, 5, 0, 3, 4, 2, 1 };
    static const int32_t narrow[] = { 0, 1, 2, 5, 0, 3, 4, 2, 1 }, token[T] = { 1, 2 };
    static const float logits[T * E] = { 1, 9, 9, 2, 9, 3, 9, 1, 2, 9, 3, 9 };
    const heft_mat tables[] = {
        { .data = (const uint8_t *)wide, .stride = 24, .rows = 3, .cols = 3, .dtype = HEFT_I64 },
        { .data = (const uint8_t *)narrow, .stride = 12, .rows = 3, .cols = 3, .dtype = HEFT_I32 },
    };
    heft_router by = plain;
    by.score = HEFT_BY_SQRT_SOFTPLUS;
    by.normalise = true;
    for (int32_t i = 0; i < 2; i++) {
        heft_device *d = open_device();
        routes out = { 0 };
        heft_route to = { out.expert, out.weight, out.pair, out.start };
        const heft_batch b = { .T = T, .token = token };
        heft_ops_cpu.look_up(d, &to, logits, &tables[i], &by, &b);
        heft_cpu_close(d);
        assert_experts(out.expert, 0, 3, 5); /* ascending, whatever the logits */
        assert_experts(out.expert + TOP, 1, 2, 4);
        const float p[] = { sqrtf(log1pf(expf(1))), sqrtf(log1pf(expf(2))),
                            sqrtf(log1pf(expf(3))) };
        for (int32_t k = 0; k < TOP; k++)
            for (int32_t t = 0; t < T; t++)
                assert_true(fabsf(out.weight[t * TOP + k] - p[k] / (p[0] + p[1] + p[2])) < 1e-6f);
    }
}

static void a_correction_chooses_and_does_not_weigh(void **state)
{
    (void)state;
    static const float logits[E] = { 3, 2, 1, 0, -1, -2 }, bias[E] = { -1, 0, 0, 0, 0, 5 };
    heft_router by = plain;
    by.score = HEFT_BY_SIGMOID;
    by.normalise = true;
    by.factor = 2;
    routes r = route(&by, logits, bias, 1);
    assert_experts(r.expert, 1, 2, 5);
    const float w[] = { 1 / (1 + expf(-2)), 1 / (1 + expf(-1)), 1 / (1 + expf(2)) };
    for (int32_t k = 0; k < TOP; k++)
        assert_true(fabsf(r.weight[k] - 2 * w[k] / (w[0] + w[1] + w[2])) < 1e-6f);
    by.floor = 4;
    r = route(&by, logits, bias, 1);
    assert_true(fabsf(r.weight[0] - 2 * w[0] / 4) < 1e-6f);
}

static void groups_are_kept_by_their_two_best(void **state)
{
    (void)state;
    /* sums of two: 9, 10, 9; the single best, expert 0, is in a group that goes: of equals the
     * higher number goes first, so it stays and the last goes */
    static const float logits[E] = { 9, 0, 5, 5, 8, 1 }, alone[E] = { 9, 0, 5, 5, 8, 2 };
    heft_router by = plain;
    by.score = HEFT_BY_TOP_SOFTMAX;
    by.groups = 3;
    by.keep = 2;
    by.vote = 2;
    routes r = route(&by, logits, NULL, 1);
    assert_experts(r.expert, 0, 2, 3);
    r = route(&by, alone, NULL, 1); /* 9, 10, 10 */
    assert_experts(r.expert, 2, 3, 4);
}

static void near_logits_share_a_weight_in_a_sparse_mixture(void **state)
{
    (void)state;
    static const float logits[E] = { 10, 9, 1, 8, -3, 7.9f };
    heft_router by = plain;
    by.score = HEFT_BY_SPARSEMIX;
    by.top = 2;
    by.jitter = 0.06f; /* near is within 12 % */
    routes r = route(&by, logits, NULL, 1);
    assert_int_equal(r.expert[0], 0);
    assert_int_equal(r.expert[1], 1);
    assert_true(fabsf(r.weight[0] - 1 / (1 + expf(-1))) < 1e-6f); /* 10 and 9 */
    assert_true(fabsf(r.weight[1] - 1 / (1 + expf(-1))) < 1e-6f); /* 9 and 8; 7.9 is far */
}

static void numbers_that_are_none_choose_distinct_experts(void **state)
{
    (void)state;
    static const float odd[] = { NAN, INFINITY, -INFINITY };
    for (int32_t score = HEFT_BY_SOFTMAX; score <= HEFT_BY_SPARSEMIX; score++)
        for (int32_t i = 0; i < 3; i++) {
            const float logits[E] = { odd[i], odd[i], 1, odd[i], odd[i], odd[i] };
            heft_router by = plain;
            by.score = (heft_score)score;
            by.groups = 3;
            by.keep = 2;
            routes r = route(&by, logits, NULL, 1);
            assert_true(r.expert[0] >= 0 && r.expert[0] < r.expert[1]);
            assert_true(r.expert[1] < r.expert[2] && r.expert[2] < E);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_equal_logits_the_lower_expert_is_chosen_and_order_is_by_number),
        cmocka_unit_test(an_experts_own_scale_multiplies_its_weight_at_last),
        cmocka_unit_test(pairs_are_listed_by_expert_and_then_by_row),
        cmocka_unit_test(a_table_has_the_experts_of_every_token),
        cmocka_unit_test(a_correction_chooses_and_does_not_weigh),
        cmocka_unit_test(groups_are_kept_by_their_two_best),
        cmocka_unit_test(near_logits_share_a_weight_in_a_sparse_mixture),
        cmocka_unit_test(numbers_that_are_none_choose_distinct_experts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

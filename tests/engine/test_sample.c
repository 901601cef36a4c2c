/* Choosing tokens: small vocabularies computed by hand, distributions counted. */
#include "engine/engine.h"
#include "golden_model.h"
#include "scratch.h"
#include "testing.h"
#include "tokens.h"

#include <math.h>
#include <string.h>

/* The model has 96 rows, its tokenizer ids 0 .. 89, of which 2 ends a text. */
enum { V = 96, TOKENS = 90, END = 2, DRAWS = 20000 };

static char folder[HEFT_SCRATCH_PATH];
static heft_model *model;
static heft_engine *engine;
static int32_t history[DRAWS]; /* as long as any position; zeros */

static int open_engine(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_golden *g = NULL;
    static const heft_golden_form form = { .dtype = HEFT_BF16 };
    static const heft_engine_options options = { .threads = 1 };
    heft_scratch_open(folder);
    assert_ok(heft_golden_open("llama_first", &g, &err), &err);
    assert_ok(heft_golden_write_release(g, folder, &form, &err), &err);
    heft_golden_close(g);
    assert_ok(heft_tokens_write(folder, TOKENS, &err), &err);
    assert_ok(heft_model_open(folder, NULL, &model, &err), &err);
    assert_ok(heft_engine_open(model, &options, &engine, &err), &err);
    assert_int_equal(heft_engine_vocab(engine), V);
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    heft_engine_close(engine);
    heft_model_close(model);
    heft_scratch_close(folder);
    return 0;
}

/* ---- shorthands ----------------------------------------------------------- */

/* Everything off: the softmax itself. */
static heft_sampling softmax(void)
{
    return (heft_sampling){ .temperature = 1, .top_p = 1, .repeat_penalty = 1, .seed = 99 };
}

/* Logits of probability 0 but for those of the n ids. */
static const float *logits_of(int32_t n, const int32_t *id, const float *logit)
{
    static float row[V];
    for (int32_t i = 0; i < V; i++)
        row[i] = -INFINITY;
    for (int32_t i = 0; i < n; i++)
        row[id[i]] = logit[i];
    return row;
}

static int32_t choose(const float *logits, const int32_t *past, int32_t n, const heft_sampling *s)
{
    heft_error err = { 0 };
    int32_t token = -1;
    assert_ok(heft_sample(engine, logits, past, n, s, &token, &err), &err);
    assert_in_range(token, 0, V - 1);
    return token;
}

/* How often each id is drawn at the positions 0 .. n-1. */
static const int32_t *counts_of(const float *logits, const heft_sampling *s, int32_t n)
{
    static int32_t count[V];
    memset(count, 0, sizeof count);
    for (int32_t i = 0; i < n; i++)
        count[choose(logits, history, i, s)]++;
    return count;
}

/* The ids drawn at all, as letters: a is id 10, b 11 ... */
static const char *drawn(const float *logits, const heft_sampling *s)
{
    static char letters[V + 1];
    int32_t n = 0;
    const int32_t *count = counts_of(logits, s, 600);
    for (int32_t i = 0; i < V; i++)
        if (count[i]) letters[n++] = (char)('a' + i - 10);
    letters[n] = 0;
    return letters;
}

/* Probabilities 1/2, 1/4, 1/8, 1/8 of d, b, c, a. */
static const float *quarters(void)
{
    static const int32_t id[] = { 13, 11, 12, 10 };
    const float logit[] = { 5 + logf(0.5f), 5 + logf(0.25f), 5 + logf(0.125f), 5 + logf(0.125f) };
    return logits_of(4, id, logit);
}

/* ---- greedy ---------------------------------------------------------------- */

static void a_temperature_of_0_takes_the_best_and_of_equals_the_lowest_id(void **state)
{
    (void)state;
    static const int32_t id[] = { 80, 40, 41, 7, 60 };
    static const float logit[] = { 1.5f, 2, 2, -3, 2 };
    heft_sampling s = softmax();
    s.temperature = 0;
    for (int32_t n = 0; n < 5; n++)
        assert_int_equal(choose(logits_of(5, id, logit), history, n, &s), 40);
    float flat[V] = { 0 };
    assert_int_equal(choose(flat, history, 3, &s), 0);
    flat[89] = 1e-30f;
    assert_int_equal(choose(flat, history, 3, &s), 89);
}

/* ---- distributions ---------------------------------------------------------- */

/* The statistic of 20,000 draws of 20 tokens: 19 degrees of freedom, above 60 once in a million. */
static double chi_square(const int32_t *count, const double *p, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) {
        const double expected = p[i] * DRAWS, off = count[i + 10] - expected;
        sum += off * off / expected;
    }
    return sum;
}

static void draws_are_distributed_as_the_softmax(void **state)
{
    (void)state;
    int32_t id[20];
    float logit[20];
    double p[20], sum = 0;
    heft_sampling s = softmax();
    s.temperature = 0.8f;
    for (int32_t i = 0; i < 20; i++) {
        id[i] = 10 + i;
        logit[i] = (float)((i * 7) % 20) * 0.15f - 3;
        sum += p[i] = exp((double)logit[i] / 0.8);
    }
    for (int32_t i = 0; i < 20; i++)
        p[i] /= sum;
    const float *logits = logits_of(20, id, logit);
    assert_true(chi_square(counts_of(logits, &s, DRAWS), p, 20) < 60);

    int32_t count[V] = { 0 }; /* the same over seeds, at one position */
    for (int32_t i = 0; i < DRAWS; i++) {
        s.seed = (uint64_t)i;
        count[choose(logits, history, 7, &s)]++;
    }
    assert_true(chi_square(count, p, 20) < 60);
    for (int32_t i = 0; i < 20; i++)
        p[i] = 1.0 / 20;
    assert_true(chi_square(count, p, 20) > 60);
}

static void a_higher_temperature_is_flatter(void **state)
{
    (void)state;
    static const int32_t id[] = { 10, 11 };
    const float logit[] = { 0, logf(9) };
    static const struct {
        float temperature;
        double part; /* of the better one: 9^(1/t) to 1 */
    } rows[] = { { 0.5f, 81.0 / 82 }, { 1, 0.9 }, { 2, 0.75 }, { 1e30f, 0.5 }, { 1e-30f, 1 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        heft_sampling s = softmax();
        s.temperature = rows[i].temperature;
        const double part = counts_of(logits_of(2, id, logit), &s, DRAWS)[11] / (double)DRAWS;
        assert_true(fabs(part - rows[i].part) < 0.02);
    }
}

/* ---- what is left to draw from ---------------------------------------------- */

static void top_k_top_p_and_min_p_leave_the_most_probable(void **state)
{
    (void)state;
    static const struct {
        int32_t top_k;
        float top_p, min_p;
        const char *left;
    } rows[] = {
        { 0, 1, 0, "abcd" },      { 1, 1, 0, "d" },       { 2, 1, 0, "bd" },
        { 3, 1, 0, "abd" }, /* a and c are equal: the lower id */
        { 4, 1, 0, "abcd" },      { 1000, 1, 0, "abcd" }, { 0, 0.45f, 0, "d" },
        { 0, 0.55f, 0, "bd" },    { 0, 0.74f, 0, "bd" },  { 0, 0.8f, 0, "abd" },
        { 0, 0.9f, 0, "abcd" },   { 0, 1e-30f, 0, "d" },  { 0, 1, 0.2f, "abcd" },
        { 0, 1, 0.3f, "bd" },     { 0, 1, 0.6f, "d" },    { 0, 1, 1, "d" },
        { 3, 0.8f, 0, "bd" }, /* of the 7/8 that top_k leaves */
        { 0, 0.95f, 0.3f, "bd" }, { 2, 0.6f, 0, "d" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        heft_sampling s = softmax();
        s.top_k = rows[i].top_k;
        s.top_p = rows[i].top_p;
        s.min_p = rows[i].min_p;
        assert_string_equal(drawn(quarters(), &s), rows[i].left);
    }
}

static void what_is_left_keeps_its_proportions(void **state)
{
    (void)state;
    heft_sampling s = softmax();
    s.top_k = 2;
    const int32_t *count = counts_of(quarters(), &s, DRAWS);
    assert_true(fabs(count[13] / (double)DRAWS - 2.0 / 3) < 0.02);
    assert_int_equal(count[13] + count[11], DRAWS);
}

/* ---- penalties --------------------------------------------------------------- */

static void penalties_look_at_the_window_of_the_history(void **state)
{
    (void)state;
    static const int32_t past[] = { 5, 5, 7 }, id[] = { 5, 7, 9 };
    static const float good[] = { 2.0f, 1.9f, 1.5f }, bad[] = { -1.0f, -1.1f, -1.2f };
    static const struct {
        float repeat, presence, frequency;
        int32_t last_n, from_good, from_bad;
    } rows[] = {
        { 1, 0, 0, -1, 5, 5 },     { 1.5f, 0, 0, -1, 9, 9 }, /* 1.33 1.27 1.5; -1.5 -1.65 -1.2:
                                                                once, not once a time */
        { 1.1f, 0, 0, -1, 5, 5 },                            /* 1.82 1.73; -1.1 -1.21 */
        { 1, 0.6f, 0, -1, 9, 9 },                            /* 1.4 1.3 1.5 */
        { 1, 0, 0.3f, -1, 7, 9 },                            /* 1.4 1.6 1.5; -1.6 -1.4 -1.2 */
        { 1, 0, -0.3f, -1, 5, 5 }, { 1, 5, 0, 1, 5, 5 },     /* sees 7 alone */
        { 1, 5, 0, 2, 9, 9 },      { 1, 5, 0, 0, 5, 5 },     { 1, 5, 0, 100, 9, 9 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        heft_sampling s = softmax();
        s.temperature = 0;
        s.repeat_penalty = rows[i].repeat;
        s.presence_penalty = rows[i].presence;
        s.frequency_penalty = rows[i].frequency;
        s.repeat_last_n = rows[i].last_n;
        for (int32_t again = 0; again < 2; again++) { /* the counts were put back */
            assert_int_equal(choose(logits_of(3, id, good), past, 3, &s), rows[i].from_good);
            assert_int_equal(choose(logits_of(3, id, bad), past, 3, &s), rows[i].from_bad);
        }
    }
}

/* ---- the seed ---------------------------------------------------------------- */

static void a_draw_depends_on_the_seed_and_the_position_only(void **state)
{
    (void)state;
    float flat[V] = { 0 };
    int32_t forward[64], differ = 0;
    heft_sampling s = softmax();
    for (int32_t i = 0; i < 64; i++)
        forward[i] = choose(flat, history, i, &s);
    for (int32_t i = 63; i >= 0; i--)
        assert_int_equal(choose(flat, history, i, &s), forward[i]);
    for (int32_t i = 1; i < 64; i++)
        differ += forward[i] != forward[i - 1];
    assert_true(differ > 50);
    s.seed++;
    differ = 0;
    for (int32_t i = 0; i < 64; i++)
        differ += choose(flat, history, i, &s) != forward[i];
    assert_true(differ > 50);
}

/* ---- what is never drawn ------------------------------------------------------ */

static void ids_that_the_tokenizer_lacks_are_never_drawn(void **state)
{
    (void)state;
    float row[V] = { 0 };
    for (int32_t i = TOKENS; i < V; i++)
        row[i] = 50;
    heft_sampling s = softmax();
    const int32_t *count = counts_of(row, &s, 2000);
    for (int32_t i = TOKENS; i < V; i++)
        assert_int_equal(count[i], 0);
    s.temperature = 0;
    assert_int_equal(choose(row, history, 0, &s), 0);
}

static void no_end_keeps_a_text_from_ending(void **state)
{
    (void)state;
    static const int32_t id[] = { END, 10, 11 };
    static const float logit[] = { 9, 1, 2 };
    heft_sampling s = softmax();
    s.temperature = 0;
    assert_int_equal(choose(logits_of(3, id, logit), history, 0, &s), END);
    s.no_end = true;
    assert_int_equal(choose(logits_of(3, id, logit), history, 0, &s), 11);
    s.temperature = 1;
    assert_int_equal(counts_of(logits_of(3, id, logit), &s, 500)[END], 0);
}

/* ---- refusals ------------------------------------------------------------------ */

static void assert_refused(const float *logits, const int32_t *past, int32_t n,
                           const heft_sampling *s, heft_status code, const char *message)
{
    heft_error err = { 0 };
    int32_t token = -7;
    assert_int_equal(heft_sample(engine, logits, past, n, s, &token, &err), code);
    assert_string_equal(err.text, message);
    assert_int_equal(token, -7);
}

static void logits_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    float row[V] = { 0 };
    heft_sampling s = softmax();
    row[93] = NAN; /* even where the tokenizer has no such id */
    assert_refused(row, history, 0, &s, HEFT_E_FORMAT,
                   "the logit of token 93 is nan: the weights or the cache type are at fault");
    row[93] = INFINITY;
    assert_refused(row, history, 0, &s, HEFT_E_FORMAT,
                   "the logit of token 93 is inf: the weights or the cache type are at fault");
    assert_refused(logits_of(0, NULL, NULL), history, 0, &s, HEFT_E_FORMAT,
                   "the model gives every token a probability of 0");
    static const int32_t beyond = TOKENS;
    static const float sure = 3;
    assert_refused(logits_of(1, &beyond, &sure), history, 0, &s, HEFT_E_FORMAT,
                   "the model gives every token a probability of 0");
}

static void a_history_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const int32_t past[] = { 3, V, -1 };
    const float row[V] = { 0 };
    heft_sampling s = softmax();
    s.presence_penalty = 1;
    s.repeat_last_n = 2;
    assert_refused(row, past, 3, &s, HEFT_E_ARG, "token 1 of the history is 96, expected 0 to 95");
    s.repeat_last_n = 1;
    assert_refused(row, past, 3, &s, HEFT_E_ARG, "token 2 of the history is -1, expected 0 to 95");
    s.repeat_last_n = 0;
    assert_true(choose(row, past, 3, &s) >= 0);
    s = softmax();
    s.repeat_last_n = -1;
    s.frequency_penalty = 3e38f;
    assert_refused(row, history, 3, &s, HEFT_E_ARG,
                   "the penalties take the logit of token 0 out of range");
}

static void parameters_out_of_range_are_refused(void **state)
{
    (void)state;
    const float row[V] = { 0 };
    const heft_sampling base = softmax();
    struct {
        heft_sampling s;
        const char *message;
    } rows[20];
    int32_t n = 0;
#define BAD(field, value, text)                                                                    \
    rows[n].s = base, rows[n].s.field = (value), rows[n].message = (text), n++
    BAD(temperature, -0.1f, "the temperature is -0.1, expected a number of at least 0");
    BAD(temperature, NAN, "the temperature is nan, expected a number of at least 0");
    BAD(temperature, INFINITY, "the temperature is inf, expected a number of at least 0");
    BAD(top_k, -1, "top-k is -1, expected at least 0");
    BAD(top_p, 0, "top-p is 0, expected above 0 and at most 1");
    BAD(top_p, 1.5f, "top-p is 1.5, expected above 0 and at most 1");
    BAD(top_p, NAN, "top-p is nan, expected above 0 and at most 1");
    BAD(min_p, -0.5f, "min-p is -0.5, expected 0 to 1");
    BAD(min_p, 1.5f, "min-p is 1.5, expected 0 to 1");
    BAD(min_p, NAN, "min-p is nan, expected 0 to 1");
    BAD(repeat_penalty, 0, "the repeat penalty is 0, expected a number above 0");
    BAD(repeat_penalty, INFINITY, "the repeat penalty is inf, expected a number above 0");
    BAD(repeat_penalty, NAN, "the repeat penalty is nan, expected a number above 0");
    BAD(presence_penalty, NAN, "the presence penalty is nan, expected a finite number");
    BAD(frequency_penalty, -INFINITY, "the frequency penalty is -inf, expected a finite number");
    BAD(repeat_last_n, -2, "the window of the penalties is -2, expected at least -1");
#undef BAD
    for (int32_t i = 0; i < n; i++)
        assert_refused(row, history, 3, &rows[i].s, HEFT_E_ARG, rows[i].message);
}

static void the_default_is_what_the_header_says(void **state)
{
    (void)state;
    const heft_sampling s = heft_sampling_default();
    assert_true(s.temperature == 0.8f && s.top_k == 40 && s.top_p == 0.95f && s.min_p == 0.05f);
    assert_true(s.repeat_penalty == 1 && s.presence_penalty == 0 && s.frequency_penalty == 0);
    assert_true(s.repeat_last_n == 64 && s.seed == 0 && !s.no_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_temperature_of_0_takes_the_best_and_of_equals_the_lowest_id),
        cmocka_unit_test(draws_are_distributed_as_the_softmax),
        cmocka_unit_test(a_higher_temperature_is_flatter),
        cmocka_unit_test(top_k_top_p_and_min_p_leave_the_most_probable),
        cmocka_unit_test(what_is_left_keeps_its_proportions),
        cmocka_unit_test(penalties_look_at_the_window_of_the_history),
        cmocka_unit_test(a_draw_depends_on_the_seed_and_the_position_only),
        cmocka_unit_test(ids_that_the_tokenizer_lacks_are_never_drawn),
        cmocka_unit_test(no_end_keeps_a_text_from_ending),
        cmocka_unit_test(logits_that_are_no_numbers_are_refused),
        cmocka_unit_test(a_history_that_cannot_be_is_refused),
        cmocka_unit_test(parameters_out_of_range_are_refused),
        cmocka_unit_test(the_default_is_what_the_header_says),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}

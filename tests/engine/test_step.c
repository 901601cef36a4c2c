/* Steps: what is refused leaves every sequence as it was; several sequences, their logits and
 * hidden states in order; options and plans. */
#include "engine/engine.h"

#include "base/system.h"
#include "golden_model.h"
#include "scratch.h"
#include "synthetic.h"
#include "testing.h"

#include <string.h>

/* mistral_window: 96 rows, width 64, 2 layers with a window of 8, 128 positions, 40 tokens. */
enum { V = 96, D = 64, CONTEXT = 64, BATCH = 24, OUTPUTS = 16 };

static char folder[HEFT_SCRATCH_PATH];
static heft_golden *golden;
static heft_model *model;
static heft_engine *engine;
static const int32_t *ids;
static float expected[40][V]; /* logits after each token */

static heft_seq *open_seq(heft_engine *e, int32_t length)
{
    heft_error err = { 0 };
    heft_seq *s = NULL;
    assert_ok(heft_seq_open(e, length, &s, &err), &err);
    return s;
}

static heft_engine *open_engine(const heft_engine_options *o)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    assert_ok(heft_engine_open(model, o, &e, &err), &err);
    return e;
}

static int open_all(void **state)
{
    (void)state;
    heft_error err = { 0 };
    static const heft_golden_form form = { .dtype = HEFT_F32 };
    const heft_engine_options o = {
        .threads = 1, .context = CONTEXT, .sequences = 3, .batch = BATCH, .outputs = OUTPUTS
    };
    heft_scratch_open(folder);
    assert_ok(heft_golden_open("mistral_window", &golden, &err), &err);
    assert_ok(heft_golden_write_release(golden, folder, &form, &err), &err);
    assert_ok(heft_model_open(folder, NULL, &model, &err), &err);
    ids = golden->ids;
    assert_true(golden->n_ids == 40 && golden->vocab == V && golden->width == D);
    engine = open_engine(&o);
    heft_seq *s = open_seq(engine, 0);
    for (int32_t i = 0; i < 40; i++) {
        assert_ok(heft_seq_feed(s, &ids[i], 1, HEFT_LOGITS_LAST, &err), &err);
        memcpy(expected[i], heft_engine_logits(engine, 0), sizeof expected[i]);
    }
    heft_seq_close(s);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    heft_engine_close(engine);
    heft_model_close(model);
    heft_golden_close(golden);
    heft_scratch_close(folder);
    return 0;
}

/* Feed n tokens of the text to a sequence that has `length` of them; the last logits are right. */
static void assert_goes_on(heft_seq *s, int32_t n)
{
    heft_error err = { 0 };
    const int32_t length = heft_seq_length(s);
    assert_memory_equal(heft_seq_tokens(s), ids, (size_t)length * sizeof *ids);
    assert_ok(heft_seq_feed(s, ids + length, n, HEFT_LOGITS_LAST, &err), &err);
    assert_int_equal(heft_seq_length(s), length + n);
    assert_memory_equal(heft_engine_logits(s->e, 0), expected[length + n - 1], sizeof expected[0]);
}

/* ---- steps that are refused ---------------------------------------------------- */

static void assert_refused(const heft_feed *feed, int32_t n, const char *message)
{
    heft_error err = { 0 };
    assert_int_equal(heft_engine_step(engine, feed, n, &err), HEFT_E_ARG);
    assert_string_equal(err.text, message);
}

static void a_refused_step_changes_no_sequence(void **state)
{
    (void)state;
    static const int32_t bad[] = { 1, 2, V, 3 }, negative[] = { -1 };
    heft_seq *a = open_seq(engine, 0), *b = open_seq(engine, 12), *closed = open_seq(engine, 0);
    heft_engine *elsewhere = open_engine(&(heft_engine_options){ .threads = 1 });
    heft_seq *other = open_seq(elsewhere, 0);
    heft_seq_close(closed);
    assert_goes_on(a, 10);
    assert_goes_on(b, 10);
    const heft_feed good = { a, ids + 10, 1, HEFT_LOGITS_LAST, false };
    const struct {
        heft_feed second;
        const char *message;
    } rows[] = {
        { { b, ids, 0, HEFT_LOGITS_LAST, false },
          "a sequence is fed 0 tokens, expected at least 1" },
        { { b, ids, -5, HEFT_LOGITS_LAST, false },
          "a sequence is fed -5 tokens, expected at least 1" },
        { { b, ids, 3, HEFT_LOGITS_LAST, false },
          "3 more tokens after 10 do not fit a sequence of at most 12" },
        { { b, ids, INT32_MAX, HEFT_LOGITS_LAST, false },
          "2147483647 more tokens after 10 do not fit a sequence of at most 12" },
        { { b, bad + 1, 2, HEFT_LOGITS_NONE, false }, "token 1 is 96, expected 0 to 95" },
        { { b, negative, 1, HEFT_LOGITS_NONE, false }, "token 0 is -1, expected 0 to 95" },
        { { a, ids, 1, HEFT_LOGITS_NONE, false }, "a sequence is fed twice in one step" },
        { { closed, ids, 1, HEFT_LOGITS_NONE, false }, "a sequence is not open on this engine" },
        { { other, ids, 1, HEFT_LOGITS_NONE, false }, "a sequence is not open on this engine" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const heft_feed feeds[] = { good, rows[i].second };
        assert_refused(feeds, 2, rows[i].message);
        assert_int_equal(heft_seq_length(a), 10);
        assert_int_equal(heft_seq_length(b), 10);
    }
    assert_refused(&good, 0, "a step of 0 sequences was asked for, expected 1 to 3");
    assert_refused(&good, -1, "a step of -1 sequences was asked for, expected 1 to 3");
    assert_refused(&good, 4, "a step of 4 sequences was asked for, expected 1 to 3");
    assert_goes_on(a, 20);
    assert_goes_on(b, 2);
    heft_seq_close(a);
    heft_seq_close(b);
    heft_seq_close(other);
    heft_engine_close(elsewhere);
}

static void rows_and_outputs_are_counted_over_the_whole_step(void **state)
{
    (void)state;
    heft_seq *a = open_seq(engine, 0), *b = open_seq(engine, 0);
    const heft_feed rows[] = { { a, ids, BATCH - 3, HEFT_LOGITS_LAST, false },
                               { b, ids, 4, HEFT_LOGITS_LAST, false } };
    const heft_feed outputs[] = { { a, ids, OUTPUTS, HEFT_LOGITS_ALL, false },
                                  { b, ids, 4, HEFT_LOGITS_LAST, false } };
    assert_refused(rows, 2, "a step of more than 24 rows was asked for");
    assert_refused(outputs, 2, "logits of more than 16 rows were asked for");
    const heft_feed all = { a, ids, OUTPUTS, HEFT_LOGITS_ALL, false };
    heft_error err = { 0 };
    assert_ok(heft_engine_step(engine, &all, 1, &err), &err);
    for (int32_t i = 0; i < OUTPUTS; i++)
        assert_memory_equal(heft_engine_logits(engine, i), expected[i], sizeof expected[i]);
    heft_seq_close(a);
    heft_seq_close(b);
}

/* A step that fails while it runs: the layer is named, the tokens are not taken. */
static void a_key_too_large_for_its_cache_is_refused_and_leaves_the_sequence(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_lin *key = &model->net.layer[1].k;
    float bias[2 * 16] = { 0 };
    heft_seq *s = open_seq(engine, 0), *wide;
    heft_engine *f32 = open_engine(&(heft_engine_options){ .threads = 1, .cache = HEFT_CACHE_F32 });
    wide = open_seq(f32, 0);
    assert_goes_on(s, 10);
    bias[31] = 1e6f;
    key->bias = bias;
    assert_int_equal(heft_seq_feed(s, ids + 10, 3, HEFT_LOGITS_LAST, &err), HEFT_E_UNSUPPORTED);
    assert_string_equal(err.text, "layer 1: a key or value is too large for a cache of type F16; "
                                  "use --ctk bf16 or f32");
    assert_int_equal(heft_seq_length(s), 10);
    assert_ok(heft_seq_feed(wide, ids, 3, HEFT_LOGITS_LAST, &err), &err);
    key->bias = NULL;
    assert_goes_on(s, 30);
    heft_seq_close(wide);
    heft_engine_close(f32);
    heft_seq_close(s);
}

static void a_feed_of_several_steps_is_checked_before_the_first(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_seq *s = open_seq(engine, 0);
    int32_t text[CONTEXT + 1];
    for (int32_t i = 0; i <= CONTEXT; i++)
        text[i] = ids[i % 40];
    assert_goes_on(s, 3);
    assert_int_equal(heft_seq_feed(s, text, CONTEXT - 2, HEFT_LOGITS_LAST, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "62 more tokens after 3 do not fit a sequence of at most 64");
    text[BATCH + 5] = V;
    assert_int_equal(heft_seq_feed(s, text, 40, HEFT_LOGITS_LAST, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "token 29 is 96, expected 0 to 95");
    assert_int_equal(heft_seq_feed(s, text, 0, HEFT_LOGITS_LAST, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "a sequence is fed 0 tokens, expected at least 1");
    assert_int_equal(heft_seq_feed(s, ids, BATCH + 1, HEFT_LOGITS_ALL, &err), HEFT_E_ARG);
    assert_string_equal(err.text,
                        "logits of all of 25 tokens were asked for; one step has 24 rows");
    assert_goes_on(s, 37);
    heft_seq_close(s);
}

static void sequences_are_refused_by_name(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_seq *s[3], *more = NULL;
    assert_int_equal(heft_seq_open(engine, CONTEXT + 1, &more, &err), HEFT_E_ARG);
    assert_string_equal(err.text,
                        "a sequence of 65 tokens was asked for; the engine's context is 64");
    assert_int_equal(heft_seq_open(engine, -1, &more, &err), HEFT_E_ARG);
    assert_string_equal(err.text,
                        "a sequence of -1 tokens was asked for; the engine's context is 64");
    for (int32_t i = 0; i < 3; i++)
        s[i] = open_seq(engine, 0);
    assert_goes_on(s[0], 20);
    assert_int_equal(heft_seq_open(engine, 0, &more, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "all 3 sequences of the engine are open");
    assert_int_equal(heft_seq_fork(s[0], &more, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "all 3 sequences of the engine are open");
    assert_null(more);
    assert_int_equal(heft_seq_rewind(s[0], 21, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "a sequence of 20 tokens cannot be rewound to 21");
    assert_int_equal(heft_seq_rewind(s[0], -1, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "a sequence of 20 tokens cannot be rewound to -1");
    assert_goes_on(s[0], 5);
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(s[i]);
    heft_seq_close(NULL);
    more = open_seq(engine, 0); /* a slot is as good as new */
    assert_int_equal(heft_seq_length(more), 0);
    assert_goes_on(more, 40);
    heft_seq_close(more);
}

static void rewinding_to_any_length_gives_the_bits_of_a_fresh_sequence(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_seq *s = open_seq(engine, 0);
    for (int32_t to = 0; to < 40; to += 3) {
        if (heft_seq_length(s) < 40) assert_goes_on(s, 40 - heft_seq_length(s));
        assert_ok(heft_seq_rewind(s, to, &err), &err);
        assert_int_equal(heft_seq_length(s), to);
        assert_goes_on(s, 1);
    }
    heft_seq_close(s);
}

/* ---- several sequences ----------------------------------------------------------- */

static void logits_come_in_the_order_of_the_feeds(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_seq *s[3];
    for (int32_t i = 0; i < 3; i++)
        s[i] = open_seq(engine, 0);
    assert_goes_on(s[1], 7);
    const heft_feed feeds[] = { { s[0], ids, 5, HEFT_LOGITS_LAST, false },
                                { s[1], ids + 7, 4, HEFT_LOGITS_ALL, false },
                                { s[2], ids, 3, HEFT_LOGITS_NONE, false } };
    static const int32_t rows[] = { 4, 7, 8, 9, 10 };
    assert_ok(heft_engine_step(engine, feeds, 3, &err), &err);
    for (int32_t i = 0; i < 5; i++)
        assert_memory_equal(heft_engine_logits(engine, i), expected[rows[i]], sizeof expected[0]);
    assert_int_equal(heft_seq_length(s[2]), 3);

    const heft_feed turned[] = { { s[2], ids + 3, 2, HEFT_LOGITS_ALL, false },
                                 { s[0], ids + 5, 1, HEFT_LOGITS_LAST, false } };
    static const int32_t after[] = { 3, 4, 5 };
    assert_ok(heft_engine_step(engine, turned, 2, &err), &err);
    for (int32_t i = 0; i < 3; i++)
        assert_memory_equal(heft_engine_logits(engine, i), expected[after[i]], sizeof expected[0]);
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(s[i]);
}

static void hidden_states_are_kept_row_by_row(void **state)
{
    (void)state;
    heft_error err = { 0 };
    const heft_engine_options o = {
        .threads = 1, .context = CONTEXT, .sequences = 2, .batch = BATCH, .hidden = true
    };
    heft_engine *e = open_engine(&o);
    heft_seq *a = open_seq(e, 0), *b = open_seq(e, 0);
    static float alone[3][12][D];
    assert_ok(heft_seq_feed(b, ids, 12, HEFT_LOGITS_NONE, &err), &err);
    for (int32_t l = 0; l < 3; l++)
        memcpy(alone[l], heft_engine_hidden(e, l), sizeof alone[l]);
    const heft_golden_tensor *embed = golden->tensor;
    while (strcmp(embed->name, "model.embed_tokens.weight") != 0)
        embed++;
    static float table[V * D];
    heft_golden_values(golden, embed, table);
    for (int32_t i = 0; i < 12; i++)
        assert_memory_equal(alone[0][i], table + (size_t)ids[i] * D, sizeof alone[0][i]);

    assert_ok(heft_seq_rewind(b, 5, &err), &err);
    const heft_feed feeds[] = { { a, ids, 9, HEFT_LOGITS_NONE, false },
                                { b, ids + 5, 7, HEFT_LOGITS_NONE, false } };
    assert_ok(heft_engine_step(e, feeds, 2, &err), &err);
    for (int32_t l = 0; l < 3; l++) {
        const float *h = heft_engine_hidden(e, l);
        assert_memory_equal(h, alone[l], sizeof *alone[l] * 9);
        assert_memory_equal(h + 9 * D, alone[l][5], sizeof *alone[l] * 7);
    }
    heft_seq_close(a);
    heft_seq_close(b);
    heft_engine_close(e);
}

/* ---- options and plans -------------------------------------------------------------- */

static void options_out_of_range_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        heft_engine_options o;
        const char *message;
    } rows[] = {
        { { .threads = -1 }, "the number of threads is -1, expected 1 to 256" },
        { { .threads = 257 }, "the number of threads is 257, expected 1 to 256" },
        { { .context = -1 }, "the context is -1, expected 1 to 128" },
        { { .context = 129 }, "the context is 129, expected 1 to 128" },
        { { .sequences = -1 }, "the number of sequences is -1, expected 1 to 4096" },
        { { .sequences = 4097 }, "the number of sequences is 4097, expected 1 to 4096" },
        { { .batch = -1 }, "the batch is -1, expected 1 to 65536" },
        { { .batch = 65537 }, "the batch is 65537, expected 1 to 65536" },
        { { .outputs = -1 }, "the number of outputs is -1, expected 1 to 65536" },
        { { .cache = HEFT_CACHE_TYPES }, "the cache type is 4, expected 0 to 3" },
        { { .isa = "mmx" },
          "heft has no instruction set named \"mmx\"; it has scalar, avx2, avx512 and neon" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        heft_error err = { 0 };
        heft_engine *e = NULL;
        heft_plan plan;
        assert_int_equal(heft_engine_open(model, &rows[i].o, &e, &err), HEFT_E_ARG);
        assert_string_equal(err.text, rows[i].message);
        assert_int_equal(heft_engine_plan(model, &rows[i].o, &plan, &err), HEFT_E_ARG);
        assert_null(e);
    }
}

static void options_left_open_are_resolved(void **state)
{
    (void)state;
    heft_engine *e = open_engine(NULL);
    const heft_engine_options *o = heft_engine_resolved(e);
    assert_in_range(o->threads, 1, HEFT_MAX_THREADS);
    assert_int_equal(o->context, 128);
    assert_int_equal(o->sequences, 1);
    assert_int_equal(o->batch, 128); /* no step can be longer */
    assert_int_equal(o->outputs, 1 + HEFT_GUESSES);
    assert_int_equal(o->cache, HEFT_CACHE_F16);
    assert_non_null(o->isa);
    heft_engine_close(e);
}

static heft_plan plan_of(const heft_engine_options *o)
{
    heft_error err = { 0 };
    heft_plan plan;
    assert_ok(heft_engine_plan(model, o, &plan, &err), &err);
    return plan;
}

static void the_numbers_of_a_plan_add_up(void **state)
{
    (void)state;
    const heft_model_facts *f = heft_model_describe(model);
    const heft_engine_options small = { .threads = 1, .context = 64, .batch = 8, .outputs = 1 };
    const heft_plan p = plan_of(&small);
    assert_int_equal(p.weights_mapped, f->bytes);
    assert_int_equal(p.weights_copied, f->copied_bytes);
    assert_int_equal(p.total_private, model->private_bytes + p.cache + p.work);
    /* one token reads all weights (F32, the head its own), of the embedding one row */
    assert_int_equal(p.bytes_per_token, f->bytes - (V - 1) * D * 4);
    assert_int_equal(p.cache_per_token, 2 * 2 * 2 * 16 * 2); /* layers, k and v, heads of 16, F16 */
    assert_true(p.cache >= 2 * 32 * p.cache_per_token);      /* a window of 8 and 8 rows: 2 pages */

    heft_engine_options o = small;
    o.cache = HEFT_CACHE_F32;
    assert_int_equal(plan_of(&o).cache_per_token, 2 * p.cache_per_token);
    assert_true(plan_of(&o).cache > p.cache);
    assert_int_equal(plan_of(&o).work, p.work);
    o = small;
    o.sequences = 4;
    assert_true(plan_of(&o).cache > 3 * p.cache && plan_of(&o).work > p.work);
    o = small;
    o.hidden = true;
    assert_int_equal(plan_of(&o).work - p.work, 3 * 8 * D * 4);
    o = small;
    o.threads = 2;
    assert_true(plan_of(&o).work > p.work);
    o = small;
    o.outputs = 8;
    assert_in_range(plan_of(&o).work - p.work, 7 * V * 4, 7 * V * 4 + 64 * 1024);
}

static void an_engine_takes_what_its_plan_says(void **state)
{
    (void)state;
    static const heft_engine_options options[] = {
        { .threads = 1 },
        { .threads = 3, .sequences = 5, .context = 77, .batch = 3, .outputs = 2 },
        { .threads = 2, .batch = 100, .hidden = true, .cache = HEFT_CACHE_F32, .isa = "scalar" },
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const heft_plan p = plan_of(&options[i]);
        const size_t before = heft_mem().bytes;
        heft_engine *e = open_engine(&options[i]);
        assert_int_equal(heft_mem().bytes - before, p.cache + p.work);
        heft_engine_close(e);
        assert_int_equal(heft_mem().bytes, before);
    }
}

static void a_plan_beyond_this_machine_is_refused_before_anything_is_allocated(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_plan plan;
    char path[HEFT_SCRATCH_PATH + 32];
    const heft_synthetic shape = { .arch = "llama",
                                   .L = 2,
                                   .D = 64,
                                   .H = 2,
                                   .G = 2,
                                   .dk = 32,
                                   .F = 64,
                                   .V = 64,
                                   .ctx = HEFT_MAX_CONTEXT,
                                   .type = HEFT_F32,
                                   .sparse = true };
    const heft_engine_options o = { .threads = 1, .context = HEFT_MAX_CONTEXT, .sequences = 256 };
    if (heft_memory_available() < 0) skip();
    heft_scratch_file(folder, "long.gguf", path, sizeof path);
    assert_ok(heft_synthetic_write(&shape, path, &err), &err);
    assert_ok(heft_model_open(path, NULL, &m, &err), &err);
    assert_ok(heft_engine_plan(m, &o, &plan, &err), &err);
    assert_int_equal(plan.cache_per_token, 2 * 2 * 64 * 2);
    assert_true(plan.cache >= plan.cache_per_token * 256 * HEFT_MAX_CONTEXT);
    assert_true(plan.total_private > plan.available);
    heft_mem_reset_peak();
    const size_t before = heft_mem().peak;
    assert_int_equal(heft_engine_open(m, &o, &e, &err), HEFT_E_NOMEM);
    assert_int_equal(heft_mem().peak, before);
    assert_non_null(strstr(err.text, "a context of 134217728 needs "));
    assert_non_null(strstr(err.text, "Use a smaller context, or force it"));
    heft_model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_step_changes_no_sequence),
        cmocka_unit_test(rows_and_outputs_are_counted_over_the_whole_step),
        cmocka_unit_test(a_key_too_large_for_its_cache_is_refused_and_leaves_the_sequence),
        cmocka_unit_test(a_feed_of_several_steps_is_checked_before_the_first),
        cmocka_unit_test(sequences_are_refused_by_name),
        cmocka_unit_test(rewinding_to_any_length_gives_the_bits_of_a_fresh_sequence),
        cmocka_unit_test(logits_come_in_the_order_of_the_feeds),
        cmocka_unit_test(hidden_states_are_kept_row_by_row),
        cmocka_unit_test(options_out_of_range_are_refused_by_name),
        cmocka_unit_test(options_left_open_are_resolved),
        cmocka_unit_test(the_numbers_of_a_plan_add_up),
        cmocka_unit_test(an_engine_takes_what_its_plan_says),
        cmocka_unit_test(a_plan_beyond_this_machine_is_refused_before_anything_is_allocated),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}

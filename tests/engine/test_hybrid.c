/* Models whose layers keep a state of fixed size, as an engine runs them: the same tokens give the
 * same bits whatever the chunks, threads, neighbours, forks and rewinds; a state is brought back
 * from checkpoints, and from nothing where a step failed. */
#include "ops/cpu.h"
#include "subject.h"
#include "testing.h"
#include "workers.h"

enum { T = 200, LONG = 600 };

static int32_t text[LONG], other[LONG];

/* What the scalar code says of the first n tokens of the text is expected. */
static void open_subject(heft_subject *s, const char *name, heft_dtype gguf, int32_t n)
{
    for (int32_t i = 0; i < LONG; i++) {
        text[i] = (7 * i * i + 3 * i) % 89;
        other[i] = (5 * i * i + i) % 83;
    }
    heft_subject_open(s, name, gguf);
    s->context = LONG; /* longer than the golden's own */
    heft_subject_expect(s, text, n);
}

/* ---- the same bits ------------------------------------------------------ */

static void any_chunks_and_threads(const heft_subject *s)
{
    static const int32_t chunks[] = { 1, 2, 7, 32, T };
    for (int32_t threads = 1; threads <= 3; threads++) {
        heft_engine *e = heft_subject_engine(s, NULL, threads, 1, LONG);
        for (size_t c = 0; c < sizeof chunks / sizeof *chunks
                           || (c < MOST_TRIES && !heft_all_worked(e->device->pool));
             c++) {
            heft_seq *seq =
                heft_subject_seq(e); /* the slot of the one before, its state still there */
            heft_subject_feed(s, seq, 0, T, chunks[c % (sizeof chunks / sizeof *chunks)]);
            heft_seq_close(seq);
        }
        assert_true(heft_all_worked(e->device->pool));
        heft_engine_close(e);
    }
}

/* Three sequences in one step; the middle one has the text, in odd portions. */
static void in_a_crowd(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 3, LONG);
    heft_seq *seq[3] = { heft_subject_seq(e), heft_subject_seq(e), heft_subject_seq(e) };
    for (int32_t at = 0, n; at < T; at += n) {
        n = 1 + at % 23 < T - at ? 1 + at % 23 : T - at;
        const int32_t before = heft_seq_length(seq[0]), behind = heft_seq_length(seq[2]);
        const heft_feed feed[] = { { seq[0], other + before, 2, HEFT_LOGITS_ALL, false },
                                   { seq[1], text + at, n, HEFT_LOGITS_ALL, false },
                                   { seq[2], other + behind, 5, HEFT_LOGITS_ALL, false } };
        assert_ok(heft_engine_step(e, feed, 3, &err), &err);
        heft_subject_rows(s, e, 2, at, n);
    }
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(seq[i]);
    heft_engine_close(e);
}

/* The child goes on with the text, the parent with another: neither sees the other's state. */
static void after_a_fork(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 2, LONG);
    for (int32_t at = 94; at <= 97; at++) {
        heft_seq *parent = heft_subject_seq(e), *child = NULL;
        heft_subject_feed(s, parent, 0, at, 41);
        assert_ok(heft_seq_fork(parent, &child, &err), &err);
        assert_ok(heft_seq_feed(parent, other, 50, HEFT_LOGITS_LAST, &err), &err);
        heft_subject_feed(s, child, at, T, 13);
        heft_seq_close(child);
        assert_ok(heft_seq_rewind(parent, at, &err), &err);
        heft_subject_feed(s, parent, at, T, 13);
        heft_seq_close(parent);
    }
    heft_engine_close(e);
}

static void after_a_rewind(const heft_subject *s)
{
    heft_error err = { 0 };
    static const int32_t to[] = { 160, 159, 150, 149, 77, 64, 3, 2, 1, 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 1, LONG);
    heft_seq *seq = heft_subject_seq(e);
    heft_subject_feed(s, seq, 0, 160, 50);
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        assert_ok(heft_seq_rewind(seq, to[i], &err), &err);
        assert_int_equal(heft_seq_length(seq), to[i]);
        heft_subject_feed(s, seq, to[i], 160, 50);
        assert_ok(heft_seq_feed(seq, other, 40, HEFT_LOGITS_NONE, &err), &err);
    }
    heft_seq_close(seq);
    heft_engine_close(e);
}

static void the_same_tokens_give_the_same_bits(void **state)
{
    (void)state;
    static const struct {
        const char *golden;
        heft_dtype gguf;
    } each[] = {
        { "qwen3_next_plain", 0 },     { "qwen3_next_plain", HEFT_Q8_0 },
        { "qwen3_next_kinds", 0 },     { "qwen3_5_plain", 0 },
        { "qwen3_5_plain", HEFT_F16 }, { "qwen3_5_moe_plain", 0 },
        { "qwen3_5_gguf", HEFT_Q8_0 },
    };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        heft_subject s;
        open_subject(&s, each[i].golden, each[i].gguf, T);
        any_chunks_and_threads(&s);
        in_a_crowd(&s);
        after_a_fork(&s);
        after_a_rewind(&s);
        heft_subject_close(&s);
    }
}

/* ---- checkpoints and failures ------------------------------------------- */

static void a_long_sequence_goes_back_to_a_checkpoint_and_no_further(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_subject s;
    open_subject(&s, "qwen3_next_plain", 0, LONG);
    heft_engine *e = heft_subject_engine(&s, NULL, 2, 1, LONG);
    heft_seq *seq = heft_subject_seq(e);
    assert_ok(heft_seq_feed(seq, text, 32, HEFT_LOGITS_LAST, &err), &err); /* a prompt */
    heft_subject_feed(&s, seq, 32, 560, 1);
    assert_int_equal(seq->checkpoint[0], 32);
    assert_int_equal(seq->checkpoint[1], HEFT_CHECKPOINT_TOKENS);
    const int32_t tokens = 513;
    seq->token[HEFT_CHECKPOINT_TOKENS - 1] = 1; /* who ran this again would see another text */
    assert_ok(heft_seq_rewind(seq, tokens, &err), &err);
    seq->token[HEFT_CHECKPOINT_TOKENS - 1] = text[HEFT_CHECKPOINT_TOKENS - 1];
    heft_subject_feed(&s, seq, tokens, 560, 9);
    assert_ok(heft_seq_rewind(seq, 500, &err), &err);
    heft_subject_feed(&s, seq, 500, LONG, 100);
    heft_seq_close(seq);
    heft_engine_close(e);
    heft_subject_close(&s);
}

/* Let the next step fail when all of its work is done. */
static void break_device(heft_engine *e)
{
    (void)heft_fail(&e->device->error, HEFT_E_IO, "the disk is gone");
}

static void after_a_failed_step_a_sequence_is_what_it_was(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_subject s;
    open_subject(&s, "qwen3_5_plain", 0, T);
    heft_engine *e = heft_subject_engine(&s, NULL, 2, 2, 16);
    heft_seq *seq = heft_subject_seq(e), *copy = NULL;
    heft_subject_feed(&s, seq, 0, 64, 16);
    for (int32_t at = 64; at < 184; at += 40) { /* three steps beyond the last checkpoint */
        heft_subject_feed(&s, seq, at, at + 40, 1);
        break_device(e);
        assert_int_equal(heft_seq_feed(seq, other, 9, HEFT_LOGITS_ALL, &err), HEFT_E_IO);
        assert_int_equal(heft_seq_length(seq), at + 40);
        if (at == 104) { /* even where bringing it back fails in its first step */
            break_device(e);
            assert_int_equal(heft_seq_feed(seq, text, 9, HEFT_LOGITS_ALL, &err), HEFT_E_IO);
            assert_int_equal(heft_seq_length(seq), at + 40);
        }
        if (at == 144) { /* nor does a fork, or a rewind to the same place, take over the damage */
            assert_ok(heft_seq_fork(seq, &copy, &err), &err);
            heft_subject_feed(&s, copy, at + 40, T, 8);
            assert_ok(heft_seq_rewind(seq, at + 40, &err), &err);
        }
    }
    heft_subject_feed(&s, seq, 184, T, 4);
    heft_seq_close(copy);
    heft_seq_close(seq);
    heft_engine_close(e);
    heft_subject_close(&s);
}

static void steps_forks_and_rewinds_allocate_nothing(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_subject s;
    heft_plan plan;
    open_subject(&s, "qwen3_next_plain", 0, T);
    const size_t before = heft_mem().bytes;
    heft_engine *e = heft_subject_engine(&s, NULL, 2, 2, LONG);
    heft_seq *seq = heft_subject_seq(e), *copy = NULL;
    assert_ok(heft_engine_plan(s.model, heft_engine_resolved(e), &plan, &err), &err);
    assert_int_equal(heft_mem().bytes - before, plan.cache + plan.work);
    const uint64_t calls = heft_mem().calls;
    heft_subject_feed(&s, seq, 0, T, 17);
    assert_ok(heft_seq_fork(seq, &copy, &err), &err);
    assert_ok(heft_seq_rewind(copy, 71, &err), &err);
    heft_subject_feed(&s, copy, 71, T, 17);
    assert_int_equal(heft_mem().calls, calls);
    heft_seq_close(copy);
    heft_seq_close(seq);
    heft_engine_close(e);
    heft_subject_close(&s);
}

/* Guesses that were wrong would have to be taken back. */
static void text_that_repeats_itself_is_not_guessed(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_subject s;
    int32_t prompt[64];
    heft_generated r;
    open_subject(&s, "qwen3_next_plain", 0, 1);
    heft_engine *e = heft_subject_engine(&s, NULL, 1, 1, LONG);
    heft_seq *seq = heft_subject_seq(e);
    for (int32_t i = 0; i < 64; i++)
        prompt[i] = 3 + i % 4;
    const heft_generation g = { .sampling = heft_sampling_default(), .max_tokens = 60 };
    assert_ok(heft_generate(seq, prompt, 64, &g, &r, &err), &err);
    assert_int_equal(r.guessed, 0);
    heft_seq_close(seq);
    heft_engine_close(e);
    heft_subject_close(&s);
}

/* A state does not grow: a token costs what layers with attention keep of it. */
static void a_plan_has_the_states_of_sequences_and_their_checkpoints(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_subject s;
    heft_plan one, two;
    open_subject(&s, "qwen3_next_plain", 0, 1);
    heft_engine_options o = { .threads = 1, .context = 64, .sequences = 1 };
    assert_ok(heft_engine_plan(s.model, &o, &one, &err), &err);
    o.sequences = 2;
    assert_ok(heft_engine_plan(s.model, &o, &two, &err), &err);
    const int64_t conv = 3 * (2 * 2 * 16 + 4 * 16), matrices = 4 * 16 * 16,
                  each = (conv + matrices + 15) / 16 * 16 * 4; /* whole cache lines */
    assert_int_equal(one.cache_per_token, 2 * 32 * 2 * 2);     /* one layer, in F16 */
    const int64_t pages = 4, entries = pages * HEFT_TILE * one.cache_per_token;
    assert_true(two.cache - one.cache >= 3 * 3 * each + entries);
    assert_true(two.cache - one.cache < 3 * 3 * each + entries + 512);
    heft_subject_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_tokens_give_the_same_bits),
        cmocka_unit_test(a_long_sequence_goes_back_to_a_checkpoint_and_no_further),
        cmocka_unit_test(after_a_failed_step_a_sequence_is_what_it_was),
        cmocka_unit_test(steps_forks_and_rewinds_allocate_nothing),
        cmocka_unit_test(text_that_repeats_itself_is_not_guessed),
        cmocka_unit_test(a_plan_has_the_states_of_sequences_and_their_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

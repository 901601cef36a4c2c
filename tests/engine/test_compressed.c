/* Compressed attention and residual streams, as an engine runs them: blocks of tokens that are not
 * over at the end of a chunk, a fork or a rewind give the same bits as those that come in one step.
 *
 * 200 tokens through golden models: windows of 7, entries of 4 tokens that overlap and of which 3
 * are chosen, entries of 8 and of 12, whose blocks lie across pages; 50 entries fill a page of
 * their own. */
#include "ops/cpu.h"
#include "subject.h"
#include "testing.h"
#include "workers.h"

enum { T = 200 };

typedef struct {
    const char *golden;
    heft_dtype gguf; /* 0: the release, in BF16 */
    heft_cache_type cache;
} form;

static int32_t text[T], other[T];

static void open_subject(heft_subject *s, const form *f)
{
    heft_subject_open(s, f->golden, f->gguf);
    s->cache = f->cache;
    s->context = s->model->net.spec.ctx = T; /* longer than the golden's own */
    for (int32_t i = 0; i < T; i++) {
        text[i] = (i * 37 + i * i % 11) % s->g->vocab;
        other[i] = (i * 53 + 5) % s->g->vocab;
    }
    heft_subject_expect(s, text, T);
}

static void any_chunks_and_threads(const heft_subject *s)
{
    static const int32_t chunks[] = { 1, 7, 32, T };
    for (int32_t threads = 1; threads <= 3; threads++) {
        heft_engine *e = heft_subject_engine(s, NULL, threads, 1, T);
        for (size_t c = 0; c < sizeof chunks / sizeof *chunks
                           || (c < MOST_TRIES && !heft_all_worked(e->device->pool));
             c++) {
            heft_seq *seq = heft_subject_seq(e);
            heft_subject_feed(s, seq, 0, T, chunks[c % (sizeof chunks / sizeof *chunks)]);
            heft_seq_close(seq);
        }
        assert_true(heft_all_worked(e->device->pool));
        heft_engine_close(e);
    }
}

/* Three sequences in odd portions; the text is the second's. */
static void in_a_crowd(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 3, 3 * 32);
    heft_seq *seq[3] = { heft_subject_seq(e), heft_subject_seq(e), heft_subject_seq(e) };
    for (int32_t at = 0, n; at < T; at += n) {
        n = T - at < 1 + at % 11 ? T - at : 1 + at % 11;
        heft_feed f[3] = { { seq[0], other + at, n, HEFT_LOGITS_ALL, false },
                           { seq[1], text + at, n, HEFT_LOGITS_ALL, false },
                           { seq[2], other + T - at - n, n, HEFT_LOGITS_ALL, false } };
        assert_ok(heft_engine_step(e, f, 3, &err), &err);
        heft_subject_rows(s, e, n, at, n);
    }
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(seq[i]);
    heft_engine_close(e);
}

/* From every place within a block: the child goes on with the text, the parent with another, and
 * then goes back. */
static void after_a_fork(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 2, T);
    for (int32_t at = 120; at <= 132; at++) {
        heft_seq *parent = heft_subject_seq(e), *child = NULL;
        heft_subject_feed(s, parent, 0, at, 41);
        assert_ok(heft_seq_fork(parent, &child, &err), &err);
        assert_ok(heft_seq_feed(parent, other, 50, HEFT_LOGITS_LAST, &err), &err);
        heft_subject_feed(s, child, at, 160, 13);
        heft_seq_close(child);
        assert_ok(heft_seq_rewind(parent, at, &err), &err);
        heft_subject_feed(s, parent, at, 160, 13);
        heft_seq_close(parent);
    }
    heft_engine_close(e);
}

static void after_a_rewind(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 1, T);
    heft_seq *seq = heft_subject_seq(e);
    heft_subject_feed(s, seq, 0, 160, 50);
    for (int32_t to = 159; to >= 0; to -= to > 140 || to < 14 ? 1 : 23) {
        assert_ok(heft_seq_rewind(seq, to, &err), &err);
        assert_int_equal(heft_seq_length(seq), to);
        heft_subject_feed(s, seq, to, 161, 50);
        assert_ok(heft_seq_feed(seq, other, 30, HEFT_LOGITS_NONE, &err), &err);
    }
    heft_seq_close(seq);
    heft_engine_close(e);
}

static void the_same_bits(void **state)
{
    heft_subject s;
    open_subject(&s, *state);
    any_chunks_and_threads(&s);
    in_a_crowd(&s);
    after_a_fork(&s);
    after_a_rewind(&s);
    heft_subject_close(&s);
}

/* What blocks keep of their tokens is as exact as in the step that brings them. */
static void parts_of_a_block_are_kept_in_full(void **state)
{
    (void)state;
    heft_subject s;
    open_subject(&s, &(form){ "deepseek_v4_plain", 0, HEFT_CACHE_BF16 });
    heft_engine *e = heft_subject_engine(&s, NULL, 1, 1, T);
    int32_t exact = 0, narrow = 0;
    for (int32_t i = 0; i < s.g->layers * HEFT_MAX_CACHE; i++) {
        const heft_kv *kv = &e->cache.kv[i];
        if (!kv->base) continue;
        exact += kv->dtype == HEFT_F32 && !kv->v_in_k;
        narrow += kv->dtype == HEFT_BF16 && kv->v_in_k;
    }
    assert_int_equal(exact, 2 + 1 + 2); /* two layers with an index, one without */
    assert_int_equal(narrow, 4 + 2 + 1 + 2);
    heft_engine_close(e);
    heft_subject_close(&s);
}

int main(void)
{
    static form forms[] = {
        { "deepseek_v4_plain", 0, HEFT_CACHE_F32 },
        { "deepseek_v4_plain", HEFT_Q8_0, HEFT_CACHE_F16 },
        { "deepseek_v4_words", 0, HEFT_CACHE_BF16 },
        { "deepseek_v4_plain", 0, HEFT_CACHE_Q8_0 },
    };
    const struct CMUnitTest tests[] = {
        { "bf16 weights, f32 cache", the_same_bits, NULL, NULL, &forms[0] },
        { "q8_0 weights, f16 cache", the_same_bits, NULL, NULL, &forms[1] },
        { "entries of 3 and 12, bf16 cache", the_same_bits, NULL, NULL, &forms[2] },
        { "q8_0 cache", the_same_bits, NULL, NULL, &forms[3] },
        cmocka_unit_test(parts_of_a_block_are_kept_in_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

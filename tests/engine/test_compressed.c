/* Compressed attention and residual streams, as an engine runs them: blocks of tokens that are not
 * over at the end of a chunk, a fork or a rewind give the same bits as those that come in one step.
 *
 * 200 tokens through golden models: windows of 7, entries of 4 tokens that overlap and of which 3
 * are chosen, entries of 8 and of 12, whose blocks lie across pages; 50 entries fill a page of
 * their own. */
#include "engine/engine.h"
#include "golden_model.h"
#include "ops/cpu.h"
#include "scratch.h"
#include "testing.h"
#include "workers.h"

#include <string.h>

enum { T = 200 };

typedef struct {
    const char *golden;
    heft_dtype gguf; /* 0: the release, in BF16 */
    heft_cache_type cache;
} form;

typedef struct {
    heft_golden *g;
    heft_model *model;
    heft_cache_type cache;
    char at[HEFT_SCRATCH_PATH];
    int32_t text[T], other[T];
    float *expected; /* (T, vocab) by the scalar code, one thread, one step */
} subject;

static heft_engine *open_engine(const subject *s, const char *isa, int32_t threads,
                                int32_t sequences, int32_t batch)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    const heft_engine_options o = { .threads = threads,
                                    .isa = isa,
                                    .context = T,
                                    .sequences = sequences,
                                    .batch = batch,
                                    .outputs = batch,
                                    .cache = s->cache };
    assert_ok(heft_engine_open(s->model, &o, &e, &err), &err);
    return e;
}

static heft_seq *open_seq(heft_engine *e)
{
    heft_error err = { 0 };
    heft_seq *seq = NULL;
    assert_ok(heft_seq_open(e, 0, &seq, &err), &err);
    return seq;
}

/* Feed text[from .. to-1] in chunks; every row's logits are the expected ones. */
static void feed(const subject *s, heft_seq *seq, int32_t from, int32_t to, int32_t chunk)
{
    heft_error err = { 0 };
    const size_t V = (size_t)s->g->vocab;
    for (int32_t at = from; at < to; at += chunk) {
        const int32_t n = to - at < chunk ? to - at : chunk;
        assert_ok(heft_seq_feed(seq, s->text + at, n, HEFT_LOGITS_ALL, &err), &err);
        for (int32_t i = 0; i < n; i++)
            assert_memory_equal(heft_engine_logits(seq->e, i), s->expected + (size_t)(at + i) * V,
                                V * sizeof(float));
    }
}

static void open_subject(subject *s, const form *f)
{
    heft_error err = { 0 };
    char path[HEFT_SCRATCH_PATH + 16];
    s->cache = f->cache;
    assert_ok(heft_golden_open(f->golden, &s->g, &err), &err);
    heft_scratch_open(s->at);
    heft_scratch_file(s->at, f->gguf ? "m.gguf" : "", path, sizeof path);
    const heft_golden_form bf16 = { .dtype = HEFT_BF16, .pad = 1 };
    assert_ok(f->gguf ? heft_golden_write_gguf(s->g, path, f->gguf, &err)
                      : heft_golden_write_release(s->g, path, &bf16, &err),
              &err);
    assert_ok(heft_model_open(path, NULL, &s->model, &err), &err);
    s->model->net.spec.ctx = T; /* longer than the golden's own */
    for (int32_t i = 0; i < T; i++) {
        s->text[i] = (i * 37 + i * i % 11) % s->g->vocab;
        s->other[i] = (i * 53 + 5) % s->g->vocab;
    }
    heft_engine *e = open_engine(s, "scalar", 1, 1, T);
    heft_seq *seq = open_seq(e);
    const size_t n = (size_t)T * (size_t)s->g->vocab;
    s->expected = malloc(n * sizeof *s->expected);
    assert_ok(heft_seq_feed(seq, s->text, T, HEFT_LOGITS_ALL, &err), &err);
    memcpy(s->expected, heft_engine_logits(e, 0), n * sizeof *s->expected);
    assert_true(s->expected[0] == s->expected[0] && s->expected[0] != s->expected[n - 1]);
    heft_seq_close(seq);
    heft_engine_close(e);
}

static void close_subject(subject *s)
{
    free(s->expected);
    heft_model_close(s->model);
    heft_scratch_close(s->at);
    heft_golden_close(s->g);
}

static void any_chunks_and_threads(const subject *s)
{
    static const int32_t chunks[] = { 1, 7, 32, T };
    for (int32_t threads = 1; threads <= 3; threads++) {
        heft_engine *e = open_engine(s, NULL, threads, 1, T);
        for (size_t c = 0; c < sizeof chunks / sizeof *chunks
                           || (c < MOST_TRIES && !heft_all_worked(e->device->pool));
             c++) {
            heft_seq *seq = open_seq(e);
            feed(s, seq, 0, T, chunks[c % (sizeof chunks / sizeof *chunks)]);
            heft_seq_close(seq);
        }
        assert_true(heft_all_worked(e->device->pool));
        heft_engine_close(e);
    }
}

/* Three sequences in odd portions; the text is the second's. */
static void in_a_crowd(const subject *s)
{
    heft_error err = { 0 };
    const size_t V = (size_t)s->g->vocab;
    heft_engine *e = open_engine(s, NULL, 2, 3, 3 * 32);
    heft_seq *seq[3] = { open_seq(e), open_seq(e), open_seq(e) };
    for (int32_t at = 0, n; at < T; at += n) {
        n = T - at < 1 + at % 11 ? T - at : 1 + at % 11;
        heft_feed f[3] = { { seq[0], s->other + at, n, HEFT_LOGITS_ALL },
                           { seq[1], s->text + at, n, HEFT_LOGITS_ALL },
                           { seq[2], s->other + T - at - n, n, HEFT_LOGITS_ALL } };
        assert_ok(heft_engine_step(e, f, 3, &err), &err);
        for (int32_t i = 0; i < n; i++)
            assert_memory_equal(heft_engine_logits(e, n + i), s->expected + (size_t)(at + i) * V,
                                V * sizeof(float));
    }
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(seq[i]);
    heft_engine_close(e);
}

/* From every place within a block: the child goes on with the text, the parent with another, and
 * then goes back. */
static void after_a_fork(const subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = open_engine(s, NULL, 2, 2, T);
    for (int32_t at = 120; at <= 132; at++) {
        heft_seq *parent = open_seq(e), *child = NULL;
        feed(s, parent, 0, at, 41);
        assert_ok(heft_seq_fork(parent, &child, &err), &err);
        assert_ok(heft_seq_feed(parent, s->other, 50, HEFT_LOGITS_LAST, &err), &err);
        feed(s, child, at, 160, 13);
        heft_seq_close(child);
        assert_ok(heft_seq_rewind(parent, at, &err), &err);
        feed(s, parent, at, 160, 13);
        heft_seq_close(parent);
    }
    heft_engine_close(e);
}

static void after_a_rewind(const subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = open_engine(s, NULL, 2, 1, T);
    heft_seq *seq = open_seq(e);
    feed(s, seq, 0, 160, 50);
    for (int32_t to = 159; to >= 0; to -= to > 140 || to < 14 ? 1 : 23) {
        assert_ok(heft_seq_rewind(seq, to, &err), &err);
        assert_int_equal(heft_seq_length(seq), to);
        feed(s, seq, to, 161, 50);
        assert_ok(heft_seq_feed(seq, s->other, 30, HEFT_LOGITS_NONE, &err), &err);
    }
    heft_seq_close(seq);
    heft_engine_close(e);
}

static void the_same_bits(void **state)
{
    subject s;
    open_subject(&s, *state);
    any_chunks_and_threads(&s);
    in_a_crowd(&s);
    after_a_fork(&s);
    after_a_rewind(&s);
    close_subject(&s);
}

/* What blocks keep of their tokens is as exact as in the step that brings them. */
static void parts_of_a_block_are_kept_in_full(void **state)
{
    (void)state;
    subject s;
    open_subject(&s, &(form){ "deepseek_v4_plain", 0, HEFT_CACHE_BF16 });
    heft_engine *e = open_engine(&s, NULL, 1, 1, T);
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
    close_subject(&s);
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

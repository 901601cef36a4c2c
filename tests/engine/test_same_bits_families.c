/* Law 3 for every family: each golden model gives the same bytes of logits whatever the chunks, the
 * threads and the instruction set, in a crowd, after a fork, and after a rewind to any token.
 *
 * The text is 56 tokens long, the windows, chunks and groups of the goldens shorter than that, and
 * a page holds 32: so a page boundary falls inside a chunk, pages go out of reach, and a rewind has
 * to bring some of them back. */
#include "engine/engine.h"
#include "golden_model.h"
#include "scratch.h"
#include "testing.h"

#include <string.h>

enum { MOST = 64 };

typedef struct {
    heft_golden *g;
    heft_model *model;
    char at[HEFT_SCRATCH_PATH];
    int32_t text[MOST], T;
    float *expected; /* (T, vocab) of the scalar code, one thread, one chunk */
} subject;

static heft_engine *open_engine(const subject *s, const char *isa, int32_t threads,
                                int32_t sequences)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    const heft_engine_options o = { .threads = threads,
                                    .isa = isa,
                                    .context = s->g->length,
                                    .sequences = sequences,
                                    .batch = sequences * s->T,
                                    .outputs = sequences * s->T };
    if (heft_engine_open(s->model, &o, &e, &err)) fail_msg("%s: %s", s->g->directory, err.text);
    return e;
}

static heft_seq *open_seq(heft_engine *e, const subject *s)
{
    heft_error err = { 0 };
    heft_seq *seq = NULL;
    assert_ok(heft_seq_open(e, s->g->length, &seq, &err), &err);
    return seq;
}

static void open_subject(subject *s, const char *name)
{
    heft_error err = { 0 };
    const heft_golden_form bf16 = { .dtype = HEFT_BF16 };
    *s = (subject){ 0 };
    assert_ok(heft_golden_open(name, &s->g, &err), &err);
    heft_scratch_open(s->at);
    assert_ok(heft_golden_write_release(s->g, s->at, &bf16, &err), &err);
    assert_ok(heft_model_open(s->at, NULL, &s->model, &err), &err);
    for (int32_t i = 0; i < s->g->n_ids + s->g->n_greedy && s->T < s->g->length; i++) {
        assert_true(s->T < MOST);
        s->text[s->T++] = i < s->g->n_ids ? s->g->ids[i] : s->g->greedy[i - s->g->n_ids];
    }
    const size_t n = (size_t)s->T * (size_t)s->g->vocab;
    s->expected = heft_alloc(n, sizeof *s->expected);
    assert_non_null(s->expected);
    heft_engine *e = open_engine(s, "scalar", 1, 1);
    heft_seq *seq = open_seq(e, s);
    assert_ok(heft_seq_feed(seq, s->text, s->T, HEFT_LOGITS_ALL, &err), &err);
    memcpy(s->expected, heft_engine_logits(e, 0), n * sizeof *s->expected);
    heft_seq_close(seq);
    heft_engine_close(e);
}

static void close_subject(subject *s)
{
    heft_free(s->expected);
    heft_model_close(s->model);
    heft_scratch_close(s->at);
    heft_golden_close(s->g);
}

/* Outputs of the last step from `first` on are those of n tokens of the text from `from` on. */
static void assert_rows(const heft_engine *e, const subject *s, int32_t first, int32_t from,
                        int32_t n, const char *how)
{
    const size_t V = (size_t)s->g->vocab;
    for (int32_t i = 0; i < n; i++)
        if (memcmp(heft_engine_logits(e, first + i), s->expected + (size_t)(from + i) * V,
                   V * sizeof(float))
            != 0)
            fail_msg("%s: %s: token %d gets other bits", s->g->directory, how, from + i);
}

/* The text from where the sequence is, up to `to`, in chunks. */
static void go_on(heft_seq *seq, const subject *s, int32_t to, int32_t chunk, const char *how)
{
    heft_error err = { 0 };
    for (int32_t at = heft_seq_length(seq); at < to; at += chunk) {
        const int32_t n = to - at < chunk ? to - at : chunk;
        assert_ok(heft_seq_feed(seq, s->text + at, n, HEFT_LOGITS_ALL, &err), &err);
        assert_rows(seq->e, s, 0, at, n, how);
    }
}

/* Tokens of another text. */
static void stray(heft_seq *seq, const subject *s, int32_t n)
{
    heft_error err = { 0 };
    const int32_t room = s->g->length - heft_seq_length(seq);
    assert_ok(heft_seq_feed(seq, s->text + 3, n < room ? n : room, HEFT_LOGITS_NONE, &err), &err);
}

static void in_chunks(const subject *s)
{
    static const struct {
        int32_t threads, chunk;
    } each[] = { { 1, 1 }, { 2, 7 }, { 3, 33 } };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        heft_engine *e = open_engine(s, NULL, each[i].threads, 1);
        heft_seq *seq = open_seq(e, s);
        go_on(seq, s, s->T, each[i].chunk, "in chunks");
        heft_seq_close(seq);
        heft_engine_close(e);
    }
}

/* Ours between two others, in portions of other sizes than theirs. */
static void in_a_crowd(const subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = open_engine(s, NULL, 2, 3);
    heft_seq *seq[3] = { open_seq(e, s), open_seq(e, s), open_seq(e, s) };
    while (heft_seq_length(seq[1]) < s->T) {
        heft_feed feed[3];
        int32_t n = 0, before = 0, ours = 0;
        const int32_t at = heft_seq_length(seq[1]);
        for (int32_t i = 0; i < 3; i++) {
            const int32_t done = heft_seq_length(seq[i]), want = i == 1 ? 1 + at % 11 : 3 + 2 * i;
            const int32_t left = s->T - done < want ? s->T - done : want;
            if (left == 0) continue;
            if (i == 0) before = left;
            if (i == 1) ours = left;
            feed[n++] = (heft_feed){ seq[i], s->text + (i == 1 ? done : s->T - done - left), left,
                                     HEFT_LOGITS_ALL };
        }
        assert_ok(heft_engine_step(e, feed, n, &err), &err);
        assert_rows(e, s, before, at, ours, "in a crowd");
    }
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(seq[i]);
    heft_engine_close(e);
}

static void after_a_fork(const subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = open_engine(s, NULL, 2, 2);
    for (int32_t at = 31; at <= 41; at += 5) {
        heft_seq *parent = open_seq(e, s), *child = NULL;
        go_on(parent, s, at, 13, "before a fork");
        assert_ok(heft_seq_fork(parent, &child, &err), &err);
        stray(parent, s, 9);
        go_on(child, s, s->T, 13, "after a fork");
        heft_seq_close(child);
        heft_seq_close(parent);
    }
    heft_engine_close(e);
}

static void after_a_rewind(const subject *s)
{
    heft_error err = { 0 };
    static const int32_t to[] = { 41, 40, 32, 31, 9, 1, 0 };
    heft_engine *e = open_engine(s, NULL, 2, 1);
    heft_seq *seq = open_seq(e, s);
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        go_on(seq, s, s->T, 50, "before a rewind");
        assert_ok(heft_seq_rewind(seq, to[i], &err), &err);
        stray(seq, s, 12);
        assert_ok(heft_seq_rewind(seq, to[i], &err), &err);
        go_on(seq, s, s->T, 50, "after a rewind");
    }
    heft_seq_close(seq);
    heft_engine_close(e);
}

static void every_family_gives_the_same_bits(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_golden_names names;
    assert_ok(heft_golden_list(&names, &err), &err);
    for (int32_t i = 0; i < names.n; i++) {
        subject s;
        open_subject(&s, names.name[i]);
        in_chunks(&s);
        in_a_crowd(&s);
        after_a_fork(&s);
        after_a_rewind(&s);
        close_subject(&s);
    }
    assert_true(names.n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_family_gives_the_same_bits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

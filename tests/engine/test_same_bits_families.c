/* Law 3 for every family: each golden model gives the same bytes of logits whatever the chunks, the
 * threads and the instruction set, in a crowd, after a fork, and after a rewind to any token.
 *
 * The text is 56 tokens long, the windows, chunks and groups of the goldens shorter than that, and
 * a page holds 32: so a page boundary falls inside a chunk, pages go out of reach, and a rewind has
 * to bring some of them back. */
#include "subject.h"
#include "testing.h"

enum { MOST = 192 };

static int32_t text[MOST];

/* The golden's text and what follows it, as far as its length. */
static void open_subject(heft_subject *s, const char *name)
{
    int32_t T = 0;
    heft_subject_open(s, name, 0);
    s->cache = HEFT_CACHE_F16;
    for (int32_t i = 0; i < s->g->n_ids + s->g->n_greedy && T < s->g->length; i++) {
        assert_true(T < MOST);
        text[T++] = i < s->g->n_ids ? s->g->ids[i] : s->g->greedy[i - s->g->n_ids];
    }
    heft_subject_expect(s, text, T);
}

/* Tokens of another text. */
static void stray(heft_seq *seq, const heft_subject *s, int32_t n)
{
    heft_error err = { 0 };
    const int32_t room = s->g->length - heft_seq_length(seq);
    assert_ok(heft_seq_feed(seq, s->text + 3, n < room ? n : room, HEFT_LOGITS_NONE, &err), &err);
}

static void in_chunks(const heft_subject *s)
{
    static const struct {
        int32_t threads, chunk;
    } each[] = { { 1, 1 }, { 2, 7 }, { 3, 33 } };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        heft_engine *e = heft_subject_engine(s, NULL, each[i].threads, 1, s->T);
        heft_seq *seq = heft_subject_seq(e);
        heft_subject_feed(s, seq, 0, s->T, each[i].chunk);
        heft_seq_close(seq);
        heft_engine_close(e);
    }
}

/* Ours between two others, in portions of other sizes than theirs. */
static void in_a_crowd(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 3, 3 * s->T);
    heft_seq *seq[3] = { heft_subject_seq(e), heft_subject_seq(e), heft_subject_seq(e) };
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
                                     HEFT_LOGITS_ALL, false };
        }
        assert_ok(heft_engine_step(e, feed, n, &err), &err);
        heft_subject_rows(s, e, before, at, ours);
    }
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(seq[i]);
    heft_engine_close(e);
}

static void after_a_fork(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 2, 2 * s->T);
    for (int32_t at = 31; at <= 41; at += 5) {
        heft_seq *parent = heft_subject_seq(e), *child = NULL;
        heft_subject_feed(s, parent, 0, at, 13);
        assert_ok(heft_seq_fork(parent, &child, &err), &err);
        stray(parent, s, 9);
        heft_subject_feed(s, child, heft_seq_length(child), s->T, 13);
        heft_seq_close(child);
        heft_seq_close(parent);
    }
    heft_engine_close(e);
}

static void after_a_rewind(const heft_subject *s)
{
    heft_error err = { 0 };
    static const int32_t to[] = { 41, 40, 32, 31, 9, 1, 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 1, s->T);
    heft_seq *seq = heft_subject_seq(e);
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        heft_subject_feed(s, seq, heft_seq_length(seq), s->T, 50);
        assert_ok(heft_seq_rewind(seq, to[i], &err), &err);
        stray(seq, s, 12);
        assert_ok(heft_seq_rewind(seq, to[i], &err), &err);
        heft_subject_feed(s, seq, heft_seq_length(seq), s->T, 50);
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
        heft_subject s;
        open_subject(&s, names.name[i]);
        in_chunks(&s);
        in_a_crowd(&s);
        after_a_fork(&s);
        after_a_rewind(&s);
        heft_subject_close(&s);
    }
    assert_true(names.n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_family_gives_the_same_bits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

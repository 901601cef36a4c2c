/* Law 3 where tokens choose what they attend to: the same tokens give the same bytes of logits,
 * whatever the chunks, the threads, the neighbours, forks, rewinds and the instruction set. A
 * choice that differed by one key would be a jump of the logits.
 *
 * 120 tokens, of which each attends to 8: choices reach over page boundaries, which fall inside
 * chunks. Of the numbered traps of the design notes: 22, an index is exercised beyond its top. */
#include "ops/cpu.h"
#include "subject.h"
#include "testing.h"
#include "workers.h"

#include <string.h>

enum { T = 120, V = 96 };

static int32_t text[T], other[T];

typedef struct {
    const char *golden;
    heft_dtype gguf; /* F32: the release, in BF16 */
    heft_cache_type cache;
} form;

static void open_subject(heft_subject *s, const form *f)
{
    for (int32_t i = 0; i < T; i++) {
        text[i] = (i * 37 + i * i * 11 + 5) % V;
        other[i] = (i * 29 + i * i * 7 + 50) % V;
    }
    heft_subject_open(s, f->golden, f->gguf);
    assert_int_equal(s->g->vocab, V);
    s->cache = f->cache;
    s->context = T; /* longer than the golden's own */
    heft_subject_expect(s, text, T);
}

static void any_chunks_and_threads(const heft_subject *s)
{
    static const int32_t chunks[] = { 1, 7, 32, T };
    for (int32_t threads = 1; threads <= 3; threads++) {
        heft_engine *e = heft_subject_engine(s, NULL, threads, 1, T);
        for (int32_t c = 0; c < 4 || (c < MOST_TRIES && !heft_all_worked(e->device->pool)); c++) {
            heft_seq *seq = heft_subject_seq(e);
            heft_subject_feed(s, seq, 0, T, chunks[c % 4]);
            heft_seq_close(seq);
        }
        assert_true(heft_all_worked(e->device->pool));
        heft_engine_close(e);
    }
}

/* Ours is the middle one of three sequences; the others come in other portions. */
static void in_a_crowd(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 3, T);
    heft_seq *seq[3] = { heft_subject_seq(e), heft_subject_seq(e), heft_subject_seq(e) };
    for (int32_t at = 0; at < T; at += 30) {
        const int32_t few = 3 + at / 30;
        const heft_feed f[3] = { { seq[0], other + at, few, HEFT_LOGITS_ALL, false },
                                 { seq[1], text + at, 30, HEFT_LOGITS_ALL, false },
                                 { seq[2], other + at / 2, 17, HEFT_LOGITS_ALL, false } };
        assert_ok(heft_engine_step(e, f, 3, &err), &err);
        heft_subject_rows(s, e, few, at, 30);
    }
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(seq[i]);
    heft_engine_close(e);
}

/* The child goes on with our text, the parent with another: neither sees the other's pages. */
static void after_a_fork(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 2, T);
    for (int32_t at = 62; at <= 66; at += 2) {
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
    heft_engine *e = heft_subject_engine(s, NULL, 2, 1, T);
    heft_seq *seq = heft_subject_seq(e);
    static const int32_t to[] = { 99, 98, 65, 64, 9, 8, 1, 0 };
    heft_subject_feed(s, seq, 0, 100, 33);
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        assert_ok(heft_seq_rewind(seq, to[i], &err), &err);
        heft_subject_feed(s, seq, to[i], 100, 50);
        assert_ok(heft_seq_feed(seq, other, 20, HEFT_LOGITS_NONE, &err), &err);
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

/* Without the choice the logits of every token beyond the eighth are others. */
static void a_choice_is_made_from_the_ninth_token_on(void **state)
{
    heft_subject s;
    open_subject(&s, *state);
    for (int32_t i = 0; i < s.model->net.spec.L; i++)
        s.model->net.spec.layer[i].attn.index.top = 0;
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(&s, NULL, 1, 1, T);
    heft_seq *seq = heft_subject_seq(e);
    assert_ok(heft_seq_feed(seq, text, T, HEFT_LOGITS_ALL, &err), &err);
    for (int32_t t = 0; t < T; t++) {
        const int differs =
            memcmp(heft_engine_logits(e, t), s.expected + (size_t)t * V, V * sizeof(float));
        assert_int_equal(differs != 0, t >= 8);
    }
    heft_seq_close(seq);
    heft_engine_close(e);
    heft_subject_close(&s);
}

#define CASE(name, test, golden, type, cache)                                                      \
    {                                                                                              \
        name, test, NULL, NULL, &(form)                                                            \
        {                                                                                          \
            golden, type, cache                                                                    \
        }                                                                                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("deepseek_v32, f16 cache", the_same_bits, "deepseek_v32_plain", HEFT_F32,
             HEFT_CACHE_F16),
        CASE("deepseek_v32 as Q8_0, f32 cache", the_same_bits, "deepseek_v32_plain", HEFT_Q8_0,
             HEFT_CACHE_F32),
        CASE("glm_moe_dsa sharing choices, bf16 cache", the_same_bits, "glm_moe_dsa_shared",
             HEFT_F32, HEFT_CACHE_BF16),
        CASE("a choice is made from the ninth token on", a_choice_is_made_from_the_ninth_token_on,
             "glm_moe_dsa_shared", HEFT_F32, HEFT_CACHE_F32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

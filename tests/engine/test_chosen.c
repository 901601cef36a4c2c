/* Law 3 where tokens choose what they attend to: the same tokens give the same bytes of logits,
 * whatever the chunks, the threads, the neighbours, forks, rewinds and the instruction set. A
 * choice that differed by one key would be a jump of the logits.
 *
 * 120 tokens, of which each attends to 8: choices reach over page boundaries, which fall inside
 * chunks. Of the numbered traps of the design notes: 22, an index is exercised beyond its top. */
#include "engine/engine.h"
#include "golden_model.h"
#include "ops/cpu.h"
#include "scratch.h"
#include "testing.h"
#include "workers.h"

#include <string.h>

enum { T = 120, V = 96 };

static int32_t text[T], other[T];

typedef struct {
    const char *golden;
    heft_dtype gguf; /* F32: the release, in BF16 */
    heft_cache_type cache;
} subject;

static char folder[HEFT_SCRATCH_PATH];
static heft_golden *golden;
static heft_model *model;
static heft_cache_type cache;
static float expected[T * V]; /* by the scalar code, one thread, one chunk */

static heft_engine *open_engine(const char *isa, int32_t threads, int32_t sequences)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    const heft_engine_options o = { .threads = threads,
                                    .isa = isa,
                                    .context = T,
                                    .sequences = sequences,
                                    .batch = T,
                                    .outputs = T,
                                    .cache = cache };
    assert_ok(heft_engine_open(model, &o, &e, &err), &err);
    return e;
}

static heft_seq *open_seq(heft_engine *e)
{
    heft_error err = { 0 };
    heft_seq *s = NULL;
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    return s;
}

/* Feed text[from .. to-1] in chunks and compare every row's logits with the expected ones. */
static void feed_and_compare(heft_seq *s, int32_t from, int32_t to, int32_t chunk)
{
    heft_error err = { 0 };
    for (int32_t at = from; at < to; at += chunk) {
        const int32_t n = to - at < chunk ? to - at : chunk;
        const heft_feed f = { s, text + at, n, HEFT_LOGITS_ALL };
        assert_ok(heft_engine_step(s->e, &f, 1, &err), &err);
        for (int32_t i = 0; i < n; i++)
            assert_memory_equal(heft_engine_logits(s->e, i), expected + (size_t)(at + i) * V,
                                V * sizeof(float));
    }
}

static void open_subject(const subject *s)
{
    heft_error err = { 0 };
    char path[HEFT_SCRATCH_PATH + 16];
    assert_ok(heft_golden_open(s->golden, &golden, &err), &err);
    assert_int_equal(golden->vocab, V);
    heft_scratch_open(folder);
    heft_scratch_file(folder, s->gguf ? "m.gguf" : "", path, sizeof path);
    const heft_golden_form bf16 = { .dtype = HEFT_BF16, .pad = 1 };
    assert_ok(s->gguf ? heft_golden_write_gguf(golden, path, s->gguf, &err)
                      : heft_golden_write_release(golden, path, &bf16, &err),
              &err);
    assert_ok(heft_model_open(path, NULL, &model, &err), &err);
    cache = s->cache;
    for (int32_t i = 0; i < T; i++) {
        text[i] = (i * 37 + i * i * 11 + 5) % V;
        other[i] = (i * 29 + i * i * 7 + 50) % V;
    }
    heft_engine *e = open_engine("scalar", 1, 1);
    heft_seq *seq = open_seq(e);
    const heft_feed f = { seq, text, T, HEFT_LOGITS_ALL };
    assert_ok(heft_engine_step(e, &f, 1, &err), &err);
    memcpy(expected, heft_engine_logits(e, 0), sizeof expected);
    assert_true(expected[0] != expected[1] && expected[0] == expected[0]);
    heft_seq_close(seq);
    heft_engine_close(e);
}

static void close_subject(void)
{
    heft_model_close(model);
    heft_golden_close(golden);
    heft_scratch_close(folder);
}

static void any_chunks_and_threads(void)
{
    static const int32_t chunks[] = { 1, 7, 32, T };
    for (int32_t threads = 1; threads <= 3; threads++) {
        heft_engine *e = open_engine(NULL, threads, 1);
        for (int32_t c = 0; c < 4 || (c < MOST_TRIES && !heft_all_worked(e->device->pool)); c++) {
            heft_seq *s = open_seq(e);
            feed_and_compare(s, 0, T, chunks[c % 4]);
            heft_seq_close(s);
        }
        assert_true(heft_all_worked(e->device->pool));
        heft_engine_close(e);
    }
}

/* Ours is the middle one of three sequences; the others come in other portions. */
static void in_a_crowd(void)
{
    heft_error err = { 0 };
    heft_engine *e = open_engine(NULL, 2, 3);
    heft_seq *s[3] = { open_seq(e), open_seq(e), open_seq(e) };
    for (int32_t at = 0; at < T; at += 30) {
        const int32_t few = 3 + at / 30;
        const heft_feed f[3] = { { s[0], other + at, few, HEFT_LOGITS_ALL },
                                 { s[1], text + at, 30, HEFT_LOGITS_ALL },
                                 { s[2], other + at / 2, 17, HEFT_LOGITS_ALL } };
        assert_ok(heft_engine_step(e, f, 3, &err), &err);
        for (int32_t i = 0; i < 30; i++)
            assert_memory_equal(heft_engine_logits(e, few + i), expected + (size_t)(at + i) * V,
                                V * sizeof(float));
    }
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(s[i]);
    heft_engine_close(e);
}

/* The child goes on with our text, the parent with another: neither sees the other's pages. */
static void after_a_fork(void)
{
    heft_error err = { 0 };
    heft_engine *e = open_engine(NULL, 2, 2);
    for (int32_t at = 62; at <= 66; at += 2) {
        heft_seq *parent = open_seq(e), *child = NULL;
        feed_and_compare(parent, 0, at, 41);
        assert_ok(heft_seq_fork(parent, &child, &err), &err);
        assert_ok(heft_seq_feed(parent, other, 50, HEFT_LOGITS_LAST, &err), &err);
        feed_and_compare(child, at, T, 13);
        heft_seq_close(child);
        assert_ok(heft_seq_rewind(parent, at, &err), &err);
        feed_and_compare(parent, at, T, 13);
        heft_seq_close(parent);
    }
    heft_engine_close(e);
}

static void after_a_rewind(void)
{
    heft_error err = { 0 };
    heft_engine *e = open_engine(NULL, 2, 1);
    heft_seq *s = open_seq(e);
    static const int32_t to[] = { 99, 98, 65, 64, 9, 8, 1, 0 };
    feed_and_compare(s, 0, 100, 33);
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        assert_ok(heft_seq_rewind(s, to[i], &err), &err);
        feed_and_compare(s, to[i], 100, 50);
        assert_ok(heft_seq_feed(s, other, 20, HEFT_LOGITS_NONE, &err), &err);
    }
    heft_seq_close(s);
    heft_engine_close(e);
}

static void the_same_bits(void **state)
{
    open_subject(*state);
    any_chunks_and_threads();
    in_a_crowd();
    after_a_fork();
    after_a_rewind();
    close_subject();
}

/* Without the choice the logits of every token beyond the eighth are others. */
static void a_choice_is_made_from_the_ninth_token_on(void **state)
{
    open_subject(*state);
    for (int32_t i = 0; i < model->net.spec.L; i++)
        model->net.spec.layer[i].attn.index.top = 0;
    heft_error err = { 0 };
    heft_engine *e = open_engine(NULL, 1, 1);
    heft_seq *s = open_seq(e);
    assert_ok(heft_seq_feed(s, text, T, HEFT_LOGITS_ALL, &err), &err);
    for (int32_t t = 0; t < T; t++) {
        const int differs =
            memcmp(heft_engine_logits(e, t), expected + (size_t)t * V, V * sizeof(float));
        assert_int_equal(differs != 0, t >= 8);
    }
    heft_seq_close(s);
    heft_engine_close(e);
    close_subject();
}

#define CASE(name, test, golden, type, cache)                                                      \
    {                                                                                              \
        name, test, NULL, NULL, &(subject)                                                         \
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

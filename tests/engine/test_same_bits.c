/* Law 3 for the whole model: the same tokens give the same bytes of logits, whatever the chunking,
 * the threads, the neighbours, forks, rewinds, the instruction set and the number format.
 *
 * The model: width 512, feed-forward 768, 4 heads of 128 over 1, 517 tokens, 2 layers of which the
 * second has a window; 200 tokens, so that page and window boundaries fall inside chunks. */
#include "engine/engine.h"
#include "ops/cpu.h"
#include "scratch.h"
#include "synthetic.h"
#include "testing.h"
#include "workers.h"

#include <string.h>

enum { T = 200, V = 517, WINDOW = 24 };

static int32_t text[T], other[T];

typedef struct {
    heft_dtype type;
    heft_cache_type cache;
} format;

static char folder[HEFT_SCRATCH_PATH];
static heft_model *model;
static float *expected; /* (n, V) by the scalar code, one thread, one chunk */

static heft_engine *engine(const char *isa, int32_t threads, int32_t sequences, int32_t batch,
                           heft_cache_type cache)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    heft_engine_options o = { .threads = threads,
                              .isa = isa,
                              .context = T,
                              .sequences = sequences,
                              .batch = batch,
                              .outputs = batch,
                              .cache = cache };
    assert_ok(heft_engine_open(model, &o, &e, &err), &err);
    return e;
}

/* Feed text[from .. to-1] in chunks and compare every row's logits with the expected ones. */
static void feed_and_compare(heft_seq *s, int32_t from, int32_t to, int32_t chunk)
{
    heft_error err = { 0 };
    for (int32_t at = from; at < to; at += chunk) {
        int32_t n = to - at < chunk ? to - at : chunk;
        heft_feed f = { s, text + at, n, HEFT_LOGITS_ALL, false };
        assert_ok(heft_engine_step(s->e, &f, 1, &err), &err);
        for (int32_t i = 0; i < n; i++)
            assert_memory_equal(heft_engine_logits(s->e, i), expected + (size_t)(at + i) * V,
                                V * sizeof(float));
    }
}

static heft_seq *open_seq(heft_engine *e)
{
    heft_error err = { 0 };
    heft_seq *s = NULL;
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    return s;
}

/* Expect what the scalar code says of the first n tokens. */
static void open_model(heft_dtype type, heft_cache_type cache, int32_t n)
{
    heft_error err = { 0 };
    const heft_synthetic shape = { .arch = "qwen2",
                                   .L = 2,
                                   .D = 512,
                                   .H = 4,
                                   .G = 1,
                                   .dk = 128,
                                   .F = 768,
                                   .V = V,
                                   .ctx = 4096,
                                   .type = type,
                                   .seed = 7 };
    char path[512];
    heft_scratch_open(folder);
    heft_scratch_file(folder, "model.gguf", path, sizeof path);
    assert_ok(heft_synthetic_write(&shape, path, &err), &err);
    assert_ok(heft_model_open(path, NULL, &model, &err), &err);
    model->net.spec.layer[1].attn.window = WINDOW;
    for (int32_t i = 0; i < T; i++) {
        text[i] = (int32_t)(heft_synthetic_hash(1, (uint64_t)i) % V);
        other[i] = (int32_t)(heft_synthetic_hash(2, (uint64_t)i) % V);
    }
    heft_engine *e = engine("scalar", 1, 1, n, cache);
    heft_seq *s = open_seq(e);
    heft_feed f = { s, text, n, HEFT_LOGITS_ALL, false };
    const size_t bytes = sizeof(float) * (size_t)n * V;
    assert_ok(heft_engine_step(e, &f, 1, &err), &err);
    expected = malloc(bytes);
    memcpy(expected, heft_engine_logits(e, 0), bytes);
    assert_true(expected[0] != expected[1] && expected[0] == expected[0]);
    heft_seq_close(s);
    heft_engine_close(e);
}

static void close_model(void)
{
    heft_model_close(model);
    free(expected);
    heft_scratch_close(folder);
}

static void any_chunks_and_threads(heft_cache_type cache)
{
    static const int32_t chunks[] = { 1, 7, 32, T };
    for (int32_t threads = 1; threads <= 3; threads++) {
        heft_engine *e = engine(NULL, threads, 1, T, cache);
        for (int32_t c = 0; c < 4 || (c < MOST_TRIES && !heft_all_worked(e->device->pool)); c++) {
            heft_seq *s = open_seq(e);
            feed_and_compare(s, 0, T, chunks[c % 4]);
            heft_seq_close(s);
        }
        assert_true(heft_all_worked(e->device->pool));
        heft_engine_close(e);
    }
}

static void in_a_crowd(heft_cache_type cache)
{
    heft_error err = { 0 };
    heft_engine *e = engine(NULL, 2, 3, 3 * 32, cache);
    heft_seq *s[3] = { open_seq(e), open_seq(e), open_seq(e) };
    int32_t given[3] = { 0 };
    while (given[1]
           < T) { /* ours is the second; the others come in odd portions, before and behind it */
        heft_feed f[3];
        int32_t n = 0, before = 0;
        for (int32_t i = 0; i < 3; i++) {
            int32_t want = i == 1 ? 1 + given[1] % 17 : 1 + (given[1] + 5 * i) % 13;
            int32_t left = T - given[i] < want ? T - given[i] : want;
            if (left == 0) continue;
            if (i == 0) before = left;
            f[n++] = (heft_feed){ s[i], (i == 1 ? text : other) + given[i], left, HEFT_LOGITS_ALL,
                                  false };
        }
        assert_ok(heft_engine_step(e, f, n, &err), &err);
        int32_t ours = given[0] < T ? 1 : 0;
        for (int32_t i = 0; i < f[ours].n; i++)
            assert_memory_equal(heft_engine_logits(e, before + i),
                                expected + (size_t)(given[1] + i) * V, V * sizeof(float));
        for (int32_t i = 0; i < 3; i++)
            given[i] = heft_seq_length(s[i]);
    }
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(s[i]);
    heft_engine_close(e);
}

/* The child goes on with our text, the parent with another: neither sees the other's pages. */
static void after_a_fork(heft_cache_type cache)
{
    heft_error err = { 0 };
    heft_engine *e = engine(NULL, 2, 2, T, cache);
    for (int32_t at = 90; at <= 96; at += 3) {
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

static void after_a_rewind(heft_cache_type cache)
{
    heft_error err = { 0 };
    heft_engine *e = engine(NULL, 2, 1, T, cache);
    heft_seq *s = open_seq(e);
    static const int32_t to[] = { 150, 149, 77, 64, 1, 0 };
    feed_and_compare(s, 0, 160, 50);
    for (int32_t i = 0; i < 6; i++) {
        assert_ok(heft_seq_rewind(s, to[i], &err), &err);
        assert_int_equal(heft_seq_length(s), to[i]);
        feed_and_compare(s, to[i], 160, 50);
        assert_ok(heft_seq_feed(s, other, 40, HEFT_LOGITS_NONE, &err), &err);
    }
    heft_seq_close(s);
    heft_engine_close(e);
}

static void the_same_bits(void **state)
{
    const format *f = *state;
    open_model(f->type, f->cache, T);
    any_chunks_and_threads(f->cache);
    in_a_crowd(f->cache);
    after_a_fork(f->cache);
    after_a_rewind(f->cache);
    close_model();
}

/* What depends on the number format alone: few columns and many. */
static void the_same_bits_few_and_many(void **state)
{
    const format *f = *state;
    open_model(f->type, f->cache, 40);
    heft_engine *e = engine(NULL, 2, 1, 40, f->cache);
    heft_seq *s = open_seq(e);
    feed_and_compare(s, 0, 12, 4);
    feed_and_compare(s, 12, 40, 28);
    heft_seq_close(s);
    heft_engine_close(e);
    close_model();
}

#define CASE(name, dtype, cache)                                                                   \
    {                                                                                              \
        name, the_same_bits, NULL, NULL, &(format)                                                 \
        {                                                                                          \
            dtype, cache                                                                           \
        }                                                                                          \
    }

int main(void)
{
    enum { CASES = 9 };
    struct CMUnitTest tests[CASES + HEFT_DTYPES] = {
        CASE("f32 weights, f32 cache", HEFT_F32, HEFT_CACHE_F32),
        CASE("bf16 weights, bf16 cache", HEFT_BF16, HEFT_CACHE_BF16),
        CASE("f16 weights, f16 cache", HEFT_F16, HEFT_CACHE_F16),
        CASE("f16 weights, q8_0 cache", HEFT_F16, HEFT_CACHE_Q8_0),
        CASE("q8_0 weights", HEFT_Q8_0, HEFT_CACHE_F16),
        CASE("q4_0 weights", HEFT_Q4_0, HEFT_CACHE_F16),
        CASE("q4_k weights", HEFT_Q4_K, HEFT_CACHE_F16),
        CASE("q5_k weights", HEFT_Q5_K, HEFT_CACHE_F16),
        CASE("q6_k weights", HEFT_Q6_K, HEFT_CACHE_F16),
    };
    static format formats[HEFT_DTYPES];
    /* the formats before it have cases above; cmocka passes over empty entries */
    for (int32_t t = HEFT_Q6_K + 1; t < HEFT_DTYPES; t++) {
        if (heft_dtypes[t].sum <= HEFT_SUM_F || heft_dtypes[t].gguf < 0) continue;
        formats[t] = (format){ (heft_dtype)t, HEFT_CACHE_F16 };
        tests[CASES + t] =
            (struct CMUnitTest)cmocka_unit_test_prestate(the_same_bits_few_and_many, &formats[t]);
        tests[CASES + t].name = heft_dtypes[t].name;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

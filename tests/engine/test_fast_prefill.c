/* fast_prefill: rows of prompts go another way, which is the same bits whatever the chunks, the
 * threads, the instruction set and the neighbours; all other rows go as they always do. */
#include "ops/cpu.h"
#include "subject.h"
#include "synthetic.h"
#include "testing.h"
#include "workers.h"

#include <string.h>

enum { MOST = 640, V = 96 };

/* A model, and what it says of a text in one step: of one prompt, by the scalar code, and of one
 * that is not. */
typedef struct {
    heft_model *model;
    heft_golden *g; /* or a model made of a hash */
    char at[HEFT_SCRATCH_PATH];
    heft_cache_type cache;
    int32_t T;               /* tokens of the text */
    float *expected, *plain; /* (T, V) */
} subject;

static int32_t text[MOST], other[MOST];

/* Small, and wide enough for a cache of blocks. */
static const heft_synthetic small = { .arch = "deepseek2",
                                      .L = 2,
                                      .D = 64,
                                      .H = 2,
                                      .G = 1,
                                      .dk = 64,
                                      .F = 96,
                                      .V = V,
                                      .ctx = 1024,
                                      .kv_rank = 64,
                                      .rotated = 32,
                                      .dv = 40,
                                      .type = HEFT_BF16,
                                      .seed = 3 };

static heft_engine *open_engine(const subject *s, const char *isa, int32_t threads,
                                int32_t sequences, int32_t batch, bool fast)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    const heft_engine_options o = { .threads = threads,
                                    .isa = isa,
                                    .context = s->T,
                                    .sequences = sequences,
                                    .batch = batch,
                                    .outputs = batch,
                                    .cache = s->cache,
                                    .fast_prefill = fast };
    assert_ok(heft_engine_open(s->model, &o, &e, &err), &err);
    return e;
}

static heft_seq *open_seq(heft_engine *e)
{
    heft_error err = { 0 };
    heft_seq *q = NULL;
    assert_ok(heft_seq_open(e, 0, &q, &err), &err);
    return q;
}

static void step(heft_engine *e, const heft_feed *f, int32_t n)
{
    heft_error err = { 0 };
    assert_ok(heft_engine_step(e, f, n, &err), &err);
}

/* The last step's outputs from `first` on are rows from .. from + n - 1 of what is expected. */
static void same_rows(const subject *s, const float *expected, const heft_engine *e, int32_t first,
                      int32_t from, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (memcmp(heft_engine_logits(e, first + i), expected + (size_t)(from + i) * V,
                   V * sizeof(float))
            != 0)
            fail_msg("%s: token %d gets other bits", s->g ? s->g->directory : "made", from + i);
}

static void feed(const subject *s, heft_seq *q, int32_t from, int32_t to, int32_t chunk)
{
    for (int32_t at = from; at < to; at += chunk) {
        const int32_t n = to - at < chunk ? to - at : chunk;
        step(q->e, &(heft_feed){ q, text + at, n, HEFT_LOGITS_ALL, true }, 1);
        same_rows(s, s->expected, q->e, 0, at, n);
    }
}

static void expect(subject *s)
{
    const size_t n = (size_t)s->T * V;
    assert_true(s->T <= MOST);
    for (int32_t i = 0; i < MOST; i++) {
        text[i] = (i * 37 + i * i * 11 + 5) % V;
        other[i] = (i * 29 + i * i * 7 + 50) % V;
    }
    s->expected = heft_alloc(n, sizeof *s->expected);
    s->plain = heft_alloc(n, sizeof *s->plain);
    assert_true(s->expected && s->plain);
    for (int32_t fast = 0; fast < 2; fast++) {
        heft_engine *e = open_engine(s, fast ? "scalar" : NULL, 1, 1, s->T, true);
        heft_seq *q = open_seq(e);
        step(e, &(heft_feed){ q, text, s->T, HEFT_LOGITS_ALL, fast }, 1);
        memcpy(fast ? s->expected : s->plain, heft_engine_logits(e, 0), n * sizeof(float));
        heft_seq_close(q);
        heft_engine_close(e);
    }
    assert_true(s->expected[0] == s->expected[0] && s->expected[0] != s->expected[n - 1]);
    assert_memory_not_equal(s->expected, s->plain, n * sizeof(float)); /* or it is one way */
}

/* The golden of this name as a release in BF16 or, where type is not 0, as a GGUF file; NULL: the
 * small model. */
static void set_up(subject *s, const char *golden, heft_dtype type, heft_cache_type cache)
{
    heft_error err = { 0 };
    char path[HEFT_SCRATCH_PATH + 16];
    const heft_golden_form bf16 = { .dtype = HEFT_BF16, .pad = 1 };
    *s = (subject){ .cache = cache, .T = golden ? 120 : MOST };
    heft_scratch_open(s->at);
    heft_scratch_file(s->at, "model.gguf", path, sizeof path);
    if (golden) assert_ok(heft_golden_open(golden, &s->g, &err), &err);
    if (!golden)
        assert_ok(heft_synthetic_write(&small, path, &err), &err);
    else if (type)
        assert_ok(heft_golden_write_gguf(s->g, path, type, &err), &err);
    else
        assert_ok(heft_golden_write_release(s->g, s->at, &bf16, &err), &err);
    assert_ok(heft_model_open(golden && !type ? s->at : path, NULL, &s->model, &err), &err);
    assert_int_equal(heft_model_describe(s->model)->vocab, V);
    expect(s);
}

static void tear_down(subject *s)
{
    heft_free(s->plain);
    heft_free(s->expected);
    heft_model_close(s->model);
    heft_scratch_close(s->at);
    heft_golden_close(s->g);
}

static void any_chunks_and_threads(const subject *s)
{
    static const int32_t threads[] = { 1, 2, 3, 9 }; /* more than twice as many as heads */
    const int32_t chunks[] = { s->T > 200 ? 61 : 1, 7, 32, s->T };
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        heft_engine *e = open_engine(s, NULL, threads[i], 1, s->T, true);
        for (int32_t c = s->T > 200 ? 2 : 0; c < 4; c++) {
            heft_seq *q = open_seq(e);
            feed(s, q, 0, s->T, chunks[c]);
            heft_seq_close(q);
        }
        heft_engine_close(e);
    }
}

/* Four sequences of one text, two as prompts and two as if they were written, in one step after
 * another; each is worth what it is alone. */
static void in_a_crowd(const subject *s)
{
    static const int32_t rows[4] = { 3, 20, 9, 1 };
    heft_engine *e = open_engine(s, NULL, 2, 4, s->T, true);
    heft_feed f[4];
    for (int32_t i = 0; i < 4; i++)
        f[i] = (heft_feed){ open_seq(e), text, rows[i], HEFT_LOGITS_ALL, i == 1 || i == 2 };
    for (int32_t done = 0; done < 5; done++) {
        step(e, f, 4);
        for (int32_t i = 0, first = 0; i < 4; first += rows[i++]) {
            same_rows(s, f[i].prompt ? s->expected : s->plain, e, first, done * rows[i], rows[i]);
            f[i].token += rows[i];
        }
    }
    for (int32_t i = 0; i < 4; i++)
        heft_seq_close(f[i].seq);
    heft_engine_close(e);
}

static void after_fork_and_rewind(const subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = open_engine(s, NULL, 2, 2, s->T, true);
    heft_seq *q = open_seq(e), *child = NULL;
    feed(s, q, 0, 45, 13);
    assert_ok(heft_seq_fork(q, &child, &err), &err);
    step(e, &(heft_feed){ q, other, 9, HEFT_LOGITS_NONE, true }, 1);
    feed(s, child, 45, 100, 50);
    assert_ok(heft_seq_rewind(q, 33, &err), &err);
    feed(s, q, 33, 100, 30);
    heft_seq_close(child);
    heft_seq_close(q);
    heft_engine_close(e);
}

static void the_same_prompt_gives_the_same_bits(void **state)
{
    (void)state;
    static const struct {
        const char *golden;
        heft_dtype type;
        heft_cache_type cache;
    } each[] = {
        { "deepseek_v2_yarn", 0, HEFT_CACHE_F16 },
        { "deepseek_v2_lite", HEFT_Q8_0, HEFT_CACHE_BF16 },
        { "deepseek_v3_apart", HEFT_Q8_0, HEFT_CACHE_F16 }, /* blocks stored as columns */
        { "kimi_k2_plain", 0, HEFT_CACHE_F32 },
        { NULL, 0, HEFT_CACHE_Q8_0 }, /* two spans */
    };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        subject s;
        set_up(&s, each[i].golden, each[i].type, each[i].cache);
        any_chunks_and_threads(&s);
        in_a_crowd(&s);
        after_fork_and_rewind(&s);
        tear_down(&s);
    }
}

/* Each row of what follows a prompt alone, and all of them at once, as guesses are run. */
static void what_is_written_behind_a_prompt_is_not_expanded(void **state)
{
    (void)state;
    enum { PROMPT = 60, N = 6 };
    subject s;
    set_up(&s, NULL, 0, HEFT_CACHE_F16);
    float one[N * V];
    heft_engine *e = open_engine(&s, NULL, 2, 1, s.T, true);
    heft_seq *q = open_seq(e);
    heft_error err = { 0 };
    feed(&s, q, 0, PROMPT, PROMPT);
    for (int32_t i = 0; i < N; i++) {
        step(e, &(heft_feed){ q, text + PROMPT + i, 1, HEFT_LOGITS_LAST, false }, 1);
        memcpy(one + i * V, heft_engine_logits(e, 0), V * sizeof *one);
    }
    assert_memory_not_equal(one, s.expected + (size_t)PROMPT * V, V * sizeof *one);
    assert_ok(heft_seq_rewind(q, PROMPT, &err), &err);
    step(e, &(heft_feed){ q, text + PROMPT, N, HEFT_LOGITS_ALL, false }, 1);
    assert_memory_equal(one, heft_engine_logits(e, 0), sizeof one);
    heft_seq_close(q);
    heft_engine_close(e);
    e = open_engine(&s, NULL, 2, 1, s.T, false); /* nor is a prompt without the option */
    q = open_seq(e);
    step(e, &(heft_feed){ q, text, 30, HEFT_LOGITS_ALL, true }, 1);
    same_rows(&s, s.plain, e, 0, 0, 30);
    heft_seq_close(q);
    heft_engine_close(e);
    tear_down(&s);
}

static void feeding_takes_many_tokens_for_a_prompt_whatever_the_steps(void **state)
{
    (void)state;
    static const int32_t batch[] = { 32, 128, MOST };
    subject s;
    heft_error err = { 0 };
    float few[V];
    set_up(&s, NULL, 0, HEFT_CACHE_F16);
    for (size_t i = 0; i < sizeof batch / sizeof *batch; i++) {
        heft_engine *e = open_engine(&s, NULL, 2, 1, batch[i], true);
        heft_seq *q = open_seq(e);
        assert_ok(heft_seq_feed(q, text, HEFT_PROMPT_LEAST, HEFT_LOGITS_LAST, &err), &err);
        same_rows(&s, s.expected, e, 0, HEFT_PROMPT_LEAST - 1, 1);
        heft_seq_close(q);
        q = open_seq(e);
        assert_ok(heft_seq_feed(q, text, HEFT_PROMPT_LEAST - 1, HEFT_LOGITS_LAST, &err), &err);
        if (i > 0) assert_memory_equal(few, heft_engine_logits(e, 0), sizeof few);
        memcpy(few, heft_engine_logits(e, 0), sizeof few);
        heft_seq_close(q);
        heft_engine_close(e);
    }
    assert_memory_not_equal(few, s.expected + (size_t)(HEFT_PROMPT_LEAST - 2) * V, sizeof few);
    tear_down(&s);
}

static void memory_is_what_the_plan_says(void **state)
{
    (void)state;
    static const int32_t threads[] = { 1, 3 };
    subject s;
    heft_error err = { 0 };
    set_up(&s, NULL, 0, HEFT_CACHE_Q8_0);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        heft_engine_options o = {
            .threads = threads[i], .context = s.T, .sequences = 3, .batch = 65, .fast_prefill = true
        };
        heft_plan plan, without;
        assert_ok(heft_engine_plan(s.model, &o, &plan, &err), &err);
        o.fast_prefill = false;
        assert_ok(heft_engine_plan(s.model, &o, &without, &err), &err);
        o.fast_prefill = true;
        /* a span's keys and values of a head for each thread, and its entries */
        assert_true(plan.work - without.work > 4 * HEFT_SPAN * (threads[i] * (64 + 40) + 96));
        assert_int_equal(plan.bytes_per_token, without.bytes_per_token);
        const size_t before = heft_mem().bytes;
        heft_engine *e = NULL;
        heft_mem_reset_peak();
        assert_ok(heft_engine_open(s.model, &o, &e, &err), &err);
        heft_seq *q[3] = { open_seq(e), open_seq(e), open_seq(e) };
        for (int32_t at = 0; at < 520; at += 60) { /* its rows must find room in the arena */
            const heft_feed f[] = { { q[0], other + at, 60, HEFT_LOGITS_NONE, true },
                                    { q[1], other + at, 1, HEFT_LOGITS_LAST, false },
                                    { q[2], other + at, 4, HEFT_LOGITS_LAST, true } };
            step(e, f, 3);
        }
        assert_int_equal(heft_mem().peak - before, plan.total_private - s.model->private_bytes);
        for (int32_t k = 0; k < 3; k++)
            heft_seq_close(q[k]);
        heft_engine_close(e);
        assert_int_equal(heft_mem().bytes, before);
    }
    tear_down(&s);
}

static void models_that_it_does_nothing_for_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *golden, *message;
    } refused[] = {
        { "llama_first",
          "fast prefill is of latent attention, and the model has none: leave it out" },
        { "deepseek_v32_plain", "fast prefill makes keys and values of all tokens, and layer 0 "
                                "attends to 8 chosen ones: leave it out" },
        { "glm_moe_dsa_shared", "fast prefill makes keys and values of all tokens, and layer 0 "
                                "attends to 8 chosen ones: leave it out" },
        { "deepseek_v4_plain",
          "fast prefill is of latent attention, and the model has none: leave it out" },
    };
    const heft_engine_options o = { .fast_prefill = true };
    const heft_golden_form bf16 = { .dtype = HEFT_BF16 };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        heft_error err = { 0 };
        heft_golden *g = NULL;
        heft_model *m = NULL;
        heft_engine *e = NULL;
        heft_plan plan;
        char at[HEFT_SCRATCH_PATH];
        heft_scratch_open(at);
        assert_ok(heft_golden_open(refused[i].golden, &g, &err), &err);
        assert_ok(heft_golden_write_release(g, at, &bf16, &err), &err);
        assert_ok(heft_model_open(at, NULL, &m, &err), &err);
        assert_int_equal(heft_engine_open(m, &o, &e, &err), HEFT_E_ARG);
        assert_string_equal(err.text, refused[i].message);
        assert_int_equal(heft_engine_plan(m, &o, &plan, &err), HEFT_E_ARG);
        heft_model_close(m);
        heft_scratch_close(at);
        heft_golden_close(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_prompt_gives_the_same_bits),
        cmocka_unit_test(what_is_written_behind_a_prompt_is_not_expanded),
        cmocka_unit_test(feeding_takes_many_tokens_for_a_prompt_whatever_the_steps),
        cmocka_unit_test(memory_is_what_the_plan_says),
        cmocka_unit_test(models_that_it_does_nothing_for_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

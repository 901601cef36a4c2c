/* A running engine allocates nothing: the C library's allocator is wrapped at link time and counts
 * calls from anywhere in heft, its threads included. */
#include "engine/engine.h"
#include "testing.h"

#include <stdatomic.h>

/* The linker's --wrap gives these names their meaning. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static atomic_int calls;

void *__wrap_malloc(size_t n)
{
    atomic_fetch_add(&calls, 1);
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    atomic_fetch_add(&calls, 1);
    return __real_realloc(p, n);
}

/* One prefill of 40 tokens, then n decode steps, each sampled and turned into text. */
static void work(heft_engine *e, int32_t prefills, int32_t decodes)
{
    heft_error err = { 0 };
    heft_seq *s = NULL;
    heft_sampling how = heft_sampling_default();
    how.repeat_penalty = 1.1f;
    static char text[1 << 16];
    int32_t prompt[40], token;
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    heft_stream out = { .t = e->m->tokenizer };
    for (int32_t p = 0; p < prefills; p++) {
        for (int32_t i = 0; i < 40; i++)
            prompt[i] = (7 * i + p) % 500;
        assert_ok(heft_seq_feed(s, prompt, 40, HEFT_LOGITS_LAST, &err), &err);
    }
    for (int32_t i = 0; i < decodes; i++) {
        assert_ok(heft_sample(e, heft_engine_logits(e, 0), heft_seq_tokens(s), heft_seq_length(s),
                              &how, &token, &err),
                  &err);
        (void)heft_stream_next(&out, token, text);
        assert_ok(heft_seq_feed(s, &token, 1, HEFT_LOGITS_LAST, &err), &err);
    }
    (void)heft_stream_end(&out, text);
    heft_seq_close(s);
}

static void a_running_engine_allocates_nothing(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_model *m = NULL;
    heft_engine *e = NULL;
    const heft_engine_options o = { .threads = 2, .context = 600, .batch = 32 };
    assert_ok(heft_model_open(HEFT_SOURCE_DIR "/models/fable", NULL, &m, &err), &err);
    assert_true(heft_stream_max(m->tokenizer) <= 1 << 16);
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_true(atomic_load(&calls) > 0); /* or nothing is wrapped */
    work(e, 1, 1);
    int before = atomic_load(&calls);
    work(e, 10, 100);
    assert_int_equal(atomic_load(&calls) - before, 0);
    heft_engine_close(e);
    heft_model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_running_engine_allocates_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

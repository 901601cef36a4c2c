/* Timing changes nothing, and leaves nothing out. */
#include "engine/engine.h"
#include "golden_model.h"
#include "scratch.h"
#include "testing.h"

#include <string.h>

/* Together they use every operation there is. */
static const struct {
    const char *name;
    bool fast; /* prompts by fast_prefill */
} models[] = {
    { "gpt2_plain", false },        { "gemma4_plain", false },      { "llama4_plain", false },
    { "qwen3_5_moe_plain", false }, { "deepseek_v4_plain", false }, { "deepseek_v32_plain", false },
    { "deepseek_v2_yarn", true },
};
enum { MODELS = sizeof models / sizeof models[0] };

static void run(heft_engine *e, const heft_golden *g, bool timed, float *logits)
{
    heft_error err = { 0 };
    heft_seq *s = NULL;
    const size_t n = (size_t)g->n_ids * (size_t)g->vocab;
    heft_engine_time(e, timed);
    assert_ok(heft_seq_open(e, g->length, &s, &err), &err);
    const heft_feed feed = { s, g->ids, g->n_ids, HEFT_LOGITS_ALL, true };
    assert_ok(heft_engine_step(e, &feed, 1, &err), &err);
    memcpy(logits, heft_engine_logits(e, 0), n * sizeof *logits);
    heft_seq_close(s);
}

static void take_calls(const heft_engine *e, const char *name, int64_t calls[HEFT_OPERATIONS])
{
    heft_operation_time t;
    int32_t i = 0;
    for (; heft_engine_timed(e, i, &t); i++) {
        assert_string_equal(t.name, heft_op_name(i));
        assert_true(t.seconds >= 0 && (t.calls > 0 || (t.seconds == 0 && t.bytes + t.macs == 0)));
        if (i == HEFT_OP_LINEAR || i == HEFT_OP_ATTEND)
            assert_true(t.calls == 0 || (t.macs > 0 && t.bytes > 0));
        calls[i] += t.calls;
    }
    assert_int_equal(i, HEFT_OPERATIONS);
    if (heft_engine_timed(e, -1, &t)) fail_msg("%s: an operation before the first", name);
}

/* What steps were counted as, as they ran, is what a rehearsal counts. */
static void compare_with_plan(heft_engine *e, const heft_golden *g)
{
    heft_error err = { 0 };
    heft_seq *s = NULL;
    heft_operation_time t;
    const int32_t part[2] = { g->n_ids - 1, 1 };
    assert_ok(heft_seq_open(e, g->length, &s, &err), &err);
    for (int32_t i = 0, past = 0; i < 2; past += part[i++]) {
        const heft_plan_device c = heft_engine_rehearse(e->m, &e->o, part[i], past, i == 0);
        const heft_feed feed = { s, g->ids + past, part[i], HEFT_LOGITS_LAST, i == 0 };
        int64_t bytes = 0, macs = 0;
        heft_engine_time(e, true);
        assert_ok(heft_engine_step(e, &feed, 1, &err), &err);
        for (int32_t k = 0; heft_engine_timed(e, k, &t); k++) {
            bytes += t.bytes;
            macs += t.macs;
        }
        assert_int_equal(bytes, c.weight_bytes + c.cache_bytes);
        assert_int_equal(macs, c.macs + c.attend_macs);
        assert_true(c.cache_bytes > 0 && c.attend_macs > 0);
    }
    heft_seq_close(s);
}

/* Row by row and key by key. */
static uint64_t counted(const heft_spec *s, int32_t T)
{
    uint64_t macs = 0;
    for (int32_t l = 0; l < s->L; l++) {
        const heft_attn *a = &s->layer[l].attn;
        for (int32_t pos = 0; pos < T; pos++)
            for (int32_t key = 0; key <= pos; key++)
                if ((!a->window || key > pos - a->window)
                    && (!a->chunk || key / a->chunk == pos / a->chunk))
                    macs += (uint64_t)a->H * (uint64_t)(a->dk + a->dv);
    }
    return macs;
}

static void attention_counts_the_keys_that_rows_see(void **state)
{
    (void)state;
    static const char *const name[] = { "gemma3_plain", "llama4_plain", "mistral_window" };
    heft_error err = { 0 };
    const heft_golden_form bf16 = { .dtype = HEFT_BF16 };
    const heft_engine_options f16 = { .cache = HEFT_CACHE_F16 };
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        char at[HEFT_SCRATCH_PATH];
        heft_golden *g = NULL;
        heft_model *m = NULL;
        assert_ok(heft_golden_open(name[i], &g, &err), &err);
        heft_scratch_open(at);
        assert_ok(heft_golden_write_release(g, at, &bf16, &err), &err);
        assert_ok(heft_model_open(at, NULL, &m, &err), &err);
        const heft_plan_device c = heft_engine_rehearse(m, &f16, g->n_ids, 0, false);
        assert_int_equal(c.attend_macs, counted(&m->net.spec, g->n_ids));
        const heft_plan_device less = heft_engine_rehearse(m, &f16, g->n_ids - 1, 0, false),
                               last = heft_engine_rehearse(m, &f16, 1, g->n_ids - 1, false);
        assert_int_equal(c.attend_macs, less.attend_macs + last.attend_macs);
        assert_int_equal(c.cache_bytes, last.cache_bytes);
        heft_model_close(m);
        heft_scratch_close(at);
        heft_golden_close(g);
    }
}

/* Of 9 rows after 21 others: what the cache has is made keys and values, once. */
static void fast_prefill_counts_what_it_makes_and_narrower_heads(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_golden *g = NULL;
    heft_model *m = NULL;
    char at[HEFT_SCRATCH_PATH];
    const heft_golden_form bf16 = { .dtype = HEFT_BF16 };
    const heft_engine_options o = { .fast_prefill = true };
    heft_scratch_open(at);
    assert_ok(heft_golden_open("deepseek_v2_yarn", &g, &err), &err);
    assert_ok(heft_golden_write_release(g, at, &bf16, &err), &err);
    assert_ok(heft_model_open(at, NULL, &m, &err), &err);
    const heft_plan_device fast = heft_engine_rehearse(m, &o, 9, 21, true),
                           plain = heft_engine_rehearse(m, &o, 9, 21, false);
    const heft_attn *a = &m->net.spec.layer[0].attn;
    const uint64_t L = (uint64_t)m->net.spec.L, H = (uint64_t)a->H, rank = (uint64_t)a->kv_rank,
                   seen = 9 * 21 + 9 * 10 / 2;
    assert_int_equal(fast.macs - plain.macs, L * H * 21 * rank * (uint64_t)(a->nope + a->dv));
    assert_int_equal(fast.attend_macs, L * H * seen * (uint64_t)(a->dk + a->dv));
    assert_int_equal(fast.cache_bytes, plain.cache_bytes);
    assert_int_equal(fast.weight_bytes, plain.weight_bytes);
    heft_model_close(m);
    heft_scratch_close(at);
    heft_golden_close(g);
}

static void timed_steps_give_the_same_bits_and_call_every_operation(void **state)
{
    (void)state;
    heft_error err = { 0 };
    const heft_golden_form bf16 = { .dtype = HEFT_BF16 };
    int64_t calls[HEFT_OPERATIONS] = { 0 };
    for (int32_t i = 0; i < MODELS; i++) {
        char at[HEFT_SCRATCH_PATH];
        heft_golden *g = NULL;
        heft_model *m = NULL;
        heft_engine *e = NULL;
        assert_ok(heft_golden_open(models[i].name, &g, &err), &err);
        heft_scratch_open(at);
        assert_ok(heft_golden_write_release(g, at, &bf16, &err), &err);
        assert_ok(heft_model_open(at, NULL, &m, &err), &err);
        const heft_engine_options o = { .threads = 2,
                                        .context = g->length,
                                        .batch = g->n_ids,
                                        .outputs = g->n_ids,
                                        .fast_prefill = models[i].fast };
        assert_ok(heft_engine_open(m, &o, &e, &err), &err);
        const size_t n = (size_t)g->n_ids * (size_t)g->vocab;
        float *plain = heft_alloc(n, sizeof *plain), *timed = heft_alloc(n, sizeof *timed);
        assert_true(plain && timed);
        run(e, g, false, plain);
        run(e, g, true, timed);
        if (memcmp(plain, timed, n * sizeof *plain) != 0)
            fail_msg("%s: other bits", models[i].name);
        take_calls(e, models[i].name, calls);
        compare_with_plan(e, g);
        heft_free(timed);
        heft_free(plain);
        heft_engine_close(e);
        heft_model_close(m);
        heft_scratch_close(at);
        heft_golden_close(g);
    }
    for (int32_t i = 0; i < HEFT_OPERATIONS; i++)
        if (calls[i] == 0) fail_msg("%s was never called", heft_op_name(i));
}

/* A slot without a wrapper would be a call of nothing. */
static void every_operation_of_the_table_has_a_wrapper(void **state)
{
    (void)state;
    typedef void (*operation)(void);
    operation slot[HEFT_OPERATIONS];
    memcpy(slot, (const char *)&heft_ops_timer + offsetof(heft_ops, embed), sizeof slot);
    for (int32_t i = 0; i < HEFT_OPERATIONS; i++) {
        assert_true(slot[i] != NULL);
        assert_non_null(heft_op_name(i));
        for (int32_t k = 0; k < i; k++)
            assert_true(slot[i] != slot[k]);
    }
}

static void times_begin_from_zero(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    heft_operation_time t;
    const int32_t ids[3] = { 5, 6, 7 };
    const heft_engine_options o = { .threads = 1, .context = 64 };
    assert_ok(heft_model_open(HEFT_SOURCE_DIR "/models/fable", NULL, &m, &err), &err);
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    assert_true(heft_engine_timed(e, HEFT_OP_LINEAR, &t));
    assert_int_equal(t.calls, 0);
    heft_engine_time(e, true);
    assert_ok(heft_seq_feed(s, ids, 3, HEFT_LOGITS_LAST, &err), &err);
    assert_true(heft_engine_timed(e, HEFT_OP_ATTEND, &t));
    assert_int_equal(t.calls, 3);
    assert_int_equal(t.macs, 3 * (1 + 2 + 3) * 4 * (64 + 64));
    assert_int_equal(t.bytes, 3 * 3 * 2 * (64 + 64) * 2); /* layers, tokens, heads, K and V, F16 */
    assert_true(t.seconds > 0);
    heft_engine_time(e, true);
    assert_true(heft_engine_timed(e, HEFT_OP_ATTEND, &t));
    assert_int_equal(t.calls, 0);
    heft_engine_time(e, false);
    assert_ok(heft_seq_feed(s, ids, 3, HEFT_LOGITS_LAST, &err), &err);
    assert_true(heft_engine_timed(e, HEFT_OP_ATTEND, &t));
    assert_int_equal(t.calls, 0);
    heft_seq_close(s);
    heft_engine_close(e);
    heft_model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_of_the_table_has_a_wrapper),
        cmocka_unit_test(timed_steps_give_the_same_bits_and_call_every_operation),
        cmocka_unit_test(attention_counts_the_keys_that_rows_see),
        cmocka_unit_test(fast_prefill_counts_what_it_makes_and_narrower_heads),
        cmocka_unit_test(times_begin_from_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

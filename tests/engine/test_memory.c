/* Memory is what the plan says: of our allocator exactly, of the process nearly, and of a file only
 * what is read. */
#include "engine/engine.h"
#include "scratch.h"
#include "synthetic.h"
#include "testing.h"

#include <string.h>

/* A line of /proc/self/status in bytes; -1: none. */
static int64_t status_bytes(const char *name)
{
    char line[256];
    long long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            (void)sscanf(line + strlen(name), ": %lld", &kib);
    (void)fclose(f);
    return kib < 0 ? -1 : (int64_t)kib * 1024;
}

static void the_high_water_mark_is_the_plan(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    heft_plan plan;
    const heft_engine_options o = { .threads = 2 };
    int32_t prompt[300];
    for (int32_t i = 0; i < 300; i++)
        prompt[i] = i;
    const heft_generation g = { .sampling = heft_sampling_default(), .max_tokens = 50 };
    size_t before = heft_mem().bytes;
    heft_mem_reset_peak();
    assert_ok(heft_model_open(HEFT_SOURCE_DIR "/models/fable", NULL, &m, &err), &err);
    assert_ok(heft_engine_plan(m, &o, &plan, &err), &err);
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    assert_ok(heft_generate(s, prompt, 300, &g, NULL, &err), &err);
    assert_int_equal(heft_mem().peak - before, plan.total_private);
    heft_seq_close(s);
    heft_engine_close(e);
    heft_model_close(m);
    assert_int_equal(heft_mem().bytes, before);
}

/* About 1 GB of Q8_0 weights, a hole in the file. */
static const heft_synthetic large = { .arch = "llama",
                                      .L = 16,
                                      .D = 2048,
                                      .H = 16,
                                      .G = 8,
                                      .dk = 128,
                                      .F = 8192,
                                      .V = 32000,
                                      .ctx = 8192,
                                      .type = HEFT_Q8_0,
                                      .sparse = true };

static void a_file_of_a_gigabyte_opens_without_being_read(void **state)
{
    (void)state;
    heft_error err = { 0 };
    char at[HEFT_SCRATCH_PATH], path[512];
    heft_model *m = NULL;
    heft_scratch_open(at);
    heft_scratch_file(at, "large.gguf", path, sizeof path);
    assert_ok(heft_synthetic_write(&large, path, &err), &err);
    int64_t before = status_bytes("VmRSS");
    assert_ok(heft_model_open(path, NULL, &m, &err), &err);
    assert_true(heft_model_describe(m)->bytes > 1000000000);
    int64_t growth = status_bytes("VmRSS") - before;
    if (growth >= 20 << 20) fail_msg("opening grew the process by %lld bytes", (long long)growth);
    heft_model_close(m);
    heft_scratch_close(at);
}

/* The same model, run: what the process takes beside the file is what the plan says. */
static void anonymous_memory_is_the_plan(void **state)
{
    (void)state;
    heft_error err = { 0 };
    char at[HEFT_SCRATCH_PATH], path[512];
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    heft_plan plan;
    heft_synthetic shape = large;
    const heft_engine_options o = { .threads = 2, .context = 4096, .batch = 128 };
    int32_t token[64] = { 0 };
    heft_scratch_open(at);
    heft_scratch_file(at, "large.gguf", path, sizeof path);
    assert_ok(heft_synthetic_write(&shape, path, &err), &err);
    int64_t before = status_bytes("RssAnon");
    assert_ok(heft_model_open(path, NULL, &m, &err), &err);
    assert_ok(heft_engine_plan(m, &o, &plan, &err), &err);
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    assert_ok(heft_seq_feed(s, token, 64, HEFT_LOGITS_LAST, &err), &err);
    /* pages of the cache and of the buffers that nobody has written are promised, not yet taken */
    memset(e->cache.pool, 1, e->cache.pool_bytes);
    memset(e->arena, 1, e->arena_floats * sizeof(float));
    int64_t growth = status_bytes("RssAnon") - before,
            most = plan.total_private + plan.total_private / 50 + (8 << 20);
    if (growth > most)
        fail_msg("the process grew by %lld bytes, the plan is %lld", (long long)growth,
                 (long long)plan.total_private);
    if (growth < plan.total_private * 9 / 10)
        fail_msg("the process grew by only %lld bytes, the plan is %lld", (long long)growth,
                 (long long)plan.total_private);
    print_message("plan %lld bytes, process %lld\n", (long long)plan.total_private,
                  (long long)growth);
    heft_seq_close(s);
    heft_engine_close(e);
    heft_model_close(m);
    heft_scratch_close(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_high_water_mark_is_the_plan),
        cmocka_unit_test(a_file_of_a_gigabyte_opens_without_being_read),
        cmocka_unit_test(anonymous_memory_is_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

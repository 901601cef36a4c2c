/* heft says what the reference says: every golden, as a release and as a GGUF file. */
#include "golden_model.h"
#include "scratch.h"
#include "testing.h"

#include <math.h>
#include <string.h>

static heft_golden_names names;

/* One run of heft over a golden's text. */
typedef struct {
    float *logits; /* (n_ids, vocab) */
    float *hidden; /* (layers + 1, n_ids, width) */
} run;

static void free_run(run *r)
{
    heft_free(r->logits);
    heft_free(r->hidden);
}

static heft_golden *open_golden(const char *name)
{
    heft_error err = { 0 };
    heft_golden *g = NULL;
    assert_ok(heft_golden_open(name, &g, &err), &err);
    return g;
}

/* The tokens that heft chooses after the text are the reference's. */
static void assert_greedy(heft_engine *e, heft_seq *s, const heft_golden *g, const float *last)
{
    heft_error err = { 0 };
    heft_sampling sampling = heft_sampling_default();
    sampling.temperature = 0;
    for (int32_t i = 0; i < g->n_greedy; i++) {
        int32_t token = -1;
        assert_ok(
            heft_sample(e, last, heft_seq_tokens(s), heft_seq_length(s), &sampling, &token, &err),
            &err);
        if (token != g->greedy[i])
            fail_msg("%s: greedy token %d is %d, expected %d", g->directory, i, token,
                     g->greedy[i]);
        if (i + 1 == g->n_greedy) break;
        assert_ok(heft_seq_feed(s, &token, 1, HEFT_LOGITS_LAST, &err), &err);
        last = heft_engine_logits(e, 0);
    }
}

/* Run the model in `path` over the text in one step, a prompt by fast_prefill if that is asked for;
 * greedily: then choose what follows. */
static run run_model_by(const heft_golden *g, const char *path, bool greedily, bool fast)
{
    heft_error err = { 0 };
    heft_model *m = NULL;
    const heft_model_options strictly = { .strict = true };
    assert_ok(heft_model_open(path, &strictly, &m, &err), &err);
    const heft_engine_options options = {
        .threads = 1,
        .context = g->length,
        .batch = g->length,
        .outputs = g->length,
        .cache = HEFT_CACHE_F32,
        .hidden = true,
        .fast_prefill = fast,
    };
    heft_engine *e = NULL;
    assert_ok(heft_engine_open(m, &options, &e, &err), &err);
    assert_int_equal(heft_engine_vocab(e), g->vocab);
    heft_seq *s = NULL;
    assert_ok(heft_seq_open(e, g->length, &s, &err), &err);
    const heft_feed feed = {
        .seq = s, .token = g->ids, .n = g->n_ids, .logits = HEFT_LOGITS_ALL, .prompt = true
    };
    assert_ok(heft_engine_step(e, &feed, 1, &err), &err);

    const size_t V = (size_t)g->vocab, T = (size_t)g->n_ids, D = (size_t)g->width;
    run r = { .logits = heft_alloc(T * V, sizeof(float)),
              .hidden = heft_alloc(((size_t)g->layers + 1) * T * D, sizeof(float)) };
    assert_true(r.logits && r.hidden);
    for (size_t t = 0; t < T; t++)
        memcpy(r.logits + t * V, heft_engine_logits(e, (int32_t)t), V * sizeof(float));
    for (int32_t l = 0; l <= g->layers; l++)
        memcpy(r.hidden + (size_t)l * T * D, heft_engine_hidden(e, l), T * D * sizeof(float));
    if (greedily) assert_greedy(e, s, g, r.logits + (T - 1) * V);
    heft_seq_close(s);
    heft_engine_close(e);
    heft_model_close(m);
    return r;
}

static run run_model(const heft_golden *g, const char *path, bool greedily)
{
    return run_model_by(g, path, greedily, false);
}

/* The largest difference of two rows of n, and the largest magnitude of the second, added to *at.
 */
typedef struct {
    double difference, largest;
} distance;

static void compare(distance *d, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double difference = fabs((double)got[i] - (double)want[i]);
        if (!(difference <= d->difference)) d->difference = difference; /* NaN too */
        d->largest = fmax(d->largest, fabs((double)want[i]));
    }
}

static void assert_near(const distance *d, const heft_golden *g, const char *what, int32_t layer)
{
    if (!(d->difference <= g->tolerance * d->largest))
        fail_msg("%s: %s %d differ by %g, allowed %g of %g", g->directory, what, layer,
                 d->difference, g->tolerance, d->largest);
}

static void assert_as_the_reference(const run *r, const heft_golden *g)
{
    const size_t V = (size_t)g->vocab, T = (size_t)g->n_ids, D = (size_t)g->width;
    for (int32_t l = 0; l <= g->layers; l++) {
        distance d = { 0 };
        for (int32_t i = 0; i < g->n_rows; i++)
            compare(&d, r->hidden + ((size_t)l * T + (size_t)g->rows[i]) * D,
                    g->hidden + ((size_t)l * (size_t)g->n_rows + (size_t)i) * D, D);
        assert_near(&d, g, "hidden states after layers:", l);
    }
    distance d = { 0 };
    compare(&d, r->logits, g->logits, T * V);
    assert_near(&d, g, "logits after layers:", g->layers);
}

static run run_release(const heft_golden *g, const heft_golden_form *form)
{
    heft_error err = { 0 };
    char at[HEFT_SCRATCH_PATH];
    heft_scratch_open(at);
    assert_ok(heft_golden_write_release(g, at, form, &err), &err);
    run r = run_model(g, at, true);
    heft_scratch_close(at);
    return r;
}

static run run_gguf(const heft_golden *g, heft_dtype dtype)
{
    heft_error err = { 0 };
    char at[HEFT_SCRATCH_PATH], path[HEFT_SCRATCH_PATH + 16];
    heft_scratch_open(at);
    heft_scratch_file(at, "golden.gguf", path, sizeof path);
    assert_ok(heft_golden_write_gguf(g, path, dtype, &err), &err);
    run r = run_model(g, path, dtype != HEFT_Q8_0);
    heft_scratch_close(at);
    return r;
}

static void a_release_gives_what_the_reference_gives(void **state)
{
    (void)state;
    static const heft_golden_form plain = { .dtype = HEFT_F32 };
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(names.name[i]);
        run r = run_release(g, &plain);
        assert_as_the_reference(&r, g);
        free_run(&r);
        heft_golden_close(g);
    }
}

static void a_gguf_file_gives_what_the_reference_gives(void **state)
{
    (void)state;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(names.name[i]);
        if (!g->no_gguf) {
            run r = run_gguf(g, HEFT_F32);
            assert_as_the_reference(&r, g);
            free_run(&r);
        }
        heft_golden_close(g);
    }
}

static void assert_same_bytes(const run *a, const run *b, const heft_golden *g, const char *what)
{
    const size_t T = (size_t)g->n_ids;
    if (memcmp(a->logits, b->logits, T * (size_t)g->vocab * sizeof(float)) != 0)
        fail_msg("%s: %s gives other bits than F32", g->directory, what);
}

/* The weights are exact in all of these formats, so the sums are the same to the bit. */
static void number_formats_and_containers_give_the_same_bits(void **state)
{
    (void)state;
    static const heft_golden_form form[] = {
        { .dtype = HEFT_F32 },
        { .dtype = HEFT_F16, .pad = 1 },
        { .dtype = HEFT_BF16, .pad = 3 },
        { .dtype = HEFT_BF16, .shards = 3 },
    };
    static const heft_dtype dtype[] = { HEFT_F32, HEFT_F16, HEFT_BF16 };
    int32_t files = 0;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(names.name[i]);
        run first = run_release(g, &form[0]);
        const heft_golden_form *f = &form[1 + i % 3];
        run other = run_release(g, f);
        assert_same_bytes(&other, &first, g, heft_dtypes[f->dtype].name);
        free_run(&other);
        if (g->same_bits) {
            other = run_gguf(g, dtype[files++ % 3]);
            assert_same_bytes(&other, &first, g, "GGUF");
            free_run(&other);
        }
        free_run(&first);
        heft_golden_close(g);
    }
    assert_true(files >= 8);
}

static void a_gguf_file_gives_what_llama_cpp_gives(void **state)
{
    (void)state;
    int32_t seen = 0;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(names.name[i]);
        if (g->llama_cpp) {
            const size_t V = (size_t)g->vocab;
            run r = run_gguf(g, HEFT_F32);
            distance d = { 0 };
            for (int32_t k = 0; k < g->n_rows; k++)
                compare(&d, r.logits + (size_t)g->rows[k] * V, g->llama_cpp + (size_t)k * V, V);
            if (!(d.difference <= g->llama_cpp_tolerance * d.largest))
                fail_msg("%s: differs from llama.cpp by %g, allowed %g of %g", g->directory,
                         d.difference, g->llama_cpp_tolerance, d.largest);
            free_run(&r);
            seen++;
        }
        heft_golden_close(g);
    }
    assert_true(seen >= 4);
}

/* Is there a tensor whose name has this in it? */
static bool has(const heft_golden *g, const char *part)
{
    for (int32_t i = 0; i < g->n_tensors; i++)
        if (strstr(g->tensor[i].name, part)) return true;
    return false;
}

/* The weights lose nothing, the activations are rounded to 8 bits: an error of a few per cent, and
 * another one for another layout. Where a token is on the edge between two experts, it goes over.
 */
static void eight_bit_weights_cost_the_rounding_of_activations_only(void **state)
{
    (void)state;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(names.name[i]);
        if (!g->no_gguf) {
            run r = run_gguf(g, HEFT_Q8_0);
            const size_t n = (size_t)g->n_ids * (size_t)g->vocab;
            double error = 0, power = 0;
            for (size_t k = 0; k < n; k++) {
                const double want = (double)g->logits[k], wrong = (double)r.logits[k] - want;
                error += wrong * wrong;
                power += want * want;
            }
            const double part = sqrt(error / power), most = has(g, "expert") ? 0.4 : 0.04;
            if (!(part > 1e-3 && part < most))
                fail_msg("%s: the logits of Q8_0 are off by %g of their size", g->directory, part);
            free_run(&r);
        }
        heft_golden_close(g);
    }
}

static void a_release_the_reference_saved_gives_what_it_gives(void **state)
{
    (void)state;
    int32_t seen = 0;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(names.name[i]);
        char path[4096];
        snprintf(path, sizeof path, "%s/release", g->directory);
        if (heft_is_directory(path)) {
            run r = run_model(g, path, true);
            assert_as_the_reference(&r, g);
            free_run(&r);
            seen++;
        }
        heft_golden_close(g);
    }
    assert_true(seen >= 4);
}

/* The reference makes keys and values of heads, too. */
static void a_prompt_by_fast_prefill_gives_what_the_reference_gives(void **state)
{
    (void)state;
    heft_error err = { 0 };
    int32_t seen = 0;
    for (int32_t i = 0; i < names.n; i++) {
        char at[HEFT_SCRATCH_PATH], path[HEFT_SCRATCH_PATH + 16];
        heft_golden *g = open_golden(names.name[i]);
        if (has(g, ".kv_b_proj.") && !has(g, ".indexer.")) {
            heft_scratch_open(at);
            assert_ok(heft_golden_write_release(g, at, &(heft_golden_form){ HEFT_F32, 0, 0 }, &err),
                      &err);
            run r = run_model_by(g, at, true, true);
            assert_as_the_reference(&r, g);
            free_run(&r);
            if (!g->no_gguf) {
                heft_scratch_file(at, "golden.gguf", path, sizeof path);
                assert_ok(heft_golden_write_gguf(g, path, HEFT_F32, &err), &err);
                r = run_model_by(g, path, true, true);
                assert_as_the_reference(&r, g);
                free_run(&r);
            }
            heft_scratch_close(at);
            seen++;
        }
        heft_golden_close(g);
    }
    assert_true(seen >= 11);
}

int main(void)
{
    heft_error err = { 0 };
    if (heft_golden_list(&names, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_gives_what_the_reference_gives),
        cmocka_unit_test(a_gguf_file_gives_what_the_reference_gives),
        cmocka_unit_test(number_formats_and_containers_give_the_same_bits),
        cmocka_unit_test(a_gguf_file_gives_what_llama_cpp_gives),
        cmocka_unit_test(eight_bit_weights_cost_the_rounding_of_activations_only),
        cmocka_unit_test(a_release_the_reference_saved_gives_what_it_gives),
        cmocka_unit_test(a_prompt_by_fast_prefill_gives_what_the_reference_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

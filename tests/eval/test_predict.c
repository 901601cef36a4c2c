/* Expected speed: against the work counted here from the shape of models/fable. */
#include "base/system.h"
#include "engine/engine.h"
#include "testing.h"

#include <math.h>
#include <string.h>

/* The shape of models/fable. */
enum { L = 3, D = 256, H = 4, G = 2, DK = 64, F = 768, V = 2048, CONTEXT = 1024 };
enum { LAYER = D * H * DK * 2 + D * G * DK * 2 + 3 * D * F, HEAD = D * V };

static heft_model *model;

/* A machine on which only one thing takes time: that one does 1e9 in a second. */
typedef struct {
    double weights, macs, read, cache, attend;
} rates;

static heft_machine machine_of(const rates *r)
{
    heft_machine m = { .threads = 2, .isa = "scalar", .n_formats = 1, .read = r->read };
    heft_processor(m.processor, sizeof m.processor);
    m.format[0] = (heft_format_speed){ "BF16", r->weights, r->macs };
    for (int32_t i = 0; i < HEFT_CACHE_TYPES; i++)
        m.cache[i] =
            (heft_format_speed){ "", r->cache * (i == HEFT_CACHE_BF16 ? 2 : 1), r->attend };
    return m;
}

static heft_prediction predict(const rates *r, heft_cache_type cache, int32_t batch)
{
    heft_error err = { 0 };
    heft_prediction p;
    const heft_machine m = machine_of(r);
    const heft_engine_options o = {
        .threads = 2, .isa = "scalar", .context = CONTEXT, .cache = cache, .batch = batch
    };
    assert_ok(heft_engine_predict(model, &o, &m, &p, &err), &err);
    return p;
}

static void assert_near(double is, double expected)
{
    if (!(fabs(is / expected - 1) < 1e-6)) fail_msg("%g, expected %g", is, expected);
}

static const double soon = 1e30; /* a rate that costs nothing */

static void writing_costs_the_bytes_of_weights_and_of_the_cache(void **state)
{
    (void)state;
    heft_prediction p = predict(&(rates){ 1e9, soon, soon, soon, soon }, HEFT_CACHE_F16, 0);
    const double weights = 2.0 * (L * LAYER + HEAD);
    assert_near(p.decode, 1e9 / weights);
    assert_near(p.decode_deep, 1e9 / weights);

    p = predict(&(rates){ soon, soon, 1e9, soon, soon }, HEFT_CACHE_F16, 0);
    const double entry = 2.0 * L * G * 2 * DK;
    assert_near(p.decode, 1e9 / entry);
    assert_near(p.decode_deep, 1e9 / (entry * CONTEXT));

    /* two query heads for each key, where four were measured: half the work */
    p = predict(&(rates){ soon, soon, soon, 0.5e9, soon }, HEFT_CACHE_F16, 0);
    assert_int_equal(p.depth, CONTEXT - 1);
    assert_near(p.decode, 1e9 / entry);
    assert_near(p.decode_deep, 1e9 / (entry * CONTEXT));
    p = predict(&(rates){ soon, soon, soon, 0.5e9, soon }, HEFT_CACHE_F32, 0);
    assert_near(p.decode, 1e9 / (2 * entry));
    p = predict(&(rates){ soon, soon, soon, 0.5e9, soon }, HEFT_CACHE_BF16, 0); /* twice as fast */
    assert_near(p.decode, 2e9 / entry);
}

static void reading_costs_multiplications_in_every_step(void **state)
{
    (void)state;
    for (int32_t steps = 1; steps <= 4; steps *= 2) {
        const int32_t batch = 512 / steps;
        heft_prediction p = predict(&(rates){ soon, 1e9, soon, soon, soon }, HEFT_CACHE_F16, batch);
        assert_int_equal(p.prompt, 512);
        assert_near(p.prefill, 512 * 1e9 / (512.0 * L * LAYER));
        p = predict(&(rates){ soon, soon, soon, soon, 1e9 }, HEFT_CACHE_F16, batch);
        assert_near(p.prefill, 512 * 1e9 / (L * H * 2.0 * DK * (512.0 * 513 / 2)));
        p = predict(&(rates){ 1e9, soon, soon, soon, soon }, HEFT_CACHE_F16, batch);
        assert_near(p.prefill, 512 * 1e9 / (2.0 * HEAD * steps)); /* one row wants logits */
    }
}

static void a_profile_that_does_not_fit_is_said_to(void **state)
{
    (void)state;
    const rates any = { 1e9, 1e9, 1e9, 1e9, 1e9 };
    const heft_machine good = machine_of(&any);
    const heft_engine_options o = { .threads = 2, .isa = "scalar" };
    heft_error err = { 0 };
    heft_prediction p;
    assert_ok(heft_engine_predict(model, &o, &good, &p, &err), &err);

    heft_machine m = good;
    m.threads = 1;
    assert_int_equal(heft_engine_predict(model, &o, &m, &p, &err), HEFT_E_UNSUPPORTED);
    assert_string_equal(err.text,
                        "the machine profile is of 1 threads of scalar, expected 2 of scalar");
    m = good;
    (void)snprintf(m.isa, sizeof m.isa, "neon");
    assert_int_equal(heft_engine_predict(model, &o, &m, &p, &err), HEFT_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "2 threads of neon"));
    m = good;
    (void)snprintf(m.processor, sizeof m.processor, "another one");
    assert_int_equal(heft_engine_predict(model, &o, &m, &p, &err), HEFT_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "another processor: \"another one\""));
    m = good;
    (void)snprintf(m.format[0].name, sizeof m.format[0].name, "Q4_0");
    assert_int_equal(heft_engine_predict(model, &o, &m, &p, &err), HEFT_E_UNSUPPORTED);
    assert_string_equal(err.text, "the machine profile has no speed of BF16");
}

static int open_fable(void **state)
{
    (void)state;
    heft_error err = { 0 };
    return heft_model_open(HEFT_SOURCE_DIR "/models/fable", NULL, &model, &err) != HEFT_OK;
}

static int close_fable(void **state)
{
    (void)state;
    heft_model_close(model);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_costs_the_bytes_of_weights_and_of_the_cache),
        cmocka_unit_test(reading_costs_multiplications_in_every_step),
        cmocka_unit_test(a_profile_that_does_not_fit_is_said_to),
    };
    return cmocka_run_group_tests(tests, open_fable, close_fable);
}

/* What the program measures, from outside: bench, the speed that plan expects, eval. */
#define _GNU_SOURCE /* setenv */
#include "cli/program.h"

#include "base/buf.h"
#include "base/file.h"
#include "heft.h"
#include "scratch.h"
#include "synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FABLE HEFT_SOURCE_DIR "/models/fable"

static char scratch[HEFT_SCRATCH_PATH];

/* ---- expected speed ---- */

/* The members at the end of a plan as JSON. */
static const char *expected_of(const ran *r)
{
    const char *at = strstr(r->out, ",\"prefill_expected\":");
    assert_non_null(at);
    return at;
}

static void plan_says_that_there_is_no_machine_profile(void **state)
{
    (void)state;
    ran r = RUN("", "plan", FABLE);
    assert_int_equal(r.code, 0);
    assert_true(says(r.out, "\nexpected speed: there is no machine profile (heft bench makes one)"
                            "\n"));
    program_free(&r);
    r = RUN("", "plan", FABLE, "--json");
    assert_int_equal(r.code, 0);
    assert_string_equal(expected_of(&r),
                        ",\"prefill_expected\":null,\"decode_expected\":null,"
                        "\"decode_expected_deep\":null,\"expected_unknown\":\"there is no machine "
                        "profile (heft bench makes one)\"}\n");
    program_free(&r);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void bench_measures_the_machine_and_plan_says_what_to_expect(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_machine m;
    char path[HEFT_SCRATCH_PATH + 32], folder[HEFT_SCRATCH_PATH + 8];
    (void)snprintf(folder, sizeof folder, "%s/heft", scratch);
    (void)snprintf(path, sizeof path, "%s/machine.json", folder);
    ran r = RUN("", "bench", "--json", "-t", "1");
    assert_int_equal(r.code, 0);
    assert_true(begins(r.out, "{\"version\":1,\"processor\":\""));
    assert_true(says(r.err, path));
    program_free(&r);
    assert_int_equal(heft_machine_load(path, &m, &err), HEFT_OK);
    assert_int_equal(m.threads, 1);

    r = RUN("", "plan", FABLE, "-t", "1", "--json");
    assert_int_equal(r.code, 0);
    double speed[3] = { 0 };
    assert_int_equal(sscanf(expected_of(&r), /* NOLINT(cert-err34-c) */
                            ",\"prefill_expected\":%lf,\"decode_expected\":%lf,"
                            "\"decode_expected_deep\":%lf}",
                            &speed[0], &speed[1], &speed[2]),
                     3);
    assert_true(speed[0] > 1 && speed[1] > 1 && speed[2] > 1 && speed[2] < speed[1]);
    assert_false(says(r.out, "expected_unknown"));
    program_free(&r);
    r = RUN("", "plan", FABLE, "-t", "1", "-c", "100");
    assert_true(says(r.out, "\nreading, tokens          100 "));
    assert_true(says(r.out, "\nwriting, after tokens     99 "));
    program_free(&r);

    r = RUN("", "plan", FABLE, "-t", "3");
    assert_int_equal(r.code, 0);
    assert_true(says(r.out, "\nexpected speed: the machine profile is of 1 threads of "));
    assert_false(says(r.out, "tokens/s"));
    program_free(&r);

    write_text(path, "{\"version\":7}");
    r = RUN("", "plan", FABLE);
    assert_int_equal(r.code, 0);
    assert_true(says(r.out, path));
    assert_true(says(r.out, "machine.json: version is 7, expected 1 to 1\n"));
    program_free(&r);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_profile_of_a_step_has_its_operations(void **state)
{
    (void)state;
    ran r = RUN("", "bench", FABLE, "-p", "4", "-n", "2", "-r", "1", "-t", "1", "--profile");
    assert_int_equal(r.code, 0);
    static const char *const part[] = { "\n  prefill  ",  "\n    linear ", "\n    attend ",
                                        "\n    between ", "\n  decode  ",  "\n    linear ",
                                        "\n    all " };
    const char *at = strstr(r.out, "/s (");
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        assert_non_null(at);
        if (strcmp(part[i], part[2]) == 0 || strcmp(part[i], part[1]) == 0) {
            assert_non_null(strstr(at, part[i])); /* whichever takes longer comes first */
            continue;
        }
        at = strstr(at, part[i]);
    }
    assert_non_null(at);
    program_free(&r);
    r = RUN("", "bench", FABLE, "-p", "4", "-n", "2", "-r", "1", "-t", "1", "--profile", "--json");
    assert_true(says(r.out, "\"profile\":{\"prefill\":{\"seconds\":"));
    assert_true(says(r.out, ",\"decode\":{\"seconds\":"));
    assert_true(says(r.out, "{\"name\":\"linear\",\"seconds\":"));
    assert_string_equal(r.out + r.n_out - 6, "}]}}}\n");
    program_free(&r);
}

/* ---- bench and eval ---- */

static void eval_scores_a_text(void **state)
{
    (void)state;
    heft_buf text = heft_buf_of(1 << 16);
    for (int32_t i = 0; i < 40; i++)
        heft_buf_printf(&text, "Once upon a time there was king number %d, and he had a son. ", i);
    assert_false(text.failed);
    ran r = RUN(text.p, "eval", FABLE, "perplexity", "-", "-c", "64", "--windows", "2");
    assert_int_equal(r.code, 0);
    assert_true(says(r.out, "2 windows of 64 tokens, 62 foretold"));
    assert_true(says(r.out, "bits per byte"));
    assert_false(says(r.out, "KL"));
    assert_int_equal(r.n_err, 0);
    program_free(&r);

    r = RUN(text.p, "eval", FABLE, "perplexity", "-", "-c", "64", "--windows", "2", "--json",
            "--reference", FABLE);
    assert_true(begins(r.out, "{\"windows\":2,\"tokens\":62,\"bytes\":"));
    assert_true(says(r.out, "\"same_top\":1}"));
    program_free(&r);
    heft_buf_free(&text);
}

static void bench_prints_its_keys_in_order(void **state)
{
    (void)state;
    ran r =
        RUN("", "bench", FABLE, "-p", "4", "-n", "2", "-d", "3", "-r", "2", "-t", "1", "--json");
    assert_int_equal(r.code, 0);
    static const char *const key[] = { "{\"prefill\":", ",\"decode\":",  ",\"bytes_per_token\":",
                                       ",\"gbps\":",    ",\"model\":\"", ",\"threads\":1,",
                                       "\"isa\":\"",    ",\"batch\":1}" };
    const char *at = r.out;
    for (size_t i = 0; i < sizeof key / sizeof key[0]; i++) {
        at = strstr(at, key[i]);
        assert_non_null(at);
    }
    assert_true(begins(r.out, key[0]));
    program_free(&r);
    r = RUN("", "bench", FABLE, "-p", "4", "-n", "2", "-r", "1");
    assert_true(says(r.out, "prefill      4 tokens"));
    assert_true(says(r.out, "per token)"));
    assert_false(says(r.out, "sequences"));
    program_free(&r);
}

static void bench_lets_several_sequences_write_together(void **state)
{
    (void)state;
    ran r = RUN("", "bench", FABLE, "-p", "4", "-n", "3", "-d", "2", "-r", "1", "--batch", "8");
    assert_int_equal(r.code, 0);
    assert_true(says(r.out, "of 8 sequences"));
    assert_true(says(r.out, "per step)"));
    program_free(&r);
    r = RUN("", "bench", FABLE, "-p", "4", "-n", "3", "-r", "1", "--batch", "2", "--profile",
            "--json");
    assert_true(says(r.out, ",\"batch\":2,\"profile\":{"));
    const char *decode = strstr(r.out, "\"decode\":{\"seconds\":");
    assert_non_null(decode); /* three steps, whatever the batch */
    assert_true(says(decode, "\"name\":\"embed\",\"seconds\":"));
    assert_non_null(strstr(strstr(decode, "\"name\":\"embed\""), "\"calls\":3,"));
    program_free(&r);
    r = RUN("", "bench", FABLE, "--batch", "0");
    assert_int_equal(r.code, 2);
    program_free(&r);
    r = RUN("", "bench", "--batch", "2");
    assert_int_equal(r.code, 2);
    program_free(&r);
}

/* ---- fast prefill ---- */

/* A number of a JSON object that names it once. */
static double number_of(const ran *r, const char *key)
{
    const char *at = strstr(r->out, key);
    assert_non_null(at);
    return strtod(at + strlen(key), NULL);
}

/* The KL divergence of a model's probabilities from those of itself with an f32 cache. */
static double distance(const char *model, const char *text, const char *option)
{
    ran r = RUN("", "eval", model, "perplexity", text, "-c", "256", "--reference", model, "--ctk",
                "f32", "--json", option);
    assert_int_equal(r.code, 0);
    const double kl = number_of(&r, "\"kl_most\":");
    program_free(&r);
    return kl;
}

static void fast_prefill_is_asked_for_by_name_and_says_that_it_is(void **state)
{
    (void)state;
    static const heft_synthetic latent = { .arch = "deepseek2",
                                           .L = 2,
                                           .D = 64,
                                           .H = 2,
                                           .G = 1,
                                           .dk = 48,
                                           .F = 96,
                                           .V = 256,
                                           .ctx = 512,
                                           .kv_rank = 32,
                                           .rotated = 16,
                                           .dv = 32,
                                           .type = HEFT_F32,
                                           .text = true };
    heft_error err = { 0 };
    char path[HEFT_SCRATCH_PATH + 32], file[HEFT_SCRATCH_PATH + 32], text[1200];
    (void)snprintf(path, sizeof path, "%s/latent.gguf", scratch);
    (void)snprintf(file, sizeof file, "%s/text.txt", scratch);
    assert_int_equal(heft_synthetic_write(&latent, path, &err), HEFT_OK);
    ran r = RUN("", "bench", path, "-p", "128", "-n", "1", "-r", "1", "-t", "2", "--profile",
                "--fast-prefill");
    assert_int_equal(r.code, 0);
    assert_true(says(r.out, ", after 0 tokens, --fast-prefill\n"));
    const char *decode = strstr(r.out, "\n  decode  ");
    decode = decode ? strstr(decode + 1, "\n  decode  ") : NULL; /* the table's */
    assert_non_null(decode);
    const char *expanded = strstr(r.out, " attend_expanded ");
    assert_true(expanded && expanded < decode);
    assert_false(says(decode, "attend_expanded"));
    program_free(&r);

    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = (char)('a' + (i * i + i / 7) % 26);
    text[sizeof text - 1] = 0;
    write_text(file, text);
    assert_true(distance(path, file, "--force") == 0);
    const double kl = distance(path, file, "--fast-prefill");
    assert_true(kl != 0 && kl > -1e-6 && kl < 1e-6);

    r = RUN("", "plan", path, "--json");
    const double work = number_of(&r, "\"work\":");
    program_free(&r);
    r = RUN("", "plan", path, "--json", "--fast-prefill");
    assert_true(number_of(&r, "\"work\":") > work);
    program_free(&r);

    r = RUN("", "run", FABLE, "-p", "Once", "--fast-prefill");
    assert_int_equal(r.code, 1);
    assert_string_equal(r.err, "heft: fast prefill is of latent attention, and the model has none: "
                               "leave it out\n");
    program_free(&r);
    r = RUN("", "bench", "--fast-prefill");
    assert_int_equal(r.code, 2);
    program_free(&r);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(unlink(path), 0);
}

static int open_scratch(void **state)
{
    (void)state;
    heft_scratch_open(scratch);
    return setenv("XDG_CACHE_HOME", scratch, 1); /* not the profile of whoever runs this */
}

static int close_scratch(void **state)
{
    (void)state;
    heft_scratch_close(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_says_that_there_is_no_machine_profile),
        cmocka_unit_test(bench_measures_the_machine_and_plan_says_what_to_expect),
        cmocka_unit_test(a_profile_of_a_step_has_its_operations),
        cmocka_unit_test(eval_scores_a_text),
        cmocka_unit_test(bench_prints_its_keys_in_order),
        cmocka_unit_test(bench_lets_several_sequences_write_together),
        cmocka_unit_test(fast_prefill_is_asked_for_by_name_and_says_that_it_is),
    };
    return cmocka_run_group_tests(tests, open_scratch, close_scratch);
}

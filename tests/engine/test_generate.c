/* Generating with the model that ships: what is printed, why it ends, and that the same text comes
 * again after a rewind, a fork, and with other threads. */
#include "engine/engine.h"
#include "golden_model.h"
#include "scratch.h"
#include "testing.h"

#include <string.h>

enum { CONTEXT = 256, COUNT = 48, ROOM = 8192 };

static heft_model *model; /* NULL: models/fable is not there */
static heft_engine *engine;
static int32_t *prompt, n_prompt;

/* What a callback received. */
typedef struct {
    char text[ROOM];
    bool ends[ROOM + 1]; /* did a piece end here? */
    size_t n;
    int32_t pieces, most; /* most: pieces to take before cancelling; 0: all */
    heft_generated r;
} received;

static bool receive(void *to, const char *text, size_t n)
{
    received *r = to;
    assert_true(n > 0 && r->n + n < ROOM);
    memcpy(r->text + r->n, text, n);
    r->text[r->n += n] = 0;
    r->ends[r->n] = true;
    return ++r->pieces != r->most;
}

static heft_engine *open_engine(int32_t threads, const char *isa)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    const heft_engine_options o = {
        .threads = threads, .isa = isa, .context = CONTEXT, .sequences = 2
    };
    assert_ok(heft_engine_open(model, &o, &e, &err), &err);
    return e;
}

static heft_seq *open_seq(heft_engine *e, int32_t length)
{
    heft_error err = { 0 };
    heft_seq *s = NULL;
    assert_ok(heft_seq_open(e, length, &s, &err), &err);
    return s;
}

static int open_fable(void **state)
{
    (void)state;
    heft_error err = { 0 };
    static const char text[] = "The old woman looked at the fox and said:";
    size_t n;
    if (!heft_is_directory(HEFT_SOURCE_DIR "/models/fable")) {
        fprintf(stderr, "models/fable is not there: generation was not tested\n");
        return 0;
    }
    assert_ok(heft_model_open(HEFT_SOURCE_DIR "/models/fable", NULL, &model, &err), &err);
    assert_ok(heft_tokenize(heft_model_tokenizer(model), text, strlen(text), 0, &prompt, &n, &err),
              &err);
    n_prompt = (int32_t)n;
    engine = open_engine(1, NULL);
    return 0;
}

static int close_fable(void **state)
{
    (void)state;
    heft_engine_close(engine);
    heft_model_close(model);
    heft_release(prompt);
    return 0;
}

/* Each test's own: skipped without the model. */
static int need_fable(void **state)
{
    (void)state;
    if (!model) skip();
    return 0;
}

/* Some 48 tokens of a tale, sampled. */
static heft_generation tale(received *r)
{
    heft_generation g = { .sampling = heft_sampling_default(), .max_tokens = COUNT, .to = r };
    g.text = receive;
    g.sampling.seed = 4;
    g.sampling.no_end = true;
    return g;
}

/* No piece ended inside a character. (Bytes that are none stand for themselves.) */
static void assert_whole_characters(const received *r)
{
    int32_t cp, ends = 0;
    for (size_t at = 0; at < r->n; ends += r->ends[at])
        at += heft_utf8_decode(r->text + at, r->n - at, &cp);
    assert_int_equal(ends, r->pieces);
}

static void generate_on(heft_seq *s, const heft_generation *g, received *r)
{
    heft_error err = { 0 };
    const int32_t before = heft_seq_length(s);
    assert_ok(heft_generate(s, prompt, n_prompt, g, &r->r, &err), &err);
    assert_int_equal(r->r.prompt_tokens, n_prompt);
    assert_whole_characters(r);
    /* the last token chosen is not fed */
    assert_int_equal(heft_seq_length(s), before + n_prompt + r->r.generated
                                             - (r->r.generated > 0 && r->r.why != HEFT_DONE_END));
}

/* Generate on a fresh sequence. */
static void generate(const heft_generation *g, received *r)
{
    heft_seq *s = open_seq(engine, 0);
    generate_on(s, g, r);
    heft_seq_close(s);
}

/* The tale without any stop. */
static const received *whole_tale(void)
{
    static received r;
    if (!r.n) {
        const heft_generation g = tale(&r);
        generate(&g, &r);
        assert_int_equal(r.r.why, HEFT_DONE_COUNT);
        assert_int_equal(r.r.generated, COUNT);
        assert_null(r.r.stop);
        assert_true(r.n > 100 && r.pieces > COUNT / 2);
    }
    return &r;
}

/* ---- the text ---------------------------------------------------------------- */

static void streamed_text_is_what_the_tokens_spell(void **state)
{
    need_fable(state);
    heft_error err = { 0 };
    const received *whole = whole_tale();
    const heft_generation g = tale(NULL);
    heft_seq *s = open_seq(engine, 0);
    int32_t token[COUNT];
    assert_ok(heft_seq_feed(s, prompt, n_prompt, HEFT_LOGITS_LAST, &err), &err);
    for (int32_t i = 0; i < COUNT; i++) {
        assert_ok(heft_sample(engine, heft_engine_logits(engine, 0), heft_seq_tokens(s),
                              heft_seq_length(s), &g.sampling, &token[i], &err),
                  &err);
        assert_ok(heft_seq_feed(s, &token[i], 1, HEFT_LOGITS_LAST, &err), &err);
    }
    char *text = NULL;
    size_t n;
    assert_ok(heft_detokenize(heft_model_tokenizer(model), token, COUNT, false, &text, &n, &err),
              &err);
    assert_string_equal(whole->text, text);
    heft_release(text);
    heft_seq_close(s);
}

/* Draws without regard to the model: all 2,048 tokens, also broken characters. */
static void special_tokens_are_text_when_asked_for(void **state)
{
    need_fable(state);
    static received plain, special;
    plain = special = (received){ 0 };
    for (uint64_t seed = 0; seed < 20 && plain.n == special.n; seed++) {
        heft_generation g = tale(&plain);
        plain = special = (received){ 0 };
        g.sampling = (heft_sampling){ .temperature = 1e30f, .top_p = 1, .repeat_penalty = 1 };
        g.sampling.seed = seed;
        g.sampling.no_end = true;
        g.max_tokens = 200;
        generate(&g, &plain);
        g.special = true;
        g.to = &special;
        generate(&g, &special);
    }
    assert_true(special.n > plain.n);
    assert_null(strstr(plain.text, "<|"));
    const char *token = strstr(special.text, "<|");
    assert_non_null(token);
    const size_t at = (size_t)(token - special.text);
    assert_memory_equal(special.text, plain.text, at);
    assert_memory_equal(strstr(token, "|>") + 2, plain.text + at, 4);

    /* or those alone that the caller wants to see */
    static received shown;
    static const int32_t all[] = { 0, 1, 2, 3, 4 };
    for (int32_t n = 0; n <= 5; n += 5) {
        heft_generation g = tale(&shown);
        g.sampling = (heft_sampling){ .temperature = 1e30f, .top_p = 1, .repeat_penalty = 1 };
        g.max_tokens = 200;
        for (uint64_t seed = 0; seed < 20; seed++) {
            g.sampling.seed = seed;
            g.sampling.no_end = true;
            shown = (received){ 0 };
            g.shown = all;
            g.n_shown = n;
            generate(&g, &shown);
            if (shown.n == (n ? special.n : plain.n)) break;
        }
        assert_string_equal(shown.text, n ? special.text : plain.text);
    }
}

static void the_same_text_comes_after_a_rewind_and_from_a_fork(void **state)
{
    need_fable(state);
    heft_error err = { 0 };
    static received r;
    const heft_generation g = tale(&r);
    const char *const want = whole_tale()->text;
    heft_seq *s = open_seq(engine, 0), *fork = NULL;
    r = (received){ 0 };
    generate_on(s, &g, &r);
    for (int32_t to = 0; to < n_prompt; to += 5) {
        r = (received){ 0 };
        assert_ok(heft_seq_rewind(s, to, &err), &err);
        assert_ok(heft_generate(s, prompt + to, n_prompt - to, &g, &r.r, &err), &err);
        assert_string_equal(r.text, want);
    }
    assert_ok(heft_seq_rewind(s, n_prompt - 3, &err), &err);
    assert_ok(heft_seq_fork(s, &fork, &err), &err);
    r = (received){ 0 };
    assert_ok(heft_seq_feed(s, prompt, 3, HEFT_LOGITS_NONE, &err), &err); /* another text */
    assert_ok(heft_generate(fork, prompt + n_prompt - 3, 3, &g, &r.r, &err), &err);
    assert_string_equal(r.text, want);
    heft_seq_close(fork);
    heft_seq_close(s);
}

static void the_same_text_comes_from_any_threads_and_instructions(void **state)
{
    need_fable(state);
    static received r;
    const heft_generation g = tale(&r);
    for (int32_t threads = 1; threads <= 4; threads++) {
        heft_engine *e = open_engine(threads % 4 + (threads == 4), threads == 4 ? "scalar" : NULL);
        heft_seq *s = open_seq(e, 0);
        r = (received){ 0 };
        generate_on(s, &g, &r);
        assert_string_equal(r.text, whole_tale()->text);
        heft_seq_close(s);
        heft_engine_close(e);
    }
}

/* ---- stop strings ------------------------------------------------------------- */

/* With the stops, exactly `want` bytes of the tale come, and it ends at stop[which] (-1: none). */
static void assert_stops(const char *const *stop, int32_t n, size_t want, int32_t which)
{
    static received r;
    heft_generation g = tale(&r);
    r = (received){ 0 };
    g.stop = stop;
    g.n_stop = n;
    generate(&g, &r);
    assert_int_equal(r.r.why, which < 0 ? HEFT_DONE_COUNT : HEFT_DONE_STOP);
    assert_ptr_equal(r.r.stop, which < 0 ? NULL : stop[which]);
    assert_int_equal(r.n, want);
    assert_memory_equal(r.text, whole_tale()->text, want);
}

static void a_stop_string_ends_the_text_wherever_tokens_end(void **state)
{
    need_fable(state);
    const char *text = whole_tale()->text;
    const size_t n = whole_tale()->n;
    for (size_t at = 3; at + 12 < n; at += 37) {
        for (size_t length = 1; length <= 12; length += 5) {
            char stop[16];
            snprintf(stop, sizeof stop, "%.*s", (int)length, text + at);
            const char *const stops[] = { stop };
            assert_stops(stops, 1, (size_t)(strstr(text, stop) - text), 0);
        }
    }
}

static void a_stop_string_at_the_very_end_counts(void **state)
{
    need_fable(state);
    const char *text = whole_tale()->text;
    size_t n = whole_tale()->n, at = n - 2;
    while (strstr(text, text + at) != text + at) /* until it is nowhere else */
        at--;
    char longer[ROOM];
    const char *const last = text + at;
    snprintf(longer, sizeof longer, "%s!?!", last);
    const char *const both[] = { longer, last }, *const turned[] = { last, longer };
    assert_stops(both + 1, 1, at, 0);
    assert_stops(both, 1, n, -1); /* what only began is text */
    assert_stops(both, 2, at, 1);
    assert_stops(turned, 2, at, 0);
}

static void of_several_stops_the_first_in_the_text_counts(void **state)
{
    need_fable(state);
    const char *text = whole_tale()->text;
    char first[16], second[16], around[32];
    snprintf(first, sizeof first, "%.8s", text + 20);
    snprintf(second, sizeof second, "%.8s", text + 60);
    const size_t a = (size_t)(strstr(text, first) - text),
                 b = (size_t)(strstr(text, second) - text);
    assert_true(a > 2 && a < b);
    snprintf(around, sizeof around, "%.10s~", text + a - 2); /* begins before it, and fails */
    const char *const stops[] = { second, around, first, "nowhere at all" };
    assert_stops(stops, 4, a, 2);
    const char *const turned[] = { first, second };
    assert_stops(turned, 2, a, 0);
}

/* ---- why it ends ---------------------------------------------------------------- */

static void a_count_is_a_count(void **state)
{
    need_fable(state);
    static const int32_t counts[] = { 0, 1, 7 };
    static received r;
    for (size_t i = 0; i < 3; i++) {
        heft_generation g = tale(&r);
        r = (received){ 0 };
        g.max_tokens = counts[i];
        generate(&g, &r);
        assert_int_equal(r.r.why, HEFT_DONE_COUNT);
        assert_int_equal(r.r.generated, counts[i]);
        assert_memory_equal(r.text, whole_tale()->text, r.n);
        assert_true(counts[i] ? r.n > 0 : r.n == 0);
        assert_true(r.r.prompt_seconds > 0 && r.r.decode_seconds >= 0);
    }
}

static void a_full_sequence_ends_with_its_length(void **state)
{
    need_fable(state);
    static received r;
    heft_generation g = tale(&r);
    heft_seq *s = open_seq(engine, n_prompt + 9);
    r = (received){ 0 };
    g.max_tokens = -1;
    generate_on(s, &g, &r);
    assert_int_equal(r.r.why, HEFT_DONE_LENGTH);
    assert_int_equal(heft_seq_length(s), n_prompt + 9);
    assert_int_equal(r.r.generated, 10); /* the last needs no room */
    assert_memory_equal(r.text, whole_tale()->text, r.n);
    heft_seq_close(s);
}

static void a_callback_may_cancel(void **state)
{
    need_fable(state);
    static received r;
    heft_generation g = tale(&r);
    r = (received){ .most = 5 };
    generate(&g, &r);
    assert_int_equal(r.r.why, HEFT_DONE_CANCELLED);
    assert_int_equal(r.pieces, 5);
    assert_memory_equal(r.text, whole_tale()->text, r.n);

    /* in the piece that is held back until the end, too */
    const char *const stop[] = { "\xc3\xa9" };
    char held[8];
    snprintf(held, sizeof held, "%s~", whole_tale()->text + whole_tale()->n - 2);
    const char *const stops[] = { held, stop[0] };
    g.stop = stops;
    g.n_stop = 2;
    r = (received){ 0 };
    generate(&g, &r);
    const int32_t pieces = r.pieces;
    r = (received){ .most = pieces };
    generate(&g, &r);
    assert_int_equal(r.r.why, HEFT_DONE_CANCELLED);
    assert_int_equal(r.n, whole_tale()->n);
}

static void an_end_token_ends_the_text_and_is_no_part_of_it(void **state)
{
    need_fable(state);
    static received r;
    int32_t ended = 0;
    for (uint64_t seed = 0; seed < 40 && !ended; seed++) {
        heft_generation g = tale(&r);
        r = (received){ 0 };
        g.sampling = (heft_sampling){ .temperature = 1e30f, .top_p = 1, .repeat_penalty = 1 };
        g.sampling.seed = seed;
        g.max_tokens = 200;
        g.special = true;
        generate(&g, &r);
        ended = r.r.why == HEFT_DONE_END ? r.r.generated : 0;
    }
    assert_true(ended > 0 && ended < 200);
    assert_null(strstr(r.text, "<|end"));
}

static void a_token_that_the_caller_names_ends_the_text_too(void **state)
{
    need_fable(state);
    static received r;
    heft_generation g = tale(&r);
    r = (received){ 0 };
    g.max_tokens = 9;
    g.sampling.no_end = false;
    generate(&g, &r);
    const int32_t end = r.r.last; /* the ninth, if it was none of those before */
    const received until = r;
    r = (received){ 0 };
    g.max_tokens = COUNT;
    g.end = &end;
    g.n_end = 1;
    generate(&g, &r);
    assert_int_equal(r.r.why, HEFT_DONE_END);
    assert_int_equal(r.r.last, end);
    assert_true(r.r.generated < 9 && r.n < until.n);
    assert_memory_equal(r.text, until.text, r.n);
    g.sampling.no_end = true; /* then it is a token like any other */
    r = (received){ 0 };
    generate(&g, &r);
    assert_string_equal(r.text, whole_tale()->text);
}

/* ---- refusals --------------------------------------------------------------------- */

static void assert_refused(heft_seq *s, int32_t n, const heft_generation *g, const char *message)
{
    heft_error err = { 0 };
    const int32_t length = heft_seq_length(s);
    heft_generated r = { .generated = -7 };
    assert_int_equal(heft_generate(s, prompt, n, g, &r, &err), HEFT_E_ARG);
    assert_string_equal(err.text, message);
    assert_int_equal(heft_seq_length(s), length);
    assert_int_equal(r.generated, -7);
}

static void what_cannot_be_done_is_refused_before_anything_is_fed(void **state)
{
    need_fable(state);
    static received r;
    static char long_stop[HEFT_MAX_STOP_BYTES / 2 + 2];
    memset(long_stop, 'x', sizeof long_stop - 1);
    const char *const empty[] = { "fox", "" }, *const too_long[] = { long_stop };
    const heft_generation good = tale(&r);
    heft_generation g = good;
    heft_seq *s = open_seq(engine, n_prompt - 1);
    for (int32_t n = n_prompt; n > 0; n = n < INT32_MAX ? INT32_MAX : 0) {
        char message[96];
        snprintf(message, sizeof message, "the prompt of %d tokens does not fit the context of %d",
                 n, n_prompt - 1);
        assert_refused(s, n, &g, message);
    }
    assert_refused(s, 0, &g, "the prompt is empty");
    assert_refused(s, -1, &g, "the prompt is empty");
    g.n_stop = HEFT_MAX_STOPS + 1;
    assert_refused(s, 1, &g, "65 stop strings were given, at most 64 are taken");
    g.n_stop = -1;
    assert_refused(s, 1, &g, "-1 stop strings were given, at most 64 are taken");
    g = good;
    g.stop = empty;
    g.n_stop = 2;
    assert_refused(s, 1, &g, "a stop string is 0 bytes long, expected 1 to 2048");
    g.stop = too_long;
    g.n_stop = 1;
    assert_refused(s, 1, &g, "a stop string is 2049 bytes long, expected 1 to 2048");
    g = good;
    g.max_tokens = -2;
    assert_refused(s, 1, &g, "-2 tokens were asked for, expected at least -1");
    g = good;
    g.sampling.top_p = 0;
    assert_refused(s, 1, &g, "top-p is 0, expected above 0 and at most 1");
    const int32_t first = prompt[0];
    prompt[0] = 2048;
    assert_refused(s, 1, &good, "token 0 is 2048, expected 0 to 2047");
    prompt[0] = first;
    assert_int_equal(r.n, 0);
    heft_seq_close(s);
    generate(&good, &r); /* and the engine is as good as before */
    assert_string_equal(r.text, whole_tale()->text);
}

static void a_model_without_a_tokenizer_gives_tokens_and_no_text(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_golden *g = NULL;
    heft_model *m = NULL;
    heft_engine *e = NULL;
    char at[HEFT_SCRATCH_PATH];
    static const heft_golden_form form = { .dtype = HEFT_F32 };
    static const heft_engine_options o = { .threads = 1 };
    static received r;
    heft_scratch_open(at);
    assert_ok(heft_golden_open("llama_first", &g, &err), &err);
    assert_ok(heft_golden_write_release(g, at, &form, &err), &err);
    assert_ok(heft_model_open(at, NULL, &m, &err), &err);
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    heft_seq *s = open_seq(e, 0);
    heft_generation plan = tale(&r);
    assert_int_equal(heft_generate(s, g->ids, 5, &plan, NULL, &err), HEFT_E_ARG);
    assert_string_equal(err.text, "the model has no tokenizer: there is no text to give");
    plan.text = NULL;
    plan.max_tokens = 9;
    heft_generated done;
    assert_ok(heft_generate(s, g->ids, 5, &plan, &done, &err), &err);
    assert_int_equal(done.why, HEFT_DONE_COUNT);
    assert_int_equal(heft_seq_length(s), 5 + 8);
    heft_seq_close(s);
    heft_engine_close(e);
    heft_model_close(m);
    heft_golden_close(g);
    heft_scratch_close(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streamed_text_is_what_the_tokens_spell),
        cmocka_unit_test(special_tokens_are_text_when_asked_for),
        cmocka_unit_test(the_same_text_comes_after_a_rewind_and_from_a_fork),
        cmocka_unit_test(the_same_text_comes_from_any_threads_and_instructions),
        cmocka_unit_test(a_stop_string_ends_the_text_wherever_tokens_end),
        cmocka_unit_test(a_stop_string_at_the_very_end_counts),
        cmocka_unit_test(of_several_stops_the_first_in_the_text_counts),
        cmocka_unit_test(a_count_is_a_count),
        cmocka_unit_test(a_full_sequence_ends_with_its_length),
        cmocka_unit_test(a_callback_may_cancel),
        cmocka_unit_test(an_end_token_ends_the_text_and_is_no_part_of_it),
        cmocka_unit_test(a_token_that_the_caller_names_ends_the_text_too),
        cmocka_unit_test(what_cannot_be_done_is_refused_before_anything_is_fed),
        cmocka_unit_test(a_model_without_a_tokenizer_gives_tokens_and_no_text),
    };
    return cmocka_run_group_tests(tests, open_fable, close_fable);
}

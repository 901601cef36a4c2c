/* Guessing that text repeats itself: right guesses are taken, and no byte differs. */
#include "base/file.h"
#include "engine/engine.h"
#include "testing.h"

#include <string.h>

enum { CONTEXT = 512, COUNT = 160, ROOM = 8192 };

/* What a generation gave, and what the model would say next of the sequence it left. */
typedef struct {
    char text[ROOM];
    size_t n;
    int32_t cancel_after; /* pieces; 0: never */
    heft_generated r;
    int32_t length, token[CONTEXT];
    float next[4096];
} result;

static bool receive(void *to, const char *text, size_t n)
{
    result *r = to;
    assert_true(r->n + n < ROOM);
    memcpy(r->text + r->n, text, n);
    r->n += n;
    return --r->cancel_after != 0;
}

static void generate(const heft_model *m, const heft_engine_options *o, heft_generation g,
                     const int32_t *prompt, int32_t n, result *r)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    const int32_t probe = prompt[0];
    g.to = r;
    g.text = m->tokenizer ? receive : NULL;
    assert_ok(heft_engine_open(m, o, &e, &err), &err);
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    assert_ok(heft_generate(s, prompt, n, &g, &r->r, &err), &err);
    r->length = heft_seq_length(s);
    memcpy(r->token, heft_seq_tokens(s), (size_t)r->length * sizeof *r->token);
    if (r->length < CONTEXT) {
        assert_true(heft_engine_vocab(e) <= 4096);
        assert_ok(heft_seq_feed(s, &probe, 1, HEFT_LOGITS_LAST, &err), &err);
        memcpy(r->next, heft_engine_logits(e, 0), (size_t)heft_engine_vocab(e) * sizeof(float));
    }
    heft_seq_close(s);
    heft_engine_close(e);
}

/* The same with and without guesses; returns how many of them were right. */
static int32_t same_either_way(const heft_model *m, heft_generation g, const int32_t *prompt,
                               int32_t n, int32_t cancel_after)
{
    static result with, without;
    const heft_engine_options o = { .threads = 2, .context = CONTEXT };
    with = without = (result){ .cancel_after = cancel_after };
    generate(m, &o, g, prompt, n, &with);
    g.no_lookup = true;
    generate(m, &o, g, prompt, n, &without);
    assert_int_equal(without.r.guessed, 0);
    assert_true(with.r.right <= with.r.guessed);
    assert_int_equal(with.n, without.n);
    assert_memory_equal(with.text, without.text, with.n);
    assert_int_equal(with.r.why, without.r.why);
    assert_int_equal(with.r.generated, without.r.generated);
    assert_int_equal(with.r.last, without.r.last);
    assert_int_equal(with.length, without.length);
    assert_memory_equal(with.token, without.token, (size_t)with.length * sizeof *with.token);
    assert_memory_equal(with.next, without.next, sizeof with.next);
    return with.r.right;
}

static const char FABLE[] = HEFT_SOURCE_DIR "/models/fable";
static int32_t *prompt, n_prompt;

static int open_prompt(void **state)
{
    (void)state;
    static const char text[] =
        "The fox came to the well and looked in. \"What do you see?\" said the goat. The fox came "
        "to "
        "the well and looked in. \"What do you see?\" said the goat. The fox came to the well";
    heft_error err = { 0 };
    heft_tokenizer *t = NULL;
    size_t n;
    if (!heft_is_directory(FABLE)) {
        print_message("models/fable is not here: no guesses are tried\n");
        return 0;
    }
    assert_ok(heft_tokenizer_open(FABLE, NULL, &t, &err), &err);
    assert_ok(heft_tokenize(t, text, strlen(text), 0, &prompt, &n, &err), &err);
    heft_tokenizer_close(t);
    n_prompt = (int32_t)n;
    return 0;
}

static int close_prompt(void **state)
{
    (void)state;
    heft_release(prompt);
    return 0;
}

/* The model that ships, with a window or without. Its greedy text soon goes round. */
static heft_model *open_fable(bool window)
{
    heft_error err = { 0 };
    heft_model *m = NULL;
    if (!prompt) skip();
    assert_ok(heft_model_open(FABLE, NULL, &m, &err), &err);
    if (window) m->net.spec.layer[1].attn.window = 40;
    return m;
}

static void right_guesses_are_taken_and_nothing_else_differs(void **state)
{
    (void)state;
    for (int32_t window = 0; window < 2; window++) {
        heft_model *m = open_fable(window);
        int32_t right = 0;
        heft_generation g = { .sampling = heft_sampling_default(), .max_tokens = COUNT };
        g.sampling.temperature = 0;
        right = same_either_way(m, g, prompt, n_prompt, 0);
        assert_true(right > COUNT / 4);
        g.max_tokens = -1; /* to the end of the context */
        assert_true(same_either_way(m, g, prompt, n_prompt, 0) > right);
        g.max_tokens = COUNT;
        g.sampling.repeat_penalty = 1.2f;
        g.sampling.frequency_penalty = 0.1f;
        (void)same_either_way(m, g, prompt, n_prompt, 0);
        g.sampling = heft_sampling_default();
        g.sampling.temperature = 0.05f; /* now and then a guess is wrong */
        for (g.sampling.seed = 1; g.sampling.seed < 5; g.sampling.seed++)
            (void)same_either_way(m, g, prompt, n_prompt, 0);
        heft_model_close(m);
    }
}

static void a_text_may_end_in_the_middle_of_a_right_guess(void **state)
{
    (void)state;
    heft_model *m = open_fable(true);
    heft_generation g = { .sampling = heft_sampling_default() };
    g.sampling.temperature = 0;
    for (int32_t n = COUNT; n < COUNT + 9; n++) {
        g.max_tokens = n;
        assert_true(same_either_way(m, g, prompt, n_prompt, 0) > 0);
        g.max_tokens = -1;
        (void)same_either_way(m, g, prompt, n_prompt, n);
    }
    g.max_tokens = 0;
    assert_int_equal(same_either_way(m, g, prompt, n_prompt, 0), 0);
    heft_model_close(m);
}

static void an_engine_without_room_for_guesses_makes_none(void **state)
{
    (void)state;
    static result r;
    heft_model *m = open_fable(false);
    heft_generation g = { .sampling = heft_sampling_default(), .max_tokens = COUNT };
    g.sampling.temperature = 0;
    const heft_engine_options none = { .threads = 1, .context = CONTEXT, .outputs = 1 },
                              rows = { .threads = 1, .context = CONTEXT, .batch = 1 },
                              two = { .threads = 1, .context = CONTEXT, .outputs = 2 };
    generate(m, &none, g, prompt, n_prompt, &r);
    assert_int_equal(r.r.guessed, 0);
    r = (result){ 0 };
    generate(m, &rows, g, prompt, n_prompt, &r);
    assert_int_equal(r.r.guessed, 0);
    r = (result){ 0 };
    generate(m, &two, g, prompt, n_prompt, &r);
    assert_true(r.r.right > 0);
    heft_model_close(m);
}

/* What is foretold and does not come true earns no guess: drawn text costs next to nothing. */
static void text_that_does_not_repeat_itself_is_hardly_guessed(void **state)
{
    (void)state;
    heft_model *m = open_fable(false);
    heft_generation g = { .sampling = heft_sampling_default(), .max_tokens = COUNT };
    const heft_engine_options o = { .threads = 2, .context = CONTEXT };
    int32_t guessed = 0, generated = 0;
    g.sampling.temperature = 1;
    g.sampling.no_end = true;
    for (g.sampling.seed = 1; g.sampling.seed < 7; g.sampling.seed++) {
        static result r;
        r = (result){ 0 };
        generate(m, &o, g, prompt, 5, &r);
        guessed += r.r.guessed;
        generated += r.r.generated;
    }
    assert_true(generated == 6 * COUNT);
    if (guessed * 50 > generated) fail_msg("%d guesses for %d tokens", guessed, generated);
    heft_model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_guesses_are_taken_and_nothing_else_differs),
        cmocka_unit_test(a_text_may_end_in_the_middle_of_a_right_guess),
        cmocka_unit_test(text_that_does_not_repeat_itself_is_hardly_guessed),
        cmocka_unit_test(an_engine_without_room_for_guesses_makes_none),
    };
    return cmocka_run_group_tests(tests, open_prompt, close_prompt);
}

/* A reply taken apart into reasoning and answer, however it comes in. */
#include "cli/talk.h"

#include "testing.h"

#include <string.h>

static bool collect(void *to, const char *text, size_t n, bool thought)
{
    heft_buf *b = to;
    heft_buf_z(b, thought ? "~" : "=");
    heft_buf_add(b, text, n);
    return true;
}

/* Feed the text in pieces of every size; the two parts are always these, and what was written while
 * it came in is the same. */
static void assert_split(const char *const mark[3], bool inside, const char *text,
                         const char *thought, const char *answer)
{
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        heft_buf put = heft_buf_of(4096);
        heft_thinking t = { .mark = mark, .put = collect, .to = &put };
        if (inside) t.state = HEFT_THINKING;
        for (size_t at = 0; at < strlen(text); at += piece) {
            size_t n = strlen(text) - at < piece ? strlen(text) - at : piece;
            assert_true(heft_thinking_add(&t, text + at, n));
        }
        assert_true(heft_thinking_end(&t));
        assert_string_equal(t.part[1].p ? t.part[1].p : "", thought);
        assert_string_equal(t.part[0].p ? t.part[0].p : "", answer);
        size_t shown = 0;
        for (size_t i = 0; i < put.n; i++)
            shown += put.p[i] != '~' && put.p[i] != '=';
        assert_int_equal(shown, strlen(thought) + strlen(answer));
        heft_buf_free(&put);
        heft_thinking_clear(&t);
    }
}

static void reasoning_is_what_stands_between_the_marks(void **state)
{
    static const char *const think[3] = { "<think>", "</think>", NULL };
    (void)state;
    assert_split(think, false, "<think>why</think>so", "why", "so");
    assert_split(think, false, " \n<think>\nwhy\n</think>\n\nso", "\nwhy\n", "\n\nso");
    assert_split(think, false, "so", "", "so");
    assert_split(think, false, "<thin", "", "<thin");
    assert_split(think, false, "so <think>no</think>", "", "so <think>no</think>");
    assert_split(think, false, "<think>a < b </thin", "a < b </thin", "");
    assert_split(think, false, "<think></think>", "", "");
    assert_split(think, true, "why</think>so</think>", "why", "so</think>");
    assert_split(think, true, "a</</think>b", "a</", "b");
}

static void an_answer_may_begin_with_a_mark_of_its_own(void **state)
{
    static const char *const harmony[3] = { "<|channel|>analysis<|message|>",
                                            "<|end|><|start|>assistant<|channel|>final<|message|>",
                                            "<|channel|>final<|message|>" };
    (void)state;
    assert_split(harmony, false, "<|channel|>final<|message|>so", "", "so");
    assert_split(harmony, false,
                 "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final"
                 "<|message|>so",
                 "why", "so");
    assert_split(harmony, false, "<|channel|>commentary x", "", "<|channel|>commentary x");
}

static void a_template_without_reasoning_has_answers_only(void **state)
{
    static const char *const none[3] = { NULL, NULL, NULL };
    (void)state;
    assert_split(none, false, "<think>x</think>y", "", "<think>x</think>y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasoning_is_what_stands_between_the_marks),
        cmocka_unit_test(an_answer_may_begin_with_a_mark_of_its_own),
        cmocka_unit_test(a_template_without_reasoning_has_answers_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The ids of a text that goes on: those that are held stay where they spell the same. */
#include "text/tokenizer.h"

#include "base/mem.h"
#include "testing.h"

#include <string.h>

static heft_tokenizer *t;

/* The ids of a text with special tokens. Release them. */
static int32_t *ids_of(const char *text, size_t *n)
{
    int32_t *id = NULL;
    heft_error err = { 0 };
    assert_ok(heft_tokenize(t, text, strlen(text),
                            HEFT_TOKENIZE_NO_SPECIAL | HEFT_TOKENIZE_PARSE_SPECIAL, &id, n, &err),
              &err);
    return id;
}

/* The ids of texts, each by itself: not as a tokenizer would write them together. */
static int32_t *pieces(const char *const *part, size_t *n)
{
    int32_t *all = heft_alloc(256, sizeof *all);
    assert_non_null(all);
    *n = 0;
    for (size_t i = 0; part[i]; i++) {
        size_t m;
        int32_t *id = ids_of(part[i], &m);
        memcpy(all + *n, id, m * sizeof *id);
        *n += m;
        heft_release(id);
    }
    return all;
}

#define PIECES(n, ...) pieces((const char *const[]){ __VA_ARGS__, NULL }, (n))

/* Align `fresh` to `held`: the first `kept` ids are those that are held, and the whole spells what
 * `fresh` spells, by its own ids behind. Frees both. */
static void assert_aligned(int32_t *held, size_t n_held, int32_t *fresh, size_t n, size_t kept)
{
    int32_t *out = NULL;
    char *a = NULL, *b = NULL;
    size_t n_out = 0, na, nb;
    heft_error err = { 0 };
    assert_ok(heft_align(t, held, n_held, fresh, n, &out, &n_out, &err), &err);
    size_t same = 0;
    while (same < n_out && same < n_held && out[same] == held[same])
        same++;
    assert_int_equal(same, kept);
    assert_ok(heft_detokenize(t, out, n_out, true, &a, &na, &err), &err);
    assert_ok(heft_detokenize(t, fresh, n, true, &b, &nb, &err), &err);
    assert_string_equal(a, b);
    heft_release(a);
    heft_release(b);
    heft_release(out);
    heft_free(held);
    heft_free(fresh);
}

static void what_a_model_wrote_in_other_pieces_stays(void **state)
{
    size_t n, m;
    (void)state;
    int32_t *held = PIECES(&n, "<|user|>", "Tell", "<|end|><|assistant|>", "On", "ce up", "on a ti",
                           "me"),
            *fresh =
                ids_of("<|user|>Tell<|end|><|assistant|>Once upon a time<|end|><|user|>More", &m);
    assert_true(n > 9);
    assert_aligned(held, n, fresh, m, n);
}

static void where_the_texts_part_the_new_one_goes_on_by_itself(void **state)
{
    size_t n, m, both;
    (void)state;
    heft_free(PIECES(&both, "<|user|>a<|end|>", "O", "nce"));
    int32_t *held = PIECES(&n, "<|user|>a<|end|>", "O", "nce", "<|end|>");
    int32_t *fresh = ids_of("<|user|>a<|end|>But<|end|>", &m);
    assert_aligned(held, n, fresh, m, 3);
    held = PIECES(&n, "<|user|>a<|end|>", "O", "nce", " upon");
    fresh = ids_of("<|user|>a<|end|>Once of", &m);
    assert_aligned(held, n, fresh, m, both); /* "O" and "nce" meet "Once" before it parts */
    held = PIECES(&n, "");
    fresh = ids_of("<|user|>a", &m);
    assert_aligned(held, n, fresh, m, 0);
}

static void a_special_token_is_never_replaced_by_its_spelling(void **state)
{
    size_t n, m;
    (void)state;
    int32_t *held = PIECES(&n, "<|user|>a", "<|", "end", "|>", "b");
    int32_t *fresh = ids_of("<|user|>a<|end|>b", &m);
    assert_aligned(held, n, fresh, m, 2);
}

static void an_unfinished_character_is_no_place_to_meet(void **state)
{
    size_t n, m;
    (void)state;
    int32_t *fresh = ids_of("<|user|>\xc3\xa9\xe4\xbd\xa0", &m);
    int32_t *held = heft_alloc(m, sizeof *held);
    memcpy(held, fresh, m * sizeof *held);
    n = m;
    assert_aligned(held, n, fresh, m, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_model_wrote_in_other_pieces_stays),
        cmocka_unit_test(where_the_texts_part_the_new_one_goes_on_by_itself),
        cmocka_unit_test(a_special_token_is_never_replaced_by_its_spelling),
        cmocka_unit_test(an_unfinished_character_is_no_place_to_meet),
    };
    heft_error err = { 0 };
    if (heft_tokenizer_open(HEFT_SOURCE_DIR "/models/fable", NULL, &t, &err)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    heft_tokenizer_close(t);
    return failed;
}

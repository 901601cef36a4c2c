/* What short pieces became is remembered, and changes no ids. */
#include "text/memo.h"

#include "base/file.h"
#include "texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static heft_ids ids;

static bool recalls_bytes(const heft_memo *m, heft_str piece)
{
    heft_error err = { 0 };
    bool had = false;
    ids.n = 0;
    heft_place p = heft_memo_place(m, piece);
    if (heft_memo_recall(&p, &ids, &had, &err)) fail_msg("%s", err.text);
    return had;
}

static bool recalls(const heft_memo *m, const char *piece)
{
    return recalls_bytes(m, heft_str_of(piece));
}

static void keep(const heft_memo *m, const char *piece, int32_t first, int32_t n)
{
    heft_error err = { 0 };
    ids.n = 0;
    for (int32_t i = -1; i < n; i++) /* one before its own */
        if (heft_ids_add(&ids, first + i, &err)) fail_msg("%s", err.text);
    heft_place p = heft_memo_place(m, heft_str_of(piece));
    heft_memo_keep(&p, &ids, 1);
}

static void a_piece_is_recalled_as_it_was_kept(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_memo m = { 0 };
    assert_false(recalls(&m, "word"));
    assert_int_equal(heft_memo_open(&m, &err), HEFT_OK);
    assert_false(recalls(&m, "word"));
    keep(&m, "word", 40, 7);
    assert_true(recalls(&m, "word"));
    assert_int_equal(ids.n, 7);
    assert_int_equal(ids.p[0], 40);
    assert_int_equal(ids.p[6], 46);
    assert_false(recalls(&m, "wor"));
    keep(&m, "many", 40, 8);
    assert_false(recalls(&m, "many"));
    keep(&m, "1234567890123456789012345678901", 3, 1);
    assert_true(recalls(&m, "1234567890123456789012345678901"));
    keep(&m, "12345678901234567890123456789012", 3, 1);
    assert_false(recalls(&m, "12345678901234567890123456789012"));
    heft_memo_clear(&m);
}

static void zeros_at_the_end_are_part_of_a_piece(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_memo m = { 0 };
    static const char zeros[32];
    assert_int_equal(heft_memo_open(&m, &err), HEFT_OK);
    /* A row for each length would hide that only the last byte of the key tells them apart. */
    for (size_t n = 1; n < sizeof zeros; n++) {
        heft_place p = heft_memo_place(&m, (heft_str){ zeros, n }), other = p;
        other.row = heft_memo_place(&m, (heft_str){ zeros, n % 31 + 1 }).row;
        heft_memo_keep(&p, &ids, ids.n);
        heft_memo_keep(&other, &ids, ids.n);
        assert_false(recalls_bytes(&m, (heft_str){ zeros, n % 31 + 1 }));
    }
    heft_memo_clear(&m);
}

static void a_later_piece_takes_the_row_of_an_earlier_one(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_memo m = { 0 };
    char piece[16];
    int32_t kept = 0;
    enum { PIECES = 100000 };
    assert_int_equal(heft_memo_open(&m, &err), HEFT_OK);
    for (int32_t i = 0; i < PIECES; i++) {
        (void)snprintf(piece, sizeof piece, "piece %d", (int)i);
        keep(&m, piece, i, 1);
    }
    for (int32_t i = 0; i < PIECES; i++) {
        (void)snprintf(piece, sizeof piece, "piece %d", (int)i);
        if (!recalls(&m, piece)) continue;
        assert_int_equal(ids.p[0], i);
        kept++;
    }
    assert_in_range(kept, 10000, 16384);
    heft_memo_clear(&m);
}

/* Lines that begin with a letter are tokenized alone as among others. */
static void a_long_text_has_the_ids_of_its_lines(void **state)
{
    enum { LINES = 800 };
    char line[64], *text = heft_alloc(LINES, sizeof line), *spec = NULL;
    size_t n = 0, n_spec, n_ids;
    int32_t *whole;
    heft_error err = { 0 };
    heft_ids lines = { 0 };
    (void)state;
    assert_int_equal(heft_read_file(HEFT_SOURCE_DIR "/tests/text/golden/llama3.json", 1 << 22,
                                    &spec, &n_spec, &err),
                     HEFT_OK);
    heft_tokenizer *t = open_tokenizer(release_with(spec));
    for (int i = 0; i < LINES; i++) {
        int32_t *p;
        int length = snprintf(line, sizeof line, "Line %d: they've  the wörd%d, 一%d.\n", i % 97,
                              i % 31, i % 13);
        memcpy(text + n, line, (size_t)length);
        n += (size_t)length;
        if (heft_tokenize(t, line, (size_t)length, HEFT_TOKENIZE_NO_SPECIAL, &p, &n_ids, &err))
            fail_msg("%s", err.text);
        for (size_t k = 0; k < n_ids; k++)
            assert_int_equal(heft_ids_add(&lines, p[k], &err), HEFT_OK);
        heft_release(p);
    }
    if (heft_tokenize(t, text, n, HEFT_TOKENIZE_NO_SPECIAL, &whole, &n_ids, &err))
        fail_msg("%s", err.text);
    assert_int_equal(n_ids, lines.n);
    assert_memory_equal(whole, lines.p, n_ids * sizeof *whole);
    heft_release(whole);
    heft_free(lines.p);
    heft_free(text);
    heft_free(spec);
    heft_tokenizer_close(t);
}

static int forget(void **state)
{
    (void)state;
    heft_free(ids.p);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_is_recalled_as_it_was_kept),
        cmocka_unit_test(zeros_at_the_end_are_part_of_a_piece),
        cmocka_unit_test(a_later_piece_takes_the_row_of_an_earlier_one),
        cmocka_unit_test(a_long_text_has_the_ids_of_its_lines),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}

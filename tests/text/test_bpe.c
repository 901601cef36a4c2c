/* Byte-pair encoding of bytes: the ways taken at the beginning of a piece change no id. */
#include "text/bpe.h"

#include "text/unicode.h"
#include "texts.h"

#include "text/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint32_t drawn = 1;

static uint32_t draw(uint32_t below)
{
    drawn = drawn * 1664525 + 1013904223;
    return (drawn >> 8) % below;
}

/* Characters of one to four bytes that share most of them. */
static const char *const chars[] = { "a",  " ",  "é", "è", "Ã", "あ", "い", "ま", "め",
                                     "中", "丸", "😀", "😁", "🚀", "ß",  "ア", "ま", "\u3000" };

enum { CHARS = sizeof chars / sizeof *chars, MERGES = 60, BYTES = 256 };

/* Encode text as bytes and as the characters that stand for them; fail unless both agree. */
static void check_text(const heft_bpe *b, heft_str text)
{
    heft_error err = { 0 };
    heft_word word = { .n = 0 };
    heft_ids quick = { .n = 0 }, plain = { .n = 0 };
    char spelt[512];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += heft_utf8_encode(heft_char_of_byte((uint8_t)text.p[i]), spelt + n);
    assert_true(heft_bpe_by_bytes(b));
    if (heft_bpe_encode_bytes(b, &word, text, &quick, &err)) fail_msg("%s", err.text);
    if (heft_bpe_encode(b, &word, (heft_str){ spelt, n }, &plain, &err)) fail_msg("%s", err.text);
    if (quick.n != plain.n || memcmp(quick.p, plain.p, quick.n * sizeof *quick.p) != 0)
        fail_msg("\"%.*s\" is %zu tokens as bytes and %zu as characters", (int)text.n, text.p,
                 quick.n, plain.n);
    heft_free(quick.p);
    heft_free(plain.p);
    heft_word_clear(&word);
}

static void check_texts(const heft_bpe *b, int texts)
{
    for (int i = 0; i < texts; i++) {
        char text[128];
        size_t n = 0;
        for (uint32_t left = 1 + draw(12); left; left--) {
            const char *c = chars[draw(CHARS)];
            memcpy(text + n, c, strlen(c));
            n += strlen(c);
        }
        check_text(b, (heft_str){ text, n });
    }
}

/* A token of every byte, and merges of what there is, any with any that the characters have. */
static void make(heft_vocab *v, heft_bpe *b, int32_t byte[BYTES])
{
    heft_error err = { 0 };
    heft_str pair[2 * MERGES];
    int32_t old, n = 0, own[BYTES + MERGES], owned = 0;
    for (int32_t i = 0; i < BYTES; i++) {
        char utf8[4];
        heft_str s = { utf8, heft_utf8_encode(heft_char_of_byte((uint8_t)i), utf8) };
        byte[i] = i;
        assert_int_equal(heft_vocab_set(v, i, s, 0, &err), HEFT_OK);
        assert_int_equal(heft_vocab_index(v, i, &old, &err), HEFT_OK);
    }
    for (int i = 0; i < CHARS; i++)
        for (const char *p = chars[i]; *p; p++)
            own[owned++] = (uint8_t)*p;
    for (int tries = 0; n < MERGES && tries < 10000; tries++) {
        int32_t left = own[draw((uint32_t)owned)], right = own[draw((uint32_t)owned)];
        char text[64];
        heft_str l = heft_vocab_str(v, left), r = heft_vocab_str(v, right);
        if (l.n + r.n > 12) continue;
        memcpy(text, l.p, l.n);
        memcpy(text + l.n, r.p, r.n);
        if (heft_vocab_find(v, (heft_str){ text, l.n + r.n }) >= 0) continue;
        int32_t id = BYTES + n;
        assert_int_equal(heft_vocab_set(v, id, (heft_str){ text, l.n + r.n }, 0, &err), HEFT_OK);
        assert_int_equal(heft_vocab_index(v, id, &old, &err), HEFT_OK);
        own[owned++ % (BYTES + MERGES)] = id;
        own[draw((uint32_t)owned)] = id; /* long ones are used again */
        pair[2 * n] = (heft_str){ NULL, (size_t)left };
        pair[2 * n + 1] = (heft_str){ NULL, (size_t)right };
        n++;
    }
    for (int32_t i = 0; i < 2 * n; i++) /* the strings stay where they are from now on */
        pair[i] = heft_vocab_str(v, (int32_t)pair[i].n);
    heft_bpe_begin(b, v);
    assert_int_equal(heft_bpe_merge(b, pair, (size_t)n, true, &err), HEFT_OK);
    assert_int_equal(heft_bpe_finish(b, byte, &err), HEFT_OK);
}

static void characters_that_begin_as_fewer_symbols_become_the_same_tokens(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        heft_vocab v = { .size = 0 };
        heft_bpe b = { .unknown = -1 };
        int32_t byte[BYTES];
        make(&v, &b, byte);
        check_texts(&b, 40);
        heft_bpe_clear(&b);
        heft_vocab_clear(&v);
    }
}

static void so_they_do_with_published_vocabularies(void **state)
{
    static const char *const names[] = { "deepseek-llm", "gpt-2", "mpt", "gpt-neox" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "tokenizers/ggml-vocab-%s.gguf", names[i]);
        heft_tokenizer *t = open_tokenizer(shared_data(name));
        int32_t known = 0;
        for (int32_t cp = 0x80; cp < HEFT_BPE_WHOLE; cp++) {
            char text[16] = "x";
            if (cp >= 0xd800 && cp < 0xe000) continue;
            size_t n = heft_utf8_encode(cp, text + 1);
            n += heft_utf8_encode(draw(2) ? cp : 0x3042, text + 1 + n);
            check_text(&t->bpe, (heft_str){ text, 1 + n });
            known += t->bpe.whole[cp] > 0;
        }
        assert_true(known > 10);
        check_texts(&t->bpe, 2000);
        heft_tokenizer_close(t);
    }
}

static void merges_are_found_however_many_there_are(void **state)
{
    heft_vocab v = { .size = 0 };
    heft_bpe b = { .unknown = -1 };
    int32_t byte[BYTES];
    (void)state;
    make(&v, &b, byte);
    int32_t merges = 0;
    for (int32_t left = 0; left < v.size; left++)
        for (int32_t right = 0; right < v.size; right++) {
            const struct heft_merge *m = heft_bpe_find(&b, left, right);
            if (m) assert_int_equal(m->result, BYTES + (int32_t)m->rank);
            merges += m != NULL;
        }
    assert_int_equal(merges, b.merges);
    heft_bpe_clear(&b);
    heft_vocab_clear(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_that_begin_as_fewer_symbols_become_the_same_tokens),
        cmocka_unit_test(so_they_do_with_published_vocabularies),
        cmocka_unit_test(merges_are_found_however_many_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

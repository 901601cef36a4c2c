/* A golden model and what is expected of it: see subject.h. */
#include "subject.h"

#include "testing.h"

#include <string.h>

void heft_subject_open(heft_subject *s, const char *golden, heft_dtype gguf)
{
    heft_error err = { 0 };
    char path[HEFT_SCRATCH_PATH + 16];
    const heft_golden_form bf16 = { .dtype = HEFT_BF16, .pad = 1 };
    *s = (heft_subject){ .cache = HEFT_CACHE_F32 };
    assert_ok(heft_golden_open(golden, &s->g, &err), &err);
    s->context = s->g->length;
    heft_scratch_open(s->at);
    heft_scratch_file(s->at, gguf ? "m.gguf" : "", path, sizeof path);
    assert_ok(gguf ? heft_golden_write_gguf(s->g, path, gguf, &err)
                   : heft_golden_write_release(s->g, path, &bf16, &err),
              &err);
    assert_ok(heft_model_open(path, NULL, &s->model, &err), &err);
}

void heft_subject_close(heft_subject *s)
{
    heft_free(s->expected);
    heft_model_close(s->model);
    heft_scratch_close(s->at);
    heft_golden_close(s->g);
}

heft_engine *heft_subject_engine(const heft_subject *s, const char *isa, int32_t threads,
                                 int32_t sequences, int32_t batch)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    const heft_engine_options o = { .threads = threads,
                                    .isa = isa,
                                    .context = s->context,
                                    .sequences = sequences,
                                    .batch = batch,
                                    .outputs = batch,
                                    .cache = s->cache };
    if (heft_engine_open(s->model, &o, &e, &err)) fail_msg("%s: %s", s->g->directory, err.text);
    return e;
}

heft_seq *heft_subject_seq(heft_engine *e)
{
    heft_error err = { 0 };
    heft_seq *seq = NULL;
    assert_ok(heft_seq_open(e, 0, &seq, &err), &err);
    return seq;
}

void heft_subject_expect(heft_subject *s, const int32_t *text, int32_t T)
{
    heft_error err = { 0 };
    const size_t n = (size_t)T * (size_t)s->g->vocab;
    heft_engine *e = heft_subject_engine(s, "scalar", 1, 1, T);
    heft_seq *seq = heft_subject_seq(e);
    s->text = text;
    s->T = T;
    s->expected = heft_alloc(n, sizeof *s->expected);
    assert_non_null(s->expected);
    assert_ok(heft_seq_feed(seq, text, T, HEFT_LOGITS_ALL, &err), &err);
    memcpy(s->expected, heft_engine_logits(e, 0), n * sizeof *s->expected);
    /* a number, and not the same everywhere: else whatever came would be right */
    assert_true(s->expected[0] == s->expected[0] && s->expected[0] != s->expected[n - 1]);
    heft_seq_close(seq);
    heft_engine_close(e);
}

void heft_subject_rows(const heft_subject *s, const heft_engine *e, int32_t first, int32_t from,
                       int32_t n)
{
    const size_t V = (size_t)s->g->vocab;
    for (int32_t i = 0; i < n; i++)
        if (memcmp(heft_engine_logits(e, first + i), s->expected + (size_t)(from + i) * V,
                   V * sizeof(float))
            != 0)
            fail_msg("%s: token %d gets other bits", s->g->directory, from + i);
}

void heft_subject_feed(const heft_subject *s, heft_seq *seq, int32_t from, int32_t to,
                       int32_t chunk)
{
    heft_error err = { 0 };
    for (int32_t at = from; at < to; at += chunk) {
        const int32_t n = to - at < chunk ? to - at : chunk;
        assert_ok(heft_seq_feed(seq, s->text + at, n, HEFT_LOGITS_ALL, &err), &err);
        heft_subject_rows(s, seq->e, 0, at, n);
    }
}

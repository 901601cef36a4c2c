/* Numbers far beyond the others, as trained models have them: a key bias of norm 900, a channel of
 * the residual stream of 1e5, a row of a matrix 500 times as large. In every number format and
 * cache type, what they do not touch is what it is without them: the same bits where nothing of
 * them arrives, and no further from the same model in floats where they go through a norm. */
#include "engine/engine.h"
#include "scratch.h"
#include "synthetic.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { T = 24, D = 256, DK = 64, F = 512, V = 64, LAYERS = 2, CHANNEL = 77 };

typedef struct {
    heft_model *model;
    heft_arena arena; /* of matrices as floats */
} subject;

static char folder[HEFT_SCRATCH_PATH];
static heft_dtype written[2] = { HEFT_DTYPES, HEFT_DTYPES }; /* of the files there: plain, loud */

/* loud: the matrix of which a row is 500 times as large, or NULL. */
static void open_subject(subject *s, heft_dtype type, const char *loud)
{
    heft_error err = { 0 };
    char path[HEFT_SCRATCH_PATH + 16];
    const heft_synthetic shape = { .arch = "qwen2",
                                   .L = LAYERS,
                                   .D = D,
                                   .H = 4,
                                   .G = 2,
                                   .dk = DK,
                                   .F = F,
                                   .V = V,
                                   .ctx = 64,
                                   .type = type,
                                   .seed = 11,
                                   .loud = loud,
                                   .loud_row = CHANNEL,
                                   .loudness = 500 };
    *s = (subject){ 0 };
    heft_scratch_file(folder, loud ? "loud.gguf" : "plain.gguf", path, sizeof path);
    if (written[loud != NULL] != type) assert_ok(heft_synthetic_write(&shape, path, &err), &err);
    written[loud != NULL] = type;
    assert_ok(heft_model_open(path, NULL, &s->model, &err), &err);
}

static void close_subject(subject *s)
{
    heft_model_close(s->model);
    heft_arena_clear(&s->arena);
}

static float *as_floats(subject *s, heft_mat *m)
{
    heft_kernels k;
    heft_kernels_init(&k, 0);
    float *w = heft_arena_alloc(&s->arena, (size_t)m->rows * (size_t)m->cols, sizeof *w);
    assert_non_null(w);
    for (int32_t r = 0; r < m->rows; r++)
        k.row(w + (size_t)r * (size_t)m->cols, m, r);
    *m = (heft_mat){ .data = (const uint8_t *)w,
                     .stride = m->cols * (int64_t)sizeof *w,
                     .rows = m->rows,
                     .cols = m->cols,
                     .dtype = HEFT_F32 };
    return w;
}

static void all_as_floats(subject *s)
{
    for (int32_t i = 0; i < LAYERS; i++) {
        heft_layer *l = &s->model->net.layer[i];
        heft_lin *lin[] = { &l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down };
        for (size_t k = 0; k < sizeof lin / sizeof *lin; k++)
            (void)as_floats(s, &lin[k]->w);
    }
}

/* The state (T, D) after so many layers, of a text. */
static void run(const subject *s, heft_cache_type cache, int32_t layers, float *hidden)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    heft_seq *seq = NULL;
    int32_t text[T];
    for (int32_t i = 0; i < T; i++)
        text[i] = (int32_t)(heft_synthetic_hash(3, (uint64_t)i) % V);
    const heft_engine_options o = {
        .threads = 1, .context = T, .batch = T, .cache = cache, .hidden = true
    };
    assert_ok(heft_engine_open(s->model, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, 0, &seq, &err), &err);
    assert_ok(heft_seq_feed(seq, text, T, HEFT_LOGITS_LAST, &err), &err);
    memcpy(hidden, heft_engine_hidden(e, layers), sizeof(float) * T * D);
    heft_seq_close(seq);
    heft_engine_close(e);
}

/* Run a check on every number format of GGUF and every cache type. */
static void for_all(void (*check)(heft_dtype, heft_cache_type))
{
    int32_t formats = 0;
    for (int32_t t = 0; t < HEFT_DTYPES; t++) {
        if (heft_dtypes[t].sum == HEFT_SUM_NONE || heft_dtypes[t].gguf < 0) continue;
        for (int32_t c = 0; c < HEFT_CACHE_TYPES; c++)
            check((heft_dtype)t, (heft_cache_type)c);
        formats++;
    }
    assert_true(formats >= 24);
}

static float first[T * D], second[T * D];

/* ---- a key bias ---- */

/* Heads of queries do not look at two numbers, which rotate as one; keys are biased there. deaf:
 * else they look. */
static void bias_keys(subject *s, float *hidden, heft_cache_type cache, float bias, bool deaf)
{
    heft_layer *l = &s->model->net.layer[1];
    float *k = heft_arena_alloc(&s->arena, (size_t)l->k.w.rows, sizeof *k);
    float *q = heft_arena_alloc(&s->arena, (size_t)l->q.w.rows, sizeof *q), *w = NULL;
    assert_true(k && q);
    memcpy(k, l->k.bias, (size_t)l->k.w.rows * sizeof *k);
    memcpy(q, l->q.bias, (size_t)l->q.w.rows * sizeof *q);
    w = as_floats(s, &l->q.w);
    for (int32_t r = 0; r < l->q.w.rows && deaf; r++) {
        if (r % DK != 5 && r % DK != 5 + DK / 2) continue;
        memset(w + (size_t)r * D, 0, D * sizeof *w);
        q[r] = 0;
    }
    for (int32_t g = 0; g < 2; g++)
        k[g * DK + 5] += bias;
    l->k.bias = k;
    l->q.bias = q;
    run(s, cache, LAYERS, hidden);
}

/* A block of Q8_0 has one scale: there the numbers beside an outlier are as exact as it is (what
 * that means, tests/kernels/test_scalar_rows.c says). */
static void check_key_bias(heft_dtype type, heft_cache_type cache)
{
    if (cache == HEFT_CACHE_Q8_0) return;
    for (int32_t deaf = 0; deaf < 2; deaf++) {
        subject plain, loud;
        open_subject(&plain, type, NULL);
        open_subject(&loud, type, NULL);
        bias_keys(&plain, first, cache, 0, deaf);
        bias_keys(&loud, second, cache, 900, deaf);
        const bool same = memcmp(first, second, sizeof first) == 0;
        if (same != deaf)
            fail_msg("%s, cache %d: a key bias %s", heft_dtypes[type].name, cache,
                     deaf ? "spoils the numbers beside it" : "changes nothing");
        close_subject(&plain);
        close_subject(&loud);
    }
}

static void a_key_bias_of_900_leaves_the_numbers_beside_it(void **state)
{
    (void)state;
    for_all(check_key_bias);
}

/* ---- a channel of the stream ---- */

/* What the clean channels of `got` are off by, as a part of their size. */
static double off_by(const float *got, const float *want)
{
    double error = 0, power = 0;
    for (int32_t i = 0; i < T * D; i++) {
        const double w = (double)want[i], d = (double)got[i] - w;
        if (i % D == CHANNEL) continue;
        error += d * d;
        power += w * w;
    }
    return sqrt(error / power);
}

/* The embedding is as floats, its channel of the stream as given, or its own. */
static double error_of(heft_dtype type, heft_cache_type cache, float channel)
{
    subject s;
    open_subject(&s, type, NULL);
    float *embed = as_floats(&s, &s.model->net.g.embed);
    for (int32_t i = 0; i < V && channel > 0; i++)
        embed[i * D + CHANNEL] = channel;
    run(&s, cache, LAYERS, first);
    all_as_floats(&s);
    run(&s, HEFT_CACHE_F32, LAYERS, second);
    assert_true(channel == 0 || second[CHANNEL] > 0.9f * channel);
    close_subject(&s);
    return off_by(first, second);
}

static void check_channel(heft_dtype type, heft_cache_type cache)
{
    /* what a norm leaves of the rest depends on the outlier: errors of 8-bit activations differ */
    const double least = heft_dtypes[type].sum == HEFT_SUM_F ? 0 : 0.003;
    const double plain = error_of(type, cache, 0), loud = error_of(type, cache, 1e5f);
    if (!(loud <= 1.5 * plain + least))
        fail_msg("%s, cache %d: clean channels are off by %g, without the outlier by %g",
                 heft_dtypes[type].name, cache, loud, plain);
}

static void a_channel_of_1e5_leaves_the_others_as_exact_as_they_are(void **state)
{
    (void)state;
    for_all(check_channel);
}

/* ---- a row of a matrix ---- */

static void check_row(heft_dtype type, heft_cache_type cache)
{
    subject s;
    open_subject(&s, type, NULL);
    run(&s, cache, 1, first);
    close_subject(&s);
    open_subject(&s, type, "0.ffn_down.weight");
    run(&s, cache, 1, second);
    close_subject(&s);
    bool louder = false;
    for (int32_t i = 0; i < T * D; i++) {
        if (i % D == CHANNEL)
            louder |= fabsf(second[i]) > 50 * fabsf(first[i]);
        else if (first[i] != second[i])
            fail_msg("%s, cache %d: channel %d is %g, without the outlier %g",
                     heft_dtypes[type].name, cache, i % D, (double)second[i], (double)first[i]);
    }
    assert_true(louder);
}

static void a_row_500_times_as_large_leaves_the_others(void **state)
{
    (void)state;
    for_all(check_row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_bias_of_900_leaves_the_numbers_beside_it),
        cmocka_unit_test(a_channel_of_1e5_leaves_the_others_as_exact_as_they_are),
        cmocka_unit_test(a_row_500_times_as_large_leaves_the_others),
    };
    heft_scratch_open(folder);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    heft_scratch_close(folder);
    return failed;
}

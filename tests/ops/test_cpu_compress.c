/* Entries of several tokens, and attention to them: the definition of docs/sums.md in double
 * precision, on small blocks. */
#include "ops/cpu.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { W = 8, EVERY = 3, T = 14, PAGES = 1, MOST = T / EVERY };

static const int32_t first_page[PAGES] = { 0 }, slot[1] = { 0 };
static const int32_t *const page[1] = { first_page };
static const float inverse[2] = { 0.5f, 0.125f }, *const inv[1] = { inverse };
static int32_t pos[T], seq[T], rows[2] = { 0, T };

static const heft_rotation turn = { .pairs = true, .last = true, .width = 4, .magnitude = 1 };

typedef struct {
    float values[HEFT_TILE * 4 * W], entries[HEFT_TILE * W]; /* caches of one page */
    float c[T * 2 * W], a[T * 2 * W], ape[EVERY * 2 * W], weight[W];
    heft_attn attn;
    heft_kv parts, to;
    heft_compress how;
} subject;

static heft_device *open_device(void)
{
    heft_error err = { 0 };
    heft_device *d = NULL;
    const heft_device_need need = { .threads = 2,
                                    .rows = T,
                                    .cols = 32,
                                    .blocks = T,
                                    .heads = 2,
                                    .dk = W,
                                    .dv = W,
                                    .group = 2,
                                    .context = T,
                                    .entry = W,
                                    .block = 2 * EVERY };
    assert_ok(heft_cpu_open(&need, heft_isa_detect(), &d, &err), &err);
    return d;
}

static void fill(float *x, int32_t n, uint32_t seed)
{
    for (int32_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) * 0x1p-22f - 2;
    }
}

static void set_up(subject *s, bool overlap)
{
    const int32_t w = overlap ? 2 * W : W;
    *s = (subject){
        .attn = { .H = 2,
                  .G = 1,
                  .dk = W,
                  .dv = W,
                  .window = 5,
                  .scale = 0.5f,
                  .overlap = overlap },
        .parts = { .base = (uint8_t *)s->values, .dtype = HEFT_F32, .G = 1, .dk = w, .dv = w },
        .to = { .base = (uint8_t *)s->entries, .dtype = HEFT_F32, .G = 1, .dk = W, .dv = W },
    };
    s->attn.index.every = EVERY;
    s->to.v_in_k = true;
    s->how = (heft_compress){ .ape = s->ape, .norm = { HEFT_NORM_RMS, s->weight, NULL, 0.01f } };
    fill(s->c, T * w, 1);
    fill(s->a, T * w, 2);
    fill(s->ape, EVERY * w, 3);
    fill(s->weight, W, 4);
    for (int32_t t = 0; t < T; t++)
        pos[t] = t;
}

static heft_batch batch_of(int32_t from, int32_t n)
{
    rows[1] = n;
    return (heft_batch){ .T = n,
                         .S = 1,
                         .pos = pos + from,
                         .seq = seq,
                         .first = rows,
                         .inv = inv,
                         .page = page,
                         .slot = slot,
                         .pages = PAGES };
}

/* Everything in steps of n rows. */
static void run(heft_device *d, subject *s, int32_t n)
{
    for (int32_t at = 0; at < T; at += n) {
        const heft_batch b = batch_of(at, T - at < n ? T - at : n);
        const size_t from = (size_t)at * (size_t)s->parts.dk;
        heft_ops_cpu.store(d, &s->parts, s->c + from, s->a + from, &b);
        heft_ops_cpu.compress(d, &s->to, &s->parts, &s->how, &s->attn, &turn, &b);
    }
}

/* Entry e as the page says. */
static void entry(const subject *s, int32_t e, double y[W])
{
    const int32_t w = s->parts.dk, first = e * EVERY;
    const int32_t from = s->attn.overlap && e > 0 ? first - EVERY : first;
    double square = 0.01;
    for (int32_t i = 0; i < W; i++) {
        double sum = 0;
        y[i] = 0;
        for (int32_t t = from; t < first + EVERY; t++) {
            const int32_t at = s->attn.overlap && t >= first ? W + i : i;
            const double p = exp((double)s->a[t * w + at] + (double)s->ape[t % EVERY * w + at]);
            sum += p;
            y[i] += p * (double)s->c[t * w + at];
        }
        y[i] /= sum;
        square += y[i] * y[i] / W;
    }
    for (int32_t i = 0; i < W; i++)
        y[i] *= (double)s->weight[i] / sqrt(square);
    for (int32_t i = 0; i < 2; i++) { /* the last four turn, by the first token's position */
        const double angle = first * (double)inverse[i], a = y[4 + 2 * i], b = y[5 + 2 * i];
        y[4 + 2 * i] = a * cos(angle) - b * sin(angle);
        y[5 + 2 * i] = b * cos(angle) + a * sin(angle);
    }
}

static void an_entry_is_a_weighted_sum_of_its_blocks_tokens_normed_and_turned(void **state)
{
    (void)state;
    for (int32_t overlap = 0; overlap < 2; overlap++) {
        subject s;
        set_up(&s, overlap);
        heft_device *d = open_device();
        run(d, &s, T);
        heft_cpu_close(d);
        for (int32_t e = 0; e < MOST; e++) {
            double want[W];
            entry(&s, e, want);
            for (int32_t i = 0; i < W; i++)
                assert_true(fabs((double)s.entries[e * W + i] - want[i]) < 1e-5);
        }
        assert_true(s.entries[MOST * W] == 0); /* two tokens are no block */
    }
}

static void a_block_may_come_in_any_steps(void **state)
{
    (void)state;
    subject whole, parts;
    set_up(&whole, true);
    heft_device *d = open_device();
    run(d, &whole, T);
    for (int32_t n = 1; n < T; n++) {
        set_up(&parts, true);
        run(d, &parts, n);
        assert_memory_equal(parts.entries, whole.entries, sizeof whole.entries);
    }
    heft_cpu_close(d);
}

static void an_entry_that_does_not_fit_the_cache_is_an_error(void **state)
{
    (void)state;
    heft_error err = { 0 };
    subject s;
    set_up(&s, false);
    for (int32_t i = 0; i < W; i++)
        s.weight[i] = 1e5f;
    s.to.dtype = HEFT_F16;
    s.to.layer = 3;
    heft_device *d = open_device();
    run(d, &s, T);
    assert_int_equal(heft_ops_cpu.sync(d, &err), HEFT_E_UNSUPPORTED);
    assert_string_equal(err.text, "layer 3: an entry of several tokens is too large for a cache of "
                                  "type F16; use --ctk bf16 or f32");
    heft_cpu_close(d);
}

/* One softmax over the window, the entries of blocks that are over, and the sink. */
static void a_row_sees_its_window_and_the_blocks_that_are_over(void **state)
{
    (void)state;
    subject s;
    float keys[HEFT_TILE * W] = { 0 }, q[T * 2 * W], o[T * 2 * W];
    const float sinks[2] = { 0.5f, -1 };
    set_up(&s, true);
    fill(q, T * 2 * W, 5);
    fill(keys, T * W, 6);
    const heft_kv kv = {
        .base = (uint8_t *)keys, .dtype = HEFT_F32, .G = 1, .dk = W, .dv = W, .v_in_k = true
    };
    heft_device *d = open_device();
    run(d, &s, T);
    const heft_batch b = batch_of(0, T);
    heft_ops_cpu.attend(d, o, q, &kv, &s.to, sinks, NULL, NULL, &s.attn, &b);
    heft_cpu_close(d);
    for (int32_t t = 0; t < T; t++)
        for (int32_t h = 0; h < 2; h++) {
            double sum = exp((double)sinks[h]), out[W] = { 0 };
            const int32_t from = t > 4 ? t - 4 : 0, n = t + 1 - from;
            for (int32_t i = 0; i < n + (t + 1) / EVERY; i++) {
                const float *k = i < n ? keys + (from + i) * W : s.entries + (i - n) * W;
                double score = 0;
                for (int32_t j = 0; j < W; j++)
                    score += 0.5 * (double)q[(t * 2 + h) * W + j] * (double)k[j];
                sum += exp(score);
                for (int32_t j = 0; j < W; j++)
                    out[j] += exp(score) * (double)k[j];
            }
            for (int32_t j = 0; j < W; j++)
                assert_true(fabs((double)o[(t * 2 + h) * W + j] - out[j] / sum) < 1e-5);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_a_weighted_sum_of_its_blocks_tokens_normed_and_turned),
        cmocka_unit_test(a_block_may_come_in_any_steps),
        cmocka_unit_test(an_entry_that_does_not_fit_the_cache_is_an_error),
        cmocka_unit_test(a_row_sees_its_window_and_the_blocks_that_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

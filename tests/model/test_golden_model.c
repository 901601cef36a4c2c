/* The goldens themselves: the weights made here are those the reference ran, in every form written.
 */
#include "golden_model.h"
#include "scratch.h"

#include "kernels/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static heft_golden_names names;
static heft_error err;

static void check(heft_status st)
{
    if (st) fail_msg("%s", err.text);
}

static heft_golden *open_golden(int32_t i)
{
    heft_golden *g = NULL;
    check(heft_golden_open(names.name[i], &g, &err));
    return g;
}

static void the_weights_are_those_of_the_reference(void **state)
{
    (void)state;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(i);
        for (int32_t k = 0; k < g->n_tensors; k++) {
            const heft_golden_tensor *t = &g->tensor[k];
            int8_t *q = heft_alloc((size_t)t->n, 1);
            heft_golden_grid(g, t, q);
            if (heft_golden_hash(q, (size_t)t->n) != t->hash)
                fail_msg("%s: %s has other weights than the reference ran", names.name[i], t->name);
            heft_free(q);
        }
        heft_golden_close(g);
    }
}

static int32_t best(const float *logits, int32_t n)
{
    int32_t at = 0;
    for (int32_t i = 1; i < n; i++)
        if (logits[i] > logits[at]) at = i;
    return at;
}

static void the_first_greedy_token_follows_from_the_logits(void **state)
{
    (void)state;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(i);
        assert_int_equal(g->n_ids + g->n_greedy, g->length);
        assert_int_equal(g->greedy[0],
                         best(g->logits + (size_t)(g->n_ids - 1) * (size_t)g->vocab, g->choices));
        heft_golden_close(g);
    }
}

/* The values of a tensor as stored in a file. */
static float *stored_values(const heft_tensor *t, int64_t n)
{
    float *value = heft_alloc((size_t)n, sizeof *value);
    for (int64_t i = 0; i < n; i++) {
        uint16_t bits;
        uint32_t wide;
        switch ((int)t->dtype) {
        case HEFT_F32: memcpy(&value[i], t->data + 4 * i, 4); break;
        case HEFT_F16:
            memcpy(&bits, t->data + 2 * i, 2);
            value[i] = heft_half(bits);
            break;
        case HEFT_BF16:
            memcpy(&bits, t->data + 2 * i, 2);
            wide = (uint32_t)bits << 16;
            memcpy(&value[i], &wide, 4);
            break;
        case HEFT_Q8_0: {
            const uint8_t *block = t->data + i / 32 * 34;
            memcpy(&bits, block, 2);
            value[i] = heft_half(bits) * (float)(int8_t)block[2 + i % 32];
            break;
        }
        default: fail_msg("tensor stored as %s", heft_dtypes[t->dtype].name);
        }
    }
    return value;
}

/* Where row r of the reference lies in GGUF's order. */
static int64_t row_in_gguf(int64_t r, int64_t width)
{
    const int64_t within = r % width, half = width / 2;
    return r - within + within % half * 2 + within / half;
}

/* The slice of a stacked GGUF tensor that tensor k is: how many before it have its name. */
static int64_t slice_of(const heft_golden *g, int32_t k)
{
    int64_t n = 0;
    for (int32_t i = 0; i < k; i++)
        n += g->tensor[i].gguf && strcmp(g->tensor[i].gguf, g->tensor[k].gguf) == 0;
    return n;
}

/* Every tensor of the golden is in the file, with its shape and its values. */
static void assert_holds(const heft_source *s, const heft_golden *g, bool gguf, heft_dtype dtype)
{
    for (int32_t k = 0; k < g->n_tensors; k++) {
        const heft_golden_tensor *t = &g->tensor[k];
        const heft_tensor *f = heft_source_find(s, heft_str_of(gguf ? t->gguf : t->name));
        if (!f) fail_msg("%s: no %s", s->path, t->name);
        if (t->below) { /* model/golden runs these */
            assert_int_equal(f->dtype, gguf ? HEFT_I32 : HEFT_I64);
            continue;
        }
        assert_int_equal(f->dtype, gguf && (t->rank == 1 || t->plain) ? HEFT_F32 : dtype);
        if (gguf
            && (t->gguf_up || t->transposed || t->fused[0] || t->rows.n || t->cols.n || t->minus_exp
                || (t->rank == 3 && f->rank == 2))) /* taps of a convolution */
            continue;                               /* model/golden runs these */
        const bool flat = gguf && f->rank < t->rank && t->shape[0] == 1; /* one row, a vector */
        const bool stacked = gguf && f->rank > t->rank;
        assert_int_equal(f->rank, t->rank - flat + stacked);
        assert_memory_equal(f->shape + stacked, t->shape + flat,
                            (size_t)(t->rank - flat) * sizeof t->shape[0]);
        const int64_t from = stacked ? slice_of(g, k) * t->n : 0;
        float *want = heft_alloc((size_t)t->n, sizeof *want);
        float *all = stored_values(f, from + t->n), *got = all + from;
        heft_golden_values(g, t, want);
        for (int64_t e = 0; gguf && e < t->n; e++)
            want[e] += t->plus;
        const int64_t row = t->n / t->shape[0];
        for (int64_t r = 0; r < t->shape[0]; r++) {
            const int64_t at = gguf && t->permuted ? row_in_gguf(r, t->permuted) : r;
            if (memcmp(want + r * row, got + at * row, (size_t)row * sizeof *want) != 0)
                fail_msg("%s: %s differs in row %d", s->path, t->name, (int)r);
        }
        heft_free(want);
        heft_free(all);
    }
}

static void a_release_the_reference_saved_holds_the_same_weights(void **state)
{
    (void)state;
    int32_t seen = 0;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(i);
        char path[4096];
        check(heft_path_join(path, sizeof path, g->directory, heft_str_of("release"), &err));
        if (heft_is_directory(path)) {
            heft_source *s = NULL;
            check(heft_source_open(path, NULL, &s, &err));
            assert_int_equal(s->n_tensors, g->n_tensors);
            assert_holds(s, g, false, s->tensor[0].dtype);
            heft_source_close(s);
            seen++;
        }
        heft_golden_close(g);
    }
    assert_true(seen >= 4);
}

static void a_release_holds_the_weights_in_every_form(void **state)
{
    (void)state;
    static const heft_golden_form form[] = {
        { .dtype = HEFT_F32 },
        { .dtype = HEFT_F16, .pad = 1 },
        { .dtype = HEFT_BF16, .pad = 3 },
        { .dtype = HEFT_BF16, .shards = 3 },
    };
    for (int32_t i = 0; i < names.n; i++) {
        const heft_golden_form *f = &form[i % 4];
        heft_golden *g = open_golden(i);
        char at[HEFT_SCRATCH_PATH];
        heft_scratch_open(at);
        check(heft_golden_write_release(g, at, f, &err));
        heft_source *s = NULL;
        check(heft_source_open(at, NULL, &s, &err));
        assert_int_equal(s->n_files, f->shards ? f->shards : 1);
        assert_int_equal(s->n_tensors, g->n_tensors);
        if (f->pad) assert_int_equal((uintptr_t)s->tensor[0].data % 2, 1);
        assert_non_null(heft_value_get(s->config, "model_type"));
        assert_holds(s, g, false, f->dtype);
        heft_source_close(s);
        heft_scratch_close(at);
        heft_golden_close(g);
    }
}

static void a_gguf_file_holds_the_weights_in_every_form(void **state)
{
    (void)state;
    static const heft_dtype dtype[] = { HEFT_F32, HEFT_F16, HEFT_BF16, HEFT_Q8_0 };
    char at[HEFT_SCRATCH_PATH], path[HEFT_SCRATCH_PATH + 16];
    heft_scratch_open(at);
    heft_scratch_file(at, "golden.gguf", path, sizeof path);
    int32_t written = 0;
    for (int32_t i = 0; i < names.n; i++) {
        heft_golden *g = open_golden(i);
        if (!g->no_gguf) {
            const heft_dtype d = dtype[written++ % 4];
            check(heft_golden_write_gguf(g, path, d, &err));
            heft_source *s = NULL;
            check(heft_source_open(path, NULL, &s, &err));
            assert_non_null(heft_value_get(s->config, "general.architecture"));
            assert_holds(s, g, true, d);
            heft_source_close(s);
        }
        heft_golden_close(g);
    }
    assert_true(written >= 4);
    heft_scratch_close(at);
}

static void a_golden_that_gguf_cannot_say_tells_why(void **state)
{
    (void)state;
    heft_golden *g = NULL;
    check(heft_golden_open("llama_dynamic", &g, &err));
    assert_int_equal(heft_golden_write_gguf(g, "/nowhere/x.gguf", HEFT_F32, &err),
                     HEFT_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "dynamic"));
    heft_golden_close(g);
}

int main(void)
{
    if (heft_golden_list(&names, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_weights_are_those_of_the_reference),
        cmocka_unit_test(the_first_greedy_token_follows_from_the_logits),
        cmocka_unit_test(a_release_the_reference_saved_holds_the_same_weights),
        cmocka_unit_test(a_release_holds_the_weights_in_every_form),
        cmocka_unit_test(a_gguf_file_holds_the_weights_in_every_form),
        cmocka_unit_test(a_golden_that_gguf_cannot_say_tells_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

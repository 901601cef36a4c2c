/* Scoring a text: against probabilities counted here from the logits, in double precision. */
#include "engine/engine.h"
#include "scratch.h"
#include "synthetic.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum { CONTEXT = 128, WINDOW = 64 };

static const char text[] =
    "Once upon a time there was a miller who had three sons, and nothing to leave them but his "
    "mill, his ass and his cat. The eldest took the mill, the second the ass, and the youngest "
    "had to be content with the cat. \"What shall I do with you?\" said he. \"Give me a bag and a "
    "pair of boots,\" said the cat, \"and you shall see that you have not come off so badly.\" So "
    "the young man went to the shoemaker, and the cat went out into the wood with the bag over his "
    "shoulder. There he lay down as if he were dead, and waited for some young rabbit that did not "
    "yet know the ways of the world. Soon one came and put its head into the bag, and the cat drew "
    "the string. Then he went to the king's castle and asked to be led before the king, and he "
    "bowed low and said that his master sent the rabbit with all his respects.";

static heft_model *model; /* NULL: models/fable is not there */

static heft_engine *open_engine(int32_t outputs, int32_t batch, heft_cache_type cache)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    const heft_engine_options o = {
        .threads = 2, .context = CONTEXT, .outputs = outputs, .batch = batch, .cache = cache
    };
    assert_ok(heft_engine_open(model, &o, &e, &err), &err);
    return e;
}

static int open_fable(void **state)
{
    (void)state;
    heft_error err = { 0 };
    if (!heft_is_directory(HEFT_SOURCE_DIR "/models/fable")) {
        print_message("models/fable is not here: not scored\n");
        return 0;
    }
    return heft_model_open(HEFT_SOURCE_DIR "/models/fable", NULL, &model, &err) != HEFT_OK;
}

static int close_fable(void **state)
{
    (void)state;
    heft_model_close(model);
    return 0;
}

static double log_sum(const float *x, int32_t n)
{
    double sum = 0, max = -HUGE_VAL;
    for (int32_t i = 0; i < n; i++)
        max = fmax(max, (double)x[i]);
    for (int32_t i = 0; i < n; i++)
        sum += exp((double)x[i] - max);
    return max + log(sum);
}

/* Bits per byte and perplexity of the text, by the rule, a token at a time. */
static heft_evaluation counted(heft_engine *e)
{
    heft_error err = { 0 };
    const heft_tokenizer *t = heft_model_tokenizer(model);
    int32_t *ids = NULL;
    size_t n = 0;
    heft_seq *s = NULL;
    heft_evaluation r = { 0 };
    double nll = 0;
    assert_ok(heft_tokenize(t, text, strlen(text), 0, &ids, &n, &err), &err);
    const bool bos = ids[0] == heft_tokenizer_bos(t);
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    for (size_t w = 0; w + WINDOW <= n; w += WINDOW, r.windows++) {
        assert_ok(heft_seq_rewind(s, 0, &err), &err);
        for (int32_t i = 0; i + 1 < WINDOW; i++) {
            const int32_t token = i == 0 && bos ? ids[0] : ids[w + (size_t)i];
            assert_ok(heft_seq_feed(s, &token, 1, HEFT_LOGITS_LAST, &err), &err);
            if (i < WINDOW / 2) continue;
            const int32_t next = ids[w + (size_t)i + 1];
            const float *x = heft_engine_logits(e, 0);
            char *bytes = NULL;
            size_t n_bytes = 0;
            nll += log_sum(x, heft_engine_vocab(e)) - (double)x[next];
            r.tokens++;
            assert_ok(heft_detokenize(t, &next, 1, false, &bytes, &n_bytes, &err), &err);
            r.bytes += (int64_t)n_bytes;
            heft_release(bytes);
        }
    }
    heft_seq_close(s);
    heft_release(ids);
    r.perplexity = exp(nll / (double)r.tokens);
    r.bits_per_byte = nll / log(2) / (double)r.bytes;
    return r;
}

static heft_evaluation score(heft_engine *e, heft_engine *reference)
{
    heft_error err = { 0 };
    heft_evaluation r = { 0 };
    const heft_eval_options o = { .window = WINDOW };
    assert_ok(heft_eval_text(e, reference, text, strlen(text), &o, &r, &err), &err);
    return r;
}

static void the_second_half_of_every_window_is_foretold(void **state)
{
    (void)state;
    if (!model) skip();
    heft_engine *e = open_engine(WINDOW, 0, HEFT_CACHE_F32);
    const heft_evaluation r = score(e, NULL), c = counted(e);
    assert_true(r.windows > 2);
    assert_int_equal(r.windows, c.windows);
    assert_int_equal(r.tokens, c.tokens);
    assert_int_equal(r.tokens, r.windows * (WINDOW / 2 - 1));
    assert_int_equal(r.bytes, c.bytes);
    assert_true(fabs(r.perplexity / c.perplexity - 1) < 1e-6);
    assert_true(fabs(r.bits_per_byte / c.bits_per_byte - 1) < 1e-6);
    assert_true(r.perplexity_error > 0 && r.perplexity_error < r.perplexity);
    assert_true(r.kl == 0 && r.same_top == 0 && r.reference_perplexity == 0);
    heft_engine_close(e);
}

static void rows_of_a_step_do_not_change_the_score(void **state)
{
    (void)state;
    if (!model) skip();
    heft_engine *all = open_engine(WINDOW, 0, HEFT_CACHE_F16),
                *few = open_engine(5, 7, HEFT_CACHE_F16);
    const heft_evaluation a = score(all, NULL), b = score(few, NULL);
    assert_memory_equal(&a, &b, sizeof a);
    heft_engine_close(few);
    heft_engine_close(all);
}

static void a_model_is_no_distance_from_itself(void **state)
{
    (void)state;
    if (!model) skip();
    heft_engine *a = open_engine(9, 0, HEFT_CACHE_F16), *b = open_engine(4, 0, HEFT_CACHE_F16);
    const heft_evaluation r = score(a, b);
    assert_true(fabs(r.kl) < 1e-12 && fabs(r.kl_most) < 1e-12);
    assert_true(r.same_top == 1);
    assert_true(r.perplexity == r.reference_perplexity);
    heft_engine_close(b);
    heft_engine_close(a);
}

static void a_small_distance_away(heft_cache_type type)
{
    heft_engine *a = open_engine(WINDOW, 0, type), *b = open_engine(WINDOW, 0, HEFT_CACHE_F32);
    const heft_evaluation r = score(a, b);
    assert_true(r.kl > 1e-9 && r.kl < 1e-3);
    assert_true(r.kl_50 <= r.kl_90 && r.kl_90 <= r.kl_99 && r.kl_99 <= r.kl_most);
    assert_true(r.kl_most > r.kl && r.kl_error > 0);
    assert_true(r.same_top > 0.9 && r.same_top <= 1);
    assert_true(r.perplexity != r.reference_perplexity);
    heft_engine_close(b);
    heft_engine_close(a);
}

static void another_cache_type_is_a_small_distance_away(void **state)
{
    (void)state;
    if (!model) skip();
    a_small_distance_away(HEFT_CACHE_BF16);
    a_small_distance_away(HEFT_CACHE_Q8_0);
}

static bool stop_after_one(void *to, const heft_evaluation *r, int32_t all)
{
    (void)to;
    assert_true(all > 1);
    return r->windows < 1;
}

static void what_cannot_be_scored_is_refused(void **state)
{
    (void)state;
    if (!model) skip();
    heft_error err = { 0 };
    heft_evaluation r;
    heft_engine *e = open_engine(4, 0, HEFT_CACHE_F16);
    heft_eval_options o = { .window = WINDOW };
    assert_int_equal(heft_eval_text(e, NULL, "too short", 9, &o, &r, &err), HEFT_E_ARG);
    assert_non_null(strstr(err.text, "a window has 64"));
    o.window = CONTEXT + 1;
    assert_int_equal(heft_eval_text(e, NULL, text, strlen(text), &o, &r, &err), HEFT_E_ARG);
    assert_non_null(strstr(err.text, "129"));
    o = (heft_eval_options){ .window = WINDOW, .progress = stop_after_one };
    assert_int_equal(heft_eval_text(e, NULL, text, strlen(text), &o, &r, &err), HEFT_E_CANCELLED);
    assert_int_equal(heft_eval_text(e, NULL, text, strlen(text), NULL, &r, &err), HEFT_OK);
    heft_engine_close(e);
}

/* A token for every byte: not fable's vocabulary. */
static void a_reference_with_another_vocabulary_is_refused(void **state)
{
    (void)state;
    if (!model) skip();
    heft_error err = { 0 };
    char at[HEFT_SCRATCH_PATH], path[512];
    heft_model *other = NULL;
    heft_engine *a = open_engine(4, 0, HEFT_CACHE_F16), *b = NULL;
    heft_evaluation r;
    const heft_eval_options o = { .window = WINDOW };
    const heft_engine_options small = { .threads = 1, .context = WINDOW };
    heft_scratch_open(at);
    for (int32_t same_size = 0; same_size < 2; same_size++) {
        const heft_synthetic shape = { .arch = "llama",
                                       .L = 1,
                                       .D = 64,
                                       .H = 2,
                                       .G = 1,
                                       .dk = 32,
                                       .F = 64,
                                       .V = same_size ? heft_engine_vocab(a) : 512,
                                       .ctx = CONTEXT,
                                       .type = HEFT_F16,
                                       .text = true };
        heft_scratch_file(at, "other.gguf", path, sizeof path);
        assert_ok(heft_synthetic_write(&shape, path, &err), &err);
        assert_ok(heft_model_open(path, NULL, &other, &err), &err);
        assert_ok(heft_engine_open(other, &small, &b, &err), &err);
        assert_int_equal(heft_eval_text(a, b, text, strlen(text), &o, &r, &err), HEFT_E_ARG);
        assert_non_null(strstr(err.text, "do not share a vocabulary"));
        assert_non_null(strstr(err.text, same_size ? "different tokens" : "512"));
        heft_engine_close(b);
        heft_model_close(other);
    }
    heft_scratch_close(at);
    heft_engine_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_half_of_every_window_is_foretold),
        cmocka_unit_test(rows_of_a_step_do_not_change_the_score),
        cmocka_unit_test(a_model_is_no_distance_from_itself),
        cmocka_unit_test(another_cache_type_is_a_small_distance_away),
        cmocka_unit_test(what_cannot_be_scored_is_refused),
        cmocka_unit_test(a_reference_with_another_vocabulary_is_refused),
    };
    return cmocka_run_group_tests(tests, open_fable, close_fable);
}

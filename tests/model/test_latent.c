/* Latent attention: what its cache keeps, that the same tokens give the same bits, and what
 * releases of its families mean where no golden can say so.
 *
 * Of the numbered traps of the design notes the goldens of deepseek_v2, deepseek_v3 and kimi_k2
 * hold 1, 2, 5, 10, 13, 15, 23 and 32, as their `what` says; here: 15 (the scales of the releases),
 * 16 (yarn below the original context) and 29 (GGUF's block_count has the layers that draft). */
#include "engine/engine.h"
#include "golden_model.h"
#include "in_memory.h"
#include "scratch.h"
#include "synthetic.h"

#include <math.h>
#include <string.h>

/* ---- the same bits ---- */

enum { MOST = 40 * 96 };

static void run(heft_model *m, const heft_golden *g, const char *isa, int32_t threads,
                int32_t chunk, float *logits)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    const heft_engine_options o = { .threads = threads,
                                    .isa = isa,
                                    .context = g->length,
                                    .batch = chunk,
                                    .outputs = chunk,
                                    .cache = HEFT_CACHE_F16 };
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    const size_t V = (size_t)g->vocab;
    for (int32_t at = 0; at < g->n_ids; at += chunk) {
        const int32_t n = g->n_ids - at < chunk ? g->n_ids - at : chunk;
        assert_ok(heft_seq_feed(s, g->ids + at, n, HEFT_LOGITS_ALL, &err), &err);
        for (int32_t i = 0; i < n; i++)
            memcpy(logits + (size_t)(at + i) * V, heft_engine_logits(e, i), V * sizeof *logits);
    }
    heft_seq_close(s);
    heft_engine_close(e);
}

static void same_bits(const char *name, heft_dtype dtype)
{
    static const int32_t chunks[] = { 1, 7, 32, 40 };
    static float expected[MOST], got[MOST];
    heft_error err = { 0 };
    heft_golden *g = NULL;
    heft_model *m = NULL;
    char at[HEFT_SCRATCH_PATH], path[HEFT_SCRATCH_PATH + 16];
    assert_ok(heft_golden_open(name, &g, &err), &err);
    const size_t bytes = (size_t)g->n_ids * (size_t)g->vocab * sizeof(float);
    assert_true(bytes <= sizeof got);
    heft_scratch_open(at);
    heft_scratch_file(at, "latent.gguf", path, sizeof path);
    assert_ok(heft_golden_write_gguf(g, path, dtype, &err), &err);
    assert_ok(heft_model_open(path, NULL, &m, &err), &err);
    run(m, g, "scalar", 1, 40, expected);
    assert_true(expected[0] != expected[1] && expected[0] == expected[0]);
    for (int32_t threads = 1; threads <= 3; threads++)
        for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++) {
            run(m, g, NULL, threads, chunks[c], got);
            if (memcmp(got, expected, bytes) != 0)
                fail_msg("%s as %s: %d threads and chunks of %d give other bits", name,
                         heft_dtypes[dtype].name, threads, chunks[c]);
        }
    heft_model_close(m);
    heft_scratch_close(at);
    heft_golden_close(g);
}

static void chunks_and_threads_change_no_bit(void **state)
{
    (void)state;
    same_bits("deepseek_v2_yarn", HEFT_F32);
    same_bits("deepseek_v2_yarn", HEFT_Q8_0); /* blocks stored as columns */
    same_bits("deepseek_v3_apart", HEFT_BF16);
    same_bits("deepseek_v3_apart", HEFT_Q8_0);
}

/* ---- types of caches ---- */

enum { T = 120, V = 96 };

/* Entries of 64 + 32 numbers: whole blocks, and so is the value in them. */
static const heft_synthetic wide = { .arch = "deepseek2",
                                     .L = 2,
                                     .D = 64,
                                     .H = 4,
                                     .G = 1,
                                     .dk = 80,
                                     .F = 96,
                                     .V = V,
                                     .ctx = 256,
                                     .kv_rank = 64,
                                     .rotated = 32,
                                     .dv = 48,
                                     .type = HEFT_BF16,
                                     .seed = 5 };

static void open_made(const heft_synthetic *s, char at[HEFT_SCRATCH_PATH], heft_model **m)
{
    heft_error err = { 0 };
    char path[HEFT_SCRATCH_PATH + 16];
    heft_scratch_open(at);
    heft_scratch_file(at, "made.gguf", path, sizeof path);
    assert_ok(heft_synthetic_write(s, path, &err), &err);
    assert_ok(heft_model_open(path, NULL, m, &err), &err);
}

/* Logits (T,V) of a text in chunks. */
static void run_made(heft_model *m, const heft_engine_options *options, float *logits)
{
    heft_error err = { 0 };
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    heft_engine_options o = *options;
    int32_t text[T];
    for (int32_t i = 0; i < T; i++)
        text[i] = (i * 37 + i * i * 11 + 5) % V;
    o.context = T;
    o.outputs = o.batch;
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    for (int32_t at = 0; at < T; at += o.batch) {
        const int32_t n = T - at < o.batch ? T - at : o.batch;
        const heft_feed feed = { s, text + at, n, HEFT_LOGITS_ALL, true };
        assert_ok(heft_engine_step(e, &feed, 1, &err), &err);
        memcpy(logits + (size_t)at * V, heft_engine_logits(e, 0), (size_t)n * V * sizeof *logits);
    }
    heft_seq_close(s);
    heft_engine_close(e);
}

/* How large the difference is, as a part of what is expected: in the mean of squares. */
static double off_by(const float *got, const float *want)
{
    double error = 0, power = 0;
    for (size_t i = 0; i < (size_t)T * V; i++) {
        const double wrong = (double)got[i] - (double)want[i];
        error += wrong * wrong;
        power += (double)want[i] * (double)want[i];
    }
    return sqrt(error / power);
}

static void a_cache_of_any_type_loses_its_rounding_only_and_gives_the_same_bits(void **state)
{
    (void)state;
    static const struct {
        heft_cache_type type;
        double least, most; /* a third of what was measured, and three times as much */
    } caches[] = { { HEFT_CACHE_F16, 1.8e-4, 1.6e-3 },
                   { HEFT_CACHE_BF16, 1.4e-3, 1.2e-2 },
                   { HEFT_CACHE_Q8_0, 4.4e-3, 3.9e-2 } };
    static float exact[T * V], expected[T * V], got[T * V];
    char at[HEFT_SCRATCH_PATH];
    heft_model *m = NULL;
    open_made(&wide, at, &m);
    for (int32_t fast = 0; fast < 2; fast++) {
        heft_engine_options o = {
            .threads = 1, .batch = T, .cache = HEFT_CACHE_F32, .fast_prefill = fast
        };
        run_made(m, &o, exact);
        for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
            o = (heft_engine_options){ .threads = 1,
                                       .batch = T,
                                       .isa = "scalar",
                                       .cache = caches[i].type,
                                       .fast_prefill = fast };
            run_made(m, &o, expected);
            const double off = off_by(expected, exact);
            if (!(off > caches[i].least && off < caches[i].most))
                fail_msg("cache type %d, fast %d: off by %g", caches[i].type, fast, off);
            for (int32_t k = 0; heft_isa_name(k); k++) {
                unsigned isa;
                assert_true(heft_isa_named(heft_isa_name(k), &isa));
                if (isa & ~heft_isa_detect()) continue;
                o.isa = heft_isa_name(k);
                o.threads = 1 + k % 3;
                o.batch = 7 + 50 * (k % 2);
                run_made(m, &o, got);
                if (memcmp(got, expected, sizeof got) != 0)
                    fail_msg("cache type %d, %s: other bits", caches[i].type, o.isa);
            }
        }
    }
    heft_model_close(m);
    heft_scratch_close(at);
}

static void a_cache_of_blocks_needs_whole_ones_of_keys_and_of_the_values_in_them(void **state)
{
    (void)state;
    static const struct {
        int32_t rank, rotated;
        const char *message;
    } refused[] = { { 64, 16,
                      "layer 0: it keeps 80 numbers of a head; a cache of type Q8_0 needs a "
                      "multiple of 32. Use --ctk f16, bf16 or f32" },
                    { 48, 16,
                      "layer 0: it keeps 48 numbers of a head; a cache of type Q8_0 needs a "
                      "multiple of 32. Use --ctk f16, bf16 or f32" } };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        heft_error err = { 0 };
        heft_synthetic s = wide;
        heft_model *m = NULL;
        heft_engine *e = NULL;
        char at[HEFT_SCRATCH_PATH];
        const heft_engine_options o = { .cache = HEFT_CACHE_Q8_0 };
        s.kv_rank = refused[i].rank;
        s.rotated = refused[i].rotated;
        open_made(&s, at, &m);
        assert_int_equal(heft_engine_open(m, &o, &e, &err), HEFT_E_UNSUPPORTED);
        assert_string_equal(err.text, refused[i].message);
        heft_model_close(m);
        heft_scratch_close(at);
    }
}

/* ---- releases ---- */

static const heft_entry v3[] = { { "model_type", "\"deepseek_v3\"" },
                                 { "num_hidden_layers", "61" },
                                 { "hidden_size", "7168" },
                                 { "intermediate_size", "18432" },
                                 { "moe_intermediate_size", "2048" },
                                 { "num_attention_heads", "128" },
                                 { "num_key_value_heads", "128" },
                                 { "n_routed_experts", "256" },
                                 { "num_experts_per_tok", "8" },
                                 { "n_group", "8" },
                                 { "topk_group", "4" },
                                 { "kv_lora_rank", "512" },
                                 { "q_lora_rank", "1536" },
                                 { "qk_nope_head_dim", "128" },
                                 { "qk_rope_head_dim", "64" },
                                 { "v_head_dim", "128" },
                                 { "num_nextn_predict_layers", "1" },
                                 { "max_position_embeddings", "163840" },
                                 { "rope_theta", "10000" },
                                 { "vocab_size", "129280" },
                                 { "rope_scaling",
                                   "{\"type\":\"yarn\",\"factor\":40,\"beta_fast\":32,"
                                   "\"beta_slow\":1,\"mscale\":1.0,\"mscale_all_dim\":1.0,"
                                   "\"original_max_position_embeddings\":4096}" },
                                 { NULL, NULL } };

static void configure_v3(heft_configured *c, const heft_entry *change)
{
    heft_configure_text(c, HEFT_SAFETENSORS, v3, change, NULL, true);
    if (c->st) fail_msg("refused: %s", c->err.text);
    assert_string_equal(c->warned, "");
    assert_ok(heft_spec_check(&c->spec, &c->err), &c->err);
}

static void a_token_of_deepseek_v3_takes_576_numbers_a_layer(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    configure_v3(&c, NULL);
    assert_int_equal(heft_cache_token_bytes(&c.spec, HEFT_F16), 61 * 576 * 2);
    assert_int_equal(c.spec.drafts, 1);
    assert_int_equal(c.spec.layer[2].route.E, 0);
    assert_int_equal(c.spec.layer[3].route.E, 256);
    assert_true(c.spec.rope[0].r.pairs);
    heft_configured_clear(&c);
}

static void yarn_sharpens_scores_and_leaves_the_rotation_its_length(void **state)
{
    (void)state;
#define YARN(factor, mscale, betas)                                                                \
    "{\"type\":\"yarn\",\"factor\":" factor ",\"mscale\":" mscale ",\"mscale_all_dim\":" mscale    \
    ",\"original_max_position_embeddings\":4096" betas "}"
    static const struct {
        const char *scaling;
        double sharper;
    } released[] = {
        { YARN("40", "1.0", ""), 1.8739 },
        { YARN("40", "0.707", ""), 1.5896 },
        { YARN("32", "1.0", ",\"beta_fast\":1.0,\"beta_slow\":1.0"), 1.8133 },
        { YARN("64", "1.0", ",\"beta_fast\":1.0,\"beta_slow\":1.0"), 2.0047 },
        { "null", 1 },
    };
#undef YARN
    for (size_t i = 0; i < sizeof released / sizeof *released; i++) {
        heft_configured c = { 0 };
        const heft_entry change[] = { { "rope_scaling", released[i].scaling }, { NULL, NULL } };
        configure_v3(&c, change);
        const double scale = (double)c.spec.layer[60].attn.scale * sqrt(192);
        if (!(fabs(scale - released[i].sharper) < 1e-4))
            fail_msg("%s: scores are scaled by %g", released[i].scaling, scale);
        assert_true(c.spec.rope[0].r.magnitude == 1);
        heft_configured_clear(&c);
    }
}

static void what_latent_attention_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        heft_entry change[3];
        const char *message;
    } refused[] = {
        { { { "attention_bias", "true" } },
          "config.json: attention_bias is true; heft runs deepseek_v3 with false only" },
        { { { "topk_method", "\"greedy\"" } },
          "config.json: topk_method is \"greedy\"; heft runs deepseek_v3 with \"noaux_tc\" only" },
        { { { "kv_lora_rank", "0" } },
          "config.json: keys have rank 0 and heads 128 numbers that do not rotate, expected both "
          "above 0, and heads of at most 8192" },
        { { { "q_lora_rank", "-1" } },
          "layer 0: the rank of queries is -1, expected 0 to 1048576" },
        { { { "model_type", "\"deepseek_v2\"" }, { "norm_topk_prob", "true" } },
          "config.json: norm_topk_prob is true; heft runs deepseek_v2 with false only" },
        { { { "model_type", "\"deepseek_v2\"" }, { "topk_method", "\"noaux_tc\"" } },
          "config.json: topk_method is \"noaux_tc\", expected greedy or group_limited_greedy" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        heft_configured c = { 0 };
        heft_configure_text(&c, HEFT_SAFETENSORS, v3, refused[i].change, NULL, false);
        if (!c.st) c.st = heft_spec_check(&c.spec, &c.err);
        if (!c.st) fail_msg("accepted, expected: %s", refused[i].message);
        assert_string_equal(c.err.text, refused[i].message);
        heft_configured_clear(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_and_threads_change_no_bit),
        cmocka_unit_test(a_cache_of_any_type_loses_its_rounding_only_and_gives_the_same_bits),
        cmocka_unit_test(a_cache_of_blocks_needs_whole_ones_of_keys_and_of_the_values_in_them),
        cmocka_unit_test(a_token_of_deepseek_v3_takes_576_numbers_a_layer),
        cmocka_unit_test(yarn_sharpens_scores_and_leaves_the_rotation_its_length),
        cmocka_unit_test(what_latent_attention_cannot_be_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

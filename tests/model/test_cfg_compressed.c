/* What configurations of compressed attention mean where no golden says so, and what they cannot
 * be.
 *
 * Of the numbered traps of the design notes the goldens of deepseek_v4 hold 1, 8, 9, 10, 15, 17, 19
 * and 20, as their `what` says; here: 15 (a rotation keeps lengths), 16 (yarn below the original
 * context), 30 (compress_ratios longer than the layers), and the defaults of the reference. */
#include "in_memory.h"

#include <math.h>
#include <string.h>

/* The keys of DeepSeek V4 Flash, with four layers. */
static const heft_entry flash[] = {
    { "model_type", "\"deepseek_v4\"" },
    { "compress_ratios", "[0, 4, 128, 4, 0, 0]" },
    { "compress_rope_theta", "160000" },
    { "hidden_size", "4096" },
    { "max_position_embeddings", "1048576" },
    { "num_attention_heads", "64" },
    { "num_hidden_layers", "4" },
    { "o_groups", "8" },
    { "qk_rope_head_dim", "64" },
    { "rope_scaling", "{\"type\":\"yarn\",\"factor\":16,\"beta_fast\":32,\"beta_slow\":1,"
                      "\"original_max_position_embeddings\":65536}" },
    { "vocab_size", "129280" },
    { NULL, NULL },
};

static void open_flash(heft_configured *c, const heft_entry *change)
{
    *c = (heft_configured){ 0 };
    heft_configure_text(c, HEFT_SAFETENSORS, flash, change, NULL, false);
    if (!c->st) c->st = heft_spec_check(&c->spec, &c->err);
}

static void a_release_without_the_usual_numbers_has_those_of_the_reference(void **state)
{
    (void)state;
    heft_configured c;
    open_flash(&c, NULL);
    assert_ok(c.st, &c.err);
    const heft_spec *s = &c.spec;
    assert_int_equal(s->wire, HEFT_WIRE_HYPER);
    assert_int_equal(s->streams.n, 4);
    assert_int_equal(s->streams.rounds, 20);
    assert_true(s->streams.eps == 1e-6f);
    for (int32_t i = 0; i < 4; i++) {
        const heft_layer_spec *l = &s->layer[i];
        static const int32_t every[] = { 1, 4, 128, 4 };
        assert_int_equal(l->attn.index.every, every[i]);
        assert_int_equal(l->attn.overlap, i % 2);
        assert_int_equal(l->attn.index.heads, i % 2 ? 64 : 0);
        assert_int_equal(l->attn.index.width, i % 2 ? 128 : 0);
        assert_int_equal(l->attn.index.top, i % 2 ? 512 : 0);
        assert_int_equal(l->attn.dk, 512);
        assert_int_equal(l->attn.window, 128);
        assert_int_equal(l->attn.q_rank, 1024);
        assert_int_equal(l->attn.o_rank, 1024);
        assert_int_equal(l->route.by_token, i < 3);
        assert_int_equal(l->route.top, 6);
        assert_true(l->route.normalise && l->route.factor == 1.5f);
        assert_true(l->act.gate_max == 10 && l->expert_act.up_abs == 10);
    }
    heft_configured_clear(&c);
}

/* The corrections begin at the 15th of 32 frequencies and end at the 25th; positions below the
 * original context turn by them too; nothing is longer or shorter for it. */
static void layers_with_entries_turn_by_a_table_of_their_own(void **state)
{
    (void)state;
    heft_configured c;
    open_flash(&c, NULL);
    assert_ok(c.st, &c.err);
    const heft_spec *s = &c.spec;
    const heft_rope *plain = &s->rope[s->layer[0].attn.rope],
                    *far = &s->rope[s->layer[1].attn.rope];
    for (int32_t i = 0; i < 32; i++) {
        const double usual = pow(160000, -2.0 * i / 64), part = fmin(fmax((i - 15.0) / 10, 0), 1),
                     want = usual / 16 * part + usual * (1 - part);
        assert_true(fabs((double)plain->inv[i] - pow(10000, -2.0 * i / 64)) < 1e-6);
        assert_true(fabs((double)far->inv[i] - want) < 1e-6 * want);
    }
    assert_int_equal(s->n_rope, 4);
    for (int32_t i = 0; i < 4; i++) {
        assert_true(s->rope[i].r.magnitude == 1 && s->rope[i].r.pairs && s->rope[i].r.last);
        assert_int_equal(s->rope[i].r.back, i >= 2);
        assert_int_equal(s->layer[i].attn.unturn, s->layer[i].attn.rope + 2);
    }
    heft_configured_clear(&c);
}

static void what_compressed_attention_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        heft_entry change[3];
        const char *message;
    } refused[] = {
        { { { "compress_ratios", NULL } },
          "config.json: compress_ratios is missing, expected that of a release" },
        { { { "compress_ratios", "[0, 1, 4, 4]" } },
          "config.json: compress_ratios[1] is 1, expected 0 or at least 2" },
        { { { "compress_ratios", "[0, 4, -4, 4]" } },
          "config.json: compress_ratios[2] is -4, expected 0 or at least 2" },
        { { { "compress_ratios", "[0, 4, 5000, 4]" } },
          "layer 2: the number of tokens of an entry is 5000, expected 1 to 4096" },
        { { { "layer_types", "[\"sliding_attention\", \"full_attention\"]" } },
          "config.json: layer_types has 2 entries, expected 4" },
        { { { "layer_types", "[\"full_attention\", 2, 3, 4]" } },
          "config.json: layer_types[0] is \"full_attention\", expected sliding_attention, "
          "compressed_sparse_attention or heavily_compressed_attention" },
        { { { "o_groups", "7" } }, "layer 0: 64 heads cannot form 7 groups of equal size" },
        { { { "hc_mult", "1" } }, "the number of residual streams is 1, expected 2 to 16" },
        { { { "hc_sinkhorn_iters", "0" } },
          "the number of rounds that balance what streams are mixed by is 0, expected 1 to 1024" },
        { { { "hc_eps", "0" } },
          "the epsilon of residual streams is 0, expected a number above 0" },
        { { { "sliding_window", "0" } }, "layer 0: the window is 0, expected 1 to 134217728" },
        { { { "num_key_value_heads", "2" } },
          "layer 0: the number of key/value heads is 2, expected 1 to 1" },
        { { { "scoring_func", "\"sigmoid\"" } },
          "config.json: scoring_func is \"sigmoid\"; heft runs deepseek_v4 with \"sqrtsoftplus\" "
          "only" },
        { { { "norm_topk_prob", "false" } },
          "config.json: norm_topk_prob is false; heft runs deepseek_v4 with true only" },
        { { { "mlp_layer_types", "[\"moe\", \"dense\", \"moe\", \"moe\"]" } },
          "config.json: mlp_layer_types[1] is \"dense\", expected moe or hash_moe" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        heft_configured c;
        open_flash(&c, refused[i].change);
        if (!c.st) fail_msg("accepted, expected: %s", refused[i].message);
        assert_string_equal(c.err.text, refused[i].message);
        heft_configured_clear(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_without_the_usual_numbers_has_those_of_the_reference),
        cmocka_unit_test(layers_with_entries_turn_by_a_table_of_their_own),
        cmocka_unit_test(what_compressed_attention_cannot_be_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What configurations of models with latent attention and an index mean, where no golden can say
 * so, and what they cannot say. Of the numbered traps of the design notes: 10 (how an index
 * rotates), 22 (which layers share a choice), 29 (GGUF's block_count has the layers that draft). */
#include "in_memory.h"
#include "model/cache.h"

#include <math.h>
#include <string.h>

static const heft_entry glm[] = { { "model_type", "\"glm_moe_dsa\"" },
                                  { "num_hidden_layers", "78" },
                                  { "hidden_size", "6144" },
                                  { "intermediate_size", "12288" },
                                  { "num_attention_heads", "64" },
                                  { "vocab_size", "154880" },
                                  { NULL, NULL } };

/* A GGUF file of it, its layer that drafts included. */
static const heft_entry glm_gguf[] = { { "general.architecture", "\"glm-dsa\"" },
                                       { "glm-dsa.block_count", "79" },
                                       { "glm-dsa.nextn_predict_layers", "1" },
                                       { "glm-dsa.context_length", "202752" },
                                       { "glm-dsa.embedding_length", "6144" },
                                       { "glm-dsa.feed_forward_length", "12288" },
                                       { "glm-dsa.vocab_size", "154880" },
                                       { "glm-dsa.attention.head_count", "64" },
                                       { "glm-dsa.attention.head_count_kv", "1" },
                                       { "glm-dsa.attention.layer_norm_rms_epsilon", "1e-5" },
                                       { "glm-dsa.attention.q_lora_rank", "2048" },
                                       { "glm-dsa.attention.kv_lora_rank", "512" },
                                       { "glm-dsa.attention.key_length", "576" },
                                       { "glm-dsa.attention.value_length", "512" },
                                       { "glm-dsa.attention.key_length_mla", "256" },
                                       { "glm-dsa.attention.value_length_mla", "256" },
                                       { "glm-dsa.rope.dimension_count", "64" },
                                       { "glm-dsa.rope.freq_base", "1000000" },
                                       { "glm-dsa.expert_count", "256" },
                                       { "glm-dsa.expert_used_count", "8" },
                                       { "glm-dsa.expert_feed_forward_length", "2048" },
                                       { "glm-dsa.expert_shared_count", "1" },
                                       { "glm-dsa.leading_dense_block_count", "3" },
                                       { "glm-dsa.attention.indexer.head_count", "32" },
                                       { "glm-dsa.attention.indexer.key_length", "128" },
                                       { "glm-dsa.attention.indexer.top_k", "2048" },
                                       { NULL, NULL } };

static void configure(heft_configured *c, bool gguf, const heft_entry *change)
{
    heft_configure_text(c, gguf ? HEFT_GGUF : HEFT_SAFETENSORS, gguf ? glm_gguf : glm, change, NULL,
                        true);
    if (c->st) fail_msg("refused: %s", c->err.text);
    assert_string_equal(c->warned, "");
    assert_ok(heft_spec_check(&c->spec, &c->err), &c->err);
}

static void what_a_release_leaves_out_is_what_the_reference_assumes(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    configure(&c, false, NULL);
    const heft_layer_spec *last = &c.spec.layer[77];
    assert_int_equal(last->attn.q_rank, 2048);
    assert_int_equal(last->attn.dk, 256);
    assert_int_equal(last->attn.nope, 192);
    assert_int_equal(last->attn.dv, 256);
    assert_int_equal(last->attn.index.heads, 32);
    assert_int_equal(last->attn.index.width, 128);
    assert_int_equal(last->attn.index.top, 2048);
    assert_int_equal(last->attn.index.rope, last->attn.rope);
    assert_true(c.spec.rope[last->attn.rope].r.pairs);
    assert_int_equal(last->route.E, 256);
    assert_int_equal(last->route.top, 8);
    assert_int_equal(last->route.groups, 1);
    assert_true(last->route.factor == 2.5f);
    assert_int_equal(c.spec.layer[2].route.E, 0);
    assert_int_equal(c.spec.layer[3].route.E, 256);
    assert_int_equal(c.spec.ctx, 202752);
    assert_true(c.spec.eps == 1e-5f && c.spec.latent_eps == 1e-6f);
    assert_int_equal(heft_cache_token_bytes(&c.spec, HEFT_F16), 78 * (576 + 128) * 2);
    heft_configured_clear(&c);

    const heft_entry lite[] = { { "model_type", "\"glm4_moe_lite\"" }, { NULL, NULL } };
    configure(&c, false, lite);
    assert_int_equal(c.spec.layer[1].attn.q_rank, 768);
    assert_int_equal(c.spec.layer[1].attn.index.top, 0);
    assert_int_equal(c.spec.layer[0].route.E, 0);
    assert_int_equal(c.spec.layer[1].route.E, 64);
    assert_true(c.spec.layer[1].route.factor == 1.8f && c.spec.eps == 1e-5f);
    heft_configured_clear(&c);
}

static void an_index_rotates_halves_in_one_family_and_pairs_in_the_other_unless_told(void **state)
{
    (void)state;
    static const struct {
        heft_entry change[3];
        bool pairs;
    } each[] = {
        { { { NULL, NULL } }, true },
        { { { "indexer_rope_interleave", "false" } }, false },
        { { { "model_type", "\"deepseek_v32\"" } }, false },
        { { { "model_type", "\"deepseek_v32\"" }, { "indexer_rope_interleave", "true" } }, true },
    };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        heft_configured c = { 0 };
        configure(&c, false, each[i].change);
        const heft_attn *a = &c.spec.layer[5].attn;
        assert_true(c.spec.rope[a->rope].r.pairs);
        assert_int_equal(c.spec.rope[a->index.rope].r.pairs, each[i].pairs);
        assert_int_equal(c.spec.n_rope, each[i].pairs ? 1 : 2);
        heft_configured_clear(&c);
    }
}

/* The layers with an index of their own as a text of F and S. */
static const char *letters(const heft_spec *s)
{
    static char text[128];
    for (int32_t i = 0; i < s->L; i++) {
        const heft_index *x = &s->layer[i].attn.index;
        assert_int_equal(x->top, 2048);
        text[i] = x->heads ? 'F' : 'S';
    }
    text[s->L] = 0;
    return text;
}

static void which_layers_share_a_choice_is_said_in_any_of_four_ways(void **state)
{
    (void)state;
    static const struct {
        bool gguf;
        heft_entry change[5];
        const char *letters;
    } each[] = {
        { false, { { "num_hidden_layers", "11" } }, "FFFFFFFFFFF" },
        { false,
          { { "num_hidden_layers", "11" },
            { "index_topk_freq", "4" },
            { "index_skip_topk_offset", "3" } },
          "FFFSSSFSSSF" },
        { false, { { "num_hidden_layers", "6" }, { "index_topk_freq", "3" } }, "FFSSFS" },
        { false,
          { { "num_hidden_layers", "4" },
            { "index_topk_freq", "4" },
            { "index_topk_pattern", "\"FSFS\"" } },
          "FSFS" },
        { false,
          { { "num_hidden_layers", "3" },
            { "index_topk_pattern", "[\"full\",\"full\",\"shared\"]" } },
          "FFS" },
        { false,
          { { "num_hidden_layers", "3" },
            { "index_topk_pattern", "\"FFF\"" },
            { "indexer_types", "[\"full\",\"shared\",\"full\"]" } },
          "FSF" },
        { true, { { "glm-dsa.block_count", "8" } }, "FFFFFFF" },
        { true,
          { { "glm-dsa.block_count", "9" }, { "glm-dsa.context_length", "1048576" } },
          "FFFSSSFS" },
        { true,
          { { "glm-dsa.block_count", "5" },
            { "glm-dsa.context_length", "1048576" },
            { "glm-dsa.attention.indexer.types", "[true,false,true,false,true]" } },
          "FSFS" },
    };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        heft_configured c = { 0 };
        configure(&c, each[i].gguf, each[i].change);
        assert_string_equal(letters(&c.spec), each[i].letters);
        heft_configured_clear(&c);
    }
}

static void a_layer_that_shares_keeps_no_keys_of_an_index(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    const heft_entry change[] = { { "index_topk_freq", "4" },
                                  { "index_skip_topk_offset", "3" },
                                  { NULL, NULL } };
    configure(&c, false, change); /* of 78 layers 0, 1, 2, 6, 10, ... 74 */
    assert_int_equal(heft_cache_token_bytes(&c.spec, HEFT_F16), (78 * 576 + 21 * 128) * 2);
    heft_configured_clear(&c);
}

static void what_an_index_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        bool gguf;
        heft_entry change[3];
        const char *message;
    } refused[] = {
        { false,
          { { "q_lora_rank", "null" } },
          "layer 0: the rank of queries is 0, expected 1 to 1048576" },
        { false,
          { { "index_topk", "0" } },
          "config.json: the index has 32 heads and chooses 0 keys, expected both above 0" },
        { false,
          { { "index_head_dim", "32" } },
          "layer 0: the rotated width of the index is 64, expected 2 to 32" },
        { false,
          { { "index_n_heads", "9000" } },
          "layer 0: the number of heads of the index is 9000, expected 1 to 4096" },
        { false,
          { { "num_hidden_layers", "2" }, { "indexer_types", "[\"shared\",\"full\"]" } },
          "layer 0: the number of heads of the index is 0, expected 1 to 4096" },
        { false,
          { { "num_hidden_layers", "2" }, { "indexer_types", "[\"full\",\"some\"]" } },
          "config.json: indexer_types[1] is \"some\", expected shared or full" },
        { false,
          { { "num_hidden_layers", "2" }, { "indexer_types", "[\"full\"]" } },
          "config.json: indexer_types[1] is missing, expected shared or full" },
        { false,
          { { "index_topk_pattern", "\"FSX\"" } },
          "config.json: index_topk_pattern is \"FSX\", expected F or S for each layer" },
        { false,
          { { "index_topk_freq", "0" } },
          "config.json: index_topk_freq is 0, expected a period of at least 1" },
        { false,
          { { "layer_types", "\"full_attention\"" } },
          "config.json: layer_types is a string, expected an array" },
        { false,
          { { "mlp_layer_types", "[3]" } },
          "config.json: mlp_layer_types[0] is 3, expected dense or sparse" },
        { true,
          { { "glm-dsa.expert_gating_func", "1" } },
          "metadata: expert_gating_func is 1, expected 2 (sigmoids)" },
        { true,
          { { "glm-dsa.attention.indexer.top_k", NULL } },
          "metadata: glm-dsa.attention.indexer.top_k is missing, expected an integer" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        heft_configured c = { 0 };
        heft_configure_text(&c, refused[i].gguf ? HEFT_GGUF : HEFT_SAFETENSORS,
                            refused[i].gguf ? glm_gguf : glm, refused[i].change, NULL, false);
        if (!c.st) c.st = heft_spec_check(&c.spec, &c.err);
        if (!c.st) fail_msg("accepted, expected: %s", refused[i].message);
        assert_string_equal(c.err.text, refused[i].message);
        heft_configured_clear(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_release_leaves_out_is_what_the_reference_assumes),
        cmocka_unit_test(an_index_rotates_halves_in_one_family_and_pairs_in_the_other_unless_told),
        cmocka_unit_test(which_layers_share_a_choice_is_said_in_any_of_four_ways),
        cmocka_unit_test(a_layer_that_shares_keeps_no_keys_of_an_index),
        cmocka_unit_test(what_an_index_cannot_be_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

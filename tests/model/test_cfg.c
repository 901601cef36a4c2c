/* Configurations: what is read, what is warned of, what is refused, and in which words. */
#include "in_memory.h"

#include <string.h>

typedef struct {
    heft_entry change[6];
    const char *message;
} refusal;

/* Configuring, and the relations behind it. */
static heft_status configure(heft_configured *c, heft_container container, const heft_entry *change,
                             bool strict)
{
    heft_configure_text(c, container, container == HEFT_GGUF ? heft_base_gguf : heft_base_release,
                        change, NULL, strict);
    return c->st ? c->st : heft_spec_check(&c->spec, &c->err);
}

static void assert_refused(heft_container container, const refusal *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        heft_configured c = { 0 };
        const heft_status st = configure(&c, container, r[i].change, false);
        if (!st) fail_msg("accepted, expected: %s", r[i].message);
        assert_string_equal(c.err.text, r[i].message);
        assert_int_equal(c.err.code, st);
        heft_configured_clear(&c);
    }
}

#define REFUSED(container, table) assert_refused(container, table, sizeof table / sizeof *table)

/* ---- numbers (B15, B16, B28) -------------------------------------------- */

static const refusal counts[] = {
    { { { "num_attention_heads", "0" } },
      "config.json: the number of heads is 0, expected 1 to 4096" },
    { { { "num_attention_heads", "-8" } },
      "config.json: the number of heads is -8, expected 1 to 4096" },
    { { { "num_attention_heads", "4097" } },
      "config.json: the number of heads is 4097, expected 1 to 4096" },
    { { { "num_key_value_heads", "0" } },
      "layer 0: the number of key/value heads is 0, expected 1 to 8" },
    { { { "num_key_value_heads", "16" } },
      "layer 0: the number of key/value heads is 16, expected 1 to 8" },
    { { { "num_key_value_heads", "3" } },
      "layer 0: 8 heads cannot share 3 key/value heads evenly" },
    { { { "num_hidden_layers", "1000000000" } },
      "config.json: the number of layers is 1000000000, expected 1 to 4096" },
    { { { "num_hidden_layers", "0" } },
      "config.json: the number of layers is 0, expected 1 to 4096" },
    { { { "num_hidden_layers", "-2" } },
      "config.json: the number of layers is -2, expected 1 to 4096" },
    { { { "hidden_size", "0" } }, "config.json: the hidden width is 0, expected 1 to 1048576" },
    { { { "hidden_size", "-128" } },
      "config.json: the hidden width is -128, expected 1 to 1048576" },
    { { { "hidden_size", "2147483647" } },
      "config.json: the hidden width is 2147483647, expected 1 to 1048576" },
    { { { "head_dim", "0" } }, "config.json: the head width is 0, expected 1 to 8192" },
    { { { "head_dim", "8194" } }, "config.json: the head width is 8194, expected 1 to 8192" },
    { { { "hidden_size", "4" } }, "config.json: the head width is 0, expected 1 to 8192" },
    { { { "num_attention_heads", "4096" }, { "num_key_value_heads", "1" }, { "head_dim", "512" } },
      "layer 0: the width of all heads is 2097152, expected 1 to 1048576" },
    { { { "intermediate_size", "0" } },
      "layer 0: the feed-forward width is 0, expected 1 to 1048576" },
    { { { "intermediate_size", "1048577" } },
      "layer 0: the feed-forward width is 1048577, expected 1 to 1048576" },
    { { { "vocab_size", "0" } }, "the vocabulary size is 0, expected 1 to 8388608" },
    { { { "vocab_size", "-1" } }, "the vocabulary size is -1, expected 1 to 8388608" },
    { { { "vocab_size", "2000000000" } },
      "the vocabulary size is 2000000000, expected 1 to 8388608" },
    { { { "max_position_embeddings", "0" } }, "the context length is 0, expected 1 to 134217728" },
    { { { "max_position_embeddings", "134217729" } },
      "the context length is 134217729, expected 1 to 134217728" },
    { { { "rms_norm_eps", "0" } }, "the norm epsilon is 0, expected a number above 0" },
    { { { "rms_norm_eps", "-1e-5" } }, "the norm epsilon is -1e-05, expected a number above 0" },
    { { { "rms_norm_eps", "1e-60" } }, "the norm epsilon is 0, expected a number above 0" },
};

static const refusal kinds[] = {
    { { { "num_hidden_layers", "\"2\"" } },
      "config.json: num_hidden_layers is a string, expected an integer" },
    { { { "num_hidden_layers", "2.5" } },
      "config.json: num_hidden_layers is 2.5, expected an integer of -2147483647 to 2147483647" },
    { { { "hidden_size", "1e308" } },
      "config.json: hidden_size is 1e+308, expected an integer of -2147483647 to "
      "2147483647" },
    { { { "hidden_size", "NaN" } },
      "config.json: hidden_size is nan, expected an integer of -2147483647 to 2147483647" },
    { { { "hidden_size", "-Infinity" } },
      "config.json: hidden_size is -inf, expected an integer of -2147483647 to 2147483647" },
    { { { "hidden_size", "2147483648" } },
      "config.json: hidden_size is 2147483648, expected an integer of -2147483647 to 2147483647" },
    { { { "hidden_size", "[128]" } }, "config.json: hidden_size is an array, expected an integer" },
    { { { "hidden_size", "true" } }, "config.json: hidden_size is a boolean, expected an integer" },
    { { { "hidden_size", NULL } }, "config.json: hidden_size is missing, expected an integer" },
    { { { "hidden_size", "null" } }, "config.json: hidden_size is null, expected an integer" },
    { { { "vocab_size", NULL } }, "config.json: vocab_size is missing, expected an integer" },
    { { { "rms_norm_eps", "\"1e-5\"" } },
      "config.json: rms_norm_eps is a string, expected a number" },
    { { { "rms_norm_eps", "NaN" } }, "config.json: rms_norm_eps is nan, expected a finite number" },
    { { { "rms_norm_eps", "1e308" } },
      "config.json: rms_norm_eps is 1e+308, expected a finite number" },
    { { { "tie_word_embeddings", "\"true\"" } },
      "config.json: tie_word_embeddings is a string, expected true or false" },
    { { { "attention_bias", "1" } },
      "config.json: attention_bias is an integer, expected true or false" },
    { { { "hidden_act", "3" } }, "config.json: hidden_act is an integer, expected a string" },
};

static void a_number_out_of_its_bounds_is_refused(void **state)
{
    (void)state;
    REFUSED(HEFT_SAFETENSORS, counts);
}

static void a_value_of_the_wrong_kind_is_refused(void **state)
{
    (void)state;
    REFUSED(HEFT_SAFETENSORS, kinds);
}

static void whole_numbers_may_be_written_as_reals(void **state)
{
    (void)state;
    static const heft_entry change[] = {
        { "hidden_size", "128.0" }, { "num_key_value_heads", "4e0" }, { "head_dim", "null" }, { 0 }
    };
    heft_configured c = { 0 };
    assert_ok(configure(&c, HEFT_SAFETENSORS, change, true), &c.err);
    assert_int_equal(c.spec.D, 128);
    assert_int_equal(c.spec.layer[1].attn.G, 4);
    assert_int_equal(c.spec.layer[1].attn.dk, 16);
    heft_configured_clear(&c);
}

static void gguf_metadata_is_held_to_the_same(void **state)
{
    (void)state;
    static const refusal table[] = {
        { { { "llama.attention.head_count", "0" } },
          "metadata: the number of heads is 0, expected 1 to 4096" },
        { { { "llama.attention.head_count", NULL } },
          "metadata: llama.attention.head_count is missing, expected an integer" },
        { { { "llama.attention.head_count_kv", "[4,0]" } },
          "layer 1: the number of key/value heads is 0, expected 1 to 8" },
        { { { "llama.attention.head_count_kv", "[4]" } },
          "metadata: llama.attention.head_count_kv[1] is missing, expected an integer of "
          "-2147483647 "
          "to 2147483647" },
        { { { "llama.attention.head_count_kv", "5" } },
          "layer 0: 8 heads cannot share 5 key/value heads evenly" },
        { { { "llama.block_count", "1000000000" } },
          "metadata: the number of layers is 1000000000, expected 1 to 4096" },
        { { { "llama.embedding_length", "4294967295" } },
          "metadata: llama.embedding_length is 4294967295, expected an integer of -2147483647 to "
          "2147483647" },
        { { { "llama.attention.key_length", "0" } },
          "metadata: the head width is 0, expected 1 to 8192" },
        { { { "llama.attention.value_length", "9000" } },
          "layer 0: the width of a value head is 9000, expected 1 to 8192" },
        { { { "llama.attention.layer_norm_rms_epsilon", "0.0" } },
          "the norm epsilon is 0, expected a number above 0" },
        { { { "llama.context_length", NULL } },
          "metadata: llama.context_length is missing, expected an integer" },
        { { { "general.architecture", "\"spirals\"" } },
          "heft does not know the model type \"spirals\"" },
        { { { "general.architecture", NULL } },
          "metadata: general.architecture is missing, expected a string" },
    };
    REFUSED(HEFT_GGUF, table);
}

/* Qwen 2, which would have 32 key/value heads. */
#define QWEN                                                                                       \
    { "model_type", "\"qwen2\"" },                                                                 \
    {                                                                                              \
        "num_key_value_heads", "2"                                                                 \
    }

/* ---- words -------------------------------------------------------------- */

static void a_word_that_is_not_known_is_refused_by_name(void **state)
{
    (void)state;
    static const refusal table[] = {
        { { { "model_type", "\"spirals\"" } }, "heft does not know the model type \"spirals\"" },
        { { { "model_type", "\"a\\u0007b\"" } }, "heft does not know the model type \"a\\x07b\"" },
        { { { "model_type", NULL } }, "config.json: model_type is missing, expected a string" },
        { { { "model_type", "null" } }, "config.json: model_type is null, expected a string" },
        { { { "hidden_act", "\"selu\"" } },
          "config.json: hidden_act is \"selu\", which heft does not know" },
        { { { "quantization_config", "{\"quant_method\":\"spqr\",\"bits\":3}" } },
          "config.json: the quant_method of quantization_config is \"spqr\", which heft does not "
          "know" },
        { { { "quantization_config", "{\"bits\":4}" } },
          "config.json: the quant_method of quantization_config is missing, which heft does not "
          "know" },
        { { { "quantization_config", "\"int4\"" } },
          "config.json: the quant_method of quantization_config is missing, which heft does not "
          "know" },
        { { { "partial_rotary_factor", "0.5" } },
          "config.json: partial_rotary_factor is 0.5; heft rotates 16 of 16 numbers of a head" },
        { { { "partial_rotary_factor", "\"1\"" } },
          "config.json: partial_rotary_factor is a string, expected a number" },
        { { { "model_type", "\"qwen2\"" }, { "use_mrope", "true" } },
          "config.json: use_mrope is true; heft runs qwen2 with false only" },
    };
    REFUSED(HEFT_SAFETENSORS, table);
}

static void must_be_values_that_are_right_are_silent(void **state)
{
    (void)state;
    static const heft_entry change[][4] = {
        { { "partial_rotary_factor", "1.0" }, { 0 } },
        { { "partial_rotary_factor", "null" }, { 0 } },
        { QWEN, { "use_mrope", "false" }, { 0 } },
        { { "quantization_config", "null" }, { "auto_map", "null" }, { 0 } },
    };
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        heft_configured c = { 0 };
        assert_ok(configure(&c, HEFT_SAFETENSORS, change[i], true), &c.err);
        assert_string_equal(c.warned, "");
        heft_configured_clear(&c);
    }
}

static void layer_types_say_one_known_word_for_every_layer(void **state)
{
    (void)state;
    static const refusal table[] = {
        { { QWEN, { "layer_types", "[\"full_attention\",\"linear_attention\"]" } },
          "config.json: layer_types[1] is \"linear_attention\", expected full_attention, "
          "sliding_attention or chunked_attention" },
        { { QWEN, { "layer_types", "[\"full_attention\",7]" } },
          "config.json: layer_types[1] is 7, expected full_attention, "
          "sliding_attention or chunked_attention" },
        { { QWEN, { "layer_types", "[\"full_attention\"]" } },
          "config.json: layer_types has 1 entries, expected 2" },
        { { QWEN, { "layer_types", "[\"full_attention\",\"full_attention\",\"full_attention\"]" } },
          "config.json: layer_types has 3 entries, expected 2" },
        { { QWEN, { "layer_types", "\"full_attention\"" } },
          "config.json: layer_types is a string, expected an array" },
        { { QWEN,
            { "use_sliding_window", "true" },
            { "sliding_window", "-5" },
            { "max_window_layers", "0" } },
          "layer 0: the window is -5, expected 0 to 134217728" },
    };
    REFUSED(HEFT_SAFETENSORS, table);
    heft_configured c = { 0 };
    static const heft_entry good[] = { QWEN,
                                       { "use_sliding_window", "true" },
                                       { "layer_types",
                                         "[\"sliding_attention\",\"full_attention\"]" },
                                       { "sliding_window", "9" },
                                       { 0 } };
    assert_ok(configure(&c, HEFT_SAFETENSORS, good, true), &c.err);
    assert_int_equal(c.spec.layer[0].attn.window, 9);
    assert_int_equal(c.spec.layer[1].attn.window, 0);
    heft_configured_clear(&c);
}

/* ---- ids (B18) ----------------------------------------------------------- */

static void ids_that_begin_and_end_a_text_are_rows_of_the_embedding(void **state)
{
    (void)state;
    static const refusal table[] = {
        { { { "bos_token_id", "96" } }, "config.json: bos_token_id is 96, expected 0 to 95" },
        { { { "eos_token_id", "-1" } }, "config.json: eos_token_id is -1, expected 0 to 95" },
        { { { "eos_token_id", "[2,1000000000000]" } },
          "config.json: eos_token_id is 1000000000000, expected 0 to 95" },
        { { { "eos_token_id", "\"</s>\"" } },
          "config.json: eos_token_id is a string, expected an integer" },
        { { { "eos_token_id", "[2.5]" } },
          "config.json: eos_token_id is a real number, expected an integer" },
    };
    REFUSED(HEFT_SAFETENSORS, table);
    static const heft_entry good[] = { { "bos_token_id", "null" },
                                       { "eos_token_id", "[0,95]" },
                                       { 0 } };
    heft_configured c = { 0 };
    assert_ok(configure(&c, HEFT_SAFETENSORS, good, true), &c.err);
    heft_configured_clear(&c);
}

/* ---- keys nobody knows (law 2) ------------------------------------------- */

typedef struct {
    heft_container container;
    heft_entry change[3];
    const char *warned, *strict;
} unknown;

static const unknown unknowns[] = {
    { HEFT_SAFETENSORS,
      { { "moon_phase", "0.5" } },
      "config key moon_phase is not known to the family llama and was ignored\n",
      "config key moon_phase is not known to the family llama" },
    { HEFT_SAFETENSORS,
      { { "sliding_window", "4096" }, { "a\\nb", "[]" } },
      "config key sliding_window is not known to the family llama and was ignored\n"
      "config key a\\x0ab is not known to the family llama and was ignored\n",
      "config key sliding_window is not known to the family llama" },
    { HEFT_SAFETENSORS,
      { { "rope_scaling", "{\"type\":\"linear\",\"factor\":2.0,\"moon\":1}" } },
      "config key rope_scaling.moon is not known to the family llama and was ignored\n",
      "config key rope_scaling.moon is not known to the family llama" },
    { HEFT_SAFETENSORS,
      { { "rope_parameters", "{\"rope_type\":\"default\",\"sun\":{\"moon\":1}}" } },
      "config key rope_parameters.sun is not known to the family llama and was ignored\n",
      "config key rope_parameters.sun is not known to the family llama" },
    { HEFT_GGUF,
      { { "llama.moon_phase", "1" }, { "qwen9.moon", "1" } },
      "config key llama.moon_phase is not known to the family llama and was ignored\n",
      "config key llama.moon_phase is not known to the family llama" },
};

static void an_unknown_key_is_named_in_a_warning_and_refused_when_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unknowns / sizeof *unknowns; i++) {
        heft_configured c = { 0 };
        assert_ok(configure(&c, unknowns[i].container, unknowns[i].change, false), &c.err);
        assert_string_equal(c.warned, unknowns[i].warned);
        heft_configured_clear(&c);
        assert_int_equal(configure(&c, unknowns[i].container, unknowns[i].change, true),
                         HEFT_E_UNSUPPORTED);
        assert_string_equal(c.err.text, unknowns[i].strict);
        heft_configured_clear(&c);
    }
}

static void known_and_null_keys_are_silent(void **state)
{
    (void)state;
    static const heft_entry release[] = { { "initializer_range", "0.02" },
                                          { "id2label", "{\"0\":\"LABEL_0\"}" },
                                          { "moon_phase", "null" },
                                          { "torch_dtype", "\"bfloat16\"" },
                                          { 0 } };
    static const heft_entry gguf[] = { { "general.name", "\"x\"" },
                                       { "tokenizer.ggml.model", "\"gpt2\"" },
                                       { 0 } };
    heft_configured c = { 0 };
    assert_ok(configure(&c, HEFT_SAFETENSORS, release, true), &c.err);
    heft_configured_clear(&c);
    assert_ok(configure(&c, HEFT_GGUF, gguf, true), &c.err);
    heft_configured_clear(&c);
}

static void code_that_a_release_brings_is_reported_and_not_run(void **state)
{
    (void)state;
    static const heft_entry change[] = { { "auto_map",
                                           "{\"AutoConfig\":\"configuration_x.XConfig\"}" },
                                         { "trust_remote_code", "true" },
                                         { 0 } };
    heft_configured c = { 0 };
    assert_ok(configure(&c, HEFT_SAFETENSORS, change, true), &c.err);
    assert_string_equal(c.warned,
                        "config.json names code of its own (auto_map); heft runs none of it\n");
    heft_configured_clear(&c);
}

/* ---- what silence means -------------------------------------------------- */

static void where_a_configuration_is_silent_the_reference_library_decides(void **state)
{
    (void)state;
    static const struct {
        heft_entry change[4];
        int32_t G, dk, ctx, window;
        heft_presence tied;
    } rows[] = {
        { { { 0 } }, 8, 16, 128, 0, HEFT_NO },
        { { { "max_position_embeddings", NULL }, { "tie_word_embeddings", "true" } },
          8,
          16,
          2048,
          0,
          HEFT_YES },
        { { { "model_type", "\"mistral\"" }, { "max_position_embeddings", NULL } },
          8,
          16,
          131072,
          4096,
          HEFT_NO },
        { { { "model_type", "\"mistral\"" },
            { "sliding_window", "null" },
            { "num_key_value_heads", "null" } },
          8,
          16,
          128,
          0,
          HEFT_NO },
        { { { "model_type", "\"qwen2\"" }, { "num_attention_heads", "32" } },
          32,
          4,
          128,
          0,
          HEFT_NO },
        { { { "model_type", "\"qwen3\"" }, { "num_attention_heads", "64" } },
          32,
          128,
          128,
          0,
          HEFT_NO },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        heft_configured c = { 0 };
        assert_ok(configure(&c, HEFT_SAFETENSORS, rows[i].change, true), &c.err);
        const heft_attn *a = &c.spec.layer[1].attn;
        assert_int_equal(a->G, rows[i].G);
        assert_int_equal(a->dk, rows[i].dk);
        assert_int_equal(c.spec.ctx, rows[i].ctx);
        assert_int_equal(a->window, rows[i].window);
        assert_int_equal(c.spec.tied, rows[i].tied);
        assert_true(c.spec.eps == 1e-6f);
        heft_configured_clear(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_out_of_its_bounds_is_refused),
        cmocka_unit_test(a_value_of_the_wrong_kind_is_refused),
        cmocka_unit_test(whole_numbers_may_be_written_as_reals),
        cmocka_unit_test(gguf_metadata_is_held_to_the_same),
        cmocka_unit_test(a_word_that_is_not_known_is_refused_by_name),
        cmocka_unit_test(must_be_values_that_are_right_are_silent),
        cmocka_unit_test(layer_types_say_one_known_word_for_every_layer),
        cmocka_unit_test(ids_that_begin_and_end_a_text_are_rows_of_the_embedding),
        cmocka_unit_test(an_unknown_key_is_named_in_a_warning_and_refused_when_strict),
        cmocka_unit_test(known_and_null_keys_are_silent),
        cmocka_unit_test(code_that_a_release_brings_is_reported_and_not_run),
        cmocka_unit_test(where_a_configuration_is_silent_the_reference_library_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

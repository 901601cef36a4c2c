/* What the pages of the dense families say where no golden can: defaults too small to show, values
 * that must be what they are, and the parts of a release that are not its text.
 *
 * The goldens of these families cover the traps their `what` names; here: 1 (defaults of the larger
 * Gemma 3), 5 (rope_parameters by layer type), 18 (the 27B models), 29 (magnitudes of the released
 * Phi), 30 and 33 (which layers a scaling is for), 35 (Gemma's gelu). */
#include "in_memory.h"

#include <math.h>
#include <string.h>

static void assert_near(float got, double want, double tolerance)
{
    if (!(fabs((double)got - want) <= tolerance))
        fail_msg("%.9g, expected %.9g", (double)got, want);
}

/* Configure a release of a family, or fail. */
static void accept(heft_configured *c, const heft_entry *config)
{
    heft_configure_text(c, HEFT_SAFETENSORS, config, NULL, NULL, true);
    if (c->st) fail_msg("refused: %s", c->err.text);
    assert_string_equal(c->warned, "");
    assert_ok(heft_spec_check(&c->spec, &c->err), &c->err);
}

static void refuse(const heft_entry *base, const heft_entry *change, const char *message)
{
    heft_configured c = { 0 };
    heft_configure_text(&c, HEFT_SAFETENSORS, base, change, NULL, false);
    if (!c.st) fail_msg("accepted, expected: %s", message);
    assert_string_equal(c.err.text, message);
    heft_configured_clear(&c);
}

static const heft_entry gemma_2b[] = { /* as first released */
                                       { "model_type", "\"gemma\"" },
                                       { "num_hidden_layers", "18" },
                                       { "hidden_size", "2048" },
                                       { "intermediate_size", "16384" },
                                       { "num_attention_heads", "8" },
                                       { "num_key_value_heads", "1" },
                                       { "head_dim", "256" },
                                       { "hidden_act", "\"gelu\"" },
                                       { "max_position_embeddings", "8192" },
                                       { "rms_norm_eps", "1e-06" },
                                       { "vocab_size", "256000" },
                                       { NULL, NULL }
};

static void gemma_runs_the_tanh_form_whatever_its_release_calls_it(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    accept(&c, gemma_2b);
    assert_int_equal(c.spec.layer[17].act.fn, HEFT_ACT_GELU_TANH);
    assert_int_equal(c.spec.tied, HEFT_YES);
    assert_near(c.spec.embed_scale, sqrt(2048), 1e-5);
    heft_configured_clear(&c);
    static const heft_entry relu[] = { { "hidden_activation", "\"relu\"" }, { 0 } };
    refuse(gemma_2b, relu,
           "config.json: hidden_activation is \"relu\"; heft runs gemma with "
           "\"gelu_pytorch_tanh\" only");
}

static const heft_entry gemma2_27b[] = {
    { "model_type", "\"gemma2\"" },  { "num_hidden_layers", "46" },
    { "hidden_size", "4608" },       { "intermediate_size", "36864" },
    { "num_attention_heads", "32" }, { "num_key_value_heads", "16" },
    { "head_dim", "128" },           { "query_pre_attn_scalar", "144" },
    { "vocab_size", "256000" },      { NULL, NULL }
};

static const heft_entry gemma2_27b_gguf[] = { { "general.architecture", "\"gemma2\"" },
                                              { "gemma2.block_count", "46" },
                                              { "gemma2.embedding_length", "4608" },
                                              { "gemma2.feed_forward_length", "36864" },
                                              { "gemma2.attention.head_count", "32" },
                                              { "gemma2.attention.head_count_kv", "16" },
                                              { "gemma2.attention.key_length", "128" },
                                              { "gemma2.attention.value_length", "128" },
                                              { "gemma2.context_length", "8192" },
                                              { "gemma2.attention.sliding_window", "4096" },
                                              { NULL, NULL } };

static void gemma2_27b_has_its_own_scale_in_either_container(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    accept(&c, gemma2_27b);
    assert_near(c.spec.layer[0].attn.scale, 1 / 12.0, 1e-7);
    assert_near(c.spec.layer[0].attn.softcap, 50, 0);
    assert_near(c.spec.logit_cap, 30, 0);
    assert_int_equal(c.spec.layer[0].attn.window, 4096);
    assert_int_equal(c.spec.layer[1].attn.window, 0);
    heft_configured_clear(&c);
    heft_configure_text(&c, HEFT_GGUF, gemma2_27b_gguf, NULL, NULL, true);
    assert_ok(c.st, &c.err);
    assert_near(c.spec.layer[45].attn.scale, 1 / 12.0, 1e-7);
    heft_configured_clear(&c);
}

#define GEMMA3_4B                                                                                  \
    "{\"hidden_size\":2560,\"intermediate_size\":10240,\"model_type\":\"gemma3_text\","            \
    "\"num_hidden_layers\":34,\"rope_scaling\":{\"factor\":8.0,\"rope_type\":\"linear\"},"         \
    "\"sliding_window\":1024}"
static const heft_entry gemma3_4b[] = { { "model_type", "\"gemma3\"" },
                                        { "text_config", GEMMA3_4B },
                                        { "vision_config", "{\"hidden_size\":1152}" },
                                        { "mm_tokens_per_image", "256" },
                                        { "image_token_index", "262144" },
                                        { "boi_token_index", "255999" },
                                        { "eoi_token_index", "256000" },
                                        { "eos_token_id", "[1,106]" },
                                        { NULL, NULL } };

static void gemma3_4b_means_its_class_where_it_is_silent(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    accept(&c, gemma3_4b);
    const heft_spec *s = &c.spec;
    const heft_attn *near = &s->layer[0].attn, *far = &s->layer[5].attn;
    assert_int_equal(s->V, 262208);
    assert_int_equal(s->ctx, 131072);
    assert_int_equal(far->H, 8);
    assert_int_equal(far->G, 4);
    assert_int_equal(far->dk, 256);
    assert_near(far->scale, 1 / 16.0, 0);
    assert_int_equal(far->window, 0);
    assert_int_equal(near->window, 1024);
    const float *full = s->rope[far->rope].inv, *local = s->rope[near->rope].inv;
    assert_near(full[0], 1 / 8.0, 0); /* scaled */
    assert_near(local[0], 1, 0);      /* never */
    assert_near(full[127], pow(1e6, -254 / 256.0) / 8, 1e-10);
    assert_near(local[127], pow(1e4, -254 / 256.0), 1e-9);
    heft_configured_clear(&c);
    static const heft_entry both_ways[] = {
        { "text_config", "{\"hidden_size\":64,\"intermediate_size\":64,\"num_hidden_layers\":1,"
                         "\"use_bidirectional_attention\":true}" },
        { 0 }
    };
    refuse(gemma3_4b, both_ways,
           "config.json: use_bidirectional_attention is true; heft runs gemma3 with false only");
}

static void unread_keys_of_a_text_config_are_named_where_they_are(void **state)
{
    (void)state;
    static const heft_entry odd[] = {
        { "text_config", "{\"hidden_size\":64,\"intermediate_size\":64,\"num_hidden_layers\":1,"
                         "\"wobble\":1}" },
        { "wobble", "2" },
        { 0 }
    };
    heft_configured c = { 0 };
    heft_configure_text(&c, HEFT_SAFETENSORS, gemma3_4b, odd, NULL, false);
    assert_ok(c.st, &c.err);
    assert_string_equal(
        c.warned,
        "config key text_config.wobble is not known to the family gemma3 and was ignored\n"
        "config key wobble is not known to the family gemma3 and was ignored\n");
    heft_configured_clear(&c);
}

#define BY_TYPE                                                                                    \
    "{\"full_attention\":{\"rope_type\":\"linear\",\"factor\":8.0,\"rope_theta\":1e6},"            \
    "\"sliding_attention\":{\"rope_type\":\"default\",\"rope_theta\":2e4}}"

static void rope_parameters_by_layer_type_reach_the_layers_of_the_type(void **state)
{
    (void)state;
    static const heft_entry config[] = { { "model_type", "\"gemma3_text\"" },
                                         { "num_hidden_layers", "6" },
                                         { "hidden_size", "64" },
                                         { "intermediate_size", "64" },
                                         { "rope_parameters", BY_TYPE },
                                         { NULL, NULL } };
    heft_configured c = { 0 };
    accept(&c, config);
    const heft_spec *s = &c.spec;
    assert_near(s->rope[s->layer[5].attn.rope].inv[0], 1 / 8.0, 0);
    assert_near(s->rope[s->layer[0].attn.rope].inv[127], pow(2e4, -254 / 256.0), 1e-9);
    heft_configured_clear(&c);
}

static const heft_entry olmo3_7b[] = {
    { "model_type", "\"olmo3\"" },
    { "num_hidden_layers", "32" },
    { "hidden_size", "4096" },
    { "intermediate_size", "11008" },
    { "num_attention_heads", "32" },
    { "rope_theta", "500000" },
    { "rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":8.0,\"beta_fast\":32,\"beta_slow\":1,"
                      "\"original_max_position_embeddings\":8192,"
                      "\"attention_factor\":1.2079441541679836}" },
    { "max_position_embeddings", "65536" },
    { "vocab_size", "100278" },
    { NULL, NULL },
};

static void olmo3_scales_the_rotation_of_full_layers_only(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    accept(&c, olmo3_7b);
    const heft_spec *s = &c.spec;
    const heft_rope *near = &s->rope[s->layer[0].attn.rope], *far = &s->rope[s->layer[3].attn.rope];
    assert_near(far->r.magnitude, 1.2079441541679836, 1e-6);
    assert_near(near->r.magnitude, 1, 0);
    assert_near(far->inv[63], 3.06892599e-07, 1e-12);
    assert_near(near->inv[63], 8 * 3.06892599e-07, 1e-11);
    assert_int_equal(s->layer[0].attn.window, 4096); /* the key is missing */
    assert_int_equal(s->layer[3].attn.window, 0);
    assert_near(s->eps, 1e-5, 1e-12);
    heft_configured_clear(&c);
}

/* Transformers 5 saves the scaling of an OLMo 3 flat; it is still for full layers alone. */
static void olmo3_of_flat_rope_parameters_is_the_same_model(void **state)
{
    (void)state;
    static const heft_entry flat[] = {
        { "rope_theta", NULL },
        { "rope_scaling", NULL },
        { "rope_parameters",
          "{\"rope_type\":\"yarn\",\"factor\":8.0,\"beta_fast\":32,\"beta_slow\":1,"
          "\"original_max_position_embeddings\":8192,\"rope_theta\":500000}" },
        { 0 }
    };
    heft_configured c = { 0 };
    heft_configure_text(&c, HEFT_SAFETENSORS, olmo3_7b, flat, NULL, true);
    assert_ok(c.st, &c.err);
    const heft_spec *s = &c.spec;
    assert_near(s->rope[s->layer[0].attn.rope].inv[63], 8 * 3.06892599e-07, 1e-11);
    assert_near(s->rope[s->layer[3].attn.rope].inv[63], 3.06892599e-07, 1e-12);
    heft_configured_clear(&c);
}

static void rope_parameters_by_layer_types_unknown_are_refused(void **state)
{
    (void)state;
    static const heft_entry other[] = { { "rope_scaling", NULL },
                                        { "rope_parameters",
                                          "{\"linear_attention\":{\"rope_type\":\"default\"}}" },
                                        { 0 } };
    refuse(olmo3_7b, other,
           "config.json: rope_parameters has linear_attention, expected rope_type or "
           "full_attention");
}

#define EIGHT(x) x "," x "," x "," x "," x "," x "," x "," x
#define FACTORS48                                                                                  \
    "[" EIGHT("1.5") "," EIGHT("2") "," EIGHT("4") "," EIGHT("8") "," EIGHT("16") "," EIGHT(       \
        "32") "]"
static const heft_entry phi3_mini_128k[] = {
    { "model_type", "\"phi3\"" },
    { "num_hidden_layers", "32" },
    { "hidden_size", "3072" },
    { "intermediate_size", "8192" },
    { "num_attention_heads", "32" },
    { "num_key_value_heads", "32" },
    { "max_position_embeddings", "131072" },
    { "original_max_position_embeddings", "4096" },
    { "rope_scaling",
      "{\"type\":\"longrope\",\"short_factor\":" FACTORS48 ",\"long_factor\":" FACTORS48 "}" },
    { "sliding_window", "262144" },
    { "vocab_size", "32064" },
    { NULL, NULL },
};

static void phi3_has_the_magnitude_of_its_releases(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    accept(&c, phi3_mini_128k);
    assert_near(c.spec.rope[0].r.magnitude, 1.1902380714238083, 1e-6);
    assert_int_equal(c.spec.rope[0].kind, HEFT_ROPE_LONG);
    assert_int_equal(c.spec.layer[31].attn.window, 262144);
    assert_int_equal(c.spec.layer[31].attn.v.at, 2 * 3072);
    assert_near(c.spec.eps, 1e-5, 1e-12); /* the key is missing */
    heft_configured_clear(&c);
    static const heft_entry bias[] = { { "mlp_bias", "true" }, { 0 } };
    refuse(phi3_mini_128k, bias, "config.json: mlp_bias is true; heft runs phi3 with false only");
    static const heft_entry part[] = { { "partial_rotary_factor", "0" }, { 0 } };
    refuse(phi3_mini_128k, part, "config.json: partial_rotary_factor is 0, expected above 0 to 1");
}

static const heft_entry glm4_9b[] = {
    { "model_type", "\"glm4\"" },
    { "num_hidden_layers", "40" },
    { "hidden_size", "4096" },
    { "intermediate_size", "13696" },
    { "num_attention_heads", "32" },
    { "vocab_size", "151552" },
    { NULL, NULL },
};

static void glm_means_its_class_where_it_is_silent(void **state)
{
    (void)state;
    static const heft_entry first[] = { { "model_type", "\"glm\"" }, { 0 } };
    for (int32_t i = 0; i < 2; i++) {
        heft_configured c = { 0 };
        heft_configure_text(&c, HEFT_SAFETENSORS, glm4_9b, i ? first : NULL, NULL, true);
        assert_ok(c.st, &c.err);
        assert_near(c.spec.eps, 1.5625e-7, 1e-13);
        assert_int_equal(c.spec.layer[0].attn.G, 2);
        assert_int_equal(c.spec.layer[0].attn.dk, 128);
        assert_int_equal(c.spec.rope[0].r.width, 64);
        assert_int_equal(c.spec.qkv_bias, HEFT_YES);
        assert_int_equal(c.spec.o_bias, HEFT_NO);
        assert_int_equal(c.spec.ctx, 131072);
        heft_configured_clear(&c);
    }
}

static const heft_entry smollm3[] = {
    { "model_type", "\"smollm3\"" },
    { "num_hidden_layers", "4" },
    { "hidden_size", "2048" },
    { "intermediate_size", "11008" },
    { NULL, NULL },
};

static void a_list_by_layers_is_as_long_as_the_layers_are_many(void **state)
{
    (void)state;
    static const heft_entry few[] = { { "no_rope_layers", "[1,1,0]" }, { 0 } },
                            odd[] = { { "no_rope_layers", "[1,1,0,\"x\"]" }, { 0 } },
                            never[] = { { "no_rope_layer_interval", "0" }, { 0 } };
    refuse(smollm3, few,
           "config.json: no_rope_layers[3] is missing, expected an integer of -2147483647 to "
           "2147483647");
    refuse(smollm3, odd,
           "config.json: no_rope_layers[3] is \"x\", expected an integer of -2147483647 to "
           "2147483647");
    refuse(smollm3, never,
           "config.json: no_rope_layer_interval is 0, expected a period of at least 1");
    heft_configured c = { 0 };
    accept(&c, smollm3);
    assert_int_equal(c.spec.layer[0].attn.H, 16);
    assert_int_equal(c.spec.layer[0].attn.G, 4);
    assert_int_equal(c.spec.tied, HEFT_YES);
    assert_int_equal(c.spec.V, 128256);
    heft_configured_clear(&c);
}

static const heft_entry command_r7b[] = {
    { "model_type", "\"cohere2\"" },
    { "num_hidden_layers", "32" },
    { "hidden_size", "4096" },
    { "intermediate_size", "14336" },
    { "num_attention_heads", "32" },
    { "num_key_value_heads", "8" },
    { "logit_scale", "0.25" },
    { "rope_theta", "50000" },
    { "use_qk_norm", "false" },
    { "rotary_pct", "1.0" },
    { "position_embedding_type", "\"rope_gptj\"" },
    { "order_of_interleaved_layers", "\"local_attn_first\"" },
    { "layer_switch", "4" },
    { NULL, NULL },
};

static void cohere2_rotates_where_it_slides(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    accept(&c, command_r7b);
    const heft_spec *s = &c.spec;
    assert_int_equal(s->layer[0].attn.window, 4096);
    assert_true(s->layer[0].attn.rope >= 0);
    assert_int_equal(s->layer[3].attn.window, 0);
    assert_int_equal(s->layer[3].attn.rope, -1);
    assert_near(s->eps, 1e-5, 1e-12);
    assert_int_equal(s->tied, HEFT_YES);
    assert_int_equal(s->V, 256000);
    heft_configured_clear(&c);
    static const heft_entry norm[] = { { "use_qk_norm", "true" }, { 0 } };
    refuse(command_r7b, norm,
           "config.json: use_qk_norm is true; heft runs cohere2 with false only");
}

static void granite_without_multipliers_has_a_scale_of_one(void **state)
{
    (void)state;
    static const heft_entry gguf[] = { { "general.architecture", "\"granite\"" },
                                       { "granite.block_count", "1" },
                                       { "granite.embedding_length", "64" },
                                       { "granite.feed_forward_length", "64" },
                                       { "granite.attention.head_count", "4" },
                                       { "granite.context_length", "64" },
                                       { NULL, NULL } };
    static const heft_entry release[] = { { "model_type", "\"granite\"" }, { 0 } };
    heft_configured c = { 0 };
    heft_configure_text(&c, HEFT_SAFETENSORS, heft_base_release, release, NULL, true);
    assert_ok(c.st, &c.err);
    assert_near(c.spec.layer[0].attn.scale, 1, 0);
    heft_configured_clear(&c);
    heft_configure_text(&c, HEFT_GGUF, gguf, NULL, NULL, true);
    assert_ok(c.st, &c.err);
    assert_near(c.spec.layer[0].attn.scale, 1 / 4.0, 0);
    heft_configured_clear(&c);
    static const heft_entry none[] = { { "model_type", "\"granite\"" },
                                       { "logits_scaling", "0" },
                                       { 0 } };
    heft_configure_text(&c, HEFT_SAFETENSORS, heft_base_release, none, NULL, true);
    assert_ok(c.st, &c.err);
    assert_int_equal(heft_spec_check(&c.spec, &c.err), HEFT_E_FORMAT);
    assert_string_equal(c.err.text, "the logit scale is inf, expected a number above 0");
    heft_configured_clear(&c);
}

static const heft_entry minitron_4b[] = {
    { "model_type", "\"nemotron\"" }, { "num_hidden_layers", "32" },
    { "hidden_size", "3072" },        { "intermediate_size", "9216" },
    { "num_attention_heads", "24" },  { "num_key_value_heads", "8" },
    { "vocab_size", "256000" },       { NULL, NULL }
};

static void nemotron_means_its_class_where_it_is_silent(void **state)
{
    (void)state;
    heft_configured c = { 0 };
    accept(&c, minitron_4b);
    assert_near(c.spec.eps, 1e-5, 1e-12);
    assert_int_equal(c.spec.ctx, 4096);
    assert_int_equal(c.spec.tied, HEFT_NO);
    assert_int_equal(c.spec.rope[0].r.width, 64);
    assert_int_equal(c.spec.layer[31].act.fn, HEFT_ACT_RELU_SQUARED);
    heft_configured_clear(&c);
    static const heft_entry scaled[] = {
        { "rope_scaling", "{\"rope_type\":\"linear\",\"factor\":2}" }, { 0 }
    };
    refuse(minitron_4b, scaled,
           "config.json: rope_scaling is an object; heft runs nemotron with null only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gemma_runs_the_tanh_form_whatever_its_release_calls_it),
        cmocka_unit_test(gemma2_27b_has_its_own_scale_in_either_container),
        cmocka_unit_test(gemma3_4b_means_its_class_where_it_is_silent),
        cmocka_unit_test(unread_keys_of_a_text_config_are_named_where_they_are),
        cmocka_unit_test(rope_parameters_by_layer_type_reach_the_layers_of_the_type),
        cmocka_unit_test(olmo3_scales_the_rotation_of_full_layers_only),
        cmocka_unit_test(olmo3_of_flat_rope_parameters_is_the_same_model),
        cmocka_unit_test(rope_parameters_by_layer_types_unknown_are_refused),
        cmocka_unit_test(phi3_has_the_magnitude_of_its_releases),
        cmocka_unit_test(glm_means_its_class_where_it_is_silent),
        cmocka_unit_test(a_list_by_layers_is_as_long_as_the_layers_are_many),
        cmocka_unit_test(cohere2_rotates_where_it_slides),
        cmocka_unit_test(granite_without_multipliers_has_a_scale_of_one),
        cmocka_unit_test(nemotron_means_its_class_where_it_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

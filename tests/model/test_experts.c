/* Mixtures of experts: configurations refused word by word, layers resolved, experts found in every
 * layout of a file.
 *
 * Traps of the notes on mixtures (part B), and what holds each. Those not listed are of families
 * that heft does not have.
 *    1 choice by corrected scores, weights by plain ones   glm4_moe_plain, minimax_m2_plain,
 *                                                          ernie4_5_moe_plain
 *    2 groups by their two best                            glm4_moe_groups
 *    3 softmax after the choice, biases everywhere         gpt_oss_plain
 *    4 weight on the input; which width is whose           llama4_plain, llama4_dense
 *    5 whether weights sum to one, and where nothing says  *_plain, qwen3_moe_dense_layers, below
 *    6 two experts among near ones                         phimoe_plain, phimoe_gguf
 *    9 limits of gate and up                               gpt_oss_plain
 *   10 pairs or halves                                     ernie4_5_moe_plain, llama4_plain
 *   14 norms of heads or of rows                           glm4_moe_plain, olmoe_plain,
 * minimax_m2_plain 15 yarn not rounded, with a magnitude                  gpt_oss_plain 17 a window
 * counts the token itself                    gpt_oss_plain, mixtral_window 18 blocks by position,
 * layers that do not rotate       llama4_plain 25 one tensor for each expert, or one for all
 * *_release, gpt_oss_plain, below 26 [in, out] though square gpt_oss_plain, llama4_plain 29 layers
 * that draft                                   below 30 head width of its own qwen3_moe_plain,
 * glm4_moe_plain 32 GGUF's pairs, permuted or not                       mixtral_plain, llama4_gguf,
 * ernie4_5_moe_gguf 33 ERNIE's correction                                  ernie4_5_moe_plain */
#include "golden_model.h"
#include "in_memory.h"
#include "scratch.h"

#include "engine/engine.h"
#include "format/container.h"

#include <string.h>

typedef struct {
    heft_entry change[6];
    const char *message;
} refusal;

static heft_status configure(heft_configured *c, heft_container container, const heft_entry *change)
{
    heft_configure_text(c, container, container == HEFT_GGUF ? heft_base_gguf : heft_base_release,
                        change, NULL, false);
    return c->st ? c->st : heft_spec_check(&c->spec, &c->err);
}

#define TYPE(name)                                                                                 \
    {                                                                                              \
        "model_type", "\"" name "\""                                                               \
    }
static const refusal refusals[] = {
    { { TYPE("mixtral"), { "num_experts_per_tok", "9" } },
      "layer 0: the number of experts of a token is 9, expected 1 to 8" },
    { { TYPE("mixtral"), { "num_experts_per_tok", "0" } },
      "layer 0: the number of experts of a token is 0, expected 1 to 8" },
    { { TYPE("mixtral"), { "num_local_experts", "0" } },
      "layer 0: the number of experts is 0, expected 1 to 4096" },
    { { TYPE("mixtral"), { "num_local_experts", "-1" } },
      "layer 0: the number of experts is -1, expected 1 to 4096" },
    { { TYPE("mixtral"), { "num_local_experts", "5000" } },
      "layer 0: the number of experts is 5000, expected 1 to 4096" },
    { { TYPE("phimoe"),
        { "original_max_position_embeddings", "64" },
        { "rope_scaling", "{\"type\":\"longrope\",\"original_max_position_embeddings\":32}" } },
      "config.json: rope_scaling.original_max_position_embeddings is 32, expected 64 as outside of "
      "it" },
    { { TYPE("qwen3_moe"), { "num_experts_per_tok", "100" } },
      "layer 0: the number of experts of a token is 100, expected 1 to 64" },
    { { TYPE("qwen3_moe"), { "moe_intermediate_size", "0" } },
      "layer 0: the width of an expert is 0, expected 1 to 1048576" },
    { { TYPE("qwen3_moe"), { "decoder_sparse_step", "0" } },
      "config.json: decoder_sparse_step is 0, expected a period of at least 1" },
    { { TYPE("qwen3_moe"), { "mlp_only_layers", "3" } },
      "config.json: mlp_only_layers is an integer, expected an array" },
    { { TYPE("qwen3_moe"), { "use_sliding_window", "true" } },
      "config.json: use_sliding_window is true; heft runs qwen3_moe with false only" },
    { { TYPE("qwen2_moe"), { "shared_expert_intermediate_size", "-4" } },
      "layer 0: the width of the shared expert is -4, expected 0 to 1048576" },
    { { TYPE("glm4_moe"), { "n_group", "3" } },
      "layer 1: 128 experts cannot form 3 groups of equal size" },
    { { TYPE("glm4_moe"), { "n_group", "0" } },
      "layer 1: the number of groups of experts is 0, expected 1 to 128" },
    { { TYPE("glm4_moe"), { "n_group", "64" } }, /* one group of two has no eight experts */
      "layer 1: the number of groups of experts of a token is 1, expected 4 to 64" },
    { { TYPE("glm4_moe"), { "n_shared_experts", "1000000" } },
      "config.json: 1000000 experts of width 1408 are shared, expected at most 1048576" },
    { { TYPE("glm4_moe"), { "routed_scaling_factor", "0" } },
      "the factor of the experts' weights is 0, expected a number above 0" },
    { { TYPE("glm4_moe"), { "scoring_func", "\"softmax\"" } },
      "config.json: scoring_func is \"softmax\"; heft runs glm4_moe with \"sigmoid\" only" },
    { { TYPE("glm4_moe"), { "num_nextn_predict_layers", "99" } },
      "the number of layers that draft is 99, expected 0 to 16" },
    { { TYPE("phimoe"), { "num_experts_per_tok", "3" } },
      "config.json: num_experts_per_tok is 3; heft runs phimoe with 2 only" },
    { { TYPE("phimoe"),
        { "rope_scaling",
          "{\"type\":\"longrope\",\"long_mscale\":1.5,\"short_mscale\":1.25,\"long_factor\":[],"
          "\"short_factor\":[]}" } },
      "config.json: rope_scaling.short_mscale is 1.25, long_mscale 1.5; heft runs one for both" },
    { { TYPE("gpt_oss") }, "config.json: rope_scaling is missing, expected that of a release" },
    { { TYPE("minimax_m2"), { "use_routing_bias", "false" } },
      "config.json: use_routing_bias is false; heft runs minimax_m2 with true only" },
    { { TYPE("ernie4_5_moe"), { "moe_norm_min", "0" } },
      "the least sum of the experts' weights is 0, expected a number above 0" },
    { { TYPE("ernie4_5_moe"), { "use_bias", "true" } },
      "config.json: use_bias is true; heft runs ernie4_5_moe with false only" },
    { { TYPE("llama4_text"), { "no_rope_layers", "[1,2.5]" } },
      "config.json: no_rope_layers[1] is 2.5, expected an integer of -2147483647 to 2147483647" },
    { { TYPE("llama4_text"), { "layer_types", "[\"chunked_attention\",\"odd\"]" } },
      "config.json: layer_types[1] is \"odd\", expected full_attention, "
      "sliding_attention or chunked_attention" },
};

static void a_mixture_that_cannot_be_run_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        heft_configured c = { 0 };
        if (!configure(&c, HEFT_SAFETENSORS, refusals[i].change))
            fail_msg("accepted, expected: %s", refusals[i].message);
        assert_string_equal(c.err.text, refusals[i].message);
        heft_configured_clear(&c);
    }
}

#define KEYS                                                                                       \
    {                                                                                              \
        "num_key_value_heads", "8"                                                                 \
    }

/* What each reference class takes for weights that sum to one, where config.json says nothing. */
static void silence_about_the_sum_of_weights_means_what_the_family_means(void **state)
{
    (void)state;
    static const struct {
        heft_entry change[3];
        int32_t layer, E, top;
        bool normalise;
    } each[] = {
        { { TYPE("mixtral"), KEYS }, 0, 8, 2, true },
        { { TYPE("qwen2_moe"), KEYS }, 0, 60, 4, false },
        { { TYPE("qwen3_moe"), KEYS }, 0, 128, 8, false },
        { { TYPE("olmoe"), KEYS }, 0, 64, 8, false },
        { { TYPE("glm4_moe"), KEYS }, 1, 128, 8, true },
        { { TYPE("ernie4_5_moe"), KEYS }, 1, 64, 6, true },
        { { TYPE("minimax_m2"), KEYS }, 0, 256, 8, true },
        { { TYPE("llama4_text"), KEYS }, 0, 16, 1, false },
    };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        heft_configured c = { 0 };
        assert_ok(configure(&c, HEFT_SAFETENSORS, each[i].change), &c.err);
        const heft_router *r = &c.spec.layer[each[i].layer].route;
        assert_int_equal(r->E, each[i].E);
        assert_int_equal(r->top, each[i].top);
        assert_int_equal(r->normalise, each[i].normalise);
        heft_configured_clear(&c);
    }
}

static void a_gguf_llama_with_experts_is_a_mixtral(void **state)
{
    (void)state;
    static const heft_entry with[] = { { "llama.expert_count", "8" },
                                       { "llama.expert_used_count", "2" },
                                       { NULL, NULL } };
    static const heft_entry without[] = { { "llama.expert_count", "0" }, { NULL, NULL } };
    heft_configured c = { 0 };
    assert_ok(configure(&c, HEFT_GGUF, with), &c.err);
    assert_string_equal(c.spec.family->name, "mixtral");
    assert_true(c.spec.layer[0].route.normalise);
    heft_configured_clear(&c);
    c = (heft_configured){ 0 };
    assert_ok(configure(&c, HEFT_GGUF, without), &c.err);
    assert_string_equal(c.spec.family->name, "llama");
    assert_string_equal(c.warned, "");
    heft_configured_clear(&c);
}

/* As Scout's configuration is: the text part within, the growth of queries a number. */
static void the_text_part_of_a_llama_4_is_configured_by_itself(void **state)
{
    (void)state;
    static const heft_entry base[] = {
        { "model_type", "\"llama4\"" },
        { "boi_token_index", "200080" },
        { "eoi_token_index", "200081" },
        { "image_token_index", "200092" },
        { "vision_config", "{\"hidden_size\":1408}" },
        { "text_config",
          "{\"model_type\":\"llama4_text\",\"num_hidden_layers\":4,\"hidden_size\":128,"
          "\"num_attention_heads\":8,\"intermediate_size\":96,\"intermediate_size_mlp\":192,"
          "\"vocab_size\":96,\"attn_temperature_tuning\":4,\"moe_layers\":[1,3],"
          "\"no_rope_layers\":[],\"for_llm_compressor\":false}" },
        { NULL, NULL },
    };
    heft_configured c = { 0 };
    heft_configure_text(&c, HEFT_SAFETENSORS, base, NULL, NULL, true);
    assert_ok(c.st, &c.err);
    assert_string_equal(c.warned, "");
    const heft_layer_spec *l = c.spec.layer;
    assert_int_equal(l[0].route.E, 0);
    assert_int_equal(l[0].F, 192);
    assert_int_equal(l[1].route.E, 16);
    assert_int_equal(l[1].F, 96);
    assert_int_equal(l[1].F_expert, 96);
    assert_int_equal(l[2].attn.chunk, 8192);
    assert_true(l[2].attn.rope >= 0 && l[2].attn.temp == 0);
    assert_int_equal(l[3].attn.chunk, 0);
    assert_true(l[3].attn.rope < 0 && l[3].attn.temp > 0);
    heft_configured_clear(&c);
}

/* ---- files --------------------------------------------------------------- */

typedef struct {
    heft_golden *g;
    heft_source *source;
    char at[HEFT_SCRATCH_PATH];
} subject;

static void open_subject(subject *s, const char *name, bool gguf)
{
    heft_error err = { 0 };
    char path[HEFT_SCRATCH_PATH + 16];
    static const heft_golden_form form = { .dtype = HEFT_BF16 };
    assert_ok(heft_golden_open(name, &s->g, &err), &err);
    heft_scratch_open(s->at);
    heft_scratch_file(s->at, gguf ? "m.gguf" : "", path, sizeof path);
    assert_ok(gguf ? heft_golden_write_gguf(s->g, path, HEFT_F32, &err)
                   : heft_golden_write_release(s->g, path, &form, &err),
              &err);
    assert_ok(heft_source_open(path, NULL, &s->source, &err), &err);
}

static void close_subject(subject *s)
{
    heft_source_close(s->source);
    heft_scratch_close(s->at);
    heft_golden_close(s->g);
}

static void assert_net_refused(const heft_source *s, const char *message)
{
    heft_error err = { 0 };
    heft_net net;
    if (!heft_net_open(&net, s, false, NULL, &err)) fail_msg("accepted, expected: %s", message);
    assert_string_equal(err.text, message);
}

static int64_t place_of(const heft_source *s, const char *name)
{
    const heft_tensor *t = heft_source_find(s, heft_str_of(name));
    assert_non_null(t);
    return t - s->tensor;
}

/* Old files of Mixtral have one tensor for each expert: slices of the stacked ones, renamed. */
static void experts_may_be_one_gguf_tensor_each(void **state)
{
    (void)state;
    heft_error err = { 0 };
    subject s;
    heft_net stacked, apart;
    char name[6][4][40];
    open_subject(&s, "mixtral_plain", true);
    heft_source copy = *s.source;
    enum { E = 4, LAYERS = 2 };
    copy.n_tensors += 3 * LAYERS * (E - 1);
    copy.tensor = calloc((size_t)copy.n_tensors, sizeof *copy.tensor);
    copy.names = (heft_names){ 0 };
    int64_t n = 0;
    for (int64_t i = 0, k = 0; i < s.source->n_tensors; i++) {
        const heft_tensor *t = &s.source->tensor[i];
        if (t->rank != 3) {
            copy.tensor[n++] = *t;
            continue;
        }
        for (int32_t e = 0; e < E; e++) {
            heft_tensor *one = &copy.tensor[n++];
            *one = *t;
            one->rank = 2;
            memmove(one->shape, t->shape + 1, 2 * sizeof *one->shape);
            one->bytes /= E;
            one->data += (uint64_t)e * one->bytes;
            const char *end = strstr(t->name.p, "_exps");
            snprintf(name[k][e], sizeof name[k][e], "%.*s.%d.weight", (int)(end - t->name.p),
                     t->name.p, e);
            one->name = heft_str_of(name[k][e]);
        }
        k++;
    }
    assert_int_equal(n, copy.n_tensors);
    heft_seal_copy(&copy);
    assert_ok(heft_net_open(&stacked, s.source, true, NULL, &err), &err);
    assert_ok(heft_net_open(&apart, &copy, true, NULL, &err), &err);
    assert_int_equal(apart.parameters, stacked.parameters);
    for (int32_t l = 0; l < LAYERS; l++)
        for (int32_t e = 0; e < E; e++) {
            assert_ptr_equal(apart.layer[l].e_gate.w[e].data, stacked.layer[l].e_gate.w[e].data);
            assert_ptr_equal(apart.layer[l].e_down.w[e].data, stacked.layer[l].e_down.w[e].data);
        }
    heft_net_close(&apart);
    heft_net_close(&stacked);
    free(copy.tensor);
    heft_source_unseal(&copy);
    close_subject(&s);
}

static void experts_that_do_not_fit_are_refused_by_name(void **state)
{
    (void)state;
    subject s;
    open_subject(&s, "mixtral_plain", false);
    heft_source copy = heft_copy_source(s.source);
    copy.tensor[place_of(&copy, "model.layers.1.block_sparse_moe.experts.2.w3.weight")] =
        copy.tensor[--copy.n_tensors];
    heft_seal_copy(&copy);
    assert_net_refused(&copy, "tensor model.layers.1.block_sparse_moe.experts.2.w3.weight is "
                              "missing; mixtral needs it");
    heft_free_copy(&copy);
    close_subject(&s);

    open_subject(&s, "gpt_oss_gguf", true);
    copy = heft_copy_source(s.source);
    copy.tensor[place_of(&copy, "blk.0.ffn_gate_exps.weight")].shape[0]--;
    heft_seal_copy(&copy);
    assert_net_refused(&copy, "tensor blk.0.ffn_gate_exps.weight is 4 x 64 x 64, gpt_oss needs "
                              "5 x 64 x 64");
    copy.tensor[place_of(&copy, "blk.0.ffn_gate_exps.weight")].shape[0]++;
    copy.tensor[place_of(&copy, "blk.0.ffn_gate_exps.bias")].dtype = HEFT_Q8_0;
    assert_net_refused(&copy, "tensor blk.0.ffn_gate_exps.bias is of Q8_0, expected biases of "
                              "plain numbers");
    heft_free_copy(&copy);
    close_subject(&s);

    open_subject(&s, "qwen3_moe_dense_layers", false); /* layer 0 is dense, layer 1 is not */
    copy = heft_copy_source(s.source);
    copy.tensor[place_of(&copy, "model.layers.0.mlp.gate_proj.weight")].name =
        heft_str_of("model.layers.1.mlp.gate_proj.weight");
    heft_seal_copy(&copy);
    assert_net_refused(&copy, "tensor model.layers.0.mlp.gate_proj.weight is missing; qwen3_moe "
                              "needs it");
    heft_free_copy(&copy);
    close_subject(&s);
}

/* The last layer, called a draft by the configuration, is counted and not run. */
static void layers_that_draft_are_named_and_not_run(void **state)
{
    (void)state;
    heft_error err = { 0 };
    subject s;
    heft_net net;
    char warned[2048];
    const heft_log log = heft_collect(warned);
    open_subject(&s, "glm4_moe_plain", true);
    heft_source copy = heft_copy_source(s.source);
    heft_value draft = {
        .kind = HEFT_V_INT, .n = 1, .real = 1, .key = heft_str_of("glm4moe.nextn_predict_layers")
    };
    heft_value metadata = *s.source->config;
    draft.next = metadata.child;
    metadata.child = &draft;
    metadata.n++;
    copy.config = &metadata;
    assert_ok(heft_net_open(&net, &copy, true, &log, &err), &err);
    assert_int_equal(net.spec.L, 2);
    assert_int_equal(net.unused_tensors, 19);
    assert_non_null(strstr(warned, "19 tensors blk.2.* of "));
    assert_non_null(strstr(warned, " are known and not run\n"));
    heft_net_close(&net);
    heft_free_copy(&copy);
    close_subject(&s);
}

/* The config of a wrapper, and its tensors behind the name of the part that writes text. */
static void the_text_part_of_a_wrapper_runs_and_what_sees_is_named(void **state)
{
    (void)state;
    heft_error err = { 0 };
    subject s;
    heft_net plain, net;
    char warned[2048];
    const heft_log log = heft_collect(warned);
    open_subject(&s, "kimi_k2_plain", false);
    heft_source copy = heft_copy_source(s.source);
    static char names[256][96];
    assert_in_range(copy.n_tensors, 1, 256);
    for (int64_t i = 0; i < copy.n_tensors; i++) {
        (void)snprintf(names[i], sizeof names[i], "language_model.%s", copy.tensor[i].name.p);
        copy.tensor[i].name = heft_str_of(names[i]);
    }
    heft_value text = *s.source->config, placeholder = { .kind = HEFT_V_INT, .n = 5 },
               kind = { .kind = HEFT_V_STRING, .str = heft_str_of("kimi_k25") },
               root = { .kind = HEFT_V_OBJECT, .n = 3, .child = &kind };
    kind.key = heft_str_of("model_type");
    kind.next = &placeholder;
    placeholder.key = heft_str_of("media_placeholder_token_id");
    placeholder.next = &text;
    text.key = heft_str_of("text_config");
    text.next = NULL;
    copy.config = &root;
    heft_tensor *seeing = &copy.tensor[copy.n_tensors];
    *seeing = copy.tensor[0];
    seeing->name = heft_str_of("vision_tower.encoder.blocks.0.wo.weight");
    const int64_t bytes = (int64_t)seeing->bytes;
    copy.n_tensors++;
    heft_seal_copy(&copy);
    assert_ok(heft_net_open(&plain, s.source, true, NULL, &err), &err);
    assert_ok(heft_net_open(&net, &copy, true, &log, &err), &err);
    assert_int_equal(net.unused_tensors, 1);
    assert_int_equal(net.unused_bytes, bytes);
    assert_non_null(strstr(warned, "1 tensors vision_tower.* of "));
    assert_int_equal(net.parameters, plain.parameters);
    assert_ptr_equal(net.g.head.w.data, plain.g.head.w.data);
    for (int32_t l = 0; l < net.spec.L; l++)
        assert_ptr_equal(net.layer[l].kv_a.w.data, plain.layer[l].kv_a.w.data);
    assert_ptr_equal(net.layer[1].e_up.w[11].data, plain.layer[1].e_up.w[11].data);
    heft_net_close(&net);
    heft_net_close(&plain);
    seeing->name = heft_str_of("hearing_tower.weight");
    heft_seal_copy(&copy);
    assert_int_equal(heft_net_open(&net, &copy, false, NULL, &err), HEFT_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "hearing_tower.weight is not known"));
    heft_free_copy(&copy);
    close_subject(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mixture_that_cannot_be_run_is_refused_by_name),
        cmocka_unit_test(silence_about_the_sum_of_weights_means_what_the_family_means),
        cmocka_unit_test(a_gguf_llama_with_experts_is_a_mixtral),
        cmocka_unit_test(the_text_part_of_a_llama_4_is_configured_by_itself),
        cmocka_unit_test(experts_may_be_one_gguf_tensor_each),
        cmocka_unit_test(experts_that_do_not_fit_are_refused_by_name),
        cmocka_unit_test(layers_that_draft_are_named_and_not_run),
        cmocka_unit_test(the_text_part_of_a_wrapper_runs_and_what_sees_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

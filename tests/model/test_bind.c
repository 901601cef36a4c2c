/* Binding: for every golden model, a tensor missing, extra, misshapen or of the wrong format, and
 * a configuration that does not fit them, is one clear error. */
#include "golden_model.h"
#include "in_memory.h"
#include "scratch.h"
#include "tokens.h"

#include "engine/engine.h"
#include "format/json.h"

#include <string.h>

/* A golden model in one of its containers, open. */
typedef struct {
    heft_golden *g;
    heft_source *source;
    char at[HEFT_SCRATCH_PATH];
} subject;

static void open_subject(subject *s, const char *name, heft_container container)
{
    heft_error err = { 0 };
    static const heft_golden_form form = { .dtype = HEFT_BF16 };
    char path[HEFT_SCRATCH_PATH + 16];
    assert_ok(heft_golden_open(name, &s->g, &err), &err);
    heft_scratch_open(s->at);
    heft_scratch_file(s->at, container == HEFT_GGUF ? "m.gguf" : "", path, sizeof path);
    assert_ok(container == HEFT_GGUF ? heft_golden_write_gguf(s->g, path, HEFT_BF16, &err)
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

/* Open the network; it must be refused with exactly this message. */
static void assert_refused(const heft_source *s, const char *message)
{
    heft_error err = { 0 };
    heft_net net;
    const heft_status st = heft_net_open(&net, s, false, NULL, &err);
    if (!st) fail_msg("accepted, expected: %s", message);
    assert_string_equal(err.text, message);
    assert_int_equal(err.code, st);
    assert_null(net.layer);
}

/* The tensor is missing, as its family says, or as others of its kind do that are there. */
static void assert_missing(const heft_source *s, const char *name, const heft_family *f)
{
    heft_error err = { 0 };
    heft_net net;
    char needed[256], alone[256];
    snprintf(needed, sizeof needed, "tensor %s is missing; %s needs it", name, f->name);
    snprintf(alone, sizeof alone, "tensor %s is missing; others of its kind are there", name);
    if (!heft_net_open(&net, s, false, NULL, &err)) fail_msg("accepted, expected: %s", needed);
    if (strcmp(err.text, alone) != 0) assert_string_equal(err.text, needed);
}

/* ---- every tensor of every golden --------------------------------------- */

/* Is the tensor of a part that heft knows and does not run? Then any shape and format will do. */
static bool not_run(const heft_tensor *t, const heft_net *whole)
{
    for (const char *const *part = whole->spec.family->not_run; part && *part; part++)
        if (heft_str_begins(t->name, *part)) return true;
    return false;
}

/* What a tensor is to the model without which it can do. */
static bool optional(const subject *s, const heft_tensor *t, const heft_net *whole)
{
    if (not_run(t, whole)) return true;
    if (heft_str_is(t->name, "output.weight")) return true; /* then the embedding is the head */
    if (heft_str_is(t->name, "rope_freqs.weight")) return true;
    if (heft_str_is(t->name, "rope_factors_long.weight")) return true;
    return s->source->container == HEFT_GGUF && heft_str_is(t->name, "output.bias")
           && whole->spec.head_bias == HEFT_MAYBE;
}

static void drop_each(const subject *s, const heft_net *whole)
{
    for (int64_t i = 0; i < s->source->n_tensors; i++) {
        const heft_tensor *t = &s->source->tensor[i];
        if (optional(s, t, whole)) continue;
        char message[256];
        heft_source copy = heft_copy_source(s->source);
        copy.tensor[i] = copy.tensor[--copy.n_tensors];
        heft_seal_copy(&copy);
        if (heft_str_is(t->name, "rope_factors_short.weight")) {
            snprintf(message, sizeof message,
                     "metadata: tensor %s is missing beside rope_factors_long.weight", t->name.p);
            assert_refused(&copy, message);
        } else {
            assert_missing(&copy, t->name.p, whole->spec.family);
        }
        heft_free_copy(&copy);
    }
}

static void reshape_each(const subject *s, const heft_net *whole)
{
    for (int64_t i = 0; i < s->source->n_tensors; i++) {
        const heft_tensor *t = &s->source->tensor[i];
        if (heft_str_begins(t->name, "rope_f")) continue; /* in another test's words: test_rope */
        if (not_run(t, whole)) continue;
        for (int32_t how = 0; how < 3; how++) { /* one row more, one axis more, the axes turned */
            char message[512];
            heft_source copy = heft_copy_source(s->source);
            heft_tensor *wrong = &copy.tensor[i];
            if (how == 0) wrong->shape[0]++;
            if (how == 1) wrong->shape[wrong->rank++] = 1;
            if (how == 2 && t->shape[0] != t->shape[1]) {
                wrong->shape[0] = t->shape[t->rank - 1];
                wrong->shape[1] = t->shape[0];
                wrong->rank = 2;
            }
            const int32_t flat = t->rank == 2 && t->shape[0] == 1; /* one row: a vector */
            snprintf(message, sizeof message, "tensor %s is %s, %s needs %s", t->name.p,
                     heft_show_shape(wrong->shape, wrong->rank).text, whole->spec.family->name,
                     heft_show_shape(t->shape + flat, t->rank - flat).text);
            if (memcmp(wrong, t, sizeof *t) != 0) assert_refused(&copy, message);
            heft_free_copy(&copy);
        }
    }
}

static void retype_each(const subject *s, const heft_net *whole)
{
    for (int64_t i = 0; i < s->source->n_tensors; i++) {
        const heft_tensor *t = &s->source->tensor[i];
        if (heft_str_begins(t->name, "rope_f") || not_run(t, whole)) continue;
        char message[256];
        heft_source copy = heft_copy_source(s->source);
        const bool table = t->dtype == HEFT_I32 || t->dtype == HEFT_I64; /* of experts by token */
        copy.tensor[i].dtype = table ? HEFT_F32 : HEFT_I32;
        bool vector = t->rank == 1;
        if (heft_str_ends(t->name, "inp_shexp.weight")) vector = false; /* a matrix of one row */
        if (heft_str_ends(t->name, "correction_bias") || heft_str_ends(t->name, "norm.weight"))
            vector = true; /* a vector written as a matrix */
        if (heft_str_ends(t->name, ".ape") || heft_str_ends(t->name, "_ape.weight")) vector = true;
        snprintf(message, sizeof message,
                 table    ? "tensor %s is of F32, expected numbers of experts as I32 or I64"
                 : vector ? "tensor %s is of I32, expected a vector of F32, F16 or BF16"
                          : "tensor %s is of I32, which heft cannot multiply by",
                 t->name.p);
        assert_refused(&copy, message);
        heft_free_copy(&copy);
    }
}

static void add_one(const subject *s, const heft_net *whole)
{
    static const char *const names[] = { "model.layers.0.self_attn.moon.weight",
                                         "blk.900.attn_q.weight", "odd\nname" };
    static const char *const shown[] = { "model.layers.0.self_attn.moon.weight",
                                         "blk.900.attn_q.weight", "odd\\x0aname" };
    for (int32_t i = 0; i < 3; i++) {
        char message[256];
        heft_source copy = heft_copy_source(s->source);
        heft_tensor *extra = &copy.tensor[copy.n_tensors++];
        *extra = copy.tensor[0];
        extra->name = heft_str_of(names[i]);
        heft_seal_copy(&copy);
        snprintf(message, sizeof message, "tensor %s is not known to the family %s", shown[i],
                 whole->spec.family->name);
        assert_refused(&copy, message);
        heft_free_copy(&copy);
    }
}

static void every_tensor_of_every_golden_is_needed_as_it_is(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_golden_names names;
    assert_ok(heft_golden_list(&names, &err), &err);
    for (int32_t i = 0; i < names.n; i++) {
        for (int32_t c = HEFT_SAFETENSORS; c <= HEFT_GGUF; c++) {
            subject s = { 0 };
            heft_golden *g = NULL;
            assert_ok(heft_golden_open(names.name[i], &g, &err), &err);
            const bool none = c == HEFT_GGUF && g->no_gguf;
            heft_golden_close(g);
            if (none) continue;
            open_subject(&s, names.name[i], (heft_container)c);
            heft_net whole;
            assert_ok(heft_net_open(&whole, s.source, false, NULL, &err), &err);
            drop_each(&s, &whole);
            reshape_each(&s, &whole);
            retype_each(&s, &whole);
            add_one(&s, &whole);
            heft_net_close(&whole);
            close_subject(&s);
        }
    }
}

/* ---- configurations that do not fit the tensors ------------------------- */

/* Replace or add a key of a golden's config.json, and open the network on it. */
static heft_status open_changed(const subject *s, const char *key, const char *value, char *warned,
                                heft_net *net, heft_error *err)
{
    heft_arena arena = { 0 };
    heft_value *tree = NULL, *member = NULL;
    char path[HEFT_SCRATCH_PATH + 32], *text = NULL, line[4096];
    size_t n;
    heft_scratch_file(s->at, "config.json", path, sizeof path);
    assert_ok(heft_read_file(path, sizeof line, &text, &n, err), err);
    /* a key twice is refused by the reader: the old one is renamed to one known to be harmless */
    assert_ok(heft_json_tree(&arena, text, n, HEFT_JSON_PYTHON, "config.json", &tree, err), err);
    heft_value *object = tree;
    for (heft_value *v = tree->child; v; v = v->next) /* where the part that writes text is said */
        if (heft_str_is(v->key, "text_config") && strcmp(key, "model_type") != 0
            && strcmp(key, "quantization_config") != 0)
            object = v;
    for (heft_value *v = object->child; v; v = v->next)
        if (heft_str_is(v->key, key)) v->key = heft_str_of("return_dict");
    const int length = snprintf(line, sizeof line, "{\"%s\":%s}", key, value);
    assert_ok(
        heft_json_tree(&arena, line, (size_t)length, HEFT_JSON_PYTHON, "change", &member, err),
        err);
    member->child->next = object->child;
    object->child = member->child;
    heft_source changed = *s->source;
    changed.config = tree;
    const heft_log log = heft_collect(warned);
    const heft_status st = heft_net_open(net, &changed, false, &log, err);
    heft_arena_clear(&arena);
    heft_free(text);
    return st;
}

static const struct {
    const char *golden, *key, *value, *message;
} misfits[] = {
    { "llama_first", "model_type", "\"mamba\"", "heft does not know the model type \"mamba\"" },
    { "llama_first", "vocab_size", "97",
      "tensor model.embed_tokens.weight is 96 x 64, llama needs 97 x 64" },
    { "llama_first", "hidden_size", "32",
      "tensor model.embed_tokens.weight is 96 x 64, llama needs 96 x 32" },
    { "llama_first", "num_attention_heads", "5", /* 5 heads of 12 */
      "tensor model.layers.0.self_attn.q_proj.weight is 64 x 64, llama needs 60 x 64" },
    { "llama_first", "head_dim", "32",
      "tensor model.layers.0.self_attn.q_proj.weight is 64 x 64, llama needs 128 x 64" },
    { "llama_first", "num_key_value_heads", "2",
      "tensor model.layers.0.self_attn.k_proj.weight is 64 x 64, llama needs 32 x 64" },
    { "llama_first", "num_key_value_heads", "3",
      "layer 0: 4 heads cannot share 3 key/value heads evenly" },
    { "llama_first", "intermediate_size", "64",
      "tensor model.layers.0.mlp.gate_proj.weight is 96 x 64, llama needs 64 x 64" },
    { "llama_first", "num_hidden_layers", "3",
      "tensor model.layers.2.input_layernorm.weight is missing; llama needs it" },
    { "llama_first", "num_hidden_layers", "1",
      "tensor model.layers.1.self_attn.q_proj.weight is not known to the family llama, nor 8 "
      "more" },
    { "llama_first", "attention_bias", "true",
      "tensor model.layers.0.self_attn.q_proj.bias is missing; llama needs it" },
    { "llama_first", "mlp_bias", "true",
      "tensor model.layers.0.mlp.gate_proj.bias is missing; llama needs it" },
    { "qwen3_next_plain", "linear_num_value_heads", "5",
      "layer 0: 5 value heads cannot share 2 key heads evenly" },
    { "qwen3_next_plain", "linear_num_key_heads", "0",
      "layer 0: the number of key heads is 0, expected 1 to 4" },
    { "qwen3_next_plain", "linear_value_head_dim", "2147483647",
      "layer 0: the width of a value head is 2147483647, expected 1 to 8192" },
    { "qwen3_next_plain", "linear_conv_kernel_dim", "17",
      "layer 0: the number of taps of the convolution is 17, expected 1 to 16" },
    { "qwen3_next_plain", "linear_conv_kernel_dim", "3",
      "tensor model.layers.0.linear_attn.conv1d.weight is 128 x 1 x 4, qwen3_next needs 128 x 1 x "
      "3" },
    { "qwen3_next_plain", "full_attention_interval", "0",
      "config.json: full_attention_interval is 0, expected a period of at least 1" },
    { "qwen3_next_plain", "attention_bias", "true",
      "config.json: attention_bias is true; heft runs qwen3_next with false only" },
    { "qwen3_next_kinds", "layer_types", "[\"full_attention\",\"linear_attention\",\"mamba\"]",
      "config.json: layer_types[2] is \"mamba\", expected linear_attention or full_attention" },
    { "qwen3_next_kinds", "layer_types", "[\"full_attention\",7,8]",
      "config.json: layer_types[1] is 7, expected linear_attention or full_attention" },
    { "qwen3_next_kinds", "layer_types", "[\"full_attention\"]",
      "config.json: layer_types has 1 entries, expected 3" },
    { "qwen3_5_plain", "attn_output_gate", "false",
      "config.json: attn_output_gate is false; heft runs qwen3_5 with true only" },
    { "qwen3_5_moe_plain", "norm_topk_prob", "false",
      "config.json: norm_topk_prob is false; heft runs qwen3_5_moe with true only" },
    { "llama_biases", "attention_bias", "false",
      "tensor model.layers.0.self_attn.q_proj.bias is there, but the configuration says that llama "
      "has none" },
    { "llama_biases", "mlp_bias", "false",
      "tensor model.layers.0.mlp.gate_proj.bias is there, but the configuration says that llama "
      "has "
      "none" },
    { "llama_one_key_head", "tie_word_embeddings", "false",
      "tensor lm_head.weight is missing; llama needs it" },
    { "qwen2_plain", "model_type", "\"llama\"",
      "tensor model.layers.0.self_attn.q_proj.bias is there, but the configuration says that llama "
      "has none" },
    { "qwen3_plain", "model_type", "\"qwen2\"",
      "tensor model.layers.0.self_attn.q_proj.bias is missing; qwen2 needs it" },
};

static void a_configuration_that_does_not_fit_its_tensors_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof misfits / sizeof *misfits; i++) {
        subject s = { 0 };
        heft_net net;
        heft_error err = { 0 };
        char warned[2048];
        open_subject(&s, misfits[i].golden, HEFT_SAFETENSORS);
        const heft_status st =
            open_changed(&s, misfits[i].key, misfits[i].value, warned, &net, &err);
        if (!st) fail_msg("accepted, expected: %s", misfits[i].message);
        assert_string_equal(err.text, misfits[i].message);
        close_subject(&s);
    }
}

/* The change must be refused, in these words, and without a warning. */
static void assert_change_refused(const subject *s, const char *key, const char *value,
                                  const char *message)
{
    heft_error err = { 0 };
    heft_net net;
    char warned[2048];
    if (!open_changed(s, key, value, warned, &net, &err))
        fail_msg("%s: %s %s is accepted, expected: %s", s->g->directory, key, value, message);
    char *part = strstr(err.text, "text_config."); /* says where, in some of the messages */
    if (part) memmove(part, part + 12, strlen(part + 12) + 1);
    if (strcmp(err.text, message) != 0)
        fail_msg("%s: \"%s\", expected \"%s\"", s->g->directory, err.text, message);
    assert_string_equal(warned, "");
}

static bool has_one_value(const heft_family *f, const char *key)
{
    for (const heft_must_be *m = f->must_be; m && m->key; m++)
        if (strcmp(m->key, key) == 0) return true;
    return false;
}

/* params: the golden's rope_parameters, or NULL. */
static void refuse_words(const subject *s, const heft_net *net, const heft_value *params)
{
    static const struct {
        const char *key, *value, *message;
    } rows[] = {
        { "model_type", "\"spiral\"", "heft does not know the model type \"spiral\"" },
        { "rope_scaling", "{\"rope_type\":\"spiral\",\"factor\":2}",
          "config.json: rope scaling \"spiral\" is not known; heft knows default, linear, dynamic, "
          "llama3, yarn, longrope and proportional" },
        { "rope_parameters",
          "{\"rope_type\":\"spiral\",\"full_attention\":{\"rope_type\":\"spiral\"},"
          "\"compress\":{\"rope_type\":\"spiral\"}}",
          "config.json: rope scaling \"spiral\" is not known; heft knows default, linear, dynamic, "
          "llama3, yarn, longrope and proportional" },
        { "rope_theta", "\"spiral\"", "config.json: rope_theta is a string, expected a number" },
        { "quantization_config", "{\"quant_method\":\"spiral\"}",
          "config.json: the quant_method of quantization_config is \"spiral\", which heft does not "
          "know" },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const bool of_rope = strncmp(rows[r].key, "rope_", 5) == 0;
        const bool of_params = strcmp(rows[r].key, "rope_parameters") == 0;
        if (of_rope && (net->spec.n_rope == 0 || (params != NULL) != of_params)) continue;
        if (has_one_value(net->spec.family, rows[r].key)) continue;
        assert_change_refused(s, rows[r].key, rows[r].value, rows[r].message);
    }
    const char *act = net->spec.family->keys.act ? net->spec.family->keys.act : "hidden_act";
    if (has_one_value(net->spec.family, act)) return;
    char message[256];
    snprintf(message, sizeof message, "config.json: %s is \"spiral\", which heft does not know",
             act);
    assert_change_refused(s, act, "\"spiral\"", message);
}

/* Every key that the family runs with one value only. */
static int32_t refuse_values(const subject *s, const heft_family *f)
{
    int32_t n = 0;
    for (const heft_must_be *m = f->must_be; m && m->key; m++, n++) {
        const char *other = strcmp(m->only, "true") == 0    ? "false" /* of the same kind */
                            : strcmp(m->only, "false") == 0 ? "true"
                            : *m->only == '"'               ? "\"spiral\""
                                                            : "77";
        char message[256];
        snprintf(message, sizeof message, "config.json: %s is %s; heft runs %s with %s only",
                 m->key, other, f->name, m->only);
        assert_change_refused(s, m->key, other, message);
    }
    return n;
}

/* The golden's own list, with a word in it that nobody knows. */
static int32_t refuse_layer_types(const subject *s, const heft_value *config)
{
    static const char start[] = "layer_types[1] is \"spiral\", expected ";
    const heft_value *types = heft_value_get(config, "layer_types");
    if (!types || types->n < 2) return 0;
    heft_error err = { 0 };
    heft_net net;
    char list[512], warned[2048];
    int32_t n = snprintf(list, sizeof list, "["), i = 0;
    for (const heft_value *t = types->child; t; t = t->next, i++)
        n += snprintf(list + n, sizeof list - (size_t)n, "%s\"%s\"", i ? "," : "",
                      i == 1 ? "spiral" : heft_show(t->str).text);
    snprintf(list + n, sizeof list - (size_t)n, "]");
    assert_true(open_changed(s, "layer_types", list, warned, &net, &err));
    if (!strstr(err.text, start)) fail_msg("%s: %s", s->g->directory, err.text);
    return 1;
}

static void every_golden_refuses_words_it_does_not_know(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_golden_names names;
    int32_t values = 0, types = 0;
    assert_ok(heft_golden_list(&names, &err), &err);
    for (int32_t i = 0; i < names.n; i++) {
        subject s = { 0 };
        open_subject(&s, names.name[i], HEFT_SAFETENSORS);
        const heft_value *config = s.source->config, *part = heft_value_get(config, "text_config");
        if (part) config = part;
        heft_net net;
        assert_ok(heft_net_open(&net, s.source, false, NULL, &err), &err);
        refuse_words(&s, &net, heft_value_get(config, "rope_parameters"));
        values += refuse_values(&s, net.spec.family);
        types += refuse_layer_types(&s, config);
        heft_net_close(&net);
        close_subject(&s);
    }
    assert_true(values > 50 && types > 8);
}

/* ---- heads, tied and not (B30) ------------------------------------------ */

static void a_head_beside_a_tied_embedding_is_named_and_not_used(void **state)
{
    (void)state;
    subject s = { 0 };
    heft_net net;
    heft_error err = { 0 };
    char warned[2048];
    open_subject(&s, "llama_first", HEFT_SAFETENSORS);
    assert_ok(open_changed(&s, "tie_word_embeddings", "true", warned, &net, &err), &err);
    assert_string_equal(warned, "tie_word_embeddings is true: the embedding is used as the head, "
                                "not tensor lm_head.weight\n");
    assert_ptr_equal(net.g.head.w.data, net.g.embed.data);
    assert_int_equal(net.unused_tensors, 1);
    assert_int_equal(net.unused_bytes, 2 * 96 * 64);
    heft_net_close(&net);
    assert_ok(open_changed(&s, "tie_word_embeddings", "false", warned, &net, &err), &err);
    assert_string_equal(warned, "");
    assert_ptr_not_equal(net.g.head.w.data, net.g.embed.data);
    assert_int_equal(net.unused_tensors, 0);
    heft_net_close(&net);
    close_subject(&s);
}

static void a_gguf_file_without_a_head_uses_its_embedding(void **state)
{
    (void)state;
    subject s = { 0 };
    heft_net net;
    heft_error err = { 0 };
    open_subject(&s, "llama_grouped", HEFT_GGUF);
    heft_source copy = heft_copy_source(s.source);
    for (int64_t i = 0; i < copy.n_tensors; i++)
        if (heft_str_is(copy.tensor[i].name, "output.weight"))
            copy.tensor[i] = copy.tensor[copy.n_tensors - 1];
    copy.n_tensors--;
    heft_seal_copy(&copy);
    assert_ok(heft_net_open(&net, &copy, true, NULL, &err), &err);
    assert_ptr_equal(net.g.head.w.data, net.g.embed.data);
    heft_net_close(&net);
    heft_free_copy(&copy);
    close_subject(&s);
}

static void a_source_without_tensors_is_refused(void **state)
{
    (void)state;
    subject s = { 0 };
    char message[HEFT_SCRATCH_PATH + 32];
    open_subject(&s, "llama_first", HEFT_SAFETENSORS);
    heft_source copy = heft_copy_source(s.source);
    copy.n_tensors = 0;
    snprintf(message, sizeof message, "%s has no tensors", heft_show_z(s.source->path).text);
    assert_refused(&copy, message);
    heft_free_copy(&copy);
    close_subject(&s);
}

/* ---- tokenizer and embedding (B17) --------------------------------------- */

static heft_status open_with_tokens(const char *at, int32_t tokens, heft_error *err)
{
    heft_model *m = NULL;
    assert_ok(heft_tokens_write(at, tokens, err), err);
    const heft_status st = heft_model_open(at, NULL, &m, err);
    heft_model_close(m);
    return st;
}

static void a_tokenizer_may_be_smaller_than_the_embedding_and_not_larger(void **state)
{
    (void)state;
    subject s = { 0 };
    heft_error err = { 0 };
    open_subject(&s, "llama_first", HEFT_SAFETENSORS);
    assert_ok(open_with_tokens(s.at, 96, &err), &err);
    assert_ok(open_with_tokens(s.at, 90, &err), &err);
    assert_int_equal(open_with_tokens(s.at, 97, &err), HEFT_E_FORMAT);
    assert_string_equal(err.text, "the tokenizer has 97 tokens, the embedding 96 rows");
    close_subject(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_of_every_golden_is_needed_as_it_is),
        cmocka_unit_test(a_configuration_that_does_not_fit_its_tensors_is_refused),
        cmocka_unit_test(every_golden_refuses_words_it_does_not_know),
        cmocka_unit_test(a_head_beside_a_tied_embedding_is_named_and_not_used),
        cmocka_unit_test(a_gguf_file_without_a_head_uses_its_embedding),
        cmocka_unit_test(a_source_without_tensors_is_refused),
        cmocka_unit_test(a_tokenizer_may_be_smaller_than_the_embedding_and_not_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

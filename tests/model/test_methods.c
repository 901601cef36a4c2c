/* Releases in the number formats they are published in (tests/methods, made by tools/methods):
 * every matrix is bit for bit what its formula gives, the logits are the reference's, and a release
 * that is not whole is refused by name. */
#include "in_memory.h"

#include "base/file.h"
#include "format/json.h"
#include "kernels/fill.h"

#include <math.h>
#include <string.h>

/* clang-format off */
static const char *const names[] = {
    "awq", "awq_latent", "bnb_fp4", "bnb_int8", "bnb_nf4", "bnb_nf4_double", "ct_fp8", "ct_fp8_block",
    "ct_int4", "ct_int4_latent", "ct_int4_order", "ct_int4_zero", "ct_int8", "ct_int8_order",
    "ct_int8_zero", "ct_mxfp4", "ct_nvfp4", "ct_w8a8", "fbgemm_fp8", "fp8_block", "fp8_fp4", "fp8_latent",
    "fp8_static", "gptq", "gptq_2", "gptq_8", "gptq_latent", "gptq_order", "gptq_v2", "modelopt_fp8",
    "modelopt_nvfp4", "mxfp4",
};
/* clang-format on */
enum { NAMES = sizeof names / sizeof *names, TEXT = 12 };

typedef struct {
    char path[256];
    heft_source *source;
    const heft_value *golden;
    float *logits; /* (TEXT, vocab) */
    size_t n_logits;
    int32_t ids[TEXT];
    heft_arena arena;
} release;

static const heft_value *get(const heft_value *o, const char *key)
{
    const heft_value *v = heft_value_get(o, key);
    if (!v) fail_msg("golden.json has no %s", key);
    return v;
}

static void read_golden(release *r)
{
    heft_error err = { 0 };
    char path[300], *text;
    size_t n;
    heft_value *tree;
    (void)snprintf(path, sizeof path, "%s/golden.json", r->path);
    assert_ok(heft_read_file(path, 1 << 20, &text, &n, &err), &err);
    char *kept = heft_arena_strdup(&r->arena, (heft_str){ text, n });
    assert_non_null(kept);
    heft_free(text);
    assert_ok(heft_json_tree(&r->arena, kept, n, 0, path, &tree, &err), &err);
    r->golden = tree;
    const heft_value *ids = get(r->golden, "ids");
    assert_int_equal(ids->n, TEXT);
    for (int32_t i = 0; i < TEXT; i++)
        r->ids[i] = (int32_t)heft_value_at(ids, i)->n;
    (void)snprintf(path, sizeof path, "%s/logits.f32", r->path);
    assert_ok(heft_read_file(path, 1 << 20, &text, &n, &err), &err);
    r->logits = (void *)text;
    r->n_logits = n / sizeof(float);
}

static void open_release(release *r, const char *name)
{
    heft_error err = { 0 };
    *r = (release){ 0 };
    (void)snprintf(r->path, sizeof r->path, "%s/tests/methods/%s", HEFT_SOURCE_DIR, name);
    assert_ok(heft_source_open(r->path, NULL, &r->source, &err), &err);
    read_golden(r);
}

static void close_release(release *r)
{
    heft_source_close(r->source);
    heft_free(r->logits);
    heft_arena_clear(&r->arena);
}

/* ---- numbers ---------------------------------------------------------- */

/* FNV-1a over the float32 numbers of rows, -0 as 0. */
static uint64_t hash_rows(const heft_mat *w, int64_t rows)
{
    heft_kernels k;
    uint64_t h = 0xcbf29ce484222325u;
    float *y = heft_alloc((size_t)w->cols, sizeof *y);
    assert_non_null(y);
    heft_kernels_scalar_mat(&k);
    for (int64_t r = 0; r < rows; r++) {
        heft_mat one = *w;
        one.line += w->by_col ? 0 : r;
        one.at += w->by_col ? (int32_t)r : 0;
        k.row(y, &one, 0);
        for (int32_t i = 0; i < w->cols; i++)
            y[i] += 0.0f;
        for (size_t i = 0; i < (size_t)w->cols * sizeof *y; i++)
            h = (h ^ ((const uint8_t *)y)[i]) * 0x100000001b3u;
    }
    heft_free(y);
    return h;
}

static void every_matrix_is_bit_for_bit_what_its_formula_gives(void **state)
{
    release r;
    heft_error err = { 0 };
    heft_quant q;
    open_release(&r, *state);
    assert_ok(heft_quant_read(&q, r.source, &err), &err);
    bool *used = heft_arena_alloc(&r.arena, (size_t)r.source->n_tensors, sizeof *used);
    uint8_t *as = heft_arena_alloc(&r.arena, (size_t)r.source->n_tensors, sizeof *as);
    assert_true(used && as);
    for (const heft_value *m = get(r.golden, "matrices")->child; m; m = m->next) {
        heft_stored in = { .quant = &q, .source = r.source, .arena = &r.arena, .used = used };
        bool stored;
        heft_mat w;
        char hash[32];
        in.as = as;
        in.name = get(m, "name")->str;
        in.experts = get(m, "experts")->n;
        in.rows = get(m, "rows")->n;
        in.cols = get(m, "cols")->n;
        in.tensor = heft_quant_find(&q, r.source, in.name, &stored);
        assert_true(in.tensor && stored);
        assert_ok(heft_quant_bind(&in, &w, &err), &err);
        (void)snprintf(hash, sizeof hash, "%016llx",
                       (unsigned long long)hash_rows(&w, in.rows * (in.experts ? in.experts : 1)));
        if (!heft_str_is(get(m, "hash")->str, hash)) fail_msg("%s: other numbers", in.name.p);
    }
    close_release(&r);
}

/* ---- the whole model -------------------------------------------------- */

/* Logits of the text in steps of `chunk`. */
static float *run(const release *r, const char *isa, int32_t threads, int32_t chunk)
{
    heft_error err = { 0 };
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    assert_ok(heft_model_open(r->path, NULL, &m, &err), &err);
    const heft_engine_options o = { .threads = threads,
                                    .isa = isa,
                                    .context = TEXT,
                                    .batch = TEXT,
                                    .outputs = TEXT,
                                    .cache = HEFT_CACHE_F32 };
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, TEXT, &s, &err), &err);
    const size_t V = (size_t)heft_engine_vocab(e);
    assert_int_equal(V * TEXT, r->n_logits);
    float *logits = heft_alloc(V * TEXT, sizeof *logits);
    assert_non_null(logits);
    for (int32_t t = 0; t < TEXT; t += chunk) {
        const int32_t n = TEXT - t < chunk ? TEXT - t : chunk;
        const heft_feed feed = { s, r->ids + t, n, HEFT_LOGITS_ALL, false };
        assert_ok(heft_engine_step(e, &feed, 1, &err), &err);
        for (int32_t i = 0; i < n; i++)
            memcpy(logits + (size_t)(t + i) * V, heft_engine_logits(e, i), V * sizeof *logits);
    }
    heft_seq_close(s);
    heft_engine_close(e);
    heft_model_close(m);
    return logits;
}

static size_t largest(const float *x, size_t n)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[at]) at = i;
    return at;
}

static void logits_are_the_references(void **state)
{
    release r;
    open_release(&r, *state);
    const bool exact = heft_str_is(get(r.golden, "class")->str, "F");
    const double tolerance = exact ? 1e-5 : 1e-2;
    const size_t V = r.n_logits / TEXT;
    double far = 0, most = 0;
    float *got = run(&r, NULL, 1, TEXT);
    for (size_t i = 0; i < r.n_logits; i++) {
        const double d = fabs((double)got[i] - (double)r.logits[i]);
        if (!(d <= far)) far = d;
        most = fmax(most, fabs((double)r.logits[i]));
    }
    if (!(far <= tolerance * most))
        fail_msg("differ by %g of %g, allowed %g", far / most, most, tolerance);
    for (size_t t = 0; t < TEXT; t++)
        assert_int_equal(largest(got + t * V, V), largest(r.logits + t * V, V));
    heft_free(got);
    close_release(&r);
}

static void instructions_threads_and_chunks_change_no_bit(void **state)
{
    release r;
    open_release(&r, *state);
    float *first = run(&r, "scalar", 1, TEXT);
    static const struct {
        const char *isa;
        int32_t threads, chunk;
    } ways[] = { { NULL, 1, TEXT }, { NULL, 2, 1 }, { NULL, 3, 9 }, { "scalar", 2, 5 } };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        float *other = run(&r, ways[i].isa, ways[i].threads, ways[i].chunk);
        assert_memory_equal(other, first, r.n_logits * sizeof *first);
        heft_free(other);
    }
    heft_free(first);
    close_release(&r);
}

static void the_file_is_the_weights(void **state)
{
    release r;
    heft_error err = { 0 };
    heft_net net;
    char warned[2048] = "";
    const heft_log log = heft_collect(warned);
    open_release(&r, *state);
    assert_ok(heft_net_open(&net, r.source, true, &log, &err), &err);
    int64_t vectors = 0, numbers = 0, companions = 0;
    int32_t dtype = 0;
    while (!heft_str_is(get(r.golden, "format")->str, heft_dtypes[dtype].name))
        dtype++;
    for (int64_t i = 0; i < r.source->n_tensors; i++) {
        const heft_tensor *t = &r.source->tensor[i];
        if (t->dtype == HEFT_BF16 && t->rank == 1) vectors += t->shape[0];
        companions += net.as[i] != t->dtype;
        numbers += net.as[i] == dtype;
    }
    assert_true(net.copied_bytes <= 4 * vectors);
    assert_true(numbers > 0 && companions >= 2 * get(r.golden, "matrices")->n);
    assert_int_equal(net.unused_tensors, get(r.golden, "idle")->n);
    assert_int_equal(warned[0] != 0, net.unused_tensors != 0);
    heft_net_close(&net);
    close_release(&r);
}

/* ---- what is not whole ------------------------------------------------ */

static bool may_be_missing(heft_str name)
{
    static const char *const endings[] = { ".g_idx",       ".weight_shape",       ".weight_format",
                                           ".input_scale", ".input_global_scale", NULL };
    for (const char *const *e = endings; *e; e++)
        if (heft_str_ends(name, *e)) return true;
    return false;
}

static void refused(const release *r, const heft_source *s, const char *what, const char *name)
{
    heft_error err = { 0 };
    heft_net net;
    const heft_status st = heft_net_open(&net, s, false, NULL, &err);
    if (!st) fail_msg("%s: accepted with %s %s", r->path, name, what);
    /* what is wrong is named: this tensor, or one that it belongs to */
    char stem[256];
    (void)snprintf(stem, sizeof stem, "%s", name);
    char *dot = strstr(stem, "_proj");
    if (dot) dot[5] = 0;
    if (!strstr(err.text, stem)) fail_msg("%s %s: %s", name, what, err.text);
    assert_null(strchr(err.text, '\n'));
}

static void a_tensor_missing_misshapen_or_of_another_type_is_refused_by_name(void **state)
{
    release r;
    open_release(&r, *state);
    for (int64_t i = 0; i < r.source->n_tensors; i++) {
        const heft_tensor *t = &r.source->tensor[i];
        const bool idle =
            heft_str_ends(t->name, "input_scale") || heft_str_ends(t->name, "input_global_scale");
        char name[256];
        (void)snprintf(name, sizeof name, "%s", t->name.p);
        for (int32_t how = 0; how < 5; how++) {
            static const char *const what[] = { "missing", "longer", "shorter", "of F64",
                                                "one axis more" };
            heft_source copy = heft_copy_source(r.source);
            heft_tensor *wrong = &copy.tensor[i];
            if (how == 0) *wrong = copy.tensor[--copy.n_tensors];
            if (how == 1 && t->rank) wrong->shape[t->rank - 1]++;
            if (how == 2 && t->rank) wrong->shape[0] = (wrong->shape[0] + 1) / 2;
            if (how == 3) wrong->dtype = HEFT_F64;
            if (how == 4) wrong->shape[wrong->rank++] = 2;
            heft_seal_copy(&copy);
            if (strstr(name, "quant_state") && (how == 1 || how == 2)) *wrong = *t; /* any length */
            const bool changed =
                how == 0 ? !may_be_missing(t->name) : !idle && memcmp(wrong, t, sizeof *t) != 0;
            if (changed) refused(&r, &copy, what[how], name);
            heft_free_copy(&copy);
        }
    }
    close_release(&r);
}

/* A release and another quantization_config. */
static const struct {
    const char *name, *config, *message;
} configs[] = {
    { "awq", "{\"quant_method\":\"awq\",\"bits\":3,\"group_size\":32,\"zero_point\":true}",
      "config.json: bits of quantization_config is 3, expected 4" },
    { "awq", "{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32,\"version\":\"gemv\"}",
      "config.json: version of quantization_config is \"gemv\", expected \"gemm\"|\"GEMM\"" },
    { "awq", "{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32,\"spin\":1}",
      "config.json: heft does not know the key spin of quantization_config, which is 1" },
    { "awq", "{\"quant_method\":\"awq\",\"bits\":4}",
      "config.json: quantization_config: group_size|q_group_size is missing, expected an integer "
      "of 1 to 1048576" },
    { "awq", "{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":0}",
      "config.json: quantization_config: group_size|q_group_size is 0, expected an integer of 1 to "
      "1048576" },
    { "awq", "{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":64}",
      "tensor model.layers.0.self_attn.q_proj.scales is F16 of 2 x 64, quant_method awq needs F32 "
      "of 1 x 64" },
    /* the other order of packing: words of eight inputs */
    { "awq", "{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":32}",
      "tensor model.layers.0.self_attn.q_proj.qweight is I32 of 64 x 8, quant_method gptq needs "
      "I32 "
      "of 8 x 64" },
    { "gptq", "{\"quant_method\":\"gptq\",\"bits\":3,\"group_size\":32}",
      "config.json: bits of quantization_config is 3, expected 2|4|8" },
    { "gptq", "{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":32}",
      "tensor model.layers.0.self_attn.q_proj.qweight is I32 of 8 x 64, quant_method gptq needs "
      "I32 "
      "of 16 x 64" },
    { "gptq",
      "{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":32,\"checkpoint_format\":\"marlin\"}",
      "config.json: checkpoint_format of quantization_config is \"marlin\", expected "
      "\"gptq\"|\"gptq_v2\"" },
    { "gptq", "{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":32,\"dynamic\":{\"-:.*\":{}}}",
      "config.json: dynamic of quantization_config is an object, expected {}" },
    { "fp8_block", "{\"quant_method\":\"fp8\",\"weight_block_size\":[128]}",
      "config.json: quantization_config: the block of a scale is another list, expected two "
      "integers "
      "of 1 to 1048576" },
    { "fp8_block", "{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}",
      "tensor model.layers.0.self_attn.q_proj.weight_scale_inv is F32 of 2 x 2, quant_method fp8 "
      "needs F32 of 1 x 1" },
    { "fp8_block", "{\"quant_method\":\"fp8\",\"fmt\":\"e5m2\",\"weight_block_size\":[40,48]}",
      "config.json: fmt of quantization_config is \"e5m2\", expected \"e4m3\"" },
    { "fp8_block",
      "{\"quant_method\":\"fp8\",\"weight_block_size\":[40,48],\"modules_to_not_convert\":[\"mlp\"]"
      "}",
      "tensor model.layers.0.mlp.gate_proj.weight is F8_E4M3, but modules_to_not_convert of "
      "config.json says that its module is not quantised" },
    { "fp8_block", "null",
      "tensor model.layers.0.self_attn.q_proj.weight is of F8_E4M3, which heft cannot multiply "
      "by" },
    { "bnb_nf4", "{\"load_in_4bit\":true,\"bnb_4bit_quant_storage\":\"bfloat16\"}",
      "config.json: bnb_4bit_quant_storage of quantization_config is \"bfloat16\", expected "
      "\"uint8\"" },
    { "modelopt_fp8", "{\"quant_method\":\"modelopt\",\"quant_algo\":\"W4A8_AWQ\"}",
      "config.json: quant_algo of quantization_config is \"W4A8_AWQ\", expected "
      "\"FP8\"|\"NVFP4\"" },
    { "ct_w8a8", "{\"quant_method\":\"compressed-tensors\"}",
      "config.json: config_groups of quantization_config is missing, expected an object" },
    { "ct_w8a8",
      "{\"quant_method\":\"compressed-tensors\",\"format\":\"marlin-24\",\"config_groups\":{}}",
      "config.json: quantization_config: the format is \"marlin-24\", which heft does not know" },
    { "ct_w8a8", "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{}}",
      "tensor model.layers.0.self_attn.q_proj.weight is I8, but no group of config_groups in "
      "config.json has its module" },
    { "ct_w8a8",
      "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"weights\":{\"num_"
      "bits\":3}}"
      "}}",
      "config.json: num_bits of the weights of a group is 3, expected 4|8" },
    { "ct_w8a8",
      "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"targets\":[\"re:.*_"
      "proj\"],"
      "\"weights\":{\"num_bits\":4,\"type\":\"int\",\"strategy\":\"channel\"}}}}",
      "tensor model.layers.0.self_attn.q_proj.weight: its group in config.json says integers of 4 "
      "bits in groups of 0, which is not stored so" },
    { "ct_w8a8",
      "{\"quant_method\":\"compressed-tensors\",\"ignore\":[\"re:a{2}\"],\"config_groups\":{\"g\":{"
      "\"targets\":[\"Linear\"],\"weights\":{\"num_bits\":8,\"type\":\"int\",\"strategy\":"
      "\"channel\"}}"
      "}}",
      "config.json: the pattern \"a{2}\" of quantization_config is one that heft does not know" },
    { "ct_w8a8",
      "{\"quant_method\":\"compressed-tensors\",\"ignore\":[\"re:.*down_proj$\"],\"config_groups\":"
      "{"
      "\"g\":{\"targets\":[\"Linear\"],\"weights\":{\"num_bits\":8,\"type\":\"int\",\"strategy\":"
      "\"channel\"}}}}",
      "tensor model.layers.0.mlp.down_proj.weight is I8, but ignore of config.json says that its "
      "module is not quantised" },
    { "ct_int4",
      "{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"g\":{\"targets\":[\"Linear\"],"
      "\"weights\":{\"num_bits\":4,\"type\":\"int\",\"strategy\":\"group\",\"group_size\":16}}}}",
      "tensor model.layers.0.mlp.experts.0.gate_proj.weight_packed: 16 numbers share a scale, "
      "expected a multiple of 32" },
};

static void a_configuration_that_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        release r;
        heft_error err = { 0 };
        heft_net net;
        heft_value *quant, config, *last = NULL;
        open_release(&r, configs[i].name);
        const heft_str json = heft_str_of(configs[i].config);
        char *text = heft_arena_strdup(&r.arena, json);
        assert_non_null(text);
        assert_ok(heft_json_tree(&r.arena, text, json.n, 0, "config", &quant, &err), &err);
        quant->key = heft_str_of("quantization_config");
        config = *r.source->config;
        for (heft_value *v = config.child; v; v = v->next) { /* it is the last key */
            if (heft_str_is(v->key, "quantization_config")) {
                if (last) last->next = quant;
                break;
            }
            last = v;
        }
        heft_source copy = heft_copy_source(r.source);
        copy.config = &config;
        const heft_status st = heft_net_open(&net, &copy, false, NULL, &err);
        if (!st) fail_msg("accepted, expected: %s", configs[i].message);
        assert_string_equal(err.text, configs[i].message);
        heft_free_copy(&copy);
        close_release(&r);
    }
}

int main(void)
{
    enum { EACH = 5 };
    static const struct {
        const char *name;
        CMUnitTestFunction run;
    } each[EACH] = {
        { "numbers", every_matrix_is_bit_for_bit_what_its_formula_gives },
        { "logits", logits_are_the_references },
        { "same bits", instructions_threads_and_chunks_change_no_bit },
        { "in place", the_file_is_the_weights },
        { "refused", a_tensor_missing_misshapen_or_of_another_type_is_refused_by_name },
    };
    static char label[NAMES * EACH][48];
    static struct CMUnitTest tests[NAMES * EACH + 1];
    for (size_t i = 0; i < NAMES * EACH; i++) {
        (void)snprintf(label[i], sizeof label[i], "%s: %s", names[i / EACH], each[i % EACH].name);
        tests[i] = (struct CMUnitTest){ .name = label[i],
                                        .test_func = each[i % EACH].run,
                                        .initial_state = (void *)(uintptr_t)names[i / EACH] };
    }
    tests[NAMES * EACH] =
        (struct CMUnitTest)cmocka_unit_test(a_configuration_that_does_not_fit_is_refused_by_name);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

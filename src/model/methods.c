/* The number formats of releases: one row per quant_method.
 *
 * Sources: published releases and what reads them, the transformers library's quantizers;
 * compressed-tensors; AutoGPTQ and GPTQModel; AutoAWQ; bitsandbytes; NVIDIA's Model Optimizer. */
#include "model/methods_bind.h"

#include <stdio.h>

/* ---- keys of quantization_config -------------------------------------- */

/* clang-format off */
static const heft_must_be keys_fp8[] = {
    { "quant_method", NULL }, { "modules_to_not_convert", NULL }, { "ignored_layers", NULL },
    { "weight_block_size", NULL },
    { "fmt", "\"e4m3\"" }, { "scale_fmt", "\"ue8m0\"|\"float\"" }, { "dequantize", "false" },
    { "activation_scheme", "\"dynamic\"|\"static\"" }, { "kv_cache_scheme", "\"static\"|\"dynamic\"" },
    { NULL, NULL },
};
static const heft_must_be keys_fbgemm[] = {
    { "quant_method", NULL }, { "modules_to_not_convert", NULL }, { "activation_scale_ub", NULL },
    { NULL, NULL },
};
static const heft_must_be keys_mxfp4[] = {
    { "quant_method", NULL }, { "modules_to_not_convert", NULL }, { "dequantize", "false" },
    { NULL, NULL },
};
static const heft_must_be keys_compressed[] = {
    { "quant_method", NULL }, { "config_groups", NULL }, { "ignore", NULL }, { "version", NULL },
    { "format", NULL }, { "global_compression_ratio", NULL }, { "kv_cache_scheme", NULL },
    { "quantization_status", "\"compressed\"" }, { "sparsity_config", "{}" }, { "transform_config", "{}" },
    { NULL, NULL },
};
static const heft_must_be keys_awq[] = {
    { "quant_method", NULL }, { "modules_to_not_convert", NULL }, { "bits", "4" }, { "w_bit", "4" },
    { "group_size", NULL }, { "q_group_size", NULL }, { "zero_point", "true" },
    { "version", "\"gemm\"|\"GEMM\"" },
    /* how other programs run it */
    { "backend", NULL }, { "do_fuse", NULL }, { "exllama_config", NULL }, { "fuse_max_seq_len", NULL },
    { "modules_to_fuse", NULL },
    { NULL, NULL },
};
static const heft_must_be keys_gptq[] = {
    { "quant_method", NULL }, { "bits", "2|4|8" }, { "group_size", NULL }, { "desc_act", NULL },
    { "sym", NULL }, { "checkpoint_format", "\"gptq\"|\"gptq_v2\"" }, { "format", "\"gptq\"|\"gptq_v2\"" },
    { "is_marlin_format", "false" }, { "dynamic", "{}" }, { "pack_dtype", "\"int32\"" },
    { "adapter", "{}" }, { "rotation", "false" },
    /* how it was made */
    { "act_group_aware", NULL }, { "batch_size", NULL }, { "block_name_to_quantize", NULL },
    { "cache_block_outputs", NULL }, { "damp_auto_increment", NULL }, { "damp_percent", NULL },
    { "dataset", NULL }, { "hyb_act", NULL }, { "meta", NULL }, { "mse", NULL }, { "model_seqlen", NULL },
    { "model_file_base_name", NULL }, { "model_name_or_path", NULL },
    { "module_name_preceding_first_block", NULL }, { "modules_in_block_to_quantize", NULL },
    { "modules_to_not_convert", NULL }, { "pad_token_id", NULL }, { "static_groups", NULL },
    { "tokenizer", NULL }, { "true_sequential", NULL }, { "version", NULL }, { "lm_head", NULL },
    /* how other programs run it */
    { "backend", NULL }, { "disable_exllama", NULL }, { "exllama_config", NULL },
    { "max_input_length", NULL }, { "use_cuda_fp16", NULL }, { "use_exllama", NULL },
    { NULL, NULL },
};
static const heft_must_be keys_bnb[] = {
    { "quant_method", NULL }, { "load_in_4bit", NULL }, { "load_in_8bit", NULL },
    { "_load_in_4bit", NULL }, { "_load_in_8bit", NULL }, { "bnb_4bit_compute_dtype", NULL },
    { "bnb_4bit_quant_type", "\"nf4\"|\"fp4\"" }, { "bnb_4bit_quant_storage", "\"uint8\"" },
    { "bnb_4bit_use_double_quant", NULL }, { "llm_int8_enable_fp32_cpu_offload", NULL },
    { "llm_int8_has_fp16_weight", "false" }, { "llm_int8_skip_modules", NULL },
    { "llm_int8_threshold", NULL },
    { NULL, NULL },
};
static const heft_must_be keys_modelopt[] = {
    { "quant_method", NULL }, { "quant_algo", "\"FP8\"|\"NVFP4\"" }, { "ignore", NULL },
    { "exclude_modules", NULL }, { "config_groups", NULL }, { "group_size", "16" },
    { "kv_cache_quant_algo", NULL }, { "kv_cache_scheme", NULL }, { "producer", NULL },
    { NULL, NULL },
};

/* ---- the table -------------------------------------------------------- */

static const heft_method methods[] = {
    { "fp8", keys_fp8, { "weight" }, "modules_to_not_convert|ignored_layers", heft_bind_fp8 },
    { "fbgemm_fp8", keys_fbgemm, { "weight" }, "modules_to_not_convert", heft_bind_fp8 },
    { "mxfp4", keys_mxfp4, { "blocks" }, "modules_to_not_convert", heft_bind_mxfp4 },
    { "compressed-tensors", keys_compressed, { "weight_packed", "weight" }, "ignore", heft_bind_compressed },
    { "awq", keys_awq, { "qweight" }, "modules_to_not_convert", heft_bind_awq },
    { "gptq", keys_gptq, { "qweight" }, "modules_to_not_convert", heft_bind_gptq },
    { "bitsandbytes", keys_bnb, { "weight" }, "llm_int8_skip_modules", heft_bind_bnb },
    { "modelopt", keys_modelopt, { "weight" }, "ignore|exclude_modules", heft_bind_modelopt },
};
/* clang-format on */

/* ---- the configuration ------------------------------------------------ */

/* Is it one of "a|b"? An empty object or list is written {}. */
static bool one_of(const heft_value *v, const char *list)
{
    const bool empty = (v->kind == HEFT_V_OBJECT || v->kind == HEFT_V_ARRAY) && !v->child;
    const heft_shown text = empty ? heft_show_z("{}") : heft_cfg_text(v);
    while (*list) {
        const size_t n = strcspn(list, "|");
        if (strlen(text.text) == n && memcmp(text.text, list, n) == 0) return true;
        list += n + (list[n] == '|');
    }
    return false;
}

heft_status heft_check_keys(const heft_value *object, const heft_must_be *keys, const char *where,
                            heft_error *err)
{
    for (const heft_value *v = object->child; v; v = v->next) {
        const heft_must_be *k = keys;
        while (k->key && !heft_str_is(v->key, k->key))
            k++;
        if (v->kind == HEFT_V_NULL) continue;
        if (!k->key)
            return heft_fail(err, HEFT_E_UNSUPPORTED,
                             "config.json: heft does not know the key %s of %s, which is %s",
                             heft_show(v->key).text, where, heft_cfg_text(v).text);
        if (k->only && !one_of(v, k->only))
            return heft_fail(err, HEFT_E_UNSUPPORTED, "config.json: %s of %s is %s, expected %s",
                             k->key, where, heft_cfg_text(v).text, k->only);
    }
    return HEFT_OK;
}

const heft_value *heft_quant_setting(const heft_value *object, const char *keys)
{
    while (keys && *keys) {
        const size_t n = strcspn(keys, "|");
        const heft_value *v = heft_value_get_str(object, (heft_str){ keys, n });
        if (v && v->kind != HEFT_V_NULL) return v;
        keys += n + (keys[n] == '|');
    }
    return NULL;
}

heft_status heft_read_int(const heft_value *object, const char *keys, int32_t absent, int32_t *out,
                          heft_error *err)
{
    const heft_value *v = heft_quant_setting(object, keys);
    *out = absent;
    if (!v && absent >= -1) return HEFT_OK;
    if (v && v->kind == HEFT_V_INT && v->n >= -1 && v->n <= HEFT_MAX_WIDTH && v->n != 0) {
        *out = (int32_t)v->n;
        return HEFT_OK;
    }
    return heft_fail(err, HEFT_E_FORMAT,
                     "config.json: quantization_config: %s is %s, expected an integer of 1 to %d",
                     keys, heft_cfg_text(v).text, HEFT_MAX_WIDTH);
}

heft_status heft_read_block(const heft_value *list, int32_t block[2], heft_error *err)
{
    const heft_value *v = list && list->kind == HEFT_V_ARRAY ? list->child : NULL;
    bool good = v && list->n == 2;
    for (int32_t i = 0; i < 2 && good; i++, v = v->next) {
        good = v->kind == HEFT_V_INT && v->n >= 1 && v->n <= HEFT_MAX_WIDTH;
        block[i] = good ? (int32_t)v->n : 0;
    }
    if (good || !list) return HEFT_OK;
    return heft_fail(err, HEFT_E_FORMAT,
                     "config.json: quantization_config: the block of a scale is %s, expected two "
                     "integers of 1 to %d",
                     list->kind == HEFT_V_ARRAY ? "another list" : heft_cfg_text(list).text,
                     HEFT_MAX_WIDTH);
}

static heft_status read_settings(heft_quant *q, heft_error *err)
{
    const char *name = q->method->name;
    const bool gptq = strcmp(name, "gptq") == 0, awq = strcmp(name, "awq") == 0;
    const int32_t required = -2;
    heft_status st = HEFT_OK;
    if (gptq || awq) {
        st = heft_read_int(q->config, "bits|w_bit", required, &q->bits, err);
        if (!st) st = heft_read_int(q->config, "group_size|q_group_size", required, &q->group, err);
    }
    const heft_value *format = heft_quant_setting(q->config, "checkpoint_format|format");
    q->old_zeros = gptq && !(format && heft_str_is(format->str, "gptq_v2"));
    if (!st)
        st = heft_read_block(heft_quant_setting(q->config, "weight_block_size"), q->block, err);
    return st;
}

/* A release that says load_in_4bit and no quant_method is from before there were others. */
static const char *method_name(const heft_value *config, heft_shown *name)
{
    const heft_value *v = heft_value_get(config, "quant_method");
    *name = v && v->kind == HEFT_V_STRING ? heft_show(v->str) : heft_show_z("");
    if (!v && heft_quant_setting(config, "load_in_4bit|load_in_8bit")) return "bitsandbytes";
    return name->text;
}

heft_status heft_quant_read(heft_quant *q, const heft_source *src, heft_error *err)
{
    *q = (heft_quant){ 0 };
    if (src->container == HEFT_GGUF) return HEFT_OK;
    const heft_value *v = heft_quant_setting(src->config, "quantization_config");
    if (!v)
        v = heft_quant_setting(heft_value_get(src->config, "text_config"), "quantization_config");
    if (!v) return HEFT_OK;
    heft_shown shown;
    const char *name = method_name(v, &shown);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0) q->method = &methods[i];
    if (!q->method)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "config.json: the quant_method of quantization_config is %s, which heft "
                         "does not know",
                         heft_cfg_text(heft_value_get(v, "quant_method")).text);
    q->config = v;
    heft_value_mark(v);
    heft_status st = heft_check_keys(v, q->method->keys, "quantization_config", err);
    if (!st) st = read_settings(q, err);
    if (!st && q->method->bind == heft_bind_compressed) st = heft_check_groups(q, err);
    return st;
}

/* ---- names ------------------------------------------------------------ */

/* What the names of a weight's tensors begin with: "q_proj." of "q_proj.weight"; "gate_up_proj_" of
 * a name without "weight". */
static heft_name stem_of(heft_str name)
{
    static const char end[] = ".weight";
    const bool usual = name.n > sizeof end - 1 && heft_str_ends(name, end);
    heft_name stem;
    stem.n = 0;
    if (usual) name.n -= sizeof end - 1;
    heft_name_add(&stem, name);
    heft_name_add(&stem, heft_str_of(usual ? "." : "_"));
    return stem;
}

static heft_name name_beside(const heft_name *stem, const char *suffix)
{
    heft_name name;
    name.n = 0;
    heft_name_add(&name, heft_name_str(stem));
    heft_name_add(&name, heft_str_of(suffix));
    return name;
}

const heft_tensor *heft_quant_find(const heft_quant *q, const heft_source *src, heft_str name,
                                   bool *stored)
{
    const heft_tensor *plain = heft_source_find(src, name);
    *stored = false;
    if (!q->method) return plain;
    const heft_name stem = stem_of(name);
    for (const char *const *main = q->method->main; *main && !*stored; main++) {
        const heft_name beside = name_beside(&stem, *main);
        const bool same = heft_str_eq(heft_name_str(&beside), name);
        const heft_tensor *t = same ? plain : heft_source_find(src, heft_name_str(&beside));
        *stored = t && (t != plain || !((uint64_t)HEFT_OF_FLOATS >> t->dtype & 1));
        if (*stored) return t;
    }
    return plain;
}

const char *heft_quant_idle(const heft_quant *q, heft_str name)
{
    static const char *const endings[] = {
        ".input_scale", ".activation_scale", ".input_global_scale", ".input_zero_point", ".k_scale",
        ".v_scale",     ".q_scale",          ".output_scale",
    };
    for (size_t i = 0; q->method && i < sizeof endings / sizeof *endings; i++)
        if (heft_str_ends(name, endings[i])) return endings[i];
    return NULL;
}

/* ---- lists of modules ------------------------------------------------- */

/* Does a part of a name match, with * for any letters? */
static bool part_matches(heft_str pattern, heft_str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, from = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

static heft_str first_part(heft_str s)
{
    const char *dot = s.n ? memchr(s.p, '.', s.n) : NULL;
    return (heft_str){ s.p, dot ? (size_t)(dot - s.p) : s.n };
}

static heft_str behind(heft_str s, size_t n)
{
    n = n < s.n ? n + 1 : n;
    return (heft_str){ s.p + n, s.n - n };
}

/* Do the parts of an entry match as many parts of the module's name, anywhere in it? */
static bool listed_parts(heft_str entry, heft_str module)
{
    for (; module.n; module = behind(module, first_part(module).n)) {
        heft_str e = entry, m = module;
        while (e.n && m.n && part_matches(first_part(e), first_part(m))) {
            e = behind(e, first_part(e).n);
            m = behind(m, first_part(m).n);
        }
        if (!e.n) return true;
    }
    return false;
}

heft_status heft_module_listed(const heft_value *list, heft_str module, bool *listed,
                               heft_error *err)
{
    *listed = false;
    heft_status st = HEFT_OK;
    for (const heft_value *v = list && list->kind == HEFT_V_ARRAY ? list->child : NULL; v && !st;
         v = v->next) {
        bool is = false;
        if (v->kind == HEFT_V_STRING && heft_str_begins(v->str, "re:"))
            st = heft_pattern_match((heft_str){ v->str.p + 3, v->str.n - 3 }, module, &is, err);
        else if (v->kind == HEFT_V_STRING)
            is = listed_parts(v->str, module);
        *listed |= is;
    }
    return st;
}

/* ---- binding ---------------------------------------------------------- */

heft_status heft_companion(heft_maker *m, const char *suffix, bool required,
                           const heft_tensor **out)
{
    const heft_name name = name_beside(&m->stem, suffix);
    *out = heft_source_find(m->in->source, heft_name_str(&name));
    if (*out || !required) return HEFT_OK;
    return heft_fail(m->err, HEFT_E_FORMAT,
                     "tensor %s is missing; %s, of quant_method %s, needs it",
                     heft_show(heft_name_str(&name)).text, heft_show(m->in->tensor->name).text,
                     m->in->quant->method->name);
}

void heft_part_note(heft_maker *m, const heft_tensor *t)
{
    const int64_t i = t - m->in->source->tensor;
    m->in->used[i] = true;
    m->part[m->n_parts++] = i;
    if (t != m->in->tensor) m->s->bytes += (int64_t)t->bytes;
}

heft_status heft_part_is(heft_maker *m, const heft_tensor *t, uint64_t types, int32_t rank,
                         const int64_t *shape)
{
    bool same = t->rank == rank && (types >> t->dtype & 1);
    for (int32_t i = 0; i < rank && same; i++)
        same = t->shape[i] == shape[i];
    if (same) {
        heft_part_note(m, t);
        return HEFT_OK;
    }
    heft_dtype first = 0;
    while (!(types >> first & 1))
        first++;
    return heft_fail(m->err, HEFT_E_FORMAT, "tensor %s is %s of %s, quant_method %s needs %s of %s",
                     heft_show(t->name).text, heft_dtypes[t->dtype].name,
                     heft_show_shape(t->shape, t->rank).text, m->in->quant->method->name,
                     heft_dtypes[first].name, heft_show_shape(shape, rank).text);
}

bool heft_is_one(const heft_tensor *t)
{
    for (int32_t i = 0; i < t->rank; i++)
        if (t->shape[i] != 1) return false;
    return true;
}

static heft_status check_skipped(const heft_maker *m)
{
    heft_str module = heft_name_str(&m->stem);
    bool listed = false;
    module.n--; /* the dot */
    const heft_value *list = heft_quant_setting(m->in->quant->config, m->in->quant->method->skip);
    heft_status st = heft_module_listed(list, module, &listed, m->err);
    if (st || !listed) return st;
    return heft_fail(m->err, HEFT_E_FORMAT,
                     "tensor %s is %s, but %s of config.json says that its module is not quantised",
                     heft_show(m->in->tensor->name).text, heft_dtypes[m->in->tensor->dtype].name,
                     heft_show(list->key).text);
}

heft_status heft_quant_bind(const heft_stored *in, heft_mat *w, heft_error *err)
{
    heft_maker m = { .in = in, .w = w, .err = err };
    m.s = heft_arena_alloc(in->arena, 1, sizeof *m.s);
    if (!m.s) return heft_nomem(err, "the scales of a weight");
    m.stem = stem_of(in->name);
    *m.s = (heft_scales){ .factor = 1, .lines = INT32_MAX, .group = INT32_MAX };
    m.s->numbers = (in->experts ? in->experts : 1) * in->rows * in->cols;
    *w = (heft_mat){
        .data = in->tensor->data, .with = m.s, .rows = (int32_t)in->rows, .cols = (int32_t)in->cols
    };
    heft_status st = check_skipped(&m);
    if (!st) st = in->quant->method->bind(&m);
    for (int32_t i = 0; i < m.n_parts && !st; i++)
        in->as[m.part[i]] = w->dtype;
    return st;
}

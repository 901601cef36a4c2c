/* compressed-tensors: config_groups says of each module how its weight is stored.
 *
 * Sources: the compressed-tensors package's schemes, and its pack-quantized, int-quantized,
 * float-quantized, naive-quantized, nvfp4-pack-quantized and mxfp4-pack-quantized compressors. */
#include "model/methods_bind.h"

/* What a group says of weights. */
typedef struct {
    int32_t bits, lines, group; /* that share a scale; 0: all */
    bool is_float, symmetric;
    bool sorted; /* groups are of inputs sorted by importance */
} scheme;

/* clang-format off */
static const heft_must_be keys_group[] = {
    { "targets", NULL }, { "weights", NULL }, { "input_activations", NULL }, { "format", NULL },
    { "output_activations", "{}" },
    { NULL, NULL },
};
static const heft_must_be keys_weights[] = {
    { "num_bits", "4|8" }, { "type", "\"int\"|\"float\"" }, { "symmetric", "true|false" },
    { "strategy", "\"tensor\"|\"channel\"|\"group\"|\"block\"|\"tensor_group\"" },
    { "group_size", NULL }, { "block_structure", NULL }, { "dynamic", "false" },
    { "actorder", "\"group\"|\"weight\"|\"static\"|\"dynamic\"|true|false" },
    { "observer", NULL }, { "observer_kwargs", NULL }, { "scale_dtype", NULL }, { "zp_dtype", NULL },
    { NULL, NULL },
};
static const char *const formats[] = {
    "pack-quantized", "int-quantized", "float-quantized", "naive-quantized",
    "nvfp4-pack-quantized", "mxfp4-pack-quantized", "mixed-precision", NULL,
};
/* clang-format on */

static heft_status check_format(const heft_value *v, heft_error *err)
{
    if (!v) return HEFT_OK;
    for (const char *const *f = formats; *f; f++)
        if (v->kind == HEFT_V_STRING && heft_str_is(v->str, *f)) return HEFT_OK;
    return heft_fail(err, HEFT_E_UNSUPPORTED,
                     "config.json: quantization_config: the format is %s, which heft does not know",
                     heft_cfg_text(v).text);
}

heft_status heft_check_groups(const heft_quant *q, heft_error *err)
{
    const heft_value *groups = heft_quant_setting(q->config, "config_groups");
    if (!groups || groups->kind != HEFT_V_OBJECT)
        return heft_fail(
            err, HEFT_E_FORMAT,
            "config.json: config_groups of quantization_config is %s, expected an object",
            heft_cfg_text(groups).text);
    heft_status st = check_format(heft_quant_setting(q->config, "format"), err);
    for (const heft_value *g = groups->child; g && !st; g = g->next) {
        const heft_value *weights = heft_quant_setting(g, "weights");
        if (!weights || weights->kind != HEFT_V_OBJECT)
            return heft_fail(err, HEFT_E_UNSUPPORTED,
                             "config.json: the weights of %s of config_groups are %s, expected an "
                             "object",
                             heft_show(g->key).text, heft_cfg_text(weights).text);
        st = heft_check_keys(g, keys_group, heft_show(g->key).text, err);
        if (!st) st = heft_check_keys(weights, keys_weights, "the weights of a group", err);
        if (!st) st = check_format(heft_quant_setting(g, "format"), err);
    }
    return st;
}

/* The first group of which the module is a target: by its class, its name or a pattern. */
static heft_status group_of(heft_maker *m, const heft_value **out)
{
    const heft_value *groups = heft_quant_setting(m->in->quant->config, "config_groups");
    const heft_str module = { m->stem.z, m->stem.n - 1 };
    heft_status st = HEFT_OK;
    for (const heft_value *g = groups->child; g && !st; g = g->next) {
        const heft_value *targets = heft_quant_setting(g, "targets");
        bool is = false;
        st = heft_module_listed(targets, module, &is, m->err);
        for (const heft_value *t = targets ? targets->child : NULL; t && !is; t = t->next)
            is = t->kind == HEFT_V_STRING && heft_str_is(t->str, "Linear");
        if (st || !is) continue;
        *out = heft_quant_setting(g, "weights");
        return HEFT_OK;
    }
    if (st) return st;
    return heft_fail(m->err, HEFT_E_FORMAT,
                     "tensor %s is %s, but no group of config_groups in config.json has its module",
                     heft_show(m->in->tensor->name).text, heft_dtypes[m->in->tensor->dtype].name);
}

static bool says(const heft_value *object, const char *key, const char *text)
{
    const heft_value *v = heft_quant_setting(object, key);
    return v && v->kind == HEFT_V_STRING && heft_str_is(v->str, text);
}

static heft_status read_scheme(heft_maker *m, scheme *s)
{
    const heft_value *weights = NULL;
    int32_t block[2] = { 0 };
    heft_status st = group_of(m, &weights);
    if (!st) st = heft_read_int(weights, "num_bits", -2, &s->bits, m->err);
    if (!st) st = heft_read_int(weights, "group_size", 0, &s->group, m->err);
    if (!st) st = heft_read_block(heft_quant_setting(weights, "block_structure"), block, m->err);
    if (st) return st;
    const heft_value *symmetric = heft_quant_setting(weights, "symmetric");
    const heft_value *strategy = heft_quant_setting(weights, "strategy");
    if (!strategy || strategy->kind != HEFT_V_STRING)
        return heft_fail(m->err, HEFT_E_FORMAT,
                         "config.json: a strategy of config_groups is %s, expected a string",
                         heft_cfg_text(strategy).text);
    s->sorted = says(weights, "actorder", "group");
    s->symmetric = !symmetric || symmetric->n;
    s->is_float = says(weights, "type", "float");
    s->lines = says(weights, "strategy", "tensor") ? 0 : 1;
    const bool grouped =
        says(weights, "strategy", "group") || says(weights, "strategy", "tensor_group");
    if (!grouped || s->group < 0) s->group = 0;
    if (grouped && s->group == 0)
        return heft_fail(
            m->err, HEFT_E_FORMAT,
            "config.json: a strategy of config_groups is \"group\" without group_size");
    if (!says(weights, "strategy", "block")) return HEFT_OK;
    s->lines = block[0];
    s->group = block[1];
    if (block[0]) return HEFT_OK;
    return heft_fail(
        m->err, HEFT_E_FORMAT,
        "config.json: a strategy of config_groups is \"block\" without block_structure");
}

/* Integers of 8 or 4 bits in rows of words, the lowest bits first, stored 2^(bits - 1) higher; so
 * are zero points, which lie along a column. weight_g_idx: the group of every input. */
static heft_status bind_packed(heft_maker *m, const scheme *s)
{
    const heft_stored *in = m->in;
    const int64_t groups = s->group ? (in->cols + s->group - 1) / s->group : 1;
    const int64_t zeros_shape[] = { (in->rows * s->bits + 31) / 32, groups };
    const heft_tensor *scale = NULL, *zeros = NULL, *index = NULL, *shape = NULL;
    bool ordered = true;
    heft_status st = heft_companion(m, "weight_scale", true, &scale);
    if (!st) st = heft_companion(m, "weight_zero_point", !s->symmetric, &zeros);
    if (!st) st = heft_companion(m, "weight_g_idx", s->sorted, &index);
    if (!st) st = heft_companion(m, "weight_shape", false, &shape);
    if (!st && zeros) st = heft_part_is(m, zeros, 1u << HEFT_I32, 2, zeros_shape);
    if (!st && index)
        st = heft_bind_index(m, index, in->cols, groups, s->group ? s->group : in->cols, &ordered);
    if (st) return st;
    heft_dtype as = s->bits == 4 ? HEFT_INT4 : HEFT_UINT8;
    if (zeros) as = s->bits == 4 ? HEFT_INT4_ZERO : HEFT_UINT8_ZERO;
    if (!ordered) as = s->bits == 4 ? HEFT_INT4_ORDER : HEFT_INT8_ORDER;
    if (ordered && as != HEFT_UINT8_ZERO && s->group % 32)
        return heft_fail(m->err, HEFT_E_UNSUPPORTED,
                         "tensor %s: %d numbers share a scale, expected a multiple of 32",
                         heft_show(in->tensor->name).text, s->group);
    st = heft_bind_rows(m, as, 1u << HEFT_I32);
    if (!st) st = heft_bind_scales(m, scale, HEFT_OF_FLOATS, s->lines, s->group);
    m->s->zero = zeros ? zeros->data : NULL;
    m->s->index = ordered ? NULL : index->data;
    if (st || !shape) return st;
    heft_part_note(m, shape);
    const bool wide = shape->dtype == HEFT_I64;
    if (shape->rank == 1 && shape->shape[0] == 2 && (wide || shape->dtype == HEFT_I32)) {
        const uint8_t *p = shape->data;
        const uint64_t rows = wide ? heft_load64(p) : heft_load32(p);
        const uint64_t cols = wide ? heft_load64(p + 8) : heft_load32(p + 4);
        if (rows == (uint64_t)in->rows && cols == (uint64_t)in->cols) return HEFT_OK;
    }
    return heft_fail(m->err, HEFT_E_FORMAT, "tensor %s does not say %lld x %lld",
                     heft_show(shape->name).text, (long long)in->rows, (long long)in->cols);
}

/* Whole bytes: integers, or FP8. */
static heft_status bind_bytes(heft_maker *m, const scheme *s)
{
    const heft_tensor *scale = NULL, *zeros = NULL;
    heft_status st = heft_companion(m, "weight_scale", true, &scale);
    if (!st) st = heft_companion(m, "weight_zero_point", false, &zeros);
    if (st) return st;
    if (zeros && !s->symmetric)
        return heft_fail(m->err, HEFT_E_UNSUPPORTED,
                         "tensor %s: heft does not know zero points of unpacked integers",
                         heft_show(zeros->name).text);
    if (zeros) heft_part_note(m, zeros); /* all zero, as written beside symmetric weights */
    st = s->is_float ? heft_bind_rows(m, HEFT_FP8, 1u << HEFT_F8_E4M3)
                     : heft_bind_rows(m, HEFT_INT8, 1u << HEFT_I8);
    return st ? st : heft_bind_scales(m, scale, HEFT_OF_FLOATS, s->lines, s->group);
}

heft_status heft_bind_compressed(heft_maker *m)
{
    scheme s = { 0 };
    heft_status st = read_scheme(m, &s);
    if (st) return st;
    const bool packed = !heft_str_ends(m->in->tensor->name, ".weight");
    if (!packed && s.bits == 8) return bind_bytes(m, &s);
    if (packed && !s.is_float) return bind_packed(m, &s);
    if (packed && s.bits == 4 && s.group == 16)
        return heft_bind_nvfp4(m, "weight_global_scale", true);
    if (packed && s.bits == 4 && s.group == 32) {
        const heft_tensor *scale = NULL;
        st = heft_bind_rows(m, HEFT_FP4_MX, 1u << HEFT_U8);
        if (!st) st = heft_companion(m, "weight_scale", true, &scale);
        if (!st) st = heft_bind_scales(m, scale, 1u << HEFT_U8 | 1u << HEFT_F8_E8M0, 1, 32);
        m->s->type = HEFT_F8_E8M0;
        return st;
    }
    return heft_fail(
        m->err, HEFT_E_FORMAT,
        "tensor %s: its group in config.json says %s of %d bits in groups of %d, which "
        "is not stored so",
        heft_show(m->in->tensor->name).text, s.is_float ? "floats" : "integers", s.bits, s.group);
}

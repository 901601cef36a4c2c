/* The binders of methods: which tensors a weight has, in which shapes, and what heft_mat they make.
 *
 * Shapes are in the letters of a weight (rows, cols) = (out, in), g = numbers that share a scale.
 * Sources: those of methods.c. */
#include "model/methods_bind.h"

#include "format/json.h"

#include <math.h>

static const uint64_t scale_types =
                          1u << HEFT_F32 | 1u << HEFT_F16 | 1u << HEFT_BF16 | 1u << HEFT_F8_E8M0,
                      of_e4m3 = 1u << HEFT_F8_E4M3, of_u8 = 1u << HEFT_U8, of_i32 = 1u << HEFT_I32;

/* ---- shared ----------------------------------------------------------- */

static int64_t parts(int64_t n, int64_t of)
{
    return of ? (n + of - 1) / of : 1;
}

static heft_status whole(const heft_maker *m, const char *what, int64_t n, int64_t of)
{
    if (n % of == 0) return HEFT_OK;
    return heft_fail(m->err, HEFT_E_UNSUPPORTED, "tensor %s: %lld %s, expected a multiple of %lld",
                     heft_show(m->in->tensor->name).text, (long long)n, what, (long long)of);
}

heft_status heft_bind_rows(heft_maker *m, heft_dtype as, uint64_t types)
{
    const heft_tensor *t = m->in->tensor;
    const heft_dtype_info *f = &heft_dtypes[as], *stored = &heft_dtypes[t->dtype];
    heft_status st = whole(m, "columns", m->in->cols, f->block);
    if (st) return st;
    m->w->stride = m->in->cols / f->block * f->bytes;
    m->w->dtype = (uint8_t)as;
    const int64_t want[] = { m->in->rows, m->w->stride / stored->bytes };
    return heft_part_is(m, t, types, 2, want);
}

/* The extents of a shape but for those of 1. */
static int32_t squeeze(const int64_t *shape, int32_t rank, int64_t out[HEFT_MAX_RANK])
{
    int32_t n = 0;
    for (int32_t i = 0; i < rank; i++)
        if (shape[i] != 1) out[n++] = shape[i];
    return n;
}

heft_status heft_bind_scales(heft_maker *m, const heft_tensor *t, uint64_t types, int64_t lines,
                             int64_t group)
{
    const int64_t want[] = { parts(m->in->rows, lines), parts(m->in->cols, group) };
    int64_t a[HEFT_MAX_RANK], b[HEFT_MAX_RANK];
    const int32_t n = squeeze(t->shape, t->rank, a);
    const bool same =
        n == squeeze(want, 2, b) && memcmp(a, b, (size_t)n * sizeof *a) == 0; /* n 0: a scalar */
    heft_status st = heft_part_is(m, t, types, same ? t->rank : 2, same ? t->shape : want);
    if (st) return st;
    m->s->scale = t->data;
    m->s->type = (uint8_t)t->dtype;
    m->s->stride = want[1];
    m->s->lines = lines ? (int32_t)lines : INT32_MAX;
    m->s->group = group ? (int32_t)group : INT32_MAX;
    return HEFT_OK;
}

/* A tensor of one number, whatever its rank. */
static heft_status one_number(heft_maker *m, const heft_tensor *t, uint64_t types)
{
    const int64_t one = 1;
    const bool is = heft_is_one(t);
    return heft_part_is(m, t, types, is ? t->rank : 1, is ? t->shape : &one);
}

heft_status heft_bind_index(heft_maker *m, const heft_tensor *t, int64_t n, int64_t groups,
                            int64_t group, bool *ordered)
{
    heft_status st = heft_part_is(m, t, of_i32, 1, &n);
    *ordered = true;
    for (int64_t i = 0; i < n && !st; i++) {
        const uint32_t g = heft_load32(t->data + 4 * i);
        *ordered &= g == i / group;
        if (g >= groups)
            st =
                heft_fail(m->err, HEFT_E_FORMAT,
                          "tensor %s: number %lld is %d, expected a group of 0 to %lld",
                          heft_show(t->name).text, (long long)i, (int32_t)g, (long long)groups - 1);
    }
    return st;
}

/* ---- FP8 -------------------------------------------------------------- */

/* weight F8_E4M3 (rows, cols), w = weight * scale: of blocks, of rows, or one. DeepSeek-V4 has
 * experts in the same release as pairs of E2M1 in bytes, with an E8M0 for 32. */
heft_status heft_bind_fp8(heft_maker *m)
{
    static const char *const names[] = { "weight_scale_inv", "weight_scale", "scale" };
    const heft_tensor *scale = NULL;
    const int32_t *block = m->in->quant->block;
    heft_status st = HEFT_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && !scale && !st; i++)
        st = heft_companion(m, names[i], false, &scale);
    if (!scale) st = heft_companion(m, block[0] ? names[0] : names[1], true, &scale);
    if (st) return st;
    if (m->in->tensor->dtype == HEFT_I8 && scale->dtype == HEFT_F8_E8M0) {
        st = heft_bind_rows(m, HEFT_FP4_MX, 1u << HEFT_I8);
        return st ? st : heft_bind_scales(m, scale, 1u << HEFT_F8_E8M0, 1, 32);
    }
    st = heft_bind_rows(m, HEFT_FP8, of_e4m3);
    if (st) return st;
    if (block[0]) return heft_bind_scales(m, scale, scale_types, block[0], block[1]);
    return heft_bind_scales(m, scale, scale_types, heft_is_one(scale) ? 0 : 1, 0);
}

/* ---- FP4 -------------------------------------------------------------- */

/* blocks U8 (experts, rows, cols / 32, 16): pairs of E2M1, the first below; scales U8 (experts,
 * rows, cols / 32), E8M0. Rows are outputs, whichever way the plain release has them. */
heft_status heft_bind_mxfp4(heft_maker *m)
{
    const heft_stored *in = m->in;
    const heft_tensor *scales = NULL;
    const bool many = in->experts > 0;
    const int64_t want[] = { in->experts, in->rows, in->cols / 32, 16 };
    heft_status st = whole(m, "columns", in->cols, 32);
    if (!st) st = heft_part_is(m, in->tensor, of_u8, many ? 4 : 3, many ? want : want + 1);
    if (!st) st = heft_companion(m, "scales", true, &scales);
    if (!st) st = heft_part_is(m, scales, of_u8, many ? 3 : 2, many ? want : want + 1);
    if (st) return st;
    m->w->dtype = HEFT_FP4_MX;
    m->w->stride = in->cols / 2;
    m->s->scale = scales->data;
    m->s->type = HEFT_F8_E8M0;
    m->s->stride = in->cols / 32;
    m->s->lines = 1;
    m->s->group = 32;
    return HEFT_OK;
}

/* The numbers U8 (rows, cols / 2), weight_scale F8_E4M3 (rows, cols / 16), and one float. */
heft_status heft_bind_nvfp4(heft_maker *m, const char *second, bool divides)
{
    const heft_tensor *scale = NULL, *factor = NULL;
    heft_status st = heft_bind_rows(m, HEFT_FP4_NV, of_u8);
    if (!st) st = heft_companion(m, "weight_scale", true, &scale);
    if (!st) st = heft_bind_scales(m, scale, of_e4m3, 1, 16);
    if (!st) st = heft_companion(m, second, true, &factor);
    if (!st) st = one_number(m, factor, 1u << HEFT_F32);
    if (st) return st;
    const uint32_t bits = heft_load32(factor->data);
    memcpy(&m->s->factor, &bits, sizeof bits);
    m->s->divides = divides;
    return HEFT_OK;
}

heft_status heft_bind_modelopt(heft_maker *m)
{
    const heft_tensor *scale = NULL;
    if (m->in->tensor->dtype == HEFT_U8) return heft_bind_nvfp4(m, "weight_scale_2", false);
    heft_status st = heft_bind_rows(m, HEFT_FP8, of_e4m3);
    if (!st) st = heft_companion(m, "weight_scale", true, &scale);
    return st ? st : heft_bind_scales(m, scale, HEFT_OF_FLOATS, heft_is_one(scale) ? 0 : 1, 0);
}

/* ---- GPTQ and AWQ: stored by columns ---------------------------------- */

/* qweight I32 of `shape`; scales (cols / g, rows); qzeros I32 (cols / g, rows / numbers in a word).
 */
static heft_status bind_words(heft_maker *m, heft_dtype as, const int64_t shape[2])
{
    const heft_stored *in = m->in;
    const int64_t per = 32 / in->quant->bits;
    const int64_t group = in->quant->group < 0 ? in->cols : in->quant->group;
    const int64_t scales_shape[] = { parts(in->cols, group), in->rows };
    const int64_t zeros_shape[] = { scales_shape[0], in->rows / per };
    const heft_tensor *scales = NULL, *zeros = NULL;
    heft_status st = whole(m, "rows", in->rows, per);
    if (!st) st = heft_part_is(m, in->tensor, of_i32, 2, shape);
    if (!st) st = heft_companion(m, "scales", true, &scales);
    if (!st) st = heft_part_is(m, scales, HEFT_OF_FLOATS, 2, scales_shape);
    if (!st) st = heft_companion(m, "qzeros", true, &zeros);
    if (!st) st = heft_part_is(m, zeros, of_i32, 2, zeros_shape);
    if (st) return st;
    m->w->dtype = (uint8_t)as;
    m->w->by_col = true;
    m->w->stride = 4 * shape[1];
    m->s->scale = scales->data;
    m->s->type = (uint8_t)scales->dtype;
    m->s->zero = zeros->data;
    m->s->stride = in->rows;
    m->s->lines = (int32_t)group;
    m->s->group = 1;
    return HEFT_OK;
}

heft_status heft_bind_awq(heft_maker *m)
{
    const int64_t shape[] = { m->in->cols, m->in->rows / 8 };
    return bind_words(m, HEFT_AWQ4, shape);
}

/* g_idx I32 (cols): the group of every input, where they were sorted by importance. */
heft_status heft_bind_gptq(heft_maker *m)
{
    const heft_stored *in = m->in;
    const int64_t per = 32 / in->quant->bits, shape[] = { in->cols / per, in->rows };
    const heft_dtype as = per == 16 ? HEFT_GPTQ2 : per == 8 ? HEFT_GPTQ4 : HEFT_GPTQ8;
    const heft_tensor *index = NULL;
    heft_status st = whole(m, "columns", in->cols, per);
    if (!st) st = bind_words(m, as, shape);
    if (!st) st = heft_companion(m, "g_idx", false, &index);
    m->s->add = in->quant->old_zeros;
    if (st || !index) return st;
    bool ordered;
    st = heft_bind_index(m, index, in->cols, parts(in->cols, m->s->lines), m->s->lines, &ordered);
    if (!st && !ordered) m->s->index = index->data;
    return st;
}

/* ---- bitsandbytes ----------------------------------------------------- */

/* The JSON that lies beside a weight of four bits. */
typedef struct {
    int32_t blocksize, nested_blocksize;
    float nested_offset;
    bool nested;
} bnb_state;

static heft_status read_state(heft_maker *m, bnb_state *s)
{
    static const heft_must_be keys[] = {
        { "quant_type", "\"nf4\"|\"fp4\"" },
        { "blocksize", NULL },
        { "dtype", NULL },
        { "nested_blocksize", NULL },
        { "nested_dtype", "\"float32\"" },
        { "nested_offset", NULL },
        { "shape", NULL },
        { NULL, NULL },
    };
    const heft_tensor *t = NULL;
    heft_value *v = NULL;
    heft_status st = heft_companion(m, "weight.quant_state.bitsandbytes__fp4", false, &t);
    if (!t) st = heft_companion(m, "weight.quant_state.bitsandbytes__nf4", true, &t);
    if (!st) st = heft_part_is(m, t, of_u8, 1, t->shape);
    if (st) return st;
    const heft_str json = { (const char *)t->data, (size_t)t->bytes };
    char *text =
        t->bytes <= HEFT_MAX_QUANT_STATE_BYTES ? heft_arena_strdup(m->in->arena, json) : NULL;
    if (!text) return heft_nomem(m->err, "the state of a weight");
    st = heft_json_tree(m->in->arena, text, json.n, HEFT_JSON_PYTHON, t->name.p, &v, m->err);
    if (!st) st = heft_check_keys(v, keys, heft_show(t->name).text, m->err);
    if (!st) st = heft_read_int(v, "blocksize", -2, &s->blocksize, m->err);
    if (!st) st = heft_read_int(v, "nested_blocksize", 0, &s->nested_blocksize, m->err);
    if (st) return st;
    const heft_value *offset = heft_value_get(v, "nested_offset");
    s->nested = s->nested_blocksize > 0;
    s->nested_offset = offset ? (float)offset->real : 0;
    if (!s->nested || (offset && isfinite(s->nested_offset))) return HEFT_OK;
    return heft_fail(m->err, HEFT_E_FORMAT, "tensor %s: nested_offset is %s, expected a number",
                     heft_show(t->name).text, heft_cfg_text(offset).text);
}

/* A vector of so many numbers of one type. */
static heft_status vector(heft_maker *m, const char *suffix, uint64_t types, int64_t n,
                          const uint8_t **out)
{
    const heft_tensor *t = NULL;
    heft_status st = heft_companion(m, suffix, true, &t);
    if (!st) st = heft_part_is(m, t, types, 1, &n);
    if (!st) *out = t->data;
    return st;
}

/* weight U8 (numbers / 2, 1), the first of two on top, in groups of `blocksize` over all rows; what
 * its 16 values are is in the file. absmax F32, or U8 that quant_map and floats of its own make. */
static heft_status bind_bnb4(heft_maker *m)
{
    const uint64_t of_f32 = 1u << HEFT_F32;
    const heft_stored *in = m->in;
    const int64_t n = in->rows * in->cols, shape[] = { n / 2, 1 };
    bnb_state state = { 0 };
    heft_status st = whole(m, "columns", in->cols, 2);
    if (!st) st = heft_part_is(m, in->tensor, of_u8, 2, shape);
    if (!st) st = read_state(m, &state);
    if (st) return st;
    const int64_t groups = parts(n, state.blocksize);
    st = vector(m, "weight.quant_map", of_f32, 16, &m->s->code);
    if (!st) st = vector(m, "weight.absmax", state.nested ? of_u8 : of_f32, groups, &m->s->scale);
    if (!st && state.nested)
        st = vector(m, "weight.nested_absmax", of_f32, parts(groups, state.nested_blocksize),
                    &m->s->scale2);
    if (!st && state.nested) st = vector(m, "weight.nested_quant_map", of_f32, 256, &m->s->code2);
    m->s->type = state.nested ? HEFT_U8 : HEFT_F32;
    m->s->group = state.blocksize;
    m->s->group2 = state.nested_blocksize;
    m->s->offset = state.nested_offset;
    m->w->dtype = HEFT_BNB4;
    m->w->stride = in->cols / 2;
    return st;
}

/* weight I8 (rows, cols), SCB F32 (rows) = the largest number of each row: w = weight * SCB / 127.
 * Outliers are a matter of activations, which the library multiplies in 16 bits apart; here all are
 * multiplied alike. */
heft_status heft_bind_bnb(heft_maker *m)
{
    const heft_tensor *scb = NULL, *format = NULL;
    if (m->in->tensor->dtype == HEFT_U8) return bind_bnb4(m);
    heft_status st = heft_bind_rows(m, HEFT_INT8, 1u << HEFT_I8);
    if (!st) st = heft_companion(m, "SCB", true, &scb);
    if (!st) st = heft_bind_scales(m, scb, 1u << HEFT_F32, 1, 0);
    if (!st) st = heft_companion(m, "weight_format", false, &format);
    m->s->factor = 127;
    m->s->divides = true;
    if (st || !format) return st;
    st = one_number(m, format, of_u8);
    if (st || *format->data == 0) return st;
    return heft_fail(m->err, HEFT_E_UNSUPPORTED, "tensor %s is %d, expected 0: numbers row by row",
                     heft_show(format->name).text, *format->data);
}

/* Weights whose scales lie in tensors beside them, as floats: w = (q - zero) * scale, rounded once.
 *
 * Sources: the safetensors files of published releases and what reads them: the transformers
 * library's fp8, awq, gptq and bitsandbytes quantizers, compressed-tensors' pack-quantized format.
 */
#include "kernels/scales.h"
#include "kernels/sums.h"

#include <assert.h>
#include <math.h>

enum { STRIP = 32 }; /* places whose scales and zero points are kept from line to line */

static float scale_number(uint8_t type, const uint8_t *p)
{
    if (type == HEFT_F8_E4M3) return heft_e4m3(*p);
    if (type == HEFT_F8_E8M0) return *p == 255 ? NAN : 2 * heft_half_e8m0(*p);
    return heft_number(type, p);
}

float heft_scale(const heft_scales *s, int64_t i, int64_t j)
{
    const int64_t n = i * s->stride + j;
    if (s->scale2) {
        const float small = heft_number(HEFT_F32, s->code2 + 4 * s->scale[n]);
        return small * heft_number(HEFT_F32, s->scale2 + 4 * (n / s->group2)) + s->offset;
    }
    const float d = scale_number(s->type, s->scale + n * heft_dtypes[s->type].bytes);
    return s->divides ? d / s->factor : d * s->factor;
}

/* ---- one line after the other ---- */

static void floats_fp8(float *restrict y, const heft_mat *w, int64_t line, int64_t at, int32_t n)
{
    const heft_scales *s = w->with;
    const uint8_t *restrict p = w->data + line * w->stride + at;
    for (int32_t i = 0, end; i < n; i = end) {
        const int64_t group = (at + i) / s->group, next = (group + 1) * s->group - at;
        const float d = heft_scale(s, line / s->lines, group);
        end = next < n ? (int32_t)next : n;
        for (int32_t k = i; k < end; k++)
            y[k] = heft_e4m3(p[k]) * d;
    }
}

/* Two numbers to a byte, the first on top. Groups run on from line to line. */
static void floats_bnb4(float *y, const heft_mat *w, int64_t line, int64_t at, int32_t n)
{
    const heft_scales *s = w->with;
    const int64_t first = 2 * line * w->stride + at;
    float d = 0;
    for (int64_t i = first; i < first + n; i++) {
        if (i == first || i % s->group == 0) d = heft_scale(s, 0, i / s->group);
        const int32_t q = w->data[i / 2] >> (i % 2 ? 0 : 4) & 15;
        y[i - first] = heft_number(HEFT_F32, s->code + (size_t)(4 * q)) * d;
    }
}

/* Number i of those packed from p on, lowest bits first. */
static int32_t packed(const uint8_t *p, int64_t i, int32_t bits)
{
    return p[i * bits / 8] >> i * bits % 8 & ((1 << bits) - 1);
}

/* Groups in order, or as an index says. */
static void floats_order(float *y, const heft_mat *w, int64_t line, int64_t at, int32_t n,
                         int32_t bits)
{
    const heft_scales *s = w->with;
    const uint8_t *p = w->data + line * w->stride;
    for (int32_t i = 0; i < n; i++) {
        const int64_t g = s->index ? heft_load32(s->index + 4 * (at + i)) : (at + i) / s->group;
        const int32_t zero = s->zero ? heft_zero_below(s, line, g, bits) : 1 << (bits - 1);
        y[i] = (float)(packed(p, at + i, bits) - zero) * heft_scale(s, line, g);
    }
}

/* ---- lines that share their scales, a scale for every place ---- */

const uint8_t heft_awq_at[8] = { 0, 4, 1, 5, 2, 6, 3, 7 };

static int32_t bits_of(const heft_mat *w)
{
    const heft_dtype_info *t = &heft_dtypes[w->dtype];
    return 8 * t->bytes / t->block;
}

void heft_read_group(const heft_mat *w, int64_t group, int64_t at, int32_t n, float *d, float *zero)
{
    const heft_scales *s = w->with;
    const int32_t bits = bits_of(w), mask = (1 << bits) - 1;
    const int64_t per = 32 / bits;
    const uint8_t *z = s->zero + 4 * (group * (s->stride / per));
    for (int32_t i = 0; i < n; i++) {
        const int64_t in = (at + i) % per, word = (at + i) / per;
        const int64_t place = w->dtype == HEFT_AWQ4 ? heft_awq_at[in] : in;
        d[i] = heft_scale(s, group, at + i);
        zero[i] = (float)((packed(z + 4 * word, place, bits) + s->add) & mask);
    }
}

/* q of a line: words along the columns hold numbers of one column (GPTQ) or of eight (AWQ). */
static void read_words(const heft_mat *w, int64_t line, int64_t at, int32_t n, int32_t bits,
                       int32_t *restrict q)
{
    if (w->dtype == HEFT_AWQ4) {
        const uint8_t *p = w->data + line * w->stride;
        for (int32_t i = 0; i < n; i++)
            q[i] = packed(p + (at + i) / 8 * 4, heft_awq_at[(at + i) % 8], 4);
        return;
    }
    const int64_t per = 32 / bits;
    const uint8_t *restrict p = w->data + line / per * w->stride + 4 * at;
    const int32_t shift = (int32_t)(line % per) * bits, mask = (1 << bits) - 1;
    for (int32_t i = 0; i < n; i++)
        q[i] = (int32_t)(heft_load32(p + (ptrdiff_t)(4 * i)) >> shift) & mask;
}

static void floats_words(float *y, int64_t apart, const heft_mat *w, int64_t line, int32_t lines,
                         int64_t at, int32_t n, int32_t bits)
{
    float d[STRIP], zero[STRIP];
    int32_t q[STRIP];
    int64_t have = -1;
    for (int32_t k = 0; k < lines; k++, y += apart) {
        const int64_t g = heft_line_group(w->with, line + k);
        if (g != have) heft_read_group(w, g, at, n, d, zero);
        have = g;
        read_words(w, line + k, at, n, bits, q);
        for (int32_t i = 0; i < n; i++)
            y[i] = ((float)q[i] - zero[i]) * d[i];
    }
}

/* ---- the whole ---- */

void heft_floats(float *y, int64_t apart, const heft_mat *w, int32_t line, int32_t lines,
                 int32_t at, int32_t n)
{
    const int64_t l = line + w->line, a = (int64_t)at + w->at;
    if (w->dtype == HEFT_AWQ4 || w->dtype == HEFT_GPTQ2 || w->dtype == HEFT_GPTQ4
        || w->dtype == HEFT_GPTQ8) {
        for (int32_t i = 0; i < n; i += STRIP)
            floats_words(y + i, apart, w, l, lines, a + i, n - i < STRIP ? n - i : STRIP,
                         bits_of(w));
        return;
    }
    for (int32_t k = 0; k < lines; k++, y += apart)
        if (w->dtype == HEFT_FP8)
            floats_fp8(y, w, l + k, a, n);
        else if (w->dtype == HEFT_BNB4)
            floats_bnb4(y, w, l + k, a, n);
        else
            floats_order(y, w, l + k, a, n, bits_of(w));
}

/* ---- blocks of 32 ---- */

/* Two numbers to a byte, the first below. */
static void pairs(int8_t *restrict q, const uint8_t *restrict p, int32_t less)
{
    for (int32_t i = 0; i < 16; i++) {
        q[2 * i] = (int8_t)((p[i] & 15) - less);
        q[2 * i + 1] = (int8_t)((p[i] >> 4) - less);
    }
}

/* Each half has the scale of the group it lies in. */
static void set_scales(heft_block *out, const heft_scales *s, int64_t line, int32_t b, float times)
{
    for (int32_t h = 0; h < 2; h++)
        out->d[h] = times * heft_scale(s, line / s->lines, (32 * (int64_t)b + 16 * h) / s->group);
}

static void unpack_integers(heft_block *out, const heft_mat *w, const uint8_t *p, int64_t line,
                            int32_t b)
{
    const heft_scales *s = w->with;
    const int32_t bits = bits_of(w);
    const int64_t g = 32 * (int64_t)b / s->group;
    const int32_t zero = s->zero ? heft_zero_below(s, line, g, bits) : 1 << (bits - 1);
    set_scales(out, s, line, b, 1);
    if (bits == 4) {
        pairs(out->q, p, zero);
        return;
    }
    for (int32_t i = 0; i < 32; i++)
        out->q[i] = (int8_t)(p[i] - 128);
}

static void pick_pairs(int8_t *restrict q, const uint8_t *restrict p)
{
    for (int32_t i = 0; i < 16; i++) {
        q[2 * i] = heft_values_e2m1[p[i] & 15];
        q[2 * i + 1] = heft_values_e2m1[p[i] >> 4];
    }
}

void heft_unpack_scaled(heft_block *out, const heft_mat *w, int32_t r, int32_t b)
{
    const heft_scales *s = w->with;
    const int64_t line = r + w->line;
    const heft_dtype_info *t = &heft_dtypes[w->dtype];
    const uint8_t *p = w->data + line * w->stride + (int64_t)b * t->bytes;
    assert(!w->by_col && w->at == 0 && t->block == 32);
    if (w->dtype == HEFT_FP4_MX) {
        out->d[0] = out->d[1] = heft_half_e8m0(s->scale[line * s->stride + b]);
        pick_pairs(out->q, p);
    } else if (w->dtype == HEFT_FP4_NV) {
        set_scales(out, s, line, b, 0.5f);
        pick_pairs(out->q, p);
    } else if (w->dtype == HEFT_INT8) {
        set_scales(out, s, line, b, 1);
        memcpy(out->q, p, sizeof out->q);
    } else {
        unpack_integers(out, w, p, line, b);
    }
}

/* Matrix products with AVX-512 (F, BW, DQ, VL, VNNI). */
#include "kernels/x86_avx512_mat.h"
#include "kernels/fill.h"
#include "kernels/x86_lanes_512.h"
#include "kernels/x86_vnni_dot.inc"
#include "kernels/x86_vnni_mat.inc"

static const heft_x86_set set = {
    .columns = TILE_COLUMNS,
    .group = GROUP,
    .few = 8,
    .mul_f = heft_avx512_mul_f,
    .mul_c = heft_avx2_mul_c,
    .scaled = heft_x86_unpack_scaled,
    .format = formats,
};

static void mul_avx512(const heft_mat *w, int32_t r0, int32_t r1, const void *const *x, int32_t n,
                       float *const *y, void *scratch)
{
    heft_x86_mul(&set, w, r0, r1, x, n, y, scratch);
}

static size_t mul_scratch_avx512(int32_t cols)
{
    const size_t others = heft_x86_mul_scratch(cols), f = heft_avx512_float_scratch(cols);
    return others > f ? others : f;
}

void heft_kernels_avx512_mat(heft_kernels *k)
{
    k->mul = mul_avx512;
    k->mul_scratch = mul_scratch_avx512;
}

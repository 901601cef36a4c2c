/* Matrix products with AVX-VNNI: AVX2 and vpdpbusd. */
#include "kernels/fill.h"
#include "kernels/x86_lanes_256.h"
#include "kernels/x86_vnni_dot.inc"
#include "kernels/x86_vnni_mat.inc"

static const heft_x86_set set = {
    .columns = TILE_COLUMNS,
    .group = GROUP,
    .most = MOST_COLUMNS,
    .few = 4,
    .mul_f = heft_avx2_mul_f,
    .mul_c = heft_avx2_mul_c,
    .scaled_rows = rows_scaled,
    .lines = heft_avx2_mul_lines,
    .scaled = heft_x86_unpack_scaled,
    .format = formats,
};

static void mul_avxvnni(const heft_mat *w, int32_t r0, int32_t r1, const heft_columns *x,
                        float *const *y, void *scratch)
{
    heft_x86_mul(&set, w, r0, r1, x, y, scratch);
}

void heft_kernels_avxvnni_mat(heft_kernels *k)
{
    k->mul = mul_avxvnni;
}

/* Matrix products with AVX-512 (F, BW, DQ, VL, VNNI). */
#include "kernels/x86_avx512_mat.h"
#include "kernels/fill.h"
#include "kernels/x86_lanes_512.h"
#include "kernels/x86_vnni_dot.inc"
#include "kernels/x86_vnni_mat.inc"

static const heft_x86_set set = {
    .columns = TILE_COLUMNS,
    .group = GROUP,
    .most = MOST_COLUMNS,
    .few = 8,
    .mul_f = heft_avx512_mul_f,
    .mul_c = heft_avx2_mul_c,
    .scaled_rows = rows_scaled,
    .lines = heft_avx512_mul_lines,
    .scaled = heft_x86_unpack_scaled,
    .format = formats,
};

static void lay_avx512(heft_act *laid, const void *const *x, int32_t n, int32_t blocks)
{
    heft_x86_lay(laid, x, n, blocks, MOST_COLUMNS);
}

static void mul_avx512(const heft_mat *w, int32_t r0, int32_t r1, const heft_columns *x,
                       float *const *y, void *scratch)
{
    if (w->dtype == HEFT_Q6_K && !w->by_col && x->n == 1 && r1 >= GROUP)
        heft_avx512_mul_q6_k(w, r0, r1, x->x[0], y[0], scratch);
    else
        heft_x86_mul(&set, w, r0, r1, x, y, scratch);
}

static size_t mul_scratch_avx512(int32_t cols)
{
    const size_t f = heft_avx512_float_scratch(cols), q6 = heft_avx512_q6_k_scratch(cols);
    size_t most = heft_x86_mul_scratch(cols);
    if (f > most) most = f;
    return q6 > most ? q6 : most;
}

void heft_kernels_avx512_mat(heft_kernels *k)
{
    k->lay = lay_avx512;
    k->mul = mul_avx512;
    k->mul_scratch = mul_scratch_avx512;
}

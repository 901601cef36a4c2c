/* Attention with AVX2, FMA and F16C. */
#include "kernels/fill.h"
#include "kernels/x86_vector_256.h"

enum { DOT_QUERIES = 2, DOT_KEYS = 3, FOUR_VECTORS = 2 };
enum { CROWD_KEYS = 4, CROWD_SUMS = 2, CROWD_QUERIES = 4, CROWD_VECTORS = 2 };

#include "kernels/x86_attend.inc"

/* ---- panels ---- */

/* Eight rows of eight numbers turned: row i lane j becomes row j lane i. */
static void turn(__m256 r[8])
{
    __m256 s[8];
    for (int32_t i = 0; i < 8; i += 2) {
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int32_t i = 0; i < 8; i += 4)
        for (int32_t j = 0; j < 2; j++) {
            r[i + 2 * j] = _mm256_shuffle_ps(s[i + j], s[i + j + 2], 0x44);
            r[i + 2 * j + 1] = _mm256_shuffle_ps(s[i + j], s[i + j + 2], 0xee);
        }
    for (int32_t i = 0; i < 4; i++) {
        s[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        s[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
    for (int32_t i = 0; i < 8; i++)
        r[i] = s[i];
}

static void lay_panel(float *panel, const heft_query *q, int32_t nq, int32_t dk)
{
    for (int32_t i = 0; i < (nq + HEFT_PANEL - 1) / HEFT_PANEL * HEFT_PANEL; i += 8) {
        float *at = panel + heft_panel_floats(i / HEFT_PANEL * HEFT_PANEL, dk) + i % HEFT_PANEL;
        for (int32_t d = 0; d < padded(dk); d += 8) {
            __m256 r[8];
            for (int32_t j = 0; j < 8; j++)
                r[j] = i + j < nq && d < dk ? load(q[i + j].q + d, dk - d) : _mm256_setzero_ps();
            turn(r);
            for (int32_t j = 0; j < 8; j++)
                _mm256_storeu_ps(at + (size_t)(d + j) * HEFT_PANEL, r[j]);
        }
    }
}

void heft_kernels_avx2_attend(heft_kernels *k)
{
    k->lay_panel = lay_panel;
    k->attend = attend_queries;
    k->index = index_keys;
    k->merge = merge_partials;
}

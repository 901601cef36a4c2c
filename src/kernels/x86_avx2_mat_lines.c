/* Lines with AVX2, and as canonical blocks, which a panel is filled with for many columns. */
#include "kernels/x86_words_256.h"

/* Bit i of `bits` everywhere in byte i. */
INLINE words bytes_of_bits(uint32_t bits)
{
    const words place =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const words bit = _mm256_set1_epi64x((int64_t)0x8040201008040201u);
    const words v = look_up(all32((int32_t)bits), place) & bit;
    return _mm256_cmpeq_epi8(v, bit);
}

/* Negative where a bit of signs is set. */
INLINE words turned(words x, uint32_t signs)
{
    const words m = bytes_of_bits(signs);
    return sub8(x ^ m, m);
}

/* Two products of 62 * 127 fit in int16. */
INLINE words dot(words sum, words u, words y)
{
    return add32(sum, madd16(_mm256_maddubs_epi16(u, y), all16(1)));
}

#include "kernels/x86_lines.inc"

INLINE void unpack(const lines f, heft_block *to, int32_t apart, const uint8_t *block)
{
    line x;
    int32_t sc[2][BLOCKS];
    f.read(&x, block);
    for (int32_t h = 0; h < 2; h++)
        _mm256_storeu_si256((void *)sc[h], x.sc[h]);
    for (int32_t j = 0; j < BLOCKS; j++, to += apart) {
        const words q = f.signs ? turned(x.q[j], x.signs[j]) : sub8(x.q[j], all8(f.offset));
        *to = (heft_block){ .d = { x.d, x.d },
                            .sc = { (int16_t)sc[0][j], (int16_t)sc[1][j] },
                            .mn = { 1, 1 } };
        _mm256_storeu_si256((void *)to->q, q);
    }
}

bool heft_avx2_has_lines(uint8_t dtype)
{
#define HAS(dtype, f)                                                                              \
    case dtype: return true;
    switch (dtype) {
        EVERY_LINES(HAS)
    default: return false;
    }
#undef HAS
}

void heft_avx2_unpack_line(heft_block *to, int32_t apart, const heft_mat *w, int32_t r, int32_t b)
{
    const uint8_t *row = w->data + (ptrdiff_t)(w->stride * r);
    const uint8_t *block = row + (ptrdiff_t)(b / BLOCKS) * heft_dtypes[w->dtype].bytes;
#define UNPACK(dtype, f)                                                                           \
    case dtype: unpack(f, to, apart, block); break;
    switch (w->dtype) {
        EVERY_LINES(UNPACK)
    }
#undef UNPACK
}

void heft_avx2_mul_lines(const heft_mat *w, int32_t r0, int32_t r1, const heft_act *const *a,
                         int32_t n, float *const *y)
{
    mul_lines(w, r0, r1, a, n, y);
}

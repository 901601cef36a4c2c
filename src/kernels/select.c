/* Which kernels this processor can run: the only file that asks about the processor. */
#include "kernels/fill.h"

#include <assert.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* The builtins also ask whether the system saves the registers; clang 14 has no name for F16C,
 * which needs the same registers. */
static bool has_avx2(void)
{
    unsigned a, b, c = 0, d;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
           && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

/* One row per instruction set, each better than the ones before it. */
static const struct {
    const char *name;
    unsigned bit;
    bool (*present)(void);
    void (*fill[4])(heft_kernels *k);
} sets[] = {
    { "scalar",
      0,
      NULL,
      { heft_kernels_scalar_mat, heft_kernels_scalar_rows, heft_kernels_scalar_attend,
        heft_kernels_scalar_delta } },
#if defined(__x86_64__)
    { "avx2",
      HEFT_ISA_AVX2,
      has_avx2,
      { heft_kernels_avx2_mat, heft_kernels_avx2_rows, heft_kernels_avx2_attend,
        heft_kernels_avx2_delta } },
#endif
};
enum { SETS = sizeof sets / sizeof sets[0] };

unsigned heft_isa_detect(void)
{
    unsigned isa = 0;
    for (int32_t i = 0; i < SETS; i++)
        if (sets[i].present && sets[i].present()) isa |= sets[i].bit;
    return isa;
}

bool heft_isa_named(const char *name, unsigned *isa)
{
    unsigned bits = 0;
    for (int32_t i = 0; i < SETS; i++) {
        bits |= sets[i].bit;
        if (strcmp(name, sets[i].name) != 0) continue;
        *isa = bits;
        return true;
    }
    return false;
}

void heft_kernels_init(heft_kernels *k, unsigned isa)
{
    assert((isa & ~heft_isa_detect()) == 0);
    for (int32_t i = 0; i < SETS; i++) {
        if ((sets[i].bit & isa) != sets[i].bit) continue;
        for (int32_t f = 0; f < 4; f++)
            sets[i].fill[f](k);
        k->name = sets[i].name;
    }
}

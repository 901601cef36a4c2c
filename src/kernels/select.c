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

/* Its bit, 4 of eax of leaf 7.1, has no name in every compiler; its registers are AVX2's. */
static bool has_avxvnni(void)
{
    unsigned a = 0, b, c, d;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4);
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
           && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
           && __builtin_cpu_supports("avx512vnni");
}
#endif

#if defined(__aarch64__)
#include <sys/auxv.h>

static bool has_neon(void)
{
    const unsigned long dot_products = 1ul << 20; /* HWCAP_ASIMDDP */
    return getauxval(AT_HWCAP) & dot_products;
}
#endif

/* One row per instruction set, each better than the ones before it. */
static const struct {
    const char *name;
    unsigned bit, needs; /* its own; those of the sets whose slots it leaves */
    bool (*present)(void);
    void (*fill[4])(heft_kernels *k);
} sets[] = {
    { "scalar",
      0,
      0,
      NULL,
      { heft_kernels_scalar_mat, heft_kernels_scalar_rows, heft_kernels_scalar_attend,
        heft_kernels_scalar_delta } },
#if defined(__x86_64__)
    { "avx2",
      HEFT_ISA_AVX2,
      0,
      has_avx2,
      { heft_kernels_avx2_mat, heft_kernels_avx2_rows, heft_kernels_avx2_attend,
        heft_kernels_avx2_delta } },
    { "avxvnni", HEFT_ISA_AVXVNNI, HEFT_ISA_AVX2, has_avxvnni, { heft_kernels_avxvnni_mat } },
    { "avx512vl",
      HEFT_ISA_AVX512VL,
      HEFT_ISA_AVX2,
      has_avx512,
      { heft_kernels_avx512vl_mat, heft_kernels_avx512vl_attend } },
    { "avx512",
      HEFT_ISA_AVX512,
      HEFT_ISA_AVX2 | HEFT_ISA_AVX512VL,
      has_avx512,
      { heft_kernels_avx512_mat, heft_kernels_avx512_attend } },
#endif
#if defined(__aarch64__)
    { "neon", HEFT_ISA_NEON, 0, has_neon, { heft_kernels_neon_mat } },
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

const char *heft_isa_name(int32_t i)
{
    return i < SETS ? sets[i].name : NULL;
}

bool heft_isa_named(const char *name, unsigned *isa)
{
    for (int32_t i = 0; i < SETS; i++) {
        if (strcmp(name, sets[i].name) != 0) continue;
        *isa = sets[i].bit | sets[i].needs;
        return true;
    }
    return false;
}

void heft_kernels_init(heft_kernels *k, unsigned isa)
{
    assert((isa & ~heft_isa_detect()) == 0);
    for (int32_t i = 0; i < SETS; i++) {
        const unsigned bits = sets[i].bit | sets[i].needs;
        if ((bits & isa) != bits) continue;
        for (int32_t f = 0; f < 4; f++)
            if (sets[i].fill[f]) sets[i].fill[f](k);
        k->name = sets[i].name;
    }
}

/* The choice of kernels: every slot is filled, for every set this machine has. */
#include "kernels/fill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void the_scalar_set_fills_every_slot(void **state)
{
    (void)state;
    heft_kernels k;
    memset(&k, 0, sizeof k);
    heft_kernels_init(&k, 0);
    assert_string_equal(k.name, "scalar");
    const void *slots[sizeof k / sizeof(void *)];
    memcpy(slots, &k, sizeof k);
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        assert_non_null(slots[i]);
}

static void a_name_gives_its_bits_and_those_it_builds_on(void **state)
{
    (void)state;
    unsigned isa = 99;
    assert_true(heft_isa_named("scalar", &isa));
    assert_int_equal(isa, 0);
    assert_false(heft_isa_named("sse9", &isa));
    assert_false(heft_isa_named("", &isa));
    assert_int_equal(isa, 0);
#if defined(__x86_64__)
    assert_true(heft_isa_named("avx2", &isa));
    assert_int_equal(isa, HEFT_ISA_AVX2);
    assert_true(heft_isa_named("avxvnni", &isa));
    assert_int_equal(isa, HEFT_ISA_AVX2 | HEFT_ISA_AVXVNNI);
    assert_true(heft_isa_named("avx512", &isa));
    assert_int_equal(isa, HEFT_ISA_AVX2 | HEFT_ISA_AVX512VL | HEFT_ISA_AVX512);
#endif
}

static void every_name_is_listed_once_and_gives_kernels_of_that_name(void **state)
{
    (void)state;
    int32_t count = 0;
    for (; heft_isa_name(count); count++) {
        const char *name = heft_isa_name(count);
        unsigned isa;
        heft_kernels k;
        for (int32_t i = 0; i < count; i++)
            assert_string_not_equal(name, heft_isa_name(i));
        assert_true(heft_isa_named(name, &isa));
        if (isa & ~heft_isa_detect()) continue;
        heft_kernels_init(&k, isa);
        assert_string_equal(k.name, name);
    }
    assert_string_equal(heft_isa_name(0), "scalar");
    assert_null(heft_isa_name(count));
}

static void the_best_set_of_this_machine_bears_its_name(void **state)
{
    (void)state;
    unsigned isa;
    heft_kernels k, scalar;
    heft_kernels_init(&k, heft_isa_detect());
    heft_kernels_init(&scalar, 0);
    assert_true(heft_isa_named(k.name, &isa));
    assert_int_equal(isa & ~heft_isa_detect(), 0);
    if (isa) assert_ptr_not_equal(*(void **)&k.attend, *(void **)&scalar.attend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scalar_set_fills_every_slot),
        cmocka_unit_test(a_name_gives_its_bits_and_those_it_builds_on),
        cmocka_unit_test(every_name_is_listed_once_and_gives_kernels_of_that_name),
        cmocka_unit_test(the_best_set_of_this_machine_bears_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

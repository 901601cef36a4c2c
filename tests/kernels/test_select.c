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

static void a_name_gives_its_bits_and_those_below(void **state)
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
#endif
}

static void the_best_set_of_this_machine_bears_its_name(void **state)
{
    (void)state;
    unsigned isa;
    heft_kernels k, scalar;
    heft_kernels_init(&k, heft_isa_detect());
    heft_kernels_init(&scalar, 0);
    assert_true(heft_isa_named(k.name, &isa));
    assert_int_equal(isa, heft_isa_detect());
    if (isa) assert_ptr_not_equal(*(void **)&k.attend, *(void **)&scalar.attend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scalar_set_fills_every_slot),
        cmocka_unit_test(a_name_gives_its_bits_and_those_below),
        cmocka_unit_test(the_best_set_of_this_machine_bears_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

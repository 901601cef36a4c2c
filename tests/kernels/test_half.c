/* The 16-bit floats: every one of the 65,536, and every rounding boundary between two of them. */
#include "kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The value of a half by its definition, in double. */
static double half_value(uint16_t h)
{
    int e = h >> 10 & 31, m = h & 1023;
    double v = e == 0 ? ldexp(m, -24) : ldexp(m + 1024, e - 25);
    return h & 0x8000 ? -v : v;
}

static void every_half_is_widened_exactly(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = heft_half((uint16_t)h);
        if ((h & 0x7fff) > 0x7c00)
            assert_true(isnan(f));
        else if ((h & 0x7fff) == 0x7c00)
            assert_true(isinf(f));
        else
            assert_true((double)f == half_value((uint16_t)h));
        assert_int_equal(signbit(f) != 0, h >> 15);
    }
}

static void every_half_survives_the_round_trip(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        uint16_t back = heft_to_half(heft_half((uint16_t)h));
        uint32_t quiet = (h & 0x7fff) > 0x7c00 ? 0x200 : 0;
        assert_int_equal(back, h | quiet);
    }
}

/* Between neighbours a and b lies one boundary: it goes to the even one, what lies beside it to
 * the nearer one. */
static void halves_round_to_nearest_even(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < 0x7bff; a++) {
        float middle = (heft_half((uint16_t)a) + heft_half((uint16_t)(a + 1))) / 2;
        assert_int_equal(heft_to_half(middle), a + (a & 1));
        assert_int_equal(heft_to_half(nextafterf(middle, 0)), a);
        assert_int_equal(heft_to_half(nextafterf(middle, INFINITY)), a + 1);
        assert_int_equal(heft_to_half(-middle), 0x8000 | (a + (a & 1)));
    }
}

static void halves_overflow_to_infinity_from_65520(void **state)
{
    (void)state;
    assert_int_equal(heft_to_half(nextafterf(65520, 0)), 0x7bff);
    assert_int_equal(heft_to_half(65520), 0x7c00);
    assert_int_equal(heft_to_half(-3e38f), 0xfc00);
    assert_int_equal(heft_to_half(-INFINITY), 0xfc00);
}

static void every_bf16_is_widened_and_survives_the_round_trip(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = heft_bf16((uint16_t)h);
        uint32_t bits, quiet = (h & 0x7fff) > 0x7f80 ? 0x40 : 0;
        memcpy(&bits, &f, sizeof bits);
        assert_int_equal(bits, h << 16);
        assert_int_equal(heft_to_bf16(f), h | quiet);
    }
}

static void bf16_rounds_to_nearest_even(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < 0x7f80; a++) {
        uint32_t bits = a << 16 | 0x8000;
        float middle;
        memcpy(&middle, &bits, sizeof middle);
        assert_int_equal(heft_to_bf16(middle), a + (a & 1));
        assert_int_equal(heft_to_bf16(nextafterf(middle, 0)), a);
        assert_int_equal(heft_to_bf16(nextafterf(middle, INFINITY)), a + 1);
        assert_int_equal(heft_to_bf16(-middle), 0x8000 | (a + (a & 1)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_is_widened_exactly),
        cmocka_unit_test(every_half_survives_the_round_trip),
        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(halves_overflow_to_infinity_from_65520),
        cmocka_unit_test(every_bf16_is_widened_and_survives_the_round_trip),
        cmocka_unit_test(bf16_rounds_to_nearest_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

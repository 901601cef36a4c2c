/* What test programs share beside cmocka. */
#ifndef HEFT_TESTS_TESTING_H
#define HEFT_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heft.h"

/* Fails with heft's own message. */
static inline void assert_ok(heft_status st, const heft_error *err)
{
    if (st) fail_msg("%s: %s", heft_status_name(st), err->text);
}

#endif

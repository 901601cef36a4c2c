/* The instruction sets that a test of kernels goes through. */
#include "sets.h"

#include <assert.h>
#include <stdio.h>

int32_t sets_here(heft_kernels sets[MAX_SETS])
{
    int32_t n = 0;
    for (int32_t i = 1; heft_isa_name(i); i++) {
        unsigned isa;
        if (!heft_isa_named(heft_isa_name(i), &isa)) continue;
        if (isa & ~heft_isa_detect()) {
            printf("not run: kernels for %s, which this processor does not have\n",
                   heft_isa_name(i));
            continue;
        }
        assert(n < MAX_SETS);
        heft_kernels_init(&sets[n++], isa);
    }
    if (n == 0) printf("not run: this processor has no instruction set heft has kernels for\n");
    return n;
}

/* Which kernels this processor can run: the only file that asks about the processor. */
#include "kernels/fill.h"

#include <assert.h>
#include <string.h>

/* One row per instruction set, each better than the ones before it. */
static const struct {
    const char *name;
    unsigned bit;
    bool (*present)(void);
    void (*fill[3])(heft_kernels *k);
} sets[] = {
    { "scalar",
      0,
      NULL,
      { heft_kernels_scalar_mat, heft_kernels_scalar_rows, heft_kernels_scalar_attend } },
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
        for (int32_t f = 0; f < 3; f++)
            sets[i].fill[f](k);
        k->name = sets[i].name;
    }
}

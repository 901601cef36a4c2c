/* Memory whose end is the end of a page: reading or writing one byte further is a fault. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "fence.h"

#include "random_mat.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 65536, UNTOUCHED = 0xa5, MARGIN = 64 };

static uint8_t *end_of(int32_t which)
{
    static uint8_t *ends[FENCES];
    assert(which < FENCES);
    if (!ends[which]) {
        uint8_t *p = mmap(NULL, FENCED_BYTES + PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert(p != MAP_FAILED);
        ends[which] = p + FENCED_BYTES;
        int failed = mprotect(ends[which], PAGE, PROT_NONE);
        assert(!failed);
        (void)failed;
    }
    return ends[which];
}

void *fenced(int32_t which, size_t bytes)
{
    assert(bytes + MARGIN <= FENCED_BYTES);
    uint8_t *p = end_of(which) - bytes;
    memset(p - MARGIN, UNTOUCHED, bytes + MARGIN);
    return p;
}

bool fence_intact(int32_t which, size_t bytes)
{
    const uint8_t *p = end_of(which) - bytes - MARGIN;
    for (int32_t i = 0; i < MARGIN; i++)
        if (p[i] != UNTOUCHED) return false;
    return true;
}

bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

void random_floats(float *x, int32_t n, uint64_t *state)
{
    for (int32_t i = 0; i < n; i++) {
        uint32_t luck = random_bits(state) % 64;
        x[i] = random_float(state) * 4;
        if (luck == 0) x[i] *= 1e4f;
        if (luck == 1) x[i] *= 1e-30f;
        if (luck == 2) x[i] = 0;
        if (luck == 3) x[i] = -0.0f;
    }
}

void random_any_floats(float *x, int32_t n, uint64_t *state)
{
    for (int32_t i = 0; i < n; i++) {
        uint32_t bits = random_bits(state), luck = random_bits(state) % 32;
        memcpy(x + i, &bits, sizeof bits);
        if (luck == 0) x[i] = INFINITY;
        if (luck == 1) x[i] = -INFINITY;
        if (luck < 12 && luck > 1) x[i] = random_float(state) * 20;
    }
}

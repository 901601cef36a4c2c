/* What every fuzz target is: one function, called by libFuzzer or by replay.c. */
#ifndef HEFT_FUZZ_H
#define HEFT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Do something with n bytes at data; must not crash, hang or leak. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif

/* The header of a safetensors file; of a good one, every byte of every tensor. */
#include "fuzz.h"
#include "memory_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    heft_source s;
    heft_error err;
    memory_source_init(&s, data, n);
    if (heft_safetensors_read(&s, 0, &err) == HEFT_OK && heft_source_seal(&s, &err) == HEFT_OK)
        memory_source_read(&s);
    memory_source_clear(&s);
    return 0;
}

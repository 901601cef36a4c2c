/* The families heft knows. */
#include "model/family.h"

extern const heft_family heft_family_llama, heft_family_mistral, heft_family_qwen2,
    heft_family_qwen3;

const heft_family *const heft_families[] = {
    &heft_family_llama, &heft_family_mistral, &heft_family_qwen2, &heft_family_qwen3, NULL,
};

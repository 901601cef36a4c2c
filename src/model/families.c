/* The families heft knows. */
#include "model/family.h"

extern const heft_family heft_family_llama, heft_family_mistral, heft_family_mixtral,
    heft_family_olmoe, heft_family_gpt_oss, heft_family_qwen2, heft_family_qwen2_moe, heft_family_qwen3,
    heft_family_qwen3_moe;

const heft_family *const heft_families[] = {
    &heft_family_mixtral, /* before llama, whose arch it shares */
    &heft_family_llama,     &heft_family_mistral, &heft_family_olmoe, &heft_family_gpt_oss,     &heft_family_qwen2,
    &heft_family_qwen2_moe, &heft_family_qwen3,   &heft_family_qwen3_moe, NULL,
};

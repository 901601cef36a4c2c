/* The families heft knows. */
#include "model/family.h"

extern const heft_family heft_family_llama, heft_family_mistral, heft_family_qwen2,
    heft_family_qwen3;
extern const heft_family heft_family_bloom, heft_family_cohere, heft_family_falcon,
    heft_family_gpt2, heft_family_gpt_neo, heft_family_gpt_neox, heft_family_gptj, heft_family_mpt,
    heft_family_olmo, heft_family_opt, heft_family_phi, heft_family_stablelm,
    heft_family_starcoder2;

const heft_family *const heft_families[] = {
    &heft_family_llama,      &heft_family_mistral,
    &heft_family_qwen2,      &heft_family_qwen3,

    &heft_family_bloom,      &heft_family_cohere,
    &heft_family_falcon,     &heft_family_gpt2,
    &heft_family_gpt_neo,    &heft_family_gpt_neox,
    &heft_family_gptj,       &heft_family_mpt,
    &heft_family_olmo,       &heft_family_opt,
    &heft_family_phi,        &heft_family_stablelm,
    &heft_family_starcoder2, NULL,
};

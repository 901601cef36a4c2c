/* The families heft knows. */
#include "model/family.h"

/* clang-format off */
extern const heft_family
    heft_family_cohere2,
    heft_family_gemma,
    heft_family_gemma2,
    heft_family_gemma3,
    heft_family_gemma4,
    heft_family_glm,
    heft_family_glm4,
    heft_family_gpt_oss,
    heft_family_granite,
    heft_family_llama,
    heft_family_mistral,
    heft_family_mixtral,
    heft_family_olmo2,
    heft_family_olmo3,
    heft_family_olmoe,
    heft_family_phi3,
    heft_family_qwen2,
    heft_family_qwen2_moe,
    heft_family_qwen3,
    heft_family_qwen3_moe,
    heft_family_smollm3;

const heft_family *const heft_families[] = {
    &heft_family_cohere2,
    &heft_family_gemma,
    &heft_family_gemma2,
    &heft_family_gemma3,
    &heft_family_gemma4,
    &heft_family_glm,
    &heft_family_glm4,
    &heft_family_gpt_oss,
    &heft_family_granite,
    &heft_family_mixtral, /* before llama, whose arch it shares */
    &heft_family_llama,
    &heft_family_mistral,
    &heft_family_olmo3, /* before olmo2, whose arch it shares */
    &heft_family_olmo2,
    &heft_family_olmoe,
    &heft_family_phi3,
    &heft_family_qwen2,
    &heft_family_qwen2_moe,
    &heft_family_qwen3,
    &heft_family_qwen3_moe,
    &heft_family_smollm3,
    NULL,
};
/* clang-format on */

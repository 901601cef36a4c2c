/* The families heft knows, a line each. Of those that share an arch of GGUF, the ones that do not
 * claim all of it come first (mixtral before llama, olmo3 before olmo2, deepseek_v3 before
 * deepseek_v2). */
#include "model/family.h"

/* clang-format off */
#define FAMILIES(X) \
    X(mixtral) \
    X(olmo3) \
    X(bloom) \
    X(cohere) \
    X(cohere2) \
    X(deepseek_v3) \
    X(deepseek_v2) \
    X(deepseek_v4) \
    X(deepseek_v32) \
    X(ernie4_5_moe) \
    X(exaone4) \
    X(falcon) \
    X(gemma) \
    X(gemma2) \
    X(gemma3) \
    X(gemma4) \
    X(glm) \
    X(glm4) \
    X(glm4_moe) \
    X(glm4_moe_lite) \
    X(glm_moe_dsa) \
    X(gpt2) \
    X(gpt_neo) \
    X(gpt_neox) \
    X(gpt_oss) \
    X(gptj) \
    X(granite) \
    X(llama) \
    X(llama4) \
    X(minimax_m2) \
    X(mistral) \
    X(mpt) \
    X(nemotron) \
    X(olmo) \
    X(olmo2) \
    X(olmoe) \
    X(opt) \
    X(phi) \
    X(phi3) \
    X(phimoe) \
    X(qwen2) \
    X(qwen2_moe) \
    X(qwen3) \
    X(qwen3_5) \
    X(qwen3_5_moe) \
    X(qwen3_moe) \
    X(qwen3_next) \
    X(smollm3) \
    X(stablelm) \
    X(starcoder2)
/* clang-format on */

#define DECLARE(name) extern const heft_family heft_family_##name;
FAMILIES(DECLARE)

#define ADDRESS(name) &heft_family_##name,
const heft_family *const heft_families[] = { FAMILIES(ADDRESS) NULL };

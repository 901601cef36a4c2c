/* The families heft knows, a line each. Of those that share an arch of GGUF, the ones that do not
 * claim all of it come first (mixtral before llama, olmo3 before olmo2, deepseek_v3
 * before deepseek_v2). */
#include "model/family.h"

/* clang-format off */
#define FAMILIES(X) \
    X(cohere2) \
    X(deepseek_v3) \
    X(deepseek_v2) \
    X(gemma) \
    X(gemma2) \
    X(gemma3) \
    X(glm) \
    X(glm4) \
    X(gpt_oss) \
    X(granite) \
    X(mixtral) \
    X(llama) \
    X(mistral) \
    X(olmo3) \
    X(olmo2) \
    X(olmoe) \
    X(phi3) \
    X(qwen2) \
    X(qwen2_moe) \
    X(qwen3) \
    X(qwen3_moe) \
    X(smollm3)
/* clang-format on */

#define DECLARE(name) extern const heft_family heft_family_##name;
FAMILIES(DECLARE)

#define ADDRESS(name) &heft_family_##name,
const heft_family *const heft_families[] = { FAMILIES(ADDRESS) NULL };

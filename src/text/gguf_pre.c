/* What stands behind the names in tokenizer.ggml.pre.
 *
 * Source: the table of pre-tokenizers in llama.cpp (src/llama-vocab.cpp), whose patterns define
 * what these names mean. Each pattern splits the pieces that the one before it left, matches and
 * gaps alike. A last "\s+" is left out of some: what no pattern takes is a piece anyway. */
#include "text/pipeline.h"

#include <string.h>

#define WORD_GPT2   "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"
#define SHORT       "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
#define LETTERS     "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define SIGNS       " ?[^\\s\\p{L}\\p{N}]+"
#define SPACES      "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define QWEN2       "(?:" SHORT ")|" LETTERS "|\\p{N}|" SIGNS "[\\r\\n]*|" SPACES
#define LLAMA3      "(?:" SHORT ")|" LETTERS "|\\p{N}{1,3}|" SIGNS "[\\r\\n]*|" SPACES
#define HEAD        "[^\\r\\n\\p{L}\\p{N}]?"
#define UPPER       "((?=[\\p{L}])([^a-z]))" /* a letter, but no small ASCII one */
#define LOWER       "((?=[\\p{L}])([^A-Z]))"
#define CASED(tail) HEAD UPPER "*" LOWER "+" tail "|" HEAD UPPER "+" LOWER "*" tail
#define ASCII_SIGN  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]"
#define DEEPSEEK3                                                                                  \
    ASCII_SIGN                                                                                     \
        "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES
#define ALPHABETS                                                                                                                                                                                          \
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-"                                                               \
    "ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌ"                                                                                                           \
    "ῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-" \
    "ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"

static const heft_gguf_pre table[] = {
    { .names = "default",
      .pattern = { "[\\p{P}\\$\\+<=>\\^~\\|]+", WORD_GPT2, "\\p{N}+", "[0-9][0-9][0-9]" } },
    { .names = "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
      .ignore_merges = true,
      .add_bos = true,
      .pattern = { LLAMA3 } },
    { .names = "dbrx smaug-bpe glm4 chatglm-bpe", .pattern = { LLAMA3 } },
    { .names = "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2",
      .pattern = { QWEN2 } },
    { .names = "qwen35",
      .pattern = { "(?:" SHORT ")|" HEAD
                   "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES } },
    { .names = "laguna", .pattern = { "[^\\n]+|[\\n]+", QWEN2 } },
    { .names = "ufakzeka", .pattern = { LETTERS "|\\p{N}|" SIGNS "[\\r\\n]*|" SPACES } },
    { .names = "seed-coder",
      .pattern = { "(?:" SHORT ")|" LETTERS "|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" SPACES } },
    { .names = "bailingmoe bailingmoe2 llada-moe",
      .pattern = { "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|" LETTERS "|\\p{N}|" SIGNS
                   "[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+" } },
    { .names = "minicpm5",
      .ignore_merges = true,
      .pattern = { "\\p{N}{1,3}",
                   "(?:" SHORT ")|" LETTERS "|\\p{N}+|" SIGNS "[\\r\\n]*|" SPACES } },
    { .names = "deepseek-llm",
      .pattern = { "[\r\n]", "\\s?[" ALPHABETS "]+", "\\s?[!-/:-~！-／：-～‘-‟　-。]+", "\\s+$",
                   "[一-龥ࠀ-一가-퟿]+", "\\p{N}+" } },
    { .names = "deepseek-coder",
      .pattern = { "[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "\\p{N}" } },
    { .names = "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
      .pattern = { "\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3 } },
    { .names = "falcon",
      .pattern = { "[\\p{P}\\$\\+<=>\\^~\\|`]+", WORD_GPT2, "[0-9][0-9][0-9]" } },
    { .names = "starcoder refact command-r smollm codeshell exaone minerva-7b mellum2",
      .pattern = { "\\p{N}", WORD_GPT2 } },
    { .names =
          "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert "
          "mpt olmo jais trillion granite-docling exaone4",
      .pattern = { WORD_GPT2 } },
    { .names = "poro-chat bloom gpt3-finnish", .pattern = { " ?[^(\\s|.,!?…。，、।۔،)]+" } },
    { .names = "viking", .pattern = { " ?[^(\\s|.,!?…。，、।۔،)]+", "\\p{N}" } },
    { .names = "tekken",
      .ignore_merges = true,
      .add_bos = true,
      .pattern = { CASED("") "|\\p{N}|" SIGNS "[\\r\\n/]*|" SPACES } },
    { .names = "gpt-4o llama4 kanana2 talkie minimax-m2",
      .pattern = { CASED("(?:" SHORT ")?") "|\\p{N}{1,3}|" SIGNS "[\\r\\n/]*|" SPACES } },
    { .names = "chameleon",
      .add_bos = true,
      .pattern = { "<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", "([\\t\\n]|    |  )",
                   "\\p{N}", "[\\p{P}!-/:-@\\[-`{-~]", WORD_GPT2 } },
};

const heft_gguf_pre *heft_gguf_pre_find(heft_str name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table && name.n; i++) {
        for (const char *p = table[i].names; *p;) {
            size_t n = strcspn(p, " ");
            if (heft_str_eq(name, (heft_str){ p, n })) return &table[i];
            p += n + (p[n] == ' ');
        }
    }
    return NULL;
}

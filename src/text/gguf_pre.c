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
#define UPPER       "[\\p{L}&&[^a-z]]" /* a letter, but no small ASCII one */
#define LOWER       "[\\p{L}&&[^A-Z]]"
#define CASED(tail) HEAD UPPER "*" LOWER "+" tail "|" HEAD UPPER "+" LOWER "*" tail
#define UPPER_M     "[\\p{L}\\p{M}&&[^a-z]]" /* with marks */
#define LOWER_M     "[\\p{L}\\p{M}&&[^A-Z]]"
#define SHORT_TAIL  "(?:" SHORT ")?"
#define LINES       "[^\\n]+|[\\n]+"
/* 一-龥ࠀ-一가-퟿ without the white space in it, which the reference replaces before it
 * matches.
 */
#define CJK                                                                                        \
    "[\\x{800}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}"                 \
    "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{9fa5}\\x{ac00}-\\x{d7ff}]+"
/* What the reference takes for Han, which is not the script. */
#define HAN                                                                                        \
    "\\x{3400}-\\x{4dbf}\\x{4e00}-\\x{9fff}\\x{f900}-\\x{faff}\\x{20000}-\\x{2a6df}"               \
    "\\x{2a700}-\\x{2ebef}\\x{2f800}-\\x{2fa1f}"
#define ASCII_SIGN "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]"
#define DEEPSEEK3                                                                                  \
    ASCII_SIGN                                                                                     \
    "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES
#define ALPHABETS                                                                                  \
    "A-Za-z\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}"                 \
    "\\x{1c4}-\\x{293}\\x{295}-\\x{2af}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37b}-\\x{37d}"         \
    "\\x{37f}\\x{386}\\x{388}-\\x{38a}\\x{38c}\\x{38e}-\\x{3a1}\\x{3a3}-\\x{3f5}"                  \
    "\\x{3f7}-\\x{481}\\x{48a}-\\x{52f}\\x{531}-\\x{556}\\x{10a0}-\\x{10c5}"                       \
    "\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}\\x{1cbd}-\\x{1cbf}"                 \
    "\\x{1d00}-\\x{1d2b}\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}\\x{1e00}-\\x{1f15}"                 \
    "\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}"                 \
    "\\x{1f59}\\x{1f5b}\\x{1f5d}\\x{1f5f}-\\x{1f7d}\\x{1f80}-\\x{1fb4}\\x{1fb6}-\\x{1fbc}"         \
    "\\x{1fbe}\\x{1fc2}-\\x{1fc4}\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}"                           \
    "\\x{1fd6}-\\x{1fdb}\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}\\x{1ff6}-\\x{1ffc}"                 \
    "\\x{2102}\\x{2107}\\x{210a}-\\x{2113}\\x{2115}\\x{2119}-\\x{211d}\\x{2124}\\x{2126}"          \
    "\\x{2128}\\x{212a}-\\x{212d}\\x{212f}-\\x{2134}\\x{2139}\\x{213c}-\\x{213f}"                  \
    "\\x{2145}-\\x{2149}\\x{214e}\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}\\x{2c7e}-\\x{2ce4}"         \
    "\\x{2ceb}-\\x{2cee}\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}"                  \
    "\\x{a722}-\\x{a76f}\\x{a771}-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}"                 \
    "\\x{fb00}-\\x{fb06}\\x{fb13}-\\x{fb17}\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}"                 \
    "\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}\\x{104d8}-\\x{104fb}\\x{10c80}-\\x{10cb2}"         \
    "\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}\\x{1e900}-\\x{1e943}"

static const heft_gguf_pre table[] = {
    { .names = "default",
      .pattern = { "[\\p{P}\\$\\+<=>\\^~\\|]+", WORD_GPT2, "\\p{N}+", "[0-9][0-9][0-9]" } },
    { .names = "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
      .ignore_merges = true,
      .add_bos = true,
      .pattern = { LLAMA3 } },
    { .names = "dbrx smaug-bpe chatglm-bpe", .pattern = { LLAMA3 } },
    { .names = "glm4 glm5", .ignore_merges = true, .pattern = { LLAMA3 } },
    { .names = "jais-2",
      .pattern = { "(?:" SHORT ")|" LETTERS "|\\p{N}{1,3}|" SIGNS
                   "[\\r\\n]*|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|"
                   "\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|"
                   "\\s{1,2}(?!\\S)|\\s{1}" } },
    { .names = "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2",
      .pattern = { QWEN2 } },
    { .names = "qwen35",
      .pattern = { "(?:" SHORT ")|" HEAD
                   "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES } },
    { .names = "laguna", .pattern = { LINES, QWEN2 } },
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
      .pattern = { "[\r\n]", "\\s?[" ALPHABETS "]+", "\\s?[!-/:-~！-／：-～‘-‟、。]+", "\\s+$", CJK,
                   "\\p{N}+" } },
    { .names = "deepseek-coder",
      .pattern = { "[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", CJK, "\\p{N}" } },
    { .names = "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
      .pattern = { "\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3 } },
    { .names = "spark2_5",
      .pattern = { "\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
                   ASCII_SIGN "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
                              " ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+",
                   "\\p{N}" } },
    { .names = "falcon",
      .pattern = { "[\\p{P}\\$\\+<=>\\^~\\|`]+", WORD_GPT2, "[0-9][0-9][0-9]" } },
    { .names = "starcoder refact command-r smollm codeshell exaone minerva-7b mellum2",
      .pattern = { "\\p{N}", WORD_GPT2 } },
    { .names =
          "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert "
          "mpt olmo jais trillion granite-docling exaone4 jina-v1-en jina-v2-code roberta-bpe",
      .pattern = { WORD_GPT2 } },
    { .names = "poro-chat bloom gpt3-finnish", .pattern = { " ?[^(\\s|.,!?…。，、।۔،)]+" } },
    { .names = "viking", .pattern = { " ?[^(\\s|.,!?…。，、।۔،)]+", "\\p{N}" } },
    { .names = "tekken",
      .ignore_merges = true,
      .add_bos = true,
      .pattern = { CASED("") "|\\p{N}|" SIGNS "[\\r\\n/]*|" SPACES } },
    { .names = "gpt-4o llama4 kanana2 talkie minimax-m2",
      .pattern = { CASED("(?:" SHORT ")?") "|\\p{N}{1,3}|" SIGNS "[\\r\\n/]*|" SPACES } },
    { .names = "granite-embed-multi-97m",
      .ignore_merges = true,
      .pattern = { HEAD UPPER_M "*" LOWER_M "+" SHORT_TAIL "|" HEAD UPPER_M "+" LOWER_M
                                "*" SHORT_TAIL "|\\p{N}{1,3}|" SIGNS "[\\r\\n/]*|" SPACES } },
    { .names = "tiny_aya cohere2moe",
      .digits = HEFT_CUT_BEHIND,
      .pattern = { HEAD "[\\p{L}\\p{M}]+" SHORT_TAIL "|\\p{N}{1,3}|" SIGNS "[\\r\\n/]*|" SPACES } },
    { .names = "youtu",
      .ignore_merges = true,
      .pattern = { "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|["
                   "一-"
                   "龥぀-"
                   "ゟ゠-"
                   "ヿ]"
                   "+",
                   HEAD "[\\p{L}\\p{M}]+" SHORT_TAIL "|\\p{N}|" SIGNS "[\\r\\n/]*|" SPACES } },
    { .names = "afmoe",
      .digits = HEFT_CUT_BEHIND,
      .pattern = { "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-"
                   "႟ꩠ-"
                   "ꩿꧠ-"
                   "꧿가-"
                   "힯ᄀ-ᇿ]+",
                   DEEPSEEK3 } },
    { .names = "exaone-moe",
      .pattern = { "(?:" SHORT ")|" HEAD "(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}|" SIGNS
                   "[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+" } },
    { .names = "kimi-k2",
      .pattern = { "[" HAN "]+|" HEAD "[\\p{L}&&[^" HAN "]]+" SHORT_TAIL "|\\p{N}{1,3}|" SIGNS
                   "[\\r\\n]*|" SPACES } },
    { .names = "superbpe", .digits = HEFT_CUT_WHOLE, .pattern = { "\\p{N}+" } },
    { .names = "gemma4 granite-embed-multi-311m",
      .raw = true,
      .escapes = true,
      .whole_lines = true,
      .add_bos = true,
      .pattern = { LINES } },
    { .names = "sarvam-moe", .raw = true, .escapes = true, .pattern = { LINES } },
    { .names = "whitespace", .raw = true, .pattern = { "\\S+" } },
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

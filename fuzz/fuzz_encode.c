/* The encode path: any text through small tokenizers of every model. The first byte chooses. */
#include "base/mem.h"
#include "fuzz.h"
#include "text/pipeline.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_OF(pre)                                                                              \
    "{\"added_tokens\":[{\"id\":900,\"content\":\"<s>\",\"special\":true},{\"id\":901,"            \
    "\"content\":"                                                                                 \
    "\" a\",\"lstrip\":true,\"rstrip\":true}],\"pre_tokenizer\":" pre                              \
    ",\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"unk_token\":\"a\","       \
    "\"vocab\":"                                                                                   \
    "{\"a\":0,\"b\":1,\"ab\":2,\"\u0120\":3,\"\u0120a\":4,\"\u00c3\":5,\"\u00a9\":6},\"merges\":"  \
    "[\"a b\",\"\u0120 a\"]}}"

static const char *const spec[] = {
    BYTES_OF("{\"type\":\"ByteLevel\",\"add_prefix_space\":true}"),
    BYTES_OF(
        "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":"
        "\"[\\\\p{L}\\\\p{M}&&[^\\\\p{Han}]]+|\\\\p{N}{1,3}|\\\\s+(?!\\\\S)\"},\"behavior\":"
        "\"Isolated\"},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]}"),
    "{\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{\"type\":"
    "\"BertPreTokenizer\"},"
    "\"decoder\":{\"type\":\"WordPiece\"},\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]"
    "\","
    "\"vocab\":{\"[UNK]\":0,\"a\":1,\"##b\":2,\"##bc\":3,\"ab\":4,\"\u4e00\":5}}}",
    "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Nmt\"},{\"type\":\"NFKD\"}"
    ",{"
    "\"type\":\"StripAccents\"},{\"type\":\"Lowercase\"}]},\"pre_tokenizer\":{\"type\":"
    "\"Sequence\","
    "\"pretokenizers\":[{\"type\":\"UnicodeScripts\"},{\"type\":\"Metaspace\",\"replacement\":"
    "\"\u2581\"}]},\"decoder\":{\"type\":\"BPEDecoder\",\"suffix\":\"b\"},\"model\":{\"type\":"
    "\"Unigram\",\"unk_id\":0,\"byte_fallback\":true,\"vocab\":[[\"<unk>\",0],[\"a\",-1],[\"b\",-2]"
    ",["
    "\"ab\",-2.5],[\"\u2581\",-3],[\"<0xC3>\",-9],[\"<0xA9>\",-9]]}}",
    "{\"normalizer\":{\"type\":\"NFKC\"},\"pre_tokenizer\":{\"type\":\"FixedLength\",\"length\":1},"
    "\"decoder\":{\"type\":\"CTC\"},\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"<unk>\","
    "\"vocab\":"
    "{\"<unk>\":0,\"a\":1,\"b\":2,\"|\":3}}}",
};

enum { SPECS = sizeof spec / sizeof *spec };

static heft_tokenizer *opened(size_t i)
{
    static heft_tokenizer *t[SPECS];
    heft_error err;
    if (t[i]) return t[i];
    char *text = heft_strdup(heft_str_of(spec[i]));
    t[i] = heft_tokenizer_new();
    if (!text || !t[i] || heft_tokenizer_parse_json(t[i], text, strlen(text), NULL, &err)
        || heft_tokenizer_finish(t[i], &err))
        abort();
    heft_free(text);
    return t[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    heft_error err;
    int32_t *ids = NULL;
    size_t n_ids = 0, bytes = 0;
    char *text = NULL;
    if (n < 1 || n > 1 << 14) return 0;
    const heft_tokenizer *t = opened(data[0] % SPECS);
    unsigned flags = data[0] / SPECS % 4;
    if (heft_tokenize(t, (const char *)data + 1, n - 1, flags, &ids, &n_ids, &err)) return 0;
    if (heft_detokenize(t, ids, n_ids, true, &text, &bytes, &err)) abort();
    heft_release(text);
    heft_release(ids);
    return 0;
}

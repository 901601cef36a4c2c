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

enum { WRITTEN = sizeof spec / sizeof *spec, SPECS = WRITTEN + 1 };

/* Every byte has a token here, and parts of characters merge, so that pieces are read as bytes. */
static char *spec_of_bytes(void)
{
    static const char merges[] = "[\"ä ¸\",\"ä¸ Ń\",\"Ã ©\",\"Ń ä\",\"a ä\",\"© a\"]";
    heft_buf b = heft_buf_of(1 << 16);
    heft_buf_z(&b, "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},"
                   "\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{");
    for (int32_t i = 0; i < 256; i++) {
        char utf8[4];
        size_t n = heft_utf8_encode(heft_char_of_byte((uint8_t)i), utf8);
        bool escaped = i == '"' || i == '\\';
        heft_buf_printf(&b, "\"%s%.*s\":%d,", escaped ? "\\" : "", (int)n, utf8, (int)i);
    }
    heft_buf_z(&b, "\"ä¸\":256,\"ä¸Ń\":257,\"Ã©\":258,\"Ńä\":259,"
                   "\"aä\":260,\"©a\":261},\"merges\":");
    heft_buf_z(&b, merges);
    heft_buf_z(&b, "}}");
    return b.p;
}

static heft_tokenizer *opened(size_t i)
{
    static heft_tokenizer *t[SPECS];
    heft_error err;
    if (t[i]) return t[i];
    char *text = i < WRITTEN ? heft_strdup(heft_str_of(spec[i])) : spec_of_bytes();
    t[i] = heft_tokenizer_new();
    if (!text || !t[i] || heft_tokenizer_parse_json(t[i], text, strlen(text), NULL, &err)
        || heft_tokenizer_finish(t[i], &err) || (i == WRITTEN && !heft_bpe_by_bytes(&t[i]->bpe)))
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

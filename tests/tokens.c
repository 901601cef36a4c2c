/* A tokenizer for models that have none. */
#include "tokens.h"

#include "base/buf.h"
#include "base/file.h"

heft_status heft_tokens_write(const char *at, int32_t n, heft_error *err)
{
    static const char head[] =
        "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],"
        "\"normalizer\":null,\"pre_tokenizer\":null,\"post_processor\":null,\"decoder\":null,"
        "\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,"
        "\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,"
        "\"byte_fallback\":false,\"merges\":[],\"vocab\":{";
    heft_buf b = heft_buf_of(1 << 20);
    heft_out file;
    char path[4096];
    (void)heft_buf_z(&b, head);
    for (int32_t i = 0; i < n; i++)
        (void)heft_buf_printf(&b, "%s\"t%d\":%d", i ? "," : "", i, i);
    (void)heft_buf_z(&b, "}}}");
    heft_status st = heft_buf_check(&b, "a tokenizer", err);
    if (!st) st = heft_path_join(path, sizeof path, at, heft_str_of("tokenizer.json"), err);
    if (!st) st = heft_out_open(&file, path, err);
    if (!st) {
        st = heft_out_write(&file, b.p, b.n, err);
        if (!st) st = heft_out_commit(&file, err);
        heft_out_abandon(&file);
    }
    heft_buf_free(&b);
    return st;
}

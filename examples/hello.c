/* Continue a text: hello MODEL TEXT. Build: cc hello.c $(pkg-config --cflags --libs heft) */
#include <heft.h>
#include <stdio.h>
#include <string.h>

static bool print(void *to, const char *text, size_t n)
{
    return fwrite(text, 1, n, to) == n;
}

int main(int argc, char **argv)
{
    heft_error err = { 0 };
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    int32_t *ids = NULL;
    size_t n = 0;
    heft_generation g = { .sampling = heft_sampling_default(), .max_tokens = 64, .text = print };
    g.to = stdout;
    heft_status st = argc == 3 ? heft_model_open(argv[1], NULL, &m, &err) : HEFT_E_ARG;
    if (!st) st = heft_engine_open(m, NULL, &e, &err);
    if (!st) st = heft_seq_open(e, 0, &s, &err);
    if (!st)
        st = heft_tokenize(heft_model_tokenizer(m), argv[2], strlen(argv[2]), 0, &ids, &n, &err);
    if (!st) st = heft_generate(s, ids, (int32_t)n, &g, NULL, &err);
    if (st) fprintf(stderr, "hello: %s\n", argc == 3 ? err.text : "use: hello MODEL TEXT");
    heft_release(ids), heft_seq_close(s), heft_engine_close(e), heft_model_close(m);
    return st != HEFT_OK;
}

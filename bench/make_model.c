/* A model of any shape and number format, made of a hash, to measure with: nobody needs to download
 * one. It says nothing sensible, and it says it at full speed.
 *
 *     make_model SHAPE FORMAT OUT.gguf
 *
 * SHAPE is a name below, or numbers: ARCH:L,D,H,G,dk,F,V. FORMAT is one of `heft show`'s, or
 * Q4_K_M or Q5_K_M, which give some matrices Q6_K as llama.cpp's files do. */
#include "synthetic.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *arch;
    int32_t L, D, H, G, dk, F, V;
    bool tied;
    int32_t kv_rank, rotated, dv; /* latent attention; 0: none */
} shape[] = {
    { "tinyllama-1.1b", "llama", 22, 2048, 32, 4, 64, 5632, 32000, false, 0, 0, 0 },
    { "llama-3.2-1b", "llama", 16, 2048, 32, 8, 64, 8192, 128256, true, 0, 0, 0 },
    { "llama-3.1-8b", "llama", 32, 4096, 32, 8, 128, 14336, 128256, false, 0, 0, 0 },
    { "qwen3-0.6b", "qwen3", 28, 1024, 16, 8, 128, 3072, 151936, true, 0, 0, 0 },
    { "qwen3-4b", "qwen3", 36, 2560, 32, 8, 128, 9728, 151936, true, 0, 0, 0 },
    { "qwen2.5-0.5b", "qwen2", 24, 896, 14, 2, 64, 4864, 151936, true, 0, 0, 0 },
    /* the layers of DeepSeek-V2-Lite, as wide as the eight experts of a token */
    { "latent-0.8b", "deepseek2", 8, 2048, 16, 1, 192, 11264, 32000, false, 512, 64, 128 },
};
enum { SHAPES = sizeof shape / sizeof shape[0] };

static bool find_shape(const char *name, heft_synthetic *s, char arch[16])
{
    for (int32_t i = 0; i < SHAPES; i++) {
        if (strcmp(shape[i].name, name) != 0) continue;
        s->arch = shape[i].arch;
        s->L = shape[i].L;
        s->D = shape[i].D;
        s->H = shape[i].H;
        s->G = shape[i].G;
        s->dk = shape[i].dk;
        s->F = shape[i].F;
        s->V = shape[i].V;
        s->tied = shape[i].tied;
        s->kv_rank = shape[i].kv_rank;
        s->rotated = shape[i].rotated;
        s->dv = shape[i].dv;
        return true;
    }
    s->arch = arch;
    return sscanf(name, "%15[^:]:%d,%d,%d,%d,%d,%d,%d", arch, &s->L, &s->D, &s->H, &s->G, &s->dk,
                  &s->F, &s->V)
           == 8;
}

static bool find_format(const char *name, heft_synthetic *s)
{
    char plain[16];
    const size_t n = strlen(name);
    if (n + 1 > sizeof plain) return false;
    memcpy(plain, name, n + 1);
    s->mixed = n > 2 && strcasecmp(name + n - 2, "_M") == 0;
    if (s->mixed) plain[n - 2] = 0;
    for (int32_t t = 0; t < HEFT_DTYPES; t++) {
        if (heft_dtypes[t].sum == HEFT_SUM_NONE || strcasecmp(heft_dtypes[t].name, plain) != 0)
            continue;
        s->type = (heft_dtype)t;
        return !s->mixed || t == HEFT_Q4_K || t == HEFT_Q5_K;
    }
    return false;
}

int main(int argc, char **argv)
{
    char arch[16];
    heft_error err = { 0 };
    heft_synthetic s = { .ctx = 32768, .text = true };
    if (argc != 4 || !find_shape(argv[1], &s, arch) || !find_format(argv[2], &s)) {
        (void)fprintf(stderr,
                      "usage: make_model SHAPE FORMAT OUT.gguf\nshapes: ARCH:L,D,H,G,dk,F,V");
        for (int32_t i = 0; i < SHAPES; i++)
            (void)fprintf(stderr, ", %s", shape[i].name);
        (void)fputc('\n', stderr);
        return 2;
    }
    if (heft_synthetic_write(&s, argv[3], &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return 0;
}

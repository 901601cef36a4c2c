/* What a byte of a mixture costs: decoding one, beside a dense model of as many active bytes.
 *
 *     bench_mixture [FORMAT [THREADS [ROUNDS]]]      Q4_K, all cores, 5
 *
 * Both are made of a hash: 8 layers of width 2048; 4 of 32 experts of width 768, against a
 * feed-forward block of 3072. They decode in turns, 32 tokens each; what is printed is the median
 * of the rounds. A ratio of 1.15 says that a byte of the mixture costs 15 % more. */
#include "base/bounds.h"
#include "base/system.h"
#include "scratch.h"
#include "synthetic.h"

#include "heft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 32, MOST = 64 };

typedef struct {
    const char *name;
    heft_model *model;
    heft_engine *engine;
    heft_seq *seq;
    int64_t bytes; /* that one token reads */
    double seconds[MOST];
} subject;

static void need(heft_status st, const heft_error *err)
{
    if (!st) return;
    (void)fprintf(stderr, "bench_mixture: %s\n", err->text);
    exit(1);
}

static void open_subject(subject *s, const heft_synthetic *shape, const char *path, int32_t threads)
{
    heft_error err = { 0 };
    heft_plan plan;
    const heft_engine_options o = { .threads = threads, .context = 4096 };
    need(heft_synthetic_write(shape, path, &err), &err);
    need(heft_model_open(path, NULL, &s->model, &err), &err);
    need(heft_engine_open(s->model, &o, &s->engine, &err), &err);
    need(heft_engine_plan(s->model, &o, &plan, &err), &err);
    need(heft_seq_open(s->engine, 0, &s->seq, &err), &err);
    s->bytes = plan.bytes_per_token;
}

static void close_subject(subject *s)
{
    heft_seq_close(s->seq);
    heft_engine_close(s->engine);
    heft_model_close(s->model);
}

/* Seconds per token. Every token is another one, so that a mixture's go to other experts. */
static double decode(subject *s, int32_t round)
{
    heft_error err = { 0 };
    need(heft_seq_rewind(s->seq, 0, &err), &err);
    const double start = heft_seconds();
    for (int32_t i = 0; i < TOKENS; i++) {
        const int32_t token = (int32_t)(heft_synthetic_hash((uint64_t)round, (uint64_t)i) % 2048);
        need(heft_seq_feed(s->seq, &token, 1, HEFT_LOGITS_LAST, &err), &err);
    }
    return (heft_seconds() - start) / TOKENS;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The number in `text`, or the end of the range that it is beyond. */
static int32_t number(const char *text, int32_t least, int32_t most)
{
    const long n = strtol(text, NULL, 10);
    return n < least ? least : n > most ? most : (int32_t)n;
}

int main(int argc, char **argv)
{
    const char *format = argc > 1 ? argv[1] : "Q4_K";
    const int32_t threads = argc > 2 ? number(argv[2], 0, HEFT_MAX_THREADS) : 0;
    const int32_t rounds = argc > 3 ? number(argv[3], 1, MOST) : 5;
    heft_dtype type = HEFT_DTYPES;
    for (int32_t t = 0; t < HEFT_DTYPES; t++)
        if (heft_dtypes[t].sum != HEFT_SUM_NONE && strcmp(heft_dtypes[t].name, format) == 0)
            type = (heft_dtype)t;
    if (type == HEFT_DTYPES) {
        (void)fprintf(stderr, "bench_mixture: %s is no number format\n", format);
        return 2;
    }
    heft_synthetic shape = { .arch = "qwen3",
                             .L = 8,
                             .D = 2048,
                             .H = 16,
                             .G = 4,
                             .dk = 128,
                             .F = 3072,
                             .V = 2048,
                             .ctx = 4096,
                             .type = type,
                             .seed = 5 };
    subject s[2] = { { .name = "dense" }, { .name = "mixture" } };
    char folder[HEFT_SCRATCH_PATH], path[HEFT_SCRATCH_PATH + 16];
    heft_scratch_open(folder);
    heft_scratch_file(folder, "dense.gguf", path, sizeof path);
    open_subject(&s[0], &shape, path, threads);
    shape.arch = "qwen3moe";
    shape.E = 32;
    shape.top = 4;
    shape.F_expert = 768;
    heft_scratch_file(folder, "mixture.gguf", path, sizeof path);
    open_subject(&s[1], &shape, path, threads);

    for (int32_t r = -1; r < rounds; r++) /* the first brings the files in */
        for (int32_t i = 0; i < 2; i++) {
            const double seconds = decode(&s[i], r < 0 ? 0 : r);
            if (r >= 0) s[i].seconds[r] = seconds;
        }
    double cost[2];
    for (int32_t i = 0; i < 2; i++) {
        qsort(s[i].seconds, (size_t)rounds, sizeof *s[i].seconds, by_size);
        const double median = s[i].seconds[rounds / 2];
        cost[i] = median / (double)s[i].bytes;
        (void)printf("%-8s %s  %6.1f MB a token  %7.2f ms  %6.2f GB/s\n", s[i].name, format,
                     1e-6 * (double)s[i].bytes, 1e3 * median, 1e-9 / cost[i]);
    }
    (void)printf("a byte of the mixture costs %.3f of a byte of the dense model\n",
                 cost[1] / cost[0]);
    for (int32_t i = 0; i < 2; i++)
        close_subject(&s[i]);
    heft_scratch_close(folder);
    return 0;
}

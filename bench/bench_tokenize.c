/* How fast a tokenizer opens and reads texts, on one thread.
 *
 *     bench_tokenize TOKENIZER TEXT... [-n N]
 *
 * TOKENIZER is a release or a file; it is opened N times (5), then every TEXT is tokenized N times,
 * in turn. Prints a line for the opening: milliseconds (best), MB that the process grew by with the
 * first; and a line for each text: bytes, tokens, a checksum of the ids, MiB/s (best, median).
 * bench/compare_tokenizers.py runs it beside other libraries. */
#define _POSIX_C_SOURCE 200809L
#include "heft.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 101, MOST_TEXTS = 16 };

typedef struct {
    char *p;
    size_t n, tokens;
    uint64_t sum;
    double took[MOST];
} text;

/* Of this process alone: the machine may be busy with other things. */
static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Bytes of memory that the process has; 0: the system does not say. */
static double resident(void)
{
    unsigned long total = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return 0;
    if (fscanf(f, "%lu %lu", &total, &pages) != 2) pages = 0;
    (void)fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* FNV-1a over the ids, each as four bytes, low ones first. */
static uint64_t checksum(const int32_t *ids, size_t n)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < 4 * n; i++)
        sum = (sum ^ ((uint32_t)ids[i / 4] >> i % 4 * 8 & 0xff)) * UINT64_C(0x100000001b3);
    return sum;
}

static heft_status open_often(const char *path, int32_t n, heft_tokenizer **t, heft_error *err)
{
    double took[MOST], before = resident(), grown = 0;
    for (int32_t i = 0; i < n; i++) {
        heft_tokenizer_close(*t);
        *t = NULL;
        double begin = seconds();
        heft_status st = heft_tokenizer_open(path, NULL, t, err);
        if (st) return st;
        took[i] = seconds() - begin;
        if (i == 0) grown = resident() - before;
    }
    qsort(took, (size_t)n, sizeof *took, ascending);
    (void)printf("open %.1f ms, %.1f MB\n", 1e3 * took[0], 1e-6 * grown);
    return HEFT_OK;
}

static heft_status run(const heft_tokenizer *t, text *x, int32_t round, heft_error *err)
{
    int32_t *ids = NULL;
    double begin = seconds();
    heft_status st = heft_tokenize(t, x->p, x->n, HEFT_TOKENIZE_NO_SPECIAL, &ids, &x->tokens, err);
    if (st) return st;
    x->took[round] = seconds() - begin;
    x->sum = checksum(ids, x->tokens);
    heft_release(ids);
    return HEFT_OK;
}

int main(int argc, char **argv)
{
    int32_t n = 5, texts = argc - 2;
    if (argc > 4 && strcmp(argv[argc - 2], "-n") == 0) {
        n = (int32_t)strtol(argv[argc - 1], NULL, 10);
        texts -= 2;
    }
    if (texts < 1 || texts > MOST_TEXTS || n < 1 || n > MOST) {
        (void)fprintf(stderr, "usage: bench_tokenize TOKENIZER TEXT... [-n N]\n");
        return 2;
    }
    heft_error err = { 0 };
    heft_tokenizer *t = NULL;
    static text of[MOST_TEXTS];
    heft_status st = open_often(argv[1], n, &t, &err);
    for (int32_t i = 0; i < texts && !st; i++)
        st = heft_read_file(argv[2 + i], SIZE_MAX / 4, &of[i].p, &of[i].n, &err);
    for (int32_t round = 0; round < n && !st; round++)
        for (int32_t i = 0; i < texts && !st; i++)
            st = run(t, &of[i], round, &err);
    for (int32_t i = 0; i < texts; i++) {
        double mib = (double)of[i].n / (1 << 20);
        qsort(of[i].took, (size_t)n, sizeof(double), ascending);
        if (!st)
            (void)printf("%s %zu bytes, %zu tokens, %016llx: %.2f MiB/s, median %.2f\n",
                         argv[2 + i], of[i].n, of[i].tokens, (unsigned long long)of[i].sum,
                         mib / of[i].took[0], mib / of[i].took[n / 2]);
        heft_free(of[i].p);
    }
    if (st) (void)fprintf(stderr, "%s\n", err.text);
    heft_tokenizer_close(t);
    return st ? 1 : 0;
}

/* What guessing that text repeats itself gains, and what it costs where it does not.
 *
 *     bench_lookup MODEL [TEXT [N [ROUNDS]]]
 *
 * A model continues two prompts, with guesses and without in turn, ROUNDS times (7). `copy` is the
 * beginning of the file TEXT (of a tale that stands below) twice and its first words once more,
 * continued to the text's length by the most probable tokens: a model that copies goes on copying.
 * `new` is the first words alone, continued by N tokens (256) drawn at temperature 1: what repeats
 * there does so by chance. Printed are tokens/s of both, the median of their ratios within a round,
 * and of the tokens guessed those that were right. Other tokens than without guesses are an error.
 */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <heft.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS = 101, FIRST_WORDS = 60, TEXT_BYTES = 600, MOST_BYTES = 1 << 24 };

static const char tale[] =
    "There was once a poor woodcutter who lived with his wife and his two children at the edge of "
    "a "
    "great forest. Every morning he took his axe upon his shoulder and went out to cut wood, and "
    "every evening he came home with a bundle, which he sold in the village for a little bread.\n"
    "One day, when he had gone further than ever before, he found a well with a golden rim. \"Good "
    "day, woodcutter,\" said a voice out of the well. \"If you let down your bucket, you will draw "
    "up what you have earned.\" So he let down the bucket, and it came up full of silver. He "
    "thanked the well, went home, and told nobody but his wife.\n";

typedef struct {
    heft_engine *e;
    int32_t tokens, rounds;
    int32_t *ids[2]; /* without guesses, with them: what the sequence holds at the end */
} bench;

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, int32_t n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return v[n / 2];
}

typedef struct {
    const char *name;
    int32_t *ids;
    size_t n;
    int32_t tokens; /* to be generated */
    bool draw;
} prompt;

/* Tokens per second; the sequence's tokens go to ids[lookup]. */
static heft_status generate(const bench *b, const prompt *p, bool lookup, heft_generated *r,
                            double *speed, heft_error *err)
{
    heft_seq *s = NULL;
    heft_generation g = { .sampling = heft_sampling_default(),
                          .max_tokens = p->tokens,
                          .no_lookup = !lookup };
    g.sampling.temperature = p->draw ? 1 : 0;
    g.sampling.seed = 1;
    g.sampling.no_end = true;
    heft_status st = heft_seq_open(b->e, 0, &s, err);
    if (!st) st = heft_generate(s, p->ids, (int32_t)p->n, &g, r, err);
    if (!st) {
        memcpy(b->ids[lookup], heft_seq_tokens(s), (size_t)heft_seq_length(s) * sizeof **b->ids);
        *speed = r->generated / r->decode_seconds;
    }
    heft_seq_close(s);
    return st;
}

static heft_status measure(const bench *b, const prompt *p, heft_error *err)
{
    double speed[2][MOST_ROUNDS], ratio[MOST_ROUNDS];
    heft_generated r[2];
    for (int32_t round = -1; round < b->rounds; round++) { /* the first is not counted */
        const int32_t at = round < 0 ? 0 : round;
        for (int32_t lookup = 0; lookup < 2; lookup++) {
            heft_status st = generate(b, p, lookup, &r[lookup], &speed[lookup][at], err);
            if (st) return st;
        }
        ratio[at] = speed[1][at] / speed[0][at];
        if (r[0].generated != r[1].generated
            || memcmp(b->ids[0], b->ids[1], (p->n + (size_t)r[0].generated - 1) * sizeof **b->ids)
                   != 0) {
            return heft_fail(err, HEFT_E_FORMAT, "%s: guesses changed the text", p->name);
        }
    }
    printf("%-5s %6d tokens  %9.1f tokens/s  %9.1f with guesses  %6.3f x  %d of %d right\n",
           p->name, r[1].generated, median(speed[0], b->rounds), median(speed[1], b->rounds),
           median(ratio, b->rounds), r[1].right, r[1].guessed);
    return HEFT_OK;
}

/* Both prompts from the text. */
static heft_status measure_both(bench *b, const heft_tokenizer *t, const char *text, size_t n,
                                heft_error *err)
{
    heft_buf twice = heft_buf_of(MOST_BYTES);
    prompt copy = { .name = "copy" }, plain = { .name = "new", .tokens = b->tokens, .draw = true };
    for (int32_t i = 0; i < 2; i++)
        heft_buf_add(&twice, text, n);
    heft_buf_add(&twice, text, FIRST_WORDS);
    heft_status st = heft_buf_check(&twice, "the prompt", err);
    if (!st) st = heft_tokenize(t, twice.p, twice.n, 0, &copy.ids, &copy.n, err);
    if (!st) st = heft_tokenize(t, text, FIRST_WORDS, 0, &plain.ids, &plain.n, err);
    copy.tokens = (int32_t)(copy.n - plain.n) / 2 - (int32_t)plain.n;
    if (!st) st = measure(b, &copy, err);
    if (!st) st = measure(b, &plain, err);
    heft_release(copy.ids);
    heft_release(plain.ids);
    heft_buf_free(&twice);
    return st;
}

/* 0 where it is no number, which is refused as such. */
static int32_t number_of(const char *word)
{
    const long n = strtol(word, NULL, 10);
    return n < 0 || n > INT32_MAX ? 0 : (int32_t)n;
}

int main(int argc, char **argv)
{
    heft_error err = { 0 };
    heft_model *m = NULL;
    bench b = { .tokens = number_of(argc > 3 ? argv[3] : "256"),
                .rounds = number_of(argc > 4 ? argv[4] : "7") };
    char *text = NULL;
    size_t n = sizeof tale - 1;
    if (argc < 2 || b.tokens < 1 || b.rounds < 1 || b.rounds > MOST_ROUNDS) {
        (void)fprintf(stderr, "usage: bench_lookup MODEL [TEXT [N [ROUNDS]]]\n");
        return 2;
    }
    heft_status st = HEFT_OK;
    if (argc > 2 && *argv[2]) st = heft_read_file(argv[2], MOST_BYTES, &text, &n, &err);
    if (n > TEXT_BYTES) n = TEXT_BYTES;
    if (!st && n < FIRST_WORDS) st = heft_fail(&err, HEFT_E_ARG, "the text is too short");
    if (!st) st = heft_model_open(argv[1], NULL, &m, &err);
    heft_engine_options o = { .context = 2 * TEXT_BYTES + FIRST_WORDS + b.tokens };
    if (!st && o.context > heft_model_describe(m)->context)
        o.context = heft_model_describe(m)->context;
    if (!st) st = heft_engine_open(m, &o, &b.e, &err);
    for (int32_t i = 0; i < 2 && !st; i++) {
        b.ids[i] = heft_alloc((size_t)o.context, sizeof **b.ids);
        if (!b.ids[i]) st = heft_nomem(&err, "the tokens");
    }
    if (!st) st = measure_both(&b, heft_model_tokenizer(m), text ? text : tale, n, &err);
    if (st) (void)fprintf(stderr, "bench_lookup: %s\n", err.text);
    for (int32_t i = 0; i < 2; i++)
        heft_free(b.ids[i]);
    heft_free(text);
    heft_engine_close(b.e);
    heft_model_close(m);
    return st != HEFT_OK;
}

/* What each number format costs in accuracy: one matrix product by its sum against the same weights
 * and activations in double precision, as stored and not quantised any further. Printed: root mean
 * square of the error over root mean square of the result. docs/formats.md has the figures. */
#include "base/mem.h"
#include "kernels/kernels.h"
#include "kernels/scaled_mat.h"
#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 256, COLS = 4096, N = 8 };

typedef struct {
    uint8_t weights[ROWS * COLS * sizeof(float)];
    float x[N][COLS], y[N][ROWS], row[COLS];
    heft_act a[N][COLS / 32];
} work;

/* Roughly normal, deviation 1, and one number in 64 eight times that: what a model's rows hold. */
static void make_activations(work *w)
{
    heft_synthetic_fill(w->x, HEFT_F32, N * COLS, 1, 5);
    for (int32_t i = 0; i < N * COLS; i++)
        if (heft_synthetic_hash(6, (uint64_t)i) % 64 == 0) w->x[i / COLS][i % COLS] *= 8;
}

static double error_of(work *w, const heft_mat *m, const heft_kernels *k)
{
    const void *x[N];
    float *y[N];
    for (int32_t c = 0; c < N; c++) {
        k->quantise(w->a[c], w->x[c], COLS);
        x[c] =
            m->by_col || heft_dtypes[m->dtype].sum == HEFT_SUM_F ? (const void *)w->x[c] : w->a[c];
        y[c] = w->y[c];
    }
    k->mul(m, 0, ROWS, &(heft_columns){ .x = x, .n = N }, y, NULL);

    double error = 0, size = 0;
    for (int32_t r = 0; r < ROWS; r++) {
        k->row(w->row, m, r);
        for (int32_t c = 0; c < N; c++) {
            double sum = 0;
            for (int32_t i = 0; i < COLS; i++)
                sum += (double)w->row[i] * (double)w->x[c][i];
            error += (sum - (double)w->y[c][r]) * (sum - (double)w->y[c][r]);
            size += sum * sum;
        }
    }
    return sqrt(error / size);
}

static double error_of_plain(work *w, heft_dtype type, const heft_kernels *k)
{
    uint64_t bytes;
    if (!heft_dtype_bytes(type, COLS, &bytes)) abort();
    const heft_mat m = { .data = w->weights,
                         .stride = (int64_t)bytes,
                         .rows = ROWS,
                         .cols = COLS,
                         .dtype = (uint8_t)type };
    heft_synthetic_fill(w->weights, type, ROWS * COLS, COLS, 7);
    return error_of(w, &m, k);
}

static double error_of_scaled(work *w, const scaled_layout *l, const heft_kernels *k)
{
    size_t bytes[SCALED_TENSORS];
    uint8_t *tensor[SCALED_TENSORS], *at = w->weights;
    uint64_t seed = 7;
    scaled t;
    const int64_t lines = l->by_col ? COLS : ROWS, places = l->by_col ? ROWS : COLS;
    scaled_sizes(l, lines, places, bytes);
    for (int32_t i = 0; i < SCALED_TENSORS; i++) {
        tensor[i] = at;
        at += bytes[i];
    }
    scaled_fill(&t, l, lines, places, tensor, &seed);
    t.w.rows = ROWS;
    t.w.cols = COLS;
    return error_of(w, &t.w, k);
}

int main(void)
{
    heft_kernels k;
    work *w = heft_alloc(1, sizeof *w);
    if (!w) return 1;
    heft_kernels_init(&k, 0); /* the definition; every other set gives the same */
    make_activations(w);
    for (int32_t t = 0; t < HEFT_DTYPES; t++)
        if (heft_dtypes[t].sum != HEFT_SUM_NONE
            && (heft_dtypes[t].gguf >= 0 || heft_dtypes[t].safetensors))
            printf("%-10s %.1e\n", heft_dtypes[t].name, error_of_plain(w, (heft_dtype)t, &k));
    for (int32_t l = 0; l < SCALED_LAYOUTS; l++)
        printf("%-10s %.1e\n", heft_dtypes[scaled_layouts[l].dtype].name,
               error_of_scaled(w, &scaled_layouts[l], &k));
    heft_free(w);
    return 0;
}

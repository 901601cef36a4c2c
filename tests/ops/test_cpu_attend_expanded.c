/* Attention over keys and values made of latent entries: the definition of docs/sums.md, which is
 * that of ordinary attention over a cache of those keys and values, each made alone. */
#include "kernels/random_mat.h"
#include "ops/cpu.h"
#include "testing.h"

#include <math.h>
#include <string.h>

enum {
    H = 3,
    RANK = 64,
    NOPE = 64,
    ROTATED = 32,
    DK = NOPE + ROTATED,
    DV = 40,
    LATENT = RANK + ROTATED,
    T = 600, /* two spans, the last one not whole */
    PAGES = (T + HEFT_TILE - 1) / HEFT_TILE,
    MADE = H * (DK + DV) * HEFT_TILE, /* numbers of a page of keys and values */
};

static const heft_attn attn = {
    .H = H, .G = 1, .dk = DK, .dv = DV, .kv_rank = RANK, .nope = NOPE, .scale = 0.125f
};

/* One sequence whose pages lie in the reverse order, and what it attends by. */
static struct {
    uint8_t latent[PAGES * HEFT_TILE * LATENT * sizeof(float)];
    float made[PAGES * MADE], q[T * H * DK], want[T * H * DV], got[T * H * DV];
    uint8_t k_up[H * RANK * NOPE * sizeof(float)], v_up[H * DV * RANK * sizeof(float)];
    int32_t table[PAGES], pos[T], seq[T];
    heft_mat k[H], v[H];
    heft_kv kv;
} x;

/* How matrices and entries are stored. apart: k_up by the rows that queries go through. */
typedef struct {
    heft_dtype weights, cache;
    bool apart;
} form;

static void lay_out(const form *f)
{
    uint64_t seed = 11;
    const size_t entry = heft_row_bytes(f->cache, LATENT);
    float c[LATENT];
    for (int32_t t = 0; t < T; t++)
        x.pos[t] = t;
    for (int32_t p = 0; p < PAGES; p++)
        x.table[p] = PAGES - 1 - p;
    x.kv = (heft_kv){ .base = x.latent,
                      .page_bytes = HEFT_TILE * entry,
                      .dtype = f->cache,
                      .G = 1,
                      .dk = LATENT,
                      .dv = RANK,
                      .v_in_k = true };
    heft_kernels scalar;
    heft_kernels_init(&scalar, 0);
    for (int32_t e = 0; e < PAGES * HEFT_TILE; e++) {
        for (int32_t i = 0; i < LATENT; i++)
            c[i] = random_float(&seed);
        assert_true(scalar.narrow(x.latent + (size_t)e * entry, f->cache, c, LATENT));
    }
    for (int32_t i = 0; i < T * H * DK; i++)
        x.q[i] = random_float(&seed);
    random_weights(x.k_up, f->weights, (int64_t)H * NOPE, RANK, &seed);
    random_weights(x.v_up, f->weights, (int64_t)H * DV, RANK, &seed);
    for (int32_t h = 0; h < H; h++) {
        x.k[h] = mat_on(x.k_up + (size_t)h * heft_row_bytes(f->weights, NOPE * RANK), f->weights,
                        f->apart ? RANK : NOPE, f->apart ? NOPE : RANK, false);
        x.v[h] = mat_on(x.v_up + (size_t)h * heft_row_bytes(f->weights, DV * RANK), f->weights, DV,
                        RANK, false);
        if (f->apart) continue;
        x.k[h].rows = RANK; /* as a query goes through it */
        x.k[h].cols = NOPE;
        x.k[h].by_col = true;
    }
}

/* y = w c, alone, by the scalar code; blocks along columns as docs/sums.md says. */
static void multiply(const heft_kernels *k, const heft_mat *w, const float *c, float *y)
{
    static _Alignas(64) uint8_t scratch[1 << 16];
    heft_act act[RANK / 32];
    float column[NOPE];
    if (!heft_blocks_by_col(w)) {
        assert_true(k->mul_scratch(w->cols) <= sizeof scratch);
        k->quantise(act, c, RANK);
        const void *in = heft_reads_floats(w) ? (const void *)c : act;
        k->mul(w, 0, w->rows, &(heft_columns){ .x = &in, .n = 1 }, &y, scratch);
        return;
    }
    heft_mat stored = *w;
    stored.rows = w->cols;
    stored.cols = w->rows;
    stored.by_col = false;
    memset(y, 0, (size_t)w->rows * sizeof *y);
    for (int32_t i = 0; i < w->cols; i++) {
        k->row(column, &stored, i);
        for (int32_t r = 0; r < w->rows; r++)
            y[r] = fmaf(c[i], column[r], y[r]);
    }
}

/* Every entry's keys and values, in a cache of their own. */
static heft_kv make_cache(void)
{
    heft_kernels scalar;
    heft_kernels_init(&scalar, 0);
    const heft_mat entries = { .data = x.latent,
                               .stride = (int64_t)heft_row_bytes(x.kv.dtype, LATENT),
                               .rows = PAGES * HEFT_TILE,
                               .cols = LATENT,
                               .dtype = (uint8_t)x.kv.dtype };
    for (int32_t e = 0; e < PAGES * HEFT_TILE; e++) {
        float c[LATENT];
        scalar.row(c, &entries, e);
        for (int32_t h = 0; h < H; h++) {
            float *page = x.made + (size_t)(e / HEFT_TILE) * MADE,
                  *key = page + (size_t)(h * HEFT_TILE + e % HEFT_TILE) * DK,
                  *value = page + (size_t)H * HEFT_TILE * DK
                           + (size_t)(h * HEFT_TILE + e % HEFT_TILE) * DV;
            heft_mat keys = x.k[h];
            keys.rows = NOPE;
            keys.cols = RANK;
            keys.by_col = !keys.by_col;
            multiply(&scalar, &keys, c, key);
            memcpy(key + NOPE, c + RANK, ROTATED * sizeof *key);
            multiply(&scalar, &x.v[h], c, value);
        }
    }
    return (heft_kv){ .base = (uint8_t *)x.made,
                      .page_bytes = MADE * sizeof(float),
                      .dtype = HEFT_F32,
                      .G = H,
                      .dk = DK,
                      .dv = DV };
}

static heft_device *open_device(unsigned isa, int32_t threads)
{
    heft_error err = { 0 };
    heft_device *d = NULL;
    const heft_device_need need = { .threads = threads,
                                    .rows = T,
                                    .cols = LATENT,
                                    .blocks = HEFT_SPAN * RANK / 32,
                                    .experts = 1,
                                    .heads = H,
                                    .dk = DK,
                                    .dv = DV,
                                    .group = 1,
                                    .context = T,
                                    .latent = LATENT,
                                    .made = DK + DV,
                                    .states = (int64_t)T * H };
    assert_ok(heft_cpu_open(&need, isa, &d, &err), &err);
    return d;
}

static heft_batch batch_of(const int32_t *first, const int32_t *slot, const int32_t *const *tables)
{
    return (heft_batch){ .T = T,
                         .S = 1,
                         .pos = x.pos,
                         .seq = x.seq,
                         .first = first,
                         .page = tables,
                         .slot = slot,
                         .pages = PAGES };
}

static void compare(const char *what, unsigned isa, int32_t threads, int32_t from)
{
    const int32_t first[2] = { from, T }, slot = 0;
    const int32_t *const tables[1] = { x.table };
    const heft_batch b = batch_of(first, &slot, tables);
    heft_device *d = open_device(isa, threads);
    memset(x.got, 0, sizeof x.got);
    heft_ops_cpu.attend_expanded(d, x.got, x.q, &x.kv, x.k, x.v, &attn, &b);
    heft_cpu_close(d);
    const size_t before = (size_t)from * H * DV;
    if (memcmp(x.got + before, x.want + before, sizeof x.got - before * sizeof(float)) != 0)
        fail_msg("%s: %d threads, rows from %d: other bits", what, threads, from);
    for (size_t i = 0; i < before; i++)
        assert_true(x.got[i] == 0);
}

static void it_is_ordinary_attention_over_keys_and_values_made_of_the_entries(void **state)
{
    (void)state;
    static const form forms[] = {
        { HEFT_F32, HEFT_F32, false },  { HEFT_BF16, HEFT_F16, false },
        { HEFT_F16, HEFT_BF16, true },  { HEFT_Q8_0, HEFT_F16, false },
        { HEFT_Q8_0, HEFT_Q8_0, true }, { HEFT_Q4_1, HEFT_Q8_0, false },
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char what[64];
        const int32_t first[2] = { 0, T }, slot = 0;
        const int32_t *const tables[1] = { x.table };
        const heft_batch b = batch_of(first, &slot, tables);
        heft_attn each = attn;
        each.G = H;
        lay_out(&forms[i]);
        const heft_kv made = make_cache();
        heft_device *d = open_device(0, 1);
        heft_ops_cpu.attend(d, x.want, x.q, &made, NULL, NULL, NULL, NULL, &each, &b);
        heft_cpu_close(d);
        assert_true(x.want[0] == x.want[0] && x.want[0] != x.want[T * H * DV - 1]);
        (void)snprintf(what, sizeof what, "%s, cache of %s%s", heft_dtypes[forms[i].weights].name,
                       heft_dtypes[forms[i].cache].name, forms[i].apart ? ", apart" : "");
        compare(what, heft_isa_detect(), 2, 0);
        compare(what, heft_isa_detect(), 1, 300);   /* the rows of a later step */
        compare(what, heft_isa_detect(), 2, T - 1); /* one row */
        compare(what, heft_isa_detect(), 7, 3);     /* two parts of each head's rows */
        compare(what, 0, 1, 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_ordinary_attention_over_keys_and_values_made_of_the_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

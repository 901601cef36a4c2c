/* DeepSeek V4 in the number formats of its release: matrices of the attention and of the expert
 * that all share in FP8, with an E8M0 scale for a block of 128 x 128, the experts in FP4, with one
 * for 32 in a row. A golden's weights are rounded to such numbers twice: as the release has them,
 * and as the floats that they stand for. */
#include "golden_model.h"
#include "in_memory.h"
#include "scratch.h"

#include "base/file.h"
#include "engine/engine.h"
#include "format/write.h"
#include "kernels/fill.h"

#include <math.h>
#include <string.h>

enum { PATH = HEFT_SCRATCH_PATH + 64, MOST = 40 * 96 };

/* ---- numbers, as the formats are defined -------------------------------- */

typedef struct {
    float value[256];
    int32_t n;     /* codes that are numbers and not negative: from 0 on, ascending */
    uint8_t minus; /* of a negative one besides */
} format;

static format e4m3(void)
{
    format f = { .n = 127, .minus = 0x80 };
    for (int32_t c = 0; c < f.n; c++)
        f.value[c] = c < 8 ? ldexpf((float)c, -9) : ldexpf((float)(8 + c % 8), c / 8 - 10);
    return f;
}

static format e2m1(void)
{
    return (format){ .value = { 0, 0.5f, 1, 1.5f, 2, 3, 4, 6 }, .n = 8, .minus = 8 };
}

/* The code nearest to v. */
static uint8_t nearest(const format *f, float v)
{
    int32_t best = 0;
    for (int32_t c = 1; c < f->n; c++)
        if (fabsf(fabsf(v) - f->value[c]) < fabsf(fabsf(v) - f->value[best])) best = c;
    return (uint8_t)(best | (v < 0 ? f->minus : 0));
}

static float stands_for(const format *f, uint8_t code)
{
    return code & f->minus ? -f->value[code & ~f->minus] : f->value[code];
}

/* w (rows, cols) in blocks: a code for each number, an exponent for each block, and w again as they
 * have it. */
static void round_to(const format *f, float *w, const int64_t shape[2], const int64_t block[2],
                     uint8_t *code, uint8_t *scale)
{
    for (int64_t r = 0; r < shape[0]; r += block[0])
        for (int64_t c = 0; c < shape[1]; c += block[1]) {
            const int64_t end_r = r + block[0] < shape[0] ? r + block[0] : shape[0];
            const int64_t end_c = c + block[1] < shape[1] ? c + block[1] : shape[1];
            float most = 0;
            for (int64_t i = r; i < end_r; i++)
                for (int64_t k = c; k < end_c; k++)
                    most = fmaxf(most, fabsf(w[i * shape[1] + k]));
            assert_true(most > 0);
            const int32_t e = (int32_t)ceilf(log2f(most / f->value[f->n - 1]));
            *scale++ = (uint8_t)(e + 127);
            for (int64_t i = r; i < end_r; i++)
                for (int64_t k = c; k < end_c; k++) {
                    float *v = &w[i * shape[1] + k];
                    code[i * shape[1] + k] = nearest(f, ldexpf(*v, -e));
                    *v = ldexpf(stands_for(f, code[i * shape[1] + k]), e);
                }
        }
}

/* ---- releases ----------------------------------------------------------- */

typedef struct {
    char at[HEFT_SCRATCH_PATH], stored[PATH], exact[PATH];
    heft_golden *golden;
    heft_source *source; /* of the golden's weights, whose names and plain tensors the two share */
    heft_arena arena;
    heft_write_tensor as_stored[512], as_floats[512];
    int64_t n_stored, n_floats;
} pair;

static bool has(heft_str name, const char *part)
{
    return strstr(name.p, part) != NULL;
}

static bool is_expert(const heft_tensor *t)
{
    return has(t->name, ".ffn.experts.");
}

static bool is_fp8(const heft_tensor *t)
{
    return t->rank == 2
           && (has(t->name, ".attn.w") || has(t->name, ".indexer.wq_b")
               || has(t->name, ".shared_experts."));
}

static heft_write_tensor plain(const heft_tensor *t)
{
    heft_write_tensor w = {
        .name = t->name.p, .dtype = t->dtype, .rank = t->rank, .data = t->data
    };
    memcpy(w.shape, t->shape, sizeof w.shape);
    return w;
}

/* The tensor as the release has it and as floats; FP4 in pairs, the first below. */
static void add_rounded(pair *p, const heft_tensor *t, const int64_t fp8_block[2])
{
    static const int64_t fp4_block[] = { 1, 32 };
    const bool fp4 = is_expert(t);
    const format f = fp4 ? e2m1() : e4m3();
    const int64_t *block = fp4 ? fp4_block : fp8_block;
    const size_t n = (size_t)(t->shape[0] * t->shape[1]);
    float *w = heft_arena_alloc(&p->arena, n, sizeof *w);
    uint8_t *code = heft_arena_alloc(&p->arena, n, 1), *scale = heft_arena_alloc(&p->arena, n, 1);
    char *name = heft_arena_alloc(&p->arena, t->name.n + 1, 1);
    assert_true(w && code && scale && name);
    memcpy(w, t->data, n * sizeof *w);
    round_to(&f, w, t->shape, block, code, scale);
    for (size_t i = 0; fp4 && i < n / 2; i++)
        code[i] = (uint8_t)(code[2 * i] | code[2 * i + 1] << 4);
    (void)snprintf(name, t->name.n + 1, "%.*s.scale", (int)(t->name.n - strlen(".weight")),
                   t->name.p);
    heft_write_tensor floats = plain(t), stored = plain(t), beside = plain(t);
    floats.data = w;
    stored.data = code;
    stored.dtype = fp4 ? HEFT_I8 : HEFT_F8_E4M3;
    if (fp4) stored.shape[1] /= 2;
    beside.name = name;
    beside.data = scale;
    beside.dtype = HEFT_F8_E8M0;
    for (int32_t i = 0; i < 2; i++)
        beside.shape[i] = (t->shape[i] + block[i] - 1) / block[i];
    p->as_floats[p->n_floats++] = floats;
    p->as_stored[p->n_stored++] = stored;
    p->as_stored[p->n_stored++] = beside;
}

static void write_text(const char *at, const char *name, const char *before, const char *text)
{
    char path[PATH + 32];
    heft_scratch_file(at, name, path, sizeof path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fprintf(file, "%s%s", before, text) > 0);
    assert_int_equal(fclose(file), 0);
}

/* experts: of four bits too. */
static void write_pair(pair *p, int32_t block, bool experts)
{
    heft_error err = { 0 };
    char path[PATH + 32], before[256], *config;
    size_t n;
    *p = (pair){ .n_stored = 0 };
    heft_scratch_open(p->at);
    assert_ok(heft_golden_open("deepseek_v4_plain", &p->golden, &err), &err);
    const heft_golden_form form = { .dtype = HEFT_F32 };
    assert_ok(heft_golden_write_release(p->golden, p->at, &form, &err), &err);
    assert_ok(heft_source_open(p->at, NULL, &p->source, &err), &err);
    const int64_t blocks[] = { block, block };
    for (int64_t i = 0; i < p->source->n_tensors; i++) {
        const heft_tensor *t = &p->source->tensor[i];
        assert_true(p->n_stored < 500);
        if (is_fp8(t) || (experts && is_expert(t))) {
            add_rounded(p, t, blocks);
        } else {
            p->as_floats[p->n_floats++] = plain(t);
            p->as_stored[p->n_stored++] = plain(t);
        }
    }
    heft_scratch_file(p->at, "config.json", path, sizeof path);
    assert_ok(heft_read_file(path, 1 << 20, &config, &n, &err), &err);
    heft_scratch_open(p->stored);
    heft_scratch_open(p->exact);
    (void)snprintf(before, sizeof before,
                   "{\"expert_dtype\": \"fp4\", \"quantization_config\": {\"activation_scheme\": "
                   "\"dynamic\", \"fmt\": \"e4m3\", \"quant_method\": \"fp8\", \"scale_fmt\": "
                   "\"ue8m0\", \"weight_block_size\": [%d, %d]},",
                   block, block);
    write_text(p->stored, "config.json", before, strchr(config, '{') + 1);
    write_text(p->exact, "config.json", "", config);
    heft_free(config);
    heft_scratch_file(p->stored, "model.safetensors", path, sizeof path);
    assert_ok(heft_safetensors_write(path, p->as_stored, p->n_stored, NULL, 0, 0, &err), &err);
    heft_scratch_file(p->exact, "model.safetensors", path, sizeof path);
    assert_ok(heft_safetensors_write(path, p->as_floats, p->n_floats, NULL, 0, 0, &err), &err);
}

static void close_pair(pair *p)
{
    heft_source_close(p->source);
    heft_scratch_close(p->at);
    heft_scratch_close(p->stored);
    heft_scratch_close(p->exact);
    heft_golden_close(p->golden);
    heft_arena_clear(&p->arena);
}

/* (n_ids, vocab); returns how many. */
static int32_t logits_of(const pair *p, const char *path, float *out)
{
    heft_error err = { 0 };
    heft_model *m = NULL;
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    const heft_golden *g = p->golden;
    const heft_engine_options o = {
        .threads = 1, .context = g->length, .batch = g->n_ids, .outputs = g->n_ids
    };
    assert_ok(heft_model_open(path, &(heft_model_options){ .strict = true }, &m, &err), &err);
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, 0, &s, &err), &err);
    assert_ok(heft_seq_feed(s, g->ids, g->n_ids, HEFT_LOGITS_ALL, &err), &err);
    assert_true(g->n_ids * g->vocab <= MOST);
    for (int32_t i = 0; i < g->n_ids; i++)
        memcpy(out + (size_t)i * g->vocab, heft_engine_logits(e, i),
               (size_t)g->vocab * sizeof *out);
    heft_seq_close(s);
    heft_engine_close(e);
    heft_model_close(m);
    return g->n_ids * g->vocab;
}

/* ---- tests -------------------------------------------------------------- */

/* Products with FP8 are those with the floats that it stands for. */
static void fp8_gives_the_bits_of_the_floats_it_stands_for(void **state)
{
    (void)state;
    static const int32_t blocks[] = { 128, 32 };
    static float stored[MOST], exact[MOST];
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        pair p;
        write_pair(&p, blocks[i], false);
        assert_true(p.n_stored - p.n_floats >= 4 * 8); /* scales */
        const int32_t n = logits_of(&p, p.stored, stored);
        assert_int_equal(logits_of(&p, p.exact, exact), n);
        assert_memory_equal(stored, exact, (size_t)n * sizeof *stored);
        close_pair(&p);
    }
}

static const float *floats_of(const pair *p, heft_str name)
{
    for (int64_t i = 0; i < p->n_floats; i++)
        if (heft_str_is(name, p->as_floats[i].name)) return p->as_floats[i].data;
    fail_msg("no floats of %s", name.p);
    return NULL;
}

static heft_name expert(int32_t layer, int32_t e, int32_t w)
{
    heft_name name = { .n = 0 };
    heft_name_add(&name, heft_str_of("layers."));
    heft_name_number(&name, layer);
    heft_name_add(&name, heft_str_of(".ffn.experts."));
    heft_name_number(&name, e);
    heft_name_add(&name, heft_str_of(".w"));
    heft_name_number(&name, w);
    heft_name_add(&name, heft_str_of(".weight"));
    return name;
}

static void every_expert_is_bit_for_bit_what_its_codes_and_scales_say(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_kernels k;
    heft_source *s;
    heft_net net;
    pair p;
    write_pair(&p, 128, true);
    heft_kernels_scalar_mat(&k);
    assert_ok(heft_source_open(p.stored, NULL, &s, &err), &err);
    assert_ok(heft_net_open(&net, s, true, NULL, &err), &err);
    for (int32_t l = 0; l < net.spec.L; l++) {
        const heft_experts *all[] = { &net.layer[l].e_gate, &net.layer[l].e_down,
                                      &net.layer[l].e_up };
        for (int32_t i = 0; i < 3 * net.spec.layer[l].route.E; i++) {
            const heft_name name = expert(l, i / 3, i % 3 + 1);
            const float *expected = floats_of(&p, heft_name_str(&name));
            const heft_mat *w = &all[i % 3]->w[i / 3];
            float row[64];
            assert_int_equal(w->dtype, HEFT_FP4_MX);
            for (int32_t r = 0; r < w->rows; r++, expected += w->cols) {
                k.row(row, w, r);
                for (int32_t c = 0; c < w->cols; c++)
                    assert_true(row[c] == expected[c]);
            }
        }
    }
    heft_net_close(&net);
    heft_source_close(s);
    close_pair(&p);
}

/* Products with FP4 round activations to eight bits besides. Some way into the text that turns one
 * of the close choices among this small model's keys and experts; what comes before is near. */
static void the_release_is_near_to_its_floats_until_a_choice_turns(void **state)
{
    (void)state;
    enum { ROWS = 20 };
    static float stored[MOST], exact[MOST];
    pair p;
    write_pair(&p, 128, true);
    assert_int_equal(logits_of(&p, p.stored, stored), logits_of(&p, p.exact, exact));
    for (int32_t r = 0; r < ROWS; r++) {
        double most = 0, apart = 0;
        for (int32_t i = r * p.golden->vocab; i < (r + 1) * p.golden->vocab; i++) {
            most = fmax(most, fabs((double)exact[i]));
            apart += pow((double)stored[i] - (double)exact[i], 2) / p.golden->vocab;
        }
        apart = sqrt(apart) / most;
        if (!(apart > 0 && apart < 0.02)) fail_msg("row %d is %.4f apart", r, apart);
    }
    close_pair(&p);
}

static heft_tensor *find(heft_source *s, const char *name)
{
    for (int64_t i = 0; i < s->n_tensors; i++)
        if (heft_str_is(s->tensor[i].name, name)) return &s->tensor[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

static void a_release_that_is_not_whole_is_refused_by_name(void **state)
{
    (void)state;
    static const char w1[] = "layers.1.ffn.experts.3.w1.weight",
                      w1_scale[] = "layers.1.ffn.experts.3.w1.scale",
                      wo[] = "layers.2.attn.wo_a.weight", wo_scale[] = "layers.2.attn.wo_a.scale";
    static const struct {
        const char *tensor, *rename; /* rename: or NULL */
        heft_dtype dtype;
        int64_t rows; /* 0: as they are */
        const char *message;
    } rows[] = {
        { wo_scale, "layers.2.attn.other", HEFT_F8_E8M0, 0, "layers.2.attn.wo_a.weight" },
        { w1_scale, "layers.1.other", HEFT_F8_E8M0, 0, "layers.1.ffn.experts.3.w1.weight" },
        { w1_scale, NULL, HEFT_F32, 0, w1 },
        { w1_scale, NULL, HEFT_F8_E8M0, 31, w1_scale },
        { wo_scale, NULL, HEFT_F8_E8M0, 3, wo_scale },
        { wo_scale, NULL, HEFT_I8, 0, wo_scale },
        { w1, NULL, HEFT_I8, 33, w1 },
        { w1, NULL, HEFT_U8, 0, w1 },
        { wo, NULL, HEFT_F8_E5M2, 0, wo },
        { wo, NULL, HEFT_F8_E4M3, 65, wo },
    };
    heft_error err = { 0 };
    heft_source *s;
    pair p;
    write_pair(&p, 128, true);
    assert_ok(heft_source_open(p.stored, NULL, &s, &err), &err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        heft_net net;
        heft_source copy = heft_copy_source(s);
        heft_tensor *t = find(&copy, rows[i].tensor);
        t->dtype = rows[i].dtype;
        if (rows[i].rename) t->name = heft_str_of(rows[i].rename);
        if (rows[i].rows) t->shape[0] = rows[i].rows;
        heft_seal_copy(&copy);
        const heft_status st = heft_net_open(&net, &copy, true, NULL, &err);
        if (st != HEFT_E_FORMAT && st != HEFT_E_UNSUPPORTED) fail_msg("row %zu is taken", i);
        if (!strstr(err.text, rows[i].message)) fail_msg("row %zu: %s", i, err.text);
        heft_free_copy(&copy);
    }
    heft_source_close(s);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fp8_gives_the_bits_of_the_floats_it_stands_for),
        cmocka_unit_test(every_expert_is_bit_for_bit_what_its_codes_and_scales_say),
        cmocka_unit_test(the_release_is_near_to_its_floats_until_a_choice_turns),
        cmocka_unit_test(a_release_that_is_not_whole_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

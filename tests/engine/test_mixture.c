/* Mixtures of experts, as an engine runs them: the same tokens give the same bits whoever else goes
 * to an expert, and a token touches no bytes but those of the experts it goes to. */
#include "ops/cpu.h"
#include "subject.h"
#include "testing.h"

/* ---- the same bits ------------------------------------------------------ */

static void in_chunks(const heft_subject *s, int32_t threads, int32_t chunk)
{
    heft_engine *e = heft_subject_engine(s, NULL, threads, 1, s->T);
    heft_seq *seq = heft_subject_seq(e);
    heft_subject_feed(s, seq, 0, s->T, chunk);
    heft_seq_close(seq);
    heft_engine_close(e);
}

/* Three sequences in one step; the middle one has the text, the others its parts. */
static void in_a_crowd(const heft_subject *s)
{
    heft_error err = { 0 };
    heft_engine *e = heft_subject_engine(s, NULL, 2, 3, 3 * s->T);
    heft_seq *seq[3];
    for (int32_t i = 0; i < 3; i++)
        seq[i] = heft_subject_seq(e);
    const int32_t T = s->g->n_ids;
    const heft_feed feed[] = { { seq[0], s->g->ids + 5, 11, HEFT_LOGITS_ALL, false },
                               { seq[1], s->g->ids, T, HEFT_LOGITS_ALL, false },
                               { seq[2], s->g->ids + 17, T - 17, HEFT_LOGITS_ALL, false } };
    assert_ok(heft_engine_step(e, feed, 3, &err), &err);
    heft_subject_rows(s, e, 11, 0, T);
    for (int32_t i = 0; i < 3; i++)
        heft_seq_close(seq[i]);
    heft_engine_close(e);
}

static void whoever_else_goes_to_an_expert_the_bits_are_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *golden;
        heft_dtype gguf; /* 0: the release, in BF16 */
    } each[] = {
        { "qwen3_moe_plain", 0 },     { "qwen2_moe_plain", HEFT_Q8_0 },
        { "gpt_oss_plain", 0 },       { "llama4_plain", 0 },
        { "glm4_moe_groups", 0 },     { "mixtral_plain", HEFT_F16 },
        { "phimoe_gguf", HEFT_Q8_0 },
    };
    static const int32_t chunks[] = { 1, 7, 32, 40 };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        heft_subject s;
        heft_subject_open(&s, each[i].golden, each[i].gguf);
        heft_subject_expect(&s, s.g->ids, s.g->n_ids);
        for (int32_t threads = 1; threads <= 3; threads++)
            for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++)
                in_chunks(&s, threads, chunks[c]);
        in_a_crowd(&s);
        heft_subject_close(&s);
    }
}

/* ---- bytes of a token --------------------------------------------------- */

static struct {
    heft_kernels k;
    uint64_t bytes;
} counted;

static uint64_t stored(const heft_mat *w, int64_t rows)
{
    const heft_dtype_info *t = &heft_dtypes[w->dtype];
    return (uint64_t)rows * (uint64_t)(w->cols / t->block) * (uint64_t)t->bytes;
}

static void counting_mul(const heft_mat *w, int32_t r0, int32_t r1, const heft_columns *x,
                         float *const *y, void *scratch)
{
    counted.bytes += stored(w, r1 - r0);
    counted.k.mul(w, r0, r1, x, y, scratch);
}

static void counting_row(float *y, const heft_mat *w, int32_t r)
{
    counted.bytes += stored(w, 1);
    counted.k.row(y, w, r);
}

/* Numbers of vectors, which are read as they are in memory. */
static uint64_t vectors(const heft_net *m)
{
    uint64_t n = m->g.out_norm.w ? (uint64_t)m->spec.D : 0;
    if (m->g.out_norm.b) n += (uint64_t)m->spec.D;
    if (m->g.head.bias) n += (uint64_t)m->g.head.w.rows;
    for (int32_t i = 0; i < m->spec.L; i++) {
        const heft_layer *l = &m->layer[i];
        const heft_attn *a = &l->s->attn;
        const heft_lin *lins[] = { &l->q,  &l->k,    &l->v,      &l->o,   &l->gate,
                                   &l->up, &l->down, &l->router, &l->q_a, &l->kv_a };
        const struct {
            const heft_norm *norm;
            int32_t width;
        } norms[] = {
            { &l->n1, m->spec.D },
            { &l->n2, m->spec.D },
            { &l->n3, m->spec.D },
            { &l->n4, m->spec.D },
            { &l->router_in, m->spec.D },
            { &l->e_in, m->spec.D },
            { &l->e_out, m->spec.D },
            { &l->shared_out, m->spec.D },
            { &l->q_latent, a->q_rank },
            { &l->kv_latent, a->kv_rank },
            { &l->ix_norm, a->index.width },
            { &l->q_norm, a->dk * (a->qk_norm == HEFT_QKN_ROW ? a->H : 1) },
            { &l->k_norm, a->dk * (a->qk_norm == HEFT_QKN_ROW ? a->G : 1) },
        };
        for (size_t k = 0; k < sizeof lins / sizeof *lins; k++)
            if (lins[k]->bias) n += (uint64_t)lins[k]->w.rows;
        for (size_t k = 0; k < sizeof norms / sizeof *norms; k++)
            n += (uint64_t)norms[k].width
                 * ((norms[k].norm->w != NULL) + (norms[k].norm->b != NULL));
        if (l->choice) n += (uint64_t)l->s->route.E;
        const heft_delta *g = &l->s->delta;
        n += (uint64_t)(2 * g->Hv + g->dv);
        if (l->e_scale) n += (uint64_t)l->s->route.E;
        for (int32_t h = 0; h < 2 && l->hyper[h].base; h++)
            n += (uint64_t)l->hyper[h].fn.w.rows;
        if (l->comp.ape) n += (uint64_t)l->comp.kv.w.rows; /* of one place in the block */
        if (l->ix_comp.ape) n += (uint64_t)l->ix_comp.kv.w.rows;
        if (l->by_token.data) n += stored(&l->by_token, 1) / sizeof(float);
    }
    if (m->g.hyper.base) n += (uint64_t)m->g.hyper.fn.w.rows;
    return n;
}

static bool is_mixture(const heft_net *m)
{
    for (int32_t i = 0; i < m->spec.L; i++)
        if (m->spec.layer[i].route.E > 0) return true;
    return false;
}

static void a_token_touches_the_bytes_that_the_plan_says(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_golden_names names;
    int32_t seen = 0;
    assert_ok(heft_golden_list(&names, &err), &err);
    for (int32_t i = 0; i < names.n; i++) {
        heft_subject s;
        heft_plan plan;
        heft_subject_open(&s, names.name[i], 0);
        if (!is_mixture(&s.model->net)) {
            heft_subject_close(&s);
            continue;
        }
        heft_engine *e = heft_subject_engine(&s, NULL, 1, 1, s.g->n_ids);
        assert_ok(heft_engine_plan(s.model, NULL, &plan, &err), &err);
        counted.k = e->device->k;
        e->device->k.mul = counting_mul;
        e->device->k.row = counting_row;
        heft_seq *seq = heft_subject_seq(e);
        for (int32_t t = 0; t < s.g->n_ids; t++) {
            counted.bytes = 0;
            assert_ok(heft_seq_feed(seq, s.g->ids + t, 1, HEFT_LOGITS_LAST, &err), &err);
            const uint64_t touched = counted.bytes + sizeof(float) * vectors(&s.model->net);
            if (touched != (uint64_t)plan.bytes_per_token)
                fail_msg("%s: token %d touches %llu bytes, the plan says %lld", names.name[i], t,
                         (unsigned long long)touched, (long long)plan.bytes_per_token);
        }
        heft_seq_close(seq);
        heft_engine_close(e);
        heft_subject_close(&s);
        seen++;
    }
    assert_true(seen >= 25);
}

static void active_parameters_are_those_of_the_chosen_experts(void **state)
{
    (void)state;
    heft_subject s;
    heft_subject_open(&s, "mixtral_plain", 0); /* two of four experts of three matrices 64 x 64 */
    const heft_model_facts *f = heft_model_describe(s.model);
    assert_int_equal(f->parameters - f->parameters_active, 2 * (4 - 2) * 3 * 64 * 64);
    heft_subject_close(&s);
    heft_subject_open(&s, "gpt_oss_plain", 0); /* three of five, with biases; gate and up are one */
    f = heft_model_describe(s.model);
    assert_int_equal(f->parameters - f->parameters_active,
                     2 * (5 - 3) * (3 * 64 * 64 + 2 * 64 + 64));
    assert_true(f->copied_bytes < f->bytes / 20); /* biases of experts are not copied */
    heft_subject_close(&s);
    heft_subject_open(&s, "llama_grouped", 0);
    f = heft_model_describe(s.model);
    assert_int_equal(f->parameters, f->parameters_active);
    heft_subject_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_else_goes_to_an_expert_the_bits_are_the_same),
        cmocka_unit_test(a_token_touches_the_bytes_that_the_plan_says),
        cmocka_unit_test(active_parameters_are_those_of_the_chosen_experts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

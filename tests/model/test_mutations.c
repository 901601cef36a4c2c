/* Hot goldens: every number of a resolved spec matters.
 *
 * Each golden is run again with one number set back to its default, one rotary table plain, or one
 * bias or norm weight left out. It must then miss the reference by ten times its tolerance: else
 * that golden could not tell a forward pass that forgets it. */
#include "engine/engine.h"
#include "golden_model.h"
#include "scratch.h"
#include "testing.h"

#include <math.h>
#include <string.h>

static heft_golden_names names;

/* How far a run misses the golden, in tolerances. */
static double missed_by(const heft_golden *g, heft_model *m)
{
    heft_error err = { 0 };
    const heft_engine_options o = { .threads = 1,
                                    .context = g->length,
                                    .batch = g->length,
                                    .outputs = g->length,
                                    .cache = HEFT_CACHE_F32 };
    heft_engine *e = NULL;
    heft_seq *s = NULL;
    assert_ok(heft_engine_open(m, &o, &e, &err), &err);
    assert_ok(heft_seq_open(e, g->length, &s, &err), &err);
    assert_ok(heft_seq_feed(s, g->ids, g->n_ids, HEFT_LOGITS_ALL, &err), &err);
    double difference = 0, largest = 0;
    for (int32_t t = 0; t < g->n_ids; t++) {
        const float *got = heft_engine_logits(e, t),
                    *want = g->logits + (size_t)t * (size_t)g->vocab;
        for (int32_t i = 0; i < g->vocab; i++) {
            double d = fabs((double)got[i] - (double)want[i]);
            if (!(d <= difference)) difference = isnan(d) ? HUGE_VAL : d;
            largest = fmax(largest, fabs((double)want[i]));
        }
    }
    heft_seq_close(s);
    heft_engine_close(e);
    return difference / (g->tolerance * largest);
}

static void must_miss(const heft_golden *g, heft_model *m, const char *what, int32_t where)
{
    double by = missed_by(g, m);
    if (!(by >= 10))
        fail_msg("%s: without %s [%d] the golden is missed by only %.2g tolerances", g->directory,
                 what, where, by);
}

static size_t size_of(const heft_field *f)
{
    switch ((heft_field_kind)f->kind) {
    case HEFT_FIELD_INT: return sizeof(int32_t);
    case HEFT_FIELD_FLOAT: return sizeof(float);
    case HEFT_FIELD_BOOL: return sizeof(bool);
    case HEFT_FIELD_ENUM: return sizeof(heft_wire);
    }
    return 0;
}

/* Reset field f of the struct at `base` to that of `plain`, see the golden fail, set it back. */
static int32_t mutate_field(const heft_golden *g, heft_model *m, const heft_field *f, void *base,
                            const void *plain, int32_t where)
{
    char kept[8];
    char *field = (char *)base + f->at;
    const char *value = (const char *)plain + f->at;
    if (memcmp(field, value, size_of(f)) == 0) return 0;
    memcpy(kept, field, size_of(f));
    memcpy(field, value, size_of(f));
    heft_net_set_norms(&m->net);
    const bool runs = heft_spec_check(&m->net.spec, NULL) == HEFT_OK; /* else it is refused */
    if (runs) must_miss(g, m, f->name, where);
    memcpy(field, kept, size_of(f));
    heft_net_set_norms(&m->net);
    return runs;
}

/* Of two tables by length, a golden runs on one: it sees that the other is not taken by the kind,
 * or by the length at which it begins. */
static bool unseen(const heft_golden *g, const heft_rope *r, const char *field)
{
    if (r->kind != HEFT_ROPE_LONG) return false;
    return strcmp(field, g->length > r->original ? "original" : "kind") == 0;
}

static int32_t mutate_fields(const heft_golden *g, heft_model *m)
{
    heft_spec *s = &m->net.spec, plain;
    heft_layer_spec layer;
    heft_spec_default(&plain);
    heft_layer_default(&layer);
    int32_t n = 0;
    for (int32_t i = 0; i < heft_n_fields; i++) {
        const heft_field *f = &heft_fields[i];
        if (f->scope == 0) n += mutate_field(g, m, f, s, &plain, 0);
        for (int32_t r = 0; f->scope == 2 && r < s->n_rope; r++) {
            const heft_rope none = { .r = { .magnitude = 1 } };
            if (!unseen(g, &s->rope[r], f->name)) n += mutate_field(g, m, f, &s->rope[r], &none, r);
        }
        for (int32_t l = 0; f->scope == 1 && l < s->L; l++) {
            layer.attn.kv_from = l; /* the default of a layer depends on where it is */
            const heft_attn *a = &s->layer[l].attn; /* what is longer than the text cannot show */
            layer.attn.window = a->window >= g->length ? a->window : 0;
            layer.attn.chunk = a->chunk >= g->length ? a->chunk : 0;
            layer.attn.temp = a->temp_floor > (float)g->length ? a->temp : 0;
            layer.attn.temp_floor = a->temp_floor > (float)g->length ? a->temp_floor : 0;
            n += mutate_field(g, m, f, &s->layer[l], &layer, l);
        }
    }
    return n;
}

/* The table in force, and a plain one of the usual base. */
static int32_t mutate_ropes(const heft_golden *g, heft_model *m)
{
    int32_t n = 0;
    for (int32_t r = 0; r < m->net.spec.n_rope; r++) {
        heft_rope *rope = &m->net.spec.rope[r];
        if (rope->kind == HEFT_ROPE_DYNAMIC) continue; /* mutate_fields has its kind */
        bool is_long = rope->kind == HEFT_ROPE_LONG && g->length > rope->original, differs = false;
        float **table = is_long ? &rope->inv_long : &rope->inv, *kept = *table, plain[256];
        assert_true(rope->r.width <= 512);
        for (int32_t i = 0; i < rope->r.width / 2; i++) {
            plain[i] = (float)pow(10000, -2.0 * i / rope->r.width);
            differs |= fabsf(plain[i] - kept[i]) > 1e-3f * plain[i];
        }
        if (!differs) continue;
        *table = plain;
        must_miss(g, m, "the rope table", r);
        *table = kept;
        n++;
    }
    return n;
}

static int32_t mutate_vector(const heft_golden *g, heft_model *m, const float **v, const char *what,
                             int32_t layer)
{
    const float *kept = *v;
    if (!kept) return 0;
    *v = NULL;
    must_miss(g, m, what, layer);
    *v = kept;
    return 1;
}

static int32_t mutate_scale(const heft_golden *g, heft_model *m, float *scale, int32_t layer)
{
    const float kept = *scale;
    if (kept == 1) return 0;
    *scale = 1;
    must_miss(g, m, "the layer's scale", layer);
    *scale = kept;
    return 1;
}

/* Without its positions. */
static int32_t mutate_positions(const heft_golden *g, heft_model *m)
{
    heft_mat *pos = &m->net.g.pos;
    const uint8_t *kept = pos->data;
    if (!kept) return 0;
    pos->data = NULL;
    must_miss(g, m, "the positions", 0);
    pos->data = kept;
    return 1;
}

static int32_t mutate_biases(const heft_golden *g, heft_model *m, heft_experts *experts,
                             int32_t layer)
{
    const uint8_t *kept = experts->bias.data;
    if (!kept) return 0;
    experts->bias.data = NULL;
    must_miss(g, m, "the biases of experts", layer);
    experts->bias.data = kept;
    return 1;
}

/* A bias of keys that nothing turns, scales or clips adds the same to every score of a query, and a
 * softmax does not see it. */
static bool same_for_all_keys(const heft_layer_spec *l)
{
    return l->attn.rope < 0 && l->attn.qk_norm == HEFT_QKN_NONE && l->attn.softcap == 0
           && l->attn.clip == 0;
}

static int32_t mutate_hyper(const heft_golden *g, heft_model *m, heft_hyper *h, int32_t layer)
{
    return mutate_vector(g, m, &h->base, "what streams are mixed by", layer)
           + mutate_vector(g, m, &h->gain, "the gains of streams", layer);
}

static int32_t mutate_vectors(const heft_golden *g, heft_model *m)
{
    heft_globals *G = &m->net.g;
    int32_t n = mutate_positions(g, m)
                + mutate_vector(g, m, &G->out_norm.w, "the last norm's weight", 0)
                + mutate_vector(g, m, &G->out_norm.b, "the last norm's bias", 0)
                + mutate_hyper(g, m, &G->hyper, 0)
                + mutate_vector(g, m, &G->own_norm.w, "the norm of own inputs", 0)
                + mutate_vector(g, m, &G->embed_norm.w, "the embedding norm's weight", 0)
                + mutate_vector(g, m, &G->embed_norm.b, "the embedding norm's bias", 0)
                + mutate_vector(g, m, &G->head.bias, "the head's bias", 0);
    for (int32_t i = 0; i < m->net.spec.L; i++) {
        heft_layer *l = &m->net.layer[i];
        heft_norm *norms[] = { &l->n1,         &l->n2,        &l->n3,          &l->n4,
                               &l->q_norm,     &l->k_norm,    &l->q_latent,    &l->kv_latent,
                               &l->own_norm,   &l->router_in, &l->e_in,        &l->e_out,
                               &l->shared_out, &l->comp.norm, &l->ix_comp.norm };
        heft_compress *entries[] = { &l->comp, &l->ix_comp };
        heft_lin *lins[] = { &l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down, &l->router };
        heft_experts *experts[] = { &l->e_gate, &l->e_up, &l->e_down };
        n += mutate_scale(g, m, &l->scale, i);
        for (size_t k = 0; k < sizeof norms / sizeof *norms; k++) {
            n += mutate_vector(g, m, &norms[k]->w, "a norm's weight", i);
            n += mutate_vector(g, m, &norms[k]->b, "a norm's bias", i);
        }
        for (size_t k = 0; k < sizeof lins / sizeof *lins; k++)
            if (lins[k] != &l->k || !same_for_all_keys(l->s))
                n += mutate_vector(g, m, &lins[k]->bias, "a bias", i);
        for (size_t k = 0; k < sizeof experts / sizeof *experts; k++)
            n += mutate_biases(g, m, experts[k], i);
        for (size_t k = 0; k < 2; k++)
            n += mutate_vector(g, m, &entries[k]->ape, "the gates' places", i)
                 + mutate_hyper(g, m, &l->hyper[k], i);
        n += mutate_vector(g, m, &l->choice, "the correction of a choice", i)
             + mutate_vector(g, m, &l->e_scale, "the scales of experts", i)
             + mutate_vector(g, m, &l->sinks, "the sinks", i)
             + mutate_vector(g, m, &l->slopes, "the slopes", i);
    }
    return n;
}

static void every_number_of_every_golden_matters(void **state)
{
    (void)state;
    int32_t mutations = 0;
    for (int32_t i = 0; i < names.n; i++) {
        heft_error err = { 0 };
        heft_golden *g = NULL;
        heft_model *m = NULL;
        char at[HEFT_SCRATCH_PATH];
        assert_ok(heft_golden_open(names.name[i], &g, &err), &err);
        heft_scratch_open(at);
        assert_ok(heft_golden_write_release(g, at, &(heft_golden_form){ .dtype = HEFT_F32 }, &err),
                  &err);
        assert_ok(heft_model_open(at, NULL, &m, &err), &err);
        assert_true(missed_by(g, m) <= 1);
        mutations += mutate_fields(g, m) + mutate_ropes(g, m) + mutate_vectors(g, m);
        heft_model_close(m);
        heft_scratch_close(at);
        heft_golden_close(g);
    }
    print_message("%d mutations of %d goldens\n", mutations, names.n);
    assert_true(mutations > 10 * names.n);
}

int main(void)
{
    heft_error err = { 0 };
    if (heft_golden_list(&names, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_number_of_every_golden_matters) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Binding: from names and shapes in a file to the weights of a network.
 *
 * Every tensor of the file is bound, or known and counted as not run, or an error; every weight
 * the family needs is there with the shape its spec says, or an error. Matrices stay where they
 * are in the mapped file; vectors become float copies. */
#include "base/cursor.h"
#include "model/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    heft_net *m;
    const heft_source *src;
    const heft_log *log;
    const char *prefix; /* what stands before the family's names in this release */
    heft_error *err;
} binder;

static int64_t extent(const heft_spec *s, int32_t layer, heft_axis axis)
{
    const heft_layer_spec *l = s->layer ? &s->layer[layer < 0 ? 0 : layer] : NULL;
    const heft_attn *a = &l->attn;
    switch (axis) {
    case HEFT_AXIS_ONE: return 1;
    case HEFT_AXIS_D: return s->D;
    case HEFT_AXIS_DE: return s->D_embed;
    case HEFT_AXIS_V: return s->V;
    case HEFT_AXIS_P: return (int64_t)s->ctx + s->pos_offset;
    case HEFT_AXIS_Q: return (int64_t)a->H * a->dk;
    case HEFT_AXIS_K: return (int64_t)a->G * a->dk;
    case HEFT_AXIS_VAL: return (int64_t)a->G * a->dv;
    case HEFT_AXIS_QKV: return (int64_t)a->H * a->dk + (int64_t)a->G * (a->dk + a->dv);
    case HEFT_AXIS_O: return (int64_t)a->H * a->dv;
    case HEFT_AXIS_HEAD: return a->dk;
    case HEFT_AXIS_H: return a->H;
    case HEFT_AXIS_G: return a->G;
    case HEFT_AXIS_F: return l->F;
    case HEFT_AXIS_2F: return 2 * (int64_t)l->F;
    }
    return 0;
}

/* Append text up to `hole`, or to its end, and skip the hole. */
static const char *take(char name[256], const char *text, const char *hole, size_t hole_bytes)
{
    const size_t at = strlen(name), n = hole ? (size_t)(hole - text) : strlen(text);
    (void)snprintf(name + at, 256 - at, "%.*s", (int)n, text);
    return text + n + (hole ? hole_bytes : 0);
}

static void put_number(char name[256], int32_t number)
{
    const size_t at = strlen(name);
    (void)snprintf(name + at, 256 - at, "%d", number);
}

static const char *template_of(const binder *b, const heft_weight *w)
{
    return b->src->container == HEFT_GGUF ? w->gguf : w->hf;
}

/* The name of a row in this release: prefix, {} replaced by the layer and {e} by the expert or row
 * of a stack. false: not in this container. A name beside the prefix loses the prefix's last part:
 * "a.model." gives "a.". */
static bool name_of(const binder *b, const heft_weight *w, int32_t layer, int32_t expert,
                    char name[256])
{
    const char *tmpl = template_of(b, w);
    if (!tmpl) return false;
    size_t keep = strlen(b->prefix);
    if (*tmpl == '^') {
        tmpl++;
        if (keep) keep--;
        while (keep && b->prefix[keep - 1] != '.')
            keep--;
    }
    (void)snprintf(name, 256, "%.*s", (int)keep, b->prefix);
    const char *hole = strstr(tmpl, "{}");
    if (hole) {
        tmpl = take(name, tmpl, hole, 2);
        put_number(name, layer);
    }
    hole = strstr(tmpl, "{e}");
    if (hole) {
        tmpl = take(name, tmpl, hole, 3);
        put_number(name, expert);
    }
    (void)take(name, tmpl, NULL, 0);
    return true;
}

/* ---- one tensor into one slot ----------------------------------------- */

static heft_status check_shape(const binder *b, const heft_tensor *t, int64_t rows, int64_t cols,
                               bool vector)
{
    int64_t want[2] = { rows, cols };
    int32_t rank = vector ? 1 : 2;
    if (t->rank == rank && t->shape[0] == rows && (vector || t->shape[1] == cols)) return HEFT_OK;
    return heft_fail(b->err, HEFT_E_FORMAT, "tensor %s is %s, %s needs %s", heft_show(t->name).text,
                     heft_show_shape(t->shape, t->rank).text, b->m->spec.family->name,
                     heft_show_shape(want, rank).text);
}

static size_t numbers_of(const heft_tensor *t)
{
    size_t n = 1;
    for (int32_t i = 0; i < t->rank; i++)
        n *= (size_t)t->shape[i];
    return n;
}

/* v = the tensor's numbers. */
static heft_status widen(const binder *b, const heft_tensor *t, heft_rule rule, float *v)
{
    const size_t n = numbers_of(t);
    for (size_t i = 0; i < n; i++) {
        if (t->dtype == HEFT_F32) {
            uint32_t bits = heft_load32(t->data + 4 * i);
            memcpy(&v[i], &bits, sizeof v[i]);
        } else if (t->dtype == HEFT_F16) {
            v[i] = heft_half(heft_load16(t->data + 2 * i));
        } else if (t->dtype == HEFT_BF16) {
            v[i] = heft_bf16(heft_load16(t->data + 2 * i));
        } else {
            return heft_fail(b->err, HEFT_E_UNSUPPORTED,
                             "tensor %s is of %s, expected a vector of F32, F16 or BF16",
                             heft_show(t->name).text, heft_dtypes[t->dtype].name);
        }
        if (rule == HEFT_ADD_ONE) v[i] += 1;
    }
    b->m->copied_bytes += (int64_t)(n * sizeof *v);
    return HEFT_OK;
}

static heft_status copy_vector(const binder *b, const heft_tensor *t, heft_rule rule,
                               const float **out)
{
    float *v = heft_arena_alloc(&b->m->arena, numbers_of(t), sizeof *v);
    *out = v;
    return v ? widen(b, t, rule, v) : heft_nomem(b->err, "a vector of weights");
}

static heft_status borrow_matrix(const binder *b, const heft_tensor *t, heft_rule rule,
                                 heft_mat *out)
{
    bool by_col = rule == HEFT_BY_COL;
    if (heft_dtypes[t->dtype].sum == HEFT_SUM_NONE)
        return heft_fail(b->err, HEFT_E_UNSUPPORTED,
                         "tensor %s is of %s, which heft cannot multiply by",
                         heft_show(t->name).text, heft_dtypes[t->dtype].name);
    if (by_col && heft_dtypes[t->dtype].block != 1)
        return heft_fail(b->err, HEFT_E_UNSUPPORTED,
                         "tensor %s is stored by columns and of %s; expected plain numbers",
                         heft_show(t->name).text, heft_dtypes[t->dtype].name);
    uint64_t stride = 0;
    if (!heft_dtype_bytes(t->dtype, t->shape[1], &stride))
        return heft_fail(
            b->err, HEFT_E_FORMAT, "tensor %s has rows of %lld, not whole blocks of %s",
            heft_show(t->name).text, (long long)t->shape[1], heft_dtypes[t->dtype].name);
    *out = (heft_mat){ .data = t->data,
                       .stride = (int64_t)stride,
                       .rows = (int32_t)t->shape[by_col],
                       .cols = (int32_t)t->shape[!by_col],
                       .dtype = (uint8_t)t->dtype,
                       .by_col = by_col,
                       .factor = 1 };
    return HEFT_OK;
}

static heft_rule rule_of(const binder *b, const heft_weight *w)
{
    return b->src->container == HEFT_GGUF ? w->gguf_rule : w->hf_rule;
}

static heft_status fill(const binder *b, const heft_weight *w, const heft_tensor *t, int32_t layer,
                        void *slot)
{
    const heft_spec *s = &b->m->spec;
    heft_rule rule = rule_of(b, w);
    int64_t rows = extent(s, layer, w->rows), cols = extent(s, layer, w->cols);
    heft_status st = HEFT_OK;
    if (w->slot != HEFT_SLOT_NONE)
        st = rule == HEFT_BY_COL ? check_shape(b, t, cols, rows, false)
                                 : check_shape(b, t, rows, cols, w->cols == HEFT_AXIS_ONE);
    if (st) return st;
    b->m->used[t - b->src->tensor] = true;
    if (w->slot == HEFT_SLOT_NONE) {
        b->m->unused_tensors++;
        b->m->unused_bytes += (int64_t)t->bytes;
        return HEFT_OK;
    }
    b->m->parameters += (int64_t)numbers_of(t);
    switch ((heft_slot)w->slot) {
    case HEFT_SLOT_LIN: return borrow_matrix(b, t, rule, &((heft_lin *)slot)->w);
    case HEFT_SLOT_MAT: return borrow_matrix(b, t, rule, slot);
    case HEFT_SLOT_BIAS: return copy_vector(b, t, rule, &((heft_lin *)slot)->bias);
    case HEFT_SLOT_NORM: return copy_vector(b, t, rule, &((heft_norm *)slot)->w);
    case HEFT_SLOT_NORM_BIAS: return copy_vector(b, t, rule, &((heft_norm *)slot)->b);
    case HEFT_SLOT_VEC: return copy_vector(b, t, rule, slot);
    case HEFT_SLOT_NONE: break;
    }
    return HEFT_OK;
}

static bool filled(const heft_weight *w, const void *slot)
{
    switch ((heft_slot)w->slot) {
    case HEFT_SLOT_LIN: return ((const heft_lin *)slot)->w.data != NULL;
    case HEFT_SLOT_MAT: return ((const heft_mat *)slot)->data != NULL;
    case HEFT_SLOT_BIAS: return ((const heft_lin *)slot)->bias != NULL;
    case HEFT_SLOT_NORM: return ((const heft_norm *)slot)->w != NULL;
    case HEFT_SLOT_NORM_BIAS: return ((const heft_norm *)slot)->b != NULL;
    case HEFT_SLOT_VEC: return *(const float *const *)slot != NULL;
    case HEFT_SLOT_NONE: return false;
    }
    return false;
}

/* ---- one row of a table ------------------------------------------------ */

static heft_presence presence_of(const heft_spec *s, int32_t layer, heft_need need)
{
    switch (need) {
    case HEFT_ALWAYS: return HEFT_YES;
    case HEFT_IF_THERE: return HEFT_MAYBE;
    case HEFT_HEAD: return s->tied == HEFT_NO ? HEFT_YES : HEFT_MAYBE;
    case HEFT_IF_OUT_NORM: return s->out_norm;
    case HEFT_IF_FFN_NORM: return s->ffn_norm;
    case HEFT_IF_PROJECTED: return s->D_embed != s->D ? HEFT_YES : HEFT_NO;
    case HEFT_IF_QK_NORM: return s->layer[layer].attn.qk_norm ? HEFT_YES : HEFT_NO;
    case HEFT_IF_QKV_BIAS: return s->qkv_bias;
    case HEFT_IF_O_BIAS: return s->o_bias;
    case HEFT_IF_MLP_BIAS: return s->mlp_bias;
    }
    return HEFT_MAYBE;
}

/* Does another row after w name the same slot, in this table? */
static bool has_alternative(const heft_weight *w)
{
    for (const heft_weight *o = w + 1; o->at || o->hf || o->gguf; o++)
        if (o->at == w->at && o->slot == w->slot) return true;
    return false;
}

/* The weight of a norm whose every row is a tensor. */
static heft_status stack(const binder *b, const heft_weight *w, int32_t layer, heft_norm *n)
{
    const heft_net *m = b->m;
    const int64_t rows = extent(&m->spec, layer, w->rows), cols = extent(&m->spec, layer, w->cols);
    float *v = heft_arena_alloc(&b->m->arena, (size_t)(rows * cols), sizeof *v);
    if (!v) return heft_nomem(b->err, "a vector of weights");
    heft_status st = HEFT_OK;
    for (int32_t i = 0; i < rows && !st; i++) {
        char name[256];
        (void)name_of(b, w, layer, i, name);
        const heft_tensor *t = heft_source_find(b->src, heft_str_of(name));
        st = t ? check_shape(b, t, cols, 1, true)
               : heft_fail(b->err, HEFT_E_FORMAT, "tensor %s is missing; %s needs it",
                           heft_show_z(name).text, m->spec.family->name);
        if (!st) st = widen(b, t, HEFT_AS_IS, v + i * cols);
        if (st) break;
        b->m->used[t - b->src->tensor] = true;
        b->m->parameters += cols;
    }
    n->w = v;
    return st;
}

static heft_status bind_row(const binder *b, const heft_weight *w, int32_t layer, void *base)
{
    char name[256];
    if (!name_of(b, w, layer, 0, name)) return HEFT_OK;
    void *slot = (char *)base + w->at;
    if (filled(w, slot)) return HEFT_OK;
    const heft_spec *s = &b->m->spec;
    const heft_tensor *t = heft_source_find(b->src, heft_str_of(name));
    heft_presence need = presence_of(s, layer, w->need);
    if (!t) {
        if (need != HEFT_YES || has_alternative(w)) return HEFT_OK;
        return heft_fail(b->err, HEFT_E_FORMAT, "tensor %s is missing; %s needs it",
                         heft_show_z(name).text, s->family->name);
    }
    if (need == HEFT_NO && b->m->used[t - b->src->tensor]) return HEFT_OK; /* another slot's */
    if (need == HEFT_NO)
        return heft_fail(b->err, HEFT_E_FORMAT,
                         "tensor %s is there, but the configuration says that %s has none",
                         heft_show_z(name).text, s->family->name);
    if (w->need == HEFT_HEAD && s->tied == HEFT_YES) {
        heft_warn(b->log,
                  "tie_word_embeddings is true: the embedding is used as the head, not tensor %s",
                  heft_show_z(name).text);
        static const heft_weight unused = { .slot = HEFT_SLOT_NONE };
        return fill(b, &unused, t, layer, slot);
    }
    return rule_of(b, w) == HEFT_STACK ? stack(b, w, layer, slot) : fill(b, w, t, layer, slot);
}

/* Does a later table of the list name the slot of w? Then it decides. */
static bool overridden(const heft_weight *const *later, const heft_weight *w)
{
    for (; *later; later++)
        for (const heft_weight *o = *later; o->at || o->hf || o->gguf; o++)
            if (o->at == w->at && o->slot == w->slot && w->slot != HEFT_SLOT_NONE) return true;
    return false;
}

static heft_status bind_tables(const binder *b, const heft_weight *const *tables, int32_t layer,
                               void *base)
{
    heft_status st = HEFT_OK;
    for (; *tables && !st; tables++)
        for (const heft_weight *w = *tables; (w->at || w->hf || w->gguf) && !st; w++)
            if (!overridden(tables + 1, w)) st = bind_row(b, w, layer, base);
    return st;
}

/* ---- the whole -------------------------------------------------------- */

/* Is any of the family's globals there with this prefix? */
static bool has_globals(const binder *b, const char *prefix)
{
    binder with = *b;
    with.prefix = prefix;
    for (const heft_weight *const *table = b->m->spec.family->globals; *table; table++)
        for (const heft_weight *w = *table; w->at || w->hf || w->gguf; w++) {
            char name[256];
            if (w->hf && w->hf[0] != '^' && name_of(&with, w, -1, 0, name)
                && heft_source_find(b->src, heft_str_of(name)))
                return true;
        }
    return false;
}

/* The prefix with which the family's names are there. */
static const char *find_prefix(const binder *b)
{
    static const char *const known[] = { "model.",
                                         "",
                                         "model.decoder.",
                                         "transformer.",
                                         "gpt_neox.",
                                         "language_model.model.",
                                         "model.language_model.",
                                         NULL };
    if (b->src->container == HEFT_GGUF) return "";
    for (const char *const *p = known; *p; p++)
        if (has_globals(b, *p)) return *p;
    return known[0];
}

static void set_kind(const heft_spec *s, heft_norm *n, bool there)
{
    n->kind = there ? s->norm : HEFT_NORM_NONE;
    n->eps = s->eps;
}

void heft_net_set_norms(heft_net *m)
{
    const bool weightless = m->spec.weightless;
    set_kind(&m->spec, &m->g.embed_norm, m->g.embed_norm.w);
    set_kind(&m->spec, &m->g.out_norm, m->g.out_norm.w || weightless);
    for (int32_t i = 0; i < m->spec.L; i++) {
        heft_layer *l = &m->layer[i];
        heft_norm *norms[] = { &l->n1, &l->n3, &l->n2, &l->n4, &l->q_norm, &l->k_norm };
        for (size_t n = 0; n < sizeof norms / sizeof *norms; n++)
            set_kind(&m->spec, norms[n], norms[n]->w || (weightless && n < 2));
    }
}

/* Slopes of ALiBi, arXiv:2108.12409: powers of 2^(-B/p) for p heads, p a power of two; the heads
 * beyond p take the odd powers of its square root. */
static heft_status make_slopes(const binder *b, heft_layer *l)
{
    const heft_attn *a = &l->s->attn;
    if (a->alibi == 0) return HEFT_OK;
    float *slope = heft_arena_alloc(&b->m->arena, (size_t)a->H, sizeof *slope);
    if (!slope) return heft_nomem(b->err, "alibi slopes");
    int32_t p = 1;
    while (2 * p <= a->H)
        p *= 2;
    for (int32_t h = 0; h < a->H; h++) {
        double power = h < p ? h + 1 : (2 * (h - p) + 1) / 2.0;
        slope[h] = (float)exp2(-(double)a->alibi * power / p);
    }
    l->slopes = slope;
    return HEFT_OK;
}

static heft_status check_unknown(const binder *b)
{
    const heft_tensor *first = NULL;
    int64_t n = 0;
    for (int64_t i = 0; i < b->src->n_tensors; i++) {
        if (b->m->used[i]) continue;
        if (!first) first = &b->src->tensor[i];
        n++;
    }
    if (!n) return HEFT_OK;
    char more[48] = "";
    if (n > 1) (void)snprintf(more, sizeof more, ", nor %lld more", (long long)(n - 1));
    return heft_fail(b->err, HEFT_E_UNSUPPORTED, "tensor %s is not known to the family %s%s",
                     heft_show(first->name).text, b->m->spec.family->name, more);
}

static heft_status bind_all(binder *b)
{
    heft_net *m = b->m;
    const heft_family *f = m->spec.family;
    m->layer = heft_arena_alloc(&m->arena, (size_t)m->spec.L, sizeof *m->layer);
    if (!m->layer) return heft_nomem(b->err, "the layers");
    b->prefix = find_prefix(b);
    heft_status st = bind_tables(b, f->globals, -1, &m->g);
    for (int32_t i = 0; i < m->spec.L && !st; i++) {
        m->layer[i].s = &m->spec.layer[i];
        st = bind_tables(b, f->layers, i, &m->layer[i]);
        if (!st) st = make_slopes(b, &m->layer[i]);
    }
    if (st) return st;
    if (!m->g.head.w.data) m->g.head.w = m->g.embed;
    heft_net_set_norms(m);
    return check_unknown(b);
}

heft_status heft_net_open(heft_net *m, const heft_source *src, bool strict, const heft_log *log,
                          heft_error *err)
{
    *m = (heft_net){ 0 };
    m->used = heft_arena_alloc(&m->arena, (size_t)src->n_tensors, sizeof *m->used);
    heft_status st = m->used ? heft_configure(src, strict, log, &m->arena, m->used, &m->spec, err)
                             : heft_nomem(err, "the list of tensors");
    binder b = { .m = m, .src = src, .log = log, .prefix = "", .err = err };
    if (!st && src->n_tensors == 0)
        st = heft_fail(err, HEFT_E_FORMAT, "%s has no tensors", heft_show_z(src->path).text);
    if (!st && m->spec.V == 0) { /* a GGUF file that leaves it to the embedding */
        const heft_tensor *t = heft_source_find(src, heft_str_of("token_embd.weight"));
        if (t && t->rank == 2 && t->shape[0] <= HEFT_MAX_VOCAB) m->spec.V = (int32_t)t->shape[0];
    }
    if (!st) st = heft_spec_check(&m->spec, err);
    if (!st) st = bind_all(&b);
    if (!st) st = heft_source_check(src, err);
    if (st) heft_net_close(m);
    return st;
}

void heft_net_close(heft_net *m)
{
    heft_arena_clear(&m->arena);
    *m = (heft_net){ 0 };
}

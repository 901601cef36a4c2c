/* Binding: from names and shapes in a file to the weights of a network.
 *
 * Every tensor of the file is bound, or known and counted as not run, or an error; every weight
 * the family needs is there with the shape its spec says, or an error. Matrices stay where they
 * are in the mapped file; vectors become float copies. */
#include "base/cursor.h"
#include "model/run.h"
#include "model/slices.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    heft_net *m;
    const heft_source *src;
    const heft_log *log;
    const char *prefix; /* what stands before the family's names in this release */
    const char *beside; /* what stands before the names with a ^ */
    heft_error *err;
} binder;

static const char *template_of(const binder *b, const heft_weight *w)
{
    return b->src->container == HEFT_GGUF ? w->gguf : w->hf;
}

/* Is there a tensor for each expert, or row of a stack? */
static bool is_apart(const binder *b, const heft_weight *w)
{
    return strstr(template_of(b, w), "{e}") != NULL;
}

/* The name of a row in this release: prefix, {} replaced by the layer and {e} by the expert or row
 * of a stack. false: not in this container. */
static bool name_of(const binder *b, const heft_weight *w, int32_t layer, int32_t expert,
                    heft_name *name)
{
    const char *p = template_of(b, w);
    if (!p) return false;
    name->n = 0;
    heft_name_add(name, heft_str_of(*p == '^' ? b->beside : b->prefix));
    if (*p == '^') p++;
    while (*p) {
        const size_t n = strcspn(p, "{");
        heft_name_add(name, (heft_str){ p, n });
        p += n;
        if (!*p) break;
        const bool e = p[1] == 'e';
        heft_name_number(name, e ? expert : layer);
        p += e ? sizeof "{e}" - 1 : sizeof "{}" - 1;
    }
    return true;
}

/* ---- one tensor into one slot ----------------------------------------- */

/* A weight that was found. */
typedef struct {
    const heft_tensor *t;  /* NULL: it was not */
    const heft_name *name; /* as the family has it */
    bool stored;           /* not plain: as the release's method has it */
} found;

static found find(const binder *b, const heft_weight *w, const heft_name *name)
{
    found f = { .name = name };
    const bool matrix = w->cols != HEFT_AXIS_ONE && w->slot != HEFT_SLOT_EXPERT_BIAS;
    if (matrix)
        f.t = heft_quant_find(&b->m->spec.quant, b->src, heft_name_str(name), &f.stored);
    else
        f.t = heft_source_find(b->src, heft_name_str(name));
    return f;
}

/* The extents a row of the table wants, outermost first; returns how many. */
static int32_t shape_of(const binder *b, const heft_weight *w, heft_rule rule, int32_t layer,
                        int64_t shape[3])
{
    const heft_spec *s = &b->m->spec;
    int32_t n = 0;
    if (w->slot == HEFT_SLOT_EXPERTS && !is_apart(b, w))
        shape[n++] = heft_extent(s, layer, HEFT_AXIS_E);
    if (w->slot == HEFT_SLOT_EACH) shape[n++] = heft_extent(s, layer, HEFT_AXIS_H);
    if (w->rows != HEFT_AXIS_ONE) shape[n++] = heft_extent(s, layer, w->rows);
    if (w->slot == HEFT_SLOT_TAPS && b->src->container != HEFT_GGUF) shape[n++] = 1;
    if (w->cols != HEFT_AXIS_ONE) shape[n++] = heft_extent(s, layer, w->cols);
    if (w->slot == HEFT_SLOT_GROUPS) shape[0] *= s->layer[layer].attn.o_groups;
    if (n == 0) shape[n++] = 1; /* a number is a vector of one */
    if (rule == HEFT_BY_COL) {
        int64_t rows = shape[n - 2];
        shape[n - 2] = shape[n - 1];
        shape[n - 1] = rows;
    }
    return n;
}

static heft_status check_shape(const binder *b, const heft_weight *w, const heft_tensor *t,
                               const int64_t *want, int32_t rank)
{
    const bool one_row = w->rows == HEFT_AXIS_ONE && w->cols != HEFT_AXIS_ONE && t->rank == rank + 1
                         && t->shape[0] == 1;
    bool same = t->rank == rank || one_row;
    for (int32_t i = 0; i < rank && same; i++)
        same = t->shape[i + one_row] == want[i];
    if (same) return HEFT_OK;
    return heft_fail(b->err, HEFT_E_FORMAT, "tensor %s is %s, %s needs %s", heft_show(t->name).text,
                     heft_show_shape(t->shape, t->rank).text, b->m->spec.family->name,
                     heft_show_shape(want, rank).text);
}

static int64_t numbers_of(const heft_tensor *t)
{
    int64_t n = 1;
    for (int32_t i = 0; i < t->rank; i++)
        n *= t->shape[i];
    return n;
}

/* v = the tensor's numbers. */
static heft_status widen(const binder *b, const heft_tensor *t, heft_rule rule, float *v)
{
    const size_t n = (size_t)numbers_of(t);
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
        if (rule == HEFT_MINUS_EXP) v[i] = (float)-exp((double)v[i]);
        if (rule == HEFT_OVER_ROOT) v[i] /= sqrtf((float)n);
    }
    b->m->copied_bytes += (int64_t)(n * sizeof *v);
    return HEFT_OK;
}

static heft_status copy_vector(const binder *b, const heft_tensor *t, heft_rule rule,
                               const float **out)
{
    float *v = heft_arena_alloc(&b->m->arena, (size_t)numbers_of(t), sizeof *v);
    *out = v;
    return v ? widen(b, t, rule, v) : heft_nomem(b->err, "a vector of weights");
}

/* The (rows, cols) matrix at `data` within the tensor. */
static heft_status borrow_matrix(const binder *b, const heft_tensor *t, heft_rule rule,
                                 const uint8_t *data, int64_t rows, int64_t cols, heft_mat *out)
{
    bool by_col = rule == HEFT_BY_COL;
    int64_t line = by_col ? rows : cols;
    if (heft_dtypes[t->dtype].sum == HEFT_SUM_NONE)
        return heft_fail(b->err, HEFT_E_UNSUPPORTED,
                         "tensor %s is of %s, which heft cannot multiply by",
                         heft_show(t->name).text, heft_dtypes[t->dtype].name);
    if (by_col && heft_dtypes[t->dtype].block != 1)
        return heft_fail(b->err, HEFT_E_UNSUPPORTED,
                         "tensor %s is stored by columns and of %s; expected plain numbers",
                         heft_show(t->name).text, heft_dtypes[t->dtype].name);
    uint64_t stride = 0;
    if (!heft_dtype_bytes(t->dtype, line, &stride))
        return heft_fail(b->err, HEFT_E_FORMAT,
                         "tensor %s has rows of %lld, not whole blocks of %s",
                         heft_show(t->name).text, (long long)line, heft_dtypes[t->dtype].name);
    *out = (heft_mat){ .data = data,
                       .stride = (int64_t)stride,
                       .rows = (int32_t)rows,
                       .cols = (int32_t)cols,
                       .dtype = (uint8_t)t->dtype,
                       .by_col = by_col };
    return HEFT_OK;
}

static heft_rule rule_of(const binder *b, const heft_weight *w)
{
    return b->src->container == HEFT_GGUF ? w->gguf_rule : w->hf_rule;
}

/* A tensor of all experts, or of expert number `expert`. */
static heft_status borrow_experts(const binder *b, const heft_tensor *t, heft_rule rule,
                                  int32_t expert, int64_t rows, int64_t cols, int32_t E,
                                  heft_experts *out)
{
    const bool all = t->rank == 3;
    if (!out->w) out->w = heft_arena_alloc(&b->m->arena, (size_t)E, sizeof *out->w);
    if (!out->w) return heft_nomem(b->err, "the experts");
    heft_status st = HEFT_OK;
    for (int32_t e = all ? 0 : expert; e < (all ? E : expert + 1) && !st; e++) {
        const uint64_t at = all ? t->bytes / (uint64_t)E * (uint64_t)e : 0;
        st = borrow_matrix(b, t, rule, t->data + at, rows, cols, &out->w[e]);
    }
    return st;
}

/* n matrices of one shape on the rows of a tensor, `apart` rows from one to the next. */
static heft_status borrow_each(const binder *b, const heft_tensor *t, int64_t first, int64_t apart,
                               int64_t rows, int64_t cols, int32_t n, heft_mat **out)
{
    const int64_t all = t->rank == 3 ? t->shape[0] * t->shape[1] : t->shape[0];
    const uint64_t stride = t->bytes / (uint64_t)all;
    heft_mat *w = heft_arena_alloc(&b->m->arena, (size_t)n, sizeof *w);
    if (!w) return heft_nomem(b->err, "the heads of a latent attention");
    heft_status st = HEFT_OK;
    for (int32_t h = 0; h < n && !st; h++)
        st = borrow_matrix(b, t, HEFT_AS_IS, t->data + (uint64_t)(first + h * apart) * stride, rows,
                           cols, &w[h]);
    *out = w;
    return st;
}

/* Of each head nope rows that make its key, then dv rows that make its value. A query goes the
 * other way through the first: what is stored as their rows are its columns. */
static heft_status borrow_kv_up(const binder *b, const heft_tensor *t, heft_layer *l)
{
    const heft_attn *a = &l->s->attn;
    const int64_t each = (int64_t)a->nope + a->dv;
    heft_status st = borrow_each(b, t, 0, each, a->nope, a->kv_rank, a->H, &l->k_up);
    for (int32_t h = 0; h < a->H && !st; h++) {
        l->k_up[h].rows = a->kv_rank;
        l->k_up[h].cols = a->nope;
        l->k_up[h].by_col = true;
    }
    return st ? st : borrow_each(b, t, a->nope, each, a->dv, a->kv_rank, a->H, &l->v_up);
}

/* A matrix of numbers that are read one by one. */
static heft_status borrow_plain(const binder *b, const heft_tensor *t, int64_t rows, int64_t cols,
                                const char *what, heft_mat *out)
{
    if (heft_dtypes[t->dtype].block != 1)
        return heft_fail(b->err, HEFT_E_UNSUPPORTED,
                         "tensor %s is of %s, expected %s of plain numbers",
                         heft_show(t->name).text, heft_dtypes[t->dtype].name, what);
    return borrow_matrix(b, t, HEFT_AS_IS, t->data, rows, cols, out);
}

/* A weight as the release's method has it. */
static heft_status fill_stored(const binder *b, const heft_weight *w, const found *f, int32_t layer,
                               int32_t expert, void *slot)
{
    const heft_spec *s = &b->m->spec;
    const int32_t groups = w->slot == HEFT_SLOT_GROUPS ? s->layer[layer].attn.o_groups : 1;
    const bool all = w->slot == HEFT_SLOT_EXPERTS && !is_apart(b, w);
    const heft_stored stored = { .quant = &b->m->spec.quant,
                                 .source = b->src,
                                 .tensor = f->t,
                                 .name = heft_name_str(f->name),
                                 .experts = all ? heft_extent(s, layer, HEFT_AXIS_E) : 0,
                                 .rows = groups * heft_extent(s, layer, w->rows),
                                 .cols = heft_extent(s, layer, w->cols),
                                 .arena = &b->m->arena,
                                 .used = b->m->used,
                                 .as = b->m->as };
    if (rule_of(b, w) == HEFT_BY_COL && heft_str_eq(f->t->name, heft_name_str(f->name)))
        return heft_fail(b->err, HEFT_E_UNSUPPORTED,
                         "tensor %s is stored by columns and of %s; expected plain numbers",
                         heft_show(f->t->name).text, heft_dtypes[f->t->dtype].name);
    heft_mat m;
    heft_status st = heft_quant_bind(&stored, &m, b->err);
    if (st) return st;
    b->m->parameters += m.with->numbers;
    switch ((heft_slot)w->slot) {
    case HEFT_SLOT_LIN: ((heft_lin *)slot)->w = m; return HEFT_OK;
    case HEFT_SLOT_MAT: *(heft_mat *)slot = m; return HEFT_OK;
    case HEFT_SLOT_EXPERTS:
        return heft_slice_experts(&m, all, expert, s->layer[layer].route.E, slot, &b->m->arena,
                                  b->err);
    case HEFT_SLOT_GROUPS: return heft_slice_groups(&m, groups, slot, &b->m->arena, b->err);
    case HEFT_SLOT_KV_UP: return heft_slice_kv_up(&m, &b->m->layer[layer], &b->m->arena, b->err);
    case HEFT_SLOT_BIAS:
    case HEFT_SLOT_NORM:
    case HEFT_SLOT_NORM_BIAS:
    case HEFT_SLOT_NUMBER:
    case HEFT_SLOT_VEC:
    case HEFT_SLOT_EXPERT_BIAS:
    case HEFT_SLOT_EACH:
    case HEFT_SLOT_TABLE:
    case HEFT_SLOT_TAPS:
    case HEFT_SLOT_NONE: break;
    }
    return heft_fail(b->err, HEFT_E_UNSUPPORTED, "tensor %s is of %s, expected plain numbers",
                     heft_show(f->t->name).text, heft_dtypes[f->t->dtype].name);
}

/* A table of integers, each a number of an expert. */
static heft_status borrow_table(const binder *b, const heft_tensor *t, int32_t E, heft_mat *out)
{
    const size_t bytes = (size_t)heft_dtypes[t->dtype].bytes, n = (size_t)numbers_of(t);
    if (t->dtype != HEFT_I32 && t->dtype != HEFT_I64)
        return heft_fail(b->err, HEFT_E_UNSUPPORTED,
                         "tensor %s is of %s, expected numbers of experts as I32 or I64",
                         heft_show(t->name).text, heft_dtypes[t->dtype].name);
    for (size_t i = 0; i < n; i++) {
        const int64_t e = t->dtype == HEFT_I64 ? (int64_t)heft_load64(t->data + i * bytes)
                                               : (int32_t)heft_load32(t->data + i * bytes);
        if (e < 0 || e >= E)
            return heft_fail(b->err, HEFT_E_FORMAT,
                             "tensor %s: number %lld is %lld, expected an expert of 0 to %d",
                             heft_show(t->name).text, (long long)i, (long long)e, E - 1);
    }
    *out = (heft_mat){ .data = t->data,
                       .stride = (int64_t)bytes * t->shape[1],
                       .rows = (int32_t)t->shape[0],
                       .cols = (int32_t)t->shape[1],
                       .dtype = (uint8_t)t->dtype };
    return HEFT_OK;
}

/* A tensor is known, not run and counted. */
static void leave_one(const binder *b, const heft_tensor *t)
{
    b->m->used[t - b->src->tensor] = true;
    b->m->unused_tensors++;
    b->m->unused_bytes += (int64_t)t->bytes;
}

/* And so are the others of the weight `name`. */
static void leave_companions(const binder *b, const heft_name *name)
{
    heft_name stem = *name;
    if (heft_str_ends(heft_name_str(&stem), ".weight")) stem.z[stem.n - strlen("weight")] = 0;
    for (int64_t i = 0; i < b->src->n_tensors; i++)
        if (!b->m->used[i] && heft_str_begins(b->src->tensor[i].name, stem.z))
            leave_one(b, &b->src->tensor[i]);
}

static heft_status fill(const binder *b, const heft_weight *w, const found *f, int32_t layer,
                        int32_t expert, void *slot)
{
    const heft_spec *s = &b->m->spec;
    const heft_tensor *t = f->t;
    heft_rule rule = rule_of(b, w);
    bool *used = &b->m->used[t - b->src->tensor];
    if (w->slot == HEFT_SLOT_NONE && *used) return HEFT_OK; /* under another row */
    *used = true;
    if (w->slot == HEFT_SLOT_NONE) {
        leave_one(b, t);
        if (f->stored) leave_companions(b, f->name);
        return HEFT_OK;
    }
    if (f->stored) return fill_stored(b, w, f, layer, expert, slot);
    int64_t want[3], rows = heft_extent(s, layer, w->rows), cols = heft_extent(s, layer, w->cols);
    heft_status st = check_shape(b, w, t, want, shape_of(b, w, rule, layer, want));
    if (st) return st;
    b->m->parameters += numbers_of(t);
    switch ((heft_slot)w->slot) {
    case HEFT_SLOT_LIN:
        return borrow_matrix(b, t, rule, t->data, rows, cols, &((heft_lin *)slot)->w);
    case HEFT_SLOT_MAT: return borrow_matrix(b, t, rule, t->data, rows, cols, slot);
    case HEFT_SLOT_BIAS: return copy_vector(b, t, rule, &((heft_lin *)slot)->bias);
    case HEFT_SLOT_NORM: return copy_vector(b, t, rule, &((heft_norm *)slot)->w);
    case HEFT_SLOT_NORM_BIAS: return copy_vector(b, t, rule, &((heft_norm *)slot)->b);
    case HEFT_SLOT_VEC: return copy_vector(b, t, rule, slot);
    case HEFT_SLOT_TAPS: return borrow_plain(b, t, rows, cols, "taps", slot);
    case HEFT_SLOT_NUMBER: {
        const float *one = NULL;
        st = copy_vector(b, t, rule, &one);
        if (!st) *(float *)slot = *one;
        return st;
    }
    case HEFT_SLOT_EXPERTS:
        return borrow_experts(b, t, rule, expert, rows, cols, s->layer[layer].route.E, slot);
    case HEFT_SLOT_EXPERT_BIAS:
        return borrow_plain(b, t, rows, cols, "biases", &((heft_experts *)slot)->bias);
    case HEFT_SLOT_EACH:
        return borrow_each(b, t, 0, rows, rows, cols, s->layer[layer].attn.H, slot);
    case HEFT_SLOT_GROUPS:
        return borrow_each(b, t, 0, rows, rows, cols, s->layer[layer].attn.o_groups, slot);
    case HEFT_SLOT_TABLE: return borrow_table(b, t, s->layer[layer].route.E, slot);
    case HEFT_SLOT_KV_UP: return borrow_kv_up(b, t, &b->m->layer[layer]);
    case HEFT_SLOT_NONE: break;
    }
    return HEFT_OK;
}

static bool filled(const heft_weight *w, const void *slot)
{
    switch ((heft_slot)w->slot) {
    case HEFT_SLOT_LIN: return ((const heft_lin *)slot)->w.data != NULL;
    case HEFT_SLOT_TAPS:
    case HEFT_SLOT_MAT: return ((const heft_mat *)slot)->data != NULL;
    case HEFT_SLOT_BIAS: return ((const heft_lin *)slot)->bias != NULL;
    case HEFT_SLOT_NORM: return ((const heft_norm *)slot)->w != NULL;
    case HEFT_SLOT_NORM_BIAS: return ((const heft_norm *)slot)->b != NULL;
    case HEFT_SLOT_VEC: return *(const float *const *)slot != NULL;
    case HEFT_SLOT_EXPERTS: return ((const heft_experts *)slot)->w != NULL;
    case HEFT_SLOT_EXPERT_BIAS: return ((const heft_experts *)slot)->bias.data != NULL;
    case HEFT_SLOT_TABLE: return ((const heft_mat *)slot)->data != NULL;
    case HEFT_SLOT_EACH:
    case HEFT_SLOT_GROUPS:
    case HEFT_SLOT_KV_UP: return *(heft_mat *const *)slot != NULL;
    case HEFT_SLOT_NUMBER:
    case HEFT_SLOT_NONE: return false;
    }
    return false;
}

/* ---- one row of a table ------------------------------------------------ */

/* Does another row after w, in this table and for this layer, name the same slot? */
static bool has_alternative(const binder *b, const heft_weight *w, int32_t layer)
{
    for (const heft_weight *o = w + 1; o->at || o->hf || o->gguf; o++)
        if (o->at == w->at && o->slot == w->slot && template_of(b, o)
            && heft_presence_of(&b->m->spec, layer, o->need) != HEFT_NO)
            return true;
    return false;
}

/* The weight of a norm whose every row is a tensor. */
static heft_status stack(const binder *b, const heft_weight *w, int32_t layer, heft_norm *n)
{
    const heft_net *m = b->m;
    const int64_t rows = heft_extent(&m->spec, layer, w->rows),
                  cols = heft_extent(&m->spec, layer, w->cols);
    float *v = heft_arena_alloc(&b->m->arena, (size_t)(rows * cols), sizeof *v);
    if (!v) return heft_nomem(b->err, "a vector of weights");
    heft_status st = HEFT_OK;
    for (int32_t i = 0; i < rows && !st; i++) {
        heft_name name;
        (void)name_of(b, w, layer, i, &name);
        const heft_tensor *t = heft_source_find(b->src, heft_name_str(&name));
        st = t ? check_shape(b, w, t, &cols, 1)
               : heft_fail(b->err, HEFT_E_FORMAT, "tensor %s is missing; %s needs it",
                           heft_show(heft_name_str(&name)).text, m->spec.family->name);
        if (!st) st = widen(b, t, HEFT_AS_IS, v + i * cols);
        if (st) break;
        b->m->used[t - b->src->tensor] = true;
        b->m->parameters += cols;
    }
    n->w = v;
    return st;
}

/* The tensors of the experts after the first. */
static heft_status bind_others(const binder *b, const heft_weight *w, int32_t layer, void *slot)
{
    heft_status st = HEFT_OK;
    for (int32_t e = 1; e < b->m->spec.layer[layer].route.E && !st; e++) {
        heft_name name;
        if (!name_of(b, w, layer, e, &name)) break;
        const found f = find(b, w, &name);
        st = f.t ? fill(b, w, &f, layer, e, slot)
                 : heft_fail(b->err, HEFT_E_FORMAT, "tensor %s is missing; %s needs it",
                             heft_show(heft_name_str(&name)).text, b->m->spec.family->name);
    }
    return st;
}

static heft_status bind_row(const binder *b, const heft_weight *table, const heft_weight *w,
                            int32_t layer, void *base)
{
    heft_name name;
    if (!name_of(b, w, layer, 0, &name)) return HEFT_OK;
    void *slot = (char *)base + w->at;
    if (filled(w, slot)) return HEFT_OK;
    const heft_spec *s = &b->m->spec;
    static const heft_weight unused = { .slot = HEFT_SLOT_NONE };
    const found f = find(b, w, &name);
    const heft_tensor *t = f.t;
    heft_presence need = heft_presence_of(s, layer, w->need);
    if (!t) {
        if (need != HEFT_YES || has_alternative(b, w, layer)) return HEFT_OK;
        while (table->at != w->at || table->slot != w->slot
               || heft_presence_of(s, layer, table->need) == HEFT_NO
               || !name_of(b, table, layer, 0, &name))
            table++; /* of several names the first is the one to give */
        return heft_fail(b->err, HEFT_E_FORMAT, "tensor %s is missing; %s needs it",
                         heft_show(heft_name_str(&name)).text, s->family->name);
    }
    if (need == HEFT_NO && b->m->used[t - b->src->tensor]) return HEFT_OK; /* another slot's */
    if (need == HEFT_NO)
        return heft_fail(b->err, HEFT_E_FORMAT,
                         "tensor %s is there, but the configuration says that %s has none",
                         heft_show(heft_name_str(&name)).text, s->family->name);
    if (w->need == HEFT_HEAD && s->tied == HEFT_YES) {
        heft_warn(b->log,
                  "tie_word_embeddings is true: the embedding is used as the head, not tensor %s",
                  heft_show(heft_name_str(&name)).text);
        return fill(b, &unused, &f, layer, 0, slot);
    }
    const bool another =
        ((w->need == HEFT_OWN_K || w->need == HEFT_OWN_V) && s->layer[layer].attn.kv_from != layer)
        || (w->need == HEFT_IF_INDEX && s->layer[layer].attn.index.heads == 0);
    if (another) return fill(b, &unused, &f, layer, 0, slot);
    if (rule_of(b, w) == HEFT_STACK) return stack(b, w, layer, slot);
    heft_status st = fill(b, w, &f, layer, 0, slot);
    if (!st && is_apart(b, w)) st = bind_others(b, w, layer, slot);
    return st;
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
            if (!overridden(tables + 1, w)) st = bind_row(b, *tables, w, layer, base);
    return st;
}

/* ---- the whole -------------------------------------------------------- */

/* Find the prefix with which a name of the first table is there. */
static void find_prefix(binder *b)
{
    static const char *const known[][2] = {
        { "model.", "" },
        { "", "" },
        { "transformer.", "" },
        { "model.decoder.", "" },
        { "gpt_neox.", "" },
        { "language_model.model.", "language_model." },
        { "model.language_model.", "" },
    };
    if (b->src->container == HEFT_GGUF) return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        heft_name name;
        b->prefix = known[i][0];
        b->beside = known[i][1];
        for (const heft_weight *w = b->m->spec.family->globals[0]; w->hf; w++)
            if (*w->hf != '^' && name_of(b, w, -1, 0, &name)
                && heft_source_find(b->src, heft_name_str(&name)))
                return;
    }
    b->prefix = known[0][0];
    b->beside = known[0][1];
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
    set_kind(&m->spec, &m->g.own_norm, m->g.own_norm.w);
    set_kind(&m->spec, &m->g.out_norm, m->g.out_norm.w || weightless);
    set_kind(&m->spec, &m->g.hyper.norm, m->g.hyper.fn.w.data);
    for (int32_t i = 0; i < m->spec.L; i++) {
        heft_layer *l = &m->layer[i];
        set_kind(&m->spec, &l->own_norm, l->own_norm.w);
        for (int32_t k = 0; k < 2; k++)
            set_kind(&m->spec, &l->hyper[k].norm, l->hyper[k].fn.w.data);
        heft_norm *norms[] = { &l->n1,     &l->n3,        &l->n2,   &l->n4,    &l->q_norm,
                               &l->k_norm, &l->router_in, &l->e_in, &l->e_out, &l->shared_out };
        set_kind(&m->spec, &l->read_norm, l->read_norm.w);
        for (size_t n = 0; n < sizeof norms / sizeof *norms; n++)
            set_kind(&m->spec, norms[n],
                     norms[n]->w || (weightless && n < 2)
                         || ((n == 4 || n == 5) && l->s->attn.qk_norm == HEFT_QKN_UNIT));
        set_kind(&m->spec, &l->q_latent, l->q_latent.w);
        set_kind(&m->spec, &l->kv_latent, l->kv_latent.w);
        set_kind(&m->spec, &l->comp.norm, l->comp.norm.w);
        set_kind(&m->spec, &l->ix_comp.norm, l->ix_comp.norm.w);
        l->ix_norm.kind = l->ix_norm.w ? HEFT_NORM_LAYER : HEFT_NORM_NONE;
        l->q_latent.eps = l->kv_latent.eps = l->ix_norm.eps = m->spec.latent_eps;
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

/* Count the tensors whose names begin so, which heft knows and does not run, and say so. */
static void leave(const binder *b, const char *start)
{
    int64_t n = 0, bytes = 0;
    for (int64_t i = 0; i < b->src->n_tensors; i++) {
        const heft_tensor *t = &b->src->tensor[i];
        if (b->m->used[i] || !heft_str_begins(t->name, start)) continue;
        b->m->used[i] = true;
        n++;
        bytes += (int64_t)t->bytes;
    }
    b->m->unused_tensors += n;
    b->m->unused_bytes += bytes;
    if (n)
        heft_warn(b->log, "%lld tensors %s* of %lld bytes are known and not run", (long long)n,
                  start, (long long)bytes);
}

/* Scales of activations: heft multiplies by activations as its own sums have them. */
static void leave_idle(const binder *b)
{
    for (int64_t i = 0; i < b->src->n_tensors; i++) {
        if (b->m->used[i]) continue;
        const char *ending = heft_quant_idle(&b->m->spec.quant, b->src->tensor[i].name);
        int64_t n = 0;
        for (int64_t k = i; k < b->src->n_tensors && ending; k++) {
            const heft_tensor *t = &b->src->tensor[k];
            if (b->m->used[k] || !heft_str_ends(t->name, ending)) continue;
            if (k > i) b->m->used[k] = true;
            n++;
            b->m->unused_bytes += (int64_t)t->bytes;
        }
        if (!n) continue;
        b->m->used[i] = true;
        b->m->unused_tensors += n;
        heft_warn(b->log, "%lld tensors *%s are known and not used: activations are heft's own",
                  (long long)n, ending);
    }
}

/* Parts of the family beside the text part, and the layers behind the last one, which draft. */
static void leave_parts(const binder *b)
{
    for (const char *const *start = b->m->spec.family->not_run; start && *start; start++)
        leave(b, *start);
    for (int32_t d = 0; d < b->m->spec.drafts; d++) {
        char start[64];
        (void)snprintf(start, sizeof start, "%.32s%s.%d.", b->prefix,
                       b->src->container == HEFT_GGUF ? "blk" : "layers", b->m->spec.L + d);
        leave(b, start);
    }
}

/* Numbers of experts that one row does not go to. */
static int64_t idle(const heft_layer *l)
{
    const heft_experts *all[] = { &l->e_gate, &l->e_up, &l->e_down };
    int64_t each = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]->w) each += (int64_t)all[i]->w->rows * all[i]->w->cols;
        if (all[i]->bias.data) each += all[i]->bias.cols;
    }
    return each * (l->s->route.E - l->s->route.top);
}

/* Where only the file says whether there are biases, it says so of all layers and of q, k and v
 * alike: one that is missing is missing. */
static heft_status check_biases(const binder *b, const heft_weight *w, int32_t *having)
{
    const heft_net *m = b->m;
    if (w->slot != HEFT_SLOT_BIAS || heft_presence_of(&m->spec, 0, w->need) != HEFT_MAYBE)
        return HEFT_OK;
    for (int32_t i = 0; i < m->spec.L; i++) {
        const heft_lin *lin = (const void *)((const char *)&m->layer[i] + w->at);
        heft_name name;
        if (!lin->w.data || !name_of(b, w, i, 0, &name)) continue;
        if (having) *having += lin->bias != NULL;
        if (!having && !lin->bias)
            return heft_fail(b->err, HEFT_E_FORMAT,
                             "tensor %s is missing; others of its kind are there",
                             heft_show(heft_name_str(&name)).text);
    }
    return HEFT_OK;
}

static heft_status check_all_biases(const binder *b)
{
    static const heft_need kinds[] = { HEFT_IF_QKV_BIAS, HEFT_IF_O_BIAS, HEFT_IF_MLP_BIAS };
    heft_status st = HEFT_OK;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        int32_t having = 0;
        for (int32_t pass = 0; pass < 2; pass++) /* count, then look for what is missing */
            for (const heft_weight *const *t = b->m->spec.family->layers;
                 *t && !st && (pass == 0 || having); t++)
                for (const heft_weight *w = *t; (w->at || w->hf || w->gguf) && !st; w++)
                    if (w->need == kinds[k] && !overridden(t + 1, w))
                        st = check_biases(b, w, pass == 0 ? &having : NULL);
    }
    return st;
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
    find_prefix(b);
    heft_status st = bind_tables(b, f->globals, -1, &m->g);
    int64_t unread = 0;
    for (int32_t i = 0; i < m->spec.L && !st; i++) {
        m->layer[i].s = &m->spec.layer[i];
        m->layer[i].scale = 1;
        st = bind_tables(b, f->layers, i, &m->layer[i]);
        if (!st) st = make_slopes(b, &m->layer[i]);
        unread += idle(&m->layer[i]);
    }
    if (st) return st;
    st = check_all_biases(b);
    if (st) return st;
    m->parameters_active = m->parameters - unread;
    if (!m->g.head.w.data) m->g.head.w = m->g.embed;
    heft_net_set_norms(m);
    leave_parts(b);
    leave_idle(b);
    return check_unknown(b);
}

heft_status heft_net_open(heft_net *m, const heft_source *src, bool strict, const heft_log *log,
                          heft_error *err)
{
    *m = (heft_net){ 0 };
    m->used = heft_arena_alloc(&m->arena, (size_t)src->n_tensors, sizeof *m->used);
    m->as = heft_arena_alloc(&m->arena, (size_t)src->n_tensors, sizeof *m->as);
    heft_status st = m->used && m->as
                         ? heft_configure(src, strict, log, &m->arena, m->used, &m->spec, err)
                         : heft_nomem(err, "the list of tensors");
    for (int64_t i = 0; i < src->n_tensors && !st; i++)
        m->as[i] = (uint8_t)src->tensor[i].dtype;
    binder b = { .m = m, .src = src, .log = log, .prefix = "", .beside = "", .err = err };
    if (!st && src->n_tensors == 0)
        st = heft_fail(err, HEFT_E_FORMAT, "%s has no tensors", heft_show_z(src->path).text);
    if (!st && m->spec.V == 0) { /* a GGUF file that leaves it to the embedding */
        const heft_tensor *t = heft_source_find(src, heft_str_of("token_embd.weight"));
        if (t && t->rank == 2 && t->shape[0] <= HEFT_MAX_VOCAB) m->spec.V = (int32_t)t->shape[0];
    }
    if (!st) st = heft_spec_check(&m->spec, err);
    /* The vectors lie between matrices: read ahead, each would bring megabytes nobody asked for. */
    for (int32_t i = 0; i < src->n_files; i++)
        heft_map_scattered(&src->file[i], true);
    if (!st) st = bind_all(&b);
    for (int32_t i = 0; i < src->n_files; i++)
        heft_map_scattered(&src->file[i], false);
    if (!st) st = heft_source_check(src, err);
    if (st) heft_net_close(m);
    return st;
}

void heft_net_close(heft_net *m)
{
    heft_arena_clear(&m->arena);
    *m = (heft_net){ 0 };
}

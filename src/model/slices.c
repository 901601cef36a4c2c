/* Matrices with scales beside them, cut into those of heads, experts and groups. */
#include "model/slices.h"

/* `rows` rows of a matrix, from row `first` of it on. */
static heft_mat slice(const heft_mat *w, int64_t first, int32_t rows)
{
    heft_mat part = *w;
    part.line += w->by_col ? 0 : first;
    part.at += w->by_col ? (int32_t)first : 0;
    part.rows = rows;
    return part;
}

heft_status heft_slice_kv_up(const heft_mat *w, heft_layer *l, heft_arena *arena, heft_error *err)
{
    const heft_attn *a = &l->s->attn;
    l->k_up = heft_arena_alloc(arena, (size_t)a->H, sizeof *l->k_up);
    l->v_up = heft_arena_alloc(arena, (size_t)a->H, sizeof *l->v_up);
    if (!l->k_up || !l->v_up) return heft_nomem(err, "the heads of a latent attention");
    for (int32_t h = 0; h < a->H; h++) {
        const int64_t first = (int64_t)h * (a->nope + a->dv);
        l->v_up[h] = slice(w, first + a->nope, a->dv);
        l->k_up[h] = slice(w, first, a->nope);
        l->k_up[h].rows = a->kv_rank;
        l->k_up[h].cols = a->nope;
        l->k_up[h].by_col = !w->by_col;
    }
    return HEFT_OK;
}

heft_status heft_slice_experts(const heft_mat *w, bool all, int32_t expert, int32_t E,
                               heft_experts *out, heft_arena *arena, heft_error *err)
{
    if (!out->w) out->w = heft_arena_alloc(arena, (size_t)E, sizeof *out->w);
    if (!out->w) return heft_nomem(err, "the experts");
    for (int32_t e = 0; e < E && all; e++)
        out->w[e] = slice(w, (int64_t)e * w->rows, w->rows);
    if (!all) out->w[expert] = *w;
    return HEFT_OK;
}

heft_status heft_slice_groups(const heft_mat *w, int32_t groups, heft_mat **out, heft_arena *arena,
                              heft_error *err)
{
    const int32_t rows = w->rows / groups;
    *out = heft_arena_alloc(arena, (size_t)groups, sizeof **out);
    if (!*out) return heft_nomem(err, "the groups of an attention's outputs");
    for (int32_t g = 0; g < groups; g++)
        (*out)[g] = slice(w, (int64_t)g * rows, rows);
    return HEFT_OK;
}

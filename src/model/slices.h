/* Matrices with scales beside them, cut into those of heads and experts: nothing is copied. */
#ifndef HEFT_MODEL_SLICES_H
#define HEFT_MODEL_SLICES_H

#include "model/run.h"

/* k_up and v_up of a latent attention: of each head nope rows that make its key, then dv rows that
 * make its value. A query goes the other way through the first: what is stored as their rows are
 * its columns. Fails: HEFT_E_NOMEM. */
heft_status heft_slice_kv_up(const heft_mat *w, heft_layer *l, heft_arena *arena,
                             heft_error *err) HEFT_MUST_CHECK;
/* All E experts, each as many rows of w as it says it has; or, where not all lie in it, one. */
heft_status heft_slice_experts(const heft_mat *w, bool all, int32_t expert, int32_t E,
                               heft_experts *out, heft_arena *arena,
                               heft_error *err) HEFT_MUST_CHECK;

/* So many groups of equal rows: *out (groups). */
heft_status heft_slice_groups(const heft_mat *w, int32_t groups, heft_mat **out, heft_arena *arena,
                              heft_error *err) HEFT_MUST_CHECK;

#endif

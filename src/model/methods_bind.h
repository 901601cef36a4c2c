/* From the tensors of a weight to a heft_mat: what methods.c and the binders of each share. */
#ifndef HEFT_MODEL_METHODS_BIND_H
#define HEFT_MODEL_METHODS_BIND_H

#include "model/cfg.h"
#include "model/methods.h"

enum { HEFT_MAX_PARTS = 8 }; /* tensors that one weight has */

/* A weight on its way to a matrix. */
typedef struct {
    const heft_stored *in;
    heft_name stem; /* what the names of its tensors begin with */
    heft_mat *w;
    heft_scales *s;
    int64_t part[HEFT_MAX_PARTS]; /* tensors it is made of, numbers in the source */
    int32_t n_parts;
    heft_error *err;
} heft_maker;

/* Fill m->w and m->s, which have data, rows and cols, and one scale of factor 1 for everything. */
typedef heft_status heft_bind_fn(heft_maker *m);
heft_bind_fn heft_bind_fp8, heft_bind_mxfp4, heft_bind_compressed, heft_bind_awq, heft_bind_gptq,
    heft_bind_bnb, heft_bind_modelopt;

/* A method: what it calls things, and what makes a matrix of them. */
typedef struct heft_method {
    const char *name;         /* quant_method */
    const heft_must_be *keys; /* of quantization_config: all there may be; only: "a|b", the values
                               * that heft runs, or NULL: any. Ended by a NULL key */
    const char *main[3];      /* what may stand in place of "weight" in names; NULL-ended */
    const char *skip;         /* the key of the modules that stay plain, "a|b" */
    heft_bind_fn *bind;
} heft_method;

/* A set of heft_dtype. */
enum { HEFT_OF_FLOATS = 1 << HEFT_F32 | 1 << HEFT_F16 | 1 << HEFT_BF16 };

/* ---- tensors ---- */

/* The tensor that is called `suffix` beside the weight. Fails where it is missing and required;
 * else *out may be NULL. */
heft_status heft_companion(heft_maker *, const char *suffix, bool required,
                           const heft_tensor **out) HEFT_MUST_CHECK;
/* Refuse a tensor that is not of one of these types, in this shape; else note it. */
heft_status heft_part_is(heft_maker *, const heft_tensor *, uint64_t types, int32_t rank,
                         const int64_t *shape) HEFT_MUST_CHECK;
/* The tensor belongs to the weight. */
void heft_part_note(heft_maker *, const heft_tensor *);
/* Does it have one number, whatever its rank? */
bool heft_is_one(const heft_tensor *);

/* The matrix in rows of whole blocks, or the scales of FP8, NVFP4 and MXFP4: binders of several
 * methods. */
heft_status heft_bind_rows(heft_maker *, heft_dtype as, uint64_t types) HEFT_MUST_CHECK;
/* One scale for `lines` rows times `group` columns each (0: all); a release may leave out an axis
 * of extent 1. */
heft_status heft_bind_scales(heft_maker *, const heft_tensor *, uint64_t types, int64_t lines,
                             int64_t group) HEFT_MUST_CHECK;
heft_status heft_bind_nvfp4(heft_maker *, const char *second, bool divides) HEFT_MUST_CHECK;
/* The group of every input: int32 numbers below `groups`. *ordered: they say nothing that
 * the order of inputs does not. */
heft_status heft_bind_index(heft_maker *, const heft_tensor *, int64_t n, int64_t groups,
                            int64_t group, bool *ordered) HEFT_MUST_CHECK;

/* ---- configuration ---- */

/* Every key of the object is in the list, with a value that the list allows. */
heft_status heft_check_keys(const heft_value *object, const heft_must_be *keys, const char *where,
                            heft_error *err) HEFT_MUST_CHECK;
/* The first of the keys "a|b" that is there and not null, or NULL. */
const heft_value *heft_quant_setting(const heft_value *object, const char *keys);
/* The integer under the first of "a|b" that is there: -1 or positive. absent below -1: required. */
heft_status heft_read_int(const heft_value *object, const char *keys, int32_t absent, int32_t *out,
                          heft_error *err) HEFT_MUST_CHECK;
/* Two positive integers; nothing where there is no list. */
heft_status heft_read_block(const heft_value *list, int32_t block[2],
                            heft_error *err) HEFT_MUST_CHECK;
/* config_groups of compressed-tensors. */
heft_status heft_check_groups(const heft_quant *, heft_error *err) HEFT_MUST_CHECK;
/* Is a module in a list of names? Entries are patterns behind "re:", else parts of names between
 * dots, with * for any letters. */
heft_status heft_module_listed(const heft_value *list, heft_str module, bool *listed,
                               heft_error *err) HEFT_MUST_CHECK;
/* Does a regular expression match from the beginning of the text on? Fails: HEFT_E_UNSUPPORTED
 * where it has something that heft does not know, or goes on for too long. */
heft_status heft_pattern_match(heft_str pattern, heft_str text, bool *matches,
                               heft_error *err) HEFT_MUST_CHECK;

#endif

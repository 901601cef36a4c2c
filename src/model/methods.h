/* Number formats that releases have under quantization_config: a weight in several tensors.
 *
 * One table, in methods.c, says what each method calls them; nothing else tests which method a
 * release has. What a weight's tensors are, and that they fit, is settled at binding. */
#ifndef HEFT_MODEL_METHODS_H
#define HEFT_MODEL_METHODS_H

#include "dtype/mat.h"
#include "format/source.h"

struct heft_method;

/* quantization_config, read. Zero: plain numbers. */
typedef struct {
    const struct heft_method *method; /* NULL: none */
    const heft_value *config;
    int32_t bits, group; /* where one for all: of a number; of those that share a scale, -1: all */
    int32_t block[2];    /* rows and columns that share a scale; 0: not said */
    bool old_zeros;      /* GPTQ: zero points are stored less 1 */
} heft_quant;

/* A weight being bound. */
typedef struct {
    const heft_quant *quant;
    const heft_source *source;
    const heft_tensor *tensor; /* of its numbers */
    heft_str name;             /* of the weight, as if it were plain */
    int64_t experts;           /* matrices in one tensor; else 0 */
    int64_t rows, cols;        /* of each: (out, in) */
    heft_arena *arena;
    bool *used;  /* (n_tensors)  set for every tensor read */
    uint8_t *as; /* (n_tensors)  heft_dtype that they are numbers, or scales, of */
} heft_stored;

/* Read quantization_config, of config.json or its text_config. Keys that heft does not know, and
 * methods and values that it cannot run, are refused by name: HEFT_E_UNSUPPORTED, HEFT_E_FORMAT. */
heft_status heft_quant_read(heft_quant *, const heft_source *, heft_error *) HEFT_MUST_CHECK;

/* The tensor that has the numbers of the weight `name`, or NULL. *stored: it is as the method has
 * it, and heft_quant_bind makes a matrix of it; else it is plain. */
const heft_tensor *heft_quant_find(const heft_quant *, const heft_source *, heft_str name,
                                   bool *stored);

/* *w = the matrix, in place, of the first expert if there are several: expert e is its slice from
 * line e * rows on. Every tensor it needs is there in the shape that the configuration says, or an
 * error: HEFT_E_FORMAT, HEFT_E_UNSUPPORTED, HEFT_E_NOMEM. */
heft_status heft_quant_bind(const heft_stored *, heft_mat *w, heft_error *) HEFT_MUST_CHECK;

/* Does the name end like a tensor that the method keeps beside a weight and heft does not need:
 * scales of activations? Returns the ending, or NULL. */
const char *heft_quant_idle(const heft_quant *, heft_str name);

#endif

/* Rows of weight tables, spelled short. Names are stems: ".weight" and ".bias" are added. */
#ifndef HEFT_MODEL_ROWS_H
#define HEFT_MODEL_ROWS_H

#include "model/run.h"

#include <stddef.h>

/* clang-format off */
/* A matrix and its bias, which `bias` says whether to expect. */
#define HEFT_LINEAR(slot_, rows_, cols_, bias_, hf_, gguf_) \
    { offsetof(heft_layer, slot_), HEFT_SLOT_LIN,  rows_, cols_,         HEFT_ALWAYS, 0, 0, hf_ ".weight", gguf_ ".weight" }, \
    { offsetof(heft_layer, slot_), HEFT_SLOT_BIAS, rows_, HEFT_AXIS_ONE, bias_,       0, 0, hf_ ".bias",   gguf_ ".bias" }

/* The weight of a norm, of `rows_` numbers. */
#define HEFT_NORM_ROW(slot_, rows_, need_, hf_, gguf_) \
    { offsetof(heft_layer, slot_), HEFT_SLOT_NORM, rows_, HEFT_AXIS_ONE, need_, 0, 0, hf_ ".weight", gguf_ ".weight" }

/* A layer norm: weight and bias. */
#define HEFT_LAYER_NORM(slot_, rows_, need_, hf_, gguf_) \
    HEFT_NORM_ROW(slot_, rows_, need_, hf_, gguf_), \
    { offsetof(heft_layer, slot_), HEFT_SLOT_NORM_BIAS, rows_, HEFT_AXIS_ONE, need_, 0, 0, hf_ ".bias", gguf_ ".bias" }

/* The same of the globals. */
#define HEFT_GLOBAL_NORM(slot_, hf_, gguf_) \
    { offsetof(heft_globals, slot_), HEFT_SLOT_NORM,      HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, hf_ ".weight", gguf_ ".weight" }, \
    { offsetof(heft_globals, slot_), HEFT_SLOT_NORM_BIAS, HEFT_AXIS_D, HEFT_AXIS_ONE, HEFT_ALWAYS, 0, 0, hf_ ".bias",   gguf_ ".bias" }
#define HEFT_TABLE(slot_, rows_, hf_, gguf_) \
    { offsetof(heft_globals, slot_), HEFT_SLOT_MAT, rows_, HEFT_AXIS_D, HEFT_ALWAYS, 0, 0, hf_ ".weight", gguf_ ".weight" }
#define HEFT_HEAD_ROW(hf_) \
    { offsetof(heft_globals, head), HEFT_SLOT_LIN, HEFT_AXIS_V, HEFT_AXIS_D, HEFT_HEAD, 0, 0, hf_ ".weight", "output.weight" }

/* The same of families that GGUF does not know. */
#define HEFT_HF_LINEAR(slot_, rows_, cols_, bias_, hf_) \
    { offsetof(heft_layer, slot_), HEFT_SLOT_LIN,  rows_, cols_,         HEFT_ALWAYS, 0, 0, hf_ ".weight", NULL }, \
    { offsetof(heft_layer, slot_), HEFT_SLOT_BIAS, rows_, HEFT_AXIS_ONE, bias_,       0, 0, hf_ ".bias",   NULL }
#define HEFT_HF_LAYER_NORM(slot_, need_, hf_) \
    { offsetof(heft_layer, slot_), HEFT_SLOT_NORM,      HEFT_AXIS_D, HEFT_AXIS_ONE, need_, 0, 0, hf_ ".weight", NULL }, \
    { offsetof(heft_layer, slot_), HEFT_SLOT_NORM_BIAS, HEFT_AXIS_D, HEFT_AXIS_ONE, need_, 0, 0, hf_ ".bias",   NULL }

/* A tensor that is known and not run: a buffer of old releases that holds nothing trained. */
#define HEFT_BUFFER(hf_) { 0, HEFT_SLOT_NONE, 0, 0, HEFT_IF_THERE, 0, 0, hf_, NULL }
/* clang-format on */

#endif

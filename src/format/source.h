/* A source: a thing with named tensors and metadata. What model files look like to everyone else.
 *
 * Opening validates completely: header bounds, dtype times shape equals bytes, inside the file, no
 * overlap, no hole, no duplicate name, no escape from the directory. Nothing after it needs to ask
 * again. Bad inputs B01-B31 each have a one-line error with file, tensor or key, found, expected.
 */
#ifndef HEFT_FORMAT_SOURCE_H
#define HEFT_FORMAT_SOURCE_H

#include "base/bounds.h"
#include "base/file.h"
#include "dtype/dtype.h"
#include "format/value.h"

typedef enum { HEFT_SAFETENSORS, HEFT_GGUF } heft_container;

typedef struct {
    heft_str name; /* a NUL follows it */
    heft_dtype dtype;
    int32_t rank, file;           /* file: index of heft_source.file */
    int64_t shape[HEFT_MAX_RANK]; /* outermost first; GGUF's order is turned round */
    const uint8_t *data;          /* any address */
    uint64_t bytes;
} heft_tensor;

/* A tensor in a table of names: what else its hash has, and the next tensor at the same place. */
typedef struct {
    uint32_t tag, next; /* next: its number + 1; 0: none */
} heft_named;

/* Tensors by name. Names are the file's, so the hash has a key of its own every time. */
typedef struct {
    uint64_t key;
    uint32_t mask, *first; /* (mask + 1)   at each place, a tensor's number + 1; 0: none */
    heft_named *of;        /* (n_tensors)  all NULL: there are no names yet */
} heft_names;

typedef struct heft_source {
    heft_container container;
    const char *path; /* as given */
    heft_map *file;   /* (n_files) */
    int32_t n_files;
    heft_tensor *tensor; /* (n_tensors), file by file, in the order of their data */
    int64_t n_tensors;
    const heft_value *config;     /* config.json, or GGUF metadata as one flat object */
    const heft_value *generation; /* generation_config.json, or NULL */
    /* the rest is the source's own */
    heft_names names;
    int64_t room; /* of tensor */
    heft_arena arena;
} heft_source;

/* A directory with config.json and *.safetensors, a .safetensors file in such a directory (one that
 * the index names opens the set), or a GGUF file (any part of a split set opens the set). A GGUF
 * file may have no tensors. log gets named warnings (pickles beside safetensors, ...).
 *
 * Every file that heft looks for by itself lies in the directory: a plain file name which, links
 * followed, is still below the directory or, for a snapshot in the hub's cache
 * (REPO/snapshots/REVISION), below REPO/blobs. The path the caller gives may be any link.
 * Fails: HEFT_E_IO, HEFT_E_FORMAT, HEFT_E_UNSUPPORTED (pickles only, ...), HEFT_E_NOMEM. */
heft_status heft_source_open(const char *path, const heft_log *log, heft_source **out,
                             heft_error *err) HEFT_MUST_CHECK;
void heft_source_close(heft_source *s);

/* NULL: there is none. */
const heft_tensor *heft_source_find(const heft_source *s, heft_str name);
/* HEFT_E_IO if any mapped file of the source has lost a page that was read. */
heft_status heft_source_check(const heft_source *s, heft_error *err) HEFT_MUST_CHECK;

/* "32 x 64", or "scalar": a shape for messages. */
typedef struct {
    char text[184];
} heft_shape_text;
heft_shape_text heft_show_shape(const int64_t *shape, int32_t rank);

/* ---- long GGUF arrays (vocabularies), read where they lie ---- */

typedef struct {
    uint32_t type; /* GGUF type id of the elements: 6 = float32, 8 = string, ... */
    uint64_t n;    /* elements left */
    const uint8_t *p, *end;
} heft_gguf_array;

/* The array under key, short or long; false: there is none. Marks it read. */
bool heft_gguf_array_open(const heft_source *s, const char *key, heft_gguf_array *out);
/* The next element as its own kind; false at the end or if the kind does not fit. */
bool heft_gguf_next_str(heft_gguf_array *a, heft_str *out);
bool heft_gguf_next_int(heft_gguf_array *a, int64_t *out);
bool heft_gguf_next_real(heft_gguf_array *a, double *out);

#endif

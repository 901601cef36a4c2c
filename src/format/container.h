/* What the readers of containers share: one source under construction. */
#ifndef HEFT_FORMAT_CONTAINER_H
#define HEFT_FORMAT_CONTAINER_H

#include "format/source.h"

/* A directory that heft finds files in. See heft_source_open for what it may hold. */
typedef struct {
    char path[4096];      /* as given, without trailing slashes */
    char real[4096];      /* links followed, with a slash at the end */
    char blobs[4096 + 8]; /* of a hub snapshot, with a slash at the end, or "" */
} heft_directory;

heft_status heft_directory_open(heft_directory *d, const char *path,
                                heft_error *err) HEFT_MUST_CHECK;
/* The directory a file is in, and, where name is not NULL, the file's name (within path). */
heft_status heft_directory_of(heft_directory *d, const char *path, const char **name,
                              heft_error *err) HEFT_MUST_CHECK;
/* The path of a file in the directory, checked against escape. Fails: HEFT_E_FORMAT (not a plain
 * name, leaves the directory), HEFT_E_IO (is not there). */
heft_status heft_directory_file(const heft_directory *d, heft_str name, char *out, size_t size,
                                heft_error *err) HEFT_MUST_CHECK;

/* Make room for n files. */
heft_status heft_source_files(heft_source *s, int32_t n, heft_error *err) HEFT_MUST_CHECK;
/* Make room for n tensors that are likely to come; more may. */
heft_status heft_source_expect(heft_source *s, int64_t n, heft_error *err) HEFT_MUST_CHECK;
/* Add a tensor. Only name, dtype, rank and shape need be set; the name, which a NUL follows, is
 * kept; bytes is computed. Fails: HEFT_E_FORMAT (the numbers are no whole blocks, the size
 * overflows, too many tensors). */
heft_status heft_source_add(heft_source *s, heft_tensor t, heft_tensor **out,
                            heft_error *err) HEFT_MUST_CHECK;
/* All tensors are there: refuse duplicate names, make heft_source_find work. */
heft_status heft_source_seal(heft_source *s, heft_error *err) HEFT_MUST_CHECK;
/* Free what sealing made, as heft_source_close does. */
void heft_source_unseal(heft_source *s);

/* Read and validate the header of s->file[file] and add its tensors. Messages begin with the
 * file's path. */
heft_status heft_safetensors_read(heft_source *s, int32_t file, heft_error *err) HEFT_MUST_CHECK;
/* *metadata: the file's own, in the source's arena. */
heft_status heft_gguf_read(heft_source *s, int32_t file, const heft_log *log, heft_value **metadata,
                           heft_error *err) HEFT_MUST_CHECK;

/* Open a release, into an empty source. only: the name of the one file asked for, or NULL. */
heft_status heft_release_open(heft_source *s, const heft_directory *dir, const char *only,
                              const heft_log *log, heft_error *err) HEFT_MUST_CHECK;
/* Open a GGUF file, and the rest of its split set. */
heft_status heft_gguf_open(heft_source *s, const char *path, const heft_log *log,
                           heft_error *err) HEFT_MUST_CHECK;

#endif

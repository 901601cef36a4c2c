/* Files: mapped, read whole, written atomically. */
#ifndef HEFT_BASE_FILE_H
#define HEFT_BASE_FILE_H

#include "base/mem.h"

#include <stdio.h>

/* A file mapped read-only. Zero-initialise. */
typedef struct {
    const uint8_t *data; /* NULL for an empty file */
    size_t size;
    int32_t slot; /* in the table of guarded mappings, or -1 */
    char *path;
} heft_map;

/* Fails: HEFT_E_IO (no such file, not a regular file, no permission), HEFT_E_NOMEM. */
heft_status heft_map_open(heft_map *m, const char *path, heft_error *err) HEFT_MUST_CHECK;
void heft_map_close(heft_map *m);

/* What is read next lies here and there (each page is fetched alone), or in a row (the system reads
 * ahead, as from the start): advice, and only ever a matter of time. */
void heft_map_scattered(const heft_map *m, bool scattered);

/* After heft_guard_mappings(): has a read of this mapping hit a page that is no longer there? Ask
 * after reading; what was read since is zeros. HEFT_E_IO naming the file. */
heft_status heft_map_check(const heft_map *m, heft_error *err) HEFT_MUST_CHECK;

/* A whole file of at most `max` bytes, with a NUL behind it. Free *text with heft_free. Fails:
 * HEFT_E_IO (as heft_map_open; it shrank meanwhile), HEFT_E_FORMAT (longer), HEFT_E_NOMEM. */
heft_status heft_read_file(const char *path, size_t max, char **text, size_t *n,
                           heft_error *err) HEFT_MUST_CHECK;

/* dir + "/" + name in out; HEFT_E_ARG where that is too long or the name has a zero byte. */
heft_status heft_path_join(char *out, size_t size, const char *dir, heft_str name,
                           heft_error *err) HEFT_MUST_CHECK;
bool heft_is_directory(const char *path);
bool heft_is_file(const char *path);

/* A file that appears under its name only when it is complete. Until then its bytes lie beside it
 * in a file whose name begins with its own. */
typedef struct {
    FILE *f;
    char *path, *temporary;
} heft_out;

/* What path names is replaced; fails where that is no file (HEFT_E_IO): a device stays one. */
heft_status heft_out_open(heft_out *o, const char *path, heft_error *err) HEFT_MUST_CHECK;
heft_status heft_out_write(heft_out *o, const void *data, size_t n,
                           heft_error *err) HEFT_MUST_CHECK;
/* n zero bytes, as a hole where the file system has holes. */
heft_status heft_out_hole(heft_out *o, uint64_t n, heft_error *err) HEFT_MUST_CHECK;
/* Flush, fsync, rename, fsync the directory. On failure the temporary file is gone too. */
heft_status heft_out_commit(heft_out *o, heft_error *err) HEFT_MUST_CHECK;
/* Without effect after a commit; for the error path. */
void heft_out_abandon(heft_out *o);

#endif

/* A directory for one test's files. */
#ifndef HEFT_TESTS_SCRATCH_H
#define HEFT_TESTS_SCRATCH_H

#include <stddef.h>

enum { HEFT_SCRATCH_PATH = 256 };

/* Make a new empty directory and put its path in `path`. Ends the program where that fails. */
void heft_scratch_open(char path[HEFT_SCRATCH_PATH]);
/* Remove the directory and the files in it (no directories below it). */
void heft_scratch_close(const char *path);
/* path of `name` in the directory, in out. Ends the program where it is too long. */
void heft_scratch_file(const char *path, const char *name, char *out, size_t size);

#endif

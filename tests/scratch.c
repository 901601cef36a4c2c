/* A directory for one test's files, in TMPDIR or /tmp. */
#define _POSIX_C_SOURCE 200809L
#include "scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void quit(const char *what, const char *path)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(1);
}

void heft_scratch_file(const char *path, const char *name, char *out, size_t size)
{
    const int n = snprintf(out, size, "%s/%s", path, name);
    if (n < 0 || (size_t)n >= size) quit("too long a path", path);
}

void heft_scratch_open(char path[HEFT_SCRATCH_PATH])
{
    const char *parent = getenv("TMPDIR");
    heft_scratch_file(parent ? parent : "/tmp", "heft-test-XXXXXX", path, HEFT_SCRATCH_PATH);
    if (!mkdtemp(path)) quit("cannot be made", path);
}

void heft_scratch_close(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) return;
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (e->d_name[0] == '.') continue;
        char file[HEFT_SCRATCH_PATH + 256];
        heft_scratch_file(path, e->d_name, file, sizeof file);
        unlink(file);
    }
    closedir(dir);
    rmdir(path);
}

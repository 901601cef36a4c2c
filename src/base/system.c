/* What the machine has. */
#include "base/system.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The number in the first line of a file; false: no file, or no number ("max"). */
static bool read_number(const char *path, int64_t *value)
{
    FILE *f = fopen(path, "r");
    if (!f) return false;
    bool ok = fscanf(f, "%" SCNd64, value) == 1; /* NOLINT(cert-err34-c): the kernel writes it */
    (void)fclose(f);
    return ok;
}

static void least(int64_t *to, int64_t value)
{
    if (value >= 0 && (*to < 0 || value < *to)) *to = value;
}

/* This process's group and every group above it. */
static void cgroup_limits(const char *root, const char *limit, char *path, int64_t *to)
{
    for (;;) {
        char file[1200];
        int64_t value;
        (void)snprintf(file, sizeof file, "%s%s/%s", root, strcmp(path, "/") == 0 ? "" : path,
                       limit);
        if (read_number(file, &value)) least(to, value);
        char *slash = strrchr(path, '/');
        if (!slash || path[1] == 0) return;
        slash[slash == path] = 0;
    }
}

int64_t heft_memory_available(void)
{
    int64_t bytes = -1, kib;
    char line[1024];
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %" SCNd64, &kib) == 1)
            least(&bytes, kib * 1024); /* NOLINT(cert-err34-c) */
    if (f) (void)fclose(f);
    f = fopen("/proc/self/cgroup", "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *path = strchr(line, ':') ? strchr(strchr(line, ':') + 1, ':') : NULL;
        if (!path) continue;
        if (strncmp(line, "0::", 3) == 0)
            cgroup_limits("/sys/fs/cgroup", "memory.max", path + 1, &bytes);
        else if (strstr(line, ":memory:"))
            cgroup_limits("/sys/fs/cgroup/memory", "memory.limit_in_bytes", path + 1, &bytes);
    }
    if (f) (void)fclose(f);
    return bytes;
}

/* What the machine has, and what of it this process may use. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/system.h"

#include "base/bounds.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* ---- control groups ---- */

/* A controller: where its groups lie under the mount in version 1, and how to read the limit in
 * the files of one group; -1: none. */
typedef struct {
    const char *name, *v1;
    int64_t (*limit)(const char *dir, bool v2);
} controller;

/* Up to two numbers of a file's first line; how many it had ("max" is none). */
static int32_t read_numbers(const char *dir, const char *name, int64_t *a, int64_t *b)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    int n = fscanf(f, "%" SCNd64 " %" SCNd64, a, b); /* NOLINT(cert-err34-c): the kernel's */
    (void)fclose(f);
    return n < 0 ? 0 : n;
}

/* Cores, rounded up. */
static int64_t cpu_limit(const char *dir, bool v2)
{
    int64_t quota = 0, period = 0, unused;
    bool found = v2 ? read_numbers(dir, "cpu.max", &quota, &period) == 2
                    : read_numbers(dir, "cpu.cfs_quota_us", &quota, &unused) >= 1
                          && read_numbers(dir, "cpu.cfs_period_us", &period, &unused) >= 1;
    if (!found || quota <= 0 || period <= 0) return -1;
    return quota / period + (quota % period != 0);
}

static int64_t memory_limit(const char *dir, bool v2)
{
    int64_t bytes, unused;
    int32_t n = read_numbers(dir, v2 ? "memory.max" : "memory.limit_in_bytes", &bytes, &unused);
    return n < 1 || bytes < 0 ? -1 : bytes;
}

static const controller cpu = { "cpu", "/cpu", cpu_limit };
static const controller memory = { "memory", "/memory", memory_limit };

static int64_t least(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* A limit on any group around ours is a limit on us. Inside a container the path may be one of the
 * host's that does not exist here; the walk then ends at the root, which is the container's. */
static int64_t limit_above(const controller *c, const char *mount, const char *group, bool v2)
{
    char dir[2048];
    int n = snprintf(dir, sizeof dir, "%s%s%s", mount, v2 ? "" : c->v1, group);
    if (n < 0 || (size_t)n >= sizeof dir) return -1;
    char *root = dir + n - strlen(group);
    int64_t limit = c->limit(dir, v2);
    for (char *slash; (slash = strrchr(root, '/'));) {
        *slash = 0;
        limit = least(limit, c->limit(dir, v2));
    }
    return limit;
}

/* Is the name one of a list separated by commas? */
static bool listed(const char *list, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, n) == 0 && (at[n] == 0 || at[n] == ',')) return true;
    return false;
}

static int64_t group_limit(const controller *c, const char *self, const char *mount)
{
    char line[2048];
    int64_t limit = -1;
    FILE *f = fopen(self, "re");
    while (f && fgets(line, sizeof line, f)) { /* number:controllers:path */
        char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        path[strcspn(path, "\n")] = 0;
        if (strcmp(path, "/") == 0) *path = 0;
        const bool v2 = list[1] == 0;
        if (v2 || listed(list + 1, c->name)) limit = least(limit, limit_above(c, mount, path, v2));
    }
    if (f) (void)fclose(f);
    return limit;
}

int64_t heft_group_cores(const char *self, const char *mount)
{
    return group_limit(&cpu, self, mount);
}

int64_t heft_group_memory(const char *self, const char *mount)
{
    return group_limit(&memory, self, mount);
}

/* ---- this process ---- */

static const char self_groups[] = "/proc/self/cgroup", group_mount[] = "/sys/fs/cgroup";

int32_t heft_cores(void)
{
    cpu_set_t set;
    int64_t cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                                : sysconf(_SC_NPROCESSORS_ONLN);
    cores = least(cores, heft_group_cores(self_groups, group_mount));
    return cores < 1 ? 1 : cores > HEFT_MAX_THREADS ? HEFT_MAX_THREADS : (int32_t)cores;
}

double heft_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

uint64_t heft_secret(void)
{
    uint64_t secret;
    if (getrandom(&secret, sizeof secret, 0) == (ssize_t)sizeof secret) return secret;
    return (uint64_t)(heft_seconds() * 1e9) ^ (uint64_t)(uintptr_t)&secret;
}

void heft_processor(char *out, size_t size)
{
    static const char key[] = "model name";
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "re");
    (void)snprintf(out, size, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        const char *name = strchr(line, ':');
        if (!name || strncmp(line, key, sizeof key - 1) != 0) continue;
        name += 1 + strspn(name + 1, " \t");
        (void)snprintf(out, size, "%.*s", (int)strcspn(name, "\n"), name);
        break;
    }
    if (f) (void)fclose(f);
}

int64_t heft_memory_available(void)
{
    int64_t bytes = -1, kib;
    char line[256];
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %" SCNd64, &kib) == 1)
            bytes = kib * 1024; /* NOLINT(cert-err34-c) */
    if (f) (void)fclose(f);
    return least(bytes, heft_group_memory(self_groups, group_mount));
}

/* How many cores this process may use. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/pool.h"

#include "base/bounds.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Up to two numbers of a file's first line; how many it had. "max" is no number. */
static int32_t read_numbers(const char *path, long long *a, long long *b)
{
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    int n = fscanf(f, "%lld %lld", a, b);
    (void)fclose(f);
    return n < 0 ? 0 : n;
}

/* Cores that a group's own files allow, rounded up; 0: no limit there. */
static int32_t quota_at(const char *dir, bool v2)
{
    char path[4096];
    long long quota = 0, period = 0, unused;
    bool found = false;
    if (v2) {
        (void)snprintf(path, sizeof path, "%s/cpu.max", dir);
        found = read_numbers(path, &quota, &period) == 2;
    } else {
        (void)snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", dir);
        found = read_numbers(path, &quota, &unused) == 1;
        (void)snprintf(path, sizeof path, "%s/cpu.cfs_period_us", dir);
        found = found && read_numbers(path, &period, &unused) == 1;
    }
    if (!found || quota <= 0 || period <= 0) return 0;
    long long cores = quota / period + (quota % period != 0);
    return cores > HEFT_MAX_THREADS ? 0 : (int32_t)cores;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* A limit on any group around ours is a limit on us. Inside a container the path may be one of the
 * host's that does not exist here; the walk then ends at the root, which is the container's. */
static int32_t quota_above(const char *mount, const char *group, bool v2)
{
    char dir[2048];
    int n = snprintf(dir, sizeof dir, "%s%s", mount, group);
    if (n < 0 || (size_t)n >= sizeof dir) return 0;
    int32_t cores = quota_at(dir, v2);
    for (char *slash = strrchr(dir, '/'); slash && slash >= dir + strlen(mount);
         slash = strrchr(dir, '/')) {
        *slash = 0;
        cores = smaller(cores, quota_at(dir, v2));
    }
    return cores;
}

/* Does the comma-separated list name the cpu controller? */
static bool names_cpu(const char *list)
{
    for (const char *at = strstr(list, "cpu"); at; at = strstr(at + 3, "cpu"))
        if ((at == list || at[-1] == ',') && (at[3] == 0 || at[3] == ',')) return true;
    return false;
}

int32_t heft_cgroup_cores(const char *self, const char *mount)
{
    FILE *f = fopen(self, "re");
    if (!f) return 0;
    char line[2048], v1[512];
    (void)snprintf(v1, sizeof v1, "%s/cpu", mount);
    int32_t cores = 0;
    while (fgets(line, sizeof line, f)) { /* number:controllers:path */
        char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        path[strcspn(path, "\n")] = 0;
        if (!strcmp(path, "/")) *path = 0;
        if (list[1] == 0)
            cores = smaller(cores, quota_above(mount, path, true));
        else if (names_cpu(list + 1))
            cores = smaller(cores, quota_above(v1, path, false));
    }
    (void)fclose(f);
    return cores;
}

int32_t heft_cores(void)
{
    cpu_set_t set;
    long cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                             : sysconf(_SC_NPROCESSORS_ONLN);
    if (cores > HEFT_MAX_THREADS) cores = HEFT_MAX_THREADS;
    int32_t here =
        smaller((int32_t)cores, heft_cgroup_cores("/proc/self/cgroup", "/sys/fs/cgroup"));
    return here < 1 ? 1 : here;
}

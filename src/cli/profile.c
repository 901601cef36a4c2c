/* Profiles: of this machine, which plans are made with, and of a step, by operation. */
#define _POSIX_C_SOURCE 200809L /* mkdir */
#include "cli/cli.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- of this machine ---- */

heft_status heft_machine_path(const heft_call *call, char *out, size_t size, heft_error *err)
{
    const bool own = call->cache && call->cache[0] == '/';
    const char *home = own ? call->cache : call->home;
    if (!home || home[0] != '/')
        return heft_fail(err, HEFT_E_IO,
                         "no place for the machine profile: neither XDG_CACHE_HOME nor HOME is an "
                         "absolute path");
    if ((size_t)snprintf(out, size, "%s%s/heft/machine.json", home, own ? "" : "/.cache") >= size)
        return heft_fail(err, HEFT_E_ARG, "%s: the path of the machine profile is too long",
                         heft_show_z(home).text);
    return HEFT_OK;
}

/* Make the folders above a file that are not there yet. */
static heft_status make_folders(const char *path, heft_error *err)
{
    char part[PATH_MAX];
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return heft_fail(err, HEFT_E_IO, "%s: %s", part, strerror(errno));
        *slash = '/';
    }
    return HEFT_OK;
}

static void show_speeds(heft_buf *b, const heft_format_speed *s, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        heft_buf_printf(b, "  %-10s %10.2f %14.2f\n", s[i].name, 1e-9 * s[i].bytes,
                        1e-9 * s[i].macs);
}

heft_status heft_bench_machine(const heft_call *call, const heft_engine_options *o, bool json,
                               heft_error *err)
{
    char path[PATH_MAX];
    heft_machine m;
    heft_status st = heft_machine_path(call, path, sizeof path, err);
    if (!st) st = make_folders(path, err); /* before it takes seconds */
    if (!st) st = heft_machine_measure(o->threads, o->isa, &m, err);
    if (!st) st = heft_machine_save(&m, path, err);
    if (st) return st;
    (void)fprintf(stderr, "heft: the profile of this machine is in %s\n", path);
    heft_buf b = heft_buf_of(1 << 16);
    if (json) {
        char *text;
        size_t n;
        st = heft_read_file(path, 1 << 16, &text, &n, err);
        if (st) return st;
        heft_buf_add(&b, text, n);
        heft_free(text);
        return heft_emit_buf(&b, err);
    }
    heft_buf_printf(&b, "%s: %d threads, %s, reads %.2f GB/s\n", m.processor, m.threads, m.isa,
                    1e-9 * m.read);
    heft_buf_printf(&b, "  %-10s %10s %14s\n", "matrices", "GB/s, 1 row", "GMAC/s, 512");
    show_speeds(&b, m.format, m.n_formats);
    heft_buf_printf(&b, "  %-10s\n", "attention, by cache");
    show_speeds(&b, m.cache, HEFT_CACHE_TYPES);
    return heft_emit_buf(&b, err);
}

/* ---- of a step ---- */

static int by_time(const void *a, const void *b)
{
    double x = ((const heft_operation_time *)a)->seconds,
           y = ((const heft_operation_time *)b)->seconds;
    return (x < y) - (x > y);
}

void heft_take_times(const heft_engine *e, double seconds, heft_times *out)
{
    out->n = 0;
    out->seconds = seconds;
    heft_operation_time t;
    for (int32_t i = 0; out->n < HEFT_MOST_TIMES && heft_engine_timed(e, i, &t); i++)
        if (t.calls > 0) out->op[out->n++] = t;
    qsort(out->op, (size_t)out->n, sizeof *out->op, by_time);
}

static void json_times(heft_buf *b, const char *what, const heft_times *t)
{
    heft_json_key(b, what);
    heft_json_begin(b, '{');
    heft_json_key(b, "seconds");
    heft_json_real(b, t->seconds);
    heft_json_key(b, "operations");
    heft_json_begin(b, '[');
    for (int32_t i = 0; i < t->n; i++) {
        heft_json_begin(b, '{');
        heft_json_key(b, "name");
        heft_json_str(b, heft_str_of(t->op[i].name));
        heft_json_key(b, "seconds");
        heft_json_real(b, t->op[i].seconds);
        heft_json_key(b, "calls");
        heft_json_int(b, t->op[i].calls);
        heft_json_key(b, "bytes");
        heft_json_int(b, t->op[i].bytes);
        heft_json_key(b, "macs");
        heft_json_int(b, t->op[i].macs);
        heft_json_end(b, '}');
    }
    heft_json_end(b, ']');
    heft_json_end(b, '}');
}

/* A rate, or nothing where there is nothing to divide. */
static void show_rate(heft_buf *b, int64_t amount, double seconds)
{
    if (amount > 0 && seconds > 0)
        heft_buf_printf(b, " %10.2f", 1e-9 * (double)amount / seconds);
    else
        heft_buf_printf(b, " %10s", "");
}

void heft_show_times(heft_buf *b, const char *what, const heft_times *t, bool json)
{
    if (json) {
        json_times(b, what, t);
        return;
    }
    double between = t->seconds;
    heft_buf_printf(b, "  %-18s %12s %8s %8s %10s %10s\n", what, "ms", "share", "calls", "GB/s",
                    "GMAC/s");
    for (int32_t i = 0; i < t->n; i++) {
        const heft_operation_time *o = &t->op[i];
        between -= o->seconds;
        heft_buf_printf(b, "    %-16s %12.3f %6.1f %% %8lld", o->name, 1e3 * o->seconds,
                        100 * o->seconds / t->seconds, (long long)o->calls);
        show_rate(b, o->bytes, o->seconds);
        show_rate(b, o->macs, o->seconds);
        heft_buf_z(b, "\n");
    }
    heft_buf_printf(b, "    %-16s %12.3f %6.1f %%\n", "between", 1e3 * between,
                    100 * between / t->seconds);
    heft_buf_printf(b, "    %-16s %12.3f\n", "all", 1e3 * t->seconds);
}

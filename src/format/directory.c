/* A directory that heft finds files in, and no way out of it. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "format/container.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* realpath into `size` bytes, with a slash behind a directory. */
static bool follow(const char *path, const char *behind, char *out, size_t size)
{
    char real[PATH_MAX];
    return realpath(path, real) && (size_t)snprintf(out, size, "%s%s", real, behind) < size;
}

heft_status heft_directory_open(heft_directory *d, const char *path, heft_error *err)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n >= sizeof d->path || !follow(path, "/", d->real, sizeof d->real))
        return heft_fail(err, HEFT_E_IO, "%s: %s", heft_show_z(path).text,
                         n >= sizeof d->path ? "the path is too long" : strerror(errno));
    (void)snprintf(d->path, sizeof d->path, "%.*s", (int)n, path);
    d->blobs[0] = 0;
    const char *snapshots = NULL; /* the last such component */
    for (const char *at = d->real; (at = strstr(at, "/snapshots/")); at++)
        snapshots = at;
    if (snapshots && snapshots[strlen("/snapshots/")])
        (void)snprintf(d->blobs, sizeof d->blobs, "%.*s/blobs/", (int)(snapshots - d->real),
                       d->real);
    return HEFT_OK;
}

heft_status heft_directory_of(heft_directory *d, const char *path, const char **name,
                              heft_error *err)
{
    char dir[sizeof d->path];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + (slash == path) : 1;
    if (n >= sizeof dir)
        return heft_fail(err, HEFT_E_ARG, "%s: the path is too long", heft_show_z(path).text);
    (void)snprintf(dir, sizeof dir, "%.*s", (int)n, slash ? path : ".");
    if (name) *name = slash ? slash + 1 : path;
    return heft_directory_open(d, dir, err);
}

static bool is_plain(heft_str name)
{
    return name.n > 0 && name.n <= NAME_MAX && !memchr(name.p, 0, name.n)
           && !memchr(name.p, '/', name.n) && !memchr(name.p, '\\', name.n)
           && !heft_str_is(name, ".") && !heft_str_is(name, "..");
}

heft_status heft_directory_file(const heft_directory *d, heft_str name, char *out, size_t size,
                                heft_error *err)
{
    char real[4096];
    if (!is_plain(name))
        return heft_fail(err, HEFT_E_FORMAT, "%s: is not a plain file name", heft_show(name).text);
    heft_status st = heft_path_join(out, size, d->path, name, err);
    if (st) return st;
    if (!follow(out, "", real, sizeof real))
        return heft_fail(err, HEFT_E_IO, "%s: %s", heft_show_z(out).text, strerror(errno));
    heft_str at = heft_str_of(real);
    if (heft_str_begins(at, d->real) || (d->blobs[0] && heft_str_begins(at, d->blobs)))
        return HEFT_OK;
    return heft_fail(err, HEFT_E_FORMAT, "%s: is a link out of the directory, to %s",
                     heft_show_z(out).text, heft_show_z(real).text);
}

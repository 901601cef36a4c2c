/* Files: mapped, read whole, written atomically. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, absent from POSIX before 2024 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- mappings, and faults in them ------------------------------------- */

/* The table a signal handler may read: plain atomics, never freed. A model of more files than
 * slots runs unguarded in the rest, and heft_map_check says nothing of them. */
enum { SLOTS = 4096 };
typedef struct {
    atomic_uintptr_t begin, end; /* end is set last and cleared first */
    atomic_bool used, faulted;
} guard;
static guard guards[SLOTS];
static struct sigaction before;

/* Put a page of zeros where the file has none any more and remember it; reading goes on. mmap is
 * a plain system call on every system heft runs on, so it is safe here. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr, page = (uintptr_t)sysconf(_SC_PAGESIZE);
    int saved = errno;
    for (int i = 0; i < SLOTS && info->si_code == BUS_ADRERR; i++) {
        if (at < atomic_load(&guards[i].begin) || at >= atomic_load(&guards[i].end)) continue;
        void *to = mmap((void *)(at / page * page), page,
                        PROT_READ, /* NOLINT(performance-no-int-to-ptr) */
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (to == MAP_FAILED) break;
        atomic_store(&guards[i].faulted, true);
        errno = saved;
        return;
    }
    errno = saved;
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(sig, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(sig);
    } else { /* blocked until this returns: then the default action, whoever sent it */
        (void)sigaction(sig, &before, NULL);
        (void)raise(sig);
    }
}

void heft_guard_mappings(void)
{
    static atomic_bool installed;
    if (atomic_exchange(&installed, true)) return;
    struct sigaction act = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
    (void)sigemptyset(&act.sa_mask);
    (void)sigaction(SIGBUS, &act, &before);
}

static int32_t guard_add(const void *data, size_t size)
{
    for (int32_t i = 0; i < SLOTS; i++) {
        if (atomic_exchange(&guards[i].used, true)) continue;
        atomic_store(&guards[i].faulted, false);
        atomic_store(&guards[i].begin, (uintptr_t)data);
        atomic_store(&guards[i].end, (uintptr_t)data + size);
        return i;
    }
    return -1;
}

static void guard_remove(int32_t slot)
{
    if (slot < 0) return;
    atomic_store(&guards[slot].end, 0);
    atomic_store(&guards[slot].used, false);
}

void heft_map_scattered(const heft_map *m, bool scattered)
{
    if (!m->data) return;
    (void)posix_madvise((void *)(uintptr_t)m->data, m->size, /* NOLINT(performance-no-int-to-ptr) */
                        scattered ? POSIX_MADV_RANDOM : POSIX_MADV_NORMAL);
}

heft_status heft_map_check(const heft_map *m, heft_error *err)
{
    if (m->slot < 0 || !m->data || !atomic_load(&guards[m->slot].faulted)) return HEFT_OK;
    return heft_fail(err, HEFT_E_IO,
                     "%s: a part of the file that was %zu bytes long when it was opened can no "
                     "longer be read; was it changed or truncated while in use?",
                     heft_show_z(m->path).text, m->size);
}

static heft_status cannot(heft_error *err, const char *path)
{
    return heft_fail(err, HEFT_E_IO, "%s: %s", heft_show_z(path).text, strerror(errno));
}

static heft_status not_regular(heft_error *err, const char *path)
{
    return heft_fail(err, HEFT_E_IO, "%s: is not a regular file", heft_show_z(path).text);
}

heft_status heft_map_open(heft_map *m, const char *path, heft_error *err)
{
    *m = (heft_map){ .slot = -1 };
    heft_status st = HEFT_OK;
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is refused, not waited for */
    if (fd < 0) return cannot(err, path);
    m->path = heft_strdup(heft_str_of(path));
    if (!m->path) {
        st = heft_nomem(err, "a path");
    } else if (fstat(fd, &s)) {
        st = cannot(err, path);
    } else if (!S_ISREG(s.st_mode)) {
        st = not_regular(err, path);
    } else if (s.st_size > 0) {
        void *data = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) {
            st = cannot(err, path);
        } else {
            m->data = data;
            m->size = (size_t)s.st_size;
            m->slot = guard_add(data, m->size);
        }
    }
    (void)close(fd);
    if (st) heft_map_close(m);
    return st;
}

void heft_map_close(heft_map *m)
{
    if (m->data) {
        guard_remove(m->slot);
        (void)munmap((void *)(uintptr_t)m->data, m->size); /* NOLINT(performance-no-int-to-ptr) */
    }
    heft_free(m->path);
    *m = (heft_map){ .slot = -1 };
}

/* ---- whole files ------------------------------------------------------ */

static heft_status read_open(int fd, const char *path, size_t max, char **text, size_t *n,
                             heft_error *err)
{
    struct stat s;
    if (fstat(fd, &s)) return cannot(err, path);
    if (!S_ISREG(s.st_mode)) return not_regular(err, path);
    if ((uintmax_t)s.st_size > max)
        return heft_fail(err, HEFT_E_FORMAT, "%s: is %jd bytes long, at most %zu are read",
                         heft_show_z(path).text, (intmax_t)s.st_size, max);
    size_t size = (size_t)s.st_size, got = 0;
    char *copy = heft_alloc(size + 1, 1);
    if (!copy) return heft_nomem(err, path);
    ssize_t more = 1;
    for (; got < size && more > 0; got += more > 0 ? (size_t)more : 0)
        more = read(fd, copy + got, size - got);
    if (got < size) {
        heft_status st = more < 0
                             ? cannot(err, path)
                             : heft_fail(err, HEFT_E_IO,
                                         "%s: ends at byte %zu of %zu; was it changed while read?",
                                         heft_show_z(path).text, got, size);
        heft_free(copy);
        return st;
    }
    *text = copy;
    *n = size;
    return HEFT_OK;
}

/* Read, not mapped: a file that shrinks meanwhile is a short read and no fault. */
heft_status heft_read_file(const char *path, size_t max, char **text, size_t *n, heft_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return cannot(err, path);
    heft_status st = read_open(fd, path, max, text, n, err);
    (void)close(fd);
    return st;
}

heft_status heft_path_join(char *out, size_t size, const char *dir, heft_str name, heft_error *err)
{
    size_t n = strlen(dir);
    if (name.n && memchr(name.p, 0, name.n))
        return heft_fail(err, HEFT_E_ARG, "%s: a zero byte in a file name", heft_show(name).text);
    if (n + 2 > size || name.n > size - n - 2)
        return heft_fail(err, HEFT_E_ARG, "%s: the path is longer than %zu bytes",
                         heft_show(name).text, size - 1);
    memcpy(out, dir, n);
    out[n] = '/';
    if (name.n) memcpy(out + n + 1, name.p, name.n);
    out[n + 1 + name.n] = 0;
    return HEFT_OK;
}

bool heft_is_directory(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool heft_is_file(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

/* ---- written atomically ----------------------------------------------- */

/* Opened by name rather than by mkstemp, so that the file gets the permissions of any new file; to
 * learn the umask a program must set it, and all its threads would see that. -1: errno says why. */
static int open_temporary(heft_out *o, size_t size)
{
    static atomic_uint count;
    for (int32_t tries = 0; tries < 1000; tries++) {
        (void)snprintf(o->temporary, size, "%s.%ld-%u.tmp", o->path, (long)getpid(),
                       atomic_fetch_add(&count, 1));
        int fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

heft_status heft_out_open(heft_out *o, const char *path, heft_error *err)
{
    size_t size = strlen(path) + 48;
    struct stat s;
    *o = (heft_out){ 0 };
    if (stat(path, &s) == 0 && !S_ISREG(s.st_mode)) /* a rename would put a file in its place */
        return heft_fail(err, HEFT_E_IO, "%s: is %s, a file is expected", heft_show_z(path).text,
                         S_ISDIR(s.st_mode) ? "a directory" : "a device or a pipe");
    *o = (heft_out){ .path = heft_strdup(heft_str_of(path)), .temporary = heft_alloc(size, 1) };
    if (!o->path || !o->temporary) {
        heft_out_abandon(o);
        return heft_nomem(err, "a path");
    }
    int fd = open_temporary(o, size);
    if (fd >= 0) o->f = fdopen(fd, "wb");
    if (o->f) return HEFT_OK;
    heft_status st = cannot(err, path);
    if (fd >= 0) {
        (void)close(fd);
        (void)unlink(o->temporary);
    }
    heft_out_abandon(o);
    return st;
}

heft_status heft_out_write(heft_out *o, const void *data, size_t n, heft_error *err)
{
    if (n && fwrite(data, 1, n, o->f) != n) return cannot(err, o->path);
    return HEFT_OK;
}

heft_status heft_out_hole(heft_out *o, uint64_t n, heft_error *err)
{
    static const char zeros[4096]; /* less than a page is no hole */
    if (n <= sizeof zeros) return heft_out_write(o, zeros, (size_t)n, err);
    off_t at = fflush(o->f) ? -1 : ftello(o->f);
    if (at < 0 || n > (uint64_t)(INT64_MAX - at)) return cannot(err, o->path);
    off_t end = at + (off_t)n;
    if (ftruncate(fileno(o->f), end) || fseeko(o->f, end, SEEK_SET)) return cannot(err, o->path);
    return HEFT_OK;
}

static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir =
        slash ? heft_strdup((heft_str){ path, (size_t)(slash - path) + (slash == path) }) : NULL;
    int fd = open(slash ? (dir ? dir : "/") : ".", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems cannot; the rename itself is still atomic */
        (void)close(fd);
    }
    heft_free(dir);
}

heft_status heft_out_commit(heft_out *o, heft_error *err)
{
    heft_status st = HEFT_OK;
    if (fflush(o->f) || fsync(fileno(o->f))) st = cannot(err, o->path);
    if (fclose(o->f) && !st) st = cannot(err, o->path);
    o->f = NULL;
    if (!st && rename(o->temporary, o->path)) st = cannot(err, o->path);
    if (st)
        (void)unlink(o->temporary);
    else
        sync_directory(o->path);
    heft_free(o->path);
    heft_free(o->temporary);
    *o = (heft_out){ 0 };
    return st;
}

void heft_out_abandon(heft_out *o)
{
    if (o->f) {
        (void)fclose(o->f);
        (void)unlink(o->temporary);
    }
    heft_free(o->path);
    heft_free(o->temporary);
    *o = (heft_out){ 0 };
}

/* What the verbs share: output, opening, interrupts, amounts. */
#define _DEFAULT_SOURCE /* getrandom, readlink, sigaction */
#include "cli/cli.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- standard output and input ---- */

heft_status heft_emit(const void *data, size_t n, heft_error *err)
{
    const char *p = data;
    while (n) {
        ssize_t wrote = write(STDOUT_FILENO, p, n);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0 && errno == EPIPE) return heft_fail(err, HEFT_E_CANCELLED, "%s", "");
        if (wrote < 0)
            return heft_fail(err, HEFT_E_IO, "writing standard output: %s", strerror(errno));
        p += wrote;
        n -= (size_t)wrote;
    }
    return HEFT_OK;
}

heft_status heft_emit_buf(heft_buf *b, heft_error *err)
{
    heft_status st = heft_buf_check(b, "the output", err);
    if (!st) st = heft_emit(b->p, b->n, err);
    heft_buf_free(b);
    return st;
}

heft_status heft_emit_ids(const int32_t *ids, size_t n, heft_error *err)
{
    heft_buf out = heft_buf_of(SIZE_MAX / 2);
    for (size_t i = 0; i < n; i++)
        heft_buf_printf(&out, i ? " %d" : "%d", ids[i]);
    heft_buf_z(&out, "\n");
    return heft_emit_buf(&out, err);
}

heft_status heft_read_stream(FILE *f, const char *name, char **text, size_t *n, heft_error *err)
{
    enum { MOST = 1 << 30, PIECE = 1 << 16 };
    size_t cap = 0, have = 0;
    char *p = NULL;
    for (;;) {
        if (have + PIECE >= cap) {
            cap = cap ? 2 * cap : 2 * PIECE;
            char *grown = have < MOST ? heft_realloc(p, cap) : NULL;
            if (!grown) {
                heft_free(p);
                return heft_nomem(err, name);
            }
            p = grown;
        }
        size_t got = fread(p + have, 1, PIECE, f);
        have += got;
        if (got < PIECE) break;
    }
    if (ferror(f)) {
        heft_free(p);
        return heft_fail(err, HEFT_E_IO, "reading %s: %s", name, strerror(errno));
    }
    p[have] = 0;
    *text = p;
    *n = have;
    return HEFT_OK;
}

heft_status heft_ids_parse(heft_ids *ids, const char *text, heft_error *err)
{
    static const char space[] = " \t\r\n\f\v";
    for (const char *p = text + strspn(text, space); *p; p += strspn(p, space)) {
        size_t length = strcspn(p, space);
        char *end;
        errno = 0;
        long long v = strtoll(p, &end, 10);
        if (end != p + length || errno || v < 0 || v > INT32_MAX)
            return heft_fail(err, HEFT_E_ARG, "'%s' is not a token id",
                             heft_show((heft_str){ p, length }).text);
        if (ids->n == ids->cap) {
            size_t cap = ids->cap ? 2 * ids->cap : 256;
            int32_t *grown = heft_realloc(ids->id, cap * sizeof *grown);
            if (!grown) return heft_nomem(err, "the ids");
            ids->id = grown;
            ids->cap = cap;
        }
        ids->id[ids->n++] = (int32_t)v;
        p = end;
    }
    return HEFT_OK;
}

/* ---- models and engines ---- */

heft_status heft_open_model(const heft_call *call, const char *path, heft_model **out,
                            heft_error *err)
{
    heft_model_options options = { .log = call->log };
    return heft_model_open(path, &options, out, err);
}

heft_status heft_shipped_model(const heft_call *call, char *out, size_t size, heft_error *err)
{
    static const char beside[] = "../share/heft/models";
    char folder[PATH_MAX];
    if (call->models) {
        if ((size_t)snprintf(folder, sizeof folder, "%s", call->models) >= sizeof folder)
            return heft_fail(err, HEFT_E_ARG, "HEFT_MODELS: the path is too long");
    } else {
        ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - sizeof beside);
        if (n < 0)
            return heft_fail(err, HEFT_E_IO, "/proc/self/exe: %s; set HEFT_MODELS",
                             strerror(errno));
        while (n > 0 && folder[n - 1] != '/')
            n--;
        memcpy(folder + n, beside, sizeof beside);
    }
    heft_status st = heft_path_join(out, size, folder, heft_str_of("fable"), err);
    if (st) return st;
    if (!heft_is_directory(out))
        return heft_fail(err, HEFT_E_IO,
                         "the model that ships is not at %s; name a model, or set HEFT_MODELS",
                         out);
    return HEFT_OK;
}

void heft_warn_mapped(const heft_call *call, const heft_plan *plan)
{
    int64_t left = plan->available - plan->total_private;
    if (plan->available < 0 || plan->weights_mapped <= left) return;
    int64_t missing = plan->weights_mapped - (left > 0 ? left : 0);
    int64_t cost = missing < plan->bytes_per_token ? missing : plan->bytes_per_token;
    heft_warn(&call->log,
              "the weights (%s) exceed the memory that is left for them (%s): up to %s are read "
              "from the disk again for every token",
              heft_show_bytes(plan->weights_mapped).text, heft_show_bytes(left > 0 ? left : 0).text,
              heft_show_bytes(cost).text);
}

heft_status heft_open_engine(const heft_call *call, const heft_model *m,
                             const heft_engine_options *options, heft_engine **out, heft_error *err)
{
    heft_plan plan;
    heft_status st = heft_engine_plan(m, options, &plan, err);
    if (st) return st;
    st = heft_engine_open(m, options, out, err);
    if (!st) heft_warn_mapped(call, &plan);
    return st;
}

/* ---- sampling ---- */

heft_status heft_start_sampling(const heft_model *m, heft_sampling *out, bool *recommended,
                                heft_error *err)
{
    *out = heft_sampling_default();
    if (getrandom(&out->seed, sizeof out->seed, 0) != (ssize_t)sizeof out->seed)
        return heft_fail(err, HEFT_E_IO, "getrandom: %s; give --seed", strerror(errno));
    *recommended = heft_model_sampling(m, out);
    return HEFT_OK;
}

void heft_say_sampling(const heft_sampling *s)
{
    if (!isatty(STDERR_FILENO)) return;
    (void)fprintf(stderr,
                  "heft: sampling as the release recommends where no option says otherwise: "
                  "temperature %g, top-k %d, top-p %g, min-p %g, repeat penalty %g\n",
                  (double)s->temperature, s->top_k, (double)s->top_p, (double)s->min_p,
                  (double)s->repeat_penalty);
}

/* ---- interrupts ---- */

static volatile sig_atomic_t interrupts; /* a signal handler can reach nothing else */

static void on_interrupt(int signal)
{
    (void)signal;
    if (interrupts++) _exit(130);
}

void heft_catch_interrupt(bool ends_read)
{
    struct sigaction action = { .sa_handler = on_interrupt,
                                .sa_flags = ends_read ? 0 : SA_RESTART };
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
}

bool heft_interrupted(void)
{
    return interrupts != 0;
}

void heft_forget_interrupt(void)
{
    interrupts = 0;
}

/* ---- amounts ---- */

static heft_amount amount(int64_t n, int64_t step, const char *const *unit, int32_t units)
{
    heft_amount a;
    int32_t u = 0;
    double v = (double)n;
    while (u + 1 < units && v >= (double)step) {
        v /= (double)step;
        u++;
    }
    if (u == 0)
        (void)snprintf(a.text, sizeof a.text, "%lld%s", (long long)n, unit[0]);
    else
        (void)snprintf(a.text, sizeof a.text, "%.*f%s", v < 100 ? 2 : 0, v, unit[u]);
    return a;
}

heft_amount heft_show_bytes(int64_t bytes)
{
    static const char *const unit[] = { " bytes", " KiB", " MiB", " GiB", " TiB" };
    return amount(bytes, 1024, unit, 5);
}

heft_amount heft_show_count(int64_t count)
{
    static const char *const unit[] = { "", " thousand", " million", " billion", " trillion" };
    return amount(count, 1000, unit, 5);
}

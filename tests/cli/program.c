/* Runs the program as a person or a script would, for tests. */
#define _POSIX_C_SOURCE 200809L /* fileno */
#include "cli/program.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST_WORDS = 64 };

static void become(int fd, int standard)
{
    int from = fd < 0 ? open("/dev/null", O_RDWR) : fd;
    if (from != standard && dup2(from, standard) < 0) _exit(126);
}

pid_t program_start(int in, int out, int err, const char *const *words)
{
    static char name[] = HEFT_PROGRAM;
    char *argv[MOST_WORDS + 2] = { name };
    size_t n = 0;
    while (words[n])
        n++;
    assert_true(n <= MOST_WORDS);
    memcpy(argv + 1, words, n * sizeof *argv); /* execv takes them without const */
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        become(in, STDIN_FILENO);
        become(out, STDOUT_FILENO);
        become(err, STDERR_FILENO);
        execv(name, argv);
        _exit(127);
    }
    return pid;
}

int program_wait(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

ran program_run(const char *in, size_t n, const char *const *words)
{
    ran r = { .code = -1 };
    FILE *f[3];
    for (int i = 0; i < 3; i++) {
        f[i] = tmpfile();
        assert_non_null(f[i]);
    }
    assert_int_equal(fwrite(in, 1, n, f[0]), n);
    rewind(f[0]);
    r.code = program_wait(program_start(fileno(f[0]), fileno(f[1]), fileno(f[2]), words));
    for (int i = 1; i < 3; i++) {
        char **text = i == 1 ? &r.out : &r.err;
        size_t *size = i == 1 ? &r.n_out : &r.n_err;
        *size = (size_t)lseek(fileno(f[i]), 0, SEEK_END);
        rewind(f[i]);
        *text = calloc(1, *size + 1);
        assert_int_equal(fread(*text, 1, *size, f[i]), *size);
    }
    for (int i = 0; i < 3; i++)
        (void)fclose(f[i]);
    return r;
}

void program_free(ran *r)
{
    free(r->out);
    free(r->err);
}

bool begins(const char *text, const char *with)
{
    return heft_str_begins(heft_str_of(text), with);
}

bool says(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* Runs the program as a person or a script would, for tests. */
#ifndef HEFT_TESTS_CLI_PROGRAM_H
#define HEFT_TESTS_CLI_PROGRAM_H

#include "base/str.h"

#include <stdbool.h>
#include <sys/types.h>

/* How one run went. Free with program_free. */
typedef struct {
    int code;        /* exit code, or 128 + the signal */
    char *out, *err; /* what it wrote, each with a NUL behind it */
    size_t n_out, n_err;
} ran;

/* Run heft with these words (ended by NULL) and n bytes on standard input. */
ran program_run(const char *in, size_t n, const char *const *words);
void program_free(ran *r);

/* Start heft with these file descriptors as its standard ones (-1: /dev/null). */
pid_t program_start(int in, int out, int err, const char *const *words);
/* Wait for it: its exit code, or 1000 + the signal that ended it. */
int program_wait(pid_t pid);

/* Does a text begin with this; does it have this in it? */
bool begins(const char *text, const char *with);
bool says(const char *text, const char *part);

/* RUN(in, word, ...): with a string on standard input. */
#define RUN(in, ...)                                                                               \
    program_run((in), heft_str_of(in).n, (const char *const[]){ __VA_ARGS__, NULL })

#endif

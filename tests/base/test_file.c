/* Files: what is mapped, read and joined, faults in mappings, and files written whole or not. */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE /* wait status macros beside fork */
#include "base/file.h"

#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[HEFT_SCRATCH_PATH];
enum { PATH = HEFT_SCRATCH_PATH + 64 };

static int set_up(void **state)
{
    (void)state;
    heft_scratch_open(dir);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    heft_scratch_close(dir);
    return 0;
}

static void put(const char *path, const char *data, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static int32_t files(void)
{
    int32_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    (void)closedir(d);
    return n;
}

static void a_file_is_mapped_and_read_as_it_is(void **state)
{
    (void)state;
    char path[PATH], *text = NULL;
    size_t n = 0;
    heft_map m;
    heft_scratch_file(dir, "bytes", path, sizeof path);
    put(path, "ab\0c", 4);
    assert_int_equal(heft_map_open(&m, path, NULL), HEFT_OK);
    assert_int_equal(m.size, 4);
    assert_memory_equal(m.data, "ab\0c", 4);
    assert_int_equal(heft_map_check(&m, NULL), HEFT_OK);
    heft_map_close(&m);
    heft_map_close(&m);
    assert_int_equal(heft_read_file(path, 4, &text, &n, NULL), HEFT_OK);
    assert_int_equal(n, 4);
    assert_memory_equal(text, "ab\0c", 5);
    heft_free(text);

    put(path, "", 0);
    assert_int_equal(heft_map_open(&m, path, NULL), HEFT_OK);
    assert_true(m.size == 0 && m.data == NULL);
    heft_map_close(&m);
    assert_int_equal(heft_read_file(path, 0, &text, &n, NULL), HEFT_OK);
    assert_true(n == 0 && text[0] == 0);
    heft_free(text);
}

static void what_is_no_readable_file_is_refused_by_name(void **state)
{
    (void)state;
    char path[PATH], *text = NULL;
    size_t n = 7;
    heft_map m;
    heft_error err = { 0 };
    const size_t before = heft_mem().bytes;
    heft_scratch_file(dir, "none", path, sizeof path);
    assert_int_equal(heft_map_open(&m, path, &err), HEFT_E_IO);
    assert_non_null(strstr(err.text, "none: No such file"));
    assert_int_equal(heft_read_file(path, 9, &text, &n, &err), HEFT_E_IO);
    assert_int_equal(heft_map_open(&m, dir, &err), HEFT_E_IO);
    assert_non_null(strstr(err.text, "is not a regular file"));
    assert_int_equal(heft_read_file(dir, 9, &text, &n, &err), HEFT_E_IO);
    assert_int_equal(heft_map_open(&m, "/dev/null", &err), HEFT_E_IO);
    heft_scratch_file(dir, "pipe", path, sizeof path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(heft_map_open(&m, path, &err), HEFT_E_IO); /* without waiting for a writer */
    assert_int_equal(heft_read_file(path, 9, &text, &n, &err), HEFT_E_IO);
    assert_int_equal(unlink(path), 0);
    heft_scratch_file(dir, "long", path, sizeof path);
    put(path, "12345", 5);
    assert_int_equal(heft_read_file(path, 4, &text, &n, &err), HEFT_E_FORMAT);
    assert_non_null(strstr(err.text, "long: is 5 bytes long, at most 4 are read"));
    assert_true(text == NULL && n == 7 && heft_mem().bytes == before);
}

static void paths_are_joined_where_they_fit_and_are_names(void **state)
{
    (void)state;
    char out[10] = "";
    heft_error err = { 0 };
    assert_int_equal(heft_path_join(out, 10, "dir", heft_str_of("12345"), NULL), HEFT_OK);
    assert_string_equal(out, "dir/12345");
    assert_int_equal(heft_path_join(out, 10, "dir", heft_str_of("123456"), &err), HEFT_E_ARG);
    assert_non_null(strstr(err.text, "longer than 9 bytes"));
    assert_int_equal(heft_path_join(out, 10, "0123456789", heft_str_of(""), &err), HEFT_E_ARG);
    assert_int_equal(heft_path_join(out, 10, "012345678", heft_str_of(""), &err), HEFT_E_ARG);
    assert_int_equal(heft_path_join(out, 10, "01234567", (heft_str){ NULL, 0 }, &err), HEFT_OK);
    assert_string_equal(out, "01234567/");
    assert_int_equal(heft_path_join(out, 10, "d", (heft_str){ "a\0b", 3 }, &err), HEFT_E_ARG);
    char big[6000], name[5000];
    memset(name, 'n', sizeof name);
    assert_int_equal(heft_path_join(big, sizeof big, "d", (heft_str){ name, 5000 }, NULL), HEFT_OK);
    assert_int_equal(strlen(big), 5002);
    assert_true(heft_is_directory(dir) && !heft_is_file(dir) && !heft_is_file("/nowhere"));
}

/* ---- a file that shrinks while it is mapped ---- */

static volatile uint64_t sum;

static void read_all(const heft_map *m)
{
    for (size_t i = 0; i < m->size; i += 512)
        sum += m->data[i];
}

/* 0: named, as it should be. */
static int shrink_under_guard(void)
{
    enum { SIZE = 40000 };
    static char data[SIZE];
    char path[PATH], other[PATH];
    heft_map m, whole;
    heft_error err = { 0 };
    memset(data, 1, sizeof data);
    heft_scratch_file(dir, "shrinks", path, sizeof path);
    heft_scratch_file(dir, "stays", other, sizeof other);
    put(path, data, SIZE);
    put(other, data, SIZE);
    heft_guard_mappings();
    heft_guard_mappings();
    if (heft_map_open(&m, path, NULL) || heft_map_open(&whole, other, NULL)) return 1;
    read_all(&m);
    if (heft_map_check(&m, NULL)) return 2;
    if (truncate(path, 5000)) return 3;
    read_all(&m);
    read_all(&whole);
    if (heft_map_check(&m, &err) != HEFT_E_IO) return 4;
    if (!strstr(err.text, "shrinks") || !strstr(err.text, "40000")) return 5;
    if (m.data[0] != 1 || m.data[SIZE - 1] != 0) return 6;
    if (heft_map_check(&whole, NULL)) return 7;
    heft_map_close(&m);
    if (heft_map_open(&m, other, NULL) || heft_map_check(&m, NULL)) return 8; /* its slot again */
    heft_map_close(&m);
    heft_map_close(&whole);
    return 0;
}

/* A fault that is not in a mapping of ours still ends the program. */
static int fault_elsewhere(void)
{
    (void)signal(SIGBUS, SIG_DFL);
    heft_guard_mappings();
    (void)raise(SIGBUS);
    return 0;
}

static volatile sig_atomic_t passed_on;

static void note(int sig)
{
    passed_on = sig;
}

static int fault_with_a_handler_before(void)
{
    struct sigaction act = { .sa_handler = note };
    if (sigaction(SIGBUS, &act, NULL)) return 1;
    heft_guard_mappings();
    (void)raise(SIGBUS);
    return passed_on == SIGBUS ? 0 : 2;
}

static int child(int (*f)(void))
{
    int status = 0;
    (void)fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(f());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_file_cut_while_mapped_is_an_error_naming_it_and_no_crash(void **state)
{
    (void)state;
    const int status = child(shrink_under_guard);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void other_faults_go_to_whoever_came_before(void **state)
{
    (void)state;
    int status = child(fault_with_a_handler_before);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#ifndef HEFT_SANITIZED
    status = child(fault_elsewhere);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
#else
    (void)fault_elsewhere;
#endif
}

/* ---- written whole or not at all ---- */

static void a_file_appears_complete_and_replaces_the_old_one(void **state)
{
    (void)state;
    char path[PATH], *text;
    size_t n;
    heft_out o;
    struct stat s;
    heft_scratch_file(dir, "out", path, sizeof path);
    put(path, "old", 3);
    const int32_t before = files();
    const mode_t mask = umask(027);
    assert_int_equal(heft_out_open(&o, path, NULL), HEFT_OK);
    (void)umask(mask);
    assert_int_equal(heft_out_write(&o, "new ", 4, NULL), HEFT_OK);
    assert_int_equal(heft_out_write(&o, "", 0, NULL), HEFT_OK);
    assert_int_equal(heft_read_file(path, 100, &text, &n, NULL), HEFT_OK);
    assert_string_equal(text, "old"); /* until the end */
    heft_free(text);
    assert_int_equal(heft_out_hole(&o, 3, NULL), HEFT_OK);
    assert_int_equal(heft_out_hole(&o, 100000, NULL), HEFT_OK);
    assert_int_equal(heft_out_write(&o, "end", 3, NULL), HEFT_OK);
    assert_int_equal(heft_out_commit(&o, NULL), HEFT_OK);
    heft_out_abandon(&o);
    assert_int_equal(heft_read_file(path, 1 << 20, &text, &n, NULL), HEFT_OK);
    assert_int_equal(n, 4 + 3 + 100000 + 3);
    assert_memory_equal(text, "new \0\0\0\0", 8);
    assert_string_equal(text + n - 3, "end");
    heft_free(text);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
    assert_int_equal(files(), before);
}

static void what_is_abandoned_leaves_nothing(void **state)
{
    (void)state;
    char path[PATH];
    heft_out o;
    heft_scratch_file(dir, "abandoned", path, sizeof path);
    const int32_t before = files();
    const size_t bytes = heft_mem().bytes;
    assert_int_equal(heft_out_open(&o, path, NULL), HEFT_OK);
    assert_int_equal(files(), before + 1);
    assert_int_equal(heft_out_write(&o, "x", 1, NULL), HEFT_OK);
    heft_out_abandon(&o);
    heft_out_abandon(&o);
    assert_true(files() == before && heft_mem().bytes == bytes);
}

static void two_writers_of_one_name_do_not_mix(void **state)
{
    (void)state;
    char path[PATH], *text;
    size_t n;
    heft_out a, b;
    heft_scratch_file(dir, "both", path, sizeof path);
    assert_int_equal(heft_out_open(&a, path, NULL), HEFT_OK);
    assert_int_equal(heft_out_open(&b, path, NULL), HEFT_OK);
    assert_int_equal(heft_out_write(&a, "aaa", 3, NULL), HEFT_OK);
    assert_int_equal(heft_out_write(&b, "bb", 2, NULL), HEFT_OK);
    assert_int_equal(heft_out_commit(&b, NULL), HEFT_OK);
    assert_int_equal(heft_out_commit(&a, NULL), HEFT_OK);
    assert_int_equal(heft_read_file(path, 100, &text, &n, NULL), HEFT_OK);
    assert_string_equal(text, "aaa");
    heft_free(text);
}

static void a_failure_to_write_is_said_and_leaves_nothing(void **state)
{
    (void)state;
    char path[PATH];
    heft_out o;
    heft_error err = { 0 };
    const size_t bytes = heft_mem().bytes;
    heft_scratch_file(dir, "none/file", path, sizeof path);
    assert_int_equal(heft_out_open(&o, path, &err), HEFT_E_IO);
    assert_non_null(strstr(err.text, "none/file: No such file"));

    heft_scratch_file(dir, "folder", path, sizeof path);
    assert_int_equal(mkdir(path, 0700), 0);
    int32_t before = files();
    assert_int_equal(heft_out_open(&o, path, &err), HEFT_E_IO);
    assert_non_null(strstr(err.text, "folder: is a directory, a file is expected"));
    assert_int_equal(rmdir(path), 0);

    assert_int_equal(heft_out_open(&o, path, &err), HEFT_OK);
    assert_int_equal(mkdir(path, 0700), 0); /* while it is written */
    assert_int_equal(heft_out_commit(&o, &err), HEFT_E_IO);
    assert_non_null(strstr(err.text, "folder"));
    assert_true(files() == before && heft_mem().bytes == bytes);
    assert_int_equal(rmdir(path), 0);
}

/* As root a rename would put a file where /dev/null was. */
static void a_device_or_a_pipe_is_never_replaced_by_a_file(void **state)
{
    (void)state;
    char path[PATH];
    struct stat s;
    heft_out o;
    heft_error err = { 0 };
    heft_scratch_file(dir, "pipe", path, sizeof path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(heft_out_open(&o, path, &err), HEFT_E_IO);
    assert_non_null(strstr(err.text, "pipe: is a device or a pipe, a file is expected"));
    assert_int_equal(stat(path, &s), 0);
    assert_true(S_ISFIFO(s.st_mode));
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_mapped_and_read_as_it_is),
        cmocka_unit_test(what_is_no_readable_file_is_refused_by_name),
        cmocka_unit_test(paths_are_joined_where_they_fit_and_are_names),
        cmocka_unit_test(a_file_cut_while_mapped_is_an_error_naming_it_and_no_crash),
        cmocka_unit_test(other_faults_go_to_whoever_came_before),
        cmocka_unit_test(a_file_appears_complete_and_replaces_the_old_one),
        cmocka_unit_test(what_is_abandoned_leaves_nothing),
        cmocka_unit_test(two_writers_of_one_name_do_not_mix),
        cmocka_unit_test(a_failure_to_write_is_said_and_leaves_nothing),
        cmocka_unit_test(a_device_or_a_pipe_is_never_replaced_by_a_file),
    };
    return cmocka_run_group_tests(tests, set_up, clean_up);
}

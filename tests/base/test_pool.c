/* The pool: every part is done once, by whoever is free, however many threads share a core. */
#define _DEFAULT_SOURCE /* fork, setrlimit */
#include "base/pool.h"

#include "base/bounds.h"
#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_PARTS = 5000 };

typedef struct {
    atomic_int count[MAX_PARTS];
    int64_t plain[MAX_PARTS]; /* not atomic: the end of a loop publishes it */
    int32_t threads;
    atomic_int wrong;
} board;

static void tick(void *arg, int32_t part, int32_t thread)
{
    board *b = arg;
    atomic_fetch_add(&b->count[part], 1);
    b->plain[part] += part;
    if (thread < 0 || thread >= b->threads) atomic_fetch_add(&b->wrong, 1);
}

static heft_pool *open_pool(int32_t threads)
{
    heft_pool *p = NULL;
    heft_error err = { 0 };
    if (heft_pool_open(threads, &p, &err)) fail_msg("%s", err.text);
    return p;
}

static void every_part_is_done_exactly_once_whatever_the_numbers(void **state)
{
    (void)state;
    static const int32_t threads[] = { 1, 2, 3, 8, 17 };
    static const int32_t parts[] = { 0, 1, 2, 3, 7, 8, 100, MAX_PARTS };
    static board b;
    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
        heft_pool *p = open_pool(threads[t]);
        assert_int_equal(heft_pool_threads(p), threads[t]);
        for (size_t n = 0; n < sizeof parts / sizeof parts[0]; n++) {
            memset(&b, 0, sizeof b);
            b.threads = threads[t];
            heft_pool_run(p, tick, &b, parts[n]);
            for (int32_t i = 0; i < MAX_PARTS; i++) {
                assert_int_equal(atomic_load(&b.count[i]), i < parts[n]);
                assert_int_equal(b.plain[i], i < parts[n] ? i : 0);
            }
            assert_int_equal(atomic_load(&b.wrong), 0);
        }
        heft_pool_close(p);
    }
}

/* Ends of one loop and beginnings of the next race as hard as they can. */
static void short_loops_may_follow_each_other_at_once(void **state)
{
    (void)state;
    static board b;
    const int32_t threads[] = { 2, 8 };
    for (int32_t t = 0; t < 2; t++) {
        heft_pool *p = open_pool(threads[t]);
        memset(&b, 0, sizeof b);
        b.threads = threads[t];
        int32_t loops[6] = { 0 };
        for (int32_t i = 0; i < 10000; i++) {
            heft_pool_run(p, tick, &b, 1 + i % 5);
            loops[1 + i % 5]++;
        }
        for (int32_t part = 0, times = 10000; part < 5; times -= loops[++part])
            assert_int_equal(atomic_load(&b.count[part]), times);
        assert_int_equal(atomic_load(&b.wrong), 0);
        heft_pool_close(p);
    }
}

static void nap(long ms)
{
    const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    (void)nanosleep(&t, NULL);
}

/* No thread can finish the loop alone: each part waits until all have begun. */
typedef struct {
    atomic_int begun;
    int32_t parts;
} meeting;

static void meet(void *arg, int32_t part, int32_t thread)
{
    meeting *m = arg;
    (void)part;
    (void)thread;
    atomic_fetch_add(&m->begun, 1);
    while (atomic_load(&m->begun) < m->parts)
        nap(1);
}

static void sleeping_threads_wake_up_and_all_take_part(void **state)
{
    (void)state;
    enum { THREADS = 6 };
    heft_pool *p = open_pool(THREADS);
    for (int32_t round = 0; round < 5; round++) {
        meeting m = { .parts = THREADS };
        nap(20); /* long enough that every thread sleeps */
        heft_pool_run(p, meet, &m, THREADS);
    }
    for (int32_t i = 0; i < THREADS; i++)
        assert_int_equal(heft_pool_done(p, i), 5);
    heft_pool_close(p);
}

static void slow_part(void *arg, int32_t part, int32_t thread)
{
    (void)arg;
    (void)thread;
    if (part == 0) nap(30);
}

static void the_caller_waits_for_the_slowest_part(void **state)
{
    (void)state;
    heft_pool *p = open_pool(2);
    for (int32_t i = 0; i < 3; i++) {
        struct timespec a, b;
        (void)clock_gettime(CLOCK_MONOTONIC, &a);
        heft_pool_run(p, slow_part, NULL, 2);
        (void)clock_gettime(CLOCK_MONOTONIC, &b);
        assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 29);
    }
    assert_int_equal(heft_pool_done(p, 0) + heft_pool_done(p, 1), 6);
    heft_pool_close(p);
}

static void one_part_or_one_thread_is_done_by_the_caller(void **state)
{
    (void)state;
    static board b = { .threads = 1 }; /* any other thread counts as wrong */
    heft_pool *p = open_pool(3), *one = open_pool(1);
    for (int32_t i = 0; i < 100; i++)
        heft_pool_run(p, tick, &b, 1);
    heft_pool_run(one, tick, &b, 50);
    assert_int_equal(atomic_load(&b.wrong), 0);
    assert_int_equal(heft_pool_done(p, 0), 100);
    assert_int_equal(heft_pool_done(one, 0), 50);
    heft_pool_close(one);
    heft_pool_close(p);
}

static void a_pool_takes_the_bytes_it_says_and_a_loop_takes_none(void **state)
{
    (void)state;
    static board b = { .threads = 4 };
    const size_t before = heft_mem().bytes;
    heft_pool *p = open_pool(4);
    assert_int_equal(heft_mem().bytes - before, heft_pool_bytes(4));
    const uint64_t calls = heft_mem().calls;
    heft_pool_run(p, tick, &b, 64);
    assert_int_equal(heft_mem().calls, calls);
    heft_pool_close(p);
    heft_pool_close(NULL);
    assert_int_equal(heft_mem().bytes, before);
}

/* ---- misuse and refusal, in a child ---- */

static int child(void (*f)(void))
{
    int status = 0;
    (void)fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)fclose(stderr);
        f();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

#ifndef NDEBUG
static void nest(void *arg, int32_t part, int32_t thread)
{
    (void)part;
    (void)thread;
    heft_pool_run(arg, meet, &(meeting){ .parts = 1 }, 1);
}

static void run_nested(void)
{
    const struct rlimit no_core = { 0 };
    (void)setrlimit(RLIMIT_CORE, &no_core);
    heft_pool *p = NULL;
    if (heft_pool_open(1, &p, NULL)) _exit(1);
    heft_pool_run(p, nest, p, 2);
}
#endif

static void a_loop_inside_a_loop_is_a_defect_of_the_program(void **state)
{
    (void)state;
#ifndef NDEBUG
    const int status = child(run_nested);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
#endif
}

/* 0: refused in words; 2: this system's limit did not bite. */
static void open_without_memory_for_stacks(void)
{
    const struct rlimit little = { .rlim_cur = 48 << 20, .rlim_max = 48 << 20 };
    heft_pool *p = NULL;
    heft_error err = { 0 };
    const size_t before = heft_mem().bytes;
    if (setrlimit(RLIMIT_AS, &little)) _exit(2);
    if (heft_pool_open(HEFT_MAX_THREADS, &p, &err) == HEFT_OK) _exit(2);
    const bool named = strstr(err.text, "threads of 256") || strstr(err.text, "out of memory");
    _exit(named && !p && heft_mem().bytes == before ? 0 : 1);
}

static void a_system_without_threads_to_give_is_named(void **state)
{
    (void)state;
    const int status = child(open_without_memory_for_stacks);
#ifdef HEFT_SANITIZED
    skip(); /* they need more address space than the limit leaves */
#endif
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_done_exactly_once_whatever_the_numbers),
        cmocka_unit_test(short_loops_may_follow_each_other_at_once),
        cmocka_unit_test(sleeping_threads_wake_up_and_all_take_part),
        cmocka_unit_test(the_caller_waits_for_the_slowest_part),
        cmocka_unit_test(one_part_or_one_thread_is_done_by_the_caller),
        cmocka_unit_test(a_pool_takes_the_bytes_it_says_and_a_loop_takes_none),
        cmocka_unit_test(a_loop_inside_a_loop_is_a_defect_of_the_program),
        cmocka_unit_test(a_system_without_threads_to_give_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

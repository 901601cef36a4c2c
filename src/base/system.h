/* What the machine has, and what of it this process may use. */
#ifndef HEFT_BASE_SYSTEM_H
#define HEFT_BASE_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* Seconds since some moment, never backwards. */
double heft_seconds(void);

/* A number that nobody outside of this process can foresee: a key for hash tables. */
uint64_t heft_secret(void);

/* What the processor calls itself, in out (size > 0), cut short where it must be; "unknown" where
 * the system does not say. */
void heft_processor(char *out, size_t size);

/* Cores this process may run on (affinity, control groups), 1 .. HEFT_MAX_THREADS. */
int32_t heft_cores(void);

/* Bytes a program may still take: the least of the system's available memory and the limits of the
 * control groups this process is in; -1: unknown. */
int64_t heft_memory_available(void);

/* The tightest limit of the control groups, versions 1 and 2, that `self` (a file like
 * /proc/self/cgroup) names under `mount`, and of all groups around them: cores rounded up, bytes;
 * -1: none. */
int64_t heft_group_cores(const char *self, const char *mount);
int64_t heft_group_memory(const char *self, const char *mount);

#endif

/* What the machine has. */
#ifndef HEFT_BASE_SYSTEM_H
#define HEFT_BASE_SYSTEM_H

#include <stdint.h>

/* Bytes a program may still take: the least of the system's available memory and the limits of the
 * control groups this process is in; -1: unknown. */
int64_t heft_memory_available(void);

#endif

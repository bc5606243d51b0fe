/* SPDX-License-Identifier: BSD-2-Clause
 *
 * clock.h - the kernel's clocks as numbers of nanoseconds, for measuring and for time stamps. Any thread.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t
clock_ns_of(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Since some moment; never goes back. */
static inline uint64_t
clock_ns(void)
{
	return clock_ns_of(CLOCK_MONOTONIC);
}

/* Since 1970. */
static inline uint64_t
clock_real_ns(void)
{
	return clock_ns_of(CLOCK_REALTIME);
}

/* Processor time of this thread. */
static inline uint64_t
clock_thread_ns(void)
{
	return clock_ns_of(CLOCK_THREAD_CPUTIME_ID);
}

/* Processor time of this process. */
static inline uint64_t
clock_process_ns(void)
{
	return clock_ns_of(CLOCK_PROCESS_CPUTIME_ID);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * usage.h - processor time and memory of service sets, for `show services service-sets cpu-usage | memory-usage`.
 *
 * Workers know how long they were busy, and SAs what went through them; a sample every few seconds divides the
 * former by the latter. So the share of a set is an estimate, the sum is measured. Main thread.
 */
#ifndef USAGE_H
#define USAGE_H

#include "daemon/picd/workers.h"

#include <stdint.h>

struct picd;

enum { USAGE_FIRST_MS = 100, USAGE_INTERVAL_MS = 5000 };

struct usage {
	uint64_t at_ms;      /* of the last sample; 0: there was none */
	uint64_t busy_ns;    /* of all workers since they started */
	uint64_t process_ns; /* of the whole process */
	/* Between the last two samples. */
	uint64_t interval_ns; /* 0: there were not two of them */
	uint64_t workers_ns;
	uint64_t other_ns; /* main thread */
	uint64_t weight;   /* of the traffic of all sets */
	uint64_t worker_ns[CREW_MAX];
	uint64_t worker_seen_ns[CREW_MAX]; /* since it started */
};

/* Takes a sample. */
void usage_sample(struct picd *p);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tally.h - drops by reason, counted by every worker for itself and summed when somebody asks.
 *
 * A tally belongs to a service set, a tunnel or the process. Worker I writes only its own row, without locks, and makes
 * it when it drops its first packet there: of ten thousand tunnels few ever drop one. The main thread reads all rows and
 * remembers where it "cleared" them, so that a clear never races with a count. Made and freed by the main thread.
 */
#ifndef TALLY_H
#define TALLY_H

#include "lib/esp/drop.h"

#include <stdatomic.h>
#include <stdint.h>

struct tally {
	unsigned n_workers;
	uint64_t *cleared; /* main thread: what the sums were at the last clear; NULL: nothing */
	_Atomic(struct drop_counts *) by_worker[]; /* NULL: it has dropped nothing */
};

struct tally *tally_new(unsigned n_workers);
void tally_free(struct tally *t); /* NULL is fine */

/* Adds one on worker WORKER's thread. T may be NULL: nobody counts this. */
void tally_count(struct tally *t, unsigned worker, enum drop reason);

/* Adds what was counted since the last clear to OUT. Main thread. */
void tally_sum(const struct tally *t, uint64_t out[DROP_MAX]);
void tally_clear(struct tally *t);

/* Adds drops by reason to the columns of the statistics display. */
void tally_columns(const uint64_t drops[DROP_MAX], uint64_t out[STAT_MAX]);

#endif

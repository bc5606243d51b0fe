/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tally.c - drop counters of many writers; see tally.h.
 *
 * Allocation happens when a service set or tunnel is configured, never per packet.
 */
#include "daemon/picd/tally.h"

#include <stdlib.h>

struct tally *
tally_new(unsigned n_workers)
{
	struct tally *t = calloc(1, sizeof(*t) + n_workers * sizeof(t->by_worker[0]));
	if (t == NULL)
		abort();
	t->n_workers = n_workers;
	return t;
}

void
tally_free(struct tally *t)
{
	free(t);
}

void
tally_count(struct tally *t, unsigned worker, enum drop reason)
{
	if (t != NULL)
		drop_count(&t->by_worker[worker], reason);
}

static uint64_t
total(const struct tally *t, unsigned reason)
{
	uint64_t sum = 0;
	for (unsigned w = 0; w < t->n_workers; w++)
		sum += atomic_load_explicit(&t->by_worker[w].n[reason], memory_order_relaxed);
	return sum;
}

void
tally_sum(const struct tally *t, uint64_t out[DROP_MAX])
{
	for (unsigned r = 0; r < DROP_MAX; r++)
		out[r] += total(t, r) - t->cleared[r];
}

void
tally_clear(struct tally *t)
{
	for (unsigned r = 0; r < DROP_MAX; r++)
		t->cleared[r] = total(t, r);
}

void
tally_columns(const uint64_t drops[DROP_MAX], uint64_t out[STAT_MAX])
{
	for (unsigned r = 0; r < DROP_MAX; r++)
		out[drop_info((enum drop)r)->column] += drops[r];
}

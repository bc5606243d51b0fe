/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tally.c - drop counters of many writers; see tally.h.
 *
 * A row is half a kilobyte, so a worker takes one from the heap with the first packet that it drops on a tunnel, once
 * in the tunnel's life; every later drop is an addition.
 */
#include "daemon/picd/tally.h"

#include <stdbool.h>
#include <stdlib.h>

struct tally *
tally_new(unsigned n_workers)
{
	struct tally *t = calloc(1, sizeof(*t) + n_workers * sizeof(t->by_worker[0]));
	if (t == NULL)
		abort();
	t->n_workers = n_workers;
	for (unsigned i = 0; i < n_workers; i++)
		atomic_init(&t->by_worker[i], NULL);
	return t;
}

static struct drop_counts *
row_get(const struct tally *t, unsigned worker)
{
	return atomic_load_explicit(&t->by_worker[worker], memory_order_acquire);
}

void
tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->n_workers; i++)
		free(row_get(t, i));
	free(t->cleared);
	free(t);
}

void
tally_count(struct tally *t, unsigned worker, enum drop reason)
{
	if (t == NULL)
		return;
	struct drop_counts *row =
	    atomic_load_explicit(&t->by_worker[worker], memory_order_relaxed); /* our own */
	if (row == NULL) {
		row = calloc(1, sizeof(*row));
		if (row == NULL)
			return; /* packets go on without being counted */
		atomic_store_explicit(&t->by_worker[worker], row, memory_order_release);
	}
	drop_count(row, reason);
}

static uint64_t
total(const struct tally *t, unsigned reason)
{
	uint64_t sum = 0;
	for (unsigned w = 0; w < t->n_workers; w++) {
		const struct drop_counts *row = row_get(t, w);
		if (row != NULL)
			sum += atomic_load_explicit(&row->n[reason], memory_order_relaxed);
	}
	return sum;
}

void
tally_sum(const struct tally *t, uint64_t out[DROP_MAX])
{
	for (unsigned r = 0; r < DROP_MAX; r++)
		out[r] += total(t, r) - (t->cleared != NULL ? t->cleared[r] : 0);
}

static bool
is_empty(const struct tally *t)
{
	for (unsigned w = 0; w < t->n_workers; w++)
		if (row_get(t, w) != NULL)
			return false;
	return true;
}

void
tally_clear(struct tally *t)
{
	if (is_empty(t))
		return;
	if (t->cleared == NULL)
		t->cleared = calloc(DROP_MAX, sizeof(*t->cleared));
	if (t->cleared == NULL)
		abort();
	for (unsigned r = 0; r < DROP_MAX; r++)
		t->cleared[r] = total(t, r);
}

void
tally_columns(const uint64_t drops[DROP_MAX], uint64_t out[STAT_MAX])
{
	for (unsigned r = 0; r < DROP_MAX; r++)
		out[drop_info((enum drop)r)->column] += drops[r];
}
